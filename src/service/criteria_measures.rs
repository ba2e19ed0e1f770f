//! What the units of a cohort have for each criterion of the tree, from the leaves up.
//!
//! The whole cohort is measured at once, because a normalised value depends on the others. Nothing is divided
//! here: scores that come from shares stay fractions until a total is made of them (`totals`).

use std::{collections::HashMap, sync::Arc};

use super::{
    criteria_nodes::{Node, leave_out_survey, mark_survey, nodes, places, taken_by_survey},
    halves::mapped,
    totals::UnitScores,
};
use crate::domain::{
    criteria::{Criterion, Method, Polarity, SCALE_TOP},
    decimal::Exact,
    editions::Edition,
    ratio::Ratio,
};

/// What is known of a criterion for one unit once everything below it is.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Whether it counts at all.
    pub applicable: bool,
    /// Its score; none where it has none, or one above what is left of its points.
    pub score: Option<Ratio>,
    /// The part of its full maximum that is not applicable.
    taken_out: Exact,
}

/// What each unit has for one criterion.
#[derive(Clone)]
enum Column {
    /// All the same: nobody has a score at or below it.
    Same(Measured),
    /// A unit each.
    Each(Vec<Measured>),
}

impl Column {
    fn of(&self, unit: usize) -> Option<&Measured> {
        match self {
            Self::Same(measured) => Some(measured),
            Self::Each(each) => each.get(unit),
        }
    }
}

/// The areas of an edition with what each unit of a cohort has for them.
pub struct Measures<'a> {
    edition: &'a Edition,
    areas: Vec<Area<'a>>,
    left_out: bool,
}

/// An area.
pub struct Area<'a> {
    /// The criterion.
    pub criterion: &'a Criterion,
    /// Its code, shared by all that is told of it.
    pub code: Arc<str>,
    full: Option<Exact>,
    /// The part of `full` that no survey left out.
    without_survey: Exact,
    column: Column,
    /// The values on the scale of 1 to 10, where the total is made of these.
    scaled: Option<Vec<Option<Ratio>>>,
}

impl Area<'_> {
    /// What a unit has for the area.
    pub fn of(&self, unit: usize) -> Option<&Measured> {
        self.column.of(unit)
    }

    /// What a unit has for the area on the scale of 1 to 10.
    pub fn scaled(&self, unit: usize) -> Option<&Ratio> {
        self.scaled.as_ref()?.get(unit)?.as_ref()
    }

    /// Most points with everything below it applicable.
    pub fn full(&self) -> Option<&Exact> {
        self.full.as_ref()
    }

    /// Most points that a unit could have in the area.
    pub fn maximum(&self, measured: &Measured) -> Option<Exact> {
        left(self.full.as_ref()?, &measured.taken_out)
    }
}

/// How ordinary points are scaled up, so that what is out of the maximum costs nothing.
#[derive(Debug, Clone)]
pub struct Rescaling {
    /// The most points that there are once they are scaled.
    pub to: Exact,
    /// The points that scores are out of; none where each unit has its own.
    pub from: Option<Exact>,
}

/// What is left of a maximum. Nothing left below a criterion that has a score all the same: the score is out of
/// all its points.
fn left(full: &Exact, taken_out: &Exact) -> Option<Exact> {
    let left = full - taken_out;
    Some(if left.is_zero() || left.is_negative() { full.clone() } else { left })
}

impl<'a> Measures<'a> {
    /// Measures a cohort.
    pub fn of(edition: &'a Edition, units: &[&UnitScores]) -> Self {
        let mut nodes = nodes(edition);
        let places = places(&nodes);
        let left_out = !leave_out_survey(edition, &mut nodes, units).is_empty();
        let columns = columns(edition, &nodes, &places, units);
        let survey = taken_by_survey(&nodes);
        let areas = columns
            .into_iter()
            .filter_map(|(place, column)| {
                let node = nodes.get(place)?;
                let scale = edition.method == Method::Normalised && !node.criterion.is_bonus();
                Some(Area {
                    criterion: node.criterion,
                    code: node.criterion.code.as_str().into(),
                    full: node.full.clone(),
                    without_survey: survey.get(place).cloned().unwrap_or_else(Exact::zero),
                    scaled: scale.then(|| scaled(node, &column, units.len())),
                    column,
                })
            })
            .collect();
        Self { edition, areas, left_out }
    }

