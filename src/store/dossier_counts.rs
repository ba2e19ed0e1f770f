//! Running totals of the flows up to the end of a day: what every statistic is a difference of.
//!
//! The end of a day is read from the running totals of the year before, the months since and the days of its
//! month, with the tail on top: tens of rows a unit, however many dossiers there are.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::{
    prelude::*,
    sql_types::{Binary, Date, Text},
};

use super::{
    conn::Conn,
    dossier_sums::{DAY, MONTH, YEAR, tail, unpack_cells, unpack_totals},
    error::StoreResult,
    schema::dossier_sums,
    sql::numbered,
};
use crate::domain::{
    dossier_flows::{Axes, Cells, Counts, Flow},
    time::Day,
};

/// Counts in one of the two details that are kept.
pub trait Tally: Default + Clone {
    /// The column that holds them.
    const COLUMN: &'static str;
    /// Reads the column.
    ///
    /// # Errors
    /// `Corrupt` when it can't be read.
    fn read(bytes: &[u8]) -> StoreResult<Self>;
    /// Adds others.
    fn join(&mut self, other: &Self);
    /// Adds one flow.
    fn count(&mut self, axes: &Axes, flow: Flow, n: i32);
}

impl Tally for Counts {
    const COLUMN: &'static str = "totals";

    fn read(bytes: &[u8]) -> StoreResult<Self> {
        unpack_totals(bytes)
    }

    fn join(&mut self, other: &Self) {
        Self::join(self, other, 1);
    }

    fn count(&mut self, _axes: &Axes, flow: Flow, n: i32) {
        self.add(flow, n);
    }
}

impl Tally for Cells {
    const COLUMN: &'static str = "cells";

    fn read(bytes: &[u8]) -> StoreResult<Self> {
        unpack_cells(bytes)
    }

    fn join(&mut self, other: &Self) {
        for (axes, counts) in other {
            match self.get_mut(axes) {
                Some(sum) => sum.join(counts, 1),
                None => {
                    self.insert(axes.clone(), *counts);
                }
            }
        }
    }

    fn count(&mut self, axes: &Axes, flow: Flow, n: i32) {
        match self.get_mut(axes) {
            Some(counts) => counts.add(flow, n),
            None => self.entry(axes.clone()).or_default().add(flow, n),
        }
    }
}

/// Units asked for in one statement.
const UNITS: usize = 500;

/// What the end of a day is summed from.
struct Parts {
    /// The year whose running totals it starts from.
    base: Day,
    /// First month after them, and the first that no longer counts whole.
    months: Option<(Day, Day)>,
    /// First and last day of the month begun.
    days: Option<(Day, Day)>,
}

impl Parts {
    fn of(end: Day) -> Self {
        let year = end.first_of_year();
        let month = end.first_of_month();
        let next = end.next();
        if next == next.first_of_year() {
            return Self { base: year, months: None, days: None };
        }
        let whole = next == next.first_of_month();
        let until = if whole { next } else { month };
        Self {
            base: year.previous().first_of_year(),
            months: Some((year, until)).filter(|(from, until)| from < until),
            days: Some((month, end)).filter(|_| !whole),
        }
    }
}

/// The running totals of each unit at the end of each of `ends`, in their order; units without any are left out.
///
/// # Errors
/// The database's.
pub fn at_ends<T: Tally>(
    conn: &mut Conn,
    units: &[String],
    ends: &[Day],
) -> StoreResult<HashMap<String, Vec<T>>> {
    let mut running: HashMap<String, Vec<T>> = HashMap::new();
    for part in units.chunks(UNITS) {
        stored(conn, part, ends, &mut running)?;
    }
    let wanted: HashSet<&str> = units.iter().map(String::as_str).collect();
    for (sign, facts) in tail(conn)? {
        facts.flows(|unit, day, flow| {
            if !wanted.contains(unit) {
                return;
            }
            let sums = running.entry(unit.to_owned()).or_insert_with(|| vec![T::default(); ends.len()]);
            for (sum, _) in sums.iter_mut().zip(ends).filter(|(_, end)| day <= **end) {
                sum.count(&facts.axes, flow, i32::from(sign));
            }
        });
    }
    Ok(running)
}

/// The same by procedure as well, which the sums don't tell: counted from the dossiers, one by one.
///
/// # Errors
/// The database's.
pub fn by_procedure(
    conn: &mut Conn,
    units: &[String],
    ends: &[Day],
) -> StoreResult<HashMap<String, Vec<Cells>>> {
    let mut running: HashMap<String, Vec<Cells>> = HashMap::new();
    let wanted: HashSet<&str> = units.iter().map(String::as_str).collect();
    super::dossiers::each_facts(conn, units, |facts| {
        let axes = Axes { procedure_code: facts.procedure_code.clone(), ..facts.axes.clone() };
        facts.flows(|unit, day, flow| {
            if wanted.contains(unit) {
                let sums = running.entry(unit.to_owned()).or_insert_with(|| vec![Cells::new(); ends.len()]);
                for (sum, _) in sums.iter_mut().zip(ends).filter(|(_, end)| day <= **end) {
                    sum.count(&axes, flow, 1);
                }
            }
        });
    })?;
    Ok(running)
}

