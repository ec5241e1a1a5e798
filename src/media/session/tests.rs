use super::*;
use crate::{
    base::epoch,
    media::{FRAME, MasterKey, Prompt, RATE, SrtpSuite, noise::Noise},
};

const A: &str = "192.0.2.1:4000";
const B: &str = "192.0.2.2:4000";

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn session(ssrc: u32, now: Instant) -> Session {
    let anchor = NtpAnchor::at_unix(now, Duration::from_secs(1_700_000_000));
    Session::new(SessionConfig {
        ssrc,
        sequence: 65_500,
        timestamp: u32::MAX - 1000,
        cname: "test".into(),
        anchor,
        rtp_timeout: Duration::from_secs(20),
        learns_any: false,
        sends_silence: true,
    })
}

fn remote(address: &str) -> Remote {
    Remote {
        codec: Codec::Pcma,
        payload_type: 8,
        event_payload_type: Some(101),
        rtp: at(address),
        rtcp: None,
        direction: Direction::SendRecv,
        srtp: None,
    }
}

#[derive(Clone, Copy, Default)]
struct Network {
    lose_percent: u64,
    jitter_ticks: u64,
    duplicate_percent: u64,
}

/// Two sessions and the air between them, in virtual time.
struct Pair {
    legs: [Session; 2],
    events: [Vec<Event>; 2],
    recorded: Vec<StereoFrame>,
    wire: Vec<(u64, usize, bool, Vec<u8>)>,
    network: Network,
    noise: Noise,
    tick: u64,
    start: Instant,
}

impl Pair {
    fn new(network: Network, seed: u64) -> Self {
        let start = epoch();
        let mut legs = [session(1, start), session(2, start)];
        legs[0].set_remote(remote(B), start);
        legs[1].set_remote(remote(A), start);
        Self {
            legs,
            events: [vec![], vec![]],
            recorded: vec![],
            wire: vec![],
            network,
            noise: Noise::new(seed),
            tick: 0,
            start,
        }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.tick * 20)
    }

    fn run(&mut self, ticks: u64) {
        for _ in 0..ticks {
            self.tick += 1;
            let now = self.now();
            for (_, to, is_rtcp, bytes) in self.wire.extract_if(.., |packet| packet.0 <= self.tick)
            {
                let from = at(if to == 1 { A } else { B });
                if is_rtcp {
                    self.legs[to].handle_rtcp(&bytes, next_port(from), now);
                } else {
                    self.legs[to].handle_rtp(&bytes, from, now);
                }
            }
            for leg in 0..2 {
                self.step(leg, now);
            }
        }
    }

    fn step(&mut self, leg: usize, now: Instant) {
        let mut out = TickOutput::default();
        self.legs[leg].tick(now, &mut out);
        for (datagram, is_rtcp) in [(&out.rtp, false), (&out.rtcp, true)] {
            let Some((to, bytes)) = datagram.get() else { continue };
            assert_eq!(to.ip(), at(if leg == 0 { B } else { A }).ip());
            let copies = 1 + u64::from(self.noise.below(100) < self.network.duplicate_percent);
            for _ in 0..copies {
                if self.noise.below(100) >= self.network.lose_percent {
                    let due = self.tick + 1 + self.noise.below(self.network.jitter_ticks + 1);
                    self.wire.push((due, 1 - leg, is_rtcp, bytes.to_vec()));
                }
            }
        }
        if leg == 0 {
            self.recorded.extend(out.recorded);
        }
        while let Some(event) = self.legs[leg].poll_event() {
            self.events[leg].push(event);
        }
    }

    fn keys(&self, leg: usize) -> String {
        let keys = self.events[leg].iter().filter_map(|event| match event {
            Event::Key(key, _) => Some(key.as_char()),
            _ => None,
        });
        keys.collect()
    }
}

fn sine(hertz: f32, ms: usize) -> Prompt {
    let samples: Vec<i16> = (0..ms * 8)
        .map(|n| (8000.0 * (std::f32::consts::TAU * hertz * n as f32 / RATE as f32).sin()) as i16)
        .collect();
    Prompt::new(samples)
}

