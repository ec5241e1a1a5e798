//! Trunks: the lines to the world, and what their carriers do in their own way.

use std::{net::IpAddr, net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use super::CarrierProfile;
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
    /// The carrier's SBC, where that is not the peer: all requests go there, with a Route
    /// (RFC 3261 §8.1.2).
    pub outbound_proxy: Option<SocketAddr>,
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
    /// The name in proofs, where it is not that of the address: an IMPI beside its IMPU.
    pub auth_username: Option<String>,
    pub password: Option<Pii<String>>,
    pub password_file: Option<PathBuf>,
    pub password_env: Option<String>,
    /// Challenges of another realm are not answered.
    pub realm: Option<String>,
    /// Our number as the carrier wants it in From and P-Asserted-Identity.
    pub caller_number: String,
    /// Our further numbers on this trunk; calls to them are ours (see `profile.did_digits`).
    #[serde(default)]
    pub numbers: Vec<String>,
    /// Lines bought: never more calls at once.
    #[serde(default = "lines")]
    pub lines: usize,
    /// New calls a second; carriers answer 503 to more.
    #[serde(default = "calls_per_s")]
    pub calls_per_s: f64,
    /// A dial that this trunk certainly did not carry to anybody goes on by the first of
    /// these that is up, within the same attempt.
    #[serde(default, deserialize_with = "one_or_many")]
    pub fails_over_to: Vec<String>,
    /// A trunk that was dead for a dial is left alone for so long, where another takes over.
    #[serde(default = "hold_off_s")]
    pub hold_off_s: u64,
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
        self.peer.ip() == address
            || self.outbound_proxy.is_some_and(|proxy| proxy.ip() == address)
            || self.also_from.contains(&address)
    }

    /// Where requests are sent.
    pub fn hop(&self) -> SocketAddr {
        self.outbound_proxy.unwrap_or(self.peer)
    }

    /// The Route of a request outside of any dialog, as it stands in the header.
    pub fn route(&self) -> Option<String> {
        let proxy = self.outbound_proxy?;
        let transport = match self.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
        };
        Some(format!("<sip:{proxy};lr{transport}>"))
    }

    /// Is the number that was called (the user part of a Request-URI) one of ours? Carriers
    /// deliver whole numbers, or their last digits only.
    pub fn is_called_by(&self, called: &str) -> bool {
        let wanted = usize::from(self.profile.did_digits);
        let ours = std::iter::once(&self.caller_number).chain(&self.numbers);
        let called = last_digits(called.split(';').next().unwrap_or_default(), wanted);
        wanted == 0
            || called.len() == wanted
                && ours.map(|own| last_digits(own, wanted)).any(|own| own == called)
    }

    /// What the peer's certificate must say that it is (RFC 5922 §4).
    pub fn tls_name(&self) -> String {
        self.domain.clone().unwrap_or_else(|| self.peer.ip().to_string())
    }

    pub fn domain(&self) -> String {
        self.domain.clone().unwrap_or_else(|| self.peer.to_string())
    }
}

fn last_digits(number: &str, count: usize) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits.iter().skip(digits.len().saturating_sub(count)).collect()
}

fn lines() -> usize {
    30
}

fn calls_per_s() -> f64 {
    2.0
}

/// As long as two SBCs take to change places.
fn hold_off_s() -> u64 {
    30
}

/// `"a"` or `["a", "b"]`.
fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Names;
    impl<'de> serde::de::Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the name of a trunk, or a list of them")
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
            Ok(vec![name.to_owned()])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq))
        }
    }
    from.deserialize_any(Names)
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

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_call_is_ours_by_the_digits_that_the_carrier_delivers() {
        const TRUNK: &str = "[[trunk]]\nname = 'a'\npeer = '127.0.0.1:5070'\n\
                             caller_number = '0592-5027064'\nnumbers = ['05925027100']\n";
        for (digits, called, expected) in [
            (0, "whatever", true),
            (4, "7064", true),
            (4, "+865925027064", true),
            (4, "7100;phone-context=+86592", true),
            (4, "7065", false),
            (4, "064", false),
            (4, "", false),
            (8, "7064", false),
            (8, "05925027064", true),
        ] {
            let text = format!("{TRUNK}profile = {{ did_digits = {digits} }}");
            let config = Config::parse(&text, "suifang.toml").unwrap();
            assert_eq!(config.trunk[0].is_called_by(called), expected, "{digits} {called:?}");
        }
    }

    #[test]
    fn an_outbound_proxy_is_where_requests_go_and_where_calls_may_come_from() {
        let text = "[[trunk]]\nname = 'a'\npeer = '10.0.0.1:5060'\ncaller_number = '1'\n\
                    outbound_proxy = '10.0.0.9:5070'\ntransport = 'tcp'";
        let mut config = Config::parse(text, "suifang.toml").unwrap();
        let mut trunk = config.trunk.remove(0);
        assert_eq!(trunk.hop().to_string(), "10.0.0.9:5070");
        assert_eq!(trunk.route().unwrap(), "<sip:10.0.0.9:5070;lr;transport=tcp>");
        assert!(trunk.owns("10.0.0.9".parse().unwrap()) && trunk.owns("10.0.0.1".parse().unwrap()));
        trunk.outbound_proxy = None;
        assert_eq!((trunk.hop().to_string().as_str(), trunk.route()), ("10.0.0.1:5060", None));
    }
}
