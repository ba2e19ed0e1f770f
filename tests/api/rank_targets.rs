//! `/indexes/{code}/rankings/{year}/targets`: what it takes, shown by trying it.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{RANKING, criterion, score},
    records::with,
    wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, body, refuse_all},
};

const TARGETS: &str = "/api/v1/indexes/ix/rankings/2016/targets";
const SIMULATIONS: &str = "/api/v1/indexes/ix/rankings/2016/simulations";

fn begin(app: &App, over: Value) {
    app.make_units(&["u", "v", "w", "none"]);
    let area =
        |code: &str, maximum: i32, weight: i32| with(criterion(code, maximum), json!({"weight": weight}));
    let bands = json!([{"label": "Khá", "from": 0, "to": 80}, {"label": "Tốt", "from": 80, "to": 95}, {"label": "Rất tốt", "from": 95, "to": null}]);
    let edition = json!({
        "method": "weighted", "bands": bands,
        "criteria": [area("a", 7, 70), area("b", 9, 30), with(criterion("b1", 5), json!({"parent": "b"})), with(criterion("b2", 4), json!({"parent": "b"}))]
    });
    app.make_edition(with(edition, over));
    for (unit, a, b1, b2) in [("u", "4", "2", "2"), ("v", "5", "4.1", "4"), ("w", "6", "4.9", "4")] {
        for (code, value) in [("a", a), ("b1", b1), ("b2", b2)] {
            app.make_score(&with(score(unit, value), json!({"criterion": code})));
        }
    }
}

fn target(app: &App, input: Value) -> Value {
    app.post(TARGETS, &input).expect(200).json
}

/// The rank and the band of `u` with one score changed.
fn tried(app: &App, criterion: Option<&str>, value: &str) -> (i64, String) {
    let changes = json!({"changes": [{"unit_id": "u", "criterion": criterion, "score": value}]});
    let ranking = app.post(SIMULATIONS, &changes).expect(200).json;
    let standings = ranking["standings"].as_array().unwrap();
    let u = standings.iter().find(|s| s["unit_id"] == "u").unwrap();
    (u["rank"].as_i64().unwrap(), u["band"].as_str().unwrap().to_owned())
}

fn criterion_of<'a>(target: &'a Value, code: &str) -> &'a Value {
    target["criteria"].as_array().unwrap().iter().find(|c| c["criterion"] == code).unwrap()
}

api_test!(a_target_tried_as_a_simulation_is_reached, |app| {
    begin(app, json!({}));
    for (input, rank) in [(json!({"unit_id": "u", "rank": 2}), 2), (json!({"unit_id": "u", "rank": 1}), 1)] {
        let told = target(app, input);
        assert_eq!(
            (&told["rank"], &told["reached"], &told["unreachable_because"]),
            (&json!(3), &json!(false), &Value::Null)
        );
        assert_eq!(tried(app, None, told["score_needed_exact"].as_str().unwrap()).0, rank);
        let mut possible = 0;
        for criterion in told["criteria"].as_array().unwrap() {
            let code = criterion["criterion"].as_str().unwrap();
            if criterion["possible"] == true {
                possible += 1;
                assert_eq!(
                    tried(app, Some(code), criterion["score_needed_exact"].as_str().unwrap()).0,
                    rank,
                    "{criterion}"
                );
            } else {
                assert_eq!(criterion["impossible_because"], "above_maximum");
                assert!(tried(app, Some(code), &criterion["maximum"].to_string()).0 > rank, "{criterion}");
            }
        }
        // `a` at its maximum gives 83.3, which is above `v` and below `w`.
        assert_eq!(possible, rank - 1, "{told}");
    }
    let told = target(app, json!({"unit_id": "u", "rank": 2}));
    let (b, b1) = (criterion_of(&told, "b"), criterion_of(&told, "b1"));
    assert_eq!((&b["score_exact"], &b["parent"], &b1["parent"]), (&json!("4"), &Value::Null, &json!("b")));
    assert_eq!((&b["possible"], &b1["possible"]), (&json!(false), &json!(false)));
});

