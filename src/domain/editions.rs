//! The edition of an index in one year: framework, criteria tree (`criteria`), cohorts, bands and how ranks are
//! taken.
//!
//! Frameworks change almost every year, so all of this is data. A band is half open, `[from, to)`, and the
//! bands of an edition ascend and touch, so that every score lies in exactly one.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

pub use super::criteria::{Criterion, Method};
pub use super::edition_cycle::EditionStatus;
use super::{
    decimal::Exact,
    edition_cycle::{CycleStep, EditionState},
    time::{Day, Moment, YEARS},
    units::Level,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// What a score of the index counts.
    pub enum ScoreUnit {
        /// Points of a scale.
        Points = "points",
        /// Percent of the maximum: differences are percentage points.
        Percent = "percent",
    }
}

words! {
    /// How equal scores share ranks.
    pub enum TieRule {
        /// 1, 2, 2, 4.
        Competition = "competition",
        /// 1, 2, 2, 3.
        Dense = "dense",
        /// 1, 2, 3, 4: Vietnamese order of the names, then the id, breaks the tie.
        Ordinal = "ordinal",
    }
}

/// A rule that says which units a cohort holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CohortRule {
    /// Units of this level.
    pub level: Option<Level>,
    /// Units directly under this one.
    pub parent_id: Option<String>,
    /// Units that exist on this day; the last day of the edition's year when absent.
    pub as_of: Option<Day>,
}

/// Units that are ranked against each other: a list or a rule, not both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// Code, unique within the edition.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// The units, when listed.
    pub unit_ids: Option<Vec<String>>,
    /// The rule, when the units are not listed.
    pub rule: Option<CohortRule>,
}

/// A named range of scores, `[from, to)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Label as published: `Khá tốt`.
    pub label: String,
    /// Lowest score of the band; none for "no lower end".
    pub from: Option<Exact>,
    /// First score above the band; none for "no upper end".
    pub to: Option<Exact>,
}

impl Band {
    /// Whether an exact score lies in the band.
    pub fn holds(&self, score: &Exact) -> bool {
        self.from.as_ref().is_none_or(|from| from <= score) && self.to.as_ref().is_none_or(|to| score < to)
    }
}

/// An edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// The index.
    pub index_code: String,
    /// The data year: not the year of publication.
    pub year: i32,
    /// Id of the framework: deltas across frameworks are not comparable.
    pub framework: String,
    /// What a score counts.
    pub unit_of_measure: ScoreUnit,
    /// Decimals of the output, 0 to 10.
    pub decimals: u8,
    /// Decimals on which ranks are taken; exact scores when absent.
    pub rank_decimals: Option<u8>,
    /// How equal scores share ranks.
    pub tie_rule: TieRule,
    /// How a total comes from criteria.
    pub method: Method,
    /// Whether points without a survey are scaled to the maximum that they would have with one.
    pub rescale_without_survey: bool,
    /// Whether the points of a unit to which some criteria do not apply are scaled up to the maximum of other units.
    #[serde(default)]
    pub rescale_not_applicable: bool,
    /// The criteria tree; without one the edition has totals only.
    pub criteria: Vec<Criterion>,
    /// At least one cohort.
    pub cohorts: Vec<Cohort>,
    /// Whether a unit may be ranked in more than one of them.
    #[serde(default)]
    pub overlapping_cohorts: bool,
    /// Bands in ascending order.
    pub bands: Vec<Band>,
    /// What is official in this edition and what is assumed.
    pub note: Option<String>,
    /// Read-only.
    pub status: EditionStatus,
    /// Read-only: number of the published revision.
    pub revision: Option<i32>,
    /// Read-only: the steps of its cycle, from the first.
    #[serde(default)]
    pub stages: Vec<CycleStep>,
    /// Where the record was read from.
    #[serde(skip)]
    pub state: EditionState,
}

impl Edition {
    /// The band of an exact score.
    pub fn band(&self, score: &Exact) -> Option<&Band> {
        self.bands.iter().find(|band| band.holds(score))
    }

    /// Whether another record says the same, wherever the two stand in their cycles.
    pub fn same_content(&self, other: &Self) -> bool {
        let as_other = Self {
            status: other.status,
            revision: other.revision,
            stages: other.stages.clone(),
            state: other.state,
            ..self.clone()
        };
        as_other == *other
    }

    /// When its revision was published.
    pub fn published_at(&self) -> Option<Moment> {
        let published = self.stages.iter().rev().find(|step| step.status == EditionStatus::Published);
        published.map(|step| step.at)
    }

    /// Every unit that the edition names, with the place where it does.
    pub fn unit_references(&self) -> Vec<(String, String)> {
        let mut named = Vec::new();
        for (i, cohort) in self.cohorts.iter().enumerate() {
            for (j, id) in cohort.unit_ids.iter().flatten().enumerate() {
                named.push((format!("/cohorts/{i}/unit_ids/{j}"), id.clone()));
            }
            if let Some(parent) = cohort.rule.as_ref().and_then(|rule| rule.parent_id.as_ref()) {
                named.push((format!("/cohorts/{i}/rule/parent_id"), parent.clone()));
            }
        }
        named
    }

