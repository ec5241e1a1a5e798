//! Connections as strangers and peers make them.

use std::fs;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::*;

#[tokio::test]
async fn a_peer_that_is_not_whom_we_expect_gets_no_request() {
    for (ca, name, expected) in [
        ("ours-ca.pem", "sip.test", Some(200)),
        ("theirs-ca.pem", "sip.test", None),
        ("ours-ca.pem", "other.test", None),
        ("ours-ca.pem", "127.0.0.2", None),
    ] {
        let (_bob, address, _calls) = server(Transport::Tls, "127.0.0.1").await;
        let alice = expecting(address, ca, name).await;
        assert_eq!(options(&alice, Transport::Tls, address).await, expected, "{ca} {name}");
    }
}

/// An address that no trunk has: there is nobody to compare a certificate with.
#[tokio::test]
async fn without_an_expectation_no_connection_is_made() {
    let (_bob, address, _calls) = server(Transport::Tls, "127.0.0.1").await;
    let (alice, ..) = server(Transport::Tls, "127.0.0.1").await;
    assert_eq!(options(&alice, Transport::Tls, address).await, None);
}

#[tokio::test]
async fn a_new_certificate_holds_for_new_connections_and_ends_no_old_one() {
    let folder = std::env::temp_dir().join(format!("suifang-tls-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let put = |who: &str| {
        for half in ["cert", "key"] {
            let name = format!("{half}.pem");
            fs::copy(pem(&format!("{who}-{name}")), folder.join(name)).unwrap();
        }
    };
    put("ours");
    let tls = Tls::load_for_sip(&folder.join("cert.pem"), &folder.join("key.pem")).unwrap();
    let known = Certificates::new([(InterfaceId(0), tls)].into(), [].into());
    let its = known.clone();
    let (_bob, address, _calls) =
        server_with(Transport::Tls, "127.0.0.1", move |config| config.certificates = its).await;
    let early = expecting(address, "ours-ca.pem", "sip.test").await;
    assert_eq!(options(&early, Transport::Tls, address).await, Some(200));

    put("theirs");
    known.reload(&[]).unwrap();
    assert_eq!(options(&early, Transport::Tls, address).await, Some(200));
    for (ca, expected) in [("theirs-ca.pem", Some(200)), ("ours-ca.pem", None)] {
        let late = expecting(address, ca, "sip.test").await;
        assert_eq!(options(&late, Transport::Tls, address).await, expected, "{ca}");
    }

    // A wrong pair changes nothing.
    fs::copy(pem("ours-cert.pem"), folder.join("cert.pem")).unwrap();
    assert!(known.reload(&[]).is_err());
    let late = expecting(address, "theirs-ca.pem", "sip.test").await;
    assert_eq!(options(&late, Transport::Tls, address).await, Some(200));
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn who_connects_and_says_nothing_is_disconnected() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let limits = StreamLimits { first_byte: BRIEF, ..StreamLimits::default() };
        let (_bob, address, _calls) =
            server_with(transport, "127.0.0.1", |config| config.limits = limits).await;
        // Of TLS: not even a handshake.
        let mut silent = TcpStream::connect(address).await.unwrap();
        assert!(is_closed(&mut silent).await, "{transport:?}");
        let mut silent = connect(transport, address).await;
        assert!(is_closed(&mut silent).await, "{transport:?}");
        // Who speaks in time may be silent for longer afterwards.
        let mut polite = connect(transport, address).await;
        assert_eq!(ping(&mut polite).await, b"\r\n");
        tokio::time::sleep(3 * BRIEF).await;
        assert_eq!(ping(&mut polite).await, b"\r\n");
    }
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_any_more_is_closed() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let limits = StreamLimits { idle: BRIEF, ..StreamLimits::default() };
        let (_bob, address, _calls) =
            server_with(transport, "127.0.0.1", |config| config.limits = limits).await;
        let mut peer = connect(transport, address).await;
        assert_eq!(ping(&mut peer).await, b"\r\n");
        assert!(is_closed(&mut peer).await, "{transport:?}");
    }
}

#[tokio::test]
async fn one_address_takes_no_more_than_its_places_and_gets_them_back() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let limits = StreamLimits { a_source: 2, ..StreamLimits::default() };
        let (_bob, address, _calls) =
            server_with(transport, "127.0.0.1", |config| config.limits = limits).await;
        let mut first = connect(transport, address).await;
        let mut second = connect(transport, address).await;
        assert_eq!(ping(&mut first).await, b"\r\n");
        let mut third = TcpStream::connect(address).await.unwrap();
        assert!(is_closed(&mut third).await);
        assert_eq!(ping(&mut second).await, b"\r\n", "the others go on");
        drop(first);
        let mut again = false;
        for _ in 0..100 {
            let mut fourth = TcpStream::connect(address).await.unwrap();
            let read = timeout(BRIEF, fourth.read(&mut [0])).await;
            again = read.is_err();
            if again {
                break;
            }
        }
        assert!(again, "a place that was given back is taken: {transport:?}");
    }
}

/// RFC 5626 §3.5.1.
#[tokio::test]
async fn a_keep_alive_is_answered_on_every_kind_of_connection() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let (_bob, address, _calls) = server(transport, "127.0.0.1").await;
        let mut phone = connect(transport, address).await;
        for _ in 0..3 {
            assert_eq!(ping(&mut phone).await, b"\r\n");
        }
    }
}

async fn expecting(address: SocketAddr, ca: &str, name: &str) -> SignallingHandle {
    let known = certificates("ours", [(address, ca, name)]);
    let (handle, ..) =
        server_with(Transport::Tls, "127.0.0.1", |config| config.certificates = known).await;
    handle
}

trait Peer: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Peer for T {}

async fn connect(transport: Transport, address: SocketAddr) -> Box<dyn Peer> {
    let stream = TcpStream::connect(address).await.unwrap();
    if transport != Transport::Tls {
        return Box::new(stream);
    }
    let caller = TlsCaller::load(&pem("ours-ca.pem"), "sip.test").unwrap();
    Box::new(caller.connect(stream).await.unwrap())
}

async fn ping(peer: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Vec<u8> {
    peer.write_all(b"\r\n\r\n").await.unwrap();
    let mut heard = [0; 16];
    let read = timeout(Duration::from_secs(30), peer.read(&mut heard)).await.unwrap().unwrap();
    heard[..read].to_vec()
}

async fn is_closed(peer: &mut (impl AsyncRead + Unpin)) -> bool {
    let read = timeout(Duration::from_secs(30), peer.read(&mut [0; 16])).await;
    // A connection that is reset is closed as well.
    matches!(read, Ok(Ok(0) | Err(_)))
}

/// A handshake of TLS and the first word are over by then on a busy machine, too.
const BRIEF: Duration = Duration::from_secs(1);
