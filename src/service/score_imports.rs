//! Imports of score tables: read, matched with the edition and the units, checked cell by cell, and stored as a
//! whole or not at all.
//!
//! A cell says a score and nothing else of its record: what was there beside it, such as a rank that the table
//! does not have, stays. An empty cell changes nothing.

use std::collections::{HashMap, HashSet};

use super::{
    access::Caller,
    crud::{Context, Resource, entry},
    editions::{self, Editions},
    error::{Error, Result},
    index_scores::{IndexScores, refuse_closed, stage_closed},
    indexes::Indexes,
    score_files::{self, TableFile, TableLines},
    score_sheets,
};
use crate::{
    domain::{
        access::Scope,
        decimal::Exact,
        editions::Edition,
        imports::shown,
        index_scores::{IndexScore, ScoreStage},
        score_table_heads::{unknown_columns, without_head},
        score_table_rules::{cell_without_head, unclosed_quote, unknown_column},
        score_tables::{
            CriterionNames, DecimalMark, FileCell, FileLine, Heads, Role, TableLayout, TableRow, TableValue,
        },
        unit_names::UnitNames,
        violation::Violation,
        words::words,
    },
    store::{
        self, Conn, Store, StoreError,
        changes::{self, Action},
        lock::{self, Structure},
    },
};

/// Findings, scores and lines that an outcome lists at most; it counts all findings and scores.
pub const MOST_LISTED: usize = 1000;
/// Lines at the top among which the heads are looked for: tables have titles.
const HEAD_LINES: usize = 20;

words! {
    /// What a value of a table does.
    pub enum ScoreChange {
        /// Makes a score.
        Create = "create",
        /// Changes a score.
        Update = "update",
        /// Says what the score says already.
        Unchanged = "unchanged",
    }
}

/// What is asked of an import.
#[derive(Debug, Clone)]
pub struct ScoreImport {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// Stage that the scores are of.
    pub stage: ScoreStage,
    /// How the table is laid out.
    pub layout: TableLayout,
    /// Decimal mark of numbers that are written as text.
    pub decimal: DecimalMark,
    /// Head of the column of units, where it is not one of the usual ones.
    pub unit_column: Option<String>,
    /// Name of the sheet of a spreadsheet; the first when absent.
    pub sheet: Option<String>,
    /// Where the scores come from; kept with each.
    pub source: Option<String>,
    /// Checks and stores nothing.
    pub dry_run: bool,
}

/// What is wrong with a cell, or with a line or the heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFinding {
    /// Number of the line in the file, from 1.
    pub line: u32,
    /// Head of the column, where it is about one; its number, from 1, where it has no head.
    pub column: Option<String>,
    /// What stands there, shortened.
    pub value: Option<String>,
    /// The rule; its pointer is that of the score's member.
    pub violation: Violation,
}

/// A score of a table, and what it does.
#[derive(Debug, Clone)]
pub struct PlannedScore {
    /// Number of its line.
    pub line: u32,
    /// Name of the unit.
    pub unit_name: String,
    /// The score as it is to be.
    pub score: IndexScore,
    /// What it does.
    pub change: ScoreChange,
}

/// A line with scores of a unit that no cohort of the edition ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineOutsideCohorts {
    /// Number of the line in the file, from 1.
    pub line: u32,
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
}

/// What became of a table, or would.
#[derive(Debug, Clone)]
pub struct ScoreImportOutcome {
    /// What was asked.
    pub order: ScoreImport,
    /// Decimals of the edition.
    pub decimals: u8,
    /// The columns; none where no heads were found.
    pub heads: Option<Heads>,
    /// Lines below the heads that hold a score or a rank.
    pub rows: usize,
    /// Scores that are new.
    pub created: usize,
    /// Scores that change.
    pub updated: usize,
    /// Scores that say what is there already.
    pub unchanged: usize,
    /// The first scores in the order of the file.
    pub scores: Vec<PlannedScore>,
    /// The first lines of units that no cohort ranks, in the order of the file; their scores are stored all the same.
    pub outside_cohorts: Vec<LineOutsideCohorts>,
    /// How many findings there are.
    pub finding_count: usize,
    /// The first of them, in the order of the file.
    pub findings: Vec<TableFinding>,
    /// Whether the scores were written.
    pub stored: bool,
}

