//! Editions: the rules that join them to their index, to units and to scores. What is published stays as it was: a
//! write changes the working state, see [`edition_cycle`].

use std::collections::{HashMap, HashSet};

use super::{
    access::Caller,
    cohorts,
    crud::{Context, Proposal, Resource, refuse_when_referred},
    edition_cycle,
    error::{Error, Result},
    indexes::Indexes,
};
use crate::{
    domain::{
        access::Scope,
        decimal::Exact,
        editions::{Edition, EditionStatus},
        violation::{Text, Violation},
    },
    store::{
        self, Conn, StoreResult, Versioned,
        list::{Filter, Request, Table, Test, Value},
        lock::Structure,
    },
};

/// `/indexes/{code}/editions`.
pub struct Editions;

/// The key of an edition as one text: `pci/2016`.
pub fn key(index: &str, year: i32) -> String {
    format!("{index}/{year}")
}

/// The index and the year of a key.
pub fn parse_key(key: &str) -> Option<(&str, i32)> {
    let (index, year) = key.rsplit_once('/')?;
    Some((index, year.parse().ok()?))
}

impl Resource for Editions {
    type Record = Edition;
    const NAME: &'static str = "editions";
    const TABLE: Table = store::editions::TABLE;
    const STRUCTURE: Structure = Structure::Changed;

    fn may_write(caller: &Caller, edition: &Edition) -> bool {
        caller.may_for_cohorts(Scope::IndexesPublish, edition)
    }

    fn seen(
        conn: &mut Conn,
        caller: &Caller,
        edition: Versioned<Edition>,
    ) -> Result<Option<Versioned<Edition>>> {
        edition_cycle::seen(conn, caller, edition)
    }

    fn sight(caller: &Caller, _: &Request) -> Option<Filter> {
        let published = || Filter { column: "revision", test: Test::Present, value: Value::Bool(true) };
        (!edition_cycle::may_see_frameworks(caller)).then(published)
    }

