//! Criteria, cohorts and bands as parts of an edition's body.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema::{DecimalText, Number};
use crate::{
    domain::{
        criteria::{Criterion, CriterionKind, Method, Polarity},
        decimal::Exact,
        editions::{Band, Cohort, CohortRule},
        index_scores::ScoreStage,
        periods::PeriodCalendar,
        record_scores::{FromRecords, RecordMeasure, RecordPeriod, ZeroDenominator},
        text::clean,
        time::Day,
        units::Level,
    },
    service::error::Error,
};

/// A criterion of the tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Criterion)]
pub struct CriterionView {
    /// Code, unique within the edition.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: Option<String>,
    /// Code of the criterion above; null for an area.
    pub parent: Option<String>,
    /// Most points it can have.
    pub max_points: Option<Number>,
    /// Fewest points it can have; negative for penalties. Null: zero where `max_points` is stated, but no bound for bonus
    /// and penalty points and for what is normalised.
    pub min_points: Option<Number>,
    /// Weight in percent of the parent or, of an area, of the total.
    pub weight: Option<Number>,
    /// Whether more is better, where its values are normalised.
    pub polarity: Polarity,
    /// The stage that scores it; null where only final scores are given.
    pub stage: Option<ScoreStage>,
    /// How it comes from its children; null for the sum of points or, where the edition's method is `normalised`,
    /// the mean of normalised indicators.
    pub method: Option<Method>,
    /// Ordinary, or an area of bonus and penalty points.
    pub kind: CriterionKind,
    /// How it is computed from dossier records; null where it isn't.
    pub from_records: Option<FromRecordsView>,
}

/// A score that is computed from dossier records: full marks from a threshold, linear below it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FromRecords)]
pub struct FromRecordsView {
    /// The rate.
    pub measure: RecordMeasure,
    /// Part of the edition's year.
    pub period: RecordPeriod,
    /// Days of the period.
    pub calendar: PeriodCalendar,
    /// Percent from which the criterion has its maximum.
    pub full_marks_from: Number,
    /// What a denominator of zero gives.
    pub zero_denominator: ZeroDenominator,
}

/// A criterion of the tree, as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CriterionInput {
    /// Code, unique within the edition.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    #[serde(default)]
    pub name_en: Option<String>,
    /// Code of the criterion above; null for an area.
    #[serde(default)]
    pub parent: Option<String>,
    /// Most points it can have.
    #[serde(default)]
    pub max_points: Option<DecimalText>,
    /// Fewest points it can have; negative for penalties. Null: zero where `max_points` is stated, but no bound for bonus
    /// and penalty points and for what is normalised.
    #[serde(default)]
    pub min_points: Option<DecimalText>,
    /// Weight in percent of the parent or, of an area, of the total. Those below a weighted parent make 100.
    #[serde(default)]
    pub weight: Option<DecimalText>,
    /// Whether more is better, where its values are normalised; `positive` when absent.
    #[serde(default)]
    pub polarity: Option<Polarity>,
    /// The stage that scores it, `self`, `appraised` or `survey`: without a final score of its own, that of this
    /// stage is final.
    #[serde(default)]
    pub stage: Option<ScoreStage>,
    /// How it comes from its children. When absent, the sum of points or, where the edition's method is
    /// `normalised`, the mean of normalised indicators.
    #[serde(default)]
    pub method: Option<Method>,
    /// `bonus_penalty` for an area that is added to the total and not to the maximum: its bounds are `min_points`
    /// and `max_points`. `ordinary` when absent.
    #[serde(default)]
    pub kind: Option<CriterionKind>,
    /// How it is computed from dossier records; null where it isn't.
    #[serde(default)]
    pub from_records: Option<FromRecordsInput>,
}

/// How a criterion is computed from dossier records: full marks from a threshold, linear below it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FromRecordsInput {
    /// The rate.
    pub measure: RecordMeasure,
    /// Part of the edition's year; the whole `year` when absent.
    #[serde(default)]
    pub period: Option<RecordPeriod>,
    /// Days of the period; `civil` when absent.
    #[serde(default)]
    pub calendar: Option<PeriodCalendar>,
    /// Percent from which the criterion has its maximum: above 0, at most 100.
    pub full_marks_from: DecimalText,
    /// What a denominator of zero gives.
    pub zero_denominator: ZeroDenominator,
}

/// A rule that says which units a cohort holds.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CohortRule)]
pub struct CohortRuleBody {
    /// Units of this level.
    #[serde(default)]
    pub level: Option<Level>,
    /// Units directly under this one.
    #[serde(default)]
    pub parent_id: Option<String>,
    /// Units that exist on this day; the last day of the edition's year when absent.
    #[serde(default)]
    pub as_of: Option<Day>,
}

