//! Errors as problem documents (RFC 9457), and the one table of their codes.
//!
//! A problem carries both languages until it is written; the request's [`Frame`] says
//! which one, and which request it was. What happened inside is logged once, here, and never told.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    crud::API,
    frame::{self, Frame, Language},
    idempotency,
};
use crate::{
    domain::violation::{Text, Violation},
    service::error::Error,
    store::StoreError,
};

/// Code, status, English and Vietnamese title of every problem.
pub const CODES: &[(&str, u16, &str, &str)] = &[
    ("malformed", 400, "The request can't be read", "Yêu cầu không đọc được"),
    ("unauthenticated", 401, "A key is needed", "Cần khóa truy cập"),
    ("invalid_token", 401, "The key or token opens nothing", "Khóa hoặc mã truy cập không hợp lệ"),
    ("forbidden", 403, "Not allowed", "Không được phép"),
    ("withheld", 403, "Too few dossiers to be shown", "Quá ít hồ sơ để công khai"),
    ("unknown_route", 404, "No such address", "Không có địa chỉ này"),
    ("not_found", 404, "Not found", "Không tìm thấy"),
    ("not_published", 404, "It was not published", "Chưa được công bố"),
    ("method_not_allowed", 405, "Method not allowed", "Phương thức không được phép"),
    ("too_slow", 408, "The body came in too slowly", "Nội dung gửi đến quá chậm"),
    ("cursor_expired", 410, "The feed begins anew", "Danh sách thay đổi phải đọc lại từ đầu"),
    ("duplicate", 409, "It exists already", "Đã tồn tại"),
    ("too_many", 409, "There are too many already", "Đã có quá nhiều"),
    ("impossible_jump", 409, "The status can't follow", "Trạng thái không thể tiếp nối"),
    ("event_id_taken", 409, "The event number is taken", "Số sự kiện đã được dùng"),
    ("transferred", 409, "The dossier was transferred", "Hồ sơ đã được chuyển"),
    ("already_there", 409, "The unit has the dossier already", "Đơn vị đang giữ hồ sơ"),
    ("not_open", 409, "The dossier was not open", "Hồ sơ không ở tình trạng đang giải quyết"),
    ("in_use", 409, "Others refer to it", "Đang được tham chiếu"),
    ("code_taken", 409, "The code is taken at that time", "Mã đã được dùng trong thời gian đó"),
    ("number_taken", 409, "The decision number is taken", "Số quyết định đã được dùng"),
    ("calendar_taken", 409, "There is a calendar for these units", "Đơn vị đã có lịch làm việc"),
    ("key_ended", 409, "The key has ended", "Khóa đã hết hiệu lực"),
    ("annulled", 409, "The decision is annulled", "Quyết định đã bị hủy"),
    ("edition_published", 409, "The edition is published", "Kỳ đánh giá đã công bố"),
    ("nothing_changed", 409, "Nothing has changed", "Không có gì thay đổi"),
    ("stage_closed", 409, "The stage is not open", "Giai đoạn chấm điểm không mở"),
    ("due_change_without_reason", 409, "A due date changes only with a reason", "Đổi hạn trả phải có lý do"),
    ("period_not_over", 409, "The period is not over", "Kỳ báo cáo chưa kết thúc"),
    ("period_not_begun", 409, "The period has not begun", "Kỳ chưa bắt đầu"),
    ("import_running", 409, "The import is running", "Lần nhập đang chạy"),
    ("import_ended", 409, "The import has ended", "Lần nhập đã kết thúc"),
    (
        "idempotency_in_progress",
        409,
        "The first request is still running",
        "Yêu cầu đầu tiên đang được xử lý",
    ),
    (
        "idempotency_answer_lost",
        409,
        "It was done, and its answer is lost",
        "Đã thực hiện nhưng mất câu trả lời",
    ),
    ("stale", 412, "The record has changed", "Bản ghi đã thay đổi"),
    ("too_large", 413, "The body is too large", "Nội dung quá lớn"),
    ("unsupported_media_type", 415, "Unsupported media type", "Kiểu nội dung không được hỗ trợ"),
    ("validation", 422, "The record breaks a rule", "Bản ghi vi phạm quy tắc"),
    ("batch_refused", 422, "Records of the batch were refused", "Có bản ghi trong lô không được chấp nhận"),
    ("idempotency_key_reused", 422, "The key was used for another request", "Khóa đã dùng cho yêu cầu khác"),
    ("rate_limited", 429, "Too many requests", "Quá nhiều yêu cầu"),
    ("internal", 500, "Internal error", "Lỗi nội bộ"),
    ("overloaded", 503, "Too busy at the moment", "Hệ thống đang quá tải"),
    ("issuer_unavailable", 503, "The identity provider is away", "Hệ thống định danh không sẵn sàng"),
    ("unavailable", 503, "The database is not available", "Cơ sở dữ liệu không sẵn sàng"),
    ("timed_out", 503, "It took too long", "Xử lý quá lâu"),
];

