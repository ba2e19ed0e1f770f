//! `/dossiers`.
