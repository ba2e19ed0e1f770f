//! The service as its callers meet it: each test has a server and a database of its own, on SQLite and again
//! on PostgreSQL where `CHISO_TEST_POSTGRES_URL` names a server.
//!
//! A test is registered by a macro of [`support`], and is named `sqlite::module::name`,
//! `postgres::module::name`, or `module::name` where no database is involved.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

mod access;
mod access_reach;
mod api_keys;
mod audit;
mod bad_input;
mod bad_resources;
mod batches;
mod bonus_points;
mod calendars;
mod changes;
mod clock_rules;
mod code_lists;
mod commendations;
mod completeness;
mod compression;
mod concurrency;
mod contract;
mod cors;
mod crud;
mod deadlines;
mod dossier_clock;
mod dossier_due_dates;
mod dossier_events;
mod dossier_export_histories;
mod dossier_exports;
mod dossier_histories;
mod dossier_import_cells;
mod dossier_imports;
mod dossier_statistics;
mod dossier_transfers;
mod dossiers;
mod dvcqg;
mod dvcqg_orders;
mod edition_cycle;
mod edition_readings;
mod explanations;
mod figures_and_actions;
mod filters;
mod following;
mod form_06a;
mod form_reports;
mod formats;
mod frameworks;
mod idempotency;
mod imports;
mod index_scores;
mod indexes;
mod layers;
mod lifecycle;
mod limits;
mod lists;
mod openapi_clients;
mod problems;
mod procedures;
mod published_tables;
mod rank_targets;
mod ranking_bodies;
mod ranking_details;
mod ranking_lineage;
mod rankings;
mod reach;
mod reads;
mod record_scores;
mod returns;
mod reviews;
mod robustness;
mod sample;
mod score_import_columns;
mod score_imports;
mod series;
mod sight;
mod simulations;
mod store;
mod tokens;
mod unit_names;
mod unit_tree;
mod units;
mod webhook_receivers;
mod webhooks;
mod what_is_left;

use std::process::ExitCode;

fn main() -> ExitCode {
    support::run()
}
