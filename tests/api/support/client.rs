//! The client: every answer that it receives is checked against the OpenAPI document.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;
use ureq::{
    Agent,
    http::{HeaderMap, Request, Response},
};

use super::{app::KEY, spec};

/// A client of one server.
pub struct Client {
    pub address: SocketAddr,
    agent: Agent,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body, where it is JSON; else null.
    pub json: Value,
    pub raw: Vec<u8>,
    asked: String,
}

impl Answer {
    /// The answer, if it has this status; else the test fails and shows it.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, String::from_utf8_lossy(&self.raw));
        self
    }

    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The validator.
    #[track_caller]
    pub fn etag(&self) -> String {
        let tag = self.header("etag");
        assert!(!tag.is_empty(), "{}: no ETag", self.asked);
        tag.to_owned()
    }

    /// The code of a problem.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// Pointer and code of each violation of a problem.
    pub fn violations(&self) -> Vec<(&str, &str)> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
    }

    /// One member of each item of a list.
    #[track_caller]
    pub fn each(&self, member: &str) -> Vec<&str> {
        let items = self.json["items"].as_array().unwrap_or_else(|| panic!("{}: no list", self.asked));
        items.iter().map(|item| item[member].as_str().unwrap_or("null")).collect()
    }
}

/// A request being built.
pub struct Ask<'a> {
    client: &'a Client,
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    key: Option<String>,
    body: Option<Vec<u8>>,
}

impl<'a> Ask<'a> {
    pub fn header(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sent with another key.
    pub fn key(mut self, secret: impl Into<String>) -> Self {
        self.key = Some(secret.into());
        self
    }

    /// Sent without a key.
    pub fn anonymous(mut self) -> Self {
        self.key = None;
        self
    }

    /// A JSON body; a PATCH is a merge patch.
    pub fn json(self, body: &Value) -> Self {
        let kind = if self.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        self.header("content-type", kind).raw(body.to_string())
    }

    /// A body as it is, without a media type.
    pub fn raw(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    #[track_caller]
    pub fn send(self) -> Answer {
        let asked = format!("{} {}", self.method, self.path);
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("http://{}{}", self.client.address, self.path));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let sent = match self.body {
            Some(body) => self.client.agent.run(request.body(body).unwrap()),
            None => self.client.agent.run(request.body(()).unwrap()),
        };
        let answer = Answer::read(asked, sent);
        spec::check(self.method, self.path, &answer);
        answer
    }
}

/// A body as it was before it was packed.
pub fn unpacked(packing: &str, raw: Vec<u8>) -> Vec<u8> {
    let mut whole = Vec::new();
    match packing {
        "" => return raw,
        "gzip" => flate2::read::GzDecoder::new(raw.as_slice()).read_to_end(&mut whole).unwrap(),
        "zstd" => zstd::stream::read::Decoder::new(raw.as_slice()).unwrap().read_to_end(&mut whole).unwrap(),
        other => panic!("{other}"),
    };
    whole
}

impl Answer {
    #[track_caller]
    fn read(asked: String, sent: Result<Response<ureq::Body>, ureq::Error>) -> Self {
        let mut response = sent.unwrap_or_else(|error| panic!("{asked}: {error}"));
        let raw = response.body_mut().with_config().limit(100 * 1024 * 1024).read_to_vec().unwrap();
        let headers = response.headers().clone();
        let packing = headers.get("content-encoding").map_or("", |value| value.to_str().unwrap());
        let raw = unpacked(packing, raw);
        let kind = headers.get("content-type").map_or("", |value| value.to_str().unwrap());
        let json = if spec::is_json(kind) && !raw.is_empty() {
            serde_json::from_slice(&raw).unwrap_or_else(|error| panic!("{asked}: not JSON: {error}"))
        } else {
            Value::Null
        };
        Self { status: response.status().as_u16(), headers, json, raw, asked }
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(120)))
            .build();
        Self { address, agent: Agent::new_with_config(config) }
    }

    pub fn ask<'a>(&'a self, method: &'a str, path: &'a str) -> Ask<'a> {
        Ask { client: self, method, path, headers: Vec::new(), key: Some(KEY.to_owned()), body: None }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send()
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path).json(body).send()
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", path).json(body).send()
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask("PATCH", path).json(body).send()
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path).send()
    }

    /// Posts, and gives the status: none when the service went away meanwhile.
    pub fn try_post(&self, path: &str, body: &Value) -> Option<u16> {
        let url = format!("http://{}{path}", self.address);
        let request = self.agent.post(url).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {KEY}"));
        request.send(body.to_string()).ok().map(|response| response.status().as_u16())
    }

    /// [`try_post`](Self::try_post) with an idempotency key.
    pub fn try_keyed(&self, path: &str, key: &str, body: &Value) -> Option<u16> {
        let url = format!("http://{}{path}", self.address);
        let request = self.agent.post(url).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {KEY}"));
        let sent = request.header("idempotency-key", key).send(body.to_string());
        sent.ok().map(|response| response.status().as_u16())
    }

    /// Sends bytes as they are and reads until the server closes the connection.
    pub fn bytes(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// A text as a segment of a path or a value of a query.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
