//! `POST /imports/dossiers`: a file of dossiers of any size, put aside as it comes in and read behind it.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
};

use actix_web::{HttpRequest, HttpResponse, http::header, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    body::{from_value, read_query},
    endpoints::Endpoints,
    imports::{ImportView, started},
    problem::Problem,
    score_imports::stopped,
    state::AppState,
    uploads::{Packing, Upload},
};
use crate::{
    domain::{
        dossier_imports::{Mapping, Plan, Preset},
        imports::{ImportFormat, ImportMode},
        violation::Violation,
    },
    service::{
        error::Error,
        imports::{self, Order, source_name},
    },
};

/// Bytes of the body that are put aside at once.
const PIECE: usize = 1024 * 1024;

/// How a file of dossiers is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportDossiersQuery {
    /// What a rejected row does to the others; `rows` when left out. `atomic` takes at most 200,000 rows.
    mode: Option<ImportMode>,
    /// A declared way of reading. `dvcqg` reads HoSoDongBoDVC of the national portal, whose `DonViXuLy` is the code that
    /// the unit had on the day of acceptance, or its id. So is `NoiNopHoSo`, which says nothing where it is no unit.
    #[param(inline)]
    preset: Option<Preset>,
    /// A JSON object on top of the preset: `columns` (heads and the members that they give), `constants` (values
    /// of members that the file leaves blank), `values` (by member, words of the file and of the interface),
    /// `units` (words of the file and ids), `code_scheme` (units are named by codes of this list, as with `dvcqg` by
    /// those of any), `statuses` (words and national codes), `dates` (`iso`, `dd/mm/yyyy` or `yyyyMMddHHmmss`),
    /// `zone` (`+07:00`) and `delimiter` (`,`, `;` or a tab).
    mapping: Option<String>,
    /// Name of the file, for people.
    name: Option<String>,
}

/// Import dossiers
///
/// CSV with a line of heads, or NDJSON; packed with gzip or zstd where the first bytes say so. Each row is an upsert
/// by code and replaces the dossier as a `PUT` does; a row that says what the dossier says already writes nothing, so
/// that a file may be sent again. Of rows of one code the first that breaks no rule counts: a later one that says
/// something else is rejected as `duplicate_in_file`. A due date that the file moves is a change with the reason
/// `import` and the import's id. Heads are names of members, or declared, in any case; columns of other heads are dropped
/// before anything is kept, and named in `dropped_columns`. A CSV file that has no head of those that the mapping names
/// for a member is refused. A file of an export has a column `history`: the history is taken
/// as it is, with `recorded_at`, `due_derived` and `due_calendar`, where it leads to what the row says, and the row
/// is rejected where it does not; without that column the three are not read. The answer comes when the file is there
/// and its heads fit; the rows follow behind it.
#[utoipa::path(tag = "imports", params(ImportDossiersQuery),
    request_body(description = "The file.", content((String = "text/csv"), (String = "application/x-ndjson"), (String = "application/gzip"))),
    responses((status = 202, description = "The import, running.", body = ImportView, headers(("Location" = String, description = "Address of the import."))))
)]
#[post("/imports/dossiers")]
pub async fn import_dossiers(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let format = format_of(&request)?;
    let query: ImportDossiersQuery = read_query(request.query_string())?;
    let order = Order {
        mode: query.mode.unwrap_or(ImportMode::Rows),
        format,
        plan: plan(query.preset, query.mapping.as_deref())?,
        source: query.name.as_deref().and_then(|name| source_name(name.as_ref())),
    };
    if order.source.as_ref().is_some_and(|name| name.chars().count() > 200) {
        return Err(Error::invalid("name", "too_long", "At most 200 characters.", "Tối đa 200 ký tự.").into());
    }
    let permit = state.imports.clone().try_acquire_owned().map_err(|_| {
        Problem::new("overloaded", "Too many imports are running.", "Đang có quá nhiều lần nhập cùng chạy.")
    })?;
    let file = put_aside(Upload::new(payload, state.gate.rules.upload), state.max_import).await?;
    let context = state.context();
    let job = imports::begin(&state.store, &context, order, file).await?;
    let answer = started(&job.import);
    let state = state.into_inner();
    actix_web::rt::spawn(async move {
        let _permit = permit;
        let id = job.import.record.id.clone();
        if let Err(error) = imports::run(&state.store, state.clock.clone(), context, job, |_| {}).await {
            tracing::error!(error = ?error, import = id, "the end of an import could not be noted");
        }
    });
    Ok(answer)
}

