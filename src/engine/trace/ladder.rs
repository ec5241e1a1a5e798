//! The ladder as text: us on the left, each peer in a column of its own, time downwards.

use std::fmt::Write;

use chrono_tz::Tz;

use super::{RtpFacts, Trace, TraceMessage};
use crate::domain::Said;

/// `english`: the explanation's language; else Chinese.
pub fn ladder(trace: &Trace, zone: Tz, english: bool) -> String {
    let mut out = String::new();
    let began = trace.began_at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S%.3f %:z");
    let trunk = trace.trunk.as_deref().unwrap_or("-");
    let _ = writeln!(out, "call {}  trunk {trunk}  0 ms = {began}\n", trace.call);
    let peers = peers(&trace.messages);
    if trace.messages.is_empty() {
        out.push_str("no message of this call is kept\n");
    } else {
        let mut head = format!("{:>9}  {:<US$}", "ms", "us");
        for peer in &peers {
            let _ = write!(head, "{peer:<LANE$}");
        }
        let _ = writeln!(out, "{}", head.trim_end());
    }
    for message in &trace.messages {
        let lane = peers.iter().position(|peer| *peer == peer_of(message)).unwrap_or_default();
        let _ = writeln!(out, "{:>9}  {}", message.after_ms, arrow(message, lane));
    }
    for rtp in &trace.rtp {
        let _ = write!(out, "\n{}", sound(rtp));
    }
    let say = |said: &Said| if english { said.en.clone() } else { said.zh.clone() };
    let explanation = &trace.explanation;
    let _ = write!(out, "\n\n{}\n", if english { "Why" } else { "说明" });
    for fact in &explanation.facts {
        let _ = writeln!(out, "  {}", say(fact));
    }
    let names = match english {
        true => ["rule", "outcome", "task"],
        false => ["规则", "结果", "任务"],
    };
    let rest = [&explanation.rule, &explanation.outcome, &explanation.next];
    for (name, said) in names.into_iter().zip(rest) {
        if let Some(said) = said {
            let _ = writeln!(out, "  {name}: {}", say(said));
        }
    }
    out
}

fn peers(messages: &[TraceMessage]) -> Vec<String> {
    let mut peers = Vec::new();
    for message in messages {
        let peer = peer_of(message);
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    peers
}

fn peer_of(message: &TraceMessage) -> String {
    format!("{} {} {}", message.role, message.transport, message.remote)
}

/// `|---- INVITE (SDP) · 1 INVITE ---->|`, as long as the peer's column is far.
fn arrow(message: &TraceMessage, lane: usize) -> String {
    let mut words = message.title.clone();
    if message.has_sdp {
        words.push_str(" (SDP)");
    }
    let _ = write!(words, " · {} {}", message.cseq, message.method);
    if message.is_repeat {
        words.push_str(" · again");
    }
    if message.is_cut {
        words.push_str(" · cut");
    }
    let width = (US + LANE * (lane + 1)).saturating_sub(4).max(words.chars().count() + 8);
    let line = width.saturating_sub(words.chars().count() + 3);
    let (left, right) = (line / 2, line - line / 2);
    match message.is_ours {
        true => format!("|{} {words} {}>|", "-".repeat(left), "-".repeat(right)),
        false => format!("|<{} {words} {}|", "-".repeat(left), "-".repeat(right)),
    }
}

fn sound(rtp: &RtpFacts) -> String {
    let of = |value: Option<i64>| value.map_or("-".to_owned(), |ms| format!("{ms} ms"));
    format!(
        "RTP {}: {}  sent {}  received {}  lost {}  jitter {:.1} ms  longest gap {}  round trip {}  \
         first packet {} after the answer",
        rtp.role,
        rtp.codec.as_deref().unwrap_or("-"),
        rtp.packets_sent,
        rtp.packets_received,
        rtp.packets_lost,
        rtp.jitter_ms,
        of(rtp.gap_max_ms.map(i64::from)),
        of(rtp.round_trip_ms.map(i64::from)),
        of(rtp.first_after_answer_ms),
    )
}

/// Characters of our own column, and of each peer's.
const US: usize = 14;
const LANE: usize = 48;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        base::CallId,
        domain::Explanation,
        engine::{Clock as _, SystemClock},
    };

    pub(in crate::engine::trace) fn message(
        is_ours: bool,
        title: &str,
        after_ms: i64,
    ) -> TraceMessage {
        let at = chrono::DateTime::from_timestamp_millis(1_736_129_700_000 + after_ms);
        TraceMessage {
            at: at.unwrap(),
            after_ms,
            is_ours,
            transport: "udp".to_owned(),
            local: "10.0.0.1:5060".to_owned(),
            remote: "10.0.0.2:5080".to_owned(),
            role: "patient".to_owned(),
            sip_call_id: "c".to_owned(),
            status: None,
            cseq: 1,
            method: "INVITE".to_owned(),
            title: title.to_owned(),
            has_sdp: false,
            is_repeat: false,
            is_cut: false,
            text: format!("{title} sip:a SIP/2.0\r\n\r\n"),
        }
    }

    pub(in crate::engine::trace) fn trace(messages: Vec<TraceMessage>) -> Trace {
        let at = SystemClock.wall();
        Trace {
            call: CallId::new(at),
            is_outbound: true,
            trunk: None,
            began_at: messages.first().map_or(at, |first| first.at),
            answered_at: None,
            ended_at: None,
            messages,
            rtp: Vec::new(),
            explanation: Explanation::default(),
        }
    }

    #[test]
    fn each_peer_has_a_column_and_each_message_an_arrow_to_it() {
        let first = TraceMessage { has_sdp: true, ..message(true, "INVITE", 0) };
        let agent = TraceMessage {
            role: "agent".to_owned(),
            remote: "10.0.0.3:5060".to_owned(),
            is_repeat: true,
            ..message(true, "INVITE", 950)
        };
        let text = ladder(
            &trace(vec![first, message(false, "180 Ringing", 40), agent]),
            Tz::Asia__Shanghai,
            true,
        );
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].ends_with("0 ms = 2025-01-06 10:15:00.000 +08:00"), "{text}");
        let (near, far) =
            (lines[2].find("patient udp").unwrap(), lines[2].find("agent udp").unwrap());
        assert!(lines[3].starts_with("        0  |--") && lines[3].ends_with(">|"), "{text}");
        assert!(lines[3].contains(" INVITE (SDP) · 1 INVITE "), "{text}");
        assert!(lines[4].starts_with("       40  |<--") && lines[4].ends_with("-|"), "{text}");
        assert!(lines[5].contains(" · again "), "{text}");
        let width = |line: &str| line.chars().count();
        assert!(near < width(lines[3]) && width(lines[3]) < far && far < width(lines[5]), "{text}");
        let empty = ladder(&trace(Vec::new()), Tz::Asia__Shanghai, false);
        assert!(empty.contains("no message of this call is kept") && empty.contains("说明"));
    }
}
