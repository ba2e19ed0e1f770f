//! The outbox of webhooks: what each subscription is to be told, in the order of the feed, and what becomes of it.
//!
//! A delivery holds the place of its change, not the change: that is read when it is sent, as the owner sees it then.
//! One instance at a time works on a subscription, which it has claimed for [`LEASE_MICROS`]; when it dies, another
//! goes on from what is stored. So a receiver may be told something twice, and never out of order.

use std::sync::Arc;

use super::{
    access::Caller,
    changed_resources::ChangedResource,
    changes::{Change, Question, change_at, feed_in},
    crud::{self, Context, Resource},
    error::{Error, Result},
    keyring,
    sight::Sight,
    webhooks::Webhooks,
};
use crate::{
    domain::{
        time::Moment,
        webhooks::{Delivery, DeliveryStatus, GIVEN_UP_IN_ROW, StopReason, Webhook, next_attempt},
    },
    store::{
        self, Conn, Store,
        changes::Place,
        list::{Filter, Request, Sort, Test, Value},
        lock,
        webhooks::Subscription,
    },
};

/// How long an instance may work on a subscription before it must say again that it lives, in microseconds.
pub const LEASE_MICROS: i64 = 60_000_000;

/// Changes that are looked up for a subscription at once.
const FILLED_AT_ONCE: u32 = 50;

/// How long deliveries are kept that ended, in microseconds: 30 days.
const KEPT_MICROS: i64 = 30 * 86_400_000_000;

/// Name of the service itself in the change log.
const ACTOR: &str = "webhooks";

/// What is to be done for a subscription next.
#[derive(Debug, Clone)]
pub enum Step {
    /// Nothing before a moment, or before something changes.
    Wait,
    /// To plan deliveries, and to look at the feed from a place on.
    Plan {
        /// What its owner is to be told.
        deliveries: Vec<Delivery>,
        /// Up to where the feed was looked through.
        next: Place,
    },
    /// To send a delivery.
    Send(Box<ToSend>),
    /// To pass over a delivery whose change the owner doesn't see, or that is no longer kept.
    Skip(Delivery),
    /// To stop the subscription.
    Stop(StopReason),
}

/// A delivery that is due, with what it tells.
#[derive(Debug, Clone)]
pub struct ToSend {
    /// Where to, and what it is signed with.
    pub webhook: Webhook,
    /// The delivery.
    pub delivery: Delivery,
    /// The change, as the owner sees it.
    pub change: Change,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What the receiver answered.
    pub status: Option<u16>,
    /// What went wrong; none when the receiver took it.
    pub error: Option<String>,
}

/// Subscriptions that may have something to do.
///
/// # Errors
/// The database's.
pub async fn active(store: &Store) -> Result<Vec<String>> {
    store.read(|conn| Ok(store::webhooks::active(conn)?)).await
}

/// What is to be done for a subscription next.
///
/// # Errors
/// The database's.
pub async fn look(store: &Store, id: String, now: Moment, small_cells_withheld: bool) -> Result<Step> {
    store.read(move |conn| look_in(conn, &id, now, small_cells_withheld)).await
}

fn look_in(conn: &mut Conn, id: &str, now: Moment, small_cells_withheld: bool) -> Result<Step> {
    let Some(found) = store::webhooks::subscription(conn, id)? else { return Ok(Step::Wait) };
    let Subscription { webhook, cursor, .. } = found.record;
    if !webhook.active {
        return Ok(Step::Wait);
    }
    let pending = store::webhook_deliveries::first_pending(conn, id)?;
    if pending.as_ref().and_then(|delivery| delivery.next_at).is_some_and(|due| due > now) {
        return Ok(Step::Wait);
    }
    let Some(caller) = owner(conn, &webhook, now)? else { return Ok(Step::Stop(StopReason::OwnerGone)) };
    let sight = Sight { caller, small_cells_withheld, unit_id: webhook.unit_id.clone() };
    match pending {
        Some(delivery) => send(conn, webhook, delivery, &sight),
        None => plan(conn, &webhook, cursor, &sight, now),
    }
}

