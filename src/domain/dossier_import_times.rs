//! Times as files write them, read in the one way that is declared and in no other.

use super::{
    dossier_imports::DateForm,
    time::{Day, Moment, YEARS},
};

/// A time of a day that names no time: the start of the day for what begins, its end for what ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// 00:00:00.
    Start,
    /// 23:59:59.
    End,
}

/// Reads a time; none when it is not written in the form. `zone` is the offset in seconds of times that say none,
/// and whether somebody declared it: RFC 3339 may leave an offset out only then.
pub fn read(text: &str, form: DateForm, zone: (i64, bool), edge: Edge) -> Option<Moment> {
    match form {
        DateForm::Iso => iso(text, zone, edge),
        DateForm::DayMonthYear => day_month_year(text, zone.0, edge),
        DateForm::Digits => digits(text, zone.0, edge),
    }
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let fits = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// A local time as a moment; years as everywhere from 1900 to 2999.
fn local(day: Day, seconds: i64, zone: i64) -> Option<Moment> {
    if !YEARS.contains(&day.year()) {
        return None;
    }
    let midnight = day.date().and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
    Some(Moment::from_micros((midnight + seconds - zone) * 1_000_000))
}

fn edge_seconds(edge: Edge) -> i64 {
    match edge {
        Edge::Start => 0,
        Edge::End => 24 * 3600 - 1,
    }
}

/// Hours, minutes and, where they are given, seconds.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hours = number(parts.next()?, 1..=2)?;
    let minutes = number(parts.next()?, 2..=2)?;
    let seconds = parts.next().map_or(Some(0), |text| number(text, 2..=2))?;
    let fits = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60;
    fits.then(|| i64::from(hours * 3600 + minutes * 60 + seconds))
}

fn iso(text: &str, (zone, declared): (i64, bool), edge: Edge) -> Option<Moment> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    if !declared {
        return None;
    }
    let day: Day = text.get(..10)?.parse().ok()?;
    match text.get(10..)? {
        "" => local(day, edge_seconds(edge), zone),
        rest => local(day, clock(rest.strip_prefix(['T', ' '])?)?, zone),
    }
}

fn day_month_year(text: &str, zone: i64, edge: Edge) -> Option<Moment> {
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, Some(time.trim())),
        None => (text, None),
    };
    let mut parts = date.split('/');
    let (day, month) = (number(parts.next()?, 1..=2)?, number(parts.next()?, 1..=2)?);
    let year = number(parts.next()?, 4..=4)?;
    if parts.next().is_some() {
        return None;
    }
    let day = Day::new(i32::try_from(year).ok()?, month, day)?;
    local(day, time.map_or(Some(edge_seconds(edge)), clock)?, zone)
}

fn digits(text: &str, zone: i64, edge: Edge) -> Option<Moment> {
    let part = |from: usize, to: usize| number(text.get(from..to)?, 1..=4);
    let year = i32::try_from(part(0, 4)?).ok()?;
    let day = Day::new(year, part(4, 6)?, part(6, 8)?)?;
    match text.len() {
        8 => local(day, edge_seconds(edge), zone),
        14 => {
            let (hours, minutes, seconds) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
            let fits = hours < 24 && minutes < 60 && seconds < 60;
            local(day, fits.then(|| i64::from(hours * 3600 + minutes * 60 + seconds))?, zone)
        }
        _ => None,
    }
}
