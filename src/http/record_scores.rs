//! Scores computed from dossier records: what a score was computed from.

use serde::Serialize;
use utoipa::ToSchema;

use super::{dossier_statistics::PeriodBody, schema::Number};
use crate::domain::{
    record_scores::{Computation, RecordMeasure},
    time::{Day, Moment},
};

/// What a score was computed from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Computation, example = json!({
    "measure": "in_time_of_handled", "numerator": 985, "denominator": 1000,
    "period": {"from": "2026-01-01", "to": "2026-12-31", "calendar": "civil"}, "full_marks_from": 100, "judged_at": "2026-12-31",
    "computed_at": "2027-01-04T08:00:00+07:00"
}))]
pub struct ComputationView {
    /// The rate.
    pub measure: RecordMeasure,
    /// The part.
    pub numerator: i64,
    /// The whole.
    pub denominator: i64,
    /// The days of the rate.
    pub period: PeriodBody,
    /// Percent from which the criterion has its maximum.
    pub full_marks_from: Number,
    /// The day whose end open dossiers were judged at.
    pub judged_at: Day,
    /// The moment of the computation.
    pub computed_at: Moment,
}

impl From<Computation> for ComputationView {
    fn from(computation: Computation) -> Self {
        Self {
            measure: computation.measure,
            numerator: computation.numerator,
            denominator: computation.denominator,
            period: PeriodBody { from: computation.from, to: computation.to, calendar: computation.calendar },
            full_marks_from: Number::exact(&computation.full_marks_from),
            judged_at: computation.judged_at,
            computed_at: computation.computed_at,
        }
    }
}
