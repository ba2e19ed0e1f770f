//! The kinds of record that the change log tells of, and their records as they are: a new kind is added here, and in
//! [`sight`](super::sight).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::{
    access::Caller,
    api_keys::ApiKeys,
    calendars::Calendars,
    clock_rules::ClockRules,
    commendations::Commendations,
    crud::Resource,
    dossiers::Dossiers,
    editions::Editions,
    error::{Error, Result},
    improvement_actions::ImprovementActions,
    index_scores::IndexScores,
    indexes::Indexes,
    procedures::Procedures,
    reported_figures::ReportedFigures,
    returns::Returns,
    units::Units,
    webhooks::Webhooks,
};
pub use crate::domain::changes::ChangedResource;
use crate::store::{
    self, Conn, StoreError,
    changes::{Action, Logged},
    list::{self, After, Filter, Request, Sort, Test},
};

/// Does what is asked of the resource of a kind.
macro_rules! of_kind {
    ($kind:expr, |$resource:ident| $work:expr, editions: $editions:expr, form_reports: $form_reports:expr) => {
        match $kind {
            ChangedResource::Units => {
                type $resource = Units;
                $work
            }
            ChangedResource::Dossiers => {
                type $resource = Dossiers;
                $work
            }
            ChangedResource::Commendations => {
                type $resource = Commendations;
                $work
            }
            ChangedResource::ReportedFigures => {
                type $resource = ReportedFigures;
                $work
            }
            ChangedResource::ClockRules => {
                type $resource = ClockRules;
                $work
            }
            ChangedResource::ImprovementActions => {
                type $resource = ImprovementActions;
                $work
            }
            ChangedResource::Indexes => {
                type $resource = Indexes;
                $work
            }
            ChangedResource::IndexScores => {
                type $resource = IndexScores;
                $work
            }
            ChangedResource::Calendars => {
                type $resource = Calendars;
                $work
            }
            ChangedResource::Procedures => {
                type $resource = Procedures;
                $work
            }
            ChangedResource::ApiKeys => {
                type $resource = ApiKeys;
                $work
            }
            ChangedResource::Webhooks => {
                type $resource = Webhooks;
                $work
            }
            ChangedResource::Returns => {
                type $resource = Returns;
                $work
            }
            ChangedResource::Editions => $editions,
            ChangedResource::FormReports => $form_reports,
        }
    };
}

/// JSON text that was kept.
///
/// # Errors
/// When it can't be read.
pub(super) fn from_text(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|e| Error::Store(StoreError::Corrupt(e.to_string())))
}

/// A record as the change log keeps it.
///
/// # Errors
/// When it can't be written, which is a defect.
pub(super) fn to_value<T: Serialize>(record: &T) -> Result<Value> {
    serde_json::to_value(record).map_err(|e| Error::Store(StoreError::Other(e.to_string())))
}

/// Records by kind and id.
pub(super) type Present = HashMap<(String, String), Value>;

/// The records as they are of the changes that no other change follows.
pub(super) fn present_records(conn: &mut Conn, entries: &[Logged]) -> Result<Present> {
    let mut wanted: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for entry in entries {
        if entry.action != Action::Delete && entry.next_before.is_none() {
            wanted.entry(&entry.resource).or_default().insert(&entry.record_id);
        }
    }
    let mut present = Present::new();
    for (resource, ids) in wanted {
        let Ok(kind) = resource.parse::<ChangedResource>() else { continue };
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        for (id, record) in present_of(conn, kind, ids)? {
            present.insert((resource.to_owned(), id), record);
        }
    }
    Ok(present)
}

/// The records of one kind by their ids in the change log.
fn present_of(conn: &mut Conn, kind: ChangedResource, ids: Vec<String>) -> Result<Vec<(String, Value)>> {
    of_kind!(kind, |R| by_keys::<R>(conn, ids), editions: editions(conn, ids), form_reports: form_reports(conn, ids))
}

/// Records whose id in the change log is their key, in one query.
fn by_keys<R: Resource>(conn: &mut Conn, keys: Vec<String>) -> Result<Vec<(String, Value)>> {
    let limit = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    let column = R::TABLE.key;
    let filter = Filter { column, test: Test::OneOf, value: list::Value::Texts(keys) };
    let sort = Sort { column, descending: false };
    let found = R::list(conn, &Request { filters: vec![filter], sort, after: None, limit })?;
    found.iter().map(|found| Ok((R::record_id(&found.record), to_value(&found.record)?))).collect()
}

/// Editions are listed within an index, so they are found one by one.
fn editions(conn: &mut Conn, ids: Vec<String>) -> Result<Vec<(String, Value)>> {
    let mut found = Vec::new();
    for id in ids {
        if let Some(edition) = Editions::find(conn, &id)? {
            found.push((id, to_value(&edition.record)?));
        }
    }
    Ok(found)
}

/// Frozen reports, without their documents: these are at their own address.
fn form_reports(conn: &mut Conn, ids: Vec<String>) -> Result<Vec<(String, Value)>> {
    let mut found = Vec::new();
    for id in ids {
        if let Some(report) = store::form_reports::find(conn, &id)? {
            found.push((id, to_value(&report)?));
        }
    }
    Ok(found)
}

/// A page of the records of a kind in the order of their ids, behind one of them. What the caller's units leave out of
/// a list is left out here too; what it may not see of the others is for `sight` to say.
pub(super) fn page_of(
    conn: &mut Conn,
    caller: &Caller,
    kind: ChangedResource,
    after: Option<String>,
    limit: u32,
) -> Result<Vec<(String, Value)>> {
    of_kind!(
        kind,
        |R| listed::<R>(conn, caller, after, limit),
        editions: {
            let keys = store::editions::keys(conn, after.as_deref(), limit)?;
            editions(conn, keys)
        },
        form_reports: {
            let ids = store::form_reports::ids(conn, after.as_deref(), limit)?;
            form_reports(conn, ids)
        }
    )
}

fn listed<R: Resource>(
    conn: &mut Conn,
    caller: &Caller,
    after: Option<String>,
    limit: u32,
) -> Result<Vec<(String, Value)>> {
    let column = R::TABLE.key;
    let after = after.map(|key| After { value: Some(list::Value::Text(key.clone())), key });
    let sort = Sort { column, descending: false };
    let mut request = Request { filters: Vec::new(), sort, after, limit };
    request.filters.extend(R::sight(caller, &request));
    let mut found = R::list(conn, &request)?;
    // A list reads one more than it was asked for.
    found.truncate(limit as usize);
    found.iter().map(|found| Ok((R::record_id(&found.record), to_value(&found.record)?))).collect()
}
