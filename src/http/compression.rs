//! Answers packed as the caller takes them (RFC 9110, 12.5.3), and validators that tell the packed ones apart
//! (8.8.3.3): `"17"` packed with gzip is `"17-gzip"`. Both stand for the same state of the record.

use actix_http::encoding::Encoder;
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{self, ContentEncoding, HeaderMap, HeaderValue},
    },
};

/// Fewer bytes are not worth it.
const LEAST: u64 = 1024;

/// The packings that there are, the better first, with the ends of their validators.
const CODINGS: [(ContentEncoding, &str); 2] =
    [(ContentEncoding::Zstd, "-zstd"), (ContentEncoding::Gzip, "-gzip")];

/// The packing that the caller likes best; none where it takes none of ours.
pub fn negotiate(headers: &HeaderMap) -> Option<(ContentEncoding, &'static str)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let quality = |name: &str| {
        accepted.split(',').find_map(|part| {
            let mut pieces = part.split(';');
            let matches = pieces.next()?.trim().eq_ignore_ascii_case(name);
            let mut quality =
                || pieces.find_map(|piece| piece.trim().strip_prefix("q=")?.parse::<f32>().ok());
            matches.then(|| quality().unwrap_or(1.0))
        })
    };
    let others = quality("*").unwrap_or(0.0);
    let mut best: Option<(f32, (ContentEncoding, &'static str))> = None;
    for coding in CODINGS {
        let quality = quality(coding.0.as_str()).unwrap_or(others);
        if quality > best.as_ref().map_or(0.0, |best| best.0) {
            best = Some((quality, coding));
        }
    }
    best.map(|(_, coding)| coding)
}

/// A validator without what says how the representation is packed.
pub fn unpacked(tag: &str) -> Option<String> {
    let inner = tag.strip_suffix('"')?;
    CODINGS.iter().find_map(|(_, end)| Some(format!("{}\"", inner.strip_suffix(end)?)))
}

fn packed(tag: &HeaderValue, end: &str) -> Option<HeaderValue> {
    let inner = tag.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::try_from(format!("{inner}{end}\"")).ok()
}

/// Whether bodies of this type get smaller, and are not read while they are written.
fn is_packable(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let text = essence.starts_with("text/") && essence != "text/event-stream";
    text || essence.ends_with("json") || matches!(essence, "application/javascript" | "image/svg+xml")
}

/// Packs an answer where that is worth it.
pub fn pack(
    response: ServiceResponse<BoxBody>,
    (coding, end): (ContentEncoding, &'static str),
) -> ServiceResponse<BoxBody> {
    if response.status() == StatusCode::NOT_MODIFIED {
        return still_packed(response, end);
    }
    let large = match response.response().body().size() {
        BodySize::None => false,
        BodySize::Sized(size) => size >= LEAST,
        BodySize::Stream => true,
    };
    if !large || !is_packable(response.headers()) || response.headers().contains_key(header::CONTENT_ENCODING)
    {
        return response;
    }
    let (request, response) = response.into_parts();
    let mut response = response.map_body(|head, body| Encoder::response(coding, head, body).boxed());
    let tag = response.headers().get(header::ETAG).and_then(|tag| packed(tag, end));
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    ServiceResponse::new(request, response)
}

/// A 304 carries the validator that the answer itself would have: that of the packed one, where the caller has it.
fn still_packed(mut response: ServiceResponse<BoxBody>, end: &str) -> ServiceResponse<BoxBody> {
    let tag = response.headers().get(header::ETAG).and_then(|tag| packed(tag, end));
    let Some(tag) = tag else { return response };
    let known = response.request().headers().get_all(header::IF_NONE_MATCH).any(|value| {
        let tags = value.to_str().unwrap_or_default().split(',');
        tags.map(str::trim).any(|known| known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
    });
    if known {
        let headers = response.headers_mut();
        headers.insert(header::ETAG, tag);
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packing_is_the_one_that_the_caller_likes_best() {
        let negotiated = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
            negotiate(&headers).map(|(_, end)| end)
        };
        for (accept, want) in [
            ("gzip", Some("-gzip")),
            ("gzip, deflate, br, zstd", Some("-zstd")),
            ("zstd;q=0.5, gzip;q=0.8", Some("-gzip")),
            ("zstd;q=0, *", Some("-gzip")),
            ("*", Some("-zstd")),
            ("identity", None),
            ("gzip;q=0", None),
            ("br", None),
            ("", None),
        ] {
            assert_eq!(negotiated(accept), want, "{accept}");
        }
    }

    #[test]
    fn a_validator_tells_its_packing_and_loses_it_again() {
        let tag = HeaderValue::from_static("\"17-overdue\"");
        assert_eq!(packed(&tag, "-gzip"), Some(HeaderValue::from_static("\"17-overdue-gzip\"")));
        assert_eq!(unpacked("\"17-overdue-gzip\"").as_deref(), Some("\"17-overdue\""));
        assert_eq!(unpacked("\"17-overdue\""), None);
    }
}
