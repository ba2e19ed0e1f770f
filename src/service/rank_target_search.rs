//! The least score with which one criterion alone gives a goal.
//!
//! A criterion is tried as a simulation: at its best first; where that is enough, its least score is found by a
//! straight line, which is exact where a method adds up shares, and by halving the interval elsewhere. It is given
//! in steps of 10⁻²⁰, or of the last digit that a request may carry, and was tried.
//!
//! What has no bound on its better side is tried at the best score of the others, then ever further by what the
//! cohort's scores differ by: beyond the best, a normalised value only presses those of the others together.

use super::{
    criterion_values,
    rank_targets::{Asked, Goal, OutOfReach},
    simulations::Change,
};
use crate::domain::{
    criteria::Polarity,
    decimal::{Exact, MAX_DIGITS},
    editions::{Criterion, Edition, Method},
};

/// The search for the least score of a criterion.
pub(super) struct Search<'a> {
    /// What is asked.
    pub asked: &'a Asked<'a>,
    /// The criterion.
    pub code: &'a str,
    /// The total that reaches the goal while the others stay.
    pub needed: &'a Exact,
    /// Whether less of it is better.
    pub falls: bool,
}

/// Whether a lower value of a criterion gives more: each scale of negative polarity on its way up turns it round.
pub(super) fn less_is_better(edition: &Edition, criterion: &Criterion) -> bool {
    let above = criterion_values::above(edition, &criterion.code);
    let way = std::iter::once(criterion).chain(above);
    way.filter(|criterion| is_turned_round(edition, criterion)).count() % 2 == 1
}

/// Whether the values of a criterion are normalised with negative polarity.
fn is_turned_round(edition: &Edition, criterion: &Criterion) -> bool {
    let above = criterion.parent.as_deref().and_then(|code| edition.criterion(code));
    let scaled = above.map_or(edition.method, |above| edition.method_of(above)) == Method::Normalised;
    let is_parent = edition.criteria.iter().any(|c| c.parent.as_ref() == Some(&criterion.code));
    let mean = is_parent && edition.method_of(criterion) == Method::Normalised;
    scaled && !mean && !criterion.is_bonus() && criterion.polarity == Polarity::Negative
}

/// What the scores of a criterion differ by; where all are equal, how large they are, 1 at least.
fn spread<'s>(scores: impl Iterator<Item = &'s Exact> + Clone) -> Option<Exact> {
    let (least, most) = (scores.clone().min()?, scores.max()?);
    let width = most - least;
    Some(match (width.is_zero(), most.is_negative()) {
        (false, _) => width,
        (true, true) => (-most).max(Exact::from(1)),
        (true, false) => most.clone().max(Exact::from(1)),
    })
}

/// The decimals of the steps in which a score is given: a request carries no more digits.
pub(super) fn step_decimals(score: &Exact) -> u8 {
    let whole = score.to_fixed(0);
    let rest = MAX_DIGITS.saturating_sub(whole.trim_start_matches('-').len());
    u8::try_from(rest).map_or(STEP_DECIMALS, |rest| rest.min(STEP_DECIMALS))
}

