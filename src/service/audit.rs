//! The audit log: who did what when from where, sealed by hash so that a change to it shows.
//!
//! Entries are sealed shortly after their commit, in the feed's order, some at a time: a seal's hash is over the hash
//! of the seal before, what the seal says of itself and the digest of its entries, so that writers never wait for each
//! other and nothing of the past can change without every later seal. The digest stays when the entries are taken
//! away, which happens to the oldest first. What an entry's change made is sealed as the `before` of the record's next
//! entry; of the last one it is the record itself, whose JSON may gain members with a new release, and so is not
//! sealed.

use std::{collections::BTreeMap, fmt::Write};

use sha2::{Digest, Sha256};

use super::{
    changes::{Change, tell},
    error::{Error, Result},
};
use crate::{
    domain::{text::hexadecimal, time::Moment},
    store::{
        self, Store, StoreError,
        audit::{AuditRequest, Seal},
        changes::{FeedRequest, Logged, Place},
    },
};

/// Entries of a seal at most.
const SEALED_AT_ONCE: u32 = 1000;

/// Characters of an entry's hash in the marks of its seal.
const MARK: usize = 8;

/// What the first seal follows.
const BEGINNING: &str = "chiso";

/// The hash of an entry: of all that is stored of it, as a JSON array.
fn hash_of(entry: &Logged) -> Result<String> {
    let stored = (
        entry.place.tx,
        entry.place.id,
        entry.at.micros(),
        &entry.actor,
        &entry.caller_id,
        &entry.source,
        &entry.request_id,
        &entry.resource,
        &entry.record_id,
        entry.action.as_str(),
        &entry.reason,
        &entry.before,
    );
    let text = serde_json::to_vec(&stored).map_err(|e| Error::Store(StoreError::Other(e.to_string())))?;
    Ok(hexadecimal(&Sha256::digest(text)))
}

/// The digest of entries, and their marks, which begin with it.
fn marks_of(entries: &[Logged]) -> Result<(String, String)> {
    let (mut digest, mut marks) = (Sha256::new(), String::new());
    for entry in entries {
        let hash = hash_of(entry)?;
        digest.update(format!("{hash}\n"));
        let mark = hash.get(..MARK).unwrap_or_default();
        let _ = write!(marks, " {}:{mark}", entry.place.id);
    }
    let digest = hexadecimal(&digest.finalize());
    let marks = format!("{digest}{marks}");
    Ok((digest, marks))
}

/// The hash of a seal: over that of the seal before, what is stored of this one, and the digest of its entries.
fn hash_of_seal(before: &str, seal: &Seal, digest: &str) -> String {
    let Seal { number, last: Place { tx, id }, entries, .. } = seal;
    let (newest_at, sealed_at) = (seal.newest_at.micros(), seal.sealed_at.micros());
    let mut hash = Sha256::new();
    hash.update(format!("{number}\n{before}\n{tx}\n{id}\n{entries}\n"));
    hash.update(format!("{newest_at}\n{sealed_at}\n{digest}\n"));
    hexadecimal(&hash.finalize())
}

/// Seals what can be sealed, up to a number of entries; gives how many were sealed.
///
/// # Errors
/// The database's.
pub async fn seal(store: &Store, now: Moment) -> Result<u32> {
    let next = store
        .read(move |conn| {
            let last = store::audit::last_seal(conn)?;
            let after = last.as_ref().map_or_else(Place::default, |last| last.last);
            let request = FeedRequest { after, limit: SEALED_AT_ONCE, ..FeedRequest::default() };
            let entries = store::changes::page(conn, &request)?;
            let Some(newest) = entries.last() else { return Ok::<_, Error>(None) };
            let number = last.as_ref().map_or(1, |last| last.number + 1);
            let before = last.map_or_else(|| BEGINNING.to_owned(), |last| last.hash);
            let (digest, marks) = marks_of(&entries)?;
            let mut seal = Seal {
                number,
                last: newest.place,
                entries: i64::try_from(entries.len()).unwrap_or(i64::MAX),
                marks,
                hash: String::new(),
                newest_at: entries.iter().map(|entry| entry.at).max().unwrap_or(now),
                sealed_at: now,
                purged_at: None,
            };
            seal.hash = hash_of_seal(&before, &seal, &digest);
            Ok(Some(seal))
        })
        .await?;
    let Some(seal) = next else { return Ok(0) };
    let count = u32::try_from(seal.entries).unwrap_or(u32::MAX);
    // Where another instance was faster, its seal is the one.
    store.write(move |conn| Ok::<_, Error>(store::audit::add_seal(conn, &seal)?)).await?;
    Ok(count)
}

/// Takes away sealed entries that are older than a moment, oldest first; gives how many seals were emptied.
///
/// # Errors
/// The database's.
pub async fn purge(store: &Store, older_than: Moment, now: Moment) -> Result<u32> {
    let mut emptied = 0;
    while store.write(move |conn| Ok::<_, Error>(store::audit::purge_one(conn, older_than, now)?)).await? {
        emptied += 1;
    }
    Ok(emptied)
}

/// Something in the log that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An entry differs from the one that was sealed.
    Changed(i64),
    /// An entry is gone.
    Missing(i64),
    /// An entry stands among sealed ones and was not sealed.
    Inserted(i64),
    /// The hash of a seal doesn't follow from the seal before, itself and its entries, which are as they were marked.
    Seal(i64),
    /// A seal says that its entries are no longer kept, and they are there, or older ones are, or it was not made yet
    /// when they are said to have gone.
    Purged(i64),
    /// A seal is gone.
    SealMissing(i64),
}

