//! `/clock-rules`: how the clocks of units treat pauses and withdrawals.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, Exposed, Key},
    endpoints::Endpoints,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{
        clock_rules::{ClockRule, PauseRule, WithdrawnCount},
        text::clean,
        time::Day,
    },
    service::{
        clock_rules::ClockRules,
        crud::{Absent, Proposal},
        error::Error,
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("unit_id", "unit_id"), ("valid_from", "valid_from")];

/// A clock rule: how the clock of a unit, and of all below it, treats pauses and withdrawals from a day on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClockRule, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000004", "unit_id": "gso-874", "valid_from": "2020-01-01",
    "supplement": "restart", "financial_duty": "extend", "withdrawn_counts_as": "ended_otherwise",
    "source": "Nghị định 61/2018/NĐ-CP"
}))]
pub struct ClockRuleView {
    /// Made by the service.
    pub id: String,
    /// The unit, with all below it that have no rule of their own; null for all units.
    pub unit_id: Option<String>,
    /// First day on which it holds; null from the beginning of time.
    pub valid_from: Option<Day>,
    /// While a supplement is awaited (5).
    pub supplement: PauseRule,
    /// While a financial duty is awaited (6).
    pub financial_duty: PauseRule,
    /// What dossiers withdrawn (7) on days of the rule count as.
    pub withdrawn_counts_as: WithdrawnCount,
    /// Where the rule is from.
    pub source: Option<String>,
}

/// A clock rule as it shall be. What a `GET` gives can be sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"unit_id": "gso-874", "withdrawn_counts_as": "on_time"}))]
pub struct ClockRuleInput {
    /// The key; the service makes it, a `PUT` may repeat it.
    #[serde(default)]
    pub id: Option<String>,
    /// The unit, with all below it that have no rule of their own; left out or null for all units.
    #[serde(default)]
    pub unit_id: Option<String>,
    /// First day on which it holds; left out or null from the beginning of time.
    #[serde(default)]
    pub valid_from: Option<Day>,
    /// While a supplement is awaited; `restart` when left out (Decree 61/2018/NĐ-CP).
    #[serde(default)]
    pub supplement: Option<PauseRule>,
    /// While a financial duty is awaited; `extend` when left out.
    #[serde(default)]
    pub financial_duty: Option<PauseRule>,
    /// What withdrawn dossiers count as; `ended_otherwise` when left out.
    #[serde(default)]
    pub withdrawn_counts_as: Option<WithdrawnCount>,
    /// Where the rule is from.
    #[serde(default)]
    pub source: Option<String>,
}

/// A page of clock rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockRulePage {
    /// The rules.
    pub items: Vec<ClockRuleView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which rules.
    pub struct ListClockRulesQuery by SORTS {
        /// Rules of this unit alone.
        unit_id: String,
        /// Rules of this unit and all below it.
        under: String,
        /// Rules that begin on this day.
        valid_from: Day,
        /// Rules that treat supplements so.
        supplement: PauseRule,
        /// Rules that treat financial duties so.
        financial_duty: PauseRule,
        /// Rules that count withdrawn dossiers so.
        withdrawn_counts_as: WithdrawnCount,
        /// Rules of exactly this source.
        source: String,
    }
}

impl ListedResource for ClockRules {
    fn sort_value(rule: &ClockRule, column: &str) -> Option<Value> {
        match column {
            "unit_id" => rule.unit_id.clone().map(Value::Text),
            "valid_from" => rule.valid_from.map(|day| Value::Date(day.date())),
            _ => None,
        }
    }
}

impl Exposed for ClockRules {
    type View = ClockRuleView;
    type Input = ClockRuleInput;

    fn view(rule: Versioned<ClockRule>, _today: Day) -> ClockRuleView {
        let rule = rule.record;
        ClockRuleView {
            id: rule.id,
            unit_id: rule.unit_id,
            valid_from: rule.valid_from,
            supplement: rule.supplement,
            financial_duty: rule.financial_duty,
            withdrawn_counts_as: rule.withdrawn_counts_as,
            source: rule.source,
        }
    }

