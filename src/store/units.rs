//! Units and what became of them.

use diesel::{prelude::*, sql_query, sql_types::Text};

use super::{
    Versioned,
    conn::Conn,
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::{unit_successors, units},
};
use crate::domain::units::{Extent, Level, Successor, Unit};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "units", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = units, treat_none_as_null = true)]
struct UnitRow {
    id: String,
    code: Option<String>,
    code_scheme: Option<String>,
    name: String,
    name_sort: String,
    level: String,
    parent_id: Option<String>,
    valid_from: Option<chrono::NaiveDate>,
    valid_to: Option<chrono::NaiveDate>,
    search: String,
    version: i64,
}

#[derive(Queryable, QueryableByName, Insertable)]
#[diesel(table_name = unit_successors)]
struct SuccessorRow {
    unit_id: String,
    successor_id: String,
    position: i32,
    extent: String,
}

impl UnitRow {
    fn new(unit: &Unit, version: i64) -> Self {
        Self {
            id: unit.id.clone(),
            code: unit.code.clone(),
            code_scheme: unit.code_scheme.clone(),
            name: unit.name.clone(),
            name_sort: crate::domain::text::sort_key(&unit.name),
            level: unit.level.to_string(),
            parent_id: unit.parent_id.clone(),
            valid_from: row::date(unit.valid_from),
            valid_to: row::date(unit.valid_to),
            search: row::search_text([
                Some(unit.name.as_str()),
                unit.code.as_deref(),
                Some(unit.id.as_str()),
            ]),
            version,
        }
    }

    fn unit(self, successors: Vec<Successor>) -> StoreResult<Versioned<Unit>> {
        Ok(Versioned {
            version: self.version,
            record: Unit {
                id: self.id,
                code: self.code,
                code_scheme: self.code_scheme,
                name: self.name,
                level: row::word(&self.level)?,
                parent_id: self.parent_id,
                valid_from: row::day(self.valid_from),
                valid_to: row::day(self.valid_to),
                successors,
            },
        })
    }
}

fn with_successors(conn: &mut Conn, rows: Vec<UnitRow>) -> StoreResult<Vec<Versioned<Unit>>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let found: Vec<SuccessorRow> = unit_successors::table
        .filter(unit_successors::unit_id.eq_any(&ids))
        .order((unit_successors::unit_id, unit_successors::position))
        .load(conn)?;
    let mut by_unit: std::collections::HashMap<String, Vec<Successor>> = std::collections::HashMap::new();
    for successor in found {
        by_unit
            .entry(successor.unit_id)
            .or_default()
            .push(Successor { unit_id: successor.successor_id, extent: row::word(&successor.extent)? });
    }
    rows.into_iter()
        .map(|row| {
            let successors = by_unit.remove(&row.id).unwrap_or_default();
            row.unit(successors)
        })
        .collect()
}

/// A unit by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<Unit>>> {
    let found: Option<UnitRow> = units::table.find(id).first(conn).optional()?;
    Ok(with_successors(conn, found.into_iter().collect())?.pop())
}

/// Which of the ids are units, with the units.
pub fn find_all(conn: &mut Conn, ids: &[String]) -> StoreResult<Vec<Unit>> {
    let mut found = Vec::new();
    for part in ids.chunks(500) {
        let rows: Vec<UnitRow> = units::table.filter(units::id.eq_any(part)).load(conn)?;
        found.extend(with_successors(conn, rows)?.into_iter().map(|unit| unit.record));
    }
    Ok(found)
}

/// A page of units.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Unit>>> {
    let rows: Vec<UnitRow> = list::page(conn, TABLE, request)?;
    with_successors(conn, rows)
}

/// Adds a unit.
pub fn insert(conn: &mut Conn, unit: &Unit, version: i64) -> StoreResult<()> {
    diesel::insert_into(units::table).values(UnitRow::new(unit, version)).execute(conn)?;
    insert_successors(conn, unit)
}

/// Replaces a unit.
pub fn update(conn: &mut Conn, unit: &Unit, version: i64) -> StoreResult<()> {
    diesel::update(units::table.find(&unit.id)).set(UnitRow::new(unit, version)).execute(conn)?;
    diesel::delete(unit_successors::table.filter(unit_successors::unit_id.eq(&unit.id))).execute(conn)?;
    insert_successors(conn, unit)
}

fn insert_successors(conn: &mut Conn, unit: &Unit) -> StoreResult<()> {
    for (position, successor) in (0i32..).zip(&unit.successors) {
        diesel::insert_into(unit_successors::table)
            .values(SuccessorRow {
                unit_id: unit.id.clone(),
                successor_id: successor.unit_id.clone(),
                position,
                extent: successor.extent.to_string(),
            })
            .execute(conn)?;
    }
    Ok(())
}

