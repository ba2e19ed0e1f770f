//! Former names of units: what a table may call a unit in a year, and what rankings and reviews of the year call it.

use serde_json::{Value, json};

use crate::{
    changes::settle,
    edition_cycle::publish,
    score_imports::findings,
    support::{
        api_test,
        app::App,
        client::encoded,
        indexes::{EDITION, RANKING, score},
        records::{UNITS, unit, with},
    },
};

const HUE: &str = "/api/v1/units/hue";

fn make(app: &App, id: &str, over: Value) {
    app.post(UNITS, &with(unit(id), over)).expect(201);
}

fn former(name: &str, until: &str) -> Value {
    json!({"name": name, "until": until})
}

/// A province that was renamed on 1 January 2025 and passed to another of its name half a year later, and a third;
/// editions of 2016 and 2025 rank provinces.
fn make_hue(app: &App) {
    let province = |code: &str, name: &str, over: Value| {
        let base = json!({"name": name, "level": "province", "code": code, "code_scheme": "gso"});
        with(base, over)
    };
    make(app, "hn", province("01", "Thành phố Hà Nội", json!({})));
    make(app, "hue-new", province("46", "Thành phố Huế", json!({"valid_from": "2025-07-01"})));
    let until_july = json!({
        "valid_to": "2025-07-01", "successors": [{"unit_id": "hue-new", "extent": "whole"}],
        "former_names": [former("Tỉnh Thừa Thiên Huế", "2025-01-01")]
    });
    make(app, "hue", province("46", "Thành phố Huế", until_july));
    let provinces = json!({"cohorts": [{"code": "p", "name": "Các tỉnh", "rule": {"level": "province"}}]});
    app.make_edition(provinces.clone());
    app.make_edition_of(2025, provinces);
}

fn import(app: &App, year: i32, query: &str, table: &str) -> Value {
    let path = format!("/api/v1/indexes/ix/editions/{year}/score-imports{query}");
    app.ask("POST", &path).header("content-type", "text/csv").raw(table).send().expect(200).json
}

/// What a table of one unit comes to: the unit and its name, or the sentence of the refusal.
fn named(app: &App, year: i32, text: &str) -> String {
    let looked = import(app, year, "?dry_run=true", &format!("unit,total\n{text},1\n"));
    match looked["scores"].get(0) {
        Some(score) => {
            format!("{} {}", score["unit_id"].as_str().unwrap(), score["unit_name"].as_str().unwrap())
        }
        None => {
            let finding = &looked["findings"][0];
            format!("{}: {}", finding["code"].as_str().unwrap(), finding["detail_en"].as_str().unwrap())
        }
    }
}

fn name_of(list: &Value, unit_id: &str) -> String {
    let found = list.as_array().unwrap().iter().find(|unit| unit["unit_id"] == unit_id);
    found.unwrap_or_else(|| panic!("no {unit_id} in {list}"))["unit_name"].as_str().unwrap().to_owned()
}

api_test!(former_names_are_kept_shown_found_and_logged, |app| {
    make(app, "hue", json!({"name": "Thành phố Huế"}));
    let list = json!([former("Tỉnh Một", "2000-01-01"), former("Tỉnh Thừa Thiên Huế", "2025-01-01")]);
    let patched = app.patch(HUE, &json!({"former_names": list})).expect(200);
    assert_eq!((&patched.json["name"], &patched.json["former_names"]), (&json!("Thành phố Huế"), &list));
    let read = app.get(HUE).expect(200);
    assert_eq!((read.etag(), &read.json), (patched.etag(), &patched.json));
    assert_eq!(app.put(HUE, &read.json).expect(200).etag(), patched.etag());
    let decomposed = json!([former(" Ti\u{0309}nh Mo\u{0323}\u{0302}t ", "2000-01-01"), list[1]]);
    assert_eq!(app.patch(HUE, &json!({"former_names": decomposed})).expect(200).etag(), patched.etag());
    let found = |text: &str| {
        let listed = app.get(&format!("{UNITS}?q={}", encoded(text))).expect(200).json;
        listed["items"].as_array().unwrap().len()
    };
    assert_eq!(["thua thien", "TỈNH MỘT", "thành phố huế"].map(found), [1, 1, 1]);
    settle(app);
    let log = app.get("/api/v1/changes?record_id=hue").expect(200).json;
    assert_eq!(log["items"].as_array().unwrap().len(), 2);
    assert_eq!(log["items"][1]["before"]["former_names"], json!([]));
    assert_eq!(log["items"][1]["after"], read.json);
    let without = app.put(HUE, &with(unit("hue"), json!({"name": "Thành phố Huế"}))).expect(200);
    assert_eq!(without.json["former_names"], json!([]));
    assert_eq!(found("thua thien"), 0);
});

