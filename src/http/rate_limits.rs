//! How many requests a caller may send: a bucket for each that fills again steadily (GCRA), in bounded memory.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::{
    dev::ServiceRequest,
    http::header::{HeaderMap, HeaderName, HeaderValue},
};

/// Parts of the callers, so that workers seldom wait for each other.
const SHARDS: usize = 16;
/// Most callers that are remembered in a part; new ones beyond it share one bucket.
const CALLERS: usize = 8192;
/// The bucket of those who find no room of their own.
const SHARED: u64 = 0;
/// How often a part is looked through at most.
const SWEEP: Duration = Duration::from_secs(1);

/// How many requests a caller may send.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// As many in each `per`.
    pub requests: u32,
    /// The time.
    pub per: Duration,
    /// As many at once after a rest.
    pub burst: u32,
}

/// Who is counted.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Who<'a> {
    Caller(&'a str),
    Address([u8; 16]),
    Nobody,
}

/// What is left to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests that may follow at once.
    pub remaining: u64,
    /// Seconds until the bucket is full again.
    pub full_after: u64,
    /// Seconds to wait, where this request is one too many.
    pub retry_after: Option<u64>,
}

#[derive(Default)]
struct Shard {
    /// When each bucket is full again.
    full_at: HashMap<u64, Instant>,
    swept: Option<Instant>,
}

/// The buckets of all callers.
pub struct RateLimits {
    /// Time that one request costs.
    cost: Duration,
    /// Time that a whole bucket is worth.
    bucket: Duration,
    policy: HeaderValue,
    hash: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl RateLimits {
    /// Full buckets.
    pub fn new(rate: Rate) -> Self {
        let cost = rate.per / rate.requests.max(1);
        let bucket = cost * rate.burst.max(1);
        let policy = format!("\"calls\";q={};w={}", rate.burst.max(1), seconds(bucket).max(1));
        Self {
            cost,
            bucket,
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("\"calls\"")),
            hash: RandomState::new(),
            shards: Default::default(),
        }
    }

    /// Takes one request out of the bucket of a caller: that of its key, or of the address that it calls from.
    pub fn take(&self, request: &ServiceRequest, caller: Option<&str>, proxy_header: Option<&str>) -> Quota {
        let who = match caller {
            Some(id) => Who::Caller(id),
            None => address_of(request, proxy_header).map_or(Who::Nobody, Who::Address),
        };
        self.take_of(&who, Instant::now())
    }

    fn take_of(&self, who: &Who<'_>, now: Instant) -> Quota {
        let id = self.hash.hash_one(who);
        let part = usize::try_from(id).unwrap_or_default() % SHARDS;
        let Some(shard) = self.shards.get(part) else { return self.quota(Duration::ZERO, None) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let id = shard.room_for(id, now);
        let owed = shard.full_at.get(&id).map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let next = owed + self.cost;
        if next > self.bucket {
            return self.quota(owed, Some(next - self.bucket));
        }
        shard.full_at.insert(id, now + next);
        self.quota(next, None)
    }

    fn quota(&self, owed: Duration, wait: Option<Duration>) -> Quota {
        let left = self.bucket.saturating_sub(owed).as_nanos() / self.cost.as_nanos().max(1);
        Quota {
            remaining: u64::try_from(left).unwrap_or(u64::MAX),
            full_after: seconds(owed),
            retry_after: wait.map(|wait| seconds(wait).max(1)),
        }
    }

    /// Tells the caller what is left (draft-ietf-httpapi-ratelimit-headers).
    pub fn tell(&self, quota: Quota, headers: &mut HeaderMap) {
        headers.insert(HeaderName::from_static("ratelimit-policy"), self.policy.clone());
        let left = format!("\"calls\";r={};t={}", quota.remaining, quota.full_after);
        if let Ok(left) = HeaderValue::try_from(left) {
            headers.insert(HeaderName::from_static("ratelimit"), left);
        }
    }
}

impl Shard {
    /// The bucket of a caller; the shared one when there is no room for another.
    fn room_for(&mut self, id: u64, now: Instant) -> u64 {
        if self.full_at.len() < CALLERS || self.full_at.contains_key(&id) {
            return id;
        }
        if self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP) {
            self.swept = Some(now);
            // A full bucket is the same as none.
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        if self.full_at.len() < CALLERS { id } else { SHARED }
    }
}

/// The address that a request comes from: the last hop that a trusted proxy names, or the peer.
pub fn source_of(request: &ServiceRequest, proxy_header: Option<&str>) -> Option<IpAddr> {
    let named = proxy_header.and_then(|name| {
        let value = request.headers().get_all(name).last()?.to_str().ok()?;
        last_hop(value)
    });
    let address = named.or_else(|| request.peer_addr().map(|peer| peer.ip()))?;
    Some(address.to_canonical())
}

/// What requests of one address are counted under: of an address of IPv6 the network, which is what one customer is
/// given.
fn address_of(request: &ServiceRequest, proxy_header: Option<&str>) -> Option<[u8; 16]> {
    Some(match source_of(request, proxy_header)? {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            octets
        }
    })
}

