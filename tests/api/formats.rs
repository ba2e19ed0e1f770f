//! Rankings and series as CSV, spreadsheet and JSON-stat: the figures of the JSON document in other clothes.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    client::Answer,
    indexes::{RANKING, SCORES, criterion, score},
    records::{UNITS, unit, with},
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Three units in 2015 and 2016, one of them without a score in 2016; a name that looks like a formula.
fn make(app: &App) {
    for (id, name) in [("a", "Tỉnh A"), ("b", "=B"), ("c", "Tỉnh C")] {
        app.post(UNITS, &with(unit(id), json!({"name": name}))).expect(201);
    }
    let areas = json!([criterion("land", 100), criterion("time", 100)]);
    app.make_edition(json!({"criteria": areas}));
    app.make_edition_of(2015, json!({"criteria": areas}));
    for (unit, year, land, time) in [
        ("a", 2015, "10", "20"),
        ("b", 2015, "15.005", "20"),
        ("a", 2016, "20.123456789012345678", "20"),
        ("b", 2016, "15", "20"),
    ] {
        for (code, value) in [("land", land), ("time", time)] {
            app.make_score(&with(score(unit, value), json!({"year": year, "criterion": code})));
        }
    }
}

fn lines(answer: &Answer) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&answer.raw[..]);
    reader.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect()
}

api_test!(a_ranking_as_csv_has_a_line_a_unit, |app| {
    make(app);
    let answer = app.get(&format!("{RANKING}?format=csv")).expect(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"ranking_ix_2016_all.csv\"");
    assert_eq!(answer.header("vary"), "accept");
    let all: Vec<String> = lines(&answer).iter().map(|line| line.join("|")).collect();
    assert_eq!(
        all,
        [
            "Hạng|Mã đơn vị|Đơn vị|Điểm|Điểm (đủ chữ số)|Xếp loại|Hạng công bố|Điểm năm 2015|Hạng năm 2015|Thay đổi \
             điểm|Thay đổi điểm (đủ chữ số)|Thay đổi hạng|So sánh được|Lý do không xếp hạng",
            "1|a|Tỉnh A|40.12|40.123456789012345678|||30.00|2|10.12|10.123456789012345678|1|có|",
            "2|b|'=B|35.00|35|||35.01|1|-0.01|-0.005|-1|có|",
            "|c|Tỉnh C|||||||||||Không có điểm",
        ]
    );
    let marked = app.get(&format!("{RANKING}?format=csv&bom=true")).expect(200).raw;
    assert_eq!((&marked[..3], &marked[3..]), ("\u{feff}".as_bytes(), &answer.raw[..]));
    let accepted = app.ask("GET", RANKING).header("accept", "text/csv").send().expect(200);
    assert_eq!((&accepted.raw, accepted.etag()), (&answer.raw, answer.etag()));
    let again = app.ask("GET", RANKING).header("accept", "text/csv").header("if-none-match", answer.etag());
    assert!(again.send().expect(304).raw.is_empty());
    // Another form of the same figures is another representation.
    let json = app.get(RANKING).expect(200);
    assert_ne!(json.etag(), answer.etag());
    assert_eq!(json.header("vary"), "accept");
    assert_eq!(app.get(&format!("{RANKING}?format=json")).expect(200).raw, json.raw);
    // Without a base the columns of it are not there; with components there are more.
    let alone = lines(&app.get(&format!("{RANKING}?format=csv&base_year=none")).expect(200));
    assert_eq!(alone[0].len(), 8);
    let parts =
        lines(&app.get(&format!("{RANKING}?format=csv&base_year=none&include=components")).expect(200));
    assert_eq!(
        parts[0][7..11].join("|"),
        "Tiêu chí land|Đóng góp: Tiêu chí land|Tiêu chí time|Đóng góp: Tiêu chí time"
    );
    assert_eq!(parts[2][7..11].join("|"), "15.00|15.00|20.00|20.00");
    assert_eq!(app.get("/api/v1/indexes/ix/rankings/2014?format=csv").expect(404).code(), "not_found");
    assert_eq!(
        app.get(&format!("{RANKING}?format=xlsx&bom=true")).expect(400).violations(),
        [("bom", "only_csv")]
    );
});

fn sheet(answer: Answer, name: &str) -> Vec<Vec<Data>> {
    assert_eq!(answer.header("content-type"), XLSX);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(answer.raw)).unwrap();
    book.worksheet_range(name).unwrap().rows().map(<[Data]>::to_vec).collect()
}

