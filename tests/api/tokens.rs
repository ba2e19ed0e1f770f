//! Tokens of an identity provider, as gateways send them: what they open, what they don't, and what is answered.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use chiso::{
    domain::time::Moment,
    http::access::Access,
    tokens::{KeySource, TokenSettings, Tokens},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Rsa,
    ssl::{SslAcceptor, SslMethod},
    x509::{X509, X509NameBuilder, extension::SubjectAlternativeName},
};
use serde_json::{Value, json};

use crate::{
    lifecycle::{Served, chiso, finished},
    support::{
        app::{App, START, access},
        database::Database,
        database_test,
        indexes::{RANKING, score},
        plain_test,
        records::{DOSSIERS, UNITS, dossier, unit},
    },
};

const ISSUER: &str = "https://id.lgsp.vn/realms/tinh";

/// The one key of the issuer.
static SIGNER: LazyLock<EncodingKey> = LazyLock::new(|| {
    EncodingKey::from_ed_der(&PKey::generate_ed25519().unwrap().private_key_to_pkcs8().unwrap())
});

/// What the issuer tells of its key.
fn jwks() -> Value {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&SIGNER, Algorithm::EdDSA).unwrap()).unwrap();
    jwk["kid"] = json!("1");
    json!({"keys": [jwk]})
}

/// A token for an hour from `now` on, in seconds since 1970, with some of its claims changed.
fn token(now: i64, changed: Value) -> String {
    let mut claims = json!({
        "iss": ISSUER, "aud": "chiso", "sub": "service-account-xa-a", "azp": "xa-a", "exp": now + 3600,
        "scope": "dossiers:read dossiers:write", "unit_id": "a",
    });
    claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some("1".to_owned());
    jsonwebtoken::encode(&header, &claims, &SIGNER).unwrap()
}

/// At the moment at which tests begin.
fn token_of(changed: Value) -> String {
    token(start().micros() / 1_000_000, changed)
}

fn start() -> Moment {
    START.parse().unwrap()
}

/// A service that believes the issuer, with communes `a` and `b` and a dossier of each.
fn believing(database: &Database, keys: KeySource) -> App {
    let settings = TokenSettings {
        issuer: ISSUER.to_owned(),
        audience: "chiso".to_owned(),
        keys,
        scope_claim: "scope".to_owned(),
        unit_claim: "unit_id".to_owned(),
        scope_map: Default::default(),
        unbound_clients: ["lgsp".to_owned()].into(),
        skew_seconds: 60,
        patience: Duration::from_secs(5),
    };
    let tokens = Tokens::open(settings, start()).unwrap();
    let app = App::with_access(
        Database::migrated(database.kind),
        Access { tokens: Some(Arc::new(tokens)), ..access() },
    );
    app.make_units(&["a", "b"]);
    app.post(DOSSIERS, &dossier("of-a", "a")).expect(201);
    app.post(DOSSIERS, &dossier("of-b", "b")).expect(201);
    app
}

/// With the keys in a file.
fn with_file(database: &Database) -> App {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), jwks().to_string()).unwrap();
    believing(database, KeySource::File(file.path().to_owned()))
}

database_test!(a_token_of_a_commune_opens_its_dossiers_and_no_other, |database| {
    let app = with_file(database);
    let own = token_of(json!({}));
    let get = |path: &str| app.ask("GET", path).key(&own).send();
    assert_eq!(get("/api/v1/dossiers/of-a").expect(200).json["unit_id"], "a");
    assert_eq!(get("/api/v1/dossiers/of-b").expect(404).code(), "not_found");
    assert_eq!(get(DOSSIERS).expect(200).each("code"), ["of-a"]);

    let post = |unit: &str| app.ask("POST", DOSSIERS).key(&own).json(&dossier("new", unit)).send();
    assert_eq!(post("b").expect(403).code(), "forbidden");
    post("a").expect(201);
    assert_eq!(app.ask("POST", UNITS).key(&own).json(&unit("c")).send().expect(403).code(), "forbidden");

    let reader = token_of(json!({"scope": ["dossiers:read"]}));
    app.ask("GET", "/api/v1/dossiers/of-a").key(&reader).send().expect(200);
    let write = app.ask("PUT", "/api/v1/dossiers/of-a").key(&reader).json(&dossier("of-a", "a"));
    assert_eq!(write.send().expect(403).code(), "forbidden");
});

database_test!(the_change_log_names_the_client_of_a_token, |database| {
    let app = with_file(database);
    let write = app.ask("POST", DOSSIERS).key(token_of(json!({}))).json(&dossier("new", "a"));
    write.send().expect(201);
    // On PostgreSQL a change is told when no older transaction of the server runs, those of other tests among them.
    let told = || {
        crate::changes::settle(&app);
        app.get("/api/v1/changes?record_id=new").expect(200).json["items"][0].clone()
    };
    let first = std::iter::repeat_with(told).find(|change| !change.is_null()).unwrap();
    assert_eq!((&first["action"], &first["actor"]), (&json!("create"), &json!("xa-a")));
});

database_test!(a_client_that_is_named_holds_for_all_units, |database| {
    let app = with_file(database);
    let get = |token: String| app.ask("GET", "/api/v1/dossiers/of-b").key(token).send();
    get(token_of(json!({"azp": "lgsp", "unit_id": null}))).expect(200);
    assert_eq!(get(token_of(json!({"unit_id": null}))).expect(401).code(), "invalid_token");
    get(token_of(json!({"azp": "lgsp"}))).expect(404);
});

