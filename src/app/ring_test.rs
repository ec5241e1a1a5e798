//! 床旁试拨: a number is rung while its owner is still here, and confirmed by a key. What it
//! shows is evidence of the number as any other dial's is.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Dialler, Result, attempt, note};
use crate::{
    base::{CallId, E164, NumberId, PersonId, TaskId},
    domain::{Bedside, HomeArea, NotRung, Outcome, TollClass, may_ring},
    store::{self, Principal, Scope, ring_test},
};

/// What is to be rung.
#[derive(Clone, Copy, Debug)]
pub struct RingAsk<'a> {
    pub person: PersonId,
    pub number: NumberId,
    /// Of the role of who asks.
    pub toll: TollClass,
    pub home: HomeArea<'a>,
    pub trunk: &'a str,
}

/// A ring that may begin: its row is there.
#[derive(Clone, Debug)]
pub struct RingClaim {
    pub ring_test: Uuid,
    pub person: PersonId,
    pub department: Option<Uuid>,
    pub number: NumberId,
    pub e164: E164,
}

const SYSTEM: Principal = Principal::System("ring_test");

impl App {
    /// # Errors
    /// `NotFound` where the number is nobody's that this principal sees; `Forbidden` without
    /// the right to such a call; `Conflict` with the reason why it is not rung.
    pub async fn begin_ring_test(
        &self,
        by: &Principal,
        dialler: &Dialler,
        ask: &RingAsk<'_>,
        at: DateTime<Utc>,
    ) -> Result<RingClaim> {
        let mut seen = self.scope(by).await?;
        let found = ring_test::number(&mut seen, ask.person, ask.number).await?;
        let found = found.ok_or(AppError::NotFound("number"))?;
        drop(seen);
        // Rows of other departments count too: it is one telephone.
        let mut scope = self.scope(&SYSTEM).await?;
        let e164: E164 = found.e164.parse().map_err(|_| AppError::NotFound("number"))?;
        store::attempt::lock_number(&mut scope, e164.as_str()).await?;
        let bedside = bedside(&mut scope, dialler, ask, &found, &e164, at).await?;
        may_ring(&dialler.policy.bedside, &bedside).map_err(refused)?;
        if dialler.allow.as_ref().is_some_and(|allow| !allow.contains(&e164)) {
            let what = "试点名单外的号码不能拨打 / [pilot] allow_numbers does not hold this number";
            return Err(AppError::Conflict(what.to_owned()));
        }
        let claim = RingClaim {
            ring_test: *TaskId::new(at).as_uuid(),
            person: ask.person,
            department: found.department_id,
            number: ask.number,
            e164,
        };
        let new = ring_test::New {
            id: claim.ring_test,
            person: claim.person,
            number: claim.number,
            e164: claim.e164.as_str(),
            asked_by: by.name(),
            trunk: ask.trunk,
            node: &dialler.node,
            epoch: dialler.epoch,
        };
        ring_test::insert(&mut scope, &new, at).await?;
        note(&mut scope, by, &change(&claim, "begun", None), at).await?;
        self.commit(scope).await?;
        Ok(claim)
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn set_ring_call(&self, claim: &RingClaim, call: CallId) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        ring_test::set_call(&mut scope, claim.ring_test, call).await?;
        self.commit(scope).await
    }

    /// Ends a ring, once; what it says of the number is kept.
    ///
    /// # Errors
    /// When the database cannot be written; the next start finds it open.
    pub async fn end_ring_test(
        &self,
        dialler: &Dialler,
        claim: &RingClaim,
        outcome: Outcome,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        if ring_test::end(&mut scope, claim.ring_test, outcome.as_str(), at).await? {
            let zone = dialler.calendar.zone;
            attempt::learn(&mut scope, zone, (claim.number, None), outcome, at).await?;
            let ended = change(claim, "ended", Some(outcome.as_str()));
            note(&mut scope, &SYSTEM, &ended, at).await?;
        }
        self.commit(scope).await
    }

    /// What a crash has left ringing; answers how many.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn recover_ring_tests(
        &self,
        node: &str,
        epoch: i64,
        at: DateTime<Utc>,
    ) -> Result<u64> {
        let mut scope = self.scope(&SYSTEM).await?;
        let lost = ring_test::interrupt(&mut scope, node, epoch, at).await?;
        self.commit(scope).await?;
        Ok(lost)
    }
}

async fn bedside(
    scope: &mut Scope,
    dialler: &Dialler,
    ask: &RingAsk<'_>,
    found: &ring_test::Rung,
    e164: &E164,
    at: DateTime<Utc>,
) -> Result<Bedside> {
    let standing = store::person::standing(scope, ask.person).await?;
    let midnight = attempt::midnight(&dialler.calendar, at);
    let dials = store::attempt::history(scope, ask.person, e164.as_str(), midnight).await?;
    let rings = ring_test::rung_since(scope, e164.as_str(), midnight).await?;
    Ok(Bedside {
        local_time: at.with_timezone(&dialler.calendar.zone).time(),
        died: standing.died,
        refused: standing.refused || standing.restricted,
        blocked: found.state == "blocked",
        do_not_call: found.do_not_call,
        in_live_call: dials.live > 0,
        rings_today: u32::try_from(rings).unwrap_or(u32::MAX),
        needs: ask.home.toll_class(e164),
        holds: ask.toll,
    })
}

fn refused(why: NotRung) -> AppError {
    match why {
        NotRung::NoTollRight(..) => AppError::Forbidden(why.to_string()),
        _ => AppError::Conflict(why.to_string()),
    }
}

fn change<'a>(claim: &RingClaim, did: &'a str, reason: Option<&'a str>) -> Change<'a> {
    Change {
        did,
        subject: "ring_test",
        subject_id: claim.ring_test.to_string(),
        reason,
        department: claim.department,
        body: json!({ "ring_test_id": claim.ring_test, "person_id": claim.person,
            "number_id": claim.number, "outcome": reason }),
    }
}
