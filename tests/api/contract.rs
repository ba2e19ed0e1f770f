//! The committed document, the served routes and the document's own promises agree. That real answers match it
//! is checked with every request of every test: see `support::spec`.

use std::collections::{BTreeMap, BTreeSet};

use chiso::http::{document, openapi};
use serde_json::{Value, json};

use crate::support::{
    api_test, plain_test,
    spec::{self, METHODS, Operation},
};

plain_test!(the_committed_document_is_the_served_one, {
    let committed = std::fs::read_to_string("openapi/openapi.json").unwrap_or_default();
    assert!(
        committed == openapi::text(),
        "openapi/openapi.json is not up to date: cargo run -- openapi > openapi/openapi.json"
    );
    assert!(document::TEXT == committed, "what the program carries is older than openapi/openapi.json");
});

api_test!(the_service_serves_the_document, |app| {
    let served = app.get("/openapi.json").expect(200);
    assert_eq!(String::from_utf8_lossy(&served.raw), document::TEXT);
    assert_eq!(served.json["openapi"], "3.1.0");
    app.ask("GET", "/openapi.json").header("if-none-match", served.etag()).send().expect(304);
});

api_test!(the_documentation_is_served_without_the_network, |app| {
    let page = app.get("/docs/").expect(200);
    let page = String::from_utf8_lossy(&page.raw).into_owned();
    assert!(page.contains("swagger-ui"));
    for link in page.split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css")) {
        assert!(!link.contains("//"), "{link} is elsewhere");
        let asset = format!("/docs/{}", link.trim_start_matches("./"));
        assert!(app.get(&asset).expect(200).raw.len() > 100, "{link}");
    }
    assert_eq!(app.get("/docs").header("location"), "/docs/");
});