impl ScoreImportOutcome {
    fn new(order: ScoreImport, edition: &Edition) -> Self {
        Self {
            order,
            decimals: edition.decimals,
            heads: None,
            rows: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            scores: Vec::new(),
            outside_cohorts: Vec::new(),
            finding_count: 0,
            findings: Vec::new(),
            stored: false,
        }
    }

    fn stage_column(&self) -> Option<usize> {
        self.heads.as_ref()?.column(&Role::Stage)
    }

    fn find(&mut self, line: u32, column: Option<usize>, value: Option<&str>, violation: Violation) {
        self.finding_count += 1;
        if self.findings.len() < MOST_LISTED {
            let names = self.heads.as_ref().map(|heads| &heads.names);
            let column = column.and_then(|column| {
                let name = names?.get(column).filter(|name| !name.is_empty());
                Some(name.map_or_else(|| (column + 1).to_string(), |name| shown(name)))
            });
            self.findings.push(TableFinding { line, column, value: value.map(shown), violation });
        }
    }
}

/// Reads a table and stores its scores when nothing is wrong with any; with `dry_run` nothing is stored.
///
/// # Errors
/// `NotFound` for an unknown index or edition, `Invalid` for a file that can't be read as a table, `Conflict` for a
/// stage that the edition takes no scores of. What is wrong within the table is in the outcome.
pub async fn import(
    store: &Store,
    context: Context,
    order: ScoreImport,
    file: TableFile,
    bytes: Vec<u8>,
) -> Result<ScoreImportOutcome> {
    let sheet = order.sheet.clone();
    let read = tokio::task::spawn_blocking(move || score_files::lines(&bytes, file, sheet.as_deref())).await;
    // A reader that stumbles over a broken spreadsheet says that the file is broken.
    let table = read.map_err(|_| {
        Error::invalid("", "unreadable_file", "The file can't be read.", "Không đọc được tệp.")
    })??;
    if order.dry_run {
        return store
            .read(move |conn| {
                let (outcome, _) = check(conn, &context.caller, order, &table)?;
                Ok(outcome)
            })
            .await;
    }
    let _bulk = store.bulk();
    store
        .write(move |conn| {
            // One writer of the structure waits for all others: the locks of 80,000 records would not fit.
            let key = editions::key(&order.index_code, order.year);
            lock::record(conn, Structure::Changed, Editions::NAME, &key)?;
            let (mut outcome, writes) = check(conn, &context.caller, order, &table)?;
            if outcome.finding_count == 0 {
                write(conn, &context, writes)?;
                outcome.stored = true;
            }
            Ok(outcome)
        })
        .await
}

/// A score that is to be written: as it was, and as it shall be.
type Write = (Option<IndexScore>, IndexScore);

/// What a table does, checked against the edition, the units and the scores that are there.
///
/// A table that has a unit beyond the caller's is refused as a whole, whatever it says of it: what is compared with
/// the scores that are there would tell these.
fn check(
    conn: &mut Conn,
    caller: &Caller,
    order: ScoreImport,
    table: &TableLines,
) -> Result<(ScoreImportOutcome, Vec<Write>)> {
    let (mut outcome, writes) = check_lines(conn, caller, order, &table.lines)?;
    if let Some(line) = table.unclosed {
        outcome.find(line, None, None, unclosed_quote());
    }
    Ok((outcome, writes))
}

