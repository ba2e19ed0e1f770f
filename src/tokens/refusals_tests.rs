//! Each refusal with a token that differs from one that is taken in that point alone.
#![allow(clippy::unwrap_used)]

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use openssl::rsa::Rsa;
use serde_json::{Value, json};

use super::{
    Refused, looks_like_a_token,
    test_issuer::{AUDIENCE, EC, ED, Filed, ISSUER, NOW, RSA, Signer, claims, jwks, part, with},
};

fn filed() -> Filed {
    Filed::new(&jwks(&[&RSA, &EC, &ED]))
}

#[test]
fn each_of_the_three_algorithms_is_taken() {
    let filed = filed();
    for signer in [&*RSA, &*EC, &*ED] {
        let verified = filed.verify(&signer.sign(&claims())).unwrap();
        assert_eq!(verified.name, "motcua-tan-long");
        assert_eq!(verified.id, format!("{ISSUER}#service-account-motcua"));
        assert_eq!(verified.grant.unit_id.as_deref(), Some("gso25-30154"));
    }
}

#[test]
fn claims_that_are_not_ours_are_refused() {
    let filed = filed();
    let refused = |name: &str, value: Value| filed.verify(&RSA.sign(&with(name, value))).unwrap_err();
    assert!(filed.verify(&RSA.sign(&claims())).is_ok());

    assert_eq!(refused("aud", json!("another")), Refused::Audience);
    assert_eq!(refused("aud", json!(["another", "third"])), Refused::Audience);
    assert_eq!(refused("aud", json!([])), Refused::Audience);
    assert_eq!(refused("aud", json!(7)), Refused::Audience);
    assert_eq!(refused("aud", Value::Null), Refused::Audience);
    assert_eq!(refused("aud", json!(format!("{AUDIENCE}/"))), Refused::Audience);
    assert!(filed.verify(&RSA.sign(&with("aud", json!(["another", AUDIENCE])))).is_ok());

    assert_eq!(refused("iss", json!("https://id.lgsp.vn/realms/khac")), Refused::Issuer);
    assert_eq!(refused("iss", json!(format!("{ISSUER}/"))), Refused::Issuer);
    assert_eq!(refused("iss", Value::Null), Refused::Issuer);

    assert_eq!(refused("exp", json!(NOW - 61)), Refused::Expired);
    assert_eq!(refused("exp", json!(-1)), Refused::Expired);
    assert_eq!(refused("nbf", json!(NOW + 61)), Refused::NotYetValid);
    for wrong in [Value::Null, json!("soon"), json!((NOW + 300).to_string())] {
        assert_eq!(refused("exp", wrong), Refused::Claim("exp".to_owned()));
    }
    assert_eq!(refused("exp", json!([NOW + 300])), Refused::Unreadable);
    assert_eq!(refused("nbf", json!("soon")), Refused::Claim("nbf".to_owned()));
}

#[test]
fn clocks_may_differ_by_the_skew_and_no_more() {
    let filed = filed();
    let at = |name: &str, value: Value, seconds: i64| {
        filed.verify_at(&RSA.sign(&with(name, value)), seconds).map(drop)
    };
    assert_eq!(at("exp", json!(NOW), 59), Ok(()));
    assert_eq!(at("exp", json!(NOW), 60), Err(Refused::Expired));
    assert_eq!(at("exp", json!(NOW as f64 + 0.5), 60), Ok(()), "seconds may have decimals");
    assert_eq!(at("exp", json!(NOW as f64 + 0.5), 61), Err(Refused::Expired));
    assert_eq!(at("nbf", json!(NOW), -60), Ok(()));
    assert_eq!(at("nbf", json!(NOW), -61), Err(Refused::NotYetValid));

    let strict = Filed::with(&jwks(&[&RSA]), |settings| settings.skew_seconds = 0);
    let token = RSA.sign(&with("exp", json!(NOW)));
    assert!(strict.verify_at(&token, -1).is_ok());
    assert_eq!(strict.verify_at(&token, 0), Err(Refused::Expired), "though it was taken before");
    assert_eq!(strict.verify_at(&token, -61), Err(Refused::NotYetValid));
}

#[test]
fn an_unsigned_token_is_refused() {
    let filed = filed();
    let signed = RSA.sign(&claims());
    let (message, signature) = signed.rsplit_once('.').unwrap();
    assert!(filed.verify(&signed).is_ok());
    for none in ["none", "None", "NONE", "nOnE", ""] {
        for signature in ["", signature] {
            let head = part(&json!({"alg": none, "typ": "JWT", "kid": "r"}));
            let unsigned = format!("{head}.{}.{signature}", part(&claims()));
            assert_eq!(filed.verify(&unsigned), Err(Refused::Algorithm), "{none}");
        }
    }
    assert_eq!(filed.verify(&format!("{message}.")), Err(Refused::Signature));
}

