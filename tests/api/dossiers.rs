//! `/dossiers`: times, due dates, outcomes and the units that they name.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    records::{DOSSIERS, UNITS, dossier, unit, with, without},
};

const D1: &str = "/api/v1/dossiers/D-1";

fn codes(app: &App, query: &str) -> Vec<String> {
    let answer = app.get(&format!("{DOSSIERS}?{query}")).expect(200);
    answer.each("code").into_iter().map(str::to_owned).collect()
}

fn make(app: &App, code: &str, over: Value) {
    app.post(DOSSIERS, &with(dossier(code, "u"), over)).expect(201);
}

api_test!(a_dossier_shows_every_member_and_times_in_vietnamese_time, |app| {
    app.make_units(&["u"]);
    let given = json!({
        "code": "D-1", "unit_id": "u", "submitted_via": "online", "status": 10,
        "accepted_at": "2020-03-02T01:00:00.123456789Z", "finished_at": "2020-03-05T18:00:00-05:00"
    });
    assert_eq!(
        app.post(DOSSIERS, &given).expect(201).json,
        json!({
            "code": "D-1", "unit_id": "u", "received_by_unit_id": null, "procedure_code": null, "field": null,
            "submitted_via": "online", "online_level": null, "returned_via": null, "interlinked": false,
            "synthetic": false, "submitted_at": null, "accepted_at": "2020-03-02T08:00:00.123456+07:00",
            "first_due_at": null, "due_at": null, "re_appointed_to": null,
            "finished_at": "2020-03-06T06:00:00+07:00", "returned_at": null, "status": 10,
            "outcome": "unclassified",
            "re_appointed_kept": false, "due_derived": false, "due_calendar": null,
            "recorded_at": "2021-01-04T08:00:00+07:00", "anomalies": []
        })
    );
});

api_test!(every_outcome_follows_from_status_and_days, |app| {
    app.make_units(&["u"]);
    app.set_now("2020-03-10T23:59:59+07:00");
    for (code, over, outcome) in [
        ("early", json!({"status": 9, "finished_at": "2020-03-09T23:59:59+07:00"}), "early"),
        ("on-time", json!({"status": 10, "finished_at": "2020-03-10T23:59:59+07:00"}), "on_time"),
        ("late", json!({"status": 10, "finished_at": "2020-03-10T17:00:00Z"}), "late"),
        (
            "none",
            json!({"status": 9, "due_at": null, "finished_at": "2020-03-10T08:00:00+07:00"}),
            "unclassified",
        ),
        ("open", json!({"status": 5}), "in_progress"),
        ("no-due", json!({"status": 4, "due_at": null}), "in_progress"),
        ("over", json!({"status": 2, "due_at": "2020-03-09T17:00:00+07:00"}), "overdue"),
        ("withdrawn", json!({"status": 7, "finished_at": "2020-03-03T08:00:00+07:00"}), "ended_otherwise"),
        ("stopped", json!({"status": 8, "finished_at": "2020-04-03T08:00:00+07:00"}), "ended_otherwise"),
        ("new", json!({"status": 1, "accepted_at": null, "due_at": null}), "not_counted"),
        ("refused", json!({"status": 3}), "not_counted"),
    ] {
        let created = app.post(DOSSIERS, &with(dossier(code, "u"), over)).expect(201);
        assert_eq!(created.json["outcome"], outcome, "{code}");
    }
    for (outcome, want) in [
        ("early", vec!["early"]),
        ("on_time", vec!["on-time"]),
        ("late", vec!["late"]),
        ("unclassified", vec!["none"]),
        ("in_progress", vec!["no-due", "open"]),
        ("overdue", vec!["over"]),
        ("ended_otherwise", vec!["stopped", "withdrawn"]),
        ("not_counted", vec!["new", "refused"]),
    ] {
        let answer = app.get(&format!("{DOSSIERS}?outcome={outcome}&with_total=true")).expect(200);
        assert_eq!(answer.each("code"), want, "{outcome}");
        assert!(answer.each("outcome").iter().all(|o| *o == outcome));
        assert_eq!(answer.json["total"], want.len());
    }
});