fn check_lines(
    conn: &mut Conn,
    caller: &Caller,
    order: ScoreImport,
    lines: &[FileLine],
) -> Result<(ScoreImportOutcome, Vec<Write>)> {
    if store::indexes::find(conn, &order.index_code)?.is_none() {
        return Err(Error::not_found(Indexes::NAME, &order.index_code));
    }
    let edition = store::editions::find(conn, &order.index_code, order.year)?
        .ok_or_else(|| Error::not_found(Editions::NAME, editions::key(&order.index_code, order.year)))?
        .record;
    let criteria = CriterionNames::of(&edition.criteria);
    let mut outcome = ScoreImportOutcome::new(order, &edition);
    let below = find_heads(&mut outcome, lines, &criteria);
    if outcome.stage_column().is_none() {
        refuse_closed(&edition, outcome.order.stage)?;
    }
    let Some(below) = below else { return Ok((outcome, Vec::new())) };
    let Some(heads) = outcome.heads.clone() else { return Ok((outcome, Vec::new())) };
    find_unknown(&mut outcome, &heads, lines.get(below..).unwrap_or_default(), &edition);
    let mut checker = Checker::new(conn, outcome, edition)?;
    for line in lines.iter().skip(below) {
        checker.read(caller, &heads, &criteria, line)?;
    }
    Ok(checker.end(&heads))
}

/// Finds the heads among the first lines, and gives the number of lines up to them; notes what is wrong otherwise.
fn find_heads(
    outcome: &mut ScoreImportOutcome,
    lines: &[FileLine],
    criteria: &CriterionNames,
) -> Option<usize> {
    let (layout, unit_column) = (outcome.order.layout, outcome.order.unit_column.clone());
    let mut refused = Vec::new();
    for (i, line) in lines.iter().take(HEAD_LINES).enumerate() {
        match Heads::read(line, criteria, layout, unit_column.as_deref()) {
            Ok(heads) => {
                outcome.heads = Some(heads);
                return Some(i + 1);
            }
            Err(wrong) => refused.push((line, wrong)),
        }
    }
    // The line that came nearest: the first with a known column of units, else the first with several cells.
    let unit_known = |(_, wrong): &&(&FileLine, Vec<_>)| {
        wrong.iter().all(|(_, violation): &(Option<usize>, Violation)| violation.code != "no_unit_column")
    };
    let several = |(line, _): &&(&FileLine, Vec<_>)| line.cells.iter().filter(|c| !c.is_blank()).count() > 1;
    let nearest =
        refused.iter().find(unit_known).or_else(|| refused.iter().find(several)).or(refused.first());
    if let Some((line, wrong)) = nearest {
        for (column, violation) in wrong {
            let name = column.and_then(|column| line.cells.get(column)).map(|cell| cell.as_str());
            outcome.finding_count += 1;
            outcome.findings.push(TableFinding {
                line: line.number,
                column: name.map(shown),
                value: None,
                violation: violation.clone(),
            });
        }
    }
    None
}

/// Notes the columns that look like scores of a criterion which the edition does not have.
fn find_unknown(outcome: &mut ScoreImportOutcome, heads: &Heads, below: &[FileLine], edition: &Edition) {
    if edition.criteria.is_empty() {
        return;
    }
    let maxima: Option<Vec<Exact>> = edition.maxima().into_iter().collect();
    let greatest = maxima.and_then(|maxima| maxima.into_iter().max());
    for column in unknown_columns(heads, below, outcome.order.decimal, greatest.as_ref()) {
        let name = heads.names.get(column).map_or("", String::as_str);
        outcome.find(heads.line, Some(column), None, unknown_column(&shown(name)));
    }
}

/// Unit, criterion (none for the total) and stage of a score.
type Place = (String, Option<String>, ScoreStage);

/// What the rows of a table are checked against, and what they came to.
struct Checker {
    outcome: ScoreImportOutcome,
    edition: Edition,
    units: UnitNames,
    /// The units of all cohorts.
    ranked: HashSet<String>,
    /// The scores that are there.
    present: HashMap<Place, IndexScore>,
    /// The lines of the scores of this table.
    seen: HashMap<Place, u32>,
    writes: Vec<Write>,
}