api_test!(a_band_is_a_target_too, |app| {
    begin(app, json!({}));
    let told = target(app, json!({"unit_id": "u", "band": "Tốt"}));
    assert_eq!((&told["band"], &told["target"]), (&json!("Khá"), &json!({"rank": null, "band": "Tốt"})));
    assert_eq!(told["score_needed_exact"], "80");
    assert_eq!(tried(app, None, "80").1, "Tốt");
    let a = criterion_of(&told, "a");
    assert_eq!(
        (tried(app, Some("a"), a["score_needed_exact"].as_str().unwrap()).1.as_str(), &a["possible"]),
        ("Tốt", &json!(true))
    );
    let best = target(app, json!({"unit_id": "u", "band": "Rất tốt"}));
    assert!(best["criteria"].as_array().unwrap().iter().all(|c| c["possible"] == false), "{best}");
    assert_eq!((&best["unreachable_because"], &best["score_maximum_exact"]), (&Value::Null, &json!("100")));
});

api_test!(what_is_reached_takes_nothing_and_what_is_beyond_says_why, |app| {
    begin(app, json!({"bands": [{"label": "B", "from": 101, "to": null}]}));
    for input in [json!({"unit_id": "u", "rank": 3}), json!({"unit_id": "w", "rank": 2})] {
        let told = target(app, input);
        assert_eq!(
            (&told["reached"], &told["gain_exact"], &told["criteria"]),
            (&json!(true), &json!("0"), &json!([]))
        );
    }
    let told = target(app, json!({"unit_id": "u", "band": "B"}));
    assert_eq!(told["unreachable_because"], "above_maximum");
    // A stored total without the scores below it says nothing of what they would add.
    for criterion in [Value::Null, json!("a")] {
        app.make_score(&with(score("none", 1), json!({"criterion": criterion})));
    }
    let told = target(app, json!({"unit_id": "none", "rank": 3}));
    assert_eq!(criterion_of(&told, "b1")["impossible_because"], "effect_unknown");
    assert_eq!(criterion_of(&told, "a")["score_exact"], "1");
});

api_test!(the_most_that_a_total_can_be_is_what_a_simulation_gives, |app| {
    app.make_units(&["u", "v"]);
    let plus = json!({"code": "p", "name": "P", "kind": "bonus_penalty", "min_points": -5, "max_points": 3});
    app.make_edition(json!({
        "unit_of_measure": "percent", "criteria": [criterion("a", 10), criterion("b", 20), plus]
    }));
    let give = |unit: &str, code: &str, value: &str| {
        app.make_score(&with(score(unit, value), json!({"criterion": code})));
    };
    for (unit, a, b, p) in [("u", "5", "10", "0"), ("v", "10", "20", "2")] {
        give(unit, "a", a);
        give(unit, "b", b);
        give(unit, "p", p);
    }
    let told = target(app, json!({"unit_id": "u", "rank": 1}));
    assert_eq!(told["score_needed_exact"], "106.66666666666666666667");
    assert_eq!((&told["score_maximum_exact"], &told["unreachable_because"]), (&json!("110"), &Value::Null));
    // What does not apply to the unit is no part of its maximum.
    app.make_edition(
        json!({"criteria": [criterion("a", 10), criterion("b", 20), criterion("c", "2.5"), plus]}),
    );
    give("v", "c", "2.5");
    app.make_score(&with(score("u", Value::Null), json!({"criterion": "c", "applicable": false})));
    let told = target(app, json!({"unit_id": "u", "rank": 1}));
    assert_eq!(told["score_needed_exact"], "34.5");
    let maximum = (&told["score_maximum_exact"], &told["unreachable_because"]);
    assert_eq!(maximum, (&json!("33"), &json!("above_maximum")));
});

api_test!(the_most_that_a_total_can_be_is_rounded_as_the_total_is, |app| {
    app.make_units(&["u", "v"]);
    let plus = json!({"code": "p", "name": "P", "kind": "bonus_penalty", "min_points": -5, "max_points": 1});
    app.make_edition(json!({"unit_of_measure": "percent", "criteria": [criterion("a", 15), plus]}));
    for (unit, a, p) in [("u", "15", "1"), ("v", "10", "0")] {
        for (code, value) in [("a", a), ("p", p)] {
            app.make_score(&with(score(unit, value), json!({"criterion": code})));
        }
    }
    // Sixteen of fifteen points. Full marks are told by the same digits as the most that there can be.
    let told = target(app, json!({"unit_id": "v", "rank": 1}));
    assert_eq!(told["score_maximum"].to_string(), "106.67");
    assert_eq!(told["score_maximum_exact"], "106.66666666666666666667");
    let full = target(app, json!({"unit_id": "u", "rank": 1}));
    for (of_total, most) in [("score", "score_maximum"), ("score_exact", "score_maximum_exact")] {
        assert_eq!(full[of_total], told[most]);
    }
    app.make_edition(json!({"criteria": [criterion("a", "15.126"), plus]}));
    let told = target(app, json!({"unit_id": "v", "rank": 1}));
    assert_eq!(told["score_maximum"].to_string(), "16.13");
    assert_eq!(told["score_maximum_exact"], "16.126");
});

