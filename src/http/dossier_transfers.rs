//! `/dossiers/{code}/transfers`: another unit goes on with a dossier; `/units/{id}/handover`: with all of a unit's.

use std::collections::BTreeMap;

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
    domain::{dossier_events::Transfer, text::clean, time::Moment},
    service::{
        dossier_transfers::{NewHandover, NewTransfer, hand_over, transfer},
        dossiers::Dossiers,
        units::Units,
    },
};

/// A transfer as it is told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to_unit_id": "gso25-30130", "at": "2025-07-01T00:00:00+07:00", "ground": "Nghị quyết 1663/NQ-UBTVQH15"}))]
pub struct TransferInput {
    /// The unit that goes on. It must exist on the day of the transfer.
    pub to_unit_id: String,
    /// When; between the acceptance and the end of the dossier.
    pub at: Moment,
    /// On what ground: a resolution, a decision.
    #[serde(default)]
    pub ground: Option<String>,
}

/// A dossier that another unit goes on with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transfer, example = json!({
    "from_unit_id": "gso-874", "to_unit_id": "gso25-30130", "at": "2025-07-01T00:00:00+07:00",
    "arrived_at": "2025-07-02T08:15:00+07:00", "ground": "Nghị quyết 1663/NQ-UBTVQH15"
}))]
pub struct TransferBody {
    /// The unit that had it.
    pub from_unit_id: String,
    /// The unit that goes on.
    pub to_unit_id: String,
    /// When.
    pub at: Moment,
    /// When the service was told.
    pub arrived_at: Moment,
    /// On what ground.
    pub ground: Option<String>,
}

impl From<Transfer> for TransferBody {
    fn from(transfer: Transfer) -> Self {
        Self {
            from_unit_id: transfer.from_unit_id,
            to_unit_id: transfer.to_unit_id,
            at: transfer.at,
            arrived_at: transfer.arrived_at,
            ground: transfer.ground,
        }
    }
}

/// Transfer a dossier
///
/// Another unit goes on with it. What was counted before stays with the old unit, what comes later is the new
/// one's. The same transfer told again changes nothing (200).
#[utoipa::path(
    tag = "dossiers", params(("code" = String, Path, description = "Official code.")), request_body = TransferInput,
    responses(
        (status = 200, description = "It was told before.", body = TransferBody),
        (status = 201, description = "The transfer.", body = TransferBody),
    )
)]
#[post("/dossiers/{code}/transfers")]
pub async fn transfer_dossier(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (code, input, NoQuery {}): (_, TransferInput, NoQuery) =
        crud::read_about::<Dossiers, _, _>(&state, &request, &code, body).await?;
    let new = NewTransfer {
        to_unit_id: clean(&input.to_unit_id),
        at: input.at,
        ground: input.ground.as_deref().map(clean),
    };
    let done = transfer(&state.store, state.context(), code.clone(), new).await?;
    // A transfer is read in the history of its dossier.
    let location = format!("{}/dossiers/{}/events", crud::API, respond::segment(&code));
    let tag = crud::tag::<Dossiers>(&done.dossier, state.today());
    let view = TransferBody::from(done.transfer);
    Ok(if done.repeated { respond::written(tag, &view) } else { respond::created(&location, tag, &view) })
}

/// What a unit that ended hands over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ground": "Nghị quyết 1663/NQ-UBTVQH15", "fields": {"Đất đai": "gso25-30130"}, "to_unit_id": "gso25-30154"}))]
pub struct HandoverInput {
    /// When; the day on which the unit no longer exists, when left out.
    #[serde(default)]
    pub at: Option<Moment>,
    /// On what ground.
    #[serde(default)]
    pub ground: Option<String>,
    /// Where a dossier goes that nothing else assigns.
    #[serde(default)]
    pub to_unit_id: Option<String>,
    /// Where the dossiers of a field go: unit by field.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// What became of a handover.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "unit_id": "gso-874", "moved": [{"unit_id": "gso25-30130", "dossiers": 12}], "moved_total": 12,
    "unassigned": ["000.00.15.H20-250630-0007"]
}))]
pub struct HandoverBody {
    /// The unit that handed over.
    pub unit_id: String,
    /// How many dossiers each unit goes on with.
    pub moved: Vec<HandedOver>,
    /// All of them.
    pub moved_total: i64,
    /// Codes of dossiers that no rule assigns to one unit: they stay where they are.
    pub unassigned: Vec<String>,
}

/// Dossiers that a unit goes on with.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandedOver {
    /// The unit.
    pub unit_id: String,
    /// How many.
    pub dossiers: i64,
}

/// Hand over the open dossiers of a unit
///
/// Of a unit that ended: every dossier that was open at that moment passes on, to the successor of the unit that
/// took it in, to the unit named for its field, to the unit's only successor, or to `to_unit_id`. It may be
/// repeated: what has passed on is no longer the unit's.
#[utoipa::path(
    tag = "dossiers", params(("id" = String, Path, description = "Id of the unit.")), request_body = HandoverInput,
    responses((status = 200, description = "What passed on, and what stays.", body = HandoverBody))
)]
#[post("/units/{id}/handover")]
pub async fn hand_over_dossiers(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (id, input, NoQuery {}): (_, HandoverInput, NoQuery) =
        crud::read_about::<Units, _, _>(&state, &request, &id, body).await?;
    let new = NewHandover {
        at: input.at,
        ground: input.ground.as_deref().map(clean),
        to_unit_id: input.to_unit_id.as_deref().map(clean),
        fields: input.fields.into_iter().map(|(field, unit)| (clean(&field), clean(&unit))).collect(),
    };
    let done = hand_over(&state.store, state.context(), id.clone(), new).await?;
    let moved: Vec<HandedOver> =
        done.moved.into_iter().map(|(unit_id, dossiers)| HandedOver { unit_id, dossiers }).collect();
    Ok(respond::computed(
        &request,
        &HandoverBody { unit_id: id, moved_total: done.total, moved, unassigned: done.unassigned },
    ))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(transfer_dossier).service(hand_over_dossiers);
}
