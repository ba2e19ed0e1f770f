//! `POST /indexes/{code}/editions/{year}/score-imports`: a score table of an edition, looked at or stored.

use actix_web::{HttpRequest, HttpResponse, http::header, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::read_query,
    editions::index_of_path,
    endpoints::Endpoints,
    etag,
    formats::XLSX,
    frame::{self, Language},
    problem::Problem,
    ranking_queries::year_of,
    respond,
    schema::Number,
    state::AppState,
    uploads::{Pace, Packing, Stopped, Upload},
};
use crate::{
    domain::{
        index_scores::ScoreStage,
        score_tables::{DecimalMark, Heads, Role, TableLayout},
        text::clean,
        violation::{Findings, Violation},
    },
    service::{
        crud,
        editions::{self, Editions},
        error::Error,
        score_files::{MOST_BYTES, TableFile},
        score_imports::{
            self, LineOutsideCohorts, PlannedScore, ScoreChange, ScoreImport, ScoreImportOutcome,
            TableFinding,
        },
    },
};

/// How a table is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScoreImportQuery {
    /// How the table is laid out; `auto` when left out: long where it has columns of criteria and of scores.
    layout: Option<TableLayout>,
    /// Stage that the scores are of, where no column or head says it; `final` when left out.
    stage: Option<ScoreStage>,
    /// Head of the column of units; one of the usual heads when left out.
    unit_column: Option<String>,
    /// Decimal mark of numbers that are written as text; `point` when left out.
    #[param(inline)]
    decimal: Option<DecimalMark>,
    /// Name of the sheet of a spreadsheet; the first when left out.
    sheet: Option<String>,
    /// Where the scores come from; kept with each.
    source: Option<String>,
    /// Look at the table and store nothing.
    dry_run: Option<bool>,
}

/// A column of a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableColumn {
    /// Its head.
    pub column: String,
    /// What it holds: `unit`, `criterion`, `score`, `rank`, `stage` or `applicable`.
    pub holds: &'static str,
    /// Code of the criterion that its scores are of; null for totals and in other columns.
    pub criterion: Option<String>,
    /// Stage of its scores, where its head names one.
    pub stage: Option<ScoreStage>,
}

/// What is wrong with a cell, a line or the heads of a table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TableFinding, example = json!({
    "line": 15, "column": "dynamism", "value": "50", "code": "above_maximum", "detail": "The maximum is 10.",
    "detail_en": "The maximum is 10.", "detail_vi": "Điểm tối đa là 10."
}))]
pub struct TableFindingView {
    /// Number of the line in the file, from 1, that of the heads included.
    pub line: u32,
    /// Head of the column, where it is about one; its number, from 1, where it has no head.
    pub column: Option<String>,
    /// What stands there, cut after 100 characters.
    pub value: Option<String>,
    /// Stable code of the rule.
    pub code: String,
    /// The rule in words, in the language of the request.
    pub detail: String,
    /// The rule in English.
    pub detail_en: String,
    /// The rule in Vietnamese.
    pub detail_vi: String,
}

impl From<TableFinding> for TableFindingView {
    fn from(finding: TableFinding) -> Self {
        let TableFinding { line, column, value, violation } = finding;
        let detail = match frame::current().language {
            Language::English => violation.text.en.clone(),
            Language::Vietnamese => violation.text.vi.clone(),
        };
        Self {
            line,
            column,
            value,
            code: violation.code.to_owned(),
            detail,
            detail_en: violation.text.en,
            detail_vi: violation.text.vi,
        }
    }
}

/// A score of a table, and what it does.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableScore {
    /// Number of its line in the file.
    pub line: u32,
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// The criterion; null for the total.
    pub criterion: Option<String>,
    /// The stage.
    pub stage: ScoreStage,
    /// The score, rounded to the edition's decimals; null where the criterion does not apply.
    pub score: Option<Number>,
    /// The score with every digit.
    pub score_exact: Option<String>,
    /// The rank as published beside it.
    pub published_rank: Option<i32>,
    /// What it does.
    pub change: ScoreChange,
}

impl TableScore {
    fn new(planned: PlannedScore, decimals: u8) -> Self {
        let PlannedScore { line, unit_name, score, change } = planned;
        Self {
            line,
            unit_name,
            score: score.score.as_ref().map(|value| Number::rounded(value, decimals)),
            score_exact: score.score.as_ref().map(ToString::to_string),
            unit_id: score.unit_id,
            criterion: score.criterion,
            stage: score.stage,
            published_rank: score.published_rank,
            change,
        }
    }
}

/// A line with scores of a unit that no cohort of the edition ranks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineOutsideCohorts)]
pub struct LineOutsideCohortsView {
    /// Number of the line in the file, from 1.
    pub line: u32,
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
}

impl From<LineOutsideCohorts> for LineOutsideCohortsView {
    fn from(line: LineOutsideCohorts) -> Self {
        let LineOutsideCohorts { line, unit_id, unit_name } = line;
        Self { line, unit_id, unit_name }
    }
}

