//! `/returns`: form II.06a as filled in by units that send totals only.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema},
    },
};

use super::{
    access,
    body::{Body, Query},
    crud::{self, Exposed, Key},
    endpoints::Endpoints,
    form_06a::{FormCellsBody, field_schema, with_cells},
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    reported_figures::{FigureSourceInput, FigureSourceView},
    state::AppState,
};
use crate::{
    domain::{
        form_06a::FormCells,
        periods::PeriodCalendar,
        reported_figures::Source,
        returns::{Return, ReturnRow},
        text::clean,
        time::Day,
    },
    service::{
        crud::{Absent, Proposal},
        error::Error,
        returns::Returns,
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("period", "period"), ("unit_id", "unit_id")];

/// A row of a return.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct ReturnRowBody(ReturnRow);

impl PartialSchema for ReturnRowBody {
    fn schema() -> RefOr<Schema> {
        let row = ObjectBuilder::new()
            .description(Some("A row of a return: a field."))
            .property("field", field_schema())
            .required("field");
        with_cells(row).into()
    }
}

impl ToSchema for ReturnRowBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ReturnRow")
    }
}

/// A row of a return as it shall be: whole numbers, not below 0.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnRowInput {
    /// The field; at most one row has none.
    #[serde(default)]
    pub field: Option<String>,
    /// Column 3: to be handled, all: 4 + 5 + 6.
    #[schema(minimum = 0)]
    pub c3: i64,
    /// Column 4: received in the period, online.
    #[schema(minimum = 0)]
    pub c4: i64,
    /// Column 5: received in the period at the counter, by post or at home by appointment.
    #[schema(minimum = 0)]
    pub c5: i64,
    /// Column 6: carried over from the period before.
    #[schema(minimum = 0)]
    pub c6: i64,
    /// Column 7: resolved, all: 8 + 9 + 10 + `unclassified`.
    #[schema(minimum = 0)]
    pub c7: i64,
    /// Column 8: resolved before the due day.
    #[schema(minimum = 0)]
    pub c8: i64,
    /// Column 9: resolved on the due day.
    #[schema(minimum = 0)]
    pub c9: i64,
    /// Column 10: resolved after the due day.
    #[schema(minimum = 0)]
    pub c10: i64,
    /// Column 11: being handled, all: 12 + 13 + `open_no_due_date`.
    #[schema(minimum = 0)]
    pub c11: i64,
    /// Column 12: being handled, within the term.
    #[schema(minimum = 0)]
    pub c12: i64,
    /// Column 13: being handled, overdue.
    #[schema(minimum = 0)]
    pub c13: i64,
    /// Resolved without a due date; 0 when left out.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub unclassified: i64,
    /// Being handled without a due date; 0 when left out.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub open_no_due_date: i64,
    /// Ended without a result (withdrawn or stopped); 0 when left out.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub ended_otherwise: i64,
    /// Came from another unit in the period; 0 when left out.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub transferred_in: i64,
    /// Went to another unit in the period; 0 when left out.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub transferred_out: i64,
}

impl From<ReturnRowInput> for ReturnRow {
    fn from(row: ReturnRowInput) -> Self {
        Self {
            field: row.field.as_deref().map(clean),
            cells: FormCells {
                c3: row.c3,
                c4: row.c4,
                c5: row.c5,
                c6: row.c6,
                c7: row.c7,
                c8: row.c8,
                c9: row.c9,
                c10: row.c10,
                c11: row.c11,
                c12: row.c12,
                c13: row.c13,
                unclassified: row.unclassified,
                open_no_due_date: row.open_no_due_date,
                ended_otherwise: row.ended_otherwise,
                transferred_in: row.transferred_in,
                transferred_out: row.transferred_out,
            },
        }
    }
}

/// A return: form II.06a as a unit filled it in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Return, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000004", "unit_id": "gso-874", "period": "2020-Q1", "calendar": "statutory",
    "rows": [{
        "field": "Đất đai", "c3": 5, "c4": 1, "c5": 3, "c6": 1, "c7": 3, "c8": 1, "c9": 1, "c10": 1, "c11": 2, "c12": 1,
        "c13": 1, "unclassified": 0, "open_no_due_date": 0, "ended_otherwise": 0, "transferred_in": 0,
        "transferred_out": 0
    }],
    "total": {
        "c3": 5, "c4": 1, "c5": 3, "c6": 1, "c7": 3, "c8": 1, "c9": 1, "c10": 1, "c11": 2, "c12": 1, "c13": 1,
        "unclassified": 0, "open_no_due_date": 0, "ended_otherwise": 0, "transferred_in": 0, "transferred_out": 0
    },
    "source": {"title": "Báo cáo quý I năm 2020", "url": null, "published_on": null}, "note": null
}))]
pub struct ReturnView {
    /// Made by the service.
    pub id: String,
    /// The unit whose dossiers are counted: itself alone, without the units below it.
    pub unit_id: String,
    /// Period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    pub period: String,
    /// Which days the period holds.
    pub calendar: PeriodCalendar,
    /// One row a field.
    pub rows: Vec<ReturnRowBody>,
    /// All rows together; read-only.
    pub total: FormCellsBody,
    /// The document that it was taken from.
    pub source: FigureSourceView,
    /// Remarks.
    pub note: Option<String>,
}

