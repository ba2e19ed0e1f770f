//! An administrative unit or department, and how long it exists.
//!
//! Codes are used again over time (82 was Tiền Giang and names Đồng Tháp since 1 July 2025), so a code alone
//! is no key. History stays under the old unit; what became of it are its successors.

use serde::{Deserialize, Serialize};

use super::{
    time::Day,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// Level of a unit. `district` ended on 1 July 2025 (Resolution 203/2025/QH15) and stays for history.
    pub enum Level {
        /// The state.
        National = "national",
        /// Province or centrally run city.
        Province = "province",
        /// Department of a province (sở, ngành).
        Department = "department",
        /// District, town or city of a province, until 1 July 2025.
        District = "district",
        /// Commune, ward or township.
        Commune = "commune",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// How much of an old unit went to a successor.
    pub enum Extent {
        /// All of it.
        Whole = "whole",
        /// A part of it.
        Part = "part",
    }
}

/// A unit that took over a unit that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successor {
    /// The successor.
    pub unit_id: String,
    /// How much of the old unit went there.
    pub extent: Extent,
}

/// Most former parents of a unit.
pub const MAX_FORMER_PARENTS: usize = 100;

/// A unit that stood directly above another before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerParent {
    /// The unit above; none when there was none.
    pub parent_id: Option<String>,
    /// First day on which it no longer stood above.
    pub until: Day,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Chosen by its creator; the key.
    pub id: String,
    /// Official code, text: zeros in front matter.
    pub code: Option<String>,
    /// List that the code belongs to, such as `gso`.
    pub code_scheme: Option<String>,
    /// Full name with its kind: `Huyện Thanh Bình`.
    pub name: String,
    /// Level.
    pub level: Level,
    /// The unit directly above.
    pub parent_id: Option<String>,
    /// Units that stood directly above before, by day.
    pub former_parents: Vec<FormerParent>,
    /// First day on which it exists; unknown or without beginning when absent.
    pub valid_from: Option<Day>,
    /// First day on which it no longer exists.
    pub valid_to: Option<Day>,
    /// What became of it.
    pub successors: Vec<Successor>,
}

impl Unit {
    /// Whether the unit exists on a day.
    pub fn exists_on(&self, day: Day) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day < to)
    }

    /// Whether the unit exists on some day of a year.
    pub fn exists_in_year(&self, year: i32) -> bool {
        let first = Day::new(year, 1, 1);
        self.valid_from.is_none_or(|from| from.year() <= year)
            && self.valid_to.is_none_or(|to| first.is_none_or(|first| first < to))
    }

    /// The rules of one unit.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.id("/id", &self.id);
        findings.text("/name", &self.name, 300);
        findings.optional_text("/code", self.code.as_ref(), 40);
        findings.optional_text("/code_scheme", self.code_scheme.as_ref(), 40);
        if self.code.is_some() != self.code_scheme.is_some() {
            findings.add(
                "/code_scheme",
                "code_and_scheme",
                "A code and its scheme come together.",
                "Mã và hệ mã phải đi cùng nhau.",
            );
        }
        if let (Some(from), Some(to)) = (self.valid_from, self.valid_to)
            && from >= to
        {
            findings.add(
                "/valid_to",
                "not_after_valid_from",
                "Must be after `valid_from`.",
                "Phải sau `valid_from`.",
            );
        }
        if self.parent_id.as_deref() == Some(self.id.as_str()) {
            findings.add(
                "/parent_id",
                "cycle",
                "A unit can't stand below itself.",
                "Đơn vị không thể trực thuộc chính nó.",
            );
        }
        self.check_former_parents(&mut findings);
        if !self.successors.is_empty() && self.valid_to.is_none() {
            findings.add(
                "/successors",
                "successors_without_end",
                "Only a unit that ended (`valid_to`) has successors.",
                "Chỉ đơn vị đã kết thúc (`valid_to`) mới có đơn vị kế thừa.",
            );
        }
        for (i, successor) in self.successors.iter().enumerate() {
            if successor.unit_id == self.id {
                findings.add(
                    format!("/successors/{i}/unit_id"),
                    "cycle",
                    "A unit can't succeed itself.",
                    "Đơn vị không thể kế thừa chính nó.",
                );
            }
            if self.successors.iter().take(i).any(|s| s.unit_id == successor.unit_id) {
                findings.add(
                    format!("/successors/{i}/unit_id"),
                    "duplicate",
                    "The successor is listed twice.",
                    "Đơn vị kế thừa bị liệt kê hai lần.",
                );
            }
        }
        if self.successors.len() > 1 && self.successors.iter().any(|s| s.extent == Extent::Whole) {
            findings.add(
                "/successors",
                "whole_and_more",
                "What went whole to one unit can't have gone to another as well.",
                "Đã nhập toàn bộ vào một đơn vị thì không thể nhập thêm vào đơn vị khác.",
            );
        }
        findings.into_result().err().unwrap_or_default()
    }

    fn check_former_parents(&self, findings: &mut Findings) {
        if self.former_parents.len() > MAX_FORMER_PARENTS {
            findings.add(
                "/former_parents",
                "too_many",
                format!("At most {MAX_FORMER_PARENTS} former parents."),
                format!("Tối đa {MAX_FORMER_PARENTS} đơn vị cấp trên cũ."),
            );
        }
        for (i, former) in self.former_parents.iter().enumerate() {
            let until = format!("/former_parents/{i}/until");
            if former.parent_id.as_deref() == Some(self.id.as_str()) {
                findings.add(
                    format!("/former_parents/{i}/parent_id"),
                    "cycle",
                    "A unit can't have stood below itself.",
                    "Đơn vị không thể từng trực thuộc chính nó.",
                );
            }
            match i.checked_sub(1).and_then(|before| self.former_parents.get(before)) {
                Some(before) if before.until == former.until => findings.add(
                    until.as_str(),
                    "duplicate",
                    "Two former parents end on the same day.",
                    "Hai đơn vị cấp trên cũ kết thúc cùng một ngày.",
                ),
                Some(before) if before.until > former.until => findings.add(
                    until.as_str(),
                    "not_ascending",
                    "Former parents are listed from the earliest to the latest.",
                    "Các đơn vị cấp trên cũ phải được liệt kê từ sớm nhất đến muộn nhất.",
                ),
                _ => {}
            }
            if !self.exists_on(former.until) || self.valid_from == Some(former.until) {
                findings.add(
                    until,
                    "outside_validity",
                    "A unit changes its parent on a day on which it exists, after its first.",
                    "Đơn vị chỉ đổi cấp trên vào ngày còn hiệu lực, sau ngày bắt đầu hiệu lực.",
                );
            }
        }
    }
}
