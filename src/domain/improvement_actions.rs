//! What a review orders: a task of a plan, an initiative, a difficulty of businesses, a finding of an inspection.

use serde::Serialize;

use super::{
    time::{Day, YEARS},
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// Kind of an action.
    pub enum ActionKind {
        /// A task of a plan.
        PlanTask = "plan_task",
        /// An initiative of officials (sáng kiến).
        Initiative = "initiative",
        /// A difficulty of businesses to be solved.
        BusinessDifficulty = "business_difficulty",
        /// A finding of inspection and supervision, and what follows from it.
        InspectionFinding = "inspection_finding",
    }
}

words! {
    /// Where an action stands.
    pub enum ActionStatus {
        /// Ordered, not begun.
        Open = "open",
        /// Begun.
        InProgress = "in_progress",
        /// Done.
        Done = "done",
        /// Given up.
        Cancelled = "cancelled",
    }
}

/// An improvement action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImprovementAction {
    /// Made by the service, or chosen by the sample.
    pub id: String,
    /// Kind.
    pub kind: ActionKind,
    /// What is to be done.
    pub title: String,
    /// Who is to do it.
    pub owner_unit_id: String,
    /// The unit whose review ordered it.
    pub review_unit_id: Option<String>,
    /// The year of that review.
    pub review_year: Option<i32>,
    /// The index it is to improve.
    pub index_code: Option<String>,
    /// The criterion of that index.
    pub criterion: Option<String>,
    /// Until when.
    pub due_on: Option<Day>,
    /// Where it stands.
    pub status: ActionStatus,
    /// Remarks.
    pub note: Option<String>,
}

impl ImprovementAction {
    /// The rules of one action.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.text("/title", &self.title, 500);
        findings.optional_text("/note", self.note.as_ref(), 4000);
        findings.optional_text("/criterion", self.criterion.as_ref(), 64);
        if self.criterion.is_some() && self.index_code.is_none() {
            findings.add(
                "/criterion",
                "criterion_without_index",
                "A criterion belongs to an index: give `index_code`.",
                "Tiêu chí thuộc về một chỉ số: cần có `index_code`.",
            );
        }
        if self.review_unit_id.is_some() != self.review_year.is_some() {
            findings.add(
                "/review_year",
                "review_unit_and_year",
                "A review is named by its unit and its year.",
                "Kỳ tổng kết được xác định bằng đơn vị và năm.",
            );
        }
        if self.review_year.is_some_and(|year| !YEARS.contains(&year)) {
            findings.add(
                "/review_year",
                "out_of_range",
                "The year must lie between 1900 and 2999.",
                "Năm phải từ 1900 đến 2999.",
            );
        }
        findings.into_result().err().unwrap_or_default()
    }
}
