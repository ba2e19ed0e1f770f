//! Files of dossiers: how they are read, what becomes of each row, and that nothing of an applicant is kept.

use std::io::Write;

use serde_json::{Value, json};

use crate::{
    imports::{IMPORTS, POST, adds_up, counts, import, report, settled},
    support::{
        api_test,
        app::App,
        client::encoded,
        records::{DOSSIERS, UNITS, dossier, unit, with},
    },
};

const HEADS: &str = "code,unit_id,submitted_via,status,accepted_at,due_at,finished_at,field\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn codes(app: &App) -> Vec<String> {
    let list = app.get(&format!("{DOSSIERS}?limit=500")).expect(200);
    list.each("code").into_iter().map(str::to_owned).collect()
}

api_test!(a_file_is_an_upsert_by_code_and_a_repeat_changes_nothing, |app| {
    app.make_units(&["u"]);
    app.post(DOSSIERS, &dossier("B", "u")).expect(201);
    let rows = |due: &str| {
        format!(
            "{HEADS}A,u,online,4,2020-03-02T08:00:00+07:00,{due},,Đất đai\n\
             B,u,in_person,4,2020-03-02T01:00:00Z,2020-03-10T17:00:00+07:00,,\n\
             C,u,postal,10,2020-03-02T08:00:00+07:00,,2020-03-04T08:00:00+07:00,\n"
        )
    };
    let first = import(app, "", "text/csv", rows("2020-03-10T17:00:00+07:00"));
    assert_eq!(counts(&first), [3, 2, 0, 1, 0, 0], "B is as it was: {first}");
    assert_eq!((&first["status"], &first["format"]), (&json!("done"), &json!("csv")));
    let tables = |app: &App| {
        let mut dump = app.database.dump();
        dump.remove("imports");
        dump
    };
    let before = tables(app);
    let again = import(app, "", "text/csv", rows("2020-03-10T17:00:00+07:00"));
    assert_eq!(counts(&again), [3, 0, 0, 3, 0, 0]);
    assert_eq!(tables(app), before);

    let moved = import(app, "", "text/csv", rows("2020-03-12T17:00:00+07:00"));
    assert_eq!(counts(&moved), [3, 0, 1, 2, 0, 0]);
    let read = app.get(&format!("{DOSSIERS}/A")).expect(200).json;
    assert_eq!(read["due_at"], "2020-03-12T17:00:00+07:00");
    assert_eq!(read["first_due_at"], "2020-03-10T17:00:00+07:00");
    assert_eq!(read["field"], "Đất đai");
    crate::changes::settle(app);
    let changes = app.get("/api/v1/changes?record_id=A&limit=500").expect(200).json;
    let last = changes["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["reason"], json!(format!("import {}", moved["id"].as_str().unwrap())));
    assert_eq!(last["action"], "update");
});

api_test!(a_dossier_that_a_file_tells_twice_is_written_once, |app| {
    app.make_units(&["u"]);
    let row = |code: &str, field: &str| format!("{code},u,online,4,2020-03-02T08:00:00+07:00,,,{field}\n");
    // The later ones are in another piece of the file.
    let between: String = (0..1500).map(|n| row(&format!("D-{n}"), "")).collect();
    let (first, other) = (row("A", "Đất đai"), row("A", "Hộ tịch"));
    let refused = "B,nowhere,online,4,2020-03-02T08:00:00+07:00,,,\n";
    let file = format!("{HEADS}{first}{refused}{between}{other}{first}{}", row("B", ""));
    let again = [1505, 0, 0, 1503, 2, 0];
    let mut before = None;
    for (n, want) in [[1505, 1502, 0, 1, 2, 0], again, again].into_iter().enumerate() {
        let done = import(app, "", "text/csv", file.clone());
        assert_eq!(counts(&done), want, "{n}: {done}");
        let report = report(app, &done);
        let twice = |row| (row, vec!["duplicate_in_file".to_owned()]);
        // The row that names no unit takes no code: the last one is the first of B.
        assert_eq!(told(&report), [(2, vec!["unknown_unit".to_owned()]), twice(1503)]);
        assert_eq!((&report[1]["column"], &report[1]["value"]), (&json!("code"), &json!("A")));
        let mut dump = app.database.dump();
        dump.retain(|table, _| matches!(table.as_str(), "dossiers" | "changes"));
        assert_eq!(*before.get_or_insert_with(|| dump.clone()), dump, "{n}");
    }
    assert_eq!(app.get(&format!("{DOSSIERS}/A")).expect(200).json["field"], "Đất đai");
    // The same within one piece, and where a rejected row takes back the others.
    let file = format!("{HEADS}{}{}", row("C", "x"), row("C", "y"));
    let failed = import(app, "?mode=atomic", "text/csv", file.clone());
    assert_eq!((counts(&failed), &failed["failure_code"]), ([2, 0, 0, 0, 1, 1], &json!("rows_rejected")));
    assert_eq!(counts(&import(app, "", "text/csv", file)), [2, 1, 0, 0, 1, 0]);
});

api_test!(packing_marks_ends_of_lines_and_formats_make_no_difference, |app| {
    app.make_units(&["u"]);
    let csv = "code,unit_id,submitted_via,status\r\nA,u,online,1\r\nB,u,online,3\r\n";
    let lines = "{\"code\": \"A\", \"unit_id\": \"u\", \"submitted_via\": \"online\", \"status\": 1}\n\n\
                 {\"status\": \"3\", \"code\": \"B\", \"submitted_via\": \"\\u006fnline\", \"field\": null, \"unit_id\": \"u\"}";
    let marked = [b"\xef\xbb\xbf", csv.as_bytes()].concat();
    for (n, (kind, body)) in [
        ("text/csv", csv.as_bytes().to_vec()),
        ("text/csv; charset=utf-8", marked.clone()),
        ("text/csv", gzip(csv.as_bytes())),
        ("application/gzip", gzip(&marked)),
        ("application/x-ndjson", lines.as_bytes().to_vec()),
        ("application/gzip", gzip(lines.as_bytes())),
    ]
    .into_iter()
    .enumerate()
    {
        let done = import(app, "", kind, body);
        let want = if n == 0 { [2, 2, 0, 0, 0, 0] } else { [2, 0, 0, 2, 0, 0] };
        assert_eq!(counts(&done), want, "{n}: {done}");
    }
    let ask = app.ask("POST", POST).header("content-type", "text/csv").header("content-encoding", "gzip");
    let answer = ask.raw(gzip(csv.as_bytes())).send().expect(202);
    assert_eq!(counts(&settled(app, answer.header("location"))), [2, 0, 0, 2, 0, 0]);
    assert_eq!(codes(app), ["A", "B"]);
});

/// Each row of a dirty file, and the codes that it is rejected with.
fn dirty() -> (Vec<u8>, Vec<(i64, Vec<&'static str>)>) {
    let accepted = "2020-03-02T08:00:00+07:00";
    let huge = "x".repeat(3_000_000);
    let mut rows: Vec<(Vec<u8>, Vec<&'static str>)> = Vec::new();
    let mut row = |text: String, codes: &[&'static str]| rows.push((text.into_bytes(), codes.to_vec()));
    row(format!("A,u,online,4,{accepted},,,"), &[]);
    row(format!("B,u,online,10,{accepted},,2020-03-01T08:00:00+07:00,"), &["before_accepted"]);
    row(format!("C,u,online,,{accepted},,,"), &["required"]);
    row(format!("D,u,online,4,{accepted},2020-03-10T19:00:00+09:00,,"), &[]);
    row(format!("\"E \"\"quoted\"\", 1\",u,online,4,{accepted},,,\"two\nlines\""), &[]);
    row(format!("F,u,online,4,{accepted},,"), &["ragged_row"]);
    row(format!("G,u,online,4,{accepted},,,,"), &["ragged_row"]);
    row(format!("A,u,online,10,{accepted},,2020-03-03T08:00:00Z,"), &["duplicate_in_file"]);
    row(format!("H,u,online,4,{accepted},,,{huge}"), &["row_too_long"]);
    row(
        format!("I,nowhere,telepathy,11,{accepted},06/03/2020,,"),
        &["unknown_word", "wrong_type", "unknown_status"],
    );
    row(format!("J,nowhere,online,4,{accepted},,,"), &["unknown_unit"]);
    row(",,,,,,,".to_owned(), &["required", "required", "required", "required"]);
    row(format!("K,u,online,4,{accepted},,,a\u{1}b"), &["control_character"]);
    row(format!("L,u,online,10,{accepted},,,"), &["required_by_status"]);
    row(format!("{},u,online,4,{accepted},,,", "x".repeat(101)), &["too_long"]);
    rows.push((b"M,u,online,1,,,,\xff\xfe".to_vec(), vec!["not_utf8"]));
    rows.push((b"N,u,online,1,,,,".to_vec(), vec![]));
    let mut file = HEADS.as_bytes().to_vec();
    let mut rejected = Vec::new();
    for (n, (bytes, codes)) in rows.into_iter().enumerate() {
        file.extend(bytes);
        file.push(b'\n');
        if !codes.is_empty() {
            rejected.push((n as i64 + 1, codes));
        }
    }
    (file, rejected)
}

/// The rows of a report, each with the codes of its rules.
pub fn told(report: &[Value]) -> Vec<(i64, Vec<String>)> {
    let mut told: Vec<(i64, Vec<String>)> = Vec::new();
    for finding in report {
        let row = finding["row"].as_i64().unwrap();
        let code = finding["code"].as_str().unwrap().to_owned();
        match told.last_mut() {
            Some((last, codes)) if *last == row => codes.push(code),
            _ => told.push((row, vec![code])),
        }
    }
    told
}

api_test!(every_row_of_a_dirty_file_has_a_result_and_each_wrong_one_its_rules, |app| {
    app.make_units(&["u"]);
    let (file, rejected) = dirty();
    let done = import(app, "", "text/csv", file);
    // A is there twice: made by the first row, which stands.
    assert_eq!(counts(&done), [17, 4, 0, 0, 13, 0], "{done}");
    assert_eq!(codes(app), ["A", "D", "E \"quoted\", 1", "N"]);
    assert_eq!(app.get(&format!("{DOSSIERS}/A")).expect(200).json["status"], 4);
    assert_eq!(app.get(&format!("{DOSSIERS}/D")).expect(200).json["due_at"], "2020-03-10T17:00:00+07:00");
    let report = report(app, &done);
    let want: Vec<(i64, Vec<String>)> =
        rejected.into_iter().map(|(n, codes)| (n, codes.into_iter().map(str::to_owned).collect())).collect();
    assert_eq!(told(&report), want);
    let of = |row: i64| report.iter().find(|finding| finding["row"] == row).unwrap();
    assert_eq!(of(2)["column"], "finished_at");
    assert_eq!(of(2)["value"], "2020-03-01T08:00:00+07:00");
    assert_eq!((&of(10)["column"], &of(10)["value"]), (&json!("submitted_via"), &json!("telepathy")));
    assert_eq!((&of(6)["column"], &of(6)["value"]), (&Value::Null, &Value::Null));
});

api_test!(a_quote_that_is_not_closed_rejects_its_own_row_alone, |app| {
    app.make_units(&["u"]);
    let head = "code,unit_id,submitted_via,status,field\n";
    let rows = |quoted: &str| -> String {
        let rows = (1..=5000).map(|n| match n {
            3 => format!("{quoted}\n"),
            4 => "D-4,u,online,1,\"two\nlines\"\n".to_owned(),
            n => format!("D-{n},u,online,1,x\n"),
        });
        std::iter::once(head.to_owned()).chain(rows).collect()
    };
    let unclosed = [(3, vec!["unclosed_quote".to_owned()])];
    let failed = import(app, "?mode=atomic", "text/csv", rows("D-3,u,online,1,\"x"));
    assert_eq!(counts(&failed), [5000, 0, 0, 0, 1, 4999], "{failed}");
    assert_eq!(told(&report(app, &failed)), unclosed);
    for (n, quoted) in ["D-3,u,online,1,\"x", "\"D-3,u,online,1,x"].into_iter().enumerate() {
        let done = import(app, "", "text/csv", rows(quoted));
        let want = if n == 0 { [5000, 4999, 0, 0, 1, 0] } else { [5000, 0, 0, 4999, 1, 0] };
        assert_eq!((&done["status"], counts(&done)), (&json!("done"), want), "{done}");
        assert_eq!(told(&report(app, &done)), unclosed);
    }
    assert_eq!(app.get(&format!("{DOSSIERS}/D-4")).expect(200).json["field"], "two\nlines");
});

api_test!(wrong_lines_of_json_are_rejected_alone, |app| {
    app.make_units(&["u"]);
    let good = |code: &str| {
        with(json!({"unit_id": "u", "submitted_via": "online", "status": 1}), json!({"code": code}))
    };
    let lines = [
        good("A").to_string(),
        "{\"code\": \"B\"".to_owned(),
        "[\"C\"]".to_owned(),
        with(good("D"), json!({"field": ["Đất đai"]})).to_string(),
        with(good("E"), json!({"unit_id": {"id": "u"}, "status": 4.5})).to_string(),
        format!("{}{}", good("F"), good("G")),
        "{\"code\": \"H\", \"code\": \"I\", \"unit_id\": \"u\", \"submitted_via\": \"online\", \"status\": 1}".to_owned(),
        with(good("J"), json!({"unit_id": "u\u{0}"})).to_string(),
        "[".repeat(100_000),
        with(good("K"), json!({"ChuHoSo": {"ten": ["x"]}, "interlinked": true})).to_string(),
    ];
    let done = import(app, "", "application/x-ndjson", lines.join("\n"));
    assert_eq!(counts(&done), [10, 2, 0, 0, 8, 0], "{done}");
    let codes: Vec<(i64, String)> =
        told(&report(app, &done)).into_iter().map(|(row, codes)| (row, codes.join(" "))).collect();
    let want = [
        (2, "malformed_json"),
        (3, "malformed_json"),
        (4, "wrong_type"),
        (5, "wrong_type unknown_status"),
        (6, "malformed_json"),
        (7, "duplicate_field"),
        (8, "control_character"),
        (9, "malformed_json"),
    ];
    assert_eq!(codes, want.map(|(row, code)| (row, code.to_owned())));
    assert_eq!(app.get(&format!("{DOSSIERS}/K")).expect(200).json["interlinked"], true);
    assert_eq!(done["dropped_columns"], json!(["ChuHoSo"]));
});

api_test!(a_status_may_be_written_as_a_decimal_without_a_fraction, |app| {
    app.make_units(&["u"]);
    let statuses = ["4.0", "0.4e1", "4.5", "11.0", "4.0000000000000000000001"];
    let line = |(n, status): (usize, &str)| {
        format!(
            "{{\"code\": \"D-{n}\", \"unit_id\": \"u\", \"submitted_via\": \"online\", \
             \"accepted_at\": \"2020-03-02T08:00:00+07:00\", \"status\": {status}}}\n"
        )
    };
    let lines: String = statuses.into_iter().enumerate().map(line).collect();
    let done = import(app, "", "application/x-ndjson", lines);
    assert_eq!(counts(&done), [5, 2, 0, 0, 3, 0], "{done}");
    assert_eq!(app.get(&format!("{DOSSIERS}/D-0")).expect(200).json["status"], 4);
    let wrong = [3, 4, 5].map(|row| (row, vec!["unknown_status".to_owned()]));
    assert_eq!(told(&report(app, &done)), wrong);
});

api_test!(the_preset_of_the_portal_keeps_nothing_of_applicants, |app| {
    app.make_units(&["gso-874"]);
    let file = "MaHoSo,MaTTHC,TenLinhVuc,KenhThucHien,ChuHoSo,Email,SoDienThoai,MaDoiTuong,TrichYeuHoSo,NgayNopHoSo,\
                NgayTiepNhan,NgayHenTra,TrangThaiHoSo,NgayTra,NgayKetThucXuLy,HinhThuc,DonViXuLy\n\
                H1,1.000656,Đất đai,2,Trần Thị Kín,kin@example.vn,0912345678,012345678901,Xin cấp kín,20200301080000,\
                20200302080000,20200310170000,10,20200306090000,20200305163000,1,UBND huyện\n\
                H2,,,,Trần Thị Kín,kin@example.vn,0912345678,012345678901,Xin cấp kín,,20200302080000,,10,20200306090000,,1,gso-874\n\
                H3,,,9,Trần Thị Kín,kin@example.vn,0912345678,012345678901,Xin cấp kín,,2020-03-02,,4,,,1,gso-874\n\
                H4,,,1,Trần Thị Kín,kin@example.vn,0912345678\n";
    let mapping = json!({"units": {"UBND huyện": "gso-874"}}).to_string();
    let query = format!("?preset=dvcqg&name=ho-so.csv&mapping={}", encoded(&mapping));
    let done = import(app, &query, "text/csv", file);
    assert_eq!(counts(&done), [4, 2, 0, 0, 2, 0], "{done}");
    assert_eq!(
        done["dropped_columns"],
        json!(["ChuHoSo", "Email", "HinhThuc", "MaDoiTuong", "SoDienThoai", "TrichYeuHoSo"])
    );
    let read = app.get(&format!("{DOSSIERS}/H1")).expect(200).json;
    for (member, want) in [
        ("unit_id", json!("gso-874")),
        ("procedure_code", json!("1.000656")),
        ("submitted_via", json!("online")),
        ("submitted_at", json!("2020-03-01T08:00:00+07:00")),
        ("finished_at", json!("2020-03-05T16:30:00+07:00")),
        ("returned_at", json!("2020-03-06T09:00:00+07:00")),
        ("outcome", json!("early")),
    ] {
        assert_eq!(read[member], want, "{member}");
    }
    let only_returned = app.get(&format!("{DOSSIERS}/H2")).expect(200).json;
    assert_eq!(only_returned["finished_at"], "2020-03-06T09:00:00+07:00");
    assert_eq!(only_returned["submitted_via"], "in_person");
    let report = report(app, &done);
    assert_eq!(told(&report)[0].1, ["unknown_word", "wrong_type"]);
    assert_eq!((&report[1]["column"], &report[1]["value"]), (&json!("NgayTiepNhan"), &json!("2020-03-02")));
    let kept = format!("{:?}", app.database.dump());
    for secret in ["Trần", "Kín", "kin@", "0912345678", "012345678901", "Xin cấp"] {
        assert!(!kept.contains(secret), "{secret}");
    }
});

api_test!(the_preset_of_the_portal_finds_units_by_their_codes_of_the_day, |app| {
    crate::dvcqg::units(app);
    let file = "MaHoSo,NgayNopHoSo,NgayTiepNhan,TrangThaiHoSo,DonViXuLy,received_by_unit_id\n\
                A,,20210302080000,4,874,30145\n\
                B,,20250801080000,4,874,\n\
                C,,20250801080000,4,new,\n\
                D,20210301080000,,1,874,\n\
                E,,20210302080000,4,999,\n\
                F,,20210302080000,4,UBND huyện,\n\
                G,,20210302080000,9,999,nowhere\n";
    let query = |mapping: Value| format!("?preset=dvcqg&mapping={}", encoded(&mapping.to_string()));
    let units = json!({"UBND huyện": "old"});
    let done = import(app, &query(json!({"units": units})), "text/csv", file);
    assert_eq!(counts(&done), [7, 4, 0, 0, 3, 0], "{done}");
    let of = |code: &str| app.get(&format!("{DOSSIERS}/{code}")).expect(200).json["unit_id"].clone();
    assert_eq!(["A", "C", "D", "F"].map(of), ["old", "new", "old", "old"]);
    assert_eq!(app.get(&format!("{DOSSIERS}/A")).expect(200).json["received_by_unit_id"], "commune");
    let report = report(app, &done);
    let wrong = [
        (2, vec!["ambiguous_unit".to_owned()]),
        (5, vec!["unknown_unit".to_owned()]),
        (7, ["required_by_status", "unknown_unit", "unknown_unit"].map(str::to_owned).to_vec()),
    ];
    assert_eq!(told(&report), wrong);
    assert_eq!((&report[0]["column"], &report[0]["value"]), (&json!("DonViXuLy"), &json!("874")));
    // Named by its list, the code is of one unit.
    let again = import(app, &query(json!({"units": units, "code_scheme": "gso"})), "text/csv", file);
    assert_eq!(counts(&again), [7, 1, 0, 4, 2, 0], "{again}");
    assert_eq!(of("B"), "new");
    // Without the portal's preset a unit is an id, unless the list of its codes is declared.
    let plain = "code,unit_id,submitted_via,status,accepted_at\nP,874,online,4,2021-03-02T08:00:00+07:00\n";
    assert_eq!(counts(&import(app, "", "text/csv", plain)), [1, 0, 0, 0, 1, 0]);
    let schemed = format!("?mapping={}", encoded(&json!({"code_scheme": "gso"}).to_string()));
    assert_eq!(counts(&import(app, &schemed, "text/csv", plain)), [1, 1, 0, 0, 0, 0]);
    assert_eq!(of("P"), "old");
});

api_test!(a_mapping_says_what_heads_words_and_dates_mean, |app| {
    app.make_units(&["gso-1"]);
    let mapping = json!({
        "columns": {"Mã hồ sơ": "code", "Trạng thái": "status", "Ngày tiếp nhận": "accepted_at", "Hạn trả": "due_at",
            "Ngày xong": "finished_at", "Hình thức nộp": "submitted_via", "Đơn vị": "unit_id"},
        "constants": {"field": "Hộ tịch"}, "units": {"UBND xã A": "gso-1"}, "statuses": {"Đã trả kết quả": 10},
        "values": {"submitted_via": {"Trực tuyến": "online"}}, "dates": "dd/mm/yyyy", "delimiter": ";"
    });
    let file = "STT;Mã hồ sơ;Đơn vị;Hình thức nộp;Trạng thái;Ngày tiếp nhận;Hạn trả;Ngày xong\n\
                1;X-1;UBND xã A;Trực tuyến;Đã trả kết quả;02/03/2020 08:30;6/3/2020;06/03/2020\n\
                2;X-2;UBND xã A;Trực tuyến;Đang chờ;02/03/2020;;\n";
    let query = format!("?mapping={}", encoded(&mapping.to_string()));
    let done = import(app, &query, "text/csv", file);
    assert_eq!(counts(&done), [2, 1, 0, 0, 1, 0], "{done}");
    let read = app.get(&format!("{DOSSIERS}/X-1")).expect(200).json;
    assert_eq!(read["accepted_at"], "2020-03-02T08:30:00+07:00");
    assert_eq!(read["due_at"], "2020-03-06T23:59:59+07:00");
    assert_eq!((&read["outcome"], &read["field"]), (&json!("on_time"), &json!("Hộ tịch")));
    let report = report(app, &done);
    assert_eq!((&report[0]["column"], &report[0]["value"]), (&json!("Trạng thái"), &json!("Đang chờ")));
    // The same file without its mapping is refused as a whole.
    let ask = app.ask("POST", POST).header("content-type", "text/csv").raw(file);
    let refused = ask.send().expect(422);
    assert!(refused.violations().contains(&("/code", "missing_column")), "{}", refused.json);
});

api_test!(all_or_nothing_writes_all_or_nothing, |app| {
    app.make_units(&["u"]);
    let head = "code,unit_id,submitted_via,status\n";
    let good: String = (0..2500).map(|n| format!("D-{n:04},u,online,1\n")).collect();
    let before = app.database.dump()["dossiers"].clone();
    let bad = format!("{head}{good}X,nowhere,online,1\nY,u,online,99\n");
    let failed = import(app, "?mode=atomic", "text/csv", bad);
    assert_eq!(counts(&failed), [2502, 0, 0, 0, 2, 2500], "{failed}");
    assert_eq!((&failed["status"], &failed["failure_code"]), (&json!("failed"), &json!("rows_rejected")));
    assert_eq!(app.database.dump()["dossiers"], before);
    let told = told(&report(app, &failed));
    assert_eq!(told, [(2501, vec!["unknown_unit".to_owned()]), (2502, vec!["unknown_status".to_owned()])]);
    let done = import(app, "?mode=atomic", "text/csv", format!("{head}{good}"));
    assert_eq!(counts(&done), [2500, 2500, 0, 0, 0, 0]);
    assert_eq!((&done["status"], &done["mode"]), (&json!("done"), &json!("atomic")));
});

api_test!(all_or_nothing_refuses_too_many_rows_by_name, |app| {
    app.make_units(&["u"]);
    let rows: String = (0..200_001).map(|n| format!("{n},u,online,1\n")).collect();
    let body = gzip(format!("code,unit_id,submitted_via,status\n{rows}").as_bytes());
    let refused = import(app, "?mode=atomic", "text/csv", body);
    assert_eq!((&refused["status"], &refused["failure_code"]), (&json!("failed"), &json!("too_many_rows")));
    assert_eq!(counts(&refused), [0; 6]);
    assert!(app.database.dump()["dossiers"].is_empty());
});

api_test!(a_file_cut_off_in_its_packing_keeps_what_was_read, |app| {
    app.make_units(&["u"]);
    let rows: String = (0..5000).map(|n| format!("D-{n},u,online,1,{:x}\n", n * 2_654_435_761_u64)).collect();
    let mut body = gzip(format!("code,unit_id,submitted_via,status,noise\n{rows}").as_bytes());
    body.truncate(body.len() * 2 / 3);
    let failed = import(app, "", "text/csv", body.clone());
    assert_eq!((&failed["status"], &failed["failure_code"]), (&json!("failed"), &json!("unreadable_file")));
    let read = counts(&failed)[0];
    assert!(read > 1000 && read < 5000, "{failed}");
    assert_eq!(app.database.dump()["dossiers"].len() as i64, read);
    let atomic = import(app, "?mode=atomic", "text/csv", body);
    assert_eq!((&atomic["failure_code"], counts(&atomic)), (&json!("unreadable_file"), [0; 6]));
});

api_test!(a_row_is_judged_by_the_units_of_its_day, |app| {
    app.post(UNITS, &with(unit("old"), json!({"valid_to": "2020-01-01"}))).expect(201);
    let file = format!(
        "{HEADS}A,old,online,4,2020-03-02T08:00:00+07:00,,,\nB,old,online,4,2019-03-02T08:00:00+07:00,,,\n"
    );
    let done = import(app, "", "text/csv", file);
    assert_eq!(counts(&done), [2, 1, 0, 0, 1, 0]);
    assert_eq!(told(&report(app, &done)), [(1, vec!["unit_not_in_existence".to_owned()])]);
    assert!(app.get(IMPORTS).expect(200).each("id").len() == 1);
    adds_up(&done);
});
