//! Figures for Prometheus, as text. No label comes from a peer or names a person.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write},
    sync::atomic::{AtomicU64, Ordering},
};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::Shared;
use crate::{domain::Outcome, engine::Core};

pub(super) async fn metrics(State(site): State<Shared>) -> Response {
    let mut text = Text::default();
    sip(&mut text, &site.core).await;
    calls(&mut text, &site.core);
    media(&mut text, &site.core);
    // Without a database there is nothing to say; /readyz says that.
    if let Ok(silences) = super::api::sources::silences(&site).await {
        text.head("source_silent", "gauge", "1 when a source brings nothing new for too long");
        for (source, since) in silences {
            text.row("source_silent", &[("source", &source)], u8::from(since.is_some()));
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.0).into_response()
}

async fn sip(text: &mut Text, core: &Core) {
    let Ok(counters) = core.signalling.counters().await else { return };
    text.head("sip_requests_total", "counter", "SIP requests by method and direction");
    for ((way, method), count) in &counters.requests {
        let dir = format!("{way:?}").to_lowercase();
        text.row("sip_requests_total", &[("method", method), ("dir", &dir)], count);
    }
    text.head("sip_responses_total", "counter", "SIP responses by method and class");
    let mut responses: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for ((_, class, method), count) in &counters.responses {
        *responses.entry((method.as_str(), format!("{class}xx"))).or_default() += count;
    }
    for ((method, class), count) in responses {
        text.row("sip_responses_total", &[("method", method), ("class", &class)], count);
    }
    for (name, help, value) in [
        ("sip_malformed_total", "packets that are not SIP", counters.malformed),
        ("sip_timeouts_total", "requests that nobody answered", counters.timeouts),
        ("sip_repeats_total", "requests answered again from memory", counters.repeats),
        ("sip_refused_total", "requests refused for want of room", counters.refused),
    ] {
        text.head(name, "counter", help);
        text.row(name, &[], value);
    }
    let open = counters.open;
    text.head("sip_open", "gauge", "what is held now: nothing of a call that is over may stay");
    for (what, count) in [
        ("transactions", open.transactions),
        ("dialogs", open.dialogs),
        ("timers", open.timers),
        ("connections", open.streams),
    ] {
        text.row("sip_open", &[("what", what)], count);
    }
    let (refused, dropped) = core.signalling.doors().turned_away();
    for (name, help, value) in [
        ("sip_gate_refused_total", "messages over the limit, answered with 503", refused),
        ("sip_gate_dropped_total", "messages far over the limit, dropped unanswered", dropped),
    ] {
        text.head(name, "counter", help);
        text.row(name, &[], value);
    }
    trace(text, core);
    let late = counters.late_answers + get(&core.counters.late_answers);
    text.head("sip_late_answers_total", "counter", "answers after we gave up, ended at once");
    text.row("sip_late_answers_total", &[], late);
    text.head("dialer_failed_over_total", "counter", "dials that went on by another trunk");
    text.row("dialer_failed_over_total", &[], get(&core.counters.failed_over));
    text.head("sip_trunk_up", "gauge", "1 when the trunk is registered and answers");
    for (trunk, state) in core.trunks.all() {
        text.row("sip_trunk_up", &[("trunk", &trunk)], u8::from(state.is_up()));
    }
}

/// What the SIP lab has done with the messages of calls.
fn trace(text: &mut Text, core: &Core) {
    let name = "sip_lab_messages_total";
    text.head(name, "counter", "messages of calls, by what became of their copies");
    let counters = core.signalling.trace().counters();
    for (what, counter) in [
        ("kept", &counters.kept),
        ("queue_full", &counters.dropped),
        ("of_no_call", &counters.unclaimed),
        ("too_many", &counters.too_many),
        ("not_stored", &counters.unwritten),
        ("exported", &counters.exported),
    ] {
        text.row(name, &[("what", what)], get(counter));
    }
}

fn calls(text: &mut Text, core: &Core) {
    let live = core.live.list();
    let confirmed = live.iter().filter(|call| call.answered_at.is_some()).count();
    text.head("sip_dialogs", "gauge", "dialogs of calls by state");
    text.row("sip_dialogs", &[("state", "early")], live.len() - confirmed);
    text.row("sip_dialogs", &[("state", "confirmed")], confirmed);
    text.head("calls_active", "gauge", "calls that go on now");
    text.row("calls_active", &[], live.len());
    text.head("calls_max", "gauge", "calls at once that this server takes");
    text.row("calls_max", &[], core.calls_max());
    text.head("calls_refused_total", "counter", "calls refused for want of room");
    text.row("calls_refused_total", &[], get(&core.counters.calls_refused));
    text.head("dialer_attempts_total", "counter", "ended dials by outcome");
    let counted: BTreeMap<_, _> = core.counters.outcomes().into_iter().collect();
    for outcome in Outcome::ALL {
        let count = counted.get(outcome.as_str()).copied().unwrap_or_default();
        text.row("dialer_attempts_total", &[("outcome", outcome.as_str())], count);
    }
    text.head("dialer_stopped", "gauge", "1 while all calls are stopped");
    text.row("dialer_stopped", &[], u8::from(core.is_stopped()));
}

fn media(text: &mut Text, core: &Core) {
    let counters = &core.counters;
    text.head("media_legs", "gauge", "legs that send and receive sound now");
    text.row("media_legs", &[], get(&core.media.metrics().legs));
    text.head("rtp_ports_in_use", "gauge", "pairs of RTP ports that calls hold");
    text.row("rtp_ports_in_use", &[], core.rtp_ports_in_use());
    text.head("tasks_alive", "gauge", "tasks of the server that have not ended");
    text.row("tasks_alive", &[], tokio::runtime::Handle::current().metrics().num_alive_tasks());
    for (name, help, value) in [
        ("rtp_packets_lost_total", "RTP packets that never came", &counters.rtp_lost),
        ("recording_bytes_total", "bytes of finished recordings", &counters.recording_bytes),
        (
            "srtp_forged_total",
            "packets that were not sealed with the agreed key",
            &core.media.metrics().forged,
        ),
        ("journal_failures_total", "calls ended by a full journal", &counters.journal_failures),
    ] {
        text.head(name, "counter", help);
        text.row(name, &[], get(value));
    }
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn row(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_what_prometheus_reads() {
        let mut text = Text::default();
        text.row("calls_active", &[], 3);
        text.row("sip_trunk_up", &[("trunk", "a \"b\"\\"), ("x", "y")], 1);
        assert_eq!(text.0, "calls_active 3\nsip_trunk_up{trunk=\"a \\\"b\\\"\\\\\",x=\"y\"} 1\n");
    }
}
