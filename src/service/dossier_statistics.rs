//! Dossier statistics: what a unit and all below it received, resolved and has open, for a period, by groups.
//!
//! [`figures`] is pure: counts in, figures out. Identities hold within every period: received + carried over +
//! transferred in = resolved + ended otherwise + open + transferred out (form II.06a of Circular
//! 01/2020/TT-VPCP, with the remainders that the form doesn't know).

use std::collections::{BTreeMap, HashMap};

use super::error::{Error, Result};
use crate::{
    domain::{
        decimal::Exact,
        dossiers::SubmissionChannel,
        periods::{PeriodCalendar, Span, months_of},
        time::Day,
        units::{Level, Unit},
        words::words,
    },
    store::{
        self, Conn, Store,
        dossier_counts::{Closed, Open, OpenState, Received},
        dossiers::Closing,
    },
};

words! {
    /// What rows are told apart by.
    pub enum Grouping {
        /// The unit that decides.
        Unit = "unit",
        /// Its level.
        Level = "level",
        /// The field.
        Field = "field",
        /// The month, in the calendar asked for.
        Month = "month",
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The unit, with all below it.
    pub unit_id: String,
    /// First and last day.
    pub span: Span,
    /// Calendar of the months.
    pub calendar: PeriodCalendar,
    /// Rows are told apart by these.
    pub group_by: Vec<Grouping>,
    /// The day whose end open dossiers are judged at, where it is earlier than the period's.
    pub as_of: Option<Day>,
}

/// A part of a whole, with the name of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Numerator ÷ denominator; none for a denominator of zero.
    pub value: Option<Exact>,
    /// The part.
    pub numerator: i64,
    /// The whole.
    pub denominator: i64,
    /// Name of the whole.
    pub base: &'static str,
}

impl Rate {
    fn new(numerator: i64, denominator: i64, base: &'static str) -> Self {
        let value = Exact::from(numerator).quotient(&Exact::from(denominator));
        Self { value, numerator, denominator, base }
    }
}

/// The figures of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// All that was received in the period, counted beside its parts.
    pub received: i64,
    /// Received at the counter.
    pub in_person: i64,
    /// Received online.
    pub online: i64,
    /// Received by post.
    pub postal: i64,
    /// Received at home by appointment.
    pub home_appointment: i64,
    /// Open when the period began.
    pub carried_over: i64,
    /// All that was resolved in the period, counted beside its parts.
    pub resolved: i64,
    /// Resolved before the due day.
    pub early: i64,
    /// Resolved on the due day.
    pub on_time: i64,
    /// Resolved after it.
    pub late: i64,
    /// Resolved without a due date.
    pub unclassified: i64,
    /// All that ended without a result, counted beside its parts.
    pub ended_otherwise: i64,
    /// Withdrawn.
    pub withdrawn: i64,
    /// Stopped.
    pub stopped: i64,
    /// All that is open at the end, counted beside its parts.
    pub open: i64,
    /// Open, due later.
    pub within_term: i64,
    /// Open, past the due day.
    pub overdue: i64,
    /// Open, without a due date.
    pub no_due_date: i64,
    /// Of the received: handled by several levels.
    pub interlinked: i64,
    /// Of the received: made by a generator.
    pub synthetic: i64,
    /// Of the resolved: returned by post.
    pub returned_by_post: i64,
}

impl Figures {
    /// All that was resolved with a due date to judge it by.
    pub fn classified(&self) -> i64 {
        self.early + self.on_time + self.late
    }

    /// Early and on time, of all resolved.
    pub fn on_time_of_resolved(&self) -> Rate {
        Rate::new(self.early + self.on_time, self.resolved, "resolved")
    }

    /// Early and on time, of those that can be judged.
    pub fn on_time_of_classified(&self) -> Rate {
        Rate::new(self.early + self.on_time, self.classified(), "classified")
    }

    /// Whether there is nothing to tell.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Two figures that must be equal, or whose difference is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Stable code.
    pub code: &'static str,
    /// One side.
    pub left: i64,
    /// The other side.
    pub right: i64,
}

