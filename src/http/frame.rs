//! The frame of every request: its id, its language, its one line in the log, and the net under a panic.
//!
//! The log line and the metrics name the route's template, never the path: paths hold codes of dossiers.

use std::{cell::RefCell, net::IpAddr, panic::AssertUnwindSafe, rc::Rc, sync::Arc, time::Instant};

use actix_web::{
    Error, ResponseError,
    body::{BodySize, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{ConnectionType, Method, StatusCode, Version, header},
    middleware::Next,
    web,
};
use futures_util::FutureExt;

use super::{
    access, app, calls,
    gate::Asked,
    problem::Problem,
    rate_limits::source_of,
    routes::{self, Route},
    state::AppState,
};
use crate::{
    service::access::Caller,
    store::{State, Store, changes::Origin},
};

/// Language of titles and details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Vietnamese, also when the request names neither.
    Vietnamese,
}

impl Language {
    /// The language tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Vietnamese => "vi",
        }
    }

    /// The better of the two by `Accept-Language` (RFC 9110, 12.5.4).
    pub fn negotiate(accept: &str) -> Self {
        let mut best = (Self::Vietnamese, 0.0_f32);
        for part in accept.split(',') {
            let mut pieces = part.split(';');
            let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            let quality =
                pieces.find_map(|p| p.trim().strip_prefix("q=").and_then(|q| q.parse().ok())).unwrap_or(1.0);
            let language = match tag.split('-').next().unwrap_or_default() {
                "en" => Self::English,
                "vi" => Self::Vietnamese,
                _ => continue,
            };
            if quality > best.1 {
                best = (language, quality);
            }
        }
        best.0
    }
}

/// What errors need to know of their request.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Id of the request, from the caller or made here.
    pub request_id: String,
    /// Language of the answer's texts.
    pub language: Language,
    /// Path of the request.
    pub path: String,
    /// What it asks for.
    pub route: Route,
    /// Who asks.
    pub caller: RefCell<Arc<Caller>>,
    /// Address that the request came from.
    pub source: Option<IpAddr>,
    /// The state that the database was in when the caller was found, where it is known.
    pub state: RefCell<Option<State>>,
}

tokio::task_local! {
    static FRAME: Rc<Frame>;
}

/// The frame of the request being handled.
pub fn current() -> Frame {
    FRAME.try_with(|frame| Frame::clone(frame)).unwrap_or_else(|_| Frame {
        request_id: new_request_id(),
        language: Language::Vietnamese,
        path: String::new(),
        route: Route::default(),
        caller: RefCell::new(Caller::anonymous()),
        source: None,
        state: RefCell::default(),
    })
}

/// Does something with the id of the request being handled, if there is one.
pub fn with_request_id<T>(what: impl FnOnce(&str) -> T) -> Option<T> {
    FRAME.try_with(|frame| what(&frame.request_id)).ok()
}

/// What is asked for by the request being handled.
pub fn route() -> Route {
    FRAME.try_with(|frame| frame.route).unwrap_or_default()
}

/// Who asks: of the request being handled.
pub fn caller() -> Arc<Caller> {
    FRAME.try_with(|frame| frame.caller.borrow().clone()).unwrap_or_else(|_| Caller::anonymous())
}

/// The state of the database at some moment since the request being handled came in.
pub async fn state(store: &Store) -> Option<State> {
    if let Some(state) = FRAME.try_with(|frame| frame.state.borrow().clone()).ok().flatten() {
        return Some(state);
    }
    let asked = store.state().await;
    let _ = FRAME.try_with(|frame| *frame.state.borrow_mut() = asked.clone());
    asked
}

/// Where the request being handled came from.
pub fn origin() -> Option<Arc<Origin>> {
    let origin = |frame: &Rc<Frame>| {
        let source = frame.source.map(|address| address.to_string());
        Arc::new(Origin { source, request_id: frame.request_id.clone() })
    };
    FRAME.try_with(origin).ok()
}

/// `work` in the frame of the request being handled, for a task of its own: it goes on when the request is gone.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let frame = FRAME.try_with(Rc::clone).ok();
    async move {
        match frame {
            Some(frame) => FRAME.scope(frame, work).await,
            None => work.await,
        }
    }
}

fn new_request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A caller's id is kept when it is short and plain, so that it can't forge lines of the log.
fn request_id(request: &ServiceRequest) -> String {
    request
        .headers()
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            !id.is_empty()
                && id.len() <= 64
                && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        })
        .map_or_else(new_request_id, str::to_owned)
}

fn name_request(headers: &mut header::HeaderMap, frame: &Frame) {
    if let Ok(value) = header::HeaderValue::from_str(&frame.request_id) {
        headers.insert(header::HeaderName::from_static("x-request-id"), value);
    }
}

