//! Criteria, cohorts and bands as parts of an edition's body.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema::{DecimalText, Number};
use crate::{
    domain::{
        decimal::Exact,
        editions::{Band, Cohort, CohortRule, Criterion},
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
    /// Weight in percent, for a weighted total.
    pub weight: Option<Number>,
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
    /// Weight in percent, for a weighted total.
    #[serde(default)]
    pub weight: Option<DecimalText>,
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
    Ok(Criterion {
        code: clean(&input.code),
        name: clean(&input.name),
        name_en: text(input.name_en),
        parent: text(input.parent),
        max_points: exact(format!("/criteria/{i}/max_points"), input.max_points)?,
        weight: exact(format!("/criteria/{i}/weight"), input.weight)?,
    })
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
