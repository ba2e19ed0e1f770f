//! The issuer's keys: where they come from, which of them can be used, and how long they are believed.
//!
//! A set is asked for again after an hour, and when a token names a key that is not in it, but never more than once
//! a minute. While the issuer is away the last set goes on for a day; without one it is asked every five seconds.

use std::{
    fs::File,
    io::Read,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use tokio::sync::OwnedMutexGuard;
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig, TlsProvider},
};

use super::{Refused, settings::KeySource};
use crate::domain::time::Moment;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Most bytes of a set: with chains of certificates a set of ten keys has some 50 KB.
pub(super) const MAX_BYTES: u64 = 1024 * 1024;

/// A key that signatures are verified with, by the one algorithm that is for its kind.
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) verifier: DecodingKey,
}

/// The keys as they were told at one time.
pub(super) struct KeySet {
    keys: Vec<Key>,
    /// Goes up with each set that differs from the one before.
    pub(super) generation: u64,
    text: Vec<u8>,
}

impl KeySet {
    fn read(text: Vec<u8>, generation: u64) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Told {
            keys: Vec<serde_json::Value>,
        }
        let told: Told = serde_json::from_slice(&text).map_err(|e| format!("not a JWKS: {e}"))?;
        // Keys of kinds that are unknown here are no reason to do without the others (RFC 7517, 5).
        let keys =
            told.keys.into_iter().filter_map(|key| usable(&serde_json::from_value(key).ok()?)).collect();
        Ok(Self { keys, generation, text })
    }

    /// The key of that name; without a name the only one of that algorithm.
    pub(super) fn find(&self, algorithm: Algorithm, id: Option<&str>) -> Option<&Key> {
        let mut fitting = self
            .keys
            .iter()
            .filter(|key| key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id));
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

/// A key that is for signatures of one of the algorithms that are taken. The algorithm follows from the kind of the
/// key, never from a token alone: a public key can't be mistaken for the secret of an HMAC.
fn usable(jwk: &Jwk) -> Option<Key> {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let (algorithm, verifier) = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            let (modulus, exponent) = (bytes(&rsa.n)?, bytes(&rsa.e)?);
            let length = modulus.iter().skip_while(|byte| **byte == 0).count();
            // 2048 bits at least (RFC 7518, 3.3), and 4096 at most, so that a signature costs little to verify.
            let verifier = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
            (256..=512).contains(&length).then_some((Algorithm::RS256, verifier))?
        }
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            let whole = bytes(&curve.x)?.len() == 32 && bytes(&curve.y)?.len() == 32;
            let verifier = DecodingKey::from_ec_components(&curve.x, &curve.y).ok()?;
            whole.then_some((Algorithm::ES256, verifier))?
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            let whole = bytes(&pair.x)?.len() == 32;
            let verifier = DecodingKey::from_ed_components(&pair.x).ok()?;
            whole.then_some((Algorithm::EdDSA, verifier))?
        }
        _ => return None,
    };
    let common = &jwk.common;
    let for_signatures = common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    let fits = common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::from(algorithm));
    (for_signatures && fits).then(|| Key { id: common.key_id.clone(), algorithm, verifier })
}

/// What is known of the keys.
#[derive(Default)]
struct Known {
    set: Option<Arc<KeySet>>,
    read_at: Option<Moment>,
    tried_at: Option<Moment>,
}

/// The keys, kept.
pub(super) struct Keys {
    source: KeySource,
    agent: Agent,
    known: Mutex<Known>,
    /// Held by the one who asks.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Whether something is this old; what lies in the future was written by a clock that was wrong.
fn is_older(at: Option<Moment>, age: i64, now: Moment) -> bool {
    at.is_none_or(|at| {
        let passed = now.micros().saturating_sub(at.micros());
        passed >= age || passed < -MINUTE
    })
}

impl Keys {
    /// Reads the keys for the first time. An address may be away at that time, a file may not.
    pub(super) fn open(source: KeySource, patience: Duration, now: Moment) -> Result<Self, String> {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .max_idle_connections(0)
            .timeout_global(Some(patience))
            .user_agent(concat!("chiso/", env!("CARGO_PKG_VERSION")))
            .accept("application/jwk-set+json, application/json")
            .build();
        let keys = Self {
            source,
            agent: Agent::new_with_config(config),
            known: Mutex::default(),
            turn: Arc::default(),
        };
        let count = keys.ask(now);
        match (&keys.source, count) {
            (KeySource::File(path), Err(error)) => Err(format!("--oidc-jwks: {}: {error}", path.display())),
            (KeySource::File(path), Ok(0)) => Err(format!(
                "--oidc-jwks: {}: there is no key for RS256, ES256 or EdDSA in it",
                path.display()
            )),
            _ => Ok(keys),
        }
    }

