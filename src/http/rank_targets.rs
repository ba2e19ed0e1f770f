//! `/indexes/{code}/rankings/{year}/targets`: what it takes to reach a rank or a band.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::Body,
    endpoints::Endpoints,
    problem::Problem,
    ranking_queries::{self, RankingQuery},
    respond,
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{decimal::Exact, index_scores::ScoreStage, text::clean},
    service::{
        error::Error,
        rank_targets::{CriterionTarget, Goal, OutOfReach, Target},
        ranking_details,
        ranking_reports::RankingReport,
    },
};

/// Where a unit shall stand: a rank or a band, one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"unit_id": "gso-87", "rank": 2}))]
pub struct TargetInput {
    /// The unit; it has a rank.
    pub unit_id: String,
    /// This rank or a better one, from 1 to the number of ranked units.
    #[serde(default)]
    pub rank: Option<u32>,
    /// The label of this band, or a higher one.
    #[serde(default)]
    pub band: Option<String>,
}

/// What one criterion alone could do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CriterionTarget)]
pub struct CriterionTargetBody {
    /// Code of the criterion.
    pub criterion: String,
    /// Its Vietnamese name.
    pub name: String,
    /// Code of the criterion above; null for an area.
    pub parent: Option<String>,
    /// The most that it can have, without the points of what does not apply to the unit; null where that is not bounded.
    pub maximum: Option<Number>,
    /// The score that it has, rounded; null where it has none.
    pub score: Option<Number>,
    /// The same, every digit.
    pub score_exact: Option<String>,
    /// Whether this criterion alone could give the goal.
    pub possible: bool,
    /// Why not.
    pub impossible_because: Option<OutOfReach>,
    /// The score nearest to the present one that gives the goal, rounded: the least, or the most where less is better.
    pub score_needed: Option<Number>,
    /// The same, every digit: applied as a simulation it gives the goal.
    pub score_needed_exact: Option<String>,
}

impl CriterionTargetBody {
    fn new(target: &CriterionTarget, decimals: u8) -> Self {
        let needed = target.needed.as_ref().ok();
        Self {
            criterion: target.criterion.clone(),
            name: target.name.clone(),
            parent: target.parent.clone(),
            maximum: target.maximum.as_ref().map(Number::exact),
            score: target.score.as_ref().map(|score| Number::rounded(score, decimals)),
            score_exact: target.score.as_ref().map(ToString::to_string),
            possible: needed.is_some(),
            impossible_because: target.needed.as_ref().err().copied(),
            score_needed: needed.map(|score| Number::rounded(score, decimals)),
            score_needed_exact: needed.map(ToString::to_string),
        }
    }
}

/// What it takes to reach a rank or a band, every other score staying as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RankTarget, example = json!({
    "index_code": "pci", "year": 2016, "cohort": "provinces", "stage": "final", "decimals": 2, "unit_id": "gso-87",
    "unit_name": "Tỉnh Đồng Tháp", "rank": 3, "band": "Rất tốt", "score": 64.96, "score_exact": "64.9552993774414",
    "target": {"rank": 2, "band": null}, "reached": false, "gain": 0.65, "gain_exact": "0.6494006225586",
    "score_needed": 65.60, "score_needed_exact": "65.6047", "score_maximum": 100, "score_maximum_exact": "100",
    "unreachable_because": null,
    "criteria": [{"criterion": "transparency", "name": "Tính minh bạch", "parent": null, "maximum": 10, "score": 6.62,
        "score_exact": "6.62", "possible": true, "impossible_because": null, "score_needed": 6.94,
        "score_needed_exact": "6.9447003112793"}]
}))]
pub struct TargetBody {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// Code of the cohort.
    pub cohort: String,
    /// Stage of the scores.
    pub stage: ScoreStage,
    /// Decimals of the rounded numbers.
    pub decimals: u8,
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Its rank.
    pub rank: u32,
    /// The band that its exact score lies in.
    pub band: Option<String>,
    /// Its score, rounded.
    pub score: Number,
    /// Its score, every digit.
    pub score_exact: String,
    /// What is wanted.
    pub target: TargetGoal,
    /// Whether it is so already.
    pub reached: bool,
    /// The least gain of the total, rounded; 0 when the target is reached.
    pub gain: Number,
    /// The same, every digit.
    pub gain_exact: String,
    /// The least total that reaches it, rounded; null when any does.
    pub score_needed: Option<Number>,
    /// The same, every digit.
    pub score_needed_exact: Option<String>,
    /// The most that the unit's total can be, with all that applies to it and counts at its maximum, rounded as its
    /// score is; null where that is not bounded.
    pub score_maximum: Option<Number>,
    /// The same, every digit.
    pub score_maximum_exact: Option<String>,
    /// Why no total can reach it.
    pub unreachable_because: Option<OutOfReach>,
    /// What each criterion alone could do, areas and those below them; empty when the target is reached.
    pub criteria: Vec<CriterionTargetBody>,
}

