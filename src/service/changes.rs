//! The feed of changes: each with the record before and after, all read from one state of the data.
//!
//! What a change made is what the next change of the record found; of the last one it is the record as it is.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::{
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
};
use crate::{
    domain::{time::Moment, words::words},
    store::{
        self, Conn, Store, StoreError,
        changes::{Action, FeedRequest, Logged, Place},
        list::{self, Filter, Request, Sort, Test},
    },
};

words! {
    /// A kind of record in the change log.
    pub enum ChangedResource {
        /// Units.
        Units = "units",
        /// Dossiers.
        Dossiers = "dossiers",
        /// Indexes.
        Indexes = "indexes",
        /// Editions; the id is `pci/2016`.
        Editions = "editions",
        /// Index scores.
        IndexScores = "index-scores",
        /// Commendations.
        Commendations = "commendations",
        /// Reported figures.
        ReportedFigures = "reported-figures",
        /// Improvement actions.
        ImprovementActions = "improvement-actions",
        /// Calendars.
        Calendars = "calendars",
        /// Procedures.
        Procedures = "procedures",
        /// Frozen reports; the id is `gso-874/2020/statutory/1`.
        FormReports = "form-reports",
        /// Returns of units that send totals only.
        Returns = "returns",
        /// Clock rules.
        ClockRules = "clock-rules",
        /// Keys; told to administrators alone.
        ApiKeys = "api-keys",
    }
}

/// A change.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its place in the feed.
    pub place: Place,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
    /// Which kind of record.
    pub resource: String,
    /// Which record.
    pub id: String,
    /// What was done.
    pub action: Action,
    /// Why, where the caller said so.
    pub reason: Option<String>,
    /// The record before; none for a creation.
    pub before: Option<Value>,
    /// The record after; none for a deletion.
    pub after: Option<Value>,
}

/// A page of the feed, oldest first.
///
/// # Errors
/// The database's.
pub async fn feed(store: &Store, request: FeedRequest) -> Result<Vec<Change>> {
    store
        .read(move |conn| {
            let entries = store::changes::page(conn, &request)?;
            let present = present_records(conn, &entries)?;
            entries.into_iter().map(|entry| told(entry, &present)).collect()
        })
        .await
}

type Present = HashMap<(String, String), Value>;

fn told(entry: Logged, present: &Present) -> Result<Change> {
    let after = match (entry.action, &entry.next_before) {
        (Action::Delete, _) => None,
        (Action::Create | Action::Update, Some(next)) => Some(from_text(next)?),
        (Action::Create | Action::Update, None) => {
            present.get(&(entry.resource.clone(), entry.record_id.clone())).cloned()
        }
    };
    Ok(Change {
        before: entry.before.as_deref().map(from_text).transpose()?,
        after,
        place: entry.place,
        at: entry.at,
        actor: entry.actor,
        resource: entry.resource,
        id: entry.record_id,
        action: entry.action,
        reason: entry.reason,
    })
}

fn from_text(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|e| Error::Store(StoreError::Corrupt(e.to_string())))
}

fn to_value<T: Serialize>(record: &T) -> Result<Value> {
    serde_json::to_value(record).map_err(|e| Error::Store(StoreError::Other(e.to_string())))
}

/// The records as they are of the changes that no other change follows.
fn present_records(conn: &mut Conn, entries: &[Logged]) -> Result<Present> {
    let mut wanted: HashMap<&str, HashSet<&str>> = HashMap::new();
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

/// The records of one kind by their ids in the change log: a new kind of record is added here.
fn present_of(conn: &mut Conn, kind: ChangedResource, ids: Vec<String>) -> Result<Vec<(String, Value)>> {
    match kind {
        ChangedResource::Units => by_keys::<Units>(conn, ids),
        ChangedResource::Dossiers => by_keys::<Dossiers>(conn, ids),
        ChangedResource::Commendations => by_keys::<Commendations>(conn, ids),
        ChangedResource::ReportedFigures => by_keys::<ReportedFigures>(conn, ids),
        ChangedResource::ClockRules => by_keys::<ClockRules>(conn, ids),
        ChangedResource::ImprovementActions => by_keys::<ImprovementActions>(conn, ids),
        ChangedResource::Indexes => by_keys::<Indexes>(conn, ids),
        ChangedResource::IndexScores => by_keys::<IndexScores>(conn, ids),
        ChangedResource::Calendars => by_keys::<Calendars>(conn, ids),
        ChangedResource::Procedures => by_keys::<Procedures>(conn, ids),
        ChangedResource::ApiKeys => by_keys::<ApiKeys>(conn, ids),
        ChangedResource::Editions => editions(conn, ids),
        ChangedResource::Returns => by_keys::<Returns>(conn, ids),
        ChangedResource::FormReports => form_reports(conn, ids),
    }
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
