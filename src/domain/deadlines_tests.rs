//! Deadlines worked out by hand on the real calendar of 2016 to 2027, each with the source of its expectation.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::{
    calendars::{Calendar, CalendarDay, DayKind, DayOff},
    hours::DEFAULT_HOURS,
    terms::DEFAULT_CUT_OFF,
};

pub fn at(text: &str) -> Moment {
    format!("{text}+07:00").parse().unwrap()
}

pub fn span(from: &str, to: &str) -> OfficeSpan {
    OfficeSpan { from: from.parse().unwrap(), to: to.parse().unwrap() }
}

pub fn listed(day: &str, kind: DayKind, hours: Option<Vec<OfficeSpan>>) -> CalendarDay {
    CalendarDay { day: day.parse().unwrap(), kind, name: None, hours, forecast: false }
}

pub fn calendar(days: Vec<CalendarDay>) -> WorkingCalendar {
    let (id, name) = ("x".to_owned(), "X".to_owned());
    Calendar { id, unit_id: None, name, version: 1, hours: DEFAULT_HOURS.to_vec(), days }.working()
}

/// The calendar of the sample.
fn national() -> WorkingCalendar {
    let text = include_str!("../sample/data/calendar.csv");
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize::<(Day, DayKind, String, bool)>();
    calendar(
        rows.map(Result::unwrap)
            .map(|(day, kind, name, forecast)| CalendarDay {
                day,
                kind,
                name: Some(name),
                hours: None,
                forecast,
            })
            .collect(),
    )
}

/// Saturdays of July 2025 on duty in the morning.
fn with_duty() -> WorkingCalendar {
    let morning = || Some(vec![span("07:00", "11:30")]);
    let duty = |day| listed(day, DayKind::SaturdayDuty, morning());
    calendar(vec![duty("2025-07-05"), duty("2025-07-12"), listed("2025-07-19", DayKind::Working, morning())])
}

const TODAY: Term = Term::SameDay { cut_off: DEFAULT_CUT_OFF };

