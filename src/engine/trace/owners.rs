//! Which message is of which call. A caller's INVITE passes before there is a call for it, an
//! agent's telephone rings before it is known for whom: such messages wait a little, and what
//! nobody claims is a stranger's and is forgotten.

use std::{
    collections::{HashMap, VecDeque},
    sync::atomic::AtomicU64,
    time::{Duration, Instant},
};

use super::{Seen, TraceCounters, count};
use crate::base::CallId;

/// A message and whose it is.
pub(super) struct Owned {
    pub(super) call: CallId,
    pub(super) role: &'static str,
    pub(super) seen: Box<Seen>,
}

#[derive(Default)]
pub(super) struct Owners {
    legs: HashMap<String, Leg>,
    of_call: HashMap<CallId, Vec<String>>,
    #[expect(clippy::vec_box, reason = "they come in boxes from the queue, and go on in them")]
    waiting: HashMap<String, Vec<Box<Seen>>>,
    /// The same, the longest first.
    in_order: VecDeque<(Instant, String)>,
    /// Calls by their beginning, the first first: one whose task has died tells no end.
    begun: VecDeque<(Instant, CallId)>,
    /// Calls that are over, the first first.
    ended: VecDeque<(Instant, CallId)>,
}

struct Leg {
    call: CallId,
    role: &'static str,
    messages: usize,
}

