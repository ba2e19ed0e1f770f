//! Who stands behind a secret: the keys of the database, and those of this process alone.
//!
//! Every request asks the database whether anything at all was written since its key was found, and where something was,
//! whether the key still lives and where the tree of units stands: a revoked key is refused at once, on every instance.
//! What a grant reaches is worked out once for a state of the tree and a day, and kept.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    access::{Caller, Reach},
    api_keys::hash,
    error::{Error, Result},
};
use crate::{
    domain::{
        access::{Grant, Scope, reach},
        time::{Day, Moment},
    },
    store::{self, Conn, State, Store, api_keys::Presented},
};

/// Callers and reaches that are kept at most; what is beyond is worked out again.
const KEPT: usize = 4096;

/// A key's last use is written again after this time, in microseconds: a use a minute is precise enough, and costs
/// the database nothing.
const USE_NOTED_MICROS: i64 = 60_000_000;

/// What something was worked out from: when any of it moves it is worked out again.
type Of = (i64, i64, Day);

/// What was worked out, by what it was worked out for.
type Known<K, V> = Mutex<HashMap<K, (Of, V)>>;

/// Finds callers by their secrets. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    own: Vec<(String, Arc<Caller>)>,
    callers: Known<String, Arc<Caller>>,
    reaches: Known<(String, Vec<String>), Reach>,
    used: Mutex<HashMap<String, Moment>>,
}

/// Who was found behind a secret, until it ends.
#[derive(Debug, Clone)]
struct Here {
    caller: Arc<Caller>,
    key_id: String,
    ends_at: Option<Moment>,
}

/// What was found behind the hashes of secrets, all in one state of a connection and on one day.
type AllHere = (Option<(State, Day)>, HashMap<String, Here>);

thread_local! {
    /// What this thread found.
    static HERE: RefCell<AllHere> = RefCell::default();
}

/// A caller, and the state of the database in which it is one, where that is known.
pub type Found = (Arc<Caller>, Option<State>);

/// A lock whose holder panicked still guards sound data: maps of what can be worked out again.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= KEPT {
        map.clear();
    }
    map.insert(key, value);
}

impl Keyring {
    /// A keyring that also knows secrets that open everything as long as this process lives, by name.
    pub fn with_own(own: Vec<(String, &str)>) -> Self {
        let own = own.into_iter().map(|(secret, name)| (hash(&secret), Caller::everything(name))).collect();
        Self(Arc::new(Inner { own, ..Inner::default() }))
    }

    /// Whether there is a secret of this process alone.
    pub fn has_own(&self) -> bool {
        !self.0.own.is_empty()
    }

    /// The caller of a secret; none when the secret opens nothing at that moment.
    ///
    /// # Errors
    /// The database's.
    pub async fn caller(&self, store: &Store, secret: &str, now: Moment) -> Result<Option<Found>> {
        let hash = hash(secret);
        // Hashes are compared, not secrets: how long that takes tells nothing about a secret.
        if let Some((_, caller)) = self.0.own.iter().find(|(own, _)| *own == hash) {
            return Ok(Some((caller.clone(), None)));
        }
        // Asked for before the key is: what is kept for a state is of this state or of a later one, and a later one is
        // told apart by the next request.
        let state = match store.state_here() {
            None if is_known(&hash) => store.state().await,
            here => here,
        };
        if let Some(here) = state.as_ref().and_then(|state| found_before(&hash, state, now)) {
            self.note_use(store, &here.key_id, now);
            return Ok(Some((here.caller, state)));
        }
        let asked = hash.clone();
        let found =
            store.read_one(move |conn| Ok::<_, Error>(store::api_keys::presented(conn, &asked)?)).await?;
        let lives = |p: &Presented| !p.revoked && p.ends_at.is_none_or(|end| now < end);
        let Some(presented) = found.filter(lives) else { return Ok(None) };
        let Some(caller) = self.of_key(store, &presented, now).await? else { return Ok(None) };
        self.note_use(store, &presented.key_id, now);
        let Presented { key_id, ends_at, state: told, .. } = presented;
        let state = told.or(state);
        if let Some(state) = &state {
            remember(hash, state, now, Here { caller: caller.clone(), key_id, ends_at });
        }
        Ok(Some((caller, state)))
    }

    async fn of_key(&self, store: &Store, presented: &Presented, now: Moment) -> Result<Option<Arc<Caller>>> {
        let tree = if presented.unit_id.is_some() { presented.tree } else { 0 };
        let of = (presented.version, tree, now.day());
        let kept = locked(&self.0.callers).get(&presented.key_id).cloned();
        if let Some((_, caller)) = kept.filter(|(kept, _)| *kept == of) {
            return Ok(Some(caller));
        }
        let id = presented.key_id.clone();
        let Some(caller) = store.read(move |conn| of_key(conn, &id, now)).await? else { return Ok(None) };
        let caller = Arc::new(caller);
        keep(&mut locked(&self.0.callers), presented.key_id.clone(), (of, caller.clone()));
        Ok(Some(caller))
    }

