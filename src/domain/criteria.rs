//! The criteria tree of an edition: what is scored, on which scale, and how a parent comes from its children.
//!
//! What must hold of a tree is checked in `criteria_checks`; totals follow from it in `service::totals`.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    decimal::Exact,
    editions::{Edition, ScoreUnit},
    index_scores::ScoreStage,
    record_scores::FromRecords,
    words::words,
};

words! {
    /// How a total comes from the areas, and a parent from its children.
    pub enum Method {
        /// The sum of points; a total in percent is their share of the maximum of what is applicable.
        Points = "points",
        /// Σ weight × score ÷ maximum: full marks when every criterion below has its maximum.
        Weighted = "weighted",
        /// Indicator values scaled within the cohort to 1 to 10, of which a parent is the mean.
        Normalised = "normalised",
    }
}

words! {
    /// Whether more of an indicator is better, where its values are normalised.
    pub enum Polarity {
        /// More is better.
        Positive = "positive",
        /// Less is better: 11 minus the value on the scale of 1 to 10.
        Negative = "negative",
    }
}

words! {
    /// What an area is.
    pub enum CriterionKind {
        /// Points of the maximum.
        Ordinary = "ordinary",
        /// Points that are added to or taken off the total, and not to the maximum.
        BonusPenalty = "bonus_penalty",
    }
}

/// Highest value of the scale of normalised indicators, 1 to 10.
pub const SCALE_TOP: i64 = 10;

/// Maximum of a weighted parent that states none, and of every total that is scaled.
pub const HUNDRED: i64 = 100;

/// A criterion of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Code, unique within the edition.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: Option<String>,
    /// Code of the criterion above; none for an area.
    pub parent: Option<String>,
    /// Most points it can have.
    pub max_points: Option<Exact>,
    /// Fewest points it can have, where it states them: see [`Edition::minimum_of`].
    #[serde(default)]
    pub min_points: Option<Exact>,
    /// Weight in percent of the parent or, of an area, of the total.
    pub weight: Option<Exact>,
    /// Whether more is better, where its values are normalised.
    #[serde(default = "positive")]
    pub polarity: Polarity,
    /// The stage that scores it: without a final score of its own, that of this stage is final.
    #[serde(default)]
    pub stage: Option<ScoreStage>,
    /// How it comes from its children; when absent the mean of normalised indicators where the edition's method is
    /// that, else the sum of points.
    #[serde(default)]
    pub method: Option<Method>,
    /// Ordinary, or bonus and penalty points.
    #[serde(default = "ordinary")]
    pub kind: CriterionKind,
    /// How it is computed from dossier records; none where it isn't.
    #[serde(default)]
    pub from_records: Option<FromRecords>,
}

fn positive() -> Polarity {
    Polarity::Positive
}

fn ordinary() -> CriterionKind {
    CriterionKind::Ordinary
}

impl Criterion {
    /// An area with a code and a name, and nothing else said of it.
    pub fn new(code: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            name: name.into(),
            name_en: None,
            parent: None,
            max_points: None,
            min_points: None,
            weight: None,
            polarity: Polarity::Positive,
            stage: None,
            method: None,
            kind: CriterionKind::Ordinary,
            from_records: None,
        }
    }

    /// Whether its scores are on the scale of 1 to 10 as they are given, and need no normalising.
    pub fn is_on_scale(&self) -> bool {
        self.min_points == Some(Exact::from(1)) && self.max_points == Some(Exact::from(SCALE_TOP))
    }

    /// Whether it is an area of bonus and penalty points.
    pub fn is_bonus(&self) -> bool {
        self.kind == CriterionKind::BonusPenalty
    }
}

impl Edition {
    /// The areas: criteria without a parent, in the edition's order.
    pub fn areas(&self) -> impl Iterator<Item = &Criterion> {
        self.criteria.iter().filter(|c| c.parent.is_none())
    }

    /// The criterion of a code.
    pub fn criterion(&self, code: &str) -> Option<&Criterion> {
        self.criteria.iter().find(|c| c.code == code)
    }

    /// How a criterion comes from its children.
    pub fn method_of(&self, criterion: &Criterion) -> Method {
        match (criterion.method, self.method) {
            (Some(method), _) => method,
            (None, Method::Normalised) if !self.is_in_bonus(criterion) => Method::Normalised,
            (None, _) => Method::Points,
        }
    }

    /// The codes of bonus and penalty points: of their areas and of all below them.
    pub fn bonus_codes(&self) -> HashSet<&str> {
        let mut codes: HashSet<&str> = HashSet::new();
        if !self.areas().any(Criterion::is_bonus) {
            return codes;
        }
        for (criterion, _) in self.tree() {
            let below = criterion.parent.as_deref().is_some_and(|parent| codes.contains(parent));
            if below || criterion.is_bonus() {
                codes.insert(&criterion.code);
            }
        }
        codes
    }

