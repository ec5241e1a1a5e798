//! `suifang.toml`: what must be known before the database is up, the trunks and their
//! carrier profiles. Parsed once at start and again on SIGHUP; a file with a mistake
//! changes nothing. Secrets may stand in files (`*_file`) or in the environment
//! (`*_env`), read here and nowhere else.

mod check;
mod homer;
mod intake;
mod profile;
mod source;
mod syslog;
mod trunk;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::Deserialize;

pub use homer::Homer;
pub use intake::Hl7;
pub use profile::{CarrierProfile, Dtmf, ProfileName, STATUS_OUTCOMES, Supervision};
pub use source::{Source, SourceKind};
pub use syslog::Syslog;
pub use trunk::{DialRule, Governor, Srtp, Transport, Trunk};

use crate::base::{E164, Pii};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub hospital: Hospital,
    pub web: Web,
    pub database: Database,
    pub paths: Paths,
    pub sip: Sip,
    pub interface: Vec<Interface>,
    pub trunk: Vec<Trunk>,
    pub dialer: Dialer,
    pub media: Media,
    pub tts: Tts,
    pub pilot: Option<Pilot>,
    pub hl7: Hl7,
    pub source: Vec<Source>,
    pub limits: Limits,
    pub log: Log,
    pub syslog: Option<Syslog>,
    pub homer: Option<Homer>,
}

/// What patients hear, and where the hospital stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hospital {
    /// Shown to staff in the frame of the page.
    pub name: String,
    /// The *discreet* name, spoken before anybody is identified: a cancer hospital's own
    /// name is a diagnosis.
    pub spoken_name: String,
    /// The published number at which a patient may check that a call was ours.
    pub callback_number: String,
    /// IANA zone of calling windows and of every date on the page.
    pub timezone: chrono_tz::Tz,
    /// Area code (with the leading 0) of numbers that are written without one.
    pub area_code: String,
    /// First digits of the mobiles that the carrier counts as of here (号段), e.g.
    /// `1395927`: no 0 before them, and no long-distance right is needed. Empty: none known.
    pub near_mobiles: Vec<String>,
    /// Questionnaires that no doctor has signed (`clinicalReview`) may be asked: for the
    /// demo and for practice, never for patients.
    pub training: bool,
}

impl Default for Hospital {
    fn default() -> Self {
        Self {
            name: "示范医院".to_owned(),
            spoken_name: "市第三医院".to_owned(),
            callback_number: "0592-5027064".to_owned(),
            timezone: chrono_tz::Asia::Shanghai,
            area_code: "0592".to_owned(),
            near_mobiles: Vec::new(),
            training: false,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Loopback by default: patients' data must not be on a network in clear by accident.
    pub bind: SocketAddr,
    /// PEM files; both or none. Read again when they change.
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// A reverse proxy on this address ends TLS and sets X-Forwarded-For/-Proto.
    pub trusted_proxy: Option<IpAddr>,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls_cert: None,
            tls_key: None,
            trusted_proxy: None,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `postgres://…` of a role that may create roles and tables. Absent: a private
    /// cluster from the installed PostgreSQL binaries.
    pub url: Option<Pii<String>>,
    pub url_file: Option<PathBuf>,
    pub url_env: Option<String>,
    /// Folder with `initdb` and `postgres`; absent: the newest that Debian installed.
    pub bin_dir: Option<PathBuf>,
}

/// Every path is relative to the config file's folder unless it is absolute.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paths {
    /// The private cluster, the cache of synthetic speech, and the journal.
    pub data: PathBuf,
    pub dialplans: PathBuf,
    pub recordings: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            dialplans: PathBuf::from("dialplans"),
            recordings: PathBuf::from("recordings"),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sip {
    /// Realm of phones that register with us.
    pub realm: String,
    /// Offer SHA-256 beside MD5 to phones. Off: many desk phones give up when they see an
    /// algorithm that they do not know.
    pub sha256: bool,
    /// Which dialplan answers callers.
    pub inbound_dialplan: String,
    /// CS3 (24) for signalling, EF (46) for RTP: what switches in hospitals expect.
    pub dscp_sip: u8,
    pub dscp_rtp: u8,
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            realm: "suifang".to_owned(),
            sha256: false,
            inbound_dialplan: "inbound".to_owned(),
            dscp_sip: 24,
            dscp_rtp: 46,
        }
    }
}

