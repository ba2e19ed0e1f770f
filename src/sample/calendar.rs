//! The calendar of all units and the catalogue of procedures.

use serde::Deserialize;

use super::files::rows;
use crate::{
    domain::{
        calendars::{Calendar, CalendarDay, DayKind},
        hours::DEFAULT_HOURS,
        procedures::Procedure,
        terms,
        time::Day,
        units::Level,
    },
    service::error::Result,
};

#[derive(Deserialize)]
struct DayRow {
    day: Day,
    kind: DayKind,
    name: String,
    forecast: bool,
}

#[derive(Deserialize)]
struct CatalogueRow {
    code: String,
    name: String,
    field: Option<String>,
    level: Option<Level>,
    term_text: Option<String>,
}

/// The calendar of all units: public holidays and make-up days.
///
/// # Errors
/// When the file can't be read, which is a defect.
pub fn calendar() -> Result<Calendar> {
    let days: Vec<DayRow> = rows("calendar.csv", include_str!("data/calendar.csv"))?;
    Ok(Calendar {
        id: "vn".to_owned(),
        unit_id: None,
        name: "Lịch làm việc chung của cơ quan nhà nước".to_owned(),
        version: 1,
        hours: DEFAULT_HOURS.to_vec(),
        days: days
            .into_iter()
            .map(|row| CalendarDay {
                day: row.day,
                kind: row.kind,
                name: Some(row.name),
                hours: None,
                forecast: row.forecast,
            })
            .collect(),
    })
}

/// Procedures with the terms that their published texts say.
///
/// # Errors
/// When the file can't be read, which is a defect.
pub fn catalogue() -> Result<Vec<Procedure>> {
    let procedures: Vec<CatalogueRow> = rows("catalogue.csv", include_str!("data/catalogue.csv"))?;
    Ok(procedures
        .into_iter()
        .map(|row| Procedure {
            term: row.term_text.as_deref().and_then(terms::read),
            code: row.code,
            name: row.name,
            field: row.field,
            level: row.level,
            term_text: row.term_text,
        })
        .collect())
}
