//! What is still missing in an edition, unit by unit.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{EDITION, RANKING, SCORES, criterion, score},
    records::{UNITS, unit, with},
    wrong::{ABSENT, MALFORMED, NOWHERE, Row, bare, refuse_all},
};

fn completeness(app: &App, query: &str) -> Value {
    app.get(&format!("{EDITION}/completeness?{query}")).expect(200).json
}

/// Unit, whether complete, and what is missing of each.
fn told(found: &Value) -> Vec<(String, bool, Vec<String>)> {
    let units = found["units"].as_array().unwrap().iter();
    let missing = |unit: &Value| -> Vec<String> {
        let missing = unit["missing"].as_array().unwrap().iter();
        missing
            .map(|m| format!("{} {}", m["criterion"].as_str().unwrap_or("-"), m["stage"].as_str().unwrap()))
            .collect()
    };
    units
        .map(|u| (u["unit_id"].as_str().unwrap().to_owned(), u["complete"].as_bool().unwrap(), missing(u)))
        .collect()
}

fn one(unit: &str, missing: &[&str]) -> (String, bool, Vec<String>) {
    (unit.to_owned(), missing.is_empty(), missing.iter().map(|m| (*m).to_owned()).collect())
}

fn put(app: &App, path: &str, body: Value) {
    let answer = app.put(&format!("{SCORES}/by-key/ix/2016/{path}"), &body);
    assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.json);
}

