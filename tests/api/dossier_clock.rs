//! The clock: due dates that follow from procedures and calendars, pauses that move them, and calendars that are
//! edited later.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    records::{DOSSIERS, dossier, with, without},
};

const A: &str = "/api/v1/dossiers/A";
const EVENTS: &str = "/api/v1/dossiers/A/events";

/// A unit with a calendar whose one day off is Thursday 5 March 2020, and procedures of five working days.
pub fn make(app: &App) {
    app.make_units(&["u"]);
    app.put("/api/v1/calendars/cal", &calendar(&["2020-03-05"])).expect(201);
    let procedure =
        json!({"name": "Cấp giấy", "field": "Đất đai", "term": {"amount": 5, "unit": "working_days"}});
    app.put("/api/v1/procedures/1.001", &procedure).expect(201);
    app.put("/api/v1/procedures/1.002", &json!({"name": "Không rõ", "field": "Đất đai", "term": null}))
        .expect(201);
}

pub fn calendar(off: &[&str]) -> Value {
    let days: Vec<Value> = off.iter().map(|day| json!({"day": day, "kind": "off", "name": "Nghỉ"})).collect();
    json!({"unit_id": "u", "name": "Lịch", "days": days})
}

pub fn without_due(over: Value) -> Value {
    with(without(dossier("A", "u"), "due_at"), over)
}

pub fn at(day: &str, hour: u32) -> String {
    format!("2020-03-{day}T{hour:02}:00:00+07:00")
}

fn event(status: i64, day: &str) -> Value {
    json!({"status": status, "at": at(day, 8)})
}

fn due(app: &App) -> (Value, Value) {
    let record = app.get(A).expect(200).json;
    (record["first_due_at"].clone(), record["due_at"].clone())
}

api_test!(a_dossier_without_a_due_date_gets_that_of_its_procedure, |app| {
    make(app);
    let made = app.post(DOSSIERS, &without_due(json!({"procedure_code": "1.001"}))).expect(201).json;
    // Accepted on Monday the 2nd: 3, 4, 6, 9, 10 March.
    assert_eq!((&made["due_at"], &made["first_due_at"]), (&json!(at("10", 17)), &json!(at("10", 17))));
    assert_eq!(made["due_derived"], true);
    assert_eq!(made["due_calendar"], json!({"id": "cal", "version": 1}));
    // A repeated synchronisation that still says none, and what GET gives.
    let tag = app.get(A).expect(200).etag();
    assert_eq!(app.put(A, &without_due(json!({"procedure_code": "1.001"}))).expect(200).etag(), tag);
    assert_eq!(app.put(A, &made).expect(200).etag(), tag);
    // A corrected acceptance moves what was derived from it.
    let moved = app.patch(A, &json!({"accepted_at": at("03", 8), "due_at": null})).expect(200).json;
    assert_eq!((&moved["due_at"], &moved["due_derived"]), (&json!(at("11", 17)), &json!(true)));
    // Somebody gives another.
    let given =
        app.patch(A, &json!({"due_at": at("12", 17), "due_change_reason": "Hẹn lại"})).expect(200).json;
    assert_eq!((&given["due_derived"], &given["due_calendar"]), (&json!(false), &Value::Null));
    app.delete(A).expect(204);
    for over in [json!({"procedure_code": "1.002"}), json!({"procedure_code": "9.999"}), json!({})] {
        let made = app.post(DOSSIERS, &without_due(over)).expect(201).json;
        assert_eq!((&made["due_at"], &made["due_derived"]), (&Value::Null, &json!(false)), "never a guess");
        app.delete(A).expect(204);
    }
    let registered = json!({"procedure_code": "1.001", "status": 1, "accepted_at": null});
    assert_eq!(app.post(DOSSIERS, &without_due(registered)).expect(201).json["due_at"], Value::Null);
    app.post(EVENTS, &event(2, "02")).expect(201);
    let accepted = app.get(A).expect(200).json;
    assert_eq!((&accepted["due_at"], &accepted["due_derived"]), (&json!(at("10", 17)), &json!(true)));
    app.delete(A).expect(204);
    // A first appointment that was told with the registration is the due date once it is accepted.
    let registered =
        json!({"procedure_code": "1.001", "status": 1, "accepted_at": null, "first_due_at": at("12", 17)});
    app.post(DOSSIERS, &without_due(registered)).expect(201);
    app.post(EVENTS, &event(2, "02")).expect(201);
    assert_eq!(due(app), (json!(at("12", 17)), json!(at("12", 17))));
    assert_eq!(app.get(EVENTS).expect(200).json["due_changes"], json!([]));
});

