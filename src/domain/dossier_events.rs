//! The history of a dossier: what happened when, when it was told, and which step may follow which.
//!
//! Events come late, out of order and twice. A history is kept in the order of what happened; the status and the
//! times of the dossier follow from it (`course`). No public transition table of the national portal was found,
//! so the one here is the service's own, with its reasons beside each row.

use serde::{Deserialize, Serialize};

use super::{
    dossiers::{Stage, Status},
    time::Moment,
    words::words,
};

/// Something that happened to a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The status that the dossier has from then on.
    pub status: Status,
    /// When it happened.
    pub at: Moment,
    /// When the service was told.
    pub arrived_at: Moment,
    /// The sender's own number of the event, unique within the dossier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Why: what is missing, why it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The due date that was given with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Moment>,
    /// Whether its time is not known: the status was told with a record, and stands right after what is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undated: bool,
}

impl Event {
    /// Whether `next` may follow: a step of the table, or a new due date without another status.
    pub fn may_precede(&self, next: &Self) -> bool {
        self.status.may_follow().contains(&next.status.code())
            || (self.status == next.status && self.status.stage() == Stage::Open && next.due_at.is_some())
    }
}

words! {
    /// What moved a due date.
    pub enum DueRule {
        /// Somebody gave the date.
        Given = "given",
        /// A pause ended and the whole term began again.
        Restart = "restart",
        /// A pause ended and the date moved by its length.
        Extend = "extend",
        /// The date was computed again with another version of the calendar.
        Recompute = "recompute",
    }
}

/// A change of the due date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueChange {
    /// The moment from which it holds.
    pub at: Moment,
    /// When the service was told, or computed it.
    pub arrived_at: Moment,
    /// The due date before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_due_at: Option<Moment>,
    /// The due date from then on; none when it was taken away.
    pub due_at: Option<Moment>,
    /// By what.
    pub rule: DueRule,
    /// Why, where somebody gave the date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the pause began, where a pause moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Moment>,
    /// The unit that had the dossier then; changes of before it was kept lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_id: Option<String>,
    /// The calendar that counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_version: Option<i32>,
}

impl DueChange {
    /// Whether it is the first due date counted again, which pauses are put on top of whatever their dates: it is
    /// dated from the acceptance. A recomputation dated when it was made holds over what was before it.
    pub fn is_base(&self) -> bool {
        self.rule == DueRule::Recompute && self.at < self.arrived_at
    }

    /// Whether a wait for the applicant moved the date.
    pub fn is_wait(&self) -> bool {
        matches!(self.rule, DueRule::Restart | DueRule::Extend)
    }
}

/// A dossier that another unit goes on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The unit that had it.
    pub from_unit_id: String,
    /// The unit that goes on.
    pub to_unit_id: String,
    /// When.
    pub at: Moment,
    /// When the service was told.
    pub arrived_at: Moment,
    /// On what ground: a resolution, a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
}

/// All that is known of a dossier's past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// How the due date moved, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub due_changes: Vec<DueChange>,
    /// The units it passed to, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
    /// When the result was handed over, where a record tells it and no event: it holds for an end no later than it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<Moment>,
}

impl History {
    /// The unit that had the dossier at a moment, where it ever passed to another.
    pub fn unit_at(&self, at: Moment) -> Option<&str> {
        let first = self.transfers.first().map(|transfer| transfer.from_unit_id.as_str());
        let passed = self.transfers.iter().rev().find(|transfer| transfer.at <= at);
        passed.map(|transfer| transfer.to_unit_id.as_str()).or(first)
    }

    /// Whether an event tells that the result was handed over.
    pub fn tells_return(&self) -> bool {
        self.events.iter().any(|event| event.status == Status::RETURNED)
    }
}

impl Status {
    /// The statuses that may follow on the service's own interface.
    ///
    /// | from | to | reason |
    /// |---|---|---|
    /// | 1 registered | 2, 3 | it is accepted or not; an end (7, 8) needs an acceptance |
    /// | 2 accepted | 4 to 10 | a counter may resolve and hand over at once |
    /// | 3 not accepted | none | a new submission is a new dossier |
    /// | 4 in progress | 5 to 10 | 10 without 9: handed over as it was finished |
    /// | 5, 6 waiting | 4 to 9, but not itself | the wait may end in a result without a step between |
    /// | 7 withdrawn | none | final |
    /// | 8 stopped | 4, 7 | it resumes, or the applicant gives up |
    /// | 9 finished | 10 | the result is handed over |
    /// | 10 returned | none | final |
    pub const fn may_follow(self) -> &'static [u8] {
        match self.code() {
            1 => &[2, 3],
            2 => &[4, 5, 6, 7, 8, 9, 10],
            4 => &[5, 6, 7, 8, 9, 10],
            5 => &[4, 6, 7, 8, 9],
            6 => &[4, 5, 7, 8, 9],
            8 => &[4, 7],
            9 => &[10],
            _ => &[],
        }
    }

    /// Whether the dossier waits for the applicant: the clock stands.
    pub const fn is_pause(self) -> bool {
        matches!(self.code(), 5 | 6)
    }

    /// Order of events of one moment: a counter often accepts, finishes and returns within the same minute.
    const fn order(self) -> u8 {
        match self.code() {
            1 => 0,
            2 => 1,
            3 => 2,
            4..=6 => 3,
            8 => 4,
            7 => 5,
            9 => 6,
            _ => 7,
        }
    }
}

