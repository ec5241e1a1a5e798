//! Odd and hostile carriers and callers, each a script of sipp in tests/data/sipp/odd, all
//! against one server. A script checks what we say on the wire; the table, what we make of it.

use std::{
    collections::BTreeSet,
    fmt::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use suifang::engine::{Clock as _, SystemClock};

use super::installed;
use crate::support::{Stage, free_port, manifest, said, until};

/// How we reach the odd carrier.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// As a phone: fifty seconds of patience, nothing to prove.
    Address,
    /// A trunk that gives up after a second.
    Impatient,
    /// A trunk with a name and a password, of realm `carrier`.
    Proven,
}

const ANSWERED: &str = "answered, SIP status 200";

const OUT: &[(&str, By, &str)] = &[
    ("answer", By::Address, ANSWERED),
    ("no_provisional", By::Address, ANSWERED),
    ("180_after_183", By::Address, ANSWERED),
    ("180_with_sdp", By::Address, ANSWERED),
    ("183_without_sdp", By::Address, ANSWERED),
    ("183_without_rtp", By::Address, ANSWERED),
    ("181_182_199", By::Address, ANSWERED),
    ("180_without_tag", By::Address, ANSWERED),
    ("180_many", By::Address, ANSWERED),
    ("prack", By::Address, ANSWERED),
    ("prack_demanded", By::Address, ANSWERED),
    ("prack_twice", By::Address, ANSWERED),
    ("prack_repeated", By::Address, ANSWERED),
    ("prack_refused", By::Address, ANSWERED),
    ("update_early", By::Address, ANSWERED),
    ("update_early_bare", By::Address, ANSWERED),
    ("refused_486", By::Address, "not answered, SIP status 486"),
    ("refused_480", By::Address, "not answered, SIP status 480"),
    ("refused_404", By::Address, "not answered, SIP status 404"),
    ("refused_403", By::Address, "not answered, SIP status 403"),
    ("refused_410", By::Address, "not answered, SIP status 410"),
    ("refused_500", By::Address, "not answered, SIP status 500"),
    ("refused_603", By::Address, "not answered, SIP status 603"),
    ("refused_606", By::Address, "not answered, SIP status 606"),
    ("refused_488", By::Address, "not answered, SIP status 488"),
    ("refused_491", By::Address, "not answered, SIP status 491"),
    ("refused_699", By::Address, "not answered, SIP status 699"),
    ("refused_reason", By::Address, "not answered, SIP status 603"),
    ("503_retry_after", By::Address, "not answered, SIP status 503"),
    ("redirect_302", By::Address, "not answered, SIP status 302"),
    ("rings_then_busy", By::Address, "not answered, SIP status 486"),
    ("trying_then_480", By::Address, "not answered, SIP status 480"),
    ("407_nobody", By::Address, "not answered, SIP status 407"),
    ("422", By::Address, ANSWERED),
    ("422_without_min_se", By::Address, "not answered, SIP status 422"),
    ("200_without_sdp", By::Address, "not answered, SIP status 200"),
    ("200_no_codec", By::Address, "not answered, SIP status 200"),
    ("200_again", By::Address, ANSWERED),
    ("200_video", By::Address, ANSWERED),
    ("200_holds", By::Address, ANSWERED),
    ("200_pcmu", By::Address, ANSWERED),
    ("fork_early", By::Address, ANSWERED),
    ("fork_two_answers", By::Address, ANSWERED),
    ("cancel", By::Impatient, "not answered, SIP status 487"),
    ("cancel_crosses_200", By::Impatient, "not answered, SIP status 200"),
    ("cancel_481", By::Impatient, "not answered, SIP status 200"),
    ("late_ring", By::Impatient, "not answered, SIP status 487"),
    ("late_answer", By::Impatient, "not answered, SIP status 200"),
    ("auth_407", By::Proven, ANSWERED),
    ("auth_401", By::Proven, ANSWERED),
    ("auth_stale", By::Proven, ANSWERED),
    ("auth_for_ever", By::Proven, "not answered, SIP status 407"),
    ("auth_same_nonce", By::Proven, "not answered, SIP status 407"),
    ("auth_wrong_realm", By::Proven, "not answered, SIP status 407"),
    ("auth_sha256", By::Proven, ANSWERED),
    ("auth_basic", By::Proven, "not answered, SIP status 407"),
    ("hold_sendonly", By::Address, ANSWERED),
    ("hold_inactive", By::Address, ANSWERED),
    ("hold_zero", By::Address, ANSWERED),
    ("reinvite_codec", By::Address, ANSWERED),
    ("reinvite_no_codec", By::Address, ANSWERED),
    ("reinvite_without_contact", By::Address, ANSWERED),
    ("info_relay", By::Address, ANSWERED),
    ("info_plain", By::Address, ANSWERED),
    ("info_empty", By::Address, ANSWERED),
    ("options_in_dialog", By::Address, ANSWERED),
    ("update_in_dialog", By::Address, ANSWERED),
    ("refer", By::Address, ANSWERED),
    ("notify", By::Address, ANSWERED),
    ("unknown_method", By::Address, ANSWERED),
    ("bye_after_end", By::Address, ANSWERED),
    ("bye_reason", By::Address, ANSWERED),
    ("old_cseq", By::Address, ANSWERED),
    ("foreign_tag", By::Address, ANSWERED),
];

/// Who calls us; the scripts say what they must hear.
const IN: &[&str] = &[
    "call",
    "invite_again",
    "delayed_offer",
    "hold",
    "ack_late",
    "no_codec",
    "require_unknown",
    "require_100rel",
    "short_timer",
    "timer",
    "tel_uri",
    "body_unknown",
    "without_max_forwards",
    "too_many_hops",
    "without_contact",
    "options",
    "unknown_method",
    "subscribe",
    "bye_stray",
    "prack_stray",
    "cancel_stray",
    "update",
    "options_in_dialog",
    "offer_held",
    "compact",
    "register_unknown",
];

