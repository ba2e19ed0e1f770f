//! The statutory form II.06a/VPCP/KSTT (Circular 01/2020/TT-VPCP): the result of handling procedures at a unit that
//! handles dossiers directly. Its cells, their identities, and what differs between two of its states.
//!
//! The form knows no dossier without a due date and none that ended without a result; they are remainders beside
//! it, so that every identity holds: 3 = 4 + 5 + 6, 7 = 8 + 9 + 10 + unclassified,
//! 11 = 12 + 13 + open without a due date, and 3 + transferred in = 7 + 11 + ended otherwise + transferred out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    periods::{NamedPeriod, PeriodCalendar, Span},
    returns::{FromReturns, NotUsed},
    text,
    time::Day,
    units::Level,
};

/// The cells of a row of the form, written once: columns 3 to 13, and the remainders.
macro_rules! cells {
    ($(#[$meta:meta])* pub struct $name:ident { $(#[doc = $doc:literal] $cell:ident),+ $(,)? }) => {
        $(#[$meta])*
        pub struct $name { $(#[doc = $doc] pub $cell: i64),+ }

        impl $name {
            /// Name and description of each cell, in the order of the form.
            pub const CELLS: &'static [(&'static str, &'static str)] = &[$((stringify!($cell), $doc)),+];

            /// The values, in the order of the form.
            pub fn values(&self) -> Vec<i64> {
                vec![$(self.$cell),+]
            }

            /// Cells read by their names; none when one of them has no value.
            pub fn read(value_of: impl Fn(&str) -> Option<i64>) -> Option<Self> {
                Some(Self { $($cell: value_of(stringify!($cell))?),+ })
            }
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                $(self.$cell += other.$cell;)+
            }
        }
    };
}

cells! {
    /// The cells of a row.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub struct FormCells {
        /// Column 3: to be handled, all.
        c3,
        /// Column 4: received in the period, online.
        c4,
        /// Column 5: received in the period at the counter, by post or at home by appointment.
        c5,
        /// Column 6: carried over from the period before.
        c6,
        /// Column 7: resolved, all.
        c7,
        /// Column 8: resolved before the due day.
        c8,
        /// Column 9: resolved on the due day.
        c9,
        /// Column 10: resolved after the due day.
        c10,
        /// Column 11: being handled, all.
        c11,
        /// Column 12: being handled, within the term.
        c12,
        /// Column 13: being handled, overdue.
        c13,
        /// Beside the form: resolved without a due date, a part of column 7.
        unclassified,
        /// Beside the form: being handled without a due date, a part of column 11.
        open_no_due_date,
        /// Beside the form: ended without a result (withdrawn or stopped).
        ended_otherwise,
        /// Beside the form: came from another unit in the period.
        transferred_in,
        /// Beside the form: went to another unit in the period.
        transferred_out,
    }
}

/// The number of columns that the form itself has behind the field: 3 to 13.
pub const COLUMNS: usize = 11;

/// A cell: its name and its value.
pub type Cell = (&'static str, i64);

/// Two sums that must be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Stable code.
    pub code: &'static str,
    /// The identity in the names of the cells.
    pub formula: &'static str,
    /// One side.
    pub left: i64,
    /// The other side.
    pub right: i64,
}

impl Identity {
    /// Whether the sides are equal.
    pub const fn holds(&self) -> bool {
        self.left == self.right
    }
}

impl FormCells {
    /// The identities of a row.
    pub const fn identities(&self) -> [Identity; 4] {
        [
            Identity {
                code: "received_equals_its_parts",
                formula: "c3 = c4 + c5 + c6",
                left: self.c3,
                right: self.c4 + self.c5 + self.c6,
            },
            Identity {
                code: "resolved_equals_its_parts",
                formula: "c7 = c8 + c9 + c10 + unclassified",
                left: self.c7,
                right: self.c8 + self.c9 + self.c10 + self.unclassified,
            },
            Identity {
                code: "open_equals_its_parts",
                formula: "c11 = c12 + c13 + open_no_due_date",
                left: self.c11,
                right: self.c12 + self.c13 + self.open_no_due_date,
            },
            Identity {
                code: "received_equals_resolved_plus_open",
                formula: "c3 + transferred_in = c7 + c11 + ended_otherwise + transferred_out",
                left: self.c3 + self.transferred_in,
                right: self.c7 + self.c11 + self.ended_otherwise + self.transferred_out,
            },
        ]
    }

    /// Each part with its whole.
    pub const fn parts(&self) -> [(Cell, Cell); 10] {
        let (received, resolved, open) = (("c3", self.c3), ("c7", self.c7), ("c11", self.c11));
        [
            (("c4", self.c4), received),
            (("c5", self.c5), received),
            (("c6", self.c6), received),
            (("c8", self.c8), resolved),
            (("c9", self.c9), resolved),
            (("c10", self.c10), resolved),
            (("unclassified", self.unclassified), resolved),
            (("c12", self.c12), open),
            (("c13", self.c13), open),
            (("open_no_due_date", self.open_no_due_date), open),
        ]
    }
}

/// A row: a field at a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormRow {
    /// Level of the units that decide.
    pub level: Level,
    /// The field; none where dossiers name none.
    pub field: Option<String>,
    /// Its cells.
    #[serde(flatten)]
    pub cells: FormCells,
}

/// A check of the report: two figures that must be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FormCheck {
    /// Stable code.
    pub code: &'static str,
    /// Whether they are.
    pub holds: bool,
    /// One side.
    pub left: i64,
    /// The other side.
    pub right: i64,
    /// Left minus right.
    pub difference: i64,
}

