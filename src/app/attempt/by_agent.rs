//! A dial that a person orders (click to dial): by the same rules as the dialler's, for one
//! task, on a number of the record. A number is never typed.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Claim, Dialler, Of, SYSTEM, callee::Known, insert_attempt, known_claim};
use crate::{
    app::{App, AppError, Result},
    base::{E164, NumberId, PersonId, TaskId},
    domain::{self, Forbidden, History, HomeArea, TaskState, TollClass},
    store::{self, Principal, Scope, person::LadderRow, task::Due},
};

/// What an agent wants to dial.
#[derive(Clone, Copy, Debug)]
pub struct AgentDial<'a> {
    pub task: TaskId,
    /// Absent: the best of the ladder.
    pub number: Option<NumberId>,
    /// Of the role of who asks.
    pub toll: TollClass,
    pub home: HomeArea<'a>,
    pub trunk: &'a str,
}

impl App {
    /// # Errors
    /// `NotFound` where this principal sees no such task; `Conflict` with the reason why it
    /// cannot be dialled now; `Forbidden` without the right to such a call.
    pub async fn hold_for_agent(
        &self,
        by: &Principal,
        dialler: &Dialler,
        ask: &AgentDial<'_>,
        at: DateTime<Utc>,
    ) -> Result<Claim> {
        let mut seen = self.scope(by).await?;
        let state = store::beside::state(&mut seen, ask.task).await?;
        let state = state.ok_or(AppError::NotFound("task"))?;
        let state: TaskState = state.parse().map_err(AppError::Invalid)?;
        drop(seen);
        let mut scope = self.scope(&SYSTEM).await?;
        if store::stop::current(&mut scope).await?.is_some() {
            let what = "全部停呼中，不能拨出 / all calls are stopped";
            return Err(AppError::Conflict(what.to_owned()));
        }
        let due = store::task::for_agent(&mut scope, ask.task).await?;
        let due = due.ok_or_else(|| AppError::Conflict(not_dialled(state).to_owned()))?;
        let person = PersonId::from_uuid(due.person_id);
        let standing = store::person::standing(&mut scope, person).await?;
        let row = number(&mut scope, dialler, ask, &due, &standing, at).await?;
        let e164: E164 = row.e164.parse().map_err(|_| AppError::NotFound("number"))?;
        let needs = ask.home.toll_class(&e164);
        if needs > ask.toll {
            let what = format!(
                "当前角色没有{}权限 / this role may not make a call of class {needs}",
                needs.zh()
            );
            return Err(AppError::Forbidden(what));
        }
        may_dial(&mut scope, dialler, person, &standing, &row, at).await?;
        let of = Of {
            task: ask.task,
            person,
            department: due.department_id,
            had_operation: due.had_operation,
            disclosure: &due.disclosure,
            today: dialler.calendar.local_date(at),
        };
        let claim = known_claim(&mut scope, &of, &row, Box::new(standing), at).await?;
        store::beside::hold(&mut scope, claim.task, &dialler.node, dialler.epoch, at).await?;
        self.commit(scope).await?;
        Ok(claim)
    }

    /// The agent's phone is answered: the patient's is dialled now, and it counts.
    ///
    /// # Errors
    /// When the patient may not be called any more; nothing is dialled then.
    pub async fn dial_for_agent(
        &self,
        by: &Principal,
        dialler: &Dialler,
        claim: &Claim,
        trunk: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        let standing = store::person::standing(&mut scope, claim.person).await?;
        let known = Known::read(&mut scope, claim.person).await?;
        let row = known.chosen(*claim.number.as_uuid(), false).cloned();
        let row = row.ok_or(AppError::NotFound("number"))?;
        may_dial(&mut scope, dialler, claim.person, &standing, &row, at).await?;
        let facts = json!({ "relation": claim.relation, "trunk": trunk, "by": by.name() });
        let new = store::decision::New {
            task: *claim.task.as_uuid(),
            person: *claim.person.as_uuid(),
            what: "dialled",
            why: "by_agent",
            until: None,
            facts: &facts,
        };
        store::decision::insert(&mut scope, &new, at).await?;
        insert_attempt(&mut scope, dialler, claim, trunk, at).await?;
        store::task::claim(&mut scope, claim.task, &dialler.node, dialler.epoch, at).await?;
        self.commit(scope).await
    }
}

/// Why a task of this state is not dialled. One that may be dialled has just been taken by
/// somebody else.
fn not_dialled(state: TaskState) -> &'static str {
    match state {
        TaskState::Uncertain => {
            "上次拨打因服务中断结果不明，核实后才能再拨 / \
             the server stopped during the last dial: look into it first"
        }
        TaskState::WaitingRepair => "号码待修正 / its number waits for repair",
        TaskState::Pending => "任务未到期 / the task is not due yet",
        TaskState::Completed | TaskState::Cancelled | TaskState::Expired => {
            "任务已经结束 / the task has ended"
        }
        TaskState::Due
        | TaskState::Assigned
        | TaskState::InProgress
        | TaskState::WaitingRetry
        | TaskState::NeedsPerson
        | TaskState::Partial => "任务已有人在办 / somebody is at this task",
    }
}

