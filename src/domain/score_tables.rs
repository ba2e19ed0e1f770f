//! A table of index scores as offices keep it: which column is what, and what its cells say.
//!
//! Heads, criteria and units are compared without regard to case and marks. A number has a decimal point unless a
//! comma is declared: nothing is guessed, because 1,234 is one number here and another there.

use std::collections::HashMap;

use super::{
    decimal::Exact,
    editions::Criterion,
    index_scores::ScoreStage,
    score_table_cells::{applicable, decimal, rank, says_not_applicable, stage},
    score_table_heads::{
        APPLICABLE_HEADS, CRITERION_HEADS, RANK_HEADS, SCORE_HEADS, STAGE_HEADS, TOTAL_WORDS, UNIT_HEADS,
        head_key, with_stage, without_points,
    },
    score_table_rules::{ambiguous_criterion, duplicate_column, no_column, no_score_column, no_unit_column},
    text::{clean, fold},
    violation::Violation,
    words::words,
};

words! {
    /// How a table is laid out.
    pub enum TableLayout {
        /// Long when it has columns of criteria and scores, wide otherwise.
        Auto = "auto",
        /// A row a unit, a column a criterion.
        Wide = "wide",
        /// A row a score: unit, criterion, score.
        Long = "long",
    }
}

words! {
    /// The decimal mark of numbers that are written as text.
    pub enum DecimalMark {
        /// 64.96.
        Point = "point",
        /// 64,96.
        Comma = "comma",
    }
}

/// What stands in a cell of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileCell {
    /// A text, also an empty one.
    Text(String),
    /// A number of a spreadsheet, in decimal notation.
    Number(String),
    /// A number that a spreadsheet shows as a percentage, as it is shown: `85%`, where 0.85 is what it holds.
    Percent(String),
    /// Something that is none of these: a date, a truth value, an error of a formula.
    Other(String),
    /// A formula of a spreadsheet that was saved without its result.
    Formula(String),
}

impl FileCell {
    /// The cell as it stands in the file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text)
            | Self::Number(text)
            | Self::Percent(text)
            | Self::Other(text)
            | Self::Formula(text) => text,
        }
    }

    /// Nothing, or one of the dashes that tables put where there is nothing.
    pub fn is_blank(&self) -> bool {
        matches!(self.as_str().trim(), "" | "-" | "–" | "—")
    }
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// Its number in the file, from 1.
    pub number: u32,
    /// Its cells.
    pub cells: Vec<FileCell>,
}

/// A text by which heads and names are compared: letters and digits, lower case, no marks, single blanks.
pub fn key(text: &str) -> String {
    let folded = fold(text);
    folded.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Units.
    Unit,
    /// Criteria, in a long table.
    Criterion,
    /// Scores of the criterion of the row, in a long table.
    Score,
    /// Scores of this criterion, or totals, and of this stage where the head names one; in a wide table.
    Of(Option<String>, Option<ScoreStage>),
    /// Ranks that the publisher gave.
    Rank,
    /// Stages of the scores, in a long table.
    Stage,
    /// Whether the criterion applies, in a long table.
    Applicable,
}

/// The criteria of an edition by code and by name.
#[derive(Debug)]
pub struct CriterionNames(HashMap<String, Vec<String>>);

impl CriterionNames {
    /// The criteria of an edition.
    pub fn of(criteria: &[Criterion]) -> Self {
        let mut names: HashMap<String, Vec<String>> = HashMap::new();
        for criterion in criteria {
            for name in [Some(&criterion.name), criterion.name_en.as_ref()].into_iter().flatten() {
                let codes = names.entry(key(name)).or_default();
                if !codes.contains(&criterion.code) {
                    codes.push(criterion.code.clone());
                }
            }
        }
        // A code wins over the name of another criterion.
        for criterion in criteria {
            names.insert(key(&criterion.code), vec![criterion.code.clone()]);
        }
        Self(names)
    }

