//! What a call costs that is only set up and ended: INVITE, 200, ACK, BYE, 200 over UDP on
//! loopback, through the signalling that the server runs, its gate included, with a task a call.
//! The callers are another program: `sipload` where SUIFANG_SIPLOAD names it, else sipp.
#![expect(clippy::unwrap_used, reason = "what a bench needs and does not get ends it")]

use std::{
    collections::HashSet,
    net::SocketAddr,
    process::{Command as Program, Stdio},
    sync::Arc,
    time::Duration,
};

use nix::sys::resource::{UsageWho, getrusage};
use suifang::{
    base::Machine,
    engine::{
        Clock, Incoming, Mailbox, SignallingConfig, SignallingHandle, SystemClock, start_signalling,
    },
    sip::{
        endpoint::{Interface, InterfaceId},
        gate::GateConfig,
        invite::{Command, InboundLeg, Input, Leg, Output},
        message::Transport,
        sdp::{Codec, LocalMedia},
    },
};
use tokio::sync::mpsc;

const SERVER: &str = "127.0.7.3:5060";
const CALLER: &str = "127.0.7.1";

#[tokio::main]
async fn main() {
    let server: SocketAddr = SERVER.parse().unwrap();
    let interfaces = vec![Interface::plain(InterfaceId(0), Transport::Udp, server)];
    let config = SignallingConfig {
        gate: Some(GateConfig::default()),
        ..SignallingConfig::new(interfaces, "bench".to_owned(), 1)
    };
    let (incoming, calls) = mpsc::channel(512);
    let (handle, _) = start_signalling(config, Arc::new(SystemClock), incoming).await.unwrap();
    handle.doors().set_trunks(HashSet::from([CALLER.parse().unwrap()]));
    tokio::spawn(answer(handle.clone(), calls));
    for rate in [500, 2_000, 4_000] {
        let (before, began) = (cpu_s(), SystemClock.instant());
        let (done, failed) = tokio::task::block_in_place(|| generate(rate));
        let took = (SystemClock.instant() - began).as_secs_f64();
        let each_ms = 1000.0 * (cpu_s() - before) / (done + failed).max(1) as f64;
        let (refused, dropped) = handle.doors().turned_away();
        println!(
            "{rate:>5} calls/s offered {done:>7} done {failed:>6} not {:>7.0} done/s \
             {each_ms:>7.3} ms CPU a call  (gate so far: {refused} × 503, {dropped} dropped)",
            done as f64 / took
        );
        // The last transactions absorb what comes again for 32 s; the next rate finds none.
        tokio::time::sleep(Duration::from_secs(33)).await;
        let open = handle.counters().await.unwrap().open;
        // A caller that gave up sent no BYE; the server itself ends such a call for want of sound.
        println!("      33 s later: {} transactions, {} dialogs", open.transactions, open.dialogs);
    }
}

async fn answer(handle: SignallingHandle, mut calls: mpsc::Receiver<Incoming>) {
    while let Some(call) = calls.recv().await {
        let handle = handle.clone();
        tokio::spawn(async move {
            let mailbox = handle.open().await.unwrap();
            serve(handle, mailbox, call).await;
        });
    }
}

/// A call's task, without its decisions.
async fn serve(handle: SignallingHandle, mut mailbox: Mailbox, call: Incoming) {
    let now = || SystemClock.instant();
    let media = LocalMedia {
        rtp: SocketAddr::from(([127, 0, 7, 3], 40_000)),
        rtcp: None,
        codecs: vec![Codec::Pcma],
        telephone_event: Some(101),
        ptime_ms: 20,
        srtp: None,
    };
    let mut leg = Leg::inbound(
        InboundLeg {
            owner: mailbox.owner,
            transaction: call.transaction,
            request: *call.request,
            flow: call.flow,
            media,
            credentials: None,
            session_timer: None,
        },
        mailbox.owner.0,
    );
    leg.handle_input(Input::Command(Command::Answer), now());
    loop {
        while let Some(output) = leg.poll_output() {
            if let Output::ToEndpoint(input) = output {
                handle.send(input).await.unwrap();
            }
        }
        if leg.is_over() {
            return;
        }
        let wait = leg.poll_timeout().map(|at| at.saturating_duration_since(now()));
        tokio::select! {
            event = mailbox.recv() => match event {
                Some(event) => leg.handle_input(Input::Event(event), now()),
                None => return,
            },
            () = tokio::time::sleep(wait.unwrap_or(Duration::from_secs(60))) => {
                leg.handle_timeout(now());
            }
        }
    }
}

/// Ten seconds of calls; those done and those that were not.
fn generate(rate: usize) -> (usize, usize) {
    let total = rate * 10;
    let (rate, total_text) = (rate.to_string(), total.to_string());
    let done = match std::env::var("SUIFANG_SIPLOAD") {
        Ok(sipload) => {
            let to = format!("sip:1000@{SERVER}");
            let output = Program::new(sipload)
                .args(["call", "--to", &to, "--bind", &format!("{CALLER}:5070"), "--no-media"])
                .args(["--duration", "0", "--rate", &rate, "--total", &total_text])
                .args(["--concurrent", "20000"])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            println!("{}", text.trim());
            let said: serde_json::Value = serde_json::from_str(&text).unwrap();
            said["completed"].as_u64().unwrap_or_default() as usize
        }
        Err(_) => {
            let output = Program::new("sipp")
                .args(["-sn", "uac", "-d", "0", SERVER, "-i", CALLER, "-p", "5070", "-nostdin"])
                .args(["-r", &rate, "-m", &total_text, "-l", "20000", "-timeout", "60"])
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let line = text.lines().rfind(|line| line.contains("Successful call"));
            let count = line.and_then(|line| line.split('|').nth(2)?.trim().parse().ok());
            count.unwrap_or_default()
        }
    };
    (done, total.saturating_sub(done))
}

/// Seconds of CPU of all threads of this process; the callers are another one.
fn cpu_s() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1_000_000.0;
    seconds(usage.user_time()) + seconds(usage.system_time())
}
