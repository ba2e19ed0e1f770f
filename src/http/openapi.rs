//! The OpenAPI document: collected from the handlers that serve, completed by what holds for all of them. It is made
//! when it is to be committed; the server carries what was committed (`document`).
//!
//! What every operation shares (its errors, validators, examples of bodies) follows from its method and path and
//! is added here once; a handler documents only what is its own.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{
    access::{self, Rule},
    app,
    crud::API,
    idempotency, openapi_clients, openapi_components,
    problem::{ProblemBody, ProblemError},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chiso",
        description = "Dossiers (hồ sơ thủ tục hành chính), index scores (PAR index, DDCI, PCI ...) and commendations of \
            Vietnamese local government, with the statistics, rankings and deltas computed from them.\n\n\
            Times are RFC 3339 in Vietnamese time; business days are Asia/Ho_Chi_Minh. Decimals are exact: each is given \
            rounded as a number and with every digit as a string. Errors are problem documents (RFC 9457).",
    ),
    servers((url = "/", description = "This server.")),
    components(schemas(ProblemBody, ProblemError)),
    tags(
        (name = "units", description = "Administrative units and departments, in time."),
        (name = "dossiers", description = "Dossiers and the statistics of them."),
        (name = "clock rules", description = "How the clocks of units treat pauses and withdrawals."),
        (name = "imports", description = "Files read into the records, and what became of each row."),
        (name = "indexes", description = "Indexes and their yearly editions: frameworks are data."),
        (name = "index scores", description = "Scores of units in editions, exact."),
        (name = "rankings", description = "Standings, ranks, bands and deltas, computed."),
        (name = "commendations", description = "Decisions and their recipients."),
        (name = "reported figures", description = "Figures as somebody published them."),
        (name = "improvement actions", description = "What reviews order."),
        (name = "reviews", description = "The yearly review of a unit."),
        (name = "calendars", description = "Working days, procedures with their terms, and the deadlines that follow."),
        (name = "reports", description = "The statutory form II.06a: today's and as it was frozen."),
        (name = "returns", description = "Form II.06a as filled in by units that send totals only."),
        (name = "access", description = "Keys of other systems."),
        (name = "changes", description = "Every write, in order."),
        (name = "operations", description = "Health, metrics and this document."),
    ),
)]
struct Base;

/// The document as JSON.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let described = app::describe(Base::openapi());
        let mut document = serde_json::to_value(described).unwrap_or_default();
        if let Some(info) = document.get_mut("info").and_then(Value::as_object_mut) {
            info.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
        }
        complete(&mut document);
        openapi_clients::complete(&mut document);
        openapi_components::complete(&mut document);
        sorted(document)
    })
}

/// The document as text: sorted keys, two spaces, a newline at the end.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| format!("{:#}\n", document()))
}

/// Whether a member of a path item is an operation.
pub(super) fn is_method(name: &str) -> bool {
    matches!(name, "get" | "post" | "put" | "patch" | "delete")
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().map(|(k, v)| (k, sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn complete(document: &mut Value) {
    if let Some(components) = document.pointer_mut("/components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".into(), security_schemes());
    }
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for (path, item) in paths {
        let operations = item.as_object_mut().into_iter().flatten().filter(|(name, _)| is_method(name));
        for (method, operation) in operations {
            if let Some(operation) = operation.as_object_mut() {
                complete_operation(path, method, operation, &schemas);
            }
        }
    }
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer",
            "description": "A key of this service (`chiso_…`), or a token of the identity provider that it trusts."
        },
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key of this service."}
    })
}

/// What the operation asks of its caller: said of each, also where it is nothing.
fn add_security(operation: &mut Map<String, Value>) -> Rule {
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let rule = access::rule_of(id);
    let (security, words) = match rule {
        Rule::Open => (json!([{}]), None),
        Rule::Public(area) => (
            json!([{}, {"bearer": []}, {"key": []}]),
            Some(format!("Open to all as long as `{area}` are public (`CHISO_PUBLIC`).")),
        ),
        Rule::Key => (json!([{"bearer": []}, {"key": []}]), Some("Needs a key.".to_owned())),
        Rule::Needs(scope) => {
            (json!([{"bearer": []}, {"key": []}]), Some(format!("Needs the scope `{scope}`.")))
        }
        Rule::Administrator => {
            (json!([{"bearer": []}, {"key": []}]), Some("Needs the scope `admin` for all units.".to_owned()))
        }
    };
    operation.insert("security".into(), security);
    if let Some(words) = words {
        let told = operation.get("description").and_then(Value::as_str).unwrap_or_default();
        let told = format!("{told}\n\n{words}");
        operation.insert("description".into(), json!(told.trim()));
    }
    rule
}

