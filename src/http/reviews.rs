//! `/reviews/{unit_id}/{year}`: the yearly review of a unit in one document, with its checks.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    access,
    body::Query,
    crud,
    dossier_statistics::{CheckBody, DossierFigures, DossierFiguresRow, PeriodBody},
    endpoints::Endpoints,
    frame, kept,
    problem::Problem,
    ranking_queries::year_of,
    rankings::StandingBody,
    state::AppState,
};
use crate::{
    domain::{
        improvement_actions::{ActionKind, ActionStatus, ImprovementAction},
        periods::PeriodCalendar,
        reported_figures::{FigureUnit, ReportedFigure},
        time::Day,
    },
    service::{
        self,
        edition_cycle::{Asked, Which},
        ranking_reports::NotComparable,
        reviews::{self, Comparison, Missing, Review, ReviewedIndex},
        units::Units,
    },
};

/// Which year.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewQuery {
    /// Civil by default; a statutory year runs from 15 December to 14 December.
    pub calendar: Option<PeriodCalendar>,
}

/// A change of a score as it was reported.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedChange {
    /// The value, verbatim.
    pub value: String,
    /// What it counts.
    pub unit: FigureUnit,
    /// The source doesn't say what it counts: this is a reading.
    pub unit_is_assumed: bool,
}

/// What was reported of an index; only what was.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ReportedIndex {
    /// The score.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub score: Option<String>,
    /// The change of the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub score_change: Option<ReportedChange>,
    /// The rank.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rank: Option<i64>,
    /// The change of the rank: positive rose, negative fell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rank_change: Option<i64>,
    /// The band.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub band: Option<String>,
}

impl ReportedIndex {
    fn new(figures: &[ReportedFigure]) -> Self {
        let mut reported = Self::default();
        for figure in figures {
            let whole = || figure.number().and_then(|n| n.to_string().parse().ok());
            match figure.measure.rsplit('.').next() {
                Some("score") => reported.score = Some(figure.value.clone()),
                Some("rank") => reported.rank = whole(),
                Some("rank_change") => reported.rank_change = whole(),
                Some("band") => reported.band = Some(figure.value.clone()),
                Some("score_change") => {
                    reported.score_change = Some(ReportedChange {
                        value: figure.value.clone(),
                        unit: figure.unit_of_measure,
                        unit_is_assumed: figure.unit_is_assumed,
                    });
                }
                _ => {}
            }
        }
        reported
    }
}

/// Where a unit stands in an index, computed from its scores.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComputedIndex {
    /// Code of the cohort.
    pub cohort: String,
    /// How many units are ranked in it.
    pub cohort_size: usize,
    /// The year compared with; null without one.
    pub base_year: Option<i32>,
    /// Whether the deltas compare like with like; null without a base year.
    pub comparable: Option<bool>,
    /// Why they don't.
    pub not_comparable_because: Option<NotComparable>,
    /// The standing.
    pub standing: StandingBody,
}

/// An index in a review.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewIndex {
    /// The index.
    pub index_code: String,
    /// Data year, which may be earlier than the review's.
    pub year: i32,
    /// What was reported of it.
    pub reported: ReportedIndex,
    /// What the scores give; null when they give nothing.
    pub computed: Option<ComputedIndex>,
    /// Why nothing is computed.
    pub computed_missing_because: Option<Missing>,
}

impl From<ReviewedIndex> for ReviewIndex {
    fn from(index: ReviewedIndex) -> Self {
        let (computed, missing) = match index.computed {
            Err(missing) => (None, Some(missing)),
            Ok((standing, report)) => {
                let decimals = report.sheet.edition.decimals;
                let computed = ComputedIndex {
                    cohort: report.sheet.cohort.code,
                    cohort_size: report.ranking.cohort_size,
                    base_year: report.base_year,
                    comparable: report.base_year.map(|_| report.not_comparable.is_none()),
                    not_comparable_because: report.not_comparable,
                    standing: StandingBody::new(&standing, decimals, report.base_year.is_some(), false),
                };
                (Some(computed), None)
            }
        };
        Self {
            index_code: index.index_code,
            year: index.year,
            reported: ReportedIndex::new(&index.reported),
            computed,
            computed_missing_because: missing,
        }
    }
}

