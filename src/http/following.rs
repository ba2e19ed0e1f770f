//! What requests that follow changes share: news of the data, the end of the service, and how many may stay open.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::problem::Problem;
use crate::store::{State, Store};

/// Streams and waiting requests at once: each keeps a connection, and on SQLite looks at the data ten times a second.
const FOLLOWERS: usize = 512;

/// How often SQLite is asked whether anything was committed: that takes some microseconds.
const SQLITE_EVERY: Duration = Duration::from_millis(100);

/// How often PostgreSQL is asked, once for all who wait.
const POSTGRES_EVERY: Duration = Duration::from_millis(500);

/// What requests that follow changes share.
pub struct Following {
    stopping: watch::Receiver<bool>,
    followers: Arc<Semaphore>,
    seen: Mutex<Option<(Instant, State)>>,
    /// Whether webhooks may go to addresses that are not on the public internet.
    pub webhooks_allow_private: bool,
}

impl Following {
    /// Until `stopping` says that the service ends.
    pub fn new(stopping: watch::Receiver<bool>, webhooks_allow_private: bool) -> Self {
        let followers = Arc::new(Semaphore::new(FOLLOWERS));
        Self { stopping, followers, seen: Mutex::default(), webhooks_allow_private }
    }

    /// Whether the service ends.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Room for one more stream or waiting request.
    ///
    /// # Errors
    /// 503 when there is none.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.followers.clone().try_acquire_owned().map_err(|_| {
            Problem::new(
                "overloaded",
                "Too many requests wait for changes: try again, or ask without `wait`.",
                "Có quá nhiều yêu cầu đang chờ thay đổi: hãy thử lại, hoặc gọi không có `wait`.",
            )
        })
    }

    /// What is in the database, as of less than half a second ago; none where it can't be asked.
    pub async fn state(&self, store: &Store) -> Option<State> {
        // The lock guards a pair that is replaced whole.
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = seen().clone().filter(|(at, _)| at.elapsed() < POSTGRES_EVERY * 4 / 5);
        if let Some((_, state)) = kept {
            return Some(state);
        }
        let asked = Instant::now();
        let state = store.state().await?;
        if let State::Postgres { .. } = state {
            *seen() = Some((asked, state.clone()));
        }
        Some(state)
    }

    /// Waits until the data may differ from `known`; false when nothing changed until then, or the service ends.
    pub async fn news(&self, store: &Store, known: Option<&State>, until: Instant) -> bool {
        let every = match known {
            Some(State::Postgres { .. }) => POSTGRES_EVERY,
            Some(State::Sqlite { .. }) | None => SQLITE_EVERY,
        };
        let mut stopping = self.stopping.clone();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_stopping() {
                return false;
            }
            tokio::select! {
                () = tokio::time::sleep(every.min(left)) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return false,
            }
            if self.state(store).await.as_ref() != known {
                return true;
            }
        }
    }
}
