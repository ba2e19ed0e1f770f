//! Why a unit stands where it stands: who overtook it and whom it overtook, who came and who went, what ties took
//! or gave, and what it would take to stand better.
//!
//! Places are told from scores, unit by unit; the rank change comes from the ranks. That the two agree is checked
//! in every explanation ([`Explanation::checks`]) and holds under each tie rule:
//! - competition and ordinal: a rank is one more than the number of units above, so the change is what left the
//!   units above minus what joined them;
//! - dense: units above that share a place with another take none of their own; those count as places that ties
//!   gave.
//!
//! Under the ordinal rule equal scores are told apart by name, so that nobody is level with anybody.

use std::{cmp::Ordering, collections::HashMap};

use super::{
    rank_thresholds::{by_name, least_score},
    rankings::{Ranking, Standing, rank_score},
};
use crate::domain::{
    decimal::Exact,
    editions::{Edition, TieRule},
    words::words,
};

words! {
    /// How a tie moved a place.
    pub enum TiePlace {
        /// The unit was below the other and is level with it: a place gained.
        CaughtUp = "caught_up",
        /// The unit was level with the other and is below it: a place lost.
        FellBehind = "fell_behind",
        /// The other stands above and shares its place with one above: it takes none of its own (dense ranks).
        SharesPlace = "shares_place",
        /// The other shared its place with one above in the base year (dense ranks).
        SharedPlace = "shared_place",
    }
}

/// Another unit in both years.
#[derive(Debug, Clone, Copy)]
pub struct Mover<'a> {
    /// Where it stands; none when it has no rank any more.
    pub now: Option<&'a Standing>,
    /// Where it stood in the base year; none when it had no rank.
    pub base: Option<&'a Standing>,
}

impl<'a> Mover<'a> {
    /// The standing that there is, the present one first.
    pub fn either(&self) -> Option<&'a Standing> {
        self.now.or(self.base)
    }
}

/// A place that a tie took or gave.
#[derive(Debug, Clone, Copy)]
pub struct Tie<'a> {
    /// The other unit.
    pub other: Mover<'a>,
    /// How.
    pub kind: TiePlace,
}

impl Tie<'_> {
    /// 1 for a place gained, -1 for one lost.
    pub fn places(&self) -> i64 {
        match self.kind {
            TiePlace::CaughtUp | TiePlace::SharesPlace => 1,
            TiePlace::FellBehind | TiePlace::SharedPlace => -1,
        }
    }
}

/// Who moved past whom. Empty without a base.
#[derive(Debug, Clone, Default)]
pub struct Moves<'a> {
    /// Ranked in both years: above the unit in the base year, below it now.
    pub overtook: Vec<Mover<'a>>,
    /// Ranked in both years: below the unit in the base year, above it now.
    pub overtaken_by: Vec<Mover<'a>>,
    /// Above the unit now, without a rank in the base year.
    pub arrivals: Vec<Mover<'a>>,
    /// Above the unit in the base year, without a rank now.
    pub departures: Vec<Mover<'a>>,
    /// Places that ties took or gave.
    pub ties: Vec<Tie<'a>>,
}

impl Moves<'_> {
    /// Places gained (positive) or lost, counted from the lists.
    pub fn places(&self) -> i64 {
        count(&self.overtook) + count(&self.departures) - count(&self.overtaken_by) - count(&self.arrivals)
            + self.tie_places()
    }

    /// Places that ties gave (positive) or took.
    pub fn tie_places(&self) -> i64 {
        self.ties.iter().map(Tie::places).sum()
    }
}

/// How many.
pub fn count<T>(list: &[T]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}

/// Two figures that must be equal, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactCheck {
    /// Stable code.
    pub code: &'static str,
    /// One side.
    pub left: Exact,
    /// The other side.
    pub right: Exact,
}

impl ExactCheck {
    /// Whether the sides are equal.
    pub fn holds(&self) -> bool {
        self.left == self.right
    }

