//! What a ranking tells beside its standings: where new units came from, which have ended, what two frameworks have
//! in common, published ranks that differ, and units in two cohorts.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    indexes::{EDITION, RANKING, criterion, edition, score},
    records::{UNITS, unit, with},
};

fn make_unit(app: &App, id: &str, over: Value) {
    app.post(UNITS, &with(unit(id), over)).expect(201);
}

fn standing<'a>(ranking: &'a Value, unit: &str) -> &'a Value {
    let standings = ranking["standings"].as_array().unwrap();
    standings.iter().find(|s| s["unit_id"] == unit).unwrap_or_else(|| panic!("no {unit} in {ranking}"))
}

fn total_of(app: &App, unit: &str, year: i32, value: &str) {
    app.make_score(&with(score(unit, value), json!({"year": year})));
}

api_test!(new_units_name_their_predecessors_and_ended_ones_their_successors, |app| {
    // Two units become one in July 2016, and a part of a third goes to it; a fourth was never ranked.
    make_unit(app, "now", json!({"valid_from": "2016-07-01"}));
    make_unit(app, "stays", json!({}));
    let whole = json!([{"unit_id": "now", "extent": "whole"}]);
    make_unit(app, "one", json!({"valid_to": "2016-07-01", "successors": whole}));
    make_unit(app, "unranked", json!({"valid_to": "2016-07-01", "successors": whole}));
    let parts = json!([{"unit_id": "now", "extent": "part"}, {"unit_id": "stays", "extent": "part"}]);
    make_unit(app, "split", json!({"valid_to": "2016-07-01", "successors": parts}));
    app.make_edition(json!({}));
    app.make_edition_of(2015, json!({}));
    for (unit, value) in [("one", "7"), ("split", "9"), ("stays", "8")] {
        total_of(app, unit, 2015, value);
    }
    for (unit, value) in [("now", "8.5"), ("stays", "6")] {
        total_of(app, unit, 2016, value);
    }
    let ranking = app.get(RANKING).expect(200).json;
    let now = standing(&ranking, "now");
    assert_eq!((&now["base"], &now["delta"]["direction"]), (&Value::Null, &json!("new")));
    let number = |text: &str| text.parse::<serde_json::Number>().unwrap();
    assert_eq!(
        now["delta"]["predecessors"],
        json!([
            {"unit_id": "one", "unit_name": "Xã one", "extent": "whole",
             "base": {"rank": 3, "score": number("7.00"), "score_exact": "7"}},
            {"unit_id": "split", "unit_name": "Xã split", "extent": "part",
             "base": {"rank": 1, "score": number("9.00"), "score_exact": "9"}},
            {"unit_id": "unranked", "unit_name": "Xã unranked", "extent": "whole", "base": null}
        ])
    );
    assert_eq!(standing(&ranking, "stays")["delta"].get("predecessors"), None);
    let ended: Vec<(&str, i64, usize)> = ranking["ended"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| {
            let successors = unit["successors"].as_array().unwrap();
            (unit["unit_id"].as_str().unwrap(), unit["base"]["rank"].as_i64().unwrap(), successors.len())
        })
        .collect();
    assert_eq!(ended, [("split", 1, 2), ("one", 3, 1)]);
    assert_eq!(ranking["ended"][0]["successors"][1]["unit_name"], "Xã stays");
    let told = app.get(&format!("{RANKING}/explanation?unit_id=now")).expect(200).json;
    assert_eq!(told["delta"]["predecessors"], now["delta"]["predecessors"]);
    let sentence = |language: &str| told["sentences"][language].as_str().unwrap();
    assert!(sentence("vi").contains("thành lập từ Xã "), "{}", sentence("vi"));
    // What passed as a whole is named first: behind a part it would read as one.
    assert!(sentence("vi").contains("từ Xã one, Xã unranked và một phần Xã split"), "{}", sentence("vi"));
    assert!(sentence("en").contains("formed from ") && sentence("en").contains("part of Xã split"));
    let without = app.get(&format!("{RANKING}?base_year=none")).expect(200).json;
    assert_eq!(
        (&without["ended"], standing(&without, "now")["delta"].get("predecessors")),
        (&json!([]), None)
    );
});

