//! The board of agents and queues on this node: facts in, offers to calls out. What follows
//! from what is `domain::acd`'s.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{NaiveDate, NaiveDateTime};
use tokio::{
    sync::{mpsc, watch},
    time,
};
use tracing::warn;

use super::{CallCommand, Core};
use crate::{
    base::{CallId, Machine as _, UserId},
    domain::{
        DayKind, ServiceHours, Shift,
        acd::{Acd, AgentRule, AgentState, Input, Output, Pause, QueueRule, QueueView, Seat},
    },
    store::{
        self, Principal,
        agent::Agent,
        queue::{self, Queue},
    },
};

/// A state that goes to the record.
type News = (UserId, AgentState, Option<Pause>);

pub struct AcdBoard {
    acd: Mutex<Acd>,
    /// As the record has them.
    agents: Mutex<HashMap<UserId, Agent>>,
    queues: Mutex<Vec<Queue>>,
    hours: Mutex<Hours>,
    version: watch::Sender<u64>,
    news: mpsc::Sender<News>,
    /// Taken by the loop that writes them.
    unwritten: Mutex<Option<mpsc::Receiver<News>>>,
}

/// 服务时段, with holidays and 调休.
#[derive(Default)]
struct Hours {
    of: ServiceHours,
    days: BTreeMap<NaiveDate, DayKind>,
}

impl Default for AcdBoard {
    fn default() -> Self {
        let (news, unwritten) = mpsc::channel(NEWS_MAX);
        Self {
            acd: Mutex::default(),
            agents: Mutex::default(),
            queues: Mutex::default(),
            hours: Mutex::default(),
            version: watch::channel(0).0,
            news,
            unwritten: Mutex::new(Some(unwritten)),
        }
    }
}

impl AcdBoard {
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub fn seats(&self, now: Instant) -> Vec<Seat> {
        lock(&self.acd).seats(now)
    }

    pub fn seat(&self, agent: UserId, now: Instant) -> Option<Seat> {
        lock(&self.acd).seat(agent, now)
    }

    pub fn queue_views(&self, now: Instant) -> Vec<QueueView> {
        lock(&self.acd).queue_views(now)
    }

    pub fn agent(&self, user: UserId) -> Option<Agent> {
        lock(&self.agents).get(&user).cloned()
    }

    pub fn agents(&self) -> Vec<Agent> {
        lock(&self.agents).values().cloned().collect()
    }

    pub fn has_queue(&self, code: &str) -> bool {
        self.queue(code).is_some()
    }

    pub fn queue(&self, code: &str) -> Option<Queue> {
        lock(&self.queues).iter().find(|queue| queue.code == code).cloned()
    }

    /// Of the hospital's local time.
    pub fn shift_at(&self, local: NaiveDateTime) -> Shift {
        let hours = lock(&self.hours);
        hours.of.shift_at(&hours.days, local)
    }

    pub fn position(&self, call: CallId) -> Option<usize> {
        lock(&self.acd).position(call)
    }

    pub fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Outputs are given out before the next fact is taken: an offer never overtakes its
    /// own withdrawal.
    fn tell(&self, core: &Core, input: Input) {
        let now = core.clock.instant();
        let mut acd = lock(&self.acd);
        let mut facts = VecDeque::from([input]);
        while let Some(fact) = facts.pop_front() {
            acd.handle_input(fact, now);
            self.give_out(core, &mut acd, &mut facts);
        }
        drop(acd);
        self.changed();
    }

    fn turn(&self, core: &Core) {
        let now = core.clock.instant();
        let mut acd = lock(&self.acd);
        acd.handle_timeout(now);
        let mut facts = VecDeque::new();
        self.give_out(core, &mut acd, &mut facts);
        let is_idle = facts.is_empty();
        while let Some(fact) = facts.pop_front() {
            acd.handle_input(fact, now);
            self.give_out(core, &mut acd, &mut facts);
        }
        drop(acd);
        if !is_idle {
            self.changed();
        }
    }

    fn give_out(&self, core: &Core, acd: &mut Acd, facts: &mut VecDeque<Input>) {
        while let Some(output) = acd.poll_output() {
            let (call, command) = match output {
                Output::Offer { agent, call, ring } => (call, CallCommand::Offer { agent, ring }),
                Output::Withdraw { agent, call } => (call, CallCommand::Withdraw { agent }),
                Output::Nobody { call, why } => (call, CallCommand::Nobody { why }),
                Output::Position { call, position } => (call, CallCommand::Position(position)),
                Output::Changed { agent, state, why } => {
                    if self.news.try_send((agent, state, why)).is_err() {
                        warn!("the record of the agents' states has fallen behind");
                    }
                    self.changed();
                    continue;
                }
            };
            let offered = match &command {
                CallCommand::Offer { agent, .. } => Some(*agent),
                _ => None,
            };
            let is_taken = core.call(call).is_some_and(|handle| handle.offer(command));
            // The call has ended meanwhile, or is busy beyond measure.
            if let Some(agent) = offered.filter(|_| !is_taken) {
                facts.push_back(Input::Failed { agent, call });
            }
        }
    }
}

