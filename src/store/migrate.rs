//! The two embedded migration trees, and running them so that instances that start together don't race.

use diesel::{RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    conn::{Conn, DatabaseUrl, Manager, Purpose},
    error::{StoreError, StoreResult},
};

/// Migrations of SQLite.
pub const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
/// Migrations of PostgreSQL.
pub const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Number of the advisory lock of the migrations: "migr" in ASCII.
const LOCK: i64 = 0x6d69_6772;

/// Brings the database to the newest schema and tells which migrations that took.
///
/// # Errors
/// The connection's own error, or the migration's.
pub fn run(url: &DatabaseUrl) -> StoreResult<Vec<String>> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::Other(format!("migration failed: {error}"))
    };
    let versions =
        |done: Vec<diesel::migration::MigrationVersion<'_>>| done.iter().map(ToString::to_string).collect();
    match (Manager { url: url.clone(), purpose: Purpose::Write }).open()? {
        Conn::Sqlite(mut conn) => conn.run_pending_migrations(SQLITE).map(versions).map_err(failed),
        Conn::Postgres(mut conn) => {
            // A session lock: each migration is a transaction of its own. It ends with the connection.
            sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut conn)?;
            conn.run_pending_migrations(POSTGRES).map(versions).map_err(failed)
        }
    }
}

/// Whether no migration is pending.
pub fn is_current(conn: &mut Conn) -> StoreResult<bool> {
    let pending = match conn {
        Conn::Sqlite(conn) => conn.has_pending_migration(SQLITE),
        Conn::Postgres(conn) => conn.has_pending_migration(POSTGRES),
    };
    pending.map(|pending| !pending).map_err(|e| StoreError::Other(e.to_string()))
}
