//! `/units`: administrative units in time, and their lineage.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, Exposed, Key},
    endpoints::Endpoints,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        text::{clean, sort_key},
        time::Day,
        units::{Extent, FormerName, FormerParent, Level, Successor, Unit},
    },
    service::{
        crud::{Absent, Proposal},
        error::Error,
        units::{self, Relative, Units},
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] =
    &[("id", "id"), ("name", "name_sort"), ("code", "code"), ("valid_from", "valid_from")];

/// A unit that took over a unit that ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Successor)]
pub struct SuccessorBody {
    /// The successor.
    pub unit_id: String,
    /// How much of the old unit went there.
    pub extent: Extent,
}

/// A name that a unit bore before.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FormerName, example = json!({"name": "Tỉnh Thừa Thiên Huế", "until": "2025-01-01"}))]
pub struct FormerNameBody {
    /// The name, with its kind.
    pub name: String,
    /// First day on which the unit no longer bore it; the next of the list begins on it, or `name`.
    pub until: Day,
}

/// A unit that stood directly above another before.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FormerParent)]
pub struct FormerParentBody {
    /// The unit above; null when there was none.
    #[serde(default)]
    pub parent_id: Option<String>,
    /// First day on which it no longer stood above; the next of the list begins on it, or `parent_id`.
    pub until: Day,
}

/// An administrative unit or department, and how long it exists.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unit, example = json!({
    "id": "gso-874", "code": "874", "code_scheme": "gso", "name": "Huyện Thanh Bình", "former_names": [],
    "level": "district", "parent_id": "gso-87", "former_parents": [], "valid_from": null,
    "valid_to": "2025-07-01", "successors": []
}))]
pub struct UnitView {
    /// The key, chosen by its creator.
    pub id: String,
    /// Official code; used again over time.
    pub code: Option<String>,
    /// List that the code belongs to.
    pub code_scheme: Option<String>,
    /// Full name with its kind, as it is today or was at the end.
    pub name: String,
    /// Names that it bore before, from the earliest to the latest.
    pub former_names: Vec<FormerNameBody>,
    /// Level.
    pub level: Level,
    /// The unit directly above.
    pub parent_id: Option<String>,
    /// Units that stood directly above before, from the earliest to the latest.
    pub former_parents: Vec<FormerParentBody>,
    /// First day on which it exists.
    pub valid_from: Option<Day>,
    /// First day on which it no longer exists.
    pub valid_to: Option<Day>,
    /// What became of it.
    pub successors: Vec<SuccessorBody>,
}

/// A unit as it shall be. What a `GET` gives can be sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "sample-commune", "name": "Xã Mẫu", "level": "commune", "parent_id": "gso25-82"}))]
pub struct UnitInput {
    /// The key; in a `PUT` it may be left out.
    #[serde(default)]
    pub id: Option<String>,
    /// Official code.
    #[serde(default)]
    pub code: Option<String>,
    /// List that the code belongs to.
    #[serde(default)]
    pub code_scheme: Option<String>,
    /// Full name with its kind.
    pub name: String,
    /// Names that it bore before, from the earliest to the latest. A name that was only misspelled is none.
    #[serde(default)]
    pub former_names: Vec<FormerNameBody>,
    /// Level.
    pub level: Level,
    /// The unit directly above.
    #[serde(default)]
    pub parent_id: Option<String>,
    /// Units that stood directly above before, from the earliest to the latest.
    #[serde(default)]
    pub former_parents: Vec<FormerParentBody>,
    /// First day on which it exists.
    #[serde(default)]
    pub valid_from: Option<Day>,
    /// First day on which it no longer exists.
    #[serde(default)]
    pub valid_to: Option<Day>,
    /// What became of it.
    #[serde(default)]
    pub successors: Vec<SuccessorBody>,
}

