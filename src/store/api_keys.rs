//! Keys of callers and the version of the tree of units that they reach into.

use std::collections::HashMap;

use diesel::{
    prelude::*,
    sql_types::{BigInt, Nullable, Text},
};

use super::{
    State, Versioned,
    conn::{Conn, either},
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::{api_key_secrets, api_keys, unit_successors, unit_tree, units},
    sql::{Statement, Value},
};
use crate::domain::{
    access::{Grant, Reachable, Scope},
    api_keys::{ApiKey, KeySecret, words_of},
    time::Moment,
    units::Validity,
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "api_keys", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = api_keys, treat_none_as_null = true)]
struct KeyRow {
    id: String,
    name: String,
    scopes: String,
    unit_id: Option<String>,
    partial_predecessors: String,
    created_at: i64,
    created_by: String,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
    search: String,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = api_key_secrets)]
struct SecretRow {
    hash: String,
    key_id: String,
    position: i32,
    hint: String,
    created_at: i64,
    ends_at: Option<i64>,
}

impl KeyRow {
    fn new(key: &ApiKey, version: i64) -> StoreResult<Self> {
        Ok(Self {
            id: key.id.clone(),
            name: key.name.clone(),
            scopes: words_of(key.grant.scopes).join(" "),
            unit_id: key.grant.unit_id.clone(),
            partial_predecessors: row::json(&key.grant.partial_predecessors)?,
            created_at: key.created_at.micros(),
            created_by: key.created_by.clone(),
            expires_at: row::micros(key.expires_at),
            revoked_at: row::micros(key.revoked_at),
            last_used_at: row::micros(key.last_used_at),
            search: row::search_text([Some(key.name.as_str()), key.grant.unit_id.as_deref()]),
            version,
        })
    }

    fn key(self, secrets: Vec<KeySecret>) -> StoreResult<Versioned<ApiKey>> {
        let scopes: Vec<Scope> = self.scopes.split_whitespace().map(row::word).collect::<StoreResult<_>>()?;
        let record = ApiKey {
            id: self.id,
            name: self.name,
            grant: Grant {
                scopes: scopes.into_iter().collect(),
                unit_id: self.unit_id,
                partial_predecessors: row::from_json(&self.partial_predecessors)?,
            },
            created_at: Moment::from_micros(self.created_at),
            created_by: self.created_by,
            expires_at: row::moment(self.expires_at),
            revoked_at: row::moment(self.revoked_at),
            last_used_at: row::moment(self.last_used_at),
            secrets,
        };
        Ok(Versioned { record, version: self.version })
    }
}

fn with_secrets(conn: &mut Conn, rows: Vec<KeyRow>) -> StoreResult<Vec<Versioned<ApiKey>>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let found: Vec<SecretRow> = api_key_secrets::table
        .filter(api_key_secrets::key_id.eq_any(&ids))
        .order((api_key_secrets::key_id, api_key_secrets::position))
        .load(conn)?;
    let mut by_key: HashMap<String, Vec<KeySecret>> = HashMap::new();
    for secret in found {
        by_key.entry(secret.key_id).or_default().push(KeySecret {
            hash: secret.hash,
            hint: secret.hint,
            created_at: Moment::from_micros(secret.created_at),
            ends_at: row::moment(secret.ends_at),
        });
    }
    rows.into_iter()
        .map(|row| {
            let secrets = by_key.remove(&row.id).unwrap_or_default();
            row.key(secrets)
        })
        .collect()
}

/// A key by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<ApiKey>>> {
    let found: Option<KeyRow> = api_keys::table.find(id).get_result(conn).optional()?;
    Ok(with_secrets(conn, found.into_iter().collect())?.pop())
}

/// A page of keys.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<ApiKey>>> {
    let rows: Vec<KeyRow> = list::page(conn, TABLE, request)?;
    with_secrets(conn, rows)
}

/// Adds a key.
pub fn insert(conn: &mut Conn, key: &ApiKey, version: i64) -> StoreResult<()> {
    diesel::insert_into(api_keys::table).values(KeyRow::new(key, version)?).execute(conn)?;
    insert_secrets(conn, key)
}

/// Replaces a key. When it was used last is noted by [`note_use`] alone.
pub fn update(conn: &mut Conn, key: &ApiKey, version: i64) -> StoreResult<()> {
    diesel::update(api_keys::table.find(&key.id)).set(KeyRow::new(key, version)?).execute(conn)?;
    delete_secrets(conn, &key.id)?;
    insert_secrets(conn, key)
}

fn insert_secrets(conn: &mut Conn, key: &ApiKey) -> StoreResult<()> {
    for (position, secret) in (0i32..).zip(&key.secrets) {
        diesel::insert_into(api_key_secrets::table)
            .values(SecretRow {
                hash: secret.hash.clone(),
                key_id: key.id.clone(),
                position,
                hint: secret.hint.clone(),
                created_at: secret.created_at.micros(),
                ends_at: row::micros(secret.ends_at),
            })
            .execute(conn)?;
    }
    Ok(())
}