/// Seals, one behind the other, whose entries were taken away at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// Number of the first.
    pub first: i64,
    /// Number of the last.
    pub last: i64,
    /// When.
    pub at: Moment,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Seals whose entries were compared.
    pub seals: u64,
    /// Entries that were compared.
    pub entries: u64,
    /// Seals whose entries are no longer kept.
    pub purged: u64,
    /// When these were taken away.
    pub purges: Vec<Purge>,
    /// What differs.
    pub findings: Vec<Finding>,
    /// Entries that are not sealed yet.
    pub tail: i64,
    /// The oldest moment of these.
    pub tail_since: Option<Moment>,
    /// Number and hash of the last seal.
    pub head: Option<(i64, String)>,
    /// Hash of the seal that was asked for.
    pub anchor: Option<String>,
}

/// Computes every seal again and compares; tells the hash of the seal `anchor`.
///
/// # Errors
/// The database's.
pub async fn verify(store: &Store, anchor: Option<i64>) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    let mut last: Option<Seal> = None;
    loop {
        let before = last.clone();
        let step = store.read(move |conn| {
            let number = before.as_ref().map_or(0, |seal| seal.number);
            let Some(seal) = store::audit::seals(conn, number, 1)?.pop() else { return Ok::<_, Error>(None) };
            let after = before.as_ref().map_or_else(Place::default, |seal| seal.last);
            // Many inserted entries may stand among the sealed ones.
            let limit = u32::MAX / 4;
            let request = FeedRequest { after, up_to: Some(seal.last), limit, ..FeedRequest::default() };
            let entries = store::changes::page(conn, &request)?;
            let keeps_older = seal.purged_at.is_some() && store::audit::keeps_older(conn, seal.number)?;
            Ok(Some((seal, entries, keeps_older)))
        });
        let Some((seal, entries, keeps_older)) = step.await? else { break };
        verdict.look_at_purge(&seal, entries.is_empty() && !keeps_older);
        compare(&mut verdict, last.as_ref(), &seal, &entries)?;
        verdict.head = Some((seal.number, seal.hash.clone()));
        if anchor == Some(seal.number) {
            verdict.anchor = Some(seal.hash.clone());
        }
        last = Some(seal);
    }
    let end = last.map_or_else(Place::default, |seal| seal.last);
    (verdict.tail, verdict.tail_since) =
        store.read(move |conn| Ok::<_, Error>(store::audit::tail(conn, end)?)).await?;
    Ok(verdict)
}

impl Verdict {
    /// Notes when a seal's entries were taken away, where it says so; `plain` where they and all older ones are gone.
    fn look_at_purge(&mut self, seal: &Seal, plain: bool) {
        let Some(at) = seal.purged_at else { return };
        match self.purges.last_mut() {
            Some(purge) if purge.at == at && purge.last + 1 == seal.number => purge.last = seal.number,
            _ => self.purges.push(Purge { first: seal.number, last: seal.number, at }),
        }
        if !plain || at < seal.newest_at || at < seal.sealed_at {
            self.findings.push(Finding::Purged(seal.number));
        }
    }
}

fn compare(verdict: &mut Verdict, before: Option<&Seal>, seal: &Seal, entries: &[Logged]) -> Result<()> {
    let expected = before.map_or(1, |before| before.number + 1);
    verdict.findings.extend((expected..seal.number).map(Finding::SealMissing));
    let (digest, marks) = if seal.purged_at.is_some() && entries.is_empty() {
        verdict.purged += 1;
        (seal.digest().to_owned(), seal.marks.clone())
    } else {
        verdict.seals += 1;
        verdict.entries += entries.len() as u64;
        marks_of(entries)?
    };
    let hash = hash_of_seal(before.map_or(BEGINNING, |before| &before.hash), seal, &digest);
    if hash == seal.hash && marks == seal.marks {
        return Ok(());
    }
    let mut wanted = by_id(&seal.marks);
    let mut found = Vec::new();
    for (id, mark) in by_id(&marks) {
        match wanted.remove(&id) {
            None => found.push(Finding::Inserted(id)),
            Some(sealed) if sealed != mark => found.push(Finding::Changed(id)),
            Some(_) => {}
        }
    }
    found.extend(wanted.into_keys().map(Finding::Missing));
    // After a seal that is missing the hash before is not known.
    if found.is_empty() && expected == seal.number {
        found.push(Finding::Seal(seal.number));
    }
    verdict.findings.extend(found);
    Ok(())
}

fn by_id(marks: &str) -> BTreeMap<i64, &str> {
    let parts = marks.split_whitespace().filter_map(|part| part.split_once(':'));
    parts.filter_map(|(id, mark)| Some((id.parse().ok()?, mark))).collect()
}

/// An entry of the audit log.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// The change.
    pub change: Change,
    /// What tells callers of one name apart.
    pub caller_id: Option<String>,
    /// Address of the caller.
    pub source: Option<String>,
    /// Id of the request.
    pub request_id: Option<String>,
    /// Whether it is sealed.
    pub sealed: bool,
}

/// A page of the audit log, and where to go on.
///
/// # Errors
/// The database's.
pub async fn entries(store: &Store, request: AuditRequest) -> Result<(Vec<AuditEntry>, Option<Place>)> {
    store
        .read(move |conn| {
            let (logged, next) = store::audit::entries(conn, &request)?;
            let sealed = store::audit::last_seal(conn)?.map(|seal| seal.last).unwrap_or_default();
            let changes = tell(conn, logged.clone())?;
            let entries = logged.into_iter().zip(changes).map(|(logged, change)| AuditEntry {
                sealed: change.place <= sealed,
                change,
                caller_id: logged.caller_id,
                source: logged.source,
                request_id: logged.request_id,
            });
            Ok((entries.collect(), next))
        })
        .await
}
