//! Facts about every explanation: places and contributions add up under each tie rule, the lists say what the ranks
//! say, and the points that are named give the rank while a step less does not.

use proptest::prelude::*;

use super::*;
use crate::{
    domain::editions::{Method, ScoreUnit},
    service::{
        rank_thresholds::step,
        rankings::{Entry, compare, rank},
        totals::{
            Total, TotalSource, Unranked,
            tests::{edition, exact},
        },
    },
};

const UNITS: usize = 9;
const NAMES: &[&str] = &["Cần Thơ", "Đà Nẵng", "Hà Nội", "Hồ Chí Minh"];

/// Few distinct numbers on both sides of zero, so that ties are common.
fn score() -> impl Strategy<Value = Exact> {
    let whole = -2i64..4;
    let tail =
        prop_oneof![4 => Just("0"), 1 => Just("0.4"), 1 => Just("0.5"), 1 => Just("0.000000000000001")];
    (whole, tail).prop_map(|(whole, tail)| &Exact::from(whole) + &exact(tail))
}

fn hard_edition() -> impl Strategy<Value = Edition> {
    (
        prop_oneof![Just(TieRule::Competition), Just(TieRule::Dense), Just(TieRule::Ordinal)],
        prop_oneof![3 => Just(None), 1 => (0u8..2).prop_map(Some)],
    )
        .prop_map(|(tie_rule, rank_decimals)| Edition {
            tie_rule,
            rank_decimals,
            ..edition(Method::Points, ScoreUnit::Points, &[])
        })
}

/// A year: each unit has a score, or none.
fn year() -> impl Strategy<Value = (Edition, Vec<Option<Exact>>)> {
    (
        hard_edition(),
        proptest::collection::vec(prop_oneof![5 => score().prop_map(Some), 1 => Just(None)], UNITS),
    )
}

fn entries(scores: &[Option<Exact>]) -> Vec<Entry> {
    let total =
        |score: &Exact| Total { score: score.clone(), source: TotalSource::Stored, components: [].into() };
    scores
        .iter()
        .enumerate()
        .map(|(i, score)| Entry {
            unit_id: format!("u{i}"),
            unit_name: (*NAMES.get(i % NAMES.len()).unwrap()).to_owned(),
            result: score.as_ref().map(total).ok_or(Unranked::NoScores),
            published_rank: None,
        })
        .collect()
}

/// The rank of the unit `i` with extra points.
fn rank_with_extra(scores: &[Option<Exact>], i: usize, extra: &Exact, edition: &Edition) -> u32 {
    let mut scores = scores.to_vec();
    let raised = scores.get_mut(i).unwrap();
    *raised = raised.as_ref().map(|score| score + extra);
    let ranking = rank(entries(&scores), edition);
    ranking.standings.iter().find(|s| s.unit_id == format!("u{i}")).unwrap().rank
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn places_and_contributions_add_up((now, scores) in year(), (then, before) in year()) {
        let base = rank(entries(&before), &then);
        let ranking = compare(rank(entries(&scores), &now), &base);
        let (year, base) = (Year { ranking: &ranking, edition: &now }, Year { ranking: &base, edition: &then });
        for standing in &ranking.standings {
            let explanation = explain(year, Some(base), &standing.unit_id).unwrap();
            let checks = explanation.checks();
            prop_assert_eq!(checks.len(), if standing.base.is_some() { 2 } else { 0 });
            prop_assert!(checks.iter().all(ExactCheck::holds), "{:?} {:?}", standing.unit_id, checks);
            let moves = &explanation.moves;
            let both = |m: &Mover| m.now.is_some() && m.base.is_some();
            prop_assert!(moves.overtook.iter().chain(&moves.overtaken_by).all(both));
            prop_assert!(moves.arrivals.iter().all(|m| m.base.is_none()));
            prop_assert!(moves.departures.iter().all(|m| m.now.is_none()));
        }
    }

    #[test]
    fn the_lists_say_what_the_ranks_say((now, scores) in year(), (then, before) in year()) {
        let base = rank(entries(&before), &then);
        let ranking = compare(rank(entries(&scores), &now), &base);
        let (year, from) = (Year { ranking: &ranking, edition: &now }, Year { ranking: &base, edition: &then });
        let rank_in = |of: &Ranking, id: &str| of.standings.iter().find(|s| s.unit_id == id).map(|s| s.rank);
        for standing in ranking.standings.iter().filter(|s| s.base.is_some()) {
            let explanation = explain(year, Some(from), &standing.unit_id).unwrap();
            let (mine, was) = (standing.rank, standing.base.as_ref().unwrap().rank);
            let mut want = (vec![], vec![], vec![], vec![]);
            for i in 0..UNITS {
                let id = format!("u{i}");
                match (rank_in(&base, &id), rank_in(&ranking, &id)) {
                    (Some(b), Some(n)) if b < was && n > mine => want.0.push(id),
                    (Some(b), Some(n)) if b > was && n < mine => want.1.push(id),
                    (None, Some(n)) if n < mine => want.2.push(id),
                    (Some(b), None) if b < was => want.3.push(id),
                    _ => {}
                }
            }
            let ids = |movers: &[Mover]| {
                let mut ids: Vec<String> = movers.iter().map(|m| m.either().unwrap().unit_id.clone()).collect();
                ids.sort();
                ids
            };
            let moves = &explanation.moves;
            let got = (ids(&moves.overtook), ids(&moves.overtaken_by), ids(&moves.arrivals), ids(&moves.departures));
            prop_assert_eq!(got, want);
        }
    }

    #[test]
    fn the_points_named_give_the_rank_and_a_step_less_does_not(
        (now, scores) in year(), (then, before) in year(),
    ) {
        let base = rank(entries(&before), &then);
        let ranking = compare(rank(entries(&scores), &now), &base);
        let (year, from) = (Year { ranking: &ranking, edition: &now }, Year { ranking: &base, edition: &then });
        for standing in &ranking.standings {
            let i: usize = standing.unit_id.trim_start_matches('u').parse().unwrap();
            let explanation = explain(year, Some(from), &standing.unit_id).unwrap();
            let next = (explanation.points_to_next_rank.clone(), explanation.next_rank);
            prop_assert_eq!(next.0.is_some(), standing.rank > 1);
            if let (Some(extra), Some(rank)) = next {
                prop_assert!(rank < standing.rank);
                prop_assert_eq!(rank_with_extra(&scores, i, &extra, &now), rank);
                prop_assert_eq!(rank_with_extra(&scores, i, &(&extra - &step()), &now), standing.rank);
            }
            let was = standing.base.as_ref().map(|base| base.rank).filter(|rank| *rank < standing.rank);
            prop_assert_eq!(explanation.points_to_keep_rank.is_some(), was.is_some());
            if let (Some(extra), Some(was)) = (explanation.points_to_keep_rank, was) {
                prop_assert!(rank_with_extra(&scores, i, &extra, &now) <= was);
                prop_assert!(rank_with_extra(&scores, i, &(&extra - &step()), &now) > was);
            }
        }
    }
}
