//! One score of a unit in an edition: the total or one criterion, at one stage, exact to the last digit.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    decimal::Exact,
    editions::Edition,
    record_scores::Computation,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// Stage of a score: the stages stand side by side and are never mixed.
    pub enum ScoreStage {
        /// The unit's own (điểm tự đánh giá).
        SelfAssessed = "self",
        /// The appraisal team's (điểm thẩm định).
        Appraised = "appraised",
        /// The survey's (điểm điều tra xã hội học).
        Survey = "survey",
        /// What counts.
        Final = "final",
    }
}

/// Most links of a score to what proves it.
pub const MAX_EVIDENCE: usize = 50;

/// A link to what proves a score (tài liệu kiểm chứng).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is: `Kế hoạch 12/KH-UBND`.
    pub title: String,
    /// Where it is: an http or https link.
    pub url: String,
}

/// A score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexScore {
    /// Made by the service.
    pub id: String,
    /// The index.
    pub index_code: String,
    /// Data year.
    pub year: i32,
    /// The unit.
    pub unit_id: String,
    /// The criterion; none for the total.
    pub criterion: Option<String>,
    /// Stage.
    pub stage: ScoreStage,
    /// The score; none only where it does not apply.
    pub score: Option<Exact>,
    /// Rank as published beside it.
    pub published_rank: Option<i32>,
    /// `false` takes the criterion out of the maximum.
    pub applicable: bool,
    /// Where it comes from.
    pub source: Option<String>,
    /// What the assessor says of it (nhận xét).
    pub comment: Option<String>,
    /// How the unit explains it (giải trình).
    pub explanation: Option<String>,
    /// Links to what proves it.
    pub evidence: Vec<Evidence>,
    /// What it was computed from; none where somebody gave it.
    pub computation: Option<Computation>,
}

/// What a ranking takes of a score of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetScore {
    /// The criterion; none for the total.
    pub criterion: Option<String>,
    /// Stage.
    pub stage: ScoreStage,
    /// The score; none only where it does not apply.
    pub score: Option<Exact>,
    /// Rank as published beside it.
    pub published_rank: Option<i32>,
    /// `false` takes the criterion out of the maximum.
    pub applicable: bool,
}

impl IndexScore {
    /// A score of which only the key is said: it applies, and has no value yet.
    pub fn new(
        id: String,
        index_code: String,
        year: i32,
        unit_id: String,
        criterion: Option<String>,
        stage: ScoreStage,
    ) -> Self {
        Self {
            id,
            index_code,
            year,
            unit_id,
            criterion,
            stage,
            score: None,
            published_rank: None,
            applicable: true,
            source: None,
            comment: None,
            explanation: None,
            evidence: Vec::new(),
            computation: None,
        }
    }

    /// What is unique: index, year, unit, stage and criterion (`_total` for the total).
    pub fn natural_key(&self) -> String {
        natural_key(&self.index_code, self.year, &self.unit_id, self.stage, self.criterion.as_deref())
    }

    /// The rules of one score within its edition.
    pub fn check(&self, edition: &Edition) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.optional_text("/source", self.source.as_ref(), 1000);
        if self.published_rank.is_some_and(|rank| rank < 1) {
            findings.add("/published_rank", "not_positive", "Ranks begin at 1.", "Thứ hạng bắt đầu từ 1.");
        }
        match (&self.score, self.applicable) {
            (None, true) => findings.add(
                "/score",
                "required",
                "A score is required where it applies.",
                "Bắt buộc có điểm khi tiêu chí được áp dụng.",
            ),
            (Some(_), false) => findings.add(
                "/score",
                "not_applicable",
                "What does not apply has no score.",
                "Tiêu chí không áp dụng thì không có điểm.",
            ),
            _ => {}
        }
        if self.criterion.is_none() && !self.applicable {
            findings.add(
                "/applicable",
                "total_applies",
                "A total always applies.",
                "Điểm tổng luôn được áp dụng.",
            );
        }
        self.check_remarks(&mut findings);
        self.check_bounds(edition, &mut findings);
        findings.into_result().err().unwrap_or_default()
    }

    fn check_remarks(&self, findings: &mut Findings) {
        findings.optional_text("/comment", self.comment.as_ref(), 4000);
        findings.optional_text("/explanation", self.explanation.as_ref(), 4000);
        if self.evidence.len() > MAX_EVIDENCE {
            findings.add(
                "/evidence",
                "too_many",
                format!("At most {MAX_EVIDENCE} links."),
                format!("Tối đa {MAX_EVIDENCE} liên kết."),
            );
        }
        for (i, evidence) in self.evidence.iter().enumerate() {
            findings.text(&format!("/evidence/{i}/title"), &evidence.title, 500);
            if !is_link(&evidence.url) {
                findings.add(
                    format!("/evidence/{i}/url"),
                    "not_a_link",
                    "A link begins with http:// or https:// and has at most 2000 characters.",
                    "Liên kết bắt đầu bằng http:// hoặc https:// và có tối đa 2000 ký tự.",
                );
            }
        }
    }

    fn check_bounds(&self, edition: &Edition, findings: &mut Findings) {
        let (minimum, maximum) = match self.criterion.as_deref() {
            None => (edition.minimum_of_total(), edition.maximum_of_total()),
            Some(code) => match edition.criterion(code) {
                Some(criterion) => (edition.minimum_of(criterion), edition.maximum_of(criterion)),
                None => {
                    findings.add(
                        "/criterion",
                        "unknown_criterion",
                        format!("No criterion `{code}` in this edition."),
                        format!("Không có tiêu chí `{code}` trong kỳ đánh giá này."),
                    );
                    (None, None)
                }
            },
        };
        if let (Some(score), Some(minimum)) = (&self.score, minimum)
            && score < &minimum
        {
            findings.add(
                "/score",
                "below_minimum",
                format!("The minimum is {minimum}."),
                format!("Điểm tối thiểu là {minimum}."),
            );
        }
        if let (Some(score), Some(maximum)) = (&self.score, maximum)
            && score > &maximum
        {
            findings.add(
                "/score",
                "above_maximum",
                format!("The maximum is {maximum}."),
                format!("Điểm tối đa là {maximum}."),
            );
        }
    }
}

