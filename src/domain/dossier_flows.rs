//! What the statistics count of a dossier: dated flows in and out of a unit.
//!
//! A dossier stays at one unit after another. Each stay begins with a reception or a transfer and ends with a
//! result, an end or a transfer; between them it is within its term, overdue, or without a due date. Every figure
//! of a period is a difference of running totals of these flows (form II.06a, Circular 01/2020/TT-VPCP).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    dossiers::{Dossier, Outcome, ReturnChannel, Stage, SubmissionChannel},
    time::Day,
    words::words,
};

words! {
    /// How a dossier was closed.
    pub enum Closing {
        /// Resolved before the due day.
        Early = "early",
        /// Resolved on the due day.
        OnTime = "on_time",
        /// Resolved after it.
        Late = "late",
        /// Resolved without a due date.
        Unclassified = "unclassified",
        /// Withdrawn (7).
        Withdrawn = "withdrawn",
        /// Stopped (8).
        Stopped = "stopped",
    }
}

impl Closing {
    /// How a dossier was closed; none while it is open or was never accepted.
    pub fn of(dossier: &Dossier) -> Option<Self> {
        let closed_on = dossier.closed_on()?;
        match dossier.status.stage() {
            Stage::Withdrawn => Some(Self::Withdrawn),
            Stage::Stopped => Some(Self::Stopped),
            Stage::NotAccepted | Stage::Open => None,
            Stage::Resolved => match dossier.outcome(closed_on) {
                Outcome::Early => Some(Self::Early),
                Outcome::OnTime => Some(Self::OnTime),
                Outcome::Late => Some(Self::Late),
                _ => Some(Self::Unclassified),
            },
        }
    }
}

/// What happens to a unit's counts on a day. The order is that of the stored counts: new ones go to the end.
///
/// Totals have flows of their own beside those of their parts, so that the identities of a period compare
/// counts and not sums with themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Flow {
    /// Received.
    Received = 0,
    /// Received at the counter.
    InPerson,
    /// Received online.
    Online,
    /// Received by post.
    Postal,
    /// Received at home.
    HomeAppointment,
    /// Of the received: handled by several levels.
    Interlinked,
    /// Of the received: made by a generator.
    Synthetic,
    /// Taken over from another unit.
    TransferredIn,
    /// Handed over to another unit.
    TransferredOut,
    /// Resolved.
    Resolved,
    /// Resolved before the due day.
    Early,
    /// Resolved on the due day.
    OnTime,
    /// Resolved after it.
    Late,
    /// Resolved without a due date.
    Unclassified,
    /// Of the resolved: returned by post.
    ReturnedByPost,
    /// Of the late: resolved by the re-appointed day.
    ReAppointedKept,
    /// Ended without a result.
    Ended,
    /// Withdrawn.
    Withdrawn,
    /// Stopped.
    Stopped,
    /// Open at the end of the day, from this day.
    OpenBegins,
    /// No longer so.
    OpenEnds,
    /// Open with a due day that has not come, from this day.
    WithinBegins,
    /// No longer so: due, closed or gone.
    WithinEnds,
    /// Overdue from this day on, its due day.
    OverdueBegins,
    /// Overdue already when it came to the unit.
    OverdueArrives,
    /// No longer overdue: closed or gone.
    OverdueEnds,
    /// Open without a due date, from this day.
    NoDueDateBegins,
    /// No longer so.
    NoDueDateEnds,
}

impl Flow {
    /// How many there are.
    pub const COUNT: usize = 28;
}

/// A count of each flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts([i32; Flow::COUNT]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; Flow::COUNT])
    }
}

impl Counts {
    /// The count of a flow.
    pub fn of(&self, flow: Flow) -> i64 {
        self.0.get(flow as usize).copied().map_or(0, i64::from)
    }

    /// Adds to the count of a flow.
    pub fn add(&mut self, flow: Flow, n: i32) {
        if let Some(count) = self.0.get_mut(flow as usize) {
            *count += n;
        }
    }

