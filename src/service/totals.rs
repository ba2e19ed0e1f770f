//! From the scores of the units of a cohort in one edition to their totals and what each area gave.
//!
//! Sums and products are exact. Where a method divides, the total is divided once as a whole and each
//! contribution once on its own, so that three thirds make a whole; what the rounded contributions leave is a
//! residual, and the components always add up to the total to the last digit. Ranks are taken in `rankings`.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use super::{
    criteria_measures::{Area, Measures, Rescaling, weight_in_mean},
    criteria_nodes,
    halves::mapped,
};
use crate::domain::{
    criteria::{Criterion, HUNDRED, Method, SCALE_TOP},
    decimal::Exact,
    editions::{Edition, ScoreUnit},
    ratio::Ratio,
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
        /// Neither a total nor the score of any criterion, or none that applies but for bonus points.
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Component {
    /// Code of the area; none for the residual.
    pub criterion: Option<Arc<str>>,
    /// Area or residual.
    pub kind: ComponentKind,
    /// The area's own score; none for the residual.
    pub score: Option<Exact>,
    /// What it gives to the total.
    pub contribution: Exact,
}

/// The total of a unit. The contributions of its components, if there are any, add up to the score exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Total {
    /// The score that ranks.
    pub score: Exact,
    /// Stored or computed.
    pub source: TotalSource,
    /// The scored areas in the edition's order, then the residual.
    pub components: Arc<[Component]>,
}

/// The total of each unit of a cohort, in the order of `units`.
///
/// A stored total is the score. Its components are the areas that have one, and always a residual beside them.
/// Without a stored total every applicable area needs a score, but for those of bonus and penalty points, which
/// give nothing without one; a residual is then listed only for the last decimals that rounding the contributions
/// took or gave. Scores of criteria that the edition doesn't have count for nothing.
///
/// Where the edition says so, added points are scaled up for what is out of the maximum: without a survey to the full
/// maximum, and for what does not apply to a unit to the most that the others can have. Bonus and penalty points are
/// not, and a stored total stays.
///
/// Why there is no total: [`Unranked::NoScores`], also where nothing that makes one applies, or
/// [`Unranked::IncompleteComponents`]. The latter stands too for an edition without the weight or the maximum that its
/// method divides by.
pub fn of_cohort(edition: &Edition, units: &[&UnitScores]) -> Vec<Result<Total, Unranked>> {
    let measures = Measures::of(edition, units);
    let rescaling = measures.rescaling();
    let known: HashSet<&str> = edition.criteria.iter().map(|c| c.code.as_str()).collect();
    mapped(units, |unit, scores| {
        let of_unit = Unit { edition, measures: &measures, rescaling: rescaling.as_ref(), unit };
        let any = scores.criteria.iter().any(|s| s.score.is_some() && known.contains(s.criterion.as_str()));
        of_unit.total(scores.total.clone(), any)
    })
}

/// By how much what is out of the maximum scales up what each area of a unit gives, in the order of `units`: only the
/// areas that are scaled. Shares are of what is left; added points are scaled where the edition says so.
pub fn scales(edition: &Edition, units: &[&UnitScores]) -> Vec<BTreeMap<String, Exact>> {
    let added = (edition.method, edition.unit_of_measure) == (Method::Points, ScoreUnit::Points);
    if added && !edition.rescale_not_applicable && !edition.rescale_without_survey {
        return vec![BTreeMap::new(); units.len()];
    }
    let measures = Measures::of(edition, units);
    let rescaling = measures.rescaling();
    let of_unit = |unit| Unit { edition, measures: &measures, rescaling: rescaling.as_ref(), unit }.scales();
    (0..units.len()).map(of_unit).collect()
}

/// What a point of each area gives to the total of a unit, in the order of `units`; where totals are made of values on
/// the scale of 1 to 10, what a step of the scale gives. Bonus points and what does not apply are not listed.
pub fn of_a_point(edition: &Edition, units: &[&UnitScores]) -> Vec<BTreeMap<String, Ratio>> {
    let measures = Measures::of(edition, units);
    let rescaling = measures.rescaling();
    let of_unit = |unit| Unit { edition, measures: &measures, rescaling: rescaling.as_ref(), unit };
    (0..units.len()).map(|unit| of_unit(unit).of_a_point()).collect()
}

