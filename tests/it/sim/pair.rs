//! Both ledgers, driven by one seeded sequence of events in virtual time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use suifang::{
    app::{
        App, CallRef, Claim, Dialler, Effect, EndReason, Ended, Entry, Hub, RunAction, ToldNumber,
    },
    base::{AttemptId, CallId, PersonId, RunId},
    domain::{
        Calendar, CallingPolicy, Conversation, DayPart, DialFacts, Outcome, Relation,
        shipped_holidays,
    },
    engine::new_run,
    ivr::Library,
    sim::year::{Desk, DialEnd, Whose},
    store::{Database, Principal, Target, attempt::Step, person, task},
};
use uuid::Uuid;

use crate::support::hospital::{copy_database, local};

struct Someone {
    id: PersonId,
    record_no: String,
    birth: NaiveDate,
    numbers: Vec<(u64, Whose)>,
}

/// A follow-up in both ledgers.
struct Tracked {
    id: Uuid,
    person: usize,
    run: RunId,
    in_desk: usize,
}

struct Live {
    claim: Claim,
    person: usize,
    in_desk: usize,
    since: DateTime<Utc>,
}

pub(super) struct Pair {
    seed: u64,
    rng: StdRng,
    at: DateTime<Utc>,
    app: App,
    dialler: Dialler,
    desk: Desk,
    people: Vec<Someone>,
    /// With a name, and whether it takes the steps of plans.
    runs: Vec<(RunId, &'static str, bool)>,
    tasks: Vec<Tracked>,
    live: Vec<Live>,
    /// What was done to whom.
    log: Vec<(Vec<usize>, String)>,
    told: u64,
    /// What came up, so that a test that compares nothing is noticed.
    pub(super) seen: BTreeMap<String, u64>,
}

impl Pair {
    pub(super) async fn open(seed: u64, template: &str, library: &Arc<Library>) -> Self {
        let target = Target::Url(copy_database(template, &format!("{template}-{seed}")));
        let app = App::new(Database::open(&target).await.unwrap(), Hub::default());
        let at = local("2025-01-06T08:00");
        let policy = CallingPolicy::default();
        let calendar = Calendar {
            windows: policy.windows.clone(),
            weekends: policy.weekends,
            days: shipped_holidays().into_iter().map(|day| (day.on, day.kind)).collect(),
            ..Calendar::always(chrono_tz::Asia::Shanghai)
        };
        let epoch = app.begin_epoch("pair", at).await.unwrap();
        let desk = Desk::new(policy.clone(), calendar.clone());
        let node = "pair".to_owned();
        let mut pair = Self {
            seed,
            rng: StdRng::seed_from_u64(seed),
            at,
            app,
            dialler: Dialler { node, epoch, policy, calendar, allow: None },
            desk,
            people: Vec::new(),
            runs: Vec::new(),
            tasks: Vec::new(),
            live: Vec::new(),
            log: Vec::new(),
            told: 0,
            seen: BTreeMap::new(),
        };
        pair.admit().await;
        pair.begin_runs(library).await;
        pair.turn().await;
        pair
    }

    /// Eight people, some with a second number, some with relatives, some with one telephone
    /// for two.
    async fn admit(&mut self) {
        let mut csv = "姓名,性别,出生日期,病案号,住院号,出院科室,入院日期,出院日期,离院方式,\
                       联系电话,诊断编码\n"
            .to_owned();
        let mut all = Vec::new();
        for n in 0..PEOPLE {
            let shares = n > 0 && self.rng.random_bool(0.25);
            let mut numbers = vec![(OWN + n - u64::from(shares), Whose::Patient)];
            if self.rng.random_bool(0.3) {
                numbers.push((SECOND + n, Whose::Patient));
            }
            let cell: Vec<_> = numbers.iter().map(|(number, _)| number.to_string()).collect();
            let relatives = [0, 0, 1, 2].choose(&mut self.rng).copied().unwrap_or(0);
            for relative in 0..relatives {
                let informed = self.rng.random_bool(0.6);
                numbers.push((RELATIVE + 2 * n + relative, Whose::Relative { informed }));
            }
            let icd = ICD.choose(&mut self.rng).copied().unwrap_or_default();
            let birth = NaiveDate::from_ymd_opt(1940 + 5 * n as i32, 8, 15).unwrap();
            let left = self.rng.random_range(1..=5);
            csv += &format!(
                "王小{n},女,{birth},B{n},Z{n},心内科,2024-12-20,2025-01-0{left},1,{},{icd}\n",
                cell.join("/")
            );
            all.push((format!("B{n}"), birth, numbers));
        }
        let calendar = &self.dialler.calendar;
        let app = &self.app;
        let import = app.import_csv(&TEST, "in.csv", csv.as_bytes(), calendar, AREA, self.at);
        assert_eq!(import.await.unwrap().counts.rows_stored, PEOPLE as i32);
        for (record_no, birth, numbers) in all {
            let id = self.person_id(&record_no).await;
            for (n, (number, whose)) in numbers.iter().enumerate() {
                let Whose::Relative { informed } = *whose else { continue };
                self.tell(id, Relation::Child, Some(&format!("子{n}")), informed, *number).await;
            }
            self.desk.admit(birth, &numbers);
            self.people.push(Someone { id, record_no, birth, numbers });
        }
    }

