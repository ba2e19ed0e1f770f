//! The sheet that a ranking is computed from: an edition, a cohort and what each of its units has.
//!
//! [`read`] is the one place where rankings, explanations, simulations and series take their numbers from the
//! store. What follows from a sheet is pure: a simulation changes a sheet and asks for its standings again.

use std::collections::{HashMap, hash_map::Entry};

use super::{
    error::Result,
    halves::both,
    rankings::{self, Ranking},
    totals::{self, CriterionScore, UnitScores, Unranked},
};
use crate::{
    domain::{
        editions::{Cohort, CohortRule, Edition},
        index_scores::{Counting, ScoreStage, SheetScore},
        time::Day,
        units::Unit,
    },
    store::{self, Conn, index_scores::Part},
};

/// Scores by the unit that has them.
type ByUnit = HashMap<String, Vec<SheetScore>>;

/// A unit of the cohort with its scores.
#[derive(Debug, Clone)]
pub struct Row {
    /// The unit.
    pub unit: Unit,
    /// What is stored of it at the sheet's stage.
    pub scores: UnitScores,
    /// The rank that the publisher gave; it decides nothing.
    pub published_rank: Option<i32>,
}

/// What the units of one cohort have in one edition at one stage.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The edition.
    pub edition: Edition,
    /// The cohort.
    pub cohort: Cohort,
    /// Stage of the scores.
    pub stage: ScoreStage,
    /// The units of the cohort, in no particular order.
    pub rows: Vec<Row>,
}

impl Sheet {
    /// The day that says which units the sheet is about, and what they are called.
    pub fn day(&self) -> Option<Day> {
        day_of(&self.edition, &self.cohort)
    }

    /// The standings that follow from the sheet.
    pub fn standings(&self) -> Ranking {
        let scores: Vec<&UnitScores> = self.rows.iter().map(|row| &row.scores).collect();
        let totals = totals::of_cohort(&self.edition, &scores);
        let entries = self.rows.iter().zip(totals).map(|(row, total)| rankings::Entry {
            unit_id: row.unit.id.clone(),
            unit_name: row.unit.name.clone(),
            result: match row.unit.exists_in_year(self.edition.year) {
                true => total,
                false => Err(Unranked::NotInExistence),
            },
            published_rank: row.published_rank,
        });
        rankings::rank(entries.collect(), &self.edition)
    }

    /// Codes of the criteria that left the maximum for the whole cohort: those of a survey that was not held.
    pub fn left_out(&self) -> Vec<String> {
        let scores: Vec<&UnitScores> = self.rows.iter().map(|row| &row.scores).collect();
        totals::left_out(&self.edition, &scores)
    }
}

/// Units that were read for a sheet, for the next one.
#[derive(Default)]
pub struct Known {
    all: Option<Vec<Unit>>,
}

impl Known {
    fn all(&mut self, conn: &mut Conn) -> Result<&[Unit]> {
        match &mut self.all {
            Some(all) => Ok(all),
            unread => Ok(unread.insert(store::units::all(conn)?)),
        }
    }
}

/// The sheet of a cohort as it is stored: in the revision that `edition` was read from, else as it is now.
///
/// # Errors
/// When the store can't be read.
pub fn read(
    conn: &mut Conn,
    known: &mut Known,
    edition: &Edition,
    cohort: &Cohort,
    stage: ScoreStage,
) -> Result<Sheet> {
    let units = members_of(conn, known, edition, cohort)?;
    let by_unit = scores_of(conn, edition, stage, Part::Whole)?;
    Ok(sheet(edition, cohort, stage, units, by_unit))
}

/// [`read`] with another connection that has the same state: what comes before the unit `middle` is read there, while
/// all else is read here.
///
/// # Errors
/// When the store can't be read.
pub fn read_with(
    conn: &mut Conn,
    other: &mut Conn,
    middle: &str,
    (edition, cohort, stage): (&Edition, &Cohort, ScoreStage),
) -> Result<Sheet> {
    let (before, rest) = both(
        || scores_of(other, edition, stage, Part::Before(middle)),
        || -> Result<_> {
            let units = members(conn, edition, cohort)?;
            Ok((units, scores_of(conn, edition, stage, Part::From(middle))?))
        },
    );
    let (units, mut by_unit) = rest?;
    by_unit.extend(before?);
    Ok(sheet(edition, cohort, stage, units, by_unit))
}

