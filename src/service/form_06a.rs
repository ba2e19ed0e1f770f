//! Form II.06a of a unit and all below it, made of the dossier statistics by level and field.

use std::collections::HashMap;

use super::{
    dossier_statistics::{self, Figures, Grouping, Question},
    error::{Error, Result},
    min_cells::withheld,
};
use crate::{
    domain::{
        form_06a::{self, Form06a, FormCells, FormPeriod, FormRow},
        time::Day,
        units::Level,
    },
    store::{self, Conn, Store},
};

/// Which report.
#[derive(Debug, Clone)]
pub struct FormQuestion {
    /// The unit, with all below it.
    pub unit_id: String,
    /// The period.
    pub period: FormPeriod,
    /// The day whose end open dossiers are judged at, where it is earlier than the period's.
    pub as_of: Option<Day>,
}

/// The report.
///
/// # Errors
/// `NotFound` for an unknown unit, `Invalid` for a period that has not begun or that `as_of` is before.
pub fn compute(conn: &mut Conn, asked: &FormQuestion, today: Day) -> Result<Form06a> {
    let mut unit = store::units::find(conn, &asked.unit_id)?
        .ok_or_else(|| Error::not_found("units", &asked.unit_id))?
        .record;
    unit.take_name_of(asked.period.span().to);
    let question = Question {
        unit_id: asked.unit_id.clone(),
        span: asked.period.span(),
        calendar: asked.period.calendar,
        group_by: vec![Grouping::Level, Grouping::Field],
        as_of: asked.as_of,
    };
    let statistics = dossier_statistics::compute(conn, question, today)?;
    let mut rows: Vec<FormRow> =
        statistics.rows.iter().map(|row| form_row(&row.group, &row.figures)).collect();
    form_06a::sort(&mut rows);
    let total = cells(&statistics.total);
    Ok(Form06a {
        unit_id: unit.id,
        unit_name: unit.name,
        period: asked.period.clone(),
        judged_at: statistics.judged_at,
        checks: form_06a::checks(&rows, &total),
        rows,
        total,
        synthetic: statistics.total.synthetic,
        from_returns: statistics.total.told_by_returns(),
        returns_not_used: statistics.returns_not_used,
    })
}

/// Names of units by their ids.
pub type Names = HashMap<String, String>;

/// The report for a file, with the names of units whose returns are not counted, as at the end of the period.
///
/// # Errors
/// Those of [`compute`].
pub async fn with_names(store: &Store, asked: FormQuestion, today: Day) -> Result<(Form06a, Names)> {
    store
        .read(move |conn| {
            let report = compute(conn, &asked, today)?;
            let ids: Vec<String> = report.returns_not_used.iter().map(|not| not.unit_id.clone()).collect();
            let units = store::units::find_all(conn, &ids)?.into_iter();
            let names = units.map(|mut unit| {
                unit.take_name_of(report.period.to);
                (unit.id, unit.name)
            });
            let names: Names = names.collect();
            Ok((report, names))
        })
        .await
}

fn form_row(group: &[(Grouping, Option<String>)], figures: &Figures) -> FormRow {
    let value = |wanted| group.iter().find(|(grouping, _)| *grouping == wanted).and_then(|(_, v)| v.clone());
    FormRow {
        level: value(Grouping::Level).and_then(|word| word.parse().ok()).unwrap_or(Level::Other),
        field: value(Grouping::Field),
        cells: cells(figures),
    }
}

/// The figures as cells of the form.
const fn cells(f: &Figures) -> FormCells {
    FormCells {
        c3: f.received + f.carried_over,
        c4: f.online,
        c5: f.in_person + f.postal + f.home_appointment + f.in_person_or_postal,
        c6: f.carried_over,
        c7: f.resolved,
        c8: f.early,
        c9: f.on_time,
        c10: f.late,
        c11: f.open,
        c12: f.within_term,
        c13: f.overdue,
        unclassified: f.unclassified,
        open_no_due_date: f.no_due_date,
        ended_otherwise: f.ended_otherwise,
        transferred_in: f.transferred_in,
        transferred_out: f.transferred_out,
    }
}

/// Takes the rows of so few dossiers away that the public must not see them; gives how many went, or none where all
/// dossiers together are too few to tell anything.
pub fn withhold(report: &mut Form06a, least: i64) -> Option<usize> {
    if (1..least).contains(&report.total.c3) {
        return None;
    }
    let sizes: Vec<i64> = report.rows.iter().map(|row| row.cells.c3).collect();
    let mut hidden = withheld(&sizes, least).into_iter();
    let before = report.rows.len();
    report.rows.retain(|_| !hidden.next().unwrap_or(false));
    Some(before - report.rows.len())
}
