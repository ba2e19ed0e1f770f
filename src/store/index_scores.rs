//! Index scores: the exact decimal as text, with a second text that sorts as the numbers do.

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    prelude::*,
    sql_types::{Bool, Integer, Nullable, Text},
    sqlite::{Sqlite, SqliteValue},
};

use super::{
    Versioned,
    conn::Conn,
    error::{StoreError, StoreResult},
    list::{self, Request, Table},
    row,
    schema::index_scores,
    sql::{Statement, Value},
};
use crate::domain::{
    decimal::Exact,
    index_scores::{IndexScore, ScoreStage, SheetScore},
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "index_scores", key: "id" };

/// The scores of revisions, whose lists are always of one revision.
const FROZEN: Table = Table { name: "edition_revision_scores", key: "id" };

/// The column that says of which revision the scores of a list are; without it they are the working ones.
pub const REVISION: &str = "revision";

/// Whether a list is of the scores of a revision.
pub fn is_of_revision(request: &Request) -> bool {
    request.filters.iter().any(|filter| filter.column == REVISION)
}

/// The table that a list is of.
pub fn table_of(request: &Request) -> Table {
    if is_of_revision(request) { FROZEN } else { TABLE }
}

/// The criterion column of a total.
pub const TOTAL: &str = "_total";

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = index_scores, treat_none_as_null = true)]
struct IndexScoreRow {
    id: String,
    index_code: String,
    year: i32,
    unit_id: String,
    criterion: String,
    stage: String,
    score: Option<String>,
    score_sort: Option<String>,
    published_rank: Option<i32>,
    applicable: bool,
    source: Option<String>,
    search: String,
    version: i64,
    comment: Option<String>,
    explanation: Option<String>,
    evidence: String,
    computation: Option<String>,
}

impl IndexScoreRow {
    fn new(score: &IndexScore, version: i64) -> StoreResult<Self> {
        Ok(Self {
            id: score.id.clone(),
            index_code: score.index_code.clone(),
            year: score.year,
            unit_id: score.unit_id.clone(),
            criterion: score.criterion.clone().unwrap_or_else(|| TOTAL.to_owned()),
            stage: score.stage.to_string(),
            score: score.score.as_ref().map(ToString::to_string),
            score_sort: score.score.as_ref().map(Exact::sort_key),
            published_rank: score.published_rank,
            applicable: score.applicable,
            source: score.source.clone(),
            search: row::search_text([
                Some(score.unit_id.as_str()),
                score.criterion.as_deref(),
                score.source.as_deref(),
                score.comment.as_deref(),
                score.explanation.as_deref(),
            ]),
            version,
            comment: score.comment.clone(),
            explanation: score.explanation.clone(),
            evidence: row::json(&score.evidence)?,
            computation: score.computation.as_ref().map(row::json).transpose()?,
        })
    }

    fn score(self) -> StoreResult<Versioned<IndexScore>> {
        let score = self.score.map(|text| read_score(&text, &self.id)).transpose()?;
        Ok(Versioned {
            version: self.version,
            record: IndexScore {
                id: self.id,
                index_code: self.index_code,
                year: self.year,
                unit_id: self.unit_id,
                criterion: (self.criterion != TOTAL).then_some(self.criterion),
                stage: row::word(&self.stage)?,
                score,
                published_rank: self.published_rank,
                applicable: self.applicable,
                source: self.source,
                comment: self.comment,
                explanation: self.explanation,
                evidence: row::from_json(&self.evidence)?,
                computation: self.computation.as_deref().map(row::from_json).transpose()?,
            },
        })
    }
}

fn read_score(text: &str, of: &str) -> StoreResult<Exact> {
    Exact::parse(text).map_err(|_| StoreError::Corrupt(format!("score {text} of {of}")))
}

/// A score by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<IndexScore>>> {
    let found: Option<IndexScoreRow> = index_scores::table.find(id).get_result(conn).optional()?;
    found.map(IndexScoreRow::score).transpose()
}

