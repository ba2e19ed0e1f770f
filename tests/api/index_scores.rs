//! `/index-scores`: every digit kept, one score a key, the order of the numbers.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    client::Answer,
    indexes::{SCORES, criterion, edition, score},
    records::{UNITS, unit, with, without},
};

const BY_KEY: &str = "/api/v1/index-scores/by-key/ix/2016/u/final";

fn begin(app: &App) {
    app.make_units(&["u", "v"]);
    app.make_edition(json!({"criteria": [criterion("a", "10.5"), criterion("b", Value::Null)]}));
}

/// Sends a body as it is written: no library touches the digits.
fn raw(app: &App, text: &str) -> Answer {
    app.ask("POST", SCORES).header("content-type", "application/json").raw(text).send()
}

fn body(value: &str, stage: &str) -> String {
    format!(r#"{{"index_code":"ix","year":2016,"unit_id":"u","stage":"{stage}","score":{value}}}"#)
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.raw.clone()).unwrap()
}

api_test!(every_digit_of_a_score_comes_back, |app| {
    begin(app);
    for (written, shown) in [
        ("1.234567890123456789", "1.234567890123456789"),
        ("64.9552993774414", "64.9552993774414"),
        ("1234567890123456789012345678", "1234567890123456789012345678"),
        ("0.1234567890123456789012345678", "0.1234567890123456789012345678"),
        ("-12345678901234.56789012345678", "-12345678901234.56789012345678"),
        ("9007199254740993", "9007199254740993"),
        ("0.1000", "0.1"),
        ("-0", "0"),
        ("1.5e1", "15"),
        ("1E-9", "0.000000001"),
    ] {
        for value in [written.to_owned(), format!("\"{written}\"")] {
            let made = raw(app, &body(&value, "final")).expect(201);
            let path = made.header("location").to_owned();
            let read = app.get(&path).expect(200);
            for answer in [&made, &read] {
                let shown = format!(r#""score":{shown},"score_exact":"{shown}""#);
                assert!(text(answer).contains(&shown), "{value}: {}", text(answer));
            }
            let patched = app.patch(&path, &json!({"source": "Nguồn"})).expect(200);
            assert_eq!(patched.json["score_exact"], shown, "a patch of another member keeps the digits");
            assert_eq!(app.put(&path, &patched.json).expect(200).etag(), patched.etag());
            app.delete(&path).expect(204);
        }
    }
});

api_test!(what_is_no_decimal_of_28_digits_is_refused, |app| {
    begin(app);
    for digits in
        ["1.2345678901234567890123456789", "12345678901234567890123456789", "1e400", "1e-400", "1e41"]
    {
        for value in [digits.to_owned(), format!("\"{digits}\"")] {
            let answer = raw(app, &body(&value, "final")).expect(422);
            assert_eq!(answer.violations(), [("/score", "too_precise")], "{value}");
        }
    }
    for value in [
        "\"NaN\"",
        "\"1,5\"",
        "\"Infinity\"",
        "\"\"",
        "\" 1\"",
        "\"+1\"",
        "\"1.\"",
        "\".5\"",
        "\"0x1\"",
        "true",
        "[]",
        "{}",
    ] {
        let answer = raw(app, &body(value, "final")).expect(400);
        assert_eq!(answer.violations(), [("/score", "wrong_type")], "{value}");
    }
    for value in ["NaN", "1,5", "+1", ".5", "01"] {
        assert_eq!(raw(app, &body(value, "final")).expect(400).code(), "malformed", "{value}");
    }
});

api_test!(one_score_has_its_key_the_total_too, |app| {
    begin(app);
    let total = score("u", 1);
    let of_a = with(score("u", 2), json!({"criterion": "a"}));
    let made = app.make_score(&total);
    app.make_score(&of_a);
    for record in [&total, &of_a, &with(total.clone(), json!({"criterion": null, "score": 5}))] {
        assert_eq!(app.post(SCORES, record).expect(409).code(), "duplicate");
    }
    app.make_score(&with(of_a.clone(), json!({"criterion": "b"})));
    app.make_score(&with(of_a.clone(), json!({"unit_id": "v"})));
    let other = app.make_score(&with(total, json!({"stage": "self"})));
    let moved = app.patch(other.header("location"), &json!({"stage": "final"})).expect(409);
    assert_eq!(moved.code(), "duplicate");
    app.patch(other.header("location"), &json!({"stage": "survey"})).expect(200);
    app.delete(made.header("location")).expect(204);
    app.patch(other.header("location"), &json!({"stage": "final"})).expect(200);
});

api_test!(a_put_by_key_makes_replaces_and_repeats, |app| {
    begin(app);
    for (criterion, value) in [("_total", Value::Null), ("a", json!("a"))] {
        let path = format!("{BY_KEY}/{criterion}");
        let made = app.put(&path, &json!({"score": "9.50"})).expect(201);
        assert_eq!((&made.json["criterion"], &made.json["score_exact"]), (&value, &json!("9.5")));
        let changed = app.put(&path, &json!({"score": 9.75, "published_rank": 3})).expect(200);
        assert_eq!(changed.json["id"], made.json["id"]);
        assert_ne!(changed.etag(), made.etag());
        let same = app.put(&path, &json!({"score": "9.7500", "published_rank": 3})).expect(200);
        assert_eq!(same.etag(), changed.etag());
        let read = app.get(made.header("location")).expect(200);
        assert_eq!((read.etag(), &read.json), (changed.etag(), &changed.json));
        assert_eq!(app.put(&path, &read.json).expect(200).etag(), changed.etag(), "what GET gives");
        let stale = app.ask("PUT", &path).header("if-match", made.etag()).json(&json!({"score": 1})).send();
        stale.expect(412);
    }
    assert_eq!(app.get(SCORES).each("id").len(), 2);
    for (over, pointer) in [
        (json!({"index_code": "iy"}), "/index_code"),
        (json!({"year": 2017}), "/year"),
        (json!({"unit_id": "v"}), "/unit_id"),
        (json!({"stage": "self"}), "/stage"),
        (json!({"criterion": "b"}), "/criterion"),
        (json!({"criterion": null}), "/criterion"),
    ] {
        let answer = app.put(&format!("{BY_KEY}/a"), &with(json!({"score": 1}), over)).expect(422);
        assert_eq!(answer.violations(), [(pointer, "key_mismatch")]);
    }
    for path in ["iy/2016/u/final/a", "ix/2017/u/final/a", "ix/2016/w/final/a", "ix/2016/u/final/z"] {
        app.put(&format!("{SCORES}/by-key/{path}"), &json!({"score": 1})).expect(404);
    }
    for (path, pointer) in [("ix/x/u/final/a", "year"), ("ix/2016/u/end/a", "stage")] {
        let answer = app.put(&format!("{SCORES}/by-key/{path}"), &json!({"score": 1})).expect(400);
        assert_eq!(answer.violations()[0].0, pointer);
    }
});

api_test!(a_score_fits_its_edition, |app| {
    begin(app);
    let of_a = |over: Value| with(with(score("u", 1), json!({"criterion": "a"})), over);
    for (record, pointer, code) in [
        (of_a(json!({"score": "10.5000001"})), "/score", "above_maximum"),
        (of_a(json!({"applicable": false})), "/score", "not_applicable"),
        (of_a(json!({"score": null})), "/score", "required"),
        (of_a(json!({"criterion": "z"})), "/criterion", "unknown_criterion"),
        (of_a(json!({"published_rank": 0})), "/published_rank", "not_positive"),
        (of_a(json!({"index_code": "iy"})), "/index_code", "unknown_index"),
        (of_a(json!({"year": 2017})), "/year", "unknown_edition"),
        (of_a(json!({"unit_id": "w"})), "/unit_id", "unknown_unit"),
        (with(score("u", Value::Null), json!({"applicable": false})), "/applicable", "total_applies"),
    ] {
        let answer = app.post(SCORES, &record).expect(422);
        assert_eq!(answer.violations(), [(pointer, code)], "{record}");
    }
    app.make_score(&of_a(json!({"score": "10.50"})));
    app.make_score(&of_a(json!({"criterion": "b", "score": 1_000_000})));
    let out = app.make_score(&of_a(json!({"unit_id": "v", "score": null, "applicable": false})));
    assert_eq!((&out.json["score"], &out.json["score_exact"]), (&Value::Null, &Value::Null));
    let again = app.put(out.header("location"), &out.json).expect(200);
    assert_eq!(again.etag(), out.etag());
    app.make_edition_of(2015, with(edition(), json!({"unit_of_measure": "percent"})));
    let percent = |value: &str| with(score("u", value), json!({"year": 2015}));
    let answer = app.post(SCORES, &percent("100.01")).expect(422);
    assert_eq!(answer.violations(), [("/score", "above_maximum")]);
    app.make_score(&percent("100"));
});

api_test!(a_total_is_at_most_what_the_points_of_its_areas_make, |app| {
    app.make_units(&["u"]);
    let below = with(criterion("a1", "10.5"), json!({"parent": "a"}));
    let areas = json!([criterion("a", "10.5"), below, criterion("b", 20)]);
    app.make_edition(json!({"criteria": areas}));
    let total = |value: &str| app.put(&format!("{BY_KEY}/_total"), &json!({"score": value}));
    assert_eq!(total("30.5000001").expect(422).violations(), [("/score", "above_maximum")]);
    total("30.5").expect(201);
    let batch = json!({"items": [score("u", "30.51")]});
    let answer = app.post(&format!("{SCORES}/batch"), &batch).expect(200).json;
    assert_eq!(answer["items"][0]["status"], 422);
    let table = "unit,total\nu,31\n";
    let import = app.ask("POST", "/api/v1/indexes/ix/editions/2016/score-imports?dry_run=true");
    let looked = import.header("content-type", "text/csv").raw(table).send().expect(200).json;
    assert_eq!(looked["findings"][0]["code"], "above_maximum");
    let changes = json!({"changes": [{"unit_id": "u", "score": 31}]});
    let simulated = app.post("/api/v1/indexes/ix/rankings/2016/simulations", &changes).expect(422);
    assert_eq!(simulated.violations(), [("/changes/0/score", "above_maximum")]);
    // An edition may not come to lie below a total either.
    let put = |over: Value| app.put("/api/v1/indexes/ix/editions/2016", &with(edition(), over));
    let less = json!([criterion("a", "10.5"), criterion("b", 19)]);
    let refused = put(json!({"criteria": less})).expect(409);
    assert_eq!((refused.code(), refused.violations()), ("in_use", vec![("/criteria", "below_a_score")]));
    put(json!({"criteria": areas, "note": "Ghi chú"})).expect(200);
    // Nothing is known of the whole where an area has no maximum, where bonus points or a scale may carry a total
    // beyond it, and without criteria.
    let plus = json!({"code": "p", "name": "P", "kind": "bonus_penalty", "min_points": -1, "max_points": 1});
    for (over, value) in [
        (json!({"criteria": [criterion("a", "10.5"), criterion("b", Value::Null)]}), "31"),
        (json!({"criteria": [criterion("a", "10.5"), plus]}), "32"),
        (json!({"criteria": areas, "rescale_not_applicable": true}), "33"),
        (json!({}), "34"),
    ] {
        put(over.clone()).expect(200);
        assert_eq!(total(value).expect(200).json["score_exact"], value, "{over}");
    }
    let refused = put(json!({"criteria": areas})).expect(409);
    assert_eq!(refused.violations(), [("/criteria", "below_a_score")]);
});

api_test!(a_total_is_not_below_nothing_where_no_criterion_is, |app| {
    app.make_units(&["u"]);
    let percent =
        |criteria: Value| with(edition(), json!({"unit_of_measure": "percent", "criteria": criteria}));
    let bounded = || percent(json!([criterion("a", 10)]));
    app.make_edition(bounded());
    let total = |value: &str| app.put(&format!("{BY_KEY}/_total"), &json!({"score": value}));
    assert_eq!(total("-0.01").expect(422).violations(), [("/score", "below_minimum")]);
    total("0").expect(201);
    let import = app.ask("POST", "/api/v1/indexes/ix/editions/2016/score-imports?dry_run=true");
    let looked = import.header("content-type", "text/csv").raw("unit,total\nu,-5\n").send().expect(200).json;
    assert_eq!(looked["findings"][0]["code"], "below_minimum");
    let changes = json!({"changes": [{"unit_id": "u", "score": -5}]});
    let simulated = app.post("/api/v1/indexes/ix/rankings/2016/simulations", &changes).expect(422);
    assert_eq!(simulated.violations(), [("/changes/0/score", "below_minimum")]);
    // Points below zero, and a total of which nothing is known; no edition may come to lie above such a total.
    let plus = json!({"code": "p", "name": "P", "kind": "bonus_penalty", "min_points": -1, "max_points": 0});
    let lower = with(criterion("a", 10), json!({"min_points": -2}));
    let put = |over: &Value| app.put("/api/v1/indexes/ix/editions/2016", over);
    for (over, pointer) in [
        (percent(json!([lower])), "/criteria"),
        (percent(json!([criterion("a", 10), plus])), "/criteria"),
        (edition(), "/unit_of_measure"),
    ] {
        put(&over).expect(200);
        assert_eq!(total("-5").expect(200).json["score_exact"], "-5", "{over}");
        let refused = put(&bounded()).expect(409);
        assert_eq!(refused.violations(), [(pointer, "above_a_score")], "{over}");
    }
});

api_test!(a_total_of_weights_is_one_of_a_hundred, |app| {
    app.make_units(&["u"]);
    for method in ["weighted", "normalised"] {
        let weighed = with(criterion("a", 10), json!({"weight": 100}));
        app.make_edition(json!({"method": method, "criteria": [weighed]}));
        let total = |value: &str| app.put(&format!("{BY_KEY}/_total"), &json!({"score": value}));
        assert_eq!(total("100.01").expect(422).violations(), [("/score", "above_maximum")], "{method}");
        assert_eq!(total("-0.01").expect(422).violations(), [("/score", "below_minimum")], "{method}");
        assert!(matches!(total("100").status, 200 | 201), "{method}");
    }
});

api_test!(a_unit_has_scores_of_years_in_which_it_existed, |app| {
    app.make_edition(json!({}));
    for (id, from, to, exists) in [
        ("gone", Value::Null, json!("2016-01-01"), false),
        ("going", Value::Null, json!("2016-01-02"), true),
        ("coming", json!("2016-12-31"), Value::Null, true),
        ("new", json!("2017-01-01"), Value::Null, false),
    ] {
        app.post(UNITS, &with(unit(id), json!({"valid_from": from, "valid_to": to}))).expect(201);
        let answer = app.post(SCORES, &score(id, 1));
        if exists {
            answer.expect(201);
        } else {
            assert_eq!(answer.expect(422).violations(), [("/unit_id", "unit_not_in_existence")], "{id}");
        }
    }
});

api_test!(the_validity_of_a_unit_keeps_the_years_of_its_scores, |app| {
    app.make_edition(json!({}));
    app.make_units(&["u"]);
    app.make_score(&score("u", 1));
    for validity in [json!({"valid_to": "2016-01-01"}), json!({"valid_from": "2017-01-01"})] {
        assert_eq!(app.patch(&format!("{UNITS}/u"), &validity).expect(409).code(), "in_use", "{validity}");
    }
    app.patch(&format!("{UNITS}/u"), &json!({"valid_from": "2016-12-31"})).expect(200);
});

/// The scores of all pages of two.
fn walk(app: &App, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get(&format!("{SCORES}?limit=2&{query}{cursor}")).expect(200);
        found.extend(page.each("score_exact").into_iter().map(str::to_owned));
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
        assert!(found.len() < 100, "{query}: the pages don't end");
    }
}