    async fn person_id(&self, record_no: &str) -> PersonId {
        let mut scope = self.app.database().scope(&TEST).await.unwrap();
        person::find_all(&mut scope, &[Some(record_no)], &[None]).await.unwrap()[0].1
    }

    async fn tell(
        &self,
        person: PersonId,
        relation: Relation,
        contact_name: Option<&str>,
        informed: bool,
        number: u64,
    ) {
        let phone = number.to_string();
        let told = ToldNumber {
            relation,
            contact_name,
            informed,
            phone: &phone,
            source: "补录",
            valid_until: None,
        };
        self.app.tell_number(&TEST, person, &told, AREA, self.at).await.unwrap();
    }

    /// Three that take the steps of plans, and one that asks everybody once more.
    async fn begin_runs(&mut self, library: &Arc<Library>) {
        for (dialplan, is_standing) in
            [("followup", true), ("htn", true), ("dm", true), ("satisfaction", false)]
        {
            let new = new_run(library, true, dialplan, dialplan, None, None, None).unwrap();
            let new = suifang::app::NewRun { is_standing, ..new };
            let (run, _) = self.app.create_run(&TEST, &new, self.at).await.unwrap();
            self.app.change_run(&TEST, run, RunAction::Start, None, self.at).await.unwrap();
            self.runs.push((run, dialplan, is_standing));
        }
    }

    /// The plans' clock; what is due from now on is in both ledgers.
    async fn turn(&mut self) {
        self.app.turn_plans(&self.dialler.calendar, self.at).await.unwrap();
        for (run, _, is_standing) in self.runs.clone() {
            let mut scope = self.app.database().scope(&TEST).await.unwrap();
            let mut rows = task::list(&mut scope, Some(run), "", "", MANY, 0).await.unwrap();
            rows.retain(|row| row.kind == "follow_up");
            rows.sort_by_key(|row| row.task_id);
            for row in rows {
                if self.tasks.iter().any(|known| known.id == row.task_id) {
                    continue;
                }
                let is_theirs = |p: &Someone| *p.id.as_uuid() == row.person_id;
                let person = self.people.iter().position(is_theirs).unwrap();
                let in_desk = self.desk.add(person, row.not_before, is_standing);
                self.tasks.push(Tracked { id: row.task_id, person, run, in_desk });
            }
        }
    }

    pub(super) async fn step(&mut self) -> Result<(), String> {
        let day = self.dialler.calendar.local_date(self.at);
        let pause = self.pause();
        self.at += pause;
        let calendar = &self.dialler.calendar;
        // Most of what matters happens while the windows are open.
        if !calendar.is_open(self.at) && self.rng.random_bool(0.85) {
            let opens = calendar.next_open(self.at, None).unwrap_or(self.at);
            self.at = opens + Duration::seconds(self.rng.random_range(0..1200));
        }
        if self.dialler.calendar.local_date(self.at) != day {
            self.turn().await;
        }
        let person = self.rng.random_range(0..self.people.len());
        let touched = match self.rng.random_range(0..1000) {
            0..8 => self.die(person).await,
            8..16 => self.refuse(person).await,
            16..24 => self.come_back(person).await,
            24..60 => self.repair(person).await,
            60..500 if !self.live.is_empty() => self.end().await?,
            _ => self.claim().await?,
        };
        self.compare(&touched).await
    }

    fn pause(&mut self) -> Duration {
        match self.rng.random_range(0..20) {
            0..3 => Duration::seconds(self.rng.random_range(10..90)),
            3..11 => Duration::minutes(self.rng.random_range(1..40)),
            11..18 => Duration::minutes(self.rng.random_range(60..300)),
            18 => Duration::minutes(self.rng.random_range(600..900)),
            _ => Duration::hours(self.rng.random_range(24..60)),
        }
    }

