//! Series as files: a row a unit and year, and a dataset of JSON-stat with both as dimensions.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};

use super::{
    code_labels,
    formats::FileFormat,
    json_stat::{self, Category, Dataset, Dimension, Role},
    problem::Problem,
    ranking_files::{comparable_word, unit_name},
    respond,
    tables::{self, Cell, Column, Table},
};
use crate::{
    domain::{decimal::Exact, editions::ScoreUnit},
    service::{
        ranking_reports::NotComparable,
        series::{Point, Series},
    },
};

/// Series in a form that is no JSON document of the interface. `name` is that of the file.
///
/// # Errors
/// `internal` when it can't be written.
pub fn answer(
    request: &HttpRequest,
    series: &Series,
    name: String,
    format: FileFormat,
    bom: bool,
) -> Result<HttpResponse, Problem> {
    let file = match format {
        FileFormat::Csv => tables::csv(request, &table(series, name), bom)?,
        FileFormat::Xlsx => tables::xlsx(request, &table(series, name))?,
        FileFormat::Json | FileFormat::JsonStat => json_stat::answer(request, &dataset(series)),
    };
    Ok(respond::dated(request, file, series.stands_since().and_then(respond::http_date)))
}

fn title(series: &Series) -> String {
    let years = match series.years {
        Some((from, to)) if from == to => format!(" năm {from}"),
        Some((from, to)) => format!(" từ năm {from} đến năm {to}"),
        None => String::new(),
    };
    format!("{}{years}", series.index_name)
}

/// Why a point has no standing, as a code.
fn why(point: &Point) -> Option<&'static str> {
    let (gap, unranked) = point.place.as_ref().err()?;
    Some(unranked.map_or(gap.as_str(), |reason| reason.as_str()))
}

/// The same in Vietnamese.
fn reason(point: &Point) -> Option<&'static str> {
    let (gap, unranked) = point.place.as_ref().err()?;
    Some(match unranked {
        Some(reason) => code_labels::vietnamese("Unranked", reason.as_str()),
        None => code_labels::vietnamese("SeriesGap", gap.as_str()),
    })
}

/// Whether a point is scored as the year before is: none where there is nothing to compare, else what differs.
fn before(point: &Point) -> Option<Option<NotComparable>> {
    point.facts.as_ref()?.before
}

fn why_not_comparable(why: NotComparable) -> (&'static str, &'static str) {
    code_labels::labels("NotComparable", why.as_str())
}

fn table(series: &Series, name: String) -> Table {
    let columns = vec![
        Column::new("Mã đơn vị", 13),
        Column::new("Đơn vị", 30),
        Column::new("Năm", 8),
        Column::new("Điểm", 10),
        Column::new("Điểm (đủ chữ số)", 22),
        Column::new("Hạng", 8),
        Column::new("Số đơn vị xếp hạng", 11),
        Column::new("Xếp loại", 14),
        Column::new("Hạng công bố", 9),
        Column::new("Khung đánh giá", 16),
        Column::new("Lý do không có số liệu", 24),
        // A table without notes, as CSV is, says it as well.
        Column::new("So sánh được với năm trước", 11),
        Column::new("Lý do không so sánh được", 24),
    ];
    let row = |unit_id: &str, unit_name: &str, point: &Point| {
        let place = point.place.as_ref().ok();
        let decimals = point.facts.as_ref().map_or(0, |facts| facts.decimals);
        vec![
            Cell::Text(unit_id.to_owned()),
            Cell::Text(unit_name.to_owned()),
            Cell::count(Some(point.year)),
            Cell::rounded(place.map(|place| &place.score), decimals),
            Cell::digits(place.map(|place| &place.score)),
            Cell::count(place.map(|place| place.rank)),
            Cell::count(place.and_then(|place| i64::try_from(place.cohort_size).ok())),
            Cell::text(place.and_then(|place| place.band.as_deref())),
            Cell::count(place.and_then(|place| place.published_rank)),
            Cell::text(point.facts.as_ref().map(|facts| facts.framework.as_str())),
            Cell::text(reason(point)),
            Cell::text(before(point).map(|why| comparable_word(why.is_none()))),
            Cell::text(before(point).flatten().map(|why| why_not_comparable(why).0)),
        ]
    };
    let rows = series
        .units
        .iter()
        .flat_map(|of| of.points.iter().map(move |point| row(&of.unit.id, &of.unit.name, point)))
        .collect();
    Table {
        name,
        sheet: "Chuỗi số liệu",
        title: vec![title(series)],
        columns,
        rows,
        notes: vec![
            "Điểm của các khung đánh giá khác nhau không so sánh được với nhau.".to_owned(),
            "Cột đủ chữ số ghi điểm chính xác dưới dạng văn bản.".to_owned(),
        ],
        year: series.years.map_or(1900, |(_, to)| to),
    }
}

/// Which years are not scored as the one before is, in Vietnamese and in English.
fn notes(series: &Series) -> Vec<String> {
    let points = series.units.iter().flat_map(|unit| &unit.points);
    let differing: BTreeMap<i32, NotComparable> =
        points.filter_map(|point| Some((point.year, before(point).flatten()?))).collect();
    let note = |(year, why): (i32, NotComparable)| {
        let (vietnamese, english) = why_not_comparable(why);
        let last = year - 1;
        [
            format!("Năm {year} không so sánh được với năm {last}: {vietnamese}."),
            format!("{year} doesn't compare with {last} like with like: {english}."),
        ]
    };
    differing.into_iter().flat_map(note).collect()
}

fn dataset(series: &Series) -> Dataset {
    let facts = series.units.iter().flat_map(|unit| &unit.points).filter_map(|point| point.facts.as_ref());
    let decimals = facts.clone().map(|facts| facts.decimals).max().unwrap_or(0);
    let unit = unit_name(facts.map(|facts| facts.unit_of_measure).next_back().unwrap_or(ScoreUnit::Points));
    let years = series.years.into_iter().flat_map(|(from, to)| from..=to);
    let dimensions = [
        Dimension {
            id: "unit",
            label: "Đơn vị",
            role: Role::Geo,
            categories: series.units.iter().map(|of| Category::new(&of.unit.id, &of.unit.name)).collect(),
        },
        Dimension {
            id: "year",
            label: "Năm",
            role: Role::Time,
            categories: years.map(|year| Category::new(year.to_string(), year.to_string())).collect(),
        },
        Dimension {
            id: "metric",
            label: "Chỉ tiêu",
            role: Role::Metric,
            categories: vec![
                Category::metric("score", "Điểm", unit, decimals),
                Category::metric("rank", "Hạng", "hạng", 0),
                Category::metric("cohort_size", "Số đơn vị được xếp hạng", "đơn vị", 0),
                Category::metric("published_rank", "Hạng công bố", "hạng", 0),
            ],
        },
    ];
    let mut dataset = Dataset::new(title(series), &dimensions);
    dataset.note = notes(series);
    for point in series.units.iter().flat_map(|unit| &unit.points) {
        let place = point.place.as_ref().ok();
        let figures = [
            place.map(|place| place.score.clone()),
            place.map(|place| Exact::from(i64::from(place.rank))),
            place.and_then(|place| i64::try_from(place.cohort_size).ok()).map(Exact::from),
            place.and_then(|place| place.published_rank).map(|rank| Exact::from(i64::from(rank))),
        ];
        dataset.push(figures, why(point));
    }
    dataset
}
