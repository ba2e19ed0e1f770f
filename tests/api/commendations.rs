//! `/commendations`: decisions, their numbers, and what an annulment leaves.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    client::encoded,
    records::{UNITS, unit, with, without},
};

const COMMENDATIONS: &str = "/api/v1/commendations";

/// A decision of the district `d` for six collectives without names.
fn decision() -> Value {
    json!({
        "decision_number": "1234/QĐ-UBND", "decided_on": "2021-01-15", "issuer_unit_id": "d", "form": "giay_khen",
        "ground": "Hoàn thành xuất sắc công tác cải cách hành chính", "achievement_year": 2020,
        "recipients": [{"kind": "collective", "count": 6}]
    })
}

fn begin(app: &App) {
    for (id, level) in [("p", "province"), ("m", "national"), ("s", "department")] {
        app.post(UNITS, &with(unit(id), json!({"level": level}))).expect(201);
    }
    app.post(UNITS, &with(unit("d"), json!({"level": "district", "parent_id": "p"}))).expect(201);
}

fn make(app: &App, over: Value) -> (String, Value) {
    let made = app.post(COMMENDATIONS, &with(decision(), over)).expect(201);
    (made.header("location").to_owned(), made.json)
}

fn counted(app: &App, unit: &str) -> (i64, i64) {
    let review = app.get(&format!("/api/v1/reviews/{unit}/2020")).expect(200).json;
    let count = |kind: &str| review["commendations"][kind].as_i64().unwrap();
    (count("collectives"), count("individuals"))
}

api_test!(a_decision_is_made_read_replaced_and_patched, |app| {
    begin(app);
    let made = app.post(COMMENDATIONS, &decision()).expect(201);
    let path = made.header("location").to_owned();
    let id = made.json["id"].as_str().unwrap();
    assert_eq!(path, format!("{COMMENDATIONS}/{id}"));
    let mut want =
        with(decision(), json!({"id": id, "annulled_at": null, "flags": [], "second_award_ids": []}));
    want["recipients"] = json!([{"kind": "collective", "name": null, "unit_id": null, "count": 6}]);
    assert_eq!(made.json, want);
    let read = app.get(&path).expect(200);
    assert_eq!((read.etag(), &read.json), (made.etag(), &made.json));
    assert_eq!(app.put(&path, &read.json).expect(200).etag(), made.etag());
    let patched = app.patch(&path, &json!({"form": "other", "decided_on": "2021-02-01"})).expect(200);
    assert_eq!((&patched.json["form"], &patched.json["ground"]), (&json!("other"), &want["ground"]));
    app.ask("PUT", &path).header("if-match", made.etag()).json(&decision()).send().expect(412);
    app.ask("PUT", &path).header("if-match", patched.etag()).json(&decision()).send().expect(200);
    assert_eq!(
        app.put(&path, &with(decision(), json!({"id": "x"}))).expect(422).violations(),
        [("/id", "key_mismatch")]
    );
    app.put(&format!("{COMMENDATIONS}/absent"), &decision()).expect(404);
});

api_test!(an_annulled_decision_stays_and_no_longer_counts, |app| {
    begin(app);
    let individuals =
        json!([{"kind": "individual", "count": 6}, {"kind": "individual", "name": "Nguyễn Văn Mẫu"}]);
    make(app, json!({"decision_number": "1", "recipients": individuals}));
    let (path, _) = make(app, json!({}));
    assert_eq!((counted(app, "d"), counted(app, "p")), ((6, 7), (6, 7)), "also above the issuer");
    app.set_now("2021-03-01T10:00:00+07:00");
    app.delete(&path).expect(204);
    let annulled = app.get(&path).expect(200);
    assert_eq!(annulled.json["annulled_at"], "2021-03-01T10:00:00+07:00");
    assert_eq!((counted(app, "d"), counted(app, "p")), ((0, 7), (0, 7)));

    // Its number stays taken.
    let taken = app.post(COMMENDATIONS, &decision()).expect(409);
    assert_eq!(
        (taken.code(), taken.violations()),
        ("number_taken", vec![("/decision_number", "number_taken")])
    );

    // A second annulment is none, and nothing else changes it.
    app.set_now("2021-03-02T10:00:00+07:00");
    let before = app.database.dump();
    app.delete(&path).expect(204);
    for answer in [
        app.put(&path, &with(decision(), json!({"ground": "Khác"}))),
        app.patch(&path, &json!({"achievement_year": 2019})),
        app.patch(&path, &json!({"recipients": [{"kind": "individual"}]})),
    ] {
        assert_eq!(answer.expect(409).code(), "annulled");
    }
    assert_eq!(app.put(&path, &annulled.json).expect(200).etag(), annulled.etag());
    let revived = app.put(&path, &with(annulled.json.clone(), json!({"annulled_at": null}))).expect(200);
    assert_eq!(revived.json["annulled_at"], annulled.json["annulled_at"], "read-only");
    assert_eq!(app.database.dump(), before);
    app.delete(&format!("{COMMENDATIONS}/absent")).expect(404);
});

