//! `/reports/form-06a`: the cells of the statutory form, its identities, and its files.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use crate::{
    returns::make_return,
    support::{
        api_test,
        app::App,
        records::{DOSSIERS, UNITS, with},
    },
};

pub const FORM: &str = "/api/v1/reports/form-06a";

/// A district with two communes.
pub fn make_tree(app: &App) {
    app.post(UNITS, &json!({"id": "d", "name": "Huyện =D", "level": "district"})).expect(201);
    for id in ["c1", "c2"] {
        app.post(UNITS, &json!({"id": id, "name": id, "level": "commune", "parent_id": "d"})).expect(201);
    }
}

/// A dossier of a unit and a field: accepted, due, finished.
pub fn make_dossier(app: &App, code: &str, over: Value) {
    let base = json!({
        "code": code, "unit_id": "c1", "submitted_via": "postal", "field": "Hộ tịch",
        "accepted_at": "2018-06-01T08:00:00+07:00", "status": 4
    });
    app.post(DOSSIERS, &with(base, over)).expect(201);
}

fn finished(at: &str) -> Value {
    json!({"status": 9, "finished_at": at})
}

/// Received before, resolved inside, open at the end: on the edges of the statutory year 2018.
fn make_edges(app: &App) {
    let due = |over: Value, accepted: &str, due: &str| {
        with(over, json!({"accepted_at": accepted, "due_at": due, "field": "Thử"}))
    };
    let rows = [
        due(finished("2017-12-19T10:00:00+07:00"), "2017-12-14T10:00:00+07:00", "2017-12-20T17:00:00+07:00"),
        due(finished("2018-01-08T10:00:00+07:00"), "2017-12-15T00:30:00+07:00", "2018-01-05T17:00:00+07:00"),
        due(json!({}), "2018-12-14T23:30:00+07:00", "2018-12-28T17:00:00+07:00"),
        // 15 December in Vietnam: of the next year.
        due(json!({}), "2018-12-14T17:30:00Z", "2018-12-28T17:00:00+07:00"),
        with(finished("2018-06-01T09:00:00+07:00"), json!({"field": "Thử"})),
        due(finished("2019-02-01T09:00:00+07:00"), "2018-06-01T08:00:00+07:00", "2018-06-05T17:00:00+07:00"),
    ];
    for (i, row) in rows.into_iter().enumerate() {
        make_dossier(app, &format!("E{i}"), row);
    }
}

fn cells(of: &Value, names: &[&str]) -> Vec<i64> {
    names.iter().map(|name| of[name].as_i64().unwrap()).collect()
}

const NAMES: [&str; 16] = [
    "c3",
    "c4",
    "c5",
    "c6",
    "c7",
    "c8",
    "c9",
    "c10",
    "c11",
    "c12",
    "c13",
    "unclassified",
    "open_no_due_date",
    "ended_otherwise",
    "transferred_in",
    "transferred_out",
];

fn assert_identities(of: &Value) {
    let c = |name: &str| of[name].as_i64().unwrap();
    assert_eq!(c("c3"), c("c4") + c("c5") + c("c6"), "{of}");
    assert_eq!(c("c7"), c("c8") + c("c9") + c("c10") + c("unclassified"), "{of}");
    assert_eq!(c("c11"), c("c12") + c("c13") + c("open_no_due_date"), "{of}");
    let out = c("c7") + c("c11") + c("ended_otherwise") + c("transferred_out");
    assert_eq!(c("c3") + c("transferred_in"), out, "{of}");
}

