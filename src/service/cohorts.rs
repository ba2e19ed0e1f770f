//! Cohorts of an edition that share units, though the edition doesn't say so.

use std::collections::HashMap;

use super::{error::Result, score_sheets};
use crate::{
    domain::{
        editions::{Edition, in_two_cohorts},
        violation::Violation,
    },
    store::Conn,
};

/// Notes each cohort that shares a unit with one before it, by the units that its rule finds today. Lists alone are
/// compared by [`Edition::check`].
///
/// # Errors
/// When the store can't be read.
pub fn check_overlaps(conn: &mut Conn, edition: &Edition, violations: &mut Vec<Violation>) -> Result<()> {
    let rules = edition.cohorts.iter().any(|cohort| cohort.rule.is_some());
    if edition.overlapping_cohorts || edition.cohorts.len() < 2 || !rules {
        return Ok(());
    }
    // Of each unit, whether a list named it first.
    let mut seen: HashMap<String, bool> = HashMap::new();
    for (i, cohort) in edition.cohorts.iter().enumerate() {
        let listed = cohort.unit_ids.is_some();
        let mut shared = None;
        for unit in score_sheets::members(conn, edition, cohort)? {
            match seen.get(&unit.id) {
                Some(by_list) if !(listed && *by_list) => shared = shared.or(Some(unit.id)),
                Some(_) => {}
                None => drop(seen.insert(unit.id, listed)),
            }
        }
        if let Some(unit_id) = shared {
            violations.push(in_two_cohorts(format!("/cohorts/{i}"), &unit_id));
        }
    }
    Ok(())
}
