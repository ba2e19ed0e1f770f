//! Reads on the thread that asks: each async worker has a read-only SQLite connection of its own.
//!
//! A record by its key or a page of fifty takes some microseconds, less than the way to another thread and back.
//! The connection is opened when it is first asked for, keeps its prepared statements, and goes with its thread;
//! one whose store is gone goes at the thread's next read. The number of a connection is never used again in a
//! process, so what it said of versions is never mixed up with what another one says.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use r2d2::ManageConnection;

use super::{
    conn::{Conn, Manager},
    error::StoreError,
};

/// A connection of this thread.
struct Own {
    store: Weak<Manager>,
    number: u64,
    conn: Conn,
}

thread_local! {
    static OWN: RefCell<Vec<Own>> = const { RefCell::new(Vec::new()) };
}

/// Numbers of the connections of this process.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

fn take(store: &Arc<Manager>) -> Option<Own> {
    OWN.with_borrow_mut(|all| {
        all.retain(|own| own.store.strong_count() > 0);
        let at = all.iter().position(|own| std::ptr::eq(own.store.as_ptr(), Arc::as_ptr(store)))?;
        Some(all.swap_remove(at))
    })
}

fn open(store: &Arc<Manager>) -> Result<Own, StoreError> {
    let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
    Ok(Own { store: Arc::downgrade(store), number, conn: store.open()? })
}

/// Runs `work` on this thread's connection to the store, and tells it the connection's number.
///
/// After a panic or the loss of the connection the next read opens another one.
pub fn run<T, E, F>(store: &Arc<Manager>, work: F) -> Result<T, E>
where
    E: From<StoreError>,
    F: FnOnce(&mut Conn, u64) -> Result<T, E>,
{
    let mut own = match take(store) {
        Some(own) => own,
        None => open(store)?,
    };
    let done = catch_unwind(AssertUnwindSafe(|| work(&mut own.conn, own.number)))
        .map_err(|_| StoreError::Panicked)?;
    if done.is_ok() || !store.has_broken(&mut own.conn) {
        OWN.with_borrow_mut(|all| all.push(own));
    }
    done
}
