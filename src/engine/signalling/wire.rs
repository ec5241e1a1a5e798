//! Sockets, and the tasks that read them.

use std::{collections::HashMap, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream, UdpSocket},
    sync::mpsc,
    time::timeout,
};

use super::{Clock, Doors};
use crate::sip::{
    endpoint::{Flow, Interface, InterfaceId},
    gate::{Admission, Gate, GateConfig},
    message::Transport,
};

pub(super) enum Wire {
    Datagram { flow: Flow, bytes: Bytes },
    Stream { flow: Flow, bytes: Bytes },
    Opened { flow: Flow, connection: Connection },
    Closed { flow: Flow, number: u64 },
}

/// Our end of a connection: dropping the queue closes it.
pub(super) struct Connection {
    /// Tells a connection from an earlier one with the same addresses.
    number: u64,
    queue: mpsc::Sender<Bytes>,
}

/// What stands before each socket's reader.
pub(super) struct Guarded {
    pub(super) doors: Arc<Doors>,
    pub(super) gate: Option<GateConfig>,
    pub(super) clock: Arc<dyn Clock>,
}

pub(super) struct Sockets {
    guarded: Arc<Guarded>,
    udp: HashMap<InterfaceId, Arc<UdpSocket>>,
    tcp: HashMap<InterfaceId, SocketAddr>,
    connections: HashMap<Flow, Connection>,
    wire: mpsc::Sender<Wire>,
    last_number: u64,
}

impl Sockets {
    pub(super) async fn bind(
        interfaces: &mut [Interface],
        guarded: Guarded,
        wire: mpsc::Sender<Wire>,
    ) -> io::Result<Self> {
        let (udp, tcp, connections) = (HashMap::new(), HashMap::new(), HashMap::new());
        let guarded = Arc::new(guarded);
        let mut this = Self { guarded, udp, tcp, connections, wire, last_number: 0 };
        for interface in interfaces {
            let bound = match interface.transport {
                Transport::Udp => this.bind_udp(interface)?,
                Transport::Tcp => this.bind_tcp(interface).await?,
            };
            interface.bind = bound;
            if interface.advertise_port == 0 {
                interface.advertise_port = bound.port();
            }
        }
        Ok(this)
    }

    fn bind_udp(&mut self, interface: &Interface) -> io::Result<SocketAddr> {
        let socket =
            Socket::new(Domain::for_address(interface.bind), Type::DGRAM, Some(Protocol::UDP))?;
        // The system may give less than asked; that is no reason not to start.
        drop(socket.set_recv_buffer_size(UDP_BUFFER_BYTES));
        if interface.bind.is_ipv4() {
            drop(socket.set_tos_v4(CS3));
        }
        socket.set_nonblocking(true)?;
        socket.bind(&interface.bind.into())?;
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        let bound = socket.local_addr()?;
        self.udp.insert(interface.id, Arc::clone(&socket));
        let guarded = Arc::clone(&self.guarded);
        tokio::spawn(read_udp(socket, interface.id, guarded, self.wire.clone()));
        Ok(bound)
    }

    async fn bind_tcp(&mut self, interface: &Interface) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(interface.bind).await?;
        let bound = listener.local_addr()?;
        self.tcp.insert(interface.id, bound);
        tokio::spawn(accept(listener, interface.id, self.wire.clone()));
        Ok(bound)
    }

    /// False when the peer cannot be reached; datagrams are never known to arrive.
    pub(super) fn transmit(&mut self, flow: Flow, bytes: Bytes) -> bool {
        match flow.transport {
            Transport::Udp => {
                let Some(socket) = self.udp.get(&flow.interface) else { return false };
                // A full buffer loses the datagram, and its transaction sends it again.
                drop(socket.try_send_to(&bytes, flow.remote));
                true
            }
            Transport::Tcp => {
                if !self.connections.contains_key(&flow) && !self.connect(flow) {
                    return false;
                }
                let sent = self.connections.get(&flow).map(|c| c.queue.try_send(bytes));
                // A peer that does not read is as good as gone.
                sent.is_some_and(|sent| sent.is_ok()) || {
                    self.connections.remove(&flow);
                    false
                }
            }
        }
    }

    fn connect(&mut self, flow: Flow) -> bool {
        let Some(local) = self.tcp.get(&flow.interface).copied() else { return false };
        if self.connections.len() >= CONNECTIONS_MAX {
            return false;
        }
        // Odd numbers are ours, even ones the listeners'.
        self.last_number += 2;
        let (queue, to_write) = mpsc::channel(WRITES);
        let number = self.last_number + 1;
        self.connections.insert(flow, Connection { number, queue });
        let wire = self.wire.clone();
        tokio::spawn(async move {
            match timeout(CONNECT_TIMEOUT, dial(local, flow.remote)).await {
                Ok(Ok(stream)) => carry(stream, flow, number, to_write, wire).await,
                _ => drop(wire.send(Wire::Closed { flow, number }).await),
            }
        });
        true
    }

    pub(super) fn adopt(&mut self, flow: Flow, connection: Connection) {
        if self.connections.len() < CONNECTIONS_MAX {
            self.connections.insert(flow, connection);
        }
    }

    /// False for a connection that has been replaced.
    pub(super) fn close(&mut self, flow: Flow, number: u64) -> bool {
        let is_current = self.connections.get(&flow).is_some_and(|c| c.number == number);
        if is_current {
            self.connections.remove(&flow);
        }
        is_current
    }

    pub(super) fn hang_up(&mut self, flow: Flow) {
        self.connections.remove(&flow);
    }
}