fn complete_operation(path: &str, method: &str, operation: &mut Map<String, Value>, schemas: &Value) {
    let rule = add_security(operation);
    let api = path.starts_with(API);
    let writes = method != "get";
    let has_body = operation.contains_key("requestBody");
    let mut errors = vec![400, 401, 429, 500, 503];
    if rule != Rule::Open {
        errors.push(403);
    }
    if path == format!("{API}/changes") {
        errors.push(410);
    }
    if path.contains('{') {
        errors.push(404);
    }
    if has_body {
        errors.extend([408, 413, 415, 422]);
    }
    if api && writes {
        errors.push(409);
    }
    if api && matches!(method, "put" | "patch" | "delete") {
        errors.push(412);
    }
    if method == "post" && idempotency::stores(path) {
        errors.push(422);
        add_parameter(operation, openapi_components::idempotency_key());
    }
    if let Some(body) = operation.get_mut("requestBody").and_then(Value::as_object_mut) {
        body.insert("required".into(), json!(true));
        add_examples(body, schemas);
    }
    // The document itself has a validator too.
    let validated = (api && !is_stream(operation)) || path == "/openapi.json";
    add_headers(validated, method, operation);
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for response in responses.values_mut().filter_map(Value::as_object_mut) {
        add_examples(response, schemas);
    }
    for status in errors {
        responses.entry(status.to_string()).or_insert_with(|| openapi_components::problem(status));
    }
    if validated && method == "get" {
        responses.insert("304".into(), openapi_components::not_modified());
    }
}

/// A file that is written while it is read has no validator.
fn is_stream(operation: &Map<String, Value>) -> bool {
    let content =
        operation.get("responses").and_then(|r| r.pointer("/200/content")).and_then(Value::as_object);
    content.is_some_and(|content| {
        !content.contains_key("application/json") || content.contains_key("application/x-ndjson")
    })
}

fn add_parameter(operation: &mut Map<String, Value>, parameter: Value) {
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.push(parameter);
    }
}

fn add_headers(validated: bool, method: &str, operation: &mut Map<String, Value>) {
    if !validated {
        return;
    }
    if let Some(parameter) = openapi_components::validator(method) {
        add_parameter(operation, parameter);
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, response) in responses {
        if let ("200" | "201", Some(response)) = (status.as_str(), response.as_object_mut()) {
            response.insert("headers".into(), openapi_components::headers(status));
        }
    }
}

/// Copies the example of a body's schema beside it, where readers and mock servers look for it.
fn add_examples(holder: &mut Map<String, Value>, schemas: &Value) {
    let Some(content) = holder.get_mut("content").and_then(Value::as_object_mut) else { return };
    for media in content.values_mut().filter_map(Value::as_object_mut) {
        if media.contains_key("example") {
            continue;
        }
        let name = media.get("schema").and_then(reference);
        if let Some(example) = name.and_then(|name| example_of(&name, schemas)) {
            media.insert("example".into(), example);
        }
    }
}

fn reference(schema: &Value) -> Option<String> {
    schema.get("$ref")?.as_str()?.rsplit('/').next().map(str::to_owned)
}

fn example_of(name: &str, schemas: &Value) -> Option<Value> {
    let schema = schemas.get(name)?;
    if let Some(example) = schema.get("example") {
        return Some(example.clone());
    }
    let item = reference(schema.pointer("/properties/items/items")?)?;
    let mut example = json!({"items": [example_of(&item, schemas)?]});
    if schema.pointer("/properties/next_cursor").is_some() {
        example["next_cursor"] = Value::Null;
    }
    Some(example)
}
