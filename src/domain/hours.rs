//! Times of day and office hours, in Vietnamese time.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    time::{Day, Moment, NotATime},
    violation::Findings,
};

const MINUTE: i64 = 60_000_000;

/// A time of day to the minute, 00:00 to 23:59.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// 00:00, with which a day begins.
    pub const MIDNIGHT: Self = Self(0);
    /// 15:00.
    pub const THREE_PM: Self = Self(15 * 60);

    /// A time of day, or none when there is no such time.
    pub const fn new(hour: u16, minute: u16) -> Option<Self> {
        if hour < 24 && minute < 60 { Some(Self(hour * 60 + minute)) } else { None }
    }

    /// The moment at which a Vietnamese day has this time.
    pub fn on(self, day: Day) -> Moment {
        Moment::from_micros(Moment::start_of(day).micros() + i64::from(self.0) * MINUTE)
    }
}

impl FromStr for TimeOfDay {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        const FORM: NotATime = NotATime("a time of day is written HH:MM, 00:00 to 23:59: 15:00");
        let (hour, minute) = text.split_once(':').ok_or(FORM)?;
        let number = |text: &str| {
            let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            if digits { text.parse().map_err(|_| FORM) } else { Err(FORM) }
        };
        Self::new(number(hour)?, number(minute)?).ok_or(FORM)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A stretch of office hours, `from` included and `to` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeSpan {
    /// It begins.
    pub from: TimeOfDay,
    /// It ends.
    pub to: TimeOfDay,
}

/// Office hours where a calendar says nothing else: 7:00 to 11:30 and 13:30 to 17:00, 8 hours a day, as
/// provincial systems have them (domain notes, 1.8, source S5).
pub const DEFAULT_HOURS: [OfficeSpan; 2] = [
    OfficeSpan { from: TimeOfDay(7 * 60), to: TimeOfDay(11 * 60 + 30) },
    OfficeSpan { from: TimeOfDay(13 * 60 + 30), to: TimeOfDay(17 * 60) },
];

/// Most stretches of a day.
const MAX_SPANS: usize = 6;

/// Office hours: one to six stretches, each after the one before.
pub fn check_hours(findings: &mut Findings, pointer: &str, hours: &[OfficeSpan]) {
    if hours.is_empty() || hours.len() > MAX_SPANS {
        findings.add(
            pointer,
            "out_of_range",
            "Office hours are one to six stretches.",
            "Giờ làm việc gồm một đến sáu khoảng.",
        );
    }
    let mut end = None;
    for (i, span) in hours.iter().enumerate() {
        if span.to <= span.from {
            findings.add(
                format!("{pointer}/{i}/to"),
                "not_ascending",
                "A stretch ends after it begins.",
                "Giờ kết thúc phải sau giờ bắt đầu.",
            );
        }
        if end.is_some_and(|end| span.from < end) {
            findings.add(
                format!("{pointer}/{i}/from"),
                "not_ascending",
                "A stretch begins when or after the one before ends.",
                "Mỗi khoảng bắt đầu không sớm hơn lúc khoảng trước kết thúc.",
            );
        }
        end = Some(span.to);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_has_four_digits() {
        for text in ["00:00", "07:05", "15:00", "23:59"] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), text);
        }
        for text in ["", "7:00", "24:00", "15:60", "15.00", "15:00:00", "+1:00", "1500", "15:0", "１5:00"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_of_day_is_vietnamese() {
        let day = "2020-03-06".parse().unwrap();
        assert_eq!(TimeOfDay::new(17, 0).unwrap().on(day), "2020-03-06T10:00:00Z".parse().unwrap());
    }
}
