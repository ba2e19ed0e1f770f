//! What the areas give to a unit's total when the weights below them are drawn too.
//!
//! Each score below a weighted parent is multiplied through: it becomes what the total would get if it alone made up
//! its parent, and so on up to the area. A parent by weights then gives the mean of those below it, and points their
//! sum. What has a stored score of its own stays, and so does what is scaled within the cohort before a mean is
//! taken: a draw for all units at once can't follow that unit by unit.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    criteria_measures::{Tree, weight_in_mean},
    criteria_nodes::Node,
    robustness::{ONE, quotient, scaled, shares, size},
    totals::{self, UnitScores},
};
use crate::domain::{
    decimal::Exact,
    editions::{Edition, Method},
    ratio::Ratio,
};

/// The weights below areas that are drawn.
pub struct InnerWeights<'a> {
    tree: Tree<'a>,
    /// The place of each area that is drawn.
    areas: Vec<Option<usize>>,
    /// The factor of each criterion whose weight is drawn, by its place.
    factors: HashMap<usize, usize>,
    /// Whether a drawn weight moves the criterion, by its place.
    moves: Vec<bool>,
    /// The values of what a mean is taken of, by its place.
    on_scale: HashMap<usize, Vec<Option<Ratio>>>,
    /// What a point of each area gives, unit by unit.
    of_a_point: Vec<BTreeMap<String, Ratio>>,
}

impl<'a> InnerWeights<'a> {
    /// Those below the areas of these codes; none where they have no weights below them.
    pub fn of(edition: &'a Edition, units: &[&UnitScores], areas: &[&str]) -> Option<Self> {
        if !edition.criteria.iter().any(|c| c.parent.is_some() && c.weight.is_some()) {
            return None;
        }
        let tree = Tree::of(edition, units);
        let nodes = tree.nodes();
        let reached = reached(edition, nodes, areas);
        let is_reached = |place: usize| reached.get(place) == Some(&true);
        let mut factors = HashMap::new();
        // From the top, behind the factors of the areas.
        for (place, node) in nodes.iter().enumerate().rev() {
            if is_reached(place) && is_weighed(node, nodes) {
                for child in &node.below {
                    factors.insert(*child, areas.len() + factors.len());
                }
            }
        }
        if factors.is_empty() {
            return None;
        }
        let mut moves: Vec<bool> = Vec::with_capacity(nodes.len());
        let mut on_scale = HashMap::new();
        for (place, node) in nodes.iter().enumerate() {
            let below = || node.below.iter().any(|child| moves.get(*child) == Some(&true));
            let here = is_reached(place) && (is_weighed(node, nodes) || below());
            if here && node.method == Method::Normalised {
                on_scale.extend(node.below.iter().map(|child| (*child, tree.scaled(*child))));
            }
            moves.push(here);
        }
        let place = |code: &&str| nodes.iter().position(|node| node.criterion.code == **code);
        Some(Self {
            areas: areas.iter().map(place).collect(),
            of_a_point: totals::of_a_point(edition, units),
            factors,
            moves,
            on_scale,
            tree,
        })
    }

    /// How many weights there are.
    pub fn count(&self) -> usize {
        self.factors.len()
    }

    /// What the draws move of a unit; none where that is nothing.
    pub fn of_unit(&self, unit: usize, scores: &UnitScores) -> Option<UnitTree<Exact>> {
        let stored = scores.criteria.iter().filter(|s| s.score.is_some()).map(|s| s.criterion.as_str());
        let points = self.points(unit, &stored.collect());
        let mut joins = Vec::with_capacity(points.len());
        let mut joined: HashMap<usize, usize> = HashMap::new();
        for (place, point) in &points {
            let join = self.join(*place, unit, point, &joined)?;
            joined.insert(*place, joins.len());
            joins.push(join);
        }
        let areas = self.areas.iter().map(|place| joined.get(&(*place)?).copied()).collect();
        (!joins.is_empty()).then_some(UnitTree { joins, areas })
    }

