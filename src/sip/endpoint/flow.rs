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

    /// `is_secure`: the dialog is one of `sips:`, and so is what stands in it
    /// (RFC 3261 §12.1.1).
    pub(super) fn contact(&self, user: Option<String>, is_secure: bool) -> String {
        let mut uri = SipUri {
            secure: is_secure,
            user,
            host: self.advertise_host.clone(),
            port: Some(self.advertise_port),
            params: Default::default(),
            headers: None,
        };
        match self.transport {
            Transport::Udp => {}
            Transport::Tcp => uri.params.set("transport", Some("tcp")),
            Transport::Tls if is_secure => {}
            // RFC 5630 §3.1.3 deprecates it, and every phone of today reads it.
            Transport::Tls => uri.params.set("transport", Some("tls")),
        }
        format!("<{}>", Uri::Sip(uri))
    }
}
