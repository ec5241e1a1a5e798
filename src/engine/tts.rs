//! The voice: a nurse's clip when there is one, else synthetic speech, rendered once and
//! kept by text and voice. What names a person is never kept on disk, and goes only to a
//! voice that is marked internal.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use tokio::{process::Command, sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{
    PromptError, Prompts,
    prompts::{read, slower, wav_bytes},
};
use crate::{
    config::Tts,
    ivr::{Clip, text_sha256},
    media::{PlayItem, Prompt},
};

#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    #[error("no voice for the language {0:?}: set tts.voice.{0}")]
    NoVoice(String),
    #[error("{program} cannot be run: {error}; install it or set tts.command")]
    Command { program: String, error: std::io::Error },
    #[error("{0} failed or took over {LIMIT_S} s")]
    Failed(String),
    #[error("a text with a person's data needs a voice with tts.internal = true")]
    NotInternal,
    #[error("the speech service: {0}")]
    Http(String),
    #[error(transparent)]
    Prompt(#[from] PromptError),
    #[error("the voice's folder: {0}")]
    Folder(std::io::Error),
}

#[derive(Clone, Debug)]
pub struct Voice(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Tts,
    folder: PathBuf,
    prompts: Prompts,
    /// Clips of the prompt studio, by language and the text's SHA-256.
    clips: RwLock<HashMap<(String, String), PathBuf>>,
    personal: Mutex<HashMap<String, Prompt>>,
    /// Two cores: synthesis must not starve the calls.
    slots: Semaphore,
}

impl Voice {
    /// # Errors
    /// When the folder for synthetic speech cannot be made.
    pub fn new(settings: Tts, folder: &Path) -> Result<Self, VoiceError> {
        fs::create_dir_all(folder).map_err(VoiceError::Folder)?;
        Ok(Self(Arc::new(Inner {
            settings,
            folder: folder.to_owned(),
            prompts: Prompts::default(),
            clips: RwLock::default(),
            personal: Mutex::default(),
            slots: Semaphore::new(RENDERS_AT_ONCE),
        })))
    }

    /// The clips that nurses have recorded; replaces the list.
    pub fn set_clips(&self, clips: HashMap<(String, String), PathBuf>) {
        *self.0.clips.write().unwrap_or_else(PoisonError::into_inner) = clips;
    }

    /// Sentences as they are played; one that no voice can speak is left out.
    pub async fn play_items(&self, clips: &[Clip]) -> Vec<PlayItem> {
        let mut items = Vec::with_capacity(clips.len());
        for clip in clips {
            match self.prompt(clip, false).await {
                Ok(prompt) => {
                    let gap_ms = u32::try_from(clip.pause.as_millis()).unwrap_or_default();
                    items.push(PlayItem { prompt, gap_ms });
                }
                Err(error) => tracing::error!(%error, "a sentence has no voice"),
            }
        }
        items
    }

    /// # Errors
    /// When there is no clip and no voice can speak it.
    pub async fn prompt(&self, clip: &Clip, is_slower: bool) -> Result<Prompt, VoiceError> {
        let prompt = match self.recorded(clip) {
            Some(path) => self.load(path).await?,
            None if clip.personal => self.personal(clip).await?,
            None => self.synthetic(clip).await?,
        };
        Ok(if is_slower { slower(&prompt, SLOWER) } else { prompt })
    }

    /// Is this sentence spoken by a nurse?
    pub fn recorded(&self, clip: &Clip) -> Option<PathBuf> {
        let key = (clip.language.clone(), text_sha256(&clip.written));
        self.0.clips.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// Can a machine read this language?
    pub fn speaks(&self, language: &str) -> bool {
        self.voice(language).is_ok()
    }

    /// As it would be played without any clip: the model for a nurse.
    ///
    /// # Errors
    /// When no voice can speak it.
    pub async fn model(&self, clip: &Clip) -> Result<Prompt, VoiceError> {
        self.synthetic(clip).await
    }

    /// A version that is kept in a file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn version(&self, path: PathBuf) -> Result<Prompt, VoiceError> {
        self.load(path).await
    }

    /// How long the sentence takes, once it has a voice; never renders one.
    pub async fn length_ms(&self, clip: &Clip) -> Option<u64> {
        let rendered = || Some(self.0.folder.join(format!("{}.wav", self.name(clip).ok()?)));
        let path = self.recorded(clip).or_else(rendered).filter(|path| path.is_file())?;
        self.load(path).await.ok().map(|prompt| prompt.duration_ms())
    }

    async fn load(&self, path: PathBuf) -> Result<Prompt, VoiceError> {
        let inner = Arc::clone(&self.0);
        let loaded = spawn_blocking(move || inner.prompts.load(&path)).await;
        Ok(loaded.map_err(|_| VoiceError::Failed("loading a prompt".to_owned()))??)
    }

