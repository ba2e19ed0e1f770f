//! Dossiers, with the Vietnamese days and the result that statistics count by.

use diesel::{
    backend::Backend,
    dsl::SqlTypeOf,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{HasSqlType, Text},
};

use super::{
    Versioned,
    conn::{Conn, either},
    error::{StoreError, StoreResult},
    list::{self, Request, Table},
    row::{self, Word},
    schema::dossiers,
};
use crate::domain::{
    dossier_events::{DueChange, anomalies},
    dossier_flows::{Closing, Facts},
    dossiers::{CalendarUsed, Dossier, OnlineLevel, ReturnChannel, Status, SubmissionChannel},
    time::{Day, Moment},
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "dossiers", key: "code" };

/// A row as it is written; a column without a value is written as such, so that one statement serves every row.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = dossiers, treat_none_as_null = true, treat_none_as_default_value = false)]
struct WrittenRow<'a> {
    code: &'a str,
    unit_id: &'a str,
    received_by_unit_id: Option<&'a str>,
    procedure_code: Option<&'a str>,
    field: Option<&'a str>,
    submitted_via: &'static str,
    online_level: Option<&'static str>,
    returned_via: Option<&'static str>,
    interlinked: bool,
    synthetic: bool,
    submitted_at: Option<i64>,
    accepted_at: Option<i64>,
    first_due_at: Option<i64>,
    due_at: Option<i64>,
    re_appointed_to: Option<i64>,
    finished_at: Option<i64>,
    returned_at: Option<i64>,
    status: i32,
    received_on: Option<chrono::NaiveDate>,
    due_on: Option<chrono::NaiveDate>,
    closed_on: Option<chrono::NaiveDate>,
    result: Option<&'static str>,
    search: String,
    version: i64,
    due_derived: bool,
    due_calendar_id: Option<&'a str>,
    due_calendar_version: Option<i32>,
    recorded_at: Option<i64>,
    anomalous: bool,
    transferred: bool,
    history: Option<String>,
    waited: bool,
}

/// A row as it is read: what the record is made of, without what statistics and lists find it by.
#[derive(Queryable)]
struct DossierRow {
    code: String,
    unit_id: String,
    received_by_unit_id: Option<String>,
    procedure_code: Option<String>,
    field: Option<String>,
    submitted_via: Word<SubmissionChannel>,
    online_level: Option<Word<OnlineLevel>>,
    returned_via: Option<Word<ReturnChannel>>,
    interlinked: bool,
    synthetic: bool,
    submitted_at: Option<i64>,
    accepted_at: Option<i64>,
    first_due_at: Option<i64>,
    due_at: Option<i64>,
    re_appointed_to: Option<i64>,
    finished_at: Option<i64>,
    returned_at: Option<i64>,
    status: i32,
    version: i64,
    due_derived: bool,
    due_calendar_id: Option<String>,
    due_calendar_version: Option<i32>,
    recorded_at: Option<i64>,
    history: Option<String>,
}

/// The columns of `DossierRow` in its order: for queries and as text.
macro_rules! columns {
    ($first:ident, $($column:ident),+ $(,)?) => {
        type Columns = (dossiers::$first, $(dossiers::$column),+);
        const COLUMNS: Columns = (dossiers::$first, $(dossiers::$column),+);
        const COLUMN_NAMES: &str = concat!(stringify!($first) $(, ", ", stringify!($column))+);
    };
}

columns! {
    code,
    unit_id,
    received_by_unit_id,
    procedure_code,
    field,
    submitted_via,
    online_level,
    returned_via,
    interlinked,
    synthetic,
    submitted_at,
    accepted_at,
    first_due_at,
    due_at,
    re_appointed_to,
    finished_at,
    returned_at,
    status,
    version,
    due_derived,
    due_calendar_id,
    due_calendar_version,
    recorded_at,
    history,
}