fn keys(faces: &str) -> Vec<Key> {
    faces.chars().map(|face| Key::try_from(face).unwrap()).collect()
}

#[test]
fn keys_arrive_once_each_whatever_the_network_and_the_form() {
    const BAD: Network = Network { lose_percent: 10, jitter_ticks: 2, duplicate_percent: 10 };
    for (name, network, event_payload_type, hears_sound) in [
        ("events", Network::default(), Some(101), false),
        ("events, bad network", BAD, Some(101), false),
        ("events, and an ear", BAD, Some(101), true),
        ("sound", Network::default(), None, true),
    ] {
        for seed in 1..=20 {
            let mut pair = Pair::new(network, seed);
            let now = pair.now();
            pair.legs[0].set_remote(Remote { event_payload_type, ..remote(B) }, now);
            pair.legs[1].detect_keys_in_band(hears_sound);
            pair.run(10);
            pair.legs[0].press(keys("0123456789*#5566"));
            pair.run(220);
            assert_eq!(pair.keys(1), "0123456789*#5566", "{name}, seed {seed}");
            assert!(pair.events[0].contains(&Event::KeysPressed));
        }
    }
}

#[test]
fn a_prompt_is_played_to_its_end_and_a_stopped_one_is_said_so() {
    let mut pair = Pair::new(Network::default(), 1);
    pair.legs[0].play(PlayId(1), vec![sine(1000.0, 500).into()], false);
    pair.run(50);
    pair.legs[0].play(PlayId(2), vec![sine(1000.0, 500).into()], true);
    pair.run(50);
    pair.legs[0].stop_play();
    pair.run(1);
    let finished: Vec<_> = pair.events[0]
        .iter()
        .filter(|event| matches!(event, Event::PlayFinished { .. }))
        .copied()
        .collect();
    let expected = |id, is_complete, played_ms| Event::PlayFinished { id, is_complete, played_ms };
    assert_eq!(finished, [expected(PlayId(1), true, 500), expected(PlayId(2), false, 1000)]);
    assert!(pair.events[1].contains(&Event::SpeechStarted));
}

#[test]
fn after_the_answer_a_machine_is_heard_for_a_minute_and_no_tone_of_the_network() {
    for (answered, answers_at_s, hears) in
        [(false, 2, "busy, machine"), (true, 2, "machine"), (true, 50, "machine"), (true, 70, "")]
    {
        let mut pair = Pair::new(Network::default(), 1);
        pair.legs[0].detect_tones(true);
        if answered {
            pair.legs[0].detect_machines();
        }
        pair.legs[1].play_tone(Some(Tone::Busy));
        pair.run(answers_at_s * 50);
        pair.legs[1].play_tone(None);
        pair.legs[1].play(PlayId(1), vec![sine(2100.0, 3000).into()], false);
        pair.run(150);
        let words = pair.events[0].iter().filter_map(|event| match event {
            Event::ToneHeard(Tone::Busy) => Some("busy"),
            Event::MachineHeard(_) => Some("machine"),
            _ => None,
        });
        let words: Vec<_> = words.collect();
        assert_eq!(words.join(", "), hears, "{answered} {answers_at_s}");
    }
}

#[test]
fn both_channels_of_a_recording_keep_the_clock_when_packets_do_not_come() {
    let network = Network { lose_percent: 5, jitter_ticks: 2, ..Network::default() };
    for seed in 1..=5 {
        let mut pair = Pair::new(network, seed);
        pair.legs[0].set_tap(Tap::On);
        pair.run(50);
        pair.legs[0].play(PlayId(1), vec![sine(1000.0, 1000).into()], false);
        pair.legs[1].play(PlayId(1), vec![sine(500.0, 1000).into()], false);
        pair.run(50);
        pair.legs[0].set_tap(Tap::Paused);
        pair.run(50);
        pair.legs[0].set_tap(Tap::On);
        pair.run(50);
        assert_eq!(pair.recorded.len(), 200);
        let loud = |side: usize| {
            let is_loud = |frame: &StereoFrame| {
                frame.iter().skip(side).step_by(2).any(|sample| sample.abs() > 3000)
            };
            let first = pair.recorded.iter().position(is_loud).unwrap();
            (first, pair.recorded.iter().filter(|frame| is_loud(frame)).count())
        };
        assert_eq!(loud(1), (50, 50), "seed {seed}: ours");
        let (first, count) = loud(0);
        assert!((51..=56).contains(&first) && count >= 40, "seed {seed}: {first} {count}");
        assert!(pair.recorded[100..150].iter().all(|frame| *frame == [0; 2 * FRAME]));
    }
}

