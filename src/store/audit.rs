//! The audit log: seals over the change log, its entries for administrators, and what is no longer kept of it.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Nullable},
};

use super::{
    changes::{COLUMNS, Logged, LoggedColumns, LoggedRow, Place, push_place},
    conn::Conn,
    error::{StoreError, StoreResult},
    schema::audit_seals,
    sql::{Statement, Value},
};
use crate::domain::time::Moment;

/// A seal: of the entries behind the one before it, up to `last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// 1 and upwards.
    pub number: i64,
    /// The place of its last entry.
    pub last: Place,
    /// How many entries.
    pub entries: i64,
    /// The digest of its entries; then, while they are kept, number and beginning of the hash of each.
    pub marks: String,
    /// Over the hash before, this seal and the digest of its entries.
    pub hash: String,
    /// The newest moment of its entries.
    pub newest_at: Moment,
    /// When it was made.
    pub sealed_at: Moment,
    /// When its entries were taken away; none while they are kept.
    pub purged_at: Option<Moment>,
}

impl Seal {
    /// The digest of its entries, which stays when they are taken away.
    pub fn digest(&self) -> &str {
        self.marks.split_whitespace().next().unwrap_or_default()
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit_seals)]
struct SealRow {
    number: i64,
    last_tx: i64,
    last_id: i64,
    entries: i64,
    marks: String,
    hash: String,
    newest_at: i64,
    sealed_at: i64,
    purged_at: Option<i64>,
}

impl SealRow {
    fn seal(self) -> Seal {
        Seal {
            number: self.number,
            last: Place { tx: self.last_tx, id: self.last_id },
            entries: self.entries,
            marks: self.marks,
            hash: self.hash,
            newest_at: Moment::from_micros(self.newest_at),
            sealed_at: Moment::from_micros(self.sealed_at),
            purged_at: self.purged_at.map(Moment::from_micros),
        }
    }
}

/// The last seal.
pub fn last_seal(conn: &mut Conn) -> StoreResult<Option<Seal>> {
    let row: Option<SealRow> = audit_seals::table.order(audit_seals::number.desc()).first(conn).optional()?;
    Ok(row.map(SealRow::seal))
}

/// Seals behind a number, in their order.
pub fn seals(conn: &mut Conn, after: i64, limit: i64) -> StoreResult<Vec<Seal>> {
    let rows: Vec<SealRow> = audit_seals::table
        .filter(audit_seals::number.gt(after))
        .order(audit_seals::number)
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(SealRow::seal).collect())
}

