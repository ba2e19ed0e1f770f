//! The lines of a score table: CSV with any usual delimiter, or a sheet of a spreadsheet. A table is read whole, so
//! its size is bounded, that of a spreadsheet before anything of it is unpacked into memory.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use calamine::{DataRef, Reader, Style, Xlsx, XlsxFormulaMetadata};

use super::error::{Error, Result};
use crate::domain::score_tables::{FileCell, FileLine};

/// Most bytes of a file.
pub const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Most bytes that a spreadsheet unpacks to.
const MOST_UNPACKED: u64 = 512 * 1024 * 1024;
/// Most lines of a table.
pub const MOST_LINES: usize = 250_000;
/// Most cells of a table.
const MOST_CELLS: usize = 4_000_000;
/// Most columns of a table.
const MOST_COLUMNS: usize = 1000;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFile {
    /// Separated values, UTF-8.
    Csv,
    /// A spreadsheet of Office Open XML.
    Xlsx,
}

impl TableFile {
    /// What a file is by its first bytes: a spreadsheet is packed as zip.
    pub fn seen(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"PK\x03\x04") { Self::Xlsx } else { Self::Csv }
    }
}

/// What is read of a file.
#[derive(Debug)]
pub struct TableLines {
    /// The lines that hold anything, in the file's order.
    pub lines: Vec<FileLine>,
    /// The line of a quote that is not closed as it should be: it and what follows is not read.
    pub unclosed: Option<u32>,
}

/// The lines of a file.
///
/// # Errors
/// `Invalid` with what is wrong with the file as a whole.
pub fn lines(bytes: &[u8], file: TableFile, sheet: Option<&str>) -> Result<TableLines> {
    let table = match (file, sheet) {
        (TableFile::Csv, None) => csv_lines(bytes)?,
        (TableFile::Csv, Some(_)) => {
            return Err(Error::invalid(
                "sheet",
                "only_xlsx",
                "Only a spreadsheet has sheets.",
                "Chỉ tệp bảng tính mới có trang tính.",
            ));
        }
        (TableFile::Xlsx, sheet) => TableLines { lines: sheet_lines(bytes, sheet)?, unclosed: None },
    };
    if table.lines.is_empty() && table.unclosed.is_none() {
        return Err(Error::invalid("", "empty", "The table is empty.", "Bảng trống."));
    }
    Ok(table)
}

fn too_large() -> Error {
    Error::invalid(
        "",
        "too_large",
        format!("A table has at most {MOST_LINES} lines, {MOST_COLUMNS} columns and {MOST_CELLS} cells."),
        format!("Bảng có tối đa {MOST_LINES} dòng, {MOST_COLUMNS} cột và {MOST_CELLS} ô."),
    )
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::invalid(
        "",
        "unreadable_file",
        format!("The file can't be read: {error}."),
        format!("Không đọc được tệp: {error}."),
    )
}

/// The delimiter of the first line: that of `,`, `;` and the tab which it has most of.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: u8| first.bytes().filter(|byte| *byte == delimiter).count();
    // Of equals the last one is the greatest: a comma wins.
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// Counts lines up to records: the place that the reader gives for one may be before the end of the line above it,
/// or before lines that are empty.
struct LineCount<'a> {
    text: &'a [u8],
    counted: usize,
    line: u32,
}

impl LineCount<'_> {
    /// The line in which the record from this byte on begins; records are asked for in their order.
    fn line_at(&mut self, byte: usize) -> u32 {
        let rest = self.text.get(byte..).unwrap_or_default();
        let start = byte + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.text.get(self.counted..start).unwrap_or_default();
        let lines = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line += u32::try_from(lines).unwrap_or_default();
        self.counted = start;
        self.line
    }
}

/// The line of the first quote that is not closed as it should be: never, or in a later line with text behind what
/// closes it, which then was meant to open. It would take in line after line.
fn unclosed_quote(text: &str, delimiter: u8) -> Option<u32> {
    let (mut line, mut opened, mut quoted, mut begins) = (1, 1, false, true);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\n' {
            line += 1;
        }
        if !quoted {
            quoted = begins && byte == b'"';
            opened = line;
            begins = byte == delimiter || matches!(byte, b'\r' | b'\n');
        } else if byte == b'"' && bytes.next_if_eq(&b'"').is_none() {
            (quoted, begins) = (false, false);
            let has_text = |next: &u8| *next != delimiter && !next.is_ascii_whitespace();
            if opened < line && bytes.peek().is_some_and(has_text) {
                return Some(opened);
            }
        }
    }
    quoted.then_some(opened)
}

