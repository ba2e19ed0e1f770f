//! Reads that must be fast and right at once: the walks of lists, reads on the worker's thread, kept answers.

use chiso::store::{
    Conn, Store, StoreError, dossiers,
    list::{self, After, Filter, Request, Sort, Test, Value},
};
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::{
    api_test,
    database::Kind,
    records::{DOSSIERS, UNITS, dossier, unit, with},
};

fn filter(column: &'static str, test: Test, value: Value) -> Filter {
    Filter { column, test, value }
}

/// The list of a unit in a range of days: the first page, and one that goes on behind a record.
fn walks_of_a_range(descending: bool) -> Vec<Request> {
    let filters = vec![
        filter("unit_id", Test::Is, Value::Text("u".to_owned())),
        filter("accepted_at", Test::AtLeast, Value::BigInt(1)),
        filter("accepted_at", Test::Below, Value::BigInt(9)),
    ];
    let after = After { value: Some(Value::BigInt(5)), key: "k".to_owned() };
    let sort = Sort { column: "accepted_at", descending };
    [None, Some(after)]
        .map(|after| Request { filters: filters.clone(), sort, after, limit: 50 })
        .into_iter()
        .collect()
}

fn steps(conn: &mut Conn, request: &Request) -> Vec<String> {
    list::plan(conn, dossiers::TABLE, request).unwrap()
}

