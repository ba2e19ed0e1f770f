//! `/returns`: form 06a as units that send totals only filled it in.

use serde_json::{Value, json};

use crate::{
    changes::page,
    support::{
        api_test,
        app::App,
        records::{DOSSIERS, UNITS, dossier, unit, with, without},
        wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, bare, body, refuse_all},
    },
};

const RETURNS: &str = "/api/v1/returns";

/// A row that keeps every identity.
fn row(over: Value) -> Value {
    let base = json!({
        "field": "Đất đai", "c3": 10, "c4": 2, "c5": 5, "c6": 3, "c7": 6, "c8": 2, "c9": 2, "c10": 1, "c11": 3, "c12": 1,
        "c13": 1, "unclassified": 1, "open_no_due_date": 1, "ended_otherwise": 2, "transferred_in": 2,
        "transferred_out": 1
    });
    with(base, over)
}

fn filled(over: Value) -> Value {
    let base = json!({
        "unit_id": "u", "period": "2020-Q1", "rows": [row(json!({}))], "source": {"title": "Báo cáo quý I năm 2020"}
    });
    with(base, over)
}

/// Sends a return, and gives its id.
pub fn make_return(app: &App, over: Value) -> String {
    app.post(RETURNS, &filled(over)).expect(201).json["id"].as_str().unwrap().to_owned()
}

api_test!(a_return_shows_its_rows_and_their_sum, |app| {
    app.make_units(&["u"]);
    let rows = json!([row(json!({})), without(row(json!({"c4": 3, "c5": 4})), "field")]);
    let made = app.post(RETURNS, &filled(json!({"rows": rows}))).expect(201);
    let path = made.header("location").to_owned();
    assert_eq!(path, format!("{RETURNS}/{}", made.json["id"].as_str().unwrap()));
    assert_eq!(
        without(made.json.clone(), "id"),
        json!({
            "unit_id": "u", "period": "2020-Q1", "calendar": "statutory",
            "rows": [row(json!({})), row(json!({"field": null, "c4": 3, "c5": 4}))],
            "total": {
                "c3": 20, "c4": 5, "c5": 9, "c6": 6, "c7": 12, "c8": 4, "c9": 4, "c10": 2, "c11": 6, "c12": 2, "c13": 2,
                "unclassified": 2, "open_no_due_date": 2, "ended_otherwise": 4, "transferred_in": 4, "transferred_out": 2
            },
            "source": {"title": "Báo cáo quý I năm 2020", "url": null, "published_on": null}, "note": null
        })
    );
    let read = app.get(&path).expect(200);
    assert_eq!((read.etag(), &read.json), (made.etag(), &made.json));
    assert_eq!(app.put(&path, &read.json).expect(200).etag(), made.etag(), "what GET gives changes nothing");
    // A remainder that is left out is 0.
    let plain = json!({
        "field": "Hộ tịch", "c3": 3, "c4": 1, "c5": 1, "c6": 1, "c7": 2, "c8": 1, "c9": 1, "c10": 0, "c11": 1, "c12": 1,
        "c13": 0
    });
    let patched = app.patch(&path, &json!({"rows": [plain], "note": "Đính chính"})).expect(200).json;
    assert_eq!((&patched["total"]["c3"], &patched["total"]["unclassified"]), (&json!(3), &json!(0)));
    assert_eq!(patched["note"], "Đính chính");
    let empty = app.put(&path, &filled(json!({"rows": []}))).expect(200).json;
    assert_eq!((&empty["total"]["c3"], &empty["note"]), (&json!(0), &Value::Null));
    let (log, _) = page(app, "resource=returns");
    let log: Vec<&str> = log.iter().map(|change| change["action"].as_str().unwrap()).collect();
    assert_eq!(log, ["create", "update", "update"]);
    assert_eq!(app.delete("/api/v1/units/u").expect(409).code(), "in_use");
    app.delete(&path).expect(204);
    app.get(&path).expect(404);
    app.put(&path, &filled(json!({}))).expect(404);
    app.delete("/api/v1/units/u").expect(204);
});

