//! Recordings to disk: WAV, 8 kHz, 16 bits, left the far side, right ours.
//!
//! Each recording has its own bounded queue; a writer thread empties all of them ten
//! times a second. A frame that finds its queue full is lost and its place is filled
//! with silence, so that both channels keep the clock. Nothing here can make a media
//! thread wait.

use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use hound::{SampleFormat, WavSpec, WavWriter};
use tokio::sync::oneshot;
use tracing::{error, warn};

use crate::media::{FRAME, RATE, StereoFrame, TICK_MS};

#[derive(Clone, Debug)]
pub struct Recorder {
    writers: Arc<[SyncSender<Job>]>,
    next: Arc<AtomicU64>,
    metrics: Arc<RecorderMetrics>,
}

#[derive(Debug, Default)]
pub struct RecorderMetrics {
    pub active: AtomicU64,
    pub finished: AtomicU64,
    pub failed: AtomicU64,
    /// Frames that a slow disk cost.
    pub frames_dropped: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("the writer has too much to start")]
    Busy,
    #[error("cannot start a writer thread: {0}")]
    Thread(io::Error),
}

/// How a recording ended. With `error` it is as long as the disk let it be.
#[derive(Debug)]
pub struct RecordingDone {
    pub path: PathBuf,
    pub duration_ms: u64,
    /// Zero: nothing was said, or it was to be destroyed; there is no file.
    pub bytes: u64,
    pub dropped_frames: u64,
    pub error: Option<String>,
}

/// The call task's end.
#[derive(Debug)]
pub struct Recording {
    /// Comes within a moment of the feed being dropped.
    pub done: oneshot::Receiver<RecordingDone>,
    marks: Arc<Marks>,
}

impl Recording {
    /// Consent was refused: nothing of it is to stay. Takes effect when the feed ends.
    pub fn destroy(&self) {
        self.marks.destroyed.store(true, Relaxed);
    }

    pub fn dropped_frames(&self) -> u64 {
        self.marks.dropped.load(Relaxed)
    }

    /// The disk refused it. The call goes on, and may say so.
    pub fn has_failed(&self) -> bool {
        self.marks.failed.load(Relaxed)
    }
}

#[derive(Debug, Default)]
struct Marks {
    destroyed: AtomicBool,
    failed: AtomicBool,
    dropped: AtomicU64,
}

/// Frames on their way to the disk: handing over each by itself cost a quarter of a recorded
/// leg's own work.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// Of its first frame, in the recording.
    index: u64,
    length: usize,
    frames: [StereoFrame; BLOCK_FRAMES],
}

/// The media thread's end. Dropping it ends the recording.
#[derive(Debug)]
pub struct RecordingFeed {
    blocks: SyncSender<Block>,
    block: Block,
    marks: Arc<Marks>,
    metrics: Arc<RecorderMetrics>,
}

impl RecordingFeed {
    fn new(blocks: SyncSender<Block>, marks: Arc<Marks>, metrics: Arc<RecorderMetrics>) -> Self {
        let block = Block { index: 0, length: 0, frames: [[0; 2 * FRAME]; BLOCK_FRAMES] };
        Self { blocks, block, marks, metrics }
    }

    /// Says whether these are the first frames that found no room.
    pub fn push(&mut self, frame: &StereoFrame) -> bool {
        let Some(place) = self.block.frames.get_mut(self.block.length) else { return false };
        *place = *frame;
        self.block.length += 1;
        self.block.length == BLOCK_FRAMES && self.hand_over()
    }

    fn hand_over(&mut self) -> bool {
        let frames = self.block.length as u64;
        let sent = self.blocks.try_send(self.block);
        (self.block.index, self.block.length) = (self.block.index + frames, 0);
        if !matches!(sent, Err(TrySendError::Full(_))) {
            return false;
        }
        self.metrics.frames_dropped.fetch_add(frames, Relaxed);
        self.marks.dropped.fetch_add(frames, Relaxed) == 0
    }

    pub fn has_failed(&self) -> bool {
        self.marks.failed.load(Relaxed)
    }
}

impl Drop for RecordingFeed {
    fn drop(&mut self) {
        if self.block.length > 0 {
            self.hand_over();
        }
    }
}

#[derive(Debug)]
struct Job {
    path: PathBuf,
    blocks: Receiver<Block>,
    done: oneshot::Sender<RecordingDone>,
    marks: Arc<Marks>,
}

impl Recorder {
    pub fn start(writers: usize) -> Result<Self, RecordingError> {
        Self::start_emptying(writers, PERIOD)
    }

    /// With queues that are emptied this often: a simulated clock fills them faster.
    pub fn start_emptying(writers: usize, period: Duration) -> Result<Self, RecordingError> {
        let metrics = Arc::new(RecorderMetrics::default());
        let writers = (0..writers.max(1)).map(|n| {
            let (jobs, inbox) = sync_channel(JOBS);
            let metrics = metrics.clone();
            thread::Builder::new()
                .name(format!("recorder-{n}"))
                .spawn(move || write_all(&inbox, period, &metrics))
                .map_err(RecordingError::Thread)?;
            Ok(jobs)
        });
        let writers = writers.collect::<Result<Vec<_>, RecordingError>>()?.into();
        Ok(Self { writers, next: Arc::default(), metrics })
    }

