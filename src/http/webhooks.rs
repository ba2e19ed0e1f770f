//! `/webhooks`: subscriptions of callers to changes.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, patch, post, web};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::{
    body::{Body, Query, from_value, merge},
    crud::{self as http_crud, API, no_query, path_key},
    endpoints::Endpoints,
    etag, frame,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    dispatch::private_addresses,
    domain::{
        api_keys::PREFIX,
        changes::{Action as ChangeAction, ChangedResource},
        text::clean,
        time::Moment,
        violation::Violation,
        webhooks::{StopReason, Webhook, check_url, private_target},
    },
    service::{
        api_keys::random_secret,
        crud::{self, Absent, Proposal},
        error::Error,
        webhooks::{self, Webhooks},
    },
    store::{StoreError, Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("created_at", "created_at")];

/// How long the name of a target may take to be looked up when a subscription is written.
const LOOK_UP: Duration = Duration::from_secs(5);

/// A subscription to changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000009", "url": "https://example.org/chiso", "resources": ["dossiers"],
    "actions": [], "unit_id": null, "active": true, "stopped_because": null,
    "owner_id": "019ab1f0-0000-7000-8000-000000000001", "owner_name": "LGSP tỉnh",
    "created_at": "2026-01-05T08:00:00+07:00"
}))]
pub struct WebhookView {
    /// Made by the service.
    pub id: String,
    /// Where deliveries are sent.
    pub url: String,
    /// Changes of these kinds of record; of all when empty.
    pub resources: Vec<ChangedResource>,
    /// Changes that did one of these; all when empty.
    pub actions: Vec<ChangeAction>,
    /// Changes of records of this unit alone; null for all that the owner sees.
    pub unit_id: Option<String>,
    /// Whether deliveries are sent.
    pub active: bool,
    /// Why the service stopped it: it goes on from there when `active` is set again.
    pub stopped_because: Option<StopReason>,
    /// Id of the key of its owner: what that key sees is told.
    pub owner_id: String,
    /// Name of its owner.
    pub owner_name: String,
    /// When it was made.
    pub created_at: Moment,
}

/// A subscription that was made, with its secret this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewWebhook, example = json!({
    "secret": "whsec_5f3a1c0d9e8b7a6f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7",
    "webhook": {
        "id": "019ab1f0-0000-7000-8000-000000000009", "url": "https://example.org/chiso", "resources": ["dossiers"],
        "actions": [], "unit_id": null, "active": true, "stopped_because": null,
        "owner_id": "019ab1f0-0000-7000-8000-000000000001", "owner_name": "LGSP tỉnh",
        "created_at": "2026-01-05T08:00:00+07:00"
    }
}))]
pub struct NewWebhookView {
    /// What deliveries are signed with; never shown again.
    pub secret: String,
    /// The subscription.
    pub webhook: WebhookView,
}

/// A subscription as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.org/chiso", "resources": ["dossiers"], "actions": ["create", "update"]}))]
pub struct WebhookInput {
    /// Where deliveries are sent: an `https` address on the public internet.
    pub url: String,
    /// Changes of these kinds of record; of all when left out or empty.
    #[serde(default)]
    pub resources: Vec<ChangedResource>,
    /// Changes that did one of these; all when left out or empty.
    #[serde(default)]
    pub actions: Vec<ChangeAction>,
    /// Changes of records of this unit alone.
    #[serde(default)]
    pub unit_id: Option<String>,
    /// What deliveries are signed with, 16 to 200 characters; made by the service when left out. It is kept readable,
    /// because each delivery is signed with it.
    #[serde(default)]
    pub secret: Option<String>,
    /// Whether deliveries are sent; true when left out.
    #[serde(default)]
    pub active: Option<bool>,
    /// Read-only.
    #[serde(default)]
    pub id: Option<String>,
    /// Read-only.
    #[serde(default)]
    pub stopped_because: Option<StopReason>,
    /// Read-only.
    #[serde(default)]
    pub owner_id: Option<String>,
    /// Read-only.
    #[serde(default)]
    pub owner_name: Option<String>,
    /// Read-only.
    #[serde(default)]
    pub created_at: Option<Moment>,
}

