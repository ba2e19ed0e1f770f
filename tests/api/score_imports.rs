//! Imports of score tables: wide and long, CSV and spreadsheets, looked at and stored, by address and on the
//! command line.

use serde_json::{Value, json};

use crate::{
    lifecycle::{chiso, finished},
    support::{
        api_test,
        app::App,
        client::{Answer, encoded},
        indexes::{EDITION, RANKING, SCORES, criterion, score},
        records::{UNITS, unit, with},
    },
};

const IMPORT: &str = "/api/v1/indexes/ix/editions/2016/score-imports";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub fn send(app: &App, query: &str, table: impl Into<Vec<u8>>) -> Answer {
    app.ask("POST", &format!("{IMPORT}{query}")).header("content-type", "text/csv").raw(table).send()
}

/// Line, column and code of each finding.
pub fn findings(answer: &Value) -> Vec<(i64, &str, &str)> {
    let found = answer["findings"].as_array().unwrap();
    found
        .iter()
        .map(|f| {
            (f["line"].as_i64().unwrap(), f["column"].as_str().unwrap_or("-"), f["code"].as_str().unwrap())
        })
        .collect()
}

pub fn counts(answer: &Value) -> [i64; 4] {
    ["rows", "created", "updated", "unchanged"].map(|member| answer[member].as_i64().unwrap())
}

/// The scores of the edition as `unit criterion score rank source`, in order.
fn stored(app: &App) -> Vec<String> {
    let items = app.get(&format!("{SCORES}?index_code=ix&limit=500")).expect(200).json["items"].take();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut lines: Vec<String> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            ["unit_id", "criterion", "score_exact", "published_rank", "source"].map(|m| text(&s[m])).join(" ")
        })
        .collect();
    lines.sort();
    lines
}

/// Provinces with codes, one of them twice by name; an edition with two criteria.
pub fn make(app: &App) {
    for (id, code, name) in
        [("hn", "01", "Thành phố Hà Nội"), ("hg", "02", "Tỉnh Hà Giang"), ("dt", "87", "Tỉnh Đồng Tháp")]
    {
        let over = json!({"name": name, "level": "province", "code": code, "code_scheme": "gso"});
        app.post(UNITS, &with(unit(id), over)).expect(201);
    }
    app.post(UNITS, &with(unit("tphg"), json!({"name": "Thành phố Hà Giang", "level": "district"})))
        .expect(201);
    app.make_edition(json!({
        "criteria": [criterion("land", 10), with(criterion("time_cost", 100), json!({"name": "Chi phí thời gian"}))],
        "cohorts": [{"code": "p", "name": "Các tỉnh", "rule": {"level": "province"}}]
    }));
}

