//! The announcements that calls listen for, as the record has them.

use std::sync::{Arc, PoisonError};

use super::Core;
use crate::{
    domain::Announcement,
    media::announcement::{Library, Listener, Template},
    store::announcement::Row,
};

/// Learnt announcements. Their classes are places in [`Announcement::ALL`].
#[derive(Debug)]
pub struct Announcements(Arc<Library>);

impl Announcements {
    /// Those that cannot be used are left out, and said so in the log.
    pub fn new(rows: &[Row]) -> Self {
        let mut templates = Vec::new();
        for row in rows {
            let class = Announcement::ALL.iter().position(|known| known.as_str() == row.class);
            let class = class.and_then(|at| u16::try_from(at).ok());
            match (class, Template::from_bytes(&row.print)) {
                (Some(class), Ok(template)) => templates.push((class, template)),
                _ => tracing::warn!(id = %row.announcement_id, "an announcement cannot be used"),
            }
        }
        let library = Library::new(templates).unwrap_or_else(|error| {
            tracing::error!(%error, "no announcement is listened for");
            Library::default()
        });
        Self(Arc::new(library))
    }

    /// A fresh ear; nothing when nothing was learnt.
    pub fn listener(&self) -> Option<Listener> {
        (!self.0.is_empty()).then(|| Listener::new(Arc::clone(&self.0)))
    }

    pub fn class(at: u16) -> Option<Announcement> {
        Announcement::ALL.get(usize::from(at)).copied()
    }
}

impl Default for Announcements {
    fn default() -> Self {
        Self(Arc::new(Library::default()))
    }
}

impl Core {
    /// The next call listens for what the record has now.
    ///
    /// # Errors
    /// When the database cannot be read; what was known stays.
    pub async fn load_announcements(&self) -> Result<usize, crate::app::AppError> {
        let rows = self.app.announcements().await?;
        let fresh = Arc::new(Announcements::new(&rows));
        *self.announcements.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(rows.len())
    }

    pub(super) fn announcements(&self) -> Arc<Announcements> {
        Arc::clone(&self.announcements.read().unwrap_or_else(PoisonError::into_inner))
    }
}
