//! Idempotency keys in use, and the mark that an effect leaves in the claim of its key.
//!
//! A request that holds a claim runs [`under`] it. Every write that it makes marks the claim as committed in the
//! write's own transaction, so that there is no moment at which the effect is there and the claim doesn't know; and a
//! claim that another one took over meanwhile undoes the write. Work that may be done again as a whole is
//! [`repeatable`]: it only holds on to its claim.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use diesel::prelude::*;

use super::{
    conn::{Conn, either},
    error::{StoreError, StoreResult},
    row,
    schema::idempotency_claims as claims,
};
use crate::domain::{time::Moment, words::words};

words! {
    /// How far the request of a key is.
    pub enum ClaimState {
        /// Its owner is at it, or died over it.
        Running = "running",
        /// Its effect is there, its answer not yet.
        Committed = "committed",
        /// Its answer is kept.
        Answered = "answered",
    }
}

/// The claim of a key, held by one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Digest of the caller and the key.
    pub id: String,
    /// The request that holds it.
    pub owner: String,
}

/// What a key was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Digest of method, address and media type.
    pub request: String,
    /// Digest of the body; none while it is still coming in.
    pub body: Option<String>,
}

/// The answer of a request as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A claim as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The claim and its present owner.
    pub claim: Claim,
    /// What the key was used for.
    pub used: Use,
    /// How far it is.
    pub state: ClaimState,
    /// When it was claimed.
    pub claimed_at: Moment,
    /// Until when its owner is taken to live.
    pub lease_until: Moment,
    /// What its last write wrote first, as `resource/id`.
    pub record: Option<String>,
    /// Its answer.
    pub answer: Option<Answer>,
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = claims, treat_none_as_null = true)]
struct ClaimRow {
    id: String,
    owner: String,
    request: String,
    body: Option<String>,
    state: String,
    claimed_at: i64,
    lease_until: i64,
    record: Option<String>,
    answer_status: Option<i32>,
    answer_headers: Option<String>,
    answer_body: Option<String>,
}

impl ClaimRow {
    fn new(claim: &Claim, used: &Use, now: Moment, lease_until: Moment) -> Self {
        Self {
            id: claim.id.clone(),
            owner: claim.owner.clone(),
            request: used.request.clone(),
            body: used.body.clone(),
            state: ClaimState::Running.to_string(),
            claimed_at: now.micros(),
            lease_until: lease_until.micros(),
            record: None,
            answer_status: None,
            answer_headers: None,
            answer_body: None,
        }
    }

    fn kept(self) -> StoreResult<Kept> {
        let answer = match (self.answer_status, self.answer_headers, self.answer_body) {
            (Some(status), Some(headers), Some(body)) => Some(Answer {
                status: u16::try_from(status).map_err(|e| StoreError::Corrupt(e.to_string()))?,
                headers: row::from_json(&headers)?,
                body,
            }),
            _ => None,
        };
        Ok(Kept {
            claim: Claim { id: self.id, owner: self.owner },
            used: Use { request: self.request, body: self.body },
            state: row::word(&self.state)?,
            claimed_at: Moment::from_micros(self.claimed_at),
            lease_until: Moment::from_micros(self.lease_until),
            record: self.record,
            answer,
        })
    }
}

/// The claim of a key.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Kept>> {
    let found: Option<ClaimRow> = either!(conn, |conn| claims::table.find(id).get_result(conn).optional())?;
    found.map(ClaimRow::kept).transpose()
}

