//! Keys at the command line, and how a service that is started finds its administrator.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use crate::{
    cli::{CreateKey, RevokeKey, Serve},
    domain::{
        access::Grant,
        api_keys::{ApiKey, PREFIX, words_of},
        time::Moment,
    },
    exchange::sentence,
    http::access::{Access, Area},
    service::{
        access::Caller,
        api_keys::{self, ApiKeys, NewKey},
        crud::{self, Context, Precondition},
        keyring::{self, Keyring},
    },
    store::{
        Store, Versioned,
        list::{After, Request, Sort, Value},
    },
    tokens::Tokens,
};

/// Name of the caller that the commands are.
const ACTOR: &str = "command";

/// Least length of a bootstrap key: what is shorter could be guessed.
const SHORTEST: usize = 32;

/// Makes a key and prints its secret alone on the last line.
///
/// # Errors
/// The sentence for the person who called.
pub async fn create(store: &Store, options: &CreateKey) -> Result<(), String> {
    let new = NewKey {
        name: options.name.trim().to_owned(),
        grant: Grant {
            scopes: options.scopes.iter().copied().collect(),
            unit_id: options.unit.clone(),
            partial_predecessors: options.partial_predecessors.clone(),
        },
        expires_at: options.expires,
    };
    let context = Context::of_command(ACTOR, Moment::now());
    let (key, secret) = api_keys::create(store, context, new)
        .await
        .map_err(|error| format!("no key: {}", sentence(&error)))?;
    println!("{}", told(&key));
    println!("The secret is shown this once:");
    println!("{secret}");
    Ok(())
}

fn told(key: &Versioned<ApiKey>) -> String {
    let key = &key.record;
    let scopes = words_of(key.grant.scopes).join(",");
    let unit = key.grant.unit_id.as_deref().unwrap_or("all units");
    let hints: Vec<&str> = key.secrets.iter().map(|secret| secret.hint.as_str()).collect();
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(end)) => format!("until {end}"),
        (None, None) => "without an end".to_owned(),
    };
    format!("{}  {}  {scopes}  {unit}  {state}  {}", key.id, key.name, hints.join(" "))
}

/// Prints every key, a line each.
///
/// # Errors
/// The sentence for the person who called.
pub async fn list(store: &Store) -> Result<(), String> {
    let mut after = None;
    loop {
        let sort = Sort { column: "id", descending: false };
        let request = Request { filters: Vec::new(), sort, after, limit: 500 };
        let page = crud::list::<ApiKeys>(store, Caller::everything(ACTOR), request, false)
            .await
            .map_err(|error| sentence(&error))?;
        page.items.iter().for_each(|key| println!("{}", told(key)));
        match page.items.last() {
            Some(last) if page.more => {
                let key = last.record.id.clone();
                after = Some(After { value: Some(Value::Text(key.clone())), key });
            }
            _ => return Ok(()),
        }
    }
}

/// Revokes a key.
///
/// # Errors
/// The sentence for the person who called.
pub async fn revoke(store: &Store, options: &RevokeKey) -> Result<(), String> {
    let context = Context::of_command(ACTOR, Moment::now());
    crud::delete::<ApiKeys>(store, context, options.id.clone(), Precondition::None)
        .await
        .map_err(|error| sentence(&error))?;
    println!("{} is revoked", options.id);
    Ok(())
}

/// Who may come in to the service, and the secret of this process's own administrator where it has one to print.
///
/// # Errors
/// A sentence where nobody could ever write, or where everybody on the network would meet a service without keys.
pub async fn access(
    store: &Store,
    options: &Serve,
    tokens: Option<Arc<Tokens>>,
) -> Result<(Access, Option<String>), String> {
    let mut own = Vec::new();
    // An empty variable is one that a compose file passes on without a value.
    if let Some(key) = options.bootstrap_key.as_ref().filter(|key| !key.is_empty()) {
        if key.len() < SHORTEST || !key.starts_with(PREFIX) || key.chars().any(char::is_whitespace) {
            return Err(format!(
                "CHISO_BOOTSTRAP_KEY must begin with `{PREFIX}` and have {SHORTEST} characters at least, without spaces"
            ));
        }
        own.push((key.clone(), "bootstrap"));
    }
    let any = keyring::any_key(store).await.map_err(|error| sentence(&error))?
        || !own.is_empty()
        || tokens.is_some();
    if !any && !is_loopback(&options.bind) {
        return Err(format!(
            "{} is open to the network and there is no key: make one with `chiso keys create --name NAME --scopes admin`, \
             or set CHISO_BOOTSTRAP_KEY, or bind to 127.0.0.1",
            options.bind
        ));
    }
    let mut printed = None;
    if !any && options.sample {
        let secret = api_keys::random_secret().map_err(|error| sentence(&error))?;
        own.push((secret.clone(), "sample administrator"));
        printed = Some(secret);
    }
    let access = Access {
        keyring: Keyring::with_own(own),
        tokens,
        public: areas(&options.public)?,
        recipient_names: options.public_recipient_names,
        min_cell: options.public_min_cell,
    };
    Ok((access, printed))
}

fn areas(words: &[String]) -> Result<Vec<Area>, String> {
    let words: Vec<&str> = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
    if words == ["none"] {
        return Ok(Vec::new());
    }
    words.iter().map(|word| word.parse().map_err(|e| format!("CHISO_PUBLIC: {e}, or none"))).collect()
}

/// Whether an address is reached from this machine alone. One that can't be resolved is for the server to refuse.
fn is_loopback(bind: &str) -> bool {
    let addresses: Vec<SocketAddr> = bind.to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    addresses.iter().all(|address| address.ip().is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_words_or_none() {
        let read = |text: &str| areas(&text.split(',').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(read("none").unwrap(), []);
        assert_eq!(read("units, rankings").unwrap(), [Area::Units, Area::Rankings]);
        assert!(read("dossiers").unwrap_err().contains("unknown word `dossiers`"));
        assert!(read("none,units").is_err());
    }

    #[test]
    fn loopback_is_told_from_the_network() {
        assert!(is_loopback("127.0.0.1:8080") && is_loopback("[::1]:80") && is_loopback("localhost:80"));
        assert!(!is_loopback("0.0.0.0:8080") && !is_loopback("[::]:8080"));
    }
}
