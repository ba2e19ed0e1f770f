//! `/procedures`: the catalogue of administrative procedures and their terms.

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
        hours::TimeOfDay,
        procedures::Procedure,
        terms::{self, Term, TermUnit},
        text::{clean, sort_key},
        time::Day,
        units::Level,
    },
    service::{
        crud::{Absent, Proposal},
        error::Error,
        procedures::Procedures,
    },
    store::{Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("code", "code"), ("name", "name_sort")];

/// How long a procedure may take.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Term, example = json!({"amount": 7, "unit": "working_days"}))]
pub struct TermBody {
    /// How many: 1 to 20000 hours, 3660 days, 2600 working days or 120 months; none with `same_day`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 20000)]
    pub amount: Option<u32>,
    /// What is counted.
    pub unit: TermUnit,
}

impl TermBody {
    /// A term for an answer.
    pub fn view(term: Term) -> Self {
        Self { amount: term.amount(), unit: term.unit() }
    }

    /// The term of a request with the cut-off hour that stands beside it.
    ///
    /// # Errors
    /// `Invalid` with the place: an amount out of range, or a cut-off hour without a term within the day.
    pub fn term(self, cut_off: Option<TimeOfDay>) -> Result<Term, Error> {
        if cut_off.is_some() && self.unit != TermUnit::SameDay {
            return Err(cut_off_alone());
        }
        Term::new(self.unit, self.amount, cut_off).ok_or_else(|| {
            let (en, vi) = match self.unit.amounts() {
                Some(range) => (
                    format!("The amount lies between {} and {}.", range.start(), range.end()),
                    format!("Số lượng từ {} đến {}.", range.start(), range.end()),
                ),
                None => (
                    "A term within the day has no amount.".to_owned(),
                    "Thời hạn trong ngày không có số lượng.".to_owned(),
                ),
            };
            Error::invalid("/term/amount", "out_of_range", en, vi)
        })
    }
}

fn cut_off_alone() -> Error {
    Error::invalid(
        "/cut_off",
        "cut_off_without_same_day",
        "A cut-off hour belongs to a term within the day (`same_day`).",
        "Giờ chốt nhận hồ sơ chỉ dùng cho thời hạn trong ngày (`same_day`).",
    )
}

/// An administrative procedure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Procedure, example = json!({
    "code": "1.012784", "name": "Tách thửa hoặc hợp thửa đất", "field": "ĐẤT ĐAI", "level": null,
    "term": {"amount": 12, "unit": "working_days"}, "cut_off": null, "term_text": "12 ngày làm việc"
}))]
pub struct ProcedureView {
    /// National code, the key; text, so that zeros stay.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// Field.
    pub field: Option<String>,
    /// Level that decides.
    pub level: Option<Level>,
    /// How long it may take; null where that is not known.
    pub term: Option<TermBody>,
    /// The cut-off hour of a term within the day.
    pub cut_off: Option<TimeOfDay>,
    /// The term as published.
    pub term_text: Option<String>,
}

/// A procedure as it shall be. What a `GET` gives can be sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "1.001193", "name": "Thủ tục đăng ký khai sinh", "field": "HỘ TỊCH", "level": "commune",
    "term": {"unit": "same_day"}, "cut_off": "15:00"
}))]
pub struct ProcedureInput {
    /// National code, the key; in a `PUT` it may be left out.
    #[serde(default)]
    pub code: Option<String>,
    /// Vietnamese name.
    pub name: String,
    /// Field.
    #[serde(default)]
    pub field: Option<String>,
    /// Level that decides.
    #[serde(default)]
    pub level: Option<Level>,
    /// How long it may take. Left out or null, it is read from `term_text`, and stays null when that says anything
    /// beside one term.
    #[serde(default)]
    pub term: Option<TermBody>,
    /// The cut-off hour of a term within the day; 15:00 when left out.
    #[serde(default)]
    pub cut_off: Option<TimeOfDay>,
    /// The term as published.
    #[serde(default)]
    pub term_text: Option<String>,
}

/// A page of procedures.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcedurePage {
    /// The procedures.
    pub items: Vec<ProcedureView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which procedures.
    pub struct ListProceduresQuery by SORTS {
        /// Procedures of exactly this name.
        name: String,
        /// Procedures of this field.
        field: String,
        /// Procedures that this level decides.
        level: Level,
        /// Procedures whose term counts this.
        term_unit: TermUnit,
        /// Procedures with exactly this published term.
        term_text: String,
    }
}

impl ListedResource for Procedures {
    fn sort_value(procedure: &Procedure, column: &str) -> Option<Value> {
        match column {
            "name_sort" => Some(Value::Text(sort_key(&procedure.name))),
            _ => None,
        }
    }
}

