//! Frameworks as data: what a criterion may say, the methods of a ranking, copies, and the editions that come ready.

use serde_json::{Value, json};

use crate::{
    lifecycle::{chiso, finished},
    support::{
        api_test,
        app::App,
        database::Database,
        database_test,
        indexes::{EDITION, RANKING, SCORES, criterion, edition, score},
        records::{UNITS, unit, with},
    },
};

#[track_caller]
fn refused(app: &App, over: Value, want: &[(&str, &str)]) {
    let answer = app.put(EDITION, &with(edition(), over.clone())).expect(422);
    assert_eq!(answer.violations(), want, "{over}");
}

fn below(parent: &str, code: &str, over: Value) -> Value {
    with(json!({"code": code, "name": code, "parent": parent}), over)
}

fn give(app: &App, unit: &str, scores: &[(&str, &str)]) {
    for (code, value) in scores {
        let made = with(score(unit, *value), json!({"criterion": code}));
        app.make_score(&made);
    }
}

/// Scores by unit.
pub fn totals(app: &App, query: &str) -> Vec<(String, String)> {
    let ranking = app.get(&format!("{RANKING}?{query}")).expect(200).json;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let standings = ranking["standings"].as_array().unwrap();
    let mut totals: Vec<_> =
        standings.iter().map(|s| (text(&s["unit_id"]), text(&s["score_exact"]))).collect();
    totals.sort();
    totals
}

pub fn of(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(unit, score)| ((*unit).to_owned(), (*score).to_owned())).collect()
}

api_test!(what_a_criterion_says_can_be_put_back, |app| {
    let from_records =
        json!({"measure": "on_time_of_resolved", "full_marks_from": "80.50", "zero_denominator": "zero"});
    app.make_edition(json!({
        "method": "normalised", "rescale_without_survey": true,
        "criteria": [
            {"code": "a", "name": "A", "max_points": 10, "weight": "100"},
            below("a", "a1", json!({"polarity": "negative", "stage": "survey"})),
            below("a", "a2", json!({"stage": "self", "max_points": 20, "from_records": from_records})),
            below("a", "a3", json!({"method": "weighted", "max_points": 5, "min_points": "-2.50"})),
            below("a3", "a31", json!({"weight": 100, "max_points": 1})),
            {"code": "plus", "name": "Điểm thưởng", "kind": "bonus_penalty", "min_points": -3, "max_points": 0}
        ]
    }));
    let read = app.get(EDITION).expect(200);
    let criteria = &read.json["criteria"];
    assert_eq!(
        criteria[2]["from_records"],
        json!({"measure": "on_time_of_resolved", "period": "year", "calendar": "civil", "full_marks_from": 80.5,
               "zero_denominator": "zero"})
    );
    assert_eq!(
        criteria[5],
        json!({"code": "plus", "name": "Điểm thưởng", "name_en": null, "parent": null, "max_points": 0,
               "min_points": -3, "weight": null, "polarity": "positive", "stage": null, "method": null,
               "kind": "bonus_penalty", "from_records": null})
    );
    assert_eq!((&criteria[1]["polarity"], &criteria[1]["stage"]), (&json!("negative"), &json!("survey")));
    assert_eq!(
        (&criteria[3]["method"], &read.json["rescale_without_survey"]),
        (&json!("weighted"), &json!(true))
    );
    assert_eq!(app.put(EDITION, &read.json).expect(200).etag(), read.etag());
});

