//! The standings of one cohort in one edition, and how they moved against a base.
//!
//! Scores come in as totals (`totals` makes them), standings go out: no store, no clock, no request. Ranks are
//! taken on exact scores unless the edition sets `rank_decimals`; rounding for readers happens in `http`.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::totals::{Component, ComponentKind, Total, Unranked};
use crate::domain::{
    decimal::Exact,
    editions::{Edition, ScoreUnit, TieRule},
    text,
    words::words,
};

words! {
    /// What the difference of two scores counts.
    pub enum DeltaUnit {
        /// Points of a scale.
        Points = "points",
        /// Points between two percentages.
        PercentagePoints = "percentage_points",
    }
}

words! {
    /// Where the rank went; the score may go the other way.
    pub enum Direction {
        /// A better rank than in the base.
        Up = "up",
        /// A worse rank than in the base.
        Down = "down",
        /// The same rank as in the base.
        Same = "same",
        /// No rank in the base.
        New = "new",
    }
}

/// A unit of the cohort before it is ranked. Ids are unique within a cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The unit.
    pub unit_id: String,
    /// Its name, which orders ties.
    pub unit_name: String,
    /// Its total, or why it has none.
    pub result: Result<Total, Unranked>,
    /// The rank that the publisher gave; it decides nothing here.
    pub published_rank: Option<i32>,
}

/// Where a unit stood in the base.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Base {
    /// Its rank there.
    pub rank: u32,
    /// Its exact score there, and what it was made of.
    pub total: Total,
}

/// How a unit moved against the base.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delta {
    /// Score minus base score.
    pub score: Option<Exact>,
    /// What `score` counts.
    pub unit: DeltaUnit,
    /// `score` in percent of the size of the base score; none for a base of zero.
    pub relative_percent: Option<Exact>,
    /// Base rank minus rank: positive when the unit rose.
    pub rank_change: Option<i64>,
    /// Where the rank went.
    pub direction: Direction,
}

/// A component of a standing beside the same component of the base.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContributionDelta {
    /// Code of the area; none for the residual.
    pub criterion: Option<Arc<str>>,
    /// Area or residual.
    pub kind: ComponentKind,
    /// The area's own score; none for the residual and for an area that only the base has.
    pub score: Option<Exact>,
    /// What it gives to the total; zero for an area that only the base has.
    pub contribution: Exact,
    /// Contribution minus that of the base; none without a base.
    pub contribution_delta: Option<Exact>,
}

/// A ranked unit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The rank, from 1.
    pub rank: u32,
    /// Whether another unit has the same rank.
    pub tied: bool,
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Its exact score and what it is made of.
    pub total: Total,
    /// Label of the band that the exact score lies in.
    pub band: Option<String>,
    /// The rank that the publisher gave.
    pub published_rank: Option<i32>,
    /// Where it stood in the base.
    pub base: Option<Base>,
    /// How it moved.
    pub delta: Delta,
}

/// A unit of the cohort that has no rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnrankedUnit {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Why it has none.
    pub reason: Unranked,
}

/// The standings of a cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// The ranked units by rank, those of equal rank in Vietnamese order of the names, then by id.
    pub standings: Vec<Standing>,
    /// The others, in Vietnamese order of the names, then by id.
    pub unranked: Vec<UnrankedUnit>,
    /// How many units are ranked.
    pub cohort_size: usize,
}

/// A unit with a total, before it is ranked.
struct Scored {
    rank_score: Exact,
    unit_id: String,
    unit_name: String,
    total: Total,
    published_rank: Option<i32>,
}

/// The Vietnamese order of names, those of equal names by id.
fn by_name<T>(units: &mut [T], name: impl Fn(&T) -> (&str, &str)) {
    // The keys of a whole country take longer than all else: one unit has nothing to be ordered by.
    if units.len() > 1 {
        units.sort_by_cached_key(|unit| {
            let (name, id) = name(unit);
            (text::sort_key(name), id.to_owned())
        });
    }
}

/// Ranks a cohort by the rules of its edition, without a base.
pub fn rank(entries: Vec<Entry>, edition: &Edition) -> Ranking {
    let mut scored = Vec::with_capacity(entries.len());
    let mut unranked = Vec::new();
    for Entry { unit_id, unit_name, result, published_rank } in entries {
        match result {
            Ok(total) => {
                let rank_score = rank_score(&total.score, edition);
                scored.push(Scored { rank_score, unit_id, unit_name, total, published_rank });
            }
            Err(reason) => unranked.push(UnrankedUnit { unit_id, unit_name, reason }),
        }
    }
    by_name(&mut unranked, |unit| (&unit.unit_name, &unit.unit_id));
    scored.sort_by(|a, b| b.rank_score.cmp(&a.rank_score));
    for equal in scored.chunk_by_mut(|a, b| a.rank_score == b.rank_score) {
        by_name(equal, |unit| (&unit.unit_name, &unit.unit_id));
    }
    let unit = match edition.unit_of_measure {
        ScoreUnit::Points => DeltaUnit::Points,
        ScoreUnit::Percent => DeltaUnit::PercentagePoints,
    };
    let ranks = ranks(scored.iter().map(|unit| &unit.rank_score), edition.tie_rule);
    let standings: Vec<Standing> = ranks
        .into_iter()
        .zip(scored)
        .map(|((rank, tied), Scored { unit_id, unit_name, total, published_rank, .. })| Standing {
            rank,
            tied,
            unit_id,
            unit_name,
            band: edition.band(&total.score).map(|band| band.label.clone()),
            published_rank,
            base: None,
            delta: Delta::new_arrival(unit),
            total,
        })
        .collect();
    Ranking { cohort_size: standings.len(), standings, unranked }
}