    /// What a point of each criterion that moves gives to the total of a unit, those below before those above.
    fn points(&self, unit: usize, stored: &HashSet<&str>) -> BTreeMap<usize, Ratio> {
        let of_area = |place: &usize| {
            let code = &self.tree.nodes().get(*place)?.criterion.code;
            Some((*place, self.of_a_point.get(unit)?.get(code)?.clone()))
        };
        let mut next: Vec<(usize, Ratio)> = self.areas.iter().flatten().filter_map(of_area).collect();
        let mut points = BTreeMap::new();
        while let Some((place, point)) = next.pop() {
            let Some(node) = self.moving(place, unit, stored) else { continue };
            for child in &node.below {
                next.extend(self.point_below(node, *child, unit, &point).map(|point| (*child, point)));
            }
            points.insert(place, point);
        }
        points
    }

    /// The criterion at a place, where a drawn weight moves what a unit has for it.
    fn moving(&self, place: usize, unit: usize, stored: &HashSet<&str>) -> Option<&Node<'a>> {
        let node = self.tree.nodes().get(place)?;
        let measured = self.tree.of_unit(place, unit)?;
        let computed = measured.applicable && measured.score.is_some();
        let moves = self.moves.get(place) == Some(&true);
        (moves && computed && !stored.contains(node.criterion.code.as_str())).then_some(node)
    }

    /// What a point of a criterion gives where it alone makes up its parent, of which a point gives `point`.
    fn point_below(&self, parent: &Node<'_>, child: usize, unit: usize, point: &Ratio) -> Option<Ratio> {
        if parent.method != Method::Weighted {
            return Some(point.clone());
        }
        let (full, maximum) = (parent.full.as_ref()?, self.tree.maximum(child, unit)?);
        // Most often so, and then no digits are added.
        if full == &maximum { Some(point.clone()) } else { point.times(full).over(&maximum) }
    }

    fn join(
        &self,
        place: usize,
        unit: usize,
        point: &Ratio,
        joined: &HashMap<usize, usize>,
    ) -> Option<Join<Exact>> {
        let nodes = self.tree.nodes();
        let node = nodes.get(place)?;
        let (mut parts, mut weights) = (Vec::new(), Vec::new());
        for child in &node.below {
            let measured = self.tree.of_unit(*child, unit)?;
            if !measured.applicable {
                continue;
            }
            let value = match (joined.get(child), self.on_scale.get(child)) {
                (Some(join), _) => Value::Joined(*join),
                (None, on_scale) => {
                    let own = match on_scale {
                        Some(values) => values.get(unit)?.as_ref()?,
                        None => measured.score.as_ref()?,
                    };
                    Value::Fixed(self.point_below(node, *child, unit, point)?.product(own).value())
                }
            };
            weights.push(weight_in_mean(nodes.get(*child)?.criterion));
            parts.push(Part { value, weight: 0, factor: self.factors.get(child).copied() });
        }
        let mean = node.method != Method::Points;
        if mean {
            let shares = shares(&weights.iter().map(Some).collect::<Vec<_>>())?;
            parts.iter_mut().zip(shares).for_each(|(part, share)| part.weight = share);
        }
        (!parts.is_empty()).then_some(Join { parts, mean })
    }
}

/// Whether a criterion comes from more than one weight that is stated.
fn is_weighed(node: &Node<'_>, nodes: &[Node<'_>]) -> bool {
    let weighs = |child: &usize| nodes.get(*child).is_some_and(|node| node.criterion.weight.is_some());
    node.method != Method::Points && node.below.len() > 1 && node.below.iter().all(weighs)
}

