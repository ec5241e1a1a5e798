//! What people do in a call: hold, mute, consult, transfer, confer, supervise, put down.

use super::{
    Call, Kind,
    party::{Colleague, Party},
    wrap_up::Disposition,
};
use crate::{
    app::CallRef,
    base::{Key, UserId},
    domain::{acd, room::Part},
};

pub enum Act {
    HangUp,
    Hold(bool),
    Mute(bool),
    Keys(Vec<Key>),
    /// 直接转接: the agent leaves at once.
    Transfer(Box<Colleague>),
    /// To whoever of a queue comes next.
    ToQueue(String),
    /// 咨询: the patient hears music meanwhile.
    Consult(Box<Colleague>),
    /// 咨询转接: the agent leaves the patient to who was asked.
    Complete,
    /// 会议: all hear all.
    Confer,
    /// Back to the patient; who was asked leaves.
    Cancel,
    /// 监听, 密语, 强插: by who supervises.
    Supervise(Box<Colleague>),
    /// 接管: who supervises has the call, the agent leaves.
    TakeOver,
    /// What is asked now belongs to this follow-up.
    Ask,
    Dispose(Box<Disposition>),
}

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::HangUp => "HangUp",
            Self::Hold(_) => "Hold",
            Self::Mute(_) => "Mute",
            Self::Keys(_) => "Keys",
            Self::Transfer(_) => "Transfer",
            Self::ToQueue(_) => "ToQueue",
            Self::Consult(_) => "Consult",
            Self::Complete => "Complete",
            Self::Confer => "Confer",
            Self::Cancel => "Cancel",
            Self::Supervise(_) => "Supervise",
            Self::TakeOver => "TakeOver",
            Self::Ask => "Ask",
            Self::Dispose(_) => "Dispose",
        })
    }
}

#[derive(Debug)]
pub enum Done {
    Yes,
    About(Box<CallRef>),
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ActError {
    #[error("通话已经结束 / the call has ended")]
    Over,
    #[error("这不是自己的通话 / this call is not yours")]
    NotYours,
    #[error("对方正忙或不在线 / they are busy or away")]
    Busy,
    #[error("现在不能这样操作:{0} / not now: {1}")]
    NotNow(&'static str, &'static str),
    #[error("没有拨通:{0} / not called: {0}")]
    NotCalled(String),
}

impl Call {
    pub(super) async fn act(&mut self, by: UserId, act: Act) -> Result<Done, ActError> {
        if self.end.is_some() && !matches!(act, Act::Dispose(_) | Act::Ask) {
            return Err(ActError::Over);
        }
        let done = match act {
            Act::Supervise(who) => self.supervise(*who).await,
            Act::TakeOver => self.take_over(by).await,
            Act::Dispose(said) => self.dispose(by, *said),
            Act::Ask => self.ask_about(by).await,
            act => {
                let at = self.room.position_of(by).ok_or(ActError::NotYours)?;
                self.act_at(at, act).await
            }
        };
        self.drain_parties().await;
        self.join_up();
        self.tell_alive();
        done
    }

    async fn act_at(&mut self, at: usize, act: Act) -> Result<Done, ActError> {
        let now = self.core.clock.instant();
        match act {
            Act::HangUp => self.put_down(at).await,
            Act::Hold(is_held) => {
                self.must_be_agent(at)?;
                self.room.patient_held = is_held;
            }
            Act::Mute(is_muted) => self.room.parties[at].muted = is_muted,
            Act::Keys(keys) => self.press(keys),
            Act::Consult(who) => {
                self.must_be_agent(at)?;
                self.ring_colleague(*who).await?;
                self.room.patient_held = true;
            }
            Act::Transfer(who) => {
                self.must_be_agent(at)?;
                self.ring_colleague(*who).await?;
                self.room.is_handed_on = true;
                self.room.parties[at].hang_up(now);
            }
            Act::ToQueue(queue) => {
                self.must_be_agent(at)?;
                if !self.core.acd.has_queue(&queue) {
                    return Err(ActError::NotNow("没有这个技能组", "there is no such queue"));
                }
                self.room.next_queue = Some(queue);
                self.room.is_handed_on = true;
                self.room.parties[at].hang_up(now);
            }
            Act::Complete => {
                self.must_be_agent(at)?;
                let asked = |party: &Party| party.part == Part::Guest && !party.is_over();
                if !self.room.parties.iter().any(asked) {
                    return Err(ActError::NotNow("没有正在咨询的人", "nobody was asked"));
                }
                self.room.is_handed_on = true;
                self.room.parties[at].hang_up(now);
            }
            Act::Confer => {
                self.must_be_agent(at)?;
                self.room.patient_held = false;
            }
            Act::Cancel => {
                self.must_be_agent(at)?;
                let guests = |party: &&mut Party| party.part == Part::Guest;
                self.room.parties.iter_mut().filter(guests).for_each(|party| party.hang_up(now));
                self.room.patient_held = false;
            }
            Act::Supervise(_) | Act::TakeOver | Act::Dispose(_) | Act::Ask => {}
        }
        Ok(Done::Yes)
    }