/// What became of a table, or would.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreImport, example = json!({
    "index_code": "pci", "year": 2016, "stage": "final", "dry_run": true, "stored": false, "layout": "wide",
    "columns": [
        {"column": "Đơn vị", "holds": "unit", "criterion": null, "stage": null},
        {"column": "land", "holds": "score", "criterion": "land", "stage": null}
    ],
    "ignored_columns": ["Ghi chú"], "rows": 1, "created": 1, "updated": 0, "unchanged": 0,
    "scores": [{
        "line": 2, "unit_id": "gso-87", "unit_name": "Tỉnh Đồng Tháp", "criterion": "land", "stage": "final",
        "score": 6.53, "score_exact": "6.53", "published_rank": null, "change": "create"
    }],
    "outside_cohorts": [], "finding_count": 0, "findings": []
}))]
pub struct ScoreImportView {
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// Stage of the scores whose rows and heads say none.
    pub stage: ScoreStage,
    /// Whether the table was only looked at.
    pub dry_run: bool,
    /// Whether the scores were stored.
    pub stored: bool,
    /// How the table is laid out; null where no heads were found.
    pub layout: Option<TableLayout>,
    /// The columns that are read.
    pub columns: Vec<TableColumn>,
    /// Heads of the columns that are not.
    pub ignored_columns: Vec<String>,
    /// Lines below the heads that hold a score or a rank.
    pub rows: usize,
    /// Scores that are new.
    pub created: usize,
    /// Scores that change.
    pub updated: usize,
    /// Scores that say what is there already.
    pub unchanged: usize,
    /// The first 1,000 scores without a finding, in the order of the file.
    pub scores: Vec<TableScore>,
    /// The first 1,000 lines of units that no cohort of the edition ranks, in the order of the file. Their scores are
    /// stored all the same, and no ranking shows them.
    pub outside_cohorts: Vec<LineOutsideCohortsView>,
    /// How many findings there are. With one nothing is stored.
    pub finding_count: usize,
    /// The first 1,000 of them.
    pub findings: Vec<TableFindingView>,
}

fn column(name: &str, role: &Role) -> TableColumn {
    let (criterion, stage) = match role {
        Role::Of(criterion, stage) => (criterion.clone(), *stage),
        _ => (None, None),
    };
    let holds = match role {
        Role::Unit => "unit",
        Role::Criterion => "criterion",
        Role::Score | Role::Of(..) => "score",
        Role::Rank => "rank",
        Role::Stage => "stage",
        Role::Applicable => "applicable",
    };
    TableColumn { column: name.to_owned(), holds, criterion, stage }
}

fn columns(heads: &Heads) -> Vec<TableColumn> {
    let read = heads.names.iter().zip(&heads.roles);
    read.filter_map(|(name, role)| Some(column(name, role.as_ref()?))).collect()
}

impl From<ScoreImportOutcome> for ScoreImportView {
    fn from(outcome: ScoreImportOutcome) -> Self {
        let heads = outcome.heads.as_ref();
        Self {
            layout: heads.map(|heads| heads.layout),
            columns: heads.map(columns).unwrap_or_default(),
            ignored_columns: heads.map(Heads::ignored).unwrap_or_default(),
            index_code: outcome.order.index_code,
            year: outcome.order.year,
            stage: outcome.order.stage,
            dry_run: outcome.order.dry_run,
            stored: outcome.stored,
            rows: outcome.rows,
            created: outcome.created,
            updated: outcome.updated,
            unchanged: outcome.unchanged,
            scores: outcome.scores.into_iter().map(|s| TableScore::new(s, outcome.decimals)).collect(),
            outside_cohorts: outcome.outside_cohorts.into_iter().map(Into::into).collect(),
            finding_count: outcome.finding_count,
            findings: outcome.findings.into_iter().map(Into::into).collect(),
        }
    }
}

/// The findings of a table as those of a problem: the place is the line and the head of the column.
pub fn violations(findings: Vec<TableFinding>) -> Vec<Violation> {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    findings
        .into_iter()
        .map(|TableFinding { line, column, violation, .. }| {
            let column = column.map(|name| format!("/{}", escaped(&name))).unwrap_or_default();
            Violation { pointer: format!("/{line}{column}"), ..violation }
        })
        .collect()
}

/// The form of a table that the media type says.
fn file_of(request: &HttpRequest) -> Result<TableFile, Problem> {
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    match given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/csv" => Ok(TableFile::Csv),
        XLSX => Ok(TableFile::Xlsx),
        _ => Err(Problem::new(
            "unsupported_media_type",
            format!("The body must be text/csv or {XLSX}."),
            format!("Nội dung phải là text/csv hoặc {XLSX}."),
        )),
    }
}

