//! The heads by which the columns of a score table are known, and those of columns that hold numbers and no scores.

use super::{
    decimal::Exact,
    index_scores::ScoreStage,
    score_table_cells::{decimal, is_number, stage_named},
    score_tables::{CriterionNames, DecimalMark, FileCell, FileLine, Heads, Role, TableLayout, key},
};

/// Heads of the column of units; an earlier one wins over a later one.
pub(super) const UNIT_HEADS: &[&str] = &[
    "unit id",
    "ma don vi",
    "unit code",
    "gso code",
    "ma gso",
    "ma so",
    "code",
    "ma",
    "unit",
    "don vi",
    "ten don vi",
    "unit name",
    "co quan don vi",
    "co quan",
    "dia phuong",
    "tinh thanh pho",
    "tinh thanh",
    "tinh",
    "province",
    "huyen thi xa thanh pho",
    "huyen",
    "district",
    "xa phuong thi tran",
    "xa phuong",
    "xa",
    "commune",
];
/// Heads of the column of criteria of a long table.
pub(super) const CRITERION_HEADS: &[&str] = &[
    "criterion",
    "ma tieu chi",
    "tieu chi",
    "ten tieu chi",
    "sub index",
    "chi so thanh phan",
    "thanh phan",
    "component",
];
/// Heads of the column of totals of a wide table, and of scores of a long one.
pub(super) const SCORE_HEADS: &[&str] = &[
    "score exact",
    "diem du chu so",
    "total",
    "tong diem",
    "tong cong",
    "tong",
    "diem tong",
    "score",
    "diem",
    "diem so",
];
/// Heads of the column of ranks that the publisher gave.
pub(super) const RANK_HEADS: &[&str] =
    &["published rank", "rank published", "hang cong bo", "xep hang", "thu hang", "hang", "rank"];
/// Heads of the column of stages of a long table.
pub(super) const STAGE_HEADS: &[&str] = &["stage", "giai doan", "giai doan cham diem"];
/// Heads of the column of a long table that says whether a criterion applies.
pub(super) const APPLICABLE_HEADS: &[&str] = &["applicable", "ap dung"];
/// Words of a long table for the total.
pub(super) const TOTAL_WORDS: &[&str] = &["total", "tong diem", "tong cong", "tong", "diem tong"];

/// Heads of columns that count, date or order, beside the usual ones of units, totals and ranks.
const OTHER_NUMBERS: &[&str] = &[
    "stt",
    "tt",
    "so tt",
    "so thu tu",
    "thu tu",
    "no",
    "order",
    "year",
    "nam",
    "base score",
    "base rank",
    "score 100",
    "responses",
    "so phieu",
    "dan so",
    "population",
];
/// How heads of such columns begin: those of a ranking that was exported, and ranks of all kinds.
const OTHER_BEGINNINGS: &[&str] = &[
    "hang ",
    "xep hang ",
    "thu hang ",
    "rank ",
    "diem nam ",
    "thay doi ",
    "dong gop ",
    "so phieu ",
    "so luong ",
    "ty le ",
    "delta ",
    "change ",
];

/// The text without points in brackets at its end: `Cải cách thể chế (60 điểm)`.
pub(super) fn without_points(text: &str) -> Option<&str> {
    let (name, inside) = text.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let inside = key(inside);
    let amount = ["diem", "points", "point", "d"].iter().find_map(|unit| inside.strip_suffix(unit))?;
    amount.trim_end().ends_with(|c: char| c.is_ascii_digit()).then_some(name)
}

/// The text without a stage in brackets at its end, and the stage: `Cải cách thể chế (Tự đánh giá)`.
pub(super) fn with_stage(text: &str) -> Option<(&str, ScoreStage)> {
    let staged = |text: &str| -> Option<(usize, ScoreStage)> {
        let (name, inside) = text.trim_end().strip_suffix(')')?.rsplit_once('(')?;
        Some((name.len(), stage_named(inside)?))
    };
    let (end, stage) = staged(text).or_else(|| staged(without_points(text)?))?;
    Some((text.get(..end)?, stage))
}

