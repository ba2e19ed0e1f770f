//! Who must wait for whom on PostgreSQL, where many transactions write at once.
//!
//! A write locks its record by name, whether it exists yet or not, so that two writers of one record follow
//! each other; and it shares the structure (units, indexes, editions) with the other writes, unless it changes
//! the structure itself: then it has it alone, and no rule that was checked against the structure breaks
//! before the commit. The locks end with the transaction. On SQLite there is one writer and nothing to do.

use diesel::{RunQueryDsl, sql_query, sql_types::Text};

use super::{conn::Conn, error::StoreResult};

/// Number of the advisory lock of the structure: "chis" in ASCII.
const STRUCTURE: i32 = 0x6368_6973;
/// Number of the advisory lock of the sums: "sums" in ASCII.
const SUMS: i32 = 0x7375_6d73;

/// The schema that the tables are in: advisory locks are the whole database's, and in it there may be other services.
const HERE: &str = "hashtext(current_schema())";

/// Whether a write changes what other writes are checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// Relies on it.
    Used,
    /// Changes it.
    Changed,
}

/// Waits until no other transaction writes the record or, where it matters, the structure.
pub fn record(conn: &mut Conn, structure: Structure, resource: &str, key: &str) -> StoreResult<()> {
    let Conn::Postgres(conn) = conn else { return Ok(()) };
    let statement = match structure {
        Structure::Used => format!("SELECT pg_advisory_xact_lock_shared({STRUCTURE}, {HERE})"),
        Structure::Changed => format!("SELECT pg_advisory_xact_lock({STRUCTURE}, {HERE})"),
    };
    sql_query(statement).execute(conn)?;
    sql_query("SELECT pg_advisory_xact_lock(hashtext($1), hashtext(current_schema() || ' ' || $2))")
        .bind::<Text, _>(resource)
        .bind::<Text, _>(key)
        .execute(conn)?;
    Ok(())
}

/// Waits until no other transaction writes the sums of the statistics.
pub fn sums(conn: &mut Conn) -> StoreResult<()> {
    let Conn::Postgres(conn) = conn else { return Ok(()) };
    sql_query(format!("SELECT pg_advisory_xact_lock({SUMS}, {HERE})")).execute(conn)?;
    Ok(())
}
