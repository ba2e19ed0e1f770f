//! The HTTP client of webhooks. It connects only to addresses that it has looked at: names are resolved once, every
//! address of a name must be public, and the connection goes to one of these. Redirects and proxies are not used.

use std::{
    io,
    net::{IpAddr, ToSocketAddrs},
    time::Duration,
};

use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    tls::{RootCerts, TlsConfig, TlsProvider},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};
use url::{Host, Url};

use super::message;
use crate::{
    domain::{time::Moment, webhooks::is_public},
    service::webhook_deliveries::Attempt,
};

/// How long a receiver may take, from the name to the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends events. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    agent: Agent,
}

/// Resolves names, and refuses those that have an address that is not public.
#[derive(Debug)]
struct Guard {
    inner: DefaultResolver,
    allow_private: bool,
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        if !self.allow_private && found.iter().any(|address| !is_public(address.ip())) {
            let refused = "the address is not on the public internet";
            return Err(Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, refused)));
        }
        Ok(found)
    }
}

impl Sender {
    /// A sender; `allow_private` lets it connect to addresses that are not public.
    pub fn new(allow_private: bool) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(!allow_private)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(0)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("chiso/", env!("CARGO_PKG_VERSION")))
            .build();
        let guard = Guard { inner: DefaultResolver::default(), allow_private };
        Self { agent: Agent::with_parts(config, DefaultConnector::default(), guard) }
    }

    /// Sends an event and waits for the head of the answer; what the receiver says beside it is not read.
    pub fn send(&self, url: &str, secret: &str, event: &str, now: Moment) -> Attempt {
        let seconds = now.micros().div_euclid(1_000_000);
        let sent = self
            .agent
            .post(url)
            .header("content-type", message::MEDIA_TYPE)
            .header("chiso-signature", message::signature(secret, seconds, event))
            .send(event);
        match sent {
            Ok(response) => {
                let status = response.status().as_u16();
                let error = match status {
                    200..=299 => None,
                    300..=399 => Some(format!("redirected ({status}): redirects are not followed")),
                    _ => Some(format!("answered {status}")),
                };
                Attempt { status: Some(status), error }
            }
            Err(error) => Attempt { status: None, error: Some(told(&error)) },
        }
    }
}

/// An error in words that say nothing of the network that the service stands in.
fn told(error: &Error) -> String {
    match error {
        Error::Io(inner) if inner.kind() == io::ErrorKind::PermissionDenied => "private target".to_owned(),
        Error::Io(inner) => format!("no connection: {}", inner.kind()),
        Error::Timeout(_) => "no answer in time".to_owned(),
        Error::HostNotFound => "the name has no address".to_owned(),
        Error::ConnectionFailed => "no connection".to_owned(),
        Error::Protocol(_) => "the answer is not HTTP".to_owned(),
        _ => "the connection could not be secured".to_owned(),
    }
}

/// Addresses of a URL's name that are not public: none where the name has no address at all. It may wait for the
/// name service.
pub fn private_addresses(url: &str) -> Vec<IpAddr> {
    let Ok(url) = Url::parse(url) else { return Vec::new() };
    let Some(Host::Domain(name)) = url.host() else { return Vec::new() };
    let port = url.port_or_known_default().unwrap_or(443);
    let found = (name, port).to_socket_addrs().into_iter().flatten();
    found.map(|address| address.ip()).filter(|address| !is_public(*address)).collect()
}
