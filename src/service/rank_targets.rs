//! What it takes to reach a rank or a band: the least gain of the total, and for each criterion the score with
//! which it alone would give it. Every other score stays as it is.
//!
//! Both are tried as simulations: a criterion as `rank_target_search` tells, the total with all that counts at its
//! maximum for the most that it can be.

use std::collections::{HashMap, HashSet};

use super::{
    criterion_values,
    error::{Error, Result},
    rank_target_search::{Search, less_is_better},
    rank_thresholds::least_score,
    rankings::{Ranking, Standing},
    score_sheets::{Row, Sheet},
    simulations::{self, Change, has_known_effect, maximum, not_in_cohort, survey_witness},
    totals::UnitScores,
    what_is_left,
};
use crate::domain::{
    criteria::HUNDRED,
    decimal::Exact,
    editions::{Criterion, Edition, Method, ScoreUnit},
    words::words,
};

/// Where the unit shall stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// This rank or a better one.
    Rank(u32),
    /// This band or a higher one, by its label.
    Band(String),
}

words! {
    /// Why a gain can't give the goal.
    pub enum OutOfReach {
        /// Not even the maximum gives it.
        AboveMaximum = "above_maximum",
        /// Not even the minimum gives it, of an indicator of which less is better.
        BelowMinimum = "below_minimum",
        /// No better score gives it: the total gets no higher, or not high enough however good the score.
        GivesNothing = "gives_nothing",
        /// The unit has no score of the criterion while one above it is stored: what a score would add is not known.
        EffectUnknown = "effect_unknown",
        /// The criterion does not apply to the unit, or is of a survey that was not held.
        NotApplicable = "not_applicable",
    }
}

/// What one criterion alone could do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionTarget {
    /// Its code.
    pub criterion: String,
    /// Its Vietnamese name.
    pub name: String,
    /// Code of the criterion above; none for an area.
    pub parent: Option<String>,
    /// The most that it can have, without the points of what does not apply.
    pub maximum: Option<Exact>,
    /// The score that it has; none where it has none.
    pub score: Option<Exact>,
    /// The least score with which it alone gives the goal, or why there is none.
    pub needed: std::result::Result<Exact, OutOfReach>,
}

/// What it takes to reach a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The least total that reaches it; none when any does.
    pub total_needed: Option<Exact>,
    /// The least gain of the total: zero when the goal is reached already.
    pub gain: Exact,
    /// The most that the unit's total can be, where that is known.
    pub total_maximum: Option<Exact>,
    /// Whether the total can't be so high.
    pub out_of_reach: Option<OutOfReach>,
    /// What each criterion alone could do, in the edition's order.
    pub criteria: Vec<CriterionTarget>,
}

/// What it takes for a ranked unit to reach a goal.
///
/// # Errors
/// `Invalid` for a unit that isn't in the cohort or has no rank, a rank beyond the cohort and an unknown band.
pub fn target(sheet: &Sheet, ranking: &Ranking, unit_id: &str, goal: &Goal) -> Result<Target> {
    let standing = standing(ranking, unit_id)?;
    let asked = Asked::new(sheet, standing, goal);
    let total_needed = asked.total_needed(ranking)?;
    let score = &standing.total.score;
    let gain = match &total_needed {
        Some(needed) if needed > score => needed - score,
        _ => Exact::zero(),
    };
    let total_maximum = asked.total_maximum();
    let beyond =
        |maximum: &Exact| total_needed.as_ref().is_some_and(|needed| needed > maximum && needed > score);
    let out_of_reach = total_maximum.as_ref().filter(|m| beyond(m)).map(|_| OutOfReach::AboveMaximum);
    let criteria = match gain.is_zero() {
        true => Vec::new(),
        false => sheet.edition.criteria.iter().map(|c| asked.criterion(c, total_needed.as_ref())).collect(),
    };
    Ok(Target { total_needed, gain, total_maximum, out_of_reach, criteria })
}

fn standing<'a>(ranking: &'a Ranking, unit_id: &str) -> Result<&'a Standing> {
    if let Some(found) = ranking.standings.iter().find(|s| s.unit_id == unit_id) {
        return Ok(found);
    }
    match ranking.unranked.iter().find(|unit| unit.unit_id == unit_id) {
        Some(unit) => Err(Error::invalid(
            "/unit_id",
            "not_ranked",
            format!("The unit has no rank: {}.", unit.reason),
            format!("Đơn vị chưa được xếp hạng: {}.", unit.reason),
        )),
        None => Err(Error::Invalid(vec![not_in_cohort("/unit_id".to_owned(), unit_id)])),
    }
}

