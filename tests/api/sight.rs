//! What callers are told of records that they may not see: nothing, neither by a status nor beside another record.

use chiso::http::access::Access;
use serde_json::{Value, json};

use crate::{
    access::{body_of, make_key},
    edition_cycle::publish,
    support::{
        api_test,
        app::{App, access},
        client::Answer,
        database::Database,
        database_test,
        indexes::{EDITION, INDEXES, SCORES, edition, score},
        records::{DOSSIERS, UNITS, dossier, unit, with},
    },
};

fn key(app: &App, unit: &str, scopes: &[&str]) -> String {
    make_key(app, json!({"unit_id": unit, "scopes": scopes})).0
}

fn public(app: &App, path: &str) -> Answer {
    app.ask("GET", path).anonymous().send()
}

api_test!(an_index_is_written_by_who_reaches_all_that_it_ranks, |app| {
    app.post(UNITS, &with(unit("p"), json!({"level": "province"}))).expect(201);
    for id in ["a", "b"] {
        app.post(UNITS, &with(unit(id), json!({"parent_id": "p"}))).expect(201);
    }
    let of = |units: &[&str]| json!({"cohorts": [{"code": "all", "name": "Các xã", "unit_ids": units}]});
    app.make_edition(of(&["a", "b"]));
    let (commune, province) = (key(app, "a", &["indexes:publish"]), key(app, "p", &["indexes:publish"]));
    let own = with(edition(), of(&["a"]));
    let send =
        |method: &str, path: &str, key: &str, body: &Value| app.ask(method, path).key(key).json(body).send();
    let path = format!("{INDEXES}/ix/editions/2017");
    assert_eq!(send("PUT", &path, &commune, &own).expect(403).code(), "forbidden");
    send("PUT", &path, &province, &own).expect(201);
    // The commune reaches all that this edition ranks, and not what the other one does.
    send("PUT", &path, &commune, &with(own.clone(), json!({"note": "x"}))).expect(403);
    send("POST", &format!("{path}/publish"), &commune, &json!({})).expect(403);
    send("POST", &format!("{path}/status"), &commune, &json!({"status": "self_assessment"})).expect(403);
    send("POST", &format!("{path}/copy"), &commune, &json!({"to_year": 2018})).expect(403);
    send("POST", &format!("{path}/publish"), &province, &json!({})).expect(201);
    app.put(&format!("{INDEXES}/own"), &json!({"name": "Chỉ số của xã"})).expect(201);
    let path = format!("{INDEXES}/own/editions/2017");
    send("PUT", &path, &commune, &own).expect(201);
    send("POST", &format!("{path}/publish"), &commune, &json!({})).expect(201);
});

api_test!(a_draft_is_to_the_public_as_if_it_were_not_there, |app| {
    app.make_units(&["u"]);
    app.make_edition(json!({}));
    app.make_score(&score("u", 5));
    for template in [
        "indexes/ix/editions/YEAR",
        "indexes/ix/editions/YEAR?revision=published",
        "indexes/ix/editions/YEAR?revision=1",
        "indexes/ix/editions/YEAR?as_of=2021-01-04",
        "indexes/ix/editions/YEAR/revisions",
        "indexes/ix/editions/YEAR/score-sheet?unit_id=u",
        "indexes/ix/editions/YEAR/score-sheet?unit_id=u&revision=published",
        "indexes/ix/rankings/YEAR",
        "indexes/ix/rankings/YEAR?revision=published",
        "indexes/ix/rankings/YEAR?as_of=2021-01-04",
        "index-scores?index_code=ix&year=YEAR&revision=published",
    ] {
        let told = |year: &str| {
            let answer = public(app, &format!("/api/v1/{}", template.replace("YEAR", year))).expect(404);
            let detail = answer.json["detail"].as_str().unwrap().replace(year, "YEAR");
            (answer.code().to_owned(), detail)
        };
        assert_eq!(told("2016"), told("2017"), "{template}");
        assert_eq!(told("2016").0, "not_found", "{template}");
    }
    assert_eq!(app.get(&format!("{EDITION}?revision=published")).expect(404).code(), "not_published");
});

