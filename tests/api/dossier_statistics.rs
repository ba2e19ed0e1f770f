//! Statistics against a recount by hand, over random histories that are written through the interface.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Duration, FixedOffset, NaiveDate};
use diesel::connection::SimpleConnection;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde_json::{Value, json};

use chiso::service::dossier_counting;

use crate::support::{
    api_test,
    app::App,
    client::encoded,
    records::{DOSSIERS, UNITS, dossier, with},
};

const STATISTICS: &str = "/api/v1/dossier-statistics";

fn make_tree(app: &App) {
    app.post(UNITS, &json!({"id": "d", "name": "Huyện D", "level": "district"})).expect(201);
    for id in ["c1", "c2"] {
        app.post(UNITS, &json!({"id": id, "name": id, "level": "commune", "parent_id": "d"})).expect(201);
    }
    app.post(UNITS, &json!({"id": "elsewhere", "name": "Nơi khác", "level": "commune"})).expect(201);
}

api_test!(a_year_is_judged_at_its_end_and_a_running_one_at_today, |app| {
    make_tree(app);
    app.post(
        DOSSIERS,
        &with(
            dossier("A", "c1"),
            json!({"accepted_at": "2020-12-28T08:00:00+07:00", "due_at": "2020-12-31T17:00:00+07:00"}),
        ),
    )
    .expect(201);
    app.post(
        DOSSIERS,
        &with(
            dossier("B", "c1"),
            json!({"accepted_at": "2020-12-28T08:00:00+07:00", "due_at": "2021-01-04T17:00:00+07:00"}),
        ),
    )
    .expect(201);
    app.post(
        DOSSIERS,
        &with(dossier("C", "c1"), json!({"accepted_at": "2020-12-28T08:00:00+07:00", "due_at": null})),
    )
    .expect(201);
    let open = |query: &str| {
        let answer = app.get(&format!("{STATISTICS}?unit_id=d&{query}")).expect(200).json;
        (answer["judged_at"].as_str().unwrap().to_owned(), answer["total"]["open"].clone())
    };
    // The year 2020 is over: due on its last day and unfinished is overdue.
    assert_eq!(
        open("period=2020"),
        ("2020-12-31".to_owned(), json!({"total": 3, "within_term": 1, "overdue": 1, "no_due_date": 1}))
    );
    // Today is 4 January 2021: what is due today is still within term.
    assert_eq!(
        open("period=2021"),
        ("2021-01-04".to_owned(), json!({"total": 3, "within_term": 1, "overdue": 1, "no_due_date": 1}))
    );
    app.set_now("2021-01-05T00:00:00+07:00");
    assert_eq!(
        open("period=2021"),
        ("2021-01-05".to_owned(), json!({"total": 3, "within_term": 0, "overdue": 2, "no_due_date": 1}))
    );
    // As of an earlier day nothing is overdue yet.
    assert_eq!(
        open("period=2020&as_of=2020-12-30"),
        ("2020-12-30".to_owned(), json!({"total": 3, "within_term": 2, "overdue": 0, "no_due_date": 1}))
    );
    assert_eq!(open("period=2020&as_of=2020-12-27").1["total"], 0);
});

api_test!(what_is_asked_wrongly_is_named, |app| {
    make_tree(app);
    for (query, status, pointer, code) in [
        ("period=2020", 400, "unit_id", "required"),
        ("unit_id=d", 400, "period", "period_or_days"),
        ("unit_id=d&period=2020&from=2020-01-01", 400, "period", "period_or_days"),
        ("unit_id=d&period=2020-13", 400, "period", "not_a_period"),
        ("unit_id=d&from=2020-12-31&to=2020-01-01", 400, "to", "before_from"),
        ("unit_id=d&from=2020-13-01&to=2020-12-31", 400, "from", "wrong_type"),
        ("unit_id=d&period=2020&group_by=colour", 400, "group_by", "unknown_grouping"),
        ("unit_id=d&period=2020&group_by=unit,unit", 400, "group_by", "unknown_grouping"),
        ("unit_id=d&period=2020&calendar=lunar", 400, "calendar", "unknown_word"),
        ("unit_id=d&period=2020&colour=red", 400, "colour", "unknown_parameter"),
    ] {
        let answer = app.get(&format!("{STATISTICS}?{query}")).expect(status);
        assert_eq!(answer.violations(), [(pointer, code)], "{query}");
    }
    assert_eq!(app.get(&format!("{STATISTICS}?unit_id=nowhere&period=2020")).expect(404).code(), "not_found");
});

