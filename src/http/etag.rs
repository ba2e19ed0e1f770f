//! Validators (RFC 9110, 8.8 and 13): made of the number of the record's last change, which is never used
//! again, and of what is derived. `If-Match` compares the change number alone.

use std::time::SystemTime;

use actix_web::{
    HttpRequest,
    http::{Method, header},
};
use sha2::{Digest, Sha256};

use super::{compression::unpacked, problem::Problem};
use crate::{domain::text::hexadecimal, service::crud::Precondition};

/// The tag of a record; `derived` is what changes without a write, such as an outcome.
pub fn of_record(version: i64, derived: Option<&str>) -> String {
    // Without the machinery of formats: a page of a list has a tag for each record.
    let version = version.to_string();
    let mut tag = String::with_capacity(version.len() + derived.map_or(0, str::len) + 3);
    tag.push('"');
    tag.push_str(&version);
    if let Some(derived) = derived {
        tag.push('-');
        tag.push_str(derived);
    }
    tag.push('"');
    tag
}

/// The tag of a computed answer: its content.
pub fn of_content(body: &[u8]) -> String {
    format!("\"{}\"", digest(body))
}

/// A short text that differs when the content does.
pub fn digest(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    hexadecimal(digest.get(..12).unwrap_or_default())
}

fn tags(request: &HttpRequest, name: header::HeaderName) -> Option<Vec<String>> {
    let mut tags = Vec::new();
    let mut present = false;
    for value in request.headers().get_all(name) {
        present = true;
        let text = value.to_str().unwrap_or_default();
        tags.extend(text.split(',').map(|tag| tag.trim().to_owned()));
    }
    present.then_some(tags)
}

/// Whether the caller has this representation already: the answer is 304.
pub fn is_known(request: &HttpRequest, tag: &str) -> bool {
    tags(request, header::IF_NONE_MATCH).is_some_and(|tags| {
        tags.iter().any(|known| {
            let known = known.strip_prefix("W/").unwrap_or(known);
            known == "*" || known == tag || unpacked(known).is_some_and(|known| known == tag)
        })
    })
}

/// Whether the caller has seen what stands since a moment, `Last-Modified`: the answer is 304 (RFC 9110, 13.1.3).
///
/// A caller that names a tag is answered by it alone, and a date that can't be read says nothing.
pub fn is_unmodified(request: &HttpRequest, modified: &header::HeaderValue) -> bool {
    let headers = request.headers();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads || headers.contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    let date = |value: &header::HeaderValue| {
        let date: header::HttpDate = value.to_str().ok()?.parse().ok()?;
        Some(SystemTime::from(date))
    };
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(date);
    since.zip(date(modified)).is_some_and(|(since, modified)| modified <= since)
}

/// What the caller knows of the record that it wants to change.
///
/// # Errors
/// 400 when both preconditions are given.
pub fn precondition(request: &HttpRequest) -> Result<Precondition, Problem> {
    let matches = tags(request, header::IF_MATCH);
    let absent = tags(request, header::IF_NONE_MATCH);
    match (matches, absent) {
        (Some(_), Some(_)) => Err(Problem::bad_parameter(
            "If-None-Match",
            "two_preconditions",
            "Give `If-Match` or `If-None-Match`, not both.",
            "Chỉ dùng `If-Match` hoặc `If-None-Match`.",
        )),
        (Some(tags), None) if tags.iter().any(|tag| tag == "*") => Ok(Precondition::Exists),
        (Some(tags), None) => Ok(Precondition::Version(tags.iter().filter_map(|tag| version(tag)).collect())),
        (None, Some(tags)) if tags.iter().any(|tag| tag == "*") => Ok(Precondition::Absent),
        (None, Some(_)) => Err(Problem::bad_parameter(
            "If-None-Match",
            "only_star",
            "A write takes only `If-None-Match: *`.",
            "Khi ghi chỉ dùng được `If-None-Match: *`.",
        )),
        (None, None) => Ok(Precondition::None),
    }
}

/// The change number of a strong tag; a weak one never matches (RFC 9110, 8.8.3.2).
fn version(tag: &str) -> Option<i64> {
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    inner.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_gives_back_its_change_number() {
        assert_eq!(version(&of_record(17, None)), Some(17));
        assert_eq!(version(&of_record(17, Some("overdue"))), Some(17));
        assert_eq!(version("W/\"17\""), None);
        assert_eq!(version("17"), None);
        assert_eq!(version("\"garbage\""), None);
    }
}
