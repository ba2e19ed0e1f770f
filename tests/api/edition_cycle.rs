//! The cycle of an edition: its steps, which scores each takes, and publication in revisions.

use chiso::sample::Extent;
use serde_json::{Value, json};

use crate::{
    changes::page,
    sample::load,
    support::{
        api_test,
        app::App,
        client::Answer,
        indexes::{EDITION, RANKING, SCORES, criterion, score},
        records::{UNITS, unit, with, without},
        wrong::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, bare, body, refuse_all},
    },
};

/// Moves the edition of 2016.
fn go(app: &App, status: &str, reason: Value) -> Answer {
    app.post(&format!("{EDITION}/status"), &json!({"status": status, "reason": reason}))
}

/// Publishes the edition of 2016.
pub fn publish(app: &App, reason: Value) -> Answer {
    app.post(&format!("{EDITION}/publish"), &json!({"reason": reason}))
}

/// How the working state differs from the last revision.
fn working(edition_changed: bool, changed_scores: i64, units_changed: bool) -> Value {
    let changed = edition_changed || changed_scores > 0 || units_changed;
    json!({"changed": changed, "edition_changed": edition_changed, "changed_scores": changed_scores,
           "units_changed": units_changed})
}

/// Two communes with totals in an edition of one criterion.
pub fn begin(app: &App) {
    app.make_units(&["u", "v"]);
    app.make_edition(json!({"criteria": [criterion("a", 10)]}));
    app.make_score(&score("u", 5));
    app.make_score(&score("v", 4));
}

