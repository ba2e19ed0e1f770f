//! Who asks, and what a record is to that caller: visible, writable, or as if it were not there.
//!
//! Routes ask for scopes before a request is read (`http::access`); the units that a caller reaches are asked for
//! here, where the record is known.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use crate::{
    domain::{
        access::{Scope, Scopes},
        editions::{CohortRule, Edition},
    },
    store::list::{Filter, Test, Value},
};

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
    /// What the caller was granted, where one id stands for several grants, as a subject does whose tokens differ.
    pub granted: Option<String>,
    /// What may be done.
    pub scopes: Scopes,
    /// For which units.
    pub reach: Reach,
    /// Whether names of individual recipients of commendations are public.
    pub recipient_names: bool,
}

impl Caller {
    /// Somebody without a key: no scope at all.
    pub fn anonymous() -> Arc<Self> {
        static ANONYMOUS: LazyLock<Arc<Caller>> = LazyLock::new(|| {
            Arc::new(Caller {
                name: "anonymous".to_owned(),
                id: None,
                granted: None,
                scopes: Scopes::default(),
                reach: Reach::Units(Arc::default()),
                recipient_names: false,
            })
        });
        ANONYMOUS.clone()
    }

    /// Somebody who may do everything: a command at the machine itself, the loader of the sample.
    pub fn everything(name: impl Into<String>) -> Arc<Self> {
        let name = name.into();
        Arc::new(Self {
            id: Some(name.clone()),
            granted: None,
            name,
            scopes: [Scope::Admin].into_iter().collect(),
            reach: Reach::Everything,
            recipient_names: true,
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

    /// Whether the caller has the scope for the units that the cohorts of an edition list, and those whose children
    /// its rules take. Which units these are today the caller may not all reach: `cohorts::may_for_members` asks for
    /// each of them.
    pub fn may_for_cohorts(&self, scope: Scope, edition: &Edition) -> bool {
        self.may_everywhere(scope)
            || self.has(scope)
                && edition.cohorts.iter().all(|cohort| match (&cohort.unit_ids, &cohort.rule) {
                    (Some(units), _) => units.iter().all(|unit| self.reaches(unit)),
                    (None, Some(CohortRule { parent_id: Some(parent), .. })) => self.reaches(parent),
                    (None, _) => false,
                })
    }

    /// What of a list by units the caller reaches; none where it reaches all.
    pub fn sight(&self, column: &'static str) -> Option<Filter> {
        let Reach::Units(units) = &self.reach else { return None };
        let mut units: Vec<String> = units.iter().cloned().collect();
        units.sort_unstable();
        Some(Filter { column, test: Test::OneOf, value: Value::Texts(units) })
    }

    /// Whether the caller has the scope for all units, and for what belongs to none.
    pub fn may_everywhere(&self, scope: Scope) -> bool {
        self.has(scope) && self.reach == Reach::Everything
    }

    /// What an answer that was given once may be given to again: the id, and what was granted to it.
    pub fn identity(&self) -> String {
        let id = self.id.as_deref().unwrap_or_default();
        // Neither an id nor a grant has a line break.
        self.granted.as_ref().map_or_else(|| id.to_owned(), |granted| format!("{id}\n{granted}"))
    }
}
