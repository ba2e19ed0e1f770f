//! The one thread that writes to SQLite.
//!
//! WAL has a single writer, so writes queue here instead of meeting each other's locks: nobody ever sees
//! SQLITE_BUSY. The waiting writes share one `BEGIN IMMEDIATE` transaction, and each is answered only after COMMIT is
//! on disk; when COMMIT fails, all of them fail. The queue is bounded.
//!
//! A write has a savepoint to go back to, which costs it a sixth of its time: SQLite copies each page before its
//! first change. Writes that check everything before they change anything go without one. Should one of them fail
//! all the same while it changes something, the whole transaction is undone and its writes are done again, each with
//! a savepoint.

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

/// How a write is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// In a savepoint of its own.
    Alone,
    /// In the transaction of the group.
    Together,
}

/// A write that waits for its turn, and then for the commit.
trait Job: Send {
    /// Whether it can be done together with others, and again after they were undone.
    fn is_checked(&self) -> bool;
    /// Does it; false when it failed in the middle, so that the transaction must be undone.
    fn run(&mut self, conn: &mut Conn, how: How) -> bool;
    /// Answers after the commit.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

/// What a caller is told, once there is something to tell.
struct Reply<T, E> {
    result: Option<Result<T, E>>,
    tell: oneshot::Sender<Result<T, E>>,
}

impl<T, E: From<StoreError>> Reply<T, E> {
    fn answer(self, commit: Result<(), StoreError>) {
        // The caller may have gone away; the write stands all the same.
        let _ = self.tell.send(match (self.result, commit) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Unavailable("no transaction".to_owned()).into()),
        });
    }
}

/// Work that may refuse at any point.
struct Any<F, T, E> {
    work: Option<F>,
    reply: Reply<T, E>,
}

impl<F, T, E> Job for Any<F, T, E>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&mut Conn) -> Result<T, E> + Send,
{
    fn is_checked(&self) -> bool {
        false
    }

    fn run(&mut self, conn: &mut Conn, _how: How) -> bool {
        self.reply.result = self.work.take().map(|work| in_transaction(conn, work));
        true
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        self.reply.answer(commit);
    }
}

/// Work that refuses before it changes anything.
struct Checked<P, C, T, E> {
    check: P,
    change: C,
    reply: Reply<T, E>,
}

impl<P, C, V, T, E> Job for Checked<P, C, T, E>
where
    T: Send,
    E: From<StoreError> + Send,
    P: Fn(&mut Conn) -> Result<V, E> + Send,
    C: Fn(&mut Conn, V) -> Result<T, E> + Send,
{
    fn is_checked(&self) -> bool {
        true
    }

    fn run(&mut self, conn: &mut Conn, how: How) -> bool {
        let (check, change) = (&self.check, &self.change);
        if how == How::Alone {
            self.reply.result = Some(in_transaction(conn, |conn| {
                let checked = check(conn)?;
                change(conn, checked)
            }));
            return true;
        }
        let mut whole = true;
        self.reply.result = Some(unpanicked(|| {
            let checked = check(conn)?;
            whole = false;
            let changed = change(conn, checked)?;
            whole = true;
            Ok(changed)
        }));
        whole
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        self.reply.answer(commit);
    }
}

/// What `work` gives; a panic is an error.
fn unpanicked<T, E: From<StoreError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

/// The way to the writer thread.
pub struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
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
    let outcome = conn.transaction(|conn| unpanicked(|| work(conn)).map_err(Rollback::Ours));
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
        self.queue(Box::new(Any { work: Some(work), reply: Reply { result: None, tell } }))?;
        told.await.map_err(|_| StoreError::Panicked)?
    }

    /// Queues a write that refuses before it changes anything, and waits until it is on disk.
    pub async fn write_checked<V, T, E, P, C>(&self, check: P, change: C) -> Result<T, E>
    where
        V: 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        P: Fn(&mut Conn) -> Result<V, E> + Send + 'static,
        C: Fn(&mut Conn, V) -> Result<T, E> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        self.queue(Box::new(Checked { check, change, reply: Reply { result: None, tell } }))?;
        told.await.map_err(|_| StoreError::Panicked)?
    }

    fn queue(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue =
            self.queue.as_ref().ok_or(StoreError::Unavailable("the writer has stopped".to_owned()))?;
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy("too many writes are waiting"),
            TrySendError::Disconnected(_) => StoreError::Unavailable("the writer has stopped".to_owned()),
        })
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

