//! The catalogue of procedures.

use diesel::prelude::*;

use super::{
    Versioned,
    conn::Conn,
    error::{StoreError, StoreResult},
    list::{self, Request, Table},
    row,
    schema::procedures,
};
use crate::domain::{
    hours::TimeOfDay,
    procedures::Procedure,
    terms::{Term, TermUnit},
    time::NotATime,
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "procedures", key: "code" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = procedures, treat_none_as_null = true)]
struct ProcedureRow {
    code: String,
    name: String,
    name_sort: String,
    field: Option<String>,
    level: Option<String>,
    term_amount: Option<i32>,
    term_unit: Option<String>,
    cut_off: Option<String>,
    term_text: Option<String>,
    search: String,
    version: i64,
}

fn corrupt(code: &str, what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("term of procedure {code}: {what}"))
}

impl ProcedureRow {
    fn new(procedure: &Procedure, version: i64) -> StoreResult<Self> {
        let term = procedure.term;
        let amount = term.and_then(|term| term.amount()).map(i32::try_from).transpose();
        Ok(Self {
            code: procedure.code.clone(),
            name: procedure.name.clone(),
            name_sort: crate::domain::text::sort_key(&procedure.name),
            field: procedure.field.clone(),
            level: procedure.level.map(|level| level.to_string()),
            term_amount: amount.map_err(|e| corrupt(&procedure.code, e))?,
            term_unit: term.map(|term| term.unit().to_string()),
            cut_off: term.and_then(|term| term.cut_off()).map(|time| time.to_string()),
            term_text: procedure.term_text.clone(),
            search: row::search_text([
                Some(procedure.code.as_str()),
                Some(procedure.name.as_str()),
                procedure.field.as_deref(),
            ]),
            version,
        })
    }

    fn term(&self) -> StoreResult<Option<Term>> {
        let Some(unit) = row::optional_word::<TermUnit>(self.term_unit.as_deref())? else { return Ok(None) };
        let amount = self.term_amount.map(u32::try_from).transpose().map_err(|e| corrupt(&self.code, e))?;
        let cut_off: Option<TimeOfDay> = self
            .cut_off
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|e: NotATime| corrupt(&self.code, e))?;
        let term = Term::new(unit, amount, cut_off);
        term.map(Some).ok_or_else(|| corrupt(&self.code, "out of range"))
    }

    fn procedure(self) -> StoreResult<Versioned<Procedure>> {
        Ok(Versioned {
            version: self.version,
            record: Procedure {
                term: self.term()?,
                level: row::optional_word(self.level.as_deref())?,
                code: self.code,
                name: self.name,
                field: self.field,
                term_text: self.term_text,
            },
        })
    }
}

/// A procedure by its code.
pub fn find(conn: &mut Conn, code: &str) -> StoreResult<Option<Versioned<Procedure>>> {
    let found: Option<ProcedureRow> = procedures::table.find(code).get_result(conn).optional()?;
    found.map(ProcedureRow::procedure).transpose()
}

/// A page of procedures.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Procedure>>> {
    let rows: Vec<ProcedureRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(ProcedureRow::procedure).collect()
}

/// Adds a procedure.
pub fn insert(conn: &mut Conn, procedure: &Procedure, version: i64) -> StoreResult<()> {
    diesel::insert_into(procedures::table).values(ProcedureRow::new(procedure, version)?).execute(conn)?;
    Ok(())
}

/// Replaces a procedure.
pub fn update(conn: &mut Conn, procedure: &Procedure, version: i64) -> StoreResult<()> {
    diesel::update(procedures::table.find(&procedure.code))
        .set(ProcedureRow::new(procedure, version)?)
        .execute(conn)?;
    Ok(())
}

/// Takes a procedure away.
pub fn delete(conn: &mut Conn, code: &str) -> StoreResult<()> {
    diesel::delete(procedures::table.find(code)).execute(conn)?;
    Ok(())
}
