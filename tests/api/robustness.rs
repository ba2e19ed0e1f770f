//! `/indexes/{code}/rankings/{year}/robustness`: the range of each rank when weights vary.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{RANKING, criterion, score},
    records::with,
};

fn begin(app: &App) {
    app.make_units(&["best", "one", "two", "part"]);
    let area = |code: &str, weight: i32| with(criterion(code, 10), json!({"weight": weight}));
    app.make_edition(json!({"method": "weighted", "criteria": [area("a", 60), area("b", 40)]}));
    for (unit, a, b) in [("best", "9", "9"), ("one", "5.1", "5"), ("two", "5", "5.12")] {
        app.make_score(&with(score(unit, a), json!({"criterion": "a"})));
        app.make_score(&with(score(unit, b), json!({"criterion": "b"})));
    }
    app.make_score(&score("part", 10));
}

fn robustness(app: &App, query: &str) -> Value {
    app.get(&format!("{RANKING}/robustness?{query}")).expect(200).json
}

api_test!(each_rank_has_a_range, |app| {
    begin(app);
    let told = robustness(app, "draws=400&share=0.2&seed=5");
    assert_eq!(
        (&told["draws"], &told["share"].to_string(), &told["seed"]),
        (&json!(400), &"0.2".to_owned(), &json!(5))
    );
    assert_eq!((&told["cohort_size"], &told["precision"]), (&json!(4), &json!(14)));
    let ranges: Vec<(&str, i64, i64, i64)> = told["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| {
            let rank = |name: &str| u[name].as_i64().unwrap();
            (u["unit_id"].as_str().unwrap(), rank("rank"), rank("min_rank"), rank("max_rank"))
        })
        .collect();
    assert_eq!(ranges, [("best", 1, 1, 1), ("one", 2, 2, 3), ("two", 3, 2, 3), ("part", 4, 4, 4)]);
    let units = told["units"].as_array().unwrap();
    let share = &units[0]["at_own_rank"];
    assert_eq!(
        (share["value"].to_string().as_str(), &share["numerator"], &share["base"]),
        ("1.0000", &json!(400), &json!("draws"))
    );
    let [one, two] = [1, 2].map(|i| units[i]["at_own_rank"]["numerator"].as_i64().unwrap());
    assert!(one == two && one > 200 && one < 400, "{one} {two}");
    assert_eq!(
        (&units[3]["not_varied_because"], &units[0]["not_varied_because"]),
        (&json!("incomplete_components"), &Value::Null)
    );
});

api_test!(the_same_seed_gives_the_same_answer, |app| {
    begin(app);
    let path = |seed: u32| format!("{RANKING}/robustness?draws=300&share=0.3&seed={seed}");
    let first = app.get(&path(1)).expect(200);
    assert_eq!(app.get(&path(1)).expect(200).json, first.json);
    assert_eq!(
        app.get(&format!("{RANKING}/robustness?draws=300&share=0.30")).expect(200).json,
        first.json,
        "seed 1 is usual"
    );
    assert_ne!(app.get(&path(2)).expect(200).json["units"], first.json["units"]);
    app.ask("GET", &path(1)).header("if-none-match", first.etag()).send().expect(304);
});

api_test!(weights_below_areas_vary_too, |app| {
    app.make_units(&["ts1", "ts2", "ts3"]);
    let area = |code: &str, over: Value| with(criterion(code, 10), over);
    app.make_edition(json!({"method": "weighted", "criteria": [
        area("x", json!({"weight": 90, "method": "weighted"})), area("y", json!({"weight": 10})),
        area("a", json!({"parent": "x", "weight": 50})), area("b", json!({"parent": "x", "weight": 50})),
    ]}));
    for (unit, a, b) in [("ts1", "10", "0"), ("ts2", "0", "10"), ("ts3", "5.05", "5.05")] {
        for (code, value) in [("a", a), ("b", b), ("y", "5")] {
            app.make_score(&with(score(unit, value), json!({"criterion": code})));
        }
    }
    let told = robustness(app, "draws=500&share=0.3");
    let ranges: Vec<(&str, i64, i64, i64)> = told["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| {
            let rank = |name: &str| u[name].as_i64().unwrap();
            (u["unit_id"].as_str().unwrap(), rank("rank"), rank("min_rank"), rank("max_rank"))
        })
        .collect();
    assert_eq!(ranges, [("ts3", 1, 1, 2), ("ts1", 2, 1, 3), ("ts2", 2, 1, 3)]);
});

api_test!(what_can_not_be_drawn_is_refused, |app| {
    begin(app);
    for (query, pointer, code) in [
        ("share=0", "share", "out_of_range"),
        ("share=1", "share", "out_of_range"),
        ("share=-0.1", "share", "out_of_range"),
        ("share=0.0000000001", "share", "out_of_range"),
        ("share=ten", "share", "out_of_range"),
        ("draws=0", "draws", "out_of_range"),
        ("draws=10001", "draws", "out_of_range"),
        ("draws=1e3", "draws", "out_of_range"),
        ("seed=-1", "seed", "out_of_range"),
        ("seed=4294967296", "seed", "out_of_range"),
        ("base_year=2015", "base_year", "unknown_parameter"),
    ] {
        let answer = app.get(&format!("{RANKING}/robustness?{query}")).expect(400);
        assert_eq!(answer.violations(), [(pointer, code)], "{query}");
    }
    app.get(&format!("{RANKING}/robustness?cohort=no")).expect(404);
    app.get("/api/v1/indexes/no/rankings/2016/robustness?share=9").expect(404);
    app.make_edition_of(2017, json!({}));
    app.make_score(&with(score("best", 1), json!({"year": 2017})));
    let answer = app.get("/api/v1/indexes/ix/rankings/2017/robustness").expect(422);
    assert_eq!(answer.violations(), [("", "nothing_to_vary")]);
});

api_test!(a_single_area_that_counts_is_told_as_the_reason_why_nothing_varies, |app| {
    app.make_units(&["u", "v"]);
    let plus = json!({"code": "p", "name": "P", "kind": "bonus_penalty", "min_points": -5, "max_points": 3});
    let survey = with(criterion("s", 20), json!({"stage": "survey"}));
    app.make_edition(json!({"criteria": [criterion("a", 10)]}));
    for unit in ["u", "v"] {
        app.make_score(&with(score(unit, 5), json!({"criterion": "a"})));
    }
    let refused = |language: &str| {
        let path = format!("{RANKING}/robustness");
        let answer = app.ask("GET", &path).header("accept-language", language).send().expect(422);
        assert_eq!(answer.violations(), [("", "nothing_to_vary")]);
        answer.json["errors"][0]["detail"].as_str().unwrap().to_owned()
    };
    // Bonus points have no weight, nor has a survey that was not held.
    for criteria in [json!([criterion("a", 10)]), json!([criterion("a", 10), plus, survey])] {
        app.make_edition(json!({"criteria": criteria}));
        assert!(refused("en").starts_with("Only one area counts"), "{criteria}");
        assert!(refused("vi").starts_with("Chỉ một lĩnh vực được tính điểm"), "{criteria}");
    }
    app.make_edition(json!({"criteria": [{"code": "a", "name": "A"}]}));
    assert!(refused("en").starts_with("The edition has no areas with weights or maxima"));
});
