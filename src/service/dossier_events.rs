//! Events of dossiers: each is put where it belongs in the history, and the dossier follows.

use super::{
    crud::{self, Context, Proposal, Resource},
    deadlines::Known,
    dossier_clock,
    dossiers::{Dossiers, Lookup, broken_rules},
    error::{Error, Result},
};
use crate::{
    domain::{
        dossier_events::{Event, History, behind, drop_undated_behind, sort},
        dossiers::{Dossier, Stage, Status},
        time::Moment,
        violation::{Findings, Text, Violation},
        words::words,
    },
    store::{Conn, Store, Versioned, lock},
};

words! {
    /// How a step that the transition table doesn't know is met.
    #[derive(Default)]
    pub enum Mode {
        /// Refused.
        #[default]
        Strict = "strict",
        /// Taken over from another system, and flagged.
        Sync = "sync",
    }
}

/// An event as it is told.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The status from then on.
    pub status: Status,
    /// When it happened; says nothing where that is not known.
    pub at: Moment,
    /// The sender's own number of it.
    pub event_id: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The due date given with it.
    pub due_at: Option<Moment>,
    /// Whether its time is not known: it stands right after what is known, and changes nothing where the dossier has
    /// the status.
    pub undated: bool,
}

/// What became of an event.
#[derive(Debug, Clone)]
pub struct Told {
    /// The event as it is kept.
    pub event: Event,
    /// Whether it was told before: nothing changed.
    pub repeated: bool,
    /// The dossier as it is now.
    pub dossier: Versioned<Dossier>,
}

/// Adds an event to the history of a dossier.
///
/// # Errors
/// `NotFound`; `Conflict` for a step that is not allowed or an event number that is taken; `Invalid` when the
/// dossier would break a rule.
pub async fn tell(
    store: &Store,
    context: Context,
    code: String,
    event: NewEvent,
    mode: Mode,
) -> Result<Told> {
    store.write(move |conn| tell_in(conn, &context, &code, event, mode)).await
}

/// [`tell`] within a transaction.
///
/// # Errors
/// Those of [`tell`].
pub fn tell_in(conn: &mut Conn, context: &Context, code: &str, event: NewEvent, mode: Mode) -> Result<Told> {
    lock::record(conn, Dossiers::STRUCTURE, Dossiers::NAME, code)?;
    let old = Dossiers::find(conn, code)?.ok_or_else(|| Error::not_found(Dossiers::NAME, code))?;
    crud::refuse_out_of_reach::<Dossiers>(&context.caller, &old.record)?;
    check(&event)?;
    let mut history = old.record.told_history();
    let known = if event.undated {
        history.events.last().filter(|_| old.record.status == event.status)
    } else {
        repeated(&history.events, &event)?
    };
    if let Some(known) = known {
        return Ok(Told { event: known.clone(), repeated: true, dossier: old });
    }
    let after_all = behind(&history.events, event.status, context.now).filter(|_| event.undated);
    let event = Event {
        status: event.status,
        at: after_all.unwrap_or(event.at),
        arrived_at: context.now,
        event_id: event.event_id,
        reason: event.reason,
        due_at: event.due_at,
        undated: event.undated,
    };
    if let Some(place) = history.events.iter().rposition(|known| gives_way(known, &event)) {
        history.events.remove(place);
    }
    // A registration of unknown time came before everything that is known.
    for first in history.events.iter_mut().filter(|known| known.undated && known.status == Status::REGISTERED)
    {
        first.at = first.at.min(event.at);
    }
    if old.record.status.stage() == Stage::NotAccepted {
        // A registration has no clock: that it has no due date yet is no move of one.
        history.due_changes.retain(|change| change.due_at.is_some());
    }
    history.events.push(event.clone());
    sort(&mut history.events);
    if mode == Mode::Strict {
        refuse_impossible(&history.events, &event)?;
    }
    let dossier = follow(conn, context, &old.record, history, event.reason.clone())?;
    Ok(Told { event, repeated: false, dossier })
}

/// Lets an end hold that is told again as the present state of a dossier: what stands behind it without a time gives
/// way. The caller has locked the dossier.
///
/// # Errors
/// `Invalid` when the dossier would break a rule; the database's.
pub fn let_end_hold(conn: &mut Conn, context: &Context, code: &str, end: Status) -> Result<()> {
    let Some(old) = Dossiers::find(conn, code)? else { return Ok(()) };
    let mut history = old.record.told_history();
    if drop_undated_behind(&mut history.events, end) {
        follow(conn, context, &old.record, history, None)?;
    }
    Ok(())
}

