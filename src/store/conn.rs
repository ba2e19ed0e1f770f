//! Connections: the URL picks the database, the manager opens it and keeps the real reason when it can't.
//!
//! diesel's derived `establish` would try each database in turn, drop the errors and make a new SQLite file of
//! a mistyped URL; this manager does none of that.

#![allow(missing_docs)] // The derive of `Conn` makes public items without documentation.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, Instant},
};

use diesel::{
    Connection, ConnectionError, PgConnection, QueryResult, SqliteConnection, connection::SimpleConnection,
};

use super::error::StoreError;

/// How long a connection waits for another process that has the SQLite file.
const BUSY_MS: u64 = 5000;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// SQLite.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Postgres(PgConnection),
}

/// Runs a query on the connection that there is. A query that runs on a [`Conn`] is translated, text and binds,
/// each time that it runs; one that runs on the connection inside is built once, and its prepared statement is
/// found by its type.
macro_rules! either {
    ($conn:expr, |$inner:ident| $query:expr) => {
        match $conn {
            $crate::store::conn::Conn::Sqlite($inner) => $query,
            $crate::store::conn::Conn::Postgres($inner) => $query,
        }
    };
}
pub(super) use either;

/// The backend that queries on [`Conn`] are built for.
pub type Backend = <Conn as Connection>::Backend;

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// Path of an SQLite file.
    Sqlite(String),
    /// URL of a PostgreSQL database, with its password.
    Postgres(String),
}

impl DatabaseUrl {
    /// The URL without its password, for people and logs.
    pub fn redacted(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{path}"),
            Self::Postgres(url) => match (url.split_once("://"), url.rsplit_once('@')) {
                (Some((scheme, _)), Some((_, place))) => format!("{scheme}://***@{place}"),
                _ => url.split('?').next().unwrap_or_default().to_owned(),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.is_empty() || path.contains(":memory:") || path.contains('?') {
                return Err(
                    "a SQLite URL names a file: sqlite://chiso.db or sqlite:///var/lib/chiso/chiso.db"
                        .to_owned(),
                );
            }
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let scheme = url.split_once("://").map_or("(none)", |(scheme, _)| scheme);
        Err(format!(
            "unknown scheme `{scheme}` of the database URL: use sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE"
        ))
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reads only; SQLite enforces it.
    Read,
    /// Bounded reads of one async worker; SQLite enforces that they only read.
    ReadHere,
    /// Reads and writes.
    Write,
}

/// Opens connections for the pools.
#[derive(Debug, Clone)]
pub struct Manager {
    /// Where to.
    pub url: DatabaseUrl,
    /// What for.
    pub purpose: Purpose,
}

impl Manager {
    /// Opens one connection with everything set that the service relies on.
    pub fn open(&self) -> Result<Conn, ConnectionError> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(path)?;
                // Pages kept by the connection, in KiB; the system keeps the file's own in memory besides. And pages
                // in the log from which on a commit brings them into the file: the more there are, the more often
                // one page stands for many writes of it.
                let (query_only, cache, log) = match self.purpose {
                    Purpose::Read => ("ON", 2000, 1000),
                    Purpose::ReadHere => ("ON", 8000, 1000),
                    Purpose::Write => ("OFF", 32000, 4000),
                };
                turn_to_wal(&mut conn).map_err(ConnectionError::CouldntSetupConfiguration)?;
                // FULL: acknowledged means on disk.
                let pragmas = format!(
                    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
                     PRAGMA cache_size = -{cache}; PRAGMA wal_autocheckpoint = {log}; PRAGMA temp_store = MEMORY; \
                     PRAGMA query_only = {query_only};"
                );
                conn.batch_execute(&pragmas).map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Conn::Sqlite(conn))
            }
            DatabaseUrl::Postgres(url) => {
                // Ahead of libpq: it would have OpenSSL taken down at the end of the process, under a connection that
                // another thread is making at that moment, and the process would end with a crash.
                openssl_sys::init();
                let mut conn = PgConnection::establish(url)?;
                conn.batch_execute("SET timezone = 'UTC'; SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '60s'")
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Conn::Postgres(conn))
            }
        }
    }
}

/// Turns a file to WAL. On a new file that takes a read lock to a write lock, and where another connection does the
/// same at that moment SQLite says at once that the file is locked, without a wait: it is asked again.
fn turn_to_wal(conn: &mut SqliteConnection) -> QueryResult<()> {
    conn.batch_execute(&format!("PRAGMA busy_timeout = {BUSY_MS}"))?;
    let until = Instant::now() + Duration::from_millis(BUSY_MS);
    loop {
        match conn.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if StoreError::is_locked(&error) && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Conn;
    type Error = StoreError;

    fn connect(&self) -> Result<Conn, StoreError> {
        Ok(self.open()?)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), StoreError> {
        Ok(conn.batch_execute("SELECT 1")?)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        use diesel::r2d2::R2D2Connection;
        match conn {
            Conn::Sqlite(inner) => inner.is_broken(),
            Conn::Postgres(inner) => inner.is_broken(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_schemes_are_taken() {
        assert_eq!("sqlite://chiso.db".parse(), Ok(DatabaseUrl::Sqlite("chiso.db".into())));
        assert!(matches!("postgres://u:p@h/d".parse(), Ok(DatabaseUrl::Postgres(_))));
        for url in [
            "",
            "chiso.db",
            "mysql://h/d",
            "sqlite:chiso.db",
            "sqlite://",
            "sqlite://:memory:",
            "'sqlite://x'",
            "file:x",
        ] {
            assert!(url.parse::<DatabaseUrl>().is_err(), "{url}");
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        let url: DatabaseUrl = "postgres://user:s3cret@host:5432/chiso".parse().unwrap();
        assert_eq!(format!("{url:?}"), "postgres://***@host:5432/chiso");
    }
}
