//! `chiso import` and `chiso export`: files on the command line.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::{Compression, write::GzEncoder};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    cli::{ExportDossiers, ImportDossiers, ImportScores},
    domain::{
        imports::{Counts, Import, ImportFormat, ImportStatus},
        score_tables::Heads,
        time::Moment,
    },
    http::{body::read_query, dossier_exports, dossier_imports::plan, frame::Language, imports::CsvReport},
    service::{
        access::Caller,
        crud::Context,
        dossier_counting,
        error::Error,
        imports::{self, Order, source_name},
        score_files::{self, TableFile},
        score_imports::{self, ScoreImport},
    },
    store::Store,
};

/// Who imports on the command line, in the change log.
const ACTOR: &str = "chiso import";

/// Imports a file of dossiers, tells how far it is, and fails when a row was rejected.
///
/// # Errors
/// The sentence for the person who called.
pub async fn import_dossiers(store: &Store, options: &ImportDossiers) -> Result<(), String> {
    let mapping = options
        .mapping
        .as_deref()
        .map(|path| std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display())));
    let mapping = mapping.transpose()?;
    let plan = plan(options.preset, mapping.as_deref()).map_err(|error| sentence(&error))?;
    let (file, source) = input(&options.file).map_err(|e| format!("{}: {e}", options.file.display()))?;
    let size = file.metadata().map_or(0, |data| data.len());
    let order = Order { mode: options.mode, format: options.format, plan, source };
    let context = Context::of_command(ACTOR, Moment::now());
    let failed = |error: Error| format!("{}: {}", options.file.display(), sentence(&error));
    imports::sweep(store, context.now).await.map_err(failed)?;
    let job = imports::begin(store, &context, order, file).await.map_err(failed)?;
    let progress = Progress::start(size, job.read.clone());
    let folding = actix_web::rt::spawn(dossier_counting::keep_folding(store.clone()));
    let import =
        imports::run(store, Arc::new(Moment::now), context, job, |counts| progress.tell(counts)).await;
    progress.finish();
    folding.abort();
    dossier_counting::fold(store).await.map_err(failed)?;
    let import = import.map_err(failed)?;
    if let Some(path) = &options.report {
        write_report(store, &import, path).await.map_err(|e| format!("{}: {e}", path.display()))?;
    }
    println!("{}", summary(&import));
    outcome(&import)
}

