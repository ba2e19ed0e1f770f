//! `/reports/form-06a`: the statutory form II.06a of a unit, as JSON, CSV or XLSX.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, SchemaType, Type},
    },
};

use super::{
    access,
    body::Query,
    crud,
    dossier_statistics::{CheckBody, FromReturnsBody, ReturnNotUsed},
    endpoints::Endpoints,
    form_06a_files::{self, FormFormat},
    kept,
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{
        form_06a::{CellDifference, Form06a, FormCells, FormPeriod, FormRow},
        periods::PeriodCalendar,
        time::{Day, Moment},
        units::Level,
    },
    service::{
        form_06a::{self, FormQuestion},
        form_reports::{self, Frozen},
        units::Units,
    },
};

/// Which report, and how it is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Form06aQuery {
    /// The unit, with all below it.
    pub unit_id: String,
    /// The period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    #[param(example = "2020")]
    pub period: String,
    /// Which days the period holds; `statutory` when left out.
    pub calendar: Option<PeriodCalendar>,
    /// Judge open dossiers at the end of this day of the period, where it is earlier than the period's end.
    pub as_of: Option<Day>,
    /// How the report is written; `json` when left out.
    #[param(inline)]
    pub format: Option<FormFormat>,
    /// Begin a CSV file with a byte order mark, which some spreadsheet programs need to read Vietnamese.
    pub bom: Option<bool>,
}

/// A schema with a whole number for each cell of the form, behind other members.
pub fn with_cells(mut schema: ObjectBuilder) -> ObjectBuilder {
    for (cell, description) in FormCells::CELLS {
        let number = ObjectBuilder::new().schema_type(Type::Integer).description(Some(description.trim()));
        schema = schema.property(*cell, number).required(*cell);
    }
    schema
}

/// The schema of a field that may be absent.
pub fn field_schema() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("The field; null where dossiers name none."))
}

/// A row of the form.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct FormRowBody(FormRow);

impl PartialSchema for FormRowBody {
    fn schema() -> RefOr<Schema> {
        let row = ObjectBuilder::new()
            .description(Some("A row of the form: a field at a level."))
            .property("level", Level::schema())
            .required("level")
            .property("field", field_schema())
            .required("field");
        with_cells(row).into()
    }
}

impl ToSchema for FormRowBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("FormRow")
    }
}

/// The cells of all rows together.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub struct FormCellsBody(FormCells);

impl From<FormCells> for FormCellsBody {
    fn from(cells: FormCells) -> Self {
        Self(cells)
    }
}

impl PartialSchema for FormCellsBody {
    fn schema() -> RefOr<Schema> {
        let cells = ObjectBuilder::new()
            .description(Some("The columns 3 to 13 of the form, and what the form has no column for."));
        with_cells(cells).into()
    }
}

impl ToSchema for FormCellsBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("FormCells")
    }
}

/// The period of a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FormPeriod)]
pub struct FormPeriodBody {
    /// Name: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    pub name: String,
    /// First day.
    pub from: Day,
    /// Last day, included.
    pub to: Day,
    /// Which days the name stands for.
    pub calendar: PeriodCalendar,
}

/// A cell that is not the same in two states of a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CellDifference)]
pub struct CellDifferenceBody {
    /// Level of the row; null for the total and what else is of the report as a whole.
    pub level: Option<Level>,
    /// Field of the row; null where dossiers name none, and where the level is null.
    pub field: Option<String>,
    /// Name of the cell: `c3` to `c13`, or a remainder. Where the level is null also what comes from returns
    /// (`from_returns/received`, `…/resolved`, `…/open`), or a return that is not counted, 1 where it is so
    /// (`returns_not_used/{unit_id}/{period}/{calendar}/{reason}`).
    pub cell: String,
    /// The value before; 0 where the row was not there.
    pub before: i64,
    /// The value after; 0 where the row is no longer there.
    pub after: i64,
}

impl From<CellDifference> for CellDifferenceBody {
    fn from(d: CellDifference) -> Self {
        Self { level: d.level, field: d.field, cell: d.cell, before: d.before, after: d.after }
    }
}

