//! A thousand random histories of dossiers: created, edited, told events late and twice, transferred, deleted
//! and made again, over midnight and over New Year in several zones. After each, the statistics are those of a
//! count of the dossiers one by one, which is written here and shares nothing with the counters.

use std::collections::BTreeMap;

use chiso::{
    domain::{
        dossiers::{Dossier, ReturnChannel, Status, SubmissionChannel},
        periods::{PeriodCalendar, Span},
        time::{Day, Moment},
    },
    service::{
        access::Caller,
        crud::{self, Absent, Context, Precondition, Proposal},
        dossier_counting,
        dossier_events::{self, Mode, NewEvent},
        dossier_statistics::{Figures, Grouping, Question, statistics},
        dossier_transfers::{self, NewTransfer},
        dossiers::Dossiers,
        error::{Error, Result},
    },
    store::{Store, Versioned},
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde_json::json;

use crate::support::{api_test, app::App, records::UNITS};

const HISTORIES: u64 = 1000;
const DAY: i64 = 86_400_000_000;
/// 1 January 2020, 00:00 in Vietnam.
const NEW_YEAR: i64 = 1_577_811_600_000_000;

struct Random(ChaCha8Rng);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0.next_u32() % n
    }

    fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u32) as usize].clone()
    }

    /// A moment within three weeks of a New Year or of a 14th of December, often a microsecond from midnight.
    fn moment(&mut self) -> Moment {
        let around = self.one_of(&[NEW_YEAR, NEW_YEAR - 17 * DAY, NEW_YEAR + 366 * DAY]);
        let day = around + (i64::from(self.below(42)) - 21) * DAY;
        Moment::from_micros(day + self.one_of(&[0, -1, 1, DAY / 2, DAY / 3, 7 * DAY / 24]))
    }

    fn after(&mut self, moment: Moment) -> Moment {
        let later = i64::from(self.below(30)) * DAY / 2 + self.one_of(&[0, 0, -1, 1, DAY / 24]);
        Moment::from_micros(moment.micros() + later.max(0))
    }

    fn record(&mut self, code: &str, units: &[String]) -> Dossier {
        let status =
            Status::new(i64::from(self.one_of(&[1, 2, 2, 3, 4, 4, 5, 6, 7, 8, 9, 9, 10, 10]))).unwrap();
        let accepted = self.moment();
        let due = if self.below(4) == 0 { None } else { Some(self.after(accepted)) };
        let finished = (status.code() >= 7).then(|| self.after(accepted));
        Dossier {
            code: code.to_owned(),
            unit_id: self.one_of(units),
            received_by_unit_id: None,
            procedure_code: self.one_of(&[None, Some("1.001".to_owned()), Some("1.0010".to_owned())]),
            field: self.one_of(&[None, Some("Đất đai".to_owned()), Some("Hộ tịch".to_owned())]),
            submitted_via: self.one_of(SubmissionChannel::ALL),
            online_level: None,
            returned_via: self.one_of(&[None, Some(ReturnChannel::Postal), Some(ReturnChannel::Counter)]),
            interlinked: self.below(3) == 0,
            synthetic: self.below(3) == 0,
            submitted_at: None,
            accepted_at: Some(accepted),
            first_due_at: None,
            due_at: due,
            re_appointed_to: if self.below(3) == 0 { due.map(|due| self.after(due)) } else { None },
            finished_at: finished,
            returned_at: if status.code() == 10 { finished.map(|at| self.after(at)) } else { None },
            status,
            due_derived: false,
            due_calendar: None,
            recorded_at: None,
            history: None,
        }
    }
}

/// The writes of one history; what a rule refuses leaves everything as it was.
struct Teller<'a> {
    store: &'a Store,
    random: Random,
    units: Vec<String>,
    codes: Vec<String>,
    now: Moment,
}

fn refused<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Invalid(_) | Error::Conflict { .. } | Error::NotFound { .. }) => None,
        Err(error) => panic!("{error:?}"),
    }
}

