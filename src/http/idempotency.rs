//! `Idempotency-Key` on every `POST` that stores something: one effect and one answer, however often it is sent.
//!
//! The request is carried out in a task of its own, so that a caller that goes away and comes back with the same key
//! finds the answer. Answers that came of carrying it out are kept; those that say "not now" or "not you" are not,
//! and give the key back.

use std::{cell::RefCell, panic::AssertUnwindSafe, rc::Rc, time::Duration};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BodySize, BoxBody, MessageBody, to_bytes},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web::{self, Bytes, BytesMut},
};
use futures_util::{FutureExt, StreamExt, stream};
use sha2::{Digest, Sha256};

use super::{
    crud::API,
    frame,
    problem::Problem,
    respond, routes,
    state::AppState,
    uploads::{Pace, Stopped, Upload},
};
use crate::{
    domain::text::hexadecimal,
    service::idempotency::{self, Claimed, RENEW_SECONDS, digest},
    store::idempotency::{Answer, Claim, Held, Use, under},
};

/// The header that carries the key.
pub const HEADER: &str = "idempotency-key";
/// The header of an answer that was given before.
pub const REPLAYED: &str = "idempotency-replayed";

/// Most characters of a key.
const LONGEST: usize = 255;
/// How long a second request waits for the first.
const WAIT: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);

/// `POST`s that only compute: they take a key and make nothing of it.
const STORE_NOTHING: [&str; 3] = ["/deadlines/preview", "/simulations", "/targets"];

/// Whether a `POST` of a path template stores something.
pub fn stores(template: &str) -> bool {
    template.starts_with(API) && !STORE_NOTHING.iter().any(|end| template.ends_with(end))
}

/// The first request with the key is still at it.
pub fn in_progress() -> Problem {
    Problem::new(
        "idempotency_in_progress",
        "A request with this key is still running: send it again in a moment.",
        "Yêu cầu với khóa này đang được xử lý: hãy gửi lại sau giây lát.",
    )
}

fn reused() -> Problem {
    Problem::new(
        "idempotency_key_reused",
        "The key was used for a request with another address or body: a new request takes a new key.",
        "Khóa đã được dùng cho yêu cầu có địa chỉ hoặc nội dung khác: yêu cầu mới cần khóa mới.",
    )
}

/// The key of a request: opaque text, in quotes or not.
///
/// # Errors
/// 400.
fn key_of(request: &ServiceRequest) -> Result<String, Problem> {
    let refused = |code, en: &str, vi: &str| Problem::bad_parameter("Idempotency-Key", code, en, vi);
    let mut values = request.headers().get_all(HEADER);
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(refused("given_twice", "Give one key.", "Chỉ được có một khóa."));
    };
    // What is not printable ASCII doesn't read as text.
    let text = value.to_str().map_err(|_| {
        refused("not_plain", "A key is printable ASCII.", "Khóa chỉ gồm ký tự ASCII in được.")
    })?;
    let text = text.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if key.is_empty() || key == "\"" {
        return Err(refused("required", "The key is empty.", "Khóa trống."));
    }
    if key.len() > LONGEST {
        let (en, vi) = (format!("At most {LONGEST} characters."), format!("Tối đa {LONGEST} ký tự."));
        return Err(refused("too_long", &en, &vi));
    }
    if key.chars().any(char::is_control) {
        return Err(refused("not_plain", "A key is printable ASCII.", "Khóa chỉ gồm ký tự ASCII in được."));
    }
    Ok(key.to_owned())
}

/// The digest of a body: known, or growing while the handler reads it.
enum Digested {
    Known(String),
    Growing(Rc<RefCell<Growing>>),
}

#[derive(Default)]
struct Growing {
    hash: Sha256,
    ended: bool,
}

impl Digested {
    /// The digest, once the whole body was read.
    fn known(&self) -> Option<String> {
        match self {
            Self::Known(digest) => Some(digest.clone()),
            Self::Growing(growing) => {
                let growing = growing.borrow();
                growing.ended.then(|| hexadecimal(&growing.hash.clone().finalize()))
            }
        }
    }
}

/// Lets the handler read the body as it comes in, and digests it on the way.
fn digest_on_the_way(request: &mut ServiceRequest) -> Digested {
    let growing = Rc::new(RefCell::new(Growing::default()));
    let of = growing.clone();
    let pieces = stream::unfold((request.take_payload(), of), |(mut payload, of)| async move {
        let piece = payload.next().await;
        match &piece {
            Some(Ok(bytes)) => of.borrow_mut().hash.update(bytes),
            Some(Err(_)) => {}
            None => of.borrow_mut().ended = true,
        }
        piece.map(|piece| (piece, (payload, of)))
    });
    request.set_payload(Payload::Stream { payload: Box::pin(pieces) });
    Digested::Growing(growing)
}

