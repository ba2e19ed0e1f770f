//! `/indexes/{code}/rankings/{year}`: standings of a cohort with ranks, bands and deltas.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    crud, edition_cycle,
    editions::index_of_path,
    formats::{self, FileFormat},
    json_stat::Dataset,
    kept,
    problem::Problem,
    ranking_files,
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{
        decimal::Exact,
        editions::TieRule,
        index_scores::ScoreStage,
        time::{Moment, YEARS},
    },
    service::{
        edition_cycle::Which,
        indexes::Indexes,
        ranking_reports::{self, BaseYear, NotComparable, Question, RankingReport},
        rankings::{ContributionDelta, Delta, DeltaUnit, Direction, Standing},
        totals::{ComponentKind, TotalSource, Unranked},
    },
};

/// Which ranking.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RankingQuery {
    /// Year to compare with; the year before when absent, `none` for none.
    #[param(example = "2015")]
    pub base_year: Option<String>,
    /// Code of the cohort; the edition's first when absent.
    pub cohort: Option<String>,
    /// Stage of the scores; `final` when absent.
    pub stage: Option<ScoreStage>,
    /// `components` adds what each criterion gave.
    #[param(example = "components")]
    pub include: Option<String>,
    /// Number of a revision; `published` for the last one, `working` for what the next one would be. The last one when
    /// absent, and the working state where there is none.
    #[param(example = "1")]
    pub revision: Option<String>,
    /// The revision that was public at this moment (RFC 3339), or at the end of this day. Not with `revision`.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
    /// How the ranking is written; by `Accept` when left out, JSON without it.
    #[param(inline)]
    pub format: Option<FileFormat>,
    /// Begin a CSV file with a byte order mark, which some spreadsheet programs need to read Vietnamese.
    pub bom: Option<bool>,
}

/// Where a unit stood in the base year.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingBase {
    /// Its rank there.
    pub rank: u32,
    /// Its score there, rounded.
    pub score: Number,
    /// Its score there, every digit.
    pub score_exact: String,
}

/// How a unit moved. All members but `unit` and `direction` are null without a base.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingDelta {
    /// Score minus base score, rounded once.
    pub score: Option<Number>,
    /// Score minus base score, every digit.
    pub score_exact: Option<String>,
    /// What the difference counts; null without a base.
    pub unit: Option<DeltaUnit>,
    /// The difference in percent of the size of the base score, to two decimals.
    pub relative_percent: Option<Number>,
    /// Base rank minus rank: positive rose, negative fell.
    pub rank_change: Option<i64>,
    /// Where the rank went.
    pub direction: Direction,
}

/// What a criterion gave to the total, or what the criteria don't explain.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingComponent {
    /// Code of the criterion; null for the residual.
    pub criterion: Option<String>,
    /// Criterion or residual.
    pub kind: ComponentKind,
    /// The criterion's own score, rounded.
    pub score: Option<Number>,
    /// The criterion's own score, every digit.
    pub score_exact: Option<String>,
    /// What it gave, rounded.
    pub contribution: Number,
    /// What it gave, every digit.
    pub contribution_exact: String,
    /// The change of what it gave, rounded.
    pub contribution_delta: Option<Number>,
    /// The change of what it gave, every digit: these add up to the delta of the score.
    pub contribution_delta_exact: Option<String>,
}

/// A ranked unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
pub struct StandingBody {
    /// The rank, from 1.
    pub rank: u32,
    /// Whether another unit has the same rank.
    pub tied: bool,
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Its score, rounded to the edition's decimals, halves away from zero.
    pub score: Number,
    /// Its score, every digit.
    pub score_exact: String,
    /// Whether the total was stored or computed from the criteria.
    pub total_source: TotalSource,
    /// The band that the exact score lies in.
    pub band: Option<String>,
    /// The rank as published.
    pub published_rank: Option<i32>,
    /// Where it stood in the base year; null when it had no rank there.
    pub base: Option<StandingBase>,
    /// How it moved.
    pub delta: StandingDelta,
    /// What each criterion gave; with `include=components`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub components: Option<Vec<StandingComponent>>,
}

/// A unit of the cohort without a rank.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnrankedBody {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Why it has none.
    pub reason: Unranked,
}

