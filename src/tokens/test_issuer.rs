//! An issuer for the tests of tokens: keys made on the spot, tokens signed with them, and where its keys are told.
#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
};
use serde_json::{Value, json};

use super::{KeySource, Refused, TokenSettings, Tokens, Verified};
use crate::domain::time::Moment;

pub(super) const ISSUER: &str = "https://id.lgsp.vn/realms/tinh";
pub(super) const AUDIENCE: &str = "chiso";

/// Seconds since 1970 at which tests of tokens happen.
pub(super) const NOW: i64 = 1_800_000_000;

/// So many seconds after that.
pub(super) fn later(seconds: i64) -> Moment {
    Moment::from_micros((NOW + seconds) * 1_000_000)
}

/// Somebody who signs.
pub(super) struct Signer {
    pub(super) algorithm: Algorithm,
    key: EncodingKey,
    /// The public key, with its name.
    pub(super) jwk: Value,
}

impl Signer {
    fn new(id: &str, algorithm: Algorithm, key: EncodingKey) -> Self {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
        jwk["kid"] = json!(id);
        jwk["use"] = json!("sig");
        Self { algorithm, key, jwk }
    }

    pub(super) fn rsa(id: &str, bits: u32) -> Self {
        let key = Rsa::generate(bits).unwrap().private_key_to_der().unwrap();
        Self::new(id, Algorithm::RS256, EncodingKey::from_rsa_der(&key))
    }

    pub(super) fn ec(id: &str) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        Self::new(id, Algorithm::ES256, EncodingKey::from_ec_der(&key.private_key_to_pkcs8().unwrap()))
    }

    pub(super) fn ed(id: &str) -> Self {
        let key = PKey::generate_ed25519().unwrap();
        Self::new(id, Algorithm::EdDSA, EncodingKey::from_ed_der(&key.private_key_to_pkcs8().unwrap()))
    }

    /// A token that names this signer's key.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = self.jwk["kid"].as_str().map(str::to_owned);
        self.sign_with(&header, claims)
    }

    pub(super) fn sign_with(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).unwrap()
    }

    /// A token with any header at all, signed as this signer signs.
    pub(super) fn sign_head(&self, head: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(head), part(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// A part of a token.
pub(super) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// One signer of each kind, made once: `r`, `e` and `d`.
pub(super) static RSA: LazyLock<Signer> = LazyLock::new(|| Signer::rsa("r", 2048));
pub(super) static EC: LazyLock<Signer> = LazyLock::new(|| Signer::ec("e"));
pub(super) static ED: LazyLock<Signer> = LazyLock::new(|| Signer::ed("d"));

/// Claims as a gateway has them issued for a commune's system.
pub(super) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "service-account-motcua", "azp": "motcua-tan-long",
        "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 300, "jti": "1",
        "scope": "dossiers:read dossiers:write", "unit_id": "gso25-30154",
    })
}

/// The claims with one of them changed, or left out where the value is null.
pub(super) fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

pub(super) fn jwks(signers: &[&Signer]) -> Value {
    json!({"keys": signers.iter().map(|signer| signer.jwk.clone()).collect::<Vec<_>>()})
}

pub(super) fn settings(keys: KeySource) -> TokenSettings {
    TokenSettings {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys,
        scope_claim: "scope".to_owned(),
        unit_claim: "unit_id".to_owned(),
        scope_map: Default::default(),
        unbound_clients: Default::default(),
        skew_seconds: 60,
        patience: Duration::from_secs(20),
    }
}

/// Tokens whose keys are in a file.
pub(super) struct Filed {
    pub(super) tokens: Tokens,
    path: PathBuf,
    _directory: tempfile::TempDir,
}

impl Filed {
    pub(super) fn new(keys: &Value) -> Self {
        Self::with(keys, |_| {})
    }

    /// With settings changed.
    pub(super) fn with(keys: &Value, change: impl FnOnce(&mut TokenSettings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jwks.json");
        std::fs::write(&path, keys.to_string()).unwrap();
        let mut settings = settings(KeySource::File(path.clone()));
        change(&mut settings);
        Self { tokens: Tokens::open(settings, later(0)).unwrap(), path, _directory: directory }
    }

    pub(super) fn tell(&self, keys: &Value) {
        std::fs::write(&self.path, keys.to_string()).unwrap();
    }

    pub(super) fn verify(&self, token: &str) -> Result<Verified, Refused> {
        self.verify_at(token, 0)
    }

    pub(super) fn verify_at(&self, token: &str, seconds: i64) -> Result<Verified, Refused> {
        now(self.tokens.verify(token, later(seconds)))
    }
}

/// Runs to the end.
pub(super) fn now<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A web server that tells keys: what it answers, byte by byte, and how often it was asked.
pub(super) struct KeyServer {
    pub(super) address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<AtomicUsize>,
}

impl KeyServer {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server =
            Self { address: listener.local_addr().unwrap(), answer: Arc::default(), asked: Arc::default() };
        let (answer, asked) = (server.answer.clone(), server.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, asked) = (answer.clone(), asked.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &answer, &asked));
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/jwks", self.address)
    }

    pub(super) fn source(&self) -> KeySource {
        KeySource::Url(self.url())
    }

    /// Answers with these keys from now on.
    pub(super) fn tell(&self, keys: &Value) {
        self.answer("200 OK", "content-type: application/json\r\n", &keys.to_string());
    }

    pub(super) fn answer(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() = format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .into_bytes();
    }

    /// Takes connections and says nothing.
    pub(super) fn fall_silent(&self) {
        self.answer.lock().unwrap().clear();
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, answer: &Mutex<Vec<u8>>, asked: &AtomicUsize) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return,
        }
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let answer = answer.lock().unwrap().clone();
    if answer.is_empty() {
        // Until the other side gives up.
        let _ = stream.read(&mut byte);
        return;
    }
    let _ = stream.write_all(&answer);
}