api_test!(what_is_wrong_with_a_tree_is_named_with_its_place, |app| {
    app.make_edition(json!({}));
    let tree = |criteria: Value| json!({"criteria": criteria});
    let a = || criterion("a", 10);
    refused(
        app,
        tree(json!([
            with(a(), json!({"method": "weighted"})),
            below("a", "x", json!({"weight": 60, "max_points": 1})),
            below("a", "y", json!({"weight": 30, "max_points": 1}))
        ])),
        &[("/criteria/0", "weights_not_100")],
    );
    refused(
        app,
        tree(json!([with(a(), json!({"method": "weighted"})), below("a", "x", json!({"weight": 100}))])),
        &[("/criteria/1", "missing_weight")],
    );
    refused(
        app,
        tree(json!([
            with(a(), json!({"method": "normalised"})),
            below("a", "x", json!({"weight": 100})),
            below("a", "y", json!({}))
        ])),
        &[("/criteria/2", "missing_weight")],
    );
    let twelve = with(a(), json!({"method": "normalised", "max_points": 12}));
    refused(
        app,
        tree(json!([twelve, below("a", "x", json!({}))])),
        &[("/criteria/0/max_points", "scale_is_ten")],
    );
    refused(
        app,
        tree(json!([with(a(), json!({"min_points": 10}))])),
        &[("/criteria/0/min_points", "minimum_not_below_maximum")],
    );
    refused(
        app,
        tree(json!([with(a(), json!({"stage": "final"}))])),
        &[("/criteria/0/stage", "final_is_no_stage")],
    );
    let bonus = |over: Value| with(json!({"code": "b", "name": "B", "kind": "bonus_penalty"}), over);
    let bounds = json!({"min_points": -5, "max_points": 5});
    refused(app, tree(json!([a(), bonus(json!({"max_points": 5}))])), &[("/criteria/1", "missing_bounds")]);
    refused(
        app,
        tree(json!([a(), bonus(json!({"max_points": 5, "min_points": 1}))])),
        &[("/criteria/1", "missing_bounds")],
    );
    refused(
        app,
        tree(json!([criterion("a", 5), with(bonus(bounds.clone()), json!({"parent": "a"}))])),
        &[("/criteria/1/kind", "bonus_below_another")],
    );
    let odd = with(bonus(bounds.clone()), json!({"weight": 5, "method": "weighted"}));
    refused(
        app,
        tree(json!([a(), odd])),
        &[("/criteria/1/weight", "bonus_has_no_weight"), ("/criteria/1/method", "bonus_adds_points")],
    );
    let parts = json!([
        a(),
        bonus(bounds),
        below("b", "b1", json!({"min_points": 0, "max_points": 5})),
        below("b", "b2", json!({"min_points": -4, "max_points": 0}))
    ]);
    refused(app, tree(parts), &[("/criteria/1/min_points", "minima_do_not_add_up")]);
    let rule = |over: Value| {
        let rule =
            json!({"measure": "online_of_received", "full_marks_from": 50, "zero_denominator": "zero"});
        json!({"from_records": with(rule, over)})
    };
    refused(
        app,
        tree(json!([with(a(), rule(json!({}))), below("a", "x", json!({"max_points": 10}))])),
        &[("/criteria/0/from_records", "from_records_on_parent")],
    );
    let unbounded = with(a(), with(rule(json!({})), json!({"max_points": null})));
    refused(app, tree(json!([unbounded])), &[("/criteria/0/from_records", "from_records_without_maximum")]);
    let lifted = with(a(), with(rule(json!({})), json!({"min_points": 1})));
    refused(app, tree(json!([lifted])), &[("/criteria/0/from_records", "from_records_above_zero")]);
    for threshold in ["0", "-1", "100.1"] {
        refused(
            app,
            tree(json!([with(a(), rule(json!({"full_marks_from": threshold})))])),
            &[("/criteria/0/from_records/full_marks_from", "out_of_range")],
        );
    }
    for (over, pointer) in [
        (json!({"polarity": "up"}), "/criteria/0/polarity"),
        (json!({"stage": "end"}), "/criteria/0/stage"),
        (json!({"method": "guess"}), "/criteria/0/method"),
        (json!({"kind": "gift"}), "/criteria/0/kind"),
        (rule(json!({"measure": "x"})), "/criteria/0/from_records/measure"),
        (rule(json!({"period": "Q5"})), "/criteria/0/from_records/period"),
        (rule(json!({"zero_denominator": "one"})), "/criteria/0/from_records/zero_denominator"),
    ] {
        let answer = app.put(EDITION, &with(edition(), tree(json!([with(a(), over)])))).expect(400);
        assert_eq!(answer.violations(), [(pointer, "unknown_word")]);
    }
});

