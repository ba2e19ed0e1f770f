//! Webhooks: what receivers are sent, in order and signed, tried again and given up; and where nothing is sent to.

use chiso::{dispatch::Dispatcher, domain::time::Moment, store::Store};
use serde_json::{Value, json};

use crate::{
    access::{KEYS, make_key},
    changes::{page, settle},
    support::{
        api_test,
        app::{App, KEY, STORE_LIMITS},
        database_test,
        records::{DOSSIERS, UNITS, dossier, unit, with},
    },
    webhook_receivers::{Received, Receiver},
};

const WEBHOOKS: &str = "/api/v1/webhooks";

/// A dispatcher as a service that just started has one.
fn dispatcher(app: &App, allow_private: bool) -> Dispatcher {
    let store = Store::open(&app.database.url, STORE_LIMITS).unwrap();
    Dispatcher::new(store, app.clock(), false, allow_private)
}

/// Sends what is due, as a service that just started.
fn dispatch(app: &App) {
    settle(app);
    let dispatcher = dispatcher(app, true);
    actix_web::rt::System::new().block_on(async { dispatcher.run_once().await.unwrap() });
}

fn later(app: &App, seconds: i64) {
    let now = app.clock()().micros();
    app.set_now(&Moment::from_micros(now + seconds * 1_000_000).to_string());
}

/// Makes a subscription with a key; gives its address and its secret.
fn subscribe(app: &App, key: &str, receiver: &Receiver, over: Value) -> (String, String) {
    // What was written before is not told, once it can be told.
    settle(app);
    let body = with(json!({"url": receiver.url()}), over);
    let made = app.ask("POST", WEBHOOKS).key(key).json(&body).send().expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let path = format!("{WEBHOOKS}/{}", made.json["webhook"]["id"].as_str().unwrap());
    assert_eq!(made.header("location"), path);
    (path, made.json["secret"].as_str().unwrap().to_owned())
}

fn deliveries(app: &App, path: &str) -> Vec<Value> {
    let page = app.get(&format!("{path}/deliveries")).expect(200).json;
    page["items"].as_array().unwrap().clone()
}

fn subjects(received: &[Received]) -> Vec<String> {
    received.iter().map(|r| r.event()["subject"].as_str().unwrap().to_owned()).collect()
}

api_test!(a_receiver_is_sent_each_change_in_order_and_signed, |app| {
    app.make_units(&["before"]);
    let receiver = Receiver::start();
    let (path, secret) = subscribe(app, KEY, &receiver, json!({}));
    let own =
        json!({"secret": "0123456789abcdef", "resources": ["dossiers", "dossiers"], "actions": ["create"]});
    let chosen = Receiver::start();
    assert_eq!(subscribe(app, KEY, &chosen, own).1, "0123456789abcdef");
    let (_, start) = page(app, "limit=500");
    app.make_units(&["u"]);
    app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
    app.patch(&format!("{DOSSIERS}/D-1"), &json!({"field": "Đất đai"})).expect(200);
    app.delete(&format!("{DOSSIERS}/D-1")).expect(204);
    dispatch(app);
    let (items, _) = page(app, &format!("limit=500&after={start}"));
    let received = receiver.take();
    let told: Vec<Value> =
        received.iter().map(|r| r.event()["data"].clone()).filter(|d| d["resource"] != "webhooks").collect();
    assert_eq!(told, items, "the same as the feed tells");
    assert!(received.iter().all(|r| r.is_signed_with(&secret) && !r.is_signed_with("0123456789abcdef")));
    let last = received.last().unwrap();
    assert_eq!(last.path, "/hook");
    assert_eq!(last.headers["content-type"], "application/cloudevents+json; charset=utf-8");
    assert!(last.headers["chiso-signature"].starts_with("t=1609722000,v1="));
    let mut event = last.event();
    event.as_object_mut().unwrap().shift_remove("data");
    let log = deliveries(app, &path);
    assert_eq!(
        event,
        json!({
            "specversion": "1.0", "id": log[0]["id"], "source": "/api/v1/changes", "type": "vn.chiso.dossiers.delete",
            "subject": "D-1", "time": "2021-01-04T08:00:00+07:00", "datacontenttype": "application/json"
        })
    );
    let told: Vec<Value> = log.iter().rev().map(|delivery| delivery["change_cursor"].clone()).collect();
    assert_eq!(told, received.iter().map(|r| r.event()["data"]["cursor"].clone()).collect::<Vec<_>>());
    assert!(log.iter().all(|d| (&d["status"], &d["attempts"], &d["response_status"])
        == (&json!("delivered"), &json!(1), &json!(204))));
    let chosen = chosen.take();
    assert_eq!(subjects(&chosen), ["D-1"]);
    assert!(chosen[0].is_signed_with("0123456789abcdef"));
    dispatch(app);
    assert!(receiver.take().is_empty(), "once is enough");
    let first = app.get(&format!("{path}/deliveries?limit=1")).expect(200).json;
    let next = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("{path}/deliveries?limit=1&cursor={next}")).expect(200).json;
    assert_eq!((&first["items"][0], &second["items"][0]), (&log[0], &log[1]));
    assert_eq!(
        app.get(&format!("{path}/deliveries?cursor=x")).expect(400).violations(),
        [("cursor", "invalid_cursor")]
    );
    assert_eq!(app.get(&format!("{path}/deliveries?status=failed")).expect(200).json["items"], json!([]));
    // No secret is shown, nor in the log of changes.
    let dump = format!("{:?}{:?}", app.get(&path).json, page(app, "limit=500&resource=webhooks"));
    assert!(!dump.contains(&secret) && !dump.contains("0123456789abcdef"));
});

