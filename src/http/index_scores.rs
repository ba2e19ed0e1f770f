//! `/index-scores`: scores by their id, and by what is unique about them.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, API, Exposed, Key},
    editions::index_of_path,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    rankings::year_of,
    record_scores::ComputationView,
    respond,
    schema::{DecimalText, Number},
    state::AppState,
};
use crate::{
    domain::{
        decimal::Exact,
        index_scores::{IndexScore, ScoreStage, still_computed},
        text::clean,
        time::Day,
    },
    service::{
        crud::{Absent, Proposal, Resource},
        error::Error,
        index_scores::{self, IndexScores, IndexScoresByKey, ScoreKey},
        units::Units,
    },
    store::{Versioned, index_scores::TOTAL, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("score", "score_sort"), ("year", "year"), ("unit_id", "unit_id")];

/// A score of a unit in an edition: the total or one criterion, at one stage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexScore, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000001", "index_code": "pci", "year": 2016, "unit_id": "gso-87",
    "criterion": null, "stage": "final", "score": 64.9552993774414, "score_exact": "64.9552993774414",
    "published_rank": 3, "applicable": true, "source": "PCI 2016",
    "computation": null
}))]
pub struct IndexScoreView {
    /// The key, made by the service.
    pub id: String,
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// The unit.
    pub unit_id: String,
    /// The criterion; null for the total.
    pub criterion: Option<String>,
    /// Stage.
    pub stage: ScoreStage,
    /// The score, not rounded; null where it does not apply.
    pub score: Option<Number>,
    /// The score with every digit, as text.
    pub score_exact: Option<String>,
    /// Rank as published beside it.
    pub published_rank: Option<i32>,
    /// False takes the criterion out of the maximum.
    pub applicable: bool,
    /// Where it comes from.
    pub source: Option<String>,
    /// What it was computed from; null where somebody gave it.
    pub computation: Option<ComputationView>,
}

/// A score as it shall be. What a `GET` gives can be sent back: `score_exact` is taken and ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "index_code": "pci", "year": 2016, "unit_id": "gso-87", "criterion": null, "stage": "final",
    "score": "64.9552993774414", "published_rank": 3
}))]
pub struct IndexScoreInput {
    /// The key: made by the service, ignored in a `POST`.
    #[serde(default)]
    pub id: Option<String>,
    /// The index.
    pub index_code: String,
    /// Data year; the index must have its edition.
    pub year: i32,
    /// The unit; it must exist on some day of the year.
    pub unit_id: String,
    /// The criterion; null for the total.
    #[serde(default)]
    pub criterion: Option<String>,
    /// Stage.
    pub stage: ScoreStage,
    /// The score; required unless `applicable` is false.
    #[serde(default)]
    pub score: Option<DecimalText>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<String>, read_only)]
    pub score_exact: Option<IgnoredAny>,
    /// Rank as published beside it, from 1.
    #[serde(default)]
    pub published_rank: Option<i32>,
    /// False takes the criterion out of the maximum; true when absent.
    #[serde(default)]
    pub applicable: Option<bool>,
    /// Where it comes from.
    #[serde(default)]
    pub source: Option<String>,
    /// Read-only: ignored. A score that changes is no longer a computed one.
    #[serde(default)]
    #[schema(value_type = Option<ComputationView>, read_only)]
    pub computation: Option<IgnoredAny>,
}

/// A score as it shall be, when the path says which. What a `GET` gives can be sent back: `id` and `score_exact`
/// are taken and ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"score": 64.9552993774414, "published_rank": 3, "source": "PCI 2016"}))]
pub struct IndexScoreByKeyInput {
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<String>, read_only)]
    pub id: Option<IgnoredAny>,
    /// The index, as in the path.
    #[serde(default)]
    pub index_code: Option<String>,
    /// Data year, as in the path.
    #[serde(default)]
    pub year: Option<i32>,
    /// The unit, as in the path.
    #[serde(default)]
    pub unit_id: Option<String>,
    /// The criterion, as in the path; null or `_total` for the total.
    #[serde(default, deserialize_with = "even_null")]
    #[schema(value_type = Option<String>)]
    pub criterion: Option<Option<String>>,
    /// Stage, as in the path.
    #[serde(default)]
    pub stage: Option<ScoreStage>,
    /// The score; required unless `applicable` is false.
    #[serde(default)]
    pub score: Option<DecimalText>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<String>, read_only)]
    pub score_exact: Option<IgnoredAny>,
    /// Rank as published beside it, from 1.
    #[serde(default)]
    pub published_rank: Option<i32>,
    /// False takes the criterion out of the maximum; true when absent.
    #[serde(default)]
    pub applicable: Option<bool>,
    /// Where it comes from.
    #[serde(default)]
    pub source: Option<String>,
    /// Read-only: ignored. A score that changes is no longer a computed one.
    #[serde(default)]
    #[schema(value_type = Option<ComputationView>, read_only)]
    pub computation: Option<IgnoredAny>,
}

/// Tells a null (the total) from a member that is left out.
fn even_null<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(d).map(Some)
}

/// A page of scores.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexScorePage {
    /// The scores.
    pub items: Vec<IndexScoreView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which scores.
    pub struct ListIndexScoresQuery {
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

fn text(value: Option<String>) -> Option<String> {
    value.as_deref().map(clean)
}

fn exact(score: Option<DecimalText>) -> Result<Option<Exact>, Error> {
    score.map(|score| score.exact("/score")).transpose()
}

impl Exposed for IndexScores {
    type View = IndexScoreView;
    type Input = IndexScoreInput;

    fn view(score: &Versioned<IndexScore>, _today: Day) -> IndexScoreView {
        let score = score.record.clone();
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
            computation: None,
        };
        Ok(still_computed(score, old).into())
    }
}

impl Exposed for IndexScoresByKey {
    type View = IndexScoreView;
    type Input = IndexScoreByKeyInput;

    fn view(score: &Versioned<IndexScore>, today: Day) -> IndexScoreView {
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
/// Filters are exact; `criterion=_total` asks for totals. `sort=score` is the order of the numbers.
#[utoipa::path(tag = "index scores", params(ListIndexScoresQuery), responses((status = 200, description = "A page of scores.", body = IndexScorePage)))]
#[get("/index-scores")]
pub async fn list_index_scores(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListIndexScoresQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
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
    crud::list::<IndexScores>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create an index score
///
/// The id is made by the service. A second score of the same index, year, unit, criterion and stage is refused,
/// and so is one of a published edition. A score may be a number or a decimal string; both keep every digit.
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
/// Refused when its edition is published.
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
pub fn configure(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config
        .service(list_index_scores)
        .service(create_index_score)
        .service(put_index_score_by_key)
        .service(get_index_score)
        .service(put_index_score)
        .service(patch_index_score)
        .service(delete_index_score);
}