    /// The codes of the criteria that a text names.
    pub(super) fn find(&self, text: &str) -> &[String] {
        let known = |text: &str| self.0.get(&key(text)).map(Vec::as_slice);
        known(text).or_else(|| known(without_points(text)?)).unwrap_or_default()
    }
}

/// The columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// The line that they stand in.
    pub line: u32,
    /// Wide or long.
    pub layout: TableLayout,
    /// The heads as they are written.
    pub names: Vec<String>,
    /// What each column holds; none for a column that is not read.
    pub roles: Vec<Option<Role>>,
}

/// What is wrong with the heads: the column that it is about, where it is about one.
pub type WrongHead = (Option<usize>, Violation);

impl Heads {
    /// Reads a line as heads.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(
        line: &FileLine,
        criteria: &CriterionNames,
        layout: TableLayout,
        unit_column: Option<&str>,
    ) -> Result<Self, Vec<WrongHead>> {
        let names: Vec<String> = line.cells.iter().map(|cell| clean(cell.as_str())).collect();
        let keys: Vec<String> = names.iter().map(|name| head_key(name)).collect();
        let find = |heads: &[&str]| heads.iter().find_map(|head| keys.iter().position(|key| key == head));
        let mut roles: Vec<Option<Role>> = vec![None; names.len()];
        let unit = match unit_column {
            Some(head) => keys.iter().position(|name| *name == key(head)),
            None => find(UNIT_HEADS),
        };
        let Some(unit) = unit else { return Err(vec![(None, no_unit_column(&names, unit_column))]) };
        let mut set = |column: Option<usize>, role: Role| {
            if let Some(place) = column.and_then(|column| roles.get_mut(column))
                && place.is_none()
            {
                *place = Some(role);
            }
        };
        set(Some(unit), Role::Unit);
        let (criterion, score) = (find(CRITERION_HEADS), find(SCORE_HEADS));
        let long = match layout {
            TableLayout::Auto => criterion.is_some() && score.is_some(),
            TableLayout::Wide => false,
            TableLayout::Long => true,
        };
        if long {
            let missing =
                [(criterion, "criterion"), (score, "score")].into_iter().filter(|(at, _)| at.is_none());
            let missing: Vec<WrongHead> = missing.map(|(_, name)| (None, no_column(name))).collect();
            if !missing.is_empty() {
                return Err(missing);
            }
            set(criterion, Role::Criterion);
            set(score, Role::Score);
            set(find(STAGE_HEADS), Role::Stage);
            set(find(APPLICABLE_HEADS), Role::Applicable);
        } else {
            for (column, role) in criteria_columns(&names, unit, criteria)? {
                set(Some(column), role);
            }
            set(score, Role::Of(None, None));
        }
        set(find(RANK_HEADS), Role::Rank);
        if !roles.iter().any(|role| matches!(role, Some(Role::Of(..) | Role::Score))) {
            return Err(vec![(None, no_score_column())]);
        }
        let layout = if long { TableLayout::Long } else { TableLayout::Wide };
        Ok(Self { line: line.number, layout, names, roles })
    }

    /// The column of a role.
    pub fn column(&self, wanted: &Role) -> Option<usize> {
        self.roles.iter().position(|role| role.as_ref() == Some(wanted))
    }

    /// Whether the table says of what stage a score is, row by row or head by head.
    pub fn says_stages(&self) -> bool {
        self.roles.iter().flatten().any(|role| matches!(role, Role::Stage | Role::Of(_, Some(_))))
    }

    /// The column of the total that the rank of a wide row stands beside: that of the last stage which it has.
    fn ranked(&self, cells: &[FileCell]) -> Option<usize> {
        let columns = self.roles.iter().zip(cells).enumerate();
        let totals = columns.filter_map(|(column, (role, cell))| match role {
            Some(Role::Of(None, stage)) if !cell.is_blank() => {
                Some((stage.unwrap_or(ScoreStage::Final), column))
            }
            _ => None,
        });
        totals.max().map(|(_, column)| column)
    }

    /// Heads of the columns that are not read, empty ones apart.
    pub fn ignored(&self) -> Vec<String> {
        let unread =
            self.names.iter().zip(&self.roles).filter(|(name, role)| role.is_none() && !name.is_empty());
        unread.map(|(name, _)| name.clone()).collect()
    }

    /// Reads a line below the heads; none for a line without any score or rank.
    pub fn line(&self, line: &FileLine, criteria: &CriterionNames, mark: DecimalMark) -> Option<TableRow> {
        let cell = |column: Option<usize>| column.and_then(|column| Some((column, line.cells.get(column)?)));
        let filled = |role: &Option<Role>, cell: &FileCell| match role {
            Some(Role::Of(..) | Role::Score | Role::Rank) => !cell.is_blank(),
            Some(Role::Applicable) => applicable(cell) == Ok(false),
            _ => false,
        };
        if !self.roles.iter().zip(&line.cells).any(|(role, cell)| filled(role, cell)) {
            return None;
        }
        let mut row = TableRow {
            line: line.number,
            unit: cell(self.column(&Role::Unit)).map(|(_, cell)| clean(cell.as_str())).unwrap_or_default(),
            values: Vec::new(),
            wrong: Vec::new(),
        };
        let rank_column = self.column(&Role::Rank);
        let rank =
            cell(rank_column).and_then(|(column, cell)| row.take(column, cell, |cell| rank(cell, mark)));
        match self.layout {
            TableLayout::Long => {
                let wrong = row.wrong.len();
                let of = cell(self.column(&Role::Criterion))
                    .and_then(|(column, cell)| row.take(column, cell, |cell| criterion(cell, criteria)));
                let stage =
                    cell(self.column(&Role::Stage)).and_then(|(column, cell)| row.take(column, cell, stage));
                let applies = cell(self.column(&Role::Applicable))
                    .and_then(|(column, cell)| row.take(column, cell, applicable));
                // No cell at all, or an empty one: the total.
                if let (true, Some((column, cell))) =
                    (row.wrong.len() == wrong, cell(self.column(&Role::Score)))
                {
                    let of = Of { criterion: of.flatten(), stage, published_rank: rank };
                    row.add(column, of, cell, mark, applies);
                }
            }
            TableLayout::Wide | TableLayout::Auto => {
                let ranked = rank.and_then(|_| self.ranked(&line.cells));
                for (column, (role, cell)) in self.roles.iter().zip(&line.cells).enumerate() {
                    if let Some(Role::Of(of, stage)) = role {
                        let rank = rank.filter(|_| ranked == Some(column));
                        let of = Of { criterion: of.clone(), stage: *stage, published_rank: rank };
                        row.add(column, of, cell, mark, None);
                    }
                }
            }
        }
        row.check_rank(rank_column.zip(rank));
        Some(row)
    }
}

