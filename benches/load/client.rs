//! The load: connections that each ask, read the whole answer, and ask again, on two threads.
//!
//! Requests are bytes that a workload writes; nothing is parsed but the head of an answer. An answer that is not
//! a success, or a 304, ends the run with an error.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::Result;

/// Longest wait for any answer before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Threads that put the load. One alone is slower than a bare endpoint, and would make the yardstick shorter.
const THREADS: usize = 2;

/// Writes a request of a workload by its number in it; nothing when there is no more to ask.
pub type Requests<'a> = Box<dyn Fn(u64, &mut Vec<u8>) + Send + Sync + 'a>;

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
    /// How many answers came.
    pub fn answers(&self) -> usize {
        self.answers.len()
    }

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

/// Puts load on an address for a while, or until nobody has more to ask: what each kind of clients saw, in the
/// order given.
///
/// # Errors
/// When a connection breaks, an answer is no success, or none comes.
pub fn load(address: SocketAddr, kinds: &[Clients<'_>], times: Times) -> Result<Vec<Measured>> {
    let mut threads = Vec::new();
    for thread in 0..THREADS {
        threads.push(Driver::new(address, kinds, thread)?);
    }
    let begun = Instant::now();
    let seen: Vec<Result<Vec<Measured>>> = std::thread::scope(|scope| {
        let running: Vec<_> =
            threads.into_iter().map(|driver| scope.spawn(move || driver.run(begun, times))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a thread broke off".into())))
            .collect()
    });
    let mut all: Vec<Measured> = kinds.iter().map(|_| Measured::default()).collect();
    for thread in seen {
        for (all, one) in all.iter_mut().zip(thread?) {
            all.seconds = times.counted.as_secs_f64();
            all.answers.extend(one.answers);
            all.bytes += one.bytes;
        }
    }
    all.iter_mut().for_each(|all| all.answers.sort_unstable());
    Ok(all)
}

/// The connections of one thread.
struct Driver<'a> {
    kinds: &'a [Clients<'a>],
    poll: Poll,
    connections: Vec<Connection>,
    /// The number of the next request of each kind; threads count past each other.
    numbers: Vec<u64>,
}

impl<'a> Driver<'a> {
    fn new(address: SocketAddr, kinds: &'a [Clients<'a>], thread: usize) -> Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for (kind, clients) in kinds.iter().enumerate() {
            for _ in (thread..clients.connections).step_by(THREADS) {
                let mut stream = connect(address)?;
                let token = Token(connections.len());
                poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
                connections.push(Connection::new(stream, kind));
            }
        }
        let numbers = kinds.iter().map(|_| thread as u64).collect();
        Ok(Self { kinds, poll, connections, numbers })
    }

    fn run(mut self, begun: Instant, times: Times) -> Result<Vec<Measured>> {
        let mut measured: Vec<Measured> = self.kinds.iter().map(|_| Measured::default()).collect();
        let from = begun + times.warm_up;
        let until = from + times.counted;
        for at in 0..self.connections.len() {
            self.ask(at)?;
        }
        let paced = self.kinds.iter().any(|kind| kind.every.is_some());
        let wait = Duration::from_millis(if paced { 5 } else { 100 });
        let mut events = Events::with_capacity(256);
        let mut last_answer = begun;
        while (paced || self.connections.iter().any(|one| one.waiting)) && Instant::now() < until {
            self.poll.poll(&mut events, Some(wait))?;
            for event in &events {
                let at = event.token().0;
                let Some(connection) = self.connections.get_mut(at) else { continue };
                connection.send()?;
                if !connection.waiting || !connection.receive()? {
                    continue;
                }
                let now = Instant::now();
                last_answer = now;
                if let Some(seen) = measured.get_mut(connection.kind).filter(|_| now >= from && now < until) {
                    seen.answers.push(u64::try_from((now - connection.asked).as_nanos())?);
                    seen.bytes += connection.length.map_or(0, |length| length.body);
                }
                if self.kinds.get(connection.kind).is_some_and(|clients| clients.every.is_none()) {
                    self.ask(at)?;
                }
            }
            if paced {
                self.ask_those_due()?;
            }
            if last_answer.elapsed() > PATIENCE {
                return Err("no answer came for a minute".into());
            }
        }
        Ok(measured)
    }

    fn ask_those_due(&mut self) -> Result<()> {
        for at in 0..self.connections.len() {
            let Some(connection) = self.connections.get(at).filter(|one| !one.waiting) else { continue };
            let every = self.kinds.get(connection.kind).and_then(|clients| clients.every);
            if every.is_some_and(|every| connection.asked.elapsed() >= every) {
                self.ask(at)?;
            }
        }
        Ok(())
    }

    /// Sends the next request of its kind on a connection.
    fn ask(&mut self, at: usize) -> Result<()> {
        let connection = self.connections.get_mut(at).ok_or("no such connection")?;
        let clients = self.kinds.get(connection.kind).ok_or("no such clients")?;
        let number = self.numbers.get_mut(connection.kind).ok_or("no such clients")?;
        connection.request.clear();
        (clients.requests)(*number, &mut connection.request);
        *number += THREADS as u64;
        if connection.request.is_empty() { Ok(()) } else { connection.begin() }
    }
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

    /// Sends the request that was written.
    fn begin(&mut self) -> Result<()> {
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
    if head.code == Some(304) {
        return Ok(Some(Length { head: end, body: 0 }));
    }
    if !head.code.is_some_and(|code| (200..300).contains(&code)) {
        return Err(format!("an answer was no success: {}", String::from_utf8_lossy(answer)).into());
    }
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.ok_or("an answer has no Content-Length")?;
    Ok(Some(Length { head: end, body: std::str::from_utf8(length.value)?.parse()? }))
}
