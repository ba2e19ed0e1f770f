//! Facts about every deadline, and the same answers from naive counting: days from a list, hours by minutes.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{
    tests::{calendar, listed, span},
    *,
};
use crate::domain::{
    calendars::DayKind,
    terms::{DEFAULT_CUT_OFF, TermUnit},
};

const MINUTE: i64 = 60_000_000;
/// Days that the naive counting knows, from 1 January 2020.
const DAYS: u32 = 800;

fn first_day() -> Day {
    "2020-01-01".parse().unwrap()
}

fn days() -> impl Iterator<Item = Day> {
    (0..DAYS).map(|n| first_day().plus_days(n))
}

/// Up to sixty listed days of every kind in the first half of the year, some with hours of their own.
fn any_calendar() -> impl Strategy<Value = WorkingCalendar> {
    let kind = prop_oneof![
        3 => Just(DayKind::Off),
        1 => Just(DayKind::Swapped),
        2 => Just(DayKind::Working),
        2 => Just(DayKind::SaturdayDuty),
    ];
    proptest::collection::btree_map(0u32..180, (kind, any::<bool>()), 0..60).prop_map(|listed_days| {
        let days = listed_days.into_iter().map(|(n, (kind, short))| {
            let day = first_day().plus_days(n);
            let kind = if kind == DayKind::SaturdayDuty && !day.is_saturday() { DayKind::Off } else { kind };
            let open = matches!(kind, DayKind::Working | DayKind::SaturdayDuty);
            let hours = (short && open).then(|| vec![span("08:00", "10:15")]);
            listed(&day.to_string(), kind, hours)
        });
        calendar(days.collect())
    })
}

fn any_term() -> impl Strategy<Value = Term> {
    prop_oneof![
        (1u32..40).prop_map(Term::Hours),
        (1u32..90).prop_map(Term::Days),
        (1u32..40).prop_map(Term::WorkingDays),
        (1u32..7).prop_map(Term::Months),
        Just(Term::SameDay { cut_off: DEFAULT_CUT_OFF }),
    ]
}

/// A whole minute of the first half of 2020.
fn any_moment() -> impl Strategy<Value = Moment> {
    (0i64..180 * 24 * 60)
        .prop_map(|n| Moment::from_micros(Moment::start_of(first_day()).micros() + n * MINUTE))
}

fn is_open(calendar: &WorkingCalendar, moment: Moment) -> bool {
    let day = moment.day();
    calendar.open_hours(day).iter().any(|span| span.from.on(day) <= moment && moment < span.to.on(day))
}

fn minutes_after(moment: Moment) -> impl Iterator<Item = Moment> {
    (0..).map(move |n| Moment::from_micros(moment.micros() + n * MINUTE))
}

/// The end of the n-th open minute from a moment on.
fn naive_minutes(calendar: &WorkingCalendar, from: Moment, minutes: usize) -> Moment {
    let last = minutes_after(from).filter(|m| is_open(calendar, *m)).nth(minutes - 1).unwrap();
    Moment::from_micros(last.micros() + MINUTE)
}

fn naive_working(calendar: &WorkingCalendar) -> Vec<Day> {
    days().filter(|day| calendar.is_working(*day)).collect()
}

fn naive_close(calendar: &WorkingCalendar, day: Day) -> Moment {
    calendar.open_hours(day).iter().map(|span| span.to.on(day)).max().unwrap()
}

/// A month by the numbers of its date.
fn naive_months(day: Day, months: u32) -> Day {
    let number = day.month() - 1 + months;
    let (year, month) = (day.year() + i32::try_from(number / 12).unwrap(), number % 12 + 1);
    (1..=day.day_of_month()).rev().find_map(|d| Day::new(year, month, d)).unwrap()
}

fn naive_due(accepted: Moment, term: &Term, calendar: &WorkingCalendar) -> Moment {
    let working = naive_working(calendar);
    let from = |day: Day| *working.iter().find(|w| **w >= day).unwrap();
    let first = accepted.day();
    let later: Vec<Day> = working.iter().copied().filter(|day| *day > first).collect();
    match term {
        Term::Hours(hours) => naive_minutes(calendar, accepted, *hours as usize * 60),
        Term::WorkingDays(n) => naive_close(calendar, later[*n as usize - 1]),
        Term::Days(n) => {
            let end = days().skip_while(|day| *day < first).nth(*n as usize).unwrap();
            naive_close(calendar, from(end))
        }
        Term::Months(n) => naive_close(calendar, from(naive_months(first, *n))),
        Term::SameDay { cut_off } => {
            let open_later =
                minutes_after(accepted).take_while(|m| m.day() == first).any(|m| is_open(calendar, m));
            let day = if accepted < cut_off.on(first) && open_later { first } else { later[0] };
            naive_close(calendar, day)
        }
    }
}