api_test!(a_unit_has_one_return_for_a_period_of_a_calendar, |app| {
    app.make_units(&["u", "v"]);
    let first = app.post(RETURNS, &filled(json!({}))).expect(201);
    let before = app.database.dump();
    let second = app.post(RETURNS, &filled(json!({"rows": []}))).expect(409);
    assert_eq!((second.code(), second.violations()), ("duplicate", vec![("/period", "duplicate")]));
    let told = second.json.to_string();
    assert!(told.contains(first.json["id"].as_str().unwrap()) && !told.contains("UNIQUE"), "{told}");
    assert_eq!(app.database.dump(), before);
    for over in [json!({"calendar": "civil"}), json!({"period": "2020-01"}), json!({"unit_id": "v"})] {
        app.post(RETURNS, &filled(over)).expect(201);
    }
    let moved = app.patch(first.header("location"), &json!({"unit_id": "v"})).expect(409);
    assert_eq!((moved.code(), moved.violations()), ("duplicate", vec![("/period", "duplicate")]));
});

api_test!(each_identity_that_fails_is_named, |app| {
    app.make_units(&["u"]);
    let violations = |over: Value| -> Vec<(String, String)> {
        let answer = app.post(RETURNS, &filled(json!({"rows": [row(json!({})), row(over)]}))).expect(422);
        answer.violations().iter().map(|(p, c)| ((*p).to_owned(), (*c).to_owned())).collect()
    };
    let named = |over: Value| -> Vec<String> {
        let all = violations(with(over, json!({"field": "Khác"})));
        all.iter().map(|(pointer, code)| format!("{pointer} {code}")).collect()
    };
    assert_eq!(named(json!({"c4": 3})), ["/rows/1 received_equals_its_parts"]);
    assert_eq!(named(json!({"c10": 0})), ["/rows/1 resolved_equals_its_parts"]);
    assert_eq!(named(json!({"c12": 0})), ["/rows/1 open_equals_its_parts"]);
    assert_eq!(named(json!({"ended_otherwise": 0})), ["/rows/1 received_equals_resolved_plus_open"]);
    assert_eq!(named(json!({"transferred_in": 3})), ["/rows/1 received_equals_resolved_plus_open"]);
    assert_eq!(
        named(json!({"c3": 11})),
        ["/rows/1 received_equals_its_parts", "/rows/1 received_equals_resolved_plus_open"]
    );
    assert_eq!(
        named(json!({"c6": 11})),
        ["/rows/1/c6 part_above_whole", "/rows/1 received_equals_its_parts"]
    );
    assert_eq!(
        named(json!({"unclassified": 7})),
        ["/rows/1/unclassified part_above_whole", "/rows/1 resolved_equals_its_parts"]
    );
    assert_eq!(named(json!({"c4": -2, "c5": 9})), ["/rows/1/c4 negative"]);
    assert_eq!(named(json!({"c3": 1_000_000_001})), ["/rows/1/c3 out_of_range"]);
    let huge = json!({"c3": i64::MAX, "c4": i64::MAX, "c5": i64::MAX, "c13": i64::MIN});
    assert_eq!(named(huge).len(), 4, "and no sum overflows");
    assert_eq!(violations(json!({})), [("/rows/1/field".to_owned(), "duplicate".to_owned())]);
    // What it should be, in both languages.
    let told = |language: &str| {
        let answer = app.ask("POST", RETURNS).header("accept-language", language);
        answer.json(&filled(json!({"rows": [row(json!({"c4": 3}))]}))).send().expect(422).json["errors"][0]
            ["detail"]
            .clone()
    };
    assert_eq!(told("en"), "c3 = c4 + c5 + c6: 10 is not 11.");
    assert_eq!(told("vi"), "c3 = c4 + c5 + c6: 10 khác 11.");
});

/// Published tables tell early from on time as little as online from the counter: all is in one column of each.
fn published(received: [i64; 3], resolved: [i64; 3], open: [i64; 3]) -> Value {
    json!({
        "c3": received[0], "c4": 0, "c5": received[1], "c6": received[2], "c7": resolved[0], "c8": 0, "c9": resolved[1],
        "c10": resolved[2], "c11": open[0], "c12": open[1], "c13": open[2]
    })
}

