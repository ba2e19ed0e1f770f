//! What every handler can reach.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{access::Access, following::Following, frame, gate::Gate};
use crate::{
    domain::time::{Day, Moment},
    metrics::Metrics,
    service::{
        crud::Context,
        edition_cycle::{Part, Rights},
        kept_standings::KeptStandings,
    },
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
    /// Who may come in.
    pub access: Arc<Access>,
    /// What requests that follow changes share.
    pub following: Arc<Following>,
    /// What holds for every call.
    pub gate: Arc<Gate>,
    /// Standings of revisions that were computed before.
    pub standings: Arc<KeptStandings>,
    /// Imports that may run at once.
    pub imports: Arc<Semaphore>,
}

impl AppState {
    /// Who asks, and when.
    pub fn context(&self) -> Context {
        Context { caller: frame::caller(), now: (self.clock)(), origin: frame::origin() }
    }

    /// Who asks for figures of an edition.
    pub fn rights(&self) -> Rights {
        Rights { caller: frame::caller(), part: Part::Figures }
    }

    /// Who asks for the framework of an edition.
    pub fn framework_rights(&self) -> Rights {
        Rights { caller: frame::caller(), part: Part::Framework }
    }

    /// The Vietnamese day of the present moment.
    pub fn today(&self) -> Day {
        (self.clock)().day()
    }
}
