//! What a key of a unit can't do: enlarge its reach, change what others are told, or learn what it doesn't reach.

use serde_json::{Value, json};

use crate::{
    access::make_key,
    imports::{IMPORTS, POST},
    support::{
        api_test,
        app::App,
        client::Answer,
        indexes::{EDITION, RANKING, score},
        records::{DOSSIERS, UNITS, dossier, unit, with, without},
    },
};

const SCORE_IMPORT: &str = "/api/v1/indexes/ix/editions/2016/score-imports?dry_run=true";

fn key(app: &App, unit: &str, scopes: &[&str]) -> String {
    make_key(app, json!({"unit_id": unit, "scopes": scopes})).0
}

/// Provinces `p` and `q` since the reform, communes `x` and `y` of `p`; before it the province `old`, which passed
/// wholly to `p`, its district `d` with the communes `c` and `e`, and a dossier of `d` and of `c`.
fn reform(app: &App) {
    app.set_now("2025-09-01T08:00:00+07:00");
    let since = |id: &str, level: &str, parent: Option<&str>| {
        let over = json!({"level": level, "parent_id": parent, "valid_from": "2025-07-01"});
        app.post(UNITS, &with(unit(id), over)).expect(201);
    };
    let until = |id: &str, level: &str, parent: Option<&str>, successors: Value| {
        let over =
            json!({"level": level, "parent_id": parent, "valid_to": "2025-07-01", "successors": successors});
        app.post(UNITS, &with(unit(id), over)).expect(201);
    };
    since("p", "province", None);
    since("q", "province", None);
    since("x", "commune", Some("p"));
    since("y", "commune", Some("p"));
    until("old", "province", None, json!([{"unit_id": "p", "extent": "whole"}]));
    until("d", "district", Some("old"), json!([]));
    until("c", "commune", Some("d"), json!([]));
    until("e", "commune", Some("d"), json!([]));
    for id in ["d", "c"] {
        let over = json!({"accepted_at": "2025-03-03T08:00:00+07:00", "due_at": null});
        app.post(DOSSIERS, &with(dossier(&format!("D-{id}"), id), over)).expect(201);
    }
}

fn patch(app: &App, key: &str, id: &str, body: Value) -> Answer {
    app.ask("PATCH", &format!("{UNITS}/{id}")).key(key).json(&body).send()
}

fn post(app: &App, key: &str, path: &str, body: &Value) -> Answer {
    app.ask("POST", path).key(key).json(body).send()
}