/// One broken rule of a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"pointer": "/due_at", "code": "before_accepted", "detail": "Must not be before `accepted_at`."}))]
pub struct ProblemError {
    /// JSON pointer (RFC 6901) into the body, or the name of a query parameter.
    pub pointer: String,
    /// Stable code of the rule.
    pub code: String,
    /// The rule in words.
    pub detail: String,
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/validation", "title": "The record breaks a rule", "status": 422,
    "detail": "Must not be before `accepted_at`.", "instance": "/api/v1/dossiers", "code": "validation",
    "errors": [{"pointer": "/due_at", "code": "before_accepted", "detail": "Must not be before `accepted_at`."}],
    "request_id": "019ab1f0-0000-7000-8000-000000000000"
}))]
pub struct ProblemBody {
    /// URI of the kind of problem; ends in the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words, in the language of the request.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time, in the language of the request.
    pub detail: String,
    /// Path of the request.
    pub instance: String,
    /// Stable code of the kind.
    pub code: String,
    /// Each broken rule with its place.
    pub errors: Vec<ProblemError>,
    /// Id of the request, as in the log.
    pub request_id: String,
    /// Of `cursor_expired`: the address of a snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String)]
    pub snapshot: Option<String>,
    /// Of `cursor_expired`: the cursor to go on from, for who needs no snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String)]
    pub next_cursor: Option<String>,
}

/// An error on its way to the caller.
#[derive(Debug)]
pub struct Problem {
    code: &'static str,
    detail: Text,
    errors: Vec<Violation>,
    allow: Option<Box<str>>,
    /// The end of the feed, where a cursor is older than what is kept.
    go_on_from: Option<Box<str>>,
}

impl Problem {
    /// A problem of a code of the table.
    pub fn new(code: &'static str, en: impl Into<String>, vi: impl Into<String>) -> Self {
        Self { code, detail: Text::new(en, vi), errors: Vec::new(), allow: None, go_on_from: None }
    }

    /// Something that can't be read as what the document says it is.
    pub fn malformed(errors: Vec<Violation>) -> Self {
        Self::with_errors("malformed", errors)
    }

    /// One parameter that can't be read.
    pub fn bad_parameter(
        name: &str,
        code: &'static str,
        en: impl Into<String>,
        vi: impl Into<String>,
    ) -> Self {
        Self::malformed(vec![Violation::new(name, code, en, vi)])
    }

    /// A record that breaks rules.
    pub fn with_errors(code: &'static str, errors: Vec<Violation>) -> Self {
        // What is wrong with a body as a whole has no place to name.
        let told = |v: &Violation, text: &str| match v.pointer.as_str() {
            "" => text.to_owned(),
            pointer => format!("{pointer}: {text}"),
        };
        let join = |pick: fn(&Violation) -> &String| {
            let texts: Vec<String> = errors.iter().map(|v| told(v, pick(v))).collect();
            texts.join(" ")
        };
        let detail = Text::new(join(|v| &v.text.en), join(|v| &v.text.vi));
        Self { code, detail, errors, allow: None, go_on_from: None }
    }

    /// A method that the address doesn't have; `allow` are those that it has.
    pub fn method_not_allowed(allow: String) -> Self {
        let mut problem = Self::new(
            "method_not_allowed",
            format!("This address allows {allow}."),
            format!("Địa chỉ này cho phép {allow}."),
        );
        problem.allow = Some(allow.into());
        problem
    }

    /// A defect of the service.
    pub fn internal() -> Self {
        Self::new(
            "internal",
            "Something went wrong in the service; the request id finds it in the log.",
            "Hệ thống gặp lỗi; mã yêu cầu giúp tra cứu trong nhật ký.",
        )
    }

    /// Whether the request was read and breaks a rule.
    pub fn is_validation(&self) -> bool {
        self.code == "validation"
    }

    /// The document, in the language of a request.
    pub fn told(&self, frame: &Frame) -> ProblemBody {
        let pick = |text: &Text| match frame.language {
            Language::English => text.en.clone(),
            Language::Vietnamese => text.vi.clone(),
        };
        let (status, en, vi) = self.row();
        ProblemBody {
            kind: format!("/problems/{}", self.code),
            title: pick(&Text::new(en, vi)),
            status,
            detail: pick(&self.detail),
            instance: frame.path.clone(),
            code: self.code.to_owned(),
            errors: self
                .errors
                .iter()
                .map(|v| ProblemError {
                    pointer: v.pointer.clone(),
                    code: v.code.to_owned(),
                    detail: pick(&v.text),
                })
                .collect(),
            request_id: frame.request_id.clone(),
            snapshot: self.go_on_from.as_ref().map(|_| format!("{API}/changes/snapshot")),
            next_cursor: self.go_on_from.as_deref().map(str::to_owned),
        }
    }

