//! HEP version 3 (the "Homer Encapsulation Protocol"): a message with where and when it passed,
//! as chunks of the generic vendor 0. No RFC; the HEP3 network protocol specification, rev. 32.

use std::net::{IpAddr, SocketAddr};

use super::Seen;
use crate::{config::Homer, sip::message::Transport};

/// One datagram; `correlation` ties the legs of a call together.
pub(super) fn packet(seen: &Seen, correlation: &str, text: &str, homer: &Homer) -> Vec<u8> {
    let (from, to) = match seen.is_ours {
        true => (seen.local, seen.remote),
        false => (seen.remote, seen.local),
    };
    let mut chunks = Chunks::default();
    chunks.add(1, &[if from.is_ipv4() { AF_INET } else { AF_INET6 }]);
    let protocol = match seen.transport {
        Transport::Udp => IP_UDP,
        Transport::Tcp | Transport::Tls => IP_TCP,
    };
    chunks.add(2, &[protocol]);
    chunks.add_address(from, 3);
    chunks.add_address(to, 4);
    chunks.add(7, &from.port().to_be_bytes());
    chunks.add(8, &to.port().to_be_bytes());
    let seconds = u32::try_from(seen.at.timestamp()).unwrap_or_default();
    chunks.add(9, &seconds.to_be_bytes());
    chunks.add(10, &seen.at.timestamp_subsec_micros().min(999_999).to_be_bytes());
    chunks.add(11, &[SIP]);
    chunks.add(12, &homer.capture_id.to_be_bytes());
    if let Some(key) = &homer.auth_key {
        chunks.add(14, key.reveal().as_bytes());
    }
    chunks.add(17, correlation.as_bytes());
    chunks.add(15, text.as_bytes());
    chunks.packet()
}

#[derive(Default)]
struct Chunks(Vec<u8>);

impl Chunks {
    /// Vendor 0, the kind, and the length with these six bytes.
    fn add(&mut self, kind: u16, value: &[u8]) {
        let Ok(length) = u16::try_from(value.len() + HEAD) else { return };
        self.0.extend_from_slice(&0_u16.to_be_bytes());
        self.0.extend_from_slice(&kind.to_be_bytes());
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(value);
    }

    /// 3 and 4 of IPv4, 5 and 6 of IPv6.
    fn add_address(&mut self, address: SocketAddr, kind: u16) {
        match address.ip() {
            IpAddr::V4(ip) => self.add(kind, &ip.octets()),
            IpAddr::V6(ip) => self.add(kind + 2, &ip.octets()),
        }
    }

    fn packet(self) -> Vec<u8> {
        let length = u16::try_from(self.0.len() + HEAD).unwrap_or(u16::MAX);
        let mut out = Vec::with_capacity(self.0.len() + HEAD);
        out.extend_from_slice(b"HEP3");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.0);
        out
    }
}

/// Of a chunk and of the packet alike.
const HEAD: usize = 6;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IP_TCP: u8 = 6;
const IP_UDP: u8 = 17;
/// The payload's protocol.
const SIP: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::Pii,
        sip::message::{Sketch, Start},
    };

    /// Kind and value of each chunk.
    fn chunks(packet: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let number = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
        assert_eq!(&packet[..4], b"HEP3");
        assert_eq!(usize::from(number(4)), packet.len());
        let (mut at, mut found) = (6, Vec::new());
        while at < packet.len() {
            let length = usize::from(number(at + 4));
            assert_eq!(number(at), 0, "the generic vendor");
            found.push((number(at + 2), packet[at + 6..at + length].to_vec()));
            at += length;
        }
        found
    }

    fn seen(local: &str, remote: &str, transport: Transport) -> Seen {
        let (call_id, method) = ("c".to_owned(), "BYE".to_owned());
        Seen {
            at: chrono::DateTime::from_timestamp(1_764_000_000, 123_456_000).unwrap(),
            is_ours: false,
            transport,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            sketch: Sketch { start: Start::Request, call_id, cseq: 1, method },
            text: String::new(),
            is_cut: false,
        }
    }

    #[test]
    fn a_packet_says_who_sent_what_to_whom_and_when() {
        let homer = Homer {
            address: "h:9060".to_owned(),
            capture_id: 2001,
            auth_key: Some(Pii::new("key".to_owned())),
            auth_key_file: None,
            in_clear: false,
        };
        let seen = seen("10.0.0.1:5060", "10.0.0.2:5080", Transport::Udp);
        let found = chunks(&packet(&seen, "call", "BYE sip:a SIP/2.0\r\n", &homer));
        let expected: Vec<(u16, Vec<u8>)> = vec![
            (1, vec![2]),
            (2, vec![17]),
            (3, vec![10, 0, 0, 2]),
            (4, vec![10, 0, 0, 1]),
            (7, 5080_u16.to_be_bytes().to_vec()),
            (8, 5060_u16.to_be_bytes().to_vec()),
            (9, 1_764_000_000_u32.to_be_bytes().to_vec()),
            (10, 123_456_u32.to_be_bytes().to_vec()),
            (11, vec![1]),
            (12, 2001_u32.to_be_bytes().to_vec()),
            (14, b"key".to_vec()),
            (17, b"call".to_vec()),
            (15, b"BYE sip:a SIP/2.0\r\n".to_vec()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_ipv6_packet_has_its_own_chunks() {
        let homer = Homer { capture_id: 1, auth_key: None, ..Homer::default() };
        let found =
            chunks(&packet(&seen("[::1]:5061", "[::2]:5061", Transport::Tls), "", "x", &homer));
        let kinds: Vec<_> = found.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 17, 15]);
        assert_eq!((&found[0].1[..], &found[1].1[..], found[2].1.len()), (&[10][..], &[6][..], 16));
    }
}
