//! Many records in one request: each is brought to the state that it shall have, as a `PUT` by its key does, so that
//! a batch may be sent again.
//!
//! Apart, each record stands for itself: they are written in pieces, and who waits gets in between; a batch with an
//! idempotency key whose process died amid the pieces is written again as a whole. Together, all are written or none,
//! and every refusal is told.

use super::{
    crud::{self, Absent, Context, Precondition, Proposal, Resource, Written},
    error::{Error, Result},
};
use crate::store::{Conn, Store, StoreError, Versioned, idempotency::repeatable, in_transaction, lock};

/// Most records of a batch.
pub const MOST: usize = 1000;
/// Records that share a transaction where each stands for itself.
const AT_ONCE: usize = 100;

/// Makes the new state of a record from the present one.
pub type Build<T> = Box<dyn FnOnce(Option<&T>) -> Result<Proposal<T>> + Send>;

/// A record of a batch.
pub struct Item<T> {
    /// Its key.
    pub key: String,
    /// Its new state.
    pub build: Build<T>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It is new.
    Created,
    /// It was there and changed.
    Updated,
    /// It said what was there already.
    Unchanged,
}

/// A record as it is now.
#[derive(Debug)]
pub struct Done<T> {
    /// The record.
    pub record: Versioned<T>,
    /// What became of it.
    pub became: Became,
}

/// What became of each record, in order.
pub type Outcomes<T> = Vec<Result<Done<T>>>;

/// Writes records that each stand for itself. What the database refuses, such as a write too many, is told of the
/// records concerned where others were written before them.
///
/// # Errors
/// The database's, when nothing was written.
pub async fn apart<R: Resource>(
    store: &Store,
    context: Context,
    items: Vec<Result<Item<R::Record>>>,
) -> Result<Outcomes<R::Record>> {
    repeatable(in_pieces::<R>(store, context, items)).await
}

async fn in_pieces<R: Resource>(
    store: &Store,
    context: Context,
    items: Vec<Result<Item<R::Record>>>,
) -> Result<Outcomes<R::Record>> {
    let mut outcomes = Vec::with_capacity(items.len());
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        let piece: Vec<_> = items.by_ref().take(AT_ONCE).collect();
        let (size, context) = (piece.len(), context.clone());
        match store.write(move |conn| write_all::<R>(conn, &context, piece)).await {
            Ok(written) => outcomes.extend(written),
            // Another one carries the same request out by now.
            Err(error @ Error::Store(StoreError::ClaimLost)) => return Err(error),
            Err(error) if outcomes.is_empty() => return Err(error),
            Err(_) => outcomes.extend((0..size).map(|_| Err(undone()))),
        }
    }
    Ok(outcomes)
}

fn undone() -> Error {
    Error::Store(StoreError::Busy("a piece of a batch could not be written"))
}

/// Why all of a batch was undone.
enum Undone<T> {
    Refused(Outcomes<T>),
    Failed(Error),
}

impl<T> From<StoreError> for Undone<T> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Writes all records, or none when one of them is refused.
///
/// # Errors
/// The database's.
pub async fn together<R: Resource>(
    store: &Store,
    context: Context,
    items: Vec<Result<Item<R::Record>>>,
) -> Result<Outcomes<R::Record>> {
    let work = move |conn: &mut Conn| {
        let written = write_all::<R>(conn, &context, items).map_err(Undone::Failed)?;
        if written.iter().all(Result::is_ok) { Ok(written) } else { Err(Undone::Refused(written)) }
    };
    match store.write(work).await {
        Ok(outcomes) | Err(Undone::Refused(outcomes)) => Ok(outcomes),
        Err(Undone::Failed(error)) => Err(error),
    }
}

/// Writes each record in a savepoint of its own.
fn write_all<R: Resource>(
    conn: &mut Conn,
    context: &Context,
    items: Vec<Result<Item<R::Record>>>,
) -> Result<Outcomes<R::Record>> {
    // Two batches of the same records wait for each other here, whatever the order of the records in them.
    let mut keys: Vec<&str> = items.iter().flatten().map(|item| item.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        lock::record(conn, R::STRUCTURE, R::NAME, key)?;
    }
    let mut outcomes = Vec::with_capacity(items.len());
    for item in items {
        let outcome = item.and_then(|item| in_transaction(conn, |conn| write::<R>(conn, context, item)));
        match outcome {
            Err(Error::Store(error)) => return Err(Error::Store(error)),
            outcome => outcomes.push(outcome),
        }
    }
    Ok(outcomes)
}

fn write<R: Resource>(conn: &mut Conn, context: &Context, item: Item<R::Record>) -> Result<Done<R::Record>> {
    let mut before = None;
    let build = |old: Option<&Versioned<R::Record>>| {
        before = old.map(|old| old.version);
        (item.build)(old.map(|old| &old.record))
    };
    let (record, written) =
        crud::replace_in::<R, _>(conn, context, item.key, Precondition::None, Absent::Create, build)?;
    let became = match written {
        Written::Created => Became::Created,
        Written::Replaced if before == Some(record.version) => Became::Unchanged,
        Written::Replaced => Became::Updated,
    };
    Ok(Done { record, became })
}
