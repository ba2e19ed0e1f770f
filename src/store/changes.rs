//! The change log: one entry a change, appended in the transaction of the change itself, and read in one order.
//!
//! An entry's number is taken while its writer holds the record's lock, so the changes of one record are in the order
//! of their numbers. The feed is in the order of [`Place`].

use std::sync::Arc;

use diesel::{
    PgConnection, QueryableByName, RunQueryDsl,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};

use super::{
    conn::{Conn, either},
    error::{StoreError, StoreResult},
    idempotency, row,
    schema::{audit_seals, changes},
    sql::{Statement, Value},
};
pub use crate::domain::changes::Action;
use crate::domain::time::Moment;

/// Where a change came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Address of the caller, where it is known.
    pub source: Option<String>,
    /// Id of the request.
    pub request_id: String,
}

/// An entry to append.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// Who: a caller's name.
    pub actor: String,
    /// What tells callers of one name apart.
    pub caller_id: Option<String>,
    /// The request that it came with; none of a command.
    pub origin: Option<Arc<Origin>>,
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
#[diesel(table_name = changes, treat_none_as_default_value = false)]
struct NewRow {
    id: i64,
    at: i64,
    actor: String,
    resource: String,
    record_id: String,
    action: String,
    reason: Option<String>,
    before: Option<String>,
    caller_id: Option<String>,
    source: Option<String>,
    request_id: Option<String>,
}

diesel::table! {
    /// Where SQLite keeps the last number that each table has given.
    sqlite_sequence (name) {
        /// The table.
        name -> Text,
        /// The number.
        seq -> BigInt,
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Whether no change was ever made; those that are no longer kept were sealed.
pub fn is_empty(conn: &mut Conn) -> StoreResult<bool> {
    let first: Option<i64> = changes::table.select(changes::id).first(conn).optional()?;
    let sealed: Option<i64> = audit_seals::table.select(audit_seals::number).first(conn).optional()?;
    Ok(first.is_none() && sealed.is_none())
}

/// Whether no record of a kind was written since a change, as far as the log tells: false where it no longer keeps
/// that change, since later ones may be gone too.
pub fn none_since(conn: &mut Conn, resource: &str, number: i64) -> StoreResult<bool> {
    let kept: Option<i64> = changes::table.find(number).select(changes::id).first(conn).optional()?;
    let later = changes::table.filter(changes::resource.eq(resource)).filter(changes::id.gt(number));
    let later: Option<i64> = later.select(changes::id).first(conn).optional()?;
    Ok(kept.is_some() && later.is_none())
}

/// Number of the last change of a record, as far as the log is kept.
pub fn last_number(conn: &mut Conn, resource: &str, record_id: &str) -> StoreResult<Option<i64>> {
    let of_kind = changes::table.filter(changes::resource.eq(resource));
    let of_record = of_kind.filter(changes::record_id.eq(record_id));
    Ok(of_record.select(diesel::dsl::max(changes::id)).first(conn)?)
}

/// When the last of some changes was made; none where the log no longer keeps one of them.
pub fn last_of(conn: &mut Conn, numbers: &[i64]) -> StoreResult<Option<Moment>> {
    let these = changes::table.filter(changes::id.eq_any(numbers)).select(changes::at);
    let times: Vec<i64> = either!(conn, |conn| these.load(conn))?;
    let last = times.iter().max().copied().map(Moment::from_micros);
    Ok(last.filter(|_| times.len() == numbers.len()))
}

/// Appends one entry and returns its number.
pub fn append(conn: &mut Conn, entry: Entry) -> StoreResult<i64> {
    let numbers = append_all(conn, vec![entry])?;
    numbers.first().copied().ok_or_else(|| StoreError::Other("no change number".to_owned()))
}

/// Appends entries and returns their numbers, in the same order.
pub fn append_all(conn: &mut Conn, entries: Vec<Entry>) -> StoreResult<Vec<i64>> {
    let numbers = reserve(conn, entries.len())?;
    if let Some(first) = entries.first() {
        idempotency::note(first.resource, &first.record_id);
    }
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
            caller_id: entry.caller_id,
            source: entry.origin.as_ref().and_then(|origin| origin.source.clone()),
            request_id: entry.origin.map(|origin| origin.request_id.clone()),
        })
        .collect();
    match conn {
        Conn::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(changes::table).values(row).execute(conn)?;
            }
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
            let last = sqlite_sequence::table.filter(sqlite_sequence::name.eq("changes"));
            let last: Option<i64> = last.select(sqlite_sequence::seq).get_result(conn).optional()?;
            let last = last.unwrap_or(0);
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

/// A place in the feed: behind this entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The transaction; 0 on SQLite, where changes commit in the order of their numbers.
    pub tx: i64,
    /// The change number.
    pub id: i64,
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct FeedRequest {
    /// Where to begin.
    pub after: Place,
    /// Where to end, where the end is known.
    pub up_to: Option<Place>,
    /// Changes of this kind of record.
    pub resource: Option<String>,
    /// Changes of this record.
    pub record_id: Option<String>,
    /// Most entries.
    pub limit: u32,
}

/// An entry as it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place in the feed.
    pub place: Place,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
    /// What tells callers of one name apart.
    pub caller_id: Option<String>,
    /// Address of the caller.
    pub source: Option<String>,
    /// Id of the request.
    pub request_id: Option<String>,
    /// Which kind of record.
    pub resource: String,
    /// Which record.
    pub record_id: String,
    /// What was done.
    pub action: Action,
    /// Why, where the caller said so.
    pub reason: Option<String>,
    /// The record before, as JSON.
    pub before: Option<String>,
    /// What the next change of the record found, as JSON; none when there is none yet.
    pub next_before: Option<String>,
}