/// Whether a status that was told with the record has its time now, or is told anew. One that stands behind a time
/// later than the new one happened again.
fn gives_way(known: &Event, new: &Event) -> bool {
    let again = new.undated || known.at <= new.at || known.status.stage() == Stage::NotAccepted;
    known.undated && known.status == new.status && again
}

/// Writes the state of a dossier that follows from a history.
fn follow(
    conn: &mut Conn,
    context: &Context,
    old: &Dossier,
    mut history: History,
    reason: Option<String>,
) -> Result<Versioned<Dossier>> {
    let mut record = old.clone();
    record.recorded_at = Some(context.now);
    dossier_clock::settle(conn, &record, &mut history, context.now)?;
    record.follow(history);
    if old.status.stage() == Stage::NotAccepted {
        dossier_clock::derive_due(conn, &mut Known::default(), &mut record, None)?;
    }
    let broken = broken_rules(conn, &mut Lookup::default(), &record)?;
    if !broken.is_empty() {
        return Err(Error::Invalid(broken));
    }
    crud::update::<Dossiers>(conn, context, old, Proposal { record, reason })
}

fn check(event: &NewEvent) -> Result<()> {
    let mut findings = Findings::default();
    findings.optional_text("/event_id", event.event_id.as_ref(), 100);
    findings.optional_text("/reason", event.reason.as_ref(), 1000);
    if event.due_at.is_some() && event.status.stage() != Stage::Open {
        findings.add(
            "/due_at",
            "refused_by_status",
            "A due date comes with the statuses 2, 4, 5 and 6 alone.",
            "Hạn trả chỉ đi cùng các trạng thái 2, 4, 5 và 6.",
        );
    }
    if event.due_at.is_some_and(|due| due < event.at) {
        findings.add(
            "/due_at",
            "before_event",
            "Must not be before the event itself (`at`).",
            "Không được trước chính sự kiện (`at`).",
        );
    }
    findings.into_result().map_err(Error::Invalid)
}

/// The event that this one repeats: the same number, or the same status at the same time.
fn repeated<'a>(events: &'a [Event], new: &NewEvent) -> Result<Option<&'a Event>> {
    let same = |event: &Event| !event.undated && (event.status, event.at) == (new.status, new.at);
    let numbered = events.iter().find(|event| event.event_id.is_some() && event.event_id == new.event_id);
    match numbered {
        Some(event) if same(event) && (new.due_at.is_none() || event.due_at == new.due_at) => Ok(Some(event)),
        Some(event) => Err(Error::Conflict {
            code: "event_id_taken",
            text: Text::new(
                format!("The event number is that of status {} at {}.", event.status.code(), event.at),
                format!("Số sự kiện này là của trạng thái {} lúc {}.", event.status.code(), event.at),
            ),
            violations: vec![Violation::new(
                "/event_id",
                "event_id_taken",
                "Another event of the dossier has this number.",
                "Một sự kiện khác của hồ sơ đã mang số này.",
            )],
        }),
        // A status told again with a new due date is another event.
        None => Ok(events
            .iter()
            .find(|event| same(event) && (new.due_at.is_none() || event.due_at == new.due_at))),
    }
}

/// Refuses an event that can't stand between those before and after it; names what may.
fn refuse_impossible(events: &[Event], new: &Event) -> Result<()> {
    let Some(place) = events.iter().position(|event| event == new) else { return Ok(()) };
    let before = place.checked_sub(1).and_then(|i| events.get(i));
    let after = events.get(place + 1);
    if let Some(before) = before.filter(|before| !before.may_precede(new)) {
        return Err(impossible(before.status, new.status));
    }
    if let Some(after) = after.filter(|after| !new.may_precede(after)) {
        return Err(impossible(new.status, after.status));
    }
    Ok(())
}

fn impossible(from: Status, to: Status) -> Error {
    let allowed: Vec<String> = from.may_follow().iter().map(ToString::to_string).collect();
    let (next, next_vi) = if allowed.is_empty() {
        ("it is final".to_owned(), "đó là trạng thái cuối".to_owned())
    } else {
        let list = allowed.join(", ");
        (format!("allowed next: {list}"), format!("được phép tiếp theo: {list}"))
    };
    let (from, to) = (from.code(), to.code());
    Error::Conflict {
        code: "impossible_jump",
        text: Text::new(
            format!("Status {to} can't follow status {from}: {next}."),
            format!("Trạng thái {to} không thể đến sau trạng thái {from}: {next_vi}."),
        ),
        violations: vec![Violation::new(
            "/status",
            "impossible_jump",
            format!("From {from}, {next}; `mode=sync` takes it over from another system and flags it."),
            format!("Từ {from}, {next_vi}; `mode=sync` nhận từ hệ thống khác và đánh dấu bất thường."),
        )],
    }
}
