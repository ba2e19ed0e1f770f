//! `/indexes/{code}/rankings/{year}/explanation`: why a unit stands where it stands.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    editions::index_of_path,
    endpoints::Endpoints,
    kept,
    problem::Problem,
    ranking_queries::{self, RankingQuery},
    rankings::{StandingBase, StandingComponent, StandingDelta},
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{decimal::Exact, editions::TieRule, index_scores::ScoreStage},
    service::{
        explanation_texts::{self, Context},
        explanations::{self, ExactCheck, Explanation, Mover, Moves, Tie, TiePlace, Year, count},
        ranking_details::{self, DetailedRanking},
        ranking_reports::{NotComparable, RankingReport},
        rankings::Standing,
        totals::Unranked,
    },
};

/// Which standing.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplanationQuery {
    /// The unit.
    #[param(example = "gso-87")]
    pub unit_id: String,
    /// Year to compare with; the year before when absent, `none` for none. With a revision or a moment goes what was
    /// public of it then.
    #[param(example = "2015")]
    pub base_year: Option<String>,
    /// Code of the cohort; the first that the unit is in when absent.
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

/// Another unit, where it stands and where it stood.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedUnit {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Its rank; null when it has none any more.
    pub rank: Option<u32>,
    /// Its score, rounded.
    pub score: Option<Number>,
    /// Its score, every digit.
    pub score_exact: Option<String>,
    /// Where it stood in the base year; null when it had no rank there.
    pub base: Option<StandingBase>,
}

impl ExplainedUnit {
    fn new(mover: &Mover, decimals: u8) -> Option<Self> {
        let either = mover.either()?;
        let score = mover.now.map(|now| &now.total.score);
        Some(Self {
            unit_id: either.unit_id.clone(),
            unit_name: either.unit_name.clone(),
            rank: mover.now.map(|now| now.rank),
            score: score.map(|score| Number::rounded(score, decimals)),
            score_exact: score.map(ToString::to_string),
            base: mover.base.map(|base| StandingBase::new(base.rank, &base.total.score, decimals)),
        })
    }
}

/// A place that a tie took or gave.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedTie {
    /// The other unit.
    pub unit: ExplainedUnit,
    /// How.
    pub kind: TiePlace,
    /// 1 for a place gained, -1 for one lost.
    pub places: i64,
}

/// The places of each kind, gained (positive) or lost; they add up to the rank change.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedPlaces {
    /// One for each unit of `overtook`.
    pub overtook: i64,
    /// One lost for each unit of `overtaken_by`.
    pub overtaken_by: i64,
    /// One lost for each unit of `arrivals`.
    pub arrivals: i64,
    /// One for each unit of `departures`.
    pub departures: i64,
    /// Those of `ties`.
    pub ties: i64,
    /// All of them.
    pub total: i64,
}

impl From<&Moves<'_>> for ExplainedPlaces {
    fn from(moves: &Moves) -> Self {
        Self {
            overtook: count(&moves.overtook),
            overtaken_by: -count(&moves.overtaken_by),
            arrivals: -count(&moves.arrivals),
            departures: count(&moves.departures),
            ties: moves.tie_places(),
            total: moves.places(),
        }
    }
}

/// Two figures that should be equal, exact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExactCheck)]
pub struct ExactCheckBody {
    /// Stable code.
    pub code: String,
    /// Whether they are.
    pub holds: bool,
    /// One side: from the ranks or the totals.
    pub left: Number,
    /// The other side: from the lists.
    pub right: Number,
    /// Left minus right.
    pub difference: Number,
}

impl From<&ExactCheck> for ExactCheckBody {
    fn from(check: &ExactCheck) -> Self {
        Self {
            code: check.code.to_owned(),
            holds: check.holds(),
            left: Number::exact(&check.left),
            right: Number::exact(&check.right),
            difference: Number::exact(&check.difference()),
        }
    }
}

