//! How the clock of a unit treats pauses and withdrawals, and which rule holds on a day.
//!
//! Decree 61/2018/NĐ-CP gives the whole term again once a dossier was supplemented; some one-stop systems move
//! the date by the pause instead, and count what was withdrawn as resolved on time.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    time::Day,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// What a pause does to the term.
    pub enum PauseRule {
        /// The whole term begins again when the pause ends.
        Restart = "restart",
        /// The due date moves by the length of the pause.
        Extend = "extend",
    }
}

words! {
    /// What a withdrawn dossier (7) counts as.
    pub enum WithdrawnCount {
        /// Ended without a result.
        EndedOtherwise = "ended_otherwise",
        /// Resolved on time.
        OnTime = "on_time",
    }
}

/// A clock rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockRule {
    /// Made by the service; empty for the rule that nobody wrote.
    pub id: String,
    /// The unit, with all below it that have no rule of their own; all units when absent.
    pub unit_id: Option<String>,
    /// First day on which it holds; from the beginning of time when absent.
    pub valid_from: Option<Day>,
    /// While a supplement is awaited (5).
    pub supplement: PauseRule,
    /// While a financial duty is awaited (6).
    pub financial_duty: PauseRule,
    /// What dossiers withdrawn on its days count as.
    pub withdrawn_counts_as: WithdrawnCount,
    /// Where the rule is from.
    pub source: Option<String>,
}

impl Default for ClockRule {
    /// The rule where there is none: Decree 61/2018/NĐ-CP for supplements.
    fn default() -> Self {
        Self {
            id: String::new(),
            unit_id: None,
            valid_from: None,
            supplement: PauseRule::Restart,
            financial_duty: PauseRule::Extend,
            withdrawn_counts_as: WithdrawnCount::EndedOtherwise,
            source: None,
        }
    }
}

impl ClockRule {
    /// The rules of one record.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.optional_text("/source", self.source.as_ref(), 1000);
        findings.into_result().err().unwrap_or_default()
    }
}

/// The rules that hold on a day: at most one of each unit, and one for all.
#[derive(Debug, Default)]
pub struct InForce<'a>(HashMap<Option<&'a str>, &'a ClockRule>);

impl<'a> InForce<'a> {
    /// Of the rules of each unit the one that began last, by the day.
    pub fn on(rules: &'a [ClockRule], day: Day) -> Self {
        let mut held: HashMap<Option<&str>, &ClockRule> = HashMap::new();
        for rule in rules.iter().filter(|rule| rule.valid_from.is_none_or(|from| from <= day)) {
            let last = held.entry(rule.unit_id.as_deref()).or_insert(rule);
            if last.valid_from < rule.valid_from {
                *last = rule;
            }
        }
        Self(held)
    }

    /// The rule of the first unit that has one, of a unit and those above it; then the one for all.
    pub fn of<'b>(&self, unit_and_above: impl IntoIterator<Item = &'b str>) -> Option<&'a ClockRule> {
        let own = unit_and_above.into_iter().find_map(|id| self.0.get(&Some(id)));
        own.or_else(|| self.0.get(&None)).copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rule(id: &str, unit: Option<&str>, from: Option<&str>) -> ClockRule {
        ClockRule {
            id: id.to_owned(),
            unit_id: unit.map(str::to_owned),
            valid_from: from.map(|day| day.parse().unwrap()),
            ..ClockRule::default()
        }
    }

    #[test]
    fn the_nearest_unit_with_a_rule_in_force_decides() {
        let rules = [
            rule("all-2020", None, Some("2020-01-01")),
            rule("d-2021", Some("d"), Some("2021-01-01")),
            rule("d", Some("d"), None),
            rule("c-2022", Some("c"), Some("2022-01-01")),
        ];
        let chosen = |chain: &[&str], day: &str| {
            let held = InForce::on(&rules, day.parse().unwrap());
            held.of(chain.iter().copied()).map(|rule| rule.id.as_str())
        };
        assert_eq!(chosen(&["c", "d"], "2019-12-31"), Some("d"));
        assert_eq!(chosen(&["c", "d"], "2020-12-31"), Some("d"));
        assert_eq!(chosen(&["c", "d"], "2021-01-01"), Some("d-2021"));
        assert_eq!(chosen(&["c", "d"], "2022-01-01"), Some("c-2022"));
        assert_eq!(chosen(&["e", "f"], "2019-12-31"), None);
        assert_eq!(chosen(&["e", "f"], "2020-01-01"), Some("all-2020"));
    }

    #[test]
    fn without_a_rule_a_supplement_restarts_the_term() {
        let rule = ClockRule::default();
        assert_eq!((rule.supplement, rule.financial_duty), (PauseRule::Restart, PauseRule::Extend));
        assert_eq!(rule.withdrawn_counts_as, WithdrawnCount::EndedOtherwise);
        assert!(InForce::on(&[], Day::new(2020, 1, 1).unwrap()).of(["c"]).is_none());
    }
}
