//! Rows of a file written as dossiers: an upsert by code, each row for itself.

use super::{
    crud::{self, Context, Proposal, Written},
    dossiers::Dossiers,
    error::{Error, Result},
};
use crate::{
    domain::{dossiers::Dossier, imports::RowResult, violation::Violation},
    store::{Conn, StoreError, in_transaction},
};

/// What became of a row of a file.
pub type NumberedResult = (u64, RowResult);

/// Writes rows in their order, within a transaction of the caller's that has locked the records: a rejected row
/// undoes itself alone, and of two rows of one code the later one stands.
///
/// # Errors
/// The database's: nothing is known of the rows then, and the transaction is to be undone.
pub fn write_rows(
    conn: &mut Conn,
    context: &Context,
    rows: Vec<(u64, Proposal<Dossier>)>,
) -> Result<Vec<NumberedResult>> {
    rows.into_iter()
        .map(|(number, proposal)| {
            let written = in_transaction(conn, |conn| crud::upsert_in::<Dossiers>(conn, context, proposal));
            let result = match written {
                Ok((Written::Created, _)) => RowResult::Created,
                Ok((Written::Replaced, true)) => RowResult::Updated,
                Ok((Written::Replaced, false)) => RowResult::Unchanged,
                Err(error) => RowResult::Rejected(violations(error)?),
            };
            Ok((number, result))
        })
        .collect()
}

/// The rules that a row breaks; an error that is not about the row stays one.
fn violations(error: Error) -> Result<Vec<Violation>> {
    match error {
        Error::Invalid(violations) | Error::Malformed(violations) => Ok(violations),
        Error::Conflict { code, text, violations } if violations.is_empty() => {
            Ok(vec![Violation { pointer: String::new(), code, text }])
        }
        Error::Conflict { violations, .. } => Ok(violations),
        // A unit that went away after it was looked for.
        Error::Store(StoreError::ForeignKey) => Ok(vec![Violation::new(
            "/unit_id",
            "unknown_unit",
            "A unit of the row is there no more.",
            "Một đơn vị của dòng này không còn tồn tại.",
        )]),
        other => Err(other),
    }
}
