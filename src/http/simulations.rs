//! `/indexes/{code}/rankings/{year}/simulations`: a ranking as it would be with other scores.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::Body,
    endpoints::Endpoints,
    problem::Problem,
    ranking_queries::{self, RankingQuery},
    rankings::RankingBody,
    respond,
    schema::DecimalText,
    state::AppState,
};
use crate::{
    domain::text::clean,
    service::{error::Error, ranking_details, simulations::Change},
};

/// A score as it would be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulatedChange {
    /// The unit.
    pub unit_id: String,
    /// The criterion, at any level of the tree; null for the total.
    #[serde(default)]
    pub criterion: Option<String>,
    /// The score.
    pub score: DecimalText,
}

/// What would be otherwise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"changes": [{"unit_id": "gso-87", "criterion": "transparency", "score": 7.5}]}))]
pub struct SimulationInput {
    /// The changed scores; none gives the ranking as it is.
    pub changes: Vec<SimulatedChange>,
}

/// Try other scores
///
/// The ranking as it would be if some scores were others. Nothing is stored, and published editions can be tried
/// too. A changed criterion moves what is stored above it, a criterion or the total, by what it gives: the residual
/// of a stored total stays. A score that is named in the changes is taken as it is.
#[utoipa::path(
    tag = "rankings",
    params(
        ("code" = String, Path, description = "Code of the index."),
        ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999),
        RankingQuery,
    ),
    request_body = SimulationInput,
    responses((status = 200, description = "The standings, with `simulated` true.", body = RankingBody))
)]
#[post("/indexes/{code}/rankings/{year}/simulations")]
pub async fn simulate_ranking(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (question, with_components, input): (_, _, SimulationInput) =
        ranking_queries::read_about(&state, &request, path.into_inner(), body).await?;
    let changes = input.changes.into_iter().enumerate();
    let changes = changes.map(|(i, change)| self::change(i, change)).collect::<Result<_, _>>()?;
    let detailed = ranking_details::simulation(&state.store, question, changes).await?;
    let body = RankingBody { simulated: true, ..RankingBody::new(&detailed, with_components) };
    Ok(respond::computed(&request, &body))
}

fn change(i: usize, input: SimulatedChange) -> Result<Change, Error> {
    Ok(Change {
        unit_id: clean(&input.unit_id),
        criterion: input.criterion.as_deref().map(clean),
        score: input.score.exact(&format!("/changes/{i}/score"))?,
    })
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(simulate_ranking);
}
