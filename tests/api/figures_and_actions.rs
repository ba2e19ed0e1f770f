//! `/reported-figures` and `/improvement-actions`: what was said, verbatim, and what was ordered.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::criterion,
    records::{UNITS, unit, with, without},
};

const FIGURES: &str = "/api/v1/reported-figures";
const ACTIONS: &str = "/api/v1/improvement-actions";

fn figure(value: &str, unit_of_measure: &str) -> Value {
    json!({
        "unit_id": "u", "measure": "ddci.score_change", "period": "2019", "value": value,
        "unit_of_measure": unit_of_measure, "source": {"title": "Báo Đồng Tháp"}
    })
}

fn action(over: Value) -> Value {
    with(json!({"kind": "plan_task", "title": "Nâng tỷ lệ trực tuyến", "owner_unit_id": "u"}), over)
}

/// The one violation of a refused record.
fn refusal(app: &App, collection: &str, record: &Value) -> (String, String) {
    let answer = app.post(collection, record).expect(422);
    let violations = answer.violations();
    assert_eq!(violations.len(), 1, "{record}: {violations:?}");
    (violations[0].0.to_owned(), violations[0].1.to_owned())
}

#[track_caller]
fn assert_refused(app: &App, collection: &str, record: &Value, pointer: &str, code: &str) {
    assert_eq!(refusal(app, collection, record), (pointer.to_owned(), code.to_owned()), "{record}");
}

/// Makes a record, and proves that what GET gives changes nothing when it is put back.
fn make(app: &App, collection: &str, record: &Value) -> Value {
    let made = app.post(collection, record).expect(201);
    let path = made.header("location");
    assert_eq!(path, format!("{collection}/{}", made.json["id"].as_str().unwrap()));
    let read = app.get(path).expect(200);
    assert_eq!((read.etag(), &read.json), (made.etag(), &made.json));
    assert_eq!(app.put(path, &read.json).expect(200).etag(), made.etag());
    made.json
}

api_test!(a_figure_shows_every_member, |app| {
    app.make_units(&["u"]);
    let made = make(app, FIGURES, &figure("3.50", "points"));
    assert_eq!(
        without(made, "id"),
        json!({
            "unit_id": "u", "measure": "ddci.score_change", "period": "2019", "base_period": null, "value": "3.50",
            "unit_of_measure": "points", "unit_is_assumed": false, "review_year": null,
            "source": {"title": "Báo Đồng Tháp", "url": null, "published_on": null}
        })
    );
    for member in ["unit_id", "measure", "period", "value", "unit_of_measure", "source"] {
        let record = without(figure("1", "count"), member);
        assert_refused(app, FIGURES, &record, &format!("/{member}"), "required");
    }
    assert_refused(
        app,
        FIGURES,
        &with(figure("1", "count"), json!({"source": {}})),
        "/source/title",
        "required",
    );
});

api_test!(the_value_of_a_figure_is_kept_as_it_is_written, |app| {
    app.make_units(&["u"]);
    for (value, unit) in [
        ("3.50", "points"),
        ("-2", "places"),
        ("0.00", "percent"),
        ("1.2345678901234567890", "percentage_points"),
        ("113468", "count"),
        ("Khá tốt", "band"),
        ("1,5 (ước)", "band"),
    ] {
        assert_eq!(make(app, FIGURES, &figure(value, unit))["value"], value);
    }
    let raw = figure("@", "points").to_string().replace("\"@\"", "3.50");
    let made =
        app.ask("POST", FIGURES).header("content-type", "application/json").raw(raw).send().expect(201);
    assert_eq!(made.json["value"], "3.50", "a JSON number too");
    let same = app.patch(made.header("location"), &json!({"value": "3.50"})).expect(200);
    assert_eq!(same.etag(), made.etag());
    let other = app.patch(made.header("location"), &json!({"value": "3.5"})).expect(200);
    assert_eq!(other.json["value"], "3.5", "other digits are another text");
    assert_ne!(other.etag(), made.etag());
});

