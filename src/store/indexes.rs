//! Indexes.

use diesel::prelude::*;

use super::{
    Versioned,
    conn::Conn,
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::{editions, improvement_actions, indexes},
};
use crate::domain::indexes::Index;

/// The table as lists know it.
pub const TABLE: Table = Table { name: "indexes", key: "code" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = indexes, treat_none_as_null = true)]
struct IndexRow {
    code: String,
    name: String,
    name_sort: String,
    name_en: Option<String>,
    description: Option<String>,
    search: String,
    version: i64,
}

impl IndexRow {
    fn new(index: &Index, version: i64) -> Self {
        Self {
            code: index.code.clone(),
            name: index.name.clone(),
            name_sort: crate::domain::text::sort_key(&index.name),
            name_en: index.name_en.clone(),
            description: index.description.clone(),
            search: row::search_text([
                Some(index.code.as_str()),
                Some(index.name.as_str()),
                index.name_en.as_deref(),
                index.description.as_deref(),
            ]),
            version,
        }
    }

    fn index(self) -> Versioned<Index> {
        Versioned {
            version: self.version,
            record: Index {
                code: self.code,
                name: self.name,
                name_en: self.name_en,
                description: self.description,
            },
        }
    }
}

/// An index by its code.
pub fn find(conn: &mut Conn, code: &str) -> StoreResult<Option<Versioned<Index>>> {
    let found: Option<IndexRow> = indexes::table.find(code).get_result(conn).optional()?;
    Ok(found.map(IndexRow::index))
}

/// A page of indexes.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Index>>> {
    let rows: Vec<IndexRow> = list::page(conn, TABLE, request)?;
    Ok(rows.into_iter().map(IndexRow::index).collect())
}

/// Adds an index.
pub fn insert(conn: &mut Conn, index: &Index, version: i64) -> StoreResult<()> {
    diesel::insert_into(indexes::table).values(IndexRow::new(index, version)).execute(conn)?;
    Ok(())
}

/// Replaces an index.
pub fn update(conn: &mut Conn, index: &Index, version: i64) -> StoreResult<()> {
    diesel::update(indexes::table.find(&index.code)).set(IndexRow::new(index, version)).execute(conn)?;
    Ok(())
}

/// Takes an index away.
pub fn delete(conn: &mut Conn, code: &str) -> StoreResult<()> {
    diesel::delete(indexes::table.find(code)).execute(conn)?;
    Ok(())
}

/// What refers to an index: resource, member and one record's key as an example.
pub fn referrers(conn: &mut Conn, code: &str) -> StoreResult<Vec<(&'static str, &'static str, String)>> {
    let mut found = Vec::new();
    let year: Option<i32> = editions::table
        .filter(editions::index_code.eq(code))
        .select(editions::year)
        .first(conn)
        .optional()?;
    found.extend(year.map(|year| ("editions", "index_code", format!("{code}/{year}"))));
    let action: Option<String> = improvement_actions::table
        .filter(improvement_actions::index_code.eq(code))
        .select(improvement_actions::id)
        .first(conn)
        .optional()?;
    found.extend(action.map(|id| ("improvement-actions", "index_code", id)));
    Ok(found)
}
