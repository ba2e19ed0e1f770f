//! `/imports`: how far imports are, and what was wrong with their rows.

use std::{io, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, post, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query,
    crud::{API, no_query, path_key},
    endpoints::Endpoints,
    etag,
    frame::{self, Language},
    page::{self, DEFAULT_LIMIT, ListedResource, SortKey, check_limit, list_query},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        imports::{Finding, Import, ImportFormat, ImportMode, ImportStatus},
        time::Moment,
        words::words,
    },
    service::{
        access::Caller,
        crud,
        error::Error,
        imports::{self, Imports},
    },
    store::{Store, Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("started_at", "started_at")];

/// Lines of a report that are read at once.
const PIECE: u32 = 1000;

words! {
    /// How a report is written.
    pub enum ReportFormat {
        /// Pages of JSON.
        Json = "json",
        /// The whole report as CSV.
        Csv = "csv",
    }
}

/// An import. `rows_read` is always the sum of `created`, `updated`, `unchanged`, `rejected` and `undone`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000009", "status": "running", "mode": "rows", "format": "csv",
    "source": "ho-so-2020.csv", "actor": "anonymous", "rows_read": 2000, "created": 1800, "updated": 150,
    "unchanged": 40, "rejected": 10, "undone": 0, "started_at": "2026-01-05T08:00:00+07:00", "finished_at": null,
    "dropped_columns": ["ChuHoSo", "SoDienThoai"], "failure_code": null, "failure_detail": null
}))]
pub struct ImportView {
    /// Made by the service.
    pub id: String,
    /// Where it is. What was committed before it ended stands, unless it is `atomic`.
    pub status: ImportStatus,
    /// What a rejected row does to the others.
    pub mode: ImportMode,
    /// How rows are written in the file.
    pub format: ImportFormat,
    /// Name of the file.
    pub source: Option<String>,
    /// Who started it.
    pub actor: String,
    /// Rows that have a result.
    #[schema(minimum = 0)]
    pub rows_read: i64,
    /// Rows that made a dossier.
    #[schema(minimum = 0)]
    pub created: i64,
    /// Rows that changed a dossier.
    #[schema(minimum = 0)]
    pub updated: i64,
    /// Rows that say what the dossier says already.
    #[schema(minimum = 0)]
    pub unchanged: i64,
    /// Rows that break a rule; the report names each.
    #[schema(minimum = 0)]
    pub rejected: i64,
    /// Good rows of an `atomic` import that had a rejected one.
    #[schema(minimum = 0)]
    pub undone: i64,
    /// When it began.
    pub started_at: Moment,
    /// When it ended; null while it runs.
    pub finished_at: Option<Moment>,
    /// Heads of columns that are not read: 200 of them at most.
    pub dropped_columns: Vec<String>,
    /// Why it failed: `rows_rejected`, `too_many_rows`, `unreadable_file` or `database`.
    pub failure_code: Option<String>,
    /// The same in words, in the language of the request.
    pub failure_detail: Option<String>,
}

/// A page of imports.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportPage {
    /// The imports.
    pub items: Vec<ImportView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportFinding, example = json!({
    "row": 17, "column": "NgayHenTra", "value": "20200231163000", "code": "wrong_type",
    "detail": "A time is written in 14 digits, or a day in 8: 20200306163000."
}))]
pub struct FindingView {
    /// Number of the row, from 1, without the line of heads.
    #[schema(minimum = 1)]
    pub row: i64,
    /// Head of the column, where it is about one.
    pub column: Option<String>,
    /// What stands there, cut after 100 characters.
    pub value: Option<String>,
    /// Stable code of the rule.
    pub code: String,
    /// The rule in words, in the language of the request.
    pub detail: String,
}

/// A page of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingPage {
    /// What is wrong, in the order of the file.
    pub items: Vec<FindingView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
}

list_query! {
    /// Which imports.
    pub struct ListImportsQuery by SORTS {
        /// Imports that are here.
        status: ImportStatus,
        /// Imports of this mode.
        mode: ImportMode,
        /// Imports of files of this format.
        format: ImportFormat,
        /// Imports of files of this name.
        source: String,
        /// Imports that this caller started.
        actor: String,
        /// Imports that failed for this reason.
        failure_code: String,
    }
}

/// Which part of a report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// How it is written; `json` when left out. `csv` is the whole report, whatever `limit` and `cursor` say.
    #[param(inline)]
    format: Option<ReportFormat>,
    /// Lines of a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before. Opaque.
    cursor: Option<String>,
}

