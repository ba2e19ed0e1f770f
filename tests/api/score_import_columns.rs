//! Columns of score tables beyond units and scores: stages, what does not apply, heads that name points, and columns
//! and cells that would be lost without a word.

use std::io::{Cursor, Read, Write};

use serde_json::{Value, json};

use crate::{
    score_imports::{counts, findings, make, send, send_sheet},
    support::{
        api_test,
        app::App,
        indexes::{EDITION, SCORES, criterion, score},
        records::with,
    },
};

/// What the scores of a year say, in order.
fn said(app: &App, year: i32) -> Vec<String> {
    let listed = app.get(&format!("{SCORES}?index_code=ix&year={year}&limit=500")).expect(200).json;
    let members = ["unit_id", "criterion", "stage", "score_exact", "applicable", "published_rank"];
    let items = listed["items"].as_array().unwrap().iter();
    let mut lines: Vec<String> =
        items.map(|score| members.map(|member| score[member].to_string()).join(" ")).collect();
    lines.sort();
    lines
}

api_test!(an_export_of_all_stages_comes_back_as_it_was, |app| {
    make(app);
    for (stage, value) in [("self", "9.5"), ("appraised", "8.25"), ("survey", "7"), ("final", "8")] {
        app.make_score(&with(score("hn", value), json!({"criterion": "land", "stage": stage})));
    }
    app.make_score(&with(score("hg", Value::Null), json!({"criterion": "land", "applicable": false})));
    app.make_score(&with(score("dt", "64.9552993774414"), json!({"published_rank": 3})));
    app.post(&format!("{EDITION}/copy"), &json!({"to_year": 2017})).expect(201);
    let file = app.get(&format!("{SCORES}/export?index_code=ix&year=2016")).expect(200).raw;
    let to = "/api/v1/indexes/ix/editions/2017/score-imports";
    let again = |query: &str| {
        let path = format!("{to}{query}");
        app.ask("POST", &path).header("content-type", "text/csv").raw(file.clone()).send()
    };
    let done = again("?stage=self").expect(200).json;
    assert_eq!((counts(&done), findings(&done)), ([6, 6, 0, 0], vec![]));
    let holds = |column: &str| {
        done["columns"].as_array().unwrap().iter().find(|c| c["column"] == column).unwrap()["holds"].clone()
    };
    assert_eq!((holds("stage"), holds("applicable")), (json!("stage"), json!("applicable")));
    assert_eq!(said(app, 2017), said(app, 2016));
    assert_eq!(counts(&again("").expect(200).json), [6, 0, 0, 6]);
    // A stage that is none, and one that the edition takes no scores of.
    let odd = "unit_id,criterion,stage,score\nhn,land,end,1\nhn,time_cost,Tự đánh giá,1\n";
    let looked = send(app, "?dry_run=true", odd).expect(200).json;
    assert_eq!(findings(&looked), [(2, "stage", "unknown_stage")]);
    app.post(&format!("{EDITION}/status"), &json!({"status": "self_assessment"})).expect(200);
    let last = "unit_id,criterion,stage,score\nhn,land,final,1\n";
    let closed = send(app, "?dry_run=true", last).expect(200).json;
    assert_eq!(findings(&closed), [(2, "stage", "stage_closed")]);
});

