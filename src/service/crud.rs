//! What every resource does alike: create, replace, patch, delete, each in one transaction with its entry in
//! the change log, with preconditions, and without a trace when nothing changes.
//!
//! A resource implements [`Resource`]; its own rules are in its `prepare`.

use std::sync::Arc;

pub use super::resource::{Context, Precondition, Proposal, Resource};
use super::{
    access::Caller,
    error::{Error, Result},
};
use crate::{
    domain::violation::{Text, Violation},
    store::{
        Conn, Store, StoreError, Versioned,
        changes::{self, Action},
        list::{self, Filter, Request},
        lock,
    },
};

/// What [`replace`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The record is new.
    Created,
    /// The record was there.
    Replaced,
}

/// One record.
///
/// # Errors
/// `NotFound`, or the database's.
pub async fn get<R: Resource>(
    store: &Store,
    caller: Arc<Caller>,
    key: String,
) -> Result<Versioned<R::Record>> {
    let find = move |conn: &mut Conn| {
        let found = existing::<R>(conn, &key)?;
        R::seen(conn, &caller, found)?.ok_or_else(|| Error::not_found(R::NAME, &key))
    };
    if R::ONE_STATEMENT { store.read_one(find).await } else { store.read_here(find).await }
}

fn existing<R: Resource>(conn: &mut Conn, key: &str) -> Result<Versioned<R::Record>> {
    R::find(conn, key)?.ok_or_else(|| Error::not_found(R::NAME, key))
}

/// Refuses a write to a record that is beyond the caller's units.
///
/// # Errors
/// `Forbidden`, or `NotFound` where existence itself is not told.
pub fn refuse_out_of_reach<R: Resource>(caller: &Caller, record: &R::Record) -> Result<()> {
    if R::may_write(caller, record) { Ok(()) } else { Err(beyond::<R>(record)) }
}

fn beyond<R: Resource>(record: &R::Record) -> Error {
    if R::HIDDEN { Error::not_found(R::NAME, R::key(record)) } else { Error::out_of_reach() }
}

/// Refuses a write to a hidden record as if the record were not there, where that is refused.
fn refuse_as_absent<R: Resource>(
    caller: &Caller,
    proposed: Result<Proposal<R::Record>>,
    precondition: &Precondition,
) -> Result<()> {
    match proposed {
        Ok(proposal) => refuse_proposed::<R>(caller, &proposal.record),
        Err(Error::Malformed(violations)) => Err(Error::Malformed(violations)),
        Err(error) => precondition.check(None).and(Err(error)),
    }
}

/// Refuses a state that the caller may not give a record.
///
/// # Errors
/// `Forbidden`.
pub fn refuse_proposed<R: Resource>(caller: &Caller, record: &R::Record) -> Result<()> {
    if R::may_write(caller, record) { Ok(()) } else { Err(Error::out_of_reach()) }
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The records.
    pub items: Vec<Versioned<T>>,
    /// Whether more follow.
    pub more: bool,
    /// How many the filters leave, when asked for.
    pub total: Option<i64>,
}

/// A page of records.
///
/// # Errors
/// The database's.
pub async fn list<R: Resource>(
    store: &Store,
    caller: Arc<Caller>,
    mut request: Request,
    with_total: bool,
) -> Result<Page<R::Record>> {
    if let Some(sight) = R::sight(&caller, &request).filter(|sight| !is_narrower(&request, sight)) {
        request.filters.push(sight);
    }
    let short = !with_total && list::is_short(R::table(&request), &request);
    let one = short && R::ONE_STATEMENT && list::is_one_statement(R::table(&request), &request);
    let page = move |conn: &mut Conn| {
        let mut found = R::list(conn, &request)?;
        let limit = request.limit as usize;
        let more = found.len() > limit;
        found.truncate(limit);
        let total = if with_total { Some(list::count(conn, R::table(&request), &request)?) } else { None };
        let mut items = Vec::with_capacity(found.len());
        for record in found {
            items.extend(R::listed(conn, &caller, record)?);
        }
        Ok(Page { items, more, total })
    };
    match (one, short) {
        (true, _) => store.read_one(page).await,
        (false, true) => store.read_here(page).await,
        (false, false) => store.read(page).await,
    }
}

