//! Rankings as they are asked for: finds the edition, its base and the cohort, reads their sheets and compares
//! the standings that follow from them.

use std::sync::Arc;

use super::{
    edition_cycle::{self, Asked},
    error::{Error, Result},
    halves::{MANY, both},
    kept_standings::{self, KeptStandings, Standings},
    rankings::{self, Ranking},
    score_sheets::{self, Known, Sheet},
};
use crate::{
    domain::{
        editions::{Cohort, Edition, Method, ScoreUnit},
        index_scores::ScoreStage,
        time::Moment,
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
    /// Which state of the edition; the base year's goes with it.
    pub asked: Asked,
    /// Standings of revisions that were computed before.
    pub kept: Arc<KeptStandings>,
    /// Where another connection is to be had, for what is worth being read by two threads; none does without.
    pub store: Option<Store>,
}

words! {
    /// Why a delta says nothing about what changed.
    pub enum NotComparable {
        /// The years were scored under different frameworks, or their totals follow other rules.
        FrameworkDiffers = "framework_differs",
        /// The years count different things.
        UnitOfMeasureDiffers = "unit_of_measure_differs",
        /// The base year's edition has no cohort of this code.
        CohortMissingInBase = "cohort_missing_in_base",
        /// Values are scaled within the cohort: those of another unit can move every score.
        ScaledWithinCohort = "scaled_within_cohort",
    }
}

/// The standings of a cohort, with what they were computed from.
#[derive(Debug, Clone)]
pub struct RankingReport {
    /// What the standings were computed from.
    pub sheet: Sheet,
    /// The standings of the base year; none without one, or where it has no cohort of this code.
    pub base: Option<Arc<Standings>>,
    /// The base year, where there is one.
    pub base_year: Option<i32>,
    /// Why deltas are not comparable; none when they are, or without a base.
    pub not_comparable: Option<NotComparable>,
    /// The standings.
    pub ranking: Ranking,
}

impl RankingReport {
    /// When the last of what it was computed from was published; none when anything is not.
    pub fn published_at(&self) -> Option<Moment> {
        let published = |sheet: &Sheet| sheet.edition.state.frozen.map(|frozen| frozen.published_at);
        let current = published(&self.sheet)?;
        match &self.base {
            Some(base) => Some(current.max(published(&base.sheet)?)),
            None => Some(current),
        }
    }
}

/// The standings of a cohort.
///
/// # Errors
/// `NotFound` for an unknown index, edition, revision, named base year or cohort; `Absent` for what was not published
/// at the moment asked for.
pub async fn ranking(store: &Store, question: Question) -> Result<RankingReport> {
    store.read(move |conn| report(conn, &question)).await
}

/// [`ranking`] within a transaction.
///
/// # Errors
/// Those of [`ranking`].
pub fn report(conn: &mut Conn, question: &Question) -> Result<RankingReport> {
    if store::indexes::find(conn, &question.index_code)?.is_none() {
        return Err(Error::not_found("indexes", &question.index_code));
    }
    let edition = edition_cycle::edition_at(conn, &question.index_code, question.year, &question.asked)?;
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
            match edition_cycle::base_at(conn, &edition, question.year - 1, &question.asked) {
                Ok(base) => Some(base),
                Err(Error::NotFound { .. } | Error::Absent { .. }) => None,
                Err(error) => return Err(error),
            }
        }
        BaseYear::Year(year) => Some(edition_cycle::base_at(conn, &edition, year, &question.asked)?),
    };
    let base_cohort =
        base.as_ref().and_then(|b| Some((b, b.cohorts.iter().find(|c| c.code == cohort.code)?)));
    let (sheet, base_standings) = match base_cohort {
        None => (score_sheets::read(conn, &mut Known::default(), &edition, &cohort, question.stage)?, None),
        Some(base) => {
            let (sheet, standings) = with_base(conn, question, (&edition, &cohort), base)?;
            (sheet, Some(standings))
        }
    };
    let not_comparable = match (&base, &base_standings) {
        (Some(_), None) => Some(NotComparable::CohortMissingInBase),
        (Some(base), Some(_)) => why_not_comparable(&edition, base),
        (None, _) => None,
    };
    let ranking = match &base_standings {
        Some(base) => rankings::compare(sheet.standings(), &base.ranking),
        None => sheet.standings(),
    };
    let base_year = base.map(|base| base.year);
    Ok(RankingReport { sheet, base: base_standings, base_year, not_comparable, ranking })
}

/// The sheet of a cohort, and the standings that it is compared with.
fn with_base(
    conn: &mut Conn,
    question: &Question,
    (edition, cohort): (&Edition, &Cohort),
    (base, base_cohort): (&Edition, &Cohort),
) -> Result<(Sheet, Arc<Standings>)> {
    let mut known = Known::default();
    let key = kept_standings::key(base, base_cohort, question.stage);
    if let Some(standings) = key.as_ref().and_then(|key| question.kept.find(key)) {
        return Ok((beside(conn, question, (edition, cohort), &standings.sheet)?, standings));
    }
    let of_base = score_sheets::read(conn, &mut known, base, base_cohort, question.stage)?;
    let mut read = || score_sheets::read(conn, &mut known, edition, cohort, question.stage);
    let (ranking, sheet) = match of_base.rows.len() < MANY {
        true => (of_base.standings(), read()?),
        // The standings of a whole country are computed while the other year is read.
        false => {
            let (ranking, sheet) = both(|| of_base.standings(), read);
            (ranking, sheet?)
        }
    };
    let standings = Arc::new(Standings { sheet: of_base, ranking });
    if let Some(key) = key {
        question.kept.keep(key, standings.clone());
    }
    Ok((sheet, standings))
}

/// The sheet of a cohort that is compared with another: a whole country's is read by two threads.
fn beside(
    conn: &mut Conn,
    question: &Question,
    (edition, cohort): (&Edition, &Cohort),
    base: &Sheet,
) -> Result<Sheet> {
    let stage = question.stage;
    let alone = |conn: &mut Conn| score_sheets::read(conn, &mut Known::default(), edition, cohort, stage);
    match (&question.store, base.rows.get(base.rows.len() / 2)) {
        (Some(store), Some(middle)) if base.rows.len() >= MANY => {
            store.beside(conn, |conn, other| match other {
                Some(other) => {
                    score_sheets::read_with(conn, other, &middle.unit.id, (edition, cohort, stage))
                }
                None => alone(conn),
            })
        }
        _ => alone(conn),
    }
}

/// Whether points are scaled up for what does not apply to a unit, and for a survey that was not held. Added points
/// alone are: a total in percent or of another method is of what is left anyway.
pub fn scales_up(edition: &Edition) -> (bool, bool) {
    match (edition.method, edition.unit_of_measure) {
        (Method::Points, ScoreUnit::Points) => {
            (edition.rescale_not_applicable, edition.rescale_without_survey)
        }
        _ => (false, false),
    }
}

/// Why the deltas between two editions are not comparable; none when they are.
pub fn why_not_comparable(edition: &Edition, base: &Edition) -> Option<NotComparable> {
    if edition.unit_of_measure != base.unit_of_measure {
        Some(NotComparable::UnitOfMeasureDiffers)
    } else if edition.framework != base.framework
        || edition.method != base.method
        || scales_up(edition) != scales_up(base)
    {
        Some(NotComparable::FrameworkDiffers)
    } else if edition.scales_within_cohort() || base.scales_within_cohort() {
        Some(NotComparable::ScaledWithinCohort)
    } else {
        None
    }
}
