//! What a caller sees of a change: of the feed, of snapshots and of webhooks alike.
//!
//! A state that the caller may not read is as if it were not there. So a record that leaves a caller's sight is told
//! as a deletion (a tombstone), and one that comes into it as a creation.

use std::sync::Arc;

use serde_json::Value;

use super::{access::Caller, changed_resources::ChangedResource, changes::Change};
use crate::{domain::access::Scope, store::changes::Action};

/// Who looks, and at which unit.
#[derive(Debug, Clone)]
pub struct Sight {
    /// Who looks.
    pub caller: Arc<Caller>,
    /// Whether the public is not shown small groups of dossiers, and so no return and no frozen report.
    pub small_cells_withheld: bool,
    /// The only unit whose records are looked at; all when absent.
    pub unit_id: Option<String>,
}

fn text<'a>(record: &'a Value, member: &str) -> Option<&'a str> {
    record.get(member).and_then(Value::as_str)
}

/// The unit that a record belongs to; none of what belongs to no unit.
fn unit_of(kind: ChangedResource, record: &Value) -> Option<&str> {
    use ChangedResource as Kind;
    text(
        record,
        match kind {
            Kind::Units => "id",
            Kind::Commendations => "issuer_unit_id",
            Kind::ImprovementActions => "owner_unit_id",
            Kind::Dossiers
            | Kind::IndexScores
            | Kind::ReportedFigures
            | Kind::Calendars
            | Kind::FormReports
            | Kind::Returns
            | Kind::ClockRules => "unit_id",
            Kind::Indexes | Kind::Editions | Kind::Procedures | Kind::ApiKeys | Kind::Webhooks => {
                return None;
            }
        },
    )
}

impl Sight {
    /// Whether the caller may see anything of a kind.
    pub fn may_see_any(&self, kind: ChangedResource) -> bool {
        match kind {
            ChangedResource::Dossiers => self.caller.has(Scope::DossiersRead),
            ChangedResource::IndexScores => self.caller.has(Scope::ScoresRead),
            ChangedResource::ApiKeys | ChangedResource::Webhooks => self.caller.may_everywhere(Scope::Admin),
            _ => true,
        }
    }

    /// A state of a record as the caller sees it; none where to the caller it isn't there.
    ///
    /// Of an edition whose framework the caller may not see, only published states are asked for.
    pub fn shown(&self, kind: ChangedResource, mut record: Value) -> Option<Value> {
        use ChangedResource as Kind;
        let unit = unit_of(kind, &record);
        if self.unit_id.is_some() && unit != self.unit_id.as_deref() {
            return None;
        }
        let may = |scope| unit.is_some_and(|unit| self.caller.may(scope, unit));
        let visible = match kind {
            Kind::Dossiers => may(Scope::DossiersRead),
            Kind::IndexScores => may(Scope::ScoresRead),
            Kind::Returns | Kind::FormReports => {
                !self.small_cells_withheld || self.caller.has(Scope::DossiersRead)
            }
            Kind::ApiKeys | Kind::Webhooks => self.caller.may_everywhere(Scope::Admin),
            Kind::Commendations => {
                let named = self.caller.recipient_names
                    || may(Scope::CommendationsRead)
                    || may(Scope::CommendationsWrite);
                if !named {
                    mask_individuals(&mut record);
                }
                true
            }
            Kind::Units
            | Kind::Indexes
            | Kind::Editions
            | Kind::ReportedFigures
            | Kind::ImprovementActions
            | Kind::Calendars
            | Kind::Procedures
            | Kind::ClockRules => true,
        };
        visible.then_some(record)
    }

    /// A change as the caller sees it; none where the caller sees nothing of it.
    pub fn seen(&self, change: Change) -> Option<Change> {
        let kind: ChangedResource = change.resource.parse().ok()?;
        let before = change.before.and_then(|record| self.shown(kind, record));
        let after = change.after.and_then(|record| self.shown(kind, record));
        let action = match (&before, &after) {
            (None, None) => return None,
            (None, Some(_)) => Action::Create,
            (Some(_), None) => Action::Delete,
            (Some(_), Some(_)) => Action::Update,
        };
        // Why a record was moved away is for those who still see it.
        let reason = change.reason.filter(|_| action == change.action);
        Some(Change { action, reason, before, after, ..change })
    }
}

/// Takes the names of individual recipients away, as the public sees a decision.
fn mask_individuals(decision: &mut Value) {
    let recipients = decision.get_mut("recipients").and_then(Value::as_array_mut);
    for recipient in recipients.into_iter().flatten() {
        if text(recipient, "kind") == Some("individual")
            && let Some(name) = recipient.get_mut("name")
        {
            *name = Value::Null;
        }
    }
}
