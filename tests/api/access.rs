//! Who may do what: every operation with every kind of key, against the table that stands beside the routes.

use std::collections::BTreeMap;

use chiso::http::access::{Foreign, RULES, Rule};
use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    client::{Answer, Ask},
    indexes::score,
    records::{DOSSIERS, UNITS, dossier, unit, with},
    spec::{self, Operation},
};

pub const KEYS: &str = "/api/v1/api-keys";

/// Makes a key and gives its secret.
pub fn make_key(app: &App, over: Value) -> (String, String) {
    let body = with(json!({"name": "Hệ thống khác", "scopes": ["admin"]}), over);
    let made = app.post(KEYS, &body).expect(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made.json["secret"]), text(&made.json["key"]["id"]))
}

/// Ids of the records of unit `a` that paths name, by the template they stand in.
pub fn make_records(app: &App) -> BTreeMap<&'static str, String> {
    app.post(UNITS, &with(unit("p"), json!({"level": "province"}))).expect(201);
    for id in ["a", "b", "c"] {
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
    while app.get(&format!("/api/v1/imports/{import}")).expect(200).json["status"] == "running" {
        std::thread::yield_now();
    }
    ids.insert("index-scores", score);
    ids.insert("imports", import);
    ids.insert("units", "a".to_owned());
    ids.insert("api-keys", make_key(app, json!({})).1);
    let webhook = app.post("/api/v1/webhooks", &body_of("webhooks")).expect(201);
    ids.insert("webhooks", webhook.json["webhook"]["id"].as_str().unwrap().to_owned());
    ids
}

/// A new record of unit `a`.
pub fn body_of(collection: &str) -> Value {
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
        "webhooks" => json!({"url": "http://127.0.0.1:1/hook"}),
        other => panic!("{other}"),
    }
}

/// The path of an operation on the records of unit `a`.
fn path_of(template: &str, method: &str, ids: &BTreeMap<&str, String>) -> String {
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
        _ if method != "get" => "",
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
        "import_scores" => return ask.header("content-type", "text/csv").raw("Đơn vị,Tổng điểm\na,4\n"),
        "tell_dossier_event" => json!({"status": 5, "at": "2020-03-03T08:00:00+07:00"}),
        "transfer_dossier" => json!({"to_unit_id": "c", "at": "2020-03-03T08:00:00+07:00"}),
        "sync_dvcqg_dossiers" => json!([]),
        "recompute_calendar" => json!({"dry_run": true}),
        "copy_edition" => json!({"to_year": 2017}),
        "move_edition" => json!({"status": "self_assessment"}),
        "simulate_ranking" => json!({"changes": []}),
        "aim_at_rank" => json!({"unit_id": "a", "rank": 1}),
        "preview_deadline" => {
            json!({"accepted_at": "2020-03-03T08:00:00+07:00", "term": {"amount": 1, "unit": "days"}})
        }
        "batch_dossiers" => json!({"items": [body_of("dossiers")]}),
        "batch_index_scores" => json!({"items": [body_of("index-scores")]}),
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

/// Operations from the reading to the deleting ones, so that each finds what it asks for. What is published is hidden
/// from nobody any more: that comes after all that asks for the edition before.
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
        "delete" => 3,
        _ if operation.value["operationId"] == "publish_edition" => 2,
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
        let path = path_of(operation.template, operation.method, &ids);
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

// Handlers are found by the decoded address: the rule must be too.
api_test!(an_address_written_otherwise_asks_for_the_same, |app| {
    let ids = make_records(app);
    let encoded = |path: &str, at: usize| {
        let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        let first = segments[at].remove(0);
        segments[at].insert_str(0, &format!("%{:02X}", u32::from(first)));
        segments.join("/")
    };
    let mut asked = 0;
    for (operation, rule, _) in in_order() {
        if matches!(rule, Rule::Open | Rule::Public(_)) {
            continue;
        }
        let method = operation.method.to_uppercase();
        let path = path_of(operation.template, operation.method, &ids);
        let (path, query) = path.split_once('?').map_or((path.as_str(), ""), |(path, query)| (path, query));
        let fixed =
            operation.template.split('/').enumerate().skip(1).filter(|(_, part)| !part.starts_with('{'));
        for (at, _) in fixed {
            let path = format!("{}?{query}", encoded(path, at));
            let answer = ask(app, &operation, &path, &method).anonymous().send();
            assert_eq!((answer.status, answer.code()), (401, "unauthenticated"), "{method} {path}");
            asked += 1;
        }
    }
    assert!(asked > 200, "{asked}");
    // A word that is an address of its own is the code of nothing.
    for path in ["/api/v1/dossiers/export", "/api/v1/dossiers/%65xport"] {
        let refused = app.ask("DELETE", path).anonymous().send().expect(405);
        assert_eq!(refused.header("allow"), "GET, HEAD", "{path}");
    }
});

/// The database without keys, whose uses are written whenever it suits, and without imports, which go on by themselves.
fn without_uses(app: &App) -> BTreeMap<String, Vec<String>> {
    let mut dump = app.database.dump();
    for table in ["api_keys", "api_key_secrets", "imports"] {
        dump.remove(table);
    }
    dump
}
