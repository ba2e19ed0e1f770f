//! Exports: every dossier once, in both formats, and an import of an export changes nothing; also on the command
//! line.

use serde_json::{Value, json};

use crate::{
    imports::{counts, import},
    lifecycle::{chiso, finished},
    support::{
        api_test,
        app::App,
        client::encoded,
        records::{DOSSIERS, dossier, with},
    },
};

const EXPORT: &str = "/api/v1/dossiers/export";

/// An export as text.
pub fn text(app: &App, query: &str) -> String {
    String::from_utf8(app.get(&format!("{EXPORT}{query}")).expect(200).raw).unwrap()
}

/// Dossiers with every member, awkward texts, and more of them than are read at once.
fn fill(app: &App) {
    app.make_units(&["u", "v"]);
    let full = json!({
        "received_by_unit_id": "v", "procedure_code": "1.000656", "field": "Đất đai, \"nhà\"\n= 1", "online_level": "4",
        "returned_via": "postal", "interlinked": true, "synthetic": true, "submitted_at": "2020-03-01T08:00:00.123456+07:00",
        "re_appointed_to": "2020-03-20T17:00:00+07:00", "finished_at": "2020-03-05T08:00:00+07:00",
        "returned_at": "2020-03-06T08:00:00+07:00", "status": 10, "submitted_via": "online"
    });
    app.post(DOSSIERS, &with(dossier("=1+1;'x', \"y\"", "u"), full)).expect(201);
    app.post(DOSSIERS, &with(dossier("số 1/2020 (50%)", "v"), json!({"due_at": null}))).expect(201);
    let rows: String = (0..2300).map(|n| format!("D-{n:04},u,online,1\n")).collect();
    let done = import(app, "", "text/csv", format!("code,unit_id,submitted_via,status\n{rows}"));
    assert_eq!(counts(&done)[1], 2300);
}

/// A dossier as a line of an export, where its times tell its history.
pub fn exported(dossier: Value) -> Value {
    with(dossier, json!({"history": null}))
}

/// Every dossier of a list, page by page.
pub fn listed(app: &App, query: &str) -> Vec<Value> {
    let (mut items, mut path) = (Vec::new(), format!("{DOSSIERS}?limit=500{query}"));
    loop {
        let page = app.get(&path).expect(200).json;
        items.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{DOSSIERS}?limit=500{query}&cursor={}", encoded(cursor)),
            None => return items,
        }
    }
}

api_test!(an_export_has_every_dossier_and_its_import_gives_the_same, |app| {
    fill(app);
    let all = listed(app, "");
    assert_eq!(all.len(), 2302);
    let lines = text(app, "?format=ndjson");
    let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, all.iter().cloned().map(exported).collect::<Vec<_>>());
    let csv = text(app, "");
    assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), 2302);
    let before = app.database.dump();
    for (kind, file) in [("application/x-ndjson", &lines), ("text/csv", &csv)] {
        let again = import(app, "", kind, file.as_str());
        assert_eq!(counts(&again), [2302, 0, 0, 2302, 0, 0], "{kind}: {again}");
        assert_eq!(again["dropped_columns"], json!([]));
        assert_eq!(app.database.dump()["dossiers"], before["dossiers"]);
    }
    for dossier in all.iter().filter(|dossier| dossier["status"] != 1) {
        app.delete(&format!("{DOSSIERS}/{}", encoded(dossier["code"].as_str().unwrap()))).expect(204);
    }
    assert_eq!(counts(&import(app, "", "text/csv", csv)), [2302, 2, 0, 2300, 0, 0]);
    assert_eq!(listed(app, ""), all);
});

api_test!(an_export_takes_the_filters_of_the_list, |app| {
    fill(app);
    for query in [
        "&unit_id=v",
        "&status=10&outcome=early",
        "&q=DAT%20DAI",
        "&under=u&submitted_via=online&accepted_from=2020-01-01",
    ] {
        let lines = text(app, &format!("?format=ndjson{query}"));
        let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, listed(app, query).into_iter().map(exported).collect::<Vec<_>>(), "{query}");
        assert!(!read.is_empty() && read.len() < 3, "{query}: {}", read.len());
    }
    let none = text(app, "?unit_id=nowhere");
    assert_eq!(
        none,
        "code,unit_id,received_by_unit_id,procedure_code,field,submitted_via,online_level,returned_via,interlinked,\
         synthetic,submitted_at,accepted_at,first_due_at,due_at,re_appointed_to,finished_at,returned_at,status,outcome,\
         re_appointed_kept,due_derived,due_calendar,recorded_at,anomalies,history\n"
    );
    assert_eq!(text(app, "?unit_id=nowhere&format=ndjson"), "");
});

api_test!(the_command_line_imports_and_exports, |app| {
    app.make_units(&["u"]);
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let url = app.database.url_text();
    let run = |arguments: &[&str]| {
        let mut command = chiso(&[arguments, &["--log", "error"]].concat());
        finished(command.env("CHISO_DATABASE_URL", &url))
    };
    std::fs::write(at("in.csv"), "Mã,Đơn vị,ChuHoSo\nA,u,Kín\nB,x,Kín\n").unwrap();
    let mapping = json!({
        "columns": {"Mã": "code", "Đơn vị": "unit_id"}, "constants": {"submitted_via": "online", "status": "1"}
    });
    std::fs::write(at("map.json"), mapping.to_string()).unwrap();
    let (code, out, error) = run(&[
        "import",
        "dossiers",
        &at("in.csv"),
        "--mapping",
        &at("map.json"),
        "--report",
        &at("report.csv"),
    ]);
    assert_eq!(code, Some(1), "{out}{error}");
    assert!(out.contains("2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected"), "{out}");
    assert!(out.contains("not read: ChuHoSo") && error.contains("1 of 2 rows were rejected"), "{out}{error}");
    let report = std::fs::read_to_string(at("report.csv")).unwrap();
    assert!(report.contains("2,Đơn vị,x,unknown_unit,") && !report.contains("Kín"), "{report}");

    let (code, _, error) = run(&["export", "dossiers", &at("out.ndjson.gz"), "--where", "status=1"]);
    assert_eq!((code, error.trim()), (Some(0), "1 dossiers exported"));
    let (code, out, error) = run(&["import", "dossiers", &at("out.ndjson.gz"), "--mode", "atomic"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(out.contains("1 rows: 0 created, 0 updated, 1 unchanged"), "{out}");
    let (code, out, _) = run(&["export", "dossiers", "-", "--format", "ndjson"]);
    assert_eq!(code, Some(0));
    assert_eq!(serde_json::from_str::<Value>(out.trim()).unwrap(), exported(listed(app, "")[0].clone()));

    for (arguments, want) in [
        (vec!["import", "dossiers", "/nowhere.csv"], "/nowhere.csv: No such file"),
        (vec!["import", "dossiers", &at("in.csv")], "No column gives `code`"),
        (vec!["export", "dossiers", "-", "--where", "colour=red"], "colour"),
        (vec!["export", "dossiers", "-", "--where", "red"], "NAME=VALUE"),
    ] {
        let (code, _, error) = run(&arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {error}");
        assert!(error.contains(want), "{arguments:?}: {error}");
    }
});
