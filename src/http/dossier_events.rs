//! `/dossiers/{code}/events`: the history of a dossier, and what other systems told against the transition table.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{Body, Query},
    crud,
    dossier_transfers::TransferBody,
    endpoints::Endpoints,
    frame,
    page::{self, SortKey, list_query},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        dossier_events::{self, Anomaly, DueChange, DueRule, Event},
        dossiers::{Dossier, Status},
        text::clean,
        time::Moment,
    },
    service::{
        crud::Context,
        dossier_events::{Mode, NewEvent, tell},
        dossiers::Dossiers,
    },
    store::{
        Versioned,
        list::{Filter, Test, Value},
    },
};

/// An event as it is told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": 5, "at": "2021-03-04T09:00:00+07:00", "event_id": "igate-4711", "reason": "Thiếu bản sao giấy chứng nhận"}))]
pub struct DossierEventInput {
    /// The status from then on.
    pub status: Status,
    /// When it happened.
    pub at: Moment,
    /// The sender's own number of the event, unique within the dossier.
    #[serde(default)]
    pub event_id: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// The due date given with it; with the statuses 2, 4, 5 and 6 alone.
    #[serde(default)]
    pub due_at: Option<Moment>,
}

/// How the event is met.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TellEventQuery {
    /// `strict` (default) refuses a step that the transition table doesn't know; `sync` takes it over from
    /// another system and flags it.
    #[param(inline)]
    pub mode: Option<Mode>,
}

/// An event of a dossier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "status": 5, "at": "2021-03-04T09:00:00+07:00", "time_known": true, "arrived_at": "2021-03-04T09:00:12+07:00",
    "event_id": "igate-4711", "reason": "Thiếu bản sao giấy chứng nhận", "due_at": null
}))]
pub struct DossierEvent {
    /// The status from then on.
    pub status: Status,
    /// When it happened.
    pub at: Moment,
    /// Whether that is known: a status that was told with a record stands right after what is known.
    pub time_known: bool,
    /// When the service was told.
    pub arrived_at: Moment,
    /// The sender's own number of the event.
    pub event_id: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The due date given with it.
    pub due_at: Option<Moment>,
}

impl From<Event> for DossierEvent {
    fn from(event: Event) -> Self {
        Self {
            status: event.status,
            at: event.at,
            time_known: !event.undated,
            arrived_at: event.arrived_at,
            event_id: event.event_id,
            reason: event.reason,
            due_at: event.due_at,
        }
    }
}

/// A change of the due date.
#[derive(Debug, Serialize, ToSchema)]
pub struct DueChangeBody {
    /// The moment from which it holds.
    pub at: Moment,
    /// When the service was told, or computed it.
    pub arrived_at: Moment,
    /// The due date before.
    pub from_due_at: Option<Moment>,
    /// The due date from then on.
    pub due_at: Option<Moment>,
    /// By what: given by somebody, or moved by a pause.
    pub rule: DueRule,
    /// Why, where somebody gave it.
    pub reason: Option<String>,
    /// When the pause began, where a pause moved it.
    pub paused_at: Option<Moment>,
    /// The unit that had the dossier then, by whose rule and calendar it was moved.
    pub unit_id: Option<String>,
    /// The calendar that counted.
    pub calendar_id: Option<String>,
    /// Its version.
    pub calendar_version: Option<i32>,
}

impl From<DueChange> for DueChangeBody {
    fn from(change: DueChange) -> Self {
        Self {
            at: change.at,
            arrived_at: change.arrived_at,
            from_due_at: change.from_due_at,
            due_at: change.due_at,
            rule: change.rule,
            reason: change.reason,
            paused_at: change.paused_at,
            unit_id: change.unit_id,
            calendar_id: change.calendar_id,
            calendar_version: change.calendar_version,
        }
    }
}

/// A step that the transition table doesn't know.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"code": "impossible_jump", "at": "2021-03-12T08:00:00+07:00", "from": 9, "to": 4}))]
pub struct DossierAnomaly {
    /// What is wrong: `impossible_jump`.
    pub code: String,
    /// When the second event happened.
    pub at: Moment,
    /// The status before.
    pub from: Status,
    /// The status after.
    pub to: Status,
}

impl From<Anomaly> for DossierAnomaly {
    fn from(anomaly: Anomaly) -> Self {
        Self { code: "impossible_jump".to_owned(), at: anomaly.at, from: anomaly.from, to: anomaly.to }
    }
}

/// The steps of a dossier that the transition table doesn't know.
pub fn anomalies(dossier: &Dossier) -> Vec<DossierAnomaly> {
    let events = dossier.history.as_deref().map(|history| history.events.as_slice()).unwrap_or_default();
    dossier_events::anomalies(events).into_iter().map(Into::into).collect()
}

