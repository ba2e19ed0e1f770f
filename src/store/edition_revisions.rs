//! Revisions of editions: rows are added and read, and never changed. Their scores are listed and read by
//! [`index_scores`](super::index_scores).

use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{BigInt, Integer, Text},
};

use super::{
    conn::Conn,
    error::StoreResult,
    row,
    schema::{edition_revision_cohorts, edition_revisions},
    sql::numbered,
};
use crate::domain::{
    edition_cycle::{EditionRevision, EditionState, Frozen},
    editions::Edition,
    time::Moment,
    units::Unit,
};

/// What a revision copies of the scores: every column of `index_scores`.
const COPIED: &str = "id, index_code, year, unit_id, criterion, stage, score, score_sort, published_rank, \
     applicable, source, search, version, comment, explanation, evidence, computation";

/// What is unique about a score within its edition.
const KEY: &[&str] = &["unit_id", "criterion", "stage"];

/// What makes two scores of one key different.
const COMPARED: &[&str] =
    &["score", "published_rank", "applicable", "source", "comment", "explanation", "evidence", "computation"];

/// Which revision of an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The last one.
    Last,
    /// This one.
    Number(i32),
    /// The one that was public at a moment.
    At(Moment),
}

/// A revision with the edition as it was.
#[derive(Debug, Clone)]
pub struct Published {
    /// The revision.
    pub revision: EditionRevision,
    /// The edition.
    pub edition: Edition,
    /// Number of the change that published it: what was written later has a higher one.
    pub version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = edition_revisions)]
struct RevisionRow {
    index_code: String,
    year: i32,
    revision: i32,
    published_at: i64,
    published_by: String,
    reason: Option<String>,
    scores: i64,
    changed_scores: Option<i64>,
    edition_changed: Option<bool>,
    edition: String,
    version: i64,
}

#[derive(Insertable)]
#[diesel(table_name = edition_revision_cohorts)]
struct CohortRow<'a> {
    index_code: &'a str,
    year: i32,
    revision: i32,
    cohort: &'a str,
    units: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn first(counts: &[Count]) -> i64 {
    counts.first().map_or(0, |count| count.n)
}

impl RevisionRow {
    fn revision(&self) -> EditionRevision {
        EditionRevision {
            index_code: self.index_code.clone(),
            year: self.year,
            revision: self.revision,
            published_at: Moment::from_micros(self.published_at),
            published_by: self.published_by.clone(),
            reason: self.reason.clone(),
            scores: self.scores,
            changed_scores: self.changed_scores,
            edition_changed: self.edition_changed,
        }
    }

    fn published(self) -> StoreResult<Published> {
        let revision = self.revision();
        let frozen = Frozen {
            revision: revision.revision,
            published_at: revision.published_at,
            version: self.version,
        };
        let edition = Edition {
            state: EditionState { frozen: Some(frozen), working: None },
            ..row::from_json(&self.edition)?
        };
        Ok(Published { revision, edition, version: self.version })
    }
}

/// A revision of an edition.
pub fn find(conn: &mut Conn, index: &str, year: i32, wanted: Wanted) -> StoreResult<Option<Published>> {
    let mut query = edition_revisions::table
        .filter(edition_revisions::index_code.eq(index.to_owned()))
        .filter(edition_revisions::year.eq(year))
        .order(edition_revisions::revision.desc())
        .into_boxed();
    query = match wanted {
        Wanted::Last => query,
        Wanted::Number(number) => query.filter(edition_revisions::revision.eq(number)),
        Wanted::At(moment) => query.filter(edition_revisions::published_at.le(moment.micros())),
    };
    let found: Option<RevisionRow> = query.first(conn).optional()?;
    found.map(RevisionRow::published).transpose()
}

/// Every revision of an edition, from the first.
pub fn all(conn: &mut Conn, index: &str, year: i32) -> StoreResult<Vec<EditionRevision>> {
    let rows: Vec<RevisionRow> = edition_revisions::table
        .filter(edition_revisions::index_code.eq(index))
        .filter(edition_revisions::year.eq(year))
        .order(edition_revisions::revision)
        .load(conn)?;
    Ok(rows.iter().map(RevisionRow::revision).collect())
}

/// The last data year of an index that was published, by a moment where one is given.
pub fn last_year(conn: &mut Conn, index: &str, by: Option<Moment>) -> StoreResult<Option<i32>> {
    let mut query = edition_revisions::table
        .filter(edition_revisions::index_code.eq(index.to_owned()))
        .select(diesel::dsl::max(edition_revisions::year))
        .into_boxed();
    if let Some(moment) = by {
        query = query.filter(edition_revisions::published_at.le(moment.micros()));
    }
    Ok(query.first(conn)?)
}