#[derive(Queryable)]
pub(super) struct LoggedRow {
    id: i64,
    tx: i64,
    at: i64,
    actor: String,
    caller_id: Option<String>,
    source: Option<String>,
    request_id: Option<String>,
    resource: String,
    record_id: String,
    action: String,
    reason: Option<String>,
    before: Option<String>,
    next_before: Option<String>,
}

/// The types of [`COLUMNS`].
pub(super) type LoggedColumns = (
    BigInt,
    BigInt,
    BigInt,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Text,
    Text,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
);

/// What is read of an entry `c`.
pub(super) const COLUMNS: &str = "c.id, c.tx, c.at, c.actor, c.caller_id, c.source, c.request_id, c.resource, \
     c.record_id, c.action, c.reason, c.before, \
     (SELECT n.before FROM changes n WHERE n.resource = c.resource AND n.record_id = c.record_id \
     AND n.id > c.id ORDER BY n.id LIMIT 1) AS next_before";

impl LoggedRow {
    pub(super) fn logged(self) -> StoreResult<Logged> {
        Ok(Logged {
            place: Place { tx: self.tx, id: self.id },
            at: Moment::from_micros(self.at),
            action: row::word(&self.action)?,
            actor: self.actor,
            caller_id: self.caller_id,
            source: self.source,
            request_id: self.request_id,
            resource: self.resource,
            record_id: self.record_id,
            reason: self.reason,
            before: self.before,
            next_before: self.next_before,
        })
    }
}

/// The first transaction of PostgreSQL that may still write, as entries count transactions.
const HORIZON: &str = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint + changes_tx_offset()";

/// Compares the place of an entry `c`.
pub(super) fn push_place(statement: &mut Statement, conn: &Conn, compared: &str, place: Place) {
    let (before, between, after) = match conn {
        // `tx` is 0 everywhere, and SQLite seeks by the first column only when it compares the pair.
        Conn::Sqlite(_) => ("c.tx = ".to_owned(), format!(" AND c.id {compared} "), ""),
        Conn::Postgres(_) => (format!("(c.tx, c.id) {compared} ("), ", ".to_owned(), ")"),
    };
    statement.push(&before);
    statement.bind(Value::BigInt(place.tx));
    statement.push(&between);
    statement.bind(Value::BigInt(place.id));
    statement.push(after);
}

/// A page of the feed, oldest first.
///
/// On PostgreSQL an entry is told once no transaction up to its own runs, so that none can still appear before it;
/// see the migrations for what `tx` is where a transaction waited for a younger one.
pub fn page(conn: &mut Conn, request: &FeedRequest) -> StoreResult<Vec<Logged>> {
    let mut statement = Statement::default();
    statement.push(&format!("SELECT {COLUMNS} FROM changes c WHERE "));
    push_place(&mut statement, conn, ">", request.after);
    if let Conn::Postgres(_) = conn {
        statement.push(&format!(" AND c.tx < {HORIZON}"));
    }
    if let Some(end) = request.up_to {
        statement.push(" AND ");
        push_place(&mut statement, conn, "<=", end);
    }
    for (column, value) in [("resource", &request.resource), ("record_id", &request.record_id)] {
        if let Some(value) = value {
            statement.push(&format!(" AND c.{column} = "));
            statement.bind(Value::Text(value.clone()));
        }
    }
    statement.push(&format!(" ORDER BY c.tx, c.id LIMIT {}", request.limit));
    statement.rows::<LoggedColumns, LoggedRow>(conn)?.into_iter().map(LoggedRow::logged).collect()
}

/// The end of the feed: what is behind it was not committed when it was asked for, or was not told yet.
pub fn end(conn: &mut Conn) -> StoreResult<Place> {
    match conn {
        Conn::Sqlite(_) => {
            let last: Option<i64> = changes::table.select(diesel::dsl::max(changes::id)).first(conn)?;
            Ok(Place { tx: 0, id: last.unwrap_or(0) })
        }
        Conn::Postgres(_) => {
            let mut statement = Statement::default();
            statement.push(&format!("SELECT {HORIZON}"));
            let horizon = statement.rows::<BigInt, i64>(conn)?.first().copied().unwrap_or(0);
            Ok(Place { tx: horizon - 1, id: i64::MAX })
        }
    }
}

/// Lets new entries go on behind those of a database that was restored into another cluster of PostgreSQL, whose
/// transactions have lower numbers. Nobody writes meanwhile: it is part of the migrations.
pub fn go_on_after_restore(conn: &mut PgConnection) -> StoreResult<()> {
    let wanted: Vec<Number> = sql_query(format!(
        "SELECT MAX(tx) - ({HORIZON}) + changes_tx_offset() + 1 AS id FROM changes \
         HAVING MAX(tx) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + changes_tx_offset()"
    ))
    .load(conn)?;
    if let Some(Number { id: offset }) = wanted.first() {
        let function = "CREATE OR REPLACE FUNCTION changes_tx_offset() RETURNS bigint LANGUAGE sql IMMUTABLE";
        sql_query(format!("{function} AS 'SELECT {offset}::bigint'")).execute(conn)?;
    }
    Ok(())
}
