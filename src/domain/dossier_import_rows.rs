//! From the cells of a row to a dossier: every cell that can't be read is told, not only the first.

use super::{
    decimal::Exact,
    dossier_import_times::{self as times, Edge},
    dossier_imports::{DateForm, Member, Plan, Preset, folded},
    dossiers::{Dossier, Stage, Status, SubmissionChannel},
    imports::SHOWN,
    text::clean,
    time::Moment,
    violation::Violation,
    words::UnknownWord,
};

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing, or no such column.
    Blank,
    /// A text, not blank; JSON as it is written where the member is JSON.
    Text(&'a str),
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// A list or an object.
    NotAValue,
}

/// The cells of a row by member.
pub type Cells<'a> = [Cell<'a>; Member::COUNT];

/// A row that reads as a dossier; the rules of dossiers are not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRow {
    /// The dossier.
    pub dossier: Dossier,
    /// Why its due date changes, where the row says so.
    pub reason: Option<String>,
    /// Whether `unit_id` may still be the code that the unit had on the day of the dossier.
    pub unit_is_code: bool,
    /// Whether `received_by_unit_id` may be.
    pub received_by_is_code: bool,
    /// What the file writes.
    pub written: Written,
}

/// What a file writes in the cells of a row, cut, for the report of a rule that the row breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// One cell behind the other.
    text: String,
    ends: [usize; Member::COUNT],
}

impl Written {
    fn of(plan: &Plan, cells: &Cells<'_>) -> Self {
        let (mut text, mut ends) = (String::new(), [0; Member::COUNT]);
        for (end, member) in ends.iter_mut().zip(Member::ALL) {
            let cell = match cells[member.index()] {
                Cell::Text(cell) if !member.is_json() => cell,
                Cell::Blank => plan.constants[member.index()].as_deref().unwrap_or_default(),
                _ => "",
            };
            // One character more than is shown tells that it goes on.
            let cut = cell.char_indices().nth(SHOWN + 1).map_or(cell.len(), |(place, _)| place);
            text.push_str(cell.get(..cut).unwrap_or_default());
            *end = text.len();
        }
        Self { text, ends }
    }

    /// The cell of a member, or the constant that stands in for it, as it is written; none where it is blank.
    pub fn cell(&self, member: Member) -> Option<&str> {
        let start = member.index().checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..self.ends[member.index()]).filter(|cell| !cell.is_empty())
    }
}

/// What is wrong with a cell: its member, what stands there, the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongCell {
    /// The member.
    pub member: Member,
    /// What stands there.
    pub value: Option<String>,
    /// The rule.
    pub violation: Violation,
}

/// Reads the cells of one row and keeps what is wrong with them.
pub(super) struct Reading<'a> {
    plan: &'a Plan,
    pub(super) cells: &'a Cells<'a>,
    pub(super) wrong: Vec<WrongCell>,
}

impl Plan {
    /// Reads a row.
    ///
    /// # Errors
    /// Every cell that can't be read as what it should be.
    pub fn read_row<'a>(&'a self, cells: &'a Cells<'a>) -> Result<ReadRow, Vec<WrongCell>> {
        let mut reading = Reading { plan: self, cells, wrong: Vec::new() };
        let read = reading.row();
        match read {
            Some(row) if reading.wrong.is_empty() => Ok(row),
            _ => Err(reading.wrong),
        }
    }
}