    /// Adds the counts of `other`, `sign` times.
    pub fn join(&mut self, other: &Self, sign: i32) {
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            *count += sign * more;
        }
    }

    /// Counts what was withdrawn as resolved on time, as some one-stop systems do, and no longer as ended.
    pub fn withdrawn_as_on_time(&mut self) {
        let withdrawn = self.0.get(Flow::Withdrawn as usize).copied().unwrap_or_default();
        for (flow, n) in [
            (Flow::Withdrawn, -withdrawn),
            (Flow::Ended, -withdrawn),
            (Flow::Resolved, withdrawn),
            (Flow::OnTime, withdrawn),
        ] {
            self.add(flow, n);
        }
    }

    /// Whether every count is zero.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// The counts that are not zero, by the place of their flow.
    pub fn told(&self) -> Vec<(u8, i32)> {
        (0..).zip(self.0).filter(|(_, count)| *count != 0).collect()
    }

    /// From [`Counts::told`]; places of no flow are left out.
    pub fn from_told(told: &[(u8, i32)]) -> Self {
        let mut counts = Self::default();
        for (place, count) in told {
            if let Some(slot) = counts.0.get_mut(usize::from(*place)) {
                *slot = *count;
            }
        }
        counts
    }
}

/// Counts by what rows are told apart by.
pub type Cells = BTreeMap<Axes, Counts>;

/// Where an open dossier stands against time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Due {
    /// It has no due date.
    None,
    /// Due on this day.
    On(Day),
    /// The clock stands: it waits for the applicant.
    Standing,
}

/// What is counted together: rows of statistics are told apart by these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Axes {
    /// Field; none where the dossier names none.
    pub field: Option<String>,
    /// How it was submitted.
    pub via: SubmissionChannel,
    /// Procedure; none in the sums that are kept, which don't tell procedures apart.
    #[serde(skip)]
    pub procedure_code: Option<String>,
}

/// A stay at a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// The unit that decides.
    pub unit_id: String,
    /// From this day.
    pub from: Day,
}

/// What the statistics count of one dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What it is counted by, but for the procedure.
    pub axes: Axes,
    /// Its procedure.
    #[serde(skip)]
    pub procedure_code: Option<String>,
    /// Handled by several levels.
    pub interlinked: bool,
    /// Made by a generator.
    pub synthetic: bool,
    /// Returned by post.
    pub by_post: bool,
    /// Late, and resolved by the re-appointed day.
    pub kept: bool,
    /// Where it stands against time.
    pub due: Due,
    /// The units it was at, in order; the first received it.
    pub stays: Vec<Stay>,
    /// The day it was closed, and how.
    pub closed: Option<(Day, Closing)>,
}

impl Facts {
    /// What is counted of a dossier; none when it was never accepted.
    pub fn of(dossier: &Dossier) -> Option<Self> {
        let received_on = dossier.received_on()?;
        let transfers =
            dossier.history.as_deref().map(|history| history.transfers.as_slice()).unwrap_or_default();
        let first = transfers.first().map_or(&dossier.unit_id, |transfer| &transfer.from_unit_id);
        let mut stays = vec![Stay { unit_id: first.clone(), from: received_on }];
        stays.extend(
            transfers
                .iter()
                .map(|transfer| Stay { unit_id: transfer.to_unit_id.clone(), from: transfer.at.day() }),
        );
        let closed = dossier.closed_on().zip(Closing::of(dossier));
        Some(Self {
            axes: Axes { field: dossier.field.clone(), via: dossier.submitted_via, procedure_code: None },
            procedure_code: dossier.procedure_code.clone(),
            interlinked: dossier.interlinked,
            synthetic: dossier.synthetic,
            by_post: dossier.returned_via == Some(ReturnChannel::Postal),
            kept: dossier.re_appointed_kept(),
            due: match dossier.due_at {
                None => Due::None,
                Some(_) if dossier.clock_stands() => Due::Standing,
                Some(due) => Due::On(due.day()),
            },
            stays,
            closed,
        })
    }