/// The history of a dossier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "items": [
        {"status": 2, "at": "2021-03-02T08:00:00+07:00", "time_known": true, "arrived_at": "2021-03-02T08:00:03+07:00", "event_id": null, "reason": null, "due_at": null},
        {"status": 4, "at": "2021-03-03T08:00:00+07:00", "time_known": true, "arrived_at": "2021-03-03T08:00:02+07:00", "event_id": null, "reason": null, "due_at": null}
    ],
    "due_changes": [], "transfers": []
}))]
pub struct DossierHistory {
    /// What happened, in order.
    pub items: Vec<DossierEvent>,
    /// How the due date moved, in order.
    pub due_changes: Vec<DueChangeBody>,
    /// The units that it passed to, in order.
    pub transfers: Vec<TransferBody>,
}

/// Tell an event of a dossier
///
/// Events may come late, out of order and twice: the history sorts itself and the dossier follows. The same
/// `event_id`, or the same status at the same time, changes nothing (200). A step that the transition table
/// doesn't know is refused with the allowed ones named, or taken and flagged with `mode=sync`.
#[utoipa::path(
    tag = "dossiers", params(("code" = String, Path, description = "Official code."), TellEventQuery), request_body = DossierEventInput,
    responses(
        (status = 200, description = "It was told before.", body = DossierEvent),
        (status = 201, description = "The event.", body = DossierEvent),
    )
)]
#[post("/dossiers/{code}/events")]
pub async fn tell_dossier_event(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (code, input, query): (_, DossierEventInput, TellEventQuery) =
        crud::read_about::<Dossiers, _, _>(&state, &request, &code, body).await?;
    let text = |value: Option<String>| value.as_deref().map(clean);
    let event = NewEvent {
        status: input.status,
        at: input.at,
        event_id: text(input.event_id),
        reason: text(input.reason),
        due_at: input.due_at,
        undated: false,
    };
    let context: Context = state.context();
    let told = tell(&state.store, context, code.clone(), event, query.mode.unwrap_or_default()).await?;
    let location = format!("{}/dossiers/{}/events", crud::API, respond::segment(&code));
    let tag = crud::tag::<Dossiers>(&told.dossier, state.today());
    let view = DossierEvent::from(told.event);
    Ok(if told.repeated { respond::written(tag, &view) } else { respond::created(&location, tag, &view) })
}

/// Get the history of a dossier
///
/// In the order of what happened: events, moves of the due date, and transfers. Where only the times of a dossier
/// are known, the history is the one that they imply.
#[utoipa::path(tag = "dossiers", params(("code" = String, Path, description = "Official code.")), responses((status = 200, description = "The history.", body = DossierHistory)))]
#[get("/dossiers/{code}/events")]
pub async fn get_dossier_history(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let code = crud::path_key::<Dossiers>(&code)?;
    let dossier = crate::service::crud::get::<Dossiers>(&state.store, frame::caller(), code).await?;
    crud::no_query(&request)?;
    let history = dossier.record.told_history();
    let body = DossierHistory {
        items: history.events.into_iter().map(Into::into).collect(),
        due_changes: history.due_changes.into_iter().map(Into::into).collect(),
        transfers: history.transfers.into_iter().map(Into::into).collect(),
    };
    Ok(respond::computed(&request, &body))
}

list_query! {
    /// Which anomalies.
    pub struct ListDossierAnomaliesQuery by SORTS {
        /// Dossiers that this unit alone decides.
        unit_id: String,
        /// Dossiers that this unit or one below it decides.
        under: String,
    }
}

const SORTS: &[SortKey] = &[("code", "code")];

/// A dossier with steps that the transition table doesn't know.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "code": "000.05.15.H20-210302-0007", "unit_id": "gso-874", "status": 4,
    "anomalies": [{"code": "impossible_jump", "at": "2021-03-12T08:00:00+07:00", "from": 9, "to": 4}]
}))]
pub struct AnomalousDossier {
    /// Its code.
    pub code: String,
    /// The unit that decides.
    pub unit_id: String,
    /// Its status.
    pub status: Status,
    /// The steps.
    pub anomalies: Vec<DossierAnomaly>,
}

/// A page of dossiers with anomalies.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnomalousDossierPage {
    /// The dossiers.
    pub items: Vec<AnomalousDossier>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

/// List dossiers with anomalies
///
/// Dossiers whose history, as another system told it, has a step that the transition table doesn't know.
#[utoipa::path(tag = "dossiers", params(ListDossierAnomaliesQuery), responses((status = 200, description = "A page of dossiers with anomalies.", body = AnomalousDossierPage)))]
#[get("/dossier-anomalies")]
pub async fn list_dossier_anomalies(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListDossierAnomaliesQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        Some(Filter { column: "anomalous", test: Test::Holds, value: Value::Bool(true) }),
        page::is("unit_id", query.unit_id.as_ref()),
        page::under("unit_id", query.under.as_ref()),
    ];
    let view = |Versioned { record, .. }: Versioned<Dossier>| AnomalousDossier {
        anomalies: anomalies(&record),
        code: record.code,
        unit_id: record.unit_id,
        status: record.status,
    };
    page::answer::<Dossiers, _, _>(&state, &request, query.paging(), filters, SORTS, view).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(tell_dossier_event).service(get_dossier_history).service(list_dossier_anomalies);
}
