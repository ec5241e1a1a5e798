//! What a call begins with; all else of it comes later.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Call, CallHandle, Hearing, Kind, Line, Plan, Tape, Timers, Times, next_trunk::Route,
    room::Room, sound::Sound, spawn,
};
use crate::{
    base::{CallId, LegId},
    engine::{Core, Mailbox},
    sip::invite::Leg,
};

pub(super) struct Opening {
    pub(super) core: Arc<Core>,
    pub(super) id: CallId,
    pub(super) at: DateTime<Utc>,
    pub(super) kind: Kind,
    pub(super) leg: Leg,
    pub(super) route: Route,
    pub(super) mailbox: Mailbox,
    pub(super) sound: Sound,
    pub(super) plan: Option<Plan>,
    pub(super) line: Line,
    pub(super) timers: Timers,
    pub(super) sip_call_id: String,
    pub(super) room: Room,
}

impl Opening {
    pub(super) fn begin(self) -> CallHandle {
        let Line { mailbox, commands, ending, ended } = self.line;
        let call = Call {
            core: self.core,
            id: self.id,
            leg_id: LegId::new(self.at),
            kind: self.kind,
            leg: self.leg,
            route: self.route,
            mailbox: self.mailbox,
            sound: self.sound,
            tape: Tape::default(),
            talk: None,
            booth: None,
            duty: None,
            plan: self.plan,
            commands,
            ending,
            timers: self.timers,
            times: Times { started: self.at, answered: None },
            rang: false,
            early: false,
            hearing: Hearing::default(),
            sip_call_id: self.sip_call_id,
            end: None,
            fault: None,
            asked: Vec::new(),
            why: None,
            room: self.room,
            before_rating: None,
            alerted: false,
            is_stored: false,
        };
        spawn(call, mailbox, ended)
    }
}
