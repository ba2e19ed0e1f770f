//! `/calendars`: the working days of units, in versions.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, Exposed, Key},
    endpoints::Endpoints,
    etag,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        calendars::{Calendar, CalendarDay, DayKind},
        hours::{DEFAULT_HOURS, OfficeSpan, TimeOfDay},
        text::{clean, sort_key},
        time::Day,
    },
    service::{
        self,
        calendars::Calendars,
        crud::{Absent, Proposal},
        error::Error,
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("name", "name_sort")];

/// A stretch of office hours.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfficeSpan, example = json!({"from": "07:00", "to": "11:30"}))]
pub struct SpanBody {
    /// It begins.
    pub from: TimeOfDay,
    /// It ends, later on the same day.
    pub to: TimeOfDay,
}

/// A day that differs from the working week, which is Monday to Friday.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CalendarDay, example = json!({
    "day": "2025-07-05", "kind": "saturday_duty", "name": "Trực tiếp nhận hồ sơ", "hours": [{"from": "07:00", "to": "11:30"}], "forecast": false
}))]
pub struct DayBody {
    /// The day, listed once.
    pub day: Day,
    /// `off`: a holiday or the day off that makes up for one; `swapped`: off in exchange for a make-up day;
    /// `working`: counts for every term, also on a weekend; `saturday_duty`: dossiers are received and terms in
    /// hours or within the day run, but it counts for no term in days.
    pub kind: DayKind,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its office hours where they differ from the calendar's; none for a day off.
    #[serde(default)]
    pub hours: Option<Vec<SpanBody>>,
    /// Whether it still waits for the decision of that year.
    #[serde(default)]
    pub forecast: bool,
}

/// A working-day calendar.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Calendar, example = json!({
    "id": "vn", "unit_id": null, "name": "Lịch làm việc chung", "version": 1,
    "hours": [{"from": "07:00", "to": "11:30"}, {"from": "13:30", "to": "17:00"}],
    "days": [{"day": "2020-09-02", "kind": "off", "name": "Quốc khánh", "hours": null, "forecast": false}]
}))]
pub struct CalendarView {
    /// The key.
    pub id: String,
    /// The unit whose calendar it is, with all below it that have none of their own; null for all others.
    pub unit_id: Option<String>,
    /// Name.
    pub name: String,
    /// 1, 2, 3 ...: every edit makes the next one. Older ones stay readable.
    pub version: i32,
    /// Office hours of a working day.
    pub hours: Vec<SpanBody>,
    /// The days that differ from Monday to Friday, in order.
    pub days: Vec<DayBody>,
}

/// A calendar as it shall be. What a `GET` gives can be sent back: `version` is taken and ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "thanh-binh", "unit_id": "gso-874", "name": "Lịch làm việc huyện Thanh Bình",
    "days": [{"day": "2020-09-02", "kind": "off", "name": "Quốc khánh"}]
}))]
pub struct CalendarInput {
    /// The key; made by the service when left out of a `POST`.
    #[serde(default)]
    pub id: Option<String>,
    /// The unit whose calendar it is; none for all units without another one. A unit has one calendar.
    #[serde(default)]
    pub unit_id: Option<String>,
    /// Name.
    pub name: String,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<i32>, read_only)]
    pub version: Option<IgnoredAny>,
    /// Office hours of a working day; 7:00 to 11:30 and 13:30 to 17:00 when left out.
    #[serde(default)]
    pub hours: Option<Vec<SpanBody>>,
    /// The days that differ from Monday to Friday, in any order.
    #[serde(default)]
    pub days: Vec<DayBody>,
}

/// A page of calendars.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarPage {
    /// The calendars.
    pub items: Vec<CalendarView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which calendars.
    pub struct ListCalendarsQuery by SORTS {
        /// The calendar of this unit itself.
        unit_id: String,
        /// Calendars of this unit and of all below it.
        under: String,
        /// Calendars of exactly this name.
        name: String,
        /// Calendars in this version.
        version: i32,
    }
}

fn spans(body: Vec<SpanBody>) -> Vec<OfficeSpan> {
    body.into_iter().map(|span| OfficeSpan { from: span.from, to: span.to }).collect()
}

fn spans_view(spans: Vec<OfficeSpan>) -> Vec<SpanBody> {
    spans.into_iter().map(|span| SpanBody { from: span.from, to: span.to }).collect()
}

fn day(body: DayBody) -> CalendarDay {
    CalendarDay {
        day: body.day,
        kind: body.kind,
        name: body.name.as_deref().map(clean),
        hours: body.hours.map(spans),
        forecast: body.forecast,
    }
}

fn day_view(day: CalendarDay) -> DayBody {
    DayBody {
        day: day.day,
        kind: day.kind,
        name: day.name,
        hours: day.hours.map(spans_view),
        forecast: day.forecast,
    }
}

impl ListedResource for Calendars {
    fn sort_value(calendar: &Calendar, column: &str) -> Option<Value> {
        match column {
            "name_sort" => Some(Value::Text(sort_key(&calendar.name))),
            _ => None,
        }
    }
}