impl<'a> WrittenRow<'a> {
    fn new(d: &'a Dossier, version: i64) -> StoreResult<Self> {
        Ok(Self {
            search: row::search_text([
                Some(d.code.as_str()),
                d.field.as_deref(),
                d.procedure_code.as_deref(),
            ]),
            received_on: row::date(d.received_on()),
            // Nothing gets overdue while the clock stands.
            due_on: row::date(d.due_at.map(Moment::day).filter(|_| !d.clock_stands())),
            closed_on: row::date(d.closed_on()),
            result: Closing::of(d).map(Closing::as_str),
            code: &d.code,
            unit_id: &d.unit_id,
            received_by_unit_id: d.received_by_unit_id.as_deref(),
            procedure_code: d.procedure_code.as_deref(),
            field: d.field.as_deref(),
            submitted_via: d.submitted_via.as_str(),
            online_level: d.online_level.map(OnlineLevel::as_str),
            returned_via: d.returned_via.map(ReturnChannel::as_str),
            interlinked: d.interlinked,
            synthetic: d.synthetic,
            submitted_at: row::micros(d.submitted_at),
            accepted_at: row::micros(d.accepted_at),
            first_due_at: row::micros(d.first_due_at),
            due_at: row::micros(d.due_at),
            re_appointed_to: row::micros(d.re_appointed_to),
            finished_at: row::micros(d.finished_at),
            returned_at: row::micros(d.returned_at),
            status: i32::from(d.status.code()),
            version,
            due_derived: d.due_derived,
            due_calendar_id: d.due_calendar.as_ref().map(|used| used.id.as_str()),
            due_calendar_version: d.due_calendar.as_ref().map(|used| used.version),
            recorded_at: row::micros(d.recorded_at),
            anomalous: d.history.as_ref().is_some_and(|history| !anomalies(&history.events).is_empty()),
            transferred: d.history.as_ref().is_some_and(|history| !history.transfers.is_empty()),
            history: d.history.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?,
            waited: d
                .history
                .as_ref()
                .is_some_and(|history| history.due_changes.iter().any(DueChange::is_wait)),
        })
    }
}

impl DossierRow {
    fn dossier(self) -> StoreResult<Versioned<Dossier>> {
        let status = Status::new(i64::from(self.status))
            .ok_or_else(|| StoreError::Corrupt(format!("status {} of dossier {}", self.status, self.code)))?;
        Ok(Versioned {
            version: self.version,
            record: Dossier {
                code: self.code,
                unit_id: self.unit_id,
                received_by_unit_id: self.received_by_unit_id,
                procedure_code: self.procedure_code,
                field: self.field,
                submitted_via: self.submitted_via.0,
                online_level: self.online_level.map(|word| word.0),
                returned_via: self.returned_via.map(|word| word.0),
                interlinked: self.interlinked,
                synthetic: self.synthetic,
                submitted_at: row::moment(self.submitted_at),
                accepted_at: row::moment(self.accepted_at),
                first_due_at: row::moment(self.first_due_at),
                due_at: row::moment(self.due_at),
                re_appointed_to: row::moment(self.re_appointed_to),
                finished_at: row::moment(self.finished_at),
                returned_at: row::moment(self.returned_at),
                status,
                due_derived: self.due_derived,
                due_calendar: self
                    .due_calendar_id
                    .zip(self.due_calendar_version)
                    .map(|(id, version)| CalendarUsed { id, version }),
                recorded_at: row::moment(self.recorded_at),
                history: self.history.as_deref().map(serde_json::from_str).transpose().map_err(unreadable)?,
            },
        })
    }
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Other(format!("a history can't be written: {error}"))
}

fn unreadable(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("history of a dossier: {error}"))
}

/// The dossier of a code, as text: diesel walks through each of the columns with every question that it writes itself.
struct OfCode<'a> {
    code: &'a str,
}

impl QueryId for OfCode<'_> {
    type QueryId = OfCode<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB: Backend> QueryFragment<DB> for OfCode<'_>
where
    str: ToSql<Text, DB>,
    DB: HasSqlType<Text>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        out.push_sql(COLUMN_NAMES);
        out.push_sql(" FROM dossiers WHERE code = ");
        out.push_bind_param::<Text, str>(self.code)
    }
}

