//! Imports, how far they are, and what was wrong with their rows.
//!
//! Whatever moves an import on asks first whether it still runs: who cancels it, or takes it for dead, wins.

use diesel::prelude::*;

use super::{
    Versioned,
    conn::Conn,
    error::{StoreError, StoreResult},
    list::{self, Filter, Request, Sort, Table, Test, Value},
    row,
    schema::{import_rows, imports},
};
use crate::domain::{
    imports::{Counts, Failure, Finding, Import, ImportStatus},
    time::Moment,
    violation::Text,
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "imports", key: "id" };

/// The table of findings as lists know it.
const ROWS: Table = Table { name: "import_rows", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = imports, treat_none_as_null = true)]
struct ImportRow {
    id: String,
    mode: String,
    format: String,
    source: Option<String>,
    actor: String,
    status: String,
    started_at: i64,
    beat_at: i64,
    finished_at: Option<i64>,
    rows_read: i64,
    created: i64,
    updated: i64,
    unchanged: i64,
    rejected: i64,
    undone: i64,
    dropped_columns: String,
    failure_code: Option<String>,
    failure_en: Option<String>,
    failure_vi: Option<String>,
    search: String,
    version: i64,
    caller_id: Option<String>,
}

impl ImportRow {
    fn new(import: &Import, version: i64) -> StoreResult<Self> {
        let (code, en, vi) = match import.failure.clone() {
            Some(failure) => (Some(failure.code), Some(failure.en), Some(failure.vi)),
            None => (None, None, None),
        };
        Ok(Self {
            id: import.id.clone(),
            mode: import.mode.to_string(),
            format: import.format.to_string(),
            source: import.source.clone(),
            actor: import.actor.clone(),
            status: import.status.to_string(),
            started_at: import.started_at.micros(),
            beat_at: import.beat_at.micros(),
            finished_at: row::micros(import.finished_at),
            rows_read: import.counts.read,
            created: import.counts.created,
            updated: import.counts.updated,
            unchanged: import.counts.unchanged,
            rejected: import.counts.rejected,
            undone: import.counts.undone,
            dropped_columns: serde_json::to_string(&import.dropped_columns)
                .map_err(|e| StoreError::Other(e.to_string()))?,
            failure_code: code,
            failure_en: en,
            failure_vi: vi,
            search: row::search_text([import.source.as_deref()]),
            version,
            caller_id: import.caller_id.clone(),
        })
    }

    fn import(self) -> StoreResult<Versioned<Import>> {
        let failure = match (self.failure_code, self.failure_en, self.failure_vi) {
            (Some(code), Some(en), Some(vi)) => Some(Failure { code, en, vi }),
            _ => None,
        };
        let dropped_columns = serde_json::from_str(&self.dropped_columns)
            .map_err(|e| StoreError::Corrupt(format!("columns of import {}: {e}", self.id)))?;
        Ok(Versioned {
            version: self.version,
            record: Import {
                mode: row::word(&self.mode)?,
                format: row::word(&self.format)?,
                status: row::word(&self.status)?,
                id: self.id,
                source: self.source,
                actor: self.actor,
                caller_id: self.caller_id,
                started_at: Moment::from_micros(self.started_at),
                beat_at: Moment::from_micros(self.beat_at),
                finished_at: row::moment(self.finished_at),
                counts: Counts {
                    read: self.rows_read,
                    created: self.created,
                    updated: self.updated,
                    unchanged: self.unchanged,
                    rejected: self.rejected,
                    undone: self.undone,
                },
                dropped_columns,
                failure,
            },
        })
    }
}

/// An import by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<Import>>> {
    let found: Option<ImportRow> = imports::table.find(id).get_result(conn).optional()?;
    found.map(ImportRow::import).transpose()
}

/// A page of imports.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Import>>> {
    let rows: Vec<ImportRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(ImportRow::import).collect()
}

/// Adds an import.
pub fn insert(conn: &mut Conn, import: &Import, version: i64) -> StoreResult<()> {
    diesel::insert_into(imports::table).values(ImportRow::new(import, version)?).execute(conn)?;
    Ok(())
}

/// Replaces an import that runs; false when it runs no more, and nothing is written.
pub fn update_running(conn: &mut Conn, import: &Import, version: i64) -> StoreResult<bool> {
    let running = imports::status.eq(ImportStatus::Running.as_str());
    let written = diesel::update(imports::table.filter(imports::id.eq(&import.id)).filter(running))
        .set(ImportRow::new(import, version)?)
        .execute(conn)?;
    Ok(written > 0)
}