api_test!(a_published_table_is_taken_when_it_adds_up, |app| {
    app.make_units(&["u"]);
    let over = |period: &str, row: Value| filled(json!({"period": period, "rows": [row]}));
    // Đắk Glong district, 2020.
    let dak_glong = published([59010, 57028, 1982], [57689, 57502, 187], [1321, 1246, 75]);
    app.post(RETURNS, &over("2020", dak_glong)).expect(201);
    // The province's own level of Lâm Đồng, first quarter of 2020: 54,575 against 51,780 and 2,800.
    let lam_dong = published([54575, 54575, 0], [51780, 51072, 708], [2800, 2672, 128]);
    let refused = app.post(RETURNS, &over("2020-Q1", lam_dong)).expect(422);
    assert_eq!(refused.violations(), [("/rows/0", "received_equals_resolved_plus_open")]);
    // Thanh Bình 2020: 70,395 on time of 113,468 resolved leave 43,073, which a return has to name.
    let thanh_binh = published([113_468, 113_468, 0], [113_468, 70395, 0], [0, 0, 0]);
    let refused = app.post(RETURNS, &over("2019", thanh_binh.clone())).expect(422);
    assert_eq!(refused.violations(), [("/rows/0", "resolved_equals_its_parts")]);
    app.post(RETURNS, &over("2019", with(thanh_binh, json!({"unclassified": 43073})))).expect(201);
});

api_test!(returns_are_found_by_unit_period_and_calendar, |app| {
    app.make_units(&["p"]);
    app.post(UNITS, &with(unit("u"), json!({"parent_id": "p"}))).expect(201);
    for (unit_id, period, calendar) in
        [("u", "2020-Q1", "statutory"), ("u", "2020-Q2", "civil"), ("p", "2020", "statutory")]
    {
        let over = json!({"unit_id": unit_id, "period": period, "calendar": calendar});
        app.post(RETURNS, &filled(over)).expect(201);
    }
    for (query, want) in [
        ("sort=period", vec!["2020", "2020-Q1", "2020-Q2"]),
        ("sort=-period", vec!["2020-Q2", "2020-Q1", "2020"]),
        ("sort=period&unit_id=u", vec!["2020-Q1", "2020-Q2"]),
        ("sort=period&under=p", vec!["2020", "2020-Q1", "2020-Q2"]),
        ("sort=unit_id", vec!["2020", "2020-Q1", "2020-Q2"]),
        ("period=2020-Q2", vec!["2020-Q2"]),
        ("calendar=civil", vec!["2020-Q2"]),
        ("sort=period&q=dat+dai", vec!["2020", "2020-Q1", "2020-Q2"]),
        ("q=nowhere", vec![]),
    ] {
        assert_eq!(app.get(&format!("{RETURNS}?{query}")).expect(200).each("period"), want, "{query}");
    }
    let page = app.get(&format!("{RETURNS}?sort=period&limit=2&with_total=true")).expect(200).json;
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(3), 2));
    let next = page["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("{RETURNS}?sort=period&limit=2&cursor={next}")).expect(200);
    assert_eq!(rest.each("period"), ["2020-Q2"]);
});

