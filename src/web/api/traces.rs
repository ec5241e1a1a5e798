//! The signalling of one call: its messages, what its sound was like, and why it came to what it
//! came to. For the module `signalling`; whole numbers, names and keys for `clear` beside it.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::patients::ClearAsk;
use crate::{
    base::CallId,
    domain::{Explanation, Said},
    engine::{Reading, RtpFacts, Trace, TraceMessage, read_trace},
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::Result,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(trace)).routes(routes!(trace_in_clear))
}

#[derive(Serialize, ToSchema)]
struct TraceView {
    call_id: Uuid,
    /// Of the first message; of the call, where none is kept.
    began_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// For how many days messages are kept; 0: they are not.
    kept_days: u32,
    /// Numbers, names and keys are whole.
    in_clear: bool,
    /// In the order in which they passed.
    messages: Vec<TraceMessageView>,
    /// Of each leg that has ended.
    rtp: Vec<RtpView>,
    explanation: ExplanationView,
}

#[derive(Serialize, ToSchema)]
struct TraceMessageView {
    at: DateTime<Utc>,
    /// Since the first message.
    after_ms: i64,
    /// We sent it.
    is_ours: bool,
    /// `udp`, `tcp` or `tls`.
    transport: String,
    /// Our address and port.
    local: String,
    /// The peer's.
    remote: String,
    /// Of which leg: `patient`, `agent` and so on.
    role: String,
    sip_call_id: String,
    /// Absent: a request.
    status: Option<u16>,
    cseq: i64,
    /// Of CSeq.
    method: String,
    /// `INVITE`, `180 Ringing`.
    title: String,
    has_sdp: bool,
    /// The same bytes went the same way before.
    is_repeat: bool,
    /// Longer than is kept.
    is_cut: bool,
    text: String,
}

#[derive(Serialize, ToSchema)]
struct RtpView {
    role: String,
    codec: Option<String>,
    packets_sent: i64,
    packets_received: i64,
    packets_lost: i64,
    jitter_ms: f32,
    /// The longest time without a packet.
    gap_max_ms: Option<i32>,
    round_trip_ms: Option<i32>,
    /// From the answer to the first packet; negative: before the answer.
    first_after_answer_ms: Option<i64>,
}

/// One sentence in both languages of the page.
#[derive(Serialize, ToSchema)]
struct SaidView {
    zh: String,
    en: String,
}

#[derive(Serialize, ToSchema)]
struct ExplanationView {
    facts: Vec<SaidView>,
    /// Which rule made the outcome of the facts.
    rule: Option<SaidView>,
    outcome: Option<SaidView>,
    /// What became of the task.
    next: Option<SaidView>,
}

/// Numbers keep their last four digits, names and bodies that are no SDP are left out.
#[utoipa::path(get, path = "/api/calls/{id}/trace", tag = "calls", params(("id" = Uuid, Path)),
    responses((status = 200, body = TraceView)))]
async fn trace(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<TraceView>> {
    let by = &signed.0.principal;
    let reading = Reading { by, did: "traced", reason: None, in_clear: false };
    read(&site, id, reading).await
}

/// As the wire had it, but for credentials and keys of sound, which are not kept.
#[utoipa::path(post, path = "/api/calls/{id}/trace/clear", tag = "calls",
    params(("id" = Uuid, Path)), request_body = ClearAsk,
    responses((status = 200, body = TraceView)))]
async fn trace_in_clear(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<ClearAsk>,
) -> Result<Json<TraceView>> {
    signed.may_see_clear()?;
    let reason = ask.reason()?;
    let by = &signed.0.principal;
    let reading = Reading { by, did: "unmasked", reason: Some(&reason), in_clear: true };
    read(&site, id, reading).await
}

async fn read(site: &Shared, id: Uuid, reading: Reading<'_>) -> Result<Json<TraceView>> {
    let core = &site.core;
    let config = core.config();
    let (zone, at) = (config.hospital.timezone, core.clock.wall());
    let trace = read_trace(&core.app, CallId::from_uuid(id), reading, zone, at).await?;
    let kept_days = config.limits.sip_lab_days;
    Ok(Json(view(id, trace, kept_days, reading.in_clear)))
}

fn view(call_id: Uuid, trace: Trace, kept_days: u32, in_clear: bool) -> TraceView {
    TraceView {
        call_id,
        began_at: trace.began_at,
        answered_at: trace.answered_at,
        ended_at: trace.ended_at,
        kept_days,
        in_clear,
        messages: trace.messages.into_iter().map(message).collect(),
        rtp: trace.rtp.into_iter().map(rtp).collect(),
        explanation: explanation(trace.explanation),
    }
}

fn message(message: TraceMessage) -> TraceMessageView {
    TraceMessageView {
        at: message.at,
        after_ms: message.after_ms,
        is_ours: message.is_ours,
        transport: message.transport,
        local: message.local,
        remote: message.remote,
        role: message.role,
        sip_call_id: message.sip_call_id,
        status: message.status,
        cseq: message.cseq,
        method: message.method,
        title: message.title,
        has_sdp: message.has_sdp,
        is_repeat: message.is_repeat,
        is_cut: message.is_cut,
        text: message.text,
    }
}

fn rtp(rtp: RtpFacts) -> RtpView {
    RtpView {
        role: rtp.role,
        codec: rtp.codec,
        packets_sent: rtp.packets_sent,
        packets_received: rtp.packets_received,
        packets_lost: rtp.packets_lost,
        jitter_ms: rtp.jitter_ms,
        gap_max_ms: rtp.gap_max_ms,
        round_trip_ms: rtp.round_trip_ms,
        first_after_answer_ms: rtp.first_after_answer_ms,
    }
}

fn explanation(explanation: Explanation) -> ExplanationView {
    let said = |said: Said| SaidView { zh: said.zh, en: said.en };
    ExplanationView {
        facts: explanation.facts.into_iter().map(said).collect(),
        rule: explanation.rule.map(said),
        outcome: explanation.outcome.map(said),
        next: explanation.next.map(said),
    }
}
