//! How a file of dossiers is read: which column is which member, and what its words, units and dates mean.
//!
//! A column is known by its head: the name of a member, a head that the mapping declares, or one of the preset
//! of the national portal. Every other column is dropped before anything is kept or shown: files of portals
//! hold applicants' names and numbers.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::{
    dossiers::{ReturnChannel, Status, SubmissionChannel},
    text::clean,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// A member of a dossier that a column can give.
    pub enum Member {
        /// The key.
        Code = "code",
        /// The unit that decides.
        UnitId = "unit_id",
        /// Where it was handed in, when elsewhere.
        ReceivedByUnitId = "received_by_unit_id",
        /// Code of the procedure.
        ProcedureCode = "procedure_code",
        /// Field of the procedure.
        Field = "field",
        /// How it was submitted.
        SubmittedVia = "submitted_via",
        /// Level of the online service.
        OnlineLevel = "online_level",
        /// How the result was handed over.
        ReturnedVia = "returned_via",
        /// Handled by several levels.
        Interlinked = "interlinked",
        /// Made by a generator.
        Synthetic = "synthetic",
        /// When it was submitted.
        SubmittedAt = "submitted_at",
        /// When it was accepted.
        AcceptedAt = "accepted_at",
        /// The due date given at acceptance.
        FirstDueAt = "first_due_at",
        /// That date as moved by pauses.
        DueAt = "due_at",
        /// A later appointment.
        ReAppointedTo = "re_appointed_to",
        /// The result or the end.
        FinishedAt = "finished_at",
        /// When the result was handed over.
        ReturnedAt = "returned_at",
        /// National status.
        Status = "status",
        /// Why a due date changes.
        DueChangeReason = "due_change_reason",
        /// Whether the due date was derived; read beside a history alone, as the two after it.
        DueDerived = "due_derived",
        /// The calendar that set the due date, as JSON.
        DueCalendar = "due_calendar",
        /// When the service was told of the present state.
        RecordedAt = "recorded_at",
        /// All that is known of its past, as JSON; null where its times tell it.
        History = "history",
    }
}

impl Member {
    /// How many members there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Its place among the members.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether its cell is JSON.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::DueCalendar | Self::History)
    }

    /// The member that a JSON pointer names.
    pub fn of_pointer(pointer: &str) -> Option<Self> {
        pointer.strip_prefix('/')?.parse().ok()
    }
}

/// Members that the service derives: an export has them, and an import leaves them unread without a word.
const DERIVED: [&str; 3] = ["outcome", "re_appointed_kept", "anomalies"];

words! {
    /// How dates are written.
    pub enum DateForm {
        /// RFC 3339; without an offset only where the mapping declares a zone.
        Iso = "iso",
        /// The Vietnamese way, the time behind it where there is one: 06/03/2020 16:30.
        DayMonthYear = "dd/mm/yyyy",
        /// Digits alone, as the national portal writes them: 20200306163000.
        Digits = "yyyyMMddHHmmss",
    }
}

words! {
    /// A declared way of reading that needs no mapping.
    pub enum Preset {
        /// HoSoDongBoDVC of the National Public Service Portal (Cổng DVCQG).
        Dvcqg = "dvcqg",
    }
}

/// Columns of HoSoDongBoDVC that are read. HinhThuc is read too where the mapping says what its codes mean:
/// no public list does.
const DVCQG_COLUMNS: &[(&str, Member)] = &[
    ("MaHoSo", Member::Code),
    ("MaTTHC", Member::ProcedureCode),
    ("TenLinhVuc", Member::Field),
    ("KenhThucHien", Member::SubmittedVia),
    ("NgayNopHoSo", Member::SubmittedAt),
    ("NgayTiepNhan", Member::AcceptedAt),
    ("NgayHenTra", Member::DueAt),
    ("TrangThaiHoSo", Member::Status),
    ("NgayTra", Member::ReturnedAt),
    ("NgayKetThucXuLy", Member::FinishedAt),
    ("DonViXuLy", Member::UnitId),
];