    fn is_in_bonus(&self, criterion: &Criterion) -> bool {
        let below = || criterion.parent.is_some() && self.bonus_codes().contains(criterion.code.as_str());
        criterion.is_bonus() || below()
    }

    /// Most points that a score of the criterion may have: what it states, or the top of the scale that its
    /// method has; none where a value has no bound.
    pub fn maximum_of(&self, criterion: &Criterion) -> Option<Exact> {
        self.maximum_among(criterion, || {
            self.criteria.iter().any(|c| c.parent.as_ref() == Some(&criterion.code))
        })
    }

    /// Fewest points that a score of the criterion may have: what it states, or nothing (0) where it is points of a
    /// maximum. Bonus and penalty points and values that are normalised have no such bound.
    pub fn minimum_of(&self, criterion: &Criterion) -> Option<Exact> {
        self.minimum_below(criterion, self.is_in_bonus(criterion), |code| self.criterion(code))
    }

    /// [`Edition::minimum_of`] each of the criteria, in the edition's order.
    pub fn minima(&self) -> Vec<Option<Exact>> {
        let of_code: HashMap<&str, &Criterion> = self.criteria.iter().map(|c| (c.code.as_str(), c)).collect();
        let bonus = self.bonus_codes();
        let minimum = |criterion: &Criterion| {
            let in_bonus = bonus.contains(criterion.code.as_str());
            self.minimum_below(criterion, in_bonus, |code| of_code.get(code).copied())
        };
        self.criteria.iter().map(minimum).collect()
    }

    fn minimum_below<'a>(
        &self,
        criterion: &Criterion,
        in_bonus: bool,
        of_code: impl Fn(&str) -> Option<&'a Criterion>,
    ) -> Option<Exact> {
        if criterion.min_points.is_some() || criterion.max_points.is_none() || in_bonus {
            return criterion.min_points.clone();
        }
        let above = criterion.parent.as_deref().and_then(of_code);
        let method = above.map_or(self.method, |above| self.method_of(above));
        (method != Method::Normalised).then(Exact::zero)
    }

    /// [`Edition::maximum_of`] each of the criteria, in the edition's order.
    pub fn maxima(&self) -> Vec<Option<Exact>> {
        let parents: HashSet<&str> = self.criteria.iter().filter_map(|c| c.parent.as_deref()).collect();
        self.criteria.iter().map(|c| self.maximum_among(c, || parents.contains(c.code.as_str()))).collect()
    }

    fn maximum_among(&self, criterion: &Criterion, has_children: impl Fn() -> bool) -> Option<Exact> {
        let top = match self.method_of(criterion) {
            _ if criterion.max_points.is_some() => return criterion.max_points.clone(),
            Method::Points => return None,
            Method::Weighted => HUNDRED,
            Method::Normalised => SCALE_TOP,
        };
        has_children().then(|| Exact::from(top))
    }

    /// Most that a total may be: 100 of shares, what the areas make where their points are just added;
    /// none where it has no bound.
    pub fn maximum_of_total(&self) -> Option<Exact> {
        // Bonus points may carry a total beyond the whole.
        if self.areas().any(Criterion::is_bonus) {
            return None;
        }
        let scales_up = self.rescale_not_applicable || self.rescale_without_survey;
        match (self.unit_of_measure, self.method) {
            (ScoreUnit::Percent, _) => Some(Exact::from(HUNDRED)),
            (ScoreUnit::Points, Method::Points) if !scales_up => {
                let points: Option<Exact> = self.areas().map(|area| self.maximum_of(area)).sum();
                // Without criteria nothing is known of what there is to have.
                points.filter(|points| !points.is_zero())
            }
            (ScoreUnit::Points, Method::Weighted | Method::Normalised) => Some(Exact::from(HUNDRED)),
            (ScoreUnit::Points, Method::Points) => None,
        }
    }

    /// Least that a total may be: nothing (0) where it has a maximum and no criterion has points below zero.
    pub fn minimum_of_total(&self) -> Option<Exact> {
        let below_zero = |c: &Criterion| c.min_points.as_ref().is_some_and(Exact::is_negative);
        let bounded = self.maximum_of_total().is_some() && !self.criteria.iter().any(below_zero);
        bounded.then(Exact::zero)
    }

    /// Whether totals come from values that are scaled within the cohort: one unit's values then move the others'.
    pub fn scales_within_cohort(&self) -> bool {
        let scaled = self.criteria.iter().filter(|c| self.method_of(c) == Method::Normalised);
        let scaled: HashSet<&str> = scaled.map(|c| c.code.as_str()).collect();
        let mut parents = self.criteria.iter().filter_map(|c| c.parent.as_deref());
        self.method == Method::Normalised || parents.any(|parent| scaled.contains(parent))
    }

    /// The stages whose scores a ranking of `stage` is computed from: the final one takes in those that the
    /// criteria name.
    pub fn stages_of(&self, stage: ScoreStage) -> Vec<ScoreStage> {
        let mut stages = vec![stage];
        if stage == ScoreStage::Final {
            for named in self.criteria.iter().filter_map(|c| c.stage) {
                if !stages.contains(&named) {
                    stages.push(named);
                }
            }
        }
        stages
    }
}

