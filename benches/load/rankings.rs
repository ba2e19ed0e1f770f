//! Rankings: a published one on the warm server, and one over every commune of the country.

use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Result,
    client::{self, Clients, Times},
    imports,
    report::{Bound, Report, Row, Unit},
    service::Service,
    workloads::{self, API, crowd},
    yardstick::{Bare, Yardstick},
};

/// A ranking of 63 provinces, with deltas against the year before.
const PUBLISHED: &str = "/api/v1/indexes/pci/rankings/2016";

/// Communes of the country until 1 July 2025.
const COMMUNES: usize = 10_035;
/// Provinces then.
const PROVINCES: usize = 63;
/// Criteria of the index that is made for the run.
const CRITERIA: usize = 8;
/// A day on which all of them exist.
const DAY: &str = "2024-12-31";
/// The year that is ranked, and before it the one that it is compared with.
const YEARS: [i32; 2] = [2023, 2024];

/// Rankings that are computed before any is counted.
const WARM: usize = 3;
/// Rankings of communes of which the middle one is told.
const OF_COMMUNES: usize = 9;
/// Those of provinces, which are soon there.
const OF_PROVINCES: usize = 45;

/// What rankings are measured with.
pub struct Rankings<'a> {
    /// The service, on the sample.
    pub service: &'a Service,
    /// Its database.
    pub database: &'a str,
    /// Where files are made.
    pub directory: &'a Path,
    /// Whether the database is a PostgreSQL.
    pub on_postgres: bool,
    /// The yardstick.
    pub yardstick: &'a Yardstick,
    /// How long a load takes.
    pub times: Times,
    /// What was measured.
    pub report: &'a mut Report,
}

/// An index that is made for the run, and its units.
struct Index {
    code: &'static str,
    level: &'static str,
    units: Vec<String>,
}

/// The middle one of rankings that were each computed anew.
struct Computed {
    first: Duration,
    whole: Duration,
    bytes: usize,
}

