//! Units found by what a table calls them: an id, a code or a name, as of a year.
//!
//! Codes are used again over time and names stand in several provinces, so more than one unit may answer to a text.
//! Of these the ones that the edition ranks come first; several that remain are ambiguous, and nothing is guessed.

use std::collections::{HashMap, HashSet};

use super::{score_tables::key, units::Unit, violation::Violation};

/// Abbreviations at the beginning of a name, and what they stand for.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("tp ", "thanh pho "),
    ("t p ", "thanh pho "),
    ("tx ", "thi xa "),
    ("t x ", "thi xa "),
    ("tt ", "thi tran "),
    ("h ", "huyen "),
    ("q ", "quan "),
    ("p ", "phuong "),
    ("x ", "xa "),
];

/// Kinds of units at the beginning of a name.
const KINDS: &[&str] =
    &["tinh ", "thanh pho ", "thi xa ", "thi tran ", "huyen ", "quan ", "xa ", "phuong ", "dac khu "];

/// A name with its kind written out.
fn full(name: &str) -> String {
    let name = key(name);
    let found = ABBREVIATIONS.iter().find_map(|(short, long)| Some((long, name.strip_prefix(short)?)));
    found.map_or_else(|| name.clone(), |(long, rest)| format!("{long}{rest}"))
}

/// The name without its kind; none for a name that begins with none.
fn bare(full: &str) -> Option<&str> {
    KINDS.iter().find_map(|kind| full.strip_prefix(kind))
}

/// A code without the zeros in front, which spreadsheets lose.
fn short_code(code: &str) -> &str {
    let short = code.trim_start_matches('0');
    if short.is_empty() { code } else { short }
}

/// What is known of a unit that a table may name.
#[derive(Debug)]
struct Known {
    id: String,
    name: String,
    /// Whether some cohort of the edition has it.
    ranked: bool,
    /// Whether it exists on some day of the year.
    exists: bool,
}

/// Units by what they may be called in a year.
#[derive(Debug, Default)]
pub struct UnitNames {
    year: i32,
    units: Vec<Known>,
    by_id: HashMap<String, usize>,
    by_code: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    by_bare_name: HashMap<String, Vec<usize>>,
}

impl UnitNames {
    /// The units of a year; `ranked` are those that the edition ranks.
    pub fn new(units: &[Unit], year: i32, ranked: &HashSet<String>) -> Self {
        let mut names = Self { year, ..Self::default() };
        for unit in units {
            let place = names.units.len();
            let exists = unit.exists_in_year(year);
            names.by_id.insert(unit.id.clone(), place);
            names.units.push(Known {
                id: unit.id.clone(),
                name: unit.name.clone(),
                ranked: ranked.contains(&unit.id),
                exists,
            });
            if !exists {
                continue;
            }
            let full = full(&unit.name);
            if let Some(code) = &unit.code {
                names.by_code.entry(short_code(code).to_owned()).or_default().push(place);
            }
            if let Some(bare) = bare(&full) {
                names.by_bare_name.entry(bare.to_owned()).or_default().push(place);
            }
            names.by_name.entry(full).or_default().push(place);
        }
        names
    }

    /// The id and the name of the unit that a text names.
    ///
    /// # Errors
    /// `empty`, `unknown_unit`, `unit_not_in_existence` or `ambiguous_unit`, which names the candidates.
    pub fn find(&self, text: &str) -> Result<(&str, &str), Violation> {
        if text.is_empty() {
            return Err(Violation::new("/unit_id", "empty", "Must not be empty.", "Không được để trống."));
        }
        if let Some(known) = self.by_id.get(text).and_then(|place| self.units.get(*place)) {
            return if known.exists {
                Ok((&known.id, &known.name))
            } else {
                Err(self.not_in_existence(known))
            };
        }
        let full = full(text);
        let bare_key = if bare(&full).is_none() { Some(full.as_str()) } else { None };
        let places = self
            .by_code
            .get(short_code(text))
            .or_else(|| self.by_name.get(&full))
            .or_else(|| self.by_bare_name.get(bare_key?))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let all: Vec<&Known> = places.iter().filter_map(|place| self.units.get(*place)).collect();
        let ranked: Vec<&Known> = all.iter().copied().filter(|known| known.ranked).collect();
        match if ranked.is_empty() { all } else { ranked }.as_slice() {
            [] => Err(Violation::new(
                "/unit_id",
                "unknown_unit",
                format!("There is no unit `{text}` in {}.", self.year),
                format!("Không có đơn vị `{text}` trong năm {}.", self.year),
            )),
            [known] => Ok((&known.id, &known.name)),
            several => Err(ambiguous(text, several)),
        }
    }