/// Whether the request's own filters let nothing through that `sight` leaves out: an index serves them better.
fn is_narrower(request: &Request, sight: &Filter) -> bool {
    let list::Value::Texts(units) = &sight.value else { return false };
    request.filters.iter().any(|filter| {
        filter.column == sight.column
            && filter.test == list::Test::Is
            && matches!(&filter.value, list::Value::Text(unit) if units.contains(unit))
    })
}

/// Adds a record that must be new.
///
/// # Errors
/// `Conflict` when the key is taken, and those of the resource's rules.
pub async fn create<R: Resource>(
    store: &Store,
    context: Context,
    proposal: Proposal<R::Record>,
) -> Result<Versioned<R::Record>> {
    let check = move |conn: &mut Conn| {
        let mut proposal = proposal.clone();
        let key = R::key(&proposal.record);
        lock::record(conn, R::STRUCTURE, R::NAME, &key)?;
        refuse_proposed::<R>(&context.caller, &proposal.record)?;
        R::carry_over(conn, &mut proposal, None, &context)?;
        R::prepare(conn, &mut proposal, None)?;
        if R::find(conn, &key)?.is_some() {
            return Err(duplicate(R::NAME, &key));
        }
        Ok((proposal, context.clone()))
    };
    store.write_checked(check, |conn, (proposal, context)| insert::<R>(conn, &context, proposal)).await
}

fn duplicate(resource: &str, key: &str) -> Error {
    Error::conflict(
        "duplicate",
        format!("`{key}` exists already in {resource}."),
        format!("`{key}` đã có trong {resource}."),
    )
}

fn insert<R: Resource>(
    conn: &mut Conn,
    context: &Context,
    proposal: Proposal<R::Record>,
) -> Result<Versioned<R::Record>> {
    let version = log::<R>(conn, context, &proposal.record, Action::Create, proposal.reason, None)?;
    R::insert(conn, &proposal.record, version).map_err(|error| taken::<R>(error, &proposal.record))?;
    R::written(conn, None, Some(&proposal.record))?;
    Ok(Versioned { record: proposal.record, version })
}

/// Brings a record to a new state that its rules allow, within a transaction that holds its lock.
///
/// # Errors
/// `Conflict` when a unique key is taken; the database's.
pub fn update<R: Resource>(
    conn: &mut Conn,
    context: &Context,
    old: &R::Record,
    proposal: Proposal<R::Record>,
) -> Result<Versioned<R::Record>> {
    let Proposal { record, reason } = proposal;
    let version = log::<R>(conn, context, &record, Action::Update, reason, Some(old))?;
    R::update(conn, &record, version).map_err(|error| taken::<R>(error, &record))?;
    R::written(conn, Some(old), Some(&record))?;
    Ok(Versioned { record, version })
}

/// A unique key that another transaction took in the meantime is the caller's conflict, not a defect.
fn taken<R: Resource>(error: StoreError, record: &R::Record) -> Error {
    match error {
        StoreError::Unique(constraint) => {
            tracing::debug!(constraint, resource = R::NAME, "a unique key was taken meanwhile");
            let (resource, key) = (R::NAME, R::unique(record));
            Error::conflict(
                "duplicate",
                format!("`{key}` exists already in {resource}: another request has just written it."),
                format!("`{key}` đã có trong {resource}: một yêu cầu khác vừa ghi."),
            )
        }
        other => Error::Store(other),
    }
}

