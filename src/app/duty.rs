//! 值班电话: an emergency that nobody has acknowledged rings the phones of the roster, one
//! after another (row F109). All of it is in the database, so that a crash changes nothing.

use std::time::Duration as Span;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::{
    App, Result, Taker,
    alerts::{acknowledge, changed, seconds},
};
use crate::{
    base::{CallId, Pii, TaskId},
    domain::{AlertState, AlertStep, DutyEntry, DutyOutcome, next_on_duty},
    store::{self, Principal, Scope, duty_call},
};

/// A duty phone that is to ring: its row is there.
#[derive(Clone, Debug)]
pub struct DutyClaim {
    pub duty_call: Uuid,
    pub alert: Uuid,
    pub department: Option<Uuid>,
    pub rank: i16,
    /// A number, or a phone that registers with us.
    pub phone: Pii<String>,
    /// So long it may take to answer and to confirm.
    pub lasts: Span,
}

/// What is told to who has keyed a staff number of ours.
#[derive(Clone)]
pub struct Essentials {
    pub ward: Option<String>,
    pub name: Pii<String>,
    pub name_reading: Option<Pii<String>>,
    pub sex: String,
    pub item_text: String,
    pub said: Pii<String>,
    pub advice: Option<String>,
}

/// What became of a `1` on the keypad.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TakenByPhone {
    Now,
    /// Somebody was quicker, here or at the page.
    Before,
}

impl App {
    /// Up to `limit` duty phones that are to ring now.
    ///
    /// # Errors
    /// When the database cannot be written; nothing rings then.
    pub async fn claim_duty_calls(
        &self,
        node: &str,
        epoch: i64,
        limit: i64,
        at: DateTime<Utc>,
    ) -> Result<Vec<DutyClaim>> {
        let mut scope = self.scope(&SYSTEM).await?;
        let rings = duty_call::ringable(&mut scope, at, limit).await?;
        if rings.is_empty() {
            return Ok(Vec::new());
        }
        let policy = self.alert_policy(&mut scope).await?;
        let mut claims = Vec::new();
        for ring in rings {
            let task = ring.task_id.map(TaskId::from_uuid);
            let ladder = self.ladder_for(&mut scope, task, ring.department_id, at).await?;
            let Some(entry) = next_on_duty(&ladder, ring.ring_rank) else {
                let again = at + seconds(policy.ring_again_s);
                alarm(&mut scope, &ring, "nobody_on_duty", again, at).await?;
                continue;
            };
            claims.push(claim(&mut scope, &ring, entry, (node, epoch), at).await?);
        }
        self.commit(scope).await?;
        let lasts = Span::from_secs(policy.ring_next_s.into());
        Ok(claims.into_iter().map(|claim| DutyClaim { lasts, ..claim }).collect())
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_duty_call(&self, claim: &DutyClaim, call: CallId) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        duty_call::set_call(&mut scope, claim.duty_call, call).await?;
        self.commit(scope).await
    }

