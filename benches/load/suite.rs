//! What is measured, in which order, and what it must be.

use std::{net::SocketAddr, path::Path, sync::atomic::AtomicU64, thread::sleep, time::Duration};

use chrono::NaiveDate;
use serde_json::Value;

use crate::{
    Part, Result,
    client::{self, Clients, Measured, Times},
    database::Databases,
    dossiers::Maker,
    imports,
    rankings::Rankings,
    report::{Bound, Report, Row, Unit},
    service::Service,
    workloads::{self, Subject, crowd},
    yardstick::{Bare, Yardstick},
};

/// Dossiers of the sample, and of the import.
const DOSSIERS: u64 = 113_468;
/// Starts of which the middle one is told.
const STARTS: usize = 5;
/// Where something is asked of a load, answers longer than this are also compared with a yardstick of their length.
const LONG: usize = 2_000;

/// The run.
pub struct Suite {
    times: Times,
    yardstick: Yardstick,
    databases: Databases,
    report: Report,
    parts: Vec<Part>,
}

/// A load within a group.
struct Load<'a> {
    name: &'a str,
    clients: Vec<Clients<'a>>,
    bound: Option<Bound>,
}

impl<'a> Load<'a> {
    fn new(name: &'a str, clients: Vec<Clients<'a>>, bound: Option<Bound>) -> Self {
        Self { name, clients, bound }
    }
}

/// What a larger database is compared with.
pub struct Small {
    /// Units of the sample.
    units: Vec<Value>,
    speeds: Speeds,
}

/// Answers a second of what must not depend on the number of dossiers.
#[derive(Default)]
struct Speeds {
    list: f64,
    level: f64,
    unit: f64,
}

/// What memory and a start must be.
struct Frugal {
    rest: Option<Bound>,
    reads: Bound,
    start: Bound,
}

impl Suite {
    /// Starts the yardstick.
    ///
    /// # Errors
    /// When it doesn't start.
    pub fn new(postgres: Option<String>, times: Times, parts: Vec<Part>) -> Result<Self> {
        let (yardstick, databases) = (Yardstick::start()?, Databases::new(postgres)?);
        Ok(Self { times, yardstick, databases, report: Report::default(), parts })
    }

