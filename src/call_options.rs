//! Options of `serve` that say what holds for every call.

use std::time::Duration;

use clap::Args;

use crate::http::{cors::CorsRules, gate::CallRules, rate_limits::Rate, uploads::Pace};

/// Requests a second that a caller may send where nothing else is said: more than any client needs that keeps its
/// records in step, fewer than would keep two cores busy.
const RATE: u32 = 1000;

/// What holds for every call.
#[derive(Debug, Clone, Args)]
pub struct CallOptions {
    /// Requests a second that each caller may send, by its key or else by its address; 0 for as many as it likes.
    /// 1000 when not given, 0 with --sample.
    #[arg(long, env = "CHISO_RATE_LIMIT", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub rate_limit: Option<u32>,

    /// Requests that a caller may send at once after a rest; those of two seconds when not given.
    #[arg(long, env = "CHISO_RATE_BURST", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub rate_burst: Option<u32>,

    /// Header in which a proxy names the address that it was asked from: x-forwarded-for. The last address counts, so
    /// only with a proxy before the service that always adds it.
    #[arg(long, env = "CHISO_TRUSTED_PROXY_HEADER", value_parser = header_name)]
    pub trusted_proxy_header: Option<String>,

    /// Requests that are carried out at once; beyond it the answer is 503, at once.
    #[arg(long, env = "CHISO_MAX_IN_FLIGHT", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_in_flight: u32,

    /// Seconds that a request may take; imports, exports and who waits for changes have limits of their own.
    #[arg(long, env = "CHISO_REQUEST_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub request_seconds: u64,

    /// Seconds in which something of a body must come in, and in which a client must read something of an answer.
    #[arg(long, env = "CHISO_IDLE_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub idle_seconds: u64,

    /// Bytes a second that must come in of a body after its first ten seconds.
    #[arg(long, env = "CHISO_MIN_UPLOAD_RATE", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(0..=1_073_741_824))]
    pub min_upload_rate: u64,

    /// Origins whose web pages may read: `https://example.gov.vn,https://another.gov.vn`, or * for all; none when not
    /// given.
    #[arg(long, env = "CHISO_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<String>,

    /// Let web pages of these origins write as well.
    #[arg(long, env = "CHISO_CORS_WRITE")]
    pub cors_write: bool,
}

fn header_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || !text.chars().all(plain) {
        return Err("the name of a header, such as x-forwarded-for".to_owned());
    }
    Ok(text.to_ascii_lowercase())
}

/// An origin as browsers send it: without a path.
fn origin(text: &str) -> Result<String, String> {
    let place = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match place {
        Some(place) if !place.is_empty() && !place.contains('/') => Ok(text.to_ascii_lowercase()),
        None if text == "*" => Ok(text.to_owned()),
        _ => Err("an origin, such as https://example.gov.vn, or *".to_owned()),
    }
}

impl CallOptions {
    /// The rules.
    pub fn rules(&self, sample: bool) -> CallRules {
        let requests = self.rate_limit.unwrap_or(if sample { 0 } else { RATE });
        let burst = self.rate_burst.unwrap_or(requests.saturating_mul(2));
        let rate = Rate { requests, per: Duration::from_secs(1), burst };
        let idle = Duration::from_secs(self.idle_seconds);
        CallRules {
            rate: (requests > 0).then_some(rate),
            trusted_proxy_header: self.trusted_proxy_header.clone(),
            max_in_flight: self.max_in_flight as usize,
            request_time: Duration::from_secs(self.request_seconds),
            upload: Pace { idle, least: self.min_upload_rate, ..Pace::default() },
            read_idle: idle,
            cors: CorsRules { origins: self.cors_origins.clone(), write: self.cors_write },
        }
    }
}
