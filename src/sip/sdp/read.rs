//! A peer's session description, read with tolerance: what we do not use may be wrong.

use std::net::{IpAddr, SocketAddr};

use crate::base::{Breakage, broken};

use super::{AVP, Codec, Direction, SAVP, SdpError, crypto::Crypto};

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description {
    pub(super) media: Vec<MediaLine>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MediaLine {
    pub(super) kind: String,
    pub(super) proto: String,
    pub(super) port: u16,
    pub(super) formats: Vec<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) rtcp: Option<SocketAddr>,
    pub(super) direction: Direction,
    pub(super) ptime_ms: Option<u8>,
    /// Keys that we can use, in the peer's order.
    pub(super) crypto: Vec<Crypto>,
    maps: Vec<(u8, String)>,
}

impl Description {
    pub fn parse(bytes: &[u8]) -> Result<Self, SdpError> {
        if bytes.len() > SDP_BYTES_MAX {
            return Err(SdpError::Malformed);
        }
        let text = normalise(bytes).ok_or(SdpError::Malformed)?;
        let session =
            sdp_types::Session::parse(text.as_bytes()).map_err(|_| SdpError::Malformed)?;
        if session.medias.len() > MEDIA_LINES_MAX {
            return Err(SdpError::Malformed);
        }
        let address = session.connection.as_ref().and_then(ip_of);
        let direction = direction_of(&session.attributes).unwrap_or(Direction::BOTH);
        let line = |media: &sdp_types::Media| MediaLine::read(media, address, direction);
        Ok(Self { media: session.medias.iter().map(line).collect() })
    }
}

impl MediaLine {
    fn read(media: &sdp_types::Media, address: Option<IpAddr>, direction: Direction) -> Self {
        let address = media.connections.first().map_or(address, ip_of);
        let all = |name: &'static str| {
            let named = media.attributes.iter().filter(move |a| a.attribute == name);
            named.filter_map(|attribute| attribute.value.as_deref())
        };
        let map = |value: &str| {
            let (number, name) = value.trim().split_once(' ')?;
            Some((number.parse().ok()?, name.trim().to_ascii_lowercase()))
        };
        Self {
            kind: media.media.clone(),
            proto: media.proto.clone(),
            port: media.port,
            formats: media.fmt.split_ascii_whitespace().map(str::to_owned).collect(),
            address,
            rtcp: all("rtcp").next().and_then(|value| rtcp_address(value, address)),
            direction: direction_of(&media.attributes)
                .filter(|_| !broken(Breakage::DirectionMissed))
                .unwrap_or(direction),
            ptime_ms: all("ptime").next().and_then(|value| value.trim().parse().ok()),
            crypto: all("crypto").filter_map(Crypto::parse).collect(),
            maps: all("rtpmap").filter_map(map).collect(),
        }
    }

    pub(super) fn is_audio(&self) -> bool {
        self.kind == "audio" && (self.is_secure() || self.proto == AVP || self.proto == "RTP/AVPF")
    }

    /// It is SRTP or nothing.
    pub(super) fn is_secure(&self) -> bool {
        self.proto == SAVP || self.proto == "RTP/SAVPF"
    }

    /// Our codecs under the numbers this side gave them, in its order.
    pub(super) fn numbers(&self) -> Vec<(Codec, u8)> {
        let codec = |number: u8| match self.name_of(number) {
            Some(name) if is(name, "pcma/8000") => Some(Codec::Pcma),
            Some(name) if is(name, "pcmu/8000") => Some(Codec::Pcmu),
            Some(_) => None,
            // RFC 3551 fixed these two; they may do without rtpmap.
            None if number == Codec::Pcma.static_type() => Some(Codec::Pcma),
            None if number == Codec::Pcmu.static_type() => Some(Codec::Pcmu),
            None => None,
        };
        self.format_numbers().filter_map(|number| Some((codec(number)?, number))).collect()
    }

    /// At the clock of our codecs: a peer that offers 16 kHz too gives that one another
    /// number.
    pub(super) fn event_number(&self) -> Option<u8> {
        let is_event = |number: &u8| {
            self.name_of(*number).is_some_and(|name| {
                is(name, "telephone-event/8000")
                    || is(name, "telephone-event/16000") && broken(Breakage::EventsOfAnotherClock)
            })
        };
        self.format_numbers().find(is_event)
    }

    fn format_numbers(&self) -> impl Iterator<Item = u8> {
        let numbers = self.formats.iter().filter_map(|format| format.parse::<u8>().ok());
        numbers.filter(|number| *number < 128)
    }

    fn name_of(&self, number: u8) -> Option<&str> {
        self.maps.iter().find(|(n, _)| *n == number).map(|(_, name)| name.as_str())
    }
}