/// A score of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableValue {
    /// The column that it stands in.
    pub column: usize,
    /// The criterion; none for the total.
    pub criterion: Option<String>,
    /// The stage, where its row says one.
    pub stage: Option<ScoreStage>,
    /// The score; none where the criterion does not apply.
    pub score: Option<Exact>,
    /// Whether the criterion applies.
    pub applicable: bool,
    /// The rank that the publisher gave.
    pub published_rank: Option<i32>,
}

/// What is known of a score before its cell is read.
struct Of {
    criterion: Option<String>,
    stage: Option<ScoreStage>,
    published_rank: Option<i32>,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongTableCell {
    /// The column.
    pub column: usize,
    /// What stands there.
    pub value: String,
    /// The rule.
    pub violation: Violation,
}

/// What a line of a table says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Number of the line in the file.
    pub line: u32,
    /// The unit as it is written.
    pub unit: String,
    /// Its scores.
    pub values: Vec<TableValue>,
    /// The cells that can't be read.
    pub wrong: Vec<WrongTableCell>,
}

impl TableRow {
    /// What a cell says; nothing for a blank one, and for one that is noted as wrong.
    fn take<T>(
        &mut self,
        column: usize,
        cell: &FileCell,
        read: impl FnOnce(&FileCell) -> Result<T, Violation>,
    ) -> Option<T> {
        if cell.is_blank() {
            return None;
        }
        match read(cell) {
            Ok(value) => Some(value),
            Err(violation) => {
                self.wrong.push(WrongTableCell { column, value: cell.as_str().to_owned(), violation });
                None
            }
        }
    }

