//! Who may do what: every operation with every kind of key, against the table that stands beside the routes; and
//! what a key of a unit sees.

use std::collections::BTreeMap;

use chiso::http::access::{Access, Area, Foreign, RULES, Rule};
use serde_json::{Value, json};

use crate::{
    lifecycle::{Served, chiso, finished},
    support::{
        api_test,
        app::{App, access},
        client::{Answer, Ask},
        database::Database,
        database_test,
        indexes::{EDITION, RANKING, SCORES, score},
        plain_test,
        records::{DOSSIERS, UNITS, dossier, unit, with},
        spec::{self, Operation},
    },
};

const KEYS: &str = "/api/v1/api-keys";

/// Makes a key and gives its secret.
fn make_key(app: &App, over: Value) -> (String, String) {
    let body = with(json!({"name": "Hệ thống khác", "scopes": ["admin"]}), over);
    let made = app.post(KEYS, &body).expect(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made.json["secret"]), text(&made.json["key"]["id"]))
}

/// Ids of the records of unit `a` that paths name, by the template they stand in.
fn make_records(app: &App) -> BTreeMap<&'static str, String> {
    app.post(UNITS, &with(unit("p"), json!({"level": "province"}))).expect(201);
    for id in ["a", "b"] {
        app.post(UNITS, &with(unit(id), json!({"parent_id": "p"}))).expect(201);
    }
    app.post(DOSSIERS, &dossier("D-1", "a")).expect(201);
    app.put("/api/v1/indexes/ix", &json!({"name": "Chỉ số"})).expect(201);
    let cohorts = json!([{"code": "all", "name": "Các xã", "unit_ids": ["a", "p"]}]);
    app.make_edition(json!({"cohorts": cohorts}));
    let id = |answer: Answer| answer.json["id"].as_str().unwrap().to_owned();
    let score = id(app.make_score(&score("a", 5)));
    let make =
        |collection: &str| id(app.post(&format!("/api/v1/{collection}"), &body_of(collection)).expect(201));
    let mut ids = BTreeMap::new();
    for collection in
        ["calendars", "clock-rules", "commendations", "improvement-actions", "reported-figures", "returns"]
    {
        ids.insert(collection, make(collection));
    }
    app.post("/api/v1/procedures", &body_of("procedures")).expect(201);
    app.post("/api/v1/reports/form-06a/a/2020/freeze", &json!({})).expect(201);
    let import = app.ask("POST", "/api/v1/imports/dossiers").header("content-type", "text/csv");
    let import = id(import.raw("code,unit_id,submitted_via,status\n").send().expect(202));
    ids.insert("index-scores", score);
    ids.insert("imports", import);
    ids.insert("units", "a".to_owned());
    ids.insert("api-keys", make_key(app, json!({})).1);
    ids
}

/// A new record of unit `a`.
fn body_of(collection: &str) -> Value {
    match collection {
        "units" => with(unit("new"), json!({"parent_id": "a"})),
        "dossiers" => dossier("D-2", "a"),
        "calendars" => json!({"name": "Lịch của xã", "unit_id": "a"}),
        "clock-rules" => json!({"unit_id": "a"}),
        "procedures" => json!({"code": "1.000001", "name": "Chứng thực", "field": "Tư pháp"}),
        "indexes" => json!({"code": "new", "name": "Chỉ số mới"}),
        "index-scores" => with(score("a", 4), json!({"stage": "self"})),
        "commendations" => json!({
            "issuer_unit_id": "a", "form": "giay_khen", "ground": "Cải cách", "achievement_year": 2020,
            "recipients": [{"kind": "individual", "name": "Nguyễn Thị B", "count": 1}]
        }),
        "improvement-actions" => json!({"kind": "plan_task", "title": "Trực tuyến", "owner_unit_id": "a"}),
        "reported-figures" => json!({
            "unit_id": "a", "measure": "ddci.score_change", "period": "2019", "value": "1",
            "unit_of_measure": "points", "source": {"title": "Báo"}
        }),
        "returns" => json!({
            "unit_id": "a", "period": "2020-Q1", "source": {"title": "Báo cáo"},
            "rows": [{"field": "Đất đai", "c3": 0, "c4": 0, "c5": 0, "c6": 0, "c7": 0, "c8": 0, "c9": 0, "c10": 0,
                "c11": 0, "c12": 0, "c13": 0}]
        }),
        "api-keys" => json!({"name": "Khóa mới", "scopes": ["admin"]}),
        other => panic!("{other}"),
    }
}

