//! The audit log: who did what from where, seals that tell what was changed, and changes that are no longer kept.

use chiso::{
    domain::time::Moment,
    service::audit::{self, Finding, Purge, Verdict},
};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::{
    access::{KEYS, make_key},
    changes::{page, settle},
    following::CHANGES,
    lifecycle::{chiso, finished},
    support::{
        api_test,
        app::{App, START},
        database::Kind,
        records::{DOSSIERS, UNITS, dossier, unit},
    },
};

const AUDIT: &str = "/api/v1/audit-log";

fn run<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

fn now(app: &App) -> Moment {
    app.clock()()
}

/// Seals all that was written.
fn seal(app: &App) {
    settle(app);
    run(async { while audit::seal(&app.store, now(app)).await.unwrap() > 0 {} });
}

fn verify(app: &App) -> Verdict {
    run(audit::verify(&app.store, None)).unwrap()
}

fn entries(app: &App, query: &str) -> Vec<Value> {
    let page = app.get(&format!("{AUDIT}?{query}")).expect(200).json;
    page["items"].as_array().unwrap().clone()
}

api_test!(the_log_says_who_did_what_when_and_from_where, |app| {
    let (secret, key_id) = make_key(app, json!({"name": "Một cửa", "scopes": ["units:write"]}));
    let made = app.ask("POST", UNITS).key(secret.as_str()).header("x-request-id", "r-1").json(&unit("u"));
    let made = made.send().expect(201).json;
    app.set_now("2021-01-05T09:30:00+07:00");
    let patched = app.patch(&format!("{UNITS}/u"), &json!({"name": "Xã Khác"})).expect(200).json;
    app.delete(&format!("{KEYS}/{key_id}")).expect(204);
    let all = entries(app, "");
    let told: Vec<(&str, &str)> =
        all.iter().map(|e| (e["resource"].as_str().unwrap(), e["action"].as_str().unwrap())).collect();
    let want = [("api-keys", "update"), ("units", "update"), ("units", "create"), ("api-keys", "create")];
    assert_eq!(told, want, "the newest first; what is done to keys is told too");
    assert_eq!(entries(app, "sort=at").iter().rev().cloned().collect::<Vec<_>>(), all);
    let first = json!({
        "number": all[2]["number"], "cursor": all[2]["cursor"], "at": START, "actor": "Một cửa", "caller_id": key_id,
        "source": "127.0.0.1", "request_id": "r-1", "resource": "units", "id": "u", "action": "create",
        "reason": null, "before": null, "after": made, "sealed": false
    });
    assert_eq!(all[2], first);
    assert_eq!((&all[1]["before"], &all[1]["after"]), (&made, &patched));
    assert_eq!(
        (&all[1]["actor"], &all[1]["caller_id"]),
        (&json!("test administrator"), &json!("test administrator"))
    );
    assert!(!all[1]["request_id"].as_str().unwrap().is_empty());
    for (query, want) in [
        (format!("caller_id={key_id}"), vec![2]),
        ("actor=test%20administrator".to_owned(), vec![0, 1, 3]),
        ("request_id=r-1".to_owned(), vec![2]),
        ("source=127.0.0.1&action=update".to_owned(), vec![0, 1]),
        ("resource=units".to_owned(), vec![1, 2]),
        ("resource=units&record_id=u&action=create".to_owned(), vec![2]),
        ("from=2021-01-05T00:00:00Z".to_owned(), vec![0, 1]),
        ("to=2021-01-05T00:00:00Z".to_owned(), vec![2, 3]),
        ("source=10.0.0.1".to_owned(), vec![]),
    ] {
        let want: Vec<Value> = want.into_iter().map(|i: usize| all[i].clone()).collect();
        assert_eq!(entries(app, &query), want, "{query}");
    }
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get(&format!("{AUDIT}?limit=3{cursor}")).expect(200).json;
        pages.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(pages, all);
    seal(app);
    assert!(entries(app, "").iter().all(|entry| entry["sealed"] == json!(true)));
    for (query, pointer) in
        [("sort=actor", "sort"), ("limit=501", "limit"), ("cursor=x", "cursor"), ("who=x", "who")]
    {
        assert_eq!(app.get(&format!("{AUDIT}?{query}")).expect(400).violations()[0].0, pointer);
    }
});

