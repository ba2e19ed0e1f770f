//! The cycle of editions: its steps, and which state of an edition a reader gets. How one is published is in
//! [`edition_publications`](super::edition_publications).

use std::{collections::HashSet, sync::Arc};

use super::{
    access::Caller,
    cohorts,
    crud::{self, Context, Proposal, Resource},
    editions::{self, Editions},
    error::{Error, Result},
    indexes::Indexes,
    lineage_changes, score_sheets,
    units::Units,
};
use crate::{
    domain::{
        access::Scope,
        edition_cycle::{CycleStep, EditionRevision, Frozen, Way, Working, check_reason},
        editions::{Edition, EditionStatus},
        time::Moment,
        units::Unit,
        violation::Text,
    },
    store::{
        self, Conn, Store, StoreError, Versioned,
        edition_revisions::{Published, Wanted},
        lock,
    },
};

/// Name of the revisions in problems.
pub const NAME: &str = "edition-revisions";

/// Which state of an edition is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// The last revision; the working state of an edition that was never published.
    #[default]
    Current,
    /// The last revision.
    Published,
    /// What the next revision would be.
    Working,
    /// What the next revision would be, for who may see it; for all others the last revision.
    Seen,
    /// A revision by its number.
    Revision(i32),
    /// The revision that was public at a moment.
    At(Moment),
}

/// What of an edition that is not published somebody wants to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// The scores of all its units, or what follows from them.
    #[default]
    Figures,
    /// Its framework: who scores or publishes works with it.
    Framework,
}

/// Who asks, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// For what.
    pub part: Part,
}

impl Default for Rights {
    /// Those of the public.
    fn default() -> Self {
        Self { caller: Caller::anonymous(), part: Part::Figures }
    }
}

/// A state of an edition, and who asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Which state.
    pub which: Which,
    /// What the caller may see.
    pub rights: Rights,
}

/// Whether a caller may see what is not published: drafts, and what was written since the last revision.
///
/// Every reading of editions, scores and rankings asks here, and nowhere else.
///
/// # Errors
/// The database's.
pub fn may_see_unpublished(conn: &mut Conn, rights: &Rights, edition: &Edition) -> Result<bool> {
    match rights.part {
        Part::Framework => Ok(may_see_frameworks(&rights.caller)),
        Part::Figures => cohorts::may_for_members(conn, &rights.caller, Scope::ScoresRead, edition),
    }
}

/// Whether a caller may see frameworks that are not published: who scores or publishes works with them.
pub fn may_see_frameworks(caller: &Caller) -> bool {
    [Scope::ScoresRead, Scope::ScoresWrite, Scope::IndexesPublish].into_iter().any(|scope| caller.has(scope))
}

/// An edition as a caller sees it in a list: who may not see its working state gets the last revision, where there
/// is one.
///
/// # Errors
/// The database's.
pub fn seen(
    conn: &mut Conn,
    caller: &Caller,
    edition: Versioned<Edition>,
) -> Result<Option<Versioned<Edition>>> {
    if may_see_frameworks(caller) {
        return Ok(Some(edition));
    }
    let (index, year) = (&edition.record.index_code, edition.record.year);
    revision(conn, index, year, Wanted::Last)
}

/// An edition in the state that is asked for; [`score_sheets::read`] reads the scores of the
/// same state.
///
/// # Errors
/// `NotFound` for an unknown edition or revision; `Absent` where nothing was published, or not by then.
pub fn edition_at(conn: &mut Conn, index: &str, year: i32, asked: &Asked) -> Result<Edition> {
    Ok(versioned_at(conn, index, year, asked)?.record)
}

fn revision(conn: &mut Conn, index: &str, year: i32, wanted: Wanted) -> Result<Option<Versioned<Edition>>> {
    let found = store::edition_revisions::find(conn, index, year, wanted)?;
    Ok(found.map(|found| Versioned { record: found.edition, version: found.version }))
}

fn versioned_at(conn: &mut Conn, index: &str, year: i32, asked: &Asked) -> Result<Versioned<Edition>> {
    let wanted = match asked.which {
        Which::Working | Which::Seen => None,
        Which::Current | Which::Published => Some(Wanted::Last),
        Which::Revision(number) => Some(Wanted::Number(number)),
        Which::At(moment) => Some(Wanted::At(moment)),
    };
    if let Some(wanted) = wanted
        && let Some(found) = revision(conn, index, year, wanted)?
    {
        return Ok(found);
    }
    let key = editions::key(index, year);
    let working =
        store::editions::find(conn, index, year)?.ok_or_else(|| Error::not_found(Editions::NAME, &key))?;
    if asked.which == Which::Seen
        && !may_see_unpublished(conn, &asked.rights, &working.record)?
        && let Some(last) = revision(conn, index, year, Wanted::Last)?
    {
        return Ok(last);
    }
    match asked.which {
        Which::Current | Which::Working | Which::Seen => {
            match may_see_unpublished(conn, &asked.rights, &working.record)? {
                true => Ok(working),
                false => Err(Error::not_found(Editions::NAME, key)),
            }
        }
        // That there is a draft is not told.
        _ if !is_told(&asked.rights.caller, &working.record) => Err(Error::not_found(Editions::NAME, key)),
        Which::Revision(number) => Err(Error::not_found(NAME, format!("{key}/{number}"))),
        Which::Published | Which::At(_) => Err(not_published(&key)),
    }
}

