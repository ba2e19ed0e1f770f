//! Rows of a file written as dossiers: an upsert by code, each row for itself, many at once.
//!
//! Every rule is checked before anything is written, so a rejected row leaves nothing; the others are written
//! together, with what they count in one row of the tail.

use std::collections::{HashMap, HashSet};

use super::{
    access::Caller,
    crud::{Context, Proposal, Resource, entry},
    dossiers::{Dossiers, Lookup, carry_over, refuse, transfers},
    error::{Error, Result},
};
use crate::{
    domain::{
        access::Scope, dossier_flows::Facts, dossiers::Dossier, imports::RowResult, violation::Violation,
    },
    store::{
        self, Conn, StoreResult,
        changes::{self, Action},
        seen_codes::SeenCodes,
    },
};

/// What became of a row of a file.
pub type NumberedResult = (u64, RowResult);

/// A write that waits for the others: the dossier as it was, as it shall be, and why.
struct Write {
    old: Option<Dossier>,
    new: Dossier,
    reason: Option<String>,
}

/// Codes that a file has told and no row has taken: the rows that told them were rejected, so that the next row of such
/// a code is the first to count.
///
/// What is noted in a piece of the file stands once the next piece begins: the write of a piece may fail, and be tried
/// again.
#[derive(Default)]
pub struct Untaken {
    kept: Option<SeenCodes>,
    /// What the rows of the piece so far make of codes: whether these are untaken.
    noted: HashMap<String, bool>,
    piece: Option<i64>,
}

impl Untaken {
    /// Begins a piece, or another attempt at the same.
    ///
    /// # Errors
    /// When there is no place for what was noted.
    pub fn begin(&mut self, piece: i64) -> StoreResult<()> {
        if self.piece != Some(piece) {
            self.keep_noted()?;
            self.piece = Some(piece);
        }
        self.noted.clear();
        Ok(())
    }

    fn keep_noted(&mut self) -> StoreResult<()> {
        if self.kept.is_none() && !self.noted.is_empty() {
            self.kept = Some(SeenCodes::open()?);
        }
        let Some(kept) = &mut self.kept else { return Ok(()) };
        for (code, is_untaken) in &self.noted {
            if *is_untaken {
                kept.add(code)?;
            } else {
                kept.remove(code)?;
            }
        }
        Ok(())
    }

    /// Notes that a row with a code that nobody has taken was rejected, or that it takes the code.
    pub fn note(&mut self, code: &str, is_untaken: bool) {
        self.noted.insert(code.to_owned(), is_untaken);
    }

    fn holds(&mut self, code: &str) -> StoreResult<bool> {
        match (self.noted.get(code), &mut self.kept) {
            (Some(is_untaken), _) => Ok(*is_untaken),
            (None, Some(kept)) => kept.has(code),
            (None, None) => Ok(false),
        }
    }
}

/// Writes rows in their order, within a transaction of the caller's that has locked the records: a rejected row
/// leaves nothing. A row whose number is in `repeated` has a code that came earlier in the file. Where a row has taken
/// it, this one writes nothing, and is rejected unless it says what the dossier says by then. So the same file sent
/// again changes nothing.
///
/// # Errors
/// The database's: nothing is known of the rows then, and the transaction is to be undone.
pub fn write_rows(
    conn: &mut Conn,
    context: &Context,
    rows: Vec<(u64, Proposal<Dossier>)>,
    repeated: &HashSet<u64>,
    untaken: &mut Untaken,
    reason: &str,
) -> Result<Vec<NumberedResult>> {
    let codes: HashSet<&str> = rows.iter().map(|(_, proposal)| proposal.record.code.as_str()).collect();
    let found = store::dossiers::find_all(conn, &codes.into_iter().collect::<Vec<_>>())?;
    let mut present: HashMap<String, Dossier> =
        found.into_iter().map(|found| (found.record.code.clone(), found.record)).collect();
    let mut lookup = Lookup::default();
    let mut waiting: Vec<Write> = Vec::with_capacity(rows.len());
    let mut waiting_codes: HashSet<String> = HashSet::with_capacity(rows.len());
    let mut results = Vec::with_capacity(rows.len());
    for (number, mut proposal) in rows {
        let code = proposal.record.code.clone();
        if waiting_codes.contains(&code) {
            flush(conn, context, std::mem::take(&mut waiting), &mut present)?;
            waiting_codes.clear();
        }
        let is_told = repeated.contains(&number);
        let is_taken = is_told && !untaken.holds(&code)?;
        let old = present.get(&code);
        let insists = proposal.reason.is_some();
        proposal.reason.get_or_insert_with(|| reason.to_owned());
        let checked = refuse_foreign(&context.caller, old, &proposal.record)
            .and_then(|()| carry_over(conn, &mut lookup, &mut proposal, old, context, insists))
            .and_then(|()| refuse(conn, &mut lookup, &proposal, old));
        let result = match (checked, old) {
            (Err(error), _) => RowResult::Rejected(violations(error)?),
            (Ok(()), Some(old)) if *old == proposal.record => RowResult::Unchanged,
            (Ok(()), _) if is_taken => RowResult::Rejected(vec![duplicate_in_file()]),
            (Ok(()), old) => {
                let result = if old.is_some() { RowResult::Updated } else { RowResult::Created };
                let Proposal { record, reason } = proposal;
                waiting.push(Write { old: old.cloned(), new: record, reason });
                waiting_codes.insert(code.clone());
                result
            }
        };
        let is_rejected = matches!(result, RowResult::Rejected(_));
        if !is_taken && (is_told || is_rejected) {
            untaken.note(&code, is_rejected);
        }
        results.push((number, result));
    }
    flush(conn, context, waiting, &mut present)?;
    Ok(results)
}