    /// Left minus right.
    pub fn difference(&self) -> Exact {
        &self.left - &self.right
    }
}

/// Why a unit stands where it stands.
#[derive(Debug, Clone)]
pub struct Explanation<'a> {
    /// Where it stands.
    pub standing: &'a Standing,
    /// Where it stood in the base year; none when it had no rank there.
    pub base: Option<&'a Standing>,
    /// Who moved past whom.
    pub moves: Moves<'a>,
    /// The least extra points that would have kept the base rank; none when it was kept, or without a base.
    pub points_to_keep_rank: Option<Exact>,
    /// The least extra points that would give a better rank; none for the first.
    pub points_to_next_rank: Option<Exact>,
    /// The rank that these points give.
    pub next_rank: Option<u32>,
    /// The least extra points that would give the next band; none in the last.
    pub points_to_next_band: Option<Exact>,
    /// The label of that band.
    pub next_band: Option<String>,
}

/// A year's standings with the rules that made them.
#[derive(Debug, Clone, Copy)]
pub struct Year<'a> {
    /// The standings.
    pub ranking: &'a Ranking,
    /// The edition.
    pub edition: &'a Edition,
}

impl<'a> Year<'a> {
    /// The standing of a unit.
    pub fn find(&self, unit_id: &str) -> Option<&'a Standing> {
        self.ranking.standings.iter().find(|s| s.unit_id == unit_id)
    }

    fn by_id(&self) -> HashMap<&'a str, &'a Standing> {
        self.ranking.standings.iter().map(|s| (s.unit_id.as_str(), s)).collect()
    }

    /// Where another stands from a unit: above (`Greater`), level or below, told from the scores.
    fn place(&self, other: &Standing, unit: &Standing) -> Ordering {
        let key = |s: &Standing| rank_score(&s.total.score, self.edition);
        let by_score = key(other).cmp(&key(unit));
        if self.edition.tie_rule == TieRule::Ordinal {
            let names = || by_name((&other.unit_name, &other.unit_id), (&unit.unit_name, &unit.unit_id));
            return by_score.then_with(|| names().reverse());
        }
        by_score
    }

    /// Units above another that share their place with one above them, under the dense rule.
    fn sharing(&self, unit: &Standing) -> Vec<&'a Standing> {
        if self.edition.tie_rule != TieRule::Dense {
            return Vec::new();
        }
        let above: Vec<&Standing> =
            self.ranking.standings.iter().filter(|s| self.place(s, unit) == Ordering::Greater).collect();
        let same = |a: &&Standing, b: &&Standing| self.place(a, b) == Ordering::Equal;
        above.chunk_by(same).flat_map(|group| group.iter().skip(1).copied()).collect()
    }
}

/// Explains the standing of a unit; none when it has no rank.
pub fn explain<'a>(now: Year<'a>, base: Option<Year<'a>>, unit_id: &str) -> Option<Explanation<'a>> {
    let standing = now.find(unit_id)?;
    let moves =
        base.and_then(|base| Some(moves(now, base, standing, base.find(unit_id)?))).unwrap_or_default();
    let name = (standing.unit_name.as_str(), standing.unit_id.as_str());
    let extra = |rank: u32| {
        let needed = least_score(&now.ranking.standings, name, rank, now.edition)?;
        Some(&needed - &standing.total.score)
    };
    let lost = standing.base.as_ref().filter(|base| base.rank < standing.rank);
    let next_band = next_band(now.edition, &standing.total.score);
    let points_to_next_rank = standing.rank.checked_sub(1).filter(|rank| *rank > 0).and_then(extra);
    let next_rank = points_to_next_rank.as_ref().and_then(|extra| rank_with(now, standing, extra));
    Some(Explanation {
        points_to_keep_rank: lost.and_then(|base| extra(base.rank)),
        points_to_next_rank,
        next_rank,
        points_to_next_band: next_band.as_ref().map(|(from, _)| from - &standing.total.score),
        next_band: next_band.map(|(_, label)| label),
        base: base.and_then(|base| base.find(unit_id)),
        standing,
        moves,
    })
}