/// The owner as the owner's key stands now.
fn owner(conn: &mut Conn, webhook: &Webhook, now: Moment) -> Result<Option<Arc<Caller>>> {
    if webhook.owner_is_operator {
        return Ok(Some(Caller::everything(webhook.owner_name.clone())));
    }
    Ok(keyring::of_key(conn, &webhook.owner_id, now)?.map(Arc::new))
}

fn send(conn: &mut Conn, webhook: Webhook, delivery: Delivery, sight: &Sight) -> Result<Step> {
    let place = Place { tx: delivery.tx, id: delivery.change_id };
    let change = change_at(conn, sight, place)?.filter(|change| is_wanted(&webhook, change));
    Ok(match change {
        Some(change) => Step::Send(Box::new(ToSend { webhook, delivery, change })),
        None => Step::Skip(delivery),
    })
}

fn is_wanted(webhook: &Webhook, change: &Change) -> bool {
    change.resource.parse::<ChangedResource>().is_ok_and(|resource| webhook.wants(resource, change.action))
}

fn plan(conn: &mut Conn, webhook: &Webhook, cursor: Place, sight: &Sight, now: Moment) -> Result<Step> {
    let resource = match webhook.resources.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let question = Question {
        after: Some(cursor),
        resource,
        record_id: None,
        limit: FILLED_AT_ONCE,
        ends_with_reach: false,
    };
    let page = match feed_in(conn, sight, &question) {
        Ok(page) => page,
        Err(Error::Expired { .. }) => return Ok(Step::Stop(StopReason::ChangesGone)),
        Err(error) => return Err(error),
    };
    if page.next == cursor {
        return Ok(Step::Wait);
    }
    let wanted = page.changes.iter().filter(|change| is_wanted(webhook, change));
    let deliveries = wanted.map(|change| planned(webhook, change, now)).collect();
    Ok(Step::Plan { deliveries, next: page.next })
}

fn planned(webhook: &Webhook, change: &Change, now: Moment) -> Delivery {
    let Place { tx, id } = change.place;
    Delivery {
        // Of one change there is one delivery, however many instances plan it.
        id: format!("{}-{tx:016x}-{id:016x}", webhook.id),
        webhook_id: webhook.id.clone(),
        tx,
        change_id: id,
        resource: change.resource.clone(),
        record_id: change.id.clone(),
        action: change.action,
        status: DeliveryStatus::Pending,
        attempts: 0,
        created_at: now,
        next_at: Some(now),
        attempted_at: None,
        finished_at: None,
        response_status: None,
        error: None,
    }
}

/// Takes or keeps the right to work on a subscription; false when another instance has it.
///
/// # Errors
/// The database's.
pub async fn claim(store: &Store, id: String, instance: String, now: Moment) -> Result<bool> {
    let until = Moment::from_micros(now.micros() + LEASE_MICROS);
    store.write(move |conn| Ok(store::webhooks::claim(conn, &id, &instance, now, until)?)).await
}

/// Gives the right to work on a subscription back.
///
/// # Errors
/// The database's.
pub async fn release(store: &Store, id: String, instance: String) -> Result<()> {
    store.write(move |conn| Ok(store::webhooks::release(conn, &id, &instance)?)).await
}

/// Does a step that sends nothing, as long as the instance has the right to; false when it has not.
///
/// # Errors
/// The database's.
pub async fn act(store: &Store, id: String, instance: String, step: Step, now: Moment) -> Result<bool> {
    let until = Moment::from_micros(now.micros() + LEASE_MICROS);
    store
        .write(move |conn| {
            if !store::webhooks::claim(conn, &id, &instance, now, until)? {
                return Ok(false);
            }
            match step {
                Step::Wait | Step::Send(_) => {}
                Step::Plan { deliveries, next } => {
                    store::webhook_deliveries::insert(conn, &deliveries)?;
                    store::webhooks::set_cursor(conn, &id, next)?;
                }
                Step::Skip(delivery) => {
                    let ended = Delivery {
                        status: DeliveryStatus::Skipped,
                        next_at: None,
                        finished_at: Some(now),
                        ..delivery
                    };
                    store::webhook_deliveries::update(conn, &ended)?;
                }
                Step::Stop(why) => stop(conn, &id, why, now)?,
            }
            Ok(true)
        })
        .await
}

