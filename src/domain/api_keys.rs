//! A key of another system: what it is kept as, and the rules of one.
//!
//! The secret is 32 random bytes behind a prefix that scanners recognise. It is shown once and kept as its SHA-256:
//! a fast hash is right for a secret that nobody can guess, and a slow one would only slow every request.

use serde::{Serialize, Serializer};

use super::{
    access::{Grant, Scopes},
    time::Moment,
    violation::{Findings, Violation},
};

/// What every secret begins with.
pub const PREFIX: &str = "chiso_";

/// Characters of a secret that are kept, so that people can tell secrets apart.
pub const HINT_LENGTH: usize = 12;

/// Secrets of a key that live at once: a rotation has the old one and the new one.
pub const LIVE_SECRETS: usize = 2;

/// A secret of a key, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeySecret {
    /// SHA-256 of the secret, in hex. It is not shown.
    #[serde(skip)]
    pub hash: String,
    /// Its first characters.
    pub hint: String,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends, before its key does.
    pub ends_at: Option<Moment>,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Made by the service.
    pub id: String,
    /// What its owner is called; the change log names it.
    pub name: String,
    /// What it entitles to.
    #[serde(flatten, serialize_with = "grant_members")]
    pub grant: Grant,
    /// When it was made.
    pub created_at: Moment,
    /// By whom.
    pub created_by: String,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
    /// When it was revoked.
    pub revoked_at: Option<Moment>,
    /// When it was used last, to about a minute.
    #[serde(skip)]
    pub last_used_at: Option<Moment>,
    /// Its secrets, the newest last.
    pub secrets: Vec<KeySecret>,
}

fn grant_members<S: Serializer>(grant: &Grant, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Members<'a> {
        scopes: Vec<&'static str>,
        unit_id: &'a Option<String>,
        partial_predecessors: &'a [String],
    }
    Members {
        scopes: words_of(grant.scopes),
        unit_id: &grant.unit_id,
        partial_predecessors: &grant.partial_predecessors,
    }
    .serialize(serializer)
}

/// The words of scopes, in the order of the list.
pub fn words_of(scopes: Scopes) -> Vec<&'static str> {
    scopes.iter().map(super::access::Scope::as_str).collect()
}

impl ApiKey {
    /// Every broken rule; whether its units exist is asked elsewhere.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.text("/name", &self.name, 100);
        if self.grant.scopes.is_empty() {
            findings.add(
                "/scopes",
                "empty",
                "A key has a scope at least.",
                "Khóa phải có ít nhất một quyền.",
            );
        }
        if self.grant.unit_id.is_none() && !self.grant.partial_predecessors.is_empty() {
            findings.add(
                "/partial_predecessors",
                "without_unit",
                "Only a key of a unit has predecessors.",
                "Chỉ khóa gắn với một đơn vị mới có đơn vị tiền thân.",
            );
        }
        if self.expires_at.is_some_and(|end| end <= self.created_at) {
            findings.add(
                "/expires_at",
                "in_the_past",
                "Must lie in the future.",
                "Phải là thời điểm trong tương lai.",
            );
        }
        findings.into_result().err().unwrap_or_default()
    }

    /// Whether the key still opens anything at a moment.
    pub fn lives(&self, now: Moment) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Ends the secrets before the newest and takes away those that have ended, so that two live at most.
    pub fn rotate(&mut self, new: KeySecret, old_ends_at: Moment) {
        self.secrets.retain(|secret| secret.ends_at.is_none_or(|end| new.created_at < end));
        let first_kept = (self.secrets.len() + 1).saturating_sub(LIVE_SECRETS);
        self.secrets.drain(..first_kept);
        for secret in &mut self.secrets {
            secret.ends_at = Some(secret.ends_at.map_or(old_ends_at, |end| end.min(old_ends_at)));
        }
        self.secrets.push(new);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn secret(hint: &str, created: i64) -> KeySecret {
        KeySecret {
            hash: hint.to_owned(),
            hint: hint.to_owned(),
            created_at: Moment::from_micros(created),
            ends_at: None,
        }
    }

    fn key() -> ApiKey {
        ApiKey {
            id: "k".to_owned(),
            name: "Một cửa xã".to_owned(),
            grant: Grant::everything(),
            created_at: Moment::from_micros(0),
            created_by: "test".to_owned(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            secrets: vec![secret("a", 0)],
        }
    }

    #[test]
    fn two_secrets_live_while_a_key_is_rotated() {
        let mut key = key();
        key.rotate(secret("b", 10), Moment::from_micros(100));
        let ends = |key: &ApiKey| -> Vec<(String, Option<i64>)> {
            key.secrets.iter().map(|s| (s.hint.clone(), s.ends_at.map(Moment::micros))).collect()
        };
        assert_eq!(ends(&key), [("a".to_owned(), Some(100)), ("b".to_owned(), None)]);
        key.rotate(secret("c", 20), Moment::from_micros(200));
        assert_eq!(ends(&key), [("b".to_owned(), Some(200)), ("c".to_owned(), None)]);
        key.rotate(secret("d", 300), Moment::from_micros(400));
        assert_eq!(ends(&key), [("c".to_owned(), Some(400)), ("d".to_owned(), None)]);
    }

    #[test]
    fn an_end_is_never_put_off_by_a_rotation() {
        let mut key = key();
        key.secrets[0].ends_at = Some(Moment::from_micros(50));
        key.rotate(secret("b", 10), Moment::from_micros(100));
        assert_eq!(key.secrets[0].ends_at, Some(Moment::from_micros(50)));
    }

    #[test]
    fn a_key_lives_until_it_is_revoked_or_expires() {
        let mut key = key();
        let now = Moment::from_micros(10);
        assert!(key.lives(now));
        key.expires_at = Some(now);
        assert!(!key.lives(now));
        key.expires_at = None;
        key.revoked_at = Some(now);
        assert!(!key.lives(now));
    }

    #[test]
    fn the_hash_of_a_secret_is_in_no_record() {
        let text = serde_json::to_string(&key()).unwrap();
        assert!(text.contains("\"scopes\":[\"admin\"]") && !text.contains("hash"), "{text}");
    }
}
