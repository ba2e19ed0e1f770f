//! `/dossiers/export`: dossiers as a file, written while they are read.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use serde::Serialize;

use super::{
    body::Query,
    crud::Exposed,
    dossiers::{self, DossierView, ExportDossiersQuery},
    endpoints::Endpoints,
    exports::{self, Export, Exportable},
    frame, page,
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
    service::{access::Caller, dossiers::Dossiers},
    store::{Store, Versioned},
};

/// An export of the dossiers that the query's filters leave.
pub fn export(
    store: Store,
    caller: Arc<Caller>,
    query: ExportDossiersQuery,
    today: Day,
    otherwise: ImportFormat,
) -> Export<Dossiers> {
    let format = query.format.unwrap_or(otherwise);
    let query = query.into_list();
    let mut filters = dossiers::filters(&query, today);
    filters.extend(query.q.as_deref().map(page::contains));
    Export::new(store, caller, filters, format, today)
}

/// A dossier as `GET` gives it, and its history where its times don't tell it.
#[derive(Serialize)]
pub struct Exported<'a> {
    #[serde(flatten)]
    view: DossierView,
    history: Option<&'a History>,
}

impl Exportable for Dossiers {
    type Line<'a> = Exported<'a>;

    fn line(dossier: &Versioned<Dossier>, today: Day) -> Exported<'_> {
        Exported { view: Self::view(dossier.clone(), today), history: dossier.record.history.as_deref() }
    }

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
) -> Result<HttpResponse, Problem> {
    exports::answer(export(state.store.clone(), frame::caller(), query, state.today(), ImportFormat::Csv))
        .await
}

/// The addresses of this file; they stand before those of dossiers, where `export` would be a code.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(export_dossiers);
}
