//! Record and history never disagree: the history that a record implies, and what a new state of a record does
//! to the history that is kept.
//!
//! Most dossiers come with their times and nothing more; their history is what these times say and isn't stored.
//! It is written out once more is known: an event, a transfer, a due date that moved, a status told later.

use super::{
    dossier_events::{Course, DueChange, DueRule, Event, History, course, sort},
    dossiers::{Dossier, Stage, Status},
    time::Moment,
};

impl Dossier {
    /// The history: the one that is kept, or the one that the times imply.
    pub fn told_history(&self) -> History {
        let mut history = self.history.as_deref().cloned().unwrap_or_else(|| implied(self));
        if !history.tells_return() {
            // A return that came with the record alone; histories of before it was kept in them lack it.
            history.returned_at = history.returned_at.or(self.returned_at);
        }
        history
    }

    /// Whether a return at this moment was told of it, also where it was opened again since.
    pub fn knows_return(&self, at: Moment) -> bool {
        let tells = |history: &History| {
            let mut events = history.events.iter();
            history.returned_at == Some(at)
                || events.any(|event| event.status == Status::RETURNED && event.at == at)
        };
        self.returned_at == Some(at) || self.history.as_deref().is_some_and(tells)
    }

    /// The unit that received it.
    pub fn first_unit_id(&self) -> &str {
        let first = self.history.as_ref().and_then(|history| history.transfers.first());
        first.map_or(&self.unit_id, |transfer| &transfer.from_unit_id)
    }

    /// Sets the members that follow from the history.
    pub fn follow(&mut self, history: History) {
        if let Some(course) = course(&history.events) {
            self.status = course.status;
            if course.accepted_at.is_some() {
                self.accepted_at = course.accepted_at;
            }
            self.finished_at = course.finished_at;
            self.returned_at = returned_at(&history, &course);
        }
        if self.first_due_at.is_none() {
            self.first_due_at = history.events.iter().find_map(|event| event.due_at);
        }
        self.due_at = due_at(&history, self.first_due_at);
        if let Some(last) = history.transfers.last() {
            self.unit_id = last.to_unit_id.clone();
        }
        self.history = Some(Box::new(history));
    }
}

/// When the result was handed over: as an event tells, else as the record told it, where that is a return of the end
/// that the events lead to. An open dossier has none.
pub fn returned_at(history: &History, course: &Course) -> Option<Moment> {
    let ended = course.status.stage() != Stage::Open;
    let told = history.returned_at.filter(|at| ended && Some(*at) >= course.finished_at);
    course.returned_at.or(told)
}

/// The due date after every change of it.
pub fn due_at(history: &History, first_due_at: Option<Moment>) -> Option<Moment> {
    let given = history.events.iter().filter_map(|event| Some((event.at, Some(event.due_at?))));
    let changes = history.due_changes.iter().filter(|change| !change.is_base());
    let mut moves: Vec<(Moment, Option<Moment>)> =
        given.chain(changes.map(|change| (change.at, change.due_at))).collect();
    moves.sort_by_key(|(at, _)| *at);
    moves.last().map_or_else(|| base_due_at(history, first_due_at), |(_, due)| *due)
}

/// The due date that every change starts from: the first one, as it was last counted again.
pub fn base_due_at(history: &History, first_due_at: Option<Moment>) -> Option<Moment> {
    let bases = history.due_changes.iter().filter(|change| change.is_base());
    bases.max_by_key(|change| change.arrived_at).map_or(first_due_at, |change| change.due_at)
}

/// The history that the times of a record imply.
pub fn implied(dossier: &Dossier) -> History {
    let told = dossier.recorded_at.or(dossier.accepted_at).unwrap_or(Moment::from_micros(0));
    let event = |status: Status, at: Moment| Event {
        status,
        at,
        arrived_at: told,
        event_id: None,
        reason: None,
        due_at: None,
        undated: false,
    };
    let mut events = Vec::new();
    let stage = dossier.status.stage();
    if let Some(accepted) = dossier.accepted_at.filter(|_| stage != Stage::NotAccepted) {
        events.push(event(Status::ACCEPTED, accepted));
    }
    match (stage, dossier.finished_at) {
        (Stage::NotAccepted, _) => {
            let at = dossier.submitted_at.unwrap_or(told);
            events.push(Event { undated: dossier.submitted_at.is_none(), ..event(dossier.status, at) });
        }
        (Stage::Open, _) if dossier.status == Status::ACCEPTED => {}
        (Stage::Open, _) => {
            let at = dossier.accepted_at.unwrap_or(told);
            events.push(Event { undated: true, ..event(dossier.status, at) });
        }
        (Stage::Resolved, Some(finished)) => match dossier.returned_at {
            Some(returned) if dossier.status == Status::RETURNED => {
                events.push(event(Status::FINISHED, finished));
                events.push(event(Status::RETURNED, returned));
            }
            _ => events.push(event(dossier.status, finished)),
        },
        (_, Some(finished)) => events.push(event(dossier.status, finished)),
        (_, None) => {}
    }
    let mut due_changes = Vec::new();
    if dossier.due_at != dossier.first_due_at {
        due_changes.push(DueChange {
            at: dossier.accepted_at.unwrap_or(told),
            arrived_at: told,
            from_due_at: dossier.first_due_at,
            due_at: dossier.due_at,
            rule: DueRule::Given,
            reason: None,
            paused_at: None,
            unit_id: None,
            calendar_id: None,
            calendar_version: None,
        });
    }
    History { events, due_changes, transfers: Vec::new(), returned_at: None }
}