api_test!(a_number_is_given_once_by_an_issuer_in_a_year, |app| {
    begin(app);
    let decomposed = "1234/QĐ-UBND Bi\u{300}nh";
    make(app, json!({"decision_number": "1234/QĐ-UBND Bình"}));
    for number in ["1234/QĐ-UBND Bình", decomposed, "  1234/QĐ-UBND Bình "] {
        for day in ["2021-01-15", "2021-12-31"] {
            let over = json!({"decision_number": number, "decided_on": day});
            assert_eq!(app.post(COMMENDATIONS, &with(decision(), over)).expect(409).code(), "number_taken");
        }
    }
    let free = json!({"decision_number": decomposed, "decided_on": "2022-01-01"});
    let (next_year, made) = make(app, free);
    assert_eq!(made["decision_number"], "1234/QĐ-UBND Bình");
    make(app, json!({"decision_number": decomposed, "issuer_unit_id": "p"}));
    assert_eq!(
        app.patch(&next_year, &json!({"decided_on": "2021-01-01"})).expect(409).code(),
        "number_taken"
    );
    assert_eq!(app.patch(&next_year, &json!({"issuer_unit_id": "p"})).expect(200).status, 200);
    make(app, json!({"decision_number": null}));
    make(app, json!({"decision_number": null}));
});

api_test!(a_number_without_a_date_is_flagged, |app| {
    begin(app);
    let (path, made) = make(app, json!({"decided_on": null}));
    assert_eq!(made["flags"], json!(["undated"]));
    let (_, again) = make(app, json!({"decided_on": null}));
    assert_eq!(again["decision_number"], made["decision_number"]);
    assert_eq!(app.patch(&path, &json!({"decided_on": "2021-01-15"})).expect(200).json["flags"], json!([]));
    let (_, news) = make(app, json!({"decision_number": null, "decided_on": null}));
    assert_eq!(news["flags"], json!([]), "where only the news is known there is no number to check");
});

api_test!(a_second_award_for_one_achievement_is_flagged, |app| {
    begin(app);
    let named = |number: &str, name: &str, over: Value| {
        let recipients = json!([{"kind": "individual", "name": name}]);
        with(json!({"decision_number": number, "recipients": recipients}), over)
    };
    let (first, made) = make(app, named("1", "Nguyễn Văn Mẫu", json!({})));
    assert_eq!(made["flags"], json!([]));
    let tag = app.get(&first).expect(200).etag();
    make(app, named("2", "Nguyễn Văn Mẫu", json!({"achievement_year": 2019})));
    make(app, named("3", "Trần Thị Mẫu", json!({})));
    assert_eq!(app.get(&first).expect(200).etag(), tag);
    let (second, made) = make(app, named("4", "NGUYỄN VĂN MẪU", json!({"issuer_unit_id": "p"})));
    let first_id = first.rsplit('/').next().unwrap();
    assert_eq!((&made["flags"], &made["second_award_ids"]), (&json!(["second_award"]), &json!([first_id])));
    let read = app.get(&first).expect(200);
    assert_eq!(read.json["flags"], json!(["second_award"]), "the first is told of the second");
    assert_ne!(read.etag(), tag, "another representation has another tag");
    app.delete(&second).expect(204);
    let read = app.get(&first).expect(200);
    assert_eq!((&read.json["flags"], read.etag()), (&json!([]), tag));
    assert_eq!(app.get(&second).expect(200).json["flags"], json!([]));
    make(app, json!({"decision_number": "5"}));
    let (_, nameless) = make(app, json!({"decision_number": "6"}));
    assert_eq!(nameless["flags"], json!([]), "recipients without names are not known to be the same");
    let collective = |number: &str, unit: &str, count: i32| {
        let recipients = json!([{"kind": "collective", "unit_id": unit, "count": count}]);
        make(app, json!({"decision_number": number, "recipients": recipients})).1["flags"].clone()
    };
    assert_eq!(collective("7", "d", 1), json!([]));
    assert_eq!(collective("8", "p", 1), json!([]), "another collective");
    assert_eq!(
        collective("9", "d", 3),
        json!([]),
        "several collectives of a unit are not known to be the same"
    );
    assert_eq!(collective("10", "d", 1), json!(["second_award"]), "a unit names its collective");
});

