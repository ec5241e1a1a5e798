//! The calls that go on now, as the page shows them. Memory is the truth for live calls.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::base::{CallId, Pii, RunId};

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
}

#[derive(Clone, Debug)]
pub struct LiveBoard {
    calls: Arc<Mutex<BTreeMap<CallId, LiveCall>>>,
    version: Arc<watch::Sender<u64>>,
}

impl Default for LiveBoard {
    fn default() -> Self {
        Self { calls: Arc::default(), version: Arc::new(watch::channel(0).0) }
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
        self.changed();
    }

    pub fn list(&self) -> Vec<LiveCall> {
        self.calls().values().cloned().collect()
    }

    pub fn count(&self) -> usize {
        self.calls().len()
    }

    pub fn count_of_trunk(&self, trunk: &str) -> usize {
        self.calls().values().filter(|call| call.trunk.as_deref() == Some(trunk)).count()
    }

    pub fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<CallId, LiveCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
