//! Dossiers that another unit goes on with, one by one or all that a unit had when it ended.
//!
//! What was counted before stays with the old unit; what comes later is the new one's.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    access::Caller,
    crud::{self, Context, Proposal, Resource},
    dossier_clock,
    dossiers::{Dossiers, Lookup, broken_rules},
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        dossier_events::Transfer,
        dossiers::{Dossier, Stage},
        time::Moment,
        violation::{Findings, Text, Violation},
    },
    store::{self, Conn, Store, Versioned, lock},
};

/// A transfer as it is told.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// The unit that goes on.
    pub to_unit_id: String,
    /// When.
    pub at: Moment,
    /// On what ground.
    pub ground: Option<String>,
}

/// What became of a transfer.
#[derive(Debug, Clone)]
pub struct Transferred {
    /// The transfer as it is kept.
    pub transfer: Transfer,
    /// Whether it was told before: nothing changed.
    pub repeated: bool,
    /// The dossier as it is now.
    pub dossier: Versioned<Dossier>,
}

/// Hands a dossier over to another unit.
///
/// # Errors
/// `NotFound`; `Conflict` when the dossier was not open then or is with that unit already; `Invalid`.
pub async fn transfer(
    store: &Store,
    context: Context,
    code: String,
    new: NewTransfer,
) -> Result<Transferred> {
    store.write(move |conn| transfer_in(conn, &context, &code, new)).await
}

fn transfer_in(conn: &mut Conn, context: &Context, code: &str, new: NewTransfer) -> Result<Transferred> {
    lock::record(conn, Dossiers::STRUCTURE, Dossiers::NAME, code)?;
    let old = Dossiers::find(conn, code)?.ok_or_else(|| Error::not_found(Dossiers::NAME, code))?;
    crud::refuse_out_of_reach::<Dossiers>(&context.caller, &old.record)?;
    refuse_foreign(&context.caller, &new.to_unit_id)?;
    let mut findings = Findings::default();
    findings.optional_text("/ground", new.ground.as_ref(), 1000);
    findings.into_result().map_err(Error::Invalid)?;
    let missing = Lookup::default().missing_unit(
        conn,
        "/to_unit_id",
        &new.to_unit_id,
        Some(new.at.day()),
        ["transfer", "chuyển"],
    )?;
    if let Some(violation) = missing {
        return Err(Error::Invalid(vec![violation]));
    }
    let mut history = old.record.told_history();
    let known = history.transfers.iter().find(|t| t.at == new.at && t.to_unit_id == new.to_unit_id);
    if let Some(known) = known {
        return Ok(Transferred { transfer: known.clone(), repeated: true, dossier: old });
    }
    refuse_when_not_open(&old.record, new.at)?;
    let first = old.record.first_unit_id().to_owned();
    history.transfers.push(Transfer {
        from_unit_id: first.clone(),
        to_unit_id: new.to_unit_id,
        at: new.at,
        arrived_at: context.now,
        ground: new.ground,
    });
    history.transfers.sort_by_key(|t| (t.at, t.arrived_at));
    link(&mut history.transfers, first)?;
    let told = history.transfers.iter().find(|t| t.at == new.at && t.arrived_at == context.now).cloned();
    let Some(transfer) = told else { return Err(Error::not_found(Dossiers::NAME, code)) };
    let mut record = old.record.clone();
    record.recorded_at = Some(context.now);
    // Pauses after the transfer are the new unit's, those too that were told before it.
    dossier_clock::settle(conn, &record, &mut history, context.now)?;
    record.follow(history);
    let broken = broken_rules(conn, &mut Lookup::default(), &record)?;
    if !broken.is_empty() {
        return Err(Error::Invalid(broken));
    }
    let proposal = Proposal { record, reason: transfer.ground.clone() };
    let dossier = crud::update::<Dossiers>(conn, context, &old.record, proposal)?;
    Ok(Transferred { transfer, repeated: false, dossier })
}

/// A dossier goes only where its sender reaches: nobody writes into another's units.
fn refuse_foreign(caller: &Caller, unit_id: &str) -> Result<()> {
    if caller.may(Scope::DossiersWrite, unit_id) { Ok(()) } else { Err(Error::out_of_reach()) }
}

/// Each transfer takes over from the one before.
fn link(transfers: &mut [Transfer], first: String) -> Result<()> {
    let mut from = first;
    for transfer in transfers {
        if transfer.to_unit_id == from {
            return Err(Error::conflict(
                "already_there",
                format!("`{from}` has the dossier at that time already."),
                format!("`{from}` đang giữ hồ sơ vào thời điểm đó."),
            ));
        }
        transfer.from_unit_id = std::mem::replace(&mut from, transfer.to_unit_id.clone());
    }
    Ok(())
}

fn refuse_when_not_open(dossier: &Dossier, at: Moment) -> Result<()> {
    let open = was_open(dossier, at);
    if open {
        return Ok(());
    }
    Err(Error::Conflict {
        code: "not_open",
        text: Text::new(
            format!("The dossier was not open at {at}: there was nothing to go on with."),
            format!("Hồ sơ không ở tình trạng đang giải quyết lúc {at}: không có gì để chuyển."),
        ),
        violations: vec![Violation::new(
            "/at",
            "not_open",
            "Must lie between the acceptance and the end.",
            "Phải nằm giữa lúc tiếp nhận và lúc kết thúc.",
        )],
    })
}

fn was_open(dossier: &Dossier, at: Moment) -> bool {
    dossier.status.stage() != Stage::NotAccepted
        && dossier.accepted_at.is_some_and(|accepted| accepted <= at)
        && dossier.finished_at.is_none_or(|finished| at < finished)
}

