//! The tree of units as it stood on a day.
//!
//! `parent_id` is the parent of today; a former parent held until, and not including, its day. Whether a unit
//! exists on the day plays no part in who stands above it: what ended keeps its last place.

use std::collections::{BTreeSet, HashMap};

use super::{
    periods::Span,
    time::Day,
    units::{FormerParent, Level, Unit},
};

/// What the tree needs to know of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The unit.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// The unit directly above today.
    pub parent_id: Option<String>,
    /// First day on which it exists.
    pub valid_from: Option<Day>,
    /// First day on which it no longer exists.
    pub valid_to: Option<Day>,
    /// Units that were directly above before, by day.
    pub former_parents: Vec<FormerParent>,
}

impl From<&Unit> for Standing {
    fn from(unit: &Unit) -> Self {
        Self {
            id: unit.id.clone(),
            level: unit.level,
            parent_id: unit.parent_id.clone(),
            valid_from: unit.valid_from,
            valid_to: unit.valid_to,
            former_parents: unit.former_parents.clone(),
        }
    }
}

impl Standing {
    /// The unit directly above on a day.
    pub fn parent_on(&self, day: Day) -> Option<&str> {
        match self.former_on(day).and_then(|place| self.former_parents.get(place)) {
            Some(former) => former.parent_id.as_deref(),
            None => self.parent_id.as_deref(),
        }
    }

    /// The place of the former parent that held on a day; none when today's parent did.
    fn former_on(&self, day: Day) -> Option<usize> {
        self.former_parents.iter().position(|former| day < former.until)
    }

    /// The day whose tree counts for a period: its last, or the unit's own last day where that was earlier.
    fn judged_on(&self, span: Span) -> Day {
        self.valid_to.map_or(span.to, |end| end.previous().min(span.to))
    }
}

/// Units with all that stand between them.
#[derive(Debug, Default)]
pub struct Tree(HashMap<String, Standing>);

impl Tree {
    /// A tree of these units.
    pub fn new(units: Vec<Standing>) -> Self {
        Self(units.into_iter().map(|unit| (unit.id.clone(), unit)).collect())
    }

