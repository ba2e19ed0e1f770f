//! Records as a file, written while they are read: CSV or NDJSON, in the order of the key.

use std::{io, sync::Arc};

use actix_web::{HttpResponse, http::header, web};
use futures_util::stream;
use serde::Serialize;
use serde_json::Value as Json;

use super::{page::ListedResource, problem::Problem};
use crate::{
    domain::{imports::ImportFormat, time::Day},
    service::{
        access::Caller,
        crud,
        error::{Error, Result},
    },
    store::{
        Store, StoreError, Versioned,
        list::{After, Filter, Request, Sort, Value},
    },
};

/// Records that are read at once.
const PIECE: u32 = 1000;

/// Media type of a format.
pub const fn media_type(format: ImportFormat) -> &'static str {
    match format {
        ImportFormat::Csv => "text/csv; charset=utf-8",
        ImportFormat::Ndjson => "application/x-ndjson",
    }
}

/// How a resource is written in a file.
pub trait Exportable: ListedResource {
    /// A record as a line.
    type Line<'a>: Serialize;

    /// The line of a record on a day.
    fn line(record: &Versioned<Self::Record>, today: Day) -> Self::Line<'_>;

    /// A record that is none: the line of heads has its members, also where there are no records.
    fn blank() -> Versioned<Self::Record>;
}

/// Records as a file, piece by piece in the order of their keys; each piece is read at its own moment.
pub struct Export<R> {
    store: Store,
    caller: Arc<Caller>,
    filters: Vec<Filter>,
    format: ImportFormat,
    today: Day,
    after: Option<String>,
    begun: bool,
    ended: bool,
    bom: bool,
    of: std::marker::PhantomData<fn() -> R>,
}

impl<R: Exportable> Export<R> {
    /// An export of what filters leave.
    pub fn new(
        store: Store,
        caller: Arc<Caller>,
        filters: Vec<Filter>,
        format: ImportFormat,
        today: Day,
    ) -> Self {
        let of = std::marker::PhantomData;
        let (after, begun, ended, bom) = (None, false, false, false);
        Self { store, caller, filters, format, today, after, begun, ended, bom, of }
    }

    /// Whether the file begins with a byte order mark.
    #[must_use]
    pub fn with_bom(self, bom: bool) -> Self {
        Self { bom, ..self }
    }

    /// The next piece of the file with the number of its records; none at the end.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> Result<Option<(Vec<u8>, usize)>> {
        if self.ended {
            return Ok(None);
        }
        let sort = Sort { column: R::TABLE.key, descending: false };
        let after = self.after.take().map(|key| After { value: Some(Value::Text(key.clone())), key });
        let request = Request { filters: self.filters.clone(), sort, after, limit: PIECE };
        let page = crud::list::<R>(&self.store, self.caller.clone(), request, false).await?;
        self.after = page.items.last().map(|last| R::list_key(&last.record));
        self.ended = !page.more;
        let heads = !std::mem::replace(&mut self.begun, true);
        let mut text = match self.format {
            ImportFormat::Csv => csv_text::<R>(&page.items, heads, self.today)?,
            ImportFormat::Ndjson => ndjson_text::<R>(&page.items, self.today)?,
        };
        if heads && self.bom {
            text = ["\u{feff}".as_bytes(), &text].concat();
        }
        Ok(Some((text, page.items.len())))
    }
}

fn unwritable(error: impl std::fmt::Display) -> Error {
    Error::Store(StoreError::Other(format!("a record could not be written: {error}")))
}

fn ndjson_text<R: Exportable>(page: &[Versioned<R::Record>], today: Day) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for record in page {
        serde_json::to_writer(&mut text, &R::line(record, today)).map_err(unwritable)?;
        text.push(b'\n');
    }
    Ok(text)
}

fn csv_text<R: Exportable>(page: &[Versioned<R::Record>], heads: bool, today: Day) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if heads {
        writer.write_record(members::<R>(&R::blank(), today)?.keys()).map_err(unwritable)?;
    }
    for record in page {
        let members = members::<R>(record, today)?;
        writer.write_record(members.iter().map(|(_, value)| cell(value))).map_err(unwritable)?;
    }
    writer.into_inner().map_err(unwritable)
}

/// The members of a line by their names, in its order.
fn members<R: Exportable>(
    record: &Versioned<R::Record>,
    today: Day,
) -> Result<serde_json::Map<String, Json>> {
    match serde_json::to_value(R::line(record, today)).map_err(unwritable)? {
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

/// Sends an export as it is read.
///
/// # Errors
/// Those of the first piece; a later one cuts the file off.
pub async fn answer<R: Exportable>(mut export: Export<R>) -> std::result::Result<HttpResponse, Problem> {
    let format = export.format;
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
    let name = format!("attachment; filename=\"{}.{format}\"", R::NAME);
    Ok(HttpResponse::Ok()
        .content_type(media_type(format))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .streaming(Box::pin(pieces)))
}
