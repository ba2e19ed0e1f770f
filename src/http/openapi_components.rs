//! What operations of the OpenAPI document share: problems, validators and keys stand once, in its `components`, and
//! are referred to.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{crud::API, problem::CODES};

/// The response of each status that is told in problems, by name.
const PROBLEMS: [(u16, &str); 14] = [
    (400, "BadRequest"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "NotFound"),
    (408, "RequestTimeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (412, "PreconditionFailed"),
    (413, "ContentTooLarge"),
    (415, "UnsupportedMediaType"),
    (422, "UnprocessableContent"),
    (429, "TooManyRequests"),
    (500, "InternalServerError"),
    (503, "ServiceUnavailable"),
];

/// The response of a status that is told in problems.
pub fn problem(status: u16) -> Value {
    let named = PROBLEMS.iter().find(|(of, _)| *of == status);
    named.map_or_else(|| problem_response(status), |(_, name)| reference("responses", name))
}

/// The response to a caller who has the representation already.
pub fn not_modified() -> Value {
    reference("responses", "NotModified")
}

/// The key of a request that may be sent again.
pub fn idempotency_key() -> Value {
    reference("parameters", "IdempotencyKey")
}

/// The validator that a method takes, if any.
pub fn validator(method: &str) -> Option<Value> {
    match method {
        "get" => Some(reference("parameters", "IfNoneMatch")),
        "put" | "patch" | "delete" => Some(reference("parameters", "IfMatch")),
        _ => None,
    }
}

/// The headers of a success.
pub fn headers(status: &str) -> Value {
    let mut headers = Map::new();
    headers.insert("ETag".into(), reference("headers", "ETag"));
    if status == "201" {
        headers.insert("Location".into(), reference("headers", "Location"));
    }
    Value::Object(headers)
}

/// Adds the components that a document of complete operations refers to.
pub fn complete(document: &mut Value) {
    let mut wanted = BTreeSet::new();
    referred(document, "#/components/", &mut wanted);
    let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) else { return };
    for (kind, name, component) in shared() {
        if !wanted.contains(&format!("{kind}/{name}")) {
            continue;
        }
        referred(&component, "#/components/", &mut wanted);
        let named = components.entry(kind).or_insert_with(|| json!({}));
        if let Some(named) = named.as_object_mut() {
            named.insert(name.to_owned(), component);
        }
    }
}

/// What stands behind a prefix in the references of a part of the document.
pub fn referred(part: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(members) => {
            let place = members.get("$ref").and_then(Value::as_str);
            found.extend(place.and_then(|place| place.strip_prefix(prefix)).map(str::to_owned));
            members.values().for_each(|member| referred(member, prefix, found));
        }
        Value::Array(items) => items.iter().for_each(|item| referred(item, prefix, found)),
        _ => {}
    }
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// Kind, name and component of all; what refers to another comes before it.
fn shared() -> Vec<(&'static str, &'static str, Value)> {
    let mut shared: Vec<_> =
        PROBLEMS.iter().map(|(status, name)| ("responses", *name, problem_response(*status))).collect();
    shared.push(("responses", "NotModified", not_modified_response()));
    shared.extend([
        ("parameters", "IdempotencyKey", idempotency_key_parameter()),
        (
            "parameters",
            "IfMatch",
            validator_parameter("If-Match", "Refuse with 412 when the record has changed since."),
        ),
        (
            "parameters",
            "IfNoneMatch",
            validator_parameter("If-None-Match", "Answer 304 when this validator is current."),
        ),
        ("headers", "ETag", header("Validator of the representation.")),
        ("headers", "Location", header("Address of the new record.")),
    ]);
    shared
}

/// An error response: the problem's schema and an example of the first code of the status.
fn problem_response(status: u16) -> Value {
    let codes: Vec<&(&str, u16, &str, &str)> = CODES.iter().filter(|(_, s, ..)| *s == status).collect();
    let names: Vec<String> = codes.iter().map(|(code, ..)| format!("`{code}`")).collect();
    let (code, title) = codes.first().map_or(("internal", "Internal error"), |(code, _, en, _)| (*code, *en));
    let example = json!({
        "type": format!("/problems/{code}"), "title": title, "status": status,
        "detail": title, "instance": API, "code": code, "errors": [],
        "request_id": "019ab1f0-0000-7000-8000-000000000000"
    });
    let mut response = json!({
        "description": format!("Problem: {}.", names.join(", ")),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    });
    if matches!(status, 429 | 503)
        && let Some(response) = response.as_object_mut()
    {
        response.insert(
            "headers".into(),
            json!({"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}),
        );
    }
    response
}

fn not_modified_response() -> Value {
    json!({
        "description": "The caller's representation is current.",
        "headers": {"ETag": reference("headers", "ETag")}
    })
}

fn idempotency_key_parameter() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "A text of the caller's choice, new for each new request. Sent again with the same key, the \
            request has no second effect and gets the first answer (with `Idempotency-Replayed: true`), for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
    })
}

fn validator_parameter(name: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "header", "required": false, "description": description,
        "schema": {"type": "string"}
    })
}

fn header(description: &str) -> Value {
    json!({"description": description, "schema": {"type": "string"}})
}
