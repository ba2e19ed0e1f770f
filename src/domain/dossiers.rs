//! One dossier (hồ sơ thủ tục hành chính): its times, its status and the outcome that follows from them.
//!
//! Status codes 1 to 10 are those of the National Public Service Portal (Cổng DVCQG). Outcomes compare
//! Vietnamese calendar days, as the statutory form 06 does (Circular 01/2020/TT-VPCP). No applicant data is
//! kept: the code leads back to the system that holds it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    dossier_events::History,
    time::{Day, Moment},
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// How a dossier was submitted (KenhThucHien, with the home-appointment model beside it).
    pub enum SubmissionChannel {
        /// At the counter (trực tiếp).
        InPerson = "in_person",
        /// Online (trực tuyến).
        Online = "online",
        /// By public post (bưu chính công ích).
        Postal = "postal",
        /// Taken at the applicant's home by appointment.
        HomeAppointment = "home_appointment",
    }
}

words! {
    /// Level of the online service: 3 and 4 until Decree 42/2022, partial and full since; not convertible.
    pub enum OnlineLevel {
        /// Level 3.
        Three = "3",
        /// Level 4.
        Four = "4",
        /// Một phần.
        Partial = "partial",
        /// Toàn trình.
        Full = "full",
    }
}

words! {
    /// How the result was handed over.
    pub enum ReturnChannel {
        /// At the counter.
        Counter = "counter",
        /// Online.
        Online = "online",
        /// By public post.
        Postal = "postal",
        /// At home.
        Home = "home",
    }
}

words! {
    /// What became of a dossier. Never written by a client.
    pub enum Outcome {
        /// Finished on an earlier day than the due day.
        Early = "early",
        /// Finished on the due day.
        OnTime = "on_time",
        /// Finished on a later day.
        Late = "late",
        /// Finished without a due date.
        Unclassified = "unclassified",
        /// Open, not past its due day.
        InProgress = "in_progress",
        /// Open, past its due day.
        Overdue = "overdue",
        /// Withdrawn or stopped.
        EndedOtherwise = "ended_otherwise",
        /// Never accepted.
        NotCounted = "not_counted",
    }
}

/// Status 1 to 10 of the national code list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u8);

/// What a status says about where the dossier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// 1 newly registered, 3 not accepted: never counted.
    NotAccepted,
    /// 2 accepted, 4 in progress, 5 supplement requested, 6 financial duty requested.
    Open,
    /// 7 withdrawn.
    Withdrawn,
    /// 8 stopped.
    Stopped,
    /// 9 finished, 10 returned.
    Resolved,
}

impl Status {
    /// 1: newly registered.
    pub const REGISTERED: Self = Self(1);
    /// 2: accepted.
    pub const ACCEPTED: Self = Self(2);
    /// 5: a supplement is requested.
    pub const SUPPLEMENT: Self = Self(5);
    /// 9: finished.
    pub const FINISHED: Self = Self(9);
    /// 10: the result is handed over.
    pub const RETURNED: Self = Self(10);

    /// A status of the list, or none.
    pub fn new(code: i64) -> Option<Self> {
        u8::try_from(code).ok().filter(|code| (1..=10).contains(code)).map(Self)
    }

    /// The national code.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// Where the dossier is.
    pub const fn stage(self) -> Stage {
        match self.0 {
            1 | 3 => Stage::NotAccepted,
            7 => Stage::Withdrawn,
            8 => Stage::Stopped,
            9 | 10 => Stage::Resolved,
            _ => Stage::Open,
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = i64::deserialize(d)?;
        Self::new(code).ok_or_else(|| de::Error::custom("a status is one of the national codes 1 to 10"))
    }
}

/// A dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dossier {
    /// Official code, opaque text; the key.
    pub code: String,
    /// The unit that decides, and the one that statistics count.
    pub unit_id: String,
    /// Where it was handed in, when elsewhere.
    pub received_by_unit_id: Option<String>,
    /// Code of the procedure (mã TTHC), text.
    pub procedure_code: Option<String>,
    /// Field of the procedure (lĩnh vực).
    pub field: Option<String>,
    /// How it was submitted.
    pub submitted_via: SubmissionChannel,
    /// Level of the online service.
    pub online_level: Option<OnlineLevel>,
    /// How the result was handed over.
    pub returned_via: Option<ReturnChannel>,
    /// Handled by several levels (một cửa liên thông).
    pub interlinked: bool,
    /// Made by a generator, not by an authority.
    pub synthetic: bool,
    /// When the applicant submitted it.
    pub submitted_at: Option<Moment>,
    /// When the authority accepted it: the clock starts.
    pub accepted_at: Option<Moment>,
    /// The due date given at acceptance.
    pub first_due_at: Option<Moment>,
    /// That date as moved by recorded pauses: the outcome is judged against it.
    pub due_at: Option<Moment>,
    /// A later appointment, with an apology or not: changes no outcome.
    pub re_appointed_to: Option<Moment>,
    /// The result (9, 10) or the end (7, 8).
    pub finished_at: Option<Moment>,
    /// When the result was handed over.
    pub returned_at: Option<Moment>,
    /// National status code.
    pub status: Status,
    /// Whether the due date was derived from the term of the procedure.
    #[serde(default)]
    pub due_derived: bool,
    /// The calendar that set the due date, where one did.
    #[serde(default)]
    pub due_calendar: Option<CalendarUsed>,
    /// When the service was told of the present status and times.
    #[serde(default)]
    pub recorded_at: Option<Moment>,
    /// Its past, where more is known of it than the times above tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Box<History>>,
}

