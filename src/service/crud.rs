//! What every resource does alike: create, replace, patch, delete, each in one transaction with its entry in
//! the change log, with preconditions, and without a trace when nothing changes.
//!
//! A resource implements [`Resource`]; its own rules are in its `prepare`.

use serde::Serialize;

use super::error::{Error, Result};
use crate::{
    domain::{
        time::Moment,
        violation::{Text, Violation},
    },
    store::{
        Conn, Store, StoreResult, Versioned,
        changes::{self, Action},
        list::{self, Request, Table},
        lock::{self, Structure},
    },
};

/// Who asks, and when.
#[derive(Debug, Clone)]
pub struct Context {
    /// The caller's name; `anonymous` without one.
    pub actor: String,
    /// The moment of the request.
    pub now: Moment,
}

/// What the caller knows of the record that it wants to change (RFC 9110, 13.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// `If-Match: *`: it exists.
    Exists,
    /// `If-None-Match: *`: it doesn't exist.
    Absent,
    /// `If-Match`: its last change is one of these.
    Version(Vec<i64>),
}

impl Precondition {
    /// Refuses when the record is not what the caller knows; `version` is its last change, none when absent.
    ///
    /// # Errors
    /// `Stale`.
    pub fn check(&self, version: Option<i64>) -> Result<()> {
        let holds = match self {
            Self::None => true,
            Self::Exists => version.is_some(),
            Self::Absent => version.is_none(),
            Self::Version(versions) => version.is_some_and(|v| versions.contains(&v)),
        };
        if holds { Ok(()) } else { Err(Error::Stale) }
    }
}

/// A new state of a record, and why, where the caller says so.
#[derive(Debug, Clone)]
pub struct Proposal<T> {
    /// The record as it shall be.
    pub record: T,
    /// Why it changes.
    pub reason: Option<String>,
}

impl<T> From<T> for Proposal<T> {
    fn from(record: T) -> Self {
        Self { record, reason: None }
    }
}

/// What [`replace`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The record is new.
    Created,
    /// The record was there.
    Replaced,
}

/// A resource: how its records are kept and which rules join them to others.
pub trait Resource: Send + 'static {
    /// The record.
    type Record: Clone + PartialEq + Serialize + Send + 'static;
    /// Name in paths and in the change log.
    const NAME: &'static str;
    /// The table as lists know it.
    const TABLE: Table;
    /// Whether other records are checked against this one.
    const STRUCTURE: Structure;

    /// Whether a record is read by one statement, which sees one state of the data without a transaction.
    const ONE_STATEMENT: bool = false;

    /// The table that a list is of, where its filters say so.
    fn table(_request: &Request) -> Table {
        Self::TABLE
    }

    /// The record's key.
    fn key(record: &Self::Record) -> String;
    /// The record's name in the change log.
    fn record_id(record: &Self::Record) -> String {
        Self::key(record)
    }
    /// Finds a record.
    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Self::Record>>>;
    /// A page of records.
    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Self::Record>>>;
    /// Adds a record.
    fn insert(conn: &mut Conn, record: &Self::Record, version: i64) -> StoreResult<()>;
    /// Replaces a record.
    fn update(conn: &mut Conn, record: &Self::Record, version: i64) -> StoreResult<()>;
    /// Takes a record away.
    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()>;
    /// What stays of a record that its caller deletes; most are taken away.
    fn remains(_record: &Self::Record, _now: Moment) -> Option<Self::Record> {
        None
    }

    /// Writes into a new state what follows from the old one and the moment, before any rule is checked.
    ///
    /// # Errors
    /// The database's.
    fn carry_over(
        _conn: &mut Conn,
        _proposal: &mut Proposal<Self::Record>,
        _old: Option<&Self::Record>,
        _context: &Context,
    ) -> Result<()> {
        Ok(())
    }

    /// What else is kept of a write, in the same transaction.
    ///
    /// # Errors
    /// The database's.
    fn written(
        _conn: &mut Conn,
        _old: Option<&Self::Record>,
        _new: Option<&Self::Record>,
    ) -> StoreResult<()> {
        Ok(())
    }

    /// Completes what follows from other members and checks every rule; `old` is the record as it is.
    ///
    /// # Errors
    /// `Invalid` or `Conflict`.
    fn prepare(
        conn: &mut Conn,
        proposal: &mut Proposal<Self::Record>,
        old: Option<&Self::Record>,
    ) -> Result<()>;

    /// Refuses a deletion that isn't allowed.
    ///
    /// # Errors
    /// `Conflict` that names what refers to the record.
    fn before_delete(_conn: &mut Conn, _record: &Self::Record) -> Result<()> {
        Ok(())
    }
}

