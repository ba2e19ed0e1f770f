//! The feed of changes: each with the record before and after, all read from one state of the data, as its reader
//! sees them.
//!
//! What a change made is what the next change of the record found; of the last one it is the record as it is.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    changed_resources::{ChangedResource, Present, from_text, present_records, to_value},
    edition_cycle::may_see_frameworks,
    editions::parse_key,
    error::{Error, Result},
    reach_changes,
    sight::Sight,
};
use crate::{
    domain::time::Moment,
    store::{
        self, Conn, Store,
        changes::{Action, FeedRequest, Logged, Place},
        edition_revisions::Wanted,
    },
};

/// Entries that a page looks through at most: what a caller sees may lie far apart.
const SCANNED: usize = 2000;

/// Entries that are read at once while a page looks for what the caller sees.
const READ_AT_ONCE: u32 = 500;

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

/// Which changes somebody asks for.
#[derive(Debug, Clone)]
pub struct Question {
    /// Behind this place; from the beginning when absent.
    pub after: Option<Place>,
    /// Of this kind of record.
    pub resource: Option<ChangedResource>,
    /// Of the record of this id.
    pub record_id: Option<String>,
    /// Most changes.
    pub limit: u32,
    /// Whether the feed ends where a change of the tree alters what the reader reaches: a follower begins anew there.
    pub ends_with_reach: bool,
}

/// A page of the feed.
#[derive(Debug, Clone)]
pub struct FeedPage {
    /// The changes, oldest first.
    pub changes: Vec<Change>,
    /// Where to go on, also behind what the caller doesn't see.
    pub next: Place,
    /// Whether more may follow at once.
    pub more: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    v: u8,
    tx: i64,
    id: i64,
}

/// A place as callers keep it.
pub fn cursor(place: Place) -> String {
    // A struct of three numbers always writes.
    let json = serde_json::to_vec(&Token { v: 1, tx: place.tx, id: place.id }).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(json)
}

/// The place of a cursor; none where it is no cursor of the feed.
pub fn place_of(cursor: &str) -> Option<Place> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let token: Token = serde_json::from_slice(&bytes).ok()?;
    (token.v == 1 && token.tx >= 0 && token.id >= 0).then_some(Place { tx: token.tx, id: token.id })
}

/// A page of the feed, oldest first.
///
/// # Errors
/// `Expired` when the place is older than what is kept, or what the reader reaches was altered right behind it; the
/// database's.
pub async fn feed(store: &Store, sight: Sight, question: Question) -> Result<FeedPage> {
    store.read(move |conn| feed_in(conn, &sight, &question)).await
}

/// [`feed`] within a transaction.
///
/// # Errors
/// Those of [`feed`].
pub fn feed_in(conn: &mut Conn, sight: &Sight, question: &Question) -> Result<FeedPage> {
    let after = question.after.unwrap_or_default();
    if store::audit::purged_up_to(conn)?.is_some_and(|purged| after < purged) {
        return Err(expired(conn)?);
    }
    let turn =
        if question.ends_with_reach { reach_changes::first_after(conn, &sight.caller, after)? } else { None };
    let limit = question.limit as usize;
    let mut page = FeedPage { changes: Vec::new(), next: after, more: true };
    let mut request = FeedRequest {
        after,
        up_to: turn.map(|turn| Place { id: turn.id - 1, ..turn }),
        resource: question.resource.map(|resource| resource.to_string()),
        record_id: question.record_id.clone(),
        limit: question.limit,
    };
    let mut scanned = 0;
    while page.more && page.changes.len() < limit && scanned < SCANNED {
        let entries = store::changes::page(conn, &request)?;
        scanned += entries.len();
        page.more = entries.len() == request.limit as usize;
        for change in tell(conn, entries)? {
            let place = change.place;
            if page.changes.len() == limit {
                page.more = true;
                break;
            }
            page.next = place;
            let public = public_edition(conn, sight, change)?;
            page.changes.extend(public.and_then(|change| sight.seen(change)));
        }
        request.after = page.next;
        request.limit = READ_AT_ONCE;
    }
    if turn.is_some() && !page.more {
        if page.changes.is_empty() {
            return Err(expired(conn)?);
        }
        page.more = true;
    }
    Ok(page)
}

/// The feed can't be gone on with: its follower begins anew at its end.
fn expired(conn: &mut Conn) -> Result<Error> {
    Ok(Error::Expired { cursor: cursor(store::changes::end(conn)?) })
}

/// The change at a place, as the reader sees it; none where the reader sees nothing of it, or it is no longer kept.
///
/// # Errors
/// The database's.
pub fn change_at(conn: &mut Conn, sight: &Sight, place: Place) -> Result<Option<Change>> {
    let after = Place { id: place.id - 1, ..place };
    let request = FeedRequest { after, up_to: Some(place), limit: 1, ..FeedRequest::default() };
    let entries = store::changes::page(conn, &request)?;
    let Some(change) = tell(conn, entries)?.pop() else { return Ok(None) };
    Ok(public_edition(conn, sight, change)?.and_then(|change| sight.seen(change)))
}

/// Entries with the records before and after.
///
/// # Errors
/// The database's.
pub(super) fn tell(conn: &mut Conn, entries: Vec<Logged>) -> Result<Vec<Change>> {
    let present = present_records(conn, &entries)?;
    entries.into_iter().map(|entry| told(entry, &present)).collect()
}

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

/// To a caller who may not see frameworks a change of an edition is the publication of a revision, or nothing.
fn public_edition(conn: &mut Conn, sight: &Sight, change: Change) -> Result<Option<Change>> {
    if change.resource != ChangedResource::Editions.as_str() || may_see_frameworks(&sight.caller) {
        return Ok(Some(change));
    }
    let revision = |state: &Option<Value>| state.as_ref()?.get("revision")?.as_i64();
    let (before, after) = (revision(&change.before), revision(&change.after));
    if before == after {
        return Ok(None);
    }
    let before = published(conn, &change.id, before)?;
    let after = published(conn, &change.id, after)?;
    Ok(Some(Change { before, after, ..change }))
}

/// An edition as a revision published it.
pub(super) fn published(conn: &mut Conn, key: &str, revision: Option<i64>) -> Result<Option<Value>> {
    let number = revision.and_then(|number| i32::try_from(number).ok());
    let (Some((index, year)), Some(number)) = (parse_key(key), number) else { return Ok(None) };
    let found = store::edition_revisions::find(conn, index, year, Wanted::Number(number))?;
    found.map(|found| to_value(&found.edition)).transpose()
}
