//! `POST /indexes/{code}/editions/{year}/copy`: an edition that starts as a copy of another.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::Body,
    crud::{self, Exposed, NoQuery},
    edition_parts::{CohortBody, cohort, text},
    editions::{EditionView, key},
    endpoints::Endpoints,
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::text::clean,
    service::{
        edition_copies::{Copying, copy},
        editions::Editions,
    },
};

/// Where the copy goes, and what shall differ.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to_year": 2017, "framework": "pci-2017"}))]
pub struct CopyInput {
    /// Data year of the new edition.
    pub to_year: i32,
    /// The index of the new edition; the same when absent.
    #[serde(default)]
    pub to_index_code: Option<String>,
    /// Id of the new edition's framework; the same when absent, which keeps deltas comparable.
    #[serde(default)]
    pub framework: Option<String>,
    /// Cohorts of the new edition; the same when absent.
    #[serde(default)]
    pub cohorts: Option<Vec<CohortBody>>,
}

/// Copy an edition
///
/// Makes a draft of another year, or of another index, with the same criteria, bands and rules, and without scores.
/// Of the cohorts that are kept, one that is of the units of a day (`as_of`) becomes one of those at the end of the
/// new year. Refused when there is an edition of that year.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year of the edition that is copied.", minimum = 1900, maximum = 2999)), request_body = CopyInput, responses((status = 201, description = "The new edition.", body = EditionView)))]
#[post("/indexes/{code}/editions/{year}/copy")]
pub async fn copy_edition(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let key = key(&state, &path).await?;
    let (from, input, NoQuery {}): (_, CopyInput, NoQuery) =
        crud::read_about::<Editions, _, _>(&state, &request, &key, body).await?;
    let copying = Copying {
        from,
        to_index_code: text(input.to_index_code),
        to_year: input.to_year,
        framework: input.framework.as_deref().map(clean),
        cohorts: input.cohorts.map(|cohorts| cohorts.into_iter().map(cohort).collect()),
    };
    let made = copy(&state.store, state.context(), copying).await?;
    let today = state.today();
    let tag = crud::tag::<Editions>(&made, today);
    Ok(respond::created(&Editions::location(&made.record), tag, &Editions::view(made, today)))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(copy_edition);
}
