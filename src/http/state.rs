//! What every handler can reach.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{
    domain::time::{Day, Moment},
    metrics::Metrics,
    service::{crud::Context, edition_cycle::Rights},
    store::Store,
};

/// Where the present moment comes from: the machine's clock, or a test's.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The data.
    pub store: Store,
    /// The present moment.
    pub clock: Clock,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Most bytes of a body.
    pub max_body: usize,
    /// Most bytes of a file to import.
    pub max_import: u64,
    /// Imports that may run at once.
    pub imports: Arc<Semaphore>,
}

impl AppState {
    /// Who asks, and when.
    pub fn context(&self) -> Context {
        Context { actor: "anonymous".to_owned(), now: (self.clock)() }
    }

    /// What the caller may see.
    pub fn rights(&self) -> Rights {
        Rights
    }

    /// The Vietnamese day of the present moment.
    pub fn today(&self) -> Day {
        (self.clock)().day()
    }
}