/// The path of an operation on the records of unit `a`.
fn path_of(template: &str, ids: &BTreeMap<&str, String>) -> String {
    let collection = template.split('/').nth(3).unwrap_or_default();
    let id = ids.get(collection).cloned().unwrap_or_default();
    let filled = template
        .replace("{index}/{year}/{unit}/{stage}/{criterion}", "ix/2016/a/final/_total")
        .replace("/reports/form-06a/{unit_id}/{period}", "/reports/form-06a/a/2020")
        .replace("/procedures/{code}", "/procedures/1.000001")
        .replace("/dossiers/{code}", "/dossiers/D-1")
        .replace("/code-lists/{name}", "/code-lists/level")
        .replace("{code}", "ix")
        .replace("{unit_id}", "a")
        .replace("{year}", "2016")
        .replace("{revision}", "1")
        .replace("{version}", "1")
        .replace("{id}", &id);
    let query = match template {
        "/api/v1/dossier-statistics" => "?unit_id=a&period=2020",
        "/api/v1/reports/form-06a" => "?unit_id=a&period=2020",
        "/api/v1/indexes/{code}/rankings/{year}/explanation" => "?unit_id=a",
        "/api/v1/indexes/{code}/editions/{year}/score-sheet" => "?unit_id=a",
        "/api/v1/indexes/{code}/series" => "?unit_id=a",
        "/api/v1/indexes/{code}/comparison" => "?unit_ids=a",
        // The working scores are for who may read what is not published.
        "/api/v1/index-scores" | "/api/v1/index-scores/export" => "?index_code=ix&year=2016&revision=1",
        _ => "",
    };
    format!("{filled}{query}")
}

/// The operation asked for on the records of unit `a`, with a body where it has one.
fn ask<'a>(app: &'a App, operation: &'a Operation, path: &'a str, method: &'a str) -> Ask<'a> {
    let ask = app.ask(method, path);
    let collection = operation.template.split('/').nth(3).unwrap_or_default();
    let body = match operation.value["operationId"].as_str().unwrap() {
        "import_dossiers" => {
            return ask.header("content-type", "text/csv").raw("code,unit_id,submitted_via,status\n");
        }
        "import_scores" => return ask.header("content-type", "text/csv").raw("Đơn vị,Tổng điểm\na,5\n"),
        "tell_dossier_event" => json!({"status": 5, "at": "2020-03-03T08:00:00+07:00"}),
        "transfer_dossier" => json!({"to_unit_id": "b", "at": "2020-03-03T08:00:00+07:00"}),
        "recompute_calendar" => json!({"dry_run": true}),
        "copy_edition" => json!({"to_year": 2017}),
        "move_edition" => json!({"status": "self_assessment"}),
        "simulate_ranking" => json!({"changes": []}),
        "aim_at_rank" => json!({"unit_id": "a", "rank": 1}),
        "preview_deadline" => {
            json!({"accepted_at": "2020-03-03T08:00:00+07:00", "term": {"amount": 1, "unit": "days"}})
        }
        _ if operation.value.get("requestBody").is_none() => return ask,
        _ if method == "POST" && !operation.template.contains('{') => body_of(collection),
        _ => json!({}),
    };
    ask.json(&body)
}

fn ids_of(rule: Rule) -> Vec<&'static str> {
    use chiso::domain::access::Scope;
    let all = Scope::ALL.iter().copied().filter(|scope| *scope != Scope::Admin);
    match rule {
        Rule::Needs(lacking) => all.filter(|scope| *scope != lacking).map(Scope::as_str).collect(),
        _ => all.map(Scope::as_str).collect(),
    }
}