api_test!(what_is_wrong_with_former_names_is_named, |app| {
    make(app, "hue", json!({}));
    let two = |a: &str, b: &str| json!([former("Tỉnh Một", a), former("Tỉnh Hai", b)]);
    let called = |name: &str| json!([former(name, "2020-07-01")]);
    for (list, status, pointer, code) in [
        (called(" "), 422, "/former_names/0/name", "empty"),
        (called(&"ă".repeat(301)), 422, "/former_names/0/name", "too_long"),
        (called("a\u{0}"), 422, "/former_names/0/name", "control_character"),
        (two("2020-07-01", "2020-07-01"), 422, "/former_names/1/until", "duplicate"),
        (two("2020-07-01", "2020-06-30"), 422, "/former_names/1/until", "not_ascending"),
        (two("2015-01-01", "2020-06-30"), 422, "/former_names/0/until", "outside_validity"),
        (two("2020-07-01", "2025-07-01"), 422, "/former_names/1/until", "outside_validity"),
        (json!([{"name": "Tỉnh Một"}]), 422, "/former_names/0/until", "required"),
        (json!([{"until": "2020-07-01"}]), 422, "/former_names/0/name", "required"),
        (json!([former("Tỉnh Một", "2020-07")]), 400, "/former_names/0/until", "wrong_type"),
        (json!([{"name": 1, "until": "2020-07-01"}]), 400, "/former_names/0/name", "wrong_type"),
        (
            json!([with(former("Tỉnh Một", "2020-07-01"), json!({"from": null}))]),
            400,
            "/former_names/0/from",
            "unknown_field",
        ),
        (former("Tỉnh Một", "2020-07-01"), 400, "/former_names", "wrong_type"),
    ] {
        let over = json!({"valid_from": "2015-01-01", "valid_to": "2025-07-01", "former_names": list});
        let refused = app.put(HUE, &with(unit("hue"), over)).expect(status);
        assert_eq!(refused.violations(), [(pointer, code)], "{list}");
    }
    let many: Vec<Value> = (1900..2001).map(|year| former("Tỉnh Một", &format!("{year}-01-01"))).collect();
    let refused = app.put(HUE, &with(unit("hue"), json!({"former_names": many}))).expect(422);
    assert_eq!(refused.violations(), [("/former_names", "too_many")]);
    app.put(HUE, &with(unit("hue"), json!({"former_names": many[..100]}))).expect(200);
    let first_and_last = two("2015-01-02", "2025-06-30");
    let over = json!({"valid_from": "2015-01-01", "valid_to": "2025-07-01", "former_names": first_and_last});
    app.put(HUE, &with(unit("hue"), over)).expect(200);
});

api_test!(a_table_names_units_as_of_its_year, |app| {
    make_hue(app);
    let table = "Đơn vị,Tổng điểm\nThừa Thiên Huế,59.68\nHà Nội,60\n";
    let done = import(app, 2016, "", table);
    assert_eq!((findings(&done), &done["stored"]), (vec![], &json!(true)));
    assert_eq!(name_of(&done["scores"], "hue"), "Tỉnh Thừa Thiên Huế");
    for (year, text, want) in [
        (2016, "TỈNH THỪA THIÊN - HUẾ", "hue Tỉnh Thừa Thiên Huế"),
        (2016, "46", "hue Tỉnh Thừa Thiên Huế"),
        (2016, "hue", "hue Tỉnh Thừa Thiên Huế"),
        // Of the two that bear the name in 2025 the edition ranks one.
        (2025, "Huế", "hue-new Thành phố Huế"),
        (2025, "hue", "hue Thành phố Huế"),
        (
            2016,
            "Thành phố Huế",
            "unknown_unit: There is no unit `Thành phố Huế` in 2016; at other times it is the name of \
             hue (from 2025-01-01 to 2025-06-30), hue-new (from 2025-07-01).",
        ),
        (
            2025,
            "Thừa Thiên Huế",
            "unknown_unit: There is no unit `Thừa Thiên Huế` in 2025; at other times it is the name of \
             hue (to 2024-12-31).",
        ),
        (2016, "Huyện Huế", "unknown_unit: There is no unit `Huyện Huế` in 2016."),
    ] {
        assert_eq!(named(app, year, text), want, "{text} in {year}");
    }
});