    /// Folders are made; a file that is there is replaced.
    pub fn record(&self, path: &Path) -> Result<(Recording, RecordingFeed), RecordingError> {
        let (blocks, queue) = sync_channel(BLOCKS);
        let (done, ended) = oneshot::channel();
        let marks = Arc::new(Marks::default());
        let turn = self.next.fetch_add(1, Relaxed) as usize % self.writers.len();
        let job = Job { path: path.to_owned(), blocks: queue, done, marks: marks.clone() };
        self.writers[turn].try_send(job).map_err(|_| RecordingError::Busy)?;
        let metrics = self.metrics.clone();
        let feed = RecordingFeed::new(blocks, marks.clone(), metrics);
        Ok((Recording { done: ended, marks }, feed))
    }

    pub fn metrics(&self) -> &RecorderMetrics {
        &self.metrics
    }
}

/// Until the recorder is dropped and every recording has ended.
fn write_all(inbox: &Receiver<Job>, period: Duration, metrics: &RecorderMetrics) {
    let mut open: Vec<Writing> = Vec::new();
    let mut is_closing = false;
    while !(is_closing && open.is_empty()) {
        match inbox.recv_timeout(if open.is_empty() { IDLE } else { period }) {
            Ok(job) => {
                metrics.active.fetch_add(1, Relaxed);
                open.push(Writing::new(job, metrics));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                // It would return at once from now on: let the last feeds end in peace.
                thread::park_timeout(period);
                is_closing = true;
            }
        }
        for mut writing in std::mem::take(&mut open) {
            if writing.drain(metrics) {
                open.push(writing);
            } else {
                writing.finish(metrics);
            }
        }
    }
}

/// One recording, on its writer's thread.
struct Writing {
    job: Job,
    file: Option<WavWriter<BufWriter<File>>>,
    /// Frames in the file.
    written: u64,
    flushed: u64,
    error: Option<String>,
}

impl Writing {
    fn new(job: Job, metrics: &RecorderMetrics) -> Self {
        let mut writing = Self { job, file: None, written: 0, flushed: 0, error: None };
        match create(&writing.job.path) {
            Ok(file) => writing.file = Some(file),
            Err(error) => writing.fail(&error, metrics),
        }
        writing
    }

    /// Says whether more may come.
    fn drain(&mut self, metrics: &RecorderMetrics) -> bool {
        let goes_on = loop {
            match self.job.blocks.try_recv() {
                Ok(block) => {
                    if let Err(error) = self.write(&block) {
                        self.fail(&error, metrics);
                    }
                }
                Err(TryRecvError::Empty) => break true,
                Err(TryRecvError::Disconnected) => break false,
            }
        };
        if self.written >= self.flushed + FLUSH_FRAMES
            && let Some(file) = &mut self.file
        {
            self.flushed = self.written;
            if let Err(error) = file.flush() {
                self.fail(&error, metrics);
            }
        }
        goes_on
    }

    fn write(&mut self, block: &Block) -> hound::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        for _ in self.written..block.index {
            write_frame(file, &[0; 2 * FRAME])?;
        }
        for frame in block.frames.iter().take(block.length) {
            write_frame(file, frame)?;
        }
        self.written = block.index + block.length as u64;
        Ok(())
    }

    /// The file stays as it is; its sizes are mended at the next start.
    fn fail(&mut self, error: &hound::Error, metrics: &RecorderMetrics) {
        if self.error.is_none() {
            metrics.failed.fetch_add(1, Relaxed);
            self.job.marks.failed.store(true, Relaxed);
            error!(error = %error, "a recording stopped, its call goes on");
            self.error = Some(error.to_string());
        }
        self.file = None;
    }

    fn finish(mut self, metrics: &RecorderMetrics) {
        let path = &self.job.path;
        if let Some(file) = self.file.take()
            && let Err(error) = file.finalize()
        {
            self.error.get_or_insert(error.to_string());
        }
        let is_kept = self.written > 0 && !self.job.marks.destroyed.load(Relaxed);
        let bytes = if is_kept {
            // Power may fail, too.
            File::open(path)
                .and_then(|file| file.sync_all().and(file.metadata()))
                .map_or(0, |m| m.len())
        } else {
            if let Err(error) = fs::remove_file(path)
                && error.kind() != io::ErrorKind::NotFound
            {
                warn!(error = %error, "a recording that should be gone is still there");
                self.error.get_or_insert(error.to_string());
            }
            0
        };
        metrics.active.fetch_sub(1, Relaxed);
        metrics.finished.fetch_add(1, Relaxed);
        let done = RecordingDone {
            path: self.job.path,
            duration_ms: self.written * TICK_MS,
            bytes,
            dropped_frames: self.job.marks.dropped.load(Relaxed),
            error: self.error,
        };
        // A call task that is gone does not ask.
        let _ = self.job.done.send(done);
    }
}

/// Sample by sample costs four times as much.
fn write_frame(file: &mut WavWriter<BufWriter<File>>, frame: &StereoFrame) -> hound::Result<()> {
    let mut writer = file.get_i16_writer(frame.len() as u32);
    frame.iter().for_each(|sample| writer.write_sample(*sample));
    writer.flush()
}

fn create(path: &Path) -> hound::Result<WavWriter<BufWriter<File>>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let spec = WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    WavWriter::create(path, spec)
}

/// A tenth of a second: as often as the writer looks.
const BLOCK_FRAMES: usize = 5;
/// Three seconds of a disk that does not answer.
const BLOCKS: usize = 30;
/// Calls that begin within one period.
const JOBS: usize = 256;
const PERIOD: Duration = Duration::from_millis(100);
const IDLE: Duration = Duration::from_secs(60);
/// With the period, a killed server loses less than a second.
const FLUSH_FRAMES: u64 = 40;

#[cfg(test)]
pub(super) mod scratch;

#[cfg(test)]
mod tests;