/// Operations from the reading to the deleting ones, so that each finds what it asks for.
fn in_order() -> Vec<(Operation, Rule, Foreign)> {
    let mut operations: Vec<(Operation, Rule, Foreign)> = spec::operations()
        .into_iter()
        .map(|operation| {
            let id = operation.value["operationId"].as_str().unwrap();
            let (_, rule, foreign) =
                RULES.iter().find(|(of, ..)| *of == id).unwrap_or_else(|| panic!("no rule of {id}"));
            (operation, *rule, *foreign)
        })
        .collect();
    operations.sort_by_key(|(operation, ..)| match operation.method {
        "get" => 0,
        "delete" => 2,
        _ => 1,
    });
    operations
}

api_test!(every_operation_asks_every_caller_for_what_its_rule_says, |app| {
    let ids = make_records(app);
    let foreign_key = make_key(app, json!({"unit_id": "b"})).0;
    let (revoked, revoked_id) = make_key(app, json!({}));
    app.delete(&format!("{KEYS}/{revoked_id}")).expect(204);
    let expired = make_key(app, json!({"expires_at": "2021-01-04T09:00:00+07:00"})).0;
    let right = make_key(app, json!({})).0;
    app.set_now("2021-01-04T09:00:00+07:00");
    let mut lacking: BTreeMap<String, String> = BTreeMap::new();
    for (operation, rule, foreign) in in_order() {
        let method = operation.method.to_uppercase();
        let path = path_of(operation.template, &ids);
        let told =
            |who: &str, answer: &Answer| format!("{who}: {method} {path}: {} {}", answer.status, answer.json);
        let ask = || ask(app, &operation, &path, &method);
        let before = without_uses(app);

        let open = matches!(rule, Rule::Open | Rule::Public(_));
        let answer = ask().anonymous().send();
        if open {
            assert!(!matches!(answer.status, 401 | 403), "{}", told("no key", &answer));
        } else {
            assert_eq!(
                (answer.status, answer.code()),
                (401, "unauthenticated"),
                "{}",
                told("no key", &answer)
            );
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
            let secret = lacking
                .entry(format!("{rule:?}"))
                .or_insert_with(|| make_key(app, json!({"scopes": ids_of(rule)})).0);
            let answer = ask().key(secret.clone()).send();
            match rule {
                Rule::Needs(_) | Rule::Administrator => {
                    assert_eq!(
                        (answer.status, answer.code()),
                        (403, "forbidden"),
                        "{}",
                        told("without the scope", &answer)
                    );
                }
                _ => assert!(!matches!(answer.status, 401 | 403), "{}", told("any key", &answer)),
            }
        }
        for secret in [&expired, &revoked, "chiso_unknown", "", "not.a.token"] {
            let answer = ask().key(secret).send();
            assert_eq!(
                (answer.status, answer.code()),
                (401, "invalid_token"),
                "{}",
                told("a key that opens nothing", &answer)
            );
        }
        let answer = ask().key(foreign_key.as_str()).send();
        match foreign {
            Foreign::Refused => assert_eq!(answer.status, 403, "{}", told("key of another unit", &answer)),
            Foreign::Hidden => assert_eq!(answer.status, 404, "{}", told("key of another unit", &answer)),
            Foreign::Same => {
                assert!(!matches!(answer.status, 401 | 403), "{}", told("key of another unit", &answer))
            }
        }
        if foreign != Foreign::Same && rule != Rule::Open {
            let mut after = without_uses(app);
            // The key without the scope was made in between.
            after.insert("changes".to_owned(), before["changes"].clone());
            assert_eq!(after, before, "{method} {path} left a trace");
        }
        let answer = ask().key(right.as_str()).send();
        assert!(!matches!(answer.status, 401 | 403), "{}", told("right key", &answer));
    }
});

