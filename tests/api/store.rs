//! The two migration trees, the schemas that they make, and the connections.

use std::collections::BTreeSet;

use chiso::store::{
    Conn, DatabaseUrl, Store, StoreError, StoreLimits, changes,
    conn::{Manager, Purpose},
    migrate, schema,
};
use diesel::{
    backend::Backend, connection::SimpleConnection, migration::MigrationSource, pg::Pg, prelude::*,
    sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::support::{
    api_test,
    database::{Database, Kind, lines},
    database_test, plain_test, schemas,
};

fn names<B: Backend>(tree: &EmbeddedMigrations) -> Vec<String> {
    let migrations = MigrationSource::<B>::migrations(tree).unwrap();
    let mut names: Vec<String> = migrations.iter().map(|migration| migration.name().to_string()).collect();
    names.sort();
    names
}

plain_test!(both_trees_have_the_same_migrations, {
    let sqlite = names::<Sqlite>(&migrate::SQLITE);
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names::<Pg>(&migrate::POSTGRES));
    for tree in ["sqlite", "postgres"] {
        let folder = std::fs::read_dir(format!("migrations/{tree}")).unwrap();
        let mut folders: Vec<String> = folder
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        folders.sort();
        assert_eq!(folders, sqlite, "{tree}: all are embedded");
    }
});

fn up(conn: &mut Conn) {
    match conn {
        Conn::Sqlite(conn) => conn.run_next_migration(migrate::SQLITE).map(|_| ()).unwrap(),
        Conn::Postgres(conn) => conn.run_next_migration(migrate::POSTGRES).map(|_| ()).unwrap(),
    }
}

fn down(conn: &mut Conn) {
    match conn {
        Conn::Sqlite(conn) => conn.revert_last_migration(migrate::SQLITE).map(|_| ()).unwrap(),
        Conn::Postgres(conn) => conn.revert_last_migration(migrate::POSTGRES).map(|_| ()).unwrap(),
    }
}

database_test!(each_migration_goes_down_to_what_was_before_and_up_again, |database| {
    let mut conn = database.connect();
    let count = names::<Sqlite>(&migrate::SQLITE).len();
    let mut before = schemas::describe(&mut conn);
    for number in 1..=count {
        up(&mut conn);
        let after = schemas::describe(&mut conn);
        assert_ne!(after, before, "migration {number} does nothing");
        down(&mut conn);
        assert_eq!(schemas::describe(&mut conn), before, "down of migration {number}");
        up(&mut conn);
        assert_eq!(schemas::describe(&mut conn), after, "up again of migration {number}");
        before = after;
    }
    for _ in 0..count {
        down(&mut conn);
    }
    assert!(schemas::describe(&mut conn).is_empty());
});

database_test!(migrating_again_does_nothing, |database| {
    let count = names::<Sqlite>(&migrate::SQLITE).len();
    assert_eq!(migrate::run(&database.url).unwrap().len(), count);
    assert_eq!(migrate::run(&database.url).unwrap().len(), 0);
});

