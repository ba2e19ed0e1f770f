//! Editions of indexes: the key is the index and the year, written `pci/2016`.

use diesel::prelude::*;

use super::{
    Versioned,
    conn::Conn,
    error::{StoreError, StoreResult},
    list::{self, Request, Table},
    row,
    schema::{edition_units, editions, index_scores},
};
use crate::domain::{
    decimal::Exact,
    edition_cycle::EditionState,
    editions::{Criterion, Edition},
};

/// The table as lists know it: always listed for one index.
pub const TABLE: Table = Table { name: "editions", key: YEAR };

/// The year as a text of four digits, which is how cursors keep keys.
pub const YEAR: &str = "CAST(year AS TEXT)";

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = editions, treat_none_as_null = true, primary_key(index_code, year))]
struct EditionRow {
    index_code: String,
    year: i32,
    framework: String,
    unit_of_measure: String,
    decimals: i32,
    rank_decimals: Option<i32>,
    tie_rule: String,
    method: String,
    criteria: String,
    cohorts: String,
    bands: String,
    note: Option<String>,
    status: String,
    revision: Option<i32>,
    search: String,
    version: i64,
    stages: String,
    rescale_without_survey: bool,
    overlapping_cohorts: bool,
    rescale_not_applicable: bool,
}

fn search_text(edition: &Edition) -> String {
    let mut texts = vec![Some(edition.framework.as_str()), edition.note.as_deref()];
    for criterion in &edition.criteria {
        texts.extend([
            Some(criterion.code.as_str()),
            Some(criterion.name.as_str()),
            criterion.name_en.as_deref(),
        ]);
    }
    for cohort in &edition.cohorts {
        texts.extend([Some(cohort.code.as_str()), Some(cohort.name.as_str())]);
    }
    row::search_text(texts)
}

fn decimals(value: i32) -> StoreResult<u8> {
    u8::try_from(value).map_err(|e| StoreError::Corrupt(e.to_string()))
}

impl EditionRow {
    fn new(edition: &Edition, version: i64) -> StoreResult<Self> {
        Ok(Self {
            index_code: edition.index_code.clone(),
            year: edition.year,
            framework: edition.framework.clone(),
            unit_of_measure: edition.unit_of_measure.to_string(),
            decimals: i32::from(edition.decimals),
            rank_decimals: edition.rank_decimals.map(i32::from),
            tie_rule: edition.tie_rule.to_string(),
            method: edition.method.to_string(),
            criteria: row::json(&edition.criteria)?,
            cohorts: row::json(&edition.cohorts)?,
            bands: row::json(&edition.bands)?,
            note: edition.note.clone(),
            status: edition.status.to_string(),
            revision: edition.revision,
            search: search_text(edition),
            version,
            stages: row::json(&edition.stages)?,
            rescale_without_survey: edition.rescale_without_survey,
            overlapping_cohorts: edition.overlapping_cohorts,
            rescale_not_applicable: edition.rescale_not_applicable,
        })
    }

    fn edition(self) -> StoreResult<Versioned<Edition>> {
        Ok(Versioned {
            version: self.version,
            record: Edition {
                unit_of_measure: row::word(&self.unit_of_measure)?,
                decimals: decimals(self.decimals)?,
                rank_decimals: self.rank_decimals.map(decimals).transpose()?,
                tie_rule: row::word(&self.tie_rule)?,
                method: row::word(&self.method)?,
                criteria: row::from_json(&self.criteria)?,
                cohorts: row::from_json(&self.cohorts)?,
                bands: row::from_json(&self.bands)?,
                status: row::word(&self.status)?,
                index_code: self.index_code,
                year: self.year,
                framework: self.framework,
                note: self.note,
                revision: self.revision,
                stages: row::from_json(&self.stages)?,
                state: EditionState::default(),
                rescale_without_survey: self.rescale_without_survey,
                overlapping_cohorts: self.overlapping_cohorts,
                rescale_not_applicable: self.rescale_not_applicable,
            },
        })
    }
}

/// An edition by its index and year.
pub fn find(conn: &mut Conn, index: &str, year: i32) -> StoreResult<Option<Versioned<Edition>>> {
    let found: Option<EditionRow> = editions::table.find((index, year)).get_result(conn).optional()?;
    found.map(EditionRow::edition).transpose()
}

/// Keys of editions in the order of index and year, behind one of them.
pub fn keys(conn: &mut Conn, after: Option<&str>, limit: u32) -> StoreResult<Vec<String>> {
    let mut query = editions::table
        .select((editions::index_code, editions::year))
        .order((editions::index_code, editions::year))
        .limit(i64::from(limit))
        .into_boxed();
    let place = after.and_then(|key| key.rsplit_once('/'));
    if let Some((index, year)) = place.and_then(|(index, year)| Some((index, year.parse::<i32>().ok()?))) {
        let later = editions::index_code.eq(index.to_owned()).and(editions::year.gt(year));
        query = query.filter(editions::index_code.gt(index.to_owned()).or(later));
    }
    let found: Vec<(String, i32)> = query.load(conn)?;
    Ok(found.into_iter().map(|(index, year)| format!("{index}/{year}")).collect())
}

