use std::collections::BTreeSet;

use rand::{Rng, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use super::{
    agent::{CALL_LEASE, OFFER_MARGIN, RESERVED},
    *,
};
use crate::base::epoch;

fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

fn call(n: u128) -> CallId {
    CallId::from_uuid(Uuid::from_u128(1000 + n))
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn queue(strategy: Strategy) -> QueueRule {
    QueueRule {
        code: "centre".to_owned(),
        strategy,
        priority: 0,
        ring: seconds(20),
        wait_max: seconds(120),
        announce_every: seconds(30),
        waiting_max: 20,
        own_first: true,
    }
}

/// Agents 1 to `count` with phones, signed in.
struct House {
    acd: Acd,
    now: Instant,
}

impl House {
    fn new(strategy: Strategy, count: u128) -> Self {
        let mut house = Self { acd: Acd::default(), now: epoch() };
        house.tell(Input::Queues(vec![queue(strategy)]));
        let rule = |n| AgentRule {
            user: user(n),
            queues: vec![("centre".to_owned(), 3)],
            wrap_up: seconds(30),
        };
        house.tell(Input::Agents((1..=count).map(rule).collect()));
        for n in 1..=count {
            house.tell(Input::Phone { agent: user(n), reachable: true });
            house.tell(Input::Lease(user(n)));
            house.now += seconds(1);
        }
        house.said();
        house
    }

    fn tell(&mut self, input: Input) {
        self.acd.handle_input(input, self.now);
    }

    /// Time passes; browsers stay.
    fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while self.now < until {
            self.now = (self.now + seconds(5)).min(until);
            let users: Vec<_> = self.acd.agents.keys().copied().collect();
            users.into_iter().for_each(|user| self.tell(Input::Lease(user)));
            self.acd.handle_timeout(self.now);
        }
    }

    fn waits(&mut self, n: u128) {
        self.waits_with(n, 0, None);
    }

    fn waits_with(&mut self, n: u128, priority: i16, own: Option<UserId>) {
        let queue = "centre".to_owned();
        let waiter = Waiter { call: call(n), queue, since: self.now, priority, own };
        self.tell(Input::Wait(waiter));
    }

    /// `offer 1 to 2, withdraw 1 from 2, nobody for 1 (full), 1 is 0`.
    fn said(&mut self) -> String {
        let mut said = Vec::new();
        let number = |uuid: &Uuid| uuid.as_u128() % 1000;
        while let Some(output) = self.acd.poll_output() {
            match output {
                Output::Offer { agent, call, .. } => said.push(format!(
                    "offer {} to {}",
                    number(call.as_uuid()),
                    number(agent.as_uuid())
                )),
                Output::Withdraw { agent, call } => said.push(format!(
                    "withdraw {} from {}",
                    number(call.as_uuid()),
                    number(agent.as_uuid())
                )),
                Output::Nobody { call, why } => {
                    said.push(format!("nobody for {} ({why})", number(call.as_uuid())));
                }
                Output::Position { call, position } => {
                    said.push(format!("{} is {position}", number(call.as_uuid())));
                }
                Output::Changed { .. } => {}
            }
        }
        said.join(", ")
    }

    fn states(&self) -> String {
        let seats = self.acd.seats(self.now);
        seats.iter().map(|seat| seat.state.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn f047_the_agent_who_has_been_idle_longest_gets_the_call() {
    let mut house = House::new(Strategy::LongestIdle, 3);
    house.waits(1);
    assert_eq!(house.said(), "offer 1 to 1");
    assert_eq!(house.states(), "reserved idle idle");
    house.tell(Input::Ringing { agent: user(1), call: call(1) });
    house.tell(Input::Answered { agent: user(1), call: call(1) });
    house.waits(2);
    assert_eq!(house.said(), "offer 2 to 2");
    house.tell(Input::Over { agent: user(1), call: call(1) });
    house.tell(Input::Done(user(1)));
    house.waits(3);
    assert_eq!(house.said(), "offer 3 to 3", "agent 3 has waited since the beginning");
    assert_eq!(house.states(), "idle reserved reserved");
}

#[test]
fn the_strategies_choose_as_their_names_say() {
    for (strategy, expected) in [
        (Strategy::LongestIdle, "1 2 3 1"),
        (Strategy::RoundRobin, "1 2 3 1"),
        (Strategy::FewestCalls, "1 2 3 1"),
    ] {
        let mut house = House::new(strategy, 3);
        let mut order = Vec::new();
        for n in 1..=4 {
            house.waits(n);
            let said = house.said();
            let agent = said.rsplit(' ').next().unwrap().to_owned();
            let agent_id = user(agent.parse().unwrap());
            house.tell(Input::Answered { agent: agent_id, call: call(n) });
            house.now += seconds(1);
            house.tell(Input::Over { agent: agent_id, call: call(n) });
            house.tell(Input::Done(agent_id));
            order.push(agent);
        }
        assert_eq!(order.join(" "), expected, "{strategy}");
    }
    let mut all = House::new(Strategy::RingAll, 3);
    all.waits(1);
    assert_eq!(all.said(), "offer 1 to 1, offer 1 to 2, offer 1 to 3");
}

/// Case 25.
#[test]
fn the_leg_of_another_agent_is_cancelled_when_one_answers_and_nobody_stays_reserved() {
    let mut house = House::new(Strategy::RingAll, 3);
    house.waits(1);
    house.said();
    house.tell(Input::Answered { agent: user(2), call: call(1) });
    assert_eq!(house.said(), "withdraw 1 from 1, withdraw 1 from 3");
    assert_eq!(house.states(), "idle talking idle");
    house.tell(Input::Answered { agent: user(3), call: call(1) });
    assert_eq!(house.states(), "idle talking idle", "too late");
}

/// Case 26.
#[test]
fn a_caller_who_hangs_up_while_a_phone_rings_leaves_nobody_reserved() {
    let mut house = House::new(Strategy::LongestIdle, 1);
    house.waits(1);
    house.said();
    house.tell(Input::Gone(call(1)));
    assert_eq!(house.said(), "withdraw 1 from 1");
    assert_eq!(house.states(), "idle");
}

/// Cases 27, 28 and 30.
#[test]
fn who_does_not_take_a_call_holds_up_nobody_and_is_not_asked_again_at_once() {
    let mut house = House::new(Strategy::LongestIdle, 2);
    house.waits(1);
    assert_eq!(house.said(), "offer 1 to 1");
    house.tell(Input::Failed { agent: user(1), call: call(1) });
    assert_eq!(house.said(), "offer 1 to 2");
    house.tell(Input::Failed { agent: user(2), call: call(1) });
    assert_eq!(house.said(), "", "both have just refused");
    house.pass(seconds(20));
    assert_eq!(house.said(), "", "no loop of INVITE and CANCEL");
    house.waits(2);
    assert_eq!(house.said(), "offer 2 to 1", "another caller is another matter");
    house.tell(Input::Gone(call(2)));
    house.said();
    house.pass(seconds(45));
    assert!(house.said().contains("offer 1 to "), "after a minute they are asked again");
}

/// Case 28: a pause during an offer is heard when the offer is over.
#[test]
fn a_pause_while_it_rings_stops_neither_the_ringing_nor_comes_too_late() {
    let mut house = House::new(Strategy::LongestIdle, 1);
    house.waits(1);
    house.said();
    house.tell(Input::Pause { agent: user(1), why: Some(Pause::Meal) });
    assert_eq!((house.said().as_str(), house.states().as_str()), ("", "reserved"));
    house.tell(Input::Failed { agent: user(1), call: call(1) });
    assert_eq!(house.states(), "paused");
    house.pass(seconds(70));
    assert!(!house.said().contains("offer"));
}

/// Case 29.
#[test]
fn a_lost_bye_does_not_lock_an_agent() {
    let mut house = House::new(Strategy::LongestIdle, 1);
    house.waits(1);
    house.tell(Input::Answered { agent: user(1), call: call(1) });
    house.pass(CALL_LEASE - seconds(5));
    house.tell(Input::Alive { agent: user(1), call: call(1), holding: true });
    assert_eq!(house.states(), "holding");
    house.pass(CALL_LEASE - seconds(5));
    assert_eq!(house.states(), "holding");
    house.pass(seconds(10));
    assert_eq!(house.states(), "idle");
}

/// Case 31.
#[test]
fn work_after_a_call_holds_in_every_queue() {
    let mut house = House::new(Strategy::LongestIdle, 1);
    let mut other = queue(Strategy::LongestIdle);
    other.code = "complaint".to_owned();
    house.tell(Input::Queues(vec![queue(Strategy::LongestIdle), other]));
    let queues = vec![("centre".to_owned(), 3), ("complaint".to_owned(), 3)];
    let rule = AgentRule { user: user(1), queues, wrap_up: seconds(30) };
    house.tell(Input::Agents(vec![rule]));
    house.waits(1);
    house.tell(Input::Answered { agent: user(1), call: call(1) });
    house.tell(Input::Over { agent: user(1), call: call(1) });
    house.said();
    let queue = "complaint".to_owned();
    let waiter = Waiter { call: call(2), queue, since: house.now, priority: 0, own: None };
    house.tell(Input::Wait(waiter));
    house.pass(seconds(25));
    assert_eq!((house.said().as_str(), house.states().as_str()), ("", "wrap_up"));
    house.pass(seconds(10));
    assert_eq!(house.said(), "offer 2 to 1, 2 is 0");
}

#[test]
fn the_own_doctor_comes_first_then_the_better_skilled() {
    let mut house = House::new(Strategy::LongestIdle, 3);
    house.waits_with(1, 0, Some(user(3)));
    assert_eq!(house.said(), "offer 1 to 3");
    let rule = |n: u128, skill| AgentRule {
        user: user(n),
        queues: vec![("centre".to_owned(), skill)],
        wrap_up: seconds(30),
    };
    house.tell(Input::Agents(vec![rule(1, 1), rule(2, 5), rule(3, 3)]));
    house.waits(2);
    assert_eq!(house.said(), "offer 2 to 2");
}

#[test]
fn the_order_is_priority_then_time_and_the_position_is_told() {
    let mut house = House::new(Strategy::LongestIdle, 1);
    house.waits(1);
    for n in [2, 3] {
        house.now += seconds(1);
        house.waits(n);
    }
    house.now += seconds(1);
    house.waits_with(4, 10, None);
    house.said();
    assert_eq!([1, 2, 3, 4].map(|n| house.acd.position(call(n)).unwrap()), [1, 2, 3, 0]);
    house.pass(seconds(30));
    let said = house.said();
    assert!(said.contains("2 is 2") && said.contains("4 is 0"), "{said}");
}

#[test]
fn nobody_waits_for_ever_and_nobody_is_let_in_for_nothing() {
    let mut house = House::new(Strategy::LongestIdle, 0);
    house.waits(1);
    assert_eq!(house.said(), "nobody for 1 (nobody_on_duty)");
    let mut house = House::new(Strategy::LongestIdle, 1);
    house.tell(Input::Pause { agent: user(1), why: Some(Pause::Ward) });
    house.waits(1);
    house.pass(seconds(125));
    assert!(house.said().ends_with("nobody for 1 (too_long)"));
    for n in 1..=21 {
        house.waits(n);
    }
    assert_eq!(house.said(), "nobody for 21 (full)");
    let waiter = Waiter {
        call: call(50),
        queue: "moon".to_owned(),
        since: house.now,
        priority: 0,
        own: None,
    };
    house.tell(Input::Wait(waiter));
    assert_eq!(house.said(), "nobody for 50 (no_queue)");
}

/// Case 18: the browser is not the call.
#[test]
fn a_lost_browser_does_not_end_a_call_and_the_agent_is_offline_after_it() {
    let mut house = House::new(Strategy::LongestIdle, 1);
    house.waits(1);
    house.tell(Input::Answered { agent: user(1), call: call(1) });
    house.now += seconds(40);
    house.acd.handle_timeout(house.now);
    assert_eq!(house.states(), "talking");
    house.tell(Input::Over { agent: user(1), call: call(1) });
    house.now += seconds(31);
    house.acd.handle_timeout(house.now);
    assert_eq!(house.states(), "offline");
}

fn random_input(rng: &mut StdRng, now: Instant) -> Input {
    let (agent, call) = (user(rng.random_range(1..=4)), call(rng.random_range(1..=5)));
    match rng.random_range(0..15) {
        0..=2 => Input::Wait(Waiter {
            call,
            queue: "centre".to_owned(),
            since: now,
            priority: rng.random_range(0..3),
            own: rng.random_bool(0.3).then_some(agent),
        }),
        3 => Input::Gone(call),
        4 => Input::Ringing { agent, call },
        5 | 6 => Input::Answered { agent, call },
        7 => Input::Failed { agent, call },
        8 => Input::Alive { agent, call, holding: rng.random_bool(0.5) },
        9 => Input::Over { agent, call },
        10 => Input::Done(agent),
        11 => Input::Pause { agent, why: rng.random_bool(0.4).then_some(Pause::Rest) },
        12 => Input::Phone { agent, reachable: rng.random_bool(0.7) },
        13 => {
            if rng.random_bool(0.3) {
                Input::Leave(agent)
            } else {
                Input::Lease(agent)
            }
        }
        _ => Input::Reserve { agent, call },
    }
}

/// Case 32: facts that are lost, doubled or out of order. `SUIFANG_SEQUENCES=1000000` for the
/// long run.
#[test]
fn whatever_is_heard_or_not_every_agent_is_free_again_within_the_bound() {
    let wanted = std::env::var("SUIFANG_SEQUENCES").ok().and_then(|n| n.parse().ok());
    let sequences: u64 = wanted.unwrap_or(3000);
    let bound = (RESERVED + OFFER_MARGIN).max(CALL_LEASE) + seconds(30) + seconds(120);
    for seed in 0..sequences {
        let mut rng = StdRng::seed_from_u64(seed);
        let strategy = Strategy::ALL[rng.random_range(0..Strategy::ALL.len())];
        let mut house = House::new(strategy, 4);
        for _ in 0..rng.random_range(1..40) {
            let input = random_input(&mut rng, house.now);
            if rng.random_bool(0.1) {
                house.tell(input.clone());
            }
            house.tell(input);
            if rng.random_bool(0.5) {
                house.now += Duration::from_millis(rng.random_range(0..15_000));
                house.acd.handle_timeout(house.now);
            }
            let talking: Vec<_> =
                house.acd.seats(house.now).iter().filter_map(|s| s.call).collect();
            let waiting = house.acd.waiting.iter().map(|w| w.of.call).collect::<BTreeSet<_>>();
            let doubled = house.acd.agents.values().filter(
                |agent| matches!(agent.work, Work::Call { call, .. } if waiting.contains(&call)),
            );
            assert_eq!(doubled.count(), 0, "seed {seed}: {talking:?} talk to who waits");
        }
        for n in 1..=4 {
            house.tell(Input::Phone { agent: user(n), reachable: true });
            house.tell(Input::Pause { agent: user(n), why: None });
        }
        house.pass(bound);
        assert_eq!(house.states(), "idle idle idle idle", "seed {seed}");
        assert!(house.acd.waiting.is_empty(), "seed {seed}: somebody waits for ever");
    }
}
