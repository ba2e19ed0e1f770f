//! Form II.06a as a file: the thirteen columns of the circular with their Vietnamese heads, level by level, and the
//! remainders and what comes from returns in notes below.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_DISPOSITION, HeaderValue},
};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError,
};

use super::{code_labels, formats::XLSX, problem::Problem, respond, tables::guarded};
use crate::{
    domain::{
        form_06a::{COLUMNS, Form06a, FormCells, by_level},
        periods::PeriodCalendar,
        returns::{FromReturns, NotUsed},
        time::Day,
        units::Level,
        words::words,
    },
    service::form_06a::Names,
};

words! {
    /// How a report is written.
    pub enum FormFormat {
        /// As a JSON document.
        Json = "json",
        /// As a CSV file.
        Csv = "csv",
        /// As a spreadsheet of Office Open XML.
        Xlsx = "xlsx",
    }
}

const NUMBER: &str = "Biểu số II.06a/VPCP/KSTT";
const TITLE: &str = "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT TTHC TẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT TTHC";
const COUNTED_IN: &str = "Đơn vị tính: số hồ sơ TTHC";
const TOTAL: &str = "Tổng cộng";

/// The heads of the columns before the figures.
const FIRST_HEADS: [&str; 2] = ["STT", "Lĩnh vực, công việc giải quyết theo cấp"];

/// The heads of the figures: a group, and its columns.
const GROUPS: [(&str, &[&str]); 3] = [
    (
        "Số hồ sơ nhận giải quyết",
        &["Tổng số", "Trong kỳ - Trực tuyến", "Trong kỳ - Trực tiếp, dịch vụ bưu chính", "Từ kỳ trước"],
    ),
    ("Số hồ sơ đã giải quyết", &["Tổng số", "Trước hạn", "Đúng hạn", "Quá hạn"]),
    ("Số hồ sơ đang giải quyết", &["Tổng số", "Trong hạn", "Quá hạn"]),
];

/// Columns of the form: number, field, and the figures.
const WIDTH: usize = COLUMNS + 2;

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::National => "Cấp trung ương",
        Level::Province => "Cấp tỉnh",
        Level::Department => "Cấp sở, ngành",
        Level::District => "Cấp huyện",
        Level::Commune => "Cấp xã",
        Level::Other => "Cơ quan, đơn vị khác",
    }
}

/// A line of the table.
struct Line {
    number: String,
    name: String,
    cells: FormCells,
    /// How many lines of fields follow: this is the head of a level.
    fields: Option<usize>,
}

/// Each level with its sum, then its fields.
fn lines(report: &Form06a) -> Vec<Line> {
    const ROMAN: [&str; 6] = ["I", "II", "III", "IV", "V", "VI"];
    let mut lines = Vec::new();
    for (part, roman) in by_level(&report.rows).into_iter().zip(ROMAN) {
        lines.push(Line {
            number: roman.to_owned(),
            name: level_name(part.level).to_owned(),
            cells: part.sum,
            fields: Some(part.rows.len()),
        });
        for (i, row) in part.rows.iter().enumerate() {
            lines.push(Line {
                number: (i + 1).to_string(),
                name: row.field.clone().unwrap_or_else(|| "Không ghi lĩnh vực".to_owned()),
                cells: row.cells,
                fields: None,
            });
        }
    }
    lines
}

fn written(day: Day) -> String {
    format!("{:02}/{:02}/{:04}", day.day_of_month(), day.month(), day.year())
}

const fn calendar_name(calendar: PeriodCalendar) -> &'static str {
    match calendar {
        PeriodCalendar::Statutory => "kỳ báo cáo theo quy định",
        PeriodCalendar::Civil => "kỳ theo năm dương lịch",
    }
}

fn period_text(report: &Form06a) -> String {
    let period = &report.period;
    format!(
        "Kỳ báo cáo: {} ({}, từ ngày {} đến hết ngày {})",
        period.name,
        calendar_name(period.calendar),
        written(period.from),
        written(period.to)
    )
}

fn unit_text(report: &Form06a) -> String {
    format!("Đơn vị báo cáo: {}", report.unit_name)
}

