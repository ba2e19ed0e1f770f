//! `/code-lists`: every closed list of words, with labels in both languages.

use std::collections::BTreeMap;

use chiso::http::openapi;
use serde_json::{Value, json};

use crate::{
    layers::sources,
    support::{api_test, plain_test, spec},
};

/// Lists of words that no caller meets: parts of files, of tables or of the program's own bookkeeping.
const INTERNAL: [&str; 6] = ["Member", "DateForm", "Closing", "Action", "Area", "ClaimState"];

fn words_of(list: &Value) -> Vec<&str> {
    list["codes"].as_array().unwrap().iter().map(|code| code["code"].as_str().unwrap()).collect()
}

api_test!(every_word_of_the_document_is_in_a_list, |app| {
    let lists = app.get("/api/v1/code-lists").expect(200).json;
    let by_schema: BTreeMap<&str, &Value> = lists["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|list| (list["schema"].as_str().unwrap(), list))
        .collect();
    let schemas = openapi::document()["components"]["schemas"].as_object().unwrap();
    let mut found = 0;
    for (name, schema) in schemas.iter().filter(|(_, schema)| schema.get("enum").is_some()) {
        let list = by_schema.get(name.as_str()).unwrap_or_else(|| panic!("{name} is in no list"));
        let words: Vec<&str> = schema["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(words_of(list), words, "{name}");
        found += 1;
    }
    assert!(found > 30);
    // Words of a parameter that no body names stand in the document beside it; those of a sort and of
    // what is included are names of members.
    for (path, item) in spec::document()["paths"].as_object().unwrap() {
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            let Some(words) = parameter["schema"]["enum"]
                .as_array()
                .filter(|_| parameter["name"] != "sort" && parameter["name"] != "include")
            else {
                continue;
            };
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            assert!(by_schema.values().any(|list| words_of(list) == words), "{path}: {words:?}");
        }
    }
});

plain_test!(every_list_of_words_in_the_program_is_in_a_list_or_internal, {
    let known: Vec<&str> = chiso::http::schema::WORD_LISTS.iter().map(|(name, _)| *name).collect();
    for file in sources("src") {
        let text = std::fs::read_to_string(&file).unwrap();
        let declared = text.split("words! {").skip(1).filter_map(|rest| rest.split("pub enum ").nth(1));
        for name in declared.map(|rest| rest.split(' ').next().unwrap()).filter(|name| *name != "$name") {
            assert!(known.contains(&name) || INTERNAL.contains(&name), "{}: {name}", file.display());
        }
    }
});

api_test!(a_list_has_labels_and_an_order, |app| {
    let stages = app.get("/api/v1/code-lists/score_stage").expect(200);
    assert_eq!(
        stages.json["codes"][0],
        json!({"code": "self", "label_vi": "Tự đánh giá", "label_en": "Self-assessed", "order": 1})
    );
    let lists = app.get("/api/v1/code-lists").expect(200);
    let items = lists.json["items"].as_array().unwrap();
    assert!(items.contains(&stages.json));
    for list in items {
        let codes = list["codes"].as_array().unwrap();
        for (i, code) in codes.iter().enumerate() {
            assert_eq!(code["order"], i + 1);
            for label in ["label_vi", "label_en"] {
                assert!(!code[label].as_str().unwrap().is_empty());
            }
        }
    }
    let names: Vec<&str> = lists.each("name");
    assert!(names.is_sorted(), "{names:?}");
    let statuses = app.get("/api/v1/code-lists/status").expect(200).json;
    assert_eq!(
        (words_of(&statuses).len(), &statuses["codes"][9]["label_vi"]),
        (10, &json!("Đã trả kết quả"))
    );
    let answers = app.get("/api/v1/code-lists/dvcqg_result").expect(200).json;
    assert_eq!(words_of(&answers), ["created", "updated", "unchanged", "rejected"]);
    let result = &openapi::document()["components"]["schemas"]["DvcqgAnswer"]["properties"]["result"];
    assert_eq!(result["$ref"], "#/components/schemas/DvcqgResult");
    app.ask("GET", "/api/v1/code-lists").header("if-none-match", lists.etag()).send().expect(304);
    assert_eq!(app.get("/api/v1/code-lists/no").expect(404).code(), "not_found");
    assert_eq!(
        app.get("/api/v1/code-lists?name=x").expect(400).violations(),
        [("name", "unknown_parameter")]
    );
});