fn delete_secrets(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(api_key_secrets::table.filter(api_key_secrets::key_id.eq(id))).execute(conn)?;
    Ok(())
}

/// Takes a key away.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    delete_secrets(conn, id)?;
    diesel::delete(api_keys::table.find(id)).execute(conn)?;
    Ok(())
}

/// Whether there is a key that isn't revoked.
pub fn any(conn: &mut Conn) -> StoreResult<bool> {
    let first: Option<i64> = api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .select(api_keys::version)
        .first(conn)
        .optional()?;
    Ok(first.is_some())
}

/// What a secret opens, as far as it changes between two requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The key.
    pub key_id: String,
    /// Change number of its last write.
    pub version: i64,
    /// When the secret or its key ends, whichever is earlier.
    pub ends_at: Option<Moment>,
    /// Whether the key is revoked.
    pub revoked: bool,
    /// The unit that it is bound to.
    pub unit_id: Option<String>,
    /// Version of the tree of units.
    pub tree: i64,
    /// The state of the database in which all of this is so, on PostgreSQL.
    pub state: Option<State>,
}

/// The key of a secret, in one statement: on PostgreSQL it tells the state of the database besides, in which the key is
/// known from then on.
pub fn presented(conn: &mut Conn, hash: &str) -> StoreResult<Option<Presented>> {
    type Columns = (
        Text,
        BigInt,
        Nullable<BigInt>,
        Nullable<BigInt>,
        Nullable<BigInt>,
        Nullable<Text>,
        BigInt,
        Nullable<Text>,
    );
    type Row = (String, i64, Option<i64>, Option<i64>, Option<i64>, Option<String>, i64, Option<String>);
    let state = match conn {
        Conn::Sqlite(_) => "NULL",
        Conn::Postgres(_) => "pg_current_snapshot()::text",
    };
    let mut statement = Statement::default();
    statement.push("SELECT k.id, k.version, s.ends_at, k.expires_at, k.revoked_at, k.unit_id, t.version, ");
    statement.push(state);
    statement.push(
        " FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id CROSS JOIN unit_tree t WHERE s.hash = ",
    );
    statement.bind(Value::Text(hash.to_owned()));
    let found = statement.settled().rows::<Columns, Row>(conn)?.into_iter().next();
    Ok(found.map(|(key_id, version, ends_at, expires_at, revoked_at, unit_id, tree, snapshot)| Presented {
        key_id,
        version,
        ends_at: row::moment([ends_at, expires_at].into_iter().flatten().min()),
        revoked: revoked_at.is_some(),
        unit_id,
        tree,
        state: snapshot.map(|snapshot| State::Postgres { snapshot }),
    }))
}

/// Notes that a key was used.
pub fn note_use(conn: &mut Conn, id: &str, at: Moment) -> StoreResult<()> {
    diesel::update(api_keys::table.find(id))
        .set(api_keys::last_used_at.eq(Some(at.micros())))
        .execute(conn)?;
    Ok(())
}

/// Version of the tree of units.
pub fn tree_version(conn: &mut Conn) -> StoreResult<i64> {
    let version = unit_tree::table.find(1).select(unit_tree::version);
    Ok(either!(conn, |conn| version.get_result(conn)).optional()?.unwrap_or(0))
}

/// Says that the tree of units has moved.
pub fn move_tree(conn: &mut Conn) -> StoreResult<()> {
    let next = unit_tree::version.eq(unit_tree::version + 1);
    diesel::update(unit_tree::table.find(1)).set(next).execute(conn)?;
    Ok(())
}

/// Every unit, as reaching needs to know it.
pub fn reachable(conn: &mut Conn) -> StoreResult<Vec<Reachable>> {
    type UnitRow = (String, Option<String>, Option<chrono::NaiveDate>, Option<chrono::NaiveDate>);
    let passed: Vec<(String, String, String)> = unit_successors::table
        .select((unit_successors::unit_id, unit_successors::successor_id, unit_successors::extent))
        .load(conn)?;
    let mut successors: HashMap<String, Vec<(String, _)>> = HashMap::new();
    for (unit_id, successor_id, extent) in passed {
        successors.entry(unit_id).or_default().push((successor_id, row::word(&extent)?));
    }
    let rows: Vec<UnitRow> =
        units::table.select((units::id, units::parent_id, units::valid_from, units::valid_to)).load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, parent_id, from, to)| Reachable {
            successors: successors.remove(&id).unwrap_or_default(),
            id,
            parent_id,
            validity: Validity { from: row::day(from), to: row::day(to) },
        })
        .collect())
}
