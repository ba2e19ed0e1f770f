//! Frozen reports: what was sent stays as it was, and every later state is compared with it.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::{
    changes::page,
    form_06a::{FORM, make_dossier, make_tree},
    returns::make_return,
    support::{
        api_test,
        app::App,
        records::{DOSSIERS, without},
        wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, bare, body, refuse_all},
    },
};

const YEAR: &str = "/api/v1/reports/form-06a/d/2018";

fn freeze(app: &App, body: Value, status: u16) -> Value {
    app.post(&format!("{YEAR}/freeze"), &body).expect(status).json
}

fn begin(app: &App) {
    make_tree(app);
    make_dossier(app, "A", json!({}));
    make_dossier(app, "B", json!({"field": "Đất đai", "unit_id": "d"}));
}

api_test!(a_frozen_report_is_kept_to_the_byte, |app| {
    begin(app);
    let live = app.get(&format!("{FORM}?unit_id=d&period=2018")).expect(200).json;
    let made = app.post(&format!("{YEAR}/freeze"), &json!({"reason": " Báo cáo năm "})).expect(201);
    assert_eq!(
        made.json,
        json!({
            "unit_id": "d", "period": "2018", "calendar": "statutory", "revision": 1,
            "frozen_at": "2021-01-04T08:00:00+07:00", "frozen_by": "test administrator", "reason": "Báo cáo năm",
            "differences": []
        })
    );
    assert_eq!(made.header("location"), format!("{YEAR}/revisions/1"));
    let kept = app.get(made.header("location")).expect(200);
    assert_eq!(kept.etag(), made.etag());
    assert_eq!(
        kept.json,
        without(without(live, "frozen"), "withheld_rows"),
        "what was frozen is what was shown"
    );
    app.ask("GET", made.header("location")).header("if-none-match", kept.etag()).send().expect(304);
    // The data changes; the document doesn't.
    app.patch(&format!("{DOSSIERS}/A"), &json!({"submitted_via": "online"})).expect(200);
    app.patch("/api/v1/units/d", &json!({"name": "Huyện Khác"})).expect(200);
    assert_eq!(app.get(made.header("location")).expect(200).raw, kept.raw);
    for method in ["PUT", "PATCH", "DELETE"] {
        app.ask(method, made.header("location")).send().expect(405);
    }
});

api_test!(a_later_freeze_tells_each_cell_that_differs, |app| {
    begin(app);
    let first = freeze(app, json!({}), 201);
    assert_eq!((&first["revision"], &first["reason"]), (&json!(1), &Value::Null));
    let frozen = |query: &str| {
        app.get(&format!("{FORM}?unit_id=d&period=2018{query}")).expect(200).json["frozen"].clone()
    };
    assert_eq!(frozen("")["differs"], json!([]));
    // The same figures again are the same revision, whoever asks and why.
    app.set_now("2021-01-05T08:00:00+07:00");
    assert_eq!(freeze(app, json!({"reason": "Lần nữa"}), 200), first);
    app.patch(&format!("{DOSSIERS}/A"), &json!({"submitted_via": "online"})).expect(200);
    app.delete(&format!("{DOSSIERS}/B")).expect(204);
    let cell = |level: &str, field: &str, cell: &str, before: i64, after: i64| json!({"level": level, "field": field, "cell": cell, "before": before, "after": after});
    let of_total = |cell: &str, before: i64, after: i64| json!({"level": null, "field": null, "cell": cell, "before": before, "after": after});
    let differences = json!([
        cell("district", "Đất đai", "c3", 1, 0),
        cell("district", "Đất đai", "c5", 1, 0),
        cell("district", "Đất đai", "c11", 1, 0),
        cell("district", "Đất đai", "open_no_due_date", 1, 0),
        cell("commune", "Hộ tịch", "c4", 0, 1),
        cell("commune", "Hộ tịch", "c5", 1, 0),
        of_total("c3", 2, 1),
        of_total("c4", 0, 1),
        of_total("c5", 2, 0),
        of_total("c11", 2, 1),
        of_total("open_no_due_date", 2, 1),
    ]);
    assert_eq!(
        frozen(""),
        json!({"revision": 1, "frozen_at": "2021-01-04T08:00:00+07:00", "differs": differences})
    );
    assert_eq!(frozen("&as_of=2018-07-01"), Value::Null);
    assert_eq!(frozen("&calendar=civil"), Value::Null);
    let second = freeze(app, json!({"reason": "Đính chính"}), 201);
    assert_eq!((&second["revision"], &second["differences"]), (&json!(2), &differences));
    assert_eq!(frozen("")["differs"], json!([]));
    let listed = app.get(&format!("{YEAR}/revisions")).expect(200).json;
    assert_eq!(listed, json!({"items": [first, second]}));
    let documents: Vec<Value> =
        [1, 2].iter().map(|n| app.get(&format!("{YEAR}/revisions/{n}")).expect(200).json).collect();
    assert_eq!(documents[0]["total"]["c3"], 2);
    assert_eq!(documents[1]["total"]["c3"], 1);
});

