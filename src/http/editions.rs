//! `/indexes/{code}/editions`: the framework of an index in one year.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, put, web};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use super::{
    body::{Body, Query},
    crud::{self, API, Exposed, Key},
    edition_cycle::{StateQuery, behind_edition},
    edition_parts::{
        BandInput, BandView, CohortBody, CriterionInput, CriterionView, band, cohort, cohort_view, criterion,
        criterion_view, text,
    },
    endpoints::Endpoints,
    frame,
    page::{self, ListedResource, SortKey, list_query},
    problem::Problem,
    ranking_queries::year_of,
    respond,
    schema::Number,
    state::AppState,
};
use crate::{
    domain::{
        decimal::Exact,
        edition_cycle::{CycleStep, EditionState},
        editions::{Edition, EditionStatus, Method, ScoreUnit, TieRule},
        text::clean,
        time::{Day, Moment},
    },
    service::{
        self,
        crud::{Absent, Proposal, Resource},
        edition_cycle::{self, Which},
        editions::Editions,
        error::Error,
        indexes::Indexes,
    },
    store::{self, Versioned, list::Value},
};

const SORTS: &[SortKey] = &[("year", store::editions::YEAR)];

/// The edition of an index in one year.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Edition, example = json!({
    "index_code": "pci", "year": 2016, "framework": "pci-2013", "unit_of_measure": "points", "decimals": 2,
    "rank_decimals": null, "tie_rule": "competition", "method": "weighted", "rescale_without_survey": false,
    "rescale_not_applicable": false,
    "criteria": [
        {"code": "transparency", "name": "Tính minh bạch", "name_en": "Transparency", "parent": null, "max_points": 10,
         "min_points": null, "weight": 60, "polarity": "positive", "stage": null, "method": null, "kind": "ordinary",
         "from_records": null},
        {"code": "time_costs", "name": "Chi phí thời gian", "name_en": "Time costs", "parent": null, "max_points": 10,
         "min_points": null, "weight": 40, "polarity": "positive", "stage": null, "method": null, "kind": "ordinary",
         "from_records": null}
    ],
    "cohorts": [{"code": "provinces", "name": "Các tỉnh, thành phố", "unit_ids": ["gso-01", "gso-87"], "rule": null}],
    "overlapping_cohorts": false,
    "bands": [{"label": "Khá", "from": null, "to": 60}, {"label": "Tốt", "from": 60, "to": null}],
    "note": null, "status": "published", "revision": 1,
    "stages": [
        {"status": "draft", "at": "2017-01-09T08:00:00+07:00", "actor": "Sở Nội vụ", "reason": null, "revision": null},
        {"status": "published", "at": "2017-03-14T09:00:00+07:00", "actor": "Sở Nội vụ", "reason": null, "revision": 1}
    ],
    "published_at": "2017-03-14T09:00:00+07:00", "working": {"changed": true, "edition_changed": false, "changed_scores": 3, "units_changed": false}
}))]
pub struct EditionView {
    /// The index.
    pub index_code: String,
    /// The data year: not the year of publication.
    pub year: i32,
    /// Id of the framework: deltas across frameworks are not comparable, nor are those between totals that follow other
    /// rules or from values that are scaled within the cohort.
    pub framework: String,
    /// What a score counts.
    pub unit_of_measure: ScoreUnit,
    /// Decimals of the output, 0 to 10.
    pub decimals: u8,
    /// Decimals on which ranks are taken; exact scores when null.
    pub rank_decimals: Option<u8>,
    /// How equal scores share ranks.
    pub tie_rule: TieRule,
    /// How a total comes from criteria.
    pub method: Method,
    /// Whether points without a survey are scaled to the maximum that they would have with one.
    pub rescale_without_survey: bool,
    /// Whether the points of a unit to which some criteria do not apply are scaled up to the maximum of other units.
    pub rescale_not_applicable: bool,
    /// The criteria tree; without one the edition has totals only.
    pub criteria: Vec<CriterionView>,
    /// Who is ranked against whom.
    pub cohorts: Vec<CohortBody>,
    /// Whether a unit may be ranked in more than one cohort.
    pub overlapping_cohorts: bool,
    /// Bands in ascending order; each begins where the one below it ends.
    pub bands: Vec<BandView>,
    /// What is official in this edition and what is assumed.
    pub note: Option<String>,
    /// Where it stands. What is published stays: a write changes the working state.
    pub status: EditionStatus,
    /// Number of the published revision; null before the first.
    pub revision: Option<i32>,
    /// The steps of its cycle, from its creation as a draft: who took each, and when.
    pub stages: Vec<EditionStep>,
    /// When that revision was published.
    pub published_at: Option<Moment>,
    /// How the working state differs from the last revision; null before the first, and in a revision.
    pub working: Option<WorkingState>,
}

