//! Totals and their components against sums worked out by hand.

use super::*;
use crate::domain::{
    edition_cycle::EditionState,
    editions::{EditionStatus, TieRule},
};

pub(in crate::service) fn exact(text: &str) -> Exact {
    Exact::parse(text).unwrap()
}

/// An edition with criteria from `(code, parent, max_points, weight)`, an empty text for "none".
pub(in crate::service) fn edition(
    method: Method,
    unit_of_measure: ScoreUnit,
    criteria: &[(&str, &str, &str, &str)],
) -> Edition {
    let known = |text: &str| (!text.is_empty()).then(|| exact(text));
    Edition {
        index_code: "pci".to_owned(),
        year: 2016,
        framework: "pci-2013".to_owned(),
        unit_of_measure,
        decimals: 2,
        rank_decimals: None,
        tie_rule: TieRule::Competition,
        method,
        rescale_without_survey: false,
        rescale_not_applicable: false,
        criteria: criteria
            .iter()
            .map(|(code, parent, max_points, weight)| Criterion {
                parent: (!parent.is_empty()).then(|| (*parent).to_owned()),
                max_points: known(max_points),
                weight: known(weight),
                ..Criterion::new(*code, *code)
            })
            .collect(),
        cohorts: vec![],
        overlapping_cohorts: false,
        bands: vec![],
        note: None,
        status: EditionStatus::Draft,
        revision: None,
        stages: vec![],
        state: EditionState::default(),
    }
}

/// Scores from `(criterion, score)`: `-` takes the criterion out.
pub(in crate::service) fn scores(given: &[(&str, &str)]) -> Vec<CriterionScore> {
    given
        .iter()
        .map(|(criterion, score)| CriterionScore {
            criterion: (*criterion).to_owned(),
            score: (*score != "-").then(|| exact(score)),
            applicable: *score != "-",
        })
        .collect()
}

pub(in crate::service) fn contributions(total: &Total) -> Vec<(Option<&str>, String)> {
    total.components.iter().map(|c| (c.criterion.as_deref(), c.contribution.to_string())).collect()
}

pub(in crate::service) fn row<'a>(
    code: impl Into<Option<&'a str>>,
    contribution: &str,
) -> (Option<&'a str>, String) {
    (code.into(), contribution.to_owned())
}

fn weighted() -> Edition {
    let areas = [("transparency", "", "10", "20"), ("land", "", "10", "5"), ("labor", "", "10", "75")];
    edition(Method::Weighted, ScoreUnit::Points, &areas)
}

fn thirds(unit: ScoreUnit) -> Edition {
    edition(Method::Points, unit, &[("a", "", "10", ""), ("b", "", "10", ""), ("c", "", "10", "")])
}

#[test]
fn a_weight_of_twenty_on_a_maximum_of_ten_doubles_the_score() {
    let given = scores(&[("labor", "4"), ("transparency", "6.921860218048096"), ("land", "6.5")]);
    let found = total(&weighted(), &given, None).unwrap();
    assert_eq!(
        contributions(&found),
        [row("transparency", "13.843720436096192"), row("land", "3.25"), row("labor", "30")]
    );
    assert_eq!((found.score, found.source), (exact("47.093720436096192"), TotalSource::Computed));
}

#[test]
fn weights_of_what_is_applicable_are_scaled_to_a_hundred() {
    let found =
        total(&weighted(), &scores(&[("labor", "-"), ("transparency", "10"), ("land", "5")]), None).unwrap();
    assert_eq!(contributions(&found), [row("transparency", "80"), row("land", "10")]);
}

#[test]
fn a_stored_total_keeps_a_residual_even_of_zero() {
    let given = scores(&[("labor", "4"), ("transparency", "6"), ("land", "6")]);
    let found = total(&weighted(), &given, Some(exact("45.000001"))).unwrap();
    assert_eq!((&found.score, found.source), (&exact("45.000001"), TotalSource::Stored));
    let areas = [row("transparency", "12"), row("land", "3"), row("labor", "30")];
    assert_eq!(contributions(&found), [&areas[..], &[row(None, "0.000001")]].concat());
    let found = total(&weighted(), &given, Some(exact("45"))).unwrap();
    assert_eq!(contributions(&found), [&areas[..], &[row(None, "0")]].concat());
}

#[test]
fn a_stored_total_stands_with_some_areas_or_none() {
    let some = total(&weighted(), &scores(&[("land", "6")]), Some(exact("50"))).unwrap();
    assert_eq!(contributions(&some), [row("land", "3"), row(None, "47")]);
    assert_eq!(total(&weighted(), &[], Some(exact("50"))).unwrap().components.as_ref(), []);
    assert!(total(&edition(Method::Points, ScoreUnit::Points, &[]), &[], Some(exact("50"))).is_ok());
}

