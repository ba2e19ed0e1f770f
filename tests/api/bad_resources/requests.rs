//! Wrong queries, addresses, methods and bytes; U+0000 in each member.

use serde_json::{Value, json};

use super::{
    ABSENT, ACTIONS, COMMENDATIONS, FIGURES, INVALID, MALFORMED, NOWHERE, Row, Sent, bare, body, decision,
};
use crate::support::{
    indexes::{EDITION, INDEXES, SCORES, edition, score},
    records::{UNITS, unit, with},
};

/// The place where a NUL stands, and the body that has it there.
type Place = (&'static str, &'static str, &'static str, &'static str, Value);

#[rustfmt::skip]
pub fn nul_in_each_member() -> Vec<Row> {
    let nul = "a\u{0}b";
    let put_edition = |over| with(edition(), over);
    let figure = |over| with(json!({"unit_id": "u", "measure": "m", "period": "2020", "value": "1", "unit_of_measure": "band", "source": {"title": "x"}}), over);
    let action = |over| with(json!({"kind": "plan_task", "title": "x", "owner_unit_id": "u"}), over);
    let places: Vec<Place> = vec![
        ("a NUL in an id of a unit", "POST", UNITS, "/id", with(unit("new"), json!({"id": nul}))),
        ("a NUL in a parent", "POST", UNITS, "/parent_id", with(unit("new"), json!({"parent_id": nul}))),
        ("a NUL in an index code", "POST", INDEXES, "/code", json!({"code": nul, "name": "x"})),
        ("a NUL in an index name", "POST", INDEXES, "/name", json!({"code": "new", "name": nul})),
        ("a NUL in a description", "PATCH", "/api/v1/indexes/ix", "/description", json!({"description": nul})),
        ("a NUL in a framework", "PUT", EDITION, "/framework", put_edition(json!({"framework": nul}))),
        ("a NUL in a criterion code", "PUT", EDITION, "/criteria/0/code", put_edition(json!({"criteria": [{"code": nul, "name": "x"}]}))),
        ("a NUL in a criterion parent", "PUT", EDITION, "/criteria/0/parent", put_edition(json!({"criteria": [{"code": "a", "name": "x", "parent": nul}]}))),
        ("a NUL in a cohort's unit", "PUT", EDITION, "/cohorts/0/unit_ids/0", put_edition(json!({"cohorts": [{"code": "c", "name": "x", "unit_ids": [nul]}]}))),
        ("a NUL in a rule's parent", "PUT", EDITION, "/cohorts/0/rule/parent_id", put_edition(json!({"cohorts": [{"code": "c", "name": "x", "rule": {"parent_id": nul}}]}))),
        ("a NUL in a label", "PUT", EDITION, "/bands/0/label", put_edition(json!({"bands": [{"label": nul}]}))),
        ("a NUL in a score's index", "POST", SCORES, "/index_code", with(score("v", 1), json!({"index_code": nul}))),
        ("a NUL in a score's unit", "POST", SCORES, "/unit_id", score(nul, 1)),
        ("a NUL in a score's criterion", "POST", SCORES, "/criterion", with(score("v", 1), json!({"criterion": nul}))),
        ("a NUL in a score's source", "POST", SCORES, "/source", with(score("v", 1), json!({"source": nul}))),
        ("a NUL in a member that is ignored", "POST", SCORES, "/score_exact", with(score("v", 1), json!({"score_exact": nul}))),
        ("a NUL in an issuer", "POST", COMMENDATIONS, "/issuer_unit_id", with(decision(), json!({"issuer_unit_id": nul}))),
        ("a NUL in a decision number", "POST", COMMENDATIONS, "/decision_number", with(decision(), json!({"decision_number": nul}))),
        ("a NUL in a recipient's name", "POST", COMMENDATIONS, "/recipients/0/name", with(decision(), json!({"recipients": [{"kind": "individual", "name": nul}]}))),
        ("a NUL in a recipient's unit", "POST", COMMENDATIONS, "/recipients/0/unit_id", with(decision(), json!({"recipients": [{"kind": "individual", "unit_id": nul}]}))),
        ("a NUL in a figure's unit", "POST", FIGURES, "/unit_id", figure(json!({"unit_id": nul}))),
        ("a NUL in a value", "POST", FIGURES, "/value", figure(json!({"value": nul}))),
        ("a NUL in a period", "POST", FIGURES, "/period", figure(json!({"period": nul}))),
        ("a NUL in a title", "POST", FIGURES, "/source/title", figure(json!({"source": {"title": nul}}))),
        ("a NUL in an owner", "POST", ACTIONS, "/owner_unit_id", action(json!({"owner_unit_id": nul}))),
        ("a NUL in a review's unit", "POST", ACTIONS, "/review_unit_id", action(json!({"review_unit_id": nul, "review_year": 2020}))),
        ("a NUL in an action's index", "POST", ACTIONS, "/index_code", action(json!({"index_code": nul}))),
        ("a NUL in an action's criterion", "POST", ACTIONS, "/criterion", action(json!({"index_code": "ix", "criterion": nul}))),
    ];
    places
        .into_iter()
        .map(|(name, method, path, pointer, with_nul)| body(name, method, path, with_nul, INVALID, (pointer, "control_character")))
        .collect()
}

