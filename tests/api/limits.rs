//! What a caller may ask for: how often, how much, how long; and what happens past the capacity of the service.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use chiso::{
    http::{cors::CorsRules, gate::CallRules, rate_limits::Rate, uploads::Pace},
    store::{Conn, Store, StoreError, StoreLimits},
};
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::{
    following::CHANGES,
    support::{
        api_test,
        app::{App, KEY, STORE_LIMITS},
        client::Client,
        records::{DOSSIERS, UNITS, dossier, unit, with},
    },
};

const PREVIEW: &str = "/api/v1/deadlines/preview";

fn three_an_hour() -> CallRules {
    let rate = Rate { requests: 1, per: Duration::from_secs(3600), burst: 3 };
    CallRules { rate: Some(rate), ..CallRules::default() }
}

api_test!(a_caller_has_so_many_requests, |app| {
    let limited = app.beside_with(three_an_hour());
    for left in [2, 1, 0] {
        let answer = limited.get(UNITS).expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"calls\";q=3;w=10800");
        assert!(answer.header("ratelimit").starts_with(&format!("\"calls\";r={left};t=")));
    }
    let refused = limited.get(UNITS).expect(429);
    assert_eq!(refused.code(), "rate_limited");
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    assert!(refused.header("ratelimit").starts_with("\"calls\";r=0;t="));
    limited.get("/health/live").expect(200);
    assert!(app.get(UNITS).expect(200).header("ratelimit").is_empty(), "off unless it is said");
});

api_test!(who_is_not_let_in_is_counted_by_its_address, |app| {
    let limited = app.beside_with(three_an_hour());
    for left in [2, 1, 0] {
        let refused = limited.ask("GET", UNITS).key(format!("chiso_made_up_{left}")).send().expect(401);
        assert!(refused.header("ratelimit").starts_with(&format!("\"calls\";r={left};t=")));
    }
    let refused = limited.ask("GET", UNITS).key("chiso_made_up").send().expect(429);
    assert_eq!(refused.code(), "rate_limited");
    assert!(!refused.header("retry-after").is_empty());
    limited.ask("GET", DOSSIERS).anonymous().send().expect(429);
    limited.get(UNITS).expect(200);
    // Keys can't be tried where everybody may ask at any time.
    limited.ask("GET", "/health/live").key("chiso_made_up").send().expect(429);
    limited.ask("GET", "/health/live").anonymous().send().expect(200);
});

api_test!(what_is_not_there_counts_for_who_asks_for_it, |app| {
    let limited = app.beside_with(three_an_hour());
    for _ in 0..3 {
        limited.ask("GET", "/api/v1/nowhere").anonymous().send().expect(404);
    }
    limited.ask("GET", UNITS).anonymous().send().expect(429);
    let here = limited.get("/api/v1/nowhere").expect(404);
    assert!(here.header("ratelimit").starts_with("\"calls\";r=2;t="), "the bucket of the key");
    let other = limited.ask("POST", "/api/v1/dossiers/batch/x").send().expect(404);
    assert!(other.header("ratelimit").starts_with("\"calls\";r=1;t="));
});

api_test!(behind_a_proxy_its_header_names_the_caller_where_it_is_trusted, |app| {
    let ask = |client: &Client, hops: &'static str| {
        client.ask("GET", UNITS).anonymous().header("x-forwarded-for", hops).send().status
    };
    let trusting = CallRules { trusted_proxy_header: Some("x-forwarded-for".to_owned()), ..three_an_hour() };
    let trusting = app.beside_with(trusting);
    // What the client wrote itself stands before what the proxy saw.
    let forged = ["1.1.1.1, 203.0.113.7", "2.2.2.2, 203.0.113.7", "3.3.3.3, 203.0.113.7", "203.0.113.7"];
    assert_eq!(forged.map(|hops| ask(&trusting, hops)), [200, 200, 200, 429]);
    assert_eq!(ask(&trusting, "203.0.113.8"), 200);
    let careful = app.beside_with(three_an_hour());
    let told = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"];
    assert_eq!(told.map(|hops| ask(&careful, hops)), [200, 200, 200, 429]);
});

api_test!(a_head_has_its_measure, |app| {
    let long = format!("{UNITS}?q={}", "x".repeat(9000));
    assert_eq!(app.get(&long).expect(400).violations(), [("address", "too_long")]);
    let mut ask = app.ask("GET", UNITS);
    for _ in 0..70 {
        ask = ask.header("x-more", "1");
    }
    assert_eq!(ask.send().expect(400).violations(), [("headers", "too_long")]);
    let large = app.ask("GET", UNITS).header("x-more", "x".repeat(17_000)).send().expect(400);
    assert_eq!(large.violations(), [("headers", "too_long")]);
    app.ask("GET", UNITS).header("x-more", "x".repeat(10_000)).send().expect(200);
});

