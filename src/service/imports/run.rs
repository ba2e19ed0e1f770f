//! Running an import: a thread reads, the writes follow in pieces of the same order.

use std::{
    io::{Seek, SeekFrom},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{
    Clock, Job,
    pieces::{Broken, PIECE, Piece, read_piece, write},
    rows::{RowReader, unreadable},
};
use crate::{
    domain::imports::{Counts, Failure, Finding, Import, ImportMode, ImportStatus, MOST_ATOMIC_ROWS},
    service::{
        crud::Context,
        dossier_imports::Untaken,
        error::{Error, Result},
    },
    store::{
        self, Conn, Store, StoreError, Versioned,
        lock::{self, Structure},
        seen_codes::SeenCodes,
    },
};

/// How often a running import shows that it lives.
const BEAT: Duration = Duration::from_secs(2);

/// Attempts at a write that the database can't take at the moment, and the pause before each.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// Whether another attempt may do better.
const fn passes(error: &StoreError) -> bool {
    matches!(error, StoreError::Busy(_) | StoreError::Unavailable(_))
}

/// Runs an import to its end and gives it as it is then; `tell` hears of its rows.
///
/// # Errors
/// When not even the end could be noted; the import is taken for interrupted then.
pub async fn run(
    store: &Store,
    clock: Clock,
    context: Context,
    job: Job,
    tell: impl Fn(&Counts),
) -> Result<Import> {
    let id = job.import.record.id.clone();
    let _bulk = store.bulk();
    let (import, untaken) = (job.import.clone(), Arc::default());
    let runner = Runner { store, clock: clock.clone(), context, tell, import, untaken };
    let mut work = std::pin::pin!(runner.run(job));
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            ended = &mut work => return ended,
            _ = beats.tick() => {
                let (id, now) = (id.clone(), clock());
                // A beat that is missed does no harm; many in a row are the sign that it stands for.
                let _ = store.write(move |conn| store::imports::beat(conn, &id, now)).await;
            }
        }
    }
}

struct Runner<'a, T> {
    store: &'a Store,
    clock: Clock,
    context: Context,
    tell: T,
    import: Versioned<Import>,
    untaken: Arc<Mutex<Untaken>>,
}

/// What the reading thread hands over.
enum Read {
    Piece(Piece),
    Broken(Broken),
}

