//! `/indexes/{code}/editions/{year}/completeness`: what is still missing, unit by unit.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query, crud, edition_cycle::behind_edition, endpoints::Endpoints, kept, problem::Problem,
    state::AppState,
};
use crate::{
    domain::{editions::EditionStatus, index_scores::ScoreStage, text::clean},
    service::{
        completeness::{self, Completeness, Question, UnitCompleteness},
        units::Units,
    },
};

/// Whose completeness.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CompletenessQuery {
    /// This unit alone.
    #[param(example = "gso-87")]
    pub unit_id: Option<String>,
    /// The units of this cohort alone.
    pub cohort: Option<String>,
    /// What is missing of this stage. When absent, of what is due: `self` while the edition is open for self-assessment,
    /// else `final`.
    pub stage: Option<ScoreStage>,
    /// Units that are complete, or those that are not.
    pub complete: Option<bool>,
}

/// A score that is missing.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingScoreBody {
    /// Code of the criterion; null for the total of an edition without criteria.
    pub criterion: Option<String>,
    /// The stage that has to give it.
    pub stage: ScoreStage,
}

/// How many scores of a stage there are of those that there could be.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageCountBody {
    /// The stage.
    pub stage: ScoreStage,
    /// Criteria that are scored at this stage.
    pub expected: usize,
    /// Those of them that have an answer: a score, or that they do not apply.
    pub present: usize,
}

/// What a unit has, and what it lacks.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitCompletenessBody {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Codes of its cohorts.
    pub cohorts: Vec<String>,
    /// Whether nothing is missing.
    pub complete: bool,
    /// Whether a final total is given.
    pub has_total: bool,
    /// Counts by stage.
    pub stages: Vec<StageCountBody>,
    /// What is missing of the stage, in the order of the edition.
    pub missing: Vec<MissingScoreBody>,
    /// Criteria that leave the maximum because no survey was held, as in the rankings of its cohorts: they are not
    /// missing in its final scores.
    pub left_out: Vec<String>,
}

/// What is still missing in an edition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Completeness, example = json!({
    "index_code": "par", "year": 2026, "status": "self_assessment", "stage": "self",
    "counts": {"units": 1, "complete": 0, "missing": 1},
    "units": [{
        "unit_id": "gso25-82", "unit_name": "Tỉnh Đồng Tháp", "cohorts": ["provinces"], "complete": false,
        "has_total": false,
        "stages": [{"stage": "self", "expected": 8, "present": 7}],
        "missing": [{"criterion": "egov", "stage": "self"}], "left_out": []
    }]
}))]
pub struct CompletenessBody {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// Where the edition stands.
    pub status: EditionStatus,
    /// The stage whose scores were looked for.
    pub stage: ScoreStage,
    /// Counts over the units below.
    pub counts: CompletenessCounts,
    /// The units by name, in Vietnamese order.
    pub units: Vec<UnitCompletenessBody>,
}

/// Counts over the units of a completeness view.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompletenessCounts {
    /// Units.
    pub units: usize,
    /// Units without anything missing.
    pub complete: usize,
    /// Scores that are missing.
    pub missing: usize,
}

impl From<UnitCompleteness> for UnitCompletenessBody {
    fn from(unit: UnitCompleteness) -> Self {
        let stages = unit.stages.into_iter().map(|(stage, count)| StageCountBody {
            stage,
            expected: count.expected,
            present: count.present,
        });
        let missing =
            unit.missing.into_iter().map(|m| MissingScoreBody { criterion: m.criterion, stage: m.stage });
        let missing: Vec<MissingScoreBody> = missing.collect();
        Self {
            unit_id: unit.unit.id,
            unit_name: unit.unit.name,
            cohorts: unit.cohorts,
            complete: missing.is_empty(),
            has_total: unit.has_total,
            stages: stages.collect(),
            missing,
            left_out: unit.left_out,
        }
    }
}

impl From<Completeness> for CompletenessBody {
    fn from(found: Completeness) -> Self {
        let counts = found.counts();
        Self {
            index_code: found.edition.index_code,
            year: found.edition.year,
            status: found.edition.status,
            stage: found.stage,
            counts: CompletenessCounts {
                units: counts.units,
                complete: counts.complete,
                missing: counts.missing,
            },
            units: found.units.into_iter().map(Into::into).collect(),
        }
    }
}

/// Get what is still missing in an edition
///
/// For each unit of the cohorts the criteria without a score of the stage that is due, or of the stage asked for. A
/// criterion counts as answered when it, or one above it, has a score or does not apply; `final` is answered too by a
/// score of the stage that scores the criterion. What leaves the maximum because no survey was held is told in
/// `left_out`, and is not missing in final scores. A unit to which nothing applies lacks nothing, and has no rank
/// (`no_scores`). Units that did not exist in the year are left out. This is the working state.
#[utoipa::path(tag = "index scores", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999), CompletenessQuery), responses((status = 200, description = "What is missing.", body = CompletenessBody)))]
#[get("/indexes/{code}/editions/{year}/completeness")]
pub async fn get_completeness(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<CompletenessQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (index_code, year, (query, unit_id)) = behind_edition(&state, &path, query, |query| {
        let unit_id = query.unit_id.as_deref().map(crud::path_key::<Units>).transpose()?;
        Ok((query, unit_id))
    })
    .await?;
    let question = Question {
        index_code,
        year,
        cohort: query.cohort.as_deref().map(clean),
        unit_id,
        stage: query.stage,
        complete: query.complete,
        rights: state.rights(),
    };
    kept::answer(&state, &request, async |_| {
        Ok(CompletenessBody::from(completeness::completeness(&state.store, question).await?))
    })
    .await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_completeness);
}
