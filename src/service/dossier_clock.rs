//! The clock of a dossier: the due date that follows from its procedure, and how pauses move it.
//!
//! By default a supplement begins the term again when it is complete, and a financial duty moves the due date by
//! its own length (Decree 61/2018/NĐ-CP; domain notes, 1.7); clock rules of units say otherwise.

use std::collections::{HashMap, hash_map::Entry};

use super::{
    calendars::Calendars,
    clock_rules,
    crud::{self, Context, Proposal, Resource},
    deadlines::{self, Known},
    dossiers::Dossiers,
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        calendars::{Calendar, WorkingCalendar},
        clock_rules::PauseRule,
        deadlines::{due, extend, restart},
        dossier_events::{DueChange, DueRule, History, Pause, pauses},
        dossier_history::{base_due_at, due_at},
        dossiers::{CalendarUsed, Dossier, Stage, Status},
        terms::Term,
        time::Moment,
    },
    store::{self, Conn, Store, lock},
};

/// Gives a dossier the due date of its procedure, where it comes without one.
///
/// A due date that was derived stays what it was as long as nothing changes that it follows from: editing a
/// calendar moves no past deadline.
///
/// # Errors
/// The database's.
pub fn derive_due(
    conn: &mut Conn,
    known: &mut Known,
    dossier: &mut Dossier,
    old: Option<&Dossier>,
) -> Result<()> {
    if let Some(old) = old {
        let same = (&old.procedure_code, old.accepted_at) == (&dossier.procedure_code, dossier.accepted_at);
        if same && dossier.due_at.is_none() && old.due_derived {
            (dossier.due_at, dossier.first_due_at) = (old.due_at, old.first_due_at);
        }
        if dossier.due_at == old.due_at {
            dossier.due_derived = old.due_derived;
            dossier.due_calendar.clone_from(&old.due_calendar);
            if same {
                return Ok(());
            }
        }
        if same && dossier.due_at.is_none() {
            return Ok(());
        }
    }
    let (Some(procedure), Some(accepted)) = (&dossier.procedure_code, dossier.accepted_at) else {
        return Ok(());
    };
    // One that was derived from what has changed is derived again, also where it is told as it was.
    let told = dossier.due_at.is_some() && !(dossier.due_derived && old.is_some());
    if told || dossier.status.stage() == Stage::NotAccepted {
        return Ok(());
    }
    if let Some(derived) = known.derive(conn, dossier.first_unit_id(), procedure, accepted)? {
        dossier.due_at = Some(derived.due_at);
        dossier.first_due_at = dossier.first_due_at.or(dossier.due_at);
        dossier.due_derived = true;
        dossier.due_calendar = derived
            .calendar_id
            .zip(derived.calendar_version)
            .map(|(id, version)| CalendarUsed { id, version });
    }
    Ok(())
}

/// What pauses are counted with at a unit.
struct Counter {
    term: Option<Term>,
    calendar: Option<Calendar>,
    working: WorkingCalendar,
}

impl Counter {
    fn of(conn: &mut Conn, dossier: &Dossier, unit_id: &str) -> Result<Self> {
        let term = match &dossier.procedure_code {
            Some(code) => deadlines::term_of(conn, code)?.ok(),
            None => None,
        };
        let calendar = store::calendars::of_unit(conn, unit_id)?;
        let working = calendar.as_ref().map_or_else(WorkingCalendar::default, Calendar::working);
        Ok(Self { term, calendar, working })
    }

    fn moved(&self, rule: DueRule, pause: Pause, accepted: Moment, first: Moment, due: Moment) -> Moment {
        let moved = match rule {
            DueRule::Restart => restart(pause.to, self.term.as_ref(), accepted, first, &self.working),
            _ => extend(due, pause.from, pause.to, self.term.as_ref(), &self.working),
        };
        moved.max(due)
    }
}

