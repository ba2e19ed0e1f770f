//! `/dossiers`: dossiers keyed by their official code, with the outcome that the service derives.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, Exposed, Key},
    dossier_events::{DossierAnomaly, anomalies},
    endpoints::Endpoints,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{
        dossiers::{Dossier, OnlineLevel, Outcome, ReturnChannel, Status, SubmissionChannel},
        text::clean,
        time::{Day, Moment},
    },
    service::{
        crud::{Absent, Proposal},
        dossiers::Dossiers,
        error::Error,
    },
    store::{
        Versioned,
        list::{Filter, Test, Value},
    },
};

const SORTS: &[SortKey] = &[
    ("code", "code"),
    ("accepted_at", "accepted_at"),
    ("due_at", "due_at"),
    ("finished_at", "finished_at"),
    ("status", "status"),
];

/// A dossier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dossier, example = json!({
    "code": "000.05.15.H20-200306-0001", "unit_id": "gso-874", "received_by_unit_id": null,
    "procedure_code": "1.000656", "field": "Đất đai", "submitted_via": "online", "online_level": "4",
    "returned_via": "postal", "interlinked": false, "synthetic": false, "submitted_at": null,
    "accepted_at": "2020-03-06T08:00:00+07:00", "first_due_at": "2020-03-16T17:00:00+07:00",
    "due_at": "2020-03-16T17:00:00+07:00", "re_appointed_to": null,
    "finished_at": "2020-03-13T10:00:00+07:00", "returned_at": null, "status": 10, "outcome": "early",
    "re_appointed_kept": false, "due_derived": false, "due_calendar": null,
    "recorded_at": "2020-03-13T10:00:05+07:00", "anomalies": []
}))]
pub struct DossierView {
    /// Official code, opaque text; the key.
    pub code: String,
    /// The unit that decides, and the one that statistics count.
    pub unit_id: String,
    /// Where it was handed in, when elsewhere. Never counted a second time.
    pub received_by_unit_id: Option<String>,
    /// Code of the procedure (mã TTHC).
    pub procedure_code: Option<String>,
    /// Field of the procedure (lĩnh vực).
    pub field: Option<String>,
    /// How it was submitted.
    pub submitted_via: SubmissionChannel,
    /// Level of the online service.
    pub online_level: Option<OnlineLevel>,
    /// How the result was handed over.
    pub returned_via: Option<ReturnChannel>,
    /// Handled by several levels (một cửa liên thông).
    pub interlinked: bool,
    /// Made by the generator of the sample, not by an authority.
    pub synthetic: bool,
    /// When it was submitted.
    pub submitted_at: Option<Moment>,
    /// When it was accepted: the clock starts.
    pub accepted_at: Option<Moment>,
    /// The due date given at acceptance.
    pub first_due_at: Option<Moment>,
    /// That date as moved by recorded pauses.
    pub due_at: Option<Moment>,
    /// A later appointment; changes no outcome.
    pub re_appointed_to: Option<Moment>,
    /// The result (9, 10) or the end (7, 8).
    pub finished_at: Option<Moment>,
    /// When the result was handed over; none while it is open.
    pub returned_at: Option<Moment>,
    /// National status.
    pub status: Status,
    /// What became of it, by Vietnamese calendar days.
    pub outcome: Outcome,
    /// Late, and resolved by the day that it was re-appointed to.
    pub re_appointed_kept: bool,
    /// Whether the due date was derived from the term of the procedure.
    pub due_derived: bool,
    /// The version of the working-day calendar that set the due date.
    pub due_calendar: Option<CalendarUsedBody>,
    /// When the service was told of the present status and times.
    pub recorded_at: Option<Moment>,
    /// Steps of its history that the transition table doesn't know.
    pub anomalies: Vec<DossierAnomaly>,
}

/// The version of a working-day calendar that set a due date.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalendarUsed)]
pub struct CalendarUsedBody {
    /// The calendar.
    pub id: String,
    /// Its version.
    pub version: i32,
}