/// A score by what is unique about it.
pub fn find_by_key(
    conn: &mut Conn,
    index: &str,
    year: i32,
    unit: &str,
    stage: ScoreStage,
    criterion: Option<&str>,
) -> StoreResult<Option<Versioned<IndexScore>>> {
    let found: Option<IndexScoreRow> = index_scores::table
        .filter(index_scores::index_code.eq(index))
        .filter(index_scores::year.eq(year))
        .filter(index_scores::unit_id.eq(unit))
        .filter(index_scores::criterion.eq(criterion.unwrap_or(TOTAL)))
        .filter(index_scores::stage.eq(stage.as_str()))
        .first(conn)
        .optional()?;
    found.map(IndexScoreRow::score).transpose()
}

/// Every score of an edition at one stage.
pub fn of_edition(
    conn: &mut Conn,
    index: &str,
    year: i32,
    stage: ScoreStage,
) -> StoreResult<Vec<IndexScore>> {
    let rows: Vec<IndexScoreRow> = index_scores::table
        .filter(index_scores::index_code.eq(index))
        .filter(index_scores::year.eq(year))
        .filter(index_scores::stage.eq(stage.as_str()))
        .load(conn)?;
    rows.into_iter().map(|row| Ok(row.score()?.record)).collect()
}

/// The units of which scores are read.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// All of them.
    Whole,
    /// Those before this one in the order of ids.
    Before(&'a str),
    /// This one and those after it.
    From(&'a str),
}

/// What a ranking takes of the scores of an edition at one stage, as they are or as they were in a revision: unit by
/// unit.
pub fn of_sheet(
    conn: &mut Conn,
    (index, year, revision): (&str, i32, Option<i32>),
    stage: ScoreStage,
    part: Part<'_>,
) -> StoreResult<Vec<(String, Vec<SheetScore>)>> {
    type Row = (String, String, Option<Stored>, Option<i32>, bool);
    let mut statement = Statement::default();
    statement.push("SELECT unit_id, criterion, score, published_rank, applicable FROM ");
    statement.push(if revision.is_some() { FROZEN.name } else { TABLE.name });
    statement.push(" WHERE index_code = ");
    statement.bind(Value::Text(index.to_owned()));
    statement.push(" AND year = ");
    statement.bind(Value::Integer(year));
    if let Some(revision) = revision {
        statement.push(" AND revision = ");
        statement.bind(Value::Integer(revision));
    }
    statement.push(" AND stage = ");
    statement.bind(Value::Text(stage.to_string()));
    if let Some((limit, unit)) = match part {
        Part::Whole => None,
        Part::Before(unit) => Some((" AND unit_id < ", unit)),
        Part::From(unit) => Some((" AND unit_id >= ", unit)),
    } {
        statement.push(limit);
        statement.bind(Value::Text(unit.to_owned()));
    }
    // The order of an index.
    statement.push(" ORDER BY unit_id, criterion");
    let mut units: Vec<(String, Vec<SheetScore>)> = Vec::new();
    let tell = |(unit_id, criterion, score, published_rank, applicable): Row| {
        let score = SheetScore {
            criterion: (criterion != TOTAL).then_some(criterion),
            stage,
            score: score.map(|Stored(score)| score),
            published_rank,
            applicable,
        };
        match units.last_mut() {
            Some((unit, scores)) if *unit == unit_id => scores.push(score),
            last => {
                // A unit has as many scores as the one before it, most of the time.
                let mut scores = Vec::with_capacity(last.map_or(1, |(_, scores)| scores.len()));
                scores.push(score);
                units.push((unit_id, scores));
            }
        }
    };
    statement.each::<(Text, Text, Nullable<Text>, Nullable<Integer>, Bool), Row>(conn, tell)?;
    Ok(units)
}

/// A score as it is stored: a whole country's are read without a text of each.
#[derive(Debug, FromSqlRow)]
struct Stored(Exact);

impl FromSql<Text, Sqlite> for Stored {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Self::read(value.read_text())
    }
}

impl FromSql<Text, Pg> for Stored {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Self::read(std::str::from_utf8(value.as_bytes())?)
    }
}

impl Stored {
    fn read(text: &str) -> deserialize::Result<Self> {
        Exact::of_stored(text).map(Self).map_err(|_| format!("score {text}").into())
    }
}