/// One record.
///
/// # Errors
/// `NotFound`, or the database's.
pub async fn get<R: Resource>(store: &Store, key: String) -> Result<Versioned<R::Record>> {
    let find = move |conn: &mut Conn| existing::<R>(conn, &key);
    if R::ONE_STATEMENT { store.read_one(find).await } else { store.read_here(find).await }
}

fn existing<R: Resource>(conn: &mut Conn, key: &str) -> Result<Versioned<R::Record>> {
    R::find(conn, key)?.ok_or_else(|| Error::not_found(R::NAME, key))
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
pub async fn list<R: Resource>(store: &Store, request: Request, with_total: bool) -> Result<Page<R::Record>> {
    let short = !with_total && list::is_short(R::table(&request), &request);
    let page = move |conn: &mut Conn| {
        let mut items = R::list(conn, &request)?;
        let limit = request.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let total = if with_total { Some(list::count(conn, R::table(&request), &request)?) } else { None };
        Ok(Page { items, more, total })
    };
    if short { store.read_here(page).await } else { store.read(page).await }
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
    store
        .write(move |conn| {
            let key = R::key(&proposal.record);
            lock::record(conn, R::STRUCTURE, R::NAME, &key)?;
            let mut proposal = proposal;
            R::carry_over(conn, &mut proposal, None, &context)?;
            R::prepare(conn, &mut proposal, None)?;
            if R::find(conn, &key)?.is_some() {
                return Err(duplicate(R::NAME, &key));
            }
            insert::<R>(conn, &context, proposal)
        })
        .await
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
    R::insert(conn, &proposal.record, version).map_err(taken)?;
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
    R::update(conn, &record, version).map_err(taken)?;
    R::written(conn, Some(old), Some(&record))?;
    Ok(Versioned { record, version })
}

/// A unique key that another transaction took in the meantime is the caller's conflict, not a defect.
fn taken(error: crate::store::StoreError) -> Error {
    match error {
        crate::store::StoreError::Unique(key) => Error::conflict(
            "duplicate",
            format!("The same record exists already ({key})."),
            format!("Bản ghi này đã tồn tại ({key})."),
        ),
        other => Error::Store(other),
    }
}

/// Checks a precondition without a write.
///
/// # Errors
/// `NotFound`, `Stale`, or the database's.
pub async fn check<R: Resource>(
    store: &Store,
    key: String,
    precondition: Precondition,
    absent: Absent,
) -> Result<()> {
    store
        .read_here(move |conn| {
            let old = R::find(conn, &key)?;
            if old.is_none() && absent == Absent::Refuse {
                return Err(Error::not_found(R::NAME, key));
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
    store
        .write(move |conn| {
            lock::record(conn, R::STRUCTURE, R::NAME, &key)?;
            let old = R::find(conn, &key)?;
            if old.is_none() && absent == Absent::Refuse {
                return Err(Error::not_found(R::NAME, key));
            }
            let proposed = build(old.as_ref());
            // A body that can't be read (400) comes before a stale precondition (412), a broken rule (422) after.
            if let Err(Error::Malformed(violations)) = proposed {
                return Err(Error::Malformed(violations));
            }
            precondition.check(old.as_ref().map(|o| o.version))?;
            let proposal = proposed?;
            bring::<R>(conn, &context, proposal, old)
        })
        .await
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
    let old = R::find(conn, &R::key(&proposal.record))?;
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
        .map_err(|e| Error::Store(crate::store::StoreError::Other(e.to_string())))?;
    Ok(changes::Entry {
        at: context.now,
        actor: context.actor.clone(),
        resource: R::NAME,
        record_id: R::record_id(record),
        action,
        reason,
        before,
    })
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
