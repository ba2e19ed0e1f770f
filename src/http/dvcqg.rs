//! `/integrations/dvcqg/dossiers`: the synchronisation record of the National Public Service Portal, answered in
//! its own form. The record names the applicant: what names a person is never read, and nothing of a body is logged.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{ArrayBuilder, OneOf, OneOfBuilder, Schema},
    },
};

use super::{
    body::Body,
    endpoints::Endpoints,
    frame::{self, Language},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{
        text::clean,
        violation::{Text, Violation},
    },
    service::dvcqg::{self, Answer, DvcqgResult, MOST_RECORDS},
    store::idempotency::repeatable,
};

/// How units are found.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SyncDossiersQuery {
    /// The list that the codes of units belong to; any when absent.
    #[param(example = "gso")]
    pub code_scheme: Option<String>,
}

/// A supplement of the record.
#[derive(Debug, ToSchema)]
#[schema(as = DvcqgSupplement)]
#[allow(non_snake_case, dead_code)]
pub struct SupplementInput {
    /// When it was asked for.
    pub NgayBoSung: Option<String>,
    /// When it came.
    pub NgayTiepNhanBoSung: Option<String>,
    /// The due date before.
    pub NgayHenTraTruoc: Option<String>,
    /// The due date from then on.
    pub NgayHenTraMoi: Option<String>,
}

/// HoSoDongBoDVC, as far as it is read: every other member is dropped unread, whatever it is called. Times are
/// `yyyyMMddHHmmss` in Vietnamese time, or `yyyyMMdd`; an empty text is none. Codes may be texts or numbers.
#[derive(Debug, ToSchema)]
#[schema(as = DvcqgDossier, example = json!({
    "MaHoSo": "000.05.15.H20-210302-0007", "MaTTHC": "1.000656", "TenLinhVuc": "Hộ tịch", "KenhThucHien": "2",
    "NgayNopHoSo": "20210301203000", "NgayTiepNhan": "20210302080000", "NgayHenTra": "20210310170000",
    "TrangThaiHoSo": "4", "DonViXuLy": "874"
}))]
#[allow(non_snake_case, dead_code)]
pub struct DossierRecordInput {
    /// Code of the dossier.
    pub MaHoSo: String,
    /// Code of the procedure.
    pub MaTTHC: Option<String>,
    /// Field of the procedure.
    pub TenLinhVuc: Option<String>,
    /// 1 in person, 2 online, 3 public post; in person when absent.
    pub KenhThucHien: Option<String>,
    /// When it was submitted.
    pub NgayNopHoSo: Option<String>,
    /// When it was accepted.
    pub NgayTiepNhan: Option<String>,
    /// The due date as it is now.
    pub NgayHenTra: Option<String>,
    /// National status 1 to 10.
    pub TrangThaiHoSo: String,
    /// When it was not accepted.
    pub NgayTuChoi: Option<String>,
    /// When it ended; with the statuses 7 to 10.
    pub NgayKetThucXuLy: Option<String>,
    /// When the result was handed over.
    pub NgayTra: Option<String>,
    /// The unit that decides: the code that it had on the day of acceptance, or its id.
    pub DonViXuLy: String,
    /// Where it was handed in: a code or an id of a unit; what is neither says nothing.
    pub NoiNopHoSo: Option<String>,
    /// The supplements that were asked for.
    pub DanhSachHoSoBoSung: Option<Vec<SupplementInput>>,
}

/// One record, or up to 1,000 of them.
fn records_schema() -> OneOf {
    let record = || Ref::from_schema_name("DvcqgDossier");
    OneOfBuilder::new()
        .item(record())
        .item(ArrayBuilder::new().items(record()).max_items(Some(MOST_RECORDS)))
        .build()
}

/// The body of the request, for the document.
pub struct SyncDossiersInput;

impl PartialSchema for SyncDossiersInput {
    fn schema() -> RefOr<Schema> {
        RefOr::T(Schema::OneOf(records_schema()))
    }
}

impl ToSchema for SyncDossiersInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DvcqgDossiers")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("DvcqgDossier".to_owned(), DossierRecordInput::schema()));
        DossierRecordInput::schemas(schemas);
    }
}

