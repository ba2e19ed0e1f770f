//! The command line and its environment twins.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{
    call_options::CallOptions,
    domain::{
        access::Scope,
        dossier_imports::Preset,
        imports::{ImportFormat, ImportMode},
        index_scores::ScoreStage,
        score_tables::{DecimalMark, TableLayout},
        time::Moment,
        units::Level,
        words::UnknownWord,
    },
    follow_options::{Audit, FollowOptions},
    store::{DatabaseUrl, StoreLimits},
    telemetry::LogFormat,
};

/// Dossiers, index scores and commendations of Vietnamese local government, with statistics, rankings and deltas.
#[derive(Debug, Parser)]
#[command(name = "chiso", version, about)]
pub struct Cli {
    /// How the log is written.
    #[arg(long, env = "CHISO_LOG_FORMAT", value_enum, default_value = "text", global = true)]
    pub log_format: LogFormat,

    /// What is logged, as a filter of the tracing crate: `info`, `chiso=debug` ...
    #[arg(long, env = "CHISO_LOG", default_value = "info", global = true)]
    pub log: String,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the interface; migrates the database first.
    Serve(Box<Serve>),
    /// Bring the database to the newest schema.
    Migrate(Database),
    /// Print the OpenAPI document.
    Openapi,
    /// The sample: real units and PCI scores, the Thanh Bình review, synthetic dossiers.
    #[command(subcommand)]
    Sample(Sample),
    /// Prove what is kept against what it was made of.
    #[command(subcommand)]
    Check(Check),
    /// Read files into the database; migrates it first.
    #[command(subcommand)]
    Import(Import),
    /// Write records to files.
    #[command(subcommand)]
    Export(Export),
    /// Keys of other systems.
    #[command(subcommand)]
    Keys(Keys),
    /// The log of who did what.
    #[command(subcommand)]
    Audit(Audit),
    /// Editions of indexes that come ready with the program.
    #[command(subcommand)]
    Editions(Editions),
    /// Ask a running service whether it is ready: for container health checks.
    Healthcheck(Healthcheck),
}

/// The sample.
#[derive(Debug, Subcommand)]
pub enum Sample {
    /// Load the sample into an empty database; migrates it first.
    Load(Database),
}

/// Proofs.
#[derive(Debug, Subcommand)]
pub enum Check {
    /// Count every dossier again and compare with the sums that the statistics read.
    Statistics(CheckStatistics),
}

/// Counting again.
#[derive(Debug, Clone, Args)]
pub struct CheckStatistics {
    /// Build the sums anew where they differ.
    #[arg(long)]
    pub repair: bool,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}

/// Importing.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Dossiers of a CSV or NDJSON file, packed with gzip or not: an upsert by code. `-` reads the standard input.
    Dossiers(ImportDossiers),
    /// A table of index scores: CSV or a spreadsheet, all of it or nothing. `-` reads the standard input.
    Scores(ImportScores),
}

/// Importing dossiers.
#[derive(Debug, Clone, Args)]
pub struct ImportDossiers {
    /// The file.
    pub file: PathBuf,

    /// What a rejected row does to the others.
    #[arg(long, default_value = "rows", value_parser = word::<ImportMode>)]
    pub mode: ImportMode,

    /// How rows are written: csv or ndjson; seen by the file when left out.
    #[arg(long, value_parser = word::<ImportFormat>)]
    pub format: Option<ImportFormat>,

    /// A declared way of reading: dvcqg is that of the National Public Service Portal.
    #[arg(long, value_parser = word::<Preset>)]
    pub preset: Option<Preset>,

    /// A JSON file that says which column is which member, and what words, units and dates mean.
    #[arg(long)]
    pub mapping: Option<PathBuf>,

    /// Where to write the report of rejected rows, as CSV.
    #[arg(long)]
    pub report: Option<PathBuf>,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}

/// Importing a score table.
#[derive(Debug, Clone, Args)]
pub struct ImportScores {
    /// The file.
    pub file: PathBuf,

    /// Code of the index.
    #[arg(long)]
    pub index: String,

    /// Data year of the edition.
    #[arg(long)]
    pub year: i32,

    /// Stage that the scores are of.
    #[arg(long, default_value = "final", value_parser = word::<ScoreStage>)]
    pub stage: ScoreStage,

    /// How the table is laid out: auto, wide or long.
    #[arg(long, default_value = "auto", value_parser = word::<TableLayout>)]
    pub layout: TableLayout,

    /// Decimal mark of numbers that are written as text: point or comma.
    #[arg(long, default_value = "point", value_parser = word::<DecimalMark>)]
    pub decimal: DecimalMark,

    /// Head of the column of units, where it is not one of the usual ones.
    #[arg(long)]
    pub unit_column: Option<String>,

    /// Name of the sheet of a spreadsheet; the first when left out.
    #[arg(long)]
    pub sheet: Option<String>,

    /// Where the scores come from; kept with each.
    #[arg(long)]
    pub source: Option<String>,

    /// Look at the table and store nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}

/// Exporting.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Dossiers as CSV or NDJSON, packed with gzip where the name ends in .gz. `-` writes to the standard output.
    Dossiers(ExportDossiers),
}