/// The middleware around everything.
pub async fn around(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let (method, version) = (request.method().clone(), request.version());
    if method == Method::HEAD {
        // HEAD is GET without the body; the connection leaves the body out by itself.
        request.head_mut().method = Method::GET;
    }
    let route = routes::of_request(&request);
    let is_documentation = routes::is_documentation(&request);
    let state = request.app_data::<web::Data<AppState>>().cloned();
    let proxy_header = state.as_ref().and_then(|state| state.gate.rules.trusted_proxy_header.as_deref());
    let frame = Rc::new(Frame {
        request_id: request_id(&request),
        language: request
            .headers()
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .map_or(Language::Vietnamese, Language::negotiate),
        path: request.path().to_owned(),
        route,
        caller: RefCell::new(Caller::anonymous()),
        source: source_of(&request, proxy_header),
        state: RefCell::default(),
    });
    let origin = request.headers().get(header::ORIGIN).cloned();
    let admitted = admitted(state.as_ref().map(|state| state.get_ref()), request, next, route);
    let handled = FRAME.scope(frame.clone(), AssertUnwindSafe(admitted).catch_unwind()).await;
    let asked = Asked { method: &method, origin: origin.as_ref(), is_documentation };
    let dress = |status: StatusCode, headers: &mut header::HeaderMap| {
        name_request(headers, &frame);
        if let Some(state) = &state {
            state.gate.dress(&asked, status, headers);
        }
    };
    let (result, status) = match handled.unwrap_or_else(|_| Err(Problem::internal().into())) {
        Ok(mut response) => {
            let status = response.status();
            dress(status, response.headers_mut());
            if version < Version::HTTP_11 && response.response().body().size() == BodySize::Stream {
                end_with_the_connection(&mut response);
            }
            (Ok(response), status.as_u16())
        }
        // The request is gone: the answer is made here, so that it carries what every answer does.
        Err(error) => {
            let mut response = FRAME.sync_scope(frame.clone(), || error.error_response());
            let status = response.status();
            dress(status, response.headers_mut());
            let error: Error = InternalError::from_response(error.to_string(), response).into();
            (Err(error), status.as_u16())
        }
    };
    let route = route.pattern.unwrap_or("unmatched");
    let took = started.elapsed();
    FRAME.sync_scope(frame, || {
        let duration_ms = took.as_secs_f64() * 1000.0;
        if route.starts_with("/health") {
            tracing::debug!(method = %method, route, status, duration_ms, "request");
        } else {
            tracing::info!(method = %method, route, status, duration_ms, "request");
        }
    });
    if let Some(state) = state {
        state.metrics.observe(method.as_str(), route, status, took);
    }
    result
}

/// HTTP/1.0, which some proxies speak, knows no pieces: where the connection ends, the body does (RFC 9112, 6.1).
fn end_with_the_connection<B>(response: &mut ServiceResponse<B>) {
    let head = response.response_mut().head_mut();
    head.no_chunking(true);
    head.set_connection_type(ConnectionType::Close);
}

/// Lets a request in when there is room for it, and its caller may do what it asks for.
async fn admitted<B: MessageBody + 'static>(
    state: Option<&AppState>,
    request: ServiceRequest,
    next: Next<B>,
    route: Route,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(state) = state else { return Ok(next.call(request).await?.map_into_left_body()) };
    let _pass = match state.gate.enter(&request, &route) {
        Ok(pass) => pass,
        Err(response) => return Ok(request.into_response(*response).map_into_right_body()),
    };
    let admitted = access::admit(state, &request, &route).await.and_then(|(caller, seen)| {
        let room = state.gate.enter_body(&request, caller.id.is_some())?;
        Ok((caller, seen, room))
    });
    match admitted {
        Ok((caller, ..)) if routes::leads_nowhere(&request, &route) => {
            let id = caller.id.as_deref();
            Ok(calls::refuse(state, request, id, &app::nothing_at(&route)).map_into_right_body())
        }
        Ok((caller, seen, _room)) => {
            // Nobody else borrows them: the request has not reached its handler yet.
            let _ = FRAME.try_with(|frame| {
                *frame.caller.borrow_mut() = caller;
                *frame.state.borrow_mut() = seen;
            });
            let response = next.call(request).await?;
            // What serves the documentation pages says nothing of a page that isn't there.
            if response.status() == StatusCode::NOT_FOUND && is_empty(&response) {
                let nothing = app::nothing_at(&route).error_response();
                return Ok(response.into_response(nothing).map_into_right_body());
            }
            Ok(response.map_into_left_body())
        }
        Err(problem) => Ok(calls::refuse(state, request, None, &problem).map_into_right_body()),
    }
}

fn is_empty<B: MessageBody>(response: &ServiceResponse<B>) -> bool {
    matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_language_wins_and_vietnamese_is_the_rest() {
        for (accept, want) in [
            ("vi", Language::Vietnamese),
            ("en", Language::English),
            ("en-GB,en;q=0.9", Language::English),
            ("vi;q=0.5, en;q=0.8", Language::English),
            ("fr, en;q=0", Language::Vietnamese),
            ("*", Language::Vietnamese),
            ("", Language::Vietnamese),
        ] {
            assert_eq!(Language::negotiate(accept), want, "{accept}");
        }
    }
}
