//! `/changes`: who wrote what, when, with the record before and after; a reader follows without missing any.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    access::make_key,
    support::{
        api_test,
        app::{App, START},
        database::Kind,
        indexes::{EDITION, INDEXES, SCORES, edition, score},
        records::{DOSSIERS, UNITS, dossier, unit, with, without},
    },
};

const CHANGES: &str = "/api/v1/changes";

/// PostgreSQL tells a change once no older transaction runs, and transactions of other tests count too.
pub fn settle(app: &App) {
    if app.database.kind == Kind::Sqlite {
        return;
    }
    let untold = "SELECT id::text AS line FROM changes \
                  WHERE tx >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    let begun = Instant::now();
    while !app.database.lines(untold).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(120), "an older transaction never ends");
    }
}

/// A page of the feed, once it tells all that was written.
pub fn page(app: &App, query: &str) -> (Vec<Value>, String) {
    settle(app);
    let page = app.get(&format!("{CHANGES}?{query}")).expect(200).json;
    (page["items"].as_array().unwrap().clone(), page["next_cursor"].as_str().unwrap().to_owned())
}

fn all(app: &App) -> Vec<Value> {
    page(app, "limit=500").0
}

/// Resource, id and action of entries.
fn told(items: &[Value]) -> Vec<(&str, &str, &str)> {
    items
        .iter()
        .map(|i| (i["resource"].as_str().unwrap(), i["id"].as_str().unwrap(), i["action"].as_str().unwrap()))
        .collect()
}

api_test!(a_record_is_followed_from_its_creation_to_its_deletion, |app| {
    let made = app.post(UNITS, &unit("u")).expect(201).json;
    app.set_now("2021-01-05T09:30:00.123456+07:00");
    let patched = app.patch("/api/v1/units/u", &json!({"name": "Xã Khác"})).expect(200).json;
    app.set_now("2021-01-06T00:00:00Z");
    app.delete("/api/v1/units/u").expect(204);
    let entry = |item: &Value| without(item.clone(), "cursor");
    let items = all(app);
    let base = json!({"actor": "test administrator", "resource": "units", "id": "u", "reason": null});
    let want = [
        json!({"at": START, "action": "create", "before": null, "after": made}),
        json!({"at": "2021-01-05T09:30:00.123456+07:00", "action": "update", "before": made, "after": patched}),
        json!({"at": "2021-01-06T07:00:00+07:00", "action": "delete", "before": patched, "after": null}),
    ];
    assert_eq!(items.iter().map(entry).collect::<Vec<_>>(), want.map(|over| with(base.clone(), over)));
});

/// A record as the log keeps it: without what is derived or shown twice.
fn kept(mut record: Value) -> Value {
    for member in ["score_exact", "flags", "second_award_ids", "outcome", "re_appointed_kept", "anomalies"] {
        record.as_object_mut().unwrap().shift_remove(member);
    }
    record
}

api_test!(every_resource_is_in_the_feed_with_before_and_after, |app| {
    app.make_units(&["u"]);
    app.put("/api/v1/indexes/ix", &json!({"name": "Chỉ số"})).expect(201);
    app.put(EDITION, &edition()).expect(201);
    let figure = json!({
        "unit_id": "u", "measure": "m", "period": "2020", "value": "3.50", "unit_of_measure": "points",
        "source": {"title": "Báo"}
    });
    let decision = json!({
        "issuer_unit_id": "u", "form": "giay_khen", "ground": "Vì", "achievement_year": 2020,
        "recipients": [{"kind": "individual"}]
    });
    let action = json!({"kind": "initiative", "title": "Việc", "owner_unit_id": "u"});
    let procedure = json!({"code": "1.001193", "name": "Khai sinh", "term": {"unit": "same_day"}});
    let (_, start) = page(app, "limit=500");
    for (resource, collection, record, patch) in [
        ("dossiers", DOSSIERS, dossier("D-1", "u"), json!({"field": "Đất đai"})),
        ("index-scores", SCORES, score("u", "1.50"), json!({"published_rank": 2})),
        ("reported-figures", "/api/v1/reported-figures", figure, json!({"value": "3.5"})),
        ("commendations", "/api/v1/commendations", decision, json!({"ground": "Khác"})),
        ("improvement-actions", "/api/v1/improvement-actions", action, json!({"status": "done"})),
        ("calendars", "/api/v1/calendars", json!({"id": "c-1", "name": "Lịch"}), json!({"unit_id": "u"})),
        ("procedures", "/api/v1/procedures", procedure, json!({"cut_off": "16:00"})),
    ] {
        let made = app.post(collection, &record).expect(201);
        let path = made.header("location");
        let patched = app.patch(path, &patch).expect(200);
        let id = path.rsplit('/').next().unwrap();
        let (items, _) = page(app, &format!("resource={resource}&record_id={id}"));
        assert_eq!(told(&items), [(resource, id, "create"), (resource, id, "update")]);
        assert_eq!(items[0]["before"], Value::Null);
        assert_eq!(items[0]["after"], items[1]["before"]);
        for (state, answer) in [(&items[1]["before"], &made.json), (&items[1]["after"], &patched.json)] {
            let mut want = kept(answer.clone());
            if resource == "index-scores" {
                let state = state.as_object().unwrap();
                assert_eq!(state["score"], "1.5", "every digit, as text");
                want["score"] = json!("1.5");
            }
            for (member, value) in want.as_object().unwrap() {
                assert_eq!(&state[member], value, "{resource} {member}");
            }
        }
    }
    app.patch("/api/v1/indexes/ix", &json!({"name_en": "Index"})).expect(200);
    app.patch(EDITION, &json!({"decimals": 3})).expect(200);
    let (items, _) = page(app, &format!("limit=500&after={start}"));
    assert_eq!(told(&items)[14..], [("indexes", "ix", "update"), ("editions", "ix/2016", "update")]);
    assert_eq!((&items[15]["before"]["decimals"], &items[15]["after"]["decimals"]), (&json!(2), &json!(3)));
    let (items, _) = page(app, "record_id=ix/2016");
    assert_eq!(told(&items), [("editions", "ix/2016", "create"), ("editions", "ix/2016", "update")]);
});

