//! What happens in the hospital, told to the server as a hospital tells it: a file of
//! discharges, messages, a nurse at the page.

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

use super::{
    MonthError,
    town::Resident,
    world::{Event, World},
};
use crate::{
    app::{EndReason, FollowUpDone, ToldNumber},
    base::{PersonId, TaskId},
    domain::{Conversation, Relation},
    engine::Clock as _,
    sim::year::{Line, Person, local, manner},
    store::{Principal, person, task},
};

impl World {
    pub(super) async fn happen(&mut self, event: Event) -> Result<(), MonthError> {
        match event {
            Event::Day(day) => self.day(day).await,
            Event::Died(at) => self.died(at).await,
            Event::Readmitted(at) => self.readmitted(at).await,
            Event::Wards => self.wards().await,
            Event::Found(at) => self.found(at).await,
            Event::Nurses => self.nurses().await,
        }
    }

    async fn day(&mut self, day: NaiveDate) -> Result<(), MonthError> {
        let model = &self.town.model;
        let mean = model.get("beds") * model.get("occupancy") / model.get("stay_days");
        let first = self.town.residents().all.len() as u32;
        let people: Vec<_> = (first..first + mean.round() as u32)
            .map(|id| Person::draw(model, self.seed, id, day))
            .collect();
        self.discharge(&people).await?;
        let calendar = self.core.dialler().await.calendar;
        self.core.app.turn_plans(&calendar, self.clock.wall()).await?;
        Ok(())
    }

    async fn discharge(&mut self, people: &[Person]) -> Result<(), MonthError> {
        let mut csv = format!("{HEADER}\n");
        for person in people {
            csv += &row(person);
        }
        let (config, at) = (self.core.config(), self.clock.wall());
        let (area, calendar) = (&config.hospital.area_code, &self.town.calendar);
        let app = &self.core.app;
        let import = app.import_csv(&HIS, "出院.csv", csv.as_bytes(), calendar, area, at).await?;
        if let Some(bad) = import.bad.first() {
            return Err(MonthError::Refused(format!("row {} of a day's discharges", bad.row)));
        }
        let numbers: Vec<_> = people.iter().map(|p| record_no(p.id)).collect();
        let records: Vec<_> = numbers.iter().map(|no| Some(no.as_str())).collect();
        let mut scope = self.core.app.database().scope(&HIS).await?;
        let found = person::find_all(&mut scope, &records, &vec![None; records.len()]).await?;
        drop(scope);
        for (n, id) in found {
            let Some(person) = n.checked_sub(1).and_then(|n| people.get(n)) else { continue };
            self.settle(person.clone(), id).await?;
        }
        Ok(())
    }

    /// With the relatives whom the patient named, and what is to happen to them.
    async fn settle(&mut self, person: Person, id: PersonId) -> Result<(), MonthError> {
        for (number, line) in person.numbers.iter().skip(1) {
            let informed = *line == Line::Relative { informed: true };
            self.tell(id, Relation::Child, Some("家属"), informed, *number).await?;
        }
        let at = self.town.residents().all.len();
        let morning = |day| local(&self.town.calendar, day, 3, 0);
        let (died, back) = (person.died_on.map(morning), person.readmitted_on.map(morning));
        for (when, event) in [(died, Event::Died(at)), (back, Event::Readmitted(at))] {
            if let Some(when) = when {
                self.put(when, event);
            }
        }
        let name = name(person.id);
        let resident = Resident { person, name, id, ward_was_asked: false, calls: 0 };
        self.town.residents().add(resident);
        Ok(())
    }

    async fn tell(
        &self,
        person: PersonId,
        relation: Relation,
        contact_name: Option<&str>,
        informed: bool,
        number: u64,
    ) -> Result<(), MonthError> {
        let phone = number.to_string();
        let (phone, source, valid_until) = (phone.as_str(), "补录", None);
        let told = ToldNumber { relation, contact_name, informed, phone, source, valid_until };
        let (config, at) = (self.core.config(), self.clock.wall());
        let area = &config.hospital.area_code;
        self.core.app.tell_number(&WARD, person, &told, area, at).await?;
        Ok(())
    }