api_test!(what_failed_is_tried_again_with_growing_gaps_by_whoever_runs_then, |app| {
    let receiver = Receiver::start();
    let (path, _) = subscribe(app, KEY, &receiver, json!({"resources": ["units"]}));
    receiver.answers(1, "500", "");
    receiver.answers(1, "302", &format!("Location: {}\r\n", receiver.url()));
    app.make_units(&["a", "b"]);
    dispatch(app);
    assert_eq!(subjects(&receiver.take()), ["a"], "what follows waits, so that the order is kept");
    let log = deliveries(app, &path);
    let told = |d: &Value| (d["status"].clone(), d["attempts"].clone(), d["error"].clone());
    assert_eq!(told(&log[1]), (json!("pending"), json!(1), json!("answered 500")));
    assert_eq!(told(&log[0]), (json!("pending"), json!(0), Value::Null));
    later(app, 5);
    dispatch(app);
    assert!(receiver.take().is_empty(), "not yet");
    later(app, 7);
    dispatch(app);
    let again = receiver.take();
    assert_eq!(again.len(), 1, "a redirect is not followed");
    assert_eq!(again[0].event()["id"], log[1]["id"]);
    let log = deliveries(app, &path);
    assert_eq!(told(&log[1]).2, json!("redirected (302): redirects are not followed"));
    later(app, 50);
    dispatch(app);
    assert!(receiver.take().is_empty(), "the gap grows");
    later(app, 17);
    dispatch(app);
    assert_eq!(subjects(&receiver.take()), ["a", "b"]);
    assert_eq!(told(&deliveries(app, &path)[1]), (json!("delivered"), json!(3), Value::Null));
});

api_test!(what_fails_for_a_day_is_given_up_and_three_of_these_stop_it, |app| {
    let receiver = Receiver::start();
    let (path, _) = subscribe(app, KEY, &receiver, json!({"resources": ["units"]}));
    app.make_units(&["a", "b", "c", "d"]);
    receiver.answers(24, "503", "");
    for _ in 0..24 {
        dispatch(app);
        later(app, 14 * 3600);
    }
    let sent = subjects(&receiver.take());
    let times = |id: &str| sent.iter().filter(|subject| *subject == id).count();
    assert_eq!((times("a"), times("b"), times("c"), times("d")), (8, 8, 8, 0), "{sent:?}");
    let stopped = app.get(&path).expect(200).json;
    assert_eq!((&stopped["active"], &stopped["stopped_because"]), (&json!(false), &json!("failing")));
    let failed = app.get(&format!("{path}/deliveries?status=failed")).expect(200).json;
    assert_eq!(failed["items"].as_array().unwrap().len(), 3);
    dispatch(app);
    assert!(receiver.take().is_empty());
    // It is told who stopped it, and it goes on where it stands when its owner says so.
    let (items, _) = page(app, "limit=500&resource=webhooks");
    assert_eq!(items.last().unwrap()["actor"], "webhooks");
    let on = app.patch(&path, &json!({"active": true})).expect(200).json;
    assert_eq!((&on["active"], &on["stopped_because"]), (&json!(true), &Value::Null));
    dispatch(app);
    assert_eq!(subjects(&receiver.take()), ["d"]);
});

