//! Changes of the tree of units that alter what a key reaches: records come into its sight, or leave it, without a
//! change of their own. A feed can't tell of them, so who follows begins anew from a snapshot.

use serde_json::Value;

use super::{
    access::{Caller, Reach},
    changed_resources::ChangedResource,
    changes::{Change, tell},
    error::Result,
};
use crate::store::{
    self, Conn,
    changes::{Action, FeedRequest, Place},
};

/// Entries that are looked through at once.
const AT_ONCE: u32 = 500;

/// Members of a unit that decide what is below it, or passed to another.
const DECIDING: [&str; 4] = ["parent_id", "valid_from", "valid_to", "successors"];

/// The first change behind a place that may alter what the caller reaches; none for who reaches everything.
///
/// # Errors
/// The database's.
pub(super) fn first_after(conn: &mut Conn, caller: &Caller, after: Place) -> Result<Option<Place>> {
    if caller.reach == Reach::Everything {
        return Ok(None);
    }
    let resource = Some(ChangedResource::Units.to_string());
    let mut request = FeedRequest { after, resource, limit: AT_ONCE, ..FeedRequest::default() };
    loop {
        let entries = store::changes::page(conn, &request)?;
        let Some(last) = entries.last().map(|entry| entry.place) else { return Ok(None) };
        let is_last = entries.len() < AT_ONCE as usize;
        // A unit that is new, or was taken away, has no records.
        let updates = entries.into_iter().filter(|entry| entry.action == Action::Update).collect();
        let found = tell(conn, updates)?.into_iter().find(|change| alters(caller, change));
        if let Some(change) = found {
            return Ok(Some(change.place));
        }
        if is_last {
            return Ok(None);
        }
        request.after = last;
    }
}

fn alters(caller: &Caller, change: &Change) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return false };
    if DECIDING.iter().all(|member| before.get(member) == after.get(member)) {
        return false;
    }
    let states = [before, after];
    caller.reaches(&change.id) || states.into_iter().flat_map(above).any(|unit| caller.reaches(unit))
}

/// The units through which a unit is reached: its parent, and those that it passed to.
fn above(unit: &Value) -> impl Iterator<Item = &str> {
    let successors = unit.get("successors").and_then(Value::as_array).into_iter().flatten();
    let passed_to = successors.filter_map(|successor| successor.get("unit_id"));
    unit.get("parent_id").into_iter().chain(passed_to).filter_map(Value::as_str)
}
