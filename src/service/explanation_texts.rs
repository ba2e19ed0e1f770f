//! The explanation of a standing as one sentence in Vietnamese and one in English, for people who read rather than
//! compute. Figures are rounded to the edition's decimals, once.

use super::{
    explanations::{Explanation, Mover, Moves, count},
    ranking_reports::NotComparable,
    rankings::{ContributionDelta, DeltaUnit},
};
use crate::domain::{
    decimal::Exact,
    editions::{Edition, ScoreUnit},
    violation::Text,
};

/// Units that a sentence names before it counts the others.
const NAMED: usize = 3;

/// What a sentence is about, beside the explanation.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The edition.
    pub edition: &'a Edition,
    /// The edition of the base year, which names criteria that only it has.
    pub base_edition: Option<&'a Edition>,
    /// The base year.
    pub base_year: Option<i32>,
    /// Why the years don't compare.
    pub not_comparable: Option<NotComparable>,
    /// How many units are ranked.
    pub cohort_size: usize,
}

/// The sentence.
pub fn sentence(explanation: &Explanation, context: Context) -> Text {
    let writer = Writer { explanation, context };
    let join = |parts: [Vec<String>; 4]| format!("{}.", parts.concat().join("; "));
    Text::new(
        join([vec![writer.rank_en()], writer.moves_en(), writer.components_en(), writer.outlook_en()]),
        join([vec![writer.rank_vi()], writer.moves_vi(), writer.components_vi(), writer.outlook_vi()]),
    )
}

struct Writer<'a> {
    explanation: &'a Explanation<'a>,
    context: Context<'a>,
}

/// The size of a number, without its sign.
fn size(value: &Exact) -> Exact {
    if value.is_negative() { -value } else { value.clone() }
}

