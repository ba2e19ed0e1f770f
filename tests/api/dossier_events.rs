//! The history of a dossier: events early, late and twice, and the record that follows.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    records::{DOSSIERS, dossier, with},
};

const A: &str = "/api/v1/dossiers/A";
const EVENTS: &str = "/api/v1/dossiers/A/events";
const ANOMALIES: &str = "/api/v1/dossier-anomalies";

fn statuses(app: &App) -> Vec<i64> {
    let items = app.get(EVENTS).expect(200).json["items"].clone();
    items.as_array().unwrap().iter().map(|event| event["status"].as_i64().unwrap()).collect()
}

fn at(day: &str, hour: u32) -> String {
    format!("2020-03-{day}T{hour:02}:00:00+07:00")
}

fn event(status: i64, day: &str) -> Value {
    json!({"status": status, "at": at(day, 8)})
}

fn make(app: &App, over: Value) {
    app.make_units(&["u"]);
    app.post(DOSSIERS, &with(dossier("A", "u"), over)).expect(201);
}

api_test!(a_record_implies_its_history, |app| {
    app.make_units(&["u"]);
    for (over, want) in [
        (json!({"status": 2}), vec![(2, at("02", 8))]),
        (json!({"status": 9, "finished_at": at("05", 9)}), vec![(2, at("02", 8)), (9, at("05", 9))]),
        (json!({"status": 10, "finished_at": at("05", 9)}), vec![(2, at("02", 8)), (10, at("05", 9))]),
        (
            json!({"status": 10, "finished_at": at("05", 9), "returned_at": at("06", 9)}),
            vec![(2, at("02", 8)), (9, at("05", 9)), (10, at("06", 9))],
        ),
        (json!({"status": 7, "finished_at": at("05", 9)}), vec![(2, at("02", 8)), (7, at("05", 9))]),
        // When it was taken up is not known.
        (json!({"status": 4}), vec![(2, at("02", 8)), (4, at("02", 8))]),
    ] {
        app.put(A, &with(dossier("A", "u"), over)).expect(201);
        let told = app.get(EVENTS).expect(200).json;
        let items: Vec<(i64, String)> = told["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| (e["status"].as_i64().unwrap(), e["at"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(items, want);
        for item in told["items"].as_array().unwrap() {
            assert_eq!(item["arrived_at"], "2021-01-04T08:00:00+07:00");
            assert_eq!(item["time_known"], item["status"] != 4);
        }
        app.delete(A).expect(204);
    }
});

api_test!(the_dossier_follows_its_events, |app| {
    make(app, json!({"status": 2}));
    let told =
        app.post(EVENTS, &with(event(4, "03"), json!({"reason": "  Chuyển phòng  ", "event_id": "e1"})));
    let told = told.expect(201);
    assert_eq!(told.header("location"), EVENTS);
    assert_eq!(told.json["reason"], "Chuyển phòng");
    app.post(EVENTS, &event(9, "12")).expect(201);
    app.post(EVENTS, &event(10, "13")).expect(201);
    let record = app.get(A).expect(200);
    assert_eq!(record.json["status"], 10);
    assert_eq!(record.json["finished_at"], at("12", 8));
    assert_eq!(record.json["returned_at"], at("13", 8));
    assert_eq!(record.json["outcome"], "late");
    assert_eq!(statuses(app), [2, 4, 9, 10]);
    // What GET gives, PUT takes without a change.
    let again = app.put(A, &record.json).expect(200);
    assert_eq!(again.etag(), record.etag());
    assert_eq!(statuses(app), [2, 4, 9, 10]);
});

api_test!(a_status_told_with_the_record_takes_the_time_of_its_event, |app| {
    make(app, json!({"status": 4}));
    app.post(EVENTS, &event(4, "03")).expect(201);
    assert_eq!(statuses(app), [2, 4]);
    assert_eq!(app.get(EVENTS).expect(200).json["items"][1]["at"], at("03", 8));
    app.patch(A, &json!({"status": 5})).expect(200);
    app.post(EVENTS, &event(4, "05")).expect(201);
    app.post(EVENTS, &event(9, "06")).expect(201);
    assert_eq!(statuses(app), [2, 4, 5, 4, 9]);
});

api_test!(a_wait_stands_the_clock_when_it_began_in_time, |app| {
    make(app, json!({"status": 4}));
    assert_eq!(app.get(A).expect(200).json["outcome"], "overdue");
    // Told with the record long after the due day: it excuses nothing.
    app.patch(A, &json!({"status": 5})).expect(200);
    assert_eq!(app.get(A).expect(200).json["outcome"], "overdue");
    app.post(EVENTS, &event(5, "11")).expect(201);
    assert_eq!(app.get(A).expect(200).json["outcome"], "overdue");
    app.delete(A).expect(204);
    app.post(DOSSIERS, &dossier("A", "u")).expect(201);
    app.post(EVENTS, &event(6, "10")).expect(201);
    assert_eq!(app.get(A).expect(200).json["outcome"], "in_progress");
    let total = &app.get("/api/v1/dossier-statistics?unit_id=u&period=2020").expect(200).json["total"];
    assert_eq!(total["open"], json!({"total": 1, "within_term": 1, "overdue": 0, "no_due_date": 0}));
    for (outcome, found) in [("overdue", 0), ("in_progress", 1)] {
        let listed = app.get(&format!("{DOSSIERS}?outcome={outcome}")).expect(200).json;
        assert_eq!(listed["items"].as_array().unwrap().len(), found, "{outcome}");
    }
});

api_test!(an_event_told_twice_changes_nothing, |app| {
    make(app, json!({"status": 2}));
    let first = with(event(4, "03"), json!({"event_id": "e1"}));
    let told = app.post(EVENTS, &first).expect(201);
    let before = app.database.dump();
    for again in [first.clone(), event(4, "03"), with(event(4, "03"), json!({"event_id": "e2"}))] {
        assert_eq!(app.post(EVENTS, &again).expect(200).json, told.json);
    }
    // The same moment in another zone.
    app.post(EVENTS, &json!({"status": 4, "at": "2020-03-03T01:00:00Z"})).expect(200);
    app.post(EVENTS, &json!({"status": 2, "at": at("02", 8)})).expect(200);
    for other in [event(5, "04"), with(event(4, "03"), json!({"due_at": at("20", 17)}))] {
        let taken = app.post(EVENTS, &with(other, json!({"event_id": "e1"}))).expect(409);
        assert_eq!(
            (taken.code(), taken.violations()),
            ("event_id_taken", vec![("/event_id", "event_id_taken")])
        );
    }
    assert_eq!(app.database.dump(), before);
});

api_test!(events_that_come_late_find_their_place, |app| {
    make(app, json!({"status": 2}));
    app.post(EVENTS, &event(9, "12")).expect(201);
    app.post(EVENTS, &event(4, "03")).expect(201);
    app.post(EVENTS, &event(5, "04")).expect(201);
    app.set_now("2021-01-05T08:00:00+07:00");
    app.post(EVENTS, &event(4, "06")).expect(201);
    assert_eq!(statuses(app), [2, 4, 5, 4, 9]);
    let last = &app.get(EVENTS).expect(200).json["items"][3];
    assert_eq!(last["arrived_at"], "2021-01-05T08:00:00+07:00");
    assert_eq!(app.get(A).expect(200).json["status"], 9);
});

api_test!(an_impossible_jump_is_refused_and_the_allowed_steps_are_named, |app| {
    make(app, json!({"status": 9, "finished_at": at("05", 8)}));
    let before = app.database.dump();
    for (status, day) in [(1, "06"), (4, "06"), (2, "06"), (8, "06"), (9, "06"), (10, "03"), (5, "01")] {
        let refused = app.post(EVENTS, &event(status, day)).expect(409);
        assert_eq!(refused.code(), "impossible_jump", "{status}");
        assert_eq!(refused.violations(), [("/status", "impossible_jump")]);
    }
    let refused =
        app.ask("POST", EVENTS).header("accept-language", "en").json(&event(4, "06")).send().expect(409);
    assert_eq!(refused.json["detail"], "Status 4 can't follow status 9: allowed next: 10.");
    assert_eq!(app.database.dump(), before);
});

api_test!(another_system_may_tell_what_the_table_does_not_know, |app| {
    make(app, json!({"status": 9, "finished_at": at("05", 8)}));
    assert_eq!(app.get(ANOMALIES).expect(200).json["items"], json!([]));
    app.post(&format!("{EVENTS}?mode=sync"), &event(4, "06")).expect(201);
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["status"], &record["finished_at"]), (&json!(4), &Value::Null));
    let found = json!([{"code": "impossible_jump", "at": at("06", 8), "from": 9, "to": 4}]);
    assert_eq!(record["anomalies"], found);
    let listed = app.get(&format!("{ANOMALIES}?under=u&with_total=true")).expect(200).json;
    assert_eq!(listed["items"], json!([{"code": "A", "unit_id": "u", "status": 4, "anomalies": found}]));
    assert_eq!(listed["total"], 1);
    // Told later: what lay between. The history is in order now.
    app.post(&format!("{EVENTS}?mode=sync"), &event(10, "07")).expect(201);
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["status"], &record["finished_at"]), (&json!(10), &json!(at("07", 8))));
    assert_eq!(record["anomalies"].as_array().unwrap().len(), 1);
    let refused = app.post(&format!("{EVENTS}?mode=loud"), &event(4, "06")).expect(400);
    assert_eq!(refused.violations(), [("mode", "unknown_word")]);
});