impl<'a> Reading<'a> {
    fn row(&mut self) -> Option<ReadRow> {
        // All are read before the first that is missing ends it: each is told.
        let code = self.required(Member::Code).map(clean);
        let unit = self.required(Member::UnitId);
        let unit_is_code = self.is_code(Member::UnitId, unit);
        let unit_id = unit.map(|unit| self.unit(Member::UnitId, unit));
        let received_by = self.text(Member::ReceivedByUnitId);
        let received_by_is_code = self.is_code(Member::ReceivedByUnitId, received_by);
        let received_by_unit_id = received_by.map(|unit| self.unit(Member::ReceivedByUnitId, unit));
        let procedure_code = self.text(Member::ProcedureCode).map(clean);
        let field = self.text(Member::Field).map(clean);
        let submitted_via = match self.required(Member::SubmittedVia) {
            Some(text) => self.word::<SubmissionChannel>(Member::SubmittedVia, text),
            None => None,
        };
        let online_level = self.optional_word(Member::OnlineLevel);
        let returned_via = self.optional_word(Member::ReturnedVia);
        let interlinked = self.boolean(Member::Interlinked);
        let synthetic = self.boolean(Member::Synthetic);
        let submitted_at = self.moment(Member::SubmittedAt, Edge::Start);
        let accepted_at = self.moment(Member::AcceptedAt, Edge::Start);
        let first_due_at = self.moment(Member::FirstDueAt, Edge::End);
        let due_at = self.moment(Member::DueAt, Edge::End);
        let re_appointed_to = self.moment(Member::ReAppointedTo, Edge::End);
        let mut finished_at = self.moment(Member::FinishedAt, Edge::End);
        let returned_at = self.moment(Member::ReturnedAt, Edge::End);
        let status = self.status();
        let reason = self.text(Member::DueChangeReason).map(clean);
        let past = self.past();
        let status = status?;
        if self.plan.preset == Some(Preset::Dvcqg) && status.stage() == Stage::Resolved {
            // The end is NgayKetThucXuLy, or NgayTra where a system tells that alone (rules of Decision 766).
            finished_at = finished_at.or(returned_at);
        }
        let mut dossier = Dossier {
            code: code?,
            unit_id: unit_id?,
            received_by_unit_id,
            procedure_code,
            field,
            submitted_via: submitted_via?,
            online_level,
            returned_via,
            interlinked,
            synthetic,
            submitted_at,
            accepted_at,
            first_due_at,
            due_at,
            re_appointed_to,
            finished_at,
            returned_at,
            status,
            due_derived: false,
            due_calendar: None,
            recorded_at: None,
            history: None,
        };
        if let Some(past) = past {
            self.take(past, &mut dossier);
        }
        let written = Written::of(self.plan, self.cells);
        Some(ReadRow { dossier, reason, unit_is_code, received_by_is_code, written })
    }

    pub(super) fn refuse(
        &mut self,
        member: Member,
        value: Option<&str>,
        code: &'static str,
        en: &str,
        vi: &str,
    ) {
        self.wrong.push(WrongCell {
            member,
            value: value.map(str::to_owned),
            violation: Violation::new(format!("/{member}"), code, en, vi),
        });
    }

    /// The text of a cell, or of the constant where the cell is blank.
    pub(super) fn text(&mut self, member: Member) -> Option<&'a str> {
        match self.cells[member.index()] {
            Cell::Text(text) if text.bytes().any(|b| b.is_ascii_control() && b != b'\n' && b != b'\t') => {
                self.refuse(
                    member,
                    None,
                    "control_character",
                    "Control characters are not allowed.",
                    "Không được chứa ký tự điều khiển.",
                );
                None
            }
            Cell::Text(text) => Some(text),
            Cell::Blank => self.plan.constants[member.index()].as_deref(),
            Cell::NotUtf8 => {
                self.refuse(member, None, "not_utf8", "The text is not UTF-8.", "Văn bản không phải UTF-8.");
                None
            }
            Cell::NotAValue => {
                self.refuse(
                    member,
                    None,
                    "wrong_type",
                    "A list or an object where a value should stand.",
                    "Giá trị không được là danh sách hoặc đối tượng.",
                );
                None
            }
        }
    }

    fn required(&mut self, member: Member) -> Option<&'a str> {
        let before = self.wrong.len();
        let text = self.text(member);
        if text.is_none() && self.wrong.len() == before {
            let (en, vi) = (format!("`{member}` is required."), format!("Bắt buộc có `{member}`."));
            self.refuse(member, None, "required", &en, &vi);
        }
        text
    }

    /// What the mapping declares a text to mean.
    fn declared(&self, member: Member, text: &str) -> Option<&'a str> {
        let values = &self.plan.values[member.index()];
        if values.is_empty() {
            return None;
        }
        values.get(text).or_else(|| values.get(&folded(text))).map(String::as_str)
    }

    pub(super) fn unit(&self, member: Member, text: &str) -> String {
        self.declared(member, text).map_or_else(|| clean(text), str::to_owned)
    }

    /// Whether a unit may be named by its code: what the mapping declares is an id.
    fn is_code(&self, member: Member, unit: Option<&str>) -> bool {
        self.plan.reads_codes() && unit.is_some_and(|unit| self.declared(member, unit).is_none())
    }

    fn word<T: std::str::FromStr<Err = UnknownWord>>(&mut self, member: Member, text: &str) -> Option<T> {
        match self.declared(member, text).unwrap_or(text).parse() {
            Ok(word) => Some(word),
            Err(error) => {
                let known = error.expected.join(", ");
                let en = format!("Not one of the words: {known}.");
                self.refuse(
                    member,
                    Some(text),
                    "unknown_word",
                    &en,
                    &format!("Không thuộc danh mục: {known}."),
                );
                None
            }
        }
    }

    fn optional_word<T: std::str::FromStr<Err = UnknownWord>>(&mut self, member: Member) -> Option<T> {
        let text = self.text(member)?;
        self.word(member, text)
    }

    pub(super) fn boolean(&mut self, member: Member) -> bool {
        let Some(text) = self.text(member) else { return false };
        match self.declared(member, text).unwrap_or(text) {
            value if value.eq_ignore_ascii_case("true") || value == "1" => true,
            value if value.eq_ignore_ascii_case("false") || value == "0" => false,
            _ => {
                self.refuse(
                    member,
                    Some(text),
                    "wrong_type",
                    "A boolean is true or false.",
                    "Giá trị phải là true hoặc false.",
                );
                false
            }
        }
    }

    fn status(&mut self) -> Option<Status> {
        let text = self.required(Member::Status)?;
        let status = read_status(self.declared(Member::Status, text).unwrap_or(text));
        if status.is_none() {
            self.refuse(
                Member::Status,
                Some(text),
                "unknown_status",
                "A status is a national code from 1 to 10, or a word that the mapping declares.",
                "Trạng thái là mã quốc gia từ 1 đến 10, hoặc một từ đã khai báo.",
            );
        }
        status
    }

    pub(super) fn moment(&mut self, member: Member, edge: Edge) -> Option<Moment> {
        let text = self.text(member)?;
        let read = times::read(text, self.plan.dates, self.plan.zone, edge);
        if read.is_none() {
            let (en, vi) = match self.plan.dates {
                DateForm::Iso => (
                    "A time is written as in RFC 3339, with its offset: 2020-03-06T08:00:00+07:00.",
                    "Thời điểm được viết theo RFC 3339, kèm múi giờ: 2020-03-06T08:00:00+07:00.",
                ),
                DateForm::DayMonthYear => (
                    "A time is written day/month/year, with hours and minutes or without: 06/03/2020 16:30.",
                    "Thời điểm được viết ngày/tháng/năm, có thể kèm giờ phút: 06/03/2020 16:30.",
                ),
                DateForm::Digits => (
                    "A time is written in 14 digits, or a day in 8: 20200306163000.",
                    "Thời điểm gồm 14 chữ số, hoặc ngày gồm 8 chữ số: 20200306163000.",
                ),
            };
            self.refuse(member, Some(text), "wrong_type", en, vi);
        }
        read
    }
}