#[test]
fn strangers_are_counted_and_get_nothing() {
    let start = epoch();
    let (mut leg, mut peer) = (session(1, start), session(2, start));
    leg.set_remote(remote(B), start);
    peer.set_remote(remote(A), start);
    let mut out = TickOutput::default();
    peer.tick(start, &mut out);
    let packet = out.rtp.get().unwrap().1.to_vec();
    for stranger in ["198.51.100.7:4000", "192.0.2.9:4000"] {
        leg.handle_rtp(&packet, at(stranger), start);
        leg.handle_rtcp(&packet, at(stranger), start);
    }
    assert_eq!((leg.stats().strangers, leg.stats().received), (4, 0));
    // Behind NAT the named host sends from another port: that is where ours goes, once it
    // has spoken for half a second.
    for _ in 0..25 {
        leg.handle_rtp(&packet, at("192.0.2.2:61000"), start);
    }
    leg.tick(start, &mut out);
    assert_eq!(out.rtp.get().unwrap().0, at("192.0.2.2:61000"));
    assert_eq!((leg.stats().strangers, leg.stats().received), (28, 1));
    // The address that signalling named needs no proof.
    leg.handle_rtp(&packet, at(B), start);
    leg.tick(start, &mut out);
    assert_eq!(out.rtp.get().unwrap().0, at(B));
    leg.handle_rtp(&packet, at("192.0.2.2:61000"), start);
    assert_eq!(leg.stats().strangers, 29);
}

#[test]
fn silence_of_the_network_is_told_after_the_answer_not_while_it_rings_or_holds() {
    let mut pair = Pair::new(Network { lose_percent: 100, ..Network::default() }, 1);
    pair.run(60 * 50);
    assert_eq!(pair.events[0], []);
    let now = pair.now();
    pair.legs[0].expect_rtp(now);
    pair.run(19 * 50);
    assert_eq!(pair.events[0], []);
    pair.run(2 * 50);
    assert_eq!(pair.events[0], [Event::RtpTimeout]);
    pair.network = Network::default();
    pair.run(50);
    assert_eq!(pair.events[0][1..], [Event::FirstRtp, Event::RtpResumed]);
    pair.network.lose_percent = 100;
    let now = pair.now();
    pair.legs[0].set_direction(Direction::SendOnly, now);
    pair.run(60 * 50);
    assert_eq!(pair.events[0].len(), 3);
}

#[test]
fn nothing_is_sent_on_hold_and_audio_returns_after_it() {
    let mut pair = Pair::new(Network::default(), 1);
    for (direction, sends) in [
        (Direction::SendRecv, true),
        (Direction::RecvOnly, false),
        (Direction::Inactive, false),
        (Direction::SendOnly, true),
        (Direction::SendRecv, true),
    ] {
        let now = pair.now();
        let before = pair.legs[0].stats().sent;
        pair.legs[0].set_direction(direction, now);
        pair.run(50);
        let sent = pair.legs[0].stats().sent - before;
        assert_eq!(sent, if sends { 50 } else { 0 }, "{direction:?}");
    }
    // The old way: no address.
    let now = pair.now();
    pair.legs[0].set_remote(remote("0.0.0.0:4000"), now);
    let before = pair.legs[0].stats().sent;
    pair.run(10);
    assert_eq!(pair.legs[0].stats().sent, before);
}