/// A step of the cycle of an edition.
#[derive(Debug, Serialize, ToSchema)]
pub struct EditionStep {
    /// Where the edition stood from then on.
    pub status: EditionStatus,
    /// When.
    pub at: Moment,
    /// Who took it.
    pub actor: String,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// The revision that was made, for a publication.
    pub revision: Option<i32>,
}

/// How the working state of an edition differs from its last revision.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkingState {
    /// Whether there is anything to publish.
    pub changed: bool,
    /// Whether the edition itself says something else.
    pub edition_changed: bool,
    /// Scores that were added, changed or taken away.
    pub changed_scores: i64,
    /// Whether its cohorts have other units, or units that are recorded otherwise: under another name, say. So it is
    /// where another reform is known of units that its rankings name beside these.
    pub units_changed: bool,
}

/// An edition as it shall be. What a `GET` gives can be sent back: where it stands in its cycle (`status`, `revision`,
/// `stages`, `published_at`, `working`) is taken and ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "framework": "pci-2013", "unit_of_measure": "points", "decimals": 2,
    "cohorts": [{"code": "provinces", "name": "Các tỉnh, thành phố", "rule": {"level": "province"}}]
}))]
pub struct EditionInput {
    /// The index, as in the path.
    #[serde(default)]
    pub index_code: Option<String>,
    /// The data year, as in the path.
    #[serde(default)]
    pub year: Option<i32>,
    /// Id of the framework: deltas across frameworks are not comparable, nor are those between totals that follow other
    /// rules or from values that are scaled within the cohort.
    pub framework: String,
    /// What a score counts.
    pub unit_of_measure: ScoreUnit,
    /// Decimals of the output, 0 to 10.
    #[schema(maximum = 10)]
    pub decimals: u8,
    /// Decimals on which ranks are taken; exact scores when absent.
    #[serde(default)]
    #[schema(maximum = 10)]
    pub rank_decimals: Option<u8>,
    /// How equal scores share ranks; `competition` when absent.
    #[serde(default)]
    pub tie_rule: Option<TieRule>,
    /// How a total comes from criteria; `points` when absent.
    #[serde(default)]
    pub method: Option<Method>,
    /// Whether points without a survey are scaled to the maximum that they would have with one; false when absent.
    /// A total in percent always is.
    #[serde(default)]
    pub rescale_without_survey: Option<bool>,
    /// Whether the points of a unit to which some criteria do not apply are scaled up to the maximum of other units,
    /// bonus and penalty points apart. False when absent: the points of what does not apply are lost. Needs
    /// `max_points` of all that is scored. A total in percent, weighted or normalised always is of what applies alone.
    #[serde(default)]
    pub rescale_not_applicable: Option<bool>,
    /// The criteria tree; without one the edition has totals only.
    #[serde(default)]
    pub criteria: Vec<CriterionInput>,
    /// At least one cohort.
    pub cohorts: Vec<CohortBody>,
    /// Whether a unit may be ranked in more than one cohort; false when absent.
    #[serde(default)]
    pub overlapping_cohorts: bool,
    /// Bands in ascending order; each begins where the one below it ends.
    #[serde(default)]
    pub bands: Vec<BandInput>,
    /// What is official in this edition and what is assumed.
    #[serde(default)]
    pub note: Option<String>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<EditionStatus>, read_only)]
    pub status: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<i32>, read_only)]
    pub revision: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EditionStep>>, read_only)]
    pub stages: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<Moment>, read_only)]
    pub published_at: Option<IgnoredAny>,
    /// Read-only: ignored.
    #[serde(default)]
    #[schema(value_type = Option<WorkingState>, read_only)]
    pub working: Option<IgnoredAny>,
}

/// A page of editions.
#[derive(Debug, Serialize, ToSchema)]
pub struct EditionPage {
    /// The editions.
    pub items: Vec<EditionView>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// How many the filters leave, with `with_total=true`.
    #[schema(required = false)]
    pub total: i64,
}

list_query! {
    /// Which editions.
    pub struct ListEditionsQuery by SORTS {
        /// The edition of this data year.
        year: i32,
        /// Editions with this framework.
        framework: String,
        /// Editions that stand there.
        status: EditionStatus,
        /// Editions whose scores count this.
        unit_of_measure: ScoreUnit,
        /// Editions with this tie rule.
        tie_rule: TieRule,
        /// Editions with this method.
        method: Method,
    }
}

