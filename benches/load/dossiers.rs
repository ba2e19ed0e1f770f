//! Dossiers like those of the sample, in any number: dates spread over a span, codes unique, nothing random.

use std::io::Write;

use chrono::{Days, NaiveDate};

use crate::Result;

/// The procedures of the sample.
const PROCEDURES: &str = include_str!("../../src/sample/data/procedures.csv");

/// The columns, named as the members of a dossier.
const HEAD: &str = "code,unit_id,procedure_code,field,submitted_via,online_level,returned_via,interlinked,\
                    synthetic,accepted_at,first_due_at,due_at,finished_at,status";

struct Procedure {
    code: String,
    field: String,
    days: Option<u64>,
}

/// A dossier as it stands in a file. Times are RFC 3339; empty is absent.
pub struct Made {
    /// Its code.
    pub code: String,
    /// The unit.
    pub unit: String,
    /// The procedure; empty for one without a code.
    pub procedure: String,
    /// The field.
    pub field: String,
    /// `in_person` or `online`.
    pub via: &'static str,
    /// Level of the online service.
    pub online_level: &'static str,
    /// `counter` or `postal`.
    pub returned_via: &'static str,
    /// When it was accepted.
    pub accepted_at: String,
    /// When it is due.
    pub due_at: String,
    /// When it was finished.
    pub finished_at: String,
}

/// Dossiers of a span of days, in order of their days.
pub struct Maker {
    units: Vec<String>,
    district: Vec<Procedure>,
    commune: Vec<Procedure>,
    first: NaiveDate,
    days: u64,
    count: u64,
}

impl Maker {
    /// As many dossiers from the first day on, over so many days; the first unit is the district.
    ///
    /// # Errors
    /// When the procedures can't be read.
    pub fn new(units: &[String], first: NaiveDate, days: u64, count: u64) -> Result<Self> {
        let (mut district, mut commune) = (Vec::new(), Vec::new());
        for row in csv::Reader::from_reader(PROCEDURES.as_bytes()).records() {
            let row = row?;
            let cell = |at| row.get(at).unwrap_or_default().to_owned();
            let procedure = Procedure { field: cell(0), code: cell(1), days: cell(4).parse().ok() };
            let desk = if cell(3) == "commune" { &mut commune } else { &mut district };
            desk.push(procedure);
        }
        Ok(Self { units: units.to_vec(), district, commune, first, days, count })
    }

    /// The code of a dossier.
    pub fn code(&self, number: u64) -> String {
        let number = number % self.count.max(1);
        let day = self.day(number, 0);
        format!("000.{:02}.15.H20-{}-{number:08}", self.desk(number), day.format("%y%m%d"))
    }

    /// A dossier.
    pub fn make(&self, number: u64) -> Made {
        let desk = self.desk(number);
        let procedures = if desk == 0 { &self.district } else { &self.commune };
        let procedure = procedures.get(mixed(number, 2) as usize % procedures.len().max(1));
        let (code, field, term) = match procedure {
            Some(p) => (p.code.clone(), p.field.clone(), p.days.map(|days| days + days / 5 * 2)),
            None => (String::new(), String::new(), None),
        };
        let online = mixed(number, 3).is_multiple_of(16);
        let hour = 7 + mixed(number, 4) % 9;
        let at = |days, hour: u64| format!("{}T{hour:02}:30:00+07:00", self.day(number, days));
        // One in forty of those with a term is late, as none of the sample is.
        let finished = match term {
            None => at(0, hour + 1),
            Some(days) if mixed(number, 5).is_multiple_of(40) => at(days + 2, 9),
            Some(days) => at(1 + mixed(number, 6) % days.max(1), 9),
        };
        Made {
            code: self.code(number),
            unit: self.units.get(desk).cloned().unwrap_or_default(),
            procedure: code,
            field,
            via: if online { "online" } else { "in_person" },
            online_level: if online { "4" } else { "" },
            returned_via: if mixed(number, 7).is_multiple_of(30) { "postal" } else { "counter" },
            accepted_at: at(0, hour),
            due_at: term.map(|days| at(days, 17)).unwrap_or_default(),
            finished_at: finished,
        }
    }

    /// Writes a file of dossiers.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, numbers: std::ops::Range<u64>, file: &mut impl Write) -> Result<()> {
        writeln!(file, "{HEAD}")?;
        for number in numbers {
            let d = self.make(number);
            writeln!(
                file,
                "{},{},{},{},{},{},{},false,true,{},{},{},{},10",
                d.code,
                d.unit,
                d.procedure,
                d.field,
                d.via,
                d.online_level,
                d.returned_via,
                d.accepted_at,
                d.due_at,
                d.due_at,
                d.finished_at
            )?;
        }
        Ok(())
    }

    /// A fifth is the district's, as in the sample; the rest that of its communes.
    fn desk(&self, number: u64) -> usize {
        let communes = self.units.len().saturating_sub(1).max(1);
        let drawn = mixed(number, 1);
        if drawn.is_multiple_of(5) { 0 } else { 1 + (drawn / 5) as usize % communes }
    }

    fn day(&self, number: u64, later: u64) -> NaiveDate {
        let day = self.days * number / self.count.max(1) + later;
        self.first.checked_add_days(Days::new(day)).unwrap_or(self.first)
    }
}

/// A number without order for each number and purpose, the same in every run.
fn mixed(number: u64, purpose: u64) -> u64 {
    let z = (number ^ (purpose << 40)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 32)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z ^ (z >> 29)) >> 8
}
