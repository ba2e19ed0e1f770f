//! What a key of a unit sees and writes, what the public sees, and what is withheld from it.

use chiso::http::access::{Access, Area};
use serde_json::{Value, json};

use crate::{
    access::{body_of, make_key},
    returns::make_return,
    support::{
        api_test,
        app::{App, access},
        client::{Answer, Ask},
        database::Database,
        database_test,
        indexes::{EDITION, RANKING, SCORES, score},
        records::{DOSSIERS, UNITS, dossier, unit, with},
    },
};

api_test!(a_key_of_a_commune_reads_and_writes_its_own, |app| {
    reform(app);
    let key = make_key(app, json!({"scopes": ["dossiers:read", "dossiers:write"], "unit_id": "x"})).0;
    let mine = |path: &str| app.ask("GET", path).key(key.as_str()).send().expect(200);
    let codes = |path: &str| mine(path).each("code").into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        codes(&format!("{DOSSIERS}?sort=code")),
        ["D-a", "D-x"],
        "its own and what passed to it wholly"
    );
    assert_eq!(codes(&format!("{DOSSIERS}?unit_id=a")), ["D-a"]);
    assert!(codes(&format!("{DOSSIERS}?unit_id=c")).is_empty());
    assert!(codes(&format!("{DOSSIERS}?under=p")).iter().all(|code| code == "D-x"));
    assert_eq!(mine(&format!("{DOSSIERS}?with_total=true")).json["total"], 2);
    let export = mine("/api/v1/dossiers/export?format=ndjson");
    assert_eq!(String::from_utf8(export.raw).unwrap().lines().count(), 2);
    for code in ["D-c", "D-y", "absent"] {
        let path = format!("{DOSSIERS}/{code}");
        app.ask("GET", &path).key(key.as_str()).send().expect(404);
        app.ask("DELETE", &path).key(key.as_str()).send().expect(404);
        app.ask("GET", &format!("{path}/events")).key(key.as_str()).send().expect(404);
    }
    let patch =
        |body: Value| app.ask("PATCH", &format!("{DOSSIERS}/D-x")).key(key.as_str()).json(&body).send();
    patch(json!({"unit_id": "y"})).expect(403);
    patch(json!({"field": "Đất đai"})).expect(200);
    let transfer = json!({"to_unit_id": "y", "at": "2025-08-04T08:00:00+07:00"});
    let path = format!("{DOSSIERS}/D-x/transfers");
    app.ask("POST", &path).key(key.as_str()).json(&transfer).send().expect(403);
    assert_eq!(app.get(&format!("{DOSSIERS}/D-x")).json["unit_id"], "x");
});

/// A district with three communes until 1 July 2025; a province with two communes since; a dossier of each commune.
fn reform(app: &App) {
    app.set_now("2025-09-01T08:00:00+07:00");
    let until = |id: &str, level: &str, parent: Option<&str>, to: &[(&str, &str)]| {
        let successors: Vec<Value> =
            to.iter().map(|(id, extent)| json!({"unit_id": id, "extent": extent})).collect();
        let over =
            json!({"level": level, "parent_id": parent, "valid_to": "2025-07-01", "successors": successors});
        app.post(UNITS, &with(unit(id), over)).expect(201);
    };
    app.post(UNITS, &with(unit("p"), json!({"level": "province", "valid_from": "2025-07-01"}))).expect(201);
    for id in ["x", "y"] {
        app.post(UNITS, &with(unit(id), json!({"parent_id": "p", "valid_from": "2025-07-01"}))).expect(201);
    }
    until("d", "district", None, &[("x", "part"), ("y", "part")]);
    until("a", "commune", Some("d"), &[("x", "whole")]);
    until("c", "commune", Some("d"), &[("x", "part"), ("y", "part")]);
    let accepted = |day: &str| json!({"accepted_at": format!("{day}T08:00:00+07:00"), "due_at": null});
    for (id, day) in [("a", "2025-03-03"), ("c", "2025-03-03"), ("x", "2025-08-01"), ("y", "2025-08-01")] {
        app.post(DOSSIERS, &with(dossier(&format!("D-{id}"), id), accepted(day))).expect(201);
    }
}