api_test!(a_wide_table_is_looked_at_and_then_stored, |app| {
    make(app);
    let table = "\u{feff}STT,Đơn vị,LAND,Chi phi thoi gian,Tổng điểm,Xếp hạng,Ghi chú\r\n\
                 1,Hà Nội,7.50,,64.9552993774414,2,x\r\n\
                 2,87,-,9,66.1,1,\r\n\
                 3,hg,1,2,,,\r\n\
                 ,Nguồn: VCCI,,,,,\r\n";
    let before = app.database.dump();
    let looked = send(app, "?dry_run=true", table).expect(200).json;
    assert_eq!(app.database.dump(), before);
    assert_eq!(
        (&looked["stored"], &looked["layout"], counts(&looked)),
        (&json!(false), &json!("wide"), [3, 6, 0, 0])
    );
    assert_eq!(looked["ignored_columns"], json!(["STT", "Ghi chú"]));
    assert_eq!(
        looked["columns"][2],
        json!({"column": "Chi phi thoi gian", "holds": "score", "criterion": "time_cost", "stage": null})
    );
    assert_eq!(
        looked["scores"][1].to_string(),
        concat!(
            r#"{"line":2,"unit_id":"hn","unit_name":"Thành phố Hà Nội","criterion":null,"stage":"final","score":64.96,"#,
            r#""score_exact":"64.9552993774414","published_rank":2,"change":"create"}"#
        )
    );
    let done = send(app, "?source=VCCI", table).expect(200).json;
    assert_eq!((&done["stored"], counts(&done)), (&json!(true), [3, 6, 0, 0]));
    let want = [
        "dt null 66.1 1 VCCI",
        "dt time_cost 9 null VCCI",
        "hg land 1 null VCCI",
        "hg time_cost 2 null VCCI",
        "hn land 7.5 null VCCI",
        "hn null 64.9552993774414 2 VCCI",
    ];
    assert_eq!(stored(app), want);
    // Sent again nothing changes, and nothing is logged.
    let before = app.database.dump();
    assert_eq!(counts(&send(app, "", table).expect(200).json), [3, 0, 0, 6]);
    assert_eq!(app.database.dump(), before);
    // A cell changes its score alone: the rank and the source stay. An empty cell takes nothing away.
    let again = send(app, "", "unit_id,total,land\nhn,65,\n").expect(200).json;
    assert_eq!(counts(&again), [1, 0, 1, 0]);
    assert_eq!(stored(app)[5], "hn null 65 2 VCCI");
    crate::changes::settle(app);
    let log = app.get("/api/v1/changes?resource=index-scores&limit=500").expect(200).json;
    let actions: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|c| c["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "create", "create", "create", "create", "create", "update"]);
    let last = &log["items"][6];
    assert_eq!(
        (&last["before"]["score"], &last["after"]["score"]),
        (&json!("64.9552993774414"), &json!("65"))
    );
    assert_eq!(app.get(RANKING).expect(200).json["cohort_size"], 3);
});

api_test!(a_long_table_has_a_line_a_score, |app| {
    make(app);
    let table = "unit_id;Tiêu chí;Điểm;Xếp hạng\nhn;land;7,25;3\nHà Nội;_total;64,9;\nTP. Hà Nội;Chi phí thời gian;1;\n";
    let refused = send(app, "?stage=self", table).expect(422);
    assert_eq!(refused.violations(), [("/2/Điểm", "decimal_comma"), ("/3/Điểm", "decimal_comma")]);
    let done = send(app, "?stage=self&decimal=comma", table).expect(200).json;
    assert_eq!((&done["layout"], counts(&done)), (&json!("long"), [3, 3, 0, 0]));
    assert_eq!(stored(app), ["hn land 7.25 3 null", "hn null 64.9 null null", "hn time_cost 1 null null"]);
    let own = app.get(&format!("{SCORES}?stage=self")).expect(200);
    assert_eq!(own.json["items"].as_array().unwrap().len(), 3);
});

api_test!(every_problem_of_a_table_has_its_line_and_column, |app| {
    make(app);
    app.post(UNITS, &with(unit("old"), json!({"valid_to": "2016-01-01"}))).expect(201);
    app.post(UNITS, &with(unit("hg2"), json!({"name": "Xã Hà Giang"}))).expect(201);
    let table = "Bảng điểm năm 2016,,,\n\
                 đơn vị,land,time_cost,xếp hạng\n\
                 hn,10.01,x,\n\
                 Hà Nội,5,,\n\
                 nowhere,1,1,\n\
                 old,1,,\n\
                 tphg,,\"1,5\",\n\
                 ,1,,\n\
                 dt,1,,5\n\
                 Xã Hà,1,,\n\
                 Hà Giang,1,,\n\
                 hg,-1.5,1.00000000000000000000000000001,\n";
    let looked = send(app, "?dry_run=true", table).expect(200).json;
    assert_eq!(
        findings(&looked),
        [
            (3, "time_cost", "not_a_number"),
            (3, "land", "above_maximum"),
            (4, "land", "duplicate"),
            (5, "đơn vị", "unknown_unit"),
            (6, "đơn vị", "unit_not_in_existence"),
            (7, "time_cost", "decimal_comma"),
            (8, "đơn vị", "empty"),
            (9, "xếp hạng", "rank_without_score"),
            (10, "đơn vị", "unknown_unit"),
            (12, "time_cost", "too_precise"),
            (12, "land", "duplicate"),
        ]
    );
    let first = &looked["findings"][0];
    assert_eq!((&first["value"], &first["detail_en"]), (&json!("x"), &json!("It is not a number.")));
    assert_eq!(
        (&first["detail"], &first["detail_vi"]),
        (&first["detail_vi"], &json!("Giá trị không phải là số."))
    );
    let before = app.database.dump();
    let refused = send(app, "", table).expect(422);
    assert_eq!(refused.code(), "validation");
    assert_eq!(refused.violations().len(), 11);
    assert!(refused.violations().contains(&("/3/land", "above_maximum")));
    assert_eq!(app.database.dump(), before);
});

api_test!(an_ambiguous_unit_is_refused_with_the_candidates, |app| {
    make(app);
    for id in ["x1", "x2"] {
        app.post(UNITS, &with(unit(id), json!({"name": "Xã Tân Bình"}))).expect(201);
    }
    let looked =
        send(app, "?dry_run=true", "unit,land\nTân Bình,1\nHà Giang,1\nxa tan binh,1\n").expect(200).json;
    assert_eq!(findings(&looked), [(2, "unit", "ambiguous_unit"), (4, "unit", "ambiguous_unit")]);
    let detail = looked["findings"][0]["detail_en"].as_str().unwrap();
    assert!(detail.contains("x1 (Xã Tân Bình), x2 (Xã Tân Bình)"), "{detail}");
    // Of the two Hà Giang the edition ranks one.
    assert_eq!(looked["scores"][0]["unit_id"], "hg");
    // A code that is used again names the unit of its time.
    app.post(UNITS, &json!({"id": "tg", "name": "Tỉnh T", "level": "other", "code": "82", "code_scheme": "gso", "valid_to": "2016-01-01"})).expect(201);
    app.post(UNITS, &json!({"id": "tg-new", "name": "Tỉnh T", "level": "other", "code": "82", "code_scheme": "gso", "valid_from": "2016-01-01"})).expect(201);
    let looked = send(app, "?dry_run=true", "code,land\n82,1\n1,1\n").expect(200).json;
    assert_eq!(
        (&looked["scores"][0]["unit_id"], &looked["scores"][1]["unit_id"]),
        (&json!("tg-new"), &json!("hn"))
    );
});

/// The table of the DDCI of Hà Tĩnh 2021 as published (ddcihatinh.vn), with an impossible 50 in a column of 0 to 10.
const HA_TINH: &str = include_str!("../data/ddci_ha_tinh_2021_partial.csv");

fn make_ha_tinh(app: &App) {
    let mut reader = csv::Reader::from_reader(HA_TINH.as_bytes());
    let codes: Vec<String> = reader.headers().unwrap().iter().skip(2).take(9).map(str::to_owned).collect();
    for (i, record) in reader.records().enumerate() {
        let name = record.unwrap()[0].to_owned();
        app.post(UNITS, &json!({"id": format!("ht-{i}"), "name": name, "level": "other"})).expect(201);
    }
    let criteria: Vec<Value> = codes.iter().map(|code| criterion(code, 10)).collect();
    app.make_edition(json!({"criteria": criteria, "cohorts": [{"code": "all", "name": "Tất cả", "rule": {"level": "other"}}]}));
}

api_test!(the_impossible_cell_of_a_published_table_is_found, |app| {
    make_ha_tinh(app);
    let looked = send(app, "?dry_run=true", HA_TINH).expect(200).json;
    assert_eq!(findings(&looked), [(15, "dynamism", "above_maximum")]);
    assert_eq!(looked["findings"][0]["value"], "50");
    assert_eq!(looked["ignored_columns"], json!(["responses", "score_100", "grade_published"]));
    // 17 rows of nine, less ten dashes of departments and the impossible one.
    let lines = HA_TINH.lines().count() as i64 - 1;
    let dashes = HA_TINH.lines().skip(1).map(|line| line.matches(",-,").count()).sum::<usize>() as i64;
    assert_eq!(counts(&looked), [lines, lines * 9 - dashes - 1, 0, 0]);
    assert_eq!(send(app, "", HA_TINH).expect(422).violations(), [("/15/dynamism", "above_maximum")]);
    assert_eq!(stored(app), [""; 0]);
    let mended = HA_TINH.replace(",50,68.85", ",5,68.85");
    assert_eq!(send(app, "", mended).expect(200).json["stored"], true);
});

/// A spreadsheet with a title above its heads, numbers, a formula and texts.
fn spreadsheet() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let empty = book.add_worksheet();
    empty.set_name("Bìa").unwrap();
    let sheet = book.add_worksheet();
    sheet.set_name("Điểm").unwrap();
    sheet.write_string(0, 0, "KẾT QUẢ NĂM 2016").unwrap();
    for (column, head) in (0..).zip(["Mã", "land", "Chi phí thời gian", "Tổng điểm", "Hạng"]) {
        sheet.write_string(2, column, head).unwrap();
    }
    sheet.write_number(3, 0, 1).unwrap();
    sheet.write_number(3, 1, 7.35).unwrap();
    sheet.write_string(3, 2, "8,5").unwrap();
    let sum = rust_xlsxwriter::Formula::new("=SUM(B4:C4)").set_result("68.85000000000001");
    sheet.write_formula(3, 3, sum).unwrap();
    sheet.write_number(3, 4, 1).unwrap();
    sheet.write_string(4, 0, "87").unwrap();
    sheet.write_number(4, 3, 66.390_449_523_925_78).unwrap();
    sheet.write_boolean(4, 1, true).unwrap();
    book.save_to_buffer().unwrap()
}

