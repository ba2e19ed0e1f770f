//! The files of the sample as records of the domain.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    calendar::{calendar, catalogue},
    unreadable,
};
use crate::{
    domain::{
        calendars::{Calendar, DayKind},
        commendations::{Commendation, CommendationForm, Recipient},
        decimal::Exact,
        edition_cycle::EditionState,
        editions::{Band, Cohort, Criterion, Edition, EditionStatus, Method, ScoreUnit, TieRule},
        improvement_actions::{ActionKind, ActionStatus, ImprovementAction},
        index_scores::{IndexScore, ScoreStage, natural_key},
        indexes::Index,
        procedures::Procedure,
        reported_figures::{FigureUnit, ReportedFigure, Source},
        time::Day,
        units::{Extent, FormerName, Level, Successor, Unit},
    },
    service::error::Result,
};

/// Everything but the dossiers, and what these are to add up to.
pub struct Sample {
    /// Units, each behind those that it names.
    pub units: Vec<Unit>,
    /// Indexes.
    pub indexes: Vec<Index>,
    /// Editions.
    pub editions: Vec<Edition>,
    /// Scores.
    pub scores: Vec<IndexScore>,
    /// Reported figures.
    pub figures: Vec<ReportedFigure>,
    /// Decisions.
    pub commendations: Vec<Commendation>,
    /// Improvement actions.
    pub actions: Vec<ImprovementAction>,
    /// The calendar of all units.
    pub calendar: Calendar,
    /// The catalogue of procedures.
    pub catalogue: Vec<Procedure>,
    /// What the synthetic dossiers are made after.
    pub plan: Plan,
}

impl Sample {
    /// How many records.
    pub fn len(&self) -> usize {
        self.units.len()
            + self.indexes.len()
            + self.editions.len()
            + self.scores.len()
            + self.figures.len()
            + self.commendations.len()
            + self.actions.len()
            + 1
            + self.catalogue.len()
    }
}

/// What the synthetic dossiers are made after: the reported counts, and what there is to draw from.
pub struct Plan {
    /// The reported counts by measure.
    pub counts: BTreeMap<String, usize>,
    /// The district desk.
    pub district: String,
    /// Its communes.
    pub communes: Vec<String>,
    /// Procedures.
    pub procedures: Vec<ProcedureRow>,
    /// Days off of the calendar.
    pub holidays: Vec<Day>,
}

/// A procedure to draw from.
#[derive(Debug, Clone, Deserialize)]
pub struct ProcedureRow {
    /// Field.
    pub field: String,
    /// Code, where the sources give one.
    pub procedure_code: Option<String>,
    /// Level that decides.
    pub desk: Level,
    /// Working days; none for a same-day procedure without an appointment.
    pub term_days: Option<usize>,
}

#[derive(Deserialize)]
struct UnitRow {
    id: String,
    code: String,
    code_scheme: String,
    name: String,
    level: Level,
    parent_id: Option<String>,
    valid_from: Option<Day>,
    valid_to: Option<Day>,
}

#[derive(Deserialize)]
struct SuccessorRow {
    unit_id: String,
    successor_id: String,
    extent: Extent,
}

#[derive(Deserialize)]
struct FormerNameRow {
    unit_id: String,
    name: String,
    until: Day,
}

#[derive(Deserialize)]
struct CriterionRow {
    code: String,
    name_vi: String,
    name_en: String,
    weight: String,
}

#[derive(Deserialize)]
struct ReviewFile {
    source: Source,
    reported_figures: Vec<FigureRow>,
    commendations: Vec<CommendationRow>,
    improvement_actions: Vec<ActionRow>,
}

#[derive(Deserialize)]
struct FigureRow {
    id: String,
    unit_id: String,
    measure: String,
    period: String,
    base_period: Option<String>,
    value: String,
    unit_of_measure: FigureUnit,
    unit_is_assumed: bool,
    review_year: Option<i32>,
}

#[derive(Deserialize)]
struct CommendationRow {
    id: String,
    decision_number: Option<String>,
    decided_on: Option<Day>,
    issuer_unit_id: String,
    form: CommendationForm,
    ground: String,
    achievement_year: i32,
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
struct ActionRow {
    id: String,
    kind: ActionKind,
    title: String,
    owner_unit_id: String,
    review_unit_id: Option<String>,
    review_year: Option<i32>,
    index_code: Option<String>,
    criterion: Option<String>,
    due_on: Option<Day>,
    status: ActionStatus,
    note: Option<String>,
}

/// The rows of a file.
///
/// # Errors
/// When it can't be read, which is a defect.
pub fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| unreadable(file, e))
}

