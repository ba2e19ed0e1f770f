//! Wrong indexes, editions and scores.

use serde_json::json;

use super::{INVALID, MALFORMED, NOWHERE, Row, body};
use crate::support::{
    indexes::{EDITION, INDEXES, SCORES, edition, score},
    records::{with, without},
};

#[rustfmt::skip]
pub fn wrong_indexes() -> Vec<Row> {
    let index = |name, over, problem, violation| body(name, "POST", INDEXES, with(json!({"code": "new", "name": "Mới"}), over), problem, violation);
    let put = |name, over, problem, violation| body(name, "PUT", EDITION, with(edition(), over), problem, violation);
    let area = |over| json!({"criteria": [with(json!({"code": "a", "name": "A"}), over)]});
    let cohort = |over| json!({"cohorts": [with(json!({"code": "c", "name": "C"}), over)]});
    let band = |over| json!({"bands": [with(json!({"label": "B"}), over)]});
    vec![
        index("an index name that is a number", json!({"name": 1}), MALFORMED, ("/name", "wrong_type")),
        index("an index with an unknown member", json!({"year": 2016}), MALFORMED, ("/year", "unknown_field")),
        index("an index code with a slash", json!({"code": "a/b"}), INVALID, ("/code", "not_an_id")),
        index("an index code that is taken", json!({"code": "ix"}), (409, "duplicate"), NOWHERE),
        index("an index without a name", json!({"name": " "}), INVALID, ("/name", "empty")),
        body("an index without a code", "POST", INDEXES, json!({"name": "x"}), INVALID, ("/code", "required")),
        body("an index code of the path that is none", "PUT", "/api/v1/indexes/a%20b", json!({"name": "x"}), INVALID, ("/code", "not_an_id")),
        put("an unknown member", json!({"colour": "red"}), MALFORMED, ("/colour", "unknown_field")),
        put("an unknown unit of measure", json!({"unit_of_measure": "stars"}), MALFORMED, ("/unit_of_measure", "unknown_word")),
        put("an unknown tie rule", json!({"tie_rule": "random"}), MALFORMED, ("/tie_rule", "unknown_word")),
        put("an unknown method", json!({"method": "guess"}), MALFORMED, ("/method", "unknown_word")),
        put("decimals that are a text", json!({"decimals": "2"}), MALFORMED, ("/decimals", "wrong_type")),
        put("decimals below 0", json!({"decimals": -1}), MALFORMED, ("/decimals", "wrong_type")),
        put("decimals with a fraction", json!({"decimals": 2.5}), MALFORMED, ("/decimals", "wrong_type")),
        put("eleven decimals", json!({"decimals": 11}), INVALID, ("/decimals", "out_of_range")),
        put("eleven decimals of ranks", json!({"rank_decimals": 11}), INVALID, ("/rank_decimals", "out_of_range")),
        put("a year that is a text", json!({"year": "2016"}), MALFORMED, ("/year", "wrong_type")),
        put("criteria that are an object", json!({"criteria": {}}), MALFORMED, ("/criteria", "wrong_type")),
        put("an unknown member of a criterion", area(json!({"points": 1})), MALFORMED, ("/criteria/0/points", "unknown_field")),
        put("a maximum that is a word", area(json!({"max_points": "ten"})), MALFORMED, ("/criteria/0/max_points", "wrong_type")),
        put("a maximum of too many digits", area(json!({"max_points": "1.2345678901234567890123456789"})), INVALID, ("/criteria/0/max_points", "too_precise")),
        put("a parent that is a number", area(json!({"parent": 1})), MALFORMED, ("/criteria/0/parent", "wrong_type")),
        put("cohorts that are null", json!({"cohorts": null}), MALFORMED, ("/cohorts", "wrong_type")),
        put("a cohort of all levels", cohort(json!({"rule": {"level": "hamlet"}})), MALFORMED, ("/cohorts/0/rule/level", "unknown_word")),
        put("a cohort on 30 February", cohort(json!({"rule": {"as_of": "2016-02-30"}})), MALFORMED, ("/cohorts/0/rule/as_of", "wrong_type")),
        put("an unknown member of a rule", cohort(json!({"rule": {"under": "u"}})), MALFORMED, ("/cohorts/0/rule/under", "unknown_field")),
        put("a unit id that is a number", cohort(json!({"unit_ids": [7]})), MALFORMED, ("/cohorts/0/unit_ids/0", "wrong_type")),
        put("a band that is empty", band(json!({"from": 1, "to": 1})), INVALID, ("/bands/0/to", "not_ascending")),
        put("an edge with a comma", band(json!({"from": "1,5"})), MALFORMED, ("/bands/0/from", "wrong_type")),
        put("an unknown member of a band", band(json!({"colour": 1})), MALFORMED, ("/bands/0/colour", "unknown_field")),
        put("criteria that leave scores behind", json!({"criteria": []}), (409, "in_use"), ("/criteria", "criterion_has_scores")),
        body("a maximum below a score", "PATCH", EDITION, json!({"criteria": [{"code": "a", "name": "A", "max_points": "4.9"}]}), (409, "in_use"), ("/criteria/0/max_points", "below_a_score")),
        body("a patch of read-only words", "PATCH", EDITION, json!({"tie_rule": 1}), MALFORMED, ("/tie_rule", "wrong_type")),
        body("an edition of no index", "PUT", "/api/v1/indexes/no/editions/2016", edition(), super::ABSENT, NOWHERE),
        Row { headers: &[("if-match", "\"0\"")], ..body("a stale edition", "PUT", EDITION, with(edition(), json!({"note": "x"})), (412, "stale"), NOWHERE) },
        Row { headers: &[("if-none-match", "*")], ..body("a new edition that is there", "PUT", EDITION, edition(), (412, "stale"), NOWHERE) },
    ]
}