api_test!(a_partial_predecessor_is_reached_where_the_key_names_it, |app| {
    reform(app);
    let over = json!({"scopes": ["dossiers:read"], "unit_id": "y", "partial_predecessors": ["c"]});
    let key = make_key(app, over).0;
    let list = app.ask("GET", &format!("{DOSSIERS}?sort=code")).key(key).send().expect(200);
    assert_eq!(list.each("code"), ["D-c", "D-y"]);
});

api_test!(what_a_key_reaches_follows_the_tree, |app| {
    app.set_now("2025-09-01T08:00:00+07:00");
    app.make_units(&["p", "a"]);
    app.post(DOSSIERS, &dossier("D-a", "a")).expect(201);
    let key = make_key(app, json!({"scopes": ["dossiers:read"], "unit_id": "p"})).0;
    let path = format!("{DOSSIERS}/D-a");
    let status = || app.ask("GET", &path).key(key.as_str()).send().status;
    assert_eq!(status(), 404);
    app.patch(&format!("{UNITS}/a"), &json!({"parent_id": "p"})).expect(200);
    assert_eq!(status(), 200, "at once, without a restart");
    app.patch(&format!("{UNITS}/a"), &json!({"parent_id": null})).expect(200);
    assert_eq!(status(), 404);
});

api_test!(an_import_rejects_rows_of_other_units, |app| {
    reform(app);
    let key = make_key(app, json!({"scopes": ["dossiers:write"], "unit_id": "x"})).0;
    let rows = "code,unit_id,submitted_via,status\nN-1,x,online,1\nN-2,y,online,1\nD-y,x,online,1\n";
    let ask =
        app.ask("POST", "/api/v1/imports/dossiers").header("content-type", "text/csv").key(key.as_str());
    let path = ask.raw(rows).send().expect(202).header("location").to_owned();
    let import = loop {
        let import = app.ask("GET", &path).key(key.as_str()).send().expect(200).json;
        if import["status"] != "running" {
            break import;
        }
        std::thread::yield_now();
    };
    assert_eq!((&import["created"], &import["rejected"]), (&json!(1), &json!(2)), "{import}");
    let report = app.ask("GET", &format!("{path}/report")).key(key.as_str()).send().expect(200);
    assert_eq!(report.each("code"), ["out_of_reach", "out_of_reach"]);
    let other = make_key(app, json!({"name": "Xã khác", "scopes": ["dossiers:write"], "unit_id": "y"})).0;
    app.ask("GET", &path).key(other).send().expect(404);
});

