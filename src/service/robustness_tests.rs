//! Ranges of ranks: repeatable, around the rank itself, and what exact fractions give.

use super::*;
use crate::service::{
    simulations::tests::{Given, sheet},
    totals::{
        CriterionScore,
        tests::{edition, exact},
    },
};

fn draws(share: &str, count: u32, seed: u64) -> Draws {
    Draws { share: exact(share), count, seed }
}

fn weighted() -> Edition {
    edition(Method::Weighted, ScoreUnit::Points, &[("x", "", "10", "60"), ("y", "", "10", "40")])
}

fn drawn(sheet: &Sheet, draws: &Draws) -> Vec<RankRange> {
    draw(sheet, &sheet.standings(), draws).unwrap().rows
}

#[test]
fn a_unit_that_leads_in_every_area_leads_in_every_draw() {
    let units: [Given<'_>; 3] = [
        ("best", "", &[("x", "9"), ("y", "9")]),
        ("one", "", &[("x", "5.1"), ("y", "5")]),
        ("two", "", &[("x", "5"), ("y", "5.12")]),
    ];
    let rows = drawn(&sheet(weighted(), &units), &draws("0.3", 2000, 1));
    let ranges: Vec<(u32, u32, u32)> = rows.iter().map(|row| (row.min, row.median, row.max)).collect();
    assert_eq!(ranges, [(1, 1, 1), (2, 2, 3), (2, 3, 3)]);
    assert_eq!(rows.first().unwrap().at_own_rank.value, Some(exact("1")));
    let shares: i64 = rows.iter().skip(1).map(|row| row.at_own_rank.numerator).sum();
    assert!(
        rows.iter().skip(1).all(|row| row.at_own_rank.numerator > 200),
        "both win in some draws: {rows:?}"
    );
    assert!(shares > 2000, "each is more often where it stands: {shares}");
}

#[test]
fn the_same_seed_gives_the_same_and_another_another() {
    let units: [Given<'_>; 3] = [
        ("a", "", &[("x", "5.1"), ("y", "5")]),
        ("b", "", &[("x", "5"), ("y", "5.14")]),
        ("c", "", &[("x", "5.05"), ("y", "5.06")]),
    ];
    let sheet = sheet(weighted(), &units);
    let rows = drawn(&sheet, &draws("0.1", 501, 7));
    assert_eq!(rows, drawn(&sheet, &draws("0.1", 501, 7)));
    assert_ne!(rows, drawn(&sheet, &draws("0.1", 501, 8)));
}

