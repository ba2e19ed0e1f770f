//! Which state a reader gets: scores of revisions, bases of rankings, the latest ranking, and the score sheet.

use serde_json::{Value, json};

use crate::{
    edition_cycle::{begin, publish},
    support::{
        api_test,
        app::App,
        client::Answer,
        indexes::{EDITION, RANKING, SCORES, criterion, score},
        records::{UNITS, unit, with, without},
        wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, bare, body, refuse_all},
    },
};

/// Publishes an edition of `ix`.
pub fn publish_of(app: &App, year: i32, reason: &str) {
    app.post(&format!("/api/v1/indexes/ix/editions/{year}/publish"), &json!({"reason": reason})).expect(201);
}

api_test!(scores_are_listed_as_they_were_in_a_revision, |app| {
    begin(app);
    for (unit, value) in [("u", "1.5"), ("v", "10")] {
        app.make_score(&with(score(unit, value), json!({"criterion": "a"})));
    }
    let before = app.get(&format!("{SCORES}?index_code=ix&year=2016&sort=score")).expect(200).json;
    publish(app, Value::Null).expect(201);
    app.put(&format!("{SCORES}/by-key/ix/2016/u/final/a"), &json!({"score": 2})).expect(200);
    let listed = |query: &str| app.get(&format!("{SCORES}?index_code=ix&year=2016&{query}")).expect(200).json;
    assert_eq!(listed("revision=1&sort=score"), before);
    assert_eq!(listed("revision=published&sort=score"), before);
    assert_ne!(listed("revision=working&sort=score"), before);
    assert_eq!(listed("revision=working&sort=score"), listed("sort=score"));
    assert_eq!(listed("revision=1&criterion=a&unit_id=u")["items"][0]["score_exact"], "1.5");
    let counted = listed("revision=1&with_total=true&limit=3&sort=-score");
    assert_eq!(counted["total"], 4);
    let cursor = counted["next_cursor"].as_str().unwrap();
    let rest = listed(&format!("revision=1&limit=3&sort=-score&cursor={cursor}"));
    assert_eq!(rest["items"][0]["score_exact"], "1.5");
    assert_eq!(listed("revision=1&q=u")["items"].as_array().unwrap().len(), 2);
});

api_test!(what_is_published_says_since_when_it_stands, |app| {
    begin(app);
    app.make_edition_of(2015, json!({"criteria": [criterion("a", 10)]}));
    let modified = |path: &str| {
        let [date, again] = [(); 2].map(|()| app.get(path).expect(200).header("last-modified").to_owned());
        assert_eq!(date, again, "asked again");
        date
    };
    let series = "/api/v1/indexes/ix/series?unit_id=u&from=2016&to=2016";
    assert_eq!(modified(RANKING), "", "a draft may change");
    app.set_now("2021-02-03T08:00:00+07:00");
    publish_of(app, 2016, "x");
    let first = "Wed, 03 Feb 2021 01:00:00 GMT";
    assert_eq!(modified(&format!("{RANKING}?base_year=none")), first);
    assert_eq!(modified(RANKING), "", "its base is a draft");
    assert_eq!(modified(series), "", "it is compared with a draft");
    app.set_now("2021-03-04T08:00:00+07:00");
    publish_of(app, 2015, "x");
    assert_eq!(modified(RANKING), "Thu, 04 Mar 2021 01:00:00 GMT", "the later of the two");
    assert_eq!(modified(series), "Thu, 04 Mar 2021 01:00:00 GMT", "the later of the two");
});