/// The standings of a cohort.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ranking, example = json!({
    "index_code": "pci", "year": 2016, "base_year": 2015, "cohort": "provinces", "stage": "final", "decimals": 2,
    "tie_rule": "competition", "comparable": true, "not_comparable_because": null, "left_out": [], "cohort_size": 63, "unranked": [],
    "revision": 1, "published_at": "2017-03-14T09:00:00+07:00",
    "standings": [{
        "rank": 3, "tied": false, "unit_id": "gso-87", "unit_name": "Tỉnh Đồng Tháp", "score": 64.96,
        "score_exact": "64.9552993774414", "total_source": "stored", "band": "Rất tốt", "published_rank": 3,
        "base": {"rank": 2, "score": 66.39, "score_exact": "66.39044952392578"},
        "delta": {"score": -1.44, "score_exact": "-1.43515014648438", "unit": "points", "relative_percent": -2.16,
                  "rank_change": -1, "direction": "down"}
    }]
}))]
pub struct RankingBody {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// The year compared with; null without one.
    pub base_year: Option<i32>,
    /// Code of the cohort.
    pub cohort: String,
    /// Stage of the scores.
    pub stage: ScoreStage,
    /// Decimals of the rounded numbers.
    pub decimals: u8,
    /// How equal scores share ranks.
    pub tie_rule: TieRule,
    /// Whether the deltas compare like with like; null without a base year.
    pub comparable: Option<bool>,
    /// Why they don't.
    pub not_comparable_because: Option<NotComparable>,
    /// Criteria that left the maximum for the whole cohort: those of a survey of which nobody has a score.
    pub left_out: Vec<String>,
    /// How many units are ranked.
    pub cohort_size: usize,
    /// The others of the cohort.
    pub unranked: Vec<UnrankedBody>,
    /// The revision that the standings were taken from; null for what is not published.
    pub revision: Option<i32>,
    /// When it was published.
    pub published_at: Option<Moment>,
    /// The ranked units, by rank; equal ranks in Vietnamese order of the names.
    pub standings: Vec<StandingBody>,
}

impl StandingBody {
    /// A standing with numbers rounded to `decimals`.
    pub fn new(standing: &Standing, decimals: u8, has_base: bool, with_components: bool) -> Self {
        Self {
            rank: standing.rank,
            tied: standing.tied,
            unit_id: standing.unit_id.clone(),
            unit_name: standing.unit_name.clone(),
            score: Number::rounded(&standing.total.score, decimals),
            score_exact: standing.total.score.to_string(),
            total_source: standing.total.source,
            band: standing.band.clone(),
            published_rank: standing.published_rank,
            base: standing.base.as_ref().map(|base| StandingBase {
                rank: base.rank,
                score: Number::rounded(&base.score, decimals),
                score_exact: base.score.to_string(),
            }),
            delta: delta(&standing.delta, decimals, has_base && standing.base.is_some()),
            components: with_components
                .then(|| standing.contribution_deltas.iter().map(|c| component(c, decimals)).collect()),
        }
    }
}

fn delta(delta: &Delta, decimals: u8, has_base: bool) -> StandingDelta {
    let rounded = |value: &Option<Exact>, decimals| value.as_ref().map(|v| Number::rounded(v, decimals));
    StandingDelta {
        score: rounded(&delta.score, decimals),
        score_exact: delta.score.as_ref().map(ToString::to_string),
        unit: has_base.then_some(delta.unit),
        relative_percent: rounded(&delta.relative_percent, 2),
        rank_change: delta.rank_change,
        direction: delta.direction,
    }
}

fn component(component: &ContributionDelta, decimals: u8) -> StandingComponent {
    let rounded = |value: &Exact| Number::rounded(value, decimals);
    StandingComponent {
        criterion: component.criterion.clone(),
        kind: component.kind,
        score: component.score.as_ref().map(rounded),
        score_exact: component.score.as_ref().map(ToString::to_string),
        contribution: rounded(&component.contribution),
        contribution_exact: component.contribution.to_string(),
        contribution_delta: component.contribution_delta.as_ref().map(rounded),
        contribution_delta_exact: component.contribution_delta.as_ref().map(ToString::to_string),
    }
}