/// Codes of the criteria that left the maximum for the whole cohort, because nobody has a score of the survey.
pub fn left_out(edition: &Edition, units: &[&UnitScores]) -> Vec<String> {
    criteria_nodes::left_out(edition, units).into_iter().map(str::to_owned).collect()
}

/// The total of a unit that is measured against no other.
///
/// # Errors
/// Why there is no total.
pub fn total(
    edition: &Edition,
    scores: &[CriterionScore],
    stored_total: Option<Exact>,
) -> Result<Total, Unranked> {
    let alone = UnitScores { criteria: scores.to_vec(), total: stored_total };
    of_cohort(edition, &[&alone]).pop().unwrap_or(Err(Unranked::NoScores))
}

/// One unit of a measured cohort.
struct Unit<'a> {
    edition: &'a Edition,
    measures: &'a Measures<'a>,
    rescaling: Option<&'a Rescaling>,
    unit: usize,
}

impl<'a> Unit<'a> {
    fn total(&self, stored: Option<Exact>, has_scores: bool) -> Result<Total, Unranked> {
        let applicable =
            || self.measures.areas().iter().filter(|area| area.of(self.unit).is_some_and(|m| m.applicable));
        let ordinary: Vec<&Area> = applicable().filter(|area| !area.criterion.is_bonus()).collect();
        let whole = self.whole(&ordinary);
        let scale = self.scale(&ordinary);
        let parts: Vec<Part> =
            applicable().filter_map(|area| self.part(area, whole.as_ref()?, scale.as_ref())).collect();
        let scored = parts.iter().filter(|part| !part.criterion.is_bonus()).count();
        let (score, source) = match stored {
            Some(stored) => (stored, TotalSource::Stored),
            None if !has_scores || ordinary.is_empty() => return Err(Unranked::NoScores),
            None if scored < ordinary.len() => return Err(Unranked::IncompleteComponents),
            None => (Ratio::sum(parts.iter().map(|p| p.contribution.clone())).value(), TotalSource::Computed),
        };
        let components = components(parts, &score, source);
        Ok(Total { score, source, components: components.into() })
    }

    /// What the areas are shares of: their weights, their points, or nothing (1) where points are just added.
    fn whole(&self, areas: &[&Area]) -> Option<Exact> {
        match (self.edition.method, self.edition.unit_of_measure) {
            (Method::Weighted, _) => areas.iter().map(|area| area.criterion.weight.clone()).sum(),
            (Method::Normalised, _) => Some(areas.iter().map(|area| weight_in_mean(area.criterion)).sum()),
            (Method::Points, ScoreUnit::Percent) => self.maximum(areas),
            (Method::Points, ScoreUnit::Points) => Some(Exact::from(1)),
        }
    }

    /// Most points that the unit can have in these areas.
    fn maximum(&self, areas: &[&Area]) -> Option<Exact> {
        areas.iter().map(|area| area.maximum(area.of(self.unit)?)).sum()
    }

    /// What points are multiplied with and divided by; none where nothing of their maximum is out, so that they keep
    /// every digit.
    fn scale(&self, areas: &[&Area]) -> Option<(Exact, Exact)> {
        let Rescaling { to, from } = self.rescaling?;
        let from = from.clone().or_else(|| self.maximum(areas))?;
        (Exact::zero() < from && &from < to).then(|| (to.clone(), from))
    }

