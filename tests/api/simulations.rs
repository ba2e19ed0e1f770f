//! `/indexes/{code}/rankings/{year}/simulations`: the ranking with other scores, and nothing stored.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{RANKING, criterion, score},
    records::with,
    wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, body, refuse_all},
};

const SIMULATIONS: &str = "/api/v1/indexes/ix/rankings/2016/simulations";

fn child(code: &str, maximum: i32, parent: &str) -> Value {
    with(criterion(code, maximum), json!({"parent": parent}))
}

/// A tree with stored scores at two levels and a stored total for `u`; `v` is computed.
fn begin(app: &App) {
    app.make_units(&["u", "v"]);
    app.make_edition(json!({"criteria": [
        criterion("a", 10), child("a1", 6, "a"), child("a2", 4, "a"), criterion("b", 10)
    ]}));
    for (unit, criterion, value) in [
        ("u", Some("a1"), "3"),
        ("u", Some("a2"), "2"),
        ("u", Some("a"), "5.5"),
        ("u", Some("b"), "4"),
        ("u", None, "9.75"),
        ("v", Some("a1"), "5"),
        ("v", Some("a2"), "1"),
        ("v", Some("b"), "4"),
    ] {
        app.make_score(&with(score(unit, value), json!({"criterion": criterion})));
    }
}

fn simulated(app: &App, changes: Value) -> Value {
    let answer = app.post(&format!("{SIMULATIONS}?include=components"), &json!({"changes": changes}));
    let answer = answer.expect(200).json;
    assert_eq!(answer["simulated"], true);
    answer
}

fn scores(ranking: &Value) -> Vec<(&str, &str)> {
    let standings = ranking["standings"].as_array().unwrap().iter();
    standings.map(|s| (s["unit_id"].as_str().unwrap(), s["score_exact"].as_str().unwrap())).collect()
}

api_test!(without_a_change_it_is_the_ranking, |app| {
    begin(app);
    let mut simulated = simulated(app, json!([]));
    let ranking = app.get(&format!("{RANKING}?include=components")).expect(200).json;
    assert_eq!(ranking.get("simulated"), None);
    simulated.as_object_mut().unwrap().shift_remove("simulated");
    assert_eq!(simulated, ranking);
});

