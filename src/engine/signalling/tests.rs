use std::net::SocketAddr;

use super::*;
use crate::{
    engine::SystemClock,
    sip::{
        endpoint::InterfaceId,
        invite::{
            Command, InboundLeg, Input as LegInput, Leg, LegEvent, OutboundLeg,
            Output as LegOutput, Reliable,
        },
        message::{Headers, NameAddr, Transport, Uri},
        sdp::{Codec, LocalMedia},
    },
};

async fn server(transport: Transport) -> (SignallingHandle, SocketAddr, mpsc::Receiver<Incoming>) {
    let bind = "127.0.0.1:0".parse().unwrap();
    let interfaces = vec![Interface::plain(InterfaceId(0), transport, bind)];
    let config = SignallingConfig { interfaces, product: "test".to_owned(), seed: 1, gate: None };
    let (incoming, calls) = mpsc::channel(16);
    let (handle, interfaces) = start(config, Arc::new(SystemClock), incoming).await.unwrap();
    (handle, interfaces[0].bind, calls)
}

fn media(port: u16) -> LocalMedia {
    LocalMedia {
        rtp: SocketAddr::from(([127, 0, 0, 1], port)),
        rtcp: None,
        codecs: vec![Codec::Pcma],
        telephone_event: Some(101),
        ptime_ms: 20,
    }
}

/// What a call task does, without its decisions: commands on events.
async fn run(
    mut leg: Leg,
    handle: SignallingHandle,
    mut mailbox: Mailbox,
    react: impl Fn(&LegEvent) -> Option<Command>,
) -> Vec<String> {
    let mut log = Vec::new();
    let now = || SystemClock.instant();
    loop {
        while let Some(output) = leg.poll_output() {
            match output {
                LegOutput::ToEndpoint(input) => handle.send(input).await.unwrap(),
                LegOutput::Notify(event) => {
                    log.push(format!("{event:?}").split(['(', ' ']).next().unwrap().to_owned());
                    if let Some(command) = react(&event) {
                        leg.handle_input(LegInput::Command(command), now());
                    }
                }
            }
        }
        if leg.is_over() {
            return log;
        }
        let wait = leg.poll_timeout().map(|at| at.saturating_duration_since(now()));
        tokio::select! {
            event = mailbox.recv() => leg.handle_input(LegInput::Event(event.unwrap()), now()),
            () = tokio::time::sleep(wait.unwrap_or(Duration::from_secs(60))) => {
                leg.handle_timeout(now());
            }
        }
    }
}

#[tokio::test]
async fn a_call_goes_over_real_sockets() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let (alice, _, _alice_calls) = server(transport).await;
        let (bob, address, mut calls) = server(transport).await;
        let callee = tokio::spawn(async move {
            let Incoming { transaction, request, flow } = calls.recv().await.unwrap();
            let mailbox = bob.open().await.unwrap();
            let mut leg = Leg::inbound(
                InboundLeg {
                    owner: mailbox.owner,
                    transaction,
                    request: *request,
                    flow,
                    media: media(50_000),
                    credentials: None,
                    session_timer: None,
                },
                1,
            );
            leg.handle_input(LegInput::Command(Command::Answer), SystemClock.instant());
            run(leg, bob, mailbox, |_| None).await
        });
        let mailbox = alice.open().await.unwrap();
        let uri: Uri = format!("sip:b@{address}").parse().unwrap();
        let leg = Leg::outbound(
            OutboundLeg {
                owner: mailbox.owner,
                flow: Flow { transport, interface: InterfaceId(0), remote: address },
                target: uri.clone(),
                from: NameAddr::new("sip:a@127.0.0.1".parse().unwrap()),
                to: NameAddr::new(uri),
                routes: Vec::new(),
                headers: Headers::default(),
                media: media(40_000),
                credentials: None,
                session_timer: None,
                reliable: Reliable::No,
                is_latched: false,
            },
            2,
        );
        let hang_up = |event: &LegEvent| {
            matches!(event, LegEvent::Answered(_)).then_some(Command::Bye { cause: None })
        };
        assert_eq!(run(leg, alice.clone(), mailbox, hang_up).await, ["Answered", "Ended"]);
        assert_eq!(callee.await.unwrap(), ["Answered", "Confirmed", "Ended"]);
        assert!(alice.counters().await.unwrap().requests.len() >= 3);
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_fails_the_request() {
    let (alice, _, _calls) = server(Transport::Tcp).await;
    let mut mailbox = alice.open().await.unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut request =
        Request::new(crate::sip::message::Method::Options, "sip:b@c".parse().unwrap());
    for (name, value) in
        [("From", "<sip:a@b>;tag=1"), ("To", "<sip:b@c>"), ("Call-ID", "x"), ("CSeq", "1 OPTIONS")]
    {
        request.headers.add(name, value);
    }
    let (owner, id) = (mailbox.owner, crate::sip::endpoint::RequestId(1));
    let flow = Flow { transport: Transport::Tcp, interface: InterfaceId(0), remote: closed };
    let request = Box::new(request);
    alice.send(Input::Request { owner, id, request, flow }).await.unwrap();
    assert!(matches!(mailbox.recv().await, Some(Event::Failed { .. })));
}