/// Whether a caller is told that there is an edition: of one that was never published, who works with frameworks.
fn is_told(caller: &Caller, edition: &Edition) -> bool {
    edition.revision.is_some() || may_see_frameworks(caller)
}

fn not_published(key: &str) -> Error {
    Error::Absent {
        code: "not_published",
        text: Text::new(
            format!("`{key}` was not published, or not yet at that time."),
            format!("`{key}` chưa được công bố, hoặc chưa được công bố tại thời điểm đó."),
        ),
    }
}

/// The state of a base edition that goes with a state of the edition compared with it. With what was public at a
/// moment goes what was public then; with a revision what was public when it was published; with what is current, or
/// worked on, what is current.
///
/// So a revision that is asked for by its number is compared as it was first told: what was published later is no base
/// of it, and a draft is none.
///
/// # Errors
/// `NotFound` for an unknown edition; `Absent` where it was not published by the moment that counts.
pub fn base_at(conn: &mut Conn, edition: &Edition, base_year: i32, asked: &Asked) -> Result<Edition> {
    let index = &edition.index_code;
    let which = match asked.which {
        Which::At(_) => asked.which,
        Which::Revision(_) => match edition.state.frozen {
            Some(frozen) => Which::At(frozen.published_at),
            None => Which::Published,
        },
        Which::Published => Which::Published,
        Which::Current | Which::Working | Which::Seen => Which::Current,
    };
    edition_at(conn, index, base_year, &Asked { which, rights: asked.rights.clone() })
}

/// An edition in the state that is asked for, with the number of the change that made it.
///
/// # Errors
/// Those of [`edition_at`], and `NotFound` for an unknown index.
pub async fn edition(store: &Store, index: String, year: i32, asked: Asked) -> Result<Versioned<Edition>> {
    store
        .read_here(move |conn| {
            known_index(conn, &index)?;
            let mut edition = versioned_at(conn, &index, year, &asked)?;
            if edition.record.state.frozen.is_none() {
                edition.record.state.working = working(conn, &edition.record)?;
            }
            Ok(edition)
        })
        .await
}

fn known_index(conn: &mut Conn, index: &str) -> Result<()> {
    match store::indexes::find(conn, index)? {
        Some(_) => Ok(()),
        None => Err(Error::not_found(Indexes::NAME, index)),
    }
}

/// The last data year of an index that was published; at a moment, where one is asked for.
///
/// # Errors
/// `NotFound` for an unknown index, `Absent` where nothing was published.
pub async fn last_published_year(store: &Store, index: String, asked: Asked) -> Result<i32> {
    store
        .read_here(move |conn| {
            known_index(conn, &index)?;
            let by = if let Which::At(moment) = asked.which { Some(moment) } else { None };
            store::edition_revisions::last_year(conn, &index, by)?.ok_or_else(|| not_published(&index))
        })
        .await
}

/// How the working state of an edition differs from its last revision; none where there is no revision.
///
/// # Errors
/// The database's.
pub fn working(conn: &mut Conn, edition: &Edition) -> store::StoreResult<Option<Working>> {
    if edition.revision.is_none() {
        return Ok(None);
    }
    match store::edition_revisions::find(conn, &edition.index_code, edition.year, Wanted::Last)? {
        None => Ok(None),
        Some(last) => Ok(Some(difference(conn, edition, &last)?)),
    }
}

/// How an edition differs from its last revision.
///
/// # Errors
/// The database's.
pub(super) fn difference(
    conn: &mut Conn,
    edition: &Edition,
    last: &Published,
) -> store::StoreResult<Working> {
    Ok(Working {
        edition_changed: !edition.same_content(&last.edition),
        changed_scores: store::edition_revisions::changed_scores(conn, last)?,
        units_changed: units_changed(conn, edition, last)?,
    })
}

/// Whether the cohorts of an edition have other units than in its last revision, or units that are recorded otherwise,
/// or rankings would tell something else of what these came from and of what became of others.
fn units_changed(conn: &mut Conn, edition: &Edition, last: &Published) -> store::StoreResult<bool> {
    // Mostly no unit was written at all, and a country has thousands of them.
    if edition.cohorts == last.edition.cohorts && store::changes::none_since(conn, Units::NAME, last.version)?
    {
        return Ok(false);
    }
    let (index, year, number) = (&edition.index_code, edition.year, last.revision.revision);
    let cohorts = cohort_units(conn, edition)?;
    for (cohort, units) in &cohorts {
        if store::edition_revisions::units(conn, index, year, number, cohort)? != *units {
            return Ok(true);
        }
    }
    let ranked: HashSet<String> =
        cohorts.into_iter().flat_map(|(_, units)| units).map(|unit| unit.id).collect();
    lineage_changes::any(conn, edition, &ranked, last.version)
}

