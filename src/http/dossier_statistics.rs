//! `/dossier-statistics`: counts of dossiers for a period, by groups, with their identities.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    access, body::Query, crud, endpoints::Endpoints, kept, problem::Problem, schema::Number, state::AppState,
};
use crate::{
    domain::{
        periods::{NamedPeriod, PeriodCalendar, Span},
        returns::{FromReturns, NotUsed, NotUsedReason},
        time::Day,
    },
    service::{
        dossier_statistics::{self, Check, Figures, Grouping, Question, Rate, Row},
        error::Error,
        units::Units,
    },
};

/// Decimals of a rate.
const RATE_DECIMALS: u8 = 4;

/// Which figures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DossierStatisticsQuery {
    /// The unit, with all below it.
    pub unit_id: String,
    /// First day.
    pub from: Option<Day>,
    /// Last day, included.
    pub to: Option<Day>,
    /// A named period instead of days: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    #[param(example = "2020")]
    pub period: Option<String>,
    /// Which days a named period or a month holds.
    pub calendar: Option<PeriodCalendar>,
    /// Any of `unit`, `level`, `field`, `month`, `procedure`, `channel`, with commas between.
    #[param(example = "level")]
    pub group_by: Option<String>,
    /// Judge open dossiers at the end of this day of the period, where it is earlier than the period's end.
    pub as_of: Option<Day>,
}

/// A part of a whole, with the name of the whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct RateBody {
    /// Numerator ÷ denominator to four decimals; null for a denominator of zero.
    pub value: Option<Number>,
    /// The part.
    pub numerator: i64,
    /// The whole.
    pub denominator: i64,
    /// Name of the whole.
    pub base: String,
}

impl From<Rate> for RateBody {
    fn from(rate: Rate) -> Self {
        Self {
            value: rate.value.map(|value| Number::rounded(&value, RATE_DECIMALS)),
            numerator: rate.numerator,
            denominator: rate.denominator,
            base: rate.base.to_owned(),
        }
    }
}

/// Received in the period, by way of submission.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceivedBody {
    /// All.
    pub total: i64,
    /// At the counter.
    pub in_person: i64,
    /// Online.
    pub online: i64,
    /// By public post.
    pub postal: i64,
    /// At home by appointment.
    pub home_appointment: i64,
    /// Told by returns (column 5 of form II.06a): at the counter, by post or at home.
    pub in_person_or_postal: i64,
}

/// Resolved in the period, by Vietnamese calendar days.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResolvedBody {
    /// All.
    pub total: i64,
    /// Before the due day.
    pub early: i64,
    /// On the due day; and withdrawn dossiers, where the clock rule of the unit counts them so.
    pub on_time: i64,
    /// After the due day.
    pub late: i64,
    /// Without a due date: neither on time nor late.
    pub unclassified: i64,
}

/// Ended in the period without a result.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedOtherwiseBody {
    /// All.
    pub total: i64,
    /// Withdrawn by the applicant (7), unless the clock rule of the unit counts them as on time.
    pub withdrawn: i64,
    /// Stopped by the authority (8).
    pub stopped: i64,
    /// Told by returns, which don't say how.
    pub withdrawn_or_stopped: i64,
}

/// How much of the figures comes from returns of units that send totals only.
#[derive(Debug, Serialize, ToSchema)]
pub struct FromReturnsBody {
    /// Of the received.
    pub received: i64,
    /// Of the resolved.
    pub resolved: i64,
    /// Of the open.
    pub open: i64,
}

impl From<FromReturns> for FromReturnsBody {
    fn from(f: FromReturns) -> Self {
        Self { received: f.received, resolved: f.resolved, open: f.open }
    }
}

/// A return that is not counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReturnNotUsed {
    /// The return.
    pub return_id: String,
    /// Its unit.
    pub unit_id: String,
    /// Its period.
    pub period: String,
    /// The calendar of the period.
    pub calendar: PeriodCalendar,
    /// Why: dossiers of the unit win, or the days asked for are not made up of whole returned periods.
    pub reason: NotUsedReason,
}

impl From<NotUsed> for ReturnNotUsed {
    fn from(not_used: NotUsed) -> Self {
        Self {
            return_id: not_used.return_id,
            unit_id: not_used.unit_id,
            period: not_used.period,
            calendar: not_used.calendar,
            reason: not_used.reason,
        }
    }
}

/// Open at the moment of judging.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenBody {
    /// All.
    pub total: i64,
    /// Due later; what is due today is still within term.
    pub within_term: i64,
    /// Past the due day.
    pub overdue: i64,
    /// Without a due date.
    pub no_due_date: i64,
}

