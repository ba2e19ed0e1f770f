//! Series, comparisons, distributions and profiles: what the rankings of the years say, side by side.

use chiso::sample::Extent;
use serde_json::{Value, json};

use crate::{
    sample::load,
    support::{
        api_test,
        app::App,
        indexes::{RANKING, criterion, score},
        records::{UNITS, unit, with},
    },
};

const SERIES: &str = "/api/v1/indexes/ix/series";
const COMPARISON: &str = "/api/v1/indexes/ix/comparison";
const DISTRIBUTION: &str = "/api/v1/indexes/ix/rankings/2016/distribution";

fn get(app: &App, path: &str) -> Value {
    app.get(path).expect(200).json
}

fn points(body: &Value, member: &str) -> Vec<Value> {
    body["points"].as_array().unwrap().iter().map(|point| point[member].clone()).collect()
}

api_test!(the_series_of_the_sample_is_that_of_its_rankings, |app| {
    load(app, Extent::WithoutDossiers);
    let series = get(app, "/api/v1/indexes/pci/series?unit_id=gso-87&from=2012&to=2016");
    assert_eq!(points(&series, "year"), [2012, 2013, 2014, 2015, 2016].map(Value::from));
    assert_eq!(points(&series, "rank"), [json!(null), json!(5), json!(2), json!(2), json!(3)]);
    assert_eq!(series["points"][0]["missing_because"], "no_edition");
    assert_eq!(
        points(&series, "comparable"),
        [json!(null), json!(null), json!(true), json!(true), json!(true)]
    );
    for year in 2013..=2016 {
        let ranking = get(app, &format!("/api/v1/indexes/pci/rankings/{year}"));
        let standings = ranking["standings"].as_array().unwrap();
        let standing = standings.iter().find(|s| s["unit_id"] == "gso-87").unwrap();
        let point = &series["points"][year - 2012];
        for member in ["score", "score_exact", "rank", "tied", "band", "published_rank"] {
            assert_eq!(point[member].to_string(), standing[member].to_string(), "{year} {member}");
        }
        assert_eq!(point["cohort_size"], ranking["cohort_size"]);
    }
    // Without years: from the first edition to the last.
    let all = get(app, "/api/v1/indexes/pci/series?unit_id=gso-87");
    assert_eq!((&all["from"], &all["to"]), (&json!(2013), &json!(2016)));
    assert_eq!(all["points"].as_array().unwrap()[..], series["points"].as_array().unwrap()[1..]);
    let tag = app.get("/api/v1/indexes/pci/series?unit_id=gso-87").etag();
    let again = app.ask("GET", "/api/v1/indexes/pci/series?unit_id=gso-87").header("if-none-match", tag);
    again.send().expect(304);

    let compared = get(app, "/api/v1/indexes/pci/comparison?unit_ids=gso-86,gso-87&from=2012&to=2016");
    assert_eq!(compared["units"][0]["unit_id"], "gso-86");
    assert_eq!(compared["units"][1]["points"], series["points"]);

    let profile = get(app, "/api/v1/units/gso-87/profile");
    let pci = profile["indexes"].as_array().unwrap().iter().find(|i| i["index_code"] == "pci").unwrap();
    assert_eq!(pci["points"], all["points"]);
    assert_eq!(pci["latest"], all["points"][3]);
    assert_eq!(get(app, "/api/v1/units/gso-874/profile")["indexes"], json!([]));

    let spread = get(app, "/api/v1/indexes/pci/rankings/2016/distribution");
    let ranking = get(app, "/api/v1/indexes/pci/rankings/2016");
    let exact = |place: usize| &ranking["standings"][place]["score_exact"];
    assert_eq!((&spread["count"], &spread["unranked"]), (&json!(63), &json!(0)));
    assert_eq!(
        (&spread["max"]["score_exact"], &spread["median"]["score_exact"], &spread["min"]["score_exact"]),
        (exact(0), exact(31), exact(62))
    );
    let bands = spread["bands"].as_array().unwrap();
    let of = |label: &Value| {
        ranking["standings"].as_array().unwrap().iter().filter(|s| s["band"] == *label).count()
    };
    assert!(!bands.is_empty());
    for band in bands {
        assert_eq!(band["count"], of(&band["label"]), "{band}");
    }
});

/// Editions of 2014, 2016 and 2017, the last in another framework; `a` ended with 2016, `c` has no scores.
fn make(app: &App) {
    app.post(UNITS, &with(unit("a"), json!({"valid_to": "2017-01-01"}))).expect(201);
    app.make_units(&["b", "c", "d"]);
    let cohorts = json!([
        {"code": "l", "name": "L", "unit_ids": ["a", "b", "c"]}, {"code": "m", "name": "M", "unit_ids": ["d"]}
    ]);
    app.make_edition(
        json!({"cohorts": cohorts, "bands": [{"label": "Thấp", "to": 5}, {"label": "Cao", "from": 5}]}),
    );
    app.make_edition_of(2014, json!({"cohorts": cohorts, "decimals": 0}));
    app.make_edition_of(
        2017,
        json!({"cohorts": cohorts, "framework": "f-2", "criteria": [criterion("x", 10)]}),
    );
    for (year, unit, value) in [
        (2014, "a", "1.4"),
        (2014, "b", "2.5"),
        (2016, "a", "4.995"),
        (2016, "b", "4.995"),
        (2016, "d", "7"),
        (2017, "b", "6"),
    ] {
        app.make_score(&with(score(unit, value), json!({"year": year})));
    }
}

