//! RTCP: reports, names and goodbyes, compound (RFC 3550 §6).

use std::time::{Duration, Instant};

/// When wall time was what, so that a machine without a clock can stamp its reports.
#[derive(Clone, Copy, Debug)]
pub struct NtpAnchor {
    pub at: Instant,
    /// Seconds since 1900 in the upper 32 bits, fraction in the lower.
    pub ntp: u64,
}

impl NtpAnchor {
    pub fn at_unix(at: Instant, since_1970: Duration) -> Self {
        Self { at, ntp: ntp_of(since_1970).wrapping_add(NTP_1970 << 32) }
    }

    pub fn read(&self, now: Instant) -> u64 {
        self.ntp.wrapping_add(ntp_of(now.saturating_duration_since(self.at)))
    }
}

fn ntp_of(duration: Duration) -> u64 {
    (duration.as_secs() << 32) + (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct SenderInfo {
    pub ntp: u64,
    pub(super) rtp: u32,
    pub(super) packets: u32,
    pub(super) octets: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct ReportBlock {
    pub(super) ssrc: u32,
    pub(super) fraction_lost: u8,
    pub(super) lost: u32,
    pub(super) highest: u32,
    pub(super) jitter: u32,
    /// The middle 32 bits of the NTP stamp of the last sender report we had, and how
    /// long ago that was in 65 536ths of a second; both zero when there was none.
    pub(super) last_report: u32,
    pub(super) since_last_report: u32,
}

/// One packet of a compound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Report<'a> {
    /// With `info` it is a sender report. Of several blocks, the one about us counts.
    Reception {
        ssrc: u32,
        info: Option<SenderInfo>,
        blocks: Blocks<'a>,
    },
    Name {
        ssrc: u32,
        cname: &'a [u8],
    },
    Bye {
        ssrc: u32,
    },
    Other(u8),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Blocks<'a>(&'a [u8]);

impl Blocks<'_> {
    pub(super) fn about(&self, ssrc: u32) -> Option<ReportBlock> {
        self.0.chunks_exact(BLOCK).map(read_block).find(|block| block.ssrc == ssrc)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum RtcpError {
    #[error("a report's header is 4 bytes, not {0}")]
    Truncated(usize),
    #[error("RTCP version {0}, not 2")]
    Version(u8),
    #[error("a report of {said} bytes in {left}")]
    Length { said: usize, left: usize },
}

/// The packets of a compound, until one is malformed.
pub(super) fn parse(mut bytes: &[u8]) -> impl Iterator<Item = Result<Report<'_>, RtcpError>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let parsed = parse_one(bytes);
        bytes = parsed.as_ref().map_or(&[], |(_, rest)| rest);
        Some(parsed.map(|(report, _)| report))
    })
}

fn parse_one(bytes: &[u8]) -> Result<(Report<'_>, &[u8]), RtcpError> {
    let &[first, kind, high, low, ..] = bytes else {
        return Err(RtcpError::Truncated(bytes.len()));
    };
    if first >> 6 != 2 {
        return Err(RtcpError::Version(first >> 6));
    }
    let said = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
    let Some((packet, rest)) = bytes.split_at_checked(said) else {
        return Err(RtcpError::Length { said, left: bytes.len() });
    };
    let body = &packet[4..];
    let short = RtcpError::Length { said: body.len(), left: bytes.len() };
    let count = usize::from(first & 0x1F);
    let report = match kind {
        SENDER | RECEIVER => read_reception(body, kind == SENDER, count).ok_or(short)?,
        NAME => read_name(body).unwrap_or(Report::Other(kind)),
        BYE if count > 0 => Report::Bye { ssrc: word(body, 0).ok_or(short)? },
        other => Report::Other(other),
    };
    Ok((report, rest))
}

