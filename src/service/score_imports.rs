//! Imports of score tables: read, matched with the edition and the units, checked cell by cell, and stored as a
//! whole or not at all.
//!
//! A cell says a score and nothing else of its record: what was there beside it, such as a rank that the table
//! does not have, stays. An empty cell changes nothing.

use super::{
    access::Caller,
    crud::{Context, Resource, entry},
    editions::{self, Editions},
    error::{Error, Result},
    index_scores::{IndexScores, refuse_closed},
    indexes::Indexes,
    score_files::{self, TableFile, TableLines},
    score_import_checks::Checker,
};
use crate::{
    domain::{
        decimal::Exact,
        editions::Edition,
        imports::shown,
        index_scores::{IndexScore, ScoreStage},
        score_table_heads::{numbers_columns, two_lines, unknown_columns},
        score_table_rules::{unclosed_quote, unknown_column},
        score_tables::{CriterionNames, DecimalMark, FileCell, FileLine, Heads, TableLayout},
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

    pub(super) fn says_stages(&self) -> bool {
        self.heads.as_ref().is_some_and(Heads::says_stages)
    }

    pub(super) fn find(
        &mut self,
        line: u32,
        column: Option<usize>,
        value: Option<&str>,
        violation: Violation,
    ) {
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
pub(super) type Write = (Option<IndexScore>, IndexScore);

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
    if !outcome.says_stages() {
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

/// Finds the heads among the first lines, and gives the number of lines up to them, with the one that numbers the
/// columns; notes what is wrong otherwise.
fn find_heads(
    outcome: &mut ScoreImportOutcome,
    lines: &[FileLine],
    criteria: &CriterionNames,
) -> Option<usize> {
    let (layout, unit_column) = (outcome.order.layout, outcome.order.unit_column.clone());
    let mut refused = Vec::new();
    for (i, line) in lines.iter().take(HEAD_LINES).enumerate() {
        let unit_column = unit_column.as_deref();
        let second = lines.get(i + 1);
        let both = second.and_then(|second| two_lines(line, second, criteria, layout, unit_column));
        let end = if both.is_some() { i + 2 } else { i + 1 };
        match both.map_or_else(|| Heads::read(line, criteria, layout, unit_column), Ok) {
            Ok(heads) => {
                let is_numbered = lines.get(end).is_some_and(|below| {
                    let next =
                        lines.iter().skip(end + 1).find(|line| !line.cells.iter().all(FileCell::is_blank));
                    numbers_columns(&heads, below, next)
                });
                outcome.heads = Some(heads);
                return Some(end + usize::from(is_numbered));
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