fn duplicate_in_file() -> Violation {
    Violation::new(
        "/code",
        "duplicate_in_file",
        "An earlier row of the file has this code, and this one says something else.",
        "Một dòng trước trong tệp đã mang mã này, còn dòng này có nội dung khác.",
    )
}

/// A row of a unit, or of a dossier of a unit, that the caller doesn't reach breaks a rule like any other.
fn refuse_foreign(caller: &Caller, old: Option<&Dossier>, new: &Dossier) -> Result<()> {
    if !old.into_iter().chain([new]).all(|dossier| Dossiers::may_write(caller, dossier)) {
        return Err(Error::invalid(
            "/unit_id",
            "out_of_reach",
            "The key does not reach the unit of this dossier.",
            "Khóa truy cập không có quyền với đơn vị của hồ sơ này.",
        ));
    }
    // A transfer counts at both of its units, so one that comes with a file, or goes, is a write of both.
    let (before, told) = (old.map(transfers).unwrap_or_default(), transfers(new));
    let mut moves = before.iter().chain(told);
    let mine = |unit: &str| caller.may(Scope::DossiersWrite, unit);
    if new.history.is_none()
        || before == told
        || moves.all(|moved| mine(&moved.from_unit_id) && mine(&moved.to_unit_id))
    {
        return Ok(());
    }
    Err(Error::invalid(
        "/history",
        "out_of_reach",
        "The key does not reach every unit of the transfers that the history tells.",
        "Khóa truy cập không có quyền với mọi đơn vị trong các lần chuyển mà lịch sử nêu.",
    ))
}

/// Writes what waits: the change log, the dossiers, and what they count.
fn flush(
    conn: &mut Conn,
    context: &Context,
    writes: Vec<Write>,
    present: &mut HashMap<String, Dossier>,
) -> Result<()> {
    let entries = writes
        .iter()
        .map(|write| {
            let action = if write.old.is_some() { Action::Update } else { Action::Create };
            entry::<Dossiers>(context, &write.new, action, write.reason.clone(), write.old.as_ref())
        })
        .collect::<Result<Vec<_>>>()?;
    let versions = changes::append_all(conn, entries)?;
    let counted = writes.iter().map(|write| (write.old.as_ref().and_then(Facts::of), Facts::of(&write.new)));
    store::dossier_sums::append(conn, counted)?;
    let mut new = Vec::with_capacity(writes.len());
    for (write, version) in writes.into_iter().zip(versions) {
        if write.old.is_some() {
            store::dossiers::update(conn, &write.new, version)?;
            present.insert(write.new.code.clone(), write.new);
        } else {
            new.push((write.new, version));
        }
    }
    store::dossiers::insert_all(conn, &new)?;
    present.extend(new.into_iter().map(|(dossier, _)| (dossier.code.clone(), dossier)));
    Ok(())
}

/// The rules that a row breaks; an error that is not about the row stays one.
fn violations(error: Error) -> Result<Vec<Violation>> {
    match error {
        Error::Invalid(violations) | Error::Malformed(violations) => Ok(violations),
        Error::Conflict { code, text, violations } if violations.is_empty() => {
            Ok(vec![Violation { pointer: String::new(), code, text }])
        }
        Error::Conflict { violations, .. } => Ok(violations),
        other => Err(other),
    }
}
