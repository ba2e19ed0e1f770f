//! `/index-scores`: scores by their id, and by what is unique about them.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};

use super::{
    body::{Body, Query},
    crud::{self, API, Exposed, Key},
    edition_cycle::revision_named,
    editions::index_of_path,
    endpoints::Endpoints,
    frame,
    index_score_parts::{
        IndexScoreByKeyInput, IndexScoreInput, IndexScorePage, IndexScoreView, evidence, evidence_view,
        exact, text,
    },
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    ranking_queries::year_of,
    record_scores::ComputationView,
    respond,
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{
        access::Scope,
        index_scores::{IndexScore, ScoreStage, still_computed},
        text::clean,
        time::Day,
    },
    service::{
        crud::{Absent, Proposal, Resource},
        edition_cycle::{self, Asked, Which},
        error::Error,
        index_scores::{self, IndexScores, IndexScoresByKey, ScoreKey},
        units::Units,
    },
    store::{
        Versioned,
        index_scores::{REVISION, TOTAL},
        list::{Filter, Value},
    },
};

const SORTS: &[SortKey] = &[("id", "id"), ("score", "score_sort"), ("year", "year"), ("unit_id", "unit_id")];

list_query! {
    /// Which scores.
    pub struct ListIndexScoresQuery by SORTS {
        /// Scores of this index.
        index_code: String,
        /// Scores of this data year.
        year: i32,
        /// Scores of this unit alone.
        unit_id: String,
        /// Scores of this unit and all below it.
        under: String,
        /// Scores of this criterion; `_total` for totals.
        criterion: String,
        /// Scores of this stage.
        stage: ScoreStage,
        /// Scores that apply, or not.
        applicable: bool,
        /// Scores published with this rank.
        published_rank: i32,
        /// Scores of exactly this source.
        source: String,
        /// Scores as they were published in this revision of the edition of `index_code` and `year`; `working` for
        /// those that the next revision would have.
        revision: String,
    }
}

impl ListedResource for IndexScores {
    fn sort_value(score: &IndexScore, column: &str) -> Option<Value> {
        match column {
            "score_sort" => score.score.as_ref().map(|score| Value::Text(score.sort_key())),
            "year" => Some(Value::Integer(score.year)),
            "unit_id" => Some(Value::Text(score.unit_id.clone())),
            _ => None,
        }
    }
}

impl ListedResource for IndexScoresByKey {
    fn sort_value(score: &IndexScore, column: &str) -> Option<Value> {
        IndexScores::sort_value(score, column)
    }

    fn list_key(score: &IndexScore) -> String {
        score.id.clone()
    }
}

impl Exposed for IndexScores {
    type View = IndexScoreView;
    type Input = IndexScoreInput;

    fn view(score: Versioned<IndexScore>, _today: Day) -> IndexScoreView {
        let score = score.record;
        IndexScoreView {
            id: score.id,
            index_code: score.index_code,
            year: score.year,
            unit_id: score.unit_id,
            criterion: score.criterion,
            stage: score.stage,
            score_exact: score.score.as_ref().map(ToString::to_string),
            score: score.score.as_ref().map(Number::exact),
            published_rank: score.published_rank,
            applicable: score.applicable,
            source: score.source,
            comment: score.comment,
            explanation: score.explanation,
            evidence: evidence_view(score.evidence),
            computation: score.computation.map(ComputationView::from),
        }
    }

    fn proposal(
        input: IndexScoreInput,
        key: Key,
        old: Option<&IndexScore>,
    ) -> Result<Proposal<IndexScore>, Error> {
        let score = IndexScore {
            id: key.or_new("/id", input.id)?,
            index_code: clean(&input.index_code),
            year: input.year,
            unit_id: clean(&input.unit_id),
            criterion: text(input.criterion),
            stage: input.stage,
            score: exact(input.score)?,
            published_rank: input.published_rank,
            applicable: input.applicable.unwrap_or(true),
            source: text(input.source),
            comment: text(input.comment),
            explanation: text(input.explanation),
            evidence: evidence(input.evidence),
            computation: None,
        };
        Ok(still_computed(score, old).into())
    }
}

impl Exposed for IndexScoresByKey {
    type View = IndexScoreView;
    type Input = IndexScoreByKeyInput;