/// The column of HoSoDongBoDVC that says where a dossier was handed in: a unit, or the number of a portal.
const DVCQG_PLACE: &str = "NoiNopHoSo";

/// The head in HoSoDongBoDVC of the member that a JSON pointer names, where it has one.
pub fn portal_head(pointer: &str) -> Option<&'static str> {
    let member = Member::of_pointer(pointer)?;
    DVCQG_COLUMNS.iter().find(|(_, of)| *of == member).map(|(head, _)| *head)
}

/// A sentence about members, by the heads that HoSoDongBoDVC has for them.
pub fn in_portal_heads(sentence: &str) -> String {
    let rename = |text: String, (head, member): &(&str, Member)| {
        text.replace(&format!("`{member}`"), &format!("`{head}`"))
    };
    DVCQG_COLUMNS.iter().fold(sentence.to_owned(), rename)
}

/// KenhThucHien: direct, online, public post.
const DVCQG_CHANNELS: &[(&str, SubmissionChannel)] =
    &[("1", SubmissionChannel::InPerson), ("2", SubmissionChannel::Online), ("3", SubmissionChannel::Postal)];

/// What a caller declares about a file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Heads of columns and the members that they give.
    pub columns: BTreeMap<String, Member>,
    /// Values of members that the file leaves blank or has no column for.
    pub constants: BTreeMap<Member, String>,
    /// Values as the file writes them and as the interface does, by member.
    pub values: BTreeMap<Member, BTreeMap<String, String>>,
    /// Units as the file writes them and their ids.
    pub units: BTreeMap<String, String>,
    /// The list that the codes of units belong to; any when left out.
    pub code_scheme: Option<String>,
    /// Words for statuses and their national codes 1 to 10.
    pub statuses: BTreeMap<String, i64>,
    /// How dates are written; `iso` when left out.
    pub dates: Option<DateForm>,
    /// Offset of times that say none, as `+07:00`.
    pub zone: Option<String>,
    /// What stands between the columns of a CSV file: `,`, `;` or a tab.
    pub delimiter: Option<String>,
}

/// A mapping that has been checked, ready to read rows.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Heads, folded, and what they give.
    pub(super) columns: HashMap<String, Member>,
    /// Whether the portal's column of places is read, and as the preset reads it.
    reads_place: bool,
    /// The heads that the mapping names.
    pub(super) declared: BTreeMap<Member, Vec<String>>,
    pub(super) constants: Vec<Option<String>>,
    pub(super) values: Vec<HashMap<String, String>>,
    pub(super) dates: DateForm,
    /// Offset of local times in seconds, and whether somebody declared it.
    pub(super) zone: (i64, bool),
    pub(super) preset: Option<Preset>,
    /// The list that the codes of units belong to, where somebody declared it.
    pub code_scheme: Option<String>,
    /// What stands between columns.
    pub delimiter: u8,
}

/// Vietnamese time (UTC+7): local times of presets and of Vietnamese dates.
const VIETNAM_SECONDS: i64 = 7 * 3600;

impl Plan {
    /// Checks a mapping on top of a preset.
    ///
    /// # Errors
    /// Every rule that the mapping breaks, by its place in it.
    pub fn new(preset: Option<Preset>, mapping: Mapping) -> Result<Self, Vec<Violation>> {
        let mut findings = Findings::default();
        let mut plan = Self {
            columns: Member::ALL.iter().map(|member| (member.as_str().to_owned(), *member)).collect(),
            reads_place: false,
            declared: BTreeMap::new(),
            constants: vec![None; Member::COUNT],
            values: vec![HashMap::new(); Member::COUNT],
            dates: mapping.dates.unwrap_or(match preset {
                Some(Preset::Dvcqg) => DateForm::Digits,
                None => DateForm::Iso,
            }),
            zone: (VIETNAM_SECONDS, false),
            preset,
            code_scheme: mapping.code_scheme.as_deref().map(clean).filter(|scheme| !scheme.is_empty()),
            delimiter: delimiter(mapping.delimiter.as_deref(), &mut findings),
        };
        if let Some(zone) = &mapping.zone {
            match zone_seconds(zone) {
                Some(seconds) => plan.zone = (seconds, true),
                None => findings.add(
                    "/zone",
                    "not_an_offset",
                    "A zone is an offset from UTC: +07:00.",
                    "Múi giờ được viết theo độ lệch so với UTC: +07:00.",
                ),
            }
        }
        if preset == Some(Preset::Dvcqg) {
            plan.take_preset(&mapping);
        }
        plan.take(mapping, &mut findings);
        findings.into_result().map(|()| plan)
    }

