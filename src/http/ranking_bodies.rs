//! Rankings as they are sent: those of a whole country are written off the async worker, on two threads, and sent
//! while they are written.

use std::hash::{Hash, Hasher};

use actix_web::web::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use super::{
    etag,
    problem::Problem,
    rankings::{RankingBody, detailed_standing},
    respond,
};
use crate::service::{
    halves::{MANY, both},
    ranking_details::DetailedRanking,
    rankings::Standing,
};

/// Standings of one piece of a body.
const PIECE: usize = 250;

/// The body of a ranking.
pub enum Written {
    /// As a whole, with its validator.
    Whole(String, Bytes),
    /// In pieces, as they are written, with its validator.
    Pieces(String, Pieces),
}

/// The pieces of a body; the last is none. Where they end without it, the rest could not be written.
pub type Pieces = mpsc::UnboundedReceiver<Option<Bytes>>;

/// The body of a ranking with its validator.
///
/// # Errors
/// None but a defect.
pub async fn written(detailed: DetailedRanking, with_components: bool) -> Result<Written, Problem> {
    if detailed.report.ranking.standings.len() < MANY {
        let (tag, body) = respond::tagged(&RankingBody::new(&detailed, with_components));
        return Ok(Written::Whole(tag, body));
    }
    let (tell, told) = oneshot::channel();
    let (send, pieces) = mpsc::unbounded_channel();
    drop(tokio::task::spawn_blocking(move || {
        let head = respond::json(&RankingBody::head(&detailed));
        // Who is not listened to any more, or has no caller that wants the body, stops.
        if tell.send(tag(&detailed, &head, with_components)).is_ok() {
            write(&detailed, with_components, head, &send);
        }
    }));
    let tag = told.await.map_err(|_| Problem::internal())?;
    Ok(Written::Pieces(tag, pieces))
}

/// A validator that is known before the body is written: of what is told, not of how it is written. An answer of so
/// many units is not written before it is known whether the caller has it.
fn tag(detailed: &DetailedRanking, head: &[u8], with_components: bool) -> String {
    let of = |standings: &[Standing]| {
        let (mut digest, mut content) = (Sha256::new(), Content(Vec::new()));
        for standing in standings {
            content.0.clear();
            put(detailed, standing, with_components, &mut content);
            digest.update(&content.0);
        }
        digest.finalize()
    };
    let standings = &detailed.report.ranking.standings;
    let (first, second) = standings.split_at(standings.len() / 2);
    let (first, second) = both(|| of(first), || of(second));
    etag::of_content(&[head, &first, &second].concat())
}

/// Hashes what is told of a unit. The rest of its delta follows from what is hashed.
fn put(detailed: &DetailedRanking, standing: &Standing, with_components: bool, content: &mut Content) {
    let Standing { rank, tied, unit_id, unit_name, total, band, published_rank, base, delta } = standing;
    (rank, tied, unit_id, unit_name, &total.score, total.source, band, published_rank, delta.unit)
        .hash(content);
    base.as_ref().map(|base| (base.rank, &base.total.score)).hash(content);
    if with_components {
        total.components.hash(content);
        // Those of a revision never change: it is enough to know which one it is.
        match detailed.report.base.as_ref().and_then(|base| base.sheet.edition.state.frozen) {
            Some(revision) => (revision.revision, revision.version).hash(content),
            None => base.as_ref().map(|base| &base.total.components).hash(content),
        }
    }
    detailed.common.as_ref().and_then(|common| common.deltas.get(unit_id)).hash(content);
    if let Some(predecessors) = detailed.lineage.predecessors.get(unit_id) {
        predecessors.hash(content);
    }
}

/// What is hashed of a unit, for a digest that takes it as a whole.
struct Content(Vec<u8>);