impl Checker {
    fn new(conn: &mut Conn, outcome: ScoreImportOutcome, edition: Edition) -> Result<Self> {
        let mut ranked = HashSet::new();
        for cohort in &edition.cohorts {
            ranked.extend(score_sheets::members(conn, &edition, cohort)?.into_iter().map(|unit| unit.id));
        }
        let units = UnitNames::new(&store::units::all(conn)?, edition.year, &ranked);
        let (index, year) = (&edition.index_code, edition.year);
        let present = match outcome.stage_column() {
            None => store::index_scores::of_edition(conn, index, year, outcome.order.stage)?,
            Some(_) => store::index_scores::of_stages(conn, index, year, None)?,
        };
        let place = |score: &IndexScore| (score.unit_id.clone(), score.criterion.clone(), score.stage);
        let present = present.into_iter().map(|score| (place(&score), score)).collect();
        Ok(Self { outcome, edition, units, ranked, present, seen: HashMap::new(), writes: Vec::new() })
    }

    /// Reads a line below the heads.
    fn read(
        &mut self,
        caller: &Caller,
        heads: &Heads,
        criteria: &CriterionNames,
        line: &FileLine,
    ) -> Result<()> {
        let mark = self.outcome.order.decimal;
        let mut row = heads.line(line, criteria, mark);
        let headless = without_head(heads, line, mark, row.is_some());
        if let (Some(row), Some(_)) = (&mut row, headless) {
            // They may be halves of numbers.
            row.values.clear();
        }
        let unit = heads.column(&Role::Unit);
        let unit_cell = unit.and_then(|column| line.cells.get(column)).map_or("", FileCell::as_str);
        match row {
            Some(row) => self.add(caller, line, row)?,
            None if self.units.are_lines(unit_cell) => {
                self.outcome.find(line.number, unit, Some(unit_cell), unclosed_quote());
            }
            None => {}
        }
        if let Some(column) = headless {
            let value = line.cells.get(column).map(FileCell::as_str);
            self.outcome.find(line.number, Some(column), value, cell_without_head());
        }
        Ok(())
    }

    fn add(&mut self, caller: &Caller, cells: &FileLine, row: TableRow) -> Result<()> {
        self.outcome.rows += 1;
        let TableRow { line, unit, values, wrong } = row;
        let unit_column = self.column_of(&Role::Unit);
        let found = match self.units.find(&unit) {
            Ok((id, _)) if !caller.may(Scope::ScoresWrite, id) => return Err(Error::out_of_reach()),
            Ok((id, name)) => Some((id.to_owned(), name.to_owned())),
            Err(violation) => {
                self.outcome.find(line, unit_column, Some(&unit), violation);
                None
            }
        };
        for cell in wrong {
            self.outcome.find(line, Some(cell.column), Some(&cell.value), cell.violation);
        }
        let Some((unit_id, unit_name)) = found else { return Ok(()) };
        let is_outside = !values.is_empty() && !self.ranked.contains(&unit_id);
        for value in values {
            self.add_value(cells, &unit_id, &unit_name, value);
        }
        if is_outside && self.outcome.outside_cohorts.len() < MOST_LISTED {
            self.outcome.outside_cohorts.push(LineOutsideCohorts { line, unit_id, unit_name });
        }
        Ok(())
    }

    fn column_of(&self, role: &Role) -> Option<usize> {
        let heads = self.outcome.heads.as_ref()?;
        heads.roles.iter().position(|of| of.as_ref() == Some(role))
    }

