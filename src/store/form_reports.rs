//! Frozen reports: rows are added and read, and never changed.

use diesel::prelude::*;

use super::{
    conn::Conn,
    error::{StoreError, StoreResult},
    row,
    schema::form_reports,
};
use crate::domain::{
    form_reports::{FormReport, Series},
    time::Moment,
};

#[derive(Queryable, Insertable)]
#[diesel(table_name = form_reports)]
struct FormReportRow {
    id: String,
    unit_id: String,
    period: String,
    calendar: String,
    revision: i32,
    frozen_at: i64,
    frozen_by: String,
    reason: Option<String>,
    differences: String,
    document: String,
    version: i64,
}

impl FormReportRow {
    fn report(self) -> StoreResult<FormReport> {
        Ok(FormReport {
            calendar: row::word(&self.calendar)?,
            differences: serde_json::from_str(&self.differences)
                .map_err(|e| StoreError::Corrupt(e.to_string()))?,
            id: self.id,
            unit_id: self.unit_id,
            period: self.period,
            revision: self.revision,
            frozen_at: Moment::from_micros(self.frozen_at),
            frozen_by: self.frozen_by,
            reason: self.reason,
            document: self.document,
        })
    }
}

/// A revision by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<FormReport>> {
    let found: Option<FormReportRow> = form_reports::table.find(id).get_result(conn).optional()?;
    found.map(FormReportRow::report).transpose()
}

/// Ids of revisions in their order, behind one of them.
pub fn ids(conn: &mut Conn, after: Option<&str>, limit: u32) -> StoreResult<Vec<String>> {
    Ok(form_reports::table
        .filter(form_reports::id.gt(after.unwrap_or_default()))
        .select(form_reports::id)
        .order(form_reports::id)
        .limit(i64::from(limit))
        .load(conn)?)
}

/// The last revision of a series.
pub fn last(conn: &mut Conn, series: &Series) -> StoreResult<Option<FormReport>> {
    let found: Option<FormReportRow> = form_reports::table
        .filter(form_reports::unit_id.eq(&series.unit_id))
        .filter(form_reports::period.eq(&series.period.name))
        .filter(form_reports::calendar.eq(series.period.calendar.as_str()))
        .order(form_reports::revision.desc())
        .first(conn)
        .optional()?;
    found.map(FormReportRow::report).transpose()
}

/// Every revision of a series, from the first.
pub fn all(conn: &mut Conn, series: &Series) -> StoreResult<Vec<FormReport>> {
    let rows: Vec<FormReportRow> = form_reports::table
        .filter(form_reports::unit_id.eq(&series.unit_id))
        .filter(form_reports::period.eq(&series.period.name))
        .filter(form_reports::calendar.eq(series.period.calendar.as_str()))
        .order(form_reports::revision)
        .load(conn)?;
    rows.into_iter().map(FormReportRow::report).collect()
}

/// Adds a revision.
pub fn insert(conn: &mut Conn, report: &FormReport, version: i64) -> StoreResult<()> {
    let row = FormReportRow {
        id: report.id.clone(),
        unit_id: report.unit_id.clone(),
        period: report.period.clone(),
        calendar: report.calendar.to_string(),
        revision: report.revision,
        frozen_at: report.frozen_at.micros(),
        frozen_by: report.frozen_by.clone(),
        reason: report.reason.clone(),
        differences: serde_json::to_string(&report.differences)
            .map_err(|e| StoreError::Other(e.to_string()))?,
        document: report.document.clone(),
        version,
    };
    diesel::insert_into(form_reports::table).values(row).execute(conn)?;
    Ok(())
}