/// Six changes under three seals.
fn write(app: &App) -> Vec<i64> {
    for id in ["a", "b", "c"] {
        app.post(UNITS, &unit(id)).expect(201);
        app.patch(&format!("{UNITS}/{id}"), &json!({"name": "Xã Khác"})).expect(200);
        seal(app);
    }
    let entries = entries(app, "sort=at");
    entries.iter().map(|entry| entry["number"].as_i64().unwrap()).collect()
}

fn tamper(app: &App, statement: &str) {
    app.database.connect().batch_execute(statement).unwrap();
}

api_test!(what_was_changed_taken_away_or_put_in_is_found, |app| {
    assert_eq!(verify(app), Verdict::default(), "an empty log");
    let ids = write(app);
    app.post(UNITS, &unit("tail")).expect(201);
    let sound = verify(app);
    assert_eq!((sound.seals, sound.entries, sound.tail), (3, 6, 1));
    assert_eq!((sound.tail_since, &sound.findings), (Some(START.parse().unwrap()), &vec![]));
    let id = ids[2];
    for (tampered, restored, want) in [
        ("actor = 'x'", "actor = 'test administrator'", Finding::Changed(id)),
        ("at = at + 1", "at = at - 1", Finding::Changed(id)),
        ("source = NULL", "source = '127.0.0.1'", Finding::Changed(id)),
        ("caller_id = 'x'", "caller_id = 'test administrator'", Finding::Changed(id)),
        ("reason = ''", "reason = NULL", Finding::Changed(id)),
        ("record_id = 'x'", "record_id = 'b'", Finding::Changed(id)),
    ] {
        let update = |set: &str| tamper(app, &format!("UPDATE changes SET {set} WHERE id = {id}"));
        update(tampered);
        assert_eq!(verify(app).findings, [want], "{tampered}");
        update(restored);
        assert_eq!(verify(app), sound, "{restored}");
    }
    let update = ids[3];
    tamper(app, &format!("UPDATE changes SET before = REPLACE(before, 'Xã b', 'Xã x') WHERE id = {update}"));
    assert_eq!(verify(app).findings, [Finding::Changed(update)], "a state of a record");
    tamper(app, &format!("UPDATE changes SET before = REPLACE(before, 'Xã x', 'Xã b') WHERE id = {update}"));
    // An entry that is taken away, and one that is put in under a number that was not given.
    tamper(app, &format!("UPDATE changes SET id = -1 WHERE id = {id}"));
    assert_eq!(verify(app).findings, missing(app, id));
    tamper(app, &format!("UPDATE changes SET id = {id} WHERE id = -1"));
    tamper(app, "UPDATE audit_seals SET hash = 'x' WHERE number = 2");
    assert_eq!(verify(app).findings, [Finding::Seal(2), Finding::Seal(3)], "all that follows from it");
    tamper(app, "DELETE FROM audit_seals WHERE number = 2");
    assert!(verify(app).findings.contains(&Finding::SealMissing(2)));
});

