//! The counts that statistics read: flows by unit and day, month and year, kept with every write of a dossier.
//!
//! A write appends what it counts to the tail, one small row in its own transaction. Soon after, `fold` moves the
//! tail into the sums, many rows at once. Statistics are the sums and the tail in one state of the data, so they
//! are exact at every moment and no writer waits for another's counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    conn::{Conn, either},
    error::{StoreError, StoreResult},
    lock,
    schema::{dossier_sums, dossier_tail},
};
use crate::domain::{
    dossier_flows::{Axes, Cells, Counts, Facts},
    time::Day,
};

/// Grain of a row of sums: the flows of a day.
pub const DAY: i32 = 1;
/// The flows of a month.
pub const MONTH: i32 = 2;
/// The running totals at the end of a year.
pub const YEAR: i32 = 3;

/// Rows of the tail, and dossiers in them, that one fold takes at most: keeps the wait of other writes short.
const FOLD_ROWS: i64 = 4096;
const FOLD_FACTS: i64 = 50_000;

/// What a write counts: taken back (−1) or counted (1).
pub type Signed = (i8, Facts);

/// Changes of counts by unit and day.
pub type Deltas = BTreeMap<String, BTreeMap<Day, Cells>>;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = dossier_sums)]
pub(super) struct SumRow {
    unit_id: String,
    grain: i32,
    starts_on: chrono::NaiveDate,
    totals: Vec<u8>,
    cells: Vec<u8>,
}

/// Counts as they are stored.
pub(super) fn pack<T: Serialize>(value: &T) -> StoreResult<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|e| StoreError::Other(format!("counts can't be packed: {e}")))
}

/// The counts of a stored column.
pub(super) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> StoreResult<T> {
    postcard::from_bytes(bytes).map_err(|e| StoreError::Corrupt(format!("counts: {e}")))
}

/// Cells of a stored column.
pub(super) fn unpack_cells(bytes: &[u8]) -> StoreResult<Cells> {
    let told: Vec<(Axes, Vec<(u8, i32)>)> = unpack(bytes)?;
    Ok(told.into_iter().map(|(axes, counts)| (axes, Counts::from_told(&counts))).collect())
}

/// Totals of a stored column.
pub(super) fn unpack_totals(bytes: &[u8]) -> StoreResult<Counts> {
    let told: Vec<(u8, i32)> = unpack(bytes)?;
    Ok(Counts::from_told(&told))
}

impl SumRow {
    fn new(unit_id: &str, grain: i32, starts_on: Day, cells: &Cells) -> StoreResult<Self> {
        let mut totals = Counts::default();
        let mut told: Vec<(&Axes, Vec<(u8, i32)>)> = Vec::with_capacity(cells.len());
        for (axes, counts) in cells.iter().filter(|(_, counts)| !counts.is_zero()) {
            totals.join(counts, 1);
            told.push((axes, counts.told()));
        }
        Ok(Self {
            unit_id: unit_id.to_owned(),
            grain,
            starts_on: starts_on.date(),
            totals: pack(&totals.told())?,
            cells: pack(&told)?,
        })
    }
}

/// Appends what writes of dossiers count: what they were, and what they are.
pub fn append(
    conn: &mut Conn,
    writes: impl IntoIterator<Item = (Option<Facts>, Option<Facts>)>,
) -> StoreResult<()> {
    let mut signed: Vec<Signed> = Vec::new();
    for (before, after) in writes.into_iter().filter(|(before, after)| before != after) {
        signed.extend(before.map(|facts| (-1, facts)));
        signed.extend(after.map(|facts| (1, facts)));
    }
    if signed.is_empty() {
        return Ok(());
    }
    let number = i32::try_from(signed.len()).unwrap_or(i32::MAX);
    let row = (dossier_tail::number.eq(number), dossier_tail::facts.eq(pack(&signed)?));
    either!(conn, |conn| diesel::insert_into(dossier_tail::table).values(row).execute(conn))?;
    Ok(())
}

/// How many counted dossiers the sums don't hold yet.
pub fn pending(conn: &mut Conn) -> StoreResult<i64> {
    let sum = dossier_tail::table.select(diesel::dsl::sum(dossier_tail::number));
    let sum: Option<i64> = either!(conn, |conn| sum.get_result(conn))?;
    Ok(sum.unwrap_or(0))
}

