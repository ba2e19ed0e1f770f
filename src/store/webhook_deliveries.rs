//! The outbox: what subscriptions are to be told, how often it was tried, and what became of it.

use diesel::prelude::*;

use super::{
    conn::Conn,
    error::StoreResult,
    list::{self, Request, Table},
    row,
    schema::webhook_deliveries,
};
use crate::domain::{
    time::Moment,
    webhooks::{Delivery, DeliveryStatus},
};

/// The table as lists know it.
pub const TABLE: Table = Table { name: "webhook_deliveries", key: "id" };

#[derive(Queryable, QueryableByName, Insertable, AsChangeset)]
#[diesel(table_name = webhook_deliveries, treat_none_as_null = true)]
struct DeliveryRow {
    id: String,
    webhook_id: String,
    tx: i64,
    change_id: i64,
    resource: String,
    record_id: String,
    action: String,
    status: String,
    attempts: i32,
    created_at: i64,
    next_at: Option<i64>,
    attempted_at: Option<i64>,
    finished_at: Option<i64>,
    response_status: Option<i32>,
    error: Option<String>,
}

impl DeliveryRow {
    fn new(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.clone(),
            webhook_id: delivery.webhook_id.clone(),
            tx: delivery.tx,
            change_id: delivery.change_id,
            resource: delivery.resource.clone(),
            record_id: delivery.record_id.clone(),
            action: delivery.action.to_string(),
            status: delivery.status.to_string(),
            attempts: delivery.attempts,
            created_at: delivery.created_at.micros(),
            next_at: row::micros(delivery.next_at),
            attempted_at: row::micros(delivery.attempted_at),
            finished_at: row::micros(delivery.finished_at),
            response_status: delivery.response_status,
            error: delivery.error.clone(),
        }
    }

    fn delivery(self) -> StoreResult<Delivery> {
        Ok(Delivery {
            action: row::word(&self.action)?,
            status: row::word(&self.status)?,
            id: self.id,
            webhook_id: self.webhook_id,
            tx: self.tx,
            change_id: self.change_id,
            resource: self.resource,
            record_id: self.record_id,
            attempts: self.attempts,
            created_at: Moment::from_micros(self.created_at),
            next_at: row::moment(self.next_at),
            attempted_at: row::moment(self.attempted_at),
            finished_at: row::moment(self.finished_at),
            response_status: self.response_status,
            error: self.error,
        })
    }
}

/// Adds deliveries.
pub fn insert(conn: &mut Conn, deliveries: &[Delivery]) -> StoreResult<()> {
    for delivery in deliveries {
        diesel::insert_into(webhook_deliveries::table).values(DeliveryRow::new(delivery)).execute(conn)?;
    }
    Ok(())
}

/// Replaces a delivery.
pub fn update(conn: &mut Conn, delivery: &Delivery) -> StoreResult<()> {
    diesel::update(webhook_deliveries::table.find(&delivery.id))
        .set(DeliveryRow::new(delivery))
        .execute(conn)?;
    Ok(())
}

/// The first delivery of a subscription that is pending.
pub fn first_pending(conn: &mut Conn, webhook_id: &str) -> StoreResult<Option<Delivery>> {
    let found: Option<DeliveryRow> = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .filter(webhook_deliveries::status.eq(DeliveryStatus::Pending.as_str()))
        .order(webhook_deliveries::id)
        .first(conn)
        .optional()?;
    found.map(DeliveryRow::delivery).transpose()
}

/// A page of deliveries.
pub fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Delivery>> {
    let rows: Vec<DeliveryRow> = list::page(conn, TABLE, request)?;
    rows.into_iter().map(DeliveryRow::delivery).collect()
}

/// Takes deliveries away that ended before a moment.
pub fn forget(conn: &mut Conn, before: Moment) -> StoreResult<usize> {
    let old = webhook_deliveries::table.filter(webhook_deliveries::finished_at.lt(before.micros()));
    Ok(diesel::delete(old).execute(conn)?)
}
