//! RTP ports of one interface: even for RTP, the next for RTCP (RFC 3550 §11).

use std::{
    hash::{BuildHasher, RandomState},
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A pair is given out again as late as possible, so that the last packets of one call
/// do not reach the next.
#[derive(Clone, Debug)]
pub struct PortPool(Arc<Mutex<Pairs>>);

#[derive(Debug)]
struct Pairs {
    first: u16,
    taken: Box<[bool]>,
    next: usize,
}

impl PortPool {
    /// Begins anywhere in the range: a restart does not meet the ports of the calls it cut.
    pub fn new(range: RangeInclusive<u16>) -> Self {
        let first = range.start().saturating_add(range.start() % 2);
        let count = (u32::from(*range.end()) + 1).saturating_sub(first.into()) / 2;
        let taken = vec![false; count as usize].into_boxed_slice();
        let next = RandomState::new().hash_one(first) as usize % taken.len().max(1);
        Self(Arc::new(Mutex::new(Pairs { first, taken, next })))
    }

    /// None when all are taken: the call is refused, with 503.
    pub fn lease(&self) -> Option<PortLease> {
        let mut pairs = self.pairs();
        let count = pairs.taken.len();
        let index = (0..count).map(|n| (pairs.next + n) % count).find(|n| !pairs.taken[*n])?;
        pairs.taken[index] = true;
        pairs.next = (index + 1) % count;
        let rtp = pairs.first + 2 * index as u16;
        Some(PortLease { pool: self.clone(), index, rtp })
    }

    pub fn in_use(&self) -> usize {
        self.pairs().taken.iter().filter(|taken| **taken).count()
    }

    fn pairs(&self) -> MutexGuard<'_, Pairs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pair of ports; goes back when dropped.
#[derive(Debug)]
pub struct PortLease {
    pool: PortPool,
    index: usize,
    rtp: u16,
}

impl PortLease {
    pub const fn rtp(&self) -> u16 {
        self.rtp
    }

    pub const fn rtcp(&self) -> u16 {
        self.rtp + 1
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        self.pool.pairs().taken[self.index] = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_even_distinct_bounded_and_come_back() {
        for (range, count) in [
            (10_000..=10_007, 4),
            (10_001..=10_008, 3),
            (10_000..=10_000, 0),
            (65_534..=65_535, 1),
            (65_535..=65_535, 0),
        ] {
            let pool = PortPool::new(range.clone());
            for _ in 0..3 {
                let leases: Vec<_> = std::iter::from_fn(|| pool.lease()).collect();
                assert_eq!((leases.len(), pool.in_use()), (count, count), "{range:?}");
                assert!(leases.iter().all(|lease| {
                    lease.rtp().is_multiple_of(2)
                        && range.contains(&lease.rtp())
                        && range.contains(&lease.rtcp())
                }));
            }
            assert_eq!(pool.in_use(), 0);
        }
    }

    #[test]
    fn a_pair_is_not_given_out_again_at_once() {
        let pool = PortPool::new(10_000..=10_099);
        let first = pool.lease().map(|lease| lease.rtp());
        assert!((0..49).all(|_| pool.lease().map(|lease| lease.rtp()) != first));
    }
}
