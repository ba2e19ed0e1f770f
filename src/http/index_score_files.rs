//! Scores of an edition as a file that is made as a whole: a row a unit and a column a criterion, a dataset of
//! JSON-stat, or a JSON document.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    code_labels,
    crud::Exposed,
    formats::ScoreFileFormat,
    index_score_parts::IndexScoreView,
    json_stat::{self, Category, Dataset, Dimension, Role},
    problem::Problem,
    ranking_files::unit_name,
    respond,
    tables::{self, Cell, Column, Table},
};
use crate::{
    domain::{
        index_scores::{IndexScore, ScoreStage},
        time::Day,
    },
    service::{
        edition_scores::{EditionScores, too_many},
        index_scores::IndexScores,
    },
    store::index_scores::TOTAL,
};

/// Most cells of a table or a dataset.
const MOST_CELLS: usize = 2_000_000;
/// Most columns of a spreadsheet, but for those of units and ranks.
const MOST_COLUMNS: usize = 16_000;

/// Every score that the filters leave.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexScoreFile {
    /// The scores in the order of ids.
    pub items: Vec<IndexScoreView>,
}

/// Scores in a form that is made as a whole.
///
/// # Errors
/// `validation` for too many cells, `internal` when it can't be written.
pub fn answer(
    request: &HttpRequest,
    scores: &EditionScores,
    format: ScoreFileFormat,
    today: Day,
) -> Result<HttpResponse, Problem> {
    let sheet = Sheet::of(scores);
    match format {
        ScoreFileFormat::Xlsx if sheet.columns().len() > MOST_COLUMNS => Err(too_many().into()),
        ScoreFileFormat::Xlsx | ScoreFileFormat::JsonStat if sheet.cells() > MOST_CELLS => {
            Err(too_many().into())
        }
        ScoreFileFormat::Xlsx => tables::xlsx(request, &sheet.table()),
        ScoreFileFormat::JsonStat => Ok(json_stat::answer(request, &sheet.dataset())),
        ScoreFileFormat::Json | ScoreFileFormat::Csv | ScoreFileFormat::Ndjson => {
            let items = scores.scores.iter().map(|score| IndexScores::view(score.clone(), today)).collect();
            Ok(respond::computed(request, &IndexScoreFile { items }))
        }
    }
}

/// Where a score stands: its unit, its criterion (none for the total) and its stage.
type Place<'a> = (&'a str, Option<&'a str>, ScoreStage);

fn place(score: &IndexScore) -> Place<'_> {
    (score.unit_id.as_str(), score.criterion.as_deref(), score.stage)
}

/// The scores by their places.
struct Sheet<'a> {
    of: &'a EditionScores,
    by_place: HashMap<Place<'a>, &'a IndexScore>,
    /// The criteria that have scores in the order of the edition, then the total if it has.
    criteria: Vec<Option<&'a str>>,
    /// The stages that have scores.
    stages: Vec<ScoreStage>,
    /// The criteria and stages that have scores.
    filled: BTreeSet<(Option<&'a str>, ScoreStage)>,
}

impl<'a> Sheet<'a> {
    fn of(of: &'a EditionScores) -> Self {
        let scores: Vec<&IndexScore> = of.scores.iter().map(|score| &score.record).collect();
        let filled: BTreeSet<_> = scores.iter().map(|s| (s.criterion.as_deref(), s.stage)).collect();
        let scored: BTreeSet<Option<&str>> = filled.iter().map(|(criterion, _)| *criterion).collect();
        let known = of.edition.criteria.iter().map(|c| Some(c.code.as_str())).chain([None]);
        let stages = ScoreStage::ALL.iter().copied();
        Self {
            by_place: scores.iter().map(|s| (place(s), *s)).collect(),
            criteria: known.filter(|criterion| scored.contains(criterion)).collect(),
            stages: stages.filter(|stage| filled.iter().any(|(_, of)| of == stage)).collect(),
            filled,
            of,
        }
    }

    /// The criteria with their stages: what has no score has no column.
    fn columns(&self) -> Vec<(Option<&'a str>, ScoreStage)> {
        let pairs = self.criteria.iter().flat_map(|c| self.stages.iter().map(move |stage| (*c, *stage)));
        pairs.filter(|pair| self.filled.contains(pair)).collect()
    }

