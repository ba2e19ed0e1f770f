//! A ranking as a file: a table for people and spreadsheets, and a dataset of JSON-stat.

use std::{collections::HashSet, sync::Arc};

use actix_web::{HttpRequest, HttpResponse};

use super::{
    code_labels,
    formats::FileFormat,
    json_stat::{self, Category, Dataset, Dimension, Role},
    problem::Problem,
    respond,
    tables::{self, Cell, Column, Table},
};
use crate::{
    domain::{decimal::Exact, editions::ScoreUnit},
    service::{ranking_reports::RankingReport, rankings::Standing, totals::ComponentKind},
};

/// What files say of changes between years that are counted otherwise.
const NOT_COMPARABLE: &str = "Thay đổi so với năm gốc không so sánh được";

/// What a score of an edition counts, in Vietnamese.
pub const fn unit_name(unit: ScoreUnit) -> &'static str {
    match unit {
        ScoreUnit::Points => "điểm",
        ScoreUnit::Percent => "%",
    }
}

/// Whether two years are scored alike, in Vietnamese.
pub const fn comparable_word(comparable: bool) -> &'static str {
    if comparable { "có" } else { "không" }
}

/// A ranking in a form that is no JSON document of the interface.
///
/// # Errors
/// `internal` when it can't be written.
pub fn answer(
    request: &HttpRequest,
    report: &RankingReport,
    format: FileFormat,
    bom: bool,
    with_components: bool,
) -> Result<HttpResponse, Problem> {
    let file = match format {
        FileFormat::Csv => tables::csv(request, &table(report, with_components), bom)?,
        FileFormat::Xlsx => tables::xlsx(request, &table(report, with_components))?,
        FileFormat::Json | FileFormat::JsonStat => json_stat::answer(request, &dataset(report)),
    };
    Ok(respond::dated(request, file, report.published_at().and_then(respond::http_date)))
}

/// Names of a cohort's components in the order of the edition: those that some unit has.
fn components(report: &RankingReport) -> Vec<Option<Arc<str>>> {
    let edition = &report.sheet.edition;
    let standings = &report.ranking.standings;
    let deltas = standings.iter().flat_map(Standing::contribution_deltas);
    let known: HashSet<Option<Arc<str>>> = deltas.map(|component| component.criterion).collect();
    let areas = edition.criteria.iter().map(|c| Some(Arc::from(c.code.as_str())));
    areas.chain([None]).filter(|criterion| known.contains(criterion)).collect()
}

fn table(report: &RankingReport, with_components: bool) -> Table {
    let edition = &report.sheet.edition;
    let (index, year) = (&edition.index_code, edition.year);
    let components = if with_components { components(report) } else { Vec::new() };
    let comparable = report.base_year.map(|_| report.not_comparable.is_none());
    let mut rows: Vec<Vec<Cell>> = report
        .ranking
        .standings
        .iter()
        .map(|standing| row(standing, comparable, &components, edition.decimals))
        .collect();
    let columns = columns(report, &components);
    for unit in &report.ranking.unranked {
        let mut row = vec![Cell::Empty, Cell::Text(unit.unit_id.clone()), Cell::Text(unit.unit_name.clone())];
        row.resize(columns.len() - 1, Cell::Empty);
        row.push(Cell::text(Some(code_labels::vietnamese("Unranked", unit.reason.as_str()))));
        rows.push(row);
    }
    let stage = code_labels::vietnamese("ScoreStage", report.sheet.stage.as_str());
    let mut title = vec![
        format!("BẢNG XẾP HẠNG CHỈ SỐ {} NĂM {year}", index.to_uppercase()),
        format!("Nhóm xếp hạng: {}. Giai đoạn: {stage}.", report.sheet.cohort.name),
    ];
    title.extend(report.base_year.map(|base| format!("So sánh với năm {base}.")));
    Table {
        name: format!("ranking_{index}_{year}_{}", report.sheet.cohort.code),
        sheet: "Xếp hạng",
        title,
        columns,
        rows,
        notes: notes(report),
        year,
    }
}

fn notes(report: &RankingReport) -> Vec<String> {
    let mut notes = vec!["Ghi chú:".to_owned()];
    notes.push(format!("Số đơn vị được xếp hạng: {}.", report.ranking.cohort_size));
    if let Some(why) = report.not_comparable {
        let why = code_labels::vietnamese("NotComparable", why.as_str());
        notes.push(format!("{NOT_COMPARABLE}: {why}."));
    }
    notes.push(
        "Cột đủ chữ số ghi điểm chính xác dưới dạng văn bản; cột điểm hiển thị theo số chữ số thập phân của kỳ đánh \
         giá."
            .to_owned(),
    );
    notes
}

fn columns(report: &RankingReport, components: &[Option<Arc<str>>]) -> Vec<Column> {
    let edition = &report.sheet.edition;
    let mut columns = vec![
        Column::new("Hạng", 7),
        Column::new("Mã đơn vị", 13),
        Column::new("Đơn vị", 30),
        Column::new("Điểm", 10),
        Column::new("Điểm (đủ chữ số)", 20),
        Column::new("Xếp loại", 14),
        Column::new("Hạng công bố", 9),
    ];
    if let Some(base) = report.base_year {
        columns.extend([
            Column::new(format!("Điểm năm {base}"), 10),
            Column::new(format!("Hạng năm {base}"), 9),
            Column::new("Thay đổi điểm", 10),
            Column::new("Thay đổi điểm (đủ chữ số)", 20),
            Column::new("Thay đổi hạng", 9),
            // A table without notes, as CSV is, says it as well.
            Column::new("So sánh được", 9),
        ]);
    }
    for component in components {
        let name = component.as_deref().map(|code| edition.criterion(code).map_or(code, |c| c.name.as_str()));
        match name {
            Some(name) => {
                columns.push(Column::new(name, 12));
                columns.push(Column::new(format!("Đóng góp: {name}"), 12));
            }
            None => {
                let residual = code_labels::vietnamese("ComponentKind", ComponentKind::Residual.as_str());
                columns.push(Column::new(format!("Đóng góp: {residual}"), 12));
            }
        }
    }
    columns.push(Column::new("Lý do không xếp hạng", 24));
    columns
}