impl Writer<'_> {
    fn en(&self, value: &Exact) -> String {
        value.to_fixed(self.context.edition.decimals)
    }

    /// With a decimal comma, as Vietnamese texts write it.
    fn vi(&self, value: &Exact) -> String {
        self.en(value).replace('.', ",")
    }

    fn percent(&self) -> &'static str {
        match self.context.edition.unit_of_measure {
            ScoreUnit::Percent => "%",
            ScoreUnit::Points => "",
        }
    }

    fn rank_vi(&self) -> String {
        let (standing, context) = (self.explanation.standing, &self.context);
        let shared = if standing.tied { " (đồng hạng)" } else { "" };
        let place = format!(
            "Năm {}, {} xếp thứ {}/{}{shared}",
            context.edition.year, standing.unit_name, standing.rank, context.cohort_size
        );
        let score = match context.edition.unit_of_measure {
            ScoreUnit::Percent => format!("{}%", self.vi(&standing.total.score)),
            ScoreUnit::Points => format!("{} điểm", self.vi(&standing.total.score)),
        };
        match (&standing.base, standing.delta.rank_change, context.base_year) {
            (Some(base), Some(change), Some(year)) => {
                let places = change.unsigned_abs();
                let moved = match change.signum() {
                    1 => format!("tăng {places} bậc so với năm {year} (thứ {})", base.rank),
                    -1 => format!("giảm {places} bậc so với năm {year} (thứ {})", base.rank),
                    _ => format!("giữ nguyên thứ hạng so với năm {year}"),
                };
                format!("{place}, {moved}, đạt {score}, {}", self.score_change_vi())
            }
            (_, _, Some(year)) => format!("{place}, không có thứ hạng năm {year} để so sánh, đạt {score}"),
            _ => format!("{place}, đạt {score}"),
        }
    }

    fn rank_en(&self) -> String {
        let (standing, context) = (self.explanation.standing, &self.context);
        let shared = if standing.tied { " (tied)" } else { "" };
        let place = format!(
            "In {}, {} ranked {} of {}{shared}",
            context.edition.year, standing.unit_name, standing.rank, context.cohort_size
        );
        let score = format!("{}{}", self.en(&standing.total.score), self.percent());
        match (&standing.base, standing.delta.rank_change, context.base_year) {
            (Some(base), Some(change), Some(year)) => {
                let places = counted(change.unsigned_abs(), "place", "places");
                let moved = match change.signum() {
                    1 => format!("up {places} from rank {} in {year}", base.rank),
                    -1 => format!("down {places} from rank {} in {year}", base.rank),
                    _ => format!("the same rank as in {year}"),
                };
                format!("{place}, {moved}, with a score of {score}, {}", self.score_change_en())
            }
            (_, _, Some(year)) => {
                format!("{place}, without a rank in {year} to compare with, with a score of {score}")
            }
            _ => format!("{place}, with a score of {score}"),
        }
    }

    fn score_change_vi(&self) -> String {
        let delta = &self.explanation.standing.delta;
        let unit = match delta.unit {
            DeltaUnit::Points => "điểm",
            DeltaUnit::PercentagePoints => "điểm phần trăm",
        };
        match &delta.score {
            Some(change) if change.is_zero() => "điểm không đổi".to_owned(),
            Some(change) => {
                let word = if change.is_negative() { "giảm" } else { "tăng" };
                format!("{word} {} {unit}", self.vi(&size(change)))
            }
            None => String::new(),
        }
    }

    fn score_change_en(&self) -> String {
        let delta = &self.explanation.standing.delta;
        let unit = match delta.unit {
            DeltaUnit::Points => "points",
            DeltaUnit::PercentagePoints => "percentage points",
        };
        match &delta.score {
            Some(change) if change.is_zero() => "unchanged".to_owned(),
            Some(change) => {
                let word = if change.is_negative() { "down" } else { "up" };
                format!("{word} {} {unit}", self.en(&size(change)))
            }
            None => String::new(),
        }
    }

    fn moves_vi(&self) -> Vec<String> {
        let Moves { overtook, overtaken_by, arrivals, departures, .. } = &self.explanation.moves;
        let mut parts = Vec::new();
        let list = |movers: &[Mover]| names(movers, "và", |more| format!("và {more} đơn vị khác"));
        if !overtaken_by.is_empty() {
            parts.push(format!("bị {} vượt qua", list(overtaken_by)));
        }
        if !overtook.is_empty() {
            parts.push(format!("vượt qua {}", list(overtook)));
        }
        if !arrivals.is_empty() {
            parts.push(format!("đứng sau {} đơn vị mới được xếp hạng", arrivals.len()));
        }
        if !departures.is_empty() {
            parts.push(format!("{} đơn vị từng đứng trên không còn được xếp hạng", departures.len()));
        }
        let ties = self.explanation.moves.tie_places();
        match ties.signum() {
            1 => parts.push(format!("lợi {ties} bậc do đồng hạng")),
            -1 => parts.push(format!("mất {} bậc do đồng hạng", ties.unsigned_abs())),
            _ => {}
        }
        parts
    }

    fn moves_en(&self) -> Vec<String> {
        let Moves { overtook, overtaken_by, arrivals, departures, .. } = &self.explanation.moves;
        let mut parts = Vec::new();
        let list = |movers: &[Mover]| {
            names(movers, "and", |more| format!("and {}", counted(more, "other", "others")))
        };
        let number = |list: &[Mover]| count(list).unsigned_abs();
        if !overtaken_by.is_empty() {
            parts.push(format!("overtaken by {}", list(overtaken_by)));
        }
        if !overtook.is_empty() {
            parts.push(format!("overtaking {}", list(overtook)));
        }
        if !arrivals.is_empty() {
            parts.push(format!(
                "behind {}",
                counted(number(arrivals), "newly ranked unit", "newly ranked units")
            ));
        }
        if !departures.is_empty() {
            let units = counted(number(departures), "unit", "units");
            parts.push(format!("{units} that stood above no longer ranked"));
        }
        let ties = self.explanation.moves.tie_places();
        let places = counted(ties.unsigned_abs(), "place", "places");
        match ties.signum() {
            1 => parts.push(format!("{places} gained by ties")),
            -1 => parts.push(format!("{places} lost by ties")),
            _ => {}
        }
        parts
    }

    /// The component that took most, and the one that gave most.
    fn extremes(&self) -> (Option<&ContributionDelta>, Option<&ContributionDelta>) {
        let moved = || {
            let deltas = self.explanation.standing.contribution_deltas.iter();
            deltas.filter(|c| c.criterion.is_some() && c.contribution_delta.is_some())
        };
        let delta = |c: &&ContributionDelta| c.contribution_delta.clone();
        let fell = moved().min_by_key(delta);
        let rose = moved().max_by_key(delta);
        (
            fell.filter(|c| c.contribution_delta.as_ref().is_some_and(Exact::is_negative)),
            rose.filter(|c| c.contribution_delta.as_ref().is_some_and(|d| !d.is_negative() && !d.is_zero())),
        )
    }

    /// The Vietnamese and the English name of a component's criterion.
    fn name(&self, component: &ContributionDelta) -> (String, String) {
        let code = component.criterion.as_deref().unwrap_or_default();
        let of = |edition: &Edition| {
            let criterion = edition.criterion(code)?;
            Some((
                criterion.name.clone(),
                criterion.name_en.clone().unwrap_or_else(|| criterion.name.clone()),
            ))
        };
        of(self.context.edition)
            .or_else(|| of(self.context.base_edition?))
            .unwrap_or_else(|| (code.to_owned(), code.to_owned()))
    }

    fn components_vi(&self) -> Vec<String> {
        let (fell, rose) = self.extremes();
        let told = |word: &str, c: &ContributionDelta| {
            let delta = c.contribution_delta.as_ref().map(size).unwrap_or_else(Exact::zero);
            format!("{word} nhiều nhất ở “{}” ({} điểm)", self.name(c).0, self.vi(&delta))
        };
        fell.map(|c| told("giảm", c)).into_iter().chain(rose.map(|c| told("tăng", c))).collect()
    }

    fn components_en(&self) -> Vec<String> {
        let (fell, rose) = self.extremes();
        let told = |word: &str, c: &ContributionDelta| {
            let delta = c.contribution_delta.as_ref().map(size).unwrap_or_else(Exact::zero);
            format!("{word} in “{}” ({} points)", self.name(c).1, self.en(&delta))
        };
        let fell = fell.map(|c| told("losing most", c));
        fell.into_iter().chain(rose.map(|c| told("gaining most", c))).collect()
    }

    fn outlook_vi(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if let (Some(points), Some(rank)) =
            (&self.explanation.points_to_next_rank, self.explanation.next_rank)
        {
            parts.push(match points.round(self.context.edition.decimals).is_zero() {
                true => format!("chỉ kém thứ {rank} chưa đến một đơn vị ở chữ số làm tròn"),
                false => format!("cần thêm khoảng {} điểm để lên thứ {rank}", self.vi(points)),
            });
        }
        if self.context.not_comparable.is_some() {
            parts.push(
                "hai năm không cùng bộ tiêu chí hoặc thang đo nên chỉ so sánh được tương đối".to_owned(),
            );
        }
        parts
    }

    fn outlook_en(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if let (Some(points), Some(rank)) =
            (&self.explanation.points_to_next_rank, self.explanation.next_rank)
        {
            parts.push(match points.round(self.context.edition.decimals).is_zero() {
                true => format!("short of rank {rank} by less than the digits shown"),
                false => format!("about {} points short of rank {rank}", self.en(points)),
            });
        }
        if self.context.not_comparable.is_some() {
            parts.push(
                "the two years differ in framework or scale, so that the change says little by itself"
                    .to_owned(),
            );
        }
        parts
    }
}

/// The number with its noun.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The first names of a list, and how many more.
fn names(movers: &[Mover], and: &str, more: impl Fn(u64) -> String) -> String {
    let named: Vec<&str> =
        movers.iter().filter_map(|m| Some(m.either()?.unit_name.as_str())).take(NAMED).collect();
    let left = movers.len().saturating_sub(named.len());
    if left > 0 {
        return format!("{} {}", named.join(", "), more(u64::try_from(left).unwrap_or(u64::MAX)));
    }
    match named.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} {and} {last}", others.join(", ")),
        None => String::new(),
    }
}