api_test!(a_dossier_turns_overdue_at_midnight_in_vietnam, |app| {
    app.make_units(&["u"]);
    app.set_now("2020-03-10T23:59:59.999999+07:00");
    let created = app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
    assert_eq!(created.json["outcome"], "in_progress");
    let list_tag = app.get(DOSSIERS).etag();
    app.ask("GET", D1).header("if-none-match", created.etag()).send().expect(304);

    app.set_now("2020-03-11T00:00:00+07:00");
    let overdue = app.ask("GET", D1).header("if-none-match", created.etag()).send().expect(200);
    assert_eq!(overdue.json["outcome"], "overdue");
    assert_ne!(overdue.etag(), created.etag());
    app.ask("GET", DOSSIERS).header("if-none-match", list_tag).send().expect(200);
    assert_eq!(codes(app, "outcome=overdue"), ["D-1"]);
    assert_eq!(codes(app, "outcome=in_progress"), [""; 0]);

    let written = app.ask("PATCH", D1).header("if-match", created.etag()).json(&json!({"status": 5})).send();
    written.expect(200);
});

api_test!(a_due_date_once_given_moves_only_with_a_reason, |app| {
    app.make_units(&["u"]);
    make(app, "D-1", json!({}));
    let before = app.database.dump();
    let later = "2020-03-20T17:00:00+07:00";
    for change in [json!({"due_at": later}), json!({"due_at": null}), json!({"first_due_at": later})] {
        let refused = app.patch(D1, &change).expect(409);
        assert_eq!(refused.code(), "due_change_without_reason");
        let member = format!("/{}", change.as_object().unwrap().keys().next().unwrap());
        assert_eq!(refused.violations(), [(member.as_str(), "due_change_without_reason")]);
    }
    let put = with(dossier("D-1", "u"), json!({"due_at": later}));
    assert_eq!(app.put(D1, &put).expect(409).code(), "due_change_without_reason");
    assert_eq!(app.database.dump(), before);

    let reason = json!({"due_at": later, "due_change_reason": "Chờ bổ sung hồ sơ"});
    let moved = app.patch(D1, &reason).expect(200);
    assert_eq!(moved.json["due_at"], later);
    assert_eq!(moved.json["first_due_at"], "2020-03-10T17:00:00+07:00", "the first date stays");
    assert_eq!(
        app.database.lines("SELECT reason AS line FROM changes WHERE reason IS NOT NULL"),
        ["Chờ bổ sung hồ sơ"]
    );
    assert_eq!(
        app.patch(D1, &json!({"due_change_reason": " "})).expect(422).violations(),
        [("/due_change_reason", "empty")]
    );
});

api_test!(the_first_due_date_is_kept_when_a_writer_leaves_it_out, |app| {
    app.make_units(&["u"]);
    let created = app.post(DOSSIERS, &without(dossier("D-1", "u"), "due_at")).expect(201);
    assert_eq!(created.json["first_due_at"], Value::Null);
    let given = app.put(D1, &dossier("D-1", "u")).expect(200);
    assert_eq!(given.json["first_due_at"], given.json["due_at"]);
    let again = app.put(D1, &with(dossier("D-1", "u"), json!({"field": "Thuế"}))).expect(200);
    assert_eq!(again.json["first_due_at"], given.json["first_due_at"]);
});

