//! Who may call from web pages of other origins (Fetch, CORS): nobody unless it is said, and then to read.

use actix_web::{
    HttpResponse,
    dev::ServiceRequest,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
};

use super::gate::Asked;

const READING: &str = "GET, HEAD";
const WRITING: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Headers of requests that pages may set.
const ASKED: &str = "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
    Last-Event-ID, X-API-Key, X-Request-Id";
/// Headers of answers that pages may read.
const TOLD: &str = "Content-Disposition, ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, \
    Retry-After, X-Request-Id";

/// Who may call from web pages.
#[derive(Debug, Clone, Default)]
pub struct CorsRules {
    /// Origins, or `*` for all.
    pub origins: Vec<String>,
    /// Whether they may write as well.
    pub write: bool,
}

/// The rules, ready.
pub struct Cors {
    rules: CorsRules,
    any: bool,
}

impl Cors {
    /// Rules, ready.
    pub fn new(rules: CorsRules) -> Self {
        let any = rules.origins.iter().any(|origin| origin == "*");
        Self { rules, any }
    }

    fn is_closed(&self) -> bool {
        self.rules.origins.is_empty()
    }

    /// What the answer says of the origin, where it is allowed.
    fn allowed(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        let origin = origin?;
        if self.any {
            return Some(HeaderValue::from_static("*"));
        }
        let named = self.rules.origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
        named.then(|| origin.clone())
    }

    /// The answer to a preflight of an origin that may do what it asks for. Any other `OPTIONS` is a request like
    /// others, and what such an answer doesn't allow the browser doesn't do.
    pub fn preflight(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        if self.is_closed() || request.method() != Method::OPTIONS {
            return None;
        }
        let headers = request.headers();
        let asked = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?.to_str().ok()?;
        let methods = if self.rules.write { WRITING } else { READING };
        self.allowed(headers.get(header::ORIGIN))?;
        if !methods.split(", ").any(|method| method == asked) {
            return None;
        }
        let mut response = HttpResponse::NoContent();
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ASKED))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"));
        Some(response.finish())
    }

    /// Says in an answer who may read it.
    pub fn dress(&self, asked: &Asked<'_>, status: StatusCode, headers: &mut HeaderMap) {
        if self.is_closed() {
            return;
        }
        let method = asked.method;
        let reads = *method == Method::GET || *method == Method::HEAD || *method == Method::OPTIONS;
        let refused = *method == Method::OPTIONS && status != StatusCode::NO_CONTENT;
        let allowed = (reads || self.rules.write) && !refused;
        let origin = allowed.then(|| self.allowed(asked.origin)).flatten();
        if !self.any {
            // Also where there is no origin: a cache must not give that answer to a page.
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(TOLD));
        }
    }
}
