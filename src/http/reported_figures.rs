//! `/reported-figures`: figures as somebody published them, verbatim and with their source.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, Exposed, Key},
    endpoints::Endpoints,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    schema::Verbatim,
    state::AppState,
};
use crate::{
    domain::{
        reported_figures::{FigureUnit, ReportedFigure, Source},
        text::clean,
        time::Day,
    },
    service::{
        crud::{Absent, Proposal},
        error::Error,
        reported_figures::ReportedFigures,
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("id", "id"), ("measure", "measure"), ("period", "period")];

/// Where a figure was published.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FigureSource)]
pub struct FigureSourceView {
    /// Title of the document.
    pub title: String,
    /// Address, where it has one.
    pub url: Option<String>,
    /// Date of publication, where known.
    pub published_on: Option<Day>,
}

/// A figure as somebody published it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportedFigure, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000002", "unit_id": "gso-874", "measure": "par.rank_change",
    "period": "2020", "base_period": "2019", "value": "-2", "unit_of_measure": "places", "unit_is_assumed": false,
    "review_year": 2020, "source": {"title": "Báo cáo cải cách hành chính năm 2020", "url": null, "published_on": null}
}))]
pub struct ReportedFigureView {
    /// Made by the service.
    pub id: String,
    /// The unit it speaks of.
    pub unit_id: String,
    /// Name of the measure.
    pub measure: String,
    /// Period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    pub period: String,
    /// Period it is compared with, for a change.
    pub base_period: Option<String>,
    /// The value verbatim.
    pub value: String,
    /// What it counts.
    pub unit_of_measure: FigureUnit,
    /// The source doesn't say what it counts: this is a reading.
    pub unit_is_assumed: bool,
    /// The review that cites it.
    pub review_year: Option<i32>,
    /// Where it was published.
    pub source: FigureSourceView,
}

/// Where a figure was published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSourceInput {
    /// Title of the document.
    pub title: String,
    /// Address, where it has one.
    #[serde(default)]
    pub url: Option<String>,
    /// Date of publication, where known.
    #[serde(default)]
    pub published_on: Option<Day>,
}

/// A reported figure as it shall be. What a `GET` gives can be sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "unit_id": "gso-874", "measure": "dossiers.received", "period": "2020", "value": "113468",
    "unit_of_measure": "count", "review_year": 2020, "source": {"title": "Báo cáo cải cách hành chính năm 2020"}
}))]
pub struct ReportedFigureInput {
    /// The key; the service makes it, a `PUT` may repeat it.
    #[serde(default)]
    pub id: Option<String>,
    /// The unit it speaks of.
    pub unit_id: String,
    /// Name of the measure: letters, digits and `. _ ~ -`.
    pub measure: String,
    /// Period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    pub period: String,
    /// Period it is compared with, for a change.
    #[serde(default)]
    pub base_period: Option<String>,
    /// The value verbatim: a text, or a JSON number kept as it is written.
    pub value: Verbatim,
    /// What it counts.
    pub unit_of_measure: FigureUnit,
    /// The source doesn't say what it counts: this is a reading.
    #[serde(default)]
    pub unit_is_assumed: bool,
    /// The review that cites it.
    #[serde(default)]
    #[schema(minimum = 1900, maximum = 2999)]
    pub review_year: Option<i32>,
    /// Where it was published.
    pub source: FigureSourceInput,
}

/// A page of reported figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedFigurePage {
    /// The figures.
    pub items: Vec<ReportedFigureView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which figures.
    pub struct ListReportedFiguresQuery by SORTS {
        /// Figures of this unit alone.
        unit_id: String,
        /// Figures of this unit and all below it.
        under: String,
        /// Figures of this measure.
        measure: String,
        /// Figures of this period.
        period: String,
        /// Figures that the review of this year cites.
        review_year: i32,
        /// Figures compared with this period.
        base_period: String,
        /// Figures of exactly this value, as text.
        value: String,
        /// Figures that count this.
        unit_of_measure: FigureUnit,
        /// Figures whose unit is a reading, or is stated by the source.
        unit_is_assumed: bool,
    }
}

impl ListedResource for ReportedFigures {
    fn sort_value(figure: &ReportedFigure, column: &str) -> Option<Value> {
        match column {
            "measure" => Some(Value::Text(figure.measure.clone())),
            "period" => Some(Value::Text(figure.period.clone())),
            _ => None,
        }
    }
}

impl Exposed for ReportedFigures {
    type View = ReportedFigureView;
    type Input = ReportedFigureInput;

