//! What a ranking would be with other scores: the sheet is changed and asked for its standings again.
//!
//! A change may stand anywhere in the tree. What is stored above it moves by what the change gives: a stored score
//! of a criterion by the change of what follows from those below it, a stored total by the change of the
//! contributions, so that the residual stays. A score that the changes name themselves is taken as they say.
//! Nothing is stored.

use std::collections::{HashMap, HashSet};

use super::{
    criteria_nodes::SurveyTraces,
    criterion_values,
    error::{Error, Result},
    score_sheets::{Row, Sheet},
    totals::{self, ComponentKind, CriterionScore, Total, UnitScores, Unranked},
    what_is_left,
};
use crate::domain::{
    decimal::Exact,
    editions::Edition,
    violation::{Findings, Violation},
};

/// A score as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The unit.
    pub unit_id: String,
    /// The criterion; none for the total.
    pub criterion: Option<String>,
    /// The score.
    pub score: Exact,
}

/// What one unit's scores are changed to: a criterion (none for the total) and its score.
type Said<'a> = HashMap<&'a str, HashSet<Option<&'a str>>>;

/// The sheet with the changes in it.
///
/// # Errors
/// `Invalid` for a unit that isn't ranked here, an unknown criterion, a score out of its bounds, a score that is
/// changed twice, and a change whose effect on a stored score above can't be known.
pub fn apply(sheet: &Sheet, changes: &[Change]) -> Result<Sheet> {
    let violations = check(sheet, changes);
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let mut changed = sheet.clone();
    let mut said: Said = HashMap::new();
    for change in changes {
        let criterion = change.criterion.as_deref();
        said.entry(change.unit_id.as_str()).or_default().insert(criterion);
        if let Some(row) = changed.rows.iter_mut().find(|row| row.unit.id == change.unit_id) {
            set(&mut row.scores, criterion, &change.score);
        }
    }
    carry(sheet, &mut changed, changes, &said);
    Ok(changed)
}

/// Sets a score of a unit.
pub(super) fn set(scores: &mut UnitScores, criterion: Option<&str>, score: &Exact) {
    let Some(code) = criterion else {
        scores.total = Some(score.clone());
        return;
    };
    let new = CriterionScore { criterion: code.to_owned(), score: Some(score.clone()), applicable: true };
    match scores.criteria.iter_mut().find(|s| s.criterion == code) {
        Some(old) => *old = new,
        None => scores.criteria.push(new),
    }
}

/// The place of a row that tells every other that a survey was held.
pub(super) fn survey_witness(edition: &Edition, rows: &[Row]) -> Option<usize> {
    let traces = SurveyTraces::of(edition);
    rows.iter().position(|row| traces.are_in(&row.scores))
}

/// The places of the rows that may move, and of one that tells whether a survey was held: those that are changed,
/// or all where the cohort scales values and where a change is the first score of a survey.
fn moved(sheet: &Sheet, said: &Said) -> Vec<usize> {
    let edition = &sheet.edition;
    let (survey, witness) = (SurveyTraces::of(edition), survey_witness(edition, &sheet.rows));
    let mut codes = said.values().flatten().flatten();
    let first_of_survey = witness.is_none() && codes.any(|code| survey.is_of_survey(code));
    let all = first_of_survey || edition.scales_within_cohort();
    let is_moved =
        |(i, row): &(usize, &Row)| all || witness == Some(*i) || said.contains_key(row.unit.id.as_str());
    sheet.rows.iter().enumerate().filter(is_moved).map(|(i, _)| i).collect()
}

/// The criteria above those named, each before the one above it.
fn parents_of<'a>(edition: &'a Edition, named: &HashSet<&str>) -> Vec<&'a str> {
    let above: HashSet<&str> = named
        .iter()
        .flat_map(|code| criterion_values::above(edition, code))
        .map(|criterion| criterion.code.as_str())
        .collect();
    let upwards = edition.tree().into_iter().rev().map(|(criterion, _)| criterion.code.as_str());
    upwards.filter(|code| above.contains(*code)).collect()
}

/// Whether the changes name this score of a unit: a criterion, none for the total.
fn is_said(said: &Said, row: &Row, what: Option<&str>) -> bool {
    said.get(row.unit.id.as_str()).is_some_and(|said| said.contains(&what))
}

