//! A call's messages as a capture file, for programs that draw it. Addresses, ports and times are
//! those of the wire; the IP and UDP headers are made, also for what went by TCP or TLS.

use std::net::{IpAddr, SocketAddr};

use super::{Trace, TraceMessage, reading::address};

/// libpcap's classic format, with raw IP as the link (LINKTYPE_RAW).
pub fn pcap(trace: &Trace) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&MAGIC_MICROSECONDS.to_le_bytes());
    // Version 2.4, then the zone and the precision, which nobody uses.
    out.extend_from_slice(&2_u16.to_le_bytes());
    out.extend_from_slice(&4_u16.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&u32::from(u16::MAX).to_le_bytes());
    out.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
    for message in &trace.messages {
        let Some(packet) = packet(message) else { continue };
        let length = u32::try_from(packet.len()).unwrap_or_default();
        let seconds = u32::try_from(message.at.timestamp()).unwrap_or_default();
        let micros = message.at.timestamp_subsec_micros().min(999_999);
        for number in [seconds, micros, length, length] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&packet);
    }
    out
}

/// `None`: an address that is none, or of two kinds.
fn packet(message: &TraceMessage) -> Option<Vec<u8>> {
    let (local, remote) = (address(&message.local)?, address(&message.remote)?);
    let (from, to) = if message.is_ours { (local, remote) } else { (remote, local) };
    let mut udp = Vec::with_capacity(UDP_HEAD + message.text.len());
    udp.extend_from_slice(&from.port().to_be_bytes());
    udp.extend_from_slice(&to.port().to_be_bytes());
    let length = u16::try_from(UDP_HEAD + message.text.len()).ok()?;
    udp.extend_from_slice(&length.to_be_bytes());
    udp.extend_from_slice(&[0, 0]);
    udp.extend_from_slice(message.text.as_bytes());
    let mut pseudo = addresses(from, to)?;
    pseudo.extend_from_slice(&u32::from(length).to_be_bytes());
    pseudo.extend_from_slice(&[0, 0, 0, UDP]);
    // A sum of 0 is written as all ones (RFC 768).
    let sum = match checksum(&[&pseudo, &udp]) {
        0 => u16::MAX,
        sum => sum,
    };
    udp.get_mut(6..8)?.copy_from_slice(&sum.to_be_bytes());
    let mut packet = match from.is_ipv4() {
        true => ipv4(from, to, udp.len())?,
        false => ipv6(from, to, length)?,
    };
    packet.extend_from_slice(&udp);
    Some(packet)
}

fn addresses(from: SocketAddr, to: SocketAddr) -> Option<Vec<u8>> {
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => Some([from.octets(), to.octets()].concat()),
        (IpAddr::V6(from), IpAddr::V6(to)) => Some([from.octets(), to.octets()].concat()),
        _ => None,
    }
}

fn ipv4(from: SocketAddr, to: SocketAddr, payload: usize) -> Option<Vec<u8>> {
    let length = u16::try_from(IPV4_HEAD + payload).ok()?;
    let mut head = vec![0x45, 0];
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(&[0, 0, 0, 0, TTL, UDP, 0, 0]);
    head.extend_from_slice(&addresses(from, to)?);
    let sum = checksum(&[&head]);
    head.get_mut(10..12)?.copy_from_slice(&sum.to_be_bytes());
    Some(head)
}

fn ipv6(from: SocketAddr, to: SocketAddr, payload: u16) -> Option<Vec<u8>> {
    let mut head = vec![0x60, 0, 0, 0];
    head.extend_from_slice(&payload.to_be_bytes());
    head.extend_from_slice(&[UDP, TTL]);
    head.extend_from_slice(&addresses(from, to)?);
    Some(head)
}

/// RFC 1071.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        // Each part but the last has an even length.
        for pair in part.chunks(2) {
            let high = pair.first().copied().unwrap_or_default();
            let low = pair.get(1).copied().unwrap_or_default();
            sum += u32::from(u16::from_be_bytes([high, low]));
        }
    }
    while sum > u32::from(u16::MAX) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
const LINKTYPE_RAW: u32 = 101;
const UDP: u8 = 17;
const TTL: u8 = 64;
const UDP_HEAD: usize = 8;
const IPV4_HEAD: usize = 20;

#[cfg(test)]
mod tests {
    use super::{
        super::ladder::tests::{message, trace},
        *,
    };

    fn number(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    /// Seconds, microseconds and the packet of each record.
    fn records(file: &[u8]) -> Vec<(usize, usize, Vec<u8>)> {
        assert_eq!(number(file, 0), MAGIC_MICROSECONDS as usize);
        assert_eq!((number(file, 16), number(file, 20)), (65_535, 101));
        let (mut at, mut found) = (24, Vec::new());
        while at < file.len() {
            let length = number(file, at + 8);
            assert_eq!(number(file, at + 12), length);
            let packet = file[at + 16..at + 16 + length].to_vec();
            found.push((number(file, at), number(file, at + 4), packet));
            at += 16 + length;
        }
        found
    }

    #[test]
    fn a_capture_is_read_back_with_its_addresses_times_and_messages() {
        let mut answer = message(false, "200 OK", 1500);
        answer.text.push('x');
        let file = pcap(&trace(vec![message(true, "INVITE", 0), answer]));
        let found = records(&file);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].0, found[0].1), (1_736_129_700, 0));
        assert_eq!((found[1].0, found[1].1), (1_736_129_701, 500_000));
        let packet = &found[1].2;
        assert_eq!(packet[..2], [0x45, 0]);
        assert_eq!(usize::from(u16::from_be_bytes([packet[2], packet[3]])), packet.len());
        assert_eq!(packet[12..20], [10, 0, 0, 2, 10, 0, 0, 1]);
        assert_eq!(packet[20..24], [5080_u16.to_be_bytes(), 5060_u16.to_be_bytes()].concat());
        assert_eq!(&packet[28..], b"200 OK sip:a SIP/2.0\r\n\r\nx");
        // A sum over what carries its own sum is nothing (RFC 1071).
        assert_eq!(checksum(&[&packet[..20]]), 0);
        let length = u16::from_be_bytes([packet[24], packet[25]]);
        let pseudo = [&packet[12..20], &[0, UDP], &length.to_be_bytes()[..]].concat();
        assert_eq!(checksum(&[&pseudo, &packet[20..]]), 0);
    }

    #[test]
    fn ipv6_has_its_own_head_and_an_address_of_no_kind_is_left_out() {
        let mut six = message(true, "BYE", 0);
        six.local = "[::1]:5060".to_owned();
        six.remote = "[::2]:5060".to_owned();
        let mut mixed = message(true, "BYE", 0);
        mixed.remote = "[::2]:5060".to_owned();
        let found = records(&pcap(&trace(vec![six, mixed])));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].2[0], found[0].2[6], found[0].2.len()), (0x60, UDP, 40 + 8 + 21));
    }
}
