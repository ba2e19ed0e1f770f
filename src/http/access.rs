//! Who comes in: the caller behind a request's key, and what each operation asks of it.
//!
//! [`RULES`] is the one table of what an operation needs; `frame` asks it before a request is read any further. What
//! a caller may do with one record is for `service` to say, which knows the record's units.

use std::sync::Arc;

use actix_web::{
    dev::ServiceRequest,
    http::header::{self, HeaderName},
};

use super::{frame, problem::Problem, routes::Route, state::AppState};
use crate::{
    domain::{access::Scope, api_keys::PREFIX, words::words},
    service::{
        access::Caller,
        keyring::{Found, Keyring},
    },
    tokens::{self, Tokens, Verified},
};

/// The other header that a key may come in.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

words! {
    /// Something that is public unless the service is told otherwise.
    pub enum Area {
        /// Published editions, and scores of them.
        Indexes = "indexes",
        /// Rankings and series of published editions.
        Rankings = "rankings",
        /// Dossier statistics, the statutory form, returns.
        Statistics = "statistics",
        /// Reviews, reported figures, improvement actions.
        Reviews = "reviews",
        /// Commendation decisions.
        Commendations = "commendations",
        /// Units, calendars, procedures, clock rules.
        Units = "units",
    }
}

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing.
    Open,
    /// Nothing as long as the area is public; else a key.
    Public(Area),
    /// Any key.
    Key,
    /// A key with this scope.
    Needs(Scope),
    /// A key of an administrator who is bound to no unit.
    Administrator,
}

/// What an operation answers a caller who has every scope, but for another unit than that of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// The same as anybody else: nothing of it belongs to a unit, or it shows what the caller reaches.
    Same,
    /// 403.
    Refused,
    /// 404: that the record is there is not told.
    Hidden,
}

use Area::{Commendations, Indexes, Rankings, Reviews, Statistics, Units};
use Foreign::{Hidden, Refused, Same};
use Rule::{Administrator, Key, Needs, Open, Public};
use Scope::{
    CommendationsWrite, DossiersRead, DossiersWrite, IndexesPublish, ReportsWrite, ScoresRead, ScoresWrite,
    UnitsWrite,
};

