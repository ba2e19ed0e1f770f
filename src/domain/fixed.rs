//! Decimals of a machine's number: whole numbers of 128 bits with a decimal point in them.
//!
//! Nearly every score, weight and sum fits. What doesn't is none, never something near it: [`Exact`] goes on with
//! numbers of any length then.
//!
//! [`Exact`]: super::decimal::Exact

use std::{cmp::Ordering, fmt};

/// Most decimals; ten to the power of it fits.
const MOST: u32 = 38;

/// A decimal: `digits` with so many of them behind the point.
#[derive(Debug, Clone, Copy)]
pub struct Fixed {
    digits: i128,
    decimals: u32,
}

/// Ten to the power of nineteen: the most digits that a number of 64 bits holds whatever they are.
const NINETEEN: u128 = 10_000_000_000_000_000_000;

/// Ten to a power; none where it doesn't fit.
fn ten_to(power: u32) -> Option<i128> {
    const POWERS: [i128; MOST as usize + 1] = {
        let mut powers = [1; MOST as usize + 1];
        let mut at = 1;
        while at <= MOST as usize {
            powers[at] = powers[at - 1] * 10;
            at += 1;
        }
        powers
    };
    POWERS.get(power as usize).copied()
}

impl Fixed {
    /// Zero.
    pub const ZERO: Self = Self { digits: 0, decimals: 0 };

    /// Digits with so many decimals.
    pub fn new(digits: i128, decimals: u32) -> Option<Self> {
        (decimals <= MOST).then_some(Self { digits, decimals })
    }

    /// Reads a plain decimal, without an exponent, of so many digits at most.
    pub fn parse(text: &str, most_digits: usize) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() || whole.len() + fraction.len() > most_digits.min(MOST as usize) {
            return None;
        }
        let mut digits: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            digits = digits * 10 + i128::from(byte.is_ascii_digit().then(|| byte - b'0')?);
        }
        let digits = if negative { -digits } else { digits };
        Self::new(digits, u32::try_from(fraction.len()).ok()?)
    }

    /// The digits, and how many of them are behind the point.
    pub fn parts(self) -> (i128, u32) {
        (self.digits, self.decimals)
    }

    /// The digits of the same number with so many decimals, which are not fewer.
    fn with_decimals(self, decimals: u32) -> Option<i128> {
        match decimals.checked_sub(self.decimals)? {
            0 => Some(self.digits),
            more => self.digits.checked_mul(ten_to(more)?),
        }
    }

    /// The digits of both with the decimals of the one that has more.
    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let decimals = self.decimals.max(other.decimals);
        Some((self.with_decimals(decimals)?, other.with_decimals(decimals)?, decimals))
    }

    /// The same number without zeros at the end of its decimals.
    pub fn trimmed(mut self) -> Self {
        // Most numbers end in no zero, and odd ones are told at once.
        if self.digits & 1 == 1 || self.digits % 10 != 0 {
            return self;
        }
        // Long divisions are slow: many zeros go at once.
        for zeros in [16, 16, 8, 4, 2, 1] {
            if let Some(power) = ten_to(zeros)
                && self.decimals >= zeros
                && self.digits % power == 0
            {
                self.digits /= power;
                self.decimals -= zeros;
            }
        }
        self
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Option<Self> {
        let (a, b, decimals) = self.aligned(other)?;
        Self::new(a.checked_add(b)?, decimals)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Option<Self> {
        let (a, b, decimals) = self.aligned(other)?;
        Self::new(a.checked_sub(b)?, decimals)
    }

    /// The product.
    pub fn times(self, other: Self) -> Option<Self> {
        Self::new(self.digits.checked_mul(other.digits)?, self.decimals + other.decimals)
    }

    /// The number with its sign turned.
    pub fn negated(self) -> Option<Self> {
        Self::new(self.digits.checked_neg()?, self.decimals)
    }

    /// The order of the numbers.
    pub fn order(self, other: Self) -> Option<Ordering> {
        if self.decimals == other.decimals {
            return Some(self.digits.cmp(&other.digits));
        }
        let (a, b, _) = self.aligned(other)?;
        Some(a.cmp(&b))
    }

    /// The quotient with so many decimals, halves away from zero; the divisor is not zero.
    pub fn quotient(self, divisor: Self, decimals: u32) -> Option<Self> {
        let scale = self.decimals.max(divisor.decimals);
        let a = self.with_decimals(scale.checked_add(decimals)?)?;
        let b = divisor.with_decimals(scale)?;
        Self::new(divided(a, b)?, decimals)
    }

    /// Rounded to so many decimals, halves away from zero.
    pub fn round(self, decimals: u32) -> Option<Self> {
        match self.decimals.checked_sub(decimals) {
            None | Some(0) => Self::new(self.with_decimals(decimals)?, decimals),
            Some(fewer) => Self::new(divided(self.digits, ten_to(fewer)?)?, decimals),
        }
    }

    /// Less than zero.
    pub fn is_negative(self) -> bool {
        self.digits < 0
    }

    /// Zero.
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }
}