api_test!(scores_keep_to_the_bounds_of_their_criterion, |app| {
    app.make_units(&["u"]);
    let plus = json!({"code": "plus", "name": "Thưởng, phạt", "kind": "bonus_penalty", "min_points": -3, "max_points": 2});
    app.make_edition(json!({"unit_of_measure": "percent", "criteria": [criterion("a", 10), plus]}));
    let put = |code: &str, value: &str| {
        app.put(&format!("{SCORES}/by-key/ix/2016/u/final/{code}"), &json!({"score": value}))
    };
    // Points of a maximum begin at nothing.
    assert_eq!(put("a", "-0.01").expect(422).violations(), [("/score", "below_minimum")]);
    assert_eq!(put("plus", "-3.01").expect(422).violations(), [("/score", "below_minimum")]);
    assert_eq!(put("plus", "2.01").expect(422).violations(), [("/score", "above_maximum")]);
    put("plus", "-3").expect(201);
    // Bonus points may carry a total beyond the whole.
    put("_total", "101").expect(201);
    let tighter = json!({"criteria": [criterion("a", 10), {"code": "plus", "name": "P", "kind": "bonus_penalty",
                                                             "min_points": -2, "max_points": 2}]});
    let answer = app.patch(EDITION, &tighter).expect(409);
    assert_eq!(answer.violations(), [("/criteria/1/min_points", "above_a_score")]);
    // A mean of normalised indicators is scored from 1 to 10, an indicator has no bound.
    app.make_edition(json!({"unit_of_measure": "percent", "criteria": [
        criterion("a", 10), {"code": "plus", "name": "P", "kind": "bonus_penalty", "min_points": -3, "max_points": 2},
        {"code": "n", "name": "N", "method": "normalised"}, below("n", "n1", json!({}))
    ]}));
    assert_eq!(put("n", "10.5").expect(422).violations(), [("/score", "above_maximum")]);
    put("n1", "1234567").expect(201);
    put("n1", "-12").expect(200);
});

api_test!(a_final_score_follows_from_the_stage_that_scores_it, |app| {
    app.make_units(&["u", "v"]);
    app.make_edition(json!({"unit_of_measure": "percent", "criteria": [
        with(criterion("a", 60), json!({"stage": "appraised"})), with(criterion("b", 40), json!({"stage": "survey"}))
    ]}));
    let put = |unit: &str, stage: &str, code: &str, value: i64| {
        app.put(&format!("{SCORES}/by-key/ix/2016/{unit}/{stage}/{code}"), &json!({"score": value}))
            .expect(201);
    };
    for (unit, own, appraised) in [("u", 60, 30), ("v", 50, 40)] {
        put(unit, "self", "a", own);
        put(unit, "appraised", "a", appraised);
    }
    // No survey was held: its criteria leave the maximum, and that is told.
    assert_eq!(totals(app, ""), of(&[("u", "50"), ("v", "66.66666666666666666667")]));
    let ranking = app.get(RANKING).expect(200).json;
    assert_eq!(ranking["left_out"], json!(["b"]));
    put("u", "survey", "b", 20);
    put("v", "survey", "b", 10);
    assert_eq!(totals(app, ""), of(&[("u", "50"), ("v", "50")]));
    assert_eq!(app.get(RANKING).expect(200).json["left_out"], json!([]));
    // What is given as final goes before; each stage shows its own scores only.
    put("v", "final", "a", 60);
    assert_eq!(totals(app, ""), of(&[("u", "50"), ("v", "70")]));
    assert_eq!(totals(app, "stage=self"), of(&[("u", "100"), ("v", "83.33333333333333333333")]));
    assert_eq!(totals(app, "stage=survey"), of(&[]));
});

