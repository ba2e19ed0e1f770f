//! Walks of the criteria tree: from the top in the edition's order, and from a leaf up.
//!
//! Without recursion, because a tree may be as deep as the request that made it is long.

use std::collections::{HashMap, HashSet};

use super::editions::{Criterion, Edition};

impl Edition {
    /// The criteria as people read them: each before those below it, in the edition's order, with its depth; an area
    /// has depth 0.
    pub fn tree(&self) -> Vec<(&Criterion, usize)> {
        let mut below: HashMap<&str, Vec<&Criterion>> = HashMap::new();
        for criterion in &self.criteria {
            if let Some(parent) = &criterion.parent {
                below.entry(parent).or_default().push(criterion);
            }
        }
        let mut next: Vec<(&Criterion, usize)> = self.areas().map(|area| (area, 0)).collect();
        next.reverse();
        let mut tree = Vec::new();
        while let Some((criterion, depth)) = next.pop() {
            tree.push((criterion, depth));
            // Taken out of the map, so that each is visited once even if an unchecked edition repeats a code.
            let children = below.remove(criterion.code.as_str()).unwrap_or_default();
            next.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
        }
        tree
    }

    /// The criteria without others below them, each with its code and those of the criteria above it.
    pub fn leaves(&self) -> Vec<(&Criterion, Vec<&str>)> {
        let parents: HashMap<&str, Option<&str>> =
            self.criteria.iter().map(|c| (c.code.as_str(), c.parent.as_deref())).collect();
        let above: HashSet<&str> = parents.values().copied().flatten().collect();
        let leaf = |criterion: &&Criterion| !above.contains(criterion.code.as_str());
        let path = |criterion: &'_ Criterion| -> Vec<&str> {
            let mut path = Vec::new();
            let mut at = parents.get_key_value(criterion.code.as_str()).map(|(code, _)| *code);
            while let Some(code) = at.filter(|_| path.len() <= self.criteria.len()) {
                path.push(code);
                at = parents.get(code).copied().flatten();
            }
            path
        };
        self.criteria.iter().filter(leaf).map(|criterion| (criterion, path(criterion))).collect()
    }
}
