//! Cells of files of dossiers as offices write them: how they are read, and how a report tells them.

use serde_json::{Value, json};

use crate::{
    dossier_imports::told,
    dvcqg::{read, tell_one, units},
    imports::{POST, counts, import, report},
    support::{
        api_test,
        client::encoded,
        records::{DOSSIERS, UNITS, unit, with},
    },
};

fn text<'a>(line: &'a Value, member: &str) -> &'a str {
    line[member].as_str().unwrap_or("-")
}

/// Column, value and code of each line of a report.
fn lines(report: &[Value]) -> Vec<[&str; 3]> {
    report.iter().map(|line| ["column", "value", "code"].map(|member| text(line, member))).collect()
}

api_test!(a_line_within_a_cell_ends_with_a_line_feed_also_in_files_of_windows, |app| {
    app.make_units(&["u"]);
    let file = "code,unit_id,submitted_via,status,field\nA,u,online,1,\"Đất đai\nHộ tịch\"\n";
    assert_eq!(counts(&import(app, "", "text/csv", file)), [1, 1, 0, 0, 0, 0]);
    let windows = file.replace('\n', "\r\n");
    assert_eq!(counts(&import(app, "", "text/csv", windows.clone())), [1, 0, 0, 1, 0, 0]);
    let other = windows.replace("\nA,", "\nB,");
    assert_eq!(counts(&import(app, "", "text/csv", other)), [1, 1, 0, 0, 0, 0]);
    for code in ["A", "B"] {
        let field = app.get(&format!("{DOSSIERS}/{code}")).expect(200).json["field"].clone();
        assert_eq!(field, "Đất đai\nHộ tịch", "{code}");
    }
});

api_test!(a_report_tells_the_value_as_the_file_writes_it, |app| {
    app.make_units(&["u"]);
    let mapping = json!({
        "columns": {"Mã": "code", "Ngày nhận": "accepted_at", "Hạn": "due_at", "Xong": "finished_at"},
        "constants": {"submitted_via": "online"}, "statuses": {"Đã trả": 10, "Đang xử lý": 4},
        "units": {"Xã A": "u", "Xã B": "nowhere"}, "dates": "dd/mm/yyyy"
    });
    let file = "Mã,unit_id,status,Ngày nhận,Hạn,Xong\n\
                A,Xã A,ĐÃ TRẢ,06/03/2020 08:30,,5/3/2020\n\
                B,Xã A,Đang xử lý,06/03/2020,01/03/2020 10:00,07/3/2020\n\
                C,Xã B,Đang xử lý,06/03/2020,,\n\
                D,Xã A,Đã trả,06/03/2020,,\n";
    let done = import(app, &format!("?mapping={}", encoded(&mapping.to_string())), "text/csv", file);
    assert_eq!(counts(&done), [4, 0, 0, 0, 4, 0], "{done}");
    let want = [
        ["Xong", "5/3/2020", "before_accepted"],
        ["Xong", "07/3/2020", "refused_by_status"],
        ["Hạn", "01/03/2020 10:00", "before_accepted"],
        ["unit_id", "Xã B", "unknown_unit"],
        ["Xong", "-", "required_by_status"],
    ];
    assert_eq!(lines(&report(app, &done)), want);
    let line = r#"{"code": "E", "unit_id": "u", "submitted_via": "online", "status": 4.0, "accepted_at":
        "2020-03-06T01:00:00Z", "finished_at": "2020-03-07T01:00:00Z"}"#;
    let done = import(app, "", "application/x-ndjson", line.replace('\n', " "));
    let want = [["finished_at", "2020-03-07T01:00:00Z", "refused_by_status"]];
    assert_eq!(lines(&report(app, &done)), want);
    let line = line.replace("finished_at", "returned_at");
    let done = import(app, "", "application/x-ndjson", line.replace('\n', " "));
    let want = [["returned_at", "2020-03-07T01:00:00Z", "refused_by_status"]];
    assert_eq!(lines(&report(app, &done)), want);
});