impl Check {
    /// Whether the sides are equal.
    pub fn holds(&self) -> bool {
        self.left == self.right
    }

    /// Left minus right.
    pub fn difference(&self) -> i64 {
        self.left - self.right
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the row is of: the names of the groupings and their values; a dossier may name no field.
    pub group: Vec<(Grouping, Option<String>)>,
    /// Its figures.
    pub figures: Figures,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// What was asked.
    pub question: Question,
    /// The day whose end open dossiers are judged at.
    pub judged_at: Day,
    /// Rows with anything to tell, in order of their groups.
    pub rows: Vec<Row>,
    /// All together.
    pub total: Figures,
    /// The identities of the period.
    pub checks: Vec<Check>,
}

/// Everything counted for one end of a period.
#[derive(Default)]
struct Counted<'a> {
    received: Vec<&'a Received>,
    closed: Vec<&'a Closed>,
    open: Vec<&'a Open>,
}

/// The figures of the days of `span`. Open dossiers come counted at its end.
fn figures(counted: &Counted<'_>, span: Span) -> Figures {
    let mut f = Figures::default();
    for r in counted.received.iter().filter(|r| r.day <= span.to) {
        if r.day < span.from {
            f.carried_over += r.count;
            continue;
        }
        f.received += r.count;
        match r.via {
            SubmissionChannel::InPerson => f.in_person += r.count,
            SubmissionChannel::Online => f.online += r.count,
            SubmissionChannel::Postal => f.postal += r.count,
            SubmissionChannel::HomeAppointment => f.home_appointment += r.count,
        }
        f.interlinked += if r.interlinked { r.count } else { 0 };
        f.synthetic += if r.synthetic { r.count } else { 0 };
    }
    for c in counted.closed.iter().filter(|c| c.day <= span.to) {
        if c.day < span.from {
            f.carried_over -= c.count;
            continue;
        }
        let resolved = !matches!(c.closing, Closing::Withdrawn | Closing::Stopped);
        *(if resolved { &mut f.resolved } else { &mut f.ended_otherwise }) += c.count;
        match c.closing {
            Closing::Early => f.early += c.count,
            Closing::OnTime => f.on_time += c.count,
            Closing::Late => f.late += c.count,
            Closing::Unclassified => f.unclassified += c.count,
            Closing::Withdrawn => f.withdrawn += c.count,
            Closing::Stopped => f.stopped += c.count,
        }
        f.returned_by_post += if resolved && c.by_post { c.count } else { 0 };
    }
    for o in &counted.open {
        f.open += o.count;
        match o.state {
            OpenState::WithinTerm => f.within_term += o.count,
            OpenState::Overdue => f.overdue += o.count,
            OpenState::NoDueDate => f.no_due_date += o.count,
        }
    }
    f
}

/// The identities of a period. What came in and what went out are counted by their days, what is open by
/// itself: the sides come from different counts.
fn identities(f: &Figures) -> Vec<Check> {
    let check = |code, left, right| Check { code, left, right };
    vec![
        check(
            "received_equals_resolved_plus_open",
            f.received + f.carried_over,
            f.resolved + f.ended_otherwise + f.open,
        ),
        check(
            "received_equals_its_channels",
            f.received,
            f.in_person + f.online + f.postal + f.home_appointment,
        ),
        check("resolved_equals_its_parts", f.resolved, f.early + f.on_time + f.late + f.unclassified),
        check("ended_otherwise_equals_its_parts", f.ended_otherwise, f.withdrawn + f.stopped),
        check("open_equals_its_parts", f.open, f.within_term + f.overdue + f.no_due_date),
    ]
}

/// Statistics of a unit and all below it.
///
/// # Errors
/// `NotFound` for an unknown unit.
pub async fn statistics(store: &Store, question: Question, today: Day) -> Result<Statistics> {
    store.read(move |conn| compute(conn, question, today)).await
}

