//! The cycle of an edition over HTTP: its steps, publication, its revisions, and how a reader names a state.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{Body, Query},
    crud::{self, API, Exposed, NoQuery},
    editions::{EditionView, edition_of_path},
    endpoints::Endpoints,
    etag, frame,
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        edition_cycle::EditionRevision,
        editions::EditionStatus,
        text::clean,
        time::{Day, Moment},
    },
    service::{
        self,
        edition_cycle::{self, Asked, Rights, Which},
        edition_publications::{self, Publication},
        editions::{self, Editions},
    },
};

/// Which state of an edition.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StateQuery {
    /// Number of a revision; `published` for the last one, `working` for what the next one would be.
    #[param(example = "1")]
    pub revision: Option<String>,
    /// The revision that was public at this moment (RFC 3339), or at the end of this day. Not with `revision`.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
}

impl StateQuery {
    /// What is asked for; `default` where neither parameter says.
    ///
    /// # Errors
    /// 400.
    pub fn asked(&self, default: Which, rights: Rights) -> Result<Asked, Problem> {
        asked(self.revision.as_deref(), self.as_of.as_deref(), default, rights)
    }
}

/// The state that `revision` and `as_of` ask for; `default` where neither says.
///
/// # Errors
/// 400 for what is neither a revision nor a time, and for both together.
pub fn asked(
    revision: Option<&str>,
    as_of: Option<&str>,
    default: Which,
    rights: Rights,
) -> Result<Asked, Problem> {
    let which = match (revision, as_of) {
        (None, None) => default,
        (Some(revision), None) => revision_named(revision)?,
        (None, Some(time)) => Which::At(moment_named(time)?),
        (Some(_), Some(_)) => {
            return Err(Problem::bad_parameter(
                "as_of",
                "two_states",
                "Give `revision` or `as_of`, not both.",
                "Chỉ dùng `revision` hoặc `as_of`.",
            ));
        }
    };
    Ok(Asked { which, rights })
}

/// A revision of a parameter.
///
/// # Errors
/// 400.
pub fn revision_named(text: &str) -> Result<Which, Problem> {
    let number = || text.parse().ok().filter(|n: &i32| *n > 0 && n.to_string() == text);
    match text {
        "working" => Ok(Which::Working),
        "published" => Ok(Which::Published),
        _ => number().map(Which::Revision).ok_or_else(|| {
            Problem::bad_parameter(
                "revision",
                "not_a_revision",
                "A number from 1, `published` or `working`.",
                "Số từ 1 trở lên, `published` hoặc `working`.",
            )
        }),
    }
}

/// A moment, or the last moment of a day.
fn moment_named(text: &str) -> Result<Moment, Problem> {
    if let Ok(day) = text.parse::<Day>() {
        return Ok(Moment::from_micros(Moment::start_of(day.next()).micros() - 1));
    }
    text.parse().map_err(|_| {
        Problem::bad_parameter(
            "as_of",
            "not_a_time",
            "A day (2017-06-30) or a moment with its offset (2017-06-30T08:00:00+07:00).",
            "Một ngày (2017-06-30) hoặc thời điểm có múi giờ (2017-06-30T08:00:00+07:00).",
        )
    })
}

/// Where an edition shall stand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "self_assessment"}))]
pub struct EditionStatusInput {
    /// `self_assessment` or `appraisal`; publishing has an address of its own.
    pub status: EditionStatus,
    /// Why; required for a step back.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How an edition is to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Đính chính điểm tiêu chí 2.1"}))]
pub struct PublishInput {
    /// Why; required from the second revision on.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A published state of an edition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EditionRevision, example = json!({
    "index_code": "pci", "year": 2016, "revision": 2, "published_at": "2017-06-30T09:00:00+07:00",
    "published_by": "Sở Nội vụ", "reason": "Đính chính điểm tiêu chí 2.1", "scores": 693, "changed_scores": 2,
    "edition_changed": false
}))]
pub struct EditionRevisionView {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// 1 and upwards.
    pub revision: i32,
    /// When it was published.
    pub published_at: Moment,
    /// By whom.
    pub published_by: String,
    /// Why.
    pub reason: Option<String>,
    /// How many scores it holds, of all stages.
    pub scores: i64,
    /// Scores that were added, changed or taken away since the revision before; null in the first.
    pub changed_scores: Option<i64>,
    /// Whether the edition says something else than in the revision before; null in the first.
    pub edition_changed: Option<bool>,
}

impl From<EditionRevision> for EditionRevisionView {
    fn from(revision: EditionRevision) -> Self {
        Self {
            index_code: revision.index_code,
            year: revision.year,
            revision: revision.revision,
            published_at: revision.published_at,
            published_by: revision.published_by,
            reason: revision.reason,
            scores: revision.scores,
            changed_scores: revision.changed_scores,
            edition_changed: revision.edition_changed,
        }
    }
}

/// A published state of an edition as it was made, with how many units it ranks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EditionPublication, example = json!({
    "index_code": "pci", "year": 2016, "revision": 2, "published_at": "2017-06-30T09:00:00+07:00",
    "published_by": "Sở Nội vụ", "reason": "Đính chính điểm tiêu chí 2.1", "scores": 693, "changed_scores": 2,
    "edition_changed": false, "cohorts": [{"code": "provinces", "ranked": 63, "unranked": 0}]
}))]
pub struct EditionPublicationView {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// 1 and upwards.
    pub revision: i32,
    /// When it was published.
    pub published_at: Moment,
    /// By whom.
    pub published_by: String,
    /// Why.
    pub reason: Option<String>,
    /// How many scores it holds, of all stages.
    pub scores: i64,
    /// Scores that were added, changed or taken away since the revision before; null in the first.
    pub changed_scores: Option<i64>,
    /// Whether the edition says something else than in the revision before; null in the first.
    pub edition_changed: Option<bool>,
    /// Its cohorts, in the edition's order.
    pub cohorts: Vec<PublishedCohortBody>,
}

