//! The only place that names actix and utoipa: addresses, bodies, extractors, problems and the document.
//!
//! No SQL and no arithmetic on figures: `service` computes, this layer reads and shows.

pub mod app;
pub mod body;
pub mod crud;
pub mod dossiers;
pub mod etag;
pub mod frame;
pub mod openapi;
pub mod operations;
pub mod page;
pub mod problem;
pub mod respond;
pub mod schema;
pub mod state;
pub mod strict;
pub mod units;