    fn view(score: Versioned<IndexScore>, today: Day) -> IndexScoreView {
        IndexScores::view(score, today)
    }

    fn proposal(
        input: IndexScoreByKeyInput,
        key: Key,
        old: Option<&IndexScore>,
    ) -> Result<Proposal<IndexScore>, Error> {
        let path = key.path().unwrap_or_default();
        let path = ScoreKey::parse(path).ok_or_else(|| Error::not_found(Self::NAME, path))?;
        let total_is_none = |code: Option<String>| text(code).filter(|code| code != TOTAL);
        let score = IndexScore {
            id: old.map_or_else(Key::new_id, |old| old.id.clone()),
            index_code: crud::repeated("/index_code", path.index_code, text(input.index_code))?,
            year: crud::repeated("/year", path.year, input.year)?,
            unit_id: crud::repeated("/unit_id", path.unit_id, text(input.unit_id))?,
            criterion: crud::repeated("/criterion", path.criterion, input.criterion.map(total_is_none))?,
            stage: crud::repeated("/stage", path.stage, input.stage)?,
            score: exact(input.score)?,
            published_rank: input.published_rank,
            applicable: input.applicable.unwrap_or(true),
            source: text(input.source),
            comment: text(input.comment),
            explanation: text(input.explanation),
            evidence: evidence(input.evidence),
            computation: None,
        };
        Ok(still_computed(score, old).into())
    }

    fn location(score: &IndexScore) -> String {
        format!("{API}/{}/{}", Self::NAME, respond::segment(&score.id))
    }
}