async fn read_udp(
    socket: Arc<UdpSocket>,
    interface: InterfaceId,
    guarded: Arc<Guarded>,
    wire: mpsc::Sender<Wire>,
) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut gate = guarded.gate.map(|config| Gate::new(config, guarded.clock.instant()));
    while !wire.is_closed() {
        // An error is a message about some datagram sent before (ICMP): not ours to judge.
        let Ok((length, remote)) = socket.recv_from(&mut buffer).await else { continue };
        let datagram = buffer.get(..length).unwrap_or_default();
        let admission = gate.as_mut().map_or(Admission::Pass, |gate| {
            guarded.doors.admit(gate, datagram, remote.ip(), guarded.clock.instant())
        });
        match admission {
            Admission::Pass => {
                let flow = Flow { transport: Transport::Udp, interface, remote };
                let bytes = Bytes::copy_from_slice(datagram);
                drop(wire.try_send(Wire::Datagram { flow, bytes }));
            }
            // A full buffer loses it: a refusal is a kindness.
            Admission::Refuse(bytes) => drop(socket.try_send_to(&bytes, remote)),
            Admission::Drop => {}
        }
    }
}

async fn accept(listener: TcpListener, interface: InterfaceId, wire: mpsc::Sender<Wire>) {
    let mut number = 0;
    while !wire.is_closed() {
        let Ok((stream, remote)) = listener.accept().await else {
            // Out of file descriptors: the others have to end first.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        number += 2;
        let flow = Flow { transport: Transport::Tcp, interface, remote };
        let (queue, to_write) = mpsc::channel(WRITES);
        let connection = Connection { number, queue };
        if wire.send(Wire::Opened { flow, connection }).await.is_ok() {
            tokio::spawn(carry(stream, flow, number, to_write, wire.clone()));
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

/// Both directions of a connection, until either ends or its queue is dropped. A stream
/// may wait for the task: TCP holds its sender back.
async fn carry(
    mut stream: TcpStream,
    flow: Flow,
    number: u64,
    mut to_write: mpsc::Receiver<Bytes>,
    wire: mpsc::Sender<Wire>,
) {
    drop(stream.set_nodelay(true));
    let (mut reader, mut writer) = stream.split();
    let mut buffer = BytesMut::with_capacity(READ_BYTES);
    loop {
        tokio::select! {
            read = reader.read_buf(&mut buffer) => match read {
                Ok(1..) => {
                    let bytes = buffer.split().freeze();
                    buffer.reserve(READ_BYTES);
                    if wire.send(Wire::Stream { flow, bytes }).await.is_err() {
                        break;
                    }
                }
                _ => break,
            },
            bytes = to_write.recv() => {
                let Some(bytes) = bytes else { break };
                let written = timeout(WRITE_TIMEOUT, writer.write_all(&bytes)).await;
                if !matches!(written, Ok(Ok(()))) {
                    break;
                }
            }
        }
    }
    drop(wire.send(Wire::Closed { flow, number }).await);
}

/// What a burst brings while the task is busy; the default of 200 KB is 300 messages.
const UDP_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// DSCP CS3, as hospitals' switches expect of signalling.
const CS3: u32 = 0x60;

const DATAGRAM_BYTES_MAX: usize = 65_535;
const READ_BYTES: usize = 16 * 1024;

/// A phone sends less in an hour; a trunk's connection carries a few hundred a second.
const WRITES: usize = 256;

/// Phones and trunks over TCP; each holds a file descriptor.
const CONNECTIONS_MAX: usize = 2_000;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
