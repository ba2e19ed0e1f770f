//! The service under test: the release binary as a child process, with the settings that it has by itself.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::Result;

/// What its address is printed after.
const ANNOUNCED: &str = "Chiso serves on http://";

/// The binary of this build, or the one that `CHISO_BENCH_BINARY` names.
pub fn binary() -> PathBuf {
    std::env::var_os("CHISO_BENCH_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_chiso").into(), PathBuf::from)
}

/// A command of the service, without settings of the surroundings.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHISO_")) {
        command.env_remove(name);
    }
    command
}

/// The key of an administrator, as one is sent with every request: real, and made before the first request.
static KEY: Mutex<String> = Mutex::new(String::new());

/// The headers that every request of the benchmark has, each with its end.
pub fn headers() -> String {
    let key = KEY.lock().unwrap_or_else(PoisonError::into_inner);
    format!("Host: bench\r\nAuthorization: Bearer {key}\r\n")
}

/// Makes a key in a database; the services that run on it afterwards know it.
fn make_key(database: &str) -> Result<()> {
    let arguments = ["keys", "create", "--name", "bench", "--scopes", "admin", "--database-url", database];
    let output = command(&arguments).output()?;
    let printed = String::from_utf8(output.stdout)?;
    let secret = printed.lines().last().filter(|_| output.status.success()).ok_or("no key was made")?;
    secret.clone_into(&mut KEY.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(())
}

/// An answer, and how long it took.
pub struct Answer {
    /// Its status line and headers.
    pub head: String,
    /// Its body.
    pub body: String,
    /// From the request to the first bytes.
    pub first: Duration,
    /// From the request to the last bytes.
    pub whole: Duration,
}

/// A running service; it ends with this value.
pub struct Service {
    child: Child,
    /// Kept open: what the service prints later has somewhere to go.
    _output: BufReader<ChildStdout>,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the first 200 of `/health/ready`.
    pub ready_after: Duration,
}

impl Service {
    /// Starts the service on a free port; `sample` loads the sample into an empty database.
    ///
    /// # Errors
    /// When it doesn't become ready.
    pub fn start(database: &str, sample: bool) -> Result<Self> {
        let mut command =
            command(&["serve", "--bind", "127.0.0.1:0", "--rate-limit", "0", "--database-url", database]);
        if sample {
            command.arg("--sample");
        }
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("the service has no output")?);
        let mut line = String::new();
        let address = loop {
            line.clear();
            if output.read_line(&mut line)? == 0 {
                return Err(format!("the service did not start: {}", child.wait()?).into());
            }
            if let Some(announced) = line.strip_prefix(ANNOUNCED) {
                break announced.trim().parse()?;
            }
        };
        let mut service = Self { child, _output: output, address, ready_after: Duration::ZERO };
        service.request("GET /health/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        service.ready_after = begun.elapsed();
        make_key(database)?;
        Ok(service)
    }

    /// One answer.
    ///
    /// # Errors
    /// When it is no success.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.request(&format!("GET {path} HTTP/1.1\r\n{}Connection: close\r\n\r\n", headers()))
    }

    /// Sends a record.
    ///
    /// # Errors
    /// When the answer is no success.
    pub fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.send("PUT", path, body)
    }

    /// Asks for something to be done.
    ///
    /// # Errors
    /// When the answer is no success.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send("POST", path, body)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        self.request(&format!(
            "{method} {path} HTTP/1.1\r\n{}Connection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            headers(),
            body.len()
        ))
    }

    fn request(&self, request: &str) -> Result<Value> {
        Ok(serde_json::from_str(&self.exchange(request, Duration::ZERO)?.body)?)
    }

    /// The validator of an answer, and the bytes of its body.
    ///
    /// # Errors
    /// When it is no success, or has no validator.
    pub fn validated(&self, path: &str) -> Result<(String, usize)> {
        let answer = self.timed(path)?;
        let tag = answer.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("etag").then(|| value.trim().to_owned())
        });
        Ok((tag.ok_or("an answer without a validator")?, answer.body.len()))
    }

    /// One answer, and how long it took: on a connection of its own, which has been accepted before.
    ///
    /// # Errors
    /// When it is no success.
    pub fn timed(&self, path: &str) -> Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\n{}Connection: close\r\n\r\n", headers());
        self.exchange(&request, Duration::from_millis(2))
    }

    /// Sends a request so long after its connection was made.
    fn exchange(&self, request: &str, later: Duration) -> Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        sleep(later);
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let (mut answer, mut part) = (Vec::new(), vec![0; 1 << 18]);
        let asked = Instant::now();
        stream.write_all(request.as_bytes())?;
        let (mut first, mut whole) = (None, Duration::ZERO);
        loop {
            let read = stream.read(&mut part)?;
            let Some(read) = part.get(..read).filter(|read| !read.is_empty()) else { break };
            // The end of the connection comes later, and is waited for without being counted.
            whole = asked.elapsed();
            first.get_or_insert(whole);
            answer.extend_from_slice(read);
        }
        let answer = String::from_utf8(answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a head")?;
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body = if chunked { whole_of(body)? } else { body.to_owned() };
        if !head.starts_with("HTTP/1.1 2") {
            let asked = request.lines().next().unwrap_or_default();
            return Err(format!("{asked}: {answer}").into());
        }
        Ok(Answer { head: head.to_owned(), body, first: first.unwrap_or_default(), whole })
    }

    /// Memory of the process: now, and the most since it started.
    ///
    /// # Errors
    /// Where the system doesn't tell.
    pub fn memory(&self) -> Result<Memory> {
        memory(self.child.id())
    }

    /// Ends it as an operator would, and waits.
    ///
    /// # Errors
    /// When it can't be told to end.
    pub fn stop(mut self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        self.child.wait()?;
        Ok(())
    }
}

/// A body that came in pieces: each behind its length in bytes, and an empty one at the end.
fn whole_of(mut pieces: &str) -> Result<String> {
    let mut whole = String::new();
    loop {
        let (length, rest) = pieces.split_once("\r\n").ok_or("a piece without a length")?;
        let length = usize::from_str_radix(length, 16)?;
        if length == 0 {
            return Ok(whole);
        }
        whole.push_str(rest.get(..length).ok_or("a piece that is cut off")?);
        pieces = rest.get(length + 2..).ok_or("a piece without an end")?;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Nothing is left to do where it has already ended.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Memory of a process in megabytes (of 1,000,000 bytes): what is resident.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Now.
    pub now: f64,
    /// The most since it started.
    pub most: f64,
}

/// Memory of a process.
///
/// # Errors
/// Where the system doesn't tell.
pub fn memory(process: u32) -> Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let megabytes = |name: &str| -> Result<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no memory is told")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    };
    Ok(Memory { now: megabytes("VmRSS:")?, most: megabytes("VmHWM:")? })
}
