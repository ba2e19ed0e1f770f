//! The table of wrong requests: each with its status, its code and where it points; none is a 500, and none
//! leaves a trace in the database.
//!
//! A new resource adds a file of rows and a name in [`every_wrong_request_is_refused_without_a_trace`].

mod dossiers;
mod requests;
mod units;

use serde_json::json;

use crate::support::{
    api_test,
    app::App,
    records::{DOSSIERS, UNITS, dossier, unit, with},
    wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, Sent, bare, body, refuse_all},
};

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
    refuse_all(app, rows);
});
