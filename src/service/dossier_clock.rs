//! The clock of a dossier: the due date that follows from its procedure, and how pauses move it.
//!
//! By default a supplement begins the term again when it is complete, and a financial duty moves the due date by
//! its own length (Decree 61/2018/NĐ-CP; domain notes, 1.7); clock rules of units say otherwise.

use super::{
    clock_rules,
    deadlines::{self, Known},
    error::Result,
};
use crate::{
    domain::{
        calendars::{Calendar, WorkingCalendar},
        clock_rules::PauseRule,
        deadlines::{extend, restart},
        dossier_events::{DueChange, DueRule, History, Pause, pauses},
        dossier_history::{base_due_at, due_at},
        dossiers::{CalendarUsed, Dossier, Stage, Status},
        terms::Term,
        time::Moment,
    },
    store::{self, Conn},
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

/// What pauses are counted with.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) term: Option<Term>,
    calendar: Option<Calendar>,
    pub(super) working: WorkingCalendar,
}

impl Counter {
    fn of(conn: &mut Conn, dossier: &Dossier, unit_id: &str) -> Result<Self> {
        let term = match &dossier.procedure_code {
            Some(code) => deadlines::term_of(conn, code)?.ok(),
            None => None,
        };
        Ok(Self::with(term, store::calendars::of_unit(conn, unit_id)?))
    }

    pub(super) fn with(term: Option<Term>, calendar: Option<Calendar>) -> Self {
        let working = calendar.as_ref().map_or_else(WorkingCalendar::default, Calendar::working);
        Self { term, calendar, working }
    }

    /// Whether a change was counted with the calendar, in whatever version.
    pub(super) fn counted(&self, change: &DueChange) -> bool {
        self.calendar.as_ref().is_some_and(|calendar| change.calendar_id.as_ref() == Some(&calendar.id))
    }

    /// What a change is counted with where this calendar is counted with again: this one where it counted the change,
    /// else what counted it, in the version of then.
    fn for_change(
        &self,
        conn: &mut Conn,
        dossier: &Dossier,
        unit_id: &str,
        change: &DueChange,
    ) -> Result<Self> {
        if self.counted(change) {
            return Ok(self.clone());
        }
        let (Some(id), Some(version)) = (&change.calendar_id, change.calendar_version) else {
            return Ok(Self::with(self.term, None));
        };
        match store::calendars::version(conn, id, version)? {
            Some(found) => Ok(Self::with(self.term, Some(found.record))),
            // A history of another database may name a version that this one never had.
            None => Self::of(conn, dossier, unit_id),
        }
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
    settle_with(conn, dossier, history, None, now)
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
pub(super) fn counted_base(
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

/// [`settle`], where `again` counts again what its calendar counted: its present version decides that and nothing
/// else, so that rules and other calendars that were edited meanwhile move no date.
pub(super) fn settle_with(
    conn: &mut Conn,
    dossier: &Dossier,
    history: &mut History,
    again: Option<&Counter>,
    now: Moment,
) -> Result<()> {
    let base = base_due_at(history, dossier.first_due_at);
    let paused = pauses(&history.events);
    let (before, mut changes): (Vec<DueChange>, Vec<DueChange>) =
        std::mem::take(&mut history.due_changes).into_iter().partition(DueChange::is_wait);
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
        let of_pause = |change: &&DueChange| {
            (change.at, change.paused_at) == (pause.to, Some(pause.from))
                && change.unit_id.as_ref().is_none_or(|of| of == unit)
        };
        let same = before.iter().filter(of_pause).find(|change| change.from_due_at == Some(due));
        let change = match same.filter(|known| !again.is_some_and(|again| again.counted(known))) {
            Some(known) => known.clone(),
            None => {
                let (rule, counter) = match (again, same.or_else(|| before.iter().find(of_pause))) {
                    (Some(again), Some(known)) => (known.rule, again.for_change(conn, dossier, unit, known)?),
                    _ => (rule_of(conn, unit, pause)?, Counter::of(conn, dossier, unit)?),
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