api_test!(a_name_that_two_units_bore_in_a_year_is_ambiguous, |app| {
    make_hue(app);
    let district = |name: &str, over: Value| with(json!({"name": name, "level": "district"}), over);
    let until_july = json!({"former_names": [former("Huyện Kỳ Anh", "2016-07-01")]});
    make(app, "town", district("Thị xã Kỳ Anh", until_july));
    make(app, "country", district("Huyện Kỳ Anh", json!({"valid_from": "2016-07-01"})));
    app.make_edition_of(2015, json!({}));
    let may_be =
        |text: &str, units: &str| format!("ambiguous_unit: `{text}` may be 2 units: {units}. Use the id.");
    let both = may_be("Huyện Kỳ Anh", "country (Huyện Kỳ Anh), town (Thị xã Kỳ Anh)");
    assert_eq!(named(app, 2016, "Huyện Kỳ Anh"), both);
    assert_eq!(named(app, 2016, "Thị xã Kỳ Anh"), "town Thị xã Kỳ Anh");
    assert_eq!(named(app, 2015, "Huyện Kỳ Anh"), "town Huyện Kỳ Anh");
    assert_eq!(named(app, 2025, "Huyện Kỳ Anh"), "country Huyện Kỳ Anh");
    // Both provinces of 2025 are ranked: nothing tells which is meant.
    let list = json!([{"code": "p", "name": "P", "unit_ids": ["hue", "hue-new"]}]);
    app.make_edition_of(2025, json!({"cohorts": list}));
    let both = may_be("Huế", "hue (Thành phố Huế), hue-new (Thành phố Huế)");
    assert_eq!(named(app, 2025, "Huế"), both);
});

api_test!(what_is_told_of_a_year_names_units_as_of_it, |app| {
    const OLD: &str = "Tỉnh Thừa Thiên Huế";
    const NEW: &str = "Thành phố Huế";
    make_hue(app);
    let scores = [("hue", 2016, 59), ("hn", 2016, 60), ("hue-new", 2025, 61), ("hn", 2025, 62)];
    for (unit, year, value) in scores {
        app.make_score(&with(score(unit, value), json!({"year": year})));
    }
    let get = |path: &str| app.get(path).expect(200);
    let told = |path: &str| get(path).json["unit_name"].as_str().unwrap().to_owned();
    assert_eq!(name_of(&get(RANKING).json["standings"], "hue"), OLD);
    let file = String::from_utf8(get(&format!("{RANKING}?format=csv")).raw).unwrap();
    assert!(file.contains(OLD) && !file.contains(NEW), "{file}");
    let series = "/api/v1/indexes/ix/series?unit_id=hue";
    for (path, want) in [
        (format!("{RANKING}/explanation?unit_id=hue"), OLD),
        (format!("{EDITION}/score-sheet?unit_id=hue"), OLD),
        (format!("{series}&to=2016"), OLD),
        (series.to_owned(), NEW),
        ("/api/v1/reviews/hue/2016".to_owned(), OLD),
        ("/api/v1/reports/form-06a?unit_id=hue&period=2016".to_owned(), OLD),
        ("/api/v1/units/hue/profile".to_owned(), NEW),
    ] {
        assert_eq!(told(&path), want, "{path}");
    }
    assert_eq!(get(HUE).json["name"], NEW);
    // Where the new one came from is told with the name of the base year.
    let later = get("/api/v1/indexes/ix/rankings/2025?base_year=2016").json;
    let standing = later["standings"].as_array().unwrap().iter().find(|s| s["unit_id"] == "hue-new").unwrap();
    assert_eq!(name_of(&later["standings"], "hue-new"), NEW);
    assert_eq!(name_of(&standing["delta"]["predecessors"], "hue"), OLD);
    assert_eq!(name_of(&later["ended"], "hue"), OLD);
});

