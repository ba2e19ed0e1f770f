//! Frozen reports: form II.06a is kept as it was sent, and every later state is compared with it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    access::Caller,
    crud::{self, Context},
    error::{Error, Result},
    form_06a::{self, FormQuestion},
    units::Units,
};
use crate::{
    domain::{
        access::Scope,
        form_06a::{CellDifference, Form06a, FormCells, FormRow, Told, differences},
        form_reports::{FormReport, Series, check_reason},
        time::{Day, Moment},
    },
    store::{
        self, Conn, Store, StoreError,
        changes::{self, Action, Entry},
        lock::{self, Structure},
    },
};

/// Name of the resource in the change log.
pub const NAME: &str = "form-reports";

/// The last frozen revision beside today's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The revision.
    pub revision: i32,
    /// When it was frozen.
    pub frozen_at: Moment,
    /// What came out otherwise since.
    pub differs: Vec<CellDifference>,
}

/// Today's report, and how it differs from the last frozen one.
///
/// A report as of an earlier day is not what is frozen, and is compared with nothing.
///
/// # Errors
/// `NotFound` for an unknown unit, `Invalid` for a period that has not begun or that `as_of` is before.
pub async fn report(store: &Store, asked: FormQuestion, today: Day) -> Result<(Form06a, Option<Frozen>)> {
    store
        .read(move |conn| {
            let report = form_06a::compute(conn, &asked, today)?;
            if asked.as_of.is_some() {
                return Ok((report, None));
            }
            let series = Series { unit_id: asked.unit_id, period: asked.period };
            let frozen = match store::form_reports::last(conn, &series)? {
                None => None,
                Some(last) => Some(Frozen {
                    revision: last.revision,
                    frozen_at: last.frozen_at,
                    differs: differences(&told_of(&last)?, &report),
                }),
            };
            Ok((report, frozen))
        })
        .await
}

/// Whether a freeze made a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    /// A new one.
    Made,
    /// Nothing that is compared differs from the last one, which stands.
    Unchanged,
}

/// Freezes the report of a period that is over: a new revision, or the last one where neither a cell nor
/// what it tells of returns differs.
///
/// The figures are read from one state of the data before the revision is written.
///
/// # Errors
/// `NotFound` for an unknown unit, `Conflict` for a period that is not over, `Invalid` for the reason.
pub async fn freeze(
    store: &Store,
    context: Context,
    series: Series,
    reason: Option<String>,
) -> Result<(FormReport, Freeze)> {
    let today = context.now.day();
    if !context.caller.may(Scope::ReportsWrite, &series.unit_id) {
        return Err(refused(store, series.unit_id).await);
    }
    let asked = FormQuestion { unit_id: series.unit_id.clone(), period: series.period.clone(), as_of: None };
    let report = store
        .read(move |conn| {
            if today > asked.period.to {
                return form_06a::compute(conn, &asked, today).map(Some);
            }
            // There may be nothing to compute yet; a unit that isn't there is told all the same.
            known_unit(conn, &asked.unit_id)?;
            Ok(None)
        })
        .await?;
    let violations = check_reason(reason.as_ref());
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let Some(report) = report else { return Err(not_over(&series)) };
    store.write(move |conn| write(conn, &context, &series, &report, reason)).await
}

/// A unit that isn't there is told before one that isn't reached.
async fn refused(store: &Store, unit_id: String) -> Error {
    match crud::get::<Units>(store, Caller::anonymous(), unit_id).await {
        Ok(_) => Error::out_of_reach(),
        Err(error) => error,
    }
}

fn not_over(series: &Series) -> Error {
    let (name, to) = (&series.period.name, series.period.to);
    Error::conflict(
        "period_not_over",
        format!("The period {name} ends on {to}; it can be frozen from the next day."),
        format!("Kỳ {name} kết thúc ngày {to}; chỉ chốt được từ ngày hôm sau."),
    )
}

fn write(
    conn: &mut Conn,
    context: &Context,
    series: &Series,
    report: &Form06a,
    reason: Option<String>,
) -> Result<(FormReport, Freeze)> {
    lock::record(conn, Structure::Used, NAME, &series.name())?;
    let last = store::form_reports::last(conn, series)?;
    let changed = match &last {
        None => Vec::new(),
        Some(last) => differences(&told_of(last)?, report),
    };
    let revision = match last {
        Some(last) if changed.is_empty() => return Ok((last, Freeze::Unchanged)),
        Some(last) => last.revision + 1,
        None => 1,
    };
    let frozen = FormReport {
        id: series.revision_id(revision),
        unit_id: series.unit_id.clone(),
        period: series.period.name.clone(),
        calendar: series.period.calendar,
        revision,
        frozen_at: context.now,
        frozen_by: context.actor().to_owned(),
        reason,
        differences: changed,
        document: serde_json::to_string(report)
            .map_err(|e| Error::Store(StoreError::Other(e.to_string())))?,
    };
    let entry = Entry {
        reason: frozen.reason.clone(),
        ..crud::entry_of(context, NAME, frozen.id.clone(), Action::Create)
    };
    let version = changes::append(conn, entry)?;
    store::form_reports::insert(conn, &frozen, version)?;
    Ok((frozen, Freeze::Made))
}

/// What the report told as it was sent.
fn told_of(report: &FormReport) -> Result<Told> {
    read(&report.document)
        .ok_or_else(|| Error::Store(StoreError::Corrupt(format!("the document of {}", report.id))))
}

fn read(document: &str) -> Option<Told> {
    let document: Value = serde_json::from_str(document).ok()?;
    Some(Told {
        rows: document.get("rows")?.as_array()?.iter().map(row_of).collect::<Option<_>>()?,
        total: cells_of(document.get("total")?)?,
        from_returns: member(&document, "from_returns")?,
        returns_not_used: member(&document, "returns_not_used")?,
    })
}

/// A member that older documents lack.
fn member<T: DeserializeOwned>(document: &Value, name: &str) -> Option<Option<T>> {
    document.get(name).cloned().map(serde_json::from_value).transpose().ok()
}

fn row_of(row: &Value) -> Option<FormRow> {
    Some(FormRow {
        level: row.get("level")?.as_str()?.parse().ok()?,
        field: row.get("field")?.as_str().map(str::to_owned),
        cells: cells_of(row)?,
    })
}

/// A cell that the form did not have when the report was sent was 0 then.
fn cells_of(row: &Value) -> Option<FormCells> {
    FormCells::read(|cell| row.get(cell).map_or(Some(0), Value::as_i64))
}

/// Every revision of a series, from the first.
///
/// # Errors
/// `NotFound` for an unknown unit.
pub async fn revisions(store: &Store, series: Series) -> Result<Vec<FormReport>> {
    store
        .read(move |conn| {
            known_unit(conn, &series.unit_id)?;
            Ok(store::form_reports::all(conn, &series)?)
        })
        .await
}

/// One revision.
///
/// # Errors
/// `NotFound` where there is no such unit or revision.
pub async fn revision(store: &Store, series: Series, revision: i32) -> Result<FormReport> {
    store
        .read(move |conn| {
            known_unit(conn, &series.unit_id)?;
            let id = series.revision_id(revision);
            store::form_reports::find(conn, &id)?.ok_or_else(|| Error::not_found(NAME, id))
        })
        .await
}

fn known_unit(conn: &mut Conn, id: &str) -> Result<()> {
    match store::units::find(conn, id)? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("units", id)),
    }
}
