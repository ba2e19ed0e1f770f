//! Dossiers, with the Vietnamese days and the result that statistics count by.

use diesel::{prelude::*, sql_query, sql_types::Text};

use super::{
    Versioned,
    conn::Conn,
    error::{StoreError, StoreResult},
    list::{self, Request, Table},
    row,
    schema::dossiers,
};
use crate::domain::{
    dossiers::{Dossier, Outcome, Stage, Status},
    time::Day,
    words::words,
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "dossiers", key: "code" };

words! {
    /// How a dossier was closed: what the statistics count.
    pub enum Closing {
        /// Resolved before the due day.
        Early = "early",
        /// Resolved on the due day.
        OnTime = "on_time",
        /// Resolved after it.
        Late = "late",
        /// Resolved without a due date.
        Unclassified = "unclassified",
        /// Withdrawn (7).
        Withdrawn = "withdrawn",
        /// Stopped (8).
        Stopped = "stopped",
    }
}

impl Closing {
    /// How a dossier was closed; none while it is open or was never accepted.
    pub fn of(dossier: &Dossier) -> Option<Self> {
        let closed_on = dossier.closed_on()?;
        match dossier.status.stage() {
            Stage::Withdrawn => Some(Self::Withdrawn),
            Stage::Stopped => Some(Self::Stopped),
            Stage::NotAccepted | Stage::Open => None,
            Stage::Resolved => match dossier.outcome(closed_on) {
                Outcome::Early => Some(Self::Early),
                Outcome::OnTime => Some(Self::OnTime),
                Outcome::Late => Some(Self::Late),
                _ => Some(Self::Unclassified),
            },
        }
    }
}

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = dossiers, treat_none_as_null = true)]
struct DossierRow {
    code: String,
    unit_id: String,
    received_by_unit_id: Option<String>,
    procedure_code: Option<String>,
    field: Option<String>,
    submitted_via: String,
    online_level: Option<String>,
    returned_via: Option<String>,
    interlinked: bool,
    synthetic: bool,
    submitted_at: Option<i64>,
    accepted_at: Option<i64>,
    first_due_at: Option<i64>,
    due_at: Option<i64>,
    re_appointed_to: Option<i64>,
    finished_at: Option<i64>,
    returned_at: Option<i64>,
    status: i32,
    received_on: Option<chrono::NaiveDate>,
    due_on: Option<chrono::NaiveDate>,
    closed_on: Option<chrono::NaiveDate>,
    result: Option<String>,
    search: String,
    version: i64,
}

impl DossierRow {
    fn new(dossier: &Dossier, version: i64) -> Self {
        let d = dossier.clone();
        Self {
            search: row::search_text([
                Some(d.code.as_str()),
                d.field.as_deref(),
                d.procedure_code.as_deref(),
            ]),
            received_on: row::date(d.received_on()),
            due_on: row::date(d.due_at.map(|due| due.day())),
            closed_on: row::date(d.closed_on()),
            result: Closing::of(&d).map(|closing| closing.to_string()),
            code: d.code,
            unit_id: d.unit_id,
            received_by_unit_id: d.received_by_unit_id,
            procedure_code: d.procedure_code,
            field: d.field,
            submitted_via: d.submitted_via.to_string(),
            online_level: d.online_level.map(|level| level.to_string()),
            returned_via: d.returned_via.map(|via| via.to_string()),
            interlinked: d.interlinked,
            synthetic: d.synthetic,
            submitted_at: row::micros(d.submitted_at),
            accepted_at: row::micros(d.accepted_at),
            first_due_at: row::micros(d.first_due_at),
            due_at: row::micros(d.due_at),
            re_appointed_to: row::micros(d.re_appointed_to),
            finished_at: row::micros(d.finished_at),
            returned_at: row::micros(d.returned_at),
            status: i32::from(d.status.code()),
            version,
        }
    }

    fn dossier(self) -> StoreResult<Versioned<Dossier>> {
        let status = Status::new(i64::from(self.status))
            .ok_or_else(|| StoreError::Corrupt(format!("status {} of dossier {}", self.status, self.code)))?;
        Ok(Versioned {
            version: self.version,
            record: Dossier {
                code: self.code,
                unit_id: self.unit_id,
                received_by_unit_id: self.received_by_unit_id,
                procedure_code: self.procedure_code,
                field: self.field,
                submitted_via: row::word(&self.submitted_via)?,
                online_level: row::optional_word(self.online_level.as_deref())?,
                returned_via: row::optional_word(self.returned_via.as_deref())?,
                interlinked: self.interlinked,
                synthetic: self.synthetic,
                submitted_at: row::moment(self.submitted_at),
                accepted_at: row::moment(self.accepted_at),
                first_due_at: row::moment(self.first_due_at),
                due_at: row::moment(self.due_at),
                re_appointed_to: row::moment(self.re_appointed_to),
                finished_at: row::moment(self.finished_at),
                returned_at: row::moment(self.returned_at),
                status,
            },
        })
    }
}

/// A dossier by its code.
pub fn find(conn: &mut Conn, code: &str) -> StoreResult<Option<Versioned<Dossier>>> {
    let found: Option<DossierRow> = dossiers::table.find(code).first(conn).optional()?;
    found.map(DossierRow::dossier).transpose()
}

/// A page of dossiers.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Dossier>>> {
    let rows: Vec<DossierRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(DossierRow::dossier).collect()
}

/// Adds a dossier.
pub fn insert(conn: &mut Conn, dossier: &Dossier, version: i64) -> StoreResult<()> {
    diesel::insert_into(dossiers::table).values(DossierRow::new(dossier, version)).execute(conn)?;
    Ok(())
}

/// Adds many dossiers, each with its change number.
pub fn insert_all(conn: &mut Conn, records: &[(Dossier, i64)]) -> StoreResult<()> {
    let rows = records.iter().map(|(dossier, version)| DossierRow::new(dossier, *version));
    match conn {
        Conn::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(dossiers::table).values(row).execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            let rows: Vec<DossierRow> = rows.collect();
            // 24 columns a row, and PostgreSQL binds 65,535 values at most.
            for part in rows.chunks(2000) {
                diesel::insert_into(dossiers::table).values(part).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Replaces a dossier.
pub fn update(conn: &mut Conn, dossier: &Dossier, version: i64) -> StoreResult<()> {
    diesel::update(dossiers::table.find(&dossier.code))
        .set(DossierRow::new(dossier, version))
        .execute(conn)?;
    Ok(())
}

/// Takes a dossier away.
pub fn delete(conn: &mut Conn, code: &str) -> StoreResult<()> {
    diesel::delete(dossiers::table.find(code)).execute(conn)?;
    Ok(())
}

/// The first and the last day on which a unit received a dossier.
pub fn received_span(conn: &mut Conn, unit_id: &str) -> StoreResult<Option<(Day, Day)>> {
    #[derive(QueryableByName)]
    struct Span {
        #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Date>)]
        first: Option<chrono::NaiveDate>,
        #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Date>)]
        last: Option<chrono::NaiveDate>,
    }
    let spans: Vec<Span> = sql_query(
        "SELECT MIN(received_on) AS first, MAX(received_on) AS last FROM dossiers WHERE unit_id = $1",
    )
    .bind::<Text, _>(unit_id.to_owned())
    .load(conn)?;
    Ok(spans.first().and_then(|span| Some((row::day(span.first)?, row::day(span.last)?))))
}
