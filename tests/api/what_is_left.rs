//! Points out of which a part does not apply, or a survey was not held: no score above it has them, wherever it is
//! written, and no total is made of one that has.

use serde_json::{Value, json};

use crate::{
    score_imports::{findings, send},
    support::{
        api_test,
        app::App,
        client::Answer,
        indexes::{RANKING, SCORES, criterion, score},
        records::with,
    },
};

fn child(code: &str, maximum: i32, over: Value) -> Value {
    with(with(criterion(code, maximum), json!({"parent": "a"})), over)
}

/// `a` of 10 points with parts of 6 and 4, and `b` of 10; in percent.
fn begin(app: &App) {
    app.make_units(&["u", "v"]);
    let criteria =
        json!([criterion("a", 10), child("a1", 6, json!({})), child("a2", 4, json!({})), criterion("b", 10)]);
    app.make_edition(json!({"unit_of_measure": "percent", "criteria": criteria}));
}

fn put(app: &App, unit: &str, code: &str, body: Value) -> Answer {
    app.put(&format!("{SCORES}/by-key/ix/2016/{unit}/final/{code}"), &body)
}

fn not_applicable() -> Value {
    json!({"applicable": false})
}

api_test!(no_score_has_the_points_of_a_part_that_does_not_apply, |app| {
    begin(app);
    put(app, "u", "a2", not_applicable()).expect(201);
    let refused = put(app, "u", "a", json!({"score": "6.01"})).expect(422);
    assert_eq!(refused.violations(), [("/score", "above_maximum")]);
    let text = refused.json["errors"][0]["detail"].as_str().unwrap();
    assert!(text.contains('6'), "{text}");
    let by_id = with(score("u", "6.01"), json!({"criterion": "a"}));
    assert_eq!(app.post(SCORES, &by_id).expect(422).violations(), [("/score", "above_maximum")]);
    put(app, "u", "a", json!({"score": "6"})).expect(201);
    // With all of its parts, and of another unit, it has all of its points.
    put(app, "v", "a", json!({"score": "10"})).expect(201);
    let refused = put(app, "v", "a2", not_applicable()).expect(422);
    assert_eq!(refused.violations(), [("/applicable", "below_a_score")]);
    put(app, "v", "a", json!({"score": "5"})).expect(200);
    put(app, "v", "a2", not_applicable()).expect(201);
    // What nobody has left is out of all of its points.
    put(app, "v", "a1", not_applicable()).expect(201);
    put(app, "v", "a", json!({"score": "10"})).expect(200);
});

api_test!(a_table_with_more_than_is_left_is_refused_with_the_cell, |app| {
    begin(app);
    let head = "unit_id,criterion,score,applicable";
    let looked = |rows: &str| send(app, "?dry_run=true", format!("{head}\n{rows}")).expect(200).json;
    let refused = looked("u,a,7,\nu,a2,,false\nv,a,7,\n");
    assert_eq!(findings(&refused), [(2, "score", "above_maximum")], "{refused}");
    assert_eq!(refused["findings"][0]["value"], "7");
    let stored = |rows: &str| send(app, "", format!("{head}\n{rows}"));
    assert_eq!(stored("u,a,7,\nu,a2,,false\n").expect(422).violations(), [("/2/score", "above_maximum")]);
    stored("u,a,7,\n").expect(200);
    let refused = looked("u,a2,,false\nu,b,1,\n");
    assert_eq!(findings(&refused), [(2, "applicable", "below_a_score")], "{refused}");
    stored("u,a2,,false\nu,a,6,\n").expect(200);
    let refused = looked("u,a,6.5,\n");
    assert_eq!(findings(&refused), [(2, "score", "above_maximum")], "{refused}");
});

api_test!(simulations_and_targets_stay_within_what_is_left, |app| {
    begin(app);
    for (unit, a1, b) in [("u", "3", "5"), ("v", "6", "10")] {
        put(app, unit, "a1", json!({"score": a1})).expect(201);
        put(app, unit, "b", json!({"score": b})).expect(201);
        put(app, unit, "a2", not_applicable()).expect(201);
    }
    let simulated = |score: &str| {
        let changes = json!({"changes": [{"unit_id": "u", "criterion": "a", "score": score}]});
        app.post(&format!("{RANKING}/simulations"), &changes)
    };
    assert_eq!(simulated("6.5").expect(422).violations(), [("/changes/0/score", "above_maximum")]);
    // 6 and 5 of 16.
    let ranking = simulated("6").expect(200).json;
    let u = ranking["standings"].as_array().unwrap().iter().find(|s| s["unit_id"] == "u").unwrap();
    assert_eq!(u["score_exact"], "68.75");
    let targets =
        app.post(&format!("{RANKING}/targets"), &json!({"unit_id": "u", "rank": 1})).expect(200).json;
    let a = targets["criteria"].as_array().unwrap().iter().find(|c| c["criterion"] == "a").unwrap();
    assert_eq!((&a["maximum"], &a["impossible_because"]), (&json!(6), &json!("above_maximum")));
    assert_eq!(targets["score_maximum_exact"], "100");
});

