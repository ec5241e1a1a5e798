//! 座席监控: agents, queues and their calls as they are now; listen, whisper, barge, take over.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, NaiveTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::desk::PartyView;
use crate::{
    base::{CallId, UserId},
    domain::{
        acd::{QueueView, Seat},
        room::Part,
    },
    engine::{self, Act, ActError, DeskAct, LiveCall},
    store::{agent, call, queue},
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(board)).routes(routes!(supervise))
}

#[derive(Serialize, ToSchema)]
struct LiveBoardView {
    at: DateTime<Utc>,
    agents: Vec<SeatView>,
    queues: Vec<QueueNowView>,
    /// Calls with an agent in them, or on the way to one.
    calls: Vec<BoardCallView>,
}

#[derive(Serialize, ToSchema)]
struct SeatView {
    user_id: Uuid,
    login: String,
    name: String,
    /// A word of `agent_state`.
    state: &'static str,
    paused: Option<&'static str>,
    since: DateTime<Utc>,
    call_id: Option<Uuid>,
    calls_taken: u32,
    queues: Vec<String>,
    /// Seconds of today in a call, in work after calls, paused.
    talk_s: i64,
    wrap_up_s: i64,
    pause_s: i64,
}

#[derive(Serialize, ToSchema)]
struct QueueNowView {
    code: String,
    name: String,
    waiting: usize,
    longest_wait_s: Option<u64>,
    signed_in: usize,
    idle: usize,
    /// Of today.
    answered: i64,
    gave_up: i64,
    nobody: i64,
    wait_mean_s: Option<f64>,
    wait_max_s: Option<f64>,
    /// 通话评价 of today: how many marks, and their mean (1 to 5).
    rated: i64,
    rating_mean: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct BoardCallView {
    call_id: Uuid,
    direction: &'static str,
    state: &'static str,
    name: Option<String>,
    /// Masked.
    number: String,
    queue: Option<String>,
    since: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    patient_held: bool,
    parties: Vec<PartyView>,
}

#[utoipa::path(get, path = "/api/board", tag = "board", responses((status = 200, body = LiveBoardView)))]
async fn board(State(site): State<Shared>, signed: Signed) -> Result<Json<LiveBoardView>> {
    let core = &site.core;
    let (now, at) = (core.clock.instant(), core.clock.wall());
    let zone = core.config().hospital.timezone;
    let start = at.with_timezone(&zone).date_naive().and_time(NaiveTime::MIN);
    let today = zone.from_local_datetime(&start).earliest();
    let today = today.map_or(at, |start| start.with_timezone(&Utc));
    let mut calls: Vec<_> = core.live.list();
    calls.retain(|live| !live.room.is_empty() || live.queue.is_some());
    let ids: Vec<_> = calls.iter().map(|live| *live.call.as_uuid()).collect();
    let mut scope = signed.scope(&site).await?;
    let visible = call::visible(&mut scope, &ids).await?;
    calls.retain(|live| visible.contains(live.call.as_uuid()));
    let spells = agent::spell_sums(&mut scope, today, at).await?;
    let tallies = queue::tallies(&mut scope, today).await?;
    let names = queue::list(&mut scope).await?;
    drop(scope);
    let seat = |seat: Seat| {
        let known = core.acd.agent(seat.user);
        let since = at - now.saturating_duration_since(seat.since);
        seat_view(seat, known, since, &spells)
    };
    let queues = core.acd.queue_views(now).into_iter().map(|view| {
        let tally = tallies.iter().find(|tally| tally.queue == view.code);
        let name = names.iter().find(|queue| queue.code == view.code);
        queue_now(view, name.map(|queue| queue.name.clone()).unwrap_or_default(), tally)
    });
    Ok(Json(LiveBoardView {
        at,
        agents: core.acd.seats(now).into_iter().map(seat).collect(),
        queues: queues.collect(),
        calls: calls.into_iter().map(call_view).collect(),
    }))
}

fn queue_now(view: QueueView, name: String, today: Option<&queue::Tally>) -> QueueNowView {
    QueueNowView {
        name,
        code: view.code,
        waiting: view.waiting,
        longest_wait_s: view.longest_wait.map(|wait| wait.as_secs()),
        signed_in: view.signed_in,
        idle: view.idle,
        answered: today.map_or(0, |tally| tally.answered),
        gave_up: today.map_or(0, |tally| tally.gave_up),
        nobody: today.map_or(0, |tally| tally.nobody),
        wait_mean_s: today.and_then(|tally| tally.wait_mean_s),
        wait_max_s: today.and_then(|tally| tally.wait_max_s),
        rated: today.map_or(0, |tally| tally.rated),
        rating_mean: today.and_then(|tally| tally.rating_mean),
    }
}

fn seat_view(
    seat: Seat,
    known: Option<agent::Agent>,
    since: DateTime<Utc>,
    spells: &[agent::SpellSum],
) -> SeatView {
    let user_id = *seat.user.as_uuid();
    let spent = |states: &[&str]| {
        let mine = spells.iter().filter(|sum| sum.user_id == user_id);
        let sum: f64 =
            mine.filter(|sum| states.contains(&sum.state.as_str())).map(|sum| sum.seconds).sum();
        sum as i64
    };
    SeatView {
        user_id,
        login: known.as_ref().map(|agent| agent.login.clone()).unwrap_or_default(),
        name: known.map(|agent| agent.display_name).unwrap_or_default(),
        state: seat.state.as_str(),
        paused: seat.paused.map(crate::domain::acd::Pause::as_str),
        since,
        call_id: seat.call.map(|call| *call.as_uuid()),
        calls_taken: seat.calls_taken,
        queues: seat.queues,
        talk_s: spent(&["talking", "holding"]),
        wrap_up_s: spent(&["wrap_up"]),
        pause_s: spent(&["paused"]),
    }
}

fn call_view(live: LiveCall) -> BoardCallView {
    BoardCallView {
        call_id: *live.call.as_uuid(),
        direction: if live.is_outbound { "outbound" } else { "inbound" },
        state: live.state,
        number: mask::number(live.remote.reveal()),
        name: live.name.map(|name| name.reveal().clone()),
        queue: live.queue,
        since: live.since,
        answered_at: live.answered_at,
        patient_held: live.patient_held,
        parties: live.room.iter().map(PartyView::from).collect(),
    }
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SuperviseWord {
    /// 监听
    Listen,
    /// 密语
    Whisper,
    /// 强插
    Barge,
    /// 接管: of who is in the call already.
    TakeOver,
    /// The supervisor leaves again.
    Leave,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SuperviseAsk {
    r#as: SuperviseWord,
}

/// The own phone rings, and hears. It is written down before the first word.
#[utoipa::path(post, path = "/api/board/calls/{id}/supervise", tag = "board",
    params(("id" = Uuid, Path)), request_body = SuperviseAsk, responses((status = 204)))]
async fn supervise(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<SuperviseAsk>,
) -> Result<StatusCode> {
    let core = &site.core;
    let mut scope = signed.scope(&site).await?;
    if !call::visible(&mut scope, &[id]).await?.contains(&id) {
        return Err(Problem::not_found("call"));
    }
    drop(scope);
    let wish = match ask.r#as {
        SuperviseWord::Listen => DeskAct::Supervise(Part::Listener),
        SuperviseWord::Whisper => DeskAct::Supervise(Part::Whisperer),
        SuperviseWord::Barge => DeskAct::Supervise(Part::Barger),
        SuperviseWord::TakeOver => DeskAct::Plain(Act::TakeOver),
        SuperviseWord::Leave => DeskAct::Plain(Act::HangUp),
    };
    let by: UserId = signed.0.user;
    let done = engine::act_in(core, by, CallId::from_uuid(id), wish).await;
    done.map_err(|error| match error {
        ActError::NotYours => Problem::forbidden(&error.to_string()),
        _ => Problem::conflict(error.to_string()),
    })?;
    Ok(StatusCode::NO_CONTENT)
}
