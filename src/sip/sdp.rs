//! Offer and answer (RFC 3264) in SDP (RFC 8866): one audio stream of G.711 with
//! telephone-events, whatever else the peer would like; as SRTP where it is wanted.

mod crypto;
mod read;

use std::net::SocketAddr;

use bytes::Bytes;

use crypto::Crypto;
pub use crypto::{LocalSrtp, MasterKey, NegotiatedSrtp, Suite};
pub use read::Description;
use read::MediaLine;

use crate::base::{Breakage, broken};

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Codec {
    Pcma,
    Pcmu,
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        }
    }

    /// RFC 3551 §6.
    fn static_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }
}

/// As this side sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Direction {
    pub sends: bool,
    pub receives: bool,
}

impl Direction {
    pub const BOTH: Self = Self { sends: true, receives: true };
    pub const SEND_ONLY: Self = Self { sends: true, receives: false };

    fn attribute(self) -> &'static str {
        match (self.sends, self.receives) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        }
    }

    fn seen_from_the_other_side(self) -> Self {
        Self { sends: self.receives, receives: self.sends }
    }

    fn and(self, other: Self) -> Self {
        Self { sends: self.sends && other.sends, receives: self.receives && other.receives }
    }
}

/// What a media session of ours can do, and where it listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LocalMedia {
    /// As the peer should see it (the advertised address).
    pub rtp: SocketAddr,
    pub rtcp: Option<SocketAddr>,
    /// The most wanted first.
    pub codecs: Vec<Codec>,
    /// The payload type in our offers; `None`: keys are in-band.
    pub telephone_event: Option<u8>,
    pub ptime_ms: u8,
    /// `None`: what is offered as SRTP alone is refused, and keys beside RTP are not read.
    pub srtp: Option<LocalSrtp>,
}

/// What both sides agreed on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Negotiated {
    pub remote_rtp: SocketAddr,
    pub remote_rtcp: SocketAddr,
    pub codec: Codec,
    /// What we write into the packets that we send.
    pub payload_type: u8,
    /// What may stand in packets that come: our numbers, which in an answer of ours
    /// are the peer's (RFC 3264 §6.1).
    pub receives: Vec<(u8, Codec)>,
    pub telephone_event: Option<u8>,
    pub telephone_event_received: Option<u8>,
    pub direction: Direction,
    pub ptime_ms: u8,
    pub srtp: Option<NegotiatedSrtp>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SdpError {
    #[error("the session description cannot be read")]
    Malformed,
    #[error("no audio stream over RTP/AVP")]
    NoAudio,
    #[error("no codec in common")]
    NoCodec,
    #[error("the audio stream has no usable address")]
    NoAddress,
    #[error("no key for SRTP that both sides know")]
    NotSecure,
    #[error("an answer that fits no offer of ours")]
    Unasked,
}

/// Our half of the session: numbers, versions and the order of media lines live as long
/// as the dialog.
#[derive(Clone, Debug)]
pub struct SdpSession {
    id: u64,
    version: u64,
    media: LocalMedia,
    is_holding: bool,
    /// Media lines as first offered, by either side: their order never changes.
    lines: Vec<Line>,
    numbers: Vec<(Codec, u8)>,
    event_number: Option<u8>,
    keying: Keying,
    /// The keys of our last offer, by tag.
    asked: Vec<(u32, Suite)>,
    /// Without the version: tells whether anything is new.
    last_text: String,
}

/// How far the keys of SRTP are settled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Keying {
    Open,
    /// They stay as agreed in all our later offers: a key that comes back would count its
    /// packets from the beginning.
    Agreed(Option<Suite>),
}

#[derive(Clone, Debug)]
enum Line {
    Audio { proto: String },
    Declined { kind: String, proto: String, format: String },
}

impl SdpSession {
    pub fn new(id: u64, media: LocalMedia) -> Self {
        let numbers = media.codecs.iter().map(|codec| (*codec, codec.static_type())).collect();
        Self {
            // Some gateways read it as a signed 32-bit number.
            id: id & 0x7fff_ffff,
            version: 0,
            event_number: media.telephone_event,
            media,
            is_holding: false,
            keying: Keying::Open,
            asked: Vec::new(),
            lines: Vec::new(),
            numbers,
            last_text: String::new(),
        }
    }

    pub fn hold(&mut self, on: bool) {
        self.is_holding = on;
    }

    pub fn is_holding(&self) -> bool {
        self.is_holding
    }

    pub fn set_media(&mut self, media: LocalMedia) {
        self.numbers.retain(|(codec, _)| media.codecs.contains(codec));
        for codec in &media.codecs {
            if !self.numbers.iter().any(|(known, _)| known == codec) {
                self.numbers.push((*codec, codec.static_type()));
            }
        }
        self.numbers.sort_by_key(|(codec, _)| media.codecs.iter().position(|c| c == codec));
        self.event_number = self.event_number.or(media.telephone_event);
        if media.telephone_event.is_none() {
            self.event_number = None;
        }
        self.media = media;
    }