/// The explanation in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sentences {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// Why a unit stands where it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation, example = json!({
    "index_code": "pci", "year": 2016, "base_year": 2015, "cohort": "provinces", "stage": "final", "decimals": 2,
    "tie_rule": "competition", "comparable": true, "not_comparable_because": null, "cohort_size": 63,
    "unit_id": "gso-87", "unit_name": "Tỉnh Đồng Tháp", "rank": 3, "unranked_because": null, "tied": false,
    "score": 64.96, "score_exact": "64.9552993774414", "band": "Rất tốt",
    "base": {"rank": 2, "score": 66.39, "score_exact": "66.39044952392578"},
    "delta": {"score": -1.44, "score_exact": "-1.43515014648438", "unit": "points", "relative_percent": -2.16,
              "rank_change": -1, "direction": "down"},
    "overtook": [],
    "overtaken_by": [{"unit_id": "gso-22", "unit_name": "Tỉnh Quảng Ninh", "rank": 2, "score": 65.60,
        "score_exact": "65.6047", "base": {"rank": 3, "score": 65.75, "score_exact": "65.7512"}}],
    "arrivals": [], "departures": [], "ties": [],
    "places": {"overtook": 0, "overtaken_by": -1, "arrivals": 0, "departures": 0, "ties": 0, "total": -1},
    "components": [],
    "points_to_keep_rank": 0.65, "points_to_keep_rank_exact": "0.6494006225586",
    "points_to_next_rank": 0.65, "points_to_next_rank_exact": "0.6494006225586", "next_rank": 2,
    "points_to_next_band": null, "points_to_next_band_exact": null, "next_band": null,
    "sentences": {
        "vi": "Năm 2016, Tỉnh Đồng Tháp xếp thứ 3/63, giảm 1 bậc so với năm 2015 (thứ 2), đạt 64,96 điểm, giảm 1,44 điểm; bị Tỉnh Quảng Ninh vượt qua.",
        "en": "In 2016, Tỉnh Đồng Tháp ranked 3 of 63, down 1 place from rank 2 in 2015, with a score of 64.96, down 1.44 points; overtaken by Tỉnh Quảng Ninh."
    },
    "checks": [{"code": "places_add_up", "holds": true, "left": -1, "right": -1, "difference": 0}]
}))]
pub struct ExplanationBody {
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
    /// How many units are ranked.
    pub cohort_size: usize,
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Its rank; null when it has none.
    pub rank: Option<u32>,
    /// Why it has no rank; all that explains one is then empty or null.
    pub unranked_because: Option<Unranked>,
    /// Whether another unit has the same rank.
    pub tied: Option<bool>,
    /// Its score, rounded.
    pub score: Option<Number>,
    /// Its score, every digit.
    pub score_exact: Option<String>,
    /// The band that the exact score lies in.
    pub band: Option<String>,
    /// Where it stood in the base year; null when it had no rank there.
    pub base: Option<StandingBase>,
    /// How it moved.
    pub delta: Option<StandingDelta>,
    /// Units that stood above it in the base year and stand below it.
    pub overtook: Vec<ExplainedUnit>,
    /// Units that stood below it in the base year and stand above it.
    pub overtaken_by: Vec<ExplainedUnit>,
    /// Units that stand above it and had no rank in the base year.
    pub arrivals: Vec<ExplainedUnit>,
    /// Units that stood above it in the base year and have no rank any more.
    pub departures: Vec<ExplainedUnit>,
    /// Places that ties took or gave.
    pub ties: Vec<ExplainedTie>,
    /// The places of each kind; null without a base.
    pub places: Option<ExplainedPlaces>,
    /// What each criterion gave, and what they don't explain: the deltas add up to that of the score.
    pub components: Vec<StandingComponent>,
    /// The least extra points that would have kept the base rank, rounded; null when it was kept.
    pub points_to_keep_rank: Option<Number>,
    /// The same, every digit.
    pub points_to_keep_rank_exact: Option<String>,
    /// The least extra points that would give a better rank, all other scores staying as they are, rounded; null for
    /// the first. Where a tie shares the better rank, being equal is enough.
    pub points_to_next_rank: Option<Number>,
    /// The same, every digit.
    pub points_to_next_rank_exact: Option<String>,
    /// The rank that these points would give.
    pub next_rank: Option<u32>,
    /// The least extra points that would give the next band, rounded; null in the last.
    pub points_to_next_band: Option<Number>,
    /// The same, every digit.
    pub points_to_next_band_exact: Option<String>,
    /// The label of the next band.
    pub next_band: Option<String>,
    /// The explanation in words; null without a rank.
    pub sentences: Option<Sentences>,
    /// Sums that must hold; none without a base.
    pub checks: Vec<ExactCheckBody>,
}