/// Imports a table of scores, or looks at it; fails when anything is wrong with it, each place on a line.
///
/// # Errors
/// The sentence for the person who called.
pub async fn import_scores(store: &Store, options: &ImportScores) -> Result<(), String> {
    let at = |e: io::Error| format!("{}: {e}", options.file.display());
    let (file, _) = input(&options.file).map_err(at)?;
    let mut bytes = Vec::new();
    // One byte more than a table may have tells one that is too large.
    file.take(score_files::MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(at)?;
    if bytes.len() > score_files::MOST_BYTES {
        return Err(format!(
            "{}: a table has at most {} bytes",
            options.file.display(),
            score_files::MOST_BYTES
        ));
    }
    let order = ScoreImport {
        index_code: options.index.clone(),
        year: options.year,
        stage: options.stage,
        layout: options.layout,
        decimal: options.decimal,
        unit_column: options.unit_column.clone(),
        sheet: options.sheet.clone(),
        source: options.source.clone(),
        dry_run: options.dry_run,
    };
    let context = Context::of_command(ACTOR, Moment::now());
    let kind = TableFile::seen(&bytes);
    let outcome = score_imports::import(store, context, order, kind, bytes)
        .await
        .map_err(|error| format!("{}: {}", options.file.display(), sentence(&error)))?;
    for finding in &outcome.findings {
        let column = finding.column.as_ref().map(|name| format!(", column {name}")).unwrap_or_default();
        let value = finding.value.as_ref().map(|value| format!(" ({value})")).unwrap_or_default();
        let of = &finding.violation;
        eprintln!("line {}{column}{value}: {}: {}", finding.line, of.code, of.text.en);
    }
    if let Some(ignored) = outcome.heads.as_ref().map(Heads::ignored).filter(|heads| !heads.is_empty()) {
        println!("columns that are not read: {}", ignored.join(", "));
    }
    if !outcome.outside_cohorts.is_empty() {
        let lines = outcome.outside_cohorts.iter().map(|of| format!("line {} ({})", of.line, of.unit_name));
        println!("in no cohort of the edition: {}", lines.collect::<Vec<_>>().join(", "));
    }
    println!(
        "{} rows: {} created, {} updated, {} unchanged{}",
        outcome.rows,
        outcome.created,
        outcome.updated,
        outcome.unchanged,
        if outcome.stored { "" } else { "; nothing was stored" }
    );
    match outcome.finding_count {
        0 => Ok(()),
        1 => Err("one thing is wrong with the table".to_owned()),
        n => Err(format!("{n} things are wrong with the table")),
    }
}

fn input(path: &Path) -> io::Result<(File, Option<String>)> {
    use std::io::{Seek, SeekFrom};
    if path != Path::new("-") {
        return Ok((File::open(path)?, source_name(path)));
    }
    // An import may read its file twice, so the standard input is put aside.
    let mut file = tempfile::tempfile()?;
    io::copy(&mut io::stdin().lock(), &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok((file, None))
}

fn summary(import: &Import) -> String {
    let Counts { read, created, updated, unchanged, rejected, undone } = import.counts;
    let mut text = format!(
        "import {}: {read} rows: {created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected",
        import.id
    );
    if undone > 0 {
        text.push_str(&format!(", {undone} undone"));
    }
    if !import.dropped_columns.is_empty() {
        text.push_str(&format!("\ncolumns that are not read: {}", import.dropped_columns.join(", ")));
    }
    text
}

fn outcome(import: &Import) -> Result<(), String> {
    if let Some(failure) = &import.failure {
        return Err(format!("{}: {}", failure.code, failure.en));
    }
    match import.status {
        ImportStatus::Done if import.counts.rejected == 0 => Ok(()),
        ImportStatus::Done => Err(format!(
            "{} of {} rows were rejected; `--report FILE` names them",
            import.counts.rejected, import.counts.read
        )),
        status => Err(format!("the import is {status}")),
    }
}

async fn write_report(store: &Store, import: &Import, path: &Path) -> Result<(), String> {
    let mut report =
        CsvReport::new(store.clone(), Caller::everything(ACTOR), import.id.clone(), Language::English);
    let mut file = File::create(path).map_err(|e| e.to_string())?;
    while let Some(piece) = report.next().await.map_err(|error| sentence(&error))? {
        file.write_all(&piece).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Exports dossiers to a file.
///
/// # Errors
/// The sentence for the person who called.
pub async fn export_dossiers(store: &Store, options: &ExportDossiers) -> Result<(), String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for filter in &options.filters {
        let (name, value) =
            filter.split_once('=').ok_or_else(|| format!("`{filter}` is not a filter: NAME=VALUE"))?;
        query.append_pair(name, value);
    }
    let query = read_query(&query.finish()).map_err(|problem| problem.to_string())?;
    let name = options.file.to_string_lossy().to_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let by_name = match plain.ends_with(".ndjson") || plain.ends_with(".jsonl") {
        true => ImportFormat::Ndjson,
        false => ImportFormat::Csv,
    };
    let otherwise = options.format.unwrap_or(by_name);
    let mut export = dossier_exports::export(
        store.clone(),
        Caller::everything(ACTOR),
        query,
        Moment::now().day(),
        otherwise,
    );
    let at = |e: io::Error| format!("{}: {e}", options.file.display());
    let mut file = Output::create(&options.file, name.ends_with(".gz")).map_err(at)?;
    let mut count = 0;
    while let Some((piece, dossiers)) = export.next().await.map_err(|error| sentence(&error))? {
        file.writer().write_all(&piece).map_err(at)?;
        count += dossiers;
    }
    file.finish().map_err(at)?;
    eprintln!("{count} dossiers exported");
    Ok(())
}

/// Where an export goes.
enum Output {
    Plain(Box<dyn Write>),
    Packed(Box<GzEncoder<Box<dyn Write>>>),
}

impl Output {
    fn create(path: &Path, packed: bool) -> io::Result<Self> {
        let inner: Box<dyn Write> = match path == Path::new("-") {
            true => Box::new(io::stdout()),
            false => Box::new(File::create(path)?),
        };
        Ok(match packed {
            true => Self::Packed(Box::new(GzEncoder::new(inner, Compression::default()))),
            false => Self::Plain(inner),
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(inner) => inner,
            Self::Packed(inner) => inner,
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut inner) => inner.flush(),
            Self::Packed(inner) => inner.finish()?.flush(),
        }
    }
}

/// An error of the service in words.
pub(crate) fn sentence(error: &Error) -> String {
    match error {
        Error::Invalid(violations) | Error::Malformed(violations) => {
            let texts: Vec<String> = violations
                .iter()
                .map(|v| format!("{} {}", v.pointer.trim_start_matches('/'), v.text.en).trim().to_owned())
                .collect();
            texts.join(" ")
        }
        Error::Absent { text, .. } | Error::Conflict { text, .. } | Error::Forbidden(text) => text.en.clone(),
        Error::NotFound { resource, key } => format!("there is no `{key}` in {resource}"),
        Error::Stale => "it has changed meanwhile".to_owned(),
        Error::Expired { .. } => "it is no longer kept".to_owned(),
        Error::Store(error) => error.to_string(),
    }
}

/// How far an import is: a bar of the file's bytes on a terminal, a line now and then otherwise.
struct Progress {
    bar: Option<ProgressBar>,
    read: Arc<AtomicU64>,
    told: std::cell::Cell<i64>,
}

/// Rows between two lines where there is no terminal.
const LINE_EVERY: i64 = 50_000;

impl Progress {
    fn start(size: u64, read: Arc<AtomicU64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(size);
            if let Ok(style) =
                ProgressStyle::with_template("importing {bar:40} {bytes}/{total_bytes} {elapsed} {msg}")
            {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, read, told: std::cell::Cell::new(0) }
    }

    fn tell(&self, counts: &Counts) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.read.load(Ordering::Relaxed));
                bar.set_message(format!("{} rows, {} rejected", counts.read, counts.rejected));
            }
            None if counts.read - self.told.get() >= LINE_EVERY => {
                self.told.set(counts.read);
                eprintln!("{} rows, {} rejected", counts.read, counts.rejected);
            }
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
