//! `/indexes/{code}/rankings/latest`: the ranking of the last published data year.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::{
    body::Query,
    editions::index_of_path,
    endpoints::Endpoints,
    json_stat::Dataset,
    problem::Problem,
    ranking_queries::RankingFileQuery,
    rankings::{self, RankingBody},
    state::AppState,
};
use crate::service::edition_cycle::{self, Asked, Which};

/// Get the latest ranking
///
/// The ranking of the last data year that was published (by `as_of`, where that is given), with the parameters and the
/// body of any other.
#[utoipa::path(
    tag = "rankings",
    params(("code" = String, Path, description = "Code of the index."), RankingFileQuery),
    responses((status = 200, description = "The standings.", content(
        (RankingBody = "application/json"),
        (Dataset = "application/vnd.json-stat+json"),
        (String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )))
)]
#[get("/indexes/{code}/rankings/latest")]
pub async fn get_latest_ranking(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    query: Result<Query<RankingFileQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let index = index_of_path(&state, &code).await?;
    let asked = match &query {
        Ok(Query(query)) => super::edition_cycle::asked(
            query.revision.as_deref(),
            query.as_of.as_deref(),
            Which::Current,
            state.rights(),
        )?,
        Err(_) => Asked::default(),
    };
    let year = edition_cycle::last_published_year(&state.store, index, asked).await?;
    rankings::answer(&state, &request, &code, &year.to_string(), query).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_latest_ranking);
}
