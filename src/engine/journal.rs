//! Between a call and the database: a bounded queue of what must be stored, in order. The
//! call asks its next question only when the last answer is committed; media never waits.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::{
    sync::{mpsc, oneshot},
    time,
};
use tracing::warn;

use crate::app::{App, CallRef, Entry};

/// A call's end of its journal.
#[derive(Debug)]
pub struct Journal {
    entries: mpsc::Sender<Written>,
    writer: tokio::task::JoinHandle<()>,
}

struct Written {
    at: DateTime<Utc>,
    entry: Entry,
    committed: oneshot::Sender<()>,
}

/// The journal is full, or the database does not take it: the call must end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the answer could not be stored in time")]
pub struct JournalFull;

impl Journal {
    pub fn open(app: App, call: CallRef) -> Self {
        let (entries, queue) = mpsc::channel(ENTRIES_MAX);
        Self { entries, writer: tokio::spawn(write(app, call, queue)) }
    }

    /// Returns when the entry is committed.
    ///
    /// # Errors
    /// When that takes too long; the entry stays in the queue and is still written when
    /// the database comes back.
    pub async fn record(&self, entry: Entry, at: DateTime<Utc>) -> Result<(), JournalFull> {
        let (committed, done) = oneshot::channel();
        self.entries.try_send(Written { at, entry, committed }).map_err(|_| JournalFull)?;
        match time::timeout(COMMIT_WAIT, done).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(JournalFull),
        }
    }

    /// For what a call still brings when it has given up waiting (a refusal among it): it
    /// is written when the database comes back.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn leave(&self, entry: Entry, at: DateTime<Utc>) -> Result<(), JournalFull> {
        let (committed, _) = oneshot::channel();
        self.entries.try_send(Written { at, entry, committed }).map_err(|_| JournalFull)
    }

    /// Waits until all is written, or cannot be.
    pub async fn close(self) {
        drop(self.entries);
        let _ = self.writer.await;
    }
}

async fn write(app: App, call: CallRef, mut queue: mpsc::Receiver<Written>) {
    let mut ordinal = 0;
    while let Some(Written { at, entry, committed }) = queue.recv().await {
        let entries = [(at, entry)];
        for attempt in 0.. {
            match app.record(&call, ordinal, &entries).await {
                Ok(()) => break,
                Err(error) if attempt < TRIES_MAX => {
                    warn!(%error, "an answer waits for the database");
                    time::sleep(AGAIN_AFTER).await;
                }
                Err(error) => {
                    tracing::error!(%error, "an answer could not be stored");
                    return;
                }
            }
        }
        ordinal += 1;
        // The call may have ended meanwhile.
        let _ = committed.send(());
    }
}

/// More answers than any questionnaire keeps waiting; beyond it the database is down.
const ENTRIES_MAX: usize = 32;

/// How long a patient may listen to silence after a key before we apologise: a database
/// that was killed is back by then.
const COMMIT_WAIT: Duration = Duration::from_secs(12);

/// Two minutes: as long as a database takes to come back from a crash.
const TRIES_MAX: u32 = 120;
const AGAIN_AFTER: Duration = Duration::from_secs(1);
