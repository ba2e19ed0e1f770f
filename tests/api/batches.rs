//! Batches: each record stands for itself or all stand together, and each is told in order.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::support::{
    api_test,
    client::Client,
    indexes::{SCORES, criterion, score},
    records::{DOSSIERS, UNITS, dossier, unit, with, without},
};

const BATCH: &str = "/api/v1/dossiers/batch";
const ATOMIC: &str = "/api/v1/dossiers/batch?atomic=true";
const SCORE_BATCH: &str = "/api/v1/index-scores/batch";

fn batch(items: Vec<Value>) -> Value {
    json!({"items": items})
}

/// Status of each item.
fn statuses(answer: &Value) -> Vec<u64> {
    answer["items"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect()
}

fn counts(answer: &Value) -> [u64; 4] {
    ["created", "updated", "unchanged", "failed"].map(|name| answer[name].as_u64().unwrap())
}

/// Pointer and code of the first violation of an item.
fn violation(item: &Value) -> (&str, &str) {
    let first = &item["error"]["errors"][0];
    (first["pointer"].as_str().unwrap(), first["code"].as_str().unwrap())
}

api_test!(each_record_stands_for_itself, |app| {
    app.make_units(&["u"]);
    app.post(DOSSIERS, &dossier("old", "u")).expect(201);
    app.post(DOSSIERS, &dossier("same", "u")).expect(201);
    let body = batch(vec![
        dossier("new", "u"),
        with(dossier("old", "u"), json!({"field": "Đất đai"})),
        dossier("same", "u"),
        dossier("lost", "absent"),
        with(dossier("moved", "u"), json!({"due_at": "2020-03-01T08:00:00+07:00"})),
        with(dossier("old", "u"), json!({"field": "Đất đai", "due_at": "2020-04-01T17:00:00+07:00"})),
    ]);
    let answer = app.post(BATCH, &body).expect(200).json;
    assert_eq!(statuses(&answer), [201, 200, 200, 422, 422, 409]);
    assert_eq!(counts(&answer), [1, 1, 1, 3]);
    let items = answer["items"].as_array().unwrap();
    assert_eq!(violation(&items[3]), ("/items/3/unit_id", "unknown_unit"));
    assert_eq!(violation(&items[4]), ("/items/4/due_at", "before_accepted"));
    assert_eq!(violation(&items[5]), ("/items/5/due_at", "due_change_without_reason"));
    assert_eq!(items[5]["error"]["code"], "due_change_without_reason");
    for (place, code) in [(0, "new"), (1, "old"), (2, "same")] {
        let read = app.get(&format!("{DOSSIERS}/{code}")).expect(200);
        assert_eq!((&items[place]["code"], &items[place]["etag"]), (&json!(code), &json!(read.etag())));
        assert_eq!(items[place]["error"], Value::Null);
    }
    assert_eq!(app.get(DOSSIERS).expect(200).each("code"), ["new", "old", "same"]);
    assert_eq!(app.get(&format!("{DOSSIERS}/old")).json["field"], "Đất đai");
});

api_test!(a_batch_may_be_sent_again, |app| {
    app.make_units(&["u"]);
    let body = batch((0..250).map(|n| dossier(&format!("D-{n:03}"), "u")).collect());
    let first = app.post(BATCH, &body).expect(200).json;
    assert_eq!(counts(&first), [250, 0, 0, 0]);
    let before = app.database.dump();
    let second = app.post(BATCH, &body).expect(200).json;
    assert_eq!(counts(&second), [0, 0, 250, 0]);
    assert_eq!(app.database.dump(), before);
    let codes: Vec<&Value> = first["items"].as_array().unwrap().iter().map(|item| &item["code"]).collect();
    assert_eq!(codes[249], "D-249", "in the order of the request");
});

api_test!(what_can_not_be_read_is_told_of_its_item, |app| {
    app.make_units(&["u"]);
    let body = batch(vec![
        with(dossier("a", "u"), json!({"due_at": "soon"})),
        with(dossier("b", "u"), json!({"colour": 1})),
        without(dossier("c", "u"), "unit_id"),
        without(dossier("d", "u"), "code"),
        json!(7),
        dossier("e", "u"),
    ]);
    let answer = app.post(BATCH, &body).expect(200).json;
    assert_eq!(statuses(&answer), [400, 400, 422, 422, 400, 201]);
    let items = answer["items"].as_array().unwrap();
    let found: Vec<(&str, &str)> = items[..5].iter().map(violation).collect();
    assert_eq!(
        found,
        [
            ("/items/0/due_at", "wrong_type"),
            ("/items/1/colour", "unknown_field"),
            ("/items/2/unit_id", "required"),
            ("/items/3/code", "required"),
            ("/items/4", "wrong_type"),
        ]
    );
    assert_eq!(app.get(DOSSIERS).expect(200).each("code"), ["e"]);
});

api_test!(together_all_are_written_or_none, |app| {
    app.make_units(&["u"]);
    let before = app.database.dump();
    let body = batch(vec![
        dossier("a", "u"),
        dossier("b", "absent"),
        with(dossier("c", "u"), json!({"due_at": "soon"})),
        with(dossier("d", "u"), json!({"status": 9})),
    ]);
    let refused = app.post(ATOMIC, &body).expect(422);
    assert_eq!(refused.code(), "batch_refused");
    let found = refused.violations();
    assert_eq!(found[..2], [("/items/1/unit_id", "unknown_unit"), ("/items/2/due_at", "wrong_type")]);
    assert_eq!(found[2].0, "/items/3/finished_at");
    assert_eq!(app.database.dump(), before);
    let body = batch(vec![dossier("a", "u"), dossier("b", "u")]);
    let answer = app.post(ATOMIC, &body).expect(200).json;
    assert_eq!((statuses(&answer), counts(&answer)), (vec![201, 201], [2, 0, 0, 0]));
    assert_eq!(app.get(DOSSIERS).expect(200).each("code"), ["a", "b"]);
});

api_test!(a_batch_has_a_thousand_records_at_most, |app| {
    app.make_units(&["u"]);
    let of = |n: usize| batch((0..n).map(|n| dossier(&format!("D-{n:04}"), "u")).collect());
    let refused = app.post(BATCH, &of(1001)).expect(422);
    assert_eq!(refused.violations(), [("/items", "too_many")]);
    assert_eq!(counts(&app.post(BATCH, &of(1000)).expect(200).json), [1000, 0, 0, 0]);
    assert_eq!(counts(&app.post(ATOMIC, &of(1000)).expect(200).json), [0, 0, 1000, 0]);
    assert_eq!(counts(&app.post(BATCH, &of(0)).expect(200).json), [0, 0, 0, 0]);
    assert_eq!(app.post(BATCH, &json!({"items": [], "more": 1})).expect(400).code(), "malformed");
    assert_eq!(app.post(&format!("{BATCH}?atomic=perhaps"), &of(0)).expect(400).code(), "malformed");
    assert_eq!(app.post(&format!("{BATCH}?colour=1"), &of(0)).expect(400).code(), "malformed");
});

api_test!(scores_are_found_by_what_is_unique_about_them, |app| {
    app.make_units(&["u", "v"]);
    app.make_edition(json!({"criteria": [criterion("a", "10.5"), criterion("rest", 90)]}));
    let there = app.make_score(&score("u", "64.9552993774414")).json;
    let body = batch(vec![
        score("u", "64.9552993774414"),
        score("v", "50.5"),
        with(score("v", "9.25"), json!({"criterion": "a"})),
        score("absent", 1),
        with(score("v", 1), json!({"criterion": "absent"})),
    ]);
    let answer = app.post(SCORE_BATCH, &body).expect(200).json;
    assert_eq!(statuses(&answer), [200, 201, 201, 422, 422]);
    assert_eq!(counts(&answer), [2, 0, 1, 2]);
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items[0]["id"], there["id"]);
    assert_eq!(violation(&items[3]), ("/items/3/unit_id", "unknown_unit"));
    let made = app.get(&format!("{SCORES}/{}", items[1]["id"].as_str().unwrap())).expect(200);
    assert_eq!((&made.json["score_exact"], json!(made.etag())), (&json!("50.5"), items[1]["etag"].clone()));
    // With its own id a score may be sent back, with another one it may not.
    let own = with(score("u", "65.5"), json!({"id": there["id"]}));
    let other = with(score("v", "1"), json!({"id": there["id"]}));
    let answer = app.post(SCORE_BATCH, &batch(vec![own, other])).expect(200).json;
    assert_eq!(statuses(&answer), [200, 422]);
    assert_eq!(counts(&answer), [0, 1, 0, 1]);
    let read = app.get(&format!("{SCORES}/{}", there["id"].as_str().unwrap())).expect(200);
    assert_eq!(read.json["score_exact"], "65.5");
});

