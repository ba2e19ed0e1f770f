//! Chiso keeps dossiers, index scores and commendations of Vietnamese local government and computes
//! statistics, rankings and deltas from them.
//!
//! Arrows point one way: `http -> service -> store`, and all three know `domain`; `run` wires them.
//! A resource has one file in each layer, with the same name in each: who knows one knows all.
//!
//! | layer | owns | never |
//! |---|---|---|
//! | [`domain`] | types that cannot be wrong, the rules of one record, exact decimals | HTTP, SQL, a clock |
//! | [`service`] | what the user wanted: CRUD with its rules, rankings, statistics, reviews | actix, utoipa, SQL |
//! | [`store`] | diesel, pools, migrations, both databases, the change log | HTTP, rules of the field |
//! | [`http`] | addresses, bodies, problems, the OpenAPI document | SQL, arithmetic on figures |
//!
//! [`tokens`] verifies the tokens of an identity provider and knows no layer but `domain`.
//! [`dispatch`] sends what webhooks are to be told.
//! [`sample`] loads real data and the Thanh Bình review through `service` and `store`.

// The examples of long bodies are one JSON macro each.
#![recursion_limit = "256"]

pub mod background;
pub mod call_options;
pub mod cli;
pub mod dispatch;
pub mod domain;
pub mod exchange;
pub mod follow_options;
pub mod http;
pub mod keys;
pub mod log_lines;
pub mod metrics;
pub mod ready_editions;
pub mod run;
pub mod sample;
pub mod server;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod tokens;
