//! What each subcommand does, from the command line to the exit code.

use std::{
    io::{Read, Write},
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use crate::{
    background,
    cli::{
        Check, CheckStatistics, Cli, Command, Database, Editions, Export, Healthcheck, Import, Keys, Sample,
        Serve,
    },
    dispatch::Dispatcher,
    domain::time::Moment,
    exchange,
    follow_options::Audit,
    http::{openapi, state::Clock},
    keys, ready_editions,
    sample::{Extent, Loaded},
    server::{self, ServerLimits, StopSignals},
    service::{dossier_counting, idempotency, imports},
    store::{Store, migrate},
    telemetry,
    tokens::Tokens,
};

/// Runs the command; an error is a sentence for the person who called.
///
/// # Errors
/// The sentence.
pub fn run(cli: Cli) -> Result<(), String> {
    let unknown =
        crate::cli::unknown_variables(std::env::vars_os().map(|(k, _)| k.to_string_lossy().into_owned()));
    if !unknown.is_empty() {
        return Err(format!(
            "unknown environment variable: {} (`chiso help serve` lists those there are)",
            unknown.join(", ")
        ));
    }
    telemetry::init(cli.log_format, &cli.log);
    let done = command(cli.command);
    telemetry::flush();
    done
}

fn command(command: Command) -> Result<(), String> {
    match command {
        Command::Serve(options) => serve(&options),
        Command::Migrate(database) => {
            let done = migrate(&database)?;
            println!("{}: {} migrations run", database.database_url.redacted(), done);
            Ok(())
        }
        Command::Openapi => {
            print!("{}", openapi::text());
            Ok(())
        }
        Command::Sample(Sample::Load(database)) => {
            migrate(&database)?;
            let store = open(&database)?;
            in_runtime(async move {
                count(&store).await?;
                load_sample(&store).await
            })
        }
        Command::Check(Check::Statistics(options)) => check_statistics(&options),
        Command::Import(Import::Dossiers(options)) => {
            migrate(&options.database)?;
            let store = open(&options.database)?;
            in_runtime(async move {
                count(&store).await?;
                exchange::import_dossiers(&store, &options).await
            })
        }
        Command::Import(Import::Scores(options)) => {
            migrate(&options.database)?;
            let store = open(&options.database)?;
            in_runtime(async move { exchange::import_scores(&store, &options).await })
        }
        Command::Export(Export::Dossiers(options)) => {
            let store = open(&options.database)?;
            in_runtime(async move { exchange::export_dossiers(&store, &options).await })
        }
        Command::Keys(Keys::Create(options)) => {
            migrate(&options.database)?;
            let store = open(&options.database)?;
            in_runtime(async move { keys::create(&store, &options).await })
        }
        Command::Keys(Keys::List(database)) => {
            let store = open(&database)?;
            in_runtime(async move { keys::list(&store).await })
        }
        Command::Keys(Keys::Revoke(options)) => {
            let store = open(&options.database)?;
            in_runtime(async move { keys::revoke(&store, &options).await })
        }
        Command::Audit(Audit::Verify(options)) => {
            let store = open(&options.database)?;
            in_runtime(async move { background::verify_audit(&store, options.seal.as_deref()).await })
        }
        Command::Editions(Editions::List) => ready_editions::list(),
        Command::Editions(Editions::Load(options)) => {
            migrate(&options.database)?;
            let store = open(&options.database)?;
            in_runtime(async move { ready_editions::load(&store, &options).await })
        }
        Command::Healthcheck(options) => healthcheck(&options),
    }
}

/// Counts every dossier again; fails when the sums of the statistics differ and were not to be repaired.
fn check_statistics(options: &CheckStatistics) -> Result<(), String> {
    let store = open(&options.database)?;
    let failed = |e| format!("the dossiers could not be counted: {e:?}");
    in_runtime(async move {
        let recount = dossier_counting::recount(&store).await.map_err(failed)?;
        println!("{} dossiers counted, {} rows of sums compared", recount.dossiers, recount.rows);
        for d in &recount.differences {
            println!("differs: unit {}, {} from {}: {} cells", d.unit_id, d.grain, d.starts_on, d.cells);
        }
        match recount.differences.len() {
            0 => println!("the statistics are what the dossiers give"),
            n if options.repair => {
                dossier_counting::rebuild(&store).await.map_err(failed)?;
                println!("{n} rows differed; the sums were built anew");
            }
            n => {
                return Err(format!(
                    "{n} rows of sums differ from the dossiers; `--repair` builds them anew"
                ));
            }
        }
        Ok(())
    })
}

fn migrate(database: &Database) -> Result<usize, String> {
    migrate::run(&database.database_url).map(|done| done.len()).map_err(|e| at(database, &e))
}

fn open(database: &Database) -> Result<Store, String> {
    Store::open(&database.database_url, database.limits()).map_err(|e| at(database, &e))
}

/// Counts dossiers that were there before the sums of the statistics were.
async fn count(store: &Store) -> Result<(), String> {
    dossier_counting::count_what_was_there(store)
        .await
        .map_err(|e| format!("the dossiers could not be counted: {e:?}"))
}

fn at(database: &Database, error: &crate::store::StoreError) -> String {
    format!("{}: {error}", database.database_url.redacted())
}

fn in_runtime<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    actix_web::rt::System::new().block_on(work)
}

