//! The standings of one cohort in one edition, and how they moved against a base.
//!
//! Scores come in as totals (`totals` makes them), standings go out: no store, no clock, no request. Ranks are
//! taken on exact scores unless the edition sets `rank_decimals`; rounding for readers happens in `http`.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its rank there.
    pub rank: u32,
    /// Its exact score there.
    pub score: Exact,
}

/// How a unit moved against the base.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContributionDelta {
    /// Code of the area; none for the residual.
    pub criterion: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The components: those of the total, then those that only the base has, then the residual.
    ///
    /// With a base their deltas add up to `delta.score` exactly. For that a total without components counts
    /// as a residual as a whole.
    pub contribution_deltas: Vec<ContributionDelta>,
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

/// Ranks a cohort by the rules of its edition, without a base.
pub fn rank(mut entries: Vec<Entry>, edition: &Edition) -> Ranking {
    entries.sort_by_cached_key(|entry| (text::sort_key(&entry.unit_name), entry.unit_id.clone()));
    let mut scored = Vec::new();
    let mut unranked = Vec::new();
    for Entry { unit_id, unit_name, result, published_rank } in entries {
        match result {
            Ok(total) => {
                scored.push((rank_score(&total.score, edition), unit_id, unit_name, total, published_rank))
            }
            Err(reason) => unranked.push(UnrankedUnit { unit_id, unit_name, reason }),
        }
    }
    // A stable sort: equal scores keep the order of the names.
    scored.sort_by(|(a, ..), (b, ..)| b.cmp(a));
    let unit = match edition.unit_of_measure {
        ScoreUnit::Points => DeltaUnit::Points,
        ScoreUnit::Percent => DeltaUnit::PercentagePoints,
    };
    let ranks = ranks(scored.iter().map(|(score, ..)| score), edition.tie_rule);
    let standings: Vec<Standing> = ranks
        .into_iter()
        .zip(scored)
        .map(|((rank, tied), (_, unit_id, unit_name, total, published_rank))| Standing {
            rank,
            tied,
            unit_id,
            unit_name,
            band: edition.band(&total.score).map(|band| band.label.clone()),
            published_rank,
            base: None,
            delta: Delta::new_arrival(unit),
            contribution_deltas: without_base(&total),
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
        standing.base = base.map(|base| Base { rank: base.rank, score: base.total.score.clone() });
        standing.delta = Delta::of(standing);
        standing.contribution_deltas = match base {
            Some(base) => contribution_deltas(&standing.total, &base.total),
            None => without_base(&standing.total),
        };
    }
    current
}

/// The number that ranks: the exact score, or what the edition prints of it.
fn rank_score(score: &Exact, edition: &Edition) -> Exact {
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
        let score = &standing.total.score - &base.score;
        // By the size of the base: from −4 to −2 is a rise of 50 %.
        let size = if base.score.is_negative() { -&base.score } else { base.score.clone() };
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
    total.components.clone()
}

/// The components of both sides; one that a side lacks counts zero there, so that the deltas add up.
fn contribution_deltas(now: &Total, base: &Total) -> Vec<ContributionDelta> {
    let (mut components, base) = (parts(now), parts(base));
    let named: HashSet<Option<String>> = components.iter().map(|c| c.criterion.clone()).collect();
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
mod tests {
    use super::*;
    use crate::{
        domain::editions::{Band, Method},
        service::totals::{
            TotalSource,
            tests::{edition, exact},
        },
    };

    fn entry(id: &str, name: &str, score: &str) -> Entry {
        let total = Total { score: exact(score), source: TotalSource::Stored, components: vec![] };
        Entry { unit_id: id.to_owned(), unit_name: name.to_owned(), result: Ok(total), published_rank: None }
    }

    fn points() -> Edition {
        edition(Method::Points, ScoreUnit::Points, &[])
    }

    fn cities(rule: TieRule) -> Vec<(u32, bool, String)> {
        let entries = vec![
            entry("1", "Hồ Chí Minh", "7"),
            entry("2", "Hà Nội", "8.0"),
            entry("3", "Đà Nẵng", "8"),
            entry("4", "Cần Thơ", "9"),
        ];
        let ranking = rank(entries, &Edition { tie_rule: rule, ..points() });
        ranking.standings.into_iter().map(|s| (s.rank, s.tied, s.unit_name)).collect()
    }

    fn one(score: &str, edition: &Edition) -> Ranking {
        rank(vec![entry("a", "A", score)], edition)
    }

    fn delta(score: &str, base: &str) -> Delta {
        let moved = compare(one(score, &points()), &one(base, &points()));
        moved.standings.into_iter().next().unwrap().delta
    }

    #[test]
    fn equal_scores_share_a_rank_as_the_rule_says() {
        let order = ["Cần Thơ", "Đà Nẵng", "Hà Nội", "Hồ Chí Minh"];
        for (rule, ranks, tied) in [
            (TieRule::Competition, [1, 2, 2, 4], [false, true, true, false]),
            (TieRule::Dense, [1, 2, 2, 3], [false, true, true, false]),
            (TieRule::Ordinal, [1, 2, 3, 4], [false; 4]),
        ] {
            let expected: Vec<_> = ranks
                .into_iter()
                .zip(tied)
                .zip(order)
                .map(|((r, t), name)| (r, t, name.to_owned()))
                .collect();
            assert_eq!(cities(rule), expected, "{rule}");
        }
    }

    #[test]
    fn ordinal_breaks_ties_by_the_vietnamese_alphabet_then_by_id() {
        let names = ["Hồ Chí Minh", "Đà Nẵng", "Hà Nội", "Cần Thơ"];
        let mut entries: Vec<Entry> = names.iter().map(|name| entry(name, name, "5")).collect();
        entries.extend([entry("y", "An", "5"), entry("x", "An", "5")]);
        let ranking = rank(entries, &Edition { tie_rule: TieRule::Ordinal, ..points() });
        let ids: Vec<&str> = ranking.standings.iter().map(|s| s.unit_id.as_str()).collect();
        assert_eq!(ids, ["x", "y", "Cần Thơ", "Đà Nẵng", "Hà Nội", "Hồ Chí Minh"]);
        let ranks: Vec<u32> = ranking.standings.iter().map(|s| s.rank).collect();
        assert_eq!(ranks, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn rank_decimals_make_ties_of_what_prints_alike() {
        let entries =
            || vec![entry("a", "B", "79.994"), entry("b", "A", "79.9850000001"), entry("c", "C", "79.984")];
        let ranks = |edition: &Edition| -> Vec<(u32, String)> {
            rank(entries(), edition).standings.into_iter().map(|s| (s.rank, s.unit_id)).collect()
        };
        let named = |ranks: [(u32, &str); 3]| ranks.map(|(rank, id)| (rank, id.to_owned())).to_vec();
        assert_eq!(ranks(&points()), named([(1, "a"), (2, "b"), (3, "c")]));
        let printed = Edition { rank_decimals: Some(2), ..points() };
        assert_eq!(ranks(&printed), named([(1, "b"), (1, "a"), (3, "c")]));
    }

    #[test]
    fn bands_are_read_off_the_exact_score() {
        let band = |label: &str, from: Option<&str>, to: Option<&str>| Band {
            label: label.to_owned(),
            from: from.map(exact),
            to: to.map(exact),
        };
        let bands = vec![band("Khá", Some("65"), Some("80")), band("Tốt", Some("80"), None)];
        let edition = Edition { bands, decimals: 2, rank_decimals: Some(2), ..points() };
        for (score, label) in [
            ("80", Some("Tốt")),
            ("79.999", Some("Khá")),
            ("80.00", Some("Tốt")),
            ("65", Some("Khá")),
            ("64.99999", None),
        ] {
            let ranking = one(score, &edition);
            assert_eq!(ranking.standings.first().unwrap().band.as_deref(), label, "{score}");
        }
    }

    #[test]
    fn a_delta_is_exact_and_its_percentage_follows_its_sign() {
        let pci = delta("64.9552993774414", "66.39044952392578");
        assert_eq!(pci.score, Some(exact("-1.43515014648438")));
        assert_eq!(pci.relative_percent.unwrap().to_fixed(2), "-2.16");
        assert_eq!(delta("-2", "-4").relative_percent, Some(exact("50")));
        assert_eq!(delta("-6", "-4").relative_percent, Some(exact("-50")));
        assert_eq!(delta("5", "0").relative_percent, None);
        assert_eq!(delta("5", "0").score, Some(exact("5")));
    }

    #[test]
    fn a_score_may_rise_while_the_rank_falls() {
        let base = rank(vec![entry("a", "A", "8"), entry("b", "B", "7")], &points());
        let now = rank(vec![entry("a", "A", "8.5"), entry("b", "B", "9"), entry("c", "C", "1")], &points());
        let moved = compare(now, &base);
        let found: Vec<_> = moved
            .standings
            .iter()
            .map(|s| (s.unit_id.as_str(), s.delta.rank_change, s.delta.direction, s.delta.score.clone()))
            .collect();
        assert_eq!(
            found,
            [
                ("b", Some(1), Direction::Up, Some(exact("2"))),
                ("a", Some(-1), Direction::Down, Some(exact("0.5"))),
                ("c", None, Direction::New, None),
            ]
        );
    }

    #[test]
    fn the_unit_of_a_delta_follows_the_index() {
        let percent = edition(Method::Points, ScoreUnit::Percent, &[]);
        let unit = |edition: &Edition| one("1", edition).standings.first().unwrap().delta.unit;
        assert_eq!(unit(&percent), DeltaUnit::PercentagePoints);
        assert_eq!(unit(&points()), DeltaUnit::Points);
    }

    #[test]
    fn units_without_a_total_are_listed_and_not_counted() {
        let missing = |id: &str, name: &str, reason| Entry { result: Err(reason), ..entry(id, name, "0") };
        let entries = vec![
            missing("h", "Hà Nội", Unranked::NoScores),
            entry("a", "A", "-3"),
            missing("d", "Đà Nẵng", Unranked::NotInExistence),
        ];
        let ranking = rank(entries, &points());
        assert_eq!(ranking.cohort_size, 1);
        let left: Vec<_> = ranking.unranked.iter().map(|u| (u.unit_id.as_str(), u.reason)).collect();
        assert_eq!(left, [("d", Unranked::NotInExistence), ("h", Unranked::NoScores)]);
        assert_eq!(rank(vec![], &points()), Ranking { standings: vec![], unranked: vec![], cohort_size: 0 });
    }

    #[test]
    fn a_side_without_components_is_a_residual_as_a_whole() {
        let named = |code: Option<&str>, contribution: &str| Component {
            criterion: code.map(str::to_owned),
            kind: if code.is_some() { ComponentKind::Criterion } else { ComponentKind::Residual },
            score: code.map(|_| exact(contribution)),
            contribution: exact(contribution),
        };
        let with = |components: Vec<Component>| Total {
            score: components.iter().map(|c| &c.contribution).sum(),
            source: TotalSource::Stored,
            components,
        };
        let deltas = |now: &Total, base: &Total| -> Vec<(Option<String>, String, String)> {
            contribution_deltas(now, base)
                .into_iter()
                .map(|c| (c.criterion, c.contribution.to_string(), c.contribution_delta.unwrap().to_string()))
                .collect()
        };
        let row = |code: Option<&str>, contribution: &str, delta: &str| {
            (code.map(str::to_owned), contribution.to_owned(), delta.to_owned())
        };
        let rich = with(vec![named(Some("x"), "4"), named(Some("y"), "2"), named(None, "0.5")]);
        let other = with(vec![named(Some("y"), "3"), named(Some("z"), "1"), named(None, "-1")]);
        let bare = Total { score: exact("6"), source: TotalSource::Stored, components: vec![] };
        assert_eq!(
            deltas(&bare, &rich),
            [row(Some("x"), "0", "-4"), row(Some("y"), "0", "-2"), row(None, "6", "5.5")]
        );
        assert_eq!(
            deltas(&rich, &bare),
            [row(Some("x"), "4", "4"), row(Some("y"), "2", "2"), row(None, "0.5", "-5.5")]
        );
        assert_eq!(deltas(&bare, &bare), [row(None, "6", "0")]);
        assert_eq!(
            deltas(&rich, &other),
            [
                row(Some("x"), "4", "4"),
                row(Some("y"), "2", "-1"),
                row(Some("z"), "0", "-1"),
                row(None, "0.5", "1.5")
            ]
        );
    }
}
