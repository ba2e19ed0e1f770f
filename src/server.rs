//! Serving: workers, the address, and a stop that loses no answered write.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev::Server, middleware::from_fn, web};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Semaphore, watch},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    http::{
        access::Access,
        app, calls, document,
        following::Following,
        frame,
        gate::{CallRules, Gate},
        state::{AppState, Clock},
    },
    metrics::Metrics,
    store::Store,
};

/// How the server is run.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Most bytes of a body.
    pub max_body: usize,
    /// Most bytes of a file to import.
    pub max_import: u64,
    /// Async workers.
    pub workers: usize,
    /// Blocking threads of each worker.
    pub blocking_threads: usize,
    /// Seconds that open requests have at the stop.
    pub shutdown_seconds: u64,
    /// Whether webhooks may go to addresses that are not on the public internet.
    pub webhooks_allow_private: bool,
    /// What holds for every call.
    pub calls: CallRules,
}

/// Imports that one service runs at once; each has a thread and a file of its own.
const IMPORTS_AT_ONCE: usize = 8;

/// A server on a bound address; it serves when awaited.
pub struct Bound {
    /// The server.
    pub server: Server,
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// To tell those who wait for changes that the service ends.
    pub stopping: watch::Sender<bool>,
}

/// Binds the address and builds the server.
///
/// # Errors
/// When the address can't be bound.
pub fn bind(
    store: Store,
    clock: Clock,
    access: Access,
    address: &str,
    limits: ServerLimits,
) -> std::io::Result<Bound> {
    let (stopping, is_stopping) = watch::channel(false);
    let read_idle = limits.calls.read_idle;
    let state = AppState {
        following: Arc::new(Following::new(is_stopping, limits.webhooks_allow_private)),
        store,
        clock,
        access: Arc::new(access),
        metrics: Arc::new(Metrics::new()),
        max_body: limits.max_body,
        max_import: limits.max_import,
        standings: Arc::default(),
        imports: Arc::new(Semaphore::new(IMPORTS_AT_ONCE)),
        gate: Arc::new(Gate::new(limits.calls)),
    };
    document::read().map_err(std::io::Error::other)?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(state.clone()))
            .app_data(app::path_config())
            .configure(app::configure)
            .service(
                SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").try_it_out_enabled(true)),
            )
            .service(web::redirect("/docs", "/docs/"))
            .default_service(web::to(app::fallback))
            .wrap(from_fn(calls::around))
            .wrap(from_fn(frame::around))
    })
    .on_connect(move |connection, _| drop_who_reads_nothing(connection, read_idle))
    .workers(limits.workers)
    .worker_max_blocking_threads(limits.blocking_threads)
    .shutdown_timeout(limits.shutdown_seconds)
    .client_request_timeout(Duration::from_secs(15))
    .disable_signals()
    .bind(address)?;
    let addresses = server.addrs();
    Ok(Bound { server: server.run(), addresses, stopping })
}

/// Tells the system to drop a connection whose client takes nothing of what waits for it: such a client would keep
/// its answer in memory for ever, and nobody here is asked for more of it.
fn drop_who_reads_nothing(connection: &dyn std::any::Any, idle: Duration) {
    let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(idle)) {
        tracing::debug!(%error, "a connection could not be given its limit");
    }
}

/// The signals that stop the service.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Takes over SIGTERM and SIGINT. To be called before [`bind`]: requests are answered from then on, and a
    /// signal that came before this would end the process without a stop.
    ///
    /// # Errors
    /// When the handlers can't be installed.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }
}

/// Serves until SIGTERM or SIGINT, then lets open requests finish.
///
/// # Errors
/// Those of the listener.
pub async fn serve(bound: Bound, mut signals: StopSignals) -> std::io::Result<()> {
    let handle = bound.server.handle();
    let stopping = bound.stopping;
    let stop = async move {
        tokio::select! {
            _ = signals.terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = signals.interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
        stopping.send_replace(true);
        handle.stop(true).await;
    };
    let (served, ()) = tokio::join!(bound.server, stop_or_end(stop));
    served
}

/// The signals are awaited beside the server, in a task of their own, so that a server that ends by itself
/// doesn't wait for one.
async fn stop_or_end(stop: impl Future<Output = ()> + 'static) {
    drop(actix_web::rt::spawn(stop));
}
