//! The only place that names diesel: both databases, their connections, and one file of queries a resource.
//!
//! [`Store::read`] and [`Store::write`] are the two ways in. Both run on blocking threads, never on an async
//! worker, and both see one state of the data from their first query to their last. [`Store::read_here`] is the
//! short way for a read that is bounded: on SQLite it stays on the thread that asks.

pub mod api_keys;
pub mod audit;
pub mod calendars;
pub mod changes;
pub mod clock_rules;
pub mod commendations;
pub mod conn;
pub mod dossier_counts;
pub mod dossier_recount;
pub mod dossier_sums;
pub mod dossiers;
pub mod edition_revisions;
pub mod editions;
pub mod error;
pub mod following_schema;
pub mod form_reports;
mod here;
pub mod idempotency;
pub mod imports;
pub mod improvement_actions;
pub mod index_scores;
pub mod indexes;
pub mod list;
pub mod lock;
pub mod migrate;
mod observer;
pub mod procedures;
pub mod reported_figures;
pub mod returns;
pub mod row;
pub mod schema;
pub mod seen_codes;
pub mod series;
pub mod sql;
pub mod unit_states;
pub mod unit_tree;
pub mod units;
pub mod webhook_deliveries;
pub mod webhooks;
mod writer;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use diesel::connection::SimpleConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use conn::{Conn, DatabaseUrl};
use conn::{Manager, Purpose};
pub use error::{StoreError, StoreResult};
use observer::Observer;
use writer::Writer;
pub use writer::in_transaction;

/// A record with the number of the change that wrote it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The record.
    pub record: T,
    /// Change number: the ETag is made of it.
    pub version: i64,
}

/// What was in the database at a moment: equal states are the same data, whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// By one connection of SQLite.
    Sqlite {
        /// Its number in this process.
        connection: u64,
        /// `PRAGMA data_version`: it changes with every commit of another connection, in this process or another,
        /// and the connections that are asked never write.
        data_version: i64,
    },
    /// The transactions that PostgreSQL shows; those of its other databases are among them.
    Postgres {
        /// `pg_current_snapshot()`.
        snapshot: String,
    },
}

/// Sizes of the pools and queues.
#[derive(Debug, Clone, Copy)]
pub struct StoreLimits {
    /// Connections of the pool: readers on SQLite, all on PostgreSQL.
    pub connections: u32,
    /// Writes that may wait on SQLite, and requests that may wait for a connection.
    pub write_queue: usize,
    /// How long a request waits for a connection.
    pub wait: Duration,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self { connections: 8, write_queue: 1024, wait: Duration::from_secs(2) }
    }
}

/// The data, on either database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    url: DatabaseUrl,
    /// Opens the connections of the async workers; on PostgreSQL there are none.
    here: Option<Arc<Manager>>,
    pool: r2d2::Pool<Manager>,
    permits: Arc<Semaphore>,
    writer: Option<Writer>,
    /// Asks PostgreSQL for its state; SQLite's is asked on the thread that wants it.
    observer: Option<Observer>,
    wait: Duration,
    waiting: AtomicUsize,
    most_waiting: usize,
    wrote: AtomicBool,
    bulk: AtomicUsize,
}

/// Many writes are coming as long as this lives.
pub struct Bulk(Arc<Inner>);

