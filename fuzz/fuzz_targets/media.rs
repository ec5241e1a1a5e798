//! One session that is being called: RTP, RTCP and telephone-events, in any order. The
//! input is packets, each behind its length and its way (RTP, RTCP, or a tick).
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use suifang::{
    engine::{Clock, SystemClock},
    media::{
        Codec, Direction, EventDecoder, NtpAnchor, Remote, Session, SessionConfig, TICK_MS, Tap,
        TickOutput,
    },
};

fuzz_target!(|data: &[u8]| {
    let mut now = SystemClock.instant();
    let far = ([192, 0, 2, 1], 30_000).into();
    let mut session = Session::new(SessionConfig {
        ssrc: 1,
        sequence: 1,
        timestamp: 1,
        cname: "fuzz".to_owned(),
        anchor: NtpAnchor::at_unix(now, Duration::from_secs(1_700_000_000)),
        rtp_timeout: Duration::from_secs(20),
        learns_any: data.first().is_some_and(|first| first & 1 == 1),
        sends_silence: true,
    });
    session.set_tap(Tap::On);
    session.set_remote(
        Remote {
            codec: Codec::Pcma,
            payload_type: 8,
            event_payload_type: Some(101),
            rtp: far,
            rtcp: None,
            direction: Direction::SendRecv,
        },
        now,
    );
    session.expect_rtp(now);
    let (mut rest, mut out, mut events) = (data, TickOutput::default(), EventDecoder::default());
    while let [length, way, tail @ ..] = rest {
        let (packet, next) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = next;
        match way % 4 {
            0 => session.handle_rtp(packet, far, now),
            1 => session.handle_rtcp(packet, ([192, 0, 2, 1], 30_001).into(), now),
            2 => drop(events.push(1, u32::from(*way), packet, now)),
            _ => {
                now += Duration::from_millis(TICK_MS);
                session.playout(now);
                session.send(now, None, &mut out);
                while session.poll_event().is_some() {}
            }
        }
    }
    let _ = session.stats();
});
