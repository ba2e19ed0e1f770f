//! Wrong requests on units.

use serde_json::{Value, json};

use super::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, bare, body};
use crate::support::records::{UNITS, unit, with, without};

const U: &str = "/api/v1/units/u";

pub fn wrong_units() -> Vec<Row> {
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