    fn not_in_existence(&self, known: &Known) -> Violation {
        let (id, year) = (&known.id, self.year);
        Violation::new(
            "/unit_id",
            "unit_not_in_existence",
            format!("The unit `{id}` did not exist on any day of {year}."),
            format!("Đơn vị `{id}` không tồn tại vào ngày nào của năm {year}."),
        )
    }
}

/// Candidates that a refusal names at most.
const MOST_CANDIDATES: usize = 10;

fn ambiguous(text: &str, several: &[&Known]) -> Violation {
    let named = several.iter().take(MOST_CANDIDATES).map(|known| format!("{} ({})", known.id, known.name));
    let mut candidates = named.collect::<Vec<_>>().join(", ");
    if several.len() > MOST_CANDIDATES {
        candidates.push_str(", …");
    }
    let count = several.len();
    Violation::new(
        "/unit_id",
        "ambiguous_unit",
        format!("`{text}` may be {count} units: {candidates}. Use the id."),
        format!("`{text}` có thể là {count} đơn vị: {candidates}. Hãy dùng mã định danh."),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::{time::Day, units::Level};

    fn unit(id: &str, code: &str, name: &str, years: (i32, i32)) -> Unit {
        Unit {
            id: id.to_owned(),
            code: Some(code.to_owned()),
            code_scheme: Some("gso".to_owned()),
            name: name.to_owned(),
            level: Level::Province,
            parent_id: None,
            former_parents: Vec::new(),
            valid_from: Day::new(years.0, 1, 1),
            valid_to: Day::new(years.1, 1, 1),
            successors: Vec::new(),
        }
    }

    fn names(ranked: &[&str]) -> UnitNames {
        let units = [
            unit("hn", "01", "Thành phố Hà Nội", (1990, 2990)),
            unit("hg", "02", "Tỉnh Hà Giang", (1990, 2990)),
            unit("hg-city", "024", "Thành phố Hà Giang", (1990, 2990)),
            unit("tg", "82", "Tỉnh Tiền Giang", (1990, 2020)),
            unit("dt-new", "82", "Tỉnh Đồng Tháp", (2020, 2990)),
            unit("kat", "1", "Thị xã Kỳ Anh", (1990, 2990)),
            unit("kah", "2", "Huyện Kỳ Anh", (1990, 2990)),
        ];
        UnitNames::new(&units, 2016, &ranked.iter().map(|id| (*id).to_owned()).collect())
    }

    fn found(names: &UnitNames, text: &str) -> String {
        names.find(text).map_or_else(|v| v.code.to_owned(), |(id, _)| id.to_owned())
    }

    #[test]
    fn a_unit_answers_to_its_id_its_code_and_its_name_as_of_the_year() {
        let names = names(&[]);
        for (text, want) in [
            ("hn", "hn"),
            ("thanh pho ha noi", "hn"),
            ("TP. Hà Nội", "hn"),
            ("Hà  Nội", "hn"),
            ("HÀ NỘI", "hn"),
            ("024", "hg-city"),
            ("24", "hg-city"),
            ("82", "tg"),
            ("TX Kỳ Anh", "kat"),
            ("Huyện Kỳ Anh", "kah"),
            ("Tỉnh Hà Nội", "unknown_unit"),
            ("Đồng Tháp", "unknown_unit"),
            ("dt-new", "unit_not_in_existence"),
            ("", "empty"),
        ] {
            assert_eq!(found(&names, text), want, "{text}");
        }
    }

    #[test]
    fn what_the_edition_ranks_comes_first_and_the_rest_is_ambiguous() {
        let refused = names(&[]).find("Hà Giang").unwrap_err();
        assert_eq!(refused.code, "ambiguous_unit");
        assert!(
            refused.text.en.contains("hg (Tỉnh Hà Giang), hg-city (Thành phố Hà Giang)"),
            "{}",
            refused.text.en
        );
        assert_eq!(found(&names(&["hg", "hn"]), "Hà Giang"), "hg");
        assert_eq!(found(&names(&["hg", "hg-city"]), "Hà Giang"), "ambiguous_unit");
        assert_eq!(found(&names(&["kat"]), "Kỳ Anh"), "kat");
        // Codes 01 and 1, 02 and 2 are one where a spreadsheet took the zeros away.
        assert_eq!(found(&names(&["hn"]), "1"), "hn");
    }
}
