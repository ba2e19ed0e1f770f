//! `/api-keys`: keys of other systems, for administrators.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{API, no_query, path_key},
    endpoints::Endpoints,
    etag, frame,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        access::{Grant, Scope},
        api_keys::{ApiKey, KeySecret},
        text::clean,
        time::Moment,
    },
    service::{
        self,
        api_keys::{ApiKeys, NewKey},
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("name", "name")];

/// How long the secret before lives after a rotation, in microseconds: a day, unless the caller says otherwise.
const OVERLAP_MICROS: i64 = 86_400_000_000;

/// A secret of a key, without the secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKeySecret)]
pub struct ApiKeySecretBody {
    /// Its first characters.
    pub hint: String,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends before its key does; null for the newest.
    pub ends_at: Option<Moment>,
}

/// A key of another system.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000009", "name": "Một cửa xã Tân Long",
    "scopes": ["dossiers:read", "dossiers:write"], "unit_id": "gso25-30154", "partial_predecessors": [],
    "created_at": "2026-01-05T08:00:00+07:00", "created_by": "quản trị", "expires_at": null, "revoked_at": null,
    "last_used_at": null, "secrets": [{"hint": "chiso_5f3a1c", "created_at": "2026-01-05T08:00:00+07:00", "ends_at": null}]
}))]
pub struct ApiKeyView {
    /// Made by the service.
    pub id: String,
    /// What its owner is called; the change log names it.
    pub name: String,
    /// What may be done.
    pub scopes: Vec<Scope>,
    /// For which unit, all below it today, and what passed wholly to one of these; null for all units.
    pub unit_id: Option<String>,
    /// Units that passed to one of these in part, and are reached all the same.
    pub partial_predecessors: Vec<String>,
    /// When it was made.
    pub created_at: Moment,
    /// By whom.
    pub created_by: String,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
    /// When it was revoked.
    pub revoked_at: Option<Moment>,
    /// When it was used last, to about a minute.
    pub last_used_at: Option<Moment>,
    /// Its secrets, the newest last: two live while it is rotated.
    pub secrets: Vec<ApiKeySecretBody>,
}

/// A key that was made or rotated, with its secret this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewApiKey, example = json!({
    "secret": "chiso_5f3a1c0d9e8b7a6f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7",
    "key": {
        "id": "019ab1f0-0000-7000-8000-000000000009", "name": "Một cửa xã Tân Long",
        "scopes": ["dossiers:read", "dossiers:write"], "unit_id": "gso25-30154", "partial_predecessors": [],
        "created_at": "2026-01-05T08:00:00+07:00", "created_by": "quản trị", "expires_at": null, "revoked_at": null,
        "last_used_at": null, "secrets": [{"hint": "chiso_5f3a1c", "created_at": "2026-01-05T08:00:00+07:00", "ends_at": null}]
    }
}))]
pub struct NewApiKeyView {
    /// The secret: sent as `Authorization: Bearer`, and never shown again.
    pub secret: String,
    /// The key.
    pub key: ApiKeyView,
}

/// A key as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Một cửa xã Tân Long", "scopes": ["dossiers:read", "dossiers:write"], "unit_id": "gso25-30154"}))]
pub struct ApiKeyInput {
    /// What its owner is called.
    pub name: String,
    /// What may be done.
    pub scopes: Vec<Scope>,
    /// For which unit; left out or null for all units.
    #[serde(default)]
    pub unit_id: Option<String>,
    /// Units that passed to one of these in part, and are reached all the same.
    #[serde(default)]
    pub partial_predecessors: Vec<String>,
    /// When it ends by itself; never when left out or null.
    #[serde(default)]
    pub expires_at: Option<Moment>,
}

/// How a key is rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"old_ends_at": "2026-01-12T08:00:00+07:00"}))]
pub struct RotationInput {
    /// Until when the secret before lives; a day from now when left out or null.
    #[serde(default)]
    pub old_ends_at: Option<Moment>,
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyPage {
    /// The keys.
    pub items: Vec<ApiKeyView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which keys.
    pub struct ListApiKeysQuery by SORTS {
        /// Keys of this name.
        name: String,
        /// Keys of this unit alone.
        unit_id: String,
        /// Keys made by this caller.
        created_by: String,
    }
}

impl ListedResource for ApiKeys {
    fn sort_value(key: &ApiKey, column: &str) -> Option<Value> {
        (column == "name").then(|| Value::Text(key.name.clone()))
    }
}

fn view(key: ApiKey) -> ApiKeyView {
    let secret =
        |s: KeySecret| ApiKeySecretBody { hint: s.hint, created_at: s.created_at, ends_at: s.ends_at };
    ApiKeyView {
        id: key.id,
        name: key.name,
        scopes: key.grant.scopes.iter().collect(),
        unit_id: key.grant.unit_id,
        partial_predecessors: key.grant.partial_predecessors,
        created_at: key.created_at,
        created_by: key.created_by,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        last_used_at: key.last_used_at,
        secrets: key.secrets.into_iter().map(secret).collect(),
    }
}

/// When a key was used last is no change of it, and a part of its tag.
fn tag(key: &Versioned<ApiKey>) -> String {
    let used = key.record.last_used_at.map(|at| at.micros().to_string());
    etag::of_record(key.version, used.as_deref())
}

/// List keys
///
/// For administrators. Secrets are never shown.
#[utoipa::path(tag = "access", params(ListApiKeysQuery), responses((status = 200, description = "A page of keys.", body = ApiKeyPage)))]
#[get("/api-keys")]
pub async fn list_api_keys(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListApiKeysQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        page::is("name", query.name.as_ref()),
        page::is("unit_id", query.unit_id.as_ref()),
        page::is("created_by", query.created_by.as_ref()),
    ];
    let shown = |key: Versioned<ApiKey>| view(key.record);
    page::answer::<ApiKeys, _, _>(&state, &request, query.paging(), filters, SORTS, shown).await
}

