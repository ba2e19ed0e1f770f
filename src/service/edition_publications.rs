//! The publication of an edition: its working state becomes the next revision, which never changes.
//!
//! A publication has the structure to itself (see `store::lock`), so no score is written while its revision is
//! copied, and every later write has a higher change number.

use super::{
    crud::{self, Context, Proposal},
    edition_cycle::{Asked, Which, cohort_units, difference, edition_at, impossible, locked, step_of},
    editions::Editions,
    error::{Error, Result},
    rankings::Ranking,
    score_sheets::{self, Known},
};
use crate::{
    domain::{
        edition_cycle::{EditionRevision, Working, check_reason},
        editions::{Edition, EditionStatus},
        index_scores::ScoreStage,
    },
    store::{
        self, Conn, Store,
        edition_revisions::{Published, Wanted},
    },
};

/// A revision as it was made, with how many units it ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The revision.
    pub revision: EditionRevision,
    /// Its cohorts, in the edition's order.
    pub cohorts: Vec<PublishedCohort>,
}

/// How many units of a cohort a revision ranks by their final scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedCohort {
    /// Code of the cohort.
    pub code: String,
    /// Units with a rank.
    pub ranked: usize,
    /// Units without one.
    pub unranked: usize,
}

/// Publishes the working state as the next revision.
///
/// # Errors
/// `NotFound`, `Conflict` where nothing has changed or the edition can't be published yet, `Invalid` for the reason.
pub async fn publish(
    store: &Store,
    context: Context,
    index: String,
    year: i32,
    reason: Option<String>,
) -> Result<Publication> {
    store
        .write(move |conn| {
            let revision = publish_in(conn, &context, &index, year, reason)?;
            let cohorts = ranked(conn, &revision)?;
            Ok(Publication { revision, cohorts })
        })
        .await
}

/// How many units of each cohort a revision ranks, by the code that its rankings are made by.
fn ranked(conn: &mut Conn, revision: &EditionRevision) -> Result<Vec<PublishedCohort>> {
    let asked = Asked { which: Which::Revision(revision.revision), ..Asked::default() };
    let edition = edition_at(conn, &revision.index_code, revision.year, &asked)?;
    let mut known = Known::default();
    let mut cohorts = Vec::with_capacity(edition.cohorts.len());
    for cohort in &edition.cohorts {
        let sheet = score_sheets::read(conn, &mut known, &edition, cohort, ScoreStage::Final)?;
        let Ranking { cohort_size, unranked, .. } = sheet.standings();
        let code = cohort.code.clone();
        cohorts.push(PublishedCohort { code, ranked: cohort_size, unranked: unranked.len() });
    }
    Ok(cohorts)
}

/// [`publish`] within a transaction, without a count of what it ranks.
///
/// # Errors
/// Those of [`publish`].
pub fn publish_in(
    conn: &mut Conn,
    context: &Context,
    index: &str,
    year: i32,
    reason: Option<String>,
) -> Result<EditionRevision> {
    let old = locked(conn, context, index, year)?.record;
    let last = store::edition_revisions::find(conn, index, year, Wanted::Last)?;
    let violations = check_reason(reason.as_ref(), last.is_some());
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    if old.status.way_to(EditionStatus::Published).is_none() {
        return Err(impossible(index, year, old.status, EditionStatus::Published));
    }
    let changed = match &last {
        None => None,
        Some(last) => Some(refuse_unchanged(conn, &old, last)?),
    };
    let cohorts = cohort_units(conn, &old)?;
    let number = last.map_or(1, |last| last.revision.revision + 1);
    let mut edition = old.clone();
    edition.status = EditionStatus::Published;
    edition.revision = Some(number);
    edition.stages.push(step_of(context, EditionStatus::Published, reason.clone(), Some(number)));
    let proposal = Proposal { record: edition.clone(), reason: reason.clone() };
    let written = crud::update::<Editions>(conn, context, &old, proposal)?;
    let revision = EditionRevision {
        index_code: index.to_owned(),
        year,
        revision: number,
        published_at: context.now,
        published_by: context.actor().to_owned(),
        reason,
        scores: 0,
        changed_scores: changed.map(|changed| changed.changed_scores),
        edition_changed: changed.map(|changed| changed.edition_changed),
    };
    Ok(store::edition_revisions::insert(conn, &revision, &edition, &cohorts, written.version)?)
}

/// What has changed since the last revision: the edition, its scores, or the units of its cohorts.
fn refuse_unchanged(conn: &mut Conn, edition: &Edition, last: &Published) -> Result<Working> {
    let changed = difference(conn, edition, last)?;
    if changed.is_changed() {
        return Ok(changed);
    }
    let (index, year, number) = (&edition.index_code, edition.year, last.revision.revision);
    Err(Error::conflict(
        "nothing_changed",
        format!("Nothing has changed since revision {number} of `{index}` {year}."),
        format!("Không có gì thay đổi kể từ lần công bố {number} của `{index}` năm {year}."),
    ))
}