api_test!(a_frozen_report_tells_what_came_from_returns, |app| {
    begin(app);
    let counted = make_return(app, json!({"unit_id": "c2", "period": "2018"}));
    let superseded = make_return(app, json!({"unit_id": "d", "period": "2018"}));
    freeze(app, json!({}), 201);
    // The unit sends its dossiers after all: they win.
    make_dossier(app, "C", json!({"unit_id": "c2"}));
    let kept = app.get(&format!("{YEAR}/revisions/1")).expect(200).json;
    assert_eq!(kept["from_returns"], json!({"received": 7, "resolved": 6, "open": 3}));
    let not_used = |report: &Value| -> Vec<String> {
        let of = report["returns_not_used"].as_array().unwrap();
        of.iter().map(|not| format!("{} {}", not["return_id"], not["reason"])).collect()
    };
    assert_eq!(not_used(&kept), [format!("\"{superseded}\" \"superseded\"")]);
    let live = app.get(&format!("{FORM}?unit_id=d&period=2018")).expect(200).json;
    assert_eq!(live["from_returns"], json!({"received": 0, "resolved": 0, "open": 0}));
    let both = [&counted, &superseded].map(|id| format!("\"{id}\" \"superseded\""));
    assert_eq!(not_used(&live), both);
    let differs = live["frozen"]["differs"].as_array().unwrap();
    let gone = json!({"level": "commune", "field": "Đất đai", "cell": "c4", "before": 2, "after": 0});
    assert!(differs.contains(&gone), "{differs:?}");
    let of_rows: Vec<&Value> = differs.iter().filter(|difference| !difference["level"].is_null()).collect();
    assert!(of_rows.iter().all(|difference| difference["level"] == "commune"), "{differs:?}");
});

api_test!(a_share_of_returns_that_changes_alone_is_a_new_revision, |app| {
    begin(app);
    let of_one = json!({
        "field": "Hộ tịch", "c3": 1, "c4": 0, "c5": 1, "c6": 0, "c7": 0, "c8": 0, "c9": 0, "c10": 0, "c11": 1, "c12": 0,
        "c13": 0, "open_no_due_date": 1
    });
    make_return(app, json!({"unit_id": "c2", "period": "2018", "rows": [of_one]}));
    freeze(app, json!({}), 201);
    // The unit sends the very dossier: the cells stay.
    make_dossier(app, "C", json!({"unit_id": "c2"}));
    let of_whole = |cell: &str, before: i64, after: i64| json!({"level": null, "field": null, "cell": cell, "before": before, "after": after});
    let differences = json!([
        of_whole("from_returns/received", 1, 0),
        of_whole("from_returns/open", 1, 0),
        of_whole("returns_not_used/c2/2018/statutory/superseded", 0, 1),
    ]);
    let live = app.get(&format!("{FORM}?unit_id=d&period=2018")).expect(200).json;
    assert_eq!(live["frozen"]["differs"], differences);
    let second = freeze(app, json!({}), 201);
    assert_eq!((&second["revision"], &second["differences"]), (&json!(2), &differences));
    assert_eq!(freeze(app, json!({}), 200), second);
    let documents: Vec<Value> =
        [1, 2].iter().map(|n| app.get(&format!("{YEAR}/revisions/{n}")).expect(200).json).collect();
    assert_eq!(documents[0]["rows"], documents[1]["rows"]);
    assert_eq!(documents[1]["from_returns"], json!({"received": 0, "resolved": 0, "open": 0}));
    // A return that counts nowhere changes what is told of it alone.
    make_return(app, json!({"unit_id": "d", "period": "2018-Q1"}));
    let third = freeze(app, json!({}), 201);
    let told = json!([of_whole("returns_not_used/d/2018-Q1/statutory/superseded", 0, 1)]);
    assert_eq!((&third["revision"], &third["differences"]), (&json!(3), &told));
});

