//! Returns: the rules that join them to units, and which of them stand in for dossiers that were never sent.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    access::Caller,
    crud::{Context, Proposal, Resource},
    dossier_statistics::Figures,
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        form_06a::FormCells,
        periods::{PeriodCalendar, Span},
        returns::{NotUsed, NotUsedReason, Return, combined, cover},
        time::Day,
        units::Unit,
        violation::{Text, Violation},
    },
    store::{
        self, Conn, StoreResult, Versioned,
        list::{Filter, Request, Sort, Table, Test, Value},
        lock::{self, Structure},
    },
};

/// `/returns`.
pub struct Returns;

impl Resource for Returns {
    type Record = Return;
    const NAME: &'static str = "returns";
    const TABLE: Table = store::returns::TABLE;
    const STRUCTURE: Structure = Structure::Used;

    fn may_write(caller: &Caller, filled: &Return) -> bool {
        caller.may(Scope::ReportsWrite, &filled.unit_id)
    }

    fn key(filled: &Return) -> String {
        filled.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Return>>> {
        store::returns::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Return>>> {
        store::returns::list(conn, request)
    }

    fn insert(conn: &mut Conn, filled: &Return, version: i64) -> StoreResult<()> {
        store::returns::insert(conn, filled, version)
    }

    fn update(conn: &mut Conn, filled: &Return, version: i64) -> StoreResult<()> {
        store::returns::update(conn, filled, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::returns::delete(conn, key)
    }

    /// A return tells what was: its period has begun.
    fn carry_over(
        _conn: &mut Conn,
        proposal: &mut Proposal<Return>,
        _old: Option<&Return>,
        context: &Context,
    ) -> Result<()> {
        let filled = &proposal.record;
        match filled.span() {
            Some(days) if context.now.day() < days.from => Err(Error::invalid(
                "/period",
                "period_not_begun",
                format!("{} begins on {}.", filled.period, days.from),
                format!("Kỳ {} bắt đầu từ ngày {}.", filled.period, days.from),
            )),
            _ => Ok(()),
        }
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<Return>, _old: Option<&Return>) -> Result<()> {
        let filled = &proposal.record;
        let mut violations = filled.check();
        match store::units::find(conn, &filled.unit_id)? {
            None => violations.push(Error::unknown_unit("/unit_id", &filled.unit_id)),
            Some(unit) => violations.extend(check_validity(&unit.record, filled)),
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        refuse_second(conn, filled)
    }
}

/// A unit has one return for a period of a calendar.
fn refuse_second(conn: &mut Conn, filled: &Return) -> Result<()> {
    let Return { unit_id, period, calendar, .. } = filled;
    // Two new returns of one period have different ids: the lock of the record doesn't part them.
    lock::record(conn, Structure::Used, "return-periods", &format!("{unit_id} {period} {calendar}"))?;
    let is = |column, text: String| Filter { column, test: Test::Is, value: Value::Text(text) };
    let request = Request {
        filters: vec![
            is("unit_id", unit_id.clone()),
            is("period", period.clone()),
            is("calendar", calendar.to_string()),
        ],
        sort: Sort { column: "id", descending: false },
        after: None,
        limit: 1,
    };
    let found = store::returns::list(conn, &request)?;
    let Some(other) = found.into_iter().find(|other| other.record.id != filled.id) else { return Ok(()) };
    Err(Error::Conflict {
        code: "duplicate",
        text: Text::new(
            format!("The unit `{unit_id}` has a return for {period} already: `{}`.", other.record.id),
            format!("Đơn vị `{unit_id}` đã có biểu cho kỳ {period}: `{}`.", other.record.id),
        ),
        violations: vec![Violation::new(
            "/period",
            "duplicate",
            "The unit has a return for this period in this calendar.",
            "Đơn vị đã có biểu cho kỳ này theo lịch này.",
        )],
    })
}

/// The unit exists on some day of the period.
fn check_validity(unit: &Unit, filled: &Return) -> Option<Violation> {
    let span = filled.span()?;
    let exists =
        unit.valid_from.is_none_or(|from| from <= span.to) && unit.valid_to.is_none_or(|to| span.from < to);
    (!exists).then(|| {
        Violation::new(
            "/unit_id",
            "unit_not_in_existence",
            format!("The unit `{}` does not exist in {}.", unit.id, filled.period),
            format!("Đơn vị `{}` không tồn tại trong kỳ {}.", unit.id, filled.period),
        )
    })
}

/// A row that stands in for dossiers: a field of a unit, over the whole period asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedRow {
    /// The unit.
    pub unit_id: String,
    /// The field.
    pub field: Option<String>,
    /// Its figures.
    pub figures: Figures,
}

/// What a row of a return tells, in the figures of the statistics. Column 5 doesn't tell how they came, nor does
/// the remainder how they ended.
impl From<FormCells> for Figures {
    fn from(cells: FormCells) -> Self {
        Self {
            received: cells.c4 + cells.c5,
            online: cells.c4,
            in_person_or_postal: cells.c5,
            carried_over: cells.c6,
            resolved: cells.c7,
            early: cells.c8,
            on_time: cells.c9,
            late: cells.c10,
            unclassified: cells.unclassified,
            ended_otherwise: cells.ended_otherwise,
            withdrawn_or_stopped: cells.ended_otherwise,
            open: cells.c11,
            within_term: cells.c12,
            overdue: cells.c13,
            no_due_date: cells.open_no_due_date,
            transferred_in: cells.transferred_in,
            transferred_out: cells.transferred_out,
            received_by_returns: cells.c4 + cells.c5,
            resolved_by_returns: cells.c7,
            open_by_returns: cells.c11,
            ..Self::default()
        }
    }
}

/// Which returns stand in for dossiers in a period, and which do not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Rows by unit and field.
    pub used: Vec<UsedRow>,
    /// Returns of days of the period that are not counted, by unit and period.
    pub not_used: Vec<NotUsed>,
}

/// Chooses among the returns of some units for the days of `span`.
///
/// `with_dossiers` are the units that have dossiers of their own in those days. Returns of the calendar asked for
/// come first; those of the other one count where they alone make up the days. With `as_of` the days end there, and
/// none counts that tells of what came after it.
pub fn choose(
    returns: &[Return],
    with_dossiers: &BTreeSet<String>,
    span: Span,
    calendar: PeriodCalendar,
    as_of: Option<Day>,
) -> Chosen {
    let told = Span { from: span.from, to: as_of.map_or(span.to, |day| day.min(span.to)) };
    let mut by_unit: BTreeMap<&str, Vec<(&Return, Span)>> = BTreeMap::new();
    for filled in returns {
        if let Some(days) = filled.span()
            && days.from <= span.to
            && span.from <= days.to
        {
            by_unit.entry(&filled.unit_id).or_default().push((filled, days));
        }
    }
    let mut chosen = Chosen::default();
    for (unit_id, returns) in by_unit {
        if with_dossiers.contains(unit_id) {
            chosen.refuse(returns.iter().map(|(filled, _)| *filled), NotUsedReason::Superseded);
            continue;
        }
        let used = used(&returns, told, calendar);
        for (filled, days) in returns.iter().filter(|(filled, _)| !used.iter().any(|u| u.id == filled.id)) {
            let is_beyond = as_of.is_some_and(|day| day < days.to);
            let not_whole = used.is_empty() || is_beyond;
            let reason = if not_whole { NotUsedReason::NotWhole } else { NotUsedReason::Covered };
            chosen.refuse(std::iter::once(*filled), reason);
        }
        chosen.used.extend(rows(unit_id, &used));
    }
    chosen
}

/// The returns of a unit that make up the days, in order; of one calendar.
fn used<'a>(returns: &[(&'a Return, Span)], span: Span, calendar: PeriodCalendar) -> Vec<&'a Return> {
    let mut calendars: Vec<PeriodCalendar> = PeriodCalendar::ALL.to_vec();
    calendars.sort_by_key(|other| *other != calendar);
    calendars
        .into_iter()
        .find_map(|calendar| {
            let of: Vec<&(&Return, Span)> = returns.iter().filter(|(r, _)| r.calendar == calendar).collect();
            let spans: Vec<Span> = of.iter().map(|(_, days)| *days).collect();
            let places = cover(span, &spans)?;
            Some(places.into_iter().filter_map(|place| of.get(place).map(|(filled, _)| *filled)).collect())
        })
        .unwrap_or_default()
}

