//! `POST /dossiers/batch` and `/index-scores/batch`: many records in one request, and what became of each.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{Body, read_part, read_query},
    crud::{self, Exposed, Key, required},
    dossiers::DossierInput,
    endpoints::Endpoints,
    etag, frame,
    index_score_parts::IndexScoreInput,
    problem::{Problem, ProblemError},
    respond,
    state::AppState,
};
use crate::{
    domain::{
        dossiers::Dossier,
        index_scores::{IndexScore, natural_key},
        text::clean,
        time::Day,
        violation::Violation,
    },
    service::{
        batches::{self, Became, Done, Item, MOST},
        crud::Proposal,
        dossiers::Dossiers,
        error::Error,
        index_scores::{IndexScores, IndexScoresByKey},
    },
    store::Versioned,
};

/// How a batch is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BatchQuery {
    /// All or nothing; false when left out.
    atomic: Option<bool>,
}

/// Dossiers to write.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"items": [{
    "code": "000.05.15.H20-210302-0007", "unit_id": "gso-874", "submitted_via": "online", "online_level": "4",
    "accepted_at": "2021-03-02T08:00:00+07:00", "due_at": "2021-03-10T17:00:00+07:00", "status": 4
}]}))]
pub struct DossierBatch {
    /// At most 1,000, written in this order.
    #[schema(max_items = 1000)]
    pub items: Vec<DossierInput>,
}

/// Index scores to write.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"items": [{
    "index_code": "pci", "year": 2016, "unit_id": "gso-87", "criterion": null, "stage": "final",
    "score": "64.9552993774414", "published_rank": 3
}]}))]
pub struct IndexScoreBatch {
    /// At most 1,000, written in this order.
    #[schema(max_items = 1000)]
    pub items: Vec<IndexScoreInput>,
}

/// Why a record was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "code": "validation", "title": "The record breaks a rule", "detail": "Must not be before `accepted_at`.",
    "errors": [{"pointer": "/items/3/due_at", "code": "before_accepted", "detail": "Must not be before `accepted_at`."}]
}))]
pub struct BatchError {
    /// Stable code, as that of a problem.
    pub code: String,
    /// The kind in words.
    pub title: String,
    /// What went wrong this time.
    pub detail: String,
    /// Each broken rule; pointers are into the body of the batch.
    pub errors: Vec<ProblemError>,
}

/// What became of a dossier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": 201, "code": "000.05.15.H20-210302-0007", "etag": "\"17-in_progress\"", "error": null}))]
pub struct DossierBatchItem {
    /// 201 for a new dossier, 200 for one that was there, else the status of the refusal.
    pub status: u16,
    /// Its code; null where it was refused.
    pub code: Option<String>,
    /// Its validator; null where it was refused.
    pub etag: Option<String>,
    /// Why it was refused.
    pub error: Option<BatchError>,
}

/// What became of a score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": 201, "id": "019ab1f0-0000-7000-8000-000000000002", "etag": "\"18\"", "error": null}))]
pub struct IndexScoreBatchItem {
    /// 201 for a new score, 200 for one that was there, else the status of the refusal.
    pub status: u16,
    /// Its id; null where it was refused.
    pub id: Option<String>,
    /// Its validator; null where it was refused.
    pub etag: Option<String>,
    /// Why it was refused.
    pub error: Option<BatchError>,
}

/// What became of a batch of dossiers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{"status": 201, "code": "000.05.15.H20-210302-0007", "etag": "\"17-in_progress\"", "error": null}],
    "created": 1, "updated": 0, "unchanged": 0, "failed": 0
}))]
pub struct DossierBatchResult {
    /// What became of each, in the order of the request.
    pub items: Vec<DossierBatchItem>,
    /// New dossiers.
    pub created: usize,
    /// Dossiers that changed.
    pub updated: usize,
    /// Dossiers that said what was there already.
    pub unchanged: usize,
    /// Refused.
    pub failed: usize,
}

