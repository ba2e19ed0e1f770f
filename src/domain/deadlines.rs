//! When a dossier is due: the terms of procedures counted on a working-day calendar, in Vietnamese time.
//!
//! Sources: Civil Code 2015 (Bộ luật Dân sự, 91/2015/QH13), Articles 147 and 148; for hours and terms within the
//! day the texts of procedures on the national portal; domain notes, 1.7 and 1.8. Nothing here reads a clock.

use super::{
    calendars::{SkippedDay, WorkingCalendar},
    hours::{OfficeSpan, TimeOfDay},
    terms::Term,
    time::{Day, Moment},
};

const HOUR: i64 = 3_600_000_000;

/// A due date, and what was not counted on the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// The dossier is due then.
    pub due_at: Moment,
    /// The days that did not count, in order.
    pub skipped: Vec<SkippedDay>,
}

/// When a dossier accepted at a moment is due.
///
/// - Terms in days, working days and months don't count the first day, that of acceptance (Article 147.2).
/// - Days and months run over days off; an end on a day off moves to the next working day (Article 148.5). A month
///   ends on the same day of the last month, or on its last day where it has no such day (Article 148.3).
/// - The due time of these terms is the end of office hours of the due day: Article 148.6 says the end of the day,
///   at which no office is open.
/// - Hours run from the moment of acceptance (Article 147.1) within office hours, Saturdays on duty included; what
///   is accepted outside of them begins with the next office hour.
/// - A term within the day ends with the office hours of the day of receipt; what is received at the cut-off hour
///   or later, or on a day off, is due at the end of the next working day.
pub fn due(accepted: Moment, term: &Term, calendar: &WorkingCalendar) -> Deadline {
    let mut count = Count { calendar, skipped: Vec::new() };
    let first = accepted.day();
    let due_at = match *term {
        Term::Hours(hours) => count.advance(accepted, i64::from(hours) * HOUR),
        Term::Days(days) => count.end_of(first.plus_days(days)),
        Term::Months(months) => count.end_of(first.plus_months(months)),
        Term::WorkingDays(days) => {
            let last = count.working_days_after(first, days);
            count.end_of(last)
        }
        Term::SameDay { cut_off } => match closing(calendar, first) {
            Some(closing) if accepted < cut_off.on(first) && accepted < closing => closing,
            _ => {
                let next = count.working_days_after(first, 1);
                count.end_of(next)
            }
        },
    };
    Deadline { due_at, skipped: count.skipped }
}

/// The due date after a pause that begins the whole term again: the rule of Decree 61/2018/NĐ-CP (domain notes,
/// 1.7). Never earlier than the first one.
///
/// Without a known term, the working days between acceptance and the first due date are the term, and the time of
/// day of the first due date is kept.
pub fn restart(
    resumed_at: Moment,
    term: Option<&Term>,
    accepted: Moment,
    first_due: Moment,
    calendar: &WorkingCalendar,
) -> Moment {
    let again = match term {
        Some(term) => due(resumed_at, term, calendar).due_at,
        None => {
            let mut count = Count { calendar, skipped: Vec::new() };
            let days = working_days_in(calendar, accepted.day(), first_due.day());
            let resumed = resumed_at.day();
            let same_time = |day| moved(first_due, day);
            let today_is_left = calendar.is_working(resumed) && same_time(resumed) >= resumed_at;
            match days {
                0 if today_is_left => same_time(resumed),
                days => same_time(count.working_days_after(resumed, days.max(1))),
            }
        }
    };
    again.max(first_due)
}

