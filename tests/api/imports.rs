//! Imports as records: how far they are, their reports, their end by others, and wrong requests.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    lifecycle::{Served, chiso, finished},
    support::{
        api_test,
        app::App,
        client::{Client, encoded},
        database_test,
        records::{DOSSIERS, UNITS, dossier, unit},
        wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, Sent, bare, refuse_all},
    },
};

pub const IMPORTS: &str = "/api/v1/imports";
pub const POST: &str = "/api/v1/imports/dossiers";

/// Rows read, created, updated, unchanged, rejected and undone.
pub fn counts(import: &Value) -> [i64; 6] {
    ["rows_read", "created", "updated", "unchanged", "rejected", "undone"]
        .map(|member| import[member].as_i64().unwrap())
}

/// Every row that was read has one result.
#[track_caller]
pub fn adds_up(import: &Value) {
    let counts = counts(import);
    assert_eq!(counts[0], counts[1..].iter().sum::<i64>(), "{import}");
}

/// The import once it has ended.
#[track_caller]
pub fn settled(client: &Client, location: &str) -> Value {
    let begun = Instant::now();
    loop {
        let import = client.get(location).expect(200).json;
        adds_up(&import);
        if import["status"] != "running" {
            return import;
        }
        assert!(begun.elapsed() < Duration::from_secs(100), "{import}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
fn begin(client: &Client, query: &str, kind: &str, body: impl Into<Vec<u8>>) -> String {
    let path = format!("{POST}{query}");
    let answer = client.ask("POST", &path).header("content-type", kind).raw(body).send().expect(202);
    answer.header("location").to_owned()
}

/// Imports a file and waits for the end.
#[track_caller]
pub fn import(app: &App, query: &str, kind: &str, body: impl Into<Vec<u8>>) -> Value {
    settled(app, &begin(app, query, kind, body))
}

/// The whole report, in pages of 5.
pub fn report(app: &App, import: &Value) -> Vec<Value> {
    let base = format!("{IMPORTS}/{}/report?limit=5", import["id"].as_str().unwrap());
    let (mut path, mut findings) = (base.clone(), Vec::new());
    loop {
        let page = app.get(&path).expect(200).json;
        findings.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{base}&cursor={}", encoded(cursor)),
            None => return findings,
        }
    }
}

fn rows(count: usize) -> String {
    let rows: String = (0..count).map(|n| format!("D-{n:06},u,online,1\n")).collect();
    format!("code,unit_id,submitted_via,status\n{rows}")
}

fn dossiers(app: &App) -> i64 {
    app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM dossiers")[0].parse().unwrap()
}

api_test!(a_report_is_read_in_pages_and_as_csv_in_both_languages, |app| {
    app.make_units(&["u"]);
    let file = "code,unit_id,submitted_via,status\nA,u,online,\nB,u,\"a \"\"b\"\"\",1\nC,u,online,1\n";
    let done = import(app, "", "text/csv", file);
    let path = format!("{IMPORTS}/{}/report", done["id"].as_str().unwrap());
    let english = app.ask("GET", &path).header("accept-language", "en").send().expect(200).json;
    assert_eq!(
        english["items"][0],
        json!({"row": 1, "column": "status", "value": null, "code": "required", "detail": "`status` is required."})
    );
    assert_eq!(app.get(&path).expect(200).json["items"][0]["detail"], "Bắt buộc có `status`.");
    let csv_path = format!("{path}?format=csv");
    let csv = app.ask("GET", &csv_path).header("accept-language", "en").send().expect(200);
    let text = String::from_utf8(csv.raw.clone()).unwrap();
    let mut lines = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(lines.headers().unwrap(), vec!["row", "column", "value", "code", "detail"]);
    let read: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
    assert_eq!(&read[0].iter().take(4).collect::<Vec<_>>(), &["1", "status", "", "required"]);
    assert_eq!(
        &read[1].iter().take(4).collect::<Vec<_>>(),
        &["2", "submitted_via", "a \"b\"", "unknown_word"]
    );
    assert_eq!(read.len(), 2);
    let again = app.ask("GET", &csv_path).header("accept-language", "en");
    again.header("if-none-match", csv.etag()).send().expect(304);
    let other = app.ask("GET", &csv_path).header("accept-language", "vi");
    other.header("if-none-match", csv.etag()).send().expect(200);
});

api_test!(imports_are_listed_filtered_and_deleted_with_their_reports, |app| {
    app.make_units(&["u"]);
    let first = import(app, "?name=folder/a.csv", "text/csv", rows(2));
    let second = import(app, "?mode=atomic", "text/csv", "code,unit_id,submitted_via,status\nA,x,online,1\n");
    assert_eq!(first["source"], "a.csv");
    let ids = |query: &str| {
        let list = app.get(&format!("{IMPORTS}{query}")).expect(200);
        list.each("id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let (a, b) = (first["id"].as_str().unwrap().to_owned(), second["id"].as_str().unwrap().to_owned());
    assert_eq!(ids("?sort=-id"), [b.as_str(), a.as_str()]);
    assert_eq!(ids("?status=done"), [a.as_str()]);
    assert_eq!(ids("?status=failed&mode=atomic&failure_code=rows_rejected"), [b.as_str()]);
    assert_eq!(ids("?source=a.csv&q=A.CSV&format=csv&actor=test%20administrator"), [a.as_str()]);
    assert_eq!(ids("?sort=started_at&limit=1").len(), 1);
    let path = format!("{IMPORTS}/{b}");
    app.ask("DELETE", &path).header("if-match", "\"0\"").send().expect(412);
    let tag = app.get(&path).etag();
    app.ask("DELETE", &path).header("if-match", tag).send().expect(204);
    app.get(&path).expect(404);
    app.get(&format!("{path}/report")).expect(404);
    assert!(app.database.dump()["import_rows"].is_empty());
    assert_eq!(app.delete(&format!("{IMPORTS}/{a}")).expect(204).raw.len(), 0);
    assert_eq!(dossiers(app), 2);
});

api_test!(others_write_while_an_import_runs_and_it_can_be_cancelled, |app| {
    app.make_units(&["u"]);
    let path = begin(app, "", "text/csv", rows(60_000));
    let mut slowest = Duration::ZERO;
    for n in 0..5 {
        let begun = Instant::now();
        app.post(DOSSIERS, &dossier(&format!("other-{n}"), "u")).expect(201);
        slowest = slowest.max(begun.elapsed());
    }
    let running = app.get(&path).expect(200);
    assert_eq!(running.json["status"], "running", "the others were done long before: {}", running.json);
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
    assert_eq!(app.delete(&path).expect(409).code(), "import_running");
    let cancelled = app.post(&format!("{path}/cancel"), &json!({})).expect(200).json;
    assert_eq!(cancelled["status"], "cancelled");
    assert!(cancelled["finished_at"].is_string());
    std::thread::sleep(Duration::from_millis(300));
    let now = settled(app, &path);
    assert_eq!(counts(&now), counts(&cancelled), "nothing was written after the end");
    assert_eq!(dossiers(app), now["created"].as_i64().unwrap() + 5);
    assert!(now["created"].as_i64().unwrap() < 60_000);
    app.post(&format!("{path}/cancel"), &json!({})).expect(200);
    let done = begin(app, "", "text/csv", rows(1));
    settled(app, &done);
    assert_eq!(app.post(&format!("{done}/cancel"), &json!({})).expect(409).code(), "import_ended");
});

api_test!(two_imports_of_one_file_at_once_write_each_row_once, |app| {
    app.make_units(&["u"]);
    let paths = [begin(app, "", "text/csv", rows(3000)), begin(app, "", "text/csv", rows(3000))];
    let ended = paths.map(|path| settled(app, &path));
    let sum = |member: &str| ended.iter().map(|import| import[member].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("created"), sum("unchanged"), sum("rejected")), (3000, 3000, 0), "{ended:?}");
    let entries = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM changes WHERE resource = 'dossiers'";
    assert_eq!(app.database.lines(entries), ["3000"]);
});

api_test!(a_command_imports_beside_a_service_that_writes, |app| {
    app.make_units(&["u"]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rows.csv");
    std::fs::write(&file, rows(8000)).unwrap();
    let url = app.database.url_text();
    let arguments = ["import", "dossiers", file.to_str().unwrap(), "--database-url", url.as_str()];
    let (command, posted) = std::thread::scope(|scope| {
        let command = scope.spawn(|| finished(&mut chiso(&arguments)));
        let mut posted = 0;
        for n in 0.. {
            if command.is_finished() {
                break;
            }
            // On SQLite both have one file: who waits too long for the other is told to try again.
            let status = app.post(DOSSIERS, &dossier(&format!("other-{n}"), "u")).status;
            assert!(matches!(status, 201 | 503), "{status}");
            posted += i64::from(status == 201);
        }
        (command.join().unwrap(), posted)
    });
    assert_eq!(command.0, Some(0), "{command:?}");
    assert!(command.1.contains("8000 rows: 8000 created"), "{command:?}");
    assert_eq!(dossiers(app), 8000 + posted);
});

database_test!(an_import_whose_process_is_killed_is_interrupted_and_goes_through_again, |database| {
    let served = Served::start(database);
    served.client.post(UNITS, &unit("u")).expect(201);
    let path = begin(&served.client, "", "text/csv", rows(20_000));
    while served.client.get(&path).expect(200).json["created"] == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let whole = begin(&served.client, "?mode=atomic", "text/csv", rows(20_000).replace("D-", "W-"));
    std::thread::sleep(Duration::from_millis(200));
    served.signal("-KILL");
    drop(served);
    let directory = tempfile::tempdir().unwrap();
    let again = Served::start(database);
    let cut_off = settled(&again.client, &path);
    assert_eq!(cut_off["status"], "interrupted");
    let atomic = settled(&again.client, &whole);
    let count = |like: &str| -> i64 {
        let statement =
            format!("SELECT CAST(COUNT(*) AS TEXT) AS line FROM dossiers WHERE code LIKE '{like}%'");
        database.lines(&statement)[0].parse().unwrap()
    };
    let written = if atomic["status"] == "done" { 20_000 } else { 0 };
    assert_eq!(count("W-"), written, "all or nothing: {atomic}");
    let created = cut_off["created"].as_i64().unwrap();
    assert_eq!(count("D-"), created, "{cut_off}");
    assert!(created < 20_000);
    let file = directory.path().join("rows.csv");
    std::fs::write(&file, rows(20_000)).unwrap();
    let url = database.url_text();
    let (code, out, error) =
        finished(&mut chiso(&["import", "dossiers", file.to_str().unwrap(), "--database-url", &url]));
    assert_eq!(code, Some(0), "{error}");
    let want =
        format!("20000 rows: {} created, 0 updated, {created} unchanged, 0 rejected", 20_000 - created);
    assert!(out.contains(&want), "{out}");
});

api_test!(wrong_requests_are_refused_without_a_trace, |app| {
    app.make_units(&["u"]);
    let kept = import(app, "", "text/csv", rows(1));
    let own = format!("{IMPORTS}/{}", kept["id"].as_str().unwrap());
    let raw = |name, path: String, kind, bytes: &[u8], (status, code), violation| Row {
        name,
        method: "POST",
        path,
        headers: &[],
        sent: Sent::Raw(kind, bytes.to_vec()),
        status,
        code,
        violation,
    };
    let file = |name, query: &str, problem, violation| {
        raw(name, format!("{POST}{query}"), "text/csv", rows(1).as_bytes(), problem, Some(violation))
    };
    let mapping = |name, mapping: &str, problem, violation| {
        file(name, &format!("?mapping={}", encoded(mapping)), problem, violation)
    };
    let csv = |name, bytes: &[u8], violation| {
        raw(name, POST.to_owned(), "text/csv", bytes, INVALID, Some(violation))
    };
    let get = |name, path: String, problem, violation| bare(name, "GET", &path, &[], problem, violation);
    let unsupported = (415, "unsupported_media_type");
    refuse_all(
        app,
        vec![
            file("an unknown mode", "?mode=half", MALFORMED, ("mode", "unknown_word")),
            file("an unknown preset", "?preset=x", MALFORMED, ("preset", "unknown_word")),
            file("an unknown parameter", "?table=x", MALFORMED, ("table", "unknown_parameter")),
            mapping("a mapping that is no JSON", "{", MALFORMED, ("mapping", "malformed_json")),
            mapping("a mapping that is a list", "[]", MALFORMED, ("mapping", "wrong_type")),
            mapping("an unknown part of it", r#"{"rows": 1}"#, MALFORMED, ("mapping/rows", "unknown_field")),
            mapping(
                "an unknown member",
                r#"{"columns": {"x": "name"}}"#,
                MALFORMED,
                ("mapping/columns/x", "unknown_word"),
            ),
            mapping("a zone that is none", r#"{"zone": "VN"}"#, INVALID, ("mapping/zone", "not_an_offset")),
            mapping(
                "a status 11",
                r#"{"statuses": {"x": 11}}"#,
                INVALID,
                ("mapping/statuses/x", "out_of_range"),
            ),
            mapping(
                "two columns for one",
                r#"{"columns": {"status": "code"}}"#,
                INVALID,
                ("/code", "duplicate_column"),
            ),
            csv("an empty file", b"", ("", "no_heads")),
            csv("a file without a status", b"code,unit_id,submitted_via\n", ("/status", "missing_column")),
            csv("a file in UTF-16", b"\xff\xfec\0o\0", ("", "not_utf8")),
            csv("a broken packing", b"\x1f\x8b\x08rubbish", ("", "unreadable_file")),
            raw("a JSON body", POST.to_owned(), "application/json", b"{}", unsupported, None),
            raw(
                "a file that is too large",
                POST.to_owned(),
                "text/csv",
                &vec![b'x'; 65 << 20],
                (413, "too_large"),
                None,
            ),
            Row {
                headers: &[("content-encoding", "br")],
                ..raw("another packing", POST.to_owned(), "text/csv", b"", unsupported, None)
            },
            get("an import that there is not", format!("{IMPORTS}/x"), ABSENT, NOWHERE),
            get("a NUL in an import", format!("{IMPORTS}/%00"), ABSENT, NOWHERE),
            get("a report that there is not", format!("{IMPORTS}/x/report?limit=0"), ABSENT, NOWHERE),
            get("a limit of 0", format!("{own}/report?limit=0"), MALFORMED, ("limit", "out_of_range")),
            get(
                "a cursor that is none",
                format!("{own}/report?cursor=x"),
                MALFORMED,
                ("cursor", "invalid_cursor"),
            ),
            get(
                "a format that is none",
                format!("{own}/report?format=xlsx"),
                MALFORMED,
                ("format", "unknown_word"),
            ),
            get(
                "a parameter of an import",
                format!("{own}?fields=id"),
                MALFORMED,
                ("fields", "unknown_parameter"),
            ),
            bare("a cancel of none", "POST", &format!("{IMPORTS}/x/cancel"), &[], ABSENT, NOWHERE),
            bare("a deletion of none", "DELETE", &format!("{IMPORTS}/x"), &[], ABSENT, NOWHERE),
            bare(
                "a cancel with a parameter",
                "POST",
                &format!("{own}/cancel?now=1"),
                &[],
                MALFORMED,
                ("now", "unknown_parameter"),
            ),
            get("the import of dossiers read", POST.to_owned(), (405, "method_not_allowed"), NOWHERE),
            get(
                "an export with a limit",
                format!("{DOSSIERS}/export?limit=1"),
                MALFORMED,
                ("limit", "unknown_parameter"),
            ),
            get(
                "an export as a table",
                format!("{DOSSIERS}/export?format=xlsx"),
                MALFORMED,
                ("format", "unknown_word"),
            ),
            bare(
                "a dossier named export",
                "DELETE",
                &format!("{DOSSIERS}/export"),
                &[],
                (405, "method_not_allowed"),
                NOWHERE,
            ),
        ],
    );
});

api_test!(an_idle_import_of_another_process_is_swept_by_time_alone, |app| {
    app.make_units(&["u"]);
    let done = import(app, "", "text/csv", rows(1));
    let id = done["id"].as_str().unwrap().to_owned();
    let beat: i64 =
        app.database.lines("SELECT CAST(beat_at AS TEXT) AS line FROM imports")[0].parse().unwrap();
    let sweep = |seconds: i64| {
        let store = app.store.clone();
        let now = chiso::domain::time::Moment::from_micros(beat + seconds * 1_000_000);
        actix_web::rt::System::new()
            .block_on(async move { chiso::service::imports::sweep(&store, now).await })
            .unwrap();
        app.get(&format!("{IMPORTS}/{id}")).expect(200).json["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(sweep(100), "done", "what has ended stays so");
    let store = app.store.clone();
    let again: Result<(), chiso::store::StoreError> = actix_web::rt::System::new().block_on(async move {
        let run = "UPDATE imports SET status = 'running', finished_at = NULL";
        store.write(move |conn| Ok(diesel::connection::SimpleConnection::batch_execute(conn, run)?)).await
    });
    again.unwrap();
    assert_eq!(sweep(10), "running");
    assert_eq!(sweep(16), "interrupted");
});
