//! What two frameworks have in common, and how a unit moved on that alone.
//!
//! What a criterion must share to be common is said in [`criteria::common`]: its points then count the same. Of a
//! branch that is common as a whole only the top is named, so that no point counts twice.

use std::collections::{HashMap, HashSet};

use super::{criterion_values, score_sheets::Sheet, totals::UnitScores};
use crate::domain::{criteria, decimal::Exact, editions::Edition};

/// The criteria that two editions share, and the moves on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommonCriteria {
    /// Their codes, in the order of the later edition.
    pub codes: Vec<String>,
    /// By unit: the sum of its own scores of these criteria minus the same sum of the base, in points. Only units
    /// that have every one of them in both.
    pub deltas: HashMap<String, Exact>,
}

/// The codes that two editions have in common, the topmost of each branch.
pub fn codes(edition: &Edition, base: &Edition) -> Vec<String> {
    let all = criteria::common(edition, base);
    let common: HashSet<&str> = all.iter().map(String::as_str).collect();
    let topmost = |code: &&String| {
        !criterion_values::above(edition, code).iter().any(|above| common.contains(above.code.as_str()))
    };
    all.iter().filter(topmost).cloned().collect()
}

/// What the editions of two sheets share, and how the units moved on it.
pub fn between(sheet: &Sheet, base: &Sheet) -> CommonCriteria {
    let codes = codes(&sheet.edition, &base.edition);
    let (now, before) = (sums(sheet, &codes), sums(base, &codes));
    let deltas = now
        .into_iter()
        .filter_map(|(unit, sum)| {
            let base = before.get(unit)?;
            Some((unit.to_owned(), &sum - base))
        })
        .collect();
    CommonCriteria { codes, deltas }
}

/// The sum of the scores of some criteria, for the units that have all of them.
fn sums<'a>(sheet: &'a Sheet, codes: &[String]) -> HashMap<&'a str, Exact> {
    if codes.is_empty() {
        return HashMap::new();
    }
    let scores: Vec<&UnitScores> = sheet.rows.iter().map(|row| &row.scores).collect();
    let columns: Vec<Vec<Option<Exact>>> =
        codes.iter().map(|code| criterion_values::of_units(&sheet.edition, &scores, code)).collect();
    sheet
        .rows
        .iter()
        .enumerate()
        .filter_map(|(i, row)| {
            let scores: Option<Vec<&Exact>> =
                columns.iter().map(|column| column.get(i).and_then(Option::as_ref)).collect();
            Some((row.unit.id.as_str(), scores?.into_iter().sum()))
        })
        .collect()
}
