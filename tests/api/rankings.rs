//! `/indexes/{code}/rankings/{year}`: ranks, ties, bands, computed totals, and how units moved.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{EDITION, RANKING, SCORES, criterion, score},
    records::{UNITS, unit, with},
};

fn make_unit(app: &App, id: &str, over: Value) {
    app.post(UNITS, &with(unit(id), over)).expect(201);
}

/// Gives totals of 2016 to communes, which are made with the names.
fn totals(app: &App, rows: &[(&str, &str, &str)]) {
    for (id, name, value) in rows {
        make_unit(app, id, json!({"name": name}));
        app.make_score(&score(id, *value));
    }
}

fn standing<'a>(ranking: &'a Value, unit: &str) -> &'a Value {
    let standings = ranking["standings"].as_array().unwrap();
    standings.iter().find(|s| s["unit_id"] == unit).unwrap_or_else(|| panic!("no {unit} in {ranking}"))
}

fn ranks(ranking: &Value) -> Vec<(i64, bool, &str)> {
    let standings = ranking["standings"].as_array().unwrap();
    standings
        .iter()
        .map(|s| (s["rank"].as_i64().unwrap(), s["tied"].as_bool().unwrap(), s["unit_id"].as_str().unwrap()))
        .collect()
}

fn ranking(app: &App, query: &str) -> Value {
    app.get(&format!("{RANKING}?{query}")).expect(200).json
}

const CITIES: [(&str, &str, &str); 4] =
    [("hcm", "Hồ Chí Minh", "7"), ("hn", "Hà Nội", "8.0"), ("dn", "Đà Nẵng", "8"), ("ct", "Cần Thơ", "9")];

api_test!(ties_share_ranks_as_the_rule_says_in_vietnamese_order, |app| {
    app.make_edition(json!({}));
    totals(app, &CITIES);
    for (rule, want) in [
        ("competition", [(1, false, "ct"), (2, true, "dn"), (2, true, "hn"), (4, false, "hcm")]),
        ("dense", [(1, false, "ct"), (2, true, "dn"), (2, true, "hn"), (3, false, "hcm")]),
        ("ordinal", [(1, false, "ct"), (2, false, "dn"), (3, false, "hn"), (4, false, "hcm")]),
    ] {
        app.make_edition(json!({"tie_rule": rule}));
        let ranking = ranking(app, "");
        assert_eq!(ranks(&ranking), want, "{rule}");
        assert_eq!((&ranking["tie_rule"], &ranking["cohort_size"]), (&json!(rule), &json!(4)));
    }
    // All equal: the alphabet alone, then the id.
    make_unit(app, "dn-2", json!({"name": "Đà Nẵng"}));
    app.make_score(&score("dn-2", 8));
    for id in ["hcm", "hn", "dn", "ct"] {
        app.put(&format!("{SCORES}/by-key/ix/2016/{id}/final/_total"), &json!({"score": "8.00"})).expect(200);
    }
    let all = ranking(app, "");
    assert_eq!(
        ranks(&all),
        [(1, false, "ct"), (2, false, "dn"), (3, false, "dn-2"), (4, false, "hn"), (5, false, "hcm")]
    );
    app.make_edition(json!({}));
    let all = ranking(app, "");
    assert_eq!(ranks(&all), ["ct", "dn", "dn-2", "hn", "hcm"].map(|id| (1, true, id)));
});

api_test!(ranks_are_taken_on_exact_scores_unless_decimals_are_set, |app| {
    app.make_edition(json!({}));
    totals(app, &[("a", "A", "80.004"), ("b", "B", "80.0049999999999999999"), ("c", "C", "80.005")]);
    let exact = ranking(app, "");
    assert_eq!(ranks(&exact), [(1, false, "c"), (2, false, "b"), (3, false, "a")]);
    let shown = |id| {
        exact["standings"].as_array().unwrap().iter().find(|s| s["unit_id"] == id).unwrap()["score"]
            .to_string()
    };
    assert_eq!([shown("a"), shown("b"), shown("c")], ["80.00", "80.00", "80.01"]);
    for (decimals, want) in [
        (2, [(1, false, "c"), (2, true, "a"), (2, true, "b")]),
        (0, [(1, true, "a"), (1, true, "b"), (1, true, "c")]),
    ] {
        app.make_edition(json!({"rank_decimals": decimals}));
        assert_eq!(ranks(&ranking(app, "")), want, "{decimals}");
    }
});

