//! Scores of an edition computed from dossier records: for each unit of its cohorts the rate that a criterion
//! names, with what it was computed from.

use std::collections::{BTreeMap, HashMap, HashSet, btree_map::Entry};

use super::{
    access::Caller,
    cohorts,
    crud::{self, Context, Proposal, Resource},
    dossier_statistics::{self, Figures, Question, Rate},
    editions::{self, Editions},
    error::{Error, Result},
    index_scores::IndexScoresByKey,
    score_sheets,
};
use crate::{
    domain::{
        access::Scope,
        criteria::Criterion,
        decimal::Exact,
        editions::Edition,
        index_scores::{IndexScore, ScoreStage, natural_key},
        periods::{PeriodCalendar, Span},
        record_scores::{Computation, FromRecords, RecordMeasure},
        time::{Day, Moment},
        units::Unit,
        violation::Violation,
        words::words,
    },
    store::{
        self, Conn, Store,
        lock::{self, Structure},
    },
};

words! {
    /// What became of a computed score.
    pub enum RecordOutcome {
        /// There was none before.
        Created = "created",
        /// It replaces another.
        Updated = "updated",
        /// It is what was there.
        Unchanged = "unchanged",
        /// Somebody gave another: that one stays.
        KeptGiven = "kept_given",
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Key of the edition: `766/2026`.
    pub edition: String,
    /// Codes of the criteria; all that come from records when absent.
    pub criteria: Option<Vec<String>>,
    /// Whether scores that somebody gave are replaced.
    pub replace_given: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// A computed score.
#[derive(Debug, Clone)]
pub struct Computed {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// The criterion.
    pub criterion: String,
    /// Stage of the score.
    pub stage: ScoreStage,
    /// The score; none where the criterion does not apply.
    pub score: Option<Exact>,
    /// What it was computed from.
    pub computation: Computation,
    /// What became of it.
    pub outcome: RecordOutcome,
}

/// Most scores that are computed at once: nine criteria of every commune of the country.
const AT_ONCE: usize = 100_000;

/// Scores written in one transaction.
const CHUNK: usize = 500;

/// Computes scores from dossier records and, unless asked not to, stores them.
///
/// Written in pieces, each whole: repeating it after a refusal goes on where it was.
///
/// # Errors
/// `NotFound` for the edition, `Invalid` for a criterion that doesn't come from records, `Conflict` for a period
/// that has not begun; those of writing a score.
pub async fn compute(store: &Store, context: Context, asked: Asked) -> Result<Vec<Computed>> {
    let (reading, now) = (asked.clone(), context.now);
    let caller = context.caller.clone();
    let mut computed = store.read(move |conn| read(conn, &caller, &reading, now)).await?;
    if asked.dry_run {
        return Ok(computed);
    }
    let (index, year) = editions::parse_key(&asked.edition)
        .map(|(index, year)| (index.to_owned(), year))
        .ok_or_else(|| Error::not_found(Editions::NAME, &asked.edition))?;
    let mut done = Vec::with_capacity(computed.len());
    while !computed.is_empty() {
        let mut chunk: Vec<Computed> = computed.drain(..computed.len().min(CHUNK)).collect();
        let (context, index) = (context.clone(), index.clone());
        let written = store.write(move |conn| {
            for score in &mut chunk {
                write(conn, &context, (&index, year), score, asked.replace_given)?;
            }
            Ok::<_, Error>(chunk)
        });
        done.extend(written.await?);
    }
    Ok(done)
}

/// Computes every score, with what would become of it.
fn read(conn: &mut Conn, caller: &Caller, asked: &Asked, now: Moment) -> Result<Vec<Computed>> {
    let edition = Editions::find(conn, &asked.edition)?
        .ok_or_else(|| Error::not_found(Editions::NAME, &asked.edition))?
        .record;
    if !cohorts::may_for_members(conn, caller, Scope::ScoresWrite, &edition)? {
        return Err(Error::out_of_reach());
    }
    let rules = rules(&edition, asked.criteria.as_deref())?;
    let stored = stored(conn, &edition, &rules)?;
    let mut computed = Vec::new();
    let units = units(conn, &edition)?;
    if units.len().saturating_mul(rules.len()) > AT_ONCE {
        return Err(Error::invalid(
            "/criteria",
            "too_many_scores",
            format!("At most {AT_ONCE} scores at once: name fewer criteria."),
            format!("Tối đa {AT_ONCE} điểm mỗi lần: hãy chọn ít tiêu chí hơn."),
        ));
    }
    for unit in units {
        // Rules of one period share what is read for it.
        let mut read: BTreeMap<(Day, Day, PeriodCalendar), (Figures, Day)> = BTreeMap::new();
        for (criterion, rule) in &rules {
            let span = begun(rule, edition.year, now)?;
            let (figures, judged_at) = match read.entry((span.from, span.to, rule.calendar)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    unknown.insert(statistics(conn, &unit.id, span, rule.calendar, now)?)
                }
            };
            let rate = rate(figures, rule.measure);
            let computation = Computation {
                measure: rule.measure,
                from: span.from,
                to: span.to,
                calendar: rule.calendar,
                numerator: rate.numerator,
                denominator: rate.denominator,
                full_marks_from: rule.full_marks_from.clone(),
                judged_at: *judged_at,
                computed_at: now,
            };
            let maximum = criterion.max_points.clone().unwrap_or_else(Exact::zero);
            let mut score = Computed {
                unit_id: unit.id.clone(),
                unit_name: unit.name.clone(),
                criterion: criterion.code.clone(),
                stage: criterion.stage.unwrap_or(ScoreStage::Final),
                score: rule.points(rate.numerator, rate.denominator, &maximum),
                computation,
                outcome: RecordOutcome::Created,
            };
            let old = stored.get(&(unit.id.clone(), criterion.code.clone()));
            score.outcome = outcome(&score, old, asked.replace_given);
            computed.push(score);
        }
    }
    Ok(computed)
}

/// The criteria that come from records, or those asked for.
fn rules<'a>(
    edition: &'a Edition,
    asked: Option<&[String]>,
) -> Result<Vec<(&'a Criterion, &'a FromRecords)>> {
    let rule = |criterion: &'a Criterion| Some((criterion, criterion.from_records.as_ref()?));
    let Some(asked) = asked else {
        let all: Vec<_> = edition.criteria.iter().filter_map(rule).collect();
        if all.is_empty() {
            return Err(Error::invalid(
                "",
                "nothing_from_records",
                "No criterion of this edition comes from records.",
                "Không có tiêu chí nào của kỳ đánh giá này được tính từ hồ sơ.",
            ));
        }
        return Ok(all);
    };
    let mut known: HashMap<&str, (&Criterion, &FromRecords)> =
        edition.criteria.iter().filter_map(rule).map(|rule| (rule.0.code.as_str(), rule)).collect();
    let mut rules = Vec::new();
    let mut violations = Vec::new();
    for (i, code) in asked.iter().enumerate() {
        // Taken out of the map, so that none is computed twice.
        match known.remove(code.as_str()) {
            Some(rule) => rules.push(rule),
            None => violations.push(Violation::new(
                format!("/criteria/{i}"),
                "not_from_records",
                format!("`{code}` is no other criterion of this edition that comes from records."),
                format!("`{code}` không phải là tiêu chí khác được tính từ hồ sơ của kỳ đánh giá này."),
            )),
        }
    }
    if violations.is_empty() { Ok(rules) } else { Err(Error::Invalid(violations)) }
}

