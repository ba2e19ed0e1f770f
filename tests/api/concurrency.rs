//! Many at once: nobody's write is lost, and nobody's is taken for another's.

use std::{
    sync::{Barrier, mpsc},
    time::Duration,
};

use chiso::store::{Conn, Store, StoreError, StoreLimits};
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::{
    api_test,
    app::{App, STORE_LIMITS},
    client::{Answer, Client},
    database_test,
    indexes::{SCORES, score},
    records::{DOSSIERS, UNITS, dossier, unit, with},
};

/// Does `work` in `threads` threads that begin together; each has a client of its own.
fn together<T: Send>(app: &App, threads: usize, work: impl Fn(usize, &Client) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    let address = app.address;
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|i| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    let client = Client::new(address);
                    barrier.wait();
                    work(i, &client)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

api_test!(of_two_writers_with_one_etag_exactly_one_wins, |app| {
    app.make_units(&["u"]);
    for round in 0..20 {
        let tag = app.get("/api/v1/units/u").etag();
        let answers = together(app, 2, |i, client| {
            let body = json!({"name": format!("Xã {round}-{i}")});
            client.ask("PATCH", "/api/v1/units/u").header("if-match", &tag).json(&body).send()
        });
        assert_eq!(statuses(&answers), [200, 412], "round {round}");
        let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
        assert_eq!(app.get("/api/v1/units/u").json["name"], winner.json["name"]);
    }
});

api_test!(a_writer_and_a_deleter_with_one_etag_do_not_both_win, |app| {
    for round in 0..10 {
        let path = format!("{UNITS}/u{round}");
        let tag = app.post(UNITS, &unit(&format!("u{round}"))).expect(201).etag();
        let answers = together(app, 2, |i, client| match i {
            0 => client.ask("PATCH", &path).header("if-match", &tag).json(&json!({"name": "Xã Mới"})).send(),
            _ => client.ask("DELETE", &path).header("if-match", &tag).send(),
        });
        let deleted = answers[1].status == 204;
        let got: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(got, if deleted { [404, 204] } else { [200, 412] }, "round {round}");
        assert_eq!(app.get(&path).status, if deleted { 404 } else { 200 });
    }
});

api_test!(of_two_clock_rules_from_one_day_exactly_one_wins, |app| {
    for year in 2001..=2020 {
        let rule = json!({"valid_from": format!("{year}-01-01")});
        let answers = together(app, 2, |_, client| client.post("/api/v1/clock-rules", &rule));
        assert_eq!(statuses(&answers), [201, 409], "{year}");
    }
});

api_test!(of_two_creations_of_one_code_exactly_one_wins, |app| {
    app.make_units(&["u"]);
    for round in 0..20 {
        let body = dossier(&format!("D-{round}"), "u");
        let answers = together(app, 2, |_, client| client.post(DOSSIERS, &body));
        assert_eq!(statuses(&answers), [201, 409], "round {round}");
        let loser = answers.iter().find(|answer| answer.status == 409).unwrap();
        assert_eq!(loser.code(), "duplicate");
    }
});

api_test!(a_score_that_another_request_writes_meanwhile_is_refused_in_plain_words, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({}));
    app.make_score(&with(score("u", 1), json!({"stage": "self"})));
    // Somebody else makes it the final one, in a transaction that is not over yet.
    let (tell, told) = mpsc::channel::<()>();
    let store = app.store.clone();
    let holder = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let held: Result<(), StoreError> = store
                .write(move |conn: &mut Conn| {
                    conn.batch_execute("UPDATE index_scores SET stage = 'final'")?;
                    tell.send(()).unwrap();
                    std::thread::sleep(Duration::from_millis(500));
                    Ok::<(), StoreError>(())
                })
                .await;
            held.unwrap();
        });
    });
    told.recv().unwrap();
    let ask = app.ask("POST", SCORES).header("accept-language", "en");
    let refused = ask.json(&score("u", 2)).send().expect(409);
    holder.join().unwrap();
    assert_eq!(refused.code(), "duplicate");
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.contains("`ix/2016/u/final/_total`"), "{detail}");
    assert!(!detail.contains("natural_key"), "the name of a constraint is no rule: {detail}");
});

api_test!(puts_of_one_absent_record_make_it_once, |app| {
    let answers = together(app, 8, |_, client| client.put("/api/v1/units/u", &unit("u")));
    assert_eq!(statuses(&answers), [200, 200, 200, 200, 200, 200, 200, 201]);
    let tags: std::collections::BTreeSet<String> = answers.iter().map(Answer::etag).collect();
    assert_eq!(tags.len(), 1);
    let changes = app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM changes");
    assert_eq!(changes, ["1"]);
});

api_test!(two_hundred_creations_at_once_lose_nothing, |app| {
    app.make_units(&["u"]);
    let made: Vec<String> = together(app, 20, |i, client| {
        let mut codes = Vec::new();
        for n in 0..10 {
            let code = format!("D-{i:02}-{n}");
            loop {
                let answer = client.post(DOSSIERS, &dossier(&code, "u"));
                if answer.status != 503 {
                    answer.expect(201);
                    break;
                }
                assert_eq!(answer.header("retry-after"), "1");
            }
            codes.push(code);
        }
        codes
    })
    .concat();
    let listed = app.get(&format!("{DOSSIERS}?limit=500&with_total=true"));
    assert_eq!(listed.json["total"], 200);
    let mut want = made;
    want.sort();
    assert_eq!(listed.each("code"), want);
    let numbers = app.database.lines(
        "SELECT CAST(COUNT(DISTINCT version) AS TEXT) AS line FROM dossiers WHERE version IN (SELECT id FROM changes)",
    );
    assert_eq!(numbers, ["200"], "each record has a change number of its own");
});

