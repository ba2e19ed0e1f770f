//! The history of a dossier as a file brings it: taken as it is where it leads to the row that it stands in.
//!
//! An export has it as JSON. Nothing of it is computed again, so it is checked as a whole: a row whose history
//! says something else than its other columns is rejected.

use serde::de::DeserializeOwned;

use super::{
    dossier_events::{Course, History, course, sort},
    dossier_history::{due_at, leads_to, returned_at},
    dossier_import_rows::{Cell, Reading, WrongCell},
    dossier_import_times::Edge,
    dossier_imports::Member,
    dossiers::{CalendarUsed, Dossier},
    text::clean,
    time::Moment,
    violation::{Findings, Text, Violation},
};

/// What a row says of the past of its dossier.
pub(super) struct Past {
    history: Option<History>,
    recorded_at: Option<Moment>,
    due_derived: bool,
    due_calendar: Option<CalendarUsed>,
}

impl Reading<'_> {
    /// What a row says of the past, where it has a column for the history.
    pub(super) fn past(&mut self) -> Option<Past> {
        if self.cells[Member::History.index()] == Cell::Blank {
            return None;
        }
        Some(Past {
            history: self.json::<History>(Member::History),
            recorded_at: self.moment(Member::RecordedAt, Edge::Start),
            due_derived: self.boolean(Member::DueDerived),
            due_calendar: self.json(Member::DueCalendar),
        })
    }

    /// Takes over what a row says of the past, where it agrees with the row.
    pub(super) fn take(&mut self, past: Past, dossier: &mut Dossier) {
        dossier.recorded_at = past.recorded_at;
        dossier.due_derived = past.due_derived && dossier.due_at.is_some();
        dossier.due_calendar = past.due_calendar;
        let mut findings = Findings::default();
        if let Some(used) = &dossier.due_calendar {
            findings.id("/due_calendar", &used.id);
        }
        let wrong = findings.into_result().err().unwrap_or_default();
        let value = match self.cells[Member::DueCalendar.index()] {
            Cell::Text(text) => Some(text.to_owned()),
            _ => None,
        };
        self.wrong.extend(wrong.into_iter().map(|violation| WrongCell {
            member: Member::DueCalendar,
            value: value.clone(),
            violation,
        }));
        let Some(mut history) = past.history.map(History::cleaned) else { return };
        for transfer in &mut history.transfers {
            for unit in [&mut transfer.from_unit_id, &mut transfer.to_unit_id] {
                *unit = self.unit(Member::UnitId, unit);
            }
        }
        // What the history should lead to is not known while a column can't be read.
        if self.wrong.is_empty() {
            let broken = history.check(dossier);
            self.wrong.extend(broken.into_iter().map(|violation| WrongCell {
                member: Member::History,
                value: None,
                violation,
            }));
        }
        dossier.history = Some(Box::new(history));
    }

    /// A cell of JSON; none where it is null or can't be read.
    fn json<T: DeserializeOwned>(&mut self, member: Member) -> Option<T> {
        let text = self.text(member)?;
        match serde_json::from_str::<Option<T>>(text) {
            Ok(value) => value,
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                let en = format!("Not the JSON that an export writes here (line {line}, column {column}).");
                let vi = format!("Không phải JSON như tệp xuất ghi ở cột này (dòng {line}, cột {column}).");
                self.refuse(member, None, "wrong_type", &en, &vi);
                None
            }
        }
    }
}

impl History {
    /// Its texts in the form in which texts are kept.
    fn cleaned(mut self) -> Self {
        let texts = self.events.iter_mut().flat_map(|event| [&mut event.event_id, &mut event.reason]);
        let texts = texts.chain(self.due_changes.iter_mut().map(|change| &mut change.reason));
        for text in texts.chain(self.transfers.iter_mut().map(|transfer| &mut transfer.ground)) {
            *text = text.as_deref().map(clean);
        }
        self
    }