/// A reported figure beside the computed one.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonBody {
    /// Id of the reported figure.
    pub reported_figure_id: String,
    /// Name of the measure.
    pub measure: String,
    /// Its period.
    pub period: String,
    /// What it counts.
    pub unit_of_measure: FigureUnit,
    /// The source doesn't say what it counts: this is a reading.
    pub unit_is_assumed: bool,
    /// As reported, verbatim.
    pub reported: String,
    /// As the records give it; null when they give nothing.
    pub computed: Option<String>,
    /// Why nothing is computed.
    pub computed_missing_because: Option<Missing>,
    /// Computed minus reported.
    pub difference: Option<String>,
    /// Whether they are equal; null when nothing is computed.
    pub agrees: Option<bool>,
    /// Title of the source.
    pub source_title: String,
}

impl From<Comparison> for ComparisonBody {
    fn from(comparison: Comparison) -> Self {
        let figure = comparison.figure;
        Self {
            reported_figure_id: figure.id,
            measure: figure.measure,
            period: figure.period,
            unit_of_measure: figure.unit_of_measure,
            unit_is_assumed: figure.unit_is_assumed,
            reported: figure.value,
            computed_missing_because: comparison.computed.as_ref().err().copied(),
            computed: comparison.computed.ok(),
            difference: comparison.difference.map(|d| d.to_string()),
            agrees: comparison.agrees,
            source_title: figure.source.title,
        }
    }
}

/// Recipients of the decisions issued by the unit or one below it for the year, annulled ones left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewCommendations {
    /// Collectives (tập thể).
    pub collectives: i64,
    /// Individuals (cá nhân).
    pub individuals: i64,
}

/// Dossiers in a review.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewDossiers {
    /// All together.
    pub total: DossierFigures,
    /// By level of the unit that decides; without levels of so few dossiers that the public is not shown them.
    pub by_level: Vec<DossierFiguresRow>,
    /// The day whose end open dossiers are judged at.
    pub judged_at: Day,
}

/// What the review ordered.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewAction {
    /// Id of the improvement action.
    pub id: String,
    /// Kind.
    pub kind: ActionKind,
    /// What is to be done.
    pub title: String,
    /// Who is to do it.
    pub owner_unit_id: String,
    /// Until when.
    pub due_on: Option<Day>,
    /// Where it stands.
    pub status: ActionStatus,
}

impl From<ImprovementAction> for ReviewAction {
    fn from(action: ImprovementAction) -> Self {
        Self {
            id: action.id,
            kind: action.kind,
            title: action.title,
            owner_unit_id: action.owner_unit_id,
            due_on: action.due_on,
            status: action.status,
        }
    }
}

/// The yearly review of a unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub struct ReviewBody {
    /// The unit.
    pub unit_id: String,
    /// Its name at the end of the period.
    pub unit_name: String,
    /// The year.
    pub year: i32,
    /// Its days.
    pub period: PeriodBody,
    /// Dossiers of the unit and all below it.
    pub dossiers: ReviewDossiers,
    /// The indexes that were reported or that rank the unit.
    pub indexes: Vec<ReviewIndex>,
    /// Recipients of commendations.
    pub commendations: ReviewCommendations,
    /// Each reported figure beside the computed one.
    pub reported: Vec<ComparisonBody>,
    /// What should add up; `holds: false` names what does not, and by how much.
    pub checks: Vec<CheckBody>,
    /// What the review ordered.
    pub improvement_actions: Vec<ReviewAction>,
}