/// The days of a rule, some of which must have come.
fn begun(rule: &FromRecords, year: i32, now: Moment) -> Result<Span> {
    match rule.span(year) {
        Some(span) if span.from <= now.day() => Ok(span),
        _ => Err(Error::conflict(
            "period_not_begun",
            format!("The period {} of {year} has not begun.", rule.period),
            format!("Kỳ {} của năm {year} chưa bắt đầu.", rule.period),
        )),
    }
}

/// The units of the edition's cohorts that existed in its year, by id.
fn units(conn: &mut Conn, edition: &Edition) -> Result<Vec<Unit>> {
    let mut units = BTreeMap::new();
    for cohort in &edition.cohorts {
        for unit in score_sheets::members(conn, edition, cohort)? {
            units.insert(unit.id.clone(), unit);
        }
    }
    Ok(units.into_values().filter(|unit| unit.exists_in_year(edition.year)).collect())
}

/// The scores that are there, by unit and criterion.
fn stored(
    conn: &mut Conn,
    edition: &Edition,
    rules: &[(&Criterion, &FromRecords)],
) -> Result<HashMap<(String, String), IndexScore>> {
    let of: HashMap<&str, ScoreStage> =
        rules.iter().map(|(c, _)| (c.code.as_str(), c.stage.unwrap_or(ScoreStage::Final))).collect();
    let stages: HashSet<ScoreStage> = of.values().copied().collect();
    let mut stored = HashMap::new();
    for stage in stages {
        for score in store::index_scores::of_edition(conn, &edition.index_code, edition.year, stage)? {
            if let Some(code) = score.criterion.clone().filter(|code| of.get(code.as_str()) == Some(&stage)) {
                stored.insert((score.unit_id.clone(), code), score);
            }
        }
    }
    Ok(stored)
}

