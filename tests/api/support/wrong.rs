//! Wrong requests: each has its status, its code and where it points; none is a 500, and none leaves a trace in
//! the database.

use serde_json::Value;

use super::app::App;

/// What is sent.
pub enum Sent {
    Nothing,
    Json(Value),
    /// Bytes, with a media type of their own.
    Raw(&'static str, Vec<u8>),
}

/// One wrong request.
pub struct Row {
    pub name: &'static str,
    pub method: &'static str,
    pub path: String,
    pub headers: &'static [(&'static str, &'static str)],
    pub sent: Sent,
    pub status: u16,
    pub code: &'static str,
    /// Pointer and code of one violation; none where the problem has none.
    pub violation: Option<(&'static str, &'static str)>,
}

/// A wrong body.
pub fn body(
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
pub fn bare(
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

pub const MALFORMED: (u16, &str) = (400, "malformed");
pub const INVALID: (u16, &str) = (422, "validation");
pub const ABSENT: (u16, &str) = (404, "not_found");
pub const NOWHERE: (&str, &str) = ("", "");

/// Sends every row and asserts its answer, and that the database is what it was.
pub fn refuse_all(app: &App, rows: Vec<Row>) {
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
}