    /// The next rank is rung at once; after the last one, the last again in a while.
    /// `because`: why there was no way to call at all.
    ///
    /// # Errors
    /// When the database cannot be written; the ringing is found open later.
    pub async fn end_duty_call(
        &self,
        claim: &DutyClaim,
        outcome: DutyOutcome,
        because: Option<&'static str>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        if !duty_call::end(&mut scope, claim.duty_call, outcome.as_str(), at).await? {
            return Ok(());
        }
        let Some(locked) = store::alert::lock(&mut scope, claim.alert).await? else {
            return Ok(());
        };
        if outcome != DutyOutcome::Acknowledged {
            let note = format!("{} {outcome}", claim.rank);
            let by = SYSTEM.name();
            store::alert::add_step(&mut scope, claim.alert, by, "rung", Some(&note), at).await?;
        }
        let is_open =
            matches!(locked.state.parse(), Ok(AlertState::Raised | AlertState::Escalated));
        if is_open {
            let policy = self.alert_policy(&mut scope).await?;
            let task = locked.task_id.map(TaskId::from_uuid);
            let ladder = self.ladder_for(&mut scope, task, locked.department_id, at).await?;
            let is_last = !ladder.iter().any(|entry| entry.rank > claim.rank);
            let next = if is_last { at + seconds(policy.ring_again_s) } else { at };
            let alarm = because.or_else(|| is_last.then_some("nobody_answered"));
            duty_call::ring_at(&mut scope, claim.alert, next, alarm, at).await?;
            if let Some(alarm) = alarm {
                let place = (claim.alert, locked.department_id);
                let (level, why) = (&locked.level, Some(alarm));
                changed(&mut scope, &SYSTEM, "alarmed", place, level, why, at).await?;
            }
        }
        self.commit(scope).await
    }

    /// The alert's essentials, when this number is of somebody who may hear them: of an
    /// account that sees the department, or of who stands in the roster of this shift.
    ///
    /// # Errors
    /// When the database cannot be used; nothing is told then.
    pub async fn duty_essentials(
        &self,
        alert: Uuid,
        staff_no: &str,
        at: DateTime<Utc>,
    ) -> Result<Option<Essentials>> {
        let mut scope = self.scope(&SYSTEM).await?;
        let Some(locked) = store::alert::lock(&mut scope, alert).await? else { return Ok(None) };
        let task = locked.task_id.map(TaskId::from_uuid);
        let ladder = self.ladder_for(&mut scope, task, locked.department_id, at).await?;
        let account = store::roster::staff(&mut scope, staff_no).await?;
        let sees = account.is_some_and(|account| {
            let own = |department| account.departments.contains(&department);
            account.whole_hospital || locked.department_id.is_some_and(own)
        });
        if !sees && !ladder.iter().any(|entry| entry.staff_no == staff_no) {
            return Ok(None);
        }
        let Some(row) = duty_call::essentials(&mut scope, alert).await? else { return Ok(None) };
        // Whoever was told something stands in the audit, as at the page.
        let place = (alert, locked.department_id);
        let (level, why) = (&locked.level, Some(staff_no));
        changed(&mut scope, &SYSTEM, "told_by_phone", place, level, why, at).await?;
        self.commit(scope).await?;
        Ok(Some(essentials(row)))
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn acknowledge_by_phone(
        &self,
        alert: Uuid,
        staff_no: &str,
        at: DateTime<Utc>,
    ) -> Result<TakenByPhone> {
        let mut scope = self.scope(&SYSTEM).await?;
        let Some(locked) = store::alert::lock(&mut scope, alert).await? else {
            return Ok(TakenByPhone::Before);
        };
        let state = locked.state.parse::<AlertState>().ok();
        if state.and_then(|state| AlertStep::Acknowledge.from(state)).is_none() {
            return Ok(TakenByPhone::Before);
        }
        let account = store::roster::staff(&mut scope, staff_no).await?;
        let name = account.map_or_else(|| staff_no.to_owned(), |account| account.name);
        let taker = Taker { name, staff_no: Some(staff_no.to_owned()) };
        acknowledge(&mut scope, &SYSTEM, alert, &locked, &taker, at).await?;
        self.commit(scope).await?;
        Ok(TakenByPhone::Now)
    }

    /// What a crash has left ringing; answers how many.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn recover_duty_calls(
        &self,
        node: &str,
        epoch: i64,
        at: DateTime<Utc>,
    ) -> Result<u64> {
        let mut scope = self.scope(&SYSTEM).await?;
        let lost = duty_call::interrupt(&mut scope, node, epoch, at - LONGEST, at).await?;
        self.commit(scope).await?;
        Ok(lost)
    }
}

async fn claim(
    scope: &mut Scope,
    ring: &duty_call::Ring,
    entry: &DutyEntry,
    (node, epoch): (&str, i64),
    at: DateTime<Utc>,
) -> Result<DutyClaim> {
    let id = *TaskId::new(at).as_uuid();
    let new = duty_call::New {
        id,
        alert: ring.alert_id,
        department: ring.department_id,
        rank: entry.rank,
        staff_no: &entry.staff_no,
        phone: &entry.phone,
        node,
        epoch,
    };
    duty_call::insert(scope, &new, at).await?;
    duty_call::set_rank(scope, ring.alert_id, entry.rank).await?;
    let place = (ring.alert_id, ring.department_id);
    let who = Some(entry.staff_no.as_str());
    changed(scope, &SYSTEM, "rung", place, &ring.level, who, at).await?;
    Ok(DutyClaim {
        duty_call: id,
        alert: ring.alert_id,
        department: ring.department_id,
        rank: entry.rank,
        phone: Pii::new(entry.phone.clone()),
        lasts: Span::ZERO,
    })
}

/// Said once for each reason, looked at again in a while.
async fn alarm(
    scope: &mut Scope,
    ring: &duty_call::Ring,
    why: &str,
    again: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    duty_call::ring_at(scope, ring.alert_id, again, Some(why), at).await?;
    if ring.alarm.as_deref() == Some(why) {
        return Ok(());
    }
    store::alert::add_step(scope, ring.alert_id, SYSTEM.name(), "alarmed", Some(why), at).await?;
    let place = (ring.alert_id, ring.department_id);
    changed(scope, &SYSTEM, "alarmed", place, &ring.level, Some(why), at).await
}

fn essentials(row: duty_call::Essentials) -> Essentials {
    let number = row
        .value_number
        .map(|number| format!("{number}{}", row.unit.as_deref().unwrap_or_default()));
    Essentials {
        ward: row.ward,
        name: Pii::new(row.name.unwrap_or_default()),
        name_reading: row.name_reading.map(Pii::new),
        sex: row.sex.unwrap_or_default(),
        item_text: row.item_text.unwrap_or_default(),
        said: Pii::new(row.option_text.or(number).unwrap_or_default()),
        advice: row.advice,
    }
}

/// Longer than any duty call: ring and talk last ten minutes at most by the policy's limits.
const LONGEST: Duration = Duration::minutes(15);

const SYSTEM: Principal = Principal::System("duty call");
