//! `POST /calendars/{id}/recompute`: due dates that an older version of a calendar derived, or whose waits it counted.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::Body,
    crud::{self, NoQuery},
    endpoints::Endpoints,
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::time::Moment,
    service::{calendars::Calendars, recompute},
};

/// Whether it is done, or only told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"dry_run": true}))]
pub struct RecomputeInput {
    /// Only tell what would change; false writes it.
    pub dry_run: bool,
}

/// A due date counted again.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecomputedDueDate {
    /// The dossier.
    pub code: String,
    /// Its unit.
    pub unit_id: String,
    /// The due date before.
    pub due_at: Option<Moment>,
    /// The due date by the present version of the calendar.
    pub new_due_at: Moment,
}

/// What counting again changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "calendar_id": "vn", "version": 2, "dry_run": true, "examined": 3, "changed": 1,
    "changes": [{"code": "000.05.15.H20-210302-0007", "unit_id": "gso-874",
        "due_at": "2021-03-10T17:00:00+07:00", "new_due_at": "2021-03-11T17:00:00+07:00"}]
}))]
pub struct RecomputeBody {
    /// The calendar.
    pub calendar_id: String,
    /// Its present version.
    pub version: i32,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Dossiers that the key reaches where an older version derived the due date or counted a wait.
    pub examined: i64,
    /// Those among them whose due date changes.
    pub changed: i64,
    /// Of these, that the key may read, a thousand at most, by code.
    pub changes: Vec<RecomputedDueDate>,
}

/// Count due dates again
///
/// Editing a calendar moves no past deadline. This counts again the due dates that were derived with an older
/// version and the waits that one counted, also after a date that somebody gave; a dry run lists what would change.
/// Dates that somebody gave stay, so does what rules and other calendars decided, and `first_due_at` stays what was
/// told at acceptance. Dossiers that the key does not reach stay as they are; without `dossiers:read` the others
/// are counted and not listed.
#[utoipa::path(
    tag = "calendars", params(("id" = String, Path, description = "Id of the calendar.")), request_body = RecomputeInput,
    responses((status = 200, description = "What changes, or what changed.", body = RecomputeBody))
)]
#[post("/calendars/{id}/recompute")]
pub async fn recompute_calendar(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (id, input, NoQuery {}): (_, RecomputeInput, NoQuery) =
        crud::read_about::<Calendars, _, _>(&state, &request, &id, body).await?;
    let done = recompute::recompute(&state.store, state.context(), id.clone(), input.dry_run).await?;
    let changes = done.changes.into_iter().map(|change| RecomputedDueDate {
        code: change.code,
        unit_id: change.unit_id,
        due_at: change.due_at,
        new_due_at: change.new_due_at,
    });
    Ok(respond::computed(
        &request,
        &RecomputeBody {
            calendar_id: id,
            version: done.version,
            dry_run: input.dry_run,
            examined: done.examined,
            changed: done.changed,
            changes: changes.collect(),
        },
    ))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(recompute_calendar);
}
