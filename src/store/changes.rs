//! The change log: one entry a change, appended in the transaction of the change itself.

use diesel::{
    QueryableByName, RunQueryDsl,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};

use super::{
    conn::Conn,
    error::{StoreError, StoreResult},
    idempotency, row,
    schema::changes,
    sql::numbered,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The transaction; 0 on SQLite, where changes commit in the order of their numbers.
    pub tx: i64,
    /// The change number.
    pub id: i64,
}

/// What a page of the feed is asked for.
#[derive(Debug, Clone)]
pub struct FeedRequest {
    /// Where to begin.
    pub after: Place,
    /// Changes of this kind of record.
    pub resource: Option<String>,
    /// Changes of this record.
    pub record_id: Option<String>,
    /// Most entries.
    pub limit: u32,
}

/// An entry as it was appended.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Its place in the feed.
    pub place: Place,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
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

#[derive(QueryableByName)]
struct LoggedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    tx: i64,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    resource: String,
    #[diesel(sql_type = Text)]
    record_id: String,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    before: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    next_before: Option<String>,
}

/// A page of the feed, oldest first.
///
/// On PostgreSQL an entry is told once no older transaction runs, so that none can still appear before it.
/// Writers of one record follow each other, so that its changes are in the order of their numbers.
pub fn page(conn: &mut Conn, request: &FeedRequest) -> StoreResult<Vec<Logged>> {
    let mut holds = match conn {
        // `tx` is 0 everywhere, and SQLite seeks by the first column only when it compares the pair.
        Conn::Sqlite(_) => "c.tx = $1 AND c.id > $2".to_owned(),
        Conn::Postgres(_) => {
            "(c.tx, c.id) > ($1, $2) AND c.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
                .to_owned()
        }
    };
    let mut texts = Vec::new();
    for (column, value) in [("resource", &request.resource), ("record_id", &request.record_id)] {
        if let Some(value) = value {
            texts.push(value.clone());
            holds.push_str(&format!(" AND c.{column} = ${}", texts.len() + 2));
        }
    }
    let statement = format!(
        "SELECT c.id, c.tx, c.at, c.actor, c.resource, c.record_id, c.action, c.reason, c.before, \
         (SELECT n.before FROM changes n WHERE n.resource = c.resource AND n.record_id = c.record_id \
         AND n.id > c.id ORDER BY n.id LIMIT 1) AS next_before \
         FROM changes c WHERE {holds} ORDER BY c.tx, c.id LIMIT {}",
        request.limit
    );
    let mut query =
        numbered(conn, &statement).bind::<BigInt, _>(request.after.tx).bind::<BigInt, _>(request.after.id);
    for text in texts {
        query = query.bind::<Text, _>(text);
    }
    let rows: Vec<LoggedRow> = query.load(conn)?;
    rows.into_iter()
        .map(|entry| {
            Ok(Logged {
                place: Place { tx: entry.tx, id: entry.id },
                at: Moment::from_micros(entry.at),
                actor: entry.actor,
                resource: entry.resource,
                record_id: entry.record_id,
                action: row::word(&entry.action)?,
                reason: entry.reason,
                before: entry.before,
                next_before: entry.next_before,
            })
        })
        .collect()
}