/// How many units of a cohort a publication ranks by their final scores.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedCohortBody {
    /// Code of the cohort.
    pub code: String,
    /// Units with a rank.
    pub ranked: usize,
    /// Units without one; its ranking says why.
    pub unranked: usize,
}

impl From<Publication> for EditionPublicationView {
    fn from(Publication { revision, cohorts }: Publication) -> Self {
        let cohorts = cohorts.into_iter().map(|cohort| PublishedCohortBody {
            code: cohort.code,
            ranked: cohort.ranked,
            unranked: cohort.unranked,
        });
        Self {
            index_code: revision.index_code,
            year: revision.year,
            revision: revision.revision,
            published_at: revision.published_at,
            published_by: revision.published_by,
            reason: revision.reason,
            scores: revision.scores,
            changed_scores: revision.changed_scores,
            edition_changed: revision.edition_changed,
            cohorts: cohorts.collect(),
        }
    }
}

/// Every revision of an edition.
#[derive(Debug, Serialize, ToSchema)]
pub struct EditionRevisions {
    /// From the first to the last.
    pub items: Vec<EditionRevisionView>,
}

/// Move an edition to another step of its cycle
///
/// A draft opens for self-assessment, then for appraisal; from appraisal it may go back with a reason. Each status
/// takes the scores of its stages: `self_assessment` those of `self` and `survey`, `appraisal` those of `appraised`,
/// `survey` and `final`; a draft and a published edition take all. Who took a step, and when, is kept in `stages`.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999)), request_body = EditionStatusInput, responses((status = 200, description = "The edition as it is now.", body = EditionView)))]
#[post("/indexes/{code}/editions/{year}/status")]
pub async fn move_edition(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (index, year) = edition_of_path(&state, &path).await?;
    let key = editions::key(&index, year);
    let (_, input, NoQuery {}): (_, EditionStatusInput, NoQuery) =
        crud::read_about::<Editions, _, _>(&state, &request, &key, body).await?;
    let reason = input.reason.as_deref().map(clean);
    let edition =
        edition_cycle::step(&state.store, state.context(), index, year, input.status, reason).await?;
    let today = state.today();
    Ok(respond::written(crud::tag::<Editions>(&edition, today), &Editions::view(edition, today)))
}

/// Publish an edition
///
/// Freezes the edition, every score of every stage, and the units of its cohorts with their names, as the next
/// revision: what it answers never changes. A draft (of an index without self-assessment) or an edition under appraisal
/// is published for the first time; later writes wait for the next revision, which needs a reason. The answer tells how
/// many units of each cohort have a rank by their final scores: nobody, where scores are missing.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999)), request_body = PublishInput, responses((status = 201, description = "The new revision.", body = EditionPublicationView)))]
#[post("/indexes/{code}/editions/{year}/publish")]
pub async fn publish_edition(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (index, year) = edition_of_path(&state, &path).await?;
    let key = editions::key(&index, year);
    let (_, input, NoQuery {}): (_, PublishInput, NoQuery) =
        crud::read_about::<Editions, _, _>(&state, &request, &key, body).await?;
    let reason = input.reason.as_deref().map(clean);
    let published = edition_publications::publish(&state.store, state.context(), index, year, reason).await?;
    let view = EditionPublicationView::from(published);
    let place = respond::segment(&view.index_code);
    let location = format!("{API}/indexes/{place}/editions/{year}?revision={}", view.revision);
    Ok(respond::created(&location, etag::of_content(location.as_bytes()), &view))
}

/// List the revisions of an edition
///
/// From the first to the last, each with who published it, when and why, and how much changed.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999)), responses((status = 200, description = "The revisions.", body = EditionRevisions, example = json!({"items": []}))))]
#[get("/indexes/{code}/editions/{year}/revisions")]
pub async fn list_edition_revisions(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<NoQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (index, year) = edition_of_path(&state, &path).await?;
    let revisions = edition_cycle::revisions(&state.store, frame::caller(), index, year).await?;
    query?;
    let items = revisions.into_iter().map(Into::into).collect();
    Ok(respond::computed(&request, &EditionRevisions { items }))
}

/// What a reader asks about an edition; an edition that isn't there is told before what can't be read.
///
/// # Errors
/// 404 or 400.
pub async fn behind_edition<Q, T>(
    state: &AppState,
    path: &(String, String),
    query: Result<Query<Q>, Problem>,
    read: impl FnOnce(Q) -> Result<T, Problem>,
) -> Result<(String, i32, T), Problem> {
    let (index, year) = edition_of_path(state, path).await?;
    match query.and_then(|Query(query)| read(query)) {
        Ok(asked) => Ok((index, year, asked)),
        Err(problem) => {
            service::crud::get::<Editions>(&state.store, frame::caller(), editions::key(&index, year))
                .await?;
            Err(problem)
        }
    }
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(move_edition).service(publish_edition).service(list_edition_revisions);
}