api_test!(a_spreadsheet_of_all_stages_comes_back_as_it_was, |app| {
    make(app);
    for (stage, value) in [("self", "9.5"), ("appraised", "8.25"), ("survey", "7"), ("final", "8")] {
        app.make_score(&with(score("hn", value), json!({"criterion": "land", "stage": stage})));
    }
    app.make_score(&with(score("hg", Value::Null), json!({"criterion": "land", "applicable": false})));
    for (unit, stage, value, rank) in [
        ("hn", "self", "19", json!(1)),
        ("dt", "self", "15.5", Value::Null),
        ("dt", "final", "14.25", json!(3)),
    ] {
        app.make_score(&with(score(unit, value), json!({"stage": stage, "published_rank": rank})));
    }
    app.post(&format!("{EDITION}/copy"), &json!({"to_year": 2017})).expect(201);
    let file = |query: &str| {
        app.get(&format!("{SCORES}/export?index_code=ix&year=2016&format=xlsx{query}")).expect(200).raw
    };
    let import = |query: &str, file: Vec<u8>| {
        let path = format!("/api/v1/indexes/ix/editions/2017/score-imports{query}");
        let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        app.ask("POST", &path).header("content-type", kind).raw(file).send()
    };
    // What one stage alone has is told as a parameter, what several have by the heads.
    let own = import("?stage=self", file("&stage=self")).expect(200).json;
    assert_eq!((counts(&own), findings(&own)), ([2, 3, 0, 0], vec![]));
    let done = import("", file("")).expect(200).json;
    assert_eq!((counts(&done), findings(&done)), ([3, 5, 0, 3], vec![]));
    let staged: Vec<(&str, &str)> = done["columns"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| Some((c["column"].as_str()?, c["stage"].as_str()?)))
        .collect();
    assert_eq!(staged[0], ("Tiêu chí land (Tự đánh giá)", "self"));
    assert_eq!(staged[5], ("Tổng điểm (Chính thức)", "final"));
    assert_eq!(said(app, 2017), said(app, 2016));
    // A stage that the edition takes no scores of is told where it stands.
    app.post("/api/v1/indexes/ix/editions/2017/status", &json!({"status": "self_assessment"})).expect(200);
    let closed = import("?dry_run=true", file("")).expect(200).json;
    let told = findings(&closed);
    assert!(told.iter().all(|(.., code)| *code == "stage_closed"), "{closed}");
    assert!(told.iter().any(|(_, column, _)| *column == "Tổng điểm (Chính thức)"), "{closed}");
    assert!(!told.iter().any(|(_, column, _)| column.ends_with("(Tự đánh giá)")), "{closed}");
});

api_test!(a_head_may_name_points_and_no_column_of_scores_is_lost, |app| {
    make(app);
    let reform = with(criterion("reform", 60), json!({"name": "Cải cách thể chế"}));
    app.make_edition(json!({"criteria": [reform, criterion("other", 40)]}));
    let table = "STT,Đơn vị,Cải cách thể chế (60 điểm),Tổng điểm (100 điểm),Hạng năm trước,Ghi chú\n\
                 1,hn,55.5,90,2,x\n";
    let looked = send(app, "?dry_run=true", table).expect(200).json;
    assert_eq!((counts(&looked), findings(&looked)), ([1, 2, 0, 0], vec![]));
    assert_eq!(looked["ignored_columns"], json!(["STT", "Hạng năm trước", "Ghi chú"]));
    assert_eq!(looked["columns"][1]["criterion"], "reform");
    // A typing error in a head is told, and nothing is stored.
    let before = app.database.dump();
    let refused = send(app, "", "Đơn vị,reform,ZZ\nhn,55.5,30\nhg,50,\n").expect(422);
    assert_eq!(refused.violations(), [("/1/ZZ", "unknown_column")]);
    assert_eq!(app.database.dump(), before);
});

api_test!(a_line_that_numbers_the_columns_is_left_out, |app| {
    make(app);
    for table in [
        "STT,Đơn vị,Land\n1,2,3\n1,hn,5\n",
        "STT,Đơn vị,Land\n(1),(2),(3)=(1)+(2)\n1,hn,5\n",
        "Đơn vị,Land\n[1],[2]\nhn,5\n",
        "Bảng điểm,,,\nSTT,Đơn vị,,Land\n1,2,,3\n1,hn,,5\n",
        ",unit,land,time_cost\n,1,2,3\n,hn,5,\n",
        "STT,Đơn vị,Land,Time_cost\n1,2,,4\n1,hn,5,\n",
        "STT,Đơn vị,Land,Time_cost\n1,2,,3\n1,hn,5,\n",
    ] {
        let looked = send(app, "?dry_run=true", table).expect(200).json;
        assert_eq!((counts(&looked), findings(&looked)), ([1, 1, 0, 0], vec![]), "{table}");
        assert_eq!(
            (&looked["scores"][0]["unit_id"], &looked["scores"][0]["score_exact"]),
            (&json!("hn"), &json!("5")),
            "{table}"
        );
    }
    // What may be a unit and its scores is read as that: two numbers, a code, numbers that don't count, a blank.
    for table in [
        "unit,land\n1,2\n",
        "unit,land,time_cost\n01,2,3\n",
        "unit,land,time_cost\n1,2,4\n",
        "unit,land,time_cost,total\n1,2,3,\n",
        "unit,land,time_cost\nhg,1,\n1,2,3\n",
        "unit,land,time_cost\n1,2,3\n2,4,5\n",
        "unit,land,time_cost\n1,2,3\n",
    ] {
        let looked = send(app, "?dry_run=true", table).expect(200).json;
        let scores = looked["scores"].as_array().unwrap();
        assert!(scores.iter().any(|score| score["unit_id"] == "hn"), "{table}: {looked}");
    }
});

