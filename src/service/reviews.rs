//! The yearly review of a unit: what was reported beside what the records give, and what does not add up.
//!
//! Reported figures stay as they were published. A measure is named `dossiers.<figure>[.<level>]`,
//! `commendations.<kind>` or `<index>.<what>`; one that can't be computed is null, with the reason.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use super::{
    dossier_statistics::{self, Check, Figures, Grouping, Statistics},
    edition_cycle::{self, Asked},
    error::{Error, Result},
    ranking_reports::{self, BaseYear, RankingReport},
    rankings::Standing,
};
use crate::{
    domain::{
        commendations::RecipientKind,
        decimal::Exact,
        editions::Edition,
        improvement_actions::ImprovementAction,
        index_scores::ScoreStage,
        periods::{NamedPeriod, PeriodCalendar},
        reported_figures::{FigureUnit, ReportedFigure},
        time::Day,
        units::Unit,
        words::words,
    },
    store::{self, Conn, Store},
};

words! {
    /// Why there is no computed figure beside a reported one.
    pub enum Missing {
        /// The index has no scores of this unit in that year.
        NoScores = "no_scores",
        /// There is no base year to compare with.
        NoBase = "no_base",
        /// The figure is of another period than the review.
        OtherPeriod = "other_period",
        /// The service computes no such measure.
        UnknownMeasure = "unknown_measure",
        /// It counts so few dossiers that the public is not shown it.
        Withheld = "withheld",
    }
}

/// A reported figure beside the computed one.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What was reported.
    pub figure: ReportedFigure,
    /// What the records give, as text, or why they give nothing.
    pub computed: std::result::Result<String, Missing>,
    /// Computed minus reported.
    pub difference: Option<Exact>,
    /// Whether they are equal; none where nothing is computed.
    pub agrees: Option<bool>,
}

/// An index in a review.
#[derive(Debug, Clone)]
pub struct ReviewedIndex {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// What was reported of it.
    pub reported: Vec<ReportedFigure>,
    /// Where the unit stands, with the ranking it stands in, or why that is not known.
    pub computed: std::result::Result<(Box<Standing>, Box<RankingReport>), Missing>,
}

/// A review.
#[derive(Debug, Clone)]
pub struct Review {
    /// The unit, named as at the end of the period.
    pub unit: Unit,
    /// The year.
    pub year: i32,
    /// Statistics of its dossiers, by level.
    pub dossiers: Statistics,
    /// The indexes that it speaks of or that rank the unit.
    pub indexes: Vec<ReviewedIndex>,
    /// Collectives commended.
    pub collectives: i64,
    /// Individuals commended.
    pub individuals: i64,
    /// Each reported figure beside the computed one.
    pub reported: Vec<Comparison>,
    /// What must add up, and by how much it does not.
    pub checks: Vec<Check>,
    /// What the review ordered.
    pub improvement_actions: Vec<ImprovementAction>,
}

impl Review {
    /// Takes away what counts so few dossiers that the public must not see it, also beside reported figures; none
    /// where all dossiers together are too few to tell anything.
    pub fn withhold(&mut self, least: i64) -> Option<()> {
        let all = levels(&self.dossiers);
        self.dossiers.withhold(least)?;
        let shown = levels(&self.dossiers);
        for comparison in &mut self.reported {
            let what = comparison.figure.measure.strip_prefix("dossiers.");
            let level = what.and_then(|what| what.split_once('.')).map(|(_, level)| level);
            let withheld = level.is_some_and(|level| all.contains(level) && !shown.contains(level));
            if withheld && comparison.computed.is_ok() {
                comparison.computed = Err(Missing::Withheld);
                comparison.difference = None;
                comparison.agrees = None;
            }
        }
        Some(())
    }
}

/// The levels that statistics have a row of.
fn levels(statistics: &Statistics) -> HashSet<String> {
    statistics.rows.iter().flat_map(|row| &row.group).filter_map(|(_, level)| level.clone()).collect()
}