    fn must_be_agent(&self, at: usize) -> Result<(), ActError> {
        match self.room.parties[at].part {
            Part::Agent if self.room.parties[at].is_in() => Ok(()),
            _ => Err(ActError::NotYours),
        }
    }

    /// Who talks alone with the patient ends the call; from a conference one only leaves.
    async fn put_down(&mut self, at: usize) {
        let now = self.core.clock.instant();
        let is_agent = self.room.parties[at].part == Part::Agent;
        let others = self.room.parties.iter().enumerate();
        let stay = others.filter(|(other, party)| {
            *other != at && party.is_in() && party.part.talks() && !self.room.patient_held
        });
        if is_agent && stay.count() == 0 {
            self.dismiss();
            self.agent_hung_up().await;
        } else {
            self.room.parties[at].hang_up(now);
        }
    }

    async fn ring_colleague(&mut self, who: Colleague) -> Result<(), ActError> {
        if self.room.parties.len() >= PARTIES_MAX {
            return Err(ActError::NotNow("会议人数已满", "the conference is full"));
        }
        let user = who.user;
        if user.is_some_and(|user| self.room.position_of(user).is_some()) {
            return Err(ActError::NotNow("对方已在通话中", "they are in this call already"));
        }
        let is_staff = user.is_some_and(|user| self.core.acd.agent(user).is_some());
        if let Some(user) = user.filter(|_| is_staff)
            && !self.core.reserve_agent(user, self.id)
        {
            return Err(ActError::Busy);
        }
        let party = Party::ring(&self.core, who, self.sound.media.as_ref()).await;
        match party {
            Ok(party) => {
                self.add_party(party).await;
                Ok(())
            }
            Err(error) => {
                if let Some(agent) = user {
                    self.core.acd_tell(acd::Input::Failed { agent, call: self.id });
                }
                Err(ActError::NotCalled(error.to_string()))
            }
        }
    }

    /// Who supervises already changes what they do, without a new call. It is written down
    /// before the first word is heard.
    async fn supervise(&mut self, who: Colleague) -> Result<Done, ActError> {
        let Some(user) = who.user else { return Err(ActError::NotYours) };
        if !self.room.has_talker() {
            return Err(ActError::NotNow("没有座席在通话", "no agent talks in it"));
        }
        let did = match who.part {
            Part::Listener => "listened",
            Part::Whisperer => "whispered",
            _ => "barged",
        };
        self.write_down(user, did).await?;
        match self.room.position_of(user) {
            Some(at) => self.room.parties[at].part = who.part,
            None => self.ring_colleague(who).await?,
        }
        Ok(Done::Yes)
    }

    async fn write_down(&self, user: UserId, did: &'static str) -> Result<(), ActError> {
        let (by, at) = (self.principal(user), self.core.clock.wall());
        let written = self.core.app.joined_call(&by, self.id, did, None, at).await;
        written.map_err(|error| {
            tracing::error!(%error, "who supervises could not be written down");
            ActError::NotNow("记录写不进数据库", "the record cannot be written")
        })
    }

    async fn take_over(&mut self, by: UserId) -> Result<Done, ActError> {
        let at = self.room.position_of(by).ok_or(ActError::NotYours)?;
        if !self.room.parties[at].is_in() {
            return Err(ActError::NotNow("电话还没有接起", "the phone is not answered yet"));
        }
        self.write_down(by, "taken_over").await?;
        let now = self.core.clock.instant();
        for party in &mut self.room.parties {
            if party.user == Some(by) {
                party.part = Part::Agent;
            } else if party.part == Part::Agent {
                party.hang_up(now);
            }
        }
        self.room.patient_held = false;
        self.becomes_owner(Some(by)).await;
        Ok(Done::Yes)
    }

    fn dispose(&mut self, by: UserId, said: Disposition) -> Result<Done, ActError> {
        if self.room.owner != Some(by) {
            return Err(ActError::NotYours);
        }
        self.room.disposition = Some(said);
        Ok(Done::Yes)
    }

    /// A caller's open follow-up is begun with the first thing that is asked.
    async fn ask_about(&mut self, by: UserId) -> Result<Done, ActError> {
        if self.room.owner != Some(by) {
            return Err(ActError::NotYours);
        }
        if let Kind::Inbound(Some(caller)) = &self.kind
            && !caller.begun
        {
            let beside = caller.beside.clone();
            if !self.begin_beside(&beside).await {
                return Err(ActError::NotNow("随访任务打不开", "the follow-up cannot be begun"));
            }
            if let Kind::Inbound(Some(caller)) = &mut self.kind {
                caller.begun = true;
            }
        }
        self.room.was_asked = true;
        Ok(Done::About(Box::new(self.call_ref())))
    }
}

/// Patient, agent, several doctors, a supervisor: more do not understand one another.
const PARTIES_MAX: usize = 8;
