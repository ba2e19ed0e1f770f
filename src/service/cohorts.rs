//! Who is in the cohorts of an edition: units that two of them share, though the edition doesn't say so, and
//! those that a caller does not reach.

use std::collections::HashMap;

use super::{access::Caller, error::Result, score_sheets};
use crate::{
    domain::{
        access::Scope,
        editions::{Edition, in_two_cohorts},
        violation::Violation,
    },
    store::Conn,
};

/// Whether the caller has the scope for every unit that an edition ranks. A rule may find units that who reaches
/// its parent does not reach: those of a parent that was abolished, or that ended themselves, or that stand below
/// another parent since.
///
/// # Errors
/// When the store can't be read.
pub fn may_for_members(conn: &mut Conn, caller: &Caller, scope: Scope, edition: &Edition) -> Result<bool> {
    if caller.may_everywhere(scope) {
        return Ok(true);
    }
    if !caller.may_for_cohorts(scope, edition) {
        return Ok(false);
    }
    for cohort in &edition.cohorts {
        let members = score_sheets::members(conn, edition, cohort)?;
        if members.iter().any(|unit| !caller.reaches(&unit.id)) {
            return Ok(false);
        }
    }
    Ok(true)
}

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
