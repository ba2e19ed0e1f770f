//! What is still missing in an edition, unit by unit: which criteria have no score of the stage that is due.
//!
//! A criterion with others below it needs no score of its own, and one whose parent has a score needs none either.
//! What does not apply is answered. Bonus and penalty points may always be left out, and so is from the final scores
//! what a survey would have given that was not held, as in a ranking. A unit that did not exist in the year is not
//! waited for: no score of it is taken.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    edition_cycle::{self, Asked, Rights, Which},
    error::{Error, Result},
    score_sheets::{self, Known},
    unit_scores::scored_by,
};
use crate::{
    domain::{
        editions::{Cohort, Criterion, Edition, EditionStatus},
        index_scores::ScoreStage,
        text::sort_key,
        units::Unit,
    },
    store::{self, Conn, Store},
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// The units of this cohort alone.
    pub cohort: Option<String>,
    /// This unit alone.
    pub unit_id: Option<String>,
    /// What is missing of this stage; of the one that is due when absent.
    pub stage: Option<ScoreStage>,
    /// Units that are complete, or those that are not.
    pub complete: Option<bool>,
    /// What the caller may see.
    pub rights: Rights,
}

/// A score that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingScore {
    /// Code of the criterion; none for the total of an edition without criteria.
    pub criterion: Option<String>,
    /// Stage whose score is missing.
    pub stage: ScoreStage,
}

/// How many scores of a stage there are of those that there could be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageCount {
    /// Criteria that are scored at this stage.
    pub expected: usize,
    /// Those of them that have an answer.
    pub present: usize,
}

/// What a unit has, and what it lacks.
#[derive(Debug, Clone)]
pub struct UnitCompleteness {
    /// The unit.
    pub unit: Unit,
    /// Codes of its cohorts, in the edition's order.
    pub cohorts: Vec<String>,
    /// Whether a final total is given.
    pub has_total: bool,
    /// Counts by stage, in the order of the stages.
    pub stages: Vec<(ScoreStage, StageCount)>,
    /// What is missing of the stage asked for, in the order of the edition.
    pub missing: Vec<MissingScore>,
    /// Codes of the criteria that leave the maximum in each of its cohorts, because no survey was held.
    pub left_out: Vec<String>,
}

/// The completeness of an edition.
#[derive(Debug, Clone)]
pub struct Completeness {
    /// The edition: its working state.
    pub edition: Edition,
    /// The stage whose scores were looked for.
    pub stage: ScoreStage,
    /// The units by name in Vietnamese order, then by id.
    pub units: Vec<UnitCompleteness>,
}

/// Counts over the units of a completeness view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Units.
    pub units: usize,
    /// Units without anything missing.
    pub complete: usize,
    /// Scores that are missing.
    pub missing: usize,
}

impl Completeness {
    /// Counts over the units.
    pub fn counts(&self) -> Counts {
        Counts {
            units: self.units.len(),
            complete: self.units.iter().filter(|unit| unit.missing.is_empty()).count(),
            missing: self.units.iter().map(|unit| unit.missing.len()).sum(),
        }
    }
}

/// What is still missing in the working state of an edition.
///
/// # Errors
/// `NotFound` for an unknown index, edition, cohort or unit.
pub async fn completeness(store: &Store, question: Question) -> Result<Completeness> {
    store.read(move |conn| read(conn, &question)).await
}

/// The stage whose scores an edition waits for.
fn due(status: EditionStatus) -> ScoreStage {
    match status {
        EditionStatus::SelfAssessment => ScoreStage::SelfAssessed,
        EditionStatus::Draft | EditionStatus::Appraisal | EditionStatus::Published => ScoreStage::Final,
    }
}

fn read(conn: &mut Conn, question: &Question) -> Result<Completeness> {
    let (index, year) = (question.index_code.as_str(), question.year);
    let asked = Asked { which: Which::Working, rights: question.rights.clone() };
    let edition = edition_cycle::edition_at(conn, index, year, &asked)?;
    if let Some(id) = &question.unit_id
        && store::units::find(conn, id)?.is_none()
    {
        return Err(Error::not_found("units", id));
    }
    let cohorts: Vec<_> = edition
        .cohorts
        .iter()
        .filter(|c| question.cohort.as_ref().is_none_or(|code| &c.code == code))
        .collect();
    if let (Some(code), true) = (&question.cohort, cohorts.is_empty()) {
        return Err(Error::not_found("cohorts", code));
    }
    let left_out = LeftOut::read(conn, &edition, &cohorts)?;
    let mut units: BTreeMap<(String, String), (Unit, Vec<String>)> = BTreeMap::new();
    for cohort in cohorts {
        for unit in score_sheets::members(conn, &edition, cohort)? {
            let wanted = question.unit_id.as_ref().is_none_or(|id| &unit.id == id);
            if wanted && unit.exists_in_year(year) {
                let place = (sort_key(&unit.name), unit.id.clone());
                units.entry(place).or_insert_with(|| (unit, Vec::new())).1.push(cohort.code.clone());
            }
        }
    }
    let mut given: HashMap<String, HashSet<(Option<String>, ScoreStage)>> = HashMap::new();
    for score in store::index_scores::of_stages(conn, index, year, question.unit_id.as_deref())? {
        given.entry(score.unit_id).or_default().insert((score.criterion, score.stage));
    }
    let stage = question.stage.unwrap_or_else(|| due(edition.status));
    let expected = Expected::of(&edition);
    let nothing = HashSet::new();
    let units = units.into_values().map(|(unit, cohorts)| {
        let given = given.get(&unit.id).unwrap_or(&nothing);
        let out = left_out.of(&cohorts);
        let counts = ScoreStage::ALL.iter().map(|stage| (*stage, expected.count(*stage, given, &out)));
        UnitCompleteness {
            has_total: given.contains(&(None, ScoreStage::Final)),
            stages: counts.collect(),
            missing: expected.missing(stage, given, &out),
            left_out: out,
            cohorts,
            unit,
        }
    });
    let units =
        units.filter(|unit| question.complete.is_none_or(|want| unit.missing.is_empty() == want)).collect();
    Ok(Completeness { units, stage, edition })
}

