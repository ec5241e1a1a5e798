//! Where the audit is told to as it is written, so that nobody who owns this machine can
//! unsay it.

use std::path::PathBuf;

use serde::Deserialize;

/// RFC 5424 over TLS (RFC 5425).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// Host and port of the receiver; the custom is port 6514.
    pub address: String,
    /// PEM: who signed the receiver's certificate. No other
    /// authority is trusted: it is the hospital's own machine.
    pub ca: PathBuf,
    /// The name in its certificate. Absent: the host of `address`.
    pub name: Option<String>,
}

impl Syslog {
    /// Whom the certificate must name.
    pub fn server_name(&self) -> &str {
        let host = self.address.rsplit_once(':').map_or(self.address.as_str(), |(host, _)| host);
        self.name.as_deref().unwrap_or(host).trim_matches(['[', ']'])
    }
}