#[rustfmt::skip]
pub fn wrong_scores() -> Vec<Row> {
    let post = |name, over, problem, violation| body(name, "POST", SCORES, with(with(score("v", 1), json!({"criterion": "a"})), over), problem, violation);
    let by_key = |name, path: &str, over, problem, violation| body(name, "PUT", &format!("{SCORES}/by-key/{path}"), over, problem, violation);
    vec![
        post("points above the maximum", json!({"score": "10.01"}), INVALID, ("/score", "above_maximum")),
        post("a score with a comma", json!({"score": "9,5"}), MALFORMED, ("/score", "wrong_type")),
        post("a score that is true", json!({"score": true}), MALFORMED, ("/score", "wrong_type")),
        post("a score that is a list", json!({"score": [1]}), MALFORMED, ("/score", "wrong_type")),
        post("a score of 29 digits", json!({"score": "1.0000000000000000000000000001"}), INVALID, ("/score", "too_precise")),
        post("a score beyond all numbers", json!({"score": "1e400"}), INVALID, ("/score", "too_precise")),
        post("a score where none applies", json!({"applicable": false}), INVALID, ("/score", "not_applicable")),
        post("no score where one applies", json!({"score": null}), INVALID, ("/score", "required")),
        post("a year that is a text", json!({"year": "2016"}), MALFORMED, ("/year", "wrong_type")),
        post("a year without an edition", json!({"year": 2015}), INVALID, ("/year", "unknown_edition")),
        post("a year beyond all years", json!({"year": 99999999999u64}), MALFORMED, ("/year", "wrong_type")),
        post("an unknown stage", json!({"stage": "end"}), MALFORMED, ("/stage", "unknown_word")),
        post("an unknown index", json!({"index_code": "no"}), INVALID, ("/index_code", "unknown_index")),
        post("an unknown unit", json!({"unit_id": "no"}), INVALID, ("/unit_id", "unknown_unit")),
        post("a unit that had ended", json!({"unit_id": "ended"}), INVALID, ("/unit_id", "unit_not_in_existence")),
        post("an unknown criterion", json!({"criterion": "z"}), INVALID, ("/criterion", "unknown_criterion")),
        post("applicable that is a text", json!({"applicable": "yes"}), MALFORMED, ("/applicable", "wrong_type")),
        post("a rank 0", json!({"published_rank": 0}), INVALID, ("/published_rank", "not_positive")),
        post("a rank with a fraction", json!({"published_rank": 1.5}), MALFORMED, ("/published_rank", "wrong_type")),
        post("an unknown member", json!({"points": 1}), MALFORMED, ("/points", "unknown_field")),
        post("a score that is there", json!({"unit_id": "u"}), (409, "duplicate"), NOWHERE),
        body("a score without a stage", "POST", SCORES, without(score("v", 1), "stage"), INVALID, ("/stage", "required")),
        body("a score of no id", "PUT", "/api/v1/index-scores/x", score("v", 1), super::ABSENT, NOWHERE),
        by_key("a score of no index", "no/2016/u/final/a", json!({"score": 1}), super::ABSENT, NOWHERE),
        by_key("a score of no edition", "ix/2015/u/final/a", json!({"score": 1}), super::ABSENT, NOWHERE),
        by_key("a score of no unit", "ix/2016/w/final/a", json!({"score": 1}), super::ABSENT, NOWHERE),
        by_key("a score of no criterion", "ix/2016/u/final/z", json!({"score": 1}), super::ABSENT, NOWHERE),
        by_key("a score of no stage", "ix/2016/u/end/a", json!({"score": 1}), MALFORMED, ("stage", "unknown_word")),
        by_key("a score of no year", "ix/x/u/final/a", json!({"score": 1}), MALFORMED, ("year", "not_a_year")),
        by_key("a score of a unit that had ended", "ix/2016/ended/final/a", json!({"score": 1}), INVALID, ("/unit_id", "unit_not_in_existence")),
        by_key("another key than the path's", "ix/2016/u/final/a", json!({"score": 1, "stage": "self"}), INVALID, ("/stage", "key_mismatch")),
        by_key("points above the maximum by key", "ix/2016/u/final/a", json!({"score": 11}), INVALID, ("/score", "above_maximum")),
        by_key("no score by key", "ix/2016/u/final/_total", json!({}), INVALID, ("/score", "required")),
        Row { headers: &[("if-match", "\"0\"")], ..by_key("a stale score", "ix/2016/u/final/a", json!({"score": 1}), (412, "stale"), NOWHERE) },
    ]
}
