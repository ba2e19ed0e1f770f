//! Calendars: one for a unit, one for all units without another; every edit makes a version that stays.

use super::{
    access::Caller,
    crud::{Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        calendars::Calendar,
        violation::{Text, Violation},
    },
    store::{
        self, Conn, Store, StoreResult, Versioned,
        list::{Request, Table},
        lock::Structure,
    },
};

/// `/calendars`.
pub struct Calendars;

impl Resource for Calendars {
    type Record = Calendar;
    const NAME: &'static str = "calendars";
    const TABLE: Table = store::calendars::TABLE;
    // Due dates follow from it, and no two calendars may be made for the same units at once.
    const STRUCTURE: Structure = Structure::Changed;

    fn may_write(caller: &Caller, calendar: &Calendar) -> bool {
        match &calendar.unit_id {
            Some(unit) => caller.may(Scope::UnitsWrite, unit),
            None => caller.may_everywhere(Scope::UnitsWrite),
        }
    }

    fn key(calendar: &Calendar) -> String {
        calendar.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Calendar>>> {
        store::calendars::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Calendar>>> {
        store::calendars::list(conn, request)
    }

    fn insert(conn: &mut Conn, calendar: &Calendar, version: i64) -> StoreResult<()> {
        store::calendars::insert(conn, calendar, version)
    }

    fn update(conn: &mut Conn, calendar: &Calendar, version: i64) -> StoreResult<()> {
        store::calendars::update(conn, calendar, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::calendars::delete(conn, key)
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<Calendar>, old: Option<&Calendar>) -> Result<()> {
        let calendar = &mut proposal.record;
        let mut violations = calendar.check();
        if let Some(unit) = &calendar.unit_id
            && store::units::find(conn, unit)?.is_none()
        {
            violations.push(Error::unknown_unit("/unit_id", unit));
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        calendar.days.sort_by_key(|day| day.day);
        refuse_second(conn, calendar)?;
        calendar.version = match old {
            // A calendar that is gone and comes again goes on counting: a version is never written twice.
            None => store::calendars::last_version(conn, &calendar.id)? + 1,
            Some(old) => {
                calendar.version = old.version;
                if calendar == old { old.version } else { old.version + 1 }
            }
        };
        Ok(())
    }
}

/// A unit has one calendar, and so have the units without one.
fn refuse_second(conn: &mut Conn, calendar: &Calendar) -> Result<()> {
    let unit = calendar.unit_id.as_deref();
    let Some(other) = store::calendars::other_of(conn, unit, &calendar.id)? else { return Ok(()) };
    let (en, vi) = match unit {
        Some(unit) => (
            format!("`{unit}` has a calendar already: `{other}`."),
            format!("`{unit}` đã có lịch làm việc: `{other}`."),
        ),
        None => (
            format!("There is a calendar of all units already: `{other}`."),
            format!("Đã có lịch làm việc chung cho mọi đơn vị: `{other}`."),
        ),
    };
    let violation = Violation::new("/unit_id", "calendar_taken", en.clone(), vi.clone());
    Err(Error::Conflict { code: "calendar_taken", text: Text::new(en, vi), violations: vec![violation] })
}

/// A calendar in one of its versions; also of one that is gone.
///
/// # Errors
/// `NotFound`.
pub async fn version(store: &Store, id: String, number: i32) -> Result<Versioned<Calendar>> {
    store
        .read(move |conn| {
            let found = store::calendars::version(conn, &id, number)?;
            found.ok_or_else(|| Error::not_found(Calendars::NAME, format!("{id}/versions/{number}")))
        })
        .await
}