/// A dossier as it shall be. What a `GET` gives can be sent back: `outcome` is taken and ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "000.05.15.H20-210302-0007", "unit_id": "gso-874", "submitted_via": "online", "online_level": "4",
    "accepted_at": "2021-03-02T08:00:00+07:00", "due_at": "2021-03-10T17:00:00+07:00", "status": 4
}))]
pub struct DossierInput {
    /// Official code; in a `PUT` it may be left out.
    #[serde(default)]
    pub code: Option<String>,
    /// The unit that decides. It must exist on the day of acceptance.
    pub unit_id: String,
    /// Where it was handed in, when elsewhere.
    #[serde(default)]
    pub received_by_unit_id: Option<String>,
    /// Code of the procedure (mã TTHC).
    #[serde(default)]
    pub procedure_code: Option<String>,
    /// Field of the procedure (lĩnh vực).
    #[serde(default)]
    pub field: Option<String>,
    /// How it was submitted.
    pub submitted_via: SubmissionChannel,
    /// Level of the online service.
    #[serde(default)]
    pub online_level: Option<OnlineLevel>,
    /// How the result was handed over.
    #[serde(default)]
    pub returned_via: Option<ReturnChannel>,
    /// Handled by several levels.
    #[serde(default)]
    pub interlinked: bool,
    /// Made by a generator.
    #[serde(default)]
    pub synthetic: bool,
    /// When it was submitted.
    #[serde(default)]
    pub submitted_at: Option<Moment>,
    /// When it was accepted; required unless the status is 1 or 3.
    #[serde(default)]
    pub accepted_at: Option<Moment>,
    /// The due date given at acceptance; `due_at` when left out.
    #[serde(default)]
    pub first_due_at: Option<Moment>,
    /// The due date. Once given it changes only with `due_change_reason`.
    #[serde(default)]
    pub due_at: Option<Moment>,
    /// A later appointment.
    #[serde(default)]
    pub re_appointed_to: Option<Moment>,
    /// Required with the statuses 7 to 10, refused with 1 to 6.
    #[serde(default)]
    pub finished_at: Option<Moment>,
    /// When the result was handed over; refused with the open statuses 2, 4, 5 and 6, unless it is what was told before
    /// the dossier was opened again.
    #[serde(default)]
    pub returned_at: Option<Moment>,
    /// National status.
    pub status: Status,
    /// Why a due date changes; kept in the change log.
    #[serde(default)]
    pub due_change_reason: Option<String>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<Outcome>, read_only)]
    pub outcome: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<bool>, read_only)]
    pub re_appointed_kept: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<bool>, read_only)]
    pub due_derived: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<CalendarUsedBody>, read_only)]
    pub due_calendar: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<Moment>, read_only)]
    pub recorded_at: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<Vec<DossierAnomaly>>, read_only)]
    pub anomalies: Option<IgnoredAny>,
}

/// A page of dossiers.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierPage {
    /// The dossiers.
    pub items: Vec<DossierView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which dossiers.
    pub struct ListDossiersQuery by SORTS, export ExportDossiersQuery {
        /// Dossiers that this unit alone decides.
        unit_id: String,
        /// Dossiers that this unit or one below it decides.
        under: String,
        /// Dossiers handed in at this unit.
        received_by_unit_id: String,
        /// Dossiers of this procedure.
        procedure_code: String,
        /// Dossiers of this field.
        field: String,
        /// Dossiers submitted this way.
        submitted_via: SubmissionChannel,
        /// Dossiers of this online level.
        online_level: OnlineLevel,
        /// Dossiers handed back this way.
        returned_via: ReturnChannel,
        /// Dossiers handled by several levels, or not.
        interlinked: bool,
        /// Dossiers made by a generator, or not.
        synthetic: bool,
        /// Dossiers of this status, 1 to 10.
        status: Status,
        /// Dossiers of this outcome as of today.
        outcome: Outcome,
        /// Accepted on this Vietnamese day or later.
        accepted_from: Day,
        /// Accepted on this Vietnamese day or earlier.
        accepted_to: Day,
        /// Due on this Vietnamese day or later.
        due_from: Day,
        /// Due on this Vietnamese day or earlier.
        due_to: Day,
        /// Finished on this Vietnamese day or later.
        finished_from: Day,
        /// Finished on this Vietnamese day or earlier.
        finished_to: Day,
    }
}