/// Moves what is stored above the changes: criteria from the bottom up, then the totals.
fn carry(sheet: &Sheet, changed: &mut Sheet, changes: &[Change], said: &Said) {
    let edition = &sheet.edition;
    let named: HashSet<&str> = changes.iter().filter_map(|c| c.criterion.as_deref()).collect();
    if named.is_empty() {
        return;
    }
    let places = moved(sheet, said);
    for parent in parents_of(edition, &named) {
        let stored = |row: &Row| {
            row.scores.criteria.iter().any(|s| s.criterion == parent && s.score.is_some())
                && !is_said(said, row, Some(parent))
        };
        // What nobody has stored is computed anyway.
        if !places.iter().any(|place| changed.rows.get(*place).is_some_and(stored)) {
            continue;
        }
        let before = follows(edition, &rows(sheet, &places), parent);
        let after = follows(edition, &rows(changed, &places), parent);
        for ((place, before), after) in places.iter().zip(before).zip(after) {
            let (Some(row), Some(before), Some(after)) = (changed.rows.get_mut(*place), before, after) else {
                continue;
            };
            let is_said = is_said(said, row, Some(parent));
            let own = row.scores.criteria.iter_mut().find(|s| s.criterion == parent);
            if let (Some(own), false) = (own.and_then(|own| own.score.as_mut()), is_said) {
                *own = &*own + &(&after - &before);
            }
        }
    }
    carry_to_totals(sheet, changed, &places, said);
}

/// Moves the stored totals by what the areas come to give.
fn carry_to_totals(sheet: &Sheet, changed: &mut Sheet, places: &[usize], said: &Said) {
    let edition = &sheet.edition;
    let stored = |row: &Row| row.scores.total.is_some() && !is_said(said, row, None);
    if !places.iter().any(|place| changed.rows.get(*place).is_some_and(stored)) {
        return;
    }
    let before = totals_of(edition, &rows(sheet, places));
    let after = totals_of(edition, &rows(changed, places));
    for ((place, before), after) in places.iter().zip(before).zip(after) {
        let (Some(row), Ok(before), Ok(after)) = (changed.rows.get_mut(*place), before, after) else {
            continue;
        };
        let is_said = is_said(said, row, None);
        if let (Some(total), false) = (&mut row.scores.total, is_said) {
            *total = &*total + &(&explained(&after) - &explained(&before));
        }
    }
}

fn rows<'a>(sheet: &'a Sheet, places: &[usize]) -> Vec<&'a UnitScores> {
    places.iter().filter_map(|i| sheet.rows.get(*i)).map(|row| &row.scores).collect()
}

fn totals_of(edition: &Edition, units: &[&UnitScores]) -> Vec<std::result::Result<Total, Unranked>> {
    totals::of_cohort(edition, units)
}

/// What the areas of a total give.
fn explained(total: &Total) -> Exact {
    let areas = total.components.iter().filter(|c| c.kind == ComponentKind::Criterion);
    areas.map(|c| &c.contribution).sum()
}

/// What follows for a criterion from those below it that have a score, whatever is stored of it itself.
fn follows(edition: &Edition, units: &[&UnitScores], code: &str) -> Vec<Option<Exact>> {
    let parents: HashSet<&str> = edition.criteria.iter().filter_map(|c| c.parent.as_deref()).collect();
    let below = criterion_values::subtree(edition, code);
    let stripped: Vec<UnitScores> = units
        .iter()
        .map(|unit| {
            let mut scores = (*unit).clone();
            scores.criteria.retain(|s| s.criterion != code);
            let given: HashSet<String> = scores.criteria.iter().map(|s| s.criterion.clone()).collect();
            let leaves = below.iter().filter(|c| !parents.contains(**c) && !given.contains(**c));
            scores.criteria.extend(leaves.map(|leaf| CriterionScore {
                criterion: (*leaf).to_owned(),
                score: None,
                applicable: false,
            }));
            scores
        })
        .collect();
    criterion_values::of_units(edition, &stripped.iter().collect::<Vec<_>>(), code)
}