api_test!(predecessors_are_followed_through_two_reforms, |app| {
    make_unit(app, "third", json!({"valid_from": "2016-01-01"}));
    let to = |id: &str, extent: &str| json!([{"unit_id": id, "extent": extent}]);
    make_unit(
        app,
        "second",
        json!({"valid_from": "2014-01-01", "valid_to": "2016-01-01", "successors": to("third", "whole")}),
    );
    make_unit(app, "first", json!({"valid_to": "2014-01-01", "successors": to("second", "part")}));
    app.make_edition(json!({}));
    app.make_edition_of(2013, json!({}));
    total_of(app, "first", 2013, "5");
    total_of(app, "third", 2016, "6");
    let ranking = app.get(&format!("{RANKING}?base_year=2013")).expect(200).json;
    let told = &standing(&ranking, "third")["delta"]["predecessors"];
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!((&told[0]["unit_id"], &told[0]["extent"]), (&json!("first"), &json!("part")));
    let became = &ranking["ended"][0]["successors"];
    assert_eq!(*became, json!([{"unit_id": "third", "unit_name": "Xã third", "extent": "part"}]));
});

api_test!(ended_units_are_followed_to_what_exists_in_the_year, |app| {
    let to = |parts: &[(&str, &str)]| {
        let part = |(id, extent): &(&str, &str)| json!({"unit_id": id, "extent": extent});
        Value::Array(parts.iter().map(part).collect())
    };
    let lived = |from: &str, until: &str| json!({"valid_from": from, "valid_to": until});
    // `old` and `beside` became `mid` in 2014, which was divided in 2015; `lost` ended and nobody knows what of it
    // went where; `n2` goes on until after the year.
    make_unit(app, "late", json!({"valid_from": "2020-01-01"}));
    make_unit(app, "n1", json!({"valid_from": "2015-07-01"}));
    let goes_on = json!({"successors": to(&[("late", "whole")])});
    make_unit(app, "n2", with(lived("2015-07-01", "2020-01-01"), goes_on));
    make_unit(app, "lost", lived("2013-01-01", "2014-06-01"));
    let divided = json!({"successors": to(&[("n1", "part"), ("n2", "part")])});
    make_unit(app, "mid", with(lived("2014-07-01", "2015-07-01"), divided));
    make_unit(app, "beside", json!({"valid_to": "2014-07-01", "successors": to(&[("mid", "whole")])}));
    make_unit(app, "old", json!({"valid_to": "2014-07-01", "successors": to(&[("mid", "whole")])}));
    make_unit(app, "gone", json!({"valid_to": "2013-01-01", "successors": to(&[("lost", "whole")])}));
    app.make_edition(json!({}));
    app.make_edition_of(2012, json!({}));
    for (unit, value) in [("old", "9"), ("beside", "8"), ("gone", "7")] {
        total_of(app, unit, 2012, value);
    }
    for (unit, value) in [("n1", "5"), ("n2", "4")] {
        total_of(app, unit, 2016, value);
    }
    let ranking = app.get(&format!("{RANKING}?base_year=2012")).expect(200).json;
    let halves = json!([
        {"unit_id": "n1", "unit_name": "Xã n1", "extent": "part"},
        {"unit_id": "n2", "unit_name": "Xã n2", "extent": "part"}
    ]);
    let last_known = json!([{"unit_id": "lost", "unit_name": "Xã lost", "extent": "whole"}]);
    let became = |place: usize| (&ranking["ended"][place]["unit_id"], &ranking["ended"][place]["successors"]);
    assert_eq!(became(0), (&json!("old"), &halves));
    assert_eq!(became(1), (&json!("beside"), &halves));
    assert_eq!(became(2), (&json!("gone"), &last_known));
});

