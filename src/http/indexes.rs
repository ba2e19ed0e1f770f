//! `/indexes`: what is measured year after year.

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
        indexes::Index,
        text::{clean, sort_key},
        time::Day,
    },
    service::{
        crud::{Absent, Proposal},
        error::Error,
        indexes::Indexes,
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("code", "code"), ("name", "name_sort")];

/// An index: what is measured year after year.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Index, example = json!({
    "code": "pci", "name": "Chỉ số năng lực cạnh tranh cấp tỉnh", "name_en": "Provincial Competitiveness Index",
    "description": "VCCI công bố hằng năm."
}))]
pub struct IndexView {
    /// Short code, the key.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: Option<String>,
    /// Who measures what, and on whose authority.
    pub description: Option<String>,
}

/// An index as it shall be. What a `GET` gives can be sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "ddci", "name": "Chỉ số năng lực cạnh tranh cấp sở, ngành và địa phương"}))]
pub struct IndexInput {
    /// Short code, the key; in a `PUT` it may be left out.
    #[serde(default)]
    pub code: Option<String>,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    #[serde(default)]
    pub name_en: Option<String>,
    /// Who measures what, and on whose authority.
    #[serde(default)]
    pub description: Option<String>,
}

/// A page of indexes.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexPage {
    /// The indexes.
    pub items: Vec<IndexView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which indexes.
    pub struct ListIndexesQuery by SORTS {
        /// Indexes of exactly this name.
        name: String,
        /// Indexes of exactly this English name.
        name_en: String,
    }
}

impl ListedResource for Indexes {
    fn sort_value(index: &Index, column: &str) -> Option<Value> {
        match column {
            "name_sort" => Some(Value::Text(sort_key(&index.name))),
            _ => None,
        }
    }
}

impl Exposed for Indexes {
    type View = IndexView;
    type Input = IndexInput;

    fn view(index: Versioned<Index>, _today: Day) -> IndexView {
        let index = index.record;
        IndexView {
            code: index.code,
            name: index.name,
            name_en: index.name_en,
            description: index.description,
        }
    }

    fn proposal(input: IndexInput, key: Key, _old: Option<&Index>) -> Result<Proposal<Index>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let index = Index {
            code: key.or_body("/code", input.code)?,
            name: clean(&input.name),
            name_en: text(input.name_en),
            description: text(input.description),
        };
        Ok(index.into())
    }
}

/// List indexes
///
/// PAR index, PCI, DDCI and whatever else is measured. Their frameworks are editions, one a year.
#[utoipa::path(tag = "indexes", params(ListIndexesQuery), responses((status = 200, description = "A page of indexes.", body = IndexPage)))]
#[get("/indexes")]
pub async fn list_indexes(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListIndexesQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [page::is("name", query.name.as_ref()), page::is("name_en", query.name_en.as_ref())];
    crud::list::<Indexes>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create an index
///
/// The code is the caller's choice and never changes. Only `code` and `name` are required.
#[utoipa::path(tag = "indexes", request_body = IndexInput, responses((status = 201, description = "The new index.", body = IndexView)))]
#[post("/indexes")]
pub async fn create_index(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<Indexes>(&state, &request, body).await
}

/// Get an index
///
/// Its names and what it measures; the figures belong to its editions.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index.")), responses((status = 200, description = "The index.", body = IndexView)))]
#[get("/indexes/{code}")]
pub async fn get_index(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<Indexes>(&state, &request, &code).await
}

/// Put an index
///
/// Replaces the index, or creates it when absent. Repeating it changes nothing.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index.")), request_body = IndexInput, responses(
    (status = 200, description = "The index as it is now.", body = IndexView),
    (status = 201, description = "The new index.", body = IndexView),
))]
#[put("/indexes/{code}")]
pub async fn put_index(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<Indexes>(&state, &request, &code, body, Absent::Create).await
}

/// Patch an index
///
/// A JSON merge patch of what `GET` gives.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index.")), request_body(content = IndexInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The index as it is now.", body = IndexView)))]
#[patch("/indexes/{code}")]
pub async fn patch_index(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<Indexes>(&state, &request, &code, body).await
}

/// Delete an index
///
/// Refused while it has editions or other records refer to it; the problem names them.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index.")), responses((status = 204, description = "It is gone.")))]
#[delete("/indexes/{code}")]
pub async fn delete_index(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<Indexes>(&state, &request, &code).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_indexes)
        .service(create_index)
        .service(get_index)
        .service(put_index)
        .service(patch_index)
        .service(delete_index);
}
