//! Units: the rules that join them, and their lineage.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    access::{Caller, Reach},
    crud::{Context, Proposal, Resource, refuse_when_referred},
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        time::Day,
        unit_tree::{Standing, Tree},
        units::{Extent, FormerParent, Unit},
        violation::Violation,
    },
    store::{
        self, Conn, Store, StoreResult, Versioned,
        list::{Request, Table},
        lock::Structure,
    },
};

/// `/units`.
pub struct Units;

impl Resource for Units {
    type Record = Unit;
    const NAME: &'static str = "units";
    const TABLE: Table = store::units::TABLE;
    const STRUCTURE: Structure = Structure::Changed;

    fn may_write(caller: &Caller, unit: &Unit) -> bool {
        match &unit.parent_id {
            // Of its own unit a caller may write what is below, not the unit itself; `carry_over` asks for more.
            Some(parent) => caller.may(Scope::UnitsWrite, parent),
            None => caller.may_everywhere(Scope::UnitsWrite),
        }
    }

    fn key(unit: &Unit) -> String {
        unit.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Unit>>> {
        store::units::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Unit>>> {
        store::units::list(conn, request)
    }

    fn insert(conn: &mut Conn, unit: &Unit, version: i64) -> StoreResult<()> {
        store::units::insert(conn, unit, version)
    }

    fn update(conn: &mut Conn, unit: &Unit, version: i64) -> StoreResult<()> {
        store::units::update(conn, unit, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::units::delete(conn, key)
    }

    fn carry_over(
        conn: &mut Conn,
        proposal: &mut Proposal<Unit>,
        old: Option<&Unit>,
        context: &Context,
    ) -> Result<()> {
        refuse_beyond_reach(conn, &proposal.record, old, context)
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<Unit>, old: Option<&Unit>) -> Result<()> {
        let unit = &proposal.record;
        let mut violations = unit.check();
        check_parents(conn, unit, &mut violations)?;
        check_successors(conn, unit, &mut violations)?;
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        check_code(conn, unit)?;
        if old.is_some() {
            check_dossiers(conn, unit)?;
            check_scores(conn, unit)?;
        }
        Ok(())
    }

    fn written(conn: &mut Conn, _: Option<&Unit>, _: Option<&Unit>) -> StoreResult<()> {
        store::api_keys::move_tree(conn)
    }

    fn before_delete(conn: &mut Conn, unit: &Unit) -> Result<()> {
        refuse_when_referred(store::units::referrers(conn, &unit.id)?)
    }
}

/// Refuses a caller that is bound to a unit what would change units beyond its reach, or the reach itself.
///
/// The unit is reached already, unless it is new, and stands below a parent that exists today; reached are also the
/// former parents and successors that it gets or loses, and what would be below it again.
fn refuse_beyond_reach(conn: &mut Conn, new: &Unit, old: Option<&Unit>, context: &Context) -> Result<()> {
    let (caller, today) = (&context.caller, context.now.day());
    if caller.reach == Reach::Everything {
        return Ok(());
    }
    if old.is_some_and(|old| !caller.reaches(&old.id))
        || differing(old, new).into_iter().any(|id| !caller.reaches(id))
    {
        return Err(Error::out_of_reach());
    }
    for unit in old.into_iter().chain([new]) {
        let Some(parent) = &unit.parent_id else { return Err(Error::out_of_reach()) };
        let validity = store::units::validity(conn, parent)?;
        if !caller.reaches(parent) || !validity.is_some_and(|validity| validity.holds(today)) {
            return Err(Error::out_of_reach());
        }
    }
    // A unit that ended has no subtree; one that goes on again has.
    let ended = |unit: &Unit| unit.valid_to.is_some_and(|to| to <= today);
    if old.is_some_and(|old| ended(old) && !ended(new)) {
        let below = store::unit_tree::below(conn, &new.id)?;
        if below.units.iter().any(|(id, ..)| !caller.reaches(id)) {
            return Err(Error::out_of_reach());
        }
    }
    Ok(())
}

/// The former parents and successors that only one of two states of a unit has.
fn differing<'a>(old: Option<&'a Unit>, new: &'a Unit) -> Vec<&'a str> {
    let (held_before, held_now) = (old.map(held).unwrap_or_default(), held(new));
    let parents = apart(&held_before, &held_now).filter_map(|&(_, former)| former.parent_id.as_deref());
    let passed_before = old.map(|old| old.successors.as_slice()).unwrap_or_default();
    let successors = apart(passed_before, &new.successors).map(|successor| successor.unit_id.as_str());
    parents.chain(successors).collect()
}

/// Former parents with the day from which each held: another entry before one changes its time as well.
fn held(unit: &Unit) -> Vec<(Option<Day>, &FormerParent)> {
    let from = std::iter::once(None).chain(unit.former_parents.iter().map(|former| Some(former.until)));
    from.zip(&unit.former_parents).collect()
}

fn apart<'a, T: PartialEq>(one: &'a [T], other: &'a [T]) -> impl Iterator<Item = &'a T> {
    let gone = one.iter().filter(move |item| !other.contains(item));
    gone.chain(other.iter().filter(move |item| !one.contains(item)))
}

/// Refuses a deletion of a unit that the caller does not reach; one that is not there is for the deletion to tell.
///
/// # Errors
/// `Forbidden`; the database's.
pub async fn refuse_delete_beyond_reach(store: &Store, context: Context, id: String) -> Result<()> {
    if context.caller.reach == Reach::Everything {
        return Ok(());
    }
    store
        .read_here(move |conn| match store::units::find(conn, &id)? {
            Some(unit) => refuse_beyond_reach(conn, &unit.record, Some(&unit.record), &context),
            None => Ok(()),
        })
        .await
}

/// Every parent exists, and by none of them the unit stands below itself at any time.
fn check_parents(conn: &mut Conn, unit: &Unit, violations: &mut Vec<Violation>) -> Result<()> {
    let pointer = |place: Option<usize>| {
        place.map_or_else(|| "/parent_id".to_owned(), |i| format!("/former_parents/{i}/parent_id"))
    };
    let former = unit.former_parents.iter().enumerate().map(|(i, former)| (Some(i), &former.parent_id));
    let named: Vec<(Option<usize>, String)> = std::iter::once((None, &unit.parent_id))
        .chain(former)
        .filter_map(|(place, id)| Some((place, id.clone()?)))
        .filter(|(_, id)| *id != unit.id)
        .collect();
    let ids: BTreeSet<&String> = named.iter().map(|(_, id)| id).collect();
    let ids: Vec<String> = ids.into_iter().cloned().collect();
    let mut above = store::unit_tree::ever_above(conn, &ids)?;
    let known: HashSet<&str> = above.iter().map(|unit| unit.id.as_str()).collect();
    let unknown = named.iter().filter(|(_, id)| !known.contains(id.as_str()));
    violations.extend(unknown.map(|(place, id)| Error::unknown_unit(pointer(*place), id)));
    // A list that is out of order says nothing of who stood where.
    if violations.iter().any(|v| v.pointer.starts_with("/former_parents")) {
        return Ok(());
    }
    above.retain(|standing| standing.id != unit.id);
    above.push(Standing::from(unit));
    for place in Tree::new(above).circles(&unit.id) {
        let pointer = pointer(place);
        if !violations.iter().any(|v| v.pointer == pointer && v.code == "cycle") {
            violations.push(Violation::new(
                pointer,
                "cycle",
                "The unit would stand below itself.",
                "Đơn vị sẽ trực thuộc chính nó.",
            ));
        }
    }
    Ok(())
}

fn check_successors(conn: &mut Conn, unit: &Unit, violations: &mut Vec<Violation>) -> Result<()> {
    let ids: Vec<String> = unit.successors.iter().map(|successor| successor.unit_id.clone()).collect();
    let found = store::units::find_all(conn, &ids)?;
    for (i, successor) in unit.successors.iter().enumerate() {
        let pointer = format!("/successors/{i}/unit_id");
        match found.iter().find(|unit| unit.id == successor.unit_id) {
            None if successor.unit_id != unit.id => {
                violations.push(Error::unknown_unit(pointer, &successor.unit_id))
            }
            Some(found) if found.valid_to.is_some() && found.valid_to <= unit.valid_to => {
                violations.push(Violation::new(
                    pointer,
                    "successor_ended",
                    "A successor goes on after the unit has ended.",
                    "Đơn vị kế thừa phải còn tồn tại sau khi đơn vị cũ kết thúc.",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A code names one unit at a time; it may be used again later.
fn check_code(conn: &mut Conn, unit: &Unit) -> Result<()> {
    let (Some(scheme), Some(code)) = (&unit.code_scheme, &unit.code) else { return Ok(()) };
    for other in store::units::with_code(conn, scheme, code, &unit.id)? {
        let ends_before =
            |a: &Unit, b: &Unit| matches!((a.valid_to, b.valid_from), (Some(to), Some(from)) if to <= from);
        if !ends_before(unit, &other) && !ends_before(&other, unit) {
            return Err(Error::Conflict {
                code: "code_taken",
                text: crate::domain::violation::Text::new(
                    format!("`{}` has the code {code} of {scheme} at the same time.", other.id),
                    format!("`{}` đang dùng mã {code} của hệ {scheme} trong cùng thời gian.", other.id),
                ),
                violations: vec![Violation::new(
                    "/code",
                    "code_taken",
                    "Taken at that time.",
                    "Đã được dùng trong thời gian đó.",
                )],
            });
        }
    }
    Ok(())
}

/// The validity of a unit can't leave out a day on which it accepted dossiers.
fn check_dossiers(conn: &mut Conn, unit: &Unit) -> Result<()> {
    let Some((first, last)) = store::dossiers::accepted_span(conn, &unit.id)? else { return Ok(()) };
    if unit.exists_on(first) && unit.exists_on(last) {
        return Ok(());
    }
    Err(Error::conflict(
        "in_use",
        format!("The unit accepted dossiers from {first} to {last}; its validity must hold these days."),
        format!(
            "Đơn vị đã tiếp nhận hồ sơ từ {first} đến {last}; thời gian hiệu lực phải bao gồm các ngày này."
        ),
    ))
}

/// Nor can it leave out a year of which the unit has scores.
fn check_scores(conn: &mut Conn, unit: &Unit) -> Result<()> {
    let Some((first, last)) = store::index_scores::years_of(conn, &unit.id)? else { return Ok(()) };
    if unit.exists_in_year(first) && unit.exists_in_year(last) {
        return Ok(());
    }
    Err(Error::conflict(
        "in_use",
        format!("The unit has index scores of {first} to {last}; its validity must reach into these years."),
        format!(
            "Đơn vị có điểm chỉ số các năm {first} đến {last}; thời gian hiệu lực phải bao gồm các năm này."
        ),
    ))
}

/// A relative of a unit in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relative {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// How much of the older unit went to the younger one.
    pub extent: Extent,
}

/// What a unit came from and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The unit.
    pub unit_id: String,
    /// Units that passed to it.
    pub predecessors: Vec<Relative>,
    /// Units that it passed to.
    pub successors: Vec<Relative>,
}

/// What a unit came from and what became of it.
///
/// # Errors
/// `NotFound`.
pub async fn lineage(store: &Store, id: String) -> Result<Lineage> {
    store
        .read(move |conn| {
            let unit =
                store::units::find(conn, &id)?.ok_or_else(|| Error::not_found(Units::NAME, &id))?.record;
            let older = store::units::predecessors(conn, &id)?;
            let younger = unit.successors.into_iter().map(|s| (s.unit_id, s.extent)).collect();
            Ok(Lineage {
                predecessors: relatives(conn, older)?,
                successors: relatives(conn, younger)?,
                unit_id: id,
            })
        })
        .await
}

fn relatives(conn: &mut Conn, of: Vec<(String, Extent)>) -> Result<Vec<Relative>> {
    let ids: Vec<String> = of.iter().map(|(id, _)| id.clone()).collect();
    let mut names: HashMap<String, String> =
        store::units::find_all(conn, &ids)?.into_iter().map(|unit| (unit.id, unit.name)).collect();
    Ok(of
        .into_iter()
        .map(|(unit_id, extent)| Relative {
            unit_name: names.remove(&unit_id).unwrap_or_default(),
            unit_id,
            extent,
        })
        .collect())
}