    /// By how much what is out of the maximum scales up what each ordinary area gives; only those that are scaled.
    fn scales(&self) -> BTreeMap<String, Exact> {
        let ordinary = || self.measures.areas().iter().filter(|area| !area.criterion.is_bonus());
        let all: Vec<&Area> = ordinary().collect();
        let left: Vec<&Area> =
            ordinary().filter(|area| area.of(self.unit).is_some_and(|m| m.applicable)).collect();
        let whole = match (self.edition.method, self.edition.unit_of_measure) {
            (Method::Points, ScoreUnit::Points) => self.scale(&left),
            (Method::Points, ScoreUnit::Percent) => {
                let full: Option<Exact> = ordinary().map(|area| area.full().cloned()).sum();
                full.zip(self.maximum(&left))
            }
            (Method::Weighted | Method::Normalised, _) => self.whole(&all).zip(self.whole(&left)),
        };
        let one = Exact::from(1);
        let (to, from) = whole.unwrap_or_else(|| (one.clone(), one.clone()));
        let by = |area: &Area| {
            let (full, most) = match self.edition.method {
                Method::Weighted => (area.full()?.clone(), area.maximum(area.of(self.unit)?)?),
                Method::Points | Method::Normalised => (one.clone(), one.clone()),
            };
            let factor = (&to * &full).quotient(&(&from * &most))?;
            (factor != one).then(|| (area.criterion.code.clone(), factor))
        };
        all.into_iter().filter_map(by).collect()
    }

    /// What an area gives to the total; none without a score.
    fn part(&self, area: &'a Area<'a>, whole: &Exact, scale: Option<&(Exact, Exact)>) -> Option<Part<'a>> {
        let score = area.of(self.unit)?.score.as_ref()?;
        let on_scale = self.edition.method == Method::Normalised && !area.criterion.is_bonus();
        let value = if on_scale { area.scaled(self.unit)? } else { score };
        let contribution = self.contribution(area, value, whole, scale)?;
        Some(Part { criterion: area.criterion, code: &area.code, score: score.value(), contribution })
    }

    /// What a score of an area gives to the total; where totals are made of these, a value on the scale of 1 to 10.
    fn contribution(
        &self,
        area: &Area<'_>,
        value: &Ratio,
        whole: &Exact,
        scale: Option<&(Exact, Exact)>,
    ) -> Option<Ratio> {
        let hundred = Exact::from(HUNDRED);
        match (self.edition.method, self.edition.unit_of_measure) {
            (Method::Points, ScoreUnit::Percent) => value.times(&hundred).over(whole),
            // Added as they are: a total that is scaled counts to a hundred too.
            _ if area.criterion.is_bonus() => Some(value.clone()),
            (Method::Weighted, _) => {
                let weight = area.criterion.weight.as_ref()?;
                let maximum = area.maximum(area.of(self.unit)?)?;
                value.times(&(&hundred * weight)).over(&(whole * &maximum))
            }
            (Method::Normalised, _) => {
                let weight = &hundred * &weight_in_mean(area.criterion);
                value.times(&weight).over(&(whole * &Exact::from(SCALE_TOP)))
            }
            (Method::Points, ScoreUnit::Points) => match scale {
                Some((to, from)) => value.times(to).over(from),
                None => Some(value.clone()),
            },
        }
    }

    /// What a point of each ordinary area that applies gives to the total.
    fn of_a_point(&self) -> BTreeMap<String, Ratio> {
        let ordinary = self.measures.areas().iter().filter(|area| !area.criterion.is_bonus());
        let ordinary: Vec<&Area> =
            ordinary.filter(|area| area.of(self.unit).is_some_and(|m| m.applicable)).collect();
        let (whole, scale) = (self.whole(&ordinary), self.scale(&ordinary));
        let point = Ratio::whole(Exact::from(1));
        let gives = |area: &Area| self.contribution(area, &point, whole.as_ref()?, scale.as_ref());
        ordinary.into_iter().filter_map(|area| Some((area.criterion.code.clone(), gives(area)?))).collect()
    }
}

/// An area's score, and its contribution as a fraction.
struct Part<'a> {
    criterion: &'a Criterion,
    code: &'a Arc<str>,
    score: Exact,
    contribution: Ratio,
}

fn components(parts: Vec<Part>, score: &Exact, source: TotalSource) -> Vec<Component> {
    let mut components: Vec<Component> = parts
        .into_iter()
        .map(|part| Component {
            criterion: Some(part.code.clone()),
            kind: ComponentKind::Criterion,
            score: Some(part.score),
            contribution: part.contribution.value(),
        })
        .collect();
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "totals_tests.rs"]
pub(in crate::service) mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "totals_method_tests.rs"]
mod method_tests;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "totals_props.rs"]
mod props;
