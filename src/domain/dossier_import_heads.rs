//! The heads of a CSV file of dossiers: which column gives what, and whether every head that was declared is there.

use super::{
    dossier_imports::{Member, Plan, folded},
    imports::shown,
    violation::{Findings, Violation},
};

/// Members without which no row can be a dossier.
const REQUIRED: [Member; 4] = [Member::Code, Member::UnitId, Member::SubmittedVia, Member::Status];

/// Heads of a file that a sentence names at most.
const MOST_LISTED: usize = 30;

impl Plan {
    /// Which column of a CSV file gives which member, from its line of heads.
    ///
    /// # Errors
    /// Two columns for one member, none for a member whose head the mapping names, or no column and no constant for
    /// a member that every dossier has.
    pub fn layout(&self, heads: &[String]) -> Result<Vec<Option<Member>>, Vec<Violation>> {
        let mut findings = Findings::default();
        let mut seen = [false; Member::COUNT];
        let layout: Vec<Option<Member>> = heads.iter().map(|head| self.member(head)).collect();
        for member in layout.iter().flatten() {
            if std::mem::replace(&mut seen[member.index()], true) {
                findings.add(
                    format!("/{member}"),
                    "duplicate_column",
                    format!("Two columns give `{member}`."),
                    format!("Có hai cột cùng cho `{member}`."),
                );
            }
        }
        self.check_declared(heads, &layout, &mut findings);
        for member in REQUIRED.into_iter().filter(|member| !self.declared.contains_key(member)) {
            if !seen[member.index()] && self.constants[member.index()].is_none() {
                findings.add(
                    format!("/{member}"),
                    "missing_column",
                    format!("No column gives `{member}`: name its head in the mapping, or give a constant."),
                    format!(
                        "Không có cột nào cho `{member}`: hãy khai báo tiêu đề cột hoặc giá trị cố định."
                    ),
                );
            }
        }
        findings.into_result().map(|()| layout)
    }

    /// Of the heads that the mapping names for a member, the file has one: else every value of it would be missing.
    fn check_declared(&self, heads: &[String], layout: &[Option<Member>], findings: &mut Findings) {
        for (member, names) in &self.declared {
            let mut giving = heads.iter().zip(layout).filter(|(_, of)| **of == Some(*member));
            if giving.any(|(head, _)| names.iter().any(|name| folded(name) == folded(head))) {
                continue;
            }
            let (names, known) = (names.join("`, `"), listed(heads));
            findings.add(
                format!("/{member}"),
                "missing_column",
                format!(
                    "The file has no head `{names}`, named for `{member}` by the mapping; it has {known}."
                ),
                format!("Tệp không có tiêu đề `{names}` đã khai báo cho `{member}`; tệp có {known}."),
            );
        }
    }
}

/// The heads of a file in a sentence.
fn listed(heads: &[String]) -> String {
    let named = heads.iter().filter(|head| !head.trim().is_empty());
    let mut list: Vec<String> = named.map(|head| format!("`{}`", shown(head.trim()))).collect();
    if list.len() > MOST_LISTED {
        list.truncate(MOST_LISTED);
        list.push("…".to_owned());
    }
    list.join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::dossier_imports::Mapping;

    #[test]
    fn a_file_says_who_gives_what_once() {
        let plan = Plan::new(None, Mapping::default()).unwrap();
        let heads = |heads: &[&str]| heads.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>();
        let wrong = plan.layout(&heads(&["code", "code", "unit_id", "submitted_via"])).unwrap_err();
        let told: Vec<_> = wrong.iter().map(|v| (v.pointer.as_str(), v.code)).collect();
        assert_eq!(told, [("/code", "duplicate_column"), ("/status", "missing_column")]);
        let constants = serde_json::from_str(r#"{"constants": {"status": "2"}}"#).unwrap();
        let plan = Plan::new(None, constants).unwrap();
        assert!(plan.layout(&heads(&["x", "code", "unit_id", "submitted_via"])).is_ok());
        // One of the heads that the mapping names for a member is there.
        let named = r#"{"columns": {"Mã": "code", "Số": "code", "Hạn": "due_at"},
            "constants": {"status": "2"}}"#;
        let plan = Plan::new(None, serde_json::from_str(named).unwrap()).unwrap();
        assert!(plan.layout(&heads(&["SỐ", "unit_id", "submitted_via", " hạn"])).is_ok());
        let wrong = plan.layout(&heads(&["code", "unit_id", "submitted_via", "due_at"])).unwrap_err();
        let told: Vec<_> = wrong.iter().map(|v| (v.pointer.as_str(), v.code)).collect();
        assert_eq!(told, [("/code", "missing_column"), ("/due_at", "missing_column")]);
    }
}
