//! `/indexes/{code}/editions/{year}/score-sheet`: the scores of a unit, stage beside stage, in the order of the tree.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    crud,
    edition_cycle::{self, behind_edition},
    endpoints::Endpoints,
    index_score_parts::{EvidenceBody, evidence_view},
    kept,
    problem::Problem,
    record_scores::ComputationView,
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{
        editions::{Criterion, EditionStatus},
        index_scores::{IndexScore, ScoreStage},
        time::Moment,
    },
    service::{
        edition_cycle::Which,
        unit_scores::{self, StageScores, UnitSheet, scored_by},
        units::Units,
    },
};

/// Whose score sheet, and in which state.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScoreSheetQuery {
    /// The unit.
    #[param(example = "gso-87")]
    pub unit_id: String,
    /// Number of a revision; `published` for the last one, `working` for what the next one would be. When absent, the
    /// working scores for who may read them, and the last revision for all others.
    #[param(example = "1")]
    pub revision: Option<String>,
    /// The revision that was public at this moment (RFC 3339), or at the end of this day. Not with `revision`.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
}

/// The score of a stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageScore {
    /// Id of the score.
    pub id: String,
    /// The score, not rounded; null where it does not apply.
    pub score: Option<Number>,
    /// The score with every digit, as text.
    pub score_exact: Option<String>,
    /// False where the criterion does not apply to the unit.
    pub applicable: bool,
    /// Rank as published beside it.
    pub published_rank: Option<i32>,
    /// Where it comes from.
    pub source: Option<String>,
    /// What the assessor says of it.
    pub comment: Option<String>,
    /// How the unit explains it.
    pub explanation: Option<String>,
    /// Links to what proves it.
    pub evidence: Vec<EvidenceBody>,
    /// What it was computed from; null where somebody gave it.
    pub computation: Option<ComputationView>,
}

/// The scores of every stage; null where a stage has none.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoresByStage {
    /// The unit's own.
    #[serde(rename = "self")]
    pub self_assessed: Option<StageScore>,
    /// The appraisal team's.
    pub appraised: Option<StageScore>,
    /// The survey's.
    pub survey: Option<StageScore>,
    /// What was given as final.
    #[serde(rename = "final")]
    pub last: Option<StageScore>,
}

/// The score that counts as final, and the stage that it is of.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountingScore {
    /// Stage of the score.
    pub stage: ScoreStage,
    /// The score, not rounded; null where it does not apply.
    pub score: Option<Number>,
    /// The score with every digit, as text.
    pub score_exact: Option<String>,
    /// False where the criterion does not apply to the unit.
    pub applicable: bool,
}

/// A criterion with its scores.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreSheetRow {
    /// Code of the criterion.
    pub criterion: String,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: Option<String>,
    /// Code of the criterion above; null for an area.
    pub parent: Option<String>,
    /// How many criteria stand above it.
    pub depth: usize,
    /// Most points it can have.
    pub max_points: Option<Number>,
    /// Weight in percent.
    pub weight: Option<Number>,
    /// Its scores.
    pub scores: ScoresByStage,
    /// The score that counts: the one given as final, else that of the stage that scores the criterion; null without.
    pub counts: Option<CountingScore>,
}

/// The totals of a unit.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreSheetTotal {
    /// Totals as they were given.
    pub scores: ScoresByStage,
    /// The total that was given as final; null where it is computed from the criteria.
    pub counts: Option<CountingScore>,
}

/// The score sheet of a unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreSheet, example = json!({
    "index_code": "pci", "year": 2016, "status": "published", "revision": null, "published_at": null,
    "unit_id": "gso-87", "unit_name": "Tỉnh Đồng Tháp",
    "total": {"scores": {"self": null, "appraised": null, "survey": null, "final": null}, "counts": null},
    "rows": [{
        "criterion": "transparency", "name": "Tính minh bạch", "name_en": "Transparency", "parent": null, "depth": 0,
        "max_points": 10, "weight": 20,
        "scores": {"self": null, "appraised": null, "survey": null, "final": {
            "id": "019ab1f0-0000-7000-8000-000000000001", "score": 6.5, "score_exact": "6.5", "applicable": true,
            "published_rank": null, "source": "PCI 2016", "comment": null, "explanation": null, "evidence": [],
            "computation": null
        }},
        "counts": {"stage": "final", "score": 6.5, "score_exact": "6.5", "applicable": true}
    }]
}))]
pub struct ScoreSheetBody {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// Where the edition stands.
    pub status: EditionStatus,
    /// The revision that the scores were read from; null for the working state.
    pub revision: Option<i32>,
    /// When it was published.
    pub published_at: Option<Moment>,
    /// The unit.
    pub unit_id: String,
    /// Its name at the end of the year.
    pub unit_name: String,
    /// The totals.
    pub total: ScoreSheetTotal,
    /// The criteria in the order of the tree: each before those below it.
    pub rows: Vec<ScoreSheetRow>,
}