/// Exporting dossiers.
#[derive(Debug, Clone, Args)]
pub struct ExportDossiers {
    /// The file.
    pub file: PathBuf,

    /// How rows are written: csv or ndjson; by the name of the file when left out.
    #[arg(long, value_parser = word::<ImportFormat>)]
    pub format: Option<ImportFormat>,

    /// A filter as that of the list of dossiers: `--where under=gso-874 --where status=10`.
    #[arg(long = "where", value_name = "NAME=VALUE")]
    pub filters: Vec<String>,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}

/// Keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a key and print its secret, this once, alone on the last line; migrates the database first. A service may
    /// run on the database meanwhile.
    Create(CreateKey),
    /// List the keys.
    List(Database),
    /// Revoke a key: it opens nothing from now on.
    Revoke(RevokeKey),
}

/// Making a key.
#[derive(Debug, Clone, Args)]
pub struct CreateKey {
    /// What its owner is called; the change log names it.
    #[arg(long)]
    pub name: String,

    /// What it may do: `dossiers:read,dossiers:write`, or `admin` for everything.
    #[arg(long, value_delimiter = ',', required = true, value_parser = word::<Scope>)]
    pub scopes: Vec<Scope>,

    /// For which unit, all below it today, and what passed wholly to one of these; for all units when left out.
    #[arg(long, value_name = "UNIT_ID")]
    pub unit: Option<String>,

    /// A unit that passed to one of these in part, and is reached all the same.
    #[arg(long = "partial-predecessor", value_name = "UNIT_ID")]
    pub partial_predecessors: Vec<String>,

    /// When it ends by itself: 2027-01-01T00:00:00+07:00.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub expires: Option<Moment>,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}

/// Revoking a key.
#[derive(Debug, Clone, Args)]
pub struct RevokeKey {
    /// Id of the key.
    pub id: String,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}

/// Ready editions.
#[derive(Debug, Subcommand)]
pub enum Editions {
    /// Tell which there are, with what is official in each and what is assumed.
    List,
    /// Make a draft edition of a ready one, and its index where there is none; migrates the database first.
    Load(LoadEdition),
}

/// Loading a ready edition.
#[derive(Debug, Clone, Args)]
pub struct LoadEdition {
    /// Name of the ready edition: pci-2013.
    pub code: String,

    /// Data year of the new edition.
    #[arg(long)]
    pub year: i32,

    /// Code of the index; that of the ready edition when left out.
    #[arg(long)]
    pub index: Option<String>,

    /// Rank the units of this level, in place of the cohorts of the ready edition.
    #[arg(long, value_parser = word::<Level>)]
    pub cohort_level: Option<Level>,

    /// Rank the units directly under this one, in place of the cohorts of the ready edition.
    #[arg(long, value_name = "UNIT_ID")]
    pub cohort_under: Option<String>,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}

/// A moment with its offset.
fn moment(text: &str) -> Result<Moment, String> {
    text.parse().map_err(|_| "a moment is written 2027-01-01T00:00:00+07:00".to_owned())
}

/// A word of a closed list.
fn word<T: FromStr<Err = UnknownWord>>(text: &str) -> Result<T, UnknownWord> {
    text.parse()
}

/// Where the data is.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE; `sslmode=require` asks for TLS.
    #[arg(long, env = "CHISO_DATABASE_URL", default_value = "sqlite://chiso.db", hide_env_values = true)]
    pub database_url: DatabaseUrl,

    /// Connections of the pool: readers on SQLite, all on PostgreSQL.
    #[arg(long, env = "CHISO_DB_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub db_connections: u32,

    /// Writes that may wait on SQLite, and requests that may wait for a connection; beyond it the answer is 503.
    #[arg(long, env = "CHISO_WRITE_QUEUE", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub write_queue: u32,

    /// Milliseconds that a request waits for a connection; beyond it the answer is 503.
    #[arg(long, env = "CHISO_DB_WAIT_MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub db_wait_ms: u64,
}

impl Database {
    /// Sizes of the pools and queues.
    pub fn limits(&self) -> StoreLimits {
        StoreLimits {
            connections: self.db_connections,
            write_queue: self.write_queue as usize,
            wait: std::time::Duration::from_millis(self.db_wait_ms),
        }
    }
}

