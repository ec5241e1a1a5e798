//! What an agent does at the desk: dials by a click, and what supervisors and colleagues are
//! rung for. The rules are `app`'s and `domain`'s; here phones are rung in the right order.

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;
use tracing::{info_span, warn};

use super::{
    Act, ActError, CallCommand, CallHandle, Core, Dial, DialPurpose, Done, Line, LiveCall,
    LiveParty, Target,
    call::{Colleague, Party, RingingPhone, Rung, dial},
    dialer::{digits_for, home_area},
    way_to,
};
use crate::{
    app::{AgentDial, AppError, Claim},
    base::{CallId, NumberId, Pii, TaskId, UserId},
    config::Trunk,
    domain::{TollClass, acd::Input, room::Part},
    store::{Principal, agent::Agent},
};

/// What somebody wants to dial.
#[derive(Clone, Copy, Debug)]
pub struct DeskDial {
    pub agent: UserId,
    pub task: TaskId,
    /// Absent: the best of the ladder.
    pub number: Option<NumberId>,
    /// Of the role of who asks.
    pub toll: TollClass,
}

/// Who else is to come into a call.
#[derive(Clone, Debug)]
pub enum Whom {
    Agent(UserId),
    /// A number of the hospital or outside, as the page gives it.
    Number(Pii<String>),
}

/// Rings the agent; the patient is dialled when the agent has picked up. Answers which call
/// it will be.
///
/// # Errors
/// With the reason, before any phone rings.
pub async fn click_to_dial(
    core: &Arc<Core>,
    by: &Principal,
    ask: DeskDial,
) -> Result<CallId, AppError> {
    if !core.room_for_a_call() {
        return Err(conflict("线路已满，请稍后再试 / too many calls at once; try again later"));
    }
    let config = core.config();
    let trunk = free_trunk(core)
        .ok_or_else(|| conflict("没有空闲的线路，请稍后再试 / no line is free; try again later"))?;
    let agent = core.acd.agent(ask.agent);
    let agent = agent.ok_or_else(|| conflict("还没有登记为座席 / you are no agent yet"))?;
    let (dialler, at) = (core.dialler().await, core.clock.wall());
    let id = CallId::new(at);
    let DeskDial { agent: user, task, number, toll } = ask;
    let wanted = AgentDial { task, number, toll, home: home_area(&config), trunk: &trunk.name };
    let claim = core.app.hold_for_agent(by, &dialler, &wanted, at).await?;
    if !core.reserve_agent(user, id) {
        release(core, &claim).await;
        let what = "话机不在线，或正在通话 / your phone is away, or you are in a call";
        return Err(conflict(what));
    }
    let party = ring_agent(core, user).await;
    let party = match party {
        Ok(party) => party,
        Err(why) => {
            core.acd_tell(Input::Failed { agent: user, call: id });
            release(core, &claim).await;
            return Err(AppError::Conflict(why));
        }
    };
    let line = Line::open();
    core.add_call(CallHandle::of(id, &line));
    show(core, id, &claim, &trunk, user, &agent);
    let (core, by) = (Arc::clone(core), by.clone());
    let summons = Summons { core, id, by, claim, trunk, user };
    tokio::spawn(tracing::Instrument::instrument(
        summons.run(party, line),
        info_span!("call", call.id = %id),
    ));
    Ok(id)
}

fn conflict(what: &str) -> AppError {
    AppError::Conflict(what.to_owned())
}

async fn release(core: &Core, claim: &Claim) {
    // What stays held is released by the next start.
    let _ = core.app.release_beside(claim.task, core.clock.wall()).await;
}

fn free_trunk(core: &Core) -> Option<Trunk> {
    let (config, now) = (core.config(), core.clock.instant());
    let is_free = |trunk: &&Trunk| {
        core.trunks.takes_calls(&trunk.name, now)
            && core.live.count_of_trunk(&trunk.name) < trunk.lines
    };
    config.trunk.iter().find(is_free).cloned()
}

async fn ring_agent(core: &Core, user: UserId) -> Result<Party, String> {
    let phone = agent_phone(core, user, Part::Agent, AGENT_RINGS).await?;
    let phone = Colleague { answers_itself: phone.to.contact.is_some(), ..phone };
    let party = Party::ring(core, phone, None).await;
    party.map_err(|error| format!("话机没有拨通:{error} / your phone was not called: {error}"))
}

/// The way to an agent's phone, whatever it is rung for.
pub(super) async fn agent_phone(
    core: &Core,
    user: UserId,
    part: Part,
    ring: Duration,
) -> Result<Colleague, String> {
    let agent = core.acd.agent(user).ok_or("座席不在线 / the agent is away")?;
    let to = way_to(core, &Pii::new(agent.endpoint), None).await?;
    Ok(Colleague {
        user: Some(user),
        name: agent.display_name,
        part,
        to,
        ring,
        needs_key: agent.endpoint_kind == "number",
        answers_itself: false,
    })
}

fn show(core: &Core, id: CallId, claim: &Claim, trunk: &Trunk, user: UserId, agent: &Agent) {
    let remote = Pii::new(digits_for(core, trunk, &claim.e164));
    core.live.put(LiveCall {
        name: Some(claim.name.clone()),
        person: Some(claim.person),
        task: Some(claim.task),
        trunk: Some(trunk.name.clone()),
        room: vec![LiveParty {
            user: Some(user),
            name: agent.display_name.clone(),
            part: Part::Agent,
            state: "ringing",
            on_hold: false,
            muted: false,
            trunk: None,
        }],
        ..LiveCall::new(id, true, remote, core.clock.wall())
    });
    core.acd.changed();
}