fn statistics(
    conn: &mut Conn,
    unit_id: &str,
    span: Span,
    calendar: PeriodCalendar,
    now: Moment,
) -> Result<(Figures, Day)> {
    let question =
        Question { unit_id: unit_id.to_owned(), span, calendar, group_by: Vec::new(), as_of: None };
    let found = dossier_statistics::compute(conn, question, now.day())?;
    Ok((found.total, found.judged_at))
}

fn rate(figures: &Figures, measure: RecordMeasure) -> Rate {
    match measure {
        RecordMeasure::OnTimeOfResolved => figures.on_time_of_resolved(),
        RecordMeasure::OnTimeOfClassified => figures.on_time_of_classified(),
        RecordMeasure::OnlineOfReceived => figures.online_of_received(),
        RecordMeasure::InTimeOfHandled => figures.in_time_of_handled(),
        RecordMeasure::ReturnedByPostOfResolved => figures.returned_by_post_of_resolved(),
    }
}

fn outcome(new: &Computed, old: Option<&IndexScore>, replace_given: bool) -> RecordOutcome {
    let Some(old) = old else { return RecordOutcome::Created };
    match &old.computation {
        None if !replace_given => RecordOutcome::KeptGiven,
        Some(computation) if computation.says_the_same(&new.computation) && old.score == new.score => {
            RecordOutcome::Unchanged
        }
        _ => RecordOutcome::Updated,
    }
}

/// Stores a score as its rules allow; what is there by now decides what becomes of it.
fn write(
    conn: &mut Conn,
    context: &Context,
    (index, year): (&str, i32),
    score: &mut Computed,
    replace_given: bool,
) -> Result<()> {
    let key = natural_key(index, year, &score.unit_id, score.stage, Some(&score.criterion));
    lock::record(conn, Structure::Used, IndexScoresByKey::NAME, &key)?;
    let old = IndexScoresByKey::find(conn, &key)?.map(|old| old.record);
    score.outcome = outcome(score, old.as_ref(), replace_given);
    if matches!(score.outcome, RecordOutcome::KeptGiven | RecordOutcome::Unchanged) {
        return Ok(());
    }
    let base = old.unwrap_or_else(|| IndexScore {
        id: uuid::Uuid::now_v7().to_string(),
        index_code: index.to_owned(),
        year,
        unit_id: score.unit_id.clone(),
        criterion: Some(score.criterion.clone()),
        stage: score.stage,
        score: None,
        published_rank: None,
        applicable: true,
        source: None,
        comment: None,
        explanation: None,
        evidence: Vec::new(),
        computation: None,
    });
    let Computation { measure, from, to, .. } = &score.computation;
    let record = IndexScore {
        score: score.score.clone(),
        applicable: score.score.is_some(),
        source: Some(format!("dossier-statistics: {measure}, {from}..{to}")),
        computation: Some(score.computation.clone()),
        ..base
    };
    crud::upsert_in::<IndexScoresByKey>(conn, context, Proposal::from(record))?;
    Ok(())
}