    /// The keys to verify with now.
    pub(super) async fn current(self: &Arc<Self>, now: Moment) -> Result<Arc<KeySet>, Refused> {
        let (set, due) = self.look(now);
        match set {
            Some(set) if !due => return Ok(set),
            // One asks, the others go on with what is known.
            Some(set) => match self.turn.clone().try_lock_owned() {
                Ok(turn) => self.ask_aside(turn, now).await,
                Err(_) => return Ok(set),
            },
            None => {
                let turn = self.turn.clone().lock_owned().await;
                if self.look(now).1 {
                    self.ask_aside(turn, now).await;
                }
            }
        }
        self.look(now).0.ok_or(Refused::NoKeys)
    }

    /// The keys after a token named one that is not in the set: another set, where there is one by now.
    pub(super) async fn after(self: &Arc<Self>, set: Arc<KeySet>, now: Moment) -> Arc<KeySet> {
        let turn = self.turn.clone().lock_owned().await;
        let same = self.known().set.as_ref().is_none_or(|known| known.generation == set.generation);
        if same && is_older(self.known().tried_at, MINUTE, now) {
            self.ask_aside(turn, now).await;
        }
        self.known().set.clone().unwrap_or(set)
    }

    /// The set, if it is still believed, and whether it is time to ask for another.
    fn look(&self, now: Moment) -> (Option<Arc<KeySet>>, bool) {
        let known = self.known();
        let believed = known.read_at.is_some_and(|at| now.micros().saturating_sub(at.micros()) < DAY);
        let pause = if believed { MINUTE } else { 5 * SECOND };
        let due = is_older(known.read_at, HOUR, now) && is_older(known.tried_at, pause, now);
        (known.set.clone().filter(|_| believed), due)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks on a thread that may wait. The turn goes with it, so that it stays taken when the caller leaves.
    async fn ask_aside(self: &Arc<Self>, turn: OwnedMutexGuard<()>, now: Moment) {
        let keys = self.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let asked = keys.ask(now);
            drop(turn);
            asked
        });
        if asked.await.is_err() {
            tracing::error!("asking for the keys of the identity provider panicked");
        }
    }

    /// Asks for the keys, and tells how many of them can be used.
    fn ask(&self, now: Moment) -> Result<usize, String> {
        self.known().tried_at = Some(now);
        let read = match &self.source {
            KeySource::File(path) => read_file(path),
            KeySource::Url(url) => self.read_url(url),
        };
        let generation = self.known().set.as_ref().map_or(0, |set| set.generation + 1);
        let set = match read.and_then(|text| KeySet::read(text, generation)) {
            Ok(set) => set,
            Err(error) => {
                tracing::warn!(error, "the keys of the identity provider could not be read");
                return Err(error);
            }
        };
        let count = set.keys.len();
        if count == 0 {
            tracing::warn!("the identity provider has no key for RS256, ES256 or EdDSA: no token is taken");
        }
        let mut known = self.known();
        known.read_at = Some(now);
        if known.set.as_ref().is_none_or(|before| before.text != set.text) {
            tracing::info!(count, "keys of the identity provider");
            known.set = Some(Arc::new(set));
        }
        Ok(count)
    }

    fn read_url(&self, url: &str) -> Result<Vec<u8>, String> {
        let mut answer = self.agent.get(url).call().map_err(|e| e.to_string())?;
        if answer.status() != 200 {
            return Err(format!("the answer is {}", answer.status()));
        }
        answer.body_mut().with_config().limit(MAX_BYTES).read_to_vec().map_err(|e| e.to_string())
    }
}

fn read_file(path: &std::path::Path) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(|e| e.to_string())?;
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|e| e.to_string())?;
    match text.len() as u64 > MAX_BYTES {
        true => Err(format!("it has more than {MAX_BYTES} bytes")),
        false => Ok(text),
    }
}