impl Teller<'_> {
    fn context(&mut self) -> Context {
        self.now = Moment::from_micros(self.now.micros() + i64::from(self.random.below(1000)));
        Context::of_command("test", self.now)
    }

    async fn step(&mut self) {
        let code = self.random.one_of(&self.codes.clone());
        let context = self.context();
        match self.random.below(10) {
            0 => {
                refused(crud::delete::<Dossiers>(self.store, context, code, Precondition::None).await);
            }
            1 | 2 => self.put(context, code).await,
            3 => self.edit(context, code).await,
            4 => {
                let new = NewTransfer {
                    to_unit_id: self.random.one_of(&self.units.clone()),
                    at: self.random.moment(),
                    ground: None,
                };
                refused(dossier_transfers::transfer(self.store, context, code, new).await);
            }
            _ => self.tell(context, code).await,
        }
        if self.random.below(12) == 0 {
            dossier_counting::fold(self.store).await.unwrap();
        }
    }

    async fn put(&mut self, context: Context, code: String) {
        let record = self.random.record(&code, &self.units.clone());
        let build = move |_: Option<&Versioned<Dossier>>| {
            Ok(Proposal { record, reason: Some("Đồng bộ".to_owned()) })
        };
        let done = crud::replace::<Dossiers, _>(
            self.store,
            context,
            code,
            Precondition::None,
            Absent::Create,
            build,
        );
        refused(done.await);
    }

    async fn edit(&mut self, context: Context, code: String) {
        let (which, moment) = (self.random.below(5), self.random.moment());
        let unit = self.random.one_of(&self.units.clone());
        let build = move |old: Option<&Versioned<Dossier>>| {
            let mut record = old.unwrap().record.clone();
            match which {
                0 => record.accepted_at = Some(moment),
                1 => record.finished_at = record.finished_at.map(|_| moment),
                2 => record.due_at = Some(moment),
                3 => record.unit_id = unit,
                _ => record.field = Some("Xây dựng".to_owned()),
            }
            Ok(Proposal { record, reason: Some("Đính chính".to_owned()) })
        };
        let done = crud::replace::<Dossiers, _>(
            self.store,
            context,
            code,
            Precondition::None,
            Absent::Refuse,
            build,
        );
        refused(done.await);
    }

    /// An event, at times far from the last one; now and then twice.
    async fn tell(&mut self, context: Context, code: String) {
        let status = Status::new(i64::from(self.random.below(10) + 1)).unwrap();
        let at = self.random.moment();
        let event = NewEvent {
            status,
            at,
            event_id: None,
            reason: None,
            due_at: if matches!(status.code(), 2 | 4..=6) && self.random.below(4) == 0 {
                Some(self.random.after(at))
            } else {
                None
            },
            undated: false,
        };
        let mode = self.random.one_of(&[Mode::Sync, Mode::Strict]);
        let done = dossier_events::tell(self.store, context.clone(), code.clone(), event.clone(), mode).await;
        if refused(done).is_some() && self.random.below(3) == 0 {
            let again = dossier_events::tell(self.store, context, code, event, mode).await.unwrap();
            assert!(again.repeated);
        }
    }
}

/// The Vietnamese day, by whole days since 1970.
fn day_of(moment: Moment) -> i64 {
    (moment.micros() + 7 * DAY / 24).div_euclid(DAY)
}

fn number_of(day: Day) -> i64 {
    day_of(Moment::start_of(day))
}

/// Where a dossier was, with the day it came and the day it left.
fn stays(dossier: &Dossier) -> Vec<(String, i64, Option<i64>)> {
    let mut stays: Vec<(String, i64, Option<i64>)> = Vec::new();
    let Some(accepted) = dossier.accepted_at else { return stays };
    let transfers = dossier.history.as_ref().map(|h| h.transfers.clone()).unwrap_or_default();
    let first = transfers.first().map_or(dossier.unit_id.clone(), |t| t.from_unit_id.clone());
    stays.push((first, day_of(accepted), None));
    for transfer in &transfers {
        stays.last_mut().unwrap().2 = Some(day_of(transfer.at));
        stays.push((transfer.to_unit_id.clone(), day_of(transfer.at), None));
    }
    stays.last_mut().unwrap().2 = dossier.finished_at.filter(|_| dossier.status.code() >= 7).map(day_of);
    stays
}