/// A network we stand in: the phones' LAN, the carrier's private line. What is said
/// inside one never names another's address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    pub name: String,
    pub bind: IpAddr,
    #[serde(default = "sip_port")]
    pub port: u16,
    /// SIP over TLS on this port, once there is a certificate; absent: 5061.
    pub tls_port: Option<u16>,
    /// PEM files; both or none. Without them there is no TLS here. Read again by a reload.
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// What Via, Contact and SDP say, where a NAT stands between. Absent: `bind`.
    pub advertise: Option<IpAddr>,
    #[serde(default = "rtp_ports")]
    pub rtp_ports: (u16, u16),
    /// Phones may register from here.
    #[serde(default)]
    pub registrar: bool,
    /// Of calls with phones; each trunk has its own.
    #[serde(default)]
    pub srtp: Srtp,
}

impl Interface {
    pub fn advertised(&self) -> IpAddr {
        self.advertise.unwrap_or(self.bind)
    }

    /// Port, certificate and key of SIP over TLS, where it is wanted.
    pub fn tls(&self) -> Option<(u16, &Path, &Path)> {
        let (cert, key) = self.tls_cert.as_deref().zip(self.tls_key.as_deref())?;
        Some((self.tls_port.unwrap_or(SIPS_PORT), cert, key))
    }
}

/// How hard we dial. Each default is a choice somebody may question: say why.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dialer {
    /// How long a live call may take at most; an old patient needs 12 minutes for all.
    pub call_max_s: u64,
    /// SIGTERM waits this long for live calls.
    pub drain_s: u64,
    /// Dial around the clock; for the demo and for tests, never for patients.
    pub ignore_window: bool,
}

impl Default for Dialer {
    fn default() -> Self {
        Self { call_max_s: 1800, drain_s: 120, ignore_window: false }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// Two cores need no more; a media thread carries some hundred calls.
    pub threads: usize,
    /// A leg without any RTP for this long is hung up (not on hold).
    pub rtp_timeout_s: u64,
}

impl Default for Media {
    fn default() -> Self {
        Self { threads: 2, rtp_timeout_s: 30 }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tts {
    /// `{voice}`, `{out}` and `{text}` are replaced, each as one argument; the command
    /// writes a WAV file to `{out}`.
    pub command: Vec<String>,
    /// Voice by language tag.
    pub voice: std::collections::BTreeMap<String, String>,
    /// The command never leaves this machine: only then may it read texts with a
    /// person's data.
    pub internal: bool,
    /// An HTTP service instead: POST `{"text","voice"}`, answered with a WAV body.
    pub http_url: Option<String>,
}

impl Default for Tts {
    fn default() -> Self {
        let command = ["espeak-ng", "-v", "{voice}", "-s", "175", "-w", "{out}", "--", "{text}"];
        // `cmn` and `zh` read most of our texts as English on Debian 12.
        let voices = [("zh-CN", "cmn-latn-pinyin"), ("en", "en-us"), ("yue", "yue")];
        Self {
            command: command.map(str::to_owned).to_vec(),
            voice: voices.map(|(tag, voice)| (tag.to_owned(), voice.to_owned())).into(),
            internal: true,
            http_url: None,
        }
    }
}

/// While a hospital tries us out: no other number is ever dialled.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pilot {
    pub allow_numbers: Vec<AllowedNumber>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct AllowedNumber(pub E164);

impl TryFrom<String> for AllowedNumber {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("a number like +8613800138000: {error}"))
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls at once; absent: computed from the number of files we may open.
    pub calls_max: Option<usize>,
    /// No new call below this much free space for recordings (MiB).
    pub disk_min_mib: u64,
    /// For how many days the messages of calls are kept; 0: they are not.
    pub sip_lab_days: u32,
    /// How many of them in all: the oldest go first. A call has a dozen; a million take 1 GB.
    pub sip_lab_messages_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_max: None,
            disk_min_mib: 512,
            sip_lab_days: 7,
            sip_lab_messages_max: 1_000_000,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `tracing` filter, e.g. `info,suifang::sip=debug`.
    pub filter: String,
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), json: false }
    }
}

/// One line that says what is wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(crate) String);

