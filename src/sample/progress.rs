//! How far the load is: a bar on a terminal, plain lines otherwise.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// How far the load is.
pub struct Progress {
    bar: Option<ProgressBar>,
    done: usize,
    total: usize,
}

impl Progress {
    /// Begins to tell.
    pub fn start(total: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total as u64);
            if let Ok(style) = ProgressStyle::with_template("loading the sample {bar:40} {pos}/{len} records")
            {
                bar.set_style(style);
            }
            bar
        });
        if bar.is_none() {
            eprintln!("loading the sample: {total} records");
        }
        Self { bar, done: 0, total }
    }

    /// So many more records are written.
    pub fn advance(&mut self, records: usize) {
        let before = self.done * 4 / self.total.max(1);
        self.done += records;
        let after = self.done * 4 / self.total.max(1);
        match &self.bar {
            Some(bar) => bar.inc(records as u64),
            None if after > before => {
                eprintln!("loading the sample: {} of {} records", self.done, self.total)
            }
            None => {}
        }
    }

    /// All records are written.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}
