//! `/indexes` and their editions: what an edition may say, and what it may no longer change.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::{App, START},
    indexes::{EDITION, INDEXES, criterion, edition, score},
    records::{with, without},
};

fn refused(app: &App, over: Value) -> (String, String) {
    let answer = app.put(EDITION, &with(edition(), over)).expect(422);
    let violations = answer.violations();
    assert_eq!(violations.len(), 1, "{violations:?}");
    (violations[0].0.to_owned(), violations[0].1.to_owned())
}

#[track_caller]
fn assert_refused(app: &App, over: Value, pointer: &str, code: &str) {
    assert_eq!(refused(app, over.clone()), (pointer.to_owned(), code.to_owned()), "{over}");
}

api_test!(an_index_is_made_read_changed_and_deleted, |app| {
    let made = app.post(INDEXES, &json!({"code": "par", "name": " Chỉ số CCHC "})).expect(201);
    assert_eq!(made.header("location"), "/api/v1/indexes/par");
    assert_eq!(
        made.json,
        json!({"code": "par", "name": "Chỉ số CCHC", "name_en": null, "description": null})
    );
    let path = "/api/v1/indexes/par";
    assert_eq!(app.get(path).expect(200).etag(), made.etag());
    assert_eq!(app.put(path, &made.json).expect(200).etag(), made.etag());
    let patched = app.patch(path, &json!({"name_en": "PAR index"})).expect(200);
    assert_eq!(patched.json["name_en"], "PAR index");
    assert_ne!(patched.etag(), made.etag());
    let back = app.put(path, &json!({"name": "Khác"})).expect(200);
    assert_eq!((&back.json["name"], &back.json["name_en"]), (&json!("Khác"), &Value::Null));
    assert_eq!(
        app.put(path, &json!({"code": "pci", "name": "x"})).expect(422).violations(),
        [("/code", "key_mismatch")]
    );
    assert_eq!(app.post(INDEXES, &json!({"code": "par", "name": "x"})).expect(409).code(), "duplicate");
    app.ask("DELETE", path).header("if-match", made.etag()).send().expect(412);
    app.delete(path).expect(204);
    app.get(path).expect(404);
    app.delete(path).expect(404);
});

api_test!(indexes_are_listed_by_code_or_by_name_and_searched, |app| {
    for (code, name) in [("c", "Đà"), ("a", "Hà"), ("b", "Cần")] {
        app.put(&format!("{INDEXES}/{code}"), &json!({"name": name})).expect(201);
    }
    let listed = |query: &str| -> Vec<String> {
        let answer = app.get(&format!("{INDEXES}?{query}")).expect(200);
        answer.each("code").into_iter().map(str::to_owned).collect()
    };
    assert_eq!(listed(""), ["a", "b", "c"]);
    assert_eq!(listed("sort=name"), ["b", "c", "a"]);
    assert_eq!(listed("sort=-name"), ["a", "c", "b"]);
    assert_eq!(listed("q=da"), ["c"]);
});

api_test!(the_least_of_an_edition_shows_every_member, |app| {
    app.put("/api/v1/indexes/ix", &json!({"name": "Chỉ số"})).expect(201);
    let made = app.put(EDITION, &edition()).expect(201);
    assert_eq!(made.header("location"), EDITION);
    assert_eq!(
        made.json,
        json!({
            "index_code": "ix", "year": 2016, "framework": "f-1", "unit_of_measure": "points", "decimals": 2,
            "rank_decimals": null, "tie_rule": "competition", "method": "points", "rescale_without_survey": false,
            "rescale_not_applicable": false, "criteria": [],
            "cohorts": [{"code": "all", "name": "Các xã", "unit_ids": null,
                         "rule": {"level": "commune", "parent_id": null, "as_of": null}}],
            "overlapping_cohorts": false, "bands": [], "note": null, "status": "draft", "revision": null,
            "stages": [{"status": "draft", "at": START, "actor": "test administrator", "reason": null, "revision": null}],
            "published_at": null, "working": null
        })
    );
    for member in ["framework", "unit_of_measure", "decimals", "cohorts"] {
        let answer = app.put(EDITION, &without(edition(), member)).expect(422);
        assert_eq!(answer.violations(), [(format!("/{member}").as_str(), "required")]);
    }
});