/// The last frozen revision beside today's figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct FrozenBody {
    /// The revision.
    pub revision: i32,
    /// When it was frozen.
    pub frozen_at: Moment,
    /// What came out otherwise since: `before` is frozen, `after` is today's.
    pub differs: Vec<CellDifferenceBody>,
}

impl From<Frozen> for FrozenBody {
    fn from(frozen: Frozen) -> Self {
        Self {
            revision: frozen.revision,
            frozen_at: frozen.frozen_at,
            differs: frozen.differs.into_iter().map(Into::into).collect(),
        }
    }
}

/// Form II.06a/VPCP/KSTT of a unit, with all below it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Form06a, example = json!({
    "unit_id": "gso-874", "unit_name": "Huyện Thanh Bình",
    "period": {"name": "2020", "from": "2019-12-15", "to": "2020-12-14", "calendar": "statutory"},
    "judged_at": "2020-12-14",
    "rows": [{
        "level": "district", "field": "Đất đai", "c3": 5, "c4": 1, "c5": 3, "c6": 1, "c7": 3, "c8": 1, "c9": 0, "c10": 1,
        "c11": 2, "c12": 1, "c13": 1, "unclassified": 1, "open_no_due_date": 0, "ended_otherwise": 0,
        "transferred_in": 0, "transferred_out": 0
    }],
    "total": {
        "c3": 5, "c4": 1, "c5": 3, "c6": 1, "c7": 3, "c8": 1, "c9": 0, "c10": 1, "c11": 2, "c12": 1, "c13": 1,
        "unclassified": 1, "open_no_due_date": 0, "ended_otherwise": 0, "transferred_in": 0, "transferred_out": 0
    },
    "synthetic": 0, "from_returns": {"received": 0, "resolved": 0, "open": 0},
    "returns_not_used": [{
        "return_id": "019ab1f0-0000-7000-8000-000000000004", "unit_id": "gso-874", "period": "2020-Q1",
        "calendar": "statutory", "reason": "superseded"
    }],
    "withheld_rows": 0, "checks": [{"code": "received_equals_its_parts", "holds": true, "left": 5, "right": 5, "difference": 0}],
    "frozen": null
}))]
pub struct Form06aBody {
    /// The unit.
    pub unit_id: String,
    /// Its name at the end of the period.
    pub unit_name: String,
    /// The period.
    pub period: FormPeriodBody,
    /// The day whose end open dossiers are judged at.
    pub judged_at: Day,
    /// Rows by level from the highest, then by field in alphabetical order; rows of zeros are left out.
    pub rows: Vec<FormRowBody>,
    /// All together.
    pub total: FormCellsBody,
    /// Of the received in the period: made by a generator, which is no report of anything.
    pub synthetic: i64,
    /// How much of the total comes from returns of units that send totals only. A document that was frozen before
    /// the form told so has no such member.
    #[schema(required = false)]
    pub from_returns: FromReturnsBody,
    /// Returns of days of the period that are not counted, and why. A document that was frozen before the form told
    /// so has no such member.
    #[schema(required = false)]
    pub returns_not_used: Vec<ReturnNotUsed>,
    /// Rows of so few dossiers that the public is not shown them, and those that would give them away. A frozen
    /// document has no such member.
    #[schema(required = false)]
    pub withheld_rows: usize,
    /// The identities of the total, and of the rows with it.
    pub checks: Vec<CheckBody>,
    /// The last frozen revision and what differs from it; null where none is frozen, and with `as_of`. A frozen
    /// document itself has no such member.
    #[schema(required = false)]
    pub frozen: Option<FrozenBody>,
}

