//! Due dates of dossiers: which calendar a unit uses, which term a procedure has, and what follows.

use std::collections::HashMap;

use super::error::{Error, Result};
use crate::{
    domain::{
        calendars::{Calendar, SkippedDay, WorkingCalendar},
        deadlines::due,
        terms::Term,
        time::{Moment, YEARS},
        words::words,
    },
    store::{self, Conn, Store},
};

words! {
    /// Why no due date follows.
    pub enum NoDueDate {
        /// The catalogue has no such procedure.
        UnknownProcedure = "unknown_procedure",
        /// The catalogue knows no term of the procedure.
        NoTerm = "no_term",
        /// It would lie after the year 2999.
        OutOfRange = "out_of_range",
    }
}

/// A due date with what it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// The dossier is due then.
    pub due_at: Moment,
    /// The calendar; none when the unit has none and the default week was taken.
    pub calendar_id: Option<String>,
    /// The version of it.
    pub calendar_version: Option<i32>,
    /// The term.
    pub term: Term,
    /// The days that did not count.
    pub skipped: Vec<SkippedDay>,
}

/// Where the term of a preview comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermOf {
    /// The catalogue.
    Procedure(String),
    /// The caller.
    Given(Term),
}

/// What a preview tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The due date, or why there is none.
    pub due: std::result::Result<(Moment, Vec<SkippedDay>), NoDueDate>,
    /// The calendar that the unit uses; none when Monday to Friday without holidays is assumed.
    pub calendar: Option<(String, i32)>,
    /// The term, where it is known.
    pub term: Option<Term>,
}

/// Terms and calendars that were looked up: those of many dossiers are read once.
#[derive(Default)]
pub struct Known {
    terms: HashMap<String, Option<Term>>,
    calendars: HashMap<String, (Option<(String, i32)>, WorkingCalendar)>,
}

impl Known {
    /// The due date of a dossier by the catalogue and the unit's calendar; none when the procedure or its term is
    /// not known, or the due date would lie after the year 2999.
    ///
    /// # Errors
    /// The database's.
    pub fn derive(
        &mut self,
        conn: &mut Conn,
        unit_id: &str,
        procedure_code: &str,
        accepted_at: Moment,
    ) -> Result<Option<Derived>> {
        if !self.terms.contains_key(procedure_code) {
            self.terms.insert(procedure_code.to_owned(), term_of(conn, procedure_code)?.ok());
        }
        let Some(term) = self.terms.get(procedure_code).copied().flatten() else { return Ok(None) };
        if !self.calendars.contains_key(unit_id) {
            let calendar = store::calendars::of_unit(conn, unit_id)?;
            let working = calendar.as_ref().map_or_else(WorkingCalendar::default, Calendar::working);
            self.calendars.insert(unit_id.to_owned(), (calendar.map(|c| (c.id, c.version)), working));
        }
        let Some((calendar, working)) = self.calendars.get(unit_id) else { return Ok(None) };
        let Ok((due_at, skipped)) = count(accepted_at, &term, working) else { return Ok(None) };
        let (calendar_id, calendar_version) = calendar.clone().unzip();
        Ok(Some(Derived { due_at, calendar_id, calendar_version, term, skipped }))
    }
}

/// [`Known::derive`] for one dossier.
///
/// # Errors
/// The database's.
pub fn derive(
    conn: &mut Conn,
    unit_id: &str,
    procedure_code: &str,
    accepted_at: Moment,
) -> Result<Option<Derived>> {
    Known::default().derive(conn, unit_id, procedure_code, accepted_at)
}

/// The term of a procedure by the catalogue.
///
/// # Errors
/// The database's.
pub fn term_of(conn: &mut Conn, procedure_code: &str) -> Result<std::result::Result<Term, NoDueDate>> {
    Ok(match store::procedures::find(conn, procedure_code)? {
        None => Err(NoDueDate::UnknownProcedure),
        Some(procedure) => procedure.record.term.ok_or(NoDueDate::NoTerm),
    })
}

fn count(
    accepted_at: Moment,
    term: &Term,
    working: &WorkingCalendar,
) -> std::result::Result<(Moment, Vec<SkippedDay>), NoDueDate> {
    let deadline = due(accepted_at, term, working);
    if YEARS.contains(&deadline.due_at.day().year()) {
        Ok((deadline.due_at, deadline.skipped))
    } else {
        Err(NoDueDate::OutOfRange)
    }
}

/// What the due date of a dossier would be. Nothing is stored.
///
/// # Errors
/// `Invalid` for an unknown unit, or one that doesn't exist on the day of acceptance.
pub async fn preview(store: &Store, unit_id: String, accepted_at: Moment, of: TermOf) -> Result<Preview> {
    store
        .read(move |conn| {
            let unit = store::units::find(conn, &unit_id)?
                .ok_or_else(|| Error::Invalid(vec![Error::unknown_unit("/unit_id", &unit_id)]))?;
            if !unit.record.exists_on(accepted_at.day()) {
                return Err(Error::invalid(
                    "/unit_id",
                    "unit_not_in_existence",
                    format!("`{unit_id}` does not exist on the day of acceptance."),
                    format!("`{unit_id}` không tồn tại vào ngày tiếp nhận."),
                ));
            }
            let term = match of {
                TermOf::Given(term) => Ok(term),
                TermOf::Procedure(code) => term_of(conn, &code)?,
            };
            let calendar = store::calendars::of_unit(conn, &unit_id)?;
            let working = calendar.as_ref().map_or_else(WorkingCalendar::default, Calendar::working);
            let due = term.and_then(|term| count(accepted_at, &term, &working));
            Ok(Preview { due, calendar: calendar.map(|c| (c.id, c.version)), term: term.ok() })
        })
        .await
}