/// A quotient of whole numbers, halves away from zero.
fn divided(a: i128, b: i128) -> Option<i128> {
    let (quotient, rest) = (a.checked_div(b)?, a.checked_rem(b)?);
    // The rest is smaller than the divisor, so that its complement doesn't run over.
    let half_or_more = rest.unsigned_abs() >= b.unsigned_abs() - rest.unsigned_abs();
    match (half_or_more, (a < 0) != (b < 0)) {
        (false, _) => Some(quotient),
        (true, false) => quotient.checked_add(1),
        (true, true) => quotient.checked_sub(1),
    }
}

impl fmt::Display for Fixed {
    /// Every decimal that it has, zeros at the end too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 39 digits, a point, a sign, and a zero before the point.
        let mut text = [b'0'; 48];
        let (mut at, mut rest, mut written) = (text.len(), self.digits.unsigned_abs(), 0);
        while rest > 0 || written <= self.decimals {
            // Numbers of 64 bits are divided much faster: nineteen digits are taken off at a time.
            let last = rest < NINETEEN;
            let mut part = u64::try_from(rest % NINETEEN).map_err(|_| fmt::Error)?;
            rest /= NINETEEN;
            for _ in 0..19 {
                if last && part == 0 && written > self.decimals {
                    break;
                }
                if written == self.decimals && written > 0 {
                    at -= 1;
                    *text.get_mut(at).ok_or(fmt::Error)? = b'.';
                }
                at -= 1;
                let digit = u8::try_from(part % 10).map_err(|_| fmt::Error)?;
                *text.get_mut(at).ok_or(fmt::Error)? = b'0' + digit;
                part /= 10;
                written += 1;
            }
        }
        if self.digits < 0 {
            at -= 1;
            *text.get_mut(at).ok_or(fmt::Error)? = b'-';
        }
        f.write_str(std::str::from_utf8(text.get(at..).unwrap_or_default()).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bigdecimal::{BigDecimal, RoundingMode};
    use proptest::prelude::*;

    use super::*;

    fn long(fixed: Fixed) -> BigDecimal {
        BigDecimal::new(fixed.digits.into(), fixed.decimals.into())
    }

    /// Numbers of every length up to those that hardly fit.
    fn any_fixed() -> impl Strategy<Value = Fixed> {
        (any::<i128>(), 0u32..127, 0u32..=MOST, 0u32..6).prop_map(|(digits, shift, decimals, zeros)| {
            let digits = digits >> shift;
            let digits = digits.checked_mul(10_i128.pow(zeros)).unwrap_or(digits);
            Fixed::new(digits, decimals).unwrap()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_fits_is_what_numbers_of_any_length_give(a in any_fixed(), b in any_fixed(), decimals in 0u32..24) {
            let (x, y) = (long(a), long(b));
            for (short, long_result) in
                [(a.plus(b), &x + &y), (a.minus(b), &x - &y), (a.times(b), &x * &y), (a.negated(), -&x)]
            {
                if let Some(short) = short {
                    prop_assert_eq!(long(short), long_result);
                }
            }
            if let Some(order) = a.order(b) {
                prop_assert_eq!(order, x.cmp(&y));
            }
            if let Some(rounded) = a.round(decimals) {
                let by_halves = x.with_scale_round(decimals.into(), RoundingMode::HalfUp);
                prop_assert_eq!(rounded.to_string(), by_halves.to_plain_string());
            }
            prop_assert_eq!(long(a.trimmed()), x.clone());
            prop_assert_eq!(a.to_string(), x.to_plain_string());
            if let Some(quotient) = (!b.is_zero()).then(|| a.quotient(b, decimals)).flatten() {
                // |q·b − a| ≤ |b| · half of the last decimal, and exactly that half goes away from zero.
                let half = BigDecimal::new(5.into(), i64::from(decimals) + 1) * y.abs();
                let rest = (long(quotient) * &y - &x).abs();
                prop_assert!(rest < half || rest == half && long(quotient).abs() * y.abs() > x.abs());
            }
        }

        #[test]
        fn text_is_read_as_it_is_written(a in any_fixed()) {
            let text = a.to_string();
            if let Some(read) = Fixed::parse(&text, MOST as usize) {
                prop_assert_eq!((read.digits, read.decimals), (a.digits, a.decimals));
            } else {
                prop_assert!(text.len() > MOST as usize);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let most = Fixed::new(i128::MAX, 0).unwrap();
        let least = Fixed::new(i128::MIN, 0).unwrap();
        assert!(most.plus(most).is_none() && most.times(most).is_none() && least.negated().is_none());
        assert!(most.quotient(Fixed::new(3, 0).unwrap(), 1).is_none());
        assert!(Fixed::new(1, MOST + 1).is_none());
        for text in ["", "-", ".5", "1e2", "1,5", "123456"] {
            assert!(Fixed::parse(text, 5).is_none(), "{text}");
        }
    }
}
