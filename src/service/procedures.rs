//! Procedures: no rule but those of one record. Dossiers may name procedures that the catalogue lacks.

use super::{
    access::Caller,
    crud::{Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{access::Scope, procedures::Procedure},
    store::{
        self, Conn, StoreResult, Versioned,
        list::{Request, Table},
        lock::Structure,
    },
};

/// `/procedures`.
pub struct Procedures;

impl Resource for Procedures {
    type Record = Procedure;
    const NAME: &'static str = "procedures";
    const TABLE: Table = store::procedures::TABLE;
    const STRUCTURE: Structure = Structure::Used;

    fn may_write(caller: &Caller, _procedure: &Procedure) -> bool {
        caller.may_everywhere(Scope::UnitsWrite)
    }

    fn key(procedure: &Procedure) -> String {
        procedure.code.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Procedure>>> {
        store::procedures::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Procedure>>> {
        store::procedures::list(conn, request)
    }

    fn insert(conn: &mut Conn, procedure: &Procedure, version: i64) -> StoreResult<()> {
        store::procedures::insert(conn, procedure, version)
    }

    fn update(conn: &mut Conn, procedure: &Procedure, version: i64) -> StoreResult<()> {
        store::procedures::update(conn, procedure, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::procedures::delete(conn, key)
    }

    fn prepare(_conn: &mut Conn, proposal: &mut Proposal<Procedure>, _old: Option<&Procedure>) -> Result<()> {
        let violations = proposal.record.check();
        if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
    }
}