/// The criteria that leave the maximum of a cohort, by its code.
struct LeftOut(HashMap<String, Vec<String>>);

impl LeftOut {
    fn read(conn: &mut Conn, edition: &Edition, cohorts: &[&Cohort]) -> Result<Self> {
        let mut of = HashMap::new();
        if edition.criteria.iter().any(|c| scored_by(c) == Some(ScoreStage::Survey)) {
            let mut known = Known::default();
            for cohort in cohorts {
                let sheet = score_sheets::read(conn, &mut known, edition, cohort, ScoreStage::Final)?;
                of.insert(cohort.code.clone(), sheet.left_out());
            }
        }
        Ok(Self(of))
    }

    /// What leaves the maximum in all of these cohorts, in the order of the edition.
    fn of(&self, cohorts: &[String]) -> Vec<String> {
        let mut each = cohorts.iter().map(|code| self.0.get(code).map(Vec::as_slice).unwrap_or_default());
        let mut out = each.next().unwrap_or_default().to_vec();
        each.for_each(|other| out.retain(|code| other.contains(code)));
        out
    }
}

type Given = HashSet<(Option<String>, ScoreStage)>;

/// A criterion that needs scores.
struct Leaf<'a> {
    /// Its code and those above it, each with the stage that scores it; no code for the total of an edition without
    /// criteria.
    path: Vec<(Option<&'a str>, Option<ScoreStage>)>,
    /// The stage that scores it: a survey also where what is above it is of one.
    scored_by: Option<ScoreStage>,
}

/// What an edition needs scores of.
struct Expected<'a> {
    leaves: Vec<Leaf<'a>>,
}

/// Whether a criterion may be left out: one of bonus and penalty points.
fn is_optional(edition: &Edition, path: &[&str]) -> bool {
    path.last().and_then(|area| edition.criterion(area)).is_some_and(Criterion::is_bonus)
}

impl<'a> Expected<'a> {
    fn of(edition: &'a Edition) -> Self {
        if edition.criteria.is_empty() {
            return Self { leaves: vec![Leaf { path: vec![(None, None)], scored_by: None }] };
        }
        let stages: HashMap<&str, Option<ScoreStage>> =
            edition.criteria.iter().map(|c| (c.code.as_str(), scored_by(c))).collect();
        let needed = |(criterion, path): (&'a Criterion, Vec<&'a str>)| {
            if is_optional(edition, &path) {
                return None;
            }
            let stage = |code: &str| stages.get(code).copied().flatten();
            let of_survey = path.iter().any(|code| stage(code) == Some(ScoreStage::Survey));
            Some(Leaf {
                scored_by: if of_survey { Some(ScoreStage::Survey) } else { scored_by(criterion) },
                path: path.into_iter().map(|code| (Some(code), stage(code))).collect(),
            })
        };
        Self { leaves: edition.leaves().into_iter().filter_map(needed).collect() }
    }

    /// The leaves that are scored at a stage: what the survey scores, nobody else does.
    fn at(&self, stage: ScoreStage) -> impl Iterator<Item = &Leaf<'a>> {
        let any_survey = self.leaves.iter().any(|leaf| leaf.scored_by == Some(ScoreStage::Survey));
        self.leaves.iter().filter(move |leaf| match stage {
            ScoreStage::Final => true,
            ScoreStage::Survey => leaf.scored_by == Some(stage) || !any_survey,
            ScoreStage::SelfAssessed | ScoreStage::Appraised => leaf.scored_by != Some(ScoreStage::Survey),
        })
    }

    /// [`Expected::at`] a stage but for what is left out: the final score does without a survey that was not held.
    fn counting(&self, stage: ScoreStage, out: &[String]) -> impl Iterator<Item = &Leaf<'a>> {
        self.at(stage).filter(move |leaf| stage != ScoreStage::Final || !leaf.is_below(out))
    }

    fn count(&self, stage: ScoreStage, given: &Given, out: &[String]) -> StageCount {
        let expected = self.counting(stage, out).count();
        let present = self.counting(stage, out).filter(|leaf| leaf.is_given(stage, given)).count();
        StageCount { expected, present }
    }

    fn missing(&self, stage: ScoreStage, given: &Given, out: &[String]) -> Vec<MissingScore> {
        let lacking = self.counting(stage, out).filter(|leaf| !leaf.is_given(stage, given));
        lacking
            .map(|leaf| MissingScore {
                criterion: leaf.path.first().and_then(|(code, _)| *code).map(str::to_owned),
                // What counts as final is given at the stage that scores the criterion.
                stage: if stage == ScoreStage::Final { leaf.scored_by.unwrap_or(stage) } else { stage },
            })
            .collect()
    }
}

impl Leaf<'_> {
    /// Whether it is one of these criteria, or below one.
    fn is_below(&self, codes: &[String]) -> bool {
        self.path.iter().filter_map(|(code, _)| *code).any(|above| codes.iter().any(|code| code == above))
    }

    fn is_given(&self, stage: ScoreStage, given: &Given) -> bool {
        self.path.iter().any(|(code, own)| {
            let has = |stage| given.contains(&(code.map(str::to_owned), stage));
            has(stage) || own.filter(|_| stage == ScoreStage::Final).is_some_and(has)
        })
    }
}