/// Why, acceptance, term, due date.
type Case = (&'static str, &'static str, Term, &'static str);

#[track_caller]
fn assert_due(calendar: &WorkingCalendar, cases: &[Case]) {
    for (why, accepted, term, want) in cases {
        assert_eq!(
            due(at(accepted), term, calendar).due_at.to_string(),
            at(want).to_string(),
            "{why}: {accepted}"
        );
    }
}

#[test]
fn terms_in_days_and_months() {
    use Term::{Days, Months, WorkingDays};
    assert_due(
        &national(),
        &[
            (
                "Art. 147.2: the first day is not counted",
                "2020-03-02T08:00:00",
                WorkingDays(1),
                "2020-03-03T17:00:00",
            ),
            (
                "working days pass over a weekend",
                "2020-03-06T10:00:00",
                WorkingDays(1),
                "2020-03-09T17:00:00",
            ),
            (
                "the last minute of the day is still that day",
                "2020-03-06T23:59:59",
                WorkingDays(1),
                "2020-03-09T17:00:00",
            ),
            (
                "the day is the Vietnamese one, Saturday",
                "2020-03-07T00:00:00",
                WorkingDays(1),
                "2020-03-09T17:00:00",
            ),
            (
                "Tết 2020, off from 23 to 29 January",
                "2020-01-20T09:00:00",
                WorkingDays(5),
                "2020-02-03T17:00:00",
            ),
            (
                "Tết 2026, off from 14 to 22 February [S15]",
                "2026-02-13T09:00:00",
                WorkingDays(1),
                "2026-02-23T17:00:00",
            ),
            (
                "29 April 2019 swapped, 30 April, 1 May",
                "2019-04-26T09:00:00",
                WorkingDays(2),
                "2019-05-03T17:00:00",
            ),
            (
                "the make-up Saturday 4 May 2019 counts",
                "2019-04-26T09:00:00",
                WorkingDays(3),
                "2019-05-04T17:00:00",
            ),
            ("and Monday comes after it", "2019-04-26T09:00:00", WorkingDays(4), "2019-05-06T17:00:00"),
            ("days run over days off", "2020-03-02T08:00:00", Days(30), "2020-04-01T17:00:00"),
            ("Art. 148.5: an end on a Saturday", "2020-03-02T08:00:00", Days(5), "2020-03-09T17:00:00"),
            (
                "Art. 148.5: an end on a holiday, 2 April",
                "2020-03-02T08:00:00",
                Days(31),
                "2020-04-03T17:00:00",
            ),
            ("Art. 148.5: an end within Tết", "2020-01-20T09:00:00", Days(7), "2020-01-30T17:00:00"),
            ("an end on a make-up Saturday stays", "2019-04-26T09:00:00", Days(8), "2019-05-04T17:00:00"),
            ("the same day of the next month", "2020-05-29T08:00:00", Months(1), "2020-06-29T17:00:00"),
            (
                "Art. 148.3: no 31 February; the 29th is a Saturday",
                "2020-01-31T08:00:00",
                Months(1),
                "2020-03-02T17:00:00",
            ),
            (
                "Art. 148.3: no 31 April; the 30th is a holiday, as 1 May",
                "2020-03-31T08:00:00",
                Months(1),
                "2020-05-04T17:00:00",
            ),
            ("Art. 148.3: no 31 June, a Tuesday", "2020-03-31T08:00:00", Months(3), "2020-06-30T17:00:00"),
            ("over the turn of the year", "2019-12-16T08:00:00", Months(2), "2020-02-17T17:00:00"),
        ],
    );
}

#[test]
fn terms_within_the_day() {
    assert_due(
        &national(),
        &[
            ("before 15:00: that day", "2020-03-02T14:59:59", TODAY, "2020-03-02T17:00:00"),
            ("from 15:00: the next working day", "2020-03-02T15:00:00", TODAY, "2020-03-03T17:00:00"),
            ("on a Friday: Monday", "2020-03-06T15:00:00", TODAY, "2020-03-09T17:00:00"),
            ("before Tết: after it", "2020-01-22T15:30:00", TODAY, "2020-01-30T17:00:00"),
            ("before the office opens: that day", "2020-03-02T05:00:00", TODAY, "2020-03-02T17:00:00"),
            ("on a day off: the next working day", "2020-03-08T09:00:00", TODAY, "2020-03-09T17:00:00"),
        ],
    );
    let noon = Term::SameDay { cut_off: "11:00".parse().unwrap() };
    assert_due(&national(), &[("a cut-off of its own", "2020-03-02T11:00:00", noon, "2020-03-03T17:00:00")]);
}

#[test]
fn terms_in_hours() {
    use Term::Hours;
    assert_due(
        &national(),
        &[
            ("Art. 147.1: from the moment on", "2020-03-02T07:00:00", Hours(2), "2020-03-02T09:00:00"),
            ("over lunch", "2020-03-02T09:00:00", Hours(4), "2020-03-02T15:00:00"),
            ("8 h are a day [S5]", "2020-03-02T07:00:00", Hours(8), "2020-03-02T17:00:00"),
            ("over a weekend", "2020-03-06T15:00:00", Hours(8), "2020-03-09T15:00:00"),
            ("over Tết", "2020-01-22T16:00:00", Hours(3), "2020-01-30T09:00:00"),
            ("accepted at lunch: from 13:30", "2020-03-02T12:00:00", Hours(1), "2020-03-02T14:30:00"),
            (
                "accepted at closing time: the next morning",
                "2020-03-02T17:00:00",
                Hours(1),
                "2020-03-03T08:00:00",
            ),
            ("accepted on a Saturday: from Monday", "2020-03-07T10:00:00", Hours(1), "2020-03-09T08:00:00"),
            ("to the microsecond", "2020-03-02T09:00:00.000001", Hours(4), "2020-03-02T15:00:00.000001"),
        ],
    );
}

#[test]
fn saturdays_on_duty_count_for_hours_and_within_the_day_alone() {
    use Term::{Days, Hours, WorkingDays};
    assert_due(
        &with_duty(),
        &[
            ("no working day", "2025-07-04T09:00:00", WorkingDays(1), "2025-07-07T17:00:00"),
            ("Art. 148.5: a day off for days", "2025-07-02T09:00:00", Days(3), "2025-07-07T17:00:00"),
            ("hours run in duty hours", "2025-07-04T16:00:00", Hours(3), "2025-07-05T09:00:00"),
            ("hours pass from duty to Monday", "2025-07-05T10:30:00", Hours(2), "2025-07-07T08:00:00"),
            ("received on duty: due on duty", "2025-07-05T09:00:00", TODAY, "2025-07-05T11:30:00"),
            ("after duty hours: Monday", "2025-07-05T11:30:00", TODAY, "2025-07-07T17:00:00"),
            ("Friday after the cut-off: Monday", "2025-07-04T15:30:00", TODAY, "2025-07-07T17:00:00"),
            (
                "a Saturday that is `working` counts, to its own closing time",
                "2025-07-18T09:00:00",
                WorkingDays(1),
                "2025-07-19T11:30:00",
            ),
        ],
    );
}

#[test]
fn what_did_not_count_is_told_with_its_reason() {
    let told = |calendar: &WorkingCalendar, accepted: &str, term: Term| -> Vec<String> {
        let skipped = due(at(accepted), &term, calendar).skipped;
        skipped.iter().map(|s| format!("{} {}", s.day, s.why)).collect()
    };
    assert_eq!(
        told(&national(), "2019-04-26T09:00:00", Term::WorkingDays(4)),
        [
            "2019-04-27 weekend",
            "2019-04-28 weekend",
            "2019-04-29 swapped",
            "2019-04-30 holiday",
            "2019-05-01 holiday",
            "2019-05-05 weekend"
        ]
    );
    // Days run over days off: only those at the end are passed over.
    assert_eq!(
        told(&national(), "2020-03-02T08:00:00", Term::Days(5)),
        ["2020-03-07 weekend", "2020-03-08 weekend"]
    );
    assert_eq!(told(&national(), "2020-03-02T08:00:00", Term::Days(30)), [""; 0]);
    assert_eq!(
        told(&with_duty(), "2025-07-04T09:00:00", Term::WorkingDays(1)),
        ["2025-07-05 saturday_duty", "2025-07-06 weekend"]
    );
    assert_eq!(told(&with_duty(), "2025-07-04T16:00:00", Term::Hours(6)), ["2025-07-06 weekend"]);
    let culture = due(at("2026-11-23T09:00:00"), &Term::WorkingDays(1), &national());
    assert_eq!(culture.due_at, at("2026-11-25T17:00:00"));
    let day = &culture.skipped[0];
    assert_eq!(
        (day.why, day.name.as_deref(), day.forecast),
        (DayOff::Holiday, Some("Ngày Văn hóa Việt Nam"), true)
    );
}

#[test]
fn without_a_calendar_the_week_is_monday_to_friday() {
    let none = WorkingCalendar::default();
    assert_due(
        &none,
        &[
            ("no holidays", "2020-09-01T09:00:00", Term::WorkingDays(1), "2020-09-02T17:00:00"),
            ("weekends", "2020-09-04T09:00:00", Term::WorkingDays(1), "2020-09-07T17:00:00"),
        ],
    );
}

#[test]
fn a_restart_begins_the_whole_term_again() {
    let national = national();
    let restarted = |resumed, term: Option<Term>, accepted, first_due| {
        restart(at(resumed), term.as_ref(), at(accepted), at(first_due), &national).to_string()
    };
    let five = Some(Term::WorkingDays(5));
    for (why, got, want) in [
        (
            "domain 1.7 (b): five working days from the resumption",
            restarted("2020-03-12T10:00:00", five, "2020-03-02T08:00:00", "2020-03-09T17:00:00"),
            "2020-03-19T17:00:00",
        ),
        (
            "hours from the moment of resumption",
            restarted(
                "2020-03-03T09:00:00",
                Some(Term::Hours(4)),
                "2020-03-02T09:00:00",
                "2020-03-02T15:00:00",
            ),
            "2020-03-03T15:00:00",
        ),
        (
            "unknown term: six working days from 2 to 10 March, at its time",
            restarted("2020-03-12T10:00:00", None, "2020-03-02T08:00:00", "2020-03-10T16:00:00"),
            "2020-03-20T16:00:00",
        ),
        (
            "unknown term within the day: the day of resumption",
            restarted("2020-03-04T10:00:00", None, "2020-03-02T08:00:00", "2020-03-02T17:00:00"),
            "2020-03-04T17:00:00",
        ),
        (
            "resumed after that time: the next working day",
            restarted("2020-03-06T18:00:00", None, "2020-03-02T08:00:00", "2020-03-02T17:00:00"),
            "2020-03-09T17:00:00",
        ),
        (
            "resumed on a day off: the next working day",
            restarted("2020-03-07T08:00:00", None, "2020-03-02T08:00:00", "2020-03-02T17:00:00"),
            "2020-03-09T17:00:00",
        ),
        (
            "never earlier than the first due date",
            restarted("2020-03-03T08:00:00", five, "2020-03-02T08:00:00", "2020-04-01T17:00:00"),
            "2020-04-01T17:00:00",
        ),
    ] {
        assert_eq!(got, at(want).to_string(), "{why}");
    }
}

#[test]
fn an_extension_is_as_long_as_the_pause() {
    let national = national();
    let extended = |due, paused, resumed, term: Option<Term>| {
        extend(at(due), at(paused), at(resumed), term.as_ref(), &national).to_string()
    };
    let (working, days, hours) = (Some(Term::WorkingDays(6)), Some(Term::Days(7)), Some(Term::Hours(4)));
    let march = |term| extended("2020-03-10T17:00:00", "2020-03-04T09:00:00", "2020-03-09T10:00:00", term);
    for (why, got, want) in [
        ("domain 1.7 (a): the working days 5, 6 and 9 March", march(working), "2020-03-13T17:00:00"),
        ("unknown terms as working days", march(None), "2020-03-13T17:00:00"),
        ("terms within the day too", march(Some(TODAY)), "2020-03-13T17:00:00"),
        ("five days of the calendar, to a Sunday: Monday", march(days), "2020-03-16T17:00:00"),
        ("months as days", march(Some(Term::Months(1))), "2020-03-16T17:00:00"),
        (
            "over Tết: 22, 30 and 31 January",
            extended("2020-01-22T17:00:00", "2020-01-21T09:00:00", "2020-01-31T09:00:00", working),
            "2020-02-03T17:00:00",
        ),
        (
            "the time of day is kept",
            extended("2020-03-10T10:20:30", "2020-03-04T09:00:00", "2020-03-05T10:00:00", None),
            "2020-03-11T10:20:30",
        ),
        (
            "two and a half office hours",
            extended("2020-03-02T15:00:00", "2020-03-02T10:00:00", "2020-03-02T14:30:00", hours),
            "2020-03-03T07:30:00",
        ),
        (
            "a pause outside of office hours is none for hours",
            extended("2020-03-06T15:00:00", "2020-03-06T17:00:00", "2020-03-09T07:00:00", hours),
            "2020-03-06T15:00:00",
        ),
        (
            "a pause within a day is none for days",
            extended("2020-03-10T17:00:00", "2020-03-04T08:00:00", "2020-03-04T16:00:00", days),
            "2020-03-10T17:00:00",
        ),
        (
            "a weekend is none for working days",
            extended("2020-03-10T17:00:00", "2020-03-06T16:00:00", "2020-03-08T16:00:00", working),
            "2020-03-10T17:00:00",
        ),
        (
            "resumed before it was paused",
            extended("2020-03-10T17:00:00", "2020-03-06T16:00:00", "2020-03-02T16:00:00", working),
            "2020-03-10T17:00:00",
        ),
    ] {
        assert_eq!(got, at(want).to_string(), "{why}");
    }
}

#[test]
fn the_end_of_time_ends_a_count() {
    let late = at("2999-12-31T09:00:00");
    for term in [Term::Hours(20_000), Term::Days(3_660), Term::WorkingDays(2_600), Term::Months(120), TODAY] {
        assert!(due(late, &term, &WorkingCalendar::default()).due_at > late);
    }
    let end = Moment::start_of(Day::from_date(chrono::NaiveDate::MAX));
    for term in [Term::Hours(1), Term::Days(1), Term::WorkingDays(1), Term::Months(1), TODAY] {
        assert!(due(end, &term, &WorkingCalendar::default()).due_at >= end);
    }
}
