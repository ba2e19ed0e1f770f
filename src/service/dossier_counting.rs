//! Keeping the counts of the statistics: folding what writes left in the tail, and proving the sums.

use std::time::Duration;

use super::error::Result;
use crate::store::{
    Store,
    dossier_recount::{self, Recount},
    dossier_sums,
};

/// How often the tail is looked at: what a write counted waits this long there, and is told all the same.
const PAUSE: Duration = Duration::from_millis(100);
/// Counted dossiers that wait in the tail while files are read.
const BULK: i64 = 50_000;

/// Folds the whole tail into the sums.
///
/// # Errors
/// The database's.
pub async fn fold(store: &Store) -> Result<usize> {
    let mut folded = 0;
    loop {
        match store.write(dossier_sums::fold).await? {
            0 => return Ok(folded),
            rows => folded += rows,
        }
    }
}

/// Folds the tail whenever something was written, until the service ends.
pub async fn keep_folding(store: Store) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if !store.take_wrote() {
            continue;
        }
        // The folding is a write too: the next look finds what was left, or the tail empty and ends there. Once a
        // look: to go on until it is empty would fold the few rows of each commit for themselves while many write.
        let folded = match store.read(dossier_sums::pending).await {
            Ok(0) => Ok(0),
            // Many at once are folded cheaper than few: while files are read, the tail grows first.
            Ok(pending) if store.is_bulk() && pending < BULK => {
                store.set_wrote();
                Ok(0)
            }
            Ok(_) => store.write(dossier_sums::fold).await,
            Err(error) => Err(error),
        };
        if let Err(error) = folded {
            tracing::warn!(?error, "the counts of the last writes stay in the tail for now");
        }
    }
}

/// Counts the dossiers that were there before the sums were.
///
/// # Errors
/// The database's.
pub async fn count_what_was_there(store: &Store) -> Result<()> {
    if store.read(dossier_recount::is_due).await? {
        rebuild(store).await?;
    }
    Ok(())
}

/// Builds the sums anew from the dossiers.
///
/// # Errors
/// The database's.
pub async fn rebuild(store: &Store) -> Result<usize> {
    Ok(store.write(dossier_recount::rebuild).await?)
}

/// Counts every dossier again and compares with the sums.
///
/// # Errors
/// The database's.
pub async fn recount(store: &Store) -> Result<Recount> {
    Ok(store.read(dossier_recount::verify).await?)
}