api_test!(a_band_is_read_off_the_exact_score, |app| {
    app.make_edition(json!({"decimals": 0, "rank_decimals": 0, "bands": [
        {"label": "Yếu", "from": 0, "to": 50}, {"label": "Khá", "from": 50, "to": "80.5"}, {"label": "Tốt", "from": "80.5", "to": 100}
    ]}));
    let rows = [
        ("a", "A", "-0.01"),
        ("b", "B", "0"),
        ("c", "C", "49.9999999999999999999999999"),
        ("d", "D", "50"),
        ("e", "E", "80.4999999999999999999999999"),
        ("f", "F", "80.50"),
        ("g", "G", "99.99"),
        ("h", "H", "100"),
    ];
    totals(app, &rows);
    let ranking = ranking(app, "");
    let bands: Vec<&str> =
        rows.iter().map(|(id, ..)| standing(&ranking, id)["band"].as_str().unwrap_or("none")).collect();
    assert_eq!(bands, ["none", "Yếu", "Yếu", "Khá", "Khá", "Tốt", "Tốt", "none"]);
});

api_test!(a_unit_without_a_rank_says_why, |app| {
    let ids = ["ranked", "none", "part", "gone", "elsewhere"];
    app.make_edition(json!({}));
    make_unit(app, "gone", json!({"valid_to": "2016-01-01"}));
    app.make_units(&["ranked", "none", "part", "elsewhere"]);
    app.make_edition(json!({
        "criteria": [criterion("a", 10), criterion("b", 10)],
        "cohorts": [{"code": "l", "name": "L", "unit_ids": ids}]
    }));
    for code in ["a", "b"] {
        app.make_score(&with(score("ranked", 1), json!({"criterion": code})));
    }
    app.make_score(&with(score("part", 1), json!({"criterion": "a"})));
    app.make_score(&with(score("elsewhere", 1), json!({"stage": "self"})));
    let answer = ranking(app, "");
    assert_eq!((&answer["cohort_size"], ranks(&answer)), (&json!(1), vec![(1, false, "ranked")]));
    let told: Vec<(&str, &str)> = answer["unranked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| (u["unit_id"].as_str().unwrap(), u["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("elsewhere", "no_scores"),
            ("gone", "not_in_existence"),
            ("none", "no_scores"),
            ("part", "incomplete_components")
        ]
    );
    let own = ranking(app, "stage=self");
    assert_eq!((ranks(&own), &own["stage"]), (vec![(1, false, "elsewhere")], &json!("self")));
});

