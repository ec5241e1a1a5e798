//! Messages of the hospital's system: each is taken once, whole, with its answer; what
//! cannot be taken is kept, so that a person can put it right.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::hl7::{Failure, Telling, apply};
use crate::{
    app::{App, AppError, Change, Result, note},
    base::ImportId,
    domain::Calendar,
    his::hl7::{Fault, FaultCode, Message, Notice, read_notice, readable},
    store::{self, Principal, StoreError, hospital_message::New},
};

/// What the sender is told.
#[derive(Debug)]
pub struct Taken {
    /// `None`: it is in the record.
    pub fault: Option<Fault>,
    /// It had been taken before, and changed nothing now.
    pub is_repeated: bool,
}

/// For a person who looks at it.
pub fn message_text(bytes: &[u8]) -> String {
    readable(bytes)
}

impl App {
    /// # Errors
    /// When the database cannot be used: nothing was taken, the sender may try again.
    pub async fn take_message(
        &self,
        bytes: &[u8],
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<Taken> {
        let id = *ImportId::new(at).as_uuid();
        let message = match Message::read(bytes) {
            Ok(message) => message,
            Err(error) => {
                let kept = Header { sender: String::new(), control_id: String::new() };
                return self.reject(&kept, "", bytes, id, error.into(), at).await;
            }
        };
        let header = Header::read(&message);
        let kind = message.segment("MSH").map(|msh| msh.raw(9).to_owned()).unwrap_or_default();
        let notice = match read_notice(&message) {
            Ok(notice) => notice,
            Err(fault) => return self.reject(&header, &kind, bytes, id, fault, at).await,
        };
        let new =
            New { id, sender: &header.sender, control_id: &header.control_id, kind: &kind, bytes };
        let mut tries = 0;
        loop {
            tries += 1;
            let fault = match self.try_take(&new, &notice, calendar, area_code, at).await {
                Ok(is_repeated) => return Ok(Taken { fault: None, is_repeated }),
                // Two messages made the same person at once: now it is there.
                Err(Failure::Ours(AppError::Store(StoreError::Rule(_)))) if tries < TRIES => {
                    continue;
                }
                // To be sent again would change nothing.
                Err(Failure::Ours(AppError::Store(StoreError::Rule(_) | StoreError::Value))) => {
                    own_fault()
                }
                Err(Failure::Ours(AppError::Store(error))) => return Err(error.into()),
                Err(Failure::Ours(_)) => own_fault(),
                Err(Failure::Fault(fault)) => fault,
            };
            return self.reject(&header, &kind, bytes, id, fault, at).await;
        }
    }

    async fn try_take(
        &self,
        new: &New<'_>,
        notice: &Notice,
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, Failure> {
        let mut scope = self.scope(&HOSPITAL).await?;
        if !store::hospital_message::begin(&mut scope, new, at).await? {
            return Ok(true);
        }
        let mut telling = Telling::new(&HOSPITAL, calendar, area_code, notice, at);
        apply(&mut scope, &mut telling, notice).await?;
        telling.remarks.dedup();
        if !telling.remarks.is_empty() {
            let remark = telling.remarks.join("; ");
            store::hospital_message::remark(&mut scope, new, &remark).await?;
        }
        note(&mut scope, &HOSPITAL, &change("taken", new.id, new.kind), at).await?;
        self.commit(scope).await?;
        Ok(false)
    }

    /// Kept with its fault; the transaction that failed has left nothing.
    async fn reject(
        &self,
        header: &Header,
        kind: &str,
        bytes: &[u8],
        id: Uuid,
        fault: Fault,
        at: DateTime<Utc>,
    ) -> Result<Taken> {
        let own_number = id.to_string();
        // Without a number of its own it is known by ours.
        let control_id = match header.control_id.as_str() {
            "" => own_number.as_str(),
            told => told,
        };
        let new = New { id, sender: &header.sender, control_id, kind, bytes };
        let mut scope = self.scope(&HOSPITAL).await?;
        store::hospital_message::reject(&mut scope, &new, &fault.to_string(), at).await?;
        note(&mut scope, &HOSPITAL, &change("rejected", id, kind), at).await?;
        self.commit(scope).await?;
        Ok(Taken { fault: Some(fault), is_repeated: false })
    }

    /// A rejected message as somebody has put it right.
    ///
    /// # Errors
    /// What is still wrong with it, or that it is not waiting for repair.
    pub async fn repair_message(
        &self,
        by: &Principal,
        id: Uuid,
        text: &str,
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let told = |fault: Fault| AppError::Invalid(fault.to_string());
        let message = Message::read_text(text).map_err(|error| told(error.into()))?;
        let notice = read_notice(&message).map_err(told)?;
        let mut scope = self.scope(by).await?;
        let kept = store::hospital_message::lock(&mut scope, id).await?;
        if kept.ok_or(AppError::NotFound("message"))?.state != "rejected" {
            let what = "这条消息已经处理 / this message is not waiting for repair";
            return Err(AppError::Conflict(what.to_owned()));
        }
        let mut telling = Telling::new(by, calendar, area_code, &notice, at);
        match apply(&mut scope, &mut telling, &notice).await {
            Ok(()) => {}
            Err(Failure::Fault(fault)) => return Err(told(fault)),
            Err(Failure::Ours(error)) => return Err(error),
        }
        store::hospital_message::repaired(&mut scope, id, text.as_bytes(), by.name(), at).await?;
        note(&mut scope, by, &change("repaired", id, ""), at).await?;
        self.commit(scope).await
    }
}

/// By what a repetition is known.
struct Header {
    sender: String,
    control_id: String,
}

impl Header {
    fn read(message: &Message) -> Self {
        let value = |field| message.value("MSH", field, 1);
        Self { sender: value(3), control_id: value(10) }
    }
}

fn change(did: &'static str, id: Uuid, kind: &str) -> Change<'static> {
    Change {
        did,
        subject: "hospital_message",
        subject_id: id.to_string(),
        reason: None,
        department: None,
        body: json!({ "message_id": id, "kind": kind }),
    }
}

fn own_fault() -> Fault {
    let what = "系统未能存储,已留待处理 / it could not be stored and is kept for repair";
    Fault::error("MSH", 0, FaultCode::Internal, what)
}

const HOSPITAL: Principal = Principal::System("hospital");

/// Three messages for one new patient on three connections: the last waits twice.
const TRIES: u32 = 3;
