//! Facts about every ranking, checked against counting by hand: ties, digits far out, negatives, gaps.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;
use crate::{
    domain::editions::{Criterion, Method},
    service::totals::{
        CriterionScore, TotalSource,
        tests::{edition, exact},
        total,
    },
};

const NAMES: &[&str] =
    &["Cần Thơ", "Đà Nẵng", "Da Nang", "Hà Nội", "Hà Nô\u{323}i", "Hồ Chí Minh", "Ân", "Ăn"];
const AREAS: &[&str] = &["a", "b", "c"];

/// Few distinct numbers, so that ties are common, some apart only in the fifteenth digit.
fn hard_score() -> impl Strategy<Value = Exact> {
    let whole = prop_oneof![Just(0), Just(80), -3i64..4, 63i64..66];
    let tail = prop_oneof![
        4 => Just("0"),
        2 => prop_oneof![Just("1e-15"), Just("-1e-15"), Just("2e-15"), Just("0.000000000000010")],
        1 => prop_oneof![Just("0.5"), Just("0.005"), Just("0.004999999999999"), Just("-0.005")],
    ];
    (whole, tail).prop_map(|(whole, tail)| &Exact::from(whole) + &exact(tail))
}

fn hard_edition() -> impl Strategy<Value = Edition> {
    let criteria = proptest::collection::vec((1i64..22, 1i64..40), 0..=AREAS.len());
    (
        prop_oneof![Just(Method::Points), Just(Method::Weighted)],
        prop_oneof![Just(ScoreUnit::Points), Just(ScoreUnit::Percent)],
        prop_oneof![Just(TieRule::Competition), Just(TieRule::Dense), Just(TieRule::Ordinal)],
        prop_oneof![3 => Just(None), 1 => (0u8..4).prop_map(Some)],
        criteria,
    )
        .prop_map(|(method, unit, tie_rule, rank_decimals, criteria)| {
            let criteria = AREAS.iter().zip(criteria).map(|(code, (maximum, weight))| Criterion {
                max_points: Some(Exact::from(maximum)),
                weight: Some(Exact::from(weight)),
                ..Criterion::new(*code, *code)
            });
            Edition { criteria: criteria.collect(), tie_rule, rank_decimals, ..edition(method, unit, &[]) }
        })
}

/// What is stored of one unit: name, total, and per area a score, nothing, or "not applicable".
type Stored = (usize, Option<Exact>, Vec<Option<Option<Exact>>>);

fn stored() -> impl Strategy<Value = Stored> {
    let area = prop_oneof![
        5 => hard_score().prop_map(|score| Some(Some(score))),
        1 => Just(Some(None)),
        1 => Just(None),
    ];
    (
        0..NAMES.len(),
        prop_oneof![3 => hard_score().prop_map(Some), 2 => Just(None)],
        prop_oneof![1 => Just(vec![]), 3 => proptest::collection::vec(area, AREAS.len())],
    )
}

fn given_scores(areas: &[Option<Option<Exact>>]) -> Vec<CriterionScore> {
    AREAS
        .iter()
        .zip(areas)
        .filter_map(|(code, area)| {
            let score = area.clone()?;
            Some(CriterionScore { criterion: (*code).to_owned(), applicable: score.is_some(), score })
        })
        .collect()
}

/// A cohort whose ids say nothing about the order in which it is given.
fn entries(units: &[Stored], edition: &Edition) -> Vec<Entry> {
    units
        .iter()
        .enumerate()
        .map(|(i, (name, stored_total, areas))| Entry {
            unit_id: format!("u{}", (i * 7) % 31),
            unit_name: (*NAMES.get(*name).unwrap()).to_owned(),
            result: total(edition, &given_scores(areas), stored_total.clone()),
            published_rank: None,
        })
        .collect()
}

fn cohort() -> impl Strategy<Value = Vec<Stored>> {
    proptest::collection::vec(stored(), 0..24)
}

