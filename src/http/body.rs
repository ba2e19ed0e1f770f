//! Request bodies and query strings: read strictly, and every refusal names the member and the rule.
//!
//! serde does the reading; this module turns its messages into violations with a pointer and both languages.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use super::{
    expected,
    problem::Problem,
    state::AppState,
    strict::Strict,
    uploads::{Pace, Packing, Stopped, Upload},
};
use crate::domain::violation::Violation;

/// A request body that is not yet read as anything: its refusals wait until the handler knows whether the
/// address exists, because 404 comes before 415, 413 and 400.
pub struct Body(Result<web::BytesMut, Problem>);

impl FromRequest for Body {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            if let Err(problem) = check_media_type(&request) {
                return Ok(Self(Err(problem)));
            }
            let state = request.app_data::<web::Data<AppState>>();
            let limit = state.map_or(0, |state| state.max_body);
            let pace = state.map_or_else(Pace::default, |state| state.gate.rules.upload);
            Ok(Self(receive(request.headers(), payload, pace, limit).await))
        })
    }
}

/// The whole of a body, unpacked; its limit holds packed and unpacked.
async fn receive(
    headers: &header::HeaderMap,
    payload: Payload,
    pace: Pace,
    limit: usize,
) -> Result<web::BytesMut, Problem> {
    let packing = Packing::of(headers)?;
    let mut upload = Upload::new(payload, pace);
    let mut bytes = web::BytesMut::new();
    loop {
        match upload.next().await {
            Ok(None) => break,
            Ok(Some(piece)) if bytes.len() + piece.len() > limit => {
                drop(piece);
                return Err(too_large(limit));
            }
            Ok(Some(piece)) => bytes.extend_from_slice(&piece),
            Err(Stopped::CutOff(_)) => {
                return Err(unreadable("The body ended early.", "Nội dung bị cắt ngang."));
            }
            Err(Stopped::TooSlow) => return Err(Stopped::too_slow()),
        }
    }
    unpack(packing, bytes, limit)
}

fn unpack(packing: Packing, bytes: web::BytesMut, limit: usize) -> Result<web::BytesMut, Problem> {
    if packing == Packing::None {
        return Ok(bytes);
    }
    match packing.unpack(&bytes, limit) {
        Ok(Some(unpacked)) => Ok(web::BytesMut::from(unpacked.as_slice())),
        Ok(None) => Err(too_large(limit)),
        Err(_) => Err(unreadable("The body can't be unpacked.", "Không giải nén được nội dung.")),
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        "too_large",
        format!("A body has at most {limit} bytes, also unpacked."),
        format!("Nội dung tối đa {limit} byte, kể cả sau khi giải nén."),
    )
}

fn unreadable(en: &str, vi: &str) -> Problem {
    Problem::malformed(vec![Violation::new("", "malformed_json", en, vi)])
}

fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let patch = request.method() == actix_web::http::Method::PATCH;
    if essence == "application/json" || (patch && essence == "application/merge-patch+json") {
        return Ok(());
    }
    let want = if patch { "application/merge-patch+json" } else { "application/json" };
    Err(Problem::new(
        "unsupported_media_type",
        format!("The body must be {want}."),
        format!("Nội dung phải là {want}."),
    ))
}

impl Body {
    /// The body as the type that the document says it is.
    ///
    /// # Errors
    /// 415, 413, 400, or 422 for a required member that is missing.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        let bytes = self.0?;
        refuse_deep(&bytes)?;
        // The syntax of the whole comes before the meaning of its parts.
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).map_err(|e| syntax_error(&e))?;
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let value =
            serde_path_to_error::deserialize(Strict(&mut deserializer)).map_err(|error| refuse(&error))?;
        refuse_nul(&bytes)?;
        Ok(value)
    }

    /// The body as it is written, where it is JSON.
    ///
    /// # Errors
    /// 415, 413 or 400.
    pub fn json(self) -> Result<web::BytesMut, Problem> {
        let bytes = self.0?;
        refuse_deep(&bytes)?;
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).map_err(|e| syntax_error(&e))?;
        Ok(bytes)
    }

    /// The body as a merge patch (RFC 7396): an object.
    ///
    /// # Errors
    /// 415, 413 or 400.
    pub fn read_patch(self) -> Result<Value, Problem> {
        let patch: Value = self.read()?;
        if patch.is_object() {
            Ok(patch)
        } else {
            Err(unreadable("A merge patch is a JSON object.", "Bản vá phải là một đối tượng JSON."))
        }
    }
}

