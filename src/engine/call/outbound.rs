//! A call out. The attempt is durable as `invited` before its INVITE leaves.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use super::{
    CallHandle, Command, Ending, Kind, MAILBOX, Plan, Timers, conversation::Script,
    next_trunk::Route, opening::Opening, party::Party, room::Room, sound::Sound,
};
use crate::{
    app::{AppError, Claim, DutyClaim, NewCall, RingClaim},
    base::{CallId, Pii, RunId},
    config::{CarrierProfile, Trunk},
    engine::{
        Core, LiveCall, MediaError, MediaHandle, StudioScript, interface_flow,
        trunks::{credentials_of, routes_of},
    },
    sip::{
        endpoint::Flow,
        invite::{Leg, OutboundLeg, Reliable},
        message::{Headers, NameAddr, Uri},
        session_timer::SessionTimerConfig,
    },
    store::attempt::Step,
};

pub struct Dial {
    pub purpose: DialPurpose,
    pub trunk: Trunk,
    /// As the trunk wants it: digits, or `+86…`.
    pub digits: Pii<String>,
    pub dialplan: String,
    /// A phone of ours, by what it registered.
    pub contact: Option<Contact>,
    /// A call that others know already, and its mailbox.
    pub id: Option<CallId>,
    pub line: Option<Line>,
}

/// How others reach a call, and hear of its end.
pub struct Line {
    pub(super) mailbox: mpsc::Sender<Command>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) ending: watch::Sender<Option<Ending>>,
    pub(super) ended: watch::Receiver<Option<Ending>>,
}

impl Line {
    pub(crate) fn open() -> Self {
        let (mailbox, commands) = mpsc::channel(MAILBOX);
        let (ending, ended) = watch::channel(None);
        Self { mailbox, commands, ending, ended }
    }

    /// What others want of a call that is not one yet.
    pub(crate) async fn next(&mut self) -> Option<Command> {
        self.commands.recv().await
    }

    /// It never became a call.
    pub(crate) fn end(&self) {
        let ending = Ending::default();
        self.ending.send_replace(Some(ending));
    }
}

#[derive(Clone)]
pub struct Contact {
    pub uri: Uri,
    pub routes: Vec<NameAddr>,
}

pub enum DialPurpose {
    FollowUp {
        claim: Box<Claim>,
        run: Option<RunId>,
    },
    /// A person has ordered it, and is on the line already.
    Agent {
        claim: Box<Claim>,
        party: Box<Party>,
    },
    Test,
    /// A nurse reads prompts.
    Studio(Box<StudioScript>),
    /// Staff are rung for an alert.
    Duty(Box<DutyClaim>),
    /// A number is tried while its owner is here.
    Ring(Box<RingClaim>),
}

#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("no interface {0:?}")]
    Interface(String),
    #[error("the dialplan: {0}")]
    Dialplan(String),
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error("the number cannot be written as a SIP address")]
    Target,
    #[error("the attempt is not ours any more")]
    NotOurs,
}

