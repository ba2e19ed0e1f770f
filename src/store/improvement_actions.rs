//! Improvement actions.

use diesel::prelude::*;

use super::{
    Versioned,
    conn::Conn,
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::improvement_actions,
};
use crate::domain::improvement_actions::ImprovementAction;

/// The table as lists know it.
pub const TABLE: Table = Table { name: "improvement_actions", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = improvement_actions, treat_none_as_null = true)]
struct ActionRow {
    id: String,
    kind: String,
    title: String,
    owner_unit_id: String,
    review_unit_id: Option<String>,
    review_year: Option<i32>,
    index_code: Option<String>,
    criterion: Option<String>,
    due_on: Option<chrono::NaiveDate>,
    status: String,
    note: Option<String>,
    search: String,
    version: i64,
}

impl ActionRow {
    fn new(action: &ImprovementAction, version: i64) -> Self {
        Self {
            id: action.id.clone(),
            kind: action.kind.to_string(),
            title: action.title.clone(),
            owner_unit_id: action.owner_unit_id.clone(),
            review_unit_id: action.review_unit_id.clone(),
            review_year: action.review_year,
            index_code: action.index_code.clone(),
            criterion: action.criterion.clone(),
            due_on: row::date(action.due_on),
            status: action.status.to_string(),
            note: action.note.clone(),
            search: row::search_text([Some(action.title.as_str()), action.note.as_deref()]),
            version,
        }
    }

    fn action(self) -> StoreResult<Versioned<ImprovementAction>> {
        Ok(Versioned {
            version: self.version,
            record: ImprovementAction {
                kind: row::word(&self.kind)?,
                status: row::word(&self.status)?,
                id: self.id,
                title: self.title,
                owner_unit_id: self.owner_unit_id,
                review_unit_id: self.review_unit_id,
                review_year: self.review_year,
                index_code: self.index_code,
                criterion: self.criterion,
                due_on: row::day(self.due_on),
                note: self.note,
            },
        })
    }
}

/// An action by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<ImprovementAction>>> {
    let found: Option<ActionRow> = improvement_actions::table.find(id).get_result(conn).optional()?;
    found.map(ActionRow::action).transpose()
}

/// A page of actions.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<ImprovementAction>>> {
    let rows: Vec<ActionRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(ActionRow::action).collect()
}

/// The actions that a unit's review of a year ordered.
pub fn of_review(conn: &mut Conn, unit_id: &str, year: i32) -> StoreResult<Vec<ImprovementAction>> {
    let rows: Vec<ActionRow> = improvement_actions::table
        .filter(improvement_actions::review_unit_id.eq(unit_id))
        .filter(improvement_actions::review_year.eq(year))
        .order(improvement_actions::id)
        .load(conn)?;
    rows.into_iter().map(|row| Ok(row.action()?.record)).collect()
}

/// Adds an action.
pub fn insert(conn: &mut Conn, action: &ImprovementAction, version: i64) -> StoreResult<()> {
    diesel::insert_into(improvement_actions::table).values(ActionRow::new(action, version)).execute(conn)?;
    Ok(())
}

/// Replaces an action.
pub fn update(conn: &mut Conn, action: &ImprovementAction, version: i64) -> StoreResult<()> {
    diesel::update(improvement_actions::table.find(&action.id))
        .set(ActionRow::new(action, version))
        .execute(conn)?;
    Ok(())
}

/// Takes an action away.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(improvement_actions::table.find(id)).execute(conn)?;
    Ok(())
}
