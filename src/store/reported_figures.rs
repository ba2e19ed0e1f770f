//! Reported figures.

use diesel::prelude::*;

use super::{
    Versioned,
    conn::Conn,
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::reported_figures,
};
use crate::domain::reported_figures::{ReportedFigure, Source};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "reported_figures", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = reported_figures, treat_none_as_null = true)]
struct ReportedFigureRow {
    id: String,
    unit_id: String,
    measure: String,
    period: String,
    base_period: Option<String>,
    value: String,
    unit_of_measure: String,
    unit_is_assumed: bool,
    review_year: Option<i32>,
    source_title: String,
    source_url: Option<String>,
    source_published_on: Option<chrono::NaiveDate>,
    search: String,
    version: i64,
}

impl ReportedFigureRow {
    fn new(figure: &ReportedFigure, version: i64) -> Self {
        Self {
            id: figure.id.clone(),
            unit_id: figure.unit_id.clone(),
            measure: figure.measure.clone(),
            period: figure.period.clone(),
            base_period: figure.base_period.clone(),
            value: figure.value.clone(),
            unit_of_measure: figure.unit_of_measure.to_string(),
            unit_is_assumed: figure.unit_is_assumed,
            review_year: figure.review_year,
            source_title: figure.source.title.clone(),
            source_url: figure.source.url.clone(),
            source_published_on: row::date(figure.source.published_on),
            search: row::search_text([
                Some(figure.measure.as_str()),
                Some(figure.value.as_str()),
                Some(figure.source.title.as_str()),
            ]),
            version,
        }
    }

    fn figure(self) -> StoreResult<Versioned<ReportedFigure>> {
        Ok(Versioned {
            version: self.version,
            record: ReportedFigure {
                unit_of_measure: row::word(&self.unit_of_measure)?,
                id: self.id,
                unit_id: self.unit_id,
                measure: self.measure,
                period: self.period,
                base_period: self.base_period,
                value: self.value,
                unit_is_assumed: self.unit_is_assumed,
                review_year: self.review_year,
                source: Source {
                    title: self.source_title,
                    url: self.source_url,
                    published_on: row::day(self.source_published_on),
                },
            },
        })
    }
}

/// A figure by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<ReportedFigure>>> {
    let found: Option<ReportedFigureRow> = reported_figures::table.find(id).get_result(conn).optional()?;
    found.map(ReportedFigureRow::figure).transpose()
}

/// A page of figures.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<ReportedFigure>>> {
    let rows: Vec<ReportedFigureRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(ReportedFigureRow::figure).collect()
}

/// The figures that a unit's review of a year cites, by measure.
pub fn of_review(conn: &mut Conn, unit_id: &str, year: i32) -> StoreResult<Vec<ReportedFigure>> {
    let rows: Vec<ReportedFigureRow> = reported_figures::table
        .filter(reported_figures::unit_id.eq(unit_id))
        .filter(reported_figures::review_year.eq(year))
        .order((reported_figures::measure, reported_figures::id))
        .load(conn)?;
    rows.into_iter().map(|row| Ok(row.figure()?.record)).collect()
}

/// Adds a figure.
pub fn insert(conn: &mut Conn, figure: &ReportedFigure, version: i64) -> StoreResult<()> {
    diesel::insert_into(reported_figures::table)
        .values(ReportedFigureRow::new(figure, version))
        .execute(conn)?;
    Ok(())
}

/// Replaces a figure.
pub fn update(conn: &mut Conn, figure: &ReportedFigure, version: i64) -> StoreResult<()> {
    diesel::update(reported_figures::table.find(&figure.id))
        .set(ReportedFigureRow::new(figure, version))
        .execute(conn)?;
    Ok(())
}

/// Takes a figure away.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(reported_figures::table.find(id)).execute(conn)?;
    Ok(())
}