/// A status by its national code; like the bodies of the interface, it takes a decimal without a fraction: 4.0 is 4.
fn read_status(text: &str) -> Option<Status> {
    if let Ok(code) = text.parse() {
        return Status::new(code);
    }
    let number = Exact::parse(text).ok()?;
    (1_i64..=10).find(|code| Exact::from(*code) == number).and_then(Status::new)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plan(preset: Option<Preset>, mapping: &str) -> Plan {
        Plan::new(preset, serde_json::from_str(mapping).unwrap()).unwrap()
    }

    fn read(plan: &Plan, given: &[(Member, &str)]) -> Result<ReadRow, Vec<(Member, &'static str)>> {
        let mut cells = [Cell::Blank; Member::COUNT];
        let least = [
            (Member::Code, "D-1"),
            (Member::UnitId, "u"),
            (Member::SubmittedVia, "online"),
            (Member::Status, "4"),
        ];
        for (member, text) in least.iter().chain(given) {
            cells[member.index()] = if text.is_empty() { Cell::Blank } else { Cell::Text(text) };
        }
        plan.read_row(&cells).map_err(|wrong| wrong.iter().map(|w| (w.member, w.violation.code)).collect())
    }

    fn accepted(plan: &Plan, text: &str) -> Option<String> {
        read(plan, &[(Member::AcceptedAt, text)]).ok().map(|row| row.dossier.accepted_at.unwrap().to_string())
    }

    #[test]
    fn times_are_read_as_declared_and_in_no_other_way() {
        let morning = Some("2020-03-06T08:05:00+07:00".to_owned());
        let iso = plan(None, "{}");
        for text in ["2020-03-06T08:05:00+07:00", "2020-03-06T01:05:00Z", "2020-03-05T22:05:00-03:00"] {
            assert_eq!(accepted(&iso, text), morning, "{text}");
        }
        for text in ["2020-03-06T08:05:00", "06/03/2020 08:05", "20200306080500", "2020-13-06T08:05:00Z", "x"]
        {
            assert_eq!(accepted(&iso, text), None, "{text}");
        }
        let zoned = plan(None, r#"{"zone": "+09:00"}"#);
        assert_eq!(accepted(&zoned, "2020-03-06 10:05"), morning);
        assert_eq!(accepted(&zoned, "2020-03-06T10:05:00"), morning);
        let vietnamese = plan(None, r#"{"dates": "dd/mm/yyyy"}"#);
        for text in ["06/03/2020 08:05", "6/3/2020 8:05:00"] {
            assert_eq!(accepted(&vietnamese, text), morning, "{text}");
        }
        for text in ["31/02/2020", "03-06-2020", "06/03/20", "06/03/2020 25:00", "06/03/2020 8", "é/é/éé"]
        {
            assert_eq!(accepted(&vietnamese, text), None, "{text}");
        }
        let portal = plan(Some(Preset::Dvcqg), "{}");
        assert_eq!(accepted(&portal, "20200306080500"), morning);
        for text in ["202003060805", "20200306246000", "0", "2020030608050é", "18991231000000"] {
            assert_eq!(accepted(&portal, text), None, "{text}");
        }
    }

    #[test]
    fn a_day_without_a_time_begins_or_ends_what_it_is_the_day_of() {
        let plan = plan(None, r#"{"dates": "dd/mm/yyyy"}"#);
        let day = "06/03/2020";
        let row = read(&plan, &[(Member::AcceptedAt, day), (Member::DueAt, day), (Member::FinishedAt, day)])
            .unwrap();
        assert_eq!(row.dossier.accepted_at.unwrap().to_string(), "2020-03-06T00:00:00+07:00");
        assert_eq!(row.dossier.due_at.unwrap().to_string(), "2020-03-06T23:59:59+07:00");
        assert_eq!(row.dossier.finished_at, row.dossier.due_at);
    }

    #[test]
    fn words_mean_what_is_declared() {
        let mapping = r#"{"statuses": {"Đã trả kết quả": 10}, "units": {"UBND xã A": "gso-1"},
            "values": {"submitted_via": {"Trực tuyến": "online"}}, "constants": {"field": "Đất đai"}}"#;
        let declared = plan(None, mapping);
        let given = [
            (Member::Status, "ĐÃ trả kết quả"),
            (Member::UnitId, "UBND xã A"),
            (Member::SubmittedVia, "trực tuyến"),
        ];
        let row = read(&declared, &given).unwrap().dossier;
        assert_eq!((row.status.code(), row.unit_id.as_str()), (10, "gso-1"));
        assert_eq!(row.field.as_deref(), Some("Đất đai"));
        let told = read(&plan(None, "{}"), &given).unwrap_err();
        assert_eq!(told, [(Member::SubmittedVia, "unknown_word"), (Member::Status, "unknown_status")]);
    }

    #[test]
    fn a_row_keeps_what_its_cells_write() {
        let mapping = r#"{"dates": "dd/mm/yyyy", "statuses": {"Xong": 10}, "constants": {"field": "Nhà"}}"#;
        let long = "ơ".repeat(SHOWN + 50);
        let given = [
            (Member::Status, "XONG"),
            (Member::FinishedAt, "6/3/2020"),
            (Member::ProcedureCode, long.as_str()),
        ];
        let written = read(&plan(None, mapping), &given).unwrap().written;
        for (member, want) in [
            (Member::Code, Some("D-1")),
            (Member::Status, Some("XONG")),
            (Member::FinishedAt, Some("6/3/2020")),
            (Member::Field, Some("Nhà")),
            (Member::ProcedureCode, Some(&long[..2 * (SHOWN + 1)])),
            (Member::Interlinked, None),
            (Member::History, None),
        ] {
            assert_eq!(written.cell(member), want, "{member}");
        }
    }

    #[test]
    fn every_wrong_cell_of_a_row_is_told() {
        let told = read(
            &plan(None, "{}"),
            &[
                (Member::Code, ""),
                (Member::Status, ""),
                (Member::DueAt, "soon"),
                (Member::Interlinked, "maybe"),
                (Member::OnlineLevel, "5"),
            ],
        );
        let want = [
            (Member::Code, "required"),
            (Member::OnlineLevel, "unknown_word"),
            (Member::Interlinked, "wrong_type"),
            (Member::DueAt, "wrong_type"),
            (Member::Status, "required"),
        ];
        assert_eq!(told.unwrap_err(), want);
    }

    #[test]
    fn the_preset_reads_the_codes_of_the_portal() {
        let plan = plan(Some(Preset::Dvcqg), "{}");
        for (channel, want) in [("1", "in_person"), ("2", "online"), ("3", "postal"), ("", "in_person")] {
            let row = read(&plan, &[(Member::SubmittedVia, channel)]).unwrap();
            assert_eq!(row.dossier.submitted_via.as_str(), want);
        }
        let returned = (Member::ReturnedAt, "20200306080500");
        let row = read(&plan, &[(Member::Status, "10"), returned]).unwrap().dossier;
        assert_eq!(row.finished_at, row.returned_at);
        assert_eq!(read(&plan, &[returned]).unwrap().dossier.finished_at, None);
    }
}