/// The scores of a revision: at one stage or at all of them, of every unit or of one.
pub fn of_revision(
    conn: &mut Conn,
    index: &str,
    year: i32,
    revision: i32,
    stage: Option<ScoreStage>,
    unit_id: Option<&str>,
) -> StoreResult<Vec<IndexScore>> {
    let mut statement = Statement::default();
    statement.push("SELECT * FROM edition_revision_scores WHERE index_code = ");
    statement.bind(Value::Text(index.to_owned()));
    statement.push(" AND year = ");
    statement.bind(Value::Integer(year));
    statement.push(" AND revision = ");
    statement.bind(Value::Integer(revision));
    if let Some(unit) = unit_id {
        statement.push(" AND unit_id = ");
        statement.bind(Value::Text(unit.to_owned()));
    }
    if let Some(stage) = stage {
        statement.push(" AND stage = ");
        statement.bind(Value::Text(stage.to_string()));
    }
    let rows: Vec<IndexScoreRow> = statement.load(conn)?;
    rows.into_iter().map(|row| Ok(row.score()?.record)).collect()
}

/// The scores of an edition at all stages: of every unit, or of one.
pub fn of_stages(
    conn: &mut Conn,
    index: &str,
    year: i32,
    unit_id: Option<&str>,
) -> StoreResult<Vec<IndexScore>> {
    let mut query = index_scores::table
        .filter(index_scores::index_code.eq(index.to_owned()))
        .filter(index_scores::year.eq(year))
        .into_boxed();
    if let Some(unit) = unit_id {
        query = query.filter(index_scores::unit_id.eq(unit.to_owned()));
    }
    let rows: Vec<IndexScoreRow> = query.load(conn)?;
    rows.into_iter().map(|row| Ok(row.score()?.record)).collect()
}

/// The first and the last data year in which a unit has a score.
pub fn years_of(conn: &mut Conn, unit_id: &str) -> StoreResult<Option<(i32, i32)>> {
    let years: (Option<i32>, Option<i32>) = index_scores::table
        .filter(index_scores::unit_id.eq(unit_id))
        .select((diesel::dsl::min(index_scores::year), diesel::dsl::max(index_scores::year)))
        .first(conn)?;
    Ok(years.0.zip(years.1))
}

/// Whether one of some units has a score of an index in another year.
pub fn in_other_years(conn: &mut Conn, index: &str, year: i32, units: &[String]) -> StoreResult<bool> {
    for part in units.chunks(500) {
        let of_units = index_scores::table.filter(index_scores::unit_id.eq_any(part));
        let elsewhere =
            of_units.filter(index_scores::index_code.eq(index)).filter(index_scores::year.ne(year));
        let found: Option<i32> = elsewhere.select(index_scores::year).first(conn).optional()?;
        if found.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A page of scores.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<IndexScore>>> {
    let rows: Vec<IndexScoreRow> = list::page(conn, table_of(request), request)?;
    rows.into_iter().map(IndexScoreRow::score).collect()
}

/// Adds a score.
pub fn insert(conn: &mut Conn, score: &IndexScore, version: i64) -> StoreResult<()> {
    diesel::insert_into(index_scores::table).values(IndexScoreRow::new(score, version)?).execute(conn)?;
    Ok(())
}

/// Adds many scores, each with its change number.
pub fn insert_all(conn: &mut Conn, records: &[(IndexScore, i64)]) -> StoreResult<()> {
    let rows = records.iter().map(|(score, version)| IndexScoreRow::new(score, *version));
    match conn {
        Conn::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(index_scores::table).values(row?).execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            let rows: Vec<IndexScoreRow> = rows.collect::<StoreResult<_>>()?;
            // PostgreSQL binds 65,535 values at most, and a row has fewer than 32 columns.
            for part in rows.chunks(2000) {
                diesel::insert_into(index_scores::table).values(part).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Replaces a score.
pub fn update(conn: &mut Conn, score: &IndexScore, version: i64) -> StoreResult<()> {
    diesel::update(index_scores::table.find(&score.id))
        .set(IndexScoreRow::new(score, version)?)
        .execute(conn)?;
    Ok(())
}

/// Takes a score away.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(index_scores::table.find(id)).execute(conn)?;
    Ok(())
}
