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

/// Most former names of a unit.
pub const MAX_FORMER_NAMES: usize = 100;

/// Most characters of a name.
const MAX_NAME: usize = 300;

/// A name that a unit bore before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerName {
    /// The name, with its kind.
    pub name: String,
    /// First day on which the unit no longer bore it.
    pub until: Day,
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
    /// Names that it bore before, by day; absent in what was published before units had any.
    #[serde(default)]
    pub former_names: Vec<FormerName>,
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

/// The days on which a unit exists: `[from, to)`, open where a day is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first day.
    pub from: Option<Day>,
    /// The first day on which it no longer exists.
    pub to: Option<Day>,
}

impl Validity {
    /// Whether the unit exists on a day.
    pub fn holds(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    /// Whether some day of a year is one of them.
    pub fn meets_year(&self, year: i32) -> bool {
        let first = Day::new(year, 1, 1);
        self.from.is_none_or(|from| from.year() <= year)
            && self.to.is_none_or(|to| first.is_none_or(|first| first < to))
    }
}

/// What is said of a day on which something came to an end, in English and Vietnamese: that it comes twice, out of
/// order, or when the unit could not change.
struct DayTexts {
    twice: (&'static str, &'static str),
    unordered: (&'static str, &'static str),
    outside: (&'static str, &'static str),
}

const FORMER_NAME_DAYS: DayTexts = DayTexts {
    twice: ("Two former names end on the same day.", "Hai tên cũ kết thúc cùng một ngày."),
    unordered: (
        "Former names are listed from the earliest to the latest.",
        "Các tên cũ phải được liệt kê từ sớm nhất đến muộn nhất.",
    ),
    outside: (
        "A unit changes its name on a day on which it exists, after its first.",
        "Đơn vị chỉ đổi tên vào ngày còn hiệu lực, sau ngày bắt đầu hiệu lực.",
    ),
};

const FORMER_PARENT_DAYS: DayTexts = DayTexts {
    twice: ("Two former parents end on the same day.", "Hai đơn vị cấp trên cũ kết thúc cùng một ngày."),
    unordered: (
        "Former parents are listed from the earliest to the latest.",
        "Các đơn vị cấp trên cũ phải được liệt kê từ sớm nhất đến muộn nhất.",
    ),
    outside: (
        "A unit changes its parent on a day on which it exists, after its first.",
        "Đơn vị chỉ đổi cấp trên vào ngày còn hiệu lực, sau ngày bắt đầu hiệu lực.",
    ),
};

impl Unit {
    /// Whether the unit exists on a day.
    pub fn exists_on(&self, day: Day) -> bool {
        self.validity().holds(day)
    }

    /// The days on which the unit exists.
    pub fn validity(&self) -> Validity {
        Validity { from: self.valid_from, to: self.valid_to }
    }

    /// Whether the unit exists on some day of a year.
    pub fn exists_in_year(&self, year: i32) -> bool {
        self.validity().meets_year(year)
    }

    /// The name that the unit bore on a day: its first also before, its last also after it existed.
    pub fn name_on(&self, day: Day) -> &str {
        let former = self.former_names.iter().find(|former| day < former.until);
        former.map_or(self.name.as_str(), |former| former.name.as_str())
    }

    /// Every name of the unit with the days on which it bore it, from the first.
    pub fn names(&self) -> impl Iterator<Item = (&str, Validity)> {
        let until = self.former_names.iter().map(|former| Some(former.until));
        let from = std::iter::once(self.valid_from).chain(until.clone());
        let to = until.chain([self.valid_to]);
        let names = self.former_names.iter().map(|former| former.name.as_str()).chain([self.name.as_str()]);
        names.zip(from.zip(to)).map(|(name, (from, to))| (name, Validity { from, to }))
    }

    /// Takes the name that the unit bore on a day and forgets the others, for what is told of that day alone.
    pub fn take_name_of(&mut self, day: Day) {
        let former = std::mem::take(&mut self.former_names);
        if let Some(borne) = former.into_iter().find(|former| day < former.until) {
            self.name = borne.name;
        }
    }

    /// The unit that stood directly above on a day: the first also before, the last also after the unit existed.
    pub fn parent_on(&self, day: Day) -> Option<&str> {
        let former = self.former_parents.iter().find(|former| day < former.until);
        former.map_or(&self.parent_id, |former| &former.parent_id).as_deref()
    }

    /// The rules of one unit.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.id("/id", &self.id);
        findings.text("/name", &self.name, MAX_NAME);
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
        self.check_former_names(&mut findings);
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

    fn check_former_names(&self, findings: &mut Findings) {
        if self.former_names.len() > MAX_FORMER_NAMES {
            findings.add(
                "/former_names",
                "too_many",
                format!("At most {MAX_FORMER_NAMES} former names."),
                format!("Tối đa {MAX_FORMER_NAMES} tên cũ."),
            );
        }
        for (i, former) in self.former_names.iter().enumerate() {
            findings.text(&format!("/former_names/{i}/name"), &former.name, MAX_NAME);
        }
        let days: Vec<Day> = self.former_names.iter().map(|former| former.until).collect();
        self.check_days("former_names", &days, &FORMER_NAME_DAYS, findings);
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
            if former.parent_id.as_deref() == Some(self.id.as_str()) {
                findings.add(
                    format!("/former_parents/{i}/parent_id"),
                    "cycle",
                    "A unit can't have stood below itself.",
                    "Đơn vị không thể từng trực thuộc chính nó.",
                );
            }
        }
        let days: Vec<Day> = self.former_parents.iter().map(|former| former.until).collect();
        self.check_days("former_parents", &days, &FORMER_PARENT_DAYS, findings);
    }

    /// The days on which what a list names came to an end: each after the one before, when the unit could change.
    fn check_days(&self, list: &str, days: &[Day], texts: &DayTexts, findings: &mut Findings) {
        for (i, day) in days.iter().enumerate() {
            let until = format!("/{list}/{i}/until");
            let mut add =
                |code: &'static str, (en, vi): (&str, &str)| findings.add(until.as_str(), code, en, vi);
            match i.checked_sub(1).and_then(|before| days.get(before)) {
                Some(before) if before == day => add("duplicate", texts.twice),
                Some(before) if before > day => add("not_ascending", texts.unordered),
                _ => {}
            }
            if !self.exists_on(*day) || self.valid_from == Some(*day) {
                add("outside_validity", texts.outside);
            }
        }
    }
}
