//! Trunks: the lines to the world, and what their carriers do in their own way.

use std::{net::IpAddr, net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use crate::base::Pii;

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    #[default]
    Udp,
    Tcp,
    Tls,
}

/// Sound that nobody on the way can hear (RFC 3711), with keys that stand in the signalling.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Srtp {
    #[default]
    No,
    /// Offered, and taken where it is offered; a peer without it is heard in clear.
    Optional,
    /// A peer without it gets no call.
    Required,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    pub name: String,
    /// Which `[[interface]]` its packets leave by; absent: the first.
    pub interface: Option<String>,
    /// The carrier's or the PBX's address. Requests from any other address are not
    /// this trunk's.
    pub peer: SocketAddr,
    /// Further addresses of the same carrier from which calls may come.
    #[serde(default)]
    pub also_from: Vec<IpAddr>,
    #[serde(default)]
    pub transport: Transport,
    /// PEM: who may sign the peer's certificate; absent: the authorities that this system
    /// trusts. The name in it must be `domain`, or the peer's address.
    pub tls_ca: Option<PathBuf>,
    #[serde(default)]
    pub srtp: Srtp,
    /// SIP domain in From, To and the Request-URI; absent: the peer's address.
    pub domain: Option<String>,
    /// REGISTER with it, and answer its challenges.
    #[serde(default)]
    pub register: bool,
    pub username: Option<String>,
    pub password: Option<Pii<String>>,
    pub password_file: Option<PathBuf>,
    pub password_env: Option<String>,
    /// Challenges of another realm are not answered.
    pub realm: Option<String>,
    /// Our number as the carrier wants it in From and P-Asserted-Identity.
    pub caller_number: String,
    /// Lines bought: never more calls at once.
    #[serde(default = "lines")]
    pub lines: usize,
    /// New calls a second; carriers answer 503 to more.
    #[serde(default = "calls_per_s")]
    pub calls_per_s: f64,
    #[serde(default)]
    pub profile: CarrierProfile,
    #[serde(default)]
    pub dial: DialRule,
    #[serde(default)]
    pub governor: Governor,
}

impl Trunk {
    /// May a message from this address be this trunk's?
    pub fn owns(&self, address: IpAddr) -> bool {
        self.peer.ip() == address || self.also_from.contains(&address)
    }

    /// What the peer's certificate must say that it is (RFC 5922 §4).
    pub fn tls_name(&self) -> String {
        self.domain.clone().unwrap_or_else(|| self.peer.ip().to_string())
    }

    pub fn domain(&self) -> String {
        self.domain.clone().unwrap_or_else(|| self.peer.to_string())
    }
}

fn lines() -> usize {
    30
}

fn calls_per_s() -> f64 {
    2.0
}

/// What this carrier does in its own way.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CarrierProfile {
    /// An old patient needs eight rings (40 s); the carrier's secretary takes over at
    /// about a minute.
    pub ring_timeout_s: u64,
    /// An INVITE without any response for this long is a dead trunk.
    pub no_response_s: u64,
    /// Session-Expires that we ask for; 0: none.
    pub session_expires_s: u32,
    pub min_se_s: u32,
    /// Demand reliable provisional responses.
    pub reliable_provisional: bool,
    /// Ask for its health by OPTIONS this often; 0: never (some ignore it).
    pub options_interval_s: u64,
    /// PCMA before PCMU, as carriers in China do.
    pub codecs: Vec<String>,
}

impl Default for CarrierProfile {
    fn default() -> Self {
        Self {
            ring_timeout_s: 50,
            no_response_s: 3,
            session_expires_s: 1800,
            min_se_s: 90,
            reliable_provisional: false,
            options_interval_s: 30,
            codecs: vec!["PCMA".to_owned(), "PCMU".to_owned()],
        }
    }
}

/// What this carrier takes for a nuisance caller. Absent: it does not watch that.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Governor {
    pub calls_per_h_max: Option<u32>,
    /// Of the answered calls, those that are over within 6 s: 0 to 1.
    pub short_share_max: Option<f64>,
    /// Of all calls, those that nobody answers: 0 to 1.
    pub no_answer_share_max: Option<f64>,
}

/// How a number in E.164 is written for this trunk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DialRule {
    /// Before every number: the PBX's outside line, often 9 or 0.
    pub outside_prefix: String,
    /// 0 before mobiles of other cities (some carriers demand it).
    pub zero_before_far_mobile: bool,
    /// Local numbers without the area code.
    pub strip_own_area: bool,
    /// Send `+86…` as it is.
    pub e164: bool,
}