api_test!(a_ranking_as_a_spreadsheet_has_numbers_and_every_digit_beside_them, |app| {
    make(app);
    let answer = app.get(&format!("{RANKING}?format=xlsx")).expect(200);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"ranking_ix_2016_all.xlsx\"");
    let again = app.ask("GET", RANKING).header("accept", XLSX).send().expect(200);
    assert_eq!(again.raw, answer.raw, "the same figures are the same bytes");
    app.ask("GET", RANKING).header("accept", XLSX).header("if-none-match", answer.etag()).send().expect(304);
    let rows = sheet(answer, "Xếp hạng");
    assert_eq!(rows[0][0], Data::String("BẢNG XẾP HẠNG CHỈ SỐ IX NĂM 2016".to_owned()));
    assert_eq!(rows[1][0], Data::String("Nhóm xếp hạng: Các xã. Giai đoạn: Chính thức.".to_owned()));
    let heads = rows.iter().position(|row| row[0] == Data::String("Hạng".to_owned())).unwrap();
    let (a, b, c) = (&rows[heads + 1], &rows[heads + 2], &rows[heads + 3]);
    assert_eq!(a[3], Data::Float(40.123_456_789_012_344));
    assert_eq!(a[4], Data::String("40.123456789012345678".to_owned()));
    assert_eq!(
        (&b[2], &b[3], &b[9]),
        (&Data::String("=B".to_owned()), &Data::Float(35.0), &Data::Float(-0.005))
    );
    assert_eq!((&c[0], &c[13]), (&Data::Empty, &Data::String("Không có điểm".to_owned())));
    let notes: Vec<String> = rows[heads + 4..].iter().map(|row| row[0].to_string()).collect();
    assert!(notes.contains(&"Số đơn vị được xếp hạng: 2.".to_owned()), "{notes:?}");
});

/// The figure of a dataset at the members of its dimensions.
fn figure<'a>(dataset: &'a Value, at: &[(&str, &str)]) -> &'a Value {
    let ids = dataset["id"].as_array().unwrap();
    let mut place = 0;
    for (id, size) in ids.iter().zip(dataset["size"].as_array().unwrap()) {
        let index = dataset["dimension"][id.as_str().unwrap()]["category"]["index"].as_array().unwrap();
        assert_eq!(index.len(), size.as_u64().unwrap() as usize);
        let wanted = at.iter().find(|(dimension, _)| id == dimension).unwrap().1;
        let member = index.iter().position(|member| member == wanted).unwrap();
        place = place * index.len() + member;
    }
    &dataset["value"][place]
}

api_test!(an_answer_given_before_is_given_in_the_form_that_is_asked_for, |app| {
    make(app);
    let json = app.get(RANKING).expect(200);
    for accept in ["text/csv", "application/vnd.json-stat+json", XLSX] {
        let other = app.ask("GET", RANKING).header("accept", accept).send().expect(200);
        assert_ne!(other.header("content-type"), json.header("content-type"), "{accept}");
        let again = app.get(RANKING).expect(200);
        assert_eq!((&again.raw, again.etag()), (&json.raw, json.etag()));
        assert_eq!(again.header("vary"), "accept");
    }
    let known = app.ask("GET", RANKING).header("if-none-match", json.etag()).send().expect(304);
    assert_eq!((known.header("vary").to_owned(), known.etag()), ("accept".to_owned(), json.etag()));
    assert_eq!(app.post(RANKING, &json!({})).status, 405);
});

api_test!(a_ranking_as_json_stat_is_a_dataset, |app| {
    make(app);
    let answer = app.get(&format!("{RANKING}?format=json-stat")).expect(200);
    assert_eq!(answer.header("content-type"), "application/vnd.json-stat+json");
    let accepted =
        app.ask("GET", RANKING).header("accept", "application/vnd.json-stat+json").send().expect(200);
    assert_eq!(accepted.raw, answer.raw);
    let dataset = &answer.json;
    assert_eq!((&dataset["version"], &dataset["class"]), (&json!("2.0"), &json!("dataset")));
    assert_eq!(dataset["id"], json!(["unit", "year", "metric"]));
    assert_eq!(dataset["size"], json!([3, 1, 7]));
    assert_eq!(dataset["role"], json!({"time": ["year"], "geo": ["unit"], "metric": ["metric"]}));
    assert_eq!(dataset["dimension"]["unit"]["category"]["label"]["b"], "=B");
    assert_eq!(
        dataset["dimension"]["metric"]["category"]["unit"]["score"],
        json!({"label": "điểm", "decimals": 2})
    );
    let of = |unit: &str, metric: &str| {
        figure(dataset, &[("unit", unit), ("year", "2016"), ("metric", metric)]).to_string()
    };
    assert_eq!(of("a", "score"), "40.123456789012345678");
    assert_eq!(
        (of("b", "rank"), of("b", "rank_change"), of("b", "score_change")),
        ("2".into(), "-1".into(), "-0.005".into())
    );
    assert_eq!(of("c", "score"), "null");
    assert_eq!(dataset["status"]["14"], "no_scores");
    let total: u64 = dataset["size"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).product();
    assert_eq!(dataset["value"].as_array().unwrap().len() as u64, total);
    app.ask("GET", &format!("{RANKING}?format=json-stat"))
        .header("if-none-match", answer.etag())
        .send()
        .expect(304);
});

