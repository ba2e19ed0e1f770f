//! What the cells of a score table say: numbers, ranks, stages, and whether a criterion applies.

use super::{
    decimal::{DecimalError, Exact},
    index_scores::ScoreStage,
    score_table_rules::{decimal_comma, decimal_point, no_result, not_a_number, percent_cell},
    score_tables::{DecimalMark, FileCell, key},
    text::clean,
    violation::Violation,
};

/// Words of a cell for a criterion that does not apply.
const NOT_APPLICABLE: &[&str] = &["khong ap dung", "kad", "n a", "not applicable"];

/// Whether a text says that the criterion does not apply.
pub(super) fn says_not_applicable(cell: &FileCell) -> bool {
    let FileCell::Text(text) = cell else { return false };
    // Nearly all cells are numbers, which are not worth comparing.
    text.trim_start().starts_with(char::is_alphabetic) && NOT_APPLICABLE.contains(&key(text).as_str())
}

/// The number of a cell.
pub(super) fn decimal(cell: &FileCell, mark: DecimalMark) -> Result<Exact, Violation> {
    let text = cell.as_str().trim();
    let text = match (cell, mark) {
        (FileCell::Formula(_), _) => return Err(no_result()),
        (FileCell::Percent(_), _) => return Err(percent_cell()),
        (FileCell::Other(_), _) => return Err(not_a_number()),
        (FileCell::Number(_), _) => text.to_owned(),
        (FileCell::Text(_), DecimalMark::Point) if text.contains(',') => return Err(decimal_comma()),
        (FileCell::Text(_), DecimalMark::Comma) if text.contains('.') => return Err(decimal_point()),
        (FileCell::Text(_), DecimalMark::Point) => text.to_owned(),
        (FileCell::Text(_), DecimalMark::Comma) => text.replace(',', "."),
    };
    Exact::parse(&text).map_err(|error| match error {
        DecimalError::NotADecimal => not_a_number(),
        DecimalError::TooPrecise => Violation::new(
            "/score",
            "too_precise",
            "At most 28 significant digits, within 40 places of the point.",
            "Tối đa 28 chữ số có nghĩa, trong phạm vi 40 vị trí quanh dấu thập phân.",
        ),
    })
}

/// Whether a cell holds a number, also one that is no score as it is shown.
pub(super) fn is_number(cell: &FileCell, mark: DecimalMark) -> bool {
    matches!(cell, FileCell::Percent(_)) || decimal(cell, mark).is_ok()
}

/// The rank of a cell: a whole number, also where a spreadsheet writes it as 3.0.
pub(super) fn rank(cell: &FileCell, mark: DecimalMark) -> Result<i32, Violation> {
    let rank = decimal(cell, mark).ok().and_then(|value| value.to_string().parse().ok());
    rank.filter(|rank| *rank >= 1).ok_or_else(|| {
        Violation::new(
            "/published_rank",
            "not_a_rank",
            "A rank is a whole number from 1.",
            "Thứ hạng là số nguyên từ 1.",
        )
    })
}

/// The stage that a text names: its word, or its Vietnamese name.
pub(super) fn stage_named(text: &str) -> Option<ScoreStage> {
    match key(text).as_str() {
        "self" | "tu danh gia" => Some(ScoreStage::SelfAssessed),
        "appraised" | "tham dinh" => Some(ScoreStage::Appraised),
        "survey" | "dieu tra xa hoi hoc" => Some(ScoreStage::Survey),
        "final" | "chinh thuc" => Some(ScoreStage::Final),
        _ => None,
    }
}

/// The stage of a cell.
pub(super) fn stage(cell: &FileCell) -> Result<ScoreStage, Violation> {
    stage_named(cell.as_str()).ok_or_else(|| {
        let text = clean(cell.as_str());
        Violation::new(
            "/stage",
            "unknown_stage",
            format!("`{text}` is no stage: self, appraised, survey or final."),
            format!("`{text}` không phải là giai đoạn: self, appraised, survey hoặc final."),
        )
    })
}

/// Whether a criterion applies, as a cell says it.
pub(super) fn applicable(cell: &FileCell) -> Result<bool, Violation> {
    match key(cell.as_str()).as_str() {
        "true" | "1" | "co" | "yes" | "ap dung" => Ok(true),
        "false" | "0" | "khong" | "no" | "khong ap dung" => Ok(false),
        _ => Err(Violation::new(
            "/applicable",
            "not_a_truth_value",
            "It says neither true nor false.",
            "Giá trị phải là true hoặc false.",
        )),
    }
}