/// Units that are ranked against each other: a list or a rule, not both.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Cohort)]
pub struct CohortBody {
    /// Code, unique within the edition.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// The units, when listed.
    #[serde(default)]
    pub unit_ids: Option<Vec<String>>,
    /// The rule, when the units are not listed.
    #[serde(default)]
    pub rule: Option<CohortRuleBody>,
}

/// A named range of scores: from `from`, below `to`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Band)]
pub struct BandView {
    /// Label as published.
    pub label: String,
    /// Lowest score of the band; null for no lower end.
    pub from: Option<Number>,
    /// First score above the band; null for no upper end.
    pub to: Option<Number>,
}

/// A named range of scores, as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BandInput {
    /// Label as published.
    pub label: String,
    /// Lowest score of the band; null for no lower end.
    #[serde(default)]
    pub from: Option<DecimalText>,
    /// First score above the band; null for no upper end.
    #[serde(default)]
    pub to: Option<DecimalText>,
}

/// A text as it is kept.
pub fn text(value: Option<String>) -> Option<String> {
    value.as_deref().map(clean)
}

fn exact(pointer: String, value: Option<DecimalText>) -> Result<Option<Exact>, Error> {
    value.map(|value| value.exact(&pointer)).transpose()
}

/// A criterion of a body; `i` is its place in the list.
///
/// # Errors
/// 422 `too_precise`.
pub fn criterion(i: usize, input: CriterionInput) -> Result<Criterion, Error> {
    let at = |member: &str| format!("/criteria/{i}/{member}");
    Ok(Criterion {
        code: clean(&input.code),
        name: clean(&input.name),
        name_en: text(input.name_en),
        parent: text(input.parent),
        max_points: exact(at("max_points"), input.max_points)?,
        min_points: exact(at("min_points"), input.min_points)?,
        weight: exact(at("weight"), input.weight)?,
        polarity: input.polarity.unwrap_or(Polarity::Positive),
        stage: input.stage,
        method: input.method,
        kind: input.kind.unwrap_or(CriterionKind::Ordinary),
        from_records: input.from_records.map(|rule| from_records(&at("from_records"), rule)).transpose()?,
    })
}

fn from_records(at: &str, input: FromRecordsInput) -> Result<FromRecords, Error> {
    Ok(FromRecords {
        measure: input.measure,
        period: input.period.unwrap_or(RecordPeriod::Year),
        calendar: input.calendar.unwrap_or(PeriodCalendar::Civil),
        full_marks_from: input.full_marks_from.exact(&format!("{at}/full_marks_from"))?,
        zero_denominator: input.zero_denominator,
    })
}

/// A criterion as callers see it.
pub fn criterion_view(criterion: Criterion) -> CriterionView {
    let number = |value: Option<Exact>| value.as_ref().map(Number::exact);
    CriterionView {
        code: criterion.code,
        name: criterion.name,
        name_en: criterion.name_en,
        parent: criterion.parent,
        max_points: number(criterion.max_points),
        min_points: number(criterion.min_points),
        weight: number(criterion.weight),
        polarity: criterion.polarity,
        stage: criterion.stage,
        method: criterion.method,
        kind: criterion.kind,
        from_records: criterion.from_records.map(|rule| FromRecordsView {
            measure: rule.measure,
            period: rule.period,
            calendar: rule.calendar,
            full_marks_from: Number::exact(&rule.full_marks_from),
            zero_denominator: rule.zero_denominator,
        }),
    }
}

/// A cohort of a body.
pub fn cohort(input: CohortBody) -> Cohort {
    Cohort {
        code: clean(&input.code),
        name: clean(&input.name),
        unit_ids: input.unit_ids.map(|ids| ids.iter().map(|id| clean(id)).collect()),
        rule: input.rule.map(|rule| CohortRule {
            level: rule.level,
            parent_id: text(rule.parent_id),
            as_of: rule.as_of,
        }),
    }
}

/// A band of a body; `i` is its place in the list.
///
/// # Errors
/// 422 `too_precise`.
pub fn band(i: usize, input: BandInput) -> Result<Band, Error> {
    Ok(Band {
        label: clean(&input.label),
        from: exact(format!("/bands/{i}/from"), input.from)?,
        to: exact(format!("/bands/{i}/to"), input.to)?,
    })
}

/// A cohort as callers see it.
pub fn cohort_view(cohort: Cohort) -> CohortBody {
    CohortBody {
        code: cohort.code,
        name: cohort.name,
        unit_ids: cohort.unit_ids,
        rule: cohort.rule.map(|rule| CohortRuleBody {
            level: rule.level,
            parent_id: rule.parent_id,
            as_of: rule.as_of,
        }),
    }
}
