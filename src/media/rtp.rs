//! RTP packets, and the keeping of a stream's numbers (RFC 3550 §5.1, §A.1, §A.3, §A.8).

use std::time::{Duration, Instant};

use rtp_rs::{RtpPacketBuilder, RtpReader, RtpReaderError, Seq};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Packet<'a> {
    pub(super) payload_type: u8,
    pub(super) is_marked: bool,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
    pub(super) payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Contributing sources, an extension and padding may be there; we skip them.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, RtpError> {
        let reader = RtpReader::new(bytes)?;
        Ok(Self {
            payload_type: reader.payload_type(),
            is_marked: reader.mark(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
            payload: reader.payload(),
        })
    }

    /// Writes the packet and returns its length.
    pub(super) fn write(&self, target: &mut [u8]) -> Result<usize, RtpError> {
        RtpPacketBuilder::new()
            .payload_type(self.payload_type & 0x7F)
            .marked(self.is_marked)
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(self.payload)
            .build_into(target)
            .map_err(|_| RtpError::NoRoom(target.len()))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum RtpError {
    #[error("{0} bytes are too few for what the header says")]
    Truncated(usize),
    #[error("RTP version {0}, not 2")]
    Version(u8),
    #[error("{0} bytes of padding do not fit")]
    Padding(u8),
    #[error("a packet does not fit into {0} bytes")]
    NoRoom(usize),
}

impl From<RtpReaderError> for RtpError {
    fn from(error: RtpReaderError) -> Self {
        match error {
            RtpReaderError::BufferTooShort(length) => Self::Truncated(length),
            RtpReaderError::UnsupportedVersion(version) => Self::Version(version),
            RtpReaderError::HeadersTruncated { buffer_len, .. } => Self::Truncated(buffer_len),
            RtpReaderError::PaddingLengthInvalid(length) => Self::Padding(length),
        }
    }
}

/// What has come from one SSRC: enough to tell loss and jitter.
#[derive(Clone, Debug)]
pub(super) struct Reception {
    ssrc: u32,
    base: u32,
    highest: u32,
    received: u32,
    /// As of the last report: expected, received.
    reported: (u32, u32),
    transit: Option<(Instant, u32)>,
    /// In timestamp units, times 16 (§A.8).
    jitter: u32,
    last_at: Instant,
    gap_max: Duration,
    before: Earlier,
}

/// Totals of numberings that ended: an SSRC changed, or the sequence jumped.
#[derive(Clone, Copy, Debug, Default)]
struct Earlier {
    expected: u32,
    received: u32,
}

impl Reception {
    pub(super) fn starting(packet: &Packet<'_>, now: Instant) -> Self {
        let sequence = u32::from(packet.sequence) + CYCLE;
        Self {
            ssrc: packet.ssrc,
            base: sequence,
            highest: sequence,
            received: 1,
            reported: (0, 0),
            transit: Some((now, packet.timestamp)),
            jitter: 0,
            last_at: now,
            gap_max: Duration::ZERO,
            before: Earlier::default(),
        }
    }

    /// Says whether the numbering began anew, so that a buffer must, too.
    ///
    /// `is_audio`: a packet stamped when it was sent. All of a key press carry the stamp
    /// of its start, and would read as jitter.
    pub(super) fn receive(&mut self, packet: &Packet<'_>, is_audio: bool, now: Instant) -> bool {
        self.gap_max = self.gap_max.max(now.saturating_duration_since(self.last_at));
        self.last_at = now;
        let ahead = packet.sequence.wrapping_sub(self.highest as u16);
        let is_new = packet.ssrc != self.ssrc;
        if is_new || (DROPOUT..u16::MAX - MISORDER).contains(&ahead) {
            let before = Earlier { expected: self.expected(), received: self.received() };
            let gap_max = self.gap_max;
            *self = Self {
                before,
                gap_max,
                reported: (before.expected, before.received),
                ..Self::starting(packet, now)
            };
            return is_new;
        }
        if ahead < DROPOUT {
            self.highest = self.highest.wrapping_add(ahead.into());
        }
        self.received = self.received.wrapping_add(1);
        if is_audio {
            self.measure_jitter(packet.timestamp, now);
        }
        false
    }

    fn measure_jitter(&mut self, timestamp: u32, now: Instant) {
        if let Some((then, stamp)) = self.transit {
            let elapsed = now.saturating_duration_since(then).as_micros() as i64 * 8 / 1000;
            let sent = i64::from(timestamp.wrapping_sub(stamp).cast_signed());
            let off = (elapsed - sent).unsigned_abs().min(RTP_JUMP) as u32;
            // A jump of the timestamp says nothing about the network.
            if u64::from(off) < RTP_JUMP {
                self.jitter = (self.jitter + off).saturating_sub((self.jitter + 8) >> 4);
            }
        }
        self.transit = Some((now, timestamp));
    }

    pub(super) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub(super) fn expected(&self) -> u32 {
        let now = self.highest.wrapping_sub(self.base).wrapping_add(1);
        self.before.expected.wrapping_add(now)
    }

    pub(super) fn received(&self) -> u32 {
        self.before.received.wrapping_add(self.received)
    }

    /// Duplicates can make it negative on the wire; we say zero.
    pub(super) fn lost(&self) -> u32 {
        self.expected().saturating_sub(self.received())
    }

    pub(super) const fn highest(&self) -> u32 {
        self.highest.wrapping_sub(CYCLE)
    }

    /// In timestamp units.
    pub(super) const fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    pub(super) const fn gap_max(&self) -> Duration {
        self.gap_max
    }

    pub(super) const fn last_at(&self) -> Instant {
        self.last_at
    }

    /// The fraction lost since the last call, in 256ths (§A.3).
    pub(super) fn fraction_lost(&mut self) -> u8 {
        let (expected, received) = (self.expected(), self.received());
        let due = expected.wrapping_sub(self.reported.0);
        let came = received.wrapping_sub(self.reported.1);
        self.reported = (expected, received);
        match due.checked_sub(came) {
            Some(lost) if due > 0 && due < CYCLE * 256 => ((lost << 8) / due).min(255) as u8,
            _ => 0,
        }
    }
}

/// The numbers of what we send. They survive a hold and a move to another thread.
#[derive(Clone, Debug)]
pub(super) struct Numbering {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) packets: u32,
    pub(super) octets: u32,
}

impl Numbering {
    pub(super) const fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self { ssrc, sequence, timestamp, packets: 0, octets: 0 }
    }

    pub(super) fn write(
        &mut self,
        payload_type: u8,
        is_marked: bool,
        timestamp: u32,
        payload: &[u8],
        target: &mut [u8],
    ) -> Result<usize, RtpError> {
        let (ssrc, sequence) = (self.ssrc, self.sequence);
        let packet = Packet { payload_type, is_marked, sequence, timestamp, ssrc, payload };
        let length = packet.write(target)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload.len() as u32);
        Ok(length)
    }
}