fn stored<T: Tally>(
    conn: &mut Conn,
    units: &[String],
    ends: &[Day],
    running: &mut HashMap<String, Vec<T>>,
) -> StoreResult<()> {
    let parts: Vec<Parts> = ends.iter().copied().map(Parts::of).collect();
    let bases: BTreeSet<Day> = parts.iter().map(|part| part.base).collect();
    let mut add = |unit: &str, place: usize, value: &T| {
        if !running.contains_key(unit) {
            running.insert(unit.to_owned(), vec![T::default(); ends.len()]);
        }
        if let Some(sum) = running.get_mut(unit).and_then(|sums| sums.get_mut(place)) {
            sum.join(value);
        }
    };
    let years = years::<T>(conn, units, &bases)?;
    for (unit, rows) in &years {
        for (place, part) in parts.iter().enumerate() {
            // Years are without a gap: the year itself, or the last one when nothing was counted since.
            if let Some((_, value)) =
                rows.iter().filter(|(year, _)| *year <= part.base).max_by_key(|(year, _)| *year)
            {
                add(unit, place, value);
            }
        }
    }
    let spans: HashSet<(i32, Day)> = parts
        .iter()
        .flat_map(|part| {
            let months = part.months.map(|(from, _)| (MONTH, from));
            months.into_iter().chain(part.days.map(|(from, _)| (DAY, from)))
        })
        .collect();
    for (grain, from) in spans {
        // As far as the farthest of the ends in this year or month needs.
        let ranges: Vec<(usize, Day)> = parts
            .iter()
            .enumerate()
            .filter_map(|(place, part)| match grain {
                MONTH => part.months.filter(|(start, _)| *start == from).map(|(_, until)| (place, until)),
                _ => part.days.filter(|(start, _)| *start == from).map(|(_, last)| (place, last.next())),
            })
            .collect();
        let Some(until) = ranges.iter().map(|(_, until)| *until).max() else { continue };
        for (unit, start, value) in flows::<T>(conn, units, grain, from, until)? {
            for (place, _) in ranges.iter().filter(|(_, until)| start < *until) {
                add(&unit, *place, &value);
            }
        }
    }
    Ok(())
}

type Years<T> = HashMap<String, Vec<(Day, T)>>;

#[derive(QueryableByName)]
struct YearRow {
    #[diesel(sql_type = Text)]
    unit_id: String,
    #[diesel(sql_type = Date)]
    starts_on: chrono::NaiveDate,
    #[diesel(sql_type = Binary)]
    counts: Vec<u8>,
}

/// The running totals of the years asked for, and of the last year there is.
fn years<T: Tally>(conn: &mut Conn, units: &[String], bases: &BTreeSet<Day>) -> StoreResult<Years<T>> {
    let list = |from: usize, n: usize| {
        (from..from + n).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
    };
    let statement = format!(
        "SELECT unit_id, starts_on, {} AS counts FROM dossier_sums s WHERE grain = {YEAR} AND unit_id IN ({}) \
         AND (starts_on IN ({}) OR starts_on = (SELECT MAX(t.starts_on) FROM dossier_sums t \
         WHERE t.unit_id = s.unit_id AND t.grain = {YEAR}))",
        T::COLUMN,
        list(1, units.len()),
        list(units.len() + 1, bases.len()),
    );
    let mut query = numbered(conn, &statement);
    for unit in units {
        query = query.bind::<Text, _>(unit.clone());
    }
    for base in bases {
        query = query.bind::<Date, _>(base.date());
    }
    let rows: Vec<YearRow> = query.load(conn)?;
    let mut years = Years::new();
    for row in rows {
        let value = T::read(&row.counts)?;
        years.entry(row.unit_id).or_default().push((Day::from_date(row.starts_on), value));
    }
    Ok(years)
}

/// The flows of the days or months from `from` until before `until`.
fn flows<T: Tally>(
    conn: &mut Conn,
    units: &[String],
    grain: i32,
    from: Day,
    until: Day,
) -> StoreResult<Vec<(String, Day, T)>> {
    let rows = dossier_sums::table
        .filter(dossier_sums::unit_id.eq_any(units))
        .filter(dossier_sums::grain.eq(grain))
        .filter(dossier_sums::starts_on.ge(from.date()))
        .filter(dossier_sums::starts_on.lt(until.date()));
    let rows: Vec<(String, chrono::NaiveDate, Vec<u8>)> = if T::COLUMN == Counts::COLUMN {
        rows.select((dossier_sums::unit_id, dossier_sums::starts_on, dossier_sums::totals)).load(conn)?
    } else {
        rows.select((dossier_sums::unit_id, dossier_sums::starts_on, dossier_sums::cells)).load(conn)?
    };
    rows.into_iter()
        .map(|(unit, start, counts)| Ok((unit, Day::from_date(start), T::read(&counts)?)))
        .collect()
}
