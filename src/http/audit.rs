//! `/audit-log`: who did what when from where, for administrators.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    changes::decode,
    endpoints::Endpoints,
    page::{DEFAULT_LIMIT, check_limit},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{text::clean, time::Moment},
    service::{
        audit::{self, AuditEntry},
        changed_resources::ChangedResource,
        changes,
    },
    store::{audit::AuditRequest, changes::Action as ChangeAction},
};

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAuditLogQuery {
    /// Entries of this actor.
    pub actor: Option<String>,
    /// Entries of the key or token of this id.
    pub caller_id: Option<String>,
    /// Entries that came from this address.
    pub source: Option<String>,
    /// Entries of this request.
    pub request_id: Option<String>,
    /// Entries about this kind of record.
    pub resource: Option<ChangedResource>,
    /// Entries about the record of this id.
    pub record_id: Option<String>,
    /// Entries that did this.
    pub action: Option<ChangeAction>,
    /// Entries not before this moment.
    pub from: Option<Moment>,
    /// Entries before this moment.
    pub to: Option<Moment>,
    /// `-at`, the newest first, or `at`.
    #[param(schema_with = sort_words)]
    pub sort: Option<String>,
    /// Entries of a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before. Opaque.
    pub cursor: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry, example = json!({
    "number": 7, "cursor": "eyJ2IjoxLCJ0eCI6MCwiaWQiOjd9", "at": "2026-01-05T08:00:00+07:00", "actor": "Sở Nội vụ",
    "caller_id": "019ab1f0-0000-7000-8000-000000000009", "source": "10.1.2.3", "request_id": "019ab1f0-0000-7000-8000-000000000000",
    "resource": "units", "id": "sample-commune", "action": "update", "reason": null,
    "before": {"id": "sample-commune", "name": "Xã Mẫu"}, "after": {"id": "sample-commune", "name": "Xã Mới"}, "sealed": true
}))]
pub struct AuditEntryView {
    /// Change number.
    pub number: i64,
    /// Its place in the feed of changes.
    pub cursor: String,
    /// When.
    pub at: Moment,
    /// Who: name of the key or token, or of a command.
    pub actor: String,
    /// Id of the key, or issuer and subject of the token; null without one.
    pub caller_id: Option<String>,
    /// Address that the request came from; null of a command.
    pub source: Option<String>,
    /// Id of the request, as in the log; null of a command.
    pub request_id: Option<String>,
    /// Which kind of record.
    #[schema(value_type = ChangedResource)]
    pub resource: String,
    /// Which record.
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
    /// Whether it is sealed: it is within seconds.
    pub sealed: bool,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditEntryView>,
    /// Where to go on; null on the last page. A page may be empty though others follow: of many entries few are found
    /// by a filter.
    pub next_cursor: Option<String>,
}

fn view(entry: AuditEntry) -> AuditEntryView {
    let change = entry.change;
    AuditEntryView {
        number: change.place.id,
        cursor: changes::cursor(change.place),
        at: change.at,
        actor: change.actor,
        caller_id: entry.caller_id,
        source: entry.source,
        request_id: entry.request_id,
        resource: change.resource,
        id: change.id,
        action: change.action,
        reason: change.reason,
        before: change.before,
        after: change.after,
        sealed: entry.sealed,
    }
}

fn sort_words() -> utoipa::openapi::schema::Object {
    super::page::sort_words(&[("at", "at")])
}

fn is_oldest_first(sort: Option<&str>) -> Result<bool, Problem> {
    match sort.unwrap_or("-at") {
        "-at" => Ok(false),
        "at" => Ok(true),
        _ => Err(Problem::bad_parameter(
            "sort",
            "unknown_sort_key",
            "Sort keys: at, -at.",
            "Khóa sắp xếp: at, -at.",
        )),
    }
}

/// List the audit log
///
/// For administrators. Every write: who, what, when, from where, with the record before and after. Entries are never
/// changed, and sealed by hash within seconds; `chiso audit verify` computes the seals again.
#[utoipa::path(tag = "changes", params(ListAuditLogQuery), responses((status = 200, description = "A page of the audit log.", body = AuditPage)))]
#[get("/audit-log")]
pub async fn list_audit_log(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListAuditLogQuery>,
) -> Result<HttpResponse, Problem> {
    let texts = [
        ("actor", query.actor.as_deref().map(clean)),
        ("caller_id", query.caller_id.as_deref().map(clean)),
        ("source", query.source.as_deref().map(clean)),
        ("request_id", query.request_id.as_deref().map(clean)),
        ("resource", query.resource.map(|resource| resource.to_string())),
        ("record_id", query.record_id.as_deref().map(clean)),
        ("action", query.action.map(|action| action.to_string())),
    ];
    let asked = AuditRequest {
        after: query.cursor.as_deref().map(|cursor| decode("cursor", cursor)).transpose()?,
        oldest_first: is_oldest_first(query.sort.as_deref())?,
        equal: texts.into_iter().filter_map(|(column, text)| Some((column, text?))).collect(),
        from: query.from,
        to: query.to,
        limit: check_limit(query.limit.unwrap_or(DEFAULT_LIMIT))?,
    };
    let (entries, next) = audit::entries(&state.store, asked).await?;
    let page =
        AuditPage { items: entries.into_iter().map(view).collect(), next_cursor: next.map(changes::cursor) };
    Ok(respond::computed(&request, &page))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(list_audit_log);
}
