//! A ranking with what is told beside its standings: predecessors of new units, units that have ended, what two
//! frameworks have in common, and where published ranks differ.

use super::{
    common_criteria::{self, CommonCriteria},
    error::{Error, Result},
    rank_targets::{self, Goal, Target},
    ranking_lineage::{self, RankingLineage},
    ranking_reports::{self, NotComparable, Question, RankingReport},
    rankings::{self, Standing},
    robustness::{self, Draws, Robustness},
    score_sheets,
    simulations::{self, Change},
};
use crate::{
    domain::{time::Moment, violation::Text},
    store::{Conn, Store},
};

/// A ranking with its details.
#[derive(Debug, Clone)]
pub struct DetailedRanking {
    /// The ranking.
    pub report: RankingReport,
    /// What became of units since the base year.
    pub lineage: RankingLineage,
    /// What the frameworks have in common; none where they are the same, or without a base.
    pub common: Option<CommonCriteria>,
}

impl DetailedRanking {
    /// When the last of what it tells was published; none when anything is not. Predecessors and units that have ended
    /// are told as they were known then.
    pub fn published_at(&self) -> Option<Moment> {
        self.report.published_at()
    }

    /// Whether what a unit's scores give can be set against what they gave in the base: scaled alike or, across
    /// frameworks, where its move on the common criteria is told.
    pub fn contributions_compare(&self, unit_id: &str) -> bool {
        match (&self.common, &self.report.base) {
            (Some(common), _) => common.deltas.contains_key(unit_id),
            (None, Some(base)) => common_criteria::scaled_alike(&self.report.sheet, &base.sheet, unit_id),
            (None, None) => false,
        }
    }
}

/// A ranking with its details.
///
/// # Errors
/// `NotFound` for an unknown index, edition, named base year or cohort.
pub async fn ranking(store: &Store, question: Question) -> Result<DetailedRanking> {
    store
        .read(move |conn| {
            let report = ranking_reports::report(conn, &question)?;
            of_report(conn, report)
        })
        .await
}

/// A ranking of the cohort that a unit is in, where none is named, with its details.
///
/// # Errors
/// Those of [`ranking`].
pub async fn ranking_about(store: &Store, question: Question, unit_id: String) -> Result<DetailedRanking> {
    store
        .read(move |conn| {
            let report = report_about(conn, question, &unit_id)?;
            of_report(conn, report)
        })
        .await
}

/// The ranking of the first cohort that a unit is in, where none is named; of the edition's first when it is in none.
fn report_about(conn: &mut Conn, question: Question, unit_id: &str) -> Result<RankingReport> {
    let report = ranking_reports::report(conn, &question)?;
    if question.cohort.is_some() || report.sheet.rows.iter().any(|row| row.unit.id == unit_id) {
        return Ok(report);
    }
    let edition = &report.sheet.edition;
    for cohort in edition.cohorts.iter().skip(1) {
        if score_sheets::members(conn, edition, cohort)?.iter().any(|unit| unit.id == unit_id) {
            let cohort = Some(cohort.code.clone());
            return ranking_reports::report(conn, &Question { cohort, ..question });
        }
    }
    Ok(report)
}

/// A unit that the ranking says nothing of.
pub fn not_in_cohort(unit_id: &str) -> Error {
    let text = Text::new(
        format!("There is no unit `{unit_id}` in this cohort."),
        format!("Không có đơn vị `{unit_id}` trong nhóm xếp hạng này."),
    );
    Error::Absent { code: "not_found", text }
}

/// The details of a ranking.
///
/// # Errors
/// When the store can't be read.
pub fn of_report(conn: &mut Conn, report: RankingReport) -> Result<DetailedRanking> {
    let (mut lineage, mut common) = (RankingLineage::default(), None);
    if let Some(base) = &report.base {
        lineage =
            ranking_lineage::read(conn, (&report.sheet, &report.ranking), (&base.sheet, &base.ranking))?;
        if report.not_comparable == Some(NotComparable::FrameworkDiffers) {
            common = Some(common_criteria::between(&report.sheet, &base.sheet));
        }
    }
    Ok(DetailedRanking { report, lineage, common })
}

/// The standings whose published rank is another than the computed one.
pub fn published_rank_differences(report: &RankingReport) -> impl Iterator<Item = &Standing> {
    report
        .ranking
        .standings
        .iter()
        .filter(|s| s.published_rank.is_some_and(|published| i64::from(published) != i64::from(s.rank)))
}

/// The ranking as it would be with other scores; nothing is stored.
///
/// # Errors
/// `NotFound` as for a ranking; `Invalid` for changes that break a rule.
pub async fn simulation(store: &Store, question: Question, changes: Vec<Change>) -> Result<DetailedRanking> {
    store
        .read(move |conn| {
            let mut report = ranking_reports::report(conn, &question)?;
            report.sheet = simulations::apply(&report.sheet, &changes)?;
            report.ranking = match &report.base {
                Some(base) => rankings::compare(report.sheet.standings(), &base.ranking),
                None => report.sheet.standings(),
            };
            of_report(conn, report)
        })
        .await
}

/// Makes sure that a ranking is there.
///
/// # Errors
/// `NotFound` for an unknown index, edition, named base year or cohort.
pub async fn exists(store: &Store, question: Question) -> Result<()> {
    ranking_reports::ranking(store, question).await.map(drop)
}

/// A ranking of the cohort that a unit is in, where none is named, and what it takes for the unit to reach a goal.
///
/// # Errors
/// `NotFound` as for a ranking; `Invalid` for a unit without a rank and a goal that isn't there.
pub async fn target(
    store: &Store,
    question: Question,
    unit_id: String,
    goal: Goal,
) -> Result<(RankingReport, Target)> {
    store
        .read(move |conn| {
            let report = report_about(conn, question, &unit_id)?;
            let target = rank_targets::target(&report.sheet, &report.ranking, &unit_id, &goal)?;
            Ok((report, target))
        })
        .await
}

/// A ranking, and how sure its ranks are.
///
/// # Errors
/// `NotFound` as for a ranking; `Invalid` where nothing can be varied.
pub async fn robustness(
    store: &Store,
    question: Question,
    draws: Draws,
) -> Result<(RankingReport, Robustness)> {
    store
        .read(move |conn| {
            let report = ranking_reports::report(conn, &question)?;
            let robustness = robustness::draw(&report.sheet, &report.ranking, &draws)?;
            Ok((report, robustness))
        })
        .await
}
