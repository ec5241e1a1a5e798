//! A call's recordings: the row before the file, and what became of it after.

use std::path::PathBuf;

use chrono::Datelike;
use tokio::task::spawn_blocking;

use super::Call;
use crate::{
    base::RecordingId,
    engine::{Recording, file_sha256},
    store::recording::Finished,
};

#[derive(Default)]
pub(super) struct Tape {
    running: Option<Running>,
    /// Stopped, but the writer is not done with it.
    finished: Vec<Running>,
    pub(super) started: Option<std::time::Instant>,
}

struct Running {
    id: RecordingId,
    kind: &'static str,
    recording: Recording,
    is_destroyed: bool,
}

impl Call {
    /// `call`, or `early` for what is heard before the answer.
    pub(super) async fn begin_recording(&mut self, kind: &'static str) {
        self.stop_recording();
        let at = self.core.clock.wall();
        let local = at.with_timezone(&self.core.config().hospital.timezone);
        let suffix = if kind == "call" { String::new() } else { format!(".{kind}") };
        let relative = format!(
            "{:04}/{:02}/{:02}/{}{suffix}.wav",
            local.year(),
            local.month(),
            local.day(),
            self.id
        );
        let id = RecordingId::new(at);
        if let Err(error) = self.core.app.begin_recording(id, self.id, kind, &relative, at).await {
            tracing::error!(%error, "not recorded: its row could not be written");
            return;
        }
        let path: PathBuf = self.core.recordings().join(&relative);
        let Some(media) = &self.sound.media else { return };
        match media.record(&self.core.recorder, &path) {
            Ok(recording) => {
                self.tape.running = Some(Running { id, kind, recording, is_destroyed: false });
                self.tape.started = Some(self.core.clock.instant());
            }
            Err(error) => tracing::error!(%error, "not recorded"),
        }
    }

    pub(super) fn pause_recording(&self, paused: bool) {
        if let Some(media) = &self.sound.media {
            // Busy: better a key's tone on the tape than a call that stalls.
            let _ = media.pause_recording(paused);
        }
    }

    pub(super) fn stop_recording(&mut self) {
        if let Some(running) = self.tape.running.take() {
            if let Some(media) = &self.sound.media {
                let _ = media.stop_recording();
            }
            self.tape.finished.push(running);
        }
    }

    /// Consent without recording: what was taken so far goes too.
    pub(super) fn destroy_recording(&mut self) {
        if let Some(running) = &mut self.tape.running {
            running.recording.destroy();
            running.is_destroyed = true;
        }
        self.stop_recording();
    }

    /// After the sound is closed: the rows say what the files hold.
    pub(super) async fn store_recordings(&mut self) {
        self.tape.finished.extend(self.tape.running.take());
        for running in std::mem::take(&mut self.tape.finished) {
            let Ok(done) = running.recording.done.await else {
                tracing::error!(kind = running.kind, "a recording was lost");
                continue;
            };
            if let Some(error) = &done.error {
                tracing::error!(error, "a recording is incomplete");
            }
            let state = match (running.is_destroyed, done.bytes) {
                (true, _) => "destroyed",
                (false, 0) => "missing",
                (false, _) => "finished",
            };
            // Off the task's thread: the record waits for it, the patient has gone.
            let path = done.path.clone();
            let sum = spawn_blocking(move || file_sha256(&path)).await;
            let sha256 = sum.ok().and_then(Result::ok).filter(|_| state == "finished");
            let as_i64 = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let row = Finished {
                state,
                duration_ms: as_i64(done.duration_ms),
                bytes: as_i64(done.bytes),
                sha256: sha256.as_deref(),
                frames_dropped: as_i64(done.dropped_frames),
            };
            let counters = &self.core.counters;
            counters.recording_bytes.fetch_add(done.bytes, std::sync::atomic::Ordering::Relaxed);
            let at = self.core.clock.wall();
            let app = &self.core.app;
            let store = || app.finish_recording(running.id, &row, at);
            super::end::until_stored("a recording", store).await;
        }
    }
}
