//! What holds for every call, once it is known who calls: how many there may be, how long each may take, that a
//! request with an idempotency key has one effect, and that the answer is packed as the caller takes it.

use actix_web::{
    Error, ResponseError,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
    web,
};

use super::{compression, crud::API, frame, idempotency, problem::Problem, state::AppState};

/// Whether a request may take as long as it likes: files have limits of their own, and who follows changes waits.
fn is_long(path: &str) -> bool {
    path.strip_prefix(API).is_some_and(|path| {
        path == "/changes" || path == "/imports/dossiers" || path.ends_with("/score-imports")
    })
}

/// The middleware within the frame.
///
/// # Errors
/// When a request took too long.
pub async fn around(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<web::Data<AppState>>().cloned() else {
        return next.call(request).await;
    };
    let gate = state.gate.clone();
    let limits = gate.rates.as_ref().filter(|_| !request.path().starts_with("/health/"));
    let Some(limits) = limits else { return timed(state, request, next).await };
    let (caller, proxy) = (frame::caller(), gate.rules.trusted_proxy_header.as_deref());
    let quota = limits.take(&request, caller.id.as_deref(), proxy);
    let mut response = match quota.retry_after {
        None => timed(state, request, next).await?,
        Some(wait) => {
            let mut response = rate_limited(wait).error_response();
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(wait));
            request.into_response(response)
        }
    };
    limits.tell(quota, response.headers_mut());
    Ok(response)
}

fn rate_limited(wait: u64) -> Problem {
    Problem::new(
        "rate_limited",
        format!("Too many requests: go on in {wait} s, and more slowly."),
        format!("Quá nhiều yêu cầu: hãy tiếp tục sau {wait} giây và gửi chậm hơn."),
    )
}

async fn timed(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let coding = compression::negotiate(request.headers());
    let (limit, long) = (state.gate.rules.request_time, is_long(request.path()));
    let work = async {
        if request.method() == Method::POST && request.headers().contains_key(idempotency::HEADER) {
            Box::pin(idempotency::around(state, request, next)).await
        } else {
            next.call(request).await
        }
    };
    let response = if long {
        work.await?
    } else {
        tokio::time::timeout(limit, work).await.map_err(|_| frame::refusal(&timed_out()))??
    };
    Ok(match coding {
        Some(coding) => compression::pack(response, coding),
        None => response,
    })
}

fn timed_out() -> Problem {
    Problem::new(
        "timed_out",
        "The request took too long and is no longer waited for; a write may have been done all the same.",
        "Yêu cầu xử lý quá lâu nên không chờ nữa; thao tác ghi có thể vẫn đã được thực hiện.",
    )
}