api_test!(a_statutory_year_is_judged_at_its_end, |app| {
    make_tree(app);
    make_edges(app);
    let report = app.get(&format!("{FORM}?unit_id=d&period=2018")).expect(200).json;
    assert_eq!(
        report["period"],
        json!({"name": "2018", "from": "2017-12-15", "to": "2018-12-14", "calendar": "statutory"})
    );
    assert_eq!((&report["judged_at"], &report["frozen"]), (&json!("2018-12-14"), &Value::Null));
    assert_eq!(cells(&report["total"], &NAMES), [5, 0, 4, 1, 3, 1, 0, 1, 2, 1, 1, 1, 0, 0, 0, 0]);
    let row = &report["rows"][0];
    assert_eq!((&row["level"], &row["field"]), (&json!("commune"), &json!("Thử")));
    assert_eq!(cells(row, &NAMES), cells(&report["total"], &NAMES));
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 7);
    assert!(checks.iter().all(|check| check["holds"] == true && check["difference"] == 0), "{checks:?}");
    let civil = app.get(&format!("{FORM}?unit_id=c1&period=2018&calendar=civil")).expect(200).json;
    assert_eq!(cells(&civil["total"], &NAMES), [5, 0, 4, 1, 2, 0, 0, 1, 3, 0, 3, 1, 0, 0, 0, 0]);
    assert_identities(&civil["total"]);
});

/// Rows of two levels and three fields, with every channel, every end and every remainder.
fn make_all_kinds(app: &App) {
    make_tree(app);
    let due = "2018-06-11T17:00:00+07:00";
    let with_due = |over: Value| with(json!({"due_at": due}), over);
    for (code, over) in [
        ("A1", json!({"unit_id": "d", "field": "=Đất đai", "submitted_via": "online"})),
        ("A2", with_due(json!({"unit_id": "d", "field": "=Đất đai", "submitted_via": "home_appointment"}))),
        (
            "A3",
            json!({"unit_id": "d", "field": "Du lịch", "submitted_via": "in_person", "accepted_at": "2017-06-01T08:00:00+07:00"}),
        ),
        ("B1", with_due(with(finished("2018-06-11T08:00:00+07:00"), json!({"submitted_via": "in_person"})))),
        ("B2", with_due(finished("2018-06-12T08:00:00+07:00"))),
        ("B3", with_due(finished("2018-06-10T08:00:00+07:00"))),
        ("B4", with(finished("2018-06-10T08:00:00+07:00"), json!({"unit_id": "c2"}))),
        ("B5", with_due(json!({"status": 7, "finished_at": "2018-06-10T08:00:00+07:00"}))),
        (
            "B6",
            with(
                with_due(json!({})),
                json!({"field": null, "submitted_via": "online", "due_at": "2019-06-01T08:00:00+07:00"}),
            ),
        ),
    ] {
        make_dossier(app, code, over);
    }
}

api_test!(rows_go_by_level_and_field_and_every_identity_holds, |app| {
    make_all_kinds(app);
    let report = app.get(&format!("{FORM}?unit_id=d&period=2018")).expect(200).json;
    let rows = report["rows"].as_array().unwrap();
    let told: Vec<(&str, &str, Vec<i64>)> = rows
        .iter()
        .map(|row| {
            assert_identities(row);
            let names = ["c3", "c4", "c5", "c6", "c7", "c11", "c13"];
            (row["level"].as_str().unwrap(), row["field"].as_str().unwrap_or("null"), cells(row, &names))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("district", "=Đất đai", vec![2, 1, 1, 0, 0, 2, 1]),
            ("district", "Du lịch", vec![1, 0, 0, 1, 0, 1, 0]),
            ("commune", "Hộ tịch", vec![5, 0, 5, 0, 4, 0, 0]),
            ("commune", "null", vec![1, 1, 0, 0, 0, 1, 0]),
        ]
    );
    let total = &report["total"];
    assert_eq!(cells(total, &NAMES), [9, 2, 6, 1, 4, 1, 1, 1, 4, 1, 1, 1, 2, 1, 0, 0]);
    assert_identities(total);
    // Without the remainders the form itself does not add up, and that is what they are for.
    let c = |name: &str| total[name].as_i64().unwrap();
    assert_ne!(c("c3"), c("c7") + c("c11"));
    let as_of = app.get(&format!("{FORM}?unit_id=d&period=2018&as_of=2018-06-05")).expect(200).json;
    assert_eq!(as_of["judged_at"], "2018-06-05");
    assert_eq!(cells(&as_of["total"], &["c7", "c11", "c13"]), [0, 9, 0]);
});

