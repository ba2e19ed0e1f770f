//! How the scores of a cohort are spread: the extremes, the quartiles, the median and the mean, exact.

use super::{
    error::Result,
    ranking_reports::{self, Question, RankingReport},
};
use crate::{
    domain::{decimal::Exact, editions::Band},
    store::Store,
};

/// The spread of scores.
///
/// A quartile is read off between the two scores around it, at the place (n − 1) × p counted from 0: what
/// spreadsheets call `QUARTILE.INC` and statisticians type 7 (Hyndman and Fan 1996). A quarter has two decimals,
/// so quartiles are exact; the mean is a quotient of 20 decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    /// The lowest score.
    pub min: Exact,
    /// A quarter of the scores lie at or below.
    pub lower_quartile: Exact,
    /// Half of the scores lie at or below.
    pub median: Exact,
    /// Three quarters of the scores lie at or below.
    pub upper_quartile: Exact,
    /// The highest score.
    pub max: Exact,
    /// The sum divided by the number of scores.
    pub mean: Exact,
}

impl Spread {
    /// The spread of scores in any order; none without scores.
    pub fn of(mut scores: Vec<Exact>) -> Option<Self> {
        scores.sort();
        let count = i64::try_from(scores.len()).ok()?;
        let sum: Exact = scores.iter().sum();
        Some(Self {
            min: scores.first()?.clone(),
            lower_quartile: quartile(&scores, 1)?,
            median: quartile(&scores, 2)?,
            upper_quartile: quartile(&scores, 3)?,
            max: scores.last()?.clone(),
            mean: sum.quotient(&Exact::from(count))?,
        })
    }
}

/// The score at (n − 1) × `quarters` ÷ 4 in ascending order.
fn quartile(ascending: &[Exact], quarters: usize) -> Option<Exact> {
    let place = (ascending.len().checked_sub(1)?) * quarters;
    let below = ascending.get(place / 4)?;
    let share = Exact::from(i64::try_from(place % 4).ok()?).quotient(&Exact::from(4))?;
    match ascending.get(place / 4 + 1) {
        Some(above) => Some(below + &(&(above - below) * &share)),
        None => Some(below.clone()),
    }
}

/// How many scores a band holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandCount {
    /// The band.
    pub band: Band,
    /// Units whose exact score lies in it.
    pub count: usize,
}

/// The spread of a cohort's scores in one year.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// The ranking that it is taken from.
    pub report: RankingReport,
    /// The spread; none where no unit is ranked.
    pub spread: Option<Spread>,
    /// The edition's bands from the lowest, with what each holds.
    pub bands: Vec<BandCount>,
}

/// The spread of a cohort's scores.
///
/// # Errors
/// `NotFound` for an unknown index, edition or cohort.
pub async fn distribution(store: &Store, question: Question) -> Result<Distribution> {
    let report = ranking_reports::ranking(store, question).await?;
    let scores: Vec<Exact> = report.ranking.standings.iter().map(|s| s.total.score.clone()).collect();
    let bands = report
        .sheet
        .edition
        .bands
        .iter()
        .map(|band| BandCount {
            band: band.clone(),
            count: scores.iter().filter(|score| band.holds(score)).count(),
        })
        .collect();
    Ok(Distribution { spread: Spread::of(scores), bands, report })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    fn spread(scores: &[&str]) -> [String; 6] {
        let s = Spread::of(scores.iter().map(|text| exact(text)).collect()).unwrap();
        [s.min, s.lower_quartile, s.median, s.upper_quartile, s.max, s.mean].map(|v| v.to_string())
    }

    #[test]
    fn quartiles_are_those_of_a_spreadsheet() {
        assert_eq!(spread(&["7"]), ["7"; 6]);
        assert_eq!(spread(&["4", "1", "3", "2"]), ["1", "1.75", "2.5", "3.25", "4", "2.5"]);
        assert_eq!(spread(&["1", "2", "4", "8", "16"]), ["1", "2", "4", "8", "16", "6.2"]);
        assert_eq!(
            spread(&["-1", "0", "0.5"]),
            ["-1", "-0.5", "0", "0.25", "0.5", "-0.16666666666666666667"]
        );
        assert_eq!(Spread::of(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn the_six_are_in_order_whatever_the_order_of_the_scores(cents in prop::collection::vec(-10_000i64..10_000, 1..40)) {
            let scores: Vec<Exact> =
                cents.iter().map(|cents| Exact::from(*cents).quotient(&Exact::from(100)).unwrap()).collect();
            let there = Spread::of(scores.clone()).unwrap();
            let back = Spread::of(scores.into_iter().rev().collect()).unwrap();
            prop_assert_eq!(&there, &back);
            prop_assert!(there.min <= there.lower_quartile && there.lower_quartile <= there.median);
            prop_assert!(there.median <= there.upper_quartile && there.upper_quartile <= there.max);
            prop_assert!(there.min <= there.mean && there.mean <= there.max);
        }
    }
}