/// The rows of returns that follow each other, field by field. A field that a return leaves out had nothing there.
fn rows(unit_id: &str, returns: &[&Return]) -> Vec<UsedRow> {
    let fields: BTreeSet<Option<&str>> =
        returns.iter().flat_map(|filled| filled.rows.iter().map(|row| row.field.as_deref())).collect();
    fields
        .into_iter()
        .map(|field| {
            let cells = |filled: &&Return| {
                let row = filled.rows.iter().find(|row| row.field.as_deref() == field);
                row.map_or_else(FormCells::default, |row| row.cells)
            };
            UsedRow {
                unit_id: unit_id.to_owned(),
                field: field.map(str::to_owned),
                figures: combined(&returns.iter().map(cells).collect::<Vec<_>>()).into(),
            }
        })
        .collect()
}

impl Chosen {
    fn refuse<'a>(&mut self, returns: impl Iterator<Item = &'a Return>, reason: NotUsedReason) {
        self.not_used.extend(returns.map(|filled| NotUsed {
            return_id: filled.id.clone(),
            unit_id: filled.unit_id.clone(),
            period: filled.period.clone(),
            calendar: filled.calendar,
            reason,
        }));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::{periods::NamedPeriod, reported_figures::Source, returns::ReturnRow};

    fn filled(id: &str, unit_id: &str, period: &str, calendar: PeriodCalendar, c4: i64) -> Return {
        Return {
            id: id.to_owned(),
            unit_id: unit_id.to_owned(),
            period: period.to_owned(),
            calendar,
            rows: vec![ReturnRow {
                field: Some("Đất đai".to_owned()),
                cells: FormCells { c3: c4, c4, c7: c4, c9: c4, ..FormCells::default() },
            }],
            source: Source { title: "Báo cáo".to_owned(), url: None, published_on: None },
            note: None,
        }
    }

    fn of(
        returns: &[Return],
        busy: &[&str],
        period: &str,
        calendar: PeriodCalendar,
    ) -> (Vec<String>, Vec<String>) {
        let span = period.parse::<NamedPeriod>().unwrap().span(calendar).unwrap();
        let busy = busy.iter().map(|id| (*id).to_owned()).collect();
        let chosen = choose(returns, &busy, span, calendar, None);
        let used = chosen.used.iter().map(|row| format!("{} {}", row.unit_id, row.figures.received));
        let not = chosen.not_used.iter().map(|not| format!("{} {}", not.return_id, not.reason));
        (used.collect(), not.collect())
    }

    #[test]
    fn a_return_counts_when_whole_ones_make_up_the_period() {
        use PeriodCalendar::{Civil, Statutory};
        let returns = [
            filled("a1", "a", "2020-H1", Statutory, 1),
            filled("a2", "a", "2020-H2", Statutory, 2),
            filled("a3", "a", "2020-Q1", Statutory, 4),
            filled("b1", "b", "2020-Q1", Statutory, 8),
            filled("c1", "c", "2020", Statutory, 16),
            filled("d1", "d", "2020", Civil, 32),
        ];
        let (used, not) = of(&returns, &["c"], "2020", Statutory);
        assert_eq!(used, ["a 3"]);
        assert_eq!(not, ["a3 covered", "b1 not_whole", "c1 superseded", "d1 not_whole"]);
        let (used, not) = of(&returns, &[], "2020-Q1", Statutory);
        assert_eq!(used, ["a 4", "b 8"]);
        assert_eq!(not, ["a1 covered", "c1 not_whole", "d1 not_whole"]);
        let (used, _) = of(&returns, &[], "2020", Civil);
        assert_eq!(used, ["d 32"]);
    }

    #[test]
    fn days_of_the_other_calendar_count_where_they_are_the_same_days() {
        use PeriodCalendar::{Civil, Statutory};
        let returns = [filled("a1", "a", "2020", Statutory, 1)];
        let span = "2020".parse::<NamedPeriod>().unwrap().span(Statutory).unwrap();
        assert_eq!(choose(&returns, &BTreeSet::new(), span, Civil, None).used.len(), 1);
    }

    #[test]
    fn none_counts_that_tells_of_days_after_the_day_of_judging() {
        use PeriodCalendar::Civil;
        let returns = [
            filled("a1", "a", "2020", Civil, 1),
            filled("a2", "a", "2020-Q1", Civil, 2),
            filled("a3", "a", "2020-Q2", Civil, 4),
        ];
        let span = "2020".parse::<NamedPeriod>().unwrap().span(Civil).unwrap();
        let told = |day: &str| {
            let chosen = choose(&returns, &BTreeSet::new(), span, Civil, Some(day.parse().unwrap()));
            let not = chosen.not_used.iter().map(|not| format!("{} {}", not.return_id, not.reason));
            (chosen.used.iter().map(|row| row.figures.received).sum::<i64>(), not.collect::<Vec<_>>())
        };
        assert_eq!(told("2020-03-31"), (2, vec!["a1 not_whole".to_owned(), "a3 not_whole".to_owned()]));
        assert_eq!(told("2020-06-30"), (6, vec!["a1 not_whole".to_owned()]));
        assert_eq!(told("2020-06-29").0, 0);
        assert_eq!(told("2019-12-30").0, 0);
        assert_eq!(told("2020-12-31"), (1, vec!["a2 covered".to_owned(), "a3 covered".to_owned()]));
    }

    #[test]
    fn what_a_return_does_not_tell_is_no_part_of_the_figures() {
        let cells =
            FormCells { c3: 6, c4: 1, c5: 5, c7: 4, c9: 4, ended_otherwise: 2, ..FormCells::default() };
        let told = Figures::from(cells);
        let f = &told;
        assert_eq!((f.received, f.online, f.in_person, f.postal, f.home_appointment), (6, 1, 0, 0, 0));
        assert_eq!((f.ended_otherwise, f.withdrawn, f.stopped), (2, 0, 0));
        assert_eq!((told.in_person_or_postal, told.withdrawn_or_stopped), (5, 2));
        assert_eq!(f.received, f.online + told.in_person_or_postal);
    }
}
