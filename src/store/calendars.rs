//! Working-day calendars and their versions.

use diesel::{prelude::*, sql_query, sql_types::Text};

use super::{
    Versioned,
    conn::Conn,
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::{calendar_versions, calendars},
};
use crate::domain::calendars::Calendar;

/// The table as lists know it.
pub const TABLE: Table = Table { name: "calendars", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = calendars, treat_none_as_null = true)]
struct CalendarRow {
    id: String,
    unit_id: Option<String>,
    name: String,
    name_sort: String,
    revision: i32,
    hours: String,
    days: String,
    search: String,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = calendar_versions)]
struct VersionRow {
    calendar_id: String,
    revision: i32,
    unit_id: Option<String>,
    name: String,
    hours: String,
    days: String,
    version: i64,
}

impl CalendarRow {
    fn new(calendar: &Calendar, version: i64) -> StoreResult<Self> {
        Ok(Self {
            id: calendar.id.clone(),
            unit_id: calendar.unit_id.clone(),
            name: calendar.name.clone(),
            name_sort: crate::domain::text::sort_key(&calendar.name),
            revision: calendar.version,
            hours: row::json(&calendar.hours)?,
            days: row::json(&calendar.days)?,
            search: row::search_text([Some(calendar.id.as_str()), Some(calendar.name.as_str())]),
            version,
        })
    }

    fn calendar(self) -> StoreResult<Versioned<Calendar>> {
        Ok(Versioned {
            version: self.version,
            record: Calendar {
                hours: row::from_json(&self.hours)?,
                days: row::from_json(&self.days)?,
                id: self.id,
                unit_id: self.unit_id,
                name: self.name,
                version: self.revision,
            },
        })
    }
}

impl VersionRow {
    fn new(calendar: &Calendar, version: i64) -> StoreResult<Self> {
        Ok(Self {
            calendar_id: calendar.id.clone(),
            revision: calendar.version,
            unit_id: calendar.unit_id.clone(),
            name: calendar.name.clone(),
            hours: row::json(&calendar.hours)?,
            days: row::json(&calendar.days)?,
            version,
        })
    }

    fn calendar(self) -> StoreResult<Versioned<Calendar>> {
        Ok(Versioned {
            version: self.version,
            record: Calendar {
                hours: row::from_json(&self.hours)?,
                days: row::from_json(&self.days)?,
                id: self.calendar_id,
                unit_id: self.unit_id,
                name: self.name,
                version: self.revision,
            },
        })
    }
}

/// A calendar by its id, in its present version.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<Calendar>>> {
    let found: Option<CalendarRow> = calendars::table.find(id).get_result(conn).optional()?;
    found.map(CalendarRow::calendar).transpose()
}

/// A calendar as it was, or is, in one of its versions; also of one that is gone.
pub fn version(conn: &mut Conn, id: &str, number: i32) -> StoreResult<Option<Versioned<Calendar>>> {
    let found: Option<VersionRow> =
        calendar_versions::table.find((id, number)).get_result(conn).optional()?;
    found.map(VersionRow::calendar).transpose()
}

/// The highest version that an id has had; 0 for a new one.
pub fn last_version(conn: &mut Conn, id: &str) -> StoreResult<i32> {
    let last: Option<i32> = calendar_versions::table
        .filter(calendar_versions::calendar_id.eq(id))
        .select(diesel::dsl::max(calendar_versions::revision))
        .first(conn)?;
    Ok(last.unwrap_or(0))
}

/// The calendar that a unit uses: its own, else that of its nearest ancestor, else the one without a unit.
pub fn of_unit(conn: &mut Conn, unit_id: &str) -> StoreResult<Option<Calendar>> {
    // Units never stand below themselves; the depth only keeps a broken tree from running on.
    const STATEMENT: &str = "WITH RECURSIVE above (id, parent_id, depth) AS ( \
         SELECT id, parent_id, 0 FROM units WHERE id = $1 \
         UNION ALL SELECT u.id, u.parent_id, a.depth + 1 FROM units u JOIN above a ON u.id = a.parent_id WHERE a.depth < 64) \
         SELECT c.* FROM calendars c LEFT JOIN above a ON c.unit_id = a.id WHERE a.id IS NOT NULL OR c.unit_id IS NULL \
         ORDER BY a.depth NULLS LAST LIMIT 1";
    let mut found: Vec<CalendarRow> = sql_query(STATEMENT).bind::<Text, _>(unit_id.to_owned()).load(conn)?;
    found.pop().map(|row| Ok(row.calendar()?.record)).transpose()
}

/// Another calendar of the same unit, or of no unit.
pub fn other_of(conn: &mut Conn, unit_id: Option<&str>, except: &str) -> StoreResult<Option<String>> {
    let others = calendars::table.filter(calendars::id.ne(except.to_owned())).select(calendars::id);
    Ok(match unit_id {
        Some(unit) => others.filter(calendars::unit_id.eq(unit.to_owned())).first(conn).optional()?,
        None => others.filter(calendars::unit_id.is_null()).first(conn).optional()?,
    })
}

/// A page of calendars.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Calendar>>> {
    let rows: Vec<CalendarRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(CalendarRow::calendar).collect()
}

/// Adds a calendar and its version.
pub fn insert(conn: &mut Conn, calendar: &Calendar, version: i64) -> StoreResult<()> {
    diesel::insert_into(calendars::table).values(CalendarRow::new(calendar, version)?).execute(conn)?;
    insert_version(conn, calendar, version)
}

/// Replaces a calendar by its next version; the older ones stay.
pub fn update(conn: &mut Conn, calendar: &Calendar, version: i64) -> StoreResult<()> {
    diesel::update(calendars::table.find(&calendar.id))
        .set(CalendarRow::new(calendar, version)?)
        .execute(conn)?;
    insert_version(conn, calendar, version)
}

fn insert_version(conn: &mut Conn, calendar: &Calendar, version: i64) -> StoreResult<()> {
    diesel::insert_into(calendar_versions::table)
        .values(VersionRow::new(calendar, version)?)
        .execute(conn)?;
    Ok(())
}

/// Takes a calendar away; its versions stay.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(calendars::table.find(id)).execute(conn)?;
    Ok(())
}
