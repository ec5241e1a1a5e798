//! Where the hospital's messages come in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Deserialize;

/// HL7 v2 over MLLP.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hl7 {
    /// Absent: nobody listens. The custom is port 2575.
    pub bind: Option<SocketAddr>,
    /// Whose connections are taken; MLLP knows no password.
    pub allow: Vec<IpAddr>,
    /// A discharge has 8 kB, a night's batch some hundreds of them.
    pub message_max_kib: usize,
    /// An interface engine opens one to four.
    pub connections_max: usize,
    /// Silent for this long between two messages, a connection is closed.
    pub idle_s: u64,
    /// Not a message for so long is an alarm; 0: never. Admissions come at all hours.
    pub silent_after_h: u64,
}

impl Default for Hl7 {
    fn default() -> Self {
        Self {
            bind: None,
            allow: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            message_max_kib: 8192,
            connections_max: 32,
            idle_s: 3600,
            silent_after_h: 12,
        }
    }
}