fn read_reception(body: &[u8], is_sender: bool, count: usize) -> Option<Report<'_>> {
    let ssrc = word(body, 0)?;
    let info = if is_sender {
        let ntp = u64::from(word(body, 4)?) << 32 | u64::from(word(body, 8)?);
        Some(SenderInfo {
            ntp,
            rtp: word(body, 12)?,
            packets: word(body, 16)?,
            octets: word(body, 20)?,
        })
    } else {
        None
    };
    let at = if is_sender { 24 } else { 4 };
    let blocks = Blocks(body.get(at..at + count * BLOCK)?);
    Some(Report::Reception { ssrc, info, blocks })
}

/// The canonical name of the first chunk, if that is its first item, as it is by custom.
fn read_name(body: &[u8]) -> Option<Report<'_>> {
    let ssrc = word(body, 0)?;
    let &[CNAME, length, ..] = body.get(4..)? else { return None };
    Some(Report::Name { ssrc, cname: body.get(6..6 + usize::from(length))? })
}

fn read_block(bytes: &[u8]) -> ReportBlock {
    let at = |index| word(bytes, index).unwrap_or_default();
    ReportBlock {
        ssrc: at(0),
        fraction_lost: (at(4) >> 24) as u8,
        lost: at(4) & LOST_MAX,
        highest: at(8),
        jitter: at(12),
        last_report: at(16),
        since_last_report: at(20),
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

/// Writes a compound: a report, our name, and a goodbye if this is the last. Returns its
/// length; zero if it does not fit.
pub(super) fn write(
    target: &mut [u8],
    ssrc: u32,
    info: Option<SenderInfo>,
    block: Option<ReportBlock>,
    cname: &str,
    is_bye: bool,
) -> usize {
    let mut pen = Pen { target, at: 0, overflowed: false };
    let words = 1 + info.map_or(0, |_| 5) + block.map_or(0, |_| 6);
    let kind = if info.is_some() { SENDER } else { RECEIVER };
    pen.header(u8::from(block.is_some()), kind, words);
    pen.word(ssrc);
    if let Some(SenderInfo { ntp, rtp, packets, octets }) = info {
        [(ntp >> 32) as u32, ntp as u32, rtp, packets, octets]
            .into_iter()
            .for_each(|w| pen.word(w));
    }
    if let Some(block) = block {
        let lost = u32::from(block.fraction_lost) << 24 | block.lost.min(LOST_MAX >> 1);
        [block.ssrc, lost, block.highest, block.jitter, block.last_report, block.since_last_report]
            .into_iter()
            .for_each(|w| pen.word(w));
    }
    let name = cname.as_bytes();
    let name = &name[..name.len().min(CNAME_MAX)];
    // An item list ends in at least one zero byte and fills its word.
    let padded = (2 + name.len() + 1).next_multiple_of(4);
    pen.header(1, NAME, 1 + padded / 4);
    pen.word(ssrc);
    pen.bytes(&[CNAME, name.len() as u8]);
    pen.bytes(name);
    pen.bytes(&[0; 4][..padded - 2 - name.len()]);
    if is_bye {
        pen.header(1, BYE, 1);
        pen.word(ssrc);
    }
    if pen.overflowed { 0 } else { pen.at }
}

struct Pen<'a> {
    target: &'a mut [u8],
    at: usize,
    overflowed: bool,
}

impl Pen<'_> {
    fn header(&mut self, count: u8, kind: u8, words: usize) {
        let [high, low] = (words as u16).to_be_bytes();
        self.bytes(&[0x80 | count, kind, high, low]);
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match self.target.get_mut(self.at..self.at + bytes.len()) {
            Some(room) => room.copy_from_slice(bytes),
            None => self.overflowed = true,
        }
        self.at += bytes.len();
    }
}

/// When the next report is due (§6.3): five seconds, half as much more or less, so that
/// calls which began together do not report together.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    due_at: Option<Instant>,
    seed: u32,
}