/// The due date after a pause that moves it by its own length (domain notes, 1.7). Never earlier than before.
///
/// A pause is as long as the working days in (day of the pause, day of the resumption] for terms in working days,
/// terms within the day and unknown terms; as the days of the calendar in it for terms in days and months, and an
/// end on a day off moves to the next working day; as the office hours in it for terms in hours. Days move the due
/// date at its time of day. A pause without such a day or hour changes nothing.
pub fn extend(
    due: Moment,
    paused_at: Moment,
    resumed_at: Moment,
    term: Option<&Term>,
    calendar: &WorkingCalendar,
) -> Moment {
    let mut count = Count { calendar, skipped: Vec::new() };
    let (paused, resumed) = (paused_at.day(), resumed_at.day());
    match term {
        Some(Term::Hours(_)) => match open_micros(calendar, paused_at, resumed_at) {
            0 => due,
            length => count.advance(due, length),
        },
        Some(Term::Days(_) | Term::Months(_)) => match paused.days_until(resumed) {
            0 => due,
            days => moved(due, count.working_day_from(due.day().plus_days(days))),
        },
        Some(Term::WorkingDays(_) | Term::SameDay { .. }) | None => {
            match working_days_in(calendar, paused, resumed) {
                0 => due,
                days => moved(due, count.working_days_after(due.day(), days)),
            }
        }
    }
}

/// The moment of another day at the same time of day.
fn moved(moment: Moment, day: Day) -> Moment {
    let time = moment.micros() - Moment::start_of(moment.day()).micros();
    Moment::from_micros(Moment::start_of(day).micros() + time)
}

/// Working days after `first` up to `last`.
fn working_days_in(calendar: &WorkingCalendar, first: Day, last: Day) -> u32 {
    let mut day = first;
    let mut days = 0;
    while day < last {
        day = day.next();
        days += u32::from(calendar.is_working(day));
    }
    days
}

/// The end of a day's office hours; none on a day off.
fn closing(calendar: &WorkingCalendar, day: Day) -> Option<Moment> {
    calendar.open_hours(day).last().map(|span| span.to.on(day))
}

/// The office hours of a day as moments.
fn stretches(spans: &[OfficeSpan], day: Day) -> impl Iterator<Item = (Moment, Moment)> {
    spans.iter().map(move |span| (span.from.on(day), span.to.on(day)))
}

/// Office hours between two moments, in microseconds.
fn open_micros(calendar: &WorkingCalendar, from: Moment, to: Moment) -> i64 {
    let mut length = 0;
    let mut day = from.day();
    while day <= to.day() {
        for (begin, end) in stretches(calendar.open_hours(day), day) {
            length += (end.min(to).micros() - begin.max(from).micros()).max(0);
        }
        if day.next() == day {
            break;
        }
        day = day.next();
    }
    length
}

/// A count on a calendar that notes what it leaves out.
struct Count<'a> {
    calendar: &'a WorkingCalendar,
    skipped: Vec<SkippedDay>,
}

impl Count<'_> {
    /// The day itself when it counts, else the next that does.
    fn working_day_from(&mut self, day: Day) -> Day {
        let mut day = day;
        while let Some(skipped) = self.calendar.skipped(day) {
            self.skipped.push(skipped);
            if day.next() == day {
                break;
            }
            day = day.next();
        }
        day
    }

    /// The day this many working days later; the first day is not counted.
    fn working_days_after(&mut self, first: Day, days: u32) -> Day {
        (0..days).fold(first, |day, _| self.working_day_from(day.next()))
    }

    /// The end of office hours of the day, or of the next working day where it is a day off.
    fn end_of(&mut self, day: Day) -> Moment {
        let day = self.working_day_from(day);
        closing(self.calendar, day).unwrap_or_else(|| TimeOfDay::MIDNIGHT.on(day.next()))
    }

    /// The moment when this much office time has passed.
    fn advance(&mut self, from: Moment, micros: i64) -> Moment {
        let mut left = micros;
        let mut day = from.day();
        loop {
            let spans = self.calendar.open_hours(day);
            for (begin, end) in stretches(spans, day) {
                let begin = begin.max(from);
                let length = (end.micros() - begin.micros()).max(0);
                if left <= length {
                    return Moment::from_micros(begin.micros() + left);
                }
                left -= length;
            }
            if spans.is_empty() {
                self.skipped.extend(self.calendar.skipped(day));
            }
            if day.next() == day {
                return from;
            }
            day = day.next();
        }
    }
}

#[cfg(test)]
#[path = "deadlines_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "deadlines_props.rs"]
mod props;