async fn load_sample(store: &Store) -> Result<(), String> {
    match crate::sample::load(store, Extent::All, Moment::now()).await {
        Ok(Loaded::Records(count)) => {
            println!("the sample is loaded: {count} records; its dossiers are synthetic")
        }
        Ok(Loaded::Nothing) => println!("the database holds data: the sample was not loaded"),
        Err(error) => return Err(format!("the sample could not be loaded: {error:?}")),
    }
    Ok(())
}

fn serve(options: &Serve) -> Result<(), String> {
    // Before the database is touched: what can't be used is refused and leaves nothing behind.
    let tokens = Tokens::from_options(&options.tokens, Moment::now())?;
    migrate(&options.database)?;
    let store = open(&options.database)?;
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let workers = options.workers.map_or(cores, |n| n as usize);
    let limits = ServerLimits {
        max_import: options.max_import_bytes,
        max_body: usize::try_from(options.max_body_bytes).unwrap_or(usize::MAX),
        workers,
        // Every connection can be busy at once, whichever worker its requests came to.
        blocking_threads: options.database.db_connections as usize + 2,
        shutdown_seconds: options.shutdown_seconds,
        webhooks_allow_private: options.follow.webhooks_allow_private,
        calls: options.calls.rules(options.sample),
    };
    in_runtime(async move {
        count(&store).await?;
        // Before the sample is loaded: a refusal leaves nothing behind.
        let (access, secret) = keys::access(&store, options, tokens).await?;
        if options.sample {
            load_sample(&store).await?;
        }
        drop(actix_web::rt::spawn(sweep(store.clone())));
        let signals = StopSignals::listen().map_err(|e| e.to_string())?;
        actix_web::rt::spawn(dossier_counting::keep_folding(store.clone()));
        let small_cells_withheld = access.min_cell.is_some();
        let bound = server::bind(store.clone(), Arc::new(Moment::now), access, &options.bind, limits)
            .map_err(|e| format!("{}: {e}", options.bind))?;
        let clock: Clock = Arc::new(Moment::now);
        let dispatcher = Dispatcher::new(
            store.clone(),
            clock,
            small_cells_withheld,
            options.follow.webhooks_allow_private,
        );
        drop(actix_web::rt::spawn(dispatcher.run(bound.stopping.subscribe())));
        drop(actix_web::rt::spawn(background::keep_sealing(store.clone(), bound.stopping.subscribe())));
        drop(actix_web::rt::spawn(background::keep_purging(store, options.follow.keep_changes_days)));
        announce(&bound.addresses, options.sample, secret.as_deref());
        server::serve(bound, signals).await.map_err(|e| e.to_string())
    })
}

/// Looks for imports whose process is gone, and for idempotency keys that are no longer kept, now and then.
async fn sweep(store: Store) {
    for round in 0_u64.. {
        if let Err(error) = imports::sweep(&store, Moment::now()).await {
            tracing::warn!(error = ?error, "imports could not be looked through");
        }
        if round.is_multiple_of(12)
            && let Err(error) = idempotency::purge(&store, Moment::now()).await
        {
            tracing::warn!(error = ?error, "old idempotency keys could not be taken away");
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

fn announce(addresses: &[std::net::SocketAddr], sample: bool, secret: Option<&str>) {
    let Some(address) = addresses.first() else { return };
    println!("Chiso serves on http://{address}");
    println!("  documentation  http://{address}/docs/");
    println!("  document       http://{address}/openapi.json");
    if sample {
        println!("  review         http://{address}/api/v1/reviews/gso-874/2020");
        println!("  ranking        http://{address}/api/v1/indexes/pci/rankings/2016");
    }
    if let Some(secret) = secret {
        println!("There is no key yet: this one is an administrator's until the service ends.");
        println!("  {secret}");
    }
}

fn healthcheck(options: &Healthcheck) -> Result<(), String> {
    let address = options.bind.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
    let ask = || -> std::io::Result<String> {
        let target =
            address.to_socket_addrs()?.next().ok_or_else(|| std::io::Error::other("no such address"))?;
        let mut stream = TcpStream::connect_timeout(&target, Duration::from_secs(3))?;
        stream.set_read_timeout(Some(Duration::from_secs(3)))?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|e| format!("{address}: {e}"))?;
    let status = answer.lines().next().unwrap_or_default();
    if status.contains(" 200 ") { Ok(()) } else { Err(format!("{address} is not ready: {status}")) }
}
