//! The explanation of a standing as one sentence in Vietnamese and one in English, for people who read rather than
//! compute. Figures are rounded to the edition's decimals, once; a change that these don't show is told as less than
//! the last of them.

use super::{
    explanations::{Explanation, Mover, Moves, Tie, TiePlace, count},
    ranking_lineage::Predecessor,
    ranking_reports::NotComparable,
    rankings::{ContributionDelta, DeltaUnit, Standing},
};
use crate::domain::{
    decimal::Exact,
    editions::{Criterion, Edition, Method, ScoreUnit},
    units::Extent,
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
    /// The criteria that two frameworks have in common; none where they are the same.
    pub common: Option<&'a [String]>,
    /// Whether what the scores of the unit give in the two years can be set against each other.
    pub contributions_compare: bool,
    /// The units that this one came from, where it did not exist in the base year.
    pub predecessors: &'a [Predecessor],
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

    /// Whether none of the digits that are printed shows a change.
    fn is_hidden(&self, change: &Exact) -> bool {
        change.round(self.context.edition.decimals).is_zero()
    }

    /// The size of a change.
    fn amount_vi(&self, change: &Exact) -> String {
        match self.is_hidden(change) {
            true => format!("dưới {}", self.vi(&Exact::unit_of(self.context.edition.decimals))),
            false => self.vi(&size(change)),
        }
    }

    /// The size of a change with what it counts.
    fn amount_en(&self, change: &Exact) -> String {
        match self.is_hidden(change) {
            true => {
                format!("less than {}", self.with_unit_en(&Exact::unit_of(self.context.edition.decimals)))
            }
            false => self.with_unit_en(&size(change)),
        }
    }

    /// What a difference of scores counts.
    fn unit_vi(&self) -> &'static str {
        match self.explanation.standing.delta.unit {
            DeltaUnit::Points => "điểm",
            DeltaUnit::PercentagePoints => "điểm phần trăm",
        }
    }

    /// A number with what it counts: of one only where it is written as a plain 1.
    fn with_unit_en(&self, value: &Exact) -> String {
        let number = self.en(value);
        let unit = match self.explanation.standing.delta.unit {
            DeltaUnit::Points => "point",
            DeltaUnit::PercentagePoints => "percentage point",
        };
        let plural = if number == "1" { "" } else { "s" };
        format!("{number} {unit}{plural}")
    }

    /// Why the score says little beside that of the base year: it was counted otherwise, or moves with others.
    fn caution(&self) -> Option<Text> {
        self.explanation.standing.base.as_ref()?;
        match self.context.not_comparable? {
            NotComparable::FrameworkDiffers | NotComparable::UnitOfMeasureDiffers => Some(Text::new(
                "the two years differ in framework or scale, so that the change says little by itself",
                "hai năm không cùng bộ tiêu chí hoặc thang đo nên chỉ so sánh được tương đối",
            )),
            NotComparable::ScaledWithinCohort => Some(Text::new(
                "scores are scaled within the cohort, so that the change is also that of other units",
                "điểm được chuẩn hóa trong nhóm, tùy cả điểm đơn vị khác, nên chỉ so sánh được tương đối",
            )),
            NotComparable::CohortMissingInBase => None,
        }
    }

    /// The units that this one came from; none where it came from none. Whole ones first: what is named behind a part
    /// would read as one too.
    fn predecessors(&self, part: &str, and: &str, more: impl Fn(u64) -> String) -> Option<String> {
        let of = |extent| self.context.predecessors.iter().filter(move |unit| unit.extent == extent);
        let named: Vec<String> = of(Extent::Whole)
            .chain(of(Extent::Part))
            .map(|unit| match unit.extent {
                Extent::Whole => unit.unit_name.clone(),
                Extent::Part => format!("{part} {}", unit.unit_name),
            })
            .collect();
        (!named.is_empty()).then(|| names(&named, and, more))
    }

    /// The other units of the ties of a kind.
    fn tied(&self, kind: TiePlace) -> Vec<Mover<'_>> {
        let ties = self.explanation.moves.ties.iter();
        ties.filter(|tie| tie.kind == kind).map(|tie| tie.other).collect()
    }

    /// Places that shared ranks above the unit gave or took.
    fn shared_places(&self) -> i64 {
        let ties = self.explanation.moves.ties.iter();
        let shared = |tie: &&Tie| matches!(tie.kind, TiePlace::SharesPlace | TiePlace::SharedPlace);
        ties.filter(shared).map(Tie::places).sum()
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
            (_, _, Some(year)) => {
                let from = self.predecessors("một phần", "và", |more| format!("và {more} đơn vị khác"));
                let from = from.map(|units| format!("thành lập từ {units}, ")).unwrap_or_default();
                format!("{place}, {from}không có thứ hạng năm {year} để so sánh, đạt {score}")
            }
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
                let from = self.predecessors("part of", "and", others_en);
                let from = from.map(|units| format!("formed from {units}, ")).unwrap_or_default();
                format!("{place}, {from}without a rank in {year} to compare with, with a score of {score}")
            }
            _ => format!("{place}, with a score of {score}"),
        }
    }

    fn score_change_vi(&self) -> String {
        let (delta, unit) = (&self.explanation.standing.delta, self.unit_vi());
        match &delta.score {
            Some(change) if change.is_zero() => "điểm không đổi".to_owned(),
            Some(change) => {
                let word = if change.is_negative() { "giảm" } else { "tăng" };
                match self.is_hidden(change) {
                    true => format!("{word} không đáng kể ({} {unit})", self.amount_vi(change)),
                    false => format!("{word} {} {unit}", self.amount_vi(change)),
                }
            }
            None => String::new(),
        }
    }

    fn score_change_en(&self) -> String {
        match &self.explanation.standing.delta.score {
            Some(change) if change.is_zero() => "unchanged".to_owned(),
            Some(change) => {
                let word = if change.is_negative() { "down" } else { "up" };
                match self.is_hidden(change) {
                    true => format!("{word} slightly ({})", self.amount_en(change)),
                    false => format!("{word} {}", self.amount_en(change)),
                }
            }
            None => String::new(),
        }
    }

    fn moves_vi(&self) -> Vec<String> {
        let Moves { overtook, overtaken_by, arrivals, departures, .. } = &self.explanation.moves;
        let mut parts = Vec::new();
        let list =
            |movers: &[Mover]| names(&of_movers(movers), "và", |more| format!("và {more} đơn vị khác"));
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
        let (behind, level) = (self.tied(TiePlace::FellBehind), self.tied(TiePlace::CaughtUp));
        if !behind.is_empty() {
            parts.push(format!("{}, trước đó đồng hạng, vươn lên trên", list(&behind)));
        }
        if !level.is_empty() {
            parts.push(format!("bắt kịp {}, nay đồng hạng", list(&level)));
        }
        let places = self.shared_places();
        match places.signum() {
            1 => parts.push(format!("lợi {places} bậc do các đơn vị đứng trên đồng hạng")),
            -1 => {
                let places = places.unsigned_abs();
                parts.push(format!("mất {places} bậc do các đơn vị đứng trên không còn đồng hạng"));
            }
            _ => {}
        }
        parts
    }

    fn moves_en(&self) -> Vec<String> {
        let Moves { overtook, overtaken_by, arrivals, departures, .. } = &self.explanation.moves;
        let mut parts = Vec::new();
        let list = |movers: &[Mover]| names(&of_movers(movers), "and", others_en);
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
        let (behind, level) = (self.tied(TiePlace::FellBehind), self.tied(TiePlace::CaughtUp));
        if !behind.is_empty() {
            parts.push(format!("{}, level with it before, now above", list(&behind)));
        }
        if !level.is_empty() {
            parts.push(format!("drawing level with {}", list(&level)));
        }
        let shared = self.shared_places();
        let places = counted(shared.unsigned_abs(), "place", "places");
        match shared.signum() {
            1 => parts.push(format!("{places} gained as units above share theirs")),
            -1 => parts.push(format!("{places} lost as units above share theirs no more")),
            _ => {}
        }
        parts
    }

    /// Whether what a component gave and gives can be set against each other: both years have it, what is out of the
    /// maximum scales it alike, its own score moved, and across frameworks it is common to both.
    fn compares(&self, component: &ContributionDelta) -> bool {
        let Some(code) = component.criterion.as_deref() else { return false };
        let alike = match (self.context.not_comparable, self.context.common) {
            (None | Some(NotComparable::ScaledWithinCohort), _) => true,
            (Some(_), Some(common)) => common.iter().any(|common| common == code),
            (Some(_), None) => false,
        };
        // Bonus and penalty points that nobody gave are none: they come and go.
        let is_bonus = self.context.edition.criterion(code).is_some_and(Criterion::is_bonus);
        let has = |standing: &Standing| {
            let mut components = standing.total.components.iter();
            components.any(|c| is_bonus || c.criterion.as_deref() == Some(code))
        };
        let in_both = has(self.explanation.standing) && self.explanation.base.is_some_and(has);
        self.context.contributions_compare && alike && in_both && self.follows_score(component)
    }

    /// Whether the change of what a component gives tells that of its own score. What gives more with the score that
    /// it had, or a lower one, was weighed or scaled otherwise; normalised, less may well give more.
    fn follows_score(&self, component: &ContributionDelta) -> bool {
        let Some(delta) = &component.contribution_delta else { return false };
        let of_base = |base: &Standing| {
            let mut components = base.total.components.iter();
            components.find(|c| c.criterion == component.criterion)?.score.clone()
        };
        let before = self.explanation.base.and_then(of_base).unwrap_or_else(Exact::zero);
        let change = &component.score.clone().unwrap_or_else(Exact::zero) - &before;
        let normalised = self.context.edition.method == Method::Normalised;
        !change.is_zero() && (normalised || change.is_negative() == delta.is_negative())
    }

    /// The component that took most, and the one that gave most.
    fn extremes(&self) -> (Option<ContributionDelta>, Option<ContributionDelta>) {
        let moved = || {
            let deltas = self.explanation.standing.contribution_deltas().into_iter();
            deltas.filter(|c| c.contribution_delta.is_some() && self.compares(c))
        };
        let delta = |c: &ContributionDelta| c.contribution_delta.clone();
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

    /// Across frameworks what moved most is told of the common criteria alone, and says so.
    fn among_common(&self, told: Vec<String>, among: &str, and: &str) -> Vec<String> {
        match self.context.common {
            Some(_) if !told.is_empty() => vec![format!("{among} {}", told.join(and))],
            _ => told,
        }
    }

    fn components_vi(&self) -> Vec<String> {
        let ((fell, rose), unit) = (self.extremes(), self.unit_vi());
        let told = |word: &str, c: ContributionDelta| {
            let delta = c.contribution_delta.as_ref().map(|delta| self.amount_vi(delta));
            format!("{word} nhiều nhất ở “{}” ({} {unit})", self.name(&c).0, delta.unwrap_or_default())
        };
        let fell = fell.map(|c| told("giảm", c));
        let both = fell.into_iter().chain(rose.map(|c| told("tăng", c))).collect();
        self.among_common(both, "trong các tiêu chí chung,", " và ")
    }

    fn components_en(&self) -> Vec<String> {
        let (fell, rose) = self.extremes();
        let told = |word: &str, c: ContributionDelta| {
            let delta = c.contribution_delta.as_ref().map(|delta| self.amount_en(delta));
            format!("{word} in “{}” ({})", self.name(&c).1, delta.unwrap_or_default())
        };
        let fell = fell.map(|c| told("losing most", c));
        let both = fell.into_iter().chain(rose.map(|c| told("gaining most", c))).collect();
        self.among_common(both, "among the common criteria,", " and ")
    }

    fn outlook_vi(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if let (Some(points), Some(rank)) =
            (&self.explanation.points_to_next_rank, self.explanation.next_rank)
        {
            parts.push(match points.round(self.context.edition.decimals).is_zero() {
                true => format!("chỉ kém thứ {rank} chưa đến một đơn vị ở chữ số làm tròn"),
                false => format!("cần thêm khoảng {} {} để lên thứ {rank}", self.vi(points), self.unit_vi()),
            });
        }
        parts.extend(self.caution().map(|caution| caution.vi));
        parts
    }

    fn outlook_en(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if let (Some(points), Some(rank)) =
            (&self.explanation.points_to_next_rank, self.explanation.next_rank)
        {
            parts.push(match points.round(self.context.edition.decimals).is_zero() {
                true => format!("short of rank {rank} by less than the digits shown"),
                false => format!("about {} short of rank {rank}", self.with_unit_en(points)),
            });
        }
        parts.extend(self.caution().map(|caution| caution.en));
        parts
    }
}

/// The number with its noun.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How a list goes on after the names.
fn others_en(more: u64) -> String {
    format!("and {}", counted(more, "other", "others"))
}

/// The names of other units.
fn of_movers(movers: &[Mover]) -> Vec<String> {
    movers.iter().filter_map(|mover| Some(mover.either()?.unit_name.clone())).collect()
}

/// The first names of a list, and how many more.
fn names(all: &[String], and: &str, more: impl Fn(u64) -> String) -> String {
    let named: Vec<&str> = all.iter().map(String::as_str).take(NAMED).collect();
    let left = all.len().saturating_sub(named.len());
    if left > 0 {
        return format!("{} {}", named.join(", "), more(u64::try_from(left).unwrap_or(u64::MAX)));
    }
    match named.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} {and} {last}", others.join(", ")),
        None => String::new(),
    }
}
