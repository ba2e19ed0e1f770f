//! How sure a rank is: the ranks of a cohort when the weights of its criteria are drawn again and again.
//!
//! As in the uncertainty analysis of the OECD/JRC Handbook on composite indicators (2008, step 7): in each draw
//! every weight is multiplied by a factor drawn uniformly from 1 − share to 1 + share, and the weights are scaled
//! back to their sum. The draw is the same for all units. Weights that are stated below an area are drawn behind those
//! of the areas, and scaled back to their sum below their parent (`inner_weights`). Where points are added, an area's
//! weight is its share of the maxima: the points of each area are scaled and the scale of the whole is kept. Where the
//! points of a unit are a share of what applies to it, these are its own maxima, so that one with full marks has them
//! in every draw. What a stored total has beside its areas (the residual) stays, and so does the total of a unit that
//! lacks the score of an area.
//!
//! The draws run on whole numbers. A factor has 9 decimals. Totals have as many decimals as leave sixteen digits
//! for the largest ([`Robustness::decimals`]: 14 for scores up to 100); totals nearer than that count as equal.

use std::collections::HashMap;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{
    criteria_measures::{Measures, weight_in_mean},
    dossier_figures::Rate,
    error::{Error, Result},
    inner_weights::{InnerWeights, UnitTree},
    rank_thresholds::by_name,
    rankings::{Ranking, Standing},
    score_sheets::Sheet,
    totals::{TotalSource, UnitScores},
};
use crate::domain::{
    decimal::Exact,
    editions::{Criterion, Edition, Method, ScoreUnit, TieRule},
};

/// Most draws.
pub const MOST_DRAWS: u32 = 10_000;
/// Most ranks that are drawn in one answer: units times draws. Fewer where weights below areas are drawn too.
pub const MOST_RANKS: usize = 12_000_000;
/// Weights below areas that take as long as a rank.
const BELOW_A_RANK: usize = 20;
/// Digits of the largest total. Times a factor below 2 · 10⁹ and the whole it stays below 2¹²⁷.
const DIGITS: u8 = 16;
/// Decimals of a factor, and one as a factor.
pub const FACTOR_DECIMALS: u8 = 9;
pub(super) const ONE: i128 = 1_000_000_000;
/// Decimals of a share of the weights, and all of them.
const WHOLE_DECIMALS: u8 = 12;
const WHOLE: i128 = 1_000_000_000_000;

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws {
    /// The share by which each weight may vary either way, above 0 and below 1, with up to 9 decimals.
    pub share: Exact,
    /// How many draws.
    pub count: u32,
    /// The seed: the same seed gives the same draws.
    pub seed: u64,
}

/// The ranks of a unit in the draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankRange {
    /// The best rank.
    pub min: u32,
    /// The worst rank.
    pub max: u32,
    /// The middle one when they are put in order; of an even number the better of the two.
    pub median: u32,
    /// The draws that give the unit's own rank.
    pub at_own_rank: Rate,
    /// False where the unit lacks the score of an area: its total stays as it is.
    pub varied: bool,
}

/// The ranks of a cohort in the draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Robustness {
    /// Decimals to which totals were told apart.
    pub decimals: u8,
    /// A row for each standing, in their order.
    pub rows: Vec<RankRange>,
}

/// A unit's total, made ready for drawing.
struct Row {
    /// What each area gives, in the order of the weights; empty where the total stays.
    gives: Vec<i128>,
    /// The unit's share of the weights, area by area.
    weights: Vec<i128>,
    /// What the areas give as the weights below them vary; none where these move nothing.
    below: Option<UnitTree<i128>>,
    /// What doesn't vary.
    fixed: i128,
}