api_test!(what_the_service_did_not_take_away_is_found, |app| {
    let ids = write(app);
    let sound = verify(app);
    for column in ["newest_at", "sealed_at", "entries"] {
        let add = |n: i64| {
            tamper(app, &format!("UPDATE audit_seals SET {column} = {column} + {n} WHERE number = 2"));
        };
        add(-1);
        assert_eq!(verify(app).findings, [Finding::Seal(2)], "{column}");
        add(1);
        assert_eq!(verify(app), sound);
    }
    tamper(app, "UPDATE audit_seals SET purged_at = sealed_at WHERE number = 1");
    assert_eq!(verify(app).findings, [Finding::Purged(1)], "its entries are there");
    tamper(app, "UPDATE audit_seals SET purged_at = NULL WHERE number = 1");
    // As a purge leaves a seal, or without what the hash needs.
    let digest = "SUBSTR(marks, 1, 64)";
    let fake = |number: usize, purged_at: &str, marks: &str| {
        let (first, second) = (ids[number * 2 - 2], ids[number * 2 - 1]);
        tamper(app, &format!("DELETE FROM changes WHERE id IN ({first}, {second})"));
        let set = format!("purged_at = {purged_at}, marks = {marks}");
        tamper(app, &format!("UPDATE audit_seals SET {set} WHERE number = {number}"));
    };
    fake(2, "1", "''");
    assert_eq!(verify(app).findings, [Finding::Purged(2), Finding::Seal(2)], "in the middle");
    tamper(app, "UPDATE audit_seals SET purged_at = sealed_at WHERE number = 2");
    assert_eq!(verify(app).findings, [Finding::Purged(2), Finding::Seal(2)]);
    fake(3, "sealed_at", digest);
    let findings = verify(app).findings;
    assert_eq!(findings, [Finding::Purged(2), Finding::Seal(2), Finding::Purged(3)], "at the end");
    fake(1, "1", digest);
    let findings = verify(app).findings;
    assert_eq!(findings, [Finding::Purged(1), Finding::Seal(2)], "before it was sealed");
    let url = app.database.url_text();
    let (code, out, _) = finished(&mut chiso(&["audit", "verify", "--database-url", &url]));
    assert_eq!(code, Some(1));
    assert!(out.contains("seal 1 says that its entries are no longer kept"), "{out}");
});

/// An entry whose number was made another: on SQLite, where numbers order the feed, it stands before all others.
fn missing(app: &App, id: i64) -> Vec<Finding> {
    match app.database.kind {
        Kind::Sqlite => vec![Finding::Missing(id)],
        Kind::Postgres => vec![Finding::Inserted(-1), Finding::Missing(id)],
    }
}

api_test!(an_entry_that_is_put_in_is_found, |app| {
    // Numbers are left out where a write is undone; what is put in there later was not sealed.
    let ids = write(app);
    tamper(app, &format!("UPDATE changes SET id = {} WHERE id = {}", ids[5] + 1000, ids[5]));
    let columns = "tx, at, actor, resource, record_id, action";
    let of = ids[4];
    tamper(
        app,
        &format!(
            "INSERT INTO changes (id, {columns}) SELECT {}, {columns} FROM changes WHERE id = {of}",
            ids[5]
        ),
    );
    let findings = verify(app).findings;
    assert!(findings.contains(&Finding::Changed(ids[5])), "{findings:?}");
});