api_test!(a_value_fits_its_unit_of_measure, |app| {
    app.make_units(&["u"]);
    for (value, unit, code) in [
        ("-1", "count", "not_a_count"),
        ("1.5", "count", "not_a_count"),
        ("113.468,5", "count", "not_a_decimal"),
        ("113,468", "count", "not_a_decimal"),
        ("1.5", "places", "not_whole_places"),
        ("Khá", "points", "not_a_decimal"),
        ("+1", "points", "not_a_decimal"),
        ("NaN", "percent", "not_a_decimal"),
        ("12345678901234567890123456789", "points", "too_precise"),
        ("", "band", "empty"),
    ] {
        assert_refused(app, FIGURES, &figure(value, unit), "/value", code);
    }
    make(app, FIGURES, &figure("5.0", "count"));
});

api_test!(a_period_is_a_year_a_half_a_quarter_or_a_month, |app| {
    app.make_units(&["u"]);
    for period in ["2020", "2020-H1", "2020-H2", "2020-Q1", "2020-Q4", "2020-01", "2020-12"] {
        make(app, FIGURES, &with(figure("1", "count"), json!({"period": period, "base_period": period})));
    }
    for period in [
        "",
        "20",
        "2020-H3",
        "2020-Q0",
        "2020-Q5",
        "2020-00",
        "2020-13",
        "2020-1",
        "2020-01-01",
        "2020/2021",
        "1899",
        "năm 2020",
        "2020-h1",
    ] {
        for member in ["period", "base_period"] {
            let record = with(figure("1", "count"), json!({member: period}));
            assert_refused(app, FIGURES, &record, &format!("/{member}"), "not_a_period");
        }
    }
});

api_test!(the_other_rules_of_a_figure_and_its_filters, |app| {
    app.make_units(&["p"]);
    app.post(UNITS, &with(unit("u"), json!({"parent_id": "p"}))).expect(201);
    let over = |over: Value| with(figure("1", "count"), over);
    for (record, pointer, code) in [
        (over(json!({"unit_id": "w"})), "/unit_id", "unknown_unit"),
        (over(json!({"measure": "đo"})), "/measure", "not_an_id"),
        (over(json!({"review_year": 3000})), "/review_year", "out_of_range"),
        (over(json!({"source": {"title": " "}})), "/source/title", "empty"),
        (over(json!({"source": {"title": "x", "url": ""}})), "/source/url", "empty"),
    ] {
        assert_refused(app, FIGURES, &record, pointer, code);
    }
    for (measure, period, over) in [
        ("m1", "2020", json!({"review_year": 2020})),
        ("m2", "2019", json!({"review_year": 2020, "unit_id": "p"})),
        ("m3", "2020-Q1", json!({"review_year": 2021})),
    ] {
        make(
            app,
            FIGURES,
            &with(figure("1", "count"), with(over, json!({"measure": measure, "period": period}))),
        );
    }
    for (query, want) in [
        ("sort=measure", vec!["m1", "m2", "m3"]),
        ("sort=-period", vec!["m3", "m1", "m2"]),
        ("sort=measure&review_year=2020", vec!["m1", "m2"]),
        ("sort=measure&under=p", vec!["m1", "m2", "m3"]),
        ("unit_id=p", vec!["m2"]),
        ("period=2020", vec!["m1"]),
        ("measure=m3", vec!["m3"]),
    ] {
        assert_eq!(app.get(&format!("{FIGURES}?{query}")).expect(200).each("measure"), want, "{query}");
    }
    let first = app.get(&format!("{FIGURES}?measure=m1")).expect(200);
    let path = format!("{FIGURES}/{}", first.each("id")[0]);
    app.delete(&path).expect(204);
    app.get(&path).expect(404);
    app.put(&path, &figure("1", "count")).expect(404);
});

