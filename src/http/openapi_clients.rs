//! What makes the OpenAPI document one to generate clients and tests from: every member that is always there is
//! required, a merge patch has a schema of its own, parameters say which texts they take, and links say where the
//! record that an answer tells of can be asked for.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{openapi::is_method, openapi_components};
use crate::service::dossier_statistics::Grouping;

/// Completes a document whose operations are complete.
pub fn complete(document: &mut Value) {
    require_what_is_always_there(document);
    refuse_unknown_members(document);
    give_patches_a_schema(document);
    say_what_parameters_take(document);
    say_what_is_a_file(document);
    link_operations(document);
}

/// Calls `visit` with path, method and operation of each.
fn each_operation(document: &mut Value, mut visit: impl FnMut(&str, &str, &mut Map<String, Value>)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let (true, Some(operation)) = (is_method(method), operation.as_object_mut()) {
                visit(path, method, operation);
            }
        }
    }
}

fn schemas(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document.pointer_mut("/components/schemas")?.as_object_mut()
}

/// The names of the schemas that a part of the document refers to.
fn referred(part: &Value, found: &mut BTreeSet<String>) {
    openapi_components::referred(part, "#/components/schemas/", found);
}

/// The schemas of requests, with all that they are made of.
fn request_schemas(document: &mut Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_operation(document, |_, _, operation| {
        for part in ["requestBody", "parameters"] {
            operation.get(part).into_iter().for_each(|part| referred(part, &mut found));
        }
    });
    let Some(schemas) = schemas(document) else { return found };
    loop {
        let mut more = found.clone();
        for name in &found {
            schemas.get(name).into_iter().for_each(|schema| referred(schema, &mut more));
        }
        if more == found {
            return found;
        }
        found = more;
    }
}

fn takes_null(schema: &Value) -> bool {
    let null = |value: &Value| value == "null";
    schema.get("type").is_some_and(|of| null(of) || of.as_array().is_some_and(|of| of.iter().any(null)))
        || schema.get("oneOf").and_then(Value::as_array).is_some_and(|of| of.iter().any(takes_null))
}

/// Members that are null or left out: a frozen report has none of today's.
const LEFT_OUT: [(&str, &str); 1] = [("Form06a", "frozen")];

/// A member of an answer that may be null is always written: what may be left out is never null.
fn require_what_is_always_there(document: &mut Value) {
    let requests = request_schemas(document);
    for (name, schema) in schemas(document).into_iter().flatten() {
        if requests.contains(name) {
            continue;
        }
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { continue };
        let written: Vec<Value> = properties
            .iter()
            .filter(|(member, of)| takes_null(of) && !LEFT_OUT.contains(&(name.as_str(), member.as_str())))
            .map(|(member, _)| json!(member))
            .collect();
        let Some(schema) = schema.as_object_mut() else { continue };
        let required = schema.entry("required").or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut() {
            for name in written {
                if !required.contains(&name) {
                    required.push(name);
                }
            }
            if required.is_empty() {
                schema.remove("required");
            }
        }
    }
}

/// A body has the members that its schema names and no others; whoever reads it by hand keeps to that too.
fn refuse_unknown_members(document: &mut Value) {
    let mut bodies = BTreeSet::new();
    each_operation(document, |_, _, operation| {
        let content = operation.get("requestBody").and_then(|body| body.get("content")?.as_object());
        for reference in content.into_iter().flatten().filter_map(|(_, media)| media.pointer("/schema/$ref"))
        {
            bodies.extend(reference.as_str().and_then(|of| of.rsplit('/').next()).map(str::to_owned));
        }
    });
    for (name, schema) in schemas(document).into_iter().flatten() {
        if let (true, Some(schema)) = (bodies.contains(name), schema.as_object_mut())
            && schema.contains_key("properties")
        {
            schema.entry("additionalProperties").or_insert(json!(false));
        }
    }
}

/// The same schema, which takes null too.
fn or_null(schema: &Value) -> Value {
    if takes_null(schema) {
        return schema.clone();
    }
    let Some(members) = schema.as_object() else { return schema.clone() };
    let Some(of) = members.get("type").filter(|_| !members.contains_key("enum")) else {
        return json!({"oneOf": [schema, {"type": "null"}]});
    };
    let mut types = of.as_array().cloned().unwrap_or_else(|| vec![of.clone()]);
    types.push(json!("null"));
    let mut members = members.clone();
    members.insert("type".into(), Value::Array(types));
    Value::Object(members)
}

