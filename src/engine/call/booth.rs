//! A nurse in the prompt studio: what the machine wants is played and recorded, what she
//! keeps becomes a clip.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::{task::spawn_blocking, time::timeout};
use uuid::Uuid;

use super::{Call, sound};
use crate::{
    base::Machine as _,
    domain::Take,
    engine::{Recording, StudioScript, prompts::far_side, wav_bytes},
    ivr::studio::{Doing, Input, Output, Part, Progress, Studio},
    media::{self, PlayItem, Prompt, TakeSound, normalise, take_sound},
    store::{Principal, prompt},
};

pub(super) struct Booth {
    studio: Studio,
    language: String,
    by: Principal,
    recording: Option<Recording>,
    /// Where the next take is recorded.
    scratch: PathBuf,
    take: Option<TakeSound>,
}

impl Booth {
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.studio.poll_timeout()
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.studio.poll_output()
    }

    pub(super) fn handle_input(&mut self, input: Input, now: Instant) {
        self.studio.handle_input(input, now);
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.studio.poll_timeout().is_some_and(|at| at <= now) {
            self.studio.handle_timeout(now);
        }
    }
}

impl Call {
    pub(super) fn begin_studio(&mut self, script: StudioScript) {
        let now = self.core.clock.instant();
        let mut studio = Studio::new(script.lines, &script.language);
        studio.handle_input(Input::Start, now);
        let scratch = self.core.clips().join(format!("{}.take.wav", self.id));
        self.booth = Some(Booth {
            studio,
            language: script.language,
            by: script.by,
            recording: None,
            scratch,
            take: None,
        });
    }

    pub(super) async fn on_studio(&mut self, output: Output) {
        match output {
            Output::Say(parts) => self.say_parts(parts).await,
            Output::StopSaying => self.sound.stop_play(),
            Output::BeginTake => self.begin_take(),
            Output::EndTake { by_key } => {
                let take = self.end_take(by_key).await;
                self.tell_booth(Input::Taken(take));
            }
            Output::Keep(line) => {
                let is_stored = self.keep_take(line).await;
                self.tell_booth(Input::Stored(is_stored));
            }
            Output::Progress(progress) => self.show_progress(progress),
            Output::HangUp => self.hang_up(),
        }
    }

    pub(super) fn tell_booth(&mut self, input: Input) {
        let now = self.core.clock.instant();
        if let Some(booth) = &mut self.booth {
            booth.handle_input(input, now);
        }
    }

    async fn say_parts(&mut self, parts: Vec<Part>) {
        let mut items = Vec::with_capacity(parts.len());
        for part in parts {
            let (prompt, gap_ms) = match part {
                Part::Clip(clip) => match self.core.voice.model(&clip).await {
                    Ok(prompt) => {
                        (prompt, u32::try_from(clip.pause.as_millis()).unwrap_or_default())
                    }
                    // A language without a voice has no model; the page shows the text.
                    Err(_) => continue,
                },
                Part::Beep => (sound::beep(), 0),
                Part::Take => match self.booth.as_ref().and_then(|booth| booth.take.as_ref()) {
                    Some(take) => (Prompt::new(normalise(&take.samples)), 400),
                    None => continue,
                },
            };
            items.push(PlayItem { prompt, gap_ms });
        }
        if items.is_empty() {
            self.tell_booth(Input::Said);
        } else if self.sound.play(items).is_err() {
            self.fail("the sound could not be played");
        }
    }

    fn begin_take(&mut self) {
        let (Some(booth), Some(media)) = (&mut self.booth, &self.sound.media) else { return };
        booth.take = None;
        match media.record(&self.core.recorder, &booth.scratch) {
            Ok(recording) => booth.recording = Some(recording),
            Err(error) => tracing::error!(%error, "a take is not recorded"),
        }
    }