    fn view(figure: Versioned<ReportedFigure>, _today: Day) -> ReportedFigureView {
        let f = figure.record;
        ReportedFigureView {
            id: f.id,
            unit_id: f.unit_id,
            measure: f.measure,
            period: f.period,
            base_period: f.base_period,
            value: f.value,
            unit_of_measure: f.unit_of_measure,
            unit_is_assumed: f.unit_is_assumed,
            review_year: f.review_year,
            source: FigureSourceView {
                title: f.source.title,
                url: f.source.url,
                published_on: f.source.published_on,
            },
        }
    }

    fn proposal(
        input: ReportedFigureInput,
        key: Key,
        _old: Option<&ReportedFigure>,
    ) -> Result<Proposal<ReportedFigure>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let figure = ReportedFigure {
            id: key.or_new("/id", input.id)?,
            unit_id: clean(&input.unit_id),
            measure: clean(&input.measure),
            period: clean(&input.period),
            base_period: text(input.base_period),
            value: clean(input.value.as_str()),
            unit_of_measure: input.unit_of_measure,
            unit_is_assumed: input.unit_is_assumed,
            review_year: input.review_year,
            source: Source {
                title: clean(&input.source.title),
                url: text(input.source.url),
                published_on: input.source.published_on,
            },
        };
        Ok(figure.into())
    }
}

/// List reported figures
///
/// Filters are exact; a period is compared as it is written.
#[utoipa::path(tag = "reported figures", params(ListReportedFiguresQuery), responses((status = 200, description = "A page of figures.", body = ReportedFigurePage)))]
#[get("/reported-figures")]
pub async fn list_reported_figures(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListReportedFiguresQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        page::is("unit_id", query.unit_id.as_ref()),
        page::under("unit_id", query.under.as_ref()),
        page::is("measure", query.measure.as_ref()),
        page::is("period", query.period.as_ref()),
        page::is("base_period", query.base_period.as_ref()),
        page::is("value", query.value.as_ref()),
        page::is_word("unit_of_measure", query.unit_of_measure.map(FigureUnit::as_str)),
        page::is_true("unit_is_assumed", query.unit_is_assumed),
        page::is_number("review_year", query.review_year),
    ];
    crud::list::<ReportedFigures>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create a reported figure
///
/// The service makes the id and keeps the value as it is written. Only a band may be something else than a number.
#[utoipa::path(tag = "reported figures", request_body = ReportedFigureInput, responses((status = 201, description = "The new figure.", body = ReportedFigureView)))]
#[post("/reported-figures")]
pub async fn create_reported_figure(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<ReportedFigures>(&state, &request, body).await
}

/// Get a reported figure
///
/// It is what the source says; reviews give the computed figure beside it.
#[utoipa::path(tag = "reported figures", params(("id" = String, Path, description = "Id of the figure.")), responses((status = 200, description = "The figure.", body = ReportedFigureView)))]
#[get("/reported-figures/{id}")]
pub async fn get_reported_figure(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<ReportedFigures>(&state, &request, &id).await
}

/// Put a reported figure
///
/// Replaces a figure that exists. Repeating it changes nothing.
#[utoipa::path(tag = "reported figures", params(("id" = String, Path, description = "Id of the figure.")), request_body = ReportedFigureInput, responses((status = 200, description = "The figure as it is now.", body = ReportedFigureView)))]
#[put("/reported-figures/{id}")]
pub async fn put_reported_figure(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<ReportedFigures>(&state, &request, &id, body, Absent::Refuse).await
}

/// Patch a reported figure
///
/// A JSON merge patch of what `GET` gives.
#[utoipa::path(tag = "reported figures", params(("id" = String, Path, description = "Id of the figure.")), request_body(content = ReportedFigureInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The figure as it is now.", body = ReportedFigureView)))]
#[patch("/reported-figures/{id}")]
pub async fn patch_reported_figure(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<ReportedFigures>(&state, &request, &id, body).await
}

/// Delete a reported figure
///
/// The change log keeps what it was.
#[utoipa::path(tag = "reported figures", params(("id" = String, Path, description = "Id of the figure.")), responses((status = 204, description = "It is gone.")))]
#[delete("/reported-figures/{id}")]
pub async fn delete_reported_figure(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<ReportedFigures>(&state, &request, &id).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_reported_figures)
        .service(create_reported_figure)
        .service(get_reported_figure)
        .service(put_reported_figure)
        .service(patch_reported_figure)
        .service(delete_reported_figure);
}
