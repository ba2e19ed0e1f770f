//! Clock rules: their own rules, and which one holds for a unit on a day.

use std::collections::{BTreeSet, HashSet};

use super::{
    access::Caller,
    crud::{Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        clock_rules::{ClockRule, InForce, WithdrawnCount},
        time::Day,
        unit_tree::Tree,
        violation::{Text, Violation},
    },
    store::{
        self, Conn, StoreResult, Versioned,
        list::{Request, Table},
        lock::Structure,
    },
};

/// `/clock-rules`.
pub struct ClockRules;

impl Resource for ClockRules {
    type Record = ClockRule;
    const NAME: &'static str = "clock-rules";
    const TABLE: Table = store::clock_rules::TABLE;
    // The clocks of dossiers run by them; and two writers of rules never write the same one at once.
    const STRUCTURE: Structure = Structure::Changed;

    fn may_write(caller: &Caller, rule: &ClockRule) -> bool {
        match &rule.unit_id {
            Some(unit) => caller.may(Scope::UnitsWrite, unit),
            None => caller.may_everywhere(Scope::UnitsWrite),
        }
    }

    fn key(rule: &ClockRule) -> String {
        rule.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<ClockRule>>> {
        store::clock_rules::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<ClockRule>>> {
        store::clock_rules::list(conn, request)
    }

    fn insert(conn: &mut Conn, rule: &ClockRule, version: i64) -> StoreResult<()> {
        store::clock_rules::insert(conn, rule, version)
    }

    fn update(conn: &mut Conn, rule: &ClockRule, version: i64) -> StoreResult<()> {
        store::clock_rules::update(conn, rule, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::clock_rules::delete(conn, key)
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<ClockRule>, _old: Option<&ClockRule>) -> Result<()> {
        let rule = &proposal.record;
        let mut violations = rule.check();
        if let Some(id) = &rule.unit_id
            && !store::units::exists(conn, id)?
        {
            violations.push(Error::unknown_unit("/unit_id", id));
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        let others = store::clock_rules::others(conn, rule)?;
        match others.iter().find(|other| other.valid_from == rule.valid_from) {
            Some(other) => Err(taken(other)),
            None => Ok(()),
        }
    }
}

fn taken(other: &ClockRule) -> Error {
    Error::Conflict {
        code: "duplicate",
        text: Text::new(
            format!("The rule `{}` begins on the same day for the same units.", other.id),
            format!("Quy tắc `{}` đã có hiệu lực từ cùng ngày cho cùng đơn vị.", other.id),
        ),
        violations: vec![Violation::new(
            "/valid_from",
            "duplicate",
            "A unit has one rule from a day on.",
            "Mỗi đơn vị chỉ có một quy tắc từ một ngày.",
        )],
    }
}

/// The rule of a unit on a day: its own, that of the nearest unit above that has one, the one for all units, or
/// the default.
///
/// # Errors
/// The database's.
pub fn in_force(conn: &mut Conn, unit_id: &str, day: Day) -> Result<ClockRule> {
    let rules = store::clock_rules::of_unit_and_above(conn, unit_id, day)?;
    let upwards = rules.iter().filter_map(|rule| rule.unit_id.as_deref());
    Ok(InForce::on(&rules, day).of(upwards).cloned().unwrap_or_default())
}

/// Which of the units count withdrawn dossiers as resolved on time: one query where no rule does.
///
/// Up to `until`, in stretches of days in which no rule begins: the last day of each, and the units that do so in it.
///
/// # Errors
/// The database's.
pub fn withdrawn_as_on_time(
    conn: &mut Conn,
    unit_ids: &[String],
    until: Day,
) -> Result<Vec<(Day, HashSet<String>)>> {
    let rules = store::clock_rules::all(conn)?;
    if !rules.iter().any(|rule| rule.withdrawn_counts_as == WithdrawnCount::OnTime) {
        return Ok(Vec::new());
    }
    // Who stands above matters only to rules of units.
    let of_units = rules.iter().any(|rule| rule.unit_id.is_some());
    let tree = Tree::new(if of_units { store::unit_tree::ever_above(conn, unit_ids)? } else { Vec::new() });
    let begins = rules.iter().filter_map(|rule| rule.valid_from).filter(|day| *day <= until);
    let lasts: BTreeSet<Day> = begins.map(Day::previous).chain([until]).collect();
    let of_stretch = |last: Day| {
        let held = InForce::on(&rules, last);
        let counts_as = |id: &str| {
            let upwards = std::iter::once(id).chain(tree.above(id, last));
            held.of(upwards).map(|rule| rule.withdrawn_counts_as)
        };
        let units = unit_ids.iter().filter(|id| counts_as(id) == Some(WithdrawnCount::OnTime));
        (last, units.cloned().collect())
    };
    Ok(lasts.into_iter().map(of_stretch).collect())
}
