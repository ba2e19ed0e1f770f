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
    /// Whether it is of bonus and penalty points.
    pub is_bonus: bool,
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
    let bonus = edition.bonus_codes();
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
        let is_bonus = bonus.contains(criterion.code.as_str());
        nodes.push(Node { criterion, below, method, is_bonus, full, left_out: false });
    }
    nodes
}

/// The criteria that left the maximum for the whole cohort, because no survey was held.
pub fn left_out<'a>(edition: &'a Edition, units: &[&UnitScores]) -> Vec<&'a str> {
    leave_out_survey(edition, &mut nodes(edition), units)
}

fn is_of_survey(criterion: &Criterion) -> bool {
    criterion.stage == Some(ScoreStage::Survey)
}

/// Takes the criteria of the survey out.
pub fn mark_survey(nodes: &mut [Node]) {
    nodes.iter_mut().for_each(|node| node.left_out = is_of_survey(node.criterion));
}

/// Whether a survey scores something.
pub fn has_survey(edition: &Edition) -> bool {
    edition.criteria.iter().any(is_of_survey)
}

/// The place of each criterion in the list of nodes.
pub fn places<'a>(nodes: &[Node<'a>]) -> HashMap<&'a str, usize> {
    nodes.iter().enumerate().map(|(i, node)| (node.criterion.code.as_str(), i)).collect()
}

/// What tells that a survey was held: a score of one of its criteria or below one, and a score above them of more than
/// could be had without it.
#[derive(Default)]
pub struct SurveyTraces<'a> {
    /// The criteria of a survey and those below them.
    of_survey: HashSet<&'a str>,
    /// The most that those above them can have without it, where that is something.
    without: HashMap<&'a str, Exact>,
}

impl<'a> SurveyTraces<'a> {
    /// What tells of a survey in an edition; nothing where it has none.
    pub fn of(edition: &'a Edition) -> Self {
        let mut traces = Self::default();
        if !has_survey(edition) {
            return traces;
        }
        for (criterion, _) in edition.tree() {
            let below = criterion.parent.as_deref().is_some_and(|parent| traces.of_survey.contains(parent));
            if below || is_of_survey(criterion) {
                traces.of_survey.insert(&criterion.code);
            }
        }
        let mut nodes = nodes(edition);
        mark_survey(&mut nodes);
        for (node, taken) in nodes.iter().zip(taken_by_survey(&nodes)) {
            let without = node.full.as_ref().map(|full| full - &taken);
            if let Some(without) = without.filter(|left| !taken.is_zero() && &Exact::zero() < left) {
                traces.without.insert(&node.criterion.code, without);
            }
        }
        traces
    }

    /// Whether a criterion is one of a survey, or below one.
    pub fn is_of_survey(&self, code: &str) -> bool {
        self.of_survey.contains(code)
    }

    /// Whether the scores of a unit tell that a survey was held.
    pub fn are_in(&self, unit: &UnitScores) -> bool {
        let scored = unit.criteria.iter().filter_map(|s| Some((s.criterion.as_str(), s.score.as_ref()?)));
        let tells = |(code, score): (&str, &Exact)| {
            self.of_survey.contains(code) || self.without.get(code).is_some_and(|without| without < score)
        };
        !self.of_survey.is_empty() && scored.into_iter().any(tells)
    }
}

/// Takes the criteria of the survey out where no score of the cohort tells that it was held.
pub fn leave_out_survey<'a>(
    edition: &'a Edition,
    nodes: &mut [Node<'a>],
    units: &[&UnitScores],
) -> Vec<&'a str> {
    if !has_survey(edition) {
        return Vec::new();
    }
    let known: HashSet<&str> = edition.criteria.iter().map(|c| c.code.as_str()).collect();
    let mut scored = units.iter().flat_map(|unit| &unit.criteria).filter(|score| score.score.is_some());
    let traces = SurveyTraces::of(edition);
    let nothing = !scored.any(|score| known.contains(score.criterion.as_str()));
    if nothing || units.iter().any(|unit| traces.are_in(unit)) {
        return Vec::new();
    }
    mark_survey(nodes);
    edition.criteria.iter().filter(|c| is_of_survey(c)).map(|c| c.code.as_str()).collect()
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
