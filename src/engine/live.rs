//! The calls that go on now, as the page shows them. Memory is the truth for live calls.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::{
    base::{CallId, PersonId, Pii, RunId, TaskId, UserId},
    domain::room::Part,
};

#[derive(Clone, Debug)]
pub struct LiveCall {
    pub call: CallId,
    pub run: Option<RunId>,
    pub is_outbound: bool,
    pub name: Option<Pii<String>>,
    pub remote: Pii<String>,
    pub trunk: Option<String>,
    /// A word of `call_state`.
    pub state: &'static str,
    pub since: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    /// The question that is being asked: which of how many, and its text.
    pub question: Option<(usize, String)>,
    pub keys: u32,
    pub person: Option<PersonId>,
    pub task: Option<TaskId>,
    /// Where the caller waits for an agent.
    pub queue: Option<String>,
    /// Everybody beside the patient.
    pub room: Vec<LiveParty>,
    pub patient_held: bool,
    /// Whose call it is, or was last.
    pub owner: Option<UserId>,
}

/// An agent, a colleague or a supervisor in a call.
#[derive(Clone, Debug)]
pub struct LiveParty {
    pub user: Option<UserId>,
    pub name: String,
    pub part: Part,
    /// `ringing`, `confirming` or `talking`.
    pub state: &'static str,
    pub on_hold: bool,
    pub muted: bool,
    /// Whose line it takes, where it is none of the house's phones.
    pub trunk: Option<String>,
}

impl LiveCall {
    pub fn new(call: CallId, is_outbound: bool, remote: Pii<String>, since: DateTime<Utc>) -> Self {
        Self {
            call,
            run: None,
            is_outbound,
            name: None,
            remote,
            trunk: None,
            state: if is_outbound { "dialling" } else { "ringing" },
            since,
            answered_at: None,
            question: None,
            keys: 0,
            person: None,
            task: None,
            queue: None,
            room: Vec::new(),
            patient_held: false,
            owner: None,
        }
    }

    /// How many lines of a trunk it takes.
    pub fn lines_of(&self, trunk: &str) -> usize {
        let own = usize::from(self.trunk.as_deref() == Some(trunk));
        own + self.room.iter().filter(|party| party.trunk.as_deref() == Some(trunk)).count()
    }
}

#[derive(Clone, Debug)]
pub struct LiveBoard {
    calls: Arc<Mutex<BTreeMap<CallId, LiveCall>>>,
    aside: Arc<Mutex<BTreeMap<CallId, LiveCall>>>,
    version: Arc<watch::Sender<u64>>,
}

impl Default for LiveBoard {
    fn default() -> Self {
        Self {
            calls: Arc::default(),
            aside: Arc::default(),
            version: Arc::new(watch::channel(0).0),
        }
    }
}

impl LiveBoard {
    pub fn put(&self, call: LiveCall) {
        self.calls().insert(call.call, call);
        self.changed();
    }

    pub fn update(&self, call: CallId, change: impl FnOnce(&mut LiveCall)) {
        if let Some(live) = self.calls().get_mut(&call) {
            change(live);
        }
        self.changed();
    }

    pub fn remove(&self, call: CallId) {
        self.calls().remove(&call);
        self.aside().remove(&call);
        self.changed();
    }

    pub fn list(&self) -> Vec<LiveCall> {
        self.calls().values().cloned().collect()
    }

    pub fn count(&self) -> usize {
        self.calls().len()
    }

    pub fn count_of_trunk(&self, trunk: &str) -> usize {
        self.calls().values().map(|call| call.lines_of(trunk)).sum()
    }

    /// The lines are put down, but the agent has not said yet what it came to.
    pub fn set_aside(&self, call: CallId) {
        if let Some(live) = self.calls().remove(&call) {
            self.aside().insert(call, live);
        }
        self.changed();
    }

    /// Calls that wait for their agent's word.
    pub fn list_aside(&self) -> Vec<LiveCall> {
        self.aside().values().cloned().collect()
    }

    pub fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    fn aside(&self) -> MutexGuard<'_, BTreeMap<CallId, LiveCall>> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<CallId, LiveCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
