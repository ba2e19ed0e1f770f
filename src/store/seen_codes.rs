//! Codes that a file has told so far, on disk: they may be as many as a file has rows, in memory that stays flat.

use diesel::{SqliteConnection, connection::SimpleConnection, prelude::*};

use super::error::StoreResult;
use schema::seen;

mod schema {
    diesel::table! {
        seen (code) {
            code -> Text,
        }
    }
}

/// Nothing of it outlives the process, so nothing waits for the disk; 16 MiB of it are in memory at most.
const BEGIN: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;
    CREATE TABLE seen (code TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID; BEGIN";

/// Codes, each kept once.
pub struct SeenCodes(SqliteConnection);

impl SeenCodes {
    /// None yet. SQLite keeps them in a file without a name, which goes away with the value or with the process.
    ///
    /// # Errors
    /// When there is no place for such a file.
    pub fn open() -> StoreResult<Self> {
        let mut conn = SqliteConnection::establish("")?;
        conn.batch_execute(BEGIN)?;
        Ok(Self(conn))
    }

    /// Keeps a code; false when it is kept already.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn add(&mut self, code: &str) -> StoreResult<bool> {
        let added = diesel::insert_or_ignore_into(seen::table).values(seen::code.eq(code));
        Ok(added.execute(&mut self.0)? > 0)
    }

    /// Whether a code is kept.
    ///
    /// # Errors
    /// Those of reading.
    pub fn has(&mut self, code: &str) -> StoreResult<bool> {
        let kept = seen::table.find(code).select(seen::code);
        let found: Option<String> = kept.get_result(&mut self.0).optional()?;
        Ok(found.is_some())
    }

    /// Forgets a code, whether it is kept or not.
    ///
    /// # Errors
    /// Those of writing.
    pub fn remove(&mut self, code: &str) -> StoreResult<()> {
        diesel::delete(seen::table.find(code)).execute(&mut self.0)?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_new_once_also_when_there_are_more_than_memory_takes() {
        let mut seen = SeenCodes::open().unwrap();
        // Not in order, and some 30 MB of them.
        let long = "x".repeat(100);
        let code = |n: u32| format!("000.05.15.H20-{:010}-{long}", n.wrapping_mul(2_654_435_761));
        for n in 0..200_000 {
            assert!(seen.add(&code(n)).unwrap(), "{n}");
        }
        for n in (0..200_000).step_by(997) {
            assert!(!seen.add(&code(n)).unwrap(), "{n}");
        }
        assert!(seen.add("A").unwrap() && seen.add("a").unwrap() && !seen.add("A").unwrap());
        seen.remove("A").unwrap();
        assert!(!seen.has("A").unwrap() && seen.has("a").unwrap() && seen.add("A").unwrap());
    }
}