api_test!(a_stop_that_resumes_is_no_end, |app| {
    make(app, json!({"status": 4}));
    app.post(EVENTS, &with(event(8, "04"), json!({"reason": "Chờ kết luận thanh tra"}))).expect(201);
    assert_eq!(app.get(A).expect(200).json["outcome"], "ended_otherwise");
    app.post(EVENTS, &event(4, "06")).expect(201);
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["outcome"], &record["finished_at"]), (&json!("overdue"), &Value::Null));
});

api_test!(a_write_of_the_record_writes_the_events_it_implies, |app| {
    make(app, json!({"status": 2}));
    app.post(EVENTS, &with(event(4, "03"), json!({"event_id": "e1", "reason": "Thụ lý"}))).expect(201);
    app.set_now("2021-01-05T08:00:00+07:00");
    app.patch(A, &json!({"status": 10, "finished_at": at("05", 9), "returned_at": at("06", 9)})).expect(200);
    let told = app.get(EVENTS).expect(200).json;
    assert_eq!(statuses(app), [2, 4, 9, 10]);
    assert_eq!(told["items"][1]["reason"], "Thụ lý");
    assert_eq!(told["items"][3]["arrived_at"], "2021-01-05T08:00:00+07:00");
    // A corrected time.
    app.patch(A, &json!({"finished_at": at("04", 9)})).expect(200);
    assert_eq!(app.get(EVENTS).expect(200).json["items"][2]["at"], at("04", 9));
    // It was finished before it was taken up: what is said to have happened after the end did not.
    app.patch(A, &json!({"finished_at": at("02", 9), "returned_at": at("02", 10)})).expect(200);
    assert_eq!(statuses(app), [2, 9, 10]);
    // Not finished at all.
    app.patch(A, &json!({"status": 4, "finished_at": null, "returned_at": null})).expect(200);
    assert_eq!(statuses(app), [2, 4]);
    app.patch(A, &json!({"accepted_at": at("01", 8)})).expect(200);
    assert_eq!(app.get(EVENTS).expect(200).json["items"][0]["at"], at("01", 8));
    app.patch(A, &json!({"status": 3, "accepted_at": null, "due_at": null, "first_due_at": null, "due_change_reason": "Không tiếp nhận"}))
        .expect(200);
    assert_eq!(statuses(app), [3]);
});