/// Draws the ranks of a sheet, whose standings are `ranking`.
///
/// # Errors
/// `Invalid` where nothing can be varied, or where too many ranks are asked for.
pub fn draw(sheet: &Sheet, ranking: &Ranking, draws: &Draws) -> Result<Robustness> {
    let weights = weights(&sheet.edition, &sheet.left_out())?;
    let scores: Vec<&UnitScores> = sheet.rows.iter().map(|row| &row.scores).collect();
    let areas: Vec<&str> = weights.iter().map(|(code, _)| *code).collect();
    let inner = InnerWeights::of(&sheet.edition, &scores, &areas);
    if weights.len() == 1 && inner.is_none() {
        return Err(cannot_vary(
            "Only one area counts: its weight can't vary, there is no other to set it against.",
            "Chỉ một lĩnh vực được tính điểm: không có lĩnh vực khác nên không thể thay đổi trọng số.",
        ));
    }
    let (units, below) = (ranking.standings.len(), inner.as_ref().map_or(0, InnerWeights::count));
    check_count(units, below, draws.count)?;
    let rows = rows(sheet, ranking, &weights, inner.as_ref());
    let (decimals, rows) = rows.ok_or_else(|| {
        cannot_vary("The scores have too many digits to vary.", "Điểm có quá nhiều chữ số để thử.")
    })?;
    if rows.iter().all(|row| row.gives.is_empty()) {
        return Err(cannot_vary(
            "No unit has the scores of all areas: there is nothing that weights could vary.",
            "Không đơn vị nào có điểm của mọi lĩnh vực: không có gì để thay đổi trọng số.",
        ));
    }
    let factors = weights.len() + below;
    let drawn = Drawing::new(ranking, &sheet.edition, decimals).ranks(&rows, factors, draws);
    let range = |(place, row): (usize, &Row)| {
        let ranks: Vec<u32> = drawn.iter().skip(place).step_by(units).copied().collect();
        range(ranking.standings.get(place)?.rank, !row.gives.is_empty(), ranks)
    };
    Ok(Robustness { decimals, rows: rows.iter().enumerate().filter_map(range).collect() })
}

fn cannot_vary(en: &str, vi: &str) -> Error {
    Error::invalid("", "nothing_to_vary", en, vi)
}

/// Whether the draws are not too many for so many units, and so many weights below areas.
fn check_count(units: usize, below: usize, count: u32) -> Result<()> {
    let a_draw = units.saturating_mul(1 + below / BELOW_A_RANK);
    if a_draw.saturating_mul(usize::try_from(count).unwrap_or(usize::MAX)) <= MOST_RANKS {
        return Ok(());
    }
    let most = MOST_RANKS / a_draw.max(1);
    Err(Error::invalid(
        "draws",
        "too_many_draws",
        format!("At most {most} draws for a cohort of {units} units."),
        format!("Tối đa {most} lần thử cho nhóm {units} đơn vị."),
    ))
}

/// The totals of the standings, taken apart, and their decimals; none where a number has too many digits.
fn rows(
    sheet: &Sheet,
    ranking: &Ranking,
    weights: &[(&str, Exact)],
    inner: Option<&InnerWeights<'_>>,
) -> Option<(u8, Vec<Row>)> {
    let own = own_weights(sheet, weights);
    let places: HashMap<&str, usize> =
        sheet.rows.iter().enumerate().map(|(place, row)| (row.unit.id.as_str(), place)).collect();
    let scores = |standing: &Standing| {
        let place = *places.get(standing.unit_id.as_str())?;
        Some((place, &sheet.rows.get(place)?.scores))
    };
    let below = |standing: &Standing| {
        let (place, scores) = scores(standing)?;
        inner?.of_unit(place, scores)
    };
    let below: Vec<Option<UnitTree<Exact>>> = ranking.standings.iter().map(below).collect();
    let decimals = decimals(ranking, &below)?;
    let row = |(standing, below): (&Standing, &Option<UnitTree<Exact>>)| {
        let (_, scores) = scores(standing)?;
        let weights = own.get(standing.unit_id.as_str()).map_or(weights, Vec::as_slice);
        row(standing, scores, weights, below.as_ref(), decimals)
    };
    let rows: Option<Vec<Row>> = ranking.standings.iter().zip(&below).map(row).collect();
    Some((decimals, rows?))
}

/// The code and the weight of each area: its weight, or its maximum where points are added. Bonus and penalty points
/// have none, nor has a survey that was not held.
fn weights<'a>(edition: &'a Edition, left_out: &[String]) -> Result<Vec<(&'a str, Exact)>> {
    let weight = |area: &Criterion| match edition.method {
        Method::Points => edition.maximum_of(area),
        Method::Weighted => area.weight.clone(),
        Method::Normalised => Some(weight_in_mean(area)),
    };
    let areas = edition.areas().filter(|area| !area.is_bonus() && !left_out.contains(&area.code));
    let weights: Option<Vec<(&str, Exact)>> =
        areas.map(|area| Some((area.code.as_str(), weight(area)?))).collect();
    let weights = weights.unwrap_or_default();
    if weights.is_empty() {
        return Err(cannot_vary(
            "The edition has no areas with weights or maxima to vary.",
            "Kỳ đánh giá không có các lĩnh vực có trọng số hoặc điểm tối đa để thay đổi.",
        ));
    }
    Ok(weights)
}

