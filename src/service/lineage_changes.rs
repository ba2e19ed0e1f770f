//! Whether what the rankings of an edition tell beside its own units (what these came from, which have ended, and what
//! became of them) was recorded otherwise since its last revision.

use std::collections::HashSet;

use super::{known_units::KnownUnits, ranking_lineage::REFORMS, score_sheets};
use crate::{
    domain::{
        editions::Edition,
        time::Day,
        units::{Successor, Unit, Validity},
    },
    store::{self, Conn, StoreResult},
};

/// Where to look from a unit.
#[derive(Clone, Copy)]
enum Direction {
    /// To what it came from.
    Back,
    /// To what became of it.
    On,
}

/// Units that were written since, and are told otherwise.
#[derive(Default)]
struct Written {
    /// Those that exist on other days, or became others.
    reformed: HashSet<String>,
    /// Those of which only names differ.
    renamed: HashSet<String>,
}

/// Whether a unit was recorded otherwise since a change that a ranking of the edition can tell of: one that passed into
/// a unit of its cohorts, in one or more reforms, one that another year ranks, or that such a one passed into. What the
/// cohorts themselves have is for the caller to compare.
///
/// # Errors
/// The database's.
pub fn any(conn: &mut Conn, edition: &Edition, ranked: &HashSet<String>, version: i64) -> StoreResult<bool> {
    let then = KnownUnits::at(conn, Some(version))?;
    let now = KnownUnits::at(conn, None)?;
    let Written { reformed, renamed } = written(conn, edition, &then, &now)?;
    let all: Vec<String> = reformed.union(&renamed).cloned().collect();
    if all.is_empty() {
        return Ok(false);
    }
    if !along(conn, [&then, &now], all.clone(), Direction::On)?.is_disjoint(ranked) {
        return Ok(true);
    }
    // One that has ended is named as the other year names it.
    let mut told = along(conn, [&then, &now], all, Direction::Back)?;
    told.extend(reformed);
    let told: Vec<String> = told.into_iter().collect();
    store::index_scores::in_other_years(conn, &edition.index_code, edition.year, &told)
}

fn written(conn: &mut Conn, edition: &Edition, then: &KnownUnits, now: &KnownUnits) -> StoreResult<Written> {
    let day = score_sheets::last_day_of_cohorts(edition);
    let before = then.with_ids(conn, then.written_since())?;
    let after = now.with_ids(conn, then.written_since())?;
    let mut written = Written::default();
    for id in then.written_since() {
        let (before, after) = (before.get(id), after.get(id));
        if before.map(reform_of) != after.map(reform_of) {
            written.reformed.insert(id.clone());
        } else if before.map(|unit| names_by(unit, day)) != after.map(|unit| names_by(unit, day)) {
            written.renamed.insert(id.clone());
        }
    }
    Ok(written)
}

fn reform_of(unit: &Unit) -> (Validity, &[Successor]) {
    (unit.validity(), unit.successors.as_slice())
}

/// The names of a unit, without those that it bore only after a day.
fn names_by(unit: &Unit, day: Option<Day>) -> Vec<(&str, Option<Day>)> {
    let later = |from: Option<Day>| day.is_some_and(|day| from.is_some_and(|from| from > day));
    let names = unit.names().enumerate().filter(|(place, (_, days))| *place == 0 || !later(days.from));
    names.map(|(_, (name, days))| (name, days.from)).collect()
}

/// All that some units came from, or that became of them, in either state.
fn along(
    conn: &mut Conn,
    states: [&KnownUnits; 2],
    mut edge: Vec<String>,
    direction: Direction,
) -> StoreResult<HashSet<String>> {
    let mut all = HashSet::new();
    for _ in 0..REFORMS {
        let mut next: Vec<String> = Vec::new();
        for known in states {
            match direction {
                Direction::Back => {
                    let before = known.before(conn, edge.iter())?;
                    next.extend(before.into_values().flatten().map(|(unit, _)| unit.id));
                }
                Direction::On => {
                    let units = known.with_ids(conn, edge.iter())?;
                    let successors = units.into_values().flat_map(|unit| unit.successors);
                    next.extend(successors.map(|successor| successor.unit_id));
                }
            }
        }
        edge = next.into_iter().filter(|id| all.insert(id.clone())).collect();
        if edge.is_empty() {
            break;
        }
    }
    Ok(all)
}
