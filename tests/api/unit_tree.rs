//! Former parents of units, and statistics by the tree as it was in the period.

use serde_json::{Value, json};

use crate::{
    changes::settle,
    support::{
        api_test,
        app::App,
        records::{DOSSIERS, UNITS, dossier, unit, with},
    },
};

const C: &str = "/api/v1/units/c";

fn make(app: &App, id: &str, over: Value) {
    app.post(UNITS, &with(unit(id), over)).expect(201);
}

/// The province `p` with the districts `old` and `new`; the commune `c` moved from one to the other on 1 July 2020.
fn make_tree(app: &App) {
    make(app, "p", json!({"level": "province"}));
    for id in ["old", "new"] {
        make(app, id, json!({"level": "district", "parent_id": "p"}));
    }
    make(app, "c", json!({"parent_id": "new", "former_parents": [former(json!("old"), "2020-07-01")]}));
}

fn former(parent: Value, until: &str) -> Value {
    json!({"parent_id": parent, "until": until})
}

/// Units of a year's statistics with what they received, and what was carried over in all.
fn received(app: &App, unit_id: &str, period: &str) -> (Vec<(String, i64)>, i64) {
    let path = format!("/api/v1/dossier-statistics?unit_id={unit_id}&{period}&group_by=unit");
    let answer = app.get(&path).expect(200).json;
    for check in answer["checks"].as_array().unwrap() {
        assert_eq!(check["holds"], true, "{path}: {check}");
    }
    let rows = answer["rows"].as_array().unwrap().iter();
    let units = rows.map(|row| {
        (
            row["group"]["unit"].as_str().unwrap().to_owned(),
            row["figures"]["received"]["total"].as_i64().unwrap(),
        )
    });
    (units.collect(), answer["total"]["carried_over"].as_i64().unwrap())
}

api_test!(former_parents_are_kept_shown_and_logged, |app| {
    make_tree(app);
    let list = json!([former(Value::Null, "2010-01-01"), former(json!("old"), "2020-07-01")]);
    let patched = app.patch(C, &json!({"former_parents": list})).expect(200);
    assert_eq!(patched.json["former_parents"], list);
    let read = app.get(C).expect(200);
    assert_eq!((read.etag(), &read.json), (patched.etag(), &patched.json));
    assert_eq!(app.put(C, &read.json).expect(200).etag(), patched.etag());
    let listed = app.get(&format!("{UNITS}?parent_id=new")).expect(200).json;
    assert_eq!(listed["items"][0], read.json);
    settle(app);
    crate::changes::settle(app);
    let log = app.get("/api/v1/changes?record_id=c").expect(200).json;
    assert_eq!(log["items"][1]["before"]["former_parents"], json!([former(json!("old"), "2020-07-01")]));
    assert_eq!(log["items"][1]["after"], read.json);
    let refused = app.ask("DELETE", "/api/v1/units/old").send().expect(409);
    assert!(refused.json["errors"].to_string().contains("former_parents"));
    let without = app.put(C, &with(unit("c"), json!({"parent_id": "new"}))).expect(200);
    assert_eq!(without.json["former_parents"], json!([]));
    app.delete("/api/v1/units/old").expect(204);
    app.patch(C, &json!({"former_parents": [former(json!("p"), "2020-07-01")]})).expect(200);
    app.delete(C).expect(204);
});

api_test!(a_commune_counts_where_it_stood_at_the_end_of_the_period, |app| {
    make_tree(app);
    for (code, on) in [("A", "2019-05-06"), ("B", "2020-05-06"), ("C", "2020-08-06")] {
        let times = json!({
            "accepted_at": format!("{on}T08:00:00+07:00"), "due_at": format!("{on}T17:00:00+07:00"),
        });
        app.post(DOSSIERS, &with(dossier(code, "c"), times)).expect(201);
    }
    let one = |n: i64| vec![("c".to_owned(), n)];
    assert_eq!(received(app, "old", "period=2019"), (one(1), 0));
    assert_eq!(received(app, "new", "period=2019"), (vec![], 0));
    assert_eq!(received(app, "old", "period=2020"), (vec![], 0));
    assert_eq!(received(app, "new", "period=2020"), (one(2), 1));
    assert_eq!(received(app, "old", "period=2020-H1"), (one(1), 1));
    assert_eq!(received(app, "new", "period=2020-H1"), (vec![], 0));
    assert_eq!(received(app, "p", "period=2020"), (one(2), 1));
    // Judged on an earlier day the tree is that day's.
    assert_eq!(received(app, "old", "period=2020&as_of=2020-06-30"), (one(1), 1));
    for (unit, period, want) in
        [("old", "2019", 1), ("new", "2019", 0), ("old", "2020", 0), ("new", "2020", 2)]
    {
        let path = format!("/api/v1/dossier-statistics?unit_id={unit}&period={period}&group_by=level");
        let answer = app.get(&path).expect(200).json;
        let rows = answer["rows"].as_array().unwrap();
        assert_eq!(rows.len(), usize::from(want > 0), "{path}");
        for row in rows {
            assert_eq!(row["group"]["level"], "commune");
            assert_eq!(row["figures"]["received"]["total"], want, "{path}");
        }
    }
});

