//! Which ranking is asked for: the parameters that rankings, explanations, simulations and targets share.

use actix_web::HttpRequest;
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::{
    body::{Body, read_query},
    crud, edition_cycle,
    editions::index_of_path,
    formats::FileFormat,
    frame,
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{index_scores::ScoreStage, time::YEARS},
    service::{
        self,
        edition_cycle::Which,
        editions::Editions,
        indexes::Indexes,
        ranking_reports::{BaseYear, Question},
    },
};

/// Which ranking.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RankingQuery {
    /// Year to compare with; the year before when absent, `none` for none. With a revision or a moment goes what was
    /// public of it then.
    #[param(example = "2015")]
    pub base_year: Option<String>,
    /// Code of the cohort; the edition's first when absent.
    pub cohort: Option<String>,
    /// Stage of the scores; `final` when absent.
    pub stage: Option<ScoreStage>,
    /// `components` adds what each criterion gave.
    #[param(example = "components")]
    pub include: Option<String>,
    /// Number of a revision; `published` for the last one, `working` for what the next one would be. The last one when
    /// absent, and the working state where there is none.
    #[param(example = "1")]
    pub revision: Option<String>,
    /// The revision that was public at this moment (RFC 3339), or at the end of this day. Not with `revision`.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
}

/// Which ranking, and how it is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RankingFileQuery {
    /// Year to compare with; the year before when absent, `none` for none. With a revision or a moment goes what was
    /// public of it then.
    #[param(example = "2015")]
    pub base_year: Option<String>,
    /// Code of the cohort; the edition's first when absent.
    pub cohort: Option<String>,
    /// Stage of the scores; `final` when absent.
    pub stage: Option<ScoreStage>,
    /// `components` adds what each criterion gave.
    #[param(example = "components")]
    pub include: Option<String>,
    /// Number of a revision; `published` for the last one, `working` for what the next one would be. The last one when
    /// absent, and the working state where there is none.
    #[param(example = "1")]
    pub revision: Option<String>,
    /// The revision that was public at this moment (RFC 3339), or at the end of this day. Not with `revision`.
    #[param(example = "2017-06-30")]
    pub as_of: Option<String>,
    /// How the ranking is written; by `Accept` when left out, JSON without it.
    #[param(inline)]
    pub format: Option<FileFormat>,
    /// Begin a CSV file with a byte order mark, which some spreadsheet programs need to read Vietnamese.
    pub bom: Option<bool>,
}

impl RankingFileQuery {
    /// Which ranking.
    pub fn ranking(self) -> RankingQuery {
        let Self { base_year, cohort, stage, include, revision, as_of, format: _, bom: _ } = self;
        RankingQuery { base_year, cohort, stage, include, revision, as_of }
    }
}

/// A year of a path or a parameter.
///
/// # Errors
/// 400 when it is no year from 1900 to 2999.
pub fn year_of(name: &str, text: &str) -> Result<i32, Problem> {
    let digits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|year| digits && YEARS.contains(year)).ok_or_else(|| {
        Problem::bad_parameter(name, "not_a_year", "A year from 1900 to 2999.", "Năm từ 1900 đến 2999.")
    })
}

/// What is asked, and whether with components.
///
/// # Errors
/// What can't be read.
pub fn asked(
    state: &AppState,
    code: &str,
    year: &str,
    query: RankingQuery,
) -> Result<(Question, bool), Problem> {
    let with_components = match query.include.as_deref() {
        None | Some("") => false,
        Some("components") => true,
        Some(_) => {
            return Err(Problem::bad_parameter(
                "include",
                "unknown_word",
                "Only `components` can be included.",
                "Chỉ có thể thêm `components`.",
            ));
        }
    };
    Ok((question(state, code, year, query)?, with_components))
}

/// The ranking that a path and a query ask for.
///
/// # Errors
/// 404 for what is no code of an index, 400 for a year that is none.
pub fn question(state: &AppState, code: &str, year: &str, query: RankingQuery) -> Result<Question, Problem> {
    let base = match query.base_year.as_deref() {
        None => BaseYear::Before,
        Some("none") => BaseYear::Without,
        Some(year) => BaseYear::Year(year_of("base_year", year)?),
    };
    Ok(Question {
        index_code: crud::path_key::<Indexes>(code)?,
        year: year_of("year", year)?,
        base,
        cohort: query.cohort,
        stage: query.stage.unwrap_or(ScoreStage::Final),
        asked: edition_cycle::asked(
            query.revision.as_deref(),
            query.as_of.as_deref(),
            Which::Current,
            state.rights(),
        )?,
        kept: state.standings.clone(),
        store: Some(state.store.clone()),
    })
}

/// What a `POST` about a ranking asks: the ranking, whether with components, and the body. That the index or the
/// edition isn't there is told before what is wrong with the body or the query.
///
/// # Errors
/// 404, or what is wrong with the body or the query.
pub async fn read_about<I: DeserializeOwned>(
    state: &AppState,
    request: &HttpRequest,
    (code, year): (String, String),
    body: Body,
) -> Result<(Question, bool, I), Problem> {
    let input = body.read::<I>();
    let question = read_query(request.query_string()).and_then(|query| asked(state, &code, &year, query));
    match (question, input) {
        (Ok((question, with_components)), Ok(input)) => Ok((question, with_components, input)),
        // What can't be read comes before a member that is missing.
        (Err(problem), Ok(_)) => Err(behind_edition(state, &code, &year, problem).await),
        (Err(problem), Err(lacking)) if lacking.is_validation() => {
            Err(behind_edition(state, &code, &year, problem).await)
        }
        (_, Err(problem)) => Err(behind_edition(state, &code, &year, problem).await),
    }
}

/// A problem of a request about an edition, unless the index or the edition isn't there.
async fn behind_edition(state: &AppState, code: &str, year: &str, problem: Problem) -> Problem {
    let index = match index_of_path(state, code).await {
        Ok(index) => index,
        Err(absent) => return absent,
    };
    let Ok(year) = year_of("year", year) else { return problem };
    match service::crud::get::<Editions>(&state.store, frame::caller(), service::editions::key(&index, year))
        .await
    {
        Ok(_) => problem,
        Err(error) => error.into(),
    }
}
