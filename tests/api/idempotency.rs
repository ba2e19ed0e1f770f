//! `Idempotency-Key`: one effect and one answer, however often, wherever and by how many a request is sent.

use std::sync::Barrier;

use chiso::{
    service::idempotency,
    store::{
        StoreError,
        idempotency::{Claim, Held, repeatable, under},
    },
};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    client::{Answer, Ask, Client},
    database::{Database, lines},
    database_test,
    records::{DOSSIERS, UNITS, dossier, unit, with},
    spec,
};

const ACTIONS: &str = "/api/v1/improvement-actions";

/// An action, whose id is made by the service: a second effect would be a second record.
fn action(title: &str) -> Value {
    json!({"title": title, "kind": "plan_task", "status": "open", "owner_unit_id": "u"})
}

fn keyed<'a>(client: &'a Client, path: &'a str, key: &str, body: &Value) -> Ask<'a> {
    client.ask("POST", path).header("idempotency-key", key).json(body)
}

#[track_caller]
fn is_replay(first: &Answer, second: &Answer) {
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!((first.status, &first.raw), (second.status, &second.raw));
    for name in ["location", "etag", "content-type", "content-language"] {
        assert_eq!(first.header(name), second.header(name), "{name}");
    }
    assert!(first.header("idempotency-replayed").is_empty());
}

fn count(app: &App, path: &str) -> usize {
    app.get(path).expect(200).json["items"].as_array().unwrap().len()
}

/// Lets what the claims wait for happen, as if time had passed or a process had died.
fn claims(app: &App, set: &str) {
    app.database.connect().batch_execute(&format!("UPDATE idempotency_claims SET {set}")).unwrap();
}

api_test!(the_same_key_and_body_give_the_stored_answer, |app| {
    app.make_units(&["u"]);
    let first = keyed(app, ACTIONS, "k", &action("a")).send().expect(201);
    for _ in 0..3 {
        is_replay(&first, &keyed(app, ACTIONS, "k", &action("a")).send());
    }
    is_replay(&first, &keyed(app, ACTIONS, "\"k\"", &action("a")).send());
    assert_eq!(count(app, ACTIONS), 1);
    keyed(app, ACTIONS, "another", &action("a")).send().expect(201);
    app.post(ACTIONS, &action("a")).expect(201);
    assert_eq!(count(app, ACTIONS), 3);
});

api_test!(a_refusal_that_came_of_processing_is_kept, |app| {
    let absent = with(action("a"), json!({"owner_unit_id": "later"}));
    let first = keyed(app, ACTIONS, "k", &absent).send().expect(422);
    app.make_units(&["later"]);
    is_replay(&first, &keyed(app, ACTIONS, "k", &absent).send());
    let twice = keyed(app, UNITS, "k2", &unit("later")).send().expect(409);
    is_replay(&twice, &keyed(app, UNITS, "k2", &unit("later")).send());
    let path = "/api/v1/dossiers/absent/events";
    let event = json!({"status": 9, "at": "2020-03-06T08:00:00+07:00"});
    let first = keyed(app, path, "k3", &event).send().expect(404);
    is_replay(&first, &keyed(app, path, "k3", &event).send());
});

api_test!(a_request_that_was_not_read_leaves_the_key_free, |app| {
    let ask = |kind: &'static str, body: &'static str| {
        let ask = app.ask("POST", UNITS).header("idempotency-key", "k").header("content-type", kind);
        ask.raw(body).send()
    };
    ask("application/json", "{").expect(400);
    ask("application/json", "{\"colour\": 1}").expect(400);
    ask("text/plain", "{}").expect(415);
    let long =
        app.ask("POST", UNITS).header("idempotency-key", "k").header("content-type", "application/json");
    long.raw(vec![b' '; 2 * 1024 * 1024 + 1]).send().expect(413);
    assert!(app.database.lines("SELECT id AS line FROM idempotency_claims").is_empty());
    keyed(app, UNITS, "k", &unit("u")).send().expect(201);
});

