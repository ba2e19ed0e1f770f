//! Moments and days. Business days are Vietnamese days (UTC+7, no summer time), whatever the server's zone.
//!
//! Moments are kept to the microsecond, which is what both databases keep; years run from 1900 to 2999, so
//! that a mistyped year is refused where it is read.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, SecondsFormat, TimeZone, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// First and last year of a moment or a day.
pub const YEARS: std::ops::RangeInclusive<i32> = 1900..=2999;

const VIETNAM_SECONDS: i32 = 7 * 3600;

fn vietnam() -> Option<FixedOffset> {
    FixedOffset::east_opt(VIETNAM_SECONDS)
}

/// An instant, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

/// Why a text is not a moment or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATime(pub &'static str);

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Moment {
    /// From microseconds since 1970-01-01T00:00Z, as the databases keep it.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The present moment of the machine's clock. Only the edge of the service calls it.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_micros())
    }

    /// The start of a Vietnamese day.
    pub fn start_of(day: Day) -> Self {
        let midnight = day.0.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
        Self(midnight - i64::from(VIETNAM_SECONDS) * 1_000_000)
    }

    /// The Vietnamese day that the moment falls on.
    pub fn day(self) -> Day {
        let shifted = self.0.saturating_add(i64::from(VIETNAM_SECONDS) * 1_000_000);
        Day(DateTime::from_timestamp_micros(shifted).map_or(NaiveDate::MIN, |t| t.date_naive()))
    }
}

/// The longest text of a moment.
type Written = [u8; 32];

/// Writes a number into digits, the last digit last.
fn put(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

impl Moment {
    /// Its text, written without the machinery of formats: a page of a list has hundreds of moments.
    fn write_to(self, text: &mut Written) -> Option<&str> {
        let shifted = self.0.checked_add(i64::from(VIETNAM_SECONDS) * 1_000_000)?;
        let time = DateTime::from_timestamp_micros(shifted)?.naive_utc();
        let year = u32::try_from(time.year()).ok().filter(|year| *year <= 9999)?;
        *text = *b"0000-00-00T00:00:00+07:00       ";
        put(text.get_mut(0..4)?, year);
        put(text.get_mut(5..7)?, time.month());
        put(text.get_mut(8..10)?, time.day());
        put(text.get_mut(11..13)?, time.hour());
        put(text.get_mut(14..16)?, time.minute());
        put(text.get_mut(17..19)?, time.second());
        let micros = u32::try_from(shifted.rem_euclid(1_000_000)).ok()?;
        let (places, fraction) = match micros {
            0 => (0, 0),
            _ if micros % 1000 == 0 => (3, micros / 1000),
            _ => (6, micros),
        };
        let mut end = 19;
        if places > 0 {
            put(text.get_mut(20..20 + places)?, fraction);
            *text.get_mut(19)? = b'.';
            end = 20 + places;
        }
        text.get_mut(end..end + 6)?.copy_from_slice(b"+07:00");
        std::str::from_utf8(text.get(..end + 6)?).ok()
    }
}

impl FromStr for Moment {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| {
            NotATime("a moment is written as in RFC 3339, with its offset: 2020-03-06T08:00:00+07:00")
        })?;
        let moment = Self(parsed.timestamp_micros());
        if YEARS.contains(&moment.day().0.year()) {
            Ok(moment)
        } else {
            Err(NotATime("the year must lie between 1900 and 2999"))
        }
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 in Vietnamese time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.write_to(&mut Written::default()) {
            return f.write_str(text);
        }
        match vietnam().and_then(|zone| zone.timestamp_micros(self.0).single()) {
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, false)),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Day {
    /// A day of the calendar, or none when there is no such day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// The same day for a date column.
    pub const fn date(self) -> NaiveDate {
        self.0
    }

    /// From a date column.
    pub const fn from_date(date: NaiveDate) -> Self {
        Self(date)
    }

    /// The calendar year.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// The day of the month, 1 to 31.
    pub fn day_of_month(self) -> u32 {
        self.0.day()
    }

    /// The first day of its month.
    pub fn first_of_month(self) -> Self {
        self.0.with_day(1).map_or(self, Self)
    }

    /// The first day of its year.
    pub fn first_of_year(self) -> Self {
        self.0.with_ordinal(1).map_or(self, Self)
    }

    /// The first day of the year after.
    pub fn next_year(self) -> Self {
        Self::new(self.0.year() + 1, 1, 1).unwrap_or(self)
    }

    /// Monday to Friday.
    pub fn is_weekday(self) -> bool {
        self.0.weekday().number_from_monday() <= 5
    }

    /// A Saturday.
    pub fn is_saturday(self) -> bool {
        self.0.weekday() == chrono::Weekday::Sat
    }

    /// The day this many days later; the last day there is where there is none.
    pub fn plus_days(self, days: u32) -> Self {
        self.0.checked_add_days(chrono::Days::new(days.into())).map_or(Self(NaiveDate::MAX), Self)
    }

    /// The same day of the month this many months later, or the last day of that month where it has no such day.
    pub fn plus_months(self, months: u32) -> Self {
        self.0.checked_add_months(chrono::Months::new(months)).map_or(Self(NaiveDate::MAX), Self)
    }

    /// Days from this day to another; 0 when that is earlier.
    pub fn days_until(self, later: Self) -> u32 {
        u32::try_from((later.0 - self.0).num_days()).unwrap_or(0)
    }

    /// The next day.
    pub fn next(self) -> Self {
        self.0.succ_opt().map_or(self, Self)
    }

    /// The day before.
    pub fn previous(self) -> Self {
        self.0.pred_opt().map_or(self, Self)
    }
}

