//! The service of one test: the real server on a port of its own, with a clock that the test sets.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use actix_web::dev::ServerHandle;
use chiso::{
    domain::time::Moment,
    http::{access::Access, gate::CallRules, state::Clock},
    server::{self, ServerLimits},
    service::keyring::Keyring,
    store::{Store, StoreLimits},
};

use super::{client::Client, database::Database};

/// Sizes that tests run with: few connections, so that many tests run side by side.
pub const STORE_LIMITS: StoreLimits =
    StoreLimits { connections: 3, write_queue: 1024, wait: Duration::from_secs(30) };

/// The moment at which every test begins: a Monday morning in Vietnam.
pub const START: &str = "2021-01-04T08:00:00+07:00";

/// The secret of an administrator of every service of a test: its client sends it unless told otherwise.
pub const KEY: &str = "chiso_of_the_tests_0123456789abcdef0123456789abcdef";

/// What a service of a test lets in.
pub fn access() -> Access {
    Access { keyring: Keyring::with_own(vec![(KEY.to_owned(), "test administrator")]), ..Access::default() }
}

/// A running service.
pub struct App {
    client: Client,
    pub store: Store,
    clock: Arc<AtomicI64>,
    server: Option<(ServerHandle, JoinHandle<()>)>,
    pub database: Database,
}

impl std::ops::Deref for App {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl App {
    /// Starts the service on a migrated database.
    pub fn start(database: Database) -> Self {
        Self::with_limits(database, STORE_LIMITS)
    }

    /// Starts the service with other pools and queues.
    pub fn with_limits(database: Database, limits: StoreLimits) -> Self {
        Self::with(database, limits, access(), CallRules::default(), true)
    }

    /// Starts the service with other rules of access.
    pub fn with_access(database: Database, access: Access) -> Self {
        Self::with(database, STORE_LIMITS, access, CallRules::default(), true)
    }

    /// Starts the service with other pools and queues, and other rules of calls.
    pub fn with_rules(database: Database, limits: StoreLimits, rules: CallRules) -> Self {
        Self::with(database, limits, access(), rules, true)
    }

    /// Starts the service as operators do, without webhooks to private networks.
    pub fn with_public_webhooks(database: Database) -> Self {
        Self::with(database, STORE_LIMITS, access(), CallRules::default(), false)
    }

    fn with(
        database: Database,
        limits: StoreLimits,
        access: Access,
        rules: CallRules,
        webhooks_allow_private: bool,
    ) -> Self {
        let store = Store::open(&database.url, limits).unwrap();
        let clock = Arc::new(AtomicI64::new(START.parse::<Moment>().unwrap().micros()));
        let (address, handle, thread) =
            spawn(store.clone(), clock.clone(), limits, access, rules, webhooks_allow_private);
        Self { client: Client::new(address), store, clock, server: Some((handle, thread)), database }
    }

    /// Another instance of the service over the same database, with a clock of its own.
    pub fn beside(&self) -> Self {
        self.beside_with(CallRules::default())
    }

    /// [`beside`](Self::beside) with other rules of calls.
    pub fn beside_with(&self, rules: CallRules) -> Self {
        Self::with_rules(self.database.shared(), STORE_LIMITS, rules)
    }

    /// The clock that the test sets.
    pub fn clock(&self) -> Clock {
        let clock = self.clock.clone();
        Arc::new(move || Moment::from_micros(clock.load(Ordering::SeqCst)))
    }

    /// Sets the clock.
    pub fn set_now(&self, moment: &str) {
        self.clock.store(moment.parse::<Moment>().unwrap().micros(), Ordering::SeqCst);
    }
}

fn spawn(
    store: Store,
    clock: Arc<AtomicI64>,
    limits: StoreLimits,
    access: Access,
    rules: CallRules,
    webhooks_allow_private: bool,
) -> (SocketAddr, ServerHandle, JoinHandle<()>) {
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let clock: Clock = Arc::new(move || Moment::from_micros(clock.load(Ordering::SeqCst)));
            let server_limits = ServerLimits {
                max_body: 2 * 1024 * 1024,
                max_import: 64 * 1024 * 1024,
                workers: 1,
                blocking_threads: limits.connections as usize + 2,
                shutdown_seconds: 5,
                calls: rules,
                webhooks_allow_private,
            };
            let bound = server::bind(store, clock, access, "127.0.0.1:0", server_limits).unwrap();
            tell.send((bound.addresses[0], bound.server.handle())).unwrap();
            bound.server.await.unwrap();
        });
    });
    let (address, handle) = told.recv().unwrap();
    (address, handle, thread)
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.server.take() {
            // The order to stop is given at once; the future only waits for the end.
            drop(handle.stop(false));
            let _ = thread.join();
        }
    }
}