    /// The plan of the portal's own records, told one by one: their heads alone are read, as they are spelled.
    ///
    /// # Errors
    /// Those of [`Plan::new`].
    pub fn of_portal() -> Result<Self, Vec<Violation>> {
        let mut plan = Self::new(Some(Preset::Dvcqg), Mapping::default())?;
        plan.columns = DVCQG_COLUMNS.iter().map(|(head, member)| ((*head).to_owned(), *member)).collect();
        Ok(plan)
    }

    fn take_preset(&mut self, mapping: &Mapping) {
        self.columns.extend(DVCQG_COLUMNS.iter().map(|(head, member)| (folded(head), *member)));
        let channels = DVCQG_CHANNELS.iter().map(|(code, via)| ((*code).to_owned(), via.to_string()));
        self.values[Member::SubmittedVia.index()].extend(channels);
        // A channel left out is direct submission (the rules of Decision 766/QĐ-TTg).
        self.constants[Member::SubmittedVia.index()] = Some(SubmissionChannel::InPerson.to_string());
        if mapping.values.contains_key(&Member::ReturnedVia) {
            self.columns.insert(folded("HinhThuc"), Member::ReturnedVia);
        }
        if mapping.columns.values().all(|member| *member != Member::ReceivedByUnitId) {
            self.columns.insert(folded(DVCQG_PLACE), Member::ReceivedByUnitId);
            self.reads_place = true;
        }
    }

    fn take(&mut self, mapping: Mapping, findings: &mut Findings) {
        for (head, member) in mapping.columns {
            self.columns.insert(folded(&head), member);
            self.declared.entry(member).or_default().push(head);
        }
        for (member, value) in mapping.constants {
            self.constants[member.index()] = Some(clean(&value)).filter(|value| !value.is_empty());
        }
        for (member, words) in mapping.values {
            for (word, value) in words {
                check_word(member, &word, &value, findings);
                self.values[member.index()].insert(folded(&word), clean(&value));
            }
        }
        for (word, id) in mapping.units {
            for member in [Member::UnitId, Member::ReceivedByUnitId] {
                self.values[member.index()].insert(folded(&word), clean(&id));
            }
        }
        for (word, code) in mapping.statuses {
            if Status::new(code).is_none() {
                findings.add(
                    format!("/statuses/{}", word.replace('~', "~0").replace('/', "~1")),
                    "out_of_range",
                    "A status is one of the national codes 1 to 10.",
                    "Trạng thái là một trong các mã quốc gia từ 1 đến 10.",
                );
            }
            self.values[Member::Status.index()].insert(folded(&word), code.to_string());
        }
    }

    /// The member that a head names.
    pub fn member(&self, head: &str) -> Option<Member> {
        match self.columns.get(head) {
            Some(member) => Some(*member),
            None => self.columns.get(folded(head).as_str()).copied(),
        }
    }

    /// Whether units that the mapping doesn't declare may be named by codes: the portal does that, and a file whose
    /// list of codes is declared.
    pub fn reads_codes(&self) -> bool {
        self.preset == Some(Preset::Dvcqg) || self.code_scheme.is_some()
    }

    /// Whether a head is the portal's for where a dossier was handed in: what is no unit there says nothing.
    pub fn is_place(&self, head: &str) -> bool {
        self.reads_place && folded(head) == folded(DVCQG_PLACE)
    }

    /// Whether a head names what the service derives.
    pub fn is_derived(head: &str) -> bool {
        DERIVED.contains(&folded(head).as_str())
    }
}