/// Reads every file.
///
/// # Errors
/// When a file can't be read, which is a defect.
pub fn read() -> Result<Sample> {
    let units = units()?;
    let review: ReviewFile = serde_json::from_str(include_str!("data/thanh_binh_2020.json"))
        .map_err(|e| unreadable("thanh_binh_2020.json", e))?;
    let (editions, scores) = pci()?;
    let calendar = calendar()?;
    let district = "gso-874".to_owned();
    let plan = Plan {
        counts: review
            .reported_figures
            .iter()
            .filter_map(|f| Some((f.measure.clone(), f.value.parse().ok()?)))
            .collect(),
        communes: units
            .iter()
            .filter(|unit| unit.parent_id.as_ref() == Some(&district))
            .map(|unit| unit.id.clone())
            .collect(),
        district,
        procedures: rows("procedures.csv", include_str!("data/procedures.csv"))?,
        holidays: calendar
            .days
            .iter()
            .filter(|day| day.kind != DayKind::Working)
            .map(|day| day.day)
            .collect(),
    };
    Ok(Sample {
        units,
        indexes: indexes(),
        editions,
        scores,
        figures: review.reported_figures.into_iter().map(|row| row.figure(&review.source)).collect(),
        commendations: review.commendations.into_iter().map(CommendationRow::commendation).collect(),
        actions: review.improvement_actions.into_iter().map(ActionRow::action).collect(),
        calendar,
        catalogue: catalogue()?,
        plan,
    })
}

/// Units in an order in which each follows its parent and its successors: those of today first.
fn units() -> Result<Vec<Unit>> {
    let successors: Vec<SuccessorRow> =
        rows("unit_successors.csv", include_str!("data/unit_successors.csv"))?;
    let former_names: Vec<FormerNameRow> =
        rows("unit_former_names.csv", include_str!("data/unit_former_names.csv"))?;
    let units: Vec<UnitRow> = rows("units.csv", include_str!("data/units.csv"))?;
    let (ended, present): (Vec<UnitRow>, Vec<UnitRow>) =
        units.into_iter().partition(|row| row.valid_to.is_some());
    Ok(present
        .into_iter()
        .chain(ended)
        .map(|row| Unit {
            successors: successors
                .iter()
                .filter(|s| s.unit_id == row.id)
                .map(|s| Successor { unit_id: s.successor_id.clone(), extent: s.extent })
                .collect(),
            former_names: former_names
                .iter()
                .filter(|f| f.unit_id == row.id)
                .map(|f| FormerName { name: f.name.clone(), until: f.until })
                .collect(),
            id: row.id,
            code: Some(row.code),
            code_scheme: Some(row.code_scheme),
            name: row.name,
            level: row.level,
            parent_id: row.parent_id,
            former_parents: Vec::new(),
            valid_from: row.valid_from,
            valid_to: row.valid_to,
        })
        .collect())
}

fn indexes() -> Vec<Index> {
    let index = |code: &str, name: &str, name_en: &str, description: &str| Index {
        code: code.to_owned(),
        name: name.to_owned(),
        name_en: Some(name_en.to_owned()),
        description: Some(description.to_owned()),
    };
    vec![
        index(
            "pci",
            "Chỉ số năng lực cạnh tranh cấp tỉnh",
            "Provincial Competitiveness Index",
            "VCCI và USAID công bố hằng năm; mười chỉ số thành phần, thang điểm 100.",
        ),
        index(
            "par",
            "Chỉ số cải cách hành chính",
            "Public Administration Reform Index",
            "Chỉ số CCHC của huyện do tỉnh Đồng Tháp chấm; chưa có bảng điểm được công bố.",
        ),
        index(
            "ddci",
            "Năng lực cạnh tranh cấp sở, ngành và địa phương",
            "Department and District Competitiveness Index",
            "DDCI Đồng Tháp; điểm số 2018-2020 của các huyện chưa được công bố.",
        ),
    ]
}

const PCI_NOTE: &str = "Điểm, thứ hạng và nhóm như VCCI công bố. Trọng số áp dụng từ năm 2013. Ngưỡng của các \
    nhóm không được công bố: mỗi ngưỡng dưới được đọc từ dữ liệu, là điểm thấp nhất của nhóm trong năm. \
    (Scores, ranks and tiers as published by VCCI; weights in force since 2013. The lower edge of each band is read \
    from the data: the lowest score of the tier in that year.)";

