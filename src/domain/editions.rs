//! The edition of an index in one year: framework, criteria tree, cohorts, bands and how ranks are taken.
//!
//! Frameworks change almost every year, so all of this is data. A band is half open, `[from, to)`, and the
//! bands of an edition ascend and touch, so that every score lies in exactly one.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

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

words! {
    /// How a total comes from the scores of the top criteria.
    pub enum Method {
        /// The sum of points; in percent, of the maximum of what is applicable.
        Points = "points",
        /// Σ weight × score ÷ maximum: a total of 100 when every criterion has its maximum.
        Weighted = "weighted",
    }
}

/// A criterion of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Code, unique within the edition.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: Option<String>,
    /// Code of the criterion above; none for an area.
    pub parent: Option<String>,
    /// Most points it can have.
    pub max_points: Option<Exact>,
    /// Weight in percent, for a weighted total.
    pub weight: Option<Exact>,
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
    /// The criteria tree; without one the edition has totals only.
    pub criteria: Vec<Criterion>,
    /// At least one cohort.
    pub cohorts: Vec<Cohort>,
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
    /// The areas: criteria without a parent, in the edition's order.
    pub fn areas(&self) -> impl Iterator<Item = &Criterion> {
        self.criteria.iter().filter(|c| c.parent.is_none())
    }

    /// The criterion of a code.
    pub fn criterion(&self, code: &str) -> Option<&Criterion> {
        self.criteria.iter().find(|c| c.code == code)
    }

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

    fn check_criteria(&self, findings: &mut Findings) {
        let parents: HashMap<&str, Option<&str>> =
            self.criteria.iter().map(|c| (c.code.as_str(), c.parent.as_deref())).collect();
        let rooted = rooted(&parents);
        let mut seen = HashSet::new();
        for (i, criterion) in self.criteria.iter().enumerate() {
            let at = |member: &str| format!("/criteria/{i}/{member}");
            findings.id(&at("code"), &criterion.code);
            findings.text(&at("name"), &criterion.name, 500);
            findings.optional_text(&at("name_en"), criterion.name_en.as_ref(), 500);
            if criterion.code == "_total" {
                findings.add(
                    at("code"),
                    "reserved",
                    "`_total` stands for the total.",
                    "`_total` dành cho điểm tổng.",
                );
            }
            if !seen.insert(criterion.code.as_str()) {
                findings.add(
                    at("code"),
                    "duplicate",
                    "The code is used twice in this edition.",
                    "Mã bị trùng trong kỳ đánh giá này.",
                );
            }
            for (member, value) in [("max_points", &criterion.max_points), ("weight", &criterion.weight)] {
                if value.as_ref().is_some_and(|v| v.is_negative() || v.is_zero()) {
                    findings.add(at(member), "not_positive", "Must be above zero.", "Phải lớn hơn 0.");
                }
            }
            match criterion.parent.as_deref() {
                Some(parent) if !parents.contains_key(parent) => findings.add(
                    at("parent"),
                    "unknown_criterion",
                    format!("No criterion `{parent}` in this edition."),
                    format!("Không có tiêu chí `{parent}` trong kỳ đánh giá này."),
                ),
                Some(_) if rooted.get(criterion.code.as_str()) == Some(&false) => findings.add(
                    at("parent"),
                    "cycle",
                    "The criterion would stand below itself.",
                    "Tiêu chí nằm dưới chính nó.",
                ),
                _ => {}
            }
        }
        self.check_weights(findings);
        self.check_maxima(findings);
    }

    fn check_weights(&self, findings: &mut Findings) {
        if self.method != Method::Weighted {
            return;
        }
        for (i, criterion) in self.criteria.iter().enumerate().filter(|(_, c)| c.parent.is_none()) {
            if criterion.weight.is_none() || criterion.max_points.is_none() {
                findings.add(
                    format!("/criteria/{i}"),
                    "missing_weight",
                    "A weighted total needs the weight and the maximum of every area.",
                    "Điểm tổng theo trọng số cần trọng số và điểm tối đa của mọi lĩnh vực.",
                );
            }
        }
        let total: Exact = self.areas().filter_map(|c| c.weight.as_ref()).sum();
        if total != Exact::from(100) {
            findings.add(
                "/criteria",
                "weights_not_100",
                format!("The weights of the areas make {total}, not 100."),
                format!("Tổng trọng số các lĩnh vực là {total}, không phải 100."),
            );
        }
    }

    fn check_maxima(&self, findings: &mut Findings) {
        if self.method != Method::Points {
            return;
        }
        let mut below: HashMap<&str, Vec<&Criterion>> = HashMap::new();
        for criterion in &self.criteria {
            if let Some(parent) = &criterion.parent {
                below.entry(parent).or_default().push(criterion);
            }
        }
        for (i, parent) in self.criteria.iter().enumerate() {
            let (Some(maximum), Some(children)) = (&parent.max_points, below.get(parent.code.as_str()))
            else {
                continue;
            };
            if children.iter().all(|c| c.max_points.is_some()) {
                let sum: Exact = children.iter().filter_map(|c| c.max_points.as_ref()).sum();
                if &sum != maximum {
                    findings.add(
                        format!("/criteria/{i}/max_points"),
                        "maxima_do_not_add_up",
                        format!("The criteria below make {sum} points, not {maximum}."),
                        format!("Các tiêu chí bên dưới cộng lại được {sum} điểm, không phải {maximum}."),
                    );
                }
            }
        }
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
            let mut ids = HashSet::new();
            for (j, id) in cohort.unit_ids.iter().flatten().enumerate() {
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
        for (i, band) in self.bands.iter().enumerate() {
            findings.text(&format!("/bands/{i}/label"), &band.label, 100);
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

/// Which criteria stand below a root, as all must; the others lead into a circle.
///
/// Each is visited once, because a tree may be as deep as the request that made it is long.
fn rooted<'a>(parents: &HashMap<&'a str, Option<&'a str>>) -> HashMap<&'a str, bool> {
    let mut rooted = HashMap::new();
    for code in parents.keys() {
        let mut path = Vec::new();
        let mut at = Some(*code);
        let reached = loop {
            let Some(code) = at else { break true };
            if let Some(known) = rooted.get(code) {
                break *known;
            }
            // Met again on the way up, it closes a circle.
            rooted.insert(code, false);
            path.push(code);
            at = parents.get(code).copied().flatten();
        };
        rooted.extend(path.into_iter().map(|code| (code, reached)));
    }
    rooted
}