impl ExplanationBody {
    /// What is told of a unit of the cohort, ranked or not.
    fn new(detailed: &DetailedRanking, unit_id: &str) -> Option<Self> {
        let report = &detailed.report;
        let now = Year { ranking: &report.ranking, edition: &report.sheet.edition };
        let base = report.base.as_ref();
        let base = base.map(|base| Year { ranking: &base.ranking, edition: &base.sheet.edition });
        match explanations::explain(now, base, unit_id) {
            Some(explanation) => Some(Self::explained(detailed, &explanation)),
            None => {
                let unit = report.ranking.unranked.iter().find(|unit| unit.unit_id == unit_id)?;
                let body = Self::empty(report, &unit.unit_id, &unit.unit_name);
                Some(Self { unranked_because: Some(unit.reason), ..body })
            }
        }
    }

    fn empty(report: &RankingReport, unit_id: &str, unit_name: &str) -> Self {
        let edition = &report.sheet.edition;
        Self {
            index_code: edition.index_code.clone(),
            year: edition.year,
            base_year: report.base_year,
            cohort: report.sheet.cohort.code.clone(),
            stage: report.sheet.stage,
            decimals: edition.decimals,
            tie_rule: edition.tie_rule,
            comparable: report.base_year.map(|_| report.not_comparable.is_none()),
            not_comparable_because: report.not_comparable,
            cohort_size: report.ranking.cohort_size,
            unit_id: unit_id.to_owned(),
            unit_name: unit_name.to_owned(),
            rank: None,
            unranked_because: None,
            tied: None,
            score: None,
            score_exact: None,
            band: None,
            base: None,
            delta: None,
            overtook: Vec::new(),
            overtaken_by: Vec::new(),
            arrivals: Vec::new(),
            departures: Vec::new(),
            ties: Vec::new(),
            places: None,
            components: Vec::new(),
            points_to_keep_rank: None,
            points_to_keep_rank_exact: None,
            points_to_next_rank: None,
            points_to_next_rank_exact: None,
            next_rank: None,
            points_to_next_band: None,
            points_to_next_band_exact: None,
            next_band: None,
            sentences: None,
            checks: Vec::new(),
        }
    }

