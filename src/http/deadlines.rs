//! `/deadlines/preview`: when a dossier would be due, and why then.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::Body, crud::no_query, endpoints::Endpoints, etag, problem::Problem, procedures::TermBody, respond,
    state::AppState,
};
use crate::{
    domain::{
        calendars::DayOff,
        hours::TimeOfDay,
        terms::{Term, TermUnit},
        text::clean,
        time::{Day, Moment},
    },
    service::{
        deadlines::{NoDueDate, TermOf, preview},
        error::Error,
    },
};

/// A dossier that might be accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "unit_id": "gso-874", "accepted_at": "2020-01-20T09:00:00+07:00", "term": {"amount": 5, "unit": "working_days"}
}))]
pub struct DeadlineInput {
    /// The unit that decides; its calendar counts.
    pub unit_id: String,
    /// When it would be accepted.
    pub accepted_at: Moment,
    /// A procedure of the catalogue; either this or `term`.
    #[serde(default)]
    pub procedure_code: Option<String>,
    /// A term; either this or `procedure_code`.
    #[serde(default)]
    pub term: Option<TermBody>,
    /// The cut-off hour of a `term` within the day; 15:00 when left out.
    #[serde(default)]
    pub cut_off: Option<TimeOfDay>,
}

/// A day that did not count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkippedDay, example = json!({"day": "2020-01-27", "why": "holiday", "name": "Mùng ba Tết Nguyên Đán", "forecast": false}))]
pub struct SkippedDayView {
    /// The day.
    pub day: Day,
    /// Why.
    pub why: DayOff,
    /// Its name in the calendar.
    pub name: Option<String>,
    /// Whether it still waits for the decision of that year: the due date may change with it.
    pub forecast: bool,
}

/// The rule by which a due date was counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadlineRule, example = json!({
    "text": "Không tính ngày tiếp nhận; chỉ tính ngày làm việc; hết hạn khi hết giờ làm việc của ngày cuối.",
    "text_en": "The day of acceptance is not counted; working days are; it ends with the office hours of the last day.",
    "source": "Bộ luật Dân sự 2015, Điều 147, 148"
}))]
pub struct RuleView {
    /// In Vietnamese.
    pub text: &'static str,
    /// In English.
    pub text_en: &'static str,
    /// Where it is from.
    pub source: &'static str,
}

/// When a dossier would be due.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deadline, example = json!({
    "due_at": "2020-02-03T17:00:00+07:00", "due_at_missing_because": null, "calendar_id": "vn", "calendar_version": 1,
    "fallback_calendar": false, "term": {"amount": 1, "unit": "working_days"}, "cut_off": null,
    "skipped": [{"day": "2020-02-01", "why": "weekend", "name": null, "forecast": false}, {"day": "2020-02-02", "why": "weekend", "name": null, "forecast": false}],
    "rule": {
        "text": "Không tính ngày tiếp nhận; chỉ tính ngày làm việc; hết hạn khi hết giờ làm việc của ngày cuối.",
        "text_en": "The day of acceptance is not counted; working days are; it ends with the office hours of the last day.",
        "source": "Bộ luật Dân sự 2015, Điều 147, 148"
    }
}))]
pub struct DeadlineView {
    /// It is due then; null when that can't be told.
    pub due_at: Option<Moment>,
    /// Why no due date follows.
    pub due_at_missing_because: Option<NoDueDate>,
    /// The calendar that the unit uses: its own, its nearest ancestor's, or that of all units.
    pub calendar_id: Option<String>,
    /// The version of the calendar.
    pub calendar_version: Option<i32>,
    /// The unit has no calendar at all: Monday to Friday, 7:00 to 11:30 and 13:30 to 17:00, no holidays.
    pub fallback_calendar: bool,
    /// The term; null where it is not known.
    pub term: Option<TermBody>,
    /// The cut-off hour of a term within the day.
    pub cut_off: Option<TimeOfDay>,
    /// The days that did not count, in order.
    pub skipped: Vec<SkippedDayView>,
    /// The rule; null without a term.
    pub rule: Option<RuleView>,
}