/// The agent's phone rings; nothing of the patient's does yet.
struct Summons {
    core: Arc<Core>,
    id: CallId,
    by: Principal,
    claim: Claim,
    trunk: Trunk,
    user: UserId,
}

impl Summons {
    async fn run(self, party: Party, mut line: Line) {
        let mut ringing = RingingPhone::new(party);
        let rung = loop {
            tokio::select! {
                rung = ringing.next(&self.core, || self.rings()) => break rung,
                command = line.next() => match command {
                    Some(CallCommand::Act { by, act, reply }) => {
                        let may = by == self.user && matches!(act, Act::HangUp);
                        reply_to(reply, may);
                        if may { break Rung::No(ringing.give_up(&self.core).await) }
                    }
                    Some(CallCommand::Withdraw { .. } | CallCommand::Stop { .. }
                        | CallCommand::CancelUnanswered) | None => {
                        break Rung::No(ringing.give_up(&self.core).await);
                    }
                    Some(_) => {}
                },
            }
        };
        match rung {
            Rung::Yes(party) => self.dial(*party, line).await,
            Rung::No(party) => self.ends(party, &line).await,
        }
    }

    fn rings(&self) {
        self.core.acd_tell(Input::Ringing { agent: self.user, call: self.id });
    }

    async fn ends(&self, party: Option<Box<Party>>, line: &Line) {
        release(&self.core, &self.claim).await;
        self.core.acd_tell(Input::Failed { agent: self.user, call: self.id });
        self.core.remove_call(self.id);
        self.core.acd.changed();
        line.end();
        drop(party);
    }

    async fn dial(self, party: Party, line: Line) {
        self.core.acd_tell(Input::Answered { agent: self.user, call: self.id });
        let (dialler, at) = (self.core.dialler().await, self.core.clock.wall());
        let trunk = self.trunk.name.clone();
        let begun = self.core.app.dial_for_agent(&self.by, &dialler, &self.claim, &trunk, at).await;
        if let Err(error) = begun {
            warn!(%error, "a patient was not dialled for an agent");
            let party = RingingPhone::new(party).give_up(&self.core).await;
            self.core.acd_tell(Input::Over { agent: self.user, call: self.id });
            self.core.acd_tell(Input::Done(self.user));
            return self.ends(party, &line).await;
        }
        let attempt = self.claim.attempt;
        let digits = Pii::new(digits_for(&self.core, &self.trunk, &self.claim.e164));
        let (claim, party) = (Box::new(self.claim), Box::new(party));
        let wanted = Dial {
            purpose: DialPurpose::Agent { claim, party },
            trunk: self.trunk,
            digits,
            dialplan: DIALPLAN.to_owned(),
            contact: None,
            id: Some(self.id),
            line: Some(line),
        };
        if let Err(error) = dial(&self.core, wanted).await {
            warn!(%error, "a patient was not dialled for an agent");
            let why = error.to_string();
            super::dialer::not_started(&self.core, &dialler, attempt, why).await;
            self.core.acd_tell(Input::Over { agent: self.user, call: self.id });
            self.core.remove_call(self.id);
            self.core.acd.changed();
        }
    }
}

fn reply_to(reply: oneshot::Sender<Result<Done, ActError>>, may: bool) {
    let done = if may {
        Ok(Done::Yes)
    } else {
        Err(ActError::NotNow("话机还没有接起", "your phone is not answered yet"))
    };
    // Who asked may have gone.
    let _ = reply.send(done);
}

/// Somebody for a consultation, a transfer, a conference, or to supervise.
///
/// # Errors
/// When there is no way to them.
pub(crate) async fn colleague(core: &Core, whom: &Whom, part: Part) -> Result<Colleague, ActError> {
    let not_called = |why: String| ActError::NotCalled(why);
    match whom {
        Whom::Agent(user) => {
            let phone = agent_phone(core, *user, part, COLLEAGUE_RINGS).await;
            let phone = phone.map_err(not_called)?;
            // Who supervises has just clicked.
            let answers_itself = matches!(part, Part::Listener | Part::Whisperer | Part::Barger);
            Ok(Colleague { answers_itself, ..phone })
        }
        Whom::Number(number) => {
            let to: Target = way_to(core, number, None).await.map_err(not_called)?;
            Ok(Colleague {
                user: None,
                name: number.reveal().clone(),
                part,
                to,
                ring: COLLEAGUE_RINGS,
                needs_key: false,
                answers_itself: false,
            })
        }
    }
}

/// The act of an agent in a call of this node.
///
/// # Errors
/// With the reason; nothing has changed then.
pub async fn act_in(
    core: &Core,
    by: UserId,
    call: CallId,
    wish: DeskAct,
) -> Result<Done, ActError> {
    let handle = core.call(call).ok_or(ActError::Over)?;
    let act = match wish {
        DeskAct::Plain(act) => act,
        DeskAct::Transfer(whom) => {
            Act::Transfer(Box::new(colleague(core, &whom, Part::Guest).await?))
        }
        DeskAct::Consult(whom) => {
            Act::Consult(Box::new(colleague(core, &whom, Part::Guest).await?))
        }
        DeskAct::Supervise(part) => {
            Act::Supervise(Box::new(colleague(core, &Whom::Agent(by), part).await?))
        }
    };
    handle.act(by, act).await
}

/// What a page may ask for; the way to a colleague is found here.
pub enum DeskAct {
    Plain(Act),
    Transfer(Whom),
    Consult(Whom),
    Supervise(Part),
}

/// Now is when the agent has clicked: nobody waits longer for the own phone.
const AGENT_RINGS: Duration = Duration::from_secs(25);

/// A doctor comes from a bed to the telephone.
const COLLEAGUE_RINGS: Duration = Duration::from_secs(40);

/// Stands in the call's row in place of a dialplan.
const DIALPLAN: &str = "agent_call";
