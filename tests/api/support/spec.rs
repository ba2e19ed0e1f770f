//! The OpenAPI document as a judge: an answer must have a documented status, a documented media type, the
//! documented headers, and a body that its schema describes to the last member.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use chiso::http::openapi;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::client::Answer;

/// Methods of operations in a path item.
pub const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An operation of the document.
pub struct Operation {
    pub template: &'static str,
    pub method: &'static str,
    pub value: &'static Value,
}

/// The document, with responses, parameters and headers written out where they are referred to; schemas stay
/// references.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let mut document = openapi::document().clone();
        write_out(&mut document["paths"], &openapi::document()["components"]);
        document
    });
    &DOCUMENT
}

fn write_out(part: &mut Value, components: &Value) {
    let place = part.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix("#/components"));
    if let Some(place) = place.filter(|place| !place.starts_with("/schemas/")) {
        *part = components.pointer(place).unwrap_or_else(|| panic!("{place} is missing")).clone();
    }
    match part {
        Value::Object(members) => members.values_mut().for_each(|member| write_out(member, components)),
        Value::Array(items) => items.iter_mut().for_each(|item| write_out(item, components)),
        _ => {}
    }
}

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let paths = document()["paths"].as_object().unwrap();
    let mut found = Vec::new();
    for (template, item) in paths {
        for method in METHODS {
            if let Some(value) = item.get(method) {
                found.push(Operation { template, method, value });
            }
        }
    }
    found
}

/// The path template that a path belongs to; a literal segment wins over a parameter.
pub fn template_of(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let paths = document()["paths"].as_object().unwrap();
    paths
        .keys()
        .filter(|template| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == segments.len()
                && parts
                    .iter()
                    .zip(&segments)
                    .all(|(part, segment)| part == segment || (part.starts_with('{') && !segment.is_empty()))
        })
        .min_by_key(|template| template.matches('{').count())
        .map(String::as_str)
}

/// Whether a media type is JSON.
pub fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    essence == "application/json" || essence.ends_with("+json")
}

fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// An address whose letters are written as such, where `%6F` stands for one.
fn plain(path: &str) -> String {
    let mut parts = path.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let letter = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).map(char::from);
        match letter.filter(char::is_ascii_alphabetic) {
            Some(letter) => plain.extend([letter.to_string().as_str(), &part[2..]]),
            None => plain.extend(["%", part]),
        }
    }
    plain
}

/// Fails the test when the answer is not one that the document promises.
#[track_caller]
pub fn check(method: &str, path: &str, answer: &Answer) {
    let path = &plain(path);
    if path == "/docs" || path.starts_with("/docs/") {
        return;
    }
    if let Err(why) = judge(method, path, answer) {
        panic!(
            "{method} {path} -> {}: not as documented: {why}\n{}",
            answer.status,
            String::from_utf8_lossy(&answer.raw)
        );
    }
}

fn judge(method: &str, path: &str, answer: &Answer) -> Result<(), String> {
    let looked_up = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let operation = template_of(path).and_then(|template| document()["paths"][template].get(&looked_up));
    let Some(operation) = operation else {
        return match answer.status {
            401 | 404 | 405 => problem(answer),
            status => Err(format!("the document has no such operation, and the status is {status}")),
        };
    };
    let response = operation["responses"]
        .get(answer.status.to_string())
        .ok_or_else(|| "the status is not documented".to_owned())?;
    for name in response["headers"].as_object().into_iter().flat_map(serde_json::Map::keys) {
        if answer.header(name).is_empty() {
            return Err(format!("the header {name} is missing"));
        }
    }
    let Some(content) = response["content"].as_object() else {
        return if answer.raw.is_empty() {
            Ok(())
        } else {
            Err("a body, where none is documented".to_owned())
        };
    };
    let kind = essence(answer.header("content-type"));
    let media = content.get(kind).ok_or_else(|| format!("the media type `{kind}` is not documented"))?;
    if method == "HEAD" {
        return if answer.raw.is_empty() { Ok(()) } else { Err("HEAD with a body".to_owned()) };
    }
    if is_json(kind) { matches(&media["schema"], &answer.json) } else { Ok(()) }
}

fn problem(answer: &Answer) -> Result<(), String> {
    let kind = essence(answer.header("content-type"));
    if kind != "application/problem+json" {
        return Err(format!("`{kind}` is no problem document"));
    }
    if answer.raw.is_empty() {
        return Ok(());
    }
    matches(&json!({"$ref": "#/components/schemas/Problem"}), &answer.json)
}

/// Whether a value fits a schema of the document.
pub fn matches(schema: &Value, value: &Value) -> Result<(), String> {
    let errors: Vec<String> = validator(schema)
        .iter_errors(value)
        .map(|error| format!("{} at `{}`", error, error.instance_path()))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

fn validator(schema: &Value) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    static COMPONENTS: LazyLock<Value> = LazyLock::new(|| {
        let mut components = openapi::document()["components"].clone();
        close(&mut components);
        components
    });
    let name = schema.to_string();
    if let Some(known) = VALIDATORS.lock().unwrap().get(&name) {
        return known.clone();
    }
    let mut root = schema.clone();
    close(&mut root);
    if let Some(root) = root.as_object_mut() {
        root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.insert("components".into(), COMPONENTS.clone());
    }
    let made = jsonschema::options()
        .should_validate_formats(true)
        .build(&root)
        .unwrap_or_else(|error| panic!("{name}: not a schema: {error}"));
    let made = Arc::new(made);
    VALIDATORS.lock().unwrap().insert(name, made.clone());
    made
}

/// Members that an object's schema doesn't name are refused, though the document leaves them open.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object)
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".into(), Value::Bool(false));
            }
            for (name, member) in members.iter_mut() {
                if !matches!(name.as_str(), "example" | "examples" | "default" | "enum" | "const") {
                    close(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
