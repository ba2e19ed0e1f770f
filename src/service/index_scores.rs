//! Index scores: the rules that join them to editions and units. Two resources write the same records: one by
//! the id, one by what is unique about a score.

use super::{
    access::Caller,
    criterion_values,
    crud::{Proposal, Resource},
    editions::{self, Editions},
    error::{Error, Result},
    units::Units,
    what_is_left,
};
use crate::{
    domain::{
        access::Scope,
        editions::Edition,
        index_scores::{IndexScore, ScoreStage, natural_key},
        violation::{Text, Violation},
    },
    store::{
        self, Conn, Store, StoreResult, Versioned,
        index_scores::TOTAL,
        list::{Filter, Request, Table},
        lock::{self, Structure},
    },
};

/// `/index-scores`.
pub struct IndexScores;

/// `/index-scores/by-key`.
pub struct IndexScoresByKey;

/// What is unique about a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreKey {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// The unit.
    pub unit_id: String,
    /// Stage.
    pub stage: ScoreStage,
    /// The criterion; none for the total.
    pub criterion: Option<String>,
}

impl ScoreKey {
    /// Reads the text that `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let key = Self {
            index_code: parts.next()?.to_owned(),
            year: parts.next()?.parse().ok()?,
            unit_id: parts.next()?.to_owned(),
            stage: parts.next()?.parse().ok()?,
            criterion: parts.next().map(|code| (code != TOTAL).then(|| code.to_owned()))?,
        };
        parts.next().is_none().then_some(key)
    }

    fn find(&self, conn: &mut Conn) -> StoreResult<Option<Versioned<IndexScore>>> {
        store::index_scores::find_by_key(
            conn,
            &self.index_code,
            self.year,
            &self.unit_id,
            self.stage,
            self.criterion.as_deref(),
        )
    }
}

impl std::fmt::Display for ScoreKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let criterion = self.criterion.as_deref();
        f.write_str(&natural_key(&self.index_code, self.year, &self.unit_id, self.stage, criterion))
    }
}

impl Resource for IndexScores {
    type Record = IndexScore;
    const NAME: &'static str = "index-scores";
    const TABLE: Table = store::index_scores::TABLE;
    const STRUCTURE: Structure = Structure::Used;

    const HIDDEN: bool = true;

    fn may_write(caller: &Caller, score: &IndexScore) -> bool {
        caller.may(Scope::ScoresWrite, &score.unit_id)
    }

    fn seen(
        _: &mut Conn,
        caller: &Caller,
        score: Versioned<IndexScore>,
    ) -> Result<Option<Versioned<IndexScore>>> {
        Ok(Some(score).filter(|score| caller.may(Scope::ScoresRead, &score.record.unit_id)))
    }

    fn sight(caller: &Caller, request: &Request) -> Option<Filter> {
        if store::index_scores::is_of_revision(request) { None } else { caller.sight("unit_id") }
    }

    /// Scores of a revision are published: those of all units.
    fn listed(
        _: &mut Conn,
        _: &Caller,
        score: Versioned<IndexScore>,
    ) -> Result<Option<Versioned<IndexScore>>> {
        Ok(Some(score))
    }

    fn key(score: &IndexScore) -> String {
        score.id.clone()
    }

    fn unique(score: &IndexScore) -> String {
        score.natural_key()
    }

    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<IndexScore>>> {
        store::index_scores::find(conn, key)
    }