/// What the areas weigh for each unit, by its id, where its points are a share of what applies to it: the most that it
/// can have in each.
fn own_weights<'a>(
    sheet: &'a Sheet,
    weights: &[(&'a str, Exact)],
) -> HashMap<&'a str, Vec<(&'a str, Exact)>> {
    let edition = &sheet.edition;
    let shares = edition.unit_of_measure == ScoreUnit::Percent || edition.rescale_not_applicable;
    if edition.method != Method::Points || !shares {
        return HashMap::new();
    }
    let scores: Vec<&UnitScores> = sheet.rows.iter().map(|row| &row.scores).collect();
    let measures = Measures::of(edition, &scores);
    let of_unit = |unit: usize| -> Vec<(&'a str, Exact)> {
        let own = |code: &str| {
            let area = measures.areas().iter().find(|area| area.criterion.code == code)?;
            area.maximum(area.of(unit)?)
        };
        weights.iter().map(|(code, weight)| (*code, own(code).unwrap_or_else(|| weight.clone()))).collect()
    };
    sheet.rows.iter().enumerate().map(|(unit, row)| (row.unit.id.as_str(), of_unit(unit))).collect()
}

/// A number in units of 10⁻ᵈ.
pub(super) fn scaled(value: &Exact, decimals: u8) -> Option<i128> {
    value.to_fixed(decimals).replace('.', "").parse().ok()
}

/// A number without its sign.
pub(super) fn size(value: &Exact) -> Exact {
    if value.is_negative() { -value } else { value.clone() }
}

/// Decimals that leave sixteen digits for what is added up in the largest total; none where it has more.
fn decimals(ranking: &Ranking, below: &[Option<UnitTree<Exact>>]) -> Option<u8> {
    let added_up = |(standing, below): (&Standing, &Option<UnitTree<Exact>>)| {
        let parts: Exact = standing.total.components.iter().map(|c| size(&c.contribution)).sum();
        let parts = match below {
            Some(below) => &parts + &below.size(),
            None => parts,
        };
        parts.max(size(&standing.total.score))
    };
    let largest = ranking.standings.iter().zip(below).map(added_up).max()?;
    DIGITS.checked_sub(u8::try_from(largest.to_fixed(0).len()).ok()?)
}

/// A unit's total, taken apart; none where a number has too many digits.
fn row(
    standing: &Standing,
    scores: &UnitScores,
    weights: &[(&str, Exact)],
    below: Option<&UnitTree<Exact>>,
    decimals: u8,
) -> Option<Row> {
    let components = &standing.total.components;
    let given = |code: &str| components.iter().find(|c| c.criterion.as_deref() == Some(code));
    let out = |code: &str| scores.criteria.iter().any(|s| s.criterion == code && !s.applicable);
    let complete = standing.total.source == TotalSource::Computed
        || weights.iter().all(|(code, _)| given(code).is_some() || out(code));
    let applicable = || weights.iter().map(|(code, weight)| (given(code), weight));
    let sum: Exact = applicable().filter(|(given, _)| given.is_some()).map(|(_, weight)| weight).sum();
    let mut row = Row { gives: vec![], weights: vec![], below: None, fixed: 0 };
    // The weight of a single area moves nothing.
    if !complete || sum.is_zero() || (weights.len() == 1 && below.is_none()) {
        row.fixed = scaled(&standing.total.score, decimals)?;
        return Some(row);
    }
    for (component, _) in applicable() {
        row.gives.push(component.map_or(Some(0), |c| scaled(&c.contribution, decimals))?);
    }
    let counting = applicable().map(|(component, weight)| component.map(|_| weight));
    row.weights = shares(&counting.collect::<Vec<_>>())?;
    if let Some(below) = below {
        let below = below.whole(decimals)?;
        below.draw(&[], &mut row.gives);
        row.below = Some(below);
    }
    // All that the areas don't give stays: as a whole, so that undrawn weights give the total itself.
    row.fixed = scaled(&standing.total.score, decimals)? - row.gives.iter().sum::<i128>();
    Some(row)
}

/// Weights as shares of the whole; nothing for what doesn't count. None where no weight is left.
pub(super) fn shares(weights: &[Option<&Exact>]) -> Option<Vec<i128>> {
    let sum: Exact = weights.iter().flatten().copied().sum();
    let share = |weight: &Option<&Exact>| match weight {
        Some(weight) => scaled(&weight.quotient(&sum)?, WHOLE_DECIMALS),
        None => Some(0),
    };
    let mut shares = weights.iter().map(share).collect::<Option<Vec<i128>>>()?;
    // What rounding the shares took or gave goes to the largest, so that they make up the whole.
    let left = WHOLE - shares.iter().sum::<i128>();
    if let Some(largest) = shares.iter_mut().max() {
        *largest += left;
    }
    Some(shares)
}

/// The draws of a cohort.
struct Drawing {
    tie_rule: TieRule,
    /// What a printed decimal counts, where ranks are taken on these.
    printed: Option<i128>,
    /// The place of each unit in the order of the names.
    by_name: Vec<usize>,
}