#[test]
fn reports_tell_loss_and_round_trip() {
    let mut pair = Pair::new(Network { lose_percent: 20, ..Network::default() }, 4);
    pair.run(3000);
    let stats = pair.legs[0].stats();
    assert!((480..720).contains(&stats.lost), "{stats:?}");
    assert!((20..80).contains(&stats.far_fraction_lost), "{stats:?}");
    assert!((20..80).contains(&stats.round_trip_ms.unwrap()), "{stats:?}");
    let mut out = TickOutput::default();
    let now = pair.now();
    pair.legs[0].close(now, &mut out);
    pair.legs[1].handle_rtcp(out.rtcp.get().unwrap().1, next_port(at(A)), now);
    assert_eq!(pair.legs[1].poll_event(), Some(Event::RemoteBye));
}

#[test]
fn what_one_hears_another_says_unchanged() {
    let start = epoch();
    let (mut leg, mut out) = (session(1, start), TickOutput::default());
    leg.set_remote(remote(B), start);
    let octets: [u8; FRAME] = std::array::from_fn(|n| n as u8);
    leg.send(start, Some(&Codec::Pcma.decode_frame(&octets)), &mut out);
    assert_eq!(out.rtp.get().unwrap().1[12..], octets);
}

#[test]
fn a_new_ssrc_and_garbage_do_no_harm() {
    let mut pair = Pair::new(Network::default(), 1);
    pair.run(50);
    let now = pair.now();
    for seed in 0..20_000 {
        let mut noise = Noise::new(seed);
        let length = noise.below(64) as usize;
        let mut bytes: Vec<u8> = (0..length).map(|_| noise.bits() as u8).collect();
        if let [first, second, ..] = &mut bytes[..] {
            *first = 0x80 | *first & 0x3F;
            *second = [8, 101, 200, 201, 202, 203, 0, 13][seed as usize % 8];
        }
        pair.legs[0].handle_rtp(&bytes, at(B), now);
        pair.legs[0].handle_rtcp(&bytes, next_port(at(B)), now);
    }
    while pair.legs[0].poll_event().is_some() {}
    pair.legs[1].play(PlayId(1), vec![sine(1000.0, 2000).into()], false);
    pair.run(100);
    assert!(pair.events[0].contains(&Event::SpeechStarted));
}

#[test]
fn debug_output_names_no_address_and_no_key() {
    let mut leg = session(1, epoch());
    leg.set_remote(remote(B), epoch());
    leg.press(keys("7"));
    let said = format!("{leg:?} {:?}", Event::Key(keys("7")[0], KeySource::InBand));
    assert!(!said.contains("192.0.2") && !said.contains('7'), "{said}");
}

const SUITES: [SrtpSuite; 2] = [SrtpSuite::AesCm128HmacSha1_80, SrtpSuite::AesCm128HmacSha1_32];

fn keyed(pair: &mut Pair, suite: SrtpSuite, mine: u8, theirs: u8) {
    let key = |byte| MasterKey([byte; 30]);
    let now = pair.now();
    for (leg, address, local, remote_key) in [(0, B, mine, theirs), (1, A, theirs, mine)] {
        let srtp = Some(Srtp { suite, local: key(local), remote: key(remote_key) });
        pair.legs[leg].set_remote(Remote { srtp, ..remote(address) }, now);
    }
}

