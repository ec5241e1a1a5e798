//! Allocation to operators by capacity, and the samples of levels 2 and 3.

use chrono::{DateTime, NaiveDate, Utc};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::{TaskId, UserId},
    domain::{Calendar, FollowUpType, OpenTask, Operator, Presence, allocate},
    store::{self, Principal},
};

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Dealt {
    pub given: usize,
    pub kept: usize,
    pub unallocated: usize,
}

/// What a sample is drawn from, and how much of it.
pub struct SampleAsk<'a> {
    pub level: i16,
    pub department: Option<Uuid>,
    pub questionnaire: &'a str,
    pub share_percent: f64,
    pub seed: i64,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl App {
    /// Deals what is open to who is here; leavers' and absent ones' tasks are handed on.
    ///
    /// # Errors
    /// When the database cannot be written; nothing has changed hands then.
    pub async fn allocate(
        &self,
        by: &Principal,
        calendar: &Calendar,
        at: DateTime<Utc>,
    ) -> Result<Dealt> {
        let mut scope = self.scope(by).await?;
        let rows = store::allocation::operators(&mut scope, calendar.local_date(at)).await?;
        let open = store::allocation::open(&mut scope, at).await?;
        let operators: Vec<Operator> = rows.iter().map(operator).collect();
        let id_of = |login: &str| rows.iter().find(|row| row.login == login).map(|row| row.user_id);
        let tasks: Vec<OpenTask> = open
            .iter()
            .map(|row| OpenTask {
                id: TaskId::from_uuid(row.task_id),
                follow_up_type: row.r#type.parse().unwrap_or(FollowUpType::Routine),
                department: row.department.clone().unwrap_or_default(),
                ward: row.ward.clone(),
                due_on: calendar.local_date(row.due_at),
                holder: row.assigned_to.as_deref().and_then(id_of).map(UserId::from_uuid),
            })
            .collect();
        let dealt = allocate(&tasks, &operators);
        for given in &dealt.given {
            let to = rows.iter().find(|row| row.user_id == *given.to.as_uuid());
            let to = to.map(|row| row.login.as_str());
            store::allocation::assign(&mut scope, given.task, to, at).await?;
        }
        let result = Dealt {
            given: dealt.given.len(),
            kept: dealt.kept.len(),
            unallocated: dealt.unallocated.len(),
        };
        let change = Change {
            did: "allocated",
            subject: "tasks",
            subject_id: result.given.to_string(),
            reason: None,
            department: None,
            body: json!({ "given": result.given, "unallocated": result.unallocated }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok(result)
    }

    /// How much an operator takes, of what, and when not at all.
    ///
    /// # Errors
    /// When there is no such login, or the absence ends before it begins.
    pub async fn put_work(
        &self,
        by: &Principal,
        login: &str,
        work: &store::allocation::Work<'_>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        if work.absent_from.zip(work.absent_to).is_some_and(|(from, to)| from > to) {
            let what = "缺勤起止日期有误 / the absence ends before it begins";
            return Err(AppError::Invalid(what.to_owned()));
        }
        if let Some(unknown) = work.task_types.iter().find(|t| t.parse::<FollowUpType>().is_err()) {
            return Err(AppError::Invalid(format!("没有类型 {unknown} / no such type")));
        }
        let mut scope = self.scope(by).await?;
        if !store::allocation::put_work(&mut scope, login, work).await? {
            return Err(AppError::NotFound("account"));
        }
        let change = Change {
            did: "work_changed",
            subject: "account",
            subject_id: login.to_owned(),
            reason: None,
            department: None,
            body: json!({ "login": login }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// Draws a sample by its seed: the same ask draws the same follow-ups.
    ///
    /// # Errors
    /// When there is nothing to draw from.
    pub async fn draw_sample(
        &self,
        by: &Principal,
        ask: &SampleAsk<'_>,
        at: DateTime<Utc>,
    ) -> Result<(Uuid, usize)> {
        let mut scope = self.scope(by).await?;
        let mut population =
            store::sample::population(&mut scope, ask.level, ask.department, ask.from, ask.to)
                .await?;
        if population.is_empty() {
            let what = "这段时间没有已完成的随访可抽 / there is nothing to draw from";
            return Err(AppError::Conflict(what.to_owned()));
        }
        let size = population.len();
        let wanted = ((size as f64) * ask.share_percent / 100.0).ceil() as usize;
        population.shuffle(&mut StdRng::seed_from_u64(ask.seed.unsigned_abs()));
        population.truncate(wanted.max(1));
        let id = *TaskId::new(at).as_uuid();
        let new = store::sample::New {
            id,
            level: ask.level,
            department: ask.department,
            questionnaire: ask.questionnaire,
            share_percent: ask.share_percent,
            seed: ask.seed,
            from: ask.from,
            to: ask.to,
            by: by.name(),
            population: i32::try_from(size).unwrap_or(i32::MAX),
        };
        store::sample::insert(&mut scope, &new, at).await?;
        for (position, checked) in (0..).zip(&population) {
            let check = TaskId::new(at);
            store::sample::add(&mut scope, &new, *checked, check, position, at).await?;
        }
        let change = Change {
            did: "drawn",
            subject: "sample",
            subject_id: id.to_string(),
            reason: None,
            department: ask.department,
            body: json!({ "sample_id": id, "items": population.len() }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok((id, population.len()))
    }
}

fn operator(row: &store::allocation::Operator) -> Operator {
    let presence = match (row.left, row.absent) {
        (true, _) => Presence::Left,
        (_, true) => Presence::Absent,
        _ => Presence::Here,
    };
    Operator {
        id: UserId::from_uuid(row.user_id),
        capacity: u16::try_from(row.capacity).unwrap_or(u16::MAX),
        presence,
        types: row.task_types.iter().filter_map(|word| word.parse().ok()).collect(),
        departments: row.departments.clone(),
        wards: Vec::new(),
    }
}
