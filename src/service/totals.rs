//! From the scores of one unit in one edition to its total and what each area gave.
//!
//! Sums and products are exact. Where a method divides, the total is divided once as a whole and each
//! contribution once on its own, so that three thirds make a whole; what the rounded contributions leave is a
//! residual, and the components always add up to the total to the last digit. Ranks are taken in `rankings`.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{
    decimal::Exact,
    editions::{Criterion, Edition, Method, ScoreUnit},
    words::words,
};

words! {
    /// Where a total comes from.
    pub enum TotalSource {
        /// The publisher's own total, as it was stored.
        Stored = "stored",
        /// Computed from the scores of the areas.
        Computed = "computed",
    }
}

words! {
    /// What a component of a total is.
    pub enum ComponentKind {
        /// What one area gave.
        Criterion = "criterion",
        /// What the areas don't explain.
        Residual = "residual",
    }
}

words! {
    /// Why a unit of the cohort has no rank.
    pub enum Unranked {
        /// Neither a total nor the score of any criterion.
        NoScores = "no_scores",
        /// Scores of some criteria, not enough for a total.
        IncompleteComponents = "incomplete_components",
        /// The unit did not exist on the day of the edition.
        NotInExistence = "not_in_existence",
    }
}

/// What a unit has for one criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionScore {
    /// Code of the criterion.
    pub criterion: String,
    /// The score.
    pub score: Option<Exact>,
    /// False takes the criterion out of the maximum.
    pub applicable: bool,
}

/// A part of a total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Code of the area; none for the residual.
    pub criterion: Option<String>,
    /// Area or residual.
    pub kind: ComponentKind,
    /// The area's own score; none for the residual.
    pub score: Option<Exact>,
    /// What it gives to the total.
    pub contribution: Exact,
}

/// The total of a unit. The contributions of its components, if there are any, add up to the score exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// The score that ranks.
    pub score: Exact,
    /// Stored or computed.
    pub source: TotalSource,
    /// The scored areas in the edition's order, then the residual.
    pub components: Vec<Component>,
}

/// The total of a unit from what is stored of it.
///
/// A stored total is the score. Its components are the areas that have one, and always a residual beside them.
/// Without a stored total every applicable area needs a score; a residual is then listed only for the last
/// decimals that rounding the contributions took or gave. Scores of criteria that the edition doesn't have
/// count for nothing.
///
/// # Errors
/// Why there is no total: [`Unranked::NoScores`] or [`Unranked::IncompleteComponents`]. The latter stands too
/// for an edition without the weight or the maximum that its method divides by.
pub fn total(
    edition: &Edition,
    scores: &[CriterionScore],
    stored_total: Option<Exact>,
) -> Result<Total, Unranked> {
    let measured = measure(edition, scores);
    let areas: Vec<(&Criterion, &Measured)> = edition
        .areas()
        .filter_map(|area| Some((area, measured.get(area.code.as_str())?)))
        .filter(|(_, measured)| measured.applicable)
        .collect();
    let whole = whole(edition, &areas);
    let parts: Vec<Part> = areas
        .iter()
        .filter_map(|(area, measured)| Part::of(edition, area, measured, whole.as_ref()?))
        .collect();
    let (score, source) = match stored_total {
        Some(stored) => (stored, TotalSource::Stored),
        None if measured.values().all(|m| m.score.is_none()) => return Err(Unranked::NoScores),
        None if parts.is_empty() || parts.len() < areas.len() => return Err(Unranked::IncompleteComponents),
        None => (sum(&parts).ok_or(Unranked::IncompleteComponents)?, TotalSource::Computed),
    };
    let components = components(parts, &score, source);
    Ok(Total { score, source, components })
}

fn components(parts: Vec<Part>, score: &Exact, source: TotalSource) -> Vec<Component> {
    let mut components: Vec<Component> = parts.into_iter().map(Part::into_component).collect();
    let explained: Exact = components.iter().map(|c| &c.contribution).sum();
    let residual = score - &explained;
    // Beside areas a stored total always has its residual, zero too: consumers find it without asking.
    if !components.is_empty() && (source == TotalSource::Stored || !residual.is_zero()) {
        components.push(Component {
            criterion: None,
            kind: ComponentKind::Residual,
            score: None,
            contribution: residual,
        });
    }
    components
}

