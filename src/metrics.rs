//! Counters in the text format of Prometheus. Labels are route templates: their number is bounded.
//!
//! Each thread remembers the counters of the routes that it serves, so that counting a request takes no lock of
//! the whole family and makes no label.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// The counters of a route that a thread remembers.
struct Route {
    seconds: Histogram,
    requests: Vec<(&'static str, u16, Counter)>,
}

/// What a thread remembers of one `Metrics`.
#[derive(Default)]
struct Known {
    number: u64,
    routes: HashMap<String, Route>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::new(Known::default());
}

/// Numbers of the `Metrics` of this process, from 1.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// Methods outside the usual ones count as one, so that callers can't add labels.
fn method_label(method: &str) -> &'static str {
    const USUAL: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    USUAL.into_iter().find(|usual| *usual == method).unwrap_or("other")
}

/// The counters of one process.
pub struct Metrics {
    number: u64,
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    connections: Gauge,
    idle: Gauge,
    _started: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Self {
        let requests = Family::<Labels, Counter>::default();
        // 0.5 ms to 8 s.
        let seconds = Family::<RouteLabels, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.0005, 2.0, 15))
        });
        let (connections, idle) = (Gauge::default(), Gauge::default());
        let started: Gauge<f64, AtomicU64> = Gauge::default();
        started.set(crate::domain::time::Moment::now().micros() as f64 / 1e6);
        let mut registry = Registry::with_prefix("chiso");
        registry.register("http_requests", "Requests by method, route template and status", requests.clone());
        registry.register("http_request_seconds", "Time to answer by route template", seconds.clone());
        registry.register("db_connections", "Open connections of the pool", connections.clone());
        registry.register("db_connections_idle", "Idle connections of the pool", idle.clone());
        registry.register("start_time_seconds", "Start of the process, seconds since 1970", started.clone());
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Self { number, registry, requests, seconds, connections, idle, _started: started }
    }

    /// Counts a request.
    pub fn observe(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = method_label(method);
        KNOWN.with_borrow_mut(|known| {
            if known.number != self.number {
                *known = Known { number: self.number, routes: HashMap::new() };
            }
            if !known.routes.contains_key(route) {
                let seconds = self.seconds.get_or_create(&RouteLabels { route: route.to_owned() }).clone();
                known.routes.insert(route.to_owned(), Route { seconds, requests: Vec::new() });
            }
            let Some(of_route) = known.routes.get_mut(route) else { return };
            of_route.seconds.observe(took.as_secs_f64());
            let seen = of_route.requests.iter().find(|(m, s, _)| *m == method && *s == status);
            if let Some((_, _, counter)) = seen {
                counter.inc();
                return;
            }
            let labels = Labels { method: method.to_owned(), route: route.to_owned(), status };
            let counter = self.requests.get_or_create(&labels).clone();
            counter.inc();
            of_route.requests.push((method, status, counter));
        });
    }

    /// The text that a scraper reads.
    pub fn render(&self, (connections, idle): (u32, u32)) -> String {
        self.connections.set(i64::from(connections));
        self.idle.set(i64::from(idle));
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}