api_test!(the_command_verifies_and_fails_where_something_differs, |app| {
    let ids = write(app);
    let url = app.database.url_text();
    let verify = |more: &[&str]| {
        let arguments = [&["audit", "verify", "--database-url", &url][..], more].concat();
        finished(&mut chiso(&arguments))
    };
    let (code, out, _) = verify(&[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.starts_with("6 entries under 3 seals compared\nevery entry is sealed\nlast seal: 3:"),
        "{out}"
    );
    let head = out.trim().rsplit(' ').next().unwrap().to_owned();
    app.post(DOSSIERS, &dossier("D-1", "a")).expect(201);
    let (code, out, _) = verify(&["--seal", &head]);
    assert_eq!(code, Some(0));
    assert!(out.contains("not sealed yet: 1 entries, the oldest of 2021-01-04T08:00:00+07:00"), "{out}");
    let (code, _, error) = verify(&["--seal", "3:0123"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("the log was written anew"), "{error}");
    tamper(app, &format!("UPDATE changes SET actor = 'x' WHERE id = {}", ids[0]));
    let (code, out, error) = verify(&[]);
    assert_eq!(code, Some(1));
    assert!(out.contains(&format!("entry {} was changed", ids[0])), "{out}");
    assert!(error.contains("1 differences"), "{error}");
});

api_test!(what_is_no_longer_kept_is_gone_and_says_where_to_go_on, |app| {
    app.post(UNITS, &unit("old")).expect(201);
    let (_, old) = page(app, "");
    app.patch(&format!("{UNITS}/old"), &json!({"name": "Xã Cũ"})).expect(200);
    let tag = app.get(&format!("{UNITS}/old")).etag();
    seal(app);
    app.set_now("2021-02-04T08:00:00+07:00");
    app.post(UNITS, &unit("new")).expect(201);
    let (_, last) = page(app, "");
    seal(app);
    app.set_now("2021-02-05T08:00:00+07:00");
    app.post(UNITS, &unit("tail")).expect(201);
    let purge = |moment: &str| run(audit::purge(&app.store, moment.parse().unwrap(), now(app))).unwrap();
    assert_eq!(purge(START), 0, "as old as that is kept");
    assert_eq!(purge("2021-02-01T00:00:00Z"), 1);
    assert_eq!(purge("2021-02-01T00:00:00Z"), 0);
    for query in [String::new(), format!("?after={old}"), "?resource=dossiers".to_owned()] {
        let gone = app.get(&format!("{CHANGES}{query}")).expect(410);
        assert_eq!(
            (gone.code(), &gone.json["snapshot"]),
            ("cursor_expired", &json!("/api/v1/changes/snapshot"))
        );
        let next = gone.json["next_cursor"].as_str().unwrap();
        app.get(&format!("{CHANGES}?after={next}")).expect(200);
    }
    let stream = app.ask("GET", CHANGES).header("accept", "text/event-stream").header("last-event-id", old);
    assert_eq!(stream.send().expect(410).code(), "cursor_expired");
    let (items, _) = page(app, &format!("after={last}"));
    assert_eq!(items.iter().map(|i| i["id"].as_str().unwrap()).collect::<Vec<_>>(), ["tail"]);
    // Validators, new entries, seals and the audit log go on.
    assert_eq!(app.get(&format!("{UNITS}/old")).etag(), tag);
    app.ask("PATCH", &format!("{UNITS}/old"))
        .header("if-match", &tag)
        .json(&json!({"name": "Xã"}))
        .send()
        .expect(200);
    seal(app);
    let verdict = verify(app);
    assert_eq!((verdict.purged, verdict.seals, verdict.entries, verdict.findings), (1, 2, 3, vec![]));
    assert_eq!(verdict.purges, [Purge { first: 1, last: 1, at: now(app) }]);
    tamper(app, "UPDATE audit_seals SET newest_at = newest_at - 1 WHERE number = 1");
    assert_eq!(verify(app).findings, [Finding::Seal(1)], "also once its entries are gone");
    let kept: Vec<Value> = entries(app, "sort=at").iter().map(|entry| entry["id"].clone()).collect();
    assert_eq!(kept, [json!("new"), json!("tail"), json!("old")]);
    // A snapshot has what changes no longer tell, and leads on.
    let snapshot = app.get("/api/v1/changes/snapshot?limit=500").expect(200).json;
    let names: Vec<&Value> =
        snapshot["items"].as_array().unwrap().iter().map(|i| &i["record"]["name"]).collect();
    assert_eq!(names, [&json!("Xã new"), &json!("Xã"), &json!("Xã tail")]);
    app.post(UNITS, &unit("later")).expect(201);
    let (items, _) = page(app, &format!("limit=500&after={}", snapshot["changes_cursor"].as_str().unwrap()));
    assert_eq!(items.last().unwrap()["id"], "later");
});
