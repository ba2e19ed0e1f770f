//! The service under test: the release binary as a child process, with the settings that it has by itself.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
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
        let mut command = command(&["serve", "--bind", "127.0.0.1:0", "--database-url", database]);
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
        service.get("/health/ready")?;
        service.ready_after = begun.elapsed();
        Ok(service)
    }

    /// One answer.
    ///
    /// # Errors
    /// When it is no success.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"))
    }

    /// Sends a record.
    ///
    /// # Errors
    /// When the answer is no success.
    pub fn put(&self, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        self.request(&format!(
            "PUT {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn request(&self, request: &str) -> Result<Value> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a head")?;
        if !head.starts_with("HTTP/1.1 2") {
            let asked = request.lines().next().unwrap_or_default();
            return Err(format!("{asked}: {answer}").into());
        }
        Ok(serde_json::from_str(body)?)
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