api_test!(what_no_day_of_a_period_can_tell_yet_is_refused, |app| {
    const FORM: &str = "/api/v1/reports/form-06a";
    make_tree(app);
    app.post(DOSSIERS, &dossier("A", "c1")).expect(201);
    // Today is 4 January 2021: A is open, and nobody knows whether it will be when 2022 begins.
    for (path, pointer, code) in [
        (format!("{STATISTICS}?unit_id=d&period=2022"), "period", "period_not_begun"),
        (format!("{STATISTICS}?unit_id=d&period=2022&as_of=2021-01-04"), "period", "period_not_begun"),
        (format!("{STATISTICS}?unit_id=d&period=2022&group_by=month"), "period", "period_not_begun"),
        (format!("{STATISTICS}?unit_id=d&period=2022&group_by=procedure"), "period", "period_not_begun"),
        (format!("{STATISTICS}?unit_id=d&from=2021-01-05&to=2021-01-31"), "from", "period_not_begun"),
        (format!("{STATISTICS}?unit_id=d&period=2020&as_of=2019-12-31"), "as_of", "before_period"),
        (format!("{FORM}?unit_id=d&period=2022"), "period", "period_not_begun"),
        (format!("{FORM}?unit_id=d&period=2021-02&format=csv"), "period", "period_not_begun"),
        (format!("{FORM}?unit_id=d&period=2021-02&format=xlsx"), "period", "period_not_begun"),
        (format!("{FORM}?unit_id=d&period=2020&as_of=2019-12-14"), "as_of", "before_period"),
    ] {
        let answer = app.get(&path).expect(422);
        assert_eq!((answer.code(), answer.violations()), ("validation", vec![(pointer, code)]), "{path}");
    }
    let next = format!("{STATISTICS}?unit_id=d&period=2022");
    for (language, words) in
        [("en", "The period begins on 2022-01-01."), ("vi", "Kỳ bắt đầu từ ngày 2022-01-01.")]
    {
        let answer = app.ask("GET", &next).header("accept-language", language).send().expect(422);
        assert_eq!(answer.json["errors"][0]["detail"], words);
    }
    app.get(&format!("{STATISTICS}?unit_id=no&period=2022")).expect(404);
    app.get(&format!("{FORM}?unit_id=no&period=2022")).expect(404);
    app.get(&format!("{STATISTICS}?unit_id=d&period=2020&as_of=2020-01-01")).expect(200);
    app.get(&format!("{FORM}?unit_id=d&period=2020&as_of=2019-12-15")).expect(200);
    app.set_now("2021-12-31T23:59:59+07:00");
    app.get(&next).expect(422);
    app.set_now("2022-01-01T00:00:00+07:00");
    assert_eq!(app.get(&next).expect(200).json["total"]["carried_over"], 1);
});

/// A dossier as the test remembers it: the body that was accepted last.
type Model = BTreeMap<String, Value>;

fn below(random: &mut ChaCha8Rng, n: u32) -> u32 {
    random.next_u32() % n
}

fn pick<'a, T>(random: &mut ChaCha8Rng, items: &'a [T]) -> &'a T {
    &items[below(random, items.len() as u32) as usize]
}