/// Takes a unit away.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(unit_successors::table.filter(unit_successors::unit_id.eq(id))).execute(conn)?;
    diesel::delete(units::table.find(id)).execute(conn)?;
    Ok(())
}

/// Units of which `id` is a successor, with how much of each went there, by id.
pub fn predecessors(conn: &mut Conn, id: &str) -> StoreResult<Vec<(String, Extent)>> {
    let rows: Vec<SuccessorRow> = unit_successors::table
        .filter(unit_successors::successor_id.eq(id))
        .order(unit_successors::unit_id)
        .load(conn)?;
    rows.into_iter().map(|r| Ok((r.unit_id, row::word(&r.extent)?))).collect()
}

/// Other units with the same code in the same scheme.
pub fn with_code(conn: &mut Conn, scheme: &str, code: &str, except: &str) -> StoreResult<Vec<Unit>> {
    let rows: Vec<UnitRow> = units::table
        .filter(units::code_scheme.eq(scheme))
        .filter(units::code.eq(code))
        .filter(units::id.ne(except))
        .load(conn)?;
    Ok(with_successors(conn, rows)?.into_iter().map(|unit| unit.record).collect())
}

/// Whether there is a unit of this id.
pub fn exists(conn: &mut Conn, id: &str) -> StoreResult<bool> {
    let found: Option<i64> = units::table.find(id).select(units::version).first(conn).optional()?;
    Ok(found.is_some())
}

/// Ids and levels of the unit and all below it.
pub fn below(conn: &mut Conn, id: &str) -> StoreResult<Vec<(String, Level)>> {
    #[derive(QueryableByName)]
    struct Below {
        #[diesel(sql_type = Text)]
        id: String,
        #[diesel(sql_type = Text)]
        level: String,
    }
    let statement = format!("SELECT id, level FROM units WHERE id IN ({}) ORDER BY id", list::subtree("$1"));
    let rows: Vec<Below> = sql_query(statement).bind::<Text, _>(id.to_owned()).load(conn)?;
    rows.into_iter().map(|unit| Ok((unit.id, row::word(&unit.level)?))).collect()
}

/// The unit and all below it.
pub fn subtree(conn: &mut Conn, id: &str) -> StoreResult<Vec<Unit>> {
    let statement = format!("SELECT * FROM units WHERE id IN ({}) ORDER BY id", list::subtree("$1"));
    let rows: Vec<UnitRow> = sql_query(statement).bind::<Text, _>(id.to_owned()).load(conn)?;
    Ok(with_successors(conn, rows)?.into_iter().map(|unit| unit.record).collect())
}

/// Every unit.
pub fn all(conn: &mut Conn) -> StoreResult<Vec<Unit>> {
    let rows: Vec<UnitRow> = units::table.order(units::id).load(conn)?;
    Ok(with_successors(conn, rows)?.into_iter().map(|unit| unit.record).collect())
}

/// What refers to a unit: the resource, the member that does, and one record's key as an example.
pub fn referrers(conn: &mut Conn, id: &str) -> StoreResult<Vec<(&'static str, &'static str, String)>> {
    #[derive(QueryableByName)]
    struct Key {
        #[diesel(sql_type = Text)]
        key: String,
    }
    // Resource, member, table, key expression and column of every reference to a unit.
    const REFERENCES: &[(&str, &str, &str, &str, &str)] = &[
        ("units", "parent_id", "units", "id", "parent_id"),
        ("units", "successors", "unit_successors", "unit_id", "successor_id"),
        ("dossiers", "unit_id", "dossiers", "code", "unit_id"),
        ("dossiers", "received_by_unit_id", "dossiers", "code", "received_by_unit_id"),
        ("editions", "cohorts", "edition_units", "index_code || '/' || CAST(year AS TEXT)", "unit_id"),
        ("index-scores", "unit_id", "index_scores", "id", "unit_id"),
        ("commendations", "issuer_unit_id", "commendations", "id", "issuer_unit_id"),
        ("commendations", "recipients", "commendation_recipients", "commendation_id", "unit_id"),
        ("reported-figures", "unit_id", "reported_figures", "id", "unit_id"),
        ("improvement-actions", "owner_unit_id", "improvement_actions", "id", "owner_unit_id"),
        ("improvement-actions", "review_unit_id", "improvement_actions", "id", "review_unit_id"),
        ("calendars", "unit_id", "calendars", "id", "unit_id"),
    ];
    let mut found = Vec::new();
    for (resource, member, table, key, column) in REFERENCES {
        let statement = format!("SELECT {key} AS key FROM {table} WHERE {column} = $1 LIMIT 1");
        let keys: Vec<Key> = sql_query(statement).bind::<Text, _>(id.to_owned()).load(conn)?;
        found.extend(keys.into_iter().map(|k| (*resource, *member, k.key)));
    }
    Ok(found)
}
