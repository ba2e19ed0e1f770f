//! `/commendations`: decisions and their recipients; a decision is annulled, never deleted.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, Exposed, Key},
    endpoints::Endpoints,
    etag, frame,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{
        commendations::{Commendation, CommendationForm, Recipient, RecipientKind},
        text::clean,
        time::{Day, Moment},
    },
    service::{
        commendations::{CommendationFlag, Commendations, FlaggedCommendation},
        crud::{Absent, Proposal},
        error::Error,
    },
    store::{
        Versioned,
        list::{Filter, Test, Value},
    },
};

const SORTS: &[SortKey] =
    &[("id", "id"), ("decided_on", "decided_on"), ("achievement_year", "achievement_year")];

/// A recipient, or several of one kind without names.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recipient)]
pub struct RecipientView {
    /// A collective or an individual.
    pub kind: RecipientKind,
    /// Name, where known.
    pub name: Option<String>,
    /// The unit it belongs to, where known.
    pub unit_id: Option<String>,
    /// How many; above 1 only without a name.
    pub count: i32,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Commendation, example = json!({
    "id": "019ab1f0-0000-7000-8000-000000000001", "decision_number": "1234/QĐ-UBND-HC", "decided_on": "2021-01-15",
    "issuer_unit_id": "gso-874", "form": "giay_khen", "ground": "Hoàn thành xuất sắc công tác cải cách hành chính",
    "achievement_year": 2020, "recipients": [{"kind": "collective", "name": null, "unit_id": null, "count": 6}],
    "annulled_at": null, "flags": [], "second_award_ids": []
}))]
pub struct CommendationView {
    /// Made by the service.
    pub id: String,
    /// Number as printed; null where only the news is known.
    pub decision_number: Option<String>,
    /// Date of the decision.
    pub decided_on: Option<Day>,
    /// Who issued it.
    pub issuer_unit_id: String,
    /// Form.
    pub form: CommendationForm,
    /// For what.
    pub ground: String,
    /// Year of the achievement, which is not always that of the decision.
    pub achievement_year: i32,
    /// Who received it.
    pub recipients: Vec<RecipientView>,
    /// When it was annulled.
    pub annulled_at: Option<Moment>,
    /// What a reader should know of it.
    pub flags: Vec<CommendationFlag>,
    /// Other valid decisions that name one of the recipients for the same year; those that name the same individual
    /// are told to who sees the names of both.
    pub second_award_ids: Vec<String>,
}

/// A recipient, or several of one kind without names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientInput {
    /// A collective or an individual.
    pub kind: RecipientKind,
    /// Name, where known.
    #[serde(default)]
    pub name: Option<String>,
    /// The unit it belongs to, where known.
    #[serde(default)]
    pub unit_id: Option<String>,
    /// How many; above 1 only without a name.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub count: i32,
}

const fn one() -> i32 {
    1
}

/// A decision as it shall be. What a `GET` gives can be sent back: `annulled_at`, `flags` and
/// `second_award_ids` are taken and ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "decision_number": "1234/QĐ-UBND-HC", "decided_on": "2021-01-15", "issuer_unit_id": "gso-874",
    "form": "giay_khen", "ground": "Hoàn thành xuất sắc công tác cải cách hành chính", "achievement_year": 2020,
    "recipients": [{"kind": "collective", "count": 6}, {"kind": "individual", "name": "Nguyễn Văn Mẫu"}]
}))]
pub struct CommendationInput {
    /// The key; the service makes it, a `PUT` may repeat it.
    #[serde(default)]
    pub id: Option<String>,
    /// Number as printed, unique for the issuer and the year of `decided_on`.
    #[serde(default)]
    pub decision_number: Option<String>,
    /// Date of the decision.
    #[serde(default)]
    pub decided_on: Option<Day>,
    /// Who issued it. It must exist on `decided_on`, and its level must fit the form.
    pub issuer_unit_id: String,
    /// Form.
    pub form: CommendationForm,
    /// For what.
    pub ground: String,
    /// Year of the achievement.
    #[schema(minimum = 1900, maximum = 2999)]
    pub achievement_year: i32,
    /// Who received it.
    #[schema(min_items = 1)]
    pub recipients: Vec<RecipientInput>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<Moment>, read_only)]
    pub annulled_at: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<Vec<CommendationFlag>>, read_only)]
    pub flags: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, read_only)]
    pub second_award_ids: Option<IgnoredAny>,
}

/// A page of decisions.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommendationPage {
    /// The decisions.
    pub items: Vec<CommendationView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which decisions.
    pub struct ListCommendationsQuery by SORTS {
        /// Decisions that this unit alone issued.
        issuer_unit_id: String,
        /// Decisions that this unit or one below it issued.
        under: String,
        /// Decisions of this form.
        form: CommendationForm,
        /// Decisions for this year.
        achievement_year: i32,
        /// Decisions of this number.
        decision_number: String,
        /// Decisions that are annulled, or not.
        annulled: bool,
        /// Decided on this day or later.
        decided_from: Day,
        /// Decided on this day or earlier.
        decided_to: Day,
        /// Decisions of this day.
        decided_on: Day,
    }
}

impl ListedResource for Commendations {
    fn sort_value(record: &FlaggedCommendation, column: &str) -> Option<Value> {
        match column {
            "decided_on" => record.commendation.decided_on.map(|day| Value::Date(day.date())),
            "achievement_year" => Some(Value::Integer(record.commendation.achievement_year)),
            _ => None,
        }
    }
}

impl Exposed for Commendations {
    type View = CommendationView;
    type Input = CommendationInput;

