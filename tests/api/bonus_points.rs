//! Bonus and penalty points in trees: they count from any depth, and as they are.

use serde_json::{Value, json};

use crate::{
    frameworks::{of, totals},
    support::{
        api_test,
        indexes::{EDITION, SCORES, edition},
        records::with,
    },
};

/// Ordinary points beside a penalty of three levels.
fn deep_penalty(method: &str, most: i64) -> Value {
    let penalty = |code: &str, parent: Value, least: i64, most: i64| json!({"code": code, "name": code, "parent": parent, "min_points": least, "max_points": most});
    let area = with(penalty("z", Value::Null, -10, most), json!({"kind": "bonus_penalty"}));
    json!({"method": method, "criteria": [
        {"code": "a", "name": "A", "min_points": 1, "max_points": 10},
        area,
        penalty("z1", json!("z"), -10, most),
        penalty("z11", json!("z1"), -4, 0),
        penalty("z12", json!("z1"), -6, most)
    ]})
}

api_test!(a_penalty_counts_from_any_depth_and_by_itself, |app| {
    app.make_units(&["u", "v"]);
    for (method, most, want) in
        [("points", 0, [("u", "4"), ("v", "4")]), ("normalised", 3, [("u", "76"), ("v", "76")])]
    {
        app.make_edition(deep_penalty(method, most));
        for unit in ["u", "v"] {
            for (code, value) in [("a", "8"), ("z11", "-4")] {
                let by_key = format!("{SCORES}/by-key/ix/2016/{unit}/final/{code}");
                let answer = app.put(&by_key, &json!({"score": value}));
                assert!(matches!(answer.status, 200 | 201), "{}", answer.json);
            }
        }
        app.put(&format!("{SCORES}/by-key/ix/2016/v/final/z12"), &json!({"score": "0"}));
        assert_eq!(totals(app, ""), of(&want), "{method}");
    }
    let mut weighted = deep_penalty("points", 0);
    weighted["criteria"][2]["method"] = json!("weighted");
    let answer = app.put(EDITION, &with(edition(), weighted)).expect(422);
    assert!(answer.violations().contains(&("/criteria/2/method", "bonus_adds_points")), "{}", answer.json);
});
