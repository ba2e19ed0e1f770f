//! Records of the National Public Service Portal taken over one by one: each becomes a dossier, and what it tells
//! of times becomes events, as another system tells them (`mode=sync`). A record told again changes nothing, and an
//! older one that arrives late finds its place in the history without undoing what is known since.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::{
    crud::{self, Context, Proposal, Resource},
    dossier_events::{Mode, NewEvent, let_end_hold, tell_in},
    dossiers::Dossiers,
    error::{Error, Result},
    imports::read_object,
    unit_codes::UnitCodes,
};
use crate::{
    domain::{
        dossier_import_rows::ReadRow,
        dossier_imports::{Plan, in_portal_heads, portal_head},
        dossiers::{Dossier, Stage, Status},
        dvcqg::{self, Beside},
        text::clean,
        time::Moment,
        violation::{Text, Violation},
        words::words,
    },
    store::{Conn, Store, Versioned, lock},
};

/// Records that are told in one request at most.
pub const MOST_RECORDS: usize = 1000;

/// Records of different dossiers that are written side by side.
const AT_ONCE: usize = 100;

/// Why a due date changes that the portal tells.
const REASON: &str = "dvcqg";

/// What became of a record that was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A new dossier.
    Created,
    /// A dossier that changed.
    Updated,
    /// It said nothing new.
    Unchanged,
}

words! {
    /// What became of a record.
    pub enum DvcqgResult {
        /// A new dossier.
        Created = "created",
        /// A dossier that changed.
        Updated = "updated",
        /// It said nothing new.
        Unchanged = "unchanged",
        /// It breaks a rule.
        Rejected = "rejected",
    }
}

/// A record that was read: of what dossier, and what became of it.
#[derive(Debug)]
pub struct Answer {
    /// MaHoSo, where it can be read.
    pub code: Option<String>,
    /// What became of it, or the rules that it breaks.
    pub taken: std::result::Result<Taken, Vec<Violation>>,
}

impl Answer {
    /// What became of it.
    pub fn result(&self) -> DvcqgResult {
        match self.taken {
            Ok(Taken::Created) => DvcqgResult::Created,
            Ok(Taken::Updated) => DvcqgResult::Updated,
            Ok(Taken::Unchanged) => DvcqgResult::Unchanged,
            Err(_) => DvcqgResult::Rejected,
        }
    }
}

/// A record without the applicant.
#[derive(Debug, Clone)]
struct Record {
    dossier: Dossier,
    beside: Beside,
}

/// Takes over records in their order; each for itself.
///
/// # Errors
/// The database's, when a record can't be written for a reason that is none of its own.
pub async fn take(
    store: &Store,
    context: Context,
    records: &[&str],
    scheme: Option<String>,
) -> Result<Vec<Answer>> {
    let plan = Plan::of_portal().map_err(Error::Invalid)?;
    let read: Vec<std::result::Result<Record, Answer>> =
        records.iter().map(|json| read(&plan, json)).collect();
    let mut answers = Vec::with_capacity(read.len());
    let mut waiting: Vec<std::result::Result<Record, Answer>> = Vec::new();
    let mut codes = HashSet::new();
    for record in read {
        let code = record.as_ref().ok().map(|record| record.dossier.code.clone());
        // Two records of one dossier are taken one behind the other.
        if waiting.len() >= AT_ONCE || code.as_ref().is_some_and(|code| codes.contains(code)) {
            answers.extend(take_together(store, &context, &scheme, std::mem::take(&mut waiting)).await?);
            codes.clear();
        }
        codes.extend(code);
        waiting.push(record);
    }
    answers.extend(take_together(store, &context, &scheme, waiting).await?);
    Ok(answers)
}

async fn take_together(
    store: &Store,
    context: &Context,
    scheme: &Option<String>,
    records: Vec<std::result::Result<Record, Answer>>,
) -> Result<Vec<Answer>> {
    let writes = records.into_iter().map(|record| async move {
        let record = match record {
            Ok(record) => record,
            Err(answer) => return Ok(answer),
        };
        let code = Some(record.dossier.code.clone());
        let (context, scheme) = (context.clone(), scheme.clone());
        let done = store.write(move |conn| take_one(conn, &context, record, scheme.as_deref())).await;
        Ok(match done {
            Ok(taken) => Answer { code, taken: Ok(taken) },
            Err(error) => Answer { code, taken: Err(in_its_names(violations(error)?)) },
        })
    });
    join_all(writes).await.into_iter().collect()
}

/// What a record breaks; an error that is not about the record stays one.
fn violations(error: Error) -> Result<Vec<Violation>> {
    match error {
        Error::Store(error) => Err(Error::Store(error)),
        Error::Invalid(violations) | Error::Malformed(violations) => Ok(violations),
        Error::Conflict { code, text, violations } if violations.is_empty() => {
            Ok(vec![Violation { pointer: String::new(), code, text }])
        }
        Error::Conflict { violations, .. } => Ok(violations),
        Error::Forbidden(text) => {
            Ok(vec![Violation { pointer: "/DonViXuLy".to_owned(), code: "forbidden", text }])
        }
        Error::NotFound { .. } | Error::Absent { .. } | Error::Expired { .. } | Error::Stale => {
            Ok(vec![Violation::new(
                "/MaHoSo",
                "not_found",
                "The dossier is not there.",
                "Không có hồ sơ này.",
            )])
        }
    }
}

