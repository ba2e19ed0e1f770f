//! `/clock-rules`: the resource, which rule holds for a unit on a day, and what it does to the statistics.

use serde_json::{Value, json};

use chiso::{
    domain::time::Day,
    service::{clock_rules, error::Error},
};

use crate::{
    changes::settle,
    support::{
        api_test,
        app::App,
        client::encoded,
        records::{DOSSIERS, UNITS, dossier, unit, with, without},
        wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, bare, body, refuse_all},
    },
};

const RULES: &str = "/api/v1/clock-rules";
const STATISTICS: &str = "/api/v1/dossier-statistics";

fn make(app: &App, rule: Value) -> Value {
    app.post(RULES, &rule).expect(201).json
}

/// A province `p`, its districts `d` and `e`, a commune `c` of `d`.
fn make_tree(app: &App) {
    app.make_units(&["p"]);
    for (id, parent) in [("d", "p"), ("e", "p"), ("c", "d")] {
        app.post(UNITS, &with(unit(id), json!({"parent_id": parent}))).expect(201);
    }
}

api_test!(a_rule_shows_every_member_also_when_nothing_is_given, |app| {
    app.make_units(&["u"]);
    let made = app.post(RULES, &json!({})).expect(201);
    let path = made.header("location");
    assert_eq!(path, format!("{RULES}/{}", made.json["id"].as_str().unwrap()));
    assert_eq!(
        without(made.json.clone(), "id"),
        json!({"unit_id": null, "valid_from": null, "supplement": "restart", "financial_duty": "extend",
               "withdrawn_counts_as": "ended_otherwise", "source": null})
    );
    let read = app.get(path).expect(200);
    assert_eq!((read.etag(), &read.json), (made.etag(), &made.json));
    assert_eq!(app.put(path, &read.json).expect(200).etag(), made.etag());
    let whole = json!({
        "unit_id": "u", "valid_from": "2021-01-01", "supplement": "extend", "financial_duty": "restart",
        "withdrawn_counts_as": "on_time", "source": "Quyết định số 1/QĐ-UBND"
    });
    let replaced = app.put(path, &whole).expect(200);
    assert_eq!(without(replaced.json.clone(), "id"), whole);
    app.ask("PUT", path).header("if-match", made.etag()).json(&whole).send().expect(412);
    app.delete(path).expect(204);
    app.get(path).expect(404);
    settle(app);
    crate::changes::settle(app);
    let log = app.get("/api/v1/changes?resource=clock-rules").expect(200);
    assert_eq!(log.each("action"), ["create", "update", "delete"]);
    assert_eq!(log.json["items"][1]["before"], made.json);
    assert_eq!(log.json["items"][1]["after"], replaced.json);
});

api_test!(lists_are_filtered_and_sorted, |app| {
    make_tree(app);
    for rule in [
        json!({"unit_id": "d", "valid_from": "2021-01-01", "withdrawn_counts_as": "on_time", "source": "Một"}),
        json!({"unit_id": "c", "valid_from": "2020-01-01", "supplement": "extend", "source": "Hai"}),
        json!({"financial_duty": "restart"}),
    ] {
        make(app, rule);
    }
    let units = |query: &str| -> Vec<Value> {
        let answer = app.get(&format!("{RULES}?{query}")).expect(200);
        answer.json["items"].as_array().unwrap().iter().map(|rule| rule["unit_id"].clone()).collect()
    };
    for (query, want) in [
        ("unit_id=d", json!(["d"])),
        ("under=d&sort=unit_id", json!(["c", "d"])),
        ("valid_from=2020-01-01", json!(["c"])),
        ("supplement=extend", json!(["c"])),
        ("supplement=restart&sort=unit_id", json!(["d", null])),
        ("financial_duty=restart", json!([null])),
        ("withdrawn_counts_as=on_time", json!(["d"])),
        ("source=Hai", json!(["c"])),
        ("q=mot", json!(["d"])),
        ("sort=valid_from", json!(["c", "d", null])),
        ("sort=-valid_from", json!(["d", "c", null])),
    ] {
        assert_eq!(json!(units(query)), want, "{query}");
    }
    let first = app.get(&format!("{RULES}?sort=valid_from&limit=1&with_total=true")).expect(200).json;
    assert_eq!(first["total"], 3);
    let next = encoded(first["next_cursor"].as_str().unwrap());
    assert_eq!(units(&format!("sort=valid_from&limit=2&cursor={next}")), [json!("d"), Value::Null]);
});

