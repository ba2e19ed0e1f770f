//! `/api-keys` and `chiso keys`: made, sent, rotated, revoked, and the service that finds its administrator.

use serde_json::json;

use crate::{
    access::{KEYS, make_key},
    lifecycle::{Served, chiso, finished},
    support::{
        api_test, database_test, plain_test,
        records::{DOSSIERS, UNITS, unit},
    },
};

api_test!(a_key_is_sent_in_either_header_but_not_two_of_them, |app| {
    let secret = make_key(app, json!({"scopes": ["dossiers:read"]})).0;
    let get = || app.ask("GET", DOSSIERS).anonymous();
    get().header("x-api-key", secret.as_str()).send().expect(200);
    get().header("authorization", format!("bearer {secret}")).send().expect(200);
    let both = get().header("x-api-key", secret.as_str());
    both.header("authorization", format!("Bearer {secret}")).send().expect(200);
    let other = make_key(app, json!({"scopes": ["dossiers:read"]})).0;
    let differing = get().header("x-api-key", other).header("authorization", format!("Bearer {secret}"));
    assert_eq!(differing.send().expect(401).code(), "invalid_token");
    for wrong in ["Basic eDp5", "Bearer", "chiso_x", "Bearer chiso_x y"] {
        assert_eq!(
            get().header("authorization", wrong).send().expect(401).code(),
            "invalid_token",
            "{wrong}"
        );
    }
});

api_test!(a_key_that_opens_nothing_is_401_where_nothing_is, |app| {
    for (method, path, status) in [("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/changes", 405)] {
        let ask = || app.ask(method, path);
        ask().anonymous().send().expect(status);
        ask().send().expect(status);
        let wrong = ask().anonymous().header("x-api-key", "chiso_wrong").send().expect(401);
        assert_eq!(wrong.code(), "invalid_token");
    }
});

api_test!(a_key_is_rotated_with_two_live_secrets_and_its_use_is_noted, |app| {
    let (first, id) = make_key(app, json!({"scopes": ["dossiers:read"]}));
    let status = |secret: &str| app.ask("GET", DOSSIERS).key(secret).send().status;
    assert_eq!(status(&first), 200);
    let path = format!("{KEYS}/{id}");
    while app.get(&path).expect(200).json["last_used_at"].is_null() {
        std::thread::yield_now();
    }
    let rotated =
        app.post(&format!("{path}/rotate"), &json!({"old_ends_at": "2021-01-04T10:00:00+07:00"})).expect(200);
    assert_eq!(rotated.header("cache-control"), "no-store");
    let second = rotated.json["secret"].as_str().unwrap().to_owned();
    assert_eq!((status(&first), status(&second)), (200, 200));
    app.set_now("2021-01-04T10:00:00+07:00");
    assert_eq!((status(&first), status(&second)), (401, 200));
    let third = app.post(&format!("{path}/rotate"), &json!({})).expect(200).json;
    assert_eq!(third["key"]["secrets"].as_array().unwrap().len(), 2, "{third}");
    let third = third["secret"].as_str().unwrap().to_owned();
    assert_eq!((status(&second), status(&third)), (200, 200));
    app.set_now("2021-01-05T10:00:00+07:00");
    assert_eq!((status(&second), status(&third)), (401, 200), "a day, when nobody says otherwise");
    app.delete(&path).expect(204);
    assert_eq!(status(&third), 401);
    assert!(!app.get(&path).expect(200).json["revoked_at"].is_null());
    assert_eq!(app.post(&format!("{path}/rotate"), &json!({})).expect(409).code(), "key_ended");
    let kept = app.database.dump();
    assert!(!format!("{kept:?}").contains(&third), "the secret is nowhere");
});

