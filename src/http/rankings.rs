//! `/indexes/{code}/rankings/{year}`: standings of a cohort with ranks, bands and deltas.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::Query,
    editions::index_of_path,
    endpoints::Endpoints,
    formats::{self, FileFormat},
    json_stat::Dataset,
    kept::{self, Computed},
    problem::Problem,
    ranking_bodies::{self, Written},
    ranking_files,
    ranking_parts::{EndedUnitBody, PredecessorBody, PublishedRankDifference},
    ranking_queries::{RankingFileQuery, asked},
    respond,
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{decimal::Exact, editions::TieRule, index_scores::ScoreStage, time::Moment},
    service::{
        ranking_details::{self, DetailedRanking},
        ranking_reports::{self, NotComparable},
        rankings::{ContributionDelta, Delta, DeltaUnit, Direction, Standing, UnrankedUnit},
        totals::{ComponentKind, TotalSource, Unranked},
    },
};

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
    /// The difference over the criteria that both frameworks have (`common_criteria`): what they give to the total, as
    /// in `components`, minus what they gave in the base. Told where the frameworks differ and the unit has all of
    /// these scores in both years; not of normalised totals, to which a score gives what the others of its year leave,
    /// nor where what is out of the unit's maximum scaled up what its scores give in one of the years.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub common: Option<CommonDelta>,
    /// The units that this one came from, where it did not exist in the base year, with their scores then. Their
    /// scores are not summed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub predecessors: Vec<PredecessorBody>,
}

/// How a unit moved over the criteria that two frameworks have in common.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommonDelta {
    /// The difference in the unit of the delta, rounded once.
    pub score: Number,
    /// The same, every digit.
    pub score_exact: String,
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
    /// Its name in that year.
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
    /// Its name in that year.
    pub unit_name: String,
    /// Why it has none.
    pub reason: Unranked,
}

/// The standings of a cohort.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ranking, example = json!({
    "index_code": "pci", "year": 2016, "base_year": 2015, "cohort": "provinces", "stage": "final", "decimals": 2,
    "tie_rule": "competition", "comparable": true, "not_comparable_because": null, "common_criteria": null, "left_out": [],
    "cohort_size": 63, "unranked": [], "revision": 1, "published_at": "2017-03-14T09:00:00+07:00", "ended": [],
    "published_rank_differences": [],
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
    /// The criteria that both frameworks have, by their codes in this edition, with the same maximum, weight and
    /// method, and whose points count the same in the total; of a branch that is common as a whole, its top. Null
    /// where the frameworks don't differ.
    pub common_criteria: Option<Vec<String>>,
    /// Criteria that left the maximum for the whole cohort: those of a survey of which nobody has a score. At the stages
    /// `self` and `appraised` no score of theirs counts.
    pub left_out: Vec<String>,
    /// How many units are ranked.
    pub cohort_size: usize,
    /// The others of the cohort.
    pub unranked: Vec<UnrankedBody>,
    /// The revision that the standings were taken from; null for what is not published.
    pub revision: Option<i32>,
    /// When it was published.
    pub published_at: Option<Moment>,
    /// Units of the base ranking that have ended since, by their rank there.
    pub ended: Vec<EndedUnitBody>,
    /// Where the published rank is another than the computed one.
    pub published_rank_differences: Vec<PublishedRankDifference>,
    /// True where scores were changed for the asking; absent in a ranking of what is stored.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub simulated: bool,
    /// The ranked units, by rank; equal ranks in Vietnamese order of the names.
    pub standings: Vec<StandingBody>,
}

impl StandingBase {
    /// A rank and a score, rounded to `decimals`.
    pub fn new(rank: u32, score: &Exact, decimals: u8) -> Self {
        Self { rank, score: Number::rounded(score, decimals), score_exact: score.to_string() }
    }
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
            base: standing
                .base
                .as_ref()
                .map(|base| StandingBase::new(base.rank, &base.total.score, decimals)),
            delta: delta(&standing.delta, decimals, has_base && standing.base.is_some()),
            components: with_components
                .then(|| standing.contribution_deltas().iter().map(|c| component(c, decimals)).collect()),
        }
    }
}

pub(super) fn delta(delta: &Delta, decimals: u8, has_base: bool) -> StandingDelta {
    let rounded = |value: &Option<Exact>, decimals| value.as_ref().map(|v| Number::rounded(v, decimals));
    StandingDelta {
        score: rounded(&delta.score, decimals),
        score_exact: delta.score.as_ref().map(ToString::to_string),
        unit: has_base.then_some(delta.unit),
        relative_percent: rounded(&delta.relative_percent, 2),
        rank_change: delta.rank_change,
        direction: delta.direction,
        common: None,
        predecessors: Vec::new(),
    }
}