database_test!(tokens_of_one_subject_share_no_answer, |database| {
    let app = with_file(database);
    app.make_edition(json!({}));
    app.make_score(&score("a", 5));
    let wide = token_of(json!({"azp": "lgsp", "unit_id": null, "scope": "scores:read"}));
    let narrow = token_of(json!({}));
    let ranking = |token: &str| app.ask("GET", RANKING).key(token).send();
    ranking(&wide).expect(200);
    assert_eq!(ranking(&narrow).expect(404).code(), "not_found");
    ranking(&wide).expect(200);

    let of_b = token_of(json!({"unit_id": "b"}));
    let post = |token: &str| {
        let ask = app.ask("POST", DOSSIERS).key(token).header("idempotency-key", "k");
        ask.json(&dossier("new", "a")).send()
    };
    post(&narrow).expect(201);
    assert_eq!(post(&of_b).expect(403).header("idempotency-replayed"), "");
    assert_eq!(post(&token_of(json!({"jti": "next"}))).expect(201).header("idempotency-replayed"), "true");
});

database_test!(a_wrong_token_is_401_everywhere, |database| {
    let app = with_file(database);
    let now = start().micros() / 1_000_000;
    let right = token_of(json!({}));
    let (message, _) = right.rsplit_once('.').unwrap();
    let wrong = [
        token_of(json!({"aud": "another"})),
        token_of(json!({"iss": "https://another.vn"})),
        token_of(json!({"exp": now - 3600})),
        token_of(json!({"nbf": now + 3600})),
        format!("{message}."),
        format!("{message}.AAAA"),
        "a.b.c".to_owned(),
    ];
    // Units are public: a wrong token is refused there too.
    for path in ["/api/v1/dossiers/of-a", UNITS] {
        app.ask("GET", path).key(&right).send().expect(200);
        for token in &wrong {
            let answer = app.ask("GET", path).key(token).send().expect(401);
            assert_eq!(answer.code(), "invalid_token");
            assert!(answer.header("www-authenticate").contains("Bearer"), "{answer:?}");
            assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{answer:?}");
            let text = answer.json["detail"].as_str().unwrap();
            assert!(!text.contains("audience") && !text.contains("signature"), "{text}");
        }
    }
    app.set_now("2021-01-04T09:01:01+07:00");
    assert_eq!(app.ask("GET", UNITS).key(&right).send().expect(401).code(), "invalid_token");
});

database_test!(without_an_issuer_no_token_is_taken, |database| {
    let app = App::start(Database::migrated(database.kind));
    assert_eq!(app.ask("GET", UNITS).key(token_of(json!({}))).send().expect(401).code(), "invalid_token");
});

database_test!(a_token_that_can_not_be_judged_is_503, |database| {
    // Nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let app = believing(database, KeySource::Url(format!("http://127.0.0.1:{port}/jwks")));
    let answer = app.ask("GET", "/api/v1/dossiers/of-a").key(token_of(json!({}))).send().expect(503);
    assert_eq!(answer.code(), "issuer_unavailable");
    assert!(!answer.header("retry-after").is_empty());
    app.get("/api/v1/dossiers/of-a").expect(200);
});

/// A certificate that vouches for itself, with its key.
fn certificate() -> (X509, PKey<Private>) {
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
    (certificate.build(), key)
}

/// Tells the keys over TLS; gives the address.
fn tell_keys(certificate: &X509, key: &PKey<Private>) -> String {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(key).unwrap();
    acceptor.set_certificate(certificate).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/jwks", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = acceptor.accept(stream.unwrap()) else { continue };
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                request.push(byte[0]);
            }
            let body = jwks().to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
            let _ = stream.shutdown();
        }
    });
    url
}

database_test!(keys_come_over_tls_that_the_machine_vouches_for, |database| {
    let (certificate, key) = certificate();
    let url = tell_keys(&certificate, &key);
    let authorities = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authorities.path(), certificate.to_pem().unwrap()).unwrap();
    let served = Served::with(database, |command| {
        command
            .env("CHISO_OIDC_ISSUER", ISSUER)
            .env("CHISO_OIDC_AUDIENCE", "chiso")
            .env("CHISO_OIDC_JWKS", url)
            .env("CHISO_OIDC_SCOPE_MAP", "lgsp.hoso.doc=dossiers:read")
            .env("SSL_CERT_FILE", authorities.path());
    });
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let ask = |scope: &str| {
        let token = token(i64::try_from(now).unwrap(), json!({"scope": scope}));
        served.client.ask("GET", DOSSIERS).key(token).send()
    };
    ask("lgsp.hoso.doc").expect(200);
    assert_eq!(ask("dossiers:read").expect(403).code(), "forbidden");
});

plain_test!(an_issuer_that_is_half_told_is_refused_with_a_sentence, {
    let directory = tempfile::tempdir().unwrap();
    for (options, words) in [
        (["--oidc-issuer", ISSUER, "--oidc-jwks", "https://id.lgsp.vn/jwks"].as_slice(), "--oidc-audience"),
        (&["--oidc-issuer", "i", "--oidc-audience", "a", "--oidc-jwks", "http://id.vn/jwks"], "https"),
        (&["--oidc-issuer", "i", "--oidc-audience", "a", "--oidc-jwks", "absent.json"], "absent.json"),
    ] {
        let mut command = chiso(&["serve"]);
        let (code, _, error) = finished(command.args(options).current_dir(directory.path()));
        assert_eq!(code, Some(1), "{error}");
        assert!(error.contains(words), "{error}");
    }
});
