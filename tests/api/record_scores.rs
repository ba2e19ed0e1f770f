//! Scores computed from dossier records: rates, thresholds, what a rate of nothing gives, and what stays.

use serde_json::{Value, json};

use crate::{
    changes,
    support::{
        api_test,
        app::App,
        indexes::{SCORES, criterion, score},
        records::{DOSSIERS, UNITS, dossier, with},
    },
};

const COMPUTE: &str = "/api/v1/indexes/ix/editions/2020/record-scores";

fn rule(measure: &str, threshold: i64, zero: &str) -> Value {
    json!({"from_records": {"measure": measure, "full_marks_from": threshold, "zero_denominator": zero}})
}

/// A district with three dossiers in one of its communes: in time and online, late, and open past its due day.
fn begin(app: &App) {
    app.post(UNITS, &json!({"id": "d", "name": "Huyện D", "level": "district"})).expect(201);
    for id in ["c1", "c2"] {
        app.post(UNITS, &json!({"id": id, "name": id, "level": "commune", "parent_id": "d"})).expect(201);
    }
    let finished = |code: &str, day: &str| {
        with(
            dossier(code, "c1"),
            json!({"status": 9, "finished_at": format!("2020-03-{day}T10:00:00+07:00")}),
        )
    };
    app.post(DOSSIERS, &with(finished("A", "09"), json!({"submitted_via": "online"}))).expect(201);
    app.post(DOSSIERS, &finished("B", "12")).expect(201);
    app.post(DOSSIERS, &dossier("C", "c1")).expect(201);
    app.put("/api/v1/indexes/ix", &json!({"name": "Chỉ số"})).expect(201);
    app.make_edition_of(
        2020,
        json!({
            "criteria": [
                criterion("given", 10),
                with(criterion("on_time", 20), rule("on_time_of_resolved", 80, "zero")),
                with(criterion("handled", 20), rule("in_time_of_handled", 100, "not_applicable")),
                with(with(criterion("online", 6), json!({"stage": "appraised"})), rule("online_of_received", 50, "full"))
            ],
            "overlapping_cohorts": true,
            "cohorts": [{"code": "communes", "name": "Các xã", "rule": {"level": "commune"}},
                        {"code": "all", "name": "Tất cả", "unit_ids": ["d", "c1"]}]
        }),
    );
}

fn counts(answer: &Value) -> [i64; 5] {
    ["computed", "created", "updated", "unchanged", "kept_given"].map(|name| answer[name].as_i64().unwrap())
}

fn computed<'a>(answer: &'a Value, unit: &str, criterion: &str) -> &'a Value {
    let scores = answer["scores"].as_array().unwrap();
    scores.iter().find(|s| s["unit_id"] == unit && s["criterion"] == criterion).unwrap()
}

api_test!(scores_come_from_records_with_what_they_were_computed_from, |app| {
    begin(app);
    let before = app.database.dump();
    let dry = app.post(COMPUTE, &json!({"dry_run": true})).expect(200).json;
    assert_eq!(app.database.dump(), before);
    assert_eq!(counts(&dry), [9, 9, 0, 0, 0]);
    let done = app.post(COMPUTE, &json!({})).expect(200).json;
    assert_eq!(with(done.clone(), json!({"dry_run": true})), dry);
    // Half of the resolved, of 80 %: 12.5 of 20. A third of what was there. A third online, of 50 %: 4 of 6.
    for unit in ["c1", "d"] {
        for (code, score) in [("on_time", "12.5"), ("handled", "6.66666666666666666667"), ("online", "4")] {
            assert_eq!(computed(&done, unit, code)["score_exact"], score, "{unit} {code}");
        }
    }
    let of_c2 =
        ["on_time", "handled", "online"].map(|code| computed(&done, "c2", code)["score_exact"].clone());
    assert_eq!(of_c2, [json!("0"), Value::Null, json!("6")]);
    assert_eq!(computed(&done, "c2", "handled")["applicable"], false);
    let read = |unit: &str, code: &str| {
        let page = app.get(&format!("{SCORES}?unit_id={unit}&criterion={code}")).expect(200).json;
        page["items"][0].clone()
    };
    let stored = read("c1", "online");
    assert_eq!((&stored["stage"], stored["score"].to_string()), (&json!("appraised"), "4".to_owned()));
    assert_eq!(
        stored["computation"],
        json!({"measure": "online_of_received", "numerator": 1, "denominator": 3,
               "period": {"from": "2020-01-01", "to": "2020-12-31", "calendar": "civil"}, "full_marks_from": 50,
               "judged_at": "2020-12-31", "computed_at": "2021-01-04T08:00:00+07:00"})
    );
    // Again: nothing has changed, so nothing is written, not even the moment.
    app.set_now("2021-01-05T08:00:00+07:00");
    let before = app.database.dump();
    assert_eq!(counts(&app.post(COMPUTE, &json!({})).expect(200).json), [9, 0, 0, 9, 0]);
    assert_eq!(app.database.dump(), before);
    // One more resolved in time changes what follows from it.
    app.patch(&format!("{DOSSIERS}/C"), &json!({"status": 9, "finished_at": "2020-03-03T08:00:00+07:00"}))
        .expect(200);
    let again = app.post(COMPUTE, &json!({"criteria": ["on_time"]})).expect(200).json;
    assert_eq!(counts(&again), [3, 0, 2, 1, 0]);
    assert_eq!(computed(&again, "d", "on_time")["score_exact"], "16.66666666666666666667");
    assert_eq!(changes::page(app, "resource=index-scores&limit=500").0.len(), 11);
});

