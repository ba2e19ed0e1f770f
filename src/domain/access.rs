//! What a caller is entitled to: scopes, and the units that they hold for.
//!
//! A grant names one unit at most. It reaches that unit, all below it today, and the predecessors that passed
//! wholly to one of these, so that a successor still sees the history; predecessors that passed to it in part are
//! reached only where the grant names them. An abolished unit has no subtree today.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{
    time::Day,
    units::{Extent, Validity},
    words::words,
};

words! {
    /// Something that a caller may do.
    pub enum Scope {
        /// Read dossiers, their histories and exports.
        DossiersRead = "dossiers:read",
        /// Write dossiers, events, transfers and imports of them.
        DossiersWrite = "dossiers:write",
        /// Read scores that are not published, and rankings of them.
        ScoresRead = "scores:read",
        /// Write index scores and import tables of them.
        ScoresWrite = "scores:write",
        /// Write indexes and editions, move them through their cycle and publish them.
        IndexesPublish = "indexes:publish",
        /// Read the names of individual recipients of commendations.
        CommendationsRead = "commendations:read",
        /// Write commendations.
        CommendationsWrite = "commendations:write",
        /// Write units, calendars, procedures and clock rules.
        UnitsWrite = "units:write",
        /// Write reported figures, improvement actions and returns, and freeze reports.
        ReportsWrite = "reports:write",
        /// Everything, keys and the audit log included.
        Admin = "admin",
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u16);

impl Scopes {
    /// Whether the scope is among them; `admin` is every scope.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (bit(scope) | bit(Scope::Admin)) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes as they were given, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.0 & bit(*scope) != 0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().map(bit).fold(0, |all, one| all | one))
    }
}

fn bit(scope: Scope) -> u16 {
    1 << (scope as u16)
}

/// What a key or a token entitles to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// What may be done.
    pub scopes: Scopes,
    /// For which unit and what it reaches; for all units without one.
    pub unit_id: Option<String>,
    /// Predecessors of reached units that passed to them in part, and are reached all the same.
    pub partial_predecessors: Vec<String>,
}

impl Grant {
    /// Everything, for all units.
    pub fn everything() -> Self {
        Self { scopes: [Scope::Admin].into_iter().collect(), unit_id: None, partial_predecessors: Vec::new() }
    }
}

/// A unit as reaching needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    /// The unit.
    pub id: String,
    /// The unit directly above today.
    pub parent_id: Option<String>,
    /// When it exists.
    pub validity: Validity,
    /// Units that it passed to when it ended.
    pub successors: Vec<(String, Extent)>,
}

/// The units that a grant for `unit_id` reaches on a day.
pub fn reach(units: &[Reachable], unit_id: &str, partial: &[String], today: Day) -> HashSet<String> {
    let mut below: BTreeMap<&str, Vec<&Reachable>> = BTreeMap::new();
    let mut before: BTreeMap<&str, Vec<(&Reachable, Extent)>> = BTreeMap::new();
    for unit in units {
        if let Some(parent) = &unit.parent_id {
            below.entry(parent).or_default().push(unit);
        }
        for (successor, extent) in &unit.successors {
            before.entry(successor).or_default().push((unit, *extent));
        }
    }
    let exists = |id: &str| units.iter().any(|unit| unit.id == id && unit.validity.holds(today));
    let mut reached = BTreeSet::from([unit_id]);
    let mut waiting = if exists(unit_id) { vec![unit_id] } else { Vec::new() };
    while let Some(id) = waiting.pop() {
        for unit in below.get(id).into_iter().flatten() {
            if unit.validity.holds(today) && reached.insert(&unit.id) {
                waiting.push(&unit.id);
            }
        }
    }
    let mut waiting: Vec<&str> = reached.iter().copied().collect();
    while let Some(id) = waiting.pop() {
        for (unit, extent) in before.get(id).into_iter().flatten() {
            let named = || partial.contains(&unit.id);
            if (*extent == Extent::Whole || named()) && reached.insert(&unit.id) {
                waiting.push(&unit.id);
            }
        }
    }
    reached.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn unit(id: &str, parent: Option<&str>, ended: bool, successors: &[(&str, Extent)]) -> Reachable {
        let reform = Day::new(2025, 7, 1);
        Reachable {
            id: id.to_owned(),
            parent_id: parent.map(str::to_owned),
            validity: match ended {
                true => Validity { from: None, to: reform },
                false => Validity { from: reform, to: None },
            },
            successors: successors.iter().map(|(id, extent)| ((*id).to_owned(), *extent)).collect(),
        }
    }

    fn reached(unit: &str, partial: &[&str], today: &str) -> Vec<String> {
        let units = reform();
        let partial: Vec<String> = partial.iter().map(|id| (*id).to_owned()).collect();
        let mut found: Vec<String> =
            reach(&units, unit, &partial, today.parse().unwrap()).into_iter().collect();
        found.sort();
        found
    }

    /// A district with three communes until the reform; a province with two communes since.
    fn reform() -> Vec<Reachable> {
        use Extent::{Part, Whole};
        vec![
            unit("old-province", None, true, &[("province", Whole)]),
            unit("district", Some("old-province"), true, &[("x", Part), ("y", Part)]),
            unit("a", Some("district"), true, &[("x", Whole)]),
            unit("b", Some("district"), true, &[("x", Whole)]),
            unit("c", Some("district"), true, &[("x", Part), ("y", Part)]),
            unit("province", None, false, &[]),
            unit("x", Some("province"), false, &[]),
            unit("y", Some("province"), false, &[]),
        ]
    }

    #[test]
    fn a_commune_reaches_what_passed_to_it_wholly() {
        assert_eq!(reached("x", &[], "2025-08-01"), ["a", "b", "x"]);
        assert_eq!(reached("y", &[], "2025-08-01"), ["y"]);
    }

    #[test]
    fn a_part_is_reached_where_the_grant_names_it() {
        assert_eq!(reached("y", &["c"], "2025-08-01"), ["c", "y"]);
        assert_eq!(reached("y", &["a"], "2025-08-01"), ["y"], "it passed to another");
    }

    #[test]
    fn a_province_reaches_its_communes_and_their_history() {
        assert_eq!(reached("province", &[], "2025-08-01"), ["a", "b", "old-province", "province", "x", "y"]);
    }

    #[test]
    fn an_abolished_unit_has_no_subtree() {
        assert_eq!(reached("district", &[], "2025-08-01"), ["district"]);
        assert_eq!(reached("district", &[], "2025-06-30"), ["a", "b", "c", "district"]);
    }

    #[test]
    fn a_unit_that_is_not_there_reaches_itself_alone() {
        assert_eq!(reached("nowhere", &[], "2025-08-01"), ["nowhere"]);
    }

    #[test]
    fn admin_is_every_scope() {
        let admin: Scopes = [Scope::Admin].into_iter().collect();
        assert!(Scope::ALL.iter().all(|scope| admin.has(*scope)));
        let one: Scopes = [Scope::ScoresRead].into_iter().collect();
        assert_eq!(Scope::ALL.iter().filter(|scope| one.has(**scope)).count(), 1);
        assert!(Scopes::default().is_empty() && !admin.is_empty());
    }
}