api_test!(what_ended_keeps_its_place_and_what_has_yet_to_begin_has_none, |app| {
    make_tree(app);
    make(
        app,
        "gone",
        json!({
            "parent_id": "new", "valid_to": "2020-01-01", "former_parents": [former(json!("old"), "2019-01-01")]
        }),
    );
    make(app, "next", json!({"parent_id": "old", "valid_from": "2020-01-01"}));
    let on = |day: &str| json!({"accepted_at": format!("{day}T08:00:00+07:00"), "due_at": null});
    app.post(DOSSIERS, &with(dossier("G", "gone"), on("2018-05-07"))).expect(201);
    app.post(DOSSIERS, &with(dossier("N", "next"), on("2020-05-06"))).expect(201);
    let gone = |n: i64| vec![("gone".to_owned(), n)];
    assert_eq!(received(app, "old", "period=2018"), (gone(1), 0));
    assert_eq!(received(app, "new", "period=2018"), (vec![], 0));
    // On its last day it stood below the new district: what it left open is carried over there.
    assert_eq!(received(app, "new", "period=2020"), (gone(0), 1));
    assert_eq!(received(app, "old", "period=2020"), (vec![("next".to_owned(), 1)], 0));
    assert_eq!(received(app, "old", "period=2019"), (vec![], 0));
});

api_test!(what_is_wrong_with_former_parents_is_named, |app| {
    make_tree(app);
    let old = || json!("old");
    let two = |a: &str, b: &str| json!([former(old(), a), former(json!("p"), b)]);
    for (list, status, pointer, code) in [
        (json!([former(json!("nowhere"), "2020-07-01")]), 422, "/former_parents/0/parent_id", "unknown_unit"),
        (json!([former(json!("c"), "2020-07-01")]), 422, "/former_parents/0/parent_id", "cycle"),
        (two("2020-07-01", "2020-07-01"), 422, "/former_parents/1/until", "duplicate"),
        (two("2020-07-01", "2020-06-30"), 422, "/former_parents/1/until", "not_ascending"),
        (json!([former(old(), "2015-01-01")]), 422, "/former_parents/0/until", "outside_validity"),
        (json!([former(old(), "2025-07-01")]), 422, "/former_parents/0/until", "outside_validity"),
        (json!([{"parent_id": "old"}]), 422, "/former_parents/0/until", "required"),
        (json!([former(old(), "2020-07")]), 400, "/former_parents/0/until", "wrong_type"),
        (json!([{"parent_id": 1, "until": "2020-07-01"}]), 400, "/former_parents/0/parent_id", "wrong_type"),
        (
            json!([with(former(old(), "2020-07-01"), json!({"from": null}))]),
            400,
            "/former_parents/0/from",
            "unknown_field",
        ),
        (json!({"parent_id": "old"}), 400, "/former_parents", "wrong_type"),
        (
            json!([former(json!("a\u{0}"), "2020-07-01")]),
            422,
            "/former_parents/0/parent_id",
            "control_character",
        ),
    ] {
        let over = json!({
            "parent_id": "new", "valid_from": "2015-01-01", "valid_to": "2025-07-01", "former_parents": list
        });
        let refused = app.put(C, &with(unit("c"), over)).expect(status);
        assert_eq!(refused.violations(), [(pointer, code)], "{list}");
    }
    let day = |i: i32| format!("{}-01-01", 1900 + i);
    let many: Vec<Value> = (0..101).map(|i| former(old(), &day(i))).collect();
    let refused = app.put(C, &with(unit("c"), json!({"former_parents": many}))).expect(422);
    assert_eq!(refused.violations(), [("/former_parents", "too_many")]);
    app.put(C, &with(unit("c"), json!({"former_parents": many[..100]}))).expect(200);
    for until in ["2015-01-02", "2025-06-30"] {
        let over = json!({
            "valid_from": "2015-01-01", "valid_to": "2025-07-01", "former_parents": [former(old(), until)]
        });
        app.put(C, &with(unit("c"), over)).expect(200);
    }
});

api_test!(a_unit_stood_never_below_itself, |app| {
    make(app, "a", json!({}));
    make(app, "b", json!({"former_parents": [former(json!("a"), "2010-01-01")]}));
    make(app, "c", json!({"parent_id": "b"}));
    let patch = |id: &str, over: Value| app.patch(&format!("{UNITS}/{id}"), &over);
    // Until 2010 `a` stood above `b` and `c`.
    for (over, pointer) in [
        (json!({"parent_id": "c"}), "/parent_id"),
        (json!({"former_parents": [former(json!("c"), "2009-01-01")]}), "/former_parents/0/parent_id"),
        (
            json!({"former_parents": [former(Value::Null, "2009-12-31"), former(json!("b"), "2012-01-01")]}),
            "/former_parents/1/parent_id",
        ),
    ] {
        assert_eq!(patch("a", over).expect(422).violations(), [(pointer, "cycle")]);
    }
    // Afterwards they may stand above it.
    let later = json!({"parent_id": "c", "former_parents": [former(Value::Null, "2010-01-01")]});
    patch("a", later).expect(200);
    let longer = json!({"former_parents": [former(json!("a"), "2010-01-02")]});
    assert_eq!(patch("b", longer).expect(422).violations(), [("/former_parents/0/parent_id", "cycle")]);
    assert_eq!(patch("b", json!({"parent_id": "a"})).expect(422).violations(), [("/parent_id", "cycle")]);
});