api_test!(a_supplement_begins_the_term_again_and_a_duty_moves_the_date, |app| {
    make(app);
    for (status, want) in [
        // Resumed on Monday the 9th: 10, 11, 12, 13, 16 March.
        (5, at("16", 17)),
        // Paused from Wednesday the 4th until Monday the 9th: 6 and 9 March are two working days.
        (6, at("12", 17)),
    ] {
        app.post(DOSSIERS, &without_due(json!({"procedure_code": "1.001", "status": 2}))).expect(201);
        app.post(EVENTS, &event(status, "04")).expect(201);
        assert_eq!(due(app), (json!(at("10", 17)), json!(at("10", 17))));
        app.post(EVENTS, &event(4, "09")).expect(201);
        assert_eq!(due(app), (json!(at("10", 17)), json!(want)));
        let told = app.get(EVENTS).expect(200).json["due_changes"][0].clone();
        assert_eq!(told["rule"], if status == 5 { "restart" } else { "extend" });
        assert_eq!((&told["paused_at"], &told["from_due_at"]), (&json!(at("04", 8)), &json!(at("10", 17))));
        assert_eq!((&told["calendar_id"], &told["calendar_version"]), (&json!("cal"), &json!(1)));
        app.post(EVENTS, &event(9, "12")).expect(201);
        assert_eq!(app.get(A).expect(200).json["outcome"], if status == 5 { "early" } else { "on_time" });
        app.delete(A).expect(204);
    }
});

api_test!(two_waits_in_a_row_move_the_date_each_by_its_own_rule, |app| {
    make(app);
    for (waits, between, rules) in [
        // Begun again on Friday the 6th: 9 to 13 March. The duty from then on took the 9th.
        ([5, 6], at("13", 17), ["restart", "extend"]),
        // The duty took the 6th. Begun again on the 9th: 10 to 16 March.
        ([6, 5], at("11", 17), ["extend", "restart"]),
    ] {
        app.post(DOSSIERS, &without_due(json!({"procedure_code": "1.001", "status": 2}))).expect(201);
        app.post(EVENTS, &event(waits[0], "04")).expect(201);
        app.post(EVENTS, &event(waits[1], "06")).expect(201);
        assert_eq!(due(app).1, between, "the first wait has ended");
        app.post(EVENTS, &event(4, "09")).expect(201);
        assert_eq!(due(app).1, at("16", 17), "{waits:?}");
        let told = app.get(EVENTS).expect(200).json["due_changes"].clone();
        assert_eq!((&told[0]["rule"], &told[0]["paused_at"]), (&json!(rules[0]), &json!(at("04", 8))));
        assert_eq!((&told[1]["rule"], &told[1]["paused_at"]), (&json!(rules[1]), &json!(at("06", 8))));
        assert_eq!((&told[1]["from_due_at"], &told[2]), (&json!(between), &Value::Null));
        app.delete(A).expect(204);
    }
});

api_test!(a_pause_told_late_moves_the_date_all_the_same, |app| {
    make(app);
    app.post(DOSSIERS, &without_due(json!({"procedure_code": "1.001", "status": 2}))).expect(201);
    app.post(EVENTS, &event(9, "16")).expect(201);
    assert_eq!(app.get(A).expect(200).json["outcome"], "late");
    app.post(&format!("{EVENTS}?mode=sync"), &event(4, "09")).expect(201);
    app.post(EVENTS, &event(5, "04")).expect(201);
    assert_eq!(due(app).1, at("16", 17));
    assert_eq!(app.get(A).expect(200).json["outcome"], "on_time");
    // A pause that began after the due day excuses nothing.
    app.delete(A).expect(204);
    app.post(DOSSIERS, &without_due(json!({"procedure_code": "1.001", "status": 2}))).expect(201);
    app.post(EVENTS, &event(5, "11")).expect(201);
    app.post(EVENTS, &event(4, "12")).expect(201);
    assert_eq!(due(app).1, at("10", 17));
});