#[test]
fn a_public_key_is_no_secret() {
    // The secret of the HMAC is what anybody can read of the key: as text, as bytes, as the modulus.
    let key = Rsa::generate(2048).unwrap();
    let signer = EncodingKey::from_rsa_der(&key.private_key_to_der().unwrap());
    let modulus = key.n().to_vec();
    let jwk = json!({"kty": "RSA", "kid": "k", "n": base64(&modulus), "e": base64(&key.e().to_vec())});
    let filed = Filed::new(&json!({"keys": [jwk]}));
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("k".to_owned());
    assert!(filed.verify(&jsonwebtoken::encode(&header, &claims(), &signer).unwrap()).is_ok());
    let secrets = [
        key.public_key_to_pem().unwrap(),
        key.public_key_to_pem_pkcs1().unwrap(),
        key.public_key_to_der().unwrap(),
        key.public_key_to_der_pkcs1().unwrap(),
        modulus,
        jwk.to_string().into_bytes(),
    ];
    for secret in secrets {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            header.alg = algorithm;
            let forged =
                jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
            assert_eq!(filed.verify(&forged), Err(Refused::Algorithm));
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn a_secret_in_the_set_is_no_key_either() {
    let oct =
        json!({"kty": "oct", "kid": "s", "alg": "HS256", "k": base64(b"a secret of thirty-two bytes ...")});
    let filed = Filed::new(&json!({"keys": [oct, RSA.jwk]}));
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("s".to_owned());
    let secret = EncodingKey::from_secret(b"a secret of thirty-two bytes ...");
    let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
    assert_eq!(filed.verify(&token), Err(Refused::Algorithm));
    assert!(filed.verify(&RSA.sign(&claims())).is_ok());
}

#[test]
fn a_key_that_the_issuer_does_not_have_is_refused() {
    let filed = filed();
    let stranger = Signer::ec("x");
    assert_eq!(filed.verify(&stranger.sign(&claims())), Err(Refused::UnknownKey));

    let forger = Signer::ec("e");
    assert_eq!(filed.verify(&forger.sign(&claims())), Err(Refused::Signature), "under the name of another");

    // Keys that a token brings along, or points at, are nobody's.
    for extra in [
        json!({"jwk": stranger.jwk}),
        json!({"jku": "https://x.example/jwks"}),
        json!({"x5u": "https://x.example/cert"}),
    ] {
        let mut head = json!({"alg": "ES256", "typ": "JWT", "kid": "x"});
        head.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(filed.verify(&stranger.sign_head(&head, &claims())), Err(Refused::UnknownKey));
    }
}

#[test]
fn a_key_is_for_one_algorithm() {
    let filed = filed();
    // The name of the RSA key on a token of the other kinds, and the other way round.
    for (signer, id) in [(&*EC, "r"), (&*ED, "r"), (&*RSA, "e"), (&*ED, "e"), (&*EC, "d")] {
        let mut header = Header::new(signer.algorithm);
        header.kid = Some(id.to_owned());
        assert_eq!(filed.verify(&signer.sign_with(&header, &claims())), Err(Refused::UnknownKey), "{id}");
    }
    for other in ["RS384", "RS512", "PS256", "ES384", "ES256K", "ES512", "Ed448", "rs256", "dir"] {
        let head = json!({"alg": other, "typ": "JWT", "kid": "r"});
        assert_eq!(filed.verify(&RSA.sign_head(&head, &claims())), Err(Refused::Algorithm), "{other}");
    }
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let filed = filed();
    for signer in [&*RSA, &*EC, &*ED] {
        let token = signer.sign(&claims());
        assert!(filed.verify(&token).is_ok());
        let parts: Vec<&str> = token.split('.').collect();
        let widened = part(&with("unit_id", json!("gso25-82")));
        let changed = format!("{}.{widened}.{}", parts[0], parts[2]);
        assert_eq!(filed.verify(&changed), Err(Refused::Signature));
        let other = signer.sign(&with("jti", json!("2")));
        let (_, foreign) = other.rsplit_once('.').unwrap();
        assert_eq!(filed.verify(&format!("{}.{}.{foreign}", parts[0], parts[1])), Err(Refused::Signature));
    }
}

#[test]
fn tokens_for_something_else_are_refused() {
    let filed = filed();
    let with_head = |extra: Value| {
        let mut head = json!({"alg": "RS256", "kid": "r"});
        head.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        filed.verify(&RSA.sign_head(&head, &claims())).map(drop)
    };
    for typ in
        [json!({}), json!({"typ": "JWT"}), json!({"typ": "at+jwt"}), json!({"typ": "application/at+JWT"})]
    {
        assert_eq!(with_head(typ), Ok(()));
    }
    for typ in ["logout+jwt", "dpop+jwt", "secevent+jwt", ""] {
        assert_eq!(with_head(json!({"typ": typ})), Err(Refused::Kind), "{typ}");
    }
    assert_eq!(with_head(json!({"crit": ["b64"], "b64": false})), Err(Refused::Kind));
}

#[test]
fn what_is_no_token_is_refused() {
    let filed = filed();
    let token = RSA.sign(&claims());
    let long = RSA.sign(&with("more", json!("x".repeat(16 * 1024))));
    for wrong in ["", ".", "..", "a.b.c", "chiso_abc", "a.b", "a.b.c.d.e", &format!("{token}.x"), &long] {
        assert_eq!(filed.verify(wrong), Err(Refused::Unreadable), "{wrong}");
    }
    for head in [json!({}), json!([]), json!({"alg": 1}), json!({"alg": "RS256", "kid": 7})] {
        assert_eq!(filed.verify(&RSA.sign_head(&head, &claims())), Err(Refused::Unreadable), "{head}");
    }
    let head = json!({"alg": "RS256", "kid": "r"});
    assert_eq!(filed.verify(&RSA.sign_head(&head, &json!("text"))), Err(Refused::Unreadable));
    let twice = token.replacen('.', "=.", 1);
    assert_eq!(filed.verify(&twice), Err(Refused::Unreadable));
}

#[test]
fn a_token_is_told_from_a_key_by_its_points() {
    assert!(looks_like_a_token(&RSA.sign(&claims())));
    assert!(looks_like_a_token("e30.e30."), "an unsigned one too: it is refused as a token");
    for other in ["chiso_0123456789abcdef", "", "a.b", "a.b.c.d"] {
        assert!(!looks_like_a_token(other), "{other}");
    }
}
