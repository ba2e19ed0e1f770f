//! The term of a procedure: how long it may take, and how published texts of it are read.

use std::ops::RangeInclusive;

use super::{hours::TimeOfDay, text::fold, words::words};

words! {
    /// What a term counts.
    pub enum TermUnit {
        /// Working hours: hours within office hours (giờ làm việc).
        Hours = "hours",
        /// Days of the calendar (ngày).
        Days = "days",
        /// Working days (ngày làm việc).
        WorkingDays = "working_days",
        /// Months (tháng).
        Months = "months",
        /// Within the day of receipt (ngay trong ngày), up to a cut-off hour.
        SameDay = "same_day",
    }
}

impl TermUnit {
    /// How many of it a term may have, about ten years at most; a term within the day has no amount.
    pub const fn amounts(self) -> Option<RangeInclusive<u32>> {
        match self {
            Self::Hours => Some(1..=20_000),
            Self::Days => Some(1..=3_660),
            Self::WorkingDays => Some(1..=2_600),
            Self::Months => Some(1..=120),
            Self::SameDay => None,
        }
    }
}

/// The cut-off hour of terms within the day that name none: 15:00, as most procedures print it ("nhận hồ sơ sau
/// 15 giờ ... trả kết quả trong ngày làm việc tiếp theo", civil status procedures of the national portal).
pub const DEFAULT_CUT_OFF: TimeOfDay = TimeOfDay::THREE_PM;

/// How long a procedure may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Working hours.
    Hours(u32),
    /// Days of the calendar.
    Days(u32),
    /// Working days.
    WorkingDays(u32),
    /// Months.
    Months(u32),
    /// Within the day of receipt; what is received at the cut-off hour or later has until the end of the next
    /// working day.
    SameDay {
        /// The cut-off hour.
        cut_off: TimeOfDay,
    },
}

impl Term {
    /// A term of an amount; none when the amount is out of its range. The cut-off counts within the day alone.
    pub fn new(unit: TermUnit, amount: Option<u32>, cut_off: Option<TimeOfDay>) -> Option<Self> {
        let amount = match (unit.amounts(), amount) {
            (Some(range), Some(amount)) if range.contains(&amount) => amount,
            (None, None) => 0,
            _ => return None,
        };
        Some(match unit {
            TermUnit::Hours => Self::Hours(amount),
            TermUnit::Days => Self::Days(amount),
            TermUnit::WorkingDays => Self::WorkingDays(amount),
            TermUnit::Months => Self::Months(amount),
            TermUnit::SameDay => Self::SameDay { cut_off: cut_off.unwrap_or(DEFAULT_CUT_OFF) },
        })
    }

    /// What it counts.
    pub const fn unit(&self) -> TermUnit {
        match self {
            Self::Hours(_) => TermUnit::Hours,
            Self::Days(_) => TermUnit::Days,
            Self::WorkingDays(_) => TermUnit::WorkingDays,
            Self::Months(_) => TermUnit::Months,
            Self::SameDay { .. } => TermUnit::SameDay,
        }
    }

    /// How many; none for a term within the day.
    pub const fn amount(&self) -> Option<u32> {
        match self {
            Self::Hours(n) | Self::Days(n) | Self::WorkingDays(n) | Self::Months(n) => Some(*n),
            Self::SameDay { .. } => None,
        }
    }

    /// The cut-off hour of a term within the day.
    pub const fn cut_off(&self) -> Option<TimeOfDay> {
        match self {
            Self::SameDay { cut_off } => Some(*cut_off),
            Self::Hours(_) | Self::Days(_) | Self::WorkingDays(_) | Self::Months(_) => None,
        }
    }
}

/// Words that may follow an amount without changing it: the term runs from the receipt of a whole dossier.
const FROM_RECEIPT: [&str; 4] = [
    " ke tu ngay nhan du ho so hop le theo quy dinh",
    " ke tu ngay nhan du ho so theo quy dinh",
    " ke tu ngay nhan du ho so hop le",
    " ke tu ngay nhan du ho so",
];

/// Reads the term out of a published text; none when the text says anything beside one term.
///
/// "07 Ngày làm việc", "30 Ngày", "1 Tháng" and "Ngay trong ngày ... sau 15 giờ ..." are read. Ranges, alternatives,
/// maxima ("Tối đa ..."), numbers without a unit and descriptions are not: a term is never guessed.
pub fn read(text: &str) -> Option<Term> {
    let folded = fold(text);
    let words: Vec<&str> = folded.split_whitespace().collect();
    let text = words.join(" ");
    let text = text.trim_end_matches(['.', ';']);
    same_day(text).or_else(|| amount(text))
}

fn amount(text: &str) -> Option<Term> {
    let text = FROM_RECEIPT.iter().find_map(|suffix| text.strip_suffix(suffix)).unwrap_or(text);
    let (number, unit) = text.split_once(' ')?;
    let unit = match unit {
        "gio" | "gio lam viec" => TermUnit::Hours,
        "ngay" => TermUnit::Days,
        "ngay lam viec" => TermUnit::WorkingDays,
        "thang" => TermUnit::Months,
        _ => return None,
    };
    // `parse` alone would take a sign.
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Term::new(unit, Some(number.parse().ok()?), None)
}

