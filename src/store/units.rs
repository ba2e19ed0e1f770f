//! Units, what they were called, what stood above them and what became of them.

use std::collections::HashMap;

use diesel::{prelude::*, sql_query, sql_types::Text};

use super::{
    Versioned, changes,
    conn::{Conn, either},
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::{unit_former_parents, unit_successors, units},
    unit_states,
};
use crate::domain::{
    time::Day,
    units::{Extent, FormerParent, Successor, Unit, Validity},
};

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
    moved: bool,
    former_names: Option<String>,
}

#[derive(Queryable, QueryableByName, Insertable)]
#[diesel(table_name = unit_successors)]
struct SuccessorRow {
    unit_id: String,
    successor_id: String,
    position: i32,
    extent: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = unit_former_parents)]
struct FormerParentRow {
    unit_id: String,
    until: chrono::NaiveDate,
    parent_id: Option<String>,
}

impl UnitRow {
    fn new(unit: &Unit, version: i64) -> StoreResult<Self> {
        let former_names = unit.former_names.iter().map(|former| Some(former.name.as_str()));
        Ok(Self {
            id: unit.id.clone(),
            code: unit.code.clone(),
            code_scheme: unit.code_scheme.clone(),
            name: unit.name.clone(),
            name_sort: crate::domain::text::sort_key(&unit.name),
            level: unit.level.to_string(),
            parent_id: unit.parent_id.clone(),
            valid_from: row::date(unit.valid_from),
            valid_to: row::date(unit.valid_to),
            search: row::search_text(
                [Some(unit.name.as_str()), unit.code.as_deref(), Some(unit.id.as_str())]
                    .into_iter()
                    .chain(former_names),
            ),
            version,
            moved: !unit.former_parents.is_empty(),
            former_names: match unit.former_names.is_empty() {
                true => None,
                false => Some(row::json(&unit.former_names)?),
            },
        })
    }

    fn unit(
        self,
        former_parents: Vec<FormerParent>,
        successors: Vec<Successor>,
    ) -> StoreResult<Versioned<Unit>> {
        Ok(Versioned {
            version: self.version,
            record: Unit {
                id: self.id,
                code: self.code,
                code_scheme: self.code_scheme,
                name: self.name,
                former_names: self
                    .former_names
                    .as_deref()
                    .map(row::from_json)
                    .transpose()?
                    .unwrap_or_default(),
                level: row::word(&self.level)?,
                parent_id: self.parent_id,
                former_parents,
                valid_from: row::day(self.valid_from),
                valid_to: row::day(self.valid_to),
                successors,
            },
        })
    }
}

/// The former parents of units, by unit and day.
pub fn former_parents(conn: &mut Conn, ids: &[&str]) -> StoreResult<HashMap<String, Vec<FormerParent>>> {
    let mut by_unit: HashMap<String, Vec<FormerParent>> = HashMap::new();
    for part in ids.chunks(500) {
        let rows: Vec<FormerParentRow> = unit_former_parents::table
            .filter(unit_former_parents::unit_id.eq_any(part))
            .order((unit_former_parents::unit_id, unit_former_parents::until))
            .load(conn)?;
        for row in rows {
            let former = FormerParent { parent_id: row.parent_id, until: Day::from_date(row.until) };
            by_unit.entry(row.unit_id).or_default().push(former);
        }
    }
    Ok(by_unit)
}

fn with_relatives(conn: &mut Conn, rows: Vec<UnitRow>) -> StoreResult<Vec<Versioned<Unit>>> {
    let moved: Vec<&str> = rows.iter().filter(|row| row.moved).map(|row| row.id.as_str()).collect();
    let mut former = former_parents(conn, &moved)?;
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let ordered = unit_successors::table.order((unit_successors::unit_id, unit_successors::position));
    let found: Vec<SuccessorRow> = match ids.as_slice() {
        // The statement of one unit is prepared once; a list's text depends on its length.
        [id] => either!(conn, |conn| ordered.filter(unit_successors::unit_id.eq(id)).load(conn))?,
        // Of very many units, the few that have any are found faster among all that there are.
        _ if ids.len() > 500 => either!(conn, |conn| ordered.load(conn))?,
        _ => either!(conn, |conn| ordered.filter(unit_successors::unit_id.eq_any(&ids)).load(conn))?,
    };
    let mut by_unit: HashMap<String, Vec<Successor>> = HashMap::new();
    for successor in found {
        by_unit
            .entry(successor.unit_id)
            .or_default()
            .push(Successor { unit_id: successor.successor_id, extent: row::word(&successor.extent)? });
    }
    rows.into_iter()
        .map(|row| {
            let successors = by_unit.remove(&row.id).unwrap_or_default();
            let former = former.remove(&row.id).unwrap_or_default();
            row.unit(former, successors)
        })
        .collect()
}