api_test!(a_survey_counts_for_a_target_where_it_was_held, |app| {
    app.make_units(&["u", "v"]);
    let survey = with(criterion("s", 20), json!({"stage": "survey"}));
    app.make_edition(json!({"criteria": [criterion("a", 80), survey]}));
    for (unit, value) in [("u", "60"), ("v", "70")] {
        app.make_score(&with(score(unit, value), json!({"criterion": "a"})));
    }
    let told = target(app, json!({"unit_id": "u", "rank": 1}));
    assert_eq!(told["score_maximum_exact"], "80");
    assert_eq!(criterion_of(&told, "s")["impossible_because"], "not_applicable");
    assert_eq!(criterion_of(&told, "a")["score_needed_exact"], "70");
    for (unit, value) in [("u", "5"), ("v", "10")] {
        app.make_score(&with(score(unit, value), json!({"criterion": "s", "stage": "survey"})));
    }
    let told = target(app, json!({"unit_id": "u", "rank": 1}));
    assert_eq!((&told["score_maximum_exact"], &told["score_needed_exact"]), (&json!("100"), &json!("80")));
    assert_eq!(criterion_of(&told, "s")["score_needed_exact"], "20");
    assert_eq!(criterion_of(&told, "a")["score_needed_exact"], "75");
});