    fn note(&mut self, people: Vec<usize>, what: String) -> Vec<usize> {
        let at = self.at.with_timezone(&self.dialler.calendar.zone).format("%m-%d %H:%M:%S");
        self.log.push((people.clone(), format!("{at} {what}")));
        people
    }

    async fn die(&mut self, person: usize) -> Vec<usize> {
        let (id, on) = (self.people[person].id, self.dialler.calendar.local_date(self.at));
        let died = self.app.record_end(&TEST, id, EndReason::Died, Some(on), "", self.at);
        died.await.unwrap();
        self.desk.record_death(person);
        self.note(vec![person], format!("p{person} has died"))
    }

    async fn refuse(&mut self, person: usize) -> Vec<usize> {
        let id = self.people[person].id;
        let refused = self.app.record_end(&TEST, id, EndReason::Refused, None, "不愿意", self.at);
        refused.await.unwrap();
        self.desk.refuse(person);
        self.note(vec![person], format!("p{person} has told a nurse not to call"))
    }

    async fn come_back(&mut self, person: usize) -> Vec<usize> {
        self.told += 1;
        let (who, no) = (&self.people[person], self.told);
        let sent = self.at.with_timezone(&self.dialler.calendar.zone).format("%Y%m%d%H%M%S");
        let message = format!(
            "MSH|^~\\&|HIS|H1|SF|H1|{sent}||ADT^A01|{no}|P|2.5||||||UNICODE UTF-8\r\
             PID|||{}^^^H1^MR||王小{person}||{}|F\r\
             PV1||I|心内一病区^3^12|||||||心内科|||||||||BACK{no}||||||||||||||||||\
             |||||||{sent}|\r",
            who.record_no,
            who.birth.format("%Y%m%d")
        );
        let calendar = &self.dialler.calendar;
        let taken = self.app.take_message(message.as_bytes(), calendar, AREA, self.at).await;
        let taken = taken.unwrap();
        assert!(taken.fault.is_none(), "{taken:?}");
        self.desk.readmit(person);
        self.note(vec![person], format!("p{person} is in hospital again"))
    }

    /// Mostly of somebody whose follow-up waits for a number.
    async fn repair(&mut self, anybody: usize) -> Vec<usize> {
        let waits = self.tasks.iter().filter(|task| {
            self.desk.standing(task.in_desk).state == suifang::domain::TaskState::WaitingRepair
        });
        let waiting: Vec<_> = waits.map(|task| task.person).collect();
        let person = waiting.choose(&mut self.rng).copied().unwrap_or(anybody);
        self.told += 1;
        let number = REPAIRED + self.told;
        self.tell(self.people[person].id, Relation::Own, None, true, number).await;
        self.desk.repair(person, number, self.at);
        self.people[person].numbers.push((number, Whose::Patient));
        self.note(vec![person], format!("p{person} has a new number {number}"))
    }

    /// The dialler looks at a run: who is due must be the same people, and what is made of
    /// each the same.
    async fn claim(&mut self) -> Result<Vec<usize>, String> {
        let (run, name, _) = self.runs[self.rng.random_range(0..self.runs.len())];
        let limit = self.rng.random_range(1..=4);
        let mut due = self.due(run).await;
        let mut expected: Vec<_> = self.tasks.iter().filter(|task| task.run == run).collect();
        expected.retain(|task| self.desk.is_due(task.in_desk, self.at));
        let mut expected: Vec<_> = expected.into_iter().map(|task| task.id).collect();
        let mut found = due.clone();
        found.sort_unstable();
        expected.sort_unstable();
        if found != expected {
            let names = |ids: &[Uuid]| ids.iter().map(|id| self.name(*id)).collect::<Vec<_>>();
            let both = format!("{:?}, in memory {:?}", names(&found), names(&expected));
            let people = found.iter().chain(&expected).map(|id| self.tracked(*id).person);
            return Err(self.differs(&people.collect::<Vec<_>>(), &format!("due are {both}")));
        }
        due.truncate(limit);
        let claims = self.app.claim_due(&self.dialler, run, "trunk", limit, self.at).await;
        let mut claims: HashMap<Uuid, Claim> =
            claims.unwrap().into_iter().map(|claim| (*claim.task.as_uuid(), claim)).collect();
        let mut people = Vec::new();
        for id in due {
            let (person, in_desk) = (self.tracked(id).person, self.tracked(id).in_desk);
            people.push(person);
            let server = claims.remove(&id);
            let desk = self.desk.claim(in_desk, self.at);
            let number = |claim: &Claim| claim.e164.as_str()[3..].parse().unwrap_or(0_u64);
            let (dialled, in_memory) = (server.as_ref().map(number), desk.map(|(_, n)| n));
            let what = format!("{name} {}: dials {dialled:?}", self.name(id));
            self.note(vec![person], what);
            if dialled != in_memory {
                let what = format!("dialled is {dialled:?}, in memory {in_memory:?}");
                return Err(self.differs(&[person], &what));
            }
            if let Some((claim, (in_desk, _))) = server.zip(desk) {
                let attempt = claim.attempt;
                assert!(self.app.attempt_step(attempt, Step::Invited, self.at).await.unwrap());
                self.live.push(Live { claim, person, in_desk, since: self.at });
            }
        }
        Ok(people)
    }