api_test!(what_another_unit_goes_on_with_is_a_remainder_of_both_forms, |app| {
    make_tree(app);
    make_dossier(app, "A", json!({"due_at": "2018-06-20T17:00:00+07:00"}));
    let transfer = json!({"to_unit_id": "c2", "at": "2018-06-12T08:00:00+07:00"});
    app.post(&format!("{DOSSIERS}/A/transfers"), &transfer).expect(201);
    app.post(
        &format!("{DOSSIERS}/A/events"),
        &json!({"status": 9, "at": "2018-06-25T08:00:00+07:00", "event_id": "e"}),
    )
    .expect(201);
    let names = ["c3", "c6", "c7", "c10", "c11", "transferred_in", "transferred_out"];
    for (unit, period, want) in [
        ("c1", "2018-06", [1, 0, 0, 0, 0, 0, 1]),
        ("c2", "2018-06", [0, 0, 0, 0, 1, 1, 0]),
        ("c2", "2018-07", [1, 1, 1, 1, 0, 0, 0]),
        ("c2", "2018", [0, 0, 1, 1, 0, 1, 0]),
    ] {
        let report = app.get(&format!("{FORM}?unit_id={unit}&period={period}")).expect(200).json;
        assert_eq!(cells(&report["total"], &names), want, "{unit} {period}");
        assert_identities(&report["total"]);
        report["rows"].as_array().unwrap().iter().for_each(assert_identities);
    }
    let report = app.get(&format!("{FORM}?unit_id=d&period=2018")).expect(200).json;
    assert_identities(&report["total"]);
    assert!(report["checks"].as_array().unwrap().iter().all(|check| check["holds"] == true));
});

api_test!(a_unit_without_dossiers_has_a_form_of_zeros, |app| {
    make_tree(app);
    let report = app.get(&format!("{FORM}?unit_id=c2&period=2018-Q2")).expect(200).json;
    assert_eq!(report["rows"], json!([]));
    assert_eq!(cells(&report["total"], &NAMES), [0; 16]);
    let sheet = sheet(app, "unit_id=c2&period=2018-Q2");
    assert_eq!(sheet[8][1..3], ["Tổng cộng", "0"]);
});

/// The lines of a CSV file.
fn lines(raw: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(raw);
    reader.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect()
}

api_test!(the_csv_file_has_the_thirteen_columns_and_a_note_below, |app| {
    make_all_kinds(app);
    let address = format!("{FORM}?unit_id=d&period=2018&format=csv");
    let answer = app.get(&address).expect(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"form-06a_d_2018_statutory.csv\""
    );
    let all = lines(&answer.raw);
    assert!(all.iter().all(|line| line.len() == 13), "{all:?}");
    assert_eq!(
        all[0][0..4].join("|"),
        "STT|Lĩnh vực, công việc giải quyết theo cấp|Số hồ sơ nhận giải quyết - Tổng số|Số hồ sơ nhận giải quyết - Trong kỳ - Trực tuyến"
    );
    assert_eq!(all[0][12], "Số hồ sơ đang giải quyết - Quá hạn");
    assert_eq!((all[1][0].as_str(), all[1][12].as_str()), ("(1)", "(13)"));
    let table: Vec<String> = all[2..9].iter().map(|line| line.join(",")).collect();
    assert_eq!(
        table,
        [
            "I,Cấp huyện,3,1,1,1,0,0,0,0,3,0,1",
            "1,'=Đất đai,2,1,1,0,0,0,0,0,2,0,1",
            "2,Du lịch,1,0,0,1,0,0,0,0,1,0,0",
            "II,Cấp xã,6,1,5,0,4,1,1,1,1,1,0",
            "1,Hộ tịch,5,0,5,0,4,1,1,1,0,0,0",
            "2,Không ghi lĩnh vực,1,1,0,0,0,0,0,0,1,1,0",
            ",Tổng cộng,9,2,6,1,4,1,1,1,4,1,1",
        ]
    );
    let below: Vec<&str> = all[9..].iter().map(|line| line[1].as_str()).collect();
    assert_eq!(below[0], "Biểu số II.06a/VPCP/KSTT");
    assert_eq!(below[2], "Đơn vị báo cáo: Huyện =D");
    assert_eq!(
        below[3],
        "Kỳ báo cáo: 2018 (kỳ báo cáo theo quy định, từ ngày 15/12/2017 đến hết ngày 14/12/2018)"
    );
    assert!(
        below.contains(&"(a) Đã giải quyết nhưng không có hạn trả: 1. Cột 7 = 8 + 9 + 10 + (a)."),
        "{below:?}"
    );
    assert!(below.contains(&"(b) Đang giải quyết nhưng không có hạn trả: 2. Cột 11 = 12 + 13 + (b)."));
    let with_bom = app.get(&format!("{address}&bom=true")).expect(200).raw;
    assert_eq!(with_bom[..3], *"\u{feff}".as_bytes());
    assert_eq!(with_bom[3..], answer.raw);
    assert_eq!(app.get(&format!("{address}&bom=false")).expect(200).raw, answer.raw);
    app.ask("GET", &address).header("if-none-match", answer.etag()).send().expect(304);
});