api_test!(an_annulment_is_an_update, |app| {
    app.make_units(&["u"]);
    let decision = json!({
        "issuer_unit_id": "u", "form": "giay_khen", "ground": "Vì", "achievement_year": 2020,
        "recipients": [{"kind": "individual"}]
    });
    let made = app.post("/api/v1/commendations", &decision).expect(201);
    app.delete(made.header("location")).expect(204);
    app.delete(made.header("location")).expect(204);
    let (items, _) = page(app, "resource=commendations");
    assert_eq!(items.len(), 2, "the second annulment changes nothing");
    assert_eq!(items[1]["action"], "update");
    assert_eq!(
        (&items[1]["before"]["annulled_at"], &items[1]["after"]["annulled_at"]),
        (&Value::Null, &json!(START))
    );
});

api_test!(the_reason_of_a_moved_due_date_is_told, |app| {
    app.make_units(&["u"]);
    app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
    let moved = json!({"due_at": "2020-03-20T17:00:00+07:00", "due_change_reason": "Chờ bổ sung"});
    app.patch("/api/v1/dossiers/D-1", &moved).expect(200);
    let (items, _) = page(app, "record_id=D-1");
    assert_eq!((&items[0]["reason"], &items[1]["reason"]), (&Value::Null, &json!("Chờ bổ sung")));
    assert_eq!(items[1]["before"]["due_at"], "2020-03-10T17:00:00+07:00");
    assert_eq!(items[1]["after"]["due_at"], "2020-03-20T17:00:00+07:00");
});

api_test!(a_reader_follows_from_the_end, |app| {
    let (items, beginning) = page(app, "");
    assert!(items.is_empty());
    assert_eq!(
        page(app, &format!("after={beginning}")),
        (vec![], beginning.clone()),
        "an empty page leads on"
    );
    app.make_units(&["a", "b", "c"]);
    let mut seen = Vec::new();
    let mut cursor = beginning;
    for _ in 0..3 {
        let (items, next) = page(app, &format!("limit=1&after={cursor}"));
        assert_eq!(items.len(), 1);
        assert_eq!(items[0]["cursor"], next.as_str(), "each change is a place to go on from");
        seen.extend(items);
        cursor = next;
    }
    assert_eq!(seen, all(app));
    let (items, end) = page(app, &format!("after={cursor}"));
    assert_eq!((items.len(), &end), (0, &cursor));
    app.delete("/api/v1/units/b").expect(204);
    let (items, end) = page(app, &format!("after={cursor}"));
    assert_eq!(told(&items), [("units", "b", "delete")]);
    assert_eq!(page(app, &format!("after={end}")), (vec![], end.clone()));
    let (items, _) = page(app, &format!("after={}", seen[1]["cursor"].as_str().unwrap()));
    assert_eq!(told(&items), [("units", "c", "create"), ("units", "b", "delete")]);
});

api_test!(filters_leave_their_own_changes, |app| {
    app.make_units(&["a", "b"]);
    app.post(DOSSIERS, &dossier("a", "b")).expect(201);
    assert_eq!(told(&page(app, "resource=units").0), [("units", "a", "create"), ("units", "b", "create")]);
    assert_eq!(told(&page(app, "record_id=a").0), [("units", "a", "create"), ("dossiers", "a", "create")]);
    assert_eq!(told(&page(app, "resource=dossiers&record_id=a").0), [("dossiers", "a", "create")]);
    let (none, cursor) = page(app, "resource=dossiers&record_id=b");
    assert!(none.is_empty());
    let (items, _) = page(app, &format!("after={cursor}&limit=500"));
    assert_eq!(items.len(), 3, "a cursor belongs to the feed, not to a filter");
});