/// What the columns of the form leave out, so that every sum can be followed.
fn notes(report: &Form06a, names: &Names) -> Vec<String> {
    let t = &report.total;
    let mut notes = vec![
        "Ghi chú:".to_owned(),
        format!("Hồ sơ đang giải quyết được xác định đến hết ngày {}.", written(report.judged_at)),
        "Cột 5 gồm cả hồ sơ tiếp nhận tại nhà theo lịch hẹn.".to_owned(),
        format!("(a) Đã giải quyết nhưng không có hạn trả: {}. Cột 7 = 8 + 9 + 10 + (a).", t.unclassified),
        format!(
            "(b) Đang giải quyết nhưng không có hạn trả: {}. Cột 11 = 12 + 13 + (b).",
            t.open_no_due_date
        ),
        format!(
            "(c) Kết thúc không có kết quả (rút, dừng xử lý): {}; (d) nhận từ đơn vị khác: {}; (đ) chuyển cho đơn vị \
             khác: {}. Cột 3 + (d) = 7 + 11 + (c) + (đ).",
            t.ended_otherwise, t.transferred_in, t.transferred_out
        ),
    ];
    if report.synthetic > 0 {
        notes.push(format!(
            "Trong số hồ sơ nhận trong kỳ có {} hồ sơ do chương trình tạo ra để minh họa.",
            report.synthetic
        ));
    }
    notes.extend(notes_of_returns(report, names));
    notes
}

/// What comes from returns, and each that is left out; nothing where there are none.
fn notes_of_returns(report: &Form06a, names: &Names) -> Vec<String> {
    let FromReturns { received, resolved, open } = report.from_returns;
    let mut notes = Vec::new();
    if report.from_returns != FromReturns::default() {
        notes.push(format!(
            "Trong đó, số liệu lấy từ biểu tổng hợp của đơn vị chỉ gửi số tổng hợp: {received} hồ sơ nhận \
             trong kỳ, {resolved} hồ sơ đã giải quyết, {open} hồ sơ đang giải quyết."
        ));
    }
    let not_used = report.returns_not_used.len();
    if not_used > 0 {
        notes.push(format!("Số biểu tổng hợp có ngày thuộc kỳ này nhưng không được tính: {not_used}."));
    }
    notes.extend(report.returns_not_used.iter().map(|not| note_of_not_used(not, names)));
    notes
}

fn note_of_not_used(not: &NotUsed, names: &Names) -> String {
    let name = names.get(&not.unit_id).unwrap_or(&not.unit_id);
    let reason = code_labels::vietnamese("NotUsedReason", not.reason.as_str());
    format!("Biểu của {name}, kỳ {} ({}): {reason}.", not.period, calendar_name(not.calendar))
}