api_test!(frameworks_that_differ_are_compared_on_what_they_have_in_common, |app| {
    app.make_units(&["u", "v"]);
    let child =
        |code: &str, maximum: i32, parent: &str| with(criterion(code, maximum), json!({"parent": parent}));
    // `a` is common as a whole; of `b` only `b1` is, since its maximum has changed; `c` and `d` are not.
    app.make_edition(json!({"framework": "f-2", "criteria": [
        criterion("a", 10), child("a1", 6, "a"), child("a2", 4, "a"),
        criterion("b", 8), child("b1", 5, "b"), child("b2", 3, "b"), criterion("d", 3)
    ]}));
    app.make_edition_of(
        2015,
        json!({"criteria": [
            criterion("a", 10), child("a1", 6, "a"), child("a2", 4, "a"),
            criterion("b", 9), child("b1", 5, "b"), child("b2", 4, "b"), criterion("c", 3)
        ]}),
    );
    for (unit, year, values) in [
        ("u", 2016, [("a1", "3"), ("a2", "4"), ("b1", "2.5"), ("b2", "3"), ("d", "1")]),
        ("u", 2015, [("a1", "2"), ("a2", "3.5"), ("b1", "3"), ("b2", "1"), ("c", "3")]),
        ("v", 2016, [("a1", "3"), ("a2", "4"), ("b1", "2.5"), ("b2", "3"), ("d", "1")]),
    ] {
        for (code, value) in values {
            app.make_score(&with(score(unit, value), json!({"criterion": code, "year": year})));
        }
    }
    total_of(app, "v", 2015, "9");
    let ranking = app.get(RANKING).expect(200).json;
    assert_eq!((&ranking["comparable"], &ranking["common_criteria"]), (&json!(false), &json!(["a", "b1"])));
    let common = &standing(&ranking, "u")["delta"]["common"];
    assert_eq!(
        (common["score"].to_string().as_str(), &common["score_exact"]),
        ("1.00", &json!("1")),
        "7 + 2.5 − 5.5 − 3"
    );
    assert_eq!(standing(&ranking, "v")["delta"].get("common"), None, "only a total in the base year");
    app.make_edition_of(
        2015,
        with(
            edition(),
            json!({"framework": "f-2", "criteria": [
                criterion("a", 10), child("a1", 6, "a"), child("a2", 4, "a"),
                criterion("b", 9), child("b1", 5, "b"), child("b2", 4, "b"), criterion("c", 3)
            ]}),
        ),
    );
    let same = app.get(RANKING).expect(200).json;
    assert_eq!((&same["comparable"], &same["common_criteria"]), (&json!(true), &Value::Null));
});

api_test!(the_delta_over_common_criteria_is_that_of_what_they_give, |app| {
    app.make_units(&["u"]);
    let years = |over: Value, now: Value, base: Value| {
        app.make_edition(with(over.clone(), json!({"framework": "f-2", "criteria": now})));
        app.make_edition_of(2015, with(over, json!({"criteria": base})));
    };
    let common = |codes: Value| {
        let ranking = app.get(RANKING).expect(200).json;
        assert_eq!(ranking["common_criteria"], codes);
        standing(&ranking, "u")["delta"].get("common").map(|common| common["score_exact"].clone())
    };
    let area = |code: &str, weight: i32| with(criterion(code, 10), json!({"weight": weight}));
    years(
        json!({"method": "weighted"}),
        json!([area("a", 20), area("b", 5), area("c", 75)]),
        json!([area("a", 20), area("b", 5), area("d", 75)]),
    );
    for (year, values) in
        [(2015, [("a", "5"), ("b", "8"), ("d", "1")]), (2016, [("a", "7"), ("b", "5"), ("c", "1")])]
    {
        for (code, value) in values {
            app.make_score(&with(score("u", value), json!({"criterion": code, "year": year})));
        }
    }
    assert_eq!(common(json!(["a", "b"])), Some(json!("2.5")), "4 − 1.5");
    years(
        json!({"unit_of_measure": "percent"}),
        json!([criterion("a", 10), criterion("b", 10), criterion("c", 30)]),
        json!([criterion("a", 10), criterion("b", 10), criterion("d", 30)]),
    );
    assert_eq!(common(json!(["a", "b"])), Some(json!("-2")), "12 after 13 of 50");
    // A point of forty is more than one of fifty; bonus points are shares of these as well.
    let plus =
        || json!({"code": "p", "name": "P", "kind": "bonus_penalty", "min_points": -5, "max_points": 5});
    years(
        json!({"unit_of_measure": "percent"}),
        json!([criterion("a", 10), criterion("b", 10), criterion("c", 30), plus()]),
        json!([criterion("a", 10), criterion("b", 10), criterion("d", 20), plus()]),
    );
    assert_eq!(common(json!([])), None);
    let records = |from: i32| {
        let rule =
            json!({"measure": "online_of_received", "full_marks_from": from, "zero_denominator": "zero"});
        with(criterion("a", 10), json!({"from_records": rule}))
    };
    years(
        json!({}),
        json!([records(80), criterion("b", 10), criterion("c", 30)]),
        json!([records(50), criterion("b", 10), criterion("d", 20)]),
    );
    assert_eq!(common(json!(["b"])), Some(json!("-3")), "another threshold is another criterion");
    // What a normalised value gives depends on the others of its year.
    let indicator = |code: &str| json!({"code": code, "name": code, "polarity": "negative"});
    years(
        json!({"method": "normalised"}),
        json!([indicator("a"), indicator("b"), indicator("c")]),
        json!([indicator("a"), indicator("b"), indicator("d")]),
    );
    assert_eq!(common(json!(["a", "b"])), None);
});