api_test!(a_unit_is_never_deleted_under_a_new_dossier, |app| {
    for round in 0..10 {
        let id = format!("u{round}");
        app.make_units(&[&id]);
        let answers = together(app, 2, |i, client| match i {
            0 => client.post(DOSSIERS, &dossier(&format!("D-{round}"), &id)),
            _ => client.delete(&format!("{UNITS}/{id}")),
        });
        let got: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert!(got == [201, 409] || got == [422, 204], "round {round}: {got:?}");
    }
});

api_test!(crossing_parents_make_no_cycle, |app| {
    for round in 0..10 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        app.make_units(&[&a, &b]);
        let answers = together(app, 2, |i, client| {
            let (child, parent) = if i == 0 { (&a, &b) } else { (&b, &a) };
            client.patch(&format!("{UNITS}/{child}"), &json!({"parent_id": parent}))
        });
        assert_eq!(statuses(&answers), [200, 422], "round {round}");
    }
});

/// Holds a write transaction open until told to go on; returns when it is open.
fn hold(store: &Store) -> (mpsc::Sender<()>, std::thread::JoinHandle<()>) {
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel::<()>();
    let store = store.clone();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let held: Result<(), StoreError> = store
                .write(move |_| {
                    tell.send(()).unwrap();
                    let _ = wait.recv();
                    Ok(())
                })
                .await;
            held.unwrap();
        });
    });
    told.recv().unwrap();
    (go, thread)
}

database_test!(writes_beyond_the_queue_are_503_with_retry_after on Sqlite, |database| {
    let full = StoreLimits { write_queue: 1, ..STORE_LIMITS };
    let app = App::with_limits(crate::support::database::Database::migrated(database.kind), full);
    let (go, holder) = hold(&app.store);
    let answers = std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        for i in 0..3 {
            let (tell, app) = (tell.clone(), &app);
            scope.spawn(move || {
                let answer = Client::new(app.address).post(UNITS, &unit(&format!("u{i}")));
                tell.send(answer).unwrap();
            });
        }
        // One waits in the queue of one; the two others are refused while the writer is held.
        let mut answers = vec![told.recv().unwrap(), told.recv().unwrap()];
        assert_eq!(statuses(&answers), [503, 503]);
        drop(go);
        answers.push(told.recv().unwrap());
        answers
    });
    holder.join().unwrap();
    assert_eq!(statuses(&answers), [201, 503, 503]);
    for refused in answers.iter().filter(|answer| answer.status == 503) {
        assert_eq!(refused.code(), "overloaded");
        assert_eq!(refused.header("retry-after"), "1");
    }
    assert_eq!(app.get(UNITS).each("id").len(), 1);
    app.make_units(&["later"]);
});

database_test!(requests_without_a_connection_are_503_with_retry_after, |database| {
    // Long enough for a connection to be made on a busy machine, which is waited for as long.
    let limits = StoreLimits { connections: 1, wait: Duration::from_millis(1000), ..STORE_LIMITS };
    let app = App::with_limits(crate::support::database::Database::migrated(database.kind), limits);
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel::<()>();
    let store = app.store.clone();
    let reader = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let held: Result<(), StoreError> = store
                .read(move |_| {
                    tell.send(()).unwrap();
                    let _ = wait.recv();
                    Ok(())
                })
                .await;
            held.unwrap();
        });
    });
    told.recv().unwrap();
    let refused = app.get(&format!("{UNITS}?sort=name")).expect(503);
    assert_eq!(refused.code(), "overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(app.get("/health/ready").expect(503).code(), "overloaded");
    app.get("/health/live").expect(200);
    drop(go);
    reader.join().unwrap();
    app.get(UNITS).expect(200);
});

api_test!(a_write_that_fails_in_a_shared_commit_undoes_only_itself, |app| {
    // While one write is held, the others gather behind it and share its commit on SQLite.
    let (go, holder) = hold(&app.store);
    let insert = |code: &str| {
        format!(
            "INSERT INTO indexes (code, name, name_sort, search, version) VALUES ('{code}', 'x', 'x', 'x', 1)"
        )
    };
    let (queued, waiting) = mpsc::channel();
    let threads: Vec<_> = (0..6)
        .map(|i| {
            let (store, queued) = (app.store.clone(), queued.clone());
            let statement = insert(&format!("i{i}"));
            std::thread::spawn(move || {
                actix_web::rt::System::new().block_on(async move {
                    let work = move |conn: &mut Conn| {
                        conn.batch_execute(&statement)?;
                        match i {
                            1 => Err(StoreError::Other("a rule".to_owned())),
                            3 => panic!("on purpose"),
                            // The same key again: the database's own refusal.
                            5 => Ok(conn.batch_execute(&statement).map(|()| i)?),
                            _ => Ok(i),
                        }
                    };
                    let write = actix_web::rt::spawn(async move { store.write(work).await });
                    // Let the write begin before the held one ends.
                    tokio::task::yield_now().await;
                    queued.send(()).unwrap();
                    write.await.unwrap()
                })
            })
        })
        .collect();
    for _ in 0..6 {
        waiting.recv().unwrap();
    }
    drop(go);
    holder.join().unwrap();
    let results: Vec<Result<i32, StoreError>> =
        threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let ok: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(ok, [true, false, true, false, true, false]);
    assert!(matches!(results[3], Err(StoreError::Panicked)));
    assert!(matches!(results[5], Err(StoreError::Unique(_))));
    assert_eq!(app.database.lines("SELECT code AS line FROM indexes ORDER BY code"), ["i0", "i2", "i4"]);
});
