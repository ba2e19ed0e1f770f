//! What is printed: one Markdown table and the machine.

use std::time::Duration;

use crate::client::Measured;

/// What a figure is compared as.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// A share of the yardstick.
    Share,
    /// A multiple of another figure.
    Times,
    /// Megabytes of 1,000,000 bytes.
    Megabytes,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

/// What a figure must be, and what it should be. The goal beyond the bound tells which way is better.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    must: f64,
    goal: f64,
    more_is_better: bool,
}

impl Bound {
    /// The figure must be this or more.
    pub const fn at_least(must: f64, goal: f64) -> Self {
        Self { must, goal, more_is_better: true }
    }

    /// The figure must be this or less.
    pub const fn at_most(must: f64, goal: f64) -> Self {
        Self { must, goal, more_is_better: false }
    }

    fn met(self, value: f64) -> &'static str {
        let meets = |bound: f64| if self.more_is_better { value >= bound } else { value <= bound };
        match (meets(self.goal), meets(self.must)) {
            (true, _) => "goal",
            (_, true) => "must",
            _ => "**no**",
        }
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    name: String,
    measured: String,
    compared: Option<(f64, Unit)>,
    bound: Option<Bound>,
    times: Option<(Duration, Duration)>,
}

impl Row {
    /// A load.
    pub fn load(name: &str, measured: &Measured) -> Self {
        let times = Some((measured.within(0.5), measured.within(0.99)));
        Self::new(name, format!("{:.0}/s", measured.rate()), times)
    }

    /// A figure that speaks for itself.
    pub fn figure(name: &str, measured: String) -> Self {
        Self::new(name, measured, None)
    }

    fn new(name: &str, measured: String, times: Option<(Duration, Duration)>) -> Self {
        Self { name: name.to_owned(), measured, compared: None, bound: None, times }
    }

    /// With what it is compared as, and what that must be.
    #[must_use]
    pub fn compared(mut self, value: f64, unit: Unit, bound: Option<Bound>) -> Self {
        (self.compared, self.bound) = (Some((value, unit)), bound);
        self
    }

    fn line(&self) -> String {
        let told = |value: f64, unit: Unit| match unit {
            Unit::Share => format!("{value:.3}"),
            Unit::Times => format!("{value:.2}×"),
            Unit::Megabytes => format!("{value:.0} MB"),
            Unit::Milliseconds => format!("{value:.0} ms"),
            Unit::Seconds => format!("{value:.1} s"),
        };
        let compared = self.compared.map(|(value, unit)| told(value, unit)).unwrap_or_default();
        let (must, goal, met) = match (self.compared, self.bound) {
            (Some((value, unit)), Some(bound)) => {
                let sign = if bound.more_is_better { '≥' } else { '≤' };
                let bounded = |bound| format!("{sign} {}", told(bound, unit));
                (bounded(bound.must), bounded(bound.goal), bound.met(value))
            }
            _ => (String::new(), String::new(), ""),
        };
        let milliseconds = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1e3);
        let (p50, p99) = match self.times {
            Some((p50, p99)) => (milliseconds(p50), milliseconds(p99)),
            None => (String::new(), String::new()),
        };
        format!(
            "| {} | {} | {compared} | {must} | {goal} | {met} | {p50} | {p99} |",
            self.name, self.measured
        )
    }
}

/// The rows so far.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a row, and tells it at once on the standard error.
    pub fn add(&mut self, row: Row) {
        eprintln!("{}", row.line());
        self.rows.push(row);
    }

    /// Prints the table and the machine.
    pub fn print(&self, database: &str) {
        println!("\n| workload | measured | compared | must | goal | met | p50 ms | p99 ms |");
        println!("|---|---:|---:|---:|---:|---|---:|---:|");
        for row in &self.rows {
            println!("{}", row.line());
        }
        println!("\n{database}; {}", machine());
    }
}

/// Cores, processor and kernel.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores, {}, Linux {}", model.trim_start_matches([' ', '\t', ':']), kernel.trim())
}
