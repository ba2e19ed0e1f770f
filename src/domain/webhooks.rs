//! Webhooks: who is told of which changes, where, and when a delivery is tried again.
//!
//! Addresses are refused that lead into the operator's own network, unless the operator allows them: otherwise
//! anybody with a key could make the service ask what only it can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;
use url::{Host, Url};

use super::{
    changes::{Action, ChangedResource},
    time::Moment,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// Why the service stopped a subscription by itself.
    pub enum StopReason {
        /// Three deliveries in a row were given up.
        Failing = "failing",
        /// The key of its owner is revoked or has expired.
        OwnerGone = "owner_gone",
        /// The changes behind its place are no longer kept.
        ChangesGone = "changes_gone",
    }
}

words! {
    /// How far a delivery is.
    pub enum DeliveryStatus {
        /// To be sent, or to be tried again.
        Pending = "pending",
        /// The receiver took it.
        Delivered = "delivered",
        /// Given up.
        Failed = "failed",
        /// Not sent: the owner may no longer see it, or it is no longer kept.
        Skipped = "skipped",
    }
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Made by the service.
    pub id: String,
    /// Where deliveries are sent.
    pub url: String,
    /// Id of the owner's key: it decides what is told.
    pub owner_id: String,
    /// Name of the owner.
    pub owner_name: String,
    /// Whether the owner had the operator's own key, which is not kept.
    #[serde(skip)]
    pub owner_is_operator: bool,
    /// Changes of these kinds of record; of all when empty.
    pub resources: Vec<ChangedResource>,
    /// Changes that did one of these; all when empty.
    pub actions: Vec<Action>,
    /// Changes of records of this unit; of all when absent.
    pub unit_id: Option<String>,
    /// What deliveries are signed with. It is kept readable, and never shown again.
    #[serde(skip)]
    pub secret: String,
    /// Whether deliveries are sent.
    pub active: bool,
    /// Why the service stopped it.
    pub stopped_because: Option<StopReason>,
    /// When it was made.
    pub created_at: Moment,
}

/// A delivery of a change to a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Sorts in the order of the feed.
    pub id: String,
    /// The subscription.
    pub webhook_id: String,
    /// Place of the change in the feed.
    pub tx: i64,
    /// The same.
    pub change_id: i64,
    /// Kind of the record.
    pub resource: String,
    /// Id of the record.
    pub record_id: String,
    /// What the owner was to be told.
    pub action: Action,
    /// How far it is.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was planned.
    pub created_at: Moment,
    /// When it is tried next.
    pub next_at: Option<Moment>,
    /// When it was tried last.
    pub attempted_at: Option<Moment>,
    /// When it was delivered or given up.
    pub finished_at: Option<Moment>,
    /// What the receiver answered last.
    pub response_status: Option<i32>,
    /// What went wrong last.
    pub error: Option<String>,
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// How long after each attempt that failed the next one is due: eight attempts in some 21 hours.
const GAPS: [i64; 7] = [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR];

/// Deliveries in a row that are given up before the subscription is stopped: some three days without success.
pub const GIVEN_UP_IN_ROW: i32 = 3;

/// When a delivery is tried again after a number of attempts at some moment; never once all were made. The gap is up
/// to a tenth longer, by the delivery's id, so that what failed together isn't sent together again.
pub fn next_attempt(id: &str, attempts: i32, now: Moment) -> Option<Moment> {
    let gap = GAPS.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    let spread = id.bytes().fold(i64::from(attempts), |sum, byte| (sum * 31 + i64::from(byte)) % 1000);
    Some(Moment::from_micros(now.micros() + gap + gap / 10 * spread / 1000))
}

impl Webhook {
    /// Whether the subscription asks for a change.
    pub fn wants(&self, resource: ChangedResource, action: Action) -> bool {
        (self.resources.is_empty() || self.resources.contains(&resource))
            && (self.actions.is_empty() || self.actions.contains(&action))
    }

