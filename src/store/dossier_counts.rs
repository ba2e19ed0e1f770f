//! Counts of dossiers by unit, field and Vietnamese day: what the statistics are made of.
//!
//! What was received and what was closed are counted by their days; what is open at the end of a day is counted
//! by itself, so that the identity between the three is a check and not a definition.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Date, Nullable, Text},
};

use super::{conn::Conn, dossiers::Closing, error::StoreResult, list, row, sql::numbered};
use crate::domain::{dossiers::SubmissionChannel, time::Day, words::words};

words! {
    /// Where an open dossier stands against its due day.
    pub enum OpenState {
        /// Due on a later day.
        WithinTerm = "within_term",
        /// Past its due day.
        Overdue = "overdue",
        /// Without a due date.
        NoDueDate = "no_due_date",
    }
}

/// Dossiers received on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The unit that decides.
    pub unit_id: String,
    /// The field; none where the dossiers name none.
    pub field: Option<String>,
    /// How they were submitted.
    pub via: SubmissionChannel,
    /// Handled by several levels.
    pub interlinked: bool,
    /// Made by a generator.
    pub synthetic: bool,
    /// The day of acceptance.
    pub day: Day,
    /// How many.
    pub count: i64,
}

/// Dossiers closed on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The unit that decides.
    pub unit_id: String,
    /// The field.
    pub field: Option<String>,
    /// How they were closed.
    pub closing: Closing,
    /// Returned by post.
    pub by_post: bool,
    /// The day of the result or the end.
    pub day: Day,
    /// How many.
    pub count: i64,
}

/// Dossiers open at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The unit that decides.
    pub unit_id: String,
    /// The field.
    pub field: Option<String>,
    /// Where they stand.
    pub state: OpenState,
    /// How many.
    pub count: i64,
}

#[derive(QueryableByName)]
struct ReceivedRow {
    #[diesel(sql_type = Text)]
    unit_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    field: Option<String>,
    #[diesel(sql_type = Text)]
    submitted_via: String,
    #[diesel(sql_type = Bool)]
    interlinked: bool,
    #[diesel(sql_type = Bool)]
    synthetic: bool,
    #[diesel(sql_type = Date)]
    received_on: chrono::NaiveDate,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct ClosedRow {
    #[diesel(sql_type = Text)]
    unit_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    field: Option<String>,
    #[diesel(sql_type = Text)]
    result: String,
    #[diesel(sql_type = Bool)]
    by_post: bool,
    #[diesel(sql_type = Date)]
    closed_on: chrono::NaiveDate,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(sql_type = Text)]
    unit_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    field: Option<String>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// What a unit and all below it received up to a day.
pub fn received(conn: &mut Conn, unit_id: &str, last: Day) -> StoreResult<Vec<Received>> {
    let statement = format!(
        "SELECT unit_id, field, submitted_via, interlinked, synthetic, received_on, COUNT(*) AS n FROM dossiers \
         WHERE received_on <= $2 AND unit_id IN ({}) \
         GROUP BY unit_id, field, submitted_via, interlinked, synthetic, received_on",
        list::subtree("$1")
    );
    let rows: Vec<ReceivedRow> = numbered(conn, &statement)
        .bind::<Text, _>(unit_id.to_owned())
        .bind::<Date, _>(last.date())
        .load(conn)?;
    rows.into_iter()
        .map(|r| {
            Ok(Received {
                via: row::word(&r.submitted_via)?,
                unit_id: r.unit_id,
                field: r.field,
                interlinked: r.interlinked,
                synthetic: r.synthetic,
                day: Day::from_date(r.received_on),
                count: r.n,
            })
        })
        .collect()
}

/// What a unit and all below it closed up to a day.
pub fn closed(conn: &mut Conn, unit_id: &str, last: Day) -> StoreResult<Vec<Closed>> {
    let by_post = "CASE WHEN returned_via = 'postal' THEN TRUE ELSE FALSE END";
    let statement = format!(
        "SELECT unit_id, field, result, {by_post} AS by_post, closed_on, COUNT(*) AS n FROM dossiers \
         WHERE closed_on <= $2 AND unit_id IN ({}) GROUP BY unit_id, field, result, {by_post}, closed_on",
        list::subtree("$1")
    );
    let rows: Vec<ClosedRow> = numbered(conn, &statement)
        .bind::<Text, _>(unit_id.to_owned())
        .bind::<Date, _>(last.date())
        .load(conn)?;
    rows.into_iter()
        .map(|r| {
            Ok(Closed {
                closing: row::word(&r.result)?,
                unit_id: r.unit_id,
                field: r.field,
                by_post: r.by_post,
                day: Day::from_date(r.closed_on),
                count: r.n,
            })
        })
        .collect()
}

/// What is open in a unit and all below it at the end of a day; due on `overdue_until` or before is overdue.
pub fn open(conn: &mut Conn, unit_id: &str, at: Day, overdue_until: Day) -> StoreResult<Vec<Open>> {
    let state =
        "CASE WHEN due_on IS NULL THEN 'no_due_date' WHEN due_on <= $3 THEN 'overdue' ELSE 'within_term' END";
    // The state is computed inside, so that its bind stands in one place only.
    let statement = format!(
        "SELECT unit_id, field, state, COUNT(*) AS n FROM (SELECT unit_id, field, {state} AS state FROM dossiers \
         WHERE received_on <= $2 AND (closed_on IS NULL OR closed_on > $2) AND unit_id IN ({})) open_dossiers \
         GROUP BY unit_id, field, state",
        list::subtree("$1")
    );
    let rows: Vec<OpenRow> = numbered(conn, &statement)
        .bind::<Text, _>(unit_id.to_owned())
        .bind::<Date, _>(at.date())
        .bind::<Date, _>(overdue_until.date())
        .load(conn)?;
    rows.into_iter()
        .map(|r| Ok(Open { state: row::word(&r.state)?, unit_id: r.unit_id, field: r.field, count: r.n }))
        .collect()
}