/// Moments that sit on the edges: midnights in Vietnam, New Year, the 14th and the 15th, in several zones.
fn moment(random: &mut ChaCha8Rng, around: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    let edges = [
        "2019-12-14T23:59:59+07:00",
        "2019-12-15T00:00:00+07:00",
        "2019-12-31T23:59:59.999999+07:00",
        "2020-01-01T00:00:00+07:00",
        "2020-02-29T17:00:00Z",
        "2020-06-14T16:59:59Z",
        "2020-12-14T12:00:00-05:00",
        "2020-12-31T17:00:00Z",
    ];
    let base = if below(random, 2) == 0 {
        DateTime::parse_from_rfc3339(pick::<&str>(random, &edges)).unwrap()
    } else {
        around
    };
    base + Duration::seconds(i64::from(below(random, 9)) * 43_200 - 172_800)
}

fn random_dossier(random: &mut ChaCha8Rng, code: &str) -> Value {
    let start = DateTime::parse_from_rfc3339("2020-03-02T08:00:00+07:00").unwrap();
    let accepted = moment(random, start);
    let later = |random: &mut ChaCha8Rng| accepted + Duration::seconds(i64::from(below(random, 40)) * 21_600);
    let status = *pick(random, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 10, 10, 10]);
    let zone = FixedOffset::east_opt(*pick(random, &[0, 7, -5, 9]) * 3600).unwrap();
    let text = |time: DateTime<FixedOffset>| json!(time.with_timezone(&zone).to_rfc3339());
    let due = if below(random, 4) == 0 { Value::Null } else { text(later(random)) };
    let finished = if status >= 7 { text(later(random)) } else { Value::Null };
    json!({
        "code": code,
        "unit_id": pick(random, &["d", "c1", "c2", "elsewhere"]),
        "field": pick(random, &[json!("Đất đai"), json!("Hộ tịch"), Value::Null]),
        "submitted_via": pick(random, &["in_person", "online", "postal", "home_appointment"]),
        "returned_via": pick(random, &[json!("postal"), json!("counter"), Value::Null]),
        "interlinked": below(random, 3) == 0,
        "synthetic": below(random, 3) == 0,
        "accepted_at": text(accepted), "due_at": due, "finished_at": finished, "status": status,
        "due_change_reason": "Kiểm thử",
    })
}

fn in_runtime<T>(work: impl Future<Output = chiso::service::error::Result<T>>) -> T {
    actix_web::rt::System::new().block_on(work).unwrap()
}

/// The sums are what a recount of the dossiers gives.
fn assert_counted(app: &App) {
    let recount = in_runtime(dossier_counting::recount(&app.store));
    assert_eq!(recount.differences, []);
}

/// Random creates, replacements, moves, deletions and re-creations through the interface.
fn write_history(app: &App, random: &mut ChaCha8Rng, steps: u32) -> Model {
    let mut model = Model::new();
    for _ in 0..steps {
        if below(random, 30) == 0 {
            in_runtime(dossier_counting::fold(&app.store));
        }
        let code = format!("R-{}", below(random, 60));
        let path = format!("{DOSSIERS}/{}", encoded(&code));
        match below(random, 6) {
            0 if model.contains_key(&code) => {
                app.delete(&path).expect(204);
                model.remove(&code);
            }
            1 if model.contains_key(&code) => {
                let unit = *pick(random, &["d", "c1", "c2"]);
                app.patch(&path, &json!({"unit_id": unit})).expect(200);
                model.get_mut(&code).unwrap()["unit_id"] = json!(unit);
            }
            _ => {
                let body = random_dossier(random, &code);
                let answer = app.put(&path, &body);
                assert!(matches!(answer.status, 200 | 201), "{answer:?}");
                model.insert(code, body);
            }
        }
    }
    model
}

fn day(value: &Value) -> Option<NaiveDate> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).unwrap();
    Some(time.with_timezone(&FixedOffset::east_opt(7 * 3600).unwrap()).date_naive())
}