/// PCI 2013 to 2016: an edition a year, and its scores.
fn pci() -> Result<(Vec<Edition>, Vec<IndexScore>)> {
    let criteria: Vec<CriterionRow> = rows("pci_criteria.csv", include_str!("data/pci_criteria.csv"))?;
    let table: Vec<BTreeMap<String, String>> = rows("pci_scores.csv", include_str!("data/pci_scores.csv"))?;
    let mut scores = Vec::new();
    let mut tiers: BTreeMap<i32, Vec<(Exact, String)>> = BTreeMap::new();
    let mut unit_ids: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for row in &table {
        let cell = |name: &str| row.get(name).map(String::as_str).unwrap_or_default();
        let decimal = |name: &str| {
            Exact::parse(cell(name)).map_err(|e| unreadable("pci_scores.csv", format!("{name}: {e:?}")))
        };
        let year: i32 = cell("year").parse().map_err(|e| unreadable("pci_scores.csv", e))?;
        let rank: i32 = cell("published_rank").parse().map_err(|e| unreadable("pci_scores.csv", e))?;
        let unit_id = cell("unit_id").to_owned();
        let score = |criterion: Option<&str>, score: Exact, published_rank: Option<i32>| IndexScore {
            id: natural_key("pci", year, &unit_id, ScoreStage::Final, criterion).replace('/', "-"),
            index_code: "pci".to_owned(),
            year,
            unit_id: unit_id.clone(),
            criterion: criterion.map(str::to_owned),
            stage: ScoreStage::Final,
            score: Some(score),
            published_rank,
            applicable: true,
            source: Some("VCCI, PCI; mdtrinh/vietnamdata (CC0)".to_owned()),
            comment: None,
            explanation: None,
            evidence: Vec::new(),
            computation: None,
        };
        let total = decimal("score")?;
        tiers.entry(year).or_default().push((total.clone(), cell("published_tier").to_owned()));
        unit_ids.entry(year).or_default().push(unit_id.clone());
        scores.push(score(None, total, Some(rank)));
        for criterion in &criteria {
            scores.push(score(Some(&criterion.code), decimal(&criterion.code)?, None));
        }
    }
    let criteria: Vec<Criterion> = criteria
        .into_iter()
        .map(|row| Criterion {
            name_en: Some(row.name_en),
            max_points: Some(Exact::from(10)),
            weight: Exact::parse(&row.weight).ok(),
            ..Criterion::new(row.code, row.name_vi)
        })
        .collect();
    let editions = tiers
        .into_iter()
        .map(|(year, tiers)| {
            pci_edition(year, criteria.clone(), unit_ids.remove(&year).unwrap_or_default(), bands(tiers))
        })
        .collect();
    Ok((editions, scores))
}

fn pci_edition(year: i32, criteria: Vec<Criterion>, mut unit_ids: Vec<String>, bands: Vec<Band>) -> Edition {
    unit_ids.sort();
    Edition {
        index_code: "pci".to_owned(),
        year,
        framework: "pci-2013".to_owned(),
        unit_of_measure: ScoreUnit::Points,
        decimals: 2,
        rank_decimals: None,
        tie_rule: TieRule::Competition,
        method: Method::Weighted,
        rescale_without_survey: false,
        rescale_not_applicable: false,
        criteria,
        cohorts: vec![Cohort {
            code: "provinces".to_owned(),
            name: "63 tỉnh, thành phố".to_owned(),
            unit_ids: Some(unit_ids),
            rule: None,
        }],
        overlapping_cohorts: false,
        bands,
        note: Some(PCI_NOTE.to_owned()),
        status: EditionStatus::Draft,
        revision: None,
        stages: Vec::new(),
        state: EditionState::default(),
    }
}

/// A band for each tier of a year, from its lowest score to the lowest of the tier above.
fn bands(tiers: Vec<(Exact, String)>) -> Vec<Band> {
    let mut lowest: BTreeMap<String, Exact> = BTreeMap::new();
    for (score, tier) in tiers {
        lowest.entry(tier).and_modify(|low| *low = low.clone().min(score.clone())).or_insert(score);
    }
    let mut edges: Vec<(Exact, String)> = lowest.into_iter().map(|(tier, low)| (low, tier)).collect();
    edges.sort();
    let upper: Vec<Option<Exact>> =
        edges.iter().skip(1).map(|(low, _)| Some(low.clone())).chain([None]).collect();
    edges.into_iter().zip(upper).map(|((from, label), to)| Band { label, from: Some(from), to }).collect()
}

impl FigureRow {
    fn figure(self, source: &Source) -> ReportedFigure {
        ReportedFigure {
            id: self.id,
            unit_id: self.unit_id,
            measure: self.measure,
            period: self.period,
            base_period: self.base_period,
            value: self.value,
            unit_of_measure: self.unit_of_measure,
            unit_is_assumed: self.unit_is_assumed,
            review_year: self.review_year,
            source: source.clone(),
        }
    }
}

impl CommendationRow {
    fn commendation(self) -> Commendation {
        Commendation {
            id: self.id,
            decision_number: self.decision_number,
            decided_on: self.decided_on,
            issuer_unit_id: self.issuer_unit_id,
            form: self.form,
            ground: self.ground,
            achievement_year: self.achievement_year,
            recipients: self.recipients,
            annulled_at: None,
        }
    }
}

impl ActionRow {
    fn action(self) -> ImprovementAction {
        ImprovementAction {
            id: self.id,
            kind: self.kind,
            title: self.title,
            owner_unit_id: self.owner_unit_id,
            review_unit_id: self.review_unit_id,
            review_year: self.review_year,
            index_code: self.index_code,
            criterion: self.criterion,
            due_on: self.due_on,
            status: self.status,
            note: self.note,
        }
    }
}