/// The format that the media type says; gzip alone says none.
fn format_of(request: &HttpRequest) -> Result<Option<ImportFormat>, Problem> {
    let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence =
        text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let format = match essence.as_str() {
        "text/csv" => Some(ImportFormat::Csv),
        "application/x-ndjson" | "application/ndjson" => Some(ImportFormat::Ndjson),
        "application/gzip" => None,
        _ => {
            return Err(Problem::new(
                "unsupported_media_type",
                "The body must be text/csv, application/x-ndjson or application/gzip.",
                "Nội dung phải là text/csv, application/x-ndjson hoặc application/gzip.",
            ));
        }
    };
    // Its first bytes say how it is packed.
    Packing::of(request.headers()).map(|_| format)
}

/// The plan of a preset and a mapping as JSON.
///
/// # Errors
/// 400 for a mapping that can't be read, 422 for one that breaks a rule.
pub fn plan(preset: Option<Preset>, mapping: Option<&str>) -> Result<Plan, Error> {
    let within = |violations: Vec<Violation>| {
        let at = |v: Violation| Violation { pointer: format!("mapping{}", v.pointer), ..v };
        violations.into_iter().map(at).collect::<Vec<_>>()
    };
    let mapping: Mapping = match mapping {
        None => Mapping::default(),
        Some(text) => {
            let value = serde_json::from_str(text).map_err(|e| {
                Error::Malformed(vec![Violation::new(
                    "mapping",
                    "malformed_json",
                    format!("The JSON can't be read at line {}, column {}.", e.line(), e.column()),
                    format!("Không đọc được JSON tại dòng {}, cột {}.", e.line(), e.column()),
                )])
            })?;
            from_value(value).map_err(|error| match error {
                Error::Malformed(v) | Error::Invalid(v) => Error::Malformed(within(v)),
                other => other,
            })?
        }
    };
    Plan::new(preset, mapping).map_err(|violations| Error::Invalid(within(violations)))
}

/// Writes the body to a file without a name, which goes away with the import or with the process.
async fn put_aside(mut upload: Upload<web::Payload>, limit: u64) -> Result<File, Problem> {
    let mut file = blocking(tempfile::tempfile).await?;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        let chunk = upload.next().await.map_err(stopped)?;
        let ended = chunk.is_none();
        if let Some(chunk) = chunk {
            if upload.bytes() > limit {
                return Err(Problem::new(
                    "too_large",
                    format!("A file has at most {limit} bytes."),
                    format!("Tệp tối đa {limit} byte."),
                ));
            }
            piece.extend_from_slice(&chunk);
        }
        if ended || piece.len() >= PIECE {
            let full = std::mem::take(&mut piece);
            file = blocking(move || {
                file.write_all(&full)?;
                Ok(file)
            })
            .await?;
        }
        if ended {
            return blocking(move || {
                file.seek(SeekFrom::Start(0))?;
                Ok(file)
            })
            .await;
        }
    }
}

/// Work with files, away from the threads that answer.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| e.to_string()).and_then(|result| result.map_err(|e| e.to_string())).map_err(|why| {
        tracing::error!(why, "a file could not be put aside");
        Problem::new("unavailable", "Try again in a moment.", "Vui lòng thử lại sau giây lát.")
    })
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(import_dossiers);
}