api_test!(a_total_in_percent_leaves_out_what_is_not_applicable, |app| {
    app.make_units(&["u", "v", "w"]);
    app.make_edition(json!({
        "unit_of_measure": "percent", "criteria": [criterion("a", 20), criterion("b", 30), criterion("c", 10)]
    }));
    for (unit, a, b, c) in [("u", 15, 20, Some(10)), ("v", 15, 20, None)] {
        app.make_score(&with(score(unit, a), json!({"criterion": "a"})));
        app.make_score(&with(score(unit, b), json!({"criterion": "b"})));
        app.make_score(&with(score(unit, c), json!({"criterion": "c", "applicable": c.is_some()})));
    }
    app.make_score(&score("w", "71.5"));
    let answer = ranking(app, "include=components");
    assert_eq!(ranks(&answer), [(1, false, "u"), (2, false, "w"), (3, false, "v")]);
    let v = standing(&answer, "v");
    assert_eq!((&v["score_exact"], &v["total_source"]), (&json!("70"), &json!("computed")), "35 of 50");
    let of: Vec<(&str, &str)> = v["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["criterion"].as_str().unwrap(), c["contribution_exact"].as_str().unwrap()))
        .collect();
    assert_eq!(of, [("a", "30"), ("b", "40")]);
    assert_eq!(standing(&answer, "u")["score_exact"], "75", "45 of 60");
    assert_eq!(standing(&answer, "w")["total_source"], "stored");
    assert_eq!(standing(&ranking(app, ""), "w").get("components"), None, "only when asked");
});

api_test!(a_weighted_total_is_computed_with_every_digit, |app| {
    app.make_units(&["u", "v"]);
    let area =
        |code: &str, maximum: i32, weight: &str| with(criterion(code, maximum), json!({"weight": weight}));
    app.make_edition(json!({"method": "weighted", "decimals": 3, "criteria": [area("a", 10, "62.5"), area("b", 8, "37.5")]}));
    for (unit, a, b) in [("u", "10", "8"), ("v", "7.77", "3.3")] {
        app.make_score(&with(score(unit, a), json!({"criterion": "a"})));
        app.make_score(&with(score(unit, b), json!({"criterion": "b"})));
    }
    let answer = ranking(app, "");
    // 62.5 × 7.77 ÷ 10 + 37.5 × 3.3 ÷ 8 = 48.5625 + 15.46875
    let v = standing(&answer, "v");
    assert_eq!((v["score_exact"].as_str(), v["score"].to_string().as_str()), (Some("64.03125"), "64.031"));
    assert_eq!(
        (&v["total_source"], &standing(&answer, "u")["score_exact"]),
        (&json!("computed"), &json!("100"))
    );
    app.put(&format!("{SCORES}/by-key/ix/2016/v/final/_total"), &json!({"score": 64})).expect(201);
    let answer = ranking(app, "include=components");
    let v = standing(&answer, "v");
    assert_eq!((&v["score_exact"], &v["total_source"]), (&json!("64"), &json!("stored")));
    let residual = &v["components"][2];
    assert_eq!(
        (&residual["kind"], &residual["contribution_exact"]),
        (&json!("residual"), &json!("-0.03125"))
    );
});

fn two_years(app: &App, edition: Value, rows: &[(&str, &str, &str)]) {
    app.make_edition(edition.clone());
    app.make_edition_of(2015, edition);
    for (id, before, now) in rows {
        app.make_units(&[id]);
        app.make_score(&score(id, *now));
        app.make_score(&with(score(id, *before), json!({"year": 2015})));
    }
}

api_test!(the_base_year_is_the_year_before_a_named_one_or_none, |app| {
    app.make_edition(json!({}));
    app.make_units(&["u"]);
    app.make_score(&score("u", 5));
    let no_base = json!({
        "score": null, "score_exact": null, "unit": null, "relative_percent": null, "rank_change": null, "direction": "new"
    });
    let alone = ranking(app, "");
    assert_eq!((&alone["base_year"], &alone["comparable"]), (&Value::Null, &Value::Null));
    assert_eq!((&standing(&alone, "u")["base"], &standing(&alone, "u")["delta"]), (&Value::Null, &no_base));
    for base in ["2015", "2017", "1900"] {
        app.get(&format!("{RANKING}?base_year={base}")).expect(404);
    }
    for base in ["", "x", "1899", "3000", "None", "2015.0", "%2B2015", "02015"] {
        let answer = app.get(&format!("{RANKING}?base_year={base}")).expect(400);
        assert_eq!(answer.violations()[0].0, "base_year", "{base}");
    }
    app.make_edition_of(2015, json!({}));
    app.make_edition_of(2013, json!({}));
    app.make_score(&with(score("u", 3), json!({"year": 2013})));
    let empty = ranking(app, "");
    assert_eq!((&empty["base_year"], &empty["comparable"]), (&json!(2015), &json!(true)));
    assert_eq!(standing(&empty, "u")["delta"], no_base, "without a score in the base year");
    let named = ranking(app, "base_year=2013");
    assert_eq!(
        standing(&named, "u")["base"],
        json!({"rank": 1, "score": "3.00".parse::<serde_json::Number>().unwrap(), "score_exact": "3"})
    );
    let none = ranking(app, "base_year=none");
    assert_eq!((&none["base_year"], &standing(&none, "u")["delta"]), (&Value::Null, &no_base));
});

api_test!(years_of_different_frameworks_are_not_comparable, |app| {
    two_years(app, json!({}), &[("u", "1", "2")]);
    let same = ranking(app, "");
    assert_eq!((&same["comparable"], &same["not_comparable_because"]), (&json!(true), &Value::Null));
    app.make_edition_of(2015, json!({"framework": "f-0"}));
    let differs = ranking(app, "");
    assert_eq!(
        (&differs["comparable"], &differs["not_comparable_because"]),
        (&json!(false), &json!("framework_differs"))
    );
    assert_eq!(standing(&differs, "u")["delta"]["score_exact"], "1", "the delta is told all the same");
    let other = json!([{"code": "other", "name": "O", "rule": {"level": "commune"}}]);
    app.make_edition_of(2015, json!({"cohorts": other}));
    let differs = ranking(app, "");
    assert_eq!(differs["not_comparable_because"], "cohort_missing_in_base");
});

api_test!(a_cohort_is_found_by_its_rule, |app| {
    make_unit(app, "p", json!({"level": "province"}));
    make_unit(app, "in", json!({"parent_id": "p"}));
    make_unit(app, "ended", json!({"parent_id": "p", "valid_to": "2016-07-01"}));
    make_unit(app, "district", json!({"parent_id": "p", "level": "district"}));
    make_unit(app, "out", json!({}));
    app.make_edition(json!({"overlapping_cohorts": true, "cohorts": [
        {"code": "below", "name": "B", "rule": {"level": "commune", "parent_id": "p"}},
        {"code": "june", "name": "J", "rule": {"level": "commune", "parent_id": "p", "as_of": "2016-06-30"}},
        {"code": "july", "name": "J", "rule": {"parent_id": "p", "as_of": "2016-07-01"}},
        {"code": "communes", "name": "C", "rule": {"level": "commune"}}
    ]}));
    for id in ["in", "ended", "district", "out"] {
        app.make_score(&score(id, 1));
    }
    for (query, code, want) in [
        ("", "below", vec!["in"]),
        ("cohort=below", "below", vec!["in"]),
        ("cohort=june", "june", vec!["ended", "in"]),
        ("cohort=july", "july", vec!["district", "in"]),
        ("cohort=communes", "communes", vec!["in", "out"]),
    ] {
        let answer = ranking(app, query);
        let found: Vec<&str> = ranks(&answer).into_iter().map(|(.., id)| id).collect();
        assert_eq!((answer["cohort"].as_str(), found), (Some(code), want), "{query}");
    }
    app.get(&format!("{RANKING}?cohort=nowhere")).expect(404);
    app.get(&format!("{RANKING}?cohort=")).expect(404);
    app.get("/api/v1/indexes/ix/rankings/2017").expect(404);
    app.get("/api/v1/indexes/iy/rankings/2016").expect(404);
});

api_test!(a_cohort_by_rule_goes_by_what_stood_above_on_its_day, |app| {
    for id in ["p", "q"] {
        make_unit(app, id, json!({"level": "province"}));
    }
    let stood = |under: Value, until: &str| json!({"parent_id": under, "until": until});
    let (p, q) = (json!("p"), json!("q"));
    make_unit(app, "stays", json!({"parent_id": p}));
    for (id, now, before) in [
        ("back", &p, vec![stood(p.clone(), "2015-01-01"), stood(q.clone(), "2016-07-01")]),
        ("came", &p, vec![stood(Value::Null, "2017-01-01")]),
        ("left", &q, vec![stood(p.clone(), "2017-01-01")]),
        ("moved", &q, vec![stood(p.clone(), "2016-07-01")]),
    ] {
        make_unit(app, id, json!({"parent_id": now, "former_parents": before}));
    }
    let below = |code: &str, day: Value| {
        let rule = json!({"level": "commune", "parent_id": "p", "as_of": day});
        json!({"code": code, "name": code, "rule": rule})
    };
    app.make_edition(json!({"overlapping_cohorts": true, "cohorts": [
        below("end", Value::Null), below("june", json!("2016-06-30")), below("july", json!("2016-07-01")),
        below("after", json!("2017-01-01"))
    ]}));
    for id in ["back", "came", "left", "moved", "stays"] {
        app.make_score(&score(id, 1));
    }
    for (code, want) in [
        ("end", vec!["back", "left", "stays"]),
        ("june", vec!["left", "moved", "stays"]),
        ("july", vec!["back", "left", "stays"]),
        ("after", vec!["back", "came", "stays"]),
    ] {
        let answer = ranking(app, &format!("cohort={code}"));
        let found: Vec<&str> = ranks(&answer).into_iter().map(|(.., id)| id).collect();
        assert_eq!(found, want, "{code}");
    }
});

api_test!(a_positive_rank_change_is_a_rise, |app| {
    two_years(app, json!({}), &[("a", "9", "7"), ("b", "8", "9"), ("c", "7", "8"), ("d", "1", "6.5")]);
    let answer = ranking(app, "");
    let of = |id: &str| {
        let delta = &standing(&answer, id)["delta"];
        (
            delta["rank_change"].as_i64().unwrap(),
            delta["direction"].as_str().unwrap().to_owned(),
            delta["score_exact"].as_str().unwrap().to_owned(),
            delta["relative_percent"].to_string(),
        )
    };
    assert_eq!(of("a"), (-2, "down".into(), "-2".into(), "-22.22".into()));
    assert_eq!(of("b"), (1, "up".into(), "1".into(), "12.50".into()));
    assert_eq!(of("c"), (1, "up".into(), "1".into(), "14.29".into()));
    assert_eq!(of("d"), (0, "same".into(), "5.5".into(), "550.00".into()));
    assert_eq!(standing(&answer, "a")["delta"]["unit"], "points");
    app.make_edition(json!({"unit_of_measure": "percent"}));
    app.make_edition_of(2015, json!({"unit_of_measure": "percent"}));
    assert_eq!(standing(&ranking(app, ""), "a")["delta"]["unit"], "percentage_points");
});

api_test!(a_half_is_rounded_away_from_zero_and_only_once, |app| {
    two_years(
        app,
        json!({}),
        &[
            ("up", "0.005", "1.01"),
            ("down", "1.01", "0.005"),
            ("just-not", "0", "1.00499999999999999999"),
            ("below-zero", "0", "-2.345"),
            ("twice", "0.0146", "0.0246"),
        ],
    );
    let answer = ranking(app, "");
    for (id, score, delta) in [
        ("up", "1.01", "1.01"),
        ("down", "0.01", "-1.01"),
        ("just-not", "1.00", "1.00"),
        ("below-zero", "-2.35", "-2.35"),
        ("twice", "0.02", "0.01"),
    ] {
        let standing = standing(&answer, id);
        assert_eq!(
            (standing["score"].to_string().as_str(), standing["delta"]["score"].to_string().as_str()),
            (score, delta),
            "{id}"
        );
    }
});

/// A decimal text in units of 10⁻²⁴: the sums of this test are made of whole numbers alone.
fn scaled(text: &str) -> i128 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= 24, "{text}");
    sign * format!("{whole}{fraction:0<24}").parse::<i128>().unwrap()
}

