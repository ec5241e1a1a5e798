//! What follows a verdict: an announcement that was never learnt may begin as a learnt one
//! does. Where the rest of it is another, the verdict is taken back.

use super::{print::Print, template::Moment};

#[derive(Debug)]
pub(super) struct Tail {
    /// The place in the library at which the next frame is expected, and where it ends.
    next: usize,
    to: usize,
    from: usize,
    /// Bits compared and bits wrong in the latest frames, at each of the offsets.
    latest: [[(u32, u32); SPAN]; OFFSETS],
    frames: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TailEnd {
    /// All of it has been heard.
    Over,
    /// It is another one.
    Other,
}

impl Tail {
    /// After the place `at` of a template that lies between `from` and `to`.
    pub(super) const fn new(at: usize, from: usize, to: usize) -> Self {
        Self { next: at + 2, to, from, latest: [[(0, 0); SPAN]; OFFSETS], frames: 0 }
    }

    pub(super) fn push(&mut self, print: Print, moments: &[Moment]) -> Option<TailEnd> {
        if self.next >= self.to {
            return Some(TailEnd::Over);
        }
        for (offset, latest) in self.latest.iter_mut().enumerate() {
            // A packet more or less in between is no other announcement.
            let place = (self.next + offset).checked_sub(OFFSETS / 2);
            // Silence says nothing: it may be cut short, or a packet lost.
            let place = place.filter(|it| !print.is_quiet && (self.from..self.to).contains(it));
            let moment = place.and_then(|it| moments.get(it)).copied().unwrap_or_default();
            let wrong = ((print.bits ^ moment.bits) & moment.trusted).count_ones();
            if let Some(slot) = latest.get_mut(self.frames % SPAN) {
                *slot = (moment.trusted.count_ones(), wrong);
            }
        }
        self.frames += 1;
        self.next += 2;
        (self.frames >= SPAN && self.is_other()).then_some(TailEnd::Other)
    }

    /// At none of the offsets does it fit.
    fn is_other(&self) -> bool {
        self.latest.iter().all(|latest| {
            let (compared, wrong) =
                latest.iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
            compared >= COMPARED_MIN && wrong as f32 > WRONG_MAX * compared as f32
        })
    }
}

/// 280 ms: a word.
const SPAN: usize = 14;
/// 20 ms either way.
const OFFSETS: usize = 5;
const COMPARED_MIN: u32 = 100;
const WRONG_MAX: f32 = 0.42;

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 bits that look like chance.
    const fn bits(n: usize) -> u32 {
        (n as u32).wrapping_mul(0x9E37_79B9) >> 8
    }

    fn end(mut said: impl FnMut(usize) -> Print) -> Option<TailEnd> {
        let moments: Vec<Moment> =
            (0..200).map(|n| Moment { bits: bits(n), trusted: 0xFF_FFFF }).collect();
        let mut tail = Tail::new(0, 0, moments.len());
        (1..200).find_map(|frame| tail.push(said(2 * frame), &moments))
    }

    #[test]
    fn the_rest_of_it_confirms_another_word_takes_back_and_silence_says_nothing() {
        let heard = |bits, is_quiet| Print { bits, is_quiet };
        assert_eq!(end(|n| heard(bits(n), false)), Some(TailEnd::Over));
        // A packet too many: the same, 10 ms late.
        assert_eq!(end(|n| heard(bits(n + 1), false)), Some(TailEnd::Over));
        assert_eq!(end(|n| heard(bits(n), n > 60)), Some(TailEnd::Over));
        let other = |n| if (60..100).contains(&n) { bits(n + 5000) } else { bits(n) };
        assert_eq!(end(|n| heard(other(n), false)), Some(TailEnd::Other));
    }
}