/// List index scores
///
/// Filters are exact; `criterion=_total` asks for totals. `sort=score` is the order of the numbers. These are the scores
/// that writes change; `revision` with `index_code` and `year` lists what was published.
#[utoipa::path(tag = "index scores", params(ListIndexScoresQuery), responses(
    (status = 200, description = "A page of scores.", body = IndexScorePage),
    (status = 404, description = "Problem: `not_found`, `not_published`.", body = super::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[get("/index-scores")]
pub async fn list_index_scores(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListIndexScoresQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = filters(&state, &query).await?;
    crud::list::<IndexScores>(&state, &request, query.paging(), filters.into_iter().map(Some), SORTS).await
}

/// The filters of a list or an export.
///
/// # Errors
/// What is wrong with a revision, and 404 where there is none.
pub async fn filters(state: &AppState, query: &ListIndexScoresQuery) -> Result<Vec<Filter>, Problem> {
    let revision = revision_of(state, query).await?;
    let filters = [
        page::is_number(REVISION, revision),
        page::is("index_code", query.index_code.as_ref()),
        page::is_number("year", query.year),
        page::is_number("published_rank", query.published_rank),
        page::is("source", query.source.as_ref()),
        page::is("unit_id", query.unit_id.as_ref()),
        page::under("unit_id", query.under.as_ref()),
        page::is("criterion", query.criterion.as_ref()),
        page::is_word("stage", query.stage.map(ScoreStage::as_str)),
        page::is_true("applicable", query.applicable),
    ];
    Ok(filters.into_iter().flatten().collect())
}

/// The number of the revision whose scores are asked for; none for the working ones.
async fn revision_of(state: &AppState, query: &ListIndexScoresQuery) -> Result<Option<i32>, Problem> {
    let which = match query.revision.as_deref() {
        None => Which::Working,
        Some(text) => revision_named(text)?,
    };
    match (which, &query.index_code, query.year) {
        (Which::Working, ..) => {
            super::access::require(Scope::ScoresRead)?;
            Ok(None)
        }
        (_, Some(index), Some(year)) => {
            let asked = Asked { which, rights: state.rights() };
            let edition = edition_cycle::edition(&state.store, clean(index), year, asked).await?;
            Ok(edition.record.state.frozen.map(|frozen| frozen.revision))
        }
        _ => Err(Problem::bad_parameter(
            "revision",
            "edition_required",
            "A revision is one of an edition: give `index_code` and `year`.",
            "Lần công bố thuộc một kỳ đánh giá: cần `index_code` và `year`.",
        )),
    }
}

/// Create an index score
///
/// The id is made by the service. A second score of the same index, year, unit, criterion and stage is refused, and so
/// is one of a stage that the edition takes no scores of where it stands. A score may be a number or a decimal string;
/// both keep every digit.
#[utoipa::path(tag = "index scores", request_body = IndexScoreInput, responses((status = 201, description = "The new score.", body = IndexScoreView)))]
#[post("/index-scores")]
pub async fn create_index_score(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<IndexScores>(&state, &request, body).await
}

/// Get an index score
///
/// `score` is not rounded; `score_exact` is the same as text, for clients whose numbers are binary floats.
#[utoipa::path(tag = "index scores", params(("id" = String, Path, description = "Id of the score.")), responses((status = 200, description = "The score.", body = IndexScoreView)))]
#[get("/index-scores/{id}")]
pub async fn get_index_score(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<IndexScores>(&state, &request, &id).await
}

/// Put an index score
///
/// Replaces a score that is there. What is unique about it may change, but not to that of another score.
#[utoipa::path(tag = "index scores", params(("id" = String, Path, description = "Id of the score.")), request_body = IndexScoreInput, responses((status = 200, description = "The score as it is now.", body = IndexScoreView)))]
#[put("/index-scores/{id}")]
pub async fn put_index_score(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<IndexScores>(&state, &request, &id, body, Absent::Refuse).await
}

/// Patch an index score
///
/// A JSON merge patch of what `GET` gives.
#[utoipa::path(tag = "index scores", params(("id" = String, Path, description = "Id of the score.")), request_body(content = IndexScoreInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The score as it is now.", body = IndexScoreView)))]
#[patch("/index-scores/{id}")]
pub async fn patch_index_score(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<IndexScores>(&state, &request, &id, body).await
}

/// Delete an index score
///
/// Refused when its edition takes no scores of that stage where it stands. A published revision keeps it.
#[utoipa::path(tag = "index scores", params(("id" = String, Path, description = "Id of the score.")), responses((status = 204, description = "It is gone.")))]
#[delete("/index-scores/{id}")]
pub async fn delete_index_score(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<IndexScores>(&state, &request, &id).await
}

/// Put an index score by what is unique about it
///
/// Replaces the score of that index, year, unit, stage and criterion, or creates it when absent. Repeating it
/// changes nothing. `Location` is the address by id.
#[utoipa::path(tag = "index scores", params(
    ("index" = String, Path, description = "Code of the index."),
    ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999),
    ("unit" = String, Path, description = "Id of the unit."),
    ("stage" = ScoreStage, Path, description = "Stage of the score."),
    ("criterion" = String, Path, description = "Code of the criterion; `_total` for the total."),
), request_body = IndexScoreByKeyInput, responses(
    (status = 200, description = "The score as it is now.", body = IndexScoreView),
    (status = 201, description = "The new score.", body = IndexScoreView),
))]
#[put("/index-scores/by-key/{index}/{year}/{unit}/{stage}/{criterion}")]
pub async fn put_index_score_by_key(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String, String, String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (index, year, unit, stage, criterion) = path.into_inner();
    let criterion = crud::path_key::<IndexScoresByKey>(&criterion)?;
    let key = ScoreKey {
        index_code: index_of_path(&state, &index).await?,
        unit_id: crud::path_key::<Units>(&unit)?,
        year: year_of("year", &year)?,
        stage: stage_of_path(&stage)?,
        criterion: (criterion != TOTAL).then_some(criterion),
    };
    index_scores::check_address(&state.store, key.clone()).await?;
    // The address names the unit: whether there is a score is not told.
    if !frame::caller().may(Scope::ScoresWrite, &key.unit_id) {
        return Err(Error::out_of_reach().into());
    }
    crud::put::<IndexScoresByKey>(&state, &request, &key.to_string(), body, Absent::Create).await
}

fn stage_of_path(word: &str) -> Result<ScoreStage, Problem> {
    word.parse().map_err(|_| {
        let expected = ScoreStage::WORDS.join(", ");
        Problem::bad_parameter(
            "stage",
            "unknown_word",
            format!("The stages are {expected}."),
            format!("Các giai đoạn chấm điểm: {expected}."),
        )
    })
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_index_scores)
        .service(create_index_score)
        .service(put_index_score_by_key)
        .service(get_index_score)
        .service(put_index_score)
        .service(patch_index_score)
        .service(delete_index_score);
}