fn workbook(app: &App, query: &str) -> Xlsx<Cursor<Vec<u8>>> {
    let answer = app.get(&format!("{FORM}?{query}&format=xlsx")).expect(200);
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );
    Xlsx::new(Cursor::new(answer.raw)).unwrap()
}

/// The values of the cells as they are kept in the file, as texts.
fn sheet(app: &App, query: &str) -> Vec<Vec<String>> {
    let range = workbook(app, query).worksheet_range("II.06a").unwrap();
    range.rows().map(|row| row.iter().map(Data::to_string).collect()).collect()
}

api_test!(the_spreadsheet_has_the_heads_of_the_form_and_sums_as_formulas, |app| {
    make_all_kinds(app);
    let query = "unit_id=d&period=2018";
    let rows = sheet(app, query);
    assert_eq!(rows[0][0], "Biểu số II.06a/VPCP/KSTT");
    assert_eq!(rows[2][0], "Đơn vị báo cáo: Huyện =D");
    assert_eq!(rows[5][0..3], ["STT", "Lĩnh vực, công việc giải quyết theo cấp", "Số hồ sơ nhận giải quyết"]);
    assert_eq!(
        (rows[5][6].as_str(), rows[5][10].as_str()),
        ("Số hồ sơ đã giải quyết", "Số hồ sơ đang giải quyết")
    );
    assert_eq!(
        rows[6][2..6].join("|"),
        "Tổng số|Trong kỳ - Trực tuyến|Trong kỳ - Trực tiếp, dịch vụ bưu chính|Từ kỳ trước"
    );
    assert_eq!((rows[7][0].as_str(), rows[7][12].as_str()), ("(1)", "(13)"));
    let table: Vec<String> = rows[8..15].iter().map(|row| row.join(",")).collect();
    assert_eq!(table[0], "I,Cấp huyện,3,1,1,1,0,0,0,0,3,0,1");
    assert_eq!(table[1], "1,=Đất đai,2,1,1,0,0,0,0,0,2,0,1", "a text, and no formula");
    assert_eq!(table[3], "II,Cấp xã,6,1,5,0,4,1,1,1,1,1,0");
    assert_eq!(table[6], ",Tổng cộng,9,2,6,1,4,1,1,1,4,1,1");
    let mut book = workbook(app, query);
    let formulas = book.worksheet_formula("II.06a").unwrap();
    let formula = |row, column| formulas.get_value((row, column)).cloned().unwrap_or_default();
    assert_eq!(formula(8, 2), "SUM(C10:C11)");
    assert_eq!(formula(11, 12), "SUM(M13:M14)");
    assert_eq!(formula(14, 2), "C9+C12");
    assert_eq!(formula(9, 1), "", "the name of a field is no formula");
    let mut merged: Vec<((u32, u32), (u32, u32))> = book
        .merge_cells_by_sheet_name("II.06a")
        .unwrap()
        .iter()
        .map(|region| (region.start, region.end))
        .collect();
    merged.sort_unstable();
    for head in [((5, 0), (6, 0)), ((5, 1), (6, 1)), ((5, 2), (5, 5)), ((5, 6), (5, 9)), ((5, 10), (5, 12))] {
        assert!(merged.contains(&head), "{head:?} of {merged:?}");
    }
    let notes: Vec<&str> = rows[15..].iter().map(|row| row[0].as_str()).collect();
    assert!(
        notes.contains(&"(a) Đã giải quyết nhưng không có hạn trả: 1. Cột 7 = 8 + 9 + 10 + (a)."),
        "{notes:?}"
    );
    let again = |format: &str| app.get(&format!("{FORM}?{query}&format={format}")).expect(200);
    assert_eq!(again("xlsx").raw, again("xlsx").raw, "the same figures are the same bytes");
    assert_eq!(
        again("xlsx").header("content-disposition"),
        "attachment; filename=\"form-06a_d_2018_statutory.xlsx\""
    );
});