api_test!(an_action_shows_every_member_and_is_open_unless_said, |app| {
    app.make_units(&["u"]);
    let made = make(app, ACTIONS, &action(json!({})));
    assert_eq!(
        without(made, "id"),
        json!({
            "kind": "plan_task", "title": "Nâng tỷ lệ trực tuyến", "owner_unit_id": "u", "review_unit_id": null,
            "review_year": null, "index_code": null, "criterion": null, "due_on": null, "status": "open", "note": null
        })
    );
    for kind in ["plan_task", "initiative", "business_difficulty", "inspection_finding"] {
        for status in ["open", "in_progress", "done", "cancelled"] {
            let made = make(app, ACTIONS, &action(json!({"kind": kind, "status": status})));
            assert_eq!((&made["kind"], &made["status"]), (&json!(kind), &json!(status)));
        }
    }
    for member in ["kind", "title", "owner_unit_id"] {
        assert_refused(app, ACTIONS, &without(action(json!({})), member), &format!("/{member}"), "required");
    }
});

api_test!(an_action_names_what_there_is, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({"criteria": [criterion("a", 1)]}));
    app.make_edition_of(2015, json!({"criteria": [criterion("old", 1)]}));
    for (over, pointer, code) in [
        (json!({"owner_unit_id": "w"}), "/owner_unit_id", "unknown_unit"),
        (json!({"review_unit_id": "w", "review_year": 2020}), "/review_unit_id", "unknown_unit"),
        (json!({"review_unit_id": "u"}), "/review_year", "review_unit_and_year"),
        (json!({"review_year": 2020}), "/review_year", "review_unit_and_year"),
        (json!({"review_unit_id": "u", "review_year": 1899}), "/review_year", "out_of_range"),
        (json!({"index_code": "iy"}), "/index_code", "unknown_index"),
        (json!({"index_code": "ix", "criterion": "z"}), "/criterion", "unknown_criterion"),
        (json!({"criterion": "a"}), "/criterion", "criterion_without_index"),
        (json!({"title": ""}), "/title", "empty"),
    ] {
        assert_refused(app, ACTIONS, &action(over), pointer, code);
    }
    for code in ["a", "old"] {
        make(app, ACTIONS, &action(json!({"index_code": "ix", "criterion": code})));
    }
    let full = json!({"review_unit_id": "u", "review_year": 2020, "due_on": "2021-12-31", "note": "Ghi chú"});
    let made = make(app, ACTIONS, &action(full));
    let path = format!("{ACTIONS}/{}", made["id"].as_str().unwrap());
    let done = app.patch(&path, &json!({"status": "done", "note": null})).expect(200);
    assert_eq!((&done.json["status"], &done.json["note"]), (&json!("done"), &Value::Null));
    assert_eq!(app.delete("/api/v1/units/u").expect(409).code(), "in_use");
    app.delete(&path).expect(204);
    app.get(&path).expect(404);
});

api_test!(filters_and_sorts_of_actions, |app| {
    app.make_units(&["p"]);
    app.post(UNITS, &with(unit("u"), json!({"parent_id": "p"}))).expect(201);
    app.make_edition(json!({}));
    for (title, over) in [
        ("1", json!({"due_on": "2021-06-30", "index_code": "ix"})),
        ("2", json!({"kind": "initiative", "status": "done", "owner_unit_id": "p"})),
        ("3", json!({"due_on": "2021-03-31", "review_unit_id": "p", "review_year": 2020})),
    ] {
        make(app, ACTIONS, &action(with(json!({"title": title}), over)));
    }
    for (query, want) in [
        ("sort=due_on", vec!["3", "1", "2"]),
        ("sort=-due_on", vec!["1", "3", "2"]),
        ("kind=initiative", vec!["2"]),
        ("sort=due_on&status=open", vec!["3", "1"]),
        ("owner_unit_id=p", vec!["2"]),
        ("sort=due_on&under=p", vec!["3", "1", "2"]),
        ("review_unit_id=p", vec!["3"]),
        ("review_year=2020", vec!["3"]),
        ("index_code=ix", vec!["1"]),
    ] {
        assert_eq!(app.get(&format!("{ACTIONS}?{query}")).expect(200).each("title"), want, "{query}");
    }
});
