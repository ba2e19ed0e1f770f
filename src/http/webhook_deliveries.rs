//! `/webhooks/{id}/deliveries`: what a subscription was told, and what became of it.

use actix_web::{HttpRequest, HttpResponse, get, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::read_query,
    crud::path_key,
    endpoints::Endpoints,
    frame,
    page::{DEFAULT_LIMIT, check_limit},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        changes::{Action as ChangeAction, ChangedResource},
        time::Moment,
        webhooks::{Delivery, DeliveryStatus},
    },
    service::{changes, crud, webhook_deliveries, webhooks::Webhooks},
    store::changes::Place,
};

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeliveriesQuery {
    /// Deliveries that are here.
    pub status: Option<DeliveryStatus>,
    /// Deliveries of a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before. Opaque.
    pub cursor: Option<String>,
}

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000009-0000000000000000-0000000000000007",
    "change_cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9", "resource": "dossiers", "record_id": "000.00.01.H20-200306-0001",
    "action": "update", "status": "pending", "attempts": 2, "created_at": "2026-01-05T08:00:00+07:00",
    "attempted_at": "2026-01-05T08:00:10+07:00", "next_at": "2026-01-05T08:01:10+07:00", "finished_at": null,
    "response_status": 500, "error": "answered 500"
}))]
pub struct DeliveryView {
    /// `id` of the CloudEvent: the same whenever it is tried.
    pub id: String,
    /// The change in the feed.
    pub change_cursor: String,
    /// Kind of the record.
    #[schema(value_type = ChangedResource)]
    pub resource: String,
    /// Id of the record.
    pub record_id: String,
    /// What was done.
    pub action: ChangeAction,
    /// How far it is.
    pub status: DeliveryStatus,
    /// How often it was tried.
    #[schema(minimum = 0)]
    pub attempts: i32,
    /// When it was planned.
    pub created_at: Moment,
    /// When it was tried last.
    pub attempted_at: Option<Moment>,
    /// When it is tried next; null once it has ended.
    pub next_at: Option<Moment>,
    /// When it was delivered, given up or passed over.
    pub finished_at: Option<Moment>,
    /// HTTP status of the last answer.
    pub response_status: Option<i32>,
    /// What went wrong last.
    pub error: Option<String>,
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryPage {
    /// The deliveries, the newest first.
    pub items: Vec<DeliveryView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
}

fn view(delivery: Delivery) -> DeliveryView {
    DeliveryView {
        change_cursor: changes::cursor(Place { tx: delivery.tx, id: delivery.change_id }),
        id: delivery.id,
        resource: delivery.resource,
        record_id: delivery.record_id,
        action: delivery.action,
        status: delivery.status,
        attempts: delivery.attempts,
        created_at: delivery.created_at,
        attempted_at: delivery.attempted_at,
        next_at: delivery.next_at,
        finished_at: delivery.finished_at,
        response_status: delivery.response_status,
        error: delivery.error,
    }
}

/// The place of a cursor, when it is one of this subscription.
fn decode(webhook_id: &str, cursor: &str) -> Result<String, Problem> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|place| place.strip_prefix(webhook_id).is_some_and(|rest| rest.starts_with('-')))
        .filter(|place| !place.chars().any(char::is_control))
        .ok_or_else(|| {
            Problem::bad_parameter(
                "cursor",
                "invalid_cursor",
                "The cursor is not one of these deliveries.",
                "Con trỏ không thuộc danh sách này.",
            )
        })
}

/// List deliveries of a webhook
///
/// What it was told and is to be told, the newest change first. Deliveries that ended are kept for 30 days.
#[utoipa::path(tag = "changes", params(("id" = String, Path, description = "Id of the subscription."), ListDeliveriesQuery), responses((status = 200, description = "A page of deliveries.", body = DeliveryPage)))]
#[get("/webhooks/{id}/deliveries")]
pub async fn list_webhook_deliveries(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<Webhooks>(&id)?;
    crud::get::<Webhooks>(&state.store, frame::caller(), id.clone()).await?;
    let query: ListDeliveriesQuery = read_query(request.query_string())?;
    let limit = check_limit(query.limit.unwrap_or(DEFAULT_LIMIT))?;
    let after = query.cursor.as_deref().map(|cursor| decode(&id, cursor)).transpose()?;
    let caller = frame::caller();
    let mut found = webhook_deliveries::list(&state.store, caller, id, query.status, after, limit).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(&last.id));
    let page = DeliveryPage { items: found.into_iter().map(view).collect(), next_cursor };
    Ok(respond::computed(&request, &page))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(list_webhook_deliveries);
}
