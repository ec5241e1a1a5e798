//! What a call's journal brings: answers, alerts, and acts of the respondent that hold at
//! once. Replayed after a crash, it changes nothing.

mod by_agent;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{
    App, Change, LeftMessage, Result,
    alerts::Source,
    note,
    voicemail::{leave, only_person},
};
use crate::{
    base::{AnswerId, AttemptId, CallId, E164, NumberId, PersonId, TaskId},
    domain::{Conversation, DayPart},
    store::{self, Principal, Scope},
};

/// Whose call it is.
#[derive(Clone, Debug)]
pub struct CallRef {
    pub call: CallId,
    pub attempt: Option<AttemptId>,
    pub task: Option<TaskId>,
    pub person: Option<PersonId>,
    pub department: Option<Uuid>,
    pub number: Option<NumberId>,
    /// Who rings in.
    pub from: Option<CallerNumber>,
}

/// The number of a caller; absent: it was withheld, or is none.
#[derive(Clone, Debug)]
pub struct CallerNumber(pub Option<E164>);

#[derive(Clone)]
pub struct GivenAnswer {
    pub questionnaire: String,
    pub questionnaire_sha256: String,
    pub link_id: String,
    pub item_text: String,
    /// `answered`, or one of the six blanks.
    pub status: &'static str,
    pub option_code: Option<String>,
    pub option_text: Option<String>,
    /// Decimal digits, as keyed: no binary fraction comes between phone and record.
    pub value_number: Option<String>,
    pub value_text: Option<String>,
    pub unit: Option<String>,
    pub score: Option<String>,
    /// What the respondent was told because of it.
    pub advice: Option<String>,
}

#[derive(Clone)]
pub struct FoundAlert {
    pub questionnaire: String,
    pub link_id: String,
    pub item_text: String,
    pub level: &'static str,
    pub due_minutes: i64,
    /// What the rule says to do.
    pub advice: Option<String>,
}

/// An act of the respondent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    ConsentGiven,
    NoRecording,
    OptOut,
    WrongNumber,
    CannotTakePart,
}

