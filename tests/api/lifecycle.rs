//! The program itself: its commands, its stop, and what survives a crash.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::Value;

use crate::support::{
    app::KEY,
    client::Client,
    database::Database,
    database_test, plain_test,
    records::{UNITS, unit},
};

pub fn chiso(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chiso"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHISO_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

pub fn finished(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running `chiso serve`; killed when dropped.
pub struct Served {
    pub child: Child,
    pub client: Client,
}

impl Served {
    pub fn start(database: &Database) -> Self {
        Self::with(database, |_| {})
    }

    /// With more variables or options.
    pub fn with(database: &Database, more: impl FnOnce(&mut Command)) -> Self {
        let mut command = chiso(&["serve", "--bind", "127.0.0.1:0", "--log", "error"]);
        command.args(["--db-connections", "3", "--rate-limit", "0"]);
        command.env("CHISO_DATABASE_URL", database.url_text()).env("CHISO_BOOTSTRAP_KEY", KEY);
        more(&mut command);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut first).unwrap();
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let address = first.trim().rsplit("http://").next().unwrap();
        let client = Client::new(address.parse().unwrap_or_else(|_| panic!("no address in `{first}`")));
        Self { child, client }
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes from several threads until the service goes away; gives the ids that it acknowledged.
fn write_until_gone(served: &mut Served, signal: &str) -> Vec<String> {
    let (written, gone) = (AtomicUsize::new(0), AtomicBool::new(false));
    let address = served.client.address;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (written, gone) = (&written, &gone);
                scope.spawn(move || {
                    let client = Client::new(address);
                    let mut acknowledged = Vec::new();
                    for n in 0..100_000 {
                        let id = format!("u-{writer}-{n}");
                        match client.try_post(UNITS, &unit(&id)) {
                            Some(201) => acknowledged.push(id),
                            Some(503) => {}
                            Some(status) => panic!("{status}"),
                            None => break,
                        }
                        written.fetch_add(1, Ordering::SeqCst);
                    }
                    gone.store(true, Ordering::SeqCst);
                    acknowledged
                })
            })
            .collect();
        while written.load(Ordering::SeqCst) < 100 && !gone.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        served.signal(signal);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    })
}

fn all_ids(client: &Client) -> Vec<String> {
    let mut ids = Vec::new();
    let mut path = format!("{UNITS}?limit=500");
    loop {
        let page = client.get(&path).expect(200);
        ids.extend(page.each("id").into_iter().map(str::to_owned));
        match page.json["next_cursor"].as_str() {
            Some(cursor) => path = format!("{UNITS}?limit=500&cursor={cursor}"),
            None => return ids,
        }
    }
}

fn nothing_is_lost(database: &Database, acknowledged: &[String]) {
    assert!(acknowledged.len() >= 90, "{}", acknowledged.len());
    let again = Served::start(database);
    let there: std::collections::HashSet<String> = all_ids(&again.client).into_iter().collect();
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !there.contains(*id)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let entries = database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM changes");
    assert_eq!(entries, [there.len().to_string()], "one entry of the change log for each");
}

database_test!(sigterm_under_load_loses_no_acknowledged_write, |database| {
    let mut served = Served::start(database);
    let acknowledged = write_until_gone(&mut served, "-TERM");
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
    nothing_is_lost(database, &acknowledged);
});

database_test!(kill_under_load_loses_no_acknowledged_write, |database| {
    let mut served = Served::start(database);
    let acknowledged = write_until_gone(&mut served, "-KILL");
    assert!(!served.child.wait().unwrap().success());
    nothing_is_lost(database, &acknowledged);
});

database_test!(sigint_stops_it_too, |database| {
    let mut served = Served::start(database);
    served.client.get("/health/ready").expect(200);
    served.signal("-INT");
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
});

database_test!(migrate_tells_how_many_and_hides_the_password, |database| {
    let url = database.url_text();
    for want in ["8 migrations run", "0 migrations run"] {
        let (code, out, error) = finished(&mut chiso(&["migrate", "--database-url", &url]));
        assert_eq!(code, Some(0), "{error}");
        let count = chiso::store::migrate::SQLITE;
        let migrations =
            diesel::migration::MigrationSource::<diesel::sqlite::Sqlite>::migrations(&count).unwrap();
        let want = want.replace('8', &migrations.len().to_string());
        assert!(out.trim_end().ends_with(&want), "{out}");
        assert!(!out.contains(":chiso@") && !error.contains(":chiso@"), "{out}{error}");
    }
});