fn csv_lines(bytes: &[u8]) -> Result<TableLines> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Error::invalid(
            "",
            "not_utf8",
            "The file is not UTF-8: save it as UTF-8.",
            "Tệp không dùng mã UTF-8: hãy lưu lại theo UTF-8.",
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let delimiter = delimiter(text);
    let unclosed = unclosed_quote(text, delimiter);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut lines, mut cells) = (Vec::new(), 0);
    let mut count = LineCount { text: text.as_bytes(), counted: 0, line: 1 };
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(unreadable)? {
        cells += record.len();
        if lines.len() >= MOST_LINES || record.len() > MOST_COLUMNS || cells > MOST_CELLS {
            return Err(too_large());
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let at = record.position().map_or(0, csv::Position::byte);
        lines.push(FileLine {
            number: count.line_at(usize::try_from(at).unwrap_or(usize::MAX)),
            cells: record.iter().map(|cell| FileCell::Text(cell.to_owned())).collect(),
        });
    }
    lines.retain(|line| unclosed.is_none_or(|quote| line.number < quote));
    Ok(TableLines { lines, unclosed })
}

fn sheet_lines(bytes: &[u8], sheet: Option<&str>) -> Result<Vec<FileLine>> {
    check_unpacked(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let names = book.sheet_names();
    let name = match sheet {
        None => names.first(),
        Some(wanted) => names.iter().find(|name| name.as_str() == wanted),
    };
    let Some(name) = name.cloned() else {
        let names = names.join(", ");
        return Err(Error::invalid(
            "sheet",
            "unknown_sheet",
            format!("There is no such sheet; there are: {names}."),
            format!("Không có trang tính này; các trang tính hiện có: {names}."),
        ));
    };
    let mut reader = book.worksheet_cells_reader(&name).map_err(unreadable)?;
    let mut rows: BTreeMap<u32, Vec<FileCell>> = BTreeMap::new();
    let mut cells = 0;
    // Cell by cell: a sheet whose last cell is far away would not fit into memory as a rectangle.
    while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(unreadable)? {
        let (row, column) = cell.pos;
        let value = match (&cell.value, &cell.formula) {
            (DataRef::Empty, Some(formula)) => FileCell::Formula(formula_text(formula)),
            (value, _) => file_cell(value),
        };
        if value.as_str().trim().is_empty() {
            continue;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let of = rows.entry(row).or_default();
        if column >= MOST_COLUMNS {
            return Err(too_large());
        }
        if of.len() <= column {
            cells += column + 1 - of.len();
            of.resize(column + 1, FileCell::Text(String::new()));
        }
        if let Some(place) = of.get_mut(column) {
            *place = value;
        }
        if rows.len() > MOST_LINES || cells > MOST_CELLS {
            return Err(too_large());
        }
    }
    drop(reader);
    mark_percents(&mut book, &name, &mut rows)?;
    Ok(rows.into_iter().map(|(row, cells)| FileLine { number: row + 1, cells }).collect())
}

/// Tells the numbers that the sheet shows as percentages from others; the reader of values does not.
fn mark_percents(
    book: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    rows: &mut BTreeMap<u32, Vec<FileCell>>,
) -> Result<()> {
    let mut reader = book.worksheet_cells_reader(name).map_err(unreadable)?;
    let is_percent =
        |style: &Style| style.number_format.as_ref().is_some_and(|format| shows_percent(&format.format_code));
    let percents: Vec<bool> = reader.styles().iter().map(is_percent).collect();
    // Most books have none, and need not be read twice.
    if !percents.contains(&true) {
        return Ok(());
    }
    while let Some((row, column, style)) = reader.next_style_id().map_err(unreadable)? {
        if percents.get(style) != Some(&true) {
            continue;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if let Some(cell) = rows.get_mut(&row).and_then(|cells| cells.get_mut(column))
            && let FileCell::Number(number) = &*cell
        {
            *cell = FileCell::Percent(percent_text(number));
        }
    }
    Ok(())
}

/// Whether a number format shows a hundredfold: it has a percent sign that is no plain text.
fn shows_percent(format: &str) -> bool {
    let (mut chars, mut quoted) = (format.chars(), false);
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' | '_' | '*' if !quoted => _ = chars.next(),
            '[' if !quoted => _ = chars.find(|c| *c == ']'),
            '%' if !quoted => return true,
            _ => {}
        }
    }
    false
}

/// A number as it is shown as a percentage.
fn percent_text(number: &str) -> String {
    let hundredfold = number.parse::<f64>().map(|number| number_text(number * 100.0));
    hundredfold.map_or_else(|_| number.to_owned(), |text| format!("{text}%"))
}

/// A packed file says little about its size, so it is unpacked once into nothing.
fn check_unpacked(bytes: &[u8]) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut left = MOST_UNPACKED;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(unreadable)?;
        let size = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(unreadable)?;
        left = left.checked_sub(size).ok_or_else(too_large)?;
    }
    Ok(())
}