/// Lists and objects within each other, at most.
const MOST_DEPTH: usize = 64;

/// Refuses what is nested deeper than any body is, before anything is read from it.
fn refuse_deep(bytes: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST_DEPTH {
            return Err(Problem::malformed(vec![Violation::new(
                "",
                "too_deep",
                format!("At most {MOST_DEPTH} lists and objects within each other."),
                format!("Tối đa {MOST_DEPTH} cấp danh sách và đối tượng lồng nhau."),
            )]));
        }
    }
    Ok(())
}

/// Refuses U+0000 wherever it stands: PostgreSQL can keep no such text and can't even be asked for one.
fn refuse_nul(bytes: &[u8]) -> Result<(), Problem> {
    const ESCAPED: &[u8] = b"\\u0000";
    if !bytes.windows(ESCAPED.len()).any(|window| window == ESCAPED) {
        return Ok(());
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|e| syntax_error(&e))?;
    let mut found = Vec::new();
    find_nul(&value, String::new(), &mut found);
    if found.is_empty() { Ok(()) } else { Err(Problem::with_errors("validation", found)) }
}

fn find_nul(value: &Value, pointer: String, found: &mut Vec<Violation>) {
    match value {
        Value::String(text) if text.contains('\0') => found.push(Violation::new(
            pointer,
            "control_character",
            "Control characters are not allowed.",
            "Không được chứa ký tự điều khiển.",
        )),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                find_nul(item, format!("{pointer}/{i}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                find_nul(member, format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
}

fn syntax_error(error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    Problem::malformed(vec![Violation::new(
        "",
        "malformed_json",
        format!("The JSON can't be read at {place}."),
        format!("Không đọc được JSON tại {place}."),
    )])
}

fn refuse(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.classify() != serde_json::error::Category::Data {
        return syntax_error(inner);
    }
    let violation = violation(&pointer(error.path()), &inner.to_string());
    Problem::with_errors(
        if violation.code == "required" { "validation" } else { "malformed" },
        vec![violation],
    )
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// The name that serde puts between the first pair of backticks.
fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// What serde's derived code says of a value, as a rule with both languages.
fn violation(at: &str, message: &str) -> Violation {
    let message = message.split(" at line ").next().unwrap_or(message);
    let name = quoted(message).unwrap_or_default();
    let member = || if at.ends_with(&format!("/{name}")) { at.to_owned() } else { format!("{at}/{name}") };
    if message.starts_with("unknown field") {
        return Violation::new(
            member(),
            "unknown_field",
            format!("There is no member `{name}`."),
            format!("Không có trường `{name}`."),
        );
    }
    if message.starts_with("missing field") {
        return Violation::new(
            member(),
            "required",
            format!("`{name}` is required."),
            format!("Bắt buộc có `{name}`."),
        );
    }
    if message.starts_with("duplicate field") {
        return Violation::new(
            member(),
            "duplicate_field",
            format!("`{name}` is given twice."),
            format!("`{name}` được ghi hai lần."),
        );
    }
    if message.starts_with("unknown variant") {
        let expected = message.split_once("expected ").map_or("", |(_, e)| e);
        return Violation::new(
            at,
            "unknown_word",
            format!("`{name}` is not one of the words: {expected}."),
            format!("`{name}` không thuộc danh mục: {expected}."),
        );
    }
    let (english, vietnamese) = expected::wrong_type(message);
    Violation::new(at, "wrong_type", english, vietnamese)
}

/// Reads a part of a body that was read before.
///
/// # Errors
/// The violation, as from a body.
pub fn read_part<T: DeserializeOwned>(part: &RawValue) -> Result<T, crate::service::error::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(part.get());
    serde_path_to_error::deserialize(Strict(&mut deserializer)).map_err(refused)
}

fn refused(error: serde_path_to_error::Error<serde_json::Error>) -> crate::service::error::Error {
    let violation = violation(&pointer(error.path()), &error.inner().to_string());
    if violation.code == "required" {
        crate::service::error::Error::Invalid(vec![violation])
    } else {
        crate::service::error::Error::Malformed(vec![violation])
    }
}

/// Reads a JSON value as `T`: for the result of a merge patch.
///
/// # Errors
/// The violation, as from a body.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, crate::service::error::Error> {
    // Through its text: a JSON value reads no integer from `3.0`.
    let text = value.to_string();
    serde_path_to_error::deserialize(Strict(&mut serde_json::Deserializer::from_str(&text))).map_err(refused)
}

/// Applies a merge patch (RFC 7396).
///
/// A null for a member that the target lacks stays in it, so that an unknown name is refused, not ignored.
pub fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, value) in patch {
        match (value.is_null(), members.contains_key(&name)) {
            (true, true) => {
                members.shift_remove(&name);
            }
            (true, false) => {
                members.insert(name, Value::Null);
            }
            (false, _) => merge(members.entry(name).or_insert(Value::Null), value),
        }
    }
}