impl Exposed for Calendars {
    type View = CalendarView;
    type Input = CalendarInput;

    fn view(calendar: Versioned<Calendar>, _today: Day) -> CalendarView {
        let calendar = calendar.record;
        CalendarView {
            id: calendar.id,
            unit_id: calendar.unit_id,
            name: calendar.name,
            version: calendar.version,
            hours: spans_view(calendar.hours),
            days: calendar.days.into_iter().map(day_view).collect(),
        }
    }

    fn proposal(input: CalendarInput, key: Key, old: Option<&Calendar>) -> Result<Proposal<Calendar>, Error> {
        let id = match (key.path(), input.id) {
            (None, None) => Key::new_id(),
            (_, id) => key.or_body("/id", id)?,
        };
        let calendar = Calendar {
            id,
            unit_id: input.unit_id.as_deref().map(clean),
            name: clean(&input.name),
            // The service counts it.
            version: old.map_or(1, |old| old.version),
            hours: input.hours.map_or_else(|| DEFAULT_HOURS.to_vec(), spans),
            days: input.days.into_iter().map(day).collect(),
        };
        Ok(calendar.into())
    }
}

/// List calendars
///
/// Each in its present version, with all its days.
#[utoipa::path(tag = "calendars", params(ListCalendarsQuery), responses((status = 200, description = "A page of calendars.", body = CalendarPage)))]
#[get("/calendars")]
pub async fn list_calendars(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListCalendarsQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        page::is("unit_id", query.unit_id.as_ref()),
        page::under("unit_id", query.under.as_ref()),
        page::is("name", query.name.as_ref()),
        page::is_number("revision", query.version),
    ];
    crud::list::<Calendars>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create a calendar
///
/// Only `name` is required. A unit without a calendar uses that of its nearest ancestor, and else the calendar
/// without a unit; a calendar stands alone and takes no days over from the one above. The days that it doesn't list
/// are working days from Monday to Friday. A second calendar for the same unit is refused.
#[utoipa::path(tag = "calendars", request_body = CalendarInput, responses((status = 201, description = "The new calendar.", body = CalendarView)))]
#[post("/calendars")]
pub async fn create_calendar(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<Calendars>(&state, &request, body).await
}

/// Get a calendar
///
/// In its present version.
#[utoipa::path(tag = "calendars", params(("id" = String, Path, description = "Id of the calendar.")), responses((status = 200, description = "The calendar.", body = CalendarView)))]
#[get("/calendars/{id}")]
pub async fn get_calendar(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<Calendars>(&state, &request, &id).await
}

/// Get a version of a calendar
///
/// As it was, or is. Versions outlive their calendar: a due date can always be followed back to its days.
#[utoipa::path(tag = "calendars", params(
    ("id" = String, Path, description = "Id of the calendar."),
    ("version" = String, Path, description = "Number of the version, 1 or more."),
), responses((status = 200, description = "The calendar in that version.", body = CalendarView)))]
#[get("/calendars/{id}/versions/{version}")]
pub async fn get_calendar_version(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, number) = path.into_inner();
    let id = crud::path_key::<Calendars>(&id)?;
    // No version has a number that can't be read.
    let number = if number.starts_with('+') { None } else { number.parse().ok() };
    let calendar = service::calendars::version(&state.store, id, number.unwrap_or(0)).await?;
    crud::no_query(&request)?;
    let tag = etag::of_record(calendar.version, None);
    Ok(respond::record(&request, tag, &Calendars::view(calendar, state.today())))
}

/// Put a calendar
///
/// Replaces the calendar by its next version, or creates it when absent. Repeating it changes nothing.
#[utoipa::path(tag = "calendars", params(("id" = String, Path, description = "Id of the calendar.")), request_body = CalendarInput, responses(
    (status = 200, description = "The calendar as it is now.", body = CalendarView),
    (status = 201, description = "The new calendar.", body = CalendarView),
))]
#[put("/calendars/{id}")]
pub async fn put_calendar(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<Calendars>(&state, &request, &id, body, Absent::Create).await
}

/// Patch a calendar
///
/// A JSON merge patch of what `GET` gives; lists are replaced as a whole. Makes the next version.
#[utoipa::path(tag = "calendars", params(("id" = String, Path, description = "Id of the calendar.")), request_body(content = CalendarInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The calendar as it is now.", body = CalendarView)))]
#[patch("/calendars/{id}")]
pub async fn patch_calendar(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<Calendars>(&state, &request, &id, body).await
}

/// Delete a calendar
///
/// Its units go back to the calendar above them. Its versions stay readable, and a calendar made again under the
/// same id goes on counting them.
#[utoipa::path(tag = "calendars", params(("id" = String, Path, description = "Id of the calendar.")), responses((status = 204, description = "It is gone.")))]
#[delete("/calendars/{id}")]
pub async fn delete_calendar(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<Calendars>(&state, &request, &id).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_calendars)
        .service(create_calendar)
        .service(get_calendar)
        .service(get_calendar_version)
        .service(put_calendar)
        .service(patch_calendar)
        .service(delete_calendar);
}