impl Pace {
    pub(super) const fn new(seed: u32) -> Self {
        Self { due_at: None, seed: seed | 1 }
    }

    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.due_at.is_some_and(|at| at <= now);
        if is_due || self.due_at.is_none() {
            // xorshift32: no secret hangs on it.
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 17;
            self.seed ^= self.seed << 5;
            self.due_at = Some(now + INTERVAL / 2 + INTERVAL * (self.seed % 1000) / 1000);
        }
        is_due
    }
}

const INTERVAL: Duration = Duration::from_secs(5);
const SENDER: u8 = 200;
const RECEIVER: u8 = 201;
const NAME: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;
/// Room for a UUID and a word; RFC 7022 asks for less.
const CNAME_MAX: usize = 64;
const BLOCK: usize = 24;
/// The 24 bits of cumulative loss.
const LOST_MAX: u32 = 0xFF_FFFF;
/// From 1900 to 1970.
const NTP_1970: u64 = 2_208_988_800;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::epoch;

    const BLOCK_OF_TEST: ReportBlock = ReportBlock {
        ssrc: 9,
        fraction_lost: 64,
        lost: 3,
        highest: 70_000,
        jitter: 12,
        last_report: 0xABCD,
        since_last_report: 65_536,
    };

    #[test]
    fn a_compound_reads_back_as_it_was_written() {
        let info = SenderInfo { ntp: u64::MAX / 3, rtp: 160, packets: 4, octets: 640 };
        for (info, block, is_bye, length) in [
            (Some(info), Some(BLOCK_OF_TEST), true, 28 + 24 + 16 + 8),
            (Some(info), None, false, 28 + 16),
            (None, Some(BLOCK_OF_TEST), false, 8 + 24 + 16),
            (None, None, true, 8 + 16 + 8),
        ] {
            let mut buffer = [0; 128];
            assert_eq!(write(&mut buffer, 7, info, block, "media", is_bye), length);
            let reports: Vec<_> = parse(&buffer[..length]).map(Result::unwrap).collect();
            let Report::Reception { ssrc: 7, info: read, blocks } = reports[0] else { panic!() };
            assert_eq!((read, blocks.about(9)), (info, block));
            assert_eq!(reports[1], Report::Name { ssrc: 7, cname: b"media" });
            assert_eq!(reports.get(2).is_some(), is_bye);
        }
        assert_eq!(write(&mut [0; 20], 7, None, None, "media", false), 0);
    }

    #[test]
    fn no_prefix_and_no_flipped_byte_of_a_compound_panics() {
        let mut buffer = [0; 128];
        let length = write(&mut buffer, 7, None, Some(BLOCK_OF_TEST), "media", true);
        for end in 0..length {
            parse(&buffer[..end]).for_each(drop);
            for value in 0..=255 {
                let mut broken = buffer;
                broken[end] = value;
                parse(&broken[..length]).for_each(drop);
            }
        }
    }

    #[test]
    fn what_is_malformed_is_said_so() {
        for (bytes, expected) in [
            (&[0x80, 200][..], RtcpError::Truncated(2)),
            (&[0x40, 200, 0, 0], RtcpError::Version(1)),
            (&[0x80, 200, 0, 9], RtcpError::Length { said: 40, left: 4 }),
            (&[0x81, 201, 0, 1, 0, 0, 0, 1], RtcpError::Length { said: 4, left: 8 }),
        ] {
            assert_eq!(parse(bytes).next(), Some(Err(expected)));
        }
    }

    #[test]
    fn reports_are_about_five_seconds_apart() {
        let start = epoch();
        let mut pace = Pace::new(42);
        let due =
            (0..30_000).filter(|n| pace.is_due(start + Duration::from_millis(n * 20))).count();
        assert!((100..150).contains(&due), "{due} in ten minutes");
    }

    #[test]
    fn ntp_counts_from_1900() {
        let start = epoch();
        let anchor = NtpAnchor::at_unix(start, Duration::from_secs(1));
        assert_eq!(
            anchor.read(start + Duration::from_millis(1500)),
            (NTP_1970 + 2) << 32 | 1 << 31
        );
    }
}
