//! Commendations: the rules that join a decision to units and to other decisions, and what is told beside it.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::{
    access::Caller,
    crud::{Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope,
        commendations::Commendation,
        time::Moment,
        units::Unit,
        violation::{Text, Violation},
        words::words,
    },
    store::{
        self, Conn, StoreError, StoreResult, Versioned,
        commendations::{SecondAward, number_key},
        list::{Request, Table},
        lock::{self, Structure},
    },
};

words! {
    /// What a reader should know of a decision.
    pub enum CommendationFlag {
        /// It has a number and no date, so that nobody can tell whether the number is unique.
        Undated = "undated",
        /// Another valid decision names one of its recipients for the same year.
        SecondAward = "second_award",
    }
}

/// A decision with what other decisions say of it.
///
/// Two are equal when their decisions are, and the change log keeps the decision alone.
#[derive(Debug, Clone)]
pub struct FlaggedCommendation {
    /// The decision.
    pub commendation: Commendation,
    /// Other valid decisions that name one of the recipients for the same year; none of an annulled one.
    pub second_awards: Vec<SecondAward>,
}

impl FlaggedCommendation {
    /// Ids of the second awards that a caller is told of: that two decisions name the same individual is for who sees
    /// the names of both.
    pub fn second_award_ids(&self, caller: &Caller) -> Vec<String> {
        let named = sees_names_of(caller, &self.commendation.issuer_unit_id);
        let told =
            |award: &&SecondAward| !award.individual || named && sees_names_of(caller, &award.issuer_unit_id);
        let told = self.second_awards.iter().filter(told);
        let mut ids: Vec<String> = told.map(|award| award.id.clone()).collect();
        ids.dedup();
        ids
    }

    /// What a caller should know of the decision.
    pub fn flags(&self, caller: &Caller) -> Vec<CommendationFlag> {
        let decision = &self.commendation;
        let mut flags = Vec::new();
        if decision.decision_number.is_some() && decision.decided_on.is_none() {
            flags.push(CommendationFlag::Undated);
        }
        if !self.second_award_ids(caller).is_empty() {
            flags.push(CommendationFlag::SecondAward);
        }
        flags
    }
}

impl From<Commendation> for FlaggedCommendation {
    fn from(commendation: Commendation) -> Self {
        Self { commendation, second_awards: Vec::new() }
    }
}

impl PartialEq for FlaggedCommendation {
    fn eq(&self, other: &Self) -> bool {
        self.commendation == other.commendation
    }
}

impl Serialize for FlaggedCommendation {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.commendation.serialize(serializer)
    }
}

/// Whether a caller sees the names of the individuals of a decision.
pub fn sees_names(caller: &Caller, decision: &Commendation) -> bool {
    sees_names_of(caller, &decision.issuer_unit_id)
}

fn sees_names_of(caller: &Caller, issuer_unit_id: &str) -> bool {
    let may = |scope| caller.may(scope, issuer_unit_id);
    caller.recipient_names || may(Scope::CommendationsRead) || may(Scope::CommendationsWrite)
}

/// `/commendations`.
pub struct Commendations;

impl Resource for Commendations {
    type Record = FlaggedCommendation;
    const NAME: &'static str = "commendations";
    const TABLE: Table = store::commendations::TABLE;
    const STRUCTURE: Structure = Structure::Used;

    fn may_write(caller: &Caller, record: &FlaggedCommendation) -> bool {
        caller.may(Scope::CommendationsWrite, &record.commendation.issuer_unit_id)
    }

    /// Names of individuals are for who may read or write the issuer's decisions, unless they are public.
    fn seen(
        _: &mut Conn,
        caller: &Caller,
        mut record: Versioned<FlaggedCommendation>,
    ) -> Result<Option<Versioned<FlaggedCommendation>>> {
        let decision = &mut record.record.commendation;
        if !sees_names(caller, decision) {
            decision.mask_individuals();
        }
        Ok(Some(record))
    }