api_test!(what_get_gives_of_an_edition_can_be_put_back, |app| {
    app.make_units(&["u", "v"]);
    let over = json!({
        "rank_decimals": 2, "tie_rule": "ordinal", "method": "weighted", "note": "Ghi chú",
        "criteria": [
            {"code": "a", "name": "A", "name_en": "A!", "max_points": "10.50", "weight": 60.0},
            {"code": "b", "name": "B", "max_points": 1234567890123456789.123456789, "weight": "40"},
            {"code": "a1", "name": "A1", "parent": "a", "max_points": 3}
        ],
        "cohorts": [{"code": "list", "name": "L", "unit_ids": ["v", "u"]},
                    {"code": "rule", "name": "R", "rule": {"parent_id": "u", "as_of": "2016-05-01"}}],
        "bands": [{"label": "Thấp", "from": null, "to": "50.5"}, {"label": "Cao", "from": 50.50, "to": null}]
    });
    app.make_edition(over.clone());
    let read = app.get(EDITION).expect(200);
    assert_eq!(read.json["criteria"][0]["max_points"].to_string(), "10.5");
    assert_eq!(read.json["bands"][1]["from"].to_string(), "50.5");
    assert_eq!(read.json["cohorts"][0]["unit_ids"], json!(["v", "u"]));
    assert_eq!(app.put(EDITION, &read.json).expect(200).etag(), read.etag());
    assert_eq!(app.put(EDITION, &with(edition(), over)).expect(200).etag(), read.etag());
    let claimed = with(
        read.json.clone(),
        json!({"status": "published", "revision": 7, "stages": [1], "published_at": "x", "working": {}}),
    );
    let same = app.put(EDITION, &claimed).expect(200);
    assert_eq!((same.etag(), &same.json["status"]), (read.etag(), &json!("draft")), "read-only members");
    let patched = app.patch(EDITION, &json!({"note": null, "decimals": 3})).expect(200);
    assert_eq!((&patched.json["note"], &patched.json["decimals"]), (&Value::Null, &json!(3)));
    assert_ne!(patched.etag(), read.etag());
});

api_test!(the_address_of_an_edition_names_index_and_year, |app| {
    let absent = app.put("/api/v1/indexes/no/editions/2016", &edition()).expect(404);
    assert_eq!(absent.code(), "not_found");
    app.get("/api/v1/indexes/no/editions").expect(404);
    app.make_edition(json!({}));
    for year in ["16", "02016", "+2016", "20x6", "1899", "3000", "-2016"] {
        let path = format!("{INDEXES}/ix/editions/{year}");
        for answer in [app.put(&path, &edition()), app.get(&path), app.delete(&path)] {
            assert_eq!(answer.expect(400).violations(), [("year", "not_a_year")], "{year}");
        }
    }
    app.get("/api/v1/indexes/ix/editions/2017").expect(404);
    app.patch("/api/v1/indexes/ix/editions/2017", &json!({"note": "x"})).expect(404);
    assert_refused(app, json!({"year": 2017}), "/year", "key_mismatch");
    assert_refused(app, json!({"index_code": "iy"}), "/index_code", "key_mismatch");
    app.put(EDITION, &with(edition(), json!({"index_code": "ix", "year": 2016}))).expect(200);
});

api_test!(criteria_make_a_tree_of_unique_codes, |app| {
    app.make_edition(json!({}));
    let child = |code: &str, parent: &str| json!({"code": code, "name": code, "parent": parent});
    let twice = json!({"criteria": [criterion("a", 1), criterion("a", 2)]});
    assert_refused(app, twice, "/criteria/1/code", "duplicate");
    let unknown = json!({"criteria": [criterion("a", 1), child("b", "z")]});
    assert_refused(app, unknown, "/criteria/1/parent", "unknown_criterion");
    assert_refused(app, json!({"criteria": [child("a", "a")]}), "/criteria/0/parent", "cycle");
    let circle = json!({"criteria": [child("a", "b"), child("b", "c"), child("c", "a")]});
    let answer = app.put(EDITION, &with(edition(), circle)).expect(422);
    assert_eq!(
        answer.violations(),
        [0, 1, 2].map(|i| (["/criteria/0/parent", "/criteria/1/parent", "/criteria/2/parent"][i], "cycle"))
    );
    assert_refused(app, json!({"criteria": [criterion("_total", 1)]}), "/criteria/0/code", "reserved");
    assert_refused(app, json!({"criteria": [criterion("a b", 1)]}), "/criteria/0/code", "not_an_id");
    for maximum in [json!(0), json!(-1), json!("-0.5")] {
        let over = json!({"criteria": [criterion("a", maximum)]});
        assert_refused(app, over, "/criteria/0/max_points", "not_positive");
    }
});

