//! How units stood in an index year by year: the standings of each year come from [`ranking_reports`], and a year
//! without one is a gap that says why.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    crud::Resource,
    edition_cycle::{self, Asked},
    error::{Error, Result},
    indexes::Indexes,
    ranking_reports::{self, BaseYear, NotComparable, Question, RankingReport, why_not_comparable},
    rankings::Standing,
    totals::Unranked,
    units::Units,
};
use crate::{
    domain::{
        decimal::Exact,
        editions::{Edition, ScoreUnit},
        index_scores::ScoreStage,
        indexes::Index,
        time::{Day, Moment},
        units::Unit,
        words::words,
    },
    store::{self, Conn, Store},
};

words! {
    /// Why a year of a series has no standing.
    pub enum SeriesGap {
        /// The index has no edition of that year.
        NoEdition = "no_edition",
        /// The edition has no cohort of that code.
        NoCohort = "no_cohort",
        /// The unit belongs to no cohort that was asked for.
        NotInCohort = "not_in_cohort",
        /// The unit is in the cohort and has no rank there: see the ranking's own reason.
        Unranked = "unranked",
    }
}

/// What is asked of an index: units and years.
#[derive(Debug, Clone)]
pub struct SeriesQuestion {
    /// The index.
    pub index_code: String,
    /// The units, each once.
    pub unit_ids: Vec<String>,
    /// First year; that of the first edition when absent.
    pub from: Option<i32>,
    /// Last year; that of the last edition when absent.
    pub to: Option<i32>,
    /// Code of the cohort; the first that the unit belongs to when absent.
    pub cohort: Option<String>,
    /// Stage of the scores.
    pub stage: ScoreStage,
    /// Which state of the editions.
    pub asked: Asked,
}

/// What an edition says of every point of its year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearFacts {
    /// Id of the framework.
    pub framework: String,
    /// What a score counts.
    pub unit_of_measure: ScoreUnit,
    /// Decimals of the output.
    pub decimals: u8,
    /// When the revision was published; none for what is not published.
    pub published_at: Option<Moment>,
    /// Whether the year before was scored alike: none where the unit lacks a score in one of the two, else what
    /// differs.
    pub before: Option<Option<NotComparable>>,
}

/// Where a unit stood in a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its exact score.
    pub score: Exact,
    /// Its rank, from 1.
    pub rank: u32,
    /// Whether another unit has the same rank.
    pub tied: bool,
    /// How many units are ranked.
    pub cohort_size: usize,
    /// Label of the band.
    pub band: Option<String>,
    /// The rank that the publisher gave.
    pub published_rank: Option<i32>,
}

/// A year of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Data year.
    pub year: i32,
    /// What the edition says; none without one.
    pub facts: Option<YearFacts>,
    /// Code of the cohort that the unit is in.
    pub cohort: Option<String>,
    /// Where it stood, or why it stood nowhere; a unit without a rank has the ranking's reason too.
    pub place: std::result::Result<Place, (SeriesGap, Option<Unranked>)>,
}

/// The series of one unit.
#[derive(Debug, Clone)]
pub struct UnitSeries {
    /// The unit, named as at the end of the last year.
    pub unit: Unit,
    /// A point for each year asked for.
    pub points: Vec<Point>,
}

/// The series of units over the same years.
#[derive(Debug, Clone)]
pub struct Series {
    /// The index.
    pub index_code: String,
    /// Its name.
    pub index_name: String,
    /// First and last year; none without years to show.
    pub years: Option<(i32, i32)>,
    /// The units in the order asked for.
    pub units: Vec<UnitSeries>,
    /// When the last of the units and the index was written, or the year before the first published, with which that
    /// is compared; none where the log no longer tells, or that year is not published.
    pub written_at: Option<Moment>,
}