api_test!(what_is_published_of_an_edition_is_what_the_public_gets, |app| {
    app.make_units(&["a", "b"]);
    app.make_edition(json!({}));
    app.make_score(&score("a", 5));
    publish(app, Value::Null).expect(201);
    app.patch(EDITION, &json!({"note": "Bản nháp"})).expect(200);
    app.put(&format!("{SCORES}/by-key/ix/2016/a/final/_total"), &json!({"score": 1})).expect(200);
    let sheet = format!("{EDITION}/score-sheet?unit_id=a");
    let total = |answer: &Answer| answer.json["total"]["scores"]["final"]["score_exact"].clone();
    let (other, reader) = (key(app, "b", &["scores:read"]), key(app, "a", &["dossiers:read"]));
    for ask in [
        |app: &App, path: &str, _: &str| public(app, path),
        |app: &App, path: &str, key: &str| app.ask("GET", path).key(key).send(),
    ] {
        let shown = ask(app, EDITION, &reader).expect(200);
        assert_eq!((&shown.json["revision"], &shown.json["note"]), (&json!(1), &Value::Null));
        assert_eq!(shown.json["working"], Value::Null);
        assert_eq!(total(&ask(app, &sheet, &other).expect(200)), "5");
    }
    assert_eq!(app.get(EDITION).expect(200).json["note"], "Bản nháp");
    assert_eq!(total(&app.get(&sheet).expect(200)), "1");
});

api_test!(a_profile_tells_no_draft, |app| {
    app.make_units(&["a"]);
    app.make_edition(json!({}));
    app.make_score(&score("a", 5));
    let profile = "/api/v1/units/a/profile";
    let years = |answer: Answer| -> Vec<i64> {
        let indexes = answer.expect(200).json["indexes"].as_array().unwrap().clone();
        let points = indexes.iter().flat_map(|index| index["points"].as_array().unwrap());
        points.map(|point| point["year"].as_i64().unwrap()).collect()
    };
    assert_eq!(public(app, profile).expect(200).json["indexes"], json!([]));
    assert_eq!(years(app.get(profile)), [2016]);
    publish(app, Value::Null).expect(201);
    app.make_edition_of(2017, json!({}));
    app.make_score(&with(score("a", 6), json!({"year": 2017})));
    assert_eq!(years(public(app, profile)), [2016]);
    assert_eq!(years(app.get(profile)), [2016, 2017]);
});

api_test!(a_refused_write_does_not_tell_whether_there_is_a_record, |app| {
    app.make_units(&["a", "b"]);
    app.post(DOSSIERS, &dossier("D-1", "a")).expect(201);
    app.make_edition(json!({}));
    app.make_score(&score("a", 5));
    let key = key(app, "b", &["dossiers:write", "scores:write"]);
    let send =
        |method: &str, path: &str, body: &Value| app.ask(method, path).key(key.as_str()).json(body).send();
    for code in ["D-1", "D-2"] {
        send("PUT", &format!("{DOSSIERS}/{code}"), &dossier(code, "a")).expect(403);
    }
    let items = json!({"items": [dossier("D-1", "a"), dossier("D-2", "a")]});
    let done = send("POST", "/api/v1/dossiers/batch", &items).expect(200);
    let statuses: Vec<u64> =
        done.json["items"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [403, 403]);
    for stage in ["final", "self"] {
        let path = format!("{SCORES}/by-key/ix/2016/a/{stage}/_total");
        for body in [json!({"score": 1}), json!([])] {
            send("PUT", &path, &body).expect(403);
        }
    }
});

