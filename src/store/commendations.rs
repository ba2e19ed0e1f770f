//! Commendation decisions with their recipients.

use std::collections::HashMap;

use diesel::{
    prelude::*,
    sql_types::{Integer, Text},
};

use super::{
    Versioned,
    conn::Conn,
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::{commendation_recipients, commendations},
    sql::numbered,
};
use crate::domain::{
    commendations::{Commendation, Recipient, RecipientKind},
    text::fold,
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "commendations", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = commendations, treat_none_as_null = true)]
struct CommendationRow {
    id: String,
    decision_number: Option<String>,
    decided_on: Option<chrono::NaiveDate>,
    number_key: Option<String>,
    issuer_unit_id: String,
    form: String,
    ground: String,
    achievement_year: i32,
    annulled_at: Option<i64>,
    search: String,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = commendation_recipients)]
struct RecipientRow {
    commendation_id: String,
    position: i32,
    kind: String,
    name: Option<String>,
    identity: Option<String>,
    unit_id: Option<String>,
    count: i32,
}

/// What is unique about a dated and numbered decision: issuer, year of the decision, number.
pub fn number_key(commendation: &Commendation) -> Option<String> {
    let number = commendation.decision_number.as_ref()?;
    let day = commendation.decided_on?;
    Some(format!("{}/{}/{number}", commendation.issuer_unit_id, day.year()))
}

impl CommendationRow {
    fn new(c: &Commendation, version: i64) -> Self {
        // Individuals are not searched for: a match would tell the public a name that it doesn't see.
        let collectives = c.recipients.iter().filter(|r| r.kind == RecipientKind::Collective);
        let names = collectives.map(|r| r.name.as_deref());
        let texts = [c.decision_number.as_deref(), Some(c.ground.as_str())];
        Self {
            id: c.id.clone(),
            decision_number: c.decision_number.clone(),
            decided_on: row::date(c.decided_on),
            number_key: number_key(c),
            issuer_unit_id: c.issuer_unit_id.clone(),
            form: c.form.to_string(),
            ground: c.ground.clone(),
            achievement_year: c.achievement_year,
            annulled_at: row::micros(c.annulled_at),
            search: row::search_text(texts.into_iter().chain(names)),
            version,
        }
    }

    fn commendation(self, recipients: Vec<Recipient>) -> StoreResult<Versioned<Commendation>> {
        Ok(Versioned {
            version: self.version,
            record: Commendation {
                form: row::word(&self.form)?,
                id: self.id,
                decision_number: self.decision_number,
                decided_on: row::day(self.decided_on),
                issuer_unit_id: self.issuer_unit_id,
                ground: self.ground,
                achievement_year: self.achievement_year,
                recipients,
                annulled_at: row::moment(self.annulled_at),
            },
        })
    }
}

fn with_recipients(conn: &mut Conn, rows: Vec<CommendationRow>) -> StoreResult<Vec<Versioned<Commendation>>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let found: Vec<RecipientRow> = commendation_recipients::table
        .filter(commendation_recipients::commendation_id.eq_any(&ids))
        .order((commendation_recipients::commendation_id, commendation_recipients::position))
        .load(conn)?;
    let mut by_decision: HashMap<String, Vec<Recipient>> = HashMap::new();
    for recipient in found {
        by_decision.entry(recipient.commendation_id).or_default().push(Recipient {
            kind: row::word(&recipient.kind)?,
            name: recipient.name,
            unit_id: recipient.unit_id,
            count: recipient.count,
        });
    }
    rows.into_iter()
        .map(|row| {
            let recipients = by_decision.remove(&row.id).unwrap_or_default();
            row.commendation(recipients)
        })
        .collect()
}

/// A decision by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<Commendation>>> {
    let found: Option<CommendationRow> = commendations::table.find(id).get_result(conn).optional()?;
    Ok(with_recipients(conn, found.into_iter().collect())?.pop())
}

/// A page of decisions.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Commendation>>> {
    let rows: Vec<CommendationRow> = list::page(conn, TABLE, request)?;
    with_recipients(conn, rows)
}

/// Adds a decision.
pub fn insert(conn: &mut Conn, commendation: &Commendation, version: i64) -> StoreResult<()> {
    diesel::insert_into(commendations::table)
        .values(CommendationRow::new(commendation, version))
        .execute(conn)?;
    insert_recipients(conn, commendation)
}

/// Replaces a decision.
pub fn update(conn: &mut Conn, commendation: &Commendation, version: i64) -> StoreResult<()> {
    diesel::update(commendations::table.find(&commendation.id))
        .set(CommendationRow::new(commendation, version))
        .execute(conn)?;
    diesel::delete(
        commendation_recipients::table.filter(commendation_recipients::commendation_id.eq(&commendation.id)),
    )
    .execute(conn)?;
    insert_recipients(conn, commendation)
}

fn insert_recipients(conn: &mut Conn, commendation: &Commendation) -> StoreResult<()> {
    for (position, recipient) in (0i32..).zip(&commendation.recipients) {
        diesel::insert_into(commendation_recipients::table)
            .values(RecipientRow {
                commendation_id: commendation.id.clone(),
                position,
                kind: recipient.kind.to_string(),
                name: recipient.name.clone(),
                identity: identity(recipient),
                unit_id: recipient.unit_id.clone(),
                count: recipient.count,
            })
            .execute(conn)?;
    }
    Ok(())
}

