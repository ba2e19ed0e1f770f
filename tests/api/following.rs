//! Following changes: many writers and one reader, what a caller sees of them, waiting, streams, and starting anew.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::{
    access::{make_key, make_records},
    changes::{page, settle},
    edition_cycle::{begin, publish},
    lifecycle::Served,
    support::{
        api_test,
        app::{App, KEY},
        client::{Client, encoded},
        database_test,
        indexes::EDITION,
        records::{DOSSIERS, UNITS, dossier, unit, with},
    },
};

pub const CHANGES: &str = "/api/v1/changes";
const SNAPSHOT: &str = "/api/v1/changes/snapshot";

/// The state of a follower: records by kind and id.
type State = BTreeMap<(String, String), Value>;

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn key_of(change: &Value) -> (String, String) {
    (text(&change["resource"]), text(&change["id"]))
}

/// Does what a change says. What it found must be what the change before it left.
fn apply(state: &mut State, change: &Value) {
    let key = key_of(change);
    let before = state.get(&key).cloned().unwrap_or(Value::Null);
    assert_eq!(change["before"], before, "{key:?}: {change}");
    match change["action"].as_str().unwrap() {
        "delete" => drop(state.remove(&key)),
        _ => drop(state.insert(key, change["after"].clone())),
    }
}

/// Follows the feed in small pages from the beginning until it is told to end, and all is told.
fn follow(client: &Client, database_is_told: impl Fn(), end: &AtomicBool) -> Vec<Value> {
    let (mut told, mut cursor) = (Vec::new(), String::new());
    loop {
        let last = end.load(Ordering::SeqCst);
        if last {
            database_is_told();
        }
        loop {
            let after = if cursor.is_empty() { String::new() } else { format!("&after={cursor}") };
            let page = client.get(&format!("{CHANGES}?limit=7{after}")).expect(200).json;
            cursor = text(&page["next_cursor"]);
            let items = page["items"].as_array().unwrap().clone();
            let more = page["more"] == json!(true);
            told.extend(items);
            if !more {
                break;
            }
        }
        if last {
            return told;
        }
    }
}

/// One writer's part: its own records and those that all write, alone and several in one transaction.
fn write(client: &Client, writer: usize) -> usize {
    let mut written = 0;
    for n in 0..6 {
        let own = format!("own-{writer}-{n}");
        client.post(DOSSIERS, &dossier(&own, "u")).expect(201);
        let field = json!({"field": format!("{writer}.{n}")});
        client.patch(&format!("{DOSSIERS}/{own}"), &field).expect(200);
        // Writers meet here, in the same and in opposite order.
        for shared in if writer.is_multiple_of(2) { ["s-0", "s-1"] } else { ["s-1", "s-0"] } {
            client.patch(&format!("{DOSSIERS}/{shared}"), &field).expect(200);
        }
        client.patch(&format!("{UNITS}/u"), &json!({"name": format!("Xã {writer}.{n}")})).expect(200);
        // One transaction that has written a record of its own before it comes to one that others write.
        let items = json!({"items": [
            with(dossier(&format!("b-{writer}-{n}"), "u"), field.clone()),
            with(dossier("s-2", "u"), json!({"field": format!("{writer}.{n}")})),
        ]});
        client.post(&format!("{DOSSIERS}/batch?atomic=true"), &items).expect(200);
        written += 7;
        if n % 2 == 0 {
            client.delete(&format!("{DOSSIERS}/{own}")).expect(204);
            written += 1;
        }
    }
    written
}

api_test!(many_writers_are_followed_without_a_gap_and_in_one_order, |app| {
    app.make_units(&["u"]);
    for shared in ["s-0", "s-1", "s-2"] {
        app.post(DOSSIERS, &dossier(shared, "u")).expect(201);
    }
    let end = AtomicBool::new(false);
    let address = app.address;
    let (written, told) = std::thread::scope(|scope| {
        let follower = scope.spawn(|| follow(&Client::new(address), || settle(app), &end));
        let writers: Vec<_> =
            (0..8).map(|writer| scope.spawn(move || write(&Client::new(address), writer))).collect();
        let written: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        end.store(true, Ordering::SeqCst);
        (written, follower.join().unwrap())
    });
    assert_eq!(told.len(), written + 4, "every write once");
    let logged = app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM changes");
    assert_eq!(logged, [told.len().to_string()]);
    // Told again from the beginning it is the same, in the same order.
    let again = follow(app, || (), &AtomicBool::new(true));
    assert_eq!(again, told);
    // Each change found what the one before it of the same record left; and the end is what there is.
    let mut state = State::new();
    told.iter().for_each(|change| apply(&mut state, change));
    assert_eq!(state, snapshot(app, "limit=50").0);
});

