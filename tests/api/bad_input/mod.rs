//! The table of wrong requests: each with its status, its code and where it points; none is a 500, and none
//! leaves a trace in the database.
//!
//! A new resource adds a file of rows and a name in [`every_wrong_request_is_refused_without_a_trace`].

mod dossiers;
mod requests;
mod units;

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    records::{DOSSIERS, UNITS, dossier, unit, with},
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
    /// Pointer and code of one violation; none where the problem has none.
    violation: Option<(&'static str, &'static str)>,
}

/// A wrong body.
fn body(
    name: &'static str,
    method: &'static str,
    path: &str,
    body: Value,
    (status, code): (u16, &'static str),
    violation: (&'static str, &'static str),
) -> Row {
    let violation = (!violation.1.is_empty()).then_some(violation);
    Row { name, method, path: path.to_owned(), headers: &[], sent: Sent::Json(body), status, code, violation }
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

fn begin(app: &App) {
    app.make_units(&["u"]);
    let over = json!({"parent_id": "u", "code": "1", "code_scheme": "gso"});
    app.post(UNITS, &with(unit("child"), over)).expect(201);
    app.post(UNITS, &with(unit("ended"), json!({"valid_to": "2020-01-01"}))).expect(201);
    app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
    app.post(DOSSIERS, &dossier("Bình-1", "u")).expect(201);
}

api_test!(every_wrong_request_is_refused_without_a_trace, |app| {
    begin(app);
    let rows: Vec<Row> = [
        units::wrong_units(),
        dossiers::wrong_dossiers(),
        requests::wrong_queries(),
        requests::wrong_bytes(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(rows.len() >= 60);
    let before = app.database.dump();
    let mut failures = Vec::new();
    for row in rows {
        let mut ask = app.ask(row.method, &row.path);
        for (name, value) in row.headers {
            ask = ask.header(name, *value);
        }
        let answer = match row.sent {
            Sent::Nothing => ask.send(),
            Sent::Json(body) => ask.json(&body).send(),
            Sent::Raw(kind, bytes) => ask.header("content-type", kind).raw(bytes).send(),
        };
        let told = answer.violations();
        let pointed = match row.violation {
            Some(violation) => told.contains(&violation),
            None => told.is_empty(),
        };
        if (answer.status, answer.code()) != (row.status, row.code) || !pointed {
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
