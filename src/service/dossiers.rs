//! Dossiers: the rules that join them to units, and the due date that may not change without a reason.

use std::collections::HashMap;

use super::{
    access::Caller,
    crud::{Context, Proposal, Resource},
    deadlines::Known,
    dossier_clock,
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        dossier_events::{DueRule, History, Transfer},
        dossier_flows::Facts,
        dossier_history,
        dossiers::{Dossier, Stage},
        time::{Day, Moment},
        units::Validity,
        violation::{Findings, Text, Violation},
    },
    store::{
        self, Conn, StoreResult, Versioned,
        list::{Filter, Request, Table},
        lock::Structure,
    },
};

/// `/dossiers`.
pub struct Dossiers;

impl Resource for Dossiers {
    type Record = Dossier;
    const NAME: &'static str = "dossiers";
    const TABLE: Table = store::dossiers::TABLE;
    const STRUCTURE: Structure = Structure::Used;
    const ONE_STATEMENT: bool = true;

    const HIDDEN: bool = true;

    fn may_write(caller: &Caller, dossier: &Dossier) -> bool {
        caller.may(Scope::DossiersWrite, &dossier.unit_id)
    }

    fn seen(
        _: &mut Conn,
        caller: &Caller,
        dossier: Versioned<Dossier>,
    ) -> Result<Option<Versioned<Dossier>>> {
        Ok(Some(dossier).filter(|dossier| caller.may(Scope::DossiersRead, &dossier.record.unit_id)))
    }

    fn sight(caller: &Caller, _: &Request) -> Option<Filter> {
        caller.sight("unit_id")
    }

