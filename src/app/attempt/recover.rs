//! After a crash: what was never on the wire is free again; what was is uncertain, is
//! never redialled by itself, and is resolved by a person.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::{Dialler, Ended, SYSTEM, finish};
use crate::{
    app::{App, AppError, Change, Result, note},
    base::AttemptId,
    domain::{Conversation, CutOff, DayKind, DialFacts, Outcome},
    store::{self, Principal, attempt::Open},
};

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Recovered {
    pub released: usize,
    pub uncertain: usize,
    /// Judged by what was stored of them.
    pub resolved: usize,
    pub calls_ended: u64,
}

/// How a person resolves an uncertain attempt.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// It may be dialled again: the person has made sure that it does no harm.
    Redial,
    /// What the conversation came to, e.g. told by the patient.
    Conversation(Conversation),
    NoAnswer,
}

impl Resolution {
    fn outcome(&self) -> Outcome {
        match self {
            // Not an attempt: caps and gaps do not count it.
            Self::Redial => Outcome::SystemFault,
            Self::Conversation(conversation) => {
                DialFacts { answered: true, ..DialFacts::default() }.outcome(Some(*conversation))
            }
            Self::NoAnswer => Outcome::NoAnswer,
        }
    }
}

fn cut_off(open: &Open) -> CutOff {
    let so_far = open.so_far.as_deref().and_then(|word| word.parse().ok());
    CutOff { answered: open.answered, so_far }
}

fn by_facts(open: &Open, outcome: Outcome, why: &str) -> Ended {
    Ended {
        facts: DialFacts { rang: open.rang, answered: open.answered, ..DialFacts::default() },
        conversation: cut_off(open).so_far,
        promised: open.so_far_promised.as_deref().and_then(|word| word.parse().ok()),
        wants_person: open.so_far_wants_person,
        keys_given: open.so_far.is_some(),
        judged: Some(outcome),
        why: Some(why.to_owned()),
        resolved_by: Some("stored facts".to_owned()),
        ..Ended::default()
    }
}

impl App {
    /// Judges the attempts and calls of earlier lives of this node.
    ///
    /// # Errors
    /// When the database cannot be written; the server must not dial then.
    pub async fn recover(&self, dialler: &Dialler, at: DateTime<Utc>) -> Result<Recovered> {
        let mut scope = self.scope(&Principal::System("recovery")).await?;
        let mut recovered = Recovered::default();
        let orphans = store::attempt::orphans(&mut scope, &dialler.node, dialler.epoch).await?;
        for orphan in orphans {
            let attempt = AttemptId::from_uuid(orphan.attempt_id);
            if orphan.state == "claimed" {
                let ended = Ended {
                    judged: Some(Outcome::SystemFault),
                    why: Some("crash before the INVITE".to_owned()),
                    ..Ended::default()
                };
                finish::finish(&mut scope, dialler, attempt, &ended, at).await?;
                recovered.released += 1;
            } else if let Some(conversation) = cut_off(&orphan).at_once() {
                let outcome = Outcome::of_conversation(conversation);
                let ended = by_facts(&orphan, outcome, "crash after the deciding word");
                finish::finish(&mut scope, dialler, attempt, &ended, at).await?;
                recovered.resolved += 1;
            } else {
                store::attempt::mark_uncertain(&mut scope, attempt, at).await?;
                recovered.uncertain += 1;
            }
        }
        let (node, epoch) = (&dialler.node, dialler.epoch);
        store::beside::release_orphans(&mut scope, node, epoch, at).await?;
        let ended = store::call::end_orphans(&mut scope, &dialler.node, dialler.epoch, at).await?;
        recovered.calls_ended = ended;
        self.commit(scope).await?;
        Ok(recovered)
    }

    /// Nobody has resolved these within a day: the stored facts are taken. Answers how many.
    ///
    /// # Errors
    /// When the database cannot be written; they stay uncertain.
    pub async fn settle_uncertain(&self, dialler: &Dialler, at: DateTime<Utc>) -> Result<usize> {
        let mut scope = self.scope(&Principal::System("recovery")).await?;
        let before = at - A_DAY;
        let left = store::attempt::uncertain_since(&mut scope, before, SETTLE_MAX).await?;
        for open in &left {
            let outcome = cut_off(open).after_a_day();
            let ended = by_facts(open, outcome, "crash; nobody said better within a day");
            let attempt = AttemptId::from_uuid(open.attempt_id);
            finish::finish(&mut scope, dialler, attempt, &ended, at).await?;
        }
        self.commit(scope).await?;
        Ok(left.len())
    }

    /// # Errors
    /// When the attempt is not there, or not uncertain.
    pub async fn resolve_attempt(
        &self,
        by: &Principal,
        dialler: &Dialler,
        attempt: AttemptId,
        resolution: &Resolution,
        at: DateTime<Utc>,
    ) -> Result<Outcome> {
        let mut scope = self.scope(by).await?;
        let open = store::attempt::lock(&mut scope, attempt).await?;
        let open = open.ok_or(AppError::NotFound("attempt"))?;
        if open.state != "uncertain" {
            let what = "这次拨打已有结果 / this attempt has an outcome already";
            return Err(AppError::Conflict(what.to_owned()));
        }
        // What the wire said is kept as it was; only the judgement is the person's.
        let facts = DialFacts { rang: open.rang, answered: open.answered, ..DialFacts::default() };
        let ended = Ended {
            facts,
            judged: Some(resolution.outcome()),
            resolved_by: Some(by.name().to_owned()),
            ..Ended::default()
        };
        let outcome = finish::finish(&mut scope, dialler, attempt, &ended, at).await?;
        let change = Change {
            did: "resolved",
            subject: "attempt",
            subject_id: attempt.to_string(),
            reason: Some(outcome.as_str()),
            department: None,
            body: json!({ "attempt_id": attempt }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok(outcome)
    }

    /// # Errors
    /// When the database cannot be read.
    pub async fn policy(&self, name: &str) -> Result<Option<serde_json::Value>> {
        let mut scope = self.scope(&SYSTEM).await?;
        Ok(store::policy::find(&mut scope, name).await?)
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn put_policy(
        &self,
        by: &Principal,
        name: &str,
        body: &serde_json::Value,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        store::policy::put(&mut scope, name, body, by.name(), at).await?;
        let change = Change {
            did: "changed",
            subject: "policy",
            subject_id: name.to_owned(),
            reason: None,
            department: None,
            body: json!({ "name": name }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be read.
    pub async fn holidays(&self) -> Result<BTreeMap<NaiveDate, DayKind>> {
        let mut scope = self.scope(&SYSTEM).await?;
        let days = store::policy::holidays(&mut scope).await?;
        let kind =
            |word: &str| if word == "holiday" { DayKind::Holiday } else { DayKind::MakeupDay };
        Ok(days.into_iter().map(|day| (day.day, kind(&day.kind))).collect())
    }
}

/// So long a person has the first word.
const A_DAY: chrono::Duration = chrono::Duration::hours(24);

/// One transaction's worth; the rest follows a minute later.
const SETTLE_MAX: i64 = 100;