pub fn send_sheet(app: &App, query: &str, bytes: Vec<u8>) -> Answer {
    app.ask("POST", &format!("{IMPORT}{query}")).header("content-type", XLSX).raw(bytes).send()
}

api_test!(a_spreadsheet_is_read_as_it_shows, |app| {
    make(app);
    let sheet = format!("sheet={}", encoded("Điểm"));
    let looked =
        send_sheet(app, &format!("?{sheet}&dry_run=true&decimal=comma"), spreadsheet()).expect(200).json;
    assert_eq!(findings(&looked), [(5, "land", "not_a_number")]);
    let scores = looked["scores"].as_array().unwrap();
    let told: Vec<String> = scores
        .iter()
        .map(|s| format!("{} {} {} {}", s["line"], s["unit_id"], s["score_exact"], s["published_rank"]))
        .collect();
    assert_eq!(
        told,
        [
            r#"4 "hn" "7.35" null"#,
            r#"4 "hn" "8.5" null"#,
            r#"4 "hn" "68.85" 1"#,
            r#"5 "dt" "66.39044952392578" null"#
        ]
    );
    for (query, bytes, pointer, code) in [
        ("?sheet=x".to_owned(), spreadsheet(), "sheet", "unknown_sheet"),
        (String::new(), spreadsheet(), "", "empty"),
        (String::new(), b"PK\x03\x04 and no more".to_vec(), "", "unreadable_file"),
        (String::new(), b"unit,land\nhn,1\n".to_vec(), "", "unreadable_file"),
    ] {
        assert_eq!(send_sheet(app, &query, bytes).expect(422).violations(), [(pointer, code)], "{query}");
    }
});