    fn key(record: &FlaggedCommendation) -> String {
        record.commendation.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<FlaggedCommendation>>> {
        let found = store::commendations::find(conn, key)?;
        Ok(flagged(conn, found.into_iter().collect())?.pop())
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<FlaggedCommendation>>> {
        let found = store::commendations::list(conn, request)?;
        flagged(conn, found)
    }

    fn insert(conn: &mut Conn, record: &FlaggedCommendation, version: i64) -> StoreResult<()> {
        store::commendations::insert(conn, &record.commendation, version)
    }

    fn update(conn: &mut Conn, record: &FlaggedCommendation, version: i64) -> StoreResult<()> {
        store::commendations::update(conn, &record.commendation, version)
    }

    fn delete(_conn: &mut Conn, key: &str) -> StoreResult<()> {
        Err(StoreError::Other(format!("the decision {key} is annulled, never taken away")))
    }

    fn remains(record: &FlaggedCommendation, now: Moment) -> Option<FlaggedCommendation> {
        let mut record = record.clone();
        record.commendation.annulled_at.get_or_insert(now);
        Some(record)
    }

    fn prepare(
        conn: &mut Conn,
        proposal: &mut Proposal<FlaggedCommendation>,
        old: Option<&FlaggedCommendation>,
    ) -> Result<()> {
        if let Some(old) = old.filter(|old| old.commendation.annulled_at.is_some()) {
            return if *old == proposal.record { Ok(()) } else { Err(annulled()) };
        }
        let decision = &proposal.record.commendation;
        let issuer = store::units::find(conn, &decision.issuer_unit_id)?.map(|unit| unit.record);
        let mut violations = decision.check(issuer.as_ref().map(|unit| unit.level));
        violations.extend(check_issuer(decision, issuer.as_ref()));
        check_recipients(conn, decision, &mut violations)?;
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        check_number(conn, decision)?;
        proposal.record.second_awards = store::commendations::second_awards(conn, decision)?;
        Ok(())
    }
}

fn flagged(
    conn: &mut Conn,
    found: Vec<Versioned<Commendation>>,
) -> StoreResult<Vec<Versioned<FlaggedCommendation>>> {
    let valid: Vec<&Commendation> =
        found.iter().map(|found| &found.record).filter(|decision| decision.annulled_at.is_none()).collect();
    let mut awards = store::commendations::second_awards_of(conn, &valid)?;
    let flagged = found.into_iter().map(|found| Versioned {
        version: found.version,
        record: FlaggedCommendation {
            second_awards: awards.remove(&found.record.id).unwrap_or_default(),
            commendation: found.record,
        },
    });
    Ok(flagged.collect())
}

fn annulled() -> Error {
    Error::conflict(
        "annulled",
        "The decision is annulled: it no longer changes.",
        "Quyết định đã bị hủy nên không thể thay đổi.",
    )
}

fn check_issuer(decision: &Commendation, issuer: Option<&Unit>) -> Option<Violation> {
    let id = &decision.issuer_unit_id;
    let Some(issuer) = issuer else { return Some(Error::unknown_unit("/issuer_unit_id", id)) };
    let day = decision.decided_on.filter(|day| !issuer.exists_on(*day))?;
    Some(Violation::new(
        "/issuer_unit_id",
        "unit_not_in_existence",
        format!("The unit `{id}` did not exist on {day}, the day of the decision."),
        format!("Đơn vị `{id}` không tồn tại vào ngày quyết định {day}."),
    ))
}

fn check_recipients(conn: &mut Conn, decision: &Commendation, violations: &mut Vec<Violation>) -> Result<()> {
    let named: HashSet<&String> = decision.recipients.iter().filter_map(|r| r.unit_id.as_ref()).collect();
    let named: Vec<String> = named.into_iter().cloned().collect();
    let known = store::units::find_all(conn, &named)?;
    let known: HashSet<&str> = known.iter().map(|unit| unit.id.as_str()).collect();
    for (i, recipient) in decision.recipients.iter().enumerate() {
        if let Some(id) = recipient.unit_id.as_ref().filter(|id| !known.contains(id.as_str())) {
            violations.push(Error::unknown_unit(format!("/recipients/{i}/unit_id"), id));
        }
    }
    Ok(())
}

/// A number is given once by an issuer in a year, and stays given when the decision is annulled.
fn check_number(conn: &mut Conn, decision: &Commendation) -> Result<()> {
    let Some(key) = number_key(decision) else { return Ok(()) };
    // Two new decisions of one number have different ids: the lock of the record doesn't part them.
    lock::record(conn, Structure::Used, "commendation-numbers", &key)?;
    let Some(other) = store::commendations::with_number(conn, &key, &decision.id)? else { return Ok(()) };
    Err(Error::Conflict {
        code: "number_taken",
        text: Text::new(
            format!("The decision `{other}` of the same issuer and year has this number."),
            format!("Quyết định `{other}` của cùng đơn vị và cùng năm đã dùng số này."),
        ),
        violations: vec![Violation::new(
            "/decision_number",
            "number_taken",
            "Taken by another decision of the issuer in that year.",
            "Đã được dùng cho một quyết định khác của đơn vị trong năm đó.",
        )],
    })
}
