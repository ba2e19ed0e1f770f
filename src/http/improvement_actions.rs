//! `/improvement-actions`: what reviews order, by whom and until when.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, Exposed, Key},
    endpoints::Endpoints,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{
        improvement_actions::{ActionKind, ActionStatus, ImprovementAction},
        text::clean,
        time::Day,
    },
    service::{
        crud::{Absent, Proposal},
        error::Error,
        improvement_actions::ImprovementActions,
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("due_on", "due_on")];

/// An improvement action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImprovementAction, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000003", "kind": "plan_task",
    "title": "Nâng tỷ lệ hồ sơ nộp trực tuyến lên 30%", "owner_unit_id": "gso-874", "review_unit_id": "gso-874",
    "review_year": 2020, "index_code": null, "criterion": null, "due_on": "2021-12-31", "status": "open", "note": null
}))]
pub struct ImprovementActionView {
    /// Made by the service.
    pub id: String,
    /// Kind.
    pub kind: ActionKind,
    /// What is to be done.
    pub title: String,
    /// Who is to do it.
    pub owner_unit_id: String,
    /// The unit whose review ordered it.
    pub review_unit_id: Option<String>,
    /// The year of that review.
    pub review_year: Option<i32>,
    /// The index it is to improve.
    pub index_code: Option<String>,
    /// The criterion of that index.
    pub criterion: Option<String>,
    /// Until when.
    pub due_on: Option<Day>,
    /// Where it stands.
    pub status: ActionStatus,
    /// Remarks.
    pub note: Option<String>,
}

/// An improvement action as it shall be. What a `GET` gives can be sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "plan_task", "title": "Nâng tỷ lệ hồ sơ nộp trực tuyến lên 30%", "owner_unit_id": "gso-874",
    "review_unit_id": "gso-874", "review_year": 2020, "due_on": "2021-12-31"
}))]
pub struct ImprovementActionInput {
    /// The key; the service makes it, a `PUT` may repeat it.
    #[serde(default)]
    pub id: Option<String>,
    /// Kind.
    pub kind: ActionKind,
    /// What is to be done.
    pub title: String,
    /// Who is to do it.
    pub owner_unit_id: String,
    /// The unit whose review ordered it; given together with `review_year`.
    #[serde(default)]
    pub review_unit_id: Option<String>,
    /// The year of that review.
    #[serde(default)]
    #[schema(minimum = 1900, maximum = 2999)]
    pub review_year: Option<i32>,
    /// The index it is to improve.
    #[serde(default)]
    pub index_code: Option<String>,
    /// A criterion of some edition of that index.
    #[serde(default)]
    pub criterion: Option<String>,
    /// Until when.
    #[serde(default)]
    pub due_on: Option<Day>,
    /// Where it stands; `open` when left out.
    #[serde(default)]
    pub status: Option<ActionStatus>,
    /// Remarks.
    #[serde(default)]
    pub note: Option<String>,
}

/// A page of improvement actions.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImprovementActionPage {
    /// The actions.
    pub items: Vec<ImprovementActionView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which actions.
    pub struct ListImprovementActionsQuery by SORTS {
        /// Actions of this kind.
        kind: ActionKind,
        /// Actions that stand here.
        status: ActionStatus,
        /// Actions of this unit alone.
        owner_unit_id: String,
        /// Actions of this unit and all below it.
        under: String,
        /// Actions that reviews of this unit ordered.
        review_unit_id: String,
        /// Actions that reviews of this year ordered.
        review_year: i32,
        /// Actions that are to improve this index.
        index_code: String,
        /// Actions on this criterion.
        criterion: String,
        /// Actions due on this day.
        due_on: Day,
    }
}

impl ListedResource for ImprovementActions {
    fn sort_value(action: &ImprovementAction, column: &str) -> Option<Value> {
        match column {
            "due_on" => action.due_on.map(|day| Value::Date(day.date())),
            _ => None,
        }
    }
}

impl Exposed for ImprovementActions {
    type View = ImprovementActionView;
    type Input = ImprovementActionInput;