    /// The rules of one subscription.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.text("/url", &self.url, 2000);
        let length = self.secret.chars().count();
        if !(16..=200).contains(&length) || self.secret.chars().any(char::is_control) {
            findings.add(
                "/secret",
                "out_of_range",
                "A secret has 16 to 200 characters.",
                "Mã bí mật dài từ 16 đến 200 ký tự.",
            );
        }
        findings.into_result().err().unwrap_or_default()
    }
}

/// The rules of an address that deliveries are sent to; `allow_private` is the operator's word.
pub fn check_url(text: &str, allow_private: bool) -> Vec<Violation> {
    let mut findings = Findings::default();
    let Ok(url) = Url::parse(text) else {
        findings.add("/url", "malformed_url", "This is no URL.", "Đây không phải là một URL.");
        return findings.into_result().err().unwrap_or_default();
    };
    if !(url.scheme() == "https" || allow_private && url.scheme() == "http") {
        findings.add(
            "/url",
            "not_https",
            "The URL begins with `https://`.",
            "URL phải bắt đầu bằng `https://`.",
        );
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        findings.add(
            "/url",
            "malformed_url",
            "The URL has neither a user nor a fragment.",
            "URL không có tên người dùng và không có phần `#`.",
        );
    }
    let private = match url.host() {
        None => true,
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
    };
    if private && !allow_private {
        findings.extend(vec![private_target()]);
    }
    findings.into_result().err().unwrap_or_default()
}

/// The refusal of an address that is not on the public internet.
pub fn private_target() -> Violation {
    Violation::new(
        "/url",
        "private_target",
        "The address is not on the public internet.",
        "Địa chỉ không thuộc mạng internet công cộng.",
    )
}

/// Whether an address is one of the public internet: not this machine's, not of a private network, not a special one.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        // "This network", shared space of carriers, protocol assignments, benchmarks, reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([x, y], [z, w]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(x, y, z, w))
    };
    match (a, b) {
        // IPv4 in IPv6: mapped, and through the well-known translator.
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => embedded(g, h),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => embedded(g, h),
        // 6to4 carries the address of its router.
        (0x2002, _) => embedded(b, c),
        // Teredo, benchmarks, ORCHID and the other special ones of 2001::/23; documentation.
        (0x2001, _) if b < 0x200 || b == 0xdb8 => false,
        (0x3fff, _) if b < 0x1000 => false,
        // Of the rest only global unicast is assigned.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for public in [
            "1.1.1.1",
            "203.162.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "2405:4800::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::1",
            "100::1",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    fn codes(url: &str, allow_private: bool) -> Vec<&'static str> {
        check_url(url, allow_private).iter().map(|violation| violation.code).collect()
    }

    #[test]
    fn an_address_that_is_written_strangely_is_read_as_what_it_is() {
        for url in [
            "https://127.1/x",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://017700000001/",
            "https://[::1]:9/",
            "https://LOCALHOST/",
            "https://localhost./",
            "https://a.localhost",
            "https://169.254.169.254/latest",
            "https://[::ffff:10.0.0.1]/",
            "https://①②⑦.0.0.1/",
        ] {
            assert_eq!(codes(url, false), ["private_target"], "{url}");
            assert_eq!(codes(url, true), [""; 0], "{url}");
        }
        assert_eq!(codes("https://example.vn:8443/hook?x=1", false), [""; 0]);
        assert_eq!(codes("http://example.vn/", false), ["not_https"]);
        assert_eq!(codes("http://127.0.0.1:1/", true), [""; 0]);
        for url in ["", "example.vn", "/hook", "https://", "https://u:p@example.vn/", "https://example.vn/#x"]
        {
            assert_eq!(codes(url, false), ["malformed_url"], "{url}");
        }
        assert_eq!(codes("ftp://example.vn/", true), ["not_https"]);
    }

    #[test]
    fn gaps_grow_and_end_within_a_day() {
        let mut now = Moment::from_micros(0);
        let mut last = 0;
        for attempts in 1.. {
            let Some(next) = next_attempt("x", attempts, now) else { break };
            assert!(next.micros() - now.micros() > last);
            last = next.micros() - now.micros();
            now = next;
        }
        assert!((20 * HOUR..24 * HOUR).contains(&now.micros()), "{}", now.micros());
    }
}