impl FormCheck {
    /// A check of two figures.
    pub const fn new(code: &'static str, left: i64, right: i64) -> Self {
        Self { code, holds: left == right, left, right, difference: left - right }
    }
}

/// The period of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormPeriod {
    /// Name: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    pub name: String,
    /// First day.
    pub from: Day,
    /// Last day, included.
    pub to: Day,
    /// Which days the name stands for.
    pub calendar: PeriodCalendar,
}

impl FormPeriod {
    /// The period of a name; none when the name is no period.
    pub fn named(name: &str, calendar: PeriodCalendar) -> Option<Self> {
        let span = name.parse::<NamedPeriod>().ok()?.span(calendar)?;
        Some(Self { name: name.to_owned(), from: span.from, to: span.to, calendar })
    }

    /// The days of the period.
    pub const fn span(&self) -> Span {
        Span { from: self.from, to: self.to }
    }
}

/// The form of a unit, with all below it, for a period. Its JSON is the document that is frozen; one that was frozen
/// before a member came to it lacks the member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Form06a {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// The period.
    pub period: FormPeriod,
    /// The day whose end open dossiers are judged at.
    pub judged_at: Day,
    /// Rows in the order of the form.
    pub rows: Vec<FormRow>,
    /// All together, counted by itself.
    pub total: FormCells,
    /// Of the received in the period: made by a generator.
    pub synthetic: i64,
    /// How much of the total comes from returns.
    pub from_returns: FromReturns,
    /// Returns of days of the period that are not counted, and why.
    pub returns_not_used: Vec<NotUsed>,
    /// The identities of the total, and of the rows with it.
    pub checks: Vec<FormCheck>,
}

/// The checks of a total and its rows.
pub fn checks(rows: &[FormRow], total: &FormCells) -> Vec<FormCheck> {
    let of_rows = sum(rows);
    let mut checks: Vec<FormCheck> =
        total.identities().iter().map(|i| FormCheck::new(i.code, i.left, i.right)).collect();
    checks.extend([
        FormCheck::new("received_equals_that_of_rows", total.c3, of_rows.c3),
        FormCheck::new("resolved_equals_that_of_rows", total.c7, of_rows.c7),
        FormCheck::new("open_equals_that_of_rows", total.c11, of_rows.c11),
    ]);
    checks
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a FormRow>) -> FormCells {
    let mut all = FormCells::default();
    for row in rows {
        all += row.cells;
    }
    all
}