/// Claims a key that nobody has; false when somebody has it.
pub fn insert(
    conn: &mut Conn,
    claim: &Claim,
    used: &Use,
    now: Moment,
    lease_until: Moment,
) -> StoreResult<bool> {
    let row = ClaimRow::new(claim, used, now, lease_until);
    let added = either!(conn, |conn| diesel::insert_into(claims::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(added > 0)
}

/// Takes a claim over as it was read; false when it is another one's or has gone on meanwhile.
pub fn take_over(
    conn: &mut Conn,
    old: &Kept,
    claim: &Claim,
    used: &Use,
    now: Moment,
    lease_until: Moment,
) -> StoreResult<bool> {
    let as_read = claims::table
        .filter(claims::id.eq(&old.claim.id))
        .filter(claims::owner.eq(&old.claim.owner))
        .filter(claims::state.eq(old.state.as_str()))
        .filter(claims::lease_until.eq(old.lease_until.micros()));
    let row = ClaimRow::new(claim, used, now, lease_until);
    Ok(either!(conn, |conn| diesel::update(as_read).set(row).execute(conn))? > 0)
}

/// Notes that the owner of a claim lives.
pub fn renew(conn: &mut Conn, claim: &Claim, lease_until: Moment) -> StoreResult<()> {
    let own = claims::table.filter(claims::id.eq(&claim.id)).filter(claims::owner.eq(&claim.owner));
    let until = claims::lease_until.eq(lease_until.micros());
    either!(conn, |conn| diesel::update(own).set(until).execute(conn))?;
    Ok(())
}

/// Keeps the answer of a claim, with the digest of its body where that came in meanwhile.
pub fn answer(conn: &mut Conn, claim: &Claim, body: Option<&str>, answer: &Answer) -> StoreResult<()> {
    let own = claims::table.filter(claims::id.eq(&claim.id)).filter(claims::owner.eq(&claim.owner));
    let answered = (
        claims::state.eq(ClaimState::Answered.as_str()),
        claims::body.eq(body),
        claims::answer_status.eq(i32::from(answer.status)),
        claims::answer_headers.eq(row::json(&answer.headers)?),
        claims::answer_body.eq(&answer.body),
    );
    either!(conn, |conn| diesel::update(own).set(answered).execute(conn))?;
    Ok(())
}

/// Gives a claim back that had no effect; one that had stays, as of an owner that is gone.
pub fn release(conn: &mut Conn, claim: &Claim, now: Moment) -> StoreResult<()> {
    let own = claims::table.filter(claims::id.eq(&claim.id)).filter(claims::owner.eq(&claim.owner));
    let running = own.filter(claims::state.eq(ClaimState::Running.as_str()));
    if either!(conn, |conn| diesel::delete(running).execute(conn))? == 0 {
        renew(conn, claim, now)?;
    }
    Ok(())
}

/// Takes away claims made before a moment, some at once; gives how many.
pub fn purge(conn: &mut Conn, before: Moment, limit: i64) -> StoreResult<usize> {
    let old: Vec<String> = either!(conn, |conn| claims::table
        .filter(claims::claimed_at.lt(before.micros()))
        .select(claims::id)
        .limit(limit)
        .load(conn))?;
    let old = claims::table.filter(claims::id.eq_any(old)).filter(claims::claimed_at.lt(before.micros()));
    Ok(either!(conn, |conn| diesel::delete(old).execute(conn))?)
}

/// Whether a claim was made before a moment.
pub fn has_older(conn: &mut Conn, before: Moment) -> StoreResult<bool> {
    let first: Option<String> = either!(conn, |conn| claims::table
        .filter(claims::claimed_at.lt(before.micros()))
        .select(claims::id)
        .first(conn)
        .optional())?;
    Ok(first.is_some())
}

/// A claim as the task holds it that runs under it, and whether it was marked.
#[derive(Debug, Clone)]
pub struct Held {
    /// The claim.
    pub claim: Claim,
    repeats: bool,
    committed: Arc<AtomicBool>,
}

impl Held {
    /// A claim that nothing was written under yet.
    pub fn new(claim: Claim) -> Self {
        Self { claim, repeats: false, committed: Arc::default() }
    }

    /// Whether a write was committed under the claim.
    pub fn is_committed(&self) -> bool {
        self.committed.load(Ordering::Relaxed)
    }

    /// Says that a write was committed.
    pub fn set_committed(&self) {
        self.committed.store(true, Ordering::Relaxed);
    }
}

tokio::task_local! {
    static HELD: Held;
}

thread_local! {
    /// What a claimed write wrote first; none when no such write runs on this thread.
    static WROTE: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Runs `work` so that its writes mark the claim.
pub async fn under<F: Future>(held: Held, work: F) -> F::Output {
    HELD.scope(held, work).await
}

/// Runs `work` of several writes, which may be done again whatever of it was done. Until its answer is kept the claim
/// is one without an effect: who finds its owner dead does the whole request again, under the same key.
pub async fn repeatable<F: Future>(work: F) -> F::Output {
    match current() {
        Some(held) => under(Held { repeats: true, ..held }, work).await,
        None => work.await,
    }
}

/// The claim that the present task runs under.
pub fn current() -> Option<Held> {
    HELD.try_with(Clone::clone).ok()
}

/// Notes a record that is written, where a claimed write runs on this thread.
pub fn note(resource: &str, record_id: &str) {
    WROTE.with_borrow_mut(|wrote| {
        if let Some(first @ None) = wrote {
            *first = Some(format!("{resource}/{record_id}"));
        }
    });
}

/// Runs the work of a transaction and marks the claim in it.
///
/// # Errors
/// Those of `work`; `ClaimLost` when the claim is another one's by now.
pub fn marked<T, E, F>(conn: &mut Conn, held: &Held, work: F) -> Result<T, E>
where
    E: From<StoreError>,
    F: FnOnce(&mut Conn) -> Result<T, E>,
{
    WROTE.set(Some(None));
    let done = work(conn);
    let wrote = WROTE.take().flatten();
    let done = done?;
    mark(conn, held, wrote)?;
    Ok(done)
}

fn mark(conn: &mut Conn, held: &Held, wrote: Option<String>) -> StoreResult<()> {
    let claim = &held.claim;
    let own = claims::table.filter(claims::id.eq(&claim.id)).filter(claims::owner.eq(&claim.owner));
    // Also where the state stays as it is the claim is written: nobody takes it over before this is committed.
    let state = if held.repeats { ClaimState::Running } else { ClaimState::Committed };
    let state = claims::state.eq(state.as_str());
    let marked = match wrote {
        Some(record) => either!(conn, |conn| diesel::update(own)
            .set((state, claims::record.eq(Some(record))))
            .execute(conn)),
        None => either!(conn, |conn| diesel::update(own).set(state).execute(conn)),
    };
    if marked? == 0 { Err(StoreError::ClaimLost) } else { Ok(()) }
}