/// The decision that has a number already, other than `except`.
pub fn with_number(conn: &mut Conn, key: &str, except: &str) -> StoreResult<Option<String>> {
    Ok(commendations::table
        .filter(commendations::number_key.eq(key))
        .filter(commendations::id.ne(except))
        .select(commendations::id)
        .first(conn)
        .optional()?)
}

/// Another valid decision that names one of the recipients for the same year: perhaps a second award.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecondAward {
    /// Id of the decision.
    pub id: String,
    /// Who issued it.
    pub issuer_unit_id: String,
    /// Whether the recipient is an individual, whose name alone tells it.
    pub individual: bool,
}

/// The second awards of a decision.
pub fn second_awards(conn: &mut Conn, commendation: &Commendation) -> StoreResult<Vec<SecondAward>> {
    let found = second_awards_of(conn, &[commendation])?;
    Ok(found.into_values().next().unwrap_or_default())
}

/// What tells a recipient from others: the folded name, or the unit of an unnamed collective. No name begins with
/// a control character, so that a unit is never taken for a name.
fn identity(recipient: &Recipient) -> Option<String> {
    match (&recipient.name, &recipient.unit_id, recipient.kind) {
        (Some(name), ..) => Some(fold(name)),
        (None, Some(unit), RecipientKind::Collective) if recipient.count == 1 => Some(format!("\u{1}{unit}")),
        _ => None,
    }
}

/// What two recipients have in common when one of them may be a second award.
#[derive(PartialEq, Eq, Hash)]
struct Award {
    name: String,
    kind: String,
    year: i32,
}

#[derive(Queryable)]
struct Awarded {
    id: String,
    year: i32,
    kind: String,
    identity: Option<String>,
    unit_id: Option<String>,
    issuer_unit_id: String,
}

/// [`second_awards`] of several decisions, by their ids; those without one are left out.
pub fn second_awards_of(
    conn: &mut Conn,
    commendations: &[&Commendation],
) -> StoreResult<HashMap<String, Vec<SecondAward>>> {
    let named = |c: &Commendation| -> Vec<String> { c.recipients.iter().filter_map(identity).collect() };
    let mut years: Vec<i32> = commendations.iter().map(|c| c.achievement_year).collect();
    years.sort_unstable();
    years.dedup();
    let mut names: Vec<String> = commendations.iter().flat_map(|c| named(c)).collect();
    names.sort_unstable();
    names.dedup();
    let mut awards: HashMap<Award, Vec<Awarded>> = HashMap::new();
    // SQLite binds 32766 values at most.
    for part in names.chunks(10_000) {
        let found: Vec<Awarded> = commendation_recipients::table
            .inner_join(
                commendations::table.on(commendations::id.eq(commendation_recipients::commendation_id)),
            )
            .filter(commendation_recipients::identity.eq_any(part))
            .filter(commendations::achievement_year.eq_any(&years))
            .filter(commendations::annulled_at.is_null())
            .select((
                commendations::id,
                commendations::achievement_year,
                commendation_recipients::kind,
                commendation_recipients::identity,
                commendation_recipients::unit_id,
                commendations::issuer_unit_id,
            ))
            .load(conn)?;
        for awarded in found {
            let name = awarded.identity.clone().unwrap_or_default();
            let award = Award { name, kind: awarded.kind.clone(), year: awarded.year };
            awards.entry(award).or_default().push(awarded);
        }
    }
    let mut by_decision = HashMap::new();
    for decision in commendations {
        let mut others = Vec::new();
        for recipient in &decision.recipients {
            let Some(name) = identity(recipient) else { continue };
            let award = Award { name, kind: recipient.kind.to_string(), year: decision.achievement_year };
            // The same name in another known unit is another person or collective.
            let same = awards.get(&award).into_iter().flatten().filter(|other| {
                let elsewhere = other.unit_id.is_some()
                    && recipient.unit_id.is_some()
                    && other.unit_id != recipient.unit_id;
                other.id != decision.id && !elsewhere
            });
            others.extend(same.map(|other| SecondAward {
                id: other.id.clone(),
                issuer_unit_id: other.issuer_unit_id.clone(),
                individual: recipient.kind == RecipientKind::Individual,
            }));
        }
        if !others.is_empty() {
            others.sort();
            others.dedup();
            by_decision.insert(decision.id.clone(), others);
        }
    }
    Ok(by_decision)
}

/// Recipients of valid decisions issued by a unit or one below it for a year, by kind.
pub fn count_recipients(
    conn: &mut Conn,
    unit_id: &str,
    year: i32,
) -> StoreResult<HashMap<RecipientKind, i64>> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let statement = format!(
        "SELECT r.kind AS kind, CAST(SUM(r.count) AS BIGINT) AS n FROM commendations c \
         JOIN commendation_recipients r ON r.commendation_id = c.id \
         WHERE c.annulled_at IS NULL AND c.achievement_year = $1 AND c.issuer_unit_id IN ({}) GROUP BY r.kind",
        list::subtree("$2")
    );
    let counts: Vec<Count> =
        numbered(conn, &statement).bind::<Integer, _>(year).bind::<Text, _>(unit_id.to_owned()).load(conn)?;
    counts.into_iter().map(|c| Ok((row::word(&c.kind)?, c.n))).collect()
}