api_test!(points_without_a_survey_are_scaled_up_where_the_edition_says_so, |app| {
    app.make_units(&["u"]);
    let criteria = json!([criterion("a", 80), with(criterion("b", 20), json!({"stage": "survey"}))]);
    app.make_edition(json!({"criteria": criteria}));
    give(app, "u", &[("a", "60")]);
    assert_eq!(totals(app, ""), of(&[("u", "60")]));
    app.make_edition(json!({"criteria": criteria, "rescale_without_survey": true}));
    assert_eq!(totals(app, ""), of(&[("u", "75")]));
});

/// A hundred points, a fifth of them of a part of an area, and up to five beside them.
fn partly_applicable(over: Value) -> Value {
    let part = |code: &str, maximum: i64| with(criterion(code, maximum), json!({"parent": "a"}));
    let plus =
        json!({"code": "plus", "name": "P", "kind": "bonus_penalty", "min_points": -5, "max_points": 5});
    let criteria = json!([
        criterion("a", 60),
        part("a1", 40),
        part("a2", 20),
        criterion("b", 30),
        criterion("c", 10),
        plus
    ]);
    with(json!({"criteria": criteria}), over)
}

api_test!(points_of_what_does_not_apply_are_scaled_up_where_the_edition_says_so, |app| {
    app.make_units(&["u", "v"]);
    let rescaled = json!({"rescale_not_applicable": true});
    app.make_edition(partly_applicable(json!({})));
    app.make_edition_of(2015, partly_applicable(rescaled.clone()));
    give(app, "u", &[("a1", "30"), ("b", "15"), ("c", "6"), ("plus", "2")]);
    app.make_score(&with(score("u", Value::Null), json!({"criterion": "a2", "applicable": false})));
    give(app, "v", &[("a1", "35"), ("a2", "20"), ("b", "10"), ("c", "5")]);
    for (unit, scores) in [("u", [28, 10, 15, 6]), ("v", [30, 10, 10, 5])] {
        for (code, value) in ["a1", "a2", "b", "c"].into_iter().zip(scores) {
            app.make_score(&with(score(unit, value), json!({"year": 2015, "criterion": code})));
        }
    }
    assert_eq!(totals(app, ""), of(&[("u", "53"), ("v", "70")]), "the points are lost");
    // 51 of the 80 that apply are 63.75 of 100; two beside them.
    app.make_edition(partly_applicable(rescaled.clone()));
    assert_eq!(totals(app, ""), of(&[("u", "65.75"), ("v", "70")]));
    let read = app.get(EDITION).expect(200);
    assert_eq!(read.json["rescale_not_applicable"], true);
    assert_eq!(app.put(EDITION, &read.json).expect(200).etag(), read.etag());
    assert_eq!(app.post(COPY, &json!({"to_year": 2017})).expect(201).json["rescale_not_applicable"], true);

    let explanation = app.get(&format!("{RANKING}/explanation?unit_id=u")).expect(200).json;
    let parts: Vec<(&str, &str, &str)> = explanation["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            let text = |member: &str| c[member].as_str().unwrap();
            (text("criterion"), text("contribution_exact"), text("contribution_delta_exact"))
        })
        .collect();
    assert_eq!(
        parts,
        [("a", "37.5", "-0.5"), ("b", "18.75", "3.75"), ("c", "7.5", "1.5"), ("plus", "2", "2")]
    );
    for check in explanation["checks"].as_array().unwrap() {
        assert_eq!(check["holds"], true, "{check}");
    }
    assert_eq!(explanation["points_to_next_rank"].to_string(), "4.25");

    // A point of what applies counts five quarters.
    let targets =
        app.post(&format!("{RANKING}/targets"), &json!({"unit_id": "u", "rank": 1})).expect(200).json;
    assert_eq!((&targets["gain_exact"], &targets["score_maximum_exact"]), (&json!("4.25"), &json!("105")));
    let target = |code: &str| {
        let criteria = targets["criteria"].as_array().unwrap();
        let of_code = criteria.iter().find(|c| c["criterion"] == code).unwrap();
        (of_code["score_needed_exact"].clone(), of_code["impossible_because"].clone())
    };
    for (code, needed) in [("a", "33.4"), ("a1", "33.4"), ("b", "18.4"), ("c", "9.4")] {
        assert_eq!(target(code), (json!(needed), Value::Null), "{code}");
    }
    assert_eq!(target("a2"), (Value::Null, json!("not_applicable")));
    assert_eq!(target("plus"), (Value::Null, json!("above_maximum")));
    app.put(&format!("{SCORES}/by-key/ix/2016/u/final/b"), &json!({"score": "18.4"})).expect(200);
    assert_eq!(totals(app, ""), of(&[("u", "70"), ("v", "70")]));

    // What is scaled needs its maximum.
    let vague = json!([criterion("a", 60), {"code": "b", "name": "B"}]);
    let vague = with(json!({"criteria": vague}), rescaled);
    let answer = app.put("/api/v1/indexes/ix/editions/2018", &with(edition(), vague)).expect(422);
    assert_eq!(answer.violations(), [("/criteria/1/max_points", "missing_maximum")]);
});

