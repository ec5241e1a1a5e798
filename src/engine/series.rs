//! Published series beside the files, without a restart; and for each run those versions
//! that it was made with.

use std::sync::{Arc, PoisonError};

use tracing::warn;

use super::Core;
use crate::{
    base::RunId,
    ivr::{Library, Series},
    store::{self, Principal, StoreError},
};

const SYSTEM: Principal = Principal::System("series");

impl Core {
    /// As the record has them now: whoever asks next asks these.
    ///
    /// # Errors
    /// When the database cannot be read; what was known stays.
    pub async fn load_series(&self) -> Result<(), StoreError> {
        let mut scope = self.app.database().scope(&SYSTEM).await?;
        let current = store::series::current(&mut scope).await?;
        let series = |row: store::series::Playable| Series {
            id: row.name,
            body: row.body,
            sha256: row.sha256,
        };
        let all: Vec<_> = current.into_iter().map(series).collect();
        let (library, refused) = self.files.with_series(&all);
        for (id, why) in refused {
            warn!(series = id, why, "a published series cannot be asked beside today's texts");
        }
        *self.library.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(library);
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.wake.notify_waiters();
        Ok(())
    }

    /// What this run asks: a series in the version it was made with, files as they are.
    ///
    /// # Errors
    /// When a version was withdrawn, or cannot be asked any more; in a word for the page.
    pub async fn library_of(&self, run: RunId) -> Result<Arc<Library>, String> {
        let known = self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(&run).cloned();
        if let Some(library) = known {
            return Ok(library);
        }
        let pins = self.pins(run).await.map_err(|error| error.to_string())?;
        if pins.iter().any(|pin| pin.withdrawn) {
            return Err("questionnaire_withdrawn".to_owned());
        }
        let library = if pins.is_empty() {
            self.library()
        } else {
            let series = |pin: store::series::Pin| Series {
                id: pin.name,
                body: pin.body,
                sha256: pin.sha256,
            };
            let all: Vec<_> = pins.into_iter().map(series).collect();
            let (library, refused) = self.library().with_series(&all);
            if let Some((id, why)) = refused.first() {
                return Err(format!("{id}: {why}"));
            }
            Arc::new(library)
        };
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if pinned.len() >= PINNED_MAX {
            pinned.clear();
        }
        pinned.insert(run, Arc::clone(&library));
        Ok(library)
    }

    async fn pins(&self, run: RunId) -> Result<Vec<store::series::Pin>, StoreError> {
        let mut scope = self.app.database().scope(&SYSTEM).await?;
        store::series::pins(&mut scope, run).await
    }
}

/// Runs that dial at the same time are few; a library is some hundred kilobytes.
const PINNED_MAX: usize = 64;