/// All pages of a snapshot, and where to follow from.
fn snapshot(app: &App, query: &str) -> (State, String) {
    snapshot_as(app, KEY, query)
}

fn snapshot_as(app: &App, key: &str, query: &str) -> (State, String) {
    let mut state = State::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{SNAPSHOT}?{query}{cursor}");
        let page = app.ask("GET", &path).key(key).send().expect(200).json;
        for item in page["items"].as_array().unwrap() {
            let new = state.insert(key_of(item), item["record"].clone()).is_none();
            assert!(new, "told twice: {item}");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (state, text(&page["changes_cursor"])),
        }
    }
}

/// What lists give that the change log doesn't: it is derived, or shown otherwise.
const SHOWN_OTHERWISE: &[&str] = &["score", "value", "coverage", "weight", "checks"];

api_test!(who_starts_from_nothing_rebuilds_what_the_lists_give, |app| {
    make_records(app);
    let mut state = State::new();
    follow(app, || settle(app), &AtomicBool::new(true)).iter().for_each(|change| apply(&mut state, change));
    assert_eq!(state, snapshot(app, "limit=3").0);
    let mut compared = BTreeMap::new();
    let mut listed = Vec::new();
    for (resource, path, id) in [
        ("units", "units", "id"),
        ("dossiers", "dossiers", "code"),
        ("indexes", "indexes", "code"),
        ("editions", "indexes/ix/editions", "year"),
        ("index-scores", "index-scores", "id"),
        ("commendations", "commendations", "id"),
        ("reported-figures", "reported-figures", "id"),
        ("improvement-actions", "improvement-actions", "id"),
        ("calendars", "calendars", "id"),
        ("procedures", "procedures", "code"),
        ("returns", "returns", "id"),
        ("clock-rules", "clock-rules", "id"),
        ("form-reports", "reports/form-06a/a/2020/revisions", "id"),
        ("api-keys", "api-keys", "id"),
        ("webhooks", "webhooks", "id"),
    ] {
        for item in app.get(&format!("/api/v1/{path}")).expect(200).json["items"].as_array().unwrap() {
            let id = match (resource, &item[id]) {
                ("editions", year) => format!("ix/{year}"),
                ("form-reports", _) => format!("a/2020/statutory/{}", item["revision"]),
                (_, id) => text(id),
            };
            let record = &state[&(resource.to_owned(), id.clone())];
            for (member, value) in record.as_object().unwrap() {
                if !SHOWN_OTHERWISE.contains(&member.as_str())
                    && let Some(shown) = item.get(member)
                {
                    assert_eq!(shown, value, "{resource} {id} {member}");
                    *compared.entry(resource).or_insert(0) += 1;
                }
            }
            listed.push((resource.to_owned(), id));
        }
    }
    listed.sort();
    assert_eq!(listed, state.keys().cloned().collect::<Vec<_>>(), "nothing more and nothing less");
    assert_eq!(compared.len(), 15, "{compared:?}");
    assert!(compared.values().all(|members| *members > 2), "{compared:?}");
});

fn seen(app: &App, key: &str, query: &str) -> Vec<Value> {
    settle(app);
    let page = app.ask("GET", &format!("{CHANGES}?limit=500&{query}")).key(key).send().expect(200);
    page.json["items"].as_array().unwrap().clone()
}

fn told(items: &[Value]) -> Vec<(&str, &str, bool, bool)> {
    items
        .iter()
        .map(|i| {
            let (before, after) = (!i["before"].is_null(), !i["after"].is_null());
            (i["id"].as_str().unwrap(), i["action"].as_str().unwrap(), before, after)
        })
        .collect()
}

