//! What became of units between two rankings: the predecessors of those that did not exist in the base year, and
//! the units of the base ranking that have ended since. Nothing is summed across a reform. Where both were published,
//! all is as it was known by the later publication.

use std::collections::{HashMap, HashSet};

use super::{
    error::Result,
    known_units::KnownUnits,
    rankings::{Base, Ranking, Standing},
    score_sheets::Sheet,
    units::Relative,
};
use crate::{
    domain::units::{Extent, Successor, Unit},
    store::Conn,
};

/// Reforms that are followed from a unit, at most.
pub const REFORMS: usize = 8;

/// A unit that a new one came from, as it stood in the base ranking.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Predecessor {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// How much of it went to the new unit.
    pub extent: Extent,
    /// Where it stood; none when it had no rank.
    pub base: Option<Base>,
}

/// A unit of the base ranking that has ended since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedUnit {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Where it stood.
    pub base: Base,
    /// What became of it, by the day of the ranking.
    pub successors: Vec<Relative>,
}

/// What became of units between two rankings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RankingLineage {
    /// The predecessors of each ranked unit that did not exist in the base year.
    pub predecessors: HashMap<String, Vec<Predecessor>>,
    /// Units of the base ranking that have ended, by their rank there.
    pub ended: Vec<EndedUnit>,
}

/// What became of the units of `base` in `ranking`.
///
/// # Errors
/// When the store can't be read.
pub fn read(
    conn: &mut Conn,
    (sheet, ranking): (&Sheet, &Ranking),
    (base_sheet, base): (&Sheet, &Ranking),
) -> Result<RankingLineage> {
    let (new, left) = (new_units((sheet, ranking), base_sheet), left(ranking, base));
    if new.is_empty() && left.is_empty() {
        return Ok(RankingLineage::default());
    }
    let known = KnownUnits::at(conn, published_by(sheet, base_sheet))?;
    Ok(RankingLineage {
        predecessors: predecessors(conn, &known, new, (base_sheet, base))?,
        ended: ended(conn, &known, sheet, left)?,
    })
}

/// The change by which both rankings were published; none where one was not, and is about units as they are.
fn published_by(sheet: &Sheet, base_sheet: &Sheet) -> Option<i64> {
    let published = |sheet: &Sheet| sheet.edition.state.frozen.map(|frozen| frozen.version);
    Some(published(sheet)?.max(published(base_sheet)?))
}

/// The standings of a base that have none any more.
fn left<'a>(ranking: &Ranking, base: &'a Ranking) -> Vec<&'a Standing> {
    let ranked = by_id(ranking);
    base.standings.iter().filter(|standing| !ranked.contains_key(standing.unit_id.as_str())).collect()
}

fn by_id(ranking: &Ranking) -> HashMap<&str, &Standing> {
    ranking.standings.iter().map(|s| (s.unit_id.as_str(), s)).collect()
}

fn base_of(standing: &Standing) -> Base {
    Base { rank: standing.rank, total: standing.total.clone() }
}

/// What a unit was called when a sheet was about it.
fn name_in(sheet: &Sheet, unit: &Unit) -> String {
    sheet.day().map_or(unit.name.as_str(), |day| unit.name_on(day)).to_owned()
}

/// A unit on the way from another: back from one that is new, or on from one that has ended.
struct Step {
    of: String,
    at: String,
    extent: Extent,
}

/// How much of a unit passed through two reforms.
fn through(first: Extent, second: Extent) -> Extent {
    match (first, second) {
        (Extent::Whole, Extent::Whole) => Extent::Whole,
        _ => Extent::Part,
    }
}

/// The first step from each ranked unit that did not exist in the base year.
fn new_units((sheet, ranking): (&Sheet, &Ranking), base_sheet: &Sheet) -> Vec<Step> {
    let (ranked, year) = (by_id(ranking), base_sheet.edition.year);
    sheet
        .rows
        .iter()
        .map(|row| &row.unit)
        .filter(|unit| ranked.get(unit.id.as_str()).is_some_and(|s| s.base.is_none()))
        .filter(|unit| !unit.exists_in_year(year))
        .map(|unit| Step { of: unit.id.clone(), at: unit.id.clone(), extent: Extent::Whole })
        .collect()
}

