//! A call in: from a trunk's own addresses or from a registered phone; anybody else was
//! refused before.

use std::sync::Arc;

use super::{
    CallHandle, Kind, Line, Plan, Timers,
    beside::{Caller, caller},
    conversation::Script,
    next_trunk::Route,
    opening::Opening,
    room::Room,
    sound::Sound,
};
use crate::{
    app::{Beside, NewCall},
    base::{CallId, Machine as _, Pii},
    engine::{Core, LiveCall, trunks::credentials_of},
    sip::{
        endpoint::{Flow, TransactionId},
        invite::{Command, InboundLeg, Input, Leg},
        message::Request,
        session_timer::SessionTimerConfig,
    },
};

/// A caller, as the trunk or the phone says.
pub(crate) struct Ringing {
    pub(crate) transaction: TransactionId,
    pub(crate) request: Request,
    pub(crate) flow: Flow,
    pub(crate) caller: Pii<String>,
    pub(crate) trunk: Option<String>,
}

/// Answers with the inbound dialplan; who has an open follow-up may go on with it. `Err`:
/// the status to refuse with.
pub(crate) async fn answer(core: &Arc<Core>, ringing: Ringing) -> Result<CallHandle, u16> {
    let beside = match ringing.trunk {
        Some(_) => caller(core, &ringing.caller).await,
        None => None,
    };
    let held = beside.as_ref().map(|beside| beside.claim.task);
    let answered = take(core, ringing, beside).await;
    if let (Err(_), Some(task)) = (&answered, held) {
        // What stays held is released by the next start.
        let _ = core.app.release_beside(task, core.clock.wall()).await;
    }
    answered
}

async fn take(
    core: &Arc<Core>,
    ringing: Ringing,
    beside: Option<Beside>,
) -> Result<CallHandle, u16> {
    let Ringing { transaction, request, flow, caller, trunk } = ringing;
    let config = core.config();
    let interface = core.interface(flow.interface).ok_or(500_u16)?;
    let script = Script::inbound(core, &config.sip.inbound_dialplan, beside.as_ref()).await;
    let script = script.map_err(|what| {
        tracing::error!(what, "the inbound dialplan cannot be played");
        500_u16
    })?;
    // A phone of the house has no habits of its own.
    let by = config.trunk.iter().find(|known| trunk.as_ref() == Some(&known.name));
    let profile = by.map(|trunk| trunk.profile.clone()).unwrap_or_default();
    let srtp = by.map_or(interface.srtp, |trunk| trunk.srtp);
    let sound = Sound::open(core, &interface, (&profile, srtp), None).map_err(|error| {
        tracing::error!(%error, "no sound for a call");
        503_u16
    })?;
    let at = core.clock.wall();
    let id = CallId::new(at);
    begin(core, id, &script, caller.clone(), trunk.clone(), at).await?;
    let events = core.signalling.open().await.map_err(|_| 503_u16)?;
    let owner = events.owner;
    let sip_call_id = request.headers.call_id().unwrap_or_default();
    let leg = InboundLeg {
        owner,
        transaction,
        request,
        flow,
        media: sound.local.clone(),
        // An SBC may challenge our BYE in a call of its own.
        credentials: by.and_then(credentials_of),
        session_timer: Some(SessionTimerConfig { expires_s: 1800, min_se_s: 90 }),
    };
    let mut leg = Leg::inbound(leg, rand::random());
    leg.handle_input(Input::Command(Command::Answer), core.clock.instant());
    let about = beside.as_ref().map(|beside| &beside.claim);
    core.live.put(LiveCall {
        trunk: trunk.clone(),
        person: about.map(|claim| claim.person),
        task: about.map(|claim| claim.task),
        name: about.map(|claim| claim.name.clone()),
        ..LiveCall::new(id, false, caller, at)
    });
    let opening = Opening {
        core: Arc::clone(core),
        id,
        at,
        kind: Kind::Inbound(beside.map(|beside| Box::new(Caller { beside, begun: false }))),
        leg,
        route: Route::default(),
        mailbox: events,
        sound,
        plan: Some(Plan::Talk(Box::new(script))),
        line: Line::open(),
        timers: Timers::default(),
        sip_call_id,
        room: Room::default(),
    };
    Ok(opening.begin())
}

/// The row of the call, before it is answered.
async fn begin(
    core: &Core,
    id: CallId,
    script: &Script,
    remote: Pii<String>,
    trunk: Option<String>,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<(), u16> {
    let new = NewCall {
        id,
        attempt: None,
        task: None,
        person: None,
        department: None,
        is_outbound: false,
        remote,
        trunk,
        dialplan: core.config().sip.inbound_dialplan.clone(),
        dialplan_sha256: script.sha256.clone(),
        node: core.node.clone(),
        epoch: core.epoch,
    };
    core.app.begin_call(&new, at).await.map_err(|error| {
        tracing::error!(%error, "a call could not be stored");
        503_u16
    })
}
