//! Types that cannot be wrong and the rules of one record.
//!
//! Nothing here knows HTTP or SQL or reads a clock: time comes in as an argument. One file a resource, the
//! same stem as in `service`, `store` and `http`.

pub mod access;
pub mod api_keys;
pub mod calendars;
pub mod changes;
pub mod clock_rules;
pub mod commendations;
pub mod criteria;
mod criteria_checks;
pub mod criteria_tree;
pub mod deadlines;
pub mod decimal;
pub mod dossier_events;
pub mod dossier_flows;
pub mod dossier_history;
pub mod dossier_import_heads;
pub mod dossier_import_history;
pub mod dossier_import_rows;
pub mod dossier_import_times;
pub mod dossier_imports;
pub mod dossiers;
pub mod dvcqg;
pub mod edition_cycle;
pub mod editions;
mod fixed;
pub mod form_06a;
pub mod form_reports;
pub mod hours;
pub mod imports;
pub mod improvement_actions;
pub mod index_scores;
pub mod indexes;
pub mod periods;
pub mod procedures;
pub mod ratio;
pub mod record_scores;
pub mod reported_figures;
pub mod returns;
pub mod score_table_cells;
pub mod score_table_heads;
pub mod score_table_rules;
pub mod score_tables;
pub mod terms;
pub mod text;
pub mod time;
pub mod unit_names;
pub mod unit_tree;
pub mod units;
pub mod violation;
pub mod webhooks;
pub mod words;
