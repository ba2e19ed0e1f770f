//! What two frameworks have in common, and how a unit moved on that alone.
//!
//! What a criterion must share to be common is said in [`criteria::common`]; its method and the records that it is
//! computed from are the same too, and a point of it counts the same: its area is common as a whole, or points are
//! just added from it up to the total, and a total that is their share is one of as many points. Of a branch that is
//! common as a whole only the top is named, so that no point counts twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    criteria_measures::Measures,
    criterion_values,
    ranking_reports::scales_up,
    score_sheets::Sheet,
    totals::{self, CriterionScore, UnitScores},
};
use crate::domain::{
    criteria::{self, Criterion},
    decimal::Exact,
    editions::{Edition, Method, ScoreUnit},
};

/// The criteria that two editions share, and the moves on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommonCriteria {
    /// Their codes, in the order of the later edition.
    pub codes: Vec<String>,
    /// By unit: what these criteria give to its total minus what they gave to that of the base, as each edition
    /// counts it. Only units that have every one of them in both, and none where totals are normalised: what a
    /// value gives there depends on the others of its year. Nor units of which something is out of the maximum in one
    /// of them and scales the rest up, as it always does to shares: what the scale gave is no gain.
    pub deltas: HashMap<String, Exact>,
}

/// The codes that two editions have in common, the topmost of each branch.
pub fn codes(edition: &Edition, base: &Edition) -> Vec<String> {
    if edition.method != base.method || whole(edition) != whole(base) {
        return Vec::new();
    }
    let (ours, theirs) = (Source::of(edition), Source::of(base));
    let alike = |code: &String| ours.alike(&theirs, code);
    let all: Vec<String> = criteria::common(edition, base).into_iter().filter(alike).collect();
    let common: HashSet<&str> = all.iter().map(String::as_str).collect();
    let topmost = |code: &&String| {
        !criterion_values::above(edition, code).iter().any(|above| common.contains(above.code.as_str()))
    };
    // Bonus and penalty points are not scaled up beside added points.
    let scaled_alike = scales_up(edition) == scales_up(base);
    let given_alike = |code: &&String| scaled_alike || (is_bonus(edition, code) && is_bonus(base, code));
    let counts = |code: &&String| ours.counts_alike(code) && theirs.counts_alike(code) && given_alike(code);
    all.iter().filter(topmost).filter(counts).cloned().collect()
}

/// The points that a total in percent is a share of, bonus and penalty points too; none of another total.
fn whole(edition: &Edition) -> Option<Exact> {
    if (edition.method, edition.unit_of_measure) != (Method::Points, ScoreUnit::Percent) {
        return None;
    }
    let measures = Measures::of(edition, &[]);
    let ordinary = measures.areas().iter().filter(|area| !area.criterion.is_bonus());
    ordinary.map(|area| area.full().cloned()).sum()
}

/// Whether what a criterion gives is bonus and penalty points.
fn is_bonus(edition: &Edition, code: &str) -> bool {
    let area = criterion_values::above(edition, code).pop().or_else(|| edition.criterion(code));
    area.is_some_and(Criterion::is_bonus)
}

/// How an edition comes by its scores.
struct Source<'a> {
    edition: &'a Edition,
    parents: HashSet<&'a str>,
    /// The criteria with a mean of normalised values at or below them.
    scaled: HashSet<&'a str>,
}

impl<'a> Source<'a> {
    fn of(edition: &'a Edition) -> Self {
        let parents: HashSet<&str> = edition.criteria.iter().filter_map(|c| c.parent.as_deref()).collect();
        let mut scaled: HashSet<&str> = HashSet::new();
        for criterion in edition.criteria.iter().filter(|c| parents.contains(c.code.as_str())) {
            if edition.method_of(criterion) == Method::Normalised {
                scaled.insert(&criterion.code);
                let above = criterion_values::above(edition, &criterion.code);
                scaled.extend(above.into_iter().map(|above| above.code.as_str()));
            }
        }
        Self { edition, parents, scaled }
    }

    /// How the score of a criterion comes from those below it; points where there are none.
    fn method(&self, code: &str) -> Option<Method> {
        let criterion = self.edition.criterion(code)?;
        Some(if self.parents.contains(code) { self.edition.method_of(criterion) } else { Method::Points })
    }

    /// Whether a criterion comes from the same in another edition.
    fn alike(&self, other: &Source, code: &str) -> bool {
        let records = |edition: &Edition| edition.criterion(code).and_then(|c| c.from_records.clone());
        self.method(code) == other.method(code) && records(self.edition) == records(other.edition)
    }

    /// Whether what a criterion gives depends on nothing that the other framework may count otherwise.
    fn counts_alike(&self, code: &str) -> bool {
        if self.edition.method == Method::Normalised {
            return true;
        }
        let above = criterion_values::above(self.edition, code);
        let added = self.edition.method == Method::Points
            && above.iter().all(|above| self.edition.method_of(above) == Method::Points);
        (above.is_empty() || added) && !self.scaled.contains(code)
    }
}

