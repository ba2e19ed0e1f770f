//! What a published ranking tells of reforms stays as it was known then.

use serde_json::{Value, json};

use crate::{
    edition_readings::publish_of,
    support::{
        api_test,
        app::App,
        indexes::{EDITION, RANKING, score},
        records::{UNITS, unit, with},
    },
};

/// Two years of two communes each, as lists: `old` and `same` in 2015, `new` and `same` in 2016. That `old` has ended
/// is not known yet.
fn begin_before_the_reform(app: &App) {
    app.make_units(&["old", "same"]);
    app.post(UNITS, &with(unit("new"), json!({"valid_from": "2016-03-01"}))).expect(201);
    let listed = |ids: [&str; 2]| json!({"cohorts": [{"code": "all", "name": "Các xã", "unit_ids": ids}]});
    app.make_edition(listed(["new", "same"]));
    app.make_edition_of(2015, listed(["old", "same"]));
    for (id, year, value) in [("old", 2015, 1), ("same", 2015, 2), ("new", 2016, 1), ("same", 2016, 2)] {
        app.make_score(&with(score(id, value), json!({"year": year})));
    }
    app.set_now("2021-02-03T08:00:00+07:00");
    publish_of(app, 2015, "x");
    publish_of(app, 2016, "x");
}

fn passed_to_new(app: &App) {
    let whole = json!([{"unit_id": "new", "extent": "whole"}]);
    app.patch("/api/v1/units/old", &json!({"valid_to": "2016-03-01", "successors": whole})).expect(200);
}

/// The ids of units that have ended, and of the predecessors of `new`.
fn lineage(ranking: &Value) -> (Vec<String>, Vec<String>) {
    let ids = |units: &Value| -> Vec<String> {
        let units = units.as_array().into_iter().flatten();
        units.map(|unit| unit["unit_id"].as_str().unwrap().to_owned()).collect()
    };
    let standings = ranking["standings"].as_array().unwrap();
    let new = standings.iter().find(|s| s["unit_id"] == "new").unwrap();
    (ids(&ranking["ended"]), ids(&new["delta"]["predecessors"]))
}

api_test!(a_reform_that_is_recorded_later_waits_for_the_next_revision, |app| {
    begin_before_the_reform(app);
    let at = |query: &str| app.get(&format!("{RANKING}?{query}")).expect(200);
    let told = |query: &str| lineage(&at(query).json);
    let nothing: (Vec<String>, Vec<String>) = (vec![], vec![]);
    let changed = || app.get(EDITION).expect(200).json["working"]["units_changed"].clone();
    let states = ["", "revision=1", "as_of=2021-02-03"];
    let first = states.map(|state| at(state).raw);
    assert_eq!((told(""), changed()), (nothing, json!(false)));
    // A unit that no ranking names is nothing to publish.
    app.post(UNITS, &with(unit("far"), json!({"valid_to": "2016-03-01"}))).expect(201);
    app.patch("/api/v1/units/far", &json!({"name": "Xã Xa"})).expect(200);
    assert_eq!(changed(), false);
    // The base year names `old`; what it is called now, no ranking tells.
    app.patch("/api/v1/units/old", &json!({"name": "Xã Tên Mới"})).expect(200);
    assert_eq!((states.map(|state| at(state).raw), changed()), (first.clone(), json!(false)));
    app.set_now("2021-02-04T08:00:00+07:00");
    passed_to_new(app);
    assert_eq!(states.map(|state| at(state).raw), first);
    assert_eq!(changed(), true);
    let one = (vec!["old".to_owned()], vec!["old".to_owned()]);
    assert_eq!(told("revision=working"), one);
    publish_of(app, 2016, "Sáp nhập xã");
    assert_eq!((told(""), told("revision=2"), changed()), (one.clone(), one.clone(), json!(false)));
    assert_eq!([states[1], states[2]].map(|state| at(state).raw), [first[1].clone(), first[2].clone()]);
    // So with a unit that is made later, and with one that is taken away.
    let late = json!({"valid_to": "2016-03-01", "successors": [{"unit_id": "new", "extent": "part"}]});
    app.post(UNITS, &with(unit("late"), late)).expect(201);
    assert_eq!((told(""), changed()), (one.clone(), json!(true)));
    app.delete("/api/v1/units/late").expect(204);
    assert_eq!((told(""), changed()), (one.clone(), json!(false)));
});

api_test!(what_became_of_units_is_known_by_the_later_of_two_publications, |app| {
    begin_before_the_reform(app);
    let ended = |query: &str| lineage(&app.get(&format!("{RANKING}?{query}")).expect(200).json).0;
    app.set_now("2021-02-04T08:00:00+07:00");
    passed_to_new(app);
    let first = app.get(&format!("{RANKING}?revision=1")).expect(200).raw;
    assert_eq!(ended(""), Vec::<String>::new());
    app.set_now("2021-02-05T08:00:00+07:00");
    publish_of(app, 2015, "Xã đã sáp nhập");
    assert_eq!(ended(""), ["old"]);
    assert_eq!(app.get(RANKING).expect(200).header("last-modified"), "Fri, 05 Feb 2021 01:00:00 GMT");
    assert_eq!(app.get(&format!("{RANKING}?revision=1")).expect(200).raw, first);
    assert_eq!((ended("as_of=2021-02-04"), ended("as_of=2021-02-05")), (vec![], vec!["old".to_owned()]));
});

api_test!(what_is_still_to_come_has_not_ended, |app| {
    app.make_units(&["stays"]);
    app.post(UNITS, &with(unit("later"), json!({"valid_from": "2016-07-01"}))).expect(201);
    app.make_edition(json!({}));
    app.make_edition_of(2015, json!({}));
    for record in [score("stays", 1), score("later", 2), with(score("stays", 3), json!({"year": 2015}))] {
        app.make_score(&record);
    }
    let ranking = app.get("/api/v1/indexes/ix/rankings/2015?base_year=2016").expect(200).json;
    assert_eq!((&ranking["cohort_size"], &ranking["ended"]), (&json!(1), &json!([])));
});