impl Rankings<'_> {
    /// The same published ranking over and over: whole, and by clients that have it.
    ///
    /// # Errors
    /// When a request fails, or is not answered as it must be.
    pub fn published(&mut self) -> Result<()> {
        let (tag, bytes) = self.service.validated(PUBLISHED)?;
        // Over PostgreSQL the yardstick asks it something. The first is what the speed is asked against.
        let bare: &[Bare] = match self.on_postgres {
            true => &[Bare::Select(2), Bare::Select(bytes), Bare::Bytes(bytes)],
            false => &[Bare::Bytes(bytes)],
        };
        let before = self.bare(bare)?;
        let whole = self.load(workloads::same(PUBLISHED))?;
        let known = self.load(workloads::known(PUBLISHED, &tag))?;
        let after = self.bare(bare)?;
        if (whole.bytes(), known.bytes()) != (bytes, 0) {
            return Err("the published ranking changed while it was asked for".into());
        }
        for (at, ((bare, before), after)) in bare.iter().zip(before).zip(after).enumerate() {
            let name = match bare {
                Bare::Select(2) => "yardstick with `SELECT 1`, before and after".to_owned(),
                Bare::Select(n) => format!("yardstick with `SELECT 1` and {n} bytes, before and after"),
                _ => format!("yardstick of {bytes} bytes, before and after"),
            };
            self.report.add(Row::figure(&name, format!("{before:.0}/s and {after:.0}/s")));
            let share = whole.rate() / ((before + after) / 2.0);
            let bound = match (at, self.on_postgres) {
                (0, true) => Some(Bound::at_least(0.85, 0.85)),
                (0, false) => Some(Bound::at_least(0.75, 0.85)),
                _ => None,
            };
            let row = match at {
                0 => Row::load("published ranking of 63 units with deltas", &whole),
                _ => Row::figure("— the same ranking against it", String::new()),
            };
            self.report.add(row.compared(share, Unit::Share, bound));
        }
        let row = Row::load("the same with `If-None-Match`, 304; share of the above", &known);
        let bound = Some(Bound::at_least(1.0, 1.0));
        self.report.add(row.compared(known.rate() / whole.rate(), Unit::Share, bound));
        Ok(())
    }

    /// All communes of the country, their scores of two years, and rankings of them beside those of the provinces.
    ///
    /// # Errors
    /// When a request or an import fails.
    pub fn country(&mut self) -> Result<()> {
        self.make_communes()?;
        let index = |code, level, count| -> Result<Index> {
            let units = self.units(level)?;
            if units.len() == count {
                Ok(Index { code, level, units })
            } else {
                Err(format!("{} units of the level {level}, not {count}", units.len()).into())
            }
        };
        let provinces = index("bench-provinces", "province", PROVINCES)?;
        let communes = index("bench", "commune", COMMUNES)?;
        self.make(&provinces)?;
        let took = self.make(&communes)?.as_secs_f64();
        let scores = COMMUNES * CRITERIA;
        let row = Row::figure("import of 80,280 scores", format!("{:.0} rows/s", scores as f64 / took));
        self.report.add(row.compared(took, Unit::Seconds, Some(Bound::at_most(5.0, 5.0))));

        for (with, query) in [("deltas", ""), ("deltas and components", "?include=components")] {
            let few = self.computed(&provinces, query, OF_PROVINCES)?;
            let many = self.computed(&communes, query, OF_COMMUNES)?;
            let told = |one: &Computed| {
                format!("{:.1} ms, {:.2} MB", one.whole.as_secs_f64() * 1e3, one.bytes as f64 / 1e6)
            };
            let name = format!("ranking of 63 provinces with {with}, uncached");
            self.report.add(Row::figure(&name, told(&few)));
            let name =
                format!("ranking of 10,035 communes with {with}, uncached; time of a unit against the 63");
            let of_unit = |one: &Computed, units: usize| one.whole.as_secs_f64() / units as f64;
            let linear = of_unit(&many, COMMUNES) / of_unit(&few, PROVINCES);
            let row = Row::figure(&name, told(&many));
            self.report.add(row.compared(linear, Unit::Times, Some(Bound::at_most(1.5, 1.5))));
            let first = many.first.as_secs_f64() * 1e3;
            let row = Row::figure("— its first byte", String::new());
            self.report.add(row.compared(first, Unit::Milliseconds, Some(Bound::at_most(200.0, 200.0))));
        }
        Ok(())
    }

    fn load(&self, requests: client::Requests<'_>) -> Result<client::Measured> {
        let measured = client::load(self.service.address, &[crowd(requests)], self.times)?;
        measured.into_iter().next().ok_or_else(|| "nothing was measured".into())
    }

    /// Answers a second of the yardsticks.
    fn bare(&self, bare: &[Bare]) -> Result<Vec<f64>> {
        bare.iter().map(|bare| Ok(self.yardstick.measure(*bare, self.times)?.rate())).collect()
    }

    /// Makes the communes that the sample lacks, below its provinces.
    fn make_communes(&mut self) -> Result<()> {
        let provinces = self.units("province")?;
        let missing = COMMUNES.saturating_sub(self.units("commune")?.len());
        let requests = |number: u64, request: &mut Vec<u8>| {
            let at = number as usize;
            if let (true, Some(province)) = (at < missing, provinces.get(at % provinces.len())) {
                let unit = json!({
                    "name": format!("Xã số {number}"), "level": "commune", "parent_id": province,
                    "valid_to": "2025-07-01",
                });
                workloads::send("PUT", &format!("{API}/units/bench-{number}"), &unit.to_string(), request);
            }
        };
        let clients: Clients<'_> = crowd(Box::new(requests));
        // They end when each commune was sent.
        let times = Times { warm_up: Duration::ZERO, counted: Duration::from_secs(600) };
        let begun = Instant::now();
        let made = client::load(self.service.address, &[clients], times)?;
        let rate = missing as f64 / begun.elapsed().as_secs_f64();
        if made.first().map(client::Measured::answers) != Some(missing) {
            return Err("not every commune was made".into());
        }
        self.report.add(Row::figure(&format!("{missing} units made, each by a PUT"), format!("{rate:.0}/s")));
        Ok(())
    }

    /// Units of a level by their keys.
    fn units(&self, level: &str) -> Result<Vec<String>> {
        let all = format!("{API}/units?level={level}&as_of={DAY}&limit=500");
        let (mut units, mut path) = (Vec::new(), all.clone());
        loop {
            let page = self.service.get(&path)?;
            let items = page["items"].as_array().ok_or("a page without items")?;
            units.extend(items.iter().filter_map(|unit| unit["id"].as_str()).map(str::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else { return Ok(units) };
            path = format!("{all}&cursor={cursor}");
        }
    }

    /// Makes an index with two editions and imports the scores of each; the slower of the imports.
    fn make(&self, index: &Index) -> Result<Duration> {
        let code = index.code;
        // Few are listed, as in the sample: the units of a rule are looked for among all that there are.
        let cohort = match index.units.len() {
            PROVINCES => json!({"code": "all", "name": "Tất cả", "unit_ids": index.units}),
            _ => json!({"code": "all", "name": "Tất cả", "rule": {"level": index.level, "as_of": DAY}}),
        };
        self.service.put(&format!("{API}/indexes/{code}"), &json!({"name": code}))?;
        let mut slower = Duration::ZERO;
        for year in YEARS {
            let criteria: Vec<Value> = (1..=CRITERIA)
                .map(|n| json!({"code": format!("c{n}"), "name": format!("Lĩnh vực {n}"), "max_points": 10, "weight": 12.5}))
                .collect();
            let edition = json!({
                "framework": "bench", "unit_of_measure": "points", "decimals": 2, "method": "weighted",
                "criteria": criteria,
                "cohorts": [cohort.clone()],
            });
            self.service.put(&format!("{API}/indexes/{code}/editions/{year}"), &edition)?;
            let file = self.directory.join(format!("{code}-{year}.csv"));
            write(&file, &index.units, year)?;
            slower = slower.max(imports::import_scores(self.database, &file, code, year)?.took);
        }
        // The year before is published, as it is by the time that a later one is scored.
        let before = format!("{API}/indexes/{code}/editions/{}/publish", YEARS[0]);
        self.service.post(&before, &json!({"reason": "bench"}))?;
        // What is told is a ranking of every unit, each with its delta.
        let ranking = self.service.get(&ranking(index, ""))?;
        let standings = ranking["standings"].as_array().ok_or("a ranking without standings")?;
        if standings.len() == index.units.len()
            && standings.iter().all(|one| one["delta"]["score"].is_number())
        {
            Ok(slower)
        } else {
            Err(format!("{} of {} units are ranked", standings.len(), index.units.len()).into())
        }
    }

    /// Asks for a ranking after a score was changed, over and over; the middle one by its time.
    fn computed(&self, index: &Index, query: &str, times: usize) -> Result<Computed> {
        let unit = index.units.first().ok_or("an index without units")?;
        let score = format!("{API}/index-scores/by-key/{}/{}/{unit}/final/c1", index.code, YEARS[1]);
        let path = ranking(index, query);
        let (mut seen, mut last) = (Vec::new(), String::new());
        for number in 0..WARM + times {
            self.service.put(&score, &json!({"score": format!("5.{number:03}")}))?;
            let answer = self.service.timed(&path)?;
            if answer.body == last {
                return Err("a score was changed, and the ranking was not".into());
            }
            if number >= WARM {
                seen.push(Computed { first: answer.first, whole: answer.whole, bytes: answer.body.len() });
            }
            last = answer.body;
        }
        seen.sort_unstable_by_key(|one| one.whole);
        if seen.is_empty() {
            Err("no ranking was counted".into())
        } else {
            Ok(seen.swap_remove(seen.len() / 2))
        }
    }
}

/// The ranking of the later year, compared with the earlier.
fn ranking(index: &Index, query: &str) -> String {
    format!("{API}/indexes/{}/rankings/{}{query}", index.code, YEARS[1])
}

/// Writes a table of scores: a row a unit, a column a criterion, from 1 to 10 with four decimals.
fn write(path: &Path, units: &[String], year: i32) -> Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    write!(file, "unit_id")?;
    for n in 1..=CRITERIA {
        write!(file, ",c{n}")?;
    }
    writeln!(file)?;
    let mut number = u64::try_from(year)? << 32;
    for unit in units {
        write!(file, "{unit}")?;
        for _ in 0..CRITERIA {
            let score = 10_000 + workloads::scattered(number) % 90_001;
            write!(file, ",{}.{:04}", score / 10_000, score % 10_000)?;
            number += 1;
        }
        writeln!(file)?;
    }
    Ok(file.flush()?)
}
