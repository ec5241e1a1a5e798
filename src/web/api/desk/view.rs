//! What an agent's desk shows: the own state, and the call.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{acd::AgentState, room::Part},
    engine::{LiveCall, LiveParty},
    web::{Site, auth::Signed, mask},
};

#[derive(Serialize, ToSchema)]
pub(in crate::web) struct DeskView {
    /// Is a phone registered for this account by a supervisor?
    is_agent: bool,
    /// A word of `agent_state`.
    state: &'static str,
    since: Option<DateTime<Utc>>,
    /// 示忙原因, also while a call goes on.
    paused: Option<&'static str>,
    /// `phone`, `extension` or `number`.
    endpoint_kind: Option<String>,
    endpoint: Option<String>,
    queues: Vec<String>,
    calls_taken: u32,
    wrap_up_until: Option<DateTime<Utc>>,
    call: Option<DeskCallView>,
    /// Calls that wait for a word what they came to.
    to_write_up: Vec<DeskCallView>,
}

#[derive(Serialize, ToSchema)]
struct DeskCallView {
    call_id: Uuid,
    direction: &'static str,
    /// A word of `call_state`.
    state: &'static str,
    name: Option<String>,
    /// Masked.
    number: String,
    person_id: Option<Uuid>,
    task_id: Option<Uuid>,
    since: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    patient_held: bool,
    /// What this person is in the call: `agent`, `guest`, `listen`, `whisper` or `barge`.
    part: &'static str,
    /// The own phone: `ringing`, `confirming`, `talking` or `put_down`.
    phone: &'static str,
    muted: bool,
    parties: Vec<PartyView>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::web::api) struct PartyView {
    user_id: Option<Uuid>,
    name: String,
    part: &'static str,
    state: &'static str,
    on_hold: bool,
    muted: bool,
}

impl From<&LiveParty> for PartyView {
    fn from(party: &LiveParty) -> Self {
        Self {
            user_id: party.user.map(|user| *user.as_uuid()),
            name: party.name.clone(),
            part: party.part.as_str(),
            state: party.state,
            on_hold: party.on_hold,
            muted: party.muted,
        }
    }
}

pub(in crate::web) fn desk_view(site: &Site, signed: &Signed) -> DeskView {
    let (core, user) = (&site.core, signed.0.user);
    let (now, at) = (core.clock.instant(), core.clock.wall());
    let agent = core.acd.agent(user);
    let seat = core.acd.seat(user, now);
    let wall = |instant: std::time::Instant| match instant.checked_duration_since(now) {
        Some(ahead) => at + ahead,
        None => at - now.saturating_duration_since(instant),
    };
    let view = |live: LiveCall| {
        let own = live.room.iter().find(|party| party.user == Some(user));
        own.map(|own| call_view(&live, Some(own)))
    };
    // A caller who says how it was is on the line without the agent.
    let left = |live: &LiveCall| {
        live.state == "answered" && live.room.iter().all(|party| party.user != Some(user))
    };
    let mut aside = core.live.list_aside();
    aside.extend(core.live.list().into_iter().filter(left));
    let is_own = |live: &LiveCall| live.owner == Some(user);
    let written_up = |live: LiveCall| call_view(&live, None);
    DeskView {
        is_agent: agent.is_some(),
        state: seat.as_ref().map_or(AgentState::Offline, |seat| seat.state).as_str(),
        since: seat.as_ref().map(|seat| wall(seat.since)),
        paused: seat.as_ref().and_then(|seat| seat.paused).map(crate::domain::acd::Pause::as_str),
        endpoint_kind: agent.as_ref().map(|agent| agent.endpoint_kind.clone()),
        endpoint: agent.map(|agent| agent.endpoint),
        queues: seat.as_ref().map(|seat| seat.queues.clone()).unwrap_or_default(),
        calls_taken: seat.as_ref().map_or(0, |seat| seat.calls_taken),
        wrap_up_until: seat.and_then(|seat| seat.wrap_up_until).map(wall),
        call: core.live.list().into_iter().find_map(view),
        to_write_up: aside.into_iter().filter(is_own).map(written_up).collect(),
    }
}

fn call_view(live: &LiveCall, own: Option<&LiveParty>) -> DeskCallView {
    DeskCallView {
        call_id: *live.call.as_uuid(),
        direction: if live.is_outbound { "outbound" } else { "inbound" },
        state: live.state,
        name: live.name.as_ref().map(|name| name.reveal().clone()),
        number: mask::number(live.remote.reveal()),
        person_id: live.person.map(|person| *person.as_uuid()),
        task_id: live.task.map(|task| *task.as_uuid()),
        since: live.since,
        answered_at: live.answered_at,
        patient_held: live.patient_held,
        part: own.map_or(Part::Agent, |own| own.part).as_str(),
        phone: own.map_or("put_down", |own| own.state),
        muted: own.is_some_and(|own| own.muted),
        parties: live.room.iter().map(PartyView::from).collect(),
    }
}
