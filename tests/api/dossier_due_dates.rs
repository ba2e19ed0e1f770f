//! Due dates that waits have moved: who tells the date of before, and whose calendar counted what.

use serde_json::{Value, json};

use crate::{
    dossier_clock::{accept, at, calendar, make, tell},
    support::{
        api_test,
        app::App,
        records::{DOSSIERS, dossier, with},
    },
};

const A: &str = "/api/v1/dossiers/A";

api_test!(a_patch_that_names_the_date_of_before_a_wait_is_refused, |app| {
    make(app);
    accept(app, "A");
    // Begun again on the 9th: the term ends on the 16th, not on the 10th.
    tell(app, "A", &[(5, "04"), (4, "09")]);
    let record = app.get(A).expect(200);
    assert_eq!(record.json["due_at"], at("16", 17));
    let back = json!({"due_at": at("10", 17)});
    let before = app.database.dump();
    for body in [back.clone(), with(back.clone(), json!({"field": "Hộ tịch"}))] {
        let refused = app.ask("PATCH", A).header("accept-language", "en").json(&body).send().expect(409);
        assert_eq!(refused.code(), "due_change_without_reason");
        assert_eq!(refused.violations(), [("/due_at", "due_change_without_reason")]);
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains("waited") && detail.contains("`due_change_reason`"), "{detail}");
    }
    assert_eq!(app.database.dump(), before);
    // The date that holds may be named, and a whole record is sent again as another system has it.
    for body in [json!({"due_at": at("16", 17)}), record.json.clone()] {
        assert_eq!(app.patch(A, &body).expect(200).etag(), record.etag(), "{body}");
    }
    assert_eq!(app.put(A, &with(record.json.clone(), back.clone())).expect(200).etag(), record.etag());
    let given = app.patch(A, &with(back, json!({"due_change_reason": "Công văn số 7"}))).expect(200).json;
    assert_eq!(given["due_at"], at("10", 17));
});

/// Edits a calendar: 5 March and these days are off.
fn edit(app: &App, id: &str, unit: &str, off: &[&str]) {
    let days = [&["2020-03-05"][..], off].concat();
    app.put(&format!("/api/v1/calendars/{id}"), &with(calendar(&days), json!({"unit_id": unit}))).expect(200);
}

/// How many dossiers a calendar examines and how many change, and which, with the dates before and after.
fn count_again(app: &App, id: &str, dry_run: bool) -> Value {
    let address = format!("/api/v1/calendars/{id}/recompute");
    let told = app.post(&address, &json!({"dry_run": dry_run})).expect(200).json;
    let changes = told["changes"].as_array().unwrap().iter();
    let changes: Vec<Value> = changes.map(|c| json!([c["code"], c["due_at"], c["new_due_at"]])).collect();
    json!([told["examined"], told["changed"], changes])
}

fn due(app: &App, code: &str) -> Value {
    app.get(&format!("{DOSSIERS}/{code}")).expect(200).json["due_at"].clone()
}

api_test!(a_calendar_counts_the_waits_again_that_it_counted_after_a_given_date, |app| {
    make(app);
    let given = json!({"procedure_code": "1.001"});
    for code in ["given", "plain"] {
        app.post(DOSSIERS, &with(dossier(code, "u"), given.clone())).expect(201);
    }
    // 6 and 9 March are two working days: the date that was given for the 10th moves to the 12th.
    tell(app, "given", &[(6, "04"), (4, "09")]);
    assert_eq!(due(app, "given"), at("12", 17));
    edit(app, "cal", "u", &["2020-03-06"]);
    // A rule that is edited meanwhile is not asked again.
    let rule = json!({"unit_id": "u", "valid_from": "2020-01-01", "financial_duty": "restart"});
    app.post("/api/v1/clock-rules", &rule).expect(201);
    let want = json!([1, 1, [["given", at("12", 17), at("11", 17)]]]);
    let before = app.database.dump();
    assert_eq!(count_again(app, "cal", true), want);
    assert_eq!(app.database.dump(), before);
    assert_eq!(count_again(app, "cal", false), want);
    let record = app.get(&format!("{DOSSIERS}/given")).expect(200).json;
    assert_eq!((&record["first_due_at"], &record["due_at"]), (&json!(at("10", 17)), &json!(at("11", 17))));
    assert_eq!((&record["due_derived"], &record["due_calendar"]), (&json!(false), &Value::Null));
    let history = app.get(&format!("{DOSSIERS}/given/events")).expect(200).json;
    let change = &history["due_changes"][0];
    assert_eq!((&change["rule"], &change["calendar_version"]), (&json!("extend"), &json!(2)));
    assert_eq!(count_again(app, "cal", false), json!([0, 0, []]));
    assert_eq!(due(app, "plain"), at("10", 17));
});

api_test!(a_calendar_that_counts_again_applies_no_edit_of_another, |app| {
    make(app);
    app.make_units(&["b"]);
    app.put("/api/v1/calendars/cal-b", &with(calendar(&["2020-03-05"]), json!({"unit_id": "b"}))).expect(201);
    // Derived by the calendar of `u`; the wait at `b` is counted by that of `b`: 6 and 9 March.
    accept(app, "A");
    app.post(&format!("{A}/transfers"), &json!({"to_unit_id": "b", "at": at("03", 8)})).expect(201);
    tell(app, "A", &[(6, "04"), (4, "09")]);
    assert_eq!(due(app, "A"), at("12", 17));
    edit(app, "cal-b", "b", &["2020-03-06"]);
    edit(app, "cal", "u", &["2020-05-01"]);
    assert_eq!(count_again(app, "cal", false), json!([1, 0, []]));
    assert_eq!(due(app, "A"), at("12", 17));
    // Without the 10th the term ends on the 11th; the wait is two working days as before.
    edit(app, "cal", "u", &["2020-03-10"]);
    assert_eq!(count_again(app, "cal", false), json!([1, 1, [["A", at("12", 17), at("13", 17)]]]));
    // Asked itself, the calendar of `b` counts the 9th alone, and leaves the date that it is counted from.
    assert_eq!(count_again(app, "cal-b", false), json!([1, 1, [["A", at("13", 17), at("12", 17)]]]));
    assert_eq!(app.get(A).expect(200).json["due_calendar"], json!({"id": "cal", "version": 3}));
    for calendar in ["cal", "cal-b"] {
        assert_eq!(count_again(app, calendar, false), json!([0, 0, []]), "{calendar}");
    }
});
