//! An index: what is measured year after year (PAR index, PCI, DDCI ...). Its yearly frameworks are editions.

use serde::Serialize;

use super::violation::{Findings, Violation};

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Index {
    /// Short code, the key: `pci`.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: Option<String>,
    /// Who measures what, and on whose authority.
    pub description: Option<String>,
}

impl Index {
    /// The rules of one index.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.id("/code", &self.code);
        findings.text("/name", &self.name, 300);
        findings.optional_text("/name_en", self.name_en.as_ref(), 300);
        findings.optional_text("/description", self.description.as_ref(), 4000);
        findings.into_result().err().unwrap_or_default()
    }
}