/// A unit by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<Unit>>> {
    let found: Option<UnitRow> = either!(conn, |conn| units::table.find(id).get_result(conn)).optional()?;
    Ok(with_relatives(conn, found.into_iter().collect())?.pop())
}

/// From when until before when a unit exists; none for an unknown unit.
pub fn validity(conn: &mut Conn, id: &str) -> StoreResult<Option<Validity>> {
    type Row = (Option<chrono::NaiveDate>, Option<chrono::NaiveDate>);
    let days = units::table.find(id).select((units::valid_from, units::valid_to));
    let found: Option<Row> = either!(conn, |conn| days.get_result(conn)).optional()?;
    Ok(found.map(|(from, to)| Validity { from: row::day(from), to: row::day(to) }))
}

/// Which of the ids are units, with the units.
pub fn find_all(conn: &mut Conn, ids: &[String]) -> StoreResult<Vec<Unit>> {
    let mut found = Vec::new();
    for part in ids.chunks(500) {
        let these = units::table.filter(units::id.eq_any(part));
        let rows: Vec<UnitRow> = either!(conn, |conn| these.load(conn))?;
        found.extend(with_relatives(conn, rows)?.into_iter().map(|unit| unit.record));
    }
    Ok(found)
}

/// A page of units.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Unit>>> {
    let rows: Vec<UnitRow> = list::page(conn, TABLE, request)?;
    with_relatives(conn, rows)
}

/// Adds a unit.
pub fn insert(conn: &mut Conn, unit: &Unit, version: i64) -> StoreResult<()> {
    diesel::insert_into(units::table).values(UnitRow::new(unit, version)?).execute(conn)?;
    insert_relatives(conn, unit)?;
    unit_states::insert(conn, version, &unit.id, None)
}

/// Replaces a unit, and keeps what it was.
pub fn update(conn: &mut Conn, unit: &Unit, version: i64) -> StoreResult<()> {
    if let Some(old) = find(conn, &unit.id)? {
        unit_states::insert(conn, version, &unit.id, Some(&old.record))?;
    }
    diesel::update(units::table.find(&unit.id)).set(UnitRow::new(unit, version)?).execute(conn)?;
    delete_relatives(conn, &unit.id)?;
    insert_relatives(conn, unit)
}

fn delete_relatives(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(unit_successors::table.filter(unit_successors::unit_id.eq(id))).execute(conn)?;
    diesel::delete(unit_former_parents::table.filter(unit_former_parents::unit_id.eq(id))).execute(conn)?;
    Ok(())
}

fn insert_relatives(conn: &mut Conn, unit: &Unit) -> StoreResult<()> {
    for former in &unit.former_parents {
        diesel::insert_into(unit_former_parents::table)
            .values(FormerParentRow {
                unit_id: unit.id.clone(),
                until: former.until.date(),
                parent_id: former.parent_id.clone(),
            })
            .execute(conn)?;
    }
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

/// Takes a unit away, and keeps what it was; the log has its end already.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    if let (Some(old), Some(end)) = (find(conn, id)?, changes::last_number(conn, TABLE.name, id)?) {
        unit_states::insert(conn, end, id, Some(&old.record))?;
    }
    delete_relatives(conn, id)?;
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

/// What each of some units took over: the unit, its predecessor and how much of that went to it.
pub fn predecessors_of(conn: &mut Conn, ids: &[String]) -> StoreResult<Vec<(String, String, Extent)>> {
    let mut found = Vec::new();
    for part in ids.chunks(500) {
        let rows: Vec<SuccessorRow> = unit_successors::table
            .filter(unit_successors::successor_id.eq_any(part))
            .order((unit_successors::successor_id, unit_successors::unit_id))
            .load(conn)?;
        for row in rows {
            found.push((row.successor_id, row.unit_id, row::word(&row.extent)?));
        }
    }
    Ok(found)
}

