//! The score of any criterion of a tree, read off the totals of an edition in which it is the whole.
//!
//! How a parent comes from its children is known to `totals` alone: a criterion anywhere in the tree is asked for
//! by making it the only area.

use std::collections::HashSet;

use super::totals::{self, UnitScores};
use crate::domain::{
    decimal::Exact,
    editions::{Criterion, Edition, ScoreUnit},
};

/// Each criterion above another, the nearest first.
pub fn above<'a>(edition: &'a Edition, code: &str) -> Vec<&'a Criterion> {
    let mut found: Vec<&Criterion> = Vec::new();
    let mut at = edition.criterion(code).and_then(|c| c.parent.as_deref());
    while let Some(criterion) = at.and_then(|code| edition.criterion(code)) {
        // A circle can't be stored; an unchecked edition must not hang all the same.
        if found.iter().any(|c| c.code == criterion.code) {
            break;
        }
        found.push(criterion);
        at = criterion.parent.as_deref();
    }
    found
}

/// The codes of a criterion and of all below it.
pub fn subtree<'a>(edition: &'a Edition, code: &str) -> HashSet<&'a str> {
    let mut found: HashSet<&str> = edition.criterion(code).map(|c| c.code.as_str()).into_iter().collect();
    loop {
        let below = |c: &&Criterion| c.parent.as_deref().is_some_and(|p| found.contains(p));
        let more: Vec<&str> = edition
            .criteria
            .iter()
            .filter(below)
            .map(|c| c.code.as_str())
            .filter(|c| !found.contains(c))
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The edition whose only area is one criterion of another.
fn alone(edition: &Edition, code: &str, kept: &HashSet<&str>) -> Edition {
    let criteria = edition.criteria.iter().filter(|c| kept.contains(c.code.as_str())).cloned();
    let criteria = criteria.map(|criterion| match criterion.code == code {
        true => Criterion {
            parent: None,
            weight: Some(Exact::from(100)),
            max_points: criterion.max_points.clone().or_else(|| Some(Exact::from(1))),
            ..criterion
        },
        false => criterion,
    });
    Edition { criteria: criteria.collect(), unit_of_measure: ScoreUnit::Points, ..edition.clone() }
}

/// The score of a criterion for each of the units: its own, or what follows from those below it.
pub fn of_units(edition: &Edition, units: &[&UnitScores], code: &str) -> Vec<Option<Exact>> {
    let kept = subtree(edition, code);
    let edition = alone(edition, code, &kept);
    let bare: Vec<UnitScores> = units
        .iter()
        .map(|unit| {
            let mut scores = (*unit).clone();
            scores.total = None;
            scores.criteria.retain(|score| kept.contains(score.criterion.as_str()));
            scores
        })
        .collect();
    let totals = totals::of_cohort(&edition, &bare.iter().collect::<Vec<_>>());
    totals.into_iter().map(|total| total.ok()?.components.into_iter().next()?.score).collect()
}
