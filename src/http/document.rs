//! The OpenAPI document as it is committed: the server carries its bytes, and finds its operations in them.
//!
//! A test compares it with what the handlers say of themselves (`openapi`). Of an operation that is missing here the
//! server answers that there is none.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;

/// The document: sorted keys, two spaces, a newline at the end.
pub const TEXT: &str = include_str!("../../openapi/openapi.json");

/// An operation of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its method, in capitals.
    pub method: &'static str,
    /// Its address, with parameters as names.
    pub pattern: &'static str,
    /// Its name.
    pub id: &'static str,
}

/// The operations of all addresses, in the order of the document.
///
/// # Errors
/// When the text is no document, which no test lets pass.
pub fn read() -> Result<&'static [Operation], &'static str> {
    static OPERATIONS: OnceLock<Result<Vec<Operation>, String>> = OnceLock::new();
    let read =
        OPERATIONS.get_or_init(|| serde_json::from_str(TEXT).map(collected).map_err(|e| e.to_string()));
    read.as_deref().map_err(String::as_str)
}

/// The operations of all addresses.
pub fn operations() -> &'static [Operation] {
    read().unwrap_or_default()
}

/// The methods of an address, for `Allow`.
pub fn methods_of(pattern: &str) -> String {
    let methods = operations().iter().filter(|operation| operation.pattern == pattern).map(|o| o.method);
    let mut methods: Vec<&str> = methods.collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

/// What is read of the document; all else is passed over.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    paths: BTreeMap<&'a str, Item<'a>>,
}

/// An address. Members of other names, which are no methods, are passed over.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    get: Option<Named<'a>>,
    post: Option<Named<'a>>,
    put: Option<Named<'a>>,
    patch: Option<Named<'a>>,
    delete: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(rename = "operationId")]
    id: &'a str,
}

fn collected(document: Document<'static>) -> Vec<Operation> {
    let of_item = |(pattern, item): (&'static str, Item<'static>)| {
        [
            ("DELETE", item.delete),
            ("GET", item.get),
            ("PATCH", item.patch),
            ("POST", item.post),
            ("PUT", item.put),
        ]
        .into_iter()
        .filter_map(move |(method, named)| named.map(|Named { id }| Operation { method, pattern, id }))
    };
    document.paths.into_iter().flat_map(of_item).collect()
}