api_test!(what_the_components_gave_adds_up_to_the_delta_to_the_last_digit, |app| {
    app.make_units(&["u", "v", "w"]);
    let area =
        |code: &str, maximum: i32, weight: i32| with(criterion(code, maximum), json!({"weight": weight}));
    let now =
        json!({"method": "weighted", "criteria": [area("a", 7, 50), area("b", 9, 20), area("new", 3, 30)]});
    let before =
        json!({"method": "weighted", "criteria": [area("a", 11, 60), area("b", 6, 10), area("old", 13, 30)]});
    app.make_edition(now);
    app.make_edition_of(2015, before);
    for (unit, year, values) in [
        ("u", 2016, [("a", "6.123456789"), ("b", "8.7"), ("new", "1.1")]),
        ("u", 2015, [("a", "3.3333333333"), ("b", "5.01"), ("old", "12.9")]),
        ("v", 2016, [("a", "1"), ("b", "1"), ("new", "1")]),
        ("v", 2015, [("a", "10"), ("b", "5"), ("old", "0")]),
        ("w", 2016, [("a", "2"), ("b", "2"), ("new", "2")]),
    ] {
        for (code, value) in values {
            app.make_score(&with(score(unit, value), json!({"criterion": code, "year": year})));
        }
    }
    app.make_score(&score("v", "33.3333333333333"));
    app.make_score(&with(score("w", "12.0000000001"), json!({"year": 2015})));
    let answer = ranking(app, "include=components");
    for id in ["u", "v", "w"] {
        let standing = standing(&answer, id);
        let components = standing["components"].as_array().unwrap();
        let sum =
            |member: &str| -> i128 { components.iter().map(|c| scaled(c[member].as_str().unwrap())).sum() };
        assert_eq!(
            sum("contribution_exact"),
            scaled(standing["score_exact"].as_str().unwrap()),
            "{standing}"
        );
        let delta = standing["delta"]["score_exact"].as_str().unwrap();
        assert_eq!(sum("contribution_delta_exact"), scaled(delta), "{standing}");
        let base = standing["base"]["score_exact"].as_str().unwrap();
        assert_eq!(scaled(standing["score_exact"].as_str().unwrap()) - scaled(base), scaled(delta));
        assert!(components.iter().filter(|c| c["kind"] == "residual").count() <= 1);
    }
    let gone = standing(&answer, "u")["components"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["criterion"] == "old")
        .unwrap()
        .clone();
    assert_eq!((&gone["score"], &gone["contribution_exact"]), (&Value::Null, &json!("0")));
});

api_test!(a_ranking_changes_its_tag_with_its_content, |app| {
    two_years(app, json!({}), &[("u", "1", "2")]);
    let first = app.get(RANKING).expect(200);
    assert_eq!(app.get(RANKING).expect(200).etag(), first.etag());
    let known = |tag: String| app.ask("GET", RANKING).header("if-none-match", tag).send();
    let same = known(first.etag()).expect(304);
    assert_eq!((same.raw.len(), same.etag()), (0, first.etag()));
    app.patch(EDITION, &json!({"decimals": 3})).expect(200);
    let second = known(first.etag()).expect(200);
    assert_ne!(second.etag(), first.etag());
    app.put(&format!("{SCORES}/by-key/ix/2015/u/final/_total"), &json!({"score": "1.5"})).expect(200);
    known(second.etag()).expect(200);
});