/// The database without keys: when they were used is written whenever it suits.
fn without_uses(app: &App) -> BTreeMap<String, Vec<String>> {
    let mut dump = app.database.dump();
    for table in ["api_keys", "api_key_secrets"] {
        dump.remove(table);
    }
    dump
}

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
    assert_eq!((&import["rows"]["created"], &import["rows"]["rejected"]), (&json!(1), &json!(2)), "{import}");
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

    app.post(&format!("{EDITION}/publish"), &json!({})).expect(200);
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
    app.ask("GET", "/api/v1/returns").anonymous().send().expect(401);
    app.make_units(&["small"]);
    app.post(DOSSIERS, &dossier("one", "small")).expect(201);
    let few = "/api/v1/dossier-statistics?unit_id=small&period=2020";
    assert_eq!(app.ask("GET", few).anonymous().send().expect(403).code(), "withheld");
    app.get(few).expect(200);
});

api_test!(a_key_is_sent_in_either_header_but_not_two_of_them, |app| {
    let secret = make_key(app, json!({"scopes": ["dossiers:read"]})).0;
    let get = || app.ask("GET", DOSSIERS).anonymous();
    get().header("x-api-key", secret.as_str()).send().expect(200);
    get().header("authorization", format!("bearer {secret}")).send().expect(200);
    let both = get().header("x-api-key", secret.as_str());
    both.header("authorization", format!("Bearer {secret}")).send().expect(200);
    let other = make_key(app, json!({"scopes": ["dossiers:read"]})).0;
    let differing = get().header("x-api-key", other).header("authorization", format!("Bearer {secret}"));
    assert_eq!(differing.send().expect(401).code(), "invalid_token");
    for wrong in ["Basic eDp5", "Bearer", "chiso_x", "Bearer chiso_é"] {
        assert_eq!(
            get().header("authorization", wrong).send().expect(401).code(),
            "invalid_token",
            "{wrong}"
        );
    }
});

api_test!(a_key_is_rotated_with_two_live_secrets_and_its_use_is_noted, |app| {
    let (first, id) = make_key(app, json!({"scopes": ["dossiers:read"]}));
    let status = |secret: &str| app.ask("GET", DOSSIERS).key(secret).send().status;
    assert_eq!(status(&first), 200);
    let path = format!("{KEYS}/{id}");
    while app.get(&path).expect(200).json["last_used_at"].is_null() {
        std::thread::yield_now();
    }
    let rotated =
        app.post(&format!("{path}/rotate"), &json!({"old_ends_at": "2021-01-04T10:00:00+07:00"})).expect(200);
    assert_eq!(rotated.header("cache-control"), "no-store");
    let second = rotated.json["secret"].as_str().unwrap().to_owned();
    assert_eq!((status(&first), status(&second)), (200, 200));
    app.set_now("2021-01-04T10:00:00+07:00");
    assert_eq!((status(&first), status(&second)), (401, 200));
    let third = app.post(&format!("{path}/rotate"), &json!({})).expect(200).json;
    assert_eq!(third["key"]["secrets"].as_array().unwrap().len(), 2, "{third}");
    let third = third["secret"].as_str().unwrap().to_owned();
    assert_eq!((status(&second), status(&third)), (200, 200));
    app.set_now("2021-01-05T10:00:00+07:00");
    assert_eq!((status(&second), status(&third)), (401, 200), "a day, when nobody says otherwise");
    app.delete(&path).expect(204);
    assert_eq!(status(&third), 401);
    assert!(!app.get(&path).expect(200).json["revoked_at"].is_null());
    assert_eq!(app.post(&format!("{path}/rotate"), &json!({})).expect(409).code(), "key_ended");
    let kept = app.database.dump();
    assert!(!format!("{kept:?}").contains(&third), "the secret is nowhere");
});

