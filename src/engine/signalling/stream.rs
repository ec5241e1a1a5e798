//! Connections: TCP, and TLS over it. Each is a task of its own, which ends with either side.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};

use super::wire::{Connection, Wire};
use crate::{
    engine::{Tls, TlsCaller},
    sip::{
        endpoint::{Flow, InterfaceId},
        message::Transport,
    },
};

/// What strangers may cost us before they have said anything, and after.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Who connects says something (and ends the handshake of TLS) within this time each, or
    /// goes.
    pub first_byte: Duration,
    /// A connection on which nothing has come for so long is nobody's any more.
    pub idle: Duration,
    /// Connections from one address.
    pub a_source: usize,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { first_byte: FIRST_BYTE, idle: IDLE, a_source: A_SOURCE }
    }
}

/// The connections that others have opened, by where they come from.
#[derive(Clone)]
pub(super) struct Places {
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    limits: StreamLimits,
}

/// Given back when the connection is over.
pub(super) struct Place {
    places: Places,
    source: IpAddr,
}

impl Places {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { taken: Arc::default(), limits }
    }

    fn take(&self, source: IpAddr) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let of_it = taken.get(&source).copied().unwrap_or_default();
        if all >= CONNECTIONS_MAX || of_it >= self.limits.a_source {
            return None;
        }
        taken.insert(source, of_it + 1);
        Some(Place { places: self.clone(), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.source);
            }
        }
    }
}

/// What a listener needs to know of whoever comes.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) interface: InterfaceId,
    /// With it every connection begins with a handshake.
    pub(super) tls: Option<Tls>,
    pub(super) places: Places,
    pub(super) wire: mpsc::Sender<Wire>,
}