api_test!(what_is_missing_is_told_for_each_unit, |app| {
    app.make_units(&["u", "v", "w"]);
    let below = |code: &str| with(criterion(code, 5), json!({"parent": "a"}));
    app.make_edition(json!({
        "criteria": [criterion("a", 10), below("a1"), below("a2"), criterion("b", 3)],
        "overlapping_cohorts": true,
        "cohorts": [{"code": "list", "name": "L", "unit_ids": ["u", "v"]}, {"code": "all", "name": "A", "rule": {"level": "commune"}}]
    }));
    let all = ["a1 final", "a2 final", "b final"];
    let found = completeness(app, "");
    assert_eq!(told(&found), [one("u", &all), one("v", &all), one("w", &all)]);
    assert_eq!(found["counts"], json!({"units": 3, "complete": 0, "missing": 9}));
    assert_eq!((&found["status"], &found["stage"]), (&json!("draft"), &json!("final")));
    assert_eq!(found["units"][0]["cohorts"], json!(["list", "all"]));
    assert_eq!(found["units"][2]["cohorts"], json!(["all"]));
    // A leaf, a parent for all below it, and what does not apply.
    put(app, "u/final/a1", json!({"score": 1}));
    put(app, "v/final/a", json!({"score": 9}));
    put(app, "v/final/b", json!({"applicable": false}));
    put(app, "w/final/_total", json!({"score": 9}));
    let found = completeness(app, "");
    assert_eq!(told(&found), [one("u", &["a2 final", "b final"]), one("v", &[]), one("w", &all)]);
    assert_eq!(found["counts"], json!({"units": 3, "complete": 1, "missing": 5}));
    assert_eq!(
        (&found["units"][2]["has_total"], &found["units"][0]["has_total"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(found["units"][0]["stages"][3], json!({"stage": "final", "expected": 3, "present": 1}));
    assert_eq!(found["units"][0]["stages"][0], json!({"stage": "self", "expected": 3, "present": 0}));
    for (query, want) in [
        ("cohort=list", vec!["u", "v"]),
        ("unit_id=w", vec!["w"]),
        ("cohort=list&unit_id=w", vec![]),
        ("complete=true", vec!["v"]),
        ("complete=false&cohort=list", vec!["u"]),
    ] {
        let units: Vec<String> = told(&completeness(app, query)).into_iter().map(|(unit, ..)| unit).collect();
        assert_eq!(units, want, "{query}");
    }
    // While it is open for self-assessment the units' own scores are due.
    app.post(&format!("{EDITION}/status"), &json!({"status": "self_assessment"})).expect(200);
    put(app, "u/self/a1", json!({"score": 1}));
    let found = completeness(app, "unit_id=u");
    assert_eq!(found["stage"], "self");
    assert_eq!(told(&found), [one("u", &["a2 self", "b self"])]);
    assert_eq!(told(&completeness(app, "unit_id=u&stage=final")), [one("u", &["a2 final", "b final"])]);
    let tag = app.get(&format!("{EDITION}/completeness")).etag();
    put(app, "u/self/b", json!({"score": 1}));
    assert_ne!(app.get(&format!("{EDITION}/completeness")).etag(), tag);
});

api_test!(an_edition_without_criteria_needs_totals, |app| {
    app.make_units(&["u", "v"]);
    app.make_edition(json!({}));
    app.make_score(&score("v", 1));
    let found = completeness(app, "");
    assert_eq!(told(&found), [one("u", &["- final"]), one("v", &[])]);
    assert_eq!(found["units"][0]["missing"], json!([{"criterion": null, "stage": "final"}]));
});

api_test!(each_criterion_waits_for_the_stage_that_scores_it, |app| {
    app.make_units(&["u"]);
    let scored = |code: &str, stage: &str| with(criterion(code, 10), json!({"stage": stage}));
    let bonus = json!({"code": "plus", "name": "Điểm thưởng", "kind": "bonus_penalty", "max_points": 2, "min_points": -2});
    app.make_edition(
        json!({"criteria": [scored("a", "appraised"), scored("s", "survey"), criterion("f", 10), bonus]}),
    );
    let due = ["a appraised", "s survey", "f final"];
    assert_eq!(told(&completeness(app, "")), [one("u", &due)], "points that may be left out are not missed");
    assert_eq!(told(&completeness(app, "stage=self")), [one("u", &["a self", "f self"])]);
    assert_eq!(told(&completeness(app, "stage=survey")), [one("u", &["s survey"])]);
    app.post(&format!("{EDITION}/status"), &json!({"status": "self_assessment"})).expect(200);
    put(app, "u/self/a", json!({"score": 8}));
    put(app, "u/survey/s", json!({"score": 7}));
    app.post(&format!("{EDITION}/status"), &json!({"status": "appraisal"})).expect(200);
    assert_eq!(told(&completeness(app, "")), [one("u", &["a appraised", "f final"])]);
    put(app, "u/appraised/a", json!({"score": 6}));
    put(app, "u/final/f", json!({"score": 5}));
    assert_eq!(told(&completeness(app, "")), [one("u", &[])]);
    // The sheet, the ranking and the revision agree on what counts.
    let sheet = app.get(&format!("{EDITION}/score-sheet?unit_id=u")).expect(200).json;
    let counts: Vec<String> = sheet["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let counts = &row["counts"];
            format!(
                "{} {}",
                counts["stage"].as_str().unwrap_or("-"),
                counts["score_exact"].as_str().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(counts, ["appraised 6", "survey 7", "final 5", "- -"]);
    let score = |app: &App| {
        app.get("/api/v1/indexes/ix/rankings/2016").expect(200).json["standings"][0]["score_exact"].clone()
    };
    assert_eq!(score(app), "18");
    app.post(&format!("{EDITION}/publish"), &json!({})).expect(201);
    put(app, "u/appraised/a", json!({"score": 9}));
    assert_eq!(score(app), "18");
    app.post(&format!("{EDITION}/publish"), &json!({"reason": "Đính chính"})).expect(201);
    assert_eq!(score(app), "21");
});

api_test!(a_survey_that_was_not_held_is_not_missing, |app| {
    app.make_units(&["u", "v"]);
    let scored = |code: &str, stage: &str| with(criterion(code, 10), json!({"stage": stage}));
    app.make_edition(json!({
        "criteria": [scored("a", "appraised"), scored("s", "survey")], "overlapping_cohorts": true,
        "cohorts": [{"code": "u", "name": "U", "unit_ids": ["u"]}, {"code": "all", "name": "A", "rule": {"level": "commune"}}]
    }));
    put(app, "u/appraised/a", json!({"score": 6}));
    let left_out = |found: &Value, unit: usize| found["units"][unit]["left_out"].clone();
    let found = completeness(app, "");
    assert_eq!(told(&found), [one("u", &[]), one("v", &["a appraised"])]);
    assert_eq!((left_out(&found, 0), left_out(&found, 1)), (json!(["s"]), json!(["s"])));
    assert_eq!(found["counts"], json!({"units": 2, "complete": 1, "missing": 1}));
    assert_eq!(found["units"][0]["stages"][3], json!({"stage": "final", "expected": 1, "present": 1}));
    let ranking = app.get("/api/v1/indexes/ix/rankings/2016?cohort=all").expect(200).json;
    assert_eq!(ranking["left_out"], json!(["s"]));
    // Who asks for the survey is told what it lacks.
    assert_eq!(told(&completeness(app, "stage=survey")), [one("u", &["s survey"]), one("v", &["s survey"])]);
    // Held anywhere in a cohort, it is missing where it is not.
    put(app, "v/survey/s", json!({"score": 5}));
    let found = completeness(app, "");
    assert_eq!(told(&found), [one("u", &["s survey"]), one("v", &["a appraised"])]);
    assert_eq!(left_out(&found, 0), json!([]));
    assert_eq!(told(&completeness(app, "cohort=u")), [one("u", &[])]);
});

api_test!(what_the_survey_scores_counts_in_no_ranking_of_another_stage, |app| {
    app.make_units(&["u", "v"]);
    let survey = with(criterion("s", 20), json!({"stage": "survey"}));
    app.make_edition(json!({"criteria": [criterion("a", 10), survey]}));
    for stage in ["self", "appraised"] {
        put(app, &format!("u/{stage}/a"), json!({"score": 8}));
        put(app, &format!("v/{stage}/a"), json!({"score": 6}));
        put(app, &format!("u/{stage}/s"), json!({"score": 15}));
        let found = completeness(app, &format!("stage={stage}"));
        assert_eq!(told(&found), [one("u", &[]), one("v", &[])], "{stage}");
        let ranking = app.get(&format!("{RANKING}?stage={stage}")).expect(200).json;
        assert_eq!((&ranking["unranked"], &ranking["left_out"]), (&json!([]), &json!(["s"])), "{stage}");
        let scores = ranking["standings"].as_array().unwrap().iter().map(|s| s["score_exact"].clone());
        assert_eq!(scores.collect::<Vec<_>>(), [json!("8"), json!("6")], "{stage}");
    }
});

api_test!(a_unit_to_which_nothing_applies_lacks_nothing_and_has_no_scores, |app| {
    app.make_units(&["u", "v"]);
    let bonus = json!({
        "code": "plus", "name": "Điểm thưởng", "kind": "bonus_penalty", "max_points": 2, "min_points": -2
    });
    app.make_edition(json!({"criteria": [criterion("a", 10), criterion("b", 10), bonus]}));
    for path in ["u/final/a", "u/final/b", "v/final/a", "v/final/b"] {
        put(app, path, json!({"applicable": false}));
    }
    // Bonus points alone make no total, and nothing that would is missing.
    put(app, "v/final/plus", json!({"score": 1}));
    assert_eq!(told(&completeness(app, "")), [one("u", &[]), one("v", &[])]);
    let ranking = app.get(RANKING).expect(200).json;
    let reasons = ranking["unranked"].as_array().unwrap().iter().map(|u| u["reason"].clone());
    assert_eq!(reasons.collect::<Vec<_>>(), [json!("no_scores"), json!("no_scores")]);
});

api_test!(a_unit_that_did_not_exist_in_the_year_is_not_waited_for, |app| {
    app.make_units(&["u"]);
    for (id, from, to) in [("later", Some("2018-01-01"), None), ("gone", None, Some("2016-01-01"))] {
        app.post(UNITS, &with(unit(id), json!({"valid_from": from, "valid_to": to}))).expect(201);
    }
    app.make_edition(json!({
        "criteria": [criterion("a", 10)],
        "cohorts": [{"code": "list", "name": "L", "unit_ids": ["gone", "later", "u"]}]
    }));
    let found = completeness(app, "");
    assert_eq!(told(&found), [one("u", &["a final"])]);
    put(app, "u/final/a", json!({"score": 5}));
    let found = completeness(app, "");
    assert_eq!(found["counts"], json!({"units": 1, "complete": 1, "missing": 0}));
    assert!(told(&completeness(app, "unit_id=later")).is_empty());
    // No score of it is taken, and the ranking says the same.
    let answer = app.put(&format!("{SCORES}/by-key/ix/2016/later/final/a"), &json!({"score": 5})).expect(422);
    assert_eq!(answer.violations(), [("/unit_id", "unit_not_in_existence")]);
    let ranking = app.get(RANKING).expect(200).json;
    let mut unranked: Vec<(&str, &str)> = ranking["unranked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| (u["unit_id"].as_str().unwrap(), u["reason"].as_str().unwrap()))
        .collect();
    unranked.sort_unstable();
    assert_eq!(unranked, [("gone", "not_in_existence"), ("later", "not_in_existence")]);
});

#[rustfmt::skip]
fn wrong_requests() -> Vec<Row> {
    let get = |name, path: &str, problem, violation| bare(name, "GET", &format!("/api/v1/indexes/{path}"), &[], problem, violation);
    vec![
        get("of no index", "no/editions/2016/completeness", ABSENT, NOWHERE),
        get("of no edition", "ix/editions/2017/completeness?x=1", ABSENT, NOWHERE),
        get("of no year", "ix/editions/x/completeness", MALFORMED, ("year", "not_a_year")),
        get("of no unit", "ix/editions/2016/completeness?unit_id=no", ABSENT, NOWHERE),
        get("of no cohort", "ix/editions/2016/completeness?cohort=no", ABSENT, NOWHERE),
        get("of no stage", "ix/editions/2016/completeness?stage=end", MALFORMED, ("stage", "unknown_word")),
        get("of a maybe", "ix/editions/2016/completeness?complete=maybe", MALFORMED, ("complete", "wrong_type")),
        get("with an unknown parameter", "ix/editions/2016/completeness?limit=1", MALFORMED, ("limit", "unknown_parameter")),
    ]
}

api_test!(wrong_questions_are_refused, |app| {
    app.make_edition(json!({}));
    refuse_all(app, wrong_requests());
});

api_test!(each_criterion_is_answered_by_its_own_stage, |app| {
    app.make_units(&["u"]);
    let of = |code: &str, over: Value| with(criterion(code, 10), over);
    let part = |over: Value| with(of("a1", json!({"parent": "a"})), over);
    let (appraised, survey) = (json!({"stage": "appraised"}), json!({"stage": "survey"}));
    let ranked = |query: &str| {
        app.get(&format!("{RANKING}?{query}")).expect(200).json["standings"].as_array().unwrap().len()
    };
    // The stage of a part is not that of what is above it.
    app.make_edition(json!({"criteria": [of("a", json!({})), part(appraised.clone())]}));
    put(app, "u/appraised/a", json!({"score": 7}));
    assert_eq!((told(&completeness(app, "")), ranked("")), (vec![one("u", &["a1 appraised"])], 0));
    app.make_edition(json!({"criteria": [of("a", appraised), part(json!({}))]}));
    assert_eq!((told(&completeness(app, "")), ranked("")), (vec![one("u", &[])], 1));
    // What a survey scores takes along all below it.
    let b = of("b", json!({}));
    app.make_edition(json!({"criteria": [of("a", survey), part(json!({})), b]}));
    put(app, "u/survey/a", json!({"score": 7}));
    put(app, "u/final/b", json!({"score": 4}));
    assert_eq!((told(&completeness(app, "")), ranked("")), (vec![one("u", &[])], 1));
    assert_eq!(told(&completeness(app, "stage=self")), [one("u", &["b self"])]);
    put(app, "u/self/b", json!({"score": 4}));
    let found = completeness(app, "stage=self");
    assert_eq!((told(&found), ranked("stage=self")), (vec![one("u", &[])], 1));
});
