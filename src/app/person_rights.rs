//! The rights of a person over their data (个人信息保护法 第四十四至四十七条): a copy of all
//! of it, no further use of it, and its erasure, which takes two of us.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, AppError, Change, EndReason, Result, note,
    plans::{needs_reason, stop_person},
};
use crate::{
    base::{PersonId, TaskId},
    store::{Principal, Scope, audit, person, person_rights, recording_hold},
};

/// Where a request for erasure stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Erasing {
    /// It waits for a second person.
    Asked,
    Erased,
}

/// What somebody said outside of a call.
pub struct Consenting<'a> {
    pub scope: &'a str,
    pub decision: &'a str,
    /// How it reached us.
    pub source: &'a str,
    /// Which wording was agreed to, e.g. of the ward's form.
    pub wording: &'a str,
}

impl App {
    /// Who that is: by id or record number.
    ///
    /// # Errors
    /// When there is nobody like that.
    pub async fn find_person(&self, by: &Principal, text: &str) -> Result<PersonId> {
        let mut scope = self.scope(by).await?;
        let found = person_rights::find(&mut scope, text).await?;
        found.map(PersonId::from_uuid).ok_or(AppError::NotFound("person"))
    }

    /// All that is stored about one person. That it was given stands in the audit before the
    /// first byte is.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn export_person(
        &self,
        by: &Principal,
        person: PersonId,
        at: DateTime<Utc>,
    ) -> Result<Value> {
        let mut scope = self.scope(by).await?;
        let all = person_rights::export(&mut scope, person).await?;
        let all = all.ok_or(AppError::NotFound("person"))?;
        let subject_id = person.to_string();
        let entry = audit::Entry {
            who: by.name(),
            did: "exported",
            subject: "person",
            subject_id: &subject_id,
            reason: None,
        };
        audit::insert(&mut scope, &entry, at).await?;
        self.commit(scope).await?;
        Ok(all)
    }

    /// No further call and no further use, until it is lifted: plans and tasks end, a ringing
    /// call is cancelled. Told again, it changes nothing.
    ///
    /// # Errors
    /// Without a reason, or when there is no such person.
    pub async fn restrict_person(
        &self,
        by: &Principal,
        person: PersonId,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let standing = standing(&mut scope, person).await?;
        if standing.restricted_at.is_some() {
            return Ok(());
        }
        person_rights::set_restricted(&mut scope, person, reason.trim(), by.name(), at).await?;
        stop_person(&mut scope, by, person, EndReason::Restricted, at).await?;
        told(&mut scope, by, "restricted", person, reason, at).await?;
        self.commit(scope).await
    }

    /// What had ended for the restriction goes on.
    ///
    /// # Errors
    /// Without a reason, or when the person was erased.
    pub async fn lift_restriction(
        &self,
        by: &Principal,
        person: PersonId,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let standing = standing(&mut scope, person).await?;
        if standing.erased_at.is_some() {
            return Err(AppError::Conflict(ERASED.to_owned()));
        }
        if standing.restricted_at.is_none() {
            return Ok(());
        }
        person_rights::lift(&mut scope, person, at).await?;
        told(&mut scope, by, "restriction_lifted", person, reason, at).await?;
        self.commit(scope).await
    }

    /// Agreed to or withdrawn outside of a call: in a letter, at the desk. Calls that were
    /// withdrawn end at once.
    ///
    /// # Errors
    /// When scope, decision or source are unknown, or there is no such person.
    pub async fn record_consent(
        &self,
        by: &Principal,
        person: PersonId,
        said: &Consenting<'_>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let known = [
            (said.scope, &["call", "record", "share"][..]),
            (said.decision, &["given", "withdrawn"]),
            (said.source, SOURCES),
        ];
        if known.iter().any(|(word, words)| !words.contains(word)) {
            return Err(AppError::Invalid(UNKNOWN_CONSENT.to_owned()));
        }
        let mut scope = self.scope(by).await?;
        if standing(&mut scope, person).await?.erased_at.is_some() {
            return Err(AppError::Conflict(ERASED.to_owned()));
        }
        let consent = person::Consent {
            person,
            scope: said.scope,
            decision: said.decision,
            wording_version: said.wording,
            channel: said.source,
            call: None,
            by_whom: by.name(),
        };
        person::add_consent(&mut scope, *TaskId::new(at).as_uuid(), &consent, at).await?;
        if (said.scope, said.decision) == ("call", "withdrawn") {
            stop_person(&mut scope, by, person, EndReason::Refused, at).await?;
        }
        let did = format!("consent_{}", said.decision);
        told(&mut scope, by, &did, person, said.scope, at).await?;
        self.commit(scope).await
    }

    /// The first of two: nothing goes yet. What would stop it is told at once.
    ///
    /// # Errors
    /// Without a reason; while a recording is held; while a call goes on.
    pub async fn ask_erasure(
        &self,
        by: &Principal,
        person: PersonId,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<Erasing> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        if standing(&mut scope, person).await?.erased_at.is_some() {
            return Ok(Erasing::Erased);
        }
        erasable(&mut scope, person).await?;
        if person_rights::open_erasure(&mut scope, person).await?.is_none() {
            let id = *TaskId::new(at).as_uuid();
            person_rights::ask_erasure(&mut scope, (id, person), reason.trim(), by.name(), at)
                .await?;
            told(&mut scope, by, "erasure_asked", person, reason, at).await?;
        }
        self.commit(scope).await?;
        Ok(Erasing::Asked)
    }

    /// The second: recordings leave the disk by `remove`, then the rows say nothing any more
    /// of who it was. Whatever crashes between, telling it again ends it.
    ///
    /// # Errors
    /// By whoever asked; when nobody has asked; while a recording is held; while a call goes on.
    pub async fn confirm_erasure(
        &self,
        by: &Principal,
        person: PersonId,
        remove: impl Fn(&str) -> bool,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if standing(&mut scope, person).await?.erased_at.is_some() {
            return Ok(());
        }
        let open = person_rights::open_erasure(&mut scope, person).await?;
        let open = open.ok_or_else(|| AppError::Conflict(NOT_ASKED.to_owned()))?;
        if open.asked_by == by.name() {
            return Err(AppError::Conflict(SAME.to_owned()));
        }
        for (recording, path) in erasable(&mut scope, person).await? {
            if !remove(&path) {
                let what = format!("录音文件无法删除 / recording {recording} cannot be removed");
                return Err(AppError::Conflict(what));
            }
            recording_hold::set_erased(&mut scope, recording, "person", at).await?;
        }
        stop_person(&mut scope, by, person, EndReason::Erased, at).await?;
        let consent = person::Consent {
            person,
            scope: "call",
            decision: "withdrawn",
            wording_version: "erasure",
            channel: "staff",
            call: None,
            by_whom: by.name(),
        };
        person::add_consent(&mut scope, *TaskId::new(at).as_uuid(), &consent, at).await?;
        person_rights::erase(&mut scope, open.erasure_id, by.name(), at).await?;
        told(&mut scope, by, "erased", person, &open.reason, at).await?;
        self.commit(scope).await
    }

    /// Nothing goes after all.
    ///
    /// # Errors
    /// When nobody has asked for it.
    pub async fn withdraw_erasure(
        &self,
        by: &Principal,
        person: PersonId,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let open = person_rights::open_erasure(&mut scope, person).await?;
        let open = open.ok_or_else(|| AppError::Conflict(NOT_ASKED.to_owned()))?;
        person_rights::withdraw_erasure(&mut scope, open.erasure_id, by.name(), at).await?;
        told(&mut scope, by, "erasure_withdrawn", person, &open.reason, at).await?;
        self.commit(scope).await
    }
}

