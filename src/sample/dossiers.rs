//! The synthetic dossiers of Thanh Bình: drawn from a fixed seed so that they add up to the reported counts.
//!
//! Nothing here knows a figure of the review: the counts come in with the plan, and what the service answers is
//! counted from the records. Every dossier is marked `synthetic`. Working days only, 2020-01-02 to 2020-12-14.

use std::collections::HashMap;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{
    files::{Plan, ProcedureRow},
    unreadable,
};
use crate::{
    domain::{
        dossiers::{Dossier, OnlineLevel, ReturnChannel, Status, SubmissionChannel},
        time::{Day, Moment},
        units::Level,
    },
    service::error::Result,
};

/// The seed: the year of the review.
const SEED: u64 = 2020;
/// Fields that the review names for interlinked dossiers: business, land, construction and tax.
const INTERLINKED_FIELDS: [&str; 4] = ["Đăng ký hộ kinh doanh", "Đất đai", "Xây dựng", "Thuế"];
/// The field of the home-appointment model.
const BUSINESS: &str = "Đăng ký hộ kinh doanh";
const MINUTE: i64 = 60_000_000;

/// A dossier before it has a code.
struct Draft<'a> {
    desk: usize,
    procedure: &'a ProcedureRow,
    accepted_at: Moment,
    due_at: Option<Moment>,
    finished_at: Moment,
    via: SubmissionChannel,
    online_level: Option<OnlineLevel>,
    by_post: bool,
    interlinked_from: Option<usize>,
}

struct Generator<'a> {
    plan: &'a Plan,
    random: ChaCha8Rng,
    days: Vec<Day>,
}

/// Makes the dossiers of a plan.
///
/// # Errors
/// When the plan lacks a count or leaves nothing to draw from, which is a defect of the sample's files.
pub fn generate(plan: &Plan) -> Result<Vec<Dossier>> {
    let mut generator =
        Generator { plan, random: ChaCha8Rng::seed_from_u64(SEED), days: working_days(&plan.holidays) };
    let mut drafts = generator.drafts()?;
    generator.mark(&mut drafts)?;
    drafts.sort_by_key(|draft| (draft.accepted_at, draft.desk));
    let mut serials: HashMap<(usize, Day), u32> = HashMap::new();
    Ok(drafts
        .iter()
        .map(|draft| {
            let serial = serials.entry((draft.desk, draft.accepted_at.day())).or_insert(0);
            *serial += 1;
            dossier(plan, draft, *serial)
        })
        .collect())
}

fn working_days(holidays: &[Day]) -> Vec<Day> {
    let (Some(first), Some(last)) = (Day::new(2020, 1, 1), Day::new(2020, 12, 14)) else { return Vec::new() };
    std::iter::successors(Some(first), |day| (*day < last).then(|| day.next()))
        .filter(|day| day.is_weekday() && !holidays.contains(day))
        .collect()
}

impl<'a> Generator<'a> {
    fn count(&self, measure: &str) -> Result<usize> {
        let count = self.plan.counts.get(measure).copied();
        count.ok_or_else(|| unreadable("thanh_binh_2020.json", format!("no count {measure}")))
    }

    fn below(&mut self, n: usize) -> usize {
        // The bias of the remainder is below one in four billion.
        let n = u32::try_from(n.max(1)).unwrap_or(u32::MAX);
        (self.random.next_u32() % n) as usize
    }

    fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
        items
    }

    fn pick<'b, T>(&mut self, items: &'b [T], what: &str) -> Result<&'b T> {
        let at = self.below(items.len());
        items.get(at).ok_or_else(|| unreadable("procedures.csv", format!("nothing to draw: {what}")))
    }

    /// A desk for each dossier: 0 is the district, the communes follow with shares of their own.
    fn desks(&mut self) -> Result<Vec<usize>> {
        let district = self.count("dossiers.received.district")?;
        let communes = self.count("dossiers.received.commune")?;
        let weights: Vec<usize> = (0..self.plan.communes.len()).map(|_| 60 + self.below(81)).collect();
        let all: usize = weights.iter().sum::<usize>().max(1);
        let mut desks = vec![0; district];
        let (mut given, mut seen) = (0, 0);
        for (commune, weight) in weights.iter().enumerate() {
            // Shares of a running total, so that they make the whole exactly.
            seen += weight;
            let until = communes * seen / all;
            desks.extend(std::iter::repeat_n(commune + 1, until - given));
            given = until;
        }
        Ok(self.shuffled(desks))
    }

    fn drafts(&mut self) -> Result<Vec<Draft<'a>>> {
        let desks = self.desks()?;
        let on_time = self.count("dossiers.on_time")?;
        let with_term: Vec<bool> = (0..desks.len()).map(|i| i < on_time).collect();
        let with_term = self.shuffled(with_term);
        let procedures = |level: Level, term: bool| -> Vec<&'a ProcedureRow> {
            let procedures = self.plan.procedures.iter();
            procedures.filter(|p| p.desk == level && p.term_days.is_some() == term).collect()
        };
        let pools = [
            [procedures(Level::Commune, false), procedures(Level::Commune, true)],
            [procedures(Level::District, false), procedures(Level::District, true)],
        ];
        let mut drafts = Vec::with_capacity(desks.len());
        for (desk, term) in desks.into_iter().zip(with_term) {
            let [commune, district] = &pools;
            let [same_day, with_due] = if desk == 0 { district } else { commune };
            let procedure = *self.pick(if term { with_due } else { same_day }, "procedures")?;
            drafts.push(self.draft(desk, procedure)?);
        }
        Ok(drafts)
    }

    fn draft(&mut self, desk: usize, procedure: &'a ProcedureRow) -> Result<Draft<'a>> {
        let term = procedure.term_days.unwrap_or(0);
        let first = self.below(self.days.len().saturating_sub(term));
        let day = |days: &[Day], at: usize| {
            days.get(at).copied().ok_or_else(|| unreadable("calendar.csv", "no working day"))
        };
        let accepted_on = day(&self.days, first)?;
        // 7:00 to 16:29, and at least five minutes of work.
        let accepted = 7 * 60 + i64::try_from(self.below(570)).unwrap_or(0);
        let accepted_at = at_minute(accepted_on, accepted);
        let (due_at, finished_at) = if procedure.term_days.is_some() {
            let due_on = day(&self.days, first + term)?;
            // A third on the due day, the others spread over the days before it.
            let finished = if self.below(3) == 0 { first + term } else { first + 1 + self.below(term) };
            let finished_on = day(&self.days, finished.min(first + term))?;
            let minute = 7 * 60 + i64::try_from(self.below(600)).unwrap_or(0);
            (Some(at_minute(due_on, 17 * 60)), at_minute(finished_on, minute))
        } else {
            let minutes = 5 + i64::try_from(self.below(26)).unwrap_or(0);
            (None, at_minute(accepted_on, accepted + minutes))
        };
        Ok(Draft {
            desk,
            procedure,
            accepted_at,
            due_at,
            finished_at,
            via: SubmissionChannel::InPerson,
            online_level: None,
            by_post: false,
            interlinked_from: None,
        })
    }

    /// Marks as many drafts as were reported, each kind on an axis of its own.
    fn mark(&mut self, drafts: &mut [Draft<'a>]) -> Result<()> {
        let communes = self.plan.communes.len();
        let interlinked = self.count("dossiers.interlinked")?;
        self.choose(
            drafts,
            interlinked,
            "interlinked",
            |draft| draft.desk == 0 && INTERLINKED_FIELDS.contains(&draft.procedure.field.as_str()),
            |draft, random| draft.interlinked_from = Some(1 + random % communes.max(1)),
        )?;
        let home = self.count("dossiers.home_appointment")?;
        self.choose(
            drafts,
            home,
            "home appointment",
            |draft| draft.procedure.field == BUSINESS && draft.interlinked_from.is_none(),
            |draft, _| draft.via = SubmissionChannel::HomeAppointment,
        )?;
        let online = self.count("dossiers.online")?;
        self.choose(
            drafts,
            online,
            "online",
            |draft| draft.via == SubmissionChannel::InPerson && draft.interlinked_from.is_none(),
            |draft, random| {
                draft.via = SubmissionChannel::Online;
                draft.online_level =
                    Some(if random % 2 == 0 { OnlineLevel::Three } else { OnlineLevel::Four });
            },
        )?;
        let by_post = self.count("dossiers.returned_by_post")?;
        self.choose(drafts, by_post, "returned by post", |_| true, |draft, _| draft.by_post = true)
    }

    fn choose(
        &mut self,
        drafts: &mut [Draft<'a>],
        count: usize,
        what: &str,
        fits: impl Fn(&Draft<'a>) -> bool,
        mark: impl Fn(&mut Draft<'a>, usize),
    ) -> Result<()> {
        let fitting: Vec<&mut Draft<'a>> = drafts.iter_mut().filter(|draft| fits(draft)).collect();
        if fitting.len() < count {
            return Err(unreadable("procedures.csv", format!("not enough dossiers to mark as {what}")));
        }
        for draft in self.shuffled(fitting).into_iter().take(count) {
            let random = self.below(1 << 16);
            mark(draft, random);
        }
        Ok(())
    }
}

fn at_minute(day: Day, minute: i64) -> Moment {
    Moment::from_micros(Moment::start_of(day).micros() + minute * MINUTE)
}

fn dossier(plan: &Plan, draft: &Draft<'_>, serial: u32) -> Dossier {
    let desk = |desk: usize| match desk.checked_sub(1) {
        None => plan.district.clone(),
        Some(commune) => plan.communes.get(commune).cloned().unwrap_or_default(),
    };
    let day = draft.accepted_at.day();
    Dossier {
        // The pattern of Circular 01/2018/TT-VPCP; the numbers of the desks are made up.
        code: format!(
            "000.{:02}.15.H20-{:02}{:02}{:02}-{serial:04}",
            draft.desk,
            day.year() % 100,
            day.month(),
            day.day_of_month()
        ),
        unit_id: desk(draft.desk),
        received_by_unit_id: draft.interlinked_from.map(desk),
        procedure_code: draft.procedure.procedure_code.clone(),
        field: Some(draft.procedure.field.clone()),
        submitted_via: draft.via,
        online_level: draft.online_level,
        returned_via: Some(if draft.by_post { ReturnChannel::Postal } else { ReturnChannel::Counter }),
        interlinked: draft.interlinked_from.is_some(),
        synthetic: true,
        submitted_at: None,
        accepted_at: Some(draft.accepted_at),
        first_due_at: draft.due_at,
        due_at: draft.due_at,
        re_appointed_to: None,
        finished_at: Some(draft.finished_at),
        returned_at: None,
        status: Status::RETURNED,
        due_derived: false,
        due_calendar: None,
        recorded_at: None,
        history: None,
    }
}
