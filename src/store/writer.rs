//! The one thread that writes to SQLite.
//!
//! WAL has a single writer, so writes queue here instead of meeting each other's locks: nobody ever sees
//! SQLITE_BUSY. The waiting writes share one `BEGIN IMMEDIATE` transaction, a savepoint each, and each is
//! answered only after COMMIT is on disk; when COMMIT fails, all of them fail. The queue is bounded.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use diesel::{
    Connection,
    connection::{AnsiTransactionManager, TransactionManager},
};
use tokio::sync::oneshot;

use super::{conn::Conn, error::StoreError};

/// Writes that share a commit at most: keeps the wait of the first of them short.
const GROUP: usize = 128;

/// What a finished write waits for: the commit.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// A write: does its work in a savepoint (not at all where there is no transaction to do it in) and returns
/// what to say after the commit.
type Job = Box<dyn FnOnce(Option<&mut Conn>) -> Reply + Send>;

/// The way to the writer thread.
pub struct Writer {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// The error of a savepoint that is rolled back.
enum Rollback<E> {
    Ours(E),
    Diesel(diesel::result::Error),
}

impl<E> From<diesel::result::Error> for Rollback<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Diesel(error)
    }
}

/// Runs `work` in a transaction (within another one: a savepoint); an error or a panic undoes all of it.
pub fn in_transaction<T, E, F>(conn: &mut Conn, work: F) -> Result<T, E>
where
    E: From<StoreError>,
    F: FnOnce(&mut Conn) -> Result<T, E>,
{
    let outcome = conn.transaction(|conn| match catch_unwind(AssertUnwindSafe(|| work(conn))) {
        Ok(result) => result.map_err(Rollback::Ours),
        Err(_) => Err(Rollback::Ours(StoreError::Panicked.into())),
    });
    outcome.map_err(|error| match error {
        Rollback::Ours(error) => error,
        Rollback::Diesel(error) => StoreError::from(error).into(),
    })
}

impl Writer {
    /// Starts the thread on its own connection, with room for `capacity` waiting writes.
    pub fn start(conn: Conn, capacity: usize) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(capacity);
        let thread = std::thread::Builder::new()
            .name("chiso-writer".to_owned())
            .spawn(move || serve(conn, &receiver))
            .map_err(|e| StoreError::Unavailable(format!("the writer thread could not start: {e}")))?;
        Ok(Self { queue: Some(sender), thread: Some(thread) })
    }

    /// Queues a write and waits until it is on disk.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            let result = conn.map(|conn| in_transaction(conn, work));
            Box::new(move |commit| {
                // The caller may have gone away; the write stands all the same.
                let _ = tell.send(match (result, commit) {
                    (Some(Err(error)), _) => Err(error),
                    (_, Err(error)) => Err(error.into()),
                    (Some(Ok(value)), Ok(())) => Ok(value),
                    (None, Ok(())) => Err(StoreError::Unavailable("no transaction".to_owned()).into()),
                });
            })
        });
        let queue =
            self.queue.as_ref().ok_or(StoreError::Unavailable("the writer has stopped".to_owned()))?;
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy("too many writes are waiting"),
            TrySendError::Disconnected(_) => StoreError::Unavailable("the writer has stopped".to_owned()),
        })?;
        told.await.map_err(|_| StoreError::Panicked)?
    }
}

impl Drop for Writer {
    /// Lets the queued writes finish.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut conn: Conn, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut replies = Vec::new();
        let commit = match begin(&mut conn) {
            Ok(()) => {
                replies.push(first(Some(&mut conn)));
                while replies.len() < GROUP {
                    let Ok(next) = queue.try_recv() else { break };
                    replies.push(next(Some(&mut conn)));
                }
                finish(&mut conn)
            }
            Err(error) => {
                replies.push(first(None));
                Err(error)
            }
        };
        let failure = commit.err().map(|error| {
            tracing::error!(error = %error, "a group of writes was not committed");
            error.to_string()
        });
        for reply in replies {
            reply(failure.clone().map_or(Ok(()), |text| Err(StoreError::Unavailable(text))));
        }
    }
}

fn begin(conn: &mut Conn) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(inner) => Ok(AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE")?),
        Conn::Postgres(inner) => Ok(AnsiTransactionManager::begin_transaction(inner)?),
    }
}

fn finish(conn: &mut Conn) -> Result<(), StoreError> {
    let committed = match conn {
        Conn::Sqlite(inner) => AnsiTransactionManager::commit_transaction(inner),
        Conn::Postgres(inner) => AnsiTransactionManager::commit_transaction(inner),
    };
    if committed.is_err() {
        // A COMMIT that failed may leave the transaction open; the next group must find none.
        let _ = match conn {
            Conn::Sqlite(inner) => AnsiTransactionManager::rollback_transaction(inner),
            Conn::Postgres(inner) => AnsiTransactionManager::rollback_transaction(inner),
        };
    }
    Ok(committed?)
}
