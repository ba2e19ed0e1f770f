//! What `chiso serve` was told about the identity provider, read once at the start.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::PathBuf,
    time::Duration,
};

use ureq::http::Uri;

use crate::{cli::TokenOptions, domain::access::Scope};

/// Which tokens are taken, and what they entitle to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// The one issuer.
    pub issuer: String,
    /// What tokens must be meant for.
    pub audience: String,
    /// Where the issuer's keys are.
    pub keys: KeySource,
    /// Claim of the scopes.
    pub scope_claim: String,
    /// Claim of the unit.
    pub unit_claim: String,
    /// What the issuer's scopes are here; without any they have the names that they have here.
    pub scope_map: BTreeMap<String, Vec<Scope>>,
    /// Clients whose tokens hold for all units where they name none.
    pub unbound_clients: BTreeSet<String>,
    /// Seconds by which clocks may differ.
    pub skew_seconds: u32,
    /// How long the keys may take to come.
    pub patience: Duration,
}

/// Where the issuer's keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file of this machine.
    File(PathBuf),
    /// An address: https, or http of this machine.
    Url(String),
}

/// The keys are some kilobytes; who needs longer is as good as away.
const PATIENCE: Duration = Duration::from_secs(5);

impl TokenSettings {
    /// Reads the options; none when they name no issuer.
    ///
    /// # Errors
    /// A sentence for the person who set half of what belongs together, or what can't be.
    pub fn from_options(options: &TokenOptions) -> Result<Option<Self>, String> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let (issuer, audience, keys) =
            match (given(&options.oidc_issuer), given(&options.oidc_audience), given(&options.oidc_jwks)) {
                (Some(issuer), Some(audience), Some(keys)) => (issuer, audience, keys),
                (None, None, None) => return nothing_hangs_loose(options).map(|()| None),
                (issuer, audience, keys) => {
                    let missing = [
                        issuer.is_none().then_some("--oidc-issuer (CHISO_OIDC_ISSUER)"),
                        audience.is_none().then_some("--oidc-audience (CHISO_OIDC_AUDIENCE)"),
                        keys.is_none().then_some("--oidc-jwks (CHISO_OIDC_JWKS)"),
                    ];
                    let missing: Vec<&str> = missing.into_iter().flatten().collect();
                    return Err(format!(
                        "issuer, audience and keys of an identity provider belong together; missing: {}",
                        missing.join(", ")
                    ));
                }
            };
        for (option, claim) in [
            ("--oidc-scope-claim", &options.oidc_scope_claim),
            ("--oidc-unit-claim", &options.oidc_unit_claim),
        ] {
            if claim.trim().is_empty() {
                return Err(format!("{option} must name a claim"));
            }
        }
        Ok(Some(Self {
            issuer,
            audience,
            keys: KeySource::read(&keys)?,
            scope_claim: options.oidc_scope_claim.clone(),
            unit_claim: options.oidc_unit_claim.clone(),
            scope_map: scope_map(&options.oidc_scope_map)?,
            unbound_clients: texts(&options.oidc_unbound_clients).map(str::to_owned).collect(),
            skew_seconds: options.oidc_skew_seconds,
            patience: PATIENCE,
        }))
    }
}

/// Options that mean nothing without an issuer are a mistake to tell.
fn nothing_hangs_loose(options: &TokenOptions) -> Result<(), String> {
    let loose = [
        ("--oidc-scope-map", &options.oidc_scope_map),
        ("--oidc-unbound-clients", &options.oidc_unbound_clients),
    ];
    match loose.iter().find(|(_, values)| texts(values).next().is_some()) {
        None => Ok(()),
        Some((option, _)) => {
            Err(format!("{option} means nothing without --oidc-issuer, --oidc-audience and --oidc-jwks"))
        }
    }
}

