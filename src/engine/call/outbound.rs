//! A call out. The attempt is durable as `invited` before its INVITE leaves.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use super::{
    Call, CallHandle, Kind, MAILBOX, Plan, Tape, Timers, Times, conversation::Script, sound::Sound,
    spawn,
};
use crate::{
    app::{AppError, Claim, DutyClaim, NewCall, RingClaim},
    base::{CallId, LegId, Pii, RunId},
    config::Trunk,
    engine::{Core, LiveCall, MediaError, StudioScript, interface_flow},
    sip::{
        auth::Credentials,
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
}

pub struct Contact {
    pub uri: Uri,
    pub routes: Vec<NameAddr>,
}

pub enum DialPurpose {
    FollowUp {
        claim: Box<Claim>,
        run: Option<RunId>,
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
        DialPurpose::Studio(_) | DialPurpose::Duty(_) => None,
        purpose => {
            let loaded = Script::load(core, &dial.dialplan, purpose).await;
            Some(loaded.map_err(DialError::Dialplan)?)
        }
    };
    let sha256 = script.as_ref().map(|script| script.sha256.clone()).unwrap_or_default();
    let sound = Sound::open(core, interface, &trunk.profile.codecs)?;
    let events = core.signalling.open().await.map_err(|_| DialError::NotOurs)?;
    let flow = interface_flow(core, &name, trunk.transport, trunk.peer).ok_or_else(missing)?;
    let (at, now) = (core.clock.wall(), core.clock.instant());
    let id = CallId::new(at);
    begin(core, id, &dial, sha256, at).await?;
    let leg = outbound_leg(events.owner, flow, &dial, sound.local.clone())?;
    let leg = Leg::outbound(leg, rand::random());
    show(core, id, &dial, at);
    let (mailbox, commands) = mpsc::channel(MAILBOX);
    let (ending, ended) = watch::channel(None);
    let (kind, plan) = kind(dial.purpose);
    let plan = script.map(|script| Plan::Talk(Box::new(script))).or(plan);
    let lasts = match &kind {
        Kind::Duty(claim) => Some(now + claim.lasts),
        _ => None,
    };
    let profile = &dial.trunk.profile;
    let after = |seconds| Some(now + Duration::from_secs(seconds));
    let call = Call {
        core: Arc::clone(core),
        id,
        leg_id: LegId::new(at),
        leg,
        mailbox: events,
        sound,
        tape: Tape::default(),
        talk: None,
        booth: None,
        duty: None,
        plan,
        commands,
        ending,
        timers: Timers {
            ring_until: after(profile.ring_timeout_s),
            response_until: after(profile.no_response_s),
            end_at: lasts,
            ..Timers::default()
        },
        times: Times { started: at, answered: None },
        rang: false,
        early: false,
        sip_call_id: String::new(),
        kind,
        end: None,
        fault: None,
        asked: Vec::new(),
        why: None,
    };
    Ok(spawn(call, mailbox, ended))
}

/// Whose call it is, and what it will be where that is no dialplan.
fn kind(purpose: DialPurpose) -> (Kind, Option<Plan>) {
    match purpose {
        DialPurpose::FollowUp { claim, .. } => (Kind::FollowUp(claim), None),
        DialPurpose::Test => (Kind::Test, None),
        DialPurpose::Studio(script) => (Kind::Studio, Some(Plan::Studio(script))),
        DialPurpose::Duty(claim) => (Kind::Duty(claim), Some(Plan::Duty)),
        DialPurpose::Ring(claim) => (Kind::Ring(claim), None),
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
    let claim = match &dial.purpose {
        DialPurpose::FollowUp { claim, .. } => Some(claim),
        _ => None,
    };
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

fn outbound_leg(
    owner: crate::sip::endpoint::Owner,
    flow: Flow,
    dial: &Dial,
    media: crate::sip::sdp::LocalMedia,
) -> Result<OutboundLeg, DialError> {
    let trunk = &dial.trunk;
    let domain = trunk.domain();
    let uri = |user: &str| format!("sip:{user}@{domain}").parse::<Uri>();
    let target = match &dial.contact {
        Some(contact) => contact.uri.clone(),
        None => uri(dial.digits.reveal()).map_err(|_| DialError::Target)?,
    };
    let routes = dial.contact.as_ref().map(|contact| contact.routes.clone()).unwrap_or_default();
    let from = uri(&trunk.caller_number).map_err(|_| DialError::Target)?;
    let profile = &trunk.profile;
    let timer = (profile.session_expires_s > 0).then_some(SessionTimerConfig {
        expires_s: profile.session_expires_s,
        min_se_s: profile.min_se_s,
    });
    let credentials = trunk.username.as_ref().zip(trunk.password.as_ref());
    Ok(OutboundLeg {
        owner,
        flow,
        to: NameAddr::new(target.clone()),
        target,
        from: NameAddr::new(from),
        routes,
        headers: Headers::default(),
        media,
        credentials: credentials.map(|(user, password)| Credentials {
            username: user.clone(),
            password: password.reveal().clone(),
            realm: trunk.realm.clone(),
        }),
        session_timer: timer,
        reliable: match profile.reliable_provisional {
            true => Reliable::Required,
            false => Reliable::Supported,
        },
        is_latched: true,
    })
}

fn show(core: &Core, id: CallId, dial: &Dial, at: chrono::DateTime<chrono::Utc>) {
    let (name, run) = match &dial.purpose {
        DialPurpose::FollowUp { claim, run } => (Some(claim.name.clone()), *run),
        _ => (None, None),
    };
    core.live.put(LiveCall {
        call: id,
        run,
        is_outbound: true,
        name,
        remote: dial.digits.clone(),
        trunk: Some(dial.trunk.name.clone()),
        state: "dialling",
        since: at,
        answered_at: None,
        question: None,
        keys: 0,
    });
}
