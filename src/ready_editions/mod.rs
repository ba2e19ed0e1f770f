//! Editions that come ready with the program: `chiso editions list` and `chiso editions load`.
//!
//! Each file is the body of a `PUT` of an edition with the index that it is of, and says in its note what is
//! official in it and what is assumed. They go through the same rules as a request does.

use serde::Deserialize;

use crate::{
    cli::LoadEdition,
    domain::{
        indexes::Index,
        time::{Moment, YEARS},
        units::Level,
    },
    exchange::sentence,
    http::{
        crud::{Exposed, Key},
        edition_parts::{CohortBody, CohortRuleBody},
        editions::EditionInput,
    },
    service::{
        crud::{self, Context},
        editions::{self, Editions},
        error::Error,
        indexes::Indexes,
    },
    store::Store,
};

/// Who loads on the command line, in the change log.
const ACTOR: &str = "chiso editions load";

/// The files.
const FILES: &[&str] = &[
    include_str!("pci-2013.json"),
    include_str!("par-2948.json"),
    include_str!("ddci-dong-thap-2019.json"),
    include_str!("766-2022.json"),
];

/// A ready edition.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadyEdition {
    /// Its name on the command line.
    pub code: String,
    /// The index that it is of.
    pub index: ReadyIndex,
    /// What is official and what is assumed, in Vietnamese.
    pub note: String,
    /// The same in English.
    pub note_en: String,
    /// The body of its `PUT`.
    pub edition: EditionInput,
}

/// The index of a ready edition.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadyIndex {
    /// Code.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// Who measures what.
    pub description: String,
}

/// Every ready edition.
///
/// # Errors
/// The sentence, when a file can't be read, which is a defect.
pub fn all() -> Result<Vec<ReadyEdition>, String> {
    FILES.iter().map(|text| serde_json::from_str(text).map_err(|e| format!("a ready edition: {e}"))).collect()
}

/// Tells which there are.
///
/// # Errors
/// The sentence.
pub fn list() -> Result<(), String> {
    for ready in all()? {
        println!("{}: {} ({})", ready.code, ready.index.name, ready.index.name_en);
        println!("  index {}, {} criteria", ready.index.code, ready.edition.criteria.len());
        println!("  {}", ready.note);
        println!("  {}", ready.note_en);
    }
    Ok(())
}

/// Makes a draft edition of a ready one, and its index where there is none yet.
///
/// # Errors
/// The sentence for the person who called.
pub async fn load(store: &Store, options: &LoadEdition) -> Result<(), String> {
    let mut known = all()?;
    let names: Vec<String> = known.iter().map(|ready| ready.code.clone()).collect();
    let place = names.iter().position(|name| name == &options.code);
    let place = place.ok_or_else(|| {
        format!("there is no ready edition `{}`; there are {}", options.code, names.join(", "))
    })?;
    if !YEARS.contains(&options.year) {
        return Err("the year must lie between 1900 and 2999".to_owned());
    }
    let ready = known.swap_remove(place);
    let index = options.index.clone().unwrap_or_else(|| ready.index.code.clone());
    let context = Context::of_command(ACTOR, Moment::now());
    let failed = |error: Error| sentence(&error);
    make_index(store, &context, &index, &ready.index).await.map_err(failed)?;
    let key = editions::key(&index, options.year);
    let proposal = Editions::proposal(
        input(ready, options.cohort_level, options.cohort_under.clone()),
        Key::of_path(key.clone()),
        None,
    )
    .map_err(failed)?;
    let made = crud::create::<Editions>(store, context, proposal).await.map_err(failed)?;
    println!("{key}: a draft of {} with {} criteria", options.code, made.record.criteria.len());
    Ok(())
}

async fn make_index(store: &Store, context: &Context, code: &str, ready: &ReadyIndex) -> Result<(), Error> {
    let index = Index {
        code: code.to_owned(),
        name: ready.name.clone(),
        name_en: Some(ready.name_en.clone()),
        description: Some(ready.description.clone()),
    };
    match crud::create::<Indexes>(store, context.clone(), index.into()).await {
        Ok(_) | Err(Error::Conflict { code: "duplicate", .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The body of the edition, with a cohort of a level or of the units under another where that is asked for.
fn input(ready: ReadyEdition, level: Option<Level>, under: Option<String>) -> EditionInput {
    let mut edition = ready.edition;
    edition.note = Some(format!("{}\n{}", ready.note, ready.note_en));
    if level.is_some() || under.is_some() {
        let (code, name) = level.map_or(("units", "Các đơn vị"), named);
        edition.cohorts = vec![CohortBody {
            code: code.to_owned(),
            name: name.to_owned(),
            unit_ids: None,
            rule: Some(CohortRuleBody { level, parent_id: under, as_of: None }),
        }];
    }
    edition
}

/// Code and name of the cohort of a level.
fn named(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::National => ("ministries", "Các bộ, ngành"),
        Level::Province => ("provinces", "Các tỉnh, thành phố"),
        Level::Department => ("departments", "Các sở, ban, ngành"),
        Level::District => ("districts", "Các huyện, thị xã, thành phố"),
        Level::Commune => ("communes", "Các xã, phường, thị trấn"),
        Level::Other => ("others", "Các đơn vị khác"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_edition_keeps_the_rules() {
        for ready in all().unwrap() {
            assert!(!ready.note.is_empty() && !ready.note_en.is_empty());
            let code = ready.code.clone();
            let body = input(ready, None, None);
            let edition = Editions::proposal(body, Key::of_path("ix/2026".to_owned()), None).unwrap().record;
            assert_eq!(edition.check(), [], "{code}");
            assert!(edition.criteria.iter().all(|c| c.name_en.is_some()), "{code}");
        }
    }
}
