//! Exact decimals: no binary float touches a score, a total, a delta or a band edge.
//!
//! A request may carry up to [`MAX_DIGITS`] significant digits. Sums and products are exact whatever
//! their length; a quotient keeps [`QUOTIENT_DECIMALS`] decimals, halves away from zero, and that is the
//! only rounding before output.

use std::{
    borrow::Cow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    iter::Sum,
    ops::{Add, Mul, Neg, Sub},
    str::FromStr,
};

use bigdecimal::{
    BigDecimal, RoundingMode, Zero,
    num_bigint::{BigInt, Sign},
};

use super::fixed::Fixed;

/// Most significant digits that a request may carry.
pub const MAX_DIGITS: usize = 28;
/// Decimals that a quotient keeps.
pub const QUOTIENT_DECIMALS: i64 = 20;
/// Most places before or after the decimal point that a request may carry: `1e999999999` is refused unread.
const MAX_PLACES: i64 = 40;

/// An exact decimal number: in a machine's number where it fits, as long as it takes otherwise.
#[derive(Debug, Clone)]
pub struct Exact(Form);

#[derive(Debug, Clone)]
enum Form {
    Fixed(Fixed),
    Long(BigDecimal),
}

/// Why a text is not taken as a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalError {
    /// Not a decimal number in JSON's notation.
    NotADecimal,
    /// More than [`MAX_DIGITS`] significant digits, or too far from the decimal point.
    TooPrecise,
}

/// Whether `text` is a number in JSON's notation (also what a decimal string must be).
pub fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

impl Exact {
    /// Zero.
    pub fn zero() -> Self {
        Self(Form::Fixed(Fixed::ZERO))
    }

    /// Ten to the power of `-decimals`: one in the last of so many decimals.
    pub fn unit_of(decimals: u8) -> Self {
        Self::of_long(BigDecimal::new(1.into(), i64::from(decimals)))
    }

    /// In a machine's number where it fits.
    fn of_long(value: BigDecimal) -> Self {
        let fixed = || {
            let (digits, scale) = value.as_bigint_and_exponent();
            let digits = i128::try_from(digits).ok()?;
            match u32::try_from(scale) {
                Ok(decimals) => Fixed::new(digits, decimals),
                Err(_) => {
                    Fixed::new(digits.checked_mul(10_i128.checked_pow(u32::try_from(-scale).ok()?)?)?, 0)
                }
            }
        };
        match fixed() {
            Some(fixed) => Self(Form::Fixed(fixed)),
            None => Self(Form::Long(value)),
        }
    }

