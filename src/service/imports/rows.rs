//! Rows of a file as proposals of dossiers, one after the other.

use std::{
    collections::BTreeSet,
    fmt, io,
    io::Read,
    sync::{Arc, atomic::AtomicU64},
};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::source::{self, Bytes, Encoding, Extent, Records};
use crate::{
    domain::{
        dossier_import_rows::{Cell, ReadRow, WrongCell},
        dossier_imports::{Member, Plan},
        imports::{Finding, ImportFormat, shown},
        violation::{Text, Violation},
    },
    service::error::{Error, Result},
};

/// Heads of dropped columns that are kept at most: lines of JSON may have any.
const MOST_DROPPED: usize = 200;

/// A row of a file: its number from 1, and what it says or what is wrong with it.
pub type Row = (u64, std::result::Result<ReadRow, Vec<Finding>>);

/// Reads the rows of a file.
pub struct RowReader {
    input: Bytes,
    plan: Arc<Plan>,
    kind: Kind,
    number: u64,
    /// Heads of the columns that are read, by member.
    heads: Vec<Option<String>>,
    dropped: BTreeSet<String>,
}

enum Kind {
    Csv(Box<Records>, Vec<Option<Member>>),
    Ndjson(Box<Line>),
}

/// A line of JSON, and what its members say.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    values: Vec<Value>,
}

#[derive(Default, Clone, PartialEq)]
enum Value {
    #[default]
    Absent,
    Blank,
    Text(String),
    Nested,
}

impl RowReader {
    /// Opens a file and, in CSV, reads its line of heads. The format is seen by the first byte when nobody says it.
    ///
    /// # Errors
    /// `Invalid` when the file can't be read as one of dossiers.
    pub fn open(
        file: impl Read + Send + 'static,
        read: Arc<AtomicU64>,
        format: Option<ImportFormat>,
        plan: Arc<Plan>,
    ) -> Result<Self> {
        let (input, encoding, first) = source::open(file, read).map_err(|e| unreadable(&e))?;
        if encoding == Encoding::Utf16 {
            return Err(Error::invalid(
                "",
                "not_utf8",
                "The file is UTF-16: save it as UTF-8.",
                "Tệp dùng mã UTF-16: hãy lưu lại theo UTF-8.",
            ));
        }
        let seen = if first == Some(b'{') { ImportFormat::Ndjson } else { ImportFormat::Csv };
        let mut reader = Self {
            input,
            number: 0,
            heads: vec![None; Member::COUNT],
            dropped: BTreeSet::new(),
            kind: Kind::Ndjson(Box::default()),
            plan,
        };
        if format.unwrap_or(seen) == ImportFormat::Csv {
            reader.read_heads()?;
        }
        Ok(reader)
    }

    fn read_heads(&mut self) -> Result<()> {
        let mut records = Records::new(self.plan.delimiter);
        let extent = records.read(&mut self.input).map_err(|e| unreadable(&e))?;
        if extent == Some(Extent::Stray) {
            return Err(Error::Invalid(vec![stray()]));
        }
        if extent != Some(Extent::Whole) {
            return Err(Error::invalid(
                "",
                "no_heads",
                "The file has no line of heads.",
                "Tệp không có dòng tiêu đề.",
            ));
        }
        let heads: Vec<String> = records.fields().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
        let layout = self.plan.layout(&heads).map_err(Error::Invalid)?;
        for (head, member) in heads.iter().zip(&layout) {
            match member {
                Some(member) => self.heads[member.index()] = Some(shown(head)),
                None => drop_column(&mut self.dropped, head),
            }
        }
        records.set_width(layout.len());
        self.kind = Kind::Csv(Box::new(records), layout);
        Ok(())
    }

    /// How its rows are written.
    pub fn format(&self) -> ImportFormat {
        match self.kind {
            Kind::Csv(..) => ImportFormat::Csv,
            Kind::Ndjson(_) => ImportFormat::Ndjson,
        }
    }

    /// Heads of the columns that were seen so far and are not read.
    pub fn dropped(&self) -> Vec<String> {
        self.dropped.iter().cloned().collect()
    }