/// What became of a record, as the portal's services answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DvcqgAnswer, example = json!({
    "dossier_code": "000.05.15.H20-210302-0007", "error_code": 0, "message": "Đồng bộ thành công", "result": "created",
    "rules": []
}))]
pub struct AnswerView {
    /// MaHoSo, where it could be read.
    pub dossier_code: Option<String>,
    /// 0 when the record was taken over, -1 when not.
    pub error_code: i32,
    /// What a person reads.
    pub message: String,
    /// What was done.
    pub result: DvcqgResult,
    /// Stable codes of the rules that the record breaks.
    pub rules: Vec<&'static str>,
}

impl AnswerView {
    fn new(answer: Answer, language: Language) -> Self {
        let pick = |text: &Text| match language {
            Language::English => text.en.clone(),
            Language::Vietnamese => text.vi.clone(),
        };
        let (result, dossier_code) = (answer.result(), answer.code);
        match answer.taken {
            Ok(_) => Self {
                dossier_code,
                error_code: 0,
                message: pick(&Text::new("Taken over", "Đồng bộ thành công")),
                result,
                rules: Vec::new(),
            },
            Err(violations) => Self {
                dossier_code,
                error_code: -1,
                message: violations.iter().map(|v| told(v, &pick)).collect::<Vec<_>>().join(" "),
                result,
                rules: violations.iter().map(|violation| violation.code).collect(),
            },
        }
    }
}

fn told(violation: &Violation, pick: &impl Fn(&Text) -> String) -> String {
    match violation.pointer.trim_start_matches('/') {
        "" => pick(&violation.text),
        member => format!("{member}: {}", pick(&violation.text)),
    }
}

/// Take over records of the national portal
///
/// HoSoDongBoDVC, one or up to 1,000 in an array, each for itself: the answer is a list in the order of the records,
/// with status 200 also where some were rejected. The applicant's data is dropped before anything is kept or logged.
/// Unlike everywhere else, unknown members are ignored: the record is not this service's to define. A record told
/// again changes nothing; one that arrives late, or tells a step that the transition table doesn't know, is taken
/// over as with `mode=sync` of events, and flagged. A status without a time (3 to 6) stands right after what is known:
/// it undoes no refusal, result or withdrawal, and gives way where the end before it is told again.
#[utoipa::path(tag = "dossiers", params(SyncDossiersQuery),
    request_body(content = inline(SyncDossiersInput), description = "The record or the records.", example = json!([{
        "MaHoSo": "000.05.15.H20-210302-0007", "MaTTHC": "1.000656", "TenLinhVuc": "Hộ tịch", "KenhThucHien": "2",
        "NgayTiepNhan": "20210302080000", "NgayHenTra": "20210310170000", "TrangThaiHoSo": "4", "DonViXuLy": "874"
    }])),
    responses((status = 200, description = "What became of each, in order.", body = Vec<AnswerView>, example = json!([{
        "dossier_code": "000.05.15.H20-210302-0007", "error_code": 0, "message": "Đồng bộ thành công",
        "result": "created", "rules": []
    }])))
)]
#[post("/integrations/dvcqg/dossiers")]
pub async fn sync_dvcqg_dossiers(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json()?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
    let records = records_of(text)?;
    let SyncDossiersQuery { code_scheme } = super::body::read_query(request.query_string())?;
    let scheme = code_scheme.as_deref().map(clean).filter(|scheme| !scheme.is_empty());
    // A record told again changes nothing.
    let answers = repeatable(dvcqg::take(&state.store, state.context(), &records, scheme)).await?;
    let language = frame::current().language;
    let views: Vec<AnswerView> =
        answers.into_iter().map(|answer| AnswerView::new(answer, language)).collect();
    let (tag, _) = respond::tagged(&views);
    Ok(respond::written(tag, &views))
}

/// The records of a body, each as it is written.
fn records_of(text: &str) -> Result<Vec<&str>, Problem> {
    if text.starts_with('{') {
        return Ok(vec![text]);
    }
    let records: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| {
        Problem::malformed(vec![Violation::new(
            "",
            "wrong_type",
            "The body is a record or an array of records.",
            "Nội dung là một bản ghi hoặc một mảng bản ghi.",
        )])
    })?;
    if records.len() > MOST_RECORDS {
        return Err(Problem::with_errors(
            "validation",
            vec![Violation::new(
                "",
                "too_many",
                format!("At most {MOST_RECORDS} records."),
                format!("Tối đa {MOST_RECORDS} bản ghi."),
            )],
        ));
    }
    Ok(records.into_iter().map(RawValue::get).collect())
}

/// The endpoints of this resource.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(sync_dvcqg_dossiers);
}