api_test!(who_has_seen_what_stands_is_told_by_the_date_too, |app| {
    begin(app);
    app.set_now("2021-02-03T08:00:00.750+07:00");
    publish_of(app, 2016, "x");
    let stands = "Wed, 03 Feb 2021 01:00:00 GMT";
    let asked = |method: &str, path: &str, since: &str| {
        app.ask(method, path).header("if-modified-since", since).send()
    };
    let comparison = "/api/v1/indexes/ix/comparison?unit_ids=u,v&from=2016&to=2016";
    let series = "/api/v1/indexes/ix/series?unit_id=u&from=2016&to=2016";
    let ranking = format!("{RANKING}?base_year=none");
    for path in [ranking.as_str(), comparison, series] {
        for form in ["json", "csv", "json-stat", "xlsx"] {
            let path = format!("{path}&format={form}");
            let whole = app.get(&path).expect(200);
            assert_eq!(whole.header("last-modified"), stands, "{path}");
            let known = asked("GET", &path, stands).expect(304);
            assert_eq!(
                (known.raw.len(), known.etag(), known.header("last-modified"), known.header("vary")),
                (0, whole.etag(), stands, "accept"),
                "{path}"
            );
            asked("GET", &path, "Thu, 04 Feb 2021 01:00:00 GMT").expect(304);
            for older in ["Wed, 03 Feb 2021 00:59:59 GMT", "yesterday"] {
                assert_eq!(asked("GET", &path, older).expect(200).raw, whole.raw, "{path}");
            }
            // A tag goes before the date.
            let with_tag = app.ask("GET", &path).header("if-modified-since", stands);
            with_tag.header("if-none-match", "\"other\"").send().expect(200);
        }
    }
    // A draft has no such moment.
    app.make_edition_of(2015, json!({}));
    asked("GET", "/api/v1/indexes/ix/rankings/2015", stands).expect(200);
});

api_test!(what_is_named_as_it_is_now_stands_since_it_was_named, |app| {
    begin(app);
    app.set_now("2021-02-03T08:00:00+07:00");
    publish_of(app, 2016, "x");
    let since = |path: &str, date: &str| app.ask("GET", path).header("if-modified-since", date).send();
    let shown = ["series?unit_id=u", "comparison?unit_ids=v,u"]
        .map(|path| format!("/api/v1/indexes/ix/{path}&from=2016&to=2016"));
    let mut stood = "Wed, 03 Feb 2021 01:00:00 GMT";
    for (day, named, name, stands) in [
        ("2021-02-04", "/api/v1/units/u", "Xã Tên Mới", "Thu, 04 Feb 2021 01:00:00 GMT"),
        ("2021-02-05", "/api/v1/indexes/ix", "Chỉ số mới", "Fri, 05 Feb 2021 01:00:00 GMT"),
    ] {
        for path in &shown {
            since(path, stood).expect(304);
            since(&format!("{path}&format=csv"), stood).expect(304);
        }
        app.set_now(&format!("{day}T08:00:00+07:00"));
        app.patch(named, &json!({"name": name})).expect(200);
        for path in &shown {
            let whole = since(path, stood).expect(200);
            assert!(whole.json.to_string().contains(name), "{path}");
            assert_eq!(whole.header("last-modified"), stands, "{path}");
            let file = since(&format!("{path}&format=csv"), stood).expect(200);
            assert_eq!(file.header("last-modified"), stands, "{path}");
        }
        // What a ranking tells of its units was published with it.
        since(&format!("{RANKING}?base_year=none"), "Wed, 03 Feb 2021 01:00:00 GMT").expect(304);
        stood = stands;
    }
});

api_test!(a_ranking_that_tells_what_became_of_units_says_since_when_it_stands, |app| {
    app.post(UNITS, &with(unit("new"), json!({"valid_from": "2016-01-01"}))).expect(201);
    let successors = json!([{"unit_id": "new", "extent": "whole"}]);
    let ended = json!({"valid_to": "2016-01-01", "successors": successors});
    app.post(UNITS, &with(unit("old"), ended)).expect(201);
    app.make_edition(json!({}));
    app.make_edition_of(2015, json!({}));
    app.make_score(&score("new", 5));
    app.make_score(&with(score("old", 4), json!({"year": 2015})));
    app.set_now("2021-02-03T08:00:00+07:00");
    publish_of(app, 2015, "x");
    publish_of(app, 2016, "x");
    let stands = "Wed, 03 Feb 2021 01:00:00 GMT";
    let before = |ranking: &Value| ranking["standings"][0]["delta"]["predecessors"][0]["unit_name"].clone();
    let told = app.get(RANKING).expect(200);
    assert_eq!((before(&told.json), &told.json["ended"][0]["unit_id"]), (json!("Xã old"), &json!("old")));
    assert_eq!(told.header("last-modified"), stands);
    app.set_now("2021-02-04T08:00:00+07:00");
    app.patch("/api/v1/units/old", &json!({"name": "Xã Tên Mới"})).expect(200);
    app.ask("GET", RANKING).header("if-modified-since", stands).send().expect(304);
    assert_eq!(app.get(RANKING).expect(200).raw, told.raw);
    assert_eq!(before(&app.get(&format!("{RANKING}?revision=working")).expect(200).json), "Xã Tên Mới");
    publish_of(app, 2016, "Đổi tên xã cũ");
    let again = app.ask("GET", RANKING).header("if-modified-since", stands).send().expect(200);
    assert_eq!(before(&again.json), "Xã Tên Mới");
    assert_eq!(again.header("last-modified"), "Thu, 04 Feb 2021 01:00:00 GMT");
    assert_eq!(before(&app.get(&format!("{RANKING}?revision=1")).expect(200).json), "Xã old");
});