impl ListedResource for Dossiers {
    fn sort_value(dossier: &Dossier, column: &str) -> Option<Value> {
        let moment = match column {
            "accepted_at" => dossier.accepted_at,
            "due_at" => dossier.due_at,
            "finished_at" => dossier.finished_at,
            "status" => return Some(Value::Integer(i32::from(dossier.status.code()))),
            _ => None,
        };
        moment.map(|m| Value::BigInt(m.micros()))
    }
}

impl Exposed for Dossiers {
    type View = DossierView;
    type Input = DossierInput;

    fn view(dossier: Versioned<Dossier>, today: Day) -> DossierView {
        let outcome = dossier.record.outcome(today);
        let (re_appointed_kept, anomalies) = (dossier.record.re_appointed_kept(), anomalies(&dossier.record));
        let d = dossier.record;
        DossierView {
            code: d.code,
            unit_id: d.unit_id,
            received_by_unit_id: d.received_by_unit_id,
            procedure_code: d.procedure_code,
            field: d.field,
            submitted_via: d.submitted_via,
            online_level: d.online_level,
            returned_via: d.returned_via,
            interlinked: d.interlinked,
            synthetic: d.synthetic,
            submitted_at: d.submitted_at,
            accepted_at: d.accepted_at,
            first_due_at: d.first_due_at,
            due_at: d.due_at,
            re_appointed_to: d.re_appointed_to,
            finished_at: d.finished_at,
            returned_at: d.returned_at,
            status: d.status,
            outcome,
            re_appointed_kept,
            due_derived: d.due_derived,
            due_calendar: d.due_calendar.map(|used| CalendarUsedBody { id: used.id, version: used.version }),
            recorded_at: d.recorded_at,
            anomalies,
        }
    }

    fn derived(dossier: &Dossier, today: Day) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(dossier.outcome(today).as_str()))
    }

    fn proposal(input: DossierInput, key: Key, _old: Option<&Dossier>) -> Result<Proposal<Dossier>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let record = Dossier {
            code: key.or_body("/code", input.code)?,
            unit_id: clean(&input.unit_id),
            received_by_unit_id: text(input.received_by_unit_id),
            procedure_code: text(input.procedure_code),
            field: text(input.field),
            submitted_via: input.submitted_via,
            online_level: input.online_level,
            returned_via: input.returned_via,
            interlinked: input.interlinked,
            synthetic: input.synthetic,
            submitted_at: input.submitted_at,
            accepted_at: input.accepted_at,
            first_due_at: input.first_due_at,
            due_at: input.due_at,
            re_appointed_to: input.re_appointed_to,
            finished_at: input.finished_at,
            returned_at: input.returned_at,
            status: input.status,
            due_derived: false,
            due_calendar: None,
            recorded_at: None,
            history: None,
        };
        Ok(Proposal { record, reason: text(input.due_change_reason) })
    }
}

/// What an outcome means for the stored columns, as of a day.
fn outcome_filters(outcome: Outcome, today: Day) -> Vec<Filter> {
    let present = |column, test| Filter { column, test, value: Value::Bool(true) };
    let is = |column, word: &str| Filter { column, test: Test::Is, value: Value::Text(word.to_owned()) };
    match outcome {
        Outcome::Early | Outcome::OnTime | Outcome::Late | Outcome::Unclassified => {
            vec![is("result", outcome.as_str())]
        }
        // 7 withdrawn and 8 stopped.
        Outcome::EndedOtherwise => vec![
            Filter { column: "status", test: Test::AtLeast, value: Value::Integer(7) },
            Filter { column: "status", test: Test::Below, value: Value::Integer(9) },
        ],
        Outcome::NotCounted => vec![present("result", Test::Absent), present("received_on", Test::Absent)],
        Outcome::Overdue => vec![
            present("result", Test::Absent),
            present("received_on", Test::Present),
            Filter { column: "due_on", test: Test::Below, value: Value::Date(today.date()) },
        ],
        Outcome::InProgress => vec![
            present("result", Test::Absent),
            present("received_on", Test::Present),
            Filter { column: "due_on", test: Test::NoneOrAbove, value: Value::Date(today.previous().date()) },
        ],
    }
}