impl Query for OfCode<'_> {
    type SqlType = SqlTypeOf<Columns>;
}

impl<C> RunQueryDsl<C> for OfCode<'_> {}

/// A dossier by its code.
pub fn find(conn: &mut Conn, code: &str) -> StoreResult<Option<Versioned<Dossier>>> {
    let found: Option<DossierRow> =
        either!(conn, |conn| RunQueryDsl::get_result(OfCode { code }, conn)).optional()?;
    found.map(DossierRow::dossier).transpose()
}

/// A page of dossiers.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Dossier>>> {
    let rows = list::page_of::<SqlTypeOf<Columns>, DossierRow>(conn, TABLE, COLUMN_NAMES, request)?;
    rows.into_iter().map(DossierRow::dossier).collect()
}

/// Adds a dossier.
pub fn insert(conn: &mut Conn, dossier: &Dossier, version: i64) -> StoreResult<()> {
    let row = WrittenRow::new(dossier, version)?;
    either!(conn, |conn| diesel::insert_into(dossiers::table).values(row).execute(conn))?;
    Ok(())
}

/// Adds many dossiers, each with its change number.
pub fn insert_all(conn: &mut Conn, records: &[(Dossier, i64)]) -> StoreResult<()> {
    let rows = records.iter().map(|(dossier, version)| WrittenRow::new(dossier, *version));
    match conn {
        Conn::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(dossiers::table).values(row?).execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            let rows: Vec<WrittenRow> = rows.collect::<StoreResult<_>>()?;
            // 32 columns a row, and PostgreSQL binds 65,535 values at most.
            for part in rows.chunks(2000) {
                diesel::insert_into(dossiers::table).values(part).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Replaces a dossier.
pub fn update(conn: &mut Conn, dossier: &Dossier, version: i64) -> StoreResult<()> {
    let row = WrittenRow::new(dossier, version)?;
    either!(conn, |conn| diesel::update(dossiers::table.find(&dossier.code)).set(row).execute(conn))?;
    Ok(())
}

/// Takes a dossier away.
pub fn delete(conn: &mut Conn, code: &str) -> StoreResult<()> {
    diesel::delete(dossiers::table.find(code)).execute(conn)?;
    Ok(())
}

/// The first and the last day on which a unit accepted a dossier that it still has.
pub fn accepted_span(conn: &mut Conn, unit_id: &str) -> StoreResult<Option<(Day, Day)>> {
    let of_unit = || {
        dossiers::table
            .filter(dossiers::unit_id.eq(unit_id))
            .filter(dossiers::accepted_at.is_not_null())
            .filter(dossiers::transferred.eq(false))
    };
    let first: Option<Option<i64>> =
        of_unit().select(dossiers::accepted_at).order(dossiers::accepted_at.asc()).first(conn).optional()?;
    let last: Option<Option<i64>> =
        of_unit().select(dossiers::accepted_at).order(dossiers::accepted_at.desc()).first(conn).optional()?;
    let day = |micros: Option<Option<i64>>| row::moment(micros.flatten()).map(Moment::day);
    Ok(day(first).zip(day(last)))
}

/// Codes of the dossiers that a unit has and that were open on a day, behind `after`.
pub fn open_at(
    conn: &mut Conn,
    unit_id: &str,
    day: Day,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<String>> {
    Ok(dossiers::table
        .filter(dossiers::unit_id.eq(unit_id))
        .filter(dossiers::code.gt(after))
        .filter(dossiers::received_on.le(day.date()))
        .filter(dossiers::closed_on.is_null().or(dossiers::closed_on.ge(day.date())))
        .order(dossiers::code)
        .limit(limit)
        .select(dossiers::code)
        .load(conn)?)
}

/// Codes of the dossiers whose due date was derived with an older version of a calendar, behind `after`.
pub fn of_calendar(
    conn: &mut Conn,
    calendar_id: &str,
    version: i32,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<String>> {
    Ok(dossiers::table
        .filter(dossiers::due_calendar_id.eq(calendar_id))
        .filter(dossiers::due_calendar_version.ne(version))
        .filter(dossiers::due_derived.eq(true))
        .filter(dossiers::code.gt(after))
        .order(dossiers::code)
        .limit(limit)
        .select(dossiers::code)
        .load(conn)?)
}

/// A page of the dossiers whose due date a wait moved, behind `after`: the codes of those in whose histories the
/// calendar is named, and the last code of the page.
pub fn waits_of_calendar(
    conn: &mut Conn,
    calendar_id: &str,
    after: &str,
    limit: i64,
) -> StoreResult<(Vec<String>, Option<String>)> {
    let rows: Vec<(String, Option<String>)> = dossiers::table
        .filter(dossiers::waited)
        .filter(dossiers::code.gt(after))
        .order(dossiers::code)
        .limit(limit)
        .select((dossiers::code, dossiers::history))
        .load(conn)?;
    let last = rows.last().map(|(code, _)| code.clone());
    let named = format!("\"calendar_id\":{}", serde_json::Value::from(calendar_id));
    let names = |history: &Option<String>| history.as_ref().is_some_and(|text| text.contains(&named));
    Ok((rows.into_iter().filter(|(_, history)| names(history)).map(|(code, _)| code).collect(), last))
}

/// Tells what statistics count of each dossier that units have, or had before they handed it over.
pub fn each_facts(conn: &mut Conn, units: &[String], mut tell: impl FnMut(&Facts)) -> StoreResult<()> {
    const PAGE: i64 = 2000;
    let mut read = |rows: Vec<DossierRow>| -> StoreResult<Option<String>> {
        let mut last = None;
        for row in rows {
            let dossier = row.dossier()?.record;
            Facts::of(&dossier).iter().for_each(&mut tell);
            last = Some(dossier.code);
        }
        Ok(last)
    };
    for unit in units {
        let mut after = String::new();
        loop {
            let page = dossiers::table
                .filter(dossiers::unit_id.eq(unit))
                .filter(dossiers::transferred.eq(false))
                .filter(dossiers::code.gt(&after))
                .order(dossiers::code)
                .limit(PAGE)
                .select(COLUMNS);
            let Some(last) = read(either!(conn, |conn| page.load(conn))?)? else { break };
            after = last;
        }
    }
    let mut after = String::new();
    loop {
        let page = dossiers::table
            .filter(dossiers::transferred.eq(true))
            .filter(dossiers::code.gt(&after))
            .order(dossiers::code)
            .limit(PAGE)
            .select(COLUMNS);
        let Some(last) = read(either!(conn, |conn| page.load(conn))?)? else { return Ok(()) };
        after = last;
    }
}

/// Dossiers by their codes, with their versions.
pub fn find_all(conn: &mut Conn, codes: &[&str]) -> StoreResult<Vec<Versioned<Dossier>>> {
    let mut found = Vec::new();
    for part in codes.chunks(500) {
        let these = dossiers::table.filter(dossiers::code.eq_any(part)).select(COLUMNS);
        let rows: Vec<DossierRow> = either!(conn, |conn| these.load(conn))?;
        for row in rows {
            found.push(row.dossier()?);
        }
    }
    Ok(found)
}

/// What statistics count of each dossier, a page at a time in the order of the codes, behind `after`.
pub fn facts_page(conn: &mut Conn, after: &str, limit: i64) -> StoreResult<Option<(String, Vec<Facts>)>> {
    let page = dossiers::table.filter(dossiers::code.gt(after)).order(dossiers::code).limit(limit);
    let page = page.select(COLUMNS);
    let rows: Vec<DossierRow> = either!(conn, |conn| page.load(conn))?;
    let mut last = None;
    let mut facts = Vec::with_capacity(rows.len());
    for row in rows {
        let dossier = row.dossier()?.record;
        facts.extend(Facts::of(&dossier));
        last = Some(dossier.code);
    }
    Ok(last.map(|last| (last, facts)))
}