/// Create a key
///
/// For administrators. The secret is in this answer and nowhere else. What a key entitles to never changes: another
/// grant is another key.
#[utoipa::path(tag = "access", request_body = ApiKeyInput, responses((status = 201, description = "The new key with its secret.", body = NewApiKeyView)))]
#[post("/api-keys")]
pub async fn create_api_key(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let input: Result<ApiKeyInput, Problem> = body.read();
    if input.as_ref().err().is_none_or(Problem::is_validation) {
        no_query(&request)?;
    }
    let input = input?;
    let new = NewKey {
        name: clean(&input.name),
        grant: Grant {
            scopes: input.scopes.into_iter().collect(),
            unit_id: input.unit_id.as_deref().map(clean),
            partial_predecessors: input.partial_predecessors.iter().map(|id| clean(id)).collect(),
        },
        expires_at: input.expires_at,
    };
    let (key, secret) = service::api_keys::create(&state.store, state.context(), new).await?;
    let location = format!("{API}/api-keys/{}", respond::segment(&key.record.id));
    let tag = tag(&key);
    Ok(secret_of(respond::created(&location, tag, &NewApiKeyView { secret, key: view(key.record) })))
}

/// A secret is kept by nobody on the way.
fn secret_of(mut response: HttpResponse) -> HttpResponse {
    use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Get a key
///
/// For administrators. Its secrets are told apart by their first characters.
#[utoipa::path(tag = "access", params(("id" = String, Path, description = "Id of the key.")), responses((status = 200, description = "The key.", body = ApiKeyView)))]
#[get("/api-keys/{id}")]
pub async fn get_api_key(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<ApiKeys>(&id)?;
    let key = service::crud::get::<ApiKeys>(&state.store, frame::caller(), id).await?;
    no_query(&request)?;
    Ok(respond::record(&request, tag(&key), &view(key.record)))
}

/// Rotate a key
///
/// For administrators. The key gets another secret, which is in this answer and nowhere else; the one before lives on
/// for a day, or until the moment given, so that its owner can change over without a gap.
#[utoipa::path(tag = "access", params(("id" = String, Path, description = "Id of the key.")), request_body = RotationInput, responses((status = 200, description = "The key with its new secret.", body = NewApiKeyView)))]
#[post("/api-keys/{id}/rotate")]
pub async fn rotate_api_key(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<ApiKeys>(&id)?;
    let asked = body.read::<RotationInput>().and_then(|input| no_query(&request).map(|()| input));
    let input = match asked {
        Ok(input) => input,
        Err(problem) => {
            service::crud::get::<ApiKeys>(&state.store, frame::caller(), id).await?;
            return Err(problem);
        }
    };
    let context = state.context();
    let until = input.old_ends_at.unwrap_or(Moment::from_micros(context.now.micros() + OVERLAP_MICROS));
    let (key, secret) = service::api_keys::rotate(&state.store, context, id, until).await?;
    Ok(secret_of(respond::written(tag(&key), &NewApiKeyView { secret, key: view(key.record) })))
}

/// Revoke a key
///
/// For administrators. No request is let in with it from now on, on any instance; one that is waiting for changes is
/// still answered. Its record stays.
#[utoipa::path(tag = "access", params(("id" = String, Path, description = "Id of the key.")), responses((status = 204, description = "It is revoked.")))]
#[delete("/api-keys/{id}")]
pub async fn revoke_api_key(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<ApiKeys>(&id)?;
    let precondition = match no_query(&request).and_then(|()| etag::precondition(&request)) {
        Ok(precondition) => precondition,
        Err(problem) => {
            service::crud::get::<ApiKeys>(&state.store, frame::caller(), id).await?;
            return Err(problem);
        }
    };
    service::crud::delete::<ApiKeys>(&state.store, state.context(), id, precondition).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_api_keys)
        .service(create_api_key)
        .service(get_api_key)
        .service(rotate_api_key)
        .service(revoke_api_key);
}
