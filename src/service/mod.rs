//! What the user wanted: CRUD with its rules, rankings and deltas, statistics, reviews, and the transactions
//! they need. No actix or utoipa types and no SQL text.

pub mod crud;
pub mod dossiers;
pub mod editions;
pub mod error;
pub mod index_scores;
pub mod indexes;
pub mod rankings;
pub mod totals;
pub mod units;