    /// The rules that it breaks as the history of `dossier`, whose own `history` is not looked at.
    fn check(&self, dossier: &Dossier) -> Vec<Violation> {
        let mut findings = Findings::default();
        self.check_texts(&mut findings);
        // A line of a report names the column alone, so the place within it stands in the sentence.
        let mut broken: Vec<Violation> = findings.into_result().err().unwrap_or_default();
        for violation in &mut broken {
            let (place, text) = (&violation.pointer, &violation.text);
            violation.text = Text::new(format!("`{place}`: {}", text.en), format!("`{place}`: {}", text.vi));
            violation.pointer = "/history".to_owned();
        }
        if !self.in_order() {
            broken.push(Violation::new(
                "/history",
                "history_unordered",
                "Events, due changes and transfers stand in the order of their times (`at`).",
                "Sự kiện, thay đổi hạn trả và lần chuyển phải xếp theo thứ tự thời điểm (`at`).",
            ));
            return broken;
        }
        let sides = [
            (self.leads_to_status(dossier), "its status and times", "trạng thái và các thời điểm"),
            (self.leads_to_due_date(dossier), "its due date", "hạn trả"),
            (self.leads_to_unit(dossier), "its unit", "đơn vị"),
        ];
        for (agrees, what, what_vi) in sides {
            if !agrees {
                broken.push(Violation::new(
                    "/history",
                    "history_disagrees",
                    format!("The history does not lead to what the row says of the dossier: {what}."),
                    format!("Lịch sử không dẫn đến nội dung của dòng về hồ sơ: {what_vi}."),
                ));
            }
        }
        broken
    }

    fn check_texts(&self, findings: &mut Findings) {
        for (n, event) in self.events.iter().enumerate() {
            findings.optional_text(&format!("/events/{n}/event_id"), event.event_id.as_ref(), 100);
            findings.optional_text(&format!("/events/{n}/reason"), event.reason.as_ref(), 1000);
        }
        for (n, change) in self.due_changes.iter().enumerate() {
            findings.optional_text(&format!("/due_changes/{n}/reason"), change.reason.as_ref(), 1000);
            if let Some(id) = &change.calendar_id {
                findings.id(&format!("/due_changes/{n}/calendar_id"), id);
            }
        }
        for (n, transfer) in self.transfers.iter().enumerate() {
            findings.optional_text(&format!("/transfers/{n}/ground"), transfer.ground.as_ref(), 1000);
        }
    }

    fn in_order(&self) -> bool {
        let mut sorted = self.events.clone();
        sort(&mut sorted);
        sorted == self.events
            && self.due_changes.is_sorted_by_key(|change| change.at)
            && self.transfers.is_sorted_by_key(|transfer| transfer.at)
    }

    fn leads_to_status(&self, dossier: &Dossier) -> bool {
        let returned =
            |course: &Course| self.returned_at.is_none() || returned_at(self, course) == dossier.returned_at;
        course(&self.events).is_some_and(|course| leads_to(&course, dossier) && returned(&course))
    }

    fn leads_to_due_date(&self, dossier: &Dossier) -> bool {
        due_at(self, dossier.first_due_at.or(dossier.due_at)) == dossier.due_at
    }