impl From<Review> for ReviewBody {
    fn from(review: Review) -> Self {
        let question = &review.dossiers.question;
        Self {
            unit_id: review.unit.id,
            unit_name: review.unit.name,
            year: review.year,
            period: PeriodBody {
                from: question.span.from,
                to: question.span.to,
                calendar: question.calendar,
            },
            dossiers: ReviewDossiers {
                total: (&review.dossiers.total).into(),
                by_level: review.dossiers.rows.iter().map(Into::into).collect(),
                judged_at: review.dossiers.judged_at,
            },
            indexes: review.indexes.into_iter().map(Into::into).collect(),
            commendations: ReviewCommendations {
                collectives: review.collectives,
                individuals: review.individuals,
            },
            reported: review.reported.into_iter().map(Into::into).collect(),
            checks: review.checks.iter().map(Into::into).collect(),
            improvement_actions: review.improvement_actions.into_iter().map(Into::into).collect(),
        }
    }
}

/// Get the review of a unit
///
/// What was reported beside what the records give, index standings, commendations, and checks that name what does
/// not add up. A figure that can't be known is null, with the reason. 422 for a year that has not begun.
#[utoipa::path(
    tag = "reviews",
    params(
        ("unit_id" = String, Path, description = "Id of the unit."),
        ("year" = i32, Path, description = "The year."),
        ReviewQuery,
    ),
    responses((status = 200, description = "The review.", body = ReviewBody, example = json!({
        "unit_id": "gso-874", "unit_name": "Huyện Thanh Bình", "year": 2020,
        "period": {"from": "2020-01-01", "to": "2020-12-31", "calendar": "civil"},
        "dossiers": {"judged_at": "2020-12-31", "by_level": [], "total": {
            "received": {"total": 113468, "in_person": 113200, "online": 266, "postal": 0, "home_appointment": 2, "in_person_or_postal": 0},
            "carried_over": 0, "transferred_in": 0, "transferred_out": 0,
            "resolved": {"total": 113468, "early": 46911, "on_time": 23484, "late": 0, "unclassified": 43073},
            "ended_otherwise": {"total": 0, "withdrawn": 0, "stopped": 0, "withdrawn_or_stopped": 0},
            "open": {"total": 0, "within_term": 0, "overdue": 0, "no_due_date": 0},
            "of_which": {"interlinked": 1819, "returned_by_post": 4046, "synthetic": 113468, "re_appointed_kept": 0},
        "from_returns": {"received": 0, "resolved": 0, "open": 0},
            "rates": {
                "on_time_of_resolved": {"value": 0.6204, "numerator": 70395, "denominator": 113468, "base": "resolved"},
                "on_time_of_classified": {"value": 1.0, "numerator": 70395, "denominator": 70395, "base": "classified"}
            }
        }},
        "indexes": [{"index_code": "par", "year": 2020, "reported": {
            "score_change": {"value": "1.04", "unit": "percentage_points", "unit_is_assumed": true}, "rank_change": -2
        }, "computed": null, "computed_missing_because": "no_scores"}],
        "commendations": {"collectives": 6, "individuals": 6},
        "reported": [],
        "checks": [{"code": "classified_equals_resolved", "holds": false, "left": 70395, "right": 113468, "difference": -43073}],
        "improvement_actions": []
    })), (status = 422, description = "Problem: `validation`.", body = super::problem::ProblemBody, content_type = "application/problem+json"))
)]
#[get("/reviews/{unit_id}/{year}")]
pub async fn get_review(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<ReviewQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (unit_id, year) = path.into_inner();
    let unit_id = crud::path_key::<Units>(&unit_id)?;
    let (year, calendar) = match year_of("year", &year).and_then(|year| Ok((year, query?.0.calendar))) {
        Ok(asked) => asked,
        // A unit that isn't there is told before what can't be read.
        Err(problem) => {
            service::crud::get::<Units>(&state.store, frame::caller(), unit_id).await?;
            return Err(problem);
        }
    };
    let calendar = calendar.unwrap_or(PeriodCalendar::Civil);
    let asked = Asked { which: Which::Current, rights: state.rights() };
    kept::answer(&state, &request, async |today| {
        let least = access::least_group(&state.access, &unit_id);
        let mut review = reviews::review(&state.store, unit_id, year, calendar, asked, today).await?;
        if let Some(least) = least {
            review.withhold(least).ok_or_else(access::withheld)?;
        }
        Ok(ReviewBody::from(review))
    })
    .await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_review);
}