    /// Of any length.
    fn long(&self) -> Cow<'_, BigDecimal> {
        match &self.0 {
            Form::Long(value) => Cow::Borrowed(value),
            Form::Fixed(fixed) => {
                let (digits, decimals) = fixed.parts();
                Cow::Owned(BigDecimal::new(digits.into(), decimals.into()))
            }
        }
    }

    /// What two numbers give: short where the result fits, else of any length.
    fn both(
        &self,
        other: &Self,
        short: impl FnOnce(Fixed, Fixed) -> Option<Fixed>,
        long: impl FnOnce(&BigDecimal, &BigDecimal) -> BigDecimal,
    ) -> Self {
        if let (Form::Fixed(a), Form::Fixed(b)) = (&self.0, &other.0)
            && let Some(result) = short(*a, *b)
        {
            return Self(Form::Fixed(result));
        }
        Self::of_long(long(&self.long(), &other.long()))
    }

    /// Reads a decimal in JSON's notation.
    ///
    /// # Errors
    /// [`DecimalError`] when the text is no decimal or has too many digits.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        if !is_decimal(text) {
            return Err(DecimalError::NotADecimal);
        }
        if let Some(fixed) = Fixed::parse(text, MAX_DIGITS) {
            return Ok(Self(Form::Fixed(fixed)));
        }
        if text.len() > 120 {
            return Err(DecimalError::TooPrecise);
        }
        let exponent = text.split_once(['e', 'E']).map_or("0", |(_, e)| e);
        if exponent.parse::<i64>().is_ok_and(|e| e.abs() <= MAX_PLACES) {
            let value = BigDecimal::from_str(text).map_err(|_| DecimalError::NotADecimal)?;
            let value = value.normalized();
            if value.digits() <= MAX_DIGITS as u64 && value.fractional_digit_count().abs() <= MAX_PLACES {
                return Ok(Self::of_long(value));
            }
        }
        Err(DecimalError::TooPrecise)
    }

    /// Reads a decimal that was written by this type: nearly all are read without a look at their notation.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    pub fn of_stored(text: &str) -> Result<Self, DecimalError> {
        Fixed::parse(text, MAX_DIGITS).map_or_else(|| Self::parse(text), |fixed| Ok(Self(Form::Fixed(fixed))))
    }

    /// `self / divisor` with [`QUOTIENT_DECIMALS`] decimals, halves away from zero; `None` for a zero divisor.
    pub fn quotient(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        if let (Form::Fixed(a), Form::Fixed(b)) = (&self.0, &divisor.0)
            && let Some(quotient) = a.quotient(*b, QUOTIENT_DECIMALS as u32)
        {
            return Some(Self(Form::Fixed(quotient.trimmed())));
        }
        Some(Self::of_long(long_quotient(&self.long(), &divisor.long())))
    }

    /// Rounded to `decimals` places, halves away from zero.
    pub fn round(&self, decimals: u8) -> Self {
        if let Form::Fixed(fixed) = &self.0
            && let Some(rounded) = fixed.round(u32::from(decimals))
        {
            return Self(Form::Fixed(rounded));
        }
        Self::of_long(self.long().with_scale_round(i64::from(decimals), RoundingMode::HalfUp))
    }

    /// Rounded to `decimals` places and written with exactly that many.
    pub fn to_fixed(&self, decimals: u8) -> String {
        match self.round(decimals).0 {
            Form::Fixed(fixed) => fixed.to_string(),
            Form::Long(value) => value.to_plain_string(),
        }
    }

    /// Less than zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Fixed(fixed) => fixed.is_negative(),
            Form::Long(value) => value.sign() == Sign::Minus,
        }
    }

    /// Exactly zero.
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Form::Fixed(fixed) => fixed.is_zero(),
            Form::Long(value) => value.is_zero(),
        }
    }

    /// A text whose byte order is the numeric order: the same on every database.
    ///
    /// `2` and up for zero and positive, `1` and down for negative numbers, whose digits are complemented:
    /// sign, then the place of the first digit (offset so that it is positive), then the digits.
    pub fn sort_key(&self) -> String {
        if self.is_zero() {
            return "2".to_owned();
        }
        let (text, scale) = match &self.0 {
            Form::Fixed(fixed) => {
                let (digits, decimals) = fixed.parts();
                (digits.unsigned_abs().to_string(), i64::from(decimals))
            }
            Form::Long(value) => {
                let (digits, scale) = value.as_bigint_and_exponent();
                (digits.magnitude().to_string(), scale)
            }
        };
        let place = i64::try_from(text.len()).unwrap_or(i64::MAX) - scale + 500;
        let text = text.trim_end_matches('0');
        if !self.is_negative() {
            format!("3{place:03}{text}")
        } else {
            let complemented: String = text.bytes().map(|b| char::from(b'9' - (b - b'0'))).collect();
            // `~` ends a complemented number: −1.5 is below −1, so the shorter text must come later.
            format!("1{:03}{complemented}~", 999 - place)
        }
    }
}

/// The quotient of numbers of any length; the divisor is not zero.
fn long_quotient(a: &BigDecimal, b: &BigDecimal) -> BigDecimal {
    // Integer division on a common scale, so that the rounding is of the true quotient and not of a rounded one.
    let scale = a.fractional_digit_count().max(b.fractional_digit_count());
    let (a, _) = a.with_scale(scale + QUOTIENT_DECIMALS + 1).into_bigint_and_exponent();
    let (b, _) = b.with_scale(scale).into_bigint_and_exponent();
    // Truncated to one decimal more than is kept: what was cut off below it can't turn a digit into a half.
    let quotient = &a / &b;
    let ten = BigInt::from(10);
    let (head, last) = (&quotient / &ten, &quotient % &ten);
    let half_or_more = last.magnitude() >= &5u32.into();
    let negative = (a.sign() == Sign::Minus) != (b.sign() == Sign::Minus);
    let rounded = match (half_or_more, negative) {
        (true, true) => head - 1,
        (true, false) => head + 1,
        (false, _) => head,
    };
    BigDecimal::new(rounded, QUOTIENT_DECIMALS).normalized()
}

