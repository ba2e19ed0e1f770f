//! `/procedures`: codes are text, and a term is what the text says or nothing.

use serde_json::{Value, json};

use crate::support::{api_test, app::App, records::with};

const PROCEDURES: &str = "/api/v1/procedures";

fn put(app: &App, over: Value) -> Value {
    let body = with(json!({"name": "Thủ tục"}), over);
    let answer = app.put("/api/v1/procedures/1.00123", &body);
    assert!([200, 201].contains(&answer.status), "{}", answer.json);
    answer.json
}

api_test!(a_procedure_shows_every_member, |app| {
    let made = app.post(PROCEDURES, &json!({"code": "1.000948.H38", "name": " Thủ tục "})).expect(201);
    assert_eq!(made.header("location"), "/api/v1/procedures/1.000948.H38");
    assert_eq!(
        made.json,
        json!({
            "code": "1.000948.H38", "name": "Thủ tục", "field": null, "level": null, "term": null, "cut_off": null,
            "term_text": null
        })
    );
});

api_test!(zeros_of_a_code_matter, |app| {
    for code in ["1.00123", "1.001230", "01.00123"] {
        app.put(&format!("{PROCEDURES}/{code}"), &json!({"name": code})).expect(201);
    }
    assert_eq!(app.get("/api/v1/procedures/1.001230").json["name"], "1.001230");
    assert_eq!(app.get(PROCEDURES).each("code"), ["01.00123", "1.00123", "1.001230"]);
});

api_test!(a_term_is_read_from_its_text_or_stays_unknown, |app| {
    for (text, term, cut_off) in [
        ("07 Ngày làm việc", json!({"amount": 7, "unit": "working_days"}), Value::Null),
        ("30 Ngày", json!({"amount": 30, "unit": "days"}), Value::Null),
        ("1 Tháng", json!({"amount": 1, "unit": "months"}), Value::Null),
        ("8 giờ làm việc", json!({"amount": 8, "unit": "hours"}), Value::Null),
        (
            "Ngay trong ngày tiếp nhận hồ sơ; trường hợp nhận hồ sơ sau 15 giờ mà không giải quyết được ngay thì trả kết quả trong ngày làm việc tiếp theo.",
            json!({"amount": null, "unit": "same_day"}),
            json!("15:00"),
        ),
        (
            "03 ngày làm việc, trường hợp phải xác minh thì không quá 08 ngày làm việc.",
            Value::Null,
            Value::Null,
        ),
        ("Không quy định", Value::Null, Value::Null),
        ("3-5 ngày", Value::Null, Value::Null),
    ] {
        let told = put(app, json!({"term_text": text}));
        assert_eq!((&told["term"], &told["cut_off"], &told["term_text"]), (&term, &cut_off, &json!(text)));
        assert_eq!(put(app, told.clone()), told, "what GET gives can be sent back");
    }
});

api_test!(a_term_that_is_given_goes_before_its_text, |app| {
    let days = |n: i32| json!({"amount": n, "unit": "working_days"});
    let told = put(app, json!({"term_text": "07 Ngày làm việc", "term": days(5)}));
    assert_eq!((&told["term"], &told["term_text"]), (&days(5), &json!("07 Ngày làm việc")));
    let path = "/api/v1/procedures/1.00123";
    let patched = app.patch(path, &json!({"term_text": "10 ngày làm việc"})).expect(200);
    assert_eq!(patched.json["term"], days(5), "a text alone changes no term");
    let patched = app.patch(path, &json!({"term": null})).expect(200);
    assert_eq!(patched.json["term"], days(10), "null has it read again");
    let told = put(app, json!({"term": {"unit": "same_day"}}));
    assert_eq!(told["cut_off"], "15:00", "unless said");
    let told = put(app, json!({"term": {"unit": "same_day"}, "cut_off": "16:30"}));
    assert_eq!(told["cut_off"], "16:30");
});

api_test!(procedures_are_listed_and_found, |app| {
    for (code, over) in [
        (
            "1.1",
            json!({"name": "Đăng ký khai sinh", "field": "Hộ tịch", "level": "commune", "term_text": "5 ngày"}),
        ),
        ("1.2", json!({"name": "Ấn phẩm", "field": "Văn hóa", "term_text": "Ngay trong ngày"})),
        (
            "1.3",
            json!({"name": "Bản sao", "field": "Hộ tịch", "level": "district", "term_text": "7 ngày làm việc"}),
        ),
    ] {
        app.put(&format!("{PROCEDURES}/{code}"), &over).expect(201);
    }
    for (query, want) in [
        ("", vec!["1.1", "1.2", "1.3"]),
        ("sort=name", vec!["1.2", "1.3", "1.1"]),
        ("sort=-code", vec!["1.3", "1.2", "1.1"]),
        ("field=H%E1%BB%99%20t%E1%BB%8Bch", vec!["1.1", "1.3"]),
        ("level=district", vec!["1.3"]),
        ("term_unit=same_day", vec!["1.2"]),
        ("term_text=5%20ng%C3%A0y", vec!["1.1"]),
        ("q=dang%20ky", vec!["1.1"]),
        ("q=1.3", vec!["1.3"]),
    ] {
        assert_eq!(app.get(&format!("{PROCEDURES}?{query}")).expect(200).each("code"), want, "{query}");
    }
});