api_test!(the_rules_of_a_key_point_to_what_breaks_them, |app| {
    app.make_units(&["u"]);
    for (body, status, want) in [
        (json!({"name": "", "scopes": ["admin"]}), 422, ("/name", "empty")),
        (json!({"name": "x", "scopes": []}), 422, ("/scopes", "empty")),
        (json!({"name": "x", "scopes": ["root"]}), 400, ("/scopes/0", "unknown_word")),
        (json!({"name": "x", "scopes": ["admin"], "unit_id": "none"}), 422, ("/unit_id", "unknown_unit")),
        (
            json!({"name": "x", "scopes": ["admin"], "partial_predecessors": ["u"]}),
            422,
            ("/partial_predecessors", "without_unit"),
        ),
        (
            json!({"name": "x", "scopes": ["admin"], "unit_id": "u", "partial_predecessors": ["none"]}),
            422,
            ("/partial_predecessors/0", "unknown_unit"),
        ),
        (
            json!({"name": "x", "scopes": ["admin"], "expires_at": "2021-01-04T08:00:00+07:00"}),
            422,
            ("/expires_at", "in_the_past"),
        ),
        (json!({"name": "x"}), 422, ("/scopes", "required")),
        (json!({"name": "x", "scopes": ["admin"], "secret": "s"}), 400, ("/secret", "unknown_field")),
    ] {
        let answer = app.post(KEYS, &body).expect(status);
        assert_eq!(answer.violations(), [want], "{body}");
    }
    app.get(&format!("{KEYS}?q=khac&name=x")).expect(200);
    assert_eq!(app.get(&format!("{KEYS}/absent")).expect(404).code(), "not_found");
    app.post(&format!("{KEYS}/absent/rotate"), &json!({})).expect(404);
    app.delete(&format!("{KEYS}/absent")).expect(404);
});

database_test!(keys_are_made_at_the_command_line_while_a_service_runs, |database| {
    let served = Served::start(database);
    let url = database.url_text();
    let run = |arguments: &[&str]| finished(&mut chiso(&[arguments, &["--database-url", &url]].concat()));
    let (code, out, error) =
        run(&["keys", "create", "--name", "Một cửa", "--scopes", "dossiers:read,dossiers:write"]);
    assert_eq!(code, Some(0), "{error}");
    let secret = out.lines().last().unwrap();
    assert!(secret.starts_with("chiso_") && secret.len() == 70, "{out}");
    served.client.ask("GET", DOSSIERS).key(secret).send().expect(200);
    served.client.ask("POST", UNITS).key(secret).json(&unit("u")).send().expect(403);
    let (code, out, _) = run(&["keys", "list"]);
    assert!(code == Some(0) && out.contains("Một cửa") && !out.contains(secret), "{out}");
    let id = out.split_whitespace().next().unwrap();
    let (code, _, error) = run(&["keys", "revoke", id]);
    assert_eq!(code, Some(0), "{error}");
    served.client.ask("GET", DOSSIERS).key(secret).send().expect(401);
    let (code, _, error) = run(&["keys", "create", "--name", "x", "--scopes", "admin", "--unit", "none"]);
    assert!(code == Some(1) && error.contains("There is no unit `none`"), "{error}");
    let (code, _, error) = run(&["keys", "create", "--name", "x", "--scopes", "root"]);
    assert!(code == Some(2) && error.contains("dossiers:read"), "{error}");
});

plain_test!(a_service_without_a_key_does_not_face_the_network, {
    let directory = tempfile::tempdir().unwrap();
    let serve = |more: &[&str], key: Option<&str>| {
        let mut command = chiso(&[&["serve", "--bind"], more].concat());
        command.current_dir(directory.path());
        if let Some(key) = key {
            command.env("CHISO_BOOTSTRAP_KEY", key);
        }
        finished(&mut command)
    };
    let (code, _, error) = serve(&["0.0.0.0:0"], None);
    assert!(
        code == Some(1) && error.contains("chiso keys create") && error.contains("CHISO_BOOTSTRAP_KEY"),
        "{error}"
    );
    let (code, _, error) = serve(&["127.0.0.1:0"], Some("chiso_short"));
    assert!(code == Some(1) && error.contains("32 characters"), "{error}");
    let (code, _, error) = serve(&["127.0.0.1:0", "--public", "dossiers"], None);
    assert!(code == Some(1) && error.contains("unknown word `dossiers`"), "{error}");
});
