//! Standings of published revisions that were computed before: a revision never changes, so what follows from it alone
//! is computed once. What is not published, or compared, is computed each time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{rankings::Ranking, score_sheets::Sheet};
use crate::domain::{
    editions::{Cohort, Edition},
    index_scores::ScoreStage,
    time::Moment,
};

/// A sheet and the standings that follow from it.
#[derive(Debug, Clone)]
pub struct Standings {
    /// What they were computed from.
    pub sheet: Sheet,
    /// The standings.
    pub ranking: Ranking,
}

/// What standings are of: index, year, revision and the moment of its publication, cohort and stage.
pub type Key = (String, i32, i32, Moment, String, ScoreStage);

/// What the standings of a cohort are kept by; none for an edition that was not read from a revision.
pub fn key(edition: &Edition, cohort: &Cohort, stage: ScoreStage) -> Option<Key> {
    let frozen = edition.state.frozen?;
    let cohort = cohort.code.clone();
    Some((edition.index_code.clone(), edition.year, frozen.revision, frozen.published_at, cohort, stage))
}

/// Most units of all that is kept: some ten megabytes for every ten thousand.
const UNITS: usize = 25_000;
/// Most standings that are kept.
const STANDINGS: usize = 256;

/// The standings of one database, the latest last.
#[derive(Debug, Default)]
pub struct KeptStandings(Mutex<VecDeque<(Key, Arc<Standings>)>>);

impl KeptStandings {
    /// A lock whose holder panicked guards sound data: what is in it never changes.
    fn all(&self) -> MutexGuard<'_, VecDeque<(Key, Arc<Standings>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The standings that were kept by a key.
    pub fn find(&self, key: &Key) -> Option<Arc<Standings>> {
        self.all().iter().find(|(of, _)| of == key).map(|(_, standings)| standings.clone())
    }

    /// Keeps standings, and lets go of the oldest that there is no room for.
    pub fn keep(&self, key: Key, standings: Arc<Standings>) {
        let mut all = self.all();
        if standings.sheet.rows.len() > UNITS || all.iter().any(|(of, _)| *of == key) {
            return;
        }
        all.push_back((key, standings));
        let units = |all: &VecDeque<(Key, Arc<Standings>)>| -> usize {
            all.iter().map(|(_, standings)| standings.sheet.rows.len()).sum()
        };
        while all.len() > STANDINGS || units(&all) > UNITS {
            all.pop_front();
        }
    }
}
