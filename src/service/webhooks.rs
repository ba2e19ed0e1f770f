//! Webhooks: subscriptions of callers to changes. Each is its owner's, and tells what the owner sees.

use super::{
    access::Caller,
    crud::{self, Context, Proposal, Resource},
    error::{Error, Result},
};
use crate::{
    domain::{access::Scope, webhooks::Webhook},
    store::{
        self, Conn, Store, StoreResult, Versioned,
        list::{Filter, Request, Table, Test, Value},
        lock::Structure,
    },
};

/// Subscriptions of one owner at most: each is looked at again and again.
const MOST: i64 = 50;

/// `/webhooks`.
pub struct Webhooks;

/// Whether the caller may do everything with everybody's.
fn is_administrator(caller: &Caller) -> bool {
    caller.may_everywhere(Scope::Admin)
}

impl Resource for Webhooks {
    type Record = Webhook;
    const NAME: &'static str = "webhooks";
    const TABLE: Table = store::webhooks::TABLE;
    const STRUCTURE: Structure = Structure::Used;
    const HIDDEN: bool = true;

    fn may_write(caller: &Caller, webhook: &Webhook) -> bool {
        is_administrator(caller) || caller.id.as_deref() == Some(webhook.owner_id.as_str())
    }

    fn seen(
        _: &mut Conn,
        caller: &Caller,
        webhook: Versioned<Webhook>,
    ) -> Result<Option<Versioned<Webhook>>> {
        Ok(Some(webhook).filter(|webhook| Self::may_write(caller, &webhook.record)))
    }

    fn sight(caller: &Caller, _: &Request) -> Option<Filter> {
        let owner = caller.id.clone().unwrap_or_default();
        let own = || Filter { column: "owner_id", test: Test::Is, value: Value::Text(owner) };
        (!is_administrator(caller)).then(own)
    }

    fn key(webhook: &Webhook) -> String {
        webhook.id.clone()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<Webhook>>> {
        store::webhooks::find(conn, key)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Webhook>>> {
        store::webhooks::list(conn, request)
    }

    fn insert(conn: &mut Conn, webhook: &Webhook, version: i64) -> StoreResult<()> {
        store::webhooks::insert(conn, webhook, version)
    }

    fn update(conn: &mut Conn, webhook: &Webhook, version: i64) -> StoreResult<()> {
        store::webhooks::update(conn, webhook, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::webhooks::delete(conn, key)
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<Webhook>, old: Option<&Webhook>) -> Result<()> {
        let webhook = &mut proposal.record;
        if webhook.active {
            webhook.stopped_because = None;
        }
        let mut violations = webhook.check();
        let unit =
            webhook.unit_id.as_ref().filter(|id| old.is_none_or(|old| old.unit_id.as_ref() != Some(id)));
        if let Some(id) = unit
            && (id.chars().any(char::is_control) || !store::units::exists(conn, id)?)
        {
            violations.push(Error::unknown_unit("/unit_id", id));
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        if old.is_none() && store::webhooks::count_of(conn, &webhook.owner_id)? >= MOST {
            return Err(Error::conflict(
                "too_many",
                format!("A key has {MOST} webhooks at most."),
                format!("Mỗi khóa có tối đa {MOST} webhook."),
            ));
        }
        Ok(())
    }
}

/// Makes a subscription of the caller. Its owner must be known for as long as it lasts: a key of this service, or the
/// operator's own.
///
/// # Errors
/// `Forbidden` for the holder of a token, whose grant ends with it; `Invalid`.
pub async fn create(store: &Store, context: Context, mut webhook: Webhook) -> Result<Versioned<Webhook>> {
    let caller = context.caller.clone();
    let id = caller.id.clone().unwrap_or_default();
    let is_key = {
        let id = id.clone();
        store.read(move |conn| Ok::<_, Error>(store::api_keys::find(conn, &id)?.is_some())).await?
    };
    let is_operator = !is_key && is_administrator(&caller) && id == caller.name;
    if !is_key && !is_operator {
        return Err(Error::Forbidden(crate::domain::violation::Text::new(
            "Webhooks need a key of this service: what a token may see ends with it.",
            "Webhook cần khóa truy cập của hệ thống này: quyền của mã truy cập hết hiệu lực cùng với mã.",
        )));
    }
    webhook.owner_id = id;
    webhook.owner_name = caller.name.clone();
    webhook.owner_is_operator = is_operator;
    webhook.created_at = context.now;
    crud::create::<Webhooks>(store, context, webhook.into()).await
}