/// # Errors
/// Before anything was sent; the caller ends the attempt then.
pub async fn dial(core: &Arc<Core>, dial: Dial) -> Result<CallHandle, DialError> {
    let trunk = &dial.trunk;
    let name = trunk.interface.clone().unwrap_or_default();
    let missing = || DialError::Interface(name.clone());
    let config = core.config();
    let interface = config.interface(&name).ok_or_else(missing)?;
    let script = match &dial.purpose {
        DialPurpose::Studio(_) | DialPurpose::Duty(_) | DialPurpose::Agent { .. } => None,
        purpose => {
            let loaded = Script::load(core, &dial.dialplan, purpose).await;
            Some(loaded.map_err(DialError::Dialplan)?)
        }
    };
    let sha256 = script.as_ref().map(|script| script.sha256.clone()).unwrap_or_default();
    let beside = dial.purpose.agents_sound();
    let sound = Sound::open(core, interface, (&trunk.profile, trunk.srtp), beside)?;
    let events = core.signalling.open().await.map_err(|_| DialError::NotOurs)?;
    let (at, now) = (core.clock.wall(), core.clock.instant());
    let id = dial.id.unwrap_or_else(|| CallId::new(at));
    begin(core, id, &dial, sha256, at).await?;
    let leg_to = LegTo {
        trunk,
        digits: dial.digits.reveal(),
        contact: dial.contact.as_ref(),
        answers_itself: false,
    };
    let leg = leg_to.leg(core, events.owner, sound.local.clone())?;
    let leg = Leg::outbound(leg, rand::random());
    show(core, id, &dial, at);
    let route = Route::of(&dial, &config);
    let line = dial.line.unwrap_or_else(Line::open);
    let (kind, plan, room) = kind(dial.purpose);
    let plan = script.map(|script| Plan::Talk(Box::new(script))).or(plan);
    let lasts = match &kind {
        Kind::Duty(claim) => Some(now + claim.lasts),
        _ => None,
    };
    let (ring_until, response_until) = ring_timers(&dial.trunk.profile, now);
    let timers = Timers {
        ring_until: Some(ring_until),
        response_until: Some(response_until),
        end_at: lasts,
        ..Timers::default()
    };
    let opening = Opening {
        core: Arc::clone(core),
        id,
        at,
        kind,
        leg,
        route,
        mailbox: events,
        sound,
        plan,
        line,
        timers,
        sip_call_id: String::new(),
        room,
    };
    Ok(opening.begin())
}

/// Until when it may ring, and until when the trunk must have said something.
pub(super) fn ring_timers(profile: &CarrierProfile, now: Instant) -> (Instant, Instant) {
    let after = |seconds| now + Duration::from_secs(seconds);
    (after(profile.ring_timeout_s), after(profile.no_response_s))
}

/// Whose call it is, and what it will be where that is no dialplan.
fn kind(purpose: DialPurpose) -> (Kind, Option<Plan>, Room) {
    let (kind, plan) = match purpose {
        DialPurpose::FollowUp { claim, .. } => (Kind::FollowUp(claim), None),
        DialPurpose::Test => (Kind::Test, None),
        DialPurpose::Studio(script) => (Kind::Studio, Some(Plan::Studio(script))),
        DialPurpose::Duty(claim) => (Kind::Duty(claim), Some(Plan::Duty)),
        DialPurpose::Ring(claim) => (Kind::Ring(claim), None),
        DialPurpose::Agent { claim, party } => {
            return (Kind::FollowUp(claim), None, Room::of(*party));
        }
    };
    (kind, plan, Room::default())
}

impl DialPurpose {
    /// The follow-up that is dialled for, by whomever.
    fn claim(&self) -> Option<&Claim> {
        match self {
            Self::FollowUp { claim, .. } | Self::Agent { claim, .. } => Some(claim),
            _ => None,
        }
    }

    /// Those who will talk share a media thread from the beginning.
    fn agents_sound(&self) -> Option<&MediaHandle> {
        match self {
            Self::Agent { party, .. } => party.sound.media.as_ref(),
            _ => None,
        }
    }
}