fn naive_extend(
    due: Moment,
    paused: Moment,
    resumed: Moment,
    term: Option<&Term>,
    calendar: &WorkingCalendar,
) -> Moment {
    let working = naive_working(calendar);
    let time = due.micros() - Moment::start_of(due.day()).micros();
    let on = |day: Day| Moment::from_micros(Moment::start_of(day).micros() + time);
    let paused_days: Vec<Day> = days().filter(|d| *d > paused.day() && *d <= resumed.day()).collect();
    match term.map(Term::unit) {
        Some(TermUnit::Hours) => {
            let open =
                minutes_after(paused).take_while(|m| *m < resumed).filter(|m| is_open(calendar, *m)).count();
            if open == 0 { due } else { naive_minutes(calendar, due, open) }
        }
        Some(TermUnit::Days | TermUnit::Months) if paused_days.is_empty() => due,
        Some(TermUnit::Days | TermUnit::Months) => {
            let end = days().skip_while(|day| *day < due.day()).nth(paused_days.len()).unwrap();
            on(*working.iter().find(|day| **day >= end).unwrap())
        }
        Some(TermUnit::WorkingDays | TermUnit::SameDay) | None => {
            let count = paused_days.iter().filter(|day| working.contains(day)).count();
            let later = working.iter().filter(|day| **day > due.day());
            if count == 0 { due } else { on(*later.clone().nth(count - 1).unwrap()) }
        }
    }
}

proptest! {
    #[test]
    fn a_due_date_is_what_naive_counting_finds(accepted in any_moment(), term in any_term(), calendar in any_calendar()) {
        let deadline = due(accepted, &term, &calendar);
        prop_assert_eq!(deadline.due_at, naive_due(accepted, &term, &calendar));
        prop_assert!(deadline.due_at > accepted);
        // In days it is never on a day off, nor outside of office hours.
        let on = deadline.due_at.day();
        if matches!(term, Term::Days(_) | Term::WorkingDays(_) | Term::Months(_)) {
            prop_assert!(calendar.is_working(on));
        }
        prop_assert!(!calendar.open_hours(on).is_empty());
        // What was passed over lies between, ascends, and did not count.
        for pair in deadline.skipped.windows(2) {
            prop_assert!(pair[0].day < pair[1].day);
        }
        for skipped in &deadline.skipped {
            prop_assert!(skipped.day >= accepted.day() && skipped.day < on && !calendar.is_working(skipped.day));
        }
    }

    #[test]
    fn who_is_accepted_later_is_not_due_earlier(a in any_moment(), b in any_moment(), term in any_term(), calendar in any_calendar()) {
        let (early, late) = (a.min(b), a.max(b));
        // A term within the day ends on a Saturday on duty earlier than on the Monday after it: only there the
        // one who came a moment too late for Friday is due after the one who came on Saturday.
        if !matches!(term, Term::SameDay { .. }) {
            prop_assert!(due(early, &term, &calendar).due_at <= due(late, &term, &calendar).due_at);
        }
    }

    #[test]
    fn an_extension_is_what_naive_counting_finds(
        due in any_moment(), a in any_moment(), length in 0i64..40 * 24 * 60,
        term in proptest::option::of(any_term()), calendar in any_calendar(),
    ) {
        let resumed = Moment::from_micros(a.micros() + length * MINUTE);
        let extended = extend(due, a, resumed, term.as_ref(), &calendar);
        prop_assert_eq!(extended, naive_extend(due, a, resumed, term.as_ref(), &calendar));
        prop_assert!(extended >= due);
        prop_assert_eq!(extend(due, a, a, term.as_ref(), &calendar), due, "a pause of nothing");
        prop_assert_eq!(extend(due, resumed, a, term.as_ref(), &calendar), due, "a pause that ends before it begins");
    }

    #[test]
    fn a_restart_is_never_earlier_than_the_first_due_date_nor_than_the_resumption(
        accepted in any_moment(), length in 0i64..60 * 24 * 60,
        term in any_term(), known in any::<bool>(), calendar in any_calendar(),
    ) {
        let first_due = due(accepted, &term, &calendar).due_at;
        let resumed = Moment::from_micros(accepted.micros() + length * MINUTE);
        let again = restart(resumed, known.then_some(&term), accepted, first_due, &calendar);
        prop_assert!(again >= first_due && again >= resumed);
        if known {
            prop_assert_eq!(again, due(resumed, &term, &calendar).due_at.max(first_due));
        } else {
            let working = naive_working(&calendar);
            let count = working.iter().filter(|d| **d > accepted.day() && **d <= first_due.day()).count();
            let later = working.iter().filter(|d| **d > resumed.day()).nth(count.max(1) - 1).unwrap();
            // The first due date's time of day; within the day of resumption where the term had no working day.
            prop_assert!(again.day() == *later || (count == 0 && again.day() == resumed.day()) || again == first_due);
        }
    }
}