/// The figures of the dossiers that `belongs` tells, one dossier at a time.
fn recount(
    model: &Model,
    from: NaiveDate,
    end: NaiveDate,
    today: NaiveDate,
    belongs: &dyn Fn(&Value) -> bool,
) -> BTreeMap<&'static str, i64> {
    let mut counts: BTreeMap<&'static str, i64> = BTreeMap::new();
    for d in model.values().filter(|d| belongs(d)) {
        let status = d["status"].as_i64().unwrap();
        let Some(received) = day(&d["accepted_at"]).filter(|_| status != 1 && status != 3) else { continue };
        if received > end {
            continue;
        }
        let mut add = |name| *counts.entry(name).or_default() += 1;
        let due = day(&d["due_at"]);
        let closed = day(&d["finished_at"]).filter(|closed| *closed <= end);
        if received >= from {
            add("received");
            add(match d["submitted_via"].as_str().unwrap() {
                "in_person" => "in_person",
                "online" => "online",
                "postal" => "postal",
                _ => "home_appointment",
            });
            if d["interlinked"] == true {
                add("interlinked");
            }
            if d["synthetic"] == true {
                add("synthetic");
            }
        } else if closed.is_none_or(|closed| closed >= from) {
            add("carried_over");
        }
        match closed {
            Some(closed) if closed >= from => match status {
                7 => add("withdrawn"),
                8 => add("stopped"),
                _ => {
                    add("resolved");
                    if d["returned_via"] == "postal" {
                        add("returned_by_post");
                    }
                    add(match due {
                        None => "unclassified",
                        Some(due) if closed < due => "early",
                        Some(due) if closed == due => "on_time",
                        Some(_) => "late",
                    });
                }
            },
            Some(_) => {}
            None => {
                add("open");
                add(match due {
                    None => "no_due_date",
                    Some(due) if due < end || (due == end && end < today) => "overdue",
                    Some(_) => "within_term",
                });
            }
        }
    }
    counts
}

/// The same names, read from an answer.
fn told(figures: &Value) -> BTreeMap<&'static str, i64> {
    let places = [
        ("received", "/received/total"),
        ("in_person", "/received/in_person"),
        ("online", "/received/online"),
        ("postal", "/received/postal"),
        ("home_appointment", "/received/home_appointment"),
        ("carried_over", "/carried_over"),
        ("resolved", "/resolved/total"),
        ("early", "/resolved/early"),
        ("on_time", "/resolved/on_time"),
        ("late", "/resolved/late"),
        ("unclassified", "/resolved/unclassified"),
        ("withdrawn", "/ended_otherwise/withdrawn"),
        ("stopped", "/ended_otherwise/stopped"),
        ("open", "/open/total"),
        ("within_term", "/open/within_term"),
        ("overdue", "/open/overdue"),
        ("no_due_date", "/open/no_due_date"),
        ("interlinked", "/of_which/interlinked"),
        ("returned_by_post", "/of_which/returned_by_post"),
        ("synthetic", "/of_which/synthetic"),
    ];
    places
        .into_iter()
        .map(|(name, place)| (name, figures.pointer(place).unwrap().as_i64().unwrap()))
        .filter(|(_, count)| *count != 0)
        .collect()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

