//! The table of wrong requests to indexes, scores, decisions, figures, actions, rankings and the feed: each with
//! its status, its code and where it points; none is a 500, and none leaves a trace in the database.

mod indexes;
mod records;
mod requests;

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{criterion, score},
    records::{UNITS, unit, with},
};

/// What is sent.
pub enum Sent {
    Nothing,
    Json(Value),
    /// Bytes, with a media type of their own.
    Raw(&'static str, Vec<u8>),
}

/// One wrong request.
pub struct Row {
    name: &'static str,
    method: &'static str,
    path: String,
    headers: &'static [(&'static str, &'static str)],
    sent: Sent,
    status: u16,
    code: &'static str,
    /// Pointer and code of the first violation; none where the problem has none.
    violation: Option<(&'static str, &'static str)>,
}

/// A wrong body.
fn body(
    name: &'static str,
    method: &'static str,
    path: &str,
    body: Value,
    problem: (u16, &'static str),
    violation: (&'static str, &'static str),
) -> Row {
    Row { sent: Sent::Json(body), ..bare(name, method, path, &[], problem, violation) }
}

/// A wrong address, query or header.
fn bare(
    name: &'static str,
    method: &'static str,
    path: &str,
    headers: &'static [(&'static str, &'static str)],
    (status, code): (u16, &'static str),
    violation: (&'static str, &'static str),
) -> Row {
    let violation = (!violation.1.is_empty()).then_some(violation);
    Row { name, method, path: path.to_owned(), headers, sent: Sent::Nothing, status, code, violation }
}

const MALFORMED: (u16, &str) = (400, "malformed");
const INVALID: (u16, &str) = (422, "validation");
const ABSENT: (u16, &str) = (404, "not_found");
const NOWHERE: (&str, &str) = ("", "");
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
}

fn send(app: &App, row: &Row) -> crate::support::client::Answer {
    let mut ask = app.ask(row.method, &row.path);
    for (name, value) in row.headers {
        ask = ask.header(name, *value);
    }
    match &row.sent {
        Sent::Nothing => ask.send(),
        Sent::Json(body) => ask.json(body).send(),
        Sent::Raw(kind, bytes) => ask.header("content-type", *kind).raw(bytes.clone()).send(),
    }
}

api_test!(every_wrong_request_is_refused_without_a_trace, |app| {
    begin(app);
    let rows: Vec<Row> = [
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
    let before = app.database.dump();
    let mut failures = Vec::new();
    for row in rows {
        let answer = send(app, &row);
        let told = answer.violations();
        if (answer.status, answer.code()) != (row.status, row.code) || told.first() != row.violation.as_ref()
        {
            failures.push(format!(
                "{}: wanted {} {} {:?}, got {} {}",
                row.name, row.status, row.code, row.violation, answer.status, answer.json
            ));
        }
        if app.database.dump() != before {
            failures.push(format!("{}: it left a trace in the database", row.name));
            break;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
});