    fn wish(&self) -> Direction {
        if self.is_holding { Direction::SEND_ONLY } else { Direction::BOTH }
    }

    pub fn offer(&mut self) -> Bytes {
        if self.lines.is_empty() {
            // Optional: as RTP/AVP with keys beside it. Who knows them takes them; for all
            // others it is the offer that they have always had.
            let is_required = self.media.srtp.is_some_and(|srtp| srtp.is_required);
            let proto = if is_required { SAVP } else { AVP };
            self.lines.push(Line::Audio { proto: proto.to_owned() });
        }
        self.asked = self.keys_to_offer();
        let keys = self.asked.clone();
        self.write(self.numbers.clone(), self.event_number, self.wish(), &keys)
    }

    /// In our order.
    fn keys_to_offer(&self) -> Vec<(u32, Suite)> {
        let wanted = |suite: &Suite| match self.keying {
            Keying::Open => true,
            Keying::Agreed(agreed) => agreed == Some(*suite),
        };
        let all = (1..).zip(Suite::ALL).filter(|(_, suite)| wanted(suite));
        all.filter(|_| self.media.srtp.is_some()).collect()
    }

    /// The line's key that we take; none where it is to be RTP in clear.
    fn choose(&self, line: &MediaLine) -> Result<Option<Crypto>, SdpError> {
        let Some(ours) = self.media.srtp else {
            return if line.is_secure() { Err(SdpError::NoAudio) } else { Ok(None) };
        };
        let as_before = |crypto: &&Crypto| self.keying == Keying::Agreed(Some(crypto.suite));
        let chosen = line.crypto.iter().find(as_before).or(line.crypto.first()).copied();
        if chosen.is_none() && (ours.is_required || line.is_secure()) {
            return Err(SdpError::NotSecure);
        }
        Ok(chosen)
    }

    fn settle(&mut self, chosen: Option<Crypto>) -> Option<NegotiatedSrtp> {
        self.keying = Keying::Agreed(chosen.map(|crypto| crypto.suite));
        let (Crypto { suite, key: remote, .. }, ours) = chosen.zip(self.media.srtp)?;
        Some(NegotiatedSrtp { suite, local: ours.key(suite), remote })
    }

    /// The answer to a peer's offer, and what follows from it.
    pub fn answer(&mut self, offer: &Description) -> Result<(Bytes, Negotiated), SdpError> {
        let usable = |line: &MediaLine| self.usable(line).is_ok();
        let secure = |line: &MediaLine| matches!(self.choose(line), Ok(Some(_)));
        let audio = offer.media.iter().position(|line| usable(line) && secure(line));
        let audio = audio.or_else(|| offer.media.iter().position(usable));
        let Some(at) = audio else {
            let audio = offer.media.iter().find(|line| line.is_audio());
            return Err(match audio {
                Some(line) => self.usable(line).err().unwrap_or(SdpError::NoAudio),
                None => SdpError::NoAudio,
            });
        };
        let line = &offer.media[at];
        let common = self.common(line);
        let event = line.event_number().filter(|_| self.media.telephone_event.is_some());
        let direction = self.direction(line);
        let chosen = self.choose(line)?;
        self.lines =
            offer.media.iter().enumerate().map(|(i, line)| line_of(line, i == at)).collect();
        self.numbers.clone_from(&common);
        self.event_number = event;
        let ours = self.numbers.clone();
        let keys: Vec<_> = chosen.iter().map(|crypto| (crypto.tag, crypto.suite)).collect();
        let text = self.write(ours.clone(), event, direction, &keys);
        let &(codec, payload_type) = common.first().ok_or(SdpError::NoCodec)?;
        let mut agreed = self.agreed(line, (codec, payload_type), ours, (event, event))?;
        agreed.srtp = self.settle(chosen);
        // What we can do next time is more than what this offer had.
        self.restore_numbers();
        Ok((text, agreed))
    }

    /// What follows from the peer's answer to our offer.
    pub fn accept(&mut self, answer: &Description) -> Result<Negotiated, SdpError> {
        let at = self.lines.iter().position(|line| matches!(line, Line::Audio { .. }));
        let line = answer.media.get(at.ok_or(SdpError::Unasked)?).ok_or(SdpError::NoAudio)?;
        self.usable(line)?;
        let chosen = self.choose(line)?;
        // A key under a tag or for a suite that we did not offer is no answer to it (§5.1.3).
        if chosen.is_some_and(|crypto| !self.asked.contains(&(crypto.tag, crypto.suite))) {
            return Err(SdpError::NotSecure);
        }
        // The answerer's order counts (RFC 3264 §7).
        let codec = line
            .numbers()
            .into_iter()
            .find(|(codec, _)| self.numbers.iter().any(|(ours, _)| ours == codec));
        let codec = codec.ok_or(SdpError::NoCodec)?;
        let event = line.event_number().filter(|_| self.event_number.is_some());
        let received = self.event_number.filter(|_| event.is_some());
        let mut agreed = self.agreed(line, codec, self.numbers.clone(), (event, received))?;
        agreed.srtp = self.settle(chosen);
        Ok(agreed)
    }