fn predecessors(
    conn: &mut Conn,
    known: &KnownUnits,
    mut steps: Vec<Step>,
    (base_sheet, base): (&Sheet, &Ranking),
) -> Result<HashMap<String, Vec<Predecessor>>> {
    let (ranked_before, year) = (by_id(base), base_sheet.edition.year);
    let mut found: HashMap<String, Vec<Predecessor>> = HashMap::new();
    let mut seen: HashSet<(String, String)> = HashSet::new();
    for _ in 0..REFORMS {
        if steps.is_empty() {
            break;
        }
        let before = known.before(conn, steps.iter().map(|step| &step.at))?;
        let mut further = Vec::new();
        for step in steps {
            for (unit, extent) in before.get(&step.at).into_iter().flatten() {
                if !seen.insert((step.of.clone(), unit.id.clone())) {
                    continue;
                }
                let extent = through(step.extent, *extent);
                if unit.exists_in_year(year) {
                    found.entry(step.of.clone()).or_default().push(Predecessor {
                        unit_id: unit.id.clone(),
                        unit_name: name_in(base_sheet, unit),
                        extent,
                        base: ranked_before.get(unit.id.as_str()).map(|s| base_of(s)),
                    });
                } else {
                    further.push(Step { of: step.of.clone(), at: unit.id.clone(), extent });
                }
            }
        }
        steps = further;
    }
    Ok(found)
}

fn ended(conn: &mut Conn, known: &KnownUnits, sheet: &Sheet, left: Vec<&Standing>) -> Result<Vec<EndedUnit>> {
    let day = sheet.day();
    // Not as the base has them: they ended after it was published.
    let units = known.with_ids(conn, left.iter().map(|standing| &standing.unit_id))?;
    let gone: Vec<(&Standing, &Unit)> = left
        .into_iter()
        .filter_map(|standing| Some((standing, units.get(&standing.unit_id)?)))
        .filter(|(_, unit)| unit.valid_to.zip(day).is_some_and(|(end, day)| end <= day))
        .collect();
    let mut successors = successors(conn, known, sheet, gone.iter().map(|(_, unit)| *unit))?;
    Ok(gone
        .into_iter()
        .map(|(standing, unit)| EndedUnit {
            unit_id: standing.unit_id.clone(),
            unit_name: standing.unit_name.clone(),
            base: base_of(standing),
            successors: successors.remove(&unit.id).unwrap_or_default(),
        })
        .collect())
}

/// What became of each of some units by the day of a sheet, through every reform until then. What ended without a
/// known successor is the last that is told.
fn successors<'a>(
    conn: &mut Conn,
    known: &KnownUnits,
    sheet: &Sheet,
    gone: impl Iterator<Item = &'a Unit>,
) -> Result<HashMap<String, Vec<Relative>>> {
    let day = sheet.day();
    let has_ended = |unit: &Unit| day.is_some_and(|day| unit.valid_to.is_some_and(|to| to <= day));
    let mut steps: Vec<Step> = gone.flat_map(|unit| passed_on(&unit.id, Extent::Whole, unit)).collect();
    let mut found: HashMap<String, Vec<Relative>> = HashMap::new();
    let mut seen: HashSet<(String, String)> = HashSet::new();
    for reform in 1..=REFORMS {
        if steps.is_empty() {
            break;
        }
        let units = known.with_ids(conn, steps.iter().map(|step| &step.at))?;
        let mut further = Vec::new();
        for step in steps {
            let Some(unit) = units.get(&step.at) else { continue };
            if !seen.insert((step.of.clone(), step.at.clone())) {
                continue;
            }
            if reform < REFORMS && has_ended(unit) && !unit.successors.is_empty() {
                further.extend(passed_on(&step.of, step.extent, unit));
                continue;
            }
            found.entry(step.of).or_default().push(Relative {
                unit_id: step.at,
                unit_name: name_in(sheet, unit),
                extent: step.extent,
            });
        }
        steps = further;
    }
    Ok(found)
}

/// The steps from a unit to its successors, on the way from another of which so much came here.
fn passed_on(of: &str, extent: Extent, unit: &Unit) -> Vec<Step> {
    let step = |successor: &Successor| Step {
        of: of.to_owned(),
        at: successor.unit_id.clone(),
        extent: through(extent, successor.extent),
    };
    unit.successors.iter().map(step).collect()
}