    /// Whether a part was asked for.
    fn runs(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    /// Prints what was measured.
    pub fn print(&self) {
        self.report.print(self.databases.kind());
    }

    /// The sample: reads, rankings, writes, reads and writes together, memory and starts.
    ///
    /// # Errors
    /// When a request fails.
    pub fn sample(&mut self) -> Result<Small> {
        let database = self.databases.fresh("sample")?;
        let service = Service::start(&database, true)?;
        let took = format!("{:.1} s", service.ready_after.as_secs_f64());
        self.report.add(Row::figure("first start, the sample is loaded", took));
        let (units, codes) = (workloads::units(&service)?, workloads::codes(&service)?);
        service.stop()?;

        let sent = AtomicU64::new(0);
        let code = |number: u64| codes.get(number as usize % codes.len()).cloned().unwrap_or_default();
        let subject = Subject { units: below(&units), code: Box::new(code), sent: &sent };
        let frugal = Frugal {
            rest: Some(Bound::at_most(60.0, 40.0)),
            reads: Bound::at_most(120.0, 80.0),
            start: Bound::at_most(100.0, 50.0),
        };
        let (service, speeds) = match self.runs(Part::Reads) {
            true => self.reads(&database, &subject, &frugal)?,
            false => (Service::start(&database, false)?, Speeds::default()),
        };
        if self.runs(Part::Published) {
            self.rankings(&service, &database).published()?;
        }
        if self.runs(Part::Writes) {
            self.writes(&service, &subject)?;
        }
        if self.runs(Part::Both) {
            self.both(&service, &subject)?;
        }
        if self.runs(Part::Country) {
            self.rankings(&service, &database).country()?;
        }
        service.stop()?;
        Ok(Small { units, speeds })
    }

    /// An import into a file of SQLite, beside SQLite itself.
    ///
    /// # Errors
    /// When the import fails.
    pub fn import(&mut self, small: &Small) -> Result<()> {
        if !self.databases.are_files() || !self.runs(Part::Import) {
            return Ok(());
        }
        let first = NaiveDate::from_ymd_opt(2020, 1, 2).unwrap_or_default();
        let maker = Maker::new(&below(&small.units), first, 340, DOSSIERS)?;
        let (file, raw) = (self.path("dossiers.csv"), self.path("raw.db"));
        let database = self.databases.fresh("import")?;
        imports::prepare(&database, &small.units)?;
        imports::write(&maker, 0..DOSSIERS, &file)?;
        let imported = imports::import(&database, &file)?;
        let raw = imports::raw(&raw, &maker, DOSSIERS)?;
        let (took, raw) = (imported.took.as_secs_f64(), raw.as_secs_f64());
        let rate = |seconds: f64| format!("{:.0} rows/s", DOSSIERS as f64 / seconds);
        self.report.add(Row::figure("SQLite alone, 113,468 rows", rate(raw)));
        let row = Row::figure("import of 113,468 dossiers, time against SQLite alone", rate(took));
        self.report.add(row.compared(took / raw, Unit::Times, Some(Bound::at_most(10.0, 4.0))));
        let memory = format!("{:.0} MB", imported.memory.most);
        self.report.add(Row::figure("import, most memory", memory));
        Ok(())
    }

    /// Millions of dossiers: their import, and the reads against those of the sample.
    ///
    /// # Errors
    /// When the import or a request fails.
    pub fn millions(&mut self, millions: u64, small: &Small) -> Result<()> {
        const MILLION: u64 = 1_000_000;
        let first = NaiveDate::from_ymd_opt(2019, 1, 1).unwrap_or_default();
        let maker = Maker::new(&below(&small.units), first, 1096, millions * MILLION)?;
        let database = self.databases.fresh("millions")?;
        imports::prepare(&database, &small.units)?;
        let file = self.path("million.csv");
        let mut memory: f64 = 0.0;
        for million in 0..millions {
            imports::write(&maker, million * MILLION..(million + 1) * MILLION, &file)?;
            let imported = imports::import(&database, &file)?;
            memory = memory.max(imported.memory.most);
            let seconds = imported.took.as_secs_f64();
            let rate = format!("{:.0} rows/s, {seconds:.1} s", MILLION as f64 / seconds);
            self.report.add(Row::figure(&format!("import, million {}", million + 1), rate));
        }
        std::fs::remove_file(&file)?;
        self.report.add(Row::figure("import of millions, most memory", format!("{memory:.0} MB")));

        let sent = AtomicU64::new(0);
        let code = |number| maker.code(number);
        let subject = Subject { units: below(&small.units), code: Box::new(code), sent: &sent };
        let frugal =
            Frugal { rest: None, reads: Bound::at_most(250.0, 200.0), start: Bound::at_most(300.0, 200.0) };
        let (service, speeds) = self.reads(&database, &subject, &frugal)?;
        let list = Row::figure("list of millions, speed against the sample's", String::new());
        let list =
            list.compared(speeds.list / small.speeds.list, Unit::Times, Some(Bound::at_least(0.8, 0.8)));
        self.report.add(list);
        for (by, of_sample, of_millions) in
            [("level", small.speeds.level, speeds.level), ("unit", small.speeds.unit, speeds.unit)]
        {
            let name = format!("statistics of millions by {by}, time against the sample's");
            let row = Row::figure(&name, String::new());
            let bound = Some(Bound::at_most(1.5, 1.2));
            self.report.add(row.compared(of_sample / of_millions, Unit::Times, bound));
        }
        service.stop()
    }

    /// Starts on a database that has its dossiers, then reads from it, and what memory that took.
    fn reads(&mut self, database: &str, subject: &Subject<'_>, frugal: &Frugal) -> Result<(Service, Speeds)> {
        let service = self.starts(database, frugal)?;
        let address = service.address;
        let (must, list) = (Bound::at_least(0.35, 0.55), Bound::at_least(0.1, 0.16));
        let last_page = workloads::last_page(&service)?;
        let lists = self.group(
            address,
            vec![
                Load::new("dossiers by code", vec![crowd(workloads::dossiers(subject))], Some(must)),
                Load::new("list of 50, first page", asking(&workloads::first_page()), Some(list)),
                Load::new("list of 50, last page", asking(&last_page), Some(list)),
            ],
        )?;
        let list = rate(&lists, 1);
        let row = Row::figure("list of 50, last page against the first", String::new());
        self.report.add(row.compared(rate(&lists, 2) / list, Unit::Times, None));

        let computed =
            |by: &str| vec![crowd(workloads::statistics(subject, by)), workloads::trickle(subject)];
        let bound = Some(Bound::at_least(0.1, 0.25));
        let counts = self.group(
            address,
            vec![
                Load::new("statistics of a year by level, computed", computed("level"), bound),
                Load::new("statistics of a year by unit, computed", computed("unit"), bound),
                Load::new("statistics of a year by month, computed", computed("month"), None),
                Load::new("statistics of a year by field, computed", computed("field"), None),
            ],
        )?;
        let bound = Some(Bound::at_least(0.4, 0.6));
        let same = asking(&workloads::one_question());
        self.group(address, vec![Load::new("the same statistics, nothing changed", same, bound)])?;
        let memory = service.memory()?.most;
        let row = Row::figure("memory, the most under reads", String::new());
        self.report.add(row.compared(memory, Unit::Megabytes, Some(frugal.reads)));
        Ok((service, Speeds { list, level: rate(&counts, 0), unit: rate(&counts, 1) }))
    }

    fn starts(&mut self, database: &str, frugal: &Frugal) -> Result<Service> {
        let mut took = Vec::new();
        for _ in 1..STARTS {
            let service = Service::start(database, false)?;
            took.push(service.ready_after);
            service.stop()?;
        }
        let service = Service::start(database, false)?;
        took.push(service.ready_after);
        took.sort_unstable();
        let middle = took.get(STARTS / 2).copied().unwrap_or_default().as_secs_f64() * 1e3;
        let row = Row::figure("start to the first 200 of /health/ready", String::new());
        self.report.add(row.compared(middle, Unit::Milliseconds, Some(frugal.start)));
        sleep(Duration::from_secs(2));
        let memory = service.memory()?.now;
        let row = Row::figure("memory at rest", String::new());
        self.report.add(row.compared(memory, Unit::Megabytes, frugal.rest));
        Ok(service)
    }

    fn rankings<'a>(&'a mut self, service: &'a Service, database: &'a str) -> Rankings<'a> {
        Rankings {
            service,
            database,
            directory: self.databases.directory.path(),
            on_postgres: !self.databases.are_files(),
            yardstick: &self.yardstick,
            times: self.times,
            report: &mut self.report,
        }
    }

    fn writes(&mut self, service: &Service, subject: &Subject<'_>) -> Result<()> {
        let bound = Some(Bound::at_least(0.12, 0.2));
        let posts = vec![crowd(workloads::posts(subject))];
        self.group(service.address, vec![Load::new("new dossiers, on disk", posts, bound)])?;
        Ok(())
    }

    /// Statistics at rest and while sixteen clients write, asked by sixteen clients and by one.
    fn both(&mut self, service: &Service, subject: &Subject<'_>) -> Result<()> {
        let bound = Some(Bound::at_most(8.0, 4.0));
        for (who, connections, bound) in [("16 clients", 16, bound), ("1 client", 1, None)] {
            let ask =
                || Clients { connections, every: None, requests: workloads::statistics(subject, "unit") };
            let (rest, busy) =
                (format!("statistics for {who}, at rest"), format!("statistics for {who}, 16 write"));
            let seen = self.group(
                service.address,
                vec![
                    Load::new(&rest, vec![ask()], None),
                    Load::new(&busy, vec![ask(), crowd(workloads::posts(subject))], None),
                ],
            )?;
            let slowest = |at: usize| seen.get(at).map_or(0.0, |m: &Measured| m.within(0.99).as_secs_f64());
            let row = Row::figure(&format!("statistics for {who}, p99 against rest"), String::new());
            self.report.add(row.compared(slowest(1) / slowest(0), Unit::Times, bound));
        }
        Ok(())
    }

    /// Loads between two measurements of the yardstick; what their first clients saw.
    fn group(&mut self, address: SocketAddr, loads: Vec<Load<'_>>) -> Result<Vec<Measured>> {
        let before = self.yardstick.measure(Bare::Dossier, self.times)?;
        let mut seen = Vec::new();
        for load in loads {
            let measured = client::load(address, &load.clients, self.times)?;
            let first = measured.into_iter().next().ok_or("nothing was measured")?;
            seen.push((load.name, load.bound, first));
        }
        let after = self.yardstick.measure(Bare::Dossier, self.times)?;
        let yardstick = (before.rate() + after.rate()) / 2.0;
        let spread = format!("{:.0}/s and {:.0}/s", before.rate(), after.rate());
        self.report.add(Row::figure("yardstick, before and after", spread));
        let mut measured = Vec::new();
        for (name, bound, one) in seen {
            self.report.add(Row::load(name, &one).compared(one.rate() / yardstick, Unit::Share, bound));
            if bound.is_some() && one.bytes() > LONG {
                let as_long = self.yardstick.measure(Bare::Bytes(one.bytes()), self.times)?;
                let row = Row::load(&format!("— yardstick of its {} bytes", one.bytes()), &as_long);
                self.report.add(row.compared(as_long.rate() / yardstick, Unit::Share, None));
            }
            measured.push(one);
        }
        Ok(measured)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.databases.directory.path()).join(name)
    }
}

fn asking(path: &str) -> Vec<Clients<'static>> {
    vec![crowd(workloads::same(path))]
}

fn rate(measured: &[Measured], at: usize) -> f64 {
    measured.get(at).map_or(0.0, Measured::rate)
}

/// The district and its communes, by their keys.
fn below(units: &[Value]) -> Vec<String> {
    let below = |unit: &&Value| unit["id"] == workloads::DISTRICT || unit["parent_id"] == workloads::DISTRICT;
    units.iter().filter(below).filter_map(|unit| unit["id"].as_str()).map(str::to_owned).collect()
}