impl Drawing {
    fn new(ranking: &Ranking, edition: &Edition, decimals: u8) -> Self {
        let mut names: Vec<(usize, &Standing)> = ranking.standings.iter().enumerate().collect();
        names.sort_by(|(_, a), (_, b)| by_name((&a.unit_name, &a.unit_id), (&b.unit_name, &b.unit_id)));
        let mut order: Vec<(usize, usize)> =
            names.into_iter().enumerate().map(|(place, (unit, _))| (unit, place)).collect();
        order.sort_unstable();
        let left = edition.rank_decimals.and_then(|printed| decimals.checked_sub(printed));
        Self {
            tie_rule: edition.tie_rule,
            printed: left.map(|left| 10i128.pow(u32::from(left))),
            by_name: order.into_iter().map(|(_, place)| place).collect(),
        }
    }

    /// The ranks of all units in the first draw, then in the second, and so on.
    fn ranks(&self, rows: &[Row], weights: usize, draws: &Draws) -> Vec<u32> {
        let mut random = ChaCha8Rng::seed_from_u64(draws.seed);
        let share = scaled(&draws.share, FACTOR_DECIMALS).unwrap_or_default();
        let mut drawn = Vec::new();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut ranks = vec![0; rows.len()];
        for _ in 0..draws.count {
            let factors: Vec<i128> =
                (0..weights).map(|_| ONE - share + below(&mut random, 2 * share + 1)).collect();
            let keys: Vec<i128> = rows.iter().map(|row| self.key(row.total(&factors))).collect();
            self.rank(&keys, &mut order, &mut ranks);
            drawn.extend_from_slice(&ranks);
        }
        drawn
    }

    /// The number that ranks.
    fn key(&self, total: i128) -> i128 {
        self.printed.map_or(total, |printed| quotient(total, printed))
    }

    /// The rank of each key. `order` is where the last draw left it.
    fn rank(&self, keys: &[i128], order: &mut [usize], ranks: &mut [u32]) {
        let key = |unit: usize| keys.get(unit).copied().unwrap_or_default();
        let name = |unit: usize| self.by_name.get(unit).copied().unwrap_or_default();
        order.sort_unstable_by(|a, b| key(*b).cmp(&key(*a)).then_with(|| name(*a).cmp(&name(*b))));
        let (mut place, mut groups) = (0u32, 0u32);
        for group in order.chunk_by(|a, b| key(*a) == key(*b)) {
            let first = place + 1;
            groups += 1;
            for unit in group {
                place += 1;
                if let Some(rank) = ranks.get_mut(*unit) {
                    *rank = match self.tie_rule {
                        TieRule::Competition => first,
                        TieRule::Dense => groups,
                        TieRule::Ordinal => place,
                    };
                }
            }
        }
    }
}

impl Row {
    /// The total with weights times factors, scaled back to their sum.
    fn total(&self, factors: &[i128]) -> i128 {
        if self.gives.is_empty() {
            return self.fixed;
        }
        let times =
            |numbers: &[i128]| numbers.iter().zip(factors).map(|(number, factor)| number * factor).sum();
        let moved = self.below.as_ref().map(|below| {
            let mut gives = self.gives.clone();
            below.draw(factors, &mut gives);
            gives
        });
        let gives: i128 = times(moved.as_deref().unwrap_or(&self.gives));
        let weights: i128 = times(&self.weights);
        quotient(gives * WHOLE, weights) + self.fixed
    }
}

/// The quotient by a positive number, halves away from zero.
pub(super) fn quotient(number: i128, divisor: i128) -> i128 {
    let half = divisor / 2;
    if number < 0 { (number - half) / divisor } else { (number + half) / divisor }
}

/// A number from 0 to below `bound`, which is far below 2⁶⁴.
fn below(random: &mut ChaCha8Rng, bound: i128) -> i128 {
    (i128::from(random.next_u64()) * bound) >> 64
}

/// The range of a unit's ranks; none without draws.
fn range(own: u32, varied: bool, mut ranks: Vec<u32>) -> Option<RankRange> {
    ranks.sort_unstable();
    let at_own = ranks.iter().filter(|rank| **rank == own).count();
    let middle = ranks.len().checked_sub(1)? / 2;
    Some(RankRange {
        min: *ranks.first()?,
        max: *ranks.last()?,
        median: *ranks.get(middle)?,
        at_own_rank: Rate::new(i64::try_from(at_own).ok()?, i64::try_from(ranks.len()).ok()?, "draws"),
        varied,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
#[path = "robustness_tests.rs"]
mod tests;