impl Config {
    /// Reads, completes and checks a file. `env` looks up the environment.
    pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("{name}: cannot be read: {error}")))?;
        let mut config = Self::parse(&text, &name.to_string())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.resolve_paths(folder);
        config.read_secrets(env)?;
        Ok(config)
    }

    /// Parses and checks a text; `name` stands in the error, with the line.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let what = error.message().replace('\n', " ");
            ConfigError(format!("{name}:{line}: {what}"))
        })?;
        config.with_defaults().checked().map_err(|(needle, what)| {
            let at = text.find(&needle).map_or(1, |at| line_of(text, at));
            ConfigError(format!("{name}:{at}: {what}"))
        })
    }

    /// Without any interface we stand on loopback, for phones and for the demo.
    fn with_defaults(mut self) -> Self {
        if self.interface.is_empty() {
            self.interface.push(Interface {
                name: "loopback".to_owned(),
                bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
                port: sip_port(),
                tls_port: None,
                tls_cert: None,
                tls_key: None,
                advertise: None,
                rtp_ports: rtp_ports(),
                registrar: true,
                srtp: Srtp::No,
            });
        }
        let first = self.interface[0].name.clone();
        for trunk in &mut self.trunk {
            trunk.interface.get_or_insert_with(|| first.clone());
        }
        self
    }

    fn resolve_paths(&mut self, folder: &Path) {
        let Paths { data, dialplans, recordings } = &mut self.paths;
        let trunks = self.trunk.iter_mut();
        let secrets = trunks.flat_map(|t| t.password_file.iter_mut().chain(&mut t.tls_ca));
        let interfaces = self.interface.iter_mut();
        let sip = interfaces.flat_map(|i| i.tls_cert.iter_mut().chain(&mut i.tls_key));
        let tls = self.web.tls_cert.iter_mut().chain(&mut self.web.tls_key).chain(sip);
        let syslog = self.syslog.iter_mut().map(|syslog| &mut syslog.ca);
        let sources = self.source.iter_mut();
        let sources = sources.flat_map(|s| s.path.iter_mut().chain(&mut s.stdin_file));
        let rest = self.database.url_file.iter_mut().chain(tls).chain(secrets).chain(syslog);
        let homer = self.homer.iter_mut().flat_map(|homer| &mut homer.auth_key_file);
        let rest = rest.chain(sources).chain(homer);
        for path in [data, dialplans, recordings].into_iter().chain(rest) {
            *path = folder.join(&*path);
        }
    }

    fn read_secrets(&mut self, env: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        let Database { url, url_file, url_env, .. } = &mut self.database;
        fill_secret(url, url_file.as_deref(), url_env.as_deref(), "database.url", env)?;
        if let Some(homer) = &mut self.homer {
            let file = homer.auth_key_file.clone();
            fill_secret(&mut homer.auth_key, file.as_deref(), None, "homer.auth_key", env)?;
        }
        for trunk in &mut self.trunk {
            let what = format!("trunk {:?}: password", trunk.name);
            let (file, name) = (trunk.password_file.clone(), trunk.password_env.clone());
            fill_secret(&mut trunk.password, file.as_deref(), name.as_deref(), &what, env)?;
        }
        Ok(())
    }

    /// Keys of SRTP that are sent where everybody on the way reads them. It is allowed: the
    /// signalling's network may be a wire of the house's own.
    pub fn keys_in_clear(&self) -> Vec<String> {
        let trunks = self.trunk.iter();
        let trunks = trunks.filter(|t| t.srtp != Srtp::No && t.transport != Transport::Tls);
        let phones = self.interface.iter().filter(|i| i.srtp != Srtp::No && i.tls().is_none());
        let trunks = trunks.map(|trunk| format!("trunk {:?}", trunk.name));
        trunks.chain(phones.map(|i| format!("interface {:?}", i.name))).collect()
    }

    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interface.iter().find(|interface| interface.name == name)
    }
}

fn fill_secret(
    secret: &mut Option<Pii<String>>,
    file: Option<&Path>,
    name: Option<&str>,
    what: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    if let Some(file) = file {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError(format!("{what}_file {}: {error}", file.display())))?;
        *secret = Some(Pii::new(text.trim().to_owned()));
    }
    if let Some(name) = name {
        let text = env(name)
            .ok_or_else(|| ConfigError(format!("{what}_env: {name} is not in the environment")))?;
        *secret = Some(Pii::new(text));
    }
    Ok(())
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn sip_port() -> u16 {
    5060
}

/// RFC 3261 §19.1.2.
const SIPS_PORT: u16 = 5061;

/// 10,000 ports: 5,000 legs, far more than two cores carry.
fn rtp_ports() -> (u16, u16) {
    (20_000, 30_000)
}

#[cfg(test)]
mod tests;