api_test!(a_writer_who_may_not_read_is_told_what_is_wrong, |app| {
    app.make_units(&["a", "b"]);
    app.post(DOSSIERS, &dossier("D-1", "a")).expect(201);
    app.post(DOSSIERS, &dossier("D-2", "b")).expect(201);
    let key = key(app, "a", &["dossiers:write"]);
    let status = |code: &str| {
        let path = format!("{DOSSIERS}/{code}/events");
        app.ask("POST", &path).key(key.as_str()).json(&json!({"status": "x"})).send().status
    };
    assert_eq!(["D-1", "D-2", "absent"].map(status), [400, 404, 404]);
});

api_test!(a_second_award_is_told_to_who_sees_both_names, |app| {
    app.make_units(&["a", "b"]);
    let of = |unit: &str, kind: &str| {
        let recipients = json!([{"kind": kind, "name": "Nguyễn Thị B"}]);
        with(body_of("commendations"), json!({"issuer_unit_id": unit, "recipients": recipients}))
    };
    let path = "/api/v1/commendations";
    let key = key(app, "b", &["commendations:write"]);
    let send =
        |method: &str, path: &str, body: &Value| app.ask(method, path).key(key.as_str()).json(body).send();
    let first = app.post(path, &of("a", "individual")).expect(201).header("location").to_owned();
    let made = send("POST", path, &of("b", "individual")).expect(201);
    let second = made.header("location").to_owned();
    let again = send("PUT", &second, &of("b", "individual")).expect(200);
    let read = app.ask("GET", &second).key(key.as_str()).send().expect(200);
    assert_eq!(read.etag(), made.etag());
    for answer in [made, again, read, public(app, &first), public(app, &second)] {
        assert_eq!(
            (&answer.json["flags"], &answer.json["second_award_ids"]),
            (&json!([]), &json!([])),
            "{}",
            answer.json
        );
    }
    assert_eq!(app.get(&second).expect(200).json["flags"], json!(["second_award"]));
    // The names of collectives are public.
    app.post(path, &of("a", "collective")).expect(201);
    let made = send("POST", path, &of("b", "collective")).expect(201);
    assert_eq!(made.json["flags"], json!(["second_award"]));
});

database_test!(a_review_withholds_small_levels_beside_reported_figures_too, |database| {
    let app = App::with_access(Database::migrated(database.kind), Access { min_cell: Some(3), ..access() });
    app.post(UNITS, &with(unit("p"), json!({"level": "province"}))).expect(201);
    app.post(UNITS, &with(unit("a"), json!({"parent_id": "p"}))).expect(201);
    for i in 0..5 {
        app.post(DOSSIERS, &dossier(&format!("P-{i}"), "p")).expect(201);
    }
    app.post(DOSSIERS, &dossier("A-1", "a")).expect(201);
    for measure in ["dossiers.received", "dossiers.received.commune"] {
        let figure = json!({
            "unit_id": "p", "measure": measure, "period": "2020", "value": "6", "unit_of_measure": "count",
            "review_year": 2020, "source": {"title": "Báo cáo thử"}
        });
        app.post("/api/v1/reported-figures", &figure).expect(201);
    }
    let path = "/api/v1/reviews/p/2020";
    let compared = |answer: Answer, measure: &str| {
        let reported = answer.expect(200).json["reported"].as_array().unwrap().clone();
        reported.into_iter().find(|figure| figure["measure"] == measure).unwrap()
    };
    let commune = "dossiers.received.commune";
    let hidden = compared(public(&app, path), commune);
    assert_eq!((&hidden["computed"], &hidden["difference"]), (&Value::Null, &Value::Null), "{hidden}");
    assert_eq!((&hidden["computed_missing_because"], &hidden["agrees"]), (&json!("withheld"), &Value::Null));
    assert_eq!(compared(public(&app, path), "dossiers.received")["computed"], "6");
    assert_eq!(compared(app.get(path), commune)["computed"], "1");
});