pub(super) fn component(component: &ContributionDelta, decimals: u8) -> StandingComponent {
    let rounded = |value: &Exact| Number::rounded(value, decimals);
    StandingComponent {
        criterion: component.criterion.as_deref().map(str::to_owned),
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
    /// A ranking with its details.
    pub fn new(detailed: &DetailedRanking, with_components: bool) -> Self {
        let standings = &detailed.report.ranking.standings;
        Self {
            standings: standings
                .iter()
                .map(|standing| detailed_standing(detailed, standing, with_components))
                .collect(),
            ..Self::head(detailed)
        }
    }

    /// All of it but the standings.
    pub(super) fn head(detailed: &DetailedRanking) -> Self {
        let report = &detailed.report;
        let edition = &report.sheet.edition;
        let decimals = edition.decimals;
        Self {
            year: edition.year,
            tie_rule: edition.tie_rule,
            index_code: edition.index_code.clone(),
            base_year: report.base_year,
            cohort: report.sheet.cohort.code.clone(),
            stage: report.sheet.stage,
            decimals,
            comparable: report.base_year.map(|_| report.not_comparable.is_none()),
            not_comparable_because: report.not_comparable,
            revision: edition.state.frozen.map(|frozen| frozen.revision),
            published_at: edition.state.frozen.map(|frozen| frozen.published_at),
            common_criteria: detailed.common.as_ref().map(|common| common.codes.clone()),
            left_out: report.sheet.left_out(),
            cohort_size: report.ranking.cohort_size,
            unranked: report.ranking.unranked.iter().map(UnrankedBody::new).collect(),
            ended: detailed.lineage.ended.iter().map(|unit| EndedUnitBody::new(unit, decimals)).collect(),
            published_rank_differences: ranking_details::published_rank_differences(report)
                .filter_map(PublishedRankDifference::new)
                .collect(),
            simulated: false,
            standings: Vec::new(),
        }
    }
}

impl UnrankedBody {
    fn new(unit: &UnrankedUnit) -> Self {
        Self { unit_id: unit.unit_id.clone(), unit_name: unit.unit_name.clone(), reason: unit.reason }
    }
}

/// A standing with what is told of it beside its scores.
pub(super) fn detailed_standing(
    detailed: &DetailedRanking,
    standing: &Standing,
    with_components: bool,
) -> StandingBody {
    let report = &detailed.report;
    let decimals = report.sheet.edition.decimals;
    let mut body = StandingBody::new(standing, decimals, report.base_year.is_some(), with_components);
    let common = detailed.common.as_ref().and_then(|common| common.deltas.get(&standing.unit_id));
    body.delta.common = common
        .map(|delta| CommonDelta { score: Number::rounded(delta, decimals), score_exact: delta.to_string() });
    let predecessors = detailed.lineage.predecessors.get(&standing.unit_id);
    let predecessors = predecessors.into_iter().flatten();
    body.delta.predecessors = predecessors.map(|unit| PredecessorBody::new(unit, decimals)).collect();
    body
}

/// Get a ranking
///
/// Ranks are taken on exact scores unless the edition says otherwise. `rank_change` is base rank minus rank:
/// positive when the unit rose. A score can rise while its rank falls. As `csv` or `xlsx` it is a file with
/// Vietnamese heads, as `json-stat` a dataset of JSON-stat 2.0. Where `comparable` is false, files say so in the column
/// `So sánh được` (`có`, `không`; empty for a unit without a base), spreadsheets in a note too, and datasets in `note`.
#[utoipa::path(
    tag = "rankings",
    params(
        ("code" = String, Path, description = "Code of the index."),
        ("year" = i32, Path, description = "Data year."),
        RankingFileQuery,
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
    query: Result<Query<RankingFileQuery>, Problem>,
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
    query: Result<Query<RankingFileQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let form = |query: &RankingFileQuery| {
        Ok((formats::wanted(request, query.format, query.bom)?, query.bom.unwrap_or(false)))
    };
    let form = query.as_ref().ok().map_or(Ok((FileFormat::Json, false)), |Query(query)| form(query));
    let query = query.map(|Query(query)| query.ranking());
    match form.and_then(|form| Ok((form, asked(state, code, year, query?)?))) {
        Ok(((FileFormat::Json, _), (question, with_components))) => {
            kept::answer_written(state, request, async |_| {
                let detailed = ranking_details::ranking(&state.store, question).await?;
                let published_at = detailed.published_at();
                Ok(match ranking_bodies::written(detailed, with_components).await? {
                    Written::Whole(tag, body) => Computed::Whole(tag, body, published_at),
                    Written::Pieces(tag, pieces) => {
                        let answer = respond::in_pieces(request, tag, pieces);
                        let modified = published_at.and_then(respond::http_date);
                        Computed::Sent(respond::dated(request, answer, modified))
                    }
                })
            })
            .await
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

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_ranking);
}
