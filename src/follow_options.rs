//! Options of `serve` about following changes, and the command of the audit log.

use clap::{Args, Subcommand};

use crate::cli::Database;

/// Following changes.
#[derive(Debug, Clone, Args)]
pub struct FollowOptions {
    /// Days that changes and audit log are kept; for ever when not given. Older cursors get 410 and a snapshot.
    #[arg(long, env = "CHISO_KEEP_CHANGES_DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub keep_changes_days: Option<u32>,

    /// Let webhooks go to addresses of private networks and of this machine, and without TLS.
    #[arg(long, env = "CHISO_WEBHOOKS_ALLOW_PRIVATE")]
    pub webhooks_allow_private: bool,
}

/// The audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Compute the seals of the audit log again; fails when an entry was changed, taken away or put in, and tells which
    /// entries are not sealed yet. A service may run on the database meanwhile.
    Verify(VerifyAudit),
}

/// Verifying the audit log.
#[derive(Debug, Clone, Args)]
pub struct VerifyAudit {
    /// A seal as an earlier verification printed it, NUMBER:HASH: fails when that seal is another one now.
    #[arg(long, value_name = "NUMBER:HASH")]
    pub seal: Option<String>,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}
