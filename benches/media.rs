//! What a leg costs each 20 ms, against its bare packets; and the parts of it.
#![expect(clippy::unwrap_used, reason = "what a bench needs and does not get ends it")]

mod ruler;

use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use ruler::{seconds, tell};
use suifang::{
    engine::{Clock, ManualClock, MediaHandle, MediaSettings, MediaThreads, OpenLeg, PortPool},
    media::{Codec, Direction, FRAME, KeyDetector, PlayId, Prompt, Remote, SpeechDetector, mix},
};

const LEGS: usize = 100;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn main() {
    parts();
    let bare = bare_packet();
    for (name, detects, plays) in [
        ("silence", false, false),
        ("a prompt", false, true),
        ("a prompt and detectors", true, true),
    ] {
        let tick = tick(detects, plays);
        let what = format!("a leg's tick, {LEGS} legs, {name}");
        // Fifty ticks a second and leg on one core.
        tell(&what, 1.0 / tick / 50.0, "legs a core", tick, ("send and receive", bare));
    }
}

/// A frame through each part, against copying it.
fn parts() {
    let frame: [i16; FRAME] =
        std::array::from_fn(|n| (n as f32 * 0.7).sin().mul_add(9000.0, 0.0) as i16);
    let mut copy = [0_i16; FRAME];
    let bare = seconds(|| {
        copy.copy_from_slice(black_box(&frame));
        black_box(&copy);
    });
    let octets = Codec::Pcma.encode_frame(&frame);
    let mut keys = KeyDetector::default();
    let mut speech = SpeechDetector::default();
    let tell_frame = |what: &str, took: f64| {
        tell(what, 1.0 / took, "frames/s", took, ("copying it", bare));
    };
    tell_frame(
        "PCMA: encoded",
        seconds(|| {
            black_box(Codec::Pcma.encode_frame(black_box(&frame)));
        }),
    );
    tell_frame(
        "PCMA: decoded",
        seconds(|| {
            black_box(Codec::Pcma.decode_frame(black_box(&octets)));
        }),
    );
    tell_frame(
        "keys in the sound (Goertzel)",
        seconds(|| {
            black_box(keys.push(black_box(&frame)));
        }),
    );
    tell_frame(
        "speech detector",
        seconds(|| {
            black_box(speech.push(black_box(&frame), false));
        }),
    );
    tell_frame(
        "three legs mixed",
        seconds(|| {
            black_box(mix(black_box([&frame, &frame, &frame].into_iter())));
        }),
    );
}

/// 172 bytes sent over the loopback and read again.
fn bare_packet() -> f64 {
    let (one, other) = (UdpSocket::bind((HERE, 0)).unwrap(), UdpSocket::bind((HERE, 0)).unwrap());
    let to = other.local_addr().unwrap();
    let (packet, mut buffer) = ([0x80; 172], [0; 2048]);
    seconds(|| {
        one.send_to(&packet, to).unwrap();
        black_box(other.recv_from(&mut buffer).unwrap());
    })
}

/// Seconds for one tick of one leg: sockets, jitter buffer, sound, packet.
fn tick(detects: bool, plays: bool) -> f64 {
    let clock = Arc::new(ManualClock::starting_at(chrono::DateTime::UNIX_EPOCH));
    let settings = MediaSettings { threads: 1, ..MediaSettings::default() };
    let (threads, mut steppers) = MediaThreads::by_hand(settings, clock.clone());
    let ports = PortPool::new(52_000..=53_999);
    let mut legs: Vec<(MediaHandle, _)> = Vec::new();
    for _ in 0..LEGS {
        let (events, news) = tokio::sync::mpsc::channel(64);
        let open = OpenLeg { bind: HERE, ports: &ports, learns_any: false, events, beside: None };
        legs.push((threads.open(open).unwrap(), news));
    }
    let prompt = Prompt::new(
        (0..80_000).map(|n| ((n as f32 * 0.3).sin() * 5000.0) as i16).collect::<Vec<_>>(),
    );
    for pair in legs.chunks(2) {
        for (one, other) in [(&pair[0].0, &pair[1].0), (&pair[1].0, &pair[0].0)] {
            one.configure(remote(other.rtp_port())).unwrap();
            one.detect_keys_in_band(detects).unwrap();
            one.detect_tones(detects).unwrap();
            if plays {
                one.play(PlayId(1), vec![prompt.clone().into()], true).unwrap();
            }
        }
    }
    // One turn of the wheel: every leg once.
    let turn = seconds(|| {
        for _ in 0..20 {
            clock.advance(Duration::from_millis(1));
            steppers[0].step(clock.instant());
        }
    });
    turn / LEGS as f64
}

fn remote(port: u16) -> Remote {
    Remote {
        codec: Codec::Pcma,
        payload_type: 8,
        event_payload_type: Some(101),
        rtp: SocketAddr::new(HERE, port),
        rtcp: None,
        direction: Direction::SendRecv,
        srtp: None,
    }
}
