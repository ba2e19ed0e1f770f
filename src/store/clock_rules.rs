//! Clock rules.

use diesel::{
    prelude::*,
    sql_types::{Date, Text},
};

use super::{
    Versioned,
    conn::{Conn, either},
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::clock_rules,
    sql::numbered,
};
use crate::domain::{clock_rules::ClockRule, time::Day};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "clock_rules", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = clock_rules, treat_none_as_null = true)]
struct ClockRuleRow {
    id: String,
    unit_id: Option<String>,
    valid_from: Option<chrono::NaiveDate>,
    supplement: String,
    financial_duty: String,
    withdrawn_counts_as: String,
    source: Option<String>,
    search: String,
    version: i64,
}

impl ClockRuleRow {
    fn new(rule: &ClockRule, version: i64) -> Self {
        Self {
            id: rule.id.clone(),
            unit_id: rule.unit_id.clone(),
            valid_from: row::date(rule.valid_from),
            supplement: rule.supplement.to_string(),
            financial_duty: rule.financial_duty.to_string(),
            withdrawn_counts_as: rule.withdrawn_counts_as.to_string(),
            source: rule.source.clone(),
            search: row::search_text([rule.source.as_deref(), rule.unit_id.as_deref()]),
            version,
        }
    }

    fn rule(self) -> StoreResult<Versioned<ClockRule>> {
        Ok(Versioned {
            version: self.version,
            record: ClockRule {
                supplement: row::word(&self.supplement)?,
                financial_duty: row::word(&self.financial_duty)?,
                withdrawn_counts_as: row::word(&self.withdrawn_counts_as)?,
                valid_from: row::day(self.valid_from),
                id: self.id,
                unit_id: self.unit_id,
                source: self.source,
            },
        })
    }
}

fn records(rows: Vec<ClockRuleRow>) -> StoreResult<Vec<ClockRule>> {
    rows.into_iter().map(|row| Ok(row.rule()?.record)).collect()
}

/// A rule by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<ClockRule>>> {
    let found: Option<ClockRuleRow> = clock_rules::table.find(id).get_result(conn).optional()?;
    found.map(ClockRuleRow::rule).transpose()
}

/// A page of rules.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<ClockRule>>> {
    let rows: Vec<ClockRuleRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(ClockRuleRow::rule).collect()
}

/// Every rule.
pub fn all(conn: &mut Conn) -> StoreResult<Vec<ClockRule>> {
    let all = clock_rules::table.order(clock_rules::id);
    records(either!(conn, |conn| all.load(conn))?)
}

/// The other rules of the same unit, or for all units.
pub fn others(conn: &mut Conn, rule: &ClockRule) -> StoreResult<Vec<ClockRule>> {
    let others = clock_rules::table.filter(clock_rules::id.ne(&rule.id));
    records(match &rule.unit_id {
        Some(unit_id) => others.filter(clock_rules::unit_id.eq(unit_id)).load(conn)?,
        None => others.filter(clock_rules::unit_id.is_null()).load(conn)?,
    })
}

/// The rules of a unit and of those that stood above it on a day, the nearest first, and those for all units
/// last.
pub fn of_unit_and_above(conn: &mut Conn, unit_id: &str, day: Day) -> StoreResult<Vec<ClockRule>> {
    // No tree is 64 levels high: the bound ends a circle, which no write makes.
    const STATEMENT: &str = "WITH RECURSIVE above (id, height) AS (SELECT id, 0 FROM units WHERE id = $1 UNION ALL \
         SELECT CASE WHEN u.moved AND EXISTS \
         (SELECT 1 FROM unit_former_parents f WHERE f.unit_id = u.id AND f.until > $2) \
         THEN (SELECT f.parent_id FROM unit_former_parents f WHERE f.unit_id = u.id AND f.until > $2 \
         ORDER BY f.until LIMIT 1) ELSE u.parent_id END, a.height + 1 \
         FROM above a JOIN units u ON u.id = a.id WHERE a.height < 64) \
         SELECT r.* FROM clock_rules r LEFT JOIN above a ON a.id = r.unit_id \
         WHERE r.unit_id IS NULL OR a.id IS NOT NULL ORDER BY a.height NULLS LAST";
    let rows: Vec<ClockRuleRow> = numbered(conn, STATEMENT)
        .bind::<Text, _>(unit_id.to_owned())
        .bind::<Date, _>(day.date())
        .load(conn)?;
    records(rows)
}

/// Adds a rule.
pub fn insert(conn: &mut Conn, rule: &ClockRule, version: i64) -> StoreResult<()> {
    diesel::insert_into(clock_rules::table).values(ClockRuleRow::new(rule, version)).execute(conn)?;
    Ok(())
}

/// Replaces a rule.
pub fn update(conn: &mut Conn, rule: &ClockRule, version: i64) -> StoreResult<()> {
    diesel::update(clock_rules::table.find(&rule.id)).set(ClockRuleRow::new(rule, version)).execute(conn)?;
    Ok(())
}

/// Takes a rule away.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(clock_rules::table.find(id)).execute(conn)?;
    Ok(())
}