api_test!(the_units_must_exist_on_the_day_of_acceptance, |app| {
    app.post(UNITS, &with(unit("old"), json!({"valid_to": "2020-03-03"}))).expect(201);
    app.post(UNITS, &with(unit("new"), json!({"valid_from": "2020-03-03"}))).expect(201);
    app.post(DOSSIERS, &dossier("D-1", "old")).expect(201);
    let accepted = |unit: &str, at: &str| with(dossier("D-2", unit), json!({"accepted_at": at}));
    app.post(DOSSIERS, &accepted("new", "2020-03-02T17:00:00Z")).expect(201);
    for (unit, at) in [("new", "2020-03-02T23:59:59+07:00"), ("old", "2020-03-02T17:00:00Z")] {
        let refused = app.post(DOSSIERS, &with(accepted(unit, at), json!({"code": "D-3"}))).expect(422);
        assert_eq!(refused.violations(), [("/unit_id", "unit_not_in_existence")]);
    }
    let office = with(dossier("D-3", "old"), json!({"received_by_unit_id": "new"}));
    assert_eq!(
        app.post(DOSSIERS, &office).expect(422).violations(),
        [("/received_by_unit_id", "unit_not_in_existence")]
    );
    let unknown = with(dossier("D-3", "nowhere"), json!({"received_by_unit_id": "nor-here"}));
    assert_eq!(
        app.post(DOSSIERS, &unknown).expect(422).violations(),
        [("/unit_id", "unknown_unit"), ("/received_by_unit_id", "unknown_unit")]
    );
    let never_accepted =
        with(dossier("D-4", "old"), json!({"status": 1, "accepted_at": null, "due_at": null}));
    app.post(DOSSIERS, &never_accepted).expect(201);
});

api_test!(each_member_is_a_filter, |app| {
    app.make_units(&["u", "office"]);
    app.post(UNITS, &with(unit("below"), json!({"parent_id": "u"}))).expect(201);
    make(app, "A", json!({"field": "Đất đai", "procedure_code": "1.0", "interlinked": true}));
    make(
        app,
        "B",
        json!({"unit_id": "below", "received_by_unit_id": "office", "submitted_via": "online",
                          "online_level": "4", "synthetic": true}),
    );
    make(
        app,
        "C",
        json!({"status": 10, "finished_at": "2020-03-05T08:00:00+07:00", "returned_via": "postal",
                          "accepted_at": "2020-03-04T23:59:59+07:00"}),
    );
    for (query, want) in [
        ("unit_id=u", vec!["A", "C"]),
        ("under=u", vec!["A", "B", "C"]),
        ("under=below", vec!["B"]),
        ("received_by_unit_id=office", vec!["B"]),
        ("field=%C4%90%E1%BA%A5t%20%C4%91ai", vec!["A"]),
        ("procedure_code=1.0", vec!["A"]),
        ("submitted_via=online", vec!["B"]),
        ("online_level=4", vec!["B"]),
        ("returned_via=postal", vec!["C"]),
        ("interlinked=true", vec!["A"]),
        ("interlinked=false", vec!["B", "C"]),
        ("synthetic=true", vec!["B"]),
        ("status=10", vec!["C"]),
        ("accepted_from=2020-03-03", vec!["C"]),
        ("accepted_to=2020-03-03", vec!["A", "B"]),
        ("accepted_from=2020-03-04&accepted_to=2020-03-04", vec!["C"]),
        ("q=dat", vec!["A"]),
        ("unit_id=u&status=10", vec!["C"]),
        ("unit_id=nowhere", vec![]),
    ] {
        assert_eq!(codes(app, query), want, "{query}");
    }
});

api_test!(an_outcome_sent_back_is_ignored, |app| {
    app.make_units(&["u"]);
    let sent = with(dossier("D-1", "u"), json!({"outcome": "late"}));
    assert_eq!(app.post(DOSSIERS, &sent).expect(201).json["outcome"], "overdue");
    let read = app.get(D1).expect(200);
    assert_eq!(app.put(D1, &read.json).expect(200).etag(), read.etag());
});

api_test!(null_in_a_patch_takes_a_member_away, |app| {
    app.make_units(&["u"]);
    make(app, "D-1", json!({"field": "Thuế", "status": 10, "finished_at": "2020-03-05T08:00:00+07:00"}));
    assert_eq!(app.patch(D1, &json!({"field": null})).expect(200).json["field"], Value::Null);
    let reopened = app.patch(D1, &json!({"status": 4})).expect(422);
    assert_eq!(reopened.violations(), [("/finished_at", "refused_by_status")]);
    app.patch(D1, &json!({"status": 4, "finished_at": null})).expect(200);
    assert_eq!(app.patch(D1, &json!({"unit_id": null})).expect(422).violations(), [("/unit_id", "required")]);
});
