//! The announcements that calls listen for, as the record has them.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use uuid::Uuid;

use super::{Core, far_sound};
use crate::{
    app::{AppError, LearntFrom},
    domain::Announcement,
    media::{
        FRAME,
        announcement::{
            Heard, LearnError, Library, Listener, SAMPLES_MAX, SAMPLES_MIN, Template, Verdict,
        },
    },
    store::{Principal, announcement::Row},
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

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A fresh ear; nothing when nothing was learnt.
    pub fn listener(&self) -> Option<Listener> {
        (!self.0.is_empty()).then(|| Listener::new(Arc::clone(&self.0)))
    }

    pub fn class(at: u16) -> Option<Announcement> {
        Announcement::ALL.get(usize::from(at)).copied()
    }

    /// What a call would have made of this sound at 8 kHz.
    pub fn judge(&self, sound: &[i16]) -> Option<(Announcement, Verdict)> {
        let mut listener = self.listener()?;
        let mut verdict = None;
        for frame in sound.as_chunks::<FRAME>().0 {
            match listener.push(frame) {
                Some(Heard::Announced(heard)) => verdict = Some(heard),
                Some(Heard::TakenBack) => verdict = None,
                None => {}
            }
        }
        verdict.and_then(|it| Some((Self::class(it.class)?, it)))
    }

    /// Of a fingerprint as it is kept.
    pub const fn length_ms(print: &[u8]) -> usize {
        print.len() / 8 * 10
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
    pub async fn load_announcements(&self) -> Result<usize, AppError> {
        let rows = self.app.announcements().await?;
        let fresh = Arc::new(Announcements::new(&rows));
        *self.announcements.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(rows.len())
    }

    /// From recordings of ours, by their files; the next call listens for it. Answers how many
    /// milliseconds they have in common.
    ///
    /// # Errors
    /// When they are too few or not of one announcement, or a file or the database cannot be read.
    pub async fn learn_announcement(
        &self,
        by: &Principal,
        class: Announcement,
        recordings: Vec<(Uuid, PathBuf)>,
    ) -> Result<(Uuid, usize), AppError> {
        if !(SAMPLES_MIN..=SAMPLES_MAX).contains(&recordings.len()) {
            let count = recordings.len();
            return Err(AppError::Invalid(format!(
                "请选同一条提示音的 {SAMPLES_MIN} 到 {SAMPLES_MAX} 段录音,不是 {count} 段 / \
                 choose {SAMPLES_MIN} to {SAMPLES_MAX} recordings of one announcement, not {count}"
            )));
        }
        let (ids, paths): (Vec<_>, Vec<_>) = recordings.into_iter().unzip();
        let learnt = tokio::task::spawn_blocking(move || learn(&paths)).await;
        let template = learnt.map_err(unreadable)??;
        let (print, at) = (template.to_bytes(), self.clock.wall());
        let from = LearntFrom::Recordings(&ids);
        let id = self.app.learn_announcement(by, class, &print, from, at).await?;
        self.load_announcements().await?;
        Ok((id, template.length_ms()))
    }

    /// What a call that began now would make of a recording.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn judge_announcement(
        &self,
        path: PathBuf,
    ) -> Result<Option<(Announcement, Verdict)>, AppError> {
        let known = self.announcements();
        let judged =
            tokio::task::spawn_blocking(move || far_sound(&path).map(|sound| known.judge(&sound)));
        let judged = judged.await.map_err(unreadable)?;
        judged.map_err(unreadable)
    }

    pub(super) fn announcements(&self) -> Arc<Announcements> {
        Arc::clone(&self.announcements.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn learn(paths: &[PathBuf]) -> Result<Template, AppError> {
    let sounds: Result<Vec<_>, _> = paths.iter().map(|path| far_sound(path)).collect();
    let sounds = sounds.map_err(unreadable)?;
    Template::learn(&sounds).map_err(|error| {
        let zh = match error {
            LearnError::TooLong(n) => format!("第 {n} 段录音太长"),
            LearnError::Different(n) => format!("第 {n} 段与第一段不是同一条提示音"),
            LearnError::TooShort => "这几段录音相同的部分太短".to_owned(),
            LearnError::TooFew(_) | LearnError::TooMany(_) | LearnError::Bytes(_) => {
                "这几段录音学不了".to_owned()
            }
        };
        AppError::Invalid(format!("{zh} / {error}"))
    })
}

/// Where files lie is nobody's business on the page.
fn unreadable(error: impl std::fmt::Display) -> AppError {
    tracing::error!(%error, "a recording's file cannot be read");
    AppError::NotFound("recording")
}