impl From<CycleStep> for EditionStep {
    fn from(step: CycleStep) -> Self {
        Self {
            status: step.status,
            at: step.at,
            actor: step.actor,
            reason: step.reason,
            revision: step.revision,
        }
    }
}

impl ListedResource for Editions {
    // The only sort column is the key column.
    fn sort_value(_edition: &Edition, _column: &str) -> Option<Value> {
        None
    }

    fn list_key(edition: &Edition) -> String {
        edition.year.to_string()
    }
}

impl Exposed for Editions {
    type View = EditionView;
    type Input = EditionInput;

    fn view(edition: Versioned<Edition>, _today: Day) -> EditionView {
        let published_at = edition.record.published_at();
        let edition = edition.record;
        let number = |value: Option<Exact>| value.as_ref().map(Number::exact);
        EditionView {
            index_code: edition.index_code,
            year: edition.year,
            framework: edition.framework,
            unit_of_measure: edition.unit_of_measure,
            decimals: edition.decimals,
            rank_decimals: edition.rank_decimals,
            tie_rule: edition.tie_rule,
            method: edition.method,
            rescale_without_survey: edition.rescale_without_survey,
            rescale_not_applicable: edition.rescale_not_applicable,
            criteria: edition.criteria.into_iter().map(criterion_view).collect(),
            cohorts: edition.cohorts.into_iter().map(cohort_view).collect(),
            overlapping_cohorts: edition.overlapping_cohorts,
            bands: edition
                .bands
                .into_iter()
                .map(|b| BandView { label: b.label, from: number(b.from), to: number(b.to) })
                .collect(),
            note: edition.note,
            status: edition.status,
            revision: edition.revision,
            stages: edition.stages.into_iter().map(Into::into).collect(),
            published_at,
            working: edition.state.working.map(|working| WorkingState {
                changed: working.is_changed(),
                edition_changed: working.edition_changed,
                changed_scores: working.changed_scores,
                units_changed: working.units_changed,
            }),
        }
    }

    fn derived(edition: &Edition, _today: Day) -> Option<Cow<'static, str>> {
        match (edition.state.frozen, edition.state.working) {
            (Some(frozen), _) => Some(Cow::Owned(format!("r{}", frozen.revision))),
            // The scores and the units are written beside the edition.
            (None, Some(working)) if working.is_changed() => Some(Cow::Owned(format!(
                "{}{}{}",
                working.changed_scores,
                if working.edition_changed { "e" } else { "" },
                if working.units_changed { "u" } else { "" }
            ))),
            _ => None,
        }
    }

    fn proposal(input: EditionInput, key: Key, _old: Option<&Edition>) -> Result<Proposal<Edition>, Error> {
        let path = key.path().unwrap_or_default();
        let (index, year) =
            service::editions::parse_key(path).ok_or_else(|| Error::not_found(Self::NAME, path))?;
        let edition = Edition {
            index_code: crud::repeated("/index_code", index.to_owned(), text(input.index_code))?,
            year: crud::repeated("/year", year, input.year)?,
            framework: clean(&input.framework),
            unit_of_measure: input.unit_of_measure,
            decimals: input.decimals,
            rank_decimals: input.rank_decimals,
            tie_rule: input.tie_rule.unwrap_or(TieRule::Competition),
            method: input.method.unwrap_or(Method::Points),
            rescale_without_survey: input.rescale_without_survey.unwrap_or(false),
            rescale_not_applicable: input.rescale_not_applicable.unwrap_or(false),
            criteria: input
                .criteria
                .into_iter()
                .enumerate()
                .map(|(i, c)| criterion(i, c))
                .collect::<Result<_, _>>()?,
            cohorts: input.cohorts.into_iter().map(cohort).collect(),
            overlapping_cohorts: input.overlapping_cohorts,
            bands: input.bands.into_iter().enumerate().map(|(i, b)| band(i, b)).collect::<Result<_, _>>()?,
            note: text(input.note),
            // Where it stands is carried over from what is there.
            status: EditionStatus::Draft,
            revision: None,
            stages: Vec::new(),
            state: EditionState::default(),
        };
        Ok(edition.into())
    }

    fn location(edition: &Edition) -> String {
        format!("{API}/indexes/{}/editions/{}", respond::segment(&edition.index_code), edition.year)
    }
}