api_test!(the_rules_of_a_key_point_to_what_breaks_them, |app| {
    app.make_units(&["u"]);
    for (body, status, want) in [
        (json!({"name": "", "scopes": ["admin"]}), 422, ("/name", "empty")),
        (json!({"name": "x", "scopes": []}), 422, ("/scopes", "empty")),
        (json!({"name": "x", "scopes": ["root"]}), 400, ("/scopes/0", "unknown_word")),
        (json!({"name": "x", "scopes": ["admin"], "unit_id": "none"}), 422, ("/unit_id", "unknown_unit")),
        (
            json!({"name": "x", "scopes": ["admin"], "partial_predecessors": ["u"]}),
            422,
            ("/partial_predecessors", "without_unit"),
        ),
        (
            json!({"name": "x", "scopes": ["admin"], "unit_id": "u", "partial_predecessors": ["none"]}),
            422,
            ("/partial_predecessors/0", "unknown_unit"),
        ),
        (
            json!({"name": "x", "scopes": ["admin"], "expires_at": "2021-01-04T08:00:00+07:00"}),
            422,
            ("/expires_at", "in_the_past"),
        ),
        (json!({"name": "x"}), 422, ("/scopes", "required")),
        (json!({"name": "x", "scopes": ["admin"], "secret": "s"}), 400, ("/secret", "unknown_field")),
    ] {
        let answer = app.post(KEYS, &body).expect(status);
        assert_eq!(answer.violations(), [want], "{body}");
    }
    app.get(&format!("{KEYS}?q=khac&name=x")).expect(200);
    assert_eq!(app.get(&format!("{KEYS}/absent")).expect(404).code(), "not_found");
    app.post(&format!("{KEYS}/absent/rotate"), &json!({})).expect(404);
    app.delete(&format!("{KEYS}/absent")).expect(404);
});

database_test!(keys_are_made_at_the_command_line_while_a_service_runs, |database| {
    let served = Served::start(database);
    let url = database.url_text();
    let run = |arguments: &[&str]| finished(&mut chiso(&[arguments, &["--database-url", &url]].concat()));
    let (code, out, error) =
        run(&["keys", "create", "--name", "Một cửa", "--scopes", "dossiers:read,dossiers:write"]);
    assert_eq!(code, Some(0), "{error}");
    let secret = out.lines().last().unwrap();
    assert!(secret.starts_with("chiso_") && secret.len() == 70, "{out}");
    served.client.ask("GET", DOSSIERS).key(secret).send().expect(200);
    served.client.ask("POST", UNITS).key(secret).json(&unit("u")).send().expect(403);
    let (code, out, _) = run(&["keys", "list"]);
    assert!(code == Some(0) && out.contains("Một cửa") && !out.contains(secret), "{out}");
    let id = out.split_whitespace().next().unwrap();
    let (code, _, error) = run(&["keys", "revoke", id]);
    assert_eq!(code, Some(0), "{error}");
    served.client.ask("GET", DOSSIERS).key(secret).send().expect(401);
    let (code, _, error) = run(&["keys", "create", "--name", "x", "--scopes", "admin", "--unit", "none"]);
    assert!(code == Some(1) && error.contains("There is no unit `none`"), "{error}");
    let (code, _, error) = run(&["keys", "create", "--name", "x", "--scopes", "root"]);
    assert!(code == Some(2) && error.contains("dossiers:read"), "{error}");
});

plain_test!(a_service_without_a_key_does_not_face_the_network, {
    let directory = tempfile::tempdir().unwrap();
    let serve = |more: &[&str], key: Option<&str>| {
        let mut command = chiso(&[&["serve", "--bind"], more].concat());
        command.current_dir(directory.path());
        if let Some(key) = key {
            command.env("CHISO_BOOTSTRAP_KEY", key);
        }
        finished(&mut command)
    };
    let (code, _, error) = serve(&["0.0.0.0:0"], None);
    assert!(
        code == Some(1) && error.contains("chiso keys create") && error.contains("CHISO_BOOTSTRAP_KEY"),
        "{error}"
    );
    let (code, _, error) = serve(&["127.0.0.1:0"], Some("chiso_short"));
    assert!(code == Some(1) && error.contains("32 characters"), "{error}");
    let (code, _, error) = serve(&["127.0.0.1:0", "--public", "dossiers"], None);
    assert!(code == Some(1) && error.contains("unknown word `dossiers`"), "{error}");
});