impl ListedResource for Imports {
    fn sort_value(import: &Import, column: &str) -> Option<Value> {
        match column {
            "started_at" => Some(Value::BigInt(import.started_at.micros())),
            _ => None,
        }
    }
}

fn view(import: &Import) -> ImportView {
    let failure = import.failure.clone();
    let i = import.clone();
    ImportView {
        id: i.id,
        status: i.status,
        mode: i.mode,
        format: i.format,
        source: i.source,
        actor: i.actor,
        rows_read: i.counts.read,
        created: i.counts.created,
        updated: i.counts.updated,
        unchanged: i.counts.unchanged,
        rejected: i.counts.rejected,
        undone: i.counts.undone,
        started_at: i.started_at,
        finished_at: i.finished_at,
        dropped_columns: i.dropped_columns,
        failure_code: failure.as_ref().map(|f| f.code.clone()),
        failure_detail: failure.map(|f| match frame::current().language {
            Language::English => f.en,
            Language::Vietnamese => f.vi,
        }),
    }
}

/// The tag names the language, because the texts of a failure do.
fn tag(import: &Versioned<Import>) -> String {
    etag::of_record(import.version, Some(frame::current().language.tag()))
}

/// The answer to who began an import.
pub fn started(import: &Versioned<Import>) -> HttpResponse {
    let location = format!("{API}/imports/{}", import.record.id);
    HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(view(&import.record))
}

/// List imports
///
/// Ids sort by time: `sort=-id` gives the latest first.
#[utoipa::path(tag = "imports", params(ListImportsQuery), responses((status = 200, description = "A page of imports.", body = ImportPage)))]
#[get("/imports")]
pub async fn list_imports(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListImportsQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        page::is_word("status", query.status.map(ImportStatus::as_str)),
        page::is_word("mode", query.mode.map(ImportMode::as_str)),
        page::is_word("format", query.format.map(ImportFormat::as_str)),
        page::is("source", query.source.as_ref()),
        page::is("actor", query.actor.as_ref()),
        page::is("failure_code", query.failure_code.as_ref()),
    ];
    let shown = |import: Versioned<Import>| view(&import.record);
    page::answer::<Imports, _, _>(&state, &request, query.paging(), filters, SORTS, shown).await
}

/// Get an import
///
/// How far it is. It is `interrupted` when the process that ran it is gone: send the file again, rows that were
/// written already change nothing.
#[utoipa::path(tag = "imports", params(("id" = String, Path, description = "Id of the import.")), responses((status = 200, description = "The import.", body = ImportView)))]
#[get("/imports/{id}")]
pub async fn get_import(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let import = crud::get::<Imports>(&state.store, frame::caller(), path_key::<Imports>(&id)?).await?;
    no_query(&request)?;
    Ok(respond::record(&request, tag(&import), &view(&import.record)))
}

/// Cancel an import
///
/// Rows that were committed stay. An `atomic` import writes nothing then, or has ended when the answer comes (409).
/// Cancelling it again changes nothing.
#[utoipa::path(tag = "imports", params(("id" = String, Path, description = "Id of the import.")), responses((status = 200, description = "The import as it is now.", body = ImportView)))]
#[post("/imports/{id}/cancel")]
pub async fn cancel_import(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<Imports>(&id)?;
    if let Err(problem) = no_query(&request) {
        crud::get::<Imports>(&state.store, frame::caller(), id).await?;
        return Err(problem);
    }
    let import = imports::cancel(&state.store, state.context(), id).await?;
    Ok(respond::written(tag(&import), &view(&import.record)))
}

