//! `/units`: validity, codes over time, the tree, lineage, and what a unit may not do.

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    client::encoded,
    records::{DOSSIERS, UNITS, dossier, unit, with},
};

fn make(app: &App, id: &str, over: Value) {
    app.post(UNITS, &with(unit(id), over)).expect(201);
}

fn listed(app: &App, query: &str) -> Vec<String> {
    let answer = app.get(&format!("{UNITS}?{query}")).expect(200);
    answer.each("id").into_iter().map(str::to_owned).collect()
}

api_test!(a_unit_shows_every_member_also_when_only_the_least_is_given, |app| {
    let created = app.post(UNITS, &unit("u-1")).expect(201);
    assert_eq!(
        created.json,
        json!({"id": "u-1", "code": null, "code_scheme": null, "name": "Xã u-1", "former_names": [],
               "level": "commune", "parent_id": null, "former_parents": [], "valid_from": null,
               "valid_to": null, "successors": []})
    );
});

api_test!(null_in_a_patch_takes_a_member_away, |app| {
    app.make_units(&["up"]);
    make(app, "u", json!({"code": "1", "code_scheme": "s", "parent_id": "up", "valid_from": "2020-01-01"}));
    let nulls = json!({"code": null, "code_scheme": null, "parent_id": null, "valid_from": null});
    let patched = app.patch("/api/v1/units/u", &nulls).expect(200);
    for member in ["code", "code_scheme", "parent_id", "valid_from"] {
        assert_eq!(patched.json[member], Value::Null, "{member}");
    }
    let refused = app.patch("/api/v1/units/u", &json!({"name": null})).expect(422);
    assert_eq!(refused.violations(), [("/name", "required")]);
});

api_test!(texts_are_kept_composed_and_trimmed, |app| {
    let decomposed = "  Huye\u{0323}\u{0302}n Thanh Bi\u{0300}nh ";
    let created = app.post(UNITS, &with(unit("u"), json!({"name": decomposed}))).expect(201);
    assert_eq!(created.json["name"], "Huyện Thanh Bình");
    let again = app.put("/api/v1/units/u", &with(unit("u"), json!({"name": decomposed}))).expect(200);
    assert_eq!(again.etag(), created.etag());
});

api_test!(search_goes_without_case_and_marks, |app| {
    make(app, "a", json!({"name": "Tỉnh Đồng Tháp"}));
    make(app, "b", json!({"name": "Huyện Thanh Bình", "code": "874", "code_scheme": "gso"}));
    make(app, "c", json!({"name": "100% Xã_Mẫu"}));
    for (text, want) in [
        ("dong thap", vec!["a"]),
        ("ĐỒNG", vec!["a"]),
        ("Đo\u{0302}\u{0300}ng", vec!["a"]),
        ("THANH BINH", vec!["b"]),
        ("874", vec!["b"]),
        ("thap huyen", vec![]),
        ("%", vec!["c"]),
        ("xa_", vec!["c"]),
        ("_a", vec![]),
        ("h", vec!["a", "b"]),
    ] {
        assert_eq!(listed(app, &format!("q={}", encoded(text))), want, "{text}");
    }
});

api_test!(as_of_lists_those_that_exist_on_the_day, |app| {
    make(app, "old", json!({"valid_to": "2025-07-01"}));
    make(app, "new", json!({"valid_from": "2025-07-01"}));
    make(app, "always", json!({}));
    make(app, "short", json!({"valid_from": "2024-01-01", "valid_to": "2024-01-02"}));
    assert_eq!(listed(app, "as_of=2025-06-30"), ["always", "old"]);
    assert_eq!(listed(app, "as_of=2025-07-01"), ["always", "new"]);
    assert_eq!(listed(app, "as_of=2024-01-01"), ["always", "old", "short"]);
    assert_eq!(listed(app, "as_of=2024-01-02"), ["always", "old"]);
    assert_eq!(listed(app, ""), ["always", "new", "old", "short"]);
});