api_test!(a_document_from_before_returns_were_told_is_read, |app| {
    begin(app);
    freeze(app, json!({}), 201);
    let path = format!("{YEAR}/revisions/1");
    let kept = app.get(&path).expect(200).json;
    let old = without(without(kept, "from_returns"), "returns_not_used");
    let statement = format!("UPDATE form_reports SET document = '{old}'");
    app.database.connect().batch_execute(&statement).unwrap();
    assert_eq!(app.get(&path).expect(200).json, old);
    let frozen = || app.get(&format!("{FORM}?unit_id=d&period=2018")).expect(200).json["frozen"].clone();
    assert_eq!((&frozen()["revision"], &frozen()["differs"]), (&json!(1), &json!([])));
    assert_eq!(freeze(app, json!({}), 200)["revision"], 1);
    make_return(app, json!({"unit_id": "c2", "period": "2018"}));
    let second = freeze(app, json!({}), 201);
    assert_eq!((&second["revision"], &second["differences"][0]["before"]), (&json!(2), &json!(0)));
    let kept = app.get(&format!("{YEAR}/revisions/2")).expect(200).json;
    assert_eq!((&kept["from_returns"]["received"], &kept["returns_not_used"]), (&json!(7), &json!([])));
});

api_test!(each_calendar_has_revisions_of_its_own, |app| {
    begin(app);
    freeze(app, json!({}), 201);
    let civil = app.post(&format!("{YEAR}/freeze"), &json!({"calendar": "civil"})).expect(201);
    assert_eq!((&civil.json["revision"], &civil.json["calendar"]), (&json!(1), &json!("civil")));
    assert_eq!(civil.header("location"), format!("{YEAR}/revisions/1?calendar=civil"));
    assert_eq!(app.get(civil.header("location")).expect(200).json["period"]["to"], "2018-12-31");
    assert_eq!(app.get(&format!("{YEAR}/revisions/1")).expect(200).json["period"]["to"], "2018-12-14");
    assert_eq!(app.get(&format!("{YEAR}/revisions?calendar=civil")).expect(200).each("calendar"), ["civil"]);
});

api_test!(a_period_is_frozen_from_the_day_after_its_last, |app| {
    begin(app);
    let ask =
        |period: &str, body: Value| app.post(&format!("/api/v1/reports/form-06a/d/{period}/freeze"), &body);
    assert_eq!(ask("2021", json!({})).expect(409).code(), "period_not_over");
    assert_eq!(ask("2022", json!({})).expect(409).code(), "period_not_over");
    assert_eq!(ask("2021-01", json!({})).expect(409).code(), "period_not_over");
    app.set_now("2021-01-14T23:59:59+07:00");
    assert_eq!(ask("2021-01", json!({})).expect(409).code(), "period_not_over");
    app.set_now("2021-01-15T00:00:00+07:00");
    ask("2021-01", json!({})).expect(201);
    assert_eq!(ask("2021-01", json!({"calendar": "civil"})).expect(409).code(), "period_not_over");
});

api_test!(a_freeze_is_in_the_change_log_and_holds_its_unit, |app| {
    begin(app);
    freeze(app, json!({"reason": "Nộp"}), 201);
    let (items, _) = page(app, "resource=form-reports");
    assert_eq!(items.len(), 1);
    let change = &items[0];
    assert_eq!(change["id"], "d/2018/statutory/1");
    assert_eq!((&change["action"], &change["before"]), (&json!("create"), &Value::Null));
    assert_eq!((&change["after"]["revision"], &change["after"]["reason"]), (&json!(1), &json!("Nộp")));
    app.post("/api/v1/units", &json!({"id": "x", "name": "X", "level": "commune"})).expect(201);
    app.post("/api/v1/reports/form-06a/x/2018/freeze", &json!({})).expect(201);
    let refused = app.delete("/api/v1/units/x").expect(409);
    assert_eq!((refused.code(), refused.violations()), ("in_use", vec![("", "referred_to")]));
});