/// A merge patch has the members of what a `PUT` takes; each may be left out, and null clears it.
fn give_patches_a_schema(document: &mut Value) {
    let mut named = BTreeSet::new();
    each_operation(document, |_, method, operation| {
        if method != "patch" {
            return;
        }
        let content = operation.get_mut("requestBody").and_then(|body| body.get_mut("content"));
        for media in content.and_then(Value::as_object_mut).into_iter().flatten().map(|(_, media)| media) {
            let Some(Value::String(reference)) = media.pointer_mut("/schema/$ref") else { continue };
            if let Some(stem) = reference.strip_suffix("Input").map(str::to_owned) {
                named.extend(stem.rsplit('/').next().map(str::to_owned));
                *reference = format!("{stem}Patch");
            }
        }
    });
    let Some(schemas) = schemas(document) else { return };
    for stem in named {
        let Some(mut schema) = schemas.get(&format!("{stem}Input")).cloned() else { continue };
        let Some(members) = schema.as_object_mut() else { continue };
        members.remove("required");
        members.insert(
            "description".into(),
            json!("A merge patch (RFC 7396): a member left out stays as it is, null clears it."),
        );
        for member in members.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
            *member.1 = or_null(member.1);
        }
        schemas.insert(format!("{stem}Patch"), schema);
    }
}

/// What a parameter takes that reads as a text, where the name says it.
fn shape(name: &str, place: &str, path: &str) -> Option<Value> {
    const YEAR: &str = "(19|2[0-9])[0-9]{2}";
    const PERIOD: &str = "^(19|2[0-9])[0-9]{2}(-(H[12]|Q[1-4]|0[1-9]|1[0-2]))?$";
    Some(match (name, place) {
        ("base_year", "query") => json!({"type": "string", "pattern": format!("^({YEAR}|none)$")}),
        ("revision", "query") => {
            json!({"type": "string", "pattern": "^([1-9][0-9]{0,8}|published|working)$"})
        }
        // A figure keeps the period as it was published; a filter of records may find none.
        ("period", "query") if path.ends_with("/reported-figures") || path.ends_with("/returns") => {
            return None;
        }
        ("period", _) => json!({"type": "string", "pattern": PERIOD}),
        ("as_of", "query") => {
            json!({"anyOf": [{"$ref": "#/components/schemas/Day"}, {"$ref": "#/components/schemas/Moment"}]})
        }
        ("group_by", "query") => {
            let word = format!("({})", Grouping::WORDS.join("|"));
            json!({"type": "string", "pattern": format!("^{word}(,{word})*$")})
        }
        ("unit_ids", "query") => json!({"type": "string", "pattern": "^[^,]+(,[^,]+){0,99}$"}),
        ("include", "query") => json!({"type": "string", "enum": ["components"]}),
        ("share", "query") => json!({"type": "string", "pattern": "^0?\\.[0-9]{0,8}[1-9]$"}),
        ("draws", "query") => json!({"type": "integer", "minimum": 1, "maximum": 10000}),
        ("seed", "query") => json!({"type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32}),
        ("mapping", "query") => json!({"type": "string", "contentMediaType": "application/json"}),
        _ => return None,
    })
}

fn say_what_parameters_take(document: &mut Value) {
    each_operation(document, |path, _, operation| {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let text = |member: &str| parameter.get(member).and_then(Value::as_str).unwrap_or_default();
            let plain = parameter.pointer("/schema/type").is_some_and(|of| of == "string");
            let found = if plain { shape(text("name"), text("in"), path) } else { None };
            let years = text("name") == "year" && text("in") == "path";
            let sorts = text("name") == "sort";
            if let (true, Some(parameter)) = (sorts, parameter.as_object_mut()) {
                let told = "Sort key; with a minus sign before it the order is descending.";
                parameter.insert("description".into(), json!(told));
            }
            let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) else { continue };
            if let Some(Value::Object(found)) = found {
                if found.contains_key("anyOf") {
                    schema.remove("type");
                }
                schema.extend(found);
            }
            if years {
                schema.insert("minimum".into(), json!(1900));
                schema.insert("maximum".into(), json!(2999));
            }
            if sorts {
                name_the_words(schema);
            }
        }
    });
}

