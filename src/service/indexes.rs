//! Indexes: no rule but those of one record; an index that others refer to stays.

use super::{
    access::Caller,
    crud::{Proposal, Resource, refuse_when_referred},
    error::{Error, Result},
};
use crate::{
    domain::{access::Scope, indexes::Index},
    store::{
        self, Conn, StoreResult, Versioned,
        list::{Request, Table},
        lock::Structure,
    },
};

/// `/indexes`.
pub struct Indexes;

impl Resource for Indexes {
    type Record = Index;
    const NAME: &'static str = "indexes";
    const TABLE: Table = store::indexes::TABLE;
    const STRUCTURE: Structure = Structure::Changed;

    fn may_write(caller: &Caller, _index: &Index) -> bool {
        caller.may_everywhere(Scope::IndexesPublish)
    }

    fn key(index: &Index) -> String {
        index.code.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Index>>> {
        store::indexes::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Index>>> {
        store::indexes::list(conn, request)
    }

    fn insert(conn: &mut Conn, index: &Index, version: i64) -> StoreResult<()> {
        store::indexes::insert(conn, index, version)
    }

    fn update(conn: &mut Conn, index: &Index, version: i64) -> StoreResult<()> {
        store::indexes::update(conn, index, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::indexes::delete(conn, key)
    }

    fn prepare(_conn: &mut Conn, proposal: &mut Proposal<Index>, _old: Option<&Index>) -> Result<()> {
        let violations = proposal.record.check();
        if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
    }

    fn before_delete(conn: &mut Conn, index: &Index) -> Result<()> {
        refuse_when_referred(store::indexes::referrers(conn, &index.code)?)
    }
}
