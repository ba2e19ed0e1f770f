//! The table of wrong requests: each with its status, its code and where it points; none is a 500, and none
//! leaves a trace in the database.
//!
//! A new resource adds a function of rows and a line in [`every_wrong_request_is_refused_without_a_trace`].

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    records::{DOSSIERS, UNITS, dossier, unit, with, without},
};

/// What is sent.
pub enum Sent {
    Nothing,
    Json(Value),
    /// Bytes, with a media type of their own.
    Raw(&'static str, Vec<u8>),
}

/// One wrong request.
pub struct Row {
    name: &'static str,
    method: &'static str,
    path: String,
    headers: &'static [(&'static str, &'static str)],
    sent: Sent,
    status: u16,
    code: &'static str,
    /// Pointer and code of one violation; none where the problem has none.
    violation: Option<(&'static str, &'static str)>,
}

/// A wrong body.
fn body(
    name: &'static str,
    method: &'static str,
    path: &str,
    body: Value,
    (status, code): (u16, &'static str),
    violation: (&'static str, &'static str),
) -> Row {
    let violation = (!violation.1.is_empty()).then_some(violation);
    Row { name, method, path: path.to_owned(), headers: &[], sent: Sent::Json(body), status, code, violation }
}

/// A wrong address, query or header.
fn bare(
    name: &'static str,
    method: &'static str,
    path: &str,
    headers: &'static [(&'static str, &'static str)],
    (status, code): (u16, &'static str),
    violation: (&'static str, &'static str),
) -> Row {
    let violation = (!violation.1.is_empty()).then_some(violation);
    Row { name, method, path: path.to_owned(), headers, sent: Sent::Nothing, status, code, violation }
}

const MALFORMED: (u16, &str) = (400, "malformed");
const INVALID: (u16, &str) = (422, "validation");
const ABSENT: (u16, &str) = (404, "not_found");
const NOWHERE: (&str, &str) = ("", "");
const U: &str = "/api/v1/units/u";
const D: &str = "/api/v1/dossiers/D-1";

fn wrong_units() -> Vec<Row> {
    let new = |over: Value| with(unit("new"), over);
    let post = |name, over, problem, violation| body(name, "POST", UNITS, new(over), problem, violation);
    let successors = |of: Value| json!({"valid_to": "2025-07-01", "successors": of});
    vec![
        post("a name that is a number", json!({"name": 7}), MALFORMED, ("/name", "wrong_type")),
        post("an id that is null", json!({"id": null}), INVALID, ("/id", "required")),
        body("no name", "POST", UNITS, without(unit("new"), "name"), INVALID, ("/name", "required")),
        post("an unknown member", json!({"colour": "red"}), MALFORMED, ("/colour", "unknown_field")),
        post("a level that there is not", json!({"level": "hamlet"}), MALFORMED, ("/level", "unknown_word")),
        post("a level in capitals", json!({"level": "Commune"}), MALFORMED, ("/level", "unknown_word")),
        post("a month 13", json!({"valid_from": "2020-13-01"}), MALFORMED, ("/valid_from", "wrong_type")),
        post("a 30 February", json!({"valid_to": "2020-02-30"}), MALFORMED, ("/valid_to", "wrong_type")),
        post(
            "a moment for a day",
            json!({"valid_to": "2020-01-01T00:00:00Z"}),
            MALFORMED,
            ("/valid_to", "wrong_type"),
        ),
        post("a year 0", json!({"valid_from": "0000-01-01"}), MALFORMED, ("/valid_from", "wrong_type")),
        post("an empty name", json!({"name": " \t "}), INVALID, ("/name", "empty")),
        post("a name that is too long", json!({"name": "ă".repeat(301)}), INVALID, ("/name", "too_long")),
        post("a NUL in a name", json!({"name": "a\u{0}b"}), INVALID, ("/name", "control_character")),
        post("a NUL in an id", json!({"id": "a\u{0}b"}), INVALID, ("/id", "control_character")),
        post("a slash in an id", json!({"id": "a/b"}), INVALID, ("/id", "not_an_id")),
        post("a code without a scheme", json!({"code": "1"}), INVALID, ("/code_scheme", "code_and_scheme")),
        post(
            "a scheme without a code",
            json!({"code_scheme": "s"}),
            INVALID,
            ("/code_scheme", "code_and_scheme"),
        ),
        post(
            "an end before the beginning",
            json!({"valid_from": "2020-01-02", "valid_to": "2020-01-01"}),
            INVALID,
            ("/valid_to", "not_after_valid_from"),
        ),
        post("an unknown parent", json!({"parent_id": "nowhere"}), INVALID, ("/parent_id", "unknown_unit")),
        post(
            "a NUL in a parent",
            json!({"parent_id": "u\u{0}"}),
            INVALID,
            ("/parent_id", "control_character"),
        ),
        post("itself for a parent", json!({"parent_id": "new"}), INVALID, ("/parent_id", "cycle")),
        post(
            "successors that are an object",
            json!({"successors": {}}),
            MALFORMED,
            ("/successors", "wrong_type"),
        ),
        post(
            "an unknown successor",
            successors(json!([{"unit_id": "nowhere", "extent": "part"}])),
            INVALID,
            ("/successors/0/unit_id", "unknown_unit"),
        ),
        post(
            "an unknown extent",
            successors(json!([{"unit_id": "u", "extent": "half"}])),
            MALFORMED,
            ("/successors/0/extent", "unknown_word"),
        ),
        post(
            "an unknown member of a successor",
            successors(json!([{"unit_id": "u", "extent": "part", "x": 1}])),
            MALFORMED,
            ("/successors/0/x", "unknown_field"),
        ),
        post(
            "a successor that is a list",
            successors(json!([["u", "part"]])),
            MALFORMED,
            ("/successors/0", "wrong_type"),
        ),
        post(
            "successors of a unit that goes on",
            json!({"successors": [{"unit_id": "u", "extent": "part"}]}),
            INVALID,
            ("/successors", "successors_without_end"),
        ),
        post(
            "a code that is taken",
            json!({"code": "1", "code_scheme": "gso"}),
            (409, "code_taken"),
            ("/code", "code_taken"),
        ),
        body("an id that is taken", "POST", UNITS, unit("u"), (409, "duplicate"), NOWHERE),
        body(
            "a list for a body",
            "POST",
            UNITS,
            json!(["x", null, null, "Xã", "commune"]),
            MALFORMED,
            ("", "wrong_type"),
        ),
        body("a text for a body", "POST", UNITS, json!("x"), MALFORMED, ("", "wrong_type")),
        body("null for a body", "POST", UNITS, json!(null), MALFORMED, ("", "wrong_type")),
        body("another id than the path's", "PUT", U, unit("v"), INVALID, ("/id", "key_mismatch")),
        body(
            "an id of the path that is none",
            "PUT",
            "/api/v1/units/a%20b",
            json!({"name": "x", "level": "other"}),
            INVALID,
            ("/id", "not_an_id"),
        ),
        body("a patch that is a list", "PATCH", U, json!([]), MALFORMED, ("", "malformed_json")),
        body("a patch of an absent unit", "PATCH", "/api/v1/units/x", json!({"name": "y"}), ABSENT, NOWHERE),
        body(
            "a patch that takes the name away",
            "PATCH",
            U,
            json!({"name": null}),
            INVALID,
            ("/name", "required"),
        ),
        body(
            "a unit below its own child",
            "PATCH",
            U,
            json!({"parent_id": "child"}),
            INVALID,
            ("/parent_id", "cycle"),
        ),
        body(
            "a validity that leaves dossiers out",
            "PATCH",
            U,
            json!({"valid_to": "2020-01-01"}),
            (409, "in_use"),
            NOWHERE,
        ),
        bare("the deletion of a unit in use", "DELETE", U, &[], (409, "in_use"), ("", "referred_to")),
        bare("the deletion of nothing", "DELETE", "/api/v1/units/x", &[], ABSENT, NOWHERE),
        bare("a NUL in a path", "GET", "/api/v1/units/%00", &[], ABSENT, NOWHERE),
        bare(
            "a stale deletion",
            "DELETE",
            "/api/v1/units/child",
            &[("if-match", "\"0\"")],
            (412, "stale"),
            NOWHERE,
        ),
        bare(
            "two preconditions",
            "DELETE",
            "/api/v1/units/child",
            &[("if-match", "*"), ("if-none-match", "*")],
            MALFORMED,
            ("If-None-Match", "two_preconditions"),
        ),
    ]
}

fn wrong_dossiers() -> Vec<Row> {
    let new = |over: Value| with(dossier("new", "u"), over);
    let post = |name, over, problem, violation| body(name, "POST", DOSSIERS, new(over), problem, violation);
    vec![
        body(
            "no unit",
            "POST",
            DOSSIERS,
            without(dossier("new", "u"), "unit_id"),
            INVALID,
            ("/unit_id", "required"),
        ),
        body(
            "no code",
            "POST",
            DOSSIERS,
            without(dossier("new", "u"), "code"),
            INVALID,
            ("/code", "required"),
        ),
        body(
            "no status",
            "POST",
            DOSSIERS,
            without(dossier("new", "u"), "status"),
            INVALID,
            ("/status", "required"),
        ),
        post("a status 0", json!({"status": 0}), MALFORMED, ("/status", "wrong_type")),
        post("a status 11", json!({"status": 11}), MALFORMED, ("/status", "wrong_type")),
        post("a status that is a text", json!({"status": "4"}), MALFORMED, ("/status", "wrong_type")),
        post("a status with a fraction", json!({"status": 4.5}), MALFORMED, ("/status", "wrong_type")),
        post(
            "an unknown channel",
            json!({"submitted_via": "fax"}),
            MALFORMED,
            ("/submitted_via", "unknown_word"),
        ),
        post("an online level 5", json!({"online_level": "5"}), MALFORMED, ("/online_level", "unknown_word")),
        post(
            "an online level that is a number",
            json!({"online_level": 4}),
            MALFORMED,
            ("/online_level", "wrong_type"),
        ),
        post(
            "interlinked that is a text",
            json!({"interlinked": "yes"}),
            MALFORMED,
            ("/interlinked", "wrong_type"),
        ),
        post(
            "a moment without an offset",
            json!({"accepted_at": "2020-03-02T08:00:00"}),
            MALFORMED,
            ("/accepted_at", "wrong_type"),
        ),
        post("a day for a moment", json!({"due_at": "2020-03-02"}), MALFORMED, ("/due_at", "wrong_type")),
        post("an hour 25", json!({"due_at": "2020-03-02T25:00:00Z"}), MALFORMED, ("/due_at", "wrong_type")),
        post("a year 9999", json!({"due_at": "9999-12-31T00:00:00Z"}), MALFORMED, ("/due_at", "wrong_type")),
        post(
            "a moment that is a number",
            json!({"due_at": 1583110800}),
            MALFORMED,
            ("/due_at", "wrong_type"),
        ),
        post("an unknown unit", json!({"unit_id": "nowhere"}), INVALID, ("/unit_id", "unknown_unit")),
        post("an empty unit", json!({"unit_id": ""}), INVALID, ("/unit_id", "unknown_unit")),
        post("a NUL in a unit", json!({"unit_id": "u\u{0}"}), INVALID, ("/unit_id", "control_character")),
        post(
            "a unit that had ended",
            json!({"unit_id": "ended"}),
            INVALID,
            ("/unit_id", "unit_not_in_existence"),
        ),
        post(
            "an unknown office",
            json!({"received_by_unit_id": "nowhere"}),
            INVALID,
            ("/received_by_unit_id", "unknown_unit"),
        ),
        post(
            "open without acceptance",
            json!({"accepted_at": null}),
            INVALID,
            ("/accepted_at", "required_by_status"),
        ),
        post(
            "finished without an end",
            json!({"status": 9}),
            INVALID,
            ("/finished_at", "required_by_status"),
        ),
        post(
            "withdrawn without an end",
            json!({"status": 7}),
            INVALID,
            ("/finished_at", "required_by_status"),
        ),
        post(
            "open with an end",
            json!({"finished_at": "2020-03-05T08:00:00Z"}),
            INVALID,
            ("/finished_at", "refused_by_status"),
        ),
        post(
            "due before acceptance",
            json!({"due_at": "2020-03-01T08:00:00Z"}),
            INVALID,
            ("/due_at", "before_accepted"),
        ),
        post(
            "finished before acceptance",
            json!({"status": 9, "finished_at": "2020-03-01T08:00:00Z"}),
            INVALID,
            ("/finished_at", "before_accepted"),
        ),
        post(
            "returned before the end",
            json!({"status": 10, "finished_at": "2020-03-05T08:00:00Z", "returned_at": "2020-03-04T08:00:00Z"}),
            INVALID,
            ("/returned_at", "before_finished"),
        ),
        post("an empty code", json!({"code": ""}), INVALID, ("/code", "empty")),
        post("a NUL in a code", json!({"code": "a\u{0}"}), INVALID, ("/code", "control_character")),
        post("a code that is too long", json!({"code": "x".repeat(101)}), INVALID, ("/code", "too_long")),
        post("a bell in a field", json!({"field": "a\u{7}b"}), INVALID, ("/field", "control_character")),
        post(
            "an applicant's name",
            json!({"applicant_name": "Nguyễn Văn A"}),
            MALFORMED,
            ("/applicant_name", "unknown_field"),
        ),
        body("a code that is taken", "POST", DOSSIERS, dossier("D-1", "u"), (409, "duplicate"), NOWHERE),
        body(
            "a code that is taken, decomposed",
            "POST",
            DOSSIERS,
            dossier("Bi\u{300}nh-1", "u"),
            (409, "duplicate"),
            NOWHERE,
        ),
        body(
            "a due date moved without a reason",
            "PATCH",
            D,
            json!({"due_at": "2020-04-01T08:00:00Z"}),
            (409, "due_change_without_reason"),
            ("/due_at", "due_change_without_reason"),
        ),
        body(
            "an empty reason",
            "PATCH",
            D,
            json!({"due_at": "2020-04-01T08:00:00Z", "due_change_reason": ""}),
            INVALID,
            ("/due_change_reason", "empty"),
        ),
        body(
            "another code than the path's",
            "PUT",
            D,
            dossier("D-2", "u"),
            INVALID,
            ("/code", "key_mismatch"),
        ),
        body(
            "a second acceptance",
            "PATCH",
            D,
            json!({"accepted_at": {"a": 1}}),
            MALFORMED,
            ("/accepted_at", "wrong_type"),
        ),
        Row {
            headers: &[("if-match", "\"1\"")],
            ..body("a stale replacement", "PUT", D, dossier("D-1", "u"), (412, "stale"), NOWHERE)
        },
        Row {
            headers: &[("if-none-match", "*")],
            ..body("a creation of what is there", "PUT", D, dossier("D-1", "u"), (412, "stale"), NOWHERE)
        },
    ]
}

fn wrong_queries() -> Vec<Row> {
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

fn wrong_bytes() -> Vec<Row> {
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
        raw("100,000 brackets", UNITS, json, &deep, MALFORMED, Some(("", "wrong_type"))),
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

fn begin(app: &App) {
    app.make_units(&["u"]);
    let over = json!({"parent_id": "u", "code": "1", "code_scheme": "gso"});
    app.post(UNITS, &with(unit("child"), over)).expect(201);
    app.post(UNITS, &with(unit("ended"), json!({"valid_to": "2020-01-01"}))).expect(201);
    app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
    app.post(DOSSIERS, &dossier("Bình-1", "u")).expect(201);
}

api_test!(every_wrong_request_is_refused_without_a_trace, |app| {
    begin(app);
    let rows: Vec<Row> =
        [wrong_units(), wrong_dossiers(), wrong_queries(), wrong_bytes()].into_iter().flatten().collect();
    assert!(rows.len() >= 60);
    let before = app.database.dump();
    let mut failures = Vec::new();
    for row in rows {
        let mut ask = app.ask(row.method, &row.path);
        for (name, value) in row.headers {
            ask = ask.header(name, *value);
        }
        let answer = match row.sent {
            Sent::Nothing => ask.send(),
            Sent::Json(body) => ask.json(&body).send(),
            Sent::Raw(kind, bytes) => ask.header("content-type", kind).raw(bytes).send(),
        };
        let told = answer.violations();
        let pointed = match row.violation {
            Some(violation) => told.contains(&violation),
            None => told.is_empty(),
        };
        if (answer.status, answer.code()) != (row.status, row.code) || !pointed {
            failures.push(format!(
                "{}: wanted {} {} {:?}, got {} {}",
                row.name, row.status, row.code, row.violation, answer.status, answer.json
            ));
        }
        if app.database.dump() != before {
            failures.push(format!("{}: it left a trace in the database", row.name));
            break;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
});