api_test!(what_a_generator_made_is_marked_in_every_form, |app| {
    make_tree(app);
    make_dossier(app, "A", json!({}));
    let asked = "unit_id=d&period=2018";
    let marked = |app: &App| {
        let note = "hồ sơ do chương trình tạo ra để minh họa.";
        let csv = String::from_utf8(app.get(&format!("{FORM}?{asked}&format=csv")).expect(200).raw).unwrap();
        let sheet = sheet(app, asked);
        (csv.contains(note), sheet.iter().any(|row| row[0].contains(note)))
    };
    assert_eq!(app.get(&format!("{FORM}?{asked}")).expect(200).json["synthetic"], 0);
    assert_eq!(marked(app), (false, false));
    make_dossier(app, "B", json!({"synthetic": true}));
    assert_eq!(app.get(&format!("{FORM}?{asked}")).expect(200).json["synthetic"], 1);
    assert_eq!(marked(app), (true, true));
});

/// A dossier of `c1`, which wins over its return; returns of `c2` that count, and others that don't.
fn make_returns(app: &App) {
    make_dossier(app, "A", json!({}));
    for (unit_id, period) in [("c1", "2018"), ("c2", "2018"), ("c2", "2018-Q1"), ("d", "2018-H1")] {
        make_return(app, json!({"unit_id": unit_id, "period": period}));
    }
}