impl Series {
    /// Since when it stands as it is: when the last of its years was published, or one of its units or its index was
    /// written later, which are named as they are now. None when a year is not published, or without any.
    pub fn stands_since(&self) -> Option<Moment> {
        let facts = self.units.iter().flat_map(|of| &of.points).filter_map(|point| point.facts.as_ref());
        let published: Option<Vec<Moment>> = facts.map(|facts| facts.published_at).collect();
        let published = published?.into_iter().max()?;
        Some(published.max(self.written_at?))
    }
}

/// The series of units in an index.
///
/// # Errors
/// `NotFound` for an unknown index or unit.
pub async fn series(store: &Store, question: SeriesQuestion) -> Result<Series> {
    store.read(move |conn| of_units(conn, &question)).await
}

/// [`series`] within a transaction.
///
/// # Errors
/// `NotFound` for an unknown index or unit.
pub fn of_units(conn: &mut Conn, question: &SeriesQuestion) -> Result<Series> {
    let index = store::indexes::find(conn, &question.index_code)?
        .ok_or_else(|| Error::not_found(Indexes::NAME, &question.index_code))?;
    let mut writes = vec![index.version];
    let mut units = Vec::with_capacity(question.unit_ids.len());
    for id in &question.unit_ids {
        let unit = store::units::find(conn, id)?.ok_or_else(|| Error::not_found(Units::NAME, id))?;
        writes.push(unit.version);
        units.push(UnitSeries { unit: unit.record, points: Vec::new() });
    }
    let editions = editions(conn, question)?;
    let shown = |year: Option<&i32>| year.copied();
    let first = question.from.or_else(|| shown(editions.keys().find(|year| in_range(question, **year))));
    let last = question.to.or_else(|| shown(editions.keys().rfind(|year| in_range(question, **year))));
    let years = first.zip(last).filter(|(first, last)| first <= last);
    if let Some(day) = years.and_then(|(_, last)| Day::new(last, 12, 31)) {
        units.iter_mut().for_each(|of| of.unit.take_name_of(day));
    }
    // Of the year before the first only who had a score is asked.
    let before = years.and_then(|(first, _)| editions.get(&(first - 1)));
    if let Some(before) = before {
        add_year(conn, question, before, None, &mut units)?;
    }
    for year in years.into_iter().flat_map(|(first, last)| first..=last) {
        match editions.get(&year) {
            Some(edition) => add_year(conn, question, edition, editions.get(&(year - 1)), &mut units)?,
            None => units.iter_mut().for_each(|unit| unit.points.push(gap(year, None, SeriesGap::NoEdition))),
        }
    }
    units.iter_mut().for_each(|of| of.points.retain(|point| in_range(question, point.year)));
    let mut written_at = store::changes::last_of(conn, &writes)?;
    if let Some(before) = before {
        let published_at = before.state.frozen.map(|frozen| frozen.published_at);
        written_at = written_at.zip(published_at).map(|(written, published)| written.max(published));
    }
    let Index { code: index_code, name: index_name, .. } = index.record;
    Ok(Series { index_code, index_name, years, units, written_at })
}

fn in_range(question: &SeriesQuestion, year: i32) -> bool {
    question.from.is_none_or(|from| from <= year) && question.to.is_none_or(|to| year <= to)
}