/// A formula as it is shown; one that is shared with another cell stands there.
fn formula_text(formula: &XlsxFormulaMetadata) -> String {
    match formula {
        XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. } => {
            format!("={formula}")
        }
        _ => "=".to_owned(),
    }
}

fn file_cell(value: &DataRef<'_>) -> FileCell {
    match value {
        DataRef::Empty => FileCell::Text(String::new()),
        DataRef::String(text) => FileCell::Text(text.clone()),
        DataRef::SharedString(text) => FileCell::Text((*text).to_owned()),
        DataRef::Int(number) => FileCell::Number(number.to_string()),
        DataRef::Float(number) => FileCell::Number(number_text(*number)),
        DataRef::Bool(truth) => FileCell::Other(truth.to_string()),
        DataRef::DateTime(time) => FileCell::Other(time.to_string()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => FileCell::Other(text.clone()),
        DataRef::Error(error) => FileCell::Other(error.to_string()),
    }
}

/// A spreadsheet's number in decimal notation: the shortest that is the same double.
///
/// A formula leaves noise in the last digits (68.85 becomes 68.85000000000001): where 15 digits, which is what
/// spreadsheet programs show, end in zeros, the noise is left out. A number of 16 true digits keeps them.
fn number_text(number: f64) -> String {
    let shortest = number.to_string();
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    if digits(&shortest) > 15 && number.is_finite() {
        let shown: Option<f64> = format!("{number:.14e}").parse().ok();
        if let Some(text) = shown.map(|shown| shown.to_string())
            && digits(&text) <= 12
        {
            return text;
        }
    }
    shortest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Vec<(u32, Vec<String>)> {
        let lines = lines(text.as_bytes(), TableFile::Csv, None).unwrap().lines;
        let texts = |line: FileLine| line.cells.iter().map(|cell| cell.as_str().to_owned()).collect();
        lines.into_iter().map(|line| (line.number, texts(line))).collect()
    }

    #[test]
    fn lines_keep_their_numbers_whatever_the_delimiter() {
        for delimiter in [",", ";", "\t"] {
            let text = format!("\u{feff}unit{delimiter}a\r\n\r\n\"x\ny\"{delimiter}1\r\nz{delimiter}2\r\n");
            let read = csv(&text);
            assert_eq!(read.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 3, 5]);
            assert_eq!(read[1].1, ["x\ny", "1"]);
        }
        assert_eq!(csv("unit;a\nx;1,5\n")[1].1, ["x", "1,5"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_found() {
        for (text, want) in [
            ("u,a\nx,1\n", None),
            ("u,a\n\"x\n\"\"y\"\"\",\"1\"\r\n\"\",\"\"\"\"\nz,2\"\n", None),
            ("u,a\n\"x\"y,1\n", None),
            ("u,a\n\nx,1\n\"y,2\nz,3\n", Some(4)),
            ("u,a\n\"x\ny\",1\nz,\"2", Some(4)),
            ("u,a\n\"x,1\ny,2\n\"z\",3\n", Some(2)),
        ] {
            assert_eq!(unclosed_quote(text, b','), want, "{text}");
        }
        assert_eq!(csv("u,a\nx,1\n\"y,2\nz,3\n").len(), 2);
    }

    #[test]
    fn a_number_of_a_spreadsheet_has_its_digits_and_no_noise() {
        for (number, want) in [
            (64.96, "64.96"),
            (66.390_449_523_925_78, "66.39044952392578"),
            (68.850_000_000_000_01, "68.85"),
            (0.1 + 0.2, "0.3"),
            (3.0, "3"),
            (-2.5, "-2.5"),
        ] {
            assert_eq!(number_text(number), want);
        }
    }

    #[test]
    fn a_percent_sign_of_a_format_is_told_from_a_text() {
        for (format, want) in [
            ("0%", true),
            ("0.00%", true),
            ("[Red]0.0 %;-0.0 %", true),
            ("General", false),
            ("0.00\"%\"", false),
            ("0\\%", false),
            ("[$%-409]0", false),
        ] {
            assert_eq!(shows_percent(format), want, "{format}");
        }
        assert_eq!(["0.85", "0.07", "1", "0.8525"].map(percent_text), ["85%", "7%", "100%", "85.25%"]);
    }

    #[test]
    fn a_file_that_is_none_is_refused() {
        for (bytes, file) in [
            (&b"\xff\xfe"[..], TableFile::Csv),
            (b"", TableFile::Csv),
            (b"PK\x03\x04", TableFile::Xlsx),
            (b"unit,a", TableFile::Xlsx),
        ] {
            assert!(matches!(lines(bytes, file, None), Err(Error::Invalid(_))));
        }
        let wide = ",".repeat(MOST_COLUMNS + 1);
        assert!(matches!(lines(wide.as_bytes(), TableFile::Csv, None), Err(Error::Invalid(_))));
    }
}
