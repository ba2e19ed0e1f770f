//! Units found by what a table calls them: an id, a code or a name, as of a year.
//!
//! A unit answers to each name that it bore on some day of the year, and to no other: what is called Thành phố Huế
//! today was Tỉnh Thừa Thiên Huế in 2016, when a city below it was called so. A name that only other years know is
//! refused with the units that bear it then.
//!
//! Codes are used again over time and names stand in several provinces, so more than one unit may answer to a text.
//! Of these the ones whose name has the text's own marks come first (Huyện Lấp Vò is not Huyện Lạp Vó, nor is Lấp Vò the
//! unit Lấp Vô), then the ones that the edition ranks; several that remain are ambiguous, and nothing is guessed.

use std::collections::{HashMap, HashSet};

use super::{
    score_tables::key,
    text::{clean, spelled},
    time::Day,
    units::{Unit, Validity},
    violation::Violation,
};

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

/// The name without its kind as it is spelled; `full` is the whole of it without marks.
fn spelling(name: &str, full: &str) -> String {
    let count = bare(full).unwrap_or(full).split(' ').count();
    let words = spelled(name);
    words.get(words.len().saturating_sub(count)..).unwrap_or_default().join(" ")
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
    /// Its name at the end of the year.
    name: String,
    /// Its names of the year without their kinds, as they are spelled.
    spellings: Vec<String>,
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
    /// Ids of units by the names, with and without kind, that they bear at other times, and these times.
    at_other_times: HashMap<String, Vec<(String, Validity)>>,
}

impl UnitNames {
    /// The units of a year; `ranked` are those that the edition ranks.
    pub fn new(units: &[Unit], year: i32, ranked: &HashSet<String>) -> Self {
        let mut names = Self { year, ..Self::default() };
        let end = Day::new(year, 12, 31);
        for unit in units {
            let place = names.units.len();
            let exists = unit.exists_in_year(year);
            names.by_id.insert(unit.id.clone(), place);
            names.units.push(Known {
                id: unit.id.clone(),
                name: end.map_or(unit.name.as_str(), |end| unit.name_on(end)).to_owned(),
                spellings: Vec::new(),
                ranked: ranked.contains(&unit.id),
                exists,
            });
            if exists && let Some(code) = &unit.code {
                answer(&mut names.by_code, short_code(code).to_owned(), place);
            }
            for (name, days) in unit.names() {
                names.add_name(place, &unit.id, name, days);
            }
        }
        names
    }

    /// Notes a name of a unit: what it answers to, where it bore the name in the year.
    fn add_name(&mut self, place: usize, id: &str, name: &str, days: Validity) {
        let full = full(name);
        let bare = bare(&full).map(str::to_owned);
        if !days.meets_year(self.year) {
            for text in bare.into_iter().chain([full]) {
                self.at_other_times.entry(text).or_default().push((id.to_owned(), days));
            }
            return;
        }
        if let Some(known) = self.units.get_mut(place) {
            known.spellings.push(spelling(name, &full));
        }
        if let Some(bare) = bare {
            answer(&mut self.by_bare_name, bare, place);
        }
        answer(&mut self.by_name, full, place);
    }

    /// Whether a text has whole lines of a table in it: one of its lines, of several, begins with a unit and goes on.
    pub fn are_lines(&self, text: &str) -> bool {
        let begins = |line: &str| {
            let unit = line.split_once([',', ';', '\t']).map(|(unit, _)| clean(unit));
            unit.is_some_and(|unit| self.find(&unit).is_ok())
        };
        text.trim_end().contains('\n') && text.lines().any(begins)
    }

