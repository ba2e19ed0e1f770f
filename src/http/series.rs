//! `/indexes/{code}/series`: how a unit stood in an index year by year.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    crud, edition_cycle,
    editions::index_of_path,
    endpoints::Endpoints,
    formats::{self, FileFormat},
    json_stat::Dataset,
    kept,
    problem::Problem,
    schema::Number,
    series_files,
    state::AppState,
};
use crate::{
    domain::{index_scores::ScoreStage, time::YEARS},
    service::{
        edition_cycle::Which,
        indexes::Indexes,
        ranking_reports::NotComparable,
        series::{self, Point, Series, SeriesGap, SeriesQuestion},
        totals::Unranked,
        units::Units,
    },
};

/// Which series, and how it is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// The unit.
    pub unit_id: String,
    /// First year; that of the first edition when left out.
    #[param(minimum = 1900, maximum = 2999)]
    pub from: Option<i32>,
    /// Last year; that of the last edition when left out.
    #[param(minimum = 1900, maximum = 2999)]
    pub to: Option<i32>,
    /// Code of the cohort; in each year the first that the unit belongs to when left out.
    pub cohort: Option<String>,
    /// Stage of the scores; `final` when left out.
    pub stage: Option<ScoreStage>,
    /// The revisions that were public at this moment (RFC 3339), or at the end of this day; the last ones when left
    /// out.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
    /// How the series is written; by `Accept` when left out, JSON without it.
    #[param(inline)]
    pub format: Option<FileFormat>,
    /// Begin a CSV file with a byte order mark, which some spreadsheet programs need to read Vietnamese.
    pub bom: Option<bool>,
}

/// A year of a series.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesPoint {
    /// Data year.
    pub year: i32,
    /// The score, rounded to the edition's decimals; null in a gap.
    pub score: Option<Number>,
    /// The score with every digit; null in a gap.
    pub score_exact: Option<String>,
    /// The rank; null in a gap.
    pub rank: Option<u32>,
    /// Whether another unit has the same rank; null in a gap.
    pub tied: Option<bool>,
    /// How many units are ranked; null in a gap.
    pub cohort_size: Option<usize>,
    /// Label of the band that the exact score lies in.
    pub band: Option<String>,
    /// The rank that the publisher gave.
    pub published_rank: Option<i32>,
    /// Code of the cohort; null where the unit is in none.
    pub cohort: Option<String>,
    /// Id of the framework; null without an edition.
    pub framework: Option<String>,
    /// Whether the year is scored as the year before is, its totals follow the same rules, no values are scaled within
    /// the cohort, and the year before has that cohort too; null where the unit has no score in one of the two.
    pub comparable: Option<bool>,
    /// Why it is not.
    pub not_comparable_because: Option<NotComparable>,
    /// Why the year is a gap; null where it is none.
    pub missing_because: Option<SeriesGap>,
    /// Why the unit has no rank in the cohort; null elsewhere.
    pub unranked_because: Option<Unranked>,
}

impl From<&Point> for SeriesPoint {
    fn from(point: &Point) -> Self {
        let decimals = point.facts.as_ref().map_or(0, |facts| facts.decimals);
        let place = point.place.as_ref().ok();
        let before = point.facts.as_ref().and_then(|facts| facts.before);
        let missing = point.place.as_ref().err().copied();
        Self {
            year: point.year,
            score: place.map(|place| Number::rounded(&place.score, decimals)),
            score_exact: place.map(|place| place.score.to_string()),
            rank: place.map(|place| place.rank),
            tied: place.map(|place| place.tied),
            cohort_size: place.map(|place| place.cohort_size),
            band: place.and_then(|place| place.band.clone()),
            published_rank: place.and_then(|place| place.published_rank),
            cohort: point.cohort.clone(),
            framework: point.facts.as_ref().map(|facts| facts.framework.clone()),
            comparable: before.map(|why| why.is_none()),
            not_comparable_because: before.flatten(),
            missing_because: missing.map(|(gap, _)| gap),
            unranked_because: missing.and_then(|(_, unranked)| unranked),
        }
    }
}