    fn key(edition: &Edition) -> String {
        key(&edition.index_code, edition.year)
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Edition>>> {
        let Some((index, year)) = parse_key(key) else { return Ok(None) };
        let found = store::editions::find(conn, index, year)?;
        found.map(|edition| with_state(conn, edition)).transpose()
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Edition>>> {
        let found = store::editions::list(conn, request)?;
        found.into_iter().map(|edition| with_state(conn, edition)).collect()
    }

    fn insert(conn: &mut Conn, edition: &Edition, version: i64) -> StoreResult<()> {
        store::editions::insert(conn, edition, version)
    }

    fn update(conn: &mut Conn, edition: &Edition, version: i64) -> StoreResult<()> {
        store::editions::update(conn, edition, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        match parse_key(key) {
            Some((index, year)) => store::editions::delete(conn, index, year),
            None => Ok(()),
        }
    }

    /// Where an edition stands is for its cycle to say, which begins when the edition is made.
    fn carry_over(
        conn: &mut Conn,
        proposal: &mut Proposal<Edition>,
        old: Option<&Edition>,
        context: &Context,
    ) -> Result<()> {
        let edition = &mut proposal.record;
        refuse_foreign_index(conn, &context.caller, &edition.index_code)?;
        edition.status = old.map_or(EditionStatus::Draft, |old| old.status);
        edition.revision = old.and_then(|old| old.revision);
        edition.stages = match old {
            Some(old) => old.stages.clone(),
            None => vec![edition_cycle::step_of(context, EditionStatus::Draft, None, None)],
        };
        edition.state.frozen = None;
        edition.state.working = edition_cycle::working(conn, edition)?;
        Ok(())
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<Edition>, old: Option<&Edition>) -> Result<()> {
        let edition = &proposal.record;
        if store::indexes::find(conn, &edition.index_code)?.is_none() {
            return Err(Error::not_found(Indexes::NAME, &edition.index_code));
        }
        let mut violations = edition.check();
        check_units(conn, edition, &mut violations)?;
        cohorts::check_overlaps(conn, edition, &mut violations)?;
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        match old {
            Some(old) if old != edition => check_scores(conn, edition, old),
            _ => Ok(()),
        }
    }

    fn before_delete(conn: &mut Conn, edition: &Edition) -> Result<()> {
        refuse_published(edition)?;
        let score = store::editions::any_score(conn, &edition.index_code, edition.year, None)?;
        refuse_when_referred(score.map(|id| ("index-scores", "year", id)).into_iter().collect())
    }
}

/// An edition with how its working state differs from its last revision.
fn with_state(conn: &mut Conn, mut edition: Versioned<Edition>) -> StoreResult<Versioned<Edition>> {
    edition.record.state.working = edition_cycle::working(conn, &edition.record)?;
    Ok(edition)
}

/// Refuses a write to an index of which some edition ranks units that the caller doesn't reach: what is published of
/// an index speaks for all that it ranks.
///
/// # Errors
/// `Forbidden`.
pub fn refuse_foreign_index(conn: &mut Conn, caller: &Caller, index: &str) -> Result<()> {
    if caller.may_everywhere(Scope::IndexesPublish) {
        return Ok(());
    }
    for year in store::series::edition_years(conn, index)? {
        let Some(edition) = store::editions::find(conn, index, year)? else { continue };
        if !caller.may_for_cohorts(Scope::IndexesPublish, &edition.record) {
            return Err(Error::out_of_reach());
        }
    }
    Ok(())
}

/// Refuses to take away what was published.
fn refuse_published(edition: &Edition) -> Result<()> {
    if edition.status != EditionStatus::Published {
        return Ok(());
    }
    let (index, year) = (&edition.index_code, edition.year);
    Err(Error::conflict(
        "edition_published",
        format!("The edition {year} of `{index}` is published: it stays."),
        format!("Kỳ đánh giá {year} của `{index}` đã công bố: không thể xóa."),
    ))
}

fn check_units(conn: &mut Conn, edition: &Edition, violations: &mut Vec<Violation>) -> Result<()> {
    let references = edition.unit_references();
    let ids: HashSet<&String> = references.iter().map(|(_, id)| id).collect();
    let ids: Vec<String> = ids.into_iter().cloned().collect();
    let known: HashSet<String> =
        store::units::find_all(conn, &ids)?.into_iter().map(|unit| unit.id).collect();
    let unknown = references.iter().filter(|(_, id)| !known.contains(id));
    violations.extend(unknown.map(|(pointer, id)| Error::unknown_unit(pointer, id)));
    Ok(())
}

/// The scores that are there must still fit: their criteria stay, and none comes to lie out of its bounds.
fn check_scores(conn: &mut Conn, edition: &Edition, old: &Edition) -> Result<()> {
    let (index, year) = (edition.index_code.as_str(), edition.year);
    let mut violations = Vec::new();
    let kept: HashSet<&str> = edition.criteria.iter().map(|c| c.code.as_str()).collect();
    for gone in old.criteria.iter().filter(|c| !kept.contains(c.code.as_str())) {
        if let Some(id) = store::editions::any_score(conn, index, year, Some(&gone.code))? {
            let code = &gone.code;
            violations.push(Violation::new(
                "/criteria",
                "criterion_has_scores",
                format!("The criterion `{code}` has scores, for example `{id}`: it must stay."),
                format!("Tiêu chí `{code}` đã có điểm, ví dụ `{id}`: không được bỏ."),
            ));
        }
    }
    for (pointer, criterion, maximum) in changed_maxima(edition, old) {
        if let Some(id) = store::editions::any_score_above(conn, index, year, &criterion, &maximum)? {
            violations.push(Violation::new(
                pointer,
                "below_a_score",
                format!("A score of `{criterion}` is above {maximum}: `{id}`."),
                format!("Đã có điểm của `{criterion}` cao hơn {maximum}: `{id}`."),
            ));
        }
    }
    for (pointer, criterion, minimum) in changed_minima(edition, old) {
        if let Some(id) = store::editions::any_score_below(conn, index, year, &criterion, &minimum)? {
            violations.push(Violation::new(
                pointer,
                "above_a_score",
                format!("A score of `{criterion}` is below {minimum}: `{id}`."),
                format!("Đã có điểm của `{criterion}` thấp hơn {minimum}: `{id}`."),
            ));
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = violations.iter().map(|v| v.text.en.as_str()).collect();
    let named_vi: Vec<&str> = violations.iter().map(|v| v.text.vi.as_str()).collect();
    let text = Text::new(named.join(" "), named_vi.join(" "));
    Err(Error::Conflict { code: "in_use", text, violations })
}

/// Place, criterion and value of each maximum that isn't the one that the scores were checked against.
fn changed_maxima(edition: &Edition, old: &Edition) -> Vec<(String, String, Exact)> {
    let mut maxima = changed(edition, old, "max_points", Edition::maxima);
    if let Some(maximum) = edition.maximum_of_total()
        && old.maximum_of_total().is_none_or(|before| maximum < before)
    {
        maxima.push((bound_of_total(edition, old), store::index_scores::TOTAL.to_owned(), maximum));
    }
    maxima
}

/// The place of what gives the total another bound than it had.
fn bound_of_total(edition: &Edition, old: &Edition) -> String {
    let pointer = match edition.unit_of_measure == old.unit_of_measure {
        true if edition.method != old.method => "/method",
        true => "/criteria",
        false => "/unit_of_measure",
    };
    pointer.to_owned()
}

/// Place, criterion and value of each minimum that isn't the one that the scores were checked against.
fn changed_minima(edition: &Edition, old: &Edition) -> Vec<(String, String, Exact)> {
    let mut minima = changed(edition, old, "min_points", Edition::minima);
    if let Some(minimum) = edition.minimum_of_total()
        && old.minimum_of_total().is_none()
    {
        minima.push((bound_of_total(edition, old), store::index_scores::TOTAL.to_owned(), minimum));
    }
    minima
}

/// Place, criterion and value of each bound of `edition` that `old` has otherwise or not at all.
fn changed(
    edition: &Edition,
    old: &Edition,
    member: &str,
    bounds: fn(&Edition) -> Vec<Option<Exact>>,
) -> Vec<(String, String, Exact)> {
    let before: HashMap<&str, Option<Exact>> =
        old.criteria.iter().map(|c| c.code.as_str()).zip(bounds(old)).collect();
    let mut changed = Vec::new();
    for (i, (criterion, now)) in edition.criteria.iter().zip(bounds(edition)).enumerate() {
        if let (Some(before), Some(now)) = (before.get(criterion.code.as_str()), now)
            && before.as_ref() != Some(&now)
        {
            changed.push((format!("/criteria/{i}/{member}"), criterion.code.clone(), now));
        }
    }
    changed
}
