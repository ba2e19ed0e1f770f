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

/// What is stored of a unit in one edition at one stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitScores {
    /// Scores of criteria, at any level of the tree.
    pub criteria: Vec<CriterionScore>,
    /// The publisher's own total.
    pub total: Option<Exact>,
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

/// The total of each unit of a cohort, in the order of `units`.
pub fn of_cohort(edition: &Edition, units: &[&UnitScores]) -> Vec<Result<Total, Unranked>> {
    units.iter().map(|unit| total(edition, &unit.criteria, unit.total.clone())).collect()
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
#[path = "totals_tests.rs"]
pub(in crate::service) mod tests;