impl fmt::Display for Exact {
    /// Every digit, no exponent, no trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Fixed(fixed) => fixed.trimmed().fmt(f),
            Form::Long(value) => f.write_str(&value.normalized().to_plain_string()),
        }
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Form::Fixed(a), Form::Fixed(b)) = (&self.0, &other.0)
            && let Some(order) = a.order(*b)
        {
            return order;
        }
        self.long().cmp(&other.long())
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Exact {
    /// Equal numbers, however many zeros they end with.
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Exact {}

impl Hash for Exact {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal numbers without zeros at their ends are held in one form.
        let short = match &self.0 {
            Form::Fixed(fixed) => Ok(*fixed),
            Form::Long(value) => match Self::of_long(value.normalized()).0 {
                Form::Fixed(fixed) => Ok(fixed),
                Form::Long(value) => Err(value),
            },
        };
        match short {
            Ok(fixed) => fixed.trimmed().parts().hash(state),
            Err(value) => value.to_plain_string().hash(state),
        }
    }
}

impl From<i64> for Exact {
    fn from(value: i64) -> Self {
        Fixed::new(value.into(), 0)
            .map_or_else(|| Self(Form::Long(value.into())), |fixed| Self(Form::Fixed(fixed)))
    }
}

impl Add for &Exact {
    type Output = Exact;
    fn add(self, other: Self) -> Exact {
        self.both(other, Fixed::plus, |a, b| a + b)
    }
}

impl Sub for &Exact {
    type Output = Exact;
    fn sub(self, other: Self) -> Exact {
        self.both(other, Fixed::minus, |a, b| a - b)
    }
}

impl Mul for &Exact {
    type Output = Exact;
    fn mul(self, other: Self) -> Exact {
        self.both(other, Fixed::times, |a, b| a * b)
    }
}

impl Neg for &Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        if let Form::Fixed(fixed) = &self.0
            && let Some(negated) = fixed.negated()
        {
            return Exact(Form::Fixed(negated));
        }
        Exact::of_long(-self.long().into_owned())
    }
}

impl<'a> Sum<&'a Exact> for Exact {
    fn sum<I: Iterator<Item = &'a Exact>>(values: I) -> Self {
        values.fold(Exact::zero(), |total, value| &total + value)
    }
}

impl Sum for Exact {
    fn sum<I: Iterator<Item = Exact>>(values: I) -> Self {
        values.fold(Exact::zero(), |total, value| &total + &value)
    }
}

