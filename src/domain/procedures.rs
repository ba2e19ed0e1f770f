//! Administrative procedures (thủ tục hành chính): the catalogue that gives dossiers their terms.

use serde::{Serialize, Serializer};

use super::{
    hours::TimeOfDay,
    terms::{Term, TermUnit},
    units::Level,
    violation::{Findings, Violation},
};

/// A procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    /// National code, the key. Text: leading and trailing zeros matter (1.00123 is not 1.001230).
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// Field (lĩnh vực).
    pub field: Option<String>,
    /// Level that decides.
    pub level: Option<Level>,
    /// How long it may take; none where that is not known.
    pub term: Option<Term>,
    /// The term as published.
    pub term_text: Option<String>,
}

impl Procedure {
    /// The rules of one procedure.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        // As long as a dossier may name it.
        findings.text("/code", &self.code, 40);
        // Names of land procedures run over a thousand characters.
        findings.text("/name", &self.name, 2000);
        findings.optional_text("/field", self.field.as_ref(), 200);
        findings.optional_text("/term_text", self.term_text.as_ref(), 4000);
        findings.into_result().err().unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Length {
    amount: Option<u32>,
    unit: TermUnit,
}

/// The record as the interface shows it, with the cut-off hour beside the term.
#[derive(Serialize)]
struct Shown<'a> {
    code: &'a str,
    name: &'a str,
    field: Option<&'a str>,
    level: Option<Level>,
    term: Option<Length>,
    cut_off: Option<TimeOfDay>,
    term_text: Option<&'a str>,
}

impl Serialize for Procedure {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let shown = Shown {
            code: &self.code,
            name: &self.name,
            field: self.field.as_deref(),
            level: self.level,
            term: self.term.map(|term| Length { amount: term.amount(), unit: term.unit() }),
            cut_off: self.term.and_then(|term| term.cut_off()),
            term_text: self.term_text.as_deref(),
        };
        shown.serialize(s)
    }
}