/// What a unit that ended hands over.
#[derive(Debug, Clone)]
pub struct NewHandover {
    /// When; the day on which the unit no longer exists, when not said.
    pub at: Option<Moment>,
    /// On what ground.
    pub ground: Option<String>,
    /// Where a dossier goes that nothing else assigns.
    pub to_unit_id: Option<String>,
    /// Where the dossiers of a field go.
    pub fields: BTreeMap<String, String>,
}

/// What became of a handover.
#[derive(Debug, Clone, Default)]
pub struct Handover {
    /// How many dossiers went where.
    pub moved: BTreeMap<String, i64>,
    /// How many in all.
    pub total: i64,
    /// Dossiers that no rule assigns to one successor: they stay.
    pub unassigned: Vec<String>,
}

/// Dossiers handed over in one transaction.
const PAGE: i64 = 500;

/// Hands over the dossiers that a unit had open at a moment: to the successor of the unit that took one in, to
/// the unit named for its field, to the one named for all, or to the only successor there is.
///
/// Each page is a transaction; a call that was cut off is repeated and goes on.
///
/// # Errors
/// `NotFound`; `Invalid` for unknown units or a unit without an end.
pub async fn hand_over(
    store: &Store,
    context: Context,
    unit_id: String,
    new: NewHandover,
) -> Result<Handover> {
    let (id, told) = (unit_id.clone(), new.clone());
    let caller = context.caller.clone();
    let (at, successors) = store.read(move |conn| successors(conn, &caller, &id, &told)).await?;
    let mut done = Handover::default();
    let mut after = String::new();
    loop {
        let (unit, start, context, new, successors) =
            (unit_id.clone(), after.clone(), context.clone(), new.clone(), successors.clone());
        let page = store
            .write(move |conn| {
                let codes = store::dossiers::open_at(conn, &unit, at.day(), &start, PAGE)?;
                hand_over_page(conn, &context, codes, at, &new, &successors)
            })
            .await?;
        for (unit, n) in page.moved {
            *done.moved.entry(unit).or_default() += n;
            done.total += n;
        }
        done.unassigned.extend(page.unassigned);
        match page.last {
            Some(last) => after = last,
            None => return Ok(done),
        }
    }
}

/// Successor of each unit that passed to one alone, and all of them.
#[derive(Clone)]
struct Successors {
    of: BTreeMap<String, String>,
    all: BTreeSet<String>,
}

fn successors(
    conn: &mut Conn,
    caller: &Caller,
    unit_id: &str,
    new: &NewHandover,
) -> Result<(Moment, Successors)> {
    let unit = store::units::find(conn, unit_id)?.ok_or_else(|| Error::not_found("units", unit_id))?.record;
    refuse_foreign(caller, unit_id)?;
    let at = new.at.or(unit.valid_to.map(Moment::start_of)).ok_or_else(|| {
        Error::invalid(
            "/at",
            "required",
            "The unit has not ended (`valid_to`): say when its dossiers pass on.",
            "Đơn vị chưa kết thúc (`valid_to`): cần nêu thời điểm chuyển hồ sơ.",
        )
    })?;
    let mut findings = Findings::default();
    findings.optional_text("/ground", new.ground.as_ref(), 1000);
    let mut violations = findings.into_result().err().unwrap_or_default();
    let mut lookup = Lookup::default();
    let named = new.to_unit_id.iter().map(|id| ("/to_unit_id".to_owned(), id));
    for (pointer, id) in named.chain(new.fields.iter().map(|(field, id)| (format!("/fields/{field}"), id))) {
        violations.extend(lookup.missing_unit(conn, &pointer, id, Some(at.day()), ["transfer", "chuyển"])?);
    }
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let below = store::units::subtree(conn, unit_id)?;
    let mut found = Successors { of: BTreeMap::new(), all: BTreeSet::new() };
    for unit in below {
        if let [only] = unit.successors.as_slice() {
            found.of.insert(unit.id.clone(), only.unit_id.clone());
        }
        found.all.extend(unit.successors.into_iter().map(|successor| successor.unit_id));
    }
    Ok((at, found))
}

struct Page {
    moved: BTreeMap<String, i64>,
    unassigned: Vec<String>,
    last: Option<String>,
}

fn hand_over_page(
    conn: &mut Conn,
    context: &Context,
    codes: Vec<String>,
    at: Moment,
    new: &NewHandover,
    successors: &Successors,
) -> Result<Page> {
    let mut page = Page { moved: BTreeMap::new(), unassigned: Vec::new(), last: codes.last().cloned() };
    for code in codes {
        let Some(dossier) = Dossiers::find(conn, &code)? else { continue };
        // Open by the day, but accepted later that day or finished earlier.
        if !was_open(&dossier.record, at) {
            continue;
        }
        match assigned(&dossier.record, new, successors) {
            Some(to_unit_id) => {
                let transfer = NewTransfer { to_unit_id: to_unit_id.clone(), at, ground: new.ground.clone() };
                transfer_in(conn, context, &code, transfer)?;
                *page.moved.entry(to_unit_id).or_default() += 1;
            }
            None => page.unassigned.push(code),
        }
    }
    Ok(page)
}

fn assigned(dossier: &Dossier, new: &NewHandover, successors: &Successors) -> Option<String> {
    let desk = dossier.received_by_unit_id.as_ref().and_then(|id| successors.of.get(id));
    let field = dossier.field.as_ref().and_then(|field| new.fields.get(field));
    let own = successors.of.get(&dossier.unit_id);
    let only = successors.all.first().filter(|_| successors.all.len() == 1);
    desk.or(field).or(own).or(new.to_unit_id.as_ref()).or(only).cloned()
}
