//! Returns of units that send totals only.

use diesel::prelude::*;

use super::{
    Versioned,
    conn::{Conn, either},
    error::{StoreError, StoreResult},
    list::{self, Request, Table},
    row,
    schema::returns,
};
use crate::domain::{
    reported_figures::Source,
    returns::{KeptRow, Return},
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "returns", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = returns, treat_none_as_null = true)]
struct StoredReturn {
    id: String,
    unit_id: String,
    period: String,
    calendar: String,
    rows: String,
    source_title: String,
    source_url: Option<String>,
    source_published_on: Option<chrono::NaiveDate>,
    note: Option<String>,
    search: String,
    version: i64,
}

impl StoredReturn {
    fn new(filled: &Return, version: i64) -> StoreResult<Self> {
        let rows: Vec<KeptRow> = filled.rows.iter().map(Into::into).collect();
        let fields = filled.rows.iter().map(|row| row.field.as_deref());
        let texts = [Some(filled.source.title.as_str()), filled.note.as_deref()];
        Ok(Self {
            id: filled.id.clone(),
            unit_id: filled.unit_id.clone(),
            period: filled.period.clone(),
            calendar: filled.calendar.to_string(),
            rows: serde_json::to_string(&rows).map_err(|e| StoreError::Other(e.to_string()))?,
            source_title: filled.source.title.clone(),
            source_url: filled.source.url.clone(),
            source_published_on: row::date(filled.source.published_on),
            note: filled.note.clone(),
            search: row::search_text(texts.into_iter().chain(fields)),
            version,
        })
    }

    fn filled(self) -> StoreResult<Versioned<Return>> {
        let rows: Vec<KeptRow> =
            serde_json::from_str(&self.rows).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        Ok(Versioned {
            version: self.version,
            record: Return {
                calendar: row::word(&self.calendar)?,
                id: self.id,
                unit_id: self.unit_id,
                period: self.period,
                rows: rows.into_iter().map(Into::into).collect(),
                source: Source {
                    title: self.source_title,
                    url: self.source_url,
                    published_on: row::day(self.source_published_on),
                },
                note: self.note,
            },
        })
    }
}

/// A return by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<Return>>> {
    let found: Option<StoredReturn> = returns::table.find(id).get_result(conn).optional()?;
    found.map(StoredReturn::filled).transpose()
}

/// A page of returns.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Return>>> {
    let rows: Vec<StoredReturn> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(StoredReturn::filled).collect()
}

/// Every return of these units, by unit, period and calendar.
pub fn of_units(conn: &mut Conn, unit_ids: &[String]) -> StoreResult<Vec<Return>> {
    // SQLite takes a limited number of binds.
    const BINDS: usize = 500;
    let mut found = Vec::new();
    let first = returns::table.select(returns::id);
    let any: Option<String> = either!(conn, |conn| first.first(conn)).optional()?;
    if any.is_none() {
        return Ok(found);
    }
    for part in unit_ids.chunks(BINDS) {
        let rows: Vec<StoredReturn> =
            returns::table.filter(returns::unit_id.eq_any(part.to_vec())).load(conn)?;
        for row in rows {
            found.push(row.filled()?.record);
        }
    }
    found.sort_by(|a, b| {
        (&a.unit_id, &a.period, a.calendar, &a.id).cmp(&(&b.unit_id, &b.period, b.calendar, &b.id))
    });
    Ok(found)
}

/// Adds a return.
pub fn insert(conn: &mut Conn, filled: &Return, version: i64) -> StoreResult<()> {
    diesel::insert_into(returns::table).values(StoredReturn::new(filled, version)?).execute(conn)?;
    Ok(())
}

/// Replaces a return.
pub fn update(conn: &mut Conn, filled: &Return, version: i64) -> StoreResult<()> {
    diesel::update(returns::table.find(&filled.id)).set(StoredReturn::new(filled, version)?).execute(conn)?;
    Ok(())
}

/// Takes a return away.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(returns::table.find(id)).execute(conn)?;
    Ok(())
}