fn stage_score(score: &IndexScore) -> StageScore {
    StageScore {
        id: score.id.clone(),
        score: score.score.as_ref().map(Number::exact),
        score_exact: score.score.as_ref().map(ToString::to_string),
        applicable: score.applicable,
        published_rank: score.published_rank,
        source: score.source.clone(),
        comment: score.comment.clone(),
        explanation: score.explanation.clone(),
        evidence: evidence_view(score.evidence.clone()),
        computation: score.computation.clone().map(ComputationView::from),
    }
}

fn by_stage(scores: &StageScores) -> ScoresByStage {
    let at = |stage| scores.at(stage).map(stage_score);
    ScoresByStage {
        self_assessed: at(ScoreStage::SelfAssessed),
        appraised: at(ScoreStage::Appraised),
        survey: at(ScoreStage::Survey),
        last: at(ScoreStage::Final),
    }
}

fn counting(scores: &StageScores, criterion: Option<&Criterion>) -> Option<CountingScore> {
    scores.that_counts(criterion.and_then(scored_by)).map(|score| CountingScore {
        stage: score.stage,
        score: score.score.as_ref().map(Number::exact),
        score_exact: score.score.as_ref().map(ToString::to_string),
        applicable: score.applicable,
    })
}

impl From<UnitSheet> for ScoreSheetBody {
    fn from(sheet: UnitSheet) -> Self {
        let frozen = sheet.edition.state.frozen;
        let rows = sheet.rows.into_iter().map(|row| ScoreSheetRow {
            scores: by_stage(&row.scores),
            counts: counting(&row.scores, Some(&row.criterion)),
            max_points: row.criterion.max_points.as_ref().map(Number::exact),
            weight: row.criterion.weight.as_ref().map(Number::exact),
            criterion: row.criterion.code,
            name: row.criterion.name,
            name_en: row.criterion.name_en,
            parent: row.criterion.parent,
            depth: row.depth,
        });
        Self {
            rows: rows.collect(),
            index_code: sheet.edition.index_code,
            year: sheet.edition.year,
            status: sheet.edition.status,
            revision: frozen.map(|frozen| frozen.revision),
            published_at: frozen.map(|frozen| frozen.published_at),
            unit_id: sheet.unit.id,
            unit_name: sheet.unit.name,
            total: ScoreSheetTotal { scores: by_stage(&sheet.total), counts: counting(&sheet.total, None) },
        }
    }
}

/// Get the score sheet of a unit
///
/// Every criterion of the edition in the order of the tree with the scores of all stages side by side, what was said
/// beside them, and which of them counts as final.
#[utoipa::path(tag = "index scores", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999), ScoreSheetQuery), responses((status = 200, description = "The score sheet.", body = ScoreSheetBody)))]
#[get("/indexes/{code}/editions/{year}/score-sheet")]
pub async fn get_score_sheet(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<ScoreSheetQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (index, year, (unit_id, asked)) = behind_edition(&state, &path, query, |query| {
        let (revision, as_of) = (query.revision.as_deref(), query.as_of.as_deref());
        let asked = edition_cycle::asked(revision, as_of, Which::Seen, state.framework_rights())?;
        Ok((crud::path_key::<Units>(&query.unit_id)?, asked))
    })
    .await?;
    kept::answer(&state, &request, async |_| {
        let sheet = unit_scores::sheet(&state.store, index, year, unit_id, asked).await?;
        Ok(ScoreSheetBody::from(sheet))
    })
    .await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_score_sheet);
}