/// The filters of a list or an export, as of a day.
pub fn filters(query: &ListDossiersQuery, today: Day) -> Vec<Filter> {
    let day = |column, test, day: Option<Day>| {
        day.map(|day| Filter { column, test, value: Value::BigInt(Moment::start_of(day).micros()) })
    };
    let mut filters: Vec<Filter> = [
        page::is("unit_id", query.unit_id.as_ref()),
        page::under("unit_id", query.under.as_ref()),
        page::is("received_by_unit_id", query.received_by_unit_id.as_ref()),
        page::is("procedure_code", query.procedure_code.as_ref()),
        page::is("field", query.field.as_ref()),
        page::is_word("submitted_via", query.submitted_via.map(SubmissionChannel::as_str)),
        page::is_word("online_level", query.online_level.map(OnlineLevel::as_str)),
        page::is_word("returned_via", query.returned_via.map(ReturnChannel::as_str)),
        page::is_true("interlinked", query.interlinked),
        page::is_true("synthetic", query.synthetic),
        page::is_number("status", query.status.map(|status| i32::from(status.code()))),
        day("accepted_at", Test::AtLeast, query.accepted_from),
        day("accepted_at", Test::Below, query.accepted_to.map(Day::next)),
        day("due_at", Test::AtLeast, query.due_from),
        day("due_at", Test::Below, query.due_to.map(Day::next)),
        day("finished_at", Test::AtLeast, query.finished_from),
        day("finished_at", Test::Below, query.finished_to.map(Day::next)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(outcome) = query.outcome {
        filters.extend(outcome_filters(outcome, today));
    }
    filters
}

/// List dossiers
///
/// Filters are exact. `outcome` is that of today. Dossiers of the sample are synthetic and marked so.
#[utoipa::path(tag = "dossiers", params(ListDossiersQuery), responses((status = 200, description = "A page of dossiers.", body = DossierPage)))]
#[get("/dossiers")]
pub async fn list_dossiers(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListDossiersQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = filters(&query, state.today()).into_iter().map(Some);
    crud::list::<Dossiers>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create a dossier
///
/// Required: `code`, `unit_id`, `submitted_via`, `status`; `accepted_at` unless the status is 1 or 3;
/// `finished_at` with the statuses 7 to 10. No applicant data is taken.
#[utoipa::path(tag = "dossiers", request_body = DossierInput, responses((status = 201, description = "The new dossier.", body = DossierView)))]
#[post("/dossiers")]
pub async fn create_dossier(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<Dossiers>(&state, &request, body).await
}

/// Get a dossier
///
/// Its `ETag` changes with every write and when it turns overdue.
#[utoipa::path(tag = "dossiers", params(("code" = String, Path, description = "Official code.")), responses((status = 200, description = "The dossier.", body = DossierView)))]
#[get("/dossiers/{code}")]
pub async fn get_dossier(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<Dossiers>(&state, &request, &code).await
}

/// Put a dossier
///
/// Replaces the dossier, or creates it when absent. Repeating it changes nothing.
#[utoipa::path(tag = "dossiers", params(("code" = String, Path, description = "Official code.")), request_body = DossierInput, responses(
    (status = 200, description = "The dossier as it is now.", body = DossierView),
    (status = 201, description = "The new dossier.", body = DossierView),
))]
#[put("/dossiers/{code}")]
pub async fn put_dossier(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<Dossiers>(&state, &request, &code, body, Absent::Create).await
}

/// Patch a dossier
///
/// A JSON merge patch of what `GET` gives; a due date once given changes only with `due_change_reason`, also back to
/// the date of before a wait that moved it.
#[utoipa::path(tag = "dossiers", params(("code" = String, Path, description = "Official code.")), request_body(content = DossierInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The dossier as it is now.", body = DossierView)))]
#[patch("/dossiers/{code}")]
pub async fn patch_dossier(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<Dossiers>(&state, &request, &code, body).await
}

/// Delete a dossier
///
/// The change log keeps what it was.
#[utoipa::path(tag = "dossiers", params(("code" = String, Path, description = "Official code.")), responses((status = 204, description = "It is gone.")))]
#[delete("/dossiers/{code}")]
pub async fn delete_dossier(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<Dossiers>(&state, &request, &code).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_dossiers)
        .service(create_dossier)
        .service(get_dossier)
        .service(put_dossier)
        .service(patch_dossier)
        .service(delete_dossier);
}