/// The same ranking with every unit measured against where it stood in `base`, if it had a rank there.
///
/// Whether the two are comparable (framework, cohort, stage) is for the caller to say.
pub fn compare(mut current: Ranking, base: &Ranking) -> Ranking {
    let before: HashMap<&str, &Standing> = base.standings.iter().map(|s| (s.unit_id.as_str(), s)).collect();
    for standing in &mut current.standings {
        let base = before.get(standing.unit_id.as_str()).copied();
        standing.base = base.map(|base| Base { rank: base.rank, total: base.total.clone() });
        standing.delta = Delta::of(standing);
    }
    current
}

/// The number that ranks: the exact score, or what the edition prints of it.
pub(super) fn rank_score(score: &Exact, edition: &Edition) -> Exact {
    match edition.rank_decimals {
        Some(decimals) => score.round(decimals),
        None => score.clone(),
    }
}

/// Rank and tie of each of the scores, which descend.
fn ranks<'a>(scores: impl Iterator<Item = &'a Exact>, rule: TieRule) -> Vec<(u32, bool)> {
    let scores: Vec<&Exact> = scores.collect();
    let mut ranks = Vec::with_capacity(scores.len());
    let (mut place, mut groups) = (0, 0);
    for group in scores.chunk_by(|a, b| a == b) {
        let first = place + 1;
        groups += 1;
        for _ in group {
            place += 1;
            ranks.push(match rule {
                TieRule::Competition => (first, group.len() > 1),
                TieRule::Dense => (groups, group.len() > 1),
                TieRule::Ordinal => (place, false),
            });
        }
    }
    ranks
}

impl Delta {
    fn new_arrival(unit: DeltaUnit) -> Self {
        Self { score: None, unit, relative_percent: None, rank_change: None, direction: Direction::New }
    }

    fn of(standing: &Standing) -> Self {
        let unit = standing.delta.unit;
        let Some(base) = &standing.base else {
            return Self::new_arrival(unit);
        };
        let base_score = &base.total.score;
        let score = &standing.total.score - base_score;
        // By the size of the base: from −4 to −2 is a rise of 50 %.
        let size = if base_score.is_negative() { -base_score } else { base_score.clone() };
        Self {
            relative_percent: (&Exact::from(100) * &score).quotient(&size),
            score: Some(score),
            unit,
            rank_change: Some(i64::from(base.rank) - i64::from(standing.rank)),
            direction: match standing.rank.cmp(&base.rank) {
                Ordering::Less => Direction::Up,
                Ordering::Equal => Direction::Same,
                Ordering::Greater => Direction::Down,
            },
        }
    }
}

impl Standing {
    /// The components: those of the total, then those that only the base has, then the residual.
    ///
    /// With a base their deltas add up to `delta.score` exactly. For that a total without components counts as a
    /// residual as a whole. They are worked out when they are told: most rankings are told without them.
    pub fn contribution_deltas(&self) -> Vec<ContributionDelta> {
        match &self.base {
            Some(base) => contribution_deltas(&self.total, &base.total),
            None => without_base(&self.total),
        }
    }
}

fn without_base(total: &Total) -> Vec<ContributionDelta> {
    total
        .components
        .iter()
        .map(|component| ContributionDelta {
            criterion: component.criterion.clone(),
            kind: component.kind,
            score: component.score.clone(),
            contribution: component.contribution.clone(),
            contribution_delta: None,
        })
        .collect()
}

/// Components that add up to the score whatever the total has.
fn parts(total: &Total) -> Vec<Component> {
    if total.components.is_empty() {
        return vec![Component {
            criterion: None,
            kind: ComponentKind::Residual,
            score: None,
            contribution: total.score.clone(),
        }];
    }
    total.components.to_vec()
}

/// The components of both sides; one that a side lacks counts zero there, so that the deltas add up.
fn contribution_deltas(now: &Total, base: &Total) -> Vec<ContributionDelta> {
    let (same, there) = (&now.components, &base.components);
    let alike = |(a, b): (&Component, &Component)| (a.kind, &a.criterion) == (b.kind, &b.criterion);
    // The same framework in both years: nothing is to be looked for.
    if !same.is_empty() && same.len() == there.len() && same.iter().zip(there.iter()).all(alike) {
        let of_each = same.iter().zip(there.iter()).zip(without_base(now));
        return of_each
            .map(|((now, base), told)| ContributionDelta {
                contribution_delta: Some(&now.contribution - &base.contribution),
                ..told
            })
            .collect();
    }
    let (mut components, base) = (parts(now), parts(base));
    let named: HashSet<Option<Arc<str>>> = components.iter().map(|c| c.criterion.clone()).collect();
    let only_in_base = base.iter().filter(|c| !named.contains(&c.criterion));
    components.extend(only_in_base.map(|c| Component {
        score: None,
        contribution: Exact::zero(),
        ..c.clone()
    }));
    // A stable sort that only moves the residual to the end.
    components.sort_by_key(|c| c.kind);
    let before: HashMap<Option<&str>, &Exact> =
        base.iter().map(|c| (c.criterion.as_deref(), &c.contribution)).collect();
    components
        .into_iter()
        .map(|Component { criterion, kind, score, contribution }| {
            let gave = before.get(&criterion.as_deref()).copied();
            let delta = gave.map_or_else(|| contribution.clone(), |gave| &contribution - gave);
            ContributionDelta { criterion, kind, score, contribution, contribution_delta: Some(delta) }
        })
        .collect()
}

#[cfg(test)]
#[path = "rankings_props.rs"]
mod props;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "rankings_tests.rs"]
mod tests;