/// What the sums don't hold yet.
pub fn tail(conn: &mut Conn) -> StoreResult<Vec<Signed>> {
    let facts = dossier_tail::table.select(dossier_tail::facts);
    let rows: Vec<Vec<u8>> = either!(conn, |conn| facts.load(conn))?;
    let mut all = Vec::new();
    for row in rows {
        all.extend(unpack::<Vec<Signed>>(&row)?);
    }
    Ok(all)
}

/// Adds the flows of a dossier to changes of counts.
pub fn collect(deltas: &mut Deltas, sign: i8, facts: &Facts) {
    facts.flows(|unit, day, flow| {
        if !deltas.contains_key(unit) {
            deltas.insert(unit.to_owned(), BTreeMap::new());
        }
        if let Some(days) = deltas.get_mut(unit) {
            let cells = days.entry(day).or_default();
            match cells.get_mut(&facts.axes) {
                Some(counts) => counts.add(flow, i32::from(sign)),
                None => cells.entry(facts.axes.clone()).or_default().add(flow, i32::from(sign)),
            }
        }
    });
}

/// Moves a part of the tail into the sums; tells how many rows it took, none when the tail is empty.
pub fn fold(conn: &mut Conn) -> StoreResult<usize> {
    lock::sums(conn)?;
    let oldest = dossier_tail::table
        .order(dossier_tail::id)
        .limit(FOLD_ROWS)
        .select((dossier_tail::id, dossier_tail::number));
    let rows: Vec<(i64, i32)> = either!(conn, |conn| oldest.load(conn))?;
    let mut facts = 0;
    let ids: Vec<i64> = rows
        .into_iter()
        .take_while(|(_, number)| {
            let fits = facts == 0 || facts + i64::from(*number) <= FOLD_FACTS;
            facts += i64::from(*number);
            fits
        })
        .map(|(id, _)| id)
        .collect();
    let mut deltas = Deltas::new();
    for packed in take(conn, &ids)? {
        for (sign, facts) in unpack::<Vec<Signed>>(&packed)? {
            collect(&mut deltas, sign, &facts);
        }
    }
    apply(conn, &deltas)?;
    Ok(ids.len())
}

/// Takes rows out of the tail.
fn take(conn: &mut Conn, ids: &[i64]) -> StoreResult<Vec<Vec<u8>>> {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(Vec::new()) };
    match conn {
        // Nobody else writes meanwhile: these are all that there are between the first and the last.
        Conn::Sqlite(conn) => {
            let these = || dossier_tail::table.filter(dossier_tail::id.between(first, last));
            let packed = these().select(dossier_tail::facts).load(conn)?;
            diesel::delete(these()).execute(conn)?;
            Ok(packed)
        }
        // Numbers commit out of order: those that were read go, not all up to the last.
        Conn::Postgres(conn) => {
            let mut packed = Vec::new();
            for part in ids.chunks(500) {
                let these = || dossier_tail::table.filter(dossier_tail::id.eq_any(part));
                packed.extend(these().select(dossier_tail::facts).load::<Vec<u8>>(conn)?);
                diesel::delete(these()).execute(conn)?;
            }
            Ok(packed)
        }
    }
}

/// Adds changes of counts to the sums. The caller holds the lock of the sums.
pub fn apply(conn: &mut Conn, deltas: &Deltas) -> StoreResult<()> {
    for (unit_id, days) in deltas {
        apply_unit(conn, unit_id, days)?;
    }
    Ok(())
}

fn add(into: &mut BTreeMap<Day, Cells>, start: Day, cells: &Cells) {
    let sum = into.entry(start).or_default();
    join(sum, cells);
}

fn join(sum: &mut Cells, cells: &Cells) {
    for (axes, counts) in cells {
        match sum.get_mut(axes) {
            Some(there) => there.join(counts, 1),
            None => {
                sum.insert(axes.clone(), *counts);
            }
        }
    }
}

fn apply_unit(conn: &mut Conn, unit_id: &str, days: &BTreeMap<Day, Cells>) -> StoreResult<()> {
    let (mut months, mut years) = (BTreeMap::new(), BTreeMap::new());
    for (day, cells) in days {
        add(&mut months, day.first_of_month(), cells);
        add(&mut years, day.first_of_year(), cells);
    }
    let mut rows = summed(conn, unit_id, DAY, days)?;
    rows.extend(summed(conn, unit_id, MONTH, &months)?);
    rows.extend(running(conn, unit_id, &years)?);
    replace(conn, rows)
}

