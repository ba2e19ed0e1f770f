//! Fractions of exact decimals, for sums of shares that are divided once, at the end.

use std::{cmp::Ordering, collections::BTreeMap};

use super::decimal::Exact;

/// A fraction that is not rounded before it is divided.
#[derive(Debug, Clone)]
pub struct Ratio {
    numerator: Exact,
    /// Above zero; none for 1.
    denominator: Option<Exact>,
}

impl Ratio {
    /// The fraction; none for a denominator of zero.
    pub fn new(numerator: Exact, denominator: Exact) -> Option<Self> {
        if denominator.is_zero() {
            return None;
        }
        Some(match denominator.is_negative() {
            true => Self { numerator: -&numerator, denominator: Some(-&denominator) },
            false => Self { numerator, denominator: Some(denominator) },
        })
    }

    /// A number that is no fraction.
    pub fn whole(value: Exact) -> Self {
        Self { numerator: value, denominator: None }
    }

    /// Times a number.
    pub fn times(&self, factor: &Exact) -> Self {
        Self { numerator: &self.numerator * factor, denominator: self.denominator.clone() }
    }

    /// Divided by a number; none when it is zero.
    pub fn over(&self, divisor: &Exact) -> Option<Self> {
        let denominator = match &self.denominator {
            None => divisor.clone(),
            Some(denominator) => denominator * divisor,
        };
        Self::new(self.numerator.clone(), denominator)
    }

    /// Times another.
    pub fn product(&self, other: &Self) -> Self {
        Self {
            numerator: &self.numerator * &other.numerator,
            denominator: match (&self.denominator, &other.denominator) {
                (Some(a), Some(b)) => Some(a * b),
                (one, other) => one.clone().or_else(|| other.clone()),
            },
        }
    }

    /// Divided by another; none when that is zero.
    pub fn per(&self, other: &Self) -> Option<Self> {
        Self { numerator: scaled(&self.numerator, other), denominator: self.denominator.clone() }
            .over(&other.numerator)
    }

    /// The sum on a common denominator.
    pub fn plus(&self, other: &Self) -> Self {
        if self.denominator == other.denominator {
            let numerator = &self.numerator + &other.numerator;
            return Self { numerator, denominator: self.denominator.clone() };
        }
        Self {
            numerator: &scaled(&self.numerator, other) + &scaled(&other.numerator, self),
            denominator: match (&self.denominator, &other.denominator) {
                (Some(a), Some(b)) => Some(a * b),
                (one, other) => one.clone().or_else(|| other.clone()),
            },
        }
    }

    /// The difference on a common denominator.
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&Self { numerator: -&other.numerator, denominator: other.denominator.clone() })
    }

    /// The sum of all. Those of one denominator are added first, then pairs of pairs, so that digits grow late.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut first: Option<Self> = None;
        let mut others: BTreeMap<Option<Exact>, Exact> = BTreeMap::new();
        for part in parts {
            match &mut first {
                None => first = Some(part),
                Some(sum) if sum.denominator == part.denominator => {
                    sum.numerator = &sum.numerator + &part.numerator;
                }
                Some(_) => {
                    let sum = others.entry(part.denominator).or_insert_with(Exact::zero);
                    *sum = &*sum + &part.numerator;
                }
            }
        }
        let mut parts: Vec<Self> = first
            .into_iter()
            .chain(others.into_iter().map(|(denominator, numerator)| Self { numerator, denominator }))
            .collect();
        while parts.len() > 1 {
            parts = parts
                .chunks(2)
                .filter_map(|pair| pair.iter().cloned().reduce(|sum, part| sum.plus(&part)))
                .collect();
        }
        parts.pop().unwrap_or_else(|| Self::whole(Exact::zero()))
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.numerator.is_zero()
    }

    /// The quotient with 20 decimals, or the number itself when there is nothing to divide, since a quotient
    /// cuts decimals off.
    pub fn value(&self) -> Exact {
        match &self.denominator {
            Some(denominator) if denominator != &Exact::from(1) => {
                self.numerator.quotient(denominator).unwrap_or_else(Exact::zero)
            }
            _ => self.numerator.clone(),
        }
    }
}

/// A numerator on the denominator that it shares with `other`.
fn scaled(numerator: &Exact, other: &Ratio) -> Exact {
    match &other.denominator {
        None => numerator.clone(),
        Some(denominator) => numerator * denominator,
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.denominator == other.denominator {
            return self.numerator.cmp(&other.numerator);
        }
        scaled(&self.numerator, other).cmp(&scaled(&other.numerator, self))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ratio(numerator: i64, denominator: i64) -> Ratio {
        Ratio::new(Exact::from(numerator), Exact::from(denominator)).unwrap()
    }

    #[test]
    fn fractions_are_divided_once() {
        let parts = [ratio(1, 7), ratio(1, 3), ratio(11, 21)];
        assert_eq!(Ratio::sum(parts).value(), Exact::from(1));
        assert_eq!(Ratio::sum([]).value(), Exact::zero());
        assert_eq!(ratio(1, 3).over(&Exact::from(2)).unwrap().value().to_string(), "0.16666666666666666667");
        assert_eq!(ratio(1, 3).times(&Exact::from(6)).value(), Exact::from(2));
        assert_eq!(ratio(1, 3).product(&ratio(6, 4)).value().to_string(), "0.5");
        assert_eq!(ratio(1, 3).product(&Ratio::whole(Exact::from(6))).value(), Exact::from(2));
        assert_eq!(ratio(1, 3).per(&ratio(2, 3)).unwrap().value().to_string(), "0.5");
        assert!(ratio(1, 3).over(&Exact::zero()).is_none());
        assert!(Ratio::new(Exact::from(1), Exact::zero()).is_none());
        let digits = Exact::parse("1e-30").unwrap();
        assert_eq!(Ratio::whole(digits.clone()).value(), digits);
    }

    #[test]
    fn fractions_compare_as_numbers_do() {
        assert_eq!(ratio(1, 3), ratio(2, 6));
        assert_eq!(ratio(1, -3), ratio(-1, 3));
        assert!(ratio(1, 3) < ratio(1, 2) && ratio(-1, 2) < ratio(-1, 3));
        assert!(ratio(1, 3).minus(&ratio(2, 6)).is_zero());
    }
}