    fn cells(&self) -> usize {
        self.of.units.len().saturating_mul(self.criteria.len()).saturating_mul(self.stages.len())
    }

    fn score(&self, unit: &'a str, criterion: Option<&'a str>, stage: ScoreStage) -> Option<&'a IndexScore> {
        self.by_place.get(&(unit, criterion, stage)).copied()
    }

    /// The rank that was published with the total of the last stage that has one.
    fn published_rank(&self, unit: &'a str) -> Option<i32> {
        ScoreStage::ALL.iter().rev().find_map(|stage| self.score(unit, None, *stage))?.published_rank
    }

    fn name(&self, criterion: Option<&'a str>) -> &'a str {
        let named = |code: &'a str| self.of.edition.criterion(code).map_or(code, |c| c.name.as_str());
        criterion.map_or("Tổng điểm", named)
    }

    fn table(&self) -> Table {
        let edition = &self.of.edition;
        let (index, year) = (&edition.index_code, edition.year);
        let of = self.columns();
        let ranked = self.of.units.iter().any(|unit| self.published_rank(&unit.id).is_some());
        let stage = |stage: ScoreStage| code_labels::vietnamese("ScoreStage", stage.as_str());
        let mut columns = vec![Column::new("Mã đơn vị", 13), Column::new("Đơn vị", 30)];
        columns.extend(of.iter().map(|(criterion, at)| match self.stages.len() {
            1 => Column::new(self.name(*criterion), 12),
            _ => Column::new(format!("{} ({})", self.name(*criterion), stage(*at)), 12),
        }));
        columns.extend(ranked.then(|| Column::new("Hạng công bố", 9)));
        let row = |id: &'a str, name: &str| {
            let mut row = vec![Cell::Text(id.to_owned()), Cell::text(Some(name))];
            row.extend(of.iter().map(|(criterion, at)| match self.score(id, *criterion, *at) {
                Some(score) if !score.applicable => Cell::text(Some("Không áp dụng")),
                score => Cell::rounded(score.and_then(|s| s.score.as_ref()), edition.decimals),
            }));
            row.extend(ranked.then(|| Cell::count(self.published_rank(id))));
            row
        };
        let stages: Vec<&str> = self.stages.iter().map(|at| stage(*at)).collect();
        Table {
            name: format!("index-scores_{index}_{year}"),
            sheet: "Điểm",
            title: vec![
                format!("BẢNG ĐIỂM CHỈ SỐ {} NĂM {year}", index.to_uppercase()),
                format!("Giai đoạn: {}.", stages.join(", ")),
            ],
            columns,
            rows: self.of.units.iter().map(|unit| row(&unit.id, &unit.name)).collect(),
            notes: vec!["Ghi chú:".to_owned(), format!("Số đơn vị có điểm: {}.", self.of.units.len())],
            year,
        }
    }

    fn dataset(&self) -> Dataset {
        let edition = &self.of.edition;
        let (counts, decimals) = (unit_name(edition.unit_of_measure), edition.decimals);
        let year = edition.year.to_string();
        let criterion = |code: &Option<&'a str>| {
            Category::metric(code.unwrap_or(TOTAL), self.name(*code), counts, decimals)
        };
        let stage = |stage: &ScoreStage| {
            Category::new(stage.as_str(), code_labels::vietnamese("ScoreStage", stage.as_str()))
        };
        let units = self.of.units.iter().map(|unit| Category::new(&unit.id, &unit.name));
        let dimension = |id, label, role, categories| Dimension { id, label, role, categories };
        let dimensions = [
            dimension("unit", "Đơn vị", Role::Geo, units.collect()),
            dimension("criterion", "Tiêu chí", Role::Metric, self.criteria.iter().map(criterion).collect()),
            dimension("stage", "Giai đoạn", Role::Classification, self.stages.iter().map(stage).collect()),
            dimension("year", "Năm", Role::Time, vec![Category::new(&year, &year)]),
        ];
        let mut dataset = Dataset::new(format!("Điểm chỉ số {} năm {year}", edition.index_code), &dimensions);
        for unit in &self.of.units {
            for criterion in &self.criteria {
                for stage in &self.stages {
                    let score = self.score(&unit.id, *criterion, *stage);
                    let why = if score.is_some() { "not_applicable" } else { "no_score" };
                    dataset.push([score.and_then(|s| s.score.clone())], Some(why));
                }
            }
        }
        dataset
    }
}