/// A page of units.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitPage {
    /// The units.
    pub items: Vec<UnitView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which units.
    pub struct ListUnitsQuery by SORTS {
        /// Units with this code.
        code: String,
        /// Units with codes of this list.
        code_scheme: String,
        /// Units of this level.
        level: Level,
        /// Units directly under this one.
        parent_id: String,
        /// This unit and all below it.
        under: String,
        /// Units that exist on this day.
        as_of: Day,
        /// Units of exactly this name.
        name: String,
        /// Units that begin on this day.
        valid_from: Day,
        /// Units that no longer exist from this day on.
        valid_to: Day,
    }
}

impl ListedResource for Units {
    fn sort_value(unit: &Unit, column: &str) -> Option<Value> {
        match column {
            "name_sort" => Some(Value::Text(sort_key(&unit.name))),
            "code" => unit.code.clone().map(Value::Text),
            "valid_from" => unit.valid_from.map(|day| Value::Date(day.date())),
            _ => None,
        }
    }
}

impl Exposed for Units {
    type View = UnitView;
    type Input = UnitInput;

    fn view(unit: Versioned<Unit>, _today: Day) -> UnitView {
        let unit = unit.record;
        UnitView {
            id: unit.id,
            code: unit.code,
            code_scheme: unit.code_scheme,
            name: unit.name,
            former_names: unit
                .former_names
                .into_iter()
                .map(|f| FormerNameBody { name: f.name, until: f.until })
                .collect(),
            level: unit.level,
            parent_id: unit.parent_id,
            former_parents: unit
                .former_parents
                .into_iter()
                .map(|f| FormerParentBody { parent_id: f.parent_id, until: f.until })
                .collect(),
            valid_from: unit.valid_from,
            valid_to: unit.valid_to,
            successors: unit
                .successors
                .into_iter()
                .map(|s| SuccessorBody { unit_id: s.unit_id, extent: s.extent })
                .collect(),
        }
    }

    fn proposal(input: UnitInput, key: Key, _old: Option<&Unit>) -> Result<Proposal<Unit>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let unit = Unit {
            id: key.or_body("/id", input.id)?,
            code: text(input.code),
            code_scheme: text(input.code_scheme),
            name: clean(&input.name),
            former_names: input
                .former_names
                .into_iter()
                .map(|f| FormerName { name: clean(&f.name), until: f.until })
                .collect(),
            level: input.level,
            parent_id: text(input.parent_id),
            former_parents: input
                .former_parents
                .into_iter()
                .map(|f| FormerParent { parent_id: text(f.parent_id), until: f.until })
                .collect(),
            valid_from: input.valid_from,
            valid_to: input.valid_to,
            successors: input
                .successors
                .into_iter()
                .map(|s| Successor { unit_id: clean(&s.unit_id), extent: s.extent })
                .collect(),
        };
        Ok(unit.into())
    }
}

/// List units
///
/// Units live in time: `as_of` asks for those that exist on a day; codes are used again. `q` finds former names too.
#[utoipa::path(tag = "units", params(ListUnitsQuery), responses((status = 200, description = "A page of units.", body = UnitPage)))]
#[get("/units")]
pub async fn list_units(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListUnitsQuery>,
) -> Result<HttpResponse, Problem> {
    let [from, to] = match query.as_of {
        Some(day) => page::exists_on(day).map(Some),
        None => [None, None],
    };
    let filters = [
        page::is("code", query.code.as_ref()),
        page::is("name", query.name.as_ref()),
        page::is_day("valid_from", query.valid_from),
        page::is_day("valid_to", query.valid_to),
        page::is("code_scheme", query.code_scheme.as_ref()),
        page::is_word("level", query.level.map(Level::as_str)),
        page::is("parent_id", query.parent_id.as_ref()),
        page::under("id", query.under.as_ref()),
        from,
        to,
    ];
    crud::list::<Units>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create a unit
///
/// The id is the caller's choice and never changes. Only `id`, `name` and `level` are required.
#[utoipa::path(tag = "units", request_body = UnitInput, responses((status = 201, description = "The new unit.", body = UnitView)))]
#[post("/units")]
pub async fn create_unit(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<Units>(&state, &request, body).await
}

/// Get a unit
///
/// Units that ended stay: history is theirs.
#[utoipa::path(tag = "units", params(("id" = String, Path, description = "Id of the unit.")), responses((status = 200, description = "The unit.", body = UnitView)))]
#[get("/units/{id}")]
pub async fn get_unit(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<Units>(&state, &request, &id).await
}

/// Put a unit
///
/// Replaces the unit, or creates it when absent. Repeating it changes nothing.
#[utoipa::path(tag = "units", params(("id" = String, Path, description = "Id of the unit.")), request_body = UnitInput, responses(
    (status = 200, description = "The unit as it is now.", body = UnitView),
    (status = 201, description = "The new unit.", body = UnitView),
))]
#[put("/units/{id}")]
pub async fn put_unit(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<Units>(&state, &request, &id, body, Absent::Create).await
}