api_test!(a_due_date_given_with_an_event_or_a_reason_is_in_the_history, |app| {
    make(app, json!({"status": 2}));
    app.post(EVENTS, &with(event(5, "04"), json!({"due_at": at("20", 17)}))).expect(201);
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["first_due_at"], &record["due_at"]), (&json!(at("10", 17)), &json!(at("20", 17))));
    app.patch(A, &json!({"due_at": at("25", 17), "due_change_reason": "Gia hạn"})).expect(200);
    let told = app.get(EVENTS).expect(200).json;
    assert_eq!(told["due_changes"].as_array().unwrap().len(), 1);
    assert_eq!(told["due_changes"][0]["due_at"], at("25", 17));
    assert_eq!(told["due_changes"][0]["reason"], "Gia hạn");
    assert_eq!(told["due_changes"][0]["rule"], "given");
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["first_due_at"], &record["due_at"]), (&json!(at("10", 17)), &json!(at("25", 17))));
    let refused = app.post(EVENTS, &with(event(9, "26"), json!({"due_at": at("27", 17)}))).expect(422);
    assert_eq!(refused.violations(), [("/due_at", "refused_by_status")]);
});

api_test!(a_late_dossier_that_kept_its_re_appointment_is_told_so, |app| {
    make(app, json!({"status": 9, "finished_at": at("12", 9), "re_appointed_to": at("12", 17)}));
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["outcome"], &record["re_appointed_kept"]), (&json!("late"), &json!(true)));
    let statistics = "/api/v1/dossier-statistics?unit_id=u&period=2020";
    assert_eq!(app.get(statistics).expect(200).json["total"]["of_which"]["re_appointed_kept"], 1);
    app.patch(A, &json!({"re_appointed_to": at("11", 17)})).expect(200);
    assert_eq!(app.get(A).expect(200).json["re_appointed_kept"], false);
    assert_eq!(app.get(statistics).expect(200).json["total"]["of_which"]["re_appointed_kept"], 0);
});

