//! Answers with their validators.

use std::{
    cell::Cell,
    io,
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{self, HeaderValue, HttpDate},
    },
    web::Bytes,
};
use futures_util::stream;
use serde::Serialize;

use super::{etag, ranking_bodies::Pieces};
use crate::domain::time::Moment;

thread_local! {
    /// Bytes of the last answer of this worker, within bounds: the next one will hardly outgrow them.
    static LAST: Cell<usize> = const { Cell::new(1024) };
}

/// Writes JSON behind a text.
pub fn write_json<T: Serialize>(text: &mut Vec<u8>, body: &T) {
    let before = text.len();
    // These bodies are structs of texts and numbers; writing them can't fail.
    if serde_json::to_writer(&mut *text, body).is_err() {
        text.truncate(before);
    }
}

/// A body as JSON.
pub fn json<T: Serialize>(body: &T) -> Vec<u8> {
    let mut text = Vec::with_capacity(LAST.get());
    write_json(&mut text, body);
    LAST.set((text.len() + text.len() / 8).clamp(512, 64 * 1024));
    text
}

/// A body with its validator; 304 when the caller has it.
pub fn with_tag(request: &HttpRequest, tag: String, body: impl Into<Bytes>) -> HttpResponse {
    if etag::is_known(request, &tag) {
        return begun(HttpResponse::NotModified(), tag).finish();
    }
    begun(HttpResponse::Ok(), tag).content_type("application/json").body(body.into())
}

/// A body that is sent while it is written, with its validator; 304 when the caller has it.
pub fn in_pieces(request: &HttpRequest, tag: String, pieces: Pieces) -> HttpResponse {
    if etag::is_known(request, &tag) {
        return begun(HttpResponse::NotModified(), tag).finish();
    }
    let pieces = stream::unfold(Some(pieces), |pieces| async move {
        let mut pieces = pieces?;
        match pieces.recv().await {
            Some(Some(piece)) => Some((Ok(piece), Some(pieces))),
            Some(None) => None,
            // The caller must not take it for the whole.
            None => Some((Err(io::Error::other("the rest could not be written")), None)),
        }
    });
    begun(HttpResponse::Ok(), tag).content_type("application/json").streaming(Box::pin(pieces))
}

fn begun(mut answer: HttpResponseBuilder, tag: String) -> HttpResponseBuilder {
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
    answer
}

/// A moment as headers write it: whole seconds.
pub fn http_date(moment: Moment) -> Option<HeaderValue> {
    let seconds = u64::try_from(moment.micros() / 1_000_000).ok()?;
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    HeaderValue::from_str(&HttpDate::from(time).to_string()).ok()
}

/// An answer with the moment from which its figures stand, where they have one; 304 when the caller has seen them
/// since.
pub fn dated(
    request: &HttpRequest,
    mut response: HttpResponse,
    modified: Option<HeaderValue>,
) -> HttpResponse {
    let Some(modified) = modified else { return response };
    if response.status() == StatusCode::OK && etag::is_unmodified(request, &modified) {
        let mut unmodified = HttpResponse::new(StatusCode::NOT_MODIFIED);
        for name in [header::ETAG, header::CACHE_CONTROL] {
            if let Some(value) = response.headers().get(&name) {
                unmodified.headers_mut().insert(name, value.clone());
            }
        }
        response = unmodified;
    }
    response.headers_mut().insert(header::LAST_MODIFIED, modified);
    response
}

/// A computed answer as it is sent, with its validator: its content.
pub fn tagged<T: Serialize>(body: &T) -> (String, Bytes) {
    tagged_text(json(body))
}

/// A computed answer that was written before, with its validator.
pub fn tagged_text(body: Vec<u8>) -> (String, Bytes) {
    (etag::of_content(&body), body.into())
}

/// A record, or a page of them.
pub fn record<T: Serialize>(request: &HttpRequest, tag: String, body: &T) -> HttpResponse {
    with_tag(request, tag, json(body))
}

/// A computed answer: its validator is its content.
pub fn computed<T: Serialize>(request: &HttpRequest, body: &T) -> HttpResponse {
    let (tag, body) = tagged(body);
    with_tag(request, tag, body)
}

/// A record that is new.
pub fn created<T: Serialize>(location: &str, tag: String, body: &T) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((header::LOCATION, location))
        .insert_header((header::ETAG, tag))
        .content_type("application/json")
        .body(json(body))
}

/// A record as it is after a write.
pub fn written<T: Serialize>(tag: String, body: &T) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, tag)).content_type("application/json").body(json(body))
}

/// A path segment of a `Location`.
pub fn segment(key: &str) -> String {
    let mut text = String::new();
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// A text that was made before: its validator is its content.
pub fn text(request: &HttpRequest, content_type: &'static str, body: &[u8]) -> HttpResponse {
    let mut response = with_tag(request, etag::of_content(body), body.to_vec());
    if let (false, Ok(value)) = (response.status() == 304, header::HeaderValue::from_str(content_type)) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