api_test!(what_is_no_cursor_of_the_feed_is_refused, |app| {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    app.make_units(&["u"]);
    let coded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for cursor in [
        String::new(),
        "x".to_owned(),
        "A".repeat(5000),
        coded("{}"),
        coded(r#"{"v":2,"tx":0,"id":0}"#),
        coded(r#"{"v":1,"tx":-1,"id":0}"#),
        coded(r#"{"v":1,"tx":0,"id":99999999999999999999}"#),
        coded(r#"{"v":1,"tx":0,"id":0,"x":1}"#),
    ] {
        let answer = app.get(&format!("{CHANGES}?after={cursor}")).expect(400);
        assert_eq!(answer.violations(), [("after", "invalid_cursor")], "{cursor}");
    }
    let far = coded(&format!(r#"{{"v":1,"tx":{0},"id":{0}}}"#, i64::MAX));
    assert_eq!(page(app, &format!("after={far}")).0, Vec::<Value>::new());
});

api_test!(a_write_that_changes_nothing_leaves_no_entry, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({}));
    app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
    let scored = app.make_score(&score("u", 1));
    let before = all(app);
    // Refused by a rule, by the state, by a precondition, or unread.
    app.post(UNITS, &with(unit("v"), json!({"parent_id": "nowhere"}))).expect(422);
    app.post(UNITS, &unit("u")).expect(409);
    app.delete("/api/v1/units/u").expect(409);
    app.post(SCORES, &score("u", 2)).expect(409);
    app.put(EDITION, &with(edition(), json!({"cohorts": []}))).expect(422);
    app.delete(EDITION).expect(409);
    app.ask("DELETE", "/api/v1/dossiers/D-1").header("if-match", "\"0\"").send().expect(412);
    app.patch("/api/v1/dossiers/D-1", &json!({"due_at": "2020-04-01T00:00:00Z"})).expect(409);
    app.patch("/api/v1/units/u", &json!({"x": 1})).expect(400);
    app.delete("/api/v1/units/w").expect(404);
    // Equal to what is there.
    app.put("/api/v1/units/u", &unit("u")).expect(200);
    app.patch("/api/v1/units/u", &json!({})).expect(200);
    app.put(&format!("{INDEXES}/ix"), &json!({"name": "Chỉ số"})).expect(200);
    app.put(EDITION, &edition()).expect(200);
    app.put("/api/v1/dossiers/D-1", &dossier("D-1", "u")).expect(200);
    app.put(scored.header("location"), &scored.json).expect(200);
    app.put(&format!("{SCORES}/by-key/ix/2016/u/final/_total"), &json!({"score": "1.0"})).expect(200);
    assert_eq!(all(app), before);
});

api_test!(a_feed_ends_where_the_tree_alters_what_its_key_reaches, |app| {
    for id in ["p", "q"] {
        app.post(UNITS, &with(unit(id), json!({"level": "province"}))).expect(201);
    }
    app.post(UNITS, &with(unit("u"), json!({"parent_id": "p"}))).expect(201);
    app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
    let key = |unit: &str| make_key(app, json!({"scopes": ["dossiers:read"], "unit_id": unit})).0;
    let (of_p, of_q) = (key("p"), key("q"));
    let ask = |key: &str, query: &str| {
        settle(app);
        app.ask("GET", &format!("{CHANGES}?limit=500&{query}")).key(key).send()
    };
    let (before, cursor) = (ask(&of_p, "").expect(200), page(app, "limit=500").1);
    assert!(before.json["items"].as_array().unwrap().iter().any(|item| item["id"] == "D-1"));
    // What reaches nobody's records goes on.
    app.patch(&format!("{UNITS}/u"), &json!({"name": "Xã Mới"})).expect(200);
    assert_eq!(ask(&of_p, &format!("after={cursor}")).expect(200).json["items"][0]["id"], "u");
    app.patch(&format!("{UNITS}/u"), &json!({"parent_id": "q"})).expect(200);
    // The dossier left the one key's sight and came into the other's, and nothing was written of it.
    for key in [&of_p, &of_q] {
        for filter in ["", "resource=dossiers&"] {
            let mut place = cursor.clone();
            let ended = loop {
                let page = ask(key, &format!("{filter}after={place}"));
                if page.status != 200 {
                    break page.expect(410);
                }
                assert_eq!(page.json["more"], true, "what came before is told first");
                place = page.json["next_cursor"].as_str().unwrap().to_owned();
            };
            assert_eq!(ended.code(), "cursor_expired");
            let on = ended.json["next_cursor"].as_str().unwrap();
            assert_eq!(ask(key, &format!("after={on}")).expect(200).json["items"], json!([]));
        }
    }
    let snapshot = |key: &str| app.ask("GET", "/api/v1/changes/snapshot?resource=dossiers").key(key).send();
    assert_eq!(snapshot(&of_p).expect(200).json["items"], json!([]));
    assert_eq!(snapshot(&of_q).expect(200).json["items"][0]["record"]["code"], "D-1");
    // Who reaches everything follows on.
    let told = page(app, &format!("limit=500&after={cursor}")).0;
    assert_eq!(told.len(), 2);
});