api_test!(years_whose_totals_follow_other_rules_are_not_compared, |app| {
    app.make_units(&["u", "v"]);
    let rescaled = json!({"rescale_not_applicable": true});
    app.make_edition(partly_applicable(rescaled.clone()));
    app.make_edition_of(2015, partly_applicable(json!({})));
    for (year, plus) in [(2015, 2), (2016, 3)] {
        for unit in ["u", "v"] {
            for (code, value) in [("a1", 30), ("b", 15), ("c", 6), ("plus", plus)] {
                app.make_score(&with(score(unit, value), json!({"criterion": code, "year": year})));
            }
        }
        let out = json!({"criterion": "a2", "applicable": false, "year": year});
        app.make_score(&with(score("u", Value::Null), out));
        app.make_score(&with(score("v", 10), json!({"criterion": "a2", "year": year})));
    }
    // Whether years compare, what they have in common, and how the units moved on that.
    let told = || {
        let ranking = app.get(RANKING).expect(200).json;
        let common = |unit: &str| {
            let standings = ranking["standings"].as_array().unwrap();
            let of_unit = standings.iter().find(|s| s["unit_id"] == unit).unwrap();
            of_unit["delta"]["common"]["score_exact"].as_str().map(str::to_owned)
        };
        let why = ranking["not_comparable_because"].clone();
        (why, ranking["common_criteria"].clone(), common("u"), common("v"))
    };
    let one = || Some("1".to_owned());
    let differs = json!("framework_differs");
    // Of `u` the scale alone gives 12.75 points: bonus points are all that is given alike.
    assert_eq!(told(), (differs.clone(), json!(["plus"]), one(), one()));
    let series = app.get("/api/v1/indexes/ix/series?unit_id=u").expect(200).json;
    assert_eq!(series["points"][1]["not_comparable_because"], differs);
    // Under the same rules another framework is compared on all, but for points that are scaled up.
    app.make_edition_of(2015, partly_applicable(rescaled.clone()));
    assert_eq!(told(), (Value::Null, Value::Null, None, None));
    app.make_edition_of(2015, with(partly_applicable(rescaled.clone()), json!({"framework": "f-0"})));
    assert_eq!(told(), (differs.clone(), json!(["a", "b", "c", "plus"]), None, one()));
    // A total in percent is of what applies anyway.
    let percent = json!({"unit_of_measure": "percent"});
    app.make_edition(with(partly_applicable(rescaled), percent.clone()));
    app.make_edition_of(2015, with(partly_applicable(json!({"rescale_without_survey": true})), percent));
    assert_eq!(told().0, Value::Null);
    let alone = |method: &str| json!({"method": method, "criteria": [with(criterion("a", 10), json!({"weight": 100}))]});
    app.make_edition_of(2018, alone("weighted"));
    app.make_edition_of(2017, alone("points"));
    let ranking = app.get("/api/v1/indexes/ix/rankings/2018").expect(200).json;
    assert_eq!((&ranking["not_comparable_because"], &ranking["common_criteria"]), (&differs, &json!([])));
});

