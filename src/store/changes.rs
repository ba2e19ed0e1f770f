//! The change log: one entry a change, appended in the transaction of the change itself.

use diesel::{Connection, QueryableByName, RunQueryDsl, prelude::*, sql_query, sql_types::BigInt};

use super::{
    conn::Conn,
    error::{StoreError, StoreResult},
    schema::changes,
};
use crate::domain::{time::Moment, words::words};

words! {
    /// What a change did to its record.
    pub enum Action {
        /// Made it.
        Create = "create",
        /// Changed it.
        Update = "update",
        /// Took it away.
        Delete = "delete",
    }
}

/// An entry to append.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// Who: a caller's name.
    pub actor: String,
    /// Which kind of record.
    pub resource: &'static str,
    /// Which record.
    pub record_id: String,
    /// What was done.
    pub action: Action,
    /// Why, where the caller said so.
    pub reason: Option<String>,
    /// The record before, as JSON; none for a creation. After is the next entry's before, or the record.
    pub before: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = changes)]
struct NewRow {
    id: i64,
    at: i64,
    actor: String,
    resource: String,
    record_id: String,
    action: String,
    reason: Option<String>,
    before: Option<String>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Whether no change was ever made.
pub fn is_empty(conn: &mut Conn) -> StoreResult<bool> {
    let first: Option<i64> = changes::table.select(changes::id).first(conn).optional()?;
    Ok(first.is_none())
}

/// Appends one entry and returns its number.
pub fn append(conn: &mut Conn, entry: Entry) -> StoreResult<i64> {
    let numbers = append_all(conn, vec![entry])?;
    numbers.first().copied().ok_or_else(|| StoreError::Other("no change number".to_owned()))
}

/// Appends entries and returns their numbers, in the same order.
pub fn append_all(conn: &mut Conn, entries: Vec<Entry>) -> StoreResult<Vec<i64>> {
    let numbers = reserve(conn, entries.len())?;
    let rows: Vec<NewRow> = entries
        .into_iter()
        .zip(&numbers)
        .map(|(entry, id)| NewRow {
            id: *id,
            at: entry.at.micros(),
            actor: entry.actor,
            resource: entry.resource.to_owned(),
            record_id: entry.record_id,
            action: entry.action.to_string(),
            reason: entry.reason,
            before: entry.before,
        })
        .collect();
    match conn {
        Conn::Sqlite(conn) => {
            conn.transaction(|conn| {
                for row in &rows {
                    diesel::insert_into(changes::table).values(row).execute(conn)?;
                }
                QueryResult::Ok(())
            })?;
        }
        Conn::Postgres(conn) => {
            for part in rows.chunks(2000) {
                diesel::insert_into(changes::table).values(part).execute(conn)?;
            }
        }
    }
    Ok(numbers)
}

/// Numbers that no change has had before. SQLite has one writer, so the next ones are its own.
fn reserve(conn: &mut Conn, count: usize) -> StoreResult<Vec<i64>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match conn {
        Conn::Sqlite(conn) => {
            let last: Vec<Number> =
                sql_query("SELECT seq AS id FROM sqlite_sequence WHERE name = 'changes'").load(conn)?;
            let last = last.first().map_or(0, |n| n.id);
            Ok((last + 1..=last + count).collect())
        }
        Conn::Postgres(conn) => {
            let numbers: Vec<Number> = sql_query(
                "SELECT nextval(pg_get_serial_sequence('changes', 'id')) AS id FROM generate_series(1, $1)",
            )
            .bind::<BigInt, _>(count)
            .load(conn)?;
            Ok(numbers.into_iter().map(|n| n.id).collect())
        }
    }
}