api_test!(a_unit_has_one_rule_from_a_day_on, |app| {
    app.make_units(&["u", "v"]);
    let days = [Value::Null, json!("2020-01-01"), json!("2021-01-01")];
    for unit in [Value::Null, json!("u"), json!("v")] {
        for day in &days {
            make(app, json!({"unit_id": unit, "valid_from": day}));
        }
    }
    let before = app.database.dump();
    for unit in [Value::Null, json!("u")] {
        for day in &days {
            let again = json!({"unit_id": unit, "valid_from": day, "supplement": "extend"});
            let refused = app.post(RULES, &again).expect(409);
            assert_eq!(
                (refused.code(), refused.violations()),
                ("duplicate", vec![("/valid_from", "duplicate")])
            );
        }
    }
    let of_v = app.get(&format!("{RULES}?unit_id=v&valid_from=2020-01-01")).expect(200).json;
    let path = format!("{RULES}/{}", of_v["items"][0]["id"].as_str().unwrap());
    for patch in [json!({"valid_from": null}), json!({"unit_id": "u"}), json!({"unit_id": null})] {
        assert_eq!(app.patch(&path, &patch).expect(409).code(), "duplicate");
    }
    assert_eq!(app.database.dump(), before);
    app.patch(&path, &json!({"valid_from": "2020-01-02"})).expect(200);
    assert_eq!(app.delete("/api/v1/units/v").expect(409).code(), "in_use");
});

api_test!(wrong_requests_leave_no_trace, |app| {
    app.make_units(&["u"]);
    let post = |name, record, problem, violation| body(name, "POST", RULES, record, problem, violation);
    let rows: Vec<Row> = vec![
        post("a unit that there is not", json!({"unit_id": "no"}), INVALID, ("/unit_id", "unknown_unit")),
        post("an empty unit", json!({"unit_id": ""}), INVALID, ("/unit_id", "unknown_unit")),
        post("a unit that is a number", json!({"unit_id": 7}), MALFORMED, ("/unit_id", "wrong_type")),
        post("a NUL in a unit", json!({"unit_id": "u\u{0}"}), INVALID, ("/unit_id", "control_character")),
        post("a 30 February", json!({"valid_from": "2020-02-30"}), MALFORMED, ("/valid_from", "wrong_type")),
        post(
            "a pause of another kind",
            json!({"supplement": "stop"}),
            MALFORMED,
            ("/supplement", "unknown_word"),
        ),
        post(
            "a financial duty in capitals",
            json!({"financial_duty": "Extend"}),
            MALFORMED,
            ("/financial_duty", "unknown_word"),
        ),
        post(
            "withdrawn as late",
            json!({"withdrawn_counts_as": "late"}),
            MALFORMED,
            ("/withdrawn_counts_as", "unknown_word"),
        ),
        post("an empty source", json!({"source": " "}), INVALID, ("/source", "empty")),
        post(
            "a source that is too long",
            json!({"source": "ă".repeat(1001)}),
            INVALID,
            ("/source", "too_long"),
        ),
        post("a NUL in a source", json!({"source": "a\u{0}"}), INVALID, ("/source", "control_character")),
        post(
            "an unknown member",
            json!({"valid_to": "2020-01-01"}),
            MALFORMED,
            ("/valid_to", "unknown_field"),
        ),
        post("a list", json!([]), MALFORMED, ("", "wrong_type")),
        body("a rule of no id", "PUT", "/api/v1/clock-rules/no", json!({}), ABSENT, NOWHERE),
        body("a patch of no rule", "PATCH", "/api/v1/clock-rules/no", json!({}), ABSENT, NOWHERE),
        bare("the deletion of no rule", "DELETE", "/api/v1/clock-rules/no", &[], ABSENT, NOWHERE),
        bare(
            "a day that is none",
            "GET",
            "/api/v1/clock-rules?valid_from=2020",
            &[],
            MALFORMED,
            ("valid_from", "wrong_type"),
        ),
        bare(
            "an order by source",
            "GET",
            "/api/v1/clock-rules?sort=source",
            &[],
            MALFORMED,
            ("sort", "unknown_sort_key"),
        ),
    ];
    refuse_all(app, rows);
});