/// The most that a total can be of which the parts of the unit are not known: 100 of a scale, else the maxima of the
/// areas, with bonus points beside either.
fn bound_of_total(edition: &Edition) -> Option<Exact> {
    let most = |bonus: bool| {
        let areas = edition.areas().filter(|area| area.is_bonus() == bonus);
        areas.map(|area| edition.maximum_of(area)).sum::<Option<Exact>>()
    };
    let (hundred, bonus) = (Exact::from(HUNDRED), most(true)?);
    match (edition.method, edition.unit_of_measure) {
        (Method::Points, ScoreUnit::Points) => {
            let points = most(false)?;
            (!points.is_zero()).then(|| &points + &bonus)
        }
        // Bonus points count as a share of the maximum too.
        (Method::Points, ScoreUnit::Percent) if !bonus.is_zero() => {
            let points = most(false)?;
            (&(&points + &bonus) * &hundred).quotient(&points)
        }
        _ => Some(&hundred + &bonus),
    }
}

/// What is left of the points of a unit where some are out.
fn left_of(sheet: &Sheet, unit_id: &str) -> HashMap<String, Exact> {
    let units: Vec<&UnitScores> = sheet.rows.iter().map(|row| &row.scores).collect();
    let Some(unit) = sheet.rows.iter().position(|row| row.unit.id == unit_id) else { return HashMap::new() };
    let left = what_is_left::maxima(&sheet.edition, &units, unit);
    left.into_iter().map(|(code, most)| (code.to_owned(), most)).collect()
}

/// A goal of a unit.
pub(super) struct Asked<'a> {
    /// What scores are tried on: the unit's own row where the totals of the others can't move with it, beside one
    /// that tells whether a survey was held.
    pub(super) sheet: Sheet,
    /// Whether it is the whole cohort.
    pub(super) whole: bool,
    /// Criteria of a survey that was not held.
    left_out: Vec<String>,
    /// What is left of the unit's points where some are out.
    left: HashMap<String, Exact>,
    pub(super) standing: &'a Standing,
    pub(super) goal: &'a Goal,
}

impl<'a> Asked<'a> {
    fn new(sheet: &Sheet, standing: &'a Standing, goal: &'a Goal) -> Self {
        let whole = sheet.edition.scales_within_cohort();
        let witness = survey_witness(&sheet.edition, &sheet.rows);
        let needed =
            |(i, row): &(usize, &Row)| whole || witness == Some(*i) || row.unit.id == standing.unit_id;
        let rows = sheet.rows.iter().enumerate().filter(needed).map(|(_, row)| row.clone()).collect();
        let (edition, cohort) = (sheet.edition.clone(), sheet.cohort.clone());
        let left_out = sheet.left_out();
        let sheet = Sheet { edition, cohort, stage: sheet.stage, rows };
        let left = left_of(&sheet, &standing.unit_id);
        Self { sheet, whole, left_out, left, standing, goal }
    }

    /// The most that the unit can have for a criterion; none where nothing bounds it.
    fn maximum(&self, code: &str) -> Option<Exact> {
        self.left.get(code).cloned().or_else(|| maximum(&self.sheet.edition, Some(code)))
    }

    /// The standing with changed scores.
    pub(super) fn standing_with(&self, changes: &[Change]) -> Option<Standing> {
        let ranking = simulations::apply(&self.sheet, changes).ok()?.standings();
        ranking.standings.into_iter().find(|s| s.unit_id == self.standing.unit_id)
    }

    /// The most that the total can be, through the same code as the ranking.
    fn total_maximum(&self) -> Option<Exact> {
        let edition = &self.sheet.edition;
        let Some(best) = self.best().and_then(|changes| self.standing_with(&changes)) else {
            return bound_of_total(edition);
        };
        Some(match edition.maximum_of_total() {
            Some(bound) => best.total.score.min(bound),
            None => best.total.score,
        })
    }