    fn proposal(
        input: ClockRuleInput,
        key: Key,
        _old: Option<&ClockRule>,
    ) -> Result<Proposal<ClockRule>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let default = ClockRule::default();
        let rule = ClockRule {
            id: key.or_new("/id", input.id)?,
            unit_id: text(input.unit_id),
            valid_from: input.valid_from,
            supplement: input.supplement.unwrap_or(default.supplement),
            financial_duty: input.financial_duty.unwrap_or(default.financial_duty),
            withdrawn_counts_as: input.withdrawn_counts_as.unwrap_or(default.withdrawn_counts_as),
            source: text(input.source),
        };
        Ok(rule.into())
    }
}

/// List clock rules
///
/// Sorted by `unit_id` or `valid_from`, those without one come last.
#[utoipa::path(tag = "clock rules", params(ListClockRulesQuery), responses((status = 200, description = "A page of rules.", body = ClockRulePage)))]
#[get("/clock-rules")]
pub async fn list_clock_rules(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListClockRulesQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        page::is("unit_id", query.unit_id.as_ref()),
        page::under("unit_id", query.under.as_ref()),
        page::is_day("valid_from", query.valid_from),
        page::is_word("supplement", query.supplement.map(PauseRule::as_str)),
        page::is_word("financial_duty", query.financial_duty.map(PauseRule::as_str)),
        page::is_word("withdrawn_counts_as", query.withdrawn_counts_as.map(WithdrawnCount::as_str)),
        page::is("source", query.source.as_ref()),
    ];
    crud::list::<ClockRules>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create a clock rule
///
/// A unit follows the last rule that began by the day: its own, that of the nearest unit above that has one, or
/// the one for all units. Without any, a supplement restarts the term, a financial duty extends it, and withdrawn
/// dossiers ended without a result. A unit has one rule from a day on.
#[utoipa::path(tag = "clock rules", request_body = ClockRuleInput, responses((status = 201, description = "The new rule.", body = ClockRuleView)))]
#[post("/clock-rules")]
pub async fn create_clock_rule(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<ClockRules>(&state, &request, body).await
}

/// Get a clock rule
///
/// What holds for a unit may be the rule of a unit above it, or the one for all units.
#[utoipa::path(tag = "clock rules", params(("id" = String, Path, description = "Id of the rule.")), responses((status = 200, description = "The rule.", body = ClockRuleView)))]
#[get("/clock-rules/{id}")]
pub async fn get_clock_rule(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<ClockRules>(&state, &request, &id).await
}

/// Put a clock rule
///
/// Replaces a rule that exists. Repeating it changes nothing.
#[utoipa::path(tag = "clock rules", params(("id" = String, Path, description = "Id of the rule.")), request_body = ClockRuleInput, responses((status = 200, description = "The rule as it is now.", body = ClockRuleView)))]
#[put("/clock-rules/{id}")]
pub async fn put_clock_rule(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<ClockRules>(&state, &request, &id, body, Absent::Refuse).await
}

/// Patch a clock rule
///
/// A JSON merge patch of what `GET` gives.
#[utoipa::path(tag = "clock rules", params(("id" = String, Path, description = "Id of the rule.")), request_body(content = ClockRuleInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The rule as it is now.", body = ClockRuleView)))]
#[patch("/clock-rules/{id}")]
pub async fn patch_clock_rule(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<ClockRules>(&state, &request, &id, body).await
}

/// Delete a clock rule
///
/// The change log keeps what it was.
#[utoipa::path(tag = "clock rules", params(("id" = String, Path, description = "Id of the rule.")), responses((status = 204, description = "It is gone.")))]
#[delete("/clock-rules/{id}")]
pub async fn delete_clock_rule(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<ClockRules>(&state, &request, &id).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_clock_rules)
        .service(create_clock_rule)
        .service(get_clock_rule)
        .service(put_clock_rule)
        .service(patch_clock_rule)
        .service(delete_clock_rule);
}