/// Counts on axes of their own: they overlap and are never added.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfWhichBody {
    /// Of the received: handled by several levels (một cửa liên thông).
    pub interlinked: i64,
    /// Of the resolved: returned by public post.
    pub returned_by_post: i64,
    /// Of the received: made by the generator of the sample, not by an authority.
    pub synthetic: i64,
    /// Of the late: resolved by the day that they were re-appointed to.
    pub re_appointed_kept: i64,
}

/// Rates, each with its base.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatesBody {
    /// Early and on time, of all resolved.
    pub on_time_of_resolved: RateBody,
    /// Early and on time, of those with a due date.
    pub on_time_of_classified: RateBody,
}

/// The figures of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierFigures {
    /// Received in the period.
    pub received: ReceivedBody,
    /// Open when the period began.
    pub carried_over: i64,
    /// Taken over from other units in the period.
    pub transferred_in: i64,
    /// Handed over to other units in the period.
    pub transferred_out: i64,
    /// Resolved in the period.
    pub resolved: ResolvedBody,
    /// Ended in the period without a result.
    pub ended_otherwise: EndedOtherwiseBody,
    /// Open at the moment of judging.
    pub open: OpenBody,
    /// Counts on axes of their own.
    pub of_which: OfWhichBody,
    /// How much of these comes from returns.
    pub from_returns: FromReturnsBody,
    /// Rates.
    pub rates: RatesBody,
}

impl From<&Figures> for DossierFigures {
    fn from(f: &Figures) -> Self {
        Self {
            received: ReceivedBody {
                total: f.received,
                in_person: f.in_person,
                online: f.online,
                postal: f.postal,
                home_appointment: f.home_appointment,
                in_person_or_postal: f.in_person_or_postal,
            },
            carried_over: f.carried_over,
            transferred_in: f.transferred_in,
            transferred_out: f.transferred_out,
            resolved: ResolvedBody {
                total: f.resolved,
                early: f.early,
                on_time: f.on_time,
                late: f.late,
                unclassified: f.unclassified,
            },
            ended_otherwise: EndedOtherwiseBody {
                total: f.ended_otherwise,
                withdrawn: f.withdrawn,
                stopped: f.stopped,
                withdrawn_or_stopped: f.withdrawn_or_stopped,
            },
            open: OpenBody {
                total: f.open,
                within_term: f.within_term,
                overdue: f.overdue,
                no_due_date: f.no_due_date,
            },
            of_which: OfWhichBody {
                interlinked: f.interlinked,
                returned_by_post: f.returned_by_post,
                synthetic: f.synthetic,
                re_appointed_kept: f.re_appointed_kept,
            },
            from_returns: f.told_by_returns().into(),
            rates: RatesBody {
                on_time_of_resolved: f.on_time_of_resolved().into(),
                on_time_of_classified: f.on_time_of_classified().into(),
            },
        }
    }
}

/// One row: what it is of, and its figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierFiguresRow {
    /// The names of `group_by` with their values; `unit` is an id, `field` is null where dossiers name none.
    #[schema(value_type = Object)]
    pub group: Map<String, Value>,
    /// Its figures.
    pub figures: DossierFigures,
}

impl From<&Row> for DossierFiguresRow {
    fn from(row: &Row) -> Self {
        let member = |(grouping, value): &(Grouping, Option<String>)| {
            (grouping.to_string(), value.clone().map_or(Value::Null, Value::String))
        };
        Self { group: row.group.iter().map(member).collect(), figures: (&row.figures).into() }
    }
}

/// Two figures that should be equal.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckBody {
    /// Stable code.
    pub code: String,
    /// Whether they are.
    pub holds: bool,
    /// One side.
    pub left: i64,
    /// The other side.
    pub right: i64,
    /// Left minus right.
    pub difference: i64,
}

impl From<&Check> for CheckBody {
    fn from(check: &Check) -> Self {
        Self {
            code: check.code.to_owned(),
            holds: check.holds(),
            left: check.left,
            right: check.right,
            difference: check.difference(),
        }
    }
}

/// The days of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodBody {
    /// First day.
    pub from: Day,
    /// Last day, included.
    pub to: Day,
    /// Calendar of the period.
    pub calendar: PeriodCalendar,
}

/// Statistics of a unit and all below it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "unit_id": "gso-874", "period": {"from": "2020-01-01", "to": "2020-12-31", "calendar": "civil"},
    "judged_at": "2020-12-31", "group_by": [], "rows": [],
    "total": {
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
    },
    "checks": [{"code": "received_equals_resolved_plus_open", "holds": true, "left": 113468, "right": 113468, "difference": 0}],
    "withheld_rows": 0, "returns_not_used": []
}))]
pub struct DossierStatistics {
    /// The unit.
    pub unit_id: String,
    /// The days.
    pub period: PeriodBody,
    /// The day whose end open dossiers are judged at.
    pub judged_at: Day,
    /// What rows are told apart by.
    pub group_by: Vec<String>,
    /// Rows with anything to tell.
    pub rows: Vec<DossierFiguresRow>,
    /// All together.
    pub total: DossierFigures,
    /// The identities of the period.
    pub checks: Vec<CheckBody>,
    /// Rows of so few dossiers that the public is not shown them, and those that would give them away.
    pub withheld_rows: usize,
    /// Returns of days of the period that are not counted, and why.
    pub returns_not_used: Vec<ReturnNotUsed>,
}