api_test!(files_of_a_ranking_say_where_its_changes_do_not_compare, |app| {
    make(app);
    let note = || app.get(&format!("{RANKING}?format=json-stat")).expect(200).json["note"].clone();
    let compares = || {
        let rows = lines(&app.get(&format!("{RANKING}?format=csv")).expect(200));
        assert_eq!(rows[0][12], "So sánh được");
        rows[1..].iter().map(|row| row[12].clone()).collect::<Vec<_>>()
    };
    assert_eq!((note(), compares()), (Value::Null, vec!["có".to_owned(), "có".to_owned(), String::new()]));
    let areas = json!([criterion("land", 100), criterion("time", 100)]);
    app.make_edition_of(2015, json!({"criteria": areas, "framework": "f-0"}));
    assert_eq!(
        note(),
        json!([
            "Thay đổi so với năm gốc không so sánh được: Khung đánh giá hoặc cách tính tổng điểm khác nhau.",
            "The changes from the base year don't compare like with like: Different frameworks or rules of totals."
        ])
    );
    assert_eq!(compares(), ["không", "không", ""]);
    let rows = sheet(app.get(&format!("{RANKING}?format=xlsx")).expect(200), "Xếp hạng");
    let of = |text: &str| rows.iter().filter(|row| row.contains(&Data::String(text.to_owned()))).count();
    assert_eq!((of("không"), of("có")), (2, 0));
    let alone = app.get(&format!("{RANKING}?format=json-stat&base_year=none")).expect(200).json;
    assert_eq!(alone.get("note"), None);
});

api_test!(series_and_comparisons_have_the_same_forms, |app| {
    make(app);
    let series = "/api/v1/indexes/ix/series?unit_id=a&from=2014";
    let csv = app.get(&format!("{series}&format=csv")).expect(200);
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"series_ix_a.csv\"");
    let all: Vec<String> = lines(&csv).iter().skip(1).map(|line| line.join("|")).collect();
    assert_eq!(
        all,
        [
            "a|Tỉnh A|2014||||||||Năm này không có kỳ đánh giá||",
            "a|Tỉnh A|2015|30.00|30|2|2|||f-1|||",
            "a|Tỉnh A|2016|40.12|40.123456789012345678|1|2|||f-1||có|",
        ]
    );
    let dataset =
        app.ask("GET", series).header("accept", "application/vnd.json-stat+json").send().expect(200).json;
    assert_eq!(dataset["size"], json!([1, 3, 4]));
    assert_eq!(figure(&dataset, &[("unit", "a"), ("year", "2015"), ("metric", "rank")]), &json!(2));
    assert_eq!(dataset["status"]["0"], "no_edition");
    assert_eq!(dataset.get("note"), None);
    let rows = sheet(app.get(&format!("{series}&format=xlsx")).expect(200), "Chuỗi số liệu");
    assert_eq!(rows[0][0], Data::String("Chỉ số từ năm 2014 đến năm 2016".to_owned()));
    let comparison = "/api/v1/indexes/ix/comparison?unit_ids=b,a&from=2016";
    let compared = lines(&app.get(&format!("{comparison}&format=csv")).expect(200));
    assert_eq!((compared.len(), &compared[1][1]), (3, &"'=B".to_owned()));
    let dataset = app.get(&format!("{comparison}&format=json-stat")).expect(200).json;
    assert_eq!(dataset["dimension"]["unit"]["category"]["index"], json!(["b", "a"]));
    sheet(app.get(&format!("{comparison}&format=xlsx")).expect(200), "Chuỗi số liệu");
});