/// The source of the rule that holds for a unit on a day, and whether withdrawn dossiers count as on time.
fn held(app: &App, unit_id: &'static str, day: &str) -> (Option<String>, bool) {
    let store = app.store.clone();
    let day: Day = day.parse().unwrap();
    actix_web::rt::System::new()
        .block_on(async move {
            store
                .read(move |conn| {
                    let rule = clock_rules::in_force(conn, unit_id, day)?;
                    let on_time = clock_rules::withdrawn_as_on_time(conn, &[unit_id.to_owned()], day)?;
                    Ok::<_, Error>((
                        rule.source,
                        on_time.last().is_some_and(|(_, units)| units.contains(unit_id)),
                    ))
                })
                .await
        })
        .unwrap()
}

api_test!(the_nearest_rule_upwards_holds, |app| {
    make_tree(app);
    assert_eq!(held(app, "c", "2020-06-01"), (None, false));
    for (unit, from, counts, source) in [
        (Value::Null, json!("2020-01-01"), "on_time", "all"),
        (json!("p"), json!("2021-01-01"), "ended_otherwise", "p"),
        (json!("d"), json!("2022-01-01"), "on_time", "d"),
        (json!("d"), json!("2023-01-01"), "ended_otherwise", "d again"),
        (json!("c"), json!("2024-01-01"), "on_time", "c"),
    ] {
        make(
            app,
            json!({"unit_id": unit, "valid_from": from, "withdrawn_counts_as": counts, "source": source}),
        );
    }
    for (unit, day, source, on_time) in [
        ("c", "2019-12-31", None, false),
        ("c", "2020-01-01", Some("all"), true),
        ("c", "2021-01-01", Some("p"), false),
        ("c", "2022-12-31", Some("d"), true),
        ("c", "2023-01-01", Some("d again"), false),
        ("c", "2024-01-01", Some("c"), true),
        ("e", "2024-01-01", Some("p"), false),
        ("p", "2020-12-31", Some("all"), true),
    ] {
        assert_eq!(held(app, unit, day), (source.map(str::to_owned), on_time), "{unit} on {day}");
    }
    // `c` stood below `e` until 2022: the rules above it are those of the day.
    let moved = json!({"former_parents": [{"parent_id": "e", "until": "2022-07-01"}]});
    app.patch("/api/v1/units/c", &moved).expect(200);
    assert_eq!(held(app, "c", "2022-06-30"), (Some("p".to_owned()), false));
    assert_eq!(held(app, "c", "2022-07-01"), (Some("d".to_owned()), true));
});

/// The parts of a row's figures that a withdrawal touches.
fn told(figures: &Value) -> Value {
    let rate = &figures["rates"]["on_time_of_resolved"];
    json!([
        figures["resolved"]["total"],
        figures["resolved"]["on_time"],
        figures["ended_otherwise"]["total"],
        figures["ended_otherwise"]["withdrawn"],
        rate["numerator"],
        rate["denominator"]
    ])
}

