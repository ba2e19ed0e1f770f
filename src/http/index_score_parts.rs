//! Bodies of index scores: as callers see them, and as they send them by id or by key.

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use super::schema::{DecimalText, Number};
use crate::{
    domain::{
        decimal::Exact,
        index_scores::{Evidence, ScoreStage},
        text::clean,
    },
    service::error::Error,
};

/// A score of a unit in an edition: the total or one criterion, at one stage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexScore, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000001", "index_code": "pci", "year": 2016, "unit_id": "gso-87",
    "criterion": null, "stage": "final", "score": 64.9552993774414, "score_exact": "64.9552993774414",
    "published_rank": 3, "applicable": true, "source": "PCI 2016", "comment": null,
    "explanation": "Số liệu theo báo cáo năm", "evidence": [{"title": "Báo cáo 12/BC-UBND", "url": "https://example.vn/12.pdf"}]
}))]
pub struct IndexScoreView {
    /// The key, made by the service.
    pub id: String,
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// The unit.
    pub unit_id: String,
    /// The criterion; null for the total.
    pub criterion: Option<String>,
    /// Stage.
    pub stage: ScoreStage,
    /// The score, not rounded; null where it does not apply.
    pub score: Option<Number>,
    /// The score with every digit, as text.
    pub score_exact: Option<String>,
    /// Rank as published beside it.
    pub published_rank: Option<i32>,
    /// False takes the criterion out of the maximum.
    pub applicable: bool,
    /// Where it comes from.
    pub source: Option<String>,
    /// What the assessor says of it.
    pub comment: Option<String>,
    /// How the unit explains it.
    pub explanation: Option<String>,
    /// Links to what proves it.
    pub evidence: Vec<EvidenceBody>,
}

/// A link to what proves a score.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Evidence)]
pub struct EvidenceBody {
    /// What it is.
    pub title: String,
    /// An http or https link, at most 2000 characters.
    pub url: String,
}

/// A score as it shall be. What a `GET` gives can be sent back: `score_exact` is taken and ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "index_code": "pci", "year": 2016, "unit_id": "gso-87", "criterion": null, "stage": "final",
    "score": "64.9552993774414", "published_rank": 3
}))]
pub struct IndexScoreInput {
    /// The key: made by the service, ignored in a `POST`.
    #[serde(default)]
    pub id: Option<String>,
    /// The index.
    pub index_code: String,
    /// Data year; the index must have its edition.
    pub year: i32,
    /// The unit; it must exist on some day of the year.
    pub unit_id: String,
    /// The criterion; null for the total.
    #[serde(default)]
    pub criterion: Option<String>,
    /// Stage.
    pub stage: ScoreStage,
    /// The score; required unless `applicable` is false.
    #[serde(default)]
    pub score: Option<DecimalText>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<String>, read_only)]
    pub score_exact: Option<IgnoredAny>,
    /// Rank as published beside it, from 1.
    #[serde(default)]
    pub published_rank: Option<i32>,
    /// False takes the criterion out of the maximum; true when absent.
    #[serde(default)]
    pub applicable: Option<bool>,
    /// Where it comes from.
    #[serde(default)]
    pub source: Option<String>,
    /// What the assessor says of it.
    #[serde(default)]
    pub comment: Option<String>,
    /// How the unit explains it.
    #[serde(default)]
    pub explanation: Option<String>,
    /// Links to what proves it, 50 at most.
    #[serde(default)]
    pub evidence: Vec<EvidenceBody>,
}

/// A score as it shall be, when the path says which. What a `GET` gives can be sent back: `id` and `score_exact`
/// are taken and ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"score": 64.9552993774414, "published_rank": 3, "source": "PCI 2016"}))]
pub struct IndexScoreByKeyInput {
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<String>, read_only)]
    pub id: Option<IgnoredAny>,
    /// The index, as in the path.
    #[serde(default)]
    pub index_code: Option<String>,
    /// Data year, as in the path.
    #[serde(default)]
    pub year: Option<i32>,
    /// The unit, as in the path.
    #[serde(default)]
    pub unit_id: Option<String>,
    /// The criterion, as in the path; null or `_total` for the total.
    #[serde(default, deserialize_with = "even_null")]
    #[schema(value_type = Option<String>)]
    pub criterion: Option<Option<String>>,
    /// Stage, as in the path.
    #[serde(default)]
    pub stage: Option<ScoreStage>,
    /// The score; required unless `applicable` is false.
    #[serde(default)]
    pub score: Option<DecimalText>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<String>, read_only)]
    pub score_exact: Option<IgnoredAny>,
    /// Rank as published beside it, from 1.
    #[serde(default)]
    pub published_rank: Option<i32>,
    /// False takes the criterion out of the maximum; true when absent.
    #[serde(default)]
    pub applicable: Option<bool>,
    /// Where it comes from.
    #[serde(default)]
    pub source: Option<String>,
    /// What the assessor says of it.
    #[serde(default)]
    pub comment: Option<String>,
    /// How the unit explains it.
    #[serde(default)]
    pub explanation: Option<String>,
    /// Links to what proves it, 50 at most.
    #[serde(default)]
    pub evidence: Vec<EvidenceBody>,
}

/// Tells a null (the total) from a member that is left out.
fn even_null<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(d).map(Some)
}

/// A page of scores.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexScorePage {
    /// The scores.
    pub items: Vec<IndexScoreView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

/// A text as it is kept.
pub fn text(value: Option<String>) -> Option<String> {
    value.as_deref().map(clean)
}

/// Links of a body.
pub fn evidence(links: Vec<EvidenceBody>) -> Vec<Evidence> {
    links.into_iter().map(|link| Evidence { title: clean(&link.title), url: clean(&link.url) }).collect()
}

/// A score of a body.
///
/// # Errors
/// 422 `too_precise`.
pub fn exact(score: Option<DecimalText>) -> Result<Option<Exact>, Error> {
    score.map(|score| score.exact("/score")).transpose()
}

/// Links as callers see them.
pub fn evidence_view(links: Vec<Evidence>) -> Vec<EvidenceBody> {
    links.into_iter().map(|link| EvidenceBody { title: link.title, url: link.url }).collect()
}