api_test!(a_tree_as_deep_as_a_body_allows_is_read_and_ranked, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({}));
    let mut criteria: Vec<Value> = (1..35_000)
        .map(|i| json!({"code": format!("c{i}"), "name": "x", "parent": format!("c{}", i - 1)}))
        .collect();
    criteria.insert(0, json!({"code": "c0", "name": "x"}));
    let deep = with(edition(), json!({"criteria": criteria}));
    let made = app.put(EDITION, &deep).expect(200);
    assert_eq!(app.put(EDITION, &deep).expect(200).etag(), made.etag());
    app.make_score(&with(score("u", 1), json!({"criterion": "c34999"})));
    let ranking = app.get("/api/v1/indexes/ix/rankings/2016").expect(200).json;
    assert_eq!(ranking["standings"][0]["score_exact"], "1");
    let less = with(deep, json!({"criteria": [criterion("c0", 1)]}));
    app.put(EDITION, &less).expect(409);
});

api_test!(weights_make_100_and_maxima_add_up, |app| {
    let weighted = |first: Value, second: Value| {
        let area = |code: &str, weight: Value| with(criterion(code, 10), json!({"weight": weight}));
        json!({"method": "weighted", "criteria": [area("a", first), area("b", second)]})
    };
    app.make_edition(weighted(json!("33.3"), json!(66.7)));
    assert_refused(app, weighted(json!(60), json!("40.0000001")), "/criteria", "weights_not_100");
    assert_refused(app, weighted(json!(60), json!(39)), "/criteria", "weights_not_100");
    let answer = app.put(EDITION, &with(edition(), weighted(json!(100), Value::Null))).expect(422);
    assert_eq!(answer.violations(), [("/criteria/1", "missing_weight")]);
    let points = |parts: [Value; 2]| {
        let [x, y] = parts.map(|maximum| with(criterion("x", maximum), json!({"parent": "a"})));
        json!({"criteria": [criterion("a", "1.2"), x, with(y, json!({"code": "y"}))]})
    };
    app.make_edition(points([json!("0.1"), json!(1.1)]));
    assert_refused(app, points([json!("0.1"), json!(1)]), "/criteria/0/max_points", "maxima_do_not_add_up");
    assert_refused(app, points([json!("0.1"), Value::Null]), "/criteria/2/max_points", "missing_maximum");
    let answer = app.put(EDITION, &with(edition(), points([json!("1.3"), Value::Null]))).expect(422);
    assert_eq!(
        answer.violations(),
        [("/criteria/2/max_points", "missing_maximum"), ("/criteria/0/max_points", "maxima_do_not_add_up")]
    );
    for (part, told) in [("0.5", "make 1 point, not 1.2."), ("0.3", "make 0.8 points, not 1.2.")] {
        let wrong = with(edition(), points([json!("0.5"), json!(part)]));
        let answer = app.ask("PUT", EDITION).json(&wrong).header("accept-language", "en").send().expect(422);
        assert_eq!(answer.json["errors"][0]["detail"], format!("The criteria below {told}"));
    }
    let weighted = |part: &str| {
        let part = with(criterion("x", part), json!({"parent": "a"}));
        let area = with(criterion("a", 2), json!({"weight": 100}));
        json!({"method": "weighted", "criteria": [area, part]})
    };
    app.make_edition(weighted("1.5"));
    assert_refused(app, weighted("2.5"), "/criteria/0/max_points", "maxima_do_not_add_up");
});

api_test!(a_share_of_the_maximum_needs_every_maximum, |app| {
    app.make_edition(json!({}));
    let percent = |criteria: Value| json!({"unit_of_measure": "percent", "criteria": criteria});
    let bare = |code: &str| json!({"code": code, "name": code});
    assert_refused(
        app,
        percent(json!([criterion("a", 1), bare("b")])),
        "/criteria/1/max_points",
        "missing_maximum",
    );
    let below =
        |over: Value| percent(json!([bare("a"), with(bare("a1"), with(json!({"parent": "a"}), over))]));
    assert_refused(app, below(json!({})), "/criteria/1/max_points", "missing_maximum");
    app.make_edition(below(json!({"max_points": 3})));
    // What is normalised has values of its own, and points that are only added need no maximum.
    app.make_edition(percent(json!([
        criterion("a", 1),
        with(bare("n"), json!({"method": "normalised"})),
        with(bare("n1"), json!({"parent": "n"}))
    ])));
    app.make_edition(json!({"criteria": [bare("a")]}));
});