/// A step that the table doesn't know, taken over from another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// When the second event happened.
    pub at: Moment,
    /// The status before.
    pub from: Status,
    /// The status after.
    pub to: Status,
}

/// What follows from the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The status now.
    pub status: Status,
    /// When the clock started.
    pub accepted_at: Option<Moment>,
    /// When it was resolved or ended.
    pub finished_at: Option<Moment>,
    /// When the result was handed over.
    pub returned_at: Option<Moment>,
}

/// A wait for the applicant that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// 5 supplement or 6 financial duty.
    pub status: Status,
    /// When the wait began.
    pub from: Moment,
    /// When it ended.
    pub to: Moment,
}

/// Puts events in the order of what happened.
pub fn sort(events: &mut [Event]) {
    events.sort_by_key(|event| (event.at, event.status.order(), event.arrived_at));
}

/// Where a status stands that is told without a time: with the last of sorted events, or right behind it where it
/// would else come before it.
pub fn behind(events: &[Event], status: Status, arrived_at: Moment) -> Option<Moment> {
    let last = events.last()?;
    let follows = (last.status.order(), last.arrived_at) <= (status.order(), arrived_at);
    Some(Moment::from_micros(last.at.micros().saturating_add(i64::from(!follows))))
}

/// Takes away what was told without a time behind the last event that has one, where that is of this status; true
/// where there was any.
pub fn drop_undated_behind(events: &mut Vec<Event>, status: Status) -> bool {
    let last = events.iter().rposition(|event| !event.undated);
    match last.filter(|last| events.get(*last).is_some_and(|event| event.status == status)) {
        Some(last) if last + 1 < events.len() => {
            events.truncate(last + 1);
            true
        }
        _ => false,
    }
}

/// What follows from sorted events; none without any.
///
/// A dossier is finished where its last unbroken run of events of one stage began (9 counts before 10), and an
/// end that was resumed is none.
pub fn course(events: &[Event]) -> Option<Course> {
    let last = events.last()?;
    let stage = last.status.stage();
    let run = events.len() - events.iter().rev().take_while(|event| event.status.stage() == stage).count();
    let closing = events.get(run..).unwrap_or_default();
    let returned = closing.iter().find(|event| event.status == Status::RETURNED);
    let accepted = events
        .iter()
        .find(|event| event.status == Status::ACCEPTED)
        .or_else(|| events.iter().find(|event| event.status.stage() != Stage::NotAccepted));
    Some(Course {
        status: returned.map_or(last.status, |event| event.status),
        accepted_at: accepted.map(|event| event.at),
        finished_at: match stage {
            Stage::NotAccepted | Stage::Open => None,
            Stage::Withdrawn | Stage::Stopped | Stage::Resolved => closing.first().map(|event| event.at),
        },
        returned_at: returned.map(|event| event.at),
    })
}

/// The steps of sorted events that the table doesn't know.
pub fn anomalies(events: &[Event]) -> Vec<Anomaly> {
    events
        .windows(2)
        .filter_map(|pair| match pair {
            [before, after] if !before.may_precede(after) => {
                Some(Anomaly { at: after.at, from: before.status, to: after.status })
            }
            _ => None,
        })
        .collect()
}