api_test!(a_score_sheet_names_a_unit_as_its_ranking_does, |app| {
    let renamed = |from: &str, to: &str| json!({"name": to, "former_names": [former(from, "2016-07-01")]});
    make(app, "u", renamed("Xã Cũ", "Phường Mới"));
    make(app, "d", with(renamed("Huyện Cũ", "Thị xã Mới"), json!({"level": "district"})));
    let sheet = |unit: &str, query: &str| {
        let sheet = app.get(&format!("{EDITION}/score-sheet?unit_id={unit}{query}")).expect(200).json;
        sheet["unit_name"].as_str().unwrap().to_owned()
    };
    let ranked = |query: &str| {
        let ranking = app.get(&format!("{RANKING}{query}")).expect(200).json;
        name_of(&ranking["standings"], "u")
    };
    app.make_edition(json!({}));
    app.make_score(&score("u", 1));
    let list = json!({"unit_ids": ["u"]});
    let by_end = json!({"rule": {"level": "commune"}});
    let by_june = json!({"rule": {"level": "commune", "as_of": "2016-06-30"}});
    for (units, want) in [(list, "Phường Mới"), (by_end, "Phường Mới"), (by_june, "Xã Cũ")] {
        let cohort = with(json!({"code": "c", "name": "C"}), units);
        app.make_edition(json!({"cohorts": [cohort]}));
        assert_eq!([ranked(""), sheet("u", "")], [want, want], "{cohort}");
        assert_eq!(sheet("d", ""), "Thị xã Mới", "in no cohort");
    }
    publish(app, Value::Null).expect(201);
    for query in ["published", "working"] {
        let told = [ranked(&format!("?revision={query}")), sheet("u", &format!("&revision={query}"))];
        assert_eq!(told, ["Xã Cũ", "Xã Cũ"], "{query}");
    }
});

api_test!(a_revision_keeps_the_names_that_it_was_published_with, |app| {
    make_hue(app);
    app.make_score(&score("hue", 59));
    publish(app, Value::Null).expect(201);
    let name = |query: &str| {
        let ranking = app.get(&format!("{RANKING}{query}")).expect(200).json;
        name_of(&ranking["standings"], "hue")
    };
    assert_eq!(name(""), "Tỉnh Thừa Thiên Huế");
    // Names of other years change nothing that the revision says.
    let list = json!([former("Tỉnh Một", "2000-01-01"), former("Tỉnh Thừa Thiên Huế", "2025-01-01")]);
    app.patch(HUE, &json!({"former_names": list})).expect(200);
    assert_eq!(publish(app, json!("Lần nữa")).expect(409).code(), "nothing_changed");
    app.patch(HUE, &json!({"former_names": [former("Tỉnh Hai", "2025-01-01")]})).expect(200);
    assert_eq!(["", "?revision=working"].map(name), ["Tỉnh Thừa Thiên Huế", "Tỉnh Hai"]);
    publish(app, json!("Đính chính tên")).expect(201);
    assert_eq!(["", "?revision=1"].map(name), ["Tỉnh Hai", "Tỉnh Thừa Thiên Huế"]);
});

api_test!(a_name_with_its_own_marks_names_one_unit, |app| {
    make(app, "lv", json!({"name": "Huyện Lấp Vò", "level": "district"}));
    make(app, "lw", json!({"name": "Huyện Lạp Vó", "level": "district"}));
    app.make_edition(json!({"cohorts": [{"code": "d", "name": "Các huyện", "rule": {"level": "district"}}]}));
    for (text, want) in [
        ("Huyện Lấp Vò", "lv Huyện Lấp Vò"),
        ("HUYỆN LẠP VÓ", "lw Huyện Lạp Vó"),
        ("H. Lấp Vo\u{0300}", "lv Huyện Lấp Vò"),
        ("Lạp Vó", "lw Huyện Lạp Vó"),
        (
            "Huyen Lap Vo",
            "ambiguous_unit: `Huyen Lap Vo` may be 2 units: lv (Huyện Lấp Vò), lw (Huyện Lạp Vó). Use the id.",
        ),
    ] {
        assert_eq!(named(app, 2016, text), want, "{text}");
    }
});
