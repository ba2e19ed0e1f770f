//! `/indexes/{code}/rankings/{year}/explanation`: who moved past whom, what the components gave, what it would take.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{RANKING, criterion, score},
    records::{UNITS, unit, with},
};

/// Units with their totals of 2015 and 2016; a dash for none.
fn two_years(app: &App, edition: Value, rows: &[(&str, &str, &str)]) {
    app.make_edition(edition.clone());
    app.make_edition_of(2015, edition);
    for (id, before, now) in rows {
        app.make_units(&[id]);
        for (year, value) in [(2015, before), (2016, now)] {
            if *value != "-" {
                app.make_score(&with(score(id, *value), json!({"year": year})));
            }
        }
    }
}

fn explanation(app: &App, unit: &str, more: &str) -> Value {
    app.get(&format!("{RANKING}/explanation?unit_id={unit}{more}")).expect(200).json
}

fn ids<'a>(explanation: &'a Value, list: &str) -> Vec<&'a str> {
    explanation[list].as_array().unwrap().iter().map(|u| u["unit_id"].as_str().unwrap()).collect()
}

fn ties(explanation: &Value) -> Vec<(&str, &str, i64)> {
    let ties = explanation["ties"].as_array().unwrap().iter();
    ties.map(|tie| {
        let unit = tie["unit"]["unit_id"].as_str().unwrap();
        (unit, tie["kind"].as_str().unwrap(), tie["places"].as_i64().unwrap())
    })
    .collect()
}

