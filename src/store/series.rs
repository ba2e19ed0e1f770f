//! What series and profiles ask first: which years an index has editions of, and which indexes a unit has scores
//! in.

use diesel::prelude::*;

use super::{
    conn::Conn,
    error::StoreResult,
    schema::{editions, index_scores},
};

/// The years of an index's editions, the earliest first.
pub fn edition_years(conn: &mut Conn, index: &str) -> StoreResult<Vec<i32>> {
    Ok(editions::table
        .filter(editions::index_code.eq(index))
        .order(editions::year)
        .select(editions::year)
        .load(conn)?)
}

/// The indexes that a unit has a score in, in the order of their codes, each with the first and the last year of
/// its scores.
pub fn indexes_of_unit(conn: &mut Conn, unit_id: &str) -> StoreResult<Vec<(String, i32, i32)>> {
    let rows: Vec<(String, Option<i32>, Option<i32>)> = index_scores::table
        .filter(index_scores::unit_id.eq(unit_id))
        .group_by(index_scores::index_code)
        .order(index_scores::index_code)
        .select((
            index_scores::index_code,
            diesel::dsl::min(index_scores::year),
            diesel::dsl::max(index_scores::year),
        ))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(index, first, last)| Some((index, first?, last?))).collect())
}