/// What is known of a criterion once everything below it is.
struct Measured {
    applicable: bool,
    score: Option<Exact>,
    /// Most points with everything below applicable.
    full: Option<Exact>,
    /// The part of `full` that is not applicable.
    taken_out: Exact,
}

impl Measured {
    fn of(criterion: &Criterion, given: Option<&CriterionScore>, below: &[&Self]) -> Self {
        let full = criterion.max_points.clone().or_else(|| add_up(below.iter().map(|m| m.full.as_ref())));
        let own = given.and_then(|g| g.score.clone());
        let nothing_left = own.is_none() && !below.is_empty() && below.iter().all(|m| !m.applicable);
        if given.is_some_and(|g| !g.applicable) || nothing_left {
            let taken_out = full.clone().unwrap_or_else(Exact::zero);
            return Self { applicable: false, score: None, full, taken_out };
        }
        let applicable = || below.iter().filter(|m| m.applicable);
        Self {
            applicable: true,
            score: own.or_else(|| add_up(applicable().map(|m| m.score.as_ref()))),
            full,
            taken_out: below.iter().map(|m| &m.taken_out).sum(),
        }
    }

    /// Most points that the unit could have.
    fn maximum(&self) -> Option<Exact> {
        let full = self.full.as_ref()?;
        let left = full - &self.taken_out;
        // Nothing left below a criterion that has a score all the same: the score is out of all its points.
        Some(if left.is_zero() || left.is_negative() { full.clone() } else { left })
    }
}

/// The sum when there is anything to add and every part is known.
fn add_up<'a>(parts: impl Iterator<Item = Option<&'a Exact>>) -> Option<Exact> {
    let parts: Vec<&Exact> = parts.collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.into_iter().sum())
}

/// Every criterion of the tree, measured from the leaves up.
///
/// Without recursion, because a tree may be as deep as the request that made it is long.
fn measure<'a>(edition: &'a Edition, scores: &[CriterionScore]) -> HashMap<&'a str, Measured> {
    let given: HashMap<&str, &CriterionScore> = scores.iter().map(|s| (s.criterion.as_str(), s)).collect();
    let mut children: HashMap<&str, Vec<&Criterion>> = HashMap::new();
    for criterion in &edition.criteria {
        if let Some(parent) = &criterion.parent {
            children.entry(parent).or_default().push(criterion);
        }
    }
    let mut from_the_top: Vec<&Criterion> = edition.areas().collect();
    let mut tree = Vec::new();
    while let Some(criterion) = from_the_top.pop() {
        // Taken out of the map, so that each is visited once even if an unchecked edition repeats a code.
        let below = children.remove(criterion.code.as_str()).unwrap_or_default();
        from_the_top.extend(&below);
        tree.push((criterion, below));
    }
    let mut measured = HashMap::new();
    for (criterion, below) in tree.into_iter().rev() {
        let code = criterion.code.as_str();
        let below: Vec<&Measured> = below.iter().filter_map(|c| measured.get(c.code.as_str())).collect();
        let found = Measured::of(criterion, given.get(code).copied(), &below);
        measured.insert(code, found);
    }
    measured
}

/// What the areas are shares of: their weights, their points, or nothing (1) where points are just added.
fn whole(edition: &Edition, areas: &[(&Criterion, &Measured)]) -> Option<Exact> {
    match (edition.method, edition.unit_of_measure) {
        (Method::Weighted, _) => add_up(areas.iter().map(|(area, _)| area.weight.as_ref())),
        (Method::Points, ScoreUnit::Percent) => {
            let maxima: Option<Vec<Exact>> = areas.iter().map(|(_, measured)| measured.maximum()).collect();
            Some(maxima?.iter().sum())
        }
        (Method::Points, ScoreUnit::Points) => Some(Exact::from(1)),
    }
}

