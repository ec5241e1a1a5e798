//! What is kept of one call, put together for a reader: as it was for whoever may see that, and
//! masked for everybody else.

use std::{collections::HashSet, net::SocketAddr};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::{
    app::{App, AppError, Signalling},
    base::CallId,
    domain::{
        CallFacts, Conversation, DialFacts, DialRecord, Explanation, Outcome, TaskRecord, explain,
    },
    sip::message::{masked, reason_phrase},
    store::{
        Principal,
        call::Leg,
        sip_message::{Facts, Message},
    },
};

#[derive(Clone, Debug)]
pub struct Trace {
    pub call: CallId,
    pub is_outbound: bool,
    pub trunk: Option<String>,
    /// Of the first message; of the call, where none is kept.
    pub began_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// In the order in which they passed.
    pub messages: Vec<TraceMessage>,
    /// Of each leg that has ended.
    pub rtp: Vec<RtpFacts>,
    pub explanation: Explanation,
}

#[derive(Clone, Debug)]
pub struct TraceMessage {
    pub at: DateTime<Utc>,
    /// Since the first message.
    pub after_ms: i64,
    /// We sent it.
    pub is_ours: bool,
    pub transport: String,
    /// Address and port.
    pub local: String,
    pub remote: String,
    /// Of which leg: `patient`, `agent` and so on.
    pub role: String,
    pub sip_call_id: String,
    /// Absent: a request.
    pub status: Option<u16>,
    pub cseq: i64,
    pub method: String,
    /// `INVITE`, `180 Ringing`.
    pub title: String,
    /// It carries a session description.
    pub has_sdp: bool,
    /// The same bytes went the same way before.
    pub is_repeat: bool,
    /// Longer than is kept.
    pub is_cut: bool,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct RtpFacts {
    pub role: String,
    pub codec: Option<String>,
    pub packets_sent: i64,
    pub packets_received: i64,
    pub packets_lost: i64,
    pub jitter_ms: f32,
    /// The longest time without a packet.
    pub gap_max_ms: Option<i32>,
    pub round_trip_ms: Option<i32>,
    /// From the answer to the first packet; negative: before the answer. Absent: none came, or
    /// nobody answered.
    pub first_after_answer_ms: Option<i64>,
}

/// Who reads, what the audit says of it, and whether numbers, names and keys are shown whole.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    pub by: &'a Principal,
    /// A word of the audit: `traced`, `unmasked`, `exported`.
    pub did: &'a str,
    pub reason: Option<&'a str>,
    pub in_clear: bool,
}

/// # Errors
/// When there is no such call, or none that this person may see; when the database cannot be
/// asked. Nothing is told that is not in the audit.
pub async fn read_trace(
    app: &App,
    call: CallId,
    reading: Reading<'_>,
    zone: Tz,
    at: DateTime<Utc>,
) -> Result<Trace, AppError> {
    let Reading { by, did, reason, in_clear } = reading;
    let found = app.read_signalling(by, call, (did, reason), at).await?;
    let Signalling { facts, legs, messages } = found;
    let explanation = explain(&call_facts(&facts, &legs, &messages), zone);
    let began_at = messages.first().map_or(facts.started_at, |first| first.at);
    Ok(Trace {
        call,
        is_outbound: facts.direction == "outbound",
        trunk: facts.trunk,
        began_at,
        answered_at: facts.answered_at,
        ended_at: facts.ended_at,
        messages: shown(messages, began_at, in_clear),
        rtp: legs.into_iter().map(rtp).collect(),
        explanation,
    })
}

fn shown(messages: Vec<Message>, began_at: DateTime<Utc>, in_clear: bool) -> Vec<TraceMessage> {
    let mut seen = HashSet::new();
    let repeats: Vec<_> = messages.iter().map(|m| !seen.insert((m.is_ours, &m.message))).collect();
    let messages = messages.iter().zip(repeats);
    messages.map(|(message, is_repeat)| one(message, is_repeat, began_at, in_clear)).collect()
}