api_test!(an_unknown_dossier_has_no_history, |app| {
    app.get(EVENTS).expect(404);
    app.post(EVENTS, &event(4, "03")).expect(404);
    app.post(EVENTS, &json!({"colour": 4})).expect(404);
    make(app, json!({"status": 2}));
    for (body, status, pointer, code) in [
        (json!({"status": 4}), 422, "/at", "required"),
        (json!({"at": at("03", 8)}), 422, "/status", "required"),
        (with(event(4, "03"), json!({"status": 11})), 400, "/status", "wrong_type"),
        (with(event(4, "03"), json!({"at": "3/3/2020"})), 400, "/at", "wrong_type"),
        (with(event(4, "03"), json!({"colour": 1})), 400, "/colour", "unknown_field"),
        (with(event(4, "03"), json!({"reason": "x".repeat(1001)})), 422, "/reason", "too_long"),
        (with(event(4, "03"), json!({"event_id": ""})), 422, "/event_id", "empty"),
        (with(event(4, "03"), json!({"due_at": at("02", 9)})), 422, "/due_at", "before_event"),
    ] {
        let before = app.database.dump();
        let refused = app.post(EVENTS, &body).expect(status);
        assert_eq!(refused.violations(), [(pointer, code)], "{body}");
        assert_eq!(app.database.dump(), before);
    }
});

api_test!(a_dossier_that_is_opened_again_is_returned_no_more, |app| {
    make(app, json!({"status": 10, "finished_at": at("12", 9), "returned_at": at("13", 9)}));
    for (status, finished) in [(4, Value::Null), (7, json!(at("15", 8)))] {
        let day = if status == 4 { "14" } else { "15" };
        app.post(&format!("{EVENTS}?mode=sync"), &event(status, day)).expect(201);
        let record = app.get(A).expect(200).json;
        let told = (&record["status"], &record["finished_at"], &record["returned_at"]);
        assert_eq!(told, (&json!(status), &finished, &Value::Null));
    }
    // Nobody told a return by an event: that it was open for an hour before says nothing of it.
    app.delete(A).expect(204);
    let over = json!({"status": 9, "finished_at": at("12", 9), "returned_at": at("13", 9)});
    app.post(DOSSIERS, &with(dossier("A", "u"), over)).expect(201);
    for (status, hour) in [(4, 10), (9, 11)] {
        let late = json!({"status": status, "at": at("12", hour)});
        app.post(&format!("{EVENTS}?mode=sync"), &late).expect(201);
    }
    let record = app.get(A).expect(200).json;
    let told = (&record["finished_at"], &record["returned_at"]);
    assert_eq!(told, (&json!(at("12", 11)), &json!(at("13", 9))));
});

api_test!(a_return_told_with_the_record_stays_when_events_are_told, |app| {
    make(app, json!({"status": 9, "finished_at": at("12", 9), "returned_at": at("13", 9)}));
    app.post(EVENTS, &event(4, "03")).expect(201);
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["status"], &record["returned_at"]), (&json!(9), &json!(at("13", 9))));
    // Opened again and finished after that return: it was none of this result.
    app.post(&format!("{EVENTS}?mode=sync"), &event(4, "14")).expect(201);
    app.post(EVENTS, &event(9, "16")).expect(201);
    let record = app.get(A).expect(200).json;
    assert_eq!((&record["finished_at"], &record["returned_at"]), (&json!(at("16", 8)), &Value::Null));
    // The event of the return says when it was.
    app.post(EVENTS, &event(10, "17")).expect(201);
    assert_eq!(app.get(A).expect(200).json["returned_at"], at("17", 8));
});