    /// The caller of a token: a grant that this service did not keep.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_grant(
        &self,
        store: &Store,
        name: String,
        id: String,
        grant: Grant,
        today: Day,
    ) -> Result<Arc<Caller>> {
        let reach = match &grant.unit_id {
            None => Reach::Everything,
            Some(unit) => {
                let tree =
                    store.read_one(|conn| Ok::<_, Error>(store::api_keys::tree_version(conn)?)).await?;
                let of = (0, tree, today);
                let key = (unit.clone(), grant.partial_predecessors.clone());
                let kept = locked(&self.0.reaches).get(&key).cloned();
                match kept.filter(|(kept, _)| *kept == of) {
                    Some((_, reach)) => reach,
                    None => {
                        let asked = grant.clone();
                        let reach = store.read(move |conn| reach_of(conn, &asked, today)).await?;
                        keep(&mut locked(&self.0.reaches), key, (of, reach.clone()));
                        reach
                    }
                }
            }
        };
        let granted = Some(granted(&grant));
        Ok(Arc::new(Caller {
            name,
            id: Some(id),
            granted,
            scopes: grant.scopes,
            reach,
            recipient_names: false,
        }))
    }

    fn note_use(&self, store: &Store, key_id: &str, now: Moment) {
        let since = |last: &Moment| now.micros() - last.micros();
        if locked(&self.0.used).get(key_id).is_some_and(|last| since(last) < USE_NOTED_MICROS) {
            return;
        }
        keep(&mut locked(&self.0.used), key_id.to_owned(), now);
        let (store, id) = (store.clone(), key_id.to_owned());
        // Nobody waits for it, and a use that could not be noted is noted with the next.
        drop(tokio::spawn(async move {
            let noted =
                store.write(move |conn| Ok::<_, Error>(store::api_keys::note_use(conn, &id, now)?)).await;
            if let Err(error) = noted {
                tracing::debug!(error = ?error, "the use of a key was not noted");
            }
        }));
    }
}

/// Whether this thread found anybody behind a secret, in whatever state.
fn is_known(hash: &str) -> bool {
    HERE.with_borrow(|(_, found)| found.contains_key(hash))
}

/// Who this thread found behind a secret in the same state, when it still opens something.
fn found_before(hash: &str, state: &State, now: Moment) -> Option<Here> {
    HERE.with_borrow(|(of, found)| {
        let same = of.as_ref().is_some_and(|(of, day)| of == state && *day == now.day());
        found.get(hash).filter(|here| same && here.ends_at.is_none_or(|end| now < end)).cloned()
    })
}

fn remember(hash: String, state: &State, now: Moment, here: Here) {
    HERE.with_borrow_mut(|(of, found)| {
        let now = Some((state.clone(), now.day()));
        if *of != now {
            (*of, *found) = (now, HashMap::new());
        }
        keep(found, hash, here);
    });
}

/// A grant as a text: the same for the same grant, in every process and release.
fn granted(grant: &Grant) -> String {
    let scopes: Vec<&str> = grant.scopes.iter().map(Scope::as_str).collect();
    format!("{scopes:?} {:?} {:?}", grant.unit_id, grant.partial_predecessors)
}

/// The caller of a key, as the key stands at a moment; none when it opens nothing.
///
/// # Errors
/// The database's.
pub fn of_key(conn: &mut Conn, key_id: &str, now: Moment) -> Result<Option<Caller>> {
    let Some(key) = store::api_keys::find(conn, key_id)? else { return Ok(None) };
    let key = key.record;
    if !key.lives(now) {
        return Ok(None);
    }
    let reach = reach_of(conn, &key.grant, now.day())?;
    Ok(Some(Caller {
        name: key.name,
        id: Some(key.id),
        granted: None,
        scopes: key.grant.scopes,
        reach,
        recipient_names: false,
    }))
}

fn reach_of(conn: &mut Conn, grant: &Grant, today: Day) -> Result<Reach> {
    let Some(unit) = &grant.unit_id else { return Ok(Reach::Everything) };
    let units = store::api_keys::reachable(conn)?;
    let reached: HashSet<String> = reach(&units, unit, &grant.partial_predecessors, today);
    Ok(Reach::Units(Arc::new(reached)))
}

/// Whether anybody has a key, so that the service has an administrator.
///
/// # Errors
/// The database's.
pub async fn any_key(store: &Store) -> Result<bool> {
    store.read(|conn| Ok(store::api_keys::any(conn)?)).await
}
