//! Dossiers that another unit goes on with: what was counted before stays with the old one.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    records::{DOSSIERS, UNITS, dossier, with},
};

const TRANSFERS: &str = "/api/v1/dossiers/A/transfers";
const A: &str = "/api/v1/dossiers/A";

/// District `d` with communes `c1`, `c2` until 1 July 2025; `n1` and `n2` since.
fn make_tree(app: &App) {
    for id in ["n1", "n2"] {
        app.post(UNITS, &json!({"id": id, "name": id, "level": "commune", "valid_from": "2025-07-01"}))
            .expect(201);
    }
    app.post(UNITS, &json!({"id": "d", "name": "D", "level": "district", "valid_to": "2025-07-01"}))
        .expect(201);
    for (id, successor) in [("c1", "n1"), ("c2", "n2")] {
        app.post(
            UNITS,
            &json!({"id": id, "name": id, "level": "commune", "parent_id": "d", "valid_to": "2025-07-01",
                "successors": [{"unit_id": successor, "extent": "whole"}]}),
        )
        .expect(201);
    }
}

fn open(code: &str, over: Value) -> Value {
    let base = json!({"accepted_at": "2025-06-20T08:00:00+07:00", "due_at": "2025-07-04T17:00:00+07:00"});
    with(with(dossier(code, "d"), base), over)
}

fn figures(app: &App, unit: &str, span: &str) -> [i64; 6] {
    let answer = app.get(&format!("/api/v1/dossier-statistics?unit_id={unit}&{span}")).expect(200).json;
    for check in answer["checks"].as_array().unwrap() {
        assert_eq!(check["holds"], true, "{check}");
    }
    let total = &answer["total"];
    [
        "/received/total",
        "/carried_over",
        "/transferred_in",
        "/transferred_out",
        "/resolved/total",
        "/open/total",
    ]
    .map(|place| total.pointer(place).unwrap().as_i64().unwrap())
}

api_test!(counts_before_a_transfer_stay_and_later_ones_are_the_new_units, |app| {
    app.set_now("2026-01-04T08:00:00+07:00");
    make_tree(app);
    app.post(DOSSIERS, &open("A", json!({}))).expect(201);
    let transfer =
        json!({"to_unit_id": "n1", "at": "2025-07-01T00:00:00+07:00", "ground": "Nghị quyết 1663"});
    let done = app.post(TRANSFERS, &transfer).expect(201);
    assert_eq!(done.json["from_unit_id"], "d");
    let before = app.database.dump();
    assert_eq!(app.post(TRANSFERS, &transfer).expect(200).json, done.json);
    assert_eq!(app.database.dump(), before);
    app.post(&format!("{A}/events"), &json!({"status": 9, "at": "2026-01-04T07:00:00+07:00"})).expect(201);
    assert_eq!(figures(app, "d", "period=2025-06"), [1, 0, 0, 0, 0, 1]);
    assert_eq!(figures(app, "d", "period=2025-07"), [0, 1, 0, 1, 0, 0]);
    assert_eq!(figures(app, "n1", "period=2025-06"), [0, 0, 0, 0, 0, 0]);
    assert_eq!(figures(app, "n1", "period=2025"), [0, 0, 1, 0, 0, 1]);
    assert_eq!(figures(app, "n1", "period=2026"), [0, 1, 0, 0, 1, 0]);
    let overdue = app.get("/api/v1/dossier-statistics?unit_id=n1&period=2025").expect(200).json;
    assert_eq!(overdue["total"]["open"]["overdue"], 1);
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["unit_id"], &record["outcome"]), (&json!("n1"), &json!("late")));
    assert_eq!(app.get(&format!("{A}/events")).expect(200).json["transfers"], json!([done.json]));
    // The unit follows from the transfers from now on.
    app.put(A, &record).expect(200);
    let refused = app.patch(A, &json!({"unit_id": "n2"})).expect(409);
    assert_eq!((refused.code(), refused.violations()), ("transferred", vec![("/unit_id", "transferred")]));
    let refused = app.patch(A, &json!({"finished_at": "2025-06-25T08:00:00+07:00"})).expect(422);
    assert_eq!(refused.violations(), [("/finished_at", "before_transfer")]);
    // A unit that took a dossier over may have begun after its acceptance.
    app.patch(&format!("{UNITS}/n1"), &json!({"name": "Xã Mới"})).expect(200);
});