/// Other units with the same code in the same scheme.
pub fn with_code(conn: &mut Conn, scheme: &str, code: &str, except: &str) -> StoreResult<Vec<Unit>> {
    let rows: Vec<UnitRow> = units::table
        .filter(units::code_scheme.eq(scheme))
        .filter(units::code.eq(code))
        .filter(units::id.ne(except))
        .load(conn)?;
    Ok(with_relatives(conn, rows)?.into_iter().map(|unit| unit.record).collect())
}

/// Every unit that has or had a code, in one scheme or in any: its id, and the days on which it exists.
pub fn coded(conn: &mut Conn, code: &str, scheme: Option<&str>) -> StoreResult<Vec<(String, Validity)>> {
    type Row = (String, Option<chrono::NaiveDate>, Option<chrono::NaiveDate>);
    let columns = (units::id, units::valid_from, units::valid_to);
    let coded = units::table.filter(units::code.eq(code)).order(units::id).select(columns);
    let rows: Vec<Row> = match scheme {
        Some(scheme) => {
            let coded = coded.filter(units::code_scheme.eq(scheme));
            either!(conn, |conn| coded.load(conn))?
        }
        None => either!(conn, |conn| coded.load(conn))?,
    };
    let days = |from, to| Validity { from: row::day(from), to: row::day(to) };
    Ok(rows.into_iter().map(|(id, from, to)| (id, days(from, to))).collect())
}

/// Whether there is a unit of this id.
pub fn exists(conn: &mut Conn, id: &str) -> StoreResult<bool> {
    let version = units::table.find(id).select(units::version);
    let found: Option<i64> = either!(conn, |conn| version.get_result(conn)).optional()?;
    Ok(found.is_some())
}

/// The unit and all below it.
pub fn subtree(conn: &mut Conn, id: &str) -> StoreResult<Vec<Unit>> {
    let statement = format!("SELECT * FROM units WHERE id IN ({}) ORDER BY id", list::subtree("$1"));
    let rows: Vec<UnitRow> = sql_query(statement).bind::<Text, _>(id.to_owned()).load(conn)?;
    Ok(with_relatives(conn, rows)?.into_iter().map(|unit| unit.record).collect())
}

/// Every unit.
pub fn all(conn: &mut Conn) -> StoreResult<Vec<Unit>> {
    let all = units::table.order(units::id);
    let rows: Vec<UnitRow> = either!(conn, |conn| all.load(conn))?;
    Ok(with_relatives(conn, rows)?.into_iter().map(|unit| unit.record).collect())
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
        ("units", "former_parents", "unit_former_parents", "unit_id", "parent_id"),
        ("units", "successors", "unit_successors", "unit_id", "successor_id"),
        ("dossiers", "unit_id", "dossiers", "code", "unit_id"),
        ("dossiers", "received_by_unit_id", "dossiers", "code", "received_by_unit_id"),
        ("editions", "cohorts", "edition_units", "index_code || '/' || CAST(year AS TEXT)", "unit_id"),
        (
            "editions",
            "revisions",
            "edition_revision_scores",
            "index_code || '/' || CAST(year AS TEXT)",
            "unit_id",
        ),
        ("index-scores", "unit_id", "index_scores", "id", "unit_id"),
        ("commendations", "issuer_unit_id", "commendations", "id", "issuer_unit_id"),
        ("commendations", "recipients", "commendation_recipients", "commendation_id", "unit_id"),
        ("reported-figures", "unit_id", "reported_figures", "id", "unit_id"),
        ("improvement-actions", "owner_unit_id", "improvement_actions", "id", "owner_unit_id"),
        ("improvement-actions", "review_unit_id", "improvement_actions", "id", "review_unit_id"),
        ("calendars", "unit_id", "calendars", "id", "unit_id"),
        ("form-reports", "unit_id", "form_reports", "id", "unit_id"),
        ("returns", "unit_id", "returns", "id", "unit_id"),
        ("clock-rules", "unit_id", "clock_rules", "id", "unit_id"),
        ("api-keys", "unit_id", "api_keys", "id", "unit_id"),
    ];
    let mut found = Vec::new();
    for (resource, member, table, key, column) in REFERENCES {
        let statement = format!("SELECT {key} AS key FROM {table} WHERE {column} = $1 LIMIT 1");
        let keys: Vec<Key> = sql_query(statement).bind::<Text, _>(id.to_owned()).load(conn)?;
        found.extend(keys.into_iter().map(|k| (*resource, *member, k.key)));
    }
    Ok(found)
}
