//! The profile of a unit: every index that it has scores in, with its series and the latest year that it is
//! ranked in.

use std::collections::BTreeMap;

use super::{
    crud::Resource,
    edition_cycle::{self, Asked},
    error::{Error, Result},
    series::{self, Point, Series, SeriesQuestion},
    units::Units,
};
use crate::{
    domain::{index_scores::ScoreStage, units::Unit},
    store::{self, Conn, Store},
};

/// An index of a unit's profile.
#[derive(Debug, Clone)]
pub struct ProfileIndex {
    /// The index.
    pub index_code: String,
    /// Its name.
    pub index_name: String,
    /// A point for each year from the unit's first score to its last.
    pub points: Vec<Point>,
}

impl ProfileIndex {
    /// The latest year that the unit is ranked in.
    pub fn latest(&self) -> Option<&Point> {
        self.points.iter().rev().find(|point| point.place.is_ok())
    }
}

/// A unit with its indexes.
#[derive(Debug, Clone)]
pub struct UnitProfile {
    /// The unit.
    pub unit: Unit,
    /// Its indexes, in the order of their codes.
    pub indexes: Vec<ProfileIndex>,
}

/// The profile of a unit.
///
/// # Errors
/// `NotFound` for an unknown unit.
pub async fn profile(store: &Store, unit_id: String, stage: ScoreStage, asked: Asked) -> Result<UnitProfile> {
    store.read(move |conn| of_unit(conn, &unit_id, stage, asked)).await
}

fn of_unit(conn: &mut Conn, unit_id: &str, stage: ScoreStage, asked: Asked) -> Result<UnitProfile> {
    let unit =
        store::units::find(conn, unit_id)?.ok_or_else(|| Error::not_found(Units::NAME, unit_id))?.record;
    let mut indexes = Vec::new();
    for (index_code, (first, last)) in seen_years(conn, unit_id, &asked)? {
        let question = SeriesQuestion {
            index_code,
            unit_ids: vec![unit_id.to_owned()],
            from: Some(first),
            to: Some(last),
            cohort: None,
            stage,
            asked: asked.clone(),
        };
        let Series { index_code, index_name, units, .. } = series::of_units(conn, &question)?;
        let points = units.into_iter().next().map(|unit| unit.points).unwrap_or_default();
        indexes.push(ProfileIndex { index_code, index_name, points });
    }
    Ok(UnitProfile { unit, indexes })
}

/// The indexes that the unit has scores in, with the first and the last year of them, in the states of editions that
/// are asked for: what the caller may not see tells neither an index nor a year.
fn seen_years(conn: &mut Conn, unit_id: &str, asked: &Asked) -> Result<BTreeMap<String, (i32, i32)>> {
    let scored = store::series::editions_of_unit(conn, unit_id)?;
    let mut editions: Vec<(&str, i32)> =
        scored.iter().map(|(index, year, _)| (index.as_str(), *year)).collect();
    editions.dedup();
    let mut years = BTreeMap::new();
    for (index, year) in editions {
        let edition = match edition_cycle::edition_at(conn, index, year, asked) {
            Ok(edition) => edition,
            Err(Error::NotFound { .. } | Error::Absent { .. }) => continue,
            Err(error) => return Err(error),
        };
        let revision = edition.state.frozen.map(|frozen| frozen.revision);
        if scored.contains(&(index.to_owned(), year, revision)) {
            let (_, last) = years.entry(index.to_owned()).or_insert((year, year));
            *last = year;
        }
    }
    Ok(years)
}
