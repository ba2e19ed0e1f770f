//! A target is what it says: applied as a simulation it gives the goal, and a step less does not.

use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        criteria::Polarity,
        editions::{Band, Cohort, TieRule},
    },
    service::{
        rank_target_search::step_decimals,
        rank_thresholds::step,
        simulations::tests::{Given, sheet},
        totals::tests::{edition, exact},
    },
};

/// Two areas, one of them with criteria below it.
fn hard_edition() -> impl Strategy<Value = Edition> {
    let criteria = [("a", "", "9", "60"), ("a1", "a", "5", ""), ("a2", "a", "4", ""), ("b", "", "12", "40")];
    (
        prop_oneof![Just(Method::Points), Just(Method::Weighted)],
        prop_oneof![Just(ScoreUnit::Points), Just(ScoreUnit::Percent)],
        prop_oneof![Just(TieRule::Competition), Just(TieRule::Dense), Just(TieRule::Ordinal)],
        prop_oneof![2 => Just(None), 1 => (0u8..2).prop_map(Some)],
    )
        .prop_map(move |(method, unit, tie_rule, rank_decimals)| {
            let band = |label: &str, from: Option<&str>, to: Option<&str>| Band {
                label: label.to_owned(),
                from: from.map(exact),
                to: to.map(exact),
            };
            let bands = vec![band("low", None, Some("12.5")), band("high", Some("12.5"), None)];
            Edition { tie_rule, rank_decimals, bands, ..edition(method, unit, &criteria) }
        })
}

/// Scores of `a1`, `a2`, `b` in tenths, and whether a total is stored beside them.
type Scores = (u32, u32, u32, Option<u32>);