/// A head as it is compared, without the points that it may name.
pub(super) fn head_key(name: &str) -> String {
    key(without_points(name).unwrap_or(name))
}

/// Whether a column of this head may hold numbers that are no scores.
fn is_other(head: &str) -> bool {
    let lists = [UNIT_HEADS, SCORE_HEADS, RANK_HEADS, OTHER_NUMBERS];
    lists.iter().any(|list| list.contains(&head)) || OTHER_BEGINNINGS.iter().any(|b| head.starts_with(b))
}

/// The columns of a wide table that look like scores of a criterion and are those of none: most of their numbers
/// are at most `greatest`, the highest maximum of the criteria where all have one.
pub fn unknown_columns(
    heads: &Heads,
    below: &[FileLine],
    mark: DecimalMark,
    greatest: Option<&Exact>,
) -> Vec<usize> {
    if heads.layout == TableLayout::Long {
        return Vec::new();
    }
    let is_score = |column: usize| {
        let cells = below.iter().filter_map(|line| line.cells.get(column)).filter(|cell| !cell.is_blank());
        let numbers: Vec<&FileCell> = cells.filter(|cell| is_number(cell, mark)).collect();
        let is_fit = |cell: &FileCell| match (decimal(cell, mark), greatest) {
            (Ok(number), Some(greatest)) => number <= *greatest,
            // Of a percentage nobody knows whether it is meant as one.
            _ => true,
        };
        numbers.iter().filter(|cell| is_fit(cell)).count() * 2 > numbers.len()
    };
    let unread = heads.names.iter().zip(&heads.roles).enumerate().filter(|(_, (_, role))| role.is_none());
    let named = unread.filter(|(_, (name, _))| !key(name).is_empty() && !is_other(&head_key(name)));
    named.map(|(column, _)| column).filter(|column| is_score(*column)).collect()
}

/// Two lines of heads as one: below a head that is merged over several columns each has a name of its own. None where
/// the lower line is none of heads: it holds a number, or there is nothing in it below a merged head.
fn joined(upper: &FileLine, lower: &FileLine, criteria: &CriterionNames) -> Option<FileLine> {
    if lower.cells.iter().any(|cell| DecimalMark::ALL.iter().any(|mark| is_number(cell, *mark))) {
        return None;
    }
    let has = |line: &FileLine, column: usize| line.cells.get(column).is_some_and(|cell| !cell.is_blank());
    // A column below the part of a merged head that is empty.
    let goes_on =
        |column: usize| !has(upper, column) && has(lower, column) && column > 0 && has(lower, column - 1);
    let is_known = |head: &str| {
        is_other(&head_key(head)) || with_stage(head).is_some() || !criteria.find(head).is_empty()
    };
    let columns = 0..upper.cells.len().max(lower.cells.len());
    if !columns.clone().any(goes_on) {
        return None;
    }
    let cells = columns.map(|column| {
        let (above, below) = (upper.cells.get(column), lower.cells.get(column));
        let below = below.filter(|cell| !cell.is_blank());
        // A head of one column may have a note below it: `Tổng điểm`, `(100)`.
        let stays = |cell: &&FileCell| !cell.is_blank() && !goes_on(column + 1) && is_known(cell.as_str());
        let cell = above.filter(stays).or(below).or(above);
        cell.cloned().unwrap_or_else(|| FileCell::Text(String::new()))
    });
    Some(FileLine { number: lower.number, cells: cells.collect() })
}