    /// The areas in the edition's order.
    pub fn areas(&self) -> &[Area<'a>] {
        &self.areas
    }

    /// How ordinary points are scaled up: without a survey to the full maximum, those of a unit to which some criteria
    /// do not apply to what the others have. None where they are added as they are.
    pub fn rescaling(&self) -> Option<Rescaling> {
        let survey = self.edition.rescale_without_survey && self.left_out;
        let own = self.edition.rescale_not_applicable;
        if !survey && !own {
            return None;
        }
        let ordinary = || self.areas.iter().filter(|area| !area.criterion.is_bonus());
        let full: Exact = ordinary().map(|area| area.full.clone()).sum::<Option<Exact>>()?;
        let out: Exact = ordinary().map(|area| &area.without_survey).sum();
        let left = &full - &out;
        Some(Rescaling { to: if survey { full } else { left.clone() }, from: (!own).then_some(left) })
    }
}

/// The whole tree with what each unit of a cohort has for every criterion of it.
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    columns: Vec<Option<Column>>,
    units: usize,
}

impl<'a> Tree<'a> {
    /// Measures a cohort.
    pub fn of(edition: &'a Edition, units: &[&UnitScores]) -> Self {
        let mut nodes = nodes(edition);
        let places = places(&nodes);
        leave_out_survey(edition, &mut nodes, units);
        let columns = all_columns(&nodes, &places, units, true);
        Self { nodes, columns, units: units.len() }
    }

    /// Measures units by themselves: as if a survey was held, or as if none was.
    pub fn apart(edition: &'a Edition, units: &[&UnitScores], survey: bool) -> Self {
        let mut nodes = nodes(edition);
        if !survey {
            mark_survey(&mut nodes);
        }
        let columns = all_columns(&nodes, &places(&nodes), units, true);
        Self { nodes, columns, units: units.len() }
    }

    /// The criteria: children before their parents.
    pub fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    /// What a unit has for the criterion at a place.
    pub fn of_unit(&self, place: usize, unit: usize) -> Option<&Measured> {
        self.columns.get(place)?.as_ref()?.of(unit)
    }

    /// Most points that a unit could have for it.
    pub fn maximum(&self, place: usize, unit: usize) -> Option<Exact> {
        left(self.nodes.get(place)?.full.as_ref()?, &self.of_unit(place, unit)?.taken_out)
    }

    /// Whether the criterion applies to a unit while some of its points do not.
    pub fn is_cut(&self, place: usize, unit: usize) -> bool {
        self.of_unit(place, unit).is_some_and(|measured| measured.applicable && !measured.taken_out.is_zero())
    }

    /// What the units have for it on the scale of 1 to 10.
    pub fn scaled(&self, place: usize) -> Vec<Option<Ratio>> {
        match (self.nodes.get(place), self.columns.get(place)) {
            (Some(node), Some(Some(column))) => scaled(node, column, self.units),
            _ => vec![None; self.units],
        }
    }
}

/// The score of a criterion anywhere in the tree for each unit: its own, or what follows from those below it.
pub fn scores_of(edition: &Edition, units: &[&UnitScores], code: &str) -> Vec<Option<Exact>> {
    let mut nodes = nodes(edition);
    let places = places(&nodes);
    leave_out_survey(edition, &mut nodes, units);
    let Some(place) = places.get(code).copied() else { return vec![None; units.len()] };
    // Children stand before their parents: nothing after it says anything of it.
    nodes.truncate(place + 1);
    let column = all_columns(&nodes, &places, units, false).pop().flatten();
    let score = |unit| Some(column.as_ref()?.of(unit)?.score.as_ref()?.value());
    (0..units.len()).map(score).collect()
}

