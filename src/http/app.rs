//! Which addresses there are: one list, which serves and documents alike.

use actix_web::{HttpResponse, Scope, web};
use utoipa::openapi::OpenApi;

use super::{
    api_keys, audit, batches, calendars, changes, clock_rules, code_lists, commendations, comparisons,
    completeness, crud::API, deadlines, distributions, document, dossier_events, dossier_exports,
    dossier_imports, dossier_statistics, dossier_transfers, dossiers, dvcqg, edition_copies, edition_cycle,
    editions, endpoints::Endpoints, explanations, form_06a, form_reports, imports, improvement_actions,
    index_score_exports, index_scores, indexes, latest_rankings, operations, problem::Problem, procedures,
    rank_targets, rankings, recompute, record_scores, reported_figures, returns, reviews, robustness,
    routes::Route, score_imports, series, simulations, snapshots, unit_profiles, unit_scores, units,
    webhook_deliveries, webhooks,
};

/// The files with endpoints below `API`; their addresses are tried in this order, so that those that are asked most
/// come first.
const FILES: [fn(&mut Endpoints<'_>); 49] = [
    dossier_exports::configure,
    batches::configure,
    dossier_statistics::configure,
    dossiers::configure,
    latest_rankings::configure,
    rankings::configure,
    units::configure,
    dossier_imports::configure,
    imports::configure,
    dossier_events::configure,
    dossier_transfers::configure,
    dvcqg::configure,
    distributions::configure,
    series::configure,
    comparisons::configure,
    unit_profiles::configure,
    code_lists::configure,
    score_imports::configure,
    explanations::configure,
    simulations::configure,
    rank_targets::configure,
    robustness::configure,
    reviews::configure,
    indexes::configure,
    editions::configure,
    edition_cycle::configure,
    unit_scores::configure,
    completeness::configure,
    edition_copies::configure,
    record_scores::configure,
    index_score_exports::configure,
    index_scores::configure,
    commendations::configure,
    reported_figures::configure,
    improvement_actions::configure,
    calendars::configure,
    recompute::configure,
    procedures::configure,
    deadlines::configure,
    form_06a::configure,
    form_reports::configure,
    returns::configure,
    clock_rules::configure,
    api_keys::configure,
    changes::configure,
    snapshots::configure,
    audit::configure,
    webhooks::configure,
    webhook_deliveries::configure,
];

/// Answers at every documented address.
pub fn configure(config: &mut web::ServiceConfig) {
    operations::configure(&mut Endpoints::Served(config));
    let add = |all: Scope, file: &fn(&mut Endpoints<'_>)| {
        all.configure(|config| file(&mut Endpoints::Served(config)))
    };
    config.service(FILES.iter().fold(web::scope(API), add));
}

/// Describes every address in the document.
pub fn describe(mut document: OpenApi) -> OpenApi {
    operations::configure(&mut Endpoints::Described(&mut document));
    let mut api = OpenApi::default();
    for file in FILES {
        file(&mut Endpoints::Described(&mut api));
    }
    document.nest(API, api)
}

/// What answers where no address does.
pub async fn fallback() -> Result<HttpResponse, Problem> {
    Err(nothing_at(&Route::default()))
}

/// 404, or 405 with `Allow` where the address has other methods.
pub fn nothing_at(route: &Route) -> Problem {
    match route.pattern {
        Some(pattern) => Problem::method_not_allowed(document::methods_of(pattern)),
        None => Problem::new(
            "unknown_route",
            "There is nothing at this address; /docs lists what there is.",
            "Không có gì tại địa chỉ này; xem /docs để biết các địa chỉ hiện có.",
        ),
    }
}

/// Path parameters that can't be read are addresses that don't exist.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, _| {
        Problem::new("unknown_route", "The address can't be read.", "Địa chỉ không đọc được.").into()
    })
}