#[rustfmt::skip]
pub fn wrong_queries() -> Vec<Row> {
    let get = |name, path: &str, violation| bare(name, "GET", &format!("/api/v1/{path}"), &[], MALFORMED, violation);
    vec![
        get("an unknown parameter of indexes", "indexes?year=2016", ("year", "unknown_parameter")),
        get("an unknown parameter of scores", "index-scores?unit=u", ("unit", "unknown_parameter")),
        get("a limit of 0", "index-scores?limit=0", ("limit", "out_of_range")),
        get("a limit of 501", "commendations?limit=501", ("limit", "out_of_range")),
        get("a limit of 501 changes", "changes?limit=501", ("limit", "out_of_range")),
        get("a limit of 0 changes", "changes?limit=0", ("limit", "out_of_range")),
        get("an unknown sort key of editions", "indexes/ix/editions?sort=framework", ("sort", "unknown_sort_key")),
        get("an unknown sort key of scores", "index-scores?sort=score_sort", ("sort", "unknown_sort_key")),
        get("two signs before a sort key", "reported-figures?sort=--measure", ("sort", "unknown_sort_key")),
        get("a cursor that is none", "improvement-actions?cursor=abc", ("cursor", "invalid_cursor")),
        get("a cursor of the feed that is none", "changes?after=abc", ("after", "invalid_cursor")),
        get("a kind of record that there is not", "changes?resource=reviews", ("resource", "unknown_word")),
        get("a year that is a word", "index-scores?year=last", ("year", "wrong_type")),
        get("a stage that there is not", "index-scores?stage=end", ("stage", "unknown_word")),
        get("applicable that is a number", "index-scores?applicable=1", ("applicable", "wrong_type")),
        get("a form that there is not", "commendations?form=medal", ("form", "unknown_word")),
        get("a day that there is not", "commendations?decided_from=2021-02-29", ("decided_from", "wrong_type")),
        get("a kind that there is not", "improvement-actions?kind=wish", ("kind", "unknown_word")),
        get("a status of editions that there is not", "indexes/ix/editions?status=open", ("status", "unknown_word")),
        get("a NUL in a filter", "index-scores?unit_id=%00", ("unit_id", "control_character")),
        get("a NUL in a search", "commendations?q=a%00", ("q", "control_character")),
        get("a NUL in a cohort", "indexes/ix/rankings/2016?cohort=%00", ("cohort", "control_character")),
        get("a NUL in a record id", "changes?record_id=%00", ("record_id", "control_character")),
        get("a NUL in a cursor", "changes?after=%00", ("after", "control_character")),
        get("an unknown parameter of a ranking", "indexes/ix/rankings/2016?limit=5", ("limit", "unknown_parameter")),
        get("an unknown part of a ranking", "indexes/ix/rankings/2016?include=weights", ("include", "unknown_word")),
        get("an unknown stage of a ranking", "indexes/ix/rankings/2016?stage=end", ("stage", "unknown_word")),
        get("a base year that is a word", "indexes/ix/rankings/2016?base_year=last", ("base_year", "not_a_year")),
        get("a base year with a sign", "indexes/ix/rankings/2016?base_year=%2B2015", ("base_year", "not_a_year")),
        get("a ranking of no year", "indexes/ix/rankings/x", ("year", "not_a_year")),
        get("a ranking of a year of five digits", "indexes/ix/rankings/02016", ("year", "not_a_year")),
        get("a parameter of an index", "indexes/ix?fields=name", ("fields", "unknown_parameter")),
    ]
}

