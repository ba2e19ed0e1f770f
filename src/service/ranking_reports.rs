//! Rankings as they are asked for: reads an edition, its cohort and its scores, and lets the pure modules
//! [`totals`] and [`rankings`] compute.

use std::collections::HashMap;

use super::{
    error::{Error, Result},
    rankings::{self, Entry, Ranking},
    totals::{self, CriterionScore, Unranked},
};
use crate::{
    domain::{
        decimal::Exact,
        editions::{Cohort, Edition},
        index_scores::{IndexScore, ScoreStage},
        time::Day,
        units::Unit,
        words::words,
    },
    store::{self, Conn, Store},
};

/// The year to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseYear {
    /// The year before, where it has an edition.
    Before,
    /// None.
    Without,
    /// This one.
    Year(i32),
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// The year to compare with.
    pub base: BaseYear,
    /// Code of the cohort; the edition's first when absent.
    pub cohort: Option<String>,
    /// Stage of the scores.
    pub stage: ScoreStage,
}

words! {
    /// Why a delta says nothing about what changed.
    pub enum NotComparable {
        /// The years were scored under different frameworks.
        FrameworkDiffers = "framework_differs",
        /// The years count different things.
        UnitOfMeasureDiffers = "unit_of_measure_differs",
        /// The base year's edition has no cohort of this code.
        CohortMissingInBase = "cohort_missing_in_base",
    }
}

/// The standings of a cohort, with what they were computed from.
#[derive(Debug, Clone)]
pub struct RankingReport {
    /// The edition.
    pub edition: Edition,
    /// The base year, where there is one.
    pub base_year: Option<i32>,
    /// Why deltas are not comparable; none when they are, or without a base.
    pub not_comparable: Option<NotComparable>,
    /// Code of the cohort.
    pub cohort: String,
    /// Stage of the scores.
    pub stage: ScoreStage,
    /// The standings.
    pub ranking: Ranking,
}

/// The standings of a cohort.
///
/// # Errors
/// `NotFound` for an unknown index, edition, named base year or cohort.
pub async fn ranking(store: &Store, question: Question) -> Result<RankingReport> {
    store.read(move |conn| report(conn, &question)).await
}

/// [`ranking`] within a transaction.
///
/// # Errors
/// `NotFound` for an unknown index, edition, named base year or cohort.
pub fn report(conn: &mut Conn, question: &Question) -> Result<RankingReport> {
    if store::indexes::find(conn, &question.index_code)?.is_none() {
        return Err(Error::not_found("indexes", &question.index_code));
    }
    let edition = edition(conn, &question.index_code, question.year)?;
    let cohort = match &question.cohort {
        None => edition.cohorts.first(),
        Some(code) => edition.cohorts.iter().find(|cohort| &cohort.code == code),
    };
    let cohort = cohort
        .cloned()
        .ok_or_else(|| Error::not_found("cohorts", question.cohort.clone().unwrap_or_default()))?;
    let base = match question.base {
        BaseYear::Without => None,
        BaseYear::Before => {
            store::editions::find(conn, &question.index_code, question.year - 1)?.map(|e| e.record)
        }
        BaseYear::Year(year) => Some(self::edition(conn, &question.index_code, year)?),
    };
    let current = standings(conn, &edition, &cohort, question.stage)?;
    let mut not_comparable = None;
    let ranking = match &base {
        None => current,
        Some(base) => match base.cohorts.iter().find(|c| c.code == cohort.code) {
            None => {
                not_comparable = Some(NotComparable::CohortMissingInBase);
                current
            }
            Some(base_cohort) => {
                not_comparable = why_not_comparable(&edition, base);
                rankings::compare(current, &standings(conn, base, base_cohort, question.stage)?)
            }
        },
    };
    Ok(RankingReport {
        base_year: base.map(|base| base.year),
        cohort: cohort.code,
        stage: question.stage,
        edition,
        not_comparable,
        ranking,
    })
}

fn why_not_comparable(edition: &Edition, base: &Edition) -> Option<NotComparable> {
    if edition.unit_of_measure != base.unit_of_measure {
        Some(NotComparable::UnitOfMeasureDiffers)
    } else if edition.framework != base.framework {
        Some(NotComparable::FrameworkDiffers)
    } else {
        None
    }
}

fn edition(conn: &mut Conn, index: &str, year: i32) -> Result<Edition> {
    store::editions::find(conn, index, year)?
        .map(|edition| edition.record)
        .ok_or_else(|| Error::not_found("editions", format!("{index}/{year}")))
}

/// The units of a cohort: those listed, or those that the rule finds.
fn members(conn: &mut Conn, edition: &Edition, cohort: &Cohort) -> Result<Vec<Unit>> {
    if let Some(ids) = &cohort.unit_ids {
        return Ok(store::units::find_all(conn, ids)?);
    }
    let Some(rule) = &cohort.rule else { return Ok(Vec::new()) };
    let as_of = rule.as_of.or_else(|| Day::new(edition.year, 12, 31));
    let units = store::units::all(conn)?;
    Ok(units
        .into_iter()
        .filter(|unit| rule.level.is_none_or(|level| unit.level == level))
        .filter(|unit| rule.parent_id.is_none() || unit.parent_id == rule.parent_id)
        .filter(|unit| as_of.is_none_or(|day| unit.exists_on(day)))
        .collect())
}

fn standings(conn: &mut Conn, edition: &Edition, cohort: &Cohort, stage: ScoreStage) -> Result<Ranking> {
    let mut by_unit: HashMap<String, Vec<IndexScore>> = HashMap::new();
    for score in store::index_scores::of_edition(conn, &edition.index_code, edition.year, stage)? {
        by_unit.entry(score.unit_id.clone()).or_default().push(score);
    }
    let entries = members(conn, edition, cohort)?
        .into_iter()
        .map(|unit| {
            let scores = by_unit.remove(&unit.id).unwrap_or_default();
            entry(edition, unit, scores)
        })
        .collect();
    Ok(rankings::rank(entries, edition))
}

fn entry(edition: &Edition, unit: Unit, scores: Vec<IndexScore>) -> Entry {
    let mut stored: Option<Exact> = None;
    let mut published_rank = None;
    let mut criteria = Vec::new();
    for score in scores {
        match score.criterion {
            None => {
                stored = score.score;
                published_rank = score.published_rank;
            }
            Some(criterion) => {
                criteria.push(CriterionScore { criterion, score: score.score, applicable: score.applicable });
            }
        }
    }
    let result = if unit.exists_in_year(edition.year) {
        totals::total(edition, &criteria, stored)
    } else {
        Err(Unranked::NotInExistence)
    };
    Entry { unit_id: unit.id, unit_name: unit.name, result, published_rank }
}
