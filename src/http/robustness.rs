//! `/indexes/{code}/rankings/{year}/robustness`: how sure the ranks are.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    dossier_statistics::RateBody,
    editions::index_of_path,
    endpoints::Endpoints,
    kept,
    problem::Problem,
    ranking_queries::{self, RankingQuery},
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{decimal::Exact, index_scores::ScoreStage},
    service::{
        ranking_details,
        ranking_reports::RankingReport,
        rankings::Standing,
        robustness::{Draws, FACTOR_DECIMALS, MOST_DRAWS, RankRange, Robustness},
        totals::Unranked,
    },
};

/// What is drawn.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RobustnessQuery {
    /// The share by which each weight may vary either way: above 0, below 1, up to 9 decimals; 0.1 when absent.
    #[param(example = "0.1")]
    pub share: Option<String>,
    /// How many draws, up to 10,000 and up to 12 million ranks in all, fewer with twenty or more weights below areas;
    /// 1,000 when absent.
    #[param(minimum = 1, maximum = 10000)]
    pub draws: Option<String>,
    /// The seed, from 0 to 4,294,967,295: the same seed gives the same draws; 1 when absent.
    #[param(example = 1)]
    pub seed: Option<String>,
    /// Code of the cohort; the edition's first when absent.
    pub cohort: Option<String>,
    /// Stage of the scores; `final` when absent.
    pub stage: Option<ScoreStage>,
    /// Number of a revision; `published` for the last one, `working` for what the next one would be. The last one when
    /// absent, and the working state where there is none.
    #[param(example = "1")]
    pub revision: Option<String>,
    /// The revision that was public at this moment (RFC 3339), or at the end of this day. Not with `revision`.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
}

/// The ranks of a unit in the draws.
#[derive(Debug, Serialize, ToSchema)]
pub struct RankRangeBody {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Its rank.
    pub rank: u32,
    /// Its score, rounded.
    pub score: Number,
    /// Its score, every digit.
    pub score_exact: String,
    /// Its best rank in the draws.
    pub min_rank: u32,
    /// Its worst rank in the draws.
    pub max_rank: u32,
    /// Its middle rank in the draws; of an even number of draws the better of the two in the middle.
    pub median_rank: u32,
    /// The draws in which it has its own rank.
    pub at_own_rank: RateBody,
    /// Why its total stays as it is while the others vary; null where it varies.
    pub not_varied_because: Option<Unranked>,
}

/// How sure the ranks of a cohort are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Robustness, example = json!({
    "index_code": "pci", "year": 2016, "cohort": "provinces", "stage": "final", "decimals": 2, "share": 0.1,
    "draws": 1000, "seed": 1, "precision": 14, "cohort_size": 63,
    "units": [{"unit_id": "gso-87", "unit_name": "Tỉnh Đồng Tháp", "rank": 3, "score": 64.96,
        "score_exact": "64.9552993774414", "min_rank": 3, "max_rank": 4, "median_rank": 3,
        "at_own_rank": {"value": 0.91, "numerator": 910, "denominator": 1000, "base": "draws"},
        "not_varied_because": null}]
}))]
pub struct RobustnessBody {
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
    /// The share by which each weight varied either way.
    pub share: Number,
    /// How many draws.
    pub draws: u32,
    /// The seed.
    pub seed: u64,
    /// Decimals to which the totals of a draw were told apart.
    pub precision: u8,
    /// How many units are ranked.
    pub cohort_size: usize,
    /// The ranked units, by rank.
    pub units: Vec<RankRangeBody>,
}

impl RobustnessBody {
    fn new(report: &RankingReport, draws: &Draws, robustness: &Robustness) -> Self {
        let edition = &report.sheet.edition;
        let decimals = edition.decimals;
        let rows = report.ranking.standings.iter().zip(&robustness.rows);
        Self {
            index_code: edition.index_code.clone(),
            year: edition.year,
            cohort: report.sheet.cohort.code.clone(),
            stage: report.sheet.stage,
            decimals,
            share: Number::exact(&draws.share),
            draws: draws.count,
            seed: draws.seed,
            precision: robustness.decimals,
            cohort_size: report.ranking.cohort_size,
            units: rows.map(|(standing, row)| RankRangeBody::new(standing, row, decimals)).collect(),
        }
    }
}

