//! `/deadlines/preview`: what follows from a calendar and a term, and why nothing does. The counting itself is
//! tested case by case in `domain::deadlines`.

use chiso::{
    domain::time::Moment,
    sample::Extent,
    service::deadlines::{Derived, derive},
};
use serde_json::{Value, json};

use crate::{
    sample::load,
    support::{api_test, app::App, records::with},
};

const PREVIEW: &str = "/api/v1/deadlines/preview";

fn preview(app: &App, over: Value) -> Value {
    let base = json!({"unit_id": "gso-874", "accepted_at": "2020-01-22T15:30:00+07:00"});
    app.post(PREVIEW, &with(base, over)).expect(200).json
}

api_test!(a_preview_on_the_sample_tells_what_it_is_made_of, |app| {
    load(app, Extent::WithoutDossiers);
    let before = app.database.dump();
    let told = preview(app, json!({"term": {"amount": 1, "unit": "working_days"}}));
    assert_eq!(
        (&told["due_at"], &told["due_at_missing_because"]),
        (&json!("2020-01-30T17:00:00+07:00"), &Value::Null)
    );
    assert_eq!(
        (&told["calendar_id"], &told["calendar_version"], &told["fallback_calendar"]),
        (&json!("vn"), &json!(1), &json!(false))
    );
    assert_eq!(
        (&told["term"], &told["cut_off"]),
        (&json!({"amount": 1, "unit": "working_days"}), &Value::Null)
    );
    let skipped = told["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 7, "Tết 2020 from 23 to 29 January");
    assert_eq!(
        skipped[2],
        json!({"day": "2020-01-25", "why": "holiday", "name": "Tết Nguyên Đán", "forecast": false})
    );
    assert!(told["rule"]["source"].as_str().unwrap().contains("Điều 147"));
    let utc = preview(
        app,
        json!({"accepted_at": "2020-01-22T08:30:00Z", "term": {"amount": 1, "unit": "working_days"}}),
    );
    assert_eq!(utc, told, "the same moment in another zone");
    assert_eq!(app.database.dump(), before, "nothing is stored");
});

api_test!(a_preview_by_procedure_takes_the_term_of_the_catalogue, |app| {
    load(app, Extent::WithoutDossiers);
    // Birth registration is due within the day until 15:00; half past three before Tết is due after it.
    let told = preview(app, json!({"procedure_code": "1.001193"}));
    assert_eq!(told["due_at"], "2020-01-30T17:00:00+07:00");
    assert_eq!(
        (&told["term"], &told["cut_off"]),
        (&json!({"amount": null, "unit": "same_day"}), &json!("15:00"))
    );
    let early = json!({"procedure_code": "1.001193", "accepted_at": "2020-01-22T14:59:59+07:00"});
    assert_eq!(preview(app, early)["due_at"], "2020-01-22T17:00:00+07:00");
    let land =
        preview(app, json!({"procedure_code": "1.012784", "accepted_at": "2020-03-02T09:00:00+07:00"}));
    assert_eq!(land["due_at"], "2020-03-18T17:00:00+07:00", "12 working days");
    for (code, why) in [("1.000689", "no_term"), ("1.0127840", "unknown_procedure")] {
        let told = preview(app, json!({"procedure_code": code}));
        assert_eq!((&told["due_at"], &told["due_at_missing_because"]), (&Value::Null, &json!(why)), "{code}");
        assert_eq!(
            (&told["term"], &told["rule"], &told["skipped"]),
            (&Value::Null, &Value::Null, &json!([]))
        );
        assert_eq!(told["calendar_id"], "vn");
    }
});

api_test!(a_forecast_day_is_told_as_one, |app| {
    load(app, Extent::WithoutDossiers);
    let told = preview(
        app,
        json!({"unit_id": "gso25-82", "accepted_at": "2026-11-23T09:00:00+07:00", "term": {"amount": 1, "unit": "working_days"}}),
    );
    assert_eq!(told["due_at"], "2026-11-25T17:00:00+07:00");
    assert_eq!(
        told["skipped"],
        json!([{"day": "2026-11-24", "why": "holiday", "name": "Ngày Văn hóa Việt Nam", "forecast": true}])
    );
});

api_test!(a_due_date_beyond_all_years_is_none, |app| {
    app.make_units(&["u"]);
    let body = |accepted: &str| json!({"unit_id": "u", "accepted_at": accepted, "term": {"amount": 120, "unit": "months"}});
    let told = app.post(PREVIEW, &body("2995-01-01T08:00:00+07:00")).expect(200).json;
    assert_eq!((&told["due_at"], &told["due_at_missing_because"]), (&Value::Null, &json!("out_of_range")));
    assert_eq!(told["term"], json!({"amount": 120, "unit": "months"}));
    let told = app.post(PREVIEW, &body("2989-12-30T08:00:00+07:00")).expect(200).json;
    assert_eq!(told["due_at_missing_because"], Value::Null);
});

api_test!(what_a_dossier_is_given_is_what_a_preview_tells, |app| {
    load(app, Extent::WithoutDossiers);
    let derived = |unit: &'static str, code: &'static str, accepted: &str| -> Option<Derived> {
        let accepted: Moment = accepted.parse().unwrap();
        let store = app.store.clone();
        actix_web::rt::System::new()
            .block_on(async move { store.read(move |conn| derive(conn, unit, code, accepted)).await })
            .unwrap()
    };
    let found = derived("gso-30154", "1.012784", "2020-03-02T09:00:00+07:00").unwrap();
    assert_eq!(found.due_at.to_string(), "2020-03-18T17:00:00+07:00");
    assert_eq!((found.calendar_id.as_deref(), found.calendar_version), (Some("vn"), Some(1)));
    assert_eq!(derived("gso-30154", "1.000689", "2020-03-02T09:00:00+07:00"), None, "no term is known");
    assert_eq!(derived("gso-30154", "9.999999", "2020-03-02T09:00:00+07:00"), None, "no such procedure");
    app.delete("/api/v1/calendars/vn").expect(204);
    let found = derived("gso-30154", "1.012784", "2020-03-02T09:00:00+07:00").unwrap();
    assert_eq!((found.calendar_id, found.calendar_version), (None, None));
});