impl serde::Serialize for Exact {
    /// As text: a JSON number would go through a binary float in most clients.
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Exact {
    /// From the text that serialising gave.
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        match Fixed::parse(&text, MAX_DIGITS) {
            Some(fixed) => Ok(Self(Form::Fixed(fixed))),
            None => BigDecimal::from_str(&text).map(Self::of_long).map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    #[test]
    fn reads_what_json_writes_and_nothing_else() {
        for text in ["0", "-0", "64.9552993774414", "1e2", "1.50", "-0.00000000000001", "1E-5"] {
            assert!(Exact::parse(text).is_ok(), "{text}");
        }
        for text in ["", "+1", "01", ".5", "1.", "1,5", "NaN", "Infinity", "0x10", "1_000", " 1", "1e", "--1"]
        {
            assert_eq!(Exact::parse(text), Err(DecimalError::NotADecimal), "{text}");
        }
        for text in ["1e999999999", "1e-99999999999999999999", "12345678901234567890123456789", "1e41"] {
            assert_eq!(Exact::parse(text), Err(DecimalError::TooPrecise), "{text}");
        }
        assert_eq!(exact("1234567890123456789012345678").to_string(), "1234567890123456789012345678");
    }

    #[test]
    fn equal_numbers_have_one_hash_and_others_another() {
        use std::hash::BuildHasher;
        let hashes = std::hash::RandomState::new();
        // Forty digits, and the same with fewer zeros behind the point.
        let long = |zeros: i64| Exact::of_long(BigDecimal::new(BigInt::from(10).pow(37) * 3, 36 + zeros));
        let longer = |digits: u32| Exact::of_long(BigDecimal::new(BigInt::from(10).pow(digits) + 1, 40));
        for (a, b) in [
            (exact("79.9990"), exact("79.999")),
            (exact("1e2"), exact("100")),
            (exact("-0"), exact("0.00")),
            (long(0), exact("30")),
            (long(3), exact("0.03")),
            (longer(45), longer(45)),
        ] {
            assert_eq!((&a, hashes.hash_one(&a)), (&b, hashes.hash_one(&b)));
        }
        for (a, b) in [(exact("7.9"), exact("79")), (exact("1"), exact("-1")), (longer(45), longer(46))] {
            assert_ne!(hashes.hash_one(&a), hashes.hash_one(&b), "{a} and {b}");
        }
    }

    #[test]
    fn writes_every_digit_and_no_trailing_zero() {
        assert_eq!(exact("79.9990").to_string(), "79.999");
        assert_eq!(exact("1e2").to_string(), "100");
        assert_eq!(exact("-0").to_string(), "0");
        assert_eq!(
            (&exact("64.12345678901235") - &exact("64.12345678901234")).to_string(),
            "0.00000000000001"
        );
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(exact("0.25").to_fixed(1), "0.3");
        assert_eq!(exact("-0.25").to_fixed(1), "-0.3");
        assert_eq!(exact("0.35").to_fixed(1), "0.4");
        assert_eq!(exact("2").to_fixed(2), "2.00");
        assert_eq!(exact("-0.04").to_fixed(1), "0.0");
    }

    #[test]
    fn quotients_keep_twenty_decimals() {
        assert_eq!(exact("1").quotient(&exact("3")).unwrap().to_string(), "0.33333333333333333333");
        assert_eq!(exact("-2").quotient(&exact("3")).unwrap().to_string(), "-0.66666666666666666667");
        assert_eq!(exact("1").quotient(&exact("8")).unwrap().to_string(), "0.125");
        assert_eq!(exact("1").quotient(&exact("0")), None);
        // Half of the last decimal, on both sides of zero.
        assert_eq!(exact("1e-20").quotient(&exact("2")).unwrap().to_string(), "0.00000000000000000001");
        assert_eq!(exact("-1e-20").quotient(&exact("2")).unwrap().to_string(), "-0.00000000000000000001");
    }

    proptest! {
        #[test]
        fn sort_keys_order_as_numbers_do(a in -20000i64..20000, s in 0i64..5, b in -20000i64..20000, t in 0i64..5) {
            let (x, y) = (Exact::of_long(BigDecimal::new(a.into(), s)), Exact::of_long(BigDecimal::new(b.into(), t)));
            prop_assert_eq!(x.sort_key().cmp(&y.sort_key()), x.cmp(&y), "{} {}", x, y);
        }

        #[test]
        fn a_quotient_is_within_half_a_last_decimal(a in any::<i64>(), b in any::<i64>().prop_filter("zero", |b| *b != 0)) {
            let quotient = Exact::from(a).quotient(&Exact::from(b)).unwrap();
            let back = &quotient * &Exact::from(b);
            let error = &back - &Exact::from(a);
            // |q·b − a| ≤ |b| · 0.5e-20
            let bound = BigDecimal::new(5.into(), QUOTIENT_DECIMALS + 1) * BigDecimal::from(b).abs();
            prop_assert!(error.long().abs() <= bound);
        }

        #[test]
        fn short_and_long_forms_are_the_same_number(a in any::<i64>(), s in 0i64..20, b in any::<i64>(), t in 0i64..20) {
            let long = |digits: i64, scale| Exact(Form::Long(BigDecimal::new(digits.into(), scale)));
            let (x, y) = (Exact::of_long(BigDecimal::new(a.into(), s)), Exact::of_long(BigDecimal::new(b.into(), t)));
            let (v, w) = (long(a, s), long(b, t));
            prop_assert_eq!((&x, x.to_string(), x.sort_key(), x.to_fixed(3)), (&v, v.to_string(), v.sort_key(), v.to_fixed(3)));
            prop_assert_eq!((x.cmp(&y), v.cmp(&y)), (v.cmp(&w), x.cmp(&w)));
            for (short, mixed, long) in [
                (&x + &y, &x + &w, &v + &w), (&x - &y, &v - &y, &v - &w), (&x * &y, &x * &w, &v * &w), (-&x, -&v, -&v),
            ] {
                prop_assert!(short == mixed && mixed == long);
                prop_assert_eq!(short.to_string(), long.to_string());
            }
            prop_assert_eq!(x.quotient(&y), v.quotient(&w));
        }

        #[test]
        fn text_survives(whole in 0u64..1_000_000_000, fraction in 0u64..1_000_000_000_000) {
            let text = format!("{whole}.{fraction:012}");
            let written = exact(&text).to_string();
            prop_assert_eq!(exact(&written), exact(&text));
        }
    }
}