api_test!(a_body_is_not_nested_deeper_than_any_is, |app| {
    app.make_units(&["u"]);
    let nested = |depth: usize| {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = with(dossier("D", "u"), json!({"outcome": "HERE"})).to_string();
        let body = body.replace("\"HERE\"", &deep);
        app.ask("POST", DOSSIERS).header("content-type", "application/json").raw(body).send()
    };
    for depth in [64, 127, 129, 10_000, 500_000] {
        assert_eq!(nested(depth).expect(400).violations(), [("", "too_deep")], "{depth}");
    }
    nested(63).expect(201);
    let text = with(unit("v"), json!({"name": "[{".repeat(100)}));
    app.post(UNITS, &text).expect(201);
});

/// Sends the beginning of a request, then the rest after a pause; gives the answer.
fn slowly(client: &Client, head: &str, parts: &[&str]) -> String {
    let mut stream = TcpStream::connect(client.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "{head}\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Length: 1000\r\n\r\n").unwrap();
    for part in parts {
        stream.write_all(part.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut answer = String::new();
    // The service may close the connection with what it did not read.
    let _ = stream.read_to_string(&mut answer);
    answer
}

const HEADS: [&str; 3] = [
    "POST /api/v1/units HTTP/1.1\r\nContent-Type: application/json",
    "POST /api/v1/units HTTP/1.1\r\nContent-Type: application/json\r\nIdempotency-Key: k",
    "POST /api/v1/imports/dossiers HTTP/1.1\r\nContent-Type: text/csv",
];

api_test!(a_body_that_comes_in_too_slowly_is_cut_off, |app| {
    let idle = Pace { idle: Duration::from_millis(200), ..Pace::default() };
    let slow = Pace { least: 1 << 40, grace: Duration::ZERO, ..Pace::default() };
    for (pace, parts) in [(idle, &["{\"id\""][..]), (slow, &["{\"id\"", ": \"u\""][..])] {
        let strict = app.beside_with(CallRules { upload: pace, ..CallRules::default() });
        for head in HEADS {
            let answer = slowly(&strict, head, parts);
            assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("too_slow"), "{head}: {answer}");
        }
    }
});

api_test!(a_client_that_reads_nothing_is_dropped, |app| {
    let strict = app.beside_with(CallRules { read_idle: Duration::from_secs(1), ..CallRules::default() });
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&strict.address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let whole = strict.get("/openapi.json").raw.len() * 20;
    for _ in 0..20 {
        stream.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    }
    std::thread::sleep(Duration::from_secs(5));
    let mut read = Vec::new();
    let ended = stream.read_to_end(&mut read);
    assert!(read.len() < whole, "{} of {whole}, {ended:?}", read.len());
    strict.get(UNITS).expect(200);
});

/// Holds up every write of units until the guard is dropped.
fn stall(app: &App) -> Conn {
    let mut conn = app.database.connect();
    let lock = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN; LOCK TABLE units IN EXCLUSIVE MODE",
    };
    conn.batch_execute(lock).unwrap();
    conn
}

api_test!(past_its_capacity_the_service_says_so_at_once, |app| {
    let small = app.beside_with(CallRules { max_in_flight: 4, ..CallRules::default() });
    let stalled = stall(app);
    let address = small.address;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|n| {
                scope.spawn(move || {
                    let client = Client::new(address);
                    // One of them may meet the question below, which takes room as well.
                    while client.try_post(UNITS, &unit(&format!("u{n}"))) != Some(201) {}
                })
            })
            .collect();
        let full = (0..100_000).any(|_| small.get("/metrics").status == 503);
        assert!(full);
        let mut surplus = 0;
        for _ in 0..50 {
            let answer = small.get(UNITS);
            if answer.status == 503 {
                assert_eq!((answer.code(), answer.header("retry-after")), ("overloaded", "1"));
                surplus += 1;
            }
            small.get("/health/live").expect(200);
        }
        assert!(surplus > 0);
        drop(stalled);
        for writer in writers {
            writer.join().unwrap();
        }
    });
    assert_eq!(small.get(UNITS).expect(200).each("id"), ["u0", "u1", "u2", "u3"]);
});