impl Drop for Bulk {
    fn drop(&mut self) {
        self.0.bulk.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that waits for a connection, as long as this lives.
struct Waiting<'a>(&'a Inner);

impl<'a> Waiting<'a> {
    fn begin(inner: &'a Inner) -> StoreResult<Self> {
        let before = inner.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(inner);
        if before < inner.most_waiting {
            Ok(waiting)
        } else {
            Err(StoreError::Busy("too many requests wait for a database connection"))
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url())
    }
}

impl Store {
    /// Opens the database. It must have been migrated: see [`migrate::run`].
    ///
    /// # Errors
    /// The connection's own error when it can't be opened.
    pub fn open(url: &DatabaseUrl, limits: StoreLimits) -> StoreResult<Self> {
        let manager = |purpose| Manager { url: url.clone(), purpose };
        let (writer, purpose) = match url {
            DatabaseUrl::Sqlite(_) => {
                let conn = manager(Purpose::Write).open()?;
                (Some(Writer::start(conn, limits.write_queue)?), Purpose::Read)
            }
            DatabaseUrl::Postgres(_) => (None, Purpose::Write),
        };
        // One connection is opened here for its error; the pool would only say that it timed out.
        drop(manager(purpose).open()?);
        let observer = match url {
            DatabaseUrl::Sqlite(_) => None,
            DatabaseUrl::Postgres(_) => Some(Observer::start(manager(Purpose::Read), limits.wait)?),
        };
        let pool = r2d2::Pool::builder()
            .max_size(limits.connections)
            // Connections are made when they are asked for: one that is made ahead would still be shaking hands when
            // a short command ends, and libpq crashes when the process takes OpenSSL down under it.
            .min_idle(Some(0))
            .connection_timeout(limits.wait)
            .test_on_check_out(matches!(url, DatabaseUrl::Postgres(_)))
            .build(manager(purpose))
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                url: url.clone(),
                here: matches!(url, DatabaseUrl::Sqlite(_)).then(|| Arc::new(manager(Purpose::ReadHere))),
                pool,
                permits: Arc::new(Semaphore::new(limits.connections as usize)),
                writer,
                observer,
                wait: limits.wait,
                waiting: AtomicUsize::new(0),
                most_waiting: limits.write_queue,
                // What an earlier process left in the tail of the counts is folded first.
                wrote: AtomicBool::new(true),
                bulk: AtomicUsize::new(0),
            }),
        })
    }

    /// Where the data is, without the password.
    pub fn url(&self) -> String {
        self.inner.url.redacted()
    }

    /// Connections of the pool: (all, idle).
    pub fn pool_state(&self) -> (u32, u32) {
        let state = self.inner.pool.state();
        (state.connections, state.idle_connections)
    }

    /// Runs `work` on one state of the data, without the right to change it.
    ///
    /// # Errors
    /// Those of `work`; `Busy` when no connection gets free in time.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        self.pooled(move |conn| {
            in_transaction(conn, |conn| {
                if let Conn::Postgres(inner) = conn {
                    inner
                        .batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                        .map_err(StoreError::from)?;
                }
                work(conn)
            })
        })
        .await
    }

    /// [`read`](Self::read) for bounded work, such as a record by its key, a page by an index or a few sums: on
    /// SQLite it runs on this thread's own connection.
    ///
    /// # Errors
    /// Those of `work`, and the connection's.
    pub async fn read_here<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        match &self.inner.here {
            Some(here) => here::run(here, |conn, _| in_transaction(conn, work)),
            None => self.read(work).await,
        }
    }

    /// [`read_here`](Self::read_here) for work of a single statement, which sees one state without a transaction.
    ///
    /// # Errors
    /// Those of `work`, and the connection's.
    pub async fn read_one<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        match &self.inner.here {
            Some(here) => here::run(here, |conn, _| work(conn)),
            None => self.pooled(work).await,
        }
    }

    /// Runs `work` with the connection of a read and with another one that has the same state of the data, so that two
    /// threads can read it. There is none on PostgreSQL, where no other is free, and where something was written since
    /// the read began.
    ///
    /// # Errors
    /// Those of `work`; the other connection's when it can't begin.
    pub fn beside<T, E, F>(&self, conn: &mut Conn, work: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: FnOnce(&mut Conn, Option<&mut Conn>) -> Result<T, E>,
    {
        let Some((mut other, _permit)) = self.free_reader() else { return work(conn, None) };
        in_transaction(&mut other, |other| {
            // Whatever is read has its changes in the log: where the last one is the same, all else is.
            let same = changes::end(conn)? == changes::end(other)?;
            work(conn, same.then_some(other))
        })
    }

    /// A reader of SQLite that nobody waits for.
    fn free_reader(&self) -> Option<(r2d2::PooledConnection<Manager>, OwnedSemaphorePermit)> {
        self.inner.here.as_ref()?;
        let permit = self.inner.permits.clone().try_acquire_owned().ok()?;
        Some((self.inner.pool.get().ok()?, permit))
    }

    /// What is in the database now; none where it can't be asked.
    pub async fn state(&self) -> Option<State> {
        match &self.inner.observer {
            Some(observer) => observer.state().await,
            None => self.state_here(),
        }
    }

    /// [`state`](Self::state) where no other thread must be asked: on SQLite.
    pub fn state_here(&self) -> Option<State> {
        let state = here::run(self.inner.here.as_ref()?, |conn, connection| match conn {
            Conn::Sqlite(conn) => Ok::<_, StoreError>(Some(State::Sqlite {
                connection,
                data_version: sql::data_version(conn)?,
            })),
            Conn::Postgres(_) => Ok(None),
        });
        state.ok().flatten()
    }

    /// Runs `work` in a transaction that is on disk when this returns `Ok`; an error undoes all of it. A request that
    /// holds the claim of an idempotency key marks it in the same transaction.
    ///
    /// # Errors
    /// Those of `work`; `Busy` when too many writes wait; `Unavailable` when the commit fails; `ClaimLost` when
    /// another request has the claim by now.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        match idempotency::current() {
            None => self.write_alone(work).await,
            Some(held) => {
                let under = held.clone();
                let done = self.write_alone(move |conn| idempotency::marked(conn, &under, work)).await;
                if done.is_ok() {
                    held.set_committed();
                }
                done
            }
        }
    }

    async fn write_alone<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        let done = match &self.inner.writer {
            Some(writer) => writer.write(work).await,
            None => self.pooled(move |conn| in_transaction(conn, work)).await,
        };
        self.inner.wrote.store(true, Ordering::Relaxed);
        done
    }

    /// [`write`](Self::write) for work that checks everything before it changes anything, which is done faster on
    /// SQLite. Both parts may be done again.
    ///
    /// # Errors
    /// Those of `check`, and of `change` when it fails all the same; `Busy` and `Unavailable` as for any write.
    pub async fn write_checked<V, T, E, P, C>(&self, check: P, change: C) -> Result<T, E>
    where
        V: 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        P: Fn(&mut Conn) -> Result<V, E> + Send + 'static,
        C: Fn(&mut Conn, V) -> Result<T, E> + Send + 'static,
    {
        match &self.inner.writer {
            // The claim of an idempotency key is marked in the middle of it: that takes a savepoint.
            Some(writer) if idempotency::current().is_none() => {
                let done = writer.write_checked(check, change).await;
                self.inner.wrote.store(true, Ordering::Relaxed);
                done
            }
            _ => {
                self.write(move |conn| {
                    let checked = check(conn)?;
                    change(conn, checked)
                })
                .await
            }
        }
    }

    /// Says that something was written, for who asks next.
    pub fn set_wrote(&self) {
        self.inner.wrote.store(true, Ordering::Relaxed);
    }

    /// Says that many writes are coming, until the guard is dropped.
    pub fn bulk(&self) -> Bulk {
        self.inner.bulk.fetch_add(1, Ordering::Relaxed);
        Bulk(self.inner.clone())
    }

    /// Whether many writes are coming.
    pub fn is_bulk(&self) -> bool {
        self.inner.bulk.load(Ordering::Relaxed) > 0
    }

    /// Whether anything was written here since it was asked last.
    pub fn take_wrote(&self) -> bool {
        self.inner.wrote.swap(false, Ordering::Relaxed)
    }

    async fn pooled<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        const NO_CONNECTION: &str = "no database connection got free in time";
        let permit = match self.inner.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = Waiting::begin(&self.inner)?;
                tokio::time::timeout(self.inner.wait, self.inner.permits.clone().acquire_owned())
                    .await
                    .map_err(|_| StoreError::Busy(NO_CONNECTION))?
                    .map_err(|_| StoreError::Unavailable("the store is closed".to_owned()))?
            }
        };
        let pool = self.inner.pool.clone();
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let _entered = span.entered();
            let mut conn = pool.get().map_err(|e| StoreError::Unavailable(e.to_string()))?;
            work(&mut conn)
        })
        .await
        .map_err(|_| StoreError::Panicked)?
    }
}