api_test!(a_gap_says_why_it_is_one, |app| {
    make(app);
    let series = |query: &str| get(app, &format!("{SERIES}?{query}"));
    let a = series("unit_id=a&to=2018");
    assert_eq!(points(&a, "year"), [2014, 2015, 2016, 2017, 2018].map(Value::from));
    assert_eq!(
        points(&a, "missing_because"),
        [json!(null), json!("no_edition"), json!(null), json!("unranked"), json!("no_edition")]
    );
    assert_eq!(a["points"][3]["unranked_because"], "not_in_existence");
    assert_eq!(
        points(&a, "score").iter().map(Value::to_string).collect::<Vec<_>>(),
        ["1", "null", "5.00", "null", "null"]
    );
    assert_eq!(points(&a, "score_exact")[2], "4.995");
    assert_eq!(points(&a, "band")[2], "Thấp", "a band is read off the exact score");
    assert_eq!((&points(&a, "tied")[2], &points(&a, "cohort_size")[2]), (&json!(true), &json!(2)));
    assert_eq!(points(&a, "framework"), [json!("f-1"), json!(null), json!("f-1"), json!("f-2"), json!(null)]);
    // 2015 has no edition: 2016 has nothing before it; in 2017 `a` has no score to compare.
    assert_eq!(points(&a, "comparable"), vec![Value::Null; 5]);
    assert_eq!(points(&a, "not_comparable_because"), vec![Value::Null; 5]);
    assert_eq!(series("unit_id=a&from=2017&to=2017")["points"][0], a["points"][3]);

    let c = series("unit_id=c&from=2016&to=2016");
    assert_eq!(
        (&c["points"][0]["unranked_because"], &c["points"][0]["cohort"]),
        (&json!("no_scores"), &json!("l"))
    );
    // The second cohort is found by itself; asked for the first, the unit is not in it.
    let d = series("unit_id=d&from=2016&to=2016");
    assert_eq!((&d["points"][0]["cohort"], &d["points"][0]["rank"]), (&json!("m"), &json!(1)));
    assert_eq!(
        series("unit_id=d&from=2016&to=2016&cohort=l")["points"][0]["missing_because"],
        "not_in_cohort"
    );
    assert_eq!(series("unit_id=d&from=2016&to=2016&cohort=no")["points"][0]["missing_because"], "no_cohort");
    assert_eq!(
        series("unit_id=b&from=2016&to=2016&stage=self")["points"][0]["unranked_because"],
        "no_scores"
    );
    let compared = get(app, &format!("{COMPARISON}?unit_ids=d,a&from=2016&to=2016"));
    assert_eq!(compared["units"][0]["points"], d["points"]);
    assert_eq!(compared["units"][1]["points"][0], a["points"][2]);
});

api_test!(only_years_that_both_have_a_score_are_comparable_or_not, |app| {
    make(app);
    app.make_score(&with(score("c", 3), json!({"year": 2017})));
    let of = |query: &str| {
        let series = get(app, &format!("{SERIES}?{query}"));
        (points(&series, "comparable"), points(&series, "not_comparable_because"))
    };
    // 2017 is of another framework than 2016.
    let differs = (vec![json!(false)], vec![json!("framework_differs")]);
    let nothing = (vec![Value::Null], vec![Value::Null]);
    assert_eq!(of("unit_id=b&from=2017&to=2017"), differs);
    let (comparable, why) = of("unit_id=b&to=2018");
    assert_eq!(comparable, [json!(null), json!(null), json!(null), json!(false), json!(null)]);
    assert_eq!(why[3], "framework_differs");
    // `c` has no score in 2016, `d` none in 2017.
    for query in ["unit_id=c&from=2017&to=2017", "unit_id=d&from=2017&to=2017", "unit_id=b&from=2014&to=2014"]
    {
        assert_eq!(of(query), nothing, "{query}");
    }
    assert_eq!(of("unit_id=c&from=2016&to=2017").0, vec![Value::Null; 2]);
    assert_eq!(of("unit_id=b&from=2017&to=2017&cohort=m"), nothing);
});

api_test!(a_cohort_that_the_year_before_lacks_is_not_comparable, |app| {
    app.make_units(&["u", "v"]);
    let cohort = |code: &str| json!({"cohorts": [{"code": code, "name": code, "unit_ids": ["u", "v"]}]});
    app.make_edition(cohort("new"));
    app.make_edition_of(2015, cohort("old"));
    for year in [2015, 2016] {
        app.make_score(&with(score("u", 5), json!({"year": year})));
    }
    let ranking = app.get(RANKING).expect(200).json;
    assert_eq!(ranking["not_comparable_because"], "cohort_missing_in_base");
    let series = get(app, &format!("{SERIES}?unit_id=u"));
    assert_eq!(points(&series, "not_comparable_because")[1], "cohort_missing_in_base");
    assert_eq!(points(&series, "comparable")[1], json!(false));
});