async fn number(
    scope: &mut Scope,
    dialler: &Dialler,
    ask: &AgentDial<'_>,
    due: &Due,
    standing: &store::person::Standing,
    at: DateTime<Utc>,
) -> Result<LadderRow> {
    let known = Known::read(scope, PersonId::from_uuid(due.person_id)).await?;
    let patient_only = due.patient_only || standing.patient_only;
    let today = dialler.calendar.local_date(at);
    let found = match ask.number {
        Some(number) => known.chosen(*number.as_uuid(), patient_only),
        None => known
            .next_number(dialler, due.task_id, standing, due.patient_only, today)
            .0
            .map(|(_, row)| row),
    };
    let row = found.cloned().ok_or_else(|| {
        let what = "没有可拨的号码，请先修正号码 / there is no number to dial; repair it first";
        AppError::Conflict(what.to_owned())
    })?;
    if dialler.allow.as_ref().is_some_and(|allow| !allow.iter().any(|a| a.as_str() == row.e164)) {
        let what = "试点名单外的号码不能拨打 / [pilot] allow_numbers does not hold this number";
        return Err(AppError::Conflict(what.to_owned()));
    }
    Ok(row)
}

/// Gaps, caps and windows are the patient's, whoever dials. That no machine may call them
/// does not keep a person from it.
async fn may_dial(
    scope: &mut Scope,
    dialler: &Dialler,
    person: PersonId,
    standing: &store::person::Standing,
    row: &LadderRow,
    at: DateTime<Utc>,
) -> Result<()> {
    store::attempt::lock_number(scope, &row.e164).await?;
    let midnight = super::midnight(&dialler.calendar, at);
    let dials = store::attempt::history(scope, person, &row.e164, midnight).await?;
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let history = History {
        died: standing.died,
        refused: standing.refused,
        do_not_call: row.do_not_call,
        automatic_contact_stopped: false,
        restricted: standing.restricted,
        readmitted: standing.readmitted,
        dials_today: count(dials.dials_today),
        completed_today: count(dials.completed_today),
        last_dial: dials.last_dial,
        last_was_busy: dials.last_was_busy.unwrap_or(false),
        in_live_call: dials.live > 0,
    };
    domain::may_dial(&dialler.policy, &dialler.calendar, &history, at)
        .map_err(|why| AppError::Conflict(told(why, dialler)))
}

/// Why not, and when it may be.
fn told(why: Forbidden, dialler: &Dialler) -> String {
    let zone = dialler.calendar.zone;
    match why {
        Forbidden::Died => "患者已去世，不再拨打 / the patient has died".to_owned(),
        Forbidden::Refused => "患者已拒绝随访，不再拨打 / the patient has refused".to_owned(),
        Forbidden::DoNotCall => {
            "号码在免打扰名单上 / the number is on the do-not-call list".to_owned()
        }
        Forbidden::AutomaticContactStopped => {
            "已停止自动联系 / automatic contact is stopped".to_owned()
        }
        Forbidden::Restricted => {
            "已限制处理个人信息，不再拨打 / use of the patient's data is restricted".to_owned()
        }
        Forbidden::Readmitted => "患者已再次入院 / the patient is in hospital again".to_owned(),
        Forbidden::InLiveCall => {
            "这位患者正在通话中 / somebody is talking to this patient now".to_owned()
        }
        Forbidden::OutsideWindow { opens_at: Some(at) } => {
            let local = at.with_timezone(&zone).format("%m-%d %H:%M");
            format!("现在不在外呼时段，{local} 起可拨 / outside the calling window until {local}")
        }
        Forbidden::OutsideWindow { opens_at: None } => {
            "现在不在外呼时段 / outside the calling window".to_owned()
        }
        Forbidden::DailyCap { until } => {
            format!("今天已拨满次数，{until} 起可拨 / called often enough today; from {until}")
        }
        Forbidden::Gap { until } => {
            let local = until.with_timezone(&zone).format("%m-%d %H:%M");
            format!("距上次拨打太近，{local} 起可拨 / called a short while ago; from {local}")
        }
    }
}

impl Known {
    /// The number that somebody has chosen, where it may be dialled.
    fn chosen(&self, number: Uuid, patient_only: bool) -> Option<&LadderRow> {
        self.rows().iter().find(|row| {
            row.number_id == number
                && row.state != "blocked"
                && (!patient_only || row.relation == domain::Relation::Own.as_str())
        })
    }
}
