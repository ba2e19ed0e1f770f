//! A database for each test: a SQLite file, or a schema of PostgreSQL, gone when the test ends.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::SystemTime,
};

use chiso::store::{
    Conn, DatabaseUrl,
    conn::{Manager, Purpose},
    migrate,
};
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query,
    sql_types::Text,
};
use tempfile::TempDir;

/// The variable that names the PostgreSQL server of the tests.
pub const POSTGRES_VARIABLE: &str = "CHISO_TEST_POSTGRES_URL";

/// Schemas of tests are named `chiso_test_RUN_NUMBER`.
const SCHEMA_PREFIX: &str = "chiso_test_";

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The server of the PostgreSQL half.
pub fn postgres_url() -> Option<String> {
    std::env::var(POSTGRES_VARIABLE).ok().filter(|url| !url.is_empty())
}

/// One column of text, for statements written in tests.
#[derive(QueryableByName)]
pub struct Line {
    #[diesel(sql_type = Text)]
    pub line: String,
}

/// A database of one test.
pub struct Database {
    pub kind: Kind,
    pub url: DatabaseUrl,
    place: Place,
}

enum Place {
    Directory(TempDir),
    Schema(String),
    /// That of another value, which takes it away.
    Elsewhere,
}

impl Database {
    /// A database without tables.
    pub fn empty(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let directory = tempfile::tempdir().unwrap();
                let url = sqlite_url(&directory.path().join("chiso.db"));
                Self { kind, url, place: Place::Directory(directory) }
            }
            Kind::Postgres => {
                let (name, url) = new_schema();
                Self { kind, url: url.parse().unwrap(), place: Place::Schema(name) }
            }
        }
    }

    /// A database with the newest schema and no records.
    pub fn migrated(kind: Kind) -> Self {
        let database = Self::empty(kind);
        match (&database.place, kind) {
            (Place::Directory(directory), Kind::Sqlite) => {
                std::fs::copy(sqlite_template(), directory.path().join("chiso.db")).unwrap();
            }
            _ => {
                migrate::run(&database.url).unwrap();
            }
        }
        database
    }

    /// The same database, for another instance of the service.
    pub fn shared(&self) -> Self {
        Self { kind: self.kind, url: self.url.clone(), place: Place::Elsewhere }
    }

    /// The URL as the command line takes it.
    pub fn url_text(&self) -> String {
        match &self.url {
            DatabaseUrl::Sqlite(path) => format!("sqlite://{path}"),
            DatabaseUrl::Postgres(url) => url.clone(),
        }
    }

    /// A connection that may write.
    pub fn connect(&self) -> Conn {
        Manager { url: self.url.clone(), purpose: Purpose::Write }.open().unwrap()
    }

    /// The rows of a statement that gives one column of text named `line`.
    pub fn lines(&self, statement: &str) -> Vec<String> {
        lines(&mut self.connect(), statement)
    }

    /// Every row of every table, as text.
    pub fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let mut conn = self.connect();
        let tables = tables(&mut conn);
        tables
            .into_iter()
            .map(|table| {
                let statement = match self.kind {
                    Kind::Sqlite => {
                        let columns = lines(
                            &mut conn,
                            &format!(
                                "SELECT CASE type WHEN 'BLOB' THEN 'hex(' || name || ')' ELSE name END AS line \
                                 FROM pragma_table_info('{table}') ORDER BY cid"
                            ),
                        );
                        format!("SELECT json_array({}) AS line FROM {table} ORDER BY 1", columns.join(", "))
                    }
                    Kind::Postgres => {
                        format!("SELECT row_to_json(t)::text COLLATE \"C\" AS line FROM {table} t ORDER BY 1")
                    }
                };
                let rows = lines(&mut conn, &statement);
                (table, rows)
            })
            .collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Place::Schema(name) = &self.place {
            let mut conn = postgres();
            // A test that failed may have left a connection that holds locks: it must not hold up the others.
            let _ = conn.batch_execute(&format!(
                "SET client_min_messages = warning; SET lock_timeout = '20s'; DROP SCHEMA {name} CASCADE"
            ));
        }
    }
}

/// The rows of a statement that gives one column of text named `line`.
pub fn lines(conn: &mut Conn, statement: &str) -> Vec<String> {
    let rows: Vec<Line> =
        sql_query(statement).load(conn).unwrap_or_else(|error| panic!("{statement}: {error}"));
    rows.into_iter().map(|row| row.line).collect()
}

/// The tables, in order; not those that the database or the migrations keep for themselves.
pub fn tables(conn: &mut Conn) -> Vec<String> {
    let statement = match conn {
        Conn::Sqlite(_) => {
            "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' \
             AND name <> '__diesel_schema_migrations' ORDER BY name"
        }
        Conn::Postgres(_) => {
            "SELECT table_name::text COLLATE \"C\" AS line FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name <> '__diesel_schema_migrations' ORDER BY 1"
        }
    };
    lines(conn, statement)
}

/// The URL of a SQLite file.
pub fn sqlite_url(path: &Path) -> DatabaseUrl {
    format!("sqlite://{}", path.display()).parse().unwrap()
}

/// A migrated file to copy: migrating anew for each test takes longer than the tests.
fn sqlite_template() -> &'static Path {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    static FILE: OnceLock<std::path::PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let directory = TEMPLATE.get_or_init(|| tempfile::tempdir().unwrap());
        let file = directory.path().join("template.db");
        migrate::run(&sqlite_url(&file)).unwrap();
        let wal = directory.path().join("template.db-wal");
        assert!(!wal.exists(), "the last connection must leave the file whole");
        file
    })
}

fn postgres() -> PgConnection {
    PgConnection::establish(&postgres_url().unwrap()).unwrap()
}

fn run_number() -> i32 {
    static NUMBER: OnceLock<i32> = OnceLock::new();
    *NUMBER.get_or_init(|| {
        let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
        let mixed = nanos as u64 ^ (u64::from(std::process::id()) << 32);
        (mixed % 0x7fff_ffff) as i32
    })
}

fn new_schema() -> (String, String) {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let name = format!("{SCHEMA_PREFIX}{}_{}", run_number(), NUMBER.fetch_add(1, Ordering::Relaxed));
    postgres().batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
    let url = postgres_url().unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    (name.clone(), format!("{url}{separator}options=-csearch_path%3D{name}"))
}

/// Number of the advisory locks that runs of the tests hold: "test" in ASCII.
const RUN_LOCK: i32 = 0x7465_7374;

/// Marks the schemas of this run as owned while the connection lives, and drops those whose run is gone.
pub fn claim_run() -> PgConnection {
    let mut conn = postgres();
    conn.batch_execute("SET client_min_messages = warning").unwrap();
    let take = |conn: &mut PgConnection, run: i32| {
        let got: Vec<Line> =
            sql_query(format!("SELECT pg_try_advisory_lock({RUN_LOCK}, {run})::text AS line"))
                .load(conn)
                .unwrap();
        got[0].line == "true"
    };
    let schemas: Vec<Line> = sql_query(format!(
        "SELECT nspname::text AS line FROM pg_namespace WHERE nspname LIKE '{}%'",
        SCHEMA_PREFIX.replace('_', "\\_")
    ))
    .load(&mut conn)
    .unwrap();
    for Line { line: schema } in schemas {
        let run = schema.trim_start_matches(SCHEMA_PREFIX).split('_').next().and_then(|n| n.parse().ok());
        if run.is_some_and(|run| take(&mut conn, run)) {
            conn.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).unwrap();
        }
    }
    assert!(take(&mut conn, run_number()));
    conn
}