api_test!(a_ranking_goes_out_and_comes_back_in, |app| {
    make(app);
    for (unit, value) in [("hn", "64.9552993774414"), ("hg", "60"), ("dt", "66.39044952392578")] {
        app.make_score(&with(score(unit, value), json!({"published_rank": 1})));
    }
    for (format, kind) in [("csv", "text/csv"), ("xlsx", XLSX)] {
        let file = app.get(&format!("{RANKING}?format={format}")).expect(200).raw;
        let back =
            app.ask("POST", &format!("{IMPORT}?dry_run=true")).header("content-type", kind).raw(file).send();
        let back = back.expect(200).json;
        assert_eq!((counts(&back), findings(&back)), ([3, 0, 0, 3], vec![]), "{format}");
    }
    // And so does the long table of all scores.
    app.make_score(&with(score("hn", "7.25"), json!({"criterion": "land"})));
    app.make_score(&with(score("hn", "1"), json!({"criterion": "land", "stage": "self"})));
    let export =
        |query: &str| app.get(&format!("{SCORES}/export?index_code=ix&year=2016{query}")).expect(200);
    let file = export("&stage=final");
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let back = send(app, "?dry_run=true", file.raw).expect(200).json;
    assert_eq!((&back["layout"], counts(&back), findings(&back)), (&json!("long"), [4, 0, 0, 4], vec![]));
    let lines = String::from_utf8(export("&format=ndjson").raw).unwrap();
    let listed = app.get(&format!("{SCORES}?sort=id")).expect(200).json;
    let exported: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(exported), listed["items"]);
    assert_eq!(String::from_utf8(export("&stage=survey").raw).unwrap().lines().count(), 1, "the heads alone");
});