/// What the editions of two sheets share, and how the units moved on it.
pub fn between(sheet: &Sheet, base: &Sheet) -> CommonCriteria {
    let codes = codes(&sheet.edition, &base.edition);
    if codes.is_empty() || sheet.edition.method == Method::Normalised {
        return CommonCriteria { codes, deltas: HashMap::new() };
    }
    let (now, before) = (given(sheet, &codes), given(base, &codes));
    let deltas = now
        .into_iter()
        .filter_map(|(unit, sum)| {
            let base = before.get(unit)?;
            Some((unit.to_owned(), &sum - base))
        })
        .collect();
    CommonCriteria { codes, deltas }
}

/// By how much what is out of the maximum scales up the areas of each unit, in the order of the rows.
fn scales(sheet: &Sheet) -> Vec<BTreeMap<String, Exact>> {
    let scores: Vec<&UnitScores> = sheet.rows.iter().map(|row| &row.scores).collect();
    totals::scales(&sheet.edition, &scores)
}

/// Whether what is out of the maximum scales up what a unit's scores give by the same in two sheets.
pub fn scaled_alike(sheet: &Sheet, base: &Sheet, unit_id: &str) -> bool {
    let of_unit = |sheet: &Sheet| {
        let mut units = sheet.rows.iter().zip(scales(sheet));
        units.find(|(row, _)| row.unit.id == unit_id).map(|(_, scales)| scales)
    };
    of_unit(sheet) == of_unit(base)
}

/// The units of a sheet whose scores give more for what is out of the maximum.
fn scaled_up(sheet: &Sheet) -> HashSet<&str> {
    let units = sheet.rows.iter().zip(scales(sheet)).filter(|(_, scales)| !scales.is_empty());
    units.map(|(row, _)| row.unit.id.as_str()).collect()
}

/// An area, and the scores of the common criteria below it by unit; none where it is common itself.
type AreaParts<'a> = (&'a str, Vec<Vec<Option<Exact>>>);

/// What some criteria give to the total, for the units that have a score of each of them.
fn given<'a>(sheet: &'a Sheet, codes: &[String]) -> HashMap<&'a str, Exact> {
    let edition = &sheet.edition;
    let scores: Vec<&UnitScores> = sheet.rows.iter().map(|row| &row.scores).collect();
    let mut areas: Vec<AreaParts> = Vec::new();
    for code in codes {
        let Some(area) = criterion_values::above(edition, code).pop() else {
            areas.push((code.as_str(), Vec::new()));
            continue;
        };
        let column = criterion_values::of_units(edition, &scores, code);
        match areas.iter_mut().find(|(known, _)| *known == area.code) {
            Some((_, columns)) => columns.push(column),
            None => areas.push((area.code.as_str(), vec![column])),
        }
    }
    let reduced: Vec<UnitScores> =
        scores.iter().enumerate().map(|(unit, scores)| reduced(scores, &areas, unit)).collect();
    let totals = totals::of_cohort(edition, &reduced.iter().collect::<Vec<_>>());
    // In percent bonus and penalty points are of what is left as well.
    let of_what_is_left = (edition.method, edition.unit_of_measure) == (Method::Points, ScoreUnit::Percent);
    let scaled = match !of_what_is_left && codes.iter().all(|code| is_bonus(edition, code)) {
        true => HashSet::new(),
        false => scaled_up(sheet),
    };
    sheet
        .rows
        .iter()
        .zip(totals)
        .filter(|(row, _)| !scaled.contains(row.unit.id.as_str()))
        .filter_map(|(row, total)| {
            let components = total.ok()?.components;
            let gave = |(area, _): &AreaParts| {
                let component = components.iter().find(|c| c.criterion.as_deref() == Some(*area));
                component.map(|c| c.contribution.clone())
            };
            let sum: Exact = areas.iter().map(gave).sum::<Option<Exact>>()?;
            Some((row.unit.id.as_str(), sum))
        })
        .collect()
}

/// The scores of a unit with what is common of each area in the area's place: what its component gives is then what
/// the common criteria give. A total beside them lets the components be told when other criteria have no score.
fn reduced(scores: &UnitScores, areas: &[AreaParts], unit: usize) -> UnitScores {
    let mut reduced = UnitScores { total: Some(Exact::zero()), ..scores.clone() };
    for (area, columns) in areas.iter().filter(|(_, columns)| !columns.is_empty()) {
        let own = reduced.criteria.iter().position(|s| s.criterion == *area);
        let own = own.map(|place| reduced.criteria.remove(place));
        let parts = columns.iter().map(|column| column.get(unit).cloned().flatten());
        let score = parts.sum::<Option<Exact>>().filter(|_| own.is_none_or(|own| own.applicable));
        // Without a score it must not give what others below it have.
        let applicable = score.is_some();
        reduced.criteria.push(CriterionScore { criterion: (*area).to_owned(), score, applicable });
    }
    reduced
}