api_test!(statistics_equal_a_recount_over_random_histories, |app| {
    make_tree(app);
    let level = |unit: &Value| if unit == "d" { "district" } else { "commune" };
    for seed in 0..4 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut model = write_history(app, &mut random, 120);
        app.set_now(pick::<&str>(
            &mut random,
            &["2021-01-04T08:00:00+07:00", "2020-06-14T23:59:00+07:00", "2020-03-01T00:00:00+07:00"],
        ));
        let today =
            day(&app.get(&format!("{STATISTICS}?unit_id=d&from=2020-01-01&to=2999-01-01")).expect(200).json
                ["judged_at"]
                .as_str()
                .map(|d| json!(format!("{d}T00:00:00+07:00")))
                .unwrap())
            .unwrap();
        for (query, from, to) in [
            ("period=2020", "2020-01-01", "2020-12-31"),
            ("period=2020&calendar=statutory", "2019-12-15", "2020-12-14"),
            ("period=2020-H1&calendar=statutory", "2019-12-15", "2020-06-14"),
            ("from=2020-03-01&to=2020-03-01", "2020-03-01", "2020-03-01"),
            ("from=1990-01-01&to=2020-02-29", "1990-01-01", "2020-02-29"),
        ] {
            let end = date(to).min(today);
            let under: &dyn Fn(&Value) -> bool = &|d| d["unit_id"] != "elsewhere";
            let answer =
                app.get(&format!("{STATISTICS}?unit_id=d&{query}&group_by=level,field")).expect(200).json;
            assert_eq!(
                told(&answer["total"]),
                recount(&model, date(from), end, today, under),
                "seed {seed} {query}"
            );
            for check in answer["checks"].as_array().unwrap() {
                assert_eq!(check["holds"], true, "{check}");
            }
            let mut groups = 0;
            for lv in ["district", "commune"] {
                for field in [json!("Đất đai"), json!("Hộ tịch"), Value::Null] {
                    let of_group = |d: &Value| under(d) && level(&d["unit_id"]) == lv && d["field"] == field;
                    let want = recount(&model, date(from), end, today, &of_group);
                    let row = answer["rows"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .find(|r| r["group"] == json!({"level": lv, "field": field}));
                    assert_eq!(
                        row.map(|r| told(&r["figures"])).unwrap_or_default(),
                        want,
                        "seed {seed} {query} {lv} {field}"
                    );
                    groups += usize::from(!want.is_empty());
                }
            }
            assert_eq!(answer["rows"].as_array().unwrap().len(), groups);
        }
        months_are_periods_of_their_own(app, &model, today);
        assert_counted(app);
        for code in std::mem::take(&mut model).into_keys() {
            app.delete(&format!("{DOSSIERS}/{code}")).expect(204);
        }
        app.set_now("2021-01-04T08:00:00+07:00");
    }
    in_runtime(dossier_counting::fold(&app.store));
    assert_counted(app);
});

api_test!(a_recount_finds_a_sum_that_is_not_what_the_dossiers_give, |app| {
    make_tree(app);
    app.post(DOSSIERS, &dossier("A", "c1")).expect(201);
    let before = app.get(&format!("{STATISTICS}?unit_id=d&period=2020&group_by=unit,field")).expect(200).json;
    in_runtime(dossier_counting::fold(&app.store));
    assert_counted(app);
    app.database.connect().batch_execute("UPDATE dossier_sums SET unit_id = 'c2' WHERE grain = 2").unwrap();
    let found = in_runtime(dossier_counting::recount(&app.store));
    let rows: Vec<(&str, &str)> = found.differences.iter().map(|d| (d.unit_id.as_str(), d.grain)).collect();
    assert!(rows.contains(&("c1", "month")) && rows.contains(&("c2", "month")), "{rows:?}");
    in_runtime(dossier_counting::rebuild(&app.store));
    assert_counted(app);
    let after = app.get(&format!("{STATISTICS}?unit_id=d&period=2020&group_by=unit,field")).expect(200).json;
    assert_eq!(after, before);
});

fn months_are_periods_of_their_own(app: &App, model: &Model, today: NaiveDate) {
    let answer = app.get(&format!("{STATISTICS}?unit_id=c1&period=2020&group_by=month")).expect(200).json;
    let rows: BTreeMap<String, &Value> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["group"]["month"].as_str().unwrap().to_owned(), &r["figures"]))
        .collect();
    for month in 1..=12 {
        let from = NaiveDate::from_ymd_opt(2020, month, 1).unwrap();
        let to = from.checked_add_months(chrono::Months::new(1)).unwrap().pred_opt().unwrap();
        let want = if from > today {
            BTreeMap::new()
        } else {
            recount(model, from, to.min(today), today, &|d| d["unit_id"] == "c1")
        };
        let name = format!("{:04}-{:02}", from.year(), from.month());
        assert_eq!(rows.get(&name).map(|f| told(f)).unwrap_or_default(), want, "{name}");
    }
}