#[test]
fn f028_odd_carriers_and_callers_are_dealt_with_as_the_rfcs_say() {
    if !installed("sipp", OUT.len() + IN.len()) {
        return;
    }
    let ports: Vec<u16> = OUT.iter().map(|_| free_port()).collect();
    let mut stage = Stage::new("odd", &trunks(&ports));
    stage.start();
    let began = SystemClock.instant();
    let failures = Mutex::new(Vec::new());
    let jobs: Vec<_> = (0..OUT.len()).map(Ok).chain((0..IN.len()).map(Err)).collect();
    let next = Mutex::new(jobs.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(job) = next.lock().unwrap().next() else { return };
                    let done = match job {
                        Ok(at) => called(&stage, OUT[at], ports[at]),
                        Err(at) => calls(&stage, IN[at]),
                    };
                    if let Err(what) = done {
                        failures.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let count = OUT.len() + IN.len();
    println!("{count} scripts of sipp in {:.0} s", (SystemClock.instant() - began).as_secs_f64());
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n\n"));
    // Nothing is left of any of them, and those that picked up too late were counted.
    let is_over = || metric(&stage, "calls_active") == "0";
    assert!(until(Duration::from_secs(90), is_over), "{}", metric(&stage, "calls_active"));
    assert_eq!(metric(&stage, "sip_late_answers_total"), "3");
}

fn metric(stage: &Stage, name: &str) -> String {
    let url = format!("http://127.0.0.1:{}/metrics", stage.web_port);
    let text = ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap();
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_default().rsplit(' ').next().unwrap_or_default().to_owned()
}

/// No script is forgotten, and none is named that is not there.
#[test]
fn each_script_of_an_odd_peer_stands_in_the_table() {
    let named = OUT.iter().map(|(name, ..)| format!("out_{name}.xml"));
    let named: BTreeSet<_> = named.chain(IN.iter().map(|name| format!("in_{name}.xml"))).collect();
    let there = std::fs::read_dir(scripts()).unwrap();
    let there: BTreeSet<_> =
        there.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(named, there);
}

fn scripts() -> PathBuf {
    manifest().join("tests/data/sipp/odd")
}

fn trunks(ports: &[u16]) -> String {
    // The trunk of the stage leads nowhere.
    let mut text = "profile = { options_interval_s = 0 }\n".to_owned();
    for ((name, by, _), port) in OUT.iter().zip(ports) {
        let habits = match by {
            By::Address => continue,
            By::Impatient => {
                "profile = { options_interval_s = 0, ring_timeout_s = 1, no_response_s = 1 }"
            }
            By::Proven => {
                "username = \"hospital\"\nauth_username = \"impi@carrier\"\npassword = \"secret\"\nrealm = \"carrier\"\n\
                 profile = { options_interval_s = 0 }"
            }
        };
        let _ = write!(
            text,
            "[[trunk]]\nname = \"{name}\"\npeer = \"127.0.0.1:{port}\"\n\
             caller_number = \"05925027064\"\n{habits}\n"
        );
    }
    text
}

fn sipp(stage: &Stage, script: &str, port: u16) -> Command {
    let mut sipp = Command::new("sipp");
    sipp.arg("-sf")
        .arg(scripts().join(format!("{script}.xml")))
        .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-m", "1", "-nostdin", "-trace_err"])
        .args(["-p", &port.to_string(), "-timeout", "60", "-timeout_error", "-error_file"])
        .arg(stage.folder.join(format!("{script}.err")))
        .current_dir(&stage.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    sipp
}

/// The server calls the odd carrier.
fn called(stage: &Stage, (name, by, expected): (&str, By, &str), port: u16) -> Result<(), String> {
    let script = format!("out_{name}");
    let mut peer = sipp(stage, &script, port).spawn().unwrap();
    let bound = || std::net::UdpSocket::bind(("127.0.0.1", port)).is_err();
    until(Duration::from_secs(30), bound);
    let output = match by {
        By::Address => {
            let address = format!("sip:patient@127.0.0.1:{port}");
            stage.run(&["call", &address, "--dialplan", "ring_test"])
        }
        By::Impatient | By::Proven => {
            stage.run(&["call", "13800138000", "--trunk", name, "--dialplan", "ring_test"])
        }
    };
    let told = said(&output);
    let ended = until(Duration::from_secs(61), || peer.try_wait().unwrap().is_some());
    if !ended {
        let _ = peer.kill();
    }
    let status = peer.wait().unwrap();
    let is_as_told = told.lines().any(|line| line.trim_start().starts_with(expected));
    if status.success() && is_as_told {
        return Ok(());
    }
    Err(format!("{script}: {told}\n{}", why(stage, &script)))
}

/// The odd caller calls the server.
fn calls(stage: &Stage, name: &str) -> Result<(), String> {
    let script = format!("in_{name}");
    let mut peer = sipp(stage, &script, free_port());
    let peer = peer.args(["-s", "1000", &format!("127.0.0.1:{}", stage.sip_port)]);
    if peer.status().unwrap().success() {
        return Ok(());
    }
    Err(format!("{script}:\n{}", why(stage, &script)))
}

fn why(stage: &Stage, script: &str) -> String {
    let file = stage.folder.join(format!("{script}.err"));
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.chars().take(1500).collect()
}

/// A script mostly waits; six do it side by side.
const AT_ONCE: usize = 6;