api_test!(freezes_at_once_make_one_revision, |app| {
    begin(app);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asks: Vec<_> =
            (0..4).map(|_| scope.spawn(|| app.post(&format!("{YEAR}/freeze"), &json!({})).status)).collect();
        asks.into_iter().map(|ask| ask.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3, "{statuses:?}");
    assert_eq!(app.get(&format!("{YEAR}/revisions")).expect(200).json["items"].as_array().unwrap().len(), 1);
});

#[rustfmt::skip]
fn wrong_freezes() -> Vec<Row> {
    let post = |name, path: &str, over, problem, violation| body(name, "POST", &format!("/api/v1/reports/form-06a/{path}/freeze"), over, problem, violation);
    let get = |name, path: &str, problem, violation| bare(name, "GET", &format!("/api/v1/reports/form-06a/{path}"), &[], problem, violation);
    vec![
        post("a freeze of no unit", "no/2018", json!({}), ABSENT, NOWHERE),
        post("a freeze of no unit in a period to come", "no/2022", json!({}), ABSENT, NOWHERE),
        post("a freeze of no unit with a wrong body", "no/2018", json!({"x": 1}), ABSENT, NOWHERE),
        post("a freeze of no period", "d/2018-Q5", json!({}), MALFORMED, ("period", "not_a_period")),
        post("an unknown member", "d/2018", json!({"at": "2020-01-01"}), MALFORMED, ("/at", "unknown_field")),
        post("an unknown calendar", "d/2018", json!({"calendar": "lunar"}), MALFORMED, ("/calendar", "unknown_word")),
        post("a reason that is a number", "d/2018", json!({"reason": 1}), MALFORMED, ("/reason", "wrong_type")),
        post("an empty reason", "d/2018", json!({"reason": " "}), INVALID, ("/reason", "empty")),
        post("a reason that is too long", "d/2018", json!({"reason": "x".repeat(1001)}), INVALID, ("/reason", "too_long")),
        post("a NUL in a reason", "d/2018", json!({"reason": "a\u{0}b"}), INVALID, ("/reason", "control_character")),
        post("a body that is a list", "d/2018", json!([]), MALFORMED, ("", "wrong_type")),
        post("a running period", "d/2021", json!({}), (409, "period_not_over"), NOWHERE),
        get("revisions of no unit", "no/2018/revisions", ABSENT, NOWHERE),
        get("revisions of no unit with a wrong query", "no/2018/revisions?x=1", ABSENT, NOWHERE),
        get("revisions of no period", "d/x/revisions", MALFORMED, ("period", "not_a_period")),
        get("revisions with an unknown parameter", "d/2018/revisions?limit=1", MALFORMED, ("limit", "unknown_parameter")),
        get("a revision that there is not", "d/2018/revisions/2", ABSENT, NOWHERE),
        get("a revision 0", "d/2018/revisions/0", ABSENT, NOWHERE),
        get("a revision with a sign", "d/2018/revisions/+1", ABSENT, NOWHERE),
        get("a revision that is a word", "d/2018/revisions/last", ABSENT, NOWHERE),
        get("a revision of the other calendar", "d/2018/revisions/1?calendar=civil", ABSENT, NOWHERE),
        get("a revision beyond all numbers", "d/2018/revisions/99999999999999999999", ABSENT, NOWHERE),
    ]
}

api_test!(every_wrong_freeze_is_refused_without_a_trace, |app| {
    begin(app);
    freeze(app, json!({}), 201);
    refuse_all(app, wrong_freezes());
    let asked = app.post(&format!("{YEAR}/freeze?x=1"), &json!({})).expect(400);
    assert_eq!(asked.violations(), [("x", "unknown_parameter")]);
});