    /// How it is read.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan.clone()
    }

    /// Heads of the columns that are read, by member.
    pub fn heads(&self) -> &[Option<String>] {
        &self.heads
    }

    /// Reads the next row; none at the end.
    ///
    /// # Errors
    /// When the file can't be read further.
    pub fn next(&mut self) -> io::Result<Option<Row>> {
        match &mut self.kind {
            Kind::Csv(records, layout) => {
                let Some(extent) = records.read(&mut self.input)? else { return Ok(None) };
                self.number += 1;
                let read = match extent {
                    Extent::TooLong => Err(Refusal::Row(too_long())),
                    Extent::Unclosed => Err(Refusal::Row(unclosed())),
                    Extent::Stray => Err(Refusal::Row(stray())),
                    Extent::Whole if records.columns() != layout.len() => {
                        Err(Refusal::Row(ragged(layout.len(), records.columns())))
                    }
                    Extent::Whole => read_record(&self.plan, records, layout).map_err(Refusal::Cells),
                };
                let number = self.number;
                Ok(Some((number, read.map_err(|refusal| self.findings(number, refusal)))))
            }
            Kind::Ndjson(line) => {
                let extent = loop {
                    let Some(extent) = source::read_line(&mut self.input, &mut line.bytes)? else {
                        return Ok(None);
                    };
                    if extent == Extent::TooLong || !line.bytes.trim_ascii().is_empty() {
                        break extent;
                    }
                };
                self.number += 1;
                let read = if extent == Extent::TooLong {
                    Err(Refusal::Row(too_long()))
                } else {
                    line.read(&self.plan, &mut self.heads, &mut self.dropped)
                };
                let number = self.number;
                Ok(Some((number, read.map_err(|refusal| self.findings(number, refusal)))))
            }
        }
    }

    fn findings(&self, number: u64, refusal: Refusal) -> Vec<Finding> {
        match refusal {
            Refusal::Row(violation) => vec![finding(number, None, None, violation)],
            Refusal::Cells(wrong) => wrong
                .into_iter()
                .map(|cell| {
                    finding(number, Some(head_of(&self.heads, cell.member)), cell.value, cell.violation)
                })
                .collect(),
        }
    }
}

/// The head of a member's column; its own name where no column was seen.
pub fn head_of(heads: &[Option<String>], member: Member) -> String {
    heads[member.index()].clone().unwrap_or_else(|| member.to_string())
}

/// Why a row is not read.
enum Refusal {
    Row(Violation),
    Cells(Vec<WrongCell>),
}

/// A line of the report.
pub fn finding(number: u64, column: Option<String>, value: Option<String>, violation: Violation) -> Finding {
    let Violation { code, text: Text { en, vi }, .. } = violation;
    Finding {
        row: i64::try_from(number).unwrap_or(i64::MAX),
        column,
        value: value.map(|value| shown(&value)),
        code: code.to_owned(),
        text: Text { en, vi },
    }
}

fn drop_column(dropped: &mut BTreeSet<String>, head: &str) {
    if dropped.len() < MOST_DROPPED && !head.trim().is_empty() && !Plan::is_derived(head) {
        dropped.insert(shown(head));
    }
}

fn read_record(
    plan: &Plan,
    records: &Records,
    layout: &[Option<Member>],
) -> std::result::Result<ReadRow, Vec<WrongCell>> {
    let mut cells = [Cell::Blank; Member::COUNT];
    for (field, member) in records.fields().zip(layout) {
        let Some(member) = member else { continue };
        cells[member.index()] = match std::str::from_utf8(field).map(str::trim) {
            Ok("") if member.is_json() => Cell::Text("null"),
            Ok("") => Cell::Blank,
            Ok(text) => Cell::Text(text),
            Err(_) => Cell::NotUtf8,
        };
    }
    plan.read_row(&cells)
}

impl Line {
    fn read(
        &mut self,
        plan: &Plan,
        heads: &mut [Option<String>],
        dropped: &mut BTreeSet<String>,
    ) -> std::result::Result<ReadRow, Refusal> {
        self.values.clear();
        self.values.resize(Member::COUNT, Value::Absent);
        let text = std::str::from_utf8(&self.bytes).map_err(|_| {
            Refusal::Row(Violation::new("", "not_utf8", "The line is not UTF-8.", "Dòng không phải UTF-8."))
        })?;
        let mut repeated = None;
        let object = Object { plan, values: &mut self.values, heads, dropped, repeated: &mut repeated };
        let mut json = serde_json::Deserializer::from_str(text);
        object.deserialize(&mut json).and_then(|()| json.end()).map_err(|_| {
            Refusal::Row(Violation::new(
                "",
                "malformed_json",
                "The line is not one JSON object.",
                "Dòng không phải là một đối tượng JSON.",
            ))
        })?;
        if let Some(member) = repeated {
            return Err(Refusal::Cells(vec![WrongCell {
                member,
                value: None,
                violation: Violation::new(
                    format!("/{member}"),
                    "duplicate_field",
                    format!("`{member}` is given twice."),
                    format!("`{member}` được ghi hai lần."),
                ),
            }]));
        }
        let mut cells = [Cell::Blank; Member::COUNT];
        for (cell, value) in cells.iter_mut().zip(&self.values) {
            *cell = match value {
                Value::Absent | Value::Blank => Cell::Blank,
                Value::Text(text) if text.trim().is_empty() => Cell::Blank,
                Value::Text(text) => Cell::Text(text.trim()),
                Value::Nested => Cell::NotAValue,
            };
        }
        plan.read_row(&cells).map_err(Refusal::Cells)
    }
}

/// Reads one object of JSON, as a line of a file; what is wrong is told by the heads that the object has.
///
/// # Errors
/// Every member that can't be read.
pub fn read_object(plan: &Plan, json: &str) -> std::result::Result<ReadRow, Vec<Violation>> {
    let mut line = Line { bytes: json.as_bytes().to_vec(), values: Vec::new() };
    let mut heads = vec![None; Member::COUNT];
    line.read(plan, &mut heads, &mut BTreeSet::new()).map_err(|refusal| match refusal {
        Refusal::Row(violation) => vec![violation],
        Refusal::Cells(wrong) => wrong
            .into_iter()
            .map(|cell| Violation { pointer: format!("/{}", head_of(&heads, cell.member)), ..cell.violation })
            .collect(),
    })
}