api_test!(batches_of_the_same_records_wait_for_each_other, |app| {
    app.make_units(&["u"]);
    let codes: Vec<String> = (0..120).map(|n| format!("D-{n:03}")).collect();
    for round in 0..5 {
        let barrier = Barrier::new(4);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let sent: Vec<_> = (0..4)
                .map(|i| {
                    let (barrier, address, mut codes) = (&barrier, app.address, codes.clone());
                    scope.spawn(move || {
                        let client = Client::new(address);
                        if i % 2 == 1 {
                            codes.reverse();
                        }
                        let field = format!("{round}-{i}");
                        let items = codes.iter().map(|c| with(dossier(c, "u"), json!({"field": field})));
                        let path = if i < 2 { BATCH } else { ATOMIC };
                        barrier.wait();
                        client.post(path, &batch(items.collect()))
                    })
                })
                .collect();
            sent.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for answer in answers {
            assert_eq!(counts(&answer.expect(200).json)[3], 0);
        }
        let listed = app.get(&format!("{DOSSIERS}?limit=500&with_total=true")).expect(200);
        assert_eq!(listed.json["total"], 120);
    }
});

api_test!(who_waits_gets_in_between, |app| {
    app.make_units(&["u"]);
    let items: Vec<Value> = (0..1000).map(|n| dossier(&format!("D-{n:04}"), "u")).collect();
    std::thread::scope(|scope| {
        let address = app.address;
        let batch = scope.spawn(move || Client::new(address).post(BATCH, &batch(items)).expect(200).json);
        let mut n = 0;
        while !batch.is_finished() {
            app.post(UNITS, &unit(&format!("u{n}"))).expect(201);
            n += 1;
        }
        assert_eq!(counts(&batch.join().unwrap()), [1000, 0, 0, 0]);
    });
    let numbers = app.database.lines(
        "SELECT CAST(COUNT(*) AS TEXT) AS line FROM changes u WHERE resource = 'units' AND \
         EXISTS (SELECT 1 FROM changes d WHERE d.resource = 'dossiers' AND d.id < u.id) AND \
         EXISTS (SELECT 1 FROM changes d WHERE d.resource = 'dossiers' AND d.id > u.id)",
    );
    assert_ne!(numbers, ["0"], "units were written between the pieces");
});

api_test!(a_batch_with_a_key_is_written_once, |app| {
    app.make_units(&["u"]);
    let body = batch(vec![dossier("a", "u"), dossier("b", "absent")]);
    let send = || app.ask("POST", BATCH).header("idempotency-key", "k").json(&body).send().expect(200);
    let first = send();
    app.delete(&format!("{DOSSIERS}/a")).expect(204);
    let second = send();
    assert_eq!((first.raw, second.header("idempotency-replayed")), (second.raw.clone(), "true"));
    assert!(app.get(DOSSIERS).expect(200).each("code").is_empty());
});