/// The version of a working-day calendar that set a due date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarUsed {
    /// The calendar.
    pub id: String,
    /// Its version.
    pub version: i32,
}

/// Words that stand where codes do in the addresses of dossiers: a record of such a code could not be asked for.
const RESERVED_CODES: [&str; 2] = ["batch", "export"];

impl Dossier {
    /// The Vietnamese day on which the dossier is received, when it counts at all.
    pub fn received_on(&self) -> Option<Day> {
        match self.status.stage() {
            Stage::NotAccepted => None,
            _ => self.accepted_at.map(Moment::day),
        }
    }

    /// The Vietnamese day on which it was resolved or ended otherwise.
    pub fn closed_on(&self) -> Option<Day> {
        match self.status.stage() {
            Stage::NotAccepted | Stage::Open => None,
            _ => self.finished_at.map(Moment::day),
        }
    }

    /// The outcome as of the Vietnamese day `today`.
    pub fn outcome(&self, today: Day) -> Outcome {
        let due = self.due_at.map(Moment::day);
        match self.status.stage() {
            Stage::NotAccepted => Outcome::NotCounted,
            Stage::Withdrawn | Stage::Stopped => Outcome::EndedOtherwise,
            Stage::Open if due.is_some_and(|due| due < today) && !self.clock_stands() => Outcome::Overdue,
            Stage::Open => Outcome::InProgress,
            Stage::Resolved => match (self.finished_at.map(Moment::day), due) {
                (Some(finished), Some(due)) if finished < due => Outcome::Early,
                (Some(finished), Some(due)) if finished == due => Outcome::OnTime,
                (Some(_), Some(_)) => Outcome::Late,
                _ => Outcome::Unclassified,
            },
        }
    }

    /// Since when it waits for the applicant (5, 6), where that is known.
    fn waits_since(&self) -> Option<Moment> {
        if !self.status.is_pause() {
            return None;
        }
        match &self.history {
            None => self.recorded_at,
            Some(history) => {
                let waits = history.events.iter().rev().take_while(|event| event.status.is_pause());
                waits.last().map(|event| if event.undated { event.arrived_at } else { event.at })
            }
        }
    }

    /// Whether the clock stands: a wait that began no later than the due day (Decree 61/2018/NĐ-CP: time at the
    /// applicant's is not counted). A wait that began after it excuses nothing.
    pub fn clock_stands(&self) -> bool {
        match (self.waits_since(), self.due_at) {
            (Some(since), Some(due)) => since.day() <= due.day(),
            _ => false,
        }
    }

    /// Whether it was resolved by the re-appointed day.
    pub fn re_appointment_kept(&self) -> bool {
        match (self.finished_at, self.re_appointed_to) {
            (Some(finished), Some(appointed)) => finished.day() <= appointed.day(),
            _ => false,
        }
    }

    /// Late against its due date, and resolved by the day it was re-appointed to (hẹn lại, with an apology).
    pub fn re_appointed_kept(&self) -> bool {
        self.closed_on().is_some_and(|day| self.outcome(day) == Outcome::Late) && self.re_appointment_kept()
    }

    /// Whether a result is told to be handed over that there is none of yet.
    pub fn is_returned_while_open(&self) -> bool {
        self.status.stage() == Stage::Open && self.returned_at.is_some()
    }