api_test!(what_is_no_table_is_refused_as_a_whole, |app| {
    make(app);
    for (query, table, pointer, code) in [
        ("", &b""[..], "", "empty"),
        ("", b"\n \n", "", "empty"),
        ("", b"\xff\xfeu", "", "not_utf8"),
        ("", b"name,land\nhn,1\n", "/1", "no_unit_column"),
        ("", b"unit,water\nhn,1\n", "/1", "no_score_column"),
        ("", b"unit,land,Land\nhn,1,2\n", "/1/Land", "duplicate_column"),
        ("", b"unit,land\nhn,\n", "/1", "no_rows"),
        ("?layout=long", b"unit,land\nhn,1\n", "/1", "no_column"),
        ("?unit_column=so", b"unit,land\nhn,1\n", "/1", "no_unit_column"),
        ("?sheet=a", b"unit,land\nhn,1\n", "sheet", "only_xlsx"),
        ("?source=%20", b"unit,land\nhn,1\n", "source", "empty"),
    ] {
        let refused = send(app, query, table).expect(422);
        assert!(refused.violations().contains(&(pointer, code)), "{query} {:?}", refused.violations());
    }
    let table = "unit,land\nhn,1\n";
    for (query, pointer, code) in [
        ("?layout=tall", "layout", "unknown_word"),
        ("?stage=end", "stage", "unknown_word"),
        ("?decimal=dot", "decimal", "unknown_word"),
        ("?dry_run=maybe", "dry_run", "wrong_type"),
        ("?mode=rows", "mode", "unknown_parameter"),
    ] {
        assert_eq!(send(app, query, table).expect(400).violations(), [(pointer, code)], "{query}");
    }
    let to = |path: &str, kind: &str| app.ask("POST", path).header("content-type", kind).raw(table).send();
    assert_eq!(to(IMPORT, "application/json").expect(415).code(), "unsupported_media_type");
    to("/api/v1/indexes/no/editions/2016/score-imports", "application/json").expect(404);
    to("/api/v1/indexes/ix/editions/2015/score-imports", "text/csv").expect(404);
    to("/api/v1/indexes/ix/editions/x/score-imports", "text/csv").expect(400);
    assert_eq!(send(app, "", b" ".repeat(33 * 1024 * 1024)).expect(413).code(), "too_large");
    assert_eq!(stored(app), [""; 0]);
    app.get(EDITION).expect(200);
});

// A sheet whose last cell is at the far end, and one with more columns than a table has.
api_test!(a_spreadsheet_can_not_fill_the_memory on Sqlite, |app| {
    make(app);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "unit").unwrap().write_string(0, 1, "land").unwrap();
    sheet.write_string(1_048_575, 0, "hn").unwrap().write_number(1_048_575, 1, 1).unwrap();
    let far = send_sheet(app, "?dry_run=true", book.save_to_buffer().unwrap()).expect(200).json;
    assert_eq!((counts(&far), &far["scores"][0]["line"]), ([1, 1, 0, 0], &json!(1_048_576)));
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().write_number(0, 16_383, 1).unwrap();
    let wide = send_sheet(app, "", book.save_to_buffer().unwrap()).expect(422);
    assert_eq!(wide.violations(), [("", "too_large")]);
});