/// A rank or a band.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetGoal {
    /// The rank.
    pub rank: Option<u32>,
    /// The label of the band.
    pub band: Option<String>,
}

impl TargetBody {
    fn new(report: &RankingReport, unit_id: &str, goal: &Goal, target: &Target) -> Option<Self> {
        let edition = &report.sheet.edition;
        let decimals = edition.decimals;
        let standing = report.ranking.standings.iter().find(|s| s.unit_id == unit_id)?;
        let rounded = |value: &Exact| Number::rounded(value, decimals);
        Some(Self {
            index_code: edition.index_code.clone(),
            year: edition.year,
            cohort: report.sheet.cohort.code.clone(),
            stage: report.sheet.stage,
            decimals,
            unit_id: standing.unit_id.clone(),
            unit_name: standing.unit_name.clone(),
            rank: standing.rank,
            band: standing.band.clone(),
            score: rounded(&standing.total.score),
            score_exact: standing.total.score.to_string(),
            target: match goal {
                Goal::Rank(rank) => TargetGoal { rank: Some(*rank), band: None },
                Goal::Band(label) => TargetGoal { rank: None, band: Some(label.clone()) },
            },
            reached: target.gain.is_zero(),
            gain: rounded(&target.gain),
            gain_exact: target.gain.to_string(),
            score_needed: target.total_needed.as_ref().map(rounded),
            score_needed_exact: target.total_needed.as_ref().map(ToString::to_string),
            score_maximum: target.total_maximum.as_ref().map(rounded),
            score_maximum_exact: target.total_maximum.as_ref().map(ToString::to_string),
            unreachable_because: target.out_of_reach,
            criteria: target.criteria.iter().map(|c| CriterionTargetBody::new(c, decimals)).collect(),
        })
    }
}

/// Aim at a rank or a band
///
/// The least gain of the total with which a unit would reach it, and for each criterion whether it alone could give
/// that within its bounds, and with which score. Every other score stays as it is; nothing is stored. Where no least
/// score exists, because a tie would not do, it is told in steps of 10⁻²⁰, of a criterion with 28 digits at most.
/// Without `cohort` it is the first that the unit is in.
#[utoipa::path(
    tag = "rankings",
    params(
        ("code" = String, Path, description = "Code of the index."),
        ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999),
        RankingQuery,
    ),
    request_body = TargetInput,
    responses((status = 200, description = "What it takes.", body = TargetBody))
)]
#[post("/indexes/{code}/rankings/{year}/targets")]
pub async fn aim_at_rank(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (question, _, input): (_, _, TargetInput) =
        ranking_queries::read_about(&state, &request, path.into_inner(), body).await?;
    let goal = match (input.rank, input.band) {
        (Some(rank), None) => Some(Goal::Rank(rank)),
        (None, Some(band)) => Some(Goal::Band(clean(&band))),
        (None, None) | (Some(_), Some(_)) => None,
    };
    let unit_id = clean(&input.unit_id);
    let Some(goal) = goal else {
        ranking_details::exists(&state.store, question).await?;
        return Err(rank_or_band().into());
    };
    let (report, target) =
        ranking_details::target(&state.store, question, unit_id.clone(), goal.clone()).await?;
    let body = TargetBody::new(&report, &unit_id, &goal, &target).ok_or_else(Problem::internal)?;
    Ok(respond::computed(&request, &body))
}

fn rank_or_band() -> Error {
    Error::invalid(
        "/rank",
        "rank_or_band",
        "Give `rank` or `band`, one of the two.",
        "Cần có `rank` hoặc `band`, chỉ một trong hai.",
    )
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(aim_at_rank);
}
