//! Where messages come from and go to.

use std::net::SocketAddr;

use crate::sip::message::{Host, SipUri, Transport, Uri, Via};

/// One of our sockets or listeners, by its place in the configuration.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct InterfaceId(pub u8);

/// A path between one of our interfaces and a peer: for UDP a pair of addresses, for
/// TCP a connection, which is made when there is none.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Flow {
    pub transport: Transport,
    pub interface: InterfaceId,
    pub remote: SocketAddr,
}

/// What peers on this network are told about us. Two networks have two interfaces, and
/// neither hears of the other's addresses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Interface {
    pub id: InterfaceId,
    pub transport: Transport,
    pub bind: SocketAddr,
    pub advertise_host: Host,
    pub advertise_port: u16,
}

impl Interface {
    /// Told as it is bound.
    pub fn plain(id: InterfaceId, transport: Transport, bind: SocketAddr) -> Self {
        let advertise_host = bind.ip().into();
        Self { id, transport, bind, advertise_host, advertise_port: bind.port() }
    }

    pub(super) fn via(&self, branch: &str) -> Via {
        Via::new(self.transport, self.advertise_host.clone(), self.advertise_port, branch)
    }

    pub(super) fn contact(&self, user: Option<String>) -> String {
        let mut uri = SipUri {
            secure: false,
            user,
            host: self.advertise_host.clone(),
            port: Some(self.advertise_port),
            params: Default::default(),
            headers: None,
        };
        if self.transport == Transport::Tcp {
            uri.params.set("transport", Some("tcp"));
        }
        format!("<{}>", Uri::Sip(uri))
    }
}