api_test!(a_score_that_somebody_gave_stays, |app| {
    begin(app);
    let given = with(score("c1", 3), json!({"year": 2020, "criterion": "on_time", "published_rank": 1}));
    let path = app.make_score(&given).header("location").to_owned();
    let done = app.post(COMPUTE, &json!({"criteria": ["on_time"]})).expect(200).json;
    assert_eq!(counts(&done), [3, 2, 0, 0, 1]);
    assert_eq!(app.get(&path).expect(200).json["score"], 3);
    let done = app.post(COMPUTE, &json!({"criteria": ["on_time"], "replace_given": true})).expect(200).json;
    assert_eq!(counts(&done), [3, 0, 1, 2, 0]);
    let replaced = app.get(&path).expect(200);
    assert_eq!(
        (&replaced.json["score"].to_string(), &replaced.json["published_rank"]),
        (&"12.5".to_owned(), &json!(1))
    );
    // What GET gives can be put back; a score that somebody changes is no longer a computed one.
    assert_eq!(app.put(&path, &replaced.json).expect(200).etag(), replaced.etag());
    let renamed = app.patch(&path, &json!({"source": "Khác"})).expect(200).json;
    assert_eq!(renamed["computation"]["measure"], "on_time_of_resolved");
    let changed = app.patch(&path, &json!({"score": 4, "computation": {"measure": "mine"}})).expect(200).json;
    assert_eq!(changed["computation"], Value::Null);
    assert_eq!(
        counts(&app.post(COMPUTE, &json!({"criteria": ["on_time"]})).expect(200).json),
        [3, 0, 0, 2, 1]
    );
});

api_test!(a_computed_score_counts_in_the_ranking, |app| {
    begin(app);
    app.post(COMPUTE, &json!({})).expect(200);
    for id in ["c1", "c2", "d"] {
        app.make_score(&with(score(id, 10), json!({"year": 2020, "criterion": "given"})));
    }
    let ranking = app.get("/api/v1/indexes/ix/rankings/2020").expect(200).json;
    let rows: Vec<_> = ranking["standings"].as_array().unwrap().iter().collect();
    assert_eq!(rows[0]["score_exact"], "33.16666666666666666667");
    assert_eq!((&rows[1]["unit_id"], &rows[1]["score_exact"]), (&json!("c2"), &json!("16")));
});

api_test!(what_cannot_be_computed_is_refused, |app| {
    begin(app);
    let before = app.database.dump();
    let answer = app.post(COMPUTE, &json!({"criteria": ["on_time", "given", "on_time"]})).expect(422);
    assert_eq!(
        answer.violations(),
        [("/criteria/1", "not_from_records"), ("/criteria/2", "not_from_records")]
    );
    assert_eq!(
        app.post(COMPUTE, &json!({"dry": true})).expect(400).violations(),
        [("/dry", "unknown_field")]
    );
    app.post("/api/v1/indexes/ix/editions/2019/record-scores", &json!({})).expect(404);
    app.post("/api/v1/indexes/no/editions/2020/record-scores", &json!({})).expect(404);
    assert_eq!(app.database.dump(), before);
    app.make_edition_of(2019, json!({"criteria": [criterion("a", 1)]}));
    let answer = app.post("/api/v1/indexes/ix/editions/2019/record-scores", &json!({})).expect(422);
    assert_eq!(answer.violations(), [("", "nothing_from_records")]);
    let later = with(criterion("a", 1), rule("online_of_received", 50, "zero"));
    app.make_edition_of(2022, json!({"criteria": [later]}));
    let answer = app.post("/api/v1/indexes/ix/editions/2022/record-scores", &json!({})).expect(409);
    assert_eq!(answer.code(), "period_not_begun");
});