/// A spreadsheet with a title and heads in two lines, one of them merged over two columns, and their numbers.
fn merged_heads() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let (sheet, plain) = (book.add_worksheet(), rust_xlsxwriter::Format::new());
    sheet.write_string(0, 0, "KẾT QUẢ NĂM 2016").unwrap();
    for (column, head) in [(0, "STT"), (1, "Đơn vị"), (4, "Tổng điểm")] {
        sheet.merge_range(2, column, 3, column, head, &plain).unwrap();
    }
    sheet.merge_range(2, 2, 2, 3, "Điểm thành phần", &plain).unwrap();
    sheet.write_string(3, 2, "LAND (10 điểm)").unwrap().write_string(3, 3, "Chi phí thời gian").unwrap();
    for (column, number) in (0..5).zip(1..) {
        sheet.write_number(4, column, number).unwrap();
    }
    sheet.write_number(5, 0, 1).unwrap().write_string(5, 1, "Hà Nội").unwrap();
    for (column, score) in (2..).zip([7.5, 8.0, 15.5]) {
        sheet.write_number(5, column, score).unwrap();
    }
    book.save_to_buffer().unwrap()
}

api_test!(heads_may_stand_in_two_lines, |app| {
    make(app);
    let said = |looked: &Value| -> Vec<String> {
        let scores = looked["scores"].as_array().unwrap().iter();
        let told = ["line", "unit_id", "criterion", "score_exact"];
        scores.map(|score| told.map(|member| score[member].to_string()).join(" ")).collect()
    };
    let looked = send_sheet(app, "?dry_run=true", merged_heads()).expect(200).json;
    assert_eq!((counts(&looked), findings(&looked)), ([1, 3, 0, 0], vec![]));
    assert_eq!(
        said(&looked),
        [r#"6 "hn" "land" "7.5""#, r#"6 "hn" "time_cost" "8""#, r#"6 "hn" null "15.5""#]
    );
    // The total below a merged head, notes below others, a criterion that is merged over its parts.
    for table in [
        "Đơn vị,Điểm,,Ghi chú\n,land,Tổng điểm,\nhn,7.5,15.5,x\n",
        "Đơn vị,Thành phần,,Tổng điểm\n,land,Nguồn,(110)\nhn,7.5,x,15.5\n",
        "Đơn vị,Tiêu chí,,Tổng điểm\n,land,Hạng năm trước,\nhn,7.5,2,15.5\n",
        "Đơn vị,time_cost,,Tổng điểm\n,Số phiếu hỏi,land,\nhn,9,7.5,15.5\n",
    ] {
        let looked = send(app, "?dry_run=true", table).expect(200).json;
        assert!(findings(&looked).is_empty(), "{table}: {looked}");
        assert_eq!(said(&looked), [r#"3 "hn" "land" "7.5""#, r#"3 "hn" null "15.5""#], "{table}");
    }
    // What names no score below a merged head is none of the heads.
    for table in ["unit,land,\n,Sở,ngành\nhn,1,\n", "unit,land,\n,5,land\nhn,1,\n"] {
        let looked = send(app, "?dry_run=true", table).expect(200).json;
        assert_eq!(looked["columns"][1]["column"], "land", "{table}");
    }
});

api_test!(a_cell_without_a_head_refuses_the_table, |app| {
    make(app);
    let told = |line: i64, column: &'static str| (line, column, "cell_without_head");
    let before = app.database.dump();
    for (table, want) in [
        ("unit,land\nhn,7,5\nhg,8,25\ndt,9\n", vec![told(2, "3"), told(3, "3")]),
        ("unit,land,time_cost\nhn,7,5,6\n", vec![told(2, "4")]),
        ("unit,land,\nhn,1,5\n", vec![told(2, "3")]),
        ("unit,land\nhn,,5\nhg,1\n", vec![told(2, "3")]),
        ("unit,criterion,score\nhn,land,7,5\n", vec![told(2, "4")]),
    ] {
        for mark in ["point", "comma"] {
            let looked = send(app, &format!("?dry_run=true&decimal={mark}"), table).expect(200).json;
            assert_eq!(findings(&looked), want, "{mark}: {table}");
        }
        let refused = send(app, "", table).expect(422);
        assert_eq!(refused.violations()[0].1, "cell_without_head", "{table}");
    }
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "unit").unwrap().write_string(0, 1, "land").unwrap();
    sheet.write_string(1, 0, "hn").unwrap().write_number(1, 1, 7).unwrap().write_number(1, 2, 5).unwrap();
    let refused = send_sheet(app, "", book.save_to_buffer().unwrap()).expect(422);
    assert_eq!(refused.violations(), [("/2/3", "cell_without_head")]);
    assert_eq!(app.database.dump(), before);
    // Blank cells, a column of numbers of lines and what stands below the table say nothing of scores.
    for table in ["unit,land\nhn,7,,-\n", ",unit,land\n1,hn,7\n", "unit,land\nhn,7\nNgười lập,,Giám đốc\n"]
    {
        let looked = send(app, "?dry_run=true", table).expect(200).json;
        assert_eq!((counts(&looked), findings(&looked)), ([1, 1, 0, 0], vec![]), "{table}");
    }
});

api_test!(a_quote_that_takes_in_lines_refuses_the_table, |app| {
    make(app);
    let before = app.database.dump();
    for (table, want) in [
        ("unit,land\nhn,1\n\"hg,2\ndt,3\n", (3, "-", "unclosed_quote")),
        ("unit,land\nhn,1\nhg,\"2\ndt,3\n", (3, "-", "unclosed_quote")),
        // Closed by the next quote of the file, and by itself.
        ("unit,land\nhn,1\n\"hg,2\n\"dt\",3\n", (3, "-", "unclosed_quote")),
        ("unit,land\nhn,1\n\"hg,2\ndt,3\"\n", (3, "unit", "unclosed_quote")),
    ] {
        let looked = send(app, "?dry_run=true", table).expect(200).json;
        assert_eq!((findings(&looked), counts(&looked)), (vec![want], [1, 1, 0, 0]), "{table}");
        assert_eq!(send(app, "", table).expect(422).violations()[0].1, "unclosed_quote", "{table}");
    }
    let heads = send(app, "?dry_run=true", "\"unit,land\nhn,1\n").expect(200).json;
    assert_eq!(findings(&heads), [(1, "-", "unclosed_quote")]);
    assert_eq!(app.database.dump(), before);
    let noted = "unit,land\n\"Hà\nNội\",1\n\"Nguồn: VCCI,\ncông bố\",\n";
    let looked = send(app, "?dry_run=true", noted).expect(200).json;
    assert_eq!((counts(&looked), findings(&looked)), ([1, 1, 0, 0], vec![]));
});

api_test!(a_cell_may_take_its_criterion_out_of_the_maximum, |app| {
    make(app);
    let table = "unit,land,time_cost,total\nhn,Không áp dụng,KAD,\nhg,n/a,-,\n";
    let looked = send(app, "", table).expect(200).json;
    assert_eq!((counts(&looked), &looked["stored"]), ([2, 3, 0, 0], &json!(true)));
    assert_eq!(
        said(app, 2016),
        [
            r#""hg" "land" "final" null false null"#,
            r#""hn" "land" "final" null false null"#,
            r#""hn" "time_cost" "final" null false null"#
        ]
    );
    let total = send(app, "?dry_run=true", "unit,total\nhn,n/a\n").expect(200).json;
    assert_eq!(findings(&total), [(2, "total", "total_applies")]);
    // A score puts it back.
    assert_eq!(counts(&send(app, "", "unit,land\nhn,7\n").expect(200).json), [1, 0, 1, 0]);
    assert_eq!(said(app, 2016)[1], r#""hn" "land" "final" "7" true null"#);
    let negative = send(app, "?dry_run=true", "unit,land\nhn,-1\n").expect(200).json;
    assert_eq!(findings(&negative), [(2, "land", "below_minimum")]);
});

api_test!(lines_of_units_that_no_cohort_ranks_are_told_and_stored, |app| {
    make(app);
    let table = "unit,land,time_cost\nhn,5,1\ntphg,4,2\nhg,6,\n";
    let outside = json!([{"line": 3, "unit_id": "tphg", "unit_name": "Thành phố Hà Giang"}]);
    for query in ["?dry_run=true", ""] {
        let told = send(app, query, table).expect(200).json;
        assert_eq!((&told["outside_cohorts"], counts(&told)), (&outside, [3, 5, 0, 0]), "{query}");
        assert!(findings(&told).is_empty(), "{query}");
    }
    assert_eq!(said(app, 2016).len(), 5);
    // What is there already is told again; a line without a score says nothing.
    assert_eq!(send(app, "", table).expect(200).json["outside_cohorts"], outside);
    let blank = send(app, "?dry_run=true", "unit,land\nhn,5\ntphg,-\n").expect(200).json;
    assert_eq!(blank["outside_cohorts"], json!([]));
});

api_test!(a_finding_shows_what_stands_in_the_cell, |app| {
    make(app);
    let shown = |query: &str, table: &str| -> Vec<(String, Value)> {
        let looked = send(app, query, table).expect(200).json;
        let found = looked["findings"].as_array().unwrap().clone();
        found.iter().map(|f| (f["code"].as_str().unwrap().to_owned(), f["value"].clone())).collect()
    };
    let told = |code: &str, value: &str| (code.to_owned(), json!(value));
    assert_eq!(
        shown("?dry_run=true&decimal=comma", "unit;land\nhn;40,5\nhg;10,50\ndt;-1,0\ndt;7,00\n"),
        [
            told("above_maximum", "40,5"),
            told("above_maximum", "10,50"),
            told("below_minimum", "-1,0"),
            told("duplicate", "7,00")
        ]
    );
    assert_eq!(
        shown("?dry_run=true", "unit,land,total\nhn,40.50,KAD\n"),
        [told("above_maximum", "40.50"), told("total_applies", "KAD")]
    );
});

/// A spreadsheet without the results of its formulas, as programs write it that don't compute.
fn without_results(bytes: Vec<u8>) -> Vec<u8> {
    let mut read = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut written = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..read.len() {
        let mut part = read.by_index(i).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        written.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        written.write_all(text.replace("<v>7.5</v>", "").as_bytes()).unwrap();
    }
    written.finish().unwrap().into_inner()
}

api_test!(a_formula_without_its_result_is_told, |app| {
    make(app);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "unit").unwrap().write_string(0, 1, "land").unwrap();
    sheet.write_string(1, 0, "hn").unwrap();
    sheet.write_formula(1, 1, rust_xlsxwriter::Formula::new("=3*2.5").set_result("7.5")).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let whole = send_sheet(app, "?dry_run=true", bytes.clone()).expect(200).json;
    assert_eq!((counts(&whole), findings(&whole)), ([1, 1, 0, 0], vec![]));
    let looked = send_sheet(app, "?dry_run=true", without_results(bytes)).expect(200).json;
    assert_eq!(findings(&looked), [(2, "land", "formula_without_result")]);
    assert_eq!(looked["findings"][0]["value"], "=3*2.5");
});

api_test!(a_percentage_of_a_spreadsheet_is_told, |app| {
    make(app);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, head) in (0..).zip(["unit", "land", "total", "Tỷ lệ đạt"]) {
        sheet.write_string(0, column, head).unwrap();
    }
    let [percent, text] =
        ["0%", "0.00\"%\""].map(|format| rust_xlsxwriter::Format::new().set_num_format(format));
    sheet.write_string(1, 0, "hn").unwrap().write_number(1, 1, 7.5).unwrap();
    sheet.write_number_with_format(1, 2, 0.85, &percent).unwrap();
    sheet.write_number_with_format(1, 3, 0.5, &percent).unwrap();
    sheet.write_string(2, 0, "hg").unwrap();
    sheet.write_number_with_format(2, 2, 85, &text).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let before = app.database.dump();
    let looked = send_sheet(app, "?dry_run=true", bytes.clone()).expect(200).json;
    assert_eq!((counts(&looked), findings(&looked)), ([2, 2, 0, 0], vec![(2, "total", "percent_cell")]));
    assert_eq!(looked["findings"][0]["value"], "85%");
    assert_eq!(send_sheet(app, "", bytes).expect(422).violations(), [("/2/total", "percent_cell")]);
    assert_eq!(app.database.dump(), before);
});

api_test!(what_is_wrong_with_a_whole_body_names_no_place, |app| {
    make(app);
    let refused = send(app, "", "").expect(422);
    assert_eq!(refused.violations(), [("", "empty")]);
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(!detail.starts_with(':') && !detail.is_empty(), "{detail}");
});
