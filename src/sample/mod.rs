//! The sample: real units and PCI scores, the Thanh Bình review of 2020, and synthetic dossiers that add up to it.
//!
//! Loaded in one transaction into an empty database (one that has no change in its log), so that a load that is
//! cut off leaves nothing and a second one does nothing. `data/README.md` says where each file comes from.

mod calendar;
mod dossiers;
mod files;
mod progress;

use crate::{
    domain::{
        dossier_flows::Facts,
        dossiers::Dossier,
        editions::{Edition, EditionStatus},
        time::Moment,
        violation::Violation,
    },
    service::{
        crud::{Context, entry_of},
        edition_cycle::step_of,
        edition_publications::publish_in,
        error::{Error, Result},
    },
    store::{
        self, Conn, Store, StoreError,
        changes::{self, Action},
        dossier_sums::{self, Deltas},
        lock::{self, Structure},
    },
};
use files::Sample;
use progress::Progress;

/// What [`load`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loaded {
    /// The sample, with this many records.
    Records(usize),
    /// Nothing: the database holds something.
    Nothing,
}

/// Which parts of the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    All,
    /// Everything but the dossiers.
    WithoutDossiers,
}

/// Loads the sample into an empty database.
///
/// # Errors
/// Those of the database; `Invalid` when a file of the sample breaks a rule, which is a defect.
pub async fn load(store: &Store, extent: Extent, now: Moment) -> Result<Loaded> {
    store.write(move |conn| load_into(conn, extent, now)).await
}

fn load_into(conn: &mut Conn, extent: Extent, now: Moment) -> Result<Loaded> {
    lock::record(conn, Structure::Changed, "sample", "sample")?;
    if !changes::is_empty(conn)? {
        return Ok(Loaded::Nothing);
    }
    let sample = files::read()?;
    let dossiers = match extent {
        Extent::All => dossiers::generate(&sample.plan)?,
        Extent::WithoutDossiers => Vec::new(),
    };
    let mut loader = Loader {
        conn,
        now,
        progress: Progress::start(sample.len() + dossiers.len()),
        count: 0,
        deltas: Deltas::new(),
    };
    loader.load(&sample)?;
    loader.load_dossiers(dossiers)?;
    loader.progress.finish();
    Ok(Loaded::Records(loader.count))
}

/// Writes records with their entries in the change log.
struct Loader<'a> {
    conn: &'a mut Conn,
    now: Moment,
    progress: Progress,
    count: usize,
    deltas: Deltas,
}

/// Who loads the sample, in the change log.
const ACTOR: &str = "sample";

/// Dossiers written at once.
const CHUNK: usize = 5000;

impl Loader<'_> {
    fn load(&mut self, sample: &Sample) -> Result<()> {
        for unit in &sample.units {
            self.one("units", &unit.id, unit.check(), |conn, version| {
                store::units::insert(conn, unit, version)
            })?;
        }
        for index in &sample.indexes {
            self.one("indexes", &index.code, index.check(), |conn, version| {
                store::indexes::insert(conn, index, version)
            })?;
        }
        let made = step_of(&self.context(), EditionStatus::Draft, None, None);
        for edition in &sample.editions {
            let key = format!("{}/{}", edition.index_code, edition.year);
            let edition = Edition { stages: vec![made.clone()], ..edition.clone() };
            self.one("editions", &key, edition.check(), |conn, version| {
                store::editions::insert(conn, &edition, version)
            })?;
        }
        for score in &sample.scores {
            let edition =
                sample.editions.iter().find(|e| e.year == score.year && e.index_code == score.index_code);
            let broken = edition.map(|e| score.check(e)).unwrap_or_default();
            self.one("index-scores", &score.id, broken, |conn, version| {
                store::index_scores::insert(conn, score, version)
            })?;
        }
        self.publish(&sample.editions)?;
        for figure in &sample.figures {
            self.one("reported-figures", &figure.id, figure.check(), |conn, version| {
                store::reported_figures::insert(conn, figure, version)
            })?;
        }
        for decision in &sample.commendations {
            self.one("commendations", &decision.id, decision.check(None), |conn, version| {
                store::commendations::insert(conn, decision, version)
            })?;
        }
        for action in &sample.actions {
            self.one("improvement-actions", &action.id, action.check(), |conn, version| {
                store::improvement_actions::insert(conn, action, version)
            })?;
        }
        let calendar = &sample.calendar;
        self.one("calendars", &calendar.id, calendar.check(), |conn, version| {
            store::calendars::insert(conn, calendar, version)
        })?;
        for procedure in &sample.catalogue {
            self.one("procedures", &procedure.code, procedure.check(), |conn, version| {
                store::procedures::insert(conn, procedure, version)
            })?;
        }
        Ok(())
    }

    /// Publishes the editions as the service does: each as its first revision.
    fn publish(&mut self, editions: &[Edition]) -> Result<()> {
        let context = self.context();
        for edition in editions {
            publish_in(self.conn, &context, &edition.index_code, edition.year, None)?;
        }
        Ok(())
    }

    fn one(
        &mut self,
        resource: &'static str,
        key: &str,
        broken: Vec<Violation>,
        insert: impl FnOnce(&mut Conn, i64) -> store::StoreResult<()>,
    ) -> Result<()> {
        if !broken.is_empty() {
            return Err(Error::Invalid(broken));
        }
        let version = changes::append(self.conn, self.entry(resource, key))?;
        insert(self.conn, version)?;
        self.count += 1;
        self.progress.advance(1);
        Ok(())
    }

    fn load_dossiers(&mut self, dossiers: Vec<Dossier>) -> Result<()> {
        for part in dossiers.chunks(CHUNK) {
            let broken: Vec<Violation> = part.iter().flat_map(Dossier::check).collect();
            if !broken.is_empty() {
                return Err(Error::Invalid(broken));
            }
            let entries = part.iter().map(|dossier| self.entry("dossiers", &dossier.code)).collect();
            let versions = changes::append_all(self.conn, entries)?;
            let told = |dossier: &Dossier| Dossier { recorded_at: Some(self.now), ..dossier.clone() };
            let records: Vec<(Dossier, i64)> = part.iter().map(told).zip(versions).collect();
            store::dossiers::insert_all(self.conn, &records)?;
            for (dossier, _) in &records {
                Facts::of(dossier).iter().for_each(|facts| dossier_sums::collect(&mut self.deltas, 1, facts));
            }
            self.count += part.len();
            self.progress.advance(part.len());
        }
        lock::sums(self.conn)?;
        Ok(dossier_sums::apply(self.conn, &self.deltas)?)
    }

    fn entry(&self, resource: &'static str, key: &str) -> changes::Entry {
        entry_of(&self.context(), resource, key.to_owned(), Action::Create)
    }

    fn context(&self) -> Context {
        Context::of_command(ACTOR, self.now)
    }
}

/// A file of the sample that can't be read: a defect of the build.
fn unreadable(file: &str, why: impl std::fmt::Display) -> Error {
    Error::Store(StoreError::Corrupt(format!("sample file {file}: {why}")))
}