api_test!(a_rule_names_a_level_or_a_parent_and_a_band_its_own_label, |app| {
    app.make_edition(json!({}));
    for rule in [json!({}), json!({"as_of": "2016-05-01"})] {
        let over = json!({"cohorts": [{"code": "c", "name": "C", "rule": rule}]});
        assert_refused(app, over, "/cohorts/0/rule", "level_or_parent");
    }
    let bands = json!([{"label": "Tốt", "from": null, "to": 50}, {"label": "Tốt", "from": 50, "to": null}]);
    assert_refused(app, json!({"bands": bands}), "/bands/1/label", "duplicate");
});

api_test!(a_cohort_is_a_list_or_a_rule, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({}));
    let cohort = |over: Value| json!({"cohorts": [with(json!({"code": "c", "name": "C"}), over)]});
    let both = json!({"unit_ids": ["u"], "rule": {"level": "commune"}});
    assert_refused(app, cohort(both), "/cohorts/0", "list_or_rule");
    assert_refused(app, cohort(json!({})), "/cohorts/0", "list_or_rule");
    assert_refused(app, json!({"cohorts": []}), "/cohorts", "empty");
    let unknown = cohort(json!({"unit_ids": ["u", "nowhere"]}));
    assert_refused(app, unknown, "/cohorts/0/unit_ids/1", "unknown_unit");
    let unknown = cohort(json!({"rule": {"parent_id": "nowhere"}}));
    assert_refused(app, unknown, "/cohorts/0/rule/parent_id", "unknown_unit");
    assert_refused(app, cohort(json!({"unit_ids": ["u", "u"]})), "/cohorts/0/unit_ids/1", "duplicate");
    let one = json!({"code": "c", "name": "C", "unit_ids": ["u"]});
    assert_refused(
        app,
        json!({"cohorts": [one.clone(), one], "overlapping_cohorts": true}),
        "/cohorts/1/code",
        "duplicate",
    );
    app.make_edition(cohort(json!({"unit_ids": []})));
});

api_test!(bands_ascend_and_touch, |app| {
    app.make_edition(json!({}));
    let bands = |edges: &[(Value, Value)]| {
        let labels = 'A'..='Z';
        let bands = edges
            .iter()
            .zip(labels)
            .map(|((from, to), label)| json!({"label": label.to_string(), "from": from, "to": to}));
        let bands: Vec<Value> = bands.collect();
        json!({"bands": bands})
    };
    let (none, fifty, eighty) = (Value::Null, json!(50), json!("80.0"));
    app.make_edition(bands(&[
        (none.clone(), fifty.clone()),
        (json!("50.00"), eighty.clone()),
        (json!(80), none.clone()),
    ]));
    app.make_edition(bands(&[(json!(0), fifty.clone())]));
    for (edges, pointer, code) in [
        (
            vec![(none.clone(), fifty.clone()), (json!("50.0001"), none.clone())],
            "/bands/1/from",
            "bands_do_not_touch",
        ),
        (
            vec![(none.clone(), fifty.clone()), (json!("49.9999"), none.clone())],
            "/bands/1/from",
            "bands_do_not_touch",
        ),
        (
            vec![(eighty.clone(), none.clone()), (fifty.clone(), eighty.clone())],
            "/bands/1/from",
            "bands_do_not_touch",
        ),
        (
            vec![(none.clone(), none.clone()), (fifty.clone(), none.clone())],
            "/bands/1/from",
            "bands_do_not_touch",
        ),
        (
            vec![(none.clone(), fifty.clone()), (none.clone(), eighty.clone())],
            "/bands/1/from",
            "bands_do_not_touch",
        ),
        (vec![(eighty.clone(), fifty.clone())], "/bands/0/to", "not_ascending"),
        (vec![(fifty.clone(), json!("50.0"))], "/bands/0/to", "not_ascending"),
    ] {
        assert_refused(app, bands(&edges), pointer, code);
    }
});