    fn explained(detailed: &DetailedRanking, explanation: &Explanation) -> Self {
        let report = &detailed.report;
        let standing: &Standing = explanation.standing;
        let (moves, decimals) = (&explanation.moves, report.sheet.edition.decimals);
        let units =
            |movers: &[Mover]| movers.iter().filter_map(|m| ExplainedUnit::new(m, decimals)).collect();
        let tie = |tie: &Tie| {
            let unit = ExplainedUnit::new(&tie.other, decimals)?;
            Some(ExplainedTie { unit, kind: tie.kind, places: tie.places() })
        };
        let rounded = |points: &Option<Exact>| points.as_ref().map(|p| Number::rounded(p, decimals));
        let exact = |points: &Option<Exact>| points.as_ref().map(ToString::to_string);
        let body = super::rankings::detailed_standing(detailed, standing, true);
        Self {
            rank: Some(body.rank),
            tied: Some(body.tied),
            score: Some(body.score),
            score_exact: Some(body.score_exact),
            band: body.band,
            base: body.base,
            delta: Some(body.delta),
            overtook: units(&moves.overtook),
            overtaken_by: units(&moves.overtaken_by),
            arrivals: units(&moves.arrivals),
            departures: units(&moves.departures),
            ties: moves.ties.iter().filter_map(tie).collect(),
            places: standing.base.as_ref().map(|_| ExplainedPlaces::from(moves)),
            components: body.components.unwrap_or_default(),
            points_to_keep_rank: rounded(&explanation.points_to_keep_rank),
            points_to_keep_rank_exact: exact(&explanation.points_to_keep_rank),
            points_to_next_rank: rounded(&explanation.points_to_next_rank),
            points_to_next_rank_exact: exact(&explanation.points_to_next_rank),
            next_rank: explanation.next_rank,
            points_to_next_band: rounded(&explanation.points_to_next_band),
            points_to_next_band_exact: exact(&explanation.points_to_next_band),
            next_band: explanation.next_band.clone(),
            sentences: Some(sentences(detailed, explanation)),
            checks: explanation.checks().iter().map(ExactCheckBody::from).collect(),
            ..Self::empty(report, &standing.unit_id, &standing.unit_name)
        }
    }
}

fn sentences(detailed: &DetailedRanking, explanation: &Explanation) -> Sentences {
    let report = &detailed.report;
    let predecessors = detailed.lineage.predecessors.get(&explanation.standing.unit_id);
    let context = Context {
        edition: &report.sheet.edition,
        base_edition: report.base.as_ref().map(|base| &base.sheet.edition),
        base_year: report.base_year,
        not_comparable: report.not_comparable,
        common: detailed.common.as_ref().map(|common| common.codes.as_slice()),
        contributions_compare: explanation.base.is_some()
            && detailed.contributions_compare(&explanation.standing.unit_id),
        predecessors: predecessors.map(Vec::as_slice).unwrap_or_default(),
        cohort_size: report.ranking.cohort_size,
    };
    let text = explanation_texts::sentence(explanation, context);
    Sentences { vi: text.vi, en: text.en }
}

/// Explain a standing
///
/// Who overtook the unit and whom it overtook, who came, who went, what ties took or gave: the places add up to the
/// rank change. What each component gave: the deltas add up to that of the score, to the last digit. What it would
/// take to keep the rank, to reach a better one and the next band. And one sentence of all this; as gaining or losing
/// most it names only criteria whose own scores moved, and none where what is out of the unit's maximum scales the
/// two years by different factors.
#[utoipa::path(
    tag = "rankings",
    params(
        ("code" = String, Path, description = "Code of the index."),
        ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999),
        ExplanationQuery,
    ),
    responses((status = 200, description = "The explanation.", body = ExplanationBody))
)]
#[get("/indexes/{code}/rankings/{year}/explanation")]
pub async fn explain_standing(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<ExplanationQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (code, year) = path.into_inner();
    let asked = query.and_then(|Query(query)| {
        let ranking = RankingQuery {
            base_year: query.base_year,
            cohort: query.cohort,
            stage: query.stage,
            revision: query.revision,
            as_of: query.as_of,
            include: None,
        };
        Ok((ranking_queries::question(&state, &code, &year, ranking)?, query.unit_id))
    });
    match asked {
        Ok((question, unit_id)) => {
            kept::answer(&state, &request, async |_| {
                let unit = unit_id.clone();
                let detailed = ranking_details::ranking_about(&state.store, question, unit).await?;
                let body = ExplanationBody::new(&detailed, &unit_id);
                body.ok_or_else(|| ranking_details::not_in_cohort(&unit_id).into())
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
    endpoints.service(explain_standing);
}