api_test!(indicators_are_normalised_within_their_cohort, |app| {
    app.make_units(&["u", "v", "w"]);
    app.make_edition(json!({"method": "normalised", "criteria": [
        {"code": "a", "name": "A", "weight": 80}, {"code": "b", "name": "B", "weight": 20},
        below("a", "x", json!({})), below("a", "y", json!({"polarity": "negative"}))
    ]}));
    for (unit, x, y, b) in [("u", "10", "3", "1"), ("v", "20", "1", "1"), ("w", "30", "2", "1")] {
        give(app, unit, &[("x", x), ("y", y), ("b", b)]);
    }
    // a: (1+1)/2, (5.5+10)/2, (10+5.5)/2; b: 5.5 each, because all are equal.
    assert_eq!(totals(app, ""), of(&[("u", "19"), ("v", "73"), ("w", "73")]));
    let ranking = app.get(&format!("{RANKING}?include=components")).expect(200).json;
    let ranks: Vec<i64> =
        ranking["standings"].as_array().unwrap().iter().map(|s| s["rank"].as_i64().unwrap()).collect();
    assert_eq!(ranks, [1, 1, 3]);
    assert_eq!(ranking["standings"][2]["components"][0]["contribution_exact"], "8");
    assert_eq!(ranking["standings"][2]["components"][0]["score_exact"], "1");
});

const COPY: &str = "/api/v1/indexes/ix/editions/2016/copy";

api_test!(an_edition_starts_as_a_copy_of_another, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({
        "criteria": [criterion("a", 10), below("a", "x", json!({"max_points": 10, "stage": "survey"}))],
        "bands": [{"label": "Tốt", "from": 5, "to": null}], "note": "Ghi chú", "rank_decimals": 1,
        "cohorts": [{"code": "all", "name": "Các xã", "rule": {"level": "commune", "as_of": "2016-05-01"}}]
    }));
    give(app, "u", &[("x", "7")]);
    let source = app.get(EDITION).expect(200).json;
    let made = app.post(COPY, &json!({"to_year": 2017})).expect(201);
    assert_eq!(made.header("location"), "/api/v1/indexes/ix/editions/2017");
    let read = app.get(made.header("location")).expect(200);
    assert_eq!((&read.json, read.etag()), (&made.json, made.etag()));
    let cohorts = json!([{"code": "all", "name": "Các xã", "unit_ids": null,
                          "rule": {"level": "commune", "parent_id": null, "as_of": null}}]);
    assert_eq!(made.json, with(source.clone(), json!({"year": 2017, "cohorts": cohorts})));
    let ranking = app.get("/api/v1/indexes/ix/rankings/2017").expect(200).json;
    assert_eq!((&ranking["comparable"], &ranking["cohort_size"]), (&json!(true), &json!(0)));
    app.put("/api/v1/indexes/other", &json!({"name": "Khác"})).expect(201);
    let other = json!({"to_year": 2016, "to_index_code": "other", "framework": "f-2",
                       "cohorts": [{"code": "one", "name": "Một", "unit_ids": ["u"]}]});
    let made = app.post(COPY, &other).expect(201);
    assert_eq!(made.header("location"), "/api/v1/indexes/other/editions/2016");
    assert_eq!((&made.json["framework"], &made.json["cohorts"][0]["code"]), (&json!("f-2"), &json!("one")));
    assert_eq!(made.json["criteria"], source["criteria"]);

    let before = app.database.dump();
    assert_eq!(app.post(COPY, &json!({"to_year": 2017})).expect(409).code(), "duplicate");
    assert_eq!(app.post(COPY, &json!({"to_year": 2016})).expect(409).code(), "duplicate");
    for (body, violation) in [
        (json!({"to_year": 1800}), ("/to_year", "out_of_range")),
        (json!({}), ("/to_year", "required")),
        (json!({"to_year": 2018, "to_index_code": "no"}), ("/to_index_code", "unknown_index")),
        (json!({"to_year": 2018, "framework": " "}), ("/framework", "empty")),
        (json!({"to_year": 2018, "cohorts": []}), ("/cohorts", "empty")),
    ] {
        assert_eq!(app.post(COPY, &body).expect(422).violations(), [violation], "{body}");
    }
    let answer = app.post(COPY, &json!({"to_year": 2018, "revision": 1})).expect(400);
    assert_eq!(answer.violations(), [("/revision", "unknown_field")]);
    app.post("/api/v1/indexes/ix/editions/2014/copy", &json!({"to_year": 2015})).expect(404);
    app.post("/api/v1/indexes/no/editions/2016/copy", &json!({"to_year": 2015})).expect(404);
    assert_eq!(app.database.dump(), before);
});

