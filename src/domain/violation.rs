//! What a broken rule looks like: the place, a stable code, and the sentence in both languages.
//!
//! Every rule of the field states its own sentences where it is checked; `http` only chooses the language.

/// A text in both languages of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: String,
    /// Vietnamese.
    pub vi: String,
}

impl Text {
    /// The same statement in English and in Vietnamese.
    pub fn new(en: impl Into<String>, vi: impl Into<String>) -> Self {
        Self { en: en.into(), vi: vi.into() }
    }
}

/// One broken rule at one place of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer (RFC 6901) into the record, or the name of a query parameter.
    pub pointer: String,
    /// Stable code of the rule in `snake_case`.
    pub code: &'static str,
    /// The sentence a person reads.
    pub text: Text,
}

impl Violation {
    /// A violation of the rule `code` at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        code: &'static str,
        en: impl Into<String>,
        vi: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), code, text: Text::new(en, vi) }
    }
}

/// Collects every broken rule of a record, so that a caller sees all of them at once.
#[derive(Debug, Default)]
pub struct Findings(Vec<Violation>);

impl Findings {
    /// Notes a broken rule.
    pub fn add(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        en: impl Into<String>,
        vi: impl Into<String>,
    ) {
        self.0.push(Violation::new(pointer, code, en, vi));
    }

    /// Takes over violations found elsewhere.
    pub fn extend(&mut self, more: Vec<Violation>) {
        self.0.extend(more);
    }

    /// A text that people read: not empty, at most `max` characters, no control characters.
    ///
    /// PostgreSQL refuses U+0000 and SQLite doesn't, so the rule is ours.
    pub fn text(&mut self, pointer: &str, value: &str, max: usize) {
        if value.trim().is_empty() {
            self.add(pointer, "empty", "Must not be empty.", "Không được để trống.");
        } else if value.chars().count() > max {
            self.add(
                pointer,
                "too_long",
                format!("At most {max} characters."),
                format!("Tối đa {max} ký tự."),
            );
        }
        if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.add(
                pointer,
                "control_character",
                "Control characters are not allowed.",
                "Không được chứa ký tự điều khiển.",
            );
        }
    }

    /// [`Findings::text`] for a text that may be absent.
    pub fn optional_text(&mut self, pointer: &str, value: Option<&String>, max: usize) {
        if let Some(value) = value {
            self.text(pointer, value, max);
        }
    }

    /// An id that a client chose: letters, digits and `. _ ~ -`, at most 64 of them.
    pub fn id(&mut self, pointer: &str, value: &str) {
        let fits = value.chars().all(|c| c.is_ascii_alphanumeric() || "._~-".contains(c));
        if value.is_empty() || value.len() > 64 || !fits || value == "." || value == ".." {
            self.add(
                pointer,
                "not_an_id",
                "An id has 1 to 64 letters, digits, dots, underscores, tildes or hyphens.",
                "Mã định danh gồm 1 đến 64 chữ cái không dấu, chữ số, dấu chấm, gạch dưới, ngã hoặc gạch nối.",
            );
        }
    }

    /// The end of the checks: nothing found, or all that was found.
    pub fn into_result(self) -> Result<(), Vec<Violation>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