api_test!(a_base_is_what_was_public_when_the_revision_was, |app| {
    begin(app);
    app.make_edition_of(2015, json!({"criteria": [criterion("a", 10)]}));
    let of_2015 = |value: i32| {
        app.put(&format!("{SCORES}/by-key/ix/2015/u/final/_total"), &json!({"score": value}));
    };
    of_2015(1);
    let base = |query: &str| {
        let ranking = app.get(&format!("{RANKING}?{query}")).expect(200).json;
        let standings = ranking["standings"].as_array().unwrap().clone();
        let of_u = standings.iter().find(|s| s["unit_id"] == "u").unwrap().clone();
        (ranking["base_year"].clone(), of_u["base"]["score_exact"].as_str().unwrap_or("none").to_owned())
    };
    let year = json!(2015);
    app.set_now("2021-01-01T08:00:00+07:00");
    publish_of(app, 2016, "x");
    assert_eq!(base(""), (year.clone(), "1".to_owned()), "a base that is not published is as it is");
    app.set_now("2021-02-01T08:00:00+07:00");
    publish_of(app, 2015, "x");
    of_2015(2);
    assert_eq!(base(""), (year.clone(), "1".to_owned()));
    assert_eq!(base("revision=working"), (year.clone(), "1".to_owned()));
    app.set_now("2021-03-01T08:00:00+07:00");
    app.patch(EDITION, &json!({"note": "Đính chính"})).expect(200);
    publish_of(app, 2016, "Đính chính");
    app.set_now("2021-04-01T08:00:00+07:00");
    publish_of(app, 2015, "Đính chính");
    assert_eq!(base(""), (year.clone(), "2".to_owned()));
    assert_eq!(base("revision=published"), (year.clone(), "2".to_owned()));
    assert_eq!(base("revision=2"), (year.clone(), "1".to_owned()), "as it was first told");
    assert_eq!(base("revision=1"), (Value::Null, "none".to_owned()));
    assert_eq!(base("as_of=2021-03-15"), (year.clone(), "1".to_owned()));
    assert_eq!(base("as_of=2021-04-01"), (year.clone(), "2".to_owned()));
    assert_eq!(
        base("as_of=2021-01-15"),
        (Value::Null, "none".to_owned()),
        "nothing to compare with was public then"
    );
});