    /// Each transfer takes over from the one before, and the last one ends at the unit.
    fn leads_to_unit(&self, dossier: &Dossier) -> bool {
        let linked = self.transfers.windows(2).all(|pair| match pair {
            [before, after] => before.to_unit_id == after.from_unit_id,
            _ => true,
        });
        linked
            && self.transfers.iter().all(|transfer| transfer.from_unit_id != transfer.to_unit_id)
            && self.transfers.last().is_none_or(|last| last.to_unit_id == dossier.unit_id)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row() -> Dossier {
        serde_json::from_value(json!({
            "code": "D-1", "unit_id": "b", "submitted_via": "online", "interlinked": false, "synthetic": false,
            "accepted_at": "2020-03-02T08:00:00+07:00", "first_due_at": "2020-03-10T17:00:00+07:00",
            "due_at": "2020-03-12T17:00:00+07:00", "finished_at": "2020-03-06T08:00:00+07:00", "status": 9
        }))
        .unwrap()
    }

    fn history() -> Value {
        let told = "2020-03-07T08:00:00+07:00";
        json!({
            "events": [
                {"status": 2, "at": "2020-03-02T08:00:00+07:00", "arrived_at": told, "event_id": "e1"},
                {"status": 4, "at": "2020-03-03T08:00:00+07:00", "arrived_at": told, "reason": "Đúng hạn"},
                {"status": 9, "at": "2020-03-06T08:00:00+07:00", "arrived_at": told}
            ],
            "due_changes": [{
                "at": "2020-03-04T08:00:00+07:00", "arrived_at": told, "due_at": "2020-03-12T17:00:00+07:00",
                "rule": "given"
            }],
            "transfers": [{"from_unit_id": "a", "to_unit_id": "b", "at": "2020-03-04T08:00:00+07:00", "arrived_at": told}]
        })
    }

    fn codes(value: Value) -> Vec<&'static str> {
        let history: History = serde_json::from_value(value).unwrap();
        history.check(&row()).iter().map(|violation| violation.code).collect()
    }

    #[test]
    fn a_history_that_leads_to_its_row_is_taken() {
        assert_eq!(codes(history()), [""; 0]);
    }

    #[test]
    fn every_way_to_disagree_is_told() {
        for (place, value, want) in [
            ("/events", json!([]), &["history_disagrees"][..]),
            ("/events/2/status", json!(7), &["history_disagrees"]),
            ("/events/2/at", json!("2020-03-06T08:00:01+07:00"), &["history_disagrees"]),
            ("/events/0/at", json!("2020-03-01T08:00:00+07:00"), &["history_disagrees"]),
            ("/events/1/at", json!("2020-03-01T08:00:00+07:00"), &["history_unordered"]),
            ("/events/1/due_at", json!("2020-03-13T08:00:00+07:00"), &[]),
            ("/due_changes/0/due_at", json!(null), &["history_disagrees"]),
            ("/due_changes", json!([]), &["history_disagrees"]),
            ("/returned_at", json!("2020-03-07T08:00:00+07:00"), &["history_disagrees"]),
            ("/transfers/0/to_unit_id", json!("c"), &["history_disagrees"]),
            ("/transfers/0/from_unit_id", json!("b"), &["history_disagrees"]),
            ("/events/0/event_id", json!("x".repeat(101)), &["too_long"]),
            ("/events/1/reason", json!("a\u{0}b"), &["control_character"]),
            ("/transfers/0/ground", json!(" "), &["empty"]),
            ("/due_changes/0/calendar_id", json!("a/b"), &["not_an_id"]),
        ] {
            let mut wrong = history();
            match wrong.pointer_mut(place) {
                Some(member) => *member = value,
                None => {
                    let (object, name) = place.rsplit_once('/').unwrap();
                    wrong.pointer_mut(object).unwrap()[name] = value;
                }
            }
            assert_eq!(codes(wrong), want, "{place}");
        }
    }

    #[test]
    fn transfers_are_a_chain() {
        let mut broken = history();
        let first = broken["transfers"][0].clone();
        let transfers = broken["transfers"].as_array_mut().unwrap();
        transfers.insert(0, first);
        assert_eq!(codes(broken), ["history_disagrees"]);
    }

    #[test]
    fn a_sentence_names_the_place() {
        let mut wrong = history();
        wrong["events"][1]["reason"] = json!("x".repeat(1001));
        let history: History = serde_json::from_value(wrong).unwrap();
        let found = history.check(&row());
        assert_eq!(found[0].text.en, "`/events/1/reason`: At most 1000 characters.");
        assert_eq!(found[0].pointer, "/history");
    }
}