api_test!(the_form_tells_what_came_from_returns_as_the_statistics_do, |app| {
    make_tree(app);
    make_returns(app);
    let asked = "unit_id=d&period=2018&calendar=statutory";
    for over in ["", "&as_of=2018-06-05"] {
        let report = app.get(&format!("{FORM}?{asked}{over}")).expect(200).json;
        let told = app.get(&format!("/api/v1/dossier-statistics?{asked}{over}")).expect(200).json;
        assert_eq!(report["from_returns"], told["total"]["from_returns"], "{over}");
        assert_eq!(report["returns_not_used"], told["returns_not_used"], "{over}");
    }
    let report = app.get(&format!("{FORM}?{asked}")).expect(200).json;
    assert_eq!(report["from_returns"], json!({"received": 7, "resolved": 6, "open": 3}));
    assert_eq!(cells(&report["total"], &["c3", "c4", "c5", "c7", "c11"]), [11, 2, 6, 6, 4]);
    let not_used: Vec<String> = report["returns_not_used"]
        .as_array()
        .unwrap()
        .iter()
        .map(|not| format!("{} {} {}", not["unit_id"], not["period"], not["reason"]))
        .collect();
    assert_eq!(
        not_used,
        [r#""c1" "2018" "superseded""#, r#""c2" "2018-Q1" "covered""#, r#""d" "2018-H1" "not_whole""#]
    );
    // The year of the return is not over by then.
    let cut = app.get(&format!("{FORM}?{asked}&as_of=2018-06-05")).expect(200).json;
    assert_eq!(cut["from_returns"], json!({"received": 0, "resolved": 0, "open": 0}));
    assert_eq!(cut["returns_not_used"].as_array().unwrap().len(), 4);
});

api_test!(the_files_of_the_form_tell_what_came_from_returns, |app| {
    make_tree(app);
    // Behind those that stand in every file.
    let notes = |asked: &str| -> Vec<String> {
        let behind = |texts: Vec<String>| -> Vec<String> {
            texts.into_iter().skip_while(|text| !text.starts_with("(c) ")).skip(1).collect()
        };
        let raw = app.get(&format!("{FORM}?{asked}&format=csv")).expect(200).raw;
        let of_csv = behind(lines(&raw).into_iter().map(|line| line[1].clone()).collect());
        let of_sheet = behind(sheet(app, asked).into_iter().map(|row| row[0].clone()).collect());
        assert_eq!(of_csv, of_sheet, "{asked}");
        of_csv
    };
    assert_eq!(notes("unit_id=d&period=2018"), [""; 0]);
    make_returns(app);
    let used = "Trong đó, số liệu lấy từ biểu tổng hợp của đơn vị chỉ gửi số tổng hợp: 7 hồ sơ nhận \
                trong kỳ, 6 hồ sơ đã giải quyết, 3 hồ sơ đang giải quyết.";
    let not_used = |n: i32| format!("Số biểu tổng hợp có ngày thuộc kỳ này nhưng không được tính: {n}.");
    let of = |name: &str, period: &str, why: &str| {
        format!("Biểu của {name}, kỳ {period} (kỳ báo cáo theo quy định): {why}.")
    };
    let superseded = of("c1", "2018", "Đơn vị đã có hồ sơ trong kỳ");
    let covered = |period: &str| of("c2", period, "Biểu khác của đơn vị đã gồm các ngày này");
    let not_whole = of("Huyện =D", "2018-H1", "Kỳ yêu cầu không gồm trọn các kỳ đã gửi");
    assert_eq!(
        notes("unit_id=d&period=2018"),
        [used.to_owned(), not_used(3), superseded.clone(), covered("2018-Q1"), not_whole]
    );
    assert_eq!(notes("unit_id=c1&period=2018"), [not_used(1), superseded.clone()]);
    assert_eq!(notes("unit_id=c2&period=2018-Q1"), [used.to_owned(), not_used(1), covered("2018")]);
    // A unit is told by the name that it bore at the end of the period.
    let renamed = json!({"name": "Phường Mới", "former_names": [{"name": "c1", "until": "2019-01-01"}]});
    app.patch(&format!("{UNITS}/c1"), &renamed).expect(200);
    assert_eq!(notes("unit_id=c1&period=2018"), [not_used(1), superseded]);
    assert_eq!(notes("unit_id=d&period=2017"), [""; 0]);
});

api_test!(what_is_asked_wrongly_of_the_form_is_named, |app| {
    make_tree(app);
    for (query, pointer, code) in [
        ("period=2018", "unit_id", "required"),
        ("unit_id=d", "period", "required"),
        ("unit_id=d&period=2018-13", "period", "not_a_period"),
        ("unit_id=d&period=", "period", "not_a_period"),
        ("unit_id=d&period=2018&calendar=lunar", "calendar", "unknown_word"),
        ("unit_id=d&period=2018&format=pdf", "format", "unknown_word"),
        ("unit_id=d&period=2018&format=xlsx&bom=true", "bom", "only_csv"),
        ("unit_id=d&period=2018&bom=maybe", "bom", "wrong_type"),
        ("unit_id=d&period=2018&as_of=2018-02-30", "as_of", "wrong_type"),
        ("unit_id=d&period=2018&group_by=level", "group_by", "unknown_parameter"),
    ] {
        let answer = app.get(&format!("{FORM}?{query}"));
        let status = if code == "required" { answer.status } else { 400 };
        assert_eq!(answer.expect(status).violations(), [(pointer, code)], "{query}");
    }
    assert_eq!(app.get(&format!("{FORM}?unit_id=no&period=2018")).expect(404).code(), "not_found");
    assert_eq!(app.get(&format!("{FORM}?unit_id=no&period=2018&format=csv")).expect(404).code(), "not_found");
});
