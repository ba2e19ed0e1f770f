//! Working-day calendars: data per day and unit, never a formula, in versions that stay readable.
//!
//! The working week of an authority is Monday to Friday; a calendar lists the days that differ. A unit without a
//! calendar uses that of its nearest ancestor, and a calendar without a unit is that of all the others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    hours::{DEFAULT_HOURS, OfficeSpan, check_hours},
    time::Day,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// What a listed day is.
    pub enum DayKind {
        /// A holiday, or the day off that makes up for one on a weekend (nghỉ lễ, nghỉ bù).
        Off = "off",
        /// A working day, also on a weekend: a make-up day (làm bù), or a Saturday that counts for terms.
        Working = "working",
        /// A working day taken off in exchange for a make-up day (nghỉ hoán đổi).
        Swapped = "swapped",
        /// A Saturday on duty: dossiers are received, and terms in hours or within the day run, but it counts for
        /// no term in days. Đồng Tháp received dossiers on Saturdays from 5 July 2025 (domain notes, 1.8, source
        /// S16) while the working week stayed Monday to Friday. A unit whose Saturdays count says `working`.
        SaturdayDuty = "saturday_duty",
    }
}

/// A day that differs from the working week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDay {
    /// The day.
    pub day: Day,
    /// What it is.
    pub kind: DayKind,
    /// Its name: `Quốc khánh`.
    pub name: Option<String>,
    /// Its office hours where they differ from the calendar's.
    pub hours: Option<Vec<OfficeSpan>>,
    /// Whether it still waits for the decision of that year.
    pub forecast: bool,
}

/// A calendar in its present version, or in an older one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// Chosen by its creator, or made by the service.
    pub id: String,
    /// The unit whose calendar it is, with all below it that have none of their own; none for all others.
    pub unit_id: Option<String>,
    /// Name.
    pub name: String,
    /// 1, 2, 3 ... in the order of the edits; a number is never used again for the same id.
    pub version: i32,
    /// Office hours of a working day.
    pub hours: Vec<OfficeSpan>,
    /// The days that differ, in order.
    pub days: Vec<CalendarDay>,
}

/// Most days that a calendar lists: some hundred years of holidays.
const MAX_DAYS: usize = 5_000;

impl Calendar {
    /// The rules of one calendar.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.id("/id", &self.id);
        findings.text("/name", &self.name, 300);
        check_hours(&mut findings, "/hours", &self.hours);
        if self.days.len() > MAX_DAYS {
            findings.add(
                "/days",
                "too_many",
                format!("A calendar lists at most {MAX_DAYS} days."),
                format!("Một lịch có tối đa {MAX_DAYS} ngày."),
            );
        }
        let mut seen = std::collections::HashSet::new();
        for (i, day) in self.days.iter().enumerate() {
            let at = format!("/days/{i}");
            day.check(&mut findings, &at);
            if !seen.insert(day.day) {
                findings.add(
                    format!("{at}/day"),
                    "duplicate_day",
                    "Each day is listed once.",
                    "Mỗi ngày chỉ được ghi một lần.",
                );
            }
        }
        findings.into_result().err().unwrap_or_default()
    }

    /// The same calendar as terms are counted with it.
    pub fn working(&self) -> WorkingCalendar {
        WorkingCalendar {
            hours: self.hours.clone(),
            days: self.days.iter().map(|day| (day.day, day.clone())).collect(),
        }
    }
}

impl CalendarDay {
    fn check(&self, findings: &mut Findings, at: &str) {
        findings.optional_text(&format!("{at}/name"), self.name.as_ref(), 200);
        if self.kind == DayKind::SaturdayDuty && !self.day.is_saturday() {
            findings.add(
                format!("{at}/kind"),
                "not_a_saturday",
                "Saturday duty is on a Saturday.",
                "Ngày trực thứ Bảy phải là thứ Bảy.",
            );
        }
        let Some(hours) = &self.hours else { return };
        match self.kind {
            DayKind::Working | DayKind::SaturdayDuty => {
                check_hours(findings, &format!("{at}/hours"), hours);
            }
            DayKind::Off | DayKind::Swapped => findings.add(
                format!("{at}/hours"),
                "hours_of_day_off",
                "A day off has no office hours.",
                "Ngày nghỉ không có giờ làm việc.",
            ),
        }
    }
}

words! {
    /// Why a day was not counted.
    pub enum DayOff {
        /// Saturday or Sunday.
        Weekend = "weekend",
        /// A holiday, or the day off that makes up for one.
        Holiday = "holiday",
        /// Taken off in exchange for a make-up day.
        Swapped = "swapped",
        /// A Saturday on duty, which counts for no term in days.
        SaturdayDuty = "saturday_duty",
    }
}

/// A day that was not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedDay {
    /// The day.
    pub day: Day,
    /// Why.
    pub why: DayOff,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Whether it still waits for the decision of that year.
    pub forecast: bool,
}

/// A calendar as terms are counted with it. The default is Monday to Friday with the default office hours and
/// no holidays, for units that have no calendar at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingCalendar {
    hours: Vec<OfficeSpan>,
    days: BTreeMap<Day, CalendarDay>,
}

impl Default for WorkingCalendar {
    fn default() -> Self {
        Self { hours: DEFAULT_HOURS.to_vec(), days: BTreeMap::new() }
    }
}

impl WorkingCalendar {
    /// Whether the day counts for terms in days.
    pub fn is_working(&self, day: Day) -> bool {
        self.why_off(day).is_none()
    }

    /// Why the day doesn't count for terms in days; none when it does.
    pub fn why_off(&self, day: Day) -> Option<DayOff> {
        match self.days.get(&day).map(|listed| listed.kind) {
            Some(DayKind::Working) => None,
            Some(DayKind::Off) => Some(DayOff::Holiday),
            Some(DayKind::Swapped) => Some(DayOff::Swapped),
            Some(DayKind::SaturdayDuty) => Some(DayOff::SaturdayDuty),
            None if day.is_weekday() => None,
            None => Some(DayOff::Weekend),
        }
    }

    /// When dossiers are received and hours run on the day; nothing on a day off.
    pub fn open_hours(&self, day: Day) -> &[OfficeSpan] {
        let listed = self.days.get(&day);
        match self.why_off(day) {
            None | Some(DayOff::SaturdayDuty) => {
                listed.and_then(|listed| listed.hours.as_ref()).unwrap_or(&self.hours)
            }
            Some(DayOff::Weekend | DayOff::Holiday | DayOff::Swapped) => &[],
        }
    }

    /// The day as one that was not counted; none when it counts.
    pub fn skipped(&self, day: Day) -> Option<SkippedDay> {
        let listed = self.days.get(&day);
        self.why_off(day).map(|why| SkippedDay {
            day,
            why,
            name: listed.and_then(|listed| listed.name.clone()),
            forecast: listed.is_some_and(|listed| listed.forecast),
        })
    }
}
