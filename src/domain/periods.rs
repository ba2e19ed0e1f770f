//! Reporting periods: a year, half-year, quarter or month, civil or statutory.
//!
//! A statutory period runs from the 15th of the month before to the 14th of its last month (Decree
//! 09/2019/NĐ-CP and the circulars that follow it): the statutory year 2020 is 2019-12-15 to 2020-12-14.

use std::str::FromStr;

use super::{
    time::{Day, YEARS},
    words::words,
};

words! {
    /// Which days a named period holds.
    pub enum PeriodCalendar {
        /// From the first to the last day of the calendar's months.
        Civil = "civil",
        /// From the 15th to the 14th.
        Statutory = "statutory",
    }
}

/// A period with a name: first month and number of months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedPeriod {
    year: i32,
    first_month: u32,
    months: u32,
}

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// The text names no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAPeriod;

impl NamedPeriod {
    /// The whole year.
    pub const fn of_year(year: i32) -> Self {
        Self { year, first_month: 1, months: 12 }
    }

    /// The days of the period; none where one of them lies before the first year there is, as in the statutory 1900.
    pub fn span(self, calendar: PeriodCalendar) -> Option<Span> {
        let last_month = self.first_month + self.months - 1;
        let after = |year: i32, month: u32| if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let before = |year: i32, month: u32| if month == 1 { (year - 1, 12) } else { (year, month - 1) };
        match calendar {
            PeriodCalendar::Civil => {
                let (year, month) = after(self.year, last_month);
                Some(Span {
                    from: Day::new(self.year, self.first_month, 1)?,
                    to: Day::new(year, month, 1)?.previous(),
                })
            }
            PeriodCalendar::Statutory => {
                let (year, month) = before(self.year, self.first_month);
                if !YEARS.contains(&year) {
                    return None;
                }
                Some(Span { from: Day::new(year, month, 15)?, to: Day::new(self.year, last_month, 14)? })
            }
        }
    }
}

impl FromStr for NamedPeriod {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let (year, part) = match text.split_once('-') {
            Some((year, part)) => (year, Some(part)),
            None => (text, None),
        };
        if year.len() != 4 || !text.bytes().all(|b| b.is_ascii_digit() || b"-HQ".contains(&b)) {
            return Err(NotAPeriod);
        }
        let year: i32 = year.parse().map_err(|_| NotAPeriod)?;
        if !YEARS.contains(&year) {
            return Err(NotAPeriod);
        }
        let (first_month, months) = match part {
            None => (1, 12),
            Some("H1") => (1, 6),
            Some("H2") => (7, 6),
            Some("Q1") => (1, 3),
            Some("Q2") => (4, 3),
            Some("Q3") => (7, 3),
            Some("Q4") => (10, 3),
            Some(month) if month.len() == 2 => match month.parse() {
                Ok(month @ 1..=12) => (month, 1),
                _ => return Err(NotAPeriod),
            },
            Some(_) => return Err(NotAPeriod),
        };
        Ok(Self { year, first_month, months })
    }
}

/// The month that a day belongs to, as `2020-09`: by the calendar, or from the 15th to the 14th.
pub fn month_of(day: Day, calendar: PeriodCalendar) -> (i32, u32) {
    match calendar {
        PeriodCalendar::Statutory if day.day_of_month() >= 15 => {
            if day.month() == 12 {
                (day.year() + 1, 1)
            } else {
                (day.year(), day.month() + 1)
            }
        }
        _ => (day.year(), day.month()),
    }
}

/// The months that a span touches, each cut to the span, in order.
pub fn months_of(span: Span, calendar: PeriodCalendar) -> Vec<(String, Span)> {
    let mut months = Vec::new();
    let mut from = span.from;
    while from <= span.to {
        let (year, month) = month_of(from, calendar);
        let named = NamedPeriod { year, first_month: month, months: 1 };
        let Some(whole) = named.span(calendar) else { break };
        let to = whole.to.min(span.to);
        months.push((format!("{year:04}-{month:02}"), Span { from, to }));
        from = to.next();
        if to == from {
            break;
        }
    }
    months
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn days(text: &str, calendar: PeriodCalendar) -> String {
        let span = text.parse::<NamedPeriod>().unwrap().span(calendar).unwrap();
        format!("{}..{}", span.from, span.to)
    }

    #[test]
    fn civil_periods_follow_the_calendar() {
        assert_eq!(days("2020", PeriodCalendar::Civil), "2020-01-01..2020-12-31");
        assert_eq!(days("2020-H1", PeriodCalendar::Civil), "2020-01-01..2020-06-30");
        assert_eq!(days("2020-Q3", PeriodCalendar::Civil), "2020-07-01..2020-09-30");
        assert_eq!(days("2020-02", PeriodCalendar::Civil), "2020-02-01..2020-02-29");
    }

    #[test]
    fn statutory_periods_run_from_the_15th_to_the_14th() {
        assert_eq!(days("2020", PeriodCalendar::Statutory), "2019-12-15..2020-12-14");
        assert_eq!(days("2020-H1", PeriodCalendar::Statutory), "2019-12-15..2020-06-14");
        assert_eq!(days("2020-H2", PeriodCalendar::Statutory), "2020-06-15..2020-12-14");
        assert_eq!(days("2020-Q1", PeriodCalendar::Statutory), "2019-12-15..2020-03-14");
        assert_eq!(days("2020-01", PeriodCalendar::Statutory), "2019-12-15..2020-01-14");
    }

    #[test]
    fn no_period_begins_before_the_first_year() {
        let first = |text: &str| text.parse::<NamedPeriod>().unwrap().span(PeriodCalendar::Statutory);
        assert_eq!((first("1900"), first("1900-01")), (None, None));
        assert_eq!(days("1900-02", PeriodCalendar::Statutory), "1900-01-15..1900-02-14");
        assert_eq!(days("1900", PeriodCalendar::Civil), "1900-01-01..1900-12-31");
    }

    #[test]
    fn other_texts_name_no_period() {
        for text in [
            "",
            "20",
            "2020-13",
            "2020-00",
            "2020-Q5",
            "2020-H3",
            "2020-1",
            "2020-",
            "1800",
            "2020-09-01",
            "+020",
        ] {
            assert_eq!(text.parse::<NamedPeriod>(), Err(NotAPeriod), "{text}");
        }
    }

    #[test]
    fn months_of_a_span_are_cut_to_it_and_leave_no_day_out() {
        let span = Span { from: "2019-12-20".parse().unwrap(), to: "2020-02-20".parse().unwrap() };
        let names = |calendar| {
            months_of(span, calendar)
                .into_iter()
                .map(|(name, s)| format!("{name} {}..{}", s.from, s.to))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(PeriodCalendar::Civil),
            [
                "2019-12 2019-12-20..2019-12-31",
                "2020-01 2020-01-01..2020-01-31",
                "2020-02 2020-02-01..2020-02-20"
            ]
        );
        assert_eq!(
            names(PeriodCalendar::Statutory),
            [
                "2020-01 2019-12-20..2020-01-14",
                "2020-02 2020-01-15..2020-02-14",
                "2020-03 2020-02-15..2020-02-20"
            ]
        );
    }
}
