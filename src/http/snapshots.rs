//! `/changes/snapshot`: every record as it is, with the place in the feed to go on from.

use actix_web::{HttpRequest, HttpResponse, get, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    changes::sight,
    endpoints::Endpoints,
    page::{DEFAULT_LIMIT, check_limit},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::service::{
    changed_resources::ChangedResource,
    changes,
    snapshots::{self, SnapshotPlace},
};

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetSnapshotQuery {
    /// Records of this kind.
    pub resource: Option<ChangedResource>,
    /// Records of this unit alone.
    pub unit_id: Option<String>,
    /// Records of a page at most; those that the caller doesn't see count.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before. Opaque.
    pub cursor: Option<String>,
}

/// A record of a snapshot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SnapshotRecord)]
pub struct SnapshotRecordView {
    /// Its kind.
    pub resource: ChangedResource,
    /// Its id, as changes name it.
    pub id: String,
    /// The record, as changes tell it.
    #[schema(value_type = Object)]
    pub record: Value,
}

/// A page of a snapshot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SnapshotPage, example = json!({
    "items": [{
        "resource": "units", "id": "sample-commune",
        "record": {"id": "sample-commune", "name": "Xã Mẫu", "level": "commune"}
    }],
    "next_cursor": null, "changes_cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9"
}))]
pub struct SnapshotPageView {
    /// The records by kind, and by id within a kind; a page may be empty though others follow.
    pub items: Vec<SnapshotRecordView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// `after` of the changes to follow once all pages are read; the same on each page.
    pub changes_cursor: String,
}

/// A cursor holds with the filters that it was made with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    v: u8,
    place: SnapshotPlace,
    only: Option<ChangedResource>,
    unit: Option<String>,
}

fn decode(cursor: &str, query: &GetSnapshotQuery) -> Result<SnapshotPlace, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let token: Option<Token> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let sound = |place: &SnapshotPlace| {
        let plain = |after: &String| !after.chars().any(char::is_control);
        place.tx >= 0 && place.id >= 0 && place.after.as_ref().is_none_or(plain)
    };
    token
        .filter(|token| token.v == 1 && token.only == query.resource && token.unit == query.unit_id)
        .map(|token| token.place)
        .filter(sound)
        .ok_or_else(|| {
            Problem::bad_parameter(
                "cursor",
                "invalid_cursor",
                "The cursor is not one of this snapshot with these filters.",
                "Con trỏ không thuộc bản chụp này với bộ lọc này.",
            )
        })
}

/// Get a snapshot
///
/// Every record that the caller may read, as it is, in pages: for a reader of changes that begins, or whose cursor is
/// no longer kept. Read all pages, then follow `/changes` with `changes_cursor` and the same filters, and write what
/// each change says: records that changed between the pages are told there again.
#[utoipa::path(tag = "changes", params(GetSnapshotQuery), responses((status = 200, description = "A page of records.", body = SnapshotPageView)))]
#[get("/changes/snapshot")]
pub async fn get_snapshot(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<GetSnapshotQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = check_limit(query.limit.unwrap_or(DEFAULT_LIMIT))?;
    let from = query.cursor.as_deref().map(|cursor| decode(cursor, &query)).transpose()?;
    let sight = sight(&state, query.unit_id.as_ref());
    let page = snapshots::page(&state.store, sight, query.resource, from, limit).await?;
    let token = |place| Token { v: 1, place, only: query.resource, unit: query.unit_id.clone() };
    let encoded = |token: Token| serde_json::to_vec(&token).ok().map(|json| URL_SAFE_NO_PAD.encode(json));
    let shown = |found: snapshots::SnapshotRecord| SnapshotRecordView {
        resource: found.resource,
        id: found.id,
        record: found.record,
    };
    let body = SnapshotPageView {
        items: page.records.into_iter().map(shown).collect(),
        next_cursor: page.next.map(token).and_then(encoded),
        changes_cursor: changes::cursor(page.feed),
    };
    Ok(respond::computed(&request, &body))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_snapshot);
}
