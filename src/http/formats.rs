//! In which form an answer is sent: said by `format`, or by `Accept`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
};

use super::problem::Problem;
use crate::domain::words::words;

words! {
    /// How standings are written.
    pub enum FileFormat {
        /// As a JSON document.
        Json = "json",
        /// As a CSV file.
        Csv = "csv",
        /// As a spreadsheet of Office Open XML.
        Xlsx = "xlsx",
        /// As a dataset of JSON-stat 2.0.
        JsonStat = "json-stat",
    }
}

words! {
    /// How scores are written in a file.
    pub enum ScoreFileFormat {
        /// As a CSV file, a line a score.
        Csv = "csv",
        /// A JSON object in each line.
        Ndjson = "ndjson",
        /// As a JSON document.
        Json = "json",
        /// As a spreadsheet of Office Open XML, a row a unit.
        Xlsx = "xlsx",
        /// As a dataset of JSON-stat 2.0.
        JsonStat = "json-stat",
    }
}

/// Media type of a spreadsheet.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Media type of a dataset.
pub const JSON_STAT: &str = "application/vnd.json-stat+json";

/// The form that a request wants: `format`, else the first of the best that `Accept` names, else JSON.
///
/// # Errors
/// 400 for a byte order mark of anything but CSV.
pub fn wanted(
    request: &HttpRequest,
    format: Option<FileFormat>,
    bom: Option<bool>,
) -> Result<FileFormat, Problem> {
    let wanted = format.unwrap_or_else(|| {
        let accept = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
        negotiate(accept.flat_map(|text| text.split(',')))
    });
    if bom.is_some() && wanted != FileFormat::Csv {
        return Err(only_csv());
    }
    Ok(wanted)
}

/// A byte order mark of anything but CSV.
pub fn only_csv() -> Problem {
    Problem::bad_parameter(
        "bom",
        "only_csv",
        "Only a CSV file may begin with a byte order mark.",
        "Chỉ tệp CSV mới có thể mở đầu bằng dấu thứ tự byte (BOM).",
    )
}

fn negotiate<'a>(ranges: impl Iterator<Item = &'a str>) -> FileFormat {
    let mut best = (FileFormat::Json, 0.0_f32);
    for range in ranges {
        let mut pieces = range.split(';').map(str::trim);
        let format = match pieces.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/json" | "application/*" | "*/*" => FileFormat::Json,
            "text/csv" | "text/*" => FileFormat::Csv,
            JSON_STAT => FileFormat::JsonStat,
            XLSX => FileFormat::Xlsx,
            _ => continue,
        };
        let quality = pieces.find_map(|p| p.strip_prefix("q=").and_then(|q| q.parse().ok())).unwrap_or(1.0);
        if quality > best.1 {
            best = (format, quality);
        }
    }
    best.0
}

/// Says that the answer would have been another one with another `Accept`.
pub fn varied(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_accept_is_taken_and_the_first_of_equals() {
        for (accept, want) in [
            ("", FileFormat::Json),
            ("*/*", FileFormat::Json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", FileFormat::Json),
            ("text/csv", FileFormat::Csv),
            ("application/json;q=0.5, text/csv", FileFormat::Csv),
            ("application/json, text/csv", FileFormat::Json),
            ("Application/Vnd.Json-Stat+JSON", FileFormat::JsonStat),
            (XLSX, FileFormat::Xlsx),
            ("text/csv;q=0", FileFormat::Json),
            ("application/pdf", FileFormat::Json),
        ] {
            assert_eq!(negotiate(accept.split(',')), want, "{accept}");
        }
    }
}
