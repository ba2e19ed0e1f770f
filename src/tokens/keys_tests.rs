//! Where keys come from: files and addresses, new keys and old ones, and an issuer that is away.
#![allow(clippy::unwrap_used)]

use std::{net::TcpListener, time::Duration};

use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, Header};
use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    pkey::PKey,
    rsa::Rsa,
    ssl::{SslAcceptor, SslMethod},
    x509::{X509, X509NameBuilder, extension::SubjectAlternativeName},
};
use serde_json::{Value, json};

use super::{
    KeySource, Refused, Tokens,
    keys::MAX_BYTES,
    test_issuer::{EC, ED, Filed, KeyServer, NOW, RSA, Signer, claims, jwks, later, now, settings, with},
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Claims that hold for days: these tests are about keys.
fn lasting() -> Value {
    with("exp", json!(NOW + 30 * DAY))
}

fn verify(tokens: &Tokens, signer: &Signer, seconds: i64) -> Result<(), Refused> {
    now(tokens.verify(&signer.sign(&lasting()), later(seconds))).map(drop)
}

fn served(server: &KeyServer) -> Tokens {
    Tokens::open(settings(server.source()), later(0)).unwrap()
}

#[test]
fn a_token_without_the_name_of_a_key_needs_a_set_with_one_key_of_its_kind() {
    let nameless = |signer: &Signer| signer.sign_with(&Header::new(signer.algorithm), &claims());
    let one_of_each = Filed::new(&jwks(&[&RSA, &EC, &ED]));
    for signer in [&*RSA, &*EC, &*ED] {
        assert!(one_of_each.verify(&nameless(signer)).is_ok());
    }
    let two = Filed::new(&jwks(&[&EC, &Signer::ec("second"), &RSA]));
    assert_eq!(two.verify(&nameless(&EC)), Err(Refused::UnknownKey));
    assert!(two.verify(&nameless(&RSA)).is_ok());
    assert!(two.verify(&EC.sign(&claims())).is_ok());
}

#[test]
fn only_keys_for_signatures_are_used() {
    let changed = |signer: &Signer, name: &str, value: Value| {
        let mut jwk = signer.jwk.clone();
        match value {
            Value::Null => drop(jwk.as_object_mut().unwrap().remove(name)),
            value => jwk[name] = value,
        }
        jwk
    };
    // The other key is there so that the file is one that can be used.
    let taken = |jwk: Value, signer: &Signer, other: &Signer| {
        Filed::new(&json!({"keys": [{"kty": "unknown"}, {}, 7, jwk, other.jwk]}))
            .verify(&signer.sign(&claims()))
            .map(drop)
    };
    for signer in [&*RSA, &*EC, &*ED] {
        let other = if signer.algorithm == Algorithm::EdDSA { &*EC } else { &*ED };
        assert_eq!(taken(signer.jwk.clone(), signer, other), Ok(()));
        assert_eq!(taken(changed(signer, "use", Value::Null), signer, other), Ok(()));
        assert_eq!(taken(changed(signer, "alg", Value::Null), signer, other), Ok(()));
        assert_eq!(taken(changed(signer, "key_ops", json!(["verify"])), signer, other), Ok(()));
        for (name, wrong) in [
            ("use", json!("enc")),
            ("key_ops", json!(["encrypt"])),
            ("alg", json!("RS512")),
            ("alg", json!("HS256")),
            ("kid", Value::Null),
            ("x", json!("c2hvcnQ")),
            ("n", json!("c2hvcnQ")),
        ] {
            if matches!(name, "x" | "n") && signer.jwk.get(name).is_none() {
                continue;
            }
            let refused = taken(changed(signer, name, wrong), signer, other);
            assert_eq!(refused, Err(Refused::UnknownKey), "{:?} {name}", signer.algorithm);
        }
    }
    let weak = Signer::rsa("weak", 1024);
    assert_eq!(taken(weak.jwk.clone(), &weak, &EC), Err(Refused::UnknownKey));
}

#[test]
fn a_file_is_read_again_for_a_key_that_is_new_and_after_an_hour() {
    let (old, new) = (Signer::ec("old"), Signer::ec("new"));
    let filed = Filed::new(&jwks(&[&old]));
    assert_eq!(verify(&filed.tokens, &old, 0), Ok(()));
    filed.tell(&jwks(&[&old, &new]));
    assert_eq!(verify(&filed.tokens, &new, MINUTE - 1), Err(Refused::UnknownKey), "it was read a moment ago");
    assert_eq!(verify(&filed.tokens, &new, MINUTE), Ok(()));
    assert_eq!(verify(&filed.tokens, &old, MINUTE), Ok(()));

    filed.tell(&jwks(&[&new]));
    assert_eq!(verify(&filed.tokens, &old, MINUTE + HOUR - 1), Ok(()), "nothing made it be read again");
    assert_eq!(verify(&filed.tokens, &old, MINUTE + HOUR), Err(Refused::UnknownKey));
    assert_eq!(verify(&filed.tokens, &new, MINUTE + HOUR), Ok(()));
}

#[test]
fn a_token_that_was_taken_falls_with_its_key() {
    let (old, new) = (Signer::ec("old"), Signer::ec("new"));
    let filed = Filed::new(&jwks(&[&old]));
    let token = old.sign(&lasting());
    assert!(filed.verify_at(&token, 0).is_ok());
    assert!(filed.verify_at(&token, 1).is_ok());
    // Another key under the same name.
    let mut jwk = new.jwk.clone();
    jwk["kid"] = json!("old");
    filed.tell(&json!({"keys": [jwk]}));
    assert_eq!(filed.verify_at(&token, HOUR), Err(Refused::Signature));
}

#[test]
fn a_set_without_keys_takes_them_all_back() {
    let filed = Filed::new(&jwks(&[&EC]));
    assert_eq!(verify(&filed.tokens, &EC, 0), Ok(()));
    filed.tell(&json!({"keys": []}));
    assert_eq!(verify(&filed.tokens, &EC, HOUR), Err(Refused::UnknownKey));
}

#[test]
fn a_file_that_is_no_set_is_told_at_the_start_and_survived_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    let open = || Tokens::open(settings(KeySource::File(path.clone())), later(0)).map(drop).unwrap_err();
    assert!(open().contains("jwks.json"));
    for wrong in ["", "no JSON", "[]", r#"{"keys": []}"#, r#"{"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}"#] {
        std::fs::write(&path, wrong).unwrap();
        assert!(open().contains("jwks.json"), "{wrong}");
    }
    let filed = Filed::new(&jwks(&[&EC]));
    filed.tell(&json!("no set"));
    assert_eq!(verify(&filed.tokens, &EC, HOUR), Ok(()));
}