/// Words and heads are compared without regard to case.
pub(super) fn folded(word: &str) -> String {
    clean(word).to_lowercase()
}

fn check_word(member: Member, word: &str, value: &str, findings: &mut Findings) {
    let known = match member {
        Member::SubmittedVia => SubmissionChannel::WORDS,
        Member::ReturnedVia => ReturnChannel::WORDS,
        _ => return,
    };
    if !known.contains(&value) {
        findings.add(
            format!("/values/{member}/{}", word.replace('~', "~0").replace('/', "~1")),
            "unknown_word",
            format!("Not one of the words: {}.", known.join(", ")),
            format!("Không thuộc danh mục: {}.", known.join(", ")),
        );
    }
}

fn delimiter(text: Option<&str>, findings: &mut Findings) -> u8 {
    match text {
        None | Some(",") => b',',
        Some(";") => b';',
        Some("\t") => b'\t',
        Some(_) => {
            findings.add(
                "/delimiter",
                "unknown_word",
                "Columns are separated by a comma, a semicolon or a tab.",
                "Các cột được ngăn cách bằng dấu phẩy, dấu chấm phẩy hoặc dấu tab.",
            );
            b','
        }
    }
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn codes(result: Result<Plan, Vec<Violation>>) -> Vec<(String, &'static str)> {
        result.err().unwrap_or_default().into_iter().map(|v| (v.pointer, v.code)).collect()
    }

    #[test]
    fn a_wrong_mapping_is_refused_by_place() {
        let mapping = |text: &str| serde_json::from_str::<Mapping>(text).unwrap();
        for (text, pointer, code) in [
            (r#"{"zone": "Hanoi"}"#, "/zone", "not_an_offset"),
            (r#"{"delimiter": "|"}"#, "/delimiter", "unknown_word"),
            (r#"{"statuses": {"a/b": 11}}"#, "/statuses/a~1b", "out_of_range"),
            (
                r#"{"values": {"submitted_via": {"Qua mạng": "web"}}}"#,
                "/values/submitted_via/Qua mạng",
                "unknown_word",
            ),
        ] {
            assert_eq!(codes(Plan::new(None, mapping(text))), [(pointer.to_owned(), code)], "{text}");
        }
        assert!(serde_json::from_str::<Mapping>(r#"{"columns": {"Tên": "applicant"}}"#).is_err());
    }

    #[test]
    fn columns_are_known_by_member_mapping_and_preset_and_others_by_none() {
        let mapping = serde_json::from_str(r#"{"columns": {"Mã hồ sơ": "code"}}"#).unwrap();
        let plan = Plan::new(Some(Preset::Dvcqg), mapping).unwrap();
        for code in [" Mã hồ sơ", "MÃ HỒ SƠ ", "Ma\u{0303} ho\u{0302}\u{0300} so\u{031b}", "mahoso", "Code"]
        {
            assert_eq!(plan.member(code), Some(Member::Code), "{code}");
        }
        assert_eq!(plan.member("TrangThaiHoSo"), Some(Member::Status));
        assert_eq!(plan.member("due_at"), Some(Member::DueAt));
        assert_eq!(plan.member("Ma ho so"), None, "marks tell words apart");
        let portal = Plan::of_portal().unwrap();
        let known = ["MaHoSo", "mahoso", "code"].map(|head| portal.member(head));
        assert_eq!(known, [Some(Member::Code), None, None]);
        for dropped in ["ChuHoSo", "Email", "SoDienThoai", "MaDoiTuong", "TrichYeuHoSo", "HinhThuc", ""] {
            assert_eq!(plan.member(dropped), None, "{dropped}");
        }
    }

    #[test]
    fn offsets() {
        for (text, want) in [
            ("+07:00", Some(25_200)),
            ("-03:30", Some(-12_600)),
            ("Z", Some(0)),
            ("7", None),
            ("+25:00", None),
        ] {
            assert_eq!(zone_seconds(text), want, "{text}");
        }
    }
}
