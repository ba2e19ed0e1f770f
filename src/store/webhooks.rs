//! Subscriptions: as their owners know them, how far each is in the feed, and which instance works on it.

use diesel::prelude::*;

use super::{
    Versioned, audit, changes,
    changes::Place,
    conn::Conn,
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::{webhook_deliveries, webhooks},
};
use crate::domain::{time::Moment, webhooks::Webhook};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "webhooks", key: "id" };

#[derive(Queryable, QueryableByName, Insertable)]
#[diesel(table_name = webhooks)]
struct WebhookRow {
    id: String,
    url: String,
    owner_id: String,
    owner_name: String,
    owner_is_operator: bool,
    resources: String,
    actions: String,
    unit_id: Option<String>,
    secret: String,
    active: bool,
    stopped_because: Option<String>,
    created_at: i64,
    cursor_tx: i64,
    cursor_id: i64,
    failed_in_row: i32,
    lease_owner: Option<String>,
    lease_until: Option<i64>,
    search: String,
    version: i64,
}

/// A subscription with what its deliveries need to know.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The subscription.
    pub webhook: Webhook,
    /// Up to where the feed was looked through for it.
    pub cursor: Place,
    /// Deliveries that were given up since the last that was taken.
    pub failed_in_row: i32,
}

impl WebhookRow {
    fn subscription(self) -> StoreResult<Versioned<Subscription>> {
        Ok(Versioned {
            version: self.version,
            record: Subscription {
                cursor: Place { tx: self.cursor_tx, id: self.cursor_id },
                failed_in_row: self.failed_in_row,
                webhook: Webhook {
                    resources: row::from_json(&self.resources)?,
                    actions: row::from_json(&self.actions)?,
                    stopped_because: row::optional_word(self.stopped_because.as_deref())?,
                    created_at: Moment::from_micros(self.created_at),
                    id: self.id,
                    url: self.url,
                    owner_id: self.owner_id,
                    owner_name: self.owner_name,
                    owner_is_operator: self.owner_is_operator,
                    unit_id: self.unit_id,
                    secret: self.secret,
                    active: self.active,
                },
            },
        })
    }
}

fn webhook(found: Versioned<Subscription>) -> Versioned<Webhook> {
    Versioned { record: found.record.webhook, version: found.version }
}

/// A subscription by its id, with how far it is.
pub fn subscription(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<Subscription>>> {
    let found: Option<WebhookRow> = webhooks::table.find(id).get_result(conn).optional()?;
    found.map(WebhookRow::subscription).transpose()
}

/// A subscription by its id.
pub fn find(conn: &mut Conn, id: &str) -> StoreResult<Option<Versioned<Webhook>>> {
    Ok(subscription(conn, id)?.map(webhook))
}

/// A page of subscriptions.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<Webhook>>> {
    let rows: Vec<WebhookRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(|row| row.subscription().map(webhook)).collect()
}

/// How many subscriptions an owner has.
pub fn count_of(conn: &mut Conn, owner_id: &str) -> StoreResult<i64> {
    Ok(webhooks::table.filter(webhooks::owner_id.eq(owner_id)).count().get_result(conn)?)
}

/// Ids of the subscriptions that are to be worked on.
pub fn active(conn: &mut Conn) -> StoreResult<Vec<String>> {
    Ok(webhooks::table
        .filter(webhooks::active.eq(true))
        .select(webhooks::id)
        .order(webhooks::id)
        .load(conn)?)
}

/// Adds a subscription: it is told what changes from now on.
pub fn insert(conn: &mut Conn, webhook: &Webhook, version: i64) -> StoreResult<()> {
    let end = changes::end(conn)?;
    let row = WebhookRow {
        id: webhook.id.clone(),
        url: webhook.url.clone(),
        owner_id: webhook.owner_id.clone(),
        owner_name: webhook.owner_name.clone(),
        owner_is_operator: webhook.owner_is_operator,
        resources: row::json(&webhook.resources)?,
        actions: row::json(&webhook.actions)?,
        unit_id: webhook.unit_id.clone(),
        secret: webhook.secret.clone(),
        active: webhook.active,
        stopped_because: webhook.stopped_because.map(|why| why.to_string()),
        created_at: webhook.created_at.micros(),
        cursor_tx: end.tx,
        cursor_id: end.id,
        failed_in_row: 0,
        lease_owner: None,
        lease_until: None,
        search: row::search_text([Some(webhook.url.as_str()), Some(webhook.owner_name.as_str())]),
        version,
    };
    diesel::insert_into(webhooks::table).values(row).execute(conn)?;
    Ok(())
}

