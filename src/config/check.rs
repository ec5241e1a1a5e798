//! What a type cannot say of a config: names that must exist, ports that must differ.

use super::{Config, Interface, Transport, Trunk};

/// Where in the text the mistake stands (a needle to find its line by), and what it is.
type Mistake = (String, String);

impl Config {
    pub(super) fn checked(self) -> Result<Self, Mistake> {
        self.check_hospital()?;
        self.check_web()?;
        self.check_interfaces()?;
        self.check_trunks()?;
        self.check_intake()?;
        self.check_sources()?;
        self.check_syslog()?;
        if self.media.threads == 0 {
            return Err(at("threads", "media.threads must be at least 1"));
        }
        if self.tts.http_url.is_none() && self.tts.command.is_empty() {
            return Err(at("command", "tts.command is empty and tts.http_url is not set"));
        }
        Ok(self)
    }

    fn check_hospital(&self) -> Result<(), Mistake> {
        let is_prefix = |text: &&String| {
            (3..=11).contains(&text.len())
                && text.starts_with('1')
                && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        match self.hospital.near_mobiles.iter().find(|text| !is_prefix(text)) {
            Some(wrong) => {
                let what = format!(
                    "hospital.near_mobiles: {wrong:?} is not the beginning of a mobile number; \
                     write its first digits, e.g. \"1395927\""
                );
                Err((format!("\"{wrong}\""), what))
            }
            None => Ok(()),
        }
    }

    fn check_web(&self) -> Result<(), Mistake> {
        let web = &self.web;
        if web.tls_cert.is_some() != web.tls_key.is_some() {
            return Err(at("tls_", "web.tls_cert and web.tls_key go together: set both"));
        }
        if !web.bind.ip().is_loopback() && web.tls_cert.is_none() && web.trusted_proxy.is_none() {
            let what = format!(
                "web.bind {} would show patients' data on a network in clear: set web.tls_cert \
                 and web.tls_key, or web.trusted_proxy, or bind to 127.0.0.1",
                web.bind
            );
            return Err(at("bind", what));
        }
        Ok(())
    }

    fn check_syslog(&self) -> Result<(), Mistake> {
        let Some(syslog) = &self.syslog else { return Ok(()) };
        let port = syslog.address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() {
            return Err(at("address", "syslog.address needs a port, e.g. \"log.hospital:6514\""));
        }
        Ok(())
    }

    fn check_interfaces(&self) -> Result<(), Mistake> {
        for (index, interface) in self.interface.iter().enumerate() {
            let quoted = format!("\"{}\"", interface.name);
            let others = &self.interface[..index];
            if others.iter().any(|other| other.name == interface.name) {
                return Err((quoted, format!("interface {:?} stands twice", interface.name)));
            }
            if interface.tls_cert.is_some() != interface.tls_key.is_some()
                || interface.tls_port.is_some() && interface.tls_cert.is_none()
            {
                let what = "tls_cert and tls_key go together, and tls_port needs both";
                return Err((quoted, format!("interface {:?}: {what}", interface.name)));
            }
            let own = interface.tls().is_some_and(|(port, ..)| port == interface.port);
            let meets = |other: &&Interface| {
                other.bind == interface.bind
                    && tcp_ports(other).any(|port| tcp_ports(interface).any(|ours| ours == port))
            };
            let meets = others.iter().find(meets);
            if let Some(other) = meets.or(own.then_some(interface)) {
                let what = format!("{:?} and {:?} bind the same port", other.name, interface.name);
                return Err((quoted, what));
            }
            let (low, high) = interface.rtp_ports;
            if low < 1024 || high <= low.saturating_add(3) {
                let what = format!(
                    "interface {:?}: rtp_ports [{low}, {high}] needs a low end from 1024 and \
                     room for at least two pairs",
                    interface.name
                );
                return Err((quoted, what));
            }
        }
        Ok(())
    }

    fn check_intake(&self) -> Result<(), Mistake> {
        let hl7 = &self.hl7;
        if hl7.bind.is_some() && hl7.allow.is_empty() {
            return Err(at("[hl7]", "hl7.allow names nobody: set the sender's address"));
        }
        if hl7.connections_max == 0 || hl7.message_max_kib == 0 || hl7.idle_s == 0 {
            return Err(at("[hl7]", "hl7: its limits must be at least 1"));
        }
        Ok(())
    }

    fn check_sources(&self) -> Result<(), Mistake> {
        for (index, source) in self.source.iter().enumerate() {
            let twice = self.source[..index].iter().any(|other| other.name == source.name);
            let what = twice.then_some("stands twice").or_else(|| source.mistake());
            if let Some(what) = what {
                let quoted = format!("\"{}\"", source.name);
                return Err((quoted, format!("source {:?}: {what}", source.name)));
            }
        }
        Ok(())
    }

    fn check_tls_of(&self, trunk: &Trunk, interface: &Interface) -> Result<(), String> {
        if trunk.transport != Transport::Tls {
            return Ok(());
        }
        if interface.tls().is_none() {
            return Err(format!(
                "transport = \"tls\" needs tls_cert and tls_key at interface {:?}: the peer calls \
                 us there",
                interface.name
            ));
        }
        // A connection is known by its address: one certificate stands behind it.
        let differs = |other: &&Trunk| {
            other.transport == Transport::Tls
                && other.hop() == trunk.hop()
                && (other.tls_name(), &other.tls_ca) != (trunk.tls_name(), &trunk.tls_ca)
        };
        match self.trunk.iter().find(differs) {
            Some(other) => {
                Err(format!("has the peer of trunk {:?}, but another domain or tls_ca", other.name))
            }
            None => Ok(()),
        }
    }

    /// A dial goes from trunk to trunk along one list: a name that is not there would be found
    /// out on the day the first trunk dies.
    fn check_fail_over(&self, trunk: &Trunk) -> Result<(), String> {
        for (index, next) in trunk.fails_over_to.iter().enumerate() {
            if *next == trunk.name {
                return Err("fails_over_to names the trunk itself".to_owned());
            }
            if !self.trunk.iter().any(|other| other.name == *next) {
                return Err(format!("fails_over_to: there is no trunk {next:?}"));
            }
            if trunk.fails_over_to.iter().take(index).any(|before| before == next) {
                return Err(format!("fails_over_to names {next:?} twice"));
            }
        }
        if trunk.fails_over_to.len() > FAIL_OVER_MAX {
            return Err(format!("fails_over_to names more than {FAIL_OVER_MAX} trunks"));
        }
        if trunk.hold_off_s > HOLD_OFF_MAX_S {
            return Err(format!("hold_off_s is at most {HOLD_OFF_MAX_S}"));
        }
        Ok(())
    }

    fn check_trunks(&self) -> Result<(), Mistake> {
        for (index, trunk) in self.trunk.iter().enumerate() {
            let quoted = format!("\"{}\"", trunk.name);
            let wrong =
                |what: String| Err((quoted.clone(), format!("trunk {:?}: {what}", trunk.name)));
            if self.trunk[..index].iter().any(|other| other.name == trunk.name) {
                return wrong("stands twice".to_owned());
            }
            let interface = trunk.interface.as_deref().unwrap_or_default();
            let Some(found) = self.interface(interface) else {
                return wrong(format!("there is no interface {interface:?}"));
            };
            if found.bind.is_ipv4() != trunk.peer.is_ipv4() {
                return wrong(format!("peer and interface {interface:?} differ in IP version"));
            }
            self.check_tls_of(trunk, found).or_else(wrong)?;
            if trunk.outbound_proxy.is_some_and(|proxy| proxy.is_ipv4() != trunk.peer.is_ipv4()) {
                return wrong("peer and outbound_proxy differ in IP version".to_owned());
            }
            let has_secret = trunk.password.is_some()
                || trunk.password_file.is_some()
                || trunk.password_env.is_some();
            if trunk.register && (trunk.username.is_none() || !has_secret) {
                return wrong("register needs username and a password".to_owned());
            }
            if !(trunk.calls_per_s > 0.0 && trunk.calls_per_s <= 100.0) {
                return wrong("calls_per_s must be above 0 and at most 100".to_owned());
            }
            let shares = [trunk.governor.short_share_max, trunk.governor.no_answer_share_max];
            if shares.into_iter().flatten().any(|share| !(0.0..=1.0).contains(&share)) {
                return wrong("a share of the governor lies between 0 and 1".to_owned());
            }
            if trunk.governor.calls_per_h_max == Some(0) {
                return wrong("calls_per_h_max = 0 would dial nobody; leave it out".to_owned());
            }
            if let Err(what) = self.check_fail_over(trunk) {
                return wrong(what);
            }
            if trunk.lines == 0 {
                return wrong("lines must be at least 1".to_owned());
            }
            if !(25..=90).contains(&trunk.profile.ring_timeout_s) && !trunk.peer.ip().is_loopback()
            {
                return wrong(
                    "ring_timeout_s must be 25 to 90 (five to eighteen rings)".to_owned(),
                );
            }
            if let Some(what) = trunk.profile.mistake() {
                return wrong(what);
            }
        }
        Ok(())
    }
}

fn tcp_ports(interface: &Interface) -> impl Iterator<Item = u16> {
    [Some(interface.port), interface.tls().map(|(port, ..)| port)].into_iter().flatten()
}

/// Each takes up to four seconds of an attempt; a patient's turn is not to last longer.
const FAIL_OVER_MAX: usize = 3;

/// An hour: a trunk that is forgotten for longer is one that somebody should remove.
const HOLD_OFF_MAX_S: u64 = 3600;

fn at(needle: &str, what: impl Into<String>) -> Mistake {
    (needle.to_owned(), what.into())
}
