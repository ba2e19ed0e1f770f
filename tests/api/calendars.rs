//! `/calendars`: one for a unit, inherited down the tree, in versions that stay readable.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    records::{UNITS, unit, with},
};

const CALENDARS: &str = "/api/v1/calendars";

/// A province, its district, its commune; and a unit on its own.
fn tree(app: &App) {
    app.make_units(&["province", "alone"]);
    app.post(UNITS, &with(unit("district"), json!({"parent_id": "province"}))).expect(201);
    app.post(UNITS, &with(unit("commune"), json!({"parent_id": "district"}))).expect(201);
}

fn make(app: &App, id: &str, unit: Option<&str>, days: Value) -> Value {
    app.post(CALENDARS, &json!({"id": id, "name": format!("Lịch {id}"), "unit_id": unit, "days": days}))
        .expect(201)
        .json
}

/// What a unit's dossier accepted on Tuesday 1 September 2020 with one working day is due by.
fn preview(app: &App, unit: &str) -> Value {
    let term = json!({"amount": 1, "unit": "working_days"});
    let body = json!({"unit_id": unit, "accepted_at": "2020-09-01T09:00:00+07:00", "term": term});
    app.post("/api/v1/deadlines/preview", &body).expect(200).json
}

fn calendar_of(app: &App, unit: &str) -> (Value, Value) {
    let told = preview(app, unit);
    (told["calendar_id"].clone(), told["calendar_version"].clone())
}

fn off(day: &str) -> Value {
    json!([{"day": day, "kind": "off"}])
}

api_test!(a_calendar_shows_every_member, |app| {
    let made = app.post(CALENDARS, &json!({"id": "vn", "name": " Lịch "})).expect(201);
    assert_eq!(made.header("location"), "/api/v1/calendars/vn");
    let hours = json!([{"from": "07:00", "to": "11:30"}, {"from": "13:30", "to": "17:00"}]);
    assert_eq!(
        made.json,
        json!({"id": "vn", "unit_id": null, "name": "Lịch", "version": 1, "hours": hours, "days": []})
    );
    let days = json!([
        {"day": "2025-07-05", "kind": "saturday_duty", "name": "Trực", "hours": [{"from": "07:00", "to": "11:30"}], "forecast": false},
        {"day": "2024-05-04", "kind": "working", "name": "Làm bù", "hours": null, "forecast": false},
        {"day": "2024-04-29", "kind": "swapped", "name": null, "hours": null, "forecast": true},
        {"day": "2024-04-30", "kind": "off", "name": "Ngày Chiến thắng", "hours": null, "forecast": false}
    ]);
    let put = app.put("/api/v1/calendars/vn", &json!({"name": "Lịch", "days": days})).expect(200);
    assert_eq!(put.json["version"], 2);
    let told = put.json["days"].as_array().unwrap();
    let order: Vec<&str> = told.iter().map(|day| day["day"].as_str().unwrap()).collect();
    assert_eq!(order, ["2024-04-29", "2024-04-30", "2024-05-04", "2025-07-05"], "in order");
    for day in days.as_array().unwrap() {
        assert!(told.contains(day), "{day}");
    }
    let named = app.post(UNITS, &unit("u")).expect(201).json["id"].clone();
    let anonymous = app.post(CALENDARS, &json!({"name": "Không mã", "unit_id": named})).expect(201);
    assert!(!anonymous.json["id"].as_str().unwrap().is_empty(), "the service makes an id");
});

