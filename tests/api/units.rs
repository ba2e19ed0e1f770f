//! `/units`: what is theirs alone.

use serde_json::json;

use crate::support::{
    api_test,
    records::{UNITS, unit},
};

api_test!(a_created_unit_is_there, |app| {
    let created = app.post(UNITS, &unit("u-1")).expect(201);
    assert_eq!(created.header("location"), "/api/v1/units/u-1");
    let read = app.get("/api/v1/units/u-1").expect(200);
    assert_eq!(read.json, created.json);
    assert_eq!(read.etag(), created.etag());
    assert_eq!(
        read.json,
        json!({"id": "u-1", "code": null, "code_scheme": null, "name": "Xã u-1", "level": "commune",
               "parent_id": null, "valid_from": null, "valid_to": null, "successors": []})
    );
});