    fn agreed(
        &self,
        line: &MediaLine,
        (codec, payload_type): (Codec, u8),
        receives: Vec<(Codec, u8)>,
        (telephone_event, telephone_event_received): (Option<u8>, Option<u8>),
    ) -> Result<Negotiated, SdpError> {
        let remote_rtp = SocketAddr::new(line.address.ok_or(SdpError::NoAddress)?, line.port);
        Ok(Negotiated {
            remote_rtp,
            remote_rtcp: line.rtcp.unwrap_or_else(|| {
                SocketAddr::new(remote_rtp.ip(), remote_rtp.port().saturating_add(1))
            }),
            codec,
            payload_type,
            receives: receives.into_iter().map(|(codec, number)| (number, codec)).collect(),
            telephone_event,
            telephone_event_received,
            direction: self.direction(line),
            ptime_ms: line.ptime_ms.unwrap_or(self.media.ptime_ms),
            srtp: None,
        })
    }

    fn usable(&self, line: &MediaLine) -> Result<(), SdpError> {
        match () {
            () if !line.is_audio() || line.port == 0 => Err(SdpError::NoAudio),
            () if self.choose(line).is_err() => self.choose(line).map(drop),
            () if self.common(line).is_empty() => Err(SdpError::NoCodec),
            () if line.address.is_none() => Err(SdpError::NoAddress),
            () => Ok(()),
        }
    }

    /// In our order, under the peer's numbers.
    fn common(&self, line: &MediaLine) -> Vec<(Codec, u8)> {
        let theirs = line.numbers();
        let find = |codec: &Codec| theirs.iter().find(|(theirs, _)| theirs == codec).copied();
        self.media.codecs.iter().filter_map(find).collect()
    }

    fn direction(&self, line: &MediaLine) -> Direction {
        let mut theirs = line.direction;
        // The hold of RFC 2543: nothing may be sent to 0.0.0.0.
        theirs.receives &= line
            .address
            .is_some_and(|ip| !ip.is_unspecified() || broken(Breakage::HoldByAddressMissed));
        theirs.seen_from_the_other_side().and(self.wish())
    }

    /// Our description as it was sent last.
    pub fn current(&self) -> Bytes {
        self.text()
    }

    fn text(&self) -> Bytes {
        let ip = self.media.rtp.ip();
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        let (id, version, text) = (self.id, self.version, &self.last_text);
        Bytes::from(format!("v=0\r\no=- {id} {version} IN {family} {ip}\r\n{text}"))
    }

    fn restore_numbers(&mut self) {
        let media = self.media.clone();
        self.set_media(media);
    }

    fn write(
        &mut self,
        codecs: Vec<(Codec, u8)>,
        event: Option<u8>,
        way: Direction,
        keys: &[(u32, Suite)],
    ) -> Bytes {
        let ip = self.media.rtp.ip();
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        let mut text = format!("s=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n");
        for line in &self.lines {
            text += &match line {
                Line::Audio { proto } => self.audio(proto, &codecs, event, way) + &self.keys(keys),
                Line::Declined { kind, proto, format } => {
                    format!("m={kind} 0 {proto} {format}\r\n")
                }
            };
        }
        if text != self.last_text {
            self.version += 1;
            self.last_text.clone_from(&text);
        }
        self.text()
    }

    fn keys(&self, keys: &[(u32, Suite)]) -> String {
        let Some(ours) = self.media.srtp else { return String::new() };
        keys.iter().map(|(tag, suite)| ours.attribute(*tag, *suite)).collect()
    }

    fn audio(
        &self,
        proto: &str,
        codecs: &[(Codec, u8)],
        event: Option<u8>,
        way: Direction,
    ) -> String {
        let formats: String = codecs.iter().map(|(_, number)| format!(" {number}")).collect();
        let event_format = event.map(|number| format!(" {number}")).unwrap_or_default();
        let mut text =
            format!("m=audio {} {proto}{formats}{event_format}\r\n", self.media.rtp.port());
        if let Some(rtcp) = self.media.rtcp {
            text += &format!("a=rtcp:{}\r\n", rtcp.port());
        }
        for (codec, number) in codecs {
            text += &format!("a=rtpmap:{number} {}/8000\r\n", codec.name());
        }
        if let Some(number) = event {
            text += &format!("a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-15\r\n");
        }
        text + &format!("a=ptime:{}\r\na={}\r\n", self.media.ptime_ms, way.attribute())
    }
}

fn line_of(line: &MediaLine, is_ours: bool) -> Line {
    match is_ours {
        true => Line::Audio { proto: line.proto.clone() },
        false => Line::Declined {
            kind: line.kind.clone(),
            proto: line.proto.clone(),
            format: line.formats.first().cloned().unwrap_or_else(|| "0".to_owned()),
        },
    }
}

const AVP: &str = "RTP/AVP";
const SAVP: &str = "RTP/SAVP";

/// The media type of session descriptions.
pub const APPLICATION_SDP: &str = "application/sdp";

#[cfg(test)]
mod tests;