    /// Adds the score of a cell; `applies` is what another cell of the row says of it.
    fn add(&mut self, column: usize, of: Of, cell: &FileCell, mark: DecimalMark, applies: Option<bool>) {
        let (noted, is_out) = (self.wrong.len(), says_not_applicable(cell));
        let score = match is_out {
            true => None,
            false => self.take(column, cell, |cell| decimal(cell, mark)),
        };
        let applicable = applies.unwrap_or(true) && !is_out;
        // A blank cell says nothing, unless the row says that the criterion does not apply.
        if score.is_some() || (!applicable && self.wrong.len() == noted) {
            let Of { criterion, stage, published_rank } = of;
            self.values.push(TableValue { column, criterion, stage, score, applicable, published_rank });
        }
    }

    /// A rank stands beside a score; without one there is no record to keep it in.
    fn check_rank(&mut self, rank: Option<(usize, i32)>) {
        let Some((column, rank)) = rank else { return };
        if self.wrong.is_empty() && !self.values.iter().any(|value| value.published_rank.is_some()) {
            let violation = Violation::new(
                "/published_rank",
                "rank_without_score",
                "A rank is kept with a score, and there is none in its row.",
                "Thứ hạng được lưu cùng điểm, nhưng dòng này không có điểm tương ứng.",
            );
            self.wrong.push(WrongTableCell { column, value: rank.to_string(), violation });
        }
    }
}

/// The columns of criteria of a wide table, and of totals whose head names a stage.
fn criteria_columns(
    names: &[String],
    unit: usize,
    criteria: &CriterionNames,
) -> Result<Vec<(usize, Role)>, Vec<WrongHead>> {
    let mut found: Vec<(usize, Role)> = Vec::new();
    let mut wrong = Vec::new();
    for (column, name) in names.iter().enumerate().filter(|(column, _)| *column != unit) {
        let staged = with_stage(name);
        // A criterion may be called like that itself.
        let (codes, stage) = match (criteria.find(name), staged) {
            ([], Some((name, stage))) => (criteria.find(name), Some(stage)),
            (codes, _) => (codes, None),
        };
        let is_total = staged.is_some_and(|(name, _)| TOTAL_WORDS.contains(&head_key(name).as_str()));
        let role = match codes {
            [] if !is_total => continue,
            [] => Role::Of(None, stage),
            [code] => Role::Of(Some(code.clone()), stage),
            several => {
                wrong.push((Some(column), ambiguous_criterion(name, several)));
                continue;
            }
        };
        match found.iter().find(|(_, other)| *other == role) {
            Some((other, _)) => {
                let code = codes.first().map_or("_total", String::as_str);
                wrong.push((Some(column), duplicate_column(code, *other)));
            }
            None => found.push((column, role)),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// The criterion of a cell of a long table; none for the total.
fn criterion(cell: &FileCell, criteria: &CriterionNames) -> Result<Option<String>, Violation> {
    let text = clean(cell.as_str());
    match criteria.find(&text) {
        [code] => Ok(Some(code.clone())),
        [] if text == "_total" || TOTAL_WORDS.contains(&key(&text).as_str()) => Ok(None),
        [] => Err(Violation::new(
            "/criterion",
            "unknown_criterion",
            format!("No criterion `{text}` in this edition."),
            format!("Không có tiêu chí `{text}` trong kỳ đánh giá này."),
        )),
        several => Err(ambiguous_criterion(&text, several)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "score_tables_tests.rs"]
mod tests;