/// The rules of `domain::deadlines` in words.
const fn rule(unit: TermUnit) -> RuleView {
    const CODE: &str = "Bộ luật Dân sự 2015, Điều 147, 148";
    const PORTAL: &str = "Quy định thời hạn của thủ tục trên Cổng Dịch vụ công quốc gia";
    match unit {
        TermUnit::Hours => RuleView {
            text: "Tính từ lúc tiếp nhận, chỉ trong giờ làm việc; tiếp nhận ngoài giờ thì tính từ giờ làm việc kế tiếp.",
            text_en: "Counted from acceptance within office hours; outside of them it begins with the next office hour.",
            source: "Bộ luật Dân sự 2015, Điều 147",
        },
        TermUnit::Days => RuleView {
            text: "Không tính ngày tiếp nhận; tính cả ngày nghỉ; ngày cuối là ngày nghỉ thì hết hạn vào ngày làm việc tiếp theo.",
            text_en: "The day of acceptance is not counted, days off are; an end on a day off moves to the next working day.",
            source: CODE,
        },
        TermUnit::WorkingDays => RuleView {
            text: "Không tính ngày tiếp nhận; chỉ tính ngày làm việc; hết hạn khi hết giờ làm việc của ngày cuối.",
            text_en: "The day of acceptance is not counted; working days are; it ends with the office hours of the last day.",
            source: CODE,
        },
        TermUnit::Months => RuleView {
            text: "Hết hạn vào ngày tương ứng của tháng cuối, hoặc ngày cuối của tháng đó; gặp ngày nghỉ thì chuyển sang ngày làm việc tiếp theo.",
            text_en: "It ends on the same day of the last month, or on its last day; an end on a day off moves to the next working day.",
            source: CODE,
        },
        TermUnit::SameDay => RuleView {
            text: "Nhận trước giờ chốt thì trả trong ngày; nhận từ giờ chốt trở đi thì trả trong ngày làm việc tiếp theo.",
            text_en: "Received before the cut-off hour it ends that day; at it or later, at the end of the next working day.",
            source: PORTAL,
        },
    }
}

fn term_of(
    procedure_code: Option<String>,
    term: Option<TermBody>,
    cut_off: Option<TimeOfDay>,
) -> Result<TermOf, Error> {
    match (procedure_code, term, cut_off) {
        (Some(code), None, None) => Ok(TermOf::Procedure(clean(&code))),
        (None, Some(term), cut_off) => term.term(cut_off).map(TermOf::Given),
        (None, None, _) | (Some(_), Some(_), _) | (Some(_), None, Some(_)) => Err(Error::invalid(
            "/term",
            "procedure_or_term",
            "Give `procedure_code` or `term` (with its `cut_off`), one of the two.",
            "Cần có `procedure_code` hoặc `term` (kèm `cut_off`), chỉ một trong hai.",
        )),
    }
}

/// Preview a deadline
///
/// When a dossier accepted by a unit at a moment would be due, by a procedure of the catalogue or by a term, with the
/// days that did not count. Nothing is stored. Where no due date follows, it is null with the reason.
#[utoipa::path(tag = "calendars", request_body = DeadlineInput, responses((status = 200, description = "The deadline.", body = DeadlineView)))]
#[post("/deadlines/preview")]
pub async fn preview_deadline(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let input = body.read::<DeadlineInput>();
    if input.as_ref().err().is_none_or(Problem::is_validation) {
        no_query(&request)?;
    }
    let input = input?;
    let of = term_of(input.procedure_code, input.term, input.cut_off)?;
    let found = preview(&state.store, clean(&input.unit_id), input.accepted_at, of).await?;
    let (due, missing) = match found.due {
        Ok(due) => (Some(due), None),
        Err(missing) => (None, Some(missing)),
    };
    let (due_at, skipped) = due.unzip();
    let fallback_calendar = found.calendar.is_none();
    let (calendar_id, calendar_version) = found.calendar.unzip();
    let view = DeadlineView {
        due_at,
        due_at_missing_because: missing,
        calendar_id,
        calendar_version,
        fallback_calendar,
        term: found.term.map(TermBody::view),
        cut_off: found.term.and_then(|term: Term| term.cut_off()),
        skipped: skipped
            .unwrap_or_default()
            .into_iter()
            .map(|s| SkippedDayView { day: s.day, why: s.why, name: s.name, forecast: s.forecast })
            .collect(),
        rule: found.term.map(|term| rule(term.unit())),
    };
    let tag = etag::of_content(&serde_json::to_vec(&view).unwrap_or_default());
    Ok(respond::written(tag, &view))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(preview_deadline);
}