/// The term that a body says, or that its text says.
fn term_of(
    term: Option<TermBody>,
    cut_off: Option<TimeOfDay>,
    text: Option<&String>,
) -> Result<Option<Term>, Error> {
    let read = text.and_then(|text| terms::read(text));
    match (term.or_else(|| read.map(TermBody::view)), cut_off) {
        (Some(given), None) if given.unit == TermUnit::SameDay => {
            // The cut-off hour of the text, where the text has one.
            given.term(read.and_then(|read| read.cut_off())).map(Some)
        }
        (Some(given), cut_off) => given.term(cut_off).map(Some),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(cut_off_alone()),
    }
}

impl Exposed for Procedures {
    type View = ProcedureView;
    type Input = ProcedureInput;

    fn view(procedure: Versioned<Procedure>, _today: Day) -> ProcedureView {
        let procedure = procedure.record;
        ProcedureView {
            code: procedure.code,
            name: procedure.name,
            field: procedure.field,
            level: procedure.level,
            term: procedure.term.map(TermBody::view),
            cut_off: procedure.term.and_then(|term| term.cut_off()),
            term_text: procedure.term_text,
        }
    }

    fn proposal(
        input: ProcedureInput,
        key: Key,
        _old: Option<&Procedure>,
    ) -> Result<Proposal<Procedure>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let term_text = text(input.term_text);
        let procedure = Procedure {
            code: key.or_body("/code", input.code)?,
            name: clean(&input.name),
            field: text(input.field),
            level: input.level,
            term: term_of(input.term, input.cut_off, term_text.as_ref())?,
            term_text,
        };
        Ok(procedure.into())
    }
}

/// List procedures
///
/// The catalogue that gives dossiers their terms. Filters are exact.
#[utoipa::path(tag = "calendars", params(ListProceduresQuery), responses((status = 200, description = "A page of procedures.", body = ProcedurePage)))]
#[get("/procedures")]
pub async fn list_procedures(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListProceduresQuery>,
) -> Result<HttpResponse, Problem> {
    let filters = [
        page::is("name", query.name.as_ref()),
        page::is("field", query.field.as_ref()),
        page::is_word("level", query.level.map(Level::as_str)),
        page::is_word("term_unit", query.term_unit.map(TermUnit::as_str)),
        page::is("term_text", query.term_text.as_ref()),
    ];
    crud::list::<Procedures>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create a procedure
///
/// Only `code` and `name` are required. A term that is left out is read from `term_text`: "07 Ngày làm việc",
/// "30 Ngày" or "Ngay trong ngày ... sau 15 giờ ..." are, anything less plain leaves it null.
#[utoipa::path(tag = "calendars", request_body = ProcedureInput, responses((status = 201, description = "The new procedure.", body = ProcedureView)))]
#[post("/procedures")]
pub async fn create_procedure(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<Procedures>(&state, &request, body).await
}

/// Get a procedure
///
/// By its national code, as text.
#[utoipa::path(tag = "calendars", params(("code" = String, Path, description = "Code of the procedure.")), responses((status = 200, description = "The procedure.", body = ProcedureView)))]
#[get("/procedures/{code}")]
pub async fn get_procedure(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<Procedures>(&state, &request, &code).await
}

/// Put a procedure
///
/// Replaces the procedure, or creates it when absent. Repeating it changes nothing. Due dates that were given
/// before stay as they are.
#[utoipa::path(tag = "calendars", params(("code" = String, Path, description = "Code of the procedure.")), request_body = ProcedureInput, responses(
    (status = 200, description = "The procedure as it is now.", body = ProcedureView),
    (status = 201, description = "The new procedure.", body = ProcedureView),
))]
#[put("/procedures/{code}")]
pub async fn put_procedure(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<Procedures>(&state, &request, &code, body, Absent::Create).await
}

/// Patch a procedure
///
/// A JSON merge patch of what `GET` gives. A new `term_text` is read when `term` and `cut_off` are set to null
/// with it.
#[utoipa::path(tag = "calendars", params(("code" = String, Path, description = "Code of the procedure.")), request_body(content = ProcedureInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The procedure as it is now.", body = ProcedureView)))]
#[patch("/procedures/{code}")]
pub async fn patch_procedure(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<Procedures>(&state, &request, &code, body).await
}

/// Delete a procedure
///
/// Dossiers that name it stay as they are; the change log keeps what it was.
#[utoipa::path(tag = "calendars", params(("code" = String, Path, description = "Code of the procedure.")), responses((status = 204, description = "It is gone.")))]
#[delete("/procedures/{code}")]
pub async fn delete_procedure(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<Procedures>(&state, &request, &code).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_procedures)
        .service(create_procedure)
        .service(get_procedure)
        .service(put_procedure)
        .service(patch_procedure)
        .service(delete_procedure);
}
