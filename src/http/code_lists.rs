//! `/code-lists`: every word of the interface with its labels, as a frontend needs them to draw a form.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    code_labels,
    crud::no_query,
    endpoints::Endpoints,
    problem::{CODES, Problem},
    respond,
    schema::WORD_LISTS,
};
use crate::{domain::dossiers::Status, service::error::Error};

/// A word of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Code {
    /// The word as requests and answers have it; a status of dossiers is a number there.
    pub code: String,
    /// Vietnamese label.
    pub label_vi: String,
    /// English label.
    pub label_en: String,
    /// Its place in the list, from 1.
    pub order: usize,
}

/// A closed list of words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "score_unit", "schema": "ScoreUnit", "label_vi": "Đơn vị tính của điểm", "label_en": "What a score counts",
    "codes": [
        {"code": "points", "label_vi": "Điểm", "label_en": "Points", "order": 1},
        {"code": "percent", "label_vi": "Phần trăm", "label_en": "Percent", "order": 2}
    ]
}))]
pub struct CodeList {
    /// Name of the list.
    pub name: String,
    /// Name of its schema in the OpenAPI document, where a body names it.
    pub schema: String,
    /// Vietnamese label.
    pub label_vi: String,
    /// English label.
    pub label_en: String,
    /// The words in their order.
    pub codes: Vec<Code>,
}

/// Every closed list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeLists {
    /// The lists, by name.
    pub items: Vec<CodeList>,
    /// Always null: all lists are one page.
    #[schema(nullable)]
    pub next_cursor: Option<String>,
}

/// The name of a list: `ScoreUnit` is `score_unit`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

fn code_list(schema: &'static str, words: impl Iterator<Item = &'static str>) -> CodeList {
    let (label_vi, label_en) = code_labels::list(schema).map_or((schema, schema), |(_, vi, en, _)| (vi, en));
    CodeList {
        name: snake(schema),
        schema: schema.to_owned(),
        label_vi: label_vi.to_owned(),
        label_en: label_en.to_owned(),
        codes: (1..)
            .zip(words)
            .map(|(order, word)| {
                let (label_vi, label_en) = code_labels::labels(schema, word);
                Code {
                    code: word.to_owned(),
                    label_vi: label_vi.to_owned(),
                    label_en: label_en.to_owned(),
                    order,
                }
            })
            .collect(),
    }
}

/// The kinds of problems, from the table of their codes.
fn problems() -> CodeList {
    let code = |(order, (code, _, en, vi)): (usize, &(&'static str, u16, &str, &str))| Code {
        code: (*code).to_owned(),
        label_vi: (*vi).to_owned(),
        label_en: (*en).to_owned(),
        order,
    };
    CodeList {
        name: "problem".to_owned(),
        schema: "Problem".to_owned(),
        label_vi: "Loại lỗi".to_owned(),
        label_en: "Kind of a problem".to_owned(),
        codes: (1..).zip(CODES).map(code).collect(),
    }
}

/// Every list, by name.
fn lists() -> Vec<CodeList> {
    const STATUSES: [&str; 10] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    let known = |word: &&str| word.parse().ok().and_then(Status::new).is_some();
    let mut lists: Vec<CodeList> =
        WORD_LISTS.iter().map(|(name, words)| code_list(name, words.iter().copied())).collect();
    lists.push(code_list("Status", STATUSES.into_iter().filter(known)));
    lists.push(problems());
    lists.sort_by(|a, b| a.name.cmp(&b.name));
    lists
}

/// List the code lists
///
/// Every closed list of words of this interface, with Vietnamese and English labels and the order in which a form
/// shows them.
#[utoipa::path(tag = "operations", responses((status = 200, description = "The lists.", body = CodeLists)))]
#[get("/code-lists")]
pub async fn list_code_lists(request: HttpRequest) -> Result<HttpResponse, Problem> {
    no_query(&request)?;
    Ok(respond::computed(&request, &CodeLists { items: lists(), next_cursor: None }))
}

/// Get a code list
///
/// One list of words with its labels.
#[utoipa::path(
    tag = "operations", params(("name" = String, Path, description = "Name of the list: `score_stage`.")),
    responses((status = 200, description = "The list.", body = CodeList))
)]
#[get("/code-lists/{name}")]
pub async fn get_code_list(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = lists().into_iter().find(|list| list.name == *name);
    let list = found.ok_or_else(|| Error::not_found("code-lists", name.into_inner()))?;
    no_query(&request)?;
    Ok(respond::computed(&request, &list))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(list_code_lists).service(get_code_list);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{code_labels::LABELS, *};

    #[test]
    fn every_word_has_its_labels_in_both_languages() {
        let mut silent = Vec::new();
        for (name, words) in WORD_LISTS {
            let labels = code_labels::list(name).map_or(&[][..], |(.., labels)| labels);
            for word in *words {
                if !labels.iter().any(|(code, vi, en)| code == word && !vi.is_empty() && !en.is_empty()) {
                    silent.push(format!("{name}: {word}"));
                }
            }
        }
        assert!(silent.is_empty(), "words without a label in code_labels.rs: {silent:?}");
    }

    #[test]
    fn lists_and_labels_stand_once() {
        let names: BTreeSet<&str> = LABELS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names.len(), LABELS.len());
        for (name, .., labels) in LABELS {
            let codes: BTreeSet<&str> = labels.iter().map(|(code, ..)| *code).collect();
            assert_eq!(codes.len(), labels.len(), "{name}");
            assert!(lists().iter().any(|list| list.schema == *name), "{name}");
        }
        let names: BTreeSet<String> = lists().into_iter().map(|list| list.name).collect();
        assert_eq!(names.len(), lists().len());
    }

    #[test]
    fn names_are_written_as_members_are() {
        assert_eq!([snake("ScoreStage"), snake("Level")], ["score_stage", "level"]);
    }
}