api_test!(a_large_table_is_stored_at_once, |app| {
    app.make_edition(json!({"criteria": [criterion("a", 10), criterion("b", 10)]}));
    let units: String = (0..1500).map(|n| format!("c{n},Xã {n},commune\n")).collect();
    for row in units.lines() {
        let parts: Vec<&str> = row.split(',').collect();
        app.post(UNITS, &json!({"id": parts[0], "name": parts[1], "level": parts[2]})).expect(201);
    }
    let rows: String = (0..1500).map(|n| format!("c{n},{}.5,{}\n", n % 10, n % 7)).collect();
    let done = send(app, "", format!("unit_id,a,b\n{rows}")).expect(200).json;
    assert_eq!((counts(&done), done["scores"].as_array().unwrap().len()), ([1500, 3000, 0, 0], 1000));
    let listed = app.get(&format!("{SCORES}?limit=1&with_total=true")).expect(200).json;
    assert_eq!(listed["total"], 3000);
    let changes = app
        .database
        .lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM changes WHERE resource = 'index-scores'");
    assert_eq!(changes, ["3000"]);
});

api_test!(scores_are_imported_on_the_command_line, |app| {
    make(app);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let run = |arguments: &[&str]| {
        let mut all = vec!["import", "scores"];
        all.extend(arguments);
        all.extend(["--index", "ix", "--year", "2016", "--log", "error"]);
        finished(chiso(&all).env("CHISO_DATABASE_URL", app.database.url_text()))
    };
    let bad = path("bad.csv", "unit,land,time_cost\nhn,50,\"1,5\"\nno,1,1\n".as_bytes());
    let (code, _, error) = run(&[&bad]);
    assert_eq!(code, Some(1));
    for line in [
        "line 2, column land (50): above_maximum: The maximum is 10.",
        "line 2, column time_cost (1,5): decimal_comma: ",
        "line 3, column unit (no): unknown_unit: There is no unit `no` in 2016.",
        "3 things are wrong with the table",
    ] {
        assert!(error.contains(line), "{line}: {error}");
    }
    assert_eq!(stored(app), [""; 0]);
    let good = path("good.csv", "unit,land,Ghi chú\nHà Nội,\"7,5\",x\n".as_bytes());
    let (code, out, error) = run(&[&good, "--decimal", "comma", "--dry-run"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(out.contains("1 rows: 1 created, 0 updated, 0 unchanged; nothing was stored"), "{out}");
    assert!(out.contains("columns that are not read: Ghi chú"), "{out}");
    assert_eq!(stored(app), [""; 0]);
    let outside = path("outside.csv", "unit,land\nhn,7.5\ntphg,5\n".as_bytes());
    let (code, out, error) = run(&[&outside, "--dry-run"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(out.contains("in no cohort of the edition: line 3 (Thành phố Hà Giang)\n"), "{out}");
    let (code, out, error) =
        run(&[&good, "--decimal", "comma", "--source", "Sở Nội vụ", "--stage", "appraised"]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert_eq!(stored(app), ["hn land 7.5 null Sở Nội vụ"]);
    crate::changes::settle(app);
    let log = app.get("/api/v1/changes?resource=index-scores").expect(200).json;
    assert_eq!(log["items"][0]["actor"], "chiso import");
    let sheet = path("scores.xlsx", &spreadsheet());
    let (code, _, error) = run(&[&sheet, "--sheet", "Điểm", "--decimal", "comma"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("line 5, column land (true): not_a_number"), "{error}");
    let (code, _, error) = run(&["/nowhere.csv"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("/nowhere.csv: No such file"), "{error}");
});