    fn view(record: Versioned<FlaggedCommendation>, _today: Day) -> CommendationView {
        let caller = frame::caller();
        let flags = record.record.flags(&caller);
        let second_award_ids = record.record.second_award_ids(&caller);
        let c = record.record.commendation;
        CommendationView {
            id: c.id,
            decision_number: c.decision_number,
            decided_on: c.decided_on,
            issuer_unit_id: c.issuer_unit_id,
            form: c.form,
            ground: c.ground,
            achievement_year: c.achievement_year,
            recipients: c
                .recipients
                .into_iter()
                .map(|r| RecipientView { kind: r.kind, name: r.name, unit_id: r.unit_id, count: r.count })
                .collect(),
            annulled_at: c.annulled_at,
            flags,
            second_award_ids,
        }
    }

    fn derived(record: &FlaggedCommendation, _today: Day) -> Option<Cow<'static, str>> {
        let ids = record.second_award_ids(&frame::caller());
        (!ids.is_empty()).then(|| Cow::Owned(etag::digest(ids.join("\n").as_bytes())))
    }

    fn proposal(
        input: CommendationInput,
        key: Key,
        old: Option<&FlaggedCommendation>,
    ) -> Result<Proposal<FlaggedCommendation>, Error> {
        let text = |value: Option<String>| value.as_deref().map(clean);
        let decision = Commendation {
            id: key.or_new("/id", input.id)?,
            decision_number: text(input.decision_number),
            decided_on: input.decided_on,
            issuer_unit_id: clean(&input.issuer_unit_id),
            form: input.form,
            ground: clean(&input.ground),
            achievement_year: input.achievement_year,
            recipients: input
                .recipients
                .into_iter()
                .map(|r| Recipient {
                    kind: r.kind,
                    name: text(r.name),
                    unit_id: text(r.unit_id),
                    count: r.count,
                })
                .collect(),
            annulled_at: old.and_then(|old| old.commendation.annulled_at),
        };
        Ok(FlaggedCommendation::from(decision).into())
    }
}

/// List commendations
///
/// Filters are exact. Annulled decisions are among them unless `annulled=false`.
#[utoipa::path(tag = "commendations", params(ListCommendationsQuery), responses((status = 200, description = "A page of decisions.", body = CommendationPage)))]
#[get("/commendations")]
pub async fn list_commendations(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ListCommendationsQuery>,
) -> Result<HttpResponse, Problem> {
    let day = |test, day: Option<Day>| {
        day.map(|day| Filter { column: "decided_on", test, value: Value::Date(day.date()) })
    };
    let annulled = query.annulled.map(|annulled| Filter {
        column: "annulled_at",
        test: if annulled { Test::Present } else { Test::Absent },
        value: Value::Bool(annulled),
    });
    let filters = [
        page::is("issuer_unit_id", query.issuer_unit_id.as_ref()),
        page::under("issuer_unit_id", query.under.as_ref()),
        page::is_word("form", query.form.map(CommendationForm::as_str)),
        page::is_number("achievement_year", query.achievement_year),
        page::is_day("decided_on", query.decided_on),
        page::is("decision_number", query.decision_number.as_ref()),
        annulled,
        day(Test::AtLeast, query.decided_from),
        day(Test::Below, query.decided_to.map(Day::next)),
    ];
    crud::list::<Commendations>(&state, &request, query.paging(), filters, SORTS).await
}

/// Create a commendation
///
/// The service makes the id. A number is unique for its issuer and the year of `decided_on`; without a date it is
/// taken and flagged `undated`. Another valid decision for one of the recipients in the same year is flagged too.
#[utoipa::path(tag = "commendations", request_body = CommendationInput, responses((status = 201, description = "The new decision.", body = CommendationView)))]
#[post("/commendations")]
pub async fn create_commendation(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::post::<Commendations>(&state, &request, body).await
}

/// Get a commendation
///
/// Its `ETag` changes with every write and when the list of second awards does.
#[utoipa::path(tag = "commendations", params(("id" = String, Path, description = "Id of the decision.")), responses((status = 200, description = "The decision.", body = CommendationView)))]
#[get("/commendations/{id}")]
pub async fn get_commendation(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::get::<Commendations>(&state, &request, &id).await
}

/// Put a commendation
///
/// Replaces a decision that exists. An annulled one no longer changes.
#[utoipa::path(tag = "commendations", params(("id" = String, Path, description = "Id of the decision.")), request_body = CommendationInput, responses((status = 200, description = "The decision as it is now.", body = CommendationView)))]
#[put("/commendations/{id}")]
pub async fn put_commendation(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<Commendations>(&state, &request, &id, body, Absent::Refuse).await
}

/// Patch a commendation
///
/// A JSON merge patch of what `GET` gives. An annulled decision no longer changes.
#[utoipa::path(tag = "commendations", params(("id" = String, Path, description = "Id of the decision.")), request_body(content = CommendationInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The decision as it is now.", body = CommendationView)))]
#[patch("/commendations/{id}")]
pub async fn patch_commendation(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<Commendations>(&state, &request, &id, body).await
}

/// Annul a commendation
///
/// The decision stays with `annulled_at`, its number stays taken, and reviews no longer count it. Repeating it
/// changes nothing.
#[utoipa::path(tag = "commendations", params(("id" = String, Path, description = "Id of the decision.")), responses((status = 204, description = "It is annulled.")))]
#[delete("/commendations/{id}")]
pub async fn delete_commendation(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<Commendations>(&state, &request, &id).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_commendations)
        .service(create_commendation)
        .service(get_commendation)
        .service(put_commendation)
        .service(patch_commendation)
        .service(delete_commendation);
}
