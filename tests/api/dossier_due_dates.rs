//! Due dates that waits have moved: who tells the date of before, and whose calendar counted what.

use serde_json::json;

use crate::{
    dossier_clock::{accept, at, make, tell},
    support::{api_test, records::with},
};

const A: &str = "/api/v1/dossiers/A";

api_test!(a_patch_that_names_the_date_of_before_a_wait_is_refused, |app| {
    make(app);
    accept(app, "A");
    // Begun again on the 9th: the term ends on the 16th, not on the 10th.
    tell(app, "A", &[(5, "04"), (4, "09")]);
    let record = app.get(A).expect(200);
    assert_eq!(record.json["due_at"], at("16", 17));
    let back = json!({"due_at": at("10", 17)});
    let before = app.database.dump();
    for body in [back.clone(), with(back.clone(), json!({"field": "Hộ tịch"}))] {
        let refused = app.ask("PATCH", A).header("accept-language", "en").json(&body).send().expect(409);
        assert_eq!(refused.code(), "due_change_without_reason");
        assert_eq!(refused.violations(), [("/due_at", "due_change_without_reason")]);
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains("waited") && detail.contains("`due_change_reason`"), "{detail}");
    }
    assert_eq!(app.database.dump(), before);
    // The date that holds may be named, and a whole record is sent again as another system has it.
    for body in [json!({"due_at": at("16", 17)}), record.json.clone()] {
        assert_eq!(app.patch(A, &body).expect(200).etag(), record.etag(), "{body}");
    }
    assert_eq!(app.put(A, &with(record.json.clone(), back.clone())).expect(200).etag(), record.etag());
    let given = app.patch(A, &with(back, json!({"due_change_reason": "Công văn số 7"}))).expect(200).json;
    assert_eq!(given["due_at"], at("10", 17));
});