/// What a pause does, by the clock rule of the unit on the day it began.
fn rule_of(conn: &mut Conn, unit_id: &str, pause: Pause) -> Result<DueRule> {
    let rule = clock_rules::in_force(conn, unit_id, pause.from.day())?;
    let of_pause = if pause.status == Status::SUPPLEMENT { rule.supplement } else { rule.financial_duty };
    Ok(match of_pause {
        PauseRule::Restart => DueRule::Restart,
        PauseRule::Extend => DueRule::Extend,
    })
}

/// Writes into the history how its pauses move the due date.
///
/// A pause that began after the due day moves nothing, nor does one during which, or at whose end, a date was
/// given. The rule and the calendar are those of the unit that had the dossier when the pause began. What was computed
/// before stays as long as the pause, that unit and the date before it are the same: an edited rule or calendar moves
/// no past deadline.
///
/// # Errors
/// The database's.
pub fn settle(conn: &mut Conn, dossier: &Dossier, history: &mut History, now: Moment) -> Result<()> {
    settle_with(conn, dossier, history, HashMap::new(), now)
}

/// [`settle`] for a state that a caller gave a record: a wait that it ends moves the due date, unless the caller gave
/// another one.
///
/// # Errors
/// The database's.
pub fn settle_record(conn: &mut Conn, old: &Dossier, new: &mut Dossier, now: Moment) -> Result<()> {
    let Some(mut history) = new.history.as_deref().cloned() else { return Ok(()) };
    if new.history == old.history || new.due_at != old.due_at {
        return Ok(());
    }
    settle(conn, new, &mut history, now)?;
    new.due_at = due_at(&history, new.first_due_at);
    new.history = Some(Box::new(history));
    Ok(())
}

/// Puts the pauses of a dossier on top of a due date that was derived again.
///
/// # Errors
/// The database's.
pub fn settle_again(
    conn: &mut Conn,
    dossier: &mut Dossier,
    derived: Option<Moment>,
    now: Moment,
) -> Result<()> {
    let Some(accepted) = dossier.accepted_at else { return Ok(()) };
    let mut history = dossier.told_history();
    let before = base_due_at(&history, dossier.first_due_at);
    let calendar = dossier.due_calendar.as_ref().map(|used| (used.id.as_str(), used.version));
    history.due_changes.push(counted_base(accepted, (before, derived), calendar, now));
    settle(conn, dossier, &mut history, now)?;
    dossier.due_at = due_at(&history, dossier.first_due_at);
    dossier.history = Some(Box::new(history));
    Ok(())
}

/// The first due date counted again.
fn counted_base(
    accepted: Moment,
    (from_due_at, due_at): (Option<Moment>, Option<Moment>),
    calendar: Option<(&str, i32)>,
    now: Moment,
) -> DueChange {
    DueChange {
        at: accepted,
        arrived_at: now,
        from_due_at,
        due_at,
        rule: DueRule::Recompute,
        reason: None,
        paused_at: None,
        unit_id: None,
        calendar_id: calendar.map(|(id, _)| id.to_owned()),
        calendar_version: calendar.map(|(_, version)| version),
    }
}

