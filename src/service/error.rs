//! What went wrong, without HTTP: each variant says what the caller can do about it.

use crate::{
    domain::violation::{Text, Violation},
    store::StoreError,
};

/// Why a request could not be carried out.
#[derive(Debug)]
pub enum Error {
    /// No such record.
    NotFound {
        /// Kind of record: `dossiers`.
        resource: &'static str,
        /// Its key as given.
        key: String,
    },
    /// Not there, for a reason that has a code of its own.
    Absent {
        /// Stable code: `not_published`.
        code: &'static str,
        /// The sentence a person reads.
        text: Text,
    },
    /// The record breaks rules.
    Invalid(Vec<Violation>),
    /// A member doesn't read as its documented type.
    Malformed(Vec<Violation>),
    /// The state of other records, or of this one, forbids it.
    Conflict {
        /// Stable code: `duplicate`, `in_use` ...
        code: &'static str,
        /// The sentence a person reads.
        text: Text,
        /// The members concerned.
        violations: Vec<Violation>,
    },
    /// The changes behind this place are no longer kept.
    Expired {
        /// The end of the feed, to go on from with a snapshot.
        cursor: String,
    },
    /// The record has changed since the caller read it.
    Stale,
    /// The caller may not do that.
    Forbidden(Text),
    /// The database.
    Store(StoreError),
}

/// Result of a service function.
pub type Result<T> = std::result::Result<T, Error>;

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Error {
    /// No record of this key.
    pub fn not_found(resource: &'static str, key: impl Into<String>) -> Self {
        Self::NotFound { resource, key: key.into() }
    }

    /// A record, or a part of one, beyond the units that the caller's scopes hold for.
    pub fn out_of_reach() -> Self {
        Self::Forbidden(Text::new(
            "It belongs to a unit, or to all units, that the key does not reach.",
            "Bản ghi thuộc đơn vị nằm ngoài phạm vi của khóa truy cập.",
        ))
    }

    /// A conflict without a member to point to.
    pub fn conflict(code: &'static str, en: impl Into<String>, vi: impl Into<String>) -> Self {
        Self::Conflict { code, text: Text::new(en, vi), violations: Vec::new() }
    }

    /// One broken rule.
    pub fn invalid(
        pointer: impl Into<String>,
        code: &'static str,
        en: impl Into<String>,
        vi: impl Into<String>,
    ) -> Self {
        Self::Invalid(vec![Violation::new(pointer, code, en, vi)])
    }

    /// A member that names a unit that isn't there.
    pub fn unknown_unit(pointer: impl Into<String>, id: &str) -> Violation {
        Violation::new(
            pointer,
            "unknown_unit",
            format!("There is no unit `{id}`."),
            format!("Không có đơn vị `{id}`."),
        )
    }
}