#[test]
fn without_a_stored_total_every_applicable_area_is_needed() {
    let missing = |given: &[(&str, &str)]| total(&weighted(), &scores(given), None).unwrap_err();
    assert_eq!(missing(&[]), Unranked::NoScores);
    assert_eq!(missing(&[("unknown", "5")]), Unranked::NoScores);
    assert_eq!(missing(&[("land", "-"), ("labor", "-"), ("transparency", "-")]), Unranked::NoScores);
    assert_eq!(missing(&[("land", "0")]), Unranked::IncompleteComponents);
    assert_eq!(missing(&[("land", "0"), ("labor", "-")]), Unranked::IncompleteComponents);
}

#[test]
fn three_thirds_make_a_whole() {
    let percent = thirds(ScoreUnit::Percent);
    let full = total(&percent, &scores(&[("a", "10"), ("b", "10"), ("c", "10")]), None).unwrap();
    assert_eq!(full.score, exact("100"));
    let third = "33.33333333333333333333";
    let rest = row(None, "0.00000000000000000001");
    assert_eq!(contributions(&full), [row("a", third), row("b", third), row("c", third), rest]);
    let edge = total(&percent, &scores(&[("a", "8"), ("b", "8"), ("c", "8")]), None).unwrap();
    assert_eq!(edge.score, exact("80"));
}

#[test]
fn maxima_that_differ_are_summed_as_fractions() {
    // 1/7 + 1/3 + 11/21 = 1, but their roundings to twenty decimals make less.
    let areas = [("a", "", "7", "1"), ("b", "", "3", "1"), ("c", "", "21", "1")];
    let unequal = edition(Method::Weighted, ScoreUnit::Points, &areas);
    let found = total(&unequal, &scores(&[("a", "1"), ("b", "1"), ("c", "11")]), None);
    // A hundred thirds of one.
    assert_eq!(found.unwrap().score, exact("100").quotient(&exact("3")).unwrap());
}

#[test]
fn points_add_up_whatever_their_digits() {
    let found =
        total(&thirds(ScoreUnit::Points), &scores(&[("a", "1e-30"), ("b", "-2"), ("c", "-")]), None).unwrap();
    assert_eq!(contributions(&found), [row("a", "0.000000000000000000000000000001"), row("b", "-2")]);
    assert_eq!(found.score, &exact("1e-30") - &exact("2"));
}

#[test]
fn an_area_without_a_score_has_the_sum_of_those_below_it() {
    let tree = [
        ("a", "", "6", ""),
        ("a1", "a", "4", ""),
        ("a2", "a", "2", ""),
        ("a11", "a1", "3", ""),
        ("a12", "a1", "1", ""),
        ("b", "", "4", ""),
    ];
    let tree = edition(Method::Points, ScoreUnit::Percent, &tree);
    let of = |given: &[(&str, &str)]| total(&tree, &scores(given), None).map(|t| t.score.to_string());
    assert_eq!(of(&[("a11", "2"), ("a12", "1"), ("a2", "1"), ("b", "4")]).unwrap(), "80");
    // Its own score counts before theirs.
    assert_eq!(of(&[("a", "6"), ("a1", "1"), ("a2", "1"), ("b", "4")]).unwrap(), "100");
    assert_eq!(of(&[("a", "6"), ("a2", "1"), ("b", "4")]).unwrap(), "100");
    assert_eq!(of(&[("a11", "2"), ("a2", "1"), ("b", "4")]), Err(Unranked::IncompleteComponents));
    // Out of the maximum: 2 of 10 points, then the whole area with everything below it.
    assert_eq!(of(&[("a1", "2"), ("a2", "-"), ("b", "2")]).unwrap(), "50");
    assert_eq!(of(&[("a1", "-"), ("a2", "-"), ("b", "3")]).unwrap(), "75");
    assert_eq!(of(&[("a", "-"), ("b", "3")]).unwrap(), "75");
}

#[test]
fn a_percentage_of_an_unknown_maximum_is_no_total() {
    let vague = edition(Method::Points, ScoreUnit::Percent, &[("a", "", "10", ""), ("b", "", "", "")]);
    let given = scores(&[("a", "5"), ("b", "5")]);
    assert_eq!(total(&vague, &given, None), Err(Unranked::IncompleteComponents));
    assert_eq!(total(&vague, &given, Some(exact("7"))).unwrap().components.as_ref(), []);
}

#[test]
fn a_tree_as_deep_as_a_request_is_measured() {
    let codes: Vec<String> = (0..50_000).map(|i| format!("c{i}")).collect();
    let parents = std::iter::once("").chain(codes.iter().map(String::as_str));
    let criteria: Vec<_> =
        codes.iter().zip(parents).map(|(code, parent)| (code.as_str(), parent, "1", "")).collect();
    let deep = edition(Method::Points, ScoreUnit::Percent, &criteria);
    let found = total(&deep, &scores(&[("c49999", "0.5")]), None).unwrap();
    assert_eq!(found.score, exact("50"));
}
