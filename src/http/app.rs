//! Which addresses there are: one list, which serves and documents alike.

use actix_web::{HttpResponse, web};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::{
    api_keys, audit, batches, calendars, changes, clock_rules, code_lists, commendations, comparisons,
    completeness, crud::API, deadlines, distributions, dossier_events, dossier_exports, dossier_imports,
    dossier_statistics, dossier_transfers, dossiers, dvcqg, edition_copies, edition_cycle, editions,
    explanations, form_06a, form_reports, imports, improvement_actions, index_score_exports, index_scores,
    indexes, latest_rankings, openapi, operations, problem::Problem, procedures, rank_targets, rankings,
    recompute, record_scores, reported_figures, returns, reviews, robustness, routes::Route, score_imports,
    series, simulations, snapshots, unit_profiles, unit_scores, units, webhook_deliveries, webhooks,
};

/// Every documented address; they are tried in this order, so that those that are asked most come first.
pub fn configure(config: &mut ServiceConfig) {
    config.configure(operations::configure).service(
        scope::scope(API)
            .configure(dossier_exports::configure)
            .configure(batches::configure)
            .configure(dossier_statistics::configure)
            .configure(dossiers::configure)
            .configure(latest_rankings::configure)
            .configure(rankings::configure)
            .configure(units::configure)
            .configure(dossier_imports::configure)
            .configure(imports::configure)
            .configure(dossier_events::configure)
            .configure(dossier_transfers::configure)
            .configure(dvcqg::configure)
            .configure(distributions::configure)
            .configure(series::configure)
            .configure(comparisons::configure)
            .configure(unit_profiles::configure)
            .configure(code_lists::configure)
            .configure(score_imports::configure)
            .configure(explanations::configure)
            .configure(simulations::configure)
            .configure(rank_targets::configure)
            .configure(robustness::configure)
            .configure(reviews::configure)
            .configure(indexes::configure)
            .configure(editions::configure)
            .configure(edition_cycle::configure)
            .configure(unit_scores::configure)
            .configure(completeness::configure)
            .configure(edition_copies::configure)
            .configure(record_scores::configure)
            .configure(index_score_exports::configure)
            .configure(index_scores::configure)
            .configure(commendations::configure)
            .configure(reported_figures::configure)
            .configure(improvement_actions::configure)
            .configure(calendars::configure)
            .configure(recompute::configure)
            .configure(procedures::configure)
            .configure(deadlines::configure)
            .configure(form_06a::configure)
            .configure(form_reports::configure)
            .configure(returns::configure)
            .configure(clock_rules::configure)
            .configure(api_keys::configure)
            .configure(changes::configure)
            .configure(snapshots::configure)
            .configure(audit::configure)
            .configure(webhooks::configure)
            .configure(webhook_deliveries::configure),
    );
}

/// What answers where no address does.
pub async fn fallback() -> Result<HttpResponse, Problem> {
    Err(nothing_at(&Route::default()))
}

/// 404, or 405 with `Allow` where the address has other methods.
pub fn nothing_at(route: &Route) -> Problem {
    match route.pattern {
        Some(pattern) => Problem::method_not_allowed(openapi::methods_of(pattern)),
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