    fn add_value(&mut self, cells: &FileLine, unit_id: &str, unit_name: &str, value: TableValue) {
        let line = cells.number;
        let stage = value.stage.unwrap_or(self.outcome.order.stage);
        let key = (unit_id.to_owned(), value.criterion.clone(), stage);
        let column = value.column;
        // What is told is what stands in the file, whatever was read from it.
        let written = |column: usize| {
            let cell = cells.cells.get(column).map(FileCell::as_str);
            cell.filter(|text| !text.trim().is_empty())
        };
        if let Some(first) = self.seen.get(&key) {
            let violation = second(*first);
            self.outcome.find(line, Some(column), written(column), violation);
            return;
        }
        if !self.edition.status.takes(stage) {
            let (at, violation) = (self.column_of(&Role::Stage), stage_closed(&self.edition, stage));
            self.outcome.find(line, at, Some(stage.as_str()), violation);
            return;
        }
        let old = self.present.get(&key).cloned();
        let new = self.score(unit_id, stage, value, old.as_ref());
        self.seen.insert(key, line);
        let violations = new.check(&self.edition);
        for violation in &violations {
            let column = match violation.pointer.as_str() {
                "/source" => None,
                "/published_rank" => self.column_of(&Role::Rank),
                _ => Some(column),
            };
            self.outcome.find(line, column, column.and_then(written), violation.clone());
        }
        if !violations.is_empty() {
            return;
        }
        let change = match &old {
            None => ScoreChange::Create,
            Some(old) if *old == new => ScoreChange::Unchanged,
            Some(_) => ScoreChange::Update,
        };
        match change {
            ScoreChange::Create => self.outcome.created += 1,
            ScoreChange::Update => self.outcome.updated += 1,
            ScoreChange::Unchanged => self.outcome.unchanged += 1,
        }
        if self.outcome.scores.len() < MOST_LISTED {
            let (score, unit_name) = (new.clone(), unit_name.to_owned());
            self.outcome.scores.push(PlannedScore { line, unit_name, score, change });
        }
        if change != ScoreChange::Unchanged {
            self.writes.push((old, new));
        }
    }

    /// The record that a value makes of what is there.
    fn score(
        &self,
        unit_id: &str,
        stage: ScoreStage,
        value: TableValue,
        old: Option<&IndexScore>,
    ) -> IndexScore {
        let order = &self.outcome.order;
        let TableValue { criterion, score, applicable, published_rank, .. } = value;
        let base = old.cloned().unwrap_or_else(|| {
            let id = uuid::Uuid::now_v7().to_string();
            let (index, unit) = (order.index_code.clone(), unit_id.to_owned());
            IndexScore::new(id, index, order.year, unit, criterion, stage)
        });
        IndexScore {
            score,
            applicable,
            published_rank: published_rank.or(base.published_rank),
            source: order.source.clone().or_else(|| base.source.clone()),
            ..base
        }
    }

    fn end(mut self, heads: &Heads) -> (ScoreImportOutcome, Vec<Write>) {
        if self.outcome.rows == 0 {
            let violation =
                Violation::new("", "no_rows", "No line has a score.", "Không có dòng nào có điểm.");
            self.outcome.find(heads.line, None, None, violation);
        }
        (self.outcome, self.writes)
    }
}

fn second(first: u32) -> Violation {
    Violation::new(
        "",
        "duplicate",
        format!("Line {first} has this score already."),
        format!("Dòng {first} đã có điểm này."),
    )
}

/// Writes the scores and their changes, many at once.
fn write(conn: &mut Conn, context: &Context, writes: Vec<Write>) -> Result<()> {
    let entries = writes
        .iter()
        .map(|(old, new)| {
            let action = if old.is_some() { Action::Update } else { Action::Create };
            entry::<IndexScores>(context, new, action, None, old.as_ref())
        })
        .collect::<Result<Vec<_>>>()?;
    let versions = changes::append_all(conn, entries)?;
    let mut new_scores = Vec::with_capacity(writes.len());
    for ((old, new), version) in writes.into_iter().zip(versions) {
        IndexScores::written(conn, old.as_ref(), Some(&new))?;
        match old {
            Some(_) => store::index_scores::update(conn, &new, version)?,
            None => new_scores.push((new, version)),
        }
    }
    store::index_scores::insert_all(conn, &new_scores).map_err(|error| match error {
        StoreError::Unique(_) => Error::conflict(
            "duplicate",
            "Somebody else has just written one of these scores: send the table again.",
            "Vừa có người khác ghi một trong các điểm này: hãy gửi lại bảng.",
        ),
        other => Error::Store(other),
    })
}
