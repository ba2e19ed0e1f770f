//! Every error is a problem document, in the caller's language, with the request's id, and in one order.

use actix_web::{App as ActixApp, HttpResponse, http::header, middleware::from_fn, test, web};
use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::KEY,
    indexes::{EDITION, edition},
    plain_test,
    records::{DOSSIERS, UNITS, dossier, unit, with},
};

api_test!(an_unknown_address_is_a_problem, |app| {
    for path in
        ["/", "/nothing", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/units", "/api/v1/units/a/b/c"]
    {
        for method in ["GET", "POST", "DELETE"] {
            let answer = app.ask(method, path).send().expect(404);
            assert_eq!(answer.code(), "unknown_route", "{method} {path}");
            assert_eq!(answer.json["instance"], path);
            assert_eq!(answer.json["type"], "/problems/unknown_route");
        }
    }
});

api_test!(a_method_that_an_address_lacks_is_405_with_those_it_has, |app| {
    app.make_units(&["u"]);
    for (method, path, allow) in [
        ("DELETE", "/api/v1/units", "GET, HEAD, POST"),
        ("PATCH", "/api/v1/dossiers", "GET, HEAD, POST"),
        ("POST", "/api/v1/units/u", "DELETE, GET, HEAD, PATCH, PUT"),
        ("POST", "/api/v1/units/absent", "DELETE, GET, HEAD, PATCH, PUT"),
        ("PUT", "/api/v1/units/u/lineage", "GET, HEAD"),
        ("OPTIONS", "/api/v1/units", "GET, HEAD, POST"),
        ("TRACE", "/api/v1/units", "GET, HEAD, POST"),
        ("BREW", "/api/v1/units", "GET, HEAD, POST"),
        ("POST", "/health/live", "GET, HEAD"),
    ] {
        let answer = app.ask(method, path).send().expect(405);
        assert_eq!(answer.code(), "method_not_allowed", "{method} {path}");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
});

api_test!(a_body_of_another_media_type_is_415, |app| {
    app.make_units(&["u"]);
    let body = unit("v").to_string();
    for kind in
        ["", "text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonx"]
    {
        for (method, path) in [("POST", UNITS), ("PUT", "/api/v1/units/v"), ("PATCH", "/api/v1/units/u")] {
            let ask = app.ask(method, path).raw(body.clone());
            let ask = if kind.is_empty() { ask } else { ask.header("content-type", kind) };
            assert_eq!(ask.send().expect(415).code(), "unsupported_media_type", "{method} {kind}");
        }
    }
    let merge = app.ask("PUT", "/api/v1/units/v").header("content-type", "application/merge-patch+json");
    merge.raw(body.clone()).send().expect(415);
    let spelled = app.ask("POST", UNITS).header("content-type", "Application/JSON ; charset=UTF-8");
    spelled.raw(body).send().expect(201);
});

api_test!(a_body_that_is_too_large_is_413, |app| {
    let limit = 2 * 1024 * 1024;
    let of_size = |size: usize| {
        let empty = with(unit("v"), json!({"name": ""})).to_string().len();
        with(unit("v"), json!({"name": "x".repeat(size - empty)})).to_string()
    };
    let send =
        |body: String| app.ask("POST", UNITS).header("content-type", "application/json").raw(body).send();
    assert_eq!(send(of_size(limit)).expect(422).violations(), [("/name", "too_long")]);
    assert_eq!(send(of_size(limit + 1)).expect(413).code(), "too_large");
    assert_eq!(send(of_size(10 * 1024 * 1024)).expect(413).code(), "too_large");
    let chunk = "x".repeat(65_536);
    let mut request = format!(
        "POST {UNITS} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         authorization: Bearer {KEY}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    for _ in 0..40 {
        request.push_str(&format!("10000\r\n{chunk}\r\n"));
    }
    request.push_str("0\r\n\r\n");
    let answer = app.bytes(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413 "), "{}", answer.lines().next().unwrap_or_default());
});

api_test!(broken_json_names_the_place, |app| {
    app.make_units(&["u"]);
    for body in
        ["", "{", "{\"id\": \"x\",}", "nonsense", "{} {}", "[1, 2", "\u{feff}{}", "{\"id\": \"\u{1}\"}"]
    {
        for (method, path) in [("POST", UNITS), ("PUT", "/api/v1/units/v"), ("PATCH", "/api/v1/units/u")] {
            let ask = app.ask(method, path).header("content-type", "application/json");
            let answer = ask.header("accept-language", "en").raw(body).send().expect(400);
            assert_eq!(answer.code(), "malformed", "{method} {body}");
            assert_eq!(answer.violations(), [("", "malformed_json")], "{method} {body}");
            assert!(answer.json["detail"].as_str().unwrap().contains("line "), "{method} {body}");
        }
    }
    let not_utf8 = app.ask("POST", UNITS).header("content-type", "application/json");
    let answer = not_utf8.raw(b"{\"id\": \"\xff\"}".to_vec()).send().expect(400);
    assert_eq!(answer.code(), "malformed");
});

api_test!(of_several_errors_the_first_in_order_is_told, |app| {
    app.make_units(&["u"]);
    let huge = format!("{{\"name\": \"{}\"}}", "x".repeat(3 * 1024 * 1024));
    let broken = "{".to_owned();
    let unknown = json!({"name": "x", "level": "commune", "colour": 1}).to_string();
    let invalid = json!({"name": "", "level": "commune"}).to_string();
    let lacking = json!({"level": "commune"}).to_string();
    let breaking = json!({"name": null}).to_string();
    for (method, path, kind, tag, body, status) in [
        ("PATCH", "/api/v1/units/absent", "text/plain", "\"0\"", &huge, 404),
        ("PATCH", "/api/v1/units/absent", "application/json", "\"0\"", &broken, 404),
        ("PATCH", "/api/v1/units/u", "text/plain", "\"0\"", &huge, 415),
        ("PATCH", "/api/v1/units/u", "application/json", "\"0\"", &huge, 413),
        ("PATCH", "/api/v1/units/u", "application/json", "\"0\"", &broken, 400),
        ("PATCH", "/api/v1/units/u", "application/json", "\"0\"", &unknown, 400),
        ("PATCH", "/api/v1/units/u", "application/json", "\"0\"", &invalid, 412),
        ("PATCH", "/api/v1/units/u", "application/json", "\"0\"", &breaking, 412),
        ("PATCH", "/api/v1/units/u", "application/json", "*", &invalid, 422),
        ("PATCH", "/api/v1/units/absent?colour=1", "application/json", "\"0\"", &unknown, 404),
        ("PATCH", "/api/v1/units/u?colour=1", "text/plain", "\"0\"", &invalid, 415),
        ("PATCH", "/api/v1/units/u?colour=1", "application/json", "\"0\"", &invalid, 400),
        ("PUT", "/api/v1/units/u?colour=1", "application/json", "\"0\"", &lacking, 400),
        ("POST", "/api/v1/units?colour=1", "text/plain", "*", &invalid, 415),
        ("POST", "/api/v1/units?colour=1", "application/json", "*", &lacking, 400),
        ("POST", "/api/v1/units?colour=1", "application/json", "*", &invalid, 400),
        ("PUT", "/api/v1/units/u", "text/plain", "\"0\"", &huge, 415),
        ("PUT", "/api/v1/units/u", "application/json", "\"0\"", &huge, 413),
        ("PUT", "/api/v1/units/u", "application/json", "\"0\"", &unknown, 400),
        ("PUT", "/api/v1/units/u", "application/json", "\"0\"", &invalid, 412),
        ("PUT", "/api/v1/units/u", "application/json", "\"0\"", &lacking, 412),
        ("PUT", "/api/v1/units/u", "application/json", "*", &lacking, 422),
        ("PUT", "/api/v1/units/absent", "application/json", "\"0\"", &lacking, 412),
        ("PUT", "/api/v1/units/u", "application/json", "*", &invalid, 422),
    ] {
        let ask =
            app.ask(method, path).header("content-type", kind).header("if-match", tag).raw(body.as_str());
        let answer = ask.send();
        let start: String = body.chars().take(40).collect();
        assert_eq!(answer.status, status, "{method} {path} {kind} {tag} {start}: {}", answer.json);
    }
    for (method, path, status) in [
        ("GET", "/api/v1/units/absent?colour=1", 404),
        ("GET", "/api/v1/units/u?colour=1", 400),
        ("GET", "/api/v1/units/absent/lineage?colour=1", 404),
        ("GET", "/api/v1/units/u/lineage?colour=1", 400),
        ("GET", "/api/v1/indexes/absent/rankings/2016?colour=1", 404),
        ("GET", "/api/v1/indexes/absent/rankings/x?base_year=y", 404),
        ("GET", "/api/v1/reviews/absent/2020?colour=1", 404),
        ("GET", "/api/v1/reviews/absent/0", 404),
        ("GET", "/api/v1/reviews/u/2020?colour=1", 400),
        ("GET", "/api/v1/reviews/u/0", 400),
        ("DELETE", "/api/v1/units/absent?colour=1", 404),
        ("DELETE", "/api/v1/units/u?colour=1", 400),
    ] {
        assert_eq!(app.ask(method, path).send().status, status, "{method} {path}");
    }
    app.get("/api/v1/units/u").expect(200);
});

api_test!(titles_and_details_are_in_the_callers_language, |app| {
    let texts = |accept: Option<&str>| {
        let ask = app.ask("POST", UNITS).json(&with(unit("u"), json!({"name": ""})));
        let ask = match accept {
            Some(accept) => ask.header("accept-language", accept),
            None => ask,
        };
        let answer = ask.send().expect(422);
        let language = answer.header("content-language").to_owned();
        assert_eq!(answer.header("vary"), "Accept-Language");
        (language, answer.json["title"].clone(), answer.json["errors"][0]["detail"].clone())
    };
    let english = ("en".to_owned(), json!("The record breaks a rule"), json!("Must not be empty."));
    let vietnamese = ("vi".to_owned(), json!("Bản ghi vi phạm quy tắc"), json!("Không được để trống."));
    assert_eq!(texts(None), vietnamese);
    assert_eq!(texts(Some("vi-VN,vi;q=0.9,en;q=0.8")), vietnamese);
    assert_eq!(texts(Some("fr")), vietnamese);
    assert_eq!(texts(Some("en")), english);
    assert_eq!(texts(Some("fr, en;q=0.5, vi;q=0.3")), english);
});

api_test!(a_number_that_does_not_fit_is_told_its_range, |app| {
    app.make_edition(json!({}));
    let detail = |language: &str| {
        let ask = app.ask("PUT", EDITION).json(&with(edition(), json!({"decimals": -1})));
        let answer = ask.header("accept-language", language).send().expect(400);
        assert_eq!(answer.violations(), [("/decimals", "wrong_type")]);
        answer.json["errors"][0]["detail"].clone()
    };
    assert_eq!(detail("en"), "invalid value: integer `-1`, expected a whole number from 0 to 255.");
    assert_eq!(detail("vi"), "Giá trị phải là số nguyên từ 0 đến 255.");
});

api_test!(every_answer_carries_the_id_of_its_request, |app| {
    app.make_units(&["u"]);
    let requests: [(&str, &str, u16); 8] = [
        ("GET", "/api/v1/units/u", 200),
        ("HEAD", "/api/v1/units/u", 200),
        ("GET", "/health/ready", 200),
        ("GET", "/api/v1/units/absent", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/units?colour=1", 400),
        ("POST", "/api/v1/units", 415),
        ("BREW", "/api/v1/units", 405),
    ];
    for (method, path, status) in requests {
        let answer = app.ask(method, path).header("x-request-id", "abc-1.2_3").send().expect(status);
        assert_eq!(answer.header("x-request-id"), "abc-1.2_3", "{method} {path}");
        if status >= 400 {
            assert_eq!(answer.json["request_id"], "abc-1.2_3");
        }
        let made = app.ask(method, path).send().expect(status);
        assert_eq!(made.header("x-request-id").len(), 36, "{method} {path}");
        assert_ne!(made.header("x-request-id"), app.ask(method, path).send().header("x-request-id"));
        for odd in ["a b", "a\"b", "đ", &"x".repeat(65)] {
            let answer = app.ask(method, path).header("x-request-id", odd).send().expect(status);
            assert_eq!(answer.header("x-request-id").len(), 36, "{method} {path} {odd}");
        }
    }
});

api_test!(problems_are_not_stored_by_caches, |app| {
    let answer = app.get("/api/v1/units/absent").expect(404);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
});

api_test!(all_broken_rules_are_told_at_once, |app| {
    app.make_units(&["u"]);
    let bad = with(
        dossier("D", "nowhere"),
        json!({
            "field": "", "status": 9, "due_at": "2020-03-01T08:00:00+07:00", "procedure_code": "\u{7}"
        }),
    );
    let mut told: Vec<String> = Vec::new();
    for (pointer, code) in app.post(DOSSIERS, &bad).expect(422).violations() {
        told.push(format!("{pointer} {code}"));
    }
    told.sort();
    assert_eq!(
        told,
        [
            "/due_at before_accepted",
            "/field empty",
            "/finished_at required_by_status",
            "/procedure_code control_character",
            "/unit_id unknown_unit",
        ]
    );
});

async fn panics() -> HttpResponse {
    panic!("on purpose")
}

plain_test!(a_panic_in_a_handler_is_a_500_problem_with_the_id, {
    actix_web::rt::System::new().block_on(async {
        let app = test::init_service(
            ActixApp::new().route("/panic", web::get().to(panics)).wrap(from_fn(chiso::http::frame::around)),
        )
        .await;
        let request = test::TestRequest::get()
            .uri("/panic")
            .insert_header(("x-request-id", "abc"))
            .insert_header(("accept-language", "en"));
        let error = test::try_call_service(&app, request.to_request()).await;
        let response = match error {
            Ok(response) => response.into_parts().1.map_into_boxed_body(),
            Err(error) => error.error_response(),
        };
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers().get("x-request-id").unwrap(), "abc");
        assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), "application/problem+json");
        let body = actix_web::body::to_bytes(response.into_body()).await.ok().unwrap();
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "internal");
        assert_eq!(problem["request_id"], "abc");
        assert_eq!(problem["title"], "Internal error");
        assert!(!problem.to_string().contains("on purpose"), "what happened inside is not told");
    });
});

api_test!(a_panic_in_a_write_undoes_it_and_leaves_the_store_usable, |app| {
    use chiso::store::{Conn, StoreError};
    use diesel::{RunQueryDsl, sql_query};
    let before = app.database.dump();
    let store = app.store.clone();
    let result = actix_web::rt::System::new().block_on(async move {
        store
            .write::<(), StoreError, _>(|conn: &mut Conn| {
                sql_query("INSERT INTO indexes (code, name, name_sort, search, version) VALUES ('x', 'x', 'x', 'x', 1)")
                    .execute(conn)?;
                panic!("on purpose")
            })
            .await
    });
    assert!(matches!(result, Err(StoreError::Panicked)), "{result:?}");
    assert_eq!(app.database.dump(), before);
    app.make_units(&["u"]);
});