pub(super) async fn accept(listener: TcpListener, door: Door) {
    let mut number = 0;
    while !door.wire.is_closed() {
        let Ok((stream, remote)) = listener.accept().await else {
            // Out of file descriptors: the others have to end first.
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Closed at once: whoever is over the limit learns it before it sends anything.
        let Some(place) = door.places.take(remote.ip()) else { continue };
        number += 2;
        tokio::spawn(door.clone().enter(stream, remote, number, place));
    }
}

impl Door {
    async fn enter(self, stream: TcpStream, remote: SocketAddr, number: u64, _place: Place) {
        prepare(&stream);
        let first_byte = self.places.limits.first_byte;
        let Some(tls) = self.tls.clone() else {
            return self.serve(stream, Transport::Tcp, remote, number).await;
        };
        match timeout(first_byte, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, Transport::Tls, remote, number).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake of SIP failed"),
            Err(_) => tracing::debug!("a TLS handshake of SIP was not ended in time"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite>(
        self,
        stream: S,
        transport: Transport,
        remote: SocketAddr,
        number: u64,
    ) {
        let flow = Flow { transport, interface: self.interface, remote };
        let (queue, to_write) = mpsc::channel(WRITES);
        let connection = Connection::new(number, queue);
        if self.wire.send(Wire::Opened { flow, connection }).await.is_ok() {
            let StreamLimits { first_byte, idle, .. } = self.places.limits;
            let line = Line { flow, number, wire: self.wire, first: first_byte, idle };
            line.carry(stream, to_write).await;
        }
    }
}

/// A connection that we open.
pub(super) struct Opening {
    pub(super) local: SocketAddr,
    pub(super) flow: Flow,
    pub(super) number: u64,
    pub(super) tls: Option<TlsCaller>,
    pub(super) to_write: mpsc::Receiver<Bytes>,
    pub(super) wire: mpsc::Sender<Wire>,
    pub(super) idle: Duration,
}

impl Opening {
    pub(super) async fn run(self) {
        let Self { local, flow, number, tls, to_write, wire, idle } = self;
        let line = Line { flow, number, wire, first: idle, idle };
        let Ok(Ok(stream)) = timeout(CONNECT_TIMEOUT, dial(local, flow.remote)).await else {
            return line.close().await;
        };
        prepare(&stream);
        let Some(tls) = tls else { return line.carry(stream, to_write).await };
        match timeout(CONNECT_TIMEOUT, tls.connect(stream)).await {
            Ok(Ok(stream)) => line.carry(stream, to_write).await,
            Ok(Err(error)) => {
                let name = &*tls.name();
                tracing::warn!(name, %error, "no TLS with the trunk of this name");
                line.close().await;
            }
            Err(_) => line.close().await,
        }
    }
}

async fn dial(local: SocketAddr, remote: SocketAddr) -> io::Result<TcpStream> {
    let socket = if remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if !local.ip().is_unspecified() {
        socket.bind(SocketAddr::new(local.ip(), 0))?;
    }
    socket.connect(remote).await
}

/// Neither may fail the connection: it only becomes slower, or its end is noticed later.
fn prepare(stream: &TcpStream) {
    drop(stream.set_nodelay(true));
    let alive = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EACH);
    drop(SockRef::from(stream).set_tcp_keepalive(&alive));
}

struct Line {
    flow: Flow,
    number: u64,
    wire: mpsc::Sender<Wire>,
    first: Duration,
    idle: Duration,
}

impl Line {
    async fn close(self) {
        let Self { flow, number, .. } = self;
        drop(self.wire.send(Wire::Closed { flow, number }).await);
    }

    /// Both directions of a connection, until either ends, its queue is dropped, or nothing
    /// has come for too long. A stream may wait for the task: TCP holds its sender back.
    async fn carry<S: AsyncRead + AsyncWrite>(
        self,
        stream: S,
        mut to_write: mpsc::Receiver<Bytes>,
    ) {
        let (mut reader, mut writer) = split(stream);
        let mut buffer = BytesMut::with_capacity(READ_BYTES);
        let mut quiet = pin!(sleep(self.first));
        loop {
            tokio::select! {
                read = reader.read_buf(&mut buffer) => match read {
                    Ok(1..) => {
                        quiet.set(sleep(self.idle));
                        let (flow, bytes) = (self.flow, buffer.split().freeze());
                        buffer.reserve(READ_BYTES);
                        if self.wire.send(Wire::Stream { flow, bytes }).await.is_err() {
                            break;
                        }
                    }
                    _ => break,
                },
                bytes = to_write.recv() => {
                    let Some(bytes) = bytes else { break };
                    let written = async {
                        writer.write_all(&bytes).await?;
                        writer.flush().await
                    };
                    if !matches!(timeout(WRITE_TIMEOUT, written).await, Ok(Ok(()))) {
                        break;
                    }
                }
                () = &mut quiet => break,
            }
        }
        // Of TLS: a close_notify, so that the peer can tell this end from a cut.
        drop(timeout(WRITE_TIMEOUT, writer.shutdown()).await);
        self.close().await;
    }
}

/// A phone sends less in an hour; a trunk's connection carries a few hundred a second.
pub(super) const WRITES: usize = 256;

/// Phones and trunks over TCP and TLS; each holds a file descriptor.
pub(super) const CONNECTIONS_MAX: usize = 2_000;

const READ_BYTES: usize = 16 * 1024;

/// A handshake takes three round trips; a phone registers as soon as it is connected.
const FIRST_BYTE: Duration = Duration::from_secs(10);

/// A registration is for an hour at most, and is refreshed before: who has said nothing for
/// longer has no phone of ours any more.
const IDLE: Duration = Duration::from_secs(65 * 60);

/// The phones of a ward, or of a site, behind one NAT. Ten such addresses fill the house.
const A_SOURCE: usize = 200;

/// A peer that lost its power is noticed within three minutes, not after an hour; NATs forget
/// a silent connection much later.
const PROBE_AFTER: Duration = Duration::from_secs(90);
const PROBE_EACH: Duration = Duration::from_secs(10);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