/// Writes into `new`, the state that a caller wants, the history that leads to it from `old`.
///
/// Events that the new state contradicts give way to those that it implies; the change log keeps what was.
pub fn reconcile(old: &Dossier, new: &mut Dossier, reason: Option<&str>, now: Moment) {
    if new.status == Status::RETURNED && new.returned_at.is_none() && old.status == Status::RETURNED {
        new.returned_at = old.returned_at.filter(|returned| Some(*returned) >= new.finished_at);
    }
    new.recorded_at = old.recorded_at;
    new.history.clone_from(&old.history);
    if same_course(old, new) && old.due_at == new.due_at && old.first_due_at == new.first_due_at {
        return;
    }
    new.recorded_at = Some(now);
    let mut history = old.told_history();
    if !same_course(old, new) {
        history.events = events_to(&history.events, new, now);
        // While it stays open, what an end before was told to be handed over at may hold again.
        if old.status.stage() != Stage::Open || new.status.stage() != Stage::Open {
            history.returned_at = new.returned_at.filter(|_| new.status != Status::RETURNED);
        }
    }
    if due_at(&history, new.first_due_at) != new.due_at {
        give(&mut history, (old.due_at, new.due_at), reason, now);
    }
    new.history = Some(Box::new(history));
}

/// Writes a due date that is given now: it holds over what moved the date before, also over what is dated later.
pub fn give(
    history: &mut History,
    (from_due_at, due_at): (Option<Moment>, Option<Moment>),
    reason: Option<&str>,
    now: Moment,
) {
    let at = history.due_changes.iter().map(|change| change.at).fold(now, Moment::max);
    let dated = history.events.iter().filter(|event| event.due_at.is_some());
    history.due_changes.push(DueChange {
        at: dated.fold(at, |at, event| at.max(event.at)),
        arrived_at: now,
        from_due_at,
        due_at,
        rule: DueRule::Given,
        reason: reason.map(str::to_owned),
        paused_at: None,
        unit_id: None,
        calendar_id: None,
        calendar_version: None,
    });
}

/// How often somebody gave a due date.
pub fn times_given(dossier: &Dossier) -> usize {
    let given = |change: &&DueChange| change.rule == DueRule::Given;
    dossier.told_history().due_changes.iter().filter(given).count()
}

fn same_course(old: &Dossier, new: &Dossier) -> bool {
    (old.status, old.accepted_at, old.finished_at, old.returned_at)
        == (new.status, new.accepted_at, new.finished_at, new.returned_at)
}

/// The events of `old` with the least change that leads to the state `new`; those that it implies, where the
/// old ones can't be kept.
fn events_to(old: &[Event], new: &Dossier, now: Moment) -> Vec<Event> {
    let mut wanted = new.clone();
    wanted.history = None;
    wanted.recorded_at = Some(now);
    let implied = implied(&wanted).events;
    if new.status.stage() == Stage::NotAccepted {
        return implied;
    }
    let mut events: Vec<Event> = old.to_vec();
    if let (Some(accepted), Some(first)) =
        (new.accepted_at, events.iter_mut().find(|event| event.status == Status::ACCEPTED))
        && first.at != accepted
    {
        *first = Event { at: accepted, arrived_at: now, ..first.clone() };
    }
    let open = |event: &Event| matches!(event.status.stage(), Stage::NotAccepted | Stage::Open);
    let kept = events.iter().rposition(open).map_or(0, |last| last + 1);
    let closing = events.split_off(kept);
    if let Some(finished) = new.finished_at {
        // What is said to have happened after the end did not.
        events.retain(|event| event.at <= finished || event.status == Status::ACCEPTED);
    }
    for event in implied.iter().filter(|event| !matches!(event.status.code(), 1 | 2)) {
        // One whose time isn't known stands behind all others, as it is told now.
        let same = |e: &&Event| !event.undated && (e.status, e.at) == (event.status, event.at);
        let known = closing.iter().chain(events.iter()).find(same);
        let mut event = known.unwrap_or(event).clone();
        if let Some(last) = events.last().filter(|_| event.undated) {
            if last.status == event.status {
                continue;
            }
            event.at = event.at.max(last.at);
        }
        events.push(event);
    }
    sort(&mut events);
    if course(&events).is_some_and(|course| leads_to(&course, new)) { events } else { implied }
}

/// Whether what follows from events is the state `new`.
pub(super) fn leads_to(course: &Course, new: &Dossier) -> bool {
    course.status == new.status
        && course.finished_at == new.finished_at
        && (new.status.stage() == Stage::NotAccepted || course.accepted_at == new.accepted_at)
        && (new.status != Status::RETURNED
            || new.returned_at.is_none()
            || course.returned_at == new.returned_at)
}