api_test!(a_revision_has_no_base_that_was_published_after_it, |app| {
    begin(app);
    app.make_edition_of(2015, json!({"criteria": [criterion("a", 10)]}));
    let of_2015 = |value: i32| {
        app.put(&format!("{SCORES}/by-key/ix/2015/u/final/_total"), &json!({"score": value}));
    };
    of_2015(1);
    let get = |query: &str| app.get(&format!("{RANKING}?{query}"));
    let public = |query: &str| app.ask("GET", &format!("{RANKING}?{query}")).anonymous().send();
    // The year of the base, and the score of `u` there.
    let base = |answer: Answer| {
        let ranking = answer.expect(200).json;
        let standings = ranking["standings"].as_array().unwrap().clone();
        let of_u = standings.iter().find(|s| s["unit_id"] == "u").unwrap().clone();
        let score = of_u["base"]["score_exact"].as_str().unwrap_or("none").to_owned();
        (ranking["base_year"].as_i64(), score)
    };
    let without = || -> (Option<i64>, String) { (None, "none".to_owned()) };
    let with = |score: &str| -> (Option<i64>, String) { (Some(2015), score.to_owned()) };
    let again = |note: &str| {
        app.patch(EDITION, &json!({"note": note})).expect(200);
        publish_of(app, 2016, note);
    };
    app.set_now("2021-01-01T08:00:00+07:00");
    publish_of(app, 2016, "x");
    // A draft is a base for who may see it, and of no revision by its number or name.
    assert_eq!((base(get("")), base(public(""))), (with("1"), without()));
    for query in ["revision=1", "revision=published"] {
        assert_eq!((base(get(query)), base(public(query))), (without(), without()), "{query}");
        let named = format!("{query}&base_year=2015");
        assert_eq!(get(&named).expect(404).code(), "not_published");
        assert_eq!(public(&named).expect(404).code(), "not_found");
    }
    app.set_now("2021-02-01T08:00:00+07:00");
    again("Đính chính 2");
    let first = get("revision=1").expect(200);
    app.set_now("2021-03-01T08:00:00+07:00");
    publish_of(app, 2015, "x");
    assert_eq!(get("revision=1").expect(200).raw, first.raw);
    assert_eq!(get("revision=1&base_year=2015").expect(404).code(), "not_published");
    assert_eq!(public("revision=1&base_year=2015").expect(404).code(), "not_published");
    // The last one is shown beside what is public today, unless it is asked for by its number.
    for query in ["", "base_year=2015", "revision=published"] {
        assert_eq!((base(get(query)), base(public(query))), (with("1"), with("1")), "{query}");
    }
    assert_eq!((base(get("revision=2")), base(public("revision=2"))), (without(), without()));
    assert_eq!(get("revision=2&base_year=2015").expect(404).code(), "not_published");
    app.set_now("2021-04-01T08:00:00+07:00");
    again("Đính chính 3");
    let third = get("revision=3").expect(200);
    app.set_now("2021-05-01T08:00:00+07:00");
    of_2015(2);
    publish_of(app, 2015, "Đính chính");
    assert_eq!((base(get("")), base(get("revision=3"))), (with("2"), with("1")));
    assert_eq!(get("revision=3").expect(200).raw, third.raw);
    assert_eq!((base(get("revision=1")), base(get("revision=2"))), (without(), without()));
});

api_test!(the_latest_ranking_is_of_the_last_published_year, |app| {
    begin(app);
    app.make_edition_of(2015, json!({}));
    app.make_edition_of(2017, json!({}));
    let latest = |query: &str| app.get(&format!("/api/v1/indexes/ix/rankings/latest?{query}"));
    assert_eq!(latest("").expect(404).code(), "not_published");
    app.set_now("2021-01-01T08:00:00+07:00");
    publish_of(app, 2015, "x");
    assert_eq!(latest("").expect(200).json["year"], 2015);
    app.set_now("2021-02-01T08:00:00+07:00");
    publish_of(app, 2016, "x");
    let now = latest("base_year=2015&include=components").expect(200);
    assert_eq!(now.raw, app.get(&format!("{RANKING}?base_year=2015&include=components")).raw);
    assert_eq!(now.etag(), app.get(&format!("{RANKING}?base_year=2015&include=components")).etag());
    assert_eq!(latest("as_of=2021-01-15").expect(200).json["year"], 2015);
    app.ask("GET", "/api/v1/indexes/ix/rankings/latest?base_year=2015&include=components")
        .header("if-none-match", now.etag())
        .send()
        .expect(304);
});

api_test!(a_write_is_seen_by_the_next_reader, |app| {
    begin(app);
    publish(app, Value::Null).expect(201);
    for value in 6..10 {
        let shown = |query: &str| {
            let ranking = app.get(&format!("{RANKING}?{query}")).expect(200).json;
            ranking["standings"][0]["score_exact"].as_str().unwrap().to_owned()
        };
        let before = shown("");
        app.put(&format!("{SCORES}/by-key/ix/2016/u/final/_total"), &json!({"score": value})).expect(200);
        assert_eq!((shown(""), shown("revision=working")), (before, value.to_string()));
        publish(app, json!("Đính chính")).expect(201);
        assert_eq!(shown(""), value.to_string());
    }
});

