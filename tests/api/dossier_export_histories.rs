//! Exports with histories: an import into a fresh database with the same units gives the same dossiers, the same
//! events and the same statistics, in both formats, packed or not, by the interface and on the command line.

use std::io::Write;

use chiso::service::dossier_counting;
use serde_json::{Value, json};

use crate::{
    dossier_exports::{listed, text},
    dossier_histories::history,
    imports::{counts, import, report},
    lifecycle::{chiso, finished},
    support::{
        api_test,
        app::App,
        client::encoded,
        database::Database,
        records::{DOSSIERS, UNITS, dossier, unit, with, without},
    },
};

const STATISTICS: &str = "/api/v1/dossier-statistics";
const NDJSON: &str = "application/x-ndjson";
const SEEDS: std::ops::Range<u64> = 5000..5140;

fn fresh(app: &App) -> App {
    App::start(Database::migrated(app.database.kind))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn at(day: &str) -> String {
    format!("2020-03-{day}T08:00:00+07:00")
}

/// Every dossier, and the history of each.
fn told(app: &App) -> (Vec<Value>, Vec<Value>) {
    let dossiers = listed(app, "");
    let histories = dossiers
        .iter()
        .map(|dossier| {
            let code = encoded(dossier["code"].as_str().unwrap());
            app.get(&format!("{DOSSIERS}/{code}/events")).expect(200).json
        })
        .collect();
    (dossiers, histories)
}

/// Statistics of every random district, in several groupings and as of several days.
fn statistics(app: &App) -> Vec<Value> {
    let queries = [
        "period=2020&group_by=unit",
        "from=2019-12-15&to=2020-12-14&group_by=level,field",
        "from=2019-12-31&to=2020-01-20&as_of=2020-01-05&group_by=procedure,channel",
        "period=2020&group_by=month",
    ];
    SEEDS
        .flat_map(|seed| queries.map(|query| format!("{STATISTICS}?unit_id=h{seed}-r&{query}")))
        .map(|path| app.get(&path).expect(200).json)
        .collect()
}

/// A database of random histories, anomalies and transfers among them; and another one with its units alone.
fn random(app: &App) {
    actix_web::rt::System::new().block_on(async {
        for seed in SEEDS {
            history(app, seed).await;
        }
    });
}

fn same_units(app: &App) -> App {
    let other = fresh(app);
    for seed in SEEDS {
        let root = format!("h{seed}-r");
        other.post(UNITS, &json!({"id": root, "name": root, "level": "district"})).expect(201);
        for id in ["a", "b"] {
            let id = format!("h{seed}-{id}");
            let unit = json!({"id": id, "name": id, "level": "commune", "parent_id": root});
            other.post(UNITS, &unit).expect(201);
        }
    }
    other
}

#[track_caller]
fn assert_same(app: &App, other: &App) {
    let ((dossiers, histories), (others, other_histories)) = (told(app), told(other));
    for (one, another) in dossiers.iter().zip(&others).chain(histories.iter().zip(&other_histories)) {
        assert_eq!(one, another);
    }
    assert_eq!(dossiers.len(), others.len());
    assert_eq!(statistics(app), statistics(other));
    actix_web::rt::System::new().block_on(async {
        let recount = dossier_counting::recount(&other.store).await.unwrap();
        assert_eq!(recount.differences, []);
    });
}

api_test!(random_histories_survive_an_export_and_an_import, |app| {
    random(app);
    let (dossiers, histories) = told(app);
    let anomalous = dossiers.iter().filter(|dossier| dossier["anomalies"] != json!([])).count();
    let moved = histories.iter().filter(|history| history["transfers"] != json!([])).count();
    assert!(dossiers.len() > 60 && anomalous > 5 && moved > 4, "{} {anomalous} {moved}", dossiers.len());
    let all = dossiers.len() as i64;
    let csv = text(app, "");
    let lines = text(app, "?format=ndjson");
    // In its own database the file says nothing new.
    assert_eq!(counts(&import(app, "", "text/csv", csv.as_str())), [all, 0, 0, all, 0, 0]);
    for (kind, query, file) in [
        ("text/csv", "", csv.clone().into_bytes()),
        ("application/gzip", "?mode=atomic", gzip(csv.as_bytes())),
        (NDJSON, "", lines.clone().into_bytes()),
        ("application/gzip", "", gzip(lines.as_bytes())),
    ] {
        let other = same_units(app);
        other.set_now("2022-07-01T08:00:00+07:00");
        let done = import(&other, query, kind, file.clone());
        assert_eq!(counts(&done), [all, all, 0, 0, 0, 0], "{kind}: {done}\n{:?}", report(&other, &done));
        assert_eq!(done["dropped_columns"], json!([]));
        let again = import(&other, query, kind, file);
        assert_eq!(counts(&again), [all, 0, 0, all, 0, 0], "{kind}: {again}");
        other.set_now("2021-01-04T08:00:00+07:00");
        assert_same(app, &other);
        assert_eq!(text(&other, ""), csv);
        assert_eq!(text(&other, "?format=ndjson"), lines);
    }
});

api_test!(the_command_line_carries_histories_over, |app| {
    random(app);
    let all = listed(app, "").len();
    let directory = tempfile::tempdir().unwrap();
    for name in ["all.csv", "all.csv.gz", "all.ndjson", "all.ndjson.gz"] {
        let other = same_units(app);
        let file = directory.path().join(name).to_str().unwrap().to_owned();
        let run = |arguments: &[&str], app: &App| {
            let mut command = chiso(&[arguments, &["--log", "error"]].concat());
            finished(command.env("CHISO_DATABASE_URL", app.database.url_text()))
        };
        let (code, _, error) = run(&["export", "dossiers", &file], app);
        assert_eq!(code, Some(0), "{error}");
        let (code, out, error) = run(&["import", "dossiers", &file], &other);
        assert_eq!(code, Some(0), "{out}{error}");
        assert!(out.contains(&format!("{all} rows: {all} created")), "{out}");
        assert_same(app, &other);
    }
});

/// A unit with a calendar, and a procedure of five working days.
fn make_procedure(app: &App) {
    let calendar = json!({"unit_id": "u", "name": "Lịch", "days": [{"day": "2020-03-05", "kind": "off", "name": "Nghỉ"}]});
    app.put("/api/v1/calendars/cal", &calendar).expect(201);
    let procedure =
        json!({"name": "Cấp giấy", "field": "Đất đai", "term": {"amount": 5, "unit": "working_days"}});
    app.put("/api/v1/procedures/1.001", &procedure).expect(201);
}

api_test!(derived_due_dates_survive_and_nothing_is_derived_anew, |app| {
    app.make_units(&["u"]);
    let without_due =
        |code: &str| with(without(dossier(code, "u"), "due_at"), json!({"procedure_code": "1.001"}));
    // Accepted before anybody knew the term: it has no due date, and gets none by an import.
    app.post(DOSSIERS, &without_due("before")).expect(201);
    make_procedure(app);
    app.post(DOSSIERS, &without_due("derived")).expect(201);
    app.post(DOSSIERS, &with(without_due("waits"), json!({"status": 5}))).expect(201);
    app.post(DOSSIERS, &without_due("paused")).expect(201);
    for (status, day) in [(5, "04"), (4, "06")] {
        let event = json!({"status": status, "at": at(day), "event_id": format!("e{status}"), "reason": "Bổ sung, \"giấy\"\ntờ"});
        app.post(&format!("{DOSSIERS}/paused/events"), &event).expect(201);
    }
    let before = told(app);
    let of = |code: &str| before.0.iter().find(|dossier| dossier["code"] == code).unwrap();
    assert_eq!((&of("before")["due_at"], &of("derived")["due_derived"]), (&json!(null), &json!(true)));
    assert_ne!(of("paused")["due_at"], of("paused")["first_due_at"]);
    for (kind, query) in [("text/csv", ""), (NDJSON, "?format=ndjson")] {
        for with_procedure in [true, false] {
            let other = fresh(app);
            other.make_units(&["u"]);
            if with_procedure {
                make_procedure(&other);
            }
            other.set_now("2021-02-01T08:00:00+07:00");
            let done = import(&other, "", kind, text(app, query));
            assert_eq!(counts(&done), [4, 4, 0, 0, 0, 0], "{done}");
            let again = import(&other, "", kind, text(app, query));
            assert_eq!(counts(&again), [4, 0, 0, 4, 0, 0], "{again}");
            other.set_now("2021-01-04T08:00:00+07:00");
            assert_eq!(told(&other), before);
        }
    }
});

/// A dossier of unit `v` that came from `u`, as a line of an export.
fn line(app: &App) -> Value {
    app.make_units(&["u", "v"]);
    app.post(DOSSIERS, &dossier("A", "u")).expect(201);
    let a = format!("{DOSSIERS}/A");
    app.post(&format!("{a}/events"), &json!({"status": 4, "at": at("03")})).expect(201);
    app.post(&format!("{a}/transfers"), &json!({"to_unit_id": "v", "at": at("04")})).expect(201);
    app.post(&format!("{a}/events"), &json!({"status": 9, "at": at("05")})).expect(201);
    serde_json::from_str(&text(app, "?format=ndjson")).unwrap()
}

api_test!(a_history_that_disagrees_with_its_row_is_rejected, |app| {
    let line = line(app);
    assert_eq!(line["history"]["transfers"][0]["to_unit_id"], "v");
    let other = fresh(app);
    other.make_units(&["u", "v"]);
    other.post(UNITS, &with(unit("late"), json!({"valid_from": "2021-01-01"}))).expect(201);
    let broken = |place: &str, value: Value| {
        let mut line = line.clone();
        *line.pointer_mut(place).unwrap() = value;
        line
    };
    let elsewhere = |unit: &str| {
        let mut line = broken("/history/transfers/0/to_unit_id", json!(unit));
        line["unit_id"] = json!(unit);
        line
    };
    let rows = [
        (broken("/status", json!(7)), "history_disagrees"),
        (broken("/accepted_at", json!(at("01"))), "history_disagrees"),
        (broken("/due_at", json!(at("20"))), "history_disagrees"),
        (broken("/unit_id", json!("u")), "history_disagrees"),
        (broken("/history/events", json!([])), "history_disagrees"),
        (broken("/history/events/0/at", json!("2020-03-09T08:00:00+07:00")), "history_unordered"),
        (broken("/history/transfers/0/at", json!(at("06"))), "before_transfer"),
        (elsewhere("late"), "unit_not_in_existence"),
        (broken("/history/events/0/status", json!(11)), "wrong_type"),
        (broken("/history", json!("events")), "wrong_type"),
        (
            broken(
                "/history/events/0",
                with(line["history"]["events"][0].clone(), json!({"reason": "x".repeat(1001)})),
            ),
            "too_long",
        ),
        (broken("/recorded_at", json!("yesterday")), "wrong_type"),
        (broken("/due_calendar", json!({"id": "a/b", "version": 1})), "not_an_id"),
    ];
    let file: Vec<String> = rows.iter().map(|(line, _)| line.to_string()).collect();
    let done = import(&other, "", NDJSON, file.join("\n"));
    let report = report(&other, &done);
    let codes: Vec<&str> = report.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert_eq!(codes, rows.iter().map(|(_, code)| *code).collect::<Vec<_>>());
    assert_eq!(report[0]["column"], "history");
    assert_eq!(counts(&done)[4], rows.len() as i64);
    assert!(listed(&other, "").is_empty());
    // Units that nobody knows, also between the first and the last.
    let there_and_back = json!([
        {"from_unit_id": "u", "to_unit_id": "nowhere", "at": at("03"), "arrived_at": at("03")},
        {"from_unit_id": "nowhere", "to_unit_id": "v", "at": at("04"), "arrived_at": at("04")},
    ]);
    let done = import(&other, "", NDJSON, broken("/history/transfers", there_and_back).to_string());
    let report = self::report(&other, &done);
    assert_eq!((&report[0]["code"], &report[0]["column"]), (&json!("unknown_unit"), &json!("history")));
    // A body of the interface has no such member.
    let refused =
        other.post(DOSSIERS, &with(dossier("B", "u"), json!({"history": line["history"]}))).expect(400);
    assert_eq!(refused.violations(), [("/history", "unknown_field")]);
});

api_test!(a_history_replaces_the_one_that_is_kept_and_a_row_without_one_does_not, |app| {
    let line = line(app);
    let kept = told(app);
    app.set_now("2021-02-01T08:00:00+07:00");
    // Opened again since, and handed back: the file says how it was.
    for body in [json!({"status": 4, "at": at("06")}), json!({"status": 9, "at": at("07")})] {
        app.post(&format!("{DOSSIERS}/A/events?mode=sync"), &body).expect(201);
    }
    assert_ne!(told(app), kept);
    assert_eq!(counts(&import(app, "", NDJSON, line.to_string())), [1, 0, 1, 0, 0, 0]);
    app.set_now("2021-01-04T08:00:00+07:00");
    assert_eq!(told(app), kept);
    assert_eq!(counts(&import(app, "", NDJSON, line.to_string())), [1, 0, 0, 1, 0, 0]);
    // Without the history, or with none told, what is kept stays.
    for row in [without(line.clone(), "history"), with(line.clone(), json!({"history": null}))] {
        assert_eq!(counts(&import(app, "", NDJSON, row.to_string())), [1, 0, 0, 1, 0, 0]);
        assert_eq!(told(app), kept);
    }
    // In a database that doesn't know the dossier, a row without the column is told now.
    let other = fresh(app);
    other.make_units(&["u", "v"]);
    other.set_now("2021-02-01T08:00:00+07:00");
    let row = with(without(line.clone(), "history"), json!({"recorded_at": "yesterday"}));
    assert_eq!(counts(&import(&other, "", NDJSON, row.to_string())), [1, 1, 0, 0, 0, 0]);
    let (dossiers, histories) = told(&other);
    assert_eq!(dossiers[0]["recorded_at"], "2021-02-01T08:00:00+07:00");
    assert_eq!(histories[0]["transfers"], json!([]));
    // Told with its history afterwards, it is as it was.
    assert_eq!(counts(&import(&other, "", NDJSON, line.to_string())), [1, 0, 1, 0, 0, 0]);
    other.set_now("2021-01-04T08:00:00+07:00");
    assert_eq!(told(&other), kept);
});
