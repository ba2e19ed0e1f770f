//! What the user wanted: CRUD with its rules, rankings and deltas, statistics, reviews, and the transactions
//! they need. No actix or utoipa types and no SQL text.

pub mod calendars;
pub mod changes;
pub mod clock_rules;
pub mod commendations;
pub mod crud;
pub mod deadlines;
pub mod distributions;
pub mod dossier_clock;
pub mod dossier_counting;
pub mod dossier_events;
pub mod dossier_figures;
pub mod dossier_imports;
pub mod dossier_statistics;
pub mod dossier_transfers;
pub mod dossiers;
pub mod editions;
pub mod error;
pub mod form_06a;
pub mod form_reports;
pub mod imports;
pub mod improvement_actions;
pub mod index_scores;
pub mod indexes;
pub mod procedures;
pub mod ranking_reports;
pub mod rankings;
pub mod reported_figures;
pub mod returns;
pub mod reviews;
pub mod score_sheets;
pub mod series;
pub mod totals;
pub mod unit_profiles;
pub mod unit_tree;
pub mod units;