    fn view(action: Versioned<ImprovementAction>, _today: Day) -> ImprovementActionView {
        let a = action.record;
        ImprovementActionView {
            id: a.id,
            kind: a.kind,
            title: a.title,
            owner_unit_id: a.owner_unit_id,
            review_unit_id: a.review_unit_id,
            review_year: a.review_year,
            index_code: a.index_code,
            criterion: a.criterion,
            due_on: a.due_on,
            status: a.status,
            note: a.note,
        }
    }

    fn proposal(
        input: ImprovementActionInput,
        key: Key,
        _old: Option<&ImprovementAction>,
    ) -> Result<Proposal<ImprovementAction>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let action = ImprovementAction {
            id: key.or_new("/id", input.id)?,
            kind: input.kind,
            title: clean(&input.title),
            owner_unit_id: clean(&input.owner_unit_id),
            review_unit_id: text(input.review_unit_id),
            review_year: input.review_year,
            index_code: text(input.index_code),
            criterion: text(input.criterion),
            due_on: input.due_on,
            status: input.status.unwrap_or(ActionStatus::Open),
            note: text(input.note),
        };
        Ok(action.into())
    }
}

/// List improvement actions
///
/// Filters are exact. Sorted by `due_on`, those without a date come last.
#[utoipa::path(tag = "improvement actions", params(ListImprovementActionsQuery), responses((status = 200, description = "A page of actions.", body = ImprovementActionPage)))]
#[get("/improvement-actions")]
pub async fn list_improvement_actions(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListImprovementActionsQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        page::is_word("kind", query.kind.map(ActionKind::as_str)),
        page::is_word("status", query.status.map(ActionStatus::as_str)),
        page::is("owner_unit_id", query.owner_unit_id.as_ref()),
        page::under("owner_unit_id", query.under.as_ref()),
        page::is("review_unit_id", query.review_unit_id.as_ref()),
        page::is_number("review_year", query.review_year),
        page::is("index_code", query.index_code.as_ref()),
        page::is("criterion", query.criterion.as_ref()),
        page::is_day("due_on", query.due_on),
    ];
    crud::list::<ImprovementActions>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create an improvement action
///
/// The service makes the id. Only `kind`, `title` and `owner_unit_id` are required; it is `open` unless said.
#[utoipa::path(tag = "improvement actions", request_body = ImprovementActionInput, responses((status = 201, description = "The new action.", body = ImprovementActionView)))]
#[post("/improvement-actions")]
pub async fn create_improvement_action(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<ImprovementActions>(&state, &request, body).await
}

/// Get an improvement action
///
/// The review that ordered it, when there is one, is named by its unit and year.
#[utoipa::path(tag = "improvement actions", params(("id" = String, Path, description = "Id of the action.")), responses((status = 200, description = "The action.", body = ImprovementActionView)))]
#[get("/improvement-actions/{id}")]
pub async fn get_improvement_action(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<ImprovementActions>(&state, &request, &id).await
}

/// Put an improvement action
///
/// Replaces an action that exists. Repeating it changes nothing.
#[utoipa::path(tag = "improvement actions", params(("id" = String, Path, description = "Id of the action.")), request_body = ImprovementActionInput, responses((status = 200, description = "The action as it is now.", body = ImprovementActionView)))]
#[put("/improvement-actions/{id}")]
pub async fn put_improvement_action(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<ImprovementActions>(&state, &request, &id, body, Absent::Refuse).await
}

/// Patch an improvement action
///
/// A JSON merge patch of what `GET` gives.
#[utoipa::path(tag = "improvement actions", params(("id" = String, Path, description = "Id of the action.")), request_body(content = ImprovementActionInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The action as it is now.", body = ImprovementActionView)))]
#[patch("/improvement-actions/{id}")]
pub async fn patch_improvement_action(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<ImprovementActions>(&state, &request, &id, body).await
}

/// Delete an improvement action
///
/// The change log keeps what it was.
#[utoipa::path(tag = "improvement actions", params(("id" = String, Path, description = "Id of the action.")), responses((status = 204, description = "It is gone.")))]
#[delete("/improvement-actions/{id}")]
pub async fn delete_improvement_action(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<ImprovementActions>(&state, &request, &id).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_improvement_actions)
        .service(create_improvement_action)
        .service(get_improvement_action)
        .service(put_improvement_action)
        .service(patch_improvement_action)
        .service(delete_improvement_action);
}