fn one(row: &Message, is_repeat: bool, began_at: DateTime<Utc>, in_clear: bool) -> TraceMessage {
    let status = row.status.and_then(|status| u16::try_from(status).ok());
    TraceMessage {
        at: row.at,
        after_ms: (row.at - began_at).num_milliseconds(),
        is_ours: row.is_ours,
        transport: row.transport.clone(),
        local: row.local.clone(),
        remote: row.remote.clone(),
        role: row.role.clone(),
        // As in the text: some peers write a number into it.
        sip_call_id: if in_clear { row.sip_call_id.clone() } else { masked(&row.sip_call_id) },
        status,
        cseq: row.cseq,
        method: row.method.clone(),
        title: status.map_or_else(
            || row.method.clone(),
            |status| format!("{status} {}", reason_phrase(status)).trim_end().to_owned(),
        ),
        has_sdp: has_sdp(&row.message),
        is_repeat,
        is_cut: row.is_cut,
        text: if in_clear { row.message.clone() } else { masked(&row.message) },
    }
}

fn has_sdp(text: &str) -> bool {
    text.contains("\nv=0")
}

fn is_early_media(message: &Message) -> bool {
    !message.is_ours
        && message.status.is_some_and(|status| (180..200).contains(&status))
        && has_sdp(&message.message)
}

fn rtp(leg: Leg) -> RtpFacts {
    let first = leg.answered_at.zip(leg.first_rtp_at);
    RtpFacts {
        role: leg.role,
        codec: leg.codec,
        packets_sent: leg.packets_sent.unwrap_or_default(),
        packets_received: leg.packets_received.unwrap_or_default(),
        packets_lost: leg.packets_lost.unwrap_or_default(),
        jitter_ms: leg.jitter_ms.unwrap_or_default(),
        gap_max_ms: leg.gap_max_ms,
        round_trip_ms: leg.round_trip_ms,
        first_after_answer_ms: first.map(|(answer, first)| (first - answer).num_milliseconds()),
    }
}

fn call_facts(facts: &Facts, legs: &[Leg], messages: &[Message]) -> CallFacts {
    let leg = legs.iter().find(|leg| leg.role == "patient").or_else(|| legs.first());
    let status = |status: Option<i16>| status.and_then(|status| u16::try_from(status).ok());
    let cause = |cause: Option<i16>| cause.and_then(|cause| u8::try_from(cause).ok());
    let outcome: Option<Outcome> = facts.outcome.as_deref().and_then(|word| word.parse().ok());
    let dial = facts.answered.map(|answered| DialRecord {
        facts: DialFacts {
            sip_status: status(facts.dial_status),
            q850: cause(facts.dial_q850),
            rang: facts.rang.unwrap_or_default(),
            answered,
            we_cancelled: facts.we_cancelled.unwrap_or_default(),
            early_media: facts.early_media.as_deref().and_then(|word| word.parse().ok()),
            tone: facts.tone.as_deref().and_then(|word| word.parse().ok()),
        },
        voice_heard: facts.voice_heard.unwrap_or_default(),
        keys_given: facts.keys_given.unwrap_or_default(),
        conversation: facts.conversation.as_deref().and_then(|w| w.parse::<Conversation>().ok()),
        identity: facts.identity.as_deref().map(|word| word == "confirmed"),
        outcome,
    });
    let task = facts.task_state.as_deref().and_then(|word| word.parse().ok());
    CallFacts {
        is_outbound: facts.direction == "outbound",
        is_over: facts.ended_at.is_some(),
        was_answered: facts.answered_at.is_some(),
        end_why: facts.why.clone().or_else(|| facts.end_why.clone()),
        last_status: leg.and_then(|leg| status(leg.sip_status)),
        q850: leg.and_then(|leg| cause(leg.q850)),
        had_early_media: messages.iter().any(is_early_media),
        tried: facts.trunks_tried.as_ref().map(tried).unwrap_or_default(),
        dial,
        task: task.map(|state| TaskRecord {
            state,
            until: facts.put_off_until,
            because: facts.put_off_because.clone(),
        }),
    }
}

fn tried(trunks: &serde_json::Value) -> Vec<(String, Option<u16>)> {
    let trunks = trunks.as_array().into_iter().flatten();
    let one = |tried: &serde_json::Value| {
        let name = tried.get("trunk")?.as_str()?.to_owned();
        let status = tried.get("sip_status").and_then(serde_json::Value::as_u64);
        Some((name, status.and_then(|status| u16::try_from(status).ok())))
    };
    trunks.filter_map(one).collect()
}

/// Of a text that we have written ourselves.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}
