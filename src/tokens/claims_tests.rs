//! What claims become: scopes, the unit, the caller's name.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{
    Refused, TokenSettings, Verified,
    test_issuer::{Filed, ISSUER, RSA, claims, jwks, with},
};
use crate::domain::access::{Grant, Scope};

fn filed(change: impl FnOnce(&mut TokenSettings)) -> Filed {
    Filed::with(&jwks(&[&RSA]), change)
}

fn scopes(filed: &Filed, claims: &Value) -> Vec<Scope> {
    filed.verify(&RSA.sign(claims)).unwrap().grant.scopes.iter().collect()
}

#[test]
fn scopes_have_their_own_names_where_there_is_no_map() {
    let filed = filed(|_| {});
    let both = vec![Scope::DossiersRead, Scope::DossiersWrite];
    assert_eq!(scopes(&filed, &claims()), both);
    assert_eq!(scopes(&filed, &with("scope", json!(["dossiers:read", "dossiers:write"]))), both);
    assert_eq!(scopes(&filed, &with("scope", json!("openid  profile scores:read"))), [Scope::ScoresRead]);
    for nothing in [Value::Null, json!(""), json!([]), json!("openid")] {
        assert_eq!(scopes(&filed, &with("scope", nothing)), []);
    }
    for wrong in [json!(7), json!({"a": 1}), json!([7])] {
        let refused = filed.verify(&RSA.sign(&with("scope", wrong)));
        assert_eq!(refused, Err(Refused::Claim("scope".to_owned())));
    }
}

#[test]
fn the_word_admin_of_an_issuer_is_not_ours() {
    let token = with("scope", json!("admin dossiers:read"));
    assert_eq!(scopes(&filed(|_| {}), &token), [Scope::DossiersRead]);
    let mapped = filed(|settings| {
        settings.scope_map = [("admin".to_owned(), vec![Scope::Admin])].into();
    });
    assert_eq!(scopes(&mapped, &token), [Scope::Admin]);
}

#[test]
fn with_a_map_only_its_scopes_hold() {
    let filed = filed(|settings| {
        settings.scope_map = [
            ("lgsp.hoso.doc".to_owned(), vec![Scope::DossiersRead]),
            ("lgsp.hoso.ghi".to_owned(), vec![Scope::DossiersRead, Scope::DossiersWrite]),
        ]
        .into();
    });
    assert_eq!(scopes(&filed, &with("scope", json!("lgsp.hoso.doc"))), [Scope::DossiersRead]);
    assert_eq!(
        scopes(&filed, &with("scope", json!(["lgsp.hoso.ghi"]))),
        [Scope::DossiersRead, Scope::DossiersWrite]
    );
    assert_eq!(scopes(&filed, &with("scope", json!("dossiers:write lgsp.hoso"))), []);
}

#[test]
fn claims_are_named_by_the_configuration() {
    let filed = filed(|settings| {
        settings.scope_claim = "/realm_access/roles".to_owned();
        settings.unit_claim = "https://lgsp.vn/don-vi".to_owned();
    });
    let mut token = with("realm_access", json!({"roles": ["scores:read"]}));
    token["https://lgsp.vn/don-vi"] = json!("gso25-82");
    let verified = filed.verify(&RSA.sign(&token)).unwrap();
    assert_eq!(verified.grant.unit_id.as_deref(), Some("gso25-82"));
    assert_eq!(verified.grant.scopes.iter().collect::<Vec<_>>(), [Scope::ScoresRead]);
    assert_eq!(filed.verify(&RSA.sign(&claims())), Err(Refused::NoUnit), "`unit_id` is not the claim now");
}