fn last_hop(value: &str) -> Option<IpAddr> {
    let hop = value.rsplit(',').next()?.trim();
    let with_port = || hop.parse::<std::net::SocketAddr>().map(|address| address.ip()).ok();
    hop.trim_matches(['[', ']']).parse().ok().or_else(with_port)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn limits(burst: u32) -> RateLimits {
        RateLimits::new(Rate { requests: 10, per: Duration::from_secs(1), burst })
    }

    #[test]
    fn a_bucket_empties_and_fills_steadily() {
        let (limits, start) = (limits(3), Instant::now());
        let take = |ms| limits.take_of(&Who::Caller("a"), start + Duration::from_millis(ms));
        assert_eq!([take(0).remaining, take(0).remaining, take(0).remaining], [2, 1, 0]);
        assert_eq!(take(0).retry_after, Some(1));
        assert!(take(99).retry_after.is_some());
        assert_eq!(take(100).retry_after, None);
        assert!(take(100).retry_after.is_some(), "what was refused cost nothing, what was taken did");
        assert_eq!(take(10_000).remaining, 2, "never more than full");
    }

    #[test]
    fn callers_have_buckets_of_their_own_in_bounded_memory() {
        let (limits, start) = (limits(1), Instant::now());
        assert_eq!(limits.take_of(&Who::Caller("a"), start).retry_after, None);
        assert!(limits.take_of(&Who::Caller("a"), start).retry_after.is_some());
        assert_eq!(limits.take_of(&Who::Caller("b"), start).retry_after, None);
        for n in 0..(SHARDS * CALLERS * 2) as u128 {
            limits.take_of(&Who::Address(n.to_be_bytes()), start);
        }
        let remembered: usize = limits.shards.iter().map(|shard| shard.lock().unwrap().full_at.len()).sum();
        assert!(remembered <= SHARDS * (CALLERS + 1), "{remembered}");
        let later = start + Duration::from_secs(2);
        assert_eq!(limits.take_of(&Who::Caller("c"), later).retry_after, None);
    }

    #[test]
    fn the_last_hop_is_the_one_that_the_proxy_saw() {
        let ip = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(last_hop("203.0.113.7"), ip("203.0.113.7"));
        assert_eq!(last_hop("1.1.1.1, 203.0.113.7"), ip("203.0.113.7"));
        assert_eq!(last_hop("203.0.113.7:4711"), ip("203.0.113.7"));
        assert_eq!(last_hop("[2001:db8::1]:4711"), ip("2001:db8::1"));
        assert_eq!(last_hop("[2001:db8::1]"), ip("2001:db8::1"));
        assert_eq!(last_hop("unknown"), None);
    }
}
