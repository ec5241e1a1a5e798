//! Listens for the announcements of a library, frame by frame.
//!
//! Every moment of every template is a place at which the sound may now be. From frame to
//! frame each place hands what was counted to the place 20 ms on, and forgets a little: a
//! sum along the diagonal. Where few bits are wrong, the last seconds are compared in full.

use std::{fmt, sync::Arc};

use super::{
    print::Printer,
    template::{Moment, Template},
};
use crate::media::{Frame, TICK_MS};

/// Learnt announcements, shared by all calls. Classes are the caller's own numbers.
#[derive(Default)]
pub struct Library {
    moments: Vec<Moment>,
    /// What of the place 20 ms before is handed to each moment: nothing to the first two of
    /// a template.
    keeps: Vec<f32>,
    /// For each moment, the template it belongs to.
    owners: Vec<u16>,
    entries: Vec<Entry>,
}

struct Entry {
    class: u16,
    from: usize,
    /// Trusted bits that must have been compared.
    needed: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("more than {} s of announcements: forget some", MOMENTS_MAX / 100)]
pub struct LibraryFull;

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Library({} announcements)", self.entries.len())
    }
}

impl Library {
    /// # Errors
    /// When they are more than a call can listen for.
    pub fn new(templates: impl IntoIterator<Item = (u16, Template)>) -> Result<Self, LibraryFull> {
        let mut library = Self::default();
        for (class, template) in templates {
            let from = library.moments.len();
            let owner = u16::try_from(library.entries.len()).map_err(|_| LibraryFull)?;
            library.moments.extend(&template.moments);
            let to = library.moments.len();
            if to > MOMENTS_MAX {
                return Err(LibraryFull);
            }
            library.owners.resize(to, owner);
            library.keeps.resize((from + 2).min(to), 0.0);
            library.keeps.resize(to, KEEPS);
            let trusted: u32 = template.moments.iter().map(|it| it.trusted.count_ones()).sum();
            // Each second moment is compared.
            let a_second = trusted / 2 * 100 / (to - from).max(1) as u32;
            let needed = (trusted / 2 * SHARE_PERCENT / 100).min(a_second * NEEDED_MS / 1000);
            library.entries.push(Entry { class, from, needed });
        }
        Ok(library)
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What was announced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verdict {
    pub class: u16,
    /// How much of what was compared agreed, beyond chance.
    pub confidence_percent: u8,
    /// Since the listener began.
    pub at_ms: u32,
}

/// One call's ear. Sixteen bytes for each moment of the library, at most 1 MB; about a
/// nanosecond for each and frame. Nothing is allocated after the start.
pub struct Listener {
    library: Arc<Library>,
    printer: Printer,
    counts: Vec<Count>,
    /// Those of the frame before.
    past: Vec<Count>,
    /// The latest prints, in a ring; how many there were at all.
    heard: [u32; HEARD],
    frames: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    wrong: f32,
    compared: f32,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({:?})", self.library)
    }
}

impl Listener {
    pub fn new(library: Arc<Library>) -> Self {
        let counts = vec![Count::default(); library.moments.len()];
        let past = counts.clone();
        Self { library, printer: Printer::default(), counts, past, heard: [0; HEARD], frames: 0 }
    }

    /// The first verdict ends it: the caller drops the listener.
    pub fn push(&mut self, frame: &Frame) -> Option<Verdict> {
        let print = self.printer.push(frame);
        self.heard[self.frames as usize % HEARD] = print.bits;
        self.frames += 1;
        self.count(print.bits);
        if !self.frames.is_multiple_of(LOOK_EACH) {
            return None;
        }
        self.best().and_then(|best| self.judge(best))
    }

    /// Hands on along the diagonals.
    fn count(&mut self, bits: u32) {
        std::mem::swap(&mut self.counts, &mut self.past);
        // The first two of all have nobody before them; what they are handed is not kept.
        let past = self.past.iter().take(2).chain(&self.past);
        let places = self.library.moments.iter().zip(&self.library.keeps);
        for ((count, past), (moment, keeps)) in self.counts.iter_mut().zip(past).zip(places) {
            let wrong = ((bits ^ moment.bits) & moment.trusted).count_ones() as f32;
            let compared = moment.trusted.count_ones() as f32;
            count.wrong = past.wrong.mul_add(*keeps, wrong);
            count.compared = past.compared.mul_add(*keeps, compared);
        }
    }

