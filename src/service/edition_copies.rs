//! A new edition that starts as a copy of another: its framework, without its scores.

use super::{
    crud::{self, Context, Proposal},
    editions::Editions,
    error::{Error, Result},
};
use crate::{
    domain::{
        edition_cycle::EditionState,
        editions::{Cohort, Edition, EditionStatus},
        time::YEARS,
    },
    store::{self, Store, Versioned},
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Copying {
    /// Key of the edition that is copied: `pci/2016`.
    pub from: String,
    /// The index of the new edition; that of the other when absent.
    pub to_index_code: Option<String>,
    /// Data year of the new edition.
    pub to_year: i32,
    /// Id of its framework; that of the other when absent, which keeps deltas comparable.
    pub framework: Option<String>,
    /// Its cohorts; those of the other when absent.
    pub cohorts: Option<Vec<Cohort>>,
}

/// Makes a draft of the framework of another edition.
///
/// # Errors
/// `NotFound` for the edition that is copied, `Invalid` for the index or the year, `Conflict` when the new one exists.
pub async fn copy(store: &Store, context: Context, copying: Copying) -> Result<Versioned<Edition>> {
    let from = copying.from.clone();
    let source = crud::get::<Editions>(store, context.caller.clone(), from.clone()).await?.record;
    if !YEARS.contains(&copying.to_year) {
        return Err(Error::invalid(
            "/to_year",
            "out_of_range",
            "The year must lie between 1900 and 2999.",
            "Năm phải từ 1900 đến 2999.",
        ));
    }
    let index = copying.to_index_code.clone().unwrap_or_else(|| source.index_code.clone());
    let asked = index.clone();
    let known = !index.chars().any(char::is_control)
        && store.read(move |conn| Ok::<_, Error>(store::indexes::find(conn, &asked)?)).await?.is_some();
    if !known {
        return Err(Error::invalid(
            "/to_index_code",
            "unknown_index",
            format!("There is no index `{index}`."),
            format!("Không có bộ chỉ số `{index}`."),
        ));
    }
    let reason = Some(format!("copy of {from}; bản sao của {from}"));
    let proposal = Proposal { record: draft(source, index, copying), reason };
    crud::create::<Editions>(store, context, proposal).await
}

/// The framework of an edition as a draft for another year. Nothing of its cycle goes with it, and a cohort that is
/// kept and was of the units of a day is of those at the end of its new year.
fn draft(source: Edition, index_code: String, copying: Copying) -> Edition {
    let mut kept = source.cohorts;
    if copying.to_year != source.year {
        kept.iter_mut().filter_map(|cohort| cohort.rule.as_mut()).for_each(|rule| rule.as_of = None);
    }
    Edition {
        index_code,
        year: copying.to_year,
        framework: copying.framework.unwrap_or(source.framework),
        cohorts: copying.cohorts.unwrap_or(kept),
        overlapping_cohorts: source.overlapping_cohorts,
        status: EditionStatus::Draft,
        revision: None,
        stages: Vec::new(),
        state: EditionState::default(),
        unit_of_measure: source.unit_of_measure,
        decimals: source.decimals,
        rank_decimals: source.rank_decimals,
        tie_rule: source.tie_rule,
        method: source.method,
        rescale_without_survey: source.rescale_without_survey,
        rescale_not_applicable: source.rescale_not_applicable,
        criteria: source.criteria,
        bands: source.bands,
        note: source.note,
    }
}
