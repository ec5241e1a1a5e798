//! A leg's sound, as its call task sees it. Nothing here waits but [`MediaHandle::close`]
//! and [`MediaHandle::stats`].

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{SyncSender, TrySendError},
    },
};

use tokio::sync::oneshot;

use super::{Command, FinalStats, LegKey, Listener, MediaError, MediaMetrics, Order};
use crate::{
    base::Key,
    engine::{Recorder, Recording},
    media::{Codec, Direction, PlayId, PlayItem, Remote, SessionStats, Tone},
};

/// Dropping it ends the leg and its recording.
#[derive(Debug)]
pub struct MediaHandle {
    pub(super) key: LegKey,
    pub(super) local: SocketAddr,
    pub(super) thread: usize,
    pub(super) commands: SyncSender<Command>,
    pub(super) metrics: Arc<MediaMetrics>,
    /// The leg watches that this is held.
    pub(super) _held: Arc<()>,
}

impl MediaHandle {
    pub const fn key(&self) -> LegKey {
        self.key
    }

    /// For the SDP; the RTCP port is the next one.
    pub const fn rtp_port(&self) -> u16 {
        self.local.port()
    }

    /// The outcome of offer and answer, at first and after each re-INVITE.
    pub fn configure(&self, remote: Remote) -> Result<(), MediaError> {
        self.order(Order::Configure(remote))
    }

    pub fn set_direction(&self, direction: Direction) -> Result<(), MediaError> {
        self.order(Order::Direction(direction))
    }

    /// The call is answered; from now on the RTP time-out counts.
    pub fn expect_rtp(&self) -> Result<(), MediaError> {
        self.order(Order::ExpectRtp)
    }

    /// Instead of what is playing now. What was never played is encoded here, not on the
    /// media thread.
    pub fn play(&self, id: PlayId, items: Vec<PlayItem>, repeats: bool) -> Result<(), MediaError> {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            for item in &items {
                item.prompt.octets(codec);
            }
        }
        self.order(Order::Play { id, items, repeats })
    }

    pub fn stop_play(&self) -> Result<(), MediaError> {
        self.order(Order::StopPlay)
    }

    pub fn play_tone(&self, tone: Option<Tone>) -> Result<(), MediaError> {
        self.order(Order::Tone(tone))
    }

    pub fn press(&self, keys: Vec<Key>) -> Result<(), MediaError> {
        self.order(Order::Press(keys))
    }

    pub fn detect_keys_in_band(&self, wanted: bool) -> Result<(), MediaError> {
        self.order(Order::DetectKeys(wanted))
    }

    pub fn detect_tones(&self, wanted: bool) -> Result<(), MediaError> {
        self.order(Order::DetectTones(wanted))
    }

    /// From the answer on: fax machines and modems alone, for a minute.
    pub fn detect_machines(&self) -> Result<(), MediaError> {
        self.order(Order::DetectMachines)
    }

    /// Tells the first announcement that it knows; `None` ends it.
    pub fn listen_for(&self, announcements: Option<Listener>) -> Result<(), MediaError> {
        self.order(Order::ListenFor(announcements.map(Box::new)))
    }

    /// To the thread of another leg, so that the two can be joined. To be awaited to its
    /// end: until then orders do not reach the leg. Sequence, timestamps, buffer and
    /// recording go on.
    pub async fn move_beside(&mut self, other: &Self) -> Result<(), MediaError> {
        let (arrived, arrival) = oneshot::channel();
        self.order(Order::Give { to: other.commands.clone(), beside: other.key, arrived })?;
        arrival.await.map_err(|_| MediaError::Busy)?;
        self.commands = other.commands.clone();
        self.thread = other.thread;
        Ok(())
    }

    /// Hears these legs and nobody else; they must be on this leg's thread.
    pub fn hear(&self, legs: Vec<LegKey>) -> Result<(), MediaError> {
        self.order(Order::Hear(legs))
    }

    /// Two people talk.
    pub fn join(&self, other: &Self) -> Result<(), MediaError> {
        if self.thread != other.thread {
            return Err(MediaError::OtherThread);
        }
        self.hear(vec![other.key])?;
        other.hear(vec![self.key])
    }

    pub fn record(&self, recorder: &Recorder, path: &Path) -> Result<Recording, MediaError> {
        let (recording, feed) = recorder.record(path)?;
        self.order(Order::Record(Box::new(feed)))?;
        Ok(recording)
    }

    pub fn pause_recording(&self, is_paused: bool) -> Result<(), MediaError> {
        self.order(Order::PauseRecording(is_paused))
    }

    pub fn stop_recording(&self) -> Result<(), MediaError> {
        self.order(Order::StopRecording)
    }

    pub async fn stats(&self) -> Result<SessionStats, MediaError> {
        let (reply, stats) = oneshot::channel();
        self.order(Order::Stats(reply))?;
        stats.await.map_err(|_| MediaError::Gone)
    }

    /// Says goodbye and gives the ports back before it returns.
    pub async fn close(self) -> Result<FinalStats, MediaError> {
        let (reply, stats) = oneshot::channel();
        self.order(Order::Close(reply))?;
        stats.await.map_err(|_| MediaError::Gone)
    }

    fn order(&self, order: Order) -> Result<(), MediaError> {
        self.commands.try_send(Command { leg: self.key, order }).map_err(|error| match error {
            TrySendError::Full(_) => {
                self.metrics.commands_refused.fetch_add(1, Relaxed);
                MediaError::Busy
            }
            TrySendError::Disconnected(_) => MediaError::Gone,
        })
    }
}
