//! `/reports/form-06a/{unit_id}/{period}/…`: the report is frozen as it was sent, in revisions that never change.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    access,
    body::{Body, Query},
    crud::{self, API},
    endpoints::Endpoints,
    etag,
    form_06a::{CellDifferenceBody, Form06aBody, period_of},
    frame,
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        form_reports::{FormReport, Series},
        periods::PeriodCalendar,
        text::clean,
        time::Moment,
    },
    service::{
        self,
        form_reports::{self, Freeze},
        units::Units,
    },
};

/// Which series of revisions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FormRevisionsQuery {
    /// Which days the period holds; `statutory` when left out. Each calendar has revisions of its own.
    pub calendar: Option<PeriodCalendar>,
}

/// How a report is to be frozen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Báo cáo chính thức năm 2020"}))]
pub struct FreezeInput {
    /// Which days the period holds; `statutory` when left out. Each calendar has revisions of its own.
    #[serde(default)]
    pub calendar: Option<PeriodCalendar>,
    /// Why it is frozen, or frozen again.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A revision of a frozen report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "unit_id": "gso-874", "period": "2020", "calendar": "statutory", "revision": 2,
    "frozen_at": "2021-01-04T08:00:00+07:00", "frozen_by": "anonymous", "reason": "Đính chính",
    "differences": [
        {"level": "district", "field": "Đất đai", "cell": "c4", "before": 1, "after": 2},
        {"level": null, "field": null, "cell": "c4", "before": 1, "after": 2}
    ]
}))]
pub struct FormRevision {
    /// The unit.
    pub unit_id: String,
    /// Name of the period.
    pub period: String,
    /// Calendar of the period.
    pub calendar: PeriodCalendar,
    /// 1 and upwards.
    pub revision: i32,
    /// When it was frozen.
    pub frozen_at: Moment,
    /// By whom.
    pub frozen_by: String,
    /// Why, where the caller said so.
    pub reason: Option<String>,
    /// What differs from the revision before, row by row, then the total; empty in the first.
    pub differences: Vec<CellDifferenceBody>,
}

impl From<FormReport> for FormRevision {
    fn from(report: FormReport) -> Self {
        Self {
            unit_id: report.unit_id,
            period: report.period,
            calendar: report.calendar,
            revision: report.revision,
            frozen_at: report.frozen_at,
            frozen_by: report.frozen_by,
            reason: report.reason,
            differences: report.differences.into_iter().map(Into::into).collect(),
        }
    }
}

/// Every revision of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormRevisions {
    /// From the first to the last.
    pub items: Vec<FormRevision>,
}

/// The unit of the path and what else was asked; a unit that isn't there is told before what can't be read.
async fn behind_unit<T>(
    state: &AppState,
    unit_id: &str,
    asked: impl FnOnce() -> Result<T, Problem>,
) -> Result<(String, T), Problem> {
    let unit_id = crud::path_key::<Units>(unit_id)?;
    match asked() {
        Ok(asked) => Ok((unit_id, asked)),
        Err(problem) => {
            service::crud::get::<Units>(&state.store, frame::caller(), unit_id).await?;
            Err(problem)
        }
    }
}

fn address(report: &FormReport) -> String {
    let unit = respond::segment(&report.unit_id);
    let query = match report.calendar {
        PeriodCalendar::Statutory => "",
        PeriodCalendar::Civil => "?calendar=civil",
    };
    format!("{API}/reports/form-06a/{unit}/{}/revisions/{}{query}", report.period, report.revision)
}

/// Freeze a report
///
/// Keeps the report as it is now, as revision 1, or as the next one with what differs from the last. Where neither a
/// cell nor what it tells of returns differs the last revision is given back (200). Only a period that is over can be
/// frozen.
#[utoipa::path(
    tag = "reports",
    params(
        ("unit_id" = String, Path, description = "Id of the unit."),
        ("period" = String, Path, description = "The period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`."),
    ),
    request_body = FreezeInput,
    responses(
        (status = 201, description = "A new revision.", body = FormRevision),
        (status = 200, description = "Nothing differs: the last revision.", body = FormRevision),
    )
)]
#[post("/reports/form-06a/{unit_id}/{period}/freeze")]
pub async fn freeze_form_06a(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (unit_id, period) = path.into_inner();
    let (unit_id, (period, reason)) = behind_unit(&state, &unit_id, || {
        let input: FreezeInput = body.read()?;
        crud::no_query(&request)?;
        Ok((period_of(&period, input.calendar)?, input.reason.as_deref().map(clean)))
    })
    .await?;
    let series = Series { unit_id, period };
    let (report, done) = form_reports::freeze(&state.store, state.context(), series, reason).await?;
    let tag = etag::of_content(report.document.as_bytes());
    let location = address(&report);
    let revision = FormRevision::from(report);
    Ok(match done {
        Freeze::Made => respond::created(&location, tag, &revision),
        Freeze::Unchanged => respond::written(tag, &revision),
    })
}

/// List the revisions of a report
///
/// From the first to the last, each with who froze it, when and why, and what differs from the one before.
#[utoipa::path(
    tag = "reports",
    params(
        ("unit_id" = String, Path, description = "Id of the unit."),
        ("period" = String, Path, description = "The period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`."),
        FormRevisionsQuery,
    ),
    responses((status = 200, description = "The revisions.", body = FormRevisions, example = json!({"items": []})))
)]
#[get("/reports/form-06a/{unit_id}/{period}/revisions")]
pub async fn list_form_06a_revisions(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<FormRevisionsQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    access::require_all_cells(&state.access)?;
    let (unit_id, period) = path.into_inner();
    let (unit_id, period) = behind_unit(&state, &unit_id, || period_of(&period, query?.0.calendar)).await?;
    let revisions = form_reports::revisions(&state.store, Series { unit_id, period }).await?;
    let body = FormRevisions { items: revisions.into_iter().map(Into::into).collect() };
    Ok(respond::computed(&request, &body))
}

/// Get a frozen report
///
/// The document as it was sent, to the byte.
#[utoipa::path(
    tag = "reports",
    params(
        ("unit_id" = String, Path, description = "Id of the unit."),
        ("period" = String, Path, description = "The period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`."),
        ("revision" = i32, Path, description = "The revision."),
        FormRevisionsQuery,
    ),
    responses((status = 200, description = "The document.", body = Form06aBody))
)]
#[get("/reports/form-06a/{unit_id}/{period}/revisions/{revision}")]
pub async fn get_form_06a_revision(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
    query: Result<Query<FormRevisionsQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    access::require_all_cells(&state.access)?;
    let (unit_id, period, revision) = path.into_inner();
    let (unit_id, period) = behind_unit(&state, &unit_id, || period_of(&period, query?.0.calendar)).await?;
    let series = Series { unit_id, period };
    let number = revision.parse().ok().filter(|n: &i32| *n > 0 && n.to_string() == revision);
    let Some(number) = number else {
        service::crud::get::<Units>(&state.store, frame::caller(), series.unit_id).await?;
        return Err(service::error::Error::not_found(form_reports::NAME, revision).into());
    };
    let report = form_reports::revision(&state.store, series, number).await?;
    Ok(respond::text(&request, "application/json", report.document.as_bytes()))
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(freeze_form_06a).service(list_form_06a_revisions).service(get_form_06a_revision);
}