api_test!(the_form_fits_the_issuer, |app| {
    begin(app);
    for (form, refused, taken) in
        [("bang_khen", ["d", "s"], ["p", "m"]), ("co_thi_dua", ["d", "s"], ["p", "m"])]
    {
        for issuer in refused {
            let over = json!({"form": form, "issuer_unit_id": issuer});
            let answer = app.post(COMMENDATIONS, &with(decision(), over)).expect(422);
            assert_eq!(answer.violations(), [("/form", "form_above_issuer")], "{form} by {issuer}");
        }
        for issuer in taken {
            make(app, json!({"form": form, "issuer_unit_id": issuer, "decision_number": form}));
        }
    }
    for form in ["giay_khen", "lao_dong_tien_tien", "chien_si_thi_dua_co_so", "other"] {
        make(app, json!({"form": form, "decision_number": form}));
    }
});

api_test!(the_rules_of_a_decision_point_to_what_breaks_them, |app| {
    begin(app);
    app.post(UNITS, &with(unit("gone"), json!({"valid_to": "2021-01-15"}))).expect(201);
    let recipients = |one: Value| json!({"recipients": [with(json!({"kind": "individual"}), one)]});
    for (over, pointer, code) in [
        (recipients(json!({"name": "A", "count": 2})), "/recipients/0/count", "count_with_name"),
        (recipients(json!({"count": 0})), "/recipients/0/count", "out_of_range"),
        (recipients(json!({"count": 1_000_001})), "/recipients/0/count", "out_of_range"),
        (recipients(json!({"name": " "})), "/recipients/0/name", "empty"),
        (recipients(json!({"unit_id": "nowhere"})), "/recipients/0/unit_id", "unknown_unit"),
        (json!({"recipients": []}), "/recipients", "empty"),
        (json!({"issuer_unit_id": "nowhere"}), "/issuer_unit_id", "unknown_unit"),
        (json!({"issuer_unit_id": "gone"}), "/issuer_unit_id", "unit_not_in_existence"),
        (json!({"ground": ""}), "/ground", "empty"),
        (json!({"achievement_year": 1899}), "/achievement_year", "out_of_range"),
        (json!({"decided_on": "2019-12-31"}), "/decided_on", "before_achievement"),
        (json!({"decision_number": ""}), "/decision_number", "empty"),
    ] {
        let answer = app.post(COMMENDATIONS, &with(decision(), over.clone())).expect(422);
        assert_eq!(answer.violations(), [(pointer, code)], "{over}");
    }
    for member in ["issuer_unit_id", "form", "ground", "achievement_year", "recipients"] {
        let answer = app.post(COMMENDATIONS, &without(decision(), member)).expect(422);
        assert_eq!(answer.violations(), [(format!("/{member}").as_str(), "required")]);
    }
    make(app, json!({"issuer_unit_id": "gone", "decided_on": "2021-01-14"}));
    let one = make(app, recipients(json!({"name": "A", "unit_id": "d"}))).1;
    assert_eq!(one["recipients"][0]["count"], 1, "one unless said");
});

api_test!(filters_and_sorts_of_decisions, |app| {
    begin(app);
    for (number, over) in [
        ("1", json!({"decided_on": "2021-01-15"})),
        ("2", json!({"decided_on": "2021-01-16", "issuer_unit_id": "p", "form": "bang_khen"})),
        ("3", json!({"decided_on": null, "achievement_year": 2019})),
        ("4/QĐ", json!({"decided_on": "2021-01-14", "issuer_unit_id": "m"})),
    ] {
        make(app, with(json!({"decision_number": number}), over));
    }
    let (gone, _) = make(app, json!({"decision_number": "5", "decided_on": "2021-02-01"}));
    app.delete(&gone).expect(204);
    for (query, want) in [
        ("sort=decided_on", vec!["4/QĐ", "1", "2", "5", "3"]),
        ("sort=-decided_on", vec!["5", "2", "1", "4/QĐ", "3"]),
        ("sort=achievement_year&annulled=false&limit=1", vec!["3"]),
        ("annulled=true", vec!["5"]),
        ("sort=decided_on&annulled=false&issuer_unit_id=d", vec!["1", "3"]),
        ("sort=decided_on&under=p", vec!["1", "2", "5", "3"]),
        ("form=bang_khen", vec!["2"]),
        ("achievement_year=2019", vec!["3"]),
        ("sort=decided_on&decided_from=2021-01-15&decided_to=2021-01-16", vec!["1", "2"]),
        (&format!("decision_number={}", encoded("4/QĐ")), vec!["4/QĐ"]),
        ("q=qd", vec!["4/QĐ"]),
    ] {
        let answer = app.get(&format!("{COMMENDATIONS}?{query}")).expect(200);
        assert_eq!(answer.each("decision_number"), want, "{query}");
    }
});
