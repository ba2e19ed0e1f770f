//! Keys of callers: made, listed, rotated and revoked by administrators.
//!
//! What a key entitles to never changes: another grant is another key. The secret leaves this module once, when it
//! is made.

use sha2::{Digest, Sha256};

use super::{
    access::Caller,
    crud::{self, Context, Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{
        access::{Grant, Scope},
        api_keys::{ApiKey, HINT_LENGTH, KeySecret, PREFIX},
        text::hexadecimal,
        time::Moment,
    },
    store::{
        self, Conn, Store, StoreError, StoreResult, Versioned,
        list::{Request, Table},
        lock::{self, Structure},
    },
};

/// `/api-keys`.
pub struct ApiKeys;

impl Resource for ApiKeys {
    type Record = ApiKey;
    const NAME: &'static str = "api-keys";
    const TABLE: Table = store::api_keys::TABLE;
    const STRUCTURE: Structure = Structure::Used;

    fn may_write(caller: &Caller, _: &ApiKey) -> bool {
        caller.may_everywhere(Scope::Admin)
    }

    fn key(key: &ApiKey) -> String {
        key.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<ApiKey>>> {
        store::api_keys::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<ApiKey>>> {
        store::api_keys::list(conn, request)
    }

    fn insert(conn: &mut Conn, key: &ApiKey, version: i64) -> StoreResult<()> {
        store::api_keys::insert(conn, key, version)
    }

    fn update(conn: &mut Conn, key: &ApiKey, version: i64) -> StoreResult<()> {
        store::api_keys::update(conn, key, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::api_keys::delete(conn, key)
    }

    /// A key that is revoked stays, so that what it did keeps its name.
    fn remains(key: &ApiKey, now: Moment) -> Option<ApiKey> {
        Some(ApiKey { revoked_at: key.revoked_at.or(Some(now)), ..key.clone() })
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<ApiKey>, old: Option<&ApiKey>) -> Result<()> {
        let key = &proposal.record;
        let mut violations = key.check();
        let bound = key.grant.unit_id.iter().map(|id| ("/unit_id".to_owned(), id));
        let named = key.grant.partial_predecessors.iter().enumerate();
        let named = named.map(|(i, id)| (format!("/partial_predecessors/{i}"), id));
        for (pointer, id) in bound.chain(named).filter(|_| old.is_none()) {
            let is_id = !id.chars().any(char::is_control);
            if !is_id || !store::units::exists(conn, id)? {
                violations.push(Error::unknown_unit(pointer, id));
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
    }
}

/// A key that is to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What its owner is called.
    pub name: String,
    /// What it entitles to.
    pub grant: Grant,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
}

/// Makes a key, and tells its secret this once.
///
/// # Errors
/// `Invalid`; the database's.
pub async fn create(store: &Store, context: Context, new: NewKey) -> Result<(Versioned<ApiKey>, String)> {
    let (secret, kept) = new_secret(context.now)?;
    let record = ApiKey {
        id: uuid::Uuid::now_v7().to_string(),
        name: new.name,
        grant: new.grant,
        created_at: context.now,
        created_by: context.actor().to_owned(),
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
        secrets: vec![kept],
    };
    let key = crud::create::<ApiKeys>(store, context, record.into()).await?;
    Ok((key, secret))
}

/// Gives a key another secret; the one before it lives until `old_ends_at`.
///
/// # Errors
/// `NotFound`; `Conflict` for a key that is revoked or has expired.
pub async fn rotate(
    store: &Store,
    context: Context,
    id: String,
    old_ends_at: Moment,
) -> Result<(Versioned<ApiKey>, String)> {
    let (secret, kept) = new_secret(context.now)?;
    let key = store
        .write(move |conn| {
            lock::record(conn, ApiKeys::STRUCTURE, ApiKeys::NAME, &id)?;
            let old = ApiKeys::find(conn, &id)?.ok_or_else(|| Error::not_found(ApiKeys::NAME, id))?;
            crud::refuse_out_of_reach::<ApiKeys>(&context.caller, &old.record)?;
            if !old.record.lives(context.now) {
                return Err(Error::conflict(
                    "key_ended",
                    "The key is revoked or has expired: make another.",
                    "Khóa đã bị thu hồi hoặc hết hạn: hãy tạo khóa khác.",
                ));
            }
            let mut record = old.record.clone();
            record.rotate(kept, old_ends_at);
            crud::update::<ApiKeys>(conn, &context, &old.record, record.into())
        })
        .await?;
    Ok((key, secret))
}

/// 32 random bytes behind the prefix, and what is kept of them.
fn new_secret(now: Moment) -> Result<(String, KeySecret)> {
    let secret = random_secret()?;
    let hint = secret.chars().take(HINT_LENGTH).collect();
    let kept = KeySecret { hash: hash(&secret), hint, created_at: now, ends_at: None };
    Ok((secret, kept))
}

/// A new secret.
///
/// # Errors
/// When the system has no random bytes to give.
pub fn random_secret() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|e| Error::Store(StoreError::Other(format!("no random bytes: {e}"))))?;
    Ok(format!("{PREFIX}{}", hexadecimal(&bytes)))
}

/// What a secret is kept as.
pub fn hash(secret: &str) -> String {
    hexadecimal(&Sha256::digest(secret))
}