    /// A take that was lost counts as silence: it is read again.
    async fn end_take(&mut self, by_key: bool) -> Take {
        let lost = take_sound(&[]);
        let (Some(booth), Some(media)) = (&mut self.booth, &self.sound.media) else {
            return measured(&lost);
        };
        let _ = media.stop_recording();
        let raw = match booth.recording.take() {
            Some(recording) => {
                let _ = timeout(TAKE_END, recording.done).await;
                let path = booth.scratch.clone();
                spawn_blocking(move || far_side(&path)).await.ok().and_then(Result::ok)
            }
            None => None,
        };
        let raw = raw.unwrap_or_default();
        let end = if by_key { raw.len().saturating_sub(KEY_TAIL) } else { raw.len() };
        let take = take_sound(&raw[..end]);
        let found = measured(&take);
        booth.take = Some(take);
        found
    }

    /// File first, then its row: a row without a file would be silence in a call.
    async fn keep_take(&self, line: usize) -> bool {
        let Some(booth) = &self.booth else { return false };
        let (Some(take), Some(line)) = (&booth.take, booth.studio.line(line)) else {
            return false;
        };
        let bytes = wav_bytes(&take.samples);
        let folder = self.core.clips().join(&booth.language);
        let Ok(Ok(name)) = spawn_blocking(move || store_file(&folder, &bytes)).await else {
            tracing::error!("a clip could not be written");
            return false;
        };
        let at = self.core.clock.wall();
        let clip = prompt::Clip {
            clip_id: Uuid::from_u128(rand::random()),
            language: booth.language.clone(),
            text_sha256: line.text_sha256.clone(),
            text: line.clip.written.clone(),
            path: format!("{}/{name}", booth.language),
            duration_ms: i32::try_from(take.length_ms).unwrap_or(i32::MAX),
            level_dbm0: take.level_dbm0.unwrap_or_default(),
            noise_dbm0: take.noise_dbm0,
            places: line.places.clone(),
            state: "kept".to_owned(),
            recorded_by: booth.by.name().to_owned(),
            at,
        };
        if let Err(error) = self.core.app.keep_clip(&booth.by, &clip, at).await {
            tracing::error!(%error, "a clip could not be stored");
            return false;
        }
        self.core.load_clips().await;
        true
    }

    fn show_progress(&self, progress: Progress) {
        let line = self.booth.as_ref().and_then(|booth| booth.studio.line(progress.at));
        let text = line.map(|line| line.clip.written.clone());
        self.core.studio.update(self.id, |session| {
            session.is_over = progress.doing == Doing::Ended;
            session.progress = Some(progress);
            session.text.clone_from(&text);
        });
        self.core.live.update(self.id, |live| {
            live.question = text.map(|text| (progress.at + 1, text));
        });
    }

    pub(super) async fn close_studio(&mut self) {
        self.core.studio.update(self.id, |session| session.is_over = true);
        let Some(booth) = self.booth.take() else { return };
        if let Some(recording) = booth.recording {
            recording.destroy();
            if let Some(media) = &self.sound.media {
                let _ = media.stop_recording();
            }
            // A media thread that is behind ends it with the leg.
            let _ = timeout(TAKE_END, recording.done).await;
        }
        // It was never made when nothing was read.
        let _ = fs::remove_file(&booth.scratch);
    }
}

fn measured(take: &TakeSound) -> Take {
    let TakeSound { length_ms, level_dbm0, noise_dbm0, clipped, .. } = *take;
    Take { length_ms, level_dbm0, noise_dbm0, clipped }
}

/// Named by its own bytes: no version is ever written over.
fn store_file(folder: &Path, bytes: &[u8]) -> io::Result<String> {
    use sha2::{Digest, Sha256};
    let name = format!("{:x}.wav", Sha256::digest(bytes));
    let path = folder.join(&name);
    if path.is_file() {
        return Ok(name);
    }
    fs::create_dir_all(folder)?;
    let fresh = path.with_extension(format!("{:x}.part", rand::random::<u64>()));
    fs::write(&fresh, bytes)?;
    fs::File::open(&fresh)?.sync_all()?;
    fs::rename(&fresh, &path)?;
    Ok(name)
}

/// The `#` may be heard at the end: 250 ms.
const KEY_TAIL: usize = media::RATE as usize / 4;

/// The writer comes round ten times a second; a disk that stands still is not waited for.
const TAKE_END: Duration = Duration::from_secs(5);
