//! Improvement actions: the rules that join them to units, indexes and criteria.

use super::{
    access::Caller,
    crud::{Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{access::Scope, improvement_actions::ImprovementAction, violation::Violation},
    store::{
        self, Conn, StoreResult, Versioned,
        list::{Request, Table},
        lock::Structure,
    },
};

/// `/improvement-actions`.
pub struct ImprovementActions;

impl Resource for ImprovementActions {
    type Record = ImprovementAction;
    const NAME: &'static str = "improvement-actions";
    const TABLE: Table = store::improvement_actions::TABLE;
    const STRUCTURE: Structure = Structure::Used;

    fn may_write(caller: &Caller, action: &ImprovementAction) -> bool {
        let units = std::iter::once(&action.owner_unit_id).chain(&action.review_unit_id);
        units.into_iter().all(|unit| caller.may(Scope::ReportsWrite, unit))
    }

    fn key(action: &ImprovementAction) -> String {
        action.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<ImprovementAction>>> {
        store::improvement_actions::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<ImprovementAction>>> {
        store::improvement_actions::list(conn, request)
    }

    fn insert(conn: &mut Conn, action: &ImprovementAction, version: i64) -> StoreResult<()> {
        store::improvement_actions::insert(conn, action, version)
    }

    fn update(conn: &mut Conn, action: &ImprovementAction, version: i64) -> StoreResult<()> {
        store::improvement_actions::update(conn, action, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::improvement_actions::delete(conn, key)
    }

    fn prepare(
        conn: &mut Conn,
        proposal: &mut Proposal<ImprovementAction>,
        _old: Option<&ImprovementAction>,
    ) -> Result<()> {
        let action = &proposal.record;
        let mut violations = action.check();
        for (pointer, id) in [
            ("/owner_unit_id", Some(&action.owner_unit_id)),
            ("/review_unit_id", action.review_unit_id.as_ref()),
        ] {
            let Some(id) = id else { continue };
            if store::units::find(conn, id)?.is_none() {
                violations.push(Error::unknown_unit(pointer, id));
            }
        }
        violations.extend(check_index(conn, action)?);
        if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
    }
}

fn check_index(conn: &mut Conn, action: &ImprovementAction) -> Result<Option<Violation>> {
    let Some(index) = &action.index_code else { return Ok(None) };
    if store::indexes::find(conn, index)?.is_none() {
        return Ok(Some(Violation::new(
            "/index_code",
            "unknown_index",
            format!("There is no index `{index}`."),
            format!("Không có chỉ số `{index}`."),
        )));
    }
    let Some(criterion) = &action.criterion else { return Ok(None) };
    if store::editions::has_criterion(conn, index, criterion)? {
        return Ok(None);
    }
    Ok(Some(Violation::new(
        "/criterion",
        "unknown_criterion",
        format!("No edition of `{index}` has a criterion `{criterion}`."),
        format!("Không kỳ nào của chỉ số `{index}` có tiêu chí `{criterion}`."),
    )))
}