api_test!(a_head_that_the_mapping_names_and_the_file_has_not_refuses_the_file, |app| {
    app.make_units(&["u"]);
    let mapping = json!({
        "columns": {"Mã hồ sơ": "code", "Hạn trả": "due_at", "Ngày nhận": "accepted_at"},
        "constants": {"unit_id": "u", "submitted_via": "online", "status": "4"}, "dates": "dd/mm/yyyy"
    });
    let path = format!("?mapping={}", encoded(&mapping.to_string()));
    let url = format!("{POST}{path}");
    let file = |due: &str| format!("Mã hồ sơ,Ngày nhận,{due}\nA,06/03/2020,10/03/2020\n");
    let before = app.database.dump();
    let ask = app.ask("POST", &url).header("content-type", "text/csv");
    let refused = ask.header("accept-language", "en").raw(file("Hẹn trả")).send().expect(422);
    assert_eq!(refused.violations(), [("/due_at", "missing_column")]);
    let told = refused.json.to_string();
    for head in ["`Hạn trả`", "`Mã hồ sơ`", "`Ngày nhận`", "`Hẹn trả`"] {
        assert!(told.contains(head), "{told}");
    }
    assert_eq!(app.database.dump(), before);
    // The same head in another case, in decomposed letters, with blanks around it.
    for (n, head) in ["HẠN TRẢ", "Ha\u{0323}n tra\u{0309}", " hạn trả "].into_iter().enumerate() {
        let done = import(app, &path, "text/csv", file(head));
        assert_eq!(counts(&done), if n == 0 { [1, 1, 0, 0, 0, 0] } else { [1, 0, 0, 1, 0, 0] }, "{head}");
    }
    assert_eq!(app.get(&format!("{DOSSIERS}/A")).expect(200).json["due_at"], "2020-03-10T23:59:59+07:00");
});

api_test!(a_row_that_is_rejected_takes_no_code_of_its_file, |app| {
    app.make_units(&["u"]);
    let row = |code: &str, unit: &str, status: u8, field: &str| {
        format!("{code},{unit},online,{status},2020-03-02T08:00:00+07:00,,{field}\n")
    };
    let head = "code,unit_id,submitted_via,status,accepted_at,finished_at,field\n";
    // Not to be read, of no unit, and without its end, before the good ones.
    let file = [
        head.to_owned(),
        row("A", "u", 99, ""),
        row("A", "nowhere", 4, ""),
        row("A", "u", 10, ""),
        row("A", "u", 4, "good"),
        row("A", "u", 4, "other"),
        row("A", "nowhere", 4, "good"),
        row("A", "u", 4, "good"),
        row("B", "nowhere", 4, ""),
        // The next rows of B are in other pieces of the file.
        (0..2500).map(|n| row(&format!("D-{n}"), "u", 4, "")).collect(),
        row("B", "u", 10, ""),
        row("B", "u", 4, "good"),
        (0..1000).map(|n| row(&format!("E-{n}"), "u", 4, "")).collect(),
        row("B", "u", 4, "other"),
    ]
    .concat();
    let want = [
        (1, "unknown_status"),
        (2, "unknown_unit"),
        (3, "required_by_status"),
        (5, "duplicate_in_file"),
        (6, "unknown_unit"),
        (8, "unknown_unit"),
        (2509, "required_by_status"),
        (3511, "duplicate_in_file"),
    ]
    .map(|(row, code)| (row, vec![code.to_owned()]));
    let failed = import(app, "?mode=atomic", "text/csv", file.clone());
    assert_eq!(counts(&failed), [3511, 0, 0, 0, 8, 3503], "{failed}");
    assert_eq!(told(&report(app, &failed)), want);
    let mut before = None;
    for (n, counted) in [[3511, 3502, 0, 1, 8, 0], [3511, 0, 0, 3503, 8, 0]].into_iter().enumerate() {
        let done = import(app, "", "text/csv", file.clone());
        assert_eq!(counts(&done), counted, "{n}: {done}");
        assert_eq!(told(&report(app, &done)), want, "{n}");
        let mut dump = app.database.dump();
        dump.retain(|table, _| matches!(table.as_str(), "dossiers" | "changes"));
        assert_eq!(*before.get_or_insert_with(|| dump.clone()), dump, "{n}");
    }
    for code in ["A", "B"] {
        assert_eq!(app.get(&format!("{DOSSIERS}/{code}")).expect(200).json["field"], "good", "{code}");
    }
    // Units that are named by codes are looked up before the rows are written.
    app.post(UNITS, &with(unit("coded"), json!({"code": "874", "code_scheme": "gso"}))).expect(201);
    let schemed = format!("?mapping={}", encoded(&json!({"code_scheme": "gso"}).to_string()));
    let file = [row("C", "999", 4, ""), row("C", "874", 4, "x"), row("C", "874", 4, "y")].concat();
    let done = import(app, &schemed, "text/csv", format!("{head}{file}"));
    assert_eq!(counts(&done), [3, 1, 0, 0, 2, 0], "{done}");
    let want = [(1, "unknown_unit"), (3, "duplicate_in_file")].map(|(n, code)| (n, vec![code.to_owned()]));
    assert_eq!(told(&report(app, &done)), want);
});