/// A query string, read strictly: an unknown, repeated or unreadable parameter is refused by name.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(read_query(request.query_string()).map(Self))
    }
}

/// Reads a query string.
///
/// # Errors
/// 400 that names the parameter.
pub fn read_query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if value.chars().chain(name.chars()).any(char::is_control) {
            return Err(Problem::bad_parameter(
                &name.replace(char::is_control, "?"),
                "control_character",
                "Control characters are not allowed.",
                "Không được chứa ký tự điều khiển.",
            ));
        }
    }
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(
        |error: serde_path_to_error::Error<serde_urlencoded::de::Error>| {
            let mut violation = violation(&pointer(error.path()), &error.inner().to_string());
            violation.pointer = violation.pointer.trim_start_matches('/').to_owned();
            if violation.code == "unknown_field" {
                violation.code = "unknown_parameter";
            }
            Problem::malformed(vec![violation])
        },
    )
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn merge_patch_replaces_removes_and_keeps_unknown_nulls() {
        let mut target = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]});
        merge(&mut target, json!({"a": null, "b": {"c": 4}, "e": [5], "z": null}));
        assert_eq!(target, json!({"b": {"c": 4, "d": 3}, "e": [5], "z": null}));
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        #[serde(default)]
        day: Option<crate::domain::time::Day>,
        name: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        #[serde(default)]
        list: Vec<Inner>,
        #[serde(default)]
        n: Option<u32>,
    }

    fn refusal(value: Value) -> (String, &'static str) {
        match from_value::<Outer>(value).unwrap_err() {
            crate::service::error::Error::Malformed(v) | crate::service::error::Error::Invalid(v) => {
                (v[0].pointer.clone(), v[0].code)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_refusal_points_to_its_member() {
        assert_eq!(
            refusal(json!({"list": [{"name": "x", "colour": 1}]})),
            ("/list/0/colour".into(), "unknown_field")
        );
        assert_eq!(refusal(json!({"list": [{}]})), ("/list/0/name".into(), "required"));
        assert_eq!(
            refusal(json!({"list": [{"name": "x", "day": "2020-13-01"}]})),
            ("/list/0/day".into(), "wrong_type")
        );
        assert_eq!(refusal(json!({"n": "x"})), ("/n".into(), "wrong_type"));
        assert_eq!(refusal(json!({"zzz": 1})), ("/zzz".into(), "unknown_field"));
    }

    #[test]
    fn query_refusals_name_the_parameter() {
        let named = |text: &str| format!("{}", read_query::<Outer>(text).err().unwrap());
        assert!(named("zzz=1").contains("zzz"), "{}", named("zzz=1"));
        assert!(named("n=x").contains("n: "), "{}", named("n=x"));
        assert!(named("n=1&n=2").contains("twice"), "{}", named("n=1&n=2"));
    }
}
