//! Imports by the command line, beside what SQLite itself takes for the same rows.

use std::{
    fs::File,
    path::Path,
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

use chrono::DateTime;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::{
    Result,
    dossiers::{Made, Maker},
    service::{self, Memory, Service},
    workloads,
};

/// The columns that the service keeps of a dossier, and two indexes.
const TABLE: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE dossiers (
        code TEXT NOT NULL PRIMARY KEY, unit_id TEXT NOT NULL, received_by_unit_id TEXT, procedure_code TEXT,
        field TEXT, submitted_via TEXT NOT NULL, online_level TEXT, returned_via TEXT,
        interlinked INTEGER NOT NULL, synthetic INTEGER NOT NULL, submitted_at INTEGER, accepted_at INTEGER,
        first_due_at INTEGER, due_at INTEGER, re_appointed_to INTEGER, finished_at INTEGER, returned_at INTEGER,
        status INTEGER NOT NULL, received_on TEXT, due_on TEXT, closed_on TEXT, result TEXT,
        search TEXT NOT NULL, version INTEGER NOT NULL, recorded_at INTEGER, history TEXT
    ) STRICT;
    CREATE INDEX dossiers_by_unit ON dossiers (unit_id, accepted_at, code);
    CREATE INDEX dossiers_by_accepted ON dossiers (accepted_at, code);";

const INSERT: &str = "
    INSERT INTO dossiers (code, unit_id, procedure_code, field, submitted_via, online_level, returned_via,
        interlinked, synthetic, accepted_at, first_due_at, due_at, finished_at, status, received_on, due_on,
        closed_on, result, search, version, recorded_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 1, ?8, ?9, ?9, ?10, 10, ?11, ?12, ?13, ?14, ?1, ?15, ?8)";

/// An import that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Imported {
    /// From the start of the process to its end.
    pub took: Duration,
    /// Its memory.
    pub memory: Memory,
}

/// Brings a database to the newest schema and gives it the district of the sample: a copy of its records.
///
/// # Errors
/// Those of the requests.
pub fn prepare(database: &str, units: &[Value]) -> Result<()> {
    let service = Service::start(database, false)?;
    for unit in units {
        let id = unit["id"].as_str().ok_or("a unit without a key")?;
        let body = json!({"name": unit["name"], "level": unit["level"], "parent_id": unit["parent_id"]});
        service.put(&format!("{}/units/{id}", workloads::API), &body)?;
    }
    service.stop()
}

/// Writes dossiers to a file.
///
/// # Errors
/// Those of the file system.
pub fn write(maker: &Maker, numbers: std::ops::Range<u64>, path: &Path) -> Result<()> {
    let mut file = std::io::BufWriter::new(File::create(path)?);
    maker.write(numbers, &mut file)?;
    Ok(std::io::Write::flush(&mut file)?)
}

/// Imports a file by the command line.
///
/// # Errors
/// When the import fails or rejects a row.
pub fn import(database: &str, file: &Path) -> Result<Imported> {
    run(database, file, &["import", "dossiers"])
}

/// Imports a table of scores by the command line.
///
/// # Errors
/// When the import fails.
pub fn import_scores(database: &str, file: &Path, index: &str, year: i32) -> Result<Imported> {
    run(database, file, &["import", "scores", "--index", index, "--year", &year.to_string()])
}

fn run(database: &str, file: &Path, what: &[&str]) -> Result<Imported> {
    let log = file.with_extension("log");
    let mut command = service::command(what);
    command.arg(file).args(["--database-url", database]);
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(File::create(&log)?).spawn()?;
    let mut memory = Memory::default();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // The process may end between the two looks.
        memory = service::memory(child.id()).unwrap_or(memory);
        sleep(Duration::from_millis(5));
    };
    let took = begun.elapsed();
    if !status.success() {
        return Err(format!("the import failed, {status}: {}", std::fs::read_to_string(&log)?).into());
    }
    Ok(Imported { took, memory })
}

/// Inserts the same dossiers with SQLite alone: one transaction, one prepared statement.
///
/// # Errors
/// Those of SQLite.
pub fn raw(path: &Path, maker: &Maker, count: u64) -> Result<Duration> {
    let rows: Vec<Raw> = (0..count).map(|number| Raw::new(maker.make(number))).collect::<Result<_>>()?;
    let mut connection = Connection::open(path)?;
    connection.execute_batch(TABLE)?;
    let begun = Instant::now();
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(INSERT)?;
    for (version, row) in rows.iter().enumerate() {
        let d = &row.made;
        insert.execute(params![
            d.code,
            d.unit,
            d.procedure,
            d.field,
            d.via,
            d.online_level,
            d.returned_via,
            row.accepted_at,
            row.due_at,
            row.finished_at,
            d.accepted_at.get(..10),
            d.due_at.get(..10),
            d.finished_at.get(..10),
            row.due_at.map_or("unclassified", |due| if row.finished_at > Some(due) {
                "late"
            } else {
                "early"
            }),
            i64::try_from(version)?,
        ])?;
    }
    drop(insert);
    transaction.commit()?;
    Ok(begun.elapsed())
}

/// A dossier with its times as they are stored: microseconds.
struct Raw {
    made: Made,
    accepted_at: Option<i64>,
    due_at: Option<i64>,
    finished_at: Option<i64>,
}

impl Raw {
    fn new(made: Made) -> Result<Self> {
        let stored = |time: &str| -> Result<Option<i64>> {
            if time.is_empty() {
                return Ok(None);
            }
            Ok(Some(DateTime::parse_from_rfc3339(time)?.timestamp_micros()))
        };
        let (accepted_at, due_at) = (stored(&made.accepted_at)?, stored(&made.due_at)?);
        Ok(Self { finished_at: stored(&made.finished_at)?, made, accepted_at, due_at })
    }
}