api_test!(scores_are_sorted_as_numbers_in_pages_of_two, |app| {
    app.make_units(&["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"]);
    app.make_edition(json!({"criteria": [criterion("a", Value::Null)]}));
    for (i, value) in ["9.50", "10", "-1", "9", "0", "-1.5", "0.09"].iter().enumerate() {
        app.make_score(&with(score(&format!("u{}", i + 1), *value), json!({"criterion": "a"})));
    }
    let out = with(score("u8", Value::Null), json!({"criterion": "a", "applicable": false}));
    app.make_score(&out);
    let ascending = ["-1.5", "-1", "0", "0.09", "9", "9.5", "10", "null"];
    assert_eq!(walk(app, "sort=score"), ascending);
    let descending = ["10", "9.5", "9", "0.09", "0", "-1", "-1.5", "null"];
    assert_eq!(walk(app, "sort=-score"), descending);
    assert_eq!(walk(app, "sort=score&applicable=true"), ascending[..7]);
    let by_unit = ["9.5", "10", "-1", "9", "0", "-1.5", "0.09", "null"];
    assert_eq!(walk(app, "sort=unit_id"), by_unit);
});

api_test!(filters_leave_what_they_say, |app| {
    app.make_units(&["p"]);
    app.post(UNITS, &with(unit("c"), json!({"parent_id": "p"}))).expect(201);
    app.make_edition(json!({"criteria": [criterion("a", 10)]}));
    app.make_edition_of(2015, json!({}));
    app.make_score(&score("p", 1));
    app.make_score(&with(score("p", 2), json!({"stage": "self"})));
    app.make_score(&with(score("p", 3), json!({"criterion": "a"})));
    app.make_score(&with(score("c", 4), json!({"year": 2015})));
    app.make_score(&with(without(score("c", 0), "score"), json!({"criterion": "a", "applicable": false})));
    for (query, want) in [
        ("", vec!["1", "2", "3", "4", "null"]),
        ("year=2015", vec!["4"]),
        ("unit_id=p", vec!["1", "2", "3"]),
        ("under=p&year=2015", vec!["4"]),
        ("under=p", vec!["1", "2", "3", "4", "null"]),
        ("criterion=a", vec!["3", "null"]),
        ("criterion=_total", vec!["1", "2", "4"]),
        ("stage=self", vec!["2"]),
        ("applicable=false", vec!["null"]),
        ("index_code=ix&applicable=true&stage=final&criterion=_total", vec!["1", "4"]),
        ("index_code=other", vec![]),
    ] {
        assert_eq!(walk(app, &format!("sort=score&{query}")), want, "{query}");
        let counted = app.get(&format!("{SCORES}?with_total=true&limit=1&{query}")).expect(200);
        assert_eq!(counted.json["total"], want.len(), "{query}");
    }
});
