//! The one thread that asks PostgreSQL for its state, on a connection of its own.
//!
//! Almost every request asks for it. Those that wait at the same time share one question, sent after the last of
//! them came: what it tells is of a moment since each of them began.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    State,
    conn::{Conn, Manager},
    error::{StoreError, StoreResult},
    sql,
};

/// A request that waits for the state; it is told none where the database can't be asked.
type Asked = oneshot::Sender<Option<State>>;

/// The way to the thread.
pub struct Observer {
    queue: Sender<Asked>,
    wait: Duration,
}

impl Observer {
    /// Starts the thread; it connects when it is asked first, and ends with this value. Nobody waits longer than
    /// `wait`.
    pub fn start(manager: Manager, wait: Duration) -> StoreResult<Self> {
        let (queue, asked) = channel();
        std::thread::Builder::new()
            .name("chiso-observer".to_owned())
            .spawn(move || serve(&manager, &asked))
            .map_err(|e| StoreError::Unavailable(format!("the observer thread could not start: {e}")))?;
        Ok(Self { queue, wait })
    }

    /// The state of the database at some moment since this was called; none where it can't be asked in time.
    pub async fn state(&self) -> Option<State> {
        let (tell, told) = oneshot::channel();
        self.queue.send(tell).ok()?;
        tokio::time::timeout(self.wait, told).await.ok()?.ok()?
    }
}

fn serve(manager: &Manager, asked: &Receiver<Asked>) {
    let mut conn = None;
    while let Ok(first) = asked.recv() {
        let waiting: Vec<Asked> = std::iter::once(first).chain(asked.try_iter()).collect();
        let state = observe(manager, &mut conn);
        for tell in waiting {
            // Who asked may have gone away.
            let _ = tell.send(state.clone());
        }
    }
}

/// Asks on the connection that there is. A lost one is made anew at once; what fails after that is asked no more.
fn observe(manager: &Manager, kept: &mut Option<Conn>) -> Option<State> {
    let ask = |conn: Conn| match conn {
        Conn::Postgres(mut inner) => {
            let snapshot = sql::snapshot(&mut inner).ok()?;
            Some((Conn::Postgres(inner), State::Postgres { snapshot }))
        }
        Conn::Sqlite(_) => None,
    };
    let (conn, state) = kept.take().and_then(ask).or_else(|| ask(manager.open().ok()?))?;
    *kept = Some(conn);
    Some(state)
}
