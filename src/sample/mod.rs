//! The sample.

use crate::{domain::time::Moment, service::error::Error, store::Store};

/// Loads.
pub async fn load(_store: &Store, _now: Moment) -> Result<(), Error> {
    Ok(())
}
