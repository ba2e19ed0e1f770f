//! The table of wrong requests to indexes, scores, decisions, figures, actions, rankings and the feed: each with
//! its status, its code and where it points; none is a 500, and none leaves a trace in the database.

mod calendars;
mod indexes;
mod records;
mod requests;

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{criterion, score},
    records::{UNITS, unit, with},
    wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, Sent, bare, body, refuse_all},
};

const COMMENDATIONS: &str = "/api/v1/commendations";
const FIGURES: &str = "/api/v1/reported-figures";
const ACTIONS: &str = "/api/v1/improvement-actions";

/// A decision whose number another one doesn't have.
fn decision() -> Value {
    json!({
        "decision_number": "2", "decided_on": "2021-01-15", "issuer_unit_id": "d", "form": "giay_khen",
        "ground": "Hoàn thành nhiệm vụ", "achievement_year": 2020, "recipients": [{"kind": "collective"}]
    })
}

fn begin(app: &App) {
    app.make_units(&["u", "v"]);
    app.post(UNITS, &with(unit("d"), json!({"level": "district"}))).expect(201);
    app.post(UNITS, &with(unit("ended"), json!({"valid_to": "2016-01-01"}))).expect(201);
    app.make_edition(json!({"criteria": [criterion("a", 10)]}));
    app.make_score(&score("u", 5));
    app.make_score(&with(score("u", 5), json!({"criterion": "a"})));
    app.post(COMMENDATIONS, &with(decision(), json!({"decision_number": "Bình"}))).expect(201);
    app.post("/api/v1/calendars", &json!({"id": "c", "name": "Lịch", "unit_id": "u"})).expect(201);
    app.post("/api/v1/calendars", &json!({"id": "all", "name": "Lịch chung"})).expect(201);
    app.post("/api/v1/procedures", &json!({"code": "1.001", "name": "Thủ tục"})).expect(201);
}

api_test!(every_wrong_request_is_refused_without_a_trace, |app| {
    begin(app);
    let rows: Vec<Row> = [
        calendars::wrong_calendars(),
        calendars::wrong_procedures(),
        calendars::wrong_deadlines(),
        indexes::wrong_indexes(),
        indexes::wrong_scores(),
        records::wrong_decisions(),
        records::wrong_figures(),
        records::wrong_actions(),
        requests::nul_in_each_member(),
        requests::wrong_queries(),
        requests::wrong_addresses(),
        requests::wrong_bytes(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(rows.len() >= 120, "{}", rows.len());
    refuse_all(app, rows);
});