    async fn synthetic(&self, clip: &Clip) -> Result<Prompt, VoiceError> {
        let path = self.0.folder.join(format!("{}.wav", self.name(clip)?));
        if !path.is_file() {
            let fresh = path.with_extension(format!("{:x}.part", rand::random::<u64>()));
            self.render(clip, &fresh).await?;
            self.make_alike(fresh.clone()).await?;
            // Two calls may have rendered it at once; both did the same.
            fs::rename(&fresh, &path).map_err(VoiceError::Folder)?;
        }
        self.load(path).await
    }

    /// Kept as it will be played: a start does not resample some hundred sentences again.
    async fn make_alike(&self, path: PathBuf) -> Result<(), VoiceError> {
        let made = spawn_blocking(move || {
            let bytes = wav_bytes(read(&path)?.samples());
            fs::write(&path, bytes).map_err(VoiceError::Folder)
        });
        made.await.map_err(|_| VoiceError::Failed("making a prompt".to_owned()))?
    }

    /// Kept in memory only, and not for long.
    async fn personal(&self, clip: &Clip) -> Result<Prompt, VoiceError> {
        let name = self.name(clip)?;
        let known = || self.0.personal.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prompt) = known().get(&name) {
            return Ok(prompt.clone());
        }
        let fresh = self.0.folder.join(format!("personal-{:x}.part", rand::random::<u64>()));
        let rendered = self.render(clip, &fresh).await;
        let loaded = match rendered {
            Ok(()) => self.load(fresh.clone()).await,
            Err(error) => Err(error),
        };
        let _ = fs::remove_file(&fresh);
        self.0.prompts.forget(&fresh);
        let prompt = loaded?;
        let mut known = known();
        if known.len() >= PERSONAL_MAX {
            known.clear();
        }
        known.insert(name, prompt.clone());
        Ok(prompt)
    }

    async fn render(&self, clip: &Clip, out: &Path) -> Result<(), VoiceError> {
        let settings = &self.0.settings;
        if clip.personal && !settings.internal {
            return Err(VoiceError::NotInternal);
        }
        let _slot = self.0.slots.acquire().await;
        match &settings.http_url {
            Some(url) => self.render_http(url, clip, out).await,
            None => self.render_command(clip, out).await,
        }
    }

    async fn render_command(&self, clip: &Clip, out: &Path) -> Result<(), VoiceError> {
        let voice = self.voice(&clip.language)?;
        let out = out.to_string_lossy();
        let fill = |part: &String| match part.as_str() {
            "{voice}" => voice.to_owned(),
            "{out}" => out.clone().into_owned(),
            "{text}" => clip.spoken.clone(),
            _ => part.clone(),
        };
        let mut words = self.0.settings.command.iter().map(fill);
        let program = words.next().unwrap_or_default();
        let mut command = Command::new(&program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.kill_on_drop(true);
        match timeout(LIMIT, command.status()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Err(error)) => Err(VoiceError::Command { program, error }),
            _ => Err(VoiceError::Failed(program)),
        }
    }

    async fn render_http(&self, url: &str, clip: &Clip, out: &Path) -> Result<(), VoiceError> {
        let voice = self.voice(&clip.language)?.to_owned();
        let body = serde_json::json!({ "text": clip.spoken, "voice": voice }).to_string();
        let (url, out) = (url.to_owned(), out.to_owned());
        let done = spawn_blocking(move || {
            let agent: ureq::Agent =
                ureq::Agent::config_builder().timeout_global(Some(LIMIT)).build().into();
            let request = agent.post(&url).header("content-type", "application/json");
            let mut response = request.send(body).map_err(|e| e.to_string())?;
            let bytes = response.body_mut().with_config().limit(WAV_BYTES_MAX).read_to_vec();
            fs::write(&out, bytes.map_err(|e| e.to_string())?).map_err(|e| e.to_string())
        });
        let done = done.await.map_err(|_| VoiceError::Failed("the request".to_owned()))?;
        done.map_err(VoiceError::Http)
    }

    fn voice(&self, language: &str) -> Result<&str, VoiceError> {
        let voices = &self.0.settings.voice;
        let primary = language.split('-').next().unwrap_or(language);
        let found = voices.get(language).or_else(|| voices.get(primary));
        let found = found.or_else(|| voices.get("zh-CN").filter(|_| primary == "zh"));
        found.map(String::as_str).ok_or_else(|| VoiceError::NoVoice(language.to_owned()))
    }

    /// By text and voice: another voice, another file.
    fn name(&self, clip: &Clip) -> Result<String, VoiceError> {
        let voice = self.voice(&clip.language)?;
        let command = self.0.settings.command.join(" ");
        Ok(text_sha256(&format!("{voice}|{command}|{}", clip.spoken)))
    }
}

/// The second time.
const SLOWER: f32 = 0.85;

/// A sentence takes 50 ms with espeak-ng; a neural voice on a small box some seconds.
const LIMIT_S: u64 = 15;
const LIMIT: Duration = Duration::from_secs(LIMIT_S);

const RENDERS_AT_ONCE: usize = 2;

/// Names of those being called now.
const PERSONAL_MAX: usize = 500;

/// A minute at 48 kHz in stereo is 12 MB.
const WAV_BYTES_MAX: u64 = 16 << 20;