/// What became of a batch of scores.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{"status": 201, "id": "019ab1f0-0000-7000-8000-000000000002", "etag": "\"18\"", "error": null}],
    "created": 1, "updated": 0, "unchanged": 0, "failed": 0
}))]
pub struct IndexScoreBatchResult {
    /// What became of each, in the order of the request.
    pub items: Vec<IndexScoreBatchItem>,
    /// New scores.
    pub created: usize,
    /// Scores that changed.
    pub updated: usize,
    /// Scores that said what was there already.
    pub unchanged: usize,
    /// Refused.
    pub failed: usize,
}

/// How a record of a batch is read and told.
trait Batched: Exposed {
    /// The record in the body.
    type Body: DeserializeOwned + Send + 'static;

    /// Its key.
    fn key_of(body: &Self::Body) -> Result<String, Error>;

    /// The state that the body asks for.
    fn build(body: Self::Body, old: Option<&Self::Record>) -> Result<Proposal<Self::Record>, Error>;
}

impl Batched for Dossiers {
    type Body = DossierInput;

    fn key_of(body: &DossierInput) -> Result<String, Error> {
        body.code.as_deref().map(clean).ok_or_else(|| required("/code"))
    }

    fn build(body: DossierInput, old: Option<&Dossier>) -> Result<Proposal<Dossier>, Error> {
        Self::proposal(body, Key::of_body(), old)
    }
}

impl Batched for IndexScoresByKey {
    type Body = IndexScoreInput;

    fn key_of(body: &IndexScoreInput) -> Result<String, Error> {
        let criterion = body.criterion.as_deref().map(clean);
        let (index, unit) = (clean(&body.index_code), clean(&body.unit_id));
        Ok(natural_key(&index, body.year, &unit, body.stage, criterion.as_deref()))
    }