api_test!(an_edition_goes_through_its_cycle_with_who_and_when, |app| {
    app.make_units(&["u"]);
    app.set_now("2021-02-01T08:00:00+07:00");
    app.make_edition(json!({}));
    app.set_now("2021-02-02T08:00:00+07:00");
    let open = go(app, "self_assessment", Value::Null).expect(200);
    assert_eq!(open.json["status"], "self_assessment");
    assert_eq!(app.get(EDITION).expect(200).etag(), open.etag());
    app.set_now("2021-02-03T08:00:00+07:00");
    go(app, "appraisal", Value::Null).expect(200);
    assert_eq!(
        go(app, "self_assessment", Value::Null).expect(422).violations(),
        [("/reason", "required")],
        "a step back says why"
    );
    go(app, "self_assessment", json!(" Bổ sung hồ sơ ")).expect(200);
    go(app, "appraisal", Value::Null).expect(200);
    app.set_now("2021-02-04T08:00:00+07:00");
    publish(app, Value::Null).expect(201);
    let edition = app.get(EDITION).expect(200).json;
    let step = |status: &str, day: u32, reason: Value, revision: Value| json!({"status": status, "at": format!("2021-02-0{day}T08:00:00+07:00"), "actor": "test administrator", "reason": reason, "revision": revision});
    assert_eq!(
        edition["stages"],
        json!([
            step("draft", 1, Value::Null, Value::Null),
            step("self_assessment", 2, Value::Null, Value::Null),
            step("appraisal", 3, Value::Null, Value::Null),
            step("self_assessment", 3, json!("Bổ sung hồ sơ"), Value::Null),
            step("appraisal", 3, Value::Null, Value::Null),
            step("published", 4, Value::Null, json!(1)),
        ])
    );
    assert_eq!((&edition["status"], &edition["revision"]), (&json!("published"), &json!(1)));
    assert_eq!(edition["published_at"], "2021-02-04T08:00:00+07:00");
    assert_eq!(edition["working"], working(false, 0, false));
    // Writes of the edition leave its cycle alone.
    let same = app.put(EDITION, &edition).expect(200);
    assert_eq!(same.json, edition);
    let (items, _) = page(app, "resource=editions");
    let told: Vec<&str> = items.iter().map(|item| item["after"]["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["draft", "self_assessment", "appraisal", "self_assessment", "appraisal", "published"]);
    assert_eq!(items[3]["reason"], "Bổ sung hồ sơ");
});

api_test!(the_cycle_begins_when_an_edition_is_made, |app| {
    let begun = |answer: Answer, moment: &str| {
        let draft = json!({"status": "draft", "at": moment, "actor": "test administrator", "reason": null, "revision": null});
        assert_eq!(answer.json["stages"], json!([draft]));
    };
    let [first, second, third] = [1, 2, 3].map(|day| format!("2021-02-0{day}T08:00:00+07:00"));
    app.set_now(&first);
    app.make_edition(json!({}));
    app.set_now(&second);
    begun(app.get(EDITION).expect(200), &first);
    let claimed = json!({"note": "x", "stages": []});
    begun(app.patch(EDITION, &claimed).expect(200), &first);
    let copy = app.post(&format!("{EDITION}/copy"), &json!({"to_year": 2017})).expect(201);
    begun(copy, &second);
    app.delete(EDITION).expect(204);
    app.set_now(&third);
    app.make_edition(json!({}));
    begun(app.get(EDITION).expect(200), &third);
});

api_test!(steps_that_can_not_follow_are_refused, |app| {
    app.make_edition(json!({}));
    let refused = |app: &App, to: &str| go(app, to, json!("Lý do")).expect(409).code().to_owned();
    for to in ["draft", "appraisal", "published"] {
        assert_eq!(refused(app, to), "impossible_jump", "draft to {to}");
    }
    go(app, "self_assessment", Value::Null).expect(200);
    for to in ["draft", "self_assessment", "published"] {
        assert_eq!(refused(app, to), "impossible_jump", "self-assessment to {to}");
    }
    assert_eq!(publish(app, Value::Null).expect(409).code(), "impossible_jump");
    go(app, "appraisal", Value::Null).expect(200);
    publish(app, Value::Null).expect(201);
    for to in ["draft", "self_assessment", "appraisal", "published"] {
        assert_eq!(refused(app, to), "impossible_jump", "published to {to}");
    }
});

api_test!(each_status_takes_the_scores_of_its_stages, |app| {
    begin(app);
    let of = |stage: &str| with(score("u", 1), json!({"stage": stage, "criterion": "a"}));
    let stages = ["self", "appraised", "survey", "final"];
    let taken = |app: &App| -> Vec<&str> {
        let taken = stages.into_iter().filter(|stage| {
            let answer = app.post(SCORES, &of(stage));
            if answer.status == 201 {
                app.delete(answer.header("location")).expect(204);
                return true;
            }
            assert_eq!(
                (answer.code(), answer.violations()),
                ("stage_closed", vec![("/stage", "stage_closed")])
            );
            false
        });
        taken.collect()
    };
    assert_eq!(taken(app), stages);
    let kept: Vec<String> =
        stages.iter().map(|stage| app.make_score(&of(stage)).header("location").to_owned()).collect();
    let delete = |app: &App| -> Vec<u16> {
        kept.iter().map(|path| app.patch(path, &json!({"source": "x"})).status).collect()
    };
    go(app, "self_assessment", Value::Null).expect(200);
    assert_eq!(delete(app), [200, 409, 200, 409]);
    assert_eq!(app.delete(&kept[1]).expect(409).code(), "stage_closed");
    // The same state again is no write, and a score neither leaves nor enters a stage that is closed.
    let shown = app.get(&kept[3]).expect(200);
    assert_eq!(app.put(&kept[3], &shown.json).expect(200).etag(), shown.etag());
    app.delete(&kept[2]).expect(204);
    assert_eq!(app.patch(&kept[3], &json!({"stage": "survey"})).expect(409).code(), "stage_closed");
    assert_eq!(app.patch(&kept[0], &json!({"criterion": null, "stage": "final"})).status, 409);
    app.delete(&kept[0]).expect(204);
    go(app, "appraisal", Value::Null).expect(200);
    let by_key =
        |stage: &str| app.put(&format!("{SCORES}/by-key/ix/2016/v/{stage}/a"), &json!({"score": 1})).status;
    assert_eq!(stages.map(by_key), [409, 201, 201, 201]);
    publish(app, Value::Null).expect(201);
    assert_eq!(by_key("self"), 201, "a correction waits for the next revision");
});

api_test!(a_revision_answers_as_it_did_whatever_comes_later, |app| {
    begin(app);
    app.set_now("2021-03-01T08:00:00+07:00");
    let before = app.get(RANKING).expect(200).json;
    assert_eq!((&before["revision"], &before["published_at"]), (&Value::Null, &Value::Null));
    let made = publish(app, Value::Null).expect(201);
    assert_eq!(made.header("location"), format!("{EDITION}?revision=1"));
    assert_eq!(
        made.json,
        json!({"index_code": "ix", "year": 2016, "revision": 1, "published_at": "2021-03-01T08:00:00+07:00",
               "published_by": "test administrator", "reason": null, "scores": 2, "changed_scores": null,
               "edition_changed": null, "cohorts": [{"code": "all", "ranked": 2, "unranked": 0}]})
    );
    let first = app.get(RANKING).expect(200).json;
    assert_eq!(
        first,
        with(before, json!({"revision": 1, "published_at": "2021-03-01T08:00:00+07:00"})),
        "publishing moves nobody"
    );
    let edition = app.get(&format!("{EDITION}?revision=1")).expect(200);
    // Everything changes: a score, a further one, a deletion, the edition, the name of a unit, and who is a commune.
    app.set_now("2021-04-01T08:00:00+07:00");
    let listed = app.get(&format!("{SCORES}?index_code=ix&year=2016&unit_id=u")).expect(200);
    let of_u = format!("{SCORES}/{}", listed.each("id")[0]);
    app.patch(&of_u, &json!({"score": "3.5", "comment": "Chấm lại"})).expect(200);
    app.put(&format!("{SCORES}/by-key/ix/2016/v/final/a"), &json!({"score": 9})).expect(201);
    app.make_units(&["w"]);
    app.make_score(&score("w", 6));
    app.patch(EDITION, &json!({"decimals": 1, "note": "Đính chính"})).expect(200);
    app.patch("/api/v1/units/u", &json!({"name": "Xã Tên Mới"})).expect(200);
    app.patch("/api/v1/units/v", &json!({"level": "department"})).expect(200);
    for query in
        ["", "?revision=1", "?revision=published", "?as_of=2021-03-01", "?as_of=2021-03-15T00:00:00Z"]
    {
        assert_eq!(app.get(&format!("{RANKING}{query}")).expect(200).json, first, "{query}");
    }
    let working = app.get(&format!("{RANKING}?revision=working")).expect(200).json;
    assert_eq!((&working["revision"], &working["decimals"]), (&Value::Null, &json!(1)));
    let named: Vec<&str> =
        working["standings"].as_array().unwrap().iter().map(|s| s["unit_name"].as_str().unwrap()).collect();
    assert_eq!(named, ["Xã w", "Xã Tên Mới"]);
    assert_eq!(
        app.get(EDITION).expect(200).json["working"],
        json!({"changed": true, "edition_changed": true, "changed_scores": 3, "units_changed": true})
    );
    assert_eq!(app.get(&format!("{EDITION}?revision=1")).expect(200).raw, edition.raw);

    assert_eq!(publish(app, Value::Null).expect(422).violations(), [("/reason", "required")]);
    let second = publish(app, json!(" Đính chính ")).expect(201).json;
    assert_eq!((&second["revision"], &second["reason"]), (&json!(2), &json!("Đính chính")));
    assert_eq!((&second["changed_scores"], &second["edition_changed"]), (&json!(3), &json!(true)));
    assert_eq!(second["scores"], 4);
    let now = app.get(RANKING).expect(200).json;
    assert_eq!(now, with(working, json!({"revision": 2, "published_at": "2021-04-01T08:00:00+07:00"})));
    for query in ["revision=1", "as_of=2021-03-31"] {
        assert_eq!(app.get(&format!("{RANKING}?{query}")).expect(200).json, first, "{query}");
    }
    for query in ["revision=2", "as_of=2021-04-01", "as_of=2999-01-01"] {
        assert_eq!(app.get(&format!("{RANKING}?{query}")).expect(200).json, now, "{query}");
    }
    let listed = app.get(&format!("{EDITION}/revisions")).expect(200).json;
    assert_eq!(listed, json!({"items": [without(made.json, "cohorts"), without(second, "cohorts")]}));
});

api_test!(a_publication_tells_how_many_it_ranks, |app| {
    app.make_units(&["u", "v", "w"]);
    let list = |code: &str, ids: &[&str]| json!({"code": code, "name": code, "unit_ids": ids});
    app.make_edition(json!({
        "criteria": [criterion("a", 10), criterion("b", 10)],
        "cohorts": [list("two", &["u", "v"]), list("one", &["w"])]
    }));
    let told = |answer: Answer| -> Vec<(String, [i64; 2])> {
        let cohorts = answer.expect(201).json["cohorts"].as_array().unwrap().clone();
        let of = |cohort: &Value| {
            let count = |name: &str| cohort[name].as_i64().unwrap();
            (cohort["code"].as_str().unwrap().to_owned(), [count("ranked"), count("unranked")])
        };
        cohorts.iter().map(of).collect()
    };
    let want = |two: [i64; 2], one: [i64; 2]| vec![("two".to_owned(), two), ("one".to_owned(), one)];
    assert_eq!(told(publish(app, Value::Null)), want([0, 2], [0, 1]), "nobody has a score");
    // A total ranks; what the unit says of itself does not, nor does one of two criteria.
    app.make_score(&score("u", 5));
    app.make_score(&with(score("v", 5), json!({"stage": "self"})));
    app.make_score(&with(score("w", 5), json!({"criterion": "a"})));
    assert_eq!(told(publish(app, json!("Bổ sung điểm"))), want([1, 1], [0, 1]));
    app.make_score(&with(score("w", Value::Null), json!({"criterion": "b", "applicable": false})));
    assert_eq!(told(publish(app, json!("Bổ sung điểm"))), want([1, 1], [1, 0]));
    let ranking = app.get(&format!("{RANKING}?cohort=two")).expect(200).json;
    assert_eq!((&ranking["cohort_size"], &ranking["unranked"][0]["unit_id"]), (&json!(1), &json!("v")));
});

api_test!(publishing_again_without_a_change_is_refused, |app| {
    begin(app);
    publish(app, Value::Null).expect(201);
    let again = |app: &App| publish(app, json!("Lần nữa")).expect(409).code().to_owned();
    assert_eq!(again(app), "nothing_changed");
    // Written and written back, or made again after a deletion, is no change.
    let path = format!("{SCORES}/by-key/ix/2016/u/final/_total");
    app.put(&path, &json!({"score": 6})).expect(200);
    assert_eq!(app.get(EDITION).json["working"]["changed_scores"], 1);
    let changed = app.get(EDITION).etag();
    app.put(&path, &json!({"score": "5.0"})).expect(200);
    assert_ne!(app.get(EDITION).etag(), changed, "the tag tells what is derived");
    assert_eq!(again(app), "nothing_changed");
    let id = app.get(&format!("{SCORES}?unit_id=v")).each("id")[0].to_owned();
    app.delete(&format!("{SCORES}/{id}")).expect(204);
    assert_eq!(app.get(EDITION).json["working"]["changed_scores"], 1);
    app.make_score(&score("v", 4));
    assert_eq!(app.get(EDITION).json["working"], working(false, 0, false));
    assert_eq!(again(app), "nothing_changed");
    app.patch(EDITION, &json!({"note": "x"})).expect(200);
    assert_eq!(app.get(EDITION).json["working"]["edition_changed"], true);
    app.patch(EDITION, &json!({"note": null})).expect(200);
    assert_eq!(again(app), "nothing_changed");
    // The name of a unit is a part of what is published.
    app.patch("/api/v1/units/u", &json!({"name": "Xã Tên Mới"})).expect(200);
    assert_eq!(app.get(EDITION).json["working"], working(false, 0, true));
    let renamed = publish(app, json!("Đổi tên xã")).expect(201).json;
    assert_eq!((&renamed["changed_scores"], &renamed["edition_changed"]), (&json!(0), &json!(false)));
});

api_test!(units_of_the_cohorts_are_something_to_publish, |app| {
    begin(app);
    publish(app, Value::Null).expect(201);
    let differs = |units_changed: bool| {
        let answers = [app.get(EDITION), app.get(&format!("{EDITION}?revision=working"))];
        for answer in answers {
            assert_eq!(answer.expect(200).json["working"], working(false, 0, units_changed));
        }
        let listed = app.get("/api/v1/indexes/ix/editions").expect(200).json;
        assert_eq!(listed["items"][0]["working"], working(false, 0, units_changed));
    };
    differs(false);
    // A unit that no cohort ranks is nothing to publish.
    app.post(UNITS, &with(unit("ward"), json!({"level": "department"}))).expect(201);
    differs(false);
    assert_eq!(publish(app, json!("Lần nữa")).expect(409).code(), "nothing_changed");
    // The rule finds a new unit, which goes again.
    let tag = app.get(EDITION).etag();
    app.make_units(&["w"]);
    differs(true);
    assert_ne!(app.get(EDITION).etag(), tag, "the tag tells what is derived");
    app.delete("/api/v1/units/w").expect(204);
    differs(false);
    app.make_units(&["w"]);
    publish(app, json!("Thêm xã mới")).expect(201);
    differs(false);
    app.delete("/api/v1/units/w").expect(204);
    differs(true);
    // A unit that is renamed, and named back.
    publish(app, json!("Bỏ xã")).expect(201);
    let name = app.get("/api/v1/units/u").json["name"].clone();
    app.patch("/api/v1/units/u", &json!({"name": "Xã Tên Mới"})).expect(200);
    differs(true);
    // A write of the edition itself tells it too.
    let same = app.get(EDITION).expect(200);
    let put = app.put(EDITION, &same.json).expect(200);
    assert_eq!((&put.json, put.etag()), (&same.json, same.etag()));
    app.patch("/api/v1/units/u", &json!({"name": name})).expect(200);
    differs(false);
    assert_eq!(publish(app, json!("Lần nữa")).expect(409).code(), "nothing_changed");
});

api_test!(a_published_edition_stays, |app| {
    begin(app);
    publish(app, Value::Null).expect(201);
    assert_eq!(app.delete(EDITION).expect(409).code(), "edition_published");
    let ids: Vec<String> = app.get(SCORES).each("id").into_iter().map(str::to_owned).collect();
    for id in ids {
        app.delete(&format!("{SCORES}/{id}")).expect(204);
    }
    assert_eq!(app.delete(EDITION).expect(409).code(), "edition_published");
    assert_eq!(app.get(RANKING).expect(200).json["cohort_size"], 2);
    assert_eq!(app.get(&format!("{RANKING}?revision=working")).expect(200).json["cohort_size"], 0);
});

api_test!(of_two_publishers_at_once_one_wins, |app| {
    begin(app);
    for revision in 1..=4 {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let asks: Vec<_> =
                (0..3).map(|_| scope.spawn(|| publish(app, json!("Công bố")).status)).collect();
            asks.into_iter().map(|ask| ask.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 2, "{statuses:?}");
        let count =
            app.get(&format!("{EDITION}/revisions")).expect(200).json["items"].as_array().unwrap().len();
        assert_eq!(count, revision);
        let path = format!("{SCORES}/by-key/ix/2016/u/final/_total");
        app.put(&path, &json!({"score": 5 + revision})).expect(200);
    }
});

api_test!(the_sample_is_published_by_the_same_code, |app| {
    load(app, Extent::WithoutDossiers);
    let path = "/api/v1/indexes/pci/editions/2016";
    let edition = app.get(path).expect(200).json;
    assert_eq!((&edition["status"], &edition["revision"]), (&json!("published"), &json!(1)));
    let steps = edition["stages"].as_array().unwrap().iter();
    let steps: Vec<(&str, &str)> =
        steps.map(|s| (s["status"].as_str().unwrap(), s["actor"].as_str().unwrap())).collect();
    assert_eq!(steps, [("draft", "sample"), ("published", "sample")]);
    let revisions = app.get(&format!("{path}/revisions")).expect(200).json;
    assert_eq!(revisions["items"][0]["scores"], 63 * 11);
    assert_eq!(
        app.post(&format!("{path}/publish"), &json!({"reason": "x"})).expect(409).code(),
        "nothing_changed"
    );
    let (items, _) = page(app, "resource=editions&record_id=pci/2016");
    let told: Vec<&str> = items.iter().map(|item| item["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["create", "update"]);
    let ranking = "/api/v1/indexes/pci/rankings/2016";
    let first = app.get(ranking).expect(200).json;
    let total = "/api/v1/index-scores/by-key/pci/2016/gso-87/final/_total";
    app.put(total, &json!({"score": 1})).expect(200);
    assert_eq!(app.get(ranking).expect(200).json, first);
    let rank = |query: &str| {
        let ranking = app.get(&format!("{ranking}?{query}")).expect(200).json;
        let standings = ranking["standings"].as_array().unwrap().clone();
        standings.iter().find(|s| s["unit_id"] == "gso-87").unwrap()["rank"].as_i64().unwrap()
    };
    assert_eq!((rank("revision=1"), rank("revision=working")), (3, 63));
    app.post(&format!("{path}/publish"), &json!({"reason": "Thử đính chính"})).expect(201);
    assert_eq!((rank(""), rank("revision=1")), (63, 3));
    let base = app.get("/api/v1/indexes/pci/rankings/2016?base_year=2015").expect(200).json;
    assert_eq!(base["base_year"], 2015);
});

#[rustfmt::skip]
fn wrong_requests() -> Vec<Row> {
    let post = |name, path: &str, over, problem, violation| body(name, "POST", &format!("/api/v1/indexes/{path}"), over, problem, violation);
    let get = |name, path: &str, problem, violation| bare(name, "GET", &format!("/api/v1/{path}"), &[], problem, violation);
    let step = "ix/editions/2016/status";
    let publish = "ix/editions/2016/publish";
    const NOT_PUBLISHED: (u16, &str) = (404, "not_published");
    vec![
        post("a step of no index", "no/editions/2016/status", json!({}), ABSENT, NOWHERE),
        post("a step of no edition", "ix/editions/2017/status", json!({"x": 1}), ABSENT, NOWHERE),
        post("a step of no year", "ix/editions/x/status", json!({}), MALFORMED, ("year", "not_a_year")),
        post("a step without a status", step, json!({}), INVALID, ("/status", "required")),
        post("a step to nowhere", step, json!({"status": "open"}), MALFORMED, ("/status", "unknown_word")),
        post("a step with more", step, json!({"status": "draft", "at": 1}), MALFORMED, ("/at", "unknown_field")),
        post("a step with an empty reason", step, json!({"status": "appraisal", "reason": " "}), INVALID, ("/reason", "empty")),
        post("a publication of no index", "no/editions/2016/publish", json!({}), ABSENT, NOWHERE),
        post("a publication of no edition", "ix/editions/2017/publish", json!({"x": 1}), ABSENT, NOWHERE),
        post("a publication with more", publish, json!({"revision": 2}), MALFORMED, ("/revision", "unknown_field")),
        post("a reason that is a number", publish, json!({"reason": 1}), MALFORMED, ("/reason", "wrong_type")),
        post("a reason that is too long", publish, json!({"reason": "x".repeat(1001)}), INVALID, ("/reason", "too_long")),
        post("a NUL in a reason", publish, json!({"reason": "a\u{0}b"}), INVALID, ("/reason", "control_character")),
        post("a publication without a reason", publish, json!({}), INVALID, ("/reason", "required")),
        post("a publication without a change", publish, json!({"reason": "x"}), (409, "nothing_changed"), NOWHERE),
        get("revisions of no edition", "indexes/ix/editions/2017/revisions", ABSENT, NOWHERE),
        get("revisions of no index", "indexes/no/editions/2016/revisions", ABSENT, NOWHERE),
        get("revisions with a parameter", "indexes/ix/editions/2016/revisions?limit=1", MALFORMED, ("limit", "unknown_parameter")),
        get("a revision that there is not", "indexes/ix/editions/2016?revision=2", ABSENT, NOWHERE),
        get("a ranking of a revision that there is not", "indexes/ix/rankings/2016?revision=2", ABSENT, NOWHERE),
        get("a revision 0", "indexes/ix/rankings/2016?revision=0", MALFORMED, ("revision", "not_a_revision")),
        get("a revision with a sign", "indexes/ix/rankings/2016?revision=%2B1", MALFORMED, ("revision", "not_a_revision")),
        get("a revision that is a word", "indexes/ix/editions/2016?revision=last", MALFORMED, ("revision", "not_a_revision")),
        get("a time that is none", "indexes/ix/rankings/2016?as_of=2021", MALFORMED, ("as_of", "not_a_time")),
        get("two states at once", "indexes/ix/rankings/2016?as_of=2021-01-01&revision=1", MALFORMED, ("as_of", "two_states")),
        get("a time before the first publication", "indexes/ix/rankings/2016?as_of=2020-12-31", NOT_PUBLISHED, NOWHERE),
        get("an edition before it was published", "indexes/ix/editions/2016?as_of=2020-12-31", NOT_PUBLISHED, NOWHERE),
        get("the published state of a draft", "indexes/ix/editions/2015?revision=published", NOT_PUBLISHED, NOWHERE),
        get("the past of a draft", "indexes/ix/rankings/2015?as_of=2021-01-04", NOT_PUBLISHED, NOWHERE),
        get("a base that was not published", "indexes/ix/rankings/2016?base_year=2015&as_of=2021-01-04", NOT_PUBLISHED, NOWHERE),
        get("an edition that there is not with a wrong query", "indexes/ix/editions/2017?revision=x", ABSENT, NOWHERE),
        get("the latest of no index", "indexes/no/rankings/latest", ABSENT, NOWHERE),
        get("the latest of an index without any", "indexes/none/rankings/latest", NOT_PUBLISHED, NOWHERE),
        get("the latest before the first", "indexes/ix/rankings/latest?as_of=2020-12-31", NOT_PUBLISHED, NOWHERE),
        get("the latest with a wrong parameter", "indexes/ix/rankings/latest?limit=1", MALFORMED, ("limit", "unknown_parameter")),
        get("scores of a revision of no edition", "index-scores?revision=1", MALFORMED, ("revision", "edition_required")),
        get("scores of a revision that there is not", "index-scores?revision=2&index_code=ix&year=2016", ABSENT, NOWHERE),
        get("scores of a revision that is none", "index-scores?revision=x&index_code=ix&year=2016", MALFORMED, ("revision", "not_a_revision")),
        get("the published scores of a draft", "index-scores?revision=published&index_code=ix&year=2015", NOT_PUBLISHED, NOWHERE),
    ]
}

api_test!(every_wrong_request_about_the_cycle_is_refused_without_a_trace, |app| {
    begin(app);
    app.make_edition_of(2015, json!({}));
    app.put("/api/v1/indexes/none", &json!({"name": "Chưa có gì"})).expect(201);
    publish(app, Value::Null).expect(201);
    refuse_all(app, wrong_requests());
});