api_test!(returns_stand_in_for_dossiers_where_whole_ones_make_up_the_period, |app| {
    app.make_units(&["u", "v", "w", "elsewhere"]);
    let of = |unit_id: &str, period: &str, rows: Value| {
        let over = json!({"unit_id": unit_id, "period": period, "rows": rows});
        app.post(RETURNS, &filled(over)).expect(201).json["id"].as_str().unwrap().to_owned()
    };
    // 3 carried over, 7 received; the second half goes on with the 3 that are open, and receives nothing.
    of("u", "2020-H1", json!([row(json!({"field": "a"}))]));
    let second = json!({
        "field": "a", "c3": 3, "c4": 0, "c5": 0, "c6": 3, "c7": 1, "c8": 1, "c9": 0, "c10": 0, "c11": 2, "c12": 2, "c13": 0
    });
    of("u", "2020-H2", json!([second, row(json!({"field": null}))]));
    let quarter = of("u", "2020-Q1", json!([]));
    let half = of("v", "2020-H1", json!([]));
    let superseded = of("w", "2020", json!([]));
    of("elsewhere", "2020", json!([row(json!({}))]));
    of("u", "2021", json!([]));
    app.post(UNITS, &json!({"id": "p", "name": "P", "level": "district"})).expect(201);
    for unit in ["u", "v", "w"] {
        app.patch(&format!("{UNITS}/{unit}"), &json!({"parent_id": "p"})).expect(200);
    }
    app.post(DOSSIERS, &dossier("A", "w")).expect(201);
    let path = "/api/v1/dossier-statistics?unit_id=p&period=2020&calendar=statutory&group_by=unit,field";
    let told = app.get(path).expect(200).json;
    let rows: Vec<String> = told["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let f = &row["figures"];
            let figures = [
                &f["carried_over"],
                &f["received"]["total"],
                &f["received"]["in_person_or_postal"],
                &f["resolved"]["total"],
                &f["open"]["total"],
                &f["from_returns"]["received"],
            ];
            format!("{} {} {}", row["group"]["unit"], row["group"]["field"], json!(figures))
        })
        .collect();
    assert_eq!(
        rows,
        [
            r#""u" null [0,7,5,6,3,7]"#,
            r#""u" "a" [3,7,5,7,2,7]"#,
            // Its own dossier wins over the return.
            r#""w" null [0,1,0,0,1,0]"#,
        ]
    );
    assert_eq!(told["total"]["from_returns"], json!({"received": 14, "resolved": 13, "open": 5}));
    assert_eq!(told["total"]["received"]["total"], 15);
    let not_used: Vec<(&str, &str)> = told["returns_not_used"]
        .as_array()
        .unwrap()
        .iter()
        .map(|not| (not["return_id"].as_str().unwrap(), not["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        not_used,
        [(quarter.as_str(), "covered"), (half.as_str(), "not_whole"), (superseded.as_str(), "superseded")]
    );
    // Part of a returned period can't be told.
    let part = app.get("/api/v1/dossier-statistics?unit_id=u&from=2020-01-01&to=2020-03-31").expect(200).json;
    assert_eq!(
        (&part["total"]["received"]["total"], part["returns_not_used"].as_array().unwrap().len()),
        (&json!(0), 2)
    );
});

api_test!(returns_end_with_the_day_of_judging_and_months_tell_what_they_leave_out, |app| {
    app.make_units(&["u"]);
    let of = |period: &str| {
        let over = json!({"period": period, "calendar": "civil"});
        app.post(RETURNS, &filled(over)).expect(201).json["id"].as_str().unwrap().to_owned()
    };
    let (year, quarter, month) = (of("2020"), of("2020-Q1"), of("2020-02"));
    let told = |query: &str| {
        let path = format!("/api/v1/dossier-statistics?unit_id=u&period=2020&calendar=civil{query}");
        let answer = app.get(&path).expect(200).json;
        let not_used: Vec<(String, String)> = answer["returns_not_used"]
            .as_array()
            .unwrap()
            .iter()
            .map(|not| {
                (not["return_id"].as_str().unwrap().to_owned(), not["reason"].as_str().unwrap().to_owned())
            })
            .collect();
        let rows = answer["rows"].as_array().unwrap().len();
        (answer["total"]["from_returns"]["received"].as_i64().unwrap(), rows, not_used)
    };
    let not = |id: &String, reason: &str| (id.clone(), reason.to_owned());
    assert_eq!(told(""), (7, 0, vec![not(&month, "covered"), not(&quarter, "covered")]));
    let cut = vec![not(&year, "not_whole"), not(&month, "covered")];
    assert_eq!(told("&as_of=2020-03-31"), (7, 0, cut));
    let none = vec![not(&year, "not_whole"), not(&month, "not_whole"), not(&quarter, "not_whole")];
    assert_eq!(told("&as_of=2020-03-30"), (0, 0, none));
    // The year is in the total, and in no month; February is in its own row.
    let by_month = vec![not(&year, "not_whole"), not(&month, "covered"), not(&quarter, "covered")];
    assert_eq!(told("&group_by=month"), (7, 1, by_month));
});

#[rustfmt::skip]
fn wrong_returns() -> Vec<Row> {
    let post = |name, over, problem, violation| body(name, "POST", RETURNS, filled(over), problem, violation);
    let in_row = |over: Value| json!({"rows": [row(over)]});
    vec![
        post("an unknown unit", json!({"unit_id": "no"}), INVALID, ("/unit_id", "unknown_unit")),
        post("a unit that had ended", json!({"unit_id": "ended"}), INVALID, ("/unit_id", "unit_not_in_existence")),
        post("a unit that was not yet", json!({"unit_id": "later"}), INVALID, ("/unit_id", "unit_not_in_existence")),
        post("a NUL in a unit", json!({"unit_id": "a\u{0}"}), INVALID, ("/unit_id", "control_character")),
        post("a period that has not begun", json!({"period": "2021-02", "calendar": "civil"}), INVALID, ("/period", "period_not_begun")),
        post("a fifth quarter", json!({"period": "2020-Q5"}), INVALID, ("/period", "not_a_period")),
        post("a period that is a number", json!({"period": 2020}), MALFORMED, ("/period", "wrong_type")),
        post("an unknown calendar", json!({"calendar": "lunar"}), MALFORMED, ("/calendar", "unknown_word")),
        post("rows that are an object", json!({"rows": {}}), MALFORMED, ("/rows", "wrong_type")),
        post("a row that is a list", json!({"rows": [[1]]}), MALFORMED, ("/rows/0", "wrong_type")),
        post("a level", in_row(json!({"level": "commune"})), MALFORMED, ("/rows/0/level", "unknown_field")),
        post("half a dossier", in_row(json!({"c4": 2.5})), MALFORMED, ("/rows/0/c4", "wrong_type")),
        post("a count that is a text", in_row(json!({"c4": "2"})), MALFORMED, ("/rows/0/c4", "wrong_type")),
        post("a count beyond all numbers", in_row(json!({"c4": 1e30})), MALFORMED, ("/rows/0/c4", "wrong_type")),
        post("a count that is null", in_row(json!({"c4": null})), MALFORMED, ("/rows/0/c4", "wrong_type")),
        post("a count below 0", in_row(json!({"c13": -1})), INVALID, ("/rows/0/c13", "negative")),
        post("a remainder below 0", in_row(json!({"transferred_out": -1})), INVALID, ("/rows/0/transferred_out", "negative")),
        post("a part above its whole", in_row(json!({"c8": 7})), INVALID, ("/rows/0/c8", "part_above_whole")),
        post("an empty field", in_row(json!({"field": " "})), INVALID, ("/rows/0/field", "empty")),
        post("a field that is too long", in_row(json!({"field": "x".repeat(201)})), INVALID, ("/rows/0/field", "too_long")),
        post("a NUL in a field", in_row(json!({"field": "a\u{0}b"})), INVALID, ("/rows/0/field", "control_character")),
        post("more rows than a form has", json!({"rows": (0..2001).map(|i| row(json!({"field": i.to_string()}))).collect::<Vec<_>>()}), INVALID, ("/rows", "too_many")),
        post("a source without a title", json!({"source": {}}), INVALID, ("/source/title", "required")),
        post("an empty title", json!({"source": {"title": ""}}), INVALID, ("/source/title", "empty")),
        post("an empty note", json!({"note": ""}), INVALID, ("/note", "empty")),
        post("an unknown member", json!({"level": "commune"}), MALFORMED, ("/level", "unknown_field")),
        body("no column 3", "POST", RETURNS, filled(json!({"rows": [without(row(json!({})), "c3")]})), INVALID, ("/rows/0/c3", "required")),
        body("no rows", "POST", RETURNS, without(filled(json!({})), "rows"), INVALID, ("/rows", "required")),
        body("no source", "POST", RETURNS, without(filled(json!({})), "source"), INVALID, ("/source", "required")),
        body("a return of no id", "PUT", "/api/v1/returns/no", filled(json!({})), ABSENT, NOWHERE),
        body("a patch of no id", "PATCH", "/api/v1/returns/no", json!({"note": "x"}), ABSENT, NOWHERE),
        bare("an unknown filter", "GET", "/api/v1/returns?level=commune", &[], MALFORMED, ("level", "unknown_parameter")),
        bare("an unknown sort key", "GET", "/api/v1/returns?sort=c3", &[], MALFORMED, ("sort", "unknown_sort_key")),
        bare("a return that there is not", "GET", "/api/v1/returns/no", &[], ABSENT, NOWHERE),
        bare("a deletion of no id", "DELETE", "/api/v1/returns/no", &[], ABSENT, NOWHERE),
    ]
}

api_test!(every_wrong_return_is_refused_without_a_trace, |app| {
    app.make_units(&["u"]);
    app.post(UNITS, &with(unit("ended"), json!({"valid_to": "2019-12-15"}))).expect(201);
    app.post(UNITS, &with(unit("later"), json!({"valid_from": "2020-03-15"}))).expect(201);
    refuse_all(app, wrong_returns());
});
