//! What holds for every call, once it is known who calls: a request with an idempotency key has one effect.

use actix_web::{
    Error,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web,
};

use super::{idempotency, state::AppState};

/// The middleware within the frame.
pub async fn around(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<web::Data<AppState>>().cloned() else {
        return next.call(request).await;
    };
    if request.method() == Method::POST && request.headers().contains_key(idempotency::HEADER) {
        Box::pin(idempotency::around(state, request, next)).await
    } else {
        next.call(request).await
    }
}