api_test!(only_who_waits_for_changes_takes_no_room, |app| {
    let full = app.beside_with(CallRules { max_in_flight: 0, ..CallRules::default() });
    app.make_units(&["u"]);
    full.get(&format!("{CHANGES}?wait=1")).expect(200);
    assert_eq!(full.get("/api/v1/change%73?wait=0").code(), "overloaded");
    full.get("/api/v1/change%73?wait=1").expect(200);
    for query in ["", "wait=0", "wait=", "wait=61", "wait=x", "record_id=wait=5"] {
        assert_eq!(full.get(&format!("{CHANGES}?{query}")).expect(503).code(), "overloaded", "{query}");
    }
});

api_test!(bodies_that_do_not_come_in_leave_room_for_others, |app| {
    let small = app.beside_with(CallRules { max_in_flight: 4, ..CallRules::default() });
    let begin = |_| {
        let mut stream = TcpStream::connect(small.address).unwrap();
        let head = format!("POST {PREVIEW} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json");
        write!(stream, "{head}\r\nContent-Length: 5000\r\n\r\n{{").unwrap();
        stream
    };
    let stalled: Vec<TcpStream> = (0..4).map(begin).collect();
    let preview = || small.ask("POST", PREVIEW).anonymous().json(&json!({})).send();
    assert!((0..10_000).any(|_| preview().status == 503));
    assert_eq!(preview().expect(503).code(), "overloaded");
    for n in 0..20 {
        small.get(UNITS).expect(200);
        small.post(UNITS, &unit(&format!("u{n}"))).expect(201);
    }
    drop(stalled);
    assert!((0..10_000).any(|_| preview().status != 503));
});

api_test!(a_request_that_takes_too_long_is_no_longer_waited_for, |app| {
    let cors = CorsRules { origins: vec!["*".to_owned()], write: true };
    let rules = CallRules { request_time: Duration::from_millis(300), cors, ..CallRules::default() };
    let hasty = app.beside_with(rules);
    let stalled = stall(app);
    let late = hasty.ask("POST", UNITS).header("origin", "https://any.example").json(&unit("u"));
    let late = late.send().expect(503);
    assert_eq!(late.header("access-control-allow-origin"), "*");
    assert_eq!(late.header("x-content-type-options"), "nosniff");
    assert_eq!((late.code(), late.header("retry-after")), ("timed_out", "1"));
    assert!(!late.header("x-request-id").is_empty());
    drop(stalled);
    while hasty.get("/api/v1/units/u").status != 200 {
        std::thread::yield_now();
    }
});

api_test!(with_a_key_the_answer_is_there_later, |app| {
    let rules = CallRules { request_time: Duration::from_millis(1000), ..CallRules::default() };
    let hasty = app.beside_with(rules);
    let send = || hasty.ask("POST", UNITS).header("idempotency-key", "k").json(&unit("u")).send();
    // The claim of the key is a write as well: it must be there before the others are held up.
    let stalled = match app.database.kind {
        crate::support::database::Kind::Sqlite => None,
        crate::support::database::Kind::Postgres => Some(stall(app)),
    };
    if stalled.is_some() {
        assert_eq!(send().expect(503).code(), "timed_out");
        drop(stalled);
        while hasty.get("/api/v1/units/u").status != 200 {
            std::thread::yield_now();
        }
    } else {
        send().expect(201);
    }
    let replayed = loop {
        let answer = send();
        if answer.status == 201 {
            break answer;
        }
    };
    assert_eq!(replayed.header("idempotency-replayed"), "true");
});

api_test!(no_more_requests_wait_for_a_connection_than_may, |app| {
    let limits = StoreLimits { connections: 1, write_queue: 2, ..STORE_LIMITS };
    let store = Store::open(&app.database.url, limits).unwrap();
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let read = |store: Store| async move { store.read(|_| Ok::<_, StoreError>(())).await };
    actix_web::rt::System::new().block_on(async move {
        let holder = store.clone();
        let held = actix_web::rt::spawn(async move {
            let work = move |_: &mut Conn| {
                begin.send(()).unwrap();
                gone.recv().unwrap();
                Ok::<_, StoreError>(())
            };
            holder.read(work).await
        });
        begun.await.unwrap();
        let waiting = [actix_web::rt::spawn(read(store.clone())), actix_web::rt::spawn(read(store.clone()))];
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(read(store.clone()).await, Err(StoreError::Busy(_))));
        go.send(()).unwrap();
        held.await.unwrap().unwrap();
        for waiting in waiting {
            waiting.await.unwrap().unwrap();
        }
        read(store).await.unwrap();
    });
});