api_test!(a_dossier_that_moves_is_a_tombstone_here_and_new_there, |app| {
    app.make_units(&["a", "b"]);
    let key =
        |unit: &str| make_key(app, json!({"scopes": ["dossiers:read", "dossiers:write"], "unit_id": unit})).0;
    let (of_a, of_b) = (key("a"), key("b"));
    app.post(DOSSIERS, &dossier("D-1", "a")).expect(201);
    app.post(DOSSIERS, &dossier("D-2", "b")).expect(201);
    let transfer = json!({"to_unit_id": "b", "at": "2020-03-03T08:00:00+07:00", "ground": "Sắp xếp đơn vị"});
    app.post(&format!("{DOSSIERS}/D-1/transfers"), &transfer).expect(201);
    app.patch(&format!("{DOSSIERS}/D-1"), &json!({"field": "Đất đai"})).expect(200);
    let dossiers = "resource=dossiers";
    let here = [("D-1", "create", false, true), ("D-1", "delete", true, false)];
    let there =
        [("D-2", "create", false, true), ("D-1", "create", false, true), ("D-1", "update", true, true)];
    let gone = seen(app, &of_a, dossiers);
    assert_eq!(told(&gone), here);
    assert_eq!((&gone[1]["before"]["unit_id"], &gone[1]["reason"]), (&json!("a"), &Value::Null));
    assert_eq!(told(&seen(app, &of_b, dossiers)), there);
    // A follower of one unit is told the same, whatever else it may see.
    assert_eq!(told(&seen(app, KEY, "resource=dossiers&unit_id=a")), here);
    assert_eq!(told(&seen(app, KEY, "resource=dossiers&unit_id=b")), there);
    for key in [&of_a, &of_b] {
        let mut state = State::new();
        seen(app, key, "").iter().for_each(|change| apply(&mut state, change));
        assert_eq!(state, snapshot_as(app, key, "limit=2").0);
    }
    let narrow = make_key(app, json!({"scopes": ["units:write"]})).0;
    assert!(seen(app, &narrow, dossiers).is_empty());
    // An empty page leads on, so that nobody looks again through what isn't seen.
    let page =
        app.ask("GET", "/api/v1/changes?resource=dossiers").key(narrow.as_str()).send().expect(200).json;
    let (_, last) = self::page(app, "limit=500&resource=dossiers");
    assert_eq!(page["next_cursor"], last);
});

