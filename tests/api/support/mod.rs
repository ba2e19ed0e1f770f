//! What every test stands on: the registry of tests, a database each, the server, the client that checks each
//! answer against the OpenAPI document.

pub mod app;
pub mod client;
pub mod database;
pub mod indexes;
pub mod records;
pub mod schemas;
pub mod spec;
pub mod wrong;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use app::App;
use database::{Database, Kind};

/// What a test is given.
#[derive(Clone, Copy)]
pub enum Body {
    /// A running server on an empty, migrated database.
    App(fn(&App)),
    /// An empty database, not migrated.
    Database(fn(&Database)),
    /// Nothing.
    Plain(fn()),
}

/// A registered test.
pub struct Case {
    pub module: &'static str,
    pub name: &'static str,
    pub body: Body,
    /// The one database that the test is about; both when absent.
    pub only: Option<Kind>,
}

inventory::collect!(Case);

/// A test of the running service: `api_test!(name, |app| { … })`, or `name on Sqlite` where one database is meant.
macro_rules! api_test {
    ($name:ident, |$app:ident| $body:block) => {
        $crate::support::api_test!(@None, $name, |$app| $body);
    };
    ($name:ident on $kind:ident, |$app:ident| $body:block) => {
        $crate::support::api_test!(@Some($crate::support::database::Kind::$kind), $name, |$app| $body);
    };
    (@$only:expr, $name:ident, |$app:ident| $body:block) => {
        fn $name($app: &$crate::support::app::App) $body
        inventory::submit! {
            $crate::support::Case {
                module: module_path!(),
                name: stringify!($name),
                body: $crate::support::Body::App($name),
                only: $only,
            }
        }
    };
}
pub(crate) use api_test;

/// A test of a database that nothing has touched: `database_test!(name, |database| { … })`.
macro_rules! database_test {
    ($name:ident, |$database:ident| $body:block) => {
        $crate::support::database_test!(@None, $name, |$database| $body);
    };
    ($name:ident on $kind:ident, |$database:ident| $body:block) => {
        $crate::support::database_test!(@Some($crate::support::database::Kind::$kind), $name, |$database| $body);
    };
    (@$only:expr, $name:ident, |$database:ident| $body:block) => {
        fn $name($database: &$crate::support::database::Database) $body
        inventory::submit! {
            $crate::support::Case {
                module: module_path!(),
                name: stringify!($name),
                body: $crate::support::Body::Database($name),
                only: $only,
            }
        }
    };
}
pub(crate) use database_test;

/// A test without a database: `plain_test!(name, { … })`.
macro_rules! plain_test {
    ($name:ident, $body:block) => {
        fn $name() $body
        inventory::submit! {
            $crate::support::Case {
                module: module_path!(),
                name: stringify!($name),
                body: $crate::support::Body::Plain($name),
                only: None,
            }
        }
    };
}
pub(crate) use plain_test;

/// Runs the tests that the command line asks for.
pub fn run() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each test starts a server with threads of its own; connections to PostgreSQL stay few.
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    arguments.test_threads = Some(arguments.test_threads.unwrap_or(cores * 2).min(16));
    let listing = arguments.list;
    let postgres = database::postgres_url().is_some();
    if !postgres {
        eprintln!("PostgreSQL half skipped: {} is not set", database::POSTGRES_VARIABLE);
    }
    let run = (postgres && !listing).then(database::claim_run);
    let mut trials = Vec::new();
    for case in inventory::iter::<Case> {
        let name = format!("{}::{}", case.module.trim_start_matches("api::"), case.name);
        if let Body::Plain(test) = case.body {
            trials.push(Trial::test(name, move || {
                test();
                Ok(())
            }));
            continue;
        }
        for kind in [Kind::Sqlite, Kind::Postgres]
            .into_iter()
            .filter(|kind| case.only.is_none_or(|only| only == *kind))
        {
            let body = case.body;
            let trial = Trial::test(format!("{}::{name}", kind.name()), move || {
                on_database(kind, body);
                Ok(())
            });
            trials.push(trial.with_ignored_flag(kind == Kind::Postgres && !postgres));
        }
    }
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(run);
    conclusion.exit_code()
}

fn on_database(kind: Kind, body: Body) {
    match body {
        Body::App(test) => {
            let app = App::start(Database::migrated(kind));
            test(&app);
        }
        Body::Database(test) => test(&Database::empty(kind)),
        Body::Plain(test) => test(),
    }
}