impl Search<'_> {
    /// The total with a score of the criterion, and whether the goal is reached.
    fn tried(&self, score: &Exact) -> Option<(Exact, bool)> {
        let unit_id = self.asked.standing.unit_id.clone();
        let change = Change { unit_id, criterion: Some(self.code.to_owned()), score: score.clone() };
        let found = self.asked.standing_with(&[change])?;
        let total = found.total.score;
        let reached = match self.asked.goal {
            // The others may have moved too: what ranks is the whole cohort.
            Goal::Rank(rank) if self.asked.whole => found.rank <= *rank,
            Goal::Rank(_) | Goal::Band(_) => &total >= self.needed,
        };
        Some((total, reached))
    }

    fn reached(&self, score: &Exact) -> bool {
        self.tried(score).is_some_and(|(_, reached)| reached)
    }

    /// The score nearest to the present one that reaches the goal; `bound` is the best that it may be.
    pub fn least(
        &self,
        score: Option<&Exact>,
        others: Vec<Exact>,
        bound: Option<Exact>,
    ) -> Result<Exact, OutOfReach> {
        let from = score.cloned().unwrap_or_else(Exact::zero);
        let present = &self.asked.standing.total.score;
        let bounded = bound.is_some();
        let ends = bound.map_or_else(|| self.ends(&from, others), |bound| vec![bound]);
        let mut short = (from, present.clone());
        for end in ends {
            let (total, reached) = self.tried(&end).ok_or(OutOfReach::GivesNothing)?;
            if reached {
                return Ok(self.between(short, (end, total)));
            }
            short = (end, total);
        }
        Err(match (bounded && &short.1 > present, self.falls) {
            (false, _) => OutOfReach::GivesNothing,
            (true, true) => OutOfReach::BelowMinimum,
            (true, false) => OutOfReach::AboveMaximum,
        })
    }

    /// Scores to try where nothing bounds them: the best of the others, if it is better, then ever further ones.
    fn ends(&self, from: &Exact, others: Vec<Exact>) -> Vec<Exact> {
        let best = if self.falls { others.into_iter().min() } else { others.into_iter().max() };
        let better = best.filter(|best| if self.falls { best < from } else { best > from });
        let base = better.clone().unwrap_or_else(|| from.clone());
        let (mut leap, thousand) = (self.leap(), Exact::from(1000));
        let mut ends: Vec<Exact> = better.into_iter().collect();
        for _ in 0..LEAPS {
            let end = if self.falls { &base - &leap } else { &base + &leap };
            ends.push(end.round(step_decimals(&end)));
            leap = &leap * &thousand;
        }
        ends
    }

    /// How far scores of the criterion and of those that it is part of lie apart, the gain of the total at least.
    fn leap(&self) -> Exact {
        let above = criterion_values::above(&self.asked.sheet.edition, self.code);
        let codes = std::iter::once(self.code).chain(above.into_iter().map(|above| above.code.as_str()));
        let spreads = codes.filter_map(|code| {
            let (own, others) = self.asked.scores(code);
            spread(own.iter().chain(&others))
        });
        spreads.fold(self.needed - &self.asked.standing.total.score, Exact::max)
    }

    /// The least score that reaches the goal, between two with their totals: one that doesn't and one that does.
    fn between(&self, short: (Exact, Exact), enough: (Exact, Exact)) -> Exact {
        let way = (&(&enough.0 - &short.0) * &(self.needed - &short.1)).quotient(&(&enough.1 - &short.1));
        let (low, high) = if self.falls { (&enough.0, &short.0) } else { (&short.0, &enough.0) };
        let found = way.and_then(|way| self.beside(&(&short.0 + &way)));
        found.filter(|found| low <= found && found <= high).unwrap_or_else(|| self.halved(short.0, enough.0))
    }

    /// The score within a few steps of a guess: what rounding a quotient took or gave.
    fn beside(&self, guess: &Exact) -> Option<Exact> {
        // Quotients keep 20 decimals; a score may have more.
        let decimals = step_decimals(guess);
        let (guess, step) = (guess.round(decimals), Exact::unit_of(decimals));
        let step = if self.falls { -&step } else { step };
        [0, 1, -1, 2, -2]
            .into_iter()
            .map(|steps| &guess + &(&Exact::from(steps) * &step))
            .find(|candidate| self.reached(candidate) && !self.reached(&(candidate - &step)))
    }

    /// The score next to one that doesn't reach the goal, towards one that does.
    fn halved(&self, mut short: Exact, mut enough: Exact) -> Exact {
        let half = &Exact::from(5) * &Exact::unit_of(1);
        for _ in 0..MOST_HALVINGS {
            let middle = &(&short + &enough) * &half;
            let middle = middle.round(step_decimals(&middle));
            let (low, high) = if self.falls { (&enough, &short) } else { (&short, &enough) };
            if &middle <= low || &middle >= high {
                break;
            }
            if self.reached(&middle) {
                enough = middle;
            } else {
                short = middle;
            }
        }
        enough
    }
}

/// Scores tried without a bound, each a thousand times further off: the last 10¹² times what the cohort differs by.
const LEAPS: usize = 5;
/// Most decimals of a step.
const STEP_DECIMALS: u8 = 20;
/// Halvings that take the furthest interval apart into steps: 2²⁰⁰ is above 10⁶⁰.
const MOST_HALVINGS: usize = 200;