/// The review of a unit for a year.
///
/// # Errors
/// `NotFound` for an unknown unit, `Invalid` for a year that has not begun.
pub async fn review(
    store: &Store,
    unit_id: String,
    year: i32,
    calendar: PeriodCalendar,
    asked: Asked,
    today: Day,
) -> Result<Review> {
    store.read(move |conn| compute(conn, &unit_id, year, calendar, &asked, today)).await
}

fn compute(
    conn: &mut Conn,
    unit_id: &str,
    year: i32,
    calendar: PeriodCalendar,
    asked: &Asked,
    today: Day,
) -> Result<Review> {
    let mut unit =
        store::units::find(conn, unit_id)?.ok_or_else(|| Error::not_found("units", unit_id))?.record;
    let span = NamedPeriod::of_year(year)
        .span(calendar)
        .ok_or_else(|| Error::not_found("reviews", format!("{unit_id}/{year}")))?;
    dossier_statistics::check_begun("year", span, today)?;
    unit.take_name_of(span.to);
    let question = dossier_statistics::Question {
        unit_id: unit_id.to_owned(),
        span,
        calendar,
        group_by: vec![Grouping::Level],
        as_of: None,
    };
    let dossiers = dossier_statistics::compute(conn, question, today)?;
    let counts = store::commendations::count_recipients(conn, unit_id, year)?;
    let count = |kind| counts.get(&kind).copied().unwrap_or(0);
    let figures = store::reported_figures::of_review(conn, unit_id, year)?;
    let indexes = reviewed_indexes(conn, unit_id, year, asked, &figures)?;
    let mut review = Review {
        year,
        checks: checks(&dossiers, &figures, year),
        collectives: count(RecipientKind::Collective),
        individuals: count(RecipientKind::Individual),
        improvement_actions: store::improvement_actions::of_review(conn, unit_id, year)?,
        reported: Vec::new(),
        unit,
        dossiers,
        indexes,
    };
    review.reported = figures.into_iter().map(|figure| compare(figure, &review)).collect();
    Ok(review)
}

fn checks(dossiers: &Statistics, figures: &[ReportedFigure], year: i32) -> Vec<Check> {
    let total = &dossiers.total;
    let mut checks = dossiers.checks.clone();
    checks.push(Check {
        code: "classified_equals_resolved",
        left: total.classified(),
        right: total.resolved,
    });
    // Figures of this period alone, each measure once, however many sources give it.
    let mut reported: BTreeMap<&str, i64> = BTreeMap::new();
    for figure in figures.iter().filter(|figure| figure.period == year.to_string()) {
        if let Some(value) = figure.number().and_then(|number| number.to_string().parse().ok()) {
            reported.entry(&figure.measure).or_insert(value);
        }
    }
    if let Some(&received) = reported.get("dossiers.received") {
        let levels: Vec<i64> = reported
            .iter()
            .filter(|(measure, _)| measure.starts_with("dossiers.received."))
            .map(|(_, value)| *value)
            .collect();
        if !levels.is_empty() {
            checks.push(Check {
                code: "reported_levels_equal_received",
                left: levels.iter().sum(),
                right: received,
            });
        }
        if let (Some(on_time), Some(late)) = (reported.get("dossiers.on_time"), reported.get("dossiers.late"))
        {
            checks.push(Check {
                code: "reported_on_time_and_late_equal_received",
                left: on_time + late,
                right: received,
            });
        }
    }
    checks
}

/// The index and the year that a figure speaks of: the part of its measure before the point, and its period.
fn index_of(figure: &ReportedFigure) -> Option<(String, i32)> {
    let (index, _) = figure.measure.split_once('.')?;
    if matches!(index, "dossiers" | "commendations") {
        return None;
    }
    Some((index.to_owned(), figure.period.parse().ok()?))
}