    async fn died(&self, at: usize) -> Result<(), MonthError> {
        let (id, on) = {
            let residents = self.town.residents();
            (residents.all[at].id, residents.all[at].person.died_on)
        };
        let now = self.clock.wall();
        self.core.app.record_end(&WARD, id, EndReason::Died, on, "", now).await?;
        Ok(())
    }

    /// A01, as the hospital's interface engine sends it.
    async fn readmitted(&self, at: usize) -> Result<(), MonthError> {
        let message = {
            let residents = self.town.residents();
            let resident = &residents.all[at];
            admission(&resident.person, &resident.name, self.stamp())
        };
        let config = self.core.config();
        let area = &config.hospital.area_code;
        let (calendar, now) = (&self.town.calendar, self.clock.wall());
        let taken = self.core.app.take_message(message.as_bytes(), calendar, area, now).await?;
        match taken.fault {
            None => Ok(()),
            Some(fault) => Err(MonthError::Refused(format!("an admission: {fault:?}"))),
        }
    }

    fn stamp(&self) -> String {
        let zone = self.town.calendar.zone;
        self.clock.wall().with_timezone(&zone).format("%Y%m%d%H%M%S").to_string()
    }

    /// Each ward is asked once for the number of each patient who has none.
    async fn wards(&mut self) -> Result<(), MonthError> {
        let now = self.clock.wall();
        for row in self.waiting("waiting_repair").await? {
            let found = {
                let mut residents = self.town.residents();
                let Some(at) = residents.find(row.person_id) else { continue };
                let resident = &mut residents.all[at];
                let was_asked = std::mem::replace(&mut resident.ward_was_asked, true);
                resident.person.repair_days.filter(|_| !was_asked).map(|days| (at, days))
            };
            if let Some((at, days)) = found {
                self.put(now + Days::new(days), Event::Found(at));
            }
        }
        Ok(())
    }

    async fn found(&self, at: usize) -> Result<(), MonthError> {
        let (id, number) = {
            let mut residents = self.town.residents();
            let resident = &mut residents.all[at];
            let number = REPAIRED + u64::from(resident.person.id);
            resident.person.numbers.insert(0, (number, Line::Patient));
            (resident.id, number)
        };
        self.tell(id, Relation::Own, None, true, number).await
    }

    async fn waiting(&self, state: &str) -> Result<Vec<task::Listed>, MonthError> {
        let mut scope = self.core.app.database().scope(&WARD).await?;
        let mut rows = task::list(&mut scope, None, state, "", WAITING_MAX, 0).await?;
        rows.retain(|row| row.kind == "follow_up");
        rows.sort_by_key(|row| row.task_id);
        Ok(rows)
    }

