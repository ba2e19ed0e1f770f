//! What is left of the points of a criterion where a part of it does not apply or its survey was not held, and the
//! scores that are above it: such a score and such a part can't both be right.

use std::collections::{HashMap, HashSet};

use super::{
    criteria_measures::Tree,
    criteria_nodes::has_survey,
    score_sheets::Sheet,
    simulations::{self, Change, survey_witness},
    totals::{CriterionScore, UnitScores},
};
use crate::domain::{
    decimal::Exact,
    editions::Edition,
    index_scores::{IndexScore, ScoreStage},
    violation::Violation,
};

/// The codes of the criteria with others below them.
fn parents(edition: &Edition) -> HashSet<&str> {
    edition.criteria.iter().filter_map(|criterion| criterion.parent.as_deref()).collect()
}

/// The most that a unit of a cohort can have for each criterion that applies to it and of whose points some are out.
pub fn maxima<'a>(edition: &'a Edition, units: &[&UnitScores], unit: usize) -> HashMap<&'a str, Exact> {
    if parents(edition).is_empty() {
        return HashMap::new();
    }
    maxima_in(&Tree::of(edition, units), unit)
}

fn maxima_in<'a>(tree: &Tree<'a>, unit: usize) -> HashMap<&'a str, Exact> {
    let cut = tree.nodes().iter().enumerate().filter(|(place, _)| tree.is_cut(*place, unit));
    cut.filter_map(|(place, node)| Some((node.criterion.code.as_str(), tree.maximum(place, unit)?))).collect()
}

/// The most that a changed score can be, by the place of the change: of the criteria of whose points some are out once
/// the changes below them are made.
pub fn of_changes(sheet: &Sheet, changes: &[Change]) -> HashMap<usize, Exact> {
    let edition = &sheet.edition;
    let parents = parents(edition);
    let is_parent = |change: &Change| change.criterion.as_deref().is_some_and(|code| parents.contains(code));
    if !changes.iter().any(is_parent) {
        return HashMap::new();
    }
    let witness = survey_witness(edition, &sheet.rows);
    let is_named = |id: &str| changes.iter().any(|change| change.unit_id == id);
    let rows = sheet.rows.iter().enumerate();
    let rows = rows.filter(|(i, row)| witness == Some(*i) || is_named(&row.unit.id)).map(|(_, row)| row);
    let mut units: Vec<(&str, UnitScores)> =
        rows.map(|row| (row.unit.id.as_str(), row.scores.clone())).collect();
    for change in changes.iter().filter(|change| !is_parent(change)) {
        if let Some((_, scores)) = units.iter_mut().find(|(id, _)| *id == change.unit_id) {
            simulations::set(scores, change.criterion.as_deref(), &change.score);
        }
    }
    let scores: Vec<&UnitScores> = units.iter().map(|(_, scores)| scores).collect();
    let tree = Tree::of(edition, &scores);
    let by_unit: HashMap<&str, HashMap<&str, Exact>> =
        units.iter().enumerate().map(|(i, (id, _))| (*id, maxima_in(&tree, i))).collect();
    let most =
        |change: &Change| by_unit.get(change.unit_id.as_str())?.get(change.criterion.as_deref()?).cloned();
    changes.iter().enumerate().filter_map(|(i, change)| Some((i, most(change)?))).collect()
}

/// Whether a stage has no points of a survey: its criteria are not scored at that stage.
pub fn is_without_survey(edition: &Edition, stage: ScoreStage) -> bool {
    matches!(stage, ScoreStage::SelfAssessed | ScoreStage::Appraised) && has_survey(edition)
}

/// Those of all scores of a unit that are above what is left of their points, with that: among those of a stage, and
/// among those that count as final.
pub fn too_high<'a>(
    edition: &Edition,
    stage: ScoreStage,
    scores: &[&'a IndexScore],
) -> Vec<(&'a IndexScore, Exact)> {
    let of_stage = scores.iter().copied().filter(|score| score.stage == stage);
    let mut found = scores_above(edition, stage, of_stage);
    let has_final: HashSet<Option<&str>> = scores
        .iter()
        .filter(|score| score.stage == ScoreStage::Final)
        .map(|score| score.criterion.as_deref())
        .collect();
    let counts = |score: &&'a IndexScore| {
        let own = score.criterion.as_deref().and_then(|code| edition.criterion(code)?.stage);
        score.stage == ScoreStage::Final
            || own == Some(score.stage) && !has_final.contains(&score.criterion.as_deref())
    };
    for (high, most) in scores_above(edition, ScoreStage::Final, scores.iter().copied().filter(counts)) {
        if !found.iter().any(|(known, _)| known.id == high.id) {
            found.push((high, most));
        }
    }
    found
}

/// Those of the scores of a unit at one stage that are above what is left of their points, with that. Whether a survey is
/// held bears on the final scores alone, and is not asked here.
fn scores_above<'a>(
    edition: &Edition,
    stage: ScoreStage,
    scores: impl Iterator<Item = &'a IndexScore>,
) -> Vec<(&'a IndexScore, Exact)> {
    let parents = parents(edition);
    let (mut own, mut criteria, mut some_out) = (Vec::new(), Vec::new(), is_without_survey(edition, stage));
    for score in scores {
        let Some(code) = score.criterion.as_deref() else { continue };
        if let (Some(value), true) = (&score.score, parents.contains(code)) {
            own.push((score, code, value));
        }
        some_out |= !score.applicable;
        let (criterion, applicable) = (code.to_owned(), score.applicable);
        criteria.push(CriterionScore { criterion, score: score.score.clone(), applicable });
    }
    if own.is_empty() || !some_out {
        return Vec::new();
    }
    let unit = UnitScores { criteria, total: None };
    let tree = Tree::apart(edition, &[&unit], !is_without_survey(edition, stage));
    let mut maxima = maxima_in(&tree, 0);
    let above = own.into_iter().filter_map(|(score, code, value)| {
        let most = maxima.remove(code)?;
        (value > &most).then_some((score, most))
    });
    above.collect()
}

/// A score that is above what is left of its points.
pub fn above_what_is_left(pointer: String, most: &Exact) -> Violation {
    Violation::new(
        pointer,
        "above_maximum",
        format!("The maximum is {most}: points of what does not apply, or of a survey, are out of it."),
        format!("Điểm tối đa là {most}: đã trừ điểm của phần không áp dụng hoặc của điều tra xã hội học."),
    )
}

/// A part that can't be out of the points, because a criterion above it has a score of more than would be left.
pub fn below_a_score(pointer: String, code: &str, most: &Exact, stage: ScoreStage) -> Violation {
    Violation::new(
        pointer,
        "below_a_score",
        format!("The `{stage}` score of `{code}` is above {most}, which would be left of its points."),
        format!(
            "Điểm của `{code}` ở giai đoạn `{stage}` cao hơn {most}, phần điểm còn lại nếu không áp dụng."
        ),
    )
}