#[derive(Clone)]
pub enum Entry {
    Answer(Box<GivenAnswer>),
    Alert(FoundAlert),
    Effect(Effect),
    /// A task for a person, in the words of the questionnaire.
    Task(String),
    /// What the call would come to if it ended now.
    SoFar(SoFar),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SoFar {
    pub conversation: Conversation,
    pub promised: Option<DayPart>,
    pub wants_person: bool,
}

const SYSTEM: Principal = Principal::System("ivr");

impl App {
    /// Stores journal entries in order, in one transaction. `first` is the ordinal of the
    /// first entry within its call.
    ///
    /// # Errors
    /// When the database cannot be written; the entries stay in the journal.
    pub async fn record(
        &self,
        call: &CallRef,
        first: i32,
        entries: &[(DateTime<Utc>, Entry)],
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        for (ordinal, (at, entry)) in (first..).zip(entries) {
            match entry {
                Entry::Answer(answer) => insert(&mut scope, call, answer, ordinal, *at).await?,
                Entry::Alert(alert) => {
                    let CallRef { call, task, person, department, .. } = *call;
                    let source = Source { call: Some(call), task, person, department };
                    self.raise_alert(&mut scope, &SYSTEM, &source, alert, *at).await?;
                }
                Entry::Effect(effect) => take_effect(&mut scope, call, *effect, *at).await?,
                Entry::SoFar(so_far) => {
                    let SoFar { conversation, promised, wants_person } = *so_far;
                    let (word, part) = (conversation.as_str(), promised.map(DayPart::as_str));
                    let Some(attempt) = call.attempt else { continue };
                    store::attempt::note_so_far(&mut scope, attempt, word, part, wants_person)
                        .await?;
                }
                Entry::Task(why) => open_task(&mut scope, call, "person_call", why, *at).await?,
            }
        }
        self.commit(scope).await
    }
}

async fn insert(
    scope: &mut Scope,
    call: &CallRef,
    answer: &GivenAnswer,
    ordinal: i32,
    at: DateTime<Utc>,
) -> Result<()> {
    let row = store::answer::NewAnswer {
        id: AnswerId::new(at),
        call: Some(call.call),
        task: call.task,
        person: call.person,
        department: call.department,
        questionnaire: &answer.questionnaire,
        questionnaire_sha256: &answer.questionnaire_sha256,
        link_id: &answer.link_id,
        item_text: &answer.item_text,
        status: answer.status,
        option_code: answer.option_code.as_deref(),
        option_text: answer.option_text.as_deref(),
        value_number: answer.value_number.as_deref(),
        value_text: answer.value_text.as_deref(),
        unit: answer.unit.as_deref(),
        score: answer.score.as_deref(),
        advice: answer.advice.as_deref(),
        ordinal,
        recorded_by: "ivr",
        channel: None,
    };
    if store::answer::insert(scope, &row, at).await? {
        let body = json!({ "call_id": call.call, "link_id": answer.link_id });
        store::event::insert(scope, "answer.given", call.department, &body, at).await?;
    }
    Ok(())
}

async fn take_effect(
    scope: &mut Scope,
    call: &CallRef,
    effect: Effect,
    at: DateTime<Utc>,
) -> Result<()> {
    let from = call.from.as_ref().and_then(|from| from.0.as_ref());
    let person = match (call.person, from) {
        (None, Some(number)) => only_person(scope, number.as_str()).await?.map(PersonId::from_uuid),
        (person, _) => person,
    };
    let Some(person) = person else { return take_effect_of_nobody(scope, call, effect, at).await };
    match effect {
        Effect::ConsentGiven => {
            consent(scope, call, person, "call", "given", at).await?;
            consent(scope, call, person, "record", "given", at).await?;
        }
        Effect::NoRecording => {
            consent(scope, call, person, "call", "given", at).await?;
            consent(scope, call, person, "record", "refused", at).await?;
        }
        Effect::OptOut => {
            consent(scope, call, person, "call", "refused", at).await?;
            store::due::cancel_for_person(scope, *person.as_uuid(), true, "refused", at).await?;
        }
        Effect::WrongNumber => {
            if let Some(number) = call.number {
                store::person::set_number_state(scope, number, "blocked", at).await?;
            }
        }
        Effect::CannotTakePart => {
            store::person::stop_automatic_contact(scope, person, "cannot_take_part", at).await?;
            // A trained person checks: what waits for one stays.
            store::due::cancel_for_person(scope, *person.as_uuid(), false, "unable", at).await?;
            open_task(scope, call, "verify_person", "核实患者状态", at).await?;
        }
    }
    let change = Change {
        did: effect_name(effect),
        subject: "person",
        subject_id: person.to_string(),
        reason: Some("key"),
        department: call.department,
        body: json!({ "call_id": call.call }),
    };
    note(scope, &SYSTEM, &change, at).await
}

/// Whose call it is cannot be known: what they refuse holds for the number they ring from.
async fn take_effect_of_nobody(
    scope: &mut Scope,
    call: &CallRef,
    effect: Effect,
    at: DateTime<Utc>,
) -> Result<()> {
    let (Some(CallerNumber(number)), Effect::OptOut) = (&call.from, effect) else { return Ok(()) };
    let Some(number) = number else {
        return open_task(scope, call, "person_call", "退订，号码未知", at).await;
    };
    let (reason, by) = ("来电退订", SYSTEM.name());
    store::person::do_not_call(scope, number.as_str(), reason, by, at).await?;
    let change = Change {
        did: effect_name(effect),
        subject: "do_not_call",
        subject_id: number.as_str().to_owned(),
        reason: Some("key"),
        department: None,
        body: json!({ "call_id": call.call }),
    };
    note(scope, &SYSTEM, &change, at).await
}

async fn consent(
    scope: &mut Scope,
    call: &CallRef,
    person: PersonId,
    what: &str,
    decision: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let row = store::person::Consent {
        person,
        scope: what,
        decision,
        wording_version: "opening/1",
        channel: "ivr",
        call: Some(call.call),
        by_whom: "respondent",
    };
    Ok(store::person::add_consent(scope, *AnswerId::new(at).as_uuid(), &row, at).await?)
}

async fn open_task(
    scope: &mut Scope,
    call: &CallRef,
    kind: &str,
    why: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    if let Some(parent) = call.task {
        store::task::open_follow_on(scope, TaskId::new(at), parent, kind, why, at).await?;
    } else if let Some(CallerNumber(number)) = &call.from {
        let left = LeftMessage { call: call.call, number: number.clone(), from_ms: 0, to_ms: 0 };
        leave(scope, &left, Some(why), at).await?;
    }
    Ok(())
}

const fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::ConsentGiven => "consented",
        Effect::NoRecording => "refused_recording",
        Effect::OptOut => "opted_out",
        Effect::WrongNumber => "number_disowned",
        Effect::CannotTakePart => "cannot_take_part",
    }
}