    /// The place that fits best, if any fits well.
    fn best(&self) -> Option<usize> {
        let share = |count: &Count| count.wrong / count.compared;
        let fits = |(_, count): &(usize, &Count)| {
            count.compared > COMPARED_MIN && count.wrong < GOOD * count.compared
        };
        let places = self.counts.iter().enumerate().filter(fits);
        places.min_by(|a, b| share(a.1).total_cmp(&share(b.1))).map(|(at, _)| at)
    }

    /// The last seconds in full: is it all of it, and none of those that sound alike?
    fn judge(&self, at: usize) -> Option<Verdict> {
        let library = &self.library;
        let entry = library.entries.get(usize::from(*library.owners.get(at)?))?;
        let (matched, wrong, frames) = self.matched(at, entry);
        if matched < entry.needed || wrong as f32 > WRONG_MAX * matched as f32 {
            return None;
        }
        for (rival, count) in self.counts.iter().enumerate() {
            let other = library.entries.get(usize::from(library.owners[rival]))?;
            let is_near = count.compared > COMPARED_MIN && count.wrong < NEAR * count.compared;
            if is_near && other.class != entry.class && !self.beats(at, rival, other.from, frames) {
                return None;
            }
        }
        let agreed = (1.0 - 2.0 * wrong as f32 / matched as f32).clamp(0.0, 1.0);
        Some(Verdict {
            class: entry.class,
            confidence_percent: (100.0 * agreed) as u8,
            at_ms: self.frames * TICK_MS as u32,
        })
    }

    /// Backwards from this place, in blocks, until one does not fit: bits compared, bits
    /// wrong, frames.
    fn matched(&self, at: usize, entry: &Entry) -> (u32, u32, usize) {
        let (mut compared, mut wrong, mut frames) = (0, 0, 0);
        let reach = ((at - entry.from) / 2 + 1).min(HEARD).min(self.frames as usize);
        while frames < reach {
            let block = frames..(frames + BLOCK).min(reach);
            let (mut here, mut off) = (0, 0);
            for back in block.clone() {
                let moment = self.library.moments[at - 2 * back];
                here += moment.trusted.count_ones();
                off += ((self.print(back) ^ moment.bits) & moment.trusted).count_ones();
            }
            if off as f32 > BLOCK_WRONG_MAX * here as f32 {
                break;
            }
            (compared, wrong, frames) = (compared + here, wrong + off, block.end);
        }
        (compared, wrong, frames)
    }

    /// Where the two announcements differ, does the sound side with ours?
    fn beats(&self, ours: usize, theirs: usize, from: usize, frames: usize) -> bool {
        let (mut differ, mut won) = (0, 0);
        for back in 0..frames.min((theirs - from) / 2 + 1) {
            let a = self.library.moments[ours - 2 * back];
            let b = self.library.moments[theirs - 2 * back];
            let told = (a.bits ^ b.bits) & a.trusted & b.trusted;
            differ += told.count_ones();
            won += (!(self.print(back) ^ a.bits) & told).count_ones();
        }
        differ >= DIFFER_MIN && won as f32 >= WON_MIN * differ as f32
    }

    fn print(&self, back: usize) -> u32 {
        self.heard[(self.frames as usize - 1 - back) % HEARD]
    }
}

/// Ten minutes: a hundred announcements with their English halves.
const MOMENTS_MAX: usize = 1 << 16;
/// 8 s: as far as is looked back.
const HEARD: usize = 400;
/// What is counted fades to a third in 1.3 s.
const KEEPS: f32 = 0.985;
/// Half a second of trusted bits.
const COMPARED_MIN: f32 = 400.0;
/// Of the bits compared, by chance a half is wrong.
const GOOD: f32 = 0.4;
const WRONG_MAX: f32 = 0.37;
/// Who is this near may be what is announced.
const NEAR: f32 = 0.45;
/// Half a second: a word that differs stands out in it.
const BLOCK: usize = 25;
const BLOCK_WRONG_MAX: f32 = 0.46;
/// This much of an announcement must have been heard, or this many milliseconds.
const SHARE_PERCENT: u32 = 70;
const NEEDED_MS: u32 = 2600;
/// Look-alikes are told apart by this many bits at least, most of them ours.
const DIFFER_MIN: u32 = 40;
const WON_MIN: f32 = 0.6;
/// Ten times a second is soon enough.
const LOOK_EACH: u32 = 5;