/// Codes of the criteria that two editions have in common: same code at the same place of the tree, of the same
/// kind, with the same maximum, weight and polarity. In the order of the first.
pub fn common(a: &Edition, b: &Edition) -> Vec<String> {
    let theirs: HashMap<&str, &Criterion> = b.criteria.iter().map(|c| (c.code.as_str(), c)).collect();
    let placed = same_place(a, &theirs);
    a.criteria
        .iter()
        .filter(|ours| placed.contains(ours.code.as_str()))
        .filter(|ours| {
            theirs.get(ours.code.as_str()).is_some_and(|theirs| {
                (&ours.max_points, &ours.weight, ours.polarity, ours.kind)
                    == (&theirs.max_points, &theirs.weight, theirs.polarity, theirs.kind)
            })
        })
        .map(|c| c.code.clone())
        .collect()
}

/// The criteria of `a` that stand below the same criteria in both trees, from the areas down.
fn same_place<'a>(a: &'a Edition, theirs: &HashMap<&str, &Criterion>) -> HashSet<&'a str> {
    let mut below: HashMap<&str, Vec<&Criterion>> = HashMap::new();
    for criterion in &a.criteria {
        below.entry(criterion.parent.as_deref().unwrap_or_default()).or_default().push(criterion);
    }
    let mut placed = HashSet::new();
    let mut next = below.remove("").unwrap_or_default();
    while let Some(criterion) = next.pop() {
        let same = theirs.get(criterion.code.as_str()).is_some_and(|t| t.parent == criterion.parent);
        if same && placed.insert(criterion.code.as_str()) {
            next.extend(below.remove(criterion.code.as_str()).unwrap_or_default());
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        edition_cycle::EditionState,
        editions::{EditionStatus, TieRule},
    };

    fn edition(criteria: Vec<Criterion>) -> Edition {
        Edition {
            index_code: "ix".to_owned(),
            year: 2016,
            framework: "f".to_owned(),
            unit_of_measure: ScoreUnit::Points,
            decimals: 2,
            rank_decimals: None,
            tie_rule: TieRule::Competition,
            method: Method::Points,
            rescale_without_survey: false,
            rescale_not_applicable: false,
            criteria,
            cohorts: vec![],
            overlapping_cohorts: false,
            bands: vec![],
            note: None,
            status: EditionStatus::Draft,
            revision: None,
            stages: vec![],
            state: EditionState::default(),
        }
    }

    fn criterion(code: &str, parent: &str, maximum: i64) -> Criterion {
        Criterion {
            parent: (!parent.is_empty()).then(|| parent.to_owned()),
            max_points: Some(Exact::from(maximum)),
            ..Criterion::new(code, code)
        }
    }

    #[test]
    fn what_two_frameworks_have_in_common_is_alike_and_in_the_same_place() {
        let tree = || {
            vec![
                criterion("a", "", 10),
                criterion("a1", "a", 4),
                criterion("a11", "a1", 4),
                criterion("a2", "a", 6),
                criterion("b", "", 5),
                criterion("c", "", 5),
            ]
        };
        let old = edition(tree());
        assert_eq!(common(&old, &old), ["a", "a1", "a11", "a2", "b", "c"]);
        assert!(common(&old, &edition(vec![])).is_empty());
        let mut new = edition(tree());
        for criterion in &mut new.criteria {
            match criterion.code.as_str() {
                // Another maximum: what is below it may be alike all the same.
                "a" => criterion.max_points = Some(Exact::from(12)),
                // Moved, with what is below it.
                "a1" => criterion.parent = Some("b".to_owned()),
                "b" => criterion.polarity = Polarity::Negative,
                _ => criterion.name = "Tên khác".to_owned(),
            }
        }
        assert_eq!(common(&old, &new), ["a2", "c"]);
        assert_eq!(common(&new, &old), ["a2", "c"]);
    }

    #[test]
    fn editions_that_were_kept_before_lose_what_does_not_apply_as_they_did() {
        let mut kept = serde_json::to_value(edition(vec![])).unwrap_or_default();
        let member = kept.as_object_mut().and_then(|members| members.remove("rescale_not_applicable"));
        assert_eq!(member, Some(serde_json::Value::Bool(false)));
        let read: Result<Edition, _> = serde_json::from_value(kept);
        assert_eq!(read.ok(), Some(edition(vec![])));
    }

    #[test]
    fn criteria_that_were_kept_before_are_read_as_they_were_meant() {
        let text = r#"{"code":"a","name":"A","name_en":null,"parent":null,"max_points":"10","weight":null}"#;
        let read: Result<Criterion, _> = serde_json::from_str(text);
        assert_eq!(read.ok(), Some(criterion("a", "", 10)).map(|c| Criterion { name: "A".to_owned(), ..c }));
    }
}