api_test!(a_date_given_for_a_pause_holds, |app| {
    make(app);
    app.post(DOSSIERS, &without_due(json!({"procedure_code": "1.001", "status": 2}))).expect(201);
    app.post(EVENTS, &event(5, "04")).expect(201);
    app.post(EVENTS, &with(event(4, "09"), json!({"due_at": at("20", 17)}))).expect(201);
    assert_eq!(due(app).1, at("20", 17));
    assert_eq!(app.get(EVENTS).expect(200).json["due_changes"], json!([]));
});

api_test!(the_clock_rule_of_the_day_the_pause_began_says_what_it_does, |app| {
    make(app);
    app.post(
        "/api/v1/clock-rules",
        &json!({"unit_id": "u", "valid_from": "2020-03-04", "supplement": "extend"}),
    )
    .expect(201);
    for (paused, want) in [("04", at("12", 17)), ("03", at("16", 17))] {
        app.post(DOSSIERS, &without_due(json!({"procedure_code": "1.001", "status": 2}))).expect(201);
        app.post(EVENTS, &event(5, paused)).expect(201);
        app.post(EVENTS, &event(4, "09")).expect(201);
        assert_eq!(due(app).1, want, "paused on {paused} March");
        app.delete(A).expect(204);
    }
});

api_test!(without_a_term_the_first_appointment_is_the_term, |app| {
    make(app);
    // From the 2nd to the 10th: 3, 4, 6, 9, 10 March are five working days.
    app.post(DOSSIERS, &with(dossier("A", "u"), json!({"status": 2}))).expect(201);
    app.post(EVENTS, &event(5, "04")).expect(201);
    app.post(EVENTS, &event(4, "09")).expect(201);
    assert_eq!(due(app), (json!(at("10", 17)), json!(at("16", 17))));
});