/// A ranked unit; `comparable` says of a base year whether its scores are counted alike.
fn row(
    standing: &Standing,
    comparable: Option<bool>,
    components: &[Option<Arc<str>>],
    decimals: u8,
) -> Vec<Cell> {
    let score = &standing.total.score;
    let mut row = vec![
        Cell::count(Some(standing.rank)),
        Cell::Text(standing.unit_id.clone()),
        Cell::Text(standing.unit_name.clone()),
        Cell::rounded(Some(score), decimals),
        Cell::digits(Some(score)),
        Cell::text(standing.band.as_deref()),
        Cell::count(standing.published_rank),
    ];
    if let Some(comparable) = comparable {
        let word = comparable_word(comparable);
        row.extend([
            Cell::rounded(standing.base.as_ref().map(|base| &base.total.score), decimals),
            Cell::count(standing.base.as_ref().map(|base| base.rank)),
            Cell::rounded(standing.delta.score.as_ref(), decimals),
            Cell::digits(standing.delta.score.as_ref()),
            Cell::count(standing.delta.rank_change),
            Cell::text(standing.base.as_ref().map(|_| word)),
        ]);
    }
    let given = if components.is_empty() { Vec::new() } else { standing.contribution_deltas() };
    for criterion in components {
        let component = given.iter().find(|component| component.criterion == *criterion);
        if criterion.is_some() {
            row.push(Cell::rounded(component.and_then(|c| c.score.as_ref()), decimals));
        }
        row.push(Cell::rounded(component.map(|c| &c.contribution), decimals));
    }
    row.push(Cell::Empty);
    row
}

fn dataset(report: &RankingReport) -> Dataset {
    let edition = &report.sheet.edition;
    let (unit, decimals) = (unit_name(edition.unit_of_measure), edition.decimals);
    let change = match edition.unit_of_measure {
        ScoreUnit::Points => "điểm",
        ScoreUnit::Percent => "điểm phần trăm",
    };
    let mut metrics = vec![
        Category::metric("score", "Điểm", unit, decimals),
        Category::metric("rank", "Hạng", "hạng", 0),
        Category::metric("published_rank", "Hạng công bố", "hạng", 0),
    ];
    if report.base_year.is_some() {
        metrics.extend([
            Category::metric("base_score", "Điểm năm gốc", unit, decimals),
            Category::metric("base_rank", "Hạng năm gốc", "hạng", 0),
            Category::metric("score_change", "Thay đổi điểm", change, decimals),
            Category::metric("rank_change", "Thay đổi hạng", "bậc", 0),
        ]);
    }
    let ranked = report.ranking.standings.iter().map(|s| Category::new(&s.unit_id, &s.unit_name));
    let unranked = report.ranking.unranked.iter().map(|u| Category::new(&u.unit_id, &u.unit_name));
    let width = metrics.len();
    let year = edition.year.to_string();
    let dimensions = [
        Dimension {
            id: "unit",
            label: "Đơn vị",
            role: Role::Geo,
            categories: ranked.chain(unranked).collect(),
        },
        Dimension {
            id: "year",
            label: "Năm",
            role: Role::Time,
            categories: vec![Category::new(&year, &year)],
        },
        Dimension { id: "metric", label: "Chỉ tiêu", role: Role::Metric, categories: metrics },
    ];
    let mut label =
        format!("Xếp hạng chỉ số {} năm {year}, {}", edition.index_code, report.sheet.cohort.name);
    if let Some(base) = report.base_year {
        label.push_str(&format!(", so với năm {base}"));
    }
    let mut dataset = Dataset::new(label, &dimensions);
    if let Some(why) = report.not_comparable {
        let (vietnamese, english) = code_labels::labels("NotComparable", why.as_str());
        dataset.note = vec![
            format!("{NOT_COMPARABLE}: {vietnamese}."),
            format!("The changes from the base year don't compare like with like: {english}."),
        ];
    }
    for standing in &report.ranking.standings {
        dataset.push(figures(standing).into_iter().take(width), None);
    }
    for unit in &report.ranking.unranked {
        dataset.push(std::iter::repeat_n(None, width), Some(unit.reason.as_str()));
    }
    dataset
}

/// The figures of a unit in the order of the metrics.
fn figures(standing: &Standing) -> [Option<Exact>; 7] {
    let base = standing.base.as_ref();
    let number = |rank: u32| Exact::from(i64::from(rank));
    [
        Some(standing.total.score.clone()),
        Some(number(standing.rank)),
        standing.published_rank.map(|rank| Exact::from(i64::from(rank))),
        base.map(|base| base.total.score.clone()),
        base.map(|base| number(base.rank)),
        standing.delta.score.clone(),
        standing.delta.rank_change.map(Exact::from),
    ]
}