/// A body that is a file is sent and received as bytes; only a report is read as a text.
fn say_what_is_a_file(document: &mut Value) {
    const PACKED: [&str; 2] =
        ["application/gzip", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];
    let mark = |content: Option<&mut Value>, all: bool| {
        for (kind, media) in content.and_then(Value::as_object_mut).into_iter().flatten() {
            let text = media.pointer("/schema/type").is_some_and(|of| of == "string");
            if let (true, Some(schema)) =
                (text && (all || PACKED.contains(&kind.as_str())), media.pointer_mut("/schema"))
            {
                *schema = json!({"type": "string", "format": "binary"});
            }
        }
    };
    each_operation(document, |_, _, operation| {
        mark(operation.get_mut("requestBody").and_then(|body| body.get_mut("content")), true);
        for (_, response) in
            operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
        {
            mark(response.get_mut("content"), false);
        }
    });
}

/// Names for the words of a sort, since a generator can make none of `-id`.
fn name_the_words(schema: &mut Map<String, Value>) {
    let Some(words) = schema.get("enum").and_then(Value::as_array) else { return };
    let names: Vec<String> = words
        .iter()
        .filter_map(Value::as_str)
        .map(|word| word.strip_prefix('-').map_or_else(|| word.to_owned(), |key| format!("{key}_descending")))
        .collect();
    schema.insert("x-enum-varnames".into(), json!(names));
}

/// The parameters of a path template, in order.
fn parameters_of(path: &str) -> Vec<&str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// An operation that answers go on to.
struct Target {
    path: String,
    id: String,
}

/// A written record is linked to every operation whose path is made of its key and of the parameters that the
/// write had; a page is linked to the next one.
fn link_operations(document: &mut Value) {
    let mut targets = Vec::new();
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    each_operation(document, |path, _, operation| {
        if let Some(id) = operation.get("operationId").and_then(Value::as_str) {
            targets.push(Target { path: path.to_owned(), id: id.to_owned() });
        }
    });
    each_operation(document, |path, method, operation| {
        let own = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let pages = operation.get("parameters").and_then(Value::as_array).is_some_and(|of| {
            of.iter().any(|parameter| parameter.get("name").is_some_and(|n| n == "cursor"))
        });
        for (status, response) in
            operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
        {
            let mut links = Map::new();
            if method == "get" && pages && status == "200" {
                links.insert(
                    "next_page".into(),
                    json!({"operationId": own,
                    "description": "The page behind this one, with the same filters and sort.",
                    "parameters": {"query.cursor": "$response.body#/next_cursor"}}),
                );
            }
            if matches!(method, "post" | "put") && matches!(status.as_str(), "200" | "201" | "202") {
                let members = members_of(response, &schemas);
                for target in targets.iter().filter(|target| target.id != own) {
                    if let Some(parameters) = way_to(path, target, &members) {
                        links.insert(
                            target.id.clone(),
                            json!({"operationId": target.id,
                            "description": "About the record that was written.", "parameters": parameters}),
                        );
                    }
                }
            }
            if let (false, Some(response)) = (links.is_empty(), response.as_object_mut()) {
                response.insert("links".into(), Value::Object(links));
            }
        }
    });
}

/// The members of the JSON body of a response.
fn members_of(response: &Value, schemas: &Value) -> BTreeSet<String> {
    let name = response
        .pointer("/content/application~1json/schema/$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.rsplit('/').next());
    let properties = name.and_then(|name| schemas.get(name)?.get("properties")?.as_object());
    properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// Where the path parameters of a target come from: the path of the source, or its answer; `None` where one of them
/// comes from nowhere, or where the target has another subject.
fn way_to(path: &str, target: &Target, members: &BTreeSet<String>) -> Option<Value> {
    let own = parameters_of(path);
    let theirs = parameters_of(&target.path);
    // The same first segment behind the version: `/api/v1/units`, `/api/v1/units/{id}/lineage`.
    let subject = |path: &str| path.split('/').nth(3).map(str::to_owned);
    if theirs.is_empty() || subject(path) != subject(&target.path) {
        return None;
    }
    let mut parameters = Map::new();
    for name in theirs {
        let from = if own.contains(&name) {
            format!("$request.path.{name}")
        } else if members.contains(name) {
            format!("$response.body#/{name}")
        } else {
            return None;
        };
        parameters.insert(format!("path.{name}"), json!(from));
    }
    Some(Value::Object(parameters))
}