api_test!(the_owner_is_told_what_its_key_sees, |app| {
    app.make_units(&["a", "b"]);
    let receiver = Receiver::start();
    let (key, key_id) = make_key(app, json!({"scopes": ["dossiers:read"], "unit_id": "a"}));
    let (path, _) = subscribe(app, &key, &receiver, json!({"resources": ["dossiers", "commendations"]}));
    app.post(DOSSIERS, &dossier("D-1", "a")).expect(201);
    app.post(DOSSIERS, &dossier("D-2", "b")).expect(201);
    let transfer = json!({"to_unit_id": "b", "at": "2020-03-03T08:00:00+07:00"});
    app.post(&format!("{DOSSIERS}/D-1/transfers"), &transfer).expect(201);
    app.post("/api/v1/commendations", &crate::access::body_of("commendations")).expect(201);
    dispatch(app);
    let received = receiver.take();
    let told: Vec<Value> = received.iter().map(|r| r.event()["type"].clone()).collect();
    assert_eq!(
        told,
        ["vn.chiso.dossiers.create", "vn.chiso.dossiers.delete", "vn.chiso.commendations.create"]
    );
    let data = |i: usize| received[i].event()["data"].clone();
    assert_eq!((&data(1)["before"]["unit_id"], &data(1)["after"]), (&json!("a"), &Value::Null));
    assert_eq!(data(2)["after"]["recipients"][0]["name"], Value::Null, "masked");
    // Its owner and administrators see it, nobody else.
    let other = make_key(app, json!({"unit_id": "b"})).0;
    for (key, status) in [(key.as_str(), 200), (KEY, 200), (other.as_str(), 404)] {
        app.ask("GET", &path).key(key).send().expect(status);
        app.ask("GET", &format!("{path}/deliveries")).key(key).send().expect(status);
    }
    let listed = |key: &str| app.ask("GET", WEBHOOKS).key(key).send().expect(200).each("id").len();
    assert_eq!((listed(&key), listed(&other), listed(KEY)), (1, 0, 1));
    app.ask("DELETE", &path).key(other.as_str()).send().expect(404);
    // Nothing is sent for a key that is revoked, not even what was planned before.
    app.post(DOSSIERS, &dossier("D-3", "a")).expect(201);
    receiver.answers(1, "500", "");
    dispatch(app);
    assert_eq!(subjects(&receiver.take()), ["D-3"]);
    app.delete(&format!("{KEYS}/{key_id}")).expect(204);
    later(app, 3600);
    dispatch(app);
    assert!(receiver.take().is_empty());
    assert_eq!(app.get(&path).expect(200).json["stopped_because"], "owner_gone");
    app.delete(&path).expect(204);
    app.get(&path).expect(404);
});

api_test!(nothing_is_sent_for_a_key_that_has_expired, |app| {
    app.make_units(&["a"]);
    let end = "2021-01-04T09:00:00+07:00";
    let key = make_key(app, json!({"scopes": ["dossiers:read"], "expires_at": end})).0;
    let receiver = Receiver::start();
    let (path, _) = subscribe(app, &key, &receiver, json!({}));
    app.post(DOSSIERS, &dossier("D-1", "a")).expect(201);
    app.set_now(end);
    dispatch(app);
    assert!(receiver.take().is_empty());
    assert_eq!(app.get(&path).expect(200).json["stopped_because"], "owner_gone");
});

api_test!(several_instances_send_everything_once_and_in_order, |app| {
    let receiver = Receiver::start();
    subscribe(app, KEY, &receiver, json!({"resources": ["units"]}));
    let ids: Vec<String> = (0..60).map(|n| format!("u-{n:02}")).collect();
    for id in &ids {
        app.post(UNITS, &unit(id)).expect(201);
    }
    settle(app);
    let instances: Vec<Dispatcher> = (0..3).map(|_| dispatcher(app, true)).collect();
    std::thread::scope(|scope| {
        for instance in instances {
            scope.spawn(move || {
                actix_web::rt::System::new().block_on(async { instance.run_once().await.unwrap() });
            });
        }
    });
    assert_eq!(subjects(&receiver.take()), ids);
});

