//! What every resource does alike. A new resource is a new row of [`samples`].

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    client::encoded,
    records::{DOSSIERS, UNITS, dossier, unit, with, without},
};

/// One record of a resource, and a change of it.
struct Sample {
    collection: &'static str,
    /// Member that is the key.
    key: &'static str,
    record: Value,
    patch: Value,
    /// Whether PUT makes a record that isn't there.
    put_creates: bool,
}

impl Sample {
    fn key(&self) -> &str {
        self.record[self.key].as_str().unwrap()
    }

    fn path(&self) -> String {
        format!("{}/{}", self.collection, encoded(self.key()))
    }
}

fn samples(app: &App) -> Vec<Sample> {
    app.make_units(&["base"]);
    vec![
        Sample {
            collection: UNITS,
            key: "id",
            record: with(unit("u.1_~-x"), json!({"code": "001", "code_scheme": "gso", "parent_id": "base"})),
            patch: json!({"name": "Xã Khác"}),
            put_creates: true,
        },
        Sample {
            collection: DOSSIERS,
            key: "code",
            record: dossier("000.05.15.H20-200306-0001", "base"),
            patch: json!({"field": "Đất đai"}),
            put_creates: true,
        },
        Sample {
            collection: DOSSIERS,
            key: "code",
            record: dossier("số 1/2020 (50%) + ?#&=;\"é", "base"),
            patch: json!({"field": "Xây dựng"}),
            put_creates: true,
        },
        // Calendars count their versions: see `calendars`.
        Sample {
            collection: "/api/v1/procedures",
            key: "code",
            record: json!({
                "code": "1.001230", "name": "Tách thửa đất", "field": "Đất đai", "level": "commune",
                "term": {"amount": 12, "unit": "working_days"}, "cut_off": null, "term_text": "12 Ngày làm việc"
            }),
            patch: json!({"term": {"amount": 10, "unit": "days"}}),
            put_creates: true,
        },
    ]
}

fn changes(app: &App) -> i64 {
    app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM changes")[0].parse().unwrap()
}

api_test!(a_created_record_is_at_its_location, |app| {
    for sample in samples(app) {
        let created = app.post(sample.collection, &sample.record).expect(201);
        assert_eq!(created.header("location"), sample.path());
        let read = app.get(created.header("location")).expect(200);
        assert_eq!(read.json, created.json);
        assert_eq!(read.etag(), created.etag());
        for (name, value) in sample.record.as_object().unwrap() {
            assert_eq!(&read.json[name], value, "{name}");
        }
        let listed = app.get(sample.collection).expect(200);
        assert!(listed.json["items"].as_array().unwrap().contains(&read.json));
    }
});

api_test!(a_second_record_of_a_key_is_a_duplicate, |app| {
    for sample in samples(app) {
        app.post(sample.collection, &sample.record).expect(201);
        let before = app.database.dump();
        let refused = app.post(sample.collection, &sample.record).expect(409);
        assert_eq!(refused.code(), "duplicate");
        assert_eq!(app.database.dump(), before);
    }
});

api_test!(a_current_representation_is_not_sent_again, |app| {
    for sample in samples(app) {
        let tag = app.post(sample.collection, &sample.record).expect(201).etag();
        let path = sample.path();
        for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            let answer = app.ask("GET", &path).header("if-none-match", &known).send().expect(304);
            assert_eq!(answer.etag(), tag);
            assert!(answer.raw.is_empty());
        }
        app.ask("GET", &path).header("if-none-match", "\"other\"").send().expect(200);
        app.patch(&path, &sample.patch).expect(200);
        let answer = app.ask("GET", &path).header("if-none-match", &tag).send().expect(200);
        assert_ne!(answer.etag(), tag);
    }
});

api_test!(a_list_has_a_validator_too, |app| {
    for sample in samples(app) {
        let tag = app.get(sample.collection).expect(200).etag();
        app.ask("GET", sample.collection).header("if-none-match", &tag).send().expect(304);
        app.post(sample.collection, &sample.record).expect(201);
        app.ask("GET", sample.collection).header("if-none-match", &tag).send().expect(200);
    }
});

