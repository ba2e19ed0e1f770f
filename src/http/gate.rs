//! What holds for every call before anything is done for it: how many there may be at once, how large their heads may
//! be; and what every answer carries.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{
    HttpResponse, ResponseError,
    dev::ServiceRequest,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
};

use super::{
    cors::{Cors, CorsRules},
    problem::Problem,
    rate_limits::{Rate, RateLimits},
    routes::Route,
    uploads::Pace,
};

/// Most bytes of an address with its query.
const ADDRESS: usize = 8 * 1024;
/// Most header fields of a request.
const FIELDS: usize = 64;
/// Most bytes of their names and values.
const FIELD_BYTES: usize = 16 * 1024;

/// What the documentation pages may load: their own files, nothing else, and nobody frames them.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What holds for every call.
#[derive(Debug, Clone)]
pub struct CallRules {
    /// How many requests a caller may send; as many as it likes without one.
    pub rate: Option<Rate>,
    /// The header in which a trusted proxy names the address that it was asked from.
    pub trusted_proxy_header: Option<String>,
    /// Most requests that are carried out at once.
    pub max_in_flight: usize,
    /// How long a request may take.
    pub request_time: Duration,
    /// How fast bodies must come in.
    pub upload: Pace,
    /// How long a client may read nothing of an answer.
    pub read_idle: Duration,
    /// Who may call from web pages.
    pub cors: CorsRules,
}

impl Default for CallRules {
    fn default() -> Self {
        Self {
            rate: None,
            trusted_proxy_header: None,
            max_in_flight: 512,
            request_time: Duration::from_secs(30),
            upload: Pace::default(),
            read_idle: Duration::from_secs(30),
            cors: CorsRules::default(),
        }
    }
}

/// The rules with what they need to count.
pub struct Gate {
    /// The rules.
    pub rules: CallRules,
    /// What callers have sent.
    pub rates: Option<RateLimits>,
    cors: Cors,
    in_flight: Arc<AtomicUsize>,
    /// Of these, bodies that somebody without a key sends.
    unkeyed: Arc<AtomicUsize>,
}

/// What of a request the head of its answer depends on.
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The origin of the page that it comes from.
    pub origin: Option<&'a HeaderValue>,
    /// Whether it is for the documentation pages.
    pub is_documentation: bool,
}

/// Room for one request; given back when dropped.
pub struct Pass(Option<Arc<AtomicUsize>>);

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(in_flight) = &self.0 {
            in_flight.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Gate {
    /// A gate that nobody has passed yet.
    pub fn new(rules: CallRules) -> Self {
        Self {
            rates: rules.rate.map(RateLimits::new),
            cors: Cors::new(rules.cors.clone()),
            in_flight: Arc::default(),
            unkeyed: Arc::default(),
            rules,
        }
    }

    /// Lets a request in, or says at once what is against it.
    ///
    /// # Errors
    /// The answer: 503 when there is no room, 400 for a head that is too large, or that to a preflight.
    pub fn enter(&self, request: &ServiceRequest, route: &Route) -> Result<Pass, Box<HttpResponse>> {
        // Who asks after the service's health is told also when it is busy.
        if route.is_health() || waits(request, route) {
            check_head(request).map_err(|problem| Box::new(problem.error_response()))?;
            return Ok(Pass(None));
        }
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let pass = Pass(Some(self.in_flight.clone()));
        if before >= self.rules.max_in_flight {
            return Err(Box::new(overloaded().error_response()));
        }
        check_head(request).map_err(|problem| Box::new(problem.error_response()))?;
        match self.cors.preflight(request) {
            Some(response) => Err(Box::new(response)),
            None => Ok(pass),
        }
    }

    /// Lets a request that was let in send its body. Those who need no key for it share half of the room, so that their
    /// bodies, which may come in slowly, keep nobody else out.
    ///
    /// # Errors
    /// 503 when there is no room.
    pub fn enter_body(&self, request: &ServiceRequest, has_key: bool) -> Result<Pass, Problem> {
        if has_key || !matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
            return Ok(Pass(None));
        }
        let before = self.unkeyed.fetch_add(1, Ordering::Relaxed);
        let pass = Pass(Some(self.unkeyed.clone()));
        if before >= (self.rules.max_in_flight / 2).max(1) { Err(overloaded()) } else { Ok(pass) }
    }

    /// What every answer carries.
    pub fn dress(&self, asked: &Asked<'_>, status: StatusCode, headers: &mut HeaderMap) {
        self.cors.dress(asked, status, headers);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if asked.is_documentation {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCS_POLICY));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        }
    }
}

/// Whether a request does nothing but wait for changes, most of the time: of these there are not too many as it is.
fn waits(request: &ServiceRequest, route: &Route) -> bool {
    let seconds = |part: &str| part.strip_prefix("wait=").and_then(|text| text.parse::<u32>().ok());
    route.is_changes()
        && request.query_string().split('&').filter_map(seconds).any(|seconds| (1..=60).contains(&seconds))
}

fn overloaded() -> Problem {
    Problem::new(
        "overloaded",
        "As many requests as the service takes are running: try again in a moment.",
        "Hệ thống đang xử lý tối đa số yêu cầu: vui lòng thử lại sau giây lát.",
    )
}

fn check_head(request: &ServiceRequest) -> Result<(), Problem> {
    let refused = |name: &str, en: String, vi: String| Err(Problem::bad_parameter(name, "too_long", en, vi));
    if request.uri().path_and_query().map_or(0, |address| address.as_str().len()) > ADDRESS {
        return refused(
            "address",
            format!("An address with its query has at most {ADDRESS} bytes."),
            format!("Địa chỉ cùng tham số tối đa {ADDRESS} byte."),
        );
    }
    let (mut fields, mut bytes) = (0, 0);
    for (name, value) in request.headers() {
        fields += 1;
        bytes += name.as_str().len() + value.len();
    }
    if fields > FIELDS || bytes > FIELD_BYTES {
        return refused(
            "headers",
            format!("A request has at most {FIELDS} header fields of {FIELD_BYTES} bytes together."),
            format!("Yêu cầu có tối đa {FIELDS} trường tiêu đề, tổng cộng {FIELD_BYTES} byte."),
        );
    }
    Ok(())
}
