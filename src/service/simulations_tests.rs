//! Simulations against sums worked out by hand.

use super::*;
use crate::{
    domain::{
        editions::{Cohort, Method, ScoreUnit},
        index_scores::ScoreStage,
        units::{Level, Unit},
    },
    service::{
        rankings::Ranking,
        totals::tests::{edition, exact},
    },
};

/// A unit, its stored total (an empty text for none) and its scores by criterion.
pub(in crate::service) type Given<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// A sheet of units.
pub(in crate::service) fn sheet(edition: Edition, units: &[Given<'_>]) -> Sheet {
    let rows = units.iter().map(|(id, total, scores)| Row {
        unit: Unit {
            id: (*id).to_owned(),
            code: None,
            code_scheme: None,
            name: (*id).to_owned(),
            former_names: vec![],
            level: Level::Commune,
            parent_id: None,
            former_parents: vec![],
            valid_from: None,
            valid_to: None,
            successors: vec![],
        },
        scores: UnitScores {
            criteria: scores
                .iter()
                .map(|(code, score)| CriterionScore {
                    criterion: (*code).to_owned(),
                    score: Some(exact(score)),
                    applicable: true,
                })
                .collect(),
            total: (!total.is_empty()).then(|| exact(total)),
        },
        published_rank: None,
    });
    let cohort = Cohort { code: "c".to_owned(), name: "C".to_owned(), unit_ids: None, rule: None };
    Sheet { edition, cohort, stage: ScoreStage::Final, rows: rows.collect() }
}

fn change(unit: &str, criterion: Option<&str>, score: &str) -> Change {
    Change { unit_id: unit.to_owned(), criterion: criterion.map(str::to_owned), score: exact(score) }
}

fn tree() -> Edition {
    let criteria = [
        ("a", "", "10", ""),
        ("a1", "a", "6", ""),
        ("a2", "a", "4", ""),
        ("a11", "a1", "6", ""),
        ("b", "", "20", ""),
    ];
    edition(Method::Points, ScoreUnit::Points, &criteria)
}

fn weighted() -> Edition {
    edition(Method::Weighted, ScoreUnit::Points, &[("x", "", "10", "60"), ("y", "", "10", "40")])
}

fn score_of(ranking: &Ranking, unit: &str) -> String {
    ranking.standings.iter().find(|s| s.unit_id == unit).unwrap().total.score.to_string()
}

fn refused(result: Result<Sheet>) -> Vec<(String, &'static str)> {
    match result {
        Err(Error::Invalid(violations)) => violations.into_iter().map(|v| (v.pointer, v.code)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_leaf_moves_what_follows_from_it() {
    let sheet = sheet(tree(), &[("u", "", &[("a11", "3"), ("a2", "1"), ("b", "5")])]);
    let changed = apply(&sheet, &[change("u", Some("a11"), "4.5")]).unwrap();
    assert_eq!(score_of(&sheet.standings(), "u"), "9");
    assert_eq!(score_of(&changed.standings(), "u"), "10.5");
}

#[test]
fn a_leaf_moves_what_is_stored_above_it_at_each_level() {
    let stored = [("a11", "3"), ("a2", "1"), ("a1", "3.5"), ("a", "5"), ("b", "5")];
    let sheet = sheet(tree(), &[("u", "10.25", &stored)]);
    let changed = apply(&sheet, &[change("u", Some("a11"), "4.5")]).unwrap();
    let row = changed.rows.first().unwrap();
    let own = |code: &str| {
        row.scores.criteria.iter().find(|s| s.criterion == code).unwrap().score.clone().unwrap().to_string()
    };
    assert_eq!((own("a1").as_str(), own("a").as_str(), own("b").as_str()), ("5", "6.5", "5"));
    assert_eq!(row.scores.total, Some(exact("11.75")));
}

#[test]
fn the_residual_of_a_stored_total_stays() {
    let sheet = sheet(weighted(), &[("u", "70.000007", &[("x", "7"), ("y", "7")]), ("v", "65", &[])]);
    let residual = |sheet: &Sheet| {
        let standings = sheet.standings().standings;
        let unit = standings.into_iter().find(|s| s.unit_id == "u").unwrap();
        unit.total.components.last().unwrap().contribution.to_string()
    };
    let changed = apply(&sheet, &[change("u", Some("y"), "4.5")]).unwrap();
    assert_eq!((residual(&sheet), residual(&changed)), ("0.000007".to_owned(), "0.000007".to_owned()));
    assert_eq!(score_of(&changed.standings(), "u"), "60.000007");
    assert_eq!(changed.standings().standings.first().unwrap().unit_id, "v");
}

#[test]
fn a_total_that_is_named_is_taken_as_it_is() {
    let sheet = sheet(weighted(), &[("u", "", &[("x", "7"), ("y", "7")])]);
    let changed = apply(&sheet, &[change("u", None, "99"), change("u", Some("x"), "1")]).unwrap();
    assert_eq!(score_of(&changed.standings(), "u"), "99");
}

#[test]
fn what_can_not_be_told_or_is_out_of_bounds_is_refused() {
    let sheet = sheet(tree(), &[("u", "10", &[("b", "5")]), ("v", "", &[("b", "5")])]);
    for (changes, want) in [
        (vec![change("w", None, "1")], ("/changes/0/unit_id", "not_in_cohort")),
        (vec![change("u", Some("z"), "1")], ("/changes/0/criterion", "unknown_criterion")),
        (vec![change("u", Some("b"), "20.1")], ("/changes/0/score", "above_maximum")),
        (vec![change("u", Some("a11"), "1")], ("/changes/0/criterion", "effect_unknown")),
        (vec![change("u", None, "1"), change("u", None, "2")], ("/changes/1", "duplicate")),
    ] {
        assert_eq!(refused(apply(&sheet, &changes)), [(want.0.to_owned(), want.1)]);
    }
    assert!(apply(&sheet, &[change("v", Some("a11"), "1")]).is_ok(), "nothing is stored above it");
}