/// The scores that an edition's units have at one stage, by unit.
fn scores_of(conn: &mut Conn, edition: &Edition, stage: ScoreStage, part: Part<'_>) -> Result<ByUnit> {
    let revision = edition.state.frozen.map(|frozen| frozen.revision);
    let of = (edition.index_code.as_str(), edition.year, revision);
    let mut by_unit = ByUnit::new();
    for stage in edition.stages_of(stage) {
        for (unit, mut scores) in store::index_scores::of_sheet(conn, of, stage, part)? {
            match by_unit.entry(unit) {
                Entry::Vacant(first) => drop(first.insert(scores)),
                Entry::Occupied(mut others) => others.get_mut().append(&mut scores),
            }
        }
    }
    Ok(by_unit)
}

fn sheet(
    edition: &Edition,
    cohort: &Cohort,
    stage: ScoreStage,
    units: Vec<Unit>,
    mut by_unit: ByUnit,
) -> Sheet {
    let counting = Counting::of(edition, stage);
    let rows = units
        .into_iter()
        .map(|unit| {
            let scores = by_unit.remove(&unit.id).unwrap_or_default();
            row(unit, counting.among(scores))
        })
        .collect();
    Sheet { edition: edition.clone(), cohort: cohort.clone(), stage, rows }
}

/// The day that says which units a cohort has, and what they are called: that of its rule, else the last of the year.
fn day_of(edition: &Edition, cohort: &Cohort) -> Option<Day> {
    let as_of = cohort.rule.as_ref().and_then(|rule| rule.as_of);
    as_of.or_else(|| last_day(edition))
}

/// The latest day that a ranking of an edition is about.
pub fn last_day_of_cohorts(edition: &Edition) -> Option<Day> {
    edition.cohorts.iter().filter_map(|cohort| day_of(edition, cohort)).max()
}

fn last_day(edition: &Edition) -> Option<Day> {
    Day::new(edition.year, 12, 31)
}

/// The day that says what an edition calls a unit: that of the first of its cohorts that has the unit as it is stored,
/// else the last of the year.
pub fn day_about(edition: &Edition, unit: &Unit) -> Option<Day> {
    let has = |cohort: &&Cohort| match (&cohort.unit_ids, &cohort.rule) {
        (Some(ids), _) => ids.contains(&unit.id),
        (None, Some(rule)) => finds(rule, day_of(edition, cohort), unit),
        (None, None) => false,
    };
    let cohort = edition.cohorts.iter().find(has);
    cohort.map_or_else(|| last_day(edition), |cohort| day_of(edition, cohort))
}

/// Whether a rule finds a unit: by its level, and by what it stood below and that it existed on the day.
fn finds(rule: &CohortRule, day: Option<Day>, unit: &Unit) -> bool {
    let parent = || day.map_or(unit.parent_id.as_deref(), |day| unit.parent_on(day));
    rule.level.is_none_or(|level| unit.level == level)
        && rule.parent_id.as_deref().is_none_or(|wanted| parent() == Some(wanted))
        && day.is_none_or(|day| unit.exists_on(day))
}

/// The units of a cohort: those of the revision that `edition` was read from, else those listed, or those that the
/// rule finds, with the names that they bore then.
///
/// # Errors
/// The database's.
pub fn members(conn: &mut Conn, edition: &Edition, cohort: &Cohort) -> Result<Vec<Unit>> {
    members_of(conn, &mut Known::default(), edition, cohort)
}

fn members_of(conn: &mut Conn, known: &mut Known, edition: &Edition, cohort: &Cohort) -> Result<Vec<Unit>> {
    if let Some(frozen) = edition.state.frozen {
        let (index, year) = (&edition.index_code, edition.year);
        return Ok(store::edition_revisions::units(conn, index, year, frozen.revision, &cohort.code)?);
    }
    let day = day_of(edition, cohort);
    let mut units: Vec<Unit> = match (&cohort.unit_ids, &cohort.rule) {
        (Some(ids), _) => store::units::find_all(conn, ids)?,
        (None, Some(rule)) => {
            known.all(conn)?.iter().filter(|unit| finds(rule, day, unit)).cloned().collect()
        }
        (None, None) => Vec::new(),
    };
    if let Some(day) = day {
        units.iter_mut().for_each(|unit| unit.take_name_of(day));
    }
    Ok(units)
}

fn row(unit: Unit, stored: Vec<SheetScore>) -> Row {
    let mut scores = UnitScores { criteria: Vec::with_capacity(stored.len()), total: None };
    let mut published_rank = None;
    for score in stored {
        match score.criterion {
            None => {
                scores.total = score.score;
                published_rank = score.published_rank;
            }
            Some(criterion) => scores.criteria.push(CriterionScore {
                criterion,
                score: score.score,
                applicable: score.applicable,
            }),
        }
    }
    Row { unit, scores, published_rank }
}