/// Serving.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address to listen on.
    #[arg(long, env = "CHISO_BIND", default_value = "127.0.0.1:8080")]
    pub bind: String,

    /// Load the sample first, when the database is empty.
    #[arg(long, env = "CHISO_SAMPLE")]
    pub sample: bool,

    /// Most bytes of a request body.
    #[arg(long, env = "CHISO_MAX_BODY_BYTES", default_value_t = 2 * 1024 * 1024, value_parser = clap::value_parser!(u64).range(1024..=1_073_741_824))]
    pub max_body_bytes: u64,

    /// Most bytes of a file to import, as it is sent.
    #[arg(long, env = "CHISO_MAX_IMPORT_BYTES", default_value_t = 1024 * 1024 * 1024, value_parser = clap::value_parser!(u64).range(1024..))]
    pub max_import_bytes: u64,

    /// What is open to all without a key: indexes, rankings, statistics, reviews, commendations, units; or `none`.
    #[arg(
        long,
        env = "CHISO_PUBLIC",
        value_delimiter = ',',
        value_name = "AREAS",
        default_value = "indexes,rankings,statistics,reviews,commendations,units"
    )]
    pub public: Vec<String>,

    /// Show names of individual recipients of commendations to the public.
    #[arg(long, env = "CHISO_PUBLIC_RECIPIENT_NAMES")]
    pub public_recipient_names: bool,

    /// Withhold groups of fewer dossiers than this from public statistics.
    #[arg(long, env = "CHISO_PUBLIC_MIN_CELL", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub public_min_cell: Option<u32>,

    /// A key of an administrator that is valid as long as the service runs with it: 32 characters at least, beginning
    /// with `chiso_`. For containers, which have no other way to the first key.
    #[arg(long, env = "CHISO_BOOTSTRAP_KEY", hide_env_values = true)]
    pub bootstrap_key: Option<String>,

    /// Async workers; as many as there are cores when not given.
    #[arg(long, env = "CHISO_WORKERS", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub workers: Option<u32>,

    /// Seconds that open requests have when the service stops.
    #[arg(long, env = "CHISO_SHUTDOWN_SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub shutdown_seconds: u64,

    /// Following changes.
    #[command(flatten)]
    pub follow: FollowOptions,

    /// Tokens of an identity provider.
    #[command(flatten)]
    pub tokens: TokenOptions,

    /// What holds for every call.
    #[command(flatten)]
    pub calls: CallOptions,

    /// Where the data is.
    #[command(flatten)]
    pub database: Database,
}

/// Tokens of an identity provider. Issuer, audience and keys belong together; without them no token is taken.
#[derive(Debug, Clone, Default, Args)]
pub struct TokenOptions {
    /// Issuer of the tokens (`iss`), letter by letter.
    #[arg(long, env = "CHISO_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,

    /// What the tokens must be meant for (`aud`).
    #[arg(long, env = "CHISO_OIDC_AUDIENCE")]
    pub oidc_audience: Option<String>,

    /// The issuer's keys: an https address of a JWKS (http on this machine only), or a file.
    #[arg(long, env = "CHISO_OIDC_JWKS", value_name = "URL|FILE")]
    pub oidc_jwks: Option<String>,

    /// Claim of the scopes: a text with spaces between them, or an array. With a `/` before it, a JSON pointer.
    #[arg(long, env = "CHISO_OIDC_SCOPE_CLAIM", value_name = "CLAIM", default_value = "scope")]
    pub oidc_scope_claim: String,

    /// Claim of the unit that the scopes hold for: its id here. With a `/` before it, a JSON pointer.
    #[arg(long, env = "CHISO_OIDC_UNIT_CLAIM", value_name = "CLAIM", default_value = "unit_id")]
    pub oidc_unit_claim: String,

    /// Scopes of the issuer and what they are here: `lgsp.hoso.doc=dossiers:read,lgsp.hoso.ghi=dossiers:write`.
    #[arg(long, env = "CHISO_OIDC_SCOPE_MAP", value_name = "THEIRS=OURS", value_delimiter = ',')]
    pub oidc_scope_map: Vec<String>,

    /// Clients (`azp` or `client_id`) whose tokens hold for all units where they name none.
    #[arg(long, env = "CHISO_OIDC_UNBOUND_CLIENTS", value_name = "CLIENT", value_delimiter = ',')]
    pub oidc_unbound_clients: Vec<String>,

    /// Seconds by which the clocks of issuer and service may differ.
    #[arg(long, env = "CHISO_OIDC_SKEW_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=600))]
    pub oidc_skew_seconds: u32,
}

/// Asking a running service.
#[derive(Debug, Clone, Args)]
pub struct Healthcheck {
    /// Address that the service listens on; 0.0.0.0 is asked on the loopback.
    #[arg(long, env = "CHISO_BIND", default_value = "127.0.0.1:8080")]
    pub bind: String,
}

/// Variables `CHISO_*` that no option reads. `CHISO_TEST_*` belong to the tests.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut known = Vec::new();
    collect(&Cli::command(), &mut known);
    let mut unknown: Vec<String> = names
        .filter(|name| {
            name.starts_with("CHISO_") && !name.starts_with("CHISO_TEST_") && !known.contains(name)
        })
        .collect();
    unknown.sort();
    unknown
}

fn collect(command: &clap::Command, known: &mut Vec<String>) {
    known.extend(
        command.get_arguments().filter_map(|a| a.get_env()).map(|name| name.to_string_lossy().into_owned()),
    );
    for sub in command.get_subcommands() {
        collect(sub, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_variable_is_named_and_those_of_tests_are_not() {
        let names = ["CHISO_BIND", "CHISO_DATABASE_URL", "CHISO_BINDD", "CHISO_TEST_POSTGRES_URL", "PATH"];
        assert_eq!(unknown_variables(names.iter().map(|n| (*n).to_owned())), ["CHISO_BINDD"]);
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