    fn table(request: &Request) -> Table {
        store::index_scores::table_of(request)
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<IndexScore>>> {
        store::index_scores::list(conn, request)
    }

    fn insert(conn: &mut Conn, score: &IndexScore, version: i64) -> StoreResult<()> {
        store::index_scores::insert(conn, score, version)
    }

    fn update(conn: &mut Conn, score: &IndexScore, version: i64) -> StoreResult<()> {
        store::index_scores::update(conn, score, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        store::index_scores::delete(conn, key)
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<IndexScore>, old: Option<&IndexScore>) -> Result<()> {
        let score = &proposal.record;
        let mut violations = Vec::new();
        let edition = check_edition(conn, score, &mut violations)?;
        check_unit(conn, score, &mut violations)?;
        if let Some(edition) = &edition {
            violations.extend(score.check(edition));
            if violations.is_empty() {
                check_what_is_left(conn, score, edition, &mut violations)?;
            }
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        if old != Some(score) {
            let left = old.map(|old| state_of(conn, old)).transpose()?.flatten();
            for (edition, stage) in edition
                .iter()
                .map(|edition| (edition, score.stage))
                .chain(left.iter().zip(old).map(|(edition, old)| (edition, old.stage)))
            {
                refuse_closed(edition, stage)?;
            }
        }
        refuse_second(conn, score)
    }

    fn before_delete(conn: &mut Conn, score: &IndexScore) -> Result<()> {
        match state_of(conn, score)? {
            Some(edition) => refuse_closed(&edition, score.stage),
            None => Ok(()),
        }
    }
}

impl Resource for IndexScoresByKey {
    type Record = IndexScore;
    const NAME: &'static str = IndexScores::NAME;
    const TABLE: Table = IndexScores::TABLE;
    const STRUCTURE: Structure = IndexScores::STRUCTURE;

    const HIDDEN: bool = true;

    fn may_write(caller: &Caller, score: &IndexScore) -> bool {
        caller.may(Scope::ScoresWrite, &score.unit_id)
    }

    fn key(score: &IndexScore) -> String {
        score.natural_key()
    }

    fn record_id(score: &IndexScore) -> String {
        score.id.clone()
    }

    /// Waits for the writers by id as well, and reads again what they left: until the record found is the one
    /// that is locked.
    fn find(conn: &mut Conn, key: &str) -> StoreResult<Option<Versioned<IndexScore>>> {
        let Some(key) = ScoreKey::parse(key) else { return Ok(None) };
        let mut locked = None;
        loop {
            match key.find(conn)? {
                Some(found) if locked.as_ref() != Some(&found.record.id) => {
                    lock::record(conn, Self::STRUCTURE, Self::NAME, &found.record.id)?;
                    locked = Some(found.record.id);
                }
                found => return Ok(found),
            }
        }
    }

    fn list(conn: &mut Conn, request: &Request) -> StoreResult<Vec<Versioned<IndexScore>>> {
        IndexScores::list(conn, request)
    }

    fn insert(conn: &mut Conn, score: &IndexScore, version: i64) -> StoreResult<()> {
        IndexScores::insert(conn, score, version)
    }

    fn update(conn: &mut Conn, score: &IndexScore, version: i64) -> StoreResult<()> {
        IndexScores::update(conn, score, version)
    }

    fn delete(conn: &mut Conn, key: &str) -> StoreResult<()> {
        match Self::find(conn, key)? {
            Some(found) => IndexScores::delete(conn, &found.record.id),
            None => Ok(()),
        }
    }

    fn prepare(conn: &mut Conn, proposal: &mut Proposal<IndexScore>, old: Option<&IndexScore>) -> Result<()> {
        IndexScores::prepare(conn, proposal, old)
    }

    fn before_delete(conn: &mut Conn, score: &IndexScore) -> Result<()> {
        IndexScores::before_delete(conn, score)
    }
}

/// PostgreSQL can't be asked for a text with U+0000, and no id has a control character.
fn can_be_id(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn check_edition(
    conn: &mut Conn,
    score: &IndexScore,
    violations: &mut Vec<Violation>,
) -> Result<Option<Edition>> {
    let (index, year) = (&score.index_code, score.year);
    if !can_be_id(index) || store::indexes::find(conn, index)?.is_none() {
        violations.push(Violation::new(
            "/index_code",
            "unknown_index",
            format!("There is no index `{index}`."),
            format!("Không có bộ chỉ số `{index}`."),
        ));
        return Ok(None);
    }
    let edition = store::editions::find(conn, index, year)?;
    if edition.is_none() {
        violations.push(Violation::new(
            "/year",
            "unknown_edition",
            format!("`{index}` has no edition of {year}."),
            format!("`{index}` không có kỳ đánh giá năm {year}."),
        ));
    }
    Ok(edition.map(|edition| edition.record))
}

fn check_unit(conn: &mut Conn, score: &IndexScore, violations: &mut Vec<Violation>) -> Result<()> {
    let (id, year) = (&score.unit_id, score.year);
    let unit = if can_be_id(id) { store::units::find(conn, id)? } else { None };
    match unit {
        None => violations.push(Error::unknown_unit("/unit_id", id)),
        Some(unit) if !unit.record.exists_in_year(year) => violations.push(Violation::new(
            "/unit_id",
            "unit_not_in_existence",
            format!("The unit `{id}` did not exist on any day of {year}."),
            format!("Đơn vị `{id}` không tồn tại vào ngày nào của năm {year}."),
        )),
        Some(_) => {}
    }
    Ok(())
}

/// Refuses a score of more than is left of its points, and a part out of points that a score above it has: among the
/// scores of its stage, and among those that count as final. What is computed from records is as it is.
fn check_what_is_left(
    conn: &mut Conn,
    score: &IndexScore,
    edition: &Edition,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    let Some(code) = score.criterion.as_deref().filter(|_| score.computation.is_none()) else {
        return Ok(());
    };
    let above = criterion_values::above(edition, code);
    let is_parent = || edition.criteria.iter().any(|c| c.parent.as_deref() == Some(code));
    let bears = if score.applicable { is_parent() } else { !above.is_empty() };
    if !bears {
        return Ok(());
    }
    let (index, unit) = (&score.index_code, Some(score.unit_id.as_str()));
    let stored = store::index_scores::of_stages(conn, index, score.year, unit)?;
    let all: Vec<&IndexScore> = stored.iter().filter(|other| other.id != score.id).chain([score]).collect();
    for (high, most) in what_is_left::too_high(edition, score.stage, &all) {
        let Some(parent) = high.criterion.as_deref() else { continue };
        if high.id == score.id {
            violations.push(what_is_left::above_what_is_left("/score".to_owned(), &most));
        } else if !score.applicable && above.iter().any(|above| above.code == parent) {
            let pointer = "/applicable".to_owned();
            violations.push(what_is_left::below_a_score(pointer, parent, &most, high.stage));
        }
    }
    Ok(())
}

/// The edition of a score.
fn state_of(conn: &mut Conn, score: &IndexScore) -> Result<Option<Edition>> {
    Ok(store::editions::find(conn, &score.index_code, score.year)?.map(|edition| edition.record))
}

/// Refuses a score of a stage that its edition takes no scores of.
///
/// # Errors
/// `Conflict` with the code `stage_closed`.
pub fn refuse_closed(edition: &Edition, stage: ScoreStage) -> Result<()> {
    if edition.status.takes(stage) {
        return Ok(());
    }
    let violation = stage_closed(edition, stage);
    let text = violation.text.clone();
    Err(Error::Conflict { code: "stage_closed", text, violations: vec![violation] })
}

/// A score of a stage that the edition takes none of where it stands.
pub fn stage_closed(edition: &Edition, stage: ScoreStage) -> Violation {
    let status = edition.status;
    Violation::new(
        "/stage",
        "stage_closed",
        format!("The edition is at `{status}`, where scores of the stage `{stage}` don't change."),
        format!("Kỳ đánh giá đang ở `{status}`; không thể thay đổi điểm của giai đoạn `{stage}`."),
    )
}

fn refuse_second(conn: &mut Conn, score: &IndexScore) -> Result<()> {
    let key = score.natural_key();
    let taken = match ScoreKey::parse(&key) {
        Some(parsed) => parsed.find(conn)?.filter(|other| other.record.id != score.id),
        None => None,
    };
    match taken {
        None => Ok(()),
        Some(other) => {
            let id = other.record.id;
            Err(Error::Conflict {
                code: "duplicate",
                text: Text::new(
                    format!("There is a score `{key}` already: `{id}`."),
                    format!("Đã có điểm `{key}`: `{id}`."),
                ),
                violations: Vec::new(),
            })
        }
    }
}

/// Makes sure that what an address by key names is there: the edition, the unit and the criterion.
///
/// # Errors
/// `NotFound` with the first that isn't.
pub async fn check_address(store: &Store, key: ScoreKey) -> Result<()> {
    store
        .read(move |conn| {
            let edition = store::editions::find(conn, &key.index_code, key.year)?
                .ok_or_else(|| Error::not_found(Editions::NAME, editions::key(&key.index_code, key.year)))?;
            if store::units::find(conn, &key.unit_id)?.is_none() {
                return Err(Error::not_found(Units::NAME, key.unit_id));
            }
            match key.criterion {
                Some(code) if edition.record.criterion(&code).is_none() => {
                    Err(Error::not_found("criteria", code))
                }
                _ => Ok(()),
            }
        })
        .await
}
