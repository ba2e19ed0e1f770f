//! A return: form II.06a of a period as a unit filled it in, where only totals are sent and no dossiers.
//!
//! It counts for the unit itself, at the unit's level, and not for the units below it: the form is that of a unit that
//! handles dossiers directly.

use serde::{Deserialize, Serialize};

use super::{
    form_06a::{FormCells, Identity},
    periods::{NamedPeriod, PeriodCalendar, Span},
    reported_figures::Source,
    violation::{Findings, Violation},
    words::words,
};

/// Most rows of a return.
const MAX_ROWS: usize = 2000;

/// Most that a cell holds: no unit of the country has as many dossiers, and no sum of cells overflows.
const MAX_CELL: i64 = 1_000_000_000;

/// A row of a return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReturnRow {
    /// The field; none for dossiers of no field.
    pub field: Option<String>,
    /// Its cells.
    #[serde(flatten)]
    pub cells: FormCells,
}

/// A return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Return {
    /// Made by the service.
    pub id: String,
    /// The unit whose dossiers are counted.
    pub unit_id: String,
    /// Period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    pub period: String,
    /// Which days the period holds.
    pub calendar: PeriodCalendar,
    /// One row a field.
    pub rows: Vec<ReturnRow>,
    /// The document that it was taken from.
    pub source: Source,
    /// Remarks.
    pub note: Option<String>,
}

/// A row of a return as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRow {
    /// The field.
    pub field: Option<String>,
    /// Its cells.
    pub cells: FormCells,
}

impl From<&ReturnRow> for KeptRow {
    fn from(row: &ReturnRow) -> Self {
        Self { field: row.field.clone(), cells: row.cells }
    }
}

impl From<KeptRow> for ReturnRow {
    fn from(row: KeptRow) -> Self {
        Self { field: row.field, cells: row.cells }
    }
}

words! {
    /// Why a return is not counted.
    pub enum NotUsedReason {
        /// The unit has dossiers of its own in the period: they win.
        Superseded = "superseded",
        /// The days asked for are not made up of whole returned periods, or the return tells of days after them.
        NotWhole = "not_whole",
        /// Other returns of the unit cover the same days.
        Covered = "covered",
    }
}

/// A return that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotUsed {
    /// The return.
    pub return_id: String,
    /// Its unit.
    pub unit_id: String,
    /// Its period.
    pub period: String,
    /// The calendar of the period.
    pub calendar: PeriodCalendar,
    /// Why.
    pub reason: NotUsedReason,
}

/// How much of the figures of a period comes from returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromReturns {
    /// Of the received.
    pub received: i64,
    /// Of the resolved.
    pub resolved: i64,
    /// Of the open.
    pub open: i64,
}

impl Return {
    /// The days of the period; none when the period is none, which [`Return::check`] refuses.
    pub fn span(&self) -> Option<Span> {
        self.period.parse::<NamedPeriod>().ok()?.span(self.calendar)
    }

    /// All rows together.
    pub fn total(&self) -> FormCells {
        let mut total = FormCells::default();
        for row in &self.rows {
            total += row.cells;
        }
        total
    }

    /// The rules of one return.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        if self.span().is_none() {
            findings.add(
                "/period",
                "not_a_period",
                "A period is written 2020, 2020-H1, 2020-Q3 or 2020-09.",
                "Kỳ được ghi là 2020, 2020-H1, 2020-Q3 hoặc 2020-09.",
            );
        }
        findings.text("/source/title", &self.source.title, 500);
        findings.optional_text("/source/url", self.source.url.as_ref(), 2000);
        findings.optional_text("/note", self.note.as_ref(), 4000);
        if self.rows.len() > MAX_ROWS {
            findings.add(
                "/rows",
                "too_many",
                format!("At most {MAX_ROWS} rows."),
                format!("Tối đa {MAX_ROWS} dòng."),
            );
            return findings.into_result().err().unwrap_or_default();
        }
        let mut fields = std::collections::HashSet::new();
        for (i, row) in self.rows.iter().enumerate() {
            findings.optional_text(&format!("/rows/{i}/field"), row.field.as_ref(), 200);
            if !fields.insert(row.field.as_deref()) {
                findings.add(
                    format!("/rows/{i}/field"),
                    "duplicate",
                    "The field has a row already.",
                    "Lĩnh vực này đã có một dòng.",
                );
            }
            check_cells(&mut findings, i, &row.cells);
        }
        findings.into_result().err().unwrap_or_default()
    }
}

