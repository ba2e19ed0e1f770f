//! `/health`, `/metrics` and the OpenAPI document: what operators and gateways ask.

use std::sync::OnceLock;

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{self, Bytes},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::Query, crud::NoQuery, document, endpoints::Endpoints, etag, problem::Problem, respond,
    state::AppState,
};
use crate::store::{StoreError, migrate};

/// State of the service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok", "version": "0.1.0"}))]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    /// Version of the service.
    pub version: &'static str,
}

fn healthy() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Tell whether the process lives
///
/// Asks nothing of the database.
#[utoipa::path(tag = "operations", responses((status = 200, description = "It lives.", body = Health)))]
#[get("/health/live")]
pub async fn get_health_live(_: Query<NoQuery>) -> HttpResponse {
    healthy()
}

/// Tell whether the service can answer
///
/// The database is reachable and its schema is the newest.
#[utoipa::path(tag = "operations", responses((status = 200, description = "It can.", body = Health)))]
#[get("/health/ready")]
pub async fn get_health_ready(
    state: web::Data<AppState>,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    let current = state.store.read::<bool, StoreError, _>(migrate::is_current).await?;
    if current {
        Ok(healthy())
    } else {
        Err(StoreError::Unavailable("migrations are pending".to_owned()).into())
    }
}

/// Get the metrics
///
/// Counters in the text format of Prometheus, labelled by route template.
#[utoipa::path(tag = "operations", responses((status = 200, description = "The counters.", body = String, content_type = "text/plain")))]
#[get("/metrics")]
pub async fn get_metrics(state: web::Data<AppState>, _: Query<NoQuery>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.metrics.render(state.store.pool_state()))
}

/// Get the OpenAPI document
///
/// OpenAPI 3.1; the same bytes as `openapi/openapi.json` of the sources.
#[utoipa::path(tag = "operations", responses((status = 200, description = "The document.", body = serde_json::Value, example = json!({"openapi": "3.1.0"}))))]
#[get("/openapi.json")]
pub async fn get_openapi(request: HttpRequest, _: Query<NoQuery>) -> HttpResponse {
    // More than a megabyte: its validator is made once.
    static TAG: OnceLock<String> = OnceLock::new();
    let text = document::TEXT.as_bytes();
    respond::with_tag(&request, TAG.get_or_init(|| etag::of_content(text)).clone(), Bytes::from_static(text))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_health_live).service(get_health_ready).service(get_metrics).service(get_openapi);
}