/// The members at fault by the names that the record has for them.
fn in_its_names(violations: Vec<Violation>) -> Vec<Violation> {
    let named = |Violation { pointer, code, text }: Violation| {
        let head = match pointer.as_str() {
            "/received_by_unit_id" => Some("NoiNopHoSo"),
            other => portal_head(other),
        };
        Violation {
            pointer: head.map_or(pointer, |head| format!("/{head}")),
            code,
            text: Text::new(in_portal_heads(&text.en), in_portal_heads(&text.vi)),
        }
    };
    violations.into_iter().map(named).collect()
}

fn read(plan: &Plan, json: &str) -> std::result::Result<Record, Answer> {
    let ReadRow { dossier, .. } = read_object(plan, json)
        .map_err(|wrong| Answer { code: dvcqg::code_of(json), taken: Err(in_its_names(wrong)) })?;
    match Beside::read(json) {
        Ok(beside) => Ok(Record { dossier, beside }),
        Err(wrong) => Err(Answer { code: Some(dossier.code), taken: Err(vec![wrong]) }),
    }
}

/// Takes over one record, within a transaction.
fn take_one(conn: &mut Conn, context: &Context, mut record: Record, scheme: Option<&str>) -> Result<Taken> {
    let day = record.dossier.accepted_at.or(record.dossier.submitted_at).unwrap_or(context.now).day();
    let mut codes = UnitCodes::new(scheme);
    record.dossier.unit_id = codes.unit_on(conn, "/DonViXuLy", &record.dossier.unit_id, day)?;
    // It may as well be the number of a portal: what is no unit says nothing.
    let handed_in_at = record.beside.handed_in_at.as_deref().map(clean);
    record.dossier.received_by_unit_id =
        match handed_in_at.map(|text| codes.unit_on(conn, "/NoiNopHoSo", &text, day)) {
            Some(Ok(id)) => Some(id).filter(|id| *id != record.dossier.unit_id),
            Some(Err(Error::Invalid(_))) | None => None,
            Some(Err(error)) => return Err(error),
        };
    if record.dossier.status.code() >= 7 && record.dossier.finished_at.is_none() {
        return Err(Error::Invalid(vec![Violation::new(
            "/NgayKetThucXuLy",
            "required",
            "`NgayKetThucXuLy` is required with the statuses 7 to 10; with 9 and 10 `NgayTra` may stand in.",
            "Bắt buộc có `NgayKetThucXuLy` với các trạng thái từ 7 đến 10; với 9 và 10 có thể dùng `NgayTra`.",
        )]));
    }
    lock::record(conn, Dossiers::STRUCTURE, Dossiers::NAME, &record.dossier.code)?;
    let before = Dossiers::find(conn, &record.dossier.code)?;
    if let Some(before) = &before {
        crud::refuse_out_of_reach::<Dossiers>(&context.caller, &before.record)?;
    } else {
        create(conn, context, &record)?;
    }
    tell_all(conn, context, before.as_ref().map(|before| &before.record), &record)?;
    settle(conn, context, &record, before.is_none())?;
    let after = Dossiers::find(conn, &record.dossier.code)?;
    Ok(match (before, after) {
        (None, _) => Taken::Created,
        (Some(Versioned { version, .. }), Some(after)) if version == after.version => Taken::Unchanged,
        _ => Taken::Updated,
    })
}

fn create(conn: &mut Conn, context: &Context, record: &Record) -> Result<()> {
    let mut dossier = record.dossier.clone();
    dossier.due_at = record.beside.first_due(dossier.due_at);
    if dossier.status.stage() == Stage::NotAccepted {
        dossier.finished_at = None;
        let submitted = dossier.submitted_at;
        // It was submitted; that it was refused is told as what came after.
        if submitted.is_some() && refused_at(record).is_none_or(|refused| submitted <= Some(refused)) {
            dossier.status = Status::REGISTERED;
        }
    } else if returned_as_finished(&dossier) {
        // Nothing but the handover is known of the result, whose own time may come later.
        dossier.status = Status::ACCEPTED;
        (dossier.finished_at, dossier.returned_at) = (None, None);
    }
    crud::upsert_in::<Dossiers>(conn, context, Proposal { record: dossier, reason: None }).map(drop)
}

/// When the dossier was refused, where that is told.
fn refused_at(record: &Record) -> Option<Moment> {
    record.beside.refused_at.or(record.dossier.finished_at)
}

/// Whether a refusal is known with its time.
fn is_refused_at_a_time(known: &Dossier) -> bool {
    let refused = |status: Status| status.code() == 3;
    refused(known.status)
        && known.told_history().events.iter().any(|event| refused(event.status) && !event.undated)
}

/// Whether a result was handed over the moment it was there, after its acceptance.
fn returned_as_finished(told: &Dossier) -> bool {
    told.status == Status::RETURNED
        && told.returned_at == told.finished_at
        && told.accepted_at <= told.finished_at
}