/// A finished dossier with a return that the record alone tells, and what is told of it in this order.
fn returned_after(app: &App, told: &[(i64, &str, u32)]) -> Value {
    let over = json!({"status": 9, "finished_at": at("12", 9), "returned_at": at("13", 9)});
    app.post(DOSSIERS, &with(dossier("A", "u"), over)).expect(201);
    for (status, day, hour) in told {
        let body = json!({"status": status, "at": at(day, *hour)});
        app.post(&format!("{EVENTS}?mode=sync"), &body).expect(201);
    }
    let record = app.get(A).expect(200).json;
    app.delete(A).expect(204);
    json!([record["status"], record["finished_at"], record["returned_at"]])
}

api_test!(an_open_dossier_is_not_returned_in_whatever_order_it_is_told, |app| {
    app.make_units(&["u"]);
    for day in ["12", "14"] {
        assert_eq!(
            returned_after(app, &[(4, day, 10)]),
            json!([4, null, null]),
            "opened again on the {day}th"
        );
    }
    // A result before that return is the one that was handed over, a later one is not.
    let steps = |end: (i64, &'static str, u32)| [(4, "12", 10), (5, "12", 11), end];
    for (end, want) in [
        ((9, "12", 12), json!([9, at("12", 12), at("13", 9)])),
        ((9, "16", 8), json!([9, at("16", 8), null])),
        ((4, "16", 8), json!([4, null, null])),
    ] {
        let told = steps(end);
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(returned_after(app, &order.map(|i| told[i])), want, "{order:?}");
        }
    }
});

api_test!(a_record_that_opens_a_dossier_again_takes_its_return_away, |app| {
    make(app, json!({"status": 9, "finished_at": at("12", 9), "returned_at": at("13", 9)}));
    let sent = app.get(A).expect(200).json;
    let opened = app.patch(A, &json!({"status": 4, "finished_at": null})).expect(200);
    assert_eq!(opened.json["returned_at"], Value::Null);
    let body = with(sent, json!({"status": 4, "finished_at": null}));
    assert_eq!(app.put(A, &body).expect(200).etag(), opened.etag());
    // A result of before that return is the one that was handed over, unless the return was told to be none.
    app.post(EVENTS, &event(9, "12")).expect(201);
    assert_eq!(app.get(A).expect(200).json["returned_at"], at("13", 9));
    app.patch(A, &json!({"status": 4, "finished_at": null, "returned_at": null})).expect(200);
    app.post(EVENTS, &event(9, "12")).expect(201);
    assert_eq!(app.get(A).expect(200).json["returned_at"], Value::Null, "it was told to be none");
    app.patch(A, &json!({"returned_at": at("14", 9)})).expect(200);
    app.post(EVENTS, &event(4, "03")).expect(201);
    assert_eq!(app.get(A).expect(200).json["returned_at"], at("14", 9));
});

api_test!(an_open_dossier_is_told_no_return_that_is_new, |app| {
    app.make_units(&["u"]);
    let refused = [("/returned_at", "refused_by_status")];
    for status in [2, 4, 5, 6] {
        let body = with(dossier("A", "u"), json!({"status": status, "returned_at": at("13", 9)}));
        assert_eq!(app.post(DOSSIERS, &body).expect(422).violations(), refused, "{status}");
        assert_eq!(app.put(A, &body).expect(422).violations(), refused, "{status}");
    }
    let over = json!({"status": 10, "finished_at": at("12", 9), "returned_at": at("13", 9)});
    app.post(DOSSIERS, &with(dossier("A", "u"), over)).expect(201);
    let before = app.database.dump();
    let other = json!({"status": 4, "finished_at": null, "returned_at": at("14", 9)});
    assert_eq!(app.patch(A, &other).expect(422).violations(), refused);
    assert_eq!(app.database.dump(), before);
    // Opened again by an event: the record as it was may be sent with its new status, as often as one likes.
    let read = app.get(A).expect(200).json;
    app.post(&format!("{EVENTS}?mode=sync"), &event(4, "14")).expect(201);
    let opened = app.get(A).expect(200);
    let body = with(read, json!({"status": 4, "finished_at": null}));
    for _ in 0..2 {
        assert_eq!(app.put(A, &body).expect(200).etag(), opened.etag());
    }
    assert_eq!(app.patch(A, &json!({"returned_at": at("14", 9)})).expect(422).violations(), refused);
    let items = [with(body, json!({"returned_at": at("14", 9)}))];
    let done = app.post("/api/v1/dossiers/batch", &json!({"items": items})).expect(200).json;
    assert_eq!(done["items"][0]["status"], 422, "{done}");
});