    fn build(body: IndexScoreInput, old: Option<&IndexScore>) -> Result<Proposal<IndexScore>, Error> {
        // The id of a score that is there is known by its key: a sync need not know it.
        let key = old.map_or(Key::of_body(), |old| Key::of_path(old.id.clone()));
        IndexScores::proposal(body, key, old)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Items {
    items: Vec<Box<RawValue>>,
}

/// What became of a record, before it is told in its resource's words.
struct Told<T> {
    status: u16,
    record: Option<Versioned<T>>,
    error: Option<BatchError>,
}

#[derive(Default)]
struct Counts {
    created: usize,
    updated: usize,
    unchanged: usize,
    failed: usize,
}

fn refused_all(errors: Vec<Violation>) -> Problem {
    Problem::with_errors("batch_refused", errors)
}

fn too_many() -> Problem {
    let (en, vi) = (format!("At most {MOST} items."), format!("Tối đa {MOST} mục."));
    Problem::with_errors("validation", vec![Violation::new("/items", "too_many", en, vi)])
}

/// Reads and writes a batch.
async fn write<R: Batched>(
    state: &AppState,
    request: &HttpRequest,
    body: Body,
) -> Result<(Vec<Told<R::Record>>, Counts), Problem> {
    let Items { items } = body.read()?;
    let query: BatchQuery = read_query(request.query_string())?;
    if items.len() > MOST {
        return Err(too_many());
    }
    let items = items.iter().map(|part| {
        let body: R::Body = read_part(part)?;
        let key = R::key_of(&body)?;
        Ok(Item { key, build: Box::new(move |old: Option<&R::Record>| R::build(body, old)) })
    });
    let items: Vec<Result<Item<R::Record>, Error>> = items.collect();
    let atomic = query.atomic.unwrap_or(false);
    let outcomes = match atomic {
        true => batches::together::<R>(&state.store, state.context(), items).await?,
        false => batches::apart::<R>(&state.store, state.context(), items).await?,
    };
    if atomic && outcomes.iter().any(Result::is_err) {
        let refused = outcomes.into_iter().enumerate().filter_map(|(i, outcome)| Some((i, outcome.err()?)));
        let errors = refused.flat_map(|(i, error)| Problem::from(error).within(&place(i)).into_errors());
        return Err(refused_all(errors.collect()));
    }
    Ok(tell(outcomes))
}

fn place(i: usize) -> String {
    format!("/items/{i}")
}

fn tell<T>(outcomes: batches::Outcomes<T>) -> (Vec<Told<T>>, Counts) {
    let frame = frame::current();
    let mut counts = Counts::default();
    let told = outcomes.into_iter().enumerate().map(|(i, outcome)| match outcome {
        Ok(Done { record, became }) => {
            let status = match became {
                Became::Created => {
                    counts.created += 1;
                    201
                }
                Became::Updated => {
                    counts.updated += 1;
                    200
                }
                Became::Unchanged => {
                    counts.unchanged += 1;
                    200
                }
            };
            Told { status, record: Some(record), error: None }
        }
        Err(error) => {
            counts.failed += 1;
            let problem = Problem::from(error).within(&place(i)).told(&frame);
            let (status, code) = (problem.status, problem.code);
            let error =
                BatchError { code, title: problem.title, detail: problem.detail, errors: problem.errors };
            Told { status, record: None, error: Some(error) }
        }
    });
    let told = told.collect();
    (told, counts)
}

fn tag<R: Exposed>(told: &Told<R::Record>, today: Day) -> Option<String> {
    told.record.as_ref().map(|record| crud::tag::<R>(record, today))
}

fn answer<T: Serialize>(body: &T) -> HttpResponse {
    let tag = etag::of_content(&serde_json::to_vec(body).unwrap_or_default());
    respond::written(tag, body)
}

/// Write many dossiers
///
/// At most 1,000, each as a `PUT` by its code: it is created, replaced, or left as it is where it says what is there
/// already, so that a batch may be sent again. Each stands for itself and is told in order with its own status; the
/// status of the whole is 200. With `atomic=true` all are written or none: where one is refused the answer is 422
/// (`batch_refused`) and names every one of them. What the database can't write at the moment is told of the items
/// concerned (503): send these again.
#[utoipa::path(tag = "dossiers", params(BatchQuery), request_body = DossierBatch, responses((status = 200, description = "What became of each.", body = DossierBatchResult)))]
#[post("/dossiers/batch")]
pub async fn batch_dossiers(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (told, counts) = write::<Dossiers>(&state, &request, body).await?;
    let today = state.today();
    let items = told.into_iter().map(|told| DossierBatchItem {
        status: told.status,
        etag: tag::<Dossiers>(&told, today),
        code: told.record.map(|record| record.record.code),
        error: told.error,
    });
    let Counts { created, updated, unchanged, failed } = counts;
    Ok(answer(&DossierBatchResult { items: items.collect(), created, updated, unchanged, failed }))
}

/// Write many index scores
///
/// At most 1,000, each as a `PUT` by index, year, unit, stage and criterion: it is created, replaced, or left as it is
/// where it says what is there already, so that a batch may be sent again. An `id` may be left out; where a score is
/// there it must be its own. Each stands for itself and is told in order with its own status; the status of the whole
/// is 200. With `atomic=true` all are written or none: where one is refused the answer is 422 (`batch_refused`) and
/// names every one of them. What the database can't write at the moment is told of the items concerned (503): send
/// these again.
#[utoipa::path(tag = "index scores", params(BatchQuery), request_body = IndexScoreBatch, responses((status = 200, description = "What became of each.", body = IndexScoreBatchResult)))]
#[post("/index-scores/batch")]
pub async fn batch_index_scores(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (told, counts) = write::<IndexScoresByKey>(&state, &request, body).await?;
    let today = state.today();
    let items = told.into_iter().map(|told| IndexScoreBatchItem {
        status: told.status,
        etag: tag::<IndexScoresByKey>(&told, today),
        id: told.record.map(|record| record.record.id),
        error: told.error,
    });
    let Counts { created, updated, unchanged, failed } = counts;
    Ok(answer(&IndexScoreBatchResult { items: items.collect(), created, updated, unchanged, failed }))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(batch_dossiers).service(batch_index_scores);
}