/// The rules of the cells of a row; identities are told once every cell is a count.
fn check_cells(findings: &mut Findings, row: usize, cells: &FormCells) {
    let mut counts = true;
    for ((name, _), value) in FormCells::CELLS.iter().zip(cells.values()) {
        if (0..=MAX_CELL).contains(&value) {
            continue;
        }
        counts = false;
        let pointer = format!("/rows/{row}/{name}");
        if value < 0 {
            findings.add(pointer, "negative", "A count is not below zero.", "Số lượng không được âm.");
        } else {
            findings.add(
                pointer,
                "out_of_range",
                format!("A count is at most {MAX_CELL}."),
                format!("Số lượng tối đa là {MAX_CELL}."),
            );
        }
    }
    if !counts {
        return;
    }
    for ((part, value), (whole, of)) in cells.parts() {
        if value > of {
            findings.add(
                format!("/rows/{row}/{part}"),
                "part_above_whole",
                format!("{value} is more than the whole: {of} in `{whole}`."),
                format!("{value} lớn hơn tổng số: {of} ở `{whole}`."),
            );
        }
    }
    for Identity { code, formula, left, right } in cells.identities().into_iter().filter(|i| !i.holds()) {
        findings.add(
            format!("/rows/{row}"),
            code,
            format!("{formula}: {left} is not {right}."),
            format!("{formula}: {left} khác {right}."),
        );
    }
}

/// Cells of several periods that follow each other as those of one: what was carried over is that of the first, what
/// is being handled that of the last, and everything between is added.
///
/// Where a period begins with another count than the one before ended with, 3 = 7 + 11 does not hold for all
/// together, and the checks of the statistics show by how many.
pub fn combined(periods: &[FormCells]) -> FormCells {
    let mut all = FormCells::default();
    for cells in periods {
        all += *cells;
    }
    let first = periods.first().copied().unwrap_or_default();
    let last = periods.last().copied().unwrap_or_default();
    FormCells {
        c3: all.c4 + all.c5 + first.c6,
        c6: first.c6,
        c11: last.c11,
        c12: last.c12,
        c13: last.c13,
        open_no_due_date: last.open_no_due_date,
        ..all
    }
}