/// Whether a text is an http or https link: a host behind the scheme, and nothing that breaks out of a page.
fn is_link(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let broken = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`".contains(c);
    known && !host.is_empty() && text.chars().count() <= 2000 && !text.chars().any(broken)
}

/// The natural key of a score as one text; its parts are ids, which hold no slash.
pub fn natural_key(index: &str, year: i32, unit: &str, stage: ScoreStage, criterion: Option<&str>) -> String {
    format!("{index}/{year}/{unit}/{stage}/{}", criterion.unwrap_or("_total"))
}

/// Which scores a ranking of a stage is computed from.
///
/// For the final one that is the score given as final and, for a criterion without one, that of the stage that the
/// edition says scores it. Of the units' own and the appraised ones, none of what a survey scores counts.
pub struct Counting {
    stage: ScoreStage,
    /// The stages that stand in for a final score, by criterion.
    scored_by: HashMap<String, ScoreStage>,
    /// The criteria that nobody but the survey scores at this stage.
    of_survey: HashSet<String>,
}

impl Counting {
    /// The rule of an edition.
    pub fn of(edition: &Edition, stage: ScoreStage) -> Self {
        let named = edition.criteria.iter().filter_map(|c| Some((c.code.clone(), c.stage?)));
        let scored_by = if stage == ScoreStage::Final { named.collect() } else { HashMap::new() };
        let before_survey = matches!(stage, ScoreStage::SelfAssessed | ScoreStage::Appraised);
        let of_survey = edition.criteria.iter().filter(|c| c.stage == Some(ScoreStage::Survey));
        let of_survey = of_survey.filter(|_| before_survey).map(|c| c.code.clone()).collect();
        Self { stage, scored_by, of_survey }
    }

    /// Those of the scores of one unit that count: at most one of each criterion.
    pub fn among(&self, mut scores: Vec<SheetScore>) -> Vec<SheetScore> {
        if self.scored_by.is_empty() {
            let of_survey = |code: &String| self.of_survey.contains(code);
            scores.retain(|score| {
                score.stage == self.stage && !score.criterion.as_ref().is_some_and(of_survey)
            });
            return scores;
        }
        let given: HashSet<Option<String>> =
            scores.iter().filter(|s| s.stage == self.stage).map(|s| s.criterion.clone()).collect();
        let stands_in = |score: &SheetScore| {
            let named = score.criterion.as_ref().and_then(|code| self.scored_by.get(code));
            named == Some(&score.stage) && !given.contains(&score.criterion)
        };
        scores.retain(|score| score.stage == self.stage || stands_in(score));
        scores
    }
}

/// The score with what the old one was computed from, if it is that score.
pub fn still_computed(score: IndexScore, old: Option<&IndexScore>) -> IndexScore {
    let same = |old: &&IndexScore| {
        old.natural_key() == score.natural_key()
            && (&old.score, old.applicable) == (&score.score, score.applicable)
    };
    let computation = old.filter(same).and_then(|old| old.computation.clone());
    IndexScore { computation, ..score }
}

#[cfg(test)]
mod tests {
    use super::is_link;

    #[test]
    fn only_links_of_the_web_are_links() {
        for text in ["https://dongthap.gov.vn/a?b=c#d", "HTTP://x", "https://[::1]:8080/tệp%20a.pdf"] {
            assert!(is_link(text), "{text}");
        }
        for text in
            ["", "x", "https://", "https:///a", "ftp://x", "javascript://x", "https://a b", "https://a\"b"]
        {
            assert!(!is_link(text), "{text}");
        }
    }
}
