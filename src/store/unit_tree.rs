//! Who stands below and above units: today, and at any time.

use diesel::{
    QueryableByName, RunQueryDsl,
    sql_types::{Bool, Date, Nullable, Text},
};

use super::{
    conn::Conn,
    error::StoreResult,
    list, row,
    sql::{Statement, Value, numbered, places},
    units::former_parents,
};
use crate::domain::{
    time::Day,
    unit_tree::Standing,
    units::{FormerParent, Level},
};

/// Ids of one statement.
const IDS: usize = 500;

/// A unit and all below it today.
#[derive(Debug, Default)]
pub struct Below {
    /// Id, level and first day of each, by id.
    pub units: Vec<(String, Level, Option<Day>)>,
    /// Whether any unit at all has former parents.
    pub any_moved: bool,
}

/// The unit and all below it today, in one query.
///
/// # Errors
/// The database's.
pub fn below(conn: &mut Conn, id: &str) -> StoreResult<Below> {
    let subtree = list::subtree("\n");
    let (before, after) = subtree.split_once('\n').unwrap_or_default();
    let mut statement = Statement::default();
    statement.push(
        "SELECT id, level, valid_from, EXISTS (SELECT 1 FROM unit_former_parents) FROM units WHERE id IN (",
    );
    statement.push(before);
    statement.bind(Value::Text(id.to_owned()));
    statement.push(after);
    statement.push(") ORDER BY id");
    type Row = (String, String, Option<chrono::NaiveDate>, bool);
    let rows = statement.rows::<(Text, Text, Nullable<Date>, Bool), Row>(conn)?;
    let mut below = Below::default();
    for (id, level, valid_from, any_moved) in rows {
        below.any_moved |= any_moved;
        below.units.push((id, row::word(&level)?, row::day(valid_from)));
    }
    Ok(below)
}

/// The unit and all that stand or stood below it at some time, with the parents they had.
///
/// # Errors
/// The database's.
pub fn ever_below(conn: &mut Conn, id: &str) -> StoreResult<Vec<Standing>> {
    standings(
        conn,
        "WITH RECURSIVE ever (id) AS (SELECT id FROM units WHERE id = $1 UNION \
         SELECT CASE t.n WHEN 0 THEN u.id ELSE f.unit_id END FROM ever e \
         CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1) t \
         LEFT JOIN units u ON t.n = 0 AND u.parent_id = e.id \
         LEFT JOIN unit_former_parents f ON t.n = 1 AND f.parent_id = e.id) SELECT id FROM ever",
        &[id.to_owned()],
    )
}

/// The units and all that stand or stood above them at some time, with the parents they had.
///
/// # Errors
/// The database's.
pub fn ever_above(conn: &mut Conn, ids: &[String]) -> StoreResult<Vec<Standing>> {
    let mut found = Vec::new();
    for part in ids.chunks(IDS) {
        let statement = format!(
            "WITH RECURSIVE ever (id) AS (SELECT id FROM units WHERE id IN ({}) UNION \
             SELECT CASE t.n WHEN 0 THEN u.parent_id ELSE f.parent_id END FROM ever e \
             CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1) t JOIN units u ON u.id = e.id \
             LEFT JOIN unit_former_parents f ON t.n = 1 AND f.unit_id = e.id) SELECT id FROM ever",
            places(1, part.len())
        );
        found.extend(standings(conn, &statement, part)?);
    }
    Ok(found)
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    level: String,
    #[diesel(sql_type = Nullable<Text>)]
    parent_id: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    valid_from: Option<chrono::NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    valid_to: Option<chrono::NaiveDate>,
    #[diesel(sql_type = Bool)]
    moved: bool,
}

/// The units whose ids a statement gives.
fn standings(conn: &mut Conn, ids: &str, binds: &[String]) -> StoreResult<Vec<Standing>> {
    let statement =
        format!("SELECT id, level, parent_id, valid_from, valid_to, moved FROM units WHERE id IN ({ids})");
    let mut query = numbered(conn, &statement);
    for id in binds {
        query = query.bind::<Text, _>(id.clone());
    }
    let rows: Vec<StandingRow> = query.load(conn)?;
    let moved: Vec<&str> = rows.iter().filter(|row| row.moved).map(|row| row.id.as_str()).collect();
    let mut former = former_parents(conn, &moved)?;
    rows.into_iter()
        .map(|row| {
            let former_parents: Vec<FormerParent> = former.remove(&row.id).unwrap_or_default();
            Ok(Standing {
                level: row::word(&row.level)?,
                parent_id: row.parent_id,
                valid_from: row::day(row.valid_from),
                valid_to: row::day(row.valid_to),
                former_parents,
                id: row.id,
            })
        })
        .collect()
}
