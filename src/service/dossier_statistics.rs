//! Dossier statistics: what a unit and all below it received, resolved and has open, for a period, by groups.
//!
//! Every figure is a difference of running totals (`dossier_figures`), so an answer reads tens of rows a unit.
//! Where a unit has no dossiers of its own, its returns stand in for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use super::dossier_figures::{Check, Figures, Rate};
use super::{
    clock_rules,
    dossier_figures::{Ends, figures, identities},
    error::{Error, Result},
    min_cells::withheld,
    returns::{self, UsedRow},
    unit_tree::{self as tree, Member},
};
use crate::{
    domain::{
        dossier_flows::{Axes, Cells, Counts},
        periods::{PeriodCalendar, Span, months_of},
        returns::{NotUsed, Return},
        time::Day,
        words::words,
    },
    store::{
        self, Conn, Store,
        dossier_counts::{Tally, at_ends, by_procedure},
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
    /// Returns of days of the period that are not counted, or not in each of its months, and why.
    pub returns_not_used: Vec<NotUsed>,
}

/// Most units, each once a period, that a question may read on the thread that was asked: each is the running totals
/// of a year or two with the months and at most the days of a month since.
const MOST_HERE: usize = 40;

impl Statistics {
    /// Takes the rows of so few dossiers away that the public must not see them; gives how many went, or none where
    /// all dossiers together are too few to tell anything.
    pub fn withhold(&mut self, least: i64) -> Option<usize> {
        let size = |figures: &Figures| figures.received + figures.carried_over + figures.transferred_in;
        if (1..least).contains(&size(&self.total)) {
            return None;
        }
        let sizes: Vec<i64> = self.rows.iter().map(|row| size(&row.figures)).collect();
        let mut hidden = withheld(&sizes, least).into_iter();
        let before = self.rows.len();
        self.rows.retain(|_| !hidden.next().unwrap_or(false));
        Some(before - self.rows.len())
    }
}

/// Statistics of a unit and all below it.
///
/// # Errors
/// `NotFound` for an unknown unit, `Invalid` for days that have not begun or that `as_of` is before.
pub async fn statistics(store: &Store, question: Question, today: Day) -> Result<Statistics> {
    if is_coarse(&question) {
        let asked = question.clone();
        let few = move |conn: &mut Conn| compute_few(conn, asked, today);
        if let Some(statistics) = store.read_here(few).await? {
            return Ok(statistics);
        }
    }
    store.read(move |conn| compute(conn, question, today)).await
}

/// Whether whole units tell all that is asked.
fn is_coarse(question: &Question) -> bool {
    question.group_by.iter().all(|g| matches!(g, Grouping::Unit | Grouping::Level | Grouping::Month))
}

/// [`statistics`] within a transaction.
///
/// # Errors
/// `NotFound` for an unknown unit, `Invalid` for days that have not begun or that `as_of` is before.
pub fn compute(conn: &mut Conn, question: Question, today: Day) -> Result<Statistics> {
    let (judged_at, members) = scope(conn, &question, today)?;
    of_members(conn, question, today, judged_at, &members)
}

/// [`compute`] unless it would read many sums.
fn compute_few(conn: &mut Conn, question: Question, today: Day) -> Result<Option<Statistics>> {
    let (judged_at, members) = scope(conn, &question, today)?;
    if members.len() * parts(&question).len().max(1) > MOST_HERE {
        return Ok(None);
    }
    of_members(conn, question, today, judged_at, &members).map(Some)
}

/// Days of which the first has come: what is open on a day to come is not known.
///
/// # Errors
/// `Invalid` at `pointer`.
pub fn check_begun(pointer: &str, span: Span, today: Day) -> Result<()> {
    if span.from <= today {
        return Ok(());
    }
    Err(Error::invalid(
        pointer,
        "period_not_begun",
        format!("The period begins on {}.", span.from),
        format!("Kỳ bắt đầu từ ngày {}.", span.from),
    ))
}

/// What is open before the period is the stock of none of its days.
fn check_as_of(question: &Question) -> Result<()> {
    let from = question.span.from;
    match question.as_of {
        Some(day) if day < from => Err(Error::invalid(
            "as_of",
            "before_period",
            format!("Must not be before the period, which begins on {from}."),
            format!("Không được trước ngày đầu kỳ, ngày {from}."),
        )),
        _ => Ok(()),
    }
}

/// The day of judging, and the units that are counted.
fn scope(conn: &mut Conn, question: &Question, today: Day) -> Result<(Day, Vec<Member>)> {
    if !store::units::exists(conn, &question.unit_id)? {
        return Err(Error::not_found("units", &question.unit_id));
    }
    check_begun("period", question.span, today)?;
    check_as_of(question)?;
    let judged_at = question.span.to.min(question.as_of.unwrap_or(today));
    let members = tree::members(conn, &question.unit_id, Span { from: question.span.from, to: judged_at })?;
    Ok((judged_at, members))
}

fn of_members(
    conn: &mut Conn,
    question: Question,
    today: Day,
    judged_at: Day,
    members: &[Member],
) -> Result<Statistics> {
    let returns = store::returns::of_units(conn, &members.iter().map(|m| m.id.clone()).collect::<Vec<_>>())?;
    let frame = Frame { question: &question, judged_at, today, members, returns: &returns };
    let Answer { rows, total, returns_not_used } =
        if is_coarse(&question) { frame.answer::<Counts>(conn)? } else { frame.answer::<Cells>(conn)? };
    let checks = identities(&total);
    Ok(Statistics { question, judged_at, rows, total, checks, returns_not_used })
}

/// Counts that rows are made of: of whole units, or of the cells in them.
trait Rows: Tally {
    /// The running totals of each unit at the end of each day, by procedure as well where asked.
    fn running(conn: &mut Conn, units: &[String], ends: &[Day], procedures: bool) -> Result<Running<Self>>;
    fn each(&self, tell: &mut dyn FnMut(Option<&Axes>, &Counts));
    fn change(&mut self, change: fn(&mut Counts));
}

type Running<T> = HashMap<String, Vec<T>>;

impl Rows for Counts {
    fn running(conn: &mut Conn, units: &[String], ends: &[Day], _: bool) -> Result<Running<Self>> {
        Ok(at_ends(conn, units, ends)?)
    }

    fn each(&self, tell: &mut dyn FnMut(Option<&Axes>, &Counts)) {
        tell(None, self);
    }

    fn change(&mut self, change: fn(&mut Counts)) {
        change(self);
    }
}

impl Rows for Cells {
    fn running(conn: &mut Conn, units: &[String], ends: &[Day], procedures: bool) -> Result<Running<Self>> {
        Ok(if procedures { by_procedure(conn, units, ends)? } else { at_ends(conn, units, ends)? })
    }

    fn each(&self, tell: &mut dyn FnMut(Option<&Axes>, &Counts)) {
        self.iter().for_each(|(axes, counts)| tell(Some(axes), counts));
    }

    fn change(&mut self, change: fn(&mut Counts)) {
        self.values_mut().for_each(change);
    }
}

/// What a question is answered within.
struct Frame<'a> {
    question: &'a Question,
    judged_at: Day,
    today: Day,
    members: &'a [Member],
    returns: &'a [Return],
}

