//! The score sheet of a unit: what each stage says of each criterion, side by side, and which of them counts.

use super::{
    crud::Resource,
    edition_cycle::{self, Asked, Which},
    editions::{self, Editions},
    error::{Error, Result},
    indexes::Indexes,
    score_sheets,
    units::Units,
};
use crate::{
    domain::{
        access::Scope,
        editions::{Criterion, Edition},
        index_scores::{IndexScore, ScoreStage},
        units::Unit,
    },
    store::{self, Conn, Store},
};

/// The scores of one criterion, or of the total, at every stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StageScores(Vec<IndexScore>);

impl StageScores {
    /// The score of a stage.
    pub fn at(&self, stage: ScoreStage) -> Option<&IndexScore> {
        self.0.iter().find(|score| score.stage == stage)
    }

    /// The score that counts as final: the one given as final, else that of the stage that scores the criterion.
    pub fn that_counts(&self, scored_by: Option<ScoreStage>) -> Option<&IndexScore> {
        self.at(ScoreStage::Final).or_else(|| self.at(scored_by?))
    }
}

/// The stage that scores a criterion where nothing is given as final.
pub fn scored_by(criterion: &Criterion) -> Option<ScoreStage> {
    criterion.stage
}

/// A criterion with its scores.
#[derive(Debug, Clone)]
pub struct SheetRow {
    /// The criterion.
    pub criterion: Criterion,
    /// How many criteria stand above it.
    pub depth: usize,
    /// Its scores.
    pub scores: StageScores,
}

/// The score sheet of a unit.
#[derive(Debug, Clone)]
pub struct UnitSheet {
    /// The edition, in the state that was asked for.
    pub edition: Edition,
    /// The unit.
    pub unit: Unit,
    /// The criteria in the order of the tree.
    pub rows: Vec<SheetRow>,
    /// The totals.
    pub total: StageScores,
}

/// The score sheet of a unit in an edition.
///
/// # Errors
/// `NotFound` for an unknown index, edition, revision or unit.
pub async fn sheet(
    store: &Store,
    index: String,
    year: i32,
    unit_id: String,
    asked: Asked,
) -> Result<UnitSheet> {
    store.read(move |conn| read(conn, &index, year, unit_id, asked)).await
}

fn read(conn: &mut Conn, index: &str, year: i32, unit_id: String, mut asked: Asked) -> Result<UnitSheet> {
    if store::indexes::find(conn, index)?.is_none() {
        return Err(Error::not_found(Indexes::NAME, index));
    }
    let sees_scores = asked.rights.caller.may(Scope::ScoresRead, &unit_id);
    if asked.which == Which::Seen && !sees_scores {
        asked.which = Which::Current;
    }
    let edition = edition_cycle::edition_at(conn, index, year, &asked)?;
    if edition.state.frozen.is_none() && !sees_scores {
        return Err(Error::not_found(Editions::NAME, editions::key(index, year)));
    }
    let unit = unit(conn, &edition, unit_id)?;
    let scores = match edition.state.frozen {
        Some(frozen) => {
            store::index_scores::of_revision(conn, index, year, frozen.revision, None, Some(&unit.id))?
        }
        None => store::index_scores::of_stages(conn, index, year, Some(&unit.id))?,
    };
    let of = |code: Option<&str>| {
        StageScores(scores.iter().filter(|s| s.criterion.as_deref() == code).cloned().collect())
    };
    let rows = edition.tree().into_iter().map(|(criterion, depth)| SheetRow {
        criterion: criterion.clone(),
        depth,
        scores: of(Some(&criterion.code)),
    });
    Ok(UnitSheet { rows: rows.collect(), total: of(None), unit, edition })
}

/// The unit as the revision names it, else with the name that it bore on the day of its cohort; at the end of the year
/// where it is in none.
fn unit(conn: &mut Conn, edition: &Edition, id: String) -> Result<Unit> {
    if edition.state.frozen.is_some() {
        for cohort in &edition.cohorts {
            let units = score_sheets::members(conn, edition, cohort)?;
            if let Some(unit) = units.into_iter().find(|unit| unit.id == id) {
                return Ok(unit);
            }
        }
    }
    let Some(found) = store::units::find(conn, &id)? else { return Err(Error::not_found(Units::NAME, id)) };
    let mut unit = found.record;
    if let Some(day) = score_sheets::day_about(edition, &unit) {
        unit.take_name_of(day);
    }
    Ok(unit)
}