#[test]
fn an_address_is_asked_for_new_keys_once_a_minute_at_most() {
    let server = KeyServer::start();
    let (old, new, stranger) = (Signer::ec("old"), Signer::ec("new"), Signer::ec("stranger"));
    server.tell(&jwks(&[&old]));
    let tokens = served(&server);
    assert_eq!(server.asked(), 1);
    assert_eq!(verify(&tokens, &old, MINUTE), Ok(()));
    assert_eq!(server.asked(), 1, "a key that is known is no reason to ask");

    server.tell(&jwks(&[&old, &new]));
    assert_eq!(verify(&tokens, &new, MINUTE), Ok(()));
    assert_eq!(server.asked(), 2);
    for seconds in 0..MINUTE {
        assert_eq!(verify(&tokens, &stranger, MINUTE + seconds), Err(Refused::UnknownKey));
    }
    assert_eq!(server.asked(), 2);
    assert_eq!(verify(&tokens, &stranger, 2 * MINUTE), Err(Refused::UnknownKey));
    assert_eq!(server.asked(), 3);
    assert_eq!(verify(&tokens, &old, 2 * MINUTE + HOUR), Ok(()));
    assert_eq!(server.asked(), 4, "the hour is over");
}

#[test]
fn many_that_need_a_new_key_ask_once() {
    let server = KeyServer::start();
    let new = Signer::ec("new");
    server.tell(&jwks(&[&EC]));
    let tokens = served(&server);
    server.tell(&jwks(&[&EC, &new]));
    let all: Vec<String> = (0..20).map(|i| new.sign(&with("jti", json!(i.to_string())))).collect();
    let taken = now(join_all(all.iter().map(|token| tokens.verify(token, later(MINUTE)))));
    assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    assert_eq!(server.asked(), 2);
}