api_test!(filters_are_exact_and_under_takes_all_below, |app| {
    make(app, "p", json!({"level": "province", "code": "87", "code_scheme": "gso"}));
    make(app, "d", json!({"level": "district", "parent_id": "p"}));
    make(app, "c", json!({"level": "commune", "parent_id": "d", "code": "87", "code_scheme": "other"}));
    make(app, "x", json!({"level": "province"}));
    assert_eq!(listed(app, "under=p"), ["c", "d", "p"]);
    assert_eq!(listed(app, "under=d"), ["c", "d"]);
    assert_eq!(listed(app, "under=nowhere"), [""; 0]);
    assert_eq!(listed(app, "parent_id=p"), ["d"]);
    assert_eq!(listed(app, "level=province"), ["p", "x"]);
    assert_eq!(listed(app, "code=87"), ["c", "p"]);
    assert_eq!(listed(app, "code=87&code_scheme=gso"), ["p"]);
    assert_eq!(listed(app, "under=p&level=commune"), ["c"]);
    assert_eq!(listed(app, "code=8"), [""; 0]);
});

api_test!(lineage_goes_both_ways_with_extents, |app| {
    make(app, "new-1", json!({"name": "Xã Mới Một", "valid_from": "2025-07-01"}));
    make(app, "new-2", json!({"name": "Xã Mới Hai", "valid_from": "2025-07-01"}));
    let parts = json!([{"unit_id": "new-2", "extent": "part"}, {"unit_id": "new-1", "extent": "part"}]);
    make(app, "old-1", json!({"name": "Xã Cũ Một", "valid_to": "2025-07-01", "successors": parts}));
    let whole = json!([{"unit_id": "new-1", "extent": "whole"}]);
    make(app, "old-2", json!({"name": "Xã Cũ Hai", "valid_to": "2025-07-01", "successors": whole}));
    let read = app.get("/api/v1/units/old-1").expect(200);
    assert_eq!(read.json["successors"], parts, "in the order given");
    let of = |id: &str| app.get(&format!("/api/v1/units/{id}/lineage")).expect(200);
    assert_eq!(
        of("old-1").json,
        json!({"unit_id": "old-1", "predecessors": [], "successors": [
            {"unit_id": "new-2", "unit_name": "Xã Mới Hai", "extent": "part"},
            {"unit_id": "new-1", "unit_name": "Xã Mới Một", "extent": "part"}]})
    );
    let new = of("new-1");
    assert_eq!(
        new.json,
        json!({"unit_id": "new-1", "successors": [], "predecessors": [
            {"unit_id": "old-1", "unit_name": "Xã Cũ Một", "extent": "part"},
            {"unit_id": "old-2", "unit_name": "Xã Cũ Hai", "extent": "whole"}]})
    );
    app.ask("GET", "/api/v1/units/new-1/lineage").header("if-none-match", new.etag()).send().expect(304);
    assert_eq!(app.get("/api/v1/units/absent/lineage").expect(404).code(), "not_found");
});

api_test!(a_code_names_one_unit_at_a_time_and_is_used_again_later, |app| {
    let coded = |from: Value, to: Value| json!({"code": "82", "code_scheme": "gso", "valid_from": from, "valid_to": to});
    make(app, "tien-giang", coded(Value::Null, json!("2025-07-01")));
    make(app, "dong-thap", coded(json!("2025-07-01"), Value::Null));
    for (from, to) in [
        (json!("2025-06-30"), json!("2025-07-01")),
        (json!("2030-01-01"), Value::Null),
        (Value::Null, Value::Null),
        (Value::Null, json!("1990-01-01")),
    ] {
        let refused = app.post(UNITS, &with(unit("third"), coded(from, to))).expect(409);
        assert_eq!(refused.code(), "code_taken");
        assert_eq!(refused.violations(), [("/code", "code_taken")]);
    }
    make(app, "other-scheme", json!({"code": "82", "code_scheme": "moha"}));
    let reopened = app.patch("/api/v1/units/tien-giang", &json!({"valid_to": "2025-07-02"})).expect(409);
    assert_eq!(reopened.code(), "code_taken");
});