    /// In the order in which the dialler would look at them.
    async fn due(&self, run: RunId) -> Vec<Uuid> {
        let mut scope = self.app.database().scope(&TEST).await.unwrap();
        let due = task::next_due(&mut scope, run, self.at, MANY).await.unwrap();
        // Dropped, it would keep the rows locked for a moment.
        scope.commit().await.unwrap();
        due.into_iter().map(|due| due.task_id).collect()
    }

    async fn end(&mut self) -> Result<Vec<usize>, String> {
        let live = self.live.swap_remove(self.rng.random_range(0..self.live.len()));
        let end = how_it_ends(&mut self.rng);
        let attempt = live.claim.attempt;
        self.steps(attempt, &end, live.since).await;
        if let Some(effect) = effect_of(&end) {
            self.take_effect(&live.claim, effect).await;
        }
        let DialEnd { facts, conversation, promised, wants_person } = end;
        let ended = Ended { facts, conversation, promised, wants_person, ..Ended::default() };
        let done = self.app.finish_attempt(&self.dialler, attempt, &ended, self.at).await;
        let (outcome, in_memory) = (done.unwrap(), self.desk.end(live.in_desk, &end, self.at));
        *self.seen.entry(outcome.to_string()).or_default() += 1;
        let what = format!(
            "{} ends: {outcome}{}{}",
            self.name(*live.claim.task.as_uuid()),
            promised.map_or(String::new(), |part| format!(", promised {part}")),
            if wants_person { ", wants a person" } else { "" }
        );
        let people = self.note(vec![live.person], what);
        if outcome != in_memory {
            return Err(self.differs(&people, &format!("outcome {outcome}, in memory {in_memory}")));
        }
        Ok(people)
    }

    /// What was durable before it took effect.
    async fn steps(&self, attempt: AttemptId, end: &DialEnd, since: DateTime<Utc>) {
        let answered = (self.at - Duration::seconds(60)).max(since);
        if end.facts.rang {
            self.app.attempt_step(attempt, Step::Rang, since).await.unwrap();
        }
        if end.facts.answered {
            self.app.attempt_step(attempt, Step::Answered, answered).await.unwrap();
        }
    }

    async fn take_effect(&self, claim: &Claim, effect: Effect) {
        let call = CallRef {
            from: None,
            call: CallId::new(self.at),
            attempt: Some(claim.attempt),
            task: Some(claim.task),
            person: Some(claim.person),
            department: claim.department,
            number: Some(claim.number),
        };
        let entries = [(self.at, Entry::Effect(effect))];
        self.app.record(&call, 0, &entries).await.unwrap();
    }

    /// Every follow-up; the numbers of those to whom something was done.
    async fn compare(&mut self, touched: &[usize]) -> Result<(), String> {
        let mut scope = self.app.database().scope(&TEST).await.unwrap();
        let rows = task::list(&mut scope, None, "", "", MANY, 0).await.unwrap();
        let rows: HashMap<Uuid, task::Listed> =
            rows.into_iter().map(|row| (row.task_id, row)).collect();
        for task in &self.tasks {
            let (row, desk) = (&rows[&task.id], self.desk.standing(task.in_desk));
            let server = (&*row.state, row.not_before, row.attempts, row.dials);
            let memory =
                (desk.state.as_str(), desk.not_before, desk.attempts as i32, desk.dials as i32);
            *self.seen.entry(format!("is {}", row.state)).or_default() += 1;
            if server != memory {
                let what = format!(
                    "{} is {server:?} (why {:?}), in memory {memory:?}",
                    self.name(task.id),
                    row.why
                );
                return Err(self.differs(&[task.person], &what));
            }
        }
        for person in touched {
            let id = self.people[*person].id;
            let rows = person::ladder(&mut scope, id).await.unwrap();
            let mut server: Vec<_> = rows.into_iter().map(|row| (row.e164, row.state)).collect();
            let desk = self.desk.numbers(*person);
            let mut memory: Vec<_> =
                desk.map(|(n, state)| (format!("+86{n}"), state.as_str().to_owned())).collect();
            server.sort_unstable();
            memory.sort_unstable();
            if server != memory {
                let what = format!("numbers of p{person} are {server:?}, in memory {memory:?}");
                return Err(self.differs(&[*person], &what));
            }
        }
        Ok(())
    }

