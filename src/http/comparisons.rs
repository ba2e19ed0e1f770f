//! `/indexes/{code}/comparison`: several units of an index over the same years.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    crud, edition_cycle,
    endpoints::Endpoints,
    formats::{self, FileFormat},
    json_stat::Dataset,
    kept,
    problem::Problem,
    series::{SeriesPoint, asked, years},
    series_files,
    state::AppState,
};
use crate::{
    domain::index_scores::ScoreStage,
    service::{
        edition_cycle::Which,
        series::{self, Series, SeriesQuestion, UnitSeries},
        units::Units,
    },
};

/// Most units that are compared at once.
const MOST_UNITS: usize = 100;

/// Which units over which years, and how it is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ComparisonQuery {
    /// The units, comma-separated, each once; 100 at most.
    #[param(example = "gso-87,gso-86")]
    pub unit_ids: String,
    /// First year; that of the first edition when left out.
    #[param(minimum = 1900, maximum = 2999)]
    pub from: Option<i32>,
    /// Last year; that of the last edition when left out.
    #[param(minimum = 1900, maximum = 2999)]
    pub to: Option<i32>,
    /// Code of the cohort; for each unit and year the first that it belongs to when left out.
    pub cohort: Option<String>,
    /// Stage of the scores; `final` when left out.
    pub stage: Option<ScoreStage>,
    /// The revisions that were public at this moment (RFC 3339), or at the end of this day; the last ones when left
    /// out.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
    /// How the comparison is written; by `Accept` when left out, JSON without it.
    #[param(inline)]
    pub format: Option<FileFormat>,
    /// Begin a CSV file with a byte order mark, which some spreadsheet programs need to read Vietnamese.
    pub bom: Option<bool>,
}

/// The series of a unit.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparedUnit {
    /// The unit.
    pub unit_id: String,
    /// Its name at the end of the last year.
    pub unit_name: String,
    /// A point for each year; a gap has nulls and says why.
    pub points: Vec<SeriesPoint>,
}

impl From<&UnitSeries> for ComparedUnit {
    fn from(of: &UnitSeries) -> Self {
        Self {
            unit_id: of.unit.id.clone(),
            unit_name: of.unit.name.clone(),
            points: of.points.iter().map(Into::into).collect(),
        }
    }
}

/// Several units of an index over the same years.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comparison, example = json!({
    "index_code": "pci", "index_name": "Chỉ số năng lực cạnh tranh cấp tỉnh (PCI)", "stage": "final", "from": 2016,
    "to": 2016, "units": [{"unit_id": "gso-87", "unit_name": "Tỉnh Đồng Tháp", "points": [{
        "year": 2016, "score": 64.96, "score_exact": "64.9552993774414", "rank": 3, "tied": false, "cohort_size": 63,
        "band": "Rất tốt", "published_rank": 3, "cohort": "provinces", "framework": "pci-2013", "comparable": true,
        "not_comparable_because": null, "missing_because": null, "unranked_because": null
    }]}]
}))]
pub struct ComparisonBody {
    /// The index.
    pub index_code: String,
    /// Its name.
    pub index_name: String,
    /// Stage of the scores.
    pub stage: ScoreStage,
    /// First year; null for an index without editions.
    pub from: Option<i32>,
    /// Last year; null for an index without editions.
    pub to: Option<i32>,
    /// The units in the order asked for.
    pub units: Vec<ComparedUnit>,
}

impl ComparisonBody {
    fn new(series: Series, stage: ScoreStage) -> Self {
        let (from, to) = series.years.unzip();
        Self {
            units: series.units.iter().map(Into::into).collect(),
            index_code: series.index_code,
            index_name: series.index_name,
            stage,
            from,
            to,
        }
    }
}

/// The units of a list.
fn unit_ids(text: &str) -> Result<Vec<String>, Problem> {
    let refuse = |code, en: &str, vi: &str| Err(Problem::bad_parameter("unit_ids", code, en, vi));
    let mut ids = Vec::new();
    for id in text.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let id = crud::path_key::<Units>(id)?;
        if ids.contains(&id) {
            return refuse("duplicate", "Each unit once.", "Mỗi đơn vị chỉ ghi một lần.");
        }
        ids.push(id);
    }
    match ids.len() {
        1..=MOST_UNITS => Ok(ids),
        _ => refuse("out_of_range", "1 to 100 units.", "Từ 1 đến 100 đơn vị."),
    }
}

/// Compare units
///
/// The series of several units over the same years, side by side. Gaps, and what compares, are as in a series.
#[utoipa::path(
    tag = "rankings",
    params(("code" = String, Path, description = "Code of the index."), ComparisonQuery),
    responses((status = 200, description = "The comparison.", content(
        (ComparisonBody = "application/json"),
        (Dataset = "application/vnd.json-stat+json"),
        (String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )))
)]
#[get("/indexes/{code}/comparison")]
pub async fn get_comparison(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    query: Result<Query<ComparisonQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let mut form = (FileFormat::Json, false);
    let question = asked(&state, &code, query, |query, index_code| {
        form = (formats::wanted(&request, query.format, query.bom)?, query.bom.unwrap_or(false));
        let (from, to) = years(query.from, query.to)?;
        Ok(SeriesQuestion {
            index_code,
            unit_ids: unit_ids(&query.unit_ids)?,
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
            Ok((ComparisonBody::new(series, stage), stands_since))
        })
        .await;
    }
    let series = series::series(&state.store, question).await?;
    let name = format!("comparison_{}", series.index_code);
    Ok(formats::varied(series_files::answer(&request, &series, name, form.0, form.1)?))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_comparison);
}