api_test!(a_transfer_that_can_not_be_is_refused, |app| {
    app.set_now("2026-01-04T08:00:00+07:00");
    make_tree(app);
    app.post(DOSSIERS, &open("A", json!({"status": 9, "finished_at": "2025-07-03T08:00:00+07:00"})))
        .expect(201);
    let to = |unit: &str, at: &str| json!({"to_unit_id": unit, "at": at});
    let before = app.database.dump();
    for (body, status, code, pointer) in [
        (to("nowhere", "2025-07-01T00:00:00+07:00"), 422, "unknown_unit", "/to_unit_id"),
        (to("n1", "2025-06-30T00:00:00+07:00"), 422, "unit_not_in_existence", "/to_unit_id"),
        (to("n1", "2025-07-03T08:00:00+07:00"), 409, "not_open", "/at"),
        (to("c1", "2025-06-19T08:00:00+07:00"), 409, "not_open", "/at"),
        (json!({"to_unit_id": "n1"}), 422, "required", "/at"),
        (
            json!({"to_unit_id": "n1", "at": "2025-07-01T00:00:00+07:00", "why": ""}),
            400,
            "unknown_field",
            "/why",
        ),
        (with(to("n1", "2025-07-01T00:00:00+07:00"), json!({"ground": ""})), 422, "empty", "/ground"),
    ] {
        let refused = app.post(TRANSFERS, &body).expect(status);
        assert_eq!(refused.violations(), [(pointer, code)], "{body}");
    }
    let there = app.post(TRANSFERS, &to("d", "2025-06-25T08:00:00+07:00")).expect(409);
    assert_eq!(there.code(), "already_there");
    assert_eq!(app.database.dump(), before);
    app.post("/api/v1/dossiers/B/transfers", &json!({"colour": 1})).expect(404);
});

api_test!(transfers_told_out_of_order_make_one_chain, |app| {
    app.set_now("2026-01-04T08:00:00+07:00");
    make_tree(app);
    app.post(DOSSIERS, &open("A", json!({}))).expect(201);
    app.post(TRANSFERS, &json!({"to_unit_id": "n2", "at": "2025-07-05T08:00:00+07:00"})).expect(201);
    app.post(TRANSFERS, &json!({"to_unit_id": "c1", "at": "2025-06-25T08:00:00+07:00"})).expect(201);
    let told = app.get(&format!("{A}/events")).expect(200).json;
    let chain: Vec<(&str, &str)> = told["transfers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["from_unit_id"].as_str().unwrap(), t["to_unit_id"].as_str().unwrap()))
        .collect();
    assert_eq!(chain, [("d", "c1"), ("c1", "n2")]);
    assert_eq!(figures(app, "c1", "period=2025"), [0, 0, 1, 1, 0, 0]);
    assert_eq!(figures(app, "n2", "period=2025"), [0, 0, 1, 0, 0, 1]);
});

api_test!(a_unit_that_ends_hands_over_what_it_has_open, |app| {
    app.set_now("2026-01-04T08:00:00+07:00");
    make_tree(app);
    let records = [
        open("by-desk", json!({"received_by_unit_id": "c1"})),
        open("by-field", json!({"field": "Đất đai"})),
        open("by-nothing", json!({"field": "Hộ tịch"})),
        open("closed-before", json!({"status": 9, "finished_at": "2025-06-30T23:59:59+07:00"})),
        open(
            "closed-after",
            json!({"status": 9, "finished_at": "2025-07-01T08:00:00+07:00", "received_by_unit_id": "c2"}),
        ),
    ];
    for record in &records {
        app.post(DOSSIERS, record).expect(201);
    }
    let handover = format!("{UNITS}/d/handover");
    let asked = json!({"ground": "Nghị quyết 1663", "fields": {"Đất đai": "n2"}});
    let done = app.post(&handover, &asked).expect(200).json;
    assert_eq!(done["moved"], json!([{"unit_id": "n1", "dossiers": 1}, {"unit_id": "n2", "dossiers": 2}]));
    assert_eq!((&done["moved_total"], &done["unassigned"]), (&json!(3), &json!(["by-nothing"])));
    assert_eq!(figures(app, "d", "period=2025"), [5, 0, 0, 3, 1, 1]);
    assert_eq!(figures(app, "n2", "period=2025"), [0, 0, 2, 0, 1, 1]);
    let again = app.post(&handover, &with(asked, json!({"to_unit_id": "n1"}))).expect(200).json;
    assert_eq!(again["moved"], json!([{"unit_id": "n1", "dossiers": 1}]));
    assert_eq!(app.post(&handover, &json!({})).expect(200).json["moved_total"], 0);
    for (path, body, status, pointer, code) in [
        (&handover, json!({"to_unit_id": "nowhere"}), 422, "/to_unit_id", "unknown_unit"),
        (&handover, json!({"fields": {"X": "c1"}}), 422, "/fields/X", "unit_not_in_existence"),
        (&format!("{UNITS}/n1/handover"), json!({}), 422, "/at", "required"),
        (&handover, json!({"colour": 1}), 400, "/colour", "unknown_field"),
    ] {
        assert_eq!(app.post(path, &body).expect(status).violations(), [(pointer, code)], "{body}");
    }
    app.post(&format!("{UNITS}/nowhere/handover"), &json!({"colour": 1})).expect(404);
});
