//! The service under load, from outside: `cargo bench --bench load`. `benches/README.md` says how to read it.

mod client;
mod database;
mod dossiers;
mod imports;
mod rankings;
mod report;
mod service;
mod suite;
mod workloads;
mod yardstick;

use std::{error::Error, process::ExitCode, time::Duration};

use client::Times;
use suite::Suite;

/// What can go wrong is told to the person who runs it.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What the environment asks for.
struct Settings {
    /// Seconds that each load is counted for: `CHISO_BENCH_SECONDS`.
    seconds: f64,
    /// Millions of dossiers to import and to read: `CHISO_BENCH_MILLIONS`.
    millions: u64,
    /// A PostgreSQL to run on instead of SQLite: `CHISO_BENCH_DATABASE_URL`.
    postgres: Option<String>,
    /// The parts to run, all of them when empty: `CHISO_BENCH_PARTS`.
    parts: Vec<Part>,
}

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Starts, memory, dossiers, lists and statistics.
    Reads,
    /// The published ranking.
    Published,
    /// New dossiers.
    Writes,
    /// Statistics while others write.
    Both,
    /// Rankings of the country.
    Country,
    /// The import of a file.
    Import,
}

impl Part {
    const NAMES: [(&'static str, Self); 6] = [
        ("reads", Self::Reads),
        ("published", Self::Published),
        ("writes", Self::Writes),
        ("both", Self::Both),
        ("country", Self::Country),
        ("import", Self::Import),
    ];

    fn named(name: &str) -> Result<Self> {
        let found = Self::NAMES.into_iter().find(|(known, _)| *known == name);
        found
            .map(|(_, part)| part)
            .ok_or_else(|| format!("CHISO_BENCH_PARTS: there is no part {name}").into())
    }
}

impl Settings {
    fn read() -> Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let number = |name: &str, otherwise: f64| -> Result<f64> {
            let Some(text) = variable(name) else { return Ok(otherwise) };
            let number = text.parse().map_err(|e| format!("{name}: {e}"))?;
            if (0.0..=3600.0).contains(&number) {
                Ok(number)
            } else {
                Err(format!("{name}: 0 to 3600").into())
            }
        };
        Ok(Self {
            seconds: number("CHISO_BENCH_SECONDS", 3.0)?.max(0.1),
            millions: number("CHISO_BENCH_MILLIONS", 0.0)? as u64,
            postgres: variable("CHISO_BENCH_DATABASE_URL"),
            parts: variable("CHISO_BENCH_PARTS")
                .map_or_else(|| Ok(Vec::new()), |names| names.split(',').map(Part::named).collect())?,
        })
    }
}

fn run() -> Result<()> {
    let settings = Settings::read()?;
    let times = Times { warm_up: Duration::from_secs(1), counted: Duration::from_secs_f64(settings.seconds) };
    let mut suite = Suite::new(settings.postgres, times, settings.parts)?;
    let small = suite.sample()?;
    suite.import(&small)?;
    if settings.millions > 0 {
        suite.millions(settings.millions, &small)?;
    }
    suite.print();
    Ok(())
}

fn main() -> ExitCode {
    let result = match std::env::args().nth(1).as_deref() {
        Some(yardstick::ARGUMENT) => yardstick::serve(),
        _ => run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