/// One channel may be written out (`/1`).
fn is(name: &str, wanted: &str) -> bool {
    name.strip_suffix("/1").unwrap_or(name) == wanted
}

fn ip_of(connection: &sdp_types::Connection) -> Option<IpAddr> {
    let address = connection.connection_address.split('/').next()?;
    address.parse::<IpAddr>().ok().filter(|ip| !ip.is_multicast())
}

/// `a=rtcp:53020` or `a=rtcp:53020 IN IP4 192.0.2.1` (RFC 3605).
fn rtcp_address(value: &str, address: Option<IpAddr>) -> Option<SocketAddr> {
    let mut words = value.split_ascii_whitespace();
    let port: u16 = words.next()?.parse().ok()?;
    let ip = words.nth(2).and_then(|ip| ip.parse().ok()).or(address)?;
    (port != 0).then(|| SocketAddr::new(ip, port))
}

fn direction_of(attributes: &[sdp_types::Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|attribute| {
        let (sends, receives) = match attribute.attribute.as_str() {
            "sendrecv" => (true, true),
            "sendonly" => (true, false),
            "recvonly" => (false, true),
            "inactive" => (false, false),
            _ => return None,
        };
        Some(Direction { sends, receives })
    })
}

/// Only the lines that we use, in the order that the grammar asks for. Names in GBK,
/// missing `s=`, odd times and lines out of order are common and harmless.
fn normalise(bytes: &[u8]) -> Option<String> {
    let mut sections: Vec<Vec<String>> = vec![Vec::new()];
    let mut has_version = false;
    for line in bytes.split(|c| *c == b'\n').map(<[u8]>::trim_ascii) {
        match line {
            [b'v', b'=', rest @ ..] => has_version |= rest == b"0",
            [b'm', b'=', ..] => sections.push(vec![utf8(line)?]),
            // A media line that cannot be read would shift the answers to the others.
            [b'm', ..] => return None,
            [b'c' | b'a', b'=', ..] => {
                let section = sections.last_mut()?;
                // The first `c=` counts; a second one is for layered multicast.
                let again = line[0] == b'c' && section.iter().any(|l| l.starts_with("c="));
                section.extend(utf8(line).filter(|_| !again));
            }
            _ => {}
        }
    }
    let mut text = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\n".to_owned();
    for (i, mut section) in sections.into_iter().enumerate() {
        section.sort_by_key(|line| match line.as_bytes()[0] {
            b'm' => 0,
            b'c' => 1,
            _ => 2,
        });
        // The time belongs between connection and attributes of the session.
        let attributes = section.iter().position(|line| line.starts_with("a="));
        if i == 0 {
            section.insert(attributes.unwrap_or(section.len()), "t=0 0".to_owned());
        }
        text.extend(section.into_iter().flat_map(|line| [line, "\r\n".to_owned()]));
    }
    has_version.then_some(text)
}

fn utf8(line: &[u8]) -> Option<String> {
    String::from_utf8(line.to_vec()).ok()
}

/// A video phone with simulcast and ICE writes 4 KB.
const SDP_BYTES_MAX: usize = 16 * 1024;

/// Each is answered, used or not.
const MEDIA_LINES_MAX: usize = 16;
