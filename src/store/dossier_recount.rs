//! Counting the sums of the statistics again from the dossiers: to build them, and to prove them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{
    conn::Conn,
    dossier_sums::{DAY, Deltas, MONTH, YEAR, apply, collect, tail, unpack_cells, unpack_totals},
    dossiers::facts_page,
    error::StoreResult,
    lock::{self, Structure},
    schema::{dossier_sums, dossier_tail, dossier_uncounted},
};
use crate::domain::{
    dossier_flows::{Cells, Counts},
    time::Day,
};

/// Dossiers read at once.
const PAGE: i64 = 5000;
/// Pages whose counts are added to the sums at once.
const PAGES: usize = 20;

/// A row of sums that is not what the dossiers give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The unit.
    pub unit_id: String,
    /// `day`, `month` or `year`.
    pub grain: &'static str,
    /// First day of it.
    pub starts_on: Day,
    /// Cells that are stored and not counted, or counted otherwise.
    pub cells: usize,
}

/// What a recount found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recount {
    /// Dossiers counted.
    pub dossiers: usize,
    /// Rows of sums compared.
    pub rows: usize,
    /// Rows that differ.
    pub differences: Vec<Difference>,
}

/// Whether dossiers are there that the sums have not counted: after the migration that made the sums.
pub fn is_due(conn: &mut Conn) -> StoreResult<bool> {
    let row: Option<i64> = dossier_uncounted::table.select(dossier_uncounted::id).first(conn).optional()?;
    Ok(row.is_some())
}

/// Builds the sums anew from the dossiers; nothing else is written meanwhile.
pub fn rebuild(conn: &mut Conn) -> StoreResult<usize> {
    lock::record(conn, Structure::Changed, "dossier_sums", "dossier_sums")?;
    lock::sums(conn)?;
    diesel::delete(dossier_sums::table).execute(conn)?;
    diesel::delete(dossier_tail::table).execute(conn)?;
    let (mut after, mut counted, mut pages) = (String::new(), 0, 0);
    let mut deltas = Deltas::new();
    while let Some((last, facts)) = facts_page(conn, &after, PAGE)? {
        counted += facts.len();
        facts.iter().for_each(|facts| collect(&mut deltas, 1, facts));
        after = last;
        pages += 1;
        if pages % PAGES == 0 {
            apply(conn, &std::mem::take(&mut deltas))?;
        }
    }
    apply(conn, &deltas)?;
    diesel::delete(dossier_uncounted::table).execute(conn)?;
    Ok(counted)
}

/// Counts every dossier again and compares with every row of the sums; in one state of the data.
pub fn verify(conn: &mut Conn) -> StoreResult<Recount> {
    let mut wanted = Deltas::new();
    let (mut after, mut dossiers) = (String::new(), 0);
    while let Some((last, facts)) = facts_page(conn, &after, PAGE)? {
        dossiers += facts.len();
        facts.iter().for_each(|facts| collect(&mut wanted, 1, facts));
        after = last;
    }
    // What the tail holds is not in the sums yet.
    for (sign, facts) in tail(conn)? {
        collect(&mut wanted, -sign, &facts);
    }
    let stored: Vec<String> = dossier_sums::table.select(dossier_sums::unit_id).distinct().load(conn)?;
    let units: BTreeSet<String> = wanted.keys().cloned().chain(stored).collect();
    let mut recount = Recount { dossiers, rows: 0, differences: Vec::new() };
    for unit in units {
        let days = wanted.remove(&unit).unwrap_or_default();
        compare(conn, &unit, &days, &mut recount)?;
    }
    Ok(recount)
}

type Rows = BTreeMap<(i32, Day), Cells>;

fn compare(
    conn: &mut Conn,
    unit_id: &str,
    days: &BTreeMap<Day, Cells>,
    recount: &mut Recount,
) -> StoreResult<()> {
    let rows: Vec<(i32, chrono::NaiveDate, Vec<u8>, Vec<u8>)> = dossier_sums::table
        .filter(dossier_sums::unit_id.eq(unit_id))
        .select((dossier_sums::grain, dossier_sums::starts_on, dossier_sums::totals, dossier_sums::cells))
        .load(conn)?;
    let mut there = Rows::new();
    let mut wrong_totals = BTreeSet::new();
    for (grain, start, totals, cells) in rows {
        let (key, cells) = ((grain, Day::from_date(start)), unpack_cells(&cells)?);
        let mut sum = Counts::default();
        cells.values().for_each(|counts| sum.join(counts, 1));
        if sum != unpack_totals(&totals)? {
            wrong_totals.insert(key);
        }
        there.insert(key, cells);
    }
    let years: Vec<Day> = there.keys().filter(|(grain, _)| *grain == YEAR).map(|(_, year)| *year).collect();
    let wanted = expected(days, &years);
    for key in there.keys().chain(wanted.keys()).copied().collect::<BTreeSet<_>>() {
        recount.rows += 1;
        let cells = differing(there.get(&key), wanted.get(&key)) + usize::from(wrong_totals.contains(&key));
        if cells > 0 {
            let grain = match key.0 {
                DAY => "day",
                MONTH => "month",
                _ => "year",
            };
            let difference = Difference { unit_id: unit_id.to_owned(), grain, starts_on: key.1, cells };
            recount.differences.push(difference);
        }
    }
    Ok(())
}

/// The rows that the flows of days make: counted from the days alone, one day after another.
fn expected(days: &BTreeMap<Day, Cells>, years: &[Day]) -> Rows {
    let mut rows = Rows::new();
    let years: BTreeSet<Day> =
        years.iter().copied().chain(days.keys().map(|day| day.first_of_year())).collect();
    for (day, cells) in days {
        let later = years.iter().filter(|year| **year >= day.first_of_year()).map(|year| (YEAR, *year));
        for key in [(DAY, *day), (MONTH, day.first_of_month())].into_iter().chain(later) {
            let sum = rows.entry(key).or_default();
            for (axes, counts) in cells {
                sum.entry(axes.clone()).or_default().join(counts, 1);
            }
        }
    }
    rows
}

fn differing(there: Option<&Cells>, wanted: Option<&Cells>) -> usize {
    let empty = Cells::new();
    let (there, wanted) = (there.unwrap_or(&empty), wanted.unwrap_or(&empty));
    let axes: BTreeSet<_> = there.keys().chain(wanted.keys()).collect();
    let zero = Counts::default();
    axes.into_iter()
        .filter(|axes| there.get(*axes).unwrap_or(&zero) != wanted.get(*axes).unwrap_or(&zero))
        .count()
}