api_test!(a_unit_stands_never_below_itself, |app| {
    make(app, "a", json!({}));
    make(app, "b", json!({"parent_id": "a"}));
    make(app, "c", json!({"parent_id": "b"}));
    for (id, parent) in [("a", "a"), ("a", "b"), ("a", "c")] {
        let refused = app.patch(&format!("{UNITS}/{id}"), &json!({"parent_id": parent})).expect(422);
        assert_eq!(refused.violations(), [("/parent_id", "cycle")], "{id} below {parent}");
    }
    let absent = app.patch("/api/v1/units/a", &json!({"parent_id": "nowhere"})).expect(422);
    assert_eq!(absent.violations(), [("/parent_id", "unknown_unit")]);
});

api_test!(successors_are_checked, |app| {
    make(app, "next", json!({}));
    make(app, "gone", json!({"valid_to": "2020-01-01"}));
    let to = |successors: Value| with(unit("u"), json!({"valid_to": "2025-07-01", "successors": successors}));
    let one = |id: &str, extent: &str| json!({"unit_id": id, "extent": extent});
    for (successors, pointer, code) in [
        (json!([one("nowhere", "whole")]), "/successors/0/unit_id", "unknown_unit"),
        (json!([one("gone", "whole")]), "/successors/0/unit_id", "successor_ended"),
        (json!([one("u", "whole")]), "/successors/0/unit_id", "cycle"),
        (json!([one("next", "part"), one("next", "part")]), "/successors/1/unit_id", "duplicate"),
    ] {
        let refused = app.post(UNITS, &to(successors)).expect(422);
        assert_eq!(refused.violations(), [(pointer, code)]);
    }
    app.make_units(&["other"]);
    let refused = app.post(UNITS, &to(json!([one("next", "whole"), one("other", "part")]))).expect(422);
    assert_eq!(refused.violations(), [("/successors", "whole_and_more")]);
    let open = with(unit("u"), json!({"successors": [one("next", "whole")]}));
    assert_eq!(app.post(UNITS, &open).expect(422).violations(), [("/successors", "successors_without_end")]);
});

api_test!(a_unit_that_others_refer_to_stays_and_the_refusal_names_them, |app| {
    app.make_units(&["u", "office"]);
    make(app, "child", json!({"parent_id": "u"}));
    make(app, "old", json!({"valid_to": "2025-07-01", "successors": [{"unit_id": "u", "extent": "whole"}]}));
    app.post(DOSSIERS, &with(dossier("D-1", "u"), json!({"received_by_unit_id": "office"}))).expect(201);
    let before = app.database.dump();
    let refused = app.ask("DELETE", "/api/v1/units/u").header("accept-language", "en").send().expect(409);
    assert_eq!(refused.code(), "in_use");
    assert_eq!(refused.json["detail"], "Other records refer to it: units, dossiers.");
    let named = refused.json["errors"].to_string();
    for text in ["parent_id", "child", "successors", "old", "unit_id", "D-1"] {
        assert!(named.contains(text), "{text} in {named}");
    }
    let refused = app.delete("/api/v1/units/office").expect(409);
    assert!(refused.json["errors"].to_string().contains("received_by_unit_id"));
    assert_eq!(app.database.dump(), before);
    app.delete("/api/v1/dossiers/D-1").expect(204);
    app.delete("/api/v1/units/old").expect(204);
    app.delete("/api/v1/units/child").expect(204);
    app.delete("/api/v1/units/u").expect(204);
});

api_test!(the_validity_of_a_unit_holds_the_days_of_its_dossiers, |app| {
    app.make_units(&["u"]);
    app.post(DOSSIERS, &dossier("D-1", "u")).expect(201);
    for validity in [json!({"valid_to": "2020-03-02"}), json!({"valid_from": "2020-03-03"})] {
        assert_eq!(app.patch("/api/v1/units/u", &validity).expect(409).code(), "in_use");
    }
    app.patch("/api/v1/units/u", &json!({"valid_from": "2020-03-02", "valid_to": "2020-03-03"})).expect(200);
});

api_test!(ids_are_plain, |app| {
    for id in ["a", "A.b_c~d-9", &"x".repeat(64)] {
        app.post(UNITS, &unit(id)).expect(201);
        app.get(&format!("{UNITS}/{id}")).expect(200);
    }
    for id in ["", "a b", "a/b", "đ", ".", "..", &"x".repeat(65)] {
        let refused = app.post(UNITS, &unit(id)).expect(422);
        assert_eq!(refused.violations()[0], ("/id", "not_an_id"), "{id}");
    }
});