/// Checks a precondition, and whether the caller may write the record, without a write.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Stale`, or the database's.
pub async fn check<R: Resource>(
    store: &Store,
    caller: Arc<Caller>,
    key: String,
    precondition: Precondition,
    absent: Absent,
) -> Result<()> {
    store
        .read_here(move |conn| {
            let old = R::find(conn, &key)?;
            match &old {
                Some(old) => refuse_out_of_reach::<R>(&caller, &old.record)?,
                None if absent == Absent::Refuse => return Err(Error::not_found(R::NAME, key)),
                None => {}
            }
            precondition.check(old.map(|o| o.version))
        })
        .await
}

/// Whether a write may make the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// PUT: it is made.
    Create,
    /// PATCH: it is not found.
    Refuse,
}

/// Brings the record of a key to the state that `build` makes of the present one.
///
/// A state equal to the present one writes nothing.
///
/// # Errors
/// `NotFound`, `Stale`, and those of `build` and of the resource's rules.
pub async fn replace<R, B>(
    store: &Store,
    context: Context,
    key: String,
    precondition: Precondition,
    absent: Absent,
    build: B,
) -> Result<(Versioned<R::Record>, Written)>
where
    R: Resource,
    B: FnOnce(Option<&Versioned<R::Record>>) -> Result<Proposal<R::Record>> + Send + 'static,
{
    store.write(move |conn| replace_in::<R, B>(conn, &context, key, precondition, absent, build)).await
}

/// [`replace`] within a transaction.
///
/// # Errors
/// `NotFound`, `Stale`, and those of `build` and of the resource's rules.
pub fn replace_in<R, B>(
    conn: &mut Conn,
    context: &Context,
    key: String,
    precondition: Precondition,
    absent: Absent,
    build: B,
) -> Result<(Versioned<R::Record>, Written)>
where
    R: Resource,
    B: FnOnce(Option<&Versioned<R::Record>>) -> Result<Proposal<R::Record>>,
{
    lock::record(conn, R::STRUCTURE, R::NAME, &key)?;
    let old = R::find(conn, &key)?;
    if old.is_none() && absent == Absent::Refuse {
        return Err(Error::not_found(R::NAME, key));
    }
    let caller = &context.caller;
    let foreign = old.as_ref().filter(|old| !R::may_write(caller, &old.record));
    if let Some(foreign) = foreign {
        if R::HIDDEN && absent == Absent::Create {
            refuse_as_absent::<R>(caller, build(None), &precondition)?;
        }
        return Err(beyond::<R>(&foreign.record));
    }
    let proposed = build(old.as_ref());
    match &proposed {
        // A body that can't be read (400) comes before a stale precondition (412), a broken rule (422) after.
        Err(Error::Malformed(violations)) => return Err(Error::Malformed(violations.clone())),
        Err(_) => {}
        Ok(proposal) => refuse_proposed::<R>(caller, &proposal.record)?,
    }
    precondition.check(old.as_ref().map(|o| o.version))?;
    let proposal = proposed?;
    bring::<R>(conn, context, proposal, old)
}

/// [`replace`] within a transaction, whose caller has locked the record; true when something was written.
///
/// # Errors
/// Those of the resource's rules.
pub fn upsert_in<R: Resource>(
    conn: &mut Conn,
    context: &Context,
    proposal: Proposal<R::Record>,
) -> Result<(Written, bool)> {
    // First what holds whether or not there is a record: a refusal doesn't tell it.
    refuse_proposed::<R>(&context.caller, &proposal.record)?;
    let old = R::find(conn, &R::key(&proposal.record))?;
    if let Some(old) = &old {
        refuse_out_of_reach::<R>(&context.caller, &old.record)?;
    }
    let version = old.as_ref().map(|old| old.version);
    let (now, written) = bring::<R>(conn, context, proposal, old)?;
    Ok((written, version != Some(now.version)))
}