/// The code of an index in a path: the index must be there.
///
/// # Errors
/// 404.
pub async fn index_of_path(state: &AppState, code: &str) -> Result<String, Problem> {
    let code = crud::path_key::<Indexes>(code)?;
    Ok(service::crud::get::<Indexes>(&state.store, frame::caller(), code).await?.record.code)
}

/// The index and the year of an edition's path. The index comes first: 404 before 400.
///
/// # Errors
/// 404 for an unknown index, 400 for what is no year.
pub async fn edition_of_path(state: &AppState, path: &(String, String)) -> Result<(String, i32), Problem> {
    let index = index_of_path(state, &path.0).await?;
    Ok((index, year_of("year", &path.1)?))
}

/// The key of an edition from its path.
///
/// # Errors
/// 404 for the index, 400 for the year.
pub async fn key(state: &AppState, path: &(String, String)) -> Result<String, Problem> {
    let (index, year) = edition_of_path(state, path).await?;
    Ok(service::editions::key(&index, year))
}

/// List the editions of an index
///
/// One a year, the oldest first; `sort=-year` begins with the newest.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ListEditionsQuery), responses((status = 200, description = "A page of editions.", body = EditionPage)))]
#[get("/indexes/{code}/editions")]
pub async fn list_editions(
    state: web::Data<AppState>,
    request: HttpRequest,
    code: web::Path<String>,
    Query(query): Query<ListEditionsQuery>,
) -> Result<HttpResponse, Problem> {
    let index = index_of_path(&state, &code).await?;
    let filters = [
        page::is("index_code", Some(&index)),
        page::is_number("year", query.year),
        page::is_word("unit_of_measure", query.unit_of_measure.map(ScoreUnit::as_str)),
        page::is_word("tie_rule", query.tie_rule.map(TieRule::as_str)),
        page::is_word("method", query.method.map(Method::as_str)),
        page::is("framework", query.framework.as_ref()),
        page::is_word("status", query.status.map(EditionStatus::as_str)),
    ];
    crud::list::<Editions>(&state, &request, query.paging(), filters, SORTS).await
}

/// Get an edition
///
/// The framework of the index in that data year: criteria, cohorts, bands and how ranks are taken. Who scores or
/// publishes gets the working state, which writes change, and all others the last revision; `revision` and `as_of` ask
/// for what was published.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999), StateQuery), responses((status = 200, description = "The edition.", body = EditionView)))]
#[get("/indexes/{code}/editions/{year}")]
pub async fn get_edition(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Result<Query<StateQuery>, Problem>,
) -> Result<HttpResponse, Problem> {
    let (index, year, asked) =
        behind_edition(&state, &path, query, |query| query.asked(Which::Seen, state.framework_rights()))
            .await?;
    let today = state.today();
    let edition = edition_cycle::edition(&state.store, index, year, asked).await?;
    Ok(respond::record(&request, crud::tag::<Editions>(&edition, today), &Editions::view(edition, today)))
}

/// Put an edition
///
/// Replaces the edition, or creates it as a draft when absent. Repeating it changes nothing. Refused when a score that
/// is there would lose its criterion or lie above its maximum. What is published stays: the working state changes.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999)), request_body = EditionInput, responses(
    (status = 200, description = "The edition as it is now.", body = EditionView),
    (status = 201, description = "The new edition.", body = EditionView),
))]
#[put("/indexes/{code}/editions/{year}")]
pub async fn put_edition(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::put::<Editions>(&state, &request, &key(&state, &path).await?, body, Absent::Create).await
}

/// Patch an edition
///
/// A JSON merge patch of what `GET` gives. Lists are replaced as a whole.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999)), request_body(content = EditionInput, content_type = "application/merge-patch+json"), responses((status = 200, description = "The edition as it is now.", body = EditionView)))]
#[patch("/indexes/{code}/editions/{year}")]
pub async fn patch_edition(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    crud::patch::<Editions>(&state, &request, &key(&state, &path).await?, body).await
}

/// Delete an edition
///
/// Refused when it was published or has scores.
#[utoipa::path(tag = "indexes", params(("code" = String, Path, description = "Code of the index."), ("year" = i32, Path, description = "Data year.", minimum = 1900, maximum = 2999)), responses((status = 204, description = "It is gone.")))]
#[delete("/indexes/{code}/editions/{year}")]
pub async fn delete_edition(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    crud::delete::<Editions>(&state, &request, &key(&state, &path).await?).await
}

/// The addresses of this file.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints
        .service(list_editions)
        .service(get_edition)
        .service(put_edition)
        .service(patch_edition)
        .service(delete_edition);
}