impl RankingBody {
    fn new(report: RankingReport, with_components: bool) -> Self {
        let left_out = report.sheet.left_out();
        let edition = report.sheet.edition;
        let decimals = edition.decimals;
        Self {
            year: edition.year,
            tie_rule: edition.tie_rule,
            index_code: edition.index_code,
            base_year: report.base_year,
            cohort: report.sheet.cohort.code,
            stage: report.sheet.stage,
            decimals,
            comparable: report.base_year.map(|_| report.not_comparable.is_none()),
            not_comparable_because: report.not_comparable,
            revision: edition.state.frozen.map(|frozen| frozen.revision),
            published_at: edition.state.frozen.map(|frozen| frozen.published_at),
            left_out,
            cohort_size: report.ranking.cohort_size,
            unranked: report
                .ranking
                .unranked
                .iter()
                .map(|u| UnrankedBody {
                    unit_id: u.unit_id.clone(),
                    unit_name: u.unit_name.clone(),
                    reason: u.reason,
                })
                .collect(),
            standings: report
                .ranking
                .standings
                .iter()
                .map(|s| StandingBody::new(s, decimals, report.base_year.is_some(), with_components))
                .collect(),
        }
    }
}

/// A year of a path or a parameter.
///
/// # Errors
/// 400 when it is no year from 1900 to 2999.
pub fn year_of(name: &str, text: &str) -> Result<i32, Problem> {
    let digits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|year| digits && YEARS.contains(year)).ok_or_else(|| {
        Problem::bad_parameter(name, "not_a_year", "A year from 1900 to 2999.", "Năm từ 1900 đến 2999.")
    })
}

/// Get a ranking
///
/// Ranks are taken on exact scores unless the edition says otherwise. `rank_change` is base rank minus rank:
/// positive when the unit rose. A score can rise while its rank falls. As `csv` or `xlsx` it is a file with
/// Vietnamese heads, as `json-stat` a dataset of JSON-stat 2.0.
#[utoipa::path(
    tag = "rankings",
    params(
        ("code" = String, Path, description = "Code of the index."),
        ("year" = i32, Path, description = "Data year."),
        RankingQuery,
    ),
    responses((status = 200, description = "The standings.", content(
        (RankingBody = "application/json"),
        (Dataset = "application/vnd.json-stat+json"),
        (String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )))
)]
#[get("/indexes/{code}/rankings/{year}")]
pub async fn get_ranking(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<RankingQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (code, year) = path.into_inner();
    answer(&state, &request, &code, &year, query).await
}

/// Answers with the ranking of an index and a year, in the form that is asked for.
///
/// # Errors
/// Those of the ranking, and of what can't be read.
pub async fn answer(
    state: &AppState,
    request: &HttpRequest,
    code: &str,
    year: &str,
    query: Result<Query<RankingQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let form = |query: &RankingQuery| {
        Ok((formats::wanted(request, query.format, query.bom)?, query.bom.unwrap_or(false)))
    };
    let form = query.as_ref().ok().map_or(Ok((FileFormat::Json, false)), |Query(query)| form(query));
    match form.and_then(|form| Ok((form, asked(state, code, year, query)?))) {
        Ok(((FileFormat::Json, _), (question, with_components))) => {
            let answer = kept::answer(state, request, async |_| {
                let report = ranking_reports::ranking(&state.store, question).await?;
                Ok(RankingBody::new(report, with_components))
            });
            Ok(formats::varied(answer.await?))
        }
        Ok(((format, bom), (question, with_components))) => {
            let report = ranking_reports::ranking(&state.store, question).await?;
            Ok(formats::varied(ranking_files::answer(request, &report, format, bom, with_components)?))
        }
        // An index that isn't there is told before what can't be read.
        Err(problem) => {
            index_of_path(state, code).await?;
            Err(problem)
        }
    }
}

/// What is asked, and whether with components.
fn asked(
    state: &AppState,
    code: &str,
    year: &str,
    query: Result<Query<RankingQuery>, Problem>,
) -> Result<(Question, bool), Problem> {
    let Query(query) = query?;
    let with_components = match query.include.as_deref() {
        None | Some("") => false,
        Some("components") => true,
        Some(_) => {
            return Err(Problem::bad_parameter(
                "include",
                "unknown_word",
                "Only `components` can be included.",
                "Chỉ có thể thêm `components`.",
            ));
        }
    };
    let base = match query.base_year.as_deref() {
        None => BaseYear::Before,
        Some("none") => BaseYear::Without,
        Some(year) => BaseYear::Year(year_of("base_year", year)?),
    };
    let question = Question {
        index_code: crud::path_key::<Indexes>(code)?,
        year: year_of("year", year)?,
        base,
        cohort: query.cohort,
        stage: query.stage.unwrap_or(ScoreStage::Final),
        asked: edition_cycle::asked(
            query.revision.as_deref(),
            query.as_of.as_deref(),
            Which::Current,
            state.rights(),
        )?,
    };
    Ok((question, with_components))
}

/// The addresses of this file.
pub fn configure(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config.service(get_ranking);
}
