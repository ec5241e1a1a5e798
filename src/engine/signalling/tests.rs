use std::{net::SocketAddr, path::PathBuf};

use super::*;
use crate::{
    engine::{SystemClock, Tls, TlsCaller},
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

mod streams;

type Server = (SignallingHandle, SocketAddr, mpsc::Receiver<Incoming>);

async fn server(transport: Transport, host: &str) -> Server {
    server_with(transport, host, |_| {}).await
}

/// Over TLS with the certificate of `ours`.
async fn server_with(
    transport: Transport,
    host: &str,
    change: impl FnOnce(&mut SignallingConfig),
) -> Server {
    let bind = format!("{host}:0").parse().unwrap();
    let interfaces = vec![Interface::plain(InterfaceId(0), transport, bind)];
    let mut config = SignallingConfig::new(interfaces, "test".to_owned(), 1);
    if transport == Transport::Tls {
        config.certificates = certificates("ours", []);
    }
    change(&mut config);
    let (incoming, calls) = mpsc::channel(16);
    let (handle, interfaces) = start(config, Arc::new(SystemClock), incoming).await.unwrap();
    (handle, interfaces[0].bind, calls)
}

fn pem(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name)
}

/// Our pair, and whom we expect where: authority and name.
fn certificates<const N: usize>(who: &str, peers: [(SocketAddr, &str, &str); N]) -> Certificates {
    let cert = pem(&format!("{who}-cert.pem"));
    let pair = Tls::load_for_sip(&cert, &pem(&format!("{who}-key.pem"))).unwrap();
    let peer = |(remote, ca, name): (SocketAddr, &str, &str)| {
        (remote, TlsCaller::load(&pem(ca), name).unwrap())
    };
    Certificates::new([(InterfaceId(0), pair)].into(), peers.map(peer).into())
}

fn media(port: u16) -> LocalMedia {
    LocalMedia {
        rtp: SocketAddr::from(([127, 0, 0, 1], port)),
        rtcp: None,
        codecs: vec![Codec::Pcma],
        telephone_event: Some(101),
        ptime_ms: 20,
        srtp: None,
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
    let transports = [Transport::Udp, Transport::Tcp, Transport::Tls];
    let both = transports.into_iter().flat_map(|t| [(t, "127.0.0.1"), (t, "[::1]")]);
    for (transport, host) in both {
        let (bob, address, mut calls) = server(transport, host).await;
        let expects_bob = |config: &mut SignallingConfig| {
            let name = address.ip().to_string();
            config.certificates = certificates("ours", [(address, "ours-ca.pem", &name)]);
        };
        let (alice, _, _alice_calls) = server_with(transport, host, expects_bob).await;
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
    let (alice, _, _calls) = server(Transport::Tcp, "127.0.0.1").await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(options(&alice, Transport::Tcp, closed).await, None);
}

/// The status of the answer; `None`: it could not be sent.
async fn options(from: &SignallingHandle, transport: Transport, to: SocketAddr) -> Option<u16> {
    let mut mailbox = from.open().await.unwrap();
    let mut request =
        Request::new(crate::sip::message::Method::Options, "sip:b@c".parse().unwrap());
    for (name, value) in [
        ("From", "<sip:a@b>;tag=1".to_owned()),
        ("To", "<sip:b@c>".to_owned()),
        ("Call-ID", format!("x{}", mailbox.owner.0)),
        ("CSeq", "1 OPTIONS".to_owned()),
    ] {
        request.headers.add(name, value);
    }
    let (owner, id) = (mailbox.owner, crate::sip::endpoint::RequestId(1));
    let flow = Flow { transport, interface: InterfaceId(0), remote: to };
    let request = Box::new(request);
    from.send(Input::Request { owner, id, request, flow }).await.unwrap();
    match mailbox.recv().await {
        Some(Event::Response { response, .. }) => Some(response.status),
        Some(Event::Failed { .. }) => None,
        other => panic!("{other:?}"),
    }
}