/// Compute dossier statistics
///
/// Of the unit with all below it, for days (`from`, `to`) or a named `period`. Open dossiers are judged at the
/// end of the period, at today where that is earlier, or at `as_of`; `judged_at` says when. 422 where no day of the
/// period has come yet (`period_not_begun`), or `as_of` is before it (`before_period`).
#[utoipa::path(
    tag = "dossiers", params(DossierStatisticsQuery),
    responses(
        (status = 200, description = "The figures.", body = DossierStatistics),
        (status = 404, description = "Problem: `not_found`.", body = super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Problem: `validation`.", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/dossier-statistics")]
pub async fn get_dossier_statistics(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<DossierStatisticsQuery>,
) -> Result<HttpResponse, Problem> {
    let calendar = query.calendar.unwrap_or(PeriodCalendar::Civil);
    let question = Question {
        span: span(&query, calendar)?,
        group_by: groupings(query.group_by.as_deref())?,
        unit_id: crud::path_key::<Units>(&query.unit_id)?,
        calendar,
        as_of: query.as_of,
    };
    let by_days = query.period.is_none();
    kept::answer(&state, &request, async |today| {
        let least = access::least_group(&state.access, &question.unit_id);
        let mut answer = dossier_statistics::statistics(&state.store, question, today)
            .await
            .map_err(|error| if by_days { at_first_day(error) } else { error })?;
        let withheld_rows = match least {
            Some(least) => answer.withhold(least).ok_or_else(access::withheld)?,
            None => 0,
        };
        Ok(DossierStatistics {
            unit_id: answer.question.unit_id,
            period: PeriodBody { from: answer.question.span.from, to: answer.question.span.to, calendar },
            judged_at: answer.judged_at,
            group_by: answer.question.group_by.iter().map(ToString::to_string).collect(),
            rows: answer.rows.iter().map(Into::into).collect(),
            total: (&answer.total).into(),
            checks: answer.checks.iter().map(Into::into).collect(),
            withheld_rows,
            returns_not_used: answer.returns_not_used.into_iter().map(Into::into).collect(),
        })
    })
    .await
}

/// What is said of the period is said of `from`, where that was asked instead.
fn at_first_day(error: Error) -> Error {
    match error {
        Error::Invalid(mut violations) => {
            for violation in violations.iter_mut().filter(|violation| violation.pointer == "period") {
                violation.pointer = "from".to_owned();
            }
            Error::Invalid(violations)
        }
        other => other,
    }
}

fn span(query: &DossierStatisticsQuery, calendar: PeriodCalendar) -> Result<Span, Problem> {
    match (query.period.as_deref(), query.from, query.to) {
        (Some(period), None, None) => {
            period.parse::<NamedPeriod>().ok().and_then(|named| named.span(calendar)).ok_or_else(|| {
                Problem::bad_parameter(
                    "period",
                    "not_a_period",
                    "A period is written 2020, 2020-H1, 2020-Q3 or 2020-09.",
                    "Kỳ được ghi là 2020, 2020-H1, 2020-Q3 hoặc 2020-09.",
                )
            })
        }
        (None, Some(from), Some(to)) if from <= to => Ok(Span { from, to }),
        (None, Some(_), Some(_)) => Err(Problem::bad_parameter(
            "to",
            "before_from",
            "`to` must not be before `from`.",
            "`to` không được trước `from`.",
        )),
        _ => Err(Problem::bad_parameter(
            "period",
            "period_or_days",
            "Give either `period`, or both `from` and `to`.",
            "Cần `period`, hoặc cả `from` và `to`.",
        )),
    }
}

fn groupings(text: Option<&str>) -> Result<Vec<Grouping>, Problem> {
    let mut groupings = Vec::new();
    for word in text.unwrap_or_default().split(',').filter(|word| !word.is_empty()) {
        match word.parse() {
            Ok(grouping) if !groupings.contains(&grouping) => groupings.push(grouping),
            _ => {
                return Err(Problem::bad_parameter(
                    "group_by",
                    "unknown_grouping",
                    "Any of unit, level, field, month, procedure, channel, each once.",
                    "Chọn trong unit, level, field, month, procedure, channel, mỗi từ một lần.",
                ));
            }
        }
    }
    Ok(groupings)
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_dossier_statistics);
}