    /// The rules of one dossier (contract: "Required", and the order of its times).
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.text("/code", &self.code, 100);
        if RESERVED_CODES.contains(&self.code.as_str()) {
            findings.add(
                "/code",
                "reserved",
                "Is a word that the addresses of the interface use.",
                "Là từ dành riêng cho địa chỉ của giao diện.",
            );
        }
        findings.optional_text("/procedure_code", self.procedure_code.as_ref(), 40);
        findings.optional_text("/field", self.field.as_ref(), 200);
        let stage = self.status.stage();
        if self.accepted_at.is_none() && stage != Stage::NotAccepted {
            findings.add(
                "/accepted_at",
                "required_by_status",
                "Required unless the status is 1 or 3.",
                "Bắt buộc, trừ khi trạng thái là 1 hoặc 3.",
            );
        }
        match (stage, self.finished_at) {
            (Stage::Withdrawn | Stage::Stopped | Stage::Resolved, None) => findings.add(
                "/finished_at",
                "required_by_status",
                "Required with the statuses 7 to 10.",
                "Bắt buộc với các trạng thái từ 7 đến 10.",
            ),
            (Stage::NotAccepted | Stage::Open, Some(_)) => findings.add(
                "/finished_at",
                "refused_by_status",
                "A dossier of status 1 to 6 is not finished.",
                "Hồ sơ có trạng thái từ 1 đến 6 thì chưa kết thúc.",
            ),
            _ => {}
        }
        for (pointer, time) in [("/finished_at", self.finished_at), ("/due_at", self.due_at)] {
            if let (Some(accepted), Some(time)) = (self.accepted_at, time)
                && time < accepted
            {
                findings.add(
                    pointer,
                    "before_accepted",
                    "Must not be before `accepted_at`.",
                    "Không được trước `accepted_at`.",
                );
            }
        }
        if let (Some(finished), Some(returned)) = (self.finished_at, self.returned_at)
            && returned < finished
        {
            findings.add(
                "/returned_at",
                "before_finished",
                "Must not be before `finished_at`.",
                "Không được trước `finished_at`.",
            );
        }
        if self.is_returned_while_open() {
            findings.add(
                "/returned_at",
                "refused_by_status",
                "A dossier of status 2, 4, 5 or 6 has no result yet that could be handed over.",
                "Hồ sơ có trạng thái 2, 4, 5 hoặc 6 thì chưa có kết quả để trả.",
            );
        }
        self.check_transfers(&mut findings);
        findings.into_result().err().unwrap_or_default()
    }

    /// A dossier passes on between its acceptance and its end.
    fn check_transfers(&self, findings: &mut Findings) {
        let transfers =
            self.history.as_deref().map(|history| history.transfers.as_slice()).unwrap_or_default();
        let (Some(first), Some(last)) = (transfers.first(), transfers.last()) else { return };
        if self.accepted_at.is_none_or(|accepted| accepted > first.at) {
            findings.add(
                "/accepted_at",
                "after_transfer",
                "Must not be after the dossier's first transfer.",
                "Không được sau lần chuyển hồ sơ đầu tiên.",
            );
        }
        if self.finished_at.is_some_and(|finished| finished < last.at) {
            findings.add(
                "/finished_at",
                "before_transfer",
                "Must not be before the dossier's last transfer.",
                "Không được trước lần chuyển hồ sơ cuối cùng.",
            );
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn dossier(status: i64, due: Option<&str>, finished: Option<&str>) -> Dossier {
        let moment = |text: &str| text.parse().unwrap();
        Dossier {
            code: "D-1".into(),
            unit_id: "u".into(),
            received_by_unit_id: None,
            procedure_code: None,
            field: None,
            submitted_via: SubmissionChannel::InPerson,
            online_level: None,
            returned_via: None,
            interlinked: false,
            synthetic: false,
            submitted_at: None,
            accepted_at: Some(moment("2020-03-02T08:00:00+07:00")),
            first_due_at: None,
            due_at: due.map(moment),
            re_appointed_to: None,
            finished_at: finished.map(moment),
            returned_at: None,
            status: Status::new(status).unwrap(),
            due_derived: false,
            due_calendar: None,
            recorded_at: None,
            history: None,
        }
    }

    #[test]
    fn outcomes_compare_vietnamese_days() {
        let due = Some("2020-03-06T17:00:00+07:00");
        let today = Day::new(2020, 3, 6).unwrap();
        for (status, due, finished, want) in [
            (10, due, Some("2020-03-05T23:59:59+07:00"), Outcome::Early),
            (9, due, Some("2020-03-05T17:00:01Z"), Outcome::OnTime),
            (10, due, Some("2020-03-06T23:30:00+07:00"), Outcome::OnTime),
            (10, due, Some("2020-03-06T17:30:00Z"), Outcome::Late),
            (10, None, Some("2020-03-04T08:00:00+07:00"), Outcome::Unclassified),
            (4, due, None, Outcome::InProgress),
            (4, Some("2020-03-05T17:00:00+07:00"), None, Outcome::Overdue),
            (7, due, Some("2020-03-04T08:00:00+07:00"), Outcome::EndedOtherwise),
            (3, due, None, Outcome::NotCounted),
        ] {
            assert_eq!(dossier(status, due, finished).outcome(today), want, "{status} {finished:?}");
        }
    }

    #[test]
    fn a_finished_time_and_the_status_must_fit() {
        let codes = |d: Dossier| d.check().iter().map(|v| v.code).collect::<Vec<_>>();
        assert_eq!(codes(dossier(9, None, None)), ["required_by_status"]);
        assert_eq!(codes(dossier(4, None, Some("2020-03-05T08:00:00+07:00"))), ["refused_by_status"]);
        let returned_at = Some("2020-03-05T08:00:00+07:00".parse().unwrap());
        assert_eq!(codes(Dossier { returned_at, ..dossier(4, None, None) }), ["refused_by_status"]);
        assert_eq!(
            codes(dossier(9, Some("2020-03-01T08:00:00+07:00"), Some("2020-03-01T08:00:00+07:00"))),
            ["before_accepted", "before_accepted"]
        );
        assert!(codes(dossier(9, None, Some("2020-03-02T08:00:00+07:00"))).is_empty());
    }
}
