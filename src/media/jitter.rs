//! The playout buffer: packets in as the network brings them, 20 ms out a tick.
//!
//! Samples lie at their RTP timestamp, so a packet of 10 or 60 ms, a reordered or a
//! doubled one needs no case of its own. The playout stamp walks with our clock, never
//! with the sender's, so a recording keeps time whatever arrives.

use super::{FRAME, Frame, SILENCE, codec::Codec};

#[derive(Debug)]
pub struct JitterBuffer {
    samples: Box<[i16; RING]>,
    /// Where playout is and the end of the newest packet; none before the first.
    stamps: Option<Stamps>,
    /// How little was left after each tick, over a while: what is always left is delay
    /// for nothing.
    least_left: i32,
    ticks: u32,
    late_in_a_row: u32,
    concealment: Concealment,
    counts: JitterCounts,
}

#[derive(Clone, Copy, Debug)]
struct Stamps {
    next: u32,
    head: u32,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct JitterCounts {
    /// Packets that came after their time.
    pub late: u32,
    /// Frames made up in part or in whole, while a stream was there.
    pub concealed: u32,
    /// Frames' worth of delay added or taken away.
    pub inserted: u32,
    pub skipped: u32,
    /// Times the stream's timestamps began anew.
    pub restarts: u32,
}

impl Default for JitterBuffer {
    fn default() -> Self {
        Self {
            samples: Box::new([EMPTY; RING]),
            stamps: None,
            least_left: i32::MAX,
            ticks: 0,
            late_in_a_row: 0,
            concealment: Concealment::default(),
            counts: JitterCounts::default(),
        }
    }
}

impl JitterBuffer {
    pub fn push(&mut self, timestamp: u32, payload: &[u8], codec: Codec) {
        let payload = &payload[..payload.len().min(PACKET_MAX)];
        let length = payload.len() as u32;
        if length == 0 {
            return;
        }
        let stamps = match self.stamps {
            None => self.restart(timestamp, length),
            Some(stamps) => self.place(stamps, timestamp, length),
        };
        let Some(Stamps { next, .. }) = stamps else { return };
        // What comes after its time has no place.
        let late = usize::try_from(ahead(next, timestamp)).unwrap_or(0).min(payload.len());
        let (first, rest) = self.places(timestamp.wrapping_add(late as u32), payload.len() - late);
        let (start, end) = payload[late..].split_at(first.len());
        for (places, octets) in [(first, start), (rest, end)] {
            for (place, octet) in places.iter_mut().zip(octets) {
                *place = codec.decode(*octet).max(EMPTY + 1);
            }
        }
    }

    /// The places of so many samples from a stamp on: to the ring's end, and from its start on.
    fn places(&mut self, stamp: u32, count: usize) -> (&mut [i16], &mut [i16]) {
        let at = index(stamp);
        let (before, from) = self.samples.split_at_mut(at);
        let here = count.min(from.len());
        (&mut from[..here], &mut before[..count - here])
    }

    /// Decides whether the packet has a place; a stream that jumped gets a new one.
    fn place(&mut self, mut stamps: Stamps, timestamp: u32, length: u32) -> Option<Stamps> {
        let end = timestamp.wrapping_add(length);
        let lead = ahead(end, stamps.next);
        if lead.unsigned_abs() as usize > JUMP {
            self.counts.restarts += 1;
            return self.restart(timestamp, length);
        }
        let is_newest = ahead(end, stamps.head) > 0;
        if lead <= 0 {
            self.counts.late += 1;
            self.late_in_a_row += 1;
            if !is_newest && self.late_in_a_row < LATE_MAX {
                return None;
            }
            // The whole stream is late, not one packet: wait for it from here on.
            if !is_newest {
                self.counts.restarts += 1;
                return self.restart(timestamp, length);
            }
            self.counts.inserted += 1;
            stamps.next = timestamp;
        } else {
            self.late_in_a_row = 0;
        }
        if is_newest {
            stamps.head = end;
        }
        self.least_left = self.least_left.max(0);
        self.stamps = Some(stamps);
        self.stamps
    }

    fn restart(&mut self, timestamp: u32, length: u32) -> Option<Stamps> {
        self.samples.fill(EMPTY);
        self.late_in_a_row = 0;
        self.least_left = i32::MAX;
        self.ticks = 0;
        let next = timestamp.wrapping_sub(PREBUFFER);
        self.stamps = Some(Stamps { next, head: timestamp.wrapping_add(length) });
        self.stamps
    }