    /// All that counts for the unit at its maximum: leaves, but the means of normalised values and what has no
    /// maximum below it as a whole. None where that is not bounded or what it gives is not known.
    fn best(&self) -> Option<Vec<Change>> {
        let (edition, scores) = (&self.sheet.edition, self.row()?);
        if edition.method == Method::Normalised {
            return None;
        }
        let scaled =
            |code: &str| edition.criterion(code).is_some_and(|c| edition.method_of(c) == Method::Normalised);
        let (mut best, mut seen) = (Vec::new(), HashSet::new());
        for (_, path) in edition.leaves() {
            if self.is_out(&path) {
                continue;
            }
            let from = path.iter().rposition(|code| scaled(code)).unwrap_or(0);
            let (code, score) = path.iter().skip(from).find_map(|code| {
                let most = self.maximum(code)?;
                has_known_effect(edition, scores, code).then_some((*code, most))
            })?;
            if seen.insert(code) {
                let (unit_id, criterion) = (self.standing.unit_id.clone(), Some(code.to_owned()));
                best.push(Change { unit_id, criterion, score });
            }
        }
        (!best.is_empty()).then_some(best)
    }

    /// Whether a criterion, given with those above it, is not part of the unit's maximum.
    fn is_out(&self, path: &[&str]) -> bool {
        let criteria = self.row().map(|scores| scores.criteria.as_slice()).unwrap_or_default();
        path.iter().any(|code| {
            criteria.iter().any(|s| s.criterion == *code && !s.applicable)
                || self.left_out.iter().any(|out| out == code)
        })
    }

    fn total_needed(&self, ranking: &Ranking) -> Result<Option<Exact>> {
        let edition = &self.sheet.edition;
        match self.goal {
            Goal::Rank(rank) => {
                if !(1..=ranking.cohort_size).contains(&usize::try_from(*rank).unwrap_or(usize::MAX)) {
                    let size = ranking.cohort_size;
                    return Err(Error::invalid(
                        "/rank",
                        "out_of_range",
                        format!("The ranks of this cohort go from 1 to {size}."),
                        format!("Thứ hạng của nhóm này từ 1 đến {size}."),
                    ));
                }
                let name = (self.standing.unit_name.as_str(), self.standing.unit_id.as_str());
                Ok(least_score(&ranking.standings, name, *rank, edition))
            }
            Goal::Band(label) => match edition.bands.iter().find(|band| &band.label == label) {
                Some(band) => Ok(band.from.clone()),
                None => Err(Error::invalid(
                    "/band",
                    "unknown_band",
                    format!("There is no band `{label}` in this edition."),
                    format!("Không có mức `{label}` trong kỳ đánh giá này."),
                )),
            },
        }
    }

    fn row(&self) -> Option<&UnitScores> {
        let row = self.sheet.rows.iter().find(|row| row.unit.id == self.standing.unit_id)?;
        Some(&row.scores)
    }

    /// The scores of a criterion as they are: that of the unit, and those of the others.
    pub(super) fn scores(&self, code: &str) -> (Option<Exact>, Vec<Exact>) {
        let units: Vec<&UnitScores> = self.sheet.rows.iter().map(|row| &row.scores).collect();
        let (mut own, mut others) = (None, Vec::new());
        let scores = criterion_values::of_units(&self.sheet.edition, &units, code);
        for (row, score) in self.sheet.rows.iter().zip(scores) {
            match row.unit.id == self.standing.unit_id {
                true => own = score,
                false => others.extend(score),
            }
        }
        (own, others)
    }

    fn criterion(&self, criterion: &Criterion, total_needed: Option<&Exact>) -> CriterionTarget {
        let edition = &self.sheet.edition;
        let code = criterion.code.as_str();
        let (score, others) = self.scores(code);
        let maximum = self.maximum(code);
        let above = criterion_values::above(edition, code);
        let path: Vec<&str> =
            std::iter::once(code).chain(above.into_iter().map(|above| above.code.as_str())).collect();
        let inapplicable = self.is_out(&path);
        let known = self.row().is_some_and(|scores| has_known_effect(edition, scores, code));
        let needed = match (inapplicable, known, total_needed) {
            (true, ..) => Err(OutOfReach::NotApplicable),
            (_, false, _) => Err(OutOfReach::EffectUnknown),
            (.., None) => Ok(score.clone().unwrap_or_else(Exact::zero)),
            (.., Some(needed)) => {
                let falls = less_is_better(edition, criterion);
                let bound = if falls { edition.minimum_of(criterion) } else { maximum.clone() };
                Search { asked: self, code, needed, falls }.least(score.as_ref(), others, bound)
            }
        };
        CriterionTarget {
            criterion: code.to_owned(),
            name: criterion.name.clone(),
            parent: criterion.parent.clone(),
            maximum,
            score,
            needed,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "rank_targets_props.rs"]
mod props;