api_test!(a_list_by_unit_and_days_walks_its_index_on_every_page, |app| {
    let mut conn = app.database.connect();
    if app.database.kind == Kind::Postgres {
        // On empty tables every plan is cheap; these settings tell which are possible.
        conn.batch_execute(
            "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; \
             SET enable_incremental_sort = off",
        )
        .unwrap();
    }
    for descending in [false, true] {
        for request in walks_of_a_range(descending) {
            assert!(list::is_short(dossiers::TABLE, &request));
            let plan = steps(&mut conn, &request).join("\n");
            assert!(plan.contains("dossiers_by_unit_accepted"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
            if app.database.kind == Kind::Sqlite {
                let bounds = match (descending, request.after.is_some()) {
                    (_, false) => "(unit_id=? AND accepted_at>? AND accepted_at<?)",
                    (true, true) => "(unit_id=? AND accepted_at>? AND (accepted_at,code)<(?,?))",
                    (false, true) => "(unit_id=? AND (accepted_at,code)>(?,?) AND accepted_at<?)",
                };
                assert!(plan.contains(bounds), "{plan}");
            } else {
                assert!(plan.contains("Index Cond"), "{plan}");
            }
        }
    }
});

api_test!(only_walks_along_an_index_are_short, |app| {
    let by = |column, filters: Vec<Filter>| {
        let sort = Sort { column, descending: true };
        list::is_short(dossiers::TABLE, &Request { filters, sort, after: None, limit: 50 })
    };
    let unit = || filter("unit_id", Test::Is, Value::Text("u".to_owned()));
    let field = || filter("field", Test::Is, Value::Text("f".to_owned()));
    assert!(by("code", vec![]) && by("code", vec![unit()]));
    assert!(by("accepted_at", vec![]) && by("accepted_at", vec![unit()]));
    assert!(!by("code", vec![field()]) && !by("accepted_at", vec![unit(), field()]));
    assert!(!by("due_at", vec![]) && !by("due_at", vec![unit()]));
    // What is called short must not sort or go through the whole table.
    if app.database.kind == Kind::Sqlite {
        let mut conn = app.database.connect();
        for column in ["code", "accepted_at"] {
            for filters in [vec![], vec![unit()]] {
                let sort = Sort { column, descending: false };
                let plan = steps(&mut conn, &Request { filters, sort, after: None, limit: 50 });
                assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
                let scan = |step: &&String| step.starts_with("SCAN") && !step.contains("USING INDEX");
                assert_eq!(plan.iter().find(scan), None, "{plan:?}");
            }
        }
    }
});

fn here<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = store.clone();
    actix_web::rt::System::new().block_on(async move { store.read_here(work).await })
}

api_test!(reads_on_the_thread_that_asks_can_not_write_and_outlive_a_panic, |app| {
    let why = here(&app.store, |conn| Ok(conn.batch_execute("DELETE FROM units")?)).unwrap_err().to_string();
    assert!(why.contains("readonly") || why.contains("read-only"), "{why}");
    let panicked = here::<()>(&app.store, |_| panic!("a defect"));
    assert!(matches!(panicked, Err(StoreError::Panicked)), "{panicked:?}");
    assert_eq!(here(&app.store, |_| Ok(7)).unwrap(), 7);
});

api_test!(reads_on_one_thread_keep_stores_apart, |app| {
    let other =
        crate::support::app::App::start(crate::support::database::Database::migrated(app.database.kind));
    app.make_units(&["a"]);
    let count = |store: &Store| here(store, |conn| chiso::store::units::exists(conn, "a")).unwrap();
    assert!(count(&app.store) && !count(&other.store) && count(&app.store));
});

const STATISTICS: &str = "/api/v1/dossier-statistics?unit_id=u&period=2021";
const REVIEW: &str = "/api/v1/reviews/u/2021";
const FORM: &str = "/api/v1/reports/form-06a?unit_id=u&period=2021";

api_test!(a_computed_answer_follows_every_write, |app| {
    app.make_units(&["u"]);
    let received = || app.get(STATISTICS).expect(200).json["total"]["received"]["total"].clone();
    for number in 0..3 {
        assert_eq!((received(), received()), (json!(number), json!(number)));
        let record = with(
            dossier(&format!("D-{number}"), "u"),
            json!({"accepted_at": "2021-01-02T08:00:00+07:00", "due_at": "2021-01-04T17:00:00+07:00"}),
        );
        app.post(DOSSIERS, &record).expect(201);
    }
    assert_eq!(app.get(REVIEW).expect(200).json["dossiers"]["total"]["received"]["total"], 3);
    app.delete(&format!("{DOSSIERS}/D-0")).expect(204);
    assert_eq!(received(), 2);
    assert_eq!(app.get(REVIEW).expect(200).json["dossiers"]["total"]["received"]["total"], 2);
});

api_test!(a_computed_answer_follows_a_write_of_another_process, |app| {
    app.make_units(&["u"]);
    let name = |path: &str| app.get(path).expect(200).json["unit_name"].clone();
    let mut conn = app.database.connect();
    for new in ["Một", "Hai", "Ba"] {
        for path in [REVIEW, FORM] {
            assert_eq!(name(path), name(path));
        }
        conn.batch_execute(&format!("UPDATE units SET name = '{new}' WHERE id = 'u'")).unwrap();
        for path in [REVIEW, FORM] {
            assert_eq!((name(path), name(path)), (json!(new), json!(new)));
        }
    }
});

api_test!(a_computed_answer_ends_with_its_day, |app| {
    app.make_units(&["u"]);
    let record = with(
        dossier("D", "u"),
        json!({"accepted_at": "2021-01-02T08:00:00+07:00", "due_at": "2021-01-05T17:00:00+07:00", "status": 4}),
    );
    app.post(DOSSIERS, &record).expect(201);
    app.set_now("2021-01-05T23:59:00+07:00");
    let (first, again) = (app.get(STATISTICS).expect(200), app.get(STATISTICS).expect(200));
    assert_eq!(first.json["judged_at"], "2021-01-05");
    assert_eq!((first.json.clone(), first.etag()), (again.json.clone(), again.etag()));
    app.set_now("2021-01-06T00:00:00+07:00");
    let next = app.get(STATISTICS).expect(200);
    assert_eq!(
        (next.json["judged_at"].clone(), next.json["total"]["open"]["overdue"].clone()),
        (json!("2021-01-06"), json!(1))
    );
    assert_ne!(next.etag(), again.etag());
    app.ask("GET", STATISTICS).header("if-none-match", next.etag()).send().expect(304);
    app.ask("GET", STATISTICS).header("if-none-match", again.etag()).send().expect(200);
});

api_test!(a_problem_is_told_anew_in_the_language_asked_for, |app| {
    let path = "/api/v1/dossier-statistics?unit_id=nowhere&period=2021";
    let detail = |language: &str| {
        let answer = app.ask("GET", path).header("accept-language", language).send().expect(404);
        answer.json["detail"].clone()
    };
    assert_ne!(detail("vi"), detail("en"));
    app.post(UNITS, &unit("nowhere")).expect(201);
    app.get(path).expect(200);
});

api_test!(the_tag_of_a_page_changes_with_its_records_and_their_outcomes, |app| {
    app.make_units(&["u"]);
    let record = with(
        dossier("D", "u"),
        json!({"accepted_at": "2021-01-02T08:00:00+07:00", "due_at": "2021-01-05T17:00:00+07:00", "status": 4}),
    );
    let tag = || app.get(DOSSIERS).expect(200).etag();
    let none = tag();
    app.post(DOSSIERS, &record).expect(201);
    let one = tag();
    assert_eq!(one, tag());
    app.ask("GET", DOSSIERS).header("if-none-match", one.clone()).send().expect(304);
    app.set_now("2021-01-06T00:00:00+07:00");
    let overdue = tag();
    app.patch(&format!("{DOSSIERS}/D"), &json!({"field": "Đất đai"})).expect(200);
    let changed = tag();
    let counted = app.get(&format!("{DOSSIERS}?with_total=true")).expect(200).etag();
    let all = [none, one, overdue, changed, counted];
    for (i, tag) in all.iter().enumerate() {
        assert!(!all.iter().skip(i + 1).any(|other| other == tag), "{all:?}");
    }
});
