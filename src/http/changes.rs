//! `/changes`: every write in order, each with the record before and after.

use actix_web::{HttpRequest, HttpResponse, get, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    page::{DEFAULT_LIMIT, check_limit},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{text::clean, time::Moment},
    service::changes::{self, Change, ChangedResource},
    store::changes::{Action as ChangeAction, FeedRequest, Place},
};

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListChangesQuery {
    /// `next_cursor` of the page before, or the cursor of a change. Opaque. From the beginning when left out.
    pub after: Option<String>,
    /// Changes of a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<u32>,
    /// Changes of this kind of record.
    pub resource: Option<ChangedResource>,
    /// Changes of the record of this id.
    pub record_id: Option<String>,
}

/// A change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change, example = json!({
    "cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9", "at": "2026-01-05T08:00:00+07:00", "actor": "anonymous",
    "resource": "units", "id": "sample-commune", "action": "create", "reason": null, "before": null,
    "after": {
        "id": "sample-commune", "code": null, "code_scheme": null, "name": "Xã Mẫu", "level": "commune",
        "parent_id": null, "valid_from": null, "valid_to": null, "successors": []
    }
}))]
pub struct ChangeView {
    /// Where to go on behind this change.
    pub cursor: String,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
    /// Which kind of record.
    #[schema(value_type = ChangedResource)]
    pub resource: String,
    /// Which record; an edition is named `pci/2016`.
    pub id: String,
    /// What was done.
    pub action: ChangeAction,
    /// Why, where the caller said so.
    pub reason: Option<String>,
    /// The record before, as it was kept; null for a creation.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The record after, as it was kept; null for a deletion.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

/// A page of changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{
        "cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9", "at": "2026-01-05T08:00:00+07:00", "actor": "anonymous",
        "resource": "units", "id": "sample-commune", "action": "delete", "reason": null,
        "before": {"id": "sample-commune", "name": "Xã Mẫu", "level": "commune"}, "after": null
    }],
    "next_cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9"
}))]
pub struct ChangePage {
    /// The changes, oldest first.
    pub items: Vec<ChangeView>,
    /// Where to go on, also after an empty page.
    pub next_cursor: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    v: u8,
    tx: i64,
    id: i64,
}

fn encode(place: Place) -> String {
    // A struct of three numbers always writes.
    let json = serde_json::to_vec(&Token { v: 1, tx: place.tx, id: place.id }).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(json)
}

fn decode(cursor: &str) -> Result<Place, Problem> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok())
        .filter(|token| token.v == 1 && token.tx >= 0 && token.id >= 0)
        .map(|token| Place { tx: token.tx, id: token.id })
        .ok_or_else(|| {
            Problem::bad_parameter(
                "after",
                "invalid_cursor",
                "The cursor is not one of this feed.",
                "Con trỏ không thuộc danh sách thay đổi này.",
            )
        })
}

fn view(change: Change) -> ChangeView {
    ChangeView {
        cursor: encode(change.place),
        at: change.at,
        actor: change.actor,
        resource: change.resource,
        id: change.id,
        action: change.action,
        reason: change.reason,
        before: change.before,
        after: change.after,
    }
}

/// List changes
///
/// Every write in order, oldest first: `before` and `after` are the record as it was kept, without what is
/// derived. `next_cursor` is where to go on, also after an empty page, so that a reader polls with it.
#[utoipa::path(tag = "changes", params(ListChangesQuery), responses((status = 200, description = "A page of changes.", body = ChangePage)))]
#[get("/changes")]
pub async fn list_changes(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = check_limit(query.limit.unwrap_or(DEFAULT_LIMIT))?;
    let after = query.after.as_deref().map(decode).transpose()?.unwrap_or_default();
    let asked = FeedRequest {
        after,
        resource: query.resource.map(|resource| resource.to_string()),
        record_id: query.record_id.as_deref().map(clean),
        limit,
    };
    let changes = changes::feed(&state.store, asked).await?;
    let next = changes.last().map_or(after, |last| last.place);
    let page = ChangePage { items: changes.into_iter().map(view).collect(), next_cursor: encode(next) };
    Ok(respond::computed(&request, &page))
}

/// The addresses of this file.
pub fn configure(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config.service(list_changes);
}