/// The units of a cohort as they were.
pub fn units(conn: &mut Conn, index: &str, year: i32, revision: i32, cohort: &str) -> StoreResult<Vec<Unit>> {
    let text: Option<String> = edition_revision_cohorts::table
        .find((index, year, revision, cohort))
        .select(edition_revision_cohorts::units)
        .first(conn)
        .optional()?;
    text.map_or_else(|| Ok(Vec::new()), |text| row::from_json(&text))
}

/// Adds a revision with the edition, the units of its cohorts and a copy of every score as it is; says how many
/// scores there are. `revision.scores` is counted here.
pub fn insert(
    conn: &mut Conn,
    revision: &EditionRevision,
    edition: &Edition,
    cohorts: &[(String, Vec<Unit>)],
    version: i64,
) -> StoreResult<EditionRevision> {
    let (index, year, number) = (revision.index_code.as_str(), revision.year, revision.revision);
    let count = "SELECT COUNT(*) AS n FROM index_scores WHERE index_code = $1 AND year = $2";
    let counts: Vec<Count> =
        numbered(conn, count).bind::<Text, _>(index.to_owned()).bind::<Integer, _>(year).load(conn)?;
    let revision = EditionRevision { scores: first(&counts), ..revision.clone() };
    let row = RevisionRow {
        index_code: revision.index_code.clone(),
        year,
        revision: number,
        published_at: revision.published_at.micros(),
        published_by: revision.published_by.clone(),
        reason: revision.reason.clone(),
        scores: revision.scores,
        changed_scores: revision.changed_scores,
        edition_changed: revision.edition_changed,
        edition: row::json(edition)?,
        version,
    };
    diesel::insert_into(edition_revisions::table).values(row).execute(conn)?;
    for (cohort, units) in cohorts {
        let row = CohortRow { index_code: index, year, revision: number, cohort, units: row::json(units)? };
        diesel::insert_into(edition_revision_cohorts::table).values(row).execute(conn)?;
    }
    let copy = format!(
        "INSERT INTO edition_revision_scores (revision, {COPIED}) \
         SELECT CAST($1 AS INTEGER), {COPIED} FROM index_scores WHERE index_code = $2 AND year = $3"
    );
    numbered(conn, &copy)
        .bind::<Integer, _>(number)
        .bind::<Text, _>(index.to_owned())
        .bind::<Integer, _>(year)
        .execute(conn)?;
    Ok(revision)
}

/// How many scores of an edition are not what they were in its last revision: added, changed or taken away.
pub fn changed_scores(conn: &mut Conn, last: &Published) -> StoreResult<i64> {
    let EditionRevision { index_code, year, revision, scores, .. } = &last.revision;
    // What is there and was not written since is as it was; mostly nothing was written at all.
    let written =
        "SELECT COUNT(*) AS n FROM index_scores WHERE index_code = $1 AND year = $2 AND version > $3";
    let written: Vec<Count> = numbered(conn, written)
        .bind::<Text, _>(index_code.clone())
        .bind::<Integer, _>(*year)
        .bind::<BigInt, _>(last.version)
        .load(conn)?;
    let there = "SELECT COUNT(*) AS n FROM index_scores WHERE index_code = $1 AND year = $2";
    let there: Vec<Count> =
        numbered(conn, there).bind::<Text, _>(index_code.clone()).bind::<Integer, _>(*year).load(conn)?;
    if first(&written) == 0 && first(&there) == *scores {
        return Ok(0);
    }
    // Sets, not joins: PostgreSQL joins fresh tables, of which it has no counts yet, row by row.
    let in_revision = "FROM edition_revision_scores WHERE index_code = $1 AND year = $2 AND revision = $3";
    let now = "FROM index_scores WHERE index_code = $1 AND year = $2";
    let (key, said) = (KEY.join(", "), [KEY, COMPARED].concat().join(", "));
    let new_or_changed = format!(
        "SELECT COUNT(*) AS n FROM (SELECT {said} {now} AND version > $4 EXCEPT SELECT {said} {in_revision}) x"
    );
    let new_or_changed: Vec<Count> = numbered(conn, &new_or_changed)
        .bind::<Text, _>(index_code.clone())
        .bind::<Integer, _>(*year)
        .bind::<Integer, _>(*revision)
        .bind::<BigInt, _>(last.version)
        .load(conn)?;
    let gone = format!("SELECT COUNT(*) AS n FROM (SELECT {key} {in_revision} EXCEPT SELECT {key} {now}) x");
    let gone: Vec<Count> = numbered(conn, &gone)
        .bind::<Text, _>(index_code.clone())
        .bind::<Integer, _>(*year)
        .bind::<Integer, _>(*revision)
        .load(conn)?;
    Ok(first(&new_or_changed) + first(&gone))
}
