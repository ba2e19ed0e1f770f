//! Running totals of the flows up to the end of a day: what every statistic is a difference of.
//!
//! The end of a day is read from the running totals of the year before, the months since and the days of its
//! month, with the tail on top: tens of rows a unit, however many dossiers there are.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::sql_types::{Binary, Date, Text};

use super::{
    conn::Conn,
    dossier_sums::{DAY, MONTH, YEAR, tail, unpack_cells, unpack_totals},
    error::StoreResult,
    sql::{Statement, Value},
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
    /// Adds others, or with −1 takes them away.
    fn join(&mut self, other: &Self, sign: i32);
    /// Adds one flow.
    fn count(&mut self, axes: &Axes, flow: Flow, n: i32);
}

impl Tally for Counts {
    const COLUMN: &'static str = "totals";

    fn read(bytes: &[u8]) -> StoreResult<Self> {
        unpack_totals(bytes)
    }

    fn join(&mut self, other: &Self, sign: i32) {
        Self::join(self, other, sign);
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

    fn join(&mut self, other: &Self, sign: i32) {
        for (axes, counts) in other {
            match self.get_mut(axes) {
                Some(sum) => sum.join(counts, sign),
                None => self.entry(axes.clone()).or_default().join(counts, sign),
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

/// How the end of a day is reached.
enum Way {
    /// Summed from its parts.
    Summed(Parts),
    /// The end of the day after it, at this place, less that day: the eve of a month's end needs one day then
    /// instead of the whole month.
    Back(usize),
}

impl Way {
    fn of(end: Day, ends: &[Day]) -> Self {
        let (parts, next) = (Parts::of(end), end.next());
        match ends.iter().position(|other| *other == next) {
            Some(later) if parts.days.is_some() && Parts::of(next).days.is_none() => Self::Back(later),
            _ => Self::Summed(parts),
        }
    }

    fn parts(&self) -> Option<&Parts> {
        match self {
            Self::Summed(parts) => Some(parts),
            Self::Back(_) => None,
        }
    }
}

fn stored<T: Tally>(
    conn: &mut Conn,
    units: &[String],
    ends: &[Day],
    running: &mut HashMap<String, Vec<T>>,
) -> StoreResult<()> {
    let ways: Vec<Way> = ends.iter().map(|end| Way::of(*end, ends)).collect();
    let parts: Vec<(usize, &Parts)> =
        ways.iter().enumerate().filter_map(|(place, way)| Some((place, way.parts()?))).collect();
    let bases: BTreeSet<Day> = parts.iter().map(|(_, part)| part.base).collect();
    let mut add = |unit: &str, place: usize, value: &T| {
        if !running.contains_key(unit) {
            running.insert(unit.to_owned(), vec![T::default(); ends.len()]);
        }
        if let Some(sum) = running.get_mut(unit).and_then(|sums| sums.get_mut(place)) {
            sum.join(value, 1);
        }
    };
    let years = years::<T>(conn, units, &bases)?;
    for (unit, rows) in &years {
        for (place, part) in &parts {
            // Years are without a gap: the year itself, or the last one when nothing was counted since.
            if let Some((_, value)) =
                rows.iter().filter(|(year, _)| *year <= part.base).max_by_key(|(year, _)| *year)
            {
                add(unit, *place, value);
            }
        }
    }
    for (grain, from) in spans(&parts) {
        // As far as the farthest of the ends in this year or month needs.
        let ranges: Vec<(usize, Day)> = parts
            .iter()
            .filter_map(|(place, part)| match grain {
                MONTH => part.months.filter(|(start, _)| *start == from).map(|(_, until)| (*place, until)),
                _ => part.days.filter(|(start, _)| *start == from).map(|(_, last)| (*place, last.next())),
            })
            .collect();
        let Some(until) = ranges.iter().map(|(_, until)| *until).max() else { continue };
        for (unit, start, value) in flows::<T>(conn, units, grain, from, until)? {
            for (place, _) in ranges.iter().filter(|(_, until)| start < *until) {
                add(&unit, *place, &value);
            }
        }
    }
    step_back(conn, units, ends, &ways, running)
}

/// The years and months whose flows are added: each grain and its first day.
fn spans(parts: &[(usize, &Parts)]) -> HashSet<(i32, Day)> {
    parts
        .iter()
        .flat_map(|(_, part)| {
            let months = part.months.map(|(from, _)| (MONTH, from));
            months.into_iter().chain(part.days.map(|(from, _)| (DAY, from)))
        })
        .collect()
}

/// Fills the ends that are reached from the day after them.
fn step_back<T: Tally>(
    conn: &mut Conn,
    units: &[String],
    ends: &[Day],
    ways: &[Way],
    running: &mut HashMap<String, Vec<T>>,
) -> StoreResult<()> {
    let back: Vec<(usize, usize)> = ways
        .iter()
        .enumerate()
        .filter_map(|(place, way)| match way {
            Way::Back(later) => Some((place, *later)),
            Way::Summed(_) => None,
        })
        .collect();
    for sums in running.values_mut() {
        for (place, later) in &back {
            if let Some(value) = sums.get(*later).cloned()
                && let Some(sum) = sums.get_mut(*place)
            {
                *sum = value;
            }
        }
    }
    let days: Vec<Day> = back.iter().filter_map(|(_, later)| ends.get(*later).copied()).collect();
    for (unit, day, value) in day_flows::<T>(conn, units, &days)? {
        let places = back.iter().filter(|(_, later)| ends.get(*later) == Some(&day));
        for (place, _) in places {
            if let Some(sum) = running.get_mut(&unit).and_then(|sums| sums.get_mut(*place)) {
                sum.join(&value, -1);
            }
        }
    }
    Ok(())
}

type Years<T> = HashMap<String, Vec<(Day, T)>>;

type Row = (String, chrono::NaiveDate, Vec<u8>);

fn texts(values: &[String]) -> impl Iterator<Item = Value> {
    values.iter().cloned().map(Value::Text)
}

fn rows(conn: &mut Conn, statement: Statement) -> StoreResult<Vec<Row>> {
    statement.rows::<(Text, Date, Binary), Row>(conn)
}

/// The running totals of the years asked for, and of the last year there is.
fn years<T: Tally>(conn: &mut Conn, units: &[String], bases: &BTreeSet<Day>) -> StoreResult<Years<T>> {
    let mut statement = Statement::default();
    statement.push(&format!(
        "SELECT unit_id, starts_on, {} FROM dossier_sums s WHERE grain = {YEAR} AND unit_id IN ",
        T::COLUMN
    ));
    statement.bind_all(texts(units));
    statement.push(" AND (starts_on IN ");
    statement.bind_all(bases.iter().map(|base| Value::Date(base.date())));
    statement.push(&format!(
        " OR starts_on = (SELECT MAX(t.starts_on) FROM dossier_sums t \
         WHERE t.unit_id = s.unit_id AND t.grain = {YEAR}))"
    ));
    let mut years = Years::new();
    for (unit, start, counts) in rows(conn, statement)? {
        years.entry(unit).or_default().push((Day::from_date(start), T::read(&counts)?));
    }
    Ok(years)
}

fn told<T: Tally>(rows: Vec<Row>) -> StoreResult<Vec<(String, Day, T)>> {
    rows.into_iter()
        .map(|(unit, start, counts)| Ok((unit, Day::from_date(start), T::read(&counts)?)))
        .collect()
}

fn sums_of<T: Tally>(units: &[String], grain: i32) -> Statement {
    let mut statement = Statement::default();
    statement.push(&format!(
        "SELECT unit_id, starts_on, {} FROM dossier_sums WHERE grain = {grain} AND unit_id IN ",
        T::COLUMN
    ));
    statement.bind_all(texts(units));
    statement
}

/// The flows of the days or months from `from` until before `until`.
fn flows<T: Tally>(
    conn: &mut Conn,
    units: &[String],
    grain: i32,
    from: Day,
    until: Day,
) -> StoreResult<Vec<(String, Day, T)>> {
    let mut statement = sums_of::<T>(units, grain);
    statement.push(" AND starts_on >= ");
    statement.bind(Value::Date(from.date()));
    statement.push(" AND starts_on < ");
    statement.bind(Value::Date(until.date()));
    told(rows(conn, statement)?)
}

/// The flows of some days.
fn day_flows<T: Tally>(
    conn: &mut Conn,
    units: &[String],
    days: &[Day],
) -> StoreResult<Vec<(String, Day, T)>> {
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = sums_of::<T>(units, DAY);
    statement.push(" AND starts_on IN ");
    statement.bind_all(days.iter().map(|day| Value::Date(day.date())));
    told(rows(conn, statement)?)
}
