//! The yearly cycle of an edition: a draft is opened for self-assessment, appraised, and published in revisions.
//!
//! Each step, the making of the draft included, keeps who took it and when. What is published never changes: later
//! writes go to the working state, which is published as the next revision. An index without self-assessment (the PCI)
//! is published as a draft.

use serde::{Deserialize, Serialize};

use super::{
    index_scores::ScoreStage,
    time::Moment,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// Where the edition stands in its yearly cycle.
    pub enum EditionStatus {
        /// Being prepared: scores of every stage are taken.
        Draft = "draft",
        /// Open for the units' own scores (tự đánh giá), and for the survey's.
        SelfAssessment = "self_assessment",
        /// Under appraisal (thẩm định): appraised, survey and final scores are taken.
        Appraisal = "appraisal",
        /// Published at least once; corrections of every stage wait for the next revision.
        Published = "published",
    }
}

/// How a status follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The next step of the cycle.
    Onward,
    /// A step back, which needs a reason.
    Back,
}

impl EditionStatus {
    /// Whether scores of a stage may be written while the edition stands here.
    pub fn takes(self, stage: ScoreStage) -> bool {
        match self {
            Self::Draft | Self::Published => true,
            Self::SelfAssessment => matches!(stage, ScoreStage::SelfAssessed | ScoreStage::Survey),
            Self::Appraisal => stage != ScoreStage::SelfAssessed,
        }
    }

    /// How `next` follows; none when it can't.
    pub fn way_to(self, next: Self) -> Option<Way> {
        match (self, next) {
            (Self::Draft, Self::SelfAssessment)
            | (Self::SelfAssessment, Self::Appraisal)
            | (Self::Draft | Self::Appraisal | Self::Published, Self::Published) => Some(Way::Onward),
            (Self::Appraisal, Self::SelfAssessment) => Some(Way::Back),
            _ => None,
        }
    }
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleStep {
    /// Where the edition stood from then on.
    pub status: EditionStatus,
    /// When.
    pub at: Moment,
    /// Who took it.
    pub actor: String,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// The revision that was made, for a publication.
    pub revision: Option<i32>,
}

/// The published state that a record was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frozen {
    /// Number of the revision, 1 and upwards.
    pub revision: i32,
    /// When it was published.
    pub published_at: Moment,
    /// Number of the change that published it.
    pub version: i64,
}

/// How the working state differs from the last revision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Working {
    /// Whether the edition itself says something else.
    pub edition_changed: bool,
    /// Scores that were added, changed or taken away.
    pub changed_scores: i64,
    /// Whether its cohorts have other units, or units that are recorded otherwise: under another name, say. So it is
    /// where another reform is known of units that its rankings name beside these.
    pub units_changed: bool,
}

impl Working {
    /// Whether there is anything to publish.
    pub fn is_changed(self) -> bool {
        self.edition_changed || self.changed_scores > 0 || self.units_changed
    }
}

/// What a record of an edition says of itself beside its members. It is no part of what is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EditionState {
    /// The revision that the record was read from; none for the working state.
    pub frozen: Option<Frozen>,
    /// How the working state differs from the last revision; none before the first, and in a revision.
    pub working: Option<Working>,
}

/// A published state of an edition, without the edition and its scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionRevision {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// 1 and upwards.
    pub revision: i32,
    /// When it was published.
    pub published_at: Moment,
    /// By whom.
    pub published_by: String,
    /// Why; always there from the second revision on.
    pub reason: Option<String>,
    /// How many scores it holds.
    pub scores: i64,
    /// Scores that were added, changed or taken away since the revision before; none in the first.
    pub changed_scores: Option<i64>,
    /// Whether the edition says something else than in the revision before; none in the first.
    pub edition_changed: Option<bool>,
}

/// The rules of the reason of a step: `required` where a step back or a further revision must be explained.
pub fn check_reason(reason: Option<&String>, required: bool) -> Vec<Violation> {
    let mut findings = Findings::default();
    findings.optional_text("/reason", reason, 1000);
    if required && reason.is_none() {
        findings.add(
            "/reason",
            "required",
            "A step back and every revision after the first need a reason.",
            "Bước quay lại và mỗi lần công bố lại phải có lý do.",
        );
    }
    findings.into_result().err().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cycle_goes_onward_and_back_from_appraisal_only() {
        use EditionStatus::{Appraisal, Draft, Published, SelfAssessment};
        for from in EditionStatus::ALL {
            for to in EditionStatus::ALL {
                let want = match (from, to) {
                    (Draft, SelfAssessment) | (SelfAssessment, Appraisal) => Some(Way::Onward),
                    (Draft | Appraisal | Published, Published) => Some(Way::Onward),
                    (Appraisal, SelfAssessment) => Some(Way::Back),
                    _ => None,
                };
                assert_eq!(from.way_to(*to), want, "{from} to {to}");
            }
        }
    }

    #[test]
    fn each_status_takes_the_scores_of_its_stages() {
        let taken = |status: EditionStatus| -> Vec<&str> {
            ScoreStage::ALL.iter().filter(|s| status.takes(**s)).map(|s| s.as_str()).collect()
        };
        assert_eq!(taken(EditionStatus::Draft), ScoreStage::WORDS);
        assert_eq!(taken(EditionStatus::SelfAssessment), ["self", "survey"]);
        assert_eq!(taken(EditionStatus::Appraisal), ["appraised", "survey", "final"]);
        assert_eq!(taken(EditionStatus::Published), ScoreStage::WORDS);
    }
}