/// Brings rows into the order of the form: by level from the highest, then by field in alphabetical order, rows
/// without a field last.
pub fn sort(rows: &mut [FormRow]) {
    rows.sort_by(|a, b| {
        a.level.cmp(&b.level).then_with(|| match (&a.field, &b.field) {
            (Some(a), Some(b)) => text::compare(a, b).then_with(|| a.cmp(b)),
            (a, b) => b.is_some().cmp(&a.is_some()),
        })
    });
}

/// The rows of a level with their sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelPart<'a> {
    /// The level.
    pub level: Level,
    /// Its rows, in order.
    pub rows: Vec<&'a FormRow>,
    /// Their sum.
    pub sum: FormCells,
}

/// The rows level by level.
pub fn by_level(rows: &[FormRow]) -> Vec<LevelPart<'_>> {
    Level::ALL
        .iter()
        .map(|level| rows.iter().filter(|row| row.level == *level).collect::<Vec<_>>())
        .zip(Level::ALL)
        .filter(|(rows, _)| !rows.is_empty())
        .map(|(rows, level)| LevelPart { level: *level, sum: sum(rows.iter().copied()), rows })
        .collect()
}

/// A cell that is not the same in two states of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellDifference {
    /// Level of the row; none for the total and what else is of the report as a whole.
    pub level: Option<Level>,
    /// Field of the row.
    pub field: Option<String>,
    /// Name of the cell: `c3` to `c13`, or a remainder; of the report as a whole also what it tells of returns.
    pub cell: String,
    /// The value before; 0 where the row was not there.
    pub before: i64,
    /// The value after; 0 where the row is no longer there.
    pub after: i64,
}

/// What a frozen report told and later states are compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its rows.
    pub rows: Vec<FormRow>,
    /// Its total.
    pub total: FormCells,
    /// How much of the total came from returns; none where it was frozen before the form told so.
    pub from_returns: Option<FromReturns>,
    /// Returns that were not counted; none where it was frozen before the form told so.
    pub returns_not_used: Option<Vec<NotUsed>>,
}

/// What differs between what was frozen and a later state, in the order of the form.
pub fn differences(before: &Told, after: &Form06a) -> Vec<CellDifference> {
    let mut found = of_rows(&before.rows, &after.rows);
    found.extend(of_cells(None, None, &before.total, &after.total));
    if let Some(share) = before.from_returns {
        found.extend(of_share(share, after.from_returns));
    }
    if let Some(not_used) = &before.returns_not_used {
        found.extend(of_not_used(not_used, &after.returns_not_used));
    }
    found
}

/// A difference of the report as a whole.
fn of_whole(cell: &str, before: i64, after: i64) -> CellDifference {
    CellDifference { level: None, field: None, cell: cell.to_owned(), before, after }
}

/// How much came from returns.
fn of_share(before: FromReturns, after: FromReturns) -> impl Iterator<Item = CellDifference> {
    let parts = [
        of_whole("from_returns/received", before.received, after.received),
        of_whole("from_returns/resolved", before.resolved, after.resolved),
        of_whole("from_returns/open", before.open, after.open),
    ];
    parts.into_iter().filter(|part| part.before != part.after)
}

/// Returns that are not counted in one of the states alone, or for another reason: 1 where one is.
fn of_not_used(before: &[NotUsed], after: &[NotUsed]) -> Vec<CellDifference> {
    // A unit has one return for a period of a calendar, whatever its id.
    let name = |not: &NotUsed| {
        format!("returns_not_used/{}/{}/{}/{}", not.unit_id, not.period, not.calendar, not.reason)
    };
    let before: BTreeSet<String> = before.iter().map(name).collect();
    let after: BTreeSet<String> = after.iter().map(name).collect();
    before
        .symmetric_difference(&after)
        .map(|cell| of_whole(cell, i64::from(before.contains(cell)), i64::from(after.contains(cell))))
        .collect()
}

