//! Who we are and whom we trust in SIP over TLS (RFC 5922). Shared by all sockets; a reload
//! changes what the next handshake sees, and no connection that stands.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    config::{Config, Transport, Trunk},
    engine::{Tls, TlsCaller, core::interface_id},
    sip::{endpoint::InterfaceId, message},
};

#[derive(Clone, Default)]
pub struct Certificates(Arc<Known>);

#[derive(Default)]
struct Known {
    ours: HashMap<InterfaceId, Tls>,
    /// Trunks, by the address that a connection to them has.
    peers: RwLock<HashMap<SocketAddr, TlsCaller>>,
}

impl Certificates {
    pub fn new(ours: HashMap<InterfaceId, Tls>, peers: HashMap<SocketAddr, TlsCaller>) -> Self {
        Self(Arc::new(Known { ours, peers: RwLock::new(peers) }))
    }

    /// # Errors
    /// Which setting names what file, and what is wrong with it.
    pub fn load(config: &Config) -> Result<Self, String> {
        let mut ours = HashMap::new();
        for (at, interface) in config.interface.iter().enumerate() {
            let id = interface_id(at, message::Transport::Tls);
            if let Some(((_, cert, key), id)) = interface.tls().zip(id) {
                let tls = Tls::load_for_sip(cert, key);
                let tls = tls.map_err(|e| format!("interface {:?}: {e}", interface.name))?;
                ours.insert(id, tls);
            }
        }
        Ok(Self::new(ours, peers(&config.trunk)?))
    }

    /// Reads the files again. A wrong file of an authority changes nothing; a wrong pair
    /// leaves its interface with the pair that it has.
    ///
    /// # Errors
    /// What is wrong with the first wrong file.
    pub fn reload(&self, trunks: &[Trunk]) -> Result<(), String> {
        let fresh = peers(trunks)?;
        for tls in self.0.ours.values() {
            tls.reload().map_err(|error| format!("the certificate of an interface: {error}"))?;
        }
        *self.0.peers.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(super) fn ours(&self, interface: InterfaceId) -> Option<Tls> {
        self.0.ours.get(&interface).cloned()
    }

    pub(super) fn peer(&self, remote: SocketAddr) -> Option<TlsCaller> {
        self.0.peers.read().unwrap_or_else(PoisonError::into_inner).get(&remote).cloned()
    }
}

/// Keys and certificates print themselves nowhere.
impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificates(…)")
    }
}

fn peers(trunks: &[Trunk]) -> Result<HashMap<SocketAddr, TlsCaller>, String> {
    let by_tls = trunks.iter().filter(|trunk| trunk.transport == Transport::Tls);
    let peer = |trunk: &Trunk| {
        let caller = match &trunk.tls_ca {
            Some(ca) => TlsCaller::load(ca, &trunk.tls_name()),
            None => TlsCaller::by_the_system(&trunk.tls_name()),
        };
        let caller = caller.map_err(|error| format!("trunk {:?}: tls_ca: {error}", trunk.name))?;
        Ok((trunk.hop(), caller))
    };
    by_tls.map(peer).collect()
}