/// Reads the body and puts it back; none when it is too long or cut off, which the handler tells.
async fn digest_whole(
    request: &mut ServiceRequest,
    pace: Pace,
    limit: usize,
) -> Result<Option<Digested>, Problem> {
    let mut upload = Upload::new(request.take_payload(), pace);
    let mut bytes = BytesMut::new();
    loop {
        match upload.next().await {
            Ok(Some(piece)) => bytes.extend_from_slice(&piece),
            Ok(None) => break,
            Err(Stopped::TooSlow) => return Err(Stopped::too_slow()),
            Err(Stopped::CutOff(error)) => {
                let read = stream::iter([Ok(bytes.freeze()), Err(error)]);
                request.set_payload(Payload::Stream { payload: Box::pin(read) });
                return Ok(None);
            }
        }
        if bytes.len() > limit {
            let read = stream::iter([Ok(bytes.freeze())]).chain(upload.into_rest());
            request.set_payload(Payload::Stream { payload: Box::pin(read) });
            return Ok(None);
        }
    }
    let bytes = bytes.freeze();
    let digest = hexadecimal(&Sha256::digest(&bytes));
    request.set_payload(Payload::from(bytes));
    Ok(Some(Digested::Known(digest)))
}

/// Reads what is left of a file, for its digest alone.
async fn drain(request: &mut ServiceRequest, pace: Pace, limit: u64) {
    let mut upload = Upload::new(request.take_payload(), pace);
    while let Ok(Some(_)) = upload.next().await {
        if upload.bytes() > limit {
            break;
        }
    }
}

fn refuse(request: ServiceRequest, problem: &Problem) -> ServiceResponse {
    request.into_response(problem.error_response())
}

/// A request that carries a key.
///
/// # Errors
/// None of its own.
pub async fn around(
    state: web::Data<AppState>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !frame::route().pattern.is_some_and(stores) {
        return next.call(request).await;
    }
    // A file is read by the handler while it comes in.
    let file = frame::route().takes_file();
    if file && request.query_string().split('&').any(|part| part == "dry_run=true") {
        return next.call(request).await;
    }
    let key = match key_of(&request) {
        Ok(key) => key,
        Err(problem) => return Ok(refuse(request, &problem)),
    };
    let digested = match file {
        true => digest_on_the_way(&mut request),
        false => match digest_whole(&mut request, state.gate.rules.upload, state.max_body).await {
            Ok(Some(digested)) => digested,
            Ok(None) => return next.call(request).await,
            Err(problem) => return Ok(refuse(request, &problem)),
        },
    };
    match claim(&state, &request, &key, &digested).await {
        Ok(Claimed::New(claim)) => {
            let work = frame::carried(carry_out(state, claim, digested, request, next));
            match actix_web::rt::spawn(work).await {
                Ok(answered) => answered,
                Err(_) => Err(Problem::internal().into()),
            }
        }
        Ok(Claimed::Answered(answer, body)) => {
            if file {
                drain(&mut request, state.gate.rules.upload, state.max_import).await;
                if digested.known() != body {
                    return Ok(refuse(request, &reused()));
                }
            }
            Ok(replay(request, answer))
        }
        Ok(Claimed::Running) => Ok(refuse(request, &in_progress())),
        Ok(Claimed::Reused) => Ok(refuse(request, &reused())),
        Ok(Claimed::Lost(record)) => Ok(lost(request, record)),
        Err(problem) => Ok(refuse(request, &problem)),
    }
}

/// Claims the key, waiting a little for a first request that still runs.
async fn claim(
    state: &AppState,
    request: &ServiceRequest,
    key: &str,
    digested: &Digested,
) -> Result<Claimed, Problem> {
    let caller = frame::caller();
    let id = digest(&[caller.identity().as_bytes(), key.as_bytes()]);
    let header = |name| request.headers().get(name).map_or(&b""[..], |value| value.as_bytes());
    let address = request.uri().path_and_query().map_or("", |address| address.as_str());
    let of = digest(&[address.as_bytes(), header(header::CONTENT_TYPE), header(header::CONTENT_ENCODING)]);
    let used = Use { request: of, body: digested.known() };
    let until = tokio::time::Instant::now() + WAIT;
    loop {
        let claimed = idempotency::claim(&state.store, id.clone(), used.clone(), (state.clock)()).await?;
        // A file waits for nobody: its caller would go on sending.
        let waits = matches!(claimed, Claimed::Running) && used.body.is_some();
        if !waits || tokio::time::Instant::now() >= until {
            return Ok(claimed);
        }
        loop {
            tokio::time::sleep(LOOK).await;
            let running = idempotency::is_running(&state.store, id.clone(), (state.clock)()).await?;
            if !running || tokio::time::Instant::now() >= until {
                break;
            }
        }
    }
}