fn serve(mut conn: Conn, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        let commit = begin(&mut conn).and_then(|()| match run(&mut conn, queue, &mut group) {
            Ok(()) => finish(&mut conn),
            Err(error) => {
                let _ = undo(&mut conn);
                Err(error)
            }
        });
        let failure = commit.err().map(|error| {
            tracing::error!(error = %error, "a group of writes was not committed");
            error.to_string()
        });
        for job in group {
            job.answer(failure.clone().map_or(Ok(()), |text| Err(StoreError::Unavailable(text))));
        }
    }
}

/// Does the first write of a group and those that wait behind it.
fn run(
    conn: &mut Conn,
    queue: &Receiver<Box<dyn Job>>,
    group: &mut Vec<Box<dyn Job>>,
) -> Result<(), StoreError> {
    let (mut how, mut done) = (How::Together, 0);
    while let Some(job) = group.get_mut(done) {
        // What has a savepoint of its own can't be done again: from there on, nothing may undo the transaction.
        if !job.is_checked() {
            how = How::Alone;
        }
        if job.run(conn, how) {
            done += 1;
        } else {
            tracing::error!("a write failed after it was checked; its group is written again, one by one");
            undo(conn)?;
            begin(conn)?;
            (how, done) = (How::Alone, 0);
            continue;
        }
        if done == group.len() && done < GROUP {
            group.extend(queue.try_recv().ok());
        }
    }
    Ok(())
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
        let _ = undo(conn);
    }
    Ok(committed?)
}

fn undo(conn: &mut Conn) -> Result<(), StoreError> {
    Ok(match conn {
        Conn::Sqlite(inner) => AnsiTransactionManager::rollback_transaction(inner),
        Conn::Postgres(inner) => AnsiTransactionManager::rollback_transaction(inner),
    }?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    };

    use diesel::connection::SimpleConnection;

    use super::*;
    use crate::store::{
        DatabaseUrl,
        conn::{Manager, Purpose},
        sql::Statement,
    };

    type Done = Result<(), StoreError>;

    fn put(conn: &mut Conn, n: i64) -> Done {
        Ok(conn.batch_execute(&format!("INSERT INTO t (n) VALUES ({n})"))?)
    }

    fn there(conn: &mut Conn) -> Vec<i64> {
        let mut all = Statement::default();
        all.push("SELECT n FROM t ORDER BY n");
        all.rows::<diesel::sql_types::BigInt, i64>(conn).unwrap()
    }

    /// Writes that wait behind one another in one transaction.
    #[test]
    fn a_write_that_fails_in_the_middle_takes_no_other_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.db").to_string_lossy().into_owned();
        let manager = Manager { url: DatabaseUrl::Sqlite(path), purpose: Purpose::Write };
        let mut conn = manager.open().unwrap();
        conn.batch_execute("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT").unwrap();
        let writer = Writer::start(manager.open().unwrap(), 16).unwrap();
        let (go, waits) = channel::<()>();
        let waits = Mutex::new(waits);
        let times = AtomicUsize::new(0);
        let checked = |conn: &mut Conn| put(conn, 1).and_then(|()| put(conn, 1));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let told: (Done, Done, Done, Done, Done) = runtime.block_on(async {
            let first = writer.write_checked(
                move |_: &mut Conn| waits.lock().unwrap().recv().map_err(|_| StoreError::Panicked),
                move |conn, ()| {
                    times.fetch_add(1, Ordering::Relaxed);
                    put(conn, 10 + i64::try_from(times.load(Ordering::Relaxed)).unwrap())
                },
            );
            let second = writer.write_checked(|_: &mut Conn| Ok::<_, StoreError>(2), put);
            let fails =
                writer.write_checked(|_: &mut Conn| Ok::<_, StoreError>(()), move |conn, ()| checked(conn));
            let panics = writer.write_checked(
                |_: &mut Conn| Ok::<_, StoreError>(3),
                |conn, n| put(conn, n).and_then(|()| [].into_iter().next().unwrap()),
            );
            let refuses = writer.write(|conn: &mut Conn| put(conn, 4).and_then(|()| put(conn, 4)));
            let release = async {
                // Polled last: all the others are in the queue by now. Who waits, waits twice, as it is done twice.
                go.send(()).and_then(|()| go.send(())).map_err(|_| StoreError::Panicked)
            };
            let (a, b, c, d, e, _) = tokio::join!(first, second, fails, panics, refuses, release);
            (a, b, c, d, e)
        });
        assert!(
            matches!(told, (Ok(()), Ok(()), Err(StoreError::Unique(_)), Err(StoreError::Panicked), Err(_))),
            "{told:?}"
        );
        // The first was done a second time, after the whole was undone.
        assert_eq!(there(&mut conn), [2, 12]);
    }
}
