//! Bearer tokens of an identity provider: JSON web tokens (RFC 7519) that a gateway gets by client credentials.
//!
//! A token is taken when the configured issuer signed it for the configured audience with a key of its set, by RS256,
//! ES256 or EdDSA, and when it holds at the moment that comes in. Its scopes and its unit become a [`Grant`]. Why one
//! is refused goes to the log; callers learn that it is invalid. Nothing here knows HTTP or the database.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Validation, decode, errors::ErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    cli::TokenOptions,
    domain::{
        access::{Grant, Scope},
        time::Moment,
    },
};

#[cfg(test)]
mod claims_tests;
mod keys;
#[cfg(test)]
mod keys_tests;
#[cfg(test)]
mod refusals_tests;
mod remembered;
mod settings;
#[cfg(test)]
mod test_issuer;

use keys::{Key, Keys};
use remembered::{Found, Remembered, Times};
pub use settings::{KeySource, TokenSettings};

/// Most bytes of a token: a long one has some 3 KB.
const MAX_TOKEN: usize = 16 * 1024;

/// Most characters of a name, a subject or a unit.
const MAX_TEXT: usize = 200;

/// Who sent a token, and what it entitles to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Scopes, and the unit that they hold for.
    pub grant: Grant,
    /// Name in the change log: the client (`azp` or `client_id`), or else the subject.
    pub name: String,
    /// Issuer and subject: what tells callers apart.
    pub id: String,
}

/// Why a token was refused. It is for the log: callers are told that the token is invalid, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It can't be read as a signed token.
    Unreadable,
    /// Its algorithm is not taken: `none`, HMACs, and all others but three.
    Algorithm,
    /// It is a token for something else, or asks for an extension that is unknown here.
    Kind,
    /// No key of the issuer fits.
    UnknownKey,
    /// The issuer's keys could not be had for a day, or never yet: the token may be right.
    NoKeys,
    /// The signature is wrong.
    Signature,
    /// Another issuer.
    Issuer,
    /// For somebody else.
    Audience,
    /// It holds no more.
    Expired,
    /// It does not hold yet.
    NotYetValid,
    /// A claim is missing or not what it must be.
    Claim(String),
    /// It names no unit, and its client is not one that holds for all.
    NoUnit,
}

impl Refused {
    /// Whether the fault is not the caller's: the keys can't be had at the moment.
    pub fn is_for_want_of_keys(&self) -> bool {
        *self == Self::NoKeys
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "not a signed token",
            Self::Algorithm => "its algorithm is not taken",
            Self::Kind => "another kind of token",
            Self::UnknownKey => "no key of the issuer fits",
            Self::NoKeys => "the issuer's keys could not be had",
            Self::Signature => "wrong signature",
            Self::Issuer => "another issuer",
            Self::Audience => "another audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not yet valid",
            Self::Claim(name) => return write!(f, "the claim {name} is missing or wrong"),
            Self::NoUnit => "it names no unit",
        })
    }
}

