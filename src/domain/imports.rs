//! One import: a file that is read row by row into the records, and what became of each row.

use serde::Serialize;

use super::{
    time::Moment,
    violation::{Text, Violation},
    words::words,
};

/// Most rows of an import that is all or nothing: its writes are one transaction.
pub const MOST_ATOMIC_ROWS: i64 = 200_000;

/// Most characters of a value that a report repeats.
pub const SHOWN: usize = 100;

words! {
    /// Where an import is.
    pub enum ImportStatus {
        /// Rows are being read.
        Running = "running",
        /// Every row has its result.
        Done = "done",
        /// The file or the database forbade to go on; what was committed before stands.
        Failed = "failed",
        /// Somebody cancelled it; what was committed before stands.
        Cancelled = "cancelled",
        /// The process that ran it is gone; what was committed before stands.
        Interrupted = "interrupted",
    }
}

words! {
    /// What a rejected row does to the others.
    pub enum ImportMode {
        /// Nothing: each row stands for itself.
        Rows = "rows",
        /// No row is written.
        Atomic = "atomic",
    }
}

words! {
    /// How rows are written in a file.
    pub enum ImportFormat {
        /// Comma-separated values with a line of heads (RFC 4180).
        Csv = "csv",
        /// A JSON object in each line.
        Ndjson = "ndjson",
    }
}

/// Rows so far: `read` is always the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows with a result.
    pub read: i64,
    /// Rows that made a record.
    pub created: i64,
    /// Rows that changed a record.
    pub updated: i64,
    /// Rows that say what the record says already.
    pub unchanged: i64,
    /// Rows that break a rule; the report names each.
    pub rejected: i64,
    /// Good rows of an import that is all or nothing and had a rejected one.
    pub undone: i64,
}

impl Counts {
    /// The counts after another row.
    pub fn add(&mut self, result: &RowResult) {
        self.read += 1;
        match result {
            RowResult::Created => self.created += 1,
            RowResult::Updated => self.updated += 1,
            RowResult::Unchanged => self.unchanged += 1,
            RowResult::Rejected(_) => self.rejected += 1,
        }
    }

    /// The counts when the good rows are taken back.
    pub fn undo(self) -> Self {
        let undone = self.created + self.updated + self.unchanged;
        Self { created: 0, updated: 0, unchanged: 0, undone: self.undone + undone, ..self }
    }
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowResult {
    /// It made a record.
    Created,
    /// It changed a record.
    Updated,
    /// It says what the record says already: nothing was written.
    Unchanged,
    /// It breaks these rules: nothing was written.
    Rejected(Vec<Violation>),
}

/// One line of an import's report: what is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Number of the row, from 1, without the line of heads.
    pub row: i64,
    /// Head of the column, where it is about one.
    pub column: Option<String>,
    /// What stands there, cut after [`SHOWN`] characters. Columns that are not read are never shown.
    pub value: Option<String>,
    /// Stable code of the rule.
    pub code: String,
    /// The rule in words.
    pub text: Text,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Made by the service; later ones sort later.
    pub id: String,
    /// What a rejected row does to the others.
    pub mode: ImportMode,
    /// How rows are written.
    pub format: ImportFormat,
    /// Name of the file, where there is one.
    pub source: Option<String>,
    /// Who started it.
    pub actor: String,
    /// What tells callers of one name apart; it is theirs alone.
    pub caller_id: Option<String>,
    /// Where it is.
    pub status: ImportStatus,
    /// When it began.
    pub started_at: Moment,
    /// When it last showed that it lives.
    pub beat_at: Moment,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// Its rows so far.
    pub counts: Counts,
    /// Heads of the columns that are not read, each once.
    pub dropped_columns: Vec<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Why an import failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Stable code.
    pub code: String,
    /// English.
    pub en: String,
    /// Vietnamese.
    pub vi: String,
}

impl Failure {
    /// A reason in both languages.
    pub fn new(code: &str, en: impl Into<String>, vi: impl Into<String>) -> Self {
        Self { code: code.to_owned(), en: en.into(), vi: vi.into() }
    }
}

/// A value as a report shows it.
pub fn shown(value: &str) -> String {
    let mut short: String = value.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if value.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_taken_back_still_add_up() {
        let mut counts = Counts::default();
        for result in [RowResult::Created, RowResult::Unchanged, RowResult::Rejected(Vec::new())] {
            counts.add(&result);
        }
        let undone = counts.undo();
        assert_eq!(undone, Counts { read: 3, rejected: 1, undone: 2, ..Counts::default() });
    }

    #[test]
    fn a_shown_value_is_short_and_on_one_line() {
        assert_eq!(shown("a\nb"), "a b");
        assert_eq!(shown(&"ơ".repeat(SHOWN + 1)).chars().count(), SHOWN + 1);
    }
}