api_test!(a_key_does_not_enlarge_its_reach, |app| {
    reform(app);
    let scopes = ["units:write", "dossiers:read"];
    let (province, district) = (key(app, "p", &scopes), key(app, "d", &scopes));
    let whole = |to: &str| json!([{"unit_id": to, "extent": "whole"}]);
    patch(app, &province, "d", json!({"successors": whole("p")})).expect(403);
    let ended = json!({"successors": whole("d"), "valid_to": "2025-06-30"});
    patch(app, &district, "c", ended).expect(403);
    patch(app, &district, "c", json!({"name": "Xã khác"})).expect(403);
    app.ask("DELETE", &format!("{UNITS}/e")).key(district.as_str()).send().expect(403);
    app.ask("DELETE", &format!("{UNITS}/none")).key(district.as_str()).send().expect(404);
    post(app, &district, UNITS, &with(unit("n"), json!({"parent_id": "d"}))).expect(403);
    patch(app, &district, "d", json!({"name": "Huyện khác"})).expect(403);
    let codes = |key: &str| {
        let list = app.ask("GET", DOSSIERS).key(key).send().expect(200);
        list.each("code").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!((codes(&province), codes(&district)), (vec![], vec!["D-d".to_owned()]));

    // What ended and passed on is reached; what stands below it would be with it, if it went on.
    patch(app, &province, "y", json!({"valid_to": "2025-08-15", "successors": whole("x")})).expect(200);
    app.post(UNITS, &with(unit("z"), json!({"parent_id": "y", "valid_from": "2025-07-01"}))).expect(201);
    patch(app, &province, "y", json!({"valid_to": null, "successors": []})).expect(403);
    app.delete(&format!("{UNITS}/z")).expect(204);
    patch(app, &province, "y", json!({"valid_to": null, "successors": []})).expect(200);
});

api_test!(units_that_a_unit_names_are_reached, |app| {
    reform(app);
    let province = key(app, "p", &["units:write"]);
    let new = |id: &str, over: Value| {
        with(with(unit(id), json!({"parent_id": "p", "valid_from": "2025-07-01"})), over)
    };
    let part =
        |to: &str| json!({"valid_to": "2025-08-01", "successors": [{"unit_id": to, "extent": "part"}]});
    let stood = |under: &str| json!({"former_parents": [{"parent_id": under, "until": "2025-08-01"}]});
    post(app, &province, UNITS, &new("n", part("q"))).expect(403);
    post(app, &province, UNITS, &new("n", stood("q"))).expect(403);
    post(app, &province, UNITS, &new("n", part("x"))).expect(201);
    post(app, &province, UNITS, &new("m", stood("p"))).expect(201);
    patch(app, &province, "m", stood("q")).expect(403);

    // What somebody above said stays sayable, and theirs to change.
    app.patch(&format!("{UNITS}/x"), &stood("q")).expect(200);
    patch(app, &province, "x", json!({"name": "Xã mới"})).expect(200);
    let earlier = json!({"former_parents": [
        {"parent_id": "p", "until": "2025-07-15"}, {"parent_id": "q", "until": "2025-08-01"}
    ]});
    for body in [json!({"former_parents": []}), earlier] {
        patch(app, &province, "x", body).expect(403);
    }
    let commune = key(app, "x", &["units:write"]);
    patch(app, &commune, "x", json!({"name": "Xã khác"})).expect(403);
    patch(app, &province, "p", json!({"name": "Tỉnh khác"})).expect(403);
});

/// The answer for an import once it has ended.
fn imported(app: &App, key: &str, kind: &str, file: &str) -> (String, Value) {
    let ask = app.ask("POST", POST).header("content-type", kind).key(key);
    let path = ask.raw(file).send().expect(202).header("location").to_owned();
    loop {
        let import = app.ask("GET", &path).key(key).send().expect(200).json;
        if import["status"] != "running" {
            return (path, import);
        }
        std::thread::yield_now();
    }
}

api_test!(keys_of_one_name_do_not_share_imports, |app| {
    app.make_units(&["a", "b"]);
    let (one, other) = (key(app, "a", &["dossiers:write"]), key(app, "b", &["dossiers:write"]));
    let (path, _) = imported(app, &one, "text/csv", "code,unit_id,submitted_via,status\nN-1,b,online,1\n");
    let ids = |key: &str| app.ask("GET", IMPORTS).key(key).send().expect(200).each("id").len();
    assert_eq!((ids(&one), ids(&other)), (1, 0));
    app.ask("GET", &path).key(other.as_str()).send().expect(404);
    app.ask("GET", &format!("{path}/report")).key(other.as_str()).send().expect(404);
    post(app, &other, &format!("{path}/cancel"), &json!({})).expect(404);
    app.ask("DELETE", &path).key(other).send().expect(404);
    app.get(&path).expect(200);
    app.ask("DELETE", &path).key(one).send().expect(204);
});

api_test!(a_score_table_tells_nothing_of_the_scores_of_others, |app| {
    app.make_units(&["a", "b"]);
    app.make_edition(json!({}));
    app.make_score(&score("a", 5));
    app.make_score(&score("b", 5));
    let key = key(app, "a", &["scores:write"]);
    for (unit, points, want) in [("b", 5, 403), ("b", 4, 403), ("a", 5, 200)] {
        let table = format!("Đơn vị,Tổng điểm\n{unit},{points}\n");
        let ask = app.ask("POST", SCORE_IMPORT).header("content-type", "text/csv").key(key.as_str());
        ask.raw(table).send().expect(want);
    }
});

api_test!(a_rule_shows_no_units_that_its_parent_does_not_reach, |app| {
    reform(app);
    let rule = json!({"parent_id": "d", "level": "commune", "as_of": "2016-12-31"});
    app.make_edition(json!({"cohorts": [{"code": "all", "name": "Các xã", "rule": rule}]}));
    app.make_score(&score("c", 5));
    let district = key(app, "d", &["scores:read", "indexes:publish"]);
    app.get(RANKING).expect(200);
    app.ask("GET", RANKING).key(district.as_str()).send().expect(404);
    post(app, &district, &format!("{EDITION}/publish"), &json!({})).expect(403);
});

api_test!(a_file_moves_no_dossier_between_units_of_others, |app| {
    app.make_units(&["a", "b"]);
    app.post(DOSSIERS, &dossier("D-1", "b")).expect(201);
    let transfer = json!({"to_unit_id": "a", "at": "2020-03-03T08:00:00+07:00"});
    app.post(&format!("{DOSSIERS}/D-1/transfers"), &transfer);
    assert_eq!(app.get(&format!("{DOSSIERS}/D-1")).json["unit_id"], "a");
    let told = app.get("/api/v1/dossiers/export?format=ndjson").expect(200);
    let line = String::from_utf8(told.raw).unwrap();
    let file = format!("{line}{}", line.replace("D-1", "D-2"));
    let key = key(app, "a", &["dossiers:write"]);
    let (path, import) = imported(app, &key, "application/x-ndjson", &file);
    assert_eq!((&import["unchanged"], &import["rejected"]), (&json!(1), &json!(1)), "{import}");
    let report = app.ask("GET", &format!("{path}/report")).key(key).send().expect(200);
    assert_eq!(report.each("code"), ["out_of_reach"]);
    app.get(&format!("{DOSSIERS}/D-2")).expect(404);
});

api_test!(due_dates_beyond_the_reach_are_not_counted_again, |app| {
    app.set_now("2025-09-01T08:00:00+07:00");
    app.post(UNITS, &with(unit("d"), json!({"level": "district", "valid_to": "2025-07-01"}))).expect(201);
    app.post(UNITS, &with(unit("c"), json!({"parent_id": "d"}))).expect(201);
    let calendar = |days: Value| json!({"unit_id": "d", "name": "Lịch", "days": days});
    app.put("/api/v1/calendars/cal", &calendar(json!([]))).expect(201);
    let procedure =
        json!({"name": "Cấp giấy", "field": "Đất đai", "term": {"amount": 5, "unit": "working_days"}});
    app.put("/api/v1/procedures/1.001", &procedure).expect(201);
    for id in ["c", "d"] {
        let record = without(dossier(&format!("D-{id}"), id), "due_at");
        app.post(DOSSIERS, &with(record, json!({"procedure_code": "1.001"}))).expect(201);
    }
    let off = json!([{"day": "2020-03-05", "kind": "off", "name": "Nghỉ"}]);
    app.put("/api/v1/calendars/cal", &calendar(off)).expect(200);
    let recompute = "/api/v1/calendars/cal/recompute";
    assert_eq!(app.post(recompute, &json!({"dry_run": true})).expect(200).json["changed"], 2);
    let due = |code: &str| app.get(&format!("{DOSSIERS}/{code}")).expect(200).json["due_at"].clone();
    let (before, own) = (due("D-c"), due("D-d"));
    let writer = key(app, "d", &["units:write"]);
    let done = post(app, &writer, recompute, &json!({"dry_run": true})).expect(200).json;
    assert_eq!((&done["examined"], &done["changed"], &done["changes"]), (&json!(1), &json!(1), &json!([])));
    let reader = key(app, "d", &["units:write", "dossiers:read"]);
    let done = post(app, &reader, recompute, &json!({"dry_run": false})).expect(200).json;
    assert_eq!(done["changes"].as_array().unwrap().len(), 1, "{done}");
    assert_eq!(done["changes"][0]["code"], "D-d");
    assert_eq!(due("D-c"), before);
    assert_ne!(due("D-d"), own);
});
