//! Wrong requests on dossiers.

use serde_json::{Value, json};

use super::{INVALID, MALFORMED, NOWHERE, Row, body};
use crate::support::records::{DOSSIERS, dossier, with, without};

const D: &str = "/api/v1/dossiers/D-1";

pub fn wrong_dossiers() -> Vec<Row> {
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
            "open with a return",
            json!({"returned_at": "2020-03-05T08:00:00Z"}),
            INVALID,
            ("/returned_at", "refused_by_status"),
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