/// Every edition of a year, of every index.
pub fn of_year(conn: &mut Conn, year: i32) -> StoreResult<Vec<Edition>> {
    let rows: Vec<EditionRow> =
        editions::table.filter(editions::year.eq(year)).order(editions::index_code).load(conn)?;
    rows.into_iter().map(|row| Ok(row.edition()?.record)).collect()
}

/// Whether some edition of the index has a criterion.
pub fn has_criterion(conn: &mut Conn, index: &str, criterion: &str) -> StoreResult<bool> {
    let trees: Vec<String> =
        editions::table.filter(editions::index_code.eq(index)).select(editions::criteria).load(conn)?;
    for tree in trees {
        if row::from_json::<Vec<Criterion>>(&tree)?.iter().any(|c| c.code == criterion) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A page of editions.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Edition>>> {
    let rows: Vec<EditionRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(EditionRow::edition).collect()
}

/// Adds an edition.
pub fn insert(conn: &mut Conn, edition: &Edition, version: i64) -> StoreResult<()> {
    diesel::insert_into(editions::table).values(EditionRow::new(edition, version)?).execute(conn)?;
    insert_units(conn, edition)
}

/// Replaces an edition.
pub fn update(conn: &mut Conn, edition: &Edition, version: i64) -> StoreResult<()> {
    diesel::update(editions::table.find((&edition.index_code, edition.year)))
        .set(EditionRow::new(edition, version)?)
        .execute(conn)?;
    delete_units(conn, &edition.index_code, edition.year)?;
    insert_units(conn, edition)
}

/// Takes an edition away.
pub fn delete(conn: &mut Conn, index: &str, year: i32) -> StoreResult<()> {
    delete_units(conn, index, year)?;
    diesel::delete(editions::table.find((index, year))).execute(conn)?;
    Ok(())
}

fn insert_units(conn: &mut Conn, edition: &Edition) -> StoreResult<()> {
    let named: std::collections::BTreeSet<String> =
        edition.unit_references().into_iter().map(|(_, id)| id).collect();
    for unit_id in named {
        diesel::insert_into(edition_units::table)
            .values((
                edition_units::index_code.eq(&edition.index_code),
                edition_units::year.eq(edition.year),
                edition_units::unit_id.eq(unit_id),
            ))
            .execute(conn)?;
    }
    Ok(())
}

fn delete_units(conn: &mut Conn, index: &str, year: i32) -> StoreResult<()> {
    diesel::delete(
        edition_units::table.filter(edition_units::index_code.eq(index)).filter(edition_units::year.eq(year)),
    )
    .execute(conn)?;
    Ok(())
}

/// One score of the edition, if there is any; with `criterion` one of that criterion.
pub fn any_score(
    conn: &mut Conn,
    index: &str,
    year: i32,
    criterion: Option<&str>,
) -> StoreResult<Option<String>> {
    let mut query = index_scores::table
        .filter(index_scores::index_code.eq(index.to_owned()))
        .filter(index_scores::year.eq(year))
        .select(index_scores::id)
        .into_boxed();
    if let Some(code) = criterion {
        query = query.filter(index_scores::criterion.eq(code.to_owned()));
    }
    Ok(query.first(conn).optional()?)
}

/// One score of a criterion (`_total` for totals) above a maximum, if there is any.
pub fn any_score_above(
    conn: &mut Conn,
    index: &str,
    year: i32,
    criterion: &str,
    maximum: &Exact,
) -> StoreResult<Option<String>> {
    Ok(index_scores::table
        .filter(index_scores::index_code.eq(index))
        .filter(index_scores::year.eq(year))
        .filter(index_scores::criterion.eq(criterion))
        .filter(index_scores::score_sort.gt(maximum.sort_key()))
        .select(index_scores::id)
        .first(conn)
        .optional()?)
}

/// One score of a criterion below a minimum, if there is any.
pub fn any_score_below(
    conn: &mut Conn,
    index: &str,
    year: i32,
    criterion: &str,
    minimum: &Exact,
) -> StoreResult<Option<String>> {
    Ok(index_scores::table
        .filter(index_scores::index_code.eq(index))
        .filter(index_scores::year.eq(year))
        .filter(index_scores::criterion.eq(criterion))
        .filter(index_scores::score_sort.lt(minimum.sort_key()))
        .select(index_scores::id)
        .first(conn)
        .optional()?)
}
