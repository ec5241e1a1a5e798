//! What an agent hears while the patient's telephone rings (telephony.md, case 3).

use std::{net::UdpSocket, time::Duration};

use serde_json::json;
use suifang::{
    engine::{Clock as _, SystemClock},
    media::{Codec, FRAME},
};

use super::agents::{AT_ONCE, open, pass, tasks};
use crate::support::{
    desk::{House, seconds_of},
    odd_trunk::OddTrunk,
    until,
};

const WITH_SDP: &str = "183 Session Progress|Content-Type: application/sdp\r\n\r\nv=0\r\n\
    o=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 41998 RTP/AVP 8\r\n";

/// A carrier may promise sound and send none, or promise none: the agent hears ringing until
/// RTP is there, and then that.
#[tokio::test(flavor = "multi_thread")]
async fn f030_case_3_an_agent_hears_ringing_until_the_carriers_own_sound_is_there() {
    let hospital = open("ringback").await;
    let trunk = OddTrunk::open(hospital.carrier_port);
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let tasks = tasks(&hospital, 3).await;
    let rows = [
        ("183 without a description", vec![(100, "183 Session Progress"), (2500, "486 Busy")]),
        ("183 with one, and no RTP", vec![(100, WITH_SDP), (2500, "486 Busy")]),
        // Late, so that a busy machine has seen the INVITE by then.
        ("183 with one, then RTP", vec![(1500, WITH_SDP), (4500, "486 Busy")]),
    ];
    for (n, ((name, script), task)) in rows.into_iter().zip(tasks).enumerate() {
        trunk.says(script);
        agent.post(&hospital, "/api/desk/dial", &json!({ "task_id": task })).ok();
        let called = || trunk.request("INVITE").is_some();
        assert!(until(Duration::from_secs(20), called), "{name}: the trunk was not called");
        let sends = name.ends_with("RTP") && !name.contains("no RTP");
        if sends {
            let rings = trunk.first_invite().unwrap() + Duration::from_millis(1700);
            tokio::time::sleep(rings.saturating_duration_since(SystemClock.instant())).await;
            hum_for(2.0, &trunk.request("INVITE").unwrap()).await;
        }
        agent.is(&hospital, "wrap_up").await;
        let heard = agent.heard(n + 1);
        let (rings, own) = (seconds_of(&heard, 450.0), seconds_of(&heard, 1000.0));
        // Ringback of China is a second of tone and four of silence; RTP comes well before
        // the second is over.
        if sends {
            assert!(rings < 0.7 && own > 1.0, "{name}: {rings} s ringback, {own} s of its own");
        } else {
            assert!(rings > 0.7 && own < 0.1, "{name}: {rings} s ringback, {own} s of its own");
        }
        agent.is(&hospital, "idle").await;
    }
}

/// 1000 Hz to where this INVITE wants sound, from the port of the description.
async fn hum_for(seconds: f64, invite: &str) {
    let port = invite.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
    let port: u16 = port.split(' ').next().unwrap().parse().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:41998").unwrap();
    for n in 0..(seconds * 50.0) as u32 {
        let sample = |k: usize| {
            let at = (n as usize * FRAME + k) as f32;
            (8000.0 * (at * std::f32::consts::TAU / 8.0).sin()) as i16
        };
        let payload = Codec::Pcma.encode_frame(&std::array::from_fn(sample));
        let mut packet = vec![0x80, 8];
        packet.extend((n as u16).to_be_bytes());
        packet.extend((n * FRAME as u32).to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        packet.extend(payload);
        socket.send_to(&packet, ("127.0.0.1", port)).unwrap();
        pass(0.02).await;
    }
}