api_test!(changes_of_scores_that_move_with_those_of_others_are_not_comparable, |app| {
    app.make_units(&["u", "v", "w"]);
    let mean = |method: Value| {
        let scaled = json!({"code": "n", "name": "N", "method": method});
        json!([scaled, {"code": "x", "name": "X", "parent": "n"}])
    };
    let years = |over: &Value| {
        app.make_edition(over.clone());
        app.make_edition_of(2015, over.clone());
    };
    years(&json!({"criteria": mean(Value::Null)}));
    for (unit, before, now) in [("u", "10", "10"), ("v", "20", "20"), ("w", "30", "50")] {
        for (year, value) in [(2015, before), (2016, now)] {
            app.make_score(&with(score(unit, value), json!({"year": year, "criterion": "x"})));
        }
    }
    let told = || {
        let answer = app.get(RANKING).expect(200).json;
        let series = app.get("/api/v1/indexes/ix/series?unit_id=v&from=2016&to=2016").expect(200).json;
        let about = app.get(&format!("{RANKING}/explanation?unit_id=v")).expect(200).json;
        let review = app.get("/api/v1/reviews/v/2016").expect(200).json;
        let of = |body: &Value| (body["comparable"].clone(), body["not_comparable_because"].clone());
        for same in [&series["points"][0], &about, &review["indexes"][0]["computed"]] {
            assert_eq!(of(same), of(&answer), "{same}");
        }
        let delta = standing(&answer, "v")["delta"]["score_exact"].clone();
        (of(&answer), delta, about["sentences"].clone())
    };
    assert_eq!(told().0, (json!(true), Value::Null), "points that are added");
    let scaled = (json!(false), json!("scaled_within_cohort"));
    for over in [
        json!({"method": "normalised", "criteria": [{"code": "x", "name": "X"}]}),
        json!({"criteria": mean(json!("normalised"))}),
    ] {
        years(&over);
        let (comparable, delta, sentences) = told();
        assert_eq!(comparable, scaled, "{over}");
        // `v` has what it had: `w` alone moved it. The delta is told all the same.
        assert!(delta.as_str().is_some_and(|delta| delta.starts_with('-')), "{over} {delta}");
        let (vi, en) = (sentences["vi"].as_str().unwrap(), sentences["en"].as_str().unwrap());
        assert!(vi.ends_with("tùy cả điểm đơn vị khác, nên chỉ so sánh được tương đối."), "{vi}");
        assert!(en.ends_with("so that the change is also that of other units."), "{en}");
    }
    let csv = String::from_utf8(app.get(&format!("{RANKING}?format=csv")).expect(200).raw).unwrap();
    assert!(csv.lines().skip(1).all(|line| line.split(',').any(|cell| cell == "không")), "{csv}");
    let note = app.get(&format!("{RANKING}?format=json-stat")).expect(200).json["note"].clone();
    assert!(note[0].as_str().is_some_and(|note| note.contains("Điểm được chuẩn hóa trong nhóm")), "{note}");
    assert!(note[1].as_str().is_some_and(|note| note.contains("Scaled within the cohort")), "{note}");
    // Another framework is the graver reason.
    app.make_edition_of(2015, json!({"framework": "f-0", "criteria": mean(json!("normalised"))}));
    assert_eq!(told().0, (json!(false), json!("framework_differs")));
});

