//! Parts of a ranking's body beside its standings: where units came from, which have ended, published ranks that
//! differ.

use serde::Serialize;
use utoipa::ToSchema;

use super::rankings::StandingBase;
use crate::{
    domain::units::Extent,
    service::{
        ranking_lineage::{EndedUnit, Predecessor},
        rankings::Standing,
        units::Relative,
    },
};

/// A unit that a new one came from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RankedPredecessor)]
pub struct PredecessorBody {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// How much of it went to the new unit.
    pub extent: Extent,
    /// Where it stood in the base year; null when it had no rank there.
    pub base: Option<StandingBase>,
}

impl PredecessorBody {
    /// A predecessor with its score rounded to `decimals`.
    pub fn new(unit: &Predecessor, decimals: u8) -> Self {
        Self {
            unit_id: unit.unit_id.clone(),
            unit_name: unit.unit_name.clone(),
            extent: unit.extent,
            base: unit.base.as_ref().map(|base| StandingBase::new(base.rank, &base.total.score, decimals)),
        }
    }
}

/// A unit that took over one that ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RankedSuccessor)]
pub struct SuccessorBody {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// How much of the old unit went there.
    pub extent: Extent,
}

impl From<&Relative> for SuccessorBody {
    fn from(unit: &Relative) -> Self {
        Self { unit_id: unit.unit_id.clone(), unit_name: unit.unit_name.clone(), extent: unit.extent }
    }
}

/// A unit of the base ranking that has ended since.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndedUnit)]
pub struct EndedUnitBody {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Where it stood in the base year.
    pub base: StandingBase,
    /// What became of it by the year of the ranking, through every reform until then.
    pub successors: Vec<SuccessorBody>,
}

impl EndedUnitBody {
    /// An ended unit with its score rounded to `decimals`.
    pub fn new(unit: &EndedUnit, decimals: u8) -> Self {
        Self {
            unit_id: unit.unit_id.clone(),
            unit_name: unit.unit_name.clone(),
            base: StandingBase::new(unit.base.rank, &unit.base.total.score, decimals),
            successors: unit.successors.iter().map(SuccessorBody::from).collect(),
        }
    }
}

/// A published rank that is another than the computed one.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedRankDifference {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// The rank computed from the scores.
    pub rank: u32,
    /// The rank as published.
    pub published_rank: i32,
}

impl PublishedRankDifference {
    /// The ranks of a standing; none without a published one.
    pub fn new(standing: &Standing) -> Option<Self> {
        Some(Self {
            unit_id: standing.unit_id.clone(),
            unit_name: standing.unit_name.clone(),
            rank: standing.rank,
            published_rank: standing.published_rank?,
        })
    }
}