fn of_rows(before: &[FormRow], after: &[FormRow]) -> Vec<CellDifference> {
    let mut pairs: BTreeMap<(Level, Option<&str>), (FormCells, FormCells)> = BTreeMap::new();
    for row in before {
        pairs.entry((row.level, row.field.as_deref())).or_default().0 += row.cells;
    }
    for row in after {
        pairs.entry((row.level, row.field.as_deref())).or_default().1 += row.cells;
    }
    pairs
        .into_iter()
        .flat_map(|((level, field), (before, after))| of_cells(Some(level), field, &before, &after))
        .collect()
}

/// The cells of a row, or of the total, that are not the same.
fn of_cells(
    level: Option<Level>,
    field: Option<&str>,
    before: &FormCells,
    after: &FormCells,
) -> Vec<CellDifference> {
    let mut found = Vec::new();
    for (((cell, _), before), after) in FormCells::CELLS.iter().zip(before.values()).zip(after.values()) {
        if before != after {
            let field = field.map(str::to_owned);
            found.push(CellDifference { level, field, cell: (*cell).to_owned(), before, after });
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn row(level: Level, field: Option<&str>, c4: i64) -> FormRow {
        FormRow {
            level,
            field: field.map(str::to_owned),
            cells: FormCells { c3: c4, c4, c11: c4, c12: c4, ..FormCells::default() },
        }
    }

    #[test]
    fn rows_go_by_level_and_alphabet_with_the_nameless_last() {
        let mut rows = vec![
            row(Level::Commune, None, 1),
            row(Level::Commune, Some("Hộ tịch"), 2),
            row(Level::District, Some("Xây dựng"), 3),
            row(Level::District, Some("Đất đai"), 4),
            row(Level::District, Some("Du lịch"), 5),
        ];
        sort(&mut rows);
        let order: Vec<i64> = rows.iter().map(|row| row.cells.c4).collect();
        assert_eq!(order, [5, 4, 3, 2, 1]);
        let parts: Vec<(Level, usize, i64)> =
            by_level(&rows).iter().map(|part| (part.level, part.rows.len(), part.sum.c4)).collect();
        assert_eq!(parts, [(Level::District, 3, 12), (Level::Commune, 2, 3)]);
    }

    #[test]
    fn each_identity_names_its_own_sides() {
        let whole = FormCells {
            c3: 6,
            c4: 1,
            c5: 2,
            c6: 3,
            c7: 4,
            c8: 1,
            c9: 1,
            c10: 1,
            unclassified: 1,
            c11: 3,
            c12: 1,
            c13: 1,
            open_no_due_date: 1,
            ended_otherwise: 1,
            transferred_in: 3,
            transferred_out: 1,
        };
        assert!(whole.identities().iter().all(Identity::holds));
        for (i, broken) in [
            FormCells { c6: 4, ..whole },
            FormCells { c10: 2, ..whole },
            FormCells { c13: 2, ..whole },
            FormCells { transferred_out: 2, ..whole },
        ]
        .iter()
        .enumerate()
        {
            let failing: Vec<usize> = (0..4).filter(|n| !broken.identities()[*n].holds()).collect();
            assert_eq!(failing, [i]);
        }
    }

    #[test]
    fn a_row_that_comes_or_goes_differs_from_zero() {
        let before = [row(Level::Commune, Some("a"), 1), row(Level::Commune, Some("b"), 1)];
        let after = [row(Level::Commune, Some("a"), 1), row(Level::District, None, 2)];
        let told: Vec<String> = of_rows(&before, &after)
            .iter()
            .map(|d| format!("{} {:?} {} {}>{}", d.level.unwrap(), d.field, d.cell, d.before, d.after))
            .collect();
        assert_eq!(
            told,
            [
                "district None c3 0>2",
                "district None c4 0>2",
                "district None c11 0>2",
                "district None c12 0>2",
                "commune Some(\"b\") c3 1>0",
                "commune Some(\"b\") c4 1>0",
                "commune Some(\"b\") c11 1>0",
                "commune Some(\"b\") c12 1>0",
            ]
        );
        assert_eq!(of_rows(&after, &after), []);
    }
}
