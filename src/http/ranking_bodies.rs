//! Rankings as they are sent: those of a whole country are written off the async worker, on two threads.

use actix_web::web::Bytes;
use tokio::sync::oneshot;

use super::{
    problem::Problem,
    rankings::{RankingBody, detailed_standing},
    respond,
};
use crate::service::{
    halves::{MANY, both},
    ranking_details::DetailedRanking,
    rankings::Standing,
};

/// The body of a ranking with its validator.
///
/// # Errors
/// None but a defect.
pub async fn written(detailed: DetailedRanking, with_components: bool) -> Result<(String, Bytes), Problem> {
    if detailed.report.ranking.standings.len() < MANY {
        return Ok(respond::tagged(&RankingBody::new(&detailed, with_components)));
    }
    let (tell, told) = oneshot::channel();
    // Told before the ranking is taken down, which takes its time too.
    drop(tokio::task::spawn_blocking(move || tell.send(write(&detailed, with_components)).is_ok()));
    told.await.map_err(|_| Problem::internal())
}

/// The same bytes as those of a [`RankingBody`], whose last member the standings are.
fn write(detailed: &DetailedRanking, with_components: bool) -> (String, Bytes) {
    let standings = &detailed.report.ranking.standings;
    let (first, second) = standings.split_at(standings.len() / 2);
    let items = |standings: &[Standing]| items(detailed, standings, with_components);
    let (mut first, second) = both(|| items(first), || items(second));
    let mut body = respond::json(&RankingBody::head(detailed));
    // Without the closing brackets of the empty list and of the whole.
    body.truncate(body.len().saturating_sub(2));
    body.append(&mut first);
    body.push(b',');
    body.extend_from_slice(&second);
    body.extend_from_slice(b"]}");
    respond::tagged_text(body)
}

/// Items of a list with commas between them.
fn items(detailed: &DetailedRanking, standings: &[Standing], with_components: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for (place, standing) in standings.iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        respond::write_json(&mut text, &detailed_standing(detailed, standing, with_components));
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        domain::{decimal::Exact, editions::Edition, index_scores::ScoreStage, units::Unit},
        service::{
            ranking_lineage::RankingLineage,
            ranking_reports::RankingReport,
            score_sheets::{Row, Sheet},
            totals::UnitScores,
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

    #[test]
    fn what_two_threads_write_is_what_one_writes() {
        for units in [2, 3, MANY, MANY + 1] {
            let detailed = ranked(units);
            let whole = respond::tagged(&RankingBody::new(&detailed, true));
            assert_eq!(write(&detailed, true), whole, "{units}");
        }
    }
}