api_test!(a_share_of_what_is_left_of_a_maximum_is_no_move_on_common_criteria, |app| {
    app.make_units(&["u", "v"]);
    let area = |code: &str, maximum: i32| with(criterion(code, maximum), json!({"weight": maximum}));
    let years = |over: &Value| {
        let of = |own: &str| json!({"criteria": [area("a", 30), area(own, 50), area("s", 20)]});
        app.make_edition(with(of("n"), over.clone()));
        app.make_edition_of(2015, with(with(of("b"), over.clone()), json!({"framework": "f-0"})));
    };
    years(&json!({}));
    for (unit, year, values) in [
        ("u", 2015, [("a", json!(15)), ("s", json!(12)), ("b", Value::Null)]),
        ("u", 2016, [("a", json!(15)), ("s", json!(12)), ("n", json!(30))]),
        ("v", 2015, [("a", json!(20)), ("s", json!(10)), ("b", json!(45))]),
        ("v", 2016, [("a", json!(21)), ("s", json!(10)), ("n", json!(40))]),
    ] {
        for (code, value) in values {
            let of = json!({"criterion": code, "year": year, "applicable": !value.is_null()});
            app.make_score(&with(score(unit, value), of));
        }
    }
    for (over, told) in [
        (json!({"unit_of_measure": "percent"}), None),
        (json!({"method": "weighted"}), None),
        (json!({"rescale_not_applicable": true}), None),
        (json!({}), Some(json!("0"))),
    ] {
        years(&over);
        let ranking = app.get(RANKING).expect(200).json;
        assert_eq!(ranking["common_criteria"], json!(["a", "s"]), "{over}");
        let common = |unit: &str| {
            let delta = &standing(&ranking, unit)["delta"];
            delta.get("common").map(|common| common["score_exact"].clone())
        };
        assert_eq!((common("u"), common("v")), (told, Some(json!("1"))), "{over}");
    }
});

api_test!(published_ranks_that_differ_are_listed, |app| {
    app.make_edition(json!({}));
    app.make_units(&["u", "v", "w"]);
    for (unit, value, published) in [("u", 3, json!(1)), ("v", 2, json!(3)), ("w", 1, json!(null))] {
        app.make_score(&with(score(unit, value), json!({"published_rank": published})));
    }
    let ranking = app.get(RANKING).expect(200).json;
    assert_eq!(
        ranking["published_rank_differences"],
        json!([{"unit_id": "v", "unit_name": "Xã v", "rank": 2, "published_rank": 3}])
    );
});

api_test!(a_unit_is_in_two_cohorts_only_where_the_edition_says_so, |app| {
    app.make_units(&["u", "v", "w"]);
    make_unit(app, "d", json!({"level": "district"}));
    app.make_edition(json!({}));
    let list = |code: &str, ids: &[&str]| json!({"code": code, "name": code, "unit_ids": ids});
    let rule = |code: &str, rule: Value| json!({"code": code, "name": code, "rule": rule});
    let communes = rule("communes", json!({"level": "commune"}));
    let put = |cohorts: Value, overlapping: bool| {
        app.put(EDITION, &with(edition(), json!({"cohorts": cohorts, "overlapping_cohorts": overlapping})))
    };
    for (cohorts, pointer) in [
        (json!([list("a", &["u", "v"]), list("b", &["w", "v"])]), "/cohorts/1/unit_ids/1"),
        (json!([list("a", &["d", "v"]), communes]), "/cohorts/1"),
        (json!([communes, list("a", &["d", "v"])]), "/cohorts/1"),
        (json!([rule("all", json!({"level": "commune", "as_of": "2020-12-31"})), communes]), "/cohorts/1"),
    ] {
        let refused = put(cohorts.clone(), false).expect(422);
        assert_eq!(refused.violations(), [(pointer, "in_two_cohorts")], "{cohorts}");
        let answer = put(cohorts, true).expect(200);
        assert_eq!(answer.json["overlapping_cohorts"], true);
    }
    let apart = json!([list("a", &["d"]), communes]);
    assert_eq!(put(apart, false).expect(200).json["overlapping_cohorts"], false);
});