    /// The rules of one edition.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        if !YEARS.contains(&self.year) {
            findings.add(
                "/year",
                "out_of_range",
                "The year must lie between 1900 and 2999.",
                "Năm phải từ 1900 đến 2999.",
            );
        }
        findings.text("/framework", &self.framework, 100);
        findings.optional_text("/note", self.note.as_ref(), 4000);
        for (pointer, decimals) in
            [("/decimals", Some(self.decimals)), ("/rank_decimals", self.rank_decimals)]
        {
            if decimals.is_some_and(|d| d > 10) {
                findings.add(pointer, "out_of_range", "0 to 10 decimals.", "Từ 0 đến 10 chữ số thập phân.");
            }
        }
        self.check_criteria(&mut findings);
        self.check_cohorts(&mut findings);
        self.check_bands(&mut findings);
        findings.into_result().err().unwrap_or_default()
    }

    fn check_cohorts(&self, findings: &mut Findings) {
        if self.cohorts.is_empty() {
            findings.add("/cohorts", "empty", "At least one cohort.", "Cần ít nhất một nhóm xếp hạng.");
        }
        let mut codes = HashSet::new();
        for (i, cohort) in self.cohorts.iter().enumerate() {
            let at = |member: &str| format!("/cohorts/{i}/{member}");
            findings.id(&at("code"), &cohort.code);
            findings.text(&at("name"), &cohort.name, 300);
            if !codes.insert(cohort.code.as_str()) {
                findings.add(
                    at("code"),
                    "duplicate",
                    "The code is used twice in this edition.",
                    "Mã bị trùng trong kỳ đánh giá này.",
                );
            }
            if cohort.unit_ids.is_some() == cohort.rule.is_some() {
                findings.add(
                    format!("/cohorts/{i}"),
                    "list_or_rule",
                    "A cohort has either `unit_ids` or a `rule`.",
                    "Nhóm xếp hạng có `unit_ids` hoặc `rule`, không phải cả hai.",
                );
            }
            if cohort.rule.as_ref().is_some_and(|rule| rule.level.is_none() && rule.parent_id.is_none()) {
                findings.add(
                    at("rule"),
                    "level_or_parent",
                    "A rule names a `level` or a `parent_id`: without one it would rank units of all levels.",
                    "Quy tắc phải nêu `level` hoặc `parent_id`; nếu không sẽ xếp hạng chung đơn vị mọi cấp.",
                );
            }
            let mut ids = HashSet::new();
            let before = self.cohorts.iter().take(i);
            let elsewhere: HashSet<&String> = match self.overlapping_cohorts {
                true => HashSet::new(),
                false => before.flat_map(|cohort| cohort.unit_ids.iter().flatten()).collect(),
            };
            for (j, id) in cohort.unit_ids.iter().flatten().enumerate() {
                if elsewhere.contains(id) {
                    findings.extend(vec![in_two_cohorts(format!("/cohorts/{i}/unit_ids/{j}"), id)]);
                }
                if !ids.insert(id) {
                    findings.add(
                        format!("/cohorts/{i}/unit_ids/{j}"),
                        "duplicate",
                        "The unit is listed twice.",
                        "Đơn vị bị liệt kê hai lần.",
                    );
                }
            }
        }
    }

    fn check_bands(&self, findings: &mut Findings) {
        let mut labels = HashSet::new();
        for (i, band) in self.bands.iter().enumerate() {
            let label = format!("/bands/{i}/label");
            findings.text(&label, &band.label, 100);
            if !labels.insert(band.label.as_str()) {
                findings.add(
                    label,
                    "duplicate",
                    "Another band has this label.",
                    "Tên mức xếp loại bị trùng trong kỳ đánh giá này.",
                );
            }
            if let (Some(from), Some(to)) = (&band.from, &band.to)
                && from >= to
            {
                findings.add(
                    format!("/bands/{i}/to"),
                    "not_ascending",
                    "`to` must be above `from`.",
                    "`to` phải lớn hơn `from`.",
                );
            }
        }
        for (i, pair) in self.bands.windows(2).enumerate() {
            let [lower, upper] = pair else { continue };
            let touch = matches!((&lower.to, &upper.from), (Some(to), Some(from)) if to == from);
            if !touch {
                findings.add(
                    format!("/bands/{}/from", i + 1),
                    "bands_do_not_touch",
                    "A band begins where the one below it ends: no gap, no overlap.",
                    "Mỗi mức phải bắt đầu đúng nơi mức dưới kết thúc: không hở, không chồng.",
                );
            }
        }
    }
}

/// A unit that stands in two cohorts of an edition that doesn't say so.
pub fn in_two_cohorts(pointer: String, unit_id: &str) -> Violation {
    Violation::new(
        pointer,
        "in_two_cohorts",
        format!("`{unit_id}` is in two cohorts; an edition that wants this says `overlapping_cohorts`."),
        format!(
            "`{unit_id}` thuộc hai nhóm xếp hạng; nếu chủ ý như vậy, hãy khai báo `overlapping_cohorts`."
        ),
    )
}
