//! `/index-scores/export`: index scores as a file, written while they are read or made as a whole.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    body::Query,
    crud::Exposed,
    edition_cycle::revision_named,
    endpoints::Endpoints,
    exports::{self, Export, Exportable},
    formats::{self, ScoreFileFormat},
    frame,
    index_score_files::{self, IndexScoreFile},
    index_score_parts::IndexScoreView,
    index_scores::{self, ListIndexScoresQuery},
    json_stat::Dataset,
    page,
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{
        imports::ImportFormat,
        index_scores::{IndexScore, ScoreStage},
        text::clean,
        time::Day,
        violation::Violation,
    },
    service::{
        edition_cycle::{Asked, Which},
        edition_scores,
        index_scores::IndexScores,
    },
    store::{Versioned, list::Filter},
};

/// Which scores, and how they are written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportIndexScoresQuery {
    /// Scores of this index.
    pub index_code: Option<String>,
    /// Scores of this data year.
    pub year: Option<i32>,
    /// Scores of this unit alone.
    pub unit_id: Option<String>,
    /// Scores of this unit and all below it.
    pub under: Option<String>,
    /// Scores of this criterion; `_total` for totals.
    pub criterion: Option<String>,
    /// Scores of this stage.
    pub stage: Option<ScoreStage>,
    /// Scores that apply, or not.
    pub applicable: Option<bool>,
    /// Scores published with this rank.
    pub published_rank: Option<i32>,
    /// Scores of exactly this source.
    pub source: Option<String>,
    /// Scores as they were published in this revision of the edition of `index_code` and `year`; `working` for
    /// those that the next revision would have.
    pub revision: Option<String>,
    /// Text to find, without regard to case or marks.
    pub q: Option<String>,
    /// How the scores are written; `csv` when left out. `json`, `xlsx` and `json-stat` are of one edition:
    /// `index_code` and `year` are required.
    #[param(inline)]
    pub format: Option<ScoreFileFormat>,
    /// Begin a CSV file with a byte order mark, which some spreadsheet programs need to read UTF-8.
    pub bom: Option<bool>,
}

impl ExportIndexScoresQuery {
    /// The list that has the same records.
    fn into_list(self) -> ListIndexScoresQuery {
        ListIndexScoresQuery {
            index_code: self.index_code,
            year: self.year,
            unit_id: self.unit_id,
            under: self.under,
            criterion: self.criterion,
            stage: self.stage,
            applicable: self.applicable,
            published_rank: self.published_rank,
            source: self.source,
            revision: self.revision,
            q: self.q,
            limit: None,
            cursor: None,
            sort: None,
            with_total: None,
        }
    }
}

impl Exportable for IndexScores {
    type Line<'a> = IndexScoreView;

    fn line(score: &Versioned<IndexScore>, today: Day) -> IndexScoreView {
        Self::view(score.clone(), today)
    }

    fn blank() -> Versioned<IndexScore> {
        let none = String::new;
        let record = IndexScore::new(none(), none(), 0, none(), None, ScoreStage::Final);
        Versioned { record, version: 0 }
    }
}

/// Export index scores
///
/// Every score that the filters leave. As CSV or as NDJSON in the order of ids, each line a score as `GET` gives it;
/// the file is written while it is read, and a write that comes in between may or may not be in it. The CSV file of an
/// edition is a long table that `score-imports` takes back. Cells are written as they are kept, for machines: a
/// spreadsheet may take a text that begins with `=` for a formula. Of one edition also as a spreadsheet with a row a
/// unit and a column a criterion and stage, as a dataset of JSON-stat 2.0, or as JSON. The heads of a spreadsheet name
/// the stages where there are several, and `score-imports` takes it back; of one stage it is told as `stage` there.
#[utoipa::path(tag = "index scores", params(ExportIndexScoresQuery), responses(
    (status = 200, description = "The file.", content(
        (String = "text/csv"),
        (String = "application/x-ndjson"),
        (IndexScoreFile = "application/json"),
        (Dataset = "application/vnd.json-stat+json"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    (status = 404, description = "Problem: `not_found`, `not_published`.", body = super::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[get("/index-scores/export")]
pub async fn export_index_scores(
    state: web::Data<AppState>,
    request: HttpRequest,
    Query(query): Query<ExportIndexScoresQuery>,
) -> Result<HttpResponse, Problem> {
    let format = query.format.unwrap_or(ScoreFileFormat::Csv);
    let bom = query.bom;
    if bom.is_some() && format != ScoreFileFormat::Csv {
        return Err(formats::only_csv());
    }
    let query = query.into_list();
    let lines = match format {
        ScoreFileFormat::Csv => ImportFormat::Csv,
        ScoreFileFormat::Ndjson => ImportFormat::Ndjson,
        ScoreFileFormat::Json | ScoreFileFormat::Xlsx | ScoreFileFormat::JsonStat => {
            return whole(&state, &request, &query, format).await;
        }
    };
    let filters = filters(&state, &query).await?;
    let export =
        Export::<IndexScores>::new(state.store.clone(), frame::caller(), filters, lines, state.today());
    exports::answer(export.with_bom(bom.unwrap_or(false))).await
}

async fn filters(state: &AppState, query: &ListIndexScoresQuery) -> Result<Vec<Filter>, Problem> {
    let mut filters = index_scores::filters(state, query).await?;
    filters.extend(query.q.as_deref().map(page::contains));
    Ok(filters)
}

/// A file that is made as a whole, of one edition.
async fn whole(
    state: &AppState,
    request: &HttpRequest,
    query: &ListIndexScoresQuery,
    format: ScoreFileFormat,
) -> Result<HttpResponse, Problem> {
    let (index, year) = match (&query.index_code, query.year) {
        (Some(index), Some(year)) => (clean(index), year),
        (index, year) => {
            let absent = [("index_code", index.is_none()), ("year", year.is_none())];
            let absent = absent.into_iter().filter(|(_, is_absent)| *is_absent);
            return Err(Problem::malformed(absent.map(|(name, _)| of_one_edition(name)).collect()));
        }
    };
    let filters = filters(state, query).await?;
    let which = query.revision.as_deref().map_or(Ok(Which::Working), revision_named)?;
    let asked = Asked { which, rights: state.framework_rights() };
    let scores = edition_scores::read(&state.store, frame::caller(), filters, index, year, asked).await?;
    index_score_files::answer(request, &scores, format, state.today())
}

fn of_one_edition(parameter: &'static str) -> Violation {
    Violation::new(
        parameter,
        "required",
        "A file of this format is of one edition: give `index_code` and `year`.",
        "Tệp định dạng này thuộc một kỳ đánh giá: cần `index_code` và `year`.",
    )
}

/// The addresses of this file; they stand before those of scores, where `export` would be an id.
pub fn configure(endpoints: &mut Endpoints<'_>) {
    endpoints.service(export_index_scores);
}
