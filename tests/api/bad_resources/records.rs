//! Wrong decisions, figures and actions.

use serde_json::{Value, json};

use super::{ABSENT, ACTIONS, COMMENDATIONS, FIGURES, INVALID, MALFORMED, NOWHERE, Row, body, decision};
use crate::support::records::{with, without};

#[rustfmt::skip]
pub fn wrong_decisions() -> Vec<Row> {
    let post = |name, over, problem, violation| body(name, "POST", COMMENDATIONS, with(decision(), over), problem, violation);
    let recipient = |over: Value| json!({"recipients": [with(json!({"kind": "individual"}), over)]});
    vec![
        post("both kinds of recipient at once", recipient(json!({"kind": ["collective", "individual"]})), MALFORMED, ("/recipients/0/kind", "wrong_type")),
        post("an unknown kind of recipient", recipient(json!({"kind": "family"})), MALFORMED, ("/recipients/0/kind", "unknown_word")),
        post("a count with a name", recipient(json!({"name": "A", "count": 2})), INVALID, ("/recipients/0/count", "count_with_name")),
        post("a count of 0", recipient(json!({"count": 0})), INVALID, ("/recipients/0/count", "out_of_range")),
        post("a count that is a text", recipient(json!({"count": "6"})), MALFORMED, ("/recipients/0/count", "wrong_type")),
        post("a count beyond all counts", recipient(json!({"count": 3_000_000_000u64})), MALFORMED, ("/recipients/0/count", "wrong_type")),
        post("a recipient's unit that there is not", recipient(json!({"unit_id": "no"})), INVALID, ("/recipients/0/unit_id", "unknown_unit")),
        post("an unknown member of a recipient", recipient(json!({"born": 1970})), MALFORMED, ("/recipients/0/born", "unknown_field")),
        post("no recipients", json!({"recipients": []}), INVALID, ("/recipients", "empty")),
        post("recipients that are an object", json!({"recipients": {"kind": "individual"}}), MALFORMED, ("/recipients", "wrong_type")),
        post("an unknown form", json!({"form": "medal"}), MALFORMED, ("/form", "unknown_word")),
        post("a form above the issuer", json!({"form": "bang_khen"}), INVALID, ("/form", "form_above_issuer")),
        post("an unknown issuer", json!({"issuer_unit_id": "no"}), INVALID, ("/issuer_unit_id", "unknown_unit")),
        post("an issuer that had ended", json!({"issuer_unit_id": "ended"}), INVALID, ("/issuer_unit_id", "unit_not_in_existence")),
        post("a decision on 31 April", json!({"decided_on": "2021-04-31"}), MALFORMED, ("/decided_on", "wrong_type")),
        post("a moment for a day", json!({"decided_on": "2021-04-01T00:00:00Z"}), MALFORMED, ("/decided_on", "wrong_type")),
        post("a decision before the achievement", json!({"decided_on": "2019-12-31"}), INVALID, ("/decided_on", "before_achievement")),
        post("a year of achievement 0", json!({"achievement_year": 0}), INVALID, ("/achievement_year", "out_of_range")),
        post("a number that is a number", json!({"decision_number": 1234}), MALFORMED, ("/decision_number", "wrong_type")),
        post("a number that is too long", json!({"decision_number": "x".repeat(101)}), INVALID, ("/decision_number", "too_long")),
        post("a number that is taken", json!({"decision_number": "Bình"}), (409, "number_taken"), ("/decision_number", "number_taken")),
        post("a number that is taken, decomposed", json!({"decision_number": "Bi\u{300}nh"}), (409, "number_taken"), ("/decision_number", "number_taken")),
        post("an unknown member", json!({"amount": 1}), MALFORMED, ("/amount", "unknown_field")),
        body("a decision of no id", "PATCH", "/api/v1/commendations/no", json!({"ground": "x"}), ABSENT, NOWHERE),
    ]
}

fn figure() -> Value {
    json!({
        "unit_id": "u", "measure": "m", "period": "2020", "value": "1", "unit_of_measure": "count",
        "source": {"title": "Báo cáo"}
    })
}

