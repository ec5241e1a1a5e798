//! A carrier, a proxy or a phone whose every word is written in the test.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{duo::describe, endpoint, flow, media};
use crate::{
    base::{Machine, epoch},
    sip::{
        endpoint::{Endpoint, Input as EndpointInput, Output as EndpointOutput, Owner},
        invite::{Command, InboundLeg, Input, Leg, OutboundLeg, Output},
        message::{Message, Method, Request, Response, Transport, datagram, name},
        session_timer::SessionTimerConfig,
    },
};

pub(super) struct Scripted {
    epoch: Instant,
    pub(super) now: Instant,
    pub(super) endpoint: Endpoint,
    pub(super) leg: Option<Leg>,
    pub(super) timer: Option<SessionTimerConfig>,
    /// What we sent and the script has not looked at yet.
    sent: Vec<Message>,
    /// Where the last of it went.
    pub(super) sent_to: Option<SocketAddr>,
    log: Vec<String>,
}

pub(super) const PEER: &str = "10.0.0.9:5060";

pub(super) const SDP: &str = "v=0\r\no=c 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\n\
t=0 0\r\nm=audio 6000 RTP/AVP 8 97\r\na=rtpmap:97 telephone-event/8000\r\n";

impl Scripted {
    pub(super) fn new() -> Self {
        let now = epoch();
        let endpoint = endpoint("10.0.0.1:5060", Transport::Udp, 1);
        Self {
            epoch: now,
            now,
            endpoint,
            leg: None,
            timer: None,
            sent: Vec::new(),
            sent_to: None,
            log: Vec::new(),
        }
    }

    pub(super) fn call(change: impl FnOnce(&mut OutboundLeg)) -> Self {
        let mut this = Self::new();
        let mut call = super::outbound(1, PEER);
        change(&mut call);
        this.leg = Some(Leg::outbound(call, 7));
        this.drain();
        this
    }

    pub(super) fn command(&mut self, command: Command) {
        let now = self.now;
        if let Some(leg) = &mut self.leg {
            leg.handle_input(Input::Command(command), now);
        }
        self.drain();
    }

    pub(super) fn after(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        loop {
            let leg = self.leg.as_ref().and_then(Leg::poll_timeout);
            let next = [leg, self.endpoint.poll_timeout()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = next;
            self.endpoint.handle_timeout(next);
            if let Some(leg) = &mut self.leg {
                leg.handle_timeout(next);
            }
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) {
        let now = self.now;
        loop {
            let output = self.leg.as_mut().and_then(Leg::poll_output);
            match (output, self.endpoint.poll_output()) {
                (None, None) => break,
                (leg, endpoint) => {
                    if let Some(output) = endpoint {
                        self.handle_output(output);
                    }
                    match leg {
                        Some(Output::ToEndpoint(input)) => self.endpoint.handle_input(input, now),
                        Some(Output::Notify(event)) => {
                            let at = (now - self.epoch).as_secs_f64();
                            self.log.push(format!("{at:.1} {}", describe(&event)));
                        }
                        None => {}
                    }
                }
            }
        }
    }

    fn handle_output(&mut self, output: EndpointOutput) {
        let now = self.now;
        match output {
            EndpointOutput::Transmit { bytes, flow } => {
                self.sent_to = Some(flow.remote);
                self.sent.push(datagram(&bytes).expect("we write what we can read").unwrap());
            }
            EndpointOutput::Deliver { event, .. } => {
                if let Some(leg) = &mut self.leg {
                    leg.handle_input(Input::Event(event), now);
                }
            }
            EndpointOutput::Incoming { transaction, request, flow } => {
                let (owner, session_timer) = (Owner(1), self.timer);
                let (request, media) = (*request, media("10.0.0.1:40000"));
                let credentials = None;
                self.leg = Some(Leg::inbound(
                    InboundLeg {
                        owner,
                        transaction,
                        request,
                        flow,
                        media,
                        credentials,
                        session_timer,
                    },
                    9,
                ));
            }
            EndpointOutput::Close { .. } | EndpointOutput::Heard { .. } => {}
        }
    }

    /// The next thing that we sent, which must be this request.
    #[track_caller]
    pub(super) fn expect(&mut self, method: Method) -> Request {
        let all: Vec<_> = self.sent.iter().map(|message| format!("{message:?}")).collect();
        assert!(!self.sent.is_empty(), "nothing was sent, {method} was due");
        match self.sent.remove(0) {
            Message::Request(request) if request.method == method => request,
            _ => panic!("not {method} first: {all:#?}"),
        }
    }

    #[track_caller]
    pub(super) fn expect_status(&mut self, status: u16) -> Response {
        let all: Vec<_> = self.sent.iter().map(|message| format!("{message:?}")).collect();
        assert!(!self.sent.is_empty(), "nothing was sent, {status} was due");
        match self.sent.remove(0) {
            Message::Response(response) if response.status == status => response,
            _ => panic!("not {status} first: {all:#?}"),
        }
    }

    #[track_caller]
    pub(super) fn expect_silence(&self) {
        assert!(self.sent.is_empty(), "{:#?}", self.sent);
    }

    /// A response of the peer: `tag` of its To, more headers, and SDP or nothing.
    pub(super) fn reply(
        &mut self,
        request: &Request,
        status: u16,
        tag: &str,
        headers: &[(&str, &str)],
        sdp: &str,
    ) {
        let mut response = Response::to_request(&request.headers, status, tag);
        if status > 100 && !headers.iter().any(|(name, _)| *name == name::CONTACT) {
            response.headers.add(name::CONTACT, format!("<sip:{tag}@{PEER}>"));
        }
        for (name, value) in headers {
            response.headers.add(name, (*value).to_owned());
        }
        if !sdp.is_empty() {
            response.set_body("application/sdp", sdp.to_owned());
        }
        self.receive(response.to_bytes());
    }

    pub(super) fn receive(&mut self, bytes: Bytes) {
        let (now, flow) = (self.now, flow(Transport::Udp, PEER));
        self.endpoint.handle_input(EndpointInput::Datagram { flow, bytes }, now);
        self.drain();
    }

    /// A request of the peer within the dialog that `ours` (a request or a response of
    /// ours) belongs to.
    pub(super) fn request(
        &mut self,
        method: &str,
        number: u32,
        (local, remote, call_id): (&str, &str, &str),
        headers: &[(&str, &str)],
        (kind, body): (&str, &str),
    ) {
        let mut text = format!(
            "{method} sip:us@10.0.0.1:5060 SIP/2.0\r\n\
             Via: SIP/2.0/UDP {PEER};branch=z9hG4bK{number}\r\n\
             From: {remote}\r\nTo: {local}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\n\
             "
        );
        if !headers.iter().any(|(name, _)| *name == name::CONTACT) {
            text += &format!("Contact: <sip:peer@{PEER}>\r\n");
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            text += &format!("Content-Type: {kind}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.receive(Bytes::from(text));
    }

    pub(super) fn take_sent(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.sent)
    }

    pub(super) fn story(&self) -> String {
        self.log.join("\n")
    }

    #[track_caller]
    pub(super) fn check(&self, expected: &str) {
        let expected: Vec<_> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(self.log, expected, "\n{}", self.log.join("\n"));
    }
}