    /// The id and the name of the unit that a text names.
    ///
    /// # Errors
    /// `empty`, `unit_not_in_existence`, `unknown_unit`, which names the units that bear the name at other times, or
    /// `ambiguous_unit`, which names the candidates.
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
        let known = |places: Option<&Vec<usize>>| -> Vec<&Known> {
            places.into_iter().flatten().filter_map(|place| self.units.get(*place)).collect()
        };
        let own = spelling(text, &full);
        let spelled_so = |known: &Known| known.spellings.contains(&own);
        let whole = known(self.by_code.get(short_code(text)).or_else(|| self.by_name.get(&full)));
        let with_kind = known(self.by_bare_name.get(&full).filter(|_| bare(&full).is_none()));
        // A name with a kind that has the marks comes before one without that has others.
        let first = match whole.iter().any(|known| spelled_so(known)) {
            false if whole.is_empty() || with_kind.iter().any(|known| spelled_so(known)) => with_kind,
            _ => whole,
        };
        let all = those_or_all(first, spelled_so);
        match those_or_all(all, |known| known.ranked).as_slice() {
            [] => Err(self.unknown(text, &full)),
            [known] => Ok((&known.id, &known.name)),
            several => Err(ambiguous(text, several)),
        }
    }

    /// No unit is called so in the year; those that are at other times are named.
    fn unknown(&self, text: &str, full: &str) -> Violation {
        let year = self.year;
        let others = self.at_other_times.get(full).map(Vec::as_slice).unwrap_or_default();
        let told = |from: &str, to: &str| candidates(others, |other| during(other, from, to));
        let (en, vi) = match others {
            [] => (String::new(), String::new()),
            _ => (
                format!("; at other times it is the name of {}", told("from", "to")),
                format!("; vào thời gian khác, đó là tên của {}", told("từ", "đến")),
            ),
        };
        Violation::new(
            "/unit_id",
            "unknown_unit",
            format!("There is no unit `{text}` in {year}{en}."),
            format!("Không có đơn vị `{text}` trong năm {year}{vi}."),
        )
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

/// The units of which something holds; all where it holds of none.
fn those_or_all(all: Vec<&Known>, holds: impl Fn(&Known) -> bool) -> Vec<&Known> {
    let those: Vec<&Known> = all.iter().copied().filter(|&known| holds(known)).collect();
    if those.is_empty() { all } else { those }
}

/// Notes that a unit answers to a text: once, also where several of its names come down to it.
fn answer(texts: &mut HashMap<String, Vec<usize>>, text: String, place: usize) {
    let places = texts.entry(text).or_default();
    if places.last() != Some(&place) {
        places.push(place);
    }
}

/// Candidates that a refusal names at most.
const MOST_CANDIDATES: usize = 10;

/// The candidates, each as it is told.
fn candidates<T>(of: &[T], told: impl Fn(&T) -> String) -> String {
    let named = of.iter().take(MOST_CANDIDATES).map(told);
    let mut candidates = named.collect::<Vec<_>>().join(", ");
    if of.len() > MOST_CANDIDATES {
        candidates.push_str(", …");
    }
    candidates
}

/// A unit with the first and the last day on which it bears a name.
fn during((id, days): &(String, Validity), from: &str, to: &str) -> String {
    let from = days.from.map(|day| format!("{from} {day}"));
    let to = days.to.map(|day| format!("{to} {}", day.previous()));
    let days: Vec<String> = from.into_iter().chain(to).collect();
    format!("{id} ({})", days.join(" "))
}

fn ambiguous(text: &str, several: &[&Known]) -> Violation {
    let candidates = candidates(several, |known| format!("{} ({})", known.id, known.name));
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
    use crate::domain::units::{FormerName, Level};

    fn unit(id: &str, code: &str, name: &str, years: (i32, i32)) -> Unit {
        Unit {
            id: id.to_owned(),
            code: Some(code.to_owned()),
            code_scheme: Some("gso".to_owned()),
            name: name.to_owned(),
            former_names: Vec::new(),
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

    #[test]
    fn marks_decide_between_names_that_differ_by_them_alone() {
        let years = (1990, 2990);
        let units = [
            unit("lv", "1", "Huyện Lấp Vò", years),
            unit("lw", "2", "Huyện Lạp Vó", years),
            unit("hb", "3", "Xã Hoà Bình", years),
            unit("hb2", "4", "Xã Hòa Bình", years),
        ];
        let of = |ranked: &[&str]| {
            UnitNames::new(&units, 2016, &ranked.iter().map(|id| (*id).to_owned()).collect())
        };
        for (text, want) in [
            ("Huyện Lấp Vò", "lv"),
            ("HUYỆN  LẠP VÓ", "lw"),
            ("Huyện Lấp Vo\u{0300}", "lv"),
            ("H. Lạp Vó", "lw"),
            ("Lấp Vò", "lv"),
            ("Huyen Lap Vo", "ambiguous_unit"),
            ("Lắp Vò", "ambiguous_unit"),
            ("Xã Hòa Bình", "ambiguous_unit"),
        ] {
            assert_eq!(found(&of(&[]), text), want, "{text}");
        }
        assert_eq!(found(&of(&["lw", "hb"]), "Huyện Lấp Vò"), "lv");
        assert_eq!(found(&of(&["lw", "hb"]), "Lap Vo"), "lw");
        assert_eq!(found(&of(&["lw", "hb"]), "Xã Hòa Bình"), "hb");
    }

    #[test]
    fn marks_decide_between_a_name_with_a_kind_and_one_without() {
        let years = (1990, 2990);
        let units = [unit("with", "1", "Huyện Lấp Vò", years), unit("without", "2", "Lấp Vô", years)];
        let names = UnitNames::new(&units, 2016, &HashSet::new());
        for (text, want) in [
            ("Lấp Vò", "with"),
            ("Huyện Lấp Vò", "with"),
            ("Lấp Vô", "without"),
            // The whole name, but for its marks.
            ("lap vo", "without"),
            ("Lập Vo", "without"),
        ] {
            assert_eq!(found(&names, text), want, "{text}");
        }
        assert_eq!(
            found(&UnitNames::new(&units, 2016, &HashSet::from(["with".to_owned()])), "Lấp Vô"),
            "without"
        );
    }

    fn renamed(unit: Unit, former: &[(&str, &str)]) -> Unit {
        let former = former
            .iter()
            .map(|(name, until)| FormerName { name: (*name).to_owned(), until: until.parse().unwrap() });
        Unit { former_names: former.collect(), ..unit }
    }

    /// A province that became a city in 2025 and what it passed to, and its city of old.
    fn hue(year: i32) -> UnitNames {
        let former = [("Tỉnh Thừa Thiên Huế", "2025-01-01")];
        let units = [
            renamed(unit("hue", "46", "Thành phố Huế", (1990, 2026)), &former),
            unit("hue-new", "46", "Thành phố Huế", (2026, 2990)),
            unit("hue-city", "474", "Thành phố Huế", (2005, 2025)),
        ];
        UnitNames::new(&units, year, &HashSet::new())
    }

    #[test]
    fn a_unit_answers_to_the_names_that_it_bore_in_the_year() {
        for (year, text, want) in [
            (2016, "Thừa Thiên Huế", "hue"),
            (2016, "TỈNH THỪA THIÊN - HUẾ", "hue"),
            (2016, "Thành phố Huế", "hue-city"),
            (2016, "TP Huế", "hue-city"),
            (2016, "46", "hue"),
            (2024, "Tỉnh Thừa Thiên Huế", "hue"),
            (2025, "Tỉnh Thừa Thiên Huế", "unknown_unit"),
            (2025, "Huế", "hue"),
            (2026, "Huế", "hue-new"),
            (2000, "Huế", "unknown_unit"),
        ] {
            assert_eq!(found(&hue(year), text), want, "{text} in {year}");
        }
        let of_2016 = hue(2016);
        assert_eq!(of_2016.find("46").unwrap(), ("hue", "Tỉnh Thừa Thiên Huế"));
        let (of_2024, of_2025) = (hue(2024), hue(2025));
        assert_eq!(of_2024.find("hue").unwrap().1, "Tỉnh Thừa Thiên Huế");
        assert_eq!(of_2025.find("hue").unwrap().1, "Thành phố Huế");
    }

    #[test]
    fn a_name_of_other_times_is_refused_with_who_bears_it_then() {
        let refused = hue(2000).find("TP. Huế").unwrap_err();
        assert_eq!(
            refused.text.en,
            "There is no unit `TP. Huế` in 2000; at other times it is the name of hue (from 2025-01-01 to \
             2025-12-31), hue-new (from 2026-01-01 to 2989-12-31), hue-city (from 2005-01-01 to 2024-12-31)."
        );
        let refused = hue(2025).find("Thừa Thiên Huế").unwrap_err();
        assert_eq!(
            refused.text.vi,
            "Không có đơn vị `Thừa Thiên Huế` trong năm 2025; vào thời gian khác, đó là tên của hue \
             (từ 1990-01-01 đến 2024-12-31)."
        );
        let refused = hue(2016).find("Huyện Huế").unwrap_err();
        assert_eq!(refused.text.en, "There is no unit `Huyện Huế` in 2016.");
    }

    #[test]
    fn of_a_year_of_change_both_names_hold_and_two_units_may_share_one() {
        let years = (1990, 2990);
        let units = [
            // A district that became a town in the middle of 2016, and was for a time called otherwise.
            renamed(
                unit("town", "1", "Thị xã Kỳ Anh", years),
                &[("Huyện Kỳ Anh", "2016-03-01"), ("Huyện Kỳ", "2016-05-01"), ("Huyện Kỳ Anh", "2016-07-01")],
            ),
            // A district that took its name afterwards.
            renamed(unit("district", "2", "Huyện Kỳ Anh", years), &[("Huyện Kỳ Nam", "2016-07-01")]),
        ];
        let of = |year: i32| UnitNames::new(&units, year, &HashSet::new());
        for (year, text, want) in [
            (2015, "Huyện Kỳ Anh", "town"),
            (2015, "Kỳ Anh", "town"),
            (2015, "Kỳ Nam", "district"),
            (2016, "Thị xã Kỳ Anh", "town"),
            (2016, "Huyện Kỳ", "town"),
            (2016, "Kỳ Nam", "district"),
            (2016, "Huyện Kỳ Anh", "ambiguous_unit"),
            (2016, "Kỳ Anh", "ambiguous_unit"),
            (2017, "Huyện Kỳ Anh", "district"),
            (2017, "Kỳ Nam", "unknown_unit"),
        ] {
            assert_eq!(found(&of(year), text), want, "{text} in {year}");
        }
        let refused = of(2016).find("Huyện Kỳ Anh").unwrap_err();
        assert!(
            refused.text.en.contains("may be 2 units: town (Thị xã Kỳ Anh), district (Huyện Kỳ Anh)"),
            "{}",
            refused.text.en
        );
    }
}