/// Every operation by its id.
pub const RULES: &[(&str, Rule, Foreign)] = &[
    ("get_health_live", Open, Same),
    ("get_health_ready", Open, Same),
    ("get_metrics", Open, Same),
    ("get_openapi", Open, Same),
    ("list_code_lists", Open, Same),
    ("get_code_list", Open, Same),
    ("preview_deadline", Open, Same),
    // Units and what is kept of them.
    ("list_units", Public(Units), Same),
    ("get_unit", Public(Units), Same),
    ("get_unit_lineage", Public(Units), Same),
    ("create_unit", Needs(UnitsWrite), Refused),
    ("put_unit", Needs(UnitsWrite), Refused),
    ("patch_unit", Needs(UnitsWrite), Refused),
    ("delete_unit", Needs(UnitsWrite), Refused),
    ("hand_over_dossiers", Needs(DossiersWrite), Refused),
    ("list_calendars", Public(Units), Same),
    ("get_calendar", Public(Units), Same),
    ("get_calendar_version", Public(Units), Same),
    ("create_calendar", Needs(UnitsWrite), Refused),
    ("put_calendar", Needs(UnitsWrite), Refused),
    ("patch_calendar", Needs(UnitsWrite), Refused),
    ("delete_calendar", Needs(UnitsWrite), Refused),
    ("recompute_calendar", Needs(UnitsWrite), Refused),
    ("list_procedures", Public(Units), Same),
    ("get_procedure", Public(Units), Same),
    ("create_procedure", Needs(UnitsWrite), Refused),
    ("put_procedure", Needs(UnitsWrite), Refused),
    ("patch_procedure", Needs(UnitsWrite), Refused),
    ("delete_procedure", Needs(UnitsWrite), Refused),
    ("list_clock_rules", Public(Units), Same),
    ("get_clock_rule", Public(Units), Same),
    ("create_clock_rule", Needs(UnitsWrite), Refused),
    ("put_clock_rule", Needs(UnitsWrite), Refused),
    ("patch_clock_rule", Needs(UnitsWrite), Refused),
    ("delete_clock_rule", Needs(UnitsWrite), Refused),
    // Dossiers.
    ("list_dossiers", Needs(DossiersRead), Same),
    ("export_dossiers", Needs(DossiersRead), Same),
    ("list_dossier_anomalies", Needs(DossiersRead), Same),
    ("create_dossier", Needs(DossiersWrite), Refused),
    ("batch_dossiers", Needs(DossiersWrite), Same),
    ("sync_dvcqg_dossiers", Needs(DossiersWrite), Same),
    ("get_dossier", Needs(DossiersRead), Hidden),
    ("put_dossier", Needs(DossiersWrite), Hidden),
    ("patch_dossier", Needs(DossiersWrite), Hidden),
    ("delete_dossier", Needs(DossiersWrite), Hidden),
    ("get_dossier_history", Needs(DossiersRead), Hidden),
    ("tell_dossier_event", Needs(DossiersWrite), Hidden),
    ("transfer_dossier", Needs(DossiersWrite), Hidden),
    ("import_dossiers", Needs(DossiersWrite), Same),
    ("list_imports", Needs(DossiersWrite), Same),
    ("get_import", Needs(DossiersWrite), Hidden),
    ("cancel_import", Needs(DossiersWrite), Hidden),
    ("delete_import", Needs(DossiersWrite), Hidden),
    ("get_import_report", Needs(DossiersWrite), Hidden),
    // Statistics and reports.
    ("get_dossier_statistics", Public(Statistics), Same),
    ("get_form_06a", Public(Statistics), Same),
    ("list_form_06a_revisions", Public(Statistics), Same),
    ("get_form_06a_revision", Public(Statistics), Same),
    ("freeze_form_06a", Needs(ReportsWrite), Refused),
    ("list_returns", Public(Statistics), Same),
    ("get_return", Public(Statistics), Same),
    ("create_return", Needs(ReportsWrite), Refused),
    ("put_return", Needs(ReportsWrite), Refused),
    ("patch_return", Needs(ReportsWrite), Refused),
    ("delete_return", Needs(ReportsWrite), Refused),
    ("get_review", Public(Reviews), Same),
    ("list_reported_figures", Public(Reviews), Same),
    ("get_reported_figure", Public(Reviews), Same),
    ("create_reported_figure", Needs(ReportsWrite), Refused),
    ("put_reported_figure", Needs(ReportsWrite), Refused),
    ("patch_reported_figure", Needs(ReportsWrite), Refused),
    ("delete_reported_figure", Needs(ReportsWrite), Refused),
    ("list_improvement_actions", Public(Reviews), Same),
    ("get_improvement_action", Public(Reviews), Same),
    ("create_improvement_action", Needs(ReportsWrite), Refused),
    ("put_improvement_action", Needs(ReportsWrite), Refused),
    ("patch_improvement_action", Needs(ReportsWrite), Refused),
    ("delete_improvement_action", Needs(ReportsWrite), Refused),
    // Commendations.
    ("list_commendations", Public(Commendations), Same),
    ("get_commendation", Public(Commendations), Same),
    ("create_commendation", Needs(CommendationsWrite), Refused),
    ("put_commendation", Needs(CommendationsWrite), Refused),
    ("patch_commendation", Needs(CommendationsWrite), Refused),
    ("delete_commendation", Needs(CommendationsWrite), Refused),
    // Indexes, their editions and scores.
    ("list_indexes", Public(Indexes), Same),
    ("get_index", Public(Indexes), Same),
    ("create_index", Needs(IndexesPublish), Refused),
    ("put_index", Needs(IndexesPublish), Refused),
    ("patch_index", Needs(IndexesPublish), Refused),
    ("delete_index", Needs(IndexesPublish), Refused),
    ("list_editions", Public(Indexes), Same),
    ("get_edition", Public(Indexes), Same),
    ("list_edition_revisions", Public(Indexes), Same),
    ("put_edition", Needs(IndexesPublish), Refused),
    ("patch_edition", Needs(IndexesPublish), Refused),
    ("delete_edition", Needs(IndexesPublish), Refused),
    ("copy_edition", Needs(IndexesPublish), Refused),
    ("move_edition", Needs(IndexesPublish), Refused),
    ("publish_edition", Needs(IndexesPublish), Refused),
    ("compute_record_scores", Needs(ScoresWrite), Refused),
    ("import_scores", Needs(ScoresWrite), Refused),
    ("get_completeness", Needs(ScoresRead), Hidden),
    ("get_score_sheet", Public(Indexes), Hidden),
    ("list_index_scores", Public(Indexes), Same),
    ("export_index_scores", Public(Indexes), Same),
    ("create_index_score", Needs(ScoresWrite), Refused),
    ("batch_index_scores", Needs(ScoresWrite), Same),
    ("put_index_score_by_key", Needs(ScoresWrite), Refused),
    ("get_index_score", Needs(ScoresRead), Hidden),
    ("put_index_score", Needs(ScoresWrite), Hidden),
    ("patch_index_score", Needs(ScoresWrite), Hidden),
    ("delete_index_score", Needs(ScoresWrite), Hidden),
    // Rankings: those of an edition that is not published are hidden from who doesn't reach all that it ranks.
    ("get_latest_ranking", Public(Rankings), Same),
    ("get_ranking", Public(Rankings), Hidden),
    ("explain_standing", Public(Rankings), Hidden),
    ("simulate_ranking", Public(Rankings), Hidden),
    ("aim_at_rank", Public(Rankings), Hidden),
    ("vary_weights", Public(Rankings), Hidden),
    ("get_distribution", Public(Rankings), Hidden),
    ("get_series", Public(Rankings), Same),
    ("get_comparison", Public(Rankings), Same),
    ("get_unit_profile", Public(Rankings), Same),
    // Other systems and administrators.
    ("list_changes", Key, Same),
    ("get_snapshot", Key, Same),
    ("list_audit_log", Administrator, Refused),
    ("list_webhooks", Key, Same),
    ("create_webhook", Key, Same),
    ("get_webhook", Key, Hidden),
    ("patch_webhook", Key, Hidden),
    ("delete_webhook", Key, Hidden),
    ("list_webhook_deliveries", Key, Hidden),
    ("list_api_keys", Administrator, Refused),
    ("create_api_key", Administrator, Refused),
    ("get_api_key", Administrator, Refused),
    ("rotate_api_key", Administrator, Refused),
    ("revoke_api_key", Administrator, Refused),
];