    /// Tells every flow: the unit, the day and what happens on it.
    pub fn flows(&self, mut tell: impl FnMut(&str, Day, Flow)) {
        let mut stays = self.stays.iter().peekable();
        let mut first = true;
        while let Some(stay) = stays.next() {
            let unit = stay.unit_id.as_str();
            if first {
                self.reception_flows(unit, stay.from, &mut tell);
            } else {
                tell(unit, stay.from, Flow::TransferredIn);
            }
            let left = match (stays.peek(), self.closed) {
                (Some(next), _) => {
                    tell(unit, next.from, Flow::TransferredOut);
                    Some(next.from)
                }
                (None, Some((day, closing))) => {
                    self.closing_flows(unit, day, closing, &mut tell);
                    Some(day)
                }
                (None, None) => None,
            };
            self.standing_flows(unit, stay.from, left, &mut tell);
            first = false;
        }
    }

    fn reception_flows(&self, unit: &str, day: Day, tell: &mut impl FnMut(&str, Day, Flow)) {
        tell(unit, day, Flow::Received);
        let channel = match self.axes.via {
            SubmissionChannel::InPerson => Flow::InPerson,
            SubmissionChannel::Online => Flow::Online,
            SubmissionChannel::Postal => Flow::Postal,
            SubmissionChannel::HomeAppointment => Flow::HomeAppointment,
        };
        tell(unit, day, channel);
        if self.interlinked {
            tell(unit, day, Flow::Interlinked);
        }
        if self.synthetic {
            tell(unit, day, Flow::Synthetic);
        }
    }

    fn closing_flows(&self, unit: &str, day: Day, closing: Closing, tell: &mut impl FnMut(&str, Day, Flow)) {
        let (whole, part) = match closing {
            Closing::Early => (Flow::Resolved, Flow::Early),
            Closing::OnTime => (Flow::Resolved, Flow::OnTime),
            Closing::Late => (Flow::Resolved, Flow::Late),
            Closing::Unclassified => (Flow::Resolved, Flow::Unclassified),
            Closing::Withdrawn => (Flow::Ended, Flow::Withdrawn),
            Closing::Stopped => (Flow::Ended, Flow::Stopped),
        };
        tell(unit, day, whole);
        tell(unit, day, part);
        if self.by_post && whole == Flow::Resolved {
            tell(unit, day, Flow::ReturnedByPost);
        }
        if self.kept {
            tell(unit, day, Flow::ReAppointedKept);
        }
    }

    /// Where the dossier stands at the end of each day from `from` until it has left: due by the end of a day is
    /// overdue then.
    fn standing_flows(
        &self,
        unit: &str,
        from: Day,
        left: Option<Day>,
        tell: &mut impl FnMut(&str, Day, Flow),
    ) {
        // Gone by the end of the day it came: it never stood there.
        if left.is_some_and(|left| left <= from) {
            return;
        }
        tell(unit, from, Flow::OpenBegins);
        if let Some(left) = left {
            tell(unit, left, Flow::OpenEnds);
        }
        let mut spell = |begin: Flow, end: Flow, from: Day, until: Option<Day>| {
            tell(unit, from, begin);
            if let Some(until) = until {
                tell(unit, until, end);
            }
        };
        match self.due {
            Due::None => spell(Flow::NoDueDateBegins, Flow::NoDueDateEnds, from, left),
            Due::Standing => spell(Flow::WithinBegins, Flow::WithinEnds, from, left),
            Due::On(due) if due < from => spell(Flow::OverdueArrives, Flow::OverdueEnds, from, left),
            Due::On(due) => {
                if due > from {
                    let until = left.map_or(due, |left| left.min(due));
                    spell(Flow::WithinBegins, Flow::WithinEnds, from, Some(until));
                }
                if left.is_none_or(|left| left > due) {
                    spell(Flow::OverdueBegins, Flow::OverdueEnds, due, left);
                }
            }
        }
    }
}