fn load(database: &Database, arguments: &[&str]) -> (Option<i32>, String, String) {
    let url = database.url_text();
    let all: Vec<&str> =
        ["editions", "load"].iter().chain(arguments).copied().chain(["--database-url", &url]).collect();
    finished(&mut chiso(&all))
}

database_test!(ready_editions_are_told_and_loaded, |database| {
    let (code, told, _) = finished(&mut chiso(&["editions", "list"]));
    assert_eq!(code, Some(0));
    let names = ["pci-2013", "par-2948", "ddci-dong-thap-2019", "766-2022"];
    for name in names {
        assert!(told.contains(name), "{told}");
        let (code, out, err) = load(database, &[name, "--year", "2026"]);
        assert_eq!(code, Some(0), "{out}{err}");
    }
    let (code, _, err) = load(database, &["pci-2013", "--year", "2026"]);
    assert!(code == Some(1) && err.contains("pci/2026"), "{err}");
    let (code, _, err) = load(database, &["pci-1999", "--year", "2026"]);
    assert!(code == Some(1) && err.contains("766-2022"), "{err}");
    let (code, _, err) =
        load(database, &["pci-2013", "--year", "2026", "--index", "p2", "--cohort-under", "no"]);
    assert!(code == Some(1) && err.contains("no"), "{err}");
    let (code, _, err) =
        load(database, &["pci-2013", "--year", "2027", "--index", "p2", "--cohort-level", "district"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
});

api_test!(a_ready_edition_ranks, |app| {
    let (code, out, err) = load(&app.database, &["ddci-dong-thap-2019", "--year", "2020", "--index", "ix"]);
    assert_eq!(code, Some(0), "{out}{err}");
    for id in ["u", "v"] {
        app.post(UNITS, &with(unit(id), json!({"level": "district"}))).expect(201);
    }
    let made = app.get("/api/v1/indexes/ix/editions/2020").expect(200).json;
    assert_eq!((&made["status"], made["criteria"].as_array().unwrap().len()), (&json!("draft"), 9));
    assert!(made["note"].as_str().unwrap().contains("bằng nhau"));
    for area in made["criteria"].as_array().unwrap() {
        for (unit, value) in [("u", 7), ("v", 5)] {
            let body = with(score(unit, value), json!({"year": 2020, "criterion": area["code"]}));
            app.make_score(&body);
        }
    }
    let ranking = app.get("/api/v1/indexes/ix/rankings/2020").expect(200).json;
    let scores: Vec<&str> =
        ranking["standings"].as_array().unwrap().iter().map(|s| s["score_exact"].as_str().unwrap()).collect();
    assert_eq!(scores, ["70", "50"]);
});
