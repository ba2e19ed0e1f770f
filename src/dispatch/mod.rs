//! Sends what webhooks are to be told: looks at each subscription now and then, and works on those that have
//! something to do.

mod message;
mod sender;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Semaphore, watch};

use crate::{
    http::state::Clock,
    service::{
        error::Result,
        webhook_deliveries::{self as outbox, Attempt, Step, ToSend},
    },
    store::Store,
};
pub use sender::{Sender, private_addresses};

/// Subscriptions that one instance works on at once: each may wait ten seconds for its receiver.
const AT_ONCE: usize = 16;

/// Steps of a subscription in a row, so that one with much to tell lets others in.
const STEPS: usize = 200;

/// How often subscriptions are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Sends deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    sender: Sender,
    small_cells_withheld: bool,
    /// Tells instances apart.
    instance: String,
    turns: Arc<Semaphore>,
    working: Mutex<HashSet<String>>,
}

impl Dispatcher {
    /// A dispatcher of a database. `allow_private` lets deliveries go to addresses of the operator's own network.
    pub fn new(store: Store, clock: Clock, small_cells_withheld: bool, allow_private: bool) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            sender: Sender::new(allow_private),
            small_cells_withheld,
            instance: uuid::Uuid::now_v7().to_string(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            working: Mutex::default(),
        }))
    }

    /// Works until the service stops.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.start_all().await {
                tracing::warn!(error = ?error, "webhooks could not be looked at");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }

    /// Starts to work on each subscription that nobody in this process works on.
    async fn start_all(&self) -> Result<()> {
        for id in outbox::active(&self.0.store).await? {
            if !self.working().insert(id.clone()) {
                continue;
            }
            let dispatcher = self.clone();
            drop(tokio::spawn(async move {
                let turn = dispatcher.0.turns.clone().acquire_owned().await;
                let done = dispatcher.work(&id).await;
                drop(turn);
                dispatcher.working().remove(&id);
                if let Err(error) = done {
                    tracing::warn!(webhook = id, error = ?error, "a webhook could not be worked on");
                }
            }));
        }
        Ok(())
    }

    fn working(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // A set of ids is sound whatever happened to who held it.
        self.0.working.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on each subscription once, one after another.
    ///
    /// # Errors
    /// The database's.
    pub async fn run_once(&self) -> Result<()> {
        for id in outbox::active(&self.0.store).await? {
            self.work(&id).await?;
        }
        Ok(())
    }

    /// Does what is to be done for a subscription, until it has to wait.
    async fn work(&self, id: &str) -> Result<()> {
        let Inner { store, clock, instance, small_cells_withheld, .. } = self.0.as_ref();
        let look = || outbox::look(store, id.to_owned(), clock(), *small_cells_withheld);
        if matches!(look().await?, Step::Wait) {
            return Ok(());
        }
        if !outbox::claim(store, id.to_owned(), instance.clone(), clock()).await? {
            return Ok(());
        }
        for _ in 0..STEPS {
            let goes_on = match look().await? {
                Step::Wait => false,
                Step::Send(to_send) => self.send(*to_send).await?,
                step => outbox::act(store, id.to_owned(), instance.clone(), step, clock()).await?,
            };
            if !goes_on {
                break;
            }
        }
        outbox::release(store, id.to_owned(), instance.clone()).await
    }

    async fn send(&self, to_send: ToSend) -> Result<bool> {
        let Inner { store, clock, instance, sender, .. } = self.0.as_ref();
        let ToSend { webhook, delivery, change } = to_send;
        let (sender, sent_at) = (sender.clone(), clock());
        let event = message::event(&delivery, change);
        let sending =
            tokio::task::spawn_blocking(move || sender.send(&webhook.url, &webhook.secret, &event, sent_at));
        let attempt = sending
            .await
            .unwrap_or_else(|_| Attempt { status: None, error: Some("the sender panicked".to_owned()) });
        outbox::note(store, instance.clone(), delivery, attempt, clock()).await
    }
}