impl Core {
    /// A fact for the board.
    pub fn acd_tell(&self, input: Input) {
        self.acd.tell(self, input);
    }

    /// 白班、晚班、夜班 for callers, now.
    pub fn shift_now(&self) -> Shift {
        let zone = self.config().hospital.timezone;
        self.acd.shift_at(self.clock.wall().with_timezone(&zone).naive_local())
    }

    /// Is the agent kept free for this call now?
    pub fn reserve_agent(&self, agent: UserId, call: CallId) -> bool {
        self.acd_tell(Input::Reserve { agent, call });
        let seat = self.acd.seat(agent, self.clock.instant());
        seat.is_some_and(|seat| seat.call == Some(call))
    }

    /// As the record has them now; a phone, a queue or a skill that was changed holds at once.
    ///
    /// # Errors
    /// When the database cannot be read; what was known stays.
    pub async fn load_agents(&self) -> Result<(), crate::app::AppError> {
        let mut scope = self.app.database().scope(&Principal::System("acd")).await?;
        let agents = store::agent::list(&mut scope).await?;
        let queues = queue::list(&mut scope).await?;
        drop(scope);
        let hours = Hours { of: self.app.service_hours().await?, days: self.app.holidays().await? };
        *lock(&self.acd.hours) = hours;
        let rules = agents.iter().map(agent_rule).collect();
        *lock(&self.acd.queues) = queues.clone();
        *lock(&self.acd.agents) =
            agents.into_iter().map(|agent| (UserId::from_uuid(agent.user_id), agent)).collect();
        self.acd_tell(Input::Queues(queues.iter().map(queue_rule).collect()));
        self.acd_tell(Input::Agents(rules));
        self.look_at_phones();
        Ok(())
    }

    /// Which agents can be rung: a phone of the house when it has registered, a number always.
    fn look_at_phones(&self) {
        let now = self.clock.instant();
        for agent in self.acd.agents() {
            let reachable =
                agent.endpoint_kind != "phone" || self.phones.find(&agent.endpoint, now).is_some();
            let user = UserId::from_uuid(agent.user_id);
            lock(&self.acd.acd).handle_input(Input::Phone { agent: user, reachable }, now);
        }
    }
}

fn agent_rule(agent: &Agent) -> AgentRule {
    let skills = agent.skills.iter().map(|skill| u8::try_from(*skill).unwrap_or(1));
    AgentRule {
        user: UserId::from_uuid(agent.user_id),
        queues: agent.queues.iter().cloned().zip(skills).collect(),
        wrap_up: seconds(agent.wrap_up_s),
    }
}

fn queue_rule(queue: &Queue) -> QueueRule {
    QueueRule {
        code: queue.code.clone(),
        strategy: queue.strategy.parse().unwrap_or_default(),
        priority: queue.priority,
        ring: seconds(queue.ring_s),
        wait_max: seconds(queue.wait_max_s),
        announce_every: seconds(queue.announce_s),
        waiting_max: usize::try_from(queue.waiting_max).unwrap_or(1),
        own_first: queue.own_first,
    }
}

fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

/// Runs until the server ends.
pub(super) async fn run_acd(core: Arc<Core>) {
    let mut every = time::interval(LOOK);
    every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    let mut looks: u32 = 0;
    loop {
        every.tick().await;
        if looks.is_multiple_of(RECORD_EACH)
            && let Err(error) = core.load_agents().await
        {
            warn!(%error, "the agents wait for the database");
        }
        looks = looks.wrapping_add(1);
        core.look_at_phones();
        core.acd.turn(&core);
    }
}

/// Writes the record of the agents' states, in order.
pub(super) async fn run_agent_record(core: Arc<Core>) {
    let Some(mut news) = lock(&core.acd.unwritten).take() else { return };
    while let Some((user, state, why)) = news.recv().await {
        let (at, life) = (core.clock.wall(), (core.node.as_str(), core.epoch));
        if let Err(error) = core.app.agent_state(user, (state, why), life, at).await {
            warn!(%error, "a state of an agent is missing in the record");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A second has room for four looks; offers do not wait for it.
const LOOK: Duration = Duration::from_millis(250);

/// The record is read each 3 s.
const RECORD_EACH: u32 = 12;

/// Fifty agents change their state a few times a minute each.
const NEWS_MAX: usize = 1024;