fn reviewed_indexes(
    conn: &mut Conn,
    unit_id: &str,
    year: i32,
    asked: &Asked,
    figures: &[ReportedFigure],
) -> Result<Vec<ReviewedIndex>> {
    let mut named: BTreeMap<(String, i32), Vec<ReportedFigure>> = BTreeMap::new();
    for figure in figures {
        if let Some(index) = index_of(figure) {
            named.entry(index).or_default().push(figure.clone());
        }
    }
    for edition in store::editions::of_year(conn, year)? {
        named.entry((edition.index_code, year)).or_default();
    }
    let mut reviewed = Vec::new();
    for ((index_code, year), reported) in named {
        for (base, reported) in by_base(year, reported) {
            let computed = standing(conn, unit_id, &index_code, year, base, asked)?;
            if computed.is_ok() || !reported.is_empty() {
                reviewed.push(ReviewedIndex { index_code: index_code.clone(), year, reported, computed });
            }
        }
    }
    // The latest data first, then by code; the sort keeps the order of the base years.
    reviewed.sort_by(|a, b| b.year.cmp(&a.year).then_with(|| a.index_code.cmp(&b.index_code)));
    Ok(reviewed)
}

/// Figures of one index and year, apart by the year that they compare with, the latest first.
///
/// A change without a base period compares with the year before; what compares with nothing (a band, a score)
/// goes with the first.
fn by_base(year: i32, figures: Vec<ReportedFigure>) -> Vec<(Option<i32>, Vec<ReportedFigure>)> {
    let base_of = |figure: &ReportedFigure| -> Option<i32> {
        let named = figure.base_period.as_ref().and_then(|base| base.parse().ok());
        named.or_else(|| figure.measure.ends_with("_change").then_some(year - 1))
    };
    let mut bases: Vec<i32> = figures.iter().filter_map(base_of).collect();
    bases.sort_unstable_by(|a, b| b.cmp(a));
    bases.dedup();
    if bases.is_empty() {
        return vec![(None, figures)];
    }
    let mut groups: Vec<(Option<i32>, Vec<ReportedFigure>)> =
        bases.iter().map(|base| (Some(*base), Vec::new())).collect();
    for figure in figures {
        let base = base_of(&figure);
        let group = groups.iter_mut().find(|(of, _)| base.is_none() || *of == base);
        if let Some((_, group)) = group {
            group.push(figure);
        }
    }
    groups
}