/// The criteria, by place, that stand below these areas with nothing scaled within the cohort between.
fn reached(edition: &Edition, nodes: &[Node<'_>], areas: &[&str]) -> Vec<bool> {
    // What a mean is taken of is on its scale already only where it is a mean itself.
    let passes =
        |method: Method, below: &Node<'_>| method != Method::Normalised || below.method == Method::Normalised;
    let mut reached = vec![false; nodes.len()];
    for (place, node) in nodes.iter().enumerate().rev() {
        let is_drawn = areas.iter().any(|code| *code == node.criterion.code);
        let here = match node.criterion.parent {
            None => is_drawn && passes(edition.method, node),
            Some(_) => reached.get(place) == Some(&true),
        };
        for child in node.below.iter().filter(|_| here) {
            let passes = nodes.get(*child).is_some_and(|below| passes(node.method, below));
            if let Some(child) = reached.get_mut(*child) {
                *child = passes;
            }
        }
        if let Some(at) = reached.get_mut(place) {
            *at = here;
        }
    }
    reached
}

/// What the draws move of one unit. Its numbers are in points of the total.
pub struct UnitTree<N> {
    /// Those below before those above.
    joins: Vec<Join<N>>,
    /// The join of each area that is drawn; none for one that stays.
    areas: Vec<Option<usize>>,
}

/// A criterion that comes from those below it.
struct Join<N> {
    parts: Vec<Part<N>>,
    /// Their mean by weight; else their sum.
    mean: bool,
}

/// A criterion below another.
struct Part<N> {
    value: Value<N>,
    /// Its share of the weights.
    weight: i128,
    /// Which factor its weight has; none where it is not drawn.
    factor: Option<usize>,
}

/// What a criterion gives: a number, or what an earlier join makes.
enum Value<N> {
    Fixed(N),
    Joined(usize),
}

impl UnitTree<Exact> {
    /// A number that what the areas give does not exceed, whatever is drawn.
    pub fn size(&self) -> Exact {
        let mut sizes: Vec<Exact> = Vec::with_capacity(self.joins.len());
        for join in &self.joins {
            let parts = join.parts.iter().map(|part| match &part.value {
                Value::Fixed(value) => size(value),
                Value::Joined(join) => sizes.get(*join).cloned().unwrap_or_else(Exact::zero),
            });
            let most = if join.mean { parts.max().unwrap_or_else(Exact::zero) } else { parts.sum::<Exact>() };
            sizes.push(most);
        }
        self.areas.iter().flatten().filter_map(|join| sizes.get(*join)).sum()
    }

    /// The same in whole numbers, units of 10⁻ᵈ; none where a number has too many digits.
    pub fn whole(&self, decimals: u8) -> Option<UnitTree<i128>> {
        let part = |part: &Part<Exact>| {
            let value = match &part.value {
                Value::Fixed(value) => Value::Fixed(scaled(value, decimals)?),
                Value::Joined(join) => Value::Joined(*join),
            };
            Some(Part { value, weight: part.weight, factor: part.factor })
        };
        let join = |join: &Join<Exact>| {
            let parts = join.parts.iter().map(part).collect::<Option<Vec<_>>>()?;
            Some(Join { parts, mean: join.mean })
        };
        let joins = self.joins.iter().map(join).collect::<Option<Vec<_>>>()?;
        Some(UnitTree { joins, areas: self.areas.clone() })
    }
}

impl UnitTree<i128> {
    /// Puts down what the areas that move give with these factors; the official weights where there is none.
    pub fn draw(&self, factors: &[i128], gives: &mut [i128]) {
        let mut values: Vec<i128> = Vec::with_capacity(self.joins.len());
        for join in &self.joins {
            let value = join.value(factors, &values);
            values.push(value);
        }
        for (gives, join) in gives.iter_mut().zip(&self.areas) {
            if let Some(value) = join.and_then(|join| values.get(join)) {
                *gives = *value;
            }
        }
    }
}

impl Join<i128> {
    fn value(&self, factors: &[i128], values: &[i128]) -> i128 {
        let value = |part: &Part<i128>| match part.value {
            Value::Fixed(value) => value,
            Value::Joined(join) => values.get(join).copied().unwrap_or_default(),
        };
        if !self.mean {
            return self.parts.iter().map(value).sum();
        }
        let (mut sum, mut weights) = (0, 0);
        for part in &self.parts {
            let factor = part.factor.and_then(|factor| factors.get(factor)).copied();
            let weight = part.weight * factor.unwrap_or(ONE);
            sum += weight * value(part);
            weights += weight;
        }
        quotient(sum, weights)
    }
}