/// Patch a unit
///
/// A JSON merge patch of what `GET` gives. A unit that is renamed gets the new `name`, and the old one with the day in
/// `former_names`: rankings and imports of a year go by the name of that year.
#[utoipa::path(tag = "units", params(("id" = String, Path, description = "Id of the unit.")), request_body(content = UnitInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The unit as it is now.", body = UnitView)))]
#[patch("/units/{id}")]
pub async fn patch_unit(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<Units>(&state, &request, &id, body).await
}

/// Delete a unit
///
/// Refused while other records refer to it; the problem names them.
#[utoipa::path(tag = "units", params(("id" = String, Path, description = "Id of the unit.")), responses((status = 204, description = "It is gone.")))]
#[delete("/units/{id}")]
pub async fn delete_unit(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let key = crud::path_key::<Units>(&id)?;
    units::refuse_delete_beyond_reach(&state.store, state.context(), key).await?;
    crud::delete::<Units>(&state, &request, &id).await
}

/// A relative of a unit in time.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitRelative {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// How much of the older unit went to the younger one.
    pub extent: Extent,
}

/// What a unit came from and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "unit_id": "gso-30157", "predecessors": [],
    "successors": [
        {"unit_id": "gso25-30130", "unit_name": "Xã Thanh Bình", "extent": "part"},
        {"unit_id": "gso25-30157", "unit_name": "Xã Tân Thạnh", "extent": "part"}
    ]
}))]
pub struct UnitLineage {
    /// The unit.
    pub unit_id: String,
    /// Units that passed to it.
    pub predecessors: Vec<UnitRelative>,
    /// Units that it passed to.
    pub successors: Vec<UnitRelative>,
}

/// Get the lineage of a unit
///
/// What it came from and what became of it, each with how much of the older unit went to the younger.
#[utoipa::path(tag = "units", params(("id" = String, Path, description = "Id of the unit.")), responses((status = 200, description = "Its relatives in time.", body = UnitLineage)))]
#[get("/units/{id}/lineage")]
pub async fn get_unit_lineage(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let lineage = units::lineage(&state.store, crud::path_key::<Units>(&id)?).await?;
    crud::no_query(&request)?;
    let relatives = |of: Vec<Relative>| -> Vec<UnitRelative> {
        of.into_iter()
            .map(|r| UnitRelative { unit_id: r.unit_id, unit_name: r.unit_name, extent: r.extent })
            .collect()
    };
    let body = UnitLineage {
        unit_id: lineage.unit_id,
        predecessors: relatives(lineage.predecessors),
        successors: relatives(lineage.successors),
    };
    Ok(respond::computed(&request, &body))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_units)
        .service(create_unit)
        .service(get_unit_lineage)
        .service(get_unit)
        .service(put_unit)
        .service(patch_unit)
        .service(delete_unit);
}