/// Reads an object of JSON into values by member.
struct Object<'a> {
    plan: &'a Plan,
    values: &'a mut [Value],
    heads: &'a mut [Option<String>],
    dropped: &'a mut BTreeSet<String>,
    repeated: &'a mut Option<Member>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<(), A::Error> {
        while let Some(head) = members.next_key::<std::borrow::Cow<'de, str>>()? {
            let Some(member) = self.plan.member(&head) else {
                drop_column(self.dropped, &head);
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let place = &mut self.values[member.index()];
            if *place != Value::Absent {
                *self.repeated = Some(member);
            }
            let json = members.next_value::<&RawValue>()?.get();
            *place = if member.is_json() { Value::Text(json.to_owned()) } else { value_of(json) };
            if self.heads[member.index()].is_none() {
                self.heads[member.index()] = Some(shown(&head));
            }
        }
        Ok(())
    }
}

/// A value as it is written in JSON: texts are unescaped, numbers and booleans stay as they are written.
fn value_of(json: &str) -> Value {
    match json.as_bytes().first() {
        Some(b'"') => match json.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(text) if !text.contains('\\') => Value::Text(text.to_owned()),
            _ => serde_json::from_str(json).map_or(Value::Nested, Value::Text),
        },
        Some(b'{' | b'[') | None => Value::Nested,
        Some(b'n') => Value::Blank,
        Some(_) => Value::Text(json.to_owned()),
    }
}

fn too_long() -> Violation {
    Violation::new(
        "",
        "row_too_long",
        format!("A row has at most {} bytes.", source::MOST_ROW_BYTES),
        format!("Mỗi dòng tối đa {} byte.", source::MOST_ROW_BYTES),
    )
}

fn unclosed() -> Violation {
    Violation::new(
        "",
        "unclosed_quote",
        "A quote is opened and not closed as it should be; the next line is read as a row of its own.",
        "Có dấu ngoặc kép mở mà không đóng đúng; dòng kế tiếp được đọc thành một dòng riêng.",
    )
}

fn stray() -> Violation {
    Violation::new(
        "",
        "text_after_quote",
        "Text follows a quote that closes: a quote within quotes is written twice.",
        "Có chữ đứng sau dấu ngoặc kép đóng: dấu ngoặc kép trong ngoặc kép phải viết hai lần.",
    )
}

fn ragged(want: usize, got: usize) -> Violation {
    Violation::new(
        "",
        "ragged_row",
        format!("The row has {got} columns, the line of heads {want}."),
        format!("Dòng có {got} cột, dòng tiêu đề có {want} cột."),
    )
}

/// A file that can't be read or unpacked.
pub fn unreadable(error: &io::Error) -> Error {
    Error::invalid(
        "",
        "unreadable_file",
        format!("The file can't be read: {error}."),
        format!("Không đọc được tệp: {error}."),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::dossier_imports::Mapping;

    /// A file of many rows that is nowhere as a whole.
    struct Generated {
        rows: u64,
        next: u64,
        ready: Vec<u8>,
        at: usize,
    }

    impl Read for Generated {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.at == self.ready.len() {
                self.ready = match self.next {
                    0 => b"code,unit_id,submitted_via,status,ChuHoSo\n".to_vec(),
                    n if n <= self.rows => format!("D-{n},u,online,1,{}\n", "x".repeat(400)).into_bytes(),
                    _ => Vec::new(),
                };
                self.next += 1;
                self.at = 0;
            }
            let n = buffer.len().min(self.ready.len() - self.at);
            buffer[..n].copy_from_slice(&self.ready[self.at..self.at + n]);
            self.at += n;
            Ok(n)
        }
    }

    /// Memory of the process in bytes, as the kernel tells it.
    fn resident() -> u64 {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }

    #[test]
    fn memory_stays_flat_over_a_file_of_80_megabytes() {
        let file = Generated { rows: 200_000, next: 0, ready: Vec::new(), at: 0 };
        let plan = Arc::new(Plan::new(None, Mapping::default()).unwrap());
        let read = Arc::new(AtomicU64::new(0));
        let mut reader = RowReader::open(file, read.clone(), None, plan).unwrap();
        let (mut rows, mut most) = (0, 0);
        let before = resident();
        while let Some((number, row)) = reader.next().unwrap() {
            rows += 1;
            assert_eq!(number, rows);
            assert!(row.is_ok());
            if rows % 10_000 == 0 {
                most = most.max(resident());
            }
        }
        assert_eq!(rows, 200_000);
        assert!(read.load(std::sync::atomic::Ordering::Relaxed) > 80_000_000);
        // Other tests run beside this one, and take memory of the same process; the whole file would be more.
        assert!(most.saturating_sub(before) < 64_000_000, "{} bytes more", most - before);
        assert_eq!(reader.dropped(), ["ChuHoSo"]);
    }
}