#[track_caller]
fn adds_up(explanation: &Value) {
    let checks = explanation["checks"].as_array().unwrap();
    let codes: Vec<&str> = checks.iter().map(|check| check["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["places_add_up", "contributions_add_up"]);
    assert!(checks.iter().all(|check| check["holds"] == true && check["difference"] == 0), "{checks:?}");
    let places = &explanation["places"];
    let sum: i64 = ["overtook", "overtaken_by", "arrivals", "departures", "ties"]
        .iter()
        .map(|kind| places[kind].as_i64().unwrap())
        .sum();
    assert_eq!((&json!(sum), &places["total"]), (&places["total"], &explanation["delta"]["rank_change"]));
}

const MOVES: [(&str, &str, &str); 6] = [
    ("u", "7", "6.5"),
    ("over", "6", "8"),
    ("under", "9", "6"),
    ("same", "8", "9"),
    ("new", "-", "7"),
    ("gone", "10", "-"),
];

api_test!(who_moved_past_whom_adds_up_to_the_rank_change, |app| {
    for rule in ["competition", "dense", "ordinal"] {
        if rule == "competition" {
            two_years(app, json!({"tie_rule": rule}), &MOVES);
        } else {
            app.make_edition(json!({"tie_rule": rule}));
            app.make_edition_of(2015, json!({"tie_rule": rule}));
        }
        let told = explanation(app, "u", "");
        assert_eq!(
            (&told["rank"], &told["base"]["rank"], &told["tie_rule"]),
            (&json!(4), &json!(4), &json!(rule))
        );
        assert_eq!(ids(&told, "overtook"), ["under"]);
        assert_eq!(ids(&told, "overtaken_by"), ["over"]);
        assert_eq!(ids(&told, "arrivals"), ["new"]);
        assert_eq!(ids(&told, "departures"), ["gone"]);
        adds_up(&told);
        let over = &told["overtaken_by"][0];
        assert_eq!((&over["rank"], &over["base"]["rank"]), (&json!(2), &json!(5)));
        assert_eq!((&over["score_exact"], &over["base"]["score_exact"]), (&json!("8"), &json!("6")));
        assert_eq!(told["departures"][0]["rank"], Value::Null);
        assert_eq!(told["arrivals"][0]["base"], Value::Null);
    }
});

api_test!(ties_take_and_give_places_as_the_rule_says, |app| {
    let rows = [("u", "5", "5"), ("a", "6", "5"), ("b", "5", "7"), ("c", "9", "7"), ("d", "9", "8")];
    two_years(app, json!({}), &rows);
    // 2015: c d a (u b); 2016: d (b c) (a u).
    let told = explanation(app, "u", "");
    assert_eq!((&told["base"]["rank"], &told["rank"], &told["tied"]), (&json!(4), &json!(4), &json!(true)));
    assert_eq!(ties(&told), [("b", "fell_behind", -1), ("a", "caught_up", 1)]);
    adds_up(&told);
    for year in [2015, 2016] {
        app.make_edition_of(year, json!({"tie_rule": "dense"}));
    }
    let told = explanation(app, "u", "");
    assert_eq!((&told["base"]["rank"], &told["rank"]), (&json!(3), &json!(3)));
    assert_eq!(
        ties(&told),
        [
            ("b", "fell_behind", -1),
            ("a", "caught_up", 1),
            ("c", "shares_place", 1),
            ("d", "shared_place", -1)
        ]
    );
    adds_up(&told);
    for year in [2015, 2016] {
        app.make_edition_of(year, json!({"tie_rule": "ordinal"}));
    }
    let told = explanation(app, "u", "");
    assert_eq!((&told["base"]["rank"], &told["rank"]), (&json!(5), &json!(5)), "the last by its name");
    assert_eq!(ties(&told), []);
    adds_up(&told);
});

api_test!(what_it_takes_to_keep_to_rise_and_to_reach_the_next_band, |app| {
    let bands =
        json!([{"label": "Khá", "from": null, "to": "8.5"}, {"label": "Tốt", "from": "8.5", "to": null}]);
    let edition = |over| with(json!({"bands": bands, "decimals": 1}), over);
    two_years(
        app,
        edition(json!({})),
        &[("u", "8", "6"), ("a", "9", "9"), ("b", "7", "6.25"), ("c", "1", "6.25")],
    );
    let told = explanation(app, "u", "");
    let of = |told: &Value, name: &str| {
        (told[name].to_string(), told[format!("{name}_exact")].as_str().unwrap_or("null").to_owned())
    };
    let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!((&told["rank"], &told["base"]["rank"], &told["next_rank"]), (&json!(4), &json!(2), &json!(2)));
    assert_eq!(of(&told, "points_to_keep_rank"), text("0.3", "0.25"), "a tie shares the rank");
    assert_eq!(of(&told, "points_to_next_rank"), text("0.3", "0.25"));
    assert_eq!((of(&told, "points_to_next_band"), &told["next_band"]), (text("2.5", "2.5"), &json!("Tốt")));
    let first = explanation(app, "a", "");
    for name in ["points_to_keep_rank", "points_to_next_rank", "points_to_next_band"] {
        assert_eq!(of(&first, name), text("null", "null"), "{name}");
    }
    // By the alphabet `b` and `c` come first, so that being equal is not enough.
    for year in [2015, 2016] {
        app.make_edition_of(year, edition(json!({"tie_rule": "ordinal"})));
    }
    let told = explanation(app, "u", "");
    assert_eq!(of(&told, "points_to_next_rank"), text("0.3", "0.25000000000000000001"));
    // Printed without decimals 5.5 is a 6 already: all three are equal.
    for year in [2015, 2016] {
        app.make_edition_of(year, edition(json!({"rank_decimals": 0})));
    }
    let told = explanation(app, "u", "");
    assert_eq!((&told["rank"], of(&told, "points_to_next_rank")), (&json!(2), text("2.5", "2.5")));
});

api_test!(the_components_add_up_to_the_delta_with_the_residual, |app| {
    app.make_units(&["u"]);
    let area =
        |code: &str, weight: i32| with(criterion(code, 10), json!({"weight": weight, "name_en": code}));
    let edition = json!({"method": "weighted", "criteria": [area("a", 60), area("b", 40)]});
    app.make_edition(edition.clone());
    app.make_edition_of(2015, edition);
    for (year, total, a, b) in [(2015, "70.000007", "7", "7"), (2016, "71.999999", "6.5", "8.25")] {
        for (code, value) in [(json!(null), total), (json!("a"), a), (json!("b"), b)] {
            app.make_score(&with(score("u", value), json!({"year": year, "criterion": code})));
        }
    }
    let told = explanation(app, "u", "");
    adds_up(&told);
    let given: Vec<(&str, &str)> = told["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            (c["criterion"].as_str().unwrap_or("residual"), c["contribution_delta_exact"].as_str().unwrap())
        })
        .collect();
    assert_eq!(given, [("a", "-3"), ("b", "5"), ("residual", "-0.000008")]);
    assert_eq!(told["delta"]["score_exact"], "1.999992");
    assert_eq!(
        told["sentences"],
        json!({
            "vi": "Năm 2016, Xã u xếp thứ 1/1, giữ nguyên thứ hạng so với năm 2015, đạt 72,00 điểm, tăng 2,00 điểm; \
                   giảm nhiều nhất ở “Tiêu chí a” (3,00 điểm); tăng nhiều nhất ở “Tiêu chí b” (5,00 điểm).",
            "en": "In 2016, Xã u ranked 1 of 1, the same rank as in 2015, with a score of 72.00, up 2.00 points; \
                   losing most in “a” (3.00 points); gaining most in “b” (5.00 points)."
        })
    );
});

api_test!(the_sentence_names_who_overtook_the_unit, |app| {
    let rows =
        [("u", "80", "79.5"), ("a", "75", "85"), ("b", "75", "84"), ("c", "75", "83"), ("d", "75", "82")];
    two_years(app, json!({"unit_of_measure": "percent"}), &rows);
    let told = explanation(app, "u", "");
    assert_eq!(
        told["sentences"],
        json!({
            "vi": "Năm 2016, Xã u xếp thứ 5/5, giảm 4 bậc so với năm 2015 (thứ 1), đạt 79,50%, giảm 0,50 điểm phần trăm; \
                   bị Xã a, Xã b, Xã c và 1 đơn vị khác vượt qua; cần thêm khoảng 2,50 điểm phần trăm để lên thứ 4.",
            "en": "In 2016, Xã u ranked 5 of 5, down 4 places from rank 1 in 2015, with a score of 79.50%, down 0.50 \
                   percentage points; overtaken by Xã a, Xã b, Xã c and 1 other; about 2.50 percentage points short of rank 4."
        })
    );
    let alone = explanation(app, "u", "&base_year=none");
    assert_eq!(
        alone["sentences"]["vi"],
        "Năm 2016, Xã u xếp thứ 5/5, đạt 79,50%; cần thêm khoảng 2,50 điểm phần trăm để lên thứ 4."
    );
});

api_test!(a_unit_without_a_rank_or_a_base_says_so, |app| {
    two_years(app, json!({}), &[("u", "-", "5"), ("a", "9", "-"), ("b", "8", "6")]);
    let new = explanation(app, "u", "");
    assert_eq!(
        (&new["rank"], &new["delta"]["direction"], &new["base"]),
        (&json!(2), &json!("new"), &Value::Null)
    );
    assert_eq!((&new["places"], &new["checks"], &new["overtook"]), (&Value::Null, &json!([]), &json!([])));
    assert_eq!(new["points_to_next_rank_exact"], "1");
    let unranked = explanation(app, "a", "");
    assert_eq!((&unranked["rank"], &unranked["unranked_because"]), (&Value::Null, &json!("no_scores")));
    assert_eq!((&unranked["sentences"], &unranked["delta"]), (&Value::Null, &Value::Null));
    let one = explanation(app, "b", "&base_year=none");
    assert_eq!((&one["base_year"], &one["base"]), (&Value::Null, &Value::Null));
});

api_test!(a_unit_is_explained_in_the_cohort_that_it_is_in, |app| {
    app.make_units(&["u", "v", "w"]);
    let list = |code: &str, ids: Value| json!({"code": code, "name": code, "unit_ids": ids});
    let cohorts = json!([list("one", json!(["u"])), list("two", json!(["v", "w"]))]);
    app.make_edition(json!({"cohorts": cohorts}));
    for (unit, value) in [("u", 1), ("v", 3), ("w", 2)] {
        app.make_score(&score(unit, value));
    }
    let told = explanation(app, "w", "");
    assert_eq!((&told["cohort"], &told["rank"]), (&json!("two"), &json!(2)));
    let absent = app.get(&format!("{RANKING}/explanation?unit_id=w&cohort=one")).expect(404);
    assert!(!absent.json["detail"].as_str().unwrap().contains("units"), "{}", absent.json);
    let (targets, first) = (format!("{RANKING}/targets"), json!({"unit_id": "w", "rank": 1}));
    let target = app.post(&targets, &first).expect(200).json;
    assert_eq!((&target["cohort"], &target["gain_exact"]), (&json!("two"), &json!("1")));
    let refused = app.post(&format!("{targets}?cohort=one"), &first).expect(422);
    assert_eq!(refused.violations(), [("/unit_id", "not_in_cohort")]);
});

api_test!(the_sentence_names_who_left_a_tie_and_shows_a_change_that_rounding_hides, |app| {
    two_years(app, json!({}), &[("u", "5", "5.004"), ("x", "5", "7")]);
    let told = explanation(app, "u", "");
    assert_eq!(
        told["sentences"],
        json!({
            "vi": "Năm 2016, Xã u xếp thứ 2/2, giảm 1 bậc so với năm 2015 (thứ 1), đạt 5,00 điểm, \
                   tăng không đáng kể (dưới 0,01 điểm); Xã x, trước đó đồng hạng, vươn lên trên; \
                   cần thêm khoảng 2,00 điểm để lên thứ 1.",
            "en": "In 2016, Xã u ranked 2 of 2, down 1 place from rank 1 in 2015, with a score of 5.00, \
                   up slightly (less than 0.01 points); Xã x, level with it before, now above; \
                   about 2.00 points short of rank 1."
        })
    );
});

api_test!(the_sentence_sets_only_like_components_against_each_other, |app| {
    app.make_units(&["u"]);
    let give = |year: i32, code: Value, value: &str| {
        app.make_score(&with(score("u", value), json!({"year": year, "criterion": code})));
    };
    app.make_edition(json!({"criteria": [criterion("a", 10), criterion("b", 90)]}));
    app.make_edition_of(2015, json!({"criteria": [criterion("a", 10), criterion("c", 90)]}));
    give(2015, Value::Null, "50");
    give(2016, json!("a"), "6");
    give(2016, json!("b"), "74");
    let before =
        "Năm 2016, Xã u xếp thứ 1/1, giữ nguyên thứ hạng so với năm 2015, đạt 80,00 điểm, tăng 30,00 điểm";
    let told = explanation(app, "u", "");
    assert_eq!(told["sentences"]["vi"], format!("{before}."), "the base year has a total only");
    // Across frameworks only what they have in common.
    give(2015, json!("a"), "5");
    give(2015, json!("c"), "45");
    app.make_edition_of(
        2015,
        json!({"framework": "f-0", "criteria": [criterion("a", 10), criterion("c", 90)]}),
    );
    let told = explanation(app, "u", "");
    assert_eq!(
        told["sentences"]["vi"],
        format!(
            "{before}; trong các tiêu chí chung, tăng nhiều nhất ở “Tiêu chí a” (1,00 điểm); hai năm không cùng \
             bộ tiêu chí hoặc thang đo nên chỉ so sánh được tương đối."
        )
    );
});

api_test!(the_sentence_says_that_it_tells_of_common_criteria_alone, |app| {
    app.make_units(&["u"]);
    let of = |own: &str, framework: &str| {
        let criteria = [criterion("a", 10), criterion("d", 10), criterion(own, 80)];
        json!({"framework": framework, "criteria": criteria})
    };
    app.make_edition(of("b", "f-1"));
    app.make_edition_of(2015, of("c", "f-0"));
    for (year, code, value) in
        [(2015, "a", 5), (2015, "d", 5), (2015, "c", 40), (2016, "a", 6), (2016, "d", 3), (2016, "b", 71)]
    {
        app.make_score(&with(score("u", value), json!({"year": year, "criterion": code})));
    }
    assert_eq!(
        explanation(app, "u", "")["sentences"],
        json!({
            "vi": "Năm 2016, Xã u xếp thứ 1/1, giữ nguyên thứ hạng so với năm 2015, đạt 80,00 điểm, tăng 30,00 điểm; \
                   trong các tiêu chí chung, giảm nhiều nhất ở “Tiêu chí d” (2,00 điểm) và tăng nhiều nhất ở \
                   “Tiêu chí a” (1,00 điểm); hai năm không cùng bộ tiêu chí hoặc thang đo nên chỉ so sánh được \
                   tương đối.",
            "en": "In 2016, Xã u ranked 1 of 1, the same rank as in 2015, with a score of 80.00, up 30.00 points; \
                   among the common criteria, losing most in “Tiêu chí d” (2.00 points) and gaining most in \
                   “Tiêu chí a” (1.00 points); the two years differ in framework or scale, so that the change \
                   says little by itself."
        })
    );
});

api_test!(what_gives_to_a_percentage_is_told_in_percentage_points, |app| {
    app.make_units(&["u"]);
    let edition = json!({"unit_of_measure": "percent", "criteria": [criterion("a", 20), criterion("b", 30)]});
    app.make_edition(edition.clone());
    app.make_edition_of(2015, edition);
    for (year, code, value) in [(2015, "a", 10), (2015, "b", 20), (2016, "a", 15), (2016, "b", 15)] {
        app.make_score(&with(score("u", value), json!({"year": year, "criterion": code})));
    }
    // Five of fifty points are ten per cent.
    assert_eq!(
        explanation(app, "u", "")["sentences"],
        json!({
            "vi": "Năm 2016, Xã u xếp thứ 1/1, giữ nguyên thứ hạng so với năm 2015, đạt 60,00%, điểm không đổi; \
                   giảm nhiều nhất ở “Tiêu chí b” (10,00 điểm phần trăm); tăng nhiều nhất ở “Tiêu chí a” \
                   (10,00 điểm phần trăm).",
            "en": "In 2016, Xã u ranked 1 of 1, the same rank as in 2015, with a score of 60.00%, unchanged; \
                   losing most in “Tiêu chí b” (10.00 percentage points); gaining most in “Tiêu chí a” \
                   (10.00 percentage points)."
        })
    );
});

api_test!(the_sentence_counts_one_point_only_where_it_writes_a_plain_one, |app| {
    two_years(app, json!({}), &[("u", "50", "49"), ("v", "50.3", "50.2"), ("w", "20", "23")]);
    let told = |unit: &str| explanation(app, unit, "")["sentences"]["en"].as_str().unwrap().to_owned();
    for (measure, one) in [("points", "point"), ("percent", "percentage point")] {
        for (decimals, of_u, of_v) in [
            (0, ["down 1 {}; ", "about 1 {} short"], "(less than 1 {})"),
            (2, ["down 1.00 {}s; ", "about 1.20 {}s short"], "down 0.10 {}s"),
        ] {
            let edition = json!({"decimals": decimals, "unit_of_measure": measure});
            app.make_edition(edition.clone());
            app.make_edition_of(2015, edition);
            for (unit, part) in [("u", of_u[0]), ("u", of_u[1]), ("v", of_v)] {
                let (part, told) = (part.replace("{}", one), told(unit));
                assert!(told.contains(&part), "{part}: {told}");
            }
        }
        app.make_edition(json!({"decimals": 0, "unit_of_measure": measure}));
        assert!(told("w").contains(&format!("up 3 {one}s; ")), "{}", told("w"));
    }
});

api_test!(the_sentence_names_no_criterion_that_only_a_scale_or_a_weight_moved, |app| {
    app.make_units(&["u", "v"]);
    let area = |code: &str, maximum: i32| with(criterion(code, maximum), json!({"weight": maximum}));
    let survey = with(area("s", 20), json!({"stage": "survey"}));
    let years = |over: &Value, framework: &str| {
        let of = json!({"criteria": [area("a", 30), area("b", 50), survey]});
        app.make_edition(with(of.clone(), over.clone()));
        app.make_edition_of(2015, with(with(of, over.clone()), json!({"framework": framework})));
    };
    let give = |unit: &str, year: i32, code: &str, value: Value| {
        let of = json!({"criterion": code, "year": year, "applicable": !value.is_null()});
        app.make_score(&with(score(unit, value), of))
    };
    years(&json!({}), "f-1");
    for (unit, year, a, b) in
        [("u", 2015, 15, 40), ("u", 2016, 15, 41), ("v", 2015, 20, 45), ("v", 2016, 22, 44)]
    {
        give(unit, year, "a", json!(a));
        give(unit, year, "b", json!(b));
    }
    // Whether a loss and a gain are told, and of common criteria.
    let told = |unit: &str| {
        let told = explanation(app, unit, "");
        adds_up(&told);
        let text = told["sentences"]["en"].as_str().unwrap();
        [
            "losing most in “Tiêu chí b”",
            "gaining most in “Tiêu chí a”",
            "gaining most in “Tiêu chí b”",
            "common criteria",
        ]
        .map(|part| text.contains(part))
    };
    let overs = [
        json!({"unit_of_measure": "percent"}),
        json!({"method": "weighted"}),
        json!({"rescale_without_survey": true, "rescale_not_applicable": true}),
    ];
    // Without a survey in both years the scale is the same: what moved is told.
    for over in &overs {
        years(over, "f-1");
        assert_eq!(told("u"), [false, false, true, false], "{over}");
        assert_eq!(told("v"), [true, true, false, false], "{over}");
    }
    // Held in one of them it moves all that was scaled.
    give("u", 2015, "s", json!(12));
    give("v", 2015, "s", json!(10));
    for over in &overs {
        for framework in ["f-1", "f-0"] {
            years(over, framework);
            assert_eq!(told("u"), [false; 4], "{over} {framework}");
            assert_eq!(told("v"), [false; 4], "{over} {framework}");
        }
    }
    // Held in both it is out for a unit to which it does not apply.
    give("u", 2016, "s", Value::Null);
    give("v", 2016, "s", json!(10));
    for over in &overs {
        years(over, "f-1");
        assert_eq!((told("u"), told("v")), ([false; 4], [true, true, false, false]), "{over}");
        years(over, "f-0");
        assert_eq!((told("u"), told("v")), ([false; 4], [true, true, false, true]), "{over}");
    }
    // Points that are added as they are tell what moved.
    years(&json!({}), "f-1");
    assert_eq!(told("u"), [false, false, true, false]);
    // Another weight is no change of a score.
    let weighted = |a: i32, b: i32| {
        let of = |code: &str, weight: i32| with(criterion(code, 50), json!({"weight": weight}));
        json!({"method": "weighted", "criteria": [of("a", a), of("b", b)]})
    };
    let of_survey = app.get("/api/v1/index-scores?index_code=ix&criterion=s").expect(200).json;
    for id in of_survey["items"].as_array().unwrap().iter().map(|score| score["id"].as_str().unwrap()) {
        app.delete(&format!("/api/v1/index-scores/{id}")).expect(204);
    }
    app.make_edition(weighted(80, 20));
    app.make_edition_of(2015, weighted(20, 80));
    assert_eq!(told("u"), [false; 4], "what `b` gives fell, its score rose");
});

api_test!(the_sentence_calls_years_different_only_where_it_compares_them, |app| {
    two_years(app, json!({}), &[("u", "1", "2"), ("new", "-", "1")]);
    let says_so = |unit: &str| {
        let told = explanation(app, unit, "");
        let (vi, en) = (told["sentences"]["vi"].as_str().unwrap(), told["sentences"]["en"].as_str().unwrap());
        (vi.contains("hai năm không cùng"), en.contains("the two years differ"))
    };
    for (base, of_u) in [
        (json!({}), false),
        (json!({"framework": "f-0"}), true),
        (json!({"unit_of_measure": "percent"}), true),
        (json!({"cohorts": [{"code": "other", "name": "O", "rule": {"level": "commune"}}]}), false),
    ] {
        app.make_edition_of(2015, base.clone());
        assert_eq!(says_so("u"), (of_u, of_u), "{base}");
        assert_eq!(says_so("new"), (false, false), "{base}");
    }
    assert_eq!(
        explanation(app, "u", "")["sentences"]["vi"],
        "Năm 2016, Xã u xếp thứ 1/2, không có thứ hạng năm 2015 để so sánh, đạt 2,00 điểm."
    );
});

api_test!(wrong_questions_are_refused_by_name, |app| {
    two_years(app, json!({}), &[("u", "1", "2")]);
    app.post(UNITS, &with(unit("d"), json!({"level": "district"}))).expect(201);
    let path = |query: &str| format!("{RANKING}/explanation?{query}");
    for (query, status, pointer) in [
        ("", 422, "unit_id"),
        ("unit_id=u&colour=red", 400, "colour"),
        ("unit_id=u&base_year=x", 400, "base_year"),
        ("unit_id=u&stage=end", 400, "stage"),
    ] {
        let answer = app.get(&path(query));
        assert!(
            answer.status == status || (answer.status == 400 && status == 422),
            "{query}: {}",
            answer.json
        );
        assert!(answer.violations()[0].0.contains(pointer), "{query}: {}", answer.json);
    }
    for query in ["unit_id=no", "unit_id=d", "unit_id=u&cohort=no", "unit_id=u&base_year=1999"] {
        app.get(&path(query)).expect(404);
    }
    app.get("/api/v1/indexes/no/rankings/2016/explanation?unit_id=u").expect(404);
    app.get("/api/v1/indexes/ix/rankings/2014/explanation?unit_id=u").expect(404);
    let first = app.get(&path("unit_id=u")).expect(200);
    app.ask("GET", &path("unit_id=u")).header("if-none-match", first.etag()).send().expect(304);
});