/// The rows of the call, and the attempt's step: all before the INVITE.
async fn begin(
    core: &Core,
    id: CallId,
    dial: &Dial,
    dialplan_sha256: String,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<(), DialError> {
    let claim = dial.purpose.claim();
    let (of, person) = match &dial.purpose {
        DialPurpose::Duty(claim) => (claim.department, None),
        DialPurpose::Ring(claim) => (claim.department, Some(claim.person)),
        _ => (None, None),
    };
    let new = NewCall {
        id,
        attempt: claim.map(|claim| claim.attempt),
        task: claim.map(|claim| claim.task),
        person: claim.map_or(person, |claim| Some(claim.person)),
        department: claim.map_or(of, |claim| claim.department),
        is_outbound: true,
        remote: claim
            .map_or_else(|| dial.digits.clone(), |claim| Pii::new(claim.e164.as_str().to_owned())),
        trunk: Some(dial.trunk.name.clone()),
        dialplan: dial.dialplan.clone(),
        dialplan_sha256,
        node: core.node.clone(),
        epoch: core.epoch,
    };
    core.app.begin_call(&new, at).await?;
    if let Some(claim) = claim
        && !core.app.attempt_step(claim.attempt, Step::Invited, at).await?
    {
        return Err(DialError::NotOurs);
    }
    Ok(())
}

/// Where an INVITE goes.
pub(super) struct LegTo<'a> {
    pub(super) trunk: &'a Trunk,
    pub(super) digits: &'a str,
    pub(super) contact: Option<&'a Contact>,
    /// A phone of ours is asked to pick up by itself: its owner has just clicked.
    pub(super) answers_itself: bool,
}

impl LegTo<'_> {
    pub(super) fn leg(
        &self,
        core: &Core,
        owner: crate::sip::endpoint::Owner,
        media: crate::sip::sdp::LocalMedia,
    ) -> Result<OutboundLeg, DialError> {
        let Self { trunk, contact, .. } = self;
        let name = trunk.interface.clone().unwrap_or_default();
        let flow = interface_flow(core, &name, trunk.transport, trunk.hop());
        let flow: Flow = flow.ok_or_else(|| DialError::Interface(name.clone()))?;
        let domain = trunk.domain();
        let uri = |user: &str| format!("sip:{user}@{domain}").parse::<Uri>();
        let target = match contact {
            Some(contact) => contact.uri.clone(),
            None => uri(self.digits).map_err(|_| DialError::Target)?,
        };
        let routes = match contact {
            Some(contact) => contact.routes.clone(),
            None => routes_of(trunk),
        };
        let from = uri(&trunk.caller_number).map_err(|_| DialError::Target)?;
        let profile = &trunk.profile;
        let timer = (profile.session_expires_s > 0).then_some(SessionTimerConfig {
            expires_s: profile.session_expires_s,
            min_se_s: profile.min_se_s,
        });
        Ok(OutboundLeg {
            owner,
            flow,
            to: NameAddr::new(target.clone()),
            target,
            from: NameAddr::new(from.clone()),
            routes,
            headers: self.headers(&from),
            media,
            credentials: credentials_of(trunk),
            session_timer: timer,
            reliable: match profile.reliable_provisional {
                true => Reliable::Required,
                false => Reliable::Supported,
            },
            is_latched: true,
        })
    }

    fn headers(&self, ours: &Uri) -> Headers {
        let mut headers = Headers::default();
        let profile = &self.trunk.profile;
        for (name, is_wanted) in [
            ("P-Asserted-Identity", profile.asserted_identity),
            ("P-Preferred-Identity", profile.preferred_identity),
        ] {
            if is_wanted && self.contact.is_none() {
                headers.add(name, NameAddr::new(ours.clone()).to_bytes());
            }
        }
        // There is no one header for it; phones know one of these.
        if self.answers_itself {
            headers.add("Call-Info", "<sip:suifang>;answer-after=0");
            headers.add("Alert-Info", "<http://suifang>;info=alert-autoanswer;delay=0");
        }
        headers
    }
}

fn show(core: &Core, id: CallId, dial: &Dial, at: chrono::DateTime<chrono::Utc>) {
    let run = match &dial.purpose {
        DialPurpose::FollowUp { run, .. } => *run,
        _ => None,
    };
    let claim = dial.purpose.claim();
    core.live.put(LiveCall {
        call: id,
        run,
        name: claim.map(|claim| claim.name.clone()),
        person: claim.map(|claim| claim.person),
        task: claim.map(|claim| claim.task),
        trunk: Some(dial.trunk.name.clone()),
        ..LiveCall::new(id, true, dial.digits.clone(), at)
    });
}
