//! Statements as text: numbered binds that mean the same on both databases.

use diesel::{query_builder::BoxedSqlQuery, sql_query};

use super::conn::{Backend, Conn};

/// A statement with binds `$1`, `$2` ... in any order.
///
/// SQLite takes `$2` for a name and numbers names as they appear; its numbered binds are written `?2`. Values are
/// always bound, so a dollar sign is always a bind.
pub fn numbered(conn: &Conn, text: &str) -> BoxedSqlQuery<'static, Backend, diesel::query_builder::SqlQuery> {
    let text = match conn {
        Conn::Sqlite(_) => text.replace('$', "?"),
        Conn::Postgres(_) => text.to_owned(),
    };
    sql_query(text).into_boxed::<Backend>()
}

/// The binds `$from`, ... of `n` values, for a list in a statement.
pub fn places(from: usize, n: usize) -> String {
    (from..from + n).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}