#[test]
fn sealed_sound_and_keys_arrive_and_a_listener_on_the_wire_hears_neither() {
    for suite in SUITES {
        let network = Network { lose_percent: 2, jitter_ticks: 2, duplicate_percent: 5 };
        let mut sealed = Pair::new(network, 7);
        keyed(&mut sealed, suite, 1, 2);
        let mut plain = Pair::new(network, 7);
        for pair in [&mut sealed, &mut plain] {
            pair.legs[0].play(PlayId(1), vec![sine(440.0, 4000).into()], false);
            pair.run(10);
        }
        let payloads = |pair: &Pair| -> Vec<Vec<u8>> {
            let sound = pair.wire.iter().filter(|(_, to, is_rtcp, _)| *to == 1 && !is_rtcp);
            sound.map(|(.., bytes)| bytes[12..].to_vec()).collect()
        };
        let clear = payloads(&plain);
        assert!(!clear.is_empty());
        assert!(payloads(&sealed).iter().all(|payload| !clear.contains(payload)));
        sealed.run(30);
        let quiet = sealed.legs[1].stats().far_quiet_ms;
        assert_eq!(quiet, 0, "the tone is heard");
        sealed.legs[1].press(keys("19#"));
        sealed.run(200);
        assert_eq!(sealed.keys(0), "19#");
        let stats = sealed.legs[1].stats();
        assert_eq!((stats.forged, stats.malformed), (0, 0), "{stats:?}");
        assert!(stats.replayed > 0, "a network that doubles packets");
        assert!(stats.round_trip_ms.is_some() || stats.received > 150, "{stats:?}");
    }
}

#[test]
fn sound_in_clear_or_of_another_key_is_counted_and_not_heard() {
    let mut pair = Pair::new(Network::default(), 1);
    keyed(&mut pair, SUITES[0], 1, 2);
    let now = pair.now();
    // One side has other keys; the other falls back to sound in clear.
    let other = MasterKey([9; 30]);
    let srtp = Some(Srtp { suite: SUITES[0], local: other, remote: other });
    pair.legs[0].set_remote(Remote { srtp, ..remote(B) }, now);
    pair.legs[0].play(PlayId(1), vec![sine(440.0, 4000).into()], false);
    pair.run(50);
    let stats = pair.legs[1].stats();
    assert_eq!((stats.received, stats.strangers), (0, 0), "{stats:?}");
    assert!(stats.forged >= 49, "{stats:?}");
    let now = pair.now();
    pair.legs[0].set_remote(remote(B), now);
    pair.run(50);
    let stats = pair.legs[1].stats();
    assert_eq!(stats.received, 0, "{stats:?}");
    assert!(stats.forged >= 98, "{stats:?}");
    assert!(pair.legs[1].far_frame() == &SILENCE);
}

/// A hold changes the direction and no key: a count that began anew would be a key stream
/// used twice, and the far side would take it for a replay.
#[test]
fn a_change_of_direction_goes_on_with_the_same_count() {
    let mut pair = Pair::new(Network::default(), 1);
    keyed(&mut pair, SUITES[0], 1, 2);
    pair.run(100);
    let before = pair.legs[1].stats().received;
    let now = pair.now();
    pair.legs[0].set_direction(Direction::SendRecv, now);
    keyed(&mut pair, SUITES[0], 1, 2);
    pair.run(100);
    let stats = pair.legs[1].stats();
    assert_eq!((stats.forged, stats.replayed), (0, 0), "{stats:?}");
    assert!(stats.received >= before + 99, "{stats:?}");
    // New keys of both sides, as after a transfer.
    keyed(&mut pair, SUITES[1], 3, 4);
    pair.wire.clear();
    pair.run(100);
    assert!(pair.legs[1].stats().received >= before + 197, "{:?}", pair.legs[1].stats());
}

/// Softphones knock with STUN (RFC 8489) at the port of the sound, and send a report in clear
/// before they have a key: neither is an attack on it.
#[test]
fn what_was_never_sound_is_not_taken_for_forged_sound() {
    let mut pair = Pair::new(Network::default(), 1);
    keyed(&mut pair, SUITES[0], 1, 2);
    let (now, leg) = (pair.now(), &mut pair.legs[0]);
    leg.handle_rtp(
        &[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        at(B),
        now,
    );
    leg.handle_rtp(&[], at(B), now);
    leg.handle_rtcp(b"\x80\xcc\x00\x03\x00\x00\x00\x02PINGPONG", next_port(at(B)), now);
    let stats = leg.stats();
    assert_eq!((stats.forged, stats.malformed), (0, 3), "{stats:?}");
    leg.handle_rtp(&[0x80; 40], at(B), now);
    assert_eq!(leg.stats().forged, 1);
}