/// Delete an import
///
/// Its report goes with it; the dossiers that it wrote stay. A running one is cancelled first.
#[utoipa::path(tag = "imports", params(("id" = String, Path, description = "Id of the import.")), responses((status = 204, description = "It is gone.")))]
#[delete("/imports/{id}")]
pub async fn delete_import(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<Imports>(&id)?;
    let precondition = match no_query(&request).and_then(|()| etag::precondition(&request)) {
        Ok(precondition) => precondition,
        Err(problem) => {
            crud::get::<Imports>(&state.store, frame::caller(), id).await?;
            return Err(problem);
        }
    };
    imports::delete(&state.store, frame::caller(), id, precondition).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Get the report of an import
///
/// Every rejected row with what is wrong in it, in the order of the file. Values are shown as they stand in the
/// file, and those of columns that are not read never.
#[utoipa::path(tag = "imports", params(("id" = String, Path, description = "Id of the import."), ReportQuery), responses(
    (status = 200, description = "A page of the report, or all of it as CSV.", content((FindingPage = "application/json"), (String = "text/csv")))
))]
#[get("/imports/{id}/report")]
pub async fn get_import_report(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_key::<Imports>(&id)?;
    let import = crud::get::<Imports>(&state.store, frame::caller(), id.clone()).await?;
    let query: ReportQuery = super::body::read_query(request.query_string())?;
    let limit = check_limit(query.limit.unwrap_or(DEFAULT_LIMIT))?;
    let after = query.cursor.as_deref().map(|cursor| decode(&id, cursor)).transpose()?;
    if query.format == Some(ReportFormat::Csv) {
        return csv_report(&state.store, &request, import).await;
    }
    let (_, findings, more) = imports::report(&state.store, frame::caller(), id, after, limit).await?;
    let next_cursor = match findings.last() {
        Some((place, _)) if more => Some(URL_SAFE_NO_PAD.encode(place)),
        _ => None,
    };
    let items = findings.into_iter().map(|(_, finding)| shown(finding)).collect();
    Ok(respond::computed(&request, &FindingPage { items, next_cursor }))
}

fn shown(finding: Finding) -> FindingView {
    shown_in(frame::current().language, finding)
}

fn shown_in(language: Language, finding: Finding) -> FindingView {
    FindingView {
        row: finding.row,
        column: finding.column,
        value: finding.value,
        code: finding.code,
        detail: match language {
            Language::English => finding.text.en,
            Language::Vietnamese => finding.text.vi,
        },
    }
}

/// The place of a cursor, when it is one of this import.
fn decode(id: &str, cursor: &str) -> Result<String, Problem> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|place| place.strip_prefix(id).is_some_and(|rest| rest.starts_with('/')))
        .filter(|place| !place.chars().any(char::is_control))
        .ok_or_else(|| {
            Problem::bad_parameter(
                "cursor",
                "invalid_cursor",
                "The cursor is not one of this report.",
                "Con trỏ không thuộc báo cáo này.",
            )
        })
}

/// A report as CSV, line by line as it is read.
pub struct CsvReport {
    store: Store,
    caller: Arc<Caller>,
    id: String,
    language: Language,
    after: Option<String>,
    begun: bool,
    ended: bool,
}

impl CsvReport {
    /// The report of an import, in a language.
    pub fn new(store: Store, caller: Arc<Caller>, id: String, language: Language) -> Self {
        Self { store, caller, id, language, after: None, begun: false, ended: false }
    }

    /// The next piece of the file; none at the end.
    ///
    /// # Errors
    /// The database's; `NotFound` when the import goes away meanwhile.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let (_, findings, more) =
            imports::report(&self.store, self.caller.clone(), self.id.clone(), self.after.take(), PIECE)
                .await?;
        self.after = findings.last().map(|(place, _)| place.clone());
        self.ended = !more;
        let unwritable = |e: csv::Error| Error::Store(crate::store::StoreError::Other(e.to_string()));
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        if !std::mem::replace(&mut self.begun, true) {
            writer.write_record(["row", "column", "value", "code", "detail"]).map_err(unwritable)?;
        }
        for (_, finding) in findings {
            writer.serialize(shown_in(self.language, finding)).map_err(unwritable)?;
        }
        let text = writer.into_inner().map_err(|e| unwritable(e.into_error().into()))?;
        Ok(Some(text))
    }
}

async fn csv_report(
    store: &Store,
    request: &HttpRequest,
    import: Versioned<Import>,
) -> Result<HttpResponse, Problem> {
    let tag = tag(&import);
    if etag::is_known(request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    let mut report =
        CsvReport::new(store.clone(), frame::caller(), import.record.id, frame::current().language);
    let first = report.next().await?;
    let pieces = stream::unfold((first, report), |(ready, mut report)| async move {
        let piece = match ready {
            Some(piece) => Ok(Some(piece)),
            None => report.next().await,
        };
        match piece {
            Ok(piece) => piece.map(|text| (Ok(web::Bytes::from(text)), (None, report))),
            Err(error) => {
                tracing::error!(error = ?error, "a report was cut off");
                report.ended = true;
                Some((Err(io::Error::other("the database could not go on")), (None, report)))
            }
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"import-report.csv\""))
        .content_type("text/csv; charset=utf-8")
        .streaming(Box::pin(pieces)))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_imports)
        .service(get_import)
        .service(cancel_import)
        .service(delete_import)
        .service(get_import_report);
}
