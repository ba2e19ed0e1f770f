//! Indexes, editions and scores to begin with: the index `ix`, its edition of 2016, communes.

use serde_json::{Value, json};

use super::{app::App, client::Answer, records::with};

pub const INDEXES: &str = "/api/v1/indexes";
pub const EDITION: &str = "/api/v1/indexes/ix/editions/2016";
pub const SCORES: &str = "/api/v1/index-scores";
pub const RANKING: &str = "/api/v1/indexes/ix/rankings/2016";

/// The least that an edition says: all communes are ranked.
pub fn edition() -> Value {
    json!({
        "framework": "f-1", "unit_of_measure": "points", "decimals": 2,
        "cohorts": [{"code": "all", "name": "Các xã", "rule": {"level": "commune"}}]
    })
}

/// A criterion without a parent.
pub fn criterion(code: &str, max_points: impl Into<Value>) -> Value {
    json!({"code": code, "name": format!("Tiêu chí {code}"), "max_points": max_points.into()})
}

/// The total of a unit in 2016.
pub fn score(unit_id: &str, score: impl Into<Value>) -> Value {
    json!({"index_code": "ix", "year": 2016, "unit_id": unit_id, "stage": "final", "score": score.into()})
}

impl App {
    /// Makes the index `ix` with an edition of 2016.
    #[track_caller]
    pub fn make_edition(&self, over: Value) {
        self.put("/api/v1/indexes/ix", &json!({"name": "Chỉ số"}));
        self.make_edition_of(2016, over);
    }

    /// Makes or replaces an edition of `ix`.
    #[track_caller]
    pub fn make_edition_of(&self, year: i32, over: Value) {
        let answer = self.put(&format!("/api/v1/indexes/ix/editions/{year}"), &with(edition(), over));
        assert!(matches!(answer.status, 200 | 201), "{}", answer.json);
    }

    /// Makes a score.
    #[track_caller]
    pub fn make_score(&self, record: &Value) -> Answer {
        self.post(SCORES, record).expect(201)
    }
}