api_test!(what_is_not_published_is_seen_by_who_reaches_all_of_it, |app| {
    app.post(UNITS, &with(unit("p"), json!({"level": "province"}))).expect(201);
    for id in ["a", "b"] {
        app.post(UNITS, &with(unit(id), json!({"parent_id": "p"}))).expect(201);
    }
    app.make_edition(json!({"cohorts": [{"code": "all", "name": "Các xã", "rule": {"level": "commune", "parent_id": "p"}}]}));
    app.make_score(&score("a", 5));
    app.make_score(&score("b", 4));
    let key =
        |unit: &str| make_key(app, json!({"scopes": ["scores:read", "scores:write"], "unit_id": unit})).0;
    let (province, commune) = (key("p"), key("a"));
    let status = |path: &str, key: Option<&str>| match key {
        Some(key) => app.ask("GET", path).key(key).send().status,
        None => app.ask("GET", path).anonymous().send().status,
    };
    for (path, want) in [
        (RANKING, [404, 404, 200]),
        (EDITION, [404, 200, 200]),
        ("/api/v1/indexes/ix/editions/2016/score-sheet?unit_id=a", [404, 200, 200]),
        ("/api/v1/indexes/ix/editions/2016/score-sheet?unit_id=b", [404, 404, 200]),
        ("/api/v1/indexes/ix/editions/2016/completeness", [401, 404, 200]),
    ] {
        let got = [None, Some(commune.as_str()), Some(province.as_str())].map(|key| status(path, key));
        assert_eq!(got, want, "{path}");
    }
    let scores = |key: &str| {
        let list = app.ask("GET", SCORES).key(key).send().expect(200);
        let mut units: Vec<String> = list.each("unit_id").into_iter().map(str::to_owned).collect();
        units.sort();
        units
    };
    assert_eq!(
        (scores(&commune), scores(&province)),
        (vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()])
    );
    app.ask("GET", SCORES).anonymous().send().expect(401);
    assert!(
        app.ask("GET", "/api/v1/indexes/ix/editions")
            .anonymous()
            .send()
            .expect(200)
            .each("status")
            .is_empty()
    );

    app.post(&format!("{EDITION}/publish"), &json!({})).expect(201);
    let by_key = format!("{SCORES}/by-key/ix/2016/a/final/_total");
    app.put(&by_key, &json!({"score": 3})).expect(200);
    let ranking = |key: Option<&str>, query: &str| {
        let path = format!("{RANKING}{query}");
        let ask = app.ask("GET", &path);
        let answer = match key {
            Some(key) => ask.key(key).send(),
            None => ask.anonymous().send(),
        };
        answer.expect(200).json["standings"][0]["unit_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(ranking(None, ""), "a");
    assert_eq!(ranking(Some(&province), "?revision=working"), "b");
    app.ask("GET", &format!("{RANKING}?revision=working")).anonymous().send().expect(404);
    app.ask("GET", &format!("{RANKING}?revision=working")).key(commune.as_str()).send().expect(404);
    let revision = format!("{SCORES}?index_code=ix&year=2016&revision=1");
    assert_eq!(app.ask("GET", &revision).anonymous().send().expect(200).each("unit_id").len(), 2);
});

api_test!(names_of_individuals_are_for_those_who_may_read_them, |app| {
    app.make_units(&["a", "b"]);
    let made = app.post("/api/v1/commendations", &body_of("commendations")).expect(201);
    let path = made.header("location").to_owned();
    let name = |ask: Ask| ask.send().expect(200).json["recipients"][0]["name"].clone();
    let get = || app.ask("GET", &path);
    assert_eq!(name(get()), "Nguyễn Thị B");
    assert_eq!(name(get().anonymous()), Value::Null);
    let key = |unit: &str, scope: &str| make_key(app, json!({"scopes": [scope], "unit_id": unit})).0;
    assert_eq!(name(get().key(key("a", "commendations:read"))), "Nguyễn Thị B");
    assert_eq!(name(get().key(key("b", "commendations:read"))), Value::Null);
    let writer = key("a", "commendations:write");
    assert_eq!(name(get().key(writer.as_str())), "Nguyễn Thị B", "what a writer puts back is whole");
    let list = app.ask("GET", "/api/v1/commendations").anonymous().send().expect(200);
    assert_eq!(list.json["items"][0]["recipients"][0]["name"], Value::Null);
    let found = app.ask("GET", "/api/v1/commendations?q=Nguyen").anonymous().send().expect(200);
    assert!(found.json["items"].as_array().unwrap().is_empty(), "a match would tell the name");
    let patched = app.ask("PATCH", &path).key(writer).json(&json!({"ground": "Khác"})).send().expect(200);
    assert_eq!(patched.json["recipients"][0]["name"], "Nguyễn Thị B");
    assert_eq!(name(get()), "Nguyễn Thị B");
});

database_test!(what_is_public_is_the_operators_to_say, |database| {
    let app =
        App::with_access(Database::migrated(database.kind), Access { public: vec![Area::Units], ..access() });
    app.make_units(&["u"]);
    app.ask("GET", UNITS).anonymous().send().expect(200);
    for path in [
        "/api/v1/dossier-statistics?unit_id=u&period=2020",
        "/api/v1/indexes",
        "/api/v1/indexes/ix/rankings/2016",
        "/api/v1/reviews/u/2020",
        "/api/v1/commendations",
    ] {
        app.ask("GET", path).anonymous().send().expect(401);
        assert_ne!(app.ask("GET", path).key(make_key(&app, json!({})).0).send().status, 401);
    }
    let app =
        App::with_access(Database::migrated(database.kind), Access { recipient_names: true, ..access() });
    app.make_units(&["a"]);
    let path = app
        .post("/api/v1/commendations", &body_of("commendations"))
        .expect(201)
        .header("location")
        .to_owned();
    let shown = app.ask("GET", &path).anonymous().send().expect(200);
    assert_eq!(shown.json["recipients"][0]["name"], "Nguyễn Thị B");
});

database_test!(small_groups_are_withheld_from_the_public, |database| {
    let app = App::with_access(Database::migrated(database.kind), Access { min_cell: Some(3), ..access() });
    app.make_units(&["u"]);
    for (field, n) in [("Đất đai", 5), ("Hộ tịch", 4), ("Hiếm", 1)] {
        for i in 0..n {
            let over = json!({"field": field});
            app.post(DOSSIERS, &with(dossier(&format!("{field}-{i}"), "u"), over)).expect(201);
        }
    }
    let path = "/api/v1/dossier-statistics?unit_id=u&period=2020&group_by=field";
    let fields = |answer: &Answer| -> Vec<String> {
        let rows = answer.json["rows"].as_array().unwrap();
        rows.iter().map(|row| row["group"]["field"].as_str().unwrap().to_owned()).collect()
    };
    let public = app.ask("GET", path).anonymous().send().expect(200);
    assert_eq!((fields(&public), &public.json["withheld_rows"]), (vec!["Đất đai".to_owned()], &json!(2)));
    assert_eq!(public.json["total"]["received"]["total"], 10);
    let whole = app.get(path).expect(200);
    assert_eq!((fields(&whole).len(), &whole.json["withheld_rows"]), (3, &json!(0)));
    let one_day = "/api/v1/dossier-statistics?unit_id=u&from=2020-03-02&to=2020-03-02&group_by=field";
    app.ask("GET", one_day).anonymous().send().expect(200);
    let form = "/api/v1/reports/form-06a?unit_id=u&period=2020";
    let public = app.ask("GET", form).anonymous().send().expect(200);
    assert_eq!(
        (public.json["rows"].as_array().unwrap().len(), &public.json["withheld_rows"]),
        (1, &json!(2))
    );
    assert_eq!(
        app.ask("GET", &format!("{form}&format=csv")).anonymous().send().expect(403).code(),
        "withheld"
    );
    assert_eq!(app.get(form).expect(200).json["rows"].as_array().unwrap().len(), 3);
    make_return(&app, json!({"unit_id": "u", "period": "2020"}));
    let told =
        |path: &str| app.ask("GET", path).anonymous().send().expect(200).json["returns_not_used"].clone();
    assert_eq!((told(form), &told(form)[0]["reason"]), (told(path), &json!("superseded")));
    app.ask("GET", "/api/v1/returns").anonymous().send().expect(401);
    app.make_units(&["small"]);
    app.post(DOSSIERS, &dossier("one", "small")).expect(201);
    let few = "/api/v1/dossier-statistics?unit_id=small&period=2020";
    assert_eq!(app.ask("GET", few).anonymous().send().expect(403).code(), "withheld");
    app.get(few).expect(200);
});

api_test!(a_batch_refuses_items_of_other_units_and_no_others, |app| {
    reform(app);
    let key = make_key(app, json!({"scopes": ["dossiers:write"], "unit_id": "x"})).0;
    let day = json!({"accepted_at": "2025-08-01T08:00:00+07:00", "due_at": null});
    let items = [
        with(dossier("N-1", "x"), day.clone()),
        with(dossier("N-2", "y"), day.clone()),
        with(dossier("D-y", "x"), day),
    ];
    let ask = app.ask("POST", "/api/v1/dossiers/batch").key(key).json(&json!({"items": items}));
    let done = ask.send().expect(200);
    let statuses: Vec<u64> =
        done.json["items"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 403, 404], "{}", done.json);
    assert_eq!(app.get(&format!("{DOSSIERS}/D-y")).json["unit_id"], "y");
});