/// Reads two lines as the heads of a wide table, where the lower one stands below no unit and names what is scored.
pub fn two_lines(
    upper: &FileLine,
    lower: &FileLine,
    criteria: &CriterionNames,
    layout: TableLayout,
    unit_column: Option<&str>,
) -> Option<Heads> {
    let line = joined(upper, lower, criteria)?;
    let heads = Heads::read(&line, criteria, layout, unit_column).ok()?;
    let is_filled = |column: usize| lower.cells.get(column).is_some_and(|cell| !cell.is_blank());
    let has_unit = heads.column(&Role::Unit).is_some_and(is_filled);
    let mut roles = heads.roles.iter().enumerate();
    let names_scores = roles.any(|(column, role)| matches!(role, Some(Role::Of(..))) && is_filled(column));
    let is_wide = heads.layout == TableLayout::Wide;
    (is_wide && names_scores && !has_unit).then_some(heads)
}

/// The number that a cell gives its column, `3`, `(3)` or `(3) = (1) + (2)`, and whether it stands in brackets.
fn column_number(cell: &FileCell) -> Option<(usize, bool)> {
    let text = cell.as_str().trim();
    let text = text.split_once('=').map_or(text, |(number, _)| number.trim_end());
    let within = |open: char, close: char| text.strip_prefix(open)?.strip_suffix(close);
    let inside = within('(', ')').or_else(|| within('[', ']'));
    let number = inside.unwrap_or(text).trim();
    // `01` is a code.
    let is_whole = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    number.parse::<usize>().ok().filter(|_| is_whole).map(|number| (number, inside.is_some()))
}

/// Whether the line right below the heads numbers the columns: 1, 2, 3 ..., that of the units among them; a column
/// without its number may be counted or not. Two numbers without brackets may as well be the code of a unit and its
/// score, and so may more of them, unless lines follow (`next` is the first) of which none goes on with 2.
pub fn numbers_columns(heads: &Heads, line: &FileLine, next: Option<&FileLine>) -> bool {
    let filled = line.cells.iter().enumerate().filter(|(_, cell)| !cell.is_blank());
    let numbers = filled.map(|(column, cell)| Some((column, column_number(cell)?)));
    let Some(numbers) = numbers.collect::<Option<Vec<_>>>() else { return false };
    let Some((first, _)) = numbers.first().copied() else { return false };
    let counts = (1..).zip(&numbers).all(|(want, (_, (number, _)))| *number == want);
    let by_place = numbers.iter().all(|(column, (number, _))| *number == column - first + 1);
    let has_unit = heads.column(&Role::Unit).is_some_and(|unit| numbers.iter().any(|(at, _)| *at == unit));
    let in_brackets = numbers.iter().any(|(_, (_, in_brackets))| *in_brackets);
    let below = next.and_then(|next| next.cells.get(first));
    let goes_on = below.is_none_or(|cell| column_number(cell).is_some_and(|(number, _)| number == 2));
    let enough = if in_brackets { numbers.len() >= 2 } else { numbers.len() >= 3 && !goes_on };
    (counts || by_place) && has_unit && enough
}

/// The first cell of a line that holds something and has no head: what a comma within a number splits off. In a line
/// without a score (`is_row` is false) that is a number behind a unit; other texts there are notes and signatures.
/// Columns before the first that is read, such as one that numbers the lines, can't hold the rest of a number.
pub fn without_head(heads: &Heads, line: &FileLine, mark: DecimalMark, is_row: bool) -> Option<usize> {
    let first = heads.roles.iter().position(Option::is_some)?;
    let unit = heads.column(&Role::Unit).and_then(|column| line.cells.get(column));
    let has_unit = unit.is_some_and(|unit| !unit.is_blank());
    let is_lost = |cell: &FileCell| !cell.is_blank() && (is_row || (has_unit && is_number(cell, mark)));
    let is_headless = |column: usize| {
        heads.names.get(column).is_none_or(String::is_empty)
            && heads.roles.get(column).is_none_or(Option::is_none)
    };
    let mut cells = line.cells.iter().enumerate().skip(first);
    cells.find(|(column, cell)| is_headless(*column) && is_lost(cell)).map(|(column, _)| column)
}