/// A return as it shall be. What a `GET` gives can be sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "unit_id": "gso-874", "period": "2020-Q1",
    "rows": [{
        "field": "Đất đai", "c3": 5, "c4": 1, "c5": 3, "c6": 1, "c7": 3, "c8": 1, "c9": 1, "c10": 1, "c11": 2, "c12": 1,
        "c13": 1
    }],
    "source": {"title": "Báo cáo quý I năm 2020"}
}))]
pub struct ReturnInput {
    /// The key; the service makes it, a `PUT` may repeat it.
    #[serde(default)]
    pub id: Option<String>,
    /// The unit whose dossiers are counted: itself alone, without the units below it.
    pub unit_id: String,
    /// Period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    pub period: String,
    /// Which days the period holds; `statutory` when left out.
    #[serde(default)]
    pub calendar: Option<PeriodCalendar>,
    /// One row a field; none for a unit that had nothing to handle.
    pub rows: Vec<ReturnRowInput>,
    /// Read-only: taken and ignored.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub total: Option<serde_json::Value>,
    /// The document that it was taken from.
    pub source: FigureSourceInput,
    /// Remarks.
    #[serde(default)]
    pub note: Option<String>,
}

/// A page of returns.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReturnPage {
    /// The returns.
    pub items: Vec<ReturnView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which returns.
    pub struct ListReturnsQuery by SORTS {
        /// Returns of this unit alone.
        unit_id: String,
        /// Returns of this unit and all below it.
        under: String,
        /// Returns of this period.
        period: String,
        /// Returns of periods of this calendar.
        calendar: PeriodCalendar,
    }
}

impl ListedResource for Returns {
    fn sort_value(filled: &Return, column: &str) -> Option<Value> {
        match column {
            "period" => Some(Value::Text(filled.period.clone())),
            "unit_id" => Some(Value::Text(filled.unit_id.clone())),
            _ => None,
        }
    }
}

impl Exposed for Returns {
    type View = ReturnView;
    type Input = ReturnInput;

    fn view(filled: Versioned<Return>, _today: Day) -> ReturnView {
        let total = filled.record.total().into();
        let r = filled.record;
        ReturnView {
            id: r.id,
            unit_id: r.unit_id,
            period: r.period,
            calendar: r.calendar,
            rows: r.rows.into_iter().map(ReturnRowBody).collect(),
            total,
            source: FigureSourceView {
                title: r.source.title,
                url: r.source.url,
                published_on: r.source.published_on,
            },
            note: r.note,
        }
    }

    fn proposal(input: ReturnInput, key: Key, _old: Option<&Return>) -> Result<Proposal<Return>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let filled = Return {
            id: key.or_new("/id", input.id)?,
            unit_id: clean(&input.unit_id),
            period: clean(&input.period),
            calendar: input.calendar.unwrap_or(PeriodCalendar::Statutory),
            rows: input.rows.into_iter().map(Into::into).collect(),
            source: Source {
                title: clean(&input.source.title),
                url: text(input.source.url),
                published_on: input.source.published_on,
            },
            note: text(input.note),
        };
        Ok(filled.into())
    }
}

/// List returns
///
/// Filters are exact; a period is compared as it is written.
#[utoipa::path(tag = "returns", params(ListReturnsQuery), responses((status = 200, description = "A page of returns.", body = ReturnPage)))]
#[get("/returns")]
pub async fn list_returns(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListReturnsQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        page::is("unit_id", query.unit_id.as_ref()),
        page::under("unit_id", query.under.as_ref()),
        page::is("period", query.period.as_ref()),
        page::is_word("calendar", query.calendar.map(PeriodCalendar::as_str)),
    ];
    access::require_all_cells(&state.access)?;
    crud::list::<Returns>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create a return
///
/// One for each unit, period and calendar. Every row keeps the identities of the form: each that fails is named by its
/// code, and so is a part above its whole.
#[utoipa::path(tag = "returns", request_body = ReturnInput, responses((status = 201, description = "The new return.", body = ReturnView)))]
#[post("/returns")]
pub async fn create_return(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<Returns>(&state, &request, body).await
}

/// Get a return
///
/// As the unit filled it in, with the sum of its rows.
#[utoipa::path(tag = "returns", params(("id" = String, Path, description = "Id of the return.")), responses((status = 200, description = "The return.", body = ReturnView)))]
#[get("/returns/{id}")]
pub async fn get_return(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    access::require_all_cells(&state.access)?;
    crud::get::<Returns>(&state, &request, &id).await
}

/// Put a return
///
/// Replaces a return that exists. Repeating it changes nothing.
#[utoipa::path(tag = "returns", params(("id" = String, Path, description = "Id of the return.")), request_body = ReturnInput, responses((status = 200, description = "The return as it is now.", body = ReturnView)))]
#[put("/returns/{id}")]
pub async fn put_return(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<Returns>(&state, &request, &id, body, Absent::Refuse).await
}

/// Patch a return
///
/// A JSON merge patch of what `GET` gives; `rows` is replaced as a whole.
#[utoipa::path(tag = "returns", params(("id" = String, Path, description = "Id of the return.")), request_body(content = ReturnInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The return as it is now.", body = ReturnView)))]
#[patch("/returns/{id}")]
pub async fn patch_return(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<Returns>(&state, &request, &id, body).await
}

/// Delete a return
///
/// The change log keeps what it was.
#[utoipa::path(tag = "returns", params(("id" = String, Path, description = "Id of the return.")), responses((status = 204, description = "It is gone.")))]
#[delete("/returns/{id}")]
pub async fn delete_return(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<Returns>(&state, &request, &id).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_returns)
        .service(create_return)
        .service(get_return)
        .service(put_return)
        .service(patch_return)
        .service(delete_return);
}
