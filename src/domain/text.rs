//! Vietnamese text: one normal form, search without case or marks, and the alphabet's own order.

use std::{cmp::Ordering, sync::LazyLock};

use icu_collator::{Collator, CollatorBorrowed, options::CollatorOptions};
use icu_locale_core::locale;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Text as it is kept: Unicode NFC, without blanks around it.
pub fn clean(text: &str) -> String {
    let text = text.trim();
    // ASCII is composed already, and most keys and words are ASCII.
    if text.is_ascii() { text.to_owned() } else { text.nfc().collect() }
}

/// Text as it is searched: lower case, no marks, đ as d (decomposition alone leaves đ as it is).
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'đ' { 'd' } else { c })
        .collect()
}

/// The words of a text as they are spelled: lower case, with their marks, the tone of each at its end, because Hòa
/// and Hoà are one word.
pub fn spelled(text: &str) -> Vec<String> {
    const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];
    let text: String = text.nfc().flat_map(char::to_lowercase).collect();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (tones, letters): (String, String) = word.nfd().partition(|c| TONES.contains(c));
            letters + &tones
        })
        .collect()
}

/// The rules of the Vietnamese alphabet, loaded once.
fn collator() -> Option<&'static CollatorBorrowed<'static>> {
    static COLLATOR: LazyLock<Option<CollatorBorrowed<'static>>> =
        LazyLock::new(|| Collator::try_new(locale!("vi").into(), CollatorOptions::default()).ok());
    COLLATOR.as_ref()
}

/// The order of the Vietnamese alphabet (a ă â b c d đ e ê ...), marks of tone second.
pub fn compare(a: &str, b: &str) -> Ordering {
    match collator() {
        Some(collator) => collator.compare(a, b),
        None => a.cmp(b),
    }
}

/// A text whose byte order is the Vietnamese alphabetical order of `text`: hexadecimal, for a column.
pub fn sort_key(text: &str) -> String {
    let mut key = Vec::new();
    if let Some(collator) = collator() {
        let Ok(()) = collator.write_sort_key_to(text, &mut key);
    }
    hexadecimal(&key)
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).map_or('0', |digit| char::from(*digit));
    let mut text = String::with_capacity(2 * bytes.len());
    text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_ignores_case_marks_and_the_stroke_of_d() {
        assert_eq!(fold("Thanh Bình"), "thanh binh");
        assert_eq!(fold("ĐỒNG THÁP"), "dong thap");
        assert_eq!(fold("Đô\u{0300}ng"), "dong");
    }

    #[test]
    fn cleaning_composes() {
        assert_eq!(clean(" Bi\u{0300}nh "), "Bình");
    }

    #[test]
    fn a_word_is_spelled_with_its_marks_wherever_the_tone_is_written() {
        assert_eq!(spelled("Xã  HOÀ-BÌNH"), spelled("xã hòa bi\u{0300}nh"));
        assert_ne!(spelled("Lấp Vò"), spelled("Lạp Vó"));
        assert_ne!(spelled("Đồng"), spelled("Dồng"));
        assert_eq!(spelled(" - ").len(), 0);
    }

    #[test]
    fn the_alphabet_puts_d_with_stroke_after_d_and_before_e() {
        let mut names = vec!["Hồ Chí Minh", "Đà Nẵng", "Ea", "Hà Nội", "Dầu", "Cần Thơ", "Ân", "Anh", "Ăn"];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, ["Anh", "Ăn", "Ân", "Cần Thơ", "Dầu", "Đà Nẵng", "Ea", "Hà Nội", "Hồ Chí Minh"]);
        let mut by_key = names.clone();
        by_key.reverse();
        by_key.sort_by_key(|name| sort_key(name));
        assert_eq!(by_key, names);
    }
}