api_test!(a_target_is_looked_at_again_when_it_is_connected_to, |app| {
    // Written while the operator allowed private targets; sent when that is no longer so.
    let receiver = Receiver::start();
    let port = receiver.address.port();
    let paths: Vec<String> = ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433"]
        .map(|host| {
            let url = json!({"url": format!("https://{host}:{port}/hook"), "resources": ["units"]});
            subscribe(app, KEY, &receiver, url).0
        })
        .to_vec();
    app.make_units(&["u"]);
    settle(app);
    let dispatcher = dispatcher(app, false);
    actix_web::rt::System::new().block_on(async { dispatcher.run_once().await.unwrap() });
    assert!(receiver.take().is_empty());
    for path in paths {
        assert_eq!(deliveries(app, &path)[0]["error"], "private target", "{path}");
    }
});

database_test!(private_targets_are_refused_unless_they_are_allowed, |database| {
    chiso::store::migrate::run(&database.url).unwrap();
    let app = App::with_public_webhooks(database.shared());
    for url in [
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://[::1]/x",
        "https://[fd00::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://192.0.2.1/",
        "https://localhost:8443/",
        "https://2130706433/",
    ] {
        let refused = app.post(WEBHOOKS, &json!({"url": url})).expect(422);
        assert_eq!(refused.violations(), [("/url", "private_target")], "{url}");
    }
    let refused = app.post(WEBHOOKS, &json!({"url": "http://203.162.0.1/"})).expect(422);
    assert_eq!(refused.violations(), [("/url", "not_https")]);
    let made = app.post(WEBHOOKS, &json!({"url": "https://203.162.0.1/hook"})).expect(201);
    let path = made.header("location");
    let refused = app.patch(path, &json!({"url": "https://127.0.0.1/"})).expect(422);
    assert_eq!(refused.violations(), [("/url", "private_target")]);
    assert_eq!(app.get(path).expect(200).json["url"], "https://203.162.0.1/hook");
    assert_eq!(app.patch(path, &json!({"active": false})).expect(200).json["active"], json!(false));
});

api_test!(a_webhook_that_breaks_a_rule_is_refused_by_name, |app| {
    let good = json!({"url": "http://127.0.0.1:1/hook"});
    for (over, status, want) in [
        (json!({"url": "no url"}), 422, ("/url", "malformed_url")),
        (json!({"url": "http://u:p@127.0.0.1/"}), 422, ("/url", "malformed_url")),
        (json!({"secret": "short"}), 422, ("/secret", "out_of_range")),
        (json!({"unit_id": "nowhere"}), 422, ("/unit_id", "unknown_unit")),
        (json!({"resources": ["people"]}), 400, ("/resources/0", "unknown_word")),
        (json!({"actions": ["destroy"]}), 400, ("/actions/0", "unknown_word")),
        (json!({"colour": 1}), 400, ("/colour", "unknown_field")),
    ] {
        let refused = app.post(WEBHOOKS, &with(good.clone(), over)).expect(status);
        assert!(refused.violations().contains(&want), "{}", refused.json);
    }
    assert_eq!(app.post(WEBHOOKS, &json!({})).expect(422).violations(), [("/url", "required")]);
    let made = app.post(WEBHOOKS, &good).expect(201);
    let (path, tag) = (made.header("location"), made.etag());
    let patched =
        app.ask("PATCH", path).header("if-match", &tag).json(&json!({"actions": ["delete"]})).send();
    assert_eq!(patched.expect(200).json["actions"], json!(["delete"]));
    app.ask("DELETE", path).header("if-match", &tag).send().expect(412);
    app.patch(path, &json!({"id": "x"})).expect(422);
    app.patch(path, &json!({"colour": 1})).expect(400);
    app.patch(&format!("{WEBHOOKS}/none"), &json!({"colour": 1})).expect(404);
    for _ in 0..49 {
        app.post(WEBHOOKS, &good).expect(201);
    }
    assert_eq!(app.post(WEBHOOKS, &good).expect(409).code(), "too_many");
});