api_test!(head_is_get_without_its_body, |app| {
    for sample in samples(app) {
        app.post(sample.collection, &sample.record).expect(201);
        for path in [sample.path(), sample.collection.to_owned()] {
            let get = app.get(&path).expect(200);
            let head = app.ask("HEAD", &path).send().expect(200);
            assert!(head.raw.is_empty());
            for name in ["etag", "content-type", "content-length"] {
                assert_eq!(head.header(name), get.header(name), "{name}");
            }
            assert_eq!(head.header("content-length"), get.raw.len().to_string());
            app.ask("HEAD", &path).header("if-none-match", get.etag()).send().expect(304);
        }
        let absent = format!("{}/absent", sample.collection);
        assert!(app.ask("HEAD", &absent).send().expect(404).raw.is_empty());
    }
});

api_test!(put_makes_a_record_and_repeated_changes_nothing, |app| {
    for sample in samples(app) {
        let path = sample.path();
        if !sample.put_creates {
            app.put(&path, &sample.record).expect(404);
            continue;
        }
        let made = app.put(&path, &without(sample.record.clone(), sample.key)).expect(201);
        assert_eq!(made.header("location"), path);
        let before = app.database.dump();
        let again = app.put(&path, &sample.record).expect(200);
        assert_eq!(again.etag(), made.etag());
        assert_eq!(again.json, made.json);
        let sent_back = app.put(&path, &made.json).expect(200);
        assert_eq!(sent_back.etag(), made.etag());
        assert_eq!(app.database.dump(), before);
    }
});

api_test!(put_replaces_and_forgets_what_is_left_out, |app| {
    for sample in samples(app) {
        let path = sample.path();
        let tag = app.post(sample.collection, &sample.record).expect(201).etag();
        let original = app.get(&path).expect(200).json;
        app.patch(&path, &sample.patch).expect(200);
        let back = app.put(&path, &original).expect(200);
        assert_eq!(back.json, original);
        assert_ne!(back.etag(), tag, "a change number is never used again");
    }
});

api_test!(a_patch_changes_what_it_names, |app| {
    for sample in samples(app) {
        let path = sample.path();
        let created = app.post(sample.collection, &sample.record).expect(201);
        let patched = app.patch(&path, &sample.patch).expect(200);
        assert_ne!(patched.etag(), created.etag());
        assert_eq!(patched.json, with(created.json.clone(), sample.patch.clone()));
        assert_eq!(app.get(&path).json, patched.json);
        let plain = app
            .ask("PATCH", &path)
            .header("content-type", "application/json; charset=utf-8")
            .raw(sample.patch.to_string())
            .send()
            .expect(200);
        assert_eq!(plain.etag(), patched.etag(), "the same state again is no change");
        let count = changes(app);
        assert_eq!(app.patch(&path, &json!({})).expect(200).etag(), patched.etag());
        assert_eq!(changes(app), count);
    }
});

api_test!(a_patch_refuses_names_that_there_are_not, |app| {
    for sample in samples(app) {
        app.post(sample.collection, &sample.record).expect(201);
        for value in [json!(null), json!(1)] {
            let refused = app.patch(&sample.path(), &json!({"colour": value})).expect(400);
            assert_eq!(refused.violations(), [("/colour", "unknown_field")]);
        }
        let other_key = app.patch(&sample.path(), &json!({sample.key: "other"})).expect(422);
        assert_eq!(other_key.violations(), [(format!("/{}", sample.key).as_str(), "key_mismatch")]);
        assert_eq!(app.patch("/api/v1/units/absent", &json!({"name": "x"})).expect(404).code(), "not_found");
    }
});

