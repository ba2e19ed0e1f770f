//! Ranks, ties, bands and deltas against tables worked out by hand.

use super::*;
use crate::{
    domain::editions::{Band, Method},
    service::totals::{
        TotalSource,
        tests::{edition, exact},
    },
};

fn entry(id: &str, name: &str, score: &str) -> Entry {
    let total = Total { score: exact(score), source: TotalSource::Stored, components: [].into() };
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
        let expected: Vec<_> =
            ranks.into_iter().zip(tied).zip(order).map(|((r, t), name)| (r, t, name.to_owned())).collect();
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
        criterion: code.map(Arc::from),
        kind: if code.is_some() { ComponentKind::Criterion } else { ComponentKind::Residual },
        score: code.map(|_| exact(contribution)),
        contribution: exact(contribution),
    };
    let with = |components: Vec<Component>| Total {
        score: components.iter().map(|c| &c.contribution).sum(),
        source: TotalSource::Stored,
        components: components.into(),
    };
    let deltas = |now: &Total, base: &Total| -> Vec<(Option<String>, String, String)> {
        contribution_deltas(now, base)
            .into_iter()
            .map(|c| {
                (
                    c.criterion.map(|c| c.to_string()),
                    c.contribution.to_string(),
                    c.contribution_delta.unwrap().to_string(),
                )
            })
            .collect()
    };
    let row = |code: Option<&str>, contribution: &str, delta: &str| {
        (code.map(str::to_owned), contribution.to_owned(), delta.to_owned())
    };
    let rich = with(vec![named(Some("x"), "4"), named(Some("y"), "2"), named(None, "0.5")]);
    let other = with(vec![named(Some("y"), "3"), named(Some("z"), "1"), named(None, "-1")]);
    let bare = Total { score: exact("6"), source: TotalSource::Stored, components: [].into() };
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