api_test!(another_request_with_the_key_is_refused, |app| {
    app.make_units(&["u"]);
    keyed(app, ACTIONS, "k", &action("a")).send().expect(201);
    let other_body = keyed(app, ACTIONS, "k", &action("b")).send().expect(422);
    assert_eq!(other_body.code(), "idempotency_key_reused");
    let other_address = keyed(app, UNITS, "k", &action("a")).send().expect(422);
    assert_eq!(other_address.code(), "idempotency_key_reused");
    assert_eq!(count(app, ACTIONS), 1);
});

api_test!(a_key_that_is_none_is_refused, |app| {
    for wrong in ["", "\"\"", &"k".repeat(256), "đ", "a\tb"] {
        let refused = keyed(app, UNITS, wrong, &unit("u")).send().expect(400);
        assert_eq!(refused.violations()[0].0, "Idempotency-Key", "{wrong}");
    }
    let twice = keyed(app, UNITS, "a", &unit("u")).header("idempotency-key", "b").send().expect(400);
    assert_eq!(twice.violations(), [("Idempotency-Key", "given_twice")]);
    keyed(app, UNITS, &"k".repeat(255), &unit("u")).send().expect(201);
});

/// Sends one request from many threads at once; gives the answers.
fn at_once(apps: &[&App], threads: usize, key: &str) -> Vec<Answer> {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let sent: Vec<_> = (0..threads)
            .map(|i| {
                let (barrier, address) = (&barrier, apps[i % apps.len()].address);
                scope.spawn(move || {
                    let client = Client::new(address);
                    barrier.wait();
                    keyed(&client, ACTIONS, key, &action(key)).send()
                })
            })
            .collect();
        sent.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

api_test!(of_many_at_once_one_has_the_effect, |app| {
    app.make_units(&["u"]);
    let beside = app.beside();
    for round in 0..10 {
        let answers = at_once(&[app, &beside], 4, &format!("k{round}"));
        for answer in &answers {
            assert!([201, 409].contains(&answer.status), "{}", answer.status);
            if answer.status == 409 {
                assert_eq!((answer.code(), answer.header("retry-after")), ("idempotency_in_progress", "1"));
            }
        }
        let first = answers.iter().find(|answer| answer.header("idempotency-replayed").is_empty()).unwrap();
        for second in answers.iter().filter(|answer| !answer.header("idempotency-replayed").is_empty()) {
            is_replay(first, second);
        }
        assert_eq!(count(app, ACTIONS), round + 1);
    }
});

api_test!(an_answer_survives_the_instance_that_gave_it, |app| {
    app.make_units(&["u"]);
    let gone = app.beside();
    let first = keyed(&gone, ACTIONS, "k", &action("a")).send().expect(201);
    drop(gone);
    is_replay(&first, &keyed(&app.beside(), ACTIONS, "k", &action("a")).send());
    is_replay(&first, &keyed(app, ACTIONS, "k", &action("a")).send());
    assert_eq!(count(app, ACTIONS), 1);
});

api_test!(a_claim_whose_owner_died_frees_itself, |app| {
    keyed(app, UNITS, "k", &json!({"id": "u", "name": "", "level": "commune"})).send().expect(422);
    let until = "2021-01-04T08:00:30+07:00".parse::<chiso::domain::time::Moment>().unwrap().micros();
    claims(app, &format!("owner = 'gone', state = 'running', answer_status = NULL, lease_until = {until}"));
    let held = keyed(app, UNITS, "k", &json!({"id": "u", "name": "", "level": "commune"})).send().expect(409);
    assert_eq!(held.code(), "idempotency_in_progress");
    app.set_now("2021-01-04T08:00:31+07:00");
    keyed(app, UNITS, "k", &unit("u")).send().expect(201);
    let replayed = keyed(app, UNITS, "k", &unit("u")).send().expect(201);
    assert_eq!(replayed.header("idempotency-replayed"), "true");
});

api_test!(an_effect_whose_answer_was_lost_is_not_done_again, |app| {
    app.make_units(&["u"]);
    let first = keyed(app, ACTIONS, "k", &action("a")).send().expect(201);
    claims(app, "state = 'committed', answer_status = NULL, lease_until = 0");
    let lost = keyed(app, ACTIONS, "k", &action("a")).send().expect(409);
    assert_eq!(lost.code(), "idempotency_answer_lost");
    assert_eq!(lost.header("location"), first.header("location"));
    assert_eq!(count(app, ACTIONS), 1);
});

api_test!(a_write_under_a_claim_that_was_taken_over_is_undone, |app| {
    app.make_units(&["u"]);
    keyed(app, ACTIONS, "k", &action("a")).send().expect(201);
    let id = app.database.lines("SELECT id AS line FROM idempotency_claims").remove(0);
    let write = |owner: &str| {
        let held = Held::new(Claim { id: id.clone(), owner: owner.to_owned() });
        let work = app
            .store
            .write(|conn| conn.batch_execute("DELETE FROM improvement_actions").map_err(StoreError::from));
        actix_web::rt::System::new().block_on(under(held, work))
    };
    assert!(matches!(write("another"), Err(StoreError::ClaimLost)));
    assert_eq!(count(app, ACTIONS), 1);
    let owner = app.database.lines("SELECT owner AS line FROM idempotency_claims").remove(0);
    write(&owner).unwrap();
    assert_eq!(count(app, ACTIONS), 0);
});

api_test!(work_that_may_be_done_again_only_holds_on_to_its_claim, |app| {
    app.make_units(&["u"]);
    keyed(app, ACTIONS, "k", &action("a")).send().expect(201);
    claims(app, "state = 'running', answer_status = NULL");
    let read = |column: &str| {
        app.database.lines(&format!("SELECT {column} AS line FROM idempotency_claims")).remove(0)
    };
    let write = |owner: String| {
        let held = Held::new(Claim { id: read("id"), owner });
        let work = app
            .store
            .write(|conn| conn.batch_execute("DELETE FROM improvement_actions").map_err(StoreError::from));
        let done = actix_web::rt::System::new().block_on(under(held.clone(), repeatable(work)));
        (done, held.is_committed())
    };
    assert!(matches!(write("another".to_owned()), (Err(StoreError::ClaimLost), false)));
    assert_eq!(count(app, ACTIONS), 1);
    assert!(matches!(write(read("owner")), (Ok(()), true)));
    assert_eq!((read("state").as_str(), count(app, ACTIONS)), ("running", 0));
    claims(app, "lease_until = 0");
    keyed(app, ACTIONS, "k", &action("a")).send().expect(201);
    assert_eq!(count(app, ACTIONS), 1);
});

api_test!(a_key_is_forgotten_after_a_day, |app| {
    app.make_units(&["u"]);
    let first = keyed(app, ACTIONS, "k", &action("a")).send().expect(201);
    app.set_now("2021-01-05T08:00:00+07:00");
    is_replay(&first, &keyed(app, ACTIONS, "k", &action("a")).send());
    app.set_now("2021-01-05T08:00:01+07:00");
    let second = keyed(app, ACTIONS, "k", &action("b")).send().expect(201);
    assert!(second.header("idempotency-replayed").is_empty());
    keyed(app, ACTIONS, "k2", &action("c")).send().expect(201);
    let purge = |moment: &str| {
        let purge = idempotency::purge(&app.store, moment.parse().unwrap());
        actix_web::rt::System::new().block_on(purge).unwrap()
    };
    assert_eq!(purge("2021-01-06T08:00:01+07:00"), 0);
    assert_eq!(purge("2021-01-06T08:00:02+07:00"), 2);
    assert!(app.database.lines("SELECT id AS line FROM idempotency_claims").is_empty());
});

api_test!(what_stores_nothing_makes_nothing_of_a_key, |app| {
    app.make_units(&["u"]);
    let calendar = json!({"id": "c", "unit_id": "u", "name": "Lịch", "days": []});
    app.post("/api/v1/calendars", &calendar).expect(201);
    let preview = json!({
        "unit_id": "u", "accepted_at": "2020-03-02T08:00:00+07:00", "term": {"amount": 5, "unit": "days"}
    });
    let path = "/api/v1/deadlines/preview";
    for body in [&preview, &with(preview.clone(), json!({"term": {"amount": 6, "unit": "days"}}))] {
        let answer = keyed(app, path, "k", body).send().expect(200);
        assert!(answer.header("idempotency-replayed").is_empty());
    }
    let recompute = "/api/v1/calendars/c/recompute";
    keyed(app, recompute, "k", &json!({"dry_run": true})).send().expect(200);
    assert!(app.database.lines("SELECT id AS line FROM idempotency_claims").is_empty());
    let done = keyed(app, recompute, "k", &json!({"dry_run": false})).send().expect(200);
    is_replay(&done, &keyed(app, recompute, "k", &json!({"dry_run": false})).send());
});

api_test!(a_file_is_imported_once, |app| {
    app.make_units(&["u"]);
    let path = "/api/v1/imports/dossiers";
    let file = "code,unit_id,submitted_via,status,accepted_at\nD1,u,online,4,2020-03-02T08:00:00+07:00\n";
    let send = |file: &str| {
        let ask = app.ask("POST", path).header("idempotency-key", "k").header("content-type", "text/csv");
        ask.raw(file).send()
    };
    let first = send(file).expect(202);
    is_replay(&first, &send(file));
    assert_eq!(send(&file.replace("D1", "D2")).expect(422).code(), "idempotency_key_reused");
    assert_eq!(count(app, "/api/v1/imports"), 1);
    let ask = app.ask("POST", path).header("idempotency-key", "k2").header("content-type", "text/plain");
    ask.raw(file).send().expect(415);
    let ask = app.ask("POST", path).header("idempotency-key", "k2").header("content-type", "text/csv");
    ask.raw(file).send().expect(202);
});

/// An answer of one of these statuses is kept, whatever it says.
const KEPT: [u16; 4] = [404, 409, 412, 422];

api_test!(every_operation_that_stores_something_obeys, |app| {
    let mut walked = 0;
    for operation in spec::operations().into_iter().filter(|operation| operation.method == "post") {
        let parameters = operation.value["parameters"].as_array().cloned().unwrap_or_default();
        let takes_key = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(takes_key, chiso::http::idempotency::stores(operation.template), "{}", operation.template);
        let example = operation.value.pointer("/requestBody/content/application~1json/example");
        // A list of records that are all rejected writes nothing, so that there is nothing to keep.
        let rejected = operation.template.ends_with("/integrations/dvcqg/dossiers");
        let unknown = example.is_none() && operation.value.get("requestBody").is_some();
        if !takes_key || unknown || rejected {
            continue;
        }
        walked += 1;
        let parts: Vec<&str> = operation.template.split('/').collect();
        let path = parts.iter().map(|part| match *part {
            "{year}" => "1999",
            part if part.starts_with('{') => "absent",
            part => part,
        });
        let path = path.collect::<Vec<_>>().join("/");
        let send = |body: Option<&Value>| {
            let ask = app.ask("POST", &path).header("idempotency-key", operation.template);
            match body {
                Some(body) => ask.json(body).send(),
                None => ask.send(),
            }
        };
        let first = send(example);
        assert!(first.status < 300 || KEPT.contains(&first.status), "{path}: {}", first.json);
        if first.status < 300 && first.header("cache-control") == "no-store" {
            // A secret is told once and not kept: the second request learns what was made, and nothing is made again.
            let second = send(example).expect(409);
            assert_eq!(second.code(), "idempotency_answer_lost", "{path}");
            assert_eq!(second.header("location"), first.header("location"), "{path}");
        } else {
            is_replay(&first, &send(example));
        }
        if let Some(example) = example {
            let other = with(example.clone(), json!({"another": 1}));
            assert_eq!(send(Some(&other)).expect(422).code(), "idempotency_key_reused", "{path}");
        }
    }
    assert!(walked > 15, "{walked}");
});

api_test!(keys_are_of_their_callers, |app| {
    let id = |caller: &str| idempotency::digest(&[caller.as_bytes(), b"k"]);
    keyed(app, UNITS, "k", &unit("u")).send().expect(201);
    let found = app.database.lines("SELECT id AS line FROM idempotency_claims").remove(0);
    // As if the same key had been used by another caller before.
    claims(app, &format!("id = '{}'", id("another caller")));
    assert_ne!(found, id("another caller"));
    keyed(app, DOSSIERS, "k", &dossier("D", "u")).send().expect(201);
});

database_test!(a_kill_under_load_makes_no_second_effect, |database| {
    use crate::lifecycle::Served;

    let served = Served::start(database);
    served.client.post(UNITS, &unit("u")).expect(201);
    let address = served.client.address;
    let titles: Vec<Vec<String>> = (0..4).map(|t| (0..200).map(|n| format!("{t}-{n}")).collect()).collect();
    let answered = std::sync::atomic::AtomicUsize::new(0);
    let open: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = titles
            .iter()
            .map(|titles| {
                let answered = &answered;
                scope.spawn(move || {
                    let client = Client::new(address);
                    let tried = |title: &&String| {
                        let done = client.try_keyed(ACTIONS, title, &action(title)) == Some(201);
                        answered.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        !done
                    };
                    titles.iter().filter(tried).cloned().collect::<Vec<String>>()
                })
            })
            .collect();
        while answered.load(std::sync::atomic::Ordering::SeqCst) < 200 {
            std::thread::yield_now();
        }
        served.signal("-KILL");
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert!(!open.is_empty());
    drop(served);
    // As if the leases of the process that died had run out.
    database.connect().batch_execute("UPDATE idempotency_claims SET lease_until = 0").unwrap();
    let again = Served::start(database);
    for title in &open {
        let answer = keyed(&again.client, ACTIONS, title, &action(title)).send();
        let lost = answer.status == 409 && answer.code() == "idempotency_answer_lost";
        assert!(answer.status == 201 || lost, "{title}: {}", answer.json);
    }
    let there = database.lines("SELECT title AS line FROM improvement_actions ORDER BY title");
    let mut expected: Vec<String> = titles.into_iter().flatten().collect();
    expected.sort();
    assert_eq!(there, expected, "each once");
});

/// Kills the service amid the dossiers of a request; the retry with the same key writes them all.
fn a_kill_is_made_good(database: &Database, path: &str, body: &Value, dossiers: usize) {
    use crate::lifecycle::Served;

    const WRITTEN: &str = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM dossiers";
    let served = Served::start(database);
    served.client.post(UNITS, &unit("u")).expect(201);
    let address = served.client.address;
    std::thread::scope(|scope| {
        let request = scope.spawn(|| Client::new(address).try_keyed(path, "k", body));
        let mut conn = database.connect();
        while !request.is_finished() && lines(&mut conn, WRITTEN) == ["0"] {
            std::thread::yield_now();
        }
        served.signal("-KILL");
    });
    drop(served);
    database.connect().batch_execute("UPDATE idempotency_claims SET lease_until = 0").unwrap();
    let again = Served::start(database);
    keyed(&again.client, path, "k", body).send().expect(200);
    assert_eq!(database.lines(WRITTEN), [dossiers.to_string()]);
    let replayed = keyed(&again.client, path, "k", body).send().expect(200);
    assert_eq!(replayed.header("idempotency-replayed"), "true");
}

database_test!(a_batch_that_was_killed_is_carried_out_by_its_retry, |database| {
    let items: Vec<Value> = (0..1000).map(|n| dossier(&format!("D-{n}"), "u")).collect();
    a_kill_is_made_good(database, "/api/v1/dossiers/batch", &json!({"items": items}), 1000);
});

database_test!(records_of_the_portal_that_were_killed_are_taken_over_by_their_retry, |database| {
    let record = |n| {
        json!({
            "MaHoSo": format!("D-{n}"), "KenhThucHien": "2", "NgayTiepNhan": "20210302080000",
            "NgayHenTra": "20210310170000", "TrangThaiHoSo": "4", "DonViXuLy": "u"
        })
    };
    let records: Vec<Value> = (0..400).map(record).collect();
    a_kill_is_made_good(database, "/api/v1/integrations/dvcqg/dossiers", &json!(records), 400);
});
