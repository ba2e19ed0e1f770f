//! Calls from web pages: nobody's unless it is said, and then reading; and what every answer says to a browser.

use chiso::http::{cors::CorsRules, gate::CallRules};

use crate::support::{
    api_test,
    app::App,
    client::Client,
    records::{UNITS, unit},
};

const OURS: &str = "https://congkhai.example.gov.vn";
const ORIGIN: &str = "access-control-allow-origin";

fn open(app: &App, origins: &[&str], write: bool) -> App {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    app.beside_with(CallRules { cors: CorsRules { origins, write }, ..CallRules::default() })
}

/// A preflight: the answer's head.
fn preflight(client: &Client, origin: &str, method: &str) -> String {
    let request = format!(
        "OPTIONS {UNITS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: {origin}\r\n\
         Access-Control-Request-Method: {method}\r\nAccess-Control-Request-Headers: content-type\r\n\r\n"
    );
    client.bytes(request.as_bytes()).to_lowercase()
}

api_test!(nobody_calls_from_a_page_unless_it_is_said, |app| {
    let read = app.ask("GET", UNITS).header("origin", OURS).send().expect(200);
    assert!(read.header(ORIGIN).is_empty() && read.header("vary").is_empty());
    for method in ["GET", "POST"] {
        let answer = preflight(app, OURS, method);
        assert!(answer.starts_with("http/1.1 405 ") && !answer.contains(ORIGIN), "{answer}");
    }
});

api_test!(the_origins_that_are_named_may_read, |app| {
    let open = open(app, &["https://another.example", OURS], false);
    let read = open.ask("GET", UNITS).header("origin", OURS).send().expect(200);
    assert_eq!((read.header(ORIGIN), read.header("vary")), (OURS, "Origin"));
    assert!(read.header("access-control-expose-headers").contains("ETag"));
    let missing = open.ask("GET", "/api/v1/units/absent").header("origin", OURS).send().expect(404);
    assert_eq!(missing.header(ORIGIN), OURS, "a page may read why");
    let other = open.ask("GET", UNITS).header("origin", "https://evil.example").send().expect(200);
    assert!(other.header(ORIGIN).is_empty());
    assert_eq!(open.get(UNITS).expect(200).header("vary"), "Origin");

    let asked = preflight(&open, OURS, "GET");
    assert!(asked.starts_with("http/1.1 204 ") && asked.contains(&format!("{ORIGIN}: {OURS}")), "{asked}");
    assert!(asked.contains("access-control-allow-methods: get, head\r\n"), "{asked}");
    for (origin, method) in [(OURS, "POST"), ("https://evil.example", "GET")] {
        let refused = preflight(&open, origin, method);
        assert!(refused.starts_with("http/1.1 405 ") && !refused.contains(ORIGIN), "{refused}");
    }
    let wrote = open.ask("POST", UNITS).header("origin", OURS).json(&unit("u")).send().expect(201);
    assert!(wrote.header(ORIGIN).is_empty(), "the page may not read the answer to a write");
});

api_test!(writing_is_opened_apart, |app| {
    let open = open(app, &[OURS], true);
    let asked = preflight(&open, OURS, "POST");
    assert!(asked.starts_with("http/1.1 204 ") && asked.contains("idempotency-key"), "{asked}");
    let wrote = open.ask("POST", UNITS).header("origin", OURS).json(&unit("u")).send().expect(201);
    assert_eq!(wrote.header(ORIGIN), OURS);
    assert!(preflight(&open, "https://evil.example", "POST").starts_with("http/1.1 405 "));
});

api_test!(everybody_may_read_where_it_is_said, |app| {
    let open = open(app, &["*"], false);
    let read = open.ask("GET", UNITS).header("origin", "https://any.example").send().expect(200);
    assert_eq!((read.header(ORIGIN), read.header("vary")), ("*", ""));
    assert!(preflight(&open, "https://any.example", "GET").contains(&format!("{ORIGIN}: *")));
    assert!(preflight(&open, "https://any.example", "DELETE").starts_with("http/1.1 405 "));
});

api_test!(the_documentation_loads_nothing_from_elsewhere, |app| {
    for path in ["/docs/", "/docs/swagger-ui.css", "/doc%73/", "/%64ocs/index.html"] {
        let page = app.get(path).expect(200);
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-frame-options"), "DENY");
    }
    for path in ["/docs/nothing", "/docs/%2e%2e/x"] {
        assert_eq!(app.get(path).expect(404).code(), "unknown_route", "{path}");
    }
    let page = String::from_utf8(app.get("/docs/").raw).unwrap();
    for script in page.split("<script").skip(1) {
        let (tag, text) = script.split_once('>').unwrap();
        assert!(tag.contains("src="), "a script in the page itself would not run: {tag}");
        assert!(text.starts_with("</script>") || text.trim_start().starts_with("</script>"), "{text}");
    }
    for path in ["/docs/", UNITS, "/api/v1/units/absent", "/nowhere", "/openapi.json"] {
        assert_eq!(app.get(path).header("x-content-type-options"), "nosniff", "{path}");
    }
});