impl<T: Fn(&Counts)> Runner<'_, T> {
    async fn run(mut self, job: Job) -> Result<Import> {
        let ended = match job.order.mode {
            ImportMode::Rows => self.in_pieces(job.reader).await,
            ImportMode::Atomic => self.as_a_whole(job).await,
        };
        match ended {
            Ok(()) => self.end(ImportStatus::Done, None).await,
            Err(Ending::Failed(failure)) => self.end(ImportStatus::Failed, Some(failure)).await,
            Err(Ending::Error(Error::Stale)) => self.told_by_others().await,
            Err(Ending::Error(error)) => {
                tracing::error!(error = ?error, import = self.import.record.id, "an import failed");
                let failure = Failure::new(
                    "database",
                    "The database could not go on; what was committed before stands.",
                    "Cơ sở dữ liệu không tiếp tục được; phần đã ghi trước đó vẫn giữ nguyên.",
                );
                self.end(ImportStatus::Failed, Some(failure)).await
            }
        }
    }

    async fn in_pieces(&mut self, reader: RowReader) -> std::result::Result<(), Ending> {
        let (send, mut receive) = mpsc::channel(2);
        std::thread::Builder::new()
            .name("chiso-import".to_owned())
            .spawn(move || read_pieces(reader, &send))
            .map_err(|e| Error::Store(StoreError::Unavailable(e.to_string())))?;
        while let Some(read) = receive.recv().await {
            match read {
                Read::Piece(piece) => self.write_piece(piece).await?,
                Read::Broken(Broken::File(error)) => return Err(Ending::Failed(broken(&error))),
                Read::Broken(Broken::Seen(error)) => return Err(Error::Store(error).into()),
            }
        }
        Ok(())
    }

    async fn write_piece(&mut self, piece: Piece) -> Result<()> {
        self.import.record.dropped_columns.clone_from(&piece.dropped);
        let piece = Arc::new(piece);
        for attempt in 1.. {
            let (piece, import, context) = (piece.clone(), self.import.clone(), self.context_now());
            let untaken = self.untaken.clone();
            let written = self.store.write(move |conn| {
                lock::record(conn, Structure::Changed, "imports", &import.record.id)?;
                let mut untaken = untaken.lock().unwrap_or_else(PoisonError::into_inner);
                // The version is another one with each piece that was written.
                untaken.begin(import.version)?;
                let mut counts = import.record.counts;
                let findings = write(conn, &context, &import.record.id, &piece, &mut untaken, &mut counts)?;
                advance(conn, &context, import, counts, findings)
            });
            match written.await {
                Ok(import) => {
                    self.import = import;
                    (self.tell)(&self.import.record.counts);
                    return Ok(());
                }
                Err(Error::Store(error)) if passes(&error) && attempt < ATTEMPTS => {
                    sleep(PAUSE).await;
                    if let Some(import) = self.committed().await? {
                        self.import = import;
                        return Ok(());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The import as a write has left it that was answered with trouble and committed all the same.
    async fn committed(&self) -> Result<Option<Versioned<Import>>> {
        let (id, caller) = (self.import.record.id.clone(), self.context.caller.clone());
        let import = self.store.read(move |conn| super::existing(conn, &caller, &id)).await?;
        match import.record.status {
            _ if import.version == self.import.version => Ok(None),
            ImportStatus::Running | ImportStatus::Done => Ok(Some(import)),
            ImportStatus::Failed | ImportStatus::Cancelled | ImportStatus::Interrupted => Err(Error::Stale),
        }
    }

    /// Reads the file twice: to count its rows before anything is written, and to write them in one transaction.
    async fn as_a_whole(&mut self, job: Job) -> std::result::Result<(), Ending> {
        let Job { mut reader, mut file, plan, read, order, .. } = job;
        let counted = tokio::task::spawn_blocking(move || {
            let mut rows = 0;
            while rows <= MOST_ATOMIC_ROWS && reader.next()?.is_some() {
                rows += 1;
            }
            Ok::<_, std::io::Error>((rows, reader.dropped()))
        });
        let counted = counted.await.map_err(|_| Error::Store(StoreError::Panicked))?;
        let (rows, dropped) = counted.map_err(|e| Ending::Failed(broken(&e)))?;
        self.import.record.dropped_columns = dropped;
        if rows > MOST_ATOMIC_ROWS {
            return Err(Ending::Failed(Failure::new(
                "too_many_rows",
                format!("All or nothing takes at most {MOST_ATOMIC_ROWS} rows: nothing was written."),
                format!("Chế độ tất cả hoặc không nhận tối đa {MOST_ATOMIC_ROWS} dòng: chưa ghi dòng nào."),
            )));
        }
        let (import, context) = (self.import.clone(), self.context_now());
        let written = self.store.write(move |conn| {
            file.seek(SeekFrom::Start(0)).map_err(|e| unreadable(&e))?;
            let mut reader = RowReader::open(file, read, order.format, plan)?;
            whole(conn, &context, import, &mut reader)
        });
        match written.await {
            Ok(import) => {
                self.import = import;
                (self.tell)(&self.import.record.counts);
                Ok(())
            }
            Err(Undone::Rejected(counts, findings)) => {
                let (import, context) = (self.import.clone(), self.context_now());
                let told =
                    self.store.write(move |conn| advance(conn, &context, import, counts.undo(), findings));
                self.import = told.await?;
                Err(Ending::Failed(Failure::new(
                    "rows_rejected",
                    "Some rows were rejected, so that none was written; the report names them.",
                    "Có dòng bị từ chối nên không dòng nào được ghi; xem báo cáo để biết chi tiết.",
                )))
            }
            Err(Undone::Broken(error)) => Err(Ending::Failed(broken(&error))),
            Err(Undone::Error(Error::Store(error))) if passes(&error) => match self.committed().await? {
                Some(import) => {
                    self.import = import;
                    Ok(())
                }
                None => Err(Error::Store(error).into()),
            },
            Err(Undone::Error(error)) => Err(error.into()),
        }
    }

    async fn end(mut self, status: ImportStatus, failure: Option<Failure>) -> Result<Import> {
        let now = (self.clock)();
        self.import.record.status = status;
        self.import.record.failure = failure;
        self.import.record.finished_at = Some(now);
        self.import.record.beat_at = now;
        for attempt in 1.. {
            let import = self.import.clone();
            let noted = self.store.write(move |conn| {
                Ok::<_, Error>(store::imports::update_running(conn, &import.record, import.version + 1)?)
            });
            match noted.await {
                Ok(true) => return Ok(self.import.record),
                Ok(false) => break,
                Err(Error::Store(error)) if passes(&error) && attempt < ATTEMPTS => sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        }
        self.told_by_others().await
    }

    /// The import as somebody else has ended it.
    async fn told_by_others(self) -> Result<Import> {
        let (id, caller) = (self.import.record.id, self.context.caller);
        self.store.read(move |conn| super::existing(conn, &caller, &id)).await.map(|import| import.record)
    }

    fn context_now(&self) -> Context {
        Context { now: (self.clock)(), ..self.context.clone() }
    }
}

/// How an import ends before its last row.
enum Ending {
    Failed(Failure),
    Error(Error),
}

impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Why the one transaction of an import is undone.
enum Undone {
    Rejected(Counts, Vec<Finding>),
    Broken(std::io::Error),
    Error(Error),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn broken(error: &std::io::Error) -> Failure {
    Failure::new(
        "unreadable_file",
        format!("The file can't be read further: {error}."),
        format!("Không đọc tiếp được tệp: {error}."),
    )
}

/// Reads until the end, or until nobody listens any more.
fn read_pieces(mut reader: RowReader, send: &mpsc::Sender<Read>) {
    let mut seen = match SeenCodes::open() {
        Ok(seen) => seen,
        Err(error) => {
            let _ = send.blocking_send(Read::Broken(error.into()));
            return;
        }
    };
    loop {
        let (piece, error) = read_piece(&mut reader, &mut seen);
        let last = piece.rows.len() < PIECE;
        if !piece.rows.is_empty() && send.blocking_send(Read::Piece(piece)).is_err() {
            return;
        }
        if let Some(error) = error {
            let _ = send.blocking_send(Read::Broken(error));
        }
        if last {
            return;
        }
    }
}

/// Notes counts and findings of an import that still runs.
fn advance(
    conn: &mut Conn,
    context: &Context,
    mut import: Versioned<Import>,
    counts: Counts,
    findings: Vec<Finding>,
) -> Result<Versioned<Import>> {
    store::imports::add_findings(conn, &import.record.id, findings)?;
    import.record.counts = counts;
    import.record.beat_at = context.now;
    import.version += 1;
    if store::imports::update_running(conn, &import.record, import.version)? {
        Ok(import)
    } else {
        Err(Error::Stale)
    }
}

/// Writes every row of a file in the transaction of the caller; a rejected row undoes all.
fn whole(
    conn: &mut Conn,
    context: &Context,
    mut import: Versioned<Import>,
    reader: &mut RowReader,
) -> std::result::Result<Versioned<Import>, Undone> {
    lock::record(conn, Structure::Changed, "imports", &import.record.id)?;
    let (mut counts, mut findings) = (Counts::default(), Vec::new());
    let (mut seen, mut untaken) = (SeenCodes::open()?, Untaken::default());
    for number in 0.. {
        let (piece, broken) = read_piece(reader, &mut seen);
        match broken {
            None => {}
            Some(Broken::File(error)) => return Err(Undone::Broken(error)),
            Some(Broken::Seen(error)) => return Err(error.into()),
        }
        untaken.begin(number)?;
        findings.extend(write(conn, context, &import.record.id, &piece, &mut untaken, &mut counts)?);
        if piece.rows.len() < PIECE {
            break;
        }
    }
    if counts.rejected > 0 {
        return Err(Undone::Rejected(counts, findings));
    }
    // With the rows, so that no end of the process can part them.
    import.record.status = ImportStatus::Done;
    import.record.finished_at = Some(context.now);
    Ok(advance(conn, context, import, counts, findings)?)
}
