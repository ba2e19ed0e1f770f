//! Tables as files: CSV for machines, a spreadsheet as one prints it. What is in a table is said once, for both.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_DISPOSITION, HeaderValue},
};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::{formats::XLSX, problem::Problem, respond};
use crate::domain::decimal::Exact;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its head, in Vietnamese.
    pub head: String,
    /// Width in a spreadsheet, in characters.
    pub width: u8,
}

impl Column {
    /// A column of a head and a width.
    pub fn new(head: impl Into<String>, width: u8) -> Self {
        Self { head: head.into(), width }
    }
}

/// What stands in a column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text.
    Text(String),
    /// A whole number.
    Count(i64),
    /// A decimal as people read it: rounded in CSV; in a spreadsheet the number itself, shown with so many
    /// decimals.
    Rounded(Exact, u8),
    /// A decimal with every digit, as text: a spreadsheet keeps 15 digits of a number.
    Digits(Exact),
}

impl Cell {
    /// A text that may be absent.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.into()))
    }

    /// A whole number that may be absent.
    pub fn count(count: Option<impl Into<i64>>) -> Self {
        count.map_or(Self::Empty, |count| Self::Count(count.into()))
    }

    /// A decimal that may be absent, rounded.
    pub fn rounded(value: Option<&Exact>, decimals: u8) -> Self {
        value.map_or(Self::Empty, |value| Self::Rounded(value.clone(), decimals))
    }

    /// A decimal that may be absent, with every digit.
    pub fn digits(value: Option<&Exact>) -> Self {
        value.map_or(Self::Empty, |value| Self::Digits(value.clone()))
    }
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name of the file, without its ending: ASCII letters, digits and `. _ ~ -`.
    pub name: String,
    /// Name of the sheet, at most 31 characters.
    pub sheet: &'static str,
    /// Lines above the heads of a spreadsheet.
    pub title: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; each has a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Lines below the rows of a spreadsheet.
    pub notes: Vec<String>,
    /// A year that the spreadsheet is dated with, so that the same figures are the same bytes.
    pub year: i32,
}

/// A text that no spreadsheet program takes for a formula.
pub fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn attachment(mut response: HttpResponse, table: &Table, extension: &str) -> HttpResponse {
    if response.status() != 304
        && let Ok(value) =
            HeaderValue::from_str(&format!("attachment; filename=\"{}.{extension}\"", table.name))
    {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// A table as CSV in UTF-8: a line of heads, and the rows.
///
/// # Errors
/// `internal` when it can't be written.
pub fn csv(request: &HttpRequest, table: &Table, bom: bool) -> Result<HttpResponse, Problem> {
    let body = csv_bytes(table, bom).map_err(|error| {
        tracing::error!(%error, "a CSV file was not written");
        Problem::internal()
    })?;
    Ok(attachment(respond::text(request, "text/csv; charset=utf-8", &body), table, "csv"))
}

fn csv_bytes(table: &Table, bom: bool) -> Result<Vec<u8>, csv::Error> {
    let mut bytes = Vec::new();
    if bom {
        bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
    writer.write_record(table.columns.iter().map(|column| guarded(&column.head)))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|cell| match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => guarded(text),
            Cell::Count(count) => count.to_string(),
            Cell::Rounded(value, decimals) => value.to_fixed(*decimals),
            Cell::Digits(value) => value.to_string(),
        }))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

/// A table as a spreadsheet: titles, heads that are repeated on every page, rows, notes.
///
/// # Errors
/// `internal` when it can't be written.
pub fn xlsx(request: &HttpRequest, table: &Table) -> Result<HttpResponse, Problem> {
    let body = workbook(table).map_err(|error| {
        tracing::error!(%error, "a spreadsheet was not written");
        Problem::internal()
    })?;
    Ok(attachment(respond::text(request, XLSX, &body), table, "xlsx"))
}

fn font() -> Format {
    Format::new().set_font_name("Times New Roman").set_font_size(11)
}

fn boxed() -> Format {
    font().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter)
}

fn workbook(table: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let made = ExcelDateTime::from_ymd(u16::try_from(table.year).unwrap_or(1900), 12, 31)?;
    let title = table.title.first().cloned().unwrap_or_default();
    workbook.set_properties(&DocProperties::new().set_title(&title).set_creation_datetime(&made));
    let sheet = workbook.add_worksheet();
    sheet.set_name(table.sheet)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    let heads = write_title(sheet, table)?;
    sheet.set_repeat_rows(heads, heads)?;
    sheet.set_freeze_panes(heads + 1, 0)?;
    let below = write_rows(sheet, table, heads)?;
    for (row, note) in (below + 1..).zip(&table.notes) {
        sheet.write_string_with_format(row, 0, note, &font())?;
    }
    workbook.save_to_buffer()
}

/// Writes the lines above the heads; gives the row of the heads.
fn write_title(sheet: &mut Worksheet, table: &Table) -> Result<u32, XlsxError> {
    let bold = font().set_bold().set_align(FormatAlign::Center);
    let last = u16::try_from(table.columns.len()).unwrap_or(1).saturating_sub(1);
    let mut row = 0;
    for line in &table.title {
        match last {
            0 => sheet.write_string_with_format(row, 0, line, &bold)?,
            last => sheet.merge_range(row, 0, row, last, line, &bold)?,
        };
        row += 1;
    }
    Ok(if table.title.is_empty() { 0 } else { row + 1 })
}

/// Writes the heads and the rows; gives the row below them.
fn write_rows(sheet: &mut Worksheet, table: &Table, heads: u32) -> Result<u32, XlsxError> {
    let head = boxed().set_bold().set_align(FormatAlign::Center).set_text_wrap();
    let (text, count) = (boxed().set_text_wrap(), boxed().set_num_format("0"));
    let mut decimals_looks: BTreeMap<u8, Format> = BTreeMap::new();
    for (column, of) in (0..).zip(&table.columns) {
        sheet.set_column_width(column, f64::from(of.width))?;
        sheet.write_string_with_format(heads, column, &of.head, &head)?;
    }
    let mut row = heads + 1;
    for cells in &table.rows {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => sheet.write_blank(row, column, &text)?,
                Cell::Text(value) => sheet.write_string_with_format(row, column, value, &text)?,
                Cell::Count(value) => sheet.write_number_with_format(row, column, *value as f64, &count)?,
                Cell::Rounded(value, decimals) => {
                    let look = decimals_looks
                        .entry(*decimals)
                        .or_insert_with(|| boxed().set_num_format(pattern(*decimals)));
                    sheet.write_number_with_format(row, column, nearest(value), look)?
                }
                Cell::Digits(value) => {
                    sheet.write_string_with_format(row, column, value.to_string(), &text)?
                }
            };
        }
        row += 1;
    }
    Ok(row)
}

/// The number format of so many decimals.
fn pattern(decimals: u8) -> String {
    match decimals {
        0 => "0".to_owned(),
        decimals => format!("0.{}", "0".repeat(usize::from(decimals))),
    }
}

/// A spreadsheet keeps every number as a double: the nearest one, which has all digits of a decimal of up to 15.
fn nearest(value: &Exact) -> f64 {
    value.to_string().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_file_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        assert_eq!(guarded("Đất đai"), "Đất đai");
    }

    #[test]
    fn a_number_format_has_the_decimals() {
        assert_eq!([pattern(0), pattern(2)], ["0", "0.00"]);
    }
}
