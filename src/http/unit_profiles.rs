//! `/units/{id}/profile`: every index of a unit, its latest standing and its series.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Query, crud, endpoints::Endpoints, frame, kept, problem::Problem, series::SeriesPoint,
    state::AppState,
};
use crate::{
    domain::{index_scores::ScoreStage, time::Day, units::Level},
    service::{
        self,
        edition_cycle::{Asked, Which},
        unit_profiles::{self, ProfileIndex, UnitProfile},
        units::Units,
    },
};

/// Which scores.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProfileQuery {
    /// Stage of the scores; `final` when left out.
    pub stage: Option<ScoreStage>,
}

/// An index of a profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileIndex)]
pub struct ProfileIndexBody {
    /// The index.
    pub index_code: String,
    /// Its name.
    pub index_name: String,
    /// The latest year that the unit is ranked in; null where it is ranked in none.
    pub latest: Option<SeriesPoint>,
    /// A point for each year from the unit's first score to its last; a gap has nulls and says why.
    pub points: Vec<SeriesPoint>,
}

impl From<&ProfileIndex> for ProfileIndexBody {
    fn from(index: &ProfileIndex) -> Self {
        Self {
            index_code: index.index_code.clone(),
            index_name: index.index_name.clone(),
            latest: index.latest().map(Into::into),
            points: index.points.iter().map(Into::into).collect(),
        }
    }
}

/// A unit with all its indexes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnitProfile, example = json!({
    "unit_id": "gso-87", "unit_name": "Tỉnh Đồng Tháp", "level": "province", "valid_from": null,
    "valid_to": "2025-07-01", "stage": "final", "indexes": [{
        "index_code": "pci", "index_name": "Chỉ số năng lực cạnh tranh cấp tỉnh (PCI)",
        "latest": {
            "year": 2016, "score": 64.96, "score_exact": "64.9552993774414", "rank": 3, "tied": false, "cohort_size": 63,
            "band": "Rất tốt", "published_rank": 3, "cohort": "provinces", "framework": "pci-2013", "comparable": true,
            "not_comparable_because": null, "missing_because": null, "unranked_because": null
        },
        "points": []
    }]
}))]
pub struct UnitProfileBody {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Its level.
    pub level: Level,
    /// First day on which it exists.
    pub valid_from: Option<Day>,
    /// First day on which it no longer exists.
    pub valid_to: Option<Day>,
    /// Stage of the scores.
    pub stage: ScoreStage,
    /// The indexes that it has a score in, by code.
    pub indexes: Vec<ProfileIndexBody>,
}

impl UnitProfileBody {
    fn new(profile: UnitProfile, stage: ScoreStage) -> Self {
        let unit = profile.unit;
        Self {
            unit_id: unit.id,
            unit_name: unit.name,
            level: unit.level,
            valid_from: unit.valid_from,
            valid_to: unit.valid_to,
            stage,
            indexes: profile.indexes.iter().map(Into::into).collect(),
        }
    }
}

/// Get the profile of a unit
///
/// Every index that the unit has a score in, with its series and the latest year that it is ranked in. History
/// stays under the old unit: `/units/{id}/lineage` names predecessors and successors.
#[utoipa::path(
    tag = "rankings",
    params(("id" = String, Path, description = "Id of the unit."), ProfileQuery),
    responses((status = 200, description = "The profile.", body = UnitProfileBody))
)]
#[get("/units/{id}/profile")]
pub async fn get_unit_profile(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    query: Result<Query<ProfileQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let id = crud::path_key::<Units>(&id)?;
    let stage = match query {
        Ok(Query(query)) => query.stage.unwrap_or(ScoreStage::Final),
        Err(problem) => {
            service::crud::get::<Units>(&state.store, frame::caller(), id).await?;
            return Err(problem);
        }
    };
    let asked = Asked { which: Which::Current, rights: state.rights() };
    kept::answer(&state, &request, async |_| {
        Ok(UnitProfileBody::new(unit_profiles::profile(&state.store, id, stage, asked).await?, stage))
    })
    .await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_unit_profile);
}