/// A page of subscriptions.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookPage {
    /// The subscriptions.
    pub items: Vec<WebhookView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which subscriptions.
    pub struct ListWebhooksQuery by SORTS {
        /// Subscriptions of the key of this id.
        owner_id: String,
        /// Those that are sent deliveries, or those that are not.
        active: bool,
    }
}

impl ListedResource for Webhooks {
    fn sort_value(webhook: &Webhook, column: &str) -> Option<Value> {
        (column == "created_at").then(|| Value::BigInt(webhook.created_at.micros()))
    }
}

fn view(webhook: Webhook) -> WebhookView {
    WebhookView {
        id: webhook.id,
        url: webhook.url,
        resources: webhook.resources,
        actions: webhook.actions,
        unit_id: webhook.unit_id,
        active: webhook.active,
        stopped_because: webhook.stopped_because,
        owner_id: webhook.owner_id,
        owner_name: webhook.owner_name,
        created_at: webhook.created_at,
    }
}

fn tag(webhook: &Versioned<Webhook>) -> String {
    etag::of_record(webhook.version, None)
}

fn without_repeats<T: PartialEq>(words: Vec<T>) -> Vec<T> {
    let mut kept = Vec::new();
    for word in words {
        if !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

/// What is wrong with a target; its name is looked up, and one that has no address may get one.
async fn refused(state: &AppState, url: &str) -> Vec<Violation> {
    let allow_private = state.following.webhooks_allow_private;
    let violations = check_url(url, allow_private);
    if allow_private || !violations.is_empty() {
        return violations;
    }
    let url = url.to_owned();
    let looked_up = tokio::time::timeout(LOOK_UP, web::block(move || private_addresses(&url))).await;
    match looked_up {
        Ok(Ok(private)) if !private.is_empty() => vec![private_target()],
        _ => Vec::new(),
    }
}

/// The record that an input makes of the one before; a new one gets its owner and its moment from the service.
fn proposal(input: WebhookInput, id: String, old: Option<&Webhook>) -> Result<Webhook, Error> {
    let secret = match (input.secret, old) {
        (Some(secret), _) => secret,
        (None, Some(old)) => old.secret.clone(),
        (None, None) => format!("whsec_{}", random_secret()?.trim_start_matches(PREFIX)),
    };
    Ok(Webhook {
        id: http_crud::repeated("/id", id, input.id)?,
        url: input.url.trim().to_owned(),
        resources: without_repeats(input.resources),
        actions: without_repeats(input.actions),
        unit_id: input.unit_id.as_deref().map(clean),
        secret,
        active: input.active.unwrap_or(true),
        stopped_because: old.and_then(|old| old.stopped_because),
        owner_id: old.map(|old| old.owner_id.clone()).unwrap_or_default(),
        owner_name: old.map(|old| old.owner_name.clone()).unwrap_or_default(),
        owner_is_operator: old.is_some_and(|old| old.owner_is_operator),
        created_at: old.map_or(Moment::from_micros(0), |old| old.created_at),
    })
}

/// List webhooks
///
/// The caller's own; an administrator's list has those of all. Secrets are never shown.
#[utoipa::path(tag = "changes", params(ListWebhooksQuery), responses((status = 200, description = "A page of subscriptions.", body = WebhookPage)))]
#[get("/webhooks")]
pub async fn list_webhooks(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListWebhooksQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [page::is("owner_id", query.owner_id.as_ref()), page::is_true("active", query.active)];
    let shown = |webhook: Versioned<Webhook>| view(webhook.record);
    page::answer::<Webhooks, _, _>(&state, &request, query.paging(), filters, SORTS, shown).await
}

/// Create a webhook
///
/// From now on each change that the caller's key sees and the filters leave is sent to `url`, in order, as a CloudEvent
/// (1.0, JSON) with the header `Chiso-Signature: t=SECONDS,v1=HEX`: HMAC-SHA-256 with the secret over the seconds, a
/// dot and the body. What isn't answered with 2xx within ten seconds is tried again for about 21 hours, then given up;
/// after three that were given up in a row the subscription is stopped, and keeps its place. A delivery may come twice:
/// its `id` stays the same.
#[utoipa::path(tag = "changes", request_body = WebhookInput, responses((status = 201, description = "The new subscription with its secret.", body = NewWebhookView)))]
#[post("/webhooks")]
pub async fn create_webhook(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let input: Result<WebhookInput, Problem> = body.read();
    if input.as_ref().err().is_none_or(Problem::is_validation) {
        no_query(&request)?;
    }
    let input = WebhookInput { id: None, ..input? };
    let webhook = proposal(input, http_crud::Key::new_id(), None)?;
    let violations = refused(&state, &webhook.url).await;
    if !violations.is_empty() {
        return Err(Error::Invalid(violations).into());
    }
    let secret = webhook.secret.clone();
    let webhook = webhooks::create(&state.store, state.context(), webhook).await?;
    let location = format!("{API}/webhooks/{}", respond::segment(&webhook.record.id));
    let tag = tag(&webhook);
    let body = NewWebhookView { secret, webhook: view(webhook.record) };
    let mut response = respond::created(&location, tag, &body);
    // The secret is kept by nobody on the way.
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Get a webhook
#[utoipa::path(tag = "changes", params(("id" = String, Path, description = "Id of the subscription.")), responses((status = 200, description = "The subscription.", body = WebhookView)))]
#[get("/webhooks/{id}")]
pub async fn get_webhook(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<Webhooks>(&id)?;
    let webhook = crud::get::<Webhooks>(&state.store, frame::caller(), id).await?;
    no_query(&request)?;
    Ok(respond::record(&request, tag(&webhook), &view(webhook.record)))
}

/// Change a webhook
///
/// A merge patch. `active` set to true makes a stopped subscription go on where it stands.
#[utoipa::path(tag = "changes", params(("id" = String, Path, description = "Id of the subscription.")), request_body(content = WebhookInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The subscription.", body = WebhookView)))]
#[patch("/webhooks/{id}")]
pub async fn patch_webhook(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<Webhooks>(&id)?;
    let known = || no_query(&request).and_then(|()| etag::precondition(&request));
    let read = body.read_patch().and_then(|patch| Ok((patch, known()?)));
    let (patch, precondition) = match read {
        Ok(read) => read,
        Err(problem) => {
            crud::get::<Webhooks>(&state.store, frame::caller(), id).await?;
            return Err(problem);
        }
    };
    let violations = match patch.get("url").and_then(Json::as_str) {
        Some(url) => refused(&state, url.trim()).await,
        None => Vec::new(),
    };
    let key = id.clone();
    let build = move |old: Option<&Versioned<Webhook>>| {
        let old = old.ok_or_else(|| Error::not_found("webhooks", &key))?;
        let mut value = serde_json::to_value(view(old.record.clone()))
            .map_err(|e| Error::Store(StoreError::Other(e.to_string())))?;
        merge(&mut value, patch);
        let record = proposal(from_value(value)?, key, Some(&old.record))?;
        if violations.is_empty() { Ok(Proposal::from(record)) } else { Err(Error::Invalid(violations)) }
    };
    let context = state.context();
    let (webhook, _) =
        crud::replace::<Webhooks, _>(&state.store, context, id, precondition, Absent::Refuse, build).await?;
    Ok(respond::written(tag(&webhook), &view(webhook.record)))
}

/// Delete a webhook
///
/// What was not delivered is forgotten.
#[utoipa::path(tag = "changes", params(("id" = String, Path, description = "Id of the subscription.")), responses((status = 204, description = "It is gone.")))]
#[delete("/webhooks/{id}")]
pub async fn delete_webhook(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<Webhooks>(&id)?;
    let precondition = match no_query(&request).and_then(|()| etag::precondition(&request)) {
        Ok(precondition) => precondition,
        Err(problem) => {
            crud::get::<Webhooks>(&state.store, frame::caller(), id).await?;
            return Err(problem);
        }
    };
    crud::delete::<Webhooks>(&state.store, state.context(), id, precondition).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_webhooks)
        .service(create_webhook)
        .service(get_webhook)
        .service(patch_webhook)
        .service(delete_webhook);
}
