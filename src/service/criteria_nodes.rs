//! The tree of an edition's criteria as it is measured: children before their parents, with what a survey that was not
//! held takes out of the maximum.

use std::collections::{HashMap, HashSet};

use super::totals::UnitScores;
use crate::domain::{
    criteria::{Criterion, HUNDRED, Method, SCALE_TOP},
    decimal::Exact,
    editions::Edition,
    index_scores::ScoreStage,
};

/// A criterion of the tree.
pub struct Node<'a> {
    /// The criterion.
    pub criterion: &'a Criterion,
    /// Places of its children in the list of nodes.
    pub below: Vec<usize>,
    /// How it comes from them; points where there are none.
    pub method: Method,
    /// Most points with everything below applicable.
    pub full: Option<Exact>,
    /// Whether it is out of the maximum for everybody, because there was no survey.
    pub left_out: bool,
}

/// The tree with children before their parents.
///
/// Without recursion, because a tree may be as deep as the request that made it is long.
pub fn nodes(edition: &Edition) -> Vec<Node<'_>> {
    let mut children: HashMap<&str, Vec<&Criterion>> = HashMap::new();
    for criterion in &edition.criteria {
        if let Some(parent) = &criterion.parent {
            children.entry(parent).or_default().push(criterion);
        }
    }
    let mut from_the_top: Vec<&Criterion> = edition.areas().collect();
    let mut order = Vec::new();
    while let Some(criterion) = from_the_top.pop() {
        // Taken out of the map, so that each is visited once even if an unchecked edition repeats a code.
        let below = children.remove(criterion.code.as_str()).unwrap_or_default();
        from_the_top.extend(&below);
        order.push((criterion, below));
    }
    let mut nodes: Vec<Node> = Vec::with_capacity(order.len());
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (criterion, below) in order.into_iter().rev() {
        let below: Vec<usize> = below.iter().filter_map(|c| places.get(c.code.as_str()).copied()).collect();
        let method = if below.is_empty() { Method::Points } else { edition.method_of(criterion) };
        let full = criterion.max_points.clone().or_else(|| match method {
            _ if below.is_empty() => None,
            Method::Points => below.iter().map(|i| nodes.get(*i).and_then(|n| n.full.clone())).sum(),
            Method::Weighted => Some(Exact::from(HUNDRED)),
            Method::Normalised => Some(Exact::from(SCALE_TOP)),
        });
        places.insert(criterion.code.as_str(), nodes.len());
        nodes.push(Node { criterion, below, method, full, left_out: false });
    }
    nodes
}

/// The criteria that left the maximum for the whole cohort, because nobody has a score of the survey.
pub fn left_out<'a>(edition: &'a Edition, units: &[&UnitScores]) -> Vec<&'a str> {
    if !has_survey(edition) {
        return Vec::new();
    }
    let mut nodes = nodes(edition);
    let places = places(&nodes);
    leave_out_survey(edition, &mut nodes, &places, units)
}

fn has_survey(edition: &Edition) -> bool {
    edition.criteria.iter().any(|c| c.stage == Some(ScoreStage::Survey))
}

/// The place of each criterion in the list of nodes.
pub fn places<'a>(nodes: &[Node<'a>]) -> HashMap<&'a str, usize> {
    nodes.iter().enumerate().map(|(i, node)| (node.criterion.code.as_str(), i)).collect()
}

/// Takes the criteria of the survey out where nobody of the cohort has a score of any of them.
pub fn leave_out_survey<'a>(
    edition: &'a Edition,
    nodes: &mut [Node<'a>],
    places: &HashMap<&str, usize>,
    units: &[&UnitScores],
) -> Vec<&'a str> {
    if !has_survey(edition) {
        return Vec::new();
    }
    let scored: HashSet<usize> = units
        .iter()
        .flat_map(|unit| &unit.criteria)
        .filter(|score| score.score.is_some())
        .filter_map(|score| places.get(score.criterion.as_str()).copied())
        .collect();
    // A survey was held when one of its criteria, or one below it, has a score.
    let mut has_score = vec![false; nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        let below = node.below.iter().any(|child| has_score.get(*child) == Some(&true));
        if let Some(here) = has_score.get_mut(i) {
            *here = below || scored.contains(&i);
        }
    }
    let of_survey = |node: &Node| node.criterion.stage == Some(ScoreStage::Survey);
    let held = nodes.iter().zip(&has_score).any(|(node, has_score)| of_survey(node) && *has_score);
    if held || scored.is_empty() {
        return Vec::new();
    }
    nodes.iter_mut().filter(|node| of_survey(node)).for_each(|node| node.left_out = true);
    edition.criteria.iter().filter(|c| c.stage == Some(ScoreStage::Survey)).map(|c| c.code.as_str()).collect()
}

/// How much of each full maximum the missing survey takes.
pub fn taken_by_survey(nodes: &[Node]) -> Vec<Exact> {
    let mut taken: Vec<Exact> = Vec::with_capacity(nodes.len());
    let mut gone: Vec<bool> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let all_below = !node.below.is_empty() && node.below.iter().all(|i| gone.get(*i) == Some(&true));
        let out = node.left_out || all_below;
        taken.push(match node.method {
            _ if out => node.full.clone().unwrap_or_else(Exact::zero),
            Method::Points => node.below.iter().filter_map(|i| taken.get(*i)).sum(),
            Method::Weighted | Method::Normalised => Exact::zero(),
        });
        gone.push(out);
    }
    taken
}
