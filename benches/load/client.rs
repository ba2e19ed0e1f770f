//! The load: connections that each ask, read the whole answer, and ask again, all on one thread.
//!
//! Requests are bytes that a workload writes; nothing is parsed but the head of an answer. An answer that is not
//! a success ends the run with an error.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::Result;

/// Longest wait for any answer before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes the next request of a workload.
pub type Requests<'a> = Box<dyn FnMut(&mut Vec<u8>) + 'a>;

/// Clients that do the same.
pub struct Clients<'a> {
    /// How many connections.
    pub connections: usize,
    /// A pause from one request of a connection to its next; without one, the answer is what it waits for.
    pub every: Option<Duration>,
    /// What they ask.
    pub requests: Requests<'a>,
}

/// How long a load takes.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Before anything is counted.
    pub warm_up: Duration,
    /// While it is.
    pub counted: Duration,
}

/// What was measured of one kind of clients.
#[derive(Debug, Default)]
pub struct Measured {
    /// Seconds that were counted.
    seconds: f64,
    /// Time of each answer in nanoseconds, in order.
    answers: Vec<u64>,
    /// Bytes of their bodies.
    bytes: usize,
}

impl Measured {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answers.len() as f64 / self.seconds
    }

    /// Bytes of an answer's body, on average.
    pub fn bytes(&self) -> usize {
        self.bytes / self.answers.len().max(1)
    }

    /// The time within which this share of the answers came.
    pub fn within(&self, share: f64) -> Duration {
        let at = (self.answers.len() as f64 * share) as usize;
        Duration::from_nanos(self.answers.get(at).or(self.answers.last()).copied().unwrap_or_default())
    }
}

/// Where the head of an answer says that it ends.
#[derive(Debug, Clone, Copy)]
struct Length {
    head: usize,
    body: usize,
}

struct Connection {
    stream: TcpStream,
    kind: usize,
    request: Vec<u8>,
    sent: usize,
    answer: Vec<u8>,
    filled: usize,
    length: Option<Length>,
    asked: Instant,
    waiting: bool,
}

/// Puts load on an address for a while: what each kind of clients saw, in the order given.
///
/// # Errors
/// When a connection breaks, an answer is no success, or none comes.
pub fn load(address: SocketAddr, mut kinds: Vec<Clients<'_>>, times: Times) -> Result<Vec<Measured>> {
    let mut poll = Poll::new()?;
    let mut connections = Vec::new();
    for (kind, clients) in kinds.iter().enumerate() {
        for _ in 0..clients.connections {
            let mut stream = connect(address)?;
            let token = Token(connections.len());
            poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            connections.push(Connection::new(stream, kind));
        }
    }
    let mut measured: Vec<Measured> = kinds.iter().map(|_| Measured::default()).collect();
    let begun = Instant::now();
    let (from, until) = (begun + times.warm_up, begun + times.warm_up + times.counted);
    for connection in &mut connections {
        let kind = kinds.get_mut(connection.kind).ok_or("no such clients")?;
        connection.ask(&mut kind.requests)?;
    }
    let mut events = Events::with_capacity(256);
    let mut last_answer = begun;
    while Instant::now() < until {
        let paced = kinds.iter().any(|kind| kind.every.is_some());
        poll.poll(&mut events, Some(Duration::from_millis(if paced { 5 } else { 100 })))?;
        for event in &events {
            let Some(connection) = connections.get_mut(event.token().0) else { continue };
            connection.send()?;
            if !connection.waiting || !connection.receive()? {
                continue;
            }
            let now = Instant::now();
            last_answer = now;
            let (Some(clients), Some(seen)) =
                (kinds.get_mut(connection.kind), measured.get_mut(connection.kind))
            else {
                continue;
            };
            if now >= from && now < until {
                seen.answers.push(u64::try_from((now - connection.asked).as_nanos())?);
                seen.bytes += connection.length.map_or(0, |length| length.body);
            }
            if clients.every.is_none() {
                connection.ask(&mut clients.requests)?;
            }
        }
        if paced {
            ask_those_due(&mut connections, &mut kinds)?;
        }
        if last_answer.elapsed() > PATIENCE {
            return Err("no answer came for a minute".into());
        }
    }
    for seen in &mut measured {
        seen.seconds = times.counted.as_secs_f64();
        seen.answers.sort_unstable();
    }
    Ok(measured)
}

fn ask_those_due(connections: &mut [Connection], kinds: &mut [Clients<'_>]) -> Result<()> {
    for connection in connections.iter_mut().filter(|connection| !connection.waiting) {
        let Some(clients) = kinds.get_mut(connection.kind) else { continue };
        if clients.every.is_some_and(|every| connection.asked.elapsed() >= every) {
            connection.ask(&mut clients.requests)?;
        }
    }
    Ok(())
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}

impl Connection {
    fn new(stream: TcpStream, kind: usize) -> Self {
        Self {
            stream,
            kind,
            request: Vec::new(),
            sent: 0,
            answer: vec![0; 1 << 16],
            filled: 0,
            length: None,
            asked: Instant::now(),
            waiting: false,
        }
    }

    fn ask(&mut self, requests: &mut Requests<'_>) -> Result<()> {
        self.request.clear();
        requests(&mut self.request);
        (self.sent, self.filled, self.length) = (0, 0, None);
        (self.asked, self.waiting) = (Instant::now(), true);
        self.send()
    }

    /// Sends what the socket takes of the rest of the request.
    fn send(&mut self) -> Result<()> {
        while let Some(rest) = self.request.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(n) => self.sent += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    /// Reads what there is; whether the answer is whole.
    fn receive(&mut self) -> Result<bool> {
        loop {
            if self.filled == self.answer.len() {
                self.answer.resize(2 * self.filled, 0);
            }
            let room = self.answer.get_mut(self.filled..).unwrap_or_default();
            match self.stream.read(room) {
                Ok(0) => return Err("a connection was closed before its answer".into()),
                Ok(n) => {
                    self.filled += n;
                    let told = self.answer.get(..self.filled).unwrap_or_default();
                    if self.length.is_none() {
                        self.length = length(told)?;
                    }
                    if self.length.is_some_and(|l| self.filled >= l.head + l.body) {
                        self.waiting = false;
                        return Ok(true);
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}

/// Where an answer ends, once its head is there.
fn length(answer: &[u8]) -> Result<Option<Length>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(end) = head.parse(answer)? else { return Ok(None) };
    if !head.code.is_some_and(|code| (200..300).contains(&code)) {
        return Err(format!("an answer was no success: {}", String::from_utf8_lossy(answer)).into());
    }
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.ok_or("an answer has no Content-Length")?;
    Ok(Some(Length { head: end, body: std::str::from_utf8(length.value)?.parse()? }))
}
