//! The SIP lab: each message of a call is copied where it passes, put to its call, and kept for
//! some days, so that whoever asks why a call went wrong need not have listened on the wire.
//! Nothing waits for it: what the queue does not take is counted and lost.

mod hep;
mod ladder;
mod owners;
mod pcap;
mod reading;
mod writer;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{mpsc, oneshot},
    time,
};

pub use ladder::ladder;
pub use pcap::pcap;
pub use reading::{Reading, RtpFacts, Trace, TraceMessage, read_trace};
pub use writer::erase_old_messages;
pub(super) use writer::run_trace;

use crate::{
    base::CallId,
    sip::message::{Sketch, Transport, without_secrets},
};

/// A way into the lab; cheap to clone. One that is off takes nothing.
#[derive(Clone, Debug, Default)]
pub struct TraceHandle {
    notes: Option<mpsc::Sender<Note>>,
    counters: Arc<TraceCounters>,
}

/// What became of the messages; they only grow.
#[derive(Debug, Default)]
pub struct TraceCounters {
    pub kept: AtomicU64,
    /// The queue was full.
    pub dropped: AtomicU64,
    /// Of no call that was known in time.
    pub unclaimed: AtomicU64,
    /// Beyond what is kept of one leg.
    pub too_many: AtomicU64,
    /// The database did not take them.
    pub unwritten: AtomicU64,
    /// Sent to HOMER.
    pub exported: AtomicU64,
}

/// The other end, which the writer reads.
pub struct TraceNotes {
    notes: mpsc::Receiver<Note>,
    counters: Arc<TraceCounters>,
}

enum Note {
    Message(Box<Seen>),
    Belongs { sip_call_id: String, call: CallId, role: &'static str },
    Ended { call: CallId },
    Flush(oneshot::Sender<()>),
}

/// A message that has passed, without what would let anybody in.
#[derive(Clone, Debug)]
struct Seen {
    at: DateTime<Utc>,
    is_ours: bool,
    transport: Transport,
    local: SocketAddr,
    remote: SocketAddr,
    sketch: Sketch,
    text: String,
    is_cut: bool,
}

/// Where a message passed.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    pub at: DateTime<Utc>,
    pub is_ours: bool,
    pub transport: Transport,
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

impl TraceHandle {
    /// One that takes messages, and the end that is to be read.
    pub fn open() -> (Self, TraceNotes) {
        let (sender, notes) = mpsc::channel(QUEUE);
        let counters = Arc::new(TraceCounters::default());
        let this = Self { notes: Some(sender), counters: Arc::clone(&counters) };
        (this, TraceNotes { notes, counters })
    }

    pub fn counters(&self) -> &TraceCounters {
        &self.counters
    }

    /// A message passes. What is of no call is not even copied; credentials and keys are gone
    /// before it is queued.
    pub fn saw(&self, passage: Passage, bytes: &[u8]) {
        let Some(notes) = &self.notes else { return };
        let Some(sketch) = Sketch::of(bytes).filter(Sketch::is_of_a_call) else { return };
        // Without a place, nothing is worked for.
        let Ok(place) = notes.try_reserve() else { return count(&self.counters.dropped, 1) };
        let Passage { at, is_ours, transport, local, remote } = passage;
        let mut text = without_secrets(bytes);
        let is_cut = text.len() > MESSAGE_MAX;
        text.truncate(text.floor_char_boundary(MESSAGE_MAX));
        let seen = Seen { at, is_ours, transport, local, remote, sketch, text, is_cut };
        place.send(Note::Message(Box::new(seen)));
    }

    /// Messages with this Call-ID are of this call, also those that have passed just now.
    pub fn belongs(&self, sip_call_id: &str, call: CallId, role: &'static str) {
        let sip_call_id = sip_call_id.to_owned();
        self.tell(Note::Belongs { sip_call_id, call, role });
    }

    /// Its last messages may still come.
    pub fn ended(&self, call: CallId) {
        self.tell(Note::Ended { call });
    }

    /// Until what was told so far is stored, a few seconds at most.
    pub async fn flush(&self) {
        let Some(notes) = &self.notes else { return };
        let (done, stored) = oneshot::channel();
        let all = async {
            if notes.send(Note::Flush(done)).await.is_ok() {
                // The writer may have ended.
                let _ = stored.await;
            }
        };
        // What is not stored by then is lost, and was only a copy.
        let _ = time::timeout(FLUSH_MAX, all).await;
    }

    fn tell(&self, note: Note) {
        if let Some(notes) = &self.notes
            && notes.try_send(note).is_err()
        {
            count(&self.counters.dropped, 1);
        }
    }
}

fn count(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

/// Half a second of 1,000 calls being set up at once, as the signalling's own queue; at most
/// 70 MB, where every message is as long as is kept.
const QUEUE: usize = 8_192;

/// An INVITE through six proxies has 4 KB. (Bytes.)
const MESSAGE_MAX: usize = 8_192;

/// The server ends, and waits for no copy longer.
const FLUSH_MAX: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Clock as _, SystemClock};

    const INVITE: &[u8] = b"INVITE sip:a SIP/2.0\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\
        Authorization: Digest response=\"canary\"\r\n\r\n";

    fn passage() -> Passage {
        let address = SocketAddr::from(([127, 0, 0, 1], 5060));
        let at = SystemClock.wall();
        Passage { at, is_ours: true, transport: Transport::Udp, local: address, remote: address }
    }

    #[test]
    fn a_full_queue_takes_no_time_and_is_counted() {
        let (trace, _notes) = TraceHandle::open();
        for _ in 0..QUEUE {
            trace.saw(passage(), INVITE);
        }
        assert_eq!(trace.counters().dropped.load(Ordering::Relaxed), 0);
        // Neither a runtime nor a reader is there: whatever waited would wait for ever.
        for _ in 0..50_000 {
            trace.saw(passage(), INVITE);
        }
        trace.ended(CallId::new(SystemClock.wall()));
        assert_eq!(trace.counters().dropped.load(Ordering::Relaxed), 50_001);
    }

    #[test]
    fn no_secret_and_no_sign_in_reaches_the_queue() {
        let (trace, mut notes) = TraceHandle::open();
        trace.saw(passage(), b"REGISTER sip:a SIP/2.0\r\nCall-ID: r\r\nCSeq: 1 REGISTER\r\n\r\n");
        trace.saw(passage(), b"SIP/2.0 200 OK\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n");
        trace.saw(passage(), b"\r\n\r\n");
        trace.saw(passage(), INVITE);
        let Ok(Note::Message(seen)) = notes.notes.try_recv() else { panic!("the INVITE") };
        assert_eq!(seen.sketch.call_id, "c1");
        assert!(
            !seen.text.contains("canary")
                && seen.text.contains("Authorization: Digest response=\"redacted\"")
        );
        assert!(notes.notes.try_recv().is_err());
        let long = format!(
            "BYE sip:a SIP/2.0\r\nCall-ID: c\r\nCSeq: 2 BYE\r\nX: {}\r\n\r\n",
            "é".repeat(9_000)
        );
        trace.saw(passage(), long.as_bytes());
        let Ok(Note::Message(seen)) = notes.notes.try_recv() else { panic!("the BYE") };
        assert!(seen.is_cut && seen.text.len() <= MESSAGE_MAX);
    }

    #[test]
    fn a_lab_that_is_off_takes_nothing() {
        let trace = TraceHandle::default();
        trace.saw(passage(), INVITE);
        trace.belongs("c1", CallId::new(SystemClock.wall()), "patient");
        assert_eq!(trace.counters().dropped.load(Ordering::Relaxed), 0);
    }
}