/// [`statistics`] within a transaction.
///
/// # Errors
/// `NotFound` for an unknown unit.
pub fn compute(conn: &mut Conn, question: Question, today: Day) -> Result<Statistics> {
    if store::units::find(conn, &question.unit_id)?.is_none() {
        return Err(Error::not_found("units", &question.unit_id));
    }
    let judged_at = question.span.to.min(question.as_of.unwrap_or(today));
    let units = store::units::subtree(conn, &question.unit_id)?;
    let levels: HashMap<&str, Level> = units.iter().map(|u: &Unit| (u.id.as_str(), u.level)).collect();
    let received = store::dossier_counts::received(conn, &question.unit_id, judged_at)?;
    let closed = store::dossier_counts::closed(conn, &question.unit_id, judged_at)?;
    let mut rows = Vec::new();
    // A month that begins after the moment of judging has nothing to tell yet.
    for (month, span) in
        parts(&question).into_iter().filter(|(month, span)| month.is_none() || span.from <= judged_at)
    {
        let open = open_at(conn, &question.unit_id, span.to.min(judged_at), today)?;
        let counted = Counted {
            received: received.iter().collect(),
            closed: closed.iter().collect(),
            open: open.iter().collect(),
        };
        let span = Span { from: span.from, to: span.to.min(judged_at) };
        rows.extend(grouped(&counted, span, &question.group_by, &levels, month.as_deref()));
    }
    let open = open_at(conn, &question.unit_id, judged_at, today)?;
    let counted = Counted {
        received: received.iter().collect(),
        closed: closed.iter().collect(),
        open: open.iter().collect(),
    };
    let total = figures(&counted, Span { from: question.span.from, to: judged_at });
    let checks = identities(&total);
    Ok(Statistics { question, judged_at, rows, total, checks })
}

/// Due on the day of judging and unfinished is overdue, except that what is due today is still within term.
fn open_at(conn: &mut Conn, unit_id: &str, at: Day, today: Day) -> Result<Vec<Open>> {
    let overdue_until = if at < today { at } else { at.previous() };
    Ok(store::dossier_counts::open(conn, unit_id, at, overdue_until)?)
}

/// The periods that rows are made for: the whole one, or its months.
fn parts(question: &Question) -> Vec<(Option<String>, Span)> {
    if question.group_by.is_empty() {
        return Vec::new();
    }
    if !question.group_by.contains(&Grouping::Month) {
        return vec![(None, question.span)];
    }
    months_of(question.span, question.calendar).into_iter().map(|(name, span)| (Some(name), span)).collect()
}

fn grouped(
    counted: &Counted<'_>,
    span: Span,
    group_by: &[Grouping],
    levels: &HashMap<&str, Level>,
    month: Option<&str>,
) -> Vec<Row> {
    let key = |unit: &str, field: Option<&str>| -> Vec<Option<String>> {
        group_by
            .iter()
            .map(|grouping| match grouping {
                Grouping::Unit => Some(unit.to_owned()),
                Grouping::Level => levels.get(unit).map(ToString::to_string),
                Grouping::Field => field.map(str::to_owned),
                Grouping::Month => month.map(str::to_owned),
            })
            .collect()
    };
    // The counts of each group once, instead of all counts for each group.
    let mut groups: BTreeMap<Vec<Option<String>>, Counted<'_>> = BTreeMap::new();
    for r in &counted.received {
        groups.entry(key(&r.unit_id, r.field.as_deref())).or_default().received.push(r);
    }
    for c in &counted.closed {
        groups.entry(key(&c.unit_id, c.field.as_deref())).or_default().closed.push(c);
    }
    for o in &counted.open {
        groups.entry(key(&o.unit_id, o.field.as_deref())).or_default().open.push(o);
    }
    groups
        .into_iter()
        .map(|(values, counted)| Row {
            group: group_by.iter().copied().zip(values).collect(),
            figures: figures(&counted, span),
        })
        .filter(|row| !row.figures.is_zero())
        .collect()
}