/// Since when it waits for the applicant, when it does.
fn waits_since(dossier: &Dossier) -> Option<i64> {
    if !matches!(dossier.status.code(), 5 | 6) {
        return None;
    }
    let Some(history) = &dossier.history else { return dossier.recorded_at.map(day_of) };
    let mut since = None;
    for event in &history.events {
        match event.status.code() {
            5 | 6 if since.is_none() => {
                since = Some(day_of(if event.undated { event.arrived_at } else { event.at }));
            }
            5 | 6 => {}
            _ => since = None,
        }
    }
    since
}

/// Counts one dossier at one of its units for a period that ends on `last`.
fn count(f: &mut Figures, dossier: &Dossier, place: usize, from: i64, last: i64, today: i64) {
    let stays = stays(dossier);
    let (_, came, left) = stays[place].clone();
    let is_last = place + 1 == stays.len();
    if came > last {
        return;
    }
    let due = dossier.due_at.map(day_of);
    if came < from {
        f.carried_over += i64::from(left.is_none_or(|left| left >= from));
    } else if place == 0 {
        f.received += 1;
        *match dossier.submitted_via {
            SubmissionChannel::InPerson => &mut f.in_person,
            SubmissionChannel::Online => &mut f.online,
            SubmissionChannel::Postal => &mut f.postal,
            SubmissionChannel::HomeAppointment => &mut f.home_appointment,
        } += 1;
        f.interlinked += i64::from(dossier.interlinked);
        f.synthetic += i64::from(dossier.synthetic);
    } else {
        f.transferred_in += 1;
    }
    match left.filter(|left| *left <= last) {
        Some(left) if left < from => {}
        Some(_) if !is_last => f.transferred_out += 1,
        Some(left) => close(f, dossier, left, due),
        None => {
            f.open += 1;
            let stands = matches!((waits_since(dossier), due), (Some(since), Some(due)) if since <= due);
            let over = |due: i64| due < last || (due == last && last < today);
            *match due {
                None => &mut f.no_due_date,
                Some(due) if over(due) && !stands => &mut f.overdue,
                Some(_) => &mut f.within_term,
            } += 1;
        }
    }
}

fn close(f: &mut Figures, dossier: &Dossier, closed: i64, due: Option<i64>) {
    if matches!(dossier.status.code(), 7 | 8) {
        f.ended_otherwise += 1;
        *(if dossier.status.code() == 7 { &mut f.withdrawn } else { &mut f.stopped }) += 1;
        return;
    }
    f.resolved += 1;
    f.returned_by_post += i64::from(dossier.returned_via == Some(ReturnChannel::Postal));
    match due {
        None => f.unclassified += 1,
        Some(due) if closed < due => f.early += 1,
        Some(due) if closed == due => f.on_time += 1,
        Some(_) => {
            f.late += 1;
            f.re_appointed_kept += i64::from(dossier.re_appointed_to.is_some_and(|at| closed <= day_of(at)));
        }
    }
}

type Groups = BTreeMap<Vec<Option<String>>, Figures>;

fn count_all(dossiers: &[Dossier], question: &Question, last: Day, today: Day) -> Groups {
    let (from, last, today) = (number_of(question.span.from), number_of(last), number_of(today));
    let mut groups = Groups::new();
    for dossier in dossiers.iter().filter(|d| !matches!(d.status.code(), 1 | 3)) {
        for (place, (unit, ..)) in stays(dossier).iter().enumerate() {
            let key = question
                .group_by
                .iter()
                .map(|grouping| match grouping {
                    Grouping::Unit => Some(unit.clone()),
                    Grouping::Level => {
                        Some(if unit.ends_with("-r") { "district" } else { "commune" }.to_owned())
                    }
                    Grouping::Field => dossier.field.clone(),
                    Grouping::Procedure => dossier.procedure_code.clone(),
                    Grouping::Channel => Some(dossier.submitted_via.to_string()),
                    Grouping::Month => unreachable!(),
                })
                .collect();
            count(groups.entry(key).or_default(), dossier, place, from, last, today);
        }
    }
    groups.retain(|_, figures| *figures != Figures::default());
    groups
}

