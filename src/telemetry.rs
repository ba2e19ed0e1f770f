//! The log: to standard error, as lines for people or as JSON, and every panic in it.
//!
//! Lines wait a moment and are written together: one system call for hundreds of requests instead of one each.
//! A warning or an error is written at once with all before it, and [`flush`] writes what waits at the end.

use std::{
    io::{self, Write},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    filter::Targets,
    fmt::{self, MakeWriter},
    prelude::*,
};

use crate::log_lines;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Bytes that wait at most.
const WAITING: usize = 32 * 1024;
/// How long a line waits at most.
const DELAY: Duration = Duration::from_millis(50);

/// The lines that wait to be written.
struct Lines {
    waiting: Mutex<Vec<u8>>,
    some: Condvar,
}

static LINES: Lines = Lines { waiting: Mutex::new(Vec::new()), some: Condvar::new() };

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8], at_once: bool) {
        let mut waiting = self.lock();
        let first = waiting.is_empty();
        waiting.extend_from_slice(line);
        if at_once || waiting.len() >= WAITING {
            write_out(&mut waiting);
        } else if first {
            self.some.notify_one();
        }
    }

    /// Writes what waits, again and again.
    fn keep_writing(&self) {
        loop {
            let waiting = self.some.wait_while(self.lock(), |waiting| waiting.is_empty());
            drop(waiting);
            std::thread::sleep(DELAY);
            write_out(&mut self.lock());
        }
    }
}

fn write_out(waiting: &mut Vec<u8>) {
    // Where standard error is gone there is nowhere to say so.
    let _ = io::stderr().lock().write_all(waiting);
    waiting.clear();
}

/// Writes every line that waits. To be called before the process ends.
pub fn flush() {
    write_out(&mut LINES.lock());
}

/// Writes one line of the log.
struct Line {
    at_once: bool,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.add(bytes, self.at_once);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes the writers of lines.
struct Log {
    /// Without the thread that writes them, no line waits.
    at_once: bool,
}

impl MakeWriter<'_> for Log {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { at_once: self.at_once }
    }

    fn make_writer_for(&self, about: &Metadata<'_>) -> Line {
        Line { at_once: self.at_once || *about.level() <= Level::WARN }
    }
}

/// Starts the log; a second call does nothing.
pub fn init(format: LogFormat, filter: &str) {
    // Of levels and targets alone: a filter that may also ask for spans costs each of them a lock that all threads share.
    let filter = filter.parse().unwrap_or_else(|_| Targets::new().with_default(Level::INFO));
    let thread = std::thread::Builder::new().name("chiso-log".to_owned()).spawn(|| LINES.keep_writing());
    let lines = fmt::layer()
        .event_format(log_lines::Lines { format })
        .with_writer(Log { at_once: thread.is_err() })
        .with_ansi(format == LogFormat::Text && io::IsTerminal::is_terminal(&io::stderr()));
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, panic = %panic, "panicked");
    }));
}
