//! What the readers of all sockets share: who is known, who has left, and how many were turned
//! away.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use crate::sip::{
    endpoint::Flow,
    gate::{Admission, Gate},
};

#[derive(Debug, Default)]
pub struct Doors {
    trunks: RwLock<HashSet<IpAddr>>,
    phones: RwLock<HashSet<IpAddr>>,
    refused: AtomicU64,
    dropped: AtomicU64,
    left: Mutex<Vec<Flow>>,
    has_left: Notify,
}

impl Doors {
    /// The addresses of the trunks, instead of those that were.
    pub fn set_trunks(&self, trunks: HashSet<IpAddr>) {
        *self.trunks.write().unwrap_or_else(PoisonError::into_inner) = trunks;
    }

    /// A phone has proven itself at this address.
    pub fn met(&self, phone: IpAddr) {
        let mut phones = self.phones.write().unwrap_or_else(PoisonError::into_inner);
        if phones.len() >= PHONES_MAX {
            // They come back with their next sign-in, which is let in without.
            phones.clear();
        }
        phones.insert(phone);
    }

    /// A connection has closed, and whoever was behind it cannot be reached by it.
    pub(super) fn left(&self, flow: Flow) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        // What is one too many stays on the registrar's board until it expires.
        if left.len() < LEFT_MAX {
            left.push(flow);
        }
        drop(left);
        self.has_left.notify_one();
    }

    /// Waits until connections have closed since it was asked last.
    pub async fn leavers(&self) -> Vec<Flow> {
        loop {
            let left =
                std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
            if !left.is_empty() {
                return left;
            }
            self.has_left.notified().await;
        }
    }

    /// Messages answered with 503, and messages dropped without a word.
    pub fn turned_away(&self) -> (u64, u64) {
        (self.refused.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
    }

    pub(super) fn admit(
        &self,
        gate: &mut Gate,
        message: &[u8],
        from: IpAddr,
        now: std::time::Instant,
    ) -> Admission {
        let admission = gate.admit(message, from, self.knows(from), now);
        match admission {
            Admission::Pass => {}
            Admission::Refuse(_) => drop(self.refused.fetch_add(1, Ordering::Relaxed)),
            Admission::Drop => drop(self.dropped.fetch_add(1, Ordering::Relaxed)),
        }
        admission
    }

    fn knows(&self, from: IpAddr) -> bool {
        let has = |set: &RwLock<HashSet<IpAddr>>| {
            set.read().unwrap_or_else(PoisonError::into_inner).contains(&from)
        };
        has(&self.trunks) || has(&self.phones)
    }
}

/// As many connections as there may be at once.
const LEFT_MAX: usize = 1024;

/// As many addresses as the registrar takes accounts.
const PHONES_MAX: usize = 10_000;