/// Brings a record from `old` to the state proposed; a state equal to the present one writes nothing.
fn bring<R: Resource>(
    conn: &mut Conn,
    context: &Context,
    mut proposal: Proposal<R::Record>,
    old: Option<Versioned<R::Record>>,
) -> Result<(Versioned<R::Record>, Written)> {
    R::carry_over(conn, &mut proposal, old.as_ref().map(|o| &o.record), context)?;
    R::prepare(conn, &mut proposal, old.as_ref().map(|o| &o.record))?;
    match old {
        None => Ok((insert::<R>(conn, context, proposal)?, Written::Created)),
        Some(old) if old.record == proposal.record => Ok((old, Written::Replaced)),
        Some(old) => Ok((update::<R>(conn, context, &old.record, proposal)?, Written::Replaced)),
    }
}

/// Takes a record away, or leaves what stays of it.
///
/// # Errors
/// `NotFound`, `Stale`, or `Conflict` when others refer to it.
pub async fn delete<R: Resource>(
    store: &Store,
    context: Context,
    key: String,
    precondition: Precondition,
) -> Result<()> {
    store
        .write(move |conn| {
            lock::record(conn, R::STRUCTURE, R::NAME, &key)?;
            let old = existing::<R>(conn, &key)?;
            refuse_out_of_reach::<R>(&context.caller, &old.record)?;
            precondition.check(Some(old.version))?;
            R::before_delete(conn, &old.record)?;
            match R::remains(&old.record, context.now) {
                Some(record) if record == old.record => {}
                Some(record) => {
                    update::<R>(conn, &context, &old.record, record.into())?;
                }
                None => {
                    log::<R>(conn, &context, &old.record, Action::Delete, None, Some(&old.record))?;
                    R::delete(conn, &key)?;
                    R::written(conn, Some(&old.record), None)?;
                }
            }
            Ok(())
        })
        .await
}

fn log<R: Resource>(
    conn: &mut Conn,
    context: &Context,
    record: &R::Record,
    action: Action,
    reason: Option<String>,
    before: Option<&R::Record>,
) -> Result<i64> {
    Ok(changes::append(conn, entry::<R>(context, record, action, reason, before)?)?)
}

/// The entry of the change log for a change of a record.
///
/// # Errors
/// When the record can't be written as JSON, which is a defect.
pub fn entry<R: Resource>(
    context: &Context,
    record: &R::Record,
    action: Action,
    reason: Option<String>,
    before: Option<&R::Record>,
) -> Result<changes::Entry> {
    let before = before
        .map(serde_json::to_string)
        .transpose()
        .map_err(|e| Error::Store(StoreError::Other(e.to_string())))?;
    let entry = entry_of(context, R::NAME, R::record_id(record), action);
    Ok(changes::Entry { reason, before, ..entry })
}

/// An entry that says who did what to which record, from where.
pub fn entry_of(
    context: &Context,
    resource: &'static str,
    record_id: String,
    action: Action,
) -> changes::Entry {
    changes::Entry {
        at: context.now,
        actor: context.actor().to_owned(),
        caller_id: context.caller.id.clone(),
        origin: context.origin.clone(),
        resource,
        record_id,
        action,
        reason: None,
        before: None,
    }
}

/// The refusal of a deletion because of what refers to the record; nothing to refuse when nothing does.
///
/// # Errors
/// `Conflict` with the code `in_use`, one violation for each kind of reference.
pub fn refuse_when_referred(referrers: Vec<(&'static str, &'static str, String)>) -> Result<()> {
    if referrers.is_empty() {
        return Ok(());
    }
    let violations: Vec<Violation> = referrers
        .iter()
        .map(|(resource, member, key)| {
            Violation::new(
                String::new(),
                "referred_to",
                format!("{resource} refer to it by `{member}`, for example `{key}`."),
                format!("{resource} đang tham chiếu đến qua `{member}`, ví dụ `{key}`."),
            )
        })
        .collect();
    let resources: Vec<&str> = referrers.iter().map(|(resource, ..)| *resource).collect();
    let mut named = resources;
    named.dedup();
    let named = named.join(", ");
    Err(Error::Conflict {
        code: "in_use",
        text: Text::new(
            format!("Other records refer to it: {named}."),
            format!("Có bản ghi khác đang tham chiếu đến: {named}."),
        ),
        violations,
    })
}