api_test!(a_stale_writer_is_refused, |app| {
    for sample in samples(app) {
        let path = sample.path();
        let old = app.post(sample.collection, &sample.record).expect(201).etag();
        let write = |method, tag: &str, body: &Value| {
            let ask = app.ask(method, &path).header("if-match", tag);
            if method == "DELETE" { ask.send() } else { ask.json(body).send() }
        };
        let new = write("PATCH", &old, &sample.patch).expect(200).etag();
        let before = app.database.dump();
        for tag in [old.as_str(), "\"garbage\"", "", &format!("W/{new}"), new.trim_matches('"')] {
            for method in ["PUT", "PATCH", "DELETE"] {
                assert_eq!(write(method, tag, &sample.record).expect(412).code(), "stale", "{method} {tag}");
            }
        }
        assert_eq!(app.database.dump(), before);
        write("PUT", &format!("\"1\", {new}"), &sample.record).expect(200);
        write("PUT", "*", &sample.record).expect(200);
        let now = app.get(&path).etag();
        write("DELETE", &now, &Value::Null).expect(204);
        write("PATCH", &now, &sample.patch).expect(404);
        write("DELETE", &now, &Value::Null).expect(404);
        if sample.put_creates {
            write("PUT", &now, &sample.record).expect(412);
            write("PUT", "*", &sample.record).expect(412);
        }
    }
});

api_test!(if_none_match_star_only_makes, |app| {
    for sample in samples(app).into_iter().filter(|sample| sample.put_creates) {
        let path = sample.path();
        let make = || app.ask("PUT", &path).header("if-none-match", "*").json(&sample.record).send();
        make().expect(201);
        assert_eq!(make().expect(412).code(), "stale");
        let odd = app.ask("PUT", &path).header("if-none-match", "\"1\"").json(&sample.record).send();
        assert_eq!(odd.expect(400).violations(), [("If-None-Match", "only_star")]);
        let both = app.ask("PUT", &path).header("if-none-match", "*").header("if-match", "*");
        assert_eq!(
            both.json(&sample.record).send().expect(400).violations(),
            [("If-None-Match", "two_preconditions")]
        );
    }
});

api_test!(a_deleted_record_is_gone_and_its_key_is_free, |app| {
    for sample in samples(app) {
        let path = sample.path();
        let first = app.post(sample.collection, &sample.record).expect(201).etag();
        let deleted = app.delete(&path).expect(204);
        assert!(deleted.raw.is_empty());
        for method in ["GET", "DELETE"] {
            assert_eq!(app.ask(method, &path).send().expect(404).code(), "not_found");
        }
        let second = app.post(sample.collection, &sample.record).expect(201).etag();
        assert_ne!(second, first);
        app.ask("DELETE", &path).header("if-match", first).send().expect(412);
    }
});

api_test!(every_write_is_in_the_change_log_with_its_before, |app| {
    for sample in samples(app) {
        let path = sample.path();
        app.set_now("2021-02-03T04:05:06+07:00");
        let last = changes(app);
        app.post(sample.collection, &sample.record).expect(201);
        app.patch(&path, &sample.patch).expect(200);
        app.delete(&path).expect(204);
        let log: Vec<Value> = app
            .database
            .dump()
            .remove("changes")
            .unwrap()
            .iter()
            .map(|row| serde_json::from_str(row).unwrap())
            .map(|row: Value| match row {
                // SQLite gives a row as an array in the order of the columns.
                Value::Array(row) => json!({"id": row[0], "at": row[2], "actor": row[3], "resource": row[4],
                    "record_id": row[5], "action": row[6], "before": row[8]}),
                row => row,
            })
            .filter(|row| row["id"].as_i64().unwrap() > last)
            .collect();
        let mut log = log;
        log.sort_by_key(|row| row["id"].as_i64());
        let actions: Vec<&str> = log.iter().map(|row| row["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["create", "update", "delete"]);
        let resource = sample.collection.rsplit('/').next().unwrap();
        for row in &log {
            assert_eq!(row["record_id"], sample.key());
            assert_eq!(row["actor"], "test administrator");
            assert_eq!(row["resource"], resource);
            assert_eq!(row["at"], json!(1_612_299_906_000_000_i64));
        }
        assert_eq!(log[0]["before"], Value::Null);
        let before =
            |i: usize| -> Value { serde_json::from_str(log[i]["before"].as_str().unwrap()).unwrap() };
        let (member, value) = sample.patch.as_object().unwrap().iter().next().unwrap();
        assert_ne!(&before(1)[member], value);
        assert_eq!(&before(2)[member], value);
    }
});