    /// On their own telephones; what they were told they type.
    async fn nurses(&mut self) -> Result<(), MonthError> {
        let now = self.clock.wall();
        if !self.town.calendar.is_open(now) {
            return Ok(());
        }
        let mut left = (self.town.model.get("agents_calls_per_day") / ROUNDS).ceil() as u32;
        for row in self.waiting("needs_person").await? {
            if left == 0 {
                break;
            }
            let Some((id, told)) = self.nurse_calls(row.person_id, row.dials, now) else {
                continue;
            };
            left -= 1;
            self.by_hand += 1;
            match told {
                Some(Conversation::Completed) => self.close(row.task_id).await?,
                Some(Conversation::Refused) => {
                    let why = "电话中表示不愿意";
                    let (end, app) = (EndReason::Refused, &self.core.app);
                    app.record_end(&NURSE, id, end, None, why, now).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Nobody, where this person was called often enough; else what was said, if anything.
    fn nurse_calls(
        &self,
        person: Uuid,
        dials: i32,
        now: DateTime<Utc>,
    ) -> Option<(PersonId, Option<Conversation>)> {
        let model = &self.town.model;
        let mut residents = self.town.residents();
        let at = residents.find(person)?;
        let resident = &mut residents.all[at];
        let most = dials.unsigned_abs() + CALLS_BY_HAND_MAX;
        if resident.calls >= most.max(CALLS_MAX) {
            return None;
        }
        resident.calls += 1;
        let (person, calls) = (&resident.person, resident.calls);
        let (_, line) = person.numbers[calls as usize % person.numbers.len()];
        let answers = person.answers(model, line, self.town.calendar.part_of(now));
        let picked_up = person.chance(calls, 1) < answers;
        let told = || manner(model, person, line, true, calls).told_to_a_person().0;
        Some((resident.id, picked_up.then(told)))
    }

    async fn close(&mut self, row: Uuid) -> Result<(), MonthError> {
        let now = self.clock.wall();
        let today = self.town.calendar.local_date(now);
        let done = FollowUpDone {
            done_on: today,
            today,
            channel: "manual_phone",
            respondent: "self",
            answers: Vec::new(),
            contents: Vec::new(),
        };
        self.core.app.close_task(&NURSE, TaskId::from_uuid(row), &done, now).await?;
        self.done_by_hand += 1;
        Ok(())
    }
}

fn record_no(id: u32) -> String {
    format!("M{id:06}")
}

fn row(person: &Person) -> String {
    let Person { id, birth, discharged_on, department, icd, disposition, numbers, .. } = person;
    let (name, record, stay) = (name(*id), record_no(*id), format!("Z{id:06}"));
    let admitted = *discharged_on - Days::new(8);
    let sex = if id % 2 == 0 { "女" } else { "男" };
    let phone = numbers.first().map(|(number, _)| number.to_string()).unwrap_or_default();
    format!(
        "{name},{sex},{birth},{record},{stay},{department},{admitted},{discharged_on},\
         {disposition},{phone},{icd}\n"
    )
}

fn admission(person: &Person, name: &str, at: String) -> String {
    let (record, id, birth) = (record_no(person.id), person.id, person.birth.format("%Y%m%d"));
    format!(
        "MSH|^~\\&|HIS|H1|SF|H1|{at}||ADT^A01|A{id}|P|2.5||||||UNICODE UTF-8\r\
         PID|||{record}^^^H1^MR||{name}||{birth}|U\r\
         PV1||I|病区^1^1|||||||{}|||||||||A{id:06}|||||||||||||||||||||||||{at}|\r",
        person.department
    )
}

/// No two among the first nine thousand are the same.
fn name(id: u32) -> String {
    let of = |list: &[char], n: u32| list[n as usize % list.len()];
    let given = GIVEN.len() as u32;
    let surname = of(SURNAMES, id / (given * given));
    format!("{surname}{}{}", of(GIVEN, id / given), of(GIVEN, id))
}

const HEADER: &str =
    "姓名,性别,出生日期,病案号,住院号,出院科室,入院日期,出院日期,离院方式,联系电话,诊断编码";

const SURNAMES: &[char] = &[
    '王', '李', '张', '刘', '陈', '杨', '黄', '赵', '吴', '周', '徐', '孙', '马', '朱', '胡', '林',
    '郭', '何', '高', '罗', '任', '宋',
];

const GIVEN: &[char] = &[
    '秀', '英', '国', '强', '建', '华', '丽', '明', '志', '芳', '春', '梅', '文', '海', '玉', '兰',
    '永', '福', '小', '红',
];

const HIS: Principal = Principal::System("hospital");
const WARD: Principal = Principal::System("ward");
const NURSE: Principal = Principal::System("nurse");

/// Numbers that wards find.
const REPAIRED: u64 = 13_000_000_000;

/// A day's rounds.
const ROUNDS: f64 = 3.0;

/// More than wait after a month of a hospital of a thousand beds.
const WAITING_MAX: i64 = 10_000;

/// After the machine's, as the year's nurses do.
const CALLS_BY_HAND_MAX: u32 = 2;
const CALLS_MAX: u32 = 7;
