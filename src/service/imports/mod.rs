//! Imports of dossiers: a file is read row by row and written in pieces, so that other writers come in between;
//! or as a whole in one transaction, where all rows are to be written or none.
//!
//! An import lives in the database: whoever looks sees how far it is, and a process that dies leaves one that is
//! taken for interrupted. Each piece is written together with the counts of its rows, so that these are exact.

mod pieces;
mod quotes;
mod rows;
mod run;
mod source;

use std::{fs::File, path::Path, sync::Arc, sync::atomic::AtomicU64};

use super::{
    access::Caller,
    crud::{Context, Precondition, Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        dossier_imports::Plan,
        imports::{Counts, Finding, Import, ImportFormat, ImportMode, ImportStatus},
        time::Moment,
    },
    store::{
        self, Conn, Store, StoreResult, Versioned,
        list::{self, Filter, Request, Table, Test},
        lock::Structure,
    },
};
use rows::RowReader;
pub use rows::read_object;
pub use run::run;

/// Where the present moment comes from.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// Seconds without a sign of life after which an import is taken for interrupted.
const SILENT_SECONDS: i64 = 15;

/// `/imports`.
pub struct Imports;

impl Resource for Imports {
    type Record = Import;
    const NAME: &'static str = "imports";
    const TABLE: Table = store::imports::TABLE;
    const STRUCTURE: Structure = Structure::Used;

    const HIDDEN: bool = true;

    /// Names are not unique: an import belongs to the key or the grant that began it.
    fn may_write(caller: &Caller, import: &Import) -> bool {
        caller.may_everywhere(Scope::DossiersWrite)
            || import.caller_id.is_some() && import.caller_id == owner(caller)
    }

    fn seen(_: &mut Conn, caller: &Caller, import: Versioned<Import>) -> Result<Option<Versioned<Import>>> {
        Ok(Some(import).filter(|import| Self::may_write(caller, &import.record)))
    }

    fn sight(caller: &Caller, _: &Request) -> Option<Filter> {
        // No import has an empty one.
        let id = || list::Value::Text(owner(caller).unwrap_or_default());
        let own = || Filter { column: "caller_id", test: Test::Is, value: id() };
        (!caller.may_everywhere(Scope::DossiersWrite)).then(own)
    }

