//! One score of a unit in an edition: the total or one criterion, at one stage, exact to the last digit.

use serde::Serialize;

use super::{
    decimal::Exact,
    editions::Edition,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// Stage of a score: the stages stand side by side and are never mixed.
    pub enum ScoreStage {
        /// The unit's own (điểm tự đánh giá).
        SelfAssessed = "self",
        /// The appraisal team's (điểm thẩm định).
        Appraised = "appraised",
        /// The survey's (điểm điều tra xã hội học).
        Survey = "survey",
        /// What counts.
        Final = "final",
    }
}

/// A score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexScore {
    /// Made by the service.
    pub id: String,
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// The unit.
    pub unit_id: String,
    /// The criterion; none for the total.
    pub criterion: Option<String>,
    /// Stage.
    pub stage: ScoreStage,
    /// The score; none only where it does not apply.
    pub score: Option<Exact>,
    /// Rank as published beside it.
    pub published_rank: Option<i32>,
    /// `false` takes the criterion out of the maximum.
    pub applicable: bool,
    /// Where it comes from.
    pub source: Option<String>,
}

impl IndexScore {
    /// What is unique: index, year, unit, stage and criterion (`_total` for the total).
    pub fn natural_key(&self) -> String {
        natural_key(&self.index_code, self.year, &self.unit_id, self.stage, self.criterion.as_deref())
    }

    /// The rules of one score within its edition.
    pub fn check(&self, edition: &Edition) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.optional_text("/source", self.source.as_ref(), 1000);
        if self.published_rank.is_some_and(|rank| rank < 1) {
            findings.add("/published_rank", "not_positive", "Ranks begin at 1.", "Thứ hạng bắt đầu từ 1.");
        }
        match (&self.score, self.applicable) {
            (None, true) => findings.add(
                "/score",
                "required",
                "A score is required where it applies.",
                "Bắt buộc có điểm khi tiêu chí được áp dụng.",
            ),
            (Some(_), false) => findings.add(
                "/score",
                "not_applicable",
                "What does not apply has no score.",
                "Tiêu chí không áp dụng thì không có điểm.",
            ),
            _ => {}
        }
        if self.criterion.is_none() && !self.applicable {
            findings.add(
                "/applicable",
                "total_applies",
                "A total always applies.",
                "Điểm tổng luôn được áp dụng.",
            );
        }
        self.check_bounds(edition, &mut findings);
        findings.into_result().err().unwrap_or_default()
    }

    fn check_bounds(&self, edition: &Edition, findings: &mut Findings) {
        let maximum = match self.criterion.as_deref() {
            None => match edition.unit_of_measure {
                super::editions::ScoreUnit::Percent => Some(Exact::from(100)),
                super::editions::ScoreUnit::Points => None,
            },
            Some(code) => match edition.criterion(code) {
                Some(criterion) => criterion.max_points.clone(),
                None => {
                    findings.add(
                        "/criterion",
                        "unknown_criterion",
                        format!("No criterion `{code}` in this edition."),
                        format!("Không có tiêu chí `{code}` trong kỳ đánh giá này."),
                    );
                    None
                }
            },
        };
        if let (Some(score), Some(maximum)) = (&self.score, maximum)
            && score > &maximum
        {
            findings.add(
                "/score",
                "above_maximum",
                format!("The maximum is {maximum}."),
                format!("Điểm tối đa là {maximum}."),
            );
        }
    }
}

/// The natural key of a score as one text; its parts are ids, which hold no slash.
pub fn natural_key(index: &str, year: i32, unit: &str, stage: ScoreStage, criterion: Option<&str>) -> String {
    format!("{index}/{year}/{unit}/{stage}/{}", criterion.unwrap_or("_total"))
}