api_test!(an_edited_calendar_moves_no_due_date_unless_asked, |app| {
    make(app);
    let base = without_due(json!({"procedure_code": "1.001", "status": 2}));
    app.post(DOSSIERS, &base).expect(201);
    app.post(DOSSIERS, &with(base.clone(), json!({"code": "paused"}))).expect(201);
    app.post("/api/v1/dossiers/paused/events", &event(6, "04")).expect(201);
    app.post("/api/v1/dossiers/paused/events", &event(4, "09")).expect(201);
    app.post(DOSSIERS, &with(base.clone(), json!({"code": "given"}))).expect(201);
    app.patch("/api/v1/dossiers/given", &json!({"due_at": at("20", 17), "due_change_reason": "Hẹn lại"}))
        .expect(200);
    app.post(DOSSIERS, &with(base, json!({"code": "before", "accepted_at": "2020-02-03T08:00:00+07:00"})))
        .expect(201);
    app.put("/api/v1/calendars/cal", &calendar(&["2020-03-05", "2020-03-06"])).expect(200);
    assert_eq!(due(app).1, at("10", 17));
    app.patch(A, &json!({"field": "Đất đai"})).expect(200);
    assert_eq!(due(app).1, at("10", 17));
    let recompute = "/api/v1/calendars/cal/recompute";
    let before = app.database.dump();
    let dry = app.post(recompute, &json!({"dry_run": true})).expect(200).json;
    assert_eq!(app.database.dump(), before);
    assert_eq!((&dry["version"], &dry["examined"], &dry["changed"]), (&json!(2), &json!(3), &json!(1)));
    let listed: Vec<(&Value, &Value, &Value)> = dry["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (&change["code"], &change["due_at"], &change["new_due_at"]))
        .collect();
    // Without the 6th the term ends on the 11th; the pause is a working day shorter, and ends on the 12th as before.
    assert_eq!(listed[0], (&json!("A"), &json!(at("10", 17)), &json!(at("11", 17))));
    assert_eq!(listed.len(), 1);
    let done = app.post(recompute, &json!({"dry_run": false})).expect(200).json;
    assert_eq!(done["changes"], dry["changes"]);
    assert_eq!(due(app), (json!(at("10", 17)), json!(at("11", 17))));
    let record = app.get(A).expect(200).json;
    assert_eq!(record["due_calendar"], json!({"id": "cal", "version": 2}));
    assert_eq!(app.get(EVENTS).expect(200).json["due_changes"][0]["rule"], "recompute");
    assert_eq!(app.post(recompute, &json!({"dry_run": false})).expect(200).json["examined"], 0);
    for (body, status, pointer, code) in [
        (json!({}), 422, "/dry_run", "required"),
        (json!({"dry_run": "no"}), 400, "/dry_run", "wrong_type"),
        (json!({"dry_run": true, "colour": 1}), 400, "/colour", "unknown_field"),
    ] {
        assert_eq!(app.post(recompute, &body).expect(status).violations(), [(pointer, code)]);
    }
    app.post("/api/v1/calendars/nowhere/recompute", &json!({"dry_run": true})).expect(404);
});

/// An accepted dossier whose due date follows from its procedure.
pub fn accept(app: &App, code: &str) {
    let record = without_due(json!({"procedure_code": "1.001", "status": 2, "code": code}));
    app.post(DOSSIERS, &record).expect(201);
}

pub fn tell(app: &App, code: &str, events: &[(i64, &str)]) {
    for (status, day) in events {
        app.post(&format!("{DOSSIERS}/{code}/events"), &event(*status, day)).expect(201);
    }
}

/// Edits the calendar and counts again with it; how many due dates changed.
fn recompute(app: &App, off: &[&str]) -> Value {
    app.put("/api/v1/calendars/cal", &calendar(off)).expect(200);
    let done = app.post("/api/v1/calendars/cal/recompute", &json!({"dry_run": false})).expect(200).json;
    done["changed"].clone()
}

api_test!(a_pause_is_judged_by_the_unit_that_had_the_dossier, |app| {
    make(app);
    app.make_units(&["b"]);
    let rule = json!({"unit_id": "u", "valid_from": "2020-01-01", "supplement": "extend"});
    app.post("/api/v1/clock-rules", &rule).expect(201);
    let pass_on = |code: &str, day: &str| {
        let transfer = json!({"to_unit_id": "b", "at": at(day, 8)});
        app.post(&format!("{DOSSIERS}/{code}/transfers"), &transfer).expect(201);
    };
    let due_of = |code: &str| app.get(&format!("{DOSSIERS}/{code}")).expect(200).json["due_at"].clone();
    let rules = || {
        let told = app.get(EVENTS).expect(200).json["due_changes"].clone();
        let rules = told.as_array().unwrap().iter().map(|change| change["rule"].as_str().unwrap().to_owned());
        rules.collect::<Vec<String>>()
    };
    // Paused at `u`, whose rule moves the date by 6 and 9 March; `b` would begin the term again.
    accept(app, "A");
    tell(app, "A", &[(5, "04"), (4, "09")]);
    let before = app.get(EVENTS).expect(200).json["due_changes"].clone();
    pass_on("A", "10");
    tell(app, "A", &[(9, "12")]);
    assert_eq!(app.get(EVENTS).expect(200).json["due_changes"], before);
    assert_eq!(
        (due_of("A"), app.get(A).expect(200).json["outcome"].clone()),
        (json!(at("12", 17)), json!("on_time"))
    );
    // Paused at `b`, which has no calendar and works on the 5th too.
    accept(app, "B");
    pass_on("B", "03");
    tell(app, "B", &[(6, "04"), (4, "09")]);
    assert_eq!(due_of("B"), at("13", 17));
    // The same, told in another order.
    accept(app, "C");
    tell(app, "C", &[(6, "04"), (4, "09")]);
    assert_ne!(due_of("C"), due_of("B"));
    pass_on("C", "03");
    assert_eq!(due_of("C"), due_of("B"));
    // Counted again, the pause at `u` is a working day shorter and that at `b` is not.
    assert_eq!(recompute(app, &["2020-03-05", "2020-03-06"]), 2);
    assert_eq!((due_of("A"), due_of("B")), (json!(at("12", 17)), json!(at("16", 17))));
    assert_eq!(rules(), ["recompute", "extend"]);
});

api_test!(a_wait_that_a_record_ends_moves_the_date_as_one_that_an_event_ends, |app| {
    make(app);
    let address = |code: &str| format!("{DOSSIERS}/{code}");
    for code in ["event", "patch", "put", "of-batch"] {
        accept(app, code);
        tell(app, code, &[(5, "04")]);
    }
    let sent = app.get(&address("put")).expect(200).json;
    let ended = json!({"status": 9, "finished_at": at("12", 8)});
    tell(app, "event", &[(9, "12")]);
    app.patch(&address("patch"), &ended).expect(200);
    let put = app.put(&address("put"), &with(sent.clone(), ended.clone())).expect(200);
    let of_batch = with(app.get(&address("of-batch")).expect(200).json, ended.clone());
    app.post(&format!("{DOSSIERS}/batch"), &json!({"items": [of_batch]})).expect(200);
    let told = |code: &str| {
        let record = app.get(&address(code)).expect(200).json;
        let mut changes =
            app.get(&format!("{}/events", address(code))).expect(200).json["due_changes"].take();
        for change in changes.as_array_mut().unwrap() {
            change["arrived_at"].take();
        }
        (record["due_at"].clone(), record["outcome"].clone(), changes)
    };
    let want = told("event");
    // The term of five working days begins again on the 12th.
    assert_eq!((&want.0, &want.1), (&json!(at("19", 17)), &json!("early")));
    for code in ["patch", "put", "of-batch"] {
        assert_eq!(told(code), want, "{code}");
    }
    // Who knows the date of before sends it again: nothing changes.
    assert_eq!(sent["due_at"], at("10", 17));
    assert_eq!(app.put(&address("put"), &with(sent, ended)).expect(200).etag(), put.etag());
    // Another date needs its reason, as always.
    let other = app.patch(&address("patch"), &json!({"due_at": at("11", 17)})).expect(409);
    assert_eq!(other.code(), "due_change_without_reason");
});

api_test!(a_corrected_acceptance_moves_a_derived_date_with_its_pauses, |app| {
    make(app);
    let address = |code: &str| format!("{DOSSIERS}/{code}");
    let record = |code: &str| without_due(json!({"procedure_code": "1.001", "status": 2, "code": code}));
    // Twins that were accepted on the 3rd from the beginning, with a wait and without.
    for (code, waits) in [("waited", true), ("plain", false)] {
        app.post(DOSSIERS, &with(record(code), json!({"accepted_at": at("03", 8)}))).expect(201);
        if waits {
            tell(app, code, &[(6, "06"), (4, "10")]);
        }
        let want = state(app, code);
        for how in ["PATCH", "PUT"] {
            let twin = format!("{code}-{how}");
            accept(app, &twin);
            if waits {
                tell(app, &twin, &[(6, "06"), (4, "10")]);
            }
            assert_ne!(state(app, &twin).0, want.0);
            let status = app.get(&address(&twin)).expect(200).json["status"].clone();
            let whole = with(record(&twin), json!({"accepted_at": at("03", 8), "status": status}));
            match how {
                "PATCH" => app.patch(&address(&twin), &json!({"accepted_at": at("03", 8)})),
                _ => app.put(&address(&twin), &whole),
            }
            .expect(200);
            assert_eq!(state(app, &twin), want, "{twin}");
            assert_eq!(app.get(&address(&twin)).expect(200).json["due_derived"], true);
        }
    }
});

/// A dossier with a due date that somebody gave, which waits for a supplement since the 4th.
fn waiting(app: &App, code: &str) {
    let record = with(dossier(code, "u"), json!({"status": 4, "due_at": at("10", 17)}));
    app.post(DOSSIERS, &record).expect(201);
    tell(app, code, &[(5, "04")]);
}

fn state(app: &App, code: &str) -> (Value, Value) {
    let record = app.get(&format!("{DOSSIERS}/{code}")).expect(200).json;
    (record["due_at"].clone(), record["outcome"].clone())
}

api_test!(a_wait_that_a_record_ends_moves_a_given_date_too, |app| {
    make(app);
    let ended = json!({"status": 9, "finished_at": at("12", 8)});
    waiting(app, "A");
    tell(app, "A", &[(9, "12")]);
    let want = state(app, "A");
    assert_eq!(want.1, "early");
    assert_ne!(want.0, at("10", 17));
    let address = |code: &str| format!("{DOSSIERS}/{code}");
    for code in ["patched", "put", "of-batch", "corrected"] {
        waiting(app, code);
    }
    app.patch(&address("patched"), &ended).expect(200);
    let body = with(app.get(&address("put")).expect(200).json, ended.clone());
    let put = app.put(&address("put"), &body).expect(200);
    assert_eq!(app.put(&address("put"), &body).expect(200).etag(), put.etag());
    let item = with(dossier("of-batch", "u"), with(ended.clone(), json!({"due_at": at("10", 17)})));
    for changed in [[1, 0], [0, 1]] {
        let items = json!({"items": [item]});
        let told = app.post(&format!("{DOSSIERS}/batch"), &items).expect(200).json;
        assert_eq!([&told["updated"], &told["unchanged"]], changed.map(|n| json!(n)).each_ref(), "{told}");
    }
    // The end of a wait that is corrected moves the date again.
    app.patch(&address("corrected"), &with(ended.clone(), json!({"finished_at": at("13", 8)}))).expect(200);
    assert_ne!(state(app, "corrected"), want);
    app.patch(&address("corrected"), &ended).expect(200);
    for code in ["patched", "put", "of-batch", "corrected"] {
        assert_eq!(state(app, code), want, "{code}");
    }
});

api_test!(a_file_that_is_sent_again_leaves_the_date_that_a_wait_moved, |app| {
    make(app);
    waiting(app, "A");
    let row = format!(
        "code,unit_id,submitted_via,status,accepted_at,due_at,finished_at\nA,u,in_person,9,{},{},{}\n",
        at("02", 8),
        at("10", 17),
        at("12", 8)
    );
    let run = || {
        let done = crate::imports::import(app, "", "text/csv", row.as_str());
        crate::imports::counts(&done)
    };
    assert_eq!(run(), [1, 0, 1, 0, 0, 0]);
    let moved = state(app, "A");
    assert_eq!(moved.1, "early");
    let tag = app.get(A).expect(200).etag();
    assert_eq!(run(), [1, 0, 0, 1, 0, 0]);
    assert_eq!((app.get(A).expect(200).etag(), state(app, "A")), (tag, moved));
});

api_test!(a_date_given_with_its_reason_holds_over_a_wait_that_ends_with_it, |app| {
    make(app);
    waiting(app, "A");
    let insisting = json!({
        "status": 9, "finished_at": at("12", 8), "due_at": at("10", 17), "due_change_reason": "Công văn số 7"
    });
    let body = with(app.get(A).expect(200).json, insisting);
    let tag = app.put(A, &body).expect(200).etag();
    assert_eq!(state(app, "A"), (json!(at("10", 17)), json!("late")));
    assert_eq!(app.put(A, &body).expect(200).etag(), tag);
});

api_test!(a_told_wait_stays_when_the_record_says_open_again, |app| {
    make(app);
    for (code, open) in [("A", json!({"status": 4})), ("B", json!({}))] {
        waiting(app, code);
        let address = format!("{DOSSIERS}/{code}");
        if code == "A" {
            app.patch(&address, &open).expect(200);
        }
        tell(app, code, &[(4, "09")]);
        let events = app.get(&format!("{address}/events")).expect(200).json;
        let statuses: Vec<i64> = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["status"].as_i64().unwrap())
            .collect();
        assert!(statuses.contains(&5), "{events}");
    }
    assert_eq!(state(app, "A"), state(app, "B"));
});