/// Scores of `a1`, `a2`, `b` without bounds, of either sign, and how many times larger each is than these.
type Values = (Vec<[i64; 3]>, [&'static str; 3]);

fn unbounded() -> impl Strategy<Value = (Edition, Values)> {
    let criteria = [("a", "", "", ""), ("a1", "a", "", ""), ("a2", "a", "", ""), ("b", "", "", "")];
    let times = || prop_oneof![Just("1"), Just("1e9"), Just("0.001")];
    let unit = [-10i64..=10, -10i64..=10, -10i64..=10];
    (
        hard_edition(),
        prop_oneof![1 => Just(Method::Points), 3 => Just(Method::Normalised)],
        any::<[bool; 4]>(),
        proptest::collection::vec(unit, 2..6),
        [times(), times(), times()],
    )
        .prop_map(move |(hard, method, negative, units, times)| {
            let mut edition = edition(method, ScoreUnit::Points, &criteria);
            (edition.tie_rule, edition.rank_decimals, edition.bands) =
                (hard.tie_rule, hard.rank_decimals, hard.bands);
            for (criterion, _) in edition.criteria.iter_mut().zip(negative).filter(|(_, negative)| *negative)
            {
                criterion.polarity = Polarity::Negative;
            }
            (edition, (units, times))
        })
}

fn scores_of<'a>(a1: &'a str, a2: &'a str, b: &'a str) -> [(&'a str, &'a str); 3] {
    [("a1", a1), ("a2", a2), ("b", b)]
}

fn sheet_of_values(edition: Edition, (units, times): &Values) -> Sheet {
    let texts: Vec<(String, [String; 3])> = units
        .iter()
        .enumerate()
        .map(|(i, values)| {
            let text = |k: usize| (&Exact::from(values[k]) * &exact(times[k])).to_string();
            (format!("u{i}"), [text(0), text(1), text(2)])
        })
        .collect();
    let scores: Vec<[(&str, &str); 3]> = texts.iter().map(|(_, [a1, a2, b])| scores_of(a1, a2, b)).collect();
    let rows: Vec<Given<'_>> =
        texts.iter().zip(&scores).map(|((id, _), scores)| (id.as_str(), "", scores.as_slice())).collect();
    sheet(edition, &rows)
}

fn cohort() -> impl Strategy<Value = Vec<Scores>> {
    let unit =
        (0u32..=50, 0u32..=40, 0u32..=120, prop_oneof![2 => Just(None), 1 => (0u32..=210).prop_map(Some)]);
    proptest::collection::vec(unit, 2..6)
}

fn sheet_of(edition: Edition, units: &[Scores]) -> Sheet {
    let tenth = |value: u32| (&Exact::from(i64::from(value)) * &Exact::unit_of(1)).to_string();
    let texts: Vec<_> = units
        .iter()
        .enumerate()
        .map(|(i, (a1, a2, b, total))| {
            let scores = [("a1", tenth(*a1)), ("a2", tenth(*a2)), ("b", tenth(*b))];
            (format!("u{i}"), total.map(tenth).unwrap_or_default(), scores)
        })
        .collect();
    let scores: Vec<Vec<_>> = texts
        .iter()
        .map(|(.., scores)| scores.iter().map(|(code, score)| (*code, score.as_str())).collect())
        .collect();
    let rows: Vec<Given<'_>> = texts
        .iter()
        .zip(&scores)
        .map(|((id, total, _), scores)| (id.as_str(), total.as_str(), scores.as_slice()))
        .collect();
    sheet(edition, &rows)
}

/// Whether a goal is reached with a score.
fn reaches(sheet: &Sheet, criterion: Option<&str>, score: &Exact, goal: &Goal) -> bool {
    let criterion = criterion.map(str::to_owned);
    let change = Change { unit_id: "u0".to_owned(), criterion, score: score.clone() };
    let ranking = simulations::apply(sheet, &[change]).unwrap().standings();
    let found = ranking.standings.iter().find(|s| s.unit_id == "u0").unwrap();
    match goal {
        Goal::Rank(rank) => found.rank <= *rank,
        Goal::Band(label) => found.band.as_ref() == Some(label),
    }
}

/// A score of a criterion beyond all others, by far more than they lie apart. Further off still, quotients of twenty
/// decimals would call those equal that only come near each other.
fn far_off(sheet: &Sheet, code: &str, falls: bool) -> Exact {
    let criteria = sheet.rows.iter().flat_map(|row| &row.scores.criteria);
    let scores = criteria.filter(|score| score.criterion == code).filter_map(|score| score.score.clone());
    let (least, most) =
        (scores.clone().min().unwrap_or_else(Exact::zero), scores.max().unwrap_or_else(Exact::zero));
    let way = &(&most - &least).max(Exact::from(1)) * &exact("1e11");
    if falls { &least - &way } else { &most + &way }
}

/// That the target of `u0` is the least that gives a goal.
fn is_least(sheet: &Sheet, goal: &Goal) -> std::result::Result<(), TestCaseError> {
    let ranking = sheet.standings();
    let target = target(sheet, &ranking, "u0", goal).unwrap();
    let score = &ranking.standings.iter().find(|s| s.unit_id == "u0").unwrap().total.score;
    let total = score + &target.gain;
    if target.gain.is_zero() {
        prop_assert!(reaches(sheet, None, score, goal));
        prop_assert!(target.criteria.is_empty());
    } else if target.out_of_reach.is_none() {
        prop_assert!(reaches(sheet, None, &total, goal));
        prop_assert!(!reaches(sheet, None, &(&total - &step()), goal));
    }
    for criterion in &target.criteria {
        let code = Some(criterion.criterion.as_str());
        let falls = less_is_better(&sheet.edition, sheet.edition.criterion(&criterion.criterion).unwrap());
        let far = far_off(sheet, &criterion.criterion, falls);
        let best = criterion.maximum.as_ref().filter(|_| !falls).unwrap_or(&far);
        match &criterion.needed {
            Ok(needed) => {
                let gains = criterion.score.as_ref().is_some_and(|score| (needed < score) == falls);
                prop_assert!(gains && Some(needed) != criterion.score.as_ref(), "{criterion:?}");
                prop_assert!(criterion.maximum.as_ref().is_none_or(|most| needed <= most), "{criterion:?}");
                prop_assert!(Exact::parse(&needed.to_string()).is_ok(), "a request carries {needed}");
                prop_assert!(reaches(sheet, code, needed, goal), "{criterion:?}");
                let step = Exact::unit_of(step_decimals(needed));
                let short = if falls { needed + &step } else { needed - &step };
                prop_assert!(!reaches(sheet, code, &short, goal), "{criterion:?}");
            }
            Err(OutOfReach::NotApplicable) => prop_assert_eq!(code, Some("a2")),
            Err(why) => {
                prop_assert!(!reaches(sheet, code, best, goal), "{criterion:?}");
                prop_assert!(*why != OutOfReach::BelowMinimum, "{criterion:?}");
                prop_assert!(
                    *why != OutOfReach::AboveMaximum || criterion.maximum.is_some(),
                    "{criterion:?}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_target_reaches_its_goal_and_a_step_less_does_not(
        edition in hard_edition(), units in cohort(), rank in 1u32..=2, by_band in any::<bool>(),
    ) {
        let goal = if by_band { Goal::Band("high".to_owned()) } else { Goal::Rank(rank) };
        is_least(&sheet_of(edition, &units), &goal)?;
    }

    #[test]
    fn so_it_does_without_bounds_whatever_the_size_and_the_sign(
        (edition, values) in unbounded(), rank in 1u32..=2, by_band in any::<bool>(),
    ) {
        let goal = if by_band { Goal::Band("high".to_owned()) } else { Goal::Rank(rank) };
        is_least(&sheet_of_values(edition, &values), &goal)?;
    }

    #[test]
    fn so_it_does_where_points_are_scaled_for_what_does_not_apply(
        edition in hard_edition(), units in cohort(), out in any::<[bool; 6]>(), rank in 1u32..=2,
    ) {
        let mut sheet = sheet_of(Edition { rescale_not_applicable: true, ..edition }, &units);
        for (row, _) in sheet.rows.iter_mut().zip(out).filter(|(_, out)| *out) {
            for score in row.scores.criteria.iter_mut().filter(|s| s.criterion == "a2") {
                score.score = None;
                score.applicable = false;
            }
        }
        is_least(&sheet, &Goal::Rank(rank))?;
    }

    #[test]
    fn a_simulation_without_changes_is_the_ranking(edition in hard_edition(), units in cohort()) {
        let sheet = sheet_of(edition, &units);
        prop_assert_eq!(simulations::apply(&sheet, &[]).unwrap().standings(), sheet.standings());
    }

    #[test]
    fn the_same_score_again_changes_nothing(edition in hard_edition(), units in cohort()) {
        let sheet = sheet_of(edition, &units);
        let change = |code: &str| {
            let row = sheet.rows.first().unwrap();
            let score = row.scores.criteria.iter().find(|s| s.criterion == code).unwrap().score.clone().unwrap();
            Change { unit_id: "u0".to_owned(), criterion: Some(code.to_owned()), score }
        };
        let changes = ["a1", "a2", "b"].map(change);
        prop_assert_eq!(simulations::apply(&sheet, &changes).unwrap().standings(), sheet.standings());
    }

    #[test]
    fn the_order_of_cohorts_and_changes_is_nothing(edition in hard_edition(), units in cohort()) {
        let sheet = sheet_of(edition, &units);
        let mut turned = sheet.clone();
        turned.rows.reverse();
        turned.edition.cohorts = vec![sheet.cohort.clone(), Cohort { code: "d".to_owned(), ..sheet.cohort.clone() }];
        turned.edition.cohorts.reverse();
        prop_assert_eq!(turned.standings(), sheet.standings());
        let change = |unit: &str, code: &str, score: i64| {
            let (unit_id, criterion) = (unit.to_owned(), Some(code.to_owned()));
            Change { unit_id, criterion, score: Exact::from(score) }
        };
        let mut changes = vec![change("u0", "a1", 2), change("u1", "b", 3), change("u0", "b", 1)];
        let one = simulations::apply(&sheet, &changes).unwrap().standings();
        changes.reverse();
        prop_assert_eq!(simulations::apply(&turned, &changes).unwrap().standings(), one);
    }
}

#[test]
fn normalised_indicators_are_tried_on_the_whole_cohort() {
    let criteria = [("a", "", "", ""), ("a1", "a", "", ""), ("a2", "a", "", ""), ("b", "", "10", "")];
    let mut edition = edition(Method::Normalised, ScoreUnit::Points, &criteria);
    for criterion in edition.criteria.iter_mut().filter(|c| c.code == "a2") {
        criterion.polarity = Polarity::Negative;
    }
    let units: [Given<'_>; 3] = [
        ("u0", "", &[("a1", "30"), ("a2", "22"), ("b", "5")]),
        ("u1", "", &[("a1", "50"), ("a2", "12"), ("b", "6")]),
        ("u2", "", &[("a1", "35"), ("a2", "25"), ("b", "5.2")]),
    ];
    let sheet = sheet(edition, &units);
    let goal = Goal::Rank(2);
    let target = target(&sheet, &sheet.standings(), "u0", &goal).unwrap();
    let needed = |code: &str| &target.criteria.iter().find(|c| c.criterion == code).unwrap().needed;
    for (code, less) in [("a1", false), ("a2", true), ("b", false)] {
        let score = needed(code).as_ref().unwrap();
        assert!(reaches(&sheet, Some(code), score, &goal), "{code} {score}");
        let short = if less { score + &step() } else { score - &step() };
        assert!(!reaches(&sheet, Some(code), &short, &goal), "{code} {score}");
    }
    assert!(needed("a2").as_ref().unwrap() < &exact("22"), "less of it is better");
}
