//! `/changes`: every write in order, each with the record before and after, as the caller sees it.

use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse, get, http::header, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    change_streams,
    endpoints::Endpoints,
    frame,
    page::{DEFAULT_LIMIT, check_limit},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{text::clean, time::Moment},
    service::{
        changed_resources::ChangedResource,
        changes::{self, Change, Question},
        sight::Sight,
    },
    store::changes::{Action as ChangeAction, Place},
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
    /// Changes of records of this unit alone. A record that comes to the unit is told as created, one that leaves it
    /// as deleted.
    pub unit_id: Option<String>,
    /// Seconds to wait for a change when there is none.
    #[param(minimum = 0, maximum = 60, default = 0)]
    pub wait: Option<u32>,
}

/// A change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change, example = json!({
    "cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9", "at": "2026-01-05T08:00:00+07:00", "actor": "Sở Nội vụ",
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
    /// What was done, as the caller sees it: a record that leaves its sight is deleted.
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
        "cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9", "at": "2026-01-05T08:00:00+07:00", "actor": "Sở Nội vụ",
        "resource": "units", "id": "sample-commune", "action": "delete", "reason": null,
        "before": {"id": "sample-commune", "name": "Xã Mẫu", "level": "commune"}, "after": null
    }],
    "next_cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9", "more": false
}))]
pub struct ChangePage {
    /// The changes, oldest first.
    pub items: Vec<ChangeView>,
    /// Where to go on, also after an empty page.
    pub next_cursor: String,
    /// Whether more may follow at once, also after an empty page: what the caller sees may lie far apart.
    pub more: bool,
}

/// The place of a cursor.
///
/// # Errors
/// 400.
pub fn decode(name: &str, cursor: &str) -> Result<Place, Problem> {
    changes::place_of(cursor).ok_or_else(|| {
        Problem::bad_parameter(
            name,
            "invalid_cursor",
            "The cursor is not one of this feed.",
            "Con trỏ không thuộc danh sách thay đổi này.",
        )
    })
}

/// A change as it is shown.
pub fn view(change: Change) -> ChangeView {
    ChangeView {
        cursor: changes::cursor(change.place),
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

/// What the caller of the present request sees, of one unit or of all.
pub fn sight(state: &AppState, unit_id: Option<&String>) -> Sight {
    Sight {
        caller: frame::caller(),
        small_cells_withheld: state.access.min_cell.is_some(),
        unit_id: unit_id.map(|id| clean(id)),
    }
}

fn check_wait(wait: Option<u32>) -> Result<Duration, Problem> {
    match wait.unwrap_or(0) {
        seconds @ 0..=60 => Ok(Duration::from_secs(u64::from(seconds))),
        _ => Err(Problem::bad_parameter(
            "wait",
            "out_of_range",
            "A wait lies between 0 and 60 seconds.",
            "Thời gian chờ từ 0 đến 60 giây.",
        )),
    }
}

/// List changes
///
/// Every write in order, oldest first, as the caller may read the records: `before` and `after` are the record as it
/// was kept, without what is derived, and masked as the resource itself is. A record that leaves the caller's sight
/// (a dossier that passes to another unit) is told as a deletion, one that comes into it as a creation.
/// `next_cursor` is where to go on, also after an empty page, so that a reader polls with it; with `wait` the request
/// is held until something comes. A cursor older than what is kept is 410, with the address of a snapshot;
/// so is one behind which a change of the tree of units altered what the key reaches.
///
/// With `Accept: text/event-stream` the same as server-sent events, without an end: `id` is the cursor, `event` the
/// action, `data` the change. A stream is ended by the service after five minutes at the latest, and is asked for
/// again with `Last-Event-ID`, which goes before `after`.
#[utoipa::path(
    tag = "changes",
    params(ListChangesQuery, ("Last-Event-ID" = Option<String>, Header, description = "Of a stream: the cursor of the last event that was read.")),
    responses((status = 200, description = "A page of changes, or a stream of them.", content((ChangePage = "application/json"), (String = "text/event-stream"))))
)]
#[get("/changes")]
pub async fn list_changes(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = check_limit(query.limit.unwrap_or(DEFAULT_LIMIT))?;
    let until = Instant::now() + check_wait(query.wait)?;
    let mut question = Question {
        after: query.after.as_deref().map(|after| decode("after", after)).transpose()?,
        resource: query.resource,
        record_id: query.record_id.as_deref().map(clean),
        limit,
        ends_with_reach: true,
    };
    let sight = sight(&state, query.unit_id.as_ref());
    if wants_stream(&request) {
        return change_streams::answer(&state, &request, sight, question).await;
    }
    let _place = if query.wait.unwrap_or(0) > 0 { Some(state.following.enter()?) } else { None };
    let page = loop {
        let known = match until > Instant::now() {
            true => state.following.state(&state.store).await,
            false => None,
        };
        let page = changes::feed(&state.store, sight.clone(), question.clone()).await?;
        let waits = page.changes.is_empty() && until > Instant::now();
        if !waits || !page.more && !state.following.news(&state.store, known.as_ref(), until).await {
            break page;
        }
        question.after = Some(page.next);
    };
    let page = ChangePage {
        items: page.changes.into_iter().map(view).collect(),
        next_cursor: changes::cursor(page.next),
        more: page.more,
    };
    Ok(respond::computed(&request, &page))
}

fn wants_stream(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .filter_map(|part| part.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(list_changes);
}