/// Ends an import that runs, whatever it has counted meanwhile; false when it runs no more.
pub fn end_running(conn: &mut Conn, id: &str, status: ImportStatus, now: Moment) -> StoreResult<bool> {
    let running = imports::status.eq(ImportStatus::Running.as_str());
    let written = diesel::update(imports::table.filter(imports::id.eq(id)).filter(running))
        .set((
            imports::status.eq(status.as_str()),
            imports::finished_at.eq(Some(now.micros())),
            imports::version.eq(imports::version + 1),
        ))
        .execute(conn)?;
    Ok(written > 0)
}

/// Notes that an import lives. No new version: nothing that callers see has changed.
pub fn beat(conn: &mut Conn, id: &str, now: Moment) -> StoreResult<()> {
    let running = imports::status.eq(ImportStatus::Running.as_str());
    diesel::update(imports::table.filter(imports::id.eq(id)).filter(running))
        .set(imports::beat_at.eq(now.micros()))
        .execute(conn)?;
    Ok(())
}

/// How many running imports have shown no life since a moment.
pub fn count_silent(conn: &mut Conn, since: Moment) -> StoreResult<i64> {
    Ok(imports::table
        .filter(imports::status.eq(ImportStatus::Running.as_str()))
        .filter(imports::beat_at.lt(since.micros()))
        .count()
        .get_result(conn)?)
}

/// Takes running imports that have shown no life since a moment for interrupted.
pub fn interrupt_silent(conn: &mut Conn, since: Moment) -> StoreResult<usize> {
    let silent = imports::table
        .filter(imports::status.eq(ImportStatus::Running.as_str()))
        .filter(imports::beat_at.lt(since.micros()));
    Ok(diesel::update(silent)
        .set((
            imports::status.eq(ImportStatus::Interrupted.as_str()),
            imports::finished_at.eq(imports::beat_at.nullable()),
            imports::version.eq(imports::version + 1),
        ))
        .execute(conn)?)
}

/// Takes an import away, with its findings.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(import_rows::table.filter(import_rows::import_id.eq(id))).execute(conn)?;
    diesel::delete(imports::table.find(id)).execute(conn)?;
    Ok(())
}

#[derive(Queryable, QueryableByName, Insertable)]
#[diesel(table_name = import_rows)]
struct FindingRow {
    id: String,
    import_id: String,
    row_number: i64,
    column_name: Option<String>,
    value: Option<String>,
    code: String,
    detail_en: String,
    detail_vi: String,
}

/// Adds findings, those of a row behind each other.
pub fn add_findings(conn: &mut Conn, import_id: &str, findings: Vec<Finding>) -> StoreResult<()> {
    let mut place = (0, 0);
    let rows: Vec<FindingRow> = findings
        .into_iter()
        .map(|finding| {
            place = if finding.row == place.0 { (place.0, place.1 + 1) } else { (finding.row, 0) };
            FindingRow {
                id: format!("{import_id}/{:012}/{:03}", place.0, place.1),
                import_id: import_id.to_owned(),
                row_number: finding.row,
                column_name: finding.column,
                value: finding.value,
                code: finding.code,
                detail_en: finding.text.en,
                detail_vi: finding.text.vi,
            }
        })
        .collect();
    match conn {
        Conn::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(import_rows::table).values(row).execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            for part in rows.chunks(2000) {
                diesel::insert_into(import_rows::table).values(part).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// A page of an import's findings in the order of the file, each with its id, and one more when more follow.
pub fn findings(
    conn: &mut Conn,
    import_id: &str,
    after: Option<&str>,
    limit: u32,
) -> StoreResult<Vec<(String, Finding)>> {
    let request = Request {
        filters: vec![Filter {
            column: "import_id",
            test: Test::Is,
            value: Value::Text(import_id.to_owned()),
        }],
        sort: Sort { column: "id", descending: false },
        after: after.map(|id| list::After { value: Some(Value::Text(id.to_owned())), key: id.to_owned() }),
        limit,
    };
    let rows: Vec<FindingRow> = list::page(conn, ROWS, &request)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let finding = Finding {
                row: row.row_number,
                column: row.column_name,
                value: row.value,
                code: row.code,
                text: Text::new(row.detail_en, row.detail_vi),
            };
            (row.id, finding)
        })
        .collect())
}