/// The units of each cohort, as they are named in its ranking.
///
/// # Errors
/// The database's.
pub(super) fn cohort_units(
    conn: &mut Conn,
    edition: &Edition,
) -> store::StoreResult<Vec<(String, Vec<Unit>)>> {
    let mut cohorts = Vec::new();
    for cohort in &edition.cohorts {
        let mut units = score_sheets::members(conn, edition, cohort).map_err(|error| match error {
            Error::Store(error) => error,
            other => StoreError::Other(format!("{other:?}")),
        })?;
        units.sort_by(|a, b| a.id.cmp(&b.id));
        cohorts.push((cohort.code.clone(), units));
    }
    Ok(cohorts)
}

/// Takes an edition to another step of its cycle before it is published.
///
/// # Errors
/// `NotFound`, `Conflict` for a step that can't follow, `Invalid` for the reason.
pub async fn step(
    store: &Store,
    context: Context,
    index: String,
    year: i32,
    to: EditionStatus,
    reason: Option<String>,
) -> Result<Versioned<Edition>> {
    store
        .write(move |conn| {
            let old = locked(conn, &context, &index, year)?;
            let from = old.record.status;
            // A step to where it stands is none; a publication has an address of its own.
            let way = from.way_to(to).filter(|_| to != EditionStatus::Published);
            let violations = check_reason(reason.as_ref(), way == Some(Way::Back));
            if !violations.is_empty() {
                return Err(Error::Invalid(violations));
            }
            if way.is_none() {
                return Err(impossible(&index, year, from, to));
            }
            let mut edition = old.record.clone();
            edition.status = to;
            edition.stages.push(step_of(&context, to, reason.clone(), None));
            crud::update::<Editions>(conn, &context, &old.record, Proposal { record: edition, reason })
        })
        .await
}

/// An edition that the caller takes to another step, locked until the transaction ends.
///
/// # Errors
/// `NotFound` for an unknown edition, `Forbidden` for one that ranks units beyond the caller's.
pub(super) fn locked(
    conn: &mut Conn,
    context: &Context,
    index: &str,
    year: i32,
) -> Result<Versioned<Edition>> {
    let key = editions::key(index, year);
    lock::record(conn, Editions::STRUCTURE, Editions::NAME, &key)?;
    let found = Editions::find(conn, &key)?.ok_or_else(|| Error::not_found(Editions::NAME, key))?;
    crud::refuse_out_of_reach::<Editions>(&context.caller, &found.record)?;
    if !cohorts::may_for_members(conn, &context.caller, Scope::IndexesPublish, &found.record)? {
        return Err(Error::out_of_reach());
    }
    editions::refuse_foreign_index(conn, &context.caller, index)?;
    Ok(found)
}

/// A step that is taken now.
pub fn step_of(
    context: &Context,
    status: EditionStatus,
    reason: Option<String>,
    revision: Option<i32>,
) -> CycleStep {
    CycleStep { status, at: context.now, actor: context.actor().to_owned(), reason, revision }
}

/// A step that can't follow.
pub(super) fn impossible(index: &str, year: i32, from: EditionStatus, to: EditionStatus) -> Error {
    Error::conflict(
        "impossible_jump",
        format!("The edition {year} of `{index}` is at `{from}`; `{to}` can't follow."),
        format!("Kỳ đánh giá {year} của `{index}` đang ở `{from}`; không thể chuyển sang `{to}`."),
    )
}

/// Every revision of an edition, from the first.
///
/// # Errors
/// `NotFound` for an unknown index or edition.
pub async fn revisions(
    store: &Store,
    caller: Arc<Caller>,
    index: String,
    year: i32,
) -> Result<Vec<EditionRevision>> {
    store
        .read(move |conn| {
            known_index(conn, &index)?;
            let edition = store::editions::find(conn, &index, year)?;
            if edition.is_none_or(|edition| !is_told(&caller, &edition.record)) {
                return Err(Error::not_found(Editions::NAME, editions::key(&index, year)));
            }
            Ok(store::edition_revisions::all(conn, &index, year)?)
        })
        .await
}

/// Makes sure that a revision of an edition is there.
///
/// # Errors
/// `NotFound`.
pub async fn check_revision(store: &Store, index: String, year: i32, number: i32) -> Result<Frozen> {
    let asked = Asked { which: Which::Revision(number), rights: Rights::default() };
    let found = edition(store, index, year, asked).await?;
    found.record.state.frozen.ok_or_else(|| Error::not_found(NAME, number.to_string()))
}