api_test!(text_behind_a_quote_that_closes_rejects_its_own_row_alone, |app| {
    app.make_units(&["u"]);
    let head = "code,unit_id,submitted_via,status,field\n";
    let rows = "\"A\"x,u,online,1,x\n\
                B,u,online,1,\"Nhà \"đỏ\"\"\n\
                C,u,online,1,\"Nhà\" đỏ\n\
                D,u,online,1,\"Nhà \"\"đỏ\"\"\" \n\
                \"E\"x,u,online,1,\"hai\ndòng\"\n\
                F,u,online,1,Nhà \"đỏ\"\n";
    let done = import(app, "", "text/csv", format!("{head}{rows}"));
    assert_eq!(counts(&done), [6, 2, 0, 0, 4, 0], "{done}");
    let found = report(app, &done);
    let want = [1, 2, 3, 5].map(|row| (row, vec!["text_after_quote".to_owned()]));
    assert_eq!(told(&found), want);
    assert_eq!(lines(&found)[0], ["-", "-", "text_after_quote"]);
    for code in ["D", "F"] {
        assert_eq!(app.get(&format!("{DOSSIERS}/{code}")).expect(200).json["field"], "Nhà \"đỏ\"", "{code}");
    }
    assert_eq!(app.get(DOSSIERS).expect(200).each("code"), ["D", "F"]);
    let again = import(app, "", "text/csv", format!("{head}{rows}"));
    assert_eq!(counts(&again), [6, 0, 0, 2, 4, 0], "{again}");
    // Below heads of which one is written so, no column is known.
    let wrong = format!("\"code\"x{}{rows}", &head[4..]);
    let ask = app.ask("POST", POST).header("content-type", "text/csv").raw(wrong);
    assert_eq!(ask.send().expect(422).violations(), [("", "text_after_quote")]);
});

api_test!(the_preset_of_the_portal_reads_where_a_dossier_was_handed_in, |app| {
    units(app);
    // A code of a unit, its id, the number of a portal, the unit that decides, nothing.
    let places = ["30145", "commune", "2", "874", ""];
    let row = |(n, place): (usize, &str)| format!("A{n},20210302080000,4,874,{place}\n");
    let rows: String = places.into_iter().enumerate().map(row).collect();
    let file = format!("MaHoSo,NgayTiepNhan,TrangThaiHoSo,DonViXuLy,NoiNopHoSo\n{rows}");
    let done = import(app, "?preset=dvcqg", "text/csv", file.clone());
    assert_eq!((counts(&done), &done["dropped_columns"]), ([5, 5, 0, 0, 0, 0], &json!([])), "{done}");
    let of = |code: String| read(app, &code)["received_by_unit_id"].clone();
    for (n, place) in places.into_iter().enumerate() {
        let want = if n < 2 { json!("commune") } else { Value::Null };
        assert_eq!(of(format!("A{n}")), want, "{place}");
        // As a record of the portal that is told by itself.
        assert_eq!(tell_one(app, &format!("B{n}"), json!({"NoiNopHoSo": place})), "created");
        assert_eq!(of(format!("B{n}")), want, "{place}");
    }
    let line = json!({
        "MaHoSo": "C", "NgayTiepNhan": 20_210_302_080_000_i64, "TrangThaiHoSo": 4, "DonViXuLy": 874, "NoiNopHoSo": 30145
    });
    let done = import(app, "?preset=dvcqg", "application/x-ndjson", line.to_string());
    assert_eq!(counts(&done), [1, 1, 0, 0, 0, 0], "{done}");
    assert_eq!(of("C".to_owned()), "commune");
    // Where the mapping says that it is a unit, it has to be one.
    let mapping = json!({"columns": {"NoiNopHoSo": "received_by_unit_id"}}).to_string();
    let query = format!("?preset=dvcqg&mapping={}", encoded(&mapping));
    let done = import(app, &query, "text/csv", file);
    assert_eq!(lines(&report(app, &done)), [["NoiNopHoSo", "2", "unknown_unit"]]);
});
