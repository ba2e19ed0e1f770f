//! What a running service does about the change log beside answering: seals it, and takes away what is no longer
//! kept. And the command that verifies the seals.

use std::time::Duration;

use tokio::sync::watch;

use crate::{
    domain::time::Moment,
    service::{
        audit::{self, Finding, Purge, Verdict},
        webhook_deliveries,
    },
    store::Store,
};

/// How often the log is sealed: entries are sealed within seconds, and an idle log costs one query.
const SEAL_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked at what is no longer kept.
const PURGE_EVERY: Duration = Duration::from_secs(3600);

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// Seals what was committed, again and again, and once more when the service stops.
pub async fn keep_sealing(store: Store, mut stopping: watch::Receiver<bool>) {
    loop {
        let stops = *stopping.borrow();
        seal_all(&store).await;
        if stops {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(SEAL_EVERY) => {}
            told = stopping.wait_for(|stopping| *stopping) => if told.is_err() { return },
        }
    }
}

async fn seal_all(store: &Store) {
    loop {
        match audit::seal(store, Moment::now()).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = ?error, "the audit log could not be sealed");
                return;
            }
        }
    }
}

/// Takes away what is no longer kept, again and again: changes where the operator says for how many days they are
/// kept, and old deliveries of webhooks.
pub async fn keep_purging(store: Store, keep_changes_days: Option<u32>) {
    loop {
        let now = Moment::now();
        if let Some(days) = keep_changes_days {
            let older_than = Moment::from_micros(now.micros() - i64::from(days) * DAY_MICROS);
            match audit::purge(&store, older_than, now).await {
                Ok(0) => {}
                Ok(seals) => tracing::info!(seals, "changes that are no longer kept were taken away"),
                Err(error) => tracing::warn!(error = ?error, "old changes could not be taken away"),
            }
        }
        if let Err(error) = webhook_deliveries::forget(&store, now).await {
            tracing::warn!(error = ?error, "old deliveries could not be taken away");
        }
        tokio::time::sleep(PURGE_EVERY).await;
    }
}

/// Verifies the audit log and prints what was found; `anchor` is a seal as an earlier verification printed it.
///
/// # Errors
/// A sentence, when the log is not as it was sealed.
pub async fn verify_audit(store: &Store, anchor: Option<&str>) -> Result<(), String> {
    let anchor = anchor.map(parse_anchor).transpose()?;
    let failed = |e| format!("the audit log could not be read: {e:?}");
    let verdict = audit::verify(store, anchor.as_ref().map(|(number, _)| *number)).await.map_err(failed)?;
    for finding in &verdict.findings {
        println!("{}", told(finding));
    }
    println!("{} entries under {} seals compared", verdict.entries, verdict.seals);
    if verdict.purged > 0 {
        println!("{} older seals stand for entries that are no longer kept", verdict.purged);
    }
    for Purge { first, last, at } in &verdict.purges {
        println!("no longer kept: the entries of seals {first} to {last}, since {at}");
    }
    match (verdict.tail, verdict.tail_since) {
        (0, _) | (_, None) => println!("every entry is sealed"),
        (tail, Some(since)) => println!("not sealed yet: {tail} entries, the oldest of {since}"),
    }
    if let Some((number, hash)) = &verdict.head {
        println!("last seal: {number}:{hash}");
    }
    conclude(&verdict, anchor.as_ref())
}

fn conclude(verdict: &Verdict, anchor: Option<&(i64, String)>) -> Result<(), String> {
    let differences = verdict.findings.len();
    if differences > 0 {
        return Err(format!("the audit log is not as it was sealed: {differences} differences"));
    }
    match anchor {
        Some((number, hash)) if verdict.anchor.as_ref() != Some(hash) => {
            Err(format!("seal {number} is not the one that was given: the log was written anew"))
        }
        _ => Ok(()),
    }
}

fn parse_anchor(text: &str) -> Result<(i64, String), String> {
    text.split_once(':')
        .and_then(|(number, hash)| Some((number.parse().ok()?, hash.to_owned())))
        .ok_or_else(|| "a seal is written NUMBER:HASH".to_owned())
}

fn told(finding: &Finding) -> String {
    match finding {
        Finding::Changed(id) => format!("entry {id} was changed"),
        Finding::Missing(id) => format!("entry {id} is missing"),
        Finding::Inserted(id) => format!("entry {id} was put in among sealed ones"),
        Finding::Seal(number) => format!("seal {number} was changed, or its entries put in another order"),
        Finding::Purged(number) => {
            format!("seal {number} says that its entries are no longer kept: it was not the service's doing")
        }
        Finding::SealMissing(number) => format!("seal {number} is missing"),
    }
}
