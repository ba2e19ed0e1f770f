//! Who asks, and what a record is to that caller: visible, writable, or as if it were not there.
//!
//! Routes ask for scopes before a request is read (`http::access`); the units that a caller reaches are asked for
//! here, where the record is known.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use crate::domain::access::{Scope, Scopes};

/// The units that a caller's scopes hold for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All, and what belongs to no unit.
    Everything,
    /// These.
    Units(Arc<HashSet<String>>),
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name in the change log: `anonymous` without a key.
    pub name: String,
    /// What tells callers apart: the id of a key, or issuer and subject of a token; none without one.
    pub id: Option<String>,
    /// What may be done.
    pub scopes: Scopes,
    /// For which units.
    pub reach: Reach,
}

impl Caller {
    /// Somebody without a key: no scope at all.
    pub fn anonymous() -> Arc<Self> {
        static ANONYMOUS: LazyLock<Arc<Caller>> = LazyLock::new(|| {
            Arc::new(Caller {
                name: "anonymous".to_owned(),
                id: None,
                scopes: Scopes::default(),
                reach: Reach::Units(Arc::default()),
            })
        });
        ANONYMOUS.clone()
    }

    /// Somebody who may do everything: a command at the machine itself, the loader of the sample.
    pub fn everything(name: impl Into<String>) -> Arc<Self> {
        let name = name.into();
        Arc::new(Self {
            id: Some(name.clone()),
            name,
            scopes: [Scope::Admin].into_iter().collect(),
            reach: Reach::Everything,
        })
    }

    /// Whether the caller has the scope, for whichever units.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// Whether the caller's scopes hold for a unit.
    pub fn reaches(&self, unit_id: &str) -> bool {
        match &self.reach {
            Reach::Everything => true,
            Reach::Units(units) => units.contains(unit_id),
        }
    }

    /// Whether the caller has the scope for a unit.
    pub fn may(&self, scope: Scope, unit_id: &str) -> bool {
        self.has(scope) && self.reaches(unit_id)
    }

    /// Whether the caller has the scope for all units, and for what belongs to none.
    pub fn may_everywhere(&self, scope: Scope) -> bool {
        self.has(scope) && self.reach == Reach::Everything
    }
}