api_test!(a_score_carries_what_was_said_beside_it, |app| {
    begin(app);
    let record = with(
        score("u", 7),
        json!({
            "criterion": "a", "stage": "self", "comment": " Đạt ", "explanation": "Theo báo cáo quý IV",
            "evidence": [{"title": "Kế hoạch 12/KH-UBND", "url": "https://example.vn/12.pdf"}]
        }),
    );
    let made = app.make_score(&record);
    assert_eq!(made.json["comment"], "Đạt");
    assert_eq!(made.json["evidence"], record["evidence"]);
    let read = app.get(made.header("location")).expect(200);
    assert_eq!(app.put(made.header("location"), &read.json).expect(200).etag(), read.etag());
    let found = app.get(&format!("{SCORES}?q=bao%20cao%20quy")).expect(200);
    assert_eq!(found.each("comment"), ["Đạt"]);
    let bare = app.put(
        made.header("location"),
        &without(without(without(read.json, "comment"), "explanation"), "evidence"),
    );
    let bare = bare.expect(200).json;
    assert_eq!(
        (&bare["comment"], &bare["explanation"], &bare["evidence"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
});

api_test!(the_score_sheet_shows_the_stages_side_by_side, |app| {
    app.make_units(&["u"]);
    let below = |code: &str, parent: &str| with(criterion(code, 5), json!({"parent": parent}));
    // Listed out of order: the sheet shows each criterion before those below it.
    app.make_edition(
        json!({"criteria": [below("a1", "a"), criterion("b", 3), criterion("a", 10), below("a2", "a")]}),
    );
    for (stage, value) in [("self", "5"), ("appraised", "4.50"), ("final", "4.25")] {
        let over = json!({"criterion": "a1", "stage": stage, "comment": format!("Nhận xét {stage}")});
        app.make_score(&with(score("u", value), over));
    }
    app.make_score(&with(score("u", Value::Null), json!({"criterion": "b", "applicable": false})));
    app.make_score(&score("u", "8.5"));
    let path = format!("{EDITION}/score-sheet?unit_id=u");
    let sheet = app.get(&path).expect(200).json;
    let rows = sheet["rows"].as_array().unwrap();
    let told: Vec<(&str, i64)> =
        rows.iter().map(|r| (r["criterion"].as_str().unwrap(), r["depth"].as_i64().unwrap())).collect();
    assert_eq!(told, [("b", 0), ("a", 0), ("a1", 1), ("a2", 1)]);
    let a1 = &rows[2];
    assert_eq!((&a1["parent"], &a1["max_points"]), (&json!("a"), &json!(5)));
    assert_eq!(a1["scores"]["self"]["score_exact"], "5");
    assert_eq!(a1["scores"]["appraised"]["comment"], "Nhận xét appraised");
    assert_eq!(a1["scores"]["survey"], Value::Null);
    assert_eq!(
        a1["counts"].to_string(),
        r#"{"stage":"final","score":4.25,"score_exact":"4.25","applicable":true}"#
    );
    assert_eq!(
        rows[0]["counts"],
        json!({"stage": "final", "score": null, "score_exact": null, "applicable": false})
    );
    assert_eq!((&rows[1]["counts"], &rows[3]["counts"]), (&Value::Null, &Value::Null));
    assert_eq!(sheet["total"]["scores"]["final"]["score_exact"], "8.5");
    assert_eq!((&sheet["status"], &sheet["revision"]), (&json!("draft"), &Value::Null));
    // As it was published, under the name of then.
    publish(app, Value::Null).expect(201);
    app.put(&format!("{SCORES}/by-key/ix/2016/u/final/a1"), &json!({"score": 1})).expect(200);
    app.patch("/api/v1/units/u", &json!({"name": "Xã Tên Mới"})).expect(200);
    let frozen = app.get(&format!("{path}&revision=1")).expect(200).json;
    assert_eq!((&frozen["revision"], &frozen["unit_name"]), (&json!(1), &json!("Xã u")));
    assert_eq!((&frozen["rows"], &frozen["total"]), (&sheet["rows"], &sheet["total"]));
    let now = app.get(&path).expect(200).json;
    assert_eq!(
        (&now["unit_name"], &now["rows"][2]["counts"]["score_exact"]),
        (&json!("Xã Tên Mới"), &json!("1"))
    );
});

#[rustfmt::skip]
fn wrong_requests() -> Vec<Row> {
    let post = |name, over, violation| body(name, "POST", SCORES, with(with(score("v", 1), json!({"criterion": "a"})), over), INVALID, violation);
    let bad = |name, over, violation| body(name, "POST", SCORES, with(with(score("v", 1), json!({"criterion": "a"})), over), MALFORMED, violation);
    let link = |title: &str, url: &str| json!({"evidence": [{"title": title, "url": url}]});
    let get = |name, path: &str, problem, violation| bare(name, "GET", &format!("/api/v1/indexes/ix/editions/{path}"), &[], problem, violation);
    vec![
        post("a comment that is empty", json!({"comment": " "}), ("/comment", "empty")),
        post("an explanation that is too long", json!({"explanation": "x".repeat(4001)}), ("/explanation", "too_long")),
        post("a link that is none", link("T", "example.vn"), ("/evidence/0/url", "not_a_link")),
        post("a link that is a script", link("T", "javascript:alert(1)"), ("/evidence/0/url", "not_a_link")),
        post("a link that is too long", link("T", &format!("https://e.vn/{}", "x".repeat(2000))), ("/evidence/0/url", "not_a_link")),
        post("a link without a title", link("", "https://example.vn"), ("/evidence/0/title", "empty")),
        post("too many links", json!({"evidence": vec![json!({"title": "T", "url": "https://e.vn"}); 51]}), ("/evidence", "too_many")),
        bad("evidence that is a text", json!({"evidence": "https://e.vn"}), ("/evidence", "wrong_type")),
        bad("evidence with more", json!({"evidence": [{"title": "T", "url": "https://e.vn", "size": 1}]}), ("/evidence/0/size", "unknown_field")),
        get("a sheet of no unit", "2016/score-sheet?unit_id=no", ABSENT, NOWHERE),
        get("a sheet without a unit", "2016/score-sheet", MALFORMED, ("unit_id", "required")),
        get("a sheet of no edition", "2017/score-sheet?unit_id=u", ABSENT, NOWHERE),
        get("a sheet of no edition with a wrong query", "2017/score-sheet?x=1", ABSENT, NOWHERE),
        get("a sheet of no revision", "2016/score-sheet?unit_id=u&revision=1", ABSENT, NOWHERE),
        get("a sheet of a state that is none", "2016/score-sheet?unit_id=u&revision=x", MALFORMED, ("revision", "not_a_revision")),
    ]
}

api_test!(every_wrong_remark_and_reading_is_refused_without_a_trace, |app| {
    begin(app);
    refuse_all(app, wrong_requests());
});

// The standings of a base that is published are computed once: each publication is another base.
api_test!(a_base_that_is_published_anew_is_another_base, |app| {
    begin(app);
    app.make_edition_of(2015, json!({"criteria": [criterion("a", 10)]}));
    app.make_score(&with(score("u", 5), json!({"criterion": "a"})));
    let of_base = |value: u32| {
        app.put(&format!("{SCORES}/by-key/ix/2015/u/final/a"), &json!({"score": value}));
    };
    let base = || {
        let ranking = app.get(RANKING).expect(200).json;
        let standings = ranking["standings"].as_array().unwrap().clone();
        standings.iter().find(|s| s["unit_id"] == "u").unwrap()["base"]["score_exact"].clone()
    };
    of_base(2);
    publish_of(app, 2015, "x");
    for _ in 0..2 {
        assert_eq!(base(), "2");
    }
    of_base(3);
    assert_eq!(base(), "2", "not published yet");
    app.set_now("2021-03-04T08:00:00+07:00");
    publish_of(app, 2015, "x");
    for value in [4, 6] {
        app.put(&format!("{SCORES}/by-key/ix/2016/u/final/a"), &json!({"score": value})).expect(200);
        assert_eq!(base(), "3");
    }
});

api_test!(a_unit_of_a_revision_stays, |app| {
    begin(app);
    publish_of(app, 2016, "r");
    let made = app.get(&format!("{SCORES}?index_code=ix&unit_id=u")).expect(200).json;
    let id = made["items"][0]["id"].as_str().unwrap();
    app.delete(&format!("{SCORES}/{id}")).expect(204);
    assert_eq!(app.delete(&format!("{UNITS}/u")).expect(409).code(), "in_use");
    app.get("/api/v1/indexes/ix/series?unit_id=u").expect(200);
});