/// Adds a seal; false when there is one of its number already.
pub fn add_seal(conn: &mut Conn, seal: &Seal) -> StoreResult<bool> {
    let row = SealRow {
        number: seal.number,
        last_tx: seal.last.tx,
        last_id: seal.last.id,
        entries: seal.entries,
        marks: seal.marks.clone(),
        hash: seal.hash.clone(),
        newest_at: seal.newest_at.micros(),
        sealed_at: seal.sealed_at.micros(),
        purged_at: None,
    };
    let taken: Option<i64> =
        audit_seals::table.find(seal.number).select(audit_seals::number).first(conn).optional()?;
    if taken.is_some() {
        return Ok(false);
    }
    match diesel::insert_into(audit_seals::table).values(row).execute(conn).map_err(StoreError::from) {
        Ok(_) => Ok(true),
        Err(StoreError::Unique(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a seal before a number still has its entries.
pub fn keeps_older(conn: &mut Conn, number: i64) -> StoreResult<bool> {
    let kept: Option<i64> = audit_seals::table
        .filter(audit_seals::number.lt(number))
        .filter(audit_seals::purged_at.is_null())
        .select(audit_seals::number)
        .first(conn)
        .optional()?;
    Ok(kept.is_some())
}

/// The place up to which entries are no longer kept; none while all are.
pub fn purged_up_to(conn: &mut Conn) -> StoreResult<Option<Place>> {
    let last: Option<(i64, i64)> = audit_seals::table
        .filter(audit_seals::purged_at.is_not_null())
        .order(audit_seals::number.desc())
        .select((audit_seals::last_tx, audit_seals::last_id))
        .first(conn)
        .optional()?;
    Ok(last.map(|(tx, id)| Place { tx, id }))
}

/// Takes the entries of the oldest seal that has some away when all are older than a moment; false when there is
/// nothing to take away. The seal stays, with the digest of its entries.
pub fn purge_one(conn: &mut Conn, older_than: Moment, now: Moment) -> StoreResult<bool> {
    let oldest: Option<SealRow> = audit_seals::table
        .filter(audit_seals::purged_at.is_null())
        .order(audit_seals::number)
        .first(conn)
        .optional()?;
    let Some(seal) = oldest.map(SealRow::seal).filter(|seal| seal.newest_at < older_than) else {
        return Ok(false);
    };
    let mut statement = Statement::default();
    statement.push("DELETE FROM changes AS c WHERE ");
    push_place(&mut statement, conn, "<=", seal.last);
    statement.run(conn)?;
    diesel::update(audit_seals::table.find(seal.number))
        .set((audit_seals::purged_at.eq(Some(now.micros())), audit_seals::marks.eq(seal.digest())))
        .execute(conn)?;
    Ok(true)
}

/// Which entries of the audit log.
#[derive(Debug, Clone, Default)]
pub struct AuditRequest {
    /// Behind this place, in the order of the list.
    pub after: Option<Place>,
    /// The oldest first.
    pub oldest_first: bool,
    /// Columns that must be equal.
    pub equal: Vec<(&'static str, String)>,
    /// Not before this moment.
    pub from: Option<Moment>,
    /// Before this moment.
    pub to: Option<Moment>,
    /// Most entries.
    pub limit: u32,
}

/// Entries that a page of the audit log looks through at most: filters may leave few of many.
const SCANNED: i64 = 20_000;

/// A page of the audit log, and where to go on; none at the end. The newest are told too before the feed tells them.
pub fn entries(conn: &mut Conn, request: &AuditRequest) -> StoreResult<(Vec<Logged>, Option<Place>)> {
    let (behind, not_behind, order) = match request.oldest_first {
        true => (">", "<=", ""),
        false => ("<", ">=", " DESC"),
    };
    let order = format!(" ORDER BY c.tx{order}, c.id{order}");
    // Of one record the entries are found by an index; all others are looked through, a part at a time.
    let by_record = request.equal.iter().filter(|(column, _)| matches!(*column, "resource" | "record_id"));
    let part_end = match by_record.count() {
        2 => None,
        _ => {
            let mut statement = Statement::default();
            statement.push("SELECT c.tx, c.id FROM changes c WHERE 1 = 1");
            if let Some(place) = request.after {
                statement.push(" AND ");
                push_place(&mut statement, conn, behind, place);
            }
            statement.push(&format!("{order} LIMIT 1 OFFSET {SCANNED}"));
            let end: Vec<(i64, i64)> = statement.rows::<(BigInt, BigInt), _>(conn)?;
            end.first().map(|(tx, id)| Place { tx: *tx, id: *id })
        }
    };
    let mut statement = Statement::default();
    statement.push(&format!("SELECT {COLUMNS} FROM changes c WHERE 1 = 1"));
    for (compared, place) in [(behind, request.after), (not_behind, part_end)] {
        if let Some(place) = place {
            statement.push(" AND ");
            push_place(&mut statement, conn, compared, place);
        }
    }
    for (column, value) in &request.equal {
        statement.push(&format!(" AND c.{column} = "));
        statement.bind(Value::Text(value.clone()));
    }
    for (compared, moment) in [(">=", request.from), ("<", request.to)] {
        if let Some(moment) = moment {
            statement.push(&format!(" AND c.at {compared} "));
            statement.bind(Value::BigInt(moment.micros()));
        }
    }
    statement.push(&format!("{order} LIMIT {}", request.limit + 1));
    let mut found: Vec<Logged> = statement
        .rows::<LoggedColumns, LoggedRow>(conn)?
        .into_iter()
        .map(LoggedRow::logged)
        .collect::<StoreResult<_>>()?;
    if found.len() > request.limit as usize {
        found.truncate(request.limit as usize);
        let next = found.last().map(|last| last.place);
        return Ok((found, next));
    }
    Ok((found, part_end))
}

/// How many entries are behind a place, and the oldest moment of them.
pub fn tail(conn: &mut Conn, after: Place) -> StoreResult<(i64, Option<Moment>)> {
    let mut statement = Statement::default();
    statement.push("SELECT COUNT(*), MIN(c.at) FROM changes c WHERE ");
    push_place(&mut statement, conn, ">", after);
    let found: Vec<(i64, Option<i64>)> = statement.rows::<(BigInt, Nullable<BigInt>), _>(conn)?;
    Ok(found.first().map_or((0, None), |(count, at)| (*count, at.map(Moment::from_micros))))
}

/// How many entries are up to a place.
pub fn count_up_to(conn: &mut Conn, place: Place) -> StoreResult<i64> {
    let mut statement = Statement::default();
    statement.push("SELECT COUNT(*) FROM changes c WHERE ");
    push_place(&mut statement, conn, "<=", place);
    Ok(statement.rows::<BigInt, i64>(conn)?.first().copied().unwrap_or(0))
}
