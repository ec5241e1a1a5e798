//! How far a slow question has come, for who asked it: kept in memory while it is answered and
//! a while after.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

use crate::base::UserId;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Come {
    pub(super) answered: usize,
    pub(super) of: usize,
    pub(super) ended: bool,
}

/// The newest last.
#[derive(Default)]
pub(super) struct Progress(Mutex<VecDeque<(Uuid, UserId, Come)>>);

impl Progress {
    /// `watch` is of the asker's own making; somebody else's of the same name is another.
    pub(super) fn set(&self, watch: Uuid, who: UserId, come: Come) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(id, of, _)| (*id, *of) != (watch, who));
        if all.len() >= KEPT_MAX {
            all.pop_front();
        }
        all.push_back((watch, who, come));
    }

    pub(super) fn find(&self, watch: Uuid, who: UserId) -> Option<Come> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(id, of, _)| (*id, *of) == (watch, who)).map(|(_, _, come)| *come)
    }
}

/// Far more than ask at once.
const KEPT_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_asker_sees_own_progress_and_old_ones_make_room() {
        let progress = Progress::default();
        let who = |n: u128| UserId::from_uuid(Uuid::from_u128(n));
        let come = |answered| Come { answered, of: 3, ended: answered == 3 };
        let watch = Uuid::from_u128(7);
        progress.set(watch, who(1), come(1));
        progress.set(watch, who(2), come(2));
        progress.set(watch, who(1), come(3));
        assert_eq!(progress.find(watch, who(1)), Some(come(3)));
        assert_eq!(progress.find(watch, who(2)), Some(come(2)));
        assert_eq!(progress.find(watch, who(3)), None);
        for n in 0..KEPT_MAX {
            progress.set(Uuid::from_u128(100 + n as u128), who(9), come(0));
        }
        assert_eq!(progress.find(watch, who(2)), None, "it was the oldest");
    }
}