/// The rule of an operation by its id. One that is missing from the rules is for nobody else; a test names it.
pub fn rule_of(id: &str) -> Rule {
    RULES.iter().find(|(of, ..)| *of == id).map_or(Administrator, |(_, rule, _)| *rule)
}

/// What the operator says about access.
#[derive(Debug, Clone)]
pub struct Access {
    /// Finds callers by their keys.
    pub keyring: Keyring,
    /// Finds callers by the tokens of an identity provider, where there is one.
    pub tokens: Option<Arc<Tokens>>,
    /// What is public.
    pub public: Vec<Area>,
    /// Whether the public sees the names of individual recipients.
    pub recipient_names: bool,
    /// The public sees no group of fewer dossiers than this.
    pub min_cell: Option<u32>,
}

impl Default for Access {
    /// Everything that can be public is, and there is no key.
    fn default() -> Self {
        Self {
            keyring: Keyring::default(),
            tokens: None,
            public: Area::ALL.to_vec(),
            recipient_names: false,
            min_cell: None,
        }
    }
}

/// The caller of a request, if it may do what it asks for, and the state of the database in which that is so, where it
/// is known.
///
/// # Errors
/// 401 without a key where one is needed, and with one that opens nothing wherever it is sent; 403.
pub async fn admit(state: &AppState, request: &ServiceRequest, route: &Route) -> Result<Found, Problem> {
    let (caller, seen) = match presented(request)? {
        Some(secret) => known(state, &secret).await.map(|(caller, seen)| (Some(caller), seen))?,
        None => (None, None),
    };
    // Without a rule it leads nowhere, or to pages that are for everybody, such as the documentation.
    if let Some(rule) = route.rule {
        allow(&state.access, rule, caller.as_deref())?;
    }
    let mut caller = caller.unwrap_or_else(Caller::anonymous);
    if state.access.recipient_names {
        Arc::make_mut(&mut caller).recipient_names = true;
    }
    Ok((caller, seen))
}

fn allow(access: &Access, rule: Rule, caller: Option<&Caller>) -> Result<(), Problem> {
    let public = match rule {
        Open => true,
        Public(area) => access.public.contains(&area),
        Key | Needs(_) | Administrator => false,
    };
    match (rule, caller) {
        _ if public => Ok(()),
        (_, None) => Err(unauthenticated()),
        (Needs(scope), Some(caller)) if !caller.has(scope) => Err(lacks(scope)),
        (Administrator, Some(caller)) if !caller.may_everywhere(Scope::Admin) => Err(lacks(Scope::Admin)),
        _ => Ok(()),
    }
}