api_test!(a_score_of_more_than_can_be_had_without_a_survey_tells_of_one, |app| {
    app.make_units(&["u", "v"]);
    let criteria = json!([
        criterion("a", 10),
        child("a1", 7, json!({})),
        child("a2", 3, json!({"stage": "survey"})),
        criterion("b", 10)
    ]);
    app.make_edition(json!({"unit_of_measure": "percent", "criteria": criteria}));
    for (unit, a, b) in [("u", "7", "10"), ("v", "3.5", "10")] {
        put(app, unit, "a", json!({"score": a})).expect(201);
        put(app, unit, "b", json!({"score": b})).expect(201);
    }
    let told = || {
        let ranking = app.get(RANKING).expect(200).json;
        let scores = ranking["standings"].as_array().unwrap().iter().map(|s| s["score_exact"].clone());
        (scores.collect::<Vec<Value>>(), ranking["left_out"].clone())
    };
    assert_eq!(told(), (vec![json!("100"), json!("79.41176470588235294118")], json!(["a2"])));
    // Nobody but a survey gives its points: not the units themselves, nor who appraises them.
    for stage in ["self", "appraised"] {
        let by_key = format!("{SCORES}/by-key/ix/2016/u/{stage}/a");
        assert_eq!(
            app.put(&by_key, &json!({"score": "7.5"})).expect(422).violations(),
            [("/score", "above_maximum")]
        );
        app.put(&by_key, &json!({"score": "7"})).expect(201);
    }
    let refused =
        send(app, "?dry_run=true&stage=self", "unit_id,criterion,score\nv,a,7.5\n").expect(200).json;
    assert_eq!(findings(&refused), [(2, "score", "above_maximum")], "{refused}");
    // One of them has points that only the survey gives: all are out of all the points.
    put(app, "u", "a", json!({"score": "8"})).expect(200);
    assert_eq!(told(), (vec![json!("90"), json!("67.5")], json!([])));
});

api_test!(no_total_is_made_of_a_score_above_what_is_left, |app| {
    app.make_units(&["u"]);
    let edition_with = |third: &str, fourth: &str| {
        let of_b = |code: &str, maximum: i32| child(code, maximum, json!({"parent": "b"}));
        let criteria = json!([
            criterion("a", 10),
            child("a1", 6, json!({})),
            child(third, 4, json!({})),
            criterion("b", 10),
            of_b("b1", 6),
            of_b(fourth, 4)
        ]);
        json!({"unit_of_measure": "percent", "criteria": criteria})
    };
    app.make_edition(edition_with("a2", "b2"));
    put(app, "u", "a", json!({"score": "9"})).expect(201);
    put(app, "u", "b", json!({"score": "5"})).expect(201);
    put(app, "u", "b2", not_applicable()).expect(201);
    assert_eq!(app.get(RANKING).expect(200).json["standings"][0]["score_exact"], "87.5");
    // What does not apply becomes a part of `a`: of which points the nine are is not known.
    app.make_edition(edition_with("b2", "a2"));
    let ranking = app.get(RANKING).expect(200).json;
    assert_eq!(ranking["unranked"][0]["reason"], "incomplete_components", "{ranking}");
});

api_test!(what_does_not_apply_at_one_stage_bounds_the_final_score_above_it, |app| {
    app.make_units(&["u", "v"]);
    let appraised = json!({"stage": "appraised"});
    let criteria = json!([criterion("a", 10), child("a1", 4, appraised.clone()), child("a2", 6, appraised)]);
    app.make_edition(json!({"criteria": criteria}));
    let out =
        |unit: &str| app.put(&format!("{SCORES}/by-key/ix/2016/{unit}/appraised/a1"), &not_applicable());
    out("u").expect(201);
    let refused = put(app, "u", "a", json!({"score": 9})).expect(422);
    assert_eq!(refused.violations(), [("/score", "above_maximum")]);
    put(app, "u", "a", json!({"score": 6})).expect(201);
    put(app, "v", "a", json!({"score": 9})).expect(201);
    assert_eq!(out("v").expect(422).violations(), [("/applicable", "below_a_score")]);
    let table = "unit_id,criterion,stage,score,applicable\nv,a1,appraised,,false\nu,a,final,6.5,\n";
    let looked = send(app, "?dry_run=true", table).expect(200).json;
    let want = [(2, "applicable", "below_a_score"), (3, "score", "above_maximum")];
    assert_eq!(findings(&looked), want, "{looked}");
    // A final score of the part itself goes before what was appraised.
    put(app, "u", "a1", json!({"score": 4})).expect(201);
    put(app, "u", "a", json!({"score": 10})).expect(200);
});