fn each(check: impl Fn(&Operation) -> Result<(), String>) {
    let operations = spec::operations();
    assert!(operations.len() > 15);
    let failures: Vec<String> = operations
        .iter()
        .filter_map(|operation| {
            check(operation).err().map(|why| format!("{} {}: {why}", operation.method, operation.template))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every place that a part of the document refers to.
fn references<'a>(part: &'a Value, found: &mut BTreeSet<&'a str>) {
    match part {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

plain_test!(every_reference_leads_somewhere, {
    let mut found = BTreeSet::new();
    references(openapi::document(), &mut found);
    assert!(found.len() > 100);
    let missing: Vec<&&str> = found
        .iter()
        .filter(|place| {
            place.strip_prefix('#').and_then(|pointer| openapi::document().pointer(pointer)).is_none()
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
});

/// Whether a part of the document has this in it.
fn holds(part: &Value, sought: &Value) -> bool {
    part == sought
        || match part {
            Value::Object(members) => members.values().any(|member| holds(member, sought)),
            Value::Array(items) => items.iter().any(|item| holds(item, sought)),
            _ => false,
        }
}

plain_test!(what_operations_share_stands_once, {
    let document = openapi::document();
    let mut found = BTreeSet::new();
    references(document, &mut found);
    for kind in ["responses", "parameters", "headers"] {
        for (name, component) in document["components"][kind].as_object().unwrap() {
            let place = format!("#/components/{kind}/{name}");
            assert!(found.contains(place.as_str()), "nothing refers to {place}");
            assert!(!holds(&document["paths"], component), "{place} is written out too");
        }
    }
    let listed = &document["paths"]["/api/v1/units"]["get"];
    assert_eq!(listed["responses"]["400"], json!({"$ref": "#/components/responses/BadRequest"}));
    assert_eq!(listed["responses"]["304"], json!({"$ref": "#/components/responses/NotModified"}));
    assert_eq!(listed["responses"]["200"]["headers"]["ETag"], json!({"$ref": "#/components/headers/ETag"}));
    let put = document["paths"]["/api/v1/units/{id}"]["put"]["parameters"].as_array().unwrap();
    assert!(put.contains(&json!({"$ref": "#/components/parameters/IfMatch"})));
});

plain_test!(a_problem_that_operations_share_is_that_of_its_status, {
    let mut seen = BTreeSet::new();
    for operation in spec::operations() {
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let example = &response["content"]["application/problem+json"]["example"];
            // Those of single operations are told with the example of the schema.
            if example["instance"] == "/api/v1" {
                assert_eq!(example["status"].to_string(), *status, "{}", operation.template);
                seen.insert(status);
            }
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
});

plain_test!(operation_ids_are_unique, {
    let ids: Vec<&str> =
        spec::operations().iter().map(|o| o.value["operationId"].as_str().unwrap_or_default()).collect();
    let distinct: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    assert!(!distinct.contains(&""));
});

plain_test!(every_operation_is_described, {
    let tags: BTreeSet<&str> = openapi::document()["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    each(|operation| {
        for member in ["summary", "description"] {
            if operation.value[member].as_str().is_none_or(|text| text.trim().is_empty()) {
                return Err(format!("no {member}"));
            }
        }
        if operation.value["summary"].as_str().is_some_and(|text| text.ends_with('.')) {
            return Err("a summary is a title, without a full stop".to_owned());
        }
        let named: Vec<&str> =
            operation.value["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        match named.as_slice() {
            [tag] if tags.contains(tag) => Ok(()),
            other => Err(format!("its tags are {other:?}")),
        }
    });
});

plain_test!(every_parameter_is_described, {
    each(|operation| {
        let parameters = operation.value["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in &parameters {
            if parameter["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
                return Err(format!("{} has no description", parameter["name"]));
            }
        }
        let named = |name: &str| parameters.iter().any(|p| p["in"] == "path" && p["name"] == name);
        let missing: Vec<&str> = operation
            .template
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .filter(|name| !named(name))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("path parameters {missing:?} are not described"))
        }
    });
});

plain_test!(every_operation_documents_its_errors_as_problems, {
    each(|operation| {
        let responses = operation.value["responses"].as_object().unwrap();
        let mut want = vec!["400", "500", "503"];
        if operation.template.contains('{') {
            want.push("404");
        }
        if operation.value.get("requestBody").is_some() {
            want.extend(["413", "415", "422"]);
        }
        if matches!(operation.method, "put" | "patch" | "delete") {
            want.extend(["409", "412"]);
        }
        if let Some(status) = want.iter().find(|status| !responses.contains_key(**status)) {
            return Err(format!("{status} is not documented"));
        }
        for (status, response) in responses.iter().filter(|(status, _)| *status >= &"400".to_owned()) {
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            if schema != "#/components/schemas/Problem" {
                return Err(format!("{status} is no problem document"));
            }
        }
        if responses.keys().any(|status| status.starts_with('2')) {
            Ok(())
        } else {
            Err("no success".to_owned())
        }
    });
});

plain_test!(every_json_body_has_an_example_that_fits_its_schema, {
    each(|operation| {
        let bodies = operation.value["responses"].as_object().unwrap().values();
        for holder in bodies.chain(operation.value.get("requestBody")) {
            for (kind, media) in holder["content"].as_object().into_iter().flatten() {
                if !spec::is_json(kind) {
                    continue;
                }
                let example = media.get("example").ok_or_else(|| format!("{kind}: no example"))?;
                spec::matches(&media["schema"], example).map_err(|why| format!("{kind}: example: {why}"))?;
            }
        }
        Ok(())
    });
});

plain_test!(the_examples_of_schemas_fit_them, {
    for (name, schema) in openapi::document()["components"]["schemas"].as_object().unwrap() {
        if let Some(example) = schema.get("example") {
            spec::matches(schema, example).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
});

plain_test!(every_member_of_every_schema_is_described, {
    let mut silent = Vec::new();
    for (name, schema) in openapi::document()["components"]["schemas"].as_object().unwrap() {
        if schema["description"].as_str().is_none_or(str::is_empty) {
            silent.push(name.clone());
        }
        for (member, of) in schema["properties"].as_object().into_iter().flatten() {
            // A reference, also one beside null, is described by what it refers to.
            let refers = of.get("$ref").is_some() || of["oneOf"][0].get("$ref").is_some();
            if of["description"].as_str().is_none_or(str::is_empty) && !refers {
                silent.push(format!("{name}.{member}"));
            }
        }
    }
    assert!(silent.is_empty(), "without a description: {silent:?}");
});

plain_test!(no_two_types_share_the_name_of_a_schema, {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in std::fs::read_dir("src/http").unwrap() {
        let file = file.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            if !(line.contains("derive(") && line.contains("ToSchema")) {
                continue;
            }
            let rest = &lines[i + 1..];
            let declared = rest
                .iter()
                .find_map(|l| l.strip_prefix("pub struct ").or_else(|| l.strip_prefix("pub enum ")))
                .unwrap_or_else(|| panic!("{}: no type after line {}", file.display(), i + 1));
            let declared = declared.split([' ', '<', '(', ';']).next().unwrap();
            let renamed = rest
                .iter()
                .take_while(|l| !l.starts_with("pub "))
                .find_map(|l| l.split("schema(as = ").nth(1))
                .and_then(|l| l.split([',', ')']).next());
            names
                .entry(renamed.unwrap_or(declared).to_owned())
                .or_default()
                .push(format!("{}:{declared}", file.display()));
        }
    }
    assert!(names.contains_key("Unit") && names.contains_key("Problem"));
    names.retain(|_, types| types.len() > 1);
    assert!(names.is_empty(), "{names:?}");
});

/// A path of a template, with keys that no record has.
fn path_of(template: &str) -> String {
    let parts: Vec<&str> = template
        .split('/')
        .map(|part| match part {
            "{year}" => "1999",
            part if part.starts_with('{') => "absent",
            part => part,
        })
        .collect();
    parts.join("/")
}

api_test!(every_documented_operation_is_served, |app| {
    for operation in spec::operations() {
        let path = path_of(operation.template);
        let method = operation.method.to_uppercase();
        let ask = app.ask(&method, &path);
        let answer = match operation.value.get("requestBody") {
            Some(body) => {
                let kind = body["content"].as_object().unwrap().keys().next().unwrap();
                ask.header("content-type", kind).raw("{}").send()
            }
            None => ask.send(),
        };
        assert!(
            answer.status != 405 && answer.code() != "unknown_route" && answer.status < 500,
            "{method} {path}: {} {}",
            answer.status,
            answer.json
        );
    }
});

api_test!(a_method_that_is_not_documented_is_405_with_those_that_are, |app| {
    for (template, item) in openapi::document()["paths"].as_object().unwrap() {
        let path = path_of(template);
        let mut allowed: Vec<String> =
            METHODS.iter().filter(|method| item.get(**method).is_some()).map(|m| m.to_uppercase()).collect();
        if item.get("get").is_some() {
            allowed.push("HEAD".to_owned());
        }
        allowed.sort();
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if allowed.iter().any(|known| known == method) {
                continue;
            }
            let answer = app.ask(method, &path).send().expect(405);
            assert_eq!(answer.header("allow"), allowed.join(", "), "{method} {path}");
        }
    }
});
