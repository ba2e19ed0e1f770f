//! `/indexes/{code}/rankings/{year}/distribution`: how the scores of a cohort are spread.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query, crud, edition_cycle, editions::index_of_path, endpoints::Endpoints, kept, problem::Problem,
    ranking_queries::year_of, schema::Number, state::AppState,
};
use crate::{
    domain::{decimal::Exact, index_scores::ScoreStage},
    service::{
        distributions::{self, Distribution},
        edition_cycle::Which,
        indexes::Indexes,
        ranking_reports::{BaseYear, Question},
    },
};

/// How quartiles are taken.
const METHOD: &str = "linear_interpolation_inclusive";

/// Which cohort.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DistributionQuery {
    /// Code of the cohort; the edition's first when left out.
    pub cohort: Option<String>,
    /// Stage of the scores; `final` when left out.
    pub stage: Option<ScoreStage>,
    /// Number of a revision, `published` or `working`; the last one when left out, and the working state where there
    /// is none.
    pub revision: Option<String>,
    /// The revision that was public at this moment (RFC 3339), or at the end of this day. Not with `revision`.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
}

/// A figure of a spread.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpreadFigure {
    /// Rounded to the edition's decimals.
    pub score: Number,
    /// Every digit; of a mean 20 decimals.
    pub score_exact: String,
}

impl SpreadFigure {
    fn new(value: &Exact, decimals: u8) -> Self {
        Self { score: Number::rounded(value, decimals), score_exact: value.to_string() }
    }
}

/// A band with the units that it holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BandCount)]
pub struct BandCountBody {
    /// Label of the band.
    pub label: String,
    /// Units whose exact score lies in it.
    pub count: usize,
}

/// How the scores of a cohort are spread. The figures are null where no unit is ranked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Distribution, example = json!({
    "index_code": "pci", "year": 2016, "cohort": "provinces", "stage": "final", "decimals": 2, "count": 4, "unranked": 0,
    "quartile_method": "linear_interpolation_inclusive",
    "min": {"score": 1.00, "score_exact": "1"}, "lower_quartile": {"score": 1.75, "score_exact": "1.75"},
    "median": {"score": 2.50, "score_exact": "2.5"}, "upper_quartile": {"score": 3.25, "score_exact": "3.25"},
    "max": {"score": 4.00, "score_exact": "4"}, "mean": {"score": 2.50, "score_exact": "2.5"},
    "bands": [{"label": "Khá", "count": 4}]
}))]
pub struct DistributionBody {
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
    /// How many units are ranked: the figures are of these.
    pub count: usize,
    /// How many units of the cohort have no rank.
    pub unranked: usize,
    /// How quartiles are taken: `linear_interpolation_inclusive` is between the scores around the place (n − 1) × p,
    /// as `QUARTILE.INC` of spreadsheets.
    pub quartile_method: &'static str,
    /// The lowest score.
    pub min: Option<SpreadFigure>,
    /// A quarter of the scores lie at or below.
    pub lower_quartile: Option<SpreadFigure>,
    /// Half of the scores lie at or below.
    pub median: Option<SpreadFigure>,
    /// Three quarters of the scores lie at or below.
    pub upper_quartile: Option<SpreadFigure>,
    /// The highest score.
    pub max: Option<SpreadFigure>,
    /// The mean.
    pub mean: Option<SpreadFigure>,
    /// The edition's bands from the lowest.
    pub bands: Vec<BandCountBody>,
}

impl DistributionBody {
    fn new(of: Distribution) -> Self {
        let edition = of.report.sheet.edition;
        let decimals = edition.decimals;
        let spread = of.spread.as_ref();
        let figure = |value: Option<&Exact>| value.map(|value| SpreadFigure::new(value, decimals));
        Self {
            index_code: edition.index_code,
            year: edition.year,
            cohort: of.report.sheet.cohort.code,
            stage: of.report.sheet.stage,
            decimals,
            count: of.report.ranking.cohort_size,
            unranked: of.report.ranking.unranked.len(),
            quartile_method: METHOD,
            min: figure(spread.map(|s| &s.min)),
            lower_quartile: figure(spread.map(|s| &s.lower_quartile)),
            median: figure(spread.map(|s| &s.median)),
            upper_quartile: figure(spread.map(|s| &s.upper_quartile)),
            max: figure(spread.map(|s| &s.max)),
            mean: figure(spread.map(|s| &s.mean)),
            bands: of
                .bands
                .into_iter()
                .map(|of| BandCountBody { label: of.band.label, count: of.count })
                .collect(),
        }
    }
}

/// Get the distribution of a ranking
///
/// The extremes, quartiles, median and mean of the ranked units of a cohort, and how many of them each band holds.
/// All but the mean are exact; the mean has 20 decimals.
#[utoipa::path(
    tag = "rankings",
    params(
        ("code" = String, Path, description = "Code of the index."),
        ("year" = i32, Path, description = "Data year."),
        DistributionQuery,
    ),
    responses((status = 200, description = "The distribution.", body = DistributionBody))
)]
#[get("/indexes/{code}/rankings/{year}/distribution")]
pub async fn get_distribution(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<DistributionQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (code, year) = path.into_inner();
    let asked = query.and_then(|Query(query)| {
        Ok(Question {
            index_code: crud::path_key::<Indexes>(&code)?,
            year: year_of("year", &year)?,
            base: BaseYear::Without,
            cohort: query.cohort,
            stage: query.stage.unwrap_or(ScoreStage::Final),
            asked: edition_cycle::asked(
                query.revision.as_deref(),
                query.as_of.as_deref(),
                Which::Current,
                state.rights(),
            )?,
            kept: state.standings.clone(),
            store: None,
        })
    });
    match asked {
        Ok(question) => {
            kept::answer(&state, &request, async |_| {
                Ok(DistributionBody::new(distributions::distribution(&state.store, question).await?))
            })
            .await
        }
        // An index that isn't there is told before what can't be read.
        Err(problem) => {
            index_of_path(&state, &code).await?;
            Err(problem)
        }
    }
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_distribution);
}