/// [`settle`] with the counters of units that are known already.
fn settle_with(
    conn: &mut Conn,
    dossier: &Dossier,
    history: &mut History,
    mut counters: HashMap<String, Counter>,
    now: Moment,
) -> Result<()> {
    let base = base_due_at(history, dossier.first_due_at);
    let paused = pauses(&history.events);
    let computed = |change: &DueChange| matches!(change.rule, DueRule::Restart | DueRule::Extend);
    let (before, mut changes): (Vec<DueChange>, Vec<DueChange>) =
        std::mem::take(&mut history.due_changes).into_iter().partition(computed);
    let (Some(first), Some(accepted), false) = (base, dossier.accepted_at, paused.is_empty()) else {
        history.due_changes = changes;
        return Ok(());
    };
    let mut given: Vec<(Moment, Option<Moment>)> =
        history.events.iter().filter_map(|event| Some((event.at, Some(event.due_at?)))).collect();
    let moved = changes.iter().filter(|change| !change.is_base());
    given.extend(moved.map(|change| (change.at, change.due_at)));
    let mut moves = given.clone();
    for pause in paused {
        if given.iter().any(|(at, _)| (pause.from..=pause.to).contains(at)) {
            continue;
        }
        // A wait that follows another one begins with the date that the other one's end gave.
        let due = moves.iter().filter(|(at, _)| *at <= pause.from).max_by_key(|(at, _)| *at);
        let Some(due) = due.map_or(Some(first), |(_, due)| *due).filter(|due| pause.from.day() <= due.day())
        else {
            continue;
        };
        let unit = history.unit_at(pause.from).unwrap_or(&dossier.unit_id);
        let same = |change: &&DueChange| {
            (change.at, change.paused_at, change.from_due_at) == (pause.to, Some(pause.from), Some(due))
                && change.unit_id.as_ref().is_none_or(|of| of == unit)
        };
        let change = match before.iter().find(same) {
            Some(change) => change.clone(),
            None => {
                let rule = rule_of(conn, unit, pause)?;
                let counter = match counters.entry(unit.to_owned()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(slot) => slot.insert(Counter::of(conn, dossier, unit)?),
                };
                let due_at = counter.moved(rule, pause, accepted, first, due);
                change(unit, rule, pause, (due, due_at), counter.calendar.as_ref(), now)
            }
        };
        moves.push((change.at, change.due_at));
        changes.push(change);
    }
    changes.sort_by_key(|change| change.at);
    history.due_changes = changes;
    Ok(())
}

fn change(
    unit_id: &str,
    rule: DueRule,
    pause: Pause,
    (from, to): (Moment, Moment),
    calendar: Option<&Calendar>,
    now: Moment,
) -> DueChange {
    DueChange {
        at: pause.to,
        arrived_at: now,
        from_due_at: Some(from),
        due_at: Some(to),
        rule,
        reason: None,
        paused_at: Some(pause.from),
        unit_id: Some(unit_id.to_owned()),
        calendar_id: calendar.map(|calendar| calendar.id.clone()),
        calendar_version: calendar.map(|calendar| calendar.version),
    }
}

/// What counting again with the present version of a calendar changes.
#[derive(Debug, Clone, Default)]
pub struct Recomputed {
    /// The present version.
    pub version: i32,
    /// Dossiers that the caller reaches whose due date was derived with an older one.
    pub examined: i64,
    /// Those among them whose due date changes.
    pub changed: i64,
    /// The first of these that the caller may read, at most [`LISTED`].
    pub changes: Vec<Recompute>,
}

/// A due date counted again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recompute {
    /// The dossier.
    pub code: String,
    /// Its unit.
    pub unit_id: String,
    /// The due date as it is.
    pub due_at: Option<Moment>,
    /// The due date by the present version.
    pub new_due_at: Moment,
}

/// Most changes that a recomputation lists.
pub const LISTED: usize = 1000;
/// Dossiers counted again in one transaction.
const PAGE: i64 = 500;

/// Counts the derived due dates of a calendar again with its present version; a dry run only tells what would
/// change. Dates that somebody gave stay, and the first due date stays what was told at acceptance. Dossiers that the
/// caller does not reach stay as they are.
///
/// # Errors
/// `NotFound`; the database's.
pub async fn recompute(
    store: &Store,
    context: Context,
    calendar_id: String,
    dry_run: bool,
) -> Result<Recomputed> {
    let mut all = Recomputed::default();
    let mut after = String::new();
    loop {
        let (id, start, context) = (calendar_id.clone(), after.clone(), context.clone());
        let work = move |conn: &mut Conn| recompute_page(conn, &context, &id, &start, dry_run);
        let (page, last) = if dry_run { store.read(work).await? } else { store.write(work).await? };
        all.version = page.version;
        all.examined += page.examined;
        all.changed += page.changed;
        let room = LISTED.saturating_sub(all.changes.len());
        all.changes.extend(page.changes.into_iter().take(room));
        match last {
            Some(last) => after = last,
            None => return Ok(all),
        }
    }
}