// The race is for a moment: on SQLite instances met in the switch of a new file to WAL once in many starts.
database_test!(instances_that_migrate_at_once_do_not_race, |database| {
    let count = names::<Sqlite>(&migrate::SQLITE).len();
    let others: Vec<Database> = (0..5).map(|_| Database::empty(database.kind)).collect();
    for database in others.iter().chain([database]) {
        let barrier = std::sync::Barrier::new(4);
        let done: Vec<Result<usize, String>> = std::thread::scope(|scope| {
            let start = || {
                barrier.wait();
                migrate::run(&database.url).map(|done| done.len()).map_err(|error| error.to_string())
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let done: Vec<usize> = done.into_iter().collect::<Result<_, _>>().unwrap();
        assert_eq!(done.iter().sum::<usize>(), count, "{done:?}");
    }
});

database_test!(a_database_whose_migrations_are_pending_is_not_current, |database| {
    let mut conn = database.connect();
    for _ in names::<Sqlite>(&migrate::SQLITE) {
        up(&mut conn);
    }
    assert!(migrate::is_current(&mut conn).unwrap());
    down(&mut conn);
    assert!(!migrate::is_current(&mut conn).unwrap());
});

// On PostgreSQL, where both schemas can be had.
database_test!(both_schemas_are_equal on Postgres, |database| {
    migrate::run(&database.url).unwrap();
    let postgres = schemas::describe(&mut database.connect());
    let sqlite = schemas::describe(&mut Database::migrated(Kind::Sqlite).connect());
    assert!(postgres.len() > 100, "{postgres:?}");
    let only = |of: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
        of.difference(other).cloned().collect()
    };
    assert_eq!(only(&postgres, &sqlite), [""; 0], "only on PostgreSQL");
    assert_eq!(only(&sqlite, &postgres), [""; 0], "only on SQLite");
});

database_test!(text_of_postgres_is_compared_by_bytes on Postgres, |database| {
    migrate::run(&database.url).unwrap();
    let otherwise = database.lines(
        "SELECT (table_name || '.' || column_name)::text AS line FROM information_schema.columns \
         WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
    );
    assert_eq!(otherwise, [""; 0]);
});

database_test!(a_lost_connection_does_not_hide_the_state on Postgres, |database| {
    migrate::run(&database.url).unwrap();
    // Named, so that its connections are found among those of the other tests.
    let name = format!("chiso-observed-{}", std::process::id());
    let url = format!("{}&application_name={name}", database.url_text()).parse().unwrap();
    let store = Store::open(&url, StoreLimits::default()).unwrap();
    let system = actix_web::rt::System::new();
    let state = || system.block_on(store.state());
    assert_eq!(state(), state());
    let own = format!("FROM pg_stat_activity WHERE application_name = '{name}'");
    for _ in 0..3 {
        let ended = database.lines(&format!("SELECT pg_terminate_backend(pid)::text AS line {own}"));
        assert!(ended.contains(&"true".to_owned()), "{ended:?}");
        while !database.lines(&format!("SELECT pid::text AS line {own}")).is_empty() {}
        assert!(state().is_some());
    }
});

database_test!(two_connections_read_one_state_or_one_alone on Sqlite, |database| {
    migrate::run(&database.url).unwrap();
    let store = Store::open(&database.url, StoreLimits::default()).unwrap();
    let changed = "INSERT INTO changes (at, actor, resource, record_id, action) VALUES (0, 'x', 'units', 'x', 'create')";
    let mut writer = database.connect();
    let beside = |write: Box<dyn FnOnce() + Send>| {
        let other = store.clone();
        let read = store.read(move |conn| {
            let before = changes::end(conn)?;
            write();
            let both = other.beside(conn, |conn, other| Ok::<_, StoreError>((changes::end(conn)?, other.is_some())))?;
            Ok::<_, StoreError>((before == both.0, both.1))
        });
        actix_web::rt::System::new().block_on(read).unwrap()
    };
    assert_eq!(beside(Box::new(|| ())), (true, true));
    // What was written in between is seen by neither: the other connection would have it, and is not used.
    assert_eq!(beside(Box::new(move || writer.batch_execute(changed).unwrap())), (true, false));
    assert_eq!(beside(Box::new(|| ())), (true, true));
});

database_test!(who_asks_at_once_is_told_of_every_write_before, |database| {
    migrate::run(&database.url).unwrap();
    let store = Store::open(&database.url, StoreLimits::default()).unwrap();
    let mut other = database.connect();
    let system = actix_web::rt::System::new();
    let states = || system.block_on(futures_util::future::join_all((0..16).map(|_| store.state())));
    for _ in 0..20 {
        let before = states();
        other.batch_execute("UPDATE unit_tree SET version = version + 1").unwrap();
        for after in states() {
            assert!(after.is_some() && !before.contains(&after), "{after:?} after {before:?}");
        }
    }
});

macro_rules! select_all {
    ($conn:expr, $($table:ident),+ $(,)?) => {{
        let mut known = BTreeSet::new();
        $(
            let query = schema::$table::table.select(schema::$table::all_columns);
            let result = match $conn {
                Conn::Sqlite(conn) => query.execute(conn),
                Conn::Postgres(conn) => query.execute(conn),
            };
            result.unwrap_or_else(|error| panic!("{}: {error}", stringify!($table)));
            let columns: Vec<String> = schemas::columns($conn, stringify!($table));
            let named = diesel::debug_query::<Sqlite, _>(&schema::$table::table.select(schema::$table::all_columns)).to_string();
            let named = named.split(" FROM ").next().unwrap().matches(stringify!($table)).count();
            assert_eq!(named, columns.len(), "columns of {}", stringify!($table));
            known.insert(stringify!($table).to_owned());
        )+
        known
    }};
}

api_test!(the_tables_of_the_code_are_those_of_the_database, |app| {
    let mut conn = app.database.connect();
    let known = select_all!(
        &mut conn,
        changes,
        api_keys,
        api_key_secrets,
        unit_tree,
        units,
        unit_successors,
        unit_former_parents,
        unit_states,
        dossiers,
        dossier_sums,
        dossier_tail,
        dossier_uncounted,
        indexes,
        editions,
        edition_units,
        edition_revisions,
        edition_revision_cohorts,
        edition_revision_scores,
        index_scores,
        commendations,
        commendation_recipients,
        reported_figures,
        improvement_actions,
        imports,
        import_rows,
        calendars,
        calendar_versions,
        procedures,
        form_reports,
        returns,
        clock_rules,
        idempotency_claims,
        audit_seals,
        webhooks,
        webhook_deliveries,
    );
    let there: BTreeSet<String> = crate::support::database::tables(&mut conn).into_iter().collect();
    assert_eq!(there, known, "each table is in `store::schema`, and here");
});

api_test!(connections_of_sqlite_are_set_up_for_durability on Sqlite, |app| {
    for (purpose, query_only) in [(Purpose::Read, "1"), (Purpose::ReadHere, "1"), (Purpose::Write, "0")] {
        let mut conn = Manager { url: app.database.url.clone(), purpose }.open().unwrap();
        for (pragma, want) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("foreign_keys", "1"),
            ("trusted_schema", "0"),
            ("query_only", query_only),
        ] {
            let got =
                lines(&mut conn, &format!("SELECT CAST({pragma} AS TEXT) AS line FROM pragma_{pragma}"));
            assert_eq!(got, [want], "{pragma} of {purpose:?}");
        }
    }
});

api_test!(reading_can_not_write, |app| {
    let store = app.store.clone();
    let result: Result<(), StoreError> = actix_web::rt::System::new()
        .block_on(async move { store.read(|conn| Ok(conn.batch_execute("DELETE FROM units")?)).await });
    let why = result.unwrap_err().to_string();
    assert!(why.contains("readonly") || why.contains("read-only"), "{why}");
});

api_test!(foreign_keys_hold_below_the_rules, |app| {
    let orphan = "INSERT INTO edition_units (index_code, year, unit_id) VALUES ('x', 2020, 'nowhere')";
    let store = app.store.clone();
    let result: Result<(), StoreError> = actix_web::rt::System::new()
        .block_on(async move { store.write(move |conn| Ok(conn.batch_execute(orphan)?)).await });
    assert!(matches!(result, Err(StoreError::ForeignKey)), "{result:?}");
    assert!(app.database.dump()["edition_units"].is_empty());
});

plain_test!(an_unknown_scheme_is_refused_and_makes_no_file, {
    for url in ["mysql://host/db", "chiso.db", "'sqlite://x.db'", "file:x.db", "sqlite:x.db"] {
        let why = url.parse::<DatabaseUrl>().unwrap_err();
        assert!(why.contains("scheme"), "{why}");
    }
});

plain_test!(an_unreachable_database_keeps_its_reason, {
    let reason = |url: &str| {
        let url: DatabaseUrl = url.parse().unwrap();
        let opened = Store::open(&url, StoreLimits::default()).expect_err("nothing is there").to_string();
        let migrated = migrate::run(&url).unwrap_err().to_string();
        (opened, migrated)
    };
    let (opened, migrated) = reason("postgres://user:s3cret@127.0.0.1:1/chiso");
    for why in [opened, migrated] {
        assert!(why.contains("Connection refused"), "{why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
    let (opened, _) = reason("sqlite:///nowhere/at/all/chiso.db");
    assert!(opened.contains("unable to open database file"), "{opened}");
});

database_test!(a_wrong_password_is_named_as_the_reason on Postgres, |database| {
    let url = database.url_text();
    let (before, place) = url.rsplit_once('@').expect("the URL of the tests names a user and a password");
    let (user, _) = before.rsplit_once(':').expect("the URL of the tests has a password");
    let wrong = format!("{user}:wrong@{place}").parse().unwrap();
    let why = Store::open(&wrong, StoreLimits::default()).err().unwrap().to_string();
    assert!(why.contains("password authentication failed"), "{why}");
});

database_test!(tls_is_used_where_the_url_asks_for_it on Postgres, |database| {
    let used = database.lines("SELECT ssl::text AS line FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    // A URL that leaves it open gets TLS where the server has it.
    let has_tls = database.lines("SELECT current_setting('ssl') AS line") == ["on"];
    let asked = database.url_text().contains("sslmode=require");
    assert!(has_tls || !asked, "sslmode=require on a server without TLS");
    assert_eq!(used, [has_tls.to_string()]);
});