/// The file's name: ids of units are ASCII letters, digits and `. _ ~ -`.
fn attachment(mut response: HttpResponse, report: &Form06a, extension: &str) -> HttpResponse {
    let name =
        format!("form-06a_{}_{}_{}.{extension}", report.unit_id, report.period.name, report.period.calendar);
    if response.status() != 304
        && let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
    {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

fn figures(cells: &FormCells) -> Vec<i64> {
    cells.values().into_iter().take(COLUMNS).collect()
}

/// The report as CSV in UTF-8: one line of heads, the lines of the form, and the title and the notes below.
///
/// # Errors
/// `internal` when it can't be written.
pub fn csv(
    request: &HttpRequest,
    report: &Form06a,
    names: &Names,
    bom: bool,
) -> Result<HttpResponse, Problem> {
    let body = csv_bytes(report, names, bom).map_err(|error| {
        tracing::error!(%error, "a CSV file was not written");
        Problem::internal()
    })?;
    Ok(attachment(respond::text(request, "text/csv; charset=utf-8", &body), report, "csv"))
}

fn csv_bytes(report: &Form06a, names: &Names, bom: bool) -> Result<Vec<u8>, csv::Error> {
    let mut bytes = Vec::new();
    if bom {
        bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
    let group_heads = GROUPS
        .iter()
        .flat_map(|(group, columns)| columns.iter().map(move |column| format!("{group} - {column}")));
    writer.write_record(FIRST_HEADS.iter().map(ToString::to_string).chain(group_heads))?;
    writer.write_record((1..=WIDTH).map(|column| format!("({column})")))?;
    for line in lines(report) {
        let texts = [line.number, guarded(&line.name)];
        writer.write_record(texts.into_iter().chain(figures(&line.cells).iter().map(i64::to_string)))?;
    }
    let total = [String::new(), TOTAL.to_owned()];
    writer.write_record(total.into_iter().chain(figures(&report.total).iter().map(i64::to_string)))?;
    let below = [NUMBER.to_owned(), TITLE.to_owned(), unit_text(report), period_text(report)];
    for text in below.into_iter().chain([COUNTED_IN.to_owned()]).chain(notes(report, names)) {
        let mut fields = vec![String::new(); WIDTH];
        if let Some(field) = fields.get_mut(1) {
            *field = guarded(&text);
        }
        writer.write_record(&fields)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

/// The report as a spreadsheet: sums are formulas, with the values that they have.
///
/// # Errors
/// `internal` when it can't be written.
pub fn xlsx(request: &HttpRequest, report: &Form06a, names: &Names) -> Result<HttpResponse, Problem> {
    let body = workbook(report, names).map_err(|error| {
        tracing::error!(%error, "a spreadsheet was not written");
        Problem::internal()
    })?;
    Ok(attachment(respond::text(request, XLSX, &body), report, "xlsx"))
}

/// How cells look.
struct Look {
    plain: Format,
    title: Format,
    head: Format,
    text: Format,
    number: Format,
    bold_text: Format,
    bold_number: Format,
}

impl Look {
    fn new() -> Self {
        let font = || Format::new().set_font_name("Times New Roman").set_font_size(11);
        let boxed = || font().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        Self {
            plain: font(),
            title: font().set_bold().set_align(FormatAlign::Center),
            head: boxed().set_bold().set_align(FormatAlign::Center).set_text_wrap(),
            text: boxed().set_text_wrap(),
            number: boxed().set_num_format("#,##0"),
            bold_text: boxed().set_bold().set_text_wrap(),
            bold_number: boxed().set_bold().set_num_format("#,##0"),
        }
    }
}

const FIRST_COLUMN: u16 = 2;
const LAST_COLUMN: u16 = WIDTH as u16 - 1;
const HEAD_ROW: u32 = 5;
const FIRST_ROW: u32 = HEAD_ROW + 3;

fn workbook(report: &Form06a, names: &Names) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The same report is the same bytes: the moment of writing stays out of the file.
    let judged = report.judged_at;
    let made = ExcelDateTime::from_ymd(
        u16::try_from(judged.year()).unwrap_or(1900),
        u8::try_from(judged.month()).unwrap_or(1),
        u8::try_from(judged.day_of_month()).unwrap_or(1),
    )?;
    workbook.set_properties(&DocProperties::new().set_title(TITLE).set_creation_datetime(&made));
    let sheet = workbook.add_worksheet();
    let look = Look::new();
    sheet.set_name("II.06a")?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(HEAD_ROW, HEAD_ROW + 2)?;
    sheet.set_freeze_panes(FIRST_ROW, FIRST_COLUMN)?;
    sheet.set_column_width(0, 6)?.set_column_width(1, 36)?;
    write_heads(sheet, report, &look)?;
    let total_row = write_lines(sheet, report, &look)?;
    for (row, note) in (total_row + 2..).zip(notes(report, names)) {
        sheet.write_string_with_format(row, 0, note, &look.plain)?;
    }
    workbook.save_to_buffer()
}

fn write_heads(sheet: &mut Worksheet, report: &Form06a, look: &Look) -> Result<(), XlsxError> {
    sheet.write_string_with_format(0, 0, NUMBER, &look.plain)?;
    sheet.merge_range(1, 0, 1, LAST_COLUMN, TITLE, &look.title)?;
    sheet.merge_range(2, 0, 2, LAST_COLUMN, &unit_text(report), &look.title)?;
    sheet.merge_range(3, 0, 3, LAST_COLUMN, &period_text(report), &look.title)?;
    sheet.write_string_with_format(4, LAST_COLUMN - 2, COUNTED_IN, &look.plain)?;
    for (column, head) in (0..).zip(FIRST_HEADS) {
        sheet.merge_range(HEAD_ROW, column, HEAD_ROW + 1, column, head, &look.head)?;
    }
    let mut column = FIRST_COLUMN;
    for (group, heads) in GROUPS {
        let first = column;
        for head in heads {
            sheet.set_column_width(column, 11)?;
            sheet.write_string_with_format(HEAD_ROW + 1, column, *head, &look.head)?;
            column += 1;
        }
        sheet.merge_range(HEAD_ROW, first, HEAD_ROW, column - 1, group, &look.head)?;
    }
    sheet.set_row_height(HEAD_ROW + 1, 60)?;
    for column in 0..=LAST_COLUMN {
        sheet.write_string_with_format(HEAD_ROW + 2, column, format!("({})", column + 1), &look.head)?;
    }
    Ok(())
}

/// Writes the levels, their fields and the total; gives the row of the total.
fn write_lines(sheet: &mut Worksheet, report: &Form06a, look: &Look) -> Result<u32, XlsxError> {
    let mut row = FIRST_ROW;
    let mut level_rows = Vec::new();
    for line in lines(report) {
        let (text, number) = match line.fields {
            Some(_) => (&look.bold_text, &look.bold_number),
            None => (&look.text, &look.number),
        };
        sheet.write_string_with_format(row, 0, line.number, text)?;
        sheet.write_string_with_format(row, 1, line.name, text)?;
        for (column, value) in (FIRST_COLUMN..).zip(figures(&line.cells)) {
            match line.fields {
                None => write_count(sheet, row, column, value, number)?,
                Some(fields) => {
                    let name = column_name(column);
                    let last = row + u32::try_from(fields).unwrap_or_default();
                    let sum = format!("=SUM({name}{}:{name}{})", row + 2, last + 1);
                    write_sum(sheet, row, column, &sum, value, number)?;
                }
            }
        }
        if line.fields.is_some() {
            level_rows.push(row);
        }
        row += 1;
    }
    sheet.write_string_with_format(row, 0, "", &look.bold_text)?;
    sheet.write_string_with_format(row, 1, TOTAL, &look.bold_text)?;
    for (column, value) in (FIRST_COLUMN..).zip(figures(&report.total)) {
        let name = column_name(column);
        let terms: Vec<String> = level_rows.iter().map(|level| format!("{name}{}", level + 1)).collect();
        if terms.is_empty() {
            write_count(sheet, row, column, value, &look.bold_number)?;
        } else {
            let sum = format!("={}", terms.join("+"));
            write_sum(sheet, row, column, &sum, value, &look.bold_number)?;
        }
    }
    Ok(row)
}

fn column_name(column: u16) -> char {
    char::from(b'A' + u8::try_from(column).unwrap_or_default())
}

/// A spreadsheet keeps every number as a double: counts of dossiers are far below where it loses digits.
fn write_count(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    count: i64,
    look: &Format,
) -> Result<(), XlsxError> {
    sheet.write_number_with_format(row, column, count as f64, look).map(drop)
}

fn write_sum(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    formula: &str,
    value: i64,
    look: &Format,
) -> Result<(), XlsxError> {
    let formula = Formula::new(formula).set_result(value.to_string());
    sheet.write_formula_with_format(row, column, formula, look).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heads_are_those_of_thirteen_columns() {
        let heads: usize = GROUPS.iter().map(|(_, columns)| columns.len()).sum();
        assert_eq!((heads, WIDTH), (COLUMNS, 13));
        assert_eq!((column_name(FIRST_COLUMN), column_name(LAST_COLUMN)), ('C', 'M'));
        let names: Vec<&str> = FormCells::CELLS.iter().take(COLUMNS).map(|(name, _)| *name).collect();
        assert_eq!(names, ["c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13"]);
    }
}
