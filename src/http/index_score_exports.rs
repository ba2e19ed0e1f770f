//! `/index-scores/export`: index scores as a file, written while they are read.

use actix_web::{HttpResponse, get, web};

use super::{
    app,
    body::Query,
    crud::Exposed,
    exports::{self, Export, Exportable},
    frame,
    index_score_parts::IndexScoreView,
    index_scores::{self, ExportIndexScoresQuery},
    page,
    problem::Problem,
    state::AppState,
};
use crate::{
    domain::{
        imports::ImportFormat,
        index_scores::{IndexScore, ScoreStage},
        time::Day,
    },
    service::index_scores::IndexScores,
    store::Versioned,
};

impl Exportable for IndexScores {
    type Line<'a> = IndexScoreView;

    fn line(score: &Versioned<IndexScore>, today: Day) -> IndexScoreView {
        Self::view(score, today)
    }

    fn blank() -> Versioned<IndexScore> {
        let none = String::new;
        let record = IndexScore::new(none(), none(), 0, none(), None, ScoreStage::Final);
        Versioned { record, version: 0 }
    }
}

/// Export index scores
///
/// Every score that the filters leave, in the order of ids, as CSV or as NDJSON: each line is a score as `GET` gives
/// it. With one index, year and stage the CSV file is a long table that `score-imports` takes back. Cells are written
/// as they are kept, for machines: a spreadsheet may take a text that begins with `=` for a formula. The file is
/// written while it is read; a write that comes in between may or may not be in it.
#[utoipa::path(tag = "index scores", params(ExportIndexScoresQuery), responses(
    (status = 200, description = "The file.", content((String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 404, description = "Problem: `not_found`, `not_published`.", body = super::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[get("/index-scores/export")]
pub async fn export_index_scores(
    state: web::Data<AppState>,
    Query(query): Query<ExportIndexScoresQuery>,
) -> Result<HttpResponse, Problem> {
    let format = query.format.unwrap_or(ImportFormat::Csv);
    let query = query.into_list();
    let mut filters = index_scores::filters(&state, &query).await?;
    filters.extend(query.q.as_deref().map(page::contains));
    let export =
        Export::<IndexScores>::new(state.store.clone(), frame::caller(), filters, format, state.today());
    exports::answer(export).await
}

/// The addresses of this file. They stand before those of scores, whose ids could otherwise be `export`.
pub fn configure(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config
        .service(export_index_scores)
        .map(|config| config.service(web::resource("/index-scores/export").to(app::fallback)));
}