async fn standing(scope: &mut Scope, person: PersonId) -> Result<person_rights::Standing> {
    person_rights::lock(scope, person).await?.ok_or(AppError::NotFound("person"))
}

/// The recordings that have a file, unless one must stay or is still being written.
async fn erasable(scope: &mut Scope, person: PersonId) -> Result<Vec<(Uuid, String)>> {
    let mut files = Vec::new();
    for found in person_rights::recordings(scope, person).await? {
        if let Some(why) = found.held_because {
            let id = found.recording_id;
            return Err(AppError::Conflict(format!("录音 {id} 已封存 / it is held: {why}")));
        }
        match found.state.as_str() {
            "recording" => return Err(AppError::Conflict(IN_CALL.to_owned())),
            "finished" | "repaired" => files.push((found.recording_id, found.path)),
            _ => {}
        }
    }
    Ok(files)
}

async fn told(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    person: PersonId,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "person",
        subject_id: person.to_string(),
        reason: Some(reason.trim()),
        department: None,
        body: json!({ "person": person }),
    };
    note(scope, by, &change, at).await
}

/// A letter, a telephone call to us, at the desk, the ward's signed form.
const SOURCES: &[&str] = &["letter", "phone", "in_person", "form"];
const UNKNOWN_CONSENT: &str = "范围、决定或来源有误 / an unknown scope, decision or source";
const ERASED: &str = "个人信息已删除 / the person was erased";
const NOT_ASKED: &str = "没有待确认的删除申请 / nobody has asked for it";
const SAME: &str =
    "申请人不能自己确认,请另一人操作 / whoever asked cannot confirm; ask another person";
const IN_CALL: &str = "正在通话,请稍后再试 / a call goes on; try again after it";