fn statistics(app: &App, query: &str) -> Value {
    let answer = app.get(&format!("{STATISTICS}?{query}")).expect(200).json;
    for check in answer["checks"].as_array().unwrap() {
        assert_eq!(check["holds"], true, "{query}: {check}");
    }
    answer
}

/// What is told of each row, by the last value of its group.
fn rows(answer: &Value, grouping: &str) -> Value {
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| json!([row["group"][grouping], told(&row["figures"])])).collect()
}

api_test!(withdrawn_dossiers_count_as_on_time_where_the_rule_says_so, |app| {
    make_tree(app);
    let closed = |code: &str, unit: &str, field: &str, status: u8, on: &str| {
        let finished = format!("{on}T08:00:00+07:00");
        let over = json!({"field": field, "status": status, "finished_at": finished});
        app.post(DOSSIERS, &with(dossier(code, unit), over)).expect(201);
    };
    closed("W-1", "c", "Đất đai", 7, "2020-03-05");
    closed("W-2", "c", "Hộ tịch", 7, "2020-03-20");
    closed("W-3", "e", "Đất đai", 7, "2020-04-01");
    closed("S-1", "c", "Đất đai", 8, "2020-03-05");
    closed("L-1", "c", "Đất đai", 10, "2020-03-20");
    closed("E-1", "e", "Hộ tịch", 10, "2020-03-05");
    let ask = |grouping: &str| statistics(app, &format!("unit_id=p&period=2020&group_by={grouping}"));
    // Resolved, of those on time, ended otherwise, of those withdrawn, and the rate.
    let plain = json!([2, 0, 4, 3, 1, 2]);
    assert_eq!(told(&ask("unit")["total"]), plain);
    let rule =
        make(app, json!({"unit_id": "d", "withdrawn_counts_as": "on_time", "valid_from": "2021-01-01"}));
    assert_eq!(told(&ask("unit")["total"]), plain, "a rule of the year after");
    let path = format!("{RULES}/{}", rule["id"].as_str().unwrap());
    // From the 10th on: W-1 was withdrawn before.
    app.patch(&path, &json!({"valid_from": "2020-03-10"})).expect(200);
    let by_unit = ask("unit");
    assert_eq!(told(&by_unit["total"]), json!([3, 1, 3, 2, 2, 3]));
    assert_eq!(rows(&by_unit, "unit"), json!([["c", [2, 1, 2, 1, 1, 2]], ["e", [1, 0, 1, 1, 1, 1]]]));
    let by_field = ask("field");
    assert_eq!(by_field["total"], by_unit["total"]);
    assert_eq!(
        rows(&by_field, "field"),
        json!([["Hộ tịch", [2, 1, 0, 0, 2, 2]], ["Đất đai", [1, 0, 3, 2, 0, 1]]])
    );
    app.patch(&path, &json!({"unit_id": null})).expect(200);
    let months = json!([["2020-03", [3, 1, 2, 1, 2, 3]], ["2020-04", [1, 1, 0, 0, 1, 1]]]);
    assert_eq!(told(&ask("month")["total"]), json!([4, 2, 2, 1, 3, 4]));
    assert_eq!(rows(&ask("month"), "month"), months);
    // A month that is asked for alone is the month of the year, on whatever day it is judged.
    for (place, month) in ["2020-03", "2020-04"].iter().enumerate() {
        let alone = statistics(app, &format!("unit_id=p&period={month}"));
        assert_eq!(told(&alone["total"]), months[place][1], "{month}");
    }
    let until_april = json!({"valid_from": "2020-04-01", "withdrawn_counts_as": "ended_otherwise"});
    make(app, until_april);
    assert_eq!(told(&ask("month")["total"]), json!([3, 1, 3, 2, 2, 3]));
    app.patch(&path, &json!({"valid_from": null})).expect(200);
    assert_eq!(told(&ask("month")["total"]), json!([4, 2, 2, 1, 3, 4]));
});
