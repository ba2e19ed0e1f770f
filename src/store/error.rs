//! What a database said, in the few words that the rest of the service acts on.

use std::fmt;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// What a database said.
#[derive(Debug)]
pub enum StoreError {
    /// A unique key is taken; the constraint's name, or SQLite's list of columns.
    Unique(String),
    /// A foreign key would point nowhere.
    ForeignKey,
    /// Too much to do at the moment: try again shortly.
    Busy(&'static str),
    /// The database can't be reached or can't write.
    Unavailable(String),
    /// What is stored doesn't read as what it should be.
    Corrupt(String),
    /// Another request holds the claim of the idempotency key by now; nothing was written.
    ClaimLost,
    /// The work panicked.
    Panicked,
    /// Anything else: a defect.
    Other(String),
}

/// Result of a store function.
pub type StoreResult<T> = Result<T, StoreError>;

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unique(key) => write!(f, "unique key taken: {key}"),
            Self::ForeignKey => f.write_str("a foreign key would point nowhere"),
            Self::Busy(what) => write!(f, "busy: {what}"),
            Self::Unavailable(why) => write!(f, "database unavailable: {why}"),
            Self::Corrupt(what) => write!(f, "stored data can't be read: {what}"),
            Self::ClaimLost => f.write_str("another request holds the claim of the idempotency key"),
            Self::Panicked => f.write_str("the work on the database panicked"),
            Self::Other(why) => write!(f, "database: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// Whether SQLite found the file locked. It says so as an unknown error with this text.
    pub fn is_locked(error: &DieselError) -> bool {
        matches!(error, DieselError::DatabaseError(_, info) if info.message().contains("database is locked"))
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Unique(info.constraint_name().map_or_else(|| info.message().to_owned(), str::to_owned))
            }
            DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => Self::ForeignKey,
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Self::Unavailable(info.message().to_owned())
            }
            error if Self::is_locked(&error) => Self::Busy("the database file is locked by another process"),
            DieselError::DatabaseError(_, info)
                if info.message().contains("disk is full") || info.message().contains("disk I/O error") =>
            {
                Self::Unavailable(info.message().to_owned())
            }
            DieselError::DatabaseError(_, info) => Self::Other(info.message().to_owned()),
            DieselError::BrokenTransactionManager => {
                Self::Unavailable("the connection was lost within a transaction".to_owned())
            }
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
