//! The criteria above and below another in the tree, and the score of any of them.

use std::collections::HashSet;

use super::{criteria_measures, totals::UnitScores};
use crate::domain::{
    decimal::Exact,
    editions::{Criterion, Edition},
};

/// Each criterion above another, the nearest first.
pub fn above<'a>(edition: &'a Edition, code: &str) -> Vec<&'a Criterion> {
    let mut found: Vec<&Criterion> = Vec::new();
    let mut at = edition.criterion(code).and_then(|c| c.parent.as_deref());
    while let Some(criterion) = at.and_then(|code| edition.criterion(code)) {
        // A circle can't be stored; an unchecked edition must not hang all the same.
        if found.len() >= edition.criteria.len() {
            break;
        }
        found.push(criterion);
        at = criterion.parent.as_deref();
    }
    found
}

/// The codes of a criterion and of all below it.
pub fn subtree<'a>(edition: &'a Edition, code: &str) -> HashSet<&'a str> {
    let mut found: HashSet<&str> = HashSet::new();
    // Each stands before those below it.
    for (criterion, _) in edition.tree() {
        if criterion.code == code || criterion.parent.as_deref().is_some_and(|parent| found.contains(parent))
        {
            found.insert(&criterion.code);
        }
    }
    found
}

/// The score of a criterion for each of the units: its own, or what follows from those below it.
pub fn of_units(edition: &Edition, units: &[&UnitScores], code: &str) -> Vec<Option<Exact>> {
    criteria_measures::scores_of(edition, units, code)
}