api_test!(what_becomes_points_of_a_maximum_is_not_below_nothing, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({"criteria": [criterion("b", 10), criterion("a", Value::Null)]}));
    let of_a = app.make_score(&with(score("u", -5), json!({"criterion": "a"})));
    let put = |over: Value| app.put(EDITION, &with(edition(), over));
    let points = || json!({"criteria": [criterion("b", 10), criterion("a", 10)]});
    let assert_kept = || {
        let refused = put(points()).expect(409);
        assert_eq!(refused.code(), "in_use");
        assert_eq!(refused.violations(), [("/criteria/1/min_points", "above_a_score")]);
        let id = of_a.json["id"].as_str().unwrap();
        assert!(refused.json.to_string().contains(id), "{}", refused.json);
    };
    assert_kept();
    // A stated minimum lets it be, and so does a scale.
    let stated = with(criterion("a", 10), json!({"min_points": -5}));
    put(json!({"criteria": [criterion("b", 10), stated]})).expect(200);
    assert_kept();
    put(with(points(), json!({"method": "normalised"}))).expect(200);
    assert_kept();
    app.delete(of_a.header("location")).expect(204);
    put(points()).expect(200);
});

api_test!(what_has_scores_stays, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({"criteria": [criterion("a", 10), criterion("b", 10)]}));
    let of_a = app.make_score(&with(score("u", "7.5"), json!({"criterion": "a"})));
    let answer = app.patch(EDITION, &json!({"criteria": [criterion("b", 10)]})).expect(409);
    assert_eq!((answer.code(), answer.violations()), ("in_use", vec![("/criteria", "criterion_has_scores")]));
    let answer = app.patch(EDITION, &json!({"criteria": [criterion("a", "7.49")]})).expect(409);
    assert_eq!(answer.violations(), [("/criteria/0/max_points", "below_a_score")]);
    app.patch(EDITION, &json!({"criteria": [criterion("a", "7.5")]})).expect(200);
    assert_eq!(app.delete(EDITION).expect(409).code(), "in_use");
    assert_eq!(app.delete("/api/v1/indexes/ix").expect(409).code(), "in_use");
    app.delete(of_a.header("location")).expect(204);
    app.patch(EDITION, &json!({"criteria": []})).expect(200);
    assert_eq!(app.delete("/api/v1/indexes/ix").expect(409).code(), "in_use");
    app.delete(EDITION).expect(204);
    app.delete("/api/v1/indexes/ix").expect(204);
});

api_test!(a_unit_of_a_cohort_or_with_scores_stays, |app| {
    app.make_units(&["listed", "scored", "parent"]);
    app.make_edition(json!({"cohorts": [
        {"code": "l", "name": "L", "unit_ids": ["listed"]}, {"code": "r", "name": "R", "rule": {"parent_id": "parent"}}
    ]}));
    app.make_score(&score("scored", 1));
    for id in ["listed", "scored", "parent"] {
        assert_eq!(app.delete(&format!("/api/v1/units/{id}")).expect(409).code(), "in_use", "{id}");
    }
});

api_test!(editions_are_listed_by_year_in_pages, |app| {
    for year in [2014, 2016, 2013, 2015] {
        app.make_edition_in(year);
    }
    let years = |query: &str| -> (Vec<i64>, Value) {
        let page = app.get(&format!("{INDEXES}/ix/editions?{query}")).expect(200).json;
        let items = page["items"].as_array().unwrap();
        (items.iter().map(|e| e["year"].as_i64().unwrap()).collect(), page["next_cursor"].clone())
    };
    assert_eq!(years(""), (vec![2013, 2014, 2015, 2016], Value::Null));
    for (sort, pages) in [("year", [[2013, 2014], [2015, 2016]]), ("-year", [[2016, 2015], [2014, 2013]])] {
        let (first, cursor) = years(&format!("limit=2&sort={sort}"));
        let rest = years(&format!("limit=2&sort={sort}&cursor={}", cursor.as_str().unwrap()));
        assert_eq!((first.as_slice(), rest), (&pages[0][..], (pages[1].to_vec(), Value::Null)), "{sort}");
    }
    assert_eq!(years("year=2014").0, [2014]);
    assert_eq!(years("framework=f-2014").0, [2014]);
    assert_eq!(years("status=published").0, [0; 0]);
    assert_eq!(years("status=draft").0.len(), 4);
});

impl App {
    fn make_edition_in(&self, year: i32) {
        self.put("/api/v1/indexes/ix", &json!({"name": "Chỉ số"}));
        self.make_edition_of(year, json!({"framework": format!("f-{year}")}));
    }
}
