//! The two embedded migration trees, and running them so that instances that start together don't race.

use diesel::{
    QueryableByName, RunQueryDsl, backend::Backend, connection::SimpleConnection, migration::MigrationSource,
    pg::Pg, sql_query, sql_types::Text, sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    changes,
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
        // The lock of the file is taken before the look at what is pending; the migrations are savepoints in it.
        Conn::Sqlite(mut conn) => {
            // As long as another instance migrates, this one waits.
            conn.batch_execute("PRAGMA busy_timeout = 60000")?;
            conn.immediate_transaction(|conn| conn.run_pending_migrations(SQLITE).map(versions))
                .map_err(failed)
        }
        Conn::Postgres(mut conn) => {
            // A session lock: each migration is a transaction of its own. It ends with the connection.
            sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut conn)?;
            let done = conn.run_pending_migrations(POSTGRES).map(versions).map_err(failed)?;
            changes::go_on_after_restore(&mut conn)?;
            Ok(done)
        }
    }
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Whether no migration is pending. It only reads: the harness would try to create its table.
pub fn is_current(conn: &mut Conn) -> StoreResult<bool> {
    let applied: Vec<Applied> =
        sql_query("SELECT CAST(version AS TEXT) AS version FROM __diesel_schema_migrations").load(conn)?;
    let wanted = match conn {
        Conn::Sqlite(_) => versions::<Sqlite>(&SQLITE),
        Conn::Postgres(_) => versions::<Pg>(&POSTGRES),
    }?;
    Ok(wanted.iter().all(|version| applied.iter().any(|a| a.version == *version)))
}

fn versions<B: Backend>(tree: &EmbeddedMigrations) -> StoreResult<Vec<String>> {
    let migrations = MigrationSource::<B>::migrations(tree).map_err(|e| StoreError::Other(e.to_string()))?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}
