//! Listens for the announcements of a library, frame by frame.
//!
//! Every moment of every template is a place at which the sound may now be. From frame to
//! frame each place hands what was counted to the place 20 ms on, and forgets a little: a
//! sum along the diagonal. Where few bits are wrong, the last seconds are compared in full.

use std::{fmt, sync::Arc};

use super::{
    print::Printer,
    tail::{Tail, TailEnd},
    template::{Moment, Template},
};
use crate::media::{Frame, TICK_MS};

/// Learnt announcements, shared by all calls. Classes are the caller's own numbers.
#[derive(Default)]
pub struct Library {
    moments: Vec<Moment>,
    /// How many bits are compared along the diagonal that ends at each moment, faded as what
    /// is counted fades.
    compared: Vec<f32>,
    /// For each moment, the template it belongs to.
    owners: Vec<u16>,
    entries: Vec<Entry>,
}

struct Entry {
    class: u16,
    from: usize,
    to: usize,
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
            for at in from..to {
                let before = if at < from + 2 { 0.0 } else { library.compared[at - 2] };
                let here = library.moments[at].trusted.count_ones() as f32;
                library.compared.push(before * KEEPS + here);
            }
            let trusted: u32 = template.moments.iter().map(|it| it.trusted.count_ones()).sum();
            // Each second moment is compared.
            let a_second = trusted / 2 * 100 / (to - from).max(1) as u32;
            let needed = (trusted / 2 * SHARE_PERCENT / 100).min(a_second * NEEDED_MS / 1000);
            library.entries.push(Entry { class, from, to, needed });
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

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heard {
    Announced(Verdict),
    /// It began like that one, and then it was another.
    TakenBack,
}

/// One call's ear. Eight bytes for each moment of the library, at most 512 kB; two nanoseconds
/// for each and frame. Nothing is allocated after the start.
pub struct Listener {
    library: Arc<Library>,
    printer: Printer,
    /// Bits that were wrong along the diagonal that ends at each moment.
    wrong: Vec<f32>,
    /// Those of the frame before.
    past: Vec<f32>,
    /// The latest prints, in a ring; how many there were at all.
    heard: [u32; HEARD],
    frames: u32,
    /// After the verdict.
    tail: Option<Tail>,
    is_done: bool,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({:?})", self.library)
    }
}

impl Listener {
    pub fn new(library: Arc<Library>) -> Self {
        // As if what came before had been anything: half of it wrong.
        let wrong: Vec<f32> = library.compared.iter().map(|bits| bits / 2.0).collect();
        let past = wrong.clone();
        Self {
            library,
            printer: Printer::default(),
            wrong,
            past,
            heard: [0; HEARD],
            frames: 0,
            tail: None,
            is_done: false,
        }
    }

    /// At most one verdict, which may be taken back before the announcement is over.
    pub fn push(&mut self, frame: &Frame) -> Option<Heard> {
        if self.is_done {
            return None;
        }
        let print = self.printer.push(frame);
        if let Some(tail) = &mut self.tail {
            let end = tail.push(print, &self.library.moments)?;
            self.is_done = true;
            return (end == TailEnd::Other).then_some(Heard::TakenBack);
        }
        self.heard[self.frames as usize % HEARD] = print.bits;
        self.frames += 1;
        self.count(print.bits);
        if !self.frames.is_multiple_of(LOOK_EACH) {
            return None;
        }
        let best = self.best()?;
        let verdict = self.judge(best)?;
        let entry = self.library.entries.get(usize::from(*self.library.owners.get(best)?))?;
        self.tail = Some(Tail::new(best, entry.from, entry.to));
        Some(Heard::Announced(verdict))
    }

    /// There is nothing more to hear.
    pub const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Hands on along the diagonals.
    fn count(&mut self, bits: u32) {
        std::mem::swap(&mut self.wrong, &mut self.past);
        for entry in &self.library.entries {
            let all = entry.from..entry.to;
            let (Some(wrong), Some(past), Some(moments)) = (
                self.wrong.get_mut(all.clone()),
                self.past.get(all.clone()),
                self.library.moments.get(all),
            ) else {
                continue;
            };
            // The first two have nobody before them.
            for (wrong, moment) in wrong.iter_mut().zip(moments).take(2) {
                *wrong = ones((bits ^ moment.bits) & moment.trusted) as f32;
            }
            let rest = wrong.iter_mut().zip(moments).skip(2);
            for ((wrong, moment), past) in rest.zip(past) {
                *wrong = past * KEEPS + ones((bits ^ moment.bits) & moment.trusted) as f32;
            }
        }
    }

    fn is_below(&self, at: usize, share: f32) -> bool {
        let (wrong, compared) = (self.wrong[at], self.library.compared[at]);
        compared > COMPARED_MIN && wrong < share * compared
    }

    /// The place that fits best, if any fits well.
    fn best(&self) -> Option<usize> {
        let share = |at: &usize| self.wrong[*at] / self.library.compared[*at];
        let places = (0..self.wrong.len()).filter(|at| self.is_below(*at, GOOD));
        places.min_by(|a, b| share(a).total_cmp(&share(b)))
    }

    /// The last seconds in full: is it all of it, and none of those that sound alike?
    fn judge(&self, at: usize) -> Option<Verdict> {
        let library = &self.library;
        let entry = library.entries.get(usize::from(*library.owners.get(at)?))?;
        let (matched, wrong, frames) = self.matched(at, entry);
        if matched < entry.needed || wrong as f32 > WRONG_MAX * matched as f32 {
            return None;
        }
        for rival in (0..self.wrong.len()).filter(|rival| self.is_below(*rival, NEAR)) {
            let other = library.entries.get(usize::from(library.owners[rival]))?;
            if other.class != entry.class && !self.beats(at, rival, other.from, frames) {
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

/// How many bits are set. Without a multiplication, so that four go at once on any processor.
const fn ones(mut bits: u32) -> u32 {
    bits -= (bits >> 1) & 0x5555_5555;
    bits = (bits & 0x3333_3333) + ((bits >> 2) & 0x3333_3333);
    bits = (bits + (bits >> 4)) & 0x0F0F_0F0F;
    bits += bits >> 8;
    bits += bits >> 16;
    bits & 0x3F
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
