//! Snapshots: every record as it is, for a follower who begins, or whose place in the feed is no longer kept.
//!
//! The pages are read one after another, each from a newer state than the one before. That does no harm: the place in
//! the feed was taken before the first page, so every change that is missing in a page, or in some pages and not in
//! others, is told behind it, and a follower who writes what each change says last ends with the present state.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    changed_resources::{ChangedResource, page_of},
    changes::published,
    edition_cycle::may_see_frameworks,
    error::Result,
    sight::Sight,
};
use crate::store::{
    Conn, Store,
    changes::{self, Place},
};

/// A record of a snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotRecord {
    /// Its kind.
    pub resource: ChangedResource,
    /// Its id in the change log.
    pub id: String,
    /// As the caller sees it.
    pub record: Value,
}

/// Where a page of a snapshot begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPlace {
    /// Place of the feed that was current before the first page.
    pub tx: i64,
    /// The same.
    pub id: i64,
    /// The kind that is told now.
    pub resource: ChangedResource,
    /// Behind this record of the kind; from its first when absent.
    pub after: Option<String>,
}

impl SnapshotPlace {
    /// Where to follow the feed from.
    pub fn feed(&self) -> Place {
        Place { tx: self.tx, id: self.id }
    }
}

/// A page of a snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotPage {
    /// The records by kind, and by id within a kind.
    pub records: Vec<SnapshotRecord>,
    /// Where to follow the feed from when all pages are read.
    pub feed: Place,
    /// Where the next page begins; none after the last.
    pub next: Option<SnapshotPlace>,
}

/// A page of the records as they are, of all kinds or of one.
///
/// # Errors
/// The database's.
pub async fn page(
    store: &Store,
    sight: Sight,
    only: Option<ChangedResource>,
    from: Option<SnapshotPlace>,
    limit: u32,
) -> Result<SnapshotPage> {
    store.read(move |conn| page_in(conn, &sight, only, from, limit)).await
}

fn page_in(
    conn: &mut Conn,
    sight: &Sight,
    only: Option<ChangedResource>,
    from: Option<SnapshotPlace>,
    limit: u32,
) -> Result<SnapshotPage> {
    let feed = match &from {
        Some(place) => place.feed(),
        None => changes::end(conn)?,
    };
    let first = from.as_ref().map(|place| place.resource);
    let told = |kind: &&ChangedResource| only.is_none_or(|only| only == **kind) && sight.may_see_any(**kind);
    let mut kinds =
        ChangedResource::ALL.iter().filter(told).skip_while(|kind| first.is_some_and(|f| f != **kind));
    let place = |resource, after| SnapshotPlace { tx: feed.tx, id: feed.id, resource, after };
    let mut after = from.and_then(|place| place.after);
    let mut records = Vec::new();
    let mut looked_at: u32 = 0;
    let Some(mut kind) = kinds.next().copied() else { return Ok(SnapshotPage { records, feed, next: None }) };
    // A page ends when as many records were looked at, whether or not the caller sees them.
    while looked_at < limit {
        let wanted = limit - looked_at;
        let found = page_of(conn, &sight.caller, kind, after.take(), wanted)?;
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        looked_at += count;
        after = found.last().map(|(id, _)| id.clone());
        for (id, record) in found {
            let record = public_edition(conn, sight, kind, &id, record)?;
            if let Some(record) = record.and_then(|record| sight.shown(kind, record)) {
                records.push(SnapshotRecord { resource: kind, id, record });
            }
        }
        if count < wanted {
            match kinds.next() {
                Some(next) => (kind, after) = (*next, None),
                None => return Ok(SnapshotPage { records, feed, next: None }),
            }
        }
    }
    Ok(SnapshotPage { records, feed, next: Some(place(kind, after)) })
}

/// To a caller who may not see frameworks an edition is what was published last.
fn public_edition(
    conn: &mut Conn,
    sight: &Sight,
    kind: ChangedResource,
    id: &str,
    record: Value,
) -> Result<Option<Value>> {
    if kind != ChangedResource::Editions || may_see_frameworks(&sight.caller) {
        return Ok(Some(record));
    }
    published(conn, id, record.get("revision").and_then(Value::as_i64))
}