/// The rows of `grain` with the changes added.
fn summed(
    conn: &mut Conn,
    unit_id: &str,
    grain: i32,
    changes: &BTreeMap<Day, Cells>,
) -> StoreResult<Vec<SumRow>> {
    let mut present: HashMap<Day, Cells> = HashMap::new();
    let starts: Vec<chrono::NaiveDate> = changes.keys().map(|day| day.date()).collect();
    // A statement of one day is prepared once, the text of a list depends on its length; and SQLite is not far away.
    let at_once = match conn {
        Conn::Sqlite(_) => 1,
        Conn::Postgres(_) => 500,
    };
    for part in starts.chunks(at_once) {
        let of_unit = dossier_sums::table
            .filter(dossier_sums::unit_id.eq(unit_id))
            .filter(dossier_sums::grain.eq(grain))
            .select((dossier_sums::starts_on, dossier_sums::cells));
        let rows: Vec<(chrono::NaiveDate, Vec<u8>)> = match part {
            [start] => either!(conn, |conn| of_unit.filter(dossier_sums::starts_on.eq(start)).load(conn))?,
            _ => either!(conn, |conn| of_unit.filter(dossier_sums::starts_on.eq_any(part)).load(conn))?,
        };
        for (start, cells) in rows {
            present.insert(Day::from_date(start), unpack_cells(&cells)?);
        }
    }
    changes
        .iter()
        .map(|(start, cells)| {
            let mut sum = present.remove(start).unwrap_or_default();
            join(&mut sum, cells);
            SumRow::new(unit_id, grain, *start, &sum)
        })
        .collect()
}

/// The running totals of the changed year and of all years after it, without a gap between them.
fn running(conn: &mut Conn, unit_id: &str, changes: &BTreeMap<Day, Cells>) -> StoreResult<Vec<SumRow>> {
    let Some(first) = changes.keys().next().copied() else { return Ok(Vec::new()) };
    let years = dossier_sums::table
        .filter(dossier_sums::unit_id.eq(unit_id))
        .filter(dossier_sums::grain.eq(YEAR))
        .order(dossier_sums::starts_on)
        .select((dossier_sums::starts_on, dossier_sums::cells));
    let rows: Vec<(chrono::NaiveDate, Vec<u8>)> = either!(conn, |conn| years.load(conn))?;
    let mut present = BTreeMap::new();
    for (start, cells) in rows {
        present.insert(Day::from_date(start), unpack_cells(&cells)?);
    }
    let mut years: BTreeSet<Day> = present.range(first..).map(|(year, _)| *year).collect();
    years.extend(changes.keys());
    let last = years.last().copied().unwrap_or(first);
    let mut year = present.range(..first).next_back().map_or(first, |(before, _)| before.next_year());
    let mut before = present.range(..year).next_back().map(|(_, cells)| cells.clone()).unwrap_or_default();
    let mut added = Cells::new();
    let mut written = Vec::new();
    while year <= last {
        if let Some(cells) = changes.get(&year) {
            join(&mut added, cells);
        }
        // A year that isn't there yet ends as the one before it did.
        let stored = present.get(&year).cloned().unwrap_or(before);
        let mut sum = stored.clone();
        join(&mut sum, &added);
        written.push(SumRow::new(unit_id, YEAR, year, &sum)?);
        before = stored;
        year = year.next_year();
    }
    Ok(written)
}

fn replace(conn: &mut Conn, rows: Vec<SumRow>) -> StoreResult<()> {
    use diesel::upsert::excluded;
    match conn {
        Conn::Sqlite(conn) => {
            for row in rows {
                diesel::replace_into(dossier_sums::table).values(row).execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            for part in rows.chunks(1000) {
                diesel::insert_into(dossier_sums::table)
                    .values(part)
                    .on_conflict((dossier_sums::unit_id, dossier_sums::grain, dossier_sums::starts_on))
                    .do_update()
                    .set((
                        dossier_sums::totals.eq(excluded(dossier_sums::totals)),
                        dossier_sums::cells.eq(excluded(dossier_sums::cells)),
                    ))
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}
