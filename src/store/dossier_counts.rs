//! Counts of dossiers by unit, field and day: what the statistics are differences of.
//!
//! Each row is one kind of dated event. Counted from the dossiers themselves with every question.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Date, Nullable, Text},
};

use super::{
    conn::{Backend, Conn},
    error::StoreResult,
    list, row,
};
use crate::domain::{time::Day, words::words};

words! {
    /// A kind of dated event of a dossier.
    pub enum Event {
        /// Received at the counter.
        ReceivedInPerson = "in_person",
        /// Received online.
        ReceivedOnline = "online",
        /// Received by post.
        ReceivedPostal = "postal",
        /// Received at home by appointment.
        ReceivedHomeAppointment = "home_appointment",
        /// Received and handled by several levels: of which.
        ReceivedInterlinked = "interlinked",
        /// Received and made by a generator: of which.
        ReceivedSynthetic = "synthetic",
        /// Received with a due date, on the day of acceptance.
        ReceivedWithDueDate = "with_due_date",
        /// Resolved early.
        ResolvedEarly = "early",
        /// Resolved on the due day.
        ResolvedOnTime = "on_time",
        /// Resolved late.
        ResolvedLate = "late",
        /// Resolved without a due date.
        ResolvedUnclassified = "unclassified",
        /// Resolved and returned by post: of which.
        ReturnedByPost = "returned_by_post",
        /// Withdrawn.
        Withdrawn = "withdrawn",
        /// Stopped.
        Stopped = "stopped",
        /// Closed and had a due date, on the day of closing.
        ClosedWithDueDate = "closed_with_due_date",
        /// Due, on the later of the due day and the day of acceptance.
        Due = "due",
        /// Closed and due, on the later of the two days.
        DueAndClosed = "due_and_closed",
    }
}

/// How many events of a kind a unit had in a field on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    /// The unit that decides.
    pub unit_id: String,
    /// The field; none where the dossiers name none.
    pub field: Option<String>,
    /// Kind of event.
    pub event: Event,
    /// The Vietnamese day.
    pub day: Day,
    /// How many.
    pub count: i64,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = Text)]
    unit_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    field: Option<String>,
    #[diesel(sql_type = Text)]
    event: String,
    #[diesel(sql_type = Date)]
    day: chrono::NaiveDate,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The events of a unit and all below it, up to a day.
pub fn up_to(conn: &mut Conn, unit_id: &str, last: Day) -> StoreResult<Vec<DayCount>> {
    let units = list::subtree("$1");
    let part = |event: &str, day: &str, condition: &str, extra: &str| {
        format!(
            "SELECT unit_id, field, {event} AS event, {day} AS day, COUNT(*) AS n FROM counted \
             WHERE {condition} GROUP BY unit_id, field, {day}{extra}"
        )
    };
    // The later of two days; CASE because the databases name the function differently.
    let due = "CASE WHEN due_on > received_on THEN due_on ELSE received_on END";
    let due_and_closed = "CASE WHEN due_on > closed_on THEN due_on ELSE closed_on END";
    let parts = [
        part("submitted_via", "received_on", "1 = 1", ", submitted_via"),
        part("'interlinked'", "received_on", "interlinked", ""),
        part("'synthetic'", "received_on", "synthetic", ""),
        part("'with_due_date'", "received_on", "due_on IS NOT NULL", ""),
        part("result", "closed_on", "closed_on IS NOT NULL", ", result"),
        part(
            "'returned_by_post'",
            "closed_on",
            "closed_on IS NOT NULL AND returned_via = 'postal' AND result NOT IN ('withdrawn', 'stopped')",
            "",
        ),
        part("'closed_with_due_date'", "closed_on", "closed_on IS NOT NULL AND due_on IS NOT NULL", ""),
        part("'due'", due, "due_on IS NOT NULL", ""),
        part("'due_and_closed'", due_and_closed, "due_on IS NOT NULL AND closed_on IS NOT NULL", ""),
    ];
    // SQLite numbers parameters by where they first stand in the text: the unit comes before the day.
    let statement = format!(
        "WITH counted AS (SELECT unit_id, field, submitted_via, interlinked, synthetic, returned_via, received_on, due_on, \
         closed_on, result FROM dossiers WHERE unit_id IN ({units}) AND received_on <= $2) \
         SELECT unit_id, field, event, day, n FROM ({}) events WHERE day <= $2",
        parts.join(" UNION ALL ")
    );
    let rows: Vec<CountRow> = sql_query(statement)
        .into_boxed::<Backend>()
        .bind::<Text, _>(unit_id.to_owned())
        .bind::<Date, _>(last.date())
        .load(conn)?;
    rows.into_iter()
        .map(|r| {
            Ok(DayCount {
                unit_id: r.unit_id,
                field: r.field,
                event: row::word(&r.event)?,
                day: Day::from_date(r.day),
                count: r.n,
            })
        })
        .collect()
}