api_test!(an_edit_makes_a_version_and_the_older_ones_stay, |app| {
    let path = "/api/v1/calendars/vn";
    let first = app.put(path, &json!({"name": "Lịch", "days": off("2020-09-02")})).expect(201);
    let same = app.put(path, &first.json).expect(200);
    assert_eq!((same.etag(), &same.json), (first.etag(), &first.json), "no edit, no version");
    let second = app.patch(path, &json!({"days": off("2020-09-03")})).expect(200);
    assert_eq!(second.json["version"], 2);
    app.ask("PATCH", path).header("if-match", first.etag()).json(&json!({"name": "x"})).send().expect(412);
    let version = |n: i32| app.get(&format!("{path}/versions/{n}")).expect(200);
    assert_eq!((version(1).json, version(1).etag()), (first.json.clone(), first.etag()));
    assert_eq!((version(2).json, version(2).etag()), (second.json.clone(), second.etag()));
    app.get(&format!("{path}/versions/3")).expect(404);
    let known = format!("{path}/versions/1");
    app.ask("GET", &known).header("if-none-match", first.etag()).send().expect(304);
    // Deleted and made again, it goes on counting: what a version said stays true.
    app.delete(path).expect(204);
    app.get(path).expect(404);
    assert_eq!(version(2).json, second.json);
    let third = app.put(path, &json!({"name": "Lịch mới"})).expect(201);
    assert_eq!(third.json["version"], 3);
    assert_eq!((version(1).json, version(3).json), (first.json, third.json));
});

api_test!(a_refused_edit_makes_no_version, |app| {
    let path = "/api/v1/calendars/vn";
    app.put(path, &json!({"name": "Lịch"})).expect(201);
    app.patch(path, &json!({"name": ""})).expect(422);
    app.patch(path, &json!({"version": 7})).expect(200);
    assert_eq!(app.get(path).json["version"], 1, "the version is not written by callers");
    app.get(&format!("{path}/versions/2")).expect(404);
});

api_test!(a_unit_uses_its_own_calendar_then_its_nearest_ancestors_then_that_of_all, |app| {
    tree(app);
    let none = preview(app, "commune");
    assert_eq!((&none["calendar_id"], &none["fallback_calendar"]), (&Value::Null, &json!(true)));
    assert_eq!(
        (&none["calendar_version"], &none["due_at"]),
        (&Value::Null, &json!("2020-09-02T17:00:00+07:00"))
    );
    let of = |unit: &str| calendar_of(app, unit);
    let is = |id: &str, version: i32| (json!(id), json!(version));
    make(app, "vn", None, off("2020-09-02"));
    for unit in ["province", "district", "commune", "alone"] {
        assert_eq!(of(unit), is("vn", 1), "{unit}");
    }
    assert_eq!(preview(app, "commune")["due_at"], "2020-09-03T17:00:00+07:00");
    assert_eq!(preview(app, "commune")["fallback_calendar"], false);
    make(app, "p", Some("province"), json!([]));
    make(app, "d", Some("district"), json!([]));
    assert_eq!((of("province"), of("district")), (is("p", 1), is("d", 1)));
    assert_eq!((of("commune"), of("alone")), (is("d", 1), is("vn", 1)), "the nearest");
    assert_eq!(preview(app, "commune")["due_at"], "2020-09-02T17:00:00+07:00", "no days are taken over");
    app.patch("/api/v1/calendars/d", &json!({"name": "Khác"})).expect(200);
    assert_eq!(of("commune"), is("d", 2));
    app.delete("/api/v1/calendars/d").expect(204);
    assert_eq!(of("commune"), is("p", 1));
    // A calendar may move to another unit, where there is none.
    app.patch("/api/v1/calendars/p", &json!({"unit_id": "alone"})).expect(200);
    assert_eq!((of("commune"), of("alone")), (is("vn", 1), is("p", 2)));
});

api_test!(calendars_are_listed_and_found, |app| {
    tree(app);
    make(app, "vn", None, json!([]));
    make(app, "p", Some("province"), json!([]));
    make(app, "a", Some("commune"), json!([]));
    app.patch("/api/v1/calendars/p", &json!({"name": "Ăn"})).expect(200);
    for (query, want) in [
        ("", vec!["a", "p", "vn"]),
        ("sort=-id", vec!["vn", "p", "a"]),
        ("sort=name", vec!["p", "a", "vn"]),
        ("unit_id=province", vec!["p"]),
        ("under=province", vec!["a", "p"]),
        ("version=2", vec!["p"]),
        ("q=lich", vec!["a", "vn"]),
        ("name=Lịch vn", vec!["vn"]),
    ] {
        let query = query.replace(' ', "%20").replace('ị', "%E1%BB%8B");
        assert_eq!(app.get(&format!("{CALENDARS}?{query}")).expect(200).each("id"), want, "{query}");
    }
});
