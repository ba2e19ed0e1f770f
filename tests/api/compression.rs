//! Bodies packed both ways, with validators that hold and bounds that a bomb meets.

use std::io::Write;

use serde_json::{Value, json};

use crate::{
    imports::{counts, import},
    support::{
        api_test,
        app::App,
        client::Answer,
        records::{UNITS, unit},
    },
};

const CALENDAR: &str = "/api/v1/calendars/c";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

fn accepting(app: &App, path: &str, coding: &str) -> Answer {
    app.ask("GET", path).header("accept-encoding", coding).send()
}

/// A record that is worth packing.
fn make_calendar(app: &App) {
    app.make_units(&["u"]);
    let days = (1..=28).map(|day| json!({"day": format!("2020-02-{day:02}"), "kind": "off", "name": "Nghỉ"}));
    let calendar = json!({"id": "c", "unit_id": "u", "name": "Lịch", "days": days.collect::<Vec<Value>>()});
    app.post("/api/v1/calendars", &calendar).expect(201);
}

api_test!(an_answer_is_packed_as_the_caller_takes_it, |app| {
    make_calendar(app);
    for path in [CALENDAR, "/api/v1/calendars", "/openapi.json", "/docs/swagger-ui.css"] {
        let plain = app.get(path).expect(200);
        assert!(plain.header("content-encoding").is_empty() && plain.header("vary").is_empty(), "{path}");
        for coding in ["gzip", "zstd"] {
            let packed = accepting(app, path, coding).expect(200);
            assert_eq!(packed.header("content-encoding"), coding, "{path}");
            assert_eq!(packed.header("vary"), "accept-encoding");
            assert_eq!(packed.raw, plain.raw);
        }
        assert!(accepting(app, path, "br").expect(200).header("content-encoding").is_empty());
    }
    let small = accepting(app, "/api/v1/units/u", "gzip").expect(200);
    assert!(small.header("content-encoding").is_empty(), "not worth it");
});

api_test!(validators_hold_however_an_answer_is_packed, |app| {
    make_calendar(app);
    let plain = app.get(CALENDAR).expect(200).etag();
    let packed = accepting(app, CALENDAR, "gzip").expect(200).etag();
    assert_eq!(packed, format!("{}-gzip\"", plain.trim_end_matches('"')));
    for (sent, accept, told) in [
        (&packed, "gzip", &packed),
        (&packed, "identity", &plain),
        (&plain, "gzip", &plain),
        (&format!("W/{packed}"), "gzip", &packed),
    ] {
        let ask = app.ask("GET", CALENDAR).header("accept-encoding", accept).header("if-none-match", sent);
        assert_eq!(&ask.send().expect(304).etag(), told, "{sent}, {accept}");
    }
    let patch = |tag: &str| {
        app.ask("PATCH", CALENDAR).header("if-match", tag).json(&json!({"name": "Lịch khác"})).send()
    };
    patch(&packed).expect(200);
    patch(&packed).expect(412);
    let ask = app.ask("GET", CALENDAR).header("accept-encoding", "gzip").header("if-none-match", &packed);
    assert_ne!(ask.send().expect(200).etag(), packed);
});

api_test!(a_file_is_packed_while_it_is_read, |app| {
    app.make_units(&["u"]);
    let rows: String =
        (0..3000).map(|n| format!("D-{n:04},u,online,4,2020-03-02T08:00:00+07:00\n")).collect();
    let file = format!("code,unit_id,submitted_via,status,accepted_at\n{rows}");
    assert_eq!(counts(&import(app, "", "application/gzip", zstd(file.as_bytes())))[1], 3000);
    let path = "/api/v1/dossiers/export?format=csv";
    let plain = app.get(path).expect(200);
    for coding in ["gzip", "zstd"] {
        let packed = accepting(app, path, coding).expect(200);
        assert_eq!((packed.header("content-encoding"), &packed.raw), (coding, &plain.raw));
    }
});

fn post(app: &App, coding: &str, body: Vec<u8>) -> Answer {
    let ask = app.ask("POST", UNITS).header("content-type", "application/json");
    ask.header("content-encoding", coding).raw(body).send()
}

api_test!(a_packed_body_is_read_as_the_body_that_it_is, |app| {
    let body = |id: &str| unit(id).to_string().into_bytes();
    post(app, "gzip", gzip(&body("a"))).expect(201);
    post(app, "X-GZip", gzip(&body("b"))).expect(201);
    post(app, "zstd", zstd(&body("c"))).expect(201);
    post(app, "identity", body("d")).expect(201);
    assert_eq!(app.get(UNITS).expect(200).each("id"), ["a", "b", "c", "d"]);
    for coding in ["br", "deflate", "gzip, gzip"] {
        let refused = post(app, coding, body("e")).expect(415);
        assert_eq!(refused.header("accept-encoding"), "gzip, zstd", "{coding}");
    }
    for (coding, wrong) in
        [("gzip", body("e")), ("zstd", body("e")), ("gzip", zstd(&body("e"))), ("zstd", Vec::new())]
    {
        assert_eq!(post(app, coding, wrong).expect(400).code(), "malformed", "{coding}");
    }
});

api_test!(a_bomb_is_too_large, |app| {
    let bomb = |bytes: usize| [b"{\"id\": \"", vec![b'x'; bytes].as_slice(), b"\"}"].concat();
    let large = bomb(200 * 1024 * 1024);
    for (coding, packed) in [("gzip", gzip(&large)), ("zstd", zstd(&large))] {
        assert!(packed.len() < 1024 * 1024, "{coding}: {}", packed.len());
        assert_eq!(post(app, coding, packed).expect(413).code(), "too_large", "{coding}");
    }
    let within = bomb(1024 * 1024);
    post(app, "gzip", gzip(&within)).expect(422);
});

api_test!(a_file_that_unpacks_to_far_more_than_a_table_fails, |app| {
    app.make_units(&["u"]);
    let heads = b"code,unit_id,submitted_via,status,accepted_at\n".as_slice();
    let file = [heads, vec![b'\n'; 100 * 1024 * 1024].as_slice()].concat();
    let failed = import(app, "", "application/gzip", zstd(&file));
    assert_eq!(failed["status"], "failed", "{failed}");
});