impl Hasher for Content {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Sends the same bytes as those of a [`RankingBody`], whose last member the standings are: the first half piece by
/// piece, while the other is written on another thread.
fn write(
    detailed: &DetailedRanking,
    with_components: bool,
    mut head: Vec<u8>,
    send: &mpsc::UnboundedSender<Option<Bytes>>,
) {
    // Without the closing brackets of the empty list and of the whole.
    head.truncate(head.len().saturating_sub(2));
    let piece = |standings: &[Standing]| {
        let mut text = Vec::new();
        for standing in standings {
            respond::write_json(&mut text, &detailed_standing(detailed, standing, with_components));
            text.push(b',');
        }
        text
    };
    let standings = &detailed.report.ranking.standings;
    let (first, second) = standings.split_at(standings.len() / 2);
    let sent = |piece: Vec<u8>| send.send(Some(piece.into())).is_ok();
    // Nothing more is written for a caller that has gone.
    let (mut rest, listens) = both(
        || second.chunks(PIECE).take_while(|_| !send.is_closed()).map(piece).collect::<Vec<_>>(),
        || sent(head) && first.chunks(PIECE).map(piece).all(sent),
    );
    if let Some(last) = rest.last_mut() {
        // In place of its last comma.
        last.pop();
        last.extend_from_slice(b"]}");
    }
    if listens && rest.into_iter().all(sent) {
        // Who is gone by now has the whole.
        let _ = send.send(None);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        domain::{decimal::Exact, editions::Edition, index_scores::ScoreStage, units::Unit},
        service::{
            common_criteria::CommonCriteria,
            ranking_lineage::RankingLineage,
            ranking_reports::RankingReport,
            rankings::{Base, DeltaUnit},
            score_sheets::{Row, Sheet},
            totals::{Component, ComponentKind, UnitScores},
        },
    };

    fn ranked(units: usize) -> DetailedRanking {
        let edition: Edition = serde_json::from_value(json!({
            "index_code": "ix", "year": 2016, "framework": "f", "unit_of_measure": "points", "decimals": 2,
            "rank_decimals": null, "tie_rule": "competition", "method": "points", "rescale_without_survey": false,
            "criteria": [], "cohorts": [{"code": "all", "name": "Tất cả", "unit_ids": []}], "bands": [],
            "note": null, "status": "draft", "revision": null
        }))
        .unwrap();
        let rows = (0..units).map(|n| Row {
            unit: serde_json::from_value::<Unit>(json!({
                "id": format!("u{n}"), "code": null, "code_scheme": null, "name": format!("Xã \"{n}\""), "level": "commune",
                "parent_id": null, "former_parents": [], "valid_from": null, "valid_to": null, "successors": []
            }))
            .unwrap(),
            scores: UnitScores { total: Exact::parse(&format!("{}.5", n % 700)).ok(), ..UnitScores::default() },
            published_rank: None,
        });
        let cohort = edition.cohorts[0].clone();
        let sheet = Sheet { edition, cohort, stage: ScoreStage::Final, rows: rows.collect() };
        let ranking = sheet.standings();
        let report = RankingReport { sheet, base: None, base_year: None, not_comparable: None, ranking };
        DetailedRanking { report, lineage: RankingLineage::default(), common: None }
    }

    fn sent(detailed: &DetailedRanking) -> (Vec<u8>, usize, bool) {
        let (send, mut pieces) = mpsc::unbounded_channel();
        write(detailed, true, respond::json(&RankingBody::head(detailed)), &send);
        drop(send);
        let (mut text, mut count, mut whole) = (Vec::new(), 0, false);
        while let Some(piece) = pieces.blocking_recv() {
            count += 1;
            whole = piece.is_none();
            text.extend(piece.unwrap_or_default());
        }
        (text, count, whole)
    }

    #[test]
    fn what_two_threads_write_in_pieces_is_what_one_writes() {
        for units in [2, 3, PIECE, 2 * PIECE, MANY, MANY + 1, 3 * MANY] {
            let detailed = ranked(units);
            let (text, count, whole) = sent(&detailed);
            assert_eq!(text, respond::json(&RankingBody::new(&detailed, true)), "{units}");
            assert!(whole && count >= units / PIECE + 2, "{units}: {count}");
        }
    }

    #[test]
    fn the_validator_follows_what_is_told() {
        let with = |detailed: &DetailedRanking, with_components| {
            tag(detailed, &respond::json(&RankingBody::head(detailed)), with_components)
        };
        let of = |detailed: &DetailedRanking| with(detailed, false);
        let before = of(&ranked(MANY));
        assert_eq!(of(&ranked(MANY)), before);
        let changed = |change: &dyn Fn(&mut DetailedRanking)| {
            let mut detailed = ranked(MANY);
            change(&mut detailed);
            of(&detailed)
        };
        let last = |detailed: &mut DetailedRanking, change: fn(&mut Standing)| {
            change(detailed.report.ranking.standings.last_mut().unwrap());
        };
        for (what, after) in [
            ("name", changed(&|d| last(d, |s| s.unit_name.push('!')))),
            ("score", changed(&|d| last(d, |s| s.total.score = Exact::parse("0.50001").unwrap()))),
            ("published rank", changed(&|d| last(d, |s| s.published_rank = Some(1)))),
            ("unit of the delta", changed(&|d| last(d, |s| s.delta.unit = DeltaUnit::PercentagePoints))),
            ("base", changed(&|d| last(d, |s| s.base = Some(Base { rank: 1, total: s.total.clone() })))),
            ("head", changed(&|d| d.report.sheet.edition.decimals = 3)),
            ("common", changed(&|d| d.common = Some(common("u999")))),
        ] {
            assert_ne!(after, before, "{what}");
        }
        let mut otherwise = ranked(MANY);
        let residual = || Component {
            criterion: None,
            kind: ComponentKind::Residual,
            score: None,
            contribution: Exact::from(1),
        };
        let told = &mut otherwise.report.ranking.standings;
        told.last_mut().unwrap().total.components = [residual()].into();
        assert_eq!(of(&otherwise), before, "components are not told");
        assert_ne!(with(&otherwise, true), with(&ranked(MANY), true), "components are told");
    }

    fn common(unit: &str) -> CommonCriteria {
        CommonCriteria { codes: Vec::new(), deltas: [(unit.to_owned(), Exact::from(1))].into() }
    }
}
