//! Sockets, and the tasks that read them.

use std::{collections::HashMap, io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::mpsc,
};

use super::{
    Certificates, Clock, Doors, StreamLimits,
    stream::{CONNECTIONS_MAX, Door, Opening, Places, WRITES, accept},
};
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

impl Connection {
    pub(super) const fn new(number: u64, queue: mpsc::Sender<Bytes>) -> Self {
        Self { number, queue }
    }
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
    /// Of TCP and TLS.
    listeners: HashMap<InterfaceId, SocketAddr>,
    connections: HashMap<Flow, Connection>,
    certificates: Certificates,
    places: Places,
    limits: StreamLimits,
    wire: mpsc::Sender<Wire>,
    last_number: u64,
}

impl Sockets {
    pub(super) async fn bind(
        interfaces: &mut [Interface],
        guarded: Guarded,
        certificates: Certificates,
        limits: StreamLimits,
        wire: mpsc::Sender<Wire>,
    ) -> io::Result<Self> {
        let mut this = Self {
            guarded: Arc::new(guarded),
            udp: HashMap::new(),
            listeners: HashMap::new(),
            connections: HashMap::new(),
            certificates,
            places: Places::new(limits),
            limits,
            wire,
            last_number: 0,
        };
        for interface in interfaces {
            let bound = match interface.transport {
                Transport::Udp => this.bind_udp(interface)?,
                Transport::Tcp | Transport::Tls => this.listen(interface).await?,
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
        match interface.bind.is_ipv4() {
            true => drop(socket.set_tos_v4(CS3)),
            false => drop(socket.set_tclass_v6(CS3)),
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

    async fn listen(&mut self, interface: &Interface) -> io::Result<SocketAddr> {
        let id = interface.id;
        let tls = match interface.transport {
            Transport::Tls => Some(self.certificates.ours(id).ok_or_else(no_certificate)?),
            Transport::Udp | Transport::Tcp => None,
        };
        let listener = TcpListener::bind(interface.bind).await?;
        let bound = listener.local_addr()?;
        self.listeners.insert(id, bound);
        let (places, wire) = (self.places.clone(), self.wire.clone());
        tokio::spawn(accept(listener, Door { interface: id, tls, places, wire }));
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
            Transport::Tcp | Transport::Tls => {
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
        let Some(local) = self.listeners.get(&flow.interface).copied() else { return false };
        let tls = match flow.transport {
            Transport::Tls => self.certificates.peer(flow.remote),
            Transport::Udp | Transport::Tcp => None,
        };
        // Nobody has said whom to expect there: a phone behind a connection that is gone.
        let is_unknown = flow.transport == Transport::Tls && tls.is_none();
        if is_unknown || self.connections.len() >= CONNECTIONS_MAX {
            return false;
        }
        // Odd numbers are ours, even ones the listeners'.
        self.last_number += 2;
        let (queue, to_write) = mpsc::channel(WRITES);
        let number = self.last_number + 1;
        self.connections.insert(flow, Connection { number, queue });
        let (wire, idle) = (self.wire.clone(), self.limits.idle);
        tokio::spawn(Opening { local, flow, number, tls, to_write, wire, idle }.run());
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

fn no_certificate() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "TLS without a certificate")
}

/// What a burst brings while the task is busy; the default of 200 KB is 300 messages.
const UDP_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// DSCP CS3, as hospitals' switches expect of signalling.
const CS3: u32 = 0x60;

const DATAGRAM_BYTES_MAX: usize = 65_535;