    fn key(dossier: &Dossier) -> String {
        dossier.code.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Dossier>>> {
        store::dossiers::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Dossier>>> {
        store::dossiers::list(conn, request)
    }

    fn insert(conn: &mut Conn, dossier: &Dossier, version: i64) -> StoreResult<()> {
        store::dossiers::insert(conn, dossier, version)
    }

    fn update(conn: &mut Conn, dossier: &Dossier, version: i64) -> StoreResult<()> {
        store::dossiers::update(conn, dossier, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::dossiers::delete(conn, key)
    }

    fn carry_over(
        conn: &mut Conn,
        proposal: &mut Proposal<Dossier>,
        old: Option<&Dossier>,
        context: &Context,
    ) -> Result<()> {
        let insists = proposal.reason.is_some();
        carry_over(conn, &mut Lookup::default(), proposal, old, context, insists)
    }

    fn check_patch(names: &[String], proposal: &Proposal<Dossier>, old: &Dossier) -> Result<()> {
        let named = proposal.reason.is_none() && names.iter().any(|name| name == "due_at");
        if named { refuse_date_before_wait(&proposal.record, old) } else { Ok(()) }
    }

    fn written(conn: &mut Conn, old: Option<&Dossier>, new: Option<&Dossier>) -> StoreResult<()> {
        store::dossier_sums::append(conn, [(old.and_then(Facts::of), new.and_then(Facts::of))])
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<Dossier>, old: Option<&Dossier>) -> Result<()> {
        refuse(conn, &mut Lookup::default(), proposal, old)
    }
}

/// What was looked up for dossiers: that of many is read once.
#[derive(Default)]
pub struct Lookup {
    units: HashMap<String, Option<Validity>>,
    deadlines: Known,
}

impl Lookup {
    /// A violation when the unit is unknown, or didn't exist on the day.
    ///
    /// # Errors
    /// The database's.
    pub fn missing_unit(
        &mut self,
        conn: &mut Conn,
        pointer: &str,
        id: &str,
        day: Option<Day>,
        [of, of_vi]: [&str; 2],
    ) -> Result<Option<Violation>> {
        if !self.units.contains_key(id) {
            self.units.insert(id.to_owned(), store::units::validity(conn, id)?);
        }
        let Some(Some(validity)) = self.units.get(id) else {
            return Ok(Some(Error::unknown_unit(pointer, id)));
        };
        Ok(day.filter(|day| !validity.holds(*day)).map(|day| {
            Violation::new(
                pointer,
                "unit_not_in_existence",
                format!("The unit `{id}` did not exist on {day}, the day of {of}."),
                format!("Đơn vị `{id}` không tồn tại vào ngày {of_vi} {day}."),
            )
        }))
    }
}

/// Writes into a new state what follows from the old one: the due date of its procedure, and its history. A caller
/// that `insists` says why the due date is the one that it gives.
///
/// # Errors
/// The database's.
pub fn carry_over(
    conn: &mut Conn,
    lookup: &mut Lookup,
    proposal: &mut Proposal<Dossier>,
    old: Option<&Dossier>,
    context: &Context,
    insists: bool,
) -> Result<()> {
    let set_aside = set_return_aside(&mut proposal.record, old);
    if proposal.record.is_returned_while_open() {
        // Nothing follows from what the rules refuse.
        return Ok(());
    }
    if comes_with_its_past(&proposal.record, old) {
        keep_first_due_date(&mut proposal.record, None);
        proposal.record.recorded_at.get_or_insert(context.now);
        return Ok(());
    }
    if !insists {
        keep_moved_due_date(&mut proposal.record, old);
    }
    dossier_clock::derive_due(conn, &mut lookup.deadlines, &mut proposal.record, old)?;
    keep_first_due_date(&mut proposal.record, old);
    match old {
        None => proposal.record.recorded_at = Some(context.now),
        Some(old) => {
            let Proposal { record, reason } = proposal;
            if was_derived_again(record, old) {
                let derived = std::mem::replace(&mut record.due_at, old.due_at);
                dossier_history::reconcile(old, record, reason.as_deref(), context.now);
                keep_return(record, set_aside);
                return dossier_clock::settle_again(conn, record, derived, context.now);
            }
            let stated = record.due_at;
            dossier_history::reconcile(old, record, reason.as_deref(), context.now);
            keep_return(record, set_aside);
            dossier_clock::settle_record(conn, old, record, context.now)?;
            if let Some(history) = record.history.as_mut().filter(|_| insists && record.due_at != stated) {
                dossier_history::give(history, (record.due_at, stated), reason.as_deref(), context.now);
                record.due_at = stated;
            }
        }
    }
    Ok(())
}

/// Takes the return of an open dossier away where it is one that was told before: who opens a dossier again may send
/// the rest of it as it was. Gives it where this very write opens the dossier. One that is told anew stays, and is
/// refused.
fn set_return_aside(dossier: &mut Dossier, old: Option<&Dossier>) -> Option<Moment> {
    let old = old.filter(|_| dossier.is_returned_while_open())?;
    let known = dossier.returned_at.take_if(|returned| old.knows_return(*returned));
    known.filter(|_| old.status.stage() != Stage::Open)
}

/// Keeps the return that was set aside in the history: it holds again for a result no later than it.
fn keep_return(dossier: &mut Dossier, set_aside: Option<Moment>) {
    if let (Some(returned), Some(history)) = (set_aside, dossier.history.as_mut()) {
        history.returned_at = Some(returned);
    }
}

/// Refuses a new state that breaks a rule.
///
/// # Errors
/// `Invalid` or `Conflict`; the database's.
pub fn refuse(
    conn: &mut Conn,
    lookup: &mut Lookup,
    proposal: &Proposal<Dossier>,
    old: Option<&Dossier>,
) -> Result<()> {
    let dossier = &proposal.record;
    let mut violations = broken_rules(conn, lookup, dossier)?;
    check_transfers(conn, lookup, dossier, old, &mut violations)?;
    if let Some(reason) = &proposal.reason {
        let mut findings = Findings::default();
        findings.text("/due_change_reason", reason, 1000);
        violations.extend(findings.into_result().err().unwrap_or_default());
    }
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let Some(old) = old else { return Ok(()) };
    refuse_moved_unit(dossier)?;
    if proposal.reason.is_none() { refuse_moved_due_date(dossier, old) } else { Ok(()) }
}

/// The rules that a dossier breaks, those that join it to units included.
///
/// # Errors
/// The database's.
pub fn broken_rules(conn: &mut Conn, lookup: &mut Lookup, dossier: &Dossier) -> Result<Vec<Violation>> {
    let mut violations = dossier.check();
    check_units(conn, lookup, dossier, &mut violations)?;
    Ok(violations)
}

/// Whether a dossier is taken over with its past, which a file of an export brings: what leads to its present
/// state is given, and nothing of it is derived or told anew.
fn comes_with_its_past(dossier: &Dossier, old: Option<&Dossier>) -> bool {
    match old {
        None => dossier.history.is_some() || dossier.recorded_at.is_some(),
        Some(old) => dossier.history.is_some() && dossier.history != old.history,
    }
}

/// A dossier that was transferred has a unit by its last transfer; another one is told as a transfer.
fn refuse_moved_unit(dossier: &Dossier) -> Result<()> {
    let Some(last) = transfers(dossier).last().filter(|last| last.to_unit_id != dossier.unit_id) else {
        return Ok(());
    };
    let unit_id = &last.to_unit_id;
    Err(Error::Conflict {
        code: "transferred",
        text: Text::new(
            format!("The dossier was transferred to `{unit_id}`: a unit after that is told as a transfer."),
            format!("Hồ sơ đã chuyển đến `{unit_id}`: đơn vị tiếp theo được ghi bằng một lần chuyển."),
        ),
        violations: vec![Violation::new(
            "/unit_id",
            "transferred",
            "Differs from the unit of the last transfer.",
            "Khác với đơn vị của lần chuyển cuối cùng.",
        )],
    })
}

/// Whether a due date that pauses or another count had moved was derived again.
fn was_derived_again(record: &Dossier, old: &Dossier) -> bool {
    let moved = |history: &History| history.due_changes.iter().any(|change| change.rule != DueRule::Given);
    record.due_derived
        && old.due_derived
        && record.due_at != old.due_at
        && old.history.as_deref().is_some_and(moved)
}

/// A due date that pauses have moved stays when it is told again as it was before them: who sends records as another
/// system has them doesn't know of the move.
fn keep_moved_due_date(dossier: &mut Dossier, old: Option<&Dossier>) {
    if let Some(old) = old.filter(|old| is_date_before_wait(dossier, old)) {
        dossier.due_at = old.due_at;
    }
}

/// Whether a dossier comes with the due date that it had before a pause moved it.
fn is_date_before_wait(dossier: &Dossier, old: &Dossier) -> bool {
    let Some(history) = &old.history else { return false };
    let mut pauses = history.due_changes.iter().filter(|change| change.paused_at.is_some());
    dossier.due_at.is_some()
        && dossier.due_at != old.due_at
        && pauses.any(|change| change.from_due_at == dossier.due_at)
}

/// Refuses a due date of before a pause that a caller names by itself, without a reason: it would not hold.
fn refuse_date_before_wait(dossier: &Dossier, old: &Dossier) -> Result<()> {
    if !is_date_before_wait(dossier, old) {
        return Ok(());
    }
    let text = Text::new(
        "The dossier waited for the applicant, and that moved the due date on from this one: to give it all the \
         same, say why in `due_change_reason`.",
        "Hồ sơ đã có thời gian chờ người nộp nên hạn trả đã dời khỏi ngày này: nếu vẫn hẹn ngày này, hãy nêu lý do \
         trong `due_change_reason`.",
    );
    let violation =
        Violation { pointer: "/due_at".to_owned(), code: "due_change_without_reason", text: text.clone() };
    Err(Error::Conflict { code: "due_change_without_reason", text, violations: vec![violation] })
}

/// The first due date is the one given first: it stays when a caller leaves it out.
fn keep_first_due_date(dossier: &mut Dossier, old: Option<&Dossier>) {
    if dossier.first_due_at.is_none() {
        dossier.first_due_at = old.and_then(|old| old.first_due_at).or(dossier.due_at);
    }
}

fn refuse_moved_due_date(dossier: &Dossier, old: &Dossier) -> Result<()> {
    let moved = |old: Option<Moment>, new: Option<Moment>| old.is_some() && old != new;
    // One that was derived follows what it was derived from, and a wait that ended moves what nobody gave.
    let given = dossier_history::times_given;
    if old.due_derived && dossier.due_derived || dossier.history.is_some() && given(dossier) == given(old) {
        return Ok(());
    }
    let mut violations = Vec::new();
    for (pointer, old, new) in
        [("/due_at", old.due_at, dossier.due_at), ("/first_due_at", old.first_due_at, dossier.first_due_at)]
    {
        if moved(old, new) {
            violations.push(Violation::new(
                pointer,
                "due_change_without_reason",
                "A due date once given changes only with `due_change_reason`.",
                "Hạn trả đã hẹn chỉ được thay đổi khi có `due_change_reason`.",
            ));
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict {
        code: "due_change_without_reason",
        text: Text::new(
            "The due date was given already: say why it changes in `due_change_reason`.",
            "Hạn trả đã được hẹn: hãy nêu lý do thay đổi trong `due_change_reason`.",
        ),
        violations,
    })
}

fn check_units(
    conn: &mut Conn,
    lookup: &mut Lookup,
    dossier: &Dossier,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    let accepted_on = dossier.accepted_at.map(Moment::day);
    let first = dossier.first_unit_id();
    for (pointer, id) in
        [("/unit_id", Some(first)), ("/received_by_unit_id", dossier.received_by_unit_id.as_deref())]
    {
        if let Some(id) = id {
            let of = ["acceptance", "tiếp nhận"];
            violations.extend(lookup.missing_unit(conn, pointer, id, accepted_on, of)?);
        }
    }
    Ok(())
}

/// The transfers of a dossier.
pub fn transfers(dossier: &Dossier) -> &[Transfer] {
    dossier.history.as_deref().map(|history| history.transfers.as_slice()).unwrap_or_default()
}

/// The units of transfers that come with the dossier.
fn check_transfers(
    conn: &mut Conn,
    lookup: &mut Lookup,
    dossier: &Dossier,
    old: Option<&Dossier>,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    if old.is_some_and(|old| transfers(old) == transfers(dossier)) {
        return Ok(());
    }
    for Transfer { to_unit_id, at, .. } in transfers(dossier) {
        let of = ["transfer", "chuyển"];
        violations.extend(lookup.missing_unit(conn, "/history", to_unit_id, Some(at.day()), of)?);
    }
    Ok(())
}
