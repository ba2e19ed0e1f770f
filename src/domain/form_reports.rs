//! A frozen report: form II.06a as it was sent. It never changes; corrections make a further revision.

use serde::Serialize;

use super::{
    form_06a::{CellDifference, FormPeriod},
    periods::PeriodCalendar,
    time::Moment,
    violation::{Findings, Violation},
};

/// One series of revisions: a unit, a period and the calendar of the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The unit.
    pub unit_id: String,
    /// The period.
    pub period: FormPeriod,
}

impl Series {
    /// Its name in the change log and for locks: `gso-874/2020/statutory`.
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.unit_id, self.period.name, self.period.calendar)
    }

    /// The id of a revision.
    pub fn revision_id(&self, revision: i32) -> String {
        format!("{}/{revision}", self.name())
    }
}

/// A revision of a frozen report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormReport {
    /// `gso-874/2020/statutory/1`.
    pub id: String,
    /// The unit.
    pub unit_id: String,
    /// Name of the period.
    pub period: String,
    /// Calendar of the period.
    pub calendar: PeriodCalendar,
    /// 1 and upwards.
    pub revision: i32,
    /// When it was frozen.
    pub frozen_at: Moment,
    /// By whom.
    pub frozen_by: String,
    /// Why, where the caller said so.
    pub reason: Option<String>,
    /// What differs from the revision before.
    pub differences: Vec<CellDifference>,
    /// The report as it was sent.
    #[serde(skip)]
    pub document: String,
}

/// The rules of what a caller says when it freezes a report.
pub fn check_reason(reason: Option<&String>) -> Vec<Violation> {
    let mut findings = Findings::default();
    findings.optional_text("/reason", reason, 1000);
    findings.into_result().err().unwrap_or_default()
}
