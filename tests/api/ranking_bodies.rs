//! Rankings of so many units that they are sent while they are written: the same answer as any other.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::{App, KEY},
    client::Answer,
    indexes::{RANKING, SCORES, score},
    records::with,
};

const UNITS: usize = 1_030;

fn id(n: usize) -> String {
    format!("c{n:04}")
}

/// Communes whose score is their number without its last digit, in tenths: ten have each of them. The last has none.
fn make(app: &App) {
    app.make_edition(json!({}));
    let ids: Vec<String> = (0..UNITS).map(id).collect();
    app.make_units(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let scores: Vec<Value> =
        (0..UNITS - 1).map(|n| score(&id(n), format!("{}.{}", n / 100, n / 10 % 10))).collect();
    for part in scores.chunks(400) {
        let stored = app.post(&format!("{SCORES}/batch"), &json!({"items": part})).expect(200).json;
        assert_eq!(stored["created"], part.len(), "{stored}");
    }
}

/// The ranking of 2017, without its validator's parts: what each unit has, and the delta against 2016.
fn figures(ranking: &Value) -> Vec<[Value; 4]> {
    let standings = ranking["standings"].as_array().unwrap().iter();
    let told =
        standings.map(|s| [&s["unit_id"], &s["rank"], &s["score_exact"], &s["delta"]].map(Value::clone));
    told.collect()
}

api_test!(a_thousand_units_are_read_by_two_as_by_one, |app| {
    make(app);
    app.post("/api/v1/indexes/ix/editions/2016/publish", &json!({"reason": "kept"})).expect(201);
    app.make_edition_of(2017, json!({}));
    let of_2017 = |n: usize, score: String| with(self::score(&id(n), score), json!({"year": 2017}));
    let scores: Vec<Value> = (0..UNITS - 1).map(|n| of_2017(n, format!("{}", UNITS - n))).collect();
    for part in scores.chunks(400) {
        app.post(&format!("{SCORES}/batch"), &json!({"items": part})).expect(200);
    }
    let ranking = || figures(&app.get("/api/v1/indexes/ix/rankings/2017").expect(200).json);
    // The base is kept from here on: the other year alone is read again.
    let before = ranking();
    assert_eq!(before.len(), UNITS - 1);
    assert_eq!(before[0], [json!("c0000"), json!(1), json!("1030"), before[0][3].clone()]);
    app.make_score(&of_2017(UNITS - 1, "0.5".to_owned()));
    let after = ranking();
    assert_eq!(after[..UNITS - 1], before);
    assert_eq!(after[UNITS - 1][..3], [json!("c1029"), json!(UNITS), json!("0.5")]);
    // While others write, each answer is of one state: what was there before is as it was.
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..40 {
                let score = of_2017(UNITS - 1, format!("0.{}", n + 10));
                app.put(&format!("{SCORES}/by-key/ix/2017/{}/final/_total", id(UNITS - 1)), &score);
            }
        });
        while !writer.is_finished() {
            let now = ranking();
            assert_eq!(now[..UNITS - 1], before);
        }
    });
});

fn ask(app: &App, method: &str, header: (&str, &str)) -> Answer {
    app.ask(method, RANKING).header(header.0, header.1).send()
}

api_test!(a_thousand_units_are_ranked_and_sent_in_pieces, |app| {
    make(app);
    let whole = app.get(RANKING).expect(200);
    assert_eq!((whole.header("transfer-encoding"), whole.header("content-length")), ("chunked", ""));
    let ranking = &whole.json;
    assert_eq!(
        (&ranking["cohort_size"], ranking["unranked"].as_array().unwrap().len()),
        (&json!(UNITS - 1), 1)
    );
    let standings = ranking["standings"].as_array().unwrap();
    assert_eq!(standings.len(), UNITS - 1);
    let (mut last, mut seen) = ((u64::MIN, String::new()), std::collections::BTreeSet::new());
    for standing in standings {
        let n: usize = standing["unit_id"].as_str().unwrap()[1..].parse().unwrap();
        assert!(seen.insert(n), "{n} twice");
        // Who is better: all of a higher ten. The last ten has nine.
        let better = (UNITS - 1).saturating_sub((n / 10 + 1) * 10);
        let want = (better as u64 + 1, format!("{}.{}", n / 100, n / 10 % 10));
        assert_eq!(standing["rank"], want.0, "{standing}");
        assert_eq!(standing["score_exact"], want.1.strip_suffix(".0").unwrap_or(&want.1), "{standing}");
        assert!(last.0 <= want.0);
        last = want;
    }

    let tag = whole.etag();
    assert_eq!(app.get(RANKING).expect(200).etag(), tag);
    assert_eq!(ask(app, "HEAD", ("accept", "*/*")).expect(200).etag(), tag);
    assert!(ask(app, "GET", ("if-none-match", &tag)).expect(304).raw.is_empty());
    for coding in ["gzip", "zstd"] {
        let packed = ask(app, "GET", ("accept-encoding", coding)).expect(200);
        assert_eq!(packed.header("content-encoding"), coding);
        assert_eq!(packed.raw, whole.raw);
        ask(app, "GET", ("if-none-match", &packed.etag())).expect(304);
    }

    // A proxy of HTTP/1.0 gets the body as it is, up to the end of the connection.
    let old = format!("GET {RANKING} HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", KEY);
    let answer = app.bytes(old.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200") && !head.to_lowercase().contains("transfer-encoding"), "{head}");
    assert_eq!(body.as_bytes(), whole.raw);

    app.make_score(&score(&id(UNITS - 1), "0.01"));
    let later = ask(app, "GET", ("if-none-match", &tag)).expect(200);
    assert_ne!(later.etag(), tag);
    assert_eq!(later.json["standings"].as_array().unwrap().len(), UNITS);
});