    fn key(import: &Import) -> String {
        import.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Import>>> {
        store::imports::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Import>>> {
        store::imports::list(conn, request)
    }

    fn insert(conn: &mut Conn, import: &Import, version: i64) -> StoreResult<()> {
        store::imports::insert(conn, import, version)
    }

    fn update(conn: &mut Conn, import: &Import, version: i64) -> StoreResult<()> {
        store::imports::update_running(conn, import, version).map(drop)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::imports::delete(conn, key)
    }

    /// The service alone makes imports: there is nothing to check.
    fn prepare(_: &mut Conn, _: &mut Proposal<Import>, _: Option<&Import>) -> Result<()> {
        Ok(())
    }
}

/// What an import keeps of a caller, to know it again.
fn owner(caller: &Caller) -> Option<String> {
    caller.id.is_some().then(|| caller.identity())
}

/// What is asked of an import.
#[derive(Debug)]
pub struct Order {
    /// What a rejected row does to the others.
    pub mode: ImportMode,
    /// How rows are written; seen by the file when nobody says it.
    pub format: Option<ImportFormat>,
    /// How the file is to be read.
    pub plan: Plan,
    /// Name of the file, where there is one.
    pub source: Option<String>,
}

/// An import that is about to run.
pub struct Job {
    /// The import as it is in the database.
    pub import: Versioned<Import>,
    /// Bytes of the file that have been read.
    pub read: Arc<AtomicU64>,
    reader: RowReader,
    file: File,
    order: Order,
    plan: Arc<Plan>,
}

/// Opens the file, checks that it can be one of dossiers, and notes the import.
///
/// # Errors
/// `Invalid` when the file can't be read as one of dossiers; the database's.
pub async fn begin(store: &Store, context: &Context, order: Order, file: File) -> Result<Job> {
    let plan = Arc::new(order.plan.clone());
    let read = Arc::new(AtomicU64::new(0));
    let (for_reader, counter, format) = (plan.clone(), read.clone(), order.format);
    let opened = tokio::task::spawn_blocking(move || {
        let again = file.try_clone().map_err(|e| rows::unreadable(&e))?;
        let reader = RowReader::open(file, counter, format, for_reader)?;
        Ok::<_, Error>((reader, again))
    });
    let (reader, file) = opened.await.map_err(|_| Error::Store(store::StoreError::Panicked))??;
    let import = Import {
        id: uuid::Uuid::now_v7().to_string(),
        mode: order.mode,
        format: reader.format(),
        source: order.source.clone(),
        actor: context.actor().to_owned(),
        caller_id: owner(&context.caller),
        status: ImportStatus::Running,
        started_at: context.now,
        beat_at: context.now,
        finished_at: None,
        counts: Counts::default(),
        dropped_columns: reader.dropped(),
        failure: None,
    };
    let import = Versioned { record: import, version: 1 };
    let noted = import.clone();
    store
        .write(move |conn| store::imports::insert(conn, &noted.record, noted.version).map_err(Error::from))
        .await?;
    Ok(Job { import, read, reader, file, order, plan })
}

/// The name of a file, without the folders that it is in.
pub fn source_name(path: &Path) -> Option<String> {
    path.file_name().map(|name| crate::domain::text::clean(&name.to_string_lossy()))
}

/// An import that the caller may see.
fn existing(conn: &mut Conn, caller: &Caller, id: &str) -> Result<Versioned<Import>> {
    let found = store::imports::find(conn, id)?.filter(|import| Imports::may_write(caller, &import.record));
    found.ok_or_else(|| Error::not_found(Imports::NAME, id))
}

/// Cancels an import; cancelling it again changes nothing.
///
/// # Errors
/// `NotFound`, or `Conflict` when it has ended by itself.
pub async fn cancel(store: &Store, context: Context, id: String) -> Result<Versioned<Import>> {
    store
        .write(move |conn| {
            existing(conn, &context.caller, &id)?;
            let ended = store::imports::end_running(conn, &id, ImportStatus::Cancelled, context.now)?;
            let import = existing(conn, &context.caller, &id)?;
            if ended || import.record.status == ImportStatus::Cancelled {
                return Ok(import);
            }
            Err(Error::conflict(
                "import_ended",
                format!("The import has ended: {}.", import.record.status),
                format!("Lần nhập này đã kết thúc: {}.", import.record.status),
            ))
        })
        .await
}

/// Takes an import and its report away; what it wrote stays.
///
/// # Errors
/// `NotFound`, `Stale`, or `Conflict` while it runs.
pub async fn delete(
    store: &Store,
    caller: Arc<Caller>,
    id: String,
    precondition: Precondition,
) -> Result<()> {
    store
        .write(move |conn| {
            let import = existing(conn, &caller, &id)?;
            precondition.check(Some(import.version))?;
            if import.record.status == ImportStatus::Running {
                return Err(Error::conflict(
                    "import_running",
                    "The import is running: cancel it first.",
                    "Lần nhập này đang chạy: hãy hủy trước.",
                ));
            }
            Ok(store::imports::delete(conn, &id)?)
        })
        .await
}

/// A page of an import's report in the order of the file, each line with the place to go on from, and whether
/// more follow.
///
/// # Errors
/// `NotFound`, or the database's.
pub async fn report(
    store: &Store,
    caller: Arc<Caller>,
    id: String,
    after: Option<String>,
    limit: u32,
) -> Result<(Versioned<Import>, Vec<(String, Finding)>, bool)> {
    store
        .read(move |conn| {
            let import = existing(conn, &caller, &id)?;
            let mut findings = store::imports::findings(conn, &id, after.as_deref(), limit)?;
            let more = findings.len() > limit as usize;
            findings.truncate(limit as usize);
            Ok((import, findings, more))
        })
        .await
}

/// Takes imports whose process is gone for interrupted.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, now: Moment) -> Result<()> {
    let since = Moment::from_micros(now.micros() - SILENT_SECONDS * 1_000_000);
    let silent =
        store.read(move |conn| store::imports::count_silent(conn, since).map_err(Error::from)).await?;
    if silent > 0 {
        store.write(move |conn| store::imports::interrupt_silent(conn, since).map_err(Error::from)).await?;
    }
    Ok(())
}