/// The waits of sorted events that have ended, in order. Two waits in a row are two waits; one whose beginning
/// or end isn't known is none that could be counted.
pub fn pauses(events: &[Event]) -> Vec<Pause> {
    events
        .windows(2)
        .filter_map(|pair| match pair {
            [wait, next] if wait.status.is_pause() && !wait.undated && !next.undated => {
                Some(Pause { status: wait.status, from: wait.at, to: next.at })
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn events(steps: &[(i64, i64)]) -> Vec<Event> {
        let mut events: Vec<Event> = steps
            .iter()
            .map(|(status, at)| Event {
                status: Status::new(*status).unwrap(),
                at: Moment::from_micros(*at),
                arrived_at: Moment::from_micros(0),
                event_id: None,
                reason: None,
                due_at: None,
                undated: false,
            })
            .collect();
        sort(&mut events);
        events
    }

    fn told(steps: &[(i64, i64)]) -> (u8, Option<i64>, Option<i64>, Option<i64>) {
        let c = course(&events(steps)).unwrap();
        let micros = |moment: Option<Moment>| moment.map(Moment::micros);
        (c.status.code(), micros(c.accepted_at), micros(c.finished_at), micros(c.returned_at))
    }

    #[test]
    fn a_course_follows_from_the_order_of_what_happened() {
        for (steps, want) in [
            (&[(2, 1)][..], (2, Some(1), None, None)),
            (&[(9, 5), (2, 1), (4, 2)], (9, Some(1), Some(5), None)),
            (&[(2, 1), (9, 5), (10, 8)], (10, Some(1), Some(5), Some(8))),
            (&[(2, 1), (10, 8)], (10, Some(1), Some(8), Some(8))),
            // All within one minute.
            (&[(10, 1), (9, 1), (2, 1)], (10, Some(1), Some(1), Some(1))),
            // The return was told with an earlier time than the result.
            (&[(2, 1), (10, 7), (9, 8)], (10, Some(1), Some(7), Some(7))),
            // Stopped, and resumed.
            (&[(2, 1), (8, 3)], (8, Some(1), Some(3), None)),
            (&[(2, 1), (8, 3), (4, 6)], (4, Some(1), None, None)),
            (&[(2, 1), (8, 3), (4, 6), (9, 9)], (9, Some(1), Some(9), None)),
            // Opened again by another system.
            (&[(2, 1), (9, 3), (4, 6), (10, 9)], (10, Some(1), Some(9), Some(9))),
            (&[(2, 1), (7, 3)], (7, Some(1), Some(3), None)),
            (&[(1, 1), (3, 3)], (3, None, None, None)),
            (&[(1, 1), (4, 3)], (4, Some(3), None, None)),
        ] {
            assert_eq!(told(steps), want, "{steps:?}");
        }
        assert_eq!(course(&[]), None);
    }

    #[test]
    fn steps_that_the_table_does_not_know_are_told() {
        assert!(
            anomalies(&events(&[(1, 1), (2, 2), (5, 3), (4, 4), (8, 5), (4, 6), (9, 7), (10, 8)])).is_empty()
        );
        let found = anomalies(&events(&[(2, 1), (9, 3), (4, 6), (2, 7)]));
        let steps: Vec<(u8, u8)> = found.iter().map(|a| (a.from.code(), a.to.code())).collect();
        assert_eq!(steps, [(9, 4), (4, 2)]);
    }

    #[test]
    fn every_status_can_be_reached_and_final_ones_end() {
        for code in 2..=10 {
            let reached = (1..=10).any(|from| Status::new(from).unwrap().may_follow().contains(&code));
            assert!(reached, "{code}");
        }
        for code in [3, 7, 10] {
            assert!(Status::new(code).unwrap().may_follow().is_empty());
        }
    }

    #[test]
    fn a_status_without_a_time_stands_behind_what_is_known_and_before_what_comes_later() {
        for (steps, status, want) in [
            (&[(2, 1)][..], 4, 1),
            (&[(2, 1), (5, 3)], 4, 3),
            (&[(2, 1), (8, 3)], 4, 4),
            (&[(1, 1)], 3, 1),
            (&[(2, 1), (4, 2)], 3, 3),
        ] {
            let mut all = events(steps);
            let told = Status::new(status).unwrap();
            let at = behind(&all, told, Moment::from_micros(0)).unwrap();
            assert_eq!(at.micros(), want, "{steps:?}");
            let before = all.clone();
            all.push(Event { status: told, at, undated: true, ..before[0].clone() });
            sort(&mut all);
            assert_eq!((all.last().unwrap().status, &all[..before.len()]), (told, &before[..]), "{steps:?}");
            // It gives way to the event before it, and to no other.
            assert!(!drop_undated_behind(&mut all, told));
            assert!(drop_undated_behind(&mut all, before.last().unwrap().status));
            assert_eq!(all, before);
            assert!(!drop_undated_behind(&mut all, before.last().unwrap().status));
        }
        assert_eq!(behind(&[], Status::ACCEPTED, Moment::from_micros(0)), None);
    }

    #[test]
    fn waits_are_told_one_by_one() {
        let found = pauses(&events(&[(2, 1), (5, 3), (6, 4), (4, 6), (5, 8)]));
        let spans: Vec<(u8, i64, i64)> =
            found.iter().map(|p| (p.status.code(), p.from.micros(), p.to.micros())).collect();
        assert_eq!(spans, [(5, 3, 4), (6, 4, 6)]);
    }
}