/// Notes what became of an attempt to send a delivery; gives whether the next one may be sent.
///
/// # Errors
/// The database's.
pub async fn note(
    store: &Store,
    instance: String,
    delivery: Delivery,
    attempt: Attempt,
    now: Moment,
) -> Result<bool> {
    let until = Moment::from_micros(now.micros() + LEASE_MICROS);
    store
        .write(move |conn| {
            let id = delivery.webhook_id.clone();
            if !store::webhooks::claim(conn, &id, &instance, now, until)? {
                return Ok(false);
            }
            let Some(found) = store::webhooks::subscription(conn, &id)? else { return Ok(false) };
            let attempts = delivery.attempts + 1;
            let next_at = attempt.error.as_ref().and_then(|_| next_attempt(&delivery.id, attempts, now));
            let status = match (&attempt.error, next_at) {
                (None, _) => DeliveryStatus::Delivered,
                (Some(_), Some(_)) => DeliveryStatus::Pending,
                (Some(_), None) => DeliveryStatus::Failed,
            };
            let noted = Delivery {
                status,
                attempts,
                next_at,
                attempted_at: Some(now),
                finished_at: (status != DeliveryStatus::Pending).then_some(now),
                response_status: attempt.status.map(i32::from),
                error: attempt.error,
                ..delivery
            };
            store::webhook_deliveries::update(conn, &noted)?;
            let failed = found.record.failed_in_row;
            let failed_now = match status {
                DeliveryStatus::Delivered => 0,
                DeliveryStatus::Failed => failed + 1,
                DeliveryStatus::Pending | DeliveryStatus::Skipped => failed,
            };
            if failed_now != failed {
                store::webhooks::set_failed_in_row(conn, &id, failed_now)?;
            }
            if failed_now >= GIVEN_UP_IN_ROW {
                stop(conn, &id, StopReason::Failing, now)?;
            }
            Ok(status != DeliveryStatus::Pending)
        })
        .await
}

/// Stops a subscription. It keeps its place, and goes on from there when its owner makes it active again.
fn stop(conn: &mut Conn, id: &str, why: StopReason, now: Moment) -> Result<()> {
    lock::record(conn, Webhooks::STRUCTURE, Webhooks::NAME, id)?;
    let Some(old) = Webhooks::find(conn, id)?.filter(|old| old.record.active) else { return Ok(()) };
    let context = Context::of_command(ACTOR, now);
    let stopped = Webhook { active: false, stopped_because: Some(why), ..old.record.clone() };
    crud::update::<Webhooks>(conn, &context, &old.record, stopped.into())?;
    Ok(())
}

/// A page of the deliveries of a subscription, the newest first, behind one of them; one more when more follow.
///
/// # Errors
/// `NotFound` where the caller may not see the subscription; the database's.
pub async fn list(
    store: &Store,
    caller: Arc<Caller>,
    webhook_id: String,
    status: Option<DeliveryStatus>,
    after: Option<String>,
    limit: u32,
) -> Result<Vec<Delivery>> {
    store
        .read(move |conn| {
            let found = Webhooks::find(conn, &webhook_id)?;
            let seen = found.map(|found| Webhooks::seen(conn, &caller, found)).transpose()?.flatten();
            if seen.is_none() {
                return Err(Error::not_found(Webhooks::NAME, webhook_id));
            }
            let is = |column, text: String| Filter { column, test: Test::Is, value: Value::Text(text) };
            let mut filters = vec![is("webhook_id", webhook_id)];
            filters.extend(status.map(|status| is("status", status.to_string())));
            let sort = Sort { column: "id", descending: true };
            let after = after.map(|id| store::list::After { value: Some(Value::Text(id.clone())), key: id });
            Ok(store::webhook_deliveries::list(conn, &Request { filters, sort, after, limit })?)
        })
        .await
}

/// Forgets deliveries that ended long ago.
///
/// # Errors
/// The database's.
pub async fn forget(store: &Store, now: Moment) -> Result<usize> {
    let before = Moment::from_micros(now.micros() - KEPT_MICROS);
    store.write(move |conn| Ok(store::webhook_deliveries::forget(conn, before)?)).await
}
