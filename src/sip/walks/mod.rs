//! Whole calls in virtual time: two endpoints on a bad network, and one endpoint
//! against a carrier whose every word is scripted.

mod carrier;
mod duo;
mod fuzz;
mod pair;
mod scripted;
mod verdicts;

use std::net::SocketAddr;

use super::{
    endpoint::Owner,
    endpoint::{Config, Endpoint, Flow, Interface, InterfaceId},
    invite::{OutboundLeg, Reliable},
    message::{Headers, NameAddr, Transport, Uri},
    sdp::{Codec, LocalMedia},
    session_timer::SessionTimerConfig,
};

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn endpoint(bind: &str, transport: Transport, seed: u64) -> Endpoint {
    let interface = Interface::plain(InterfaceId(0), transport, address(bind));
    let config = Config { interfaces: vec![interface], product: "suifang-test".to_owned() };
    Endpoint::new(config, seed)
}

fn flow(transport: Transport, remote: &str) -> Flow {
    Flow { transport, interface: InterfaceId(0), remote: address(remote) }
}

fn media(rtp: &str) -> LocalMedia {
    LocalMedia {
        rtp: address(rtp),
        rtcp: None,
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        telephone_event: Some(101),
        ptime_ms: 20,
        srtp: None,
    }
}

fn outbound(owner: u64, remote: &str) -> OutboundLeg {
    let uri = |text: &str| NameAddr::new(text.parse::<Uri>().unwrap());
    OutboundLeg {
        owner: Owner(owner),
        flow: flow(Transport::Udp, remote),
        target: format!("sip:13800138000@{remote}").parse().unwrap(),
        from: uri("sip:02112345678@hospital.example"),
        to: uri("sip:13800138000@carrier.example"),
        routes: Vec::new(),
        headers: Headers::default(),
        media: media("10.0.0.1:40000"),
        credentials: None,
        session_timer: None,
        reliable: Reliable::Supported,
        is_latched: false,
    }
}

const TIMER: SessionTimerConfig = SessionTimerConfig { expires_s: 1800, min_se_s: 90 };
