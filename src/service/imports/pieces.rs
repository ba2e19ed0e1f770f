//! Rows of an import that are read together and written together.

use std::{collections::HashSet, io, sync::Arc};

use super::rows::{Row, RowReader, finding, head_of};
use crate::{
    domain::{
        dossier_import_rows::ReadRow,
        dossier_imports::{Member, Plan},
        dossiers::Dossier,
        imports::{Counts, Finding, RowResult},
        time::Moment,
        violation::Violation,
    },
    service::{
        crud::{Context, Proposal},
        dossier_imports::{Untaken, write_rows},
        error::{Error, Result},
        unit_codes::UnitCodes,
    },
    store::{Conn, StoreError, seen_codes::SeenCodes},
};

/// Rows that are written at once; other writers come in between.
pub const PIECE: usize = 1000;

/// Rows that are written at once, and what the file has shown of its columns so far.
pub struct Piece {
    /// How they are read.
    plan: Arc<Plan>,
    /// The rows.
    pub rows: Vec<Row>,
    /// Numbers of the rows whose code came earlier in the file, in a row that could be read.
    repeated: HashSet<u64>,
    /// Heads of the columns that are read, by member.
    heads: Vec<Option<String>>,
    /// Heads of the columns that are not.
    pub dropped: Vec<String>,
}

/// Why no more rows can be read.
pub enum Broken {
    /// The file can't be read further.
    File(io::Error),
    /// What was seen of it can't be kept.
    Seen(StoreError),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Seen(error)
    }
}

/// The next rows, fewer only before the end or an error; `seen` has the codes of those before.
pub fn read_piece(reader: &mut RowReader, seen: &mut SeenCodes) -> (Piece, Option<Broken>) {
    let mut rows = Vec::with_capacity(PIECE);
    let mut repeated = HashSet::new();
    let mut broken = None;
    while rows.len() < PIECE {
        match read_row(reader, seen, &mut repeated) {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => break,
            Err(error) => {
                broken = Some(error);
                break;
            }
        }
    }
    let (heads, dropped) = (reader.heads().to_vec(), reader.dropped());
    (Piece { plan: reader.plan(), rows, repeated, heads, dropped }, broken)
}

fn read_row(
    reader: &mut RowReader,
    seen: &mut SeenCodes,
    repeated: &mut HashSet<u64>,
) -> std::result::Result<Option<Row>, Broken> {
    let row = reader.next()?;
    if let Some((number, Ok(read))) = &row
        && !seen.add(&read.dossier.code)?
    {
        repeated.insert(*number);
    }
    Ok(row)
}

/// Writes rows, counts them, and gives what was wrong with those that were rejected, in the order of the file.
///
/// # Errors
/// The database's.
pub fn write(
    conn: &mut Conn,
    context: &Context,
    import: &str,
    piece: &Piece,
    untaken: &mut Untaken,
    counts: &mut Counts,
) -> Result<Vec<Finding>> {
    let reason = format!("import {import}");
    let mut codes = UnitCodes::new(piece.plan.code_scheme.as_deref());
    let received_by = piece.heads[Member::ReceivedByUnitId.index()].as_deref();
    let is_place = received_by.is_some_and(|head| piece.plan.is_place(head));
    let mut findings = Vec::new();
    let mut proposals = Vec::with_capacity(piece.rows.len());
    let mut rows = Vec::with_capacity(piece.rows.len());
    for (number, row) in &piece.rows {
        let row = match row {
            Ok(row) => row,
            Err(wrong) => {
                counts.add(&RowResult::Rejected(Vec::new()));
                findings.extend(wrong.iter().cloned());
                continue;
            }
        };
        match with_ids(conn, &mut codes, row, is_place, context.now)? {
            Ok(record) => {
                proposals.push((*number, Proposal { record, reason: row.reason.clone() }));
                rows.push(row);
            }
            Err(wrong) => {
                counts.add(&RowResult::Rejected(Vec::new()));
                if !piece.repeated.contains(number) {
                    untaken.note(&row.dossier.code, true);
                }
                findings.extend(told(*number, row, &piece.heads, wrong));
            }
        }
    }
    let results = write_rows(conn, context, proposals, &piece.repeated, untaken, &reason)?;
    for ((number, result), row) in results.into_iter().zip(rows) {
        counts.add(&result);
        if let RowResult::Rejected(wrong) = result {
            findings.extend(told(number, row, &piece.heads, wrong));
        }
    }
    // The sort is stable: findings of a row stay in their order.
    findings.sort_by_key(|finding| finding.row);
    Ok(findings)
}

/// The dossier of a row with the ids of the units that the row names by codes, or the rules that the row breaks. The
/// unit that received it may be any place (`is_place`): the portal's records name portals there too.
fn with_ids(
    conn: &mut Conn,
    codes: &mut UnitCodes<'_>,
    row: &ReadRow,
    is_place: bool,
    now: Moment,
) -> Result<std::result::Result<Dossier, Vec<Violation>>> {
    let mut dossier = row.dossier.clone();
    let day = dossier.accepted_at.or(dossier.submitted_at).unwrap_or(now).day();
    let unit = Some(&mut dossier.unit_id).filter(|_| row.unit_is_code);
    let received_by = dossier.received_by_unit_id.as_mut().filter(|_| row.received_by_is_code);
    let mut wrong = Vec::new();
    for (pointer, unit) in [("/unit_id", unit), ("/received_by_unit_id", received_by)] {
        let Some(unit) = unit else { continue };
        match codes.unit_on(conn, pointer, unit, day) {
            Ok(id) => *unit = id,
            // A place that is no unit says nothing.
            Err(Error::Invalid(_)) if is_place && pointer == "/received_by_unit_id" => unit.clear(),
            Err(Error::Invalid(violations)) => wrong.extend(violations),
            Err(error) => return Err(error),
        }
    }
    if is_place {
        let elsewhere = |id: &String| !id.is_empty() && *id != dossier.unit_id;
        dossier.received_by_unit_id = dossier.received_by_unit_id.take().filter(elsewhere);
    }
    if wrong.is_empty() {
        return Ok(Ok(dossier));
    }
    // Every wrong cell is told, not only the unit.
    Ok(Err(dossier.check().into_iter().chain(wrong).collect()))
}

/// The rules that a row breaks as lines of the report.
fn told(number: u64, row: &ReadRow, heads: &[Option<String>], wrong: Vec<Violation>) -> Vec<Finding> {
    let line = |violation: Violation| {
        let member = Member::of_pointer(&violation.pointer);
        let value = member.and_then(|member| row.written.cell(member)).map(str::to_owned);
        finding(number, member.map(|member| head_of(heads, member)), value, violation)
    };
    wrong.into_iter().map(line).collect()
}