/// An area's contribution as a fraction, and rounded.
struct Part<'a> {
    criterion: &'a str,
    score: Exact,
    numerator: Exact,
    denominator: Exact,
    contribution: Exact,
}

impl<'a> Part<'a> {
    fn of(edition: &Edition, area: &'a Criterion, measured: &Measured, whole: &Exact) -> Option<Self> {
        let score = measured.score.clone()?;
        let (numerator, denominator) = match (edition.method, edition.unit_of_measure) {
            (Method::Weighted, _) => {
                (&(&Exact::from(100) * area.weight.as_ref()?) * &score, whole * &measured.maximum()?)
            }
            (Method::Points, ScoreUnit::Percent) => (&Exact::from(100) * &score, whole.clone()),
            (Method::Points, ScoreUnit::Points) => (score.clone(), whole.clone()),
        };
        let contribution = divide(&numerator, &denominator)?;
        Some(Self { criterion: &area.code, score, numerator, denominator, contribution })
    }

    fn into_component(self) -> Component {
        Component {
            criterion: Some(self.criterion.to_owned()),
            kind: ComponentKind::Criterion,
            score: Some(self.score),
            contribution: self.contribution,
        }
    }
}

/// The sum of the fractions on their common denominator, divided once.
fn sum(parts: &[Part]) -> Option<Exact> {
    let mut by_denominator: BTreeMap<&Exact, Exact> = BTreeMap::new();
    for part in parts {
        let numerator = by_denominator.entry(&part.denominator).or_insert_with(Exact::zero);
        *numerator = &*numerator + &part.numerator;
    }
    let (numerator, denominator) =
        by_denominator.iter().fold((Exact::zero(), Exact::from(1)), |(n, d), (denominator, numerator)| {
            (&(&n * *denominator) + &(numerator * &d), &d * *denominator)
        });
    divide(&numerator, &denominator)
}

/// The quotient; the number itself when there is nothing to divide, since a quotient cuts decimals off.
fn divide(numerator: &Exact, denominator: &Exact) -> Option<Exact> {
    if denominator == &Exact::from(1) {
        return Some(numerator.clone());
    }
    numerator.quotient(denominator)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(in crate::service) mod tests {
    use super::*;
    use crate::domain::editions::{EditionStatus, TieRule};

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
            criteria: criteria
                .iter()
                .map(|(code, parent, max_points, weight)| Criterion {
                    code: (*code).to_owned(),
                    name: (*code).to_owned(),
                    name_en: None,
                    parent: (!parent.is_empty()).then(|| (*parent).to_owned()),
                    max_points: known(max_points),
                    weight: known(weight),
                })
                .collect(),
            cohorts: vec![],
            bands: vec![],
            note: None,
            status: EditionStatus::Draft,
            revision: None,
        }
    }

    /// Scores from `(criterion, score)`: `-` takes the criterion out.
    fn scores(given: &[(&str, &str)]) -> Vec<CriterionScore> {
        given
            .iter()
            .map(|(criterion, score)| CriterionScore {
                criterion: (*criterion).to_owned(),
                score: (*score != "-").then(|| exact(score)),
                applicable: *score != "-",
            })
            .collect()
    }

    fn contributions(total: &Total) -> Vec<(Option<&str>, String)> {
        total.components.iter().map(|c| (c.criterion.as_deref(), c.contribution.to_string())).collect()
    }

    fn row<'a>(code: impl Into<Option<&'a str>>, contribution: &str) -> (Option<&'a str>, String) {
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
            total(&weighted(), &scores(&[("labor", "-"), ("transparency", "10"), ("land", "5")]), None)
                .unwrap();
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
        assert_eq!(total(&weighted(), &[], Some(exact("50"))).unwrap().components, []);
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
            total(&thirds(ScoreUnit::Points), &scores(&[("a", "1e-30"), ("b", "-2"), ("c", "-")]), None)
                .unwrap();
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
        assert_eq!(total(&vague, &given, Some(exact("7"))).unwrap().components, []);
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
}