fn check(sheet: &Sheet, changes: &[Change]) -> Vec<Violation> {
    let mut findings = Findings::default();
    let by_id: HashMap<&str, &Row> = sheet.rows.iter().map(|row| (row.unit.id.as_str(), row)).collect();
    let mut seen = HashSet::new();
    let left = what_is_left::of_changes(sheet, changes);
    for (i, change) in changes.iter().enumerate() {
        let at = |member: &str| format!("/changes/{i}/{member}");
        if !seen.insert((change.unit_id.as_str(), change.criterion.as_deref())) {
            findings.add(
                format!("/changes/{i}"),
                "duplicate",
                "The score is changed twice.",
                "Điểm này được thay đổi hai lần.",
            );
        }
        let row = by_id.get(change.unit_id.as_str()).copied();
        match row {
            None => findings.extend(vec![not_in_cohort(at("unit_id"), &change.unit_id)]),
            Some(row) if !row.unit.exists_in_year(sheet.edition.year) => findings.add(
                at("unit_id"),
                "unit_not_in_existence",
                format!("The unit `{}` did not exist on any day of that year.", change.unit_id),
                format!("Đơn vị `{}` không tồn tại vào ngày nào của năm đó.", change.unit_id),
            ),
            Some(_) => {}
        }
        let within = check_bounds(&sheet.edition, change, i, &mut findings);
        if let (Some(row), true) = (row, within) {
            check_effect(&sheet.edition, row, change, i, &mut findings);
            if let Some(most) = left.get(&i).filter(|most| *most < &change.score) {
                findings.extend(vec![what_is_left::above_what_is_left(at("score"), most)]);
            }
        }
    }
    findings.into_result().err().unwrap_or_default()
}

/// A member that names a unit which isn't in the cohort.
pub(super) fn not_in_cohort(pointer: String, id: &str) -> Violation {
    Violation::new(
        pointer,
        "not_in_cohort",
        format!("There is no unit `{id}` in this cohort."),
        format!("Không có đơn vị `{id}` trong nhóm xếp hạng này."),
    )
}

/// The most that a score may be; none where nothing bounds it.
pub(super) fn maximum(edition: &Edition, criterion: Option<&str>) -> Option<Exact> {
    match criterion {
        None => edition.maximum_of_total(),
        Some(code) => edition.criterion(code).and_then(|c| edition.maximum_of(c)),
    }
}

/// The least that a score may be; none where nothing bounds it.
fn minimum(edition: &Edition, criterion: Option<&str>) -> Option<Exact> {
    match criterion {
        None => edition.minimum_of_total(),
        Some(code) => edition.criterion(code).and_then(|c| edition.minimum_of(c)),
    }
}

/// Notes an unknown criterion and a score out of its bounds; whether there is none of these.
fn check_bounds(edition: &Edition, change: &Change, i: usize, findings: &mut Findings) -> bool {
    if let Some(code) = change.criterion.as_deref()
        && edition.criterion(code).is_none()
    {
        findings.add(
            format!("/changes/{i}/criterion"),
            "unknown_criterion",
            format!("No criterion `{code}` in this edition."),
            format!("Không có tiêu chí `{code}` trong kỳ đánh giá này."),
        );
        return false;
    }
    if let Some(minimum) = minimum(edition, change.criterion.as_deref()).filter(|m| &change.score < m) {
        findings.add(
            format!("/changes/{i}/score"),
            "below_minimum",
            format!("The minimum is {minimum}."),
            format!("Điểm tối thiểu là {minimum}."),
        );
        return false;
    }
    match maximum(edition, change.criterion.as_deref()) {
        Some(maximum) if change.score > maximum => {
            findings.add(
                format!("/changes/{i}/score"),
                "above_maximum",
                format!("The maximum is {maximum}."),
                format!("Điểm tối đa là {maximum}."),
            );
            false
        }
        _ => true,
    }
}

/// A score that wasn't there says nothing of what it adds to a stored one above it.
fn check_effect(edition: &Edition, row: &Row, change: &Change, i: usize, findings: &mut Findings) {
    if let Some(code) = change.criterion.as_deref()
        && !has_known_effect(edition, &row.scores, code)
    {
        findings.add(
            format!("/changes/{i}/criterion"),
            "effect_unknown",
            format!("`{code}` has no score here while one above it is stored: what a score would add is not known."),
            format!("`{code}` chưa có điểm trong khi điểm cấp trên đã lưu: không xác định được phần điểm tăng thêm."),
        );
    }
}

/// Whether what a new score of a criterion gives can be told: it has one already, or nothing above it is stored.
pub(super) fn has_known_effect(edition: &Edition, scores: &UnitScores, code: &str) -> bool {
    let above = criterion_values::above(edition, code);
    let stored_above = scores.total.is_some()
        || scores.criteria.iter().any(|s| s.score.is_some() && above.iter().any(|a| a.code == s.criterion));
    // Asked alone: a score that only the cohort can scale is there all the same.
    let stored = || scores.criteria.iter().any(|s| s.criterion == code && s.score.is_some());
    !stored_above
        || stored()
        || criterion_values::of_units(edition, &[scores], code).iter().any(Option::is_some)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
#[path = "simulations_tests.rs"]
pub(in crate::service) mod tests;