/// How a unit stood in an index year by year.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Series, example = json!({
    "index_code": "pci", "index_name": "Chỉ số năng lực cạnh tranh cấp tỉnh (PCI)", "unit_id": "gso-87",
    "unit_name": "Tỉnh Đồng Tháp", "stage": "final", "from": 2016, "to": 2016,
    "points": [{
        "year": 2016, "score": 64.96, "score_exact": "64.9552993774414", "rank": 3, "tied": false, "cohort_size": 63,
        "band": "Rất tốt", "published_rank": 3, "cohort": "provinces", "framework": "pci-2013", "comparable": true,
        "not_comparable_because": null, "missing_because": null, "unranked_because": null
    }]
}))]
pub struct SeriesBody {
    /// The index.
    pub index_code: String,
    /// Its name.
    pub index_name: String,
    /// The unit.
    pub unit_id: String,
    /// Its name at the end of the last year.
    pub unit_name: String,
    /// Stage of the scores.
    pub stage: ScoreStage,
    /// First year; null for an index without editions.
    pub from: Option<i32>,
    /// Last year; null for an index without editions.
    pub to: Option<i32>,
    /// A point for each year; a gap has nulls and says why.
    pub points: Vec<SeriesPoint>,
}

impl SeriesBody {
    fn new(series: Series, stage: ScoreStage) -> Self {
        let (from, to) = series.years.unzip();
        let unit = series.units.into_iter().next();
        let points = unit.iter().flat_map(|unit| &unit.points).map(Into::into).collect();
        let (unit_id, unit_name) = unit.map(|of| (of.unit.id, of.unit.name)).unwrap_or_default();
        Self {
            index_code: series.index_code,
            index_name: series.index_name,
            unit_id,
            unit_name,
            stage,
            from,
            to,
            points,
        }
    }
}

/// First and last year of a query.
///
/// # Errors
/// 400 for a year that is none, and for a last year before the first.
pub fn years(from: Option<i32>, to: Option<i32>) -> Result<(Option<i32>, Option<i32>), Problem> {
    for (name, year) in [("from", from), ("to", to)] {
        if year.is_some_and(|year| !YEARS.contains(&year)) {
            let (en, vi) = ("A year from 1900 to 2999.", "Năm từ 1900 đến 2999.");
            return Err(Problem::bad_parameter(name, "not_a_year", en, vi));
        }
    }
    match (from, to) {
        (Some(first), Some(last)) if last < first => Err(Problem::bad_parameter(
            "to",
            "before_from",
            "`to` must not be before `from`.",
            "`to` không được trước `from`.",
        )),
        years => Ok(years),
    }
}

/// What is asked for some units of an index; a problem of the query, unless the index isn't there.
///
/// # Errors
/// 404 for the index, or what is wrong with the query.
pub async fn asked<Q>(
    state: &AppState,
    code: &str,
    query: Result<Query<Q>, Problem>,
    question: impl FnOnce(Q, String) -> Result<SeriesQuestion, Problem>,
) -> Result<SeriesQuestion, Problem> {
    let of = query.and_then(|Query(query)| question(query, crud::path_key::<Indexes>(code)?));
    if of.is_err() {
        index_of_path(state, code).await?;
    }
    of
}

/// Get a series
///
/// The standings of a unit, each computed as the ranking of its year is. A year without an edition or without a
/// score is a gap: its members are null and `missing_because` says why. `comparable` is about the year before; files
/// say it in the column `So sánh được với năm trước` (`có`, `không`; empty where it is null) and the reason in the
/// next one, datasets say both in `note`.
#[utoipa::path(
    tag = "rankings",
    params(("code" = String, Path, description = "Code of the index."), SeriesQuery),
    responses((status = 200, description = "The series.", content(
        (SeriesBody = "application/json"),
        (Dataset = "application/vnd.json-stat+json"),
        (String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )))
)]
#[get("/indexes/{code}/series")]
pub async fn get_series(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    query: Result<Query<SeriesQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let mut form = (FileFormat::Json, false);
    let question = asked(&state, &code, query, |query, index_code| {
        form = (formats::wanted(&request, query.format, query.bom)?, query.bom.unwrap_or(false));
        let (from, to) = years(query.from, query.to)?;
        Ok(SeriesQuestion {
            index_code,
            unit_ids: vec![crud::path_key::<Units>(&query.unit_id)?],
            from,
            to,
            cohort: query.cohort,
            stage: query.stage.unwrap_or(ScoreStage::Final),
            asked: edition_cycle::asked(None, query.as_of.as_deref(), Which::Current, state.rights())?,
        })
    })
    .await?;
    let stage = question.stage;
    if form.0 == FileFormat::Json {
        return kept::answer_dated(&state, &request, async |_| {
            let series = series::series(&state.store, question).await?;
            let stands_since = series.stands_since();
            Ok((SeriesBody::new(series, stage), stands_since))
        })
        .await;
    }
    let series = series::series(&state.store, question).await?;
    let unit = series.units.first().map_or("", |of| of.unit.id.as_str());
    let name = format!("series_{}_{unit}", series.index_code);
    Ok(formats::varied(series_files::answer(&request, &series, name, form.0, form.1)?))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_series);
}