fn recompute_page(
    conn: &mut Conn,
    context: &Context,
    calendar_id: &str,
    after: &str,
    dry_run: bool,
) -> Result<(Recomputed, Option<String>)> {
    let calendar = store::calendars::find(conn, calendar_id)?
        .ok_or_else(|| Error::not_found("calendars", calendar_id))?
        .record;
    crud::refuse_proposed::<Calendars>(&context.caller, &calendar)?;
    let working = calendar.working();
    let codes = store::dossiers::of_calendar(conn, calendar_id, calendar.version, after, PAGE)?;
    let mut page = Recomputed { version: calendar.version, ..Recomputed::default() };
    let mut terms: HashMap<String, Option<Term>> = HashMap::new();
    for code in &codes {
        if !dry_run {
            lock::record(conn, Dossiers::STRUCTURE, Dossiers::NAME, code)?;
        }
        let Some(old) = Dossiers::find(conn, code)? else { continue };
        // A calendar also holds for units that its writer does not reach, as those below an abolished one.
        if !context.caller.reaches(&old.record.unit_id) {
            continue;
        }
        page.examined += 1;
        let procedure = old.record.procedure_code.clone().unwrap_or_default();
        let term = match terms.get(&procedure) {
            Some(term) => *term,
            None => *terms.entry(procedure.clone()).or_insert(deadlines::term_of(conn, &procedure)?.ok()),
        };
        let counter = Counter { term, calendar: Some(calendar.clone()), working: working.clone() };
        let Some(history) = counted_again(conn, &old.record, counter, context.now)? else { continue };
        let Some(new_due_at) = due_at(&history, old.record.first_due_at) else { continue };
        if old.record.due_at != Some(new_due_at) {
            page.changed += 1;
            if context.caller.may(Scope::DossiersRead, &old.record.unit_id) {
                page.changes.push(Recompute {
                    code: code.clone(),
                    unit_id: old.record.unit_id.clone(),
                    due_at: old.record.due_at,
                    new_due_at,
                });
            }
        }
        if !dry_run {
            write_again(conn, context, &old.record, history, &calendar)?;
        }
    }
    Ok((page, codes.last().cloned()))
}

/// The history counted again by the counter's calendar, pauses included; none where somebody gave the date.
///
/// The first due date counted again is what pauses are put on top of, those too that are told later. A pause at a unit
/// that took the dossier over is counted by that unit's calendar.
fn counted_again(
    conn: &mut Conn,
    dossier: &Dossier,
    counter: Counter,
    now: Moment,
) -> Result<Option<History>> {
    let (Some(accepted), Some(term)) = (dossier.accepted_at, counter.term) else { return Ok(None) };
    let mut history = dossier.told_history();
    let given = history.events.iter().any(|event| event.due_at.is_some())
        || history.due_changes.iter().any(|change| change.rule == DueRule::Given);
    if given {
        return Ok(None);
    }
    history.due_changes.retain(DueChange::is_base);
    let before = base_due_at(&history, dossier.first_due_at);
    let first = due(accepted, &term, &counter.working).due_at;
    if before != Some(first) {
        let calendar = counter.calendar.as_ref().map(|calendar| (calendar.id.as_str(), calendar.version));
        history.due_changes.push(counted_base(accepted, (before, Some(first)), calendar, now));
        history.due_changes.sort_by_key(|change| change.at);
    }
    let counters = HashMap::from([(dossier.first_unit_id().to_owned(), counter)]);
    settle_with(conn, dossier, &mut history, counters, now)?;
    Ok(Some(history))
}

fn write_again(
    conn: &mut Conn,
    context: &Context,
    old: &Dossier,
    history: History,
    calendar: &Calendar,
) -> Result<()> {
    let mut record = old.clone();
    record.due_calendar = Some(CalendarUsed { id: calendar.id.clone(), version: calendar.version });
    if history.due_changes != old.told_history().due_changes {
        record.follow(history);
    }
    let proposal =
        Proposal { record, reason: Some(format!("calendar {} version {}", calendar.id, calendar.version)) };
    crud::update::<Dossiers>(conn, context, old, proposal)?;
    Ok(())
}