api_test!(each_kind_is_seen_as_the_resource_itself_is, |app| {
    make_records(app);
    let key = |over: Value| make_key(app, over).0;
    let kinds = |key: &str| {
        let mut kinds: Vec<String> = seen(app, key, "").iter().map(|i| text(&i["resource"])).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    let everybody = [
        "calendars",
        "clock-rules",
        "commendations",
        "form-reports",
        "improvement-actions",
        "indexes",
        "procedures",
        "reported-figures",
        "returns",
        "units",
    ];
    let with_more = |more: &[&'static str]| {
        let mut all: Vec<&'static str> = everybody.iter().chain(more).copied().collect();
        all.sort_unstable();
        all
    };
    assert_eq!(kinds(&key(json!({"scopes": ["units:write"]}))), everybody);
    assert_eq!(kinds(&key(json!({"scopes": ["dossiers:read"], "unit_id": "b"}))), everybody);
    assert_eq!(kinds(&key(json!({"scopes": ["dossiers:read"]}))), with_more(&["dossiers"]));
    let scores = json!({"scopes": ["scores:read"], "unit_id": "a"});
    assert_eq!(kinds(&key(scores)), with_more(&["editions", "index-scores"]));
    assert_eq!(kinds(&key(json!({"scopes": ["scores:read"], "unit_id": "b"}))), with_more(&["editions"]));
    let bound = with_more(&["dossiers", "editions", "index-scores"]);
    assert_eq!(kinds(&key(json!({"unit_id": "a"}))), bound, "keys are for administrators of all units");
    let all = with_more(&["api-keys", "dossiers", "editions", "index-scores", "webhooks"]);
    assert_eq!(kinds(&key(json!({}))), all);
    let named =
        |key: &str| seen(app, key, "resource=commendations")[0]["after"]["recipients"][0]["name"].clone();
    let reads = json!({"scopes": ["commendations:read"], "unit_id": "a"});
    assert_eq!(named(&key(reads)), json!("Nguyễn Thị B"));
    assert_eq!(named(&key(json!({"scopes": ["commendations:read"], "unit_id": "b"}))), Value::Null);
    assert_eq!(named(&key(json!({"scopes": ["units:write"]}))), Value::Null);
    // No secret and no hash of one is in the feed.
    for item in seen(app, KEY, "resource=api-keys").iter().chain(&seen(app, KEY, "resource=webhooks")) {
        assert!(item["after"].get("secret").is_none() && item["after"]["secrets"][0].get("hash").is_none());
    }
});

api_test!(to_the_public_an_edition_is_what_was_published, |app| {
    begin(app);
    let narrow = make_key(app, json!({"scopes": ["dossiers:read"]})).0;
    let editions = || seen(app, &narrow, "resource=editions");
    assert!(editions().is_empty(), "a draft");
    publish(app, Value::Null).expect(201);
    app.patch(EDITION, &json!({"note": "Sửa"})).expect(200);
    assert_eq!(told(&editions()), [("ix/2016", "create", false, true)], "and nothing of what is worked on");
    publish(app, json!("Đính chính")).expect(201);
    let items = editions();
    assert_eq!(told(&items), [("ix/2016", "create", false, true), ("ix/2016", "update", true, true)]);
    assert_eq!(items[1]["before"], items[0]["after"]);
    assert_eq!((&items[1]["before"]["note"], &items[1]["after"]["note"]), (&Value::Null, &json!("Sửa")));
    app.patch(EDITION, &json!({"note": "Sửa nữa"})).expect(200);
    let (state, _) = snapshot_as(app, &narrow, "resource=editions");
    assert_eq!(state.into_values().collect::<Vec<_>>(), [items[1]["after"].clone()]);
});

api_test!(a_waiting_request_is_answered_by_the_change, |app| {
    app.make_units(&["u"]);
    let (_, cursor) = page(app, "limit=500");
    let address = app.address;
    let waited = std::thread::scope(|scope| {
        let path = format!("{CHANGES}?resource=dossiers&wait=60&after={cursor}");
        let waiting = scope.spawn(move || {
            let client = Client::new(address);
            loop {
                let page = client.get(&path).expect(200).json;
                // A transaction of another test may hold the feed back for longer than one wait.
                if !page["items"].as_array().unwrap().is_empty() {
                    return page;
                }
            }
        });
        // What it doesn't ask for doesn't answer it.
        app.make_units(&["v"]);
        app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
        waiting.join().unwrap()
    });
    assert_eq!(waited["items"][0]["id"], "D-1");
    settle(app);
    let after = text(&waited["next_cursor"]);
    let none = app.get(&format!("{CHANGES}?wait=1&after={after}")).expect(200).json;
    assert_eq!(
        (&none["items"], &none["next_cursor"], &none["more"]),
        (&json!([]), &json!(after), &json!(false))
    );
    let refused = app.get(&format!("{CHANGES}?wait=61")).expect(400);
    assert_eq!(refused.violations(), [("wait", "out_of_range")]);
});

/// A stream of changes, read line by line.
struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(client: &Client, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(client.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let head = format!(
            "GET {CHANGES}?{query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\
             Accept-Encoding: gzip\r\nX-API-Key: {KEY}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
        }
        let head = head.to_ascii_lowercase();
        assert!(
            head.starts_with("http/1.1 200") && head.contains("content-type: text/event-stream"),
            "{head}"
        );
        assert!(!head.contains("content-encoding"), "{head}");
        Self(lines)
    }

    /// Id, action and change of the next event.
    fn next(&mut self) -> (String, String, Value) {
        let (mut id, mut event) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => id = value.to_owned(),
                Some(("event", value)) => event = value.to_owned(),
                Some(("data", value)) => return (id, event, serde_json::from_str(value).unwrap()),
                _ => {}
            }
        }
    }
}