api_test!(files_of_series_and_comparisons_say_which_years_do_not_compare, |app| {
    make(app);
    let areas = json!([criterion("land", 100), criterion("time", 100)]);
    app.make_edition_of(2015, json!({"criteria": areas, "framework": "f-0"}));
    let why = "Khung đánh giá hoặc cách tính tổng điểm khác nhau";
    for of in ["series?unit_id=a", "comparison?unit_ids=c,a"] {
        let of = format!("/api/v1/indexes/ix/{of}");
        let rows = lines(&app.get(&format!("{of}&format=csv")).expect(200));
        assert_eq!(rows[0][11..], ["So sánh được với năm trước", "Lý do không so sánh được"], "{of}");
        // The last row is 2016 of `a`; `c` has no scores, so nothing of it compares or doesn't.
        let (before, last) = rows[1..].split_at(rows.len() - 2);
        assert!(before.iter().all(|row| row[11..] == ["", ""]), "{of}: {before:?}");
        assert_eq!(last[0][11..], ["không", why], "{of}");
        let sheet = sheet(app.get(&format!("{of}&format=xlsx")).expect(200), "Chuỗi số liệu");
        let told =
            |text: &str| sheet.iter().filter(|row| row.contains(&Data::String(text.to_owned()))).count();
        assert_eq!((told("không"), told(why), told("có")), (1, 1, 0), "{of}");
        assert_eq!(
            app.get(&format!("{of}&format=json-stat")).expect(200).json["note"],
            json!([
                "Năm 2016 không so sánh được với năm 2015: Khung đánh giá hoặc cách tính tổng điểm khác nhau.",
                "2016 doesn't compare with 2015 like with like: Different frameworks or rules of totals."
            ]),
            "{of}"
        );
        // The first year asked for is compared with the one before it as well.
        let rows = lines(&app.get(&format!("{of}&from=2016&format=csv")).expect(200));
        assert_eq!(rows.last().unwrap()[11], "không", "{of}");
        let earlier = app.get(&format!("{of}&to=2015&format=json-stat")).expect(200).json;
        assert_eq!(earlier.get("note"), None, "{of}");
    }
});

api_test!(scores_have_the_forms_of_rankings, |app| {
    make(app);
    app.make_score(&with(score("a", "41"), json!({"published_rank": 1})));
    app.make_score(&with(score("c", Value::Null), json!({"criterion": "time", "applicable": false})));
    let of = format!("{SCORES}/export?index_code=ix&year=2016");
    let csv = app.get(&of).expect(200);
    let marked = app.get(&format!("{of}&bom=true")).expect(200).raw;
    assert_eq!((&marked[..3], &marked[3..]), ("\u{feff}".as_bytes(), &csv.raw[..]));
    let whole = app.get(&format!("{of}&format=json")).expect(200);
    assert_eq!(
        whole.json["items"],
        app.get(&format!("{SCORES}?index_code=ix&year=2016&sort=id")).expect(200).json["items"]
    );

    let file = app.get(&format!("{of}&format=xlsx")).expect(200);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"index-scores_ix_2016.xlsx\"");
    let rows = sheet(file, "Điểm");
    assert_eq!(rows[0][0], Data::String("BẢNG ĐIỂM CHỈ SỐ IX NĂM 2016".to_owned()));
    let told = |row: &[Data]| row.iter().map(ToString::to_string).collect::<Vec<_>>().join("|");
    let heads = rows.iter().position(|row| row[0] == Data::String("Mã đơn vị".to_owned())).unwrap();
    assert_eq!(told(&rows[heads]), "Mã đơn vị|Đơn vị|Tiêu chí land|Tiêu chí time|Tổng điểm|Hạng công bố");
    let below: Vec<String> = rows[heads + 1..heads + 4].iter().map(|row| told(row)).collect();
    for row in ["a|Tỉnh A|20.123456789012344|20|41|1", "b|=B|15|20||", "c|Tỉnh C||Không áp dụng||"] {
        assert!(below.contains(&row.to_owned()), "{row}: {below:?}");
    }

    let dataset = app.get(&format!("{of}&format=json-stat")).expect(200).json;
    assert_eq!(dataset["id"], json!(["unit", "criterion", "stage", "year"]));
    assert_eq!(dataset["role"], json!({"time": ["year"], "geo": ["unit"], "metric": ["criterion"]}));
    let at =
        |unit, criterion| [("unit", unit), ("criterion", criterion), ("stage", "final"), ("year", "2016")];
    assert_eq!(figure(&dataset, &at("a", "land")).to_string(), "20.123456789012345678");
    assert_eq!(figure(&dataset, &at("a", "_total")), &json!(41));
    assert_eq!(figure(&dataset, &at("c", "time")), &Value::Null);
    let reasons: Vec<&str> =
        dataset["status"].as_object().unwrap().values().filter_map(Value::as_str).collect();
    assert_eq!(reasons.iter().filter(|reason| **reason == "not_applicable").count(), 1);
    assert_eq!(reasons.iter().filter(|reason| **reason == "no_score").count(), 3);

    // Such a file is of one edition, and a mark is of CSV.
    for format in ["json", "xlsx", "json-stat"] {
        let part = app.get(&format!("{SCORES}/export?index_code=ix&format={format}")).expect(400);
        assert_eq!(part.violations(), [("year", "required")]);
        let marked = app.get(&format!("{of}&format={format}&bom=true")).expect(400);
        assert_eq!(marked.violations(), [("bom", "only_csv")]);
    }
    app.get(&format!("{SCORES}/export?index_code=no&year=2016&format=xlsx")).expect(404);
});