/// Whether a bearer credential has the shape of a token: three parts between two points. Keys have no point.
pub fn looks_like_a_token(credential: &str) -> bool {
    credential.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Verifies tokens of one issuer.
pub struct Tokens {
    settings: TokenSettings,
    keys: Arc<Keys>,
    remembered: Remembered,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What a token says of itself before anything is believed.
#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl Head {
    fn read(token: &str) -> Result<Self, Refused> {
        if token.len() > MAX_TOKEN || !looks_like_a_token(token) {
            return Err(Refused::Unreadable);
        }
        let head = token.split('.').next().unwrap_or_default();
        let text = URL_SAFE_NO_PAD.decode(head).map_err(|_| Refused::Unreadable)?;
        serde_json::from_slice(&text).map_err(|_| Refused::Unreadable)
    }

    /// The algorithm, if it is one of the three that are taken.
    fn algorithm(&self) -> Result<Algorithm, Refused> {
        match self.alg.as_str() {
            "RS256" => Ok(Algorithm::RS256),
            "ES256" => Ok(Algorithm::ES256),
            "EdDSA" => Ok(Algorithm::EdDSA),
            _ => Err(Refused::Algorithm),
        }
    }

    /// Access tokens say that they are (RFC 9068), or nothing, or JWT; logout tokens and proofs say what they are.
    fn is_access_token(&self) -> bool {
        let kind = self.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
        self.crit.is_none() && ["jwt", "at+jwt", "application/at+jwt"].contains(&kind.as_str())
    }
}

impl Tokens {
    /// What the options say; none when they name no issuer.
    ///
    /// # Errors
    /// A sentence for the person who set them.
    pub fn from_options(options: &TokenOptions, now: Moment) -> Result<Option<Arc<Self>>, String> {
        let settings = TokenSettings::from_options(options)?;
        settings.map(|settings| Self::open(settings, now).map(Arc::new)).transpose()
    }

    /// Reads the keys for the first time. It may wait for an answer: to be called before serving.
    ///
    /// # Errors
    /// A sentence when a file of keys can't be read or has none that can be used. An address that is away is asked
    /// again later.
    pub fn open(settings: TokenSettings, now: Moment) -> Result<Self, String> {
        let keys = Arc::new(Keys::open(settings.keys.clone(), settings.patience, now)?);
        Ok(Self { settings, keys, remembered: Remembered::default() })
    }

    /// Who sent a token, and what it entitles to at this moment. It waits only where keys have to be asked for.
    ///
    /// # Errors
    /// Why it is refused, for the log.
    pub async fn verify(&self, token: &str, now: Moment) -> Result<Verified, Refused> {
        let head = Head::read(token)?;
        let algorithm = head.algorithm()?;
        if !head.is_access_token() {
            return Err(Refused::Kind);
        }
        let mut keys = self.keys.current(now).await?;
        if keys.find(algorithm, head.kid.as_deref()).is_none() {
            keys = self.keys.after(keys, now).await;
        }
        let key = keys.find(algorithm, head.kid.as_deref()).ok_or(Refused::UnknownKey)?;
        let found = match self.remembered.find(token, keys.generation) {
            Some(found) => found,
            None => {
                let (verified, times) = self.examine(token, key)?;
                times.hold(now)?;
                let found = Found { verified, times, generation: keys.generation };
                self.remembered.keep(token, found.clone(), now);
                found
            }
        };
        found.times.hold(now)?;
        Ok(found.verified)
    }

    /// All but the times: these are looked at each time.
    fn examine(&self, token: &str, key: &Key) -> Result<(Verified, Times), Refused> {
        let mut wanted = Validation::new(key.algorithm);
        wanted.set_required_spec_claims(&["iss", "aud"]);
        wanted.set_issuer(&[&self.settings.issuer]);
        wanted.set_audience(&[&self.settings.audience]);
        // By the library's own clock; `Times` go by the moment that comes in.
        wanted.validate_exp = false;
        wanted.validate_nbf = false;
        let decoded = decode::<Map<String, Value>>(token, &key.verifier, &wanted)
            .map_err(|error| refusal(error.into_kind()))?;
        let claims = Claims(Value::Object(decoded.claims));
        let times = claims.times(self.settings.skew_seconds)?;
        Ok((self.verified(&claims)?, times))
    }

    fn verified(&self, claims: &Claims) -> Result<Verified, Refused> {
        let client = match claims.text("azp")? {
            Some(client) => Some(client),
            None => claims.text("client_id")?,
        };
        let subject = claims.text("sub")?;
        let name = client.or(subject).ok_or_else(|| Refused::Claim("sub".to_owned()))?;
        let unit_id = match claims.one_text(&self.settings.unit_claim)? {
            Some(unit) => Some(unit.to_owned()),
            // By what the issuer says of the client: a subject may have chosen its own name.
            None if client.is_some_and(|client| self.settings.unbound_clients.contains(client)) => None,
            None => return Err(Refused::NoUnit),
        };
        let scopes = claims.texts(&self.settings.scope_claim)?;
        Ok(Verified {
            grant: Grant {
                scopes: scopes.into_iter().flat_map(|scope| self.scopes(scope)).collect(),
                unit_id,
                partial_predecessors: Vec::new(),
            },
            name: name.to_owned(),
            id: format!("{}#{}", self.settings.issuer, subject.unwrap_or(name)),
        })
    }

    /// What a scope of the issuer is here. Without a map it has the name that it has here, but for `admin`: that is
    /// a word that others use for something else.
    fn scopes(&self, theirs: &str) -> Vec<Scope> {
        if self.settings.scope_map.is_empty() {
            return theirs.parse().ok().filter(|scope| *scope != Scope::Admin).into_iter().collect();
        }
        self.settings.scope_map.get(theirs).cloned().unwrap_or_default()
    }
}

fn refusal(kind: ErrorKind) -> Refused {
    match kind {
        ErrorKind::InvalidSignature => Refused::Signature,
        ErrorKind::InvalidIssuer => Refused::Issuer,
        ErrorKind::InvalidAudience => Refused::Audience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "iss" => Refused::Issuer,
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => Refused::Audience,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => Refused::Algorithm,
        ErrorKind::InvalidRsaKey(_)
        | ErrorKind::InvalidEcdsaKey
        | ErrorKind::InvalidEddsaKey
        | ErrorKind::InvalidKeyFormat => Refused::UnknownKey,
        _ => Refused::Unreadable,
    }
}

/// The claims of a token whose signature is right.
struct Claims(Value);

impl Claims {
    /// A claim by its name, or by a JSON pointer to a place further in.
    fn get(&self, name: &str) -> Option<&Value> {
        let value = match name.starts_with('/') {
            true => self.0.pointer(name),
            false => self.0.get(name),
        };
        value.filter(|value| !value.is_null())
    }

    /// A text that may stand in a log, a change and a database.
    fn text(&self, name: &str) -> Result<Option<&str>, Refused> {
        self.get(name).map(|value| plain(name, value)).transpose()
    }

    /// A text, or an array of one: a grant names one unit at most.
    fn one_text(&self, name: &str) -> Result<Option<&str>, Refused> {
        match self.get(name) {
            Some(Value::Array(items)) => match items.as_slice() {
                [one] => plain(name, one).map(Some),
                _ => Err(Refused::Claim(name.to_owned())),
            },
            _ => self.text(name),
        }
    }

    /// The words of a text, or the texts of an array.
    fn texts(&self, name: &str) -> Result<Vec<&str>, Refused> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(text.split_ascii_whitespace().collect()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().ok_or_else(|| Refused::Claim(name.to_owned())))
                .collect(),
            Some(_) => Err(Refused::Claim(name.to_owned())),
        }
    }

    fn times(&self, skew_seconds: u32) -> Result<Times, Refused> {
        let skew = i64::from(skew_seconds) * 1_000_000;
        let until = self.micros("exp")?.ok_or_else(|| Refused::Claim("exp".to_owned()))?;
        let from = self.micros("nbf")?.unwrap_or(i64::MIN);
        Ok(Times { from: from.saturating_sub(skew), until: until.saturating_add(skew) })
    }

    /// Seconds since 1970, which may have decimals (RFC 7519, 2), as microseconds.
    fn micros(&self, name: &str) -> Result<Option<i64>, Refused> {
        let Some(value) = self.get(name) else { return Ok(None) };
        // A number that is too large for the type becomes the largest or the smallest one.
        let micros = value.as_f64().map(|seconds| (seconds * 1_000_000.0) as i64);
        micros.map(Some).ok_or_else(|| Refused::Claim(name.to_owned()))
    }
}

fn plain<'a>(name: &str, value: &'a Value) -> Result<&'a str, Refused> {
    let fits = |text: &&str| {
        !text.is_empty() && text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control)
    };
    value.as_str().filter(fits).ok_or_else(|| Refused::Claim(name.to_owned()))
}
