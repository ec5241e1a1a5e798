//! Events, after they are committed: read from the outbox, in order, given to all who
//! listen. Who falls behind hears that it did and asks again from its position.

use std::sync::Arc;

use tokio::sync::{Notify, broadcast};

use crate::store::{Database, Principal, StoreError, event};

pub type HubEvent = Arc<event::Event>;

#[derive(Clone, Debug)]
pub struct Hub {
    events: broadcast::Sender<HubEvent>,
    wake: Arc<Notify>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { events: broadcast::channel(BACKLOG).0, wake: Arc::default() }
    }
}

impl Hub {
    pub fn subscribe(&self) -> broadcast::Receiver<HubEvent> {
        self.events.subscribe()
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until something may have been committed.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Publishes what was committed after `position`; answers the new position.
    ///
    /// # Errors
    /// When the database cannot be read; the position stays, nothing is lost.
    pub async fn publish(&self, database: &Database, position: i64) -> Result<i64, StoreError> {
        let mut scope = database.scope(&Principal::System("hub")).await?;
        let events = event::after(&mut scope, position, PAGE).await?;
        let last = events.last().map_or(position, |event| event.event_id);
        for event in events {
            // Nobody listening is not an error.
            let _ = self.events.send(Arc::new(event));
        }
        Ok(last)
    }

    pub async fn start_position(&self, database: &Database) -> Result<i64, StoreError> {
        let mut scope = database.scope(&Principal::System("hub")).await?;
        event::last_position(&mut scope).await
    }
}

/// A browser that is this far behind had better load the page anew.
const BACKLOG: usize = 1024;

const PAGE: i64 = 500;