/// The editions of the years asked for, and of the year before, in the state asked for; one that is not published
/// in that state is none.
fn editions(conn: &mut Conn, question: &SeriesQuestion) -> Result<BTreeMap<i32, Edition>> {
    let mut editions = BTreeMap::new();
    for year in store::series::edition_years(conn, &question.index_code)? {
        if !in_range(question, year) && !in_range(question, year + 1) {
            continue;
        }
        match edition_cycle::edition_at(conn, &question.index_code, year, &question.asked) {
            Ok(edition) => drop(editions.insert(year, edition)),
            Err(Error::NotFound { .. } | Error::Absent { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(editions)
}

fn gap(year: i32, facts: Option<YearFacts>, why: SeriesGap) -> Point {
    Point { year, facts, cohort: None, place: Err((why, None)) }
}

/// The ranking of one cohort in one year, without a base; none when the edition has no such cohort.
fn ranking(
    conn: &mut Conn,
    question: &SeriesQuestion,
    year: i32,
    cohort: Option<String>,
) -> Result<Option<RankingReport>> {
    let asked = Question {
        index_code: question.index_code.clone(),
        year,
        base: BaseYear::Without,
        cohort,
        stage: question.stage,
        asked: question.asked.clone(),
        kept: Arc::default(),
        store: None,
    };
    match ranking_reports::report(conn, &asked) {
        Ok(report) => Ok(Some(report)),
        Err(Error::NotFound { resource: "cohorts", .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Adds a year that has an edition to each series.
fn add_year(
    conn: &mut Conn,
    question: &SeriesQuestion,
    edition: &Edition,
    before: Option<&Edition>,
    units: &mut [UnitSeries],
) -> Result<()> {
    let year = edition.year;
    let known = YearFacts {
        framework: edition.framework.clone(),
        unit_of_measure: edition.unit_of_measure,
        decimals: edition.decimals,
        published_at: edition.state.frozen.map(|frozen| frozen.published_at),
        before: before.map(|before| why_not_comparable(edition, before)),
    };
    let Some(report) = ranking(conn, question, year, question.cohort.clone())? else {
        let point = gap(year, Some(YearFacts { before: None, ..known }), SeriesGap::NoCohort);
        units.iter_mut().for_each(|unit| unit.points.push(point.clone()));
        return Ok(());
    };
    // Without a cohort asked for, the others of the edition are looked through for units not found yet.
    let others: Vec<String> = match question.cohort {
        None => edition.cohorts.iter().skip(1).map(|cohort| cohort.code.clone()).collect(),
        Some(_) => Vec::new(),
    };
    let mut reports = vec![report];
    for cohort in others {
        let found = |unit: &UnitSeries| reports.iter().any(|report| holds(report, &unit.unit.id));
        if units.iter().all(found) {
            break;
        }
        reports.extend(ranking(conn, question, year, Some(cohort))?);
    }
    for unit in units {
        let id = &unit.unit.id;
        let mut point = match reports.iter().find(|report| holds(report, id)) {
            None => gap(year, Some(known.clone()), SeriesGap::NotInCohort),
            Some(report) => point(year, known.clone(), report, id),
        };
        // Without a score in both years there is nothing to compare.
        let compares = point.place.is_ok() && unit.points.last().is_some_and(|before| before.place.is_ok());
        let cohort = reports.iter().find(|report| holds(report, id)).map(|report| &report.sheet.cohort.code);
        let has_cohort = |before: &Edition| before.cohorts.iter().any(|there| Some(&there.code) == cohort);
        match &mut point.facts {
            Some(facts) if !compares => facts.before = None,
            // As in a ranking that is compared with that year.
            Some(facts) if before.is_some_and(|before| !has_cohort(before)) => {
                facts.before = Some(Some(NotComparable::CohortMissingInBase));
            }
            _ => {}
        }
        unit.points.push(point);
    }
    Ok(())
}

fn holds(report: &RankingReport, unit_id: &str) -> bool {
    report.sheet.rows.iter().any(|row| row.unit.id == unit_id)
}

fn point(year: i32, facts: YearFacts, report: &RankingReport, unit_id: &str) -> Point {
    let ranking = &report.ranking;
    let place = match ranking.standings.iter().find(|standing| standing.unit_id == unit_id) {
        Some(standing) => Ok(place(standing, ranking.cohort_size)),
        None => {
            let unranked = ranking.unranked.iter().find(|unit| unit.unit_id == unit_id);
            Err((SeriesGap::Unranked, unranked.map(|unit| unit.reason)))
        }
    };
    Point { year, facts: Some(facts), cohort: Some(report.sheet.cohort.code.clone()), place }
}

fn place(standing: &Standing, cohort_size: usize) -> Place {
    Place {
        score: standing.total.score.clone(),
        rank: standing.rank,
        tied: standing.tied,
        cohort_size,
        band: standing.band.clone(),
        published_rank: standing.published_rank,
    }
}