async fn bytes_of(payload: web::Payload, pace: Pace, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut upload = Upload::new(payload, pace);
    let mut bytes = Vec::new();
    while let Some(chunk) = upload.next().await.map_err(stopped)? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Why a file didn't come in whole.
pub fn stopped(stopped: Stopped) -> Problem {
    match stopped {
        Stopped::TooSlow => Stopped::too_slow(),
        Stopped::CutOff(_) => {
            let (en, vi) = ("The body ended early.", "Nội dung bị cắt ngang.");
            Problem::malformed(vec![Violation::new("", "body_cut_off", en, vi)])
        }
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        "too_large",
        format!("A table has at most {limit} bytes, also unpacked."),
        format!("Bảng tối đa {limit} byte, kể cả sau khi giải nén."),
    )
}

/// A table as it was before it was packed.
async fn unpacked(packing: Packing, bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, Problem> {
    if packing == Packing::None {
        return Ok(bytes);
    }
    let work = tokio::task::spawn_blocking(move || packing.unpack(&bytes, limit));
    match work.await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(too_large(limit)),
        _ => {
            let (en, vi) = ("The body can't be unpacked.", "Không giải nén được nội dung.");
            Err(Problem::malformed(vec![Violation::new("", "unreadable_file", en, vi)]))
        }
    }
}

/// Import a score table
///
/// CSV (UTF-8, with `,`, `;` or a tab) or a spreadsheet. Wide: a row a unit, a column a criterion, whose head is
/// its code or name; `total` or `tổng điểm` for the total and `rank` or `xếp hạng` for its published rank; a stage in
/// brackets at the end of a head (`Tổng điểm (Tự đánh giá)`) says that of its scores, and the rank is then that of the
/// last stage of the totals in its row. Long:
/// columns of units, criteria and scores, and of ranks, stages (`stage`) and `applicable` where there are any. The
/// heads stand in one of the first 20 lines; `(60 điểm)` at the end of one is left out, and so is a line right below
/// that numbers the columns (1, 2, 3 or `(1)`, `(2)`). Where a head of a wide table is merged over several columns,
/// the next line names these, and the merged head does not count. A column of numbers that
/// could be scores and is no criterion is a finding, unless its head is that of an ordinal or a rank. Case and marks are
/// ignored. Units are found by id, code or a name that they bore in the year, with or without its kind; where several
/// answer, those whose name has the marks that are written come first, then those that the edition ranks, and what
/// stays ambiguous is refused with the candidates. So is a
/// name that units bear in other years alone. A number
/// has a decimal point, or a comma where `decimal=comma` says so; what a spreadsheet shows as a percentage is a
/// finding (`percent_cell`), because 85% is kept there as 0.85. An empty cell or a dash is no score and changes
/// nothing; `không áp dụng`, `KAD` or `n/a` takes the criterion out of the maximum. All scores are stored, or none: with `dry_run=true` the answer is what would be stored and every
/// finding by line and column, without it a finding is a 422 that names each place as `/line/column`. Lines of units
/// that no cohort of the edition ranks are told in `outside_cohorts`, and stored.
#[utoipa::path(tag = "index scores",
    params(
        ("code" = String, Path, description = "Code of the index."),
        ("year" = i32, Path, description = "Data year."),
        ScoreImportQuery,
    ),
    request_body(description = "The table.", content(
        (String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses((status = 200, description = "What was stored, or would be.", body = ScoreImportView))
)]
#[post("/indexes/{code}/editions/{year}/score-imports")]
pub async fn import_scores(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (code, year) = path.into_inner();
    let index_code = index_of_path(&state, &code).await?;
    let year = year_of("year", &year)?;
    crud::get::<Editions>(&state.store, frame::caller(), editions::key(&index_code, year)).await?;
    let file = file_of(&request)?;
    let packing = Packing::of(request.headers())?;
    let limit = MOST_BYTES.min(usize::try_from(state.max_import).unwrap_or(usize::MAX));
    let permit = state.imports.clone().try_acquire_owned().map_err(|_| {
        Problem::new("overloaded", "Too many imports are running.", "Đang có quá nhiều lần nhập cùng chạy.")
    })?;
    let bytes = bytes_of(payload, state.gate.rules.upload, limit).await?;
    let bytes = unpacked(packing, bytes, limit).await?;
    let query: ScoreImportQuery = read_query(request.query_string())?;
    let order = order(query, index_code, year)?;
    let outcome = score_imports::import(&state.store, state.context(), order, file, bytes).await?;
    drop(permit);
    if !outcome.order.dry_run && !outcome.stored {
        return Err(Problem::with_errors("validation", violations(outcome.findings)));
    }
    let view = ScoreImportView::from(outcome);
    let tag = etag::of_content(&serde_json::to_vec(&view).unwrap_or_default());
    Ok(respond::written(tag, &view))
}

fn order(query: ScoreImportQuery, index_code: String, year: i32) -> Result<ScoreImport, Error> {
    let source = query.source.as_deref().map(clean);
    let mut findings = Findings::default();
    findings.optional_text("source", source.as_ref(), 1000);
    findings.into_result().map_err(Error::Invalid)?;
    Ok(ScoreImport {
        index_code,
        year,
        stage: query.stage.unwrap_or(ScoreStage::Final),
        layout: query.layout.unwrap_or(TableLayout::Auto),
        decimal: query.decimal.unwrap_or(DecimalMark::Point),
        unit_column: query.unit_column,
        sheet: query.sheet,
        source,
        dry_run: query.dry_run.unwrap_or(false),
    })
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(import_scores);
}
