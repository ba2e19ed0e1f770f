//! A line of the log: when, how grave, within which request, and what is said; as text or as a JSON object.
//!
//! The id of a request is looked up where a line is written. A span that carries it would cost every request more
//! than its line does.

use std::{
    cell::RefCell,
    fmt::{self, Debug},
};

use serde_json::{Map, Value, json};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use crate::{domain::time::Moment, http::frame, telemetry::LogFormat};

/// Writes events as lines.
pub struct Lines {
    /// How.
    pub format: LogFormat,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match self.format {
            LogFormat::Text => {
                time(&mut line)?;
                level(&mut line, *event.metadata().level())?;
                frame::with_request_id(|id| write!(line, "request{{request_id={id}}}: "))
                    .unwrap_or(Ok(()))?;
                context.format_fields(line.by_ref(), event)?;
            }
            LogFormat::Json => object(&mut line, event)?,
        }
        writeln!(line)
    }
}

/// The time in UTC. Its second is written once for all the lines of it.
fn time(line: &mut Writer<'_>) -> fmt::Result {
    thread_local! {
        static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let micros = Moment::now().micros();
    let (second, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    SECOND.with_borrow_mut(|(of, text)| {
        if *of != second {
            let time = chrono::DateTime::from_timestamp(second, 0).unwrap_or_default();
            (*of, *text) = (second, time.format("%Y-%m-%dT%H:%M:%S").to_string());
        }
        write!(line, "{text}.{rest:06}Z")
    })
}

/// The level, in a colour where the terminal has some.
fn level(line: &mut Writer<'_>, level: Level) -> fmt::Result {
    let colour = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    };
    match line.has_ansi_escapes() {
        true => write!(line, " \u{1b}[{colour}m{level:>5}\u{1b}[0m "),
        false => write!(line, " {level:>5} "),
    }
}

/// The members of a JSON object.
struct Members(Map<String, Value>);

impl Members {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        // What comes from the log crate has its target in a field, beside others that say no more of it.
        match field.name() {
            "log.target" => self.0.insert("target".to_owned(), value.into()),
            name if name.starts_with("log.") => None,
            name => self.0.insert(name.to_owned(), value.into()),
        };
    }
}

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }
}

fn object(line: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let mut at = String::new();
    time(&mut Writer::new(&mut at))?;
    let about = event.metadata();
    let mut members = Members(Map::new());
    members.0.insert("timestamp".to_owned(), at.into());
    members.0.insert("level".to_owned(), about.level().as_str().into());
    members.0.insert("target".to_owned(), about.target().into());
    event.record(&mut members);
    frame::with_request_id(|id| {
        members.0.insert("span".to_owned(), json!({"name": "request", "request_id": id}));
    });
    write!(line, "{}", Value::Object(members.0))
}
