//! The committed document, the served routes and the real answers say the same.

use crate::support::plain_test;

plain_test!(the_committed_document_is_the_served_one, {
    let committed = std::fs::read_to_string("openapi/openapi.json").unwrap_or_default();
    assert!(
        committed == chiso::http::openapi::text(),
        "openapi/openapi.json is not up to date: cargo run -- openapi > openapi/openapi.json"
    );
});