/// The rank by counting, from the rule's definition alone.
fn rank_by_counting(mine: &Entry, all: &[Entry], edition: &Edition) -> usize {
    let key = |entry: &Entry| {
        let score = entry.result.as_ref().unwrap().score.clone();
        edition.rank_decimals.map_or(score.clone(), |decimals| score.round(decimals))
    };
    let ranked = || all.iter().filter(|e| e.result.is_ok());
    let better = || ranked().filter(|e| key(e) > key(mine));
    let ahead_in_a_tie = |e: &&Entry| {
        key(e) == key(mine)
            && text::compare(&e.unit_name, &mine.unit_name).then(e.unit_id.cmp(&mine.unit_id))
                == Ordering::Less
    };
    1 + match edition.tie_rule {
        TieRule::Competition => better().count(),
        TieRule::Dense => better().map(key).collect::<BTreeSet<_>>().len(),
        TieRule::Ordinal => better().count() + ranked().filter(ahead_in_a_tie).count(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn ranks_are_what_counting_gives(edition in hard_edition(), units in cohort()) {
        let entries = entries(&units, &edition);
        let ranking = rank(entries.clone(), &edition);
        prop_assert_eq!(ranking.cohort_size, entries.iter().filter(|e| e.result.is_ok()).count());
        prop_assert_eq!(ranking.cohort_size + ranking.unranked.len(), entries.len());
        for standing in &ranking.standings {
            let mine = entries.iter().find(|e| e.unit_id == standing.unit_id).unwrap();
            prop_assert_eq!(usize::try_from(standing.rank).unwrap(), rank_by_counting(mine, &entries, &edition));
            let sharing = ranking.standings.iter().filter(|s| s.rank == standing.rank).count();
            prop_assert_eq!(standing.tied, sharing > 1);
        }
        if edition.tie_rule == TieRule::Ordinal {
            let ranks: Vec<u32> = ranking.standings.iter().map(|s| s.rank).collect();
            prop_assert_eq!(ranks, (1..).take(ranking.cohort_size).collect::<Vec<u32>>());
        }
    }

    #[test]
    fn standings_list_by_rank_then_name_then_id(edition in hard_edition(), units in cohort()) {
        let ranking = rank(entries(&units, &edition), &edition);
        let by_name = |(a, x): (&str, &str), (b, y): (&str, &str)| text::compare(a, b).then(x.cmp(y));
        for pair in ranking.standings.windows(2) {
            let [first, second] = pair else { continue };
            let names = by_name((&first.unit_name, &first.unit_id), (&second.unit_name, &second.unit_id));
            prop_assert_eq!(first.rank.cmp(&second.rank).then(names), Ordering::Less);
        }
        for pair in ranking.unranked.windows(2) {
            let [first, second] = pair else { continue };
            let names = by_name((&first.unit_name, &first.unit_id), (&second.unit_name, &second.unit_id));
            prop_assert_eq!(names, Ordering::Less);
        }
    }

    #[test]
    fn the_order_of_the_input_is_nothing(
        (edition, units, shuffled) in (hard_edition(), cohort()).prop_flat_map(|(edition, units)| {
            let entries = entries(&units, &edition);
            (Just(edition), Just(entries.clone()), Just(entries).prop_shuffle())
        })
    ) {
        prop_assert_eq!(rank(units, &edition), rank(shuffled, &edition));
    }

    #[test]
    fn contributions_add_up_to_the_score(edition in hard_edition(), unit in stored()) {
        let (_, stored_total, areas) = &unit;
        if let Ok(total) = total(&edition, &given_scores(areas), stored_total.clone()) {
            let sum: Exact = total.components.iter().map(|c| &c.contribution).sum();
            prop_assert!(total.components.is_empty() || sum == total.score);
            prop_assert!(total.source == TotalSource::Stored || !total.components.is_empty());
            prop_assert_eq!(stored_total.is_some(), total.source == TotalSource::Stored);
        }
    }

    #[test]
    fn the_same_share_of_every_maximum_is_that_share_of_a_hundred(
        edition in hard_edition(), share in 0i64..=1000, out in 0..AREAS.len(),
    ) {
        let edition = Edition { unit_of_measure: ScoreUnit::Percent, ..edition };
        let share = Exact::from(share).quotient(&Exact::from(1000)).unwrap();
        let scores: Vec<CriterionScore> = edition
            .areas()
            .enumerate()
            .map(|(i, area)| CriterionScore {
                criterion: area.code.clone(),
                score: (i != out).then(|| area.max_points.as_ref().unwrap() * &share),
                applicable: i != out,
            })
            .collect();
        prop_assume!(scores.iter().any(|s| s.applicable));
        prop_assert_eq!(total(&edition, &scores, None).unwrap().score, &Exact::from(100) * &share);
    }

    #[test]
    fn contribution_deltas_add_up_to_the_delta(
        (now, then) in (hard_edition(), hard_edition()), units in cohort(), before in cohort(),
    ) {
        let base = rank(entries(&before, &then), &then);
        let ranking = compare(rank(entries(&units, &now), &now), &base);
        for standing in &ranking.standings {
            let in_base = base.standings.iter().find(|s| s.unit_id == standing.unit_id);
            prop_assert_eq!(in_base.map(|s| (s.rank, &s.total.score)), standing.base.as_ref().map(|b| (b.rank, &b.total.score)));
            let told = standing.contribution_deltas();
            let listed: Exact = told.iter().map(|c| &c.contribution).sum();
            if let Some(delta) = &standing.delta.score {
                let deltas: Option<Vec<&Exact>> =
                    told.iter().map(|c| c.contribution_delta.as_ref()).collect();
                prop_assert_eq!(&deltas.unwrap().into_iter().sum::<Exact>(), delta);
                prop_assert_eq!(&listed, &standing.total.score);
            } else {
                prop_assert_eq!(standing.delta.direction, Direction::New);
                prop_assert!(told.iter().all(|c| c.contribution_delta.is_none()));
            }
        }
    }

    #[test]
    fn deltas_turn_round_with_the_sides(edition in hard_edition(), units in cohort(), before in cohort()) {
        let (now, then) = (rank(entries(&units, &edition), &edition), rank(entries(&before, &edition), &edition));
        let (there, back) = (compare(now.clone(), &then), compare(then, &now));
        let back: HashMap<&str, &Standing> = back.standings.iter().map(|s| (s.unit_id.as_str(), s)).collect();
        for standing in &there.standings {
            let Some(other) = back.get(standing.unit_id.as_str()) else {
                prop_assert_eq!(standing.delta.direction, Direction::New);
                continue;
            };
            let (mine, theirs) = (&standing.delta, &other.delta);
            prop_assert_eq!(mine.score.as_ref().map(|s| -s), theirs.score.clone());
            prop_assert_eq!(mine.rank_change.map(|c| -c), theirs.rank_change);
            let turned = match mine.direction {
                Direction::Up => Direction::Down,
                Direction::Down => Direction::Up,
                other => other,
            };
            prop_assert_eq!(turned, theirs.direction);
            let (told, others) = (standing.contribution_deltas(), other.contribution_deltas());
            let gave: HashMap<_, _> = others.iter().map(|c| (&c.criterion, &c.contribution_delta)).collect();
            prop_assert_eq!(gave.len(), told.len());
            for component in &told {
                let turned = component.contribution_delta.as_ref().map(|d| -d);
                prop_assert_eq!(gave.get(&component.criterion), Some(&&turned));
            }
        }
    }

    #[test]
    fn a_shift_of_all_scores_moves_no_rank(edition in hard_edition(), units in cohort(), shift in hard_score()) {
        let edition = Edition { rank_decimals: None, ..edition };
        let entries = entries(&units, &edition);
        let mut shifted = entries.clone();
        for total in shifted.iter_mut().filter_map(|entry| entry.result.as_mut().ok()) {
            total.score = &total.score + &shift;
        }
        let places = |entries| -> Vec<(u32, bool, String)> {
            let standings = rank(entries, &edition).standings;
            standings.into_iter().map(|s| (s.rank, s.tied, s.unit_id)).collect()
        };
        prop_assert_eq!(places(entries), places(shifted));
    }

    #[test]
    fn dense_ranks_are_never_worse_than_competition_ranks_nor_these_than_ordinal_ones(
        edition in hard_edition(), units in cohort(),
    ) {
        let entries = entries(&units, &edition);
        let by = |tie_rule| -> HashMap<String, u32> {
            let ranking = rank(entries.clone(), &Edition { tie_rule, ..edition.clone() });
            ranking.standings.into_iter().map(|s| (s.unit_id, s.rank)).collect()
        };
        let (dense, competition, ordinal) = (by(TieRule::Dense), by(TieRule::Competition), by(TieRule::Ordinal));
        for (unit, rank) in &competition {
            prop_assert!(dense.get(unit).unwrap() <= rank && rank <= ordinal.get(unit).unwrap());
        }
    }
}
