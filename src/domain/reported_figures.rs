//! A figure as somebody published it: kept verbatim, apart from what is computed, and compared with it.

use serde::{Deserialize, Serialize};

use super::{
    decimal::{Exact, is_decimal},
    time::{Day, YEARS},
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// What the value counts.
    pub enum FigureUnit {
        /// A number of things.
        Count = "count",
        /// Points of a scale.
        Points = "points",
        /// Difference of two percentages.
        PercentagePoints = "percentage_points",
        /// A percentage, or a relative change.
        Percent = "percent",
        /// Places in a ranking; positive rose.
        Places = "places",
        /// A label such as `Khá tốt`.
        Band = "band",
    }
}

/// Where a figure was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Title of the document.
    pub title: String,
    /// Address, where it has one.
    pub url: Option<String>,
    /// Date of publication, where known.
    pub published_on: Option<Day>,
}

/// A reported figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedFigure {
    /// Made by the service, or chosen by the sample.
    pub id: String,
    /// The unit it speaks of.
    pub unit_id: String,
    /// Name of the measure: `par.rank_change`.
    pub measure: String,
    /// Period: `2020`, `2020-H1`, `2020-Q3`, `2020-09`.
    pub period: String,
    /// Period it is compared with, for a change.
    pub base_period: Option<String>,
    /// The value verbatim.
    pub value: String,
    /// What it counts.
    pub unit_of_measure: FigureUnit,
    /// The source doesn't say what it counts: this is a reading.
    pub unit_is_assumed: bool,
    /// The review that cites it.
    pub review_year: Option<i32>,
    /// Where it was published.
    pub source: Source,
}

impl ReportedFigure {
    /// The value as a number, unless it is a label.
    pub fn number(&self) -> Option<Exact> {
        match self.unit_of_measure {
            FigureUnit::Band => None,
            _ => Exact::parse(&self.value).ok(),
        }
    }

    /// The rules of one reported figure.
    pub fn check(&self) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.id("/measure", &self.measure);
        for (pointer, period) in
            [("/period", Some(&self.period)), ("/base_period", self.base_period.as_ref())]
        {
            if period.is_some_and(|p| p.parse::<super::periods::NamedPeriod>().is_err()) {
                findings.add(
                    pointer,
                    "not_a_period",
                    "A period is written 2020, 2020-H1, 2020-Q3 or 2020-09.",
                    "Kỳ được ghi là 2020, 2020-H1, 2020-Q3 hoặc 2020-09.",
                );
            }
        }
        findings.text("/value", &self.value, 200);
        if self.unit_of_measure != FigureUnit::Band {
            self.check_number(&mut findings);
        }
        if self.review_year.is_some_and(|year| !YEARS.contains(&year)) {
            findings.add(
                "/review_year",
                "out_of_range",
                "The year must lie between 1900 and 2999.",
                "Năm phải từ 1900 đến 2999.",
            );
        }
        findings.text("/source/title", &self.source.title, 500);
        findings.optional_text("/source/url", self.source.url.as_ref(), 2000);
        findings.into_result().err().unwrap_or_default()
    }

    fn check_number(&self, findings: &mut Findings) {
        if !is_decimal(&self.value) {
            findings.add(
                "/value",
                "not_a_decimal",
                "Write the number with a point for decimals and nothing for thousands: 12345, 1.04.",
                "Ghi số với dấu chấm thập phân và không có dấu phân cách hàng nghìn: 12345, 1.04.",
            );
            return;
        }
        let Ok(value) = Exact::parse(&self.value) else {
            findings.add(
                "/value",
                "too_precise",
                "At most 28 significant digits.",
                "Tối đa 28 chữ số có nghĩa.",
            );
            return;
        };
        if self.unit_of_measure == FigureUnit::Count
            && (value.is_negative() || value.to_string().contains('.'))
        {
            findings.add(
                "/value",
                "not_a_count",
                "A count is a whole number, not below zero.",
                "Số lượng là số nguyên không âm.",
            );
        }
        if self.unit_of_measure == FigureUnit::Places && value.to_string().contains('.') {
            findings.add("/value", "not_whole_places", "Places are whole numbers.", "Số bậc là số nguyên.");
        }
    }
}