impl FromStr for Day {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        const FORM: NotATime = NotATime("a day is written YYYY-MM-DD: 2020-03-06");
        if text.len() != 10 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return Err(FORM);
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| FORM)?;
        if YEARS.contains(&date.year()) {
            Ok(Self(date))
        } else {
            Err(NotATime("the year must lie between 1900 and 2999"))
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.write_to(&mut Written::default()) {
            Some(text) => s.serialize_str(text),
            None => s.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_the_vietnamese_one() {
        let day = |text: &str| text.parse::<Moment>().unwrap().day().to_string();
        assert_eq!(day("2020-03-05T16:59:59Z"), "2020-03-05");
        assert_eq!(day("2020-03-05T17:00:00Z"), "2020-03-06");
        assert_eq!(day("2020-12-31T23:30:00+07:00"), "2020-12-31");
        assert_eq!(day("2020-12-31T18:00:00-05:00"), "2021-01-01");
    }

    #[test]
    fn a_moment_is_written_in_vietnamese_time_to_the_microsecond() {
        let text = |text: &str| text.parse::<Moment>().unwrap().to_string();
        assert_eq!(text("2020-03-05T17:00:01Z"), "2020-03-06T00:00:01+07:00");
        assert_eq!(text("2020-03-05T17:00:01.123456789Z"), "2020-03-06T00:00:01.123456+07:00");
    }

    #[test]
    fn moments_are_written_as_chrono_writes_them() {
        let mut micros = i64::MIN / 30;
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            micros = micros.saturating_add(i64::try_from(state >> 11).unwrap() / 15);
            for micros in [micros, micros / 1000 * 1000, micros / 1_000_000 * 1_000_000] {
                let time = vietnam().unwrap().timestamp_micros(micros).single();
                let want = time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, false));
                assert_eq!(Some(Moment(micros).to_string()), want, "{micros}");
            }
            if micros > i64::MAX / 40 {
                micros = i64::MIN / 30;
            }
        }
    }

    #[test]
    fn impossible_days_and_years_are_refused() {
        for text in
            ["2020-13-01", "2021-02-29", "20-1-1", "0000-01-01", "9999-01-01", "2020-3-06", "+020-03-06"]
        {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
        for text in ["2020-03-06T08:00:00", "2020-03-06", "2020-03-06T25:00:00Z", "1800-01-01T00:00:00Z"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_starts_at_midnight_in_vietnam() {
        let day: Day = "2020-03-06".parse().unwrap();
        assert_eq!(Moment::start_of(day).to_string(), "2020-03-06T00:00:00+07:00");
        assert_eq!(Moment::start_of(day).day(), day);
    }
}