api_test!(a_stream_tells_each_change_and_goes_on_where_it_was_left, |app| {
    app.make_units(&["a"]);
    let (_, start) = page(app, "limit=500");
    let mut stream = Stream::open(app, &format!("after={start}"), "");
    app.make_units(&["b"]);
    app.patch(&format!("{UNITS}/a"), &json!({"name": "Xã Khác"})).expect(200);
    app.delete(&format!("{UNITS}/b")).expect(204);
    let events: Vec<_> = (0..3).map(|_| stream.next()).collect();
    let (items, _) = page(app, &format!("limit=500&after={start}"));
    for ((id, event, change), item) in events.iter().zip(&items) {
        assert_eq!(
            (id.as_str(), event.as_str()),
            (item["cursor"].as_str().unwrap(), item["action"].as_str().unwrap())
        );
        assert_eq!(change, item);
    }
    assert_eq!(
        told(&items).iter().map(|i| (i.0, i.1)).collect::<Vec<_>>(),
        [("b", "create"), ("a", "update"), ("b", "delete")]
    );
    drop(stream);
    // `Last-Event-ID` goes before `after`; a filter holds as for pages.
    let again = format!("Last-Event-ID: {}\r\n", events[0].0);
    let mut stream = Stream::open(app, &format!("after={start}&record_id=b"), &again);
    assert_eq!(stream.next(), events[2]);
    for wrong in ["x", "đ"] {
        let ask = app.ask("GET", CHANGES).header("accept", "text/event-stream");
        let ask = ask.header("last-event-id", wrong);
        assert_eq!(ask.send().expect(400).violations(), [("Last-Event-ID", "invalid_cursor")], "{wrong}");
    }
});

database_test!(who_follows_is_let_go_when_the_service_stops, |database| {
    chiso::store::migrate::run(&database.url).unwrap();
    let mut served = Served::start(database);
    served.client.post(UNITS, &unit("u")).expect(201);
    let mut stream = Stream::open(&served.client, "", "");
    assert_eq!(stream.next().2["id"], "u");
    let (cursor, address) = (stream_end(&served.client), served.client.address);
    let waiting = std::thread::spawn(move || {
        Client::new(address).get(&format!("{CHANGES}?wait=60&resource=dossiers&after={cursor}")).status
    });
    // Nothing says when the wait has begun.
    std::thread::sleep(Duration::from_secs(1));
    served.signal("-TERM");
    assert_eq!(waiting.join().unwrap(), 200, "an answer, not a broken connection");
    let mut rest = String::new();
    stream.0.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the stream was ended, not cut off: {rest}");
    assert!(served.child.wait().unwrap().success());
});

fn stream_end(client: &Client) -> String {
    text(&client.get(&format!("{CHANGES}?limit=500")).expect(200).json["next_cursor"])
}

api_test!(what_cannot_be_followed_is_refused_by_name, |app| {
    app.make_units(&["u"]);
    let (_, cursor) = snapshot(app, "");
    for (query, pointer) in [
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        (&format!("cursor={cursor}"), "cursor"),
        ("resource=people", "resource"),
        ("colour=red", "colour"),
    ] {
        let answer = app.get(&format!("{SNAPSHOT}?{query}")).expect(400);
        assert_eq!(answer.violations()[0].0, pointer, "{query}");
    }
    let first = app.get(&format!("{SNAPSHOT}?limit=1&resource=units")).expect(200).json;
    let next = text(&first["next_cursor"]);
    app.get(&format!("{SNAPSHOT}?limit=1&resource=units&cursor={next}")).expect(200);
    let other = app.get(&format!("{SNAPSHOT}?limit=1&cursor={next}")).expect(400);
    assert_eq!(other.violations(), [("cursor", "invalid_cursor")], "a cursor belongs to its filters");
    assert!(seen(app, KEY, &format!("record_id={}", encoded("Xã"))).is_empty());
});

// A cluster counts its transactions by itself: what was restored into a younger one has higher numbers than new writes.
api_test!(a_database_that_was_restored_elsewhere_is_followed_on on Postgres, |app| {
    app.make_units(&["a", "b"]);
    app.database.connect().batch_execute("UPDATE changes SET tx = tx + 1000000000000").unwrap();
    chiso::store::migrate::run(&app.database.url).unwrap();
    app.make_units(&["c"]);
    chiso::store::migrate::run(&app.database.url).unwrap();
    app.patch(&format!("{UNITS}/a"), &json!({"name": "Xã Khác"})).expect(200);
    let begun = std::time::Instant::now();
    let told = loop {
        let page = app.get(&format!("{CHANGES}?limit=500")).expect(200).json;
        let items = page["items"].as_array().unwrap().clone();
        if items.len() == 4 || begun.elapsed() > Duration::from_secs(120) {
            break items;
        }
    };
    let ids: Vec<&str> = told.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "b", "c", "a"]);
});
