//! The rows of a score table, checked one by one against the edition, the units and the scores that are there.

use std::collections::{HashMap, HashSet};

use super::{
    access::Caller,
    criterion_values,
    error::{Error, Result},
    index_scores::stage_closed,
    score_imports::{LineOutsideCohorts, MOST_LISTED, PlannedScore, ScoreChange, ScoreImportOutcome, Write},
    score_sheets, what_is_left,
};
use crate::{
    domain::{
        access::Scope,
        decimal::Exact,
        editions::Edition,
        index_scores::{IndexScore, ScoreStage},
        score_table_heads::without_head,
        score_table_rules::{cell_without_head, unclosed_quote},
        score_tables::{CriterionNames, FileCell, FileLine, Heads, Role, TableRow, TableValue},
        unit_names::UnitNames,
        violation::Violation,
    },
    store::{self, Conn},
};

/// Unit, criterion (none for the total) and stage of a score.
type Place = (String, Option<String>, ScoreStage);

fn place(score: &IndexScore) -> Place {
    (score.unit_id.clone(), score.criterion.clone(), score.stage)
}

/// What the rows of a table are checked against, and what they came to.
pub(super) struct Checker {
    pub outcome: ScoreImportOutcome,
    edition: Edition,
    units: UnitNames,
    /// The units of all cohorts.
    ranked: HashSet<String>,
    /// The scores that are there.
    present: HashMap<Place, IndexScore>,
    /// Where the scores of this table stand: line and column.
    seen: HashMap<Place, (u32, usize)>,
    writes: Vec<Write>,
}

impl Checker {
    pub fn new(conn: &mut Conn, outcome: ScoreImportOutcome, edition: Edition) -> Result<Self> {
        let mut ranked = HashSet::new();
        for cohort in &edition.cohorts {
            ranked.extend(score_sheets::members(conn, &edition, cohort)?.into_iter().map(|unit| unit.id));
        }
        let units = UnitNames::new(&store::units::all(conn)?, edition.year, &ranked);
        let (index, year) = (&edition.index_code, edition.year);
        // What is above or below in the tree may be of another stage.
        let is_tree = edition.criteria.iter().any(|criterion| criterion.parent.is_some());
        let present = match outcome.says_stages() || is_tree {
            false => store::index_scores::of_edition(conn, index, year, outcome.order.stage)?,
            true => store::index_scores::of_stages(conn, index, year, None)?,
        };
        let present = present.into_iter().map(|score| (place(&score), score)).collect();
        Ok(Self { outcome, edition, units, ranked, present, seen: HashMap::new(), writes: Vec::new() })
    }

    /// Reads a line below the heads.
    pub fn read(
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
        if let Some((first, _)) = self.seen.get(&key) {
            let violation = second(*first);
            self.outcome.find(line, Some(column), written(column), violation);
            return;
        }
        if !self.edition.status.takes(stage) {
            // Where no cell says the stage, the head of the score does.
            let (at, value) = match self.column_of(&Role::Stage) {
                Some(at) => (at, Some(stage.as_str())),
                None => (column, written(column)),
            };
            self.outcome.find(line, Some(at), value, stage_closed(&self.edition, stage));
            return;
        }
        let old = self.present.get(&key).cloned();
        let new = self.score(unit_id, stage, value, old.as_ref());
        self.seen.insert(key, (line, column));
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

    pub fn end(mut self, heads: &Heads) -> (ScoreImportOutcome, Vec<Write>) {
        if self.outcome.rows == 0 {
            let violation =
                Violation::new("", "no_rows", "No line has a score.", "Không có dòng nào có điểm.");
            self.outcome.find(heads.line, None, None, violation);
        }
        if self.edition.criteria.iter().any(|criterion| criterion.parent.is_some()) {
            self.check_what_is_left();
        }
        (self.outcome, self.writes)
    }

    /// Finds scores of more than is left of their points, by all that there is once the table is in.
    fn check_what_is_left(&mut self) {
        let mut together: HashMap<&Place, &IndexScore> = HashMap::new();
        let written: HashMap<Place, &IndexScore> =
            self.writes.iter().map(|(_, new)| (place(new), new)).collect();
        together.extend(self.present.iter());
        together.extend(written.iter().map(|(place, new)| (place, *new)));
        let is_out = |score: &&IndexScore| {
            !score.applicable || what_is_left::is_without_survey(&self.edition, score.stage)
        };
        // Where nothing is out of any points, nothing is above what is left.
        let cut: HashSet<&str> =
            together.values().filter(|s| is_out(s)).map(|s| s.unit_id.as_str()).collect();
        let stages: HashSet<(&str, ScoreStage)> =
            written.keys().map(|(unit, _, stage)| (unit.as_str(), *stage)).collect();
        let mut by_unit: HashMap<&str, Vec<&IndexScore>> = HashMap::new();
        for score in together.values().filter(|score| cut.contains(score.unit_id.as_str())) {
            by_unit.entry(score.unit_id.as_str()).or_default().push(score);
        }
        let mut found: Vec<TooHigh> = Vec::new();
        for (unit, stage) in stages {
            let scores = by_unit.get(unit).map(Vec::as_slice).unwrap_or_default();
            for (score, most) in what_is_left::too_high(&self.edition, stage, scores) {
                found.extend(self.cells_too_high(score, &most));
            }
        }
        found.sort_by_key(|((line, column), ..)| (*line, *column));
        found.dedup_by_key(|(at, ..)| *at);
        for ((line, column), value, violation) in found {
            self.outcome.find(line, Some(column), value.as_deref(), violation);
        }
    }

    /// The cell of a score above what is left; where it was there before, those of the parts below it.
    fn cells_too_high(&self, score: &IndexScore, most: &Exact) -> Vec<TooHigh> {
        let Some(code) = score.criterion.as_deref() else { return Vec::new() };
        if let Some(at) = self.seen.get(&place(score)) {
            let value = score.score.as_ref().map(Exact::to_string);
            return vec![(*at, value, what_is_left::above_what_is_left(String::new(), most))];
        }
        let below = criterion_values::subtree(&self.edition, code);
        let is_part = |new: &IndexScore| new.criterion.as_deref().is_some_and(|part| below.contains(part));
        let out = self.writes.iter().map(|(_, new)| new);
        let out = out.filter(|new| new.unit_id == score.unit_id && !new.applicable && is_part(new));
        let said_in = self.column_of(&Role::Applicable);
        let told = |new: &IndexScore| {
            let (line, column) = *self.seen.get(&place(new))?;
            let violation = what_is_left::below_a_score(String::new(), code, most, score.stage);
            Some(((line, said_in.unwrap_or(column)), None, violation))
        };
        out.filter_map(told).collect()
    }
}

/// Line and column, value and what is wrong with it.
type TooHigh = ((u32, usize), Option<String>, Violation);

fn second(first: u32) -> Violation {
    Violation::new(
        "",
        "duplicate",
        format!("Line {first} has this score already."),
        format!("Dòng {first} đã có điểm này."),
    )
}