fn same_day(text: &str) -> Option<Term> {
    const TODAY: [&str; 5] = [
        "ngay trong ngay",
        "trong ngay",
        "ngay trong ngay lam viec",
        "ngay trong ngay tiep nhan ho so",
        "ngay trong ngay tiep nhan yeu cau",
    ];
    if TODAY.contains(&text) {
        return Some(Term::SameDay { cut_off: DEFAULT_CUT_OFF });
    }
    let (today, late) = text.split_once([',', ';'])?;
    if !TODAY.contains(&today) {
        return None;
    }
    let hour = late
        .trim_start()
        .strip_prefix("truong hop nhan ho so sau ")?
        .strip_suffix(" gio ma khong giai quyet duoc ngay thi tra ket qua trong ngay lam viec tiep theo")?;
    if hour.len() > 2 || !hour.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(Term::SameDay { cut_off: TimeOfDay::new(hour.parse().ok()?, 0)? })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The distinct texts of the national portal's list of 2021 with the rows that have each.
    const TEXTS: &str = include_str!("../../tests/data/term_texts_2021.csv");

    fn rows() -> Vec<(usize, String)> {
        csv::Reader::from_reader(TEXTS.as_bytes()).deserialize().map(Result::unwrap).collect()
    }

    #[test]
    fn of_161_published_terms_106_are_read_and_the_others_are_not_guessed() {
        let rows = rows();
        let count = |readable: bool| -> usize {
            rows.iter().filter(|(_, text)| read(text).is_some() == readable).map(|(n, _)| n).sum()
        };
        assert_eq!((count(true), count(false)), (106, 55));
        let unread: Vec<String> = rows
            .iter()
            .filter(|(_, text)| read(text).is_none())
            .map(|(n, text)| format!("{n} {}", text.chars().take(24).collect::<String>()))
            .collect();
        // Read by eye: none of these says one term and nothing else. "Tối đa 6 ngày làm việc" runs from the
        // receipt by another agency; a number without a unit may count anything.
        assert_eq!(
            unread,
            [
                "9 ",
                "9 0",
                "6 1",
                "4 Không quy định",
                "4 Theo hướng dẫn tổ chức k",
                "3 30",
                "3 Tối đa 6 ngày làm việc k",
                "3 a) Nhận hồ sơ từ đơn vị ",
                "2 Chưa quy định cụ thể.",
                "2 Không có",
                "2 không quy định",
                "1 - Phương thức chi trả ti",
                "1 - Thời hạn thực hiện liê",
                "1 03 ngày làm việc, trường",
                "1 Do sở giáo dục và đào tạ",
                "1 Khác",
                "1 Không xác định",
                "1 Tùy theo đợt",
                "1 khác",
            ]
        );
    }

    #[test]
    fn plain_terms_are_read() {
        let fifteen = Term::SameDay { cut_off: DEFAULT_CUT_OFF };
        for (text, want) in [
            ("07 Ngày làm việc", Term::WorkingDays(7)),
            ("  5   ngày  LÀM VIỆC. ", Term::WorkingDays(5)),
            ("30 Ngày", Term::Days(30)),
            ("1 Tháng", Term::Months(1)),
            ("8 giờ làm việc", Term::Hours(8)),
            ("03 nga\u{300}y la\u{300}m viê\u{323}c", Term::WorkingDays(3)),
            ("15 ngày kể từ ngày nhận đủ hồ sơ hợp lệ", Term::Days(15)),
            ("Ngay trong ngày", fifteen),
            (
                "Ngay trong ngày tiếp nhận yêu cầu, trường hợp nhận hồ sơ sau 15 giờ mà không giải quyết được ngay thì trả kết quả trong ngày làm việc tiếp theo.",
                fifteen,
            ),
            (
                "Ngay trong ngày tiếp nhận hồ sơ; trường hợp nhận hồ sơ sau 16 giờ mà không giải quyết được ngay thì trả kết quả trong ngày làm việc tiếp theo.",
                Term::SameDay { cut_off: TimeOfDay::new(16, 0).unwrap() },
            ),
        ] {
            assert_eq!(read(text), Some(want), "{text}");
        }
    }

    #[test]
    fn anything_beside_one_term_is_not_read() {
        for text in [
            "",
            "5",
            "ngày làm việc",
            "3-5 ngày",
            "03 đến 05 ngày làm việc",
            "05 ngày hoặc 07 ngày",
            "a) 5 ngày làm việc b) 7 ngày làm việc",
            "Tối đa 6 ngày làm việc",
            "không quá 10 ngày",
            "+5 ngày",
            "-5 ngày",
            "0 ngày",
            "2,5 ngày",
            "99999999999 ngày",
            "4000 ngày",
            "5 tuần",
            "Ngay trong ngày tiếp nhận hồ sơ; trường hợp nhận hồ sơ sau 25 giờ mà không giải quyết được ngay thì trả kết quả trong ngày làm việc tiếp theo.",
            "Ngay trong ngày, trường hợp phải xác minh thì không quá 3 ngày",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