    /// What the rules are broken by stands within a larger body, at this pointer; a problem without a place gets it.
    #[must_use]
    pub fn within(mut self, pointer: &str) -> Self {
        for violation in &mut self.errors {
            violation.pointer.insert_str(0, pointer);
        }
        if self.errors.is_empty() {
            let (en, vi) = (self.detail.en.clone(), self.detail.vi.clone());
            self.errors.push(Violation::new(pointer, self.code, en, vi));
        }
        self
    }

    /// Each broken rule with its place.
    pub fn into_errors(self) -> Vec<Violation> {
        self.errors
    }

    fn row(&self) -> (u16, &'static str, &'static str) {
        CODES
            .iter()
            .find(|(code, ..)| *code == self.code)
            .map_or((500, "Internal error", "Lỗi nội bộ"), |(_, status, en, vi)| (*status, en, vi))
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail.en)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let frame = frame::current();
        let body = self.told(&frame);
        let status = body.status;
        let mut response = HttpResponse::build(self.status_code());
        response
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .insert_header((header::CONTENT_LANGUAGE, frame.language.tag()))
            .insert_header((header::VARY, "Accept-Language"))
            .insert_header((header::CACHE_CONTROL, "no-store"));
        if status == 503 || self.code == "idempotency_in_progress" {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        if status == 401 {
            let challenge = match self.code {
                "invalid_token" => "Bearer realm=\"chiso\", error=\"invalid_token\"",
                _ => "Bearer realm=\"chiso\"",
            };
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if status == 408 {
            // What is left of the body is not waited for.
            response.force_close();
        }
        if self.code == "unsupported_media_type" {
            response.insert_header((header::ACCEPT_ENCODING, "gzip, zstd"));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((header::ALLOW, allow.as_ref()));
        }
        response.body(serde_json::to_string(&body).unwrap_or_default())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { resource, key } => {
                let key: String = key.chars().filter(|c| !c.is_control()).take(120).collect();
                Self::new(
                    "not_found",
                    format!("There is no `{key}` in {resource}."),
                    format!("Không có `{key}` trong {resource}."),
                )
            }
            Error::Absent { code, text } => {
                Self { code, detail: text, errors: Vec::new(), allow: None, go_on_from: None }
            }
            Error::Invalid(violations) => Self::with_errors("validation", violations),
            Error::Malformed(violations) => Self::malformed(violations),
            Error::Conflict { code, text, violations } => {
                Self { code, detail: text, errors: violations, allow: None, go_on_from: None }
            }
            Error::Forbidden(text) => {
                Self { code: "forbidden", detail: text, errors: Vec::new(), allow: None, go_on_from: None }
            }
            Error::Expired { cursor } => Self {
                go_on_from: Some(cursor.into()),
                ..Self::new(
                    "cursor_expired",
                    "The changes behind this cursor are no longer kept, or what the key reaches has changed: read the \
                     snapshot, and go on from the cursor that it gives.",
                    "Không còn lưu các thay đổi sau con trỏ này, hoặc phạm vi của khóa đã thay đổi: hãy đọc bản chụp rồi \
                     tiếp tục từ con trỏ kèm theo.",
                )
            },
            Error::Stale => Self::new(
                "stale",
                "The record has changed since it was read: read it again.",
                "Bản ghi đã thay đổi kể từ lần đọc trước: hãy đọc lại.",
            ),
            Error::Store(error) => Self::from(error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(what) => {
                tracing::warn!(what, "overloaded");
                Self::new("overloaded", "Try again in a moment.", "Vui lòng thử lại sau giây lát.")
            }
            StoreError::Unavailable(why) => {
                tracing::error!(why, "the database is not available");
                Self::new("unavailable", "Try again in a moment.", "Vui lòng thử lại sau giây lát.")
            }
            StoreError::ClaimLost => idempotency::in_progress(),
            error @ (StoreError::Unique(_)
            | StoreError::ForeignKey
            | StoreError::Corrupt(_)
            | StoreError::Panicked
            | StoreError::Other(_)) => {
                tracing::error!(error = %error, "unexpected error of the store");
                Self::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn the_readme_tells_every_code_with_its_status() {
        let readme = include_str!("../../README.md");
        for (code, status, ..) in CODES {
            assert!(readme.contains(&format!("| `{code}` | {status} |")), "{code}");
        }
    }
}
