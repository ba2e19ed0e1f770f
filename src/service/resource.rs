//! What a resource tells of itself, so that [`crud`](super::crud) can do for each what it does for all: how its records
//! are kept, who may see and write them, and which rules join them to others.

use std::sync::Arc;

use serde::Serialize;

use super::{
    access::Caller,
    error::{Error, Result},
};
use crate::{
    domain::time::Moment,
    store::{
        Conn, StoreResult, Versioned,
        changes::Origin,
        list::{Filter, Request, Table},
        lock::Structure,
    },
};

/// Who asks, and when.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The moment of the request.
    pub now: Moment,
    /// Where the request came from; none of a command.
    pub origin: Option<Arc<Origin>>,
}

impl Context {
    /// A command at the machine itself: it may do everything.
    pub fn of_command(name: &str, now: Moment) -> Self {
        Self { caller: Caller::everything(name), now, origin: None }
    }

    /// The caller's name, as the change log keeps it.
    pub fn actor(&self) -> &str {
        &self.caller.name
    }
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

    /// Whether a record that a caller may not write is to that caller as if it were not there.
    const HIDDEN: bool = false;

    /// Whether the caller may make the record what it is, or change it from what it is: its scopes were asked
    /// for by the address, this asks for the units.
    fn may_write(caller: &Caller, record: &Self::Record) -> bool;

    /// The record as the caller sees it; none where to the caller it isn't there.
    ///
    /// # Errors
    /// The database's.
    fn seen(
        _conn: &mut Conn,
        _caller: &Caller,
        record: Versioned<Self::Record>,
    ) -> Result<Option<Versioned<Self::Record>>> {
        Ok(Some(record))
    }

    /// What a list leaves out for the caller.
    fn sight(_caller: &Caller, _request: &Request) -> Option<Filter> {
        None
    }

    /// A record of a list, of which [`sight`](Self::sight) has left out what the caller may not see, as it is shown.
    ///
    /// # Errors
    /// The database's.
    fn listed(
        conn: &mut Conn,
        caller: &Caller,
        record: Versioned<Self::Record>,
    ) -> Result<Option<Versioned<Self::Record>>> {
        Self::seen(conn, caller, record)
    }

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
    /// What no two records may have in common, as a refusal names it.
    fn unique(record: &Self::Record) -> String {
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

    /// Refuses what a patch may not name outright, though a whole record may repeat it; `names` are its members.
    ///
    /// # Errors
    /// `Conflict`.
    fn check_patch(_names: &[String], _proposal: &Proposal<Self::Record>, _old: &Self::Record) -> Result<()> {
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
