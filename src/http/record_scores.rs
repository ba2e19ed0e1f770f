//! `POST /indexes/{code}/editions/{year}/record-scores`: scores computed from dossier records, and what each was
//! computed from.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::Body,
    crud::{self, NoQuery},
    dossier_statistics::PeriodBody,
    editions::key,
    endpoints::Endpoints,
    problem::Problem,
    respond,
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{
        index_scores::ScoreStage,
        record_scores::{Computation, RecordMeasure},
        text::clean,
        time::{Day, Moment},
    },
    service::{
        editions::Editions,
        record_scores::{Asked, Computed, RecordOutcome, compute},
    },
};

/// What a score was computed from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Computation, example = json!({
    "measure": "in_time_of_handled", "numerator": 985, "denominator": 1000,
    "period": {"from": "2026-01-01", "to": "2026-12-31", "calendar": "civil"}, "full_marks_from": 100, "judged_at": "2026-12-31",
    "computed_at": "2027-01-04T08:00:00+07:00"
}))]
pub struct ComputationView {
    /// The rate.
    pub measure: RecordMeasure,
    /// The part.
    pub numerator: i64,
    /// The whole.
    pub denominator: i64,
    /// The days of the rate.
    pub period: PeriodBody,
    /// Percent from which the criterion has its maximum.
    pub full_marks_from: Number,
    /// The day whose end open dossiers were judged at.
    pub judged_at: Day,
    /// The moment of the computation.
    pub computed_at: Moment,
}

impl From<Computation> for ComputationView {
    fn from(computation: Computation) -> Self {
        Self {
            measure: computation.measure,
            numerator: computation.numerator,
            denominator: computation.denominator,
            period: PeriodBody { from: computation.from, to: computation.to, calendar: computation.calendar },
            full_marks_from: Number::exact(&computation.full_marks_from),
            judged_at: computation.judged_at,
            computed_at: computation.computed_at,
        }
    }
}

/// Which scores, and whether they are stored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"dry_run": true}))]
pub struct RecordScoresInput {
    /// Codes of the criteria; all that come from records when absent.
    #[serde(default)]
    pub criteria: Option<Vec<String>>,
    /// Only tell what would be stored; false when absent.
    #[serde(default)]
    pub dry_run: bool,
    /// Replace scores that somebody gave; when false or absent these stay.
    #[serde(default)]
    pub replace_given: bool,
}

/// A score computed from records.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordScore {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// The criterion.
    pub criterion: String,
    /// Stage of the score.
    pub stage: ScoreStage,
    /// The score, not rounded; null where the criterion does not apply.
    pub score: Option<Number>,
    /// The score with every digit, as text.
    pub score_exact: Option<String>,
    /// False where a denominator of zero takes the criterion out of the maximum.
    pub applicable: bool,
    /// What it was computed from.
    pub computation: ComputationView,
    /// What became of it or, of a dry run, would become.
    pub outcome: RecordOutcome,
}

/// Scores computed from records.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "edition": "766/2026", "dry_run": true, "computed": 1, "created": 1, "updated": 0, "unchanged": 0, "kept_given": 0,
    "scores": [{
        "unit_id": "gso25-30130", "unit_name": "Xã Thanh Bình", "criterion": "timeliness", "stage": "final",
        "score": 19.7, "score_exact": "19.7", "applicable": true, "outcome": "created",
        "computation": {
            "measure": "in_time_of_handled", "numerator": 985, "denominator": 1000,
            "period": {"from": "2026-01-01", "to": "2026-12-31", "calendar": "civil"}, "full_marks_from": 100,
            "judged_at": "2026-12-31", "computed_at": "2027-01-04T08:00:00+07:00"
        }
    }]
}))]
pub struct RecordScoresBody {
    /// Index and year of the edition.
    pub edition: String,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How many scores were computed.
    pub computed: usize,
    /// How many of them are new.
    pub created: usize,
    /// How many replace another.
    pub updated: usize,
    /// How many are what was there.
    pub unchanged: usize,
    /// How many were not stored, because somebody gave one.
    pub kept_given: usize,
    /// The first thousand, by unit, then in the edition's order.
    pub scores: Vec<RecordScore>,
}

/// Most scores that an answer lists.
const LISTED: usize = 1000;

impl From<Computed> for RecordScore {
    fn from(score: Computed) -> Self {
        Self {
            unit_id: score.unit_id,
            unit_name: score.unit_name,
            criterion: score.criterion,
            stage: score.stage,
            score_exact: score.score.as_ref().map(ToString::to_string),
            applicable: score.score.is_some(),
            score: score.score.as_ref().map(Number::exact),
            computation: score.computation.into(),
            outcome: score.outcome,
        }
    }
}

/// Compute scores from dossier records
///
/// For each unit of the edition's cohorts, and each criterion with `from_records`: the named rate of its dossiers and
/// of those of all units below it, full marks from the threshold, linear below. Stored at the criterion's stage,
/// with numerator, denominator, period and the moment of the computation. A score that somebody gave stays, unless
/// `replace_given` is true. Repeating it stores only what has changed.
#[utoipa::path(tag = "index scores", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999)), request_body = RecordScoresInput, responses((status = 200, description = "What was stored, or would be.", body = RecordScoresBody)))]
#[post("/indexes/{code}/editions/{year}/record-scores")]
pub async fn compute_record_scores(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let key = key(&state, &path).await?;
    let (edition, input, NoQuery {}): (_, RecordScoresInput, NoQuery) =
        crud::read_about::<Editions, _, _>(&state, &request, &key, body).await?;
    let asked = Asked {
        edition: edition.clone(),
        criteria: input.criteria.map(|codes| codes.iter().map(|code| clean(code)).collect()),
        replace_given: input.replace_given,
        dry_run: input.dry_run,
    };
    let scores = compute(&state.store, state.context(), asked).await?;
    let count = |outcome| scores.iter().filter(|score| score.outcome == outcome).count();
    let body = RecordScoresBody {
        edition,
        dry_run: input.dry_run,
        computed: scores.len(),
        created: count(RecordOutcome::Created),
        updated: count(RecordOutcome::Updated),
        unchanged: count(RecordOutcome::Unchanged),
        kept_given: count(RecordOutcome::KeptGiven),
        scores: scores.into_iter().take(LISTED).map(RecordScore::from).collect(),
    };
    Ok(respond::computed(&request, &body))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(compute_record_scores);
}