/// The spans that make up `whole` day by day, as few as can be; none when they leave a day out.
///
/// Gives their places in `spans`. Named periods of one calendar lie within each other or apart, so the longest that
/// begins where the one before ended is always right.
pub fn cover(whole: Span, spans: &[Span]) -> Option<Vec<usize>> {
    let mut chosen = Vec::new();
    let mut begin = whole.from;
    while begin <= whole.to {
        let (place, span) = spans
            .iter()
            .enumerate()
            .filter(|(_, span)| span.from == begin && span.to <= whole.to && span.from <= span.to)
            .max_by_key(|(place, span)| (span.to, std::cmp::Reverse(*place)))?;
        chosen.push(place);
        if span.to == whole.to {
            break;
        }
        begin = span.to.next();
    }
    Some(chosen)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn span(name: &str, calendar: PeriodCalendar) -> Span {
        name.parse::<NamedPeriod>().unwrap().span(calendar).unwrap()
    }

    fn covered(whole: &str, names: &[&str], calendar: PeriodCalendar) -> Option<Vec<String>> {
        let spans: Vec<Span> = names.iter().map(|name| span(name, calendar)).collect();
        let chosen = cover(span(whole, calendar), &spans)?;
        Some(chosen.into_iter().map(|place| names[place].to_owned()).collect())
    }

    #[test]
    fn a_period_is_made_up_of_whole_ones() {
        let months: Vec<String> = (1..=12).map(|month| format!("2020-{month:02}")).collect();
        let months: Vec<&str> = months.iter().map(String::as_str).collect();
        let quarters = ["2020-Q3", "2020-Q1", "2020-Q4", "2020-Q2"];
        for calendar in [PeriodCalendar::Civil, PeriodCalendar::Statutory] {
            let of = |whole, names: &[&str]| covered(whole, names, calendar);
            assert_eq!(of("2020", &months).unwrap(), months);
            assert_eq!(of("2020", &quarters).unwrap(), ["2020-Q1", "2020-Q2", "2020-Q3", "2020-Q4"]);
            assert_eq!(of("2020", &["2020-H2", "2020-H1"]).unwrap(), ["2020-H1", "2020-H2"]);
            assert_eq!(
                of("2020", &["2020-H2", "2020-Q1", "2020-Q2"]).unwrap(),
                ["2020-Q1", "2020-Q2", "2020-H2"]
            );
            assert_eq!(of("2020-Q2", &months).unwrap(), ["2020-04", "2020-05", "2020-06"]);
            assert_eq!(of("2020", &months[..11]), None, "December is missing");
            assert_eq!(of("2020", &months[1..]), None, "January is missing");
            assert_eq!(of("2020-01", &["2020", "2020-Q1"]), None, "a year is no month");
            assert_eq!(of("2020", &[]), None);
        }
    }

    #[test]
    fn the_coarsest_cover_is_taken() {
        let all = ["2020-01", "2020-02", "2020-03", "2020-Q1", "2020-Q2", "2020-H1", "2020-H2"];
        assert_eq!(covered("2020", &all, PeriodCalendar::Civil).unwrap(), ["2020-H1", "2020-H2"]);
        let with_year = ["2020-H1", "2020-H2", "2020"];
        assert_eq!(covered("2020", &with_year, PeriodCalendar::Statutory).unwrap(), ["2020"]);
        // A half that is not followed by the other one leaves its quarters to nothing.
        assert_eq!(covered("2020", &["2020-H1", "2020-Q1", "2020-Q2"], PeriodCalendar::Civil), None);
    }

    #[test]
    fn statutory_periods_make_up_no_civil_year() {
        let spans = [span("2020", PeriodCalendar::Statutory)];
        assert_eq!(cover(span("2020", PeriodCalendar::Civil), &spans), None);
        assert_eq!(cover(spans[0], &spans), Some(vec![0]));
    }

    #[test]
    fn periods_that_follow_each_other_add_up_to_one() {
        // 2 carried over, 5 received, 4 resolved, 3 open; then 3 carried over, 1 received, 2 resolved, 2 open.
        let first =
            FormCells { c3: 7, c4: 2, c5: 3, c6: 2, c7: 4, c8: 4, c11: 3, c12: 3, ..FormCells::default() };
        let second = FormCells { c3: 4, c4: 1, c6: 3, c7: 2, c10: 2, c11: 2, c13: 2, ..FormCells::default() };
        let both = combined(&[first, second]);
        let want = FormCells {
            c3: 8,
            c4: 3,
            c5: 3,
            c6: 2,
            c7: 6,
            c8: 4,
            c10: 2,
            c11: 2,
            c13: 2,
            ..FormCells::default()
        };
        assert_eq!(both, want);
        assert!(both.identities().iter().all(Identity::holds));
        assert_eq!(combined(&[first]), first);
        assert_eq!(combined(&[]), FormCells::default());
        // The second begins with one more than the first ended with: the last identity shows it.
        let gap = combined(&[first, FormCells { c3: 5, c6: 4, c7: 3, c10: 3, ..second }]);
        let differences: Vec<i64> = gap.identities().iter().map(|i| i.left - i.right).collect();
        assert_eq!(differences, [0, 0, 0, -1]);
    }
}