/// A late packet of the first cycle must not count below zero.
const CYCLE: u32 = 1 << 16;
/// §A.1: further ahead is a restart, further behind is not disorder.
const DROPOUT: u16 = 3000;
const MISORDER: u16 = 100;
/// Two seconds of timestamp units.
const RTP_JUMP: u64 = 16_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::epoch;

    #[test]
    fn what_the_header_may_carry_is_skipped_and_what_it_may_not_is_an_error() {
        let plain = [0x80, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7];
        let with = |first: u8, rest: &[u8]| {
            let mut bytes = plain.to_vec();
            bytes[0] = first;
            bytes.extend_from_slice(rest);
            bytes
        };
        for (name, bytes, expected) in [
            ("plain", with(0x80, &[1, 2]), Ok(&[1_u8, 2][..])),
            ("empty", with(0x80, &[]), Ok(&[])),
            ("source", with(0x81, &[0, 0, 0, 9, 1, 2]), Ok(&[1, 2])),
            ("extension", with(0x90, &[0, 1, 0, 1, 9, 9, 9, 9, 1, 2]), Ok(&[1, 2])),
            ("padding", with(0xA0, &[1, 2, 0, 2]), Ok(&[1, 2])),
            ("all padding", with(0xA0, &[0, 0, 3]), Ok(&[])),
            ("short", plain[..11].to_vec(), Err(RtpError::Truncated(11))),
            ("sources lack", with(0x8F, &[0; 8]), Err(RtpError::Truncated(20))),
            ("extension lacks", with(0x90, &[0, 1, 0, 9]), Err(RtpError::Truncated(16))),
            ("padding of zero", with(0xA0, &[0]), Err(RtpError::Padding(0))),
            ("padding too long", with(0xA0, &[9, 9]), Err(RtpError::Padding(9))),
            ("version", with(0x40, &[1]), Err(RtpError::Version(1))),
        ] {
            assert_eq!(Packet::parse(&bytes).map(|packet| packet.payload), expected, "{name}");
        }
    }

    #[test]
    fn a_packet_reads_back_as_it_was_written() {
        let mut numbering = Numbering::new(7, u16::MAX, 5);
        let mut buffer = [0; 64];
        let length = numbering.write(101, true, 99, &[1, 2, 3], &mut buffer).unwrap();
        let packet = Packet::parse(&buffer[..length]).unwrap();
        assert_eq!((packet.payload_type, packet.is_marked, packet.sequence), (101, true, u16::MAX));
        assert_eq!((packet.timestamp, packet.ssrc, packet.payload), (99, 7, &[1, 2, 3][..]));
        assert_eq!(numbering.sequence, 0);
        assert_eq!(numbering.write(0, false, 0, &[0; 99], &mut buffer), Err(RtpError::NoRoom(64)));
    }

    #[test]
    fn loss_is_told_across_wraps_reordering_and_new_sources() {
        for (name, packets, expected, lost) in [
            ("none", &[(1, 5), (1, 6), (1, 7)][..], 3, 0),
            ("one", &[(1, 5), (1, 7)], 3, 1),
            ("wrap", &[(1, 65_534), (1, 0), (1, 1)], 4, 1),
            ("reordered", &[(1, 5), (1, 7), (1, 6)], 3, 0),
            ("before the first", &[(1, 0), (1, 65_535), (1, 1)], 2, 0),
            ("restarted", &[(1, 5), (1, 7), (1, 30_000), (1, 30_001)], 5, 1),
            ("another source", &[(1, 5), (1, 7), (2, 900), (2, 901)], 5, 1),
        ] {
            let now = epoch();
            let packet = |(ssrc, sequence)| Packet {
                payload_type: 8,
                is_marked: false,
                sequence,
                timestamp: 0,
                ssrc,
                payload: &[],
            };
            let mut reception = Reception::starting(&packet(packets[0]), now);
            for numbers in &packets[1..] {
                reception.receive(&packet(*numbers), true, now);
            }
            assert_eq!((reception.expected(), reception.lost()), (expected, lost), "{name}");
        }
    }

    #[test]
    fn jitter_settles_at_the_mean_deviation() {
        let start = epoch();
        let packet = |n: u16| Packet {
            payload_type: 8,
            is_marked: false,
            sequence: n,
            timestamp: u32::from(n) * 160,
            ssrc: 1,
            payload: &[],
        };
        let mut reception = Reception::starting(&packet(0), start);
        for n in 1..500 {
            // Every second packet is 10 ms late: each transit differs by 80 units.
            let at = u64::from(n) * 20 + u64::from(n % 2) * 10;
            reception.receive(&packet(n), true, start + Duration::from_millis(at));
        }
        assert!((75..=85).contains(&reception.jitter()), "{}", reception.jitter());
        assert_eq!(reception.gap_max(), Duration::from_millis(30));
    }
}
