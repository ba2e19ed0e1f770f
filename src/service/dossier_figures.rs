//! The figures of a period: what was received, resolved and is open, with the identities that hold between them.
//!
//! `figures` is pure: running totals in, figures out. Identities hold within every period: what was received,
//! carried over and transferred in is what was resolved, ended otherwise, is open and was transferred out (form
//! II.06a of Circular 01/2020/TT-VPCP, with the remainders that the form doesn't know).

use crate::domain::{
    decimal::Exact,
    dossier_flows::{Counts, Flow},
    returns::FromReturns,
};

/// A part of a whole, with the name of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Numerator ÷ denominator; none for a denominator of zero.
    pub value: Option<Exact>,
    /// The part.
    pub numerator: i64,
    /// The whole.
    pub denominator: i64,
    /// Name of the whole.
    pub base: &'static str,
}

impl Rate {
    /// A part of a whole.
    pub fn new(numerator: i64, denominator: i64, base: &'static str) -> Self {
        let value = Exact::from(numerator).quotient(&Exact::from(denominator));
        Self { value, numerator, denominator, base }
    }
}

/// The figures of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// All that was received in the period, counted beside its parts.
    pub received: i64,
    /// Received at the counter.
    pub in_person: i64,
    /// Received online.
    pub online: i64,
    /// Received by post.
    pub postal: i64,
    /// Received at home by appointment.
    pub home_appointment: i64,
    /// Open when the period began.
    pub carried_over: i64,
    /// Taken over from other units.
    pub transferred_in: i64,
    /// Handed over to other units.
    pub transferred_out: i64,
    /// All that was resolved in the period, counted beside its parts.
    pub resolved: i64,
    /// Resolved before the due day.
    pub early: i64,
    /// Resolved on the due day.
    pub on_time: i64,
    /// Resolved after it.
    pub late: i64,
    /// Resolved without a due date.
    pub unclassified: i64,
    /// All that ended without a result, counted beside its parts.
    pub ended_otherwise: i64,
    /// Withdrawn.
    pub withdrawn: i64,
    /// Stopped.
    pub stopped: i64,
    /// All that is open at the end, counted beside its parts.
    pub open: i64,
    /// Open, due later.
    pub within_term: i64,
    /// Open, past the due day.
    pub overdue: i64,
    /// Open, without a due date.
    pub no_due_date: i64,
    /// Of the received: handled by several levels.
    pub interlinked: i64,
    /// Of the received: made by a generator.
    pub synthetic: i64,
    /// Of the resolved: returned by post.
    pub returned_by_post: i64,
    /// Of the late: resolved by the re-appointed day.
    pub re_appointed_kept: i64,
    /// Received, told by returns alone: at the counter, by post or at home, not told which.
    pub in_person_or_postal: i64,
    /// Ended, told by returns alone: not told how.
    pub withdrawn_or_stopped: i64,
    /// Of the received: told by returns.
    pub received_by_returns: i64,
    /// Of the resolved: told by returns.
    pub resolved_by_returns: i64,
    /// Of the open: told by returns.
    pub open_by_returns: i64,
}

impl Figures {
    /// All that was resolved with a due date to judge it by.
    pub fn classified(&self) -> i64 {
        self.early + self.on_time + self.late
    }

    /// Early and on time, of all resolved.
    pub fn on_time_of_resolved(&self) -> Rate {
        Rate::new(self.early + self.on_time, self.resolved, "resolved")
    }

    /// Early and on time, of those that can be judged.
    pub fn on_time_of_classified(&self) -> Rate {
        Rate::new(self.early + self.on_time, self.classified(), "classified")
    }

    /// Submitted online, of all that was received.
    pub fn online_of_received(&self) -> Rate {
        Rate::new(self.online, self.received, "received")
    }

    /// Resolved early or on time, or still within term, of all that was there to handle: received, carried over and
    /// taken over, without what was handed on (the timeliness of Decision 766/QĐ-TTg). What is carried over is in
    /// the whole as it is in the part, so that the rate never exceeds 1; what ended without a result or has no due
    /// date is in the whole alone, since nothing tells whether it was in time.
    pub fn in_time_of_handled(&self) -> Rate {
        let handled = self.received + self.carried_over + self.transferred_in - self.transferred_out;
        Rate::new(self.early + self.on_time + self.within_term, handled, "handled")
    }

    /// Result returned by post, of all that was resolved.
    pub fn returned_by_post_of_resolved(&self) -> Rate {
        Rate::new(self.returned_by_post, self.resolved, "resolved")
    }

    /// How much of them was told by returns.
    pub const fn told_by_returns(&self) -> FromReturns {
        FromReturns {
            received: self.received_by_returns,
            resolved: self.resolved_by_returns,
            open: self.open_by_returns,
        }
    }

