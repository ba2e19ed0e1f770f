//! Due dates counted again with the present version of a calendar: those that it derived, and the waits that it
//! counted, whoever gave the date before.

use std::collections::HashMap;

use super::{
    calendars::Calendars,
    crud::{self, Context, Proposal, Resource},
    deadlines,
    dossier_clock::{Counter, counted_base, settle_with},
    dossiers::Dossiers,
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        calendars::Calendar,
        deadlines::due,
        dossier_events::{DueChange, DueRule, History},
        dossier_history::{base_due_at, due_at},
        dossiers::{CalendarUsed, Dossier},
        terms::Term,
        time::Moment,
    },
    store::{self, Conn, Store, Versioned, lock},
};

/// What counting again with the present version of a calendar changes.
#[derive(Debug, Clone, Default)]
pub struct Recomputed {
    /// The present version.
    pub version: i32,
    /// Dossiers that the caller reaches where an older one derived the due date or counted a wait.
    pub examined: i64,
    /// Those among them whose due date changes.
    pub changed: i64,
    /// Of these, that the caller may read, at most [`LISTED`], by code.
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

/// Which dossiers are looked for.
#[derive(Debug, Clone, Copy)]
enum Sought {
    /// Those whose due date the calendar derived.
    Derived,
    /// The others, where it counted a wait.
    Waits,
}

/// Counts again with its present version what a calendar derived and counted; a dry run only tells what would
/// change. Dates that somebody gave stay, and the first due date stays what was told at acceptance. Dossiers that
/// the caller does not reach stay as they are.
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
    for sought in [Sought::Derived, Sought::Waits] {
        let mut after = Some(String::new());
        while let Some(start) = after {
            let (id, context) = (calendar_id.clone(), context.clone());
            let work = move |conn: &mut Conn| recompute_page(conn, &context, &id, sought, &start, dry_run);
            let (page, last) = if dry_run { store.read(work).await? } else { store.write(work).await? };
            all.version = page.version;
            all.examined += page.examined;
            all.changed += page.changed;
            let room = LISTED.saturating_sub(all.changes.len());
            all.changes.extend(page.changes.into_iter().take(room));
            after = last;
        }
    }
    all.changes.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(all)
}

fn recompute_page(
    conn: &mut Conn,
    context: &Context,
    calendar_id: &str,
    sought: Sought,
    after: &str,
    dry_run: bool,
) -> Result<(Recomputed, Option<String>)> {
    let calendar = store::calendars::find(conn, calendar_id)?
        .ok_or_else(|| Error::not_found("calendars", calendar_id))?
        .record;
    crud::refuse_proposed::<Calendars>(&context.caller, &calendar)?;
    let (codes, last) = match sought {
        Sought::Derived => {
            let codes = store::dossiers::of_calendar(conn, calendar_id, calendar.version, after, PAGE)?;
            let last = codes.last().cloned();
            (codes, last)
        }
        Sought::Waits => store::dossiers::waits_of_calendar(conn, calendar_id, after, PAGE)?,
    };
    let mut page = Recomputed { version: calendar.version, ..Recomputed::default() };
    let mut terms: HashMap<String, Option<Term>> = HashMap::new();
    for code in &codes {
        if !dry_run {
            lock::record(conn, Dossiers::STRUCTURE, Dossiers::NAME, code)?;
        }
        let Some(Versioned { record: old, .. }) = Dossiers::find(conn, code)? else { continue };
        // A calendar also holds for units that its writer does not reach, as those below an abolished one.
        if !context.caller.reaches(&old.unit_id) || !is_sought(&old, &calendar, sought) {
            continue;
        }
        page.examined += 1;
        let procedure = old.procedure_code.clone().unwrap_or_default();
        let term = match terms.get(&procedure) {
            Some(term) => *term,
            None => *terms.entry(procedure.clone()).or_insert(deadlines::term_of(conn, &procedure)?.ok()),
        };
        let counter = Counter::with(term, Some(calendar.clone()));
        let Some(history) = counted_again(conn, &old, &calendar, &counter, context.now)? else { continue };
        let Some(new_due_at) = due_at(&history, old.first_due_at) else { continue };
        if old.due_at != Some(new_due_at) {
            page.changed += 1;
            if context.caller.may(Scope::DossiersRead, &old.unit_id) {
                page.changes.push(Recompute {
                    code: code.clone(),
                    unit_id: old.unit_id.clone(),
                    due_at: old.due_at,
                    new_due_at,
                });
            }
        }
        if !dry_run {
            write_again(conn, context, &old, history, &calendar)?;
        }
    }
    Ok((page, last))
}

/// Whether the due date was derived with an older version of the calendar.
fn is_derived(dossier: &Dossier, calendar: &Calendar) -> bool {
    let used = dossier.due_calendar.as_ref().filter(|_| dossier.due_derived);
    used.is_some_and(|used| used.id == calendar.id && used.version != calendar.version)
}

/// Whether a dossier is one of those looked for, none of which is two of them.
fn is_sought(dossier: &Dossier, calendar: &Calendar, sought: Sought) -> bool {
    let older = |change: &DueChange| {
        change.is_wait()
            && change.calendar_id.as_ref() == Some(&calendar.id)
            && change.calendar_version != Some(calendar.version)
    };
    match sought {
        Sought::Derived => is_derived(dossier, calendar),
        Sought::Waits => {
            !is_derived(dossier, calendar)
                && dossier.history.as_ref().is_some_and(|history| history.due_changes.iter().any(older))
        }
    }
}

/// Whether the date that pauses are put on top of is the calendar's to count: it derived it, and nobody gave another.
fn counts_base(dossier: &Dossier, history: &History, calendar: &Calendar) -> bool {
    let given = history.events.iter().any(|event| event.due_at.is_some())
        || history.due_changes.iter().any(|change| change.rule == DueRule::Given);
    is_derived(dossier, calendar) && !given
}

/// The history counted again by the calendar; none where nothing can be counted.
///
/// The first due date counted again is what pauses are put on top of, those too that are told later.
fn counted_again(
    conn: &mut Conn,
    dossier: &Dossier,
    calendar: &Calendar,
    counter: &Counter,
    now: Moment,
) -> Result<Option<History>> {
    let Some(accepted) = dossier.accepted_at else { return Ok(None) };
    let mut history = dossier.told_history();
    if counts_base(dossier, &history, calendar) {
        let Some(term) = counter.term else { return Ok(None) };
        // A recomputation that is dated from when it was made gives way to this one.
        history.due_changes.retain(|change| change.is_wait() || change.is_base());
        let before = base_due_at(&history, dossier.first_due_at);
        let first = due(accepted, &term, &counter.working).due_at;
        if before != Some(first) {
            let used = Some((calendar.id.as_str(), calendar.version));
            history.due_changes.push(counted_base(accepted, (before, Some(first)), used, now));
            history.due_changes.sort_by_key(|change| change.at);
        }
    }
    settle_with(conn, dossier, &mut history, Some(counter), now)?;
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
    let told = old.told_history();
    if counts_base(old, &told, calendar) {
        record.due_calendar = Some(CalendarUsed { id: calendar.id.clone(), version: calendar.version });
    }
    if history.due_changes != told.due_changes {
        record.follow(history);
    }
    if record == *old {
        return Ok(());
    }
    let proposal =
        Proposal { record, reason: Some(format!("calendar {} version {}", calendar.id, calendar.version)) };
    crud::update::<Dossiers>(conn, context, old, proposal)?;
    Ok(())
}
