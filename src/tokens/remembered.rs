//! Tokens that were verified not long ago: a client sends the same one for as long as it holds, and its signature
//! need not be computed each time. The times are looked at each time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest, Sha256};

use super::{Refused, Verified};
use crate::domain::time::Moment;

/// Most tokens that are remembered; each has less than a kilobyte.
const MOST: usize = 4096;

/// When a token holds, with what clocks may differ already added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// First moment, in microseconds.
    pub(super) from: i64,
    /// First moment at which it holds no more, in microseconds.
    pub(super) until: i64,
}

impl Times {
    pub(super) fn hold(self, now: Moment) -> Result<(), Refused> {
        match now.micros() {
            at if at >= self.until => Err(Refused::Expired),
            at if at < self.from => Err(Refused::NotYetValid),
            _ => Ok(()),
        }
    }
}

/// A token whose signature and claims were found right.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) verified: Verified,
    pub(super) times: Times,
    /// Of the keys that it was verified with.
    pub(super) generation: u64,
}

/// The tokens, by their digest: whoever reads the memory of the service finds none.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashMap<[u8; 32], Found>>);

impl Remembered {
    pub(super) fn find(&self, token: &str, generation: u64) -> Option<Found> {
        self.all().get(&name(token)).filter(|found| found.generation == generation).cloned()
    }

    pub(super) fn keep(&self, token: &str, found: Found, now: Moment) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.retain(|_, old| old.generation == found.generation && old.times.hold(now).is_ok());
        }
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(name(token), found);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Grant;

    fn found(until: i64, generation: u64) -> Found {
        let verified = Verified { grant: Grant::everything(), name: "lgsp".into(), id: "id#lgsp".into() };
        Found { verified, times: Times { from: 0, until }, generation }
    }

    #[test]
    fn a_token_is_found_as_long_as_the_keys_are_the_same() {
        let remembered = Remembered::default();
        remembered.keep("a.b.c", found(9, 1), Moment::from_micros(0));
        assert!(remembered.find("a.b.c", 1).is_some());
        assert!(remembered.find("a.b.c", 2).is_none());
        assert!(remembered.find("a.b.d", 1).is_none());
    }

    #[test]
    fn there_are_never_more_than_a_fixed_number() {
        let remembered = Remembered::default();
        let keep = |i: usize, until, at| {
            remembered.keep(&i.to_string(), found(until, 1), Moment::from_micros(at));
            remembered.all().len()
        };
        for i in 0..MOST {
            assert_eq!(keep(i, if i < 10 { 5 } else { 9 }, 0), i + 1);
        }
        assert_eq!(keep(MOST, 9, 5), MOST - 10 + 1, "those that hold no more go first");
        for i in MOST + 1..3 * MOST {
            assert!(keep(i, 9, 5) <= MOST);
        }
    }
}