api_test!(an_index_without_editions_has_an_empty_series, |app| {
    app.make_units(&["a"]);
    app.put("/api/v1/indexes/ix", &json!({"name": "Chỉ số"})).expect(201);
    let empty = get(app, &format!("{SERIES}?unit_id=a"));
    assert_eq!((&empty["from"], &empty["points"]), (&json!(null), &json!([])));
    assert_eq!(get(app, "/api/v1/units/a/profile")["indexes"], json!([]));
});

api_test!(a_profile_goes_from_the_first_score_to_the_last, |app| {
    make(app);
    app.make_score(&with(score("c", 1), json!({"stage": "self"})));
    let profile = |unit: &str| get(app, &format!("/api/v1/units/{unit}/profile"));
    let a = profile("a");
    assert_eq!((&a["unit_name"], &a["valid_to"]), (&json!("Xã a"), &json!("2017-01-01")));
    assert_eq!(points(&a["indexes"][0], "year"), [2014, 2015, 2016].map(Value::from));
    assert_eq!(a["indexes"][0]["latest"]["year"], 2016);
    assert_eq!(profile("b")["indexes"][0]["latest"]["year"], 2017);
    let c = profile("c");
    assert_eq!(
        (&c["indexes"][0]["latest"], &c["indexes"][0]["points"][0]["rank"]),
        (&json!(null), &json!(null))
    );
    let own = get(app, "/api/v1/units/c/profile?stage=self");
    assert_eq!(own["indexes"][0]["latest"]["rank"], 1);
});

api_test!(a_distribution_has_quartiles_between_the_scores, |app| {
    app.make_edition(json!({"decimals": 1}));
    let empty = get(app, DISTRIBUTION);
    assert_eq!((&empty["count"], &empty["median"], &empty["mean"]), (&json!(0), &json!(null), &json!(null)));
    app.make_units(&["a", "b", "c", "d", "none"]);
    for (unit, value) in [("a", "0.01"), ("b", "1"), ("c", "2"), ("d", "-1.25")] {
        app.make_score(&score(unit, value));
    }
    let spread = get(app, DISTRIBUTION);
    assert_eq!((&spread["count"], &spread["unranked"]), (&json!(4), &json!(1)));
    for (member, rounded, exact) in [
        ("min", "-1.3", "-1.25"),
        ("lower_quartile", "-0.3", "-0.305"),
        ("median", "0.5", "0.505"),
        ("upper_quartile", "1.3", "1.25"),
        ("max", "2.0", "2"),
        ("mean", "0.4", "0.44"),
    ] {
        assert_eq!(spread[member]["score"].to_string(), rounded, "{member}");
        assert_eq!(spread[member]["score_exact"], exact, "{member}");
    }
});

api_test!(what_is_asked_wrongly_of_a_series_is_named, |app| {
    make(app);
    for (path, status, pointer, code) in [
        (format!("{SERIES}?from=2014"), 400, "unit_id", "required"),
        (format!("{SERIES}?unit_id=a&from=20"), 400, "from", "not_a_year"),
        (format!("{SERIES}?unit_id=a&to=x"), 400, "to", "wrong_type"),
        (format!("{SERIES}?unit_id=a&from=2016&to=2014"), 400, "to", "before_from"),
        (format!("{SERIES}?unit_id=a&stage=end"), 400, "stage", "unknown_word"),
        (format!("{SERIES}?unit_id=a&format=pdf"), 400, "format", "unknown_word"),
        (format!("{SERIES}?unit_id=a&bom=true"), 400, "bom", "only_csv"),
        (format!("{SERIES}?unit_id=a&years=1"), 400, "years", "unknown_parameter"),
        (format!("{COMPARISON}?unit_ids="), 400, "unit_ids", "out_of_range"),
        (format!("{COMPARISON}?unit_ids=a,b,a"), 400, "unit_ids", "duplicate"),
        (format!("{DISTRIBUTION}?base_year=2015"), 400, "base_year", "unknown_parameter"),
        ("/api/v1/indexes/ix/rankings/x/distribution".to_owned(), 400, "year", "not_a_year"),
        ("/api/v1/units/a/profile?stage=end".to_owned(), 400, "stage", "unknown_word"),
    ] {
        assert_eq!(app.get(&path).expect(status).violations(), [(pointer, code)], "{path}");
    }
    for path in [
        "/api/v1/indexes/no/series?unit_id=a&from=x".to_owned(),
        format!("{SERIES}?unit_id=no"),
        format!("{COMPARISON}?unit_ids=a,no"),
        "/api/v1/indexes/ix/rankings/2015/distribution".to_owned(),
        format!("{DISTRIBUTION}?cohort=no"),
        "/api/v1/units/no/profile?stage=end".to_owned(),
    ] {
        assert_eq!(app.get(&path).expect(404).code(), "not_found", "{path}");
    }
});
