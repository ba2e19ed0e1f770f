//! Reviews: each reported figure beside the computed one of its own period and base.

use chiso::sample::Extent;
use serde_json::{Value, json};

use crate::{
    sample::load,
    support::{
        api_test,
        app::App,
        indexes::{criterion, score},
        records::with,
    },
};

const FIGURES: &str = "/api/v1/reported-figures";

fn report(app: &App, measure: &str, value: &str, unit: &str, over: Value) {
    let mut figure = json!({
        "unit_id": "gso-87", "measure": measure, "period": "2016", "value": value, "unit_of_measure": unit,
        "review_year": 2016, "source": {"title": "Báo cáo thử"}
    });
    for (name, value) in over.as_object().unwrap() {
        figure[name] = value.clone();
    }
    app.post(FIGURES, &figure).expect(201);
}

fn review(app: &App) -> Value {
    app.get("/api/v1/reviews/gso-87/2016").expect(200).json
}

api_test!(a_change_is_compared_with_its_own_base_year, |app| {
    load(app, Extent::WithoutDossiers);
    report(app, "pci.score_change", "-1.44", "points", json!({"base_period": "2015"}));
    report(app, "pci.score_change", "-0.32", "points", json!({"base_period": "2014"}));
    report(app, "pci.rank_change", "-1", "places", json!({}));
    report(app, "pci.rank", "3", "places", json!({}));
    report(app, "pci.band", "Rất tốt", "band", json!({}));
    report(app, "pci.score", "64.95", "points", json!({}));
    let review = review(app);
    let told: Vec<(&str, &Value, &Value)> = review["reported"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["reported"].as_str().unwrap(), &c["computed"], &c["agrees"]))
        .collect();
    for (reported, computed, agrees) in [
        ("-1.44", "-1.44", true),
        ("-0.32", "-0.32", true),
        ("-1", "-1", true),
        ("3", "3", true),
        ("Rất tốt", "Rất tốt", true),
        ("64.95", "64.96", false),
    ] {
        assert!(told.contains(&(reported, &json!(computed), &json!(agrees))), "{reported}: {told:?}");
    }
    let bases: Vec<(&Value, &Value)> = review["indexes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| (&i["computed"]["base_year"], &i["reported"]["score_change"]["value"]))
        .collect();
    assert_eq!(bases, [(&json!(2015), &json!("-1.44")), (&json!(2014), &json!("-0.32"))]);
});

api_test!(checks_take_figures_of_the_reviewed_year_alone_each_measure_once, |app| {
    load(app, Extent::WithoutDossiers);
    for (measure, period, value) in [
        ("dossiers.received", "2015", "50"),
        ("dossiers.received", "2016", "100"),
        ("dossiers.received.district", "2016", "40"),
        ("dossiers.received.commune", "2015", "30"),
        ("dossiers.received.commune", "2016", "60"),
        ("dossiers.on_time", "2016", "70"),
        ("dossiers.late", "2016", "10"),
    ] {
        report(app, measure, value, "count", json!({"period": period}));
    }
    let review = review(app);
    let check = |code: &str| {
        let checks = review["checks"].as_array().unwrap();
        checks.iter().find(|c| c["code"] == code).unwrap().clone()
    };
    assert_eq!(
        check("reported_levels_equal_received"),
        json!({"code": "reported_levels_equal_received", "holds": true, "left": 100, "right": 100, "difference": 0})
    );
    assert_eq!(check("reported_on_time_and_late_equal_received")["difference"], -20);
    let other = review["reported"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["computed_missing_because"] == "other_period");
    assert_eq!(other.count(), 2);
});

api_test!(an_index_that_ranks_the_unit_is_in_its_review_without_a_report, |app| {
    load(app, Extent::WithoutDossiers);
    let review = review(app);
    let index = &review["indexes"][0];
    assert_eq!((&index["index_code"], &index["reported"]), (&json!("pci"), &json!({})));
    let standing = &index["computed"]["standing"];
    assert_eq!((&standing["rank"], &standing["delta"]["rank_change"]), (&json!(3), &json!(-1)));
    assert_eq!(app.get("/api/v1/reviews/gso-874/2016").expect(200).json["indexes"], json!([]));
});

api_test!(a_change_between_frameworks_is_told_as_not_comparable, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({}));
    app.make_edition_of(2017, json!({}));
    app.make_edition_of(2018, json!({"framework": "f-2", "criteria": [criterion("x", 10)]}));
    for (year, value) in [(2016, 5), (2017, 6), (2018, 8)] {
        app.make_score(&with(score("u", value), json!({"year": year})));
    }
    for (year, base_year, comparable, why) in [
        (2016, json!(null), json!(null), json!(null)),
        (2017, json!(2016), json!(true), json!(null)),
        (2018, json!(2017), json!(false), json!("framework_differs")),
    ] {
        let review = app.get(&format!("/api/v1/reviews/u/{year}")).expect(200).json;
        let computed = &review["indexes"][0]["computed"];
        assert_eq!(
            (&computed["base_year"], &computed["comparable"], &computed["not_comparable_because"]),
            (&base_year, &comparable, &why),
            "{year}"
        );
        let ranking = app.get(&format!("/api/v1/indexes/ix/rankings/{year}")).expect(200).json;
        for member in ["base_year", "comparable", "not_comparable_because"] {
            assert_eq!(computed[member], ranking[member], "{year} {member}");
        }
    }
});

api_test!(a_year_that_has_not_begun_has_no_review, |app| {
    app.make_units(&["u"]);
    let refused = app.get("/api/v1/reviews/u/2022").expect(422);
    assert_eq!(refused.violations(), [("year", "period_not_begun")]);
    app.get("/api/v1/reviews/no/2022").expect(404);
    app.get("/api/v1/reviews/u/2021").expect(200);
});
