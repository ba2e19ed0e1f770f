//! Wrong queries and wrong bytes: alike for every resource.

use super::{MALFORMED, Row, Sent, bare};
use crate::support::records::{DOSSIERS, UNITS};

pub fn wrong_queries() -> Vec<Row> {
    let get = |name, path: &str, violation| bare(name, "GET", path, &[], MALFORMED, violation);
    vec![
        get("an unknown parameter", "/api/v1/units?colour=red", ("colour", "unknown_parameter")),
        get("a parameter of another list", "/api/v1/units?unit_id=u", ("unit_id", "unknown_parameter")),
        get("a parameter where there is none", "/health/live?a=1", ("a", "unknown_parameter")),
        get("a parameter of a record", "/api/v1/units/u?fields=id", ("fields", "unknown_parameter")),
        get("a limit of 0", "/api/v1/units?limit=0", ("limit", "out_of_range")),
        get("a limit of 501", "/api/v1/units?limit=501", ("limit", "out_of_range")),
        get("a limit below 0", "/api/v1/units?limit=-1", ("limit", "wrong_type")),
        get("a limit that is a word", "/api/v1/dossiers?limit=many", ("limit", "wrong_type")),
        get(
            "a limit beyond all numbers",
            "/api/v1/dossiers?limit=99999999999999999999",
            ("limit", "wrong_type"),
        ),
        get("a limit given twice", "/api/v1/units?limit=1&limit=2", ("limit", "duplicate_field")),
        get("an unknown sort key", "/api/v1/units?sort=level", ("sort", "unknown_sort_key")),
        get(
            "a sort key of injected SQL",
            "/api/v1/units?sort=id;drop%20table%20units",
            ("sort", "unknown_sort_key"),
        ),
        get("two signs before a sort key", "/api/v1/units?sort=--id", ("sort", "unknown_sort_key")),
        get("an empty sort key", "/api/v1/units?sort=", ("sort", "unknown_sort_key")),
        get("a cursor that is none", "/api/v1/units?cursor=abc", ("cursor", "invalid_cursor")),
        get("a day that there is not", "/api/v1/units?as_of=2021-02-29", ("as_of", "wrong_type")),
        get("a level that there is not", "/api/v1/units?level=hamlet", ("level", "unknown_word")),
        get("an outcome that there is not", "/api/v1/dossiers?outcome=done", ("outcome", "unknown_word")),
        get("a boolean that is a word", "/api/v1/dossiers?interlinked=yes", ("interlinked", "wrong_type")),
        get("a status that is a word", "/api/v1/dossiers?status=open", ("status", "wrong_type")),
        get("a status 0", "/api/v1/dossiers?status=0", ("status", "wrong_type")),
        get("a status 11", "/api/v1/dossiers?status=11", ("status", "wrong_type")),
        get("a NUL in a search", "/api/v1/units?q=%00", ("q", "control_character")),
        get("a NUL in a filter", "/api/v1/dossiers?unit_id=a%00", ("unit_id", "control_character")),
        bare(
            "a parameter of a deletion",
            "DELETE",
            "/api/v1/units/child?force=true",
            &[],
            MALFORMED,
            ("force", "unknown_parameter"),
        ),
    ]
}

pub fn wrong_bytes() -> Vec<Row> {
    let raw = |name, path: &str, kind, bytes: &[u8], (status, code), violation| Row {
        name,
        method: "POST",
        path: path.to_owned(),
        headers: &[],
        sent: Sent::Raw(kind, bytes.to_vec()),
        status,
        code,
        violation,
    };
    let json = "application/json";
    let syntax = Some(("", "malformed_json"));
    let mut deep = b"[".repeat(100_000);
    deep.extend(b"]".repeat(100_000));
    vec![
        raw("half a body", UNITS, json, b"{\"id\": \"x\"", MALFORMED, syntax),
        raw("an empty body", UNITS, json, b"", MALFORMED, syntax),
        raw("two bodies", UNITS, json, b"{}{}", MALFORMED, syntax),
        raw("not a number", UNITS, json, b"{\"id\": NaN}", MALFORMED, syntax),
        raw("bytes that are no UTF-8", UNITS, json, b"{\"id\": \"\xff\xfe\"}", MALFORMED, syntax),
        raw("half a surrogate", UNITS, json, b"{\"id\": \"\\ud800\"}", MALFORMED, syntax),
        raw("100,000 brackets", UNITS, json, &deep, MALFORMED, Some(("", "too_deep"))),
        raw(
            "a member given twice",
            UNITS,
            json,
            b"{\"id\": \"a\", \"id\": \"b\"}",
            MALFORMED,
            Some(("/id", "duplicate_field")),
        ),
        raw("a number beyond all numbers", DOSSIERS, json, b"{\"status\": 1e999}", MALFORMED, syntax),
        raw("10 MB", UNITS, json, &b" ".repeat(10_000_000), (413, "too_large"), None),
        raw(
            "a form",
            UNITS,
            "application/x-www-form-urlencoded",
            b"id=x",
            (415, "unsupported_media_type"),
            None,
        ),
        raw(
            "a merge patch for a new record",
            UNITS,
            "application/merge-patch+json",
            b"{}",
            (415, "unsupported_media_type"),
            None,
        ),
    ]
}
