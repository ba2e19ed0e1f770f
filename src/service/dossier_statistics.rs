//! Dossier statistics: what a unit and all below it received, resolved and has open, for a period, by groups.
//!
//! `figures` is pure: counts in, figures out. Identities hold within every period: received + carried over +
//! transferred in = resolved + ended otherwise + open + transferred out (form II.06a of Circular
//! 01/2020/TT-VPCP, with the remainders that the form doesn't know).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    error::{Error, Result},
    unit_tree::{self as tree, Member},
};
use crate::{
    domain::{
        decimal::Exact,
        dossier_flows::{Axes, Cells, Counts, Flow},
        periods::{PeriodCalendar, Span, months_of},
        time::Day,
        words::words,
    },
    store::{self, Conn, Store, dossier_counts::Tally},
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
        /// The procedure.
        Procedure = "procedure",
        /// How it was submitted.
        Channel = "channel",
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
    /// Taken over from other units.
    pub transferred_in: i64,
    /// Handed over to other units.
    pub transferred_out: i64,
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
    /// Of the late: resolved by the re-appointed day.
    pub re_appointed_kept: i64,
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

/// Running totals at the moments that the figures of a period are differences of.
#[derive(Default, Clone)]
struct Ends<T> {
    /// At the end of the day before the period.
    before: T,
    /// At the end of the day before the last.
    eve: T,
    /// At the end of the period, or the moment of judging.
    last: T,
}

/// The figures of a period from its running totals. What is due on the day that still runs is within its term.
fn figures(ends: &Ends<Counts>, judged_today: bool) -> Figures {
    let gained = |flow: Flow| ends.last.of(flow) - ends.before.of(flow);
    let standing = |begins: &[Flow], finishes: Flow| {
        begins.iter().map(|flow| ends.last.of(*flow)).sum::<i64>() - ends.last.of(finishes)
    };
    let came = |counts: &Counts| counts.of(Flow::Received) + counts.of(Flow::TransferredIn);
    let went = |counts: &Counts| {
        counts.of(Flow::Resolved) + counts.of(Flow::Ended) + counts.of(Flow::TransferredOut)
    };
    let due_today =
        if judged_today { ends.last.of(Flow::OverdueBegins) - ends.eve.of(Flow::OverdueBegins) } else { 0 };
    Figures {
        received: gained(Flow::Received),
        in_person: gained(Flow::InPerson),
        online: gained(Flow::Online),
        postal: gained(Flow::Postal),
        home_appointment: gained(Flow::HomeAppointment),
        carried_over: came(&ends.before) - went(&ends.before),
        transferred_in: gained(Flow::TransferredIn),
        transferred_out: gained(Flow::TransferredOut),
        resolved: gained(Flow::Resolved),
        early: gained(Flow::Early),
        on_time: gained(Flow::OnTime),
        late: gained(Flow::Late),
        unclassified: gained(Flow::Unclassified),
        ended_otherwise: gained(Flow::Ended),
        withdrawn: gained(Flow::Withdrawn),
        stopped: gained(Flow::Stopped),
        open: standing(&[Flow::OpenBegins], Flow::OpenEnds),
        within_term: standing(&[Flow::WithinBegins], Flow::WithinEnds) + due_today,
        overdue: standing(&[Flow::OverdueBegins, Flow::OverdueArrives], Flow::OverdueEnds) - due_today,
        no_due_date: standing(&[Flow::NoDueDateBegins], Flow::NoDueDateEnds),
        interlinked: gained(Flow::Interlinked),
        synthetic: gained(Flow::Synthetic),
        returned_by_post: gained(Flow::ReturnedByPost),
        re_appointed_kept: gained(Flow::ReAppointedKept),
    }
}

/// The identities of a period. What came in and what went out are counted by their days, what is open by
/// itself: the sides come from different counts.
fn identities(f: &Figures) -> Vec<Check> {
    let check = |code, left, right| Check { code, left, right };
    vec![
        check(
            "received_equals_resolved_plus_open",
            f.received + f.carried_over + f.transferred_in,
            f.resolved + f.ended_otherwise + f.open + f.transferred_out,
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
    if !store::units::exists(conn, &question.unit_id)? {
        return Err(Error::not_found("units", &question.unit_id));
    }
    let judged_at = question.span.to.min(question.as_of.unwrap_or(today));
    let members = tree::members(conn, &question.unit_id, Span { from: question.span.from, to: judged_at })?;
    let frame = Frame { question: &question, judged_at, today, members: &members };
    let coarse =
        question.group_by.iter().all(|g| matches!(g, Grouping::Unit | Grouping::Level | Grouping::Month));
    let (rows, total) = if coarse { frame.answer::<Counts>(conn)? } else { frame.answer::<Cells>(conn)? };
    let checks = identities(&total);
    Ok(Statistics { question, judged_at, rows, total, checks })
}

/// Counts that rows are made of: of whole units, or of the cells in them.
trait Rows: Tally {
    fn each(&self, tell: &mut dyn FnMut(Option<&Axes>, &Counts));
}

impl Rows for Counts {
    fn each(&self, tell: &mut dyn FnMut(Option<&Axes>, &Counts)) {
        tell(None, self);
    }
}

impl Rows for Cells {
    fn each(&self, tell: &mut dyn FnMut(Option<&Axes>, &Counts)) {
        self.iter().for_each(|(axes, counts)| tell(Some(axes), counts));
    }
}

/// What a question is answered within.
struct Frame<'a> {
    question: &'a Question,
    judged_at: Day,
    today: Day,
    members: &'a [Member],
}

type Groups = BTreeMap<Vec<Option<String>>, Ends<Counts>>;

impl Frame<'_> {
    fn answer<T: Rows>(&self, conn: &mut Conn) -> Result<(Vec<Row>, Figures)> {
        let whole = Span { from: self.question.span.from, to: self.judged_at };
        // A month that begins after the moment of judging has nothing to tell yet.
        let parts: Vec<(Option<String>, Span)> = parts(self.question)
            .into_iter()
            .filter(|(month, span)| month.is_none() || span.from <= self.judged_at)
            .map(|(month, span)| (month, Span { from: span.from, to: span.to.min(self.judged_at) }))
            .collect();
        let ends: Vec<Day> = std::iter::once(&whole)
            .chain(parts.iter().map(|(_, span)| span))
            .flat_map(|span| [day_before(*span), span.to.previous(), span.to])
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let ids: Vec<String> = self.members.iter().map(|member| member.id.clone()).collect();
        let running = store::dossier_counts::at_ends::<T>(conn, &ids, &ends)?;
        let at = |sums: &[T], day: Day| ends.binary_search(&day).ok().and_then(|i| sums.get(i)).cloned();
        let of = |sums: &[T], span: Span| Ends {
            before: at(sums, day_before(span)).unwrap_or_default(),
            eve: at(sums, span.to.previous()).unwrap_or_default(),
            last: at(sums, span.to).unwrap_or_default(),
        };
        let mut total = Ends::default();
        let mut rows = Vec::new();
        for sums in running.values() {
            join(&of(sums, whole), &mut |_| Vec::new(), &mut |_, place, counts| {
                place(&mut total).join(counts, 1)
            });
        }
        for (month, span) in parts {
            let mut groups = Groups::new();
            for member in self.members {
                let Some(sums) = running.get(&member.id) else { continue };
                let mut key = |axes: Option<&Axes>| self.key(member, axes, month.as_deref());
                join(&of(sums, span), &mut key, &mut |key, place, counts| {
                    place(groups.entry(key).or_default()).join(counts, 1);
                });
            }
            rows.extend(self.rows(groups, span));
        }
        Ok((rows, figures(&total, whole.to >= self.today)))
    }

    fn rows(&self, groups: Groups, span: Span) -> impl Iterator<Item = Row> {
        let judged_today = span.to >= self.today;
        groups
            .into_iter()
            .map(move |(values, ends)| Row {
                group: self.question.group_by.iter().copied().zip(values).collect(),
                figures: figures(&ends, judged_today),
            })
            .filter(|row| !row.figures.is_zero())
    }

    fn key(&self, member: &Member, axes: Option<&Axes>, month: Option<&str>) -> Vec<Option<String>> {
        self.question
            .group_by
            .iter()
            .map(|grouping| match grouping {
                Grouping::Unit => Some(member.id.clone()),
                Grouping::Level => Some(member.level.to_string()),
                Grouping::Month => month.map(str::to_owned),
                Grouping::Field => axes.and_then(|axes| axes.field.clone()),
                Grouping::Procedure => axes.and_then(|axes| axes.procedure_code.clone()),
                Grouping::Channel => axes.map(|axes| axes.via.to_string()),
            })
            .collect()
    }
}

/// The day whose end a period begins with; that of judging, where the period has not begun by then.
fn day_before(span: Span) -> Day {
    span.from.previous().min(span.to)
}

type Place = fn(&mut Ends<Counts>) -> &mut Counts;

/// Tells the counts of each end with their group and their place.
fn join<T: Rows>(
    ends: &Ends<T>,
    key: &mut dyn FnMut(Option<&Axes>) -> Vec<Option<String>>,
    tell: &mut dyn FnMut(Vec<Option<String>>, Place, &Counts),
) {
    let places: [(&T, Place); 3] =
        [(&ends.before, |e| &mut e.before), (&ends.eve, |e| &mut e.eve), (&ends.last, |e| &mut e.last)];
    for (counts, place) in places {
        counts.each(&mut |axes, counts| tell(key(axes), place, counts));
    }
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