/// The lower edge and the label of the first band above a score.
pub(super) fn next_band(edition: &Edition, score: &Exact) -> Option<(Exact, String)> {
    edition
        .bands
        .iter()
        .filter_map(|band| Some((band.from.clone()?, band.label.clone())))
        .find(|(from, _)| from > score)
}

/// The rank of a unit with extra points, counted from those that would still be above it.
fn rank_with(now: Year, standing: &Standing, extra: &Exact) -> Option<u32> {
    let mut raised = standing.clone();
    raised.total.score = &raised.total.score + extra;
    let others = now.ranking.standings.iter().filter(|s| s.unit_id != standing.unit_id);
    let above: Vec<&Standing> = others.filter(|s| now.place(s, &raised) == Ordering::Greater).collect();
    let places = match now.edition.tie_rule {
        TieRule::Dense => above.chunk_by(|a, b| now.place(a, b) == Ordering::Equal).count(),
        TieRule::Competition | TieRule::Ordinal => above.len(),
    };
    u32::try_from(places).ok()?.checked_add(1)
}

fn moves<'a>(now: Year<'a>, base: Year<'a>, unit: &'a Standing, unit_base: &'a Standing) -> Moves<'a> {
    let mut moves = Moves::default();
    let before = base.by_id();
    let present = now.by_id();
    for other in now.ranking.standings.iter().filter(|s| s.unit_id != unit.unit_id) {
        let is = now.place(other, unit);
        let Some(then) = before.get(other.unit_id.as_str()).copied() else {
            if is == Ordering::Greater {
                moves.arrivals.push(Mover { now: Some(other), base: None });
            }
            continue;
        };
        let mover = Mover { now: Some(other), base: Some(then) };
        match (base.place(then, unit_base), is) {
            (Ordering::Greater, Ordering::Less) => moves.overtook.push(mover),
            (Ordering::Less, Ordering::Greater) => moves.overtaken_by.push(mover),
            (Ordering::Greater, Ordering::Equal) => {
                moves.ties.push(Tie { other: mover, kind: TiePlace::CaughtUp })
            }
            (Ordering::Equal, Ordering::Greater) => {
                moves.ties.push(Tie { other: mover, kind: TiePlace::FellBehind })
            }
            _ => {}
        }
    }
    for other in base.ranking.standings.iter().filter(|s| s.unit_id != unit.unit_id) {
        let gone = !present.contains_key(other.unit_id.as_str());
        if gone && base.place(other, unit_base) == Ordering::Greater {
            moves.departures.push(Mover { now: None, base: Some(other) });
        }
    }
    for other in now.sharing(unit) {
        let base = before.get(other.unit_id.as_str()).copied();
        moves.ties.push(Tie { other: Mover { now: Some(other), base }, kind: TiePlace::SharesPlace });
    }
    for other in base.sharing(unit_base) {
        let now = present.get(other.unit_id.as_str()).copied();
        moves.ties.push(Tie { other: Mover { now, base: Some(other) }, kind: TiePlace::SharedPlace });
    }
    moves
}

impl Explanation<'_> {
    /// Whether the places add up to the rank change and the contributions to the change of the score.
    ///
    /// The left sides come from the ranks and the totals, the right ones from the lists. None without a base.
    pub fn checks(&self) -> Vec<ExactCheck> {
        let (Some(places), Some(score)) = (self.standing.delta.rank_change, &self.standing.delta.score)
        else {
            return Vec::new();
        };
        let given = self.standing.contribution_deltas().into_iter().filter_map(|c| c.contribution_delta);
        vec![
            ExactCheck {
                code: "places_add_up",
                left: Exact::from(places),
                right: Exact::from(self.moves.places()),
            },
            ExactCheck { code: "contributions_add_up", left: score.clone(), right: given.sum() },
        ]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "explanations_props.rs"]
mod props;
