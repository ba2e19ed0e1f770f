//! Counters in the text format of Prometheus. Labels are route templates: their number is bounded.

use std::{sync::atomic::AtomicU64, time::Duration};

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

/// The counters of one process.
pub struct Metrics {
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
        Self { registry, requests, seconds, connections, idle, _started: started }
    }

    /// Counts a request. Methods outside the usual ones count as one, so that callers can't add labels.
    pub fn observe(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = match method {
            "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => method,
            _ => "other",
        };
        self.requests
            .get_or_create(&Labels { method: method.to_owned(), route: route.to_owned(), status })
            .inc();
        self.seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(took.as_secs_f64());
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