#[test]
fn an_issuer_that_is_away_is_believed_for_a_day() {
    let server = KeyServer::start();
    server.tell(&jwks(&[&EC]));
    let tokens = served(&server);
    server.answer("503 Service Unavailable", "", "");
    for hours in 1..24 {
        assert_eq!(verify(&tokens, &EC, hours * HOUR), Ok(()), "{hours}");
    }
    assert_eq!(server.asked(), 24);
    assert_eq!(verify(&tokens, &EC, DAY), Err(Refused::NoKeys));
    assert!(Refused::NoKeys.is_for_want_of_keys() && !Refused::UnknownKey.is_for_want_of_keys());
    assert_eq!(verify(&tokens, &EC, DAY + 4), Err(Refused::NoKeys));
    assert_eq!(server.asked(), 25, "asked again, but not at each token");
    server.tell(&jwks(&[&EC]));
    assert_eq!(verify(&tokens, &EC, DAY + 5), Ok(()), "and is believed again when it is back");
}

#[test]
fn an_issuer_that_was_away_at_the_start_is_asked_again_soon() {
    let server = KeyServer::start();
    server.answer("500 Internal Server Error", "", "");
    let tokens = served(&server);
    assert_eq!(verify(&tokens, &EC, 1), Err(Refused::NoKeys));
    server.tell(&jwks(&[&EC]));
    assert_eq!(verify(&tokens, &EC, 4), Err(Refused::NoKeys));
    assert_eq!(verify(&tokens, &EC, 5), Ok(()));
}

#[test]
fn answers_that_are_no_keys_leave_those_that_are_known() {
    let server = KeyServer::start();
    let elsewhere = KeyServer::start();
    elsewhere.tell(&jwks(&[&ED]));
    server.tell(&jwks(&[&EC]));
    let tokens = served(&server);
    let mut seconds = 0;
    let mut after = |server: &KeyServer| {
        seconds += HOUR;
        let asked = server.asked();
        assert_eq!(verify(&tokens, &EC, seconds), Ok(()));
        assert_eq!(server.asked(), asked + 1);
        assert_eq!(verify(&tokens, &ED, seconds), Err(Refused::UnknownKey));
    };
    server.answer("302 Found", &format!("location: {}\r\n", elsewhere.url()), "");
    after(&server);
    assert_eq!(elsewhere.asked(), 0, "a redirection is not followed");

    let mut large = jwks(&[&ED]);
    large["padding"] = json!("x".repeat(usize::try_from(MAX_BYTES).unwrap()));
    server.tell(&large);
    after(&server);
    large["padding"] = json!("x".repeat(usize::try_from(MAX_BYTES).unwrap() / 2));
    server.answer("404 Not Found", "content-type: application/json\r\n", &large.to_string());
    after(&server);
    server.answer("200 OK", "", "<html>");
    after(&server);
    server.tell(&large);
    assert_eq!(verify(&tokens, &ED, DAY), Ok(()), "the same set where it is not too large");
}

#[test]
fn an_issuer_that_says_nothing_is_given_up() {
    let server = KeyServer::start();
    server.tell(&jwks(&[&EC]));
    let mut settings = settings(server.source());
    settings.patience = Duration::from_millis(300);
    let tokens = Tokens::open(settings, later(0)).unwrap();
    server.fall_silent();
    assert_eq!(verify(&tokens, &EC, HOUR), Ok(()));
    assert_eq!(server.asked(), 2);
}

/// A server that speaks TLS with a certificate of its own; it tells whether the other side went on.
fn self_certified() -> (String, std::thread::JoinHandle<bool>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "localhost").unwrap();
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    let names = SubjectAlternativeName::new().dns("localhost").build(&certificate.x509v3_context(None, None));
    certificate.append_extension(names.unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate.build()).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/jwks", listener.local_addr().unwrap().port());
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // In TLS 1.3 the refusal comes after the handshake: with the first byte that is read.
        acceptor.accept(stream).is_ok_and(|mut stream| stream.ssl_read(&mut [0]).is_ok())
    });
    (url, thread)
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let (url, served) = self_certified();
    let tokens = Tokens::open(settings(KeySource::Url(url)), later(0)).unwrap();
    assert!(!served.join().unwrap(), "the request was sent all the same");
    assert_eq!(verify(&tokens, &EC, 1), Err(Refused::NoKeys));
}
