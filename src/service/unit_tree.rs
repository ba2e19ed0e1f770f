//! Which units stand below a unit in a period.
//!
//! The tree is that of the period's last day: a unit that moved counts where it stands then. A unit that had
//! ended by then counts where it stood on its own last day, also when that was before the period: its dossiers
//! may be carried over into it. Units that begin after the period are left out.

use super::error::Result;
use crate::{
    domain::{periods::Span, unit_tree::Tree, units::Level},
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

/// The unit and all below it in a period, by id: one query while no unit has former parents.
///
/// # Errors
/// The database's.
pub fn members(conn: &mut Conn, unit_id: &str, span: Span) -> Result<Vec<Member>> {
    let below = store::unit_tree::below(conn, unit_id)?;
    if !below.any_moved {
        return Ok(below
            .units
            .into_iter()
            .filter(|(id, _, valid_from)| id == unit_id || valid_from.is_none_or(|from| from <= span.to))
            .map(|(id, level, _)| Member { id, level })
            .collect());
    }
    let tree = Tree::new(store::unit_tree::ever_below(conn, unit_id)?);
    let members = tree.members(unit_id, span).into_iter();
    Ok(members.map(|(id, level)| Member { id: id.to_owned(), level }).collect())
}