impl Form06aBody {
    fn new(report: Form06a, frozen: Option<Frozen>, withheld_rows: usize) -> Self {
        let FormPeriod { name, from, to, calendar } = report.period;
        let check = |c: &crate::domain::form_06a::FormCheck| CheckBody {
            code: c.code.to_owned(),
            holds: c.holds,
            left: c.left,
            right: c.right,
            difference: c.difference,
        };
        Self {
            unit_id: report.unit_id,
            unit_name: report.unit_name,
            period: FormPeriodBody { name, from, to, calendar },
            judged_at: report.judged_at,
            rows: report.rows.into_iter().map(FormRowBody).collect(),
            total: report.total.into(),
            synthetic: report.synthetic,
            from_returns: report.from_returns.into(),
            returns_not_used: report.returns_not_used.into_iter().map(Into::into).collect(),
            withheld_rows,
            checks: report.checks.iter().map(check).collect(),
            frozen: frozen.map(Into::into),
        }
    }
}

/// The period of a name.
///
/// # Errors
/// 400 when the name is no period.
pub fn period_of(name: &str, calendar: Option<PeriodCalendar>) -> Result<FormPeriod, Problem> {
    FormPeriod::named(name, calendar.unwrap_or(PeriodCalendar::Statutory)).ok_or_else(|| {
        Problem::bad_parameter(
            "period",
            "not_a_period",
            "A period is written 2020, 2020-H1, 2020-Q3 or 2020-09.",
            "Kỳ được ghi là 2020, 2020-H1, 2020-Q3 hoặc 2020-09.",
        )
    })
}

/// Get form II.06a
///
/// Of the unit with all below it, as the circular has it (01/2020/TT-VPCP), with the remainders that the form has no
/// column for. Open dossiers are judged at the end of the period, at today where that is earlier, or at `as_of`.
/// 422 where no day of the period has come yet (`period_not_begun`), or `as_of` is before it (`before_period`).
/// `frozen` tells whether today's figures are still those that were frozen. Where a unit has no dossiers its returns
/// stand in: `from_returns` tells how much of the total they are, and `returns_not_used` which do not count. As `csv`
/// or `xlsx` it is a file with the thirteen columns of the form; notes below them tell the rest.
#[utoipa::path(
    tag = "reports", params(Form06aQuery),
    responses(
        (status = 200, description = "The report.", content(
            (Form06aBody = "application/json"),
            (String = "text/csv"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = 404, description = "Problem: `not_found`.", body = super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Problem: `validation`.", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/reports/form-06a")]
pub async fn get_form_06a(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<Form06aQuery>,
) -> Result<HttpResponse, Problem> {
    let format = query.format.unwrap_or(FormFormat::Json);
    if query.bom.is_some() && format != FormFormat::Csv {
        return Err(Problem::bad_parameter(
            "bom",
            "only_csv",
            "Only a CSV file may begin with a byte order mark.",
            "Chỉ tệp CSV mới có thể mở đầu bằng dấu thứ tự byte (BOM).",
        ));
    }
    let asked = FormQuestion {
        period: period_of(&query.period, query.calendar)?,
        unit_id: crud::path_key::<Units>(&query.unit_id)?,
        as_of: query.as_of,
    };
    let least = access::least_group(&state.access, &asked.unit_id);
    if format == FormFormat::Json {
        return kept::answer(&state, &request, async |today| {
            let (mut report, frozen) = form_reports::report(&state.store, asked, today).await?;
            let withheld = withhold(&mut report, least)?;
            // What differs from a frozen revision is told by cell.
            Ok(Form06aBody::new(report, frozen.filter(|_| least.is_none()), withheld))
        })
        .await;
    }
    let (mut report, names) = form_06a::with_names(&state.store, asked, state.today()).await?;
    // The total of a file is the sum of its rows: one that lacks rows would be another form.
    if withhold(&mut report, least)? > 0 {
        return Err(access::withheld());
    }
    match format {
        FormFormat::Xlsx => form_06a_files::xlsx(&request, &report, &names),
        _ => form_06a_files::csv(&request, &report, &names, query.bom.unwrap_or(false)),
    }
}

/// Takes away the rows that the public is not shown, and tells how many.
fn withhold(report: &mut Form06a, least: Option<i64>) -> Result<usize, Problem> {
    least.map_or(Some(0), |least| form_06a::withhold(report, least)).ok_or_else(access::withheld)
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(get_form_06a);
}
