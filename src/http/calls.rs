//! What holds for every call, once it is known who calls: how many there may be, how long each may take, that a
//! request with an idempotency key has one effect, and that the answer is packed as the caller takes it.

use std::{future::poll_fn, task::Poll};

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
    web,
};

use super::{compression, frame, idempotency, kept, problem::Problem, state::AppState};

/// Answers who may not come in, or asks for what isn't there. Who does that more often than it may is told so: the
/// address of a caller that is not known counts, whatever key it sends.
pub fn refuse(
    state: &AppState,
    request: ServiceRequest,
    caller: Option<&str>,
    problem: &Problem,
) -> ServiceResponse<BoxBody> {
    let gate = &state.gate;
    // What the service can't do at the moment is not the caller's doing.
    let limits = gate.rates.as_ref().filter(|_| problem.status_code().is_client_error());
    let Some(limits) = limits else { return request.into_response(problem.error_response()) };
    let quota = limits.take(&request, caller, gate.rules.trusted_proxy_header.as_deref());
    let mut response = match quota.retry_after {
        None => problem.error_response(),
        Some(wait) => rate_limited(wait),
    };
    limits.tell(quota, response.headers_mut());
    request.into_response(response)
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
    // Who asks after the service's health may do so at any time.
    let limits = gate.rates.as_ref().filter(|_| !frame::route().is_health());
    let Some(limits) = limits else { return timed(state, request, next).await };
    let (caller, proxy) = (frame::caller(), gate.rules.trusted_proxy_header.as_deref());
    let quota = limits.take(&request, caller.id.as_deref(), proxy);
    let mut response = match quota.retry_after {
        None => timed(state, request, next).await?,
        Some(wait) => request.into_response(rate_limited(wait)),
    };
    limits.tell(quota, response.headers_mut());
    Ok(response)
}

fn rate_limited(wait: u64) -> HttpResponse {
    let problem = Problem::new(
        "rate_limited",
        format!("Too many requests: go on in {wait} s, and more slowly."),
        format!("Quá nhiều yêu cầu: hãy tiếp tục sau {wait} giây và gửi chậm hơn."),
    );
    let mut response = problem.error_response();
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(wait));
    response
}

async fn timed(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let coding = compression::negotiate(request.headers());
    // Files have limits of their own, and who follows changes waits.
    let route = frame::route();
    let (limit, long) = (state.gate.rules.request_time, route.is_changes() || route.takes_file());
    let work = async {
        if let Some(response) = kept::again(&state, request.request()).await {
            return Ok(request.into_response(response));
        }
        if request.method() == Method::POST && request.headers().contains_key(idempotency::HEADER) {
            Box::pin(idempotency::around(state, request, next)).await
        } else {
            next.call(request).await
        }
    };
    let mut work = std::pin::pin!(work);
    // Most is answered without a wait, and needs no clock.
    let response = match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(answered) => answered?,
        Poll::Pending if long => work.await?,
        Poll::Pending => tokio::time::timeout(limit, work).await.map_err(|_| timed_out())??,
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