    /// The unit above on a day, the one above that, and so on.
    pub fn above<'a>(&'a self, id: &str, day: Day) -> impl Iterator<Item = &'a str> {
        let parent = move |id: &str| self.0.get(id).and_then(|unit| unit.parent_on(day));
        // No tree is higher than it has units: also one with a circle, which no write makes, has an end.
        std::iter::successors(parent(id), move |id| parent(id)).take(self.0.len())
    }

    /// The unit and all that stood below it in a period, by id; units that begin after it are left out.
    pub fn members(&self, unit_id: &str, span: Span) -> Vec<(&str, Level)> {
        let mut members: Vec<(&str, Level)> = self
            .0
            .values()
            .filter(|unit| unit.id == unit_id || self.belongs(unit, unit_id, span))
            .map(|unit| (unit.id.as_str(), unit.level))
            .collect();
        members.sort_unstable();
        members
    }

    fn belongs(&self, unit: &Standing, unit_id: &str, span: Span) -> bool {
        unit.valid_from.is_none_or(|from| from <= span.to)
            && self.above(&unit.id, unit.judged_on(span)).any(|above| above == unit_id)
    }

    /// By which of its parents a unit would stand below itself at some time: the places of former ones, none for
    /// today's.
    pub fn circles(&self, id: &str) -> BTreeSet<Option<usize>> {
        let Some(unit) = self.0.get(id) else { return BTreeSet::new() };
        self.moments()
            .into_iter()
            .filter(|day| self.above(id, *day).any(|above| above == id))
            .map(|day| unit.former_on(day))
            .collect()
    }

    /// A day of each time between two changes of the tree.
    fn moments(&self) -> BTreeSet<Day> {
        let changes = || self.0.values().flat_map(|unit| unit.former_parents.iter().map(|f| f.until));
        let Some(first) = changes().min() else { return Day::new(1900, 1, 1).into_iter().collect() };
        changes().chain([first.previous()]).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn unit(id: &str, parent: Option<&str>, former: &[(Option<&str>, &str)]) -> Standing {
        Standing {
            id: id.to_owned(),
            level: Level::Commune,
            parent_id: parent.map(str::to_owned),
            valid_from: None,
            valid_to: None,
            former_parents: former
                .iter()
                .map(|(parent, until)| FormerParent {
                    parent_id: parent.map(str::to_owned),
                    until: day(until),
                })
                .collect(),
        }
    }

    fn span(from: &str, to: &str) -> Span {
        Span { from: day(from), to: day(to) }
    }

    fn ids(tree: &Tree, unit: &str, span: Span) -> Vec<String> {
        tree.members(unit, span).into_iter().map(|(id, _)| id.to_owned()).collect()
    }

    #[test]
    fn a_former_parent_holds_until_its_day() {
        let c = unit("c", Some("z"), &[(None, "2010-01-01"), (Some("x"), "2020-07-01")]);
        assert_eq!(c.parent_on(day("2009-12-31")), None);
        assert_eq!(c.parent_on(day("2010-01-01")), Some("x"));
        assert_eq!(c.parent_on(day("2020-06-30")), Some("x"));
        assert_eq!(c.parent_on(day("2020-07-01")), Some("z"));
    }

    #[test]
    fn the_last_day_of_the_period_or_of_the_unit_decides() {
        let mut ended = unit("ended", Some("y"), &[(Some("x"), "2018-01-01")]);
        ended.valid_to = Some(Day::new(2019, 1, 1).unwrap());
        let mut later = unit("later", Some("y"), &[]);
        later.valid_from = Some(Day::new(2021, 1, 1).unwrap());
        let tree = Tree::new(vec![
            unit("p", None, &[]),
            unit("x", Some("p"), &[]),
            unit("y", Some("p"), &[]),
            unit("c", Some("y"), &[(Some("x"), "2020-07-01")]),
            ended,
            later,
        ]);
        let year = |n: i32| span(&format!("{n}-01-01"), &format!("{n}-12-31"));
        assert_eq!(ids(&tree, "x", year(2017)), ["c", "ended", "x"]);
        assert_eq!(ids(&tree, "x", year(2019)), ["c", "x"]);
        assert_eq!(ids(&tree, "y", year(2020)), ["c", "ended", "y"]);
        assert_eq!(ids(&tree, "y", span("2020-01-01", "2020-06-30")), ["ended", "y"]);
        assert_eq!(ids(&tree, "p", year(2021)), ["c", "ended", "later", "p", "x", "y"]);
    }

    #[test]
    fn a_circle_is_found_at_any_time() {
        let below = |former: &[(Option<&str>, &str)]| {
            Tree::new(vec![
                unit("a", None, former),
                unit("b", None, &[(Some("c"), "2010-01-01"), (Some("a"), "2020-01-01")]),
                unit("c", None, &[(Some("a"), "2005-01-01")]),
            ])
        };
        let found =
            |former: &[(Option<&str>, &str)]| below(former).circles("a").into_iter().collect::<Vec<_>>();
        assert_eq!(found(&[]), []);
        assert_eq!(found(&[(Some("b"), "2004-01-01")]), [Some(0)]);
        assert_eq!(found(&[(None, "2005-01-01"), (Some("b"), "2010-01-01")]), []);
        assert_eq!(found(&[(None, "2009-12-31"), (Some("b"), "2010-01-02")]), [Some(1)]);
        assert_eq!(found(&[(None, "2020-01-01"), (Some("b"), "2030-01-01")]), []);
        let mut tree = below(&[]);
        tree.0.get_mut("a").unwrap().parent_id = Some("c".to_owned());
        assert_eq!(tree.circles("a").into_iter().collect::<Vec<_>>(), [None]);
    }
}