    pub(super) async fn close(&mut self) -> Result<(), String> {
        let everybody: Vec<_> = (0..self.people.len()).collect();
        self.compare(&everybody).await?;

        self.app.database().close().await;
        Ok(())
    }

    fn tracked(&self, id: Uuid) -> &Tracked {
        self.tasks.iter().find(|task| task.id == id).unwrap()
    }

    /// `t3 of p1`.
    fn name(&self, id: Uuid) -> String {
        let task = self.tracked(id);
        format!("t{} of p{}", task.in_desk, task.person)
    }

    /// The seed, and what was done to these people and to those with whom they share a number.
    fn differs(&self, people: &[usize], what: &str) -> String {
        let numbers = |p: usize| self.people[p].numbers.iter().map(|(number, _)| *number);
        let theirs: Vec<u64> = people.iter().flat_map(|p| numbers(*p)).collect();
        let family = |p: &usize| people.contains(p) || numbers(*p).any(|n| theirs.contains(&n));
        let lines = self.log.iter().filter(|(who, _)| who.iter().any(family));
        let lines: Vec<_> = lines.map(|(_, line)| format!("  {line}")).collect();
        let zone = chrono_tz::Asia::Shanghai;
        let at = zone.from_utc_datetime(&self.at.naive_utc()).format("%m-%d %H:%M:%S");
        let who: Vec<_> =
            people.iter().map(|p| format!("  p{p}: {:?}", self.people[*p].numbers)).collect();
        let (who, lines) = (who.join("\n"), lines.join("\n"));
        format!("seed {}, {at}: {what}\n{who}\n{lines}", self.seed)
    }
}

/// What the wire and the respondent bring, as often as makes every rule act.
fn how_it_ends(rng: &mut StdRng) -> DialEnd {
    let signal = |sip_status, q850, rang, we_cancelled| DialEnd {
        facts: DialFacts {
            sip_status: Some(sip_status),
            q850,
            rang,
            we_cancelled,
            ..DialFacts::default()
        },
        ..DialEnd::default()
    };
    match rng.random_range(0..100) {
        0..12 => signal(486, Some(17), false, false),
        12..26 => signal(487, None, true, true),
        26..36 => signal(603, Some(21), true, false),
        36..50 => signal(404, Some(1), false, false),
        50..56 => signal(480, Some(20), false, false),
        56..63 => signal(503, Some(34), false, false),
        // They answered and we were not there.
        63..65 => signal(200, None, false, false),
        _ => talk(rng),
    }
}

fn talk(rng: &mut StdRng) -> DialEnd {
    use Conversation::*;
    let conversation = match rng.random_range(0..42) {
        0..4 => WrongNumber,
        4..8 => Postponed,
        8..11 => AnsweredNoKeys,
        11..15 => WrongPerson,
        15..20 => BreakOff,
        20..28 => Partial,
        28..36 => Completed,
        36..38 => Refused,
        38 => Unable,
        39 => IdentityNotConfirmed,
        _ => SystemFault,
    };
    let part = DayPart::ALL.choose(rng).copied();
    DialEnd {
        facts: DialFacts {
            sip_status: Some(200),
            rang: true,
            answered: true,
            ..DialFacts::default()
        },
        conversation: Some(conversation),
        promised: part
            .filter(|_| matches!(conversation, Postponed | WrongPerson))
            .filter(|_| rng.random_bool(0.7)),
        wants_person: rng.random_bool(0.1),
    }
}

/// What the respondent's key did at once, before the call ended.
fn effect_of(end: &DialEnd) -> Option<Effect> {
    match end.facts.outcome(end.conversation) {
        Outcome::Refused => Some(Effect::OptOut),
        Outcome::WrongNumber => Some(Effect::WrongNumber),
        Outcome::Unable => Some(Effect::CannotTakePart),
        _ => None,
    }
}

const TEST: Principal = Principal::System("test");
const AREA: &str = "0592";
const PEOPLE: u64 = 8;
const MANY: i64 = 10_000;
const ICD: &[&str] = &["I10", "E11.9", "S72.0", "I25.1", "C34.9"];
const OWN: u64 = 13_800_000_000;
const SECOND: u64 = 13_700_000_000;
const RELATIVE: u64 = 15_900_000_000;
const REPAIRED: u64 = 13_000_000_000;