#[rustfmt::skip]
pub fn wrong_figures() -> Vec<Row> {
    let post = |name, over, problem, violation| body(name, "POST", FIGURES, with(figure(), over), problem, violation);
    vec![
        post("a value that is true", json!({"value": true}), MALFORMED, ("/value", "wrong_type")),
        post("a value that is null", json!({"value": null}), MALFORMED, ("/value", "wrong_type")),
        post("a count below 0", json!({"value": "-1"}), INVALID, ("/value", "not_a_count")),
        post("a count with a fraction", json!({"value": 1.5}), INVALID, ("/value", "not_a_count")),
        post("half a place", json!({"value": "0.5", "unit_of_measure": "places"}), INVALID, ("/value", "not_whole_places")),
        post("a label for points", json!({"value": "Khá", "unit_of_measure": "points"}), INVALID, ("/value", "not_a_decimal")),
        post("an unknown unit of measure", json!({"unit_of_measure": "stars"}), MALFORMED, ("/unit_of_measure", "unknown_word")),
        post("a fifth quarter", json!({"period": "2020-Q5"}), INVALID, ("/period", "not_a_period")),
        post("a period that is a number", json!({"period": 2020}), MALFORMED, ("/period", "wrong_type")),
        post("a base period that is none", json!({"base_period": "last year"}), INVALID, ("/base_period", "not_a_period")),
        post("a measure with a blank", json!({"measure": "a b"}), INVALID, ("/measure", "not_an_id")),
        post("an unknown unit", json!({"unit_id": "no"}), INVALID, ("/unit_id", "unknown_unit")),
        post("a review year 1899", json!({"review_year": 1899}), INVALID, ("/review_year", "out_of_range")),
        post("an assumption that is a word", json!({"unit_is_assumed": "yes"}), MALFORMED, ("/unit_is_assumed", "wrong_type")),
        post("a source that is a text", json!({"source": "Báo"}), MALFORMED, ("/source", "wrong_type")),
        post("a source without a title", json!({"source": {"url": "x"}}), INVALID, ("/source/title", "required")),
        post("an unknown member of a source", json!({"source": {"title": "x", "page": 1}}), MALFORMED, ("/source/page", "unknown_field")),
        post("a publication on day 32", json!({"source": {"title": "x", "published_on": "2020-01-32"}}), MALFORMED, ("/source/published_on", "wrong_type")),
        body("no value", "POST", FIGURES, without(figure(), "value"), INVALID, ("/value", "required")),
        body("a figure of no id", "PUT", "/api/v1/reported-figures/no", figure(), ABSENT, NOWHERE),
    ]
}

#[rustfmt::skip]
pub fn wrong_actions() -> Vec<Row> {
    let post = |name, over, problem, violation| body(name, "POST", ACTIONS, with(json!({"kind": "plan_task", "title": "Việc", "owner_unit_id": "u"}), over), problem, violation);
    vec![
        post("an unknown kind", json!({"kind": "wish"}), MALFORMED, ("/kind", "unknown_word")),
        post("an unknown status", json!({"status": "late"}), MALFORMED, ("/status", "unknown_word")),
        post("a title that is a list", json!({"title": ["x"]}), MALFORMED, ("/title", "wrong_type")),
        post("an unknown owner", json!({"owner_unit_id": "no"}), INVALID, ("/owner_unit_id", "unknown_unit")),
        post("a review without a year", json!({"review_unit_id": "u"}), INVALID, ("/review_year", "review_unit_and_year")),
        post("a review without a unit", json!({"review_year": 2020}), INVALID, ("/review_year", "review_unit_and_year")),
        post("an unknown index", json!({"index_code": "no"}), INVALID, ("/index_code", "unknown_index")),
        post("an unknown criterion", json!({"index_code": "ix", "criterion": "z"}), INVALID, ("/criterion", "unknown_criterion")),
        post("a criterion without an index", json!({"criterion": "a"}), INVALID, ("/criterion", "criterion_without_index")),
        post("a day of three digits", json!({"due_on": "2020-01-001"}), MALFORMED, ("/due_on", "wrong_type")),
        post("an unknown member", json!({"budget": 1}), MALFORMED, ("/budget", "unknown_field")),
    ]
}
