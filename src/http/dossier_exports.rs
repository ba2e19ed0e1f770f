//! `/dossiers/export`: dossiers as a file, written while they are read.

use std::io;

use actix_web::{HttpResponse, get, http::header, web};
use futures_util::stream;
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    app,
    body::Query,
    crud::Exposed,
    dossiers::{self, DossierView, ExportDossiersQuery},
    page,
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{
        dossier_events::History,
        dossiers::{Dossier, Status, SubmissionChannel},
        imports::ImportFormat,
        time::Day,
    },
    service::{
        crud,
        dossiers::Dossiers,
        error::{Error, Result},
    },
    store::{
        Store, StoreError, Versioned,
        list::{After, Filter, Request, Sort, Value},
    },
};

/// Dossiers that are read at once.
const PIECE: u32 = 1000;

/// Media type of a format.
pub const fn media_type(format: ImportFormat) -> &'static str {
    match format {
        ImportFormat::Csv => "text/csv; charset=utf-8",
        ImportFormat::Ndjson => "application/x-ndjson",
    }
}

/// Dossiers as a file, piece by piece in the order of their codes; each piece is read at its own moment.
pub struct Export {
    store: Store,
    filters: Vec<Filter>,
    format: ImportFormat,
    today: Day,
    after: Option<String>,
    begun: bool,
    ended: bool,
}

impl Export {
    /// An export of what the query's filters leave.
    pub fn new(store: Store, query: ExportDossiersQuery, today: Day, otherwise: ImportFormat) -> Self {
        let format = query.format.unwrap_or(otherwise);
        let query = query.into_list();
        let mut filters = dossiers::filters(&query, today);
        filters.extend(query.q.as_deref().map(page::contains));
        Self { store, filters, format, today, after: None, begun: false, ended: false }
    }

    /// How its rows are written.
    pub const fn format(&self) -> ImportFormat {
        self.format
    }

    /// The next piece of the file with the number of its dossiers; none at the end.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> Result<Option<(Vec<u8>, usize)>> {
        if self.ended {
            return Ok(None);
        }
        let sort = Sort { column: "code", descending: false };
        let after = self.after.take().map(|code| After { value: Some(Value::Text(code.clone())), key: code });
        let request = Request { filters: self.filters.clone(), sort, after, limit: PIECE };
        let page = crud::list::<Dossiers>(&self.store, request, false).await?;
        self.after = page.items.last().map(|last| last.record.code.clone());
        self.ended = !page.more;
        let heads = !std::mem::replace(&mut self.begun, true);
        let text = match self.format {
            ImportFormat::Csv => csv_text(&page.items, heads, self.today),
            ImportFormat::Ndjson => ndjson_text(&page.items, self.today),
        };
        Ok(Some((text?, page.items.len())))
    }
}

fn unwritable(error: impl std::fmt::Display) -> Error {
    Error::Store(StoreError::Other(format!("a dossier could not be written: {error}")))
}

/// A dossier as `GET` gives it, and its history where its times don't tell it.
#[derive(Serialize)]
struct Exported<'a> {
    #[serde(flatten)]
    view: DossierView,
    history: Option<&'a History>,
}

impl<'a> Exported<'a> {
    fn of(dossier: &'a Versioned<Dossier>, today: Day) -> Self {
        Self { view: Dossiers::view(dossier, today), history: dossier.record.history.as_deref() }
    }
}

fn ndjson_text(page: &[Versioned<Dossier>], today: Day) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for dossier in page {
        serde_json::to_writer(&mut text, &Exported::of(dossier, today)).map_err(unwritable)?;
        text.push(b'\n');
    }
    Ok(text)
}

fn csv_text(page: &[Versioned<Dossier>], heads: bool, today: Day) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if heads {
        writer.write_record(members(&blank(), today)?.keys()).map_err(unwritable)?;
    }
    for dossier in page {
        let members = members(dossier, today)?;
        writer.write_record(members.iter().map(|(_, value)| cell(value))).map_err(unwritable)?;
    }
    writer.into_inner().map_err(unwritable)
}

/// The members of a line by their names, in its order.
fn members(dossier: &Versioned<Dossier>, today: Day) -> Result<serde_json::Map<String, Json>> {
    match serde_json::to_value(Exported::of(dossier, today)).map_err(unwritable)? {
        Json::Object(members) => Ok(members),
        _ => Err(unwritable("it is no object")),
    }
}

/// A value as a cell: nothing for null and for an empty list, a list or an object as JSON.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(items) if items.is_empty() => String::new(),
        other => other.to_string(),
    }
}

/// A dossier that is none: the line of heads has its members, also where there are no dossiers.
fn blank() -> Versioned<Dossier> {
    let record = Dossier {
        code: String::new(),
        unit_id: String::new(),
        received_by_unit_id: None,
        procedure_code: None,
        field: None,
        submitted_via: SubmissionChannel::InPerson,
        online_level: None,
        returned_via: None,
        interlinked: false,
        synthetic: false,
        submitted_at: None,
        accepted_at: None,
        first_due_at: None,
        due_at: None,
        re_appointed_to: None,
        finished_at: None,
        returned_at: None,
        status: Status::RETURNED,
        due_derived: false,
        due_calendar: None,
        recorded_at: None,
        history: None,
    };
    Versioned { record, version: 0 }
}

/// Export dossiers
///
/// Every dossier that the filters leave, in the order of codes, as CSV or as NDJSON: each line is a dossier as
/// `GET` gives it with its `history`, the events, due changes and transfers that are kept of it, or null where
/// its times tell all. An import of the file into a database with the same units gives the same dossiers with
/// their histories and statistics. In CSV a list or an object is JSON. Cells are written as they are kept, for
/// machines: a spreadsheet may take a text that begins with `=` for a formula. The file is written while it is
/// read; a write that comes in between may or may not be in it.
#[utoipa::path(tag = "dossiers", params(ExportDossiersQuery), responses(
    (status = 200, description = "The file.", content((String = "text/csv"), (String = "application/x-ndjson")))
))]
#[get("/dossiers/export")]
pub async fn export_dossiers(
    state: web::Data<AppState>,
    Query(query): Query<ExportDossiersQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    let mut export = Export::new(state.store.clone(), query, state.today(), ImportFormat::Csv);
    let format = export.format();
    // The first piece is read here, so that its error is a problem document and not a file cut off.
    let first = export.next().await?;
    let pieces = stream::unfold((first, export), |(ready, mut export)| async move {
        let piece = match ready {
            Some(piece) => Ok(Some(piece)),
            None => export.next().await,
        };
        match piece {
            Ok(piece) => piece.map(|(text, _)| (Ok(web::Bytes::from(text)), (None, export))),
            Err(error) => {
                tracing::error!(error = ?error, "an export was cut off");
                export.ended = true;
                Some((Err(io::Error::other("the database could not go on")), (None, export)))
            }
        }
    });
    Ok(HttpResponse::Ok()
        .content_type(media_type(format))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"dossiers.{format}\"")))
        .streaming(Box::pin(pieces)))
}

/// The addresses of this file. They stand before those of dossiers, whose codes could otherwise be `export`.
pub fn configure(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config
        .service(export_dossiers)
        .map(|config| config.service(web::resource("/dossiers/export").to(app::fallback)));
}