/// Refuses the caller of the present request when it lacks a scope that its address doesn't ask of everybody.
///
/// # Errors
/// 401 or 403.
pub fn require(scope: Scope) -> Result<(), Problem> {
    let caller = frame::caller();
    match caller.has(scope) {
        true => Ok(()),
        false if caller.id.is_none() => Err(unauthenticated()),
        false => Err(lacks(scope)),
    }
}

/// The least group of dossiers that the caller of the present request is shown of a unit; none where it sees all.
pub fn least_group(access: &Access, unit_id: &str) -> Option<i64> {
    let least = access.min_cell?;
    (!frame::caller().may(Scope::DossiersRead, unit_id)).then_some(i64::from(least))
}

/// So few dossiers that their figures would point at a person.
pub fn withheld() -> Problem {
    Problem::new(
        "withheld",
        "These are so few dossiers that the public is not shown their figures.",
        "Số hồ sơ quá ít nên số liệu không được công khai.",
    )
}

/// Refuses what shows every cell as it was sent, where the public is not shown small ones.
///
/// # Errors
/// 401 or 403.
pub fn require_all_cells(access: &Access) -> Result<(), Problem> {
    if access.min_cell.is_some() { require(Scope::DossiersRead) } else { Ok(()) }
}

fn unauthenticated() -> Problem {
    Problem::new(
        "unauthenticated",
        "A key is needed: `Authorization: Bearer` or `X-API-Key`.",
        "Cần khóa truy cập: `Authorization: Bearer` hoặc `X-API-Key`.",
    )
}

fn invalid() -> Problem {
    Problem::new(
        "invalid_token",
        "The key or token that was sent opens nothing: it is unknown, revoked or has expired.",
        "Khóa hoặc mã truy cập đã gửi không hợp lệ: không tồn tại, đã bị thu hồi hoặc hết hạn.",
    )
}

fn lacks(scope: Scope) -> Problem {
    Problem::new(
        "forbidden",
        format!("The key lacks the scope `{scope}`."),
        format!("Khóa truy cập thiếu quyền `{scope}`."),
    )
}

/// The secret that a request presents. Two that differ are none.
fn presented(request: &ServiceRequest) -> Result<Option<String>, Problem> {
    let headers = request.headers();
    if !headers.contains_key(header::AUTHORIZATION) && !headers.contains_key(&API_KEY) {
        return Ok(None);
    }
    let mut secrets = Vec::new();
    for value in headers.get_all(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| invalid())?;
        let (scheme, secret) = value.split_once(' ').ok_or_else(invalid)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(invalid());
        }
        secrets.push(secret.trim());
    }
    for value in headers.get_all(&API_KEY) {
        secrets.push(value.to_str().map_err(|_| invalid())?.trim());
    }
    secrets.dedup();
    match secrets.as_slice() {
        [secret] if !secret.is_empty() => Ok(Some((*secret).to_owned())),
        _ => Err(invalid()),
    }
}

/// The caller behind a secret.
async fn known(state: &AppState, secret: &str) -> Result<Found, Problem> {
    let now = (state.clock)();
    let keyring = &state.access.keyring;
    match &state.access.tokens {
        _ if secret.starts_with(PREFIX) => {
            keyring.caller(&state.store, secret, now).await?.ok_or_else(invalid)
        }
        Some(tokens) if tokens::looks_like_a_token(secret) => {
            let verified = tokens.verify(secret, now).await.map_err(|refused| {
                tracing::info!(refused = ?refused, "a token was refused");
                if refused.is_for_want_of_keys() { keys_missing() } else { invalid() }
            })?;
            let Verified { grant, name, id } = verified;
            Ok((keyring.of_grant(&state.store, name, id, grant, now.day()).await?, None))
        }
        _ => Err(invalid()),
    }
}

/// The issuer's keys could not be had: the token may be right, and can be sent again.
fn keys_missing() -> Problem {
    Problem::new(
        "issuer_unavailable",
        "Tokens can't be verified at the moment: the issuer's keys are not to be had.",
        "Hiện chưa kiểm tra được mã truy cập: không lấy được khóa của bên cấp.",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::http::document;

    #[test]
    fn every_operation_has_one_rule_and_every_rule_an_operation() {
        let ids: HashSet<&str> = document::operations().iter().map(|operation| operation.id).collect();
        let ruled: HashSet<&str> = RULES.iter().map(|(id, ..)| *id).collect();
        assert_eq!(ids.difference(&ruled).collect::<Vec<_>>(), [&""; 0], "without a rule");
        assert_eq!(ruled.difference(&ids).collect::<Vec<_>>(), [&""; 0], "without an operation");
        assert_eq!(ruled.len(), RULES.len());
    }
}
