//! The scores of one edition as a whole: what a file of them is made of.

use std::{collections::HashMap, sync::Arc};

use super::{
    access::Caller,
    crud,
    edition_cycle::{self, Asked},
    error::{Error, Result},
    index_scores::IndexScores,
    score_sheets,
};
use crate::{
    domain::{editions::Edition, index_scores::IndexScore, text::sort_key, time::Day, units::Unit},
    store::{
        self, Store, Versioned,
        index_scores::TABLE,
        list::{Filter, Request, Sort},
    },
};

/// Most scores of a file that is not written while they are read.
pub const MOST_SCORES: u32 = 200_000;

/// A unit that has scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredUnit {
    /// Its id.
    pub id: String,
    /// Its name in that year; in a revision that which it was published with.
    pub name: String,
}

/// Scores of one edition.
#[derive(Debug, Clone)]
pub struct EditionScores {
    /// The edition, in the state that the scores are of.
    pub edition: Edition,
    /// The units that have one of them, by name in Vietnamese order, then by id.
    pub units: Vec<ScoredUnit>,
    /// The scores in the order of ids.
    pub scores: Vec<Versioned<IndexScore>>,
}

/// Too many scores or cells for a file that is made as a whole.
pub fn too_many() -> Error {
    Error::invalid(
        "format",
        "too_many_scores",
        format!("Such a file has at most {MOST_SCORES} scores: narrow the filters, or take csv or ndjson."),
        format!("Tệp loại này có tối đa {MOST_SCORES} điểm: hãy thu hẹp bộ lọc, hoặc dùng csv hay ndjson."),
    )
}

/// Reads the scores of an edition that filters leave.
///
/// # Errors
/// `NotFound` for an unknown index, edition or revision, `Invalid` for too many scores.
pub async fn read(
    store: &Store,
    caller: Arc<Caller>,
    filters: Vec<Filter>,
    index: String,
    year: i32,
    asked: Asked,
) -> Result<EditionScores> {
    let edition = edition_cycle::edition(store, index, year, asked).await?.record;
    let sort = Sort { column: TABLE.key, descending: false };
    let request = Request { filters, sort, after: None, limit: MOST_SCORES };
    let page = crud::list::<IndexScores>(store, caller, request, false).await?;
    if page.more {
        return Err(too_many());
    }
    let scores = page.items;
    let mut ids: Vec<String> = scores.iter().map(|score| score.record.unit_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let of = edition.clone();
    let units = store.read(move |conn| named(conn, &of, ids)).await?;
    Ok(EditionScores { edition, units, scores })
}

/// The units of ids with their names, in order.
fn named(conn: &mut store::Conn, edition: &Edition, ids: Vec<String>) -> Result<Vec<ScoredUnit>> {
    let found = store::units::find_all(conn, &ids)?;
    let end = Day::new(edition.year, 12, 31);
    let name = |unit: &Unit| end.map_or(unit.name.as_str(), |end| unit.name_on(end)).to_owned();
    let mut names: HashMap<String, String> = found.iter().map(|unit| (unit.id.clone(), name(unit))).collect();
    for cohort in &edition.cohorts {
        let members = score_sheets::members(conn, edition, cohort)?;
        names.extend(members.into_iter().map(|unit| (unit.id, unit.name)));
    }
    let mut units: Vec<ScoredUnit> = ids
        .into_iter()
        .map(|id| ScoredUnit { name: names.remove(&id).unwrap_or_else(|| id.clone()), id })
        .collect();
    units.sort_by_cached_key(|unit| (sort_key(&unit.name), unit.id.clone()));
    Ok(units)
}
