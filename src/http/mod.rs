//! The only place that names actix and utoipa: addresses, bodies, extractors, problems and the document.
//!
//! No SQL and no arithmetic on figures: `service` computes, this layer reads and shows.

pub mod app;
pub mod body;
pub mod calendars;
pub mod changes;
pub mod clock_rules;
pub mod commendations;
pub mod crud;
pub mod deadlines;
pub mod dossier_events;
pub mod dossier_exports;
pub mod dossier_imports;
pub mod dossier_statistics;
pub mod dossier_transfers;
pub mod dossiers;
pub mod edition_parts;
pub mod editions;
pub mod etag;
pub mod explanations;
pub mod form_06a;
pub mod form_06a_files;
pub mod form_reports;
pub mod frame;
pub mod imports;
pub mod improvement_actions;
pub mod index_scores;
pub mod indexes;
pub mod kept;
pub mod openapi;
pub mod operations;
pub mod page;
pub mod problem;
pub mod procedures;
pub mod ranking_parts;
pub mod rankings;
pub mod recompute;
pub mod reported_figures;
pub mod respond;
pub mod returns;
pub mod reviews;
pub mod schema;
pub mod simulations;
pub mod state;
pub mod strict;
pub mod units;