    /// The next 20 ms. Says whether any of it was heard rather than made up.
    pub fn pull(&mut self) -> (Frame, bool) {
        let Some(stamps) = self.stamps else { return (SILENCE, false) };
        let mut frame = SILENCE;
        let (first, rest) = self.places(stamps.next, FRAME);
        let (start, end) = frame.split_at_mut(first.len());
        start.copy_from_slice(first);
        end.copy_from_slice(rest);
        first.fill(EMPTY);
        rest.fill(EMPTY);
        let heard = frame.iter().filter(|sample| **sample != EMPTY).count();
        if heard < FRAME {
            self.concealment.fill(&mut frame);
            self.counts.concealed += u32::from(self.concealment.is_audible());
        }
        self.concealment.remember(&frame, heard);
        self.advance(stamps);
        (frame, heard > 0)
    }

    /// Walks on; skips a frame where the sender's clock is faster than ours.
    fn advance(&mut self, mut stamps: Stamps) {
        stamps.next = stamps.next.wrapping_add(FRAME as u32);
        self.least_left = self.least_left.min(ahead(stamps.head, stamps.next));
        self.ticks += 1;
        if self.ticks >= REVIEW {
            if self.least_left >= SPARE {
                let (first, rest) = self.places(stamps.next, FRAME);
                first.fill(EMPTY);
                rest.fill(EMPTY);
                stamps.next = stamps.next.wrapping_add(FRAME as u32);
                self.counts.skipped += 1;
            }
            self.least_left = i32::MAX;
            self.ticks = 0;
        }
        // A silent stream must not come to look like one from the future.
        if ahead(stamps.next, stamps.head) as usize > JUMP && ahead(stamps.next, stamps.head) > 0 {
            self.stamps = None;
            return;
        }
        self.stamps = Some(stamps);
    }

    /// For a new SSRC or codec: what is there belongs to another stream.
    pub fn reset(&mut self) {
        self.stamps = None;
        self.samples.fill(EMPTY);
    }

    pub const fn counts(&self) -> JitterCounts {
        self.counts
    }

    /// How far the newest packet is ahead of playout, in samples.
    #[cfg(test)]
    fn depth(&self) -> i32 {
        self.stamps.map_or(0, |stamps| ahead(stamps.head, stamps.next))
    }
}

fn ahead(stamp: u32, of: u32) -> i32 {
    stamp.wrapping_sub(of).cast_signed()
}

const fn index(stamp: u32) -> usize {
    stamp as usize % RING
}

/// Makes up what is lost: the last good frame again, fading (after G.711 appendix I,
/// without its pitch search; over 20 ms few people hear the difference).
#[derive(Debug)]
struct Concealment {
    last: Frame,
    age: i32,
}

impl Default for Concealment {
    fn default() -> Self {
        Self { last: SILENCE, age: FADE }
    }
}

impl Concealment {
    const fn is_audible(&self) -> bool {
        self.age < FADE
    }

    fn fill(&self, frame: &mut Frame) {
        for (offset, (sample, old)) in (0..).zip(frame.iter_mut().zip(&self.last)) {
            if *sample == EMPTY {
                let gain = (FADE - self.age - offset).clamp(0, FADE);
                *sample = (i32::from(*old) * gain / FADE) as i16;
            }
        }
    }

    fn remember(&mut self, frame: &Frame, heard: usize) {
        if heard >= FRAME / 2 {
            self.last = *frame;
            self.age = 0;
        } else {
            self.age = (self.age + FRAME as i32).min(FADE);
        }
    }
}

/// No G.711 octet decodes to it.
const EMPTY: i16 = i16::MIN;
/// A second, and a power of two so that the stamp's own wrap is seamless.
const RING: usize = 8192;
/// Half a second: what is further away is another stream.
const JUMP: usize = 4000;
/// 200 ms; nobody sends longer packets in earnest, and they must not lap the ring.
const PACKET_MAX: usize = 1600;
/// One frame: half the jitter of a quiet network is covered from the start.
const PREBUFFER: u32 = FRAME as u32;
/// 60 ms left at the worst moment of a review is delay for nothing.
const SPARE: i32 = 3 * FRAME as i32;
/// Two seconds of ticks: longer than a burst, short against a drift of 100 ppm.
const REVIEW: u32 = 100;
const LATE_MAX: u32 = 5;
/// 60 ms, after which a repeated frame is a buzz.
const FADE: i32 = 480;

#[cfg(test)]
mod tests;