/// A kept history leads to its record.
fn assert_agrees(dossier: &Dossier) {
    let Some(history) = &dossier.history else { return };
    let Some(last) = history.events.last() else { panic!("an empty history: {dossier:?}") };
    assert!(history.events.is_sorted_by_key(|event| event.at), "{dossier:?}");
    let resolved = |status: Status| status.code() >= 9;
    assert!(
        last.status == dossier.status || (resolved(last.status) && resolved(dossier.status)),
        "{dossier:?}"
    );
    if let Some(finished) = dossier.finished_at {
        assert!(history.events.iter().any(|e| e.at == finished && e.status.code() >= 7), "{dossier:?}");
    }
    let accepted = history.events.iter().find(|event| event.status == Status::ACCEPTED);
    if let Some(accepted) = accepted.filter(|_| !matches!(dossier.status.code(), 1 | 3)) {
        assert_eq!(Some(accepted.at), dossier.accepted_at, "{dossier:?}");
    }
}

async fn compare(teller: &mut Teller<'_>, root: &str) {
    let mut dossiers = Vec::new();
    for code in &teller.codes {
        if let Ok(found) = crud::get::<Dossiers>(teller.store, Caller::everything("test"), code.clone()).await
        {
            assert_agrees(&found.record);
            dossiers.push(found.record);
        }
    }
    let day = |text: &str| text.parse::<Day>().unwrap();
    let spans = [
        ("2019-12-15", "2020-12-14"),
        ("2020-01-01", "2020-12-31"),
        ("2019-12-31", "2020-01-01"),
        ("2020-01-15", "2020-02-14"),
        ("2020-12-20", "2021-01-05"),
    ];
    let groupings: [&[Grouping]; 4] = [
        &[Grouping::Unit],
        &[Grouping::Level, Grouping::Field],
        &[Grouping::Procedure, Grouping::Channel],
        &[Grouping::Channel],
    ];
    for group_by in groupings {
        let (from, to) = teller.random.one_of(&spans);
        let some_day = teller.random.moment().day();
        let today = teller.random.one_of(&[day("2026-01-01"), day(to), some_day]);
        let some_day = teller.random.moment().day();
        let as_of = teller.random.one_of(&[None, None, Some(some_day)]);
        let question = Question {
            unit_id: root.to_owned(),
            span: Span { from: day(from), to: day(to) },
            calendar: PeriodCalendar::Civil,
            group_by: group_by.to_vec(),
            as_of,
        };
        let told = statistics(teller.store, question.clone(), today).await;
        if today.min(as_of.unwrap_or(today)) < question.span.from {
            assert!(matches!(told, Err(Error::Invalid(_))), "{question:?} today {today}");
            continue;
        }
        let told = told.unwrap();
        let wanted = count_all(&dossiers, &question, told.judged_at, today);
        let rows: Groups = told
            .rows
            .into_iter()
            .map(|row| (row.group.into_iter().map(|(_, value)| value).collect(), row.figures))
            .collect();
        assert_eq!(rows, wanted, "{question:?} today {today}\n{dossiers:#?}");
        for check in told.checks {
            assert!(check.holds(), "{check:?}");
        }
    }
}

api_test!(a_thousand_random_histories_are_counted_as_they_are, |app| {
    actix_web::rt::System::new().block_on(async {
        for seed in 0..HISTORIES {
            history(app, seed).await;
        }
        let recount = dossier_counting::recount(&app.store).await.unwrap();
        assert_eq!(recount.differences, []);
        dossier_counting::fold(&app.store).await.unwrap();
        let recount = dossier_counting::recount(&app.store).await.unwrap();
        assert_eq!(recount.differences, []);
        assert!(recount.dossiers > 500, "{recount:?}");
    });
});

/// A random history of three dossiers in a district `h{seed}-r` with two communes.
pub async fn history(app: &App, seed: u64) {
    let root = format!("h{seed}-r");
    let units = vec![root.clone(), format!("h{seed}-a"), format!("h{seed}-b")];
    for unit in &units {
        let (parent, level) =
            if *unit == root { (None, "district") } else { (Some(root.clone()), "commune") };
        app.post(UNITS, &json!({"id": unit, "name": unit, "level": level, "parent_id": parent})).expect(201);
    }
    let mut teller = Teller {
        store: &app.store,
        random: Random(ChaCha8Rng::seed_from_u64(seed)),
        codes: (0..3).map(|i| format!("h{seed}/{i}")).collect(),
        units,
        now: Moment::from_micros(NEW_YEAR + 200 * DAY),
    };
    let steps = 6 + teller.random.below(12);
    for _ in 0..steps {
        teller.step().await;
    }
    compare(&mut teller, &root).await;
}