impl RankRangeBody {
    fn new(standing: &Standing, row: &RankRange, decimals: u8) -> Self {
        Self {
            unit_id: standing.unit_id.clone(),
            unit_name: standing.unit_name.clone(),
            rank: standing.rank,
            score: Number::rounded(&standing.total.score, decimals),
            score_exact: standing.total.score.to_string(),
            min_rank: row.min,
            max_rank: row.max,
            median_rank: row.median,
            at_own_rank: row.at_own_rank.clone().into(),
            not_varied_because: (!row.varied).then_some(Unranked::IncompleteComponents),
        }
    }
}

fn out_of_range(name: &str, en: &str, vi: &str) -> Problem {
    Problem::bad_parameter(name, "out_of_range", en, vi)
}

/// A whole number of a parameter, from `least` to `most`.
fn whole(text: &str, least: u32, most: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && (least..=most).contains(number))
}

fn draws(query: &RobustnessQuery) -> Result<Draws, Problem> {
    let share = query.share.as_deref().unwrap_or("0.1");
    let share = Exact::parse(share).ok().filter(|share| {
        let inside = !share.is_negative() && !share.is_zero() && share < &Exact::from(1);
        inside && share == &share.round(FACTOR_DECIMALS)
    });
    let share = share.ok_or_else(|| {
        out_of_range(
            "share",
            "A number above 0 and below 1, with up to 9 decimals.",
            "Một số lớn hơn 0 và nhỏ hơn 1, tối đa 9 chữ số thập phân.",
        )
    })?;
    let count = whole(query.draws.as_deref().unwrap_or("1000"), 1, MOST_DRAWS)
        .ok_or_else(|| out_of_range("draws", "1 to 10000 draws.", "Từ 1 đến 10000 lần thử."))?;
    let seed = whole(query.seed.as_deref().unwrap_or("1"), 0, u32::MAX).ok_or_else(|| {
        out_of_range("seed", "A whole number from 0 to 4294967295.", "Một số nguyên từ 0 đến 4294967295.")
    })?;
    Ok(Draws { share, count, seed: u64::from(seed) })
}

/// Vary the weights
///
/// How sure the ranks are: each weight, of an area or of a criterion below one, is drawn uniformly from its share below
/// to its share above the official one and the weights are scaled back to their sum, those below a criterion to theirs,
/// as in the uncertainty analysis of the OECD/JRC Handbook on composite indicators; then the cohort is ranked again.
/// Where the points of areas are added, the maxima stand for the weights, those of a unit alone where its points are a
/// share of what applies to it. The weights below a criterion do not move a score that is stored of it, nor one that is
/// scaled within the cohort for a mean. The same seed gives the same draws. 422 where nothing varies: fewer than two
/// areas with weights count and none has weights below it, or no unit has the scores of all areas.
#[utoipa::path(
    tag = "rankings",
    params(
        ("code" = String, Path, description = "Code of the index."),
        ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999),
        RobustnessQuery,
    ),
    responses(
        (status = 200, description = "The range of each rank.", body = RobustnessBody),
        (status = 422, description = "Problem: `validation`.", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/indexes/{code}/rankings/{year}/robustness")]
pub async fn vary_weights(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<RobustnessQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (code, year) = path.into_inner();
    let asked = query.and_then(|Query(query)| {
        let draws = draws(&query)?;
        let ranking = RankingQuery {
            base_year: Some("none".to_owned()),
            cohort: query.cohort,
            stage: query.stage,
            revision: query.revision,
            as_of: query.as_of,
            include: None,
        };
        Ok((ranking_queries::question(&state, &code, &year, ranking)?, draws))
    });
    match asked {
        Ok((question, draws)) => {
            kept::answer(&state, &request, async |_| {
                let (report, robustness) =
                    ranking_details::robustness(&state.store, question, draws.clone()).await?;
                Ok(RobustnessBody::new(&report, &draws, &robustness))
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
    endpoints.service(vary_weights);
}
