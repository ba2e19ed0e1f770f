//! Units as they were before each change: rows are added and read, and never change.

use std::collections::{HashMap, hash_map::Entry};

use diesel::prelude::*;

use super::{
    conn::{Conn, either},
    error::StoreResult,
    row,
    schema::unit_states,
};
use crate::domain::units::Unit;

#[derive(Queryable, Insertable)]
#[diesel(table_name = unit_states)]
struct StateRow {
    ended_by: i64,
    unit_id: String,
    unit: Option<String>,
}

/// Keeps the state of a unit that a change ends; none where the change makes the unit.
pub fn insert(conn: &mut Conn, ended_by: i64, id: &str, unit: Option<&Unit>) -> StoreResult<()> {
    let row = StateRow { ended_by, unit_id: id.to_owned(), unit: unit.map(row::json).transpose()? };
    diesel::insert_into(unit_states::table).values(row).execute(conn)?;
    Ok(())
}

/// Every unit that was written since a change, as it was right after that change; none for one that was not there.
pub fn at(conn: &mut Conn, version: i64) -> StoreResult<HashMap<String, Option<Unit>>> {
    let later = unit_states::table.filter(unit_states::ended_by.gt(version)).order(unit_states::ended_by);
    let ended: Vec<StateRow> = either!(conn, |conn| later.load(conn))?;
    let mut then = HashMap::new();
    for state in ended {
        // The first that ended since is the one that stood then.
        if let Entry::Vacant(first) = then.entry(state.unit_id) {
            first.insert(state.unit.as_deref().map(row::from_json).transpose()?);
        }
    }
    Ok(then)
}