impl Owners {
    pub(super) fn belongs(
        &mut self,
        sip_call_id: String,
        (call, role): (CallId, &'static str),
        now: Instant,
        counters: &TraceCounters,
        out: &mut Vec<Owned>,
    ) {
        if self.legs.len() >= LEGS_MAX {
            return;
        }
        let waited = self.waiting.remove(&sip_call_id).unwrap_or_default();
        self.begun.push_back((now, call));
        self.of_call.entry(call).or_default().push(sip_call_id.clone());
        let leg = self.legs.entry(sip_call_id).or_insert(Leg { call, role, messages: 0 });
        for seen in waited {
            leg.take(seen, &counters.too_many, out);
        }
    }

    pub(super) fn message(
        &mut self,
        seen: Box<Seen>,
        now: Instant,
        counters: &TraceCounters,
        out: &mut Vec<Owned>,
    ) {
        let id = &seen.sketch.call_id;
        if let Some(leg) = self.legs.get_mut(id) {
            return leg.take(seen, &counters.too_many, out);
        }
        if let Some(waits) = self.waiting.get_mut(id) {
            match waits.len() < WAITING_EACH {
                true => waits.push(seen),
                false => count(&counters.unclaimed, 1),
            }
            return;
        }
        while self.waiting.len() >= WAITING_MAX {
            self.forget_oldest(counters);
        }
        let id = id.clone();
        self.in_order.push_back((now, id.clone()));
        self.waiting.insert(id, vec![seen]);
    }

    pub(super) fn ended(&mut self, call: CallId, now: Instant) {
        self.ended.push_back((now, call));
    }

    /// What has waited long enough.
    pub(super) fn sweep(&mut self, now: Instant, counters: &TraceCounters) {
        while self.in_order.front().is_some_and(|(since, _)| *since + CLAIMED_WITHIN <= now) {
            self.forget_oldest(counters);
        }
        while self.ended.front().is_some_and(|(since, _)| *since + LAST_WORDS <= now) {
            let Some((_, call)) = self.ended.pop_front() else { break };
            self.forget(call);
        }
        while self.begun.front().is_some_and(|(since, _)| *since + LASTS_MAX <= now) {
            let Some((_, call)) = self.begun.pop_front() else { break };
            self.forget(call);
        }
    }

    fn forget(&mut self, call: CallId) {
        for id in self.of_call.remove(&call).unwrap_or_default() {
            self.legs.remove(&id);
        }
    }

    fn forget_oldest(&mut self, counters: &TraceCounters) {
        // One that was claimed is not among those that wait any more.
        if let Some((_, id)) = self.in_order.pop_front()
            && let Some(seen) = self.waiting.remove(&id)
        {
            count(&counters.unclaimed, seen.len() as u64);
        }
    }
}

impl Leg {
    fn take(&mut self, seen: Box<Seen>, too_many: &AtomicU64, out: &mut Vec<Owned>) {
        self.messages += 1;
        match self.messages <= MESSAGES_OF_A_LEG {
            true => out.push(Owned { call: self.call, role: self.role, seen }),
            false => count(too_many, 1),
        }
    }
}

/// As many dialogs as the endpoint holds.
const LEGS_MAX: usize = 20_000;

/// A call has a dozen; a session refreshed each 90 s for an hour has 160.
const MESSAGES_OF_A_LEG: usize = 400;

/// Dialogs that nobody has claimed yet: a flood of strangers pushes them out, at 400 new ones a
/// second (the gate's limit) after five seconds; a call claims its own within one.
const WAITING_MAX: usize = 2_000;

/// INVITE, its answers and repeats, until the telephone of an agent is picked up.
const WAITING_EACH: usize = 16;

/// A click-to-dial rings the agent's own telephone first, for less than this.
const CLAIMED_WITHIN: Duration = Duration::from_secs(60);

/// No call lasts as long; what began is forgotten by then, whether or not its end was told.
const LASTS_MAX: Duration = Duration::from_secs(6 * 3600);

/// Repeats of a BYE may come for 32 s (RFC 3261 §17.1.2).
const LAST_WORDS: Duration = Duration::from_secs(40);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{Clock as _, SystemClock},
        sip::message::{Sketch, Start, Transport},
    };

    struct Scene {
        owners: Owners,
        counters: TraceCounters,
        now: Instant,
        out: Vec<Owned>,
    }

    impl Scene {
        fn new() -> Self {
            let now = SystemClock.instant();
            let (owners, counters) = (Owners::default(), TraceCounters::default());
            Self { owners, counters, now, out: Vec::new() }
        }

        fn message(&mut self, call_id: &str, cseq: i64) {
            let address = ([127, 0, 0, 1], 5060).into();
            let (call_id, method) = (call_id.to_owned(), "INVITE".to_owned());
            let seen = Seen {
                at: SystemClock.wall(),
                is_ours: false,
                transport: Transport::Udp,
                local: address,
                remote: address,
                sketch: Sketch { start: Start::Request, call_id, cseq, method },
                text: String::new(),
                is_cut: false,
            };
            self.owners.message(Box::new(seen), self.now, &self.counters, &mut self.out);
        }

        fn belongs(&mut self, call_id: &str) -> CallId {
            let call = CallId::new(SystemClock.wall());
            let whose = (call, "patient");
            self.owners.belongs(call_id.to_owned(), whose, self.now, &self.counters, &mut self.out);
            call
        }

        fn pass(&mut self, time: Duration) {
            self.now += time;
            self.owners.sweep(self.now, &self.counters);
        }

        fn heard(&mut self) -> Vec<i64> {
            self.out.drain(..).map(|owned| owned.seen.sketch.cseq).collect()
        }

        fn unclaimed(&self) -> u64 {
            self.counters.unclaimed.load(std::sync::atomic::Ordering::Relaxed)
        }
    }

    #[test]
    fn what_passed_before_its_call_was_known_is_kept_in_order() {
        let mut scene = Scene::new();
        scene.message("a", 1);
        scene.message("stranger", 9);
        scene.message("a", 2);
        assert_eq!(scene.heard(), [0_i64; 0]);
        scene.belongs("a");
        scene.message("a", 3);
        assert_eq!(scene.heard(), [1, 2, 3]);
        scene.pass(CLAIMED_WITHIN);
        assert_eq!(scene.unclaimed(), 1);
        scene.belongs("stranger");
        assert_eq!(scene.heard(), [0_i64; 0]);
    }

    #[test]
    fn a_call_that_is_over_hears_its_last_words_and_is_forgotten() {
        let mut scene = Scene::new();
        let call = scene.belongs("a");
        scene.owners.ended(call, scene.now);
        scene.pass(LAST_WORDS / 2);
        scene.message("a", 1);
        assert_eq!(scene.heard(), [1]);
        scene.pass(LAST_WORDS / 2);
        scene.message("a", 2);
        assert_eq!(scene.heard(), [0_i64; 0]);
        assert!(scene.owners.legs.is_empty() && scene.owners.of_call.is_empty());
    }

    #[test]
    fn a_call_that_never_tells_its_end_is_forgotten_in_its_time() {
        let mut scene = Scene::new();
        scene.belongs("a");
        scene.pass(LASTS_MAX / 2);
        scene.belongs("b");
        scene.pass(LASTS_MAX / 2);
        scene.message("a", 1);
        scene.message("b", 2);
        assert_eq!(scene.heard(), [2]);
        scene.pass(LASTS_MAX);
        assert!(scene.owners.legs.is_empty() && scene.owners.begun.is_empty());
    }

    #[test]
    fn a_flood_of_strangers_has_a_limit_and_so_has_one_leg() {
        let mut scene = Scene::new();
        for n in 0..WAITING_MAX * 2 {
            scene.message(&format!("s{n}"), 1);
        }
        assert_eq!(scene.owners.waiting.len(), WAITING_MAX);
        assert_eq!(scene.owners.in_order.len(), WAITING_MAX);
        for _ in 0..100 {
            scene.message("s3999", 1);
        }
        assert_eq!(scene.unclaimed(), WAITING_MAX as u64 + 101 - WAITING_EACH as u64);
        scene.belongs("a");
        for n in 0..500 {
            scene.message("a", n);
        }
        assert_eq!(scene.heard().len(), MESSAGES_OF_A_LEG);
    }
}