/// Normalised values of the units `x0`, `x1` ... : of `bc` below the area `p`, and of the area `q`.
fn begin_normalised(app: &App, polarity: &str, units: &[(&str, &str)]) {
    let ids: Vec<String> = (0..units.len()).map(|i| format!("x{i}")).collect();
    app.make_units(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    app.make_edition(json!({"method": "normalised", "criteria": [
        {"code": "p", "name": "P"}, {"code": "bc", "name": "BC", "parent": "p", "polarity": polarity},
        {"code": "q", "name": "Q"}
    ]}));
    for (id, (bc, q)) in ids.iter().zip(units) {
        for (code, value) in [("bc", bc), ("q", q)] {
            app.make_score(&with(score(id, *value), json!({"criterion": code})));
        }
    }
}

/// What `bc` alone could do for a unit to have a rank.
fn target_of_bc(app: &App, unit: &str, rank: i64) -> Value {
    criterion_of(&target(app, json!({"unit_id": unit, "rank": rank})), "bc").clone()
}

/// The rank of a unit with another value of `bc`.
fn rank_with(app: &App, unit: &str, value: &str) -> i64 {
    let changes = json!({"changes": [{"unit_id": unit, "criterion": "bc", "score": value}]});
    let ranking = app.post(SIMULATIONS, &changes).expect(200).json;
    let standings = ranking["standings"].as_array().unwrap();
    standings.iter().find(|s| s["unit_id"] == unit).unwrap()["rank"].as_i64().unwrap()
}

api_test!(a_target_is_found_among_values_of_billions, |app| {
    let values = ["1000000000", "5000000000", "7000000000", "9000000000"];
    begin_normalised(app, "positive", &values.map(|value| (value, "1")));
    for (unit, rank, needed, short) in [
        ("x0", 1, 9e9, "8999999999"),
        ("x1", 1, 9e9, "8999999999"),
        ("x2", 1, 9e9, "8999999999"),
        ("x0", 2, 7e9, "6999999999"),
    ] {
        let told = target_of_bc(app, unit, rank);
        assert_eq!((&told["possible"], &told["maximum"]), (&json!(true), &Value::Null), "{told}");
        assert_eq!(told["score_needed"].as_f64(), Some(needed), "{told}");
        assert_eq!(rank_with(app, unit, told["score_needed_exact"].as_str().unwrap()), rank, "{told}");
        assert!(rank_with(app, unit, short) > rank, "{told}");
    }
});

api_test!(a_target_is_found_among_negative_values_of_which_less_is_better, |app| {
    let values = ["-1", "-2", "-5", "3"];
    begin_normalised(app, "negative", &values.map(|value| (value, "1")));
    for (unit, rank, needed, short) in [
        ("x0", 1, -5.0, "-4.99"),
        ("x1", 1, -5.0, "-4.99"),
        ("x3", 1, -5.0, "-4.99"),
        ("x3", 3, -1.0, "-0.99"),
    ] {
        let told = target_of_bc(app, unit, rank);
        assert_eq!((&told["possible"], &told["impossible_because"]), (&json!(true), &Value::Null), "{told}");
        assert_eq!(told["score_needed"].as_f64(), Some(needed), "{told}");
        assert_eq!(rank_with(app, unit, told["score_needed_exact"].as_str().unwrap()), rank, "{told}");
        assert!(rank_with(app, unit, short) > rank, "{told}");
    }
});

api_test!(less_is_better_of_values_that_are_on_the_scale_too, |app| {
    app.make_units(&["u", "v", "w"]);
    let scale = json!({"min_points": 1, "polarity": "negative"});
    app.make_edition(json!({"method": "normalised", "criteria": [with(criterion("q", 10), scale)]}));
    for (unit, value) in [("u", "2"), ("v", "4"), ("w", "3.5")] {
        app.make_score(&with(score(unit, value), json!({"criterion": "q"})));
    }
    let ranking = app.get(RANKING).expect(200).json;
    let standings = ranking["standings"].as_array().unwrap().iter();
    let scores: Vec<_> =
        standings.map(|s| (s["unit_id"].as_str().unwrap(), s["score_exact"].as_str().unwrap())).collect();
    assert_eq!(scores, [("u", "90"), ("w", "75"), ("v", "70")], "11 minus the value, of 10");
    let told = criterion_of(&target(app, json!({"unit_id": "v", "rank": 1})), "q").clone();
    assert_eq!((&told["possible"], told["score_needed"].as_f64()), (&json!(true), Some(2.0)), "{told}");
});

api_test!(what_has_no_minimum_is_never_short_of_it, |app| {
    begin_normalised(app, "negative", &[("4", "1"), ("-5", "10"), ("5", "0")]);
    // Beyond the best, a value presses those of the others together: `x1` falls to what `x0` lacks of `q`.
    let told = target_of_bc(app, "x0", 1);
    assert_eq!((&told["possible"], told["score_needed"].as_f64()), (&json!(true), Some(-95.0)), "{told}");
    assert_eq!(rank_with(app, "x0", told["score_needed_exact"].as_str().unwrap()), 1);
    assert_eq!((rank_with(app, "x0", "-94.9"), rank_with(app, "x0", "-100000000")), (2, 1));
    // `x2` lacks all of `q`: it comes ever nearer, and never there.
    let told = target_of_bc(app, "x2", 1);
    assert_eq!((&told["possible"], &told["impossible_because"]), (&json!(false), &json!("gives_nothing")));
    assert_eq!(rank_with(app, "x2", "-100000000"), 2);
});

api_test!(wrong_targets_are_refused_with_their_place, |app| {
    begin(app, json!({}));
    let post = |name, input, problem, violation| body(name, "POST", TARGETS, input, problem, violation);
    let rows: Vec<Row> = vec![
        post("neither", json!({"unit_id": "u"}), INVALID, ("/rank", "rank_or_band")),
        post("both", json!({"unit_id": "u", "rank": 1, "band": "Tốt"}), INVALID, ("/rank", "rank_or_band")),
        post("rank 0", json!({"unit_id": "u", "rank": 0}), INVALID, ("/rank", "out_of_range")),
        post(
            "a rank beyond the cohort",
            json!({"unit_id": "u", "rank": 4}),
            INVALID,
            ("/rank", "out_of_range"),
        ),
        post("a rank below 0", json!({"unit_id": "u", "rank": -1}), MALFORMED, ("/rank", "wrong_type")),
        post("no such band", json!({"unit_id": "u", "band": "Kém"}), INVALID, ("/band", "unknown_band")),
        post("no such unit", json!({"unit_id": "no", "rank": 1}), INVALID, ("/unit_id", "not_in_cohort")),
        post(
            "a unit without a rank",
            json!({"unit_id": "none", "rank": 1}),
            INVALID,
            ("/unit_id", "not_ranked"),
        ),
        post("no unit", json!({"rank": 1}), INVALID, ("/unit_id", "required")),
        post(
            "an unknown member",
            json!({"unit_id": "u", "rank": 1, "gain": 1}),
            MALFORMED,
            ("/gain", "unknown_field"),
        ),
        body(
            "no such edition",
            "POST",
            "/api/v1/indexes/ix/rankings/2014/targets",
            json!({"unit_id": "u"}),
            ABSENT,
            NOWHERE,
        ),
        body("no such index", "POST", "/api/v1/indexes/no/rankings/2016/targets", json!([]), ABSENT, NOWHERE),
    ];
    refuse_all(app, rows);
});
