//! Reported figures: the unit that they speak of must exist.

use super::{
    access::Caller,
    crud::{Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{access::Scope, reported_figures::ReportedFigure},
    store::{
        self, Conn, StoreResult, Versioned,
        list::{Request, Table},
        lock::Structure,
    },
};

/// `/reported-figures`.
pub struct ReportedFigures;

impl Resource for ReportedFigures {
    type Record = ReportedFigure;
    const NAME: &'static str = "reported-figures";
    const TABLE: Table = store::reported_figures::TABLE;
    const STRUCTURE: Structure = Structure::Used;

    fn may_write(caller: &Caller, figure: &ReportedFigure) -> bool {
        caller.may(Scope::ReportsWrite, &figure.unit_id)
    }

    fn key(figure: &ReportedFigure) -> String {
        figure.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<ReportedFigure>>> {
        store::reported_figures::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<ReportedFigure>>> {
        store::reported_figures::list(conn, request)
    }

    fn insert(conn: &mut Conn, figure: &ReportedFigure, version: i64) -> StoreResult<()> {
        store::reported_figures::insert(conn, figure, version)
    }

    fn update(conn: &mut Conn, figure: &ReportedFigure, version: i64) -> StoreResult<()> {
        store::reported_figures::update(conn, figure, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::reported_figures::delete(conn, key)
    }

    fn prepare(
        conn: &mut Conn,
        proposal: &mut Proposal<ReportedFigure>,
        _old: Option<&ReportedFigure>,
    ) -> Result<()> {
        let figure = &proposal.record;
        let mut violations = figure.check();
        if store::units::find(conn, &figure.unit_id)?.is_none() {
            violations.push(Error::unknown_unit("/unit_id", &figure.unit_id));
        }
        if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
    }
}