api_test!(pauses_told_after_a_recomputation_move_the_date_it_gave, |app| {
    make(app);
    let both = &[(6, "03"), (4, "04")];
    for code in ["late-5", "late-6", "both"] {
        accept(app, code);
    }
    tell(app, "both", both);
    assert_eq!(recompute(app, &["2020-03-05", "2020-03-06"]), 3);
    // Twins that knew the calendar from the beginning.
    for code in ["twin-5", "twin-6", "twin-both"] {
        accept(app, code);
    }
    tell(app, "twin-both", both);
    let holds = |want: [&str; 3]| {
        for (pair, day) in
            [["late-5", "twin-5"], ["late-6", "twin-6"], ["both", "twin-both"]].iter().zip(want)
        {
            for code in pair {
                let record = app.get(&format!("{DOSSIERS}/{code}")).expect(200).json;
                assert_eq!(record["due_at"], at(day, 17), "{code}");
            }
        }
    };
    holds(["11", "11", "12"]);
    for prefix in ["late", "twin"] {
        tell(app, &format!("{prefix}-5"), &[(5, "04"), (4, "09")]);
        tell(app, &format!("{prefix}-6"), &[(6, "04"), (4, "09")]);
    }
    for code in ["both", "twin-both"] {
        tell(app, code, &[(6, "06"), (4, "10")]);
    }
    // Begun again on the 9th; a working day longer; one, and two more.
    holds(["16", "12", "16"]);
    recompute(app, &["2020-03-05"]);
    holds(["16", "12", "13"]);
    tell(app, "late-6", &[(9, "12")]);
    let record = app.get(&format!("{DOSSIERS}/late-6")).expect(200).json;
    assert_eq!((&record["first_due_at"], &record["outcome"]), (&json!(at("10", 17)), &json!("on_time")));
});