/// Replaces what its owner says of a subscription. One that is active goes on where it stands, or at the end of the
/// feed where what is behind its place is no longer kept.
pub fn update(conn: &mut Conn, webhook: &Webhook, version: i64) -> StoreResult<()> {
    let own = webhooks::table.find(&webhook.id);
    diesel::update(own)
        .set((
            webhooks::url.eq(&webhook.url),
            webhooks::resources.eq(row::json(&webhook.resources)?),
            webhooks::actions.eq(row::json(&webhook.actions)?),
            webhooks::unit_id.eq(&webhook.unit_id),
            webhooks::secret.eq(&webhook.secret),
            webhooks::active.eq(webhook.active),
            webhooks::stopped_because.eq(webhook.stopped_because.map(|why| why.to_string())),
            webhooks::search
                .eq(row::search_text([Some(webhook.url.as_str()), Some(webhook.owner_name.as_str())])),
            webhooks::version.eq(version),
        ))
        .execute(conn)?;
    if !webhook.active {
        return Ok(());
    }
    diesel::update(own).set(webhooks::failed_in_row.eq(0)).execute(conn)?;
    if let (Some(found), Some(purged)) = (subscription(conn, &webhook.id)?, audit::purged_up_to(conn)?)
        && found.record.cursor < purged
    {
        let end = changes::end(conn)?;
        diesel::update(own)
            .set((webhooks::cursor_tx.eq(end.tx), webhooks::cursor_id.eq(end.id)))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes a subscription away, with its deliveries.
pub fn delete(conn: &mut Conn, id: &str) -> StoreResult<()> {
    diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(id))).execute(conn)?;
    diesel::delete(webhooks::table.find(id)).execute(conn)?;
    Ok(())
}

/// Takes or keeps the right to work on a subscription until a moment; false when another has it.
pub fn claim(conn: &mut Conn, id: &str, owner: &str, now: Moment, until: Moment) -> StoreResult<bool> {
    let free = webhooks::lease_until
        .is_null()
        .or(webhooks::lease_until.lt(now.micros()))
        .or(webhooks::lease_owner.eq(owner));
    let claimed = diesel::update(webhooks::table.filter(webhooks::id.eq(id)).filter(free.assume_not_null()))
        .set((webhooks::lease_owner.eq(Some(owner)), webhooks::lease_until.eq(Some(until.micros()))))
        .execute(conn)?;
    Ok(claimed > 0)
}

/// Gives the right to work on a subscription back.
pub fn release(conn: &mut Conn, id: &str, owner: &str) -> StoreResult<()> {
    let own = webhooks::table.filter(webhooks::id.eq(id)).filter(webhooks::lease_owner.eq(owner));
    diesel::update(own)
        .set((webhooks::lease_owner.eq(None::<String>), webhooks::lease_until.eq(None::<i64>)))
        .execute(conn)?;
    Ok(())
}

/// Notes up to where the feed was looked through.
pub fn set_cursor(conn: &mut Conn, id: &str, place: Place) -> StoreResult<()> {
    diesel::update(webhooks::table.find(id))
        .set((webhooks::cursor_tx.eq(place.tx), webhooks::cursor_id.eq(place.id)))
        .execute(conn)?;
    Ok(())
}

/// Notes how many deliveries in a row were given up.
pub fn set_failed_in_row(conn: &mut Conn, id: &str, count: i32) -> StoreResult<()> {
    diesel::update(webhooks::table.find(id)).set(webhooks::failed_in_row.eq(count)).execute(conn)?;
    Ok(())
}