/// The texts of a list that are not empty: an empty variable is one empty text.
fn texts(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn scope_map(pairs: &[String]) -> Result<BTreeMap<String, Vec<Scope>>, String> {
    let mut map: BTreeMap<String, Vec<Scope>> = BTreeMap::new();
    for pair in texts(pairs) {
        // Scopes here have no `=`, those of others may be addresses that have one.
        let (theirs, ours) = pair
            .rsplit_once('=')
            .filter(|(theirs, _)| !theirs.trim().is_empty())
            .ok_or_else(|| format!("--oidc-scope-map: `{pair}` is not written THEIRS=OURS"))?;
        let ours: Scope = ours.trim().parse().map_err(|e| format!("--oidc-scope-map: {e}"))?;
        map.entry(theirs.trim().to_owned()).or_default().push(ours);
    }
    Ok(map)
}

impl KeySource {
    fn read(text: &str) -> Result<Self, String> {
        let Some((scheme, _)) = text.split_once("://") else {
            return Ok(Self::File(PathBuf::from(text)));
        };
        let uri: Uri = text.parse().map_err(|e| format!("--oidc-jwks: {text}: {e}"))?;
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err("--oidc-jwks: the address must name a host, and no user".to_owned());
        }
        match scheme.to_ascii_lowercase().as_str() {
            "https" => Ok(Self::Url(text.to_owned())),
            "http" if uri.host().is_some_and(is_this_machine) => Ok(Self::Url(text.to_owned())),
            "http" => Err(format!(
                "--oidc-jwks: {text}: keys that come without TLS can be anybody's; give an https address"
            )),
            _ => Err(format!("--oidc-jwks: {text}: give an https address or the path of a file")),
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn read(options: &[&str]) -> Result<Option<TokenSettings>, String> {
        let line = ["chiso", "serve"].iter().chain(options);
        let Command::Serve(serve) = Cli::try_parse_from(line).unwrap().command else { unreachable!() };
        TokenSettings::from_options(&serve.tokens)
    }

    const THREE: [&str; 6] =
        ["--oidc-issuer", "https://id.vn", "--oidc-audience", "chiso", "--oidc-jwks", "keys.json"];

    fn with(more: &[&str]) -> Result<TokenSettings, String> {
        let options: Vec<&str> = THREE.iter().chain(more).copied().collect();
        read(&options).map(Option::unwrap)
    }

    #[test]
    fn without_an_issuer_there_are_no_tokens() {
        assert_eq!(read(&[]), Ok(None));
        let empty = ["--oidc-issuer", "", "--oidc-audience", "", "--oidc-jwks", "", "--oidc-scope-map", ""];
        assert_eq!(read(&empty), Ok(None), "variables that are set and empty");
    }

    #[test]
    fn the_defaults_bind_every_client() {
        let settings = with(&[]).unwrap();
        assert_eq!((settings.scope_claim.as_str(), settings.unit_claim.as_str()), ("scope", "unit_id"));
        assert_eq!(settings.skew_seconds, 60);
        assert!(settings.scope_map.is_empty() && settings.unbound_clients.is_empty());
        assert_eq!(settings.keys, KeySource::File("keys.json".into()));
    }

    #[test]
    fn half_a_configuration_names_what_is_missing() {
        for left_out in 0..3 {
            let half: Vec<&str> = THREE
                .chunks(2)
                .enumerate()
                .filter(|(i, _)| *i != left_out)
                .flat_map(|(_, o)| o)
                .copied()
                .collect();
            let sentence = read(&half).unwrap_err();
            for (i, option) in THREE.chunks(2).enumerate() {
                assert_eq!(sentence.contains(option[0]), i == left_out, "{sentence}");
            }
        }
        for loose in [["--oidc-scope-map", "a=admin"], ["--oidc-unbound-clients", "lgsp"]] {
            assert!(read(&loose).unwrap_err().contains(loose[0]));
        }
    }

    #[test]
    fn keys_come_by_tls_or_from_this_machine() {
        let source = |keys: &str| {
            read(&["--oidc-issuer", "i", "--oidc-audience", "a", "--oidc-jwks", keys])
                .map(|s| s.unwrap().keys)
        };
        for url in [
            "https://id.vn/jwks",
            "http://127.0.0.1:8081/jwks",
            "http://[::1]/jwks",
            "http://localhost:9/jwks",
        ] {
            assert_eq!(source(url), Ok(KeySource::Url(url.to_owned())), "{url}");
        }
        for wrong in [
            "http://id.vn/jwks",
            "http://127.0.0.1.id.vn/jwks",
            "http://127.0.0.1@id.vn/jwks",
            "https://name:word@id.vn/jwks",
            "ftp://id.vn/jwks",
            "file:///etc/jwks",
            "https://",
        ] {
            assert!(source(wrong).unwrap_err().starts_with("--oidc-jwks"), "{wrong}");
        }
        assert_eq!(source("/etc/chiso/jwks.json"), Ok(KeySource::File("/etc/chiso/jwks.json".into())));
    }

    #[test]
    fn a_map_of_scopes_is_read_pair_by_pair() {
        let map =
            with(&["--oidc-scope-map", "doc=dossiers:read, ghi=dossiers:read,ghi=dossiers:write"]).unwrap();
        assert_eq!(map.scope_map["doc"], [Scope::DossiersRead]);
        assert_eq!(map.scope_map["ghi"], [Scope::DossiersRead, Scope::DossiersWrite]);
        for wrong in ["doc", "=dossiers:read", "doc=", "doc=dossiers:raed"] {
            assert!(with(&["--oidc-scope-map", wrong]).unwrap_err().contains("--oidc-scope-map"), "{wrong}");
        }
        assert!(with(&["--oidc-unit-claim", " "]).unwrap_err().contains("--oidc-unit-claim"));
    }
}
