//! Idempotency keys: a request that is sent again has one effect and one answer.
//!
//! The claim of a key is held by one request at a time, for as long as it renews its lease. What is decided here is
//! what a request with a key that was used before is told; that an effect happens once is the store's
//! ([`store::idempotency`]).

use sha2::{Digest, Sha256};

use super::error::Result;
use crate::{
    domain::{text::hexadecimal, time::Moment},
    store::{
        self, Conn, Store,
        idempotency::{Answer, Claim, ClaimState, Kept, Use},
    },
};

/// Seconds after which the owner of a claim that shows no life is taken for dead.
const LEASE_SECONDS: i64 = 30;
/// Seconds between signs of life.
pub const RENEW_SECONDS: u64 = 10;
/// Hours that answers are kept.
const KEPT_HOURS: i64 = 24;
/// Claims that are taken away in one transaction.
const PURGED_AT_ONCE: i64 = 1000;

const SECOND: i64 = 1_000_000;

/// What a key turned out to be.
#[derive(Debug)]
pub enum Claimed {
    /// The request may go on; the claim is its own.
    New(Claim),
    /// The key was used for another request.
    Reused,
    /// The first request is still running.
    Running,
    /// The answer of the first request, and the digest of its body, which is still to be compared where the body
    /// of this one is not there yet.
    Answered(Answer, Option<String>),
    /// The first request had its effect, and its answer was lost with the process; what it wrote, where known.
    Lost(Option<String>),
}

/// A digest as text.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The lengths keep parts apart from each other.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hexadecimal(&hash.finalize())
}

fn later(now: Moment, seconds: i64) -> Moment {
    Moment::from_micros(now.micros() + seconds * SECOND)
}

/// The moment before which claims are no longer kept.
fn forgotten(now: Moment) -> Moment {
    later(now, -KEPT_HOURS * 3600)
}

/// Claims a key for a request, or tells what became of the first request with it.
///
/// # Errors
/// The database's.
pub async fn claim(store: &Store, id: String, used: Use, now: Moment) -> Result<Claimed> {
    let owner = uuid::Uuid::now_v7().to_string();
    let claim = Claim { id, owner };
    store.write(move |conn| claim_in(conn, claim, &used, now)).await
}

fn claim_in(conn: &mut Conn, claim: Claim, used: &Use, now: Moment) -> Result<Claimed> {
    let lease = later(now, LEASE_SECONDS);
    if store::idempotency::insert(conn, &claim, used, now, lease)? {
        return Ok(Claimed::New(claim));
    }
    // One that was given back in this very moment is told as running: its caller asks again.
    let Some(kept) = store::idempotency::find(conn, &claim.id)? else { return Ok(Claimed::Running) };
    if is_free(&kept, now) {
        let taken = store::idempotency::take_over(conn, &kept, &claim, used, now, lease)?;
        return Ok(if taken { Claimed::New(claim) } else { Claimed::Running });
    }
    Ok(told(kept, used, now))
}

/// Whether nothing stands in the way of the key's next use: it is forgotten, or its owner died without an effect or
/// amid work that may be done again.
fn is_free(kept: &Kept, now: Moment) -> bool {
    kept.claimed_at < forgotten(now) || (kept.state == ClaimState::Running && kept.lease_until < now)
}

fn told(kept: Kept, used: &Use, now: Moment) -> Claimed {
    let differs = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    if kept.used.request != used.request || differs(&kept.used.body, &used.body) {
        return Claimed::Reused;
    }
    match (kept.state, kept.answer) {
        (ClaimState::Answered, Some(answer)) => Claimed::Answered(answer, kept.used.body),
        (ClaimState::Running, _) => Claimed::Running,
        _ if kept.lease_until < now => Claimed::Lost(kept.record),
        _ => Claimed::Running,
    }
}

/// Looks whether the first request of a key still runs, without a write.
///
/// # Errors
/// The database's.
pub async fn is_running(store: &Store, id: String, now: Moment) -> Result<bool> {
    store
        .read_here(move |conn| {
            let kept = store::idempotency::find(conn, &id)?;
            let lives = |kept: &Kept| kept.state != ClaimState::Answered && kept.lease_until >= now;
            Ok(kept.is_some_and(|kept| lives(&kept)))
        })
        .await
}

/// Notes that the owner of a claim lives.
///
/// # Errors
/// The database's.
pub async fn renew(store: &Store, claim: Claim, now: Moment) -> Result<()> {
    let until = later(now, LEASE_SECONDS);
    store.write(move |conn| Ok(store::idempotency::renew(conn, &claim, until)?)).await
}

/// Keeps the answer of a claim; `body` is the digest of the request's body.
///
/// # Errors
/// The database's.
pub async fn keep(store: &Store, claim: Claim, body: Option<String>, answer: Answer) -> Result<()> {
    store.write(move |conn| Ok(store::idempotency::answer(conn, &claim, body.as_deref(), &answer)?)).await
}

/// Gives a claim back whose answer is not kept. One that had an effect stays as lost.
///
/// # Errors
/// The database's.
pub async fn release(store: &Store, claim: Claim, now: Moment) -> Result<()> {
    let ended = later(now, -1);
    store.write(move |conn| Ok(store::idempotency::release(conn, &claim, ended)?)).await
}

/// Takes away what is no longer kept.
///
/// # Errors
/// The database's.
pub async fn purge(store: &Store, now: Moment) -> Result<usize> {
    let before = forgotten(now);
    let mut purged = 0;
    if !store
        .read(move |conn| Ok::<_, super::error::Error>(store::idempotency::has_older(conn, before)?))
        .await?
    {
        return Ok(0);
    }
    loop {
        let some = store
            .write(move |conn| {
                Ok::<_, super::error::Error>(store::idempotency::purge(conn, before, PURGED_AT_ONCE)?)
            })
            .await?;
        purged += some;
        if some == 0 {
            return Ok(purged);
        }
    }
}