/// The columns of the areas in the edition's order.
fn columns(
    edition: &Edition,
    nodes: &[Node],
    places: &HashMap<&str, usize>,
    units: &[&UnitScores],
) -> Vec<(usize, Column)> {
    let mut columns = all_columns(nodes, places, units, false);
    edition
        .areas()
        .filter_map(|area| {
            let place = *places.get(area.code.as_str())?;
            Some((place, columns.get_mut(place)?.take()?))
        })
        .collect()
}

/// The column of each node; those below another are dropped once they are used, unless all are kept.
fn all_columns(
    nodes: &[Node],
    places: &HashMap<&str, usize>,
    units: &[&UnitScores],
    keep: bool,
) -> Vec<Option<Column>> {
    let mut given: HashMap<usize, Vec<Option<Given>>> = HashMap::new();
    for (unit, scores) in units.iter().enumerate() {
        for score in &scores.criteria {
            if let Some(place) = places.get(score.criterion.as_str()) {
                let of_all = given.entry(*place).or_insert_with(|| vec![None; units.len()]);
                if let Some(of_unit) = of_all.get_mut(unit) {
                    *of_unit = Some(Given { score: score.score.as_ref(), applicable: score.applicable });
                }
            }
        }
    }
    let mut columns: Vec<Option<Column>> = Vec::with_capacity(nodes.len());
    for (place, node) in nodes.iter().enumerate() {
        let child = |i: &usize| {
            let column = columns.get_mut(*i)?;
            Some((nodes.get(*i)?, if keep { column.clone()? } else { column.take()? }))
        };
        let below: Vec<(&Node, Column)> = node.below.iter().filter_map(child).collect();
        columns.push(Some(column(node, &below, given.remove(&place), units.len())));
    }
    columns
}

/// What is stored of a criterion.
#[derive(Clone, Copy)]
struct Given<'a> {
    score: Option<&'a Exact>,
    applicable: bool,
}

fn column(node: &Node, below: &[(&Node, Column)], given: Option<Vec<Option<Given>>>, units: usize) -> Column {
    let below: Vec<Below> = below
        .iter()
        .map(|(child, column)| Below {
            node: child,
            column,
            scaled: (node.method == Method::Normalised).then(|| scaled(child, column, units)),
        })
        .collect();
    if given.is_none() && below.iter().all(|child| matches!(child.column, Column::Same(_))) {
        return Column::Same(measured(node, &below, None, 0));
    }
    let given = given.unwrap_or_else(|| vec![None; units]);
    Column::Each(mapped(&given, |unit, given| measured(node, &below, *given, unit)))
}

/// A child with what the units have for it.
struct Below<'a> {
    node: &'a Node<'a>,
    column: &'a Column,
    scaled: Option<Vec<Option<Ratio>>>,
}

fn measured(node: &Node, below: &[Below], given: Option<Given>, unit: usize) -> Measured {
    let own = given.and_then(|g| g.score).cloned().map(Ratio::whole);
    let applicable: Vec<(&Below, &Measured)> = below
        .iter()
        .filter_map(|child| Some((child, child.column.of(unit)?)))
        .filter(|(_, measured)| measured.applicable)
        .collect();
    let nothing_left = own.is_none() && ((!below.is_empty() && applicable.is_empty()) || node.left_out);
    if given.is_some_and(|g| !g.applicable) || nothing_left {
        let taken_out = node.full.clone().unwrap_or_else(Exact::zero);
        return Measured { applicable: false, score: None, taken_out };
    }
    let taken_out = match node.method {
        Method::Points => below.iter().filter_map(|child| Some(&child.column.of(unit)?.taken_out)).sum(),
        Method::Weighted | Method::Normalised => Exact::zero(),
    };
    let score = match (own, node.method) {
        (Some(own), _) => Some(own).filter(|own| fits(own, node, &taken_out)),
        _ if applicable.is_empty() => None,
        (None, Method::Points) => sum_of_points(node, &applicable),
        (None, Method::Weighted) => weighted(node, &applicable),
        (None, Method::Normalised) => mean(&applicable, unit),
    };
    Measured { applicable: true, score, taken_out }
}