/// Tells what the record says happened; `known` is the dossier as it was.
fn tell_all(conn: &mut Conn, context: &Context, known: Option<&Dossier>, record: &Record) -> Result<()> {
    let told = &record.dossier;
    for event in events(known, record, context.now) {
        // Where nobody says when it was accepted, work on it is no acceptance.
        let unaccepted = told.accepted_at.is_none() && known.is_some_and(|known| known.accepted_at.is_none());
        if event.undated && event.status.stage() == Stage::Open && unaccepted {
            return Err(Error::Invalid(vec![Violation::new(
                "/NgayTiepNhan",
                "required_by_status",
                "Required unless the status is 1 or 3.",
                "Bắt buộc, trừ khi trạng thái là 1 hoặc 3.",
            )]));
        }
        tell_in(conn, context, &told.code, event, Mode::Sync)?;
    }
    if told.status.code() >= 7 && known.is_some_and(|known| known.status != told.status) {
        let_end_hold(conn, context, &told.code, told.status)?;
    }
    Ok(())
}

/// What the record tells with a time, and its present status where that has none; `known` is the dossier as it was.
fn events(known: Option<&Dossier>, record: &Record, now: Moment) -> Vec<NewEvent> {
    let Record { dossier, beside } = record;
    let mut events = Vec::new();
    let mut tell = |code: i64, at: Option<Moment>, due_at: Option<Moment>| {
        if let (Some(status), Some(at)) = (Status::new(code), at) {
            let due_at = due_at.filter(|due| *due >= at);
            events.push(NewEvent { status, at, event_id: None, reason: None, due_at, undated: false });
        }
    };
    let status = i64::from(dossier.status.code());
    // A record that is new implies its acceptance, and mostly its end.
    if let Some(known) = known.filter(|_| dossier.status.stage() != Stage::NotAccepted) {
        let due = if known.accepted_at.is_none() { beside.first_due(dossier.due_at) } else { None };
        tell(2, dossier.accepted_at, due);
    }
    match status {
        3 if !known.is_some_and(is_refused_at_a_time) => tell(3, refused_at(record), None),
        7..=9 if known.is_some() => tell(status, dossier.finished_at, None),
        10 if known.is_some() || returned_as_finished(dossier) => {
            if dossier.returned_at.is_some_and(|returned| Some(returned) != dossier.finished_at) {
                tell(9, dossier.finished_at, None);
            }
            tell(10, dossier.returned_at.or(dossier.finished_at), None);
        }
        _ => {}
    }
    for supplement in &beside.supplements {
        tell(5, supplement.asked_at, None);
        tell(4, supplement.came_at, supplement.due_after);
    }
    let told = events.iter().any(|event| event.status == dossier.status);
    // A dossier that is new was made with its status, but for a refusal; a supplement may have changed it.
    let made = known.map_or(status != 3, |known| known.status == dossier.status);
    let news = !told && (!made || !beside.supplements.is_empty());
    if news && may_be_news(known.map(|known| known.status), dossier.status) {
        let status = dossier.status;
        events.push(NewEvent { status, at: now, event_id: None, reason: None, due_at: None, undated: true });
    }
    events
}

/// Whether a status without a time may be later than the one that is known: a dossier that has ended, and is told to
/// be open still, is an older record that arrives late. A stop may be followed by more work.
fn may_be_news(known: Option<Status>, told: Status) -> bool {
    let ended = known.is_some_and(|known| {
        matches!(known.stage(), Stage::Resolved | Stage::Withdrawn) || known.code() == 3
    });
    matches!(told.code(), 3..=6) && !ended
}

/// Brings over what is no event: the procedure, the unit, the channels, the due date. A record of an earlier state
/// than the known one changes none of it.
fn settle(conn: &mut Conn, context: &Context, record: &Record, new: bool) -> Result<()> {
    let Some(Versioned { record: known, .. }) = Dossiers::find(conn, &record.dossier.code)? else {
        return Ok(());
    };
    let told = &record.dossier;
    if !new && known.status != told.status {
        return Ok(());
    }
    let mut now = known.clone();
    let transferred = known.history.as_ref().is_some_and(|history| !history.transfers.is_empty());
    if !transferred {
        now.unit_id.clone_from(&told.unit_id);
    }
    now.submitted_via = told.submitted_via;
    for (place, told) in [
        (&mut now.procedure_code, &told.procedure_code),
        (&mut now.field, &told.field),
        (&mut now.received_by_unit_id, &told.received_by_unit_id),
    ] {
        if told.is_some() {
            place.clone_from(told);
        }
    }
    now.submitted_at = told.submitted_at.or(now.submitted_at);
    let due = record.beside.last_due(told.due_at);
    let open = known.status.stage() == Stage::Open;
    if due.is_some() && (new || open) && due != known.first_due_at {
        now.due_at = due;
    }
    if now == known {
        return Ok(());
    }
    let reason = (now.due_at != known.due_at).then(|| REASON.to_owned());
    crud::upsert_in::<Dossiers>(conn, context, Proposal { record: now, reason }).map(drop)
}