/// The edition, where there is one that the caller may see.
fn seen(conn: &mut Conn, index: &str, year: i32, asked: &Asked) -> Result<Option<Edition>> {
    match edition_cycle::edition_at(conn, index, year, asked) {
        Ok(edition) => Ok(Some(edition)),
        Err(Error::NotFound { .. } | Error::Absent { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

type Computed = std::result::Result<(Box<Standing>, Box<RankingReport>), Missing>;

/// Where the unit stands, in the first cohort of the edition that ranks it.
fn standing(
    conn: &mut Conn,
    unit_id: &str,
    index: &str,
    year: i32,
    base: Option<i32>,
    asked: &Asked,
) -> Result<Computed> {
    let Some(edition) = seen(conn, index, year, asked)? else { return Ok(Err(Missing::NoScores)) };
    let base = match base {
        Some(base) if seen(conn, index, base, asked)?.is_some() => BaseYear::Year(base),
        Some(_) => BaseYear::Without,
        None => BaseYear::Before,
    };
    for cohort in edition.cohorts {
        let question = ranking_reports::Question {
            index_code: index.to_owned(),
            year,
            base,
            cohort: Some(cohort.code),
            stage: ScoreStage::Final,
            asked: asked.clone(),
            kept: Arc::default(),
            store: None,
        };
        let report = ranking_reports::report(conn, &question)?;
        if let Some(standing) = report.ranking.standings.iter().find(|s| s.unit_id == unit_id) {
            return Ok(Ok((Box::new(standing.clone()), Box::new(report))));
        }
    }
    Ok(Err(Missing::NoScores))
}

fn compare(figure: ReportedFigure, review: &Review) -> Comparison {
    let computed = computed(&figure, review);
    let (difference, agrees) = match &computed {
        Err(_) => (None, None),
        Ok(text) if figure.unit_of_measure == FigureUnit::Band => (None, Some(*text == figure.value)),
        Ok(text) => {
            let difference = Exact::parse(text).ok().zip(figure.number()).map(|(c, r)| &c - &r);
            let agrees = difference.as_ref().map(Exact::is_zero);
            (difference, agrees)
        }
    };
    Comparison { figure, computed, difference, agrees }
}

fn computed(figure: &ReportedFigure, review: &Review) -> std::result::Result<String, Missing> {
    let Some((subject, what)) = figure.measure.split_once('.') else { return Err(Missing::UnknownMeasure) };
    match subject {
        "dossiers" | "commendations" if figure.period != review.year.to_string() => Err(Missing::OtherPeriod),
        "dossiers" => dossier_figure(what, &review.dossiers),
        "commendations" => match what {
            "collectives" => Ok(review.collectives.to_string()),
            "individuals" => Ok(review.individuals.to_string()),
            _ => Err(Missing::UnknownMeasure),
        },
        _ => {
            let of_figure = |index: &&ReviewedIndex| index.reported.iter().any(|f| f.id == figure.id);
            match review.indexes.iter().find(of_figure).map(|index| &index.computed) {
                Some(Ok((standing, report))) => index_figure(what, figure, standing, report),
                Some(Err(missing)) => Err(*missing),
                None => Err(Missing::OtherPeriod),
            }
        }
    }
}

fn dossier_figure(what: &str, statistics: &Statistics) -> std::result::Result<String, Missing> {
    let (name, level) = match what.split_once('.') {
        Some((name, level)) => (name, Some(level)),
        None => (what, None),
    };
    let nothing = Figures::default();
    let figures = match level {
        None => &statistics.total,
        Some(level) => statistics
            .rows
            .iter()
            .find(|row| row.group.iter().any(|(_, value)| value.as_deref() == Some(level)))
            .map_or(&nothing, |row| &row.figures),
    };
    let value = match name {
        "received" => figures.received,
        "resolved" => figures.resolved,
        "early" => figures.early,
        // As authorities report it: what was not late, the early ones included.
        "on_time" => figures.early + figures.on_time,
        "late" => figures.late,
        "unclassified" => figures.unclassified,
        "in_person" => figures.in_person,
        "online" => figures.online,
        "postal" => figures.postal,
        "home_appointment" => figures.home_appointment,
        "interlinked" => figures.interlinked,
        "returned_by_post" => figures.returned_by_post,
        "carried_over" => figures.carried_over,
        "open" => figures.open,
        "overdue" => figures.overdue,
        "withdrawn" => figures.withdrawn,
        "stopped" => figures.stopped,
        _ => return Err(Missing::UnknownMeasure),
    };
    Ok(value.to_string())
}

fn index_figure(
    what: &str,
    figure: &ReportedFigure,
    standing: &Standing,
    report: &RankingReport,
) -> std::result::Result<String, Missing> {
    let decimals = report.sheet.edition.decimals;
    match what {
        "score" => Ok(standing.total.score.to_fixed(decimals)),
        "rank" => Ok(standing.rank.to_string()),
        "band" => standing.band.clone().ok_or(Missing::NoScores),
        "rank_change" => standing.delta.rank_change.map(|c| c.to_string()).ok_or(Missing::NoBase),
        "score_change" => {
            let change = match figure.unit_of_measure {
                FigureUnit::Percent => &standing.delta.relative_percent,
                _ => &standing.delta.score,
            };
            change.as_ref().map(|c| c.to_fixed(decimals)).ok_or(Missing::NoBase)
        }
        _ => Err(Missing::UnknownMeasure),
    }
}
