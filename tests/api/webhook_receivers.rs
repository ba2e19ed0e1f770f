//! A receiver of webhooks: a small HTTP server of its own that answers as it is told and keeps what it was sent.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// What a receiver was sent.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    /// The event.
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether the signature is that of the secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let (time, signature) = self.headers["chiso-signature"].split_once(',').unwrap();
        let seconds = time.strip_prefix("t=").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{seconds}.{}", self.body).as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        signature == format!("v1={hex}")
    }
}

#[derive(Default)]
struct Inner {
    /// What to answer next: whole answers; 204 when there is none left.
    answers: VecDeque<String>,
    received: Vec<Received>,
}

/// A receiver; it goes on until the test's process ends.
pub struct Receiver {
    pub address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Mutex::new(Inner::default()));
        let shared = inner.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { address, inner }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Says what the next requests are answered, with a status and a header.
    pub fn answers(&self, count: usize, status: &str, header: &str) {
        let answer = format!("HTTP/1.1 {status} x\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n");
        self.inner.lock().unwrap().answers.extend(std::iter::repeat_n(answer, count));
    }

    /// What came since it was asked last.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.inner.lock().unwrap().received)
    }
}

fn answer(mut stream: TcpStream, inner: &Mutex<Inner>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let received = Received {
        path: first.split(' ').nth(1).unwrap().to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
    };
    let answer = {
        let mut inner = inner.lock().unwrap();
        inner.received.push(received);
        inner.answers.pop_front()
    };
    let answer = answer.unwrap_or_else(|| "HTTP/1.1 204 x\r\nConnection: close\r\n\r\n".to_owned());
    let _ = stream.write_all(answer.as_bytes());
}
