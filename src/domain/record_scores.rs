//! Scores that are computed from dossier records: a named rate of a unit and a period, full marks from a
//! threshold, linear below it.
//!
//! The rule is that of the index of Decision 766/QĐ-TTg: a rate of R percent gives R × maximum ÷ threshold points,
//! and never more than the maximum. What a rate of nothing gives is stated by each criterion.

use serde::{Deserialize, Serialize};

use super::{
    decimal::Exact,
    periods::{NamedPeriod, PeriodCalendar, Span},
    time::{Day, Moment},
    words::words,
};

words! {
    /// A rate of dossier statistics.
    pub enum RecordMeasure {
        /// Early and on time, of all that was resolved.
        OnTimeOfResolved = "on_time_of_resolved",
        /// Early and on time, of what was resolved with a due date.
        OnTimeOfClassified = "on_time_of_classified",
        /// Submitted online, of all that was received.
        OnlineOfReceived = "online_of_received",
        /// Resolved early or on time or still within term, of all that was there to handle: received, carried
        /// over and taken over, without what was handed on (the timeliness of Decision 766/QĐ-TTg).
        InTimeOfHandled = "in_time_of_handled",
        /// Result returned by post, of all that was resolved.
        ReturnedByPostOfResolved = "returned_by_post_of_resolved",
    }
}

words! {
    /// Which part of the edition's year a rate is of.
    pub enum RecordPeriod {
        /// The whole year.
        Year = "year",
        /// The first half-year.
        FirstHalf = "H1",
        /// The second half-year.
        SecondHalf = "H2",
        /// The first quarter.
        FirstQuarter = "Q1",
        /// The second quarter.
        SecondQuarter = "Q2",
        /// The third quarter.
        ThirdQuarter = "Q3",
        /// The fourth quarter.
        FourthQuarter = "Q4",
    }
}

words! {
    /// What a rate of nothing gives.
    pub enum ZeroDenominator {
        /// No points.
        Zero = "zero",
        /// Every point.
        Full = "full",
        /// The criterion does not apply: it leaves the maximum.
        NotApplicable = "not_applicable",
    }
}

/// How a criterion is computed from dossier records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromRecords {
    /// The rate.
    pub measure: RecordMeasure,
    /// Part of the edition's year.
    pub period: RecordPeriod,
    /// Civil or statutory days.
    pub calendar: PeriodCalendar,
    /// Percent from which the criterion has its maximum: above 0, at most 100.
    pub full_marks_from: Exact,
    /// What a denominator of zero gives.
    pub zero_denominator: ZeroDenominator,
}

impl FromRecords {
    /// The days of the rate in a data year.
    pub fn span(&self, year: i32) -> Option<Span> {
        let period: NamedPeriod = match self.period {
            RecordPeriod::Year => NamedPeriod::of_year(year),
            part => format!("{year:04}-{part}").parse().ok()?,
        };
        period.span(self.calendar)
    }

    /// The points that `numerator` of `denominator` gives of a maximum; none where the criterion does not apply.
    ///
    /// The quotient has 20 decimals, fewer where a score could not be kept with so many digits.
    pub fn points(&self, numerator: i64, denominator: i64, maximum: &Exact) -> Option<Exact> {
        if denominator == 0 {
            return match self.zero_denominator {
                ZeroDenominator::Zero => Some(Exact::zero()),
                ZeroDenominator::Full => Some(maximum.clone()),
                ZeroDenominator::NotApplicable => None,
            };
        }
        let part = &(&Exact::from(100) * &Exact::from(numerator)) * maximum;
        let points = part.quotient(&(&Exact::from(denominator) * &self.full_marks_from))?;
        Some(kept(&points).min(maximum.clone()))
    }
}

/// A quotient with as many decimals as a score may have.
fn kept(value: &Exact) -> Exact {
    let fits = |decimals: u8| Some(value.round(decimals)).filter(|v| Exact::parse(&v.to_string()).is_ok());
    (0..=20).rev().find_map(fits).unwrap_or_else(|| value.clone())
}

/// What a score was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computation {
    /// The rate.
    pub measure: RecordMeasure,
    /// First day of the period.
    pub from: Day,
    /// Last day of the period.
    pub to: Day,
    /// Civil or statutory days.
    pub calendar: PeriodCalendar,
    /// The part.
    pub numerator: i64,
    /// The whole.
    pub denominator: i64,
    /// Percent from which the criterion has its maximum.
    pub full_marks_from: Exact,
    /// The day whose end open dossiers were judged at.
    pub judged_at: Day,
    /// The moment of the computation.
    pub computed_at: Moment,
}

impl Computation {
    /// Whether both were computed from the same, whenever that was.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let dated = Self { computed_at: self.computed_at, ..other.clone() };
        *self == dated
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(threshold: &str, zero: ZeroDenominator) -> FromRecords {
        FromRecords {
            measure: RecordMeasure::OnlineOfReceived,
            period: RecordPeriod::Year,
            calendar: PeriodCalendar::Civil,
            full_marks_from: Exact::parse(threshold).unwrap(),
            zero_denominator: zero,
        }
    }

    fn points(threshold: &str, numerator: i64, denominator: i64, maximum: &str) -> String {
        let rule = rule(threshold, ZeroDenominator::Zero);
        rule.points(numerator, denominator, &Exact::parse(maximum).unwrap()).unwrap().to_string()
    }

    #[test]
    fn full_marks_from_the_threshold_and_linear_below() {
        assert_eq!(points("50", 50, 100, "6"), "6");
        assert_eq!(points("50", 100, 100, "6"), "6");
        assert_eq!(points("50", 25, 100, "6"), "3");
        assert_eq!(points("50", 49, 100, "6"), "5.88");
        assert_eq!(points("50", 0, 100, "6"), "0");
        assert_eq!(points("80", 1, 3, "20"), "8.33333333333333333333");
        assert_eq!(points("100", 2, 3, "20"), "13.33333333333333333333");
    }

    #[test]
    fn a_rate_of_nothing_gives_what_is_stated() {
        let of = |zero| rule("50", zero).points(0, 0, &Exact::from(6));
        assert_eq!(of(ZeroDenominator::Zero), Some(Exact::zero()));
        assert_eq!(of(ZeroDenominator::Full), Some(Exact::from(6)));
        assert_eq!(of(ZeroDenominator::NotApplicable), None);
    }

    #[test]
    fn a_period_is_of_the_editions_year() {
        let mut rule = rule("50", ZeroDenominator::Zero);
        let days = |rule: &FromRecords| {
            let span = rule.span(2026).unwrap();
            format!("{}..{}", span.from, span.to)
        };
        assert_eq!(days(&rule), "2026-01-01..2026-12-31");
        rule.period = RecordPeriod::SecondQuarter;
        rule.calendar = PeriodCalendar::Statutory;
        assert_eq!(days(&rule), "2026-03-15..2026-06-14");
    }

    proptest! {
        #[test]
        fn points_can_be_kept_and_never_exceed_the_maximum(
            denominator in 1i64..1_000_000_000, share in 0.0f64..=1.0, maximum in 1i64..i64::MAX, threshold in 1i64..=100,
        ) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            let numerator = ((denominator as f64) * share) as i64;
            let maximum = Exact::from(maximum);
            let rule = rule(&threshold.to_string(), ZeroDenominator::Zero);
            let points = rule.points(numerator, denominator, &maximum).unwrap();
            prop_assert!(!points.is_negative() && points <= maximum);
            prop_assert!(Exact::parse(&points.to_string()).is_ok(), "{}", points);
        }
    }
}