#[test]
fn weights_that_hardly_vary_give_the_ranking_itself() {
    let units: [Given<'_>; 4] = [
        ("a", "70.000007", &[("x", "7"), ("y", "7")]),
        ("b", "70.000005", &[("x", "7"), ("y", "7")]),
        ("c", "", &[("x", "7"), ("y", "7")]),
        ("d", "", &[("x", "7"), ("y", "7")]),
    ];
    for tie_rule in [TieRule::Competition, TieRule::Dense, TieRule::Ordinal] {
        let sheet = sheet(Edition { tie_rule, ..weighted() }, &units);
        let rows = drawn(&sheet, &draws("0.000000001", 50, 1));
        let ranks: Vec<u32> = sheet.standings().standings.iter().map(|s| s.rank).collect();
        assert_eq!(
            rows.iter().map(|row| (row.min, row.max)).collect::<Vec<_>>(),
            ranks.iter().map(|r| (*r, *r)).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_total_without_the_scores_of_all_areas_stays() {
    let units: [Given<'_>; 3] =
        [("a", "", &[("x", "6"), ("y", "8")]), ("b", "68", &[("x", "1")]), ("c", "10", &[])];
    let rows = drawn(&sheet(weighted(), &units), &draws("0.5", 400, 3));
    assert_eq!(rows.iter().map(|row| row.varied).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(rows.iter().map(|row| (row.min, row.max)).collect::<Vec<_>>(), [(1, 2), (1, 2), (3, 3)]);
}

#[test]
fn full_marks_of_what_applies_lead_in_every_draw() {
    let areas = [("a", "", "10", ""), ("b", "", "20", ""), ("b1", "b", "10", ""), ("b2", "b", "10", "")];
    for (unit_of_measure, rescale_not_applicable) in [(ScoreUnit::Points, true), (ScoreUnit::Percent, false)]
    {
        let edition = Edition { rescale_not_applicable, ..edition(Method::Points, unit_of_measure, &areas) };
        let units: [Given<'_>; 2] = [
            ("full", "", &[("a", "10"), ("b1", "10")]),
            ("other", "", &[("a", "9.9"), ("b1", "10"), ("b2", "10")]),
        ];
        let mut sheet = sheet(edition, &units);
        let full = sheet.rows.first_mut().unwrap();
        full.scores.criteria.push(CriterionScore {
            criterion: "b2".to_owned(),
            score: None,
            applicable: false,
        });
        let rows = drawn(&sheet, &draws("0.3", 300, 1));
        assert_eq!(rows.iter().map(|row| (row.min, row.max)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    }
}

#[test]
fn totals_are_those_of_exact_fractions() {
    let edition = edition(
        Method::Points,
        ScoreUnit::Points,
        &[("a", "", "10", ""), ("b", "", "14.5", ""), ("c", "", "7", "")],
    );
    let sheet = sheet(edition, &[("u", "20.5", &[("a", "7.25"), ("b", "9.1"), ("c", "3")])]);
    let ranking = sheet.standings();
    let weights = weights(&sheet.edition, &[]).unwrap();
    let scores = &sheet.rows.first().unwrap().scores;
    let row = row(ranking.standings.first().unwrap(), scores, &weights, None, 14).unwrap();
    assert_eq!(row.total(&[ONE, ONE, ONE]), scaled(&exact("20.5"), 14).unwrap());
    // 31.5 · (7.25 · 1.1 + 9.1 · 0.9 + 3) ÷ (10 · 1.1 + 14.5 · 0.9 + 7) + 1.15
    let want = (&exact("31.5") * &exact("19.165")).quotient(&exact("31.05")).unwrap();
    let want = scaled(&(&want + &exact("1.15")), 14).unwrap();
    let got = row.total(&[ONE + ONE / 10, ONE - ONE / 10, ONE]);
    assert!((got - want).abs() < 10_000, "{got} {want}: shares have twelve decimals");
}

/// An edition with one criterion that is weighted.
fn with_weighted(code: &str, method: Method, criteria: &[(&str, &str, &str, &str)]) -> Edition {
    let mut edition = edition(method, ScoreUnit::Points, criteria);
    let criterion = edition.criteria.iter_mut().find(|c| c.code == code).unwrap();
    criterion.method = Some(Method::Weighted);
    edition
}

fn weighted_below() -> Edition {
    let criteria =
        [("x", "", "10", "90"), ("y", "", "10", "10"), ("a", "x", "10", "50"), ("b", "x", "10", "50")];
    with_weighted("x", Method::Weighted, &criteria)
}

#[test]
fn weights_at_any_depth_vary() {
    let alone = [("x", "", "10", "100"), ("a", "x", "10", "50"), ("b", "x", "10", "50")];
    let below_points = [
        ("x", "", "20", ""),
        ("y", "", "10", ""),
        ("w", "x", "10", ""),
        ("c", "x", "10", ""),
        ("a", "w", "10", "50"),
        ("b", "w", "10", "50"),
    ];
    let means = [("x", "", "", ""), ("y", "", "", ""), ("a", "x", "", "50"), ("b", "x", "", "50")];
    let editions = [
        weighted_below(),
        with_weighted("x", Method::Weighted, &alone),
        with_weighted("w", Method::Points, &below_points),
        edition(Method::Normalised, ScoreUnit::Points, &means),
    ];
    let units: [Given<'_>; 3] = [
        ("ts1", "", &[("a", "10"), ("b", "0"), ("c", "5"), ("y", "5")]),
        ("ts2", "", &[("a", "0"), ("b", "10"), ("c", "5"), ("y", "5")]),
        ("ts3", "", &[("a", "5.05"), ("b", "5.05"), ("c", "5"), ("y", "5")]),
    ];
    for edition in editions {
        let sheet = sheet(edition, &units);
        assert_eq!(sheet.standings().standings.first().unwrap().unit_id, "ts3");
        let rows = drawn(&sheet, &draws("0.3", 500, 1));
        let ranges: Vec<(u32, u32)> = rows.iter().map(|row| (row.min, row.max)).collect();
        assert_eq!(ranges, [(1, 2), (1, 3), (1, 3)], "{:?}", sheet.edition.criteria);
        assert!(rows.iter().all(|row| row.varied));
    }
}

#[test]
fn a_stored_score_is_not_moved_by_the_weights_below_it() {
    let units: [Given<'_>; 2] = [
        ("u", "", &[("a", "8"), ("b", "4"), ("y", "5")]),
        ("v", "", &[("a", "8"), ("b", "4"), ("x", "5"), ("y", "5")]),
    ];
    let sheet = sheet(weighted_below(), &units);
    let weights = weights(&sheet.edition, &[]).unwrap();
    let scores: Vec<&UnitScores> = sheet.rows.iter().map(|row| &row.scores).collect();
    let inner = InnerWeights::of(&sheet.edition, &scores, &["x", "y"]).unwrap();
    assert_eq!(inner.count(), 2);
    let (decimals, rows) = rows(&sheet, &sheet.standings(), &weights, Some(&inner)).unwrap();
    let totals = |factors: &[i128]| rows.iter().map(|row| row.total(factors)).collect::<Vec<_>>();
    let want = |totals: [&str; 2]| totals.map(|total| scaled(&exact(total), decimals).unwrap());
    assert_eq!(totals(&[ONE; 4]), want(["59", "50"]));
    // 90 · (8 · 0.55 + 4 · 0.45) ÷ 10 + 5
    assert_eq!(totals(&[ONE, ONE, ONE + ONE / 10, ONE - ONE / 10]), want(["60.8", "50"]));
}

#[test]
fn what_has_no_weights_or_no_areas_is_refused() {
    let refused = |sheet: &Sheet, draws: &Draws| match draw(sheet, &sheet.standings(), draws) {
        Err(Error::Invalid(violations)) => violations.first().unwrap().code,
        other => panic!("{other:?}"),
    };
    let totals = edition(Method::Points, ScoreUnit::Points, &[]);
    assert_eq!(refused(&sheet(totals, &[("a", "1", &[])]), &draws("0.1", 10, 1)), "nothing_to_vary");
    assert_eq!(refused(&sheet(weighted(), &[("a", "1", &[])]), &draws("0.1", 10, 1)), "nothing_to_vary");
    let ids: Vec<String> = (0..1300).map(|i| format!("u{i}")).collect();
    let many: Vec<Given<'_>> = ids.iter().map(|id| (id.as_str(), "1", [].as_slice())).collect();
    assert_eq!(refused(&sheet(weighted(), &many), &draws("0.1", 10_000, 1)), "too_many_draws");
}
