//! Units as they were known when something was published, or as they are: what a revision tells of reforms stays as it
//! was, whatever is recorded later.

use std::collections::{HashMap, HashSet};

use crate::{
    domain::units::{Extent, Unit},
    store::{self, Conn, StoreResult},
};

/// Units in one state of what is known of them.
pub struct KnownUnits {
    /// Those that were written since, as they were; none for what was not there.
    then: HashMap<String, Option<Unit>>,
}

impl KnownUnits {
    /// As they were right after a change; without one, as they are.
    ///
    /// # Errors
    /// The database's.
    pub fn at(conn: &mut Conn, version: Option<i64>) -> StoreResult<Self> {
        let then = version.map(|version| store::unit_states::at(conn, version)).transpose()?;
        Ok(Self { then: then.unwrap_or_default() })
    }

    /// The ids of those that were written since.
    pub fn written_since(&self) -> impl Iterator<Item = &String> {
        self.then.keys()
    }

    /// Units by their id.
    ///
    /// # Errors
    /// The database's.
    pub fn with_ids<'a>(
        &self,
        conn: &mut Conn,
        ids: impl Iterator<Item = &'a String>,
    ) -> StoreResult<HashMap<String, Unit>> {
        let ids: HashSet<&String> = ids.collect();
        let (written, unwritten): (Vec<&String>, Vec<&String>) =
            ids.into_iter().partition(|id| self.then.contains_key(*id));
        let unwritten: Vec<String> = unwritten.into_iter().cloned().collect();
        let units = store::units::find_all(conn, &unwritten)?;
        let written = written.into_iter().filter_map(|id| self.then.get(id)?.clone());
        Ok(units.into_iter().chain(written).map(|unit| (unit.id.clone(), unit)).collect())
    }

    /// What some units took over, by the unit that did.
    ///
    /// # Errors
    /// The database's.
    pub fn before<'a>(
        &self,
        conn: &mut Conn,
        ids: impl Iterator<Item = &'a String>,
    ) -> StoreResult<HashMap<String, Vec<(Unit, Extent)>>> {
        let ids: HashSet<&String> = ids.collect();
        let asked: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        let mut passed = store::units::predecessors_of(conn, &asked)?;
        passed.retain(|(_, id, _)| !self.then.contains_key(id));
        for unit in self.then.values().flatten() {
            let to_these = unit.successors.iter().filter(|successor| ids.contains(&successor.unit_id));
            passed.extend(to_these.map(|to| (to.unit_id.clone(), unit.id.clone(), to.extent)));
        }
        passed.sort();
        let units = self.with_ids(conn, passed.iter().map(|(_, id, _)| id))?;
        let mut before: HashMap<String, Vec<(Unit, Extent)>> = HashMap::new();
        for (successor, id, extent) in passed {
            if let Some(unit) = units.get(&id) {
                before.entry(successor).or_default().push((unit.clone(), extent));
            }
        }
        Ok(before)
    }
}