#[test]
fn a_token_without_a_unit_is_refused() {
    let filed = filed(|_| {});
    let unit = |value: Value| filed.verify(&RSA.sign(&with("unit_id", value))).map(|v| v.grant.unit_id);
    assert_eq!(unit(json!("gso25-82")), Ok(Some("gso25-82".to_owned())));
    assert_eq!(unit(json!(["gso25-82"])), Ok(Some("gso25-82".to_owned())));
    assert_eq!(unit(Value::Null), Err(Refused::NoUnit));
    for wrong in [
        json!(""),
        json!(30154),
        json!([]),
        json!(["gso25-82", "gso25-91"]),
        json!({}),
        json!("x".repeat(201)),
    ] {
        assert_eq!(unit(wrong), Err(Refused::Claim("unit_id".to_owned())));
    }
    let mut null = claims();
    null["unit_id"] = Value::Null;
    assert_eq!(filed.verify(&RSA.sign(&null)), Err(Refused::NoUnit));
}

#[test]
fn a_client_that_holds_for_all_units_is_named_by_the_configuration() {
    let filed = filed(|settings| settings.unbound_clients = ["lgsp".to_owned()].into());
    let mut token = with("unit_id", Value::Null);
    assert_eq!(filed.verify(&RSA.sign(&token)), Err(Refused::NoUnit), "another client");
    for (claim, other) in [("azp", "client_id"), ("client_id", "azp")] {
        token.as_object_mut().unwrap().remove(other);
        token[claim] = json!("lgsp");
        let Verified { grant, name, .. } = filed.verify(&RSA.sign(&token)).unwrap();
        let scopes = [Scope::DossiersRead, Scope::DossiersWrite].into_iter().collect();
        assert_eq!(grant, Grant { scopes, unit_id: None, partial_predecessors: Vec::new() });
        assert_eq!(name, "lgsp");
    }
    token["unit_id"] = json!("gso25-30154");
    let bound = filed.verify(&RSA.sign(&token)).unwrap();
    assert_eq!(bound.grant.unit_id.as_deref(), Some("gso25-30154"), "a unit binds this one too");

    // Somebody who calls himself like the client is not the client.
    let mut token = with("unit_id", Value::Null);
    token["sub"] = json!("lgsp");
    assert_eq!(filed.verify(&RSA.sign(&token)), Err(Refused::NoUnit));
    token.as_object_mut().unwrap().remove("azp");
    assert_eq!(filed.verify(&RSA.sign(&token)), Err(Refused::NoUnit));
}

#[test]
fn the_caller_is_named_by_client_or_subject() {
    let filed = filed(|_| {});
    let who = |azp: Value, client: Value, sub: Value| {
        let mut token = with("azp", azp);
        for (name, value) in [("client_id", client), ("sub", sub)] {
            match value {
                Value::Null => drop(token.as_object_mut().unwrap().remove(name)),
                value => token[name] = value,
            }
        }
        filed.verify(&RSA.sign(&token)).map(|v| (v.name, v.id.strip_prefix(ISSUER).unwrap().to_owned()))
    };
    let named = |name: &str, id: &str| Ok((name.to_owned(), id.to_owned()));
    assert_eq!(who(json!("a"), json!("c"), json!("s")), named("a", "#s"));
    assert_eq!(who(Value::Null, json!("c"), json!("s")), named("c", "#s"));
    assert_eq!(who(Value::Null, Value::Null, json!("s")), named("s", "#s"));
    assert_eq!(who(json!("a"), Value::Null, Value::Null), named("a", "#a"));
    assert_eq!(who(Value::Null, Value::Null, Value::Null), Err(Refused::Claim("sub".to_owned())));
    for wrong in [json!(""), json!(7), json!("two\nlines"), json!("nul\u{0}"), json!("x".repeat(201))] {
        assert_eq!(who(wrong.clone(), Value::Null, json!("s")), Err(Refused::Claim("azp".to_owned())));
        assert_eq!(who(json!("a"), Value::Null, wrong), Err(Refused::Claim("sub".to_owned())));
    }
    assert_eq!(
        who(json!("Một cửa xã Tân Long"), Value::Null, json!("s")),
        named("Một cửa xã Tân Long", "#s")
    );
}