#[rustfmt::skip]
pub fn wrong_addresses() -> Vec<Row> {
    let method = |name, method, path: &str| bare(name, method, path, &[], (405, "method_not_allowed"), NOWHERE);
    vec![
        method("a list of indexes put", "PUT", INDEXES),
        method("a list of editions posted", "POST", "/api/v1/indexes/ix/editions"),
        method("a score read by key", "GET", "/api/v1/index-scores/by-key/ix/2016/u/final/a"),
        method("a ranking deleted", "DELETE", "/api/v1/indexes/ix/rankings/2016"),
        method("the feed posted to", "POST", "/api/v1/changes"),
        method("a decision posted to", "POST", "/api/v1/commendations/x"),
        bare("an address below an edition", "GET", "/api/v1/indexes/ix/editions/2016/x", &[], (404, "unknown_route"), NOWHERE),
        bare("a NUL in an index", "GET", "/api/v1/indexes/%00", &[], ABSENT, NOWHERE),
        bare("a NUL in the index of a ranking", "GET", "/api/v1/indexes/%00/rankings/2016", &[], ABSENT, NOWHERE),
        bare("a ranking of no index, of no year", "GET", "/api/v1/indexes/no/rankings/x", &[], ABSENT, NOWHERE),
        bare("a NUL in a score", "GET", "/api/v1/index-scores/%00", &[], ABSENT, NOWHERE),
        bare("a NUL in a decision", "DELETE", "/api/v1/commendations/%00", &[], ABSENT, NOWHERE),
        bare("a NUL in a figure", "GET", "/api/v1/reported-figures/a%00", &[], ABSENT, NOWHERE),
        bare("a NUL in a year", "GET", "/api/v1/indexes/ix/editions/%00", &[], MALFORMED, ("year", "not_a_year")),
        bare("a ranking without an edition", "GET", "/api/v1/indexes/ix/rankings/2017", &[], ABSENT, NOWHERE),
        bare("a ranking against no edition", "GET", "/api/v1/indexes/ix/rankings/2016?base_year=2015", &[], ABSENT, NOWHERE),
        bare("the deletion of an edition with scores", "DELETE", EDITION, &[], (409, "in_use"), ("", "referred_to")),
        bare("the deletion of an index with editions", "DELETE", "/api/v1/indexes/ix", &[], (409, "in_use"), ("", "referred_to")),
        bare("a stale deletion of an index", "DELETE", "/api/v1/indexes/ix", &[("if-match", "\"0\"")], (412, "stale"), NOWHERE),
        bare("a deletion with two preconditions", "DELETE", EDITION, &[("if-match", "*"), ("if-none-match", "*")], MALFORMED, ("If-None-Match", "two_preconditions")),
        bare("the deletion of no action", "DELETE", "/api/v1/improvement-actions/x", &[], ABSENT, NOWHERE),
    ]
}

#[rustfmt::skip]
pub fn wrong_bytes() -> Vec<Row> {
    let raw = |name, method, path: &str, kind, bytes: &[u8], problem, violation| Row {
        sent: Sent::Raw(kind, bytes.to_vec()),
        ..bare(name, method, path, &[], problem, violation)
    };
    let json = "application/json";
    let syntax = ("", "malformed_json");
    let unsupported = (415, "unsupported_media_type");
    vec![
        raw("half an index", "POST", INDEXES, json, b"{\"code\": \"x\"", MALFORMED, syntax),
        raw("an empty edition", "PUT", EDITION, json, b"", MALFORMED, syntax),
        raw("two scores", "POST", SCORES, json, b"{}{}", MALFORMED, syntax),
        raw("a score that is NaN", "POST", SCORES, json, b"{\"score\": NaN}", MALFORMED, syntax),
        raw("a raw NUL", "POST", FIGURES, json, b"{\"value\": \"a\0\"}", MALFORMED, syntax),
        raw("bytes that are no UTF-8", "POST", ACTIONS, json, b"{\"title\": \"\xff\"}", MALFORMED, syntax),
        raw("half a surrogate", "POST", COMMENDATIONS, json, b"{\"ground\": \"\\ud800\"}", MALFORMED, syntax),
        raw("a member given twice", "POST", INDEXES, json, b"{\"code\": \"a\", \"code\": \"b\"}", MALFORMED, ("/code", "duplicate_field")),
        raw("a form", "POST", SCORES, "application/x-www-form-urlencoded", b"score=1", unsupported, NOWHERE),
        raw("a merge patch for a new decision", "POST", COMMENDATIONS, "application/merge-patch+json", b"{}", unsupported, NOWHERE),
        raw("a patch that is a text", "PATCH", EDITION, "text/plain", b"{}", unsupported, NOWHERE),
        raw("a patch that is a list", "PATCH", EDITION, json, b"[]", MALFORMED, syntax),
        raw("a text for a score of an absent id", "PUT", "/api/v1/index-scores/x", "text/plain", b"1", ABSENT, NOWHERE),
        raw("10 MB", "POST", ACTIONS, json, &b" ".repeat(10_000_000), (413, "too_large"), NOWHERE),
    ]
}
