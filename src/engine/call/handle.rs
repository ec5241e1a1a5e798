//! What others may want of a call, and how they hear of its end.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::{Act, ActError, Done, Line};
use crate::{
    base::{CallId, PersonId, UserId},
    domain::{Outcome, acd::NobodyWhy},
};

#[derive(Debug)]
pub enum Command {
    /// Ends the call; a live conversation hears an apology first.
    Stop {
        apologise: bool,
    },
    /// Ends the call only when nobody has answered yet.
    CancelUnanswered,
    /// The board of agents: ring this one for the caller.
    Offer {
        agent: UserId,
        ring: Duration,
    },
    Withdraw {
        agent: UserId,
    },
    Nobody {
        why: NobodyWhy,
    },
    /// So many wait before this caller.
    Position(usize),
    /// A person of ours wants something of the call.
    Act {
        by: UserId,
        act: Act,
        reply: oneshot::Sender<Result<Done, ActError>>,
    },
}

#[derive(Clone, Debug)]
pub struct CallHandle {
    pub(super) id: CallId,
    pub(super) is_outbound: bool,
    pub(super) person: Option<PersonId>,
    pub(super) alert: Option<Uuid>,
    pub(super) mailbox: mpsc::Sender<Command>,
    pub(super) ended: watch::Receiver<Option<Ending>>,
}

/// How a call ended, for who waits for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ending {
    pub outcome: Option<Outcome>,
    pub sip_status: Option<u16>,
    pub answered: bool,
    pub codec: Option<&'static str>,
    pub packets_received: u32,
    pub packets_lost: u32,
    /// For how long the far side was louder than silence.
    pub far_loud_ms: u32,
    /// How the last key came.
    pub keys_by: Option<&'static str>,
}

impl CallHandle {
    pub const fn id(&self) -> CallId {
        self.id
    }

    /// Who is called, where that is known.
    pub const fn person(&self) -> Option<PersonId> {
        self.person
    }

    /// A duty phone rings for it.
    pub const fn alert(&self) -> Option<Uuid> {
        self.alert
    }

    pub const fn is_outbound(&self) -> bool {
        self.is_outbound
    }

    /// A full mailbox already holds a command that ends the call.
    pub fn send(&self, command: Command) {
        let _ = self.mailbox.try_send(command);
    }

    /// Whether it will be heard.
    pub(in crate::engine) fn offer(&self, command: Command) -> bool {
        self.mailbox.try_send(command).is_ok()
    }

    /// What a person of ours wants of the call.
    ///
    /// # Errors
    /// With the reason; nothing has changed then.
    pub async fn act(&self, by: UserId, act: Act) -> Result<Done, ActError> {
        let (reply, done) = oneshot::channel();
        let command = Command::Act { by, act, reply };
        self.mailbox.try_send(command).map_err(|_| ActError::Over)?;
        done.await.unwrap_or(Err(ActError::Over))
    }

    pub(in crate::engine) fn of(id: CallId, line: &Line) -> Self {
        Self {
            id,
            is_outbound: true,
            person: None,
            alert: None,
            mailbox: line.mailbox.clone(),
            ended: line.ended.clone(),
        }
    }

    /// Waits until the call has ended and everything of it is stored.
    pub async fn ended(&mut self) -> Option<Ending> {
        self.ended.wait_for(Option::is_some).await.ok().and_then(|ending| *ending)
    }
}