    /// Adds others.
    pub fn join(&mut self, other: &Self) {
        let Self {
            received,
            in_person,
            online,
            postal,
            home_appointment,
            carried_over,
            transferred_in,
            transferred_out,
            resolved,
            early,
            on_time,
            late,
            unclassified,
            ended_otherwise,
            withdrawn,
            stopped,
            open,
            within_term,
            overdue,
            no_due_date,
            interlinked,
            synthetic,
            returned_by_post,
            re_appointed_kept,
            in_person_or_postal,
            withdrawn_or_stopped,
            received_by_returns,
            resolved_by_returns,
            open_by_returns,
        } = self;
        for (sum, more) in [
            (received, other.received),
            (in_person, other.in_person),
            (online, other.online),
            (postal, other.postal),
            (home_appointment, other.home_appointment),
            (carried_over, other.carried_over),
            (transferred_in, other.transferred_in),
            (transferred_out, other.transferred_out),
            (resolved, other.resolved),
            (early, other.early),
            (on_time, other.on_time),
            (late, other.late),
            (unclassified, other.unclassified),
            (ended_otherwise, other.ended_otherwise),
            (withdrawn, other.withdrawn),
            (stopped, other.stopped),
            (open, other.open),
            (within_term, other.within_term),
            (overdue, other.overdue),
            (no_due_date, other.no_due_date),
            (interlinked, other.interlinked),
            (synthetic, other.synthetic),
            (returned_by_post, other.returned_by_post),
            (re_appointed_kept, other.re_appointed_kept),
            (in_person_or_postal, other.in_person_or_postal),
            (withdrawn_or_stopped, other.withdrawn_or_stopped),
            (received_by_returns, other.received_by_returns),
            (resolved_by_returns, other.resolved_by_returns),
            (open_by_returns, other.open_by_returns),
        ] {
            *sum += more;
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Two figures that must be equal, or whose difference is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Stable code.
    pub code: &'static str,
    /// One side.
    pub left: i64,
    /// The other side.
    pub right: i64,
}

impl Check {
    /// Whether the sides are equal.
    pub fn holds(&self) -> bool {
        self.left == self.right
    }

    /// Left minus right.
    pub fn difference(&self) -> i64 {
        self.left - self.right
    }
}

/// Running totals at the moments that the figures of a period are differences of.
#[derive(Debug, Default, Clone)]
pub struct Ends<T> {
    /// At the end of the day before the period.
    pub before: T,
    /// At the end of the day before the last.
    pub eve: T,
    /// At the end of the period, or the moment of judging.
    pub last: T,
}

/// The figures of a period from its running totals. What is due on the day that still runs is within its term.
pub fn figures(ends: &Ends<Counts>, judged_today: bool) -> Figures {
    let gained = |flow: Flow| ends.last.of(flow) - ends.before.of(flow);
    let standing = |begins: &[Flow], finishes: Flow| {
        begins.iter().map(|flow| ends.last.of(*flow)).sum::<i64>() - ends.last.of(finishes)
    };
    let came = |counts: &Counts| counts.of(Flow::Received) + counts.of(Flow::TransferredIn);
    let went = |counts: &Counts| {
        counts.of(Flow::Resolved) + counts.of(Flow::Ended) + counts.of(Flow::TransferredOut)
    };
    let due_today =
        if judged_today { ends.last.of(Flow::OverdueBegins) - ends.eve.of(Flow::OverdueBegins) } else { 0 };
    Figures {
        received: gained(Flow::Received),
        in_person: gained(Flow::InPerson),
        online: gained(Flow::Online),
        postal: gained(Flow::Postal),
        home_appointment: gained(Flow::HomeAppointment),
        carried_over: came(&ends.before) - went(&ends.before),
        transferred_in: gained(Flow::TransferredIn),
        transferred_out: gained(Flow::TransferredOut),
        resolved: gained(Flow::Resolved),
        early: gained(Flow::Early),
        on_time: gained(Flow::OnTime),
        late: gained(Flow::Late),
        unclassified: gained(Flow::Unclassified),
        ended_otherwise: gained(Flow::Ended),
        withdrawn: gained(Flow::Withdrawn),
        stopped: gained(Flow::Stopped),
        open: standing(&[Flow::OpenBegins], Flow::OpenEnds),
        within_term: standing(&[Flow::WithinBegins], Flow::WithinEnds) + due_today,
        overdue: standing(&[Flow::OverdueBegins, Flow::OverdueArrives], Flow::OverdueEnds) - due_today,
        no_due_date: standing(&[Flow::NoDueDateBegins], Flow::NoDueDateEnds),
        interlinked: gained(Flow::Interlinked),
        synthetic: gained(Flow::Synthetic),
        returned_by_post: gained(Flow::ReturnedByPost),
        re_appointed_kept: gained(Flow::ReAppointedKept),
        ..Figures::default()
    }
}

/// The identities of a period. What came in and what went out are counted by their days, what is open by
/// itself: the sides come from different counts.
pub fn identities(f: &Figures) -> Vec<Check> {
    let check = |code, left, right| Check { code, left, right };
    vec![
        check(
            "received_equals_resolved_plus_open",
            f.received + f.carried_over + f.transferred_in,
            f.resolved + f.ended_otherwise + f.open + f.transferred_out,
        ),
        check(
            "received_equals_its_channels",
            f.received,
            f.in_person + f.online + f.postal + f.home_appointment + f.in_person_or_postal,
        ),
        check("resolved_equals_its_parts", f.resolved, f.early + f.on_time + f.late + f.unclassified),
        check(
            "ended_otherwise_equals_its_parts",
            f.ended_otherwise,
            f.withdrawn + f.stopped + f.withdrawn_or_stopped,
        ),
        check("open_equals_its_parts", f.open, f.within_term + f.overdue + f.no_due_date),
    ]
}