api_test!(a_change_moves_what_is_stored_above_it_and_nothing_is_stored, |app| {
    begin(app);
    let before = app.database.dump();
    assert_eq!(scores(&simulated(app, json!([]))), [("v", "10"), ("u", "9.75")]);
    let leaf = simulated(app, json!([{"unit_id": "u", "criterion": "a1", "score": "4.5"}]));
    assert_eq!(scores(&leaf), [("u", "11.25"), ("v", "10")]);
    let u = &leaf["standings"][0];
    let components: Vec<(&str, &str)> = u["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["criterion"].as_str().unwrap_or("residual"), c["contribution_exact"].as_str().unwrap()))
        .collect();
    assert_eq!(components, [("a", "7"), ("b", "4"), ("residual", "0.25")], "the residual stays");
    let area = simulated(app, json!([{"unit_id": "u", "criterion": "a", "score": 6}]));
    assert_eq!(scores(&area), [("u", "10.25"), ("v", "10")]);
    let computed = simulated(app, json!([{"unit_id": "v", "criterion": "a2", "score": 0}]));
    assert_eq!(scores(&computed), [("u", "9.75"), ("v", "9")]);
    let totals = json!([{"unit_id": "v", "score": 1}, {"unit_id": "u", "criterion": null, "score": "0.5"}]);
    assert_eq!(scores(&simulated(app, totals)), [("v", "1"), ("u", "0.5")]);
    assert!(app.database.dump() == before, "it left a trace");
});

api_test!(deltas_are_against_the_base_as_it_is, |app| {
    begin(app);
    app.make_edition_of(2015, json!({}));
    for (unit, value) in [("u", 9), ("v", 8)] {
        app.make_score(&with(score(unit, value), json!({"year": 2015})));
    }
    let changed = simulated(app, json!([{"unit_id": "u", "criterion": "b", "score": 9}]));
    let u = &changed["standings"][0];
    assert_eq!((&u["score_exact"], &u["base"]["rank"]), (&json!("14.75"), &json!(1)));
    assert_eq!((&u["delta"]["rank_change"], &u["delta"]["score_exact"]), (&json!(0), &json!("5.75")));
});

api_test!(a_change_keeps_to_the_bounds_of_a_stored_score, |app| {
    begin(app);
    let change = |criterion: Value, score: &str| {
        let changes = json!([{"unit_id": "v", "criterion": criterion, "score": score}]);
        app.post(SIMULATIONS, &json!({"changes": changes}))
    };
    // Points of a maximum begin at nothing, although no minimum is stated.
    for code in ["a1", "b", "a"] {
        let refused = change(json!(code), "-0.01").expect(422);
        assert_eq!(refused.violations(), [("/changes/0/score", "below_minimum")], "{code}");
        change(json!(code), "0").expect(200);
    }
});

api_test!(wrong_changes_are_refused_with_their_place, |app| {
    begin(app);
    app.make_units(&["w"]);
    app.make_score(&score("w", 3));
    let post = |name, changes: Value, problem, violation| {
        body(name, "POST", SIMULATIONS, json!({"changes": changes}), problem, violation)
    };
    let one = |name, over: Value, problem, violation| {
        let change = with(json!({"unit_id": "u", "criterion": "a1", "score": 1}), over);
        post(name, json!([{"unit_id": "v", "score": 1}, change]), problem, violation)
    };
    refuse_all(
        app,
        vec![
            one("no such unit", json!({"unit_id": "no"}), INVALID, ("/changes/1/unit_id", "not_in_cohort")),
            one(
                "no such criterion",
                json!({"criterion": "z"}),
                INVALID,
                ("/changes/1/criterion", "unknown_criterion"),
            ),
            one("too many points", json!({"score": "6.01"}), INVALID, ("/changes/1/score", "above_maximum")),
            one(
                "too many digits",
                json!({"score": "1.0000000000000000000000000001"}),
                INVALID,
                ("/changes/1/score", "too_precise"),
            ),
            one("a comma", json!({"score": "1,5"}), MALFORMED, ("/changes/1/score", "wrong_type")),
            one(
                "an unknown member",
                json!({"stage": "self"}),
                MALFORMED,
                ("/changes/1/stage", "unknown_field"),
            ),
            one(
                "an effect that is not known",
                json!({"unit_id": "w"}),
                INVALID,
                ("/changes/1/criterion", "effect_unknown"),
            ),
            one(
                "the same twice",
                json!({"unit_id": "v", "criterion": null}),
                INVALID,
                ("/changes/1", "duplicate"),
            ),
            body("no changes", "POST", SIMULATIONS, json!({}), INVALID, ("/changes", "required")),
            body(
                "changes that are null",
                "POST",
                SIMULATIONS,
                json!({"changes": null}),
                MALFORMED,
                ("/changes", "wrong_type"),
            ),
            body(
                "an unknown parameter",
                "POST",
                &format!("{SIMULATIONS}?colour=1"),
                json!({"changes": []}),
                MALFORMED,
                ("colour", "unknown_parameter"),
            ),
            body(
                "an unknown word",
                "POST",
                &format!("{SIMULATIONS}?include=all"),
                json!({"changes": []}),
                MALFORMED,
                ("include", "unknown_word"),
            ),
            body(
                "no such cohort",
                "POST",
                &format!("{SIMULATIONS}?cohort=no"),
                json!({"changes": []}),
                ABSENT,
                NOWHERE,
            ),
            body(
                "no such edition",
                "POST",
                "/api/v1/indexes/ix/rankings/2014/simulations",
                json!({}),
                ABSENT,
                NOWHERE,
            ),
            body(
                "no such index",
                "POST",
                "/api/v1/indexes/no/rankings/2016/simulations",
                json!({}),
                ABSENT,
                NOWHERE,
            ),
            body(
                "no year",
                "POST",
                "/api/v1/indexes/ix/rankings/x/simulations",
                json!({"changes": []}),
                MALFORMED,
                ("year", "not_a_year"),
            ),
        ],
    );
});