database_test!(healthcheck_tells_by_its_exit_code, |database| {
    let served = Served::start(database);
    let address = served.client.address.to_string();
    let (code, _, error) = finished(&mut chiso(&["healthcheck", "--bind", &address]));
    assert_eq!(code, Some(0), "{error}");
    drop(served);
    let (code, _, error) = finished(&mut chiso(&["healthcheck", "--bind", &address]));
    assert_eq!(code, Some(1));
    assert!(error.contains(&address), "{error}");
});

plain_test!(openapi_prints_the_document, {
    let (code, out, _) = finished(&mut chiso(&["openapi"]));
    assert_eq!(code, Some(0));
    assert_eq!(out, chiso::http::openapi::text());
});

plain_test!(an_unknown_variable_is_an_error_that_names_it, {
    let mut command = chiso(&["openapi"]);
    let (code, out, error) = finished(command.env("CHISO_DATABASE", "x").env("CHISO_BINDD", "y"));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(error.contains("CHISO_BINDD, CHISO_DATABASE"), "{error}");
    let (code, ..) = finished(chiso(&["openapi"]).env("CHISO_TEST_ANYTHING", "x"));
    assert_eq!(code, Some(0));
});

plain_test!(an_unknown_scheme_is_an_error_and_makes_no_file, {
    let directory = tempfile::tempdir().unwrap();
    for url in ["mysql://host/db", "chiso.db", "\"sqlite://chiso.db\""] {
        for subcommand in ["serve", "migrate"] {
            let mut command = chiso(&[subcommand, "--database-url", url]);
            let (code, _, error) = finished(command.current_dir(directory.path()));
            assert_eq!(code, Some(2), "{error}");
            assert!(error.contains("scheme"), "{error}");
        }
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
});

plain_test!(an_unreachable_database_is_an_error_with_its_reason, {
    let url = "postgres://user:s3cret@127.0.0.1:1/chiso";
    let (code, _, error) = finished(&mut chiso(&["serve", "--database-url", url]));
    assert_eq!(code, Some(1));
    assert!(error.contains("Connection refused") && !error.contains("s3cret"), "{error}");
});

plain_test!(every_option_has_a_variable_and_says_its_default, {
    let (code, help, _) = finished(&mut chiso(&["serve", "--help"]));
    assert_eq!(code, Some(0));
    for variable in
        ["CHISO_BIND", "CHISO_DATABASE_URL", "CHISO_DB_CONNECTIONS", "CHISO_WRITE_QUEUE", "CHISO_LOG_FORMAT"]
    {
        assert!(help.contains(variable), "{variable}");
    }
    assert!(help.contains("[default: 127.0.0.1:8080]"));
});

database_test!(the_log_names_the_route_and_no_code_or_query, |database| {
    let mut child =
        chiso(&["serve", "--bind", "127.0.0.1:0", "--log-format", "json", "--db-connections", "2"])
            .env("CHISO_DATABASE_URL", database.url_text())
            .env("CHISO_BOOTSTRAP_KEY", KEY)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let client = Client::new(first.trim().rsplit("http://").next().unwrap().parse().unwrap());
    let served = Served { child, client };
    let ask = served.client.ask("GET", "/api/v1/units/secret-id");
    ask.header("x-request-id", "the-id").send().expect(404);
    served.client.get("/api/v1/units?q=secret-text").expect(200);
    served.signal("-TERM");
    let mut served = served;
    let log = std::io::read_to_string(served.child.stderr.take().unwrap()).unwrap();
    assert!(!log.contains("secret"), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line =
        lines.iter().find(|line| line["span"]["request_id"] == "the-id").unwrap_or_else(|| panic!("{log}"));
    assert_eq!(line["route"], "/api/v1/units/{id}");
    assert_eq!(line["status"], 404);
    assert_eq!(line["method"], "GET");
    assert!(line["duration_ms"].is_number());
});
