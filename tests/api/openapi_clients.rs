//! What generators of clients and tests read in the document, and that the service keeps it.

use chiso::http::openapi;
use serde_json::{Value, json};

use crate::support::{
    api_test, plain_test,
    records::{DOSSIERS, UNITS, dossier, unit, with},
    spec,
};

fn schema(name: &str) -> &'static Value {
    &openapi::document()["components"]["schemas"][name]
}

fn requires(schema: &Value, member: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|name| name == member))
}

plain_test!(a_member_of_an_answer_that_may_be_null_is_always_there, {
    for (name, members) in [
        ("Unit", vec!["code", "parent_id", "valid_to"]),
        ("UnitPage", vec!["items", "next_cursor"]),
        ("Dossier", vec!["due_at", "finished_at"]),
        ("Ranking", vec!["base_year"]),
    ] {
        for member in members {
            assert!(requires(schema(name), member), "{name}.{member}");
        }
    }
    // What is left out where it says nothing is no null.
    assert!(!requires(schema("UnitPage"), "total"));
    // What a request may leave out, it may leave out.
    assert!(!requires(schema("UnitInput"), "parent_id"));
});

plain_test!(a_merge_patch_requires_nothing_and_may_clear_all, {
    let patches: Vec<_> = spec::operations().into_iter().filter(|o| o.method == "patch").collect();
    assert!(patches.len() > 10);
    for operation in patches {
        let content = operation.value["requestBody"]["content"].as_object().unwrap();
        for media in content.values() {
            let name = media["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            assert!(name.ends_with("Patch"), "{name}");
            assert_eq!(schema(name)["required"], Value::Null, "{name}");
            for member in schema(name)["properties"].as_object().unwrap().keys() {
                spec::matches(&media["schema"], &json!({member: null})).unwrap();
            }
            spec::matches(&media["schema"], &json!({"no_such_member": 1})).unwrap_err();
        }
    }
});

plain_test!(links_lead_to_operations_with_all_that_their_paths_need, {
    let operations = spec::operations();
    let mut seen = 0;
    for operation in &operations {
        for response in operation.value["responses"].as_object().unwrap().values() {
            for link in response["links"].as_object().into_iter().flatten().map(|(_, link)| link) {
                let target =
                    operations.iter().find(|o| o.value["operationId"] == link["operationId"]).unwrap();
                let given = link["parameters"].as_object().unwrap();
                for part in
                    target.template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                {
                    assert!(
                        given.contains_key(&format!("path.{part}")) || target.template == operation.template
                    );
                }
                seen += 1;
            }
        }
    }
    let linked = |id: &str, status: &str, to: &str| {
        let operation = operations.iter().find(|o| o.value["operationId"] == id).unwrap();
        operation.value["responses"][status]["links"][to].clone()
    };
    assert!(seen > 100, "{seen}");
    assert_eq!(
        linked("create_unit", "201", "get_unit_lineage")["parameters"],
        json!({"path.id": "$response.body#/id"})
    );
    assert_eq!(
        linked("list_units", "200", "next_page")["parameters"],
        json!({"query.cursor": "$response.body#/next_cursor"})
    );
});

plain_test!(a_sort_is_one_of_the_words_that_it_takes, {
    for operation in spec::operations() {
        for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
            if parameter["name"] != "sort" {
                continue;
            }
            let words = parameter["schema"]["enum"].as_array().unwrap();
            let names = parameter["schema"]["x-enum-varnames"].as_array().unwrap();
            assert!(words.len() >= 2 && words.len() == names.len(), "{parameter}");
        }
    }
});

api_test!(every_sort_of_the_document_is_taken, |app| {
    for operation in spec::operations().iter().filter(|o| o.method == "get" && !o.template.contains('{')) {
        for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
            for word in parameter["schema"]["enum"].as_array().into_iter().flatten() {
                if parameter["name"] == "sort" {
                    app.get(&format!("{}?sort={}", operation.template, word.as_str().unwrap())).expect(200);
                }
            }
        }
    }
});

api_test!(an_integer_may_be_written_as_a_decimal, |app| {
    app.post(UNITS, &unit("u")).expect(201);
    let body =
        with(dossier("A", "u"), json!({"status": 4})).to_string().replace("\"status\":4", "\"status\":4.0");
    assert!(body.contains("4.0"));
    app.ask("POST", DOSSIERS).header("content-type", "application/json").raw(body).send().expect(201);
    let path = format!("{DOSSIERS}/A");
    let patch = |text: &str| {
        app.ask("PATCH", &path).header("content-type", "application/merge-patch+json").raw(text).send()
    };
    assert_eq!(patch("{\"status\": 2.0}").expect(200).json["status"], 2);
    assert_eq!(patch("{\"status\": 0.4e1}").expect(200).json["status"], 4);
    assert_eq!(patch("{\"status\": 4.5}").expect(400).violations(), [("/status", "wrong_type")]);
    assert_eq!(patch("{\"status\": 1e30}").expect(400).violations(), [("/status", "wrong_type")]);
});