/// Carries the request out under its claim, and keeps the answer.
async fn carry_out(
    state: web::Data<AppState>,
    claim: Claim,
    digested: Digested,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let held = Held::new(claim.clone());
    let work = AssertUnwindSafe(under(held.clone(), next.call(request))).catch_unwind();
    let renewing = keep_renewing(&state, &claim);
    let answered = tokio::select! {
        biased;
        answered = work => answered.unwrap_or_else(|_| Err(Problem::internal().into())),
        () = renewing => Err(Problem::internal().into()),
    };
    let (answered, kept) = match answered {
        Ok(response) => taken_down(response, &held).await,
        Err(error) => (Err(error), None),
    };
    let body = digested.known();
    let noted = match kept.filter(|_| body.is_some()) {
        Some(answer) => idempotency::keep(&state.store, claim, body, answer).await,
        None => idempotency::release(&state.store, claim, (state.clock)()).await,
    };
    if let Err(error) = noted {
        tracing::warn!(?error, "the answer of an idempotency key could not be noted");
    }
    answered
}

async fn keep_renewing(state: &AppState, claim: &Claim) {
    loop {
        tokio::time::sleep(Duration::from_secs(RENEW_SECONDS)).await;
        if let Err(error) = idempotency::renew(&state.store, claim.clone(), (state.clock)()).await {
            tracing::warn!(?error, "the claim of an idempotency key could not be renewed");
        }
    }
}

/// Whether an answer came of carrying the request out.
fn is_kept(status: StatusCode, headers: &header::HeaderMap, committed: bool) -> bool {
    if status.is_success() {
        // A secret is told once: who says `no-store` means it. What wrote nothing may be done again.
        let said = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
        return committed && !said.is_some_and(|value| value.contains("no-store"));
    }
    matches!(status.as_u16(), 404 | 409 | 412 | 422)
}

/// An answer with its copy, where it is one to keep.
async fn taken_down(
    response: ServiceResponse<BoxBody>,
    held: &Held,
) -> (Result<ServiceResponse<BoxBody>, Error>, Option<Answer>) {
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let stream = matches!(body.size(), BodySize::Stream);
    if stream || !is_kept(response.status(), response.headers(), held.is_committed()) {
        let response = response.set_body(body);
        return (Ok(ServiceResponse::new(request, response)), None);
    }
    let bytes = match to_bytes(body).await {
        Ok(bytes) => bytes,
        Err(error) => return (Err(error.into()), None),
    };
    let text = String::from_utf8(bytes.to_vec()).ok();
    let headers = response
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let headers = headers.collect();
    let status = response.status().as_u16();
    let answer = text.map(|body| Answer { status, headers, body });
    let response = response.set_body(BoxBody::new(bytes));
    (Ok(ServiceResponse::new(request, response)), answer)
}

fn replay(request: ServiceRequest, answer: Answer) -> ServiceResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers {
        response.append_header((name, value));
    }
    response.insert_header((REPLAYED, "true"));
    request.into_response(response.body(Bytes::from(answer.body)))
}

/// The effect is there and its answer is not: what is known of it is told.
fn lost(request: ServiceRequest, record: Option<String>) -> ServiceResponse {
    let address = record.as_deref().and_then(|record| {
        let (resource, id) = record.split_once('/')?;
        let address = format!("{API}/{resource}/{}", respond::segment(id));
        routes::find(&Method::GET, &address).rule.map(|_| address)
    });
    let place = address.clone().or(record).unwrap_or_else(|| API.to_owned());
    let problem = Problem::new(
        "idempotency_answer_lost",
        format!("The request was carried out, and its answer was lost: see `{place}`. It is not done again."),
        format!(
            "Yêu cầu đã được thực hiện nhưng câu trả lời bị mất: xem `{place}`. Yêu cầu không được làm lại."
        ),
    );
    let mut response = problem.error_response();
    if let Some(Ok(address)) = address.map(header::HeaderValue::try_from) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    request.into_response(response)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_key_is_plain_text_in_quotes_or_not() {
        let key = |value: &'static str| {
            key_of(&TestRequest::default().insert_header((HEADER, value)).to_srv_request()).ok()
        };
        assert_eq!(key("a b-1").as_deref(), Some("a b-1"));
        assert_eq!(key("\"a b-1\"").as_deref(), Some("a b-1"));
        for wrong in ["", "\"\"", "\"", " ", "đ"] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
        let long = |n| {
            let request = TestRequest::default().insert_header((HEADER, "k".repeat(n)));
            key_of(&request.to_srv_request()).is_ok()
        };
        assert!(long(255) && !long(256));
    }

    #[test]
    fn what_only_computes_stores_nothing() {
        assert!(stores("/api/v1/dossiers") && stores("/api/v1/imports/{id}/cancel"));
        assert!(!stores("/api/v1/deadlines/preview") && !stores("/docs/{_:.*}"));
    }
}
