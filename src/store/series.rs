//! What series and profiles ask first: which years an index has editions of, and which indexes a unit has scores
//! in.

use std::collections::BTreeSet;

use diesel::{QueryableByName, prelude::*, sql_types};

use super::{
    conn::Conn,
    error::StoreResult,
    schema::{editions, index_scores},
    sql::numbered,
};

/// Index, year and revision of an edition; no revision of its working state.
pub type EditionPlace = (String, i32, Option<i32>);

#[derive(QueryableByName)]
struct RevisionPlace {
    #[diesel(sql_type = sql_types::Text)]
    index_code: String,
    #[diesel(sql_type = sql_types::Integer)]
    year: i32,
    #[diesel(sql_type = sql_types::Integer)]
    revision: i32,
}

/// The years of an index's editions, the earliest first.
pub fn edition_years(conn: &mut Conn, index: &str) -> StoreResult<Vec<i32>> {
    Ok(editions::table
        .filter(editions::index_code.eq(index))
        .order(editions::year)
        .select(editions::year)
        .load(conn)?)
}

/// The states of editions that a unit has a score in, in the order of index and year.
pub fn editions_of_unit(conn: &mut Conn, unit_id: &str) -> StoreResult<BTreeSet<EditionPlace>> {
    let working: Vec<(String, i32)> = index_scores::table
        .filter(index_scores::unit_id.eq(unit_id))
        .select((index_scores::index_code, index_scores::year))
        .distinct()
        .load(conn)?;
    // The scores of a revision are found by its key: a unit has no index among them.
    let statement = "SELECT r.index_code AS index_code, r.year AS year, r.revision AS revision \
         FROM edition_revisions r WHERE EXISTS (SELECT 1 FROM edition_revision_scores s WHERE s.unit_id = $1 \
         AND s.index_code = r.index_code AND s.year = r.year AND s.revision = r.revision)";
    let published: Vec<RevisionPlace> =
        numbered(conn, statement).bind::<sql_types::Text, _>(unit_id.to_owned()).load(conn)?;
    let working = working.into_iter().map(|(index, year)| (index, year, None));
    let published = published.into_iter().map(|of| (of.index_code, of.year, Some(of.revision)));
    Ok(working.chain(published).collect())
}