/// What a question is answered with.
struct Answer {
    rows: Vec<Row>,
    total: Figures,
    returns_not_used: Vec<NotUsed>,
}

type Group = Vec<Option<String>>;
type Groups = BTreeMap<Group, Ends<Counts>>;

impl Frame<'_> {
    fn answer<T: Rows>(&self, conn: &mut Conn) -> Result<Answer> {
        let whole = Span { from: self.question.span.from, to: self.judged_at };
        // A month that begins after the moment of judging has nothing to tell yet.
        let parts: Vec<(Option<String>, Span, Span)> = parts(self.question)
            .into_iter()
            .filter(|(month, asked)| month.is_none() || asked.from <= self.judged_at)
            .map(|(month, asked)| (month, asked, Span { from: asked.from, to: asked.to.min(self.judged_at) }))
            .collect();
        let ids: Vec<String> = self.members.iter().map(|member| member.id.clone()).collect();
        let stretches = clock_rules::withdrawn_as_on_time(conn, &ids, self.judged_at)?;
        let ends: Vec<Day> = std::iter::once(&whole)
            .chain(parts.iter().map(|(_, _, span)| span))
            .flat_map(|span| [span.from.previous(), span.to.previous(), span.to])
            .chain(stretches.iter().map(|(last, _)| *last))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let procedures = self.question.group_by.contains(&Grouping::Procedure);
        let mut running = T::running(conn, &ids, &ends, procedures)?;
        for (id, sums) in &mut running {
            let stretches: Vec<(Day, bool)> =
                stretches.iter().map(|(last, units)| (*last, units.contains(id))).collect();
            count_withdrawn(sums, &ends, &stretches);
        }
        let at = |sums: &[T], day: Day| ends.binary_search(&day).ok().and_then(|i| sums.get(i)).cloned();
        let of = |sums: &[T], span: Span| Ends {
            before: at(sums, span.from.previous()).unwrap_or_default(),
            eve: at(sums, span.to.previous()).unwrap_or_default(),
            last: at(sums, span.to).unwrap_or_default(),
        };
        let mut total = Ends::default();
        for sums in running.values() {
            each(&of(sums, whole), &mut |_, place, counts| place(&mut total).join(counts, 1));
        }
        let mut total = figures(&total, whole.to >= self.today);
        // A return counts for whole periods: for the days asked for, also where the last have yet to come.
        let chosen = self.chosen(self.question.span, &self.busy(&running, &|sums| of(sums, whole)));
        chosen.used.iter().for_each(|row| total.join(&row.figures));
        let mut rows = Vec::new();
        let mut not_used = chosen.not_used;
        for (month, asked, span) in parts {
            let mut groups = Groups::new();
            for member in self.members {
                let Some(sums) = running.get(&member.id) else { continue };
                each(&of(sums, span), &mut |axes, place, counts| {
                    let group = self.group(member, axes, month.as_deref());
                    place(groups.entry(group).or_default()).join(counts, 1);
                });
            }
            let judged_today = span.to >= self.today;
            let mut told: BTreeMap<Group, Figures> =
                groups.into_iter().map(|(group, ends)| (group, figures(&ends, judged_today))).collect();
            if !self.returns.is_empty() {
                let chosen = self.chosen(asked, &self.busy(&running, &|sums| of(sums, span)));
                self.join_returns(&mut told, chosen.used, month.as_deref());
                not_used.extend(chosen.not_used);
            }
            rows.extend(self.rows(told));
        }
        Ok(Answer { rows, total, returns_not_used: each_once(not_used) })
    }

    /// Units with anything of their own to tell: there dossiers win over returns.
    fn busy<T: Rows>(&self, running: &Running<T>, of: &dyn Fn(&[T]) -> Ends<T>) -> BTreeSet<String> {
        if self.returns.is_empty() {
            return BTreeSet::new();
        }
        let busy = running.iter().filter(|(_, sums)| {
            let mut whole = Ends::default();
            each(&of(sums), &mut |_, place, counts| place(&mut whole).join(counts, 1));
            !figures(&whole, false).is_zero()
        });
        busy.map(|(unit, _)| unit.clone()).collect()
    }

    fn chosen(&self, span: Span, busy: &BTreeSet<String>) -> returns::Chosen {
        returns::choose(self.returns, busy, span, self.question.calendar, self.question.as_of)
    }

    fn join_returns(&self, told: &mut BTreeMap<Group, Figures>, used: Vec<UsedRow>, month: Option<&str>) {
        for row in used {
            let Some(member) = self.members.iter().find(|member| member.id == row.unit_id) else { continue };
            let mut group = self.group(member, None, month);
            for (grouping, value) in self.question.group_by.iter().zip(&mut group) {
                if *grouping == Grouping::Field {
                    value.clone_from(&row.field);
                }
            }
            told.entry(group).or_default().join(&row.figures);
        }
    }

    fn rows(&self, told: BTreeMap<Group, Figures>) -> impl Iterator<Item = Row> {
        told.into_iter().filter(|(_, figures)| !figures.is_zero()).map(|(values, figures)| Row {
            group: self.question.group_by.iter().copied().zip(values).collect(),
            figures,
        })
    }

    fn group(&self, member: &Member, axes: Option<&Axes>, month: Option<&str>) -> Group {
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

/// Counts what was withdrawn as resolved on time, in the stretches in which a unit does so; `sums` are its running
/// totals at the end of each of `ends`, among which are the last days of the stretches.
fn count_withdrawn<T: Rows>(sums: &mut Vec<T>, ends: &[Day], stretches: &[(Day, bool)]) {
    if !stretches.iter().any(|(_, on_time)| *on_time) {
        return;
    }
    let at = |day: Day| ends.binary_search(&day).ok().and_then(|place| sums.get(place));
    let of_day = |day: Day| {
        let (mut told, mut before) = (T::default(), T::default());
        for (last, on_time) in stretches {
            let Some(then) = at(day.min(*last)) else { break };
            let mut stretch = then.clone();
            stretch.join(&before, -1);
            if *on_time {
                stretch.change(Counts::withdrawn_as_on_time);
            }
            told.join(&stretch, 1);
            if *last >= day {
                break;
            }
            before = then.clone();
        }
        told
    };
    *sums = ends.iter().map(|day| of_day(*day)).collect();
}

/// Returns that are not counted in the whole or in a part of it, by unit and period; the whole says why, if it knows.
fn each_once(mut not_used: Vec<NotUsed>) -> Vec<NotUsed> {
    let mut seen = BTreeSet::new();
    not_used.retain(|not| seen.insert(not.return_id.clone()));
    not_used.sort_by_cached_key(|not| {
        (not.unit_id.clone(), not.period.clone(), not.calendar, not.return_id.clone())
    });
    not_used
}

type Place = fn(&mut Ends<Counts>) -> &mut Counts;

/// Tells the counts of each end, with what they are of and their place.
fn each<T: Rows>(ends: &Ends<T>, tell: &mut dyn FnMut(Option<&Axes>, Place, &Counts)) {
    let places: [(&T, Place); 3] =
        [(&ends.before, |e| &mut e.before), (&ends.eve, |e| &mut e.eve), (&ends.last, |e| &mut e.last)];
    for (counts, place) in places {
        counts.each(&mut |axes, counts| tell(axes, place, counts));
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
