//! The score that a rank takes: the least with which a unit would have it, every other score staying as it is.
//!
//! A tie already shares the better rank under the competition and the dense rule, so that being equal is enough
//! there; under the ordinal rule it is for the unit whose name comes first. Ranks taken on printed scores are
//! reached by the least score that prints so. Where no least score exists, because being equal is not enough or
//! zero rounds the other way, it is taken in steps of 10⁻²⁰, the last decimal that a quotient keeps.

use std::cmp::Ordering;

use super::rankings::{Standing, rank_score};
use crate::domain::{
    decimal::{Exact, QUOTIENT_DECIMALS},
    editions::{Edition, TieRule},
    text,
};

/// The smallest step of a score where there is no least one.
pub(super) fn step() -> Exact {
    Exact::unit_of(u8::try_from(QUOTIENT_DECIMALS).unwrap_or(u8::MAX))
}

/// The order in which units of equal score are listed: Vietnamese order of the names, then by id.
pub(super) fn by_name(a: (&str, &str), b: (&str, &str)) -> Ordering {
    text::compare(a.0, b.0).then_with(|| a.1.cmp(b.1))
}

/// The least score with which a unit (`name`, `id`) would have `rank` or a better one among the others.
///
/// None when any score would do: there are too few others to stand above it.
pub fn least_score(
    standings: &[Standing],
    (name, id): (&str, &str),
    rank: u32,
    edition: &Edition,
) -> Option<Exact> {
    let others = standings.iter().filter(|s| s.unit_id != id);
    let mut hurdles: Vec<Exact> = others
        .map(|other| {
            let key = rank_score(&other.total.score, edition);
            let first_in_a_tie = by_name((name, id), (&other.unit_name, &other.unit_id)) == Ordering::Less;
            if edition.tie_rule == TieRule::Ordinal && !first_in_a_tie {
                above(&key, edition.rank_decimals)
            } else {
                reaching(&key, edition.rank_decimals)
            }
        })
        .collect();
    hurdles.sort_by(|a, b| b.cmp(a));
    if edition.tie_rule == TieRule::Dense {
        hurdles.dedup();
    }
    let place = usize::try_from(rank.checked_sub(1)?).ok()?;
    hurdles.get(place).cloned()
}

/// The least score that ranks as `key` does, or higher.
fn reaching(key: &Exact, rank_decimals: Option<u8>) -> Exact {
    let Some(decimals) = rank_decimals else { return key.clone() };
    // Half of the last printed decimal; halves are rounded away from zero.
    let half = &Exact::from(5) * &Exact::unit_of(decimals.saturating_add(1));
    let edge = key - &half;
    if key.is_negative() || key.is_zero() { &edge + &step() } else { edge }
}

/// The least score that ranks higher than `key` does.
fn above(key: &Exact, rank_decimals: Option<u8>) -> Exact {
    match rank_decimals {
        None => key + &step(),
        Some(decimals) => reaching(&(key + &Exact::unit_of(decimals)), rank_decimals),
    }
}