/// Whether a score can be out of what is left of the points. One above that tells of parts that do not apply: what it
/// is a share of is not known.
fn fits(own: &Ratio, node: &Node, taken_out: &Exact) -> bool {
    let most = || left(node.full.as_ref()?, taken_out).map(Ratio::whole);
    taken_out.is_zero() || most().is_none_or(|most| own <= &most)
}

/// The sum of the children, each of which needs a score; of bonus and penalty points, of those that have one.
fn sum_of_points(node: &Node, below: &[(&Below, &Measured)]) -> Option<Ratio> {
    let scores = || below.iter().map(|(_, measured)| measured.score.as_ref());
    if node.is_bonus && scores().any(|score| score.is_some()) {
        return Some(Ratio::sum(scores().flatten().cloned()));
    }
    Some(Ratio::sum(scores().map(|score| score.cloned()).collect::<Option<Vec<_>>>()?))
}

/// Σ weight × score ÷ maximum, by Σ weight, times the parent's maximum.
fn weighted(node: &Node, below: &[(&Below, &Measured)]) -> Option<Ratio> {
    let mut weights = Exact::zero();
    let mut shares = Vec::with_capacity(below.len());
    for (child, measured) in below {
        let weight = child.node.criterion.weight.as_ref()?;
        let maximum = left(child.node.full.as_ref()?, &measured.taken_out)?;
        weights = &weights + weight;
        shares.push(measured.score.as_ref()?.times(weight).over(&maximum)?);
    }
    Ratio::sum(shares).times(node.full.as_ref()?).over(&weights)
}

/// The mean of the children on the scale, by their weights where they have them.
fn mean(below: &[(&Below, &Measured)], unit: usize) -> Option<Ratio> {
    let mut weights = Exact::zero();
    let mut values = Vec::with_capacity(below.len());
    for (child, _) in below {
        let value = child.scaled.as_ref()?.get(unit)?.as_ref()?;
        let weight = weight_in_mean(child.node.criterion);
        values.push(value.times(&weight));
        weights = &weights + &weight;
    }
    Ratio::sum(values).over(&weights)
}

/// The weight of a criterion in a mean: all alike where none is stated.
pub fn weight_in_mean(criterion: &Criterion) -> Exact {
    criterion.weight.clone().unwrap_or_else(|| Exact::from(1))
}

/// The values of a criterion on the scale of 1 to 10: 9 × (x − min) ÷ (max − min) + 1 within the cohort, 11 minus
/// that for a negative polarity.
///
/// Where all that have a value have the same, there is nothing to tell them apart by: each has 5.5, the middle
/// of the scale. A mean of normalised values is on the scale already, and what was stored in its place too; so is
/// a criterion that states 1 and 10 as its bounds: of a negative polarity, 11 minus its value counts.
fn scaled(node: &Node, column: &Column, units: usize) -> Vec<Option<Ratio>> {
    let value = |unit| column.of(unit).filter(|m| m.applicable).and_then(|m| m.score.as_ref());
    let top = Ratio::whole(Exact::from(SCALE_TOP + 1));
    let turned = |up: Ratio| match node.criterion.polarity {
        Polarity::Positive => up,
        Polarity::Negative => top.minus(&up),
    };
    if node.method == Method::Normalised {
        return (0..units).map(|unit| value(unit).cloned()).collect();
    }
    if node.criterion.is_on_scale() {
        return (0..units).map(|unit| Some(turned(value(unit)?.clone()))).collect();
    }
    let range = (0..units).filter_map(value).min().zip((0..units).filter_map(value).max());
    let Some((min, max)) = range else { return vec![None; units] };
    let width = max.minus(min);
    let (steps, one) = (Exact::from(SCALE_TOP - 1), Ratio::whole(Exact::from(1)));
    let scale = |value: &Ratio| match value.minus(min).times(&steps).per(&width) {
        None => top.over(&Exact::from(2)),
        Some(up) => Some(turned(up.plus(&one))),
    };
    (0..units).map(|unit| scale(value(unit)?)).collect()
}
